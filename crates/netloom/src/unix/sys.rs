//! The system calls of the unix transport. All of its `unsafe` is here.

use std::ffi::CString;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::time::{Duration, Instant};

use netloom_wire::Errno;

use crate::socket::Credentials;

type Result<T> = std::result::Result<T, Errno>;

pub(super) const IN: u32 = libc::EPOLLIN as u32;
/// Each time that the peer has sent something, or gone.
pub(super) const ARRIVALS: u32 = (libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
/// And each time that it has read something.
pub(super) const ARRIVALS_AND_READS: u32 = ARRIVALS | libc::EPOLLOUT as u32;

/// Room for one control message that holds one descriptor, aligned as `struct cmsghdr` is.
#[repr(C, align(8))]
struct OneFd([u8; 24]);
const ONE_FD: usize = mem::size_of::<libc::c_int>();

/// Room for one control message that holds credentials, and for no descriptor behind it.
#[repr(C, align(8))]
struct OneUser([u8; 32]);

/// A `SOCK_SEQPACKET` socket that is not connected.
pub(super) fn seqpacket() -> Result<OwnedFd> {
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers are passed.
    let fd = check(unsafe { libc::socket(libc::AF_UNIX, kind, 0) })?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Two connected ones; the first does not block.
pub(super) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    let mut fds = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: `fds` has room for the two descriptors.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr()) })?;
    let [ours, theirs] = fds;
    // SAFETY: the kernel has just given us both, and nobody else has them.
    let (ours, theirs) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
    set_nonblocking(ours.as_fd())?;
    Ok((ours, theirs))
}

/// Makes calls on this descriptor say EAGAIN rather than wait.
pub(super) fn set_nonblocking(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: no pointers are passed.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    // SAFETY: no pointers are passed.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

pub(super) fn bind(fd: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let name = sockaddr(path)?;
    // SAFETY: `name` is a sockaddr_un and outlives the call; the length is its own.
    check(unsafe { libc::bind(fd.as_raw_fd(), (&raw const name).cast(), SOCKADDR_LEN) }).map(drop)
}

pub(super) fn listen(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::listen(fd.as_raw_fd(), libc::SOMAXCONN) }).map(drop)
}

/// Connects; EAGAIN if nobody takes the connection within `patience`.
pub(super) fn connect(fd: BorrowedFd<'_>, path: &Path, patience: Duration) -> Result<()> {
    let name = sockaddr(path)?;
    set_timeout(fd, patience)?;
    // SAFETY: `name` is a sockaddr_un and outlives the call; the length is its own.
    check(unsafe { libc::connect(fd.as_raw_fd(), (&raw const name).cast(), SOCKADDR_LEN) })?;
    set_timeout(fd, Duration::ZERO)
}

pub(super) fn accept(listener: BorrowedFd<'_>) -> Result<OwnedFd> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: a null address is allowed: none is wanted.
    let fd = check(unsafe { libc::accept4(listener.as_raw_fd(), ptr::null_mut(), ptr::null_mut(), flags) })?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Who connected, or listened.
pub(super) fn peer_credentials(fd: BorrowedFd<'_>) -> Result<Credentials> {
    let mut who = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut len = mem::size_of::<libc::ucred>() as libc::socklen_t;
    let to = (&raw mut who).cast();
    // SAFETY: `who` has room for `len` bytes, and both outlive the call.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, to, &raw mut len) })?;
    Ok(Credentials { process: who.pid.cast_unsigned(), uid: who.uid, gid: who.gid })
}

/// Has each record tell who sent it.
pub(super) fn tell_senders(fd: BorrowedFd<'_>) -> Result<()> {
    let on: libc::c_int = 1;
    set(fd, libc::SO_PASSCRED, &on)
}

/// Lets `bytes` be under way from this socket, or as many as the system allows.
pub(super) fn set_send_buffer(fd: BorrowedFd<'_>, bytes: usize) {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    // The first takes a privilege, the second is cut to what everybody may have.
    let _ = set(fd, libc::SO_SNDBUFFORCE, &bytes).or_else(|_| set(fd, libc::SO_SNDBUF, &bytes));
}

/// Sends one record, `head` and then `body`, without waiting.
pub(super) fn send(fd: BorrowedFd<'_>, head: &[u8], body: &[u8], wait: bool) -> Result<usize> {
    send_parts(fd, head, body, None, wait)
}

/// The same, without waiting and with a descriptor.
pub(super) fn send_with_fd(fd: BorrowedFd<'_>, record: &[u8], passed: BorrowedFd<'_>) -> Result<usize> {
    send_parts(fd, record, &[], Some(passed), false)
}

fn send_parts(
    fd: BorrowedFd<'_>,
    head: &[u8],
    body: &[u8],
    passed: Option<BorrowedFd<'_>>,
    wait: bool,
) -> Result<usize> {
    let part = |bytes: &[u8]| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut parts = [part(head), part(body)];
    let mut control = OneFd([0; 24]);
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = parts.as_mut_ptr();
    header.msg_iovlen = parts.len() as _;
    if let Some(passed) = passed {
        header.msg_control = (&raw mut control).cast();
        // SAFETY: computes a size; what it is given is no pointer.
        header.msg_controllen = unsafe { libc::CMSG_SPACE(ONE_FD as u32) } as _;
        // SAFETY: the control buffer has room for one header and one descriptor (24 bytes with 8-byte headers aligned to
        // 8, 16 with 4-byte ones), so the first header exists and its data lies inside.
        unsafe {
            let message = libc::CMSG_FIRSTHDR(&raw const header);
            (*message).cmsg_level = libc::SOL_SOCKET;
            (*message).cmsg_type = libc::SCM_RIGHTS;
            (*message).cmsg_len = libc::CMSG_LEN(ONE_FD as u32) as _;
            libc::CMSG_DATA(message).cast::<libc::c_int>().write_unaligned(passed.as_raw_fd());
        }
    }
    let flags = if wait { libc::MSG_NOSIGNAL } else { libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT };
    // SAFETY: the header and all it points to (the parts, which are only read, and the control buffer) outlive the call.
    let sent = unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const header, flags) };
    usize::try_from(sent).map_err(|_| last())
}

