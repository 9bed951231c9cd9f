//! The system calls of `AF_NETLINK` sockets, and below those of namespaces. All `unsafe` of the socket layer is here.

mod namespace;

use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use netloom_wire::Errno;

use super::{Address, Credentials, Received};
pub(super) use namespace::{
    Step, block_signals, enter_network_namespace, namespace_kind, owner_of_namespace, socket_within,
};

type Result<T> = std::result::Result<T, Errno>;

/// Room for the control messages of one datagram: group, credentials and namespace take 80 bytes.
const CONTROL: usize = 128;

/// Aligned as `struct cmsghdr` is.
#[repr(C, align(8))]
struct Control([u8; CONTROL]);

pub(super) fn socket(protocol: u8) -> Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    let fd = check(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol.into()) })?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(feature = "wireguard")]
pub(super) fn page_size() -> Option<usize> {
    // SAFETY: no pointers are passed.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()
}

/// The effective user and group of this process.
pub(super) fn user() -> (u32, u32) {
    // SAFETY: no pointers are passed.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

pub(super) fn bind(fd: BorrowedFd<'_>, address: Address) -> Result<()> {
    let name = sockaddr(address);
    // SAFETY: `name` is a sockaddr_nl and outlives the call; the length is its own.
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const name).cast(), SOCKADDR_LEN) }).map(drop)
}

pub(super) fn connect(fd: BorrowedFd<'_>, peer: Address) -> Result<()> {
    let name = sockaddr(peer);
    // SAFETY: as in `bind`.
    check(unsafe { libc::connect(fd.as_raw_fd(), (&raw const name).cast(), SOCKADDR_LEN) }).map(drop)
}

pub(super) fn local(fd: BorrowedFd<'_>) -> Result<Address> {
    let mut name = sockaddr(Address::default());
    let mut len = SOCKADDR_LEN;
    // SAFETY: `name` has room for `len` bytes, and both outlive the call.
    check(unsafe { libc::getsockname(fd.as_raw_fd(), (&raw mut name).cast(), &raw mut len) })?;
    Ok(Address { port: name.nl_pid, groups: name.nl_groups })
}

#[inline]
pub(super) fn send(fd: BorrowedFd<'_>, to: Option<Address>, bytes: &[u8]) -> Result<usize> {
    let sent = match to {
        // SAFETY: pointer and length are those of `bytes`.
        None => unsafe { libc::send(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) },
        Some(to) => {
            let name = sockaddr(to);
            let to = (&raw const name).cast();
            // SAFETY: pointer and length are those of `bytes`; `name` is a sockaddr_nl and outlives the call.
            unsafe {
                libc::sendto(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL, to, SOCKADDR_LEN)
            }
        }
    };
    usize::try_from(sent).map_err(|_| last())
}

/// How to receive: `MSG_PEEK`, `MSG_DONTWAIT`, and the port that is ours.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) peek: bool,
    pub(super) dontwait: bool,
    pub(super) port: u32,
}

impl How {
    #[inline]
    fn flags(self) -> i32 {
        let peek = if self.peek { libc::MSG_PEEK } else { 0 };
        let dontwait = if self.dontwait { libc::MSG_DONTWAIT } else { 0 };
        libc::MSG_TRUNC | peek | dontwait
    }
}

/// Receives without control messages, which costs the kernel and us less.
#[inline]
pub(super) fn recv_from(fd: BorrowedFd<'_>, buf: &mut [u8], how: How) -> Result<Received> {
    let mut name = sockaddr(Address::default());
    let mut name_len = SOCKADDR_LEN;
    let (place, room) = (buf.as_mut_ptr().cast(), buf.len());
    let sender = (&raw mut name).cast();
    // SAFETY: pointer and length are those of `buf`; `name` has room for `name_len` bytes, and both outlive the call.
    let len = unsafe { libc::recvfrom(fd.as_raw_fd(), place, room, how.flags(), sender, &raw mut name_len) };
    let len = usize::try_from(len).map_err(|_| last())?;
    let source = Address { port: name.nl_pid, groups: name.nl_groups };
    // With MSG_TRUNC the length is the datagram's own.
    let truncated = len > room;
    Ok(Received { len, truncated, source, destination: Address::port(how.port), ..Received::default() })
}

/// Receives with control messages: group, credentials, namespace.
pub(super) fn recv_msg(fd: BorrowedFd<'_>, buf: &mut [u8], how: How) -> Result<Received> {
    let mut name = sockaddr(Address::default());
    let mut iov = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut control = MaybeUninit::<Control>::uninit();
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_name = (&raw mut name).cast();
    header.msg_namelen = SOCKADDR_LEN;
    header.msg_iov = &raw mut iov;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = CONTROL as _;
    let flags = how.flags() | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: the header's name, buffer and control pointers have the lengths given and outlive the call.
    let len = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) };
    let len = usize::try_from(len).map_err(|_| last())?;
    let mut received = Received {
        len,
        truncated: header.msg_flags & libc::MSG_TRUNC != 0,
        source: Address { port: name.nl_pid, groups: name.nl_groups },
        destination: Address::port(how.port),
        ..Received::default()
    };
    // The kernel wrote so many bytes of control messages; without options set, none.
    if header.msg_controllen != 0 {
        control_messages(&header, &mut received);
    }
    Ok(received)
}

