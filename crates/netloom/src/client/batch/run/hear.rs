//! What becomes of what the socket of a batch receives.

use netloom_wire::{Errno, Flags, Header, Malformed, RawMessage, messages};

use super::{BatchRun, Stage};
use crate::client::conversation::Accepted;
use crate::client::exchange::{Exchange, Expect, Step, Whole, whole_answer};
use crate::client::hooks::Flow;
use crate::client::lane::Lane;
use crate::client::subject::Subject;
use crate::error::{Cause, Error};
use crate::socket::Received;

impl BatchRun {
    /// Takes a datagram, or what a receive failed with.
    #[inline]
    pub(crate) fn take(&mut self, got: Result<Received, Cause>) {
        match got {
            Ok(received) => self.feed(&received),
            Err(cause) => self.receive_failed(cause),
        }
    }

    #[cold]
    fn receive_failed(&mut self, cause: Cause) {
        match cause {
            Cause::Overrun => {
                self.strays.overrun();
                if self.ears().is_some_and(|ears| ears.lost() == Flow::Stop) {
                    return self.give_up(Cause::Stopped);
                }
                self.send.lose(Cause::Overrun, true);
            }
            Cause::Truncated(len) => {
                self.seat.shared.make_room(len);
                // Its beginning was received.
                let header = self.seat.lane().and_then(|lane| Header::read(lane.inbox()));
                match header.and_then(|header| self.index_of(&header)) {
                    Some(index) => {
                        let error = self.error(index, |subject| subject.error(Cause::Truncated(len)));
                        self.ledger.fail(index, error);
                        self.hear(index, true);
                    }
                    None => self.send.lose(Cause::Truncated(len), false),
                }
            }
            cause => self.give_up(cause),
        }
    }

    /// Which request a message answers.
    fn index_of(&self, header: &Header) -> Option<u32> {
        let index = header.seq.wrapping_sub(self.requests.sequence_of(0));
        let port = self.seat.lane().map_or(0, |lane| lane.port);
        (header.port == port && self.send.has(index)).then_some(index)
    }

    #[inline]
    fn feed(&mut self, received: &Received) {
        let last = self.requests.sequence_of(self.send.last.index);
        let Some(lane) = self.seat.lane() else { return };
        let datagram = lane.received(received.len);
        // Nearly always the acknowledgement of the last request, with silence before it.
        let whole = whole_answer(lane.port, last, self.send.expect, datagram, received.source);
        if matches!(whole, Some(Whole::Ack))
            && self.send.is_plain()
            && !self.requests.has_acks()
            && !self.seat.shared.hooks.is_any_set()
        {
            return self.go_on();
        }
        let inbox = self.seat.lane_mut().map(Lane::take_inbox).unwrap_or_default();
        self.feed_slowly(inbox.get(..received.len).unwrap_or_default(), received);
        if let Some(lane) = self.seat.lane_mut() {
            lane.put_inbox(inbox);
        }
    }

    #[inline(never)]
    fn feed_slowly(&mut self, datagram: &[u8], received: &Received) {
        for message in messages(datagram) {
            let index = message.ok().and_then(|message| self.index_of(&message.header));
            let Some((step, done)) = self.step(index, message, received) else { continue };
            match step {
                Step::Stray(stray) => {
                    self.strays.take(&stray, received);
                    continue;
                }
                Step::Stopped => self.give_up(Cause::Stopped),
                Step::Malformed(malformed) => self.send.lose(Cause::Malformed(malformed), false),
                Step::Overrun | Step::Stalled => self.send.lose(Cause::Overrun, false),
                step => match index {
                    Some(index) => self.answer(index, &step, done),
                    // The no-op's.
                    None if done => self.go_on(),
                    None => {}
                },
            }
            if self.stage != Stage::Answers {
                return;
            }
        }
    }

