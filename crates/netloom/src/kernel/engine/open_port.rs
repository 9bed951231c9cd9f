//! An open socket: its lock, and how those who wait for it are told.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netloom_wire::Errno;

use super::port::{Port, PortKey};

/// Called when something was queued, without any lock held.
pub type Listener = Arc<dyn Fn() + Send + Sync>;

/// A port's state in the hands of one thread.
pub(crate) type Held<'p> = MutexGuard<'p, Port>;

/// An open socket of an [`Engine`](super::Engine)'s; whoever has it reaches the socket without asking for it by name.
///
/// Apart from others by more than the two lines that processors fetch at once: sockets of different threads share nothing
/// that is written.
#[repr(align(128))]
pub struct OpenPort {
    key: PortKey,
    port: Mutex<Port>,
    /// Told whenever something was queued, answered or completed while somebody waits for that.
    changed: Condvar,
    /// Whether its program is in another process, behind a unix socket.
    served: AtomicBool,
}

impl OpenPort {
    pub(super) fn new(port: Port) -> Arc<Self> {
        Arc::new(Self {
            key: port.key,
            port: Mutex::new(port),
            changed: Condvar::new(),
            served: AtomicBool::new(false),
        })
    }

    /// Says that its program is in another process.
    pub(crate) fn set_served(&self) {
        self.served.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_served(&self) -> bool {
        self.served.load(Ordering::Relaxed)
    }

    /// Its name, which no other socket of this engine ever has.
    pub fn key(&self) -> PortKey {
        self.key
    }

    /// Has `listener` called, instead of one before it, whenever something was queued for its reader.
    pub fn listen(&self, listener: Listener) {
        let before = self.hold().listener.replace(listener);
        // What it owns may call the kernel side: not under the lock.
        drop(before);
    }

    /// Its state, closed or not. Whoever has it must ask for no other port's, nor for the register of families.
    pub(crate) fn hold(&self) -> Held<'_> {
        // No handler runs under the lock, so a poisoned one guards a state that is whole.
        self.port.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same; EBADF if it is closed.
    pub(crate) fn hold_open(&self) -> Result<Held<'_>, Errno> {
        let port = self.hold();
        if port.closed { Err(Errno::EBADF) } else { Ok(port) }
    }

    /// Lets go of it, and tells those who wait what has happened meanwhile.
    pub(crate) fn release(&self, port: Held<'_>) {
        if let Some(listener) = self.release_silently(port) {
            listener();
        }
    }

    /// The same; the listener, if it is due, is called by the caller, who may have locks to let go of before.
    #[must_use]
    pub(super) fn release_silently(&self, mut port: Held<'_>) -> Option<Listener> {
        if !std::mem::take(&mut port.rung) {
            return None;
        }
        // A closed one has no reader.
        let listener = if port.closed { None } else { port.listener.clone() };
        let sleepers = port.sleepers;
        drop(port);
        if sleepers > 0 {
            self.changed.notify_all();
        }
        listener
    }

    /// Waits until something has happened, or for so long; who is woken looks again.
    pub(crate) fn wait<'p>(&'p self, mut port: Held<'p>, time: Option<Duration>) -> Held<'p> {
        if port.rung {
            // What this thread did itself may be what others wait for.
            self.release(port);
            return self.hold();
        }
        port.sleepers = port.sleepers.saturating_add(1);
        let mut port = match time {
            Some(time) => self.changed.wait_timeout(port, time).unwrap_or_else(PoisonError::into_inner).0,
            None => self.changed.wait(port).unwrap_or_else(PoisonError::into_inner),
        };
        port.sleepers = port.sleepers.saturating_sub(1);
        port
    }

    /// Wakes whoever waits.
    pub(crate) fn nudge(&self) {
        // Under the lock, so that nobody is between looking and waiting.
        let _port = self.hold();
        self.changed.notify_all();
    }
}

impl fmt::Debug for OpenPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenPort({})", self.key.0)
    }
}
