//! The system calls of namespaces.

use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use netloom_wire::Errno;

use super::{Result, check, last};

/// Puts this thread into the network namespace of `fd`.
pub(in crate::socket) fn enter_network_namespace(fd: BorrowedFd<'_>) -> Result<()> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::setns(fd.as_raw_fd(), libc::CLONE_NEWNET) }).map(drop)
}

/// Which kind of namespace it is, as a flag of clone(2); ENOTTY if it is none.
pub(in crate::socket) fn namespace_kind(fd: BorrowedFd<'_>) -> Result<i32> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::NS_GET_NSTYPE) })
}

/// The user namespace that owns it; EPERM if that is none of ours.
pub(in crate::socket) fn owner_of_namespace(fd: BorrowedFd<'_>) -> Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    let fd = check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::NS_GET_USERNS) })?;
    // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Keeps signals from being handled by this thread; the mask that it had.
pub(in crate::socket) fn block_signals() -> libc::sigset_t {
    // SAFETY: a sigset_t of zeros is valid.
    let (mut all, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { (mem::zeroed(), mem::zeroed()) };
    // SAFETY: both pointers are to a sigset_t and outlive the calls, which cannot fail.
    unsafe {
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before);
    }
    before
}

/// At what opening a socket elsewhere failed: making who goes there, going there, or the socket itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::socket) enum Step {
    Visitor,
    Enter,
    Socket,
}

/// Opens a socket from within the user namespace `owner` and the network namespace `network`.
///
/// A user namespace takes in only a process of one thread: so one is made that shares nothing with us but the table of
/// descriptors, which the socket is put into, and ends. No signal tells of its end, and nobody else waits for it.
// kernel/user_namespace.c: userns_install
pub(in crate::socket) fn socket_within(
    owner: BorrowedFd<'_>,
    network: BorrowedFd<'_>,
    protocol: u8,
) -> std::result::Result<OwnedFd, (Step, Errno)> {
    let mut pipe: [RawFd; 2] = [-1; 2];
    // SAFETY: the pointer is to two descriptors.
    check(unsafe { libc::pipe2(pipe.as_mut_ptr(), libc::O_CLOEXEC) }).map_err(|errno| (Step::Visitor, errno))?;
    let [read, write] = pipe;
    // SAFETY: the kernel has just given us these descriptors, and nobody else has them.
    let (read, write) = unsafe { (OwnedFd::from_raw_fd(read), OwnedFd::from_raw_fd(write)) };
    let (owner, network, answer) = (owner.as_raw_fd(), network.as_raw_fd(), write.as_raw_fd());
    // Before the process is made: it would run the program's handlers.
    let before = block_signals();
    // SAFETY: clone_args is integers. With neither stack nor shared memory the process is a copy of this thread, which
    // does nothing but system calls: what other threads held when it was copied (locks, the allocator) is not touched.
    let process = unsafe {
        let mut arguments: libc::clone_args = mem::zeroed();
        arguments.flags = libc::CLONE_FILES as u64;
        let process = libc::syscall(libc::SYS_clone3, &raw const arguments, mem::size_of::<libc::clone_args>());
        if process == 0 {
            let told: [i32; 2] = visit(owner, network, protocol);
            libc::write(answer, told.as_ptr().cast(), mem::size_of_val(&told));
            libc::_exit(0);
        }
        process
    };
    let failed = last();
    // SAFETY: the mask is the one that was there; the pointer outlives the call.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    let process = libc::pid_t::try_from(process).ok().filter(|process| *process > 0).ok_or((Step::Visitor, failed))?;
    wait_for(process);
    drop(write);
    // A process that was killed has said nothing: the pipe's other ends are closed.
    let mut told: [i32; 2] = [0, libc::EIO];
    // SAFETY: pointer and length are those of `told`.
    unsafe { libc::read(read.as_raw_fd(), told.as_mut_ptr().cast(), mem::size_of_val(&told)) };
    match told {
        // SAFETY: the process has opened this descriptor for us, in the table that is ours, and nobody else has it.
        [SOCKET, fd] if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        [SOCKET, errno] => Err((Step::Socket, Errno(errno.saturating_neg()))),
        [ENTER, errno] => Err((Step::Enter, Errno(errno))),
        [_, errno] => Err((Step::Visitor, Errno(errno))),
    }
}

/// What a visitor tells first: that it could not enter, or what came of the socket.
const ENTER: i32 = 1;
const SOCKET: i32 = 2;

/// Enters both namespaces and opens the socket, by system calls alone.
fn visit(owner: RawFd, network: RawFd, protocol: u8) -> [i32; 2] {
    for (fd, kind) in [(owner, libc::CLONE_NEWUSER), (network, libc::CLONE_NEWNET)] {
        // SAFETY: no pointers are passed.
        if unsafe { libc::setns(fd, kind) } < 0 {
            return [ENTER, last().0];
        }
    }
    // SAFETY: no pointers are passed.
    let fd = unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol.into()) };
    [SOCKET, if fd < 0 { last().0.saturating_neg() } else { fd }]
}

/// Waits for a process that tells nobody of its end.
fn wait_for(process: libc::pid_t) {
    loop {
        // SAFETY: no status is asked for.
        let waited = unsafe { libc::waitpid(process, ptr::null_mut(), libc::__WALL) };
        if waited >= 0 || last() != Errno::EINTR {
            return;
        }
    }
}
