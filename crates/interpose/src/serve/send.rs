//! sendto, sendmsg, sendmmsg, write, writev.

use std::thread;
use std::time::Duration;

use netloom::Errno;
use netloom::socket::Address;

use crate::caller::{Caller, Head, Pieces};
use crate::channel::Channel;
use crate::client::{Client, RESTART, has_signal, is_nonblocking};
use crate::hands::User;
use crate::supervisor::{Outcome, Supervisor};

/// Between two attempts at a port that has no room.
const PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
/// As many datagrams as the kernel takes in one call (`UIO_MAXIOV`).
const MOST: u32 = 1024;

/// A datagram to be sent.
struct Letter {
    to: Option<Address>,
    pieces: Pieces,
    /// Control messages: where, how long.
    control: (u64, u64),
}

pub(super) fn send(supervisor: &Supervisor, caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let (at, flags) = (caller.arg(1), caller.int(2));
    let (letter, flags) = match caller.notice.call {
        libc::SYS_sendmmsg => return send_many(supervisor, caller, channel),
        libc::SYS_sendmsg => (from_head(caller, at), flags),
        libc::SYS_sendto => (from_arguments(caller), caller.int(3)),
        libc::SYS_writev | libc::SYS_pwritev2 => (caller.pieces(at, caller.arg(2), Errno::EINVAL).map(plain), 0),
        _ => (Ok(plain(Pieces::one(at, caller.arg(2)))), 0),
    };
    match letter.and_then(|letter| read(caller, channel, &letter, flags).map(|bytes| (letter.to, bytes))) {
        Ok((to, bytes)) => {
            let sent = post(supervisor, caller, channel, to, &bytes, flags);
            Outcome::Answer(sent.map(|len| i64::try_from(len).unwrap_or(i64::MAX)))
        }
        // It hides its memory from this user: what it writes is taken off the channel, as in fast mode.
        Err(Errno::EACCES) => Outcome::LetGo,
        Err(errno) => Outcome::Answer(Err(errno)),
    }
}

/// Sends one datagram. Whoever names a port finds none that its socket, closed meanwhile, has left behind.
fn post(
    supervisor: &Supervisor,
    caller: &Caller<'_>,
    channel: &Channel,
    to: Option<Address>,
    bytes: &[u8],
    flags: i32,
) -> Result<usize, Errno> {
    if to.is_some_and(|to| to != Address::KERNEL) {
        supervisor.close_closed();
    }
    let sent = transmit(caller, channel, to, bytes, flags);
    channel.settle();
    sent
}

// net/socket.c: __sys_sendmmsg
fn send_many(supervisor: &Supervisor, caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let (at, count, flags) = (caller.arg(1), (caller.arg(2) as u32).min(MOST), caller.int(3));
    let mut sent = 0_u32;
    let mut failed = None;
    while sent < count {
        let head = at.saturating_add(u64::from(sent).saturating_mul(Head::WITH_LEN));
        let one = from_head(caller, head).and_then(|letter| {
            let bytes = read(caller, channel, &letter, flags)?;
            let len = post(supervisor, caller, channel, letter.to, &bytes, flags)?;
            let len = u32::try_from(len).unwrap_or(u32::MAX);
            caller.write(head.saturating_add(Head::LEN as u64), &len.to_ne_bytes())
        });
        if let Err(errno) = one {
            failed = Some(errno);
            break;
        }
        sent = sent.saturating_add(1);
    }
    match failed {
        Some(Errno::EACCES) if sent == 0 => Outcome::LetGo,
        Some(errno) if sent == 0 => Outcome::Answer(Err(errno)),
        _ => Outcome::Answer(Ok(sent.into())),
    }
}

fn plain(pieces: Pieces) -> Letter {
    Letter { to: None, pieces, control: (0, 0) }
}

fn from_arguments(caller: &Caller<'_>) -> Result<Letter, Errno> {
    let to = caller.address(caller.arg(4), caller.arg(5) as u32)?;
    Ok(Letter { to, ..plain(Pieces::one(caller.arg(1), caller.arg(2))) })
}

fn from_head(caller: &Caller<'_>, at: u64) -> Result<Letter, Errno> {
    let head = caller.head(at)?;
    let pieces = caller.pieces(head.iov, head.iov_len, Errno::EMSGSIZE)?;
    let to = caller.address(head.name, head.name_len)?;
    Ok(Letter { to, pieces, control: (head.control, head.control_len) })
}

