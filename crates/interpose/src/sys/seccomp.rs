//! User notification: a filter that asks, and the descriptor that answers.

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use libc::sock_filter;
use netloom::Errno;

use super::{Answer, check, given};

/// Linux 6.6: whoever is answered runs next on this processor.
const SYNC_WAKE_UP: libc::c_ulong = 1;

/// A system call that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Its name in answers.
    pub(crate) id: u64,
    /// The thread that waits.
    pub(crate) thread: u32,
    /// The number of the call.
    pub(crate) call: i64,
    /// The ABI that the number belongs to.
    pub(crate) arch: u32,
    /// Its arguments.
    pub(crate) args: [u64; 6],
}

/// Where system calls come from that the filter puts to us.
#[derive(Debug)]
pub(crate) struct Listener(OwnedFd);

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Listener {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        // What is older does without: it is only faster.
        // SAFETY: the request takes its flags by value.
        unsafe { libc::ioctl(fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
        Self(fd)
    }

    /// The next call that waits; ENOENT if it has been given up meanwhile.
    pub(crate) fn next(&self) -> Answer<Notice> {
        // SAFETY: a notification of zeros is valid, and what the kernel demands to be given.
        let mut notice: libc::seccomp_notif = unsafe { mem::zeroed() };
        // SAFETY: the request fills in one notification, and `notice` outlives the call. (A kernel whose notification is
        // longer has another number for the request.)
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notice) })?;
        let libc::seccomp_notif { id, pid: thread, data, .. } = notice;
        Ok(Notice { id, thread, call: data.nr.into(), arch: data.arch, args: data.args })
    }

    /// Whether this call still waits: if so, its thread's number was still its own a moment ago.
    pub(crate) fn is_waiting(&self, id: u64) -> bool {
        // SAFETY: the request reads one u64, and `id` outlives the call.
        unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
    }

    /// Lets the call return this; ENOENT if it does not wait any more.
    pub(crate) fn answer(&self, id: u64, answer: Result<i64, Errno>) -> Answer<()> {
        let (val, error) = match answer {
            Ok(val) => (val, 0),
            Err(errno) => (0, errno.0.saturating_neg()),
        };
        self.respond(libc::seccomp_notif_resp { id, val, error, flags: 0 })
    }

    /// Lets the kernel do the call.
    pub(crate) fn let_go(&self, id: u64) -> Answer<()> {
        let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
        self.respond(libc::seccomp_notif_resp { id, val: 0, error: 0, flags })
    }

    fn respond(&self, mut response: libc::seccomp_notif_resp) -> Answer<()> {
        // SAFETY: the request reads one response, which outlives the call.
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut response) }).map(drop)
    }

    /// Opens `fd` in the calling process as its number `at`, and lets the call return that.
    pub(crate) fn answer_with_fd(&self, id: u64, fd: BorrowedFd<'_>, at: u32, close_on_exec: bool) -> Answer<()> {
        let mut request = libc::seccomp_notif_addfd {
            id,
            flags: (libc::SECCOMP_ADDFD_FLAG_SETFD | libc::SECCOMP_ADDFD_FLAG_SEND) as u32,
            srcfd: fd.as_raw_fd().cast_unsigned(),
            newfd: at,
            newfd_flags: if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 },
        };
        // SAFETY: the request reads one `seccomp_notif_addfd`, which outlives the call, as `fd` does.
        check(unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw mut request) }).map(drop)
    }
}

/// What the program-to-be says of its filter.
#[derive(Debug)]
pub(crate) enum Passed {
    /// It is in place, and this is its listener.
    Listener(OwnedFd),
    /// It was refused.
    Refused(Errno),
    /// Nothing: the program never came so far.
    Nothing,
}

/// Has the program that `command` starts run under a filter, and passes the filter's listener to `to`; see [`Passed`].
pub(crate) fn install_on_exec(command: &mut Command, filter: Vec<sock_filter>, to: OwnedFd) {
    let install = move || {
        let said = match install(&filter) {
            Ok(listener) => super::channel::send_with_fd(to.as_fd(), &[0; 4], Some(listener.as_fd())),
            Err(errno) => {
                let _ = super::channel::send_with_fd(to.as_fd(), &errno.0.to_ne_bytes(), None);
                Err(errno)
            }
        };
        said.map_err(|errno| io::Error::from_raw_os_error(errno.0))
    };
    // SAFETY: between fork and exec, the closure makes system calls alone; it allocates nothing and takes no lock. The
    // filter was built before the fork.
    unsafe { command.pre_exec(install) };
}

/// What [`install_on_exec`] passed. It is there when the program was started, or could not be.
pub(crate) fn passed(from: BorrowedFd<'_>) -> Passed {
    match super::channel::recv_with_fd(from) {
        Ok((_, Some(listener))) => Passed::Listener(listener),
        Ok((Some(errno), None)) => Passed::Refused(Errno(errno)),
        _ => Passed::Nothing,
    }
}

fn install(filter: &[sock_filter]) -> Answer<OwnedFd> {
    // Whoever may do without keeps what setuid programs are for.
    match filter_with_listener(filter) {
        Err(Errno::EACCES) => {
            // SAFETY: no pointers are passed.
            check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
            filter_with_listener(filter)
        }
        done => done,
    }
}

fn filter_with_listener(filter: &[sock_filter]) -> Answer<OwnedFd> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| Errno::EINVAL)?,
        filter: filter.as_ptr().cast_mut(),
    };
    // As in a kernel, what has begun ends: a signal that came between would have a send made twice.
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    // SAFETY: `program` and the filter, which is only read, outlive the call; the length is the filter's.
    let done =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, ptr::from_ref(&program)) };
    // SAFETY: the kernel has just given us this descriptor (close on exec, always).
    unsafe { given(libc::c_int::try_from(done).unwrap_or(-1)) }
}
