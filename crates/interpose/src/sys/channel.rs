//! The pair of sockets that stands for a netlink socket: the program has one end, we the other.

use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use netloom::Errno;
use netloom::socket::Credentials;

use super::{Answer, check, given, last};

/// How long the name is waited for that another process of this kind has for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// `{AF_UNIX, ten NULs}`: what it is as a `struct sockaddr_nl`, but for the family: port id 0, no groups.
fn kernel_name() -> (libc::sockaddr_un, libc::socklen_t) {
    // SAFETY: a sockaddr_un of zeros is valid.
    let mut name: libc::sockaddr_un = unsafe { mem::zeroed() };
    name.sun_family = libc::AF_UNIX as libc::sa_family_t;
    (name, 12)
}

/// Two connected ends, ours (which does not block) and the program's, to which ours has the name of a kernel. EADDRINUSE
/// if somebody else keeps that name.
pub(crate) fn pair() -> Answer<(OwnedFd, OwnedFd)> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let deadline = Instant::now().checked_add(PATIENCE);
    let listener = loop {
        match listener() {
            Err(Errno::EADDRINUSE) if deadline.is_some_and(|deadline| Instant::now() < deadline) => {
                thread::sleep(Duration::from_micros(50));
            }
            done => break done?,
        }
    };
    let theirs = seqpacket(0)?;
    let (name, len) = kernel_name();
    // SAFETY: `name` is a sockaddr_un and outlives the call.
    check(unsafe { libc::connect(theirs.as_raw_fd(), (&raw const name).cast(), len) })?;
    loop {
        let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: a null address is allowed: none is wanted. The kernel has just given us the descriptor.
        let ours = unsafe { given(libc::accept4(listener.as_raw_fd(), ptr::null_mut(), ptr::null_mut(), flags))? };
        // Anybody may connect to a name. What is sent into one's own comes out of nobody else's.
        if peer_process(ours.as_fd())? == std::process::id() {
            return Ok((ours, theirs));
        }
    }
}

fn listener() -> Answer<OwnedFd> {
    let listener = seqpacket(libc::SOCK_NONBLOCK)?;
    let (name, len) = kernel_name();
    // SAFETY: `name` is a sockaddr_un and outlives the call.
    check(unsafe { libc::bind(listener.as_raw_fd(), (&raw const name).cast(), len) })?;
    // SAFETY: no pointers are passed.
    check(unsafe { libc::listen(listener.as_raw_fd(), libc::SOMAXCONN) })?;
    Ok(listener)
}

fn seqpacket(flags: libc::c_int) -> Answer<OwnedFd> {
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC | flags;
    // SAFETY: no pointers are passed; the kernel has just given us the descriptor.
    unsafe { given(libc::socket(libc::AF_UNIX, kind, 0)) }
}

fn peer_process(fd: BorrowedFd<'_>) -> Answer<u32> {
    let mut who = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut len = mem::size_of::<libc::ucred>() as libc::socklen_t;
    let to = (&raw mut who).cast();
    // SAFETY: `who` has room for `len` bytes, and both outlive the call.
    check(unsafe { libc::getsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, to, &raw mut len) })?;
    Ok(who.pid.cast_unsigned())
}

/// Lets `bytes` be under way from this end, or as many as the system allows.
pub(crate) fn set_send_buffer(fd: BorrowedFd<'_>, bytes: usize) {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    let len = mem::size_of::<libc::c_int>() as libc::socklen_t;
    // The first takes a privilege, the second is cut to what everybody may have.
    for option in [libc::SO_SNDBUFFORCE, libc::SO_SNDBUF] {
        let value = ptr::from_ref(&bytes).cast();
        // SAFETY: `bytes` outlives the call and is `len` bytes long; the kernel only reads it.
        if unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, value, len) } == 0 {
            return;
        }
    }
}

/// Writes one datagram without waiting; EAGAIN if there is no room.
pub(crate) fn send(fd: BorrowedFd<'_>, datagram: &[u8]) -> Answer<()> {
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: pointer and length are those of `datagram`, which outlives the call.
    let sent = unsafe { libc::send(fd.as_raw_fd(), datagram.as_ptr().cast(), datagram.len(), flags) };
    if sent < 0 { Err(last()) } else { Ok(()) }
}