    /// What a message means to the request that it answers, or the no-op, and whether nothing comes behind it.
    fn step<'d>(
        &mut self,
        index: Option<u32>,
        message: Result<RawMessage<'d>, Malformed>,
        received: &Received,
    ) -> Option<(Step<'d>, bool)> {
        let port = self.seat.lane().map_or(0, |lane| lane.port);
        let fresh = match index {
            Some(index) if self.current.as_ref().is_some_and(|(current, _)| *current == index) => None,
            Some(index) => {
                let place = self.requests.seek(self.send.first, index);
                let expect = match self.requests.expect(place) {
                    Expect::Reply => Expect::Reply,
                    _ => Expect::Ack,
                };
                let echo = self.requests.flags(place.at).contains(Flags::ECHO);
                Some((index, Exchange::new(port, self.requests.sequence_of(index), expect).echo(echo)))
            }
            None => {
                let barrier = self.send.barrier().filter(|seq| message.is_ok_and(|message| message.header.seq == *seq));
                let last = self.requests.sequence_of(self.send.last.index);
                // An index that no request has.
                Some((u32::MAX, Exchange::new(port, barrier.unwrap_or(last), Expect::Ack)))
            }
        };
        if fresh.is_some() {
            self.current = fresh;
        }
        let (_, exchange) = self.current.as_mut()?;
        let step = match self.seat.shared.ears(self.seat.protocol, None) {
            None => exchange.step(message, received.source),
            Some(ears) => ears.step(exchange, message, received.source),
        };
        Some((step?, exchange.is_over()))
    }

    /// An answer to this request.
    fn answer(&mut self, index: u32, step: &Step<'_>, done: bool) {
        match step {
            Step::Reply(message) => self.ledger.reply(index, message),
            Step::Ack(verdict) | Step::Done(verdict) => {
                if self.send.is_lost() && self.misses_reply(index) {
                    self.send.hear_bare(index);
                }
                let mut remark = Accepted::default();
                remark.hear(verdict);
                self.ledger.remark(index, remark);
            }
            Step::Interrupted(_) => {
                let error = self.error(index, |subject| subject.error(Cause::Interrupted(1)));
                self.ledger.fail(index, error);
            }
            Step::Nack(verdict) => {
                let place = self.requests.seek(self.send.first, index);
                let request = self.requests.request(place.at);
                let error = self.error(index, |subject| subject.refused(request, verdict));
                self.forget_if_stale(index, request, verdict.errno);
                self.ledger.fail(index, error);
            }
            _ => {}
        }
        self.hear(index, done);
    }

    /// An answer to this request tells of those before it, too.
    fn hear(&mut self, index: u32, done: bool) {
        if !self.send.is_lost() {
            self.miss_acks(index);
        }
        self.send.hear(index, done);
        if done && index == self.send.last.index && self.send.barrier().is_none() {
            self.go_on();
        }
    }

    /// Whether a reply may belong to this request that has not come, or not all of it.
    #[cold]
    fn misses_reply(&self, index: u32) -> bool {
        let place = self.requests.seek(self.send.first, index);
        self.requests.is_replied_to(place) && !self.ledger.has_whole_reply(index)
    }

    /// Requests up to this one were silent: those that were to say something are not known.
    pub(super) fn miss_acks(&mut self, to: u32) {
        if !self.requests.has_acks() {
            return;
        }
        let mut place = self.requests.seek(self.send.first, self.send.next());
        while place.index < to {
            if self.requests.flags(place.at).contains(Flags::ACK) {
                self.ledger.gap(place.index, place.index.saturating_add(1), &Cause::Unknown(Box::new(Cause::Silent)));
            }
            place = self.requests.behind(place);
        }
    }

    pub(super) fn error(&self, index: u32, of: impl FnOnce(Subject<'_>) -> Error) -> Error {
        match self.requests.nature(index) {
            Some(nature) => of(nature.subject()),
            None => Error::new("batch", Cause::NoReply),
        }
    }

    /// A family id that the kernel side does not know is not remembered any longer.
    // net/netlink/genetlink.c: genl_rcv_msg, no family of this id
    fn forget_if_stale(&self, index: u32, request: &[u8], errno: Errno) {
        if errno == Errno::ENOENT
            && self.requests.nature(index).is_some_and(|nature| nature.generic)
            && let Some(header) = Header::read(request)
        {
            self.seat.shared.names.forget(header.kind.0);
        }
    }
}
