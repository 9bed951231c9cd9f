//! bind, connect, getsockname, getpeername.

use netloom::Errno;
use netloom::socket::Address;

use super::{answer, settled};
use crate::caller::{ADDRESS, Caller};
use crate::channel::Channel;
use crate::supervisor::{Outcome, Supervisor};

// net/netlink/af_netlink.c: netlink_bind
pub(super) fn bind(supervisor: &Supervisor, caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let address = caller.address(caller.arg(1), caller.arg(2) as u32);
    let bound = address.and_then(|address| {
        let address = address.ok_or(Errno::EINVAL)?;
        let hands = channel.used_by(caller.notice.thread)?;
        let bound = hands.act(|endpoint| endpoint.bind(address));
        if bound != Err(Errno::EADDRINUSE) {
            return bound;
        }
        supervisor.close_closed();
        hands.act(|endpoint| endpoint.bind(address))
    });
    // A bind may subscribe to what is said at once.
    settled(channel, answer(bound, |()| 0))
}

// net/netlink/af_netlink.c: netlink_connect
pub(super) fn connect(caller: &Caller<'_>, channel: &Channel) -> Outcome {
    let (at, len) = (caller.arg(1), caller.arg(2) as u32);
    let mut family = [0; 2];
    let unspecified = (2..=128).contains(&len) && caller.read(at, &mut family).is_ok() && family == [0; 2];
    let to = if unspecified { Ok(Some(Address::KERNEL)) } else { caller.address(at, len) };
    let connected = to.and_then(|to| channel.connect(caller.notice.thread, to.ok_or(Errno::EINVAL)?));
    answer(connected, |()| 0)
}

/// Tells an address to who asked for a name.
// net/netlink/af_netlink.c: netlink_getname; net/socket.c: move_addr_to_user
pub(super) fn name(caller: &Caller<'_>, address: Result<Address, Errno>) -> Outcome {
    let told = address.and_then(|address| {
        let (at, len_at) = (caller.arg(1), caller.arg(2));
        let room = usize::try_from(caller.read_u32(len_at)?.cast_signed()).map_err(|_| Errno::EINVAL)?;
        let bytes = bytes_of(address);
        caller.write(at, bytes.get(..room.min(ADDRESS)).unwrap_or_default())?;
        caller.write(len_at, &(ADDRESS as u32).to_ne_bytes())
    });
    answer(told, |()| 0)
}

/// An address as a `struct sockaddr_nl`.
pub(crate) fn bytes_of(address: Address) -> [u8; ADDRESS] {
    let mut bytes = [0; ADDRESS];
    let family = (libc::AF_NETLINK as u16).to_ne_bytes();
    let parts = family.into_iter().chain([0; 2]).chain(address.port.to_ne_bytes()).chain(address.groups.to_ne_bytes());
    for (to, byte) in bytes.iter_mut().zip(parts) {
        *to = byte;
    }
    bytes
}
