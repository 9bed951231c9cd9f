//! The one system call that the standard library lacks.

/// Processor time in microseconds, and the peak of memory in KiB, of this process.
pub(crate) fn usage() -> (i64, i64) {
    // SAFETY: rusage is plain numbers, for which zero is a value; the call writes it and keeps nothing.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let micros = |time: libc::timeval| time.tv_sec * 1_000_000 + time.tv_usec;
    (micros(usage.ru_utime) + micros(usage.ru_stime), usage.ru_maxrss)
}
