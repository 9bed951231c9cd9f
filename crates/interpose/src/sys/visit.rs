//! Sending in a process's stead: where Linux looks a descriptor or a process up by its number, it finds what that process
//! would have it find.

use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::thread;

use netloom::Errno;
use netloom::socket::Address;

use super::identity::fd_of;
use super::{Answer, check, last, with_room_for};

/// A datagram for Linux.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter<'l> {
    pub(crate) socket: BorrowedFd<'l>,
    pub(crate) to: Option<Address>,
    pub(crate) bytes: &'l [u8],
}

/// Whether this process has a descriptor of this number.
pub(crate) fn is_open(fd: u32) -> bool {
    // SAFETY: no pointers are passed.
    libc::c_int::try_from(fd).is_ok_and(|fd| unsafe { libc::fcntl(fd, libc::F_GETFD) } >= 0)
}

/// Sends a datagram which means by each of these numbers (in order) what `process` has under it, and nothing where that has
/// nothing, is gone or does not let us have it: in a thread with a table of descriptors of its own. Numbers of processes are
/// that process's as well if `by_its_processes`, as far as this user may.
pub(crate) fn send_as(
    process: Option<BorrowedFd<'_>>,
    numbers: &[u32],
    by_its_processes: bool,
    letter: Letter<'_>,
) -> Answer<usize> {
    let process = process.map(|process| process.as_raw_fd());
    thread::scope(|scope| {
        let sent = thread::Builder::new().spawn_scoped(scope, || {
            block_signals();
            let (socket, process) = empty_table(letter.socket.as_raw_fd(), process, numbers)?;
            let enters = process.is_some_and(|process| {
                fill_table(process, numbers);
                // SAFETY: no pointers are passed. It changes where processes go that this thread makes, and nothing else.
                let enters = by_its_processes && unsafe { libc::setns(process, libc::CLONE_NEWPID) } == 0;
                close(process, process);
                enters
            });
            let sent = if enters { send_in_process(socket, letter) } else { send(socket, letter) };
            // Before anybody is told: a thread ends a moment after it has been waited for.
            close(0, libc::c_int::MAX);
            sent
        });
        let sent = sent.map_err(|_| Errno::ENOMEM)?.join();
        sent.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Gives this thread a table of its own that has nothing but these two, under other numbers than those that are taken.
// fs/file.c: sys_close_range
fn empty_table(socket: RawFd, process: Option<RawFd>, taken: &[u32]) -> Answer<(RawFd, Option<RawFd>)> {
    let other = process.unwrap_or(socket);
    let (low, high) = (socket.min(other), socket.max(other));
    let above = libc::c_uint::try_from(high).map_err(|_| Errno::EBADF)?.saturating_add(1);
    // SAFETY: no pointers are passed. What was open here stays so in the table of the other threads.
    check(unsafe { libc::close_range(above, libc::c_uint::MAX, libc::CLOSE_RANGE_UNSHARE as libc::c_int) })?;
    close(0, low.saturating_sub(1));
    close(low.saturating_add(1), high.saturating_sub(1));
    let kept = (beside(socket, taken)?, process.map(|process| beside(process, taken)).transpose()?);
    close(socket, socket);
    close(other, other);
    Ok(kept)
}

/// The same under a new number that is not taken.
fn beside(fd: RawFd, taken: &[u32]) -> Answer<RawFd> {
    let mut least = 0;
    loop {
        // SAFETY: no pointers are passed.
        let at = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, least) })?;
        if taken.binary_search(&at.cast_unsigned()).is_err() {
            return Ok(at);
        }
        close(at, at);
        least = at.saturating_add(1);
    }
}

/// Gets what a process has under these numbers, as far as it has and lets us.
fn fill_table(process: RawFd, numbers: &[u32]) {
    for number in numbers {
        let Ok(fd) = RawFd::try_from(*number) else { continue };
        let got = fd_of(process, fd);
        if got < 0 || got == fd {
            continue;
        }
        // What lies beyond this process's limit stays closed.
        // SAFETY: no pointers are passed.
        with_room_for(std::process::id(), *number, || unsafe { libc::dup3(got, fd, libc::O_CLOEXEC) });
        close(got, got);
    }
}

/// Closes these numbers in the table of this thread, if there are any.
fn close(first: RawFd, last: RawFd) {
    if let (Ok(first), Ok(last)) = (libc::c_uint::try_from(first), libc::c_uint::try_from(last))
        && first <= last
    {
        // SAFETY: no pointers are passed; the table is this thread's own, whose numbers are in nobody's hands but ours.
        unsafe { libc::close_range(first, last, 0) };
    }
}

/// By system calls alone.
fn send(socket: RawFd, letter: Letter<'_>) -> Answer<usize> {
    // SAFETY: a sockaddr_nl of zeros is valid.
    let mut name: libc::sockaddr_nl = unsafe { mem::zeroed() };
    name.nl_family = libc::AF_NETLINK as libc::sa_family_t;
    let (to, len) = match letter.to {
        None => (ptr::null(), 0),
        Some(to) => {
            (name.nl_pid, name.nl_groups) = (to.port, to.groups);
            ((&raw const name).cast(), mem::size_of_val(&name) as libc::socklen_t)
        }
    };
    let (bytes, flags) = (letter.bytes, libc::MSG_NOSIGNAL);
    // SAFETY: pointer and length are those of `bytes`; the name is null or a sockaddr_nl; all outlive the call.
    let sent = unsafe { libc::sendto(socket, bytes.as_ptr().cast(), bytes.len(), flags, to, len) };
    usize::try_from(sent).map_err(|_| last())
}

