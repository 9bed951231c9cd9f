//! Dumps that may be torn without a mark.

use super::event::Event;
use super::follow::Attempts;
use super::watchable::Watchable;

/// What was dumped in several pieces, of a kind that the kernel side does not mark as torn: what was told meanwhile judges it.
pub(super) struct Unmarked<W: Watchable> {
    read: Vec<Pieces<W>>,
    again: Vec<Pieces<W>>,
}

/// A part that was dumped in pieces, once or several times.
pub(super) struct Pieces<W: Watchable> {
    pub(super) part: W::Part,
    /// The first reading whose objects count.
    pub(super) since: u32,
    /// Behind which objects the dump paused.
    pauses: Vec<W::Key>,
    torn: bool,
    attempts: u32,
}

impl<W: Watchable> Unmarked<W> {
    pub(super) fn new() -> Self {
        Self { read: Vec::new(), again: Vec::new() }
    }

    /// The reading since which this part's objects count, where it is read again. Where there may be several that are the
    /// same, what two readings have cannot be put together.
    pub(super) fn since(&self, part: &W::Part) -> Option<u32> {
        let before = self.again.iter().find(|pieces| pieces.part == *part)?;
        (!W::REPEATS).then_some(before.since)
    }

    /// This part has been read: in pieces that may not fit, where there are some.
    pub(super) fn add(&mut self, part: W::Part, pieces: Option<(u32, Vec<W::Key>, bool)>) {
        let before = self.forget_part(&part);
        let attempts = before.map_or(0, |before| before.attempts).saturating_add(1);
        let pieces = pieces.map(|(since, pauses, torn)| Pieces { part, since, pauses, torn, attempts });
        self.read.extend(pieces);
    }

    /// What was read of this part is not to be gone on with.
    pub(super) fn forget_part(&mut self, part: &W::Part) -> Option<Pieces<W>> {
        let place = self.again.iter().position(|pieces| pieces.part == *part)?;
        Some(self.again.swap_remove(place))
    }

    /// This has happened, while they were read or later.
    pub(super) fn hear(&mut self, of: &W, event: &Event) {
        for pieces in self.read.iter_mut().filter(|pieces| !pieces.torn) {
            pieces.torn = of.tears(&pieces.part, &pieces.pauses, event);
        }
    }

    /// All that was told while they were read has been heard: those that are whole, or as whole as they get; the others are to be
    /// read again.
    pub(super) fn judged(&mut self) -> (Vec<Pieces<W>>, Vec<W::Part>) {
        if self.read.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let judged = std::mem::take(&mut self.read).into_iter();
        let (torn, whole): (Vec<_>, _) = judged.partition(|pieces| pieces.torn && pieces.attempts < Attempts::MOST);
        let parts = torn.iter().map(|pieces| pieces.part.clone()).collect();
        self.again = torn;
        (whole, parts)
    }

    pub(super) fn forget(&mut self) {
        *self = Self::new();
    }
}
