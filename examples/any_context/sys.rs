//! What the example asks of the system: an allocator that counts, and signals.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is left to the system's allocator; the counter takes no memory, and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(place, layout) }
    }
}

fn count() {
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

/// How often this thread has taken or given back memory.
pub(crate) fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

/// How often this thread has waited: for a lock, a file, a signal.
pub(crate) fn waits() -> u64 {
    // SAFETY: numbers, for which zero is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a whole rusage.
    let done = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
    assert_eq!(done, 0, "a thread may ask about itself");
    u64::try_from(usage.ru_nvcsw).unwrap_or(0)
}

static HANDLER: OnceLock<fn()> = OnceLock::new();

extern "C" fn handle(_: libc::c_int) {
    // SAFETY: errno is the interrupted code's: it must find it as it was.
    let errno = unsafe { *libc::__errno_location() };
    if let Some(handler) = HANDLER.get() {
        handler();
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Runs `handler` in the signal handler of SIGALRM, again and again. It must be such as may run there.
pub(crate) fn on_alarm(every: Duration, handler: fn()) -> io::Result<()> {
    let _ = HANDLER.set(handler);
    // SAFETY: numbers and pointers, for which zero is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handle as extern "C" fn(libc::c_int) as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the pointer is to a whole sigaction, whose handler has the signature that its flags say.
    check(unsafe { libc::sigaction(libc::SIGALRM, &action, std::ptr::null_mut()) })?;
    timer(every)
}

/// Ends that.
pub(crate) fn no_alarm() -> io::Result<()> {
    timer(Duration::ZERO)
}

fn timer(every: Duration) -> io::Result<()> {
    let micros = libc::suseconds_t::from(i32::try_from(every.as_micros()).map_err(io::Error::other)?);
    let interval = libc::timeval { tv_sec: 0, tv_usec: micros };
    let timer = libc::itimerval { it_interval: interval, it_value: interval };
    // SAFETY: the pointer is to a whole itimerval.
    check(unsafe { libc::setitimer(libc::ITIMER_REAL, &timer, std::ptr::null_mut()) })
}

fn check(done: libc::c_int) -> io::Result<()> {
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
