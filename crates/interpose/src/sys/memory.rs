//! Another process's memory.

use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};

use netloom::Errno;

use super::Answer;

/// As many pieces as the kernel takes in one call (`UIO_MAXIOV`).
const MOST: usize = 1024;

/// Reads pieces of a thread's memory, one after the other, into `to`, which is as long as all of them together. EFAULT if
/// a part is not there or may not be read; EACCES if nothing of that process may be. What was read is that thread's only if
/// its call still waits afterwards.
pub(crate) fn read(thread: u32, pieces: &[(u64, usize)], to: &mut [u8]) -> Answer<()> {
    if to.is_empty() {
        return Ok(());
    }
    let total = pieces.iter().try_fold(0_usize, |sum, (_, len)| sum.checked_add(*len));
    if pieces.len() > MOST || total != Some(to.len()) {
        return Err(Errno::EINVAL);
    }
    let remote: Vec<libc::iovec> =
        pieces.iter().map(|(at, len)| libc::iovec { iov_base: *at as *mut libc::c_void, iov_len: *len }).collect();
    let local = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() };
    let thread = libc::pid_t::try_from(thread).map_err(|_| Errno::ESRCH)?;
    // SAFETY: `local` has the room that it says and outlives the call. The remote pieces are addresses of another process:
    // the kernel checks them there, and this process's memory is not touched by them.
    let read = unsafe {
        libc::process_vm_readv(thread, &raw const local, 1, remote.as_ptr(), remote.len() as libc::c_ulong, 0)
    };
    match usize::try_from(read) {
        Ok(read) if read == to.len() => Ok(()),
        Ok(_) => Err(Errno::EFAULT),
        Err(_) => Err(match super::last() {
            Errno::EPERM => Errno::EACCES,
            errno => errno,
        }),
    }
}

/// `struct procmap_query`, linux/fs.h; what is not asked for is 0.
#[repr(C)]
#[derive(Default)]
struct MapQuery {
    size: u64,
    flags: u64,
    at: u64,
    start: u64,
    end: u64,
    /// Its flags, page size, offset, inode; its device, and no room for its name and build id, and where those would go.
    rest: [u64; 8],
}

/// Whether a process may write all of this, by its /proc/PID/maps. Before Linux 6.11, which cannot be asked, it may.
pub(crate) fn is_writable(maps: BorrowedFd<'_>, at: u64, len: usize) -> bool {
    /// `PROCMAP_QUERY`, and `PROCMAP_QUERY_VMA_WRITABLE`.
    const QUERY: libc::c_ulong = 0xc068_6611;
    const WRITABLE: u64 = 2;
    let Some(end) = at.checked_add(len as u64) else { return false };
    let mut at = at;
    while at < end {
        let size = mem::size_of::<MapQuery>() as u64;
        let mut query = MapQuery { size, flags: WRITABLE, at, ..MapQuery::default() };
        // SAFETY: the request reads and writes one `procmap_query`, whose size is told, and which outlives the call.
        let found = unsafe { libc::ioctl(maps.as_raw_fd(), QUERY as _, &raw mut query) };
        if found < 0 {
            return super::last() == Errno::ENOTTY;
        }
        at = query.end;
    }
    true
}
