//! Many requests in few sends.

mod outcomes;
mod requests;
mod run;
mod seat;
mod send;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use netloom_wire::{Do, Encode, Flags, Protocol};

use super::connection::Connection;
use super::raw::RawRequest;
use super::request::{Request, Typed, subject};
use super::shared::FamilyOf;
use super::shell::Shell;
use crate::Result;
use crate::error::{Cause, Error};
pub use outcomes::Outcomes;
pub(crate) use requests::Nature;
use requests::{NatureOf, Requests};
pub(crate) use run::{BatchRun, Turn};
use seat::Seat;

/// Many requests, sent many at a time: see [`Connection::batch`].
///
/// They are written as they are pushed, and sent 64 at a time unless [`Batch::per_send`] says otherwise; each send is heard out
/// before the next. A request that succeeds and has no reply is not acknowledged, but for the last of each send, or where
/// [`Request::ack`] asks for it: refusals come in any case. What became of each is told by the [`Outcomes`].
///
/// A batch is of one protocol; families of generic netlink may be mixed. It is not a transaction: those that are refused leave
/// the others as they are. A family whose id turns out to be outdated refuses with ENOENT, and is asked for anew by what comes
/// after; requests are never repeated by themselves.
#[must_use = "a batch does nothing before `send`"]
pub struct Batch<C = Connection> {
    pub(super) connection: C,
    id: u32,
    policy: Policy,
    /// From the first request on.
    written: Option<(Seat, Requests)>,
}

/// How a batch is sent.
#[derive(Clone, Copy)]
pub(crate) struct Policy {
    per_send: u32,
    stop: bool,
    timeout: Option<Duration>,
}

/// The place of a request in a [`Batch`], to ask its [`Outcomes`] for the reply.
pub struct Ticket<O> {
    batch: u32,
    index: u32,
    op: PhantomData<fn() -> O>,
}

/// The place of a request made by hand in a [`Batch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawTicket {
    batch: u32,
    index: u32,
    generic: bool,
}

impl<O> Ticket<O> {
    /// Which request of the batch it is, counted from 0.
    pub const fn index(self) -> usize {
        self.index as usize
    }
}

impl RawTicket {
    /// Which request of the batch it is, counted from 0.
    pub const fn index(self) -> usize {
        self.index as usize
    }
}

impl<O> Clone for Ticket<O> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<O> Copy for Ticket<O> {}

impl<O> fmt::Debug for Ticket<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({})", self.index)
    }
}

/// What can be [pushed](Batch::push) to a batch: a [`Request`] or a [`RawRequest`], of the same connection.
pub trait Part<C>: sealed::Part<C> {
    /// Its place in the batch.
    type Ticket;
    #[doc(hidden)]
    fn ticket(&self, batch: u32, index: u32) -> Self::Ticket;
}

mod sealed {
    use netloom_wire::Protocol;

    use super::Requests;
    use crate::Result;

    pub trait Part<C> {
        fn connection(&self) -> &C;
        fn protocol(&self) -> Protocol;
        /// The family whose id its messages carry.
        fn family(&self) -> Option<&'static str>;
        /// Checks it; the error says what to do instead.
        fn check(&self) -> Result<()>;
        fn write(&self, id: u16, requests: &mut Requests) -> Result<u32>;
    }
}

impl<O: Do, C, Q: Encode<O::Request>> Part<C> for Request<'_, O, C, Q> {
    type Ticket = Ticket<O>;
    #[inline]
    fn ticket(&self, batch: u32, index: u32) -> Ticket<O> {
        Ticket { batch, index, op: PhantomData }
    }
}

