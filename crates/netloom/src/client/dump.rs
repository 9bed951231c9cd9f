//! Dumps: any number of objects, a datagram at a time.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use netloom_wire::{
    self as wire, Family as _, Flags, Full, Header, Protocol, RawMessage, Schema, Writer, align, messages,
};

use super::connection::{Connection, FamilyOf, Shared};
use super::exchange::{Exchange, Step};
use super::hooks::Flow;
use super::lane::{Asks, Lane, Subject, Terms, Wait};
use super::object::Object;
use super::request::{with_family, write};
use super::strays::Strays;
use crate::Result;
use crate::error::{Cause, Error};
use crate::socket::Address;

/// The objects that an op dumps; see [`Connection::dump`].
///
/// As an [`Iterator`] it yields owned objects; [`Dump::next_ref`] lends them where they lie. Nothing is read ahead: the
/// kernel side goes on when the last datagram has been looked through. Dropped half-way, it closes its socket, and the
/// kernel side stops.
///
/// ```no_run
/// # use netloom::client::Connection;
/// # fn list<List: netloom::wire::Dump>(nl: &Connection, op: List, all: &List::Request) -> netloom::Result<()> {
/// for object in nl.dump(op, all)? {
///     println!("{:?}", object?); // a torn dump says so last
/// }
/// let whole: Vec<_> = nl.dump(op, all)?.consistent(10)?; // or not at all
/// # Ok(()) }
/// ```
#[must_use = "a dump does nothing before it is read"]
pub struct Dump<O: wire::Dump> {
    raw: RawDump,
    op: PhantomData<fn() -> O>,
}

impl<O: wire::Dump> Dump<O> {
    pub(super) fn start(connection: &Connection, request: &O::Request) -> Result<Self> {
        let schema: fn() -> Option<&'static Schema> =
            || O::Family::INFO.op(O::NAME).and_then(|op| op.dump).map(|mode| mode.asks);
        let subject =
            Subject { family: FamilyOf::<O>::NAME, op: O::NAME, schema: Asks::Op(schema), fixed: FamilyOf::<O>::FIXED };
        let terms = Terms {
            expect: super::Expect::Dump,
            timeout: connection.shared.timeout,
            any_sequence: FamilyOf::<O>::ANY_SEQUENCE,
            generic: FamilyOf::<O>::GENERIC,
        };
        let raw = with_family::<O, _>(connection, O::REQUEST, &subject, |kind| {
            let head = (kind, Flags::REQUEST | Flags::DUMP);
            RawDump::start(connection, FamilyOf::<O>::PROTOCOL, head, terms, &subject, |w: &mut Writer<'_>| {
                write::<O>(request, O::REQUEST, w)
            })
        })?;
        Ok(Self { raw, op: PhantomData })
    }

    /// The next object, borrowed from the receive buffer.
    #[inline]
    pub fn next_ref(&mut self) -> Option<Result<Object<'_, O::Reply>>> {
        Some(match self.raw.next_bytes()? {
            Ok(bytes) if bytes.len() >= Object::<O::Reply>::front(FamilyOf::<O>::GENERIC) => {
                Ok(Object { bytes, generic: FamilyOf::<O>::GENERIC, kind: PhantomData })
            }
            Ok(_) => Err(Error::new(format!("{} {}", FamilyOf::<O>::NAME, O::NAME), Cause::Short)),
            Err(error) => Err(error),
        })
    }

    /// All objects of a dump that is of one piece: a torn one is thrown away and asked for again, `attempts` times in all.
    /// So is what has been read already.
    ///
    /// # Errors
    ///
    /// [`is_interrupted`](Error::is_interrupted) if all of them were torn; what else may fail.
    pub fn consistent(mut self, attempts: u32) -> Result<Vec<O::Reply>> {
        let mut attempt = 1_u32;
        if self.raw.is_begun() {
            while self.raw.next_bytes().is_some() {}
            self.raw.restart()?;
        }
        loop {
            let all: Result<Vec<_>> = self.by_ref().collect();
            match all {
                Err(error) if error.is_interrupted() && attempt < attempts => self.raw.restart()?,
                Err(error) if error.is_interrupted() => {
                    return Err(self.raw.subject().error(Cause::Interrupted(attempt)));
                }
                done => return done,
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Whether what has been read so far is torn.
    pub fn is_interrupted(&self) -> bool {
        self.raw.is_interrupted()
    }

    /// What the kernel side remarked at the end, though it dumped everything.
    pub fn warning(&self) -> Option<&str> {
        self.raw.warning()
    }
}

impl<O: wire::Dump> Iterator for Dump<O> {
    type Item = Result<O::Reply>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_ref()?.map(|object| object.own()))
    }
}

