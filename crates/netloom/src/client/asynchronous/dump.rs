//! Dumps that are waited for in a task.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use netloom_wire::{self as wire, Flags, Full, Header, Protocol, RawMessage, Writer};

use super::connection::Connection;
use super::runtime::Runtime;
use super::vigil::Vigil;
use crate::Result;
use crate::client::Object;
use crate::client::consistent::{Attempts, Consistent};
use crate::client::conversation::Terms;
use crate::client::dump::plan;
use crate::client::dump_run::{DumpRun, Turn};
use crate::client::request::{read, write};
use crate::client::shared::FamilyOf;
use crate::client::subject::Subject;
use crate::error::Cause;
use crate::socket::Received;

/// The objects that an op dumps; see [`Connection::dump`].
///
/// [`Dump::next`] yields owned objects, and it is a [`Stream`] of them; [`Dump::next_ref`] lends them where they lie.
/// Nothing is read ahead. A `next` that is dropped has taken nothing; a dump that is dropped half-way closes its socket, and
/// the kernel side stops.
#[must_use = "a dump does nothing before it is read"]
pub struct Dump<O: wire::Dump, R: Runtime> {
    raw: RawDump<R>,
    op: PhantomData<fn() -> O>,
}

impl<O: wire::Dump, R: Runtime> Dump<O, R> {
    pub(super) async fn start(connection: &Connection<R>, request: &O::Request) -> Result<Self> {
        let (subject, terms) = plan::<O>(connection.shared().timeout);
        let resolve = async || match connection.family(FamilyOf::<O>::NAME).await {
            Ok(family) => Ok(family.id),
            Err(error) => Err(error.of(subject.name())),
        };
        let ask = async |kind: u16| {
            let head = (kind, Flags::REQUEST | Flags::DUMP);
            let body = |w: &mut Writer<'_>| write::<O>(request, O::REQUEST, w);
            RawDump::start(connection, FamilyOf::<O>::PROTOCOL, head, terms, &subject, body).await
        };
        let shared = connection.shared();
        let raw = match shared.kind_of::<O>(O::REQUEST) {
            None => ask(resolve().await?).await,
            Some(known) => match ask(known).await {
                Err(error) if shared.is_outdated::<O>(known, &error) => {
                    let new = resolve().await?;
                    if new == known { Err(error) } else { ask(new).await }
                }
                done => done,
            },
        };
        Ok(Self { raw: raw?, op: PhantomData })
    }

