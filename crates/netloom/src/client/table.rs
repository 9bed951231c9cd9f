//! A table that events keep true, without I/O.

use std::collections::VecDeque;
use std::fmt;

use netloom_wire as wire;

use super::event::Event;
use super::objects::{Objects, Reading};
use super::unmarked::Unmarked;
use super::watchable::{Change, News, Refused, Watchable};
use crate::Result;
use crate::error::Error;

/// A table of objects, fed with dumps and events, that says what has changed and what it wants next: the part of a
/// [`Watch`](super::Watch) that waits for nothing, for loops of one's own.
///
/// ```no_run
/// # use netloom::Connection;
/// # use netloom::client::{Subscription, Table, Want, Watchable};
/// # fn turn<W: Watchable>(nl: &Connection, events: &mut Subscription, table: &mut Table<W>) -> netloom::Result<()> {
/// match table.want() {
///     Want::Discard => while events.try_next().is_some() {},
///     Want::Fence => { /* do what `W::FENCE` says */ }
///     Want::Events => while let Some(event) = events.try_next() { table.hear(&event?) },
///     Want::Dump(request) => {
///         let mut dump = nl.dump(table.of().op(), &request)?;
///         let mut datagrams = dump.datagrams();
///         loop {
///             let object = dump.next();
///             if dump.datagrams() > std::mem::replace(&mut datagrams, dump.datagrams()) {
///                 table.pause();
///             }
///             let Some(object) = object else { break };
///             table.object(object?); // torn: it wants the same again
///         }
///     }
///     Want::Event => return Ok(table.hear(&events.next().expect("it waits")?)),
///     _ => unreachable!("there is no more yet"),
/// }
/// table.done();
/// # Ok(()) }
/// ```
///
/// # Why it comes to be true
///
/// What the kernel tells, it tells in the order in which it happens, on one socket; a dump reads each object at some
/// moment. An event that is older than what the dump has read undoes it for a while: but behind it in the queue stands
/// each event that came in between, the last of which tells what the dump has read. So events are never compared with the
/// dump, and what they tell twice is no change.
///
/// This holds for events that tell all of an object. What an event means besides (a route that replaces *some* other) is not
/// to be guessed while [`Objects::is_ahead`]: until what was queued while it was dumped has been heard.
///
/// And it holds for what is told. What happens without a word is told of by another event, its cause (a link that goes
/// down takes routes along), but the cause may be told *before* the effect. So a part that is to be looked at again is
/// dumped behind a [fence](super::Fence) that waits out what has been told of, and behind all that was told before the fence:
/// else an older event could bring back what went silently, and nothing would come to take it away. Causes that are heard
/// between the fence and the dump are looked at once more.
///
/// A dump that is torn is wanted again. Linux does not mark all that are: where it walks by position (neighbours, forwarding
/// tables, rules, IPv6 routes), an object that goes while a dump pauses has another one passed over, which no event will tell
/// of. So there a dump of several datagrams is wanted again if behind it something is heard that may have torn it, or if it
/// had an object twice, as one has whose hash table grew. Under constant change that ends after ten attempts: what any of them
/// has seen, and no event has told to be gone, is there then; what is left to chance is that each attempt misses the same
/// object. Where objects may be the same in all (rules), the last attempt's are taken.
///
/// After a loss an event in the queue may be older than what was lost, and nothing behind it makes good for it: what was
/// queued is thrown away before all is dumped. The causes among it are not, where a fence has not waited them out.
pub struct Table<W: Watchable> {
    of: W,
    objects: Objects<W>,
    changes: VecDeque<Change<W::Object>>,
    /// What is to be done before the next event is waited for.
    steps: VecDeque<Step<W::Part>>,
    reading: Option<Reading<W>>,
    unmarked: Unmarked<W>,
    /// To be looked at again.
    dirty: Vec<W::Part>,
    /// To be looked at now that the fence is passed.
    fenced: Vec<W::Part>,
    news: Vec<News<W>>,
    synced: bool,
    verifying: bool,
    /// What readings find, while it is verified, and when it has been.
    found: Option<Vec<Change<W::Object>>>,
    verified: Option<Vec<Change<W::Object>>>,
}

/// What a [`Table`] wants next; [`Table::done`] says that it has it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Want<R> {
    /// What is queued is to be thrown away: it stands before a loss.
    Discard,
    /// What the kernel side is doing is to be [waited out](super::Fence).
    Fence,
    /// What is queued is to be [heard](Table::hear), without waiting for more.
    Events,
    /// This is to be dumped: an [object](Table::object) after the other.
    Dump(R),
    /// An event is to be waited for, and [heard](Table::hear).
    Event,
}

