//! A dump under way: what becomes of what its socket receives. It waits for nothing.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
#[cfg(any(feature = "tokio", feature = "async-io"))]
use std::time::Duration;

use netloom_wire::{Flags, Header, Protocol, messages, padding};

use super::content::Content;
use super::conversation::Terms;
use super::exchange::{Exchange, Step};
use super::hooks::Flow;
use super::lane::{Lane, Wait};
use super::shared::Shared;
use super::strays::Strays;
use super::subject::{Asks, Subject};
use crate::Result;
use crate::error::{Cause, Error};
use crate::socket::{Address, Received, Socket};

/// A dump, on a lane of its own, as far as no waiting is needed: whoever drives it waits.
pub(crate) struct DumpRun {
    shared: Arc<Shared>,
    protocol: Protocol,
    /// None once it has ended in a way that took the socket.
    lane: Option<Lane>,
    /// The request, where the socket was taken.
    request: Vec<u8>,
    exchange: Exchange,
    terms: Terms,
    request_len: usize,
    family: Cow<'static, str>,
    op: Cow<'static, str>,
    schema: Asks,
    fixed: usize,
    /// Of the datagram at hand: who sent it, its length, how far it has been read.
    source: Address,
    filled: usize,
    /// As far as its objects are plain ones: all of it, or nothing, where somebody else sent it, a hook wants to be asked, or the
    /// dump is over.
    plain: usize,
    read: usize,
    /// Of what has been read, what was no object.
    passed: usize,
    datagrams: u64,
    ended: bool,
    /// With what it has ended, if that is to be told yet.
    failed: Option<Error>,
    warning: Option<String>,
    strays: Arc<Strays>,
    /// For the next object.
    wait: Wait,
}

/// What comes next of a dump.
pub(crate) enum Turn {
    /// An object: where its message begins and ends in the datagram at hand.
    Object((usize, usize)),
    /// Nothing more.
    End,
    /// The last item.
    Failed(Error),
    /// Nothing is there: another datagram is to be waited for, and [taken](DumpRun::take).
    Wait,
}

impl DumpRun {
    /// Writes the request, which is to be [posted](DumpRun::post).
    pub(super) fn write(
        shared: &Arc<Shared>,
        protocol: Protocol,
        (kind, flags): (u16, Flags),
        terms: Terms,
        subject: &Subject<'_>,
        body: &impl Content,
    ) -> Result<Self> {
        let mut lane = shared.take_lane(protocol).map_err(|error| error.of(subject.name()))?;
        let written = lane.write(kind, flags, body);
        let (seq, request_len) = match written {
            Ok(written) => written,
            Err(full) => {
                shared.give_lane(protocol, lane);
                return Err(subject.too_long(full));
            }
        };
        let exchange = lane.exchange(seq, request_len, terms);
        let run = Self {
            shared: shared.clone(),
            protocol,
            lane: Some(lane),
            request: Vec::new(),
            exchange,
            terms,
            request_len,
            family: Cow::Owned(subject.family.to_owned()),
            op: Cow::Owned(subject.op.to_owned()),
            schema: subject.schema,
            fixed: subject.fixed,
            source: Address::KERNEL,
            filled: 0,
            plain: 0,
            read: 0,
            passed: 0,
            datagrams: 0,
            ended: false,
            failed: None,
            warning: None,
            strays: shared.strays(protocol),
            wait: Wait::new(terms.timeout),
        };
        run.announce()?;
        Ok(run)
    }

    /// Writes the request again, to be posted: everything is asked for anew. True if that is on a fresh socket, the one before
    /// being lost to a failure.
    pub(super) fn rewrite(&mut self) -> Result<bool> {
        let (mut lane, fresh) = match self.lane.take() {
            Some(lane) if self.exchange.is_over() => (lane, false),
            left => {
                let request = left.map_or_else(|| std::mem::take(&mut self.request), Lane::into_request);
                let lane = self.shared.take_lane(self.protocol).map_err(|error| error.of(self.subject().name()))?;
                (lane.with_request(request), true)
            }
        };
        let seq = lane.rewrite();
        self.exchange = lane.exchange(seq, self.request_len, self.terms);
        self.lane = Some(lane);
        self.wait.renew();
        (self.filled, self.plain, self.read, self.passed, self.datagrams) = (0, 0, 0, 0, 0);
        (self.ended, self.warning) = (false, None);
        self.announce().map(|()| fresh)
    }

    /// Sends the request that was written last.
    pub(super) fn post(&self) -> Result<()> {
        let posted = self.lane.as_ref().map_or(Ok(()), |lane| lane.post(self.request_len));
        posted.map_err(|error| error.of(self.subject().name()))
    }

    /// Takes the first datagram, in which a refusal would stand. That it was lost is told as the loss of any other.
    pub(super) fn take_first(&mut self, got: std::result::Result<Received, Cause>) -> Result<()> {
        match self.take(got) {
            Err(error) if error.is_overrun() || error.is_truncated() => {
                self.failed = Some(error);
                return Ok(());
            }
            taken => taken?,
        }
        match self.refusal() {
            Some(error) => {
                self.end(self.exchange.is_over() && !error.is_busy());
                Err(error)
            }
            None => Ok(()),
        }
    }

