//! System calls that the standard library does not have. All `unsafe` of this crate is in this folder.

mod channel;
mod identity;
mod memory;
mod poll;
mod seccomp;
mod visit;

use std::os::fd::{FromRawFd, OwnedFd};

use netloom::Errno;

pub(crate) use channel::{
    Took, drop_first, hung_up, inode, look_behind, look_from, pair, recv, send, set_nonblocking, set_send_buffer,
    tell_senders, unread,
};
pub(crate) use identity::{as_client, end, file_limit, netlink_option, process, take_fd, with_room_for};
pub(crate) use memory::{is_writable, read};
pub(crate) use poll::{Epoll, HUNG_UP, LEVEL, READ_AND_WRITTEN, Timer, WRITTEN, switch, turn_on};
pub(crate) use seccomp::{Listener, Notice, Passed, install_on_exec, passed};
pub(crate) use visit::{Letter, is_open, send_as};

pub(crate) type Answer<T> = Result<T, Errno>;

fn last() -> Errno {
    Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}

fn check(done: libc::c_int) -> Answer<libc::c_int> {
    if done < 0 { Err(last()) } else { Ok(done) }
}

/// A descriptor that the kernel has just given.
///
/// # Safety
///
/// Nobody else has it.
unsafe fn given(done: libc::c_int) -> Answer<OwnedFd> {
    let fd = check(done)?;
    // SAFETY: it is open, as the caller of the system call was told, and nobody else has it, as our caller says.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
