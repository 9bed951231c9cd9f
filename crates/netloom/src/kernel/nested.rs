//! Handlers that call the kernel side they run in.

use std::cell::RefCell;
use std::sync::Arc;

use netloom_wire::Errno;

use super::engine::{Filled, Outcome, Task, Work, WorkId};
use super::{Kernel, Nack};

thread_local! {
    /// The serialised work that this thread runs, the innermost last, by kernel side.
    static RUNNING: RefCell<Vec<(usize, WorkId)>> = const { RefCell::new(Vec::new()) };
}

/// Serialised work that runs in this thread, until it is dropped.
pub(super) struct Running;

impl Running {
    pub(super) fn begin(kernel: &Kernel, id: WorkId) -> Self {
        RUNNING.with_borrow_mut(|running| running.push((name(kernel), id)));
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| running.pop());
    }
}

/// The serialised work of a kernel side that this thread runs right now, each of one protocol.
pub(super) fn holders(kernel: &Kernel) -> Vec<WorkId> {
    let own = name(kernel);
    RUNNING.with_borrow(|running| running.iter().filter(|(kernel, _)| *kernel == own).map(|(_, id)| *id).collect())
}

fn name(kernel: &Kernel) -> usize {
    Arc::as_ptr(&kernel.0).addr()
}

impl Kernel {
    /// Refuses what a handler asked for and would have to wait for that handler. Linux hangs there.
    pub(super) fn refuse_nested(&self, work: Work) -> Outcome {
        let nack = Nack::new(Errno::EDEADLK).with_message("a handler waits for itself: make its family parallel");
        match work.task {
            Task::Do => Outcome::Did { reply: None, answer: Err(nack), warning: None },
            Task::DumpStart => Outcome::Started(Err(nack)),
            Task::DumpFill(fill) => Outcome::Filled {
                cursor: fill.cursor,
                chunk: Vec::new(),
                filled: Filled::Failed(nack),
                generation: fill.generation,
                torn: false,
            },
            Task::DumpDone(_) => {
                // What a dump holds is released all the same.
                let ops = self.lock().handlers.get(&work.request.family.key).cloned();
                self.run(work, ops.as_deref())
            }
        }
    }
}