    /// Takes a datagram, or what a receive failed with.
    pub(super) fn take(&mut self, got: std::result::Result<Received, Cause>) -> Result<()> {
        let taken = got.and_then(|received| {
            (self.source, self.filled, self.plain) = (received.source, received.len, 0);
            (self.read, self.passed) = (0, 0);
            self.datagrams = self.datagrams.saturating_add(1);
            let datagram = self.lane.as_ref().map(|lane| lane.received(received.len)).unwrap_or_default();
            let stalled = self.exchange.begin(datagram, received.source);
            if self.exchange.takes_objects(received.source) && !self.shared.hooks.is_any_set() {
                self.plain = received.len;
            }
            if stalled { Err(Cause::Stalled) } else { Ok(()) }
        });
        taken.map_err(|cause| {
            self.end(false);
            match cause {
                Cause::Truncated(len) => self.shared.make_room(len),
                Cause::Overrun
                    if self.shared.ears(self.protocol, None).is_some_and(|ears| ears.lost() == Flow::Stop) =>
                {
                    return self.subject().error(Cause::Stopped);
                }
                _ => {}
            }
            self.subject().error(cause)
        })
    }

    /// Whether the next object stands right here.
    #[inline(always)]
    pub(super) fn has_object(&self) -> bool {
        let rest = self.lane.as_ref().and_then(|lane| lane.inbox().get(self.read..self.plain)).unwrap_or_default();
        let Some(header) = Header::read(rest) else { return false };
        let len = header.len as usize;
        len >= Header::LEN && len <= rest.len() && self.exchange.is_object(&header)
    }

    /// That object. Asked right behind [`DumpRun::has_object`], whose checks the compiler does not repeat.
    #[inline(always)]
    pub(super) fn take_object(&mut self) -> Option<&[u8]> {
        let rest = self.lane.as_ref()?.inbox().get(self.read..self.plain)?;
        let len = Header::read(rest)?.len as usize;
        let object = rest.get(..len)?;
        // Inside of the buffer: nothing wraps.
        self.read = self.read.wrapping_add(len).wrapping_add(padding(len));
        Some(object)
    }

    /// Where the next object begins and ends, if the buffer holds one right here: nearly always it does.
    #[inline(always)]
    pub(super) fn next_object(&mut self) -> Option<(usize, usize)> {
        let start = self.read;
        let rest = self.lane.as_ref()?.inbox().get(start..self.plain)?;
        let header = Header::read(rest)?;
        let len = header.len as usize;
        if len < Header::LEN || len > rest.len() || !self.exchange.is_object(&header) {
            return None;
        }
        // Inside of the buffer: nothing wraps.
        let end = start.wrapping_add(len);
        self.read = end.wrapping_add(padding(len));
        Some((start, end))
    }

    /// The same for whatever else may come. Receives what is there already.
    pub(super) fn turn(&mut self) -> Turn {
        loop {
            if self.ended {
                return self.failed.take().map_or(Turn::End, Turn::Failed);
            }
            if let Some(place) = self.next_object() {
                return Turn::Object(place);
            }
            if self.read >= self.filled {
                if self.read > self.passed {
                    self.wait.renew();
                    self.passed = self.read;
                }
                let Some(lane) = &mut self.lane else { return Turn::End };
                let got = match self.wait.lose_patience() {
                    Ok(()) => lane.receive_now(),
                    Err(cause) => Some(Err(cause)),
                };
                let Some(got) = got else { return Turn::Wait };
                if let Err(error) = self.take(got) {
                    return Turn::Failed(error);
                }
                continue;
            }
            let (start, Some(lane)) = (self.read, &self.lane) else { return Turn::End };
            let mut walk = messages(lane.received(self.filled).get(start..).unwrap_or_default());
            let Some(message) = walk.next() else {
                self.passed = self.passed.saturating_add(self.filled.saturating_sub(start));
                self.read = self.filled;
                continue;
            };
            let next = start.saturating_add(walk.offset().max(1));
            let ears = if self.plain == 0 { self.shared.ears(self.protocol, None) } else { None };
            let step = match ears {
                None => self.exchange.step(message, self.source),
                Some(ears) => ears.step(&mut self.exchange, message, self.source),
            };
            if let Some(Step::Reply(message)) = step {
                let end = start.saturating_add(message.bytes.len());
                self.read = next;
                return Turn::Object((start, end));
            }
            // A walk that stopped at rubbish has nothing behind it.
            let to = if step.is_none() && message.is_err() { self.filled } else { next };
            self.passed = self.passed.saturating_add(to.saturating_sub(start));
            self.read = to;
            let failed = match step {
                None | Some(Step::Reply(_)) => continue,
                Some(Step::Stray(stray)) => {
                    self.strays.take(&stray, &Received::default());
                    continue;
                }
                Some(Step::Ack(_)) if self.exchange.is_over() => {
                    // A refusal that a hook took for an acknowledgement.
                    self.end(true);
                    return Turn::End;
                }
                Some(Step::Ack(_)) => continue,
                Some(Step::Done(verdict)) => {
                    self.warning = verdict.ext_ack.message.map(str::to_owned);
                    self.end(true);
                    return Turn::End;
                }
                Some(Step::Interrupted(verdict)) => {
                    self.warning = verdict.ext_ack.message.map(str::to_owned);
                    Cause::Interrupted(1)
                }
                Some(Step::Nack(verdict)) => {
                    let error = self.subject().refused(lane.request(self.request_len), &verdict);
                    self.end(!error.is_busy());
                    return Turn::Failed(error);
                }
                Some(Step::Overrun) => Cause::Overrun,
                Some(Step::Stalled) => Cause::Stalled,
                Some(Step::Malformed(malformed)) => Cause::Malformed(malformed),
                Some(Step::Stopped) => Cause::Stopped,
            };
            let clean = matches!(failed, Cause::Interrupted(_));
            let error = self.subject().error(failed);
            self.end(clean);
            return Turn::Failed(error);
        }
    }