/// How to take a record.
#[derive(Clone, Copy)]
pub(super) enum Take {
    /// Waits for one.
    Wait,
    /// EAGAIN if there is none.
    Now,
    /// The same, and leaves it there.
    Peek,
}

/// Takes one record: its first bytes into `head`, the next into `body`. Returns its whole length, whatever fitted, which is
/// 0 if the peer is gone. Descriptors that came along are closed by the kernel.
pub(super) fn recv(fd: BorrowedFd<'_>, head: &mut [u8], body: &mut [u8], take: Take) -> Result<usize> {
    let mut parts = [
        libc::iovec { iov_base: head.as_mut_ptr().cast(), iov_len: head.len() },
        libc::iovec { iov_base: body.as_mut_ptr().cast(), iov_len: body.len() },
    ];
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = parts.as_mut_ptr();
    header.msg_iovlen = parts.len() as _;
    // SAFETY: the header and both parts outlive the call, and each has the room that it says.
    let len = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags(take) | libc::MSG_TRUNC) };
    usize::try_from(len).map_err(|_| last())
}

/// Takes one record without waiting, and tells who sent it: process, real user and group, if the socket
/// [tells](tell_senders). The length is as [`recv`]'s.
pub(super) fn recv_from(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Result<(usize, Option<Credentials>)> {
    let mut part = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut control = OneUser([0; 32]);
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control).cast();
    // SAFETY: computes a size; what it is given is no pointer. Credentials come first, and leave no room for descriptors.
    header.msg_controllen = unsafe { libc::CMSG_LEN(mem::size_of::<libc::ucred>() as u32) } as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: the header, the part and the control buffer outlive the call, and each has the room that it says.
    let len = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) };
    let len = usize::try_from(len).map_err(|_| last())?;
    // SAFETY: the kernel has filled in the header; it points to the control buffer, which is alive.
    let message = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    if message.is_null() {
        return Ok((len, None));
    }
    // SAFETY: a first header that is not null lies inside the control buffer, whole.
    let (level, kind, told) = unsafe { ((*message).cmsg_level, (*message).cmsg_type, (*message).cmsg_len) };
    // SAFETY: computes a size; what it is given is no pointer.
    let whole = unsafe { libc::CMSG_LEN(mem::size_of::<libc::ucred>() as u32) };
    #[allow(clippy::unnecessary_cast, reason = "a socklen_t with some C libraries")]
    if (level, kind, told as usize) != (libc::SOL_SOCKET, libc::SCM_CREDENTIALS, whole as usize) {
        return Ok((len, None));
    }
    // SAFETY: the message says that it is as long as one ucred, which any bytes are.
    let who = unsafe { libc::CMSG_DATA(message).cast::<libc::ucred>().read_unaligned() };
    Ok((len, Some(Credentials { process: who.pid.cast_unsigned(), uid: who.uid, gid: who.gid })))
}

