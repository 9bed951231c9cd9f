//! Requests and replies of numbers and bytes.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use netloom_wire::{
    Attr, Errno, Flags, Full, GenlHeader, Header, MessageType, Protocol, RawAttrs, RawMessage, Schema, Writer, align,
};

use super::batch::Nature;
use super::connection::Connection;
use super::content::{Content, write};
use super::conversation::{Accepted, Manner, Terms};
use super::dump::RawDump;
use super::event::Event;
use super::exchange::Expect;
use super::shared::Shared;
use super::shell::{Shell, at_once};
use super::subject::{Asks, Subject};
use crate::Result;
use crate::error::{Cause, Error};

/// A request built from numbers and bytes; see [`Connection::request_raw`].
#[must_use = "a request does nothing before `send` or `dump`"]
pub struct RawRequest<'c, C = Connection> {
    pub(super) connection: &'c C,
    pub(super) protocol: Protocol,
    kind: u16,
    genl: Option<GenlHeader>,
    flags: Flags,
    /// What follows the generic netlink header.
    body: Vec<u8>,
    /// Bytes of it that are not attributes.
    fixed: usize,
    too_long: Option<u16>,
    name: (Cow<'static, str>, Cow<'static, str>),
    schema: Option<&'static Schema>,
    pub(super) timeout: Option<Duration>,
    any_sequence: bool,
    /// Of what answers a message that asked us.
    seq: u32,
}

impl<C> fmt::Debug for RawRequest<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a key among them.
        let (protocol, (family, op), flags, len) = (self.protocol, &self.name, self.flags, self.body.len());
        write!(f, "RawRequest({protocol}, {family} {op}, {flags:?}, {len} bytes)")
    }
}

impl<C> Clone for RawRequest<'_, C> {
    fn clone(&self) -> Self {
        Self { body: self.body.clone(), name: self.name.clone(), ..*self }
    }
}

impl<'c, C> RawRequest<'c, C> {
    pub(super) fn new(connection: &'c C, shared: &Shared, kind: u16) -> Self {
        Self {
            connection,
            protocol: shared.protocol,
            kind,
            genl: None,
            flags: Flags::REQUEST,
            body: Vec::new(),
            fixed: 0,
            too_long: None,
            name: (Cow::Owned(format!("message type {kind}")), Cow::Borrowed("")),
            schema: None,
            timeout: shared.timeout,
            any_sequence: false,
            seq: 0,
        }
    }

    /// What answers `event`: of its type, with its sequence, its generic netlink command if it has one.
    pub(super) fn answering(connection: &'c C, shared: &Shared, event: &Event) -> Self {
        let header = event.header();
        let request = Self { seq: header.seq, flags: Flags::NONE, ..Self::new(connection, shared, header.kind.0) };
        match GenlHeader::read(event.payload()).filter(|_| request.protocol == Protocol::GENERIC) {
            Some(genl) => Self { genl: Some(genl), ..request },
            None => request,
        }
    }

