//! Answers that are owed: whoever called waits for one, whatever becomes of us meanwhile.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use netloom::Errno;

use crate::sys::Listener;

/// An answer that is owed to a call: EFAULT if a panic throws it away, as a handler that panics has refused.
pub(crate) struct Owed {
    listener: Arc<Listener>,
    id: u64,
}

impl Owed {
    pub(crate) fn new(listener: &Arc<Listener>, id: u64) -> Self {
        Self { listener: listener.clone(), id }
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        if thread::panicking() {
            // One that was answered before is not waiting any more, which is all that comes of it.
            let _ = self.listener.answer(self.id, Err(Errno::EFAULT));
        }
    }
}

impl fmt::Debug for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Owed({})", self.id)
    }
}

/// Does a job; a panic in it has been told by its hook, and ends the job alone.
pub(crate) fn contained(job: impl FnOnce()) {
    // Locks that it held are taken as they are by whoever is next.
    let _ = panic::catch_unwind(AssertUnwindSafe(job));
}
