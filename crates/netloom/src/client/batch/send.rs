//! One send of a batch: which of its requests have been dealt with, as far as the answers tell.

use super::requests::Place;
use crate::client::exchange::Expect;
use crate::error::Cause;

/// One send of a batch, and what was heard of it.
///
/// A kernel side deals with the requests in order, so an answer to one tells of those before it, too: what was silent then was
/// done. That ends where answers got lost.
#[derive(Clone)]
pub(super) struct Send {
    pub(super) first: Place,
    pub(super) last: Place,
    /// Behind the last one.
    pub(super) end: Place,
    /// What the last one ends by.
    pub(super) expect: Expect,
    /// The sequence of the no-op behind it.
    barrier: Option<u32>,
    barriers: u32,
    /// The first request that no answer tells of.
    next: u32,
    loss: Option<Loss>,
}

/// Answers were lost.
#[derive(Clone)]
struct Loss {
    cause: Cause,
    /// The queue was full: what it held has been queued before, and nothing since.
    full: bool,
    /// What was silent before this request was done in any case.
    from: u32,
    /// The same, once the queue has run empty.
    solid: Option<u32>,
    /// As far as an answer since tells.
    reach: u32,
    /// Those answered since.
    heard: Vec<u32>,
    /// Those of them whose reply may be among what was lost.
    bare: Vec<u32>,
}

impl Send {
    /// No-ops that are sent at most. Each follows a queue that was full again, which ours alone fill.
    const BARRIERS: u32 = 8;

    /// The requests from `first` up to `end`, the last of which ends by this.
    pub(super) fn new(first: Place, last: Place, end: Place, expect: Expect) -> Self {
        Self { first, last, end, expect, barrier: None, barriers: 0, next: first.index, loss: None }
    }

    /// Whether it is one of its requests.
    pub(super) fn has(&self, index: u32) -> bool {
        (self.first.index..self.end.index).contains(&index)
    }

