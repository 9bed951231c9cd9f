//! Dumps: any number of objects, a datagram at a time.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use netloom_wire::{self as wire, Family as _, Flags, Full, Header, Protocol, RawMessage, Schema, Writer};

use super::connection::Connection;
use super::consistent::{Attempts, Consistent};
use super::conversation::Terms;
use super::dump_run::{DumpRun, Turn};
use super::exchange::Expect;
use super::object::Object;
use super::request::{kind_anew, read, write};
use super::shared::FamilyOf;
use super::subject::{Asks, Subject};
use crate::Result;

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
/// let whole: Vec<_> = nl.dump(op, all)?.consistent(10)?.whole()?; // or not at all
/// # Ok(()) }
/// ```
#[must_use = "a dump does nothing before it is read"]
pub struct Dump<O: wire::Dump> {
    raw: RawDump,
    op: PhantomData<fn() -> O>,
}

impl<O: wire::Dump> Dump<O> {
    pub(super) fn start(connection: &Connection, request: &O::Request) -> Result<Self> {
        let (subject, terms) = plan::<O>(connection.shared.timeout);
        let start = |kind| {
            let head = (kind, Flags::REQUEST | Flags::DUMP);
            RawDump::start(connection, FamilyOf::<O>::PROTOCOL, head, terms, &subject, |w: &mut Writer<'_>| {
                write::<O>(request, O::REQUEST, w)
            })
        };
        let shared = &connection.shared;
        let before = match shared.kind_of::<O>(O::REQUEST).map(|kind| (kind, start(kind))) {
            Some((kind, Err(error))) if shared.is_outdated::<O>(kind, &error) => Some((kind, error)),
            Some((_, started)) => return started.map(|raw| Self { raw, op: PhantomData }),
            None => None,
        };
        start(kind_anew::<O>(connection, before)?).map(|raw| Self { raw, op: PhantomData })
    }

    /// The next object, borrowed from the receive buffer.
    #[inline(always)]
    pub fn next_ref(&mut self) -> Option<Result<Object<'_, O::Reply>>> {
        Some(match self.raw.next_bytes()? {
            Ok(bytes) => read::<O, O::Reply>(bytes),
            Err(error) => Err(error),
        })
    }

    /// Reads the next object into a value that is there, whose memory is used again: the quickest way to owned ones.
    ///
    /// ```no_run
    /// # use netloom::{Connection, families::rt_route::{Getroute, Route}};
    /// # fn count(nl: &Connection) -> netloom::Result<usize> {
    /// let (mut route, mut main) = (Route::new(), 0);
    /// let mut routes = nl.dump(Getroute, &Route::new())?;
    /// while let Some(read) = routes.next_into(&mut route) {
    ///     read?;
    ///     main += usize::from(route.table == Some(254));
    /// }
    /// # Ok(main) }
    /// ```
    #[inline(always)]
    pub fn next_into(&mut self, place: &mut O::Reply) -> Option<Result<()>> {
        Some(match self.next_ref()? {
            Ok(object) => {
                object.own_into(place);
                Ok(())
            }
            Err(error) => Err(error),
        })
    }

    /// All objects of a dump that is of one piece: one that comes torn, or loses messages on its way, is thrown away and asked
    /// for again, `retries` times at most. So is what has been read already. If even the last attempt was torn, what it gave
    /// is told [apart](Consistent).
    ///
    /// # Errors
    ///
    /// What else may fail: a refusal, a timeout.
    pub fn consistent(mut self, retries: u32) -> Result<Consistent<O::Reply>> {
        let mut attempts = Attempts::new(retries);
        if self.raw.run.is_begun() {
            while self.raw.next_bytes().is_some() {}
            self.raw.restart()?;
        }
        loop {
            let mut all = Vec::new();
            let end = loop {
                match self.next() {
                    Some(Ok(object)) => all.push(object),
                    Some(Err(error)) => break Some(error),
                    None => break None,
                }
            };
            match attempts.judge(all, end)? {
                Some(done) => return Ok(done),
                None => self.raw.restart()?,
            }
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

    // As one with who looks at them: a struct comes out of here by as many copies as there are calls on the way.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        match self.next_ref()? {
            Ok(object) => Some(Ok(object.own())),
            Err(error) => Some(Err(error)),
        }
    }
}

impl<O: wire::Dump> fmt::Debug for Dump<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.raw)
    }
}

/// What errors call a dump, and how it is held.
pub(super) fn plan<O: wire::Dump>(timeout: Option<Duration>) -> (Subject<'static>, Terms) {
    let schema: fn() -> Option<&'static Schema> =
        || O::Family::INFO.op(O::NAME).and_then(|op| op.dump).map(|mode| mode.asks);
    let subject =
        Subject { family: FamilyOf::<O>::NAME, op: O::NAME, schema: Asks::Op(schema), fixed: FamilyOf::<O>::FIXED };
    let any_sequence = FamilyOf::<O>::ANY_SEQUENCE;
    (subject, Terms { expect: Expect::Dump, replies: true, timeout, any_sequence, generic: FamilyOf::<O>::GENERIC })
}

/// The messages that a raw request dumps; see [`RawRequest::dump`](super::RawRequest::dump).
///
/// It behaves as [`Dump`] does.
#[must_use = "a dump does nothing before it is read"]
pub struct RawDump {
    run: DumpRun,
}

impl RawDump {
    pub(super) fn start(
        connection: &Connection,
        protocol: Protocol,
        head: (u16, Flags),
        terms: Terms,
        subject: &Subject<'_>,
        body: impl Fn(&mut Writer<'_>) -> std::result::Result<(), Full>,
    ) -> Result<Self> {
        let mut dump = Self { run: DumpRun::write(&connection.shared, protocol, head, terms, subject, body)? };
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

    /// Whether what has been read so far is torn.
    pub fn is_interrupted(&self) -> bool {
        self.run.is_interrupted()
    }

    /// What the kernel side remarked at the end, though it dumped everything.
    pub fn warning(&self) -> Option<&str> {
        self.run.warning()
    }

    /// The next message's bytes, header included.
    #[inline(always)]
    fn next_bytes(&mut self) -> Option<Result<&[u8]>> {
        if self.run.has_object() {
            return self.run.take_object().map(Ok);
        }
        match self.advance()? {
            Ok(place) => self.run.message(place).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    #[cold]
    fn advance(&mut self) -> Option<Result<(usize, usize)>> {
        loop {
            match self.run.turn() {
                Turn::Object(place) => return Some(Ok(place)),
                Turn::End => return None,
                Turn::Failed(error) => return Some(Err(error)),
                Turn::Wait => {
                    let (lane, wait) = self.run.waits_for()?;
                    let got = lane.receive_later(wait);
                    if let Err(error) = self.run.take(got) {
                        return Some(Err(error));
                    }
                }
            }
        }
    }

    /// Asks for everything again.
    fn restart(&mut self) -> Result<()> {
        self.run.rewrite()?;
        self.begin()
    }

    /// Sends the request and takes the first datagram.
    fn begin(&mut self) -> Result<()> {
        self.run.post()?;
        let Some((lane, wait)) = self.run.waits_for() else { return Ok(()) };
        let got = lane.receive_now().unwrap_or_else(|| lane.receive_later(wait));
        self.run.take_first(got)
    }
}

impl fmt::Debug for RawDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.fmt(f)
    }
}
