//! A dump that goes on: at most one a port, pulled by its reader.

use std::any::Any;
use std::sync::Arc;

use super::Request;
use crate::kernel::{Aside, Nack};

/// Where a dump stands: whatever its handler keeps, moved in and out of the engine.
pub type Cursor = Box<dyn Any + Send>;

/// The state of a port's dump.
pub(super) struct Running {
    pub(super) request: Arc<Request>,
    pub(super) stage: Stage,
    /// The generation that the last message was consistent with; 0 for none.
    pub(super) generation: u64,
    /// Whether a fault makes the next message torn.
    pub(super) tear: bool,
}

pub(super) enum Stage {
    /// `start` or a `fill` runs, or waits to.
    Away,
    /// Waits for the reader to make room.
    Resting(Cursor),
    /// All objects are out, the end is not: it found no room.
    Ending { cursor: Cursor, end: Box<End> },
}

/// How a dump ends.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Success, or why it went no further.
    pub(super) result: Result<(), Nack>,
    /// What is said besides.
    pub(super) warning: Option<Box<Aside>>,
    /// Whether what was dumped has changed meanwhile.
    pub(super) torn: bool,
    /// Whether it was a selection.
    pub(super) filtered: bool,
}

/// What a fill brought.
#[derive(Debug)]
pub enum Filled {
    /// There is more, or there may be.
    More,
    /// That was all.
    Done,
    /// It ends here.
    Failed(Nack),
}
