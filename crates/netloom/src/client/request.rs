//! One op to be done.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use netloom_wire::{Body, Do, Family as _, Flags, Full, GenlHeader, Message, Op, RawAttrs, Schema, Writer};

use super::connection::Connection;
use super::conversation::{Accepted, Manner, Terms};
use super::exchange::Expect;
use super::object::Object;
use super::shared::{FamilyOf, Shared};
use super::subject::{Asks, Subject};
use crate::Result;
use crate::error::{Cause, Error};

/// An op to be done, with what it is asked: see [`Connection::request`].
///
/// The flags from [`Request::replace`] on belong to creations; what a family makes of them is its own business.
#[must_use = "a request does nothing before `send`"]
pub struct Request<'r, O: Do, C = Connection> {
    pub(super) connection: &'r C,
    pub(super) request: &'r O::Request,
    flags: Flags,
    /// Where it is not the connection's.
    timeout: Option<Duration>,
    op: PhantomData<fn() -> O>,
}

/// What came back of a [`Request`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer<R> {
    /// The replies, in order: mostly one, or none where the op has none.
    pub replies: Vec<R>,
    /// What the kernel side remarks, though it did what was asked. Needs an acknowledgement: [`Request::ack`].
    pub warning: Option<String>,
    /// A value that the family gives out on success.
    #[doc(alias = "NLMSGERR_ATTR_COOKIE")]
    pub cookie: Option<Vec<u8>>,
}

impl<O: Do, C> fmt::Debug for Request<'_, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No values here: there may be a key among them.
        write!(f, "Request({} {}, {:?})", FamilyOf::<O>::NAME, O::NAME, self.flags)
    }
}

impl<'r, O: Do, C> Request<'r, O, C> {
    pub(super) fn new(connection: &'r C, request: &'r O::Request) -> Self {
        Self { connection, request, flags: Flags::REQUEST, timeout: None, op: PhantomData }
    }

    /// More flags, whatever they mean to the op.
    pub fn flags(self, flags: Flags) -> Self {
        Self { flags: self.flags | flags, ..self }
    }

    /// Asks for an acknowledgement even where a reply comes: for warnings, and for ops whose replies are several.
    #[doc(alias = "NLM_F_ACK")]
    pub fn ack(self) -> Self {
        self.flags(Flags::ACK)
    }

    /// Has the notification that it causes sent back, as a reply.
    #[doc(alias = "NLM_F_ECHO")]
    pub fn echo(self) -> Self {
        self.flags(Flags::ECHO)
    }

    /// Creates what does not exist.
    #[doc(alias = "NLM_F_CREATE")]
    pub fn create(self) -> Self {
        self.flags(Flags::CREATE)
    }

    /// Fails with EEXIST if it exists.
    #[doc(alias = "NLM_F_EXCL")]
    pub fn excl(self) -> Self {
        self.flags(Flags::EXCL)
    }

    /// Replaces what exists.
    #[doc(alias = "NLM_F_REPLACE")]
    pub fn replace(self) -> Self {
        self.flags(Flags::REPLACE)
    }

    /// Adds to the end of a list.
    #[doc(alias = "NLM_F_APPEND")]
    pub fn append(self) -> Self {
        self.flags(Flags::APPEND)
    }

    /// Another timeout than the connection's.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// With which flags it is sent, and what ends it.
    #[inline]
    pub(super) fn plan(&self) -> Result<(Flags, Expect)> {
        let mut flags = self.flags;
        // net/netlink/genetlink.c: genl_family_rcv_msg takes both bits for a dump, whatever was meant
        if FamilyOf::<O>::GENERIC && flags.contains(Flags::DUMP) {
            let instead = "REPLACE and EXCL together are DUMP to a generic netlink family; leave one out, or use dump";
            return Err(subject::<O>().error(Cause::Usage(instead)));
        }
        if O::REPLY.is_some() && !flags.intersects(Flags::ACK | Flags::ECHO) {
            return Ok((flags, Expect::Reply));
        }
        flags |= Flags::ACK;
        Ok((flags, Expect::Ack))
    }

    /// How it is held.
    pub(super) fn terms(&self, expect: Expect, shared: &Shared) -> Terms {
        let timeout = self.timeout.or(shared.timeout);
        let (any_sequence, generic) = (FamilyOf::<O>::ANY_SEQUENCE, FamilyOf::<O>::GENERIC);
        Terms { expect, replies: O::REPLY.is_some(), timeout, any_sequence, generic }
    }
}