/// Sends in a process of its own, which has a copy of this thread's table: only such a one is where this thread has entered.
/// No signal tells of its end, and nobody else waits for it.
fn send_in_process(socket: RawFd, letter: Letter<'_>) -> Answer<usize> {
    // SAFETY: clone_args is integers. With neither stack nor shared memory the process is a copy of this thread, which does
    // nothing but system calls: what other threads held when it was copied (locks, the allocator) is not touched.
    let process = unsafe {
        let mut arguments: libc::clone_args = mem::zeroed();
        let process = libc::syscall(libc::SYS_clone3, &raw mut arguments, mem::size_of::<libc::clone_args>());
        if process == 0 {
            // Errnos of system calls are below 134.
            libc::_exit(send(socket, letter).map_or_else(|errno| errno.0, |_| 0));
        }
        process
    };
    let process = check(libc::c_int::try_from(process).unwrap_or(-1))?;
    let mut status = 0;
    loop {
        // SAFETY: `status` outlives the call.
        match check(unsafe { libc::waitpid(process, &raw mut status, libc::__WALL) }) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
            Ok(_) => break,
        }
    }
    match (libc::WIFEXITED(status), libc::WEXITSTATUS(status)) {
        // A datagram of netlink's is sent whole.
        (true, 0) => Ok(letter.bytes.len()),
        (true, errno) => Err(Errno(errno)),
        (false, _) => Err(Errno::EIO),
    }
}

/// Keeps this thread out of signals' handlers, which would write to descriptors that are not in its table.
fn block_signals() {
    // SAFETY: a sigset_t of zeros is valid.
    let mut all: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the pointers are to a sigset_t, which outlives the calls, or null: the mask before is not asked for.
    unsafe {
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::fs::MetadataExt;

    use netloom::Protocol;
    use netloom::socket::Socket;

    use super::super::process;
    use super::*;

    /// What a table is made of, in a thread: each number with the inode under it.
    fn table_of(numbers: &[u32], socket: &OwnedFd) -> Vec<(u32, u64)> {
        let own = process(std::process::id()).unwrap();
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let (socket, process) = empty_table(socket.as_raw_fd(), Some(own.as_raw_fd()), numbers).unwrap();
                let process = process.unwrap();
                assert!(!numbers.contains(&socket.cast_unsigned()) && !numbers.contains(&process.cast_unsigned()));
                fill_table(process, numbers);
                close(process, process);
                close(socket, socket);
                let inode = |fd: u32| Some((fd, std::fs::metadata(format!("/proc/thread-self/fd/{fd}")).ok()?.ino()));
                let found = (0..2_000).filter_map(inode).collect();
                close(0, libc::c_int::MAX);
                found
            });
            inside.join().unwrap()
        })
    }

    #[test]
    fn a_visitor_has_what_is_named_and_nothing_else() {
        let socket = File::open("/").unwrap();
        let one = File::open("/proc").unwrap();
        let (socket, number) = (OwnedFd::from(socket), one.as_raw_fd().cast_unsigned());
        let inode = one.metadata().unwrap().ino();
        let own = socket.as_raw_fd().cast_unsigned();
        let root = std::fs::metadata("/").unwrap().ino();
        assert_eq!(table_of(&[], &socket), []);
        // One that nobody has, and one that no process can have.
        assert_eq!(table_of(&[number, 1_999, u32::MAX], &socket), [(number, inode)]);
        // The numbers that the socket and the first free descriptors have are wanted themselves.
        let mut wanted = vec![0, 1, 2, 3, own, number];
        wanted.sort_unstable();
        wanted.dedup();
        let found = table_of(&wanted, &socket);
        assert!(found.contains(&(number, inode)) && found.contains(&(own, root)), "{found:?}");
        assert!(found.iter().all(|(fd, _)| wanted.contains(fd)), "{found:?}");
        assert!(is_open(number) && !is_open(1_999) && !is_open(u32::MAX), "the process's own table is as it was");
    }

    #[test]
    fn what_linux_says_comes_back() {
        let linux = Socket::open(Protocol::GENERIC).unwrap();
        let own = process(std::process::id()).unwrap();
        let long = vec![0; 1 << 20];
        let letter = |bytes| Letter { socket: linux.as_fd().unwrap(), to: Some(Address::KERNEL), bytes };
        // A no-op: struct nlmsghdr of type 1.
        let message = [&16_u32.to_ne_bytes()[..], &1_u16.to_ne_bytes(), &[0; 10]].concat();
        assert_eq!(send_as(None, &[0, 1], true, letter(&message)), Ok(16));
        for pids in [false, true] {
            assert_eq!(send_as(Some(own.as_fd()), &[0, 1], pids, letter(&message)), Ok(16));
            assert_eq!(send_as(Some(own.as_fd()), &[0, 1], pids, letter(&long)), Err(Errno::EMSGSIZE));
        }
        assert_eq!(send_in_process(linux.as_fd().unwrap().as_raw_fd(), letter(&message)), Ok(16));
        let failed = send_in_process(linux.as_fd().unwrap().as_raw_fd(), letter(&long));
        assert_eq!(failed, Err(Errno::EMSGSIZE));
    }
}
