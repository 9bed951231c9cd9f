//! Receives that are done here, and tell all that a netlink socket's do. The program's end of the channel holds a byte while
//! there is something to receive, so that poll and its like work on it.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netloom::Errno;
use netloom::socket::{Endpoint, Opt, Received, RecvFlags, Socket, Wake};

use crate::caller::{Caller, Head, Pieces};
use crate::channel::KEPT;
use crate::client::{Client, RESTART, has_signal, is_nonblocking};
use crate::owed::Owed;
use crate::serve::bytes_of;
use crate::socket_filter::{Filters, SocketFilter};
use crate::sys::{self, Listener, Notice};

/// How often is looked whether a signal ends a receive that waits.
const LOOK: Duration = Duration::from_millis(5);
/// The most that a receive makes room for: messages of a kernel side are a mebibyte at most.
const MOST_ROOM: usize = 1 << 20;
/// As many datagrams as the kernel brings in one call (`UIO_MAXIOV`).
const MOST_DATAGRAMS: u32 = 1024;
// linux/netlink.h
const PKTINFO: i32 = 3;
const LISTEN_ALL_NSID: i32 = 8;

/// A receive that a program makes.
#[derive(Debug)]
pub(crate) struct Receive {
    pub(crate) notice: Notice,
    _owed: Owed,
    flags: i32,
    /// How many datagrams it has got, if it asks for several.
    done: u32,
    /// When it gives up.
    pub(crate) deadline: Option<Instant>,
    /// When it takes no further datagram, if it asks for several.
    until: Option<Instant>,
}

/// Where a receive puts things.
struct Into {
    pieces: Pieces,
    /// Where the address goes, its room, and where its length does.
    name: (u64, u32, u64),
    /// Where a header is, for flags and control messages, and those.
    head: Option<(u64, u64, u64)>,
}

/// A datagram with what is known of it.
type Taken = (Received, Vec<u8>);

/// What came of an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It has been answered.
    Finished,
    /// There is nothing yet, or not all.
    Waits,
}

/// The exact side of a channel; its user sees to it that one thread at a time is at it.
pub(crate) struct Exact {
    listener: Arc<Listener>,
    endpoint: Arc<dyn Endpoint>,
    wake: Arc<Wake>,
    /// Of the program's end.
    inode: u64,
    /// Receives that wait, in order.
    parked: VecDeque<Receive>,
    /// What was taken for a receive that a signal ended.
    returned: VecDeque<Taken>,
    /// Whether the program's end holds a byte.
    token: bool,
    buf: Vec<u8>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) filters: Filters,
}

/// When to look again at what nothing tells of.
pub(crate) fn later() -> Option<Instant> {
    Instant::now().checked_add(LOOK)
}

impl Exact {
    pub(crate) fn new(listener: &Arc<Listener>, endpoint: &Arc<dyn Endpoint>, inode: u64) -> Self {
        Self {
            inode,
            listener: listener.clone(),
            endpoint: endpoint.clone(),
            wake: Wake::new(&Socket::over(endpoint.clone())),
            parked: VecDeque::new(),
            returned: VecDeque::new(),
            token: false,
            buf: Vec::new(),
            timeout: None,
            filters: Filters::default(),
        }
    }