/// Takes one record and the descriptor that came along.
pub(super) fn recv_with_fd(fd: BorrowedFd<'_>, buf: &mut [u8], take: Take) -> Result<(usize, Option<OwnedFd>)> {
    let mut part = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut control = OneFd([0; 24]);
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control).cast();
    // SAFETY: computes a size; what it is given is no pointer. More would have room for a second descriptor.
    header.msg_controllen = unsafe { libc::CMSG_LEN(ONE_FD as u32) } as _;
    let flags = flags(take) | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: the header, the part and the control buffer outlive the call, and each has the room that it says.
    let len = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) };
    let len = usize::try_from(len).map_err(|_| last())?;
    // SAFETY: the kernel has filled in the header; it points to the control buffer, which is alive.
    let message = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    if message.is_null() {
        return Ok((len, None));
    }
    // SAFETY: a first header that is not null lies inside the control buffer, whole.
    let (level, kind) = unsafe { ((*message).cmsg_level, (*message).cmsg_type) };
    if (level, kind) != (libc::SOL_SOCKET, libc::SCM_RIGHTS) {
        return Ok((len, None));
    }
    // SAFETY: the kernel writes descriptors whole, and there is room for exactly one. It is new in this process, and
    // nobody else has it.
    let passed = unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(message).cast::<libc::c_int>().read_unaligned()) };
    Ok((len, Some(passed)))
}

/// Bytes that were sent and are not read yet, as the kernel accounts for them.
pub(super) fn unread(fd: BorrowedFd<'_>) -> usize {
    match ask(fd, libc::TIOCOUTQ) {
        // Who writes is told of a read with one byte of it left; a datagram counts hundreds. net/core/sock.c: sock_wfree
        ..256 => 0,
        bytes => bytes,
    }
}

/// Bytes that wait to be read, and whether anybody may still send some.
pub(super) fn waiting(fd: BorrowedFd<'_>) -> (usize, bool) {
    let hung_up = poll(fd, libc::POLLRDHUP, Some(Instant::now())).unwrap_or(true);
    (ask(fd, libc::FIONREAD), !hung_up)
}

/// How long the next record may be at most: EAGAIN if there is none, 0 if it is empty or none will come any more.
pub(super) fn coming(fd: BorrowedFd<'_>) -> Result<usize> {
    // Of all that waits together, and quicker than a look at the first.
    let all = ask(fd, libc::FIONREAD);
    if all > 0 {
        return Ok(all);
    }
    let flags = libc::MSG_DONTWAIT | libc::MSG_PEEK | libc::MSG_TRUNC;
    // SAFETY: no room is given, so null is allowed.
    let len = unsafe { libc::recv(fd.as_raw_fd(), ptr::null_mut(), 0, flags) };
    usize::try_from(len).map_err(|_| last())
}

fn ask(fd: BorrowedFd<'_>, what: libc::Ioctl) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: both requests write one int, and `bytes` outlives the call.
    let done = unsafe { libc::ioctl(fd.as_raw_fd(), what, &raw mut bytes) };
    if done < 0 { 0 } else { usize::try_from(bytes).unwrap_or(0) }
}

/// Bounds how long sends and receives wait, EAGAIN then; none waits for ever.
pub(super) fn set_timeouts(fd: BorrowedFd<'_>, patience: Option<Duration>) -> Result<()> {
    // Zero is for ever.
    let time = patience.map_or(Duration::ZERO, |patience| patience.max(Duration::from_micros(1)));
    let time = timeval(time);
    set(fd, libc::SO_SNDTIMEO, &time)?;
    set(fd, libc::SO_RCVTIMEO, &time)
}

/// Waits until the descriptor is readable or its peer gone; false if `deadline` came first.
pub(super) fn wait_readable(fd: BorrowedFd<'_>, deadline: Option<Instant>) -> Result<bool> {
    poll(fd, libc::POLLIN, deadline)
}

fn poll(fd: BorrowedFd<'_>, events: libc::c_short, deadline: Option<Instant>) -> Result<bool> {
    let mut polled = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    let left = deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        libc::timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(i32::MAX.into()),
            tv_nsec: left.subsec_nanos() as _,
        }
    });
    let time = left.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: one pollfd is passed, and the time (or null, for none); both outlive the call. A null mask changes none.
    Ok(check(unsafe { libc::ppoll(&raw mut polled, 1, time, ptr::null()) })? > 0)
}

/// Holds the lock of a file or folder until it is closed; waits for whoever has it.
pub(super) fn lock(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::flock(fd.as_raw_fd(), libc::LOCK_EX) }).map(drop)
}

