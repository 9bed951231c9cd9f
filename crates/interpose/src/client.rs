//! Who makes a system call, as /proc tells it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;

use netloom::Errno;
use netloom::socket::Credentials;

use crate::filter::FIRST_FD;

/// The process behind a system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The process.
    pub process: u32,
    /// Its thread that made the call.
    pub thread: u32,
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its effective capabilities, as bits by number (`linux/capability.h`), in its own user namespace.
    pub capabilities: u64,
    /// Its user namespace, by inode.
    pub users: u64,
    /// Its network namespace, by inode.
    pub network: u64,
    /// Its name: 15 bytes at most.
    pub name: String,
}

impl Client {
    /// The process that a thread belongs to. ESRCH if it is gone.
    pub(crate) fn of(thread: u32) -> Result<Self, Errno> {
        Self::read(&format!("/proc/{thread}"), thread)
    }

    /// The calling thread.
    pub(crate) fn of_thread() -> Result<Self, Errno> {
        Self::read("/proc/thread-self", 0)
    }

    fn read(folder: &str, thread: u32) -> Result<Self, Errno> {
        let status = fs::read(format!("{folder}/status")).map_err(|_| Errno::ESRCH)?;
        // Its name may be any bytes.
        let status = String::from_utf8_lossy(&status);
        let field = |name: &str, at: usize| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            line.split_ascii_whitespace().nth(at)
        };
        let number = |name, at| field(name, at).and_then(|text| text.parse().ok()).ok_or(Errno::ESRCH);
        let capabilities = field("CapEff", 0).and_then(|bits| u64::from_str_radix(bits, 16).ok());
        Ok(Self {
            process: number("Tgid", 0)?,
            thread,
            // Real, effective, saved, of the file system.
            uid: number("Uid", 1)?,
            gid: number("Gid", 1)?,
            capabilities: capabilities.ok_or(Errno::ESRCH)?,
            users: inode(&format!("{folder}/ns/user")).unwrap_or(0),
            network: inode(&format!("{folder}/ns/net")).unwrap_or(0),
            name: field("Name", 0).unwrap_or_default().to_owned(),
        })
    }

    /// Somebody of whom no more than this is known.
    pub(crate) fn without_rights(who: Credentials) -> Self {
        let Credentials { process, uid, gid, .. } = who;
        Self { process, thread: process, uid, gid, capabilities: 0, users: 0, network: 0, name: String::new() }
    }

    /// What a kernel side knows it by.
    pub fn credentials(&self) -> Credentials {
        // In another user namespace anybody may be root.
        Credentials { process: self.process, uid: self.uid, gid: self.gid }
    }
}

/// A thread's effective user, sooner than its status tells it.
// fs/proc/base.c: task_dump_owner, which for this folder does not ask whether it may be dumped
pub(crate) fn user(thread: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{thread}")).ok().map(|folder| folder.uid())
}

/// The inode of a thread's descriptor, if that is a socket.
pub(crate) fn socket_inode(thread: u32, fd: u32) -> Option<u64> {
    let target = fs::read_link(format!("/proc/{thread}/fd/{fd}")).ok()?;
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Whether a thread's descriptor does not block.
pub(crate) fn is_nonblocking(thread: u32, fd: u32) -> bool {
    let Ok(info) = fs::read_to_string(format!("/proc/{thread}/fdinfo/{fd}")) else { return false };
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|octal| libc::c_int::from_str_radix(octal.trim(), 8).ok());
    flags.is_some_and(|flags| flags & libc::O_NONBLOCK != 0)
}

/// How a call ends for a signal: the kernel makes it again, or EINTR of it, as the signal's handler has it (ERESTARTSYS of
/// linux/errno.h). Only for who has a signal.
pub(crate) const RESTART: Errno = Errno(512);

/// Whether a thread has a signal that it is to handle before it goes on: one of its own, or one of the process's if it is
/// the first, whose those are as long as it does not block them.
// kernel/signal.c: complete_signal
pub(crate) fn has_signal(thread: u32) -> bool {
    let Ok(status) = fs::read(format!("/proc/{thread}/status")) else { return false };
    let status = String::from_utf8_lossy(&status);
    let field = |name: &str| {
        let text =
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default().trim();
        u64::from_str_radix(text, 16).unwrap_or(0)
    };
    let first =
        status.lines().any(|line| line.strip_prefix("Tgid:").is_some_and(|tgid| tgid.trim() == thread.to_string()));
    let pending = field("SigPnd") | if first { field("ShdPnd") } else { 0 };
    pending & !field("SigBlk") != 0
}

/// The lowest number from `least` on, and from those on that are ours, that is free in a thread's table of descriptors.
pub(crate) fn free_fd(thread: u32, least: u32) -> u32 {
    /// So many are looked at one by one.
    const FEW: u32 = 16;
    let first = least.max(FIRST_FD);
    let free = |fd: &u32| is_free(thread, *fd);
    if let Some(fd) = (first..first.saturating_add(FEW)).find(free) {
        return fd;
    }
    let mut open = open_fds(thread);
    open.sort_unstable();
    let mut next = first;
    for fd in open.into_iter().filter(|fd| *fd >= first) {
        if fd != next {
            break;
        }
        next = next.saturating_add(1);
    }
    next
}

/// Where nothing is opened soon, in a program that has so many files open that the next free number may be one of ours:
/// another thread could get it between a look and its use, and have its file replaced.
pub(crate) fn remote_fd(thread: u32) -> Option<u32> {
    /// More than are opened meanwhile.
    const FAR: u32 = 64;
    if is_free(thread, FIRST_FD.saturating_sub(1)) {
        return None;
    }
    open_fds(thread).into_iter().max().map(|last| last.saturating_add(FAR))
}

fn is_free(thread: u32, fd: u32) -> bool {
    let looked = fs::symlink_metadata(format!("/proc/{thread}/fd/{fd}"));
    looked.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn open_fds(thread: u32) -> Vec<u32> {
    let open = fs::read_dir(format!("/proc/{thread}/fd")).into_iter().flatten().flatten();
    open.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The inode that a link of /proc names in brackets.
fn inode(link: &str) -> Option<u64> {
    let target = fs::read_link(link).ok()?;
    let (_, number) = target.to_str()?.split_once('[')?;
    number.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn this_process_is_told_as_it_is() {
        let own = Client::of(std::process::id()).unwrap();
        assert_eq!(own.process, std::process::id());
        assert!(own.users != 0 && own.network != 0 && !own.name.is_empty());
        assert_eq!(Client::of(u32::MAX), Err(Errno::ESRCH));
        let (one, _other) = UnixStream::pair().unwrap();
        let fd = one.as_raw_fd().cast_unsigned();
        assert!(socket_inode(own.process, fd).is_some());
        assert!(!is_nonblocking(own.process, fd));
        one.set_nonblocking(true).unwrap();
        assert!(is_nonblocking(own.process, fd));
        assert!(!has_signal(own.process) && !has_signal(u32::MAX));
        assert_eq!(socket_inode(own.process, 899), None);
        assert_eq!((free_fd(own.process, 0), free_fd(own.process, 1_000)), (900, 1_000));
    }
}