    /// Does a receive, or has it wait; `Some` is when to look at it again then. `ours` is our end of the channel.
    pub(crate) fn receive(&mut self, notice: &Notice, ours: BorrowedFd<'_>) -> Option<Instant> {
        let listener = self.listener.clone();
        let caller = Caller { listener: &listener, notice };
        let flags = match notice.call {
            libc::SYS_recvfrom | libc::SYS_recvmmsg => caller.int(3),
            libc::SYS_recvmsg => caller.int(2),
            libc::SYS_preadv2 if caller.int(5) & libc::RWF_NOWAIT != 0 => libc::MSG_DONTWAIT,
            _ => 0,
        };
        let now = Instant::now();
        let deadline = self.timeout.and_then(|timeout| now.checked_add(timeout));
        let mut receive =
            Receive { notice: *notice, _owed: Owed::new(&listener, notice.id), flags, done: 0, deadline, until: None };
        if notice.call == libc::SYS_recvmmsg && caller.arg(4) != 0 {
            match patience(&caller) {
                Ok(patience) => receive.until = now.checked_add(patience),
                Err(errno) => return self.answer(&receive, Err(errno), ours, Vec::new()),
            }
        }
        self.parked.retain(|parked| listener.is_waiting(parked.notice.id));
        // Those that came first are served first.
        let waits = flags & libc::MSG_DONTWAIT == 0;
        let step = if self.parked.is_empty() || !waits { self.attempt(&mut receive, ours) } else { Step::Waits };
        if step == Step::Finished {
            return None;
        }
        if receive.flags & libc::MSG_DONTWAIT != 0 || is_nonblocking(notice.thread, notice.args[0] as u32) {
            let told = if receive.done > 0 { Ok(receive.done.into()) } else { Err(Errno::EAGAIN) };
            return self.answer(&receive, told, ours, Vec::new());
        }
        self.parked.push_back(receive);
        self.next_look()
    }

