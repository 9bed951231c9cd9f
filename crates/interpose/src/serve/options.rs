//! setsockopt and getsockopt.

use std::time::Duration;

use netloom::Errno;
use netloom::socket::Opt;

use super::{answer, bytes_of, filters, settled};
use crate::caller::Caller;
use crate::channel::Channel;
use crate::supervisor::{Outcome, Supervisor};
use crate::sys;

// linux/netlink.h
const ADD_MEMBERSHIP: i32 = 1;
const DROP_MEMBERSHIP: i32 = 2;
const LIST_MEMBERSHIPS: i32 = 9;

/// Options that are the endpoint's; memberships are not among them.
const OPTIONS: [(i32, i32, Opt); 12] = [
    (libc::SOL_NETLINK, 3, Opt::PktInfo),
    (libc::SOL_NETLINK, 4, Opt::BroadcastError),
    (libc::SOL_NETLINK, 5, Opt::NoEnobufs),
    (libc::SOL_NETLINK, 8, Opt::ListenAllNsid),
    (libc::SOL_NETLINK, 10, Opt::CapAck),
    (libc::SOL_NETLINK, 11, Opt::ExtAck),
    (libc::SOL_NETLINK, 12, Opt::StrictCheck),
    (libc::SOL_SOCKET, libc::SO_RCVBUF, Opt::ReceiveBuffer),
    (libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, Opt::ReceiveBufferForce),
    (libc::SOL_SOCKET, libc::SO_SNDBUF, Opt::SendBuffer),
    (libc::SOL_SOCKET, libc::SO_SNDBUFFORCE, Opt::SendBufferForce),
    (libc::SOL_SOCKET, libc::SO_PASSCRED, Opt::PassCredentials),
];

/// What unix sockets have and netlink's have not, whatever the kernel says of it: SO_PEEK_OFF, SO_PEERGROUPS, SO_PASSPIDFD,
/// SO_PEERPIDFD, SO_PASSRIGHTS.
const OF_UNIX: [i32; 5] = [libc::SO_PEEK_OFF, 59, 76, 77, 83];

fn option(level: i32, name: i32) -> Option<Opt> {
    OPTIONS.iter().find(|(l, n, _)| (*l, *n) == (level, name)).map(|(.., option)| *option)
}

// net/netlink/af_netlink.c: netlink_setsockopt
pub(super) fn set(supervisor: &Supervisor, caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let (level, name) = (caller.int(1), caller.int(2));
    let option = option(level, name);
    if (level, name) == (libc::SOL_SOCKET, libc::SO_RCVTIMEO)
        && caller.int(4) >= 16
        && let Ok(timeout) = timeout(caller)
    {
        channel.set_receive_timeout(timeout);
    }
    if level == libc::SOL_SOCKET && OF_UNIX.contains(&name) {
        let refused =
            value(caller, level).and_then(|value| sys::netlink_option(level, name, Some(value.cast_signed())));
        return answer(refused, |()| 0);
    }
    if level == libc::SOL_SOCKET && filters::is_about(name) && channel.is_exact() {
        return filters::set(supervisor, caller, channel);
    }
    if level == libc::SOL_SOCKET && option.is_none() {
        // Timeouts, filters and the like work on the program's end as it is.
        return Outcome::LetGo;
    }
    if level != libc::SOL_NETLINK && option.is_none() {
        return Outcome::Answer(Err(Errno::ENOPROTOOPT));
    }
    let done = value(caller, level).and_then(|value| {
        channel.used_by(caller.notice.thread)?.act(|endpoint| match (name, option) {
            (_, Some(option)) => endpoint.set(option, value),
            (ADD_MEMBERSHIP, _) => endpoint.join(value),
            (DROP_MEMBERSHIP, _) => endpoint.leave(value),
            _ => Err(Errno::ENOPROTOOPT),
        })
    });
    if matches!(option, Some(Opt::ReceiveBuffer | Opt::ReceiveBufferForce | Opt::SendBuffer | Opt::SendBufferForce)) {
        channel.learn_buffers();
    }
    settled(channel, answer(done, |()| 0))
}

/// A `struct timeval`; of zero, none.
// net/core/sock.c: sock_set_timeout
fn timeout(caller: &Caller<'_>) -> Result<Option<Duration>, Errno> {
    let mut bytes = [0; 16];
    caller.read(caller.arg(3), &mut bytes)?;
    let (words, _) = bytes.as_chunks::<8>();
    let [seconds, micros] = words else { return Err(Errno::EINVAL) };
    let (seconds, micros) = (i64::from_ne_bytes(*seconds), i64::from_ne_bytes(*micros));
    let micros = u32::try_from(micros).ok().filter(|micros| *micros < 1_000_000).ok_or(Errno::EDOM)?;
    let timeout = match u64::try_from(seconds) {
        Ok(seconds) => Duration::new(seconds, micros.saturating_mul(1_000)),
        // What is negative does not wait; a nanosecond is as good.
        Err(_) => Duration::from_nanos(1),
    };
    Ok(Some(timeout).filter(|timeout| !timeout.is_zero()))
}