/// What is found on our end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// A datagram of this length, whatever fitted.
    Datagram(usize),
    /// All that had the other end have closed it.
    End,
}

/// Takes one datagram that the program wrote, without waiting: EAGAIN if there is none.
pub(crate) fn recv(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Answer<Took> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    // SAFETY: pointer and length are those of `buf`, which outlives the call.
    let len = unsafe { libc::recv(fd.as_raw_fd(), buf.as_mut_ptr().cast(), buf.len(), flags) };
    match usize::try_from(len) {
        Ok(0) if hung_up(fd) => Ok(Took::End),
        Ok(len) => Ok(Took::Datagram(len)),
        Err(_) => match last() {
            Errno::ECONNRESET => Ok(Took::End),
            errno => Err(errno),
        },
    }
}

/// Looks at the next datagram that was not looked at, without waiting: EAGAIN if there is none. Those that were stay. Who
/// wrote it is told where [`tell_senders`] has asked for it.
pub(crate) fn look_behind(fd: BorrowedFd<'_>, buf: &mut [u8]) -> Answer<(Took, Option<Credentials>)> {
    let mut part = libc::iovec { iov_base: buf.as_mut_ptr().cast(), iov_len: buf.len() };
    let mut control = OneUser([0; 32]);
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control).cast();
    // Credentials come first, and leave no room for descriptors.
    // SAFETY: computes a size; what it is given is no pointer.
    header.msg_controllen = unsafe { libc::CMSG_LEN(ONE_USER) } as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC | libc::MSG_PEEK | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: the header, the part and the control buffer outlive the call, and each has the room that it says.
    let len = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut header, flags) };
    let len = usize::try_from(len).map_err(|_| last())?;
    if len == 0 && hung_up(fd) {
        return Ok((Took::End, None));
    }
    // SAFETY: the kernel has filled in the header; it points to the control buffer, which is alive.
    let message = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    if message.is_null() {
        return Ok((Took::Datagram(len), None));
    }
    // SAFETY: a first header that is not null lies inside the control buffer, whole.
    let (level, kind, told) = unsafe { ((*message).cmsg_level, (*message).cmsg_type, (*message).cmsg_len as usize) };
    // SAFETY: computes a size; what it is given is no pointer.
    let whole = unsafe { libc::CMSG_LEN(ONE_USER) } as usize;
    if (level, kind, told) != (libc::SOL_SOCKET, libc::SCM_CREDENTIALS, whole) {
        return Ok((Took::Datagram(len), None));
    }
    // SAFETY: the message says that it is as long as one ucred, which any bytes are.
    let who = unsafe { libc::CMSG_DATA(message).cast::<libc::ucred>().read_unaligned() };
    let who = Credentials { process: who.pid.cast_unsigned(), uid: who.uid, gid: who.gid };
    Ok((Took::Datagram(len), Some(who)))
}

/// Has the system tell who wrote what arrives here.
pub(crate) fn tell_senders(fd: BorrowedFd<'_>) -> Answer<()> {
    set(fd, libc::SO_PASSCRED, 1)
}

/// Lets looks begin behind so many bytes; from then on each begins behind the one before.
pub(crate) fn look_from(fd: BorrowedFd<'_>, bytes: libc::c_int) -> Answer<()> {
    set(fd, libc::SO_PEEK_OFF, bytes)
}

fn set(fd: BorrowedFd<'_>, option: libc::c_int, value: libc::c_int) -> Answer<()> {
    let len = mem::size_of::<libc::c_int>() as libc::socklen_t;
    let at = ptr::from_ref(&value).cast();
    // SAFETY: `value` outlives the call and is `len` bytes long; the kernel only reads it.
    check(unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, at, len) }).map(drop)
}

/// Takes the first datagram, whatever it is.
pub(crate) fn drop_first(fd: BorrowedFd<'_>) {
    let _ = recv(fd, &mut []);
}

/// Whether all that had the other end have closed it.
pub(crate) fn hung_up(fd: BorrowedFd<'_>) -> bool {
    let mut polled = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLRDHUP, revents: 0 };
    // SAFETY: one pollfd is passed, which outlives the call.
    unsafe { libc::poll(&raw mut polled, 1, 0) != 0 }
}