    /// The next object; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<O::Reply>> {
        Some(self.next_ref().await?.map(|object| object.own()))
    }

    /// The next object, borrowed from the receive buffer.
    pub async fn next_ref(&mut self) -> Option<Result<Object<'_, O::Reply>>> {
        Some(self.raw.next_bytes().await?.and_then(read::<O, O::Reply>))
    }

    /// All objects of a dump that is of one piece: one that comes torn, or loses messages on its way, is thrown away and asked
    /// for again, `retries` times at most. So is what has been read already. If even the last attempt was torn, what it gave
    /// is told [apart](Consistent).
    ///
    /// # Errors
    ///
    /// What else may fail: a refusal, a timeout.
    pub async fn consistent(mut self, retries: u32) -> Result<Consistent<O::Reply>> {
        let mut attempts = Attempts::new(retries);
        if self.raw.run.is_begun() {
            while self.raw.next_bytes().await.is_some() {}
            self.raw.restart().await?;
        }
        loop {
            let mut all = Vec::new();
            let end = loop {
                match self.next().await {
                    Some(Ok(object)) => all.push(object),
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

    /// Whether what has been read so far is torn.
    pub fn is_interrupted(&self) -> bool {
        self.raw.is_interrupted()
    }

    /// What the kernel side remarked at the end, though it dumped everything.
    pub fn warning(&self) -> Option<&str> {
        self.raw.warning()
    }
}

impl<O: wire::Dump, R: Runtime> Stream for Dump<O, R> {
    type Item = Result<O::Reply>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let place = match self.raw.run.next_object() {
            Some(place) => Some(Ok(place)),
            None => ready!(self.raw.poll_place(cx)),
        };
        let bytes = place.map(|place| place.map(|place| self.raw.run.message(place).unwrap_or_default()));
        Poll::Ready(bytes.map(|bytes| bytes.and_then(read::<O, O::Reply>).map(|object| object.own())))
    }
}

impl<O: wire::Dump, R: Runtime> fmt::Debug for Dump<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}

/// The messages that a raw request dumps; see [`RawRequest::dump`](crate::client::RawRequest). It behaves as [`Dump`] does.
#[must_use = "a dump does nothing before it is read"]
pub struct RawDump<R: Runtime> {
    run: DumpRun,
    vigil: Vigil<R>,
    /// Looks at the socket since others had their turn.
    looks: u32,
}

impl<R: Runtime> RawDump<R> {
    pub(super) async fn start(
        connection: &Connection<R>,
        protocol: Protocol,
        head: (u16, Flags),
        terms: Terms,
        subject: &Subject<'_>,
        body: impl Fn(&mut Writer<'_>) -> std::result::Result<(), Full>,
    ) -> Result<Self> {
        connection.breathe().await;
        let run = DumpRun::write(connection.shared(), protocol, head, terms, subject, body)?;
        let vigil = Vigil::over(run.socket().ok_or_else(|| subject.error(Cause::NoReply))?);
        let mut dump = Self { run, vigil, looks: 0 };
        dump.begin().await?;
        Ok(dump)
    }

    /// The next message, borrowed from the receive buffer.
    pub async fn next_ref(&mut self) -> Option<Result<RawMessage<'_>>> {
        let bytes = match self.next_bytes().await? {
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

    async fn next_bytes(&mut self) -> Option<Result<&[u8]>> {
        if self.run.has_object() {
            return self.run.take_object().map(Ok);
        }
        match poll_fn(|cx| self.poll_place(cx)).await? {
            Ok(place) => self.run.message(place).map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// Asks for everything again.
    async fn restart(&mut self) -> Result<()> {
        if self.run.rewrite()?
            && let Some(socket) = self.run.socket()
        {
            self.vigil = Vigil::over(socket);
        }
        self.begin().await
    }

    /// Sends the request and takes the first datagram.
    async fn begin(&mut self) -> Result<()> {
        self.vigil.renew();
        poll_fn(|cx| self.poll_post(cx)).await?;
        let got = poll_fn(|cx| self.poll_datagram(cx)).await;
        self.run.take_first(got)
    }

    fn poll_post(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Self { run, vigil, .. } = self;
        let posted = ready!(vigil.poll_post(cx, run.timeout(), || run.post()));
        Poll::Ready(posted.unwrap_or_else(|cause| Err(run.subject().error(cause))))
    }

    /// Where the next object lies.
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(usize, usize)>>> {
        const TURN: u32 = 64;
        self.looks = self.looks.saturating_add(1);
        if self.looks > TURN {
            self.looks = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        loop {
            match self.run.turn() {
                Turn::Object(place) => {
                    // What is no object of ours does not: strays that keep coming must not keep a dump waiting.
                    self.vigil.renew();
                    return Poll::Ready(Some(Ok(place)));
                }
                Turn::End => return Poll::Ready(None),
                Turn::Failed(error) => return Poll::Ready(Some(Err(error))),
                Turn::Wait => {}
            }
            let got = ready!(self.poll_datagram(cx));
            if let Err(error) = self.run.take(got) {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    fn poll_datagram(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<Received, Cause>> {
        let Self { run, vigil, .. } = self;
        let timeout = run.timeout();
        let Some((lane, _)) = run.waits_for() else { return Poll::Ready(Err(Cause::NoReply)) };
        vigil.poll_receive(cx, timeout, || lane.receive_now()).map(|got| got.and_then(|got| got))
    }
}

impl<R: Runtime> fmt::Debug for RawDump<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.fmt(f)
    }
}