impl<O: wire::Dump> fmt::Debug for Dump<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.raw)
    }
}

/// The messages that a raw request dumps; see [`RawRequest::dump`](super::RawRequest::dump).
///
/// It behaves as [`Dump`] does.
#[must_use = "a dump does nothing before it is read"]
pub struct RawDump {
    shared: Arc<Shared>,
    protocol: Protocol,
    /// None once it has ended.
    lane: Option<Lane>,
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
    /// As far as no hook wants to be asked: all of it, or nothing.
    plain: usize,
    read: usize,
    datagrams: u64,
    ended: bool,
    warning: Option<String>,
    strays: Arc<Strays>,
    /// For the next object.
    wait: Wait,
}

impl RawDump {
    pub(super) fn start(
        connection: &Connection,
        protocol: Protocol,
        (kind, flags): (u16, Flags),
        terms: Terms,
        subject: &Subject<'_>,
        body: impl Fn(&mut Writer<'_>) -> std::result::Result<(), Full>,
    ) -> Result<Self> {
        let shared = connection.shared.clone();
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
        let mut dump = Self {
            shared,
            protocol,
            lane: Some(lane),
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
            datagrams: 0,
            ended: false,
            warning: None,
            strays: connection.shared.strays(protocol),
            wait: Wait::new(terms.timeout),
        };
        dump.begin()?;
        Ok(dump)
    }

    /// The next message, borrowed from the receive buffer.
    pub fn next_ref(&mut self) -> Option<Result<RawMessage<'_>>> {
        let bytes = match self.next_bytes()? {
            Ok(bytes) => bytes,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(RawMessage { header: Header::read(bytes)?, payload: bytes.get(Header::LEN..)?, bytes }))
    }

    /// The next message's bytes, header included.
    #[inline]
    fn next_bytes(&mut self) -> Option<Result<&[u8]>> {
        let (start, len) = match self.next_object() {
            Some(place) => place,
            None => match self.advance()? {
                Ok(place) => place,
                Err(error) => return Some(Err(error)),
            },
        };
        self.lane.as_ref()?.received(self.filled).get(start..)?.get(..len).map(Ok)
    }

    /// Asks for everything again, on the same socket.
    pub(super) fn restart(&mut self) -> Result<()> {
        let mut lane = match self.lane.take() {
            Some(lane) if self.exchange.is_over() => lane,
            // It failed in a way that took the socket, and the request with it.
            _ => return Err(self.subject().error(Cause::Usage("the dump had failed already: ask anew"))),
        };
        let seq = lane.rewrite();
        self.exchange = lane.exchange(seq, self.request_len, self.terms);
        self.lane = Some(lane);
        self.wait.renew();
        (self.filled, self.plain, self.read, self.datagrams) = (0, 0, 0, 0);
        (self.ended, self.warning) = (false, None);
        self.begin()
    }

    /// Whether anything has been read.
    fn is_begun(&self) -> bool {
        self.read > 0 || self.datagrams > 1 || self.ended
    }

    /// Whether what has been read so far is torn.
    pub fn is_interrupted(&self) -> bool {
        self.exchange.is_interrupted()
    }