    /// Another protocol than the connection's.
    pub fn protocol(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// Puts a generic netlink header in front, with this command.
    pub fn cmd(self, cmd: u8) -> Self {
        Self { genl: Some(GenlHeader { cmd, ..self.genl.unwrap_or_default() }), ..self }
    }

    /// Puts a generic netlink header in front, with this version.
    pub fn version(self, version: u8) -> Self {
        Self { genl: Some(GenlHeader { version, ..self.genl.unwrap_or_default() }), ..self }
    }

    /// The family's own header. Comes before the attributes.
    #[doc(alias = "userhdr")]
    pub fn header(mut self, bytes: &[u8]) -> Self {
        self.body.extend_from_slice(bytes);
        self.body.resize(align(self.body.len()), 0);
        self.fixed = self.body.len();
        self
    }

    /// An attribute: its type field (flag bits and all) and value. One that is too long is told by
    /// [`send`](RawRequest::send).
    pub fn attr(mut self, raw_type: u16, value: &[u8]) -> Self {
        let start = self.body.len();
        self.body.resize(start.saturating_add(Attr::space(value.len())), 0);
        let mut w = Writer::new(self.body.get_mut(start..).unwrap_or_default());
        if w.put_attr(raw_type, value).is_err() {
            self.too_long.get_or_insert(raw_type & Attr::ID_MASK);
        }
        self
    }

    /// Attributes written before.
    pub fn attrs(mut self, attrs: RawAttrs<'_>) -> Self {
        self.body.extend_from_slice(attrs.bytes());
        self.body.resize(align(self.body.len()), 0);
        self
    }

    /// More flags.
    pub fn flags(self, flags: Flags) -> Self {
        Self { flags: self.flags | flags, ..self }
    }

    /// What errors call it: family and op.
    pub fn named(self, family: impl Into<Cow<'static, str>>, op: impl Into<Cow<'static, str>>) -> Self {
        Self { name: (family.into(), op.into()), ..self }
    }

    /// What its attributes are called, for errors.
    pub fn schema(self, schema: &'static Schema) -> Self {
        Self { schema: Some(schema), ..self }
    }

    /// Takes replies of sequence 0 or another port, too, as some families send.
    pub fn any_sequence(self, any_sequence: bool) -> Self {
        Self { any_sequence, ..self }
    }

    /// Another timeout than the connection's.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Checks a request that is not to be a dump; what remains is how it is held.
    pub(super) fn plan(&mut self) -> Result<Terms> {
        self.flags |= Flags::ACK;
        if self.genl.is_some() && self.protocol == Protocol::GENERIC && self.flags.contains(Flags::DUMP) {
            let instead = "the flags make it a dump: use `dump` instead of `send`";
            return Err(self.subject().error(Cause::Usage(instead)));
        }
        Ok(self.terms(Expect::Ack))
    }

    /// Makes it a dump.
    fn plan_dump(&mut self) -> Terms {
        self.flags |= Flags::DUMP;
        self.terms(Expect::Dump)
    }

    /// The type of the message, and its flags.
    pub(super) fn head(&self) -> (u16, Flags) {
        (self.kind, self.flags)
    }

    /// Whether it has a generic netlink header.
    pub(super) fn is_generic(&self) -> bool {
        self.genl.is_some()
    }

    /// Whether its replies may have another sequence.
    pub(super) fn is_any_sequence(&self) -> bool {
        self.any_sequence
    }

    /// What it is, apart from its bytes.
    pub(super) fn nature(&self) -> Nature {
        let generic = self.genl.is_some() && self.protocol == Protocol::GENERIC;
        Nature::by_hand(self.name.clone(), self.schema, self.subject().fixed, generic)
    }

    /// A reply to it.
    pub(super) fn reply(&self, message: &RawMessage<'_>) -> RawReply {
        RawReply::new(message.bytes, self.genl.is_some())
    }

    /// What came back, when all has been heard.
    pub(super) fn answer(&self, shared: &Shared, replies: Vec<RawReply>, heard: Result<Accepted>) -> Result<RawAnswer> {
        let (warning, cookie) = heard.map_err(|error| self.forget(shared, error))?.into_parts();
        Ok(RawAnswer { replies, warning, cookie })
    }

    /// All of it, from this port, as hooks let it go out.
    pub(super) fn datagram(&self, shared: &Shared, port: u32) -> Result<Vec<u8>> {
        let header = Header { seq: self.seq, port, ..Header::new(MessageType(self.kind), self.flags) };
        let mut bytes = Vec::new();
        let len = write(&mut bytes, header, self).map_err(|full| self.subject().too_long(full))?;
        bytes.truncate(len);
        if let Some(ears) = shared.ears(self.protocol, None) {
            ears.out(port, &bytes).map_err(|cause| self.subject().error(cause))?;
        }
        Ok(bytes)
    }

    fn terms(&self, expect: Expect) -> Terms {
        let generic = self.genl.is_some() && self.protocol == Protocol::GENERIC;
        Terms { expect, replies: true, timeout: self.timeout, any_sequence: self.any_sequence, generic }
    }

    /// A family id that the kernel side does not know is not remembered any longer.
    fn forget(&self, shared: &Shared, error: Error) -> Error {
        if self.genl.is_some() && error.is_refused() && error.errno() == Some(Errno::ENOENT) {
            shared.names.forget(self.kind);
        }
        error
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        let genl = if self.genl.is_some() { GenlHeader::LEN } else { 0 };
        Subject {
            family: &self.name.0,
            op: &self.name.1,
            schema: Asks::Known(self.schema),
            fixed: genl.saturating_add(self.fixed),
        }
    }
}

impl<C> Content for RawRequest<'_, C> {
    fn write(&self, w: &mut Writer<'_>) -> std::result::Result<(), Full> {
        if let Some(attr) = self.too_long {
            return Err(Full::TooLong { attr });
        }
        if let Some(genl) = self.genl {
            w.genl(genl)?;
        }
        w.put_bytes(&self.body)
    }
}

