//! Whom to wake when a socket has something.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use crate::client::strays::Told;

/// The tasks that wait for one socket. It is the socket's only waker: of those who wait it wakes one, who reads for all, and
/// hands this duty on when it is done or dropped.
#[derive(Default)]
pub(super) struct Bell {
    waiting: Mutex<BTreeMap<u64, Waker>>,
}

impl Bell {
    /// This one waits, from now on, in its turn: the lowest name is woken first.
    pub(super) fn wait(&self, name: u64, waker: &Waker) {
        let mut waiting = self.waiting();
        match waiting.get_mut(&name) {
            Some(known) => known.clone_from(waker),
            None => drop(waiting.insert(name, waker.clone())),
        }
    }

    /// Wakes one of those who wait, to read the socket.
    pub(super) fn ring(&self) {
        let first = self.waiting().pop_first();
        if let Some((_, waker)) = first {
            waker.wake();
        }
    }

    /// Wakes this one, if it waits: there is something for it.
    pub(super) fn call(&self, name: u64) {
        let found = self.waiting().remove(&name);
        if let Some(waker) = found {
            waker.wake();
        }
    }

    /// This one, who has waited, waits no more. If it was woken to read, somebody else is.
    pub(super) fn leave(&self, name: u64) {
        let waited = self.waiting().remove(&name);
        if waited.is_none() {
            self.ring();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<u64, Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

/// One who waits for what answers nothing, by name.
pub(super) struct Listener {
    pub(super) bell: Arc<Bell>,
    pub(super) name: u64,
}

impl Told for Listener {
    fn tell(&self) {
        self.bell.call(self.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn whoever_is_woken_and_leaves_wakes_the_next() {
        let bell = Bell::default();
        let counts: [Arc<Count>; 3] = Default::default();
        let woken = || counts.each_ref().map(|count| count.0.load(Ordering::Relaxed));
        for (name, count) in (0..).zip(&counts) {
            bell.wait(name, &Waker::from(count.clone()));
            // Twice is once, by the newer waker.
            bell.wait(name, &Waker::from(count.clone()));
        }
        bell.ring();
        assert_eq!(woken(), [1, 0, 0]);
        bell.leave(0);
        assert_eq!(woken(), [1, 1, 0], "the first had been woken to read, so the second is now");
        bell.leave(2);
        assert_eq!(woken(), [1, 1, 0], "the third had not");
        bell.leave(1);
        bell.call(2);
        bell.ring();
        assert_eq!(woken(), [1, 1, 0], "nobody is left");
    }
}
