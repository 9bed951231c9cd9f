//! Handlers that call the kernel side they run in.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex};

use netloom_wire::Protocol;

use super::Kernel;

thread_local! {
    /// The turns that the work has which this thread runs, the innermost last, by kernel side.
    static RUNNING: RefCell<Vec<(usize, Protocol)>> = const { RefCell::new(Vec::new()) };
    /// The locks of protocols that this thread holds or waits for.
    static HELD: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    /// How many handlers this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Whether this thread runs a handler of a kernel side's. Who is told of something there
/// ([`Endpoint::on_readable`](crate::socket::Endpoint::on_readable)) leaves receiving to another thread: a receive has a dump go
/// on, which may need what the handler has, and is refused with EDEADLK then.
pub fn is_in_handler() -> bool {
    DEPTH.get() > 0
}

/// A handler that runs in this thread, until it is dropped.
pub(super) struct Inside(());

impl Inside {
    pub(super) fn begin() -> Self {
        DEPTH.set(DEPTH.get().saturating_add(1));
        Self(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// A protocol's lock in the hands of this thread, until it is dropped.
pub(super) struct Held(());

impl Held {
    /// None if this thread has the lock already.
    pub(super) fn begin(lock: &Arc<Mutex<()>>) -> Option<Self> {
        let lock = Arc::as_ptr(lock).addr();
        HELD.with_borrow_mut(|held| {
            let free = !held.contains(&lock);
            free.then(|| {
                held.push(lock);
                Self(())
            })
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|held| held.pop());
    }
}

/// Serialised work that runs in this thread, until it is dropped.
pub(super) struct Running;

impl Running {
    pub(super) fn begin(kernel: &Kernel, turn: Protocol) -> Self {
        RUNNING.with_borrow_mut(|running| running.push((name(kernel), turn)));
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| running.pop());
    }
}

/// Whether a protocol's turn is with work of a kernel side that this thread runs right now.
pub(super) fn has_turn(kernel: &Kernel, protocol: Protocol) -> bool {
    let own = (name(kernel), protocol);
    RUNNING.with_borrow(|running| running.contains(&own))
}

fn name(kernel: &Kernel) -> usize {
    Arc::as_ptr(&kernel.0).addr()
}
