//! A batch under way: what is sent when, and what becomes of what its socket receives. It waits for nothing.

mod hear;

use std::fmt;
use std::sync::Arc;
#[cfg(any(feature = "tokio", feature = "async-io"))]
use std::time::Duration;

use netloom_wire::{Errno, Header};

use super::Policy;
use super::outcomes::{Ledger, Outcomes};
use super::requests::{Place, Requests};
use super::seat::Seat;
use super::send::Send;
use crate::Result;
use crate::client::exchange::{Exchange, Expect};
use crate::client::hooks::Ears;
use crate::client::lane::{Wait, barrier};
use crate::client::strays::Strays;
use crate::error::{Cause, Error};
use crate::socket::Received;
#[cfg(any(feature = "tokio", feature = "async-io"))]
use crate::socket::Socket;

/// A batch, as far as no waiting is needed: whoever drives it sends what it says, and waits.
pub(crate) struct BatchRun {
    seat: Seat,
    requests: Requests,
    policy: Policy,
    /// What the receive queue holds, and how long a datagram may be.
    room: usize,
    longest: usize,
    send: Send,
    stage: Stage,
    /// The no-op that is sent or to be sent.
    barrier: [u8; Header::LEN],
    /// Of the request that was answered last.
    current: Option<(u32, Exchange)>,
    ledger: Ledger,
    strays: Arc<Strays>,
    wait: Wait,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Requests,
    Barrier,
    Answers,
    Over,
}

/// What who drives it has to do.
pub(crate) enum Turn {
    /// Send what [lies ready](BatchRun::post), and tell how it [went](BatchRun::posted).
    Post,
    /// Wait for a datagram, to be [taken](BatchRun::take).
    Wait,
    /// Ask for the [outcomes](BatchRun::finish).
    Over,
}

impl BatchRun {
    /// What an error or acknowledgement takes of a receive queue at most: a small message, with words and a policy, in a buffer
    /// of 1 KiB.
    // net/core/skbuff.c: __alloc_skb; include/linux/skbuff.h: SKB_TRUESIZE
    const ACK: usize = 1536;
    /// The same of a reply: a link's, with all that it may have.
    const REPLY: usize = 20 * 1024;
    /// Bytes of a send, but for a request that is longer by itself. More costs the kernel side more than it saves.
    const SEND: usize = 64 * 1024;

    /// Begins to send what was written.
    pub(super) fn new(mut seat: Seat, requests: Requests, policy: Policy, batch: u32) -> Self {
        let each = if requests.has_replies() { Self::REPLY.saturating_add(Self::ACK) } else { Self::ACK };
        let most = policy.per_send.min(requests.count()) as usize;
        let (room, longest) = (seat.receive_room(most.saturating_mul(each)), seat.send_room().min(Self::SEND));
        let strays = seat.shared.strays(seat.protocol);
        let (ledger, wait) = (Ledger::new(batch, requests.count()), Wait::new(policy.timeout.or(requests.timeout())));
        if let Some(lane) = seat.lane_mut() {
            lane.used(requests.count());
        }
        let start = Place { index: 0, at: 0 };
        let send = Send::new(start, start, start, Expect::Nothing);
        let (stage, barrier, current) = (Stage::Over, [0; Header::LEN], None);
        let mut run =
            Self { seat, requests, policy, room, longest, send, stage, barrier, current, ledger, strays, wait };
        run.plan();
        run
    }

    /// What is to be done now. Takes what is there already.
    pub(crate) fn turn(&mut self) -> Turn {
        loop {
            match self.stage {
                Stage::Over => return Turn::Over,
                Stage::Requests | Stage::Barrier => return Turn::Post,
                Stage::Answers => {}
            }
            let got = match self.wait.lose_patience() {
                Ok(()) => self.seat.lane_mut().and_then(|lane| lane.receive_now()),
                Err(cause) => Some(Err(cause)),
            };
            match got {
                Some(got) => self.take(got),
                None if self.run_dry() => {}
                None => return Turn::Wait,
            }
        }
    }