#[derive(Debug)]
enum Step<P> {
    Discard,
    Fence,
    /// Events that are older than the dump that follows: only what they say is to be looked at counts.
    Sift,
    CatchUp,
    Plan,
    Dump(P),
    Synced,
    /// What follows is a verification; and here it ends.
    Verify,
    Verified,
}

impl<W: Watchable> Table<W> {
    /// A table that has nothing yet. Its groups are to be joined before anything else is done.
    pub fn new(of: W) -> Self {
        let mut table = Self {
            of,
            objects: Objects::new(),
            changes: VecDeque::new(),
            steps: VecDeque::new(),
            reading: None,
            unmarked: Unmarked::new(),
            dirty: Vec::new(),
            fenced: Vec::new(),
            news: Vec::new(),
            synced: false,
            verifying: false,
            found: None,
            verified: None,
        };
        table.restart();
        table
    }

    /// What it is a table of.
    pub fn of(&self) -> &W {
        &self.of
    }

    /// The objects that it has: those of all that has been read and heard, whether it has been [told](Table::change) or not.
    pub fn objects(&self) -> &Objects<W> {
        &self.objects
    }

    /// Whether the table has all there is, and nothing was lost since.
    pub fn is_synced(&self) -> bool {
        self.synced
    }

    /// The next change that has not been told. A verification that is under way is given up: what it has found is told.
    pub fn change(&mut self) -> Option<Change<W::Object>> {
        if std::mem::take(&mut self.verifying) {
            self.steps.retain(|step| !matches!(step, Step::Verify | Step::Verified));
            self.changes.extend(self.found.take().into_iter().flatten());
        }
        self.changes.pop_front()
    }

    /// What it wants. A dump that is asked for again begins from the start: what was told of one that was torn counts for nothing.
    pub fn want(&mut self) -> Want<<W::Op as wire::Dump>::Request> {
        if self.steps.is_empty() && !(self.dirty.is_empty() && self.fenced.is_empty()) {
            self.steps.extend([Step::CatchUp, Step::Fence, Step::CatchUp, Step::Plan]);
        }
        match self.steps.front() {
            Some(Step::Discard) => Want::Discard,
            Some(Step::Fence) => Want::Fence,
            Some(Step::Sift | Step::CatchUp) => Want::Events,
            Some(Step::Dump(part)) => {
                // A cause that was heard behind the fence may have its effect only now.
                let unsettled = !self.dirty.is_empty();
                self.reading = Some(Reading::begin(&mut self.objects, self.unmarked.since(part), unsettled));
                Want::Dump(self.of.request(part))
            }
            // The others are taken as soon as they come to the front.
            _ => Want::Event,
        }
    }

    /// What it wanted has been done: for a dump, it ended and was not torn.
    pub fn done(&mut self) {
        self.step();
        while let Some(Step::Plan | Step::Synced | Step::Verify | Step::Verified) = self.steps.front() {
            self.step();
        }
    }

    fn step(&mut self) {
        match self.steps.pop_front() {
            // What was to be looked at is dumped with all the rest.
            Some(Step::Discard) => self.dirty.clear(),
            Some(Step::Fence) => {
                for part in std::mem::take(&mut self.dirty) {
                    mark(&mut self.fenced, part);
                }
            }
            Some(Step::Plan) => {
                let parts = std::mem::take(&mut self.fenced);
                let parts = self.of.plan(parts, &self.objects, &mut self.news);
                self.apply();
                if !parts.is_empty() {
                    self.steps.push_front(Step::CatchUp);
                }
                for part in parts.into_iter().rev() {
                    self.steps.push_front(Step::Dump(part));
                }
            }
            Some(Step::Dump(part)) => {
                let Some(reading) = self.reading.take() else { return };
                self.objects.ahead = true;
                let mut tell = teller(&mut self.found, &mut self.changes);
                let pieces = reading.end(&self.of, &part, &mut self.objects, &mut tell);
                self.unmarked.add(part, pieces);
            }
            Some(Step::Synced) => {
                self.synced = true;
                self.changes.push_back(Change::Synced);
            }
            Some(Step::Verify) => self.found = Some(Vec::new()),
            Some(Step::Verified) => (self.verifying, self.verified) = (false, self.found.take()),
            Some(Step::CatchUp) => {
                self.objects.ahead = false;
                let (whole, torn) = self.unmarked.judged();
                for pieces in whole {
                    let tell = teller(&mut self.found, &mut self.changes);
                    self.objects.sweep(&self.of, &pieces.part, pieces.since, tell);
                }
                if !torn.is_empty() {
                    self.steps.push_front(Step::CatchUp);
                    for part in torn.into_iter().rev() {
                        self.steps.push_front(Step::Dump(part));
                    }
                    self.steps.push_front(Step::CatchUp);
                    self.steps.push_front(Step::Fence);
                }
            }
            Some(Step::Sift) | None => {}
        }
    }