    /// What the kernel side remarked at the end, though it dumped everything.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { family: &self.family, op: &self.op, schema: self.schema, fixed: self.fixed }
    }

    /// Sends the request and takes the first datagram, in which a refusal would stand.
    fn begin(&mut self) -> Result<()> {
        let sent = self.lane.as_ref().map_or(Ok(()), |lane| {
            if let Some(ears) = self.shared.ears(self.protocol, None) {
                let stopped = |cause| self.subject().error(cause);
                ears.out(lane.port, lane.request(self.request_len)).map_err(stopped)?;
            }
            lane.post(self.request_len)
        });
        if let Err(error) = sent {
            self.lane = None;
            return Err(error.of(self.subject().name()));
        }
        let refused = match self.receive() {
            Ok(()) => self.refusal(),
            Err(error) => Some(error),
        };
        match refused {
            Some(error) => {
                self.end(self.exchange.is_over());
                Err(error)
            }
            None => Ok(()),
        }
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

    /// Takes a datagram.
    fn receive(&mut self) -> Result<()> {
        let Some(lane) = &mut self.lane else { return Ok(()) };
        let received = match lane.receive(&mut self.wait) {
            Ok(received) => received,
            Err(cause) => {
                match cause {
                    Cause::Truncated(len) => self.shared.make_room(len),
                    Cause::Overrun
                        if self.shared.ears(self.protocol, None).is_some_and(|ears| ears.lost() == Flow::Stop) =>
                    {
                        return Err(self.subject().error(Cause::Stopped));
                    }
                    _ => {}
                }
                return Err(self.subject().error(cause));
            }
        };
        (self.source, self.filled, self.read) = (received.source, received.len, 0);
        self.plain = if self.shared.hooks.is_any_set() { 0 } else { received.len };
        self.datagrams = self.datagrams.saturating_add(1);
        let stalled = self.exchange.begin(lane.received(received.len), received.source);
        if stalled { Err(self.subject().error(Cause::Stalled)) } else { Ok(()) }
    }

    /// Where the next object lies and how long it is, if the buffer holds one right here: nearly always it does.
    #[inline]
    fn next_object(&mut self) -> Option<(usize, usize)> {
        let start = self.read;
        let rest = self.lane.as_ref()?.received(self.plain).get(start..)?;
        let header = Header::read(rest)?;
        let len = header.len as usize;
        if len < Header::LEN || len > rest.len() || !self.exchange.is_object(&header, self.source) {
            return None;
        }
        self.read = start.saturating_add(align(len));
        self.wait.renew();
        Some((start, len))
    }

    /// The same for whatever else may come; `None` at the end.
    fn advance(&mut self) -> Option<Result<(usize, usize)>> {
        loop {
            if self.ended {
                return None;
            }
            if let Some(place) = self.next_object() {
                return Some(Ok(place));
            }
            if self.read >= self.filled {
                if let Err(error) = self.receive() {
                    self.end(false);
                    return Some(Err(error));
                }
                continue;
            }
            let (start, lane) = (self.read, self.lane.as_ref()?);
            let mut walk = messages(lane.received(self.filled).get(start..)?);
            let Some(message) = walk.next() else {
                self.read = self.filled;
                continue;
            };
            self.read = start.saturating_add(walk.offset().max(1));
            let ears = if self.plain == 0 { self.shared.ears(self.protocol, None) } else { None };
            let step = match ears {
                None => self.exchange.step(message, self.source),
                Some(ears) => ears.step(&mut self.exchange, message, self.source),
            };
            let Some(step) = step else {
                // Rubbish, or nothing: a walk that stopped has nothing behind it.
                if message.is_err() {
                    self.read = self.filled;
                }
                continue;
            };
            let failed = match step {
                Step::Reply(message) => {
                    self.wait.renew();
                    return Some(Ok((start, message.bytes.len())));
                }
                Step::Stray(stray) => {
                    self.strays.take(&stray, None);
                    continue;
                }
                Step::Ack(_) if self.exchange.is_over() => {
                    // A refusal that a hook took for an acknowledgement.
                    self.end(true);
                    return None;
                }
                Step::Ack(_) => continue,
                Step::Done(verdict) => {
                    self.warning = verdict.ext_ack.message.map(str::to_owned);
                    self.end(true);
                    return None;
                }
                Step::Interrupted(verdict) => {
                    self.warning = verdict.ext_ack.message.map(str::to_owned);
                    Cause::Interrupted(1)
                }
                Step::Nack(verdict) => {
                    let error = self.subject().refused(lane.request(self.request_len), &verdict);
                    self.end(true);
                    return Some(Err(error));
                }
                Step::Overrun => Cause::Overrun,
                Step::Stalled => Cause::Stalled,
                Step::Malformed(malformed) => Cause::Malformed(malformed),
                Step::Stopped => Cause::Stopped,
            };
            let clean = matches!(failed, Cause::Interrupted(_));
            let error = self.subject().error(failed);
            self.end(clean);
            return Some(Err(error));
        }
    }

    /// Nothing comes any more. A lane whose dump the kernel side has ended is kept, to dump again or for others.
    fn end(&mut self, clean: bool) {
        self.ended = true;
        if !clean {
            self.lane = None;
        }
    }
}

impl Drop for RawDump {
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

impl fmt::Debug for RawDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.ended { "ended" } else { "running" };
        write!(f, "Dump({} {}, {state})", self.family, self.op)
    }
}
