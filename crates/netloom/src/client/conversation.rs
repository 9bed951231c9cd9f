//! A request under way: what becomes of what its socket receives, without I/O.

use std::time::Duration;

use netloom_wire::{Flags, Header, RawMessage};

use super::exchange::{Exchange, Expect, Step, Verdict};
use super::hooks::{Ears, Flow};
use super::strays::Strays;
use super::subject::Subject;
use crate::error::Cause;
use crate::socket::Received;
use crate::{Error, Result};

/// How an exchange is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) expect: Expect,
    /// A reply belongs to it, as far as anybody knows.
    pub(crate) replies: bool,
    pub(crate) timeout: Option<Duration>,
    /// The family answers with sequence 0 or another port.
    pub(crate) any_sequence: bool,
    /// It is one of generic netlink, whose answers carry its id.
    pub(crate) generic: bool,
}

impl Terms {
    /// The exchange that a request opens.
    #[inline]
    pub(crate) fn exchange(&self, port: u32, seq: u32, request: &[u8]) -> Exchange {
        let header = Header::read(request);
        let echo = header.is_some_and(|header| header.flags.contains(Flags::ECHO));
        let exchange = Exchange::new(port, seq, self.expect).echo(echo);
        if !self.any_sequence {
            return exchange;
        }
        match header.filter(|_| self.generic) {
            Some(request) => exchange.any_sequence(true).of_kind(request.kind),
            None => exchange.any_sequence(true),
        }
    }
}

/// What a success says besides: seldom anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted(Option<Box<Remarks>>);

#[derive(Clone, Debug, Default)]
struct Remarks {
    warning: Option<String>,
    cookie: Option<Vec<u8>>,
}

/// Who a conversation speaks for, and where it tells what is not its own.
#[derive(Clone, Copy)]
pub(crate) struct Party<'p> {
    pub(crate) subject: &'p Subject<'p>,
    pub(crate) strays: &'p Strays,
    pub(crate) ears: Option<&'p Ears<'p>>,
}

/// All that a call has to say for itself, once its answer is not the plain one that nearly all are.
pub(crate) struct Manner<'p> {
    pub(crate) terms: Terms,
    pub(crate) subject: Subject<'p>,
    pub(crate) strays: &'p Strays,
    pub(crate) ears: Option<Ears<'p>>,
}

impl Manner<'_> {
    pub(crate) fn party(&self) -> Party<'_> {
        Party { subject: &self.subject, strays: self.strays, ears: self.ears.as_ref() }
    }
}

/// A request that was sent, and what came back so far. Whoever reads the socket feeds it, until it
/// [is over](Conversation::is_over); an error ends it, too.
pub(crate) struct Conversation {
    exchange: Exchange,
    accepted: Accepted,
    /// What the program made of a reply. The rest is heard out, so that the socket is clean for the next.
    failed: Result<()>,
    /// The queue was full: what is left of it is read, nothing is waited for.
    lost: bool,
    /// Whether all there is may have been heard, though something was lost.
    whole: bool,
    /// Whether a no-op is to be sent behind the request before an answer is waited for.
    wants_barrier: bool,
}

impl Conversation {
    #[inline]
    pub(crate) fn new(exchange: Exchange, terms: Terms) -> Self {
        let wants_barrier = terms.expect == Expect::Reply;
        let (accepted, whole) = (Accepted::default(), !terms.replies);
        Self { exchange, accepted, failed: Ok(()), lost: false, whole, wants_barrier }
    }

    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.exchange.is_over()
    }

    /// Nothing is there to be fed: is that to be waited for? The error says that it was lost.
    #[inline]
    pub(crate) fn idle(&self) -> std::result::Result<(), Cause> {
        if self.lost { Err(Cause::Overrun) } else { Ok(()) }
    }

    /// Whether a no-op that asks for an acknowledgement is to be sent before waiting: it tells whether the request will be
    /// answered at all.
    pub(crate) fn wants_barrier(&self) -> bool {
        self.wants_barrier
    }

    /// That no-op has this sequence.
    pub(crate) fn barrier(&mut self, seq: u32) {
        self.wants_barrier = false;
        self.exchange.barrier(seq);
    }

    /// Somebody else who read the socket has seen, and told, that it lost something.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn lose(&mut self) {
        self.lost = true;
    }

    /// Takes what a receive failed with; the error ends the conversation.
    #[cold]
    pub(crate) fn fail(&mut self, cause: Cause, party: Party<'_>) -> Result<()> {
        // What the queue still holds may be the answer.
        if !matches!(cause, Cause::Overrun) || self.lost {
            return Err(party.subject.error(cause));
        }
        self.lost = true;
        party.strays.overrun();
        if party.ears.is_some_and(|ears| ears.lost() == Flow::Stop) {
            return Err(party.subject.error(Cause::Stopped));
        }
        Ok(())
    }

    /// Takes a datagram that was received; `request` is what was sent. The error ends the conversation.
    #[inline]
    pub(crate) fn feed(
        &mut self,
        datagram: &[u8],
        received: &Received,
        request: &[u8],
        party: Party<'_>,
        reply: &mut dyn FnMut(RawMessage<'_>) -> Result<()>,
    ) -> Result<()> {
        let subject = party.subject;
        for step in self.exchange.feed_heard(datagram, received.source, party.ears) {
            let cause = match step {
                Step::Reply(message) => {
                    // Of a reply in parts any may have been lost.
                    self.whole = !message.header.flags.contains(Flags::MULTI);
                    if self.failed.is_ok() {
                        self.failed = reply(message);
                    }
                    continue;
                }
                Step::Ack(verdict) | Step::Done(verdict) => {
                    self.accepted.hear(&verdict);
                    continue;
                }
                Step::Stray(stray) => {
                    party.strays.take(&stray, received);
                    continue;
                }
                Step::Nack(verdict) => return Err(subject.refused(request, &verdict)),
                Step::Interrupted(_) => Cause::Interrupted(1),
                Step::Overrun => Cause::Overrun,
                Step::Stalled => Cause::Stalled,
                Step::Malformed(malformed) => Cause::Malformed(malformed),
                Step::Stopped => Cause::Stopped,
            };
            return Err(subject.error(cause));
        }
        Ok(())
    }

    /// What came of it, once it is over.
    #[inline]
    pub(crate) fn finish(&mut self, subject: &Subject<'_>) -> Result<Accepted> {
        std::mem::replace(&mut self.failed, Ok(())).map_err(|error: Error| error.of(subject.name()))?;
        if self.lost && (!self.whole || self.exchange.takes_odd()) {
            return Err(subject.error(Cause::Overrun));
        }
        Ok(std::mem::take(&mut self.accepted))
    }
}

impl Accepted {
    /// The warning, and the cookie.
    #[inline]
    pub(crate) fn into_parts(self) -> (Option<String>, Option<Vec<u8>>) {
        self.0.map_or((None, None), |remarks| (remarks.warning, remarks.cookie))
    }

    pub(crate) fn says_something(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn hear(&mut self, verdict: &Verdict<'_>) {
        if let Some(message) = verdict.ext_ack.message {
            self.0.get_or_insert_default().warning = Some(message.to_owned());
        }
        if let Some(cookie) = verdict.ext_ack.cookie {
            self.0.get_or_insert_default().cookie = Some(cookie.to_owned());
        }
    }
}