    /// An object of the dump that it wanted.
    pub fn object(&mut self, object: <W::Op as wire::Dump>::Reply) {
        let Some(reading) = &mut self.reading else { return };
        if let Some(object) = self.of.keep(object) {
            reading.see(&self.of, &mut self.objects, object);
        }
    }

    /// The dump that it wanted goes on, or ends, in another datagram: what was dumped before was read at another moment. Where
    /// the kernel side does not [mark](Watchable::MARKED) dumps that are torn, one of several datagrams is wanted again if what
    /// is heard behind it [tears](Watchable::tears) it.
    pub fn pause(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.pause();
        }
    }

    /// The dump that it wanted has failed; the error if that does not [mean](Watchable::refused) something. It is wanted again,
    /// or another one.
    pub fn failed(&mut self, error: Error) -> Result<()> {
        let Some(Step::Dump(part)) = self.steps.front_mut() else { return Err(error) };
        match self.of.refused(part, &error) {
            Refused::Empty => self.done(),
            Refused::Instead(other) => {
                self.unmarked.forget_part(part);
                *part = other;
            }
            Refused::Failed => return Err(error),
        }
        Ok(())
    }

    /// An event.
    pub fn hear(&mut self, event: &Event) {
        self.unmarked.hear(&self.of, event);
        self.of.hear(event, &self.objects, &mut self.news);
        self.apply();
    }

    /// Events were lost: all is to be dumped anew.
    pub fn lost(&mut self, why: Error) {
        self.changes.push_back(Change::Lost(why));
        self.restart();
    }

    /// Has all dumped again, behind what is under way: what that finds, and no event has told, is kept
    /// [apart](Table::verified).
    pub fn verify(&mut self) {
        if !std::mem::replace(&mut self.verifying, true) {
            self.verified = None;
            self.dump_to_verify();
        }
    }

    /// Whether a verification is under way.
    pub(super) fn is_verifying(&self) -> bool {
        self.verifying
    }

    /// What a verification has found; `None` while it is under way.
    pub fn verified(&mut self) -> Option<Vec<Change<W::Object>>> {
        self.verified.take()
    }

    /// Begins anew, with what it has: it is held against what is dumped.
    pub fn restart(&mut self) {
        (self.synced, self.reading, self.found) = (false, None, None);
        self.objects.ahead = false;
        self.of.forget();
        self.unmarked.forget();
        self.fenced.clear();
        self.steps.clear();
        self.steps.extend([Step::Discard, Step::Fence, Step::Sift]);
        self.steps.extend(self.of.parts().into_iter().map(Step::Dump));
        self.steps.extend([Step::CatchUp, Step::Synced]);
        if self.verifying {
            self.dump_to_verify();
        }
    }

    fn dump_to_verify(&mut self) {
        self.steps.extend([Step::CatchUp, Step::Fence, Step::CatchUp, Step::Verify]);
        self.steps.extend(self.of.parts().into_iter().map(Step::Dump));
        self.steps.extend([Step::CatchUp, Step::Verified]);
    }

    /// Does what the news say.
    fn apply(&mut self) {
        let sifting = matches!(self.steps.front(), Some(Step::Sift));
        for news in self.news.drain(..) {
            let change = match news {
                News::Look(part) => {
                    mark(&mut self.dirty, part);
                    None
                }
                _ if sifting => None,
                News::There(object) => self.objects.put(&self.of, object),
                News::Instead(old, object) => self.objects.replace(&self.of, &old, object),
                News::Gone(object) => self.objects.remove(&self.of, &object),
                News::Lost(known) => self.objects.drop_one(&self.of, &known),
            };
            self.changes.extend(change);
        }
    }
}

/// Where changes go that a dump has found: to what a verification has, while there is one.
fn teller<T>(found: &mut Option<Vec<Change<T>>>, changes: &mut VecDeque<Change<T>>) -> impl FnMut(Change<T>) {
    move |change| match found {
        Some(found) => found.push(change),
        None => changes.push_back(change),
    }
}

/// Once is enough.
fn mark<P: PartialEq>(parts: &mut Vec<P>, part: P) {
    if !parts.contains(&part) {
        parts.push(part);
    }
}

impl<W: Watchable> fmt::Debug for Table<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Table({} objects, {} changes to tell, synced {})",
            self.objects.len(),
            self.changes.len(),
            self.synced
        )
    }
}

#[cfg(test)]
mod tests;