    /// When to look again at the receives that wait: at the next that gives up, or for signals.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        let look = self.parked.front().and_then(|_| later())?;
        Some(self.parked.iter().filter_map(|parked| parked.deadline).fold(look, Instant::min))
    }

    /// Serves those that wait, and makes the program's end readable or not.
    pub(crate) fn attend(&mut self, ours: BorrowedFd<'_>) {
        let mut waiting = VecDeque::new();
        while let Some(mut receive) = self.parked.pop_front() {
            if !self.listener.is_waiting(receive.notice.id) {
                continue;
            }
            if self.attempt(&mut receive, ours) == Step::Waits {
                if has_signal(receive.notice.thread) {
                    // Who gives up some time does not begin again. include/net/sock.h: sock_intr_errno
                    let errno = if receive.deadline.is_some() { Errno::EINTR } else { RESTART };
                    let told = if receive.done > 0 { Ok(receive.done.into()) } else { Err(errno) };
                    self.answer(&receive, told, ours, Vec::new());
                    continue;
                }
                if receive.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                    let told = if receive.done > 0 { Ok(receive.done.into()) } else { Err(Errno::EAGAIN) };
                    self.answer(&receive, told, ours, Vec::new());
                    continue;
                }
                waiting.push_back(receive);
            }
        }
        self.parked = waiting;
        self.signal(ours, None);
    }

    /// Sees to it that the program's end holds a byte if there is something to receive. To take it away takes a thread whose
    /// descriptor it is.
    fn signal(&mut self, ours: BorrowedFd<'_>, holder: Option<(u32, u32)>) {
        let readable =
            !self.returned.is_empty() || self.endpoint.wait(Some(Instant::now()), &self.wake).unwrap_or(true);
        match (readable, self.token, holder) {
            (true, false, _) => self.token = sys::send(ours, &[1]).is_ok(),
            (false, true, Some((thread, fd))) => {
                let theirs = sys::take_fd(thread, fd).or_else(|_| sys::take_fd(Client::of(thread)?.process, fd));
                // The number may be another file's by now, or that of the thread another program's.
                if let Ok(theirs) = theirs
                    && sys::inode(theirs.as_fd()) == Ok(self.inode)
                {
                    self.token = sys::recv(theirs.as_fd(), &mut [0]).is_err();
                }
            }
            _ => {}
        }
    }

    /// Takes what there is, as far as the receive goes.
    fn attempt(&mut self, receive: &mut Receive, ours: BorrowedFd<'_>) -> Step {
        let several = receive.notice.call == libc::SYS_recvmmsg;
        let most = if several { (receive.notice.args[2] as u32).min(MOST_DATAGRAMS) } else { 1 };
        let mut taken = Vec::new();
        let finished = loop {
            if several && receive.done >= most {
                break Ok(receive.done.into());
            }
            match self.one(receive) {
                Ok((len, datagram)) => {
                    taken.extend(datagram);
                    receive.done = receive.done.saturating_add(1);
                    if !several {
                        break Ok(i64::try_from(len).unwrap_or(i64::MAX));
                    }
                    // net/socket.c: do_recvmmsg
                    if receive.flags & libc::MSG_WAITFORONE != 0 {
                        receive.flags |= libc::MSG_DONTWAIT;
                    }
                    if receive.until.is_some_and(|until| until <= Instant::now()) {
                        break Ok(receive.done.into());
                    }
                }
                Err(Errno::EAGAIN) if receive.flags & libc::MSG_DONTWAIT != 0 && receive.done > 0 => {
                    break Ok(receive.done.into());
                }
                Err(Errno::EAGAIN) => return Step::Waits,
                Err(Errno::EINTR) => {}
                Err(_) if receive.done > 0 => break Ok(receive.done.into()),
                Err(errno) => break Err(errno),
            }
        };
        self.answer(receive, finished, ours, taken);
        Step::Finished
    }

    /// Answers; what was taken for who does not hear of it is kept for the next.
    fn answer(
        &mut self,
        receive: &Receive,
        done: Result<i64, Errno>,
        ours: BorrowedFd<'_>,
        taken: Vec<Taken>,
    ) -> Option<Instant> {
        // Before the program goes on: it may poll next.
        self.signal(ours, Some((receive.notice.thread, receive.notice.args[0] as u32)));
        if self.listener.answer(receive.notice.id, done).is_err() && !taken.is_empty() {
            for datagram in taken.into_iter().rev() {
                self.returned.push_front(datagram);
            }
            self.signal(ours, None);
        }
        None
    }

    /// Receives one datagram into the program's memory: what the call tells as its length, and the datagram if it was taken.
    // net/netlink/af_netlink.c: netlink_recvmsg
    fn one(&mut self, receive: &Receive) -> Result<(usize, Option<Taken>), Errno> {
        let listener = self.listener.clone();
        let caller = Caller { listener: &listener, notice: &receive.notice };
        if receive.flags & libc::MSG_OOB != 0 {
            return Err(Errno::EOPNOTSUPP);
        }
        let into = place(&caller, receive.done)?;
        let peek = receive.flags & libc::MSG_PEEK != 0;
        let taken = self.take(into.pieces.len().min(MOST_ROOM), peek)?;
        match self.hand_over(receive, &caller, &into, &taken) {
            // A signal has ended the call: it will be made again.
            Err(Errno::ESRCH) if !peek => {
                self.returned.push_front(taken);
                Err(Errno::ESRCH)
            }
            done => Ok((done?, (!peek).then_some(taken))),
        }
    }

    /// Writes a datagram and what is known of it into the program's memory; what the call tells as its length.
    fn hand_over(
        &self,
        receive: &Receive,
        caller: &Caller<'_>,
        into: &Into,
        (received, bytes): &Taken,
    ) -> Result<usize, Errno> {
        let copied = into.pieces.write(caller, bytes)?;
        let mut flags = receive.flags & libc::MSG_CMSG_CLOEXEC;
        if received.truncated || copied < received.len {
            flags |= libc::MSG_TRUNC;
        }
        let (name_at, room, len_at) = into.name;
        if name_at != 0 {
            let name = bytes_of(received.source);
            caller.write(name_at, name.get(..(room as usize).min(name.len())).unwrap_or_default())?;
            caller.write(len_at, &(name.len() as u32).to_ne_bytes())?;
        }
        let len = if receive.flags & libc::MSG_TRUNC != 0 { received.len } else { copied };
        if let Some((head, control, room)) = into.head {
            let (messages, fits) = self.control(received, usize::try_from(room).unwrap_or(0));
            if !fits {
                flags |= libc::MSG_CTRUNC;
            }
            caller.write(control, &messages)?;
            caller.write(head.saturating_add(Head::CONTROL_LEN_AT), &(messages.len() as u64).to_ne_bytes())?;
            caller.write(head.saturating_add(Head::FLAGS_AT), &flags.to_ne_bytes())?;
            if receive.notice.call == libc::SYS_recvmmsg {
                let len = u32::try_from(len).unwrap_or(u32::MAX);
                caller.write(head.saturating_add(Head::LEN as u64), &len.to_ne_bytes())?;
            }
        }
        Ok(len)
    }

    /// The next datagram, or as much of it as fits.
    fn take(&mut self, room: usize, peek: bool) -> Result<Taken, Errno> {
        if let Some((received, bytes)) = self.returned.front().cloned() {
            if !peek {
                self.returned.pop_front();
            }
            return Ok((received, bytes));
        }
        if self.buf.len() < room {
            self.buf.resize(room, 0);
        }
        let flags = if peek { RecvFlags::PEEK | RecvFlags::DONTWAIT } else { RecvFlags::DONTWAIT };
        if let Some(filter) = &self.filters.now {
            return filtered(&*self.endpoint, filter, flags);
        }
        let buf = self.buf.get_mut(..room).unwrap_or_default();
        let received = self.endpoint.recv(buf, flags, None)?;
        // One that was cut although there was room was cut on purpose, to the half that is told of.
        let len = if received.truncated && received.len <= room { received.len / 2 } else { received.len };
        let datagram = buf.get(..len).unwrap_or(buf).to_vec();
        if self.buf.len() > KEPT {
            self.buf = Vec::new();
        }
        Ok((received, datagram))
    }

    /// Control messages, as far as they fit.
    // net/netlink/af_netlink.c: netlink_recvmsg; net/core/scm.c: put_cmsg
    fn control(&self, received: &Received, room: usize) -> (Vec<u8>, bool) {
        let is_on = |option| self.endpoint.option(option).is_ok_and(|value| value != 0);
        let mut wanted: Vec<(i32, i32, Vec<u8>)> = Vec::new();
        if room == 0 && received.group.is_none() && received.credentials.is_none() && received.namespace.is_none() {
            return (Vec::new(), !is_on(Opt::PktInfo));
        }
        if received.group.is_some() || is_on(Opt::PktInfo) {
            wanted.push((libc::SOL_NETLINK, PKTINFO, received.group.unwrap_or(0).to_ne_bytes().into()));
        }
        if let Some(namespace) = received.namespace {
            wanted.push((libc::SOL_NETLINK, LISTEN_ALL_NSID, namespace.to_ne_bytes().into()));
        }
        if let Some(who) = received.credentials {
            let words = [who.process, who.uid, who.gid].map(u32::to_ne_bytes);
            wanted.push((libc::SOL_SOCKET, libc::SCM_CREDENTIALS, words.concat()));
        }
        put(&wanted, room)
    }
}

