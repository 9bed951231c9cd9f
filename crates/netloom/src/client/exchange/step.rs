//! What a datagram meant to an exchange.

use std::fmt;

use netloom_wire::{Errno, ExtAck, Malformed, Messages, RawMessage, messages};

use super::Exchange;
use crate::client::hooks::Ears;
use crate::socket::Address;

/// What a datagram meant to an exchange.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'d> {
    /// A reply, or an object of a dump.
    Reply(RawMessage<'d>),
    /// The request is done.
    Ack(Verdict<'d>),
    /// The request is refused, or the dump failed: an end.
    Nack(Verdict<'d>),
    /// The dump is complete, and of one piece: an end.
    Done(Verdict<'d>),
    /// The dump came to its end and is torn: what it walks changed meanwhile, objects may be missing or come twice.
    Interrupted(Verdict<'d>),
    /// The kernel side says that it lost data: an end.
    Overrun,
    /// The dump repeats itself: the same datagram came [`Exchange::REPEATS`] times in a row. An end.
    Stalled,
    /// The kernel side sent what is no message, or no whole one: an end.
    Malformed(Malformed),
    /// A message that does not belong to this exchange.
    Stray(Stray<'d>),
    /// A hook said so: an end. Comes from a connection's exchanges alone.
    Stopped,
}

/// What a kernel side says at the end: an errno, and whatever it adds.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'d> {
    /// The errno; 0 is success.
    pub errno: Errno,
    /// What it says besides; on success, too: a warning, a cookie.
    pub ext_ack: ExtAck<'d>,
}

/// A message that does not belong to an exchange, and why not.
#[derive(Clone, Copy, Debug)]
pub struct Stray<'d> {
    /// Why it does not belong.
    pub reason: Reason,
    /// Who sent it.
    pub source: Address,
    /// The message.
    pub message: RawMessage<'d>,
}

/// Why a message does not belong to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Its sender is not the kernel: somebody else's program, perhaps forging.
    Sender,
    /// It answers nothing (sequence 0, or a port that is not ours): an event, or the kernel speaking first.
    Unsolicited,
    /// It answers an earlier request, which nobody waits for any more.
    Stale,
    /// Its sequence is none of ours.
    Sequence,
}

/// Iterator over what a datagram meant; see [`Exchange::feed`].
pub struct Steps<'e, 'd> {
    pub(super) exchange: &'e mut Exchange,
    pub(super) walk: Messages<'d>,
    pub(super) source: Address,
    pub(super) stalled: bool,
    pub(super) ears: Option<&'e Ears<'e>>,
}

impl fmt::Debug for Steps<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Steps({:?}, {:?})", self.exchange, self.walk)
    }
}

impl<'d> Iterator for Steps<'_, 'd> {
    type Item = Step<'d>;

    fn next(&mut self) -> Option<Step<'d>> {
        if self.stalled {
            self.stalled = false;
            self.walk = messages(&[]);
            return Some(Step::Stalled);
        }
        loop {
            let message = self.walk.next()?;
            let step = match self.ears {
                None => self.exchange.step(message, self.source),
                Some(ears) => ears.step(self.exchange, message, self.source),
            };
            if let Some(step) = step {
                if matches!(step, Step::Stopped) {
                    self.walk = messages(&[]);
                }
                return Some(step);
            }
        }
    }
}