impl RawRequest<'_> {
    /// Sends it with NLM_F_ACK, and returns all that comes back.
    pub fn send(mut self) -> Result<RawAnswer> {
        let terms = self.plan()?;
        let subject = || self.subject();
        let shared = &self.connection.shared;
        let channel = shared.channel(self.protocol)?;
        let mut lane = channel.lane.hold().map_err(|error| error.of(subject().name()))?;
        let request = lane.write(self.kind, self.flags, &self).map_err(|full| subject().too_long(full))?;
        let mut replies = Vec::new();
        let ears = || shared.ears(self.protocol, Some(channel));
        let manner = || Manner { terms, subject: subject(), strays: &channel.strays, ears: ears() };
        let accepted = lane.converse(request, terms.expect, shared.hooks.is_any_set(), manner, &mut |message| {
            replies.push(self.reply(&message));
            Ok(())
        });
        drop(lane);
        self.answer(shared, replies, accepted)
    }

    /// Sends it, and waits for nothing: neither for an answer nor for a call that another thread has under way on the same
    /// socket. What comes back, if anything does, is the [receiving half's](super::Unsolicited), or counts as a stray.
    pub fn post(self) -> Result<()> {
        let channel = self.connection.shared.channel(self.protocol)?;
        let message = self.datagram(&self.connection.shared, channel.port)?;
        channel.socket().send(&message).map(drop).map_err(|error| error.of(self.subject().name()))
    }

    /// Sends it with NLM_F_DUMP, and returns what is dumped, a message at a time.
    pub fn dump(self) -> Result<RawDump> {
        at_once(self.begin_dump())
    }
}

impl<C: Shell> RawRequest<'_, C> {
    pub(super) async fn begin_dump(mut self) -> Result<RawDump<C>> {
        let terms = self.plan_dump();
        let subject = self.subject();
        let begun = RawDump::start(self.connection, self.protocol, self.head(), terms, &subject, &self).await;
        begun.map_err(|error| self.forget(self.connection.shared(), error))
    }
}

/// What came back of a [`RawRequest`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawAnswer {
    /// The replies, in order.
    pub replies: Vec<RawReply>,
    /// What the kernel side remarks, though it did what was asked.
    pub warning: Option<String>,
    /// A value that the family gives out on success.
    pub cookie: Option<Vec<u8>>,
}

/// A reply, owned, as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct RawReply {
    bytes: Box<[u8]>,
    generic: bool,
}

impl fmt::Debug for RawReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a key among them.
        write!(f, "RawReply({:?}, {} bytes)", self.header(), self.bytes.len())
    }
}

impl RawReply {
    pub(super) fn new(message: &[u8], generic: bool) -> Self {
        Self { bytes: message.into(), generic }
    }

    /// The header of the message.
    pub fn header(&self) -> Header {
        Header::read(&self.bytes).unwrap_or_default()
    }

    /// The generic netlink header, if the request had one.
    pub fn genl_header(&self) -> Option<GenlHeader> {
        if self.generic { GenlHeader::read(self.after_header()) } else { None }
    }

    /// What follows the header, or the generic netlink header.
    pub fn payload(&self) -> &[u8] {
        let genl = if self.generic { GenlHeader::LEN } else { 0 };
        self.after_header().get(genl..).unwrap_or_default()
    }

    /// The attributes behind `fixed` bytes of the family's own header.
    pub fn attrs(&self, fixed: usize) -> RawAttrs<'_> {
        RawAttrs::new(self.payload().get(align(fixed)..).unwrap_or_default())
    }

    /// The whole message.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn after_header(&self) -> &[u8] {
        self.bytes.get(Header::LEN..).unwrap_or_default()
    }
}