impl<O: Do> Request<'_, O> {
    /// Does it, and returns all that comes back.
    pub fn send(self) -> Result<Answer<O::Reply>> {
        let mut replies = Vec::new();
        let (warning, cookie) = self.run(&mut |reply| replies.push(reply.own()))?.into_parts();
        Ok(Answer { replies, warning, cookie })
    }

    /// Does it, and lends `read` the (first) reply where it lies: nothing of it is copied that is not asked for.
    ///
    /// ```
    /// use netloom::Connection;
    /// use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
    /// let nl = Connection::open()?;
    /// let ask = CtrlAttrs::new().family_name("nlctrl");
    /// let id = nl.request(Getfamily, &ask).reply_ref(|family| family.attrs().get(CtrlAttrs::FAMILY_ID))?;
    /// assert_eq!(id, Some(0x10));
    /// # Ok::<(), netloom::Error>(())
    /// ```
    pub fn reply_ref<T>(self, read: impl FnOnce(Object<'_, O::Reply>) -> T) -> Result<T> {
        let (mut read, mut first) = (Some(read), None);
        self.run(&mut |reply| {
            if let Some(read) = read.take() {
                first = Some(read(reply));
            }
        })?;
        first.ok_or_else(|| subject::<O>().error(Cause::NoReply))
    }

    /// Does it, and returns the (first) reply.
    pub fn reply(self) -> Result<O::Reply> {
        let mut first = None;
        self.run(&mut |reply| {
            first.get_or_insert_with(|| reply.own());
        })?;
        reply_of::<O>(first)
    }

    #[inline]
    fn run(&self, reply: &mut impl FnMut(Object<'_, O::Reply>)) -> Result<Accepted> {
        let (plan, shared) = (self.plan()?, &self.connection.shared);
        let known = shared.kind_of::<O>(O::REQUEST);
        let before = match known.map(|kind| (kind, self.ask(kind, plan, reply))) {
            Some((kind, Err(error))) if shared.is_outdated::<O>(kind, &error) => Some((kind, error)),
            Some((_, done)) => return done,
            None => None,
        };
        ask_anew::<O>(self.connection, self.request, self.timeout, plan, before, reply)
    }

    #[inline(always)]
    fn ask(
        &self,
        kind: u16,
        (flags, expect): (Flags, Expect),
        reply: &mut impl FnMut(Object<'_, O::Reply>),
    ) -> Result<Accepted> {
        let (shared, protocol) = (&*self.connection.shared, FamilyOf::<O>::PROTOCOL);
        let channel = shared.channel(protocol)?;
        let mut lane = channel.lane().map_err(|error| error.of(subject::<O>().name()))?;
        let request = lane.write(kind, flags, |w| write::<O>(self.request, O::REQUEST, w));
        let request = request.map_err(|full| subject::<O>().too_long(full))?;
        let manner = || Manner {
            terms: self.terms(expect, shared),
            subject: subject::<O>(),
            strays: &channel.strays,
            ears: shared.ears(protocol, Some(channel)),
        };
        lane.converse(request, expect, shared.hooks.is_any_set(), manner, &mut |message| {
            reply(read::<O, O::Reply>(message.bytes)?);
            Ok(())
        })
    }
}

/// Does it after all, its family resolved anew. A request's parts, not itself: nobody else needs it to lie in memory.
#[cold]
fn ask_anew<O: Do>(
    connection: &Connection,
    request: &O::Request,
    timeout: Option<Duration>,
    plan: (Flags, Expect),
    before: Option<(u16, Error)>,
    reply: &mut dyn FnMut(Object<'_, O::Reply>),
) -> Result<Accepted> {
    let request = Request::<O> { connection, request, flags: plan.0, timeout, op: PhantomData };
    request.ask(kind_anew::<O>(connection, before)?, plan, &mut |object| reply(object))
}

/// The reply of an op, of which this is the first that came.
pub(super) fn reply_of<O: Do>(first: Option<O::Reply>) -> Result<O::Reply> {
    match first {
        Some(reply) => Ok(reply),
        // Where there is no reply, its type is empty.
        None if O::REPLY.is_none() => {
            let nothing = Body { header: Default::default(), attrs: RawAttrs::new(&[]) };
            Ok(O::Reply::decode(nothing, &mut ()))
        }
        None => Err(subject::<O>().error(Cause::NoReply)),
    }
}

/// The type of an op's messages, its family asked for: it is not known, or the id that it had `before` may not be its own
/// any more. If it still is, the error stands.
#[cold]
pub(super) fn kind_anew<O: Op>(connection: &Connection, before: Option<(u16, Error)>) -> Result<u16> {
    let named = |error: Error| error.of(format!("{} {}", FamilyOf::<O>::NAME, O::NAME));
    let kind = connection.family(FamilyOf::<O>::NAME).map_err(named)?.id;
    match before {
        Some((old, error)) if old == kind => Err(error),
        _ => Ok(kind),
    }
}

/// Writes what stands behind a request's header.
#[inline]
pub(super) fn write<O: Op>(request: &impl Message, number: u16, w: &mut Writer<'_>) -> std::result::Result<(), Full> {
    if FamilyOf::<O>::GENERIC {
        // A command has 8 bits; the contract keeps it in 16 because other protocols' types have.
        w.genl(GenlHeader { cmd: number as u8, version: FamilyOf::<O>::VERSION, reserved: 0 })?;
    }
    request.encode(w)
}

/// A message as the object that it is.
#[inline(always)]
pub(super) fn read<O: Op, M: Message>(bytes: &[u8]) -> Result<Object<'_, M>> {
    let generic = FamilyOf::<O>::GENERIC;
    if bytes.len() < Object::<M>::front(generic) {
        return Err(short::<O>());
    }
    Ok(Object { bytes, generic, kind: PhantomData })
}

#[cold]
fn short<O: Op>() -> Error {
    Error::new(format!("{} {}", FamilyOf::<O>::NAME, O::NAME), Cause::Short)
}

pub(super) fn subject<O: Do>() -> Subject<'static> {
    let schema: fn() -> Option<&'static Schema> =
        || O::Family::INFO.op(O::NAME).and_then(|op| op.doit).map(|mode| mode.asks);
    Subject { family: FamilyOf::<O>::NAME, op: O::NAME, schema: Asks::Op(schema), fixed: FamilyOf::<O>::FIXED }
}
