//! One op to be done.

use std::fmt;
use std::marker::PhantomData;
use std::sync::MutexGuard;
use std::time::Duration;

use netloom_wire::{Body, Do, Encode, Family as _, Flags, Full, GenlHeader, Message, Op, RawAttrs, Schema, Writer};

use super::connection::Connection;
use super::content::Content;
use super::conversation::{Accepted, Manner, Terms};
use super::exchange::{Expect, Whole};
use super::lane::{Begun, Lane};
use super::names;
use super::object::Object;
#[cfg(any(feature = "tokio", feature = "async-io"))]
use super::shared::Shared;
use super::shared::{Channel, FamilyOf};
use super::shell::{Shell, at_once};
use super::subject::{Asks, Subject};
use crate::Result;
use crate::error::{Cause, Error};

/// An op to be done, with what it is asked: see [`Connection::request`].
///
/// The flags from [`Request::replace`] on belong to creations; what a family makes of them is its own business.
#[must_use = "a request does nothing before `send`"]
pub struct Request<'r, O: Do, C = Connection, Q = <O as Do>::Request> {
    pub(super) connection: &'r C,
    pub(super) request: &'r Q,
    pub(super) flags: Flags,
    /// Where it is not the connection's.
    pub(super) timeout: Option<Duration>,
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

impl<O: Do, C, Q> fmt::Debug for Request<'_, O, C, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No values here: there may be a key among them.
        write!(f, "Request({} {}, {:?})", FamilyOf::<O>::NAME, O::NAME, self.flags)
    }
}

impl<'r, O: Do, C, Q> Request<'r, O, C, Q> {
    #[inline]
    pub(super) fn new(connection: &'r C, request: &'r Q) -> Self {
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
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(super) fn terms(&self, expect: Expect, shared: &Shared) -> Terms {
        terms::<O>(expect, self.timeout.or(shared.timeout))
    }
}

fn terms<O: Do>(expect: Expect, timeout: Option<Duration>) -> Terms {
    let (any_sequence, generic) = (FamilyOf::<O>::ANY_SEQUENCE, FamilyOf::<O>::GENERIC);
    Terms { expect, replies: O::REPLY.is_some(), timeout, any_sequence, generic }
}

impl<O: Do, Q: Encode<O::Request>> Request<'_, O, Connection, Q> {
    /// Does it, and returns all that comes back.
    #[inline(always)]
    pub fn send(self) -> Result<Answer<O::Reply>> {
        self.run(All)
    }

