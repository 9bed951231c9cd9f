//! What became of the requests of a batch.

use std::fmt;
use std::ops::Range;

use netloom_wire::{Do, Flags, Header, RawMessage};

use super::requests::Natures;
use super::{RawTicket, Ticket};
use crate::Result;
use crate::client::conversation::Accepted;
use crate::client::object::Object;
use crate::client::raw::{RawAnswer, RawReply};
use crate::client::request::{Answer, read, reply_of};
use crate::error::{Cause, Error};

/// What became of the requests of a [batch](super::Batch): each was done, refused, is unknown, or was not sent.
///
/// Those done take no memory, but for what came back of them.
#[must_use = "requests may have failed: ask `all`, or look through the `failures`"]
pub struct Outcomes {
    batch: u32,
    len: u32,
    natures: Natures,
    /// Of those that failed by themselves.
    failed: Vec<(u32, Error)>,
    gaps: Vec<Gap>,
    /// Of those done: the replies may have been lost.
    bare: Vec<(u32, Cause)>,
    /// Where the replies of which request lie.
    replies: Vec<(u32, Range<usize>)>,
    bytes: Vec<u8>,
    remarks: Vec<(u32, Accepted)>,
}

/// Requests in a row that share their fate.
struct Gap {
    from: u32,
    to: u32,
    cause: Cause,
}

impl Outcomes {
    /// Those of a batch without requests.
    pub(super) fn none(batch: u32) -> Self {
        Ledger::new(batch, 0).close(Natures::default())
    }

    /// How many requests the batch had.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether the batch had none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether all were done; the error is that of the first which was not.
    pub fn all(&self) -> Result<()> {
        self.failures().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Those that were not done for sure, by index, in order. The error says which of three:
    ///
    /// - the kernel side [refused](Error::is_refused) it (or its answer could not be read: as with a single call);
    /// - it is [unknown](Error::is_unknown) whether it was done: its answer was lost, or never came;
    /// - it was [not sent](Error::is_unsent).
    pub fn failures(&self) -> impl Iterator<Item = (usize, Error)> {
        let (mut failed, mut gaps) = (self.failed.iter().peekable(), self.gaps.iter().peekable());
        let mut within = 0;
        std::iter::from_fn(move || {
            let next = gaps.peek().map(|gap| gap.from.max(within));
            match (failed.peek(), next) {
                (Some((index, error)), next) if next.is_none_or(|next| *index <= next) => {
                    failed.next();
                    // What is known of a request by itself counts, also where a gap holds it.
                    within = index.saturating_add(1);
                    gaps.next_if(|gap| gap.to <= within);
                    Some((*index as usize, error.clone()))
                }
                (_, Some(index)) => {
                    let gap = gaps.peek()?;
                    let error = self.of(index, gap.cause.clone());
                    within = index.saturating_add(1);
                    if within >= gap.to {
                        gaps.next();
                    }
                    Some((index as usize, error))
                }
                _ => None,
            }
        })
    }

    /// Whether the request of this index was done; the error as in [`Outcomes::failures`].
    pub fn result(&self, index: usize) -> Result<()> {
        let Some(index) = u32::try_from(index).ok().filter(|index| *index < self.len) else {
            return Err(Error::new("", Cause::Usage("the batch had fewer requests: indices count from 0")));
        };
        if let Ok(at) = self.failed.binary_search_by_key(&index, |(index, _)| *index) {
            return self.failed.get(at).map_or(Ok(()), |(_, error)| Err(error.clone()));
        }
        let at = self.gaps.partition_point(|gap| gap.to <= index);
        match self.gaps.get(at).filter(|gap| gap.from <= index) {
            Some(gap) => Err(self.of(index, gap.cause.clone())),
            None => Ok(()),
        }
    }

    /// The (first) reply to a request.
    ///
    /// # Errors
    ///
    /// Why it was not done; that it was done without a reply, or that its reply was lost.
    pub fn reply<O: Do>(&self, ticket: Ticket<O>) -> Result<O::Reply> {
        let first = self.replies(ticket)?.next().transpose()?.map(|reply| reply.own());
        reply_of::<O>(first).map_err(|error| error.of_request(ticket.index()))
    }

    /// The replies to a request, where they lie: nothing of them is copied that is not asked for.
    ///
    /// # Errors
    ///
    /// Why it was not done; that it was, but its replies may have been lost ([`Error::is_overrun`] and the like, without
    /// being [unknown](Error::is_unknown)). Of an item: that a reply is shorter than its header.
    pub fn replies<O: Do>(&self, ticket: Ticket<O>) -> Result<impl Iterator<Item = Result<Object<'_, O::Reply>>>> {
        let bytes = self.done(ticket.batch, ticket.index)?;
        Ok(bytes.map(move |bytes| read::<O, O::Reply>(bytes).map_err(|error| error.of_request(ticket.index()))))
    }

    /// All that came back of a request. Warnings and cookies take an acknowledgement:
    /// [`Request::ack`](crate::client::Request::ack).
    ///
    /// # Errors
    ///
    /// Those of [`Outcomes::replies`].
    pub fn answer<O: Do>(&self, ticket: Ticket<O>) -> Result<Answer<O::Reply>> {
        let replies = self.replies(ticket)?.map(|reply| reply.map(|reply| reply.own())).collect::<Result<_>>()?;
        let (warning, cookie) = self.remark(ticket.index).into_parts();
        Ok(Answer { replies, warning, cookie })
    }

    /// All that came back of a request made by hand.
    ///
    /// # Errors
    ///
    /// Those of [`Outcomes::replies`].
    pub fn raw_answer(&self, ticket: RawTicket) -> Result<RawAnswer> {
        let replies = self.done(ticket.batch, ticket.index)?;
        let replies = replies.map(|bytes| RawReply::new(bytes, ticket.generic)).collect();
        let (warning, cookie) = self.remark(ticket.index).into_parts();
        Ok(RawAnswer { replies, warning, cookie })
    }

