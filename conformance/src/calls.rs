//! System calls on a socket's descriptor that its interface here does not have.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::BorrowedFd;

use netloom::wire::Errno;
use rustix::net::{self, AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType};

use crate::case::Call;

/// An address as long as netlink's, or longer, that is none.
const INTERNET: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 9);

/// Makes a call; what came of it, if it did not fail, is dropped.
pub(crate) fn make(fd: BorrowedFd<'_>, call: Call) -> Result<(), Errno> {
    // Without a name it is two bytes long: its family.
    let short = SocketAddrUnix::new_unnamed();
    let made = match call {
        Call::Listen => net::listen(fd, 1),
        Call::Accept => net::accept(fd).map(drop),
        Call::Shutdown => net::shutdown(fd, Shutdown::Both),
        Call::Pair => net::socketpair(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None).map(drop),
        Call::BindShort => net::bind(fd, &short),
        Call::BindInternet => net::bind(fd, &INTERNET),
        Call::ConnectShort => net::connect(fd, &short),
        Call::ConnectInternet => net::connect(fd, &INTERNET),
        Call::Disconnect => net::connect_unspec(fd),
    };
    made.map_err(|errno| Errno(errno.raw_os_error()))
}