/// The number that an option is set to.
fn value(caller: &Caller<'_>, level: i32) -> Result<u32, Errno> {
    let (at, len) = (caller.arg(3), caller.int(4));
    match (len, level) {
        (..0, _) => Err(Errno::EINVAL),
        // What is too short is 0. net/netlink/af_netlink.c: netlink_setsockopt; net/core/sock.c: sk_setsockopt
        (..4, libc::SOL_NETLINK) => Ok(0),
        (..4, _) => Err(Errno::EINVAL),
        _ => caller.read_u32(at),
    }
}

// net/netlink/af_netlink.c: netlink_getsockopt; net/core/sock.c: sk_getsockopt
pub(super) fn get(caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let (level, name) = (caller.int(1), caller.int(2));
    if level == libc::SOL_NETLINK {
        match caller.read_u32(caller.arg(4)).map(u32::cast_signed) {
            Ok(..0) => return Outcome::Answer(Err(Errno::EINVAL)),
            Err(errno) => return Outcome::Answer(Err(errno)),
            Ok(_) => {}
        }
    }
    let told = |value: Result<u32, Errno>, whole: bool| {
        let told = value.and_then(|value| tell(caller, &value.to_ne_bytes(), whole));
        answer(told, |()| 0)
    };
    match (level, name) {
        (libc::SOL_SOCKET, libc::SO_DOMAIN) => told(Ok(libc::AF_NETLINK as u32), false),
        (libc::SOL_SOCKET, libc::SO_TYPE) => told(Ok(channel.kind.cast_unsigned()), false),
        (libc::SOL_SOCKET, libc::SO_PROTOCOL) => told(Ok(channel.protocol.number().into()), false),
        (libc::SOL_SOCKET, libc::SO_ERROR) => told(Ok(channel.take_error().cast_unsigned()), false),
        (libc::SOL_SOCKET, name) if OF_UNIX.contains(&name) => {
            let room = caller.read_u32(caller.arg(4)).map(u32::cast_signed);
            let refused = match room {
                Ok(..0) => Err(Errno::EINVAL),
                room => room.and_then(|_| sys::netlink_option(level, name, None)),
            };
            answer(refused, |()| 0)
        }
        (libc::SOL_SOCKET, libc::SO_RCVBUFFORCE | libc::SO_SNDBUFFORCE) => Outcome::LetGo,
        (libc::SOL_SOCKET, libc::SO_PEERNAME) => answer(tell_peer(caller, channel), |()| 0),
        // Nobody is at the other end of a netlink socket: process 0, user and group -1.
        (libc::SOL_SOCKET, libc::SO_PEERCRED) => {
            let nobody = [[0; 4], [0xff; 4], [0xff; 4]].concat();
            answer(tell(caller, &nobody, false), |()| 0)
        }
        (libc::SOL_SOCKET, libc::SO_ATTACH_FILTER) if channel.is_exact() => filters::get(caller, channel),
        (libc::SOL_SOCKET, libc::SO_LOCK_FILTER) if channel.is_exact() => {
            told(Ok(channel.is_filter_locked().into()), false)
        }
        (libc::SOL_NETLINK, LIST_MEMBERSHIPS) => answer(memberships(caller, channel), |()| 0),
        _ => match option(level, name) {
            Some(option) => told(channel.endpoint.option(option), level == libc::SOL_NETLINK),
            None if level == libc::SOL_SOCKET => Outcome::LetGo,
            None => Outcome::Answer(Err(Errno::ENOPROTOOPT)),
        },
    }
}

/// Tells a value and its length; `whole` if less room than that is an error.
fn tell(caller: &Caller<'_>, value: &[u8], whole: bool) -> Result<(), Errno> {
    let (at, len_at) = (caller.arg(3), caller.arg(4));
    let room = usize::try_from(caller.read_u32(len_at)?.cast_signed()).map_err(|_| Errno::EINVAL)?;
    if whole && room < value.len() {
        return Err(Errno::EINVAL);
    }
    let taken = value.get(..room).unwrap_or(value);
    caller.write(at, taken)?;
    caller.write(len_at, &u32::try_from(taken.len()).unwrap_or(0).to_ne_bytes())
}

/// Tells its peer, of which there is as much as there is room for.
// net/core/sock.c: sk_getsockopt
fn tell_peer(caller: &Caller<'_>, channel: &Channel) -> Result<(), Errno> {
    let room = usize::try_from(caller.read_u32(caller.arg(4))?.cast_signed()).map_err(|_| Errno::EINVAL)?;
    let name = bytes_of(channel.peer());
    caller.write(caller.arg(3), name.get(..room).ok_or(Errno::EINVAL)?)
}

fn memberships(caller: &Caller<'_>, channel: &Channel) -> Result<(), Errno> {
    let groups = channel.endpoint.memberships()?;
    let words = groups.iter().max().copied().unwrap_or(0).div_ceil(32);
    let mut mask = vec![0_u32; words as usize];
    for bit in groups.iter().filter_map(|group| group.checked_sub(1)) {
        if let Some(word) = mask.get_mut((bit / 32) as usize) {
            *word |= 1 << (bit % 32);
        }
    }
    let (at, len_at) = (caller.arg(3), caller.arg(4));
    let room = usize::try_from(caller.read_u32(len_at)?.cast_signed()).map_err(|_| Errno::EINVAL)?;
    let bytes: Vec<u8> = mask.iter().take(room / 4).flat_map(|word| word.to_ne_bytes()).collect();
    caller.write(at, &bytes)?;
    // Its whole length, whatever fitted.
    caller.write(len_at, &words.saturating_mul(4).to_ne_bytes())
}
