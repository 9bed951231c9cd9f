//! One op to be done.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use netloom_wire::{Body, Do, Family as _, Flags, Full, GenlHeader, Message, Op, RawAttrs, Schema, Writer};

use super::connection::Connection;
use super::conversation::{Accepted, Terms};
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
    pub(super) fn new(connection: &'r C, shared: &Shared, request: &'r O::Request) -> Self {
        let timeout = shared.timeout;
        Self { connection, request, flags: Flags::REQUEST, timeout, op: PhantomData }
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

    /// With which flags it is sent, and how it is held.
    pub(super) fn plan(&self) -> Result<(Flags, Terms)> {
        let mut flags = self.flags;
        // net/netlink/genetlink.c: genl_family_rcv_msg takes both bits for a dump, whatever was meant
        if FamilyOf::<O>::GENERIC && flags.contains(Flags::DUMP) {
            let instead = "REPLACE and EXCL together are DUMP to a generic netlink family; leave one out, or use dump";
            return Err(subject::<O>().error(Cause::Usage(instead)));
        }
        let expect = if O::REPLY.is_some() && !flags.intersects(Flags::ACK | Flags::ECHO) {
            Expect::Reply
        } else {
            flags |= Flags::ACK;
            Expect::Ack
        };
        let generic = FamilyOf::<O>::GENERIC;
        let (replies, any_sequence) = (O::REPLY.is_some(), FamilyOf::<O>::ANY_SEQUENCE);
        let terms = Terms { expect, replies, timeout: self.timeout, any_sequence, generic };
        Ok((flags, terms))
    }
}

impl<O: Do> Request<'_, O> {
    /// Does it, and returns all that comes back.
    pub fn send(self) -> Result<Answer<O::Reply>> {
        let mut replies = Vec::new();
        let accepted = self.run(&mut |reply| replies.push(reply.own()))?;
        Ok(Answer { replies, warning: accepted.warning, cookie: accepted.cookie })
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
        let shared = &self.connection.shared;
        let subject = subject::<O>();
        let (flags, terms) = self.plan()?;
        with_family::<O, _>(self.connection, O::REQUEST, &subject, |kind| {
            let channel = shared.channel(FamilyOf::<O>::PROTOCOL)?;
            let mut lane = channel.lane().map_err(|error| error.of(subject.name()))?;
            let request = lane.write(kind, flags, |w| write::<O>(self.request, O::REQUEST, w));
            let request = request.map_err(|full| subject.too_long(full))?;
            let ears = shared.ears(FamilyOf::<O>::PROTOCOL, Some(channel));
            lane.converse(request, terms, &subject, &channel.strays, ears.as_ref(), &mut |message| {
                reply(read::<O, O::Reply>(message.bytes)?);
                Ok(())
            })
        })
    }
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

/// Runs `ask` with the type of the op's messages: `number`, or the family's id if it is a generic netlink one. If that
/// has changed since the family was resolved, `ask` is run once more with the new one.
#[inline]
pub(super) fn with_family<O: Op, R>(
    connection: &Connection,
    number: u16,
    subject: &Subject<'_>,
    mut ask: impl FnMut(u16) -> Result<R>,
) -> Result<R> {
    let resolve = || connection.family(FamilyOf::<O>::NAME).map_err(|error| error.of(subject.name()));
    let shared = &connection.shared;
    let known = shared.kind_of::<O>(number);
    let (mut kind, mut old) = (known.map_or_else(|| resolve().map(|family| family.id), Ok)?, known.is_some());
    loop {
        match ask(kind) {
            Err(error) if old && shared.is_outdated::<O>(kind, &error) => {
                let new = resolve()?.id;
                if new == kind {
                    return Err(error);
                }
                (kind, old) = (new, false);
            }
            done => return done,
        }
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
