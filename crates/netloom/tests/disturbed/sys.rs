//! Signals to a thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{mem, ptr};

/// Interrupts the thread that has made it, thousands of times a second, until it is dropped.
pub(crate) struct Nuisance {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Nuisance {
    pub(crate) fn new() -> Self {
        extern "C" fn nothing(_: libc::c_int) {}
        // SAFETY: an all-zero sigaction is a valid one: no flags (so no SA_RESTART), an empty mask.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = nothing as *const () as libc::sighandler_t;
        // SAFETY: `action` lives through the call, and its handler does nothing.
        assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()) }, 0);
        // SAFETY: takes nothing, cannot fail.
        let whom = unsafe { libc::pthread_self() };
        let stop = Arc::new(AtomicBool::new(false));
        let until = stop.clone();
        let thread = thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                // SAFETY: the thread is alive: it waits for this one before it goes on from `drop`.
                unsafe { libc::pthread_kill(whom, libc::SIGUSR1) };
                thread::sleep(Duration::from_micros(100));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Nuisance {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