fn control_messages(header: &libc::msghdr, received: &mut Received) {
    // SAFETY: `header` is as recvmsg left it, its control buffer still alive.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: the CMSG functions return null or a pointer to a whole cmsghdr in the control buffer.
    while let Some(message) = unsafe { next.as_ref() } {
        // SAFETY: `next` points to a cmsghdr of the buffer.
        let data = unsafe { libc::CMSG_DATA(next) };
        #[allow(clippy::unnecessary_cast, reason = "a socklen_t with some C libraries")]
        let len = message.cmsg_len as usize;
        match (message.cmsg_level, message.cmsg_type) {
            (libc::SOL_NETLINK, libc::NETLINK_PKTINFO) if len >= cmsg_len::<u32>() => {
                // SAFETY: the length says that there is a nl_pktinfo, which is one u32.
                let group = unsafe { data.cast::<u32>().read_unaligned() };
                received.group = (group != 0).then_some(group);
            }
            (libc::SOL_NETLINK, libc::NETLINK_LISTEN_ALL_NSID) if len >= cmsg_len::<i32>() => {
                // SAFETY: the length says that there is an int.
                received.namespace = Some(unsafe { data.cast::<i32>().read_unaligned() });
            }
            (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) if len >= cmsg_len::<libc::ucred>() => {
                // SAFETY: the length says that there is a ucred.
                let ucred = unsafe { data.cast::<libc::ucred>().read_unaligned() };
                let process = u32::try_from(ucred.pid).unwrap_or_default();
                received.credentials = Some(Credentials { process, uid: ucred.uid, gid: ucred.gid });
            }
            _ => {}
        }
        // SAFETY: `header` and `next` are a msghdr and one of its control messages.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
}

fn cmsg_len<T>() -> usize {
    // SAFETY: a computation on a length, no pointers.
    unsafe { libc::CMSG_LEN(mem::size_of::<T>() as u32) as usize }
}

/// Waits until there is something to receive, or `switch` is on; false if `timeout` passed before (`None` waits for ever).
pub(super) fn readable(fd: BorrowedFd<'_>, switch: Option<BorrowedFd<'_>>, timeout: Option<Duration>) -> Result<bool> {
    let entry = |fd: i32| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // A negative descriptor is passed over.
    let mut polls = [entry(fd.as_raw_fd()), entry(switch.map_or(-1, |switch| switch.as_raw_fd()))];
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos() as _,
    });
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: two pollfds, a timespec or null, no signal mask; all outlive the call.
    check(unsafe { libc::ppoll(polls.as_mut_ptr(), 2, timeout, ptr::null()) })?;
    Ok(polls[0].revents != 0)
}

/// A switch that a poll can see.
pub(super) fn switch() -> Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Turns a switch on.
pub(super) fn turn_on(switch: BorrowedFd<'_>) {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: pointer and length are those of `one`. It can fail only where the switch is on to the brim already.
    unsafe { libc::write(switch.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

/// Turns a switch off.
pub(super) fn turn_off(switch: BorrowedFd<'_>) {
    let mut count = [0_u8; 8];
    // SAFETY: pointer and length are those of `count`. It fails where the switch is off already.
    unsafe { libc::read(switch.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
}

pub(super) fn set(fd: BorrowedFd<'_>, level: i32, option: i32, value: u32) -> Result<()> {
    let value = (&raw const value).cast();
    // SAFETY: the pointer is to a u32, as the length says.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, value, 4) }).map(drop)
}

pub(super) fn option(fd: BorrowedFd<'_>, level: i32, option: i32) -> Result<u32> {
    let mut value = 0_u32;
    let mut len = 4;
    // SAFETY: the pointer is to a u32, as the length says; both outlive the call.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), level, option, (&raw mut value).cast(), &raw mut len) })?;
    Ok(value)
}

/// The bitmap of groups, bit n-1 of the whole being group n.
pub(super) fn memberships(fd: BorrowedFd<'_>) -> Result<Vec<u32>> {
    let mut words = vec![0_u32; 32];
    loop {
        let room = words.len().saturating_mul(4);
        let mut len = room as libc::socklen_t;
        let pointer = words.as_mut_ptr().cast();
        // SAFETY: `pointer` has room for `len` bytes, and both outlive the call.
        check(unsafe {
            libc::getsockopt(fd.as_raw_fd(), libc::SOL_NETLINK, libc::NETLINK_LIST_MEMBERSHIPS, pointer, &raw mut len)
        })?;
        // The kernel says how long the bitmap is, whatever fitted.
        let needed = len as usize;
        if needed <= room {
            words.truncate(needed.div_ceil(4));
            return Ok(words);
        }
        words.resize(needed.div_ceil(4), 0);
    }
}

pub(super) fn set_nonblocking(fd: BorrowedFd<'_>, on: bool) -> Result<()> {
    // SAFETY: no pointers are passed.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    let flags = if on { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    // SAFETY: no pointers are passed.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) }).map(drop)
}

const SOCKADDR_LEN: libc::socklen_t = mem::size_of::<libc::sockaddr_nl>() as libc::socklen_t;

fn sockaddr(address: Address) -> libc::sockaddr_nl {
    // SAFETY: a sockaddr_nl of zeros is valid; its padding must be.
    let mut name: libc::sockaddr_nl = unsafe { mem::zeroed() };
    name.nl_family = libc::AF_NETLINK as _;
    name.nl_pid = address.port;
    name.nl_groups = address.groups;
    name
}

fn check(returned: i32) -> Result<i32> {
    if returned < 0 { Err(last()) } else { Ok(returned) }
}

#[cold]
fn last() -> Errno {
    Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}