    /// The replies to a request that was done.
    fn done(&self, batch: u32, index: u32) -> Result<impl Iterator<Item = &[u8]>> {
        if batch != self.batch {
            let instead = "this ticket is of another batch: ask the outcomes of the batch that gave it";
            return Err(Error::new("", Cause::Usage(instead)));
        }
        self.result(index as usize)?;
        if let Some((_, cause)) = self.bare.iter().find(|(of, _)| *of == index) {
            return Err(self.of(index, cause.clone()));
        }
        let at = self.replies.partition_point(|(of, _)| *of < index);
        let own = self.replies.get(at..).unwrap_or_default().iter().take_while(move |(of, _)| *of == index);
        Ok(own.map(|(_, range)| self.bytes.get(range.clone()).unwrap_or_default()))
    }

    fn remark(&self, index: u32) -> Accepted {
        let at = self.remarks.partition_point(|(of, _)| *of < index);
        let found = self.remarks.get(at).filter(|(of, _)| *of == index);
        found.map(|(_, remark)| remark.clone()).unwrap_or_default()
    }

    fn of(&self, index: u32, cause: Cause) -> Error {
        let error = match self.natures.of(index) {
            Some(nature) => nature.subject().error(cause),
            None => Error::new("", cause),
        };
        error.of_request(index as usize)
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No replies here: there may be a key among them.
        f.debug_struct("Outcomes").field("len", &self.len).field("failures", &self.failures().count()).finish()
    }
}

/// The outcomes as they come in.
pub(super) struct Ledger(Outcomes);

impl Ledger {
    pub(super) fn new(batch: u32, len: u32) -> Self {
        let (failed, gaps, bare, replies, remarks) = Default::default();
        let (natures, bytes) = (Natures::default(), Vec::new());
        Self(Outcomes { batch, len, natures, failed, gaps, bare, replies, bytes, remarks })
    }

    /// A request failed by itself.
    pub(super) fn fail(&mut self, index: u32, error: Error) {
        // The first word counts.
        if self.0.failed.iter().rev().take_while(|(of, _)| *of >= index).all(|(of, _)| *of != index) {
            self.0.failed.push((index, error.of_request(index as usize)));
        }
    }

    /// Requests from `from` up to `to` share this fate.
    pub(super) fn gap(&mut self, from: u32, to: u32, cause: &Cause) {
        if from < to {
            self.0.gaps.push(Gap { from, to, cause: cause.clone() });
        }
    }

    pub(super) fn reply(&mut self, index: u32, message: &RawMessage<'_>) {
        let start = self.0.bytes.len();
        self.0.bytes.extend_from_slice(message.bytes);
        self.0.replies.push((index, start..self.0.bytes.len()));
    }

    /// Whether the last reply that came is of this request, and nothing belongs behind it.
    pub(super) fn has_whole_reply(&self, index: u32) -> bool {
        let last = self.0.replies.last().filter(|(of, _)| *of == index);
        let header = last.and_then(|(_, range)| Header::read(self.0.bytes.get(range.clone())?));
        header.is_some_and(|header| !header.flags.contains(Flags::MULTI))
    }

    /// A request was done, but its replies may have been lost.
    pub(super) fn miss_reply(&mut self, index: u32, cause: &Cause) {
        self.0.bare.push((index, cause.clone()));
    }

    pub(super) fn remark(&mut self, index: u32, remark: Accepted) {
        if remark.says_something() {
            self.0.remarks.push((index, remark));
        }
    }

    /// The first failure of a send, whose first request is this one.
    pub(super) fn failed_since(&self, index: u32) -> Option<u32> {
        let failed = self.0.failed.iter().rev().map(|(of, _)| *of).take_while(|of| *of >= index);
        failed.chain(self.0.gaps.iter().rev().map(|gap| gap.from).take_while(|from| *from >= index)).min()
    }

    /// The cause, if not a single request was sent, for one that is the same for all.
    pub(super) fn nothing_sent(&self) -> Option<&Cause> {
        match self.0.gaps.as_slice() {
            [Gap { from: 0, to, cause: Cause::Unsent(cause) }] if *to == self.0.len => Some(cause),
            _ => None,
        }
    }

    pub(super) fn close(self, natures: Natures) -> Outcomes {
        let Self(mut outcomes) = self;
        outcomes.natures = natures;
        // In order already, but where answers came out of order.
        outcomes.failed.sort_by_key(|(index, _)| *index);
        outcomes.replies.sort_by_key(|(index, _)| *index);
        outcomes.remarks.sort_by_key(|(index, _)| *index);
        outcomes.gaps.sort_by_key(|gap| gap.from);
        outcomes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_is_told_once_and_as_it_is_known_by_itself() {
        let mut ledger = Ledger::new(0, 20);
        for (from, to) in [(3, 6), (8, 9), (15, 20)] {
            ledger.gap(from, to, &Cause::Overrun);
        }
        // Outside of any gap, within one, at its ends, all of it.
        let known = [1, 3, 5, 8, 12, 17, 19];
        known.iter().for_each(|index| ledger.fail(*index, Error::new("", Cause::Short)));
        let outcomes = ledger.close(Natures::default());
        let told: Vec<_> = outcomes.failures().map(|(index, error)| (index, error.is_overrun())).collect();
        let by_index = |index| outcomes.result(index).err().map(|error| (index, error.is_overrun()));
        assert_eq!(told, (0..20).filter_map(by_index).collect::<Vec<_>>());
        assert_eq!(told.iter().filter(|(_, lost)| !lost).count(), known.len());
    }
}
