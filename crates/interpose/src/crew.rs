//! Who does the work. One thread at a time takes what happens and deals with it; when that takes long (a handler may
//! sleep), another takes its place, so that one slow call keeps nobody else waiting.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long a job may take before another thread goes on with the next.
const SLOW: Duration = Duration::from_millis(2);
/// So many quiet looks, and nobody looks until there is work again.
const QUIET: u32 = 50;

/// The place of the thread that takes what happens.
#[derive(Debug, Default)]
pub(crate) struct Post {
    /// Odd while a job is being done.
    tick: AtomicU64,
    /// Another has the place.
    relieved: AtomicBool,
}

impl Post {
    pub(crate) fn is_relieved(&self) -> bool {
        self.relieved.load(Ordering::Acquire)
    }
}

/// The thread that looks whether jobs take long.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    looking: AtomicBool,
    stopped: AtomicBool,
    thread: Mutex<Option<Thread>>,
}

impl Watch {
    /// Does a job, watched.
    pub(crate) fn job<T>(&self, post: &Post, job: impl FnOnce() -> T) -> T {
        post.tick.fetch_add(1, Ordering::AcqRel);
        if !self.looking.swap(true, Ordering::AcqRel) {
            self.wake();
        }
        let done = job();
        post.tick.fetch_add(1, Ordering::AcqRel);
        done
    }

    /// Ends the watching.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        if let Some(thread) = &*self.thread.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.unpark();
        }
    }

    /// Watches until it is stopped. `relieve` starts a thread on the post that it is given; false if it cannot.
    pub(crate) fn run(&self, mut post: Arc<Post>, relieve: impl Fn(&Arc<Post>) -> bool) {
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        let mut quiet = 0;
        let mut seen = post.tick.load(Ordering::Acquire);
        while !self.stopped.load(Ordering::Acquire) {
            if quiet >= QUIET {
                self.looking.swap(false, Ordering::SeqCst);
                // What began before that woke nobody.
                if post.tick.load(Ordering::Acquire) == seen {
                    thread::park();
                }
                quiet = 0;
            }
            thread::sleep(SLOW);
            let now = post.tick.load(Ordering::Acquire);
            if now != seen {
                (seen, quiet) = (now, 0);
            } else if now.is_multiple_of(2) {
                quiet = quiet.saturating_add(1);
            } else {
                let next = Arc::new(Post::default());
                if relieve(&next) {
                    post.relieved.store(true, Ordering::Release);
                    post = next;
                    seen = 0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn who_is_stuck_is_relieved_and_who_is_quick_is_not() {
        let (watch, first) = (Arc::new(Watch::default()), Arc::new(Post::default()));
        let (relieved, heard) = mpsc::channel();
        let watcher = {
            let (watch, first) = (watch.clone(), first.clone());
            thread::spawn(move || watch.run(first, |post| relieved.send(post.clone()).is_ok()))
        };
        // A thread that loses its processor within a job is slow, too, and relieved: not each time.
        let mut post = first;
        let quiet = (0..50).any(|_| {
            for _ in 0..1_000 {
                watch.job(&post, || ());
            }
            let next = heard.recv_timeout(Duration::from_millis(400));
            let quiet = next.is_err();
            if let Some(newest) = next.into_iter().chain(heard.try_iter()).last() {
                post = newest;
            }
            quiet
        });
        assert!(quiet, "by now nobody looks any more");
        let stuck = |post: &Post| {
            watch.job(post, || {
                let next = heard.recv().unwrap();
                // Told after the next is there.
                while !post.is_relieved() {
                    thread::yield_now();
                }
                next
            })
        };
        let second = stuck(&post);
        let third = stuck(&second);
        assert!(!third.is_relieved());
        watch.stop();
        watcher.join().unwrap();
    }
}