    /// Whether nothing was lost, and no no-op sent.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.barrier.is_none() && self.loss.is_none()
    }

    /// Whether answers were lost.
    pub(super) fn is_lost(&self) -> bool {
        self.loss.is_some()
    }

    pub(super) fn barrier(&self) -> Option<u32> {
        self.barrier
    }

    /// The first request that no answer tells of.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// An answer to this request came; `done`: there is nothing to come after it.
    pub(super) fn hear(&mut self, index: u32, done: bool) {
        let told = index.saturating_add(u32::from(done));
        match &mut self.loss {
            None => self.next = self.next.max(told),
            Some(loss) => {
                loss.reach = loss.reach.max(told);
                if done {
                    loss.heard.push(index);
                }
            }
        }
    }

    /// This request is acknowledged, and the reply that may belong to it did not come.
    pub(super) fn hear_bare(&mut self, index: u32) {
        if let Some(loss) = &mut self.loss {
            loss.bare.push(index);
        }
    }

    /// Requests that were done, whose reply may have been lost, and why.
    pub(super) fn bare(&self) -> impl Iterator<Item = (u32, &Cause)> {
        self.loss.iter().flat_map(|loss| {
            let from = loss.solid.unwrap_or(loss.from);
            loss.bare.iter().copied().filter(move |index| *index >= from).map(|index| (index, &loss.cause))
        })
    }

    /// Answers were lost, as a full queue does it or in some other way.
    #[cold]
    pub(super) fn lose(&mut self, cause: Cause, full: bool) {
        // A no-op's answer may be among them.
        self.barrier = None;
        match &mut self.loss {
            Some(loss) => loss.full &= full,
            None => {
                let from = self.next;
                self.loss =
                    Some(Loss { cause, full, from, solid: None, reach: from, heard: Vec::new(), bare: Vec::new() });
            }
        }
    }

    /// All has been read that is there. `prompt`: the kernel side had dealt with everything before any of it was read.
    /// Returns whether a no-op is to tell if anything else comes.
    // net/netlink/af_netlink.c: netlink_overrun, netlink_rcv_wake: from the first answer that does not fit, all are dropped
    // until the queue has been emptied
    #[cold]
    pub(super) fn run_dry(&mut self, prompt: bool) -> bool {
        if let Some(loss) = &mut self.loss
            && loss.solid.is_none()
        {
            loss.solid = Some(if loss.full && prompt { loss.reach } else { loss.from });
        }
        let wanted = self.loss.is_some() || self.expect == Expect::Reply;
        wanted && self.barrier.is_none() && self.barriers < Self::BARRIERS
    }

    /// A no-op of this sequence is sent.
    pub(super) fn bar(&mut self, seq: u32) {
        self.barrier = Some(seq);
        self.barriers = self.barriers.saturating_add(1);
    }

    /// Requests of which nobody can tell what became, and why: `tell` is given where each row of them begins and ends.
    pub(super) fn settle(&mut self, mut tell: impl FnMut(u32, u32, &Cause)) {
        let Some(loss) = &mut self.loss else { return };
        // Answers behind a loss tell of no silence: it may be what was lost.
        let mut from = loss.solid.unwrap_or(loss.from).max(loss.from);
        loss.heard.sort_unstable();
        for heard in loss.heard.iter().copied().filter(|heard| *heard >= loss.from) {
            if heard >= from {
                tell(from, heard, &loss.cause);
                from = heard.saturating_add(1);
            }
        }
        tell(from, self.end.index, &loss.cause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    enum Event {
        Heard(u32),
        Replied(u32),
        Full,
        Torn,
        Dry { prompt: bool },
    }
    use Event::{Dry, Full, Heard, Replied, Torn};

    fn unknown(events: &[Event]) -> Vec<u32> {
        let place = |index| Place { index, at: 0 };
        let mut send = Send::new(place(10), place(19), place(20), Expect::Ack);
        for event in events {
            match event {
                Heard(index) => send.hear(*index, true),
                Replied(index) => send.hear(*index, false),
                Full => send.lose(Cause::Overrun, true),
                Torn => send.lose(Cause::Short, false),
                Dry { prompt } => {
                    send.run_dry(*prompt);
                }
            }
        }
        let mut unknown = Vec::new();
        send.settle(|from, to, _| unknown.extend(from..to));
        unknown
    }

    #[test]
    fn silence_is_done_before_an_answer_and_unknown_behind_a_loss() {
        let (dry, late) = (Dry { prompt: true }, Dry { prompt: false });
        let cases: [(&[Event], &[u32]); 12] = [
            (&[Heard(19)], &[]),
            (&[Heard(12), Heard(19)], &[]),
            // The queue was full: what it held tells of all up to its last answer.
            (&[Full, Heard(12), Heard(16), Dry { prompt: true }], &[17, 18, 19]),
            (&[Full, Replied(16), Dry { prompt: true }], &[16, 17, 18, 19]),
            (&[Full, dry], &[10, 11, 12, 13, 14, 15, 16, 17, 18, 19]),
            // What comes when it has run empty tells of itself.
            (&[Full, Heard(12), Dry { prompt: true }, Heard(18), Heard(19)], &[13, 14, 15, 16, 17]),
            // The kernel side goes on meanwhile: the place of the loss is not known.
            (&[Full, Heard(12), Heard(16), late], &[10, 11, 13, 14, 15, 17, 18, 19]),
            // The last answer is there: it was not the queue that was full.
            (&[Full, Heard(12), Heard(19)], &[10, 11, 13, 14, 15, 16, 17, 18]),
            (&[Heard(12), Full, Heard(19)], &[13, 14, 15, 16, 17, 18]),
            (&[Heard(12), Full, Dry { prompt: true }], &[13, 14, 15, 16, 17, 18, 19]),
            (&[Torn, Heard(12), Dry { prompt: true }, Heard(19)], &[10, 11, 13, 14, 15, 16, 17, 18]),
            // An answer to what was told already.
            (&[Heard(15), Full, Heard(12), Dry { prompt: true }], &[16, 17, 18, 19]),
        ];
        for (n, (events, expected)) in cases.iter().enumerate() {
            assert_eq!(unknown(events), *expected, "case {n}");
        }
    }

    #[test]
    fn a_no_op_asks_where_answers_were_lost_or_may_not_come_and_not_for_ever() {
        let place = |index| Place { index, at: 0 };
        let mut acked = Send::new(place(0), place(1), place(2), Expect::Ack);
        assert!(!acked.run_dry(true), "an acknowledgement comes");
        let mut replied = Send::new(place(0), place(1), place(2), Expect::Reply);
        assert!(replied.run_dry(true), "a reply may not");
        replied.bar(7);
        assert!(!replied.run_dry(true) && replied.barrier() == Some(7));
        let mut asked = 0;
        while asked < 100 {
            acked.lose(Cause::Overrun, true);
            if !acked.run_dry(true) {
                break;
            }
            acked.bar(asked);
            asked += 1;
        }
        assert_eq!(asked, Send::BARRIERS);
    }
}