    /// Does it, and lends `read` the (first) reply where it lies: nothing of it is copied that is not asked for.
    ///
    /// The socket is not free before `read` returns: what calls the same connection from in there waits for ever.
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
    #[inline]
    pub fn reply_ref<T>(self, read: impl FnOnce(Object<'_, O::Reply>) -> T) -> Result<T> {
        self.run(First(read))?.ok_or_else(|| subject::<O>().error(Cause::NoReply))
    }

    /// Does it, and returns the (first) reply.
    #[inline]
    pub fn reply(self) -> Result<O::Reply> {
        reply_of::<O>(self.run(First(|reply: Object<'_, O::Reply>| reply.own()))?)
    }

    /// What nearly all calls are, in few steps; the rest is [`Rest`]'s.
    #[inline(always)]
    fn run<K: Keep<O::Reply>>(self, keep: K) -> Result<K::Kept> {
        let (flags, expect) = self.plan()?;
        let Self { connection, request, timeout, op, .. } = self;
        let shared = &*connection.shared;
        let known = shared.kind_of::<O>(O::REQUEST);
        let channel = shared.channel(FamilyOf::<O>::PROTOCOL)?;
        let mut lane = channel.lane.hold().map_err(named::<O>)?;
        let content = Typed::<O, _, O::Request>::new(request, O::REQUEST);
        let written = lane.write(known.unwrap_or(0), flags, &content).map_err(too_long::<O>)?;
        // What follows has the request by its bytes: what a function may look at lies in memory all the time. All of it is
        // moved, for the same reason.
        let rest = Rest::<O> { connection, flags, expect, timeout, op };
        let Some(kind) = known else {
            return keep.all(move |reply| rest.ask_anew(None, (channel, lane), written, reply));
        };
        let begun = match lane.ask(written, expect, shared.hooks.is_any_set()) {
            Ok(Whole::Reply(message)) => {
                return read::<O, O::Reply>(message).map(|object| keep.whole(Some(object)));
            }
            Ok(Whole::Ack) => return Ok(keep.whole(None)),
            Err(begun) => begun,
        };
        keep.all(move |reply| rest.hear_out(kind, (channel, lane), written, begun, reply))
    }
}

/// What is kept of the replies.
pub(super) trait Keep<M>: Sized {
    type Kept;
    /// What is kept so far.
    type Heap;
    /// Of all there is: a reply, or an acknowledgement that says nothing besides.
    fn whole(self, reply: Option<Object<'_, M>>) -> Self::Kept;
    /// Of nothing yet.
    fn heap(self) -> Self::Heap;
    /// And of one more.
    fn add(heap: &mut Self::Heap, reply: Object<'_, M>);
    /// That is all.
    fn end(heap: Self::Heap, accepted: Accepted) -> Self::Kept;

    /// Of whatever `hear` tells.
    #[cold]
    fn all(self, hear: impl FnOnce(&mut dyn FnMut(Object<'_, M>)) -> Result<Accepted>) -> Result<Self::Kept> {
        let mut heap = self.heap();
        let accepted = hear(&mut |reply| Self::add(&mut heap, reply))?;
        Ok(Self::end(heap, accepted))
    }
}

/// The first, read where it lies.
pub(super) struct First<F>(pub(super) F);

impl<M: Message, T, F: FnOnce(Object<'_, M>) -> T> Keep<M> for First<F> {
    type Kept = Option<T>;
    type Heap = (Option<F>, Option<T>);

    #[inline]
    fn whole(self, reply: Option<Object<'_, M>>) -> Option<T> {
        reply.map(self.0)
    }

    fn heap(self) -> Self::Heap {
        (Some(self.0), None)
    }

    fn add((read, first): &mut Self::Heap, reply: Object<'_, M>) {
        if let Some(read) = read.take() {
            *first = Some(read(reply));
        }
    }

    fn end((_, first): Self::Heap, _: Accepted) -> Option<T> {
        first
    }
}

/// All of them, and what is said besides.
pub(super) struct All;

impl<M: Message> Keep<M> for All {
    type Kept = Answer<M>;
    type Heap = Vec<M>;

    #[inline]
    fn whole(self, reply: Option<Object<'_, M>>) -> Answer<M> {
        let replies = reply.map_or(Vec::new(), |reply| vec![reply.own()]);
        Answer { replies, warning: None, cookie: None }
    }

    fn heap(self) -> Vec<M> {
        Vec::new()
    }

    fn add(heap: &mut Vec<M>, reply: Object<'_, M>) {
        heap.push(reply.own());
    }

    fn end(replies: Vec<M>, accepted: Accepted) -> Answer<M> {
        let (warning, cookie) = accepted.into_parts();
        Answer { replies, warning, cookie }
    }
}

/// A request whose answer is not all there at the first look.
struct Rest<'r, O: Do> {
    connection: &'r Connection,
    flags: Flags,
    expect: Expect,
    timeout: Option<Duration>,
    op: PhantomData<fn() -> O>,
}

impl<O: Do> Rest<'_, O> {
    /// Hears it out. A family that is known by an old id is asked for anew.
    #[cold]
    fn hear_out(
        self,
        kind: u16,
        (channel, mut lane): (&Channel, MutexGuard<'_, Lane>),
        written: (u32, usize),
        begun: Begun,
        reply: &mut dyn FnMut(Object<'_, O::Reply>),
    ) -> Result<Accepted> {
        match self.hear(channel, &mut lane, written, begun, reply) {
            Err(error) if self.connection.shared.is_outdated::<O>(kind, &error) => {
                self.ask_anew(Some((kind, error)), (channel, lane), written, reply)
            }
            heard => heard,
        }
    }

    /// Does it after its family has been asked for.
    #[cold]
    fn ask_anew(
        self,
        before: Option<(u16, Error)>,
        (channel, mut lane): (&Channel, MutexGuard<'_, Lane>),
        written: (u32, usize),
        reply: &mut dyn FnMut(Object<'_, O::Reply>),
    ) -> Result<Accepted> {
        let request = lane.content(written.1).to_vec();
        if before.is_none() {
            lane.take_back(written.0);
        }
        // The question goes over the same lane.
        drop(lane);
        let kind = at_once(kind_anew::<O, _>(self.connection, before))?;
        let mut lane = channel.lane.hold().map_err(named::<O>)?;
        let written = lane.write(kind, self.flags, &*request).map_err(too_long::<O>)?;
        self.hear(channel, &mut lane, written, Begun::NotYet, reply)
    }

    fn hear(
        &self,
        channel: &Channel,
        lane: &mut Lane,
        written: (u32, usize),
        begun: Begun,
        reply: &mut dyn FnMut(Object<'_, O::Reply>),
    ) -> Result<Accepted> {
        let shared = &self.connection.shared;
        let terms = terms::<O>(self.expect, self.timeout.or(shared.timeout));
        let ears = shared.ears(FamilyOf::<O>::PROTOCOL, Some(channel));
        let manner = Manner { terms, subject: subject::<O>(), strays: &channel.strays, ears };
        lane.hear_out(written, begun, &manner, &mut |message| {
            reply(read::<O, O::Reply>(message.bytes)?);
            Ok(())
        })
    }
}

#[cold]
pub(super) fn named<O: Do>(error: Error) -> Error {
    error.of(subject::<O>().name())
}

#[cold]
pub(super) fn too_long<O: Do>(full: Full) -> Error {
    subject::<O>().too_long(full)
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
pub(super) async fn kind_anew<O: Op, C: Shell>(nl: &C, before: Option<(u16, Error)>) -> Result<u16> {
    let named = |error: Error| error.of(format!("{} {}", FamilyOf::<O>::NAME, O::NAME));
    let kind = names::family(nl, FamilyOf::<O>::NAME).await.map_err(named)?.id;
    match before {
        Some((old, error)) if old == kind => Err(error),
        _ => Ok(kind),
    }
}

/// What a request of an op of this number is, behind the message's header: a `Q`, written as an `M`.
pub(super) struct Typed<'r, O, Q, M> {
    request: &'r Q,
    number: u16,
    op: PhantomData<fn() -> (O, M)>,
}

impl<'r, O: Op, Q: Encode<M>, M> Typed<'r, O, Q, M> {
    #[inline]
    pub(super) fn new(request: &'r Q, number: u16) -> Self {
        Self { request, number, op: PhantomData }
    }
}

impl<O: Op, Q: Encode<M>, M> Content for Typed<'_, O, Q, M> {
    // In the caller's own code: what is lent is known there, and little of this is left.
    #[inline(always)]
    fn write(&self, w: &mut Writer<'_>) -> std::result::Result<(), Full> {
        if FamilyOf::<O>::GENERIC {
            // A command has 8 bits; the contract keeps it in 16 because other protocols' types have.
            w.genl(GenlHeader { cmd: self.number as u8, version: FamilyOf::<O>::VERSION, reserved: 0 })?;
        }
        self.request.write_to(w)
    }
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