impl<O: Do, C, Q: Encode<O::Request>> sealed::Part<C> for Request<'_, O, C, Q> {
    #[inline]
    fn connection(&self) -> &C {
        self.connection
    }

    #[inline]
    fn protocol(&self) -> Protocol {
        FamilyOf::<O>::PROTOCOL
    }

    #[inline]
    fn family(&self) -> Option<&'static str> {
        FamilyOf::<O>::GENERIC.then_some(FamilyOf::<O>::NAME)
    }

    #[inline]
    fn check(&self) -> Result<()> {
        let fault = match self.flags.contains(Flags::DUMP) {
            true => refuse_dump(FamilyOf::<O>::PROTOCOL, O::REQUEST),
            false if NatureOf::<O>::IT.odd => Some(ODD),
            false => None,
        };
        fault.map_or(Ok(()), |instead| Err(subject::<O>().error(Cause::Usage(instead))))
    }

    #[inline(always)]
    fn write(&self, id: u16, requests: &mut Requests) -> Result<u32> {
        let kind = if FamilyOf::<O>::GENERIC { id } else { O::REQUEST };
        let body = Typed::<O, _, O::Request>::new(self.request, O::REQUEST);
        requests
            .push(NatureOf::<O>::IT, (kind, self.flags), self.timeout, &body)
            .map_err(|full| subject::<O>().too_long(full))
    }
}

impl<C> Part<C> for RawRequest<'_, C> {
    type Ticket = RawTicket;
    fn ticket(&self, batch: u32, index: u32) -> RawTicket {
        RawTicket { batch, index, generic: self.is_generic() }
    }
}

impl<C> sealed::Part<C> for RawRequest<'_, C> {
    fn connection(&self) -> &C {
        self.connection
    }

    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn family(&self) -> Option<&'static str> {
        None
    }

    fn check(&self) -> Result<()> {
        let (kind, flags) = self.head();
        let fault = if !flags.contains(Flags::REQUEST) {
            Some("an answer to what the kernel side asked is no request: `post` it")
        } else if flags.contains(Flags::DUMP) {
            refuse_dump(self.protocol, kind)
        } else if self.is_any_sequence() {
            Some(ODD)
        } else {
            None
        };
        fault.map_or(Ok(()), |instead| Err(self.subject().error(Cause::Usage(instead))))
    }

    fn write(&self, _: u16, requests: &mut Requests) -> Result<u32> {
        requests.push_raw(&self.nature(), self.head(), self.timeout, self).map_err(|full| self.subject().too_long(full))
    }
}

const ODD: &str = "the family's replies do not say which request they answer: send this request by itself";

/// What to do instead, if the flags make this a dump.
#[cold]
fn refuse_dump(protocol: Protocol, kind: u16) -> Option<&'static str> {
    // net/core/rtnetlink.c: rtnetlink_rcv_msg, which dumps for GET alone: its types are every fourth
    let dumps = protocol != Protocol::ROUTE || kind & 3 == 2;
    dumps.then_some(
        "the flags make it a dump (REPLACE and EXCL together are DUMP), which has a socket of its own: use `dump`",
    )
}

impl<C> Batch<C> {
    /// Requests of a send, unless told otherwise. More of them save nothing that could be measured.
    pub const PER_SEND: u32 = 64;

    pub(super) fn new(connection: C) -> Self {
        static BATCHES: AtomicU32 = AtomicU32::new(0);
        let id = BATCHES.fetch_add(1, Ordering::Relaxed);
        let policy = Policy { per_send: Self::PER_SEND, stop: false, timeout: None };
        Self { connection, id, policy, written: None }
    }

    /// Sends so many requests at a time, at most: fewer, where their answers would not fit in the receive queue, or they in a
    /// datagram. One at a time is as slow as calls are.
    pub fn per_send(self, requests: u32) -> Self {
        let policy = Policy { per_send: requests.max(1), ..self.policy };
        Self { policy, ..self }
    }

    /// Ends with the send in which a request fails; what follows is [not sent](Error::is_unsent). What stands behind the
    /// failed one in the same send has been done nevertheless: with [`per_send(1)`](Batch::per_send) there is nothing.
    pub fn stop_on_error(self) -> Self {
        let policy = Policy { stop: true, ..self.policy };
        Self { policy, ..self }
    }

    /// How long the answers to a send may take. Without it, the connection's timeout, or the longest that a request was given.
    pub fn timeout(self, timeout: Duration) -> Self {
        let policy = Policy { timeout: Some(timeout), ..self.policy };
        Self { policy, ..self }
    }

