//! Senders that wait for another port's queue to have room.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often to look for room that nobody tells of.
const LOOK: Duration = Duration::from_millis(20);

/// Told whenever something may have been taken off a queue; costs one load while nobody waits.
#[derive(Default)]
pub(super) struct Room {
    senders: AtomicUsize,
    changes: Mutex<u64>,
    changed: Condvar,
}

impl Room {
    /// Something was taken off a queue, or a port went away: to be told after the port's lock was held for it.
    #[inline]
    pub(super) fn changed(&self) {
        if self.senders.load(Ordering::Relaxed) != 0 {
            let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
            *changes = changes.wrapping_add(1);
            self.changed.notify_all();
        }
    }

    /// Tries to send until `send` (which takes the lock of the port that it is for) says that it is done.
    pub(super) fn wait<T>(&self, mut send: impl FnMut() -> Option<T>) -> T {
        self.senders.fetch_add(1, Ordering::Relaxed);
        let count = || self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = loop {
            // A change between the try and the wait has another number: it is not lost.
            let before = *count();
            if let Some(sent) = send() {
                break sent;
            }
            let unchanged = |changes: &mut u64| *changes == before;
            // What another process reads off its channel is told to nobody here.
            drop(self.changed.wait_timeout_while(count(), LOOK, unchanged).unwrap_or_else(PoisonError::into_inner));
        };
        self.senders.fetch_sub(1, Ordering::Relaxed);
        sent
    }
}