/// Bytes that were written and are not read yet, as the kernel accounts for them.
pub(crate) fn unread(fd: BorrowedFd<'_>) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the request writes one int, and `bytes` outlives the call.
    let done = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    // Who writes is told of a read with one byte of it left; a datagram counts hundreds. net/core/sock.c: sock_wfree
    if done < 0 || bytes < 256 { 0 } else { usize::try_from(bytes).unwrap_or(0) }
}

/// Sends a few bytes, and a descriptor with them. Between fork and exec: no allocation in here.
pub(super) fn send_with_fd(to: BorrowedFd<'_>, bytes: &[u8; 4], passed: Option<BorrowedFd<'_>>) -> Answer<()> {
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut control = OneFd([0; 24]);
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    if let Some(passed) = passed {
        header.msg_control = (&raw mut control).cast();
        // SAFETY: computes a size; what it is given is no pointer.
        header.msg_controllen = unsafe { libc::CMSG_SPACE(ONE_FD) } as _;
        // SAFETY: the control buffer has room for one header and one descriptor, so the first header exists and its data
        // lies inside.
        unsafe {
            let message = libc::CMSG_FIRSTHDR(&raw const header);
            (*message).cmsg_level = libc::SOL_SOCKET;
            (*message).cmsg_type = libc::SCM_RIGHTS;
            (*message).cmsg_len = libc::CMSG_LEN(ONE_FD) as _;
            libc::CMSG_DATA(message).cast::<libc::c_int>().write_unaligned(passed.as_raw_fd());
        }
    }
    // SAFETY: the header and all it points to outlive the call; the bytes are only read.
    let sent = unsafe { libc::sendmsg(to.as_raw_fd(), &raw const header, libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(last()) } else { Ok(()) }
}

/// Takes what [`send_with_fd`] sent, if it is there: the number, and the descriptor.
pub(super) fn recv_with_fd(from: BorrowedFd<'_>) -> Answer<(Option<i32>, Option<OwnedFd>)> {
    let mut bytes = [0; 4];
    let mut part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
    let mut control = OneFd([0; 24]);
    // SAFETY: a msghdr of zeros is valid: no name, no buffers.
    let mut header: libc::msghdr = unsafe { mem::zeroed() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = (&raw mut control).cast();
    // SAFETY: computes a size; what it is given is no pointer.
    header.msg_controllen = unsafe { libc::CMSG_LEN(ONE_FD) } as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: the header, the part and the control buffer outlive the call, and each has the room that it says.
    let len = unsafe { libc::recvmsg(from.as_raw_fd(), &raw mut header, flags) };
    if len < 0 {
        return Err(last());
    }
    let number = (len == 4).then(|| i32::from_ne_bytes(bytes));
    // SAFETY: the kernel has filled in the header; it points to the control buffer, which is alive.
    let message = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    if message.is_null() {
        return Ok((number, None));
    }
    // SAFETY: the kernel writes descriptors whole, and there is room for exactly one. It is new in this process, and nobody
    // else has it. (Nothing else than descriptors was asked for.)
    let passed = unsafe { OwnedFd::from_raw_fd(libc::CMSG_DATA(message).cast::<libc::c_int>().read_unaligned()) };
    Ok((number, Some(passed)))
}

const ONE_USER: u32 = mem::size_of::<libc::ucred>() as u32;

/// Room for one control message that says who, aligned as `struct cmsghdr` is.
#[repr(C, align(8))]
struct OneUser([u8; 32]);

const ONE_FD: u32 = mem::size_of::<libc::c_int>() as u32;

/// Room for one control message that holds one descriptor, aligned as `struct cmsghdr` is.
#[repr(C, align(8))]
struct OneFd([u8; 24]);

/// Makes a socket block, or not.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> Answer<()> {
    // SAFETY: no pointers are passed.
    let flags = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) })?;
    let flags = if nonblocking { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    // SAFETY: no pointers are passed.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, flags) }).map(drop)
}

/// The number by which /proc knows a socket.
pub(crate) fn inode(fd: BorrowedFd<'_>) -> Answer<u64> {
    // SAFETY: a stat of zeros is valid.
    let mut stat: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: `stat` outlives the call.
    check(unsafe { libc::fstat(fd.as_raw_fd(), &raw mut stat) })?;
    Ok(stat.st_ino)
}
