//! Acting as the program, and with its descriptors.

use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;

use netloom::Errno;

use super::{Answer, check, given};
use crate::client::Client;

/// A process, which keeps its number as long as this is open. An error if it is the number of another thread than its first.
pub(crate) fn process(process: u32) -> Answer<OwnedFd> {
    let process = libc::pid_t::try_from(process).map_err(|_| Errno::ESRCH)?;
    // SAFETY: no pointers are passed; the kernel has just given us the descriptor, which is closed on exec.
    unsafe { given(libc::c_int::try_from(libc::syscall(libc::SYS_pidfd_open, process, 0)).unwrap_or(-1)) }
}

/// A descriptor of a process's, opened in this one. EPERM if this user may not look into that process.
pub(crate) fn take_fd(process: u32, fd: u32) -> Answer<OwnedFd> {
    let process = self::process(process)?;
    let fd = libc::c_int::try_from(fd).map_err(|_| Errno::EBADF)?;
    // SAFETY: no pointers are passed; the kernel has just given us the descriptor, which is closed on exec.
    unsafe { given(fd_of(process.as_raw_fd(), fd)) }
}

/// The same by raw numbers, as a system call returns it.
pub(super) fn fd_of(process: libc::c_int, fd: libc::c_int) -> libc::c_int {
    // SAFETY: no pointers are passed.
    libc::c_int::try_from(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process, fd, 0) }).unwrap_or(-1)
}

/// How many files a process may open, as it is now.
pub(crate) fn file_limit(process: u32) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    if let Ok(process) = libc::pid_t::try_from(process) {
        // SAFETY: no new limit is given, so null is allowed; `limit` outlives the call. Where it fails, nothing is written.
        unsafe { libc::prlimit(process, libc::RLIMIT_NOFILE, std::ptr::null(), &raw mut limit) };
    }
    limit.rlim_cur
}

/// What the kernel says when an option of a netlink socket's is set to a number, or asked for.
pub(crate) fn netlink_option(level: i32, name: i32, value: Option<i32>) -> Answer<()> {
    let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers are passed; the kernel has just given us the descriptor.
    let socket = unsafe { given(libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_USERSOCK)) }?;
    let mut len = std::mem::size_of::<libc::c_int>() as libc::socklen_t;
    let mut told = value.unwrap_or(0);
    let at = (&raw mut told).cast();
    let done = match value {
        // SAFETY: `told` is as long as is said, and outlives the call.
        Some(_) => unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, at, len) },
        // SAFETY: the same, and `len`.
        None => unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, at, &raw mut len) },
    };
    check(done).map(drop)
}

/// Does something while a process may have a descriptor of this number, if its hard limit allows that.
pub(crate) fn with_room_for<T>(process: u32, fd: u32, act: impl FnOnce() -> T) -> T {
    let wanted = libc::rlim_t::from(fd).saturating_add(1);
    let Ok(process) = libc::pid_t::try_from(process) else { return act() };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: no new limit is given, so null is allowed; `limit` outlives the call.
    let told = unsafe { libc::prlimit(process, libc::RLIMIT_NOFILE, std::ptr::null(), &raw mut limit) };
    if told != 0 || limit.rlim_cur >= wanted || limit.rlim_max < wanted {
        return act();
    }
    let raised = libc::rlimit { rlim_cur: wanted, ..limit };
    // SAFETY: `raised` is only read, and outlives the call; the old limit is not asked for.
    unsafe { libc::prlimit(process, libc::RLIMIT_NOFILE, &raw const raised, std::ptr::null_mut()) };
    let done = act();
    // SAFETY: the same with `limit`.
    unsafe { libc::prlimit(process, libc::RLIMIT_NOFILE, &raw const limit, std::ptr::null_mut()) };
    done
}

/// Does something with no more rights than the program has: what is opened so is as if the program had opened it.
pub(crate) fn as_client<T: Send>(client: &Client, act: impl FnOnce() -> T + Send) -> Answer<T> {
    let own = Client::of(std::process::id())?;
    let equal = (own.uid, own.gid) == (client.uid, client.gid);
    if equal && own.capabilities & !client.capabilities == 0 && own.users == client.users {
        return Ok(act());
    }
    // Capabilities of another user namespace are none here.
    let capabilities = if own.users == client.users { client.capabilities } else { 0 };
    // What a thread gives up, it cannot get back.
    thread::scope(|scope| {
        let lowered = thread::Builder::new().spawn_scoped(scope, || {
            become_user(client, capabilities & own.capabilities)?;
            Ok(act())
        });
        let done = lowered.map_err(|_| Errno::EAGAIN)?.join();
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Gives this thread another user and these capabilities. The system calls themselves are of a thread; the C library's
/// functions would change the whole process.
fn become_user(client: &Client, capabilities: u64) -> Answer<()> {
    let long = |done: libc::c_long| check(libc::c_int::try_from(done).unwrap_or(-1)).map(drop);
    let own = Client::of_thread()?;
    if (own.uid, own.gid) != (client.uid, client.gid) {
        // Kept over the change of user, and cut below.
        // SAFETY: no pointers are passed.
        check(unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0) })?;
        // SAFETY: no groups are given, so null is allowed.
        long(unsafe { libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>()) })?;
        // SAFETY: no pointers are passed.
        long(unsafe { libc::syscall(libc::SYS_setresgid, client.gid, client.gid, client.gid) })?;
        // SAFETY: no pointers are passed.
        long(unsafe { libc::syscall(libc::SYS_setresuid, client.uid, client.uid, client.uid) })?;
    }
    // linux/capability.h: version 3, this thread; effective, permitted, inheritable for each 32 bits.
    let header = [0x2008_0522_u32, 0];
    let (low, high) = (capabilities as u32, (capabilities >> 32) as u32);
    let data = [low, low, 0, high, high, 0];
    // SAFETY: the kernel reads one header and, for this version, two sets of three words; both outlive the call. The
    // header is written to only where its version is not known.
    long(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) })
}

/// Ends a process as the kernel ends who makes a system call that is not allowed (SIGSYS), if `still` says that it is the
/// one that is meant.
pub(crate) fn end(process: u32, still: impl FnOnce() -> bool) {
    if let Ok(process) = self::process(process)
        && still()
    {
        let (no_info, no_flags) = (std::ptr::null::<libc::siginfo_t>(), 0);
        // SAFETY: no information is passed, so null is allowed.
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, process.as_raw_fd(), libc::SIGSYS, no_info, no_flags) };
    }
}
