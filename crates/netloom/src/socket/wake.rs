//! Waking a thread that waits for a socket.

use std::fmt;
use std::os::fd::BorrowedFd;
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Endpoint, Socket};

/// A switch that ends [`Endpoint::wait`] from another thread.
///
/// It stays pulled until its owner resets it, so that a pull that comes before the wait is not lost; once closed it is
/// pulled for good.
pub struct Wake {
    state: Mutex<State>,
    endpoint: Weak<dyn Endpoint>,
    /// The same for a poll. `None` where the process has no descriptor left: the wait looks now and then.
    #[cfg(target_os = "linux")]
    switch: Option<OwnedFd>,
}

#[derive(Clone, Copy, Default)]
struct State {
    pulled: bool,
    closed: bool,
}

impl Wake {
    /// A switch for whoever waits for this socket.
    pub fn new(socket: &Socket) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            endpoint: Arc::downgrade(socket.endpoint()),
            #[cfg(target_os = "linux")]
            switch: super::sys::switch().ok(),
        })
    }

    /// Wakes who waits now, or will next.
    pub fn pull(&self) {
        self.change(|state| state.pulled = true);
    }

    /// Wakes who waits now, and whoever will ever.
    pub fn close(&self) {
        self.change(|state| state.closed = true);
    }

    /// Whether it was pulled and not reset since, or closed.
    pub fn is_pulled(&self) -> bool {
        let state = self.state();
        state.pulled || state.closed
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Makes it ready for the next wait. Look afterwards at what a pull would tell of: nothing is lost then.
    pub fn reset(&self) {
        let mut state = self.state();
        if std::mem::take(&mut state.pulled) {
            #[cfg(target_os = "linux")]
            if let Some(switch) = self.switch.as_ref().filter(|_| !state.closed) {
                super::sys::turn_off(switch.as_fd());
            }
        }
    }

    /// Something to poll beside a socket: readable while it is pulled.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        #[cfg(target_os = "linux")]
        return self.switch.as_ref().map(AsFd::as_fd);
        #[cfg(not(target_os = "linux"))]
        None
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        #[cfg(target_os = "linux")]
        if let Some(switch) = &self.switch {
            super::sys::turn_on(switch.as_fd());
        }
        drop(state);
        if let Some(endpoint) = self.endpoint.upgrade() {
            endpoint.nudge();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_pulled() { "Wake(pulled)" } else { "Wake" })
    }
}