/// The next datagram that a filter passes, as much of it as passes; what does not is gone. Linux does so when they come, and
/// who has just attached a filter finds older ones in the queue.
// net/core/filter.c: sk_filter_trim_cap
fn filtered(endpoint: &dyn Endpoint, filter: &SocketFilter, flags: RecvFlags) -> Result<Taken, Errno> {
    loop {
        let looked = endpoint.recv(&mut [], RecvFlags::PEEK | RecvFlags::DONTWAIT, None)?;
        let mut bytes = vec![0; looked.len];
        let mut received = endpoint.recv(&mut bytes, flags, None)?;
        // There was room for all of it: it was cut on purpose, to the half that is told of.
        bytes.truncate(if received.truncated { received.len / 2 } else { received.len });
        let passed = filter.pass(&bytes);
        if passed == 0 {
            if flags.contains(RecvFlags::PEEK) {
                endpoint.recv(&mut [], RecvFlags::DONTWAIT, None)?;
            }
            continue;
        }
        if passed < bytes.len() {
            bytes.truncate(passed);
            received.len = passed;
        }
        return Ok((received, bytes));
    }
}

/// `struct cmsghdr`: length, level, type.
const CONTROL_HEADER: usize = 16;

fn put(wanted: &[(i32, i32, Vec<u8>)], room: usize) -> (Vec<u8>, bool) {
    let (mut control, mut fits) = (Vec::new(), true);
    for (level, kind, data) in wanted {
        let left = room.saturating_sub(control.len());
        if left < CONTROL_HEADER {
            return (control, false);
        }
        let whole = data.len().saturating_add(CONTROL_HEADER);
        let len = whole.min(left);
        fits &= len == whole;
        let end = control.len().saturating_add(len);
        let padded = control.len().saturating_add(whole.next_multiple_of(8).min(left));
        control.extend((len as u64).to_ne_bytes());
        control.extend(level.to_ne_bytes());
        control.extend(kind.to_ne_bytes());
        control.extend(data);
        control.truncate(end);
        control.resize(padded, 0);
    }
    (control, fits)
}

