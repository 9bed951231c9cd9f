//! An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// What the allocator has done so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heap {
    /// Allocations and reallocations.
    pub(crate) allocations: usize,
    /// Bytes in use.
    pub(crate) live: usize,
    /// The most bytes that were in use since the last [`Heap::mark`].
    pub(crate) peak: usize,
}

impl Heap {
    /// How it stands now.
    pub(crate) fn now() -> Self {
        Self { allocations: ALLOCATIONS.load(Relaxed), live: LIVE.load(Relaxed), peak: PEAK.load(Relaxed) }
    }

    /// Lets the peak begin anew, and tells how it stands.
    pub(crate) fn mark() -> Self {
        PEAK.store(LIVE.load(Relaxed), Relaxed);
        Self::now()
    }
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn grown(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
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
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`: the pointer is from here, hence the system's.
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_sub(layout.size(), Relaxed);
        grown(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