    /// The message that a turn has found.
    #[inline(always)]
    pub(super) fn message(&self, (start, end): (usize, usize)) -> Option<&[u8]> {
        self.lane.as_ref()?.inbox().get(start..end)
    }

    /// The socket, to be watched.
    pub(super) fn socket(&self) -> Option<&Socket> {
        self.lane.as_ref().map(|lane| &lane.socket)
    }

    /// How long each datagram may take.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.terms.timeout
    }

    /// A datagram that is there already.
    pub(super) fn receive_now(&mut self) -> Option<std::result::Result<Received, Cause>> {
        self.lane.as_mut()?.receive_now()
    }

    /// The socket to be waited for, and how long.
    pub(super) fn waits_for(&mut self) -> Option<(&mut Lane, &mut Wait)> {
        Some((self.lane.as_mut()?, &mut self.wait))
    }

    /// Whether anything has been read.
    pub(super) fn is_begun(&self) -> bool {
        self.read > 0 || self.datagrams > 1 || (self.ended && self.failed.is_none())
    }

    /// How many datagrams have been received.
    pub(super) fn datagrams(&self) -> u64 {
        self.datagrams
    }

    /// Whether what has been read so far is torn.
    pub(super) fn is_interrupted(&self) -> bool {
        self.exchange.is_interrupted()
    }

    /// What the kernel side remarked at the end, though it dumped everything.
    pub(super) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { family: &self.family, op: &self.op, schema: self.schema, fixed: self.fixed }
    }

    /// Asks hooks whether the request may go out.
    fn announce(&self) -> Result<()> {
        let (Some(ears), Some(lane)) = (self.shared.ears(self.protocol, None), &self.lane) else { return Ok(()) };
        ears.out(lane.port, lane.request(self.request_len)).map_err(|cause| self.subject().error(cause))
    }

    /// The refusal that the datagram at hand is, if it is one from its first message on.
    fn refusal(&mut self) -> Option<Error> {
        let message = messages(self.lane.as_ref()?.received(self.filled)).next()?;
        if message.is_ok_and(|message| !message.header.kind.is_control()) {
            return None;
        }
        let mut probe = self.exchange.clone();
        if !matches!(probe.step(message, self.source), Some(Step::Nack(_))) {
            return None;
        }
        let step = match self.shared.ears(self.protocol, None) {
            Some(ears) => ears.step(&mut self.exchange, message, self.source),
            None => self.exchange.step(message, self.source),
        };
        self.read = self.filled;
        match step {
            Some(Step::Nack(verdict)) => {
                let request = self.lane.as_ref()?.request(self.request_len);
                Some(self.subject().refused(request, &verdict))
            }
            Some(Step::Stopped) => Some(self.subject().error(Cause::Stopped)),
            // A hook takes it for an acknowledgement, or passes over it.
            _ => {
                self.end(self.exchange.is_over());
                None
            }
        }
    }

    /// Nothing comes any more. A lane whose dump the kernel side has ended is kept, to dump again or for others; not one that
    /// is busy with another dump.
    pub(super) fn end(&mut self, clean: bool) {
        (self.ended, self.plain) = (true, 0);
        if !clean && let Some(lane) = self.lane.take() {
            self.request = lane.into_request();
        }
    }
}

impl Drop for DumpRun {
    fn drop(&mut self) {
        // Half-way, the socket closes with the lane, and the kernel side ends the dump.
        if let Some(lane) = self.lane.take()
            && self.ended
            && self.exchange.is_over()
        {
            self.shared.give_lane(self.protocol, lane);
        }
    }
}

impl fmt::Debug for DumpRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.ended { "ended" } else { "running" };
        write!(f, "Dump({} {}, {state})", self.family, self.op)
    }
}