    /// Sends what is to be sent. EAGAIN: there is no room for it yet.
    #[inline]
    pub(crate) fn post(&self) -> Result<()> {
        let datagram = match self.stage {
            Stage::Barrier => &self.barrier,
            _ => self.requests.bytes(self.send.first.at, self.send.end.at),
        };
        self.seat.lane().map_or(Ok(()), |lane| lane.send(datagram))
    }

    /// Goes on after a send that went like this.
    #[inline]
    pub(crate) fn posted(&mut self, posted: Result<()>) {
        self.wait.renew();
        match posted {
            Ok(()) => (self.stage, self.seat.busy) = (Stage::Answers, true),
            Err(error) => self.post_failed(error),
        }
    }

    /// Goes on after something could not be sent for want of room, for this reason.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn blocked(&mut self, cause: Cause) {
        if self.stage == Stage::Barrier { self.give_up(cause) } else { self.leave_unsent(cause) }
    }

    /// Waits for a datagram.
    pub(crate) fn receive_later(&mut self) -> std::result::Result<Received, Cause> {
        let Self { seat, wait, .. } = self;
        seat.lane_mut().map_or(Err(Cause::NoReply), |lane| lane.receive_later(wait))
    }

    /// Takes a datagram that is there already.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn receive_now(&mut self) -> Option<std::result::Result<Received, Cause>> {
        self.seat.lane_mut()?.receive_now()
    }

    /// The socket, to be watched.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn socket(&self) -> Option<Socket> {
        self.seat.lane().map(|lane| lane.socket.clone())
    }

    /// How long the answers to a send may take.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.wait.timeout
    }

    /// What became of all requests, once it is over. An error where none could be sent.
    pub(crate) fn finish(self) -> Result<Outcomes> {
        let Self { ledger, requests, .. } = self;
        if let Some(cause) = ledger.nothing_sent() {
            return Err(Error::new("batch", cause.clone()));
        }
        Ok(ledger.close(requests.into_natures()))
    }

    /// Says what is sent next.
    fn plan(&mut self) {
        let first = self.send.end;
        let most = self.requests.count().saturating_sub(first.index).min(self.policy.per_send.max(1));
        let (last, end) = self.leap(first, most).unwrap_or_else(|| self.walk(first, most));
        if most == 0 {
            (self.stage, self.seat.busy) = (Stage::Over, false);
            return;
        }
        let detached = self.seat.lane().is_some_and(|lane| lane.detached);
        let expect = match self.requests.expect(last) {
            // An empty socket does not say yet that no reply will come.
            Expect::Reply if !detached => Expect::Reply,
            _ => {
                self.requests.ask_ack(last.at);
                Expect::Ack
            }
        };
        (self.send, self.stage, self.current) = (Send::new(first, last, end, expect), Stage::Requests, None);
        if self.seat.shared.hooks.is_any_set() {
            self.announce(self.requests.bytes(first.at, end.at).to_vec());
        }
    }

    /// The last request of a send that begins here and has `most` at most, and the place behind it.
    fn walk(&self, first: Place, most: u32) -> (Place, Place) {
        let (mut last, mut end, mut cost) = (first, first, 0_usize);
        for n in 0..most {
            let behind = self.requests.behind(end);
            let answers =
                if self.requests.is_replied_to(end) { Self::REPLY.saturating_add(Self::ACK) } else { Self::ACK };
            cost = cost.saturating_add(answers);
            let fits = cost <= self.room
                && behind.at.saturating_sub(first.at) <= self.longest
                && self.requests.is_one_piece(first.at, end.at);
            if n > 0 && !fits {
                break;
            }
            (last, end) = (end, behind);
        }
        (last, end)
    }

    /// The same in one step, where it is the usual send.
    fn leap(&self, first: Place, most: u32) -> Option<(Place, Place)> {
        let (last, end) = self.requests.leap(first, most)?;
        let fits = end.at.saturating_sub(first.at) <= self.longest
            && (most as usize).saturating_mul(Self::ACK) <= self.room
            && !self.requests.has_replies()
            && self.requests.is_one_piece(first.at, last.at);
        fits.then_some((last, end))
    }

    /// Asks hooks whether this may go out.
    #[cold]
    fn announce(&mut self, datagram: Vec<u8>) {
        let port = self.seat.lane().map_or(0, |lane| lane.port);
        let asked = self.ears().map_or(Ok(()), |ears| ears.out(port, &datagram));
        if let Err(cause) = asked {
            match self.stage {
                Stage::Barrier => self.give_up(cause),
                _ => self.leave_unsent(cause),
            }
        }
    }

    fn ears(&self) -> Option<Ears<'_>> {
        self.seat.shared.ears(self.seat.protocol, None)
    }

    #[cold]
    fn post_failed(&mut self, error: Error) {
        let certain = [
            Errno::ENOBUFS,
            Errno::ENOMEM,
            Errno::EPERM,
            Errno::EACCES,
            Errno::EINVAL,
            Errno::ECONNREFUSED,
            Errno::EOPNOTSUPP,
            Errno::EBADF,
            Errno::ENETDOWN,
        ];
        let (errno, timeout) = (error.errno(), error.is_timeout());
        let cause = error.into_cause();
        if self.stage == Stage::Barrier {
            return self.give_up(cause);
        }
        let Send { first, last, end, .. } = self.send;
        match errno {
            Some(Errno::EMSGSIZE) if first.index < last.index => {
                self.longest = (end.at.saturating_sub(first.at)).min(self.longest) / 2;
                self.send.end = first;
                self.plan();
            }
            Some(Errno::EMSGSIZE) => {
                let error = self.error(last.index, |subject| {
                    subject.error(Cause::Unsent(Box::new(Cause::Oversize(end.at.saturating_sub(last.at)))))
                });
                self.ledger.fail(last.index, error);
                self.go_on();
            }
            Some(errno) if !timeout && certain.contains(&errno) => {
                // The socket is not worth being kept.
                self.seat.busy = true;
                self.leave_unsent(cause);
            }
            // It may have been taken all the same: by a kernel side that went away, or is too slow to say so.
            _ => {
                self.seat.busy = true;
                self.give_up(cause);
            }
        }
    }

    /// All has been read that is there; true if there is something to send then.
    #[cold]
    fn run_dry(&mut self) -> bool {
        let prompt = self.seat.lane().is_some_and(|lane| !lane.detached);
        if !self.send.run_dry(prompt) {
            return false;
        }
        if let Some(lane) = self.seat.lane_mut() {
            let seq = lane.next_seq();
            self.barrier = barrier(lane.port, seq);
            self.send.bar(seq);
        }
        self.stage = Stage::Barrier;
        if self.seat.shared.hooks.is_any_set() {
            self.announce(self.barrier.to_vec());
        }
        true
    }

    /// All of a send has been dealt with.
    #[inline]
    fn go_on(&mut self) {
        if !self.send.is_plain() || self.requests.has_acks() {
            self.settle();
        }
        let Send { first, end, .. } = self.send;
        if self.policy.stop
            && let Some(failed) = self.ledger.failed_since(first.index)
        {
            let cause = Cause::Unsent(Box::new(Cause::After(failed as usize)));
            self.ledger.gap(end.index, self.requests.count(), &cause);
            (self.stage, self.seat.busy) = (Stage::Over, false);
            return;
        }
        self.plan();
    }

    #[cold]
    fn settle(&mut self) {
        if self.send.is_lost() {
            let Self { send, ledger, .. } = self;
            send.bare().for_each(|(index, cause)| ledger.miss_reply(index, cause));
            send.settle(|from, to, cause| ledger.gap(from, to, &Cause::Unknown(Box::new(cause.clone()))));
        } else {
            self.miss_acks(self.send.end.index);
        }
    }

    /// Nothing comes any more: what has not been answered is unknown, what follows is not sent.
    #[cold]
    fn give_up(&mut self, cause: Cause) {
        self.send.lose(cause.clone(), false);
        self.settle();
        self.ledger.gap(self.send.end.index, self.requests.count(), &Cause::Unsent(Box::new(cause)));
        self.stage = Stage::Over;
    }

    /// Neither this send nor what follows is sent.
    #[cold]
    fn leave_unsent(&mut self, cause: Cause) {
        self.ledger.gap(self.send.first.index, self.requests.count(), &Cause::Unsent(Box::new(cause)));
        self.stage = Stage::Over;
    }
}

impl fmt::Debug for BatchRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchRun({:?}, {} requests)", self.stage, self.requests.count())
    }
}
