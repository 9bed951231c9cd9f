//! An allocator that counts, and what a process took.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io;
use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering::Relaxed};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);
/// Off unless asked: threads that count into one place are not what is to be measured.
static COUNTS: AtomicBool = AtomicBool::new(false);

/// What was allocated since [`Heap::count`].
pub(crate) struct Heap {
    allocations: usize,
    live: isize,
}

impl Heap {
    /// Begins to count.
    pub(crate) fn count() -> Self {
        let live = LIVE.load(Relaxed);
        PEAK.store(live, Relaxed);
        COUNTS.store(true, Relaxed);
        Self { allocations: ALLOCATIONS.load(Relaxed), live }
    }

    /// Ends it: allocations and reallocations, and the most bytes that were in use beyond those when it began.
    pub(crate) fn end(self) -> (usize, usize) {
        COUNTS.store(false, Relaxed);
        let peak = PEAK.load(Relaxed) - self.live;
        (ALLOCATIONS.load(Relaxed) - self.allocations, peak.unsigned_abs())
    }
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn grown(bytes: usize) {
    if COUNTS.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        let bytes = bytes.cast_signed();
        let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
        PEAK.fetch_max(live, Relaxed);
    }
}

fn shrunk(bytes: usize) {
    if COUNTS.load(Relaxed) {
        LIVE.fetch_sub(bytes.cast_signed(), Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it is, with the same layout; the counters are all that is added.
unsafe impl GlobalAlloc for Counting {
    // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`, which is the system's as well.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: as above. Left to the default, it would touch each page.
        unsafe { System.alloc_zeroed(layout) }
    }

    // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`: the pointer is from here, hence the system's.
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrunk(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`: the pointer is from here, hence the system's.
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        shrunk(layout.size());
        grown(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// The microseconds of processor time that a child of ours took, its start included, once it has ended; whether all went well.
pub(crate) fn processor_time(child: &Child) -> io::Result<(bool, u64)> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: both places live through the call, which writes them and keeps nothing; the process is ours and not yet waited for.
    let usage = unsafe {
        if libc::wait4(child.id().cast_signed(), &raw mut status, 0, usage.as_mut_ptr()) < 0 {
            return Err(io::Error::last_os_error());
        }
        usage.assume_init()
    };
    let micros = |time: libc::timeval| time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_usec.unsigned_abs();
    Ok((status == 0, micros(usage.ru_utime) + micros(usage.ru_stime)))
}