    /// Requests pushed so far.
    pub fn len(&self) -> usize {
        self.written.as_ref().map_or(0, |(_, requests)| requests.count() as usize)
    }

    /// Whether nothing has been pushed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What sends it; `None` for an empty one.
    pub(super) fn run(&mut self) -> Option<BatchRun> {
        let (seat, requests) = self.written.take()?;
        Some(BatchRun::new(seat, requests, self.policy, self.id))
    }

    /// The outcomes of an empty one.
    pub(super) fn nothing(&self) -> Outcomes {
        Outcomes::none(self.id)
    }
}

impl Batch<Connection> {
    /// Writes a request; its ticket is for the [`Outcomes`].
    ///
    /// # Errors
    ///
    /// A request that is too long, of another protocol or connection, or that makes a dump; a family that the kernel side does
    /// not have. The batch is as it was.
    #[inline(always)]
    pub fn push<P: Part<Connection>>(&mut self, request: P) -> Result<P::Ticket> {
        let id = match id_of(&self.connection, &request) {
            Ok(id) => id,
            Err(name) => self.connection.family(name)?.id,
        };
        put(self, &request, id)
    }

    /// Sends all of it, and hears the answers out.
    ///
    /// # Errors
    ///
    /// Where not a single request could be sent. What became of each otherwise is told by the outcomes.
    pub fn send(mut self) -> Result<Outcomes> {
        let Some(mut run) = self.run() else { return Ok(self.nothing()) };
        loop {
            match run.turn() {
                Turn::Post => {
                    let posted = run.post();
                    run.posted(posted);
                }
                Turn::Wait => {
                    let got = run.receive_later();
                    run.take(got);
                }
                Turn::Over => return run.finish(),
            }
        }
    }
}

impl<C> fmt::Debug for Batch<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a key among them.
        let bytes = self.written.as_ref().map_or(0, |(_, requests)| requests.len());
        write!(f, "Batch({} requests, {bytes} bytes)", self.len())
    }
}

/// The id of the family of a request, as far as it is known; 0 where none is needed.
#[inline]
pub(super) fn id_of<C: Shell, P: Part<C>>(connection: &C, part: &P) -> std::result::Result<u16, &'static str> {
    match part.family() {
        None => Ok(0),
        Some(name) => connection.shared().names.id(name).ok_or(name),
    }
}

/// Writes a request whose family has this id.
#[inline(always)]
pub(super) fn put<C: Shell, P: Part<C>>(batch: &mut Batch<C>, part: &P, id: u16) -> Result<P::Ticket> {
    part.check()?;
    if !Arc::ptr_eq(part.connection().shared(), batch.connection.shared()) {
        return Err(usage("the request is another connection's: push it to a batch of that one"));
    }
    let requests = match &mut batch.written {
        Some((seat, requests)) if seat.protocol == part.protocol() && requests.count() < Requests::MOST => requests,
        _ => begin(batch, part.protocol())?,
    };
    let index = part.write(id, requests)?;
    Ok(part.ticket(batch.id, index))
}

#[cold]
fn begin<C: Shell>(batch: &mut Batch<C>, protocol: Protocol) -> Result<&mut Requests> {
    if let Some((seat, _)) = &batch.written {
        return Err(match seat.protocol == protocol {
            true => usage("the batch has as many requests as there are sequence numbers: send it, and begin another"),
            false => usage("the batch is of another protocol: a batch has one, that of its first request"),
        });
    }
    let mut seat = Seat::take(batch.connection.shared(), protocol)?;
    let timeout = batch.connection.shared().timeout;
    let requests = match seat.lane_mut() {
        Some(lane) => Requests::new(lane.port, lane.sequence(Requests::MOST), timeout),
        None => Requests::new(0, 1, timeout),
    };
    Ok(&mut batch.written.insert((seat, requests)).1)
}

fn usage(instead: &'static str) -> Error {
    Error::new("batch", Cause::Usage(instead))
}