/// Where the call puts its next datagram.
fn place(caller: &Caller<'_>, done: u32) -> Result<Into, Errno> {
    let at = caller.arg(1);
    let plain = |pieces| Into { pieces, name: (0, 0, 0), head: None };
    match caller.notice.call {
        libc::SYS_recvfrom => {
            let (name, len_at) = (caller.arg(4), caller.arg(5));
            let room = if name == 0 { 0 } else { caller.read_u32(len_at)? };
            if room.cast_signed() < 0 {
                return Err(Errno::EINVAL);
            }
            Ok(Into { name: (name, room, len_at), ..plain(Pieces::one(at, caller.arg(2))) })
        }
        libc::SYS_readv | libc::SYS_preadv2 => Ok(plain(caller.pieces(at, caller.arg(2), Errno::EINVAL)?)),
        libc::SYS_read => Ok(plain(Pieces::one(at, caller.arg(2)))),
        call => {
            let offset = if call == libc::SYS_recvmmsg { Head::WITH_LEN.saturating_mul(done.into()) } else { 0 };
            let at = at.saturating_add(offset);
            let head = caller.head(at)?;
            let pieces = caller.pieces(head.iov, head.iov_len, Errno::EMSGSIZE)?;
            let name = (head.name, head.name_len, at.saturating_add(Head::NAME_LEN_AT));
            let room = if head.control == 0 { 0 } else { head.control_len };
            Ok(Into { pieces, name, head: Some((at, head.control, room)) })
        }
    }
}

/// The `struct timespec` of recvmmsg.
fn patience(caller: &Caller<'_>) -> Result<Duration, Errno> {
    let mut bytes = [0; 16];
    caller.read(caller.arg(4), &mut bytes)?;
    let [s0, s1, s2, s3, s4, s5, s6, s7, nanos @ ..] = bytes;
    let seconds = u64::try_from(i64::from_ne_bytes([s0, s1, s2, s3, s4, s5, s6, s7])).map_err(|_| Errno::EINVAL)?;
    let nanos = u32::try_from(i64::from_ne_bytes(nanos)).ok().filter(|nanos| *nanos < 1_000_000_000);
    Ok(Duration::new(seconds, nanos.ok_or(Errno::EINVAL)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_messages_are_cut_as_the_kernel_cuts_them() {
        let group = (libc::SOL_NETLINK, PKTINFO, 7_u32.to_ne_bytes().to_vec());
        let who = (libc::SOL_SOCKET, libc::SCM_CREDENTIALS, vec![9; 12]);
        let wanted = [group, who];
        // Room, bytes used, whether all of it fits.
        for (room, used, fits) in [
            (0, 0, false),
            (15, 0, false),
            (16, 16, false),
            (20, 20, false),
            (24, 24, false),
            (51, 51, false),
            (52, 52, true),
            (100, 56, true),
        ] {
            let (control, whole) = put(&wanted, room);
            assert_eq!((control.len(), whole), (used, fits), "{room}");
        }
        let (control, _) = put(&wanted, 100);
        assert_eq!(control[..8], 20_u64.to_ne_bytes());
        assert_eq!(control[16..20], 7_u32.to_ne_bytes());
        assert_eq!(control[24..32], 28_u64.to_ne_bytes());
        assert_eq!(control[40..52], [9; 12]);
    }
}