/// A switch that a poll can see, and that stays on until it is turned off.
pub(super) fn switch() -> Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Turns it on.
pub(super) fn turn_on(switch: BorrowedFd<'_>) {
    let one = 1_u64.to_ne_bytes();
    // SAFETY: pointer and length are those of `one`. It can fail only where the switch is on to the brim already.
    unsafe { libc::write(switch.as_raw_fd(), one.as_ptr().cast(), one.len()) };
}

/// Turns it off.
pub(super) fn turn_off(switch: BorrowedFd<'_>) {
    let mut count = [0_u8; 8];
    // SAFETY: pointer and length are those of `count`. It fails where the switch is off already.
    unsafe { libc::read(switch.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
}

/// Descriptors that are waited for together, each by a name.
pub(super) struct Epoll(OwnedFd);

impl Epoll {
    pub(super) fn new() -> Result<Self> {
        // SAFETY: no pointers are passed.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Adds one; closing it removes it.
    pub(super) fn add(&self, fd: BorrowedFd<'_>, events: u32, name: u64) -> Result<()> {
        let mut event = libc::epoll_event { events, u64: name };
        let (epoll, fd) = (self.0.as_raw_fd(), fd.as_raw_fd());
        // SAFETY: `event` outlives the call.
        check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) }).map(drop)
    }

    /// Waits for other events of one; those that are there already are told again.
    pub(super) fn change(&self, fd: BorrowedFd<'_>, events: u32, name: u64) {
        let mut event = libc::epoll_event { events, u64: name };
        let (epoll, fd) = (self.0.as_raw_fd(), fd.as_raw_fd());
        // SAFETY: `event` outlives the call. It fails only where `fd` has been removed: then nobody waits.
        unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_MOD, fd, &raw mut event) };
    }

    /// Removes one.
    pub(super) fn remove(&self, fd: BorrowedFd<'_>) {
        // SAFETY: removing takes no event, so null is allowed.
        unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_DEL, fd.as_raw_fd(), ptr::null_mut()) };
    }

    /// The names of those that something happened to; waits for ever, or for `millis`.
    pub(super) fn wait(&self, millis: Option<u16>) -> Result<Vec<u64>> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 32];
        let time = millis.map_or(-1, libc::c_int::from);
        let room = events.len() as libc::c_int;
        // SAFETY: `events` has room for as many as are asked for, and outlives the call.
        let count = check(unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), room, time) });
        let count = match count {
            Err(Errno::EINTR) => 0,
            other => usize::try_from(other?).unwrap_or(0),
        };
        Ok(events.iter().take(count).map(|event| event.u64).collect())
    }
}

const SOCKADDR_LEN: libc::socklen_t = mem::size_of::<libc::sockaddr_un>() as libc::socklen_t;

/// ENAMETOOLONG if the path does not fit into a unix address, EINVAL if it holds a NUL or nothing.
fn sockaddr(path: &Path) -> Result<libc::sockaddr_un> {
    let bytes = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?.into_bytes_with_nul();
    // SAFETY: a sockaddr_un of zeros is valid.
    let mut name: libc::sockaddr_un = unsafe { mem::zeroed() };
    name.sun_family = libc::AF_UNIX as libc::sa_family_t;
    if bytes.len() == 1 {
        return Err(Errno::EINVAL);
    }
    if bytes.len() > name.sun_path.len() {
        return Err(Errno::ENAMETOOLONG);
    }
    for (to, byte) in name.sun_path.iter_mut().zip(bytes) {
        *to = byte as libc::c_char;
    }
    Ok(name)
}

fn set_timeout(fd: BorrowedFd<'_>, time: Duration) -> Result<()> {
    set(fd, libc::SO_SNDTIMEO, &timeval(time))
}

fn timeval(time: Duration) -> libc::timeval {
    libc::timeval { tv_sec: time.as_secs().try_into().unwrap_or(i32::MAX.into()), tv_usec: time.subsec_micros() as _ }
}

fn set<T: Copy>(fd: BorrowedFd<'_>, option: libc::c_int, value: &T) -> Result<()> {
    let len = mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: `value` outlives the call and is `len` bytes long; the kernel only reads it.
    let done = unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, ptr::from_ref(value).cast(), len) };
    check(done).map(drop)
}

fn flags(take: Take) -> libc::c_int {
    match take {
        Take::Wait => 0,
        Take::Now => libc::MSG_DONTWAIT,
        Take::Peek => libc::MSG_DONTWAIT | libc::MSG_PEEK,
    }
}

fn check(done: libc::c_int) -> Result<libc::c_int> {
    if done < 0 { Err(last()) } else { Ok(done) }
}

fn last() -> Errno {
    Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}