/// Reads the datagram out of the caller's memory, unless it is refused before.
// net/netlink/af_netlink.c: netlink_sendmsg
fn read(caller: &Caller<'_>, channel: &Channel, letter: &Letter, flags: i32) -> Result<Vec<u8>, Errno> {
    if flags & libc::MSG_OOB != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    if letter.pieces.len() == 0 {
        return Err(Errno::ENODATA);
    }
    check_control(caller, letter.control)?;
    let longest = channel.longest();
    if letter.pieces.len() > longest {
        // To be refused there: a socket that has no port gets one first.
        return Ok(vec![0; longest.saturating_add(1)]);
    }
    letter.pieces.read(caller)
}

/// Credentials may be passed if they are one's own; nothing else may be.
// include/net/scm.h: scm_send; net/core/scm.c: __scm_send, scm_check_creds
fn check_control(caller: &Caller<'_>, (at, len): (u64, u64)) -> Result<(), Errno> {
    /// `struct cmsghdr`: length, level, type; everything is aligned to 8.
    const HEADER: usize = 16;
    /// As much as the kernel lets a process pass, by default (`net.core.optmem_max`).
    const MOST: u64 = 128 << 10;
    if at == 0 || len == 0 {
        return Ok(());
    }
    if len > MOST {
        return Err(Errno::ENOBUFS);
    }
    let mut control = vec![0; usize::try_from(len).unwrap_or(0)];
    caller.read(at, &mut control)?;
    let mut rest = &*control;
    while let Some((head, _)) = rest.split_at_checked(HEADER) {
        let (words, _) = head.as_chunks::<4>();
        let [len, _, level, kind] = words else { break };
        let len = u32::from_ne_bytes(*len) as usize;
        let data = rest.get(HEADER..len).ok_or(Errno::EINVAL)?;
        let is = |level_: i32, kind_: i32| (i32::from_ne_bytes(*level), i32::from_ne_bytes(*kind)) == (level_, kind_);
        if is(libc::SOL_SOCKET, libc::SCM_CREDENTIALS) {
            check_credentials(caller, data)?;
        } else if i32::from_ne_bytes(*level) == libc::SOL_SOCKET {
            return Err(Errno::EINVAL);
        }
        rest = rest.get(len.next_multiple_of(8)..).unwrap_or_default();
    }
    Ok(())
}

fn check_credentials(caller: &Caller<'_>, data: &[u8]) -> Result<(), Errno> {
    /// `CAP_SETGID`, `CAP_SETUID`, `CAP_SYS_ADMIN`.
    const FORGERS: u64 = 1 << 6 | 1 << 7 | 1 << 21;
    let (words, []) = data.as_chunks::<4>() else { return Err(Errno::EINVAL) };
    let [process, uid, gid] = words else { return Err(Errno::EINVAL) };
    let client = Client::of(caller.notice.thread)?;
    let own = [client.process, client.uid, client.gid];
    let told = [process, uid, gid].map(|word| u32::from_ne_bytes(*word));
    if told == own || client.capabilities & FORGERS == FORGERS { Ok(()) } else { Err(Errno::EPERM) }
}

/// Sends it; waits for a port that has no room, unless the program does not want to wait.
fn transmit(
    caller: &Caller<'_>,
    channel: &Channel,
    to: Option<Address>,
    bytes: &[u8],
    flags: i32,
) -> Result<usize, Errno> {
    let user = User::in_call(caller.listener, caller.notice.id, caller.notice.thread);
    let hands = channel.used_by(caller.notice.thread)?.used_by(user);
    // Of who had the number of a thread that is gone, nothing was read.
    if !caller.listener.is_waiting(caller.notice.id) {
        return Err(Errno::ESRCH);
    }
    let mut sent = hands.act(|endpoint| endpoint.send(to, bytes));
    if sent != Err(Errno::EAGAIN) || flags & libc::MSG_DONTWAIT != 0 {
        return sent;
    }
    if is_nonblocking(caller.notice.thread, caller.fd()) {
        return sent;
    }
    // A group has had it; the port is waited for. net/netlink/af_netlink.c: netlink_attachskb
    let port = Address::port(to.unwrap_or(channel.peer()).port);
    let mut pause = PAUSE;
    while sent == Err(Errno::EAGAIN) {
        if !caller.listener.is_waiting(caller.notice.id) || has_signal(caller.notice.thread) {
            return Err(RESTART);
        }
        thread::sleep(pause);
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        sent = hands.act(|endpoint| endpoint.send(Some(port), bytes));
    }
    sent
}
