//! One op to be done.

use std::marker::PhantomData;
use std::time::Duration;

use netloom_wire::{
    Body, Do, Errno, Family as _, Flags, Full, GenlHeader, Message, Op, RawAttrs, RawMessage, Schema, Writer,
};

use super::connection::{Connection, FamilyOf};
use super::conversation::{Accepted, Terms};
use super::exchange::Expect;
use super::subject::{Asks, Subject};
use crate::Result;
use crate::error::{Cause, Error};

/// An op to be done, with what it is asked: see [`Connection::request`].
///
/// The flags from [`Request::replace`] on belong to creations; what a family makes of them is its own business.
#[derive(Debug)]
#[must_use = "a request does nothing before `send`"]
pub struct Request<'r, O: Do> {
    connection: &'r Connection,
    request: &'r O::Request,
    flags: Flags,
    timeout: Option<Duration>,
    op: PhantomData<O>,
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

impl<'r, O: Do> Request<'r, O> {
    pub(super) fn new(connection: &'r Connection, request: &'r O::Request) -> Self {
        let timeout = connection.shared.timeout;
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

    /// Does it, and returns all that comes back.
    pub fn send(self) -> Result<Answer<O::Reply>> {
        let mut replies = Vec::new();
        let accepted = self.run(&mut |reply| replies.push(reply))?;
        Ok(Answer { replies, warning: accepted.warning, cookie: accepted.cookie })
    }

    /// Does it, and returns the (first) reply.
    pub fn reply(self) -> Result<O::Reply> {
        let mut first = None;
        self.run(&mut |reply| {
            first.get_or_insert(reply);
        })?;
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

    fn run(&self, reply: &mut dyn FnMut(O::Reply)) -> Result<Accepted> {
        let connection = self.connection;
        let subject = subject::<O>();
        let mut flags = self.flags;
        // net/netlink/genetlink.c: genl_family_rcv_msg takes both bits for a dump, whatever was meant
        if FamilyOf::<O>::GENERIC && flags.contains(Flags::DUMP) {
            let instead = "REPLACE and EXCL together are DUMP to a generic netlink family; leave one out, or use dump";
            return Err(subject.error(Cause::Usage(instead)));
        }
        let expect = if O::REPLY.is_some() && !flags.intersects(Flags::ACK | Flags::ECHO) {
            Expect::Reply
        } else {
            flags |= Flags::ACK;
            Expect::Ack
        };
        let generic = FamilyOf::<O>::GENERIC;
        let terms = Terms { expect, timeout: self.timeout, any_sequence: FamilyOf::<O>::ANY_SEQUENCE, generic };
        with_family::<O, _>(connection, O::REQUEST, &subject, |kind| {
            let channel = connection.shared.channel(FamilyOf::<O>::PROTOCOL)?;
            let mut lane = channel.lane().map_err(|error| error.of(subject.name()))?;
            let request = lane.write(kind, flags, |w| write::<O>(self.request, O::REQUEST, w));
            let request = request.map_err(|full| subject.too_long(full))?;
            let ears = connection.shared.ears(FamilyOf::<O>::PROTOCOL, Some(channel));
            lane.converse(request, terms, &subject, &channel.strays, ears.as_ref(), &mut |message| {
                reply(read::<O, O::Reply>(&message)?);
                Ok(())
            })
        })
    }
}

/// Runs `ask` with the type of the op's messages: `number`, or the family's id if it is a generic netlink one. If that
/// has changed since the family was resolved, `ask` is run once more with the new one.
pub(super) fn with_family<O: Op, R>(
    connection: &Connection,
    number: u16,
    subject: &Subject<'_>,
    mut ask: impl FnMut(u16) -> Result<R>,
) -> Result<R> {
    if !FamilyOf::<O>::GENERIC {
        return ask(number);
    }
    let names = &connection.shared.names;
    if let Some(id) = names.id(FamilyOf::<O>::NAME) {
        match ask(id) {
            // net/netlink/genetlink.c: genl_rcv_msg, no family of this id; or a handler's own ENOENT
            Err(error) if error.is_refused() && error.errno() == Some(Errno::ENOENT) => {
                names.forget(id);
                let new = connection.family(FamilyOf::<O>::NAME).map_err(|error| error.of(subject.name()))?.id;
                if new == id { Err(error) } else { ask(new) }
            }
            done => done,
        }
    } else {
        ask(connection.family(FamilyOf::<O>::NAME).map_err(|error| error.of(subject.name()))?.id)
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

/// What stands behind a message's header, its fixed part read.
#[inline]
fn body<'d, O: Op, M: Message>(message: &RawMessage<'d>) -> Result<Body<'d, M::Header>> {
    let genl = if FamilyOf::<O>::GENERIC { GenlHeader::LEN } else { 0 };
    let body = message.payload.get(genl..).and_then(Body::read);
    body.ok_or_else(|| Error::new("", Cause::Short))
}

fn read<O: Op, M: Message>(message: &RawMessage<'_>) -> Result<M> {
    Ok(M::decode(body::<O, M>(message)?, &mut ()))
}

fn subject<O: Do>() -> Subject<'static> {
    let schema: fn() -> Option<&'static Schema> =
        || O::Family::INFO.op(O::NAME).and_then(|op| op.doit).map(|mode| mode.asks);
    Subject { family: FamilyOf::<O>::NAME, op: O::NAME, schema: Asks::Op(schema), fixed: FamilyOf::<O>::FIXED }
}
