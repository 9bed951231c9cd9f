//! System calls that the standard library does not have. All `unsafe` of the command is here.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{SystemTime, UNIX_EPOCH};

/// Takes over a descriptor that whoever started this process has passed, by its number. To be called before anything is
/// opened: the numbers of what this process opens itself are not to be had. EBADF if there is none, or if it is one of the
/// three standard streams.
pub(crate) fn take_inherited(number: i32) -> io::Result<OwnedFd> {
    if number < 3 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: no pointers are passed, and setting the flag of a descriptor harms no owner of it.
    if unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, as the call above says. It was open when the process began (nothing has been opened
    // since, see above), so nothing in it owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    debug_assert_eq!(fd.as_raw_fd(), number);
    Ok(fd)
}

/// Lets this process open as many files as it may: each client of a server takes some.
pub(crate) fn raise_file_limit() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` has room for the answer, and outlives the call.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0 {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: `limit` is only read, and outlives the call. Where it is refused, the limit stays as it is.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}

/// Sends a signal to a child that has not been waited for, so that its number is still its own. Fails in silence: the child
/// may have become another user, or a zombie.
pub(crate) fn kill(child: &std::process::Child, signal: i32) {
    if let Ok(process) = libc::pid_t::try_from(child.id()) {
        // SAFETY: no pointers are passed.
        unsafe { libc::kill(process, signal) };
    }
}

/// Whether this process was started with a signal ignored, as `nohup` starts programs.
pub(crate) fn is_ignored(signal: i32) -> bool {
    // SAFETY: a sigaction of zeros is valid.
    let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: no new action is given, and `now` outlives the call.
    let told = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut now) };
    told == 0 && now.sa_sigaction == libc::SIG_IGN
}

/// The time of day where the user is: `12:34:56.789012`.
pub(crate) fn time_of_day(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = libc::time_t::try_from(since.as_secs()).unwrap_or_default();
    // SAFETY: a tm of zeros is valid: its one pointer may be null.
    let mut here: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: `seconds` is only read, `here` has room for the answer, and both outlive the call. What it points to for a
    // name of the time zone is not looked at.
    if unsafe { libc::localtime_r(&raw const seconds, &raw mut here) }.is_null() {
        return format!("{seconds}");
    }
    format!("{:02}:{:02}:{:02}.{:06}", here.tm_hour, here.tm_min, here.tm_sec, since.subsec_micros())
}
