//! Dumps: any number of objects, a datagram at a time.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use netloom_wire::{self as wire, Family as _, Flags, Header, Protocol, RawMessage, Schema};

use super::connection::Connection;
use super::consistent::{Attempts, Consistent};
use super::content::Content;
use super::conversation::Terms;
use super::dump_run::{DumpRun, Turn};
use super::exchange::Expect;
use super::object::Object;
use super::request::{Typed, kind_anew, read};
use super::shared::FamilyOf;
use super::shell::{Shell, at_once};
use super::subject::{Asks, Subject};
use crate::Result;
use crate::error::Cause;

/// The objects that an op dumps; see [`Connection::dump`].
///
/// As an [`Iterator`], in a task as a `Stream`, it yields owned objects; `next_ref` lends them where they lie. Nothing is read
/// ahead: the kernel side goes on when the last datagram has been looked through. Dropped half-way, it closes its socket, and
/// the kernel side stops. A `next` of a task that is dropped has taken nothing.
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
pub struct Dump<O: wire::Dump, C: Shell = Connection> {
    pub(super) raw: RawDump<C>,
    op: PhantomData<fn() -> O>,
}

impl<O: wire::Dump> Dump<O> {
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
    /// That a dump is torn is what the kernel side says. Linux says it of links, addresses, next hop objects and most that is
    /// dumped by newer families; of routes, rules, neighbours and forwarding tables it does not, and one of them that changes
    /// while it is dumped in several [datagrams](Dump::datagrams) may lack what was there all the time. Only who hears its
    /// events meanwhile can know: a [`Watch`](super::Watch) does, and reads again.
    ///
    /// # Errors
    ///
    /// What else may fail: a refusal, a timeout.
    pub fn consistent(self, retries: u32) -> Result<Consistent<O::Reply>> {
        at_once(self.attempt(retries))
    }
}

impl<O: wire::Dump, C: Shell> Dump<O, C> {
    /// How many datagrams of it have been received. What one holds Linux has read at once; what it holds of the next, later.
    pub fn datagrams(&self) -> u64 {
        self.raw.run.datagrams()
    }

    /// Whether what has been read so far is torn.
    pub fn is_interrupted(&self) -> bool {
        self.raw.is_interrupted()
    }

    /// What the kernel side remarked at the end, though it dumped everything.
    pub fn warning(&self) -> Option<&str> {
        self.raw.warning()
    }

    pub(crate) async fn start(nl: &C, request: &O::Request) -> Result<Self> {
        let (subject, terms) = plan::<O>(nl.shared().timeout);
        let start = async |kind: u16| {
            let head = (kind, Flags::REQUEST | Flags::DUMP);
            let body = Typed::<O, _, O::Request>::new(request, O::REQUEST);
            let raw = RawDump::start(nl, FamilyOf::<O>::PROTOCOL, head, terms, &subject, &body).await?;
            Ok(Self { raw, op: PhantomData })
        };
        let mut before = None;
        if let Some(kind) = nl.shared().kind_of::<O>(O::REQUEST) {
            match start(kind).await {
                Err(error) if nl.shared().is_outdated::<O>(kind, &error) => before = Some((kind, error)),
                started => return started,
            }
        }
        start(kind_anew::<O, C>(nl, before).await?).await
    }

    /// Begins anew until it is of one piece, or has been asked for often enough.
    pub(crate) async fn attempt(mut self, retries: u32) -> Result<Consistent<O::Reply>> {
        let mut attempts = Attempts::new(retries);
        if self.raw.run.is_begun() {
            while self.raw.bytes().await.is_some() {}
            self.raw.restart().await?;
        }
        loop {
            let mut all = Vec::new();
            let end = loop {
                match self.object().await {
                    Some(Ok(object)) => all.push(object.own()),
                    Some(Err(error)) => break Some(error),
                    None => break None,
                }
            };
            match attempts.judge(all, end)? {
                Some(done) => return Ok(done),
                None => self.raw.restart().await?,
            }
        }
    }

