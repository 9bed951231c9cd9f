//! Reading another process's memory.

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