    /// The next object where it lies.
    pub(crate) async fn object(&mut self) -> Option<Result<Object<'_, O::Reply>>> {
        Some(self.raw.bytes().await?.and_then(read::<O, O::Reply>))
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

impl<O: wire::Dump, C: Shell> fmt::Debug for Dump<O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

/// What errors call a dump, and how it is held.
fn plan<O: wire::Dump>(timeout: Option<Duration>) -> (Subject<'static>, Terms) {
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
pub struct RawDump<C: Shell = Connection> {
    pub(super) run: DumpRun,
    vigil: C::Vigil,
}

impl RawDump {
    /// The next message, borrowed from the receive buffer.
    pub fn next_ref(&mut self) -> Option<Result<RawMessage<'_>>> {
        at_once(self.message())
    }

    /// The next message's bytes, header included.
    #[inline(always)]
    fn next_bytes(&mut self) -> Option<Result<&[u8]>> {
        if self.run.has_object() {
            return self.run.take_object().map(Ok);
        }
        match self.next_place()? {
            Ok(place) => self.run.message(place).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    #[cold]
    fn next_place(&mut self) -> Option<Result<(usize, usize)>> {
        at_once(self.place())
    }
}

impl<C: Shell> RawDump<C> {
    /// Whether what has been read so far is torn.
    pub fn is_interrupted(&self) -> bool {
        self.run.is_interrupted()
    }

    /// What the kernel side remarked at the end, though it dumped everything.
    pub fn warning(&self) -> Option<&str> {
        self.run.warning()
    }

    pub(super) async fn start(
        nl: &C,
        protocol: Protocol,
        head: (u16, Flags),
        terms: Terms,
        subject: &Subject<'_>,
        body: &impl Content,
    ) -> Result<Self> {
        nl.breathe().await;
        let run = DumpRun::write(nl.shared(), protocol, head, terms, subject, body)?;
        let vigil = C::vigil(run.socket().ok_or_else(|| subject.error(Cause::NoReply))?);
        let mut dump = Self { run, vigil };
        dump.begin().await?;
        Ok(dump)
    }

    pub(super) async fn message(&mut self) -> Option<Result<RawMessage<'_>>> {
        let bytes = match self.bytes().await? {
            Ok(bytes) => bytes,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(RawMessage { header: Header::read(bytes)?, payload: bytes.get(Header::LEN..)?, bytes }))
    }

    /// The next message's bytes, header included.
    pub(super) async fn bytes(&mut self) -> Option<Result<&[u8]>> {
        if self.run.has_object() {
            return self.run.take_object().map(Ok);
        }
        match self.place().await? {
            Ok(place) => self.run.message(place).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// Where the next message lies, behind those of the datagram at hand.
    async fn place(&mut self) -> Option<Result<(usize, usize)>> {
        let Self { run, vigil } = self;
        C::turn(vigil).await;
        loop {
            match run.turn() {
                Turn::Object(place) => {
                    // What is no object of ours does not: strays that keep coming must not keep a dump waiting.
                    C::renew(vigil);
                    return Some(Ok(place));
                }
                Turn::End => return None,
                Turn::Failed(error) => return Some(Err(error)),
                Turn::Wait => {}
            }
            let got = C::datagram(run, vigil).await;
            if let Err(error) = run.take(got) {
                return Some(Err(error));
            }
        }
    }

    /// Asks for everything again.
    async fn restart(&mut self) -> Result<()> {
        if self.run.rewrite()?
            && let Some(socket) = self.run.socket()
        {
            self.vigil = C::vigil(socket);
        }
        self.begin().await
    }

    /// Sends the request and takes the first datagram.
    async fn begin(&mut self) -> Result<()> {
        let Self { run, vigil } = self;
        C::renew(vigil);
        C::post(run, vigil).await?;
        let got = match run.receive_now() {
            Some(got) => got,
            None => C::datagram(run, vigil).await,
        };
        run.take_first(got)
    }
}

impl<C: Shell> fmt::Debug for RawDump<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.fmt(f)
    }
}
