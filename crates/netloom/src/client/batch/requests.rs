//! The requests of a batch, written one behind the other.

use std::borrow::Cow;
use std::time::Duration;

use netloom_wire::{Do, Family as _, Flags, Full, Header, MessageType, Op, Protocol, Schema, Writer};

use crate::client::exchange::Expect;
use crate::client::lane::LONGEST_REQUEST;
use crate::client::shared::FamilyOf;
use crate::client::subject::{Asks, Subject};

/// The requests of a batch, written one behind the other, with consecutive sequence numbers.
pub struct Requests {
    /// As long as there is room; `len` of it are written.
    bytes: Vec<u8>,
    len: usize,
    count: u32,
    /// The sequence of the first one.
    first: u32,
    port: u32,
    natures: Natures,
    /// The longest that any of them may take, or the connection's timeout.
    timeout: Option<Duration>,
    /// Whether answers may be longer than acknowledgements, and whether some of those are asked for.
    replied_to: bool,
    acked: bool,
}

/// Requests in a row that are of one kind.
pub(super) struct Stretch {
    from: u32,
    nature: Nature,
    /// What it was made of.
    typed: Option<&'static OpNature>,
}

/// What a request is, apart from its bytes.
#[derive(Clone)]
pub(crate) struct Nature {
    family: Cow<'static, str>,
    op: Cow<'static, str>,
    asks: Asks,
    /// Bytes between the message's header and the attributes.
    fixed: usize,
    replies: Replies,
    /// It is one of generic netlink, whose ids can go stale.
    pub(super) generic: bool,
}

/// What all requests of an op are.
pub(crate) struct OpNature {
    pub(super) protocol: Protocol,
    family: &'static str,
    op: &'static str,
    schema: fn() -> Option<&'static Schema>,
    fixed: usize,
    replies: bool,
    /// Its replies cannot be told by their sequence.
    pub(super) odd: bool,
}

/// Whether a request is replied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replies {
    Never,
    Maybe,
    Surely,
}

/// An op's nature.
pub(crate) struct NatureOf<O>(std::marker::PhantomData<O>);

impl<O: Do> NatureOf<O> {
    pub(crate) const IT: &'static OpNature = &OpNature {
        protocol: FamilyOf::<O>::PROTOCOL,
        family: FamilyOf::<O>::NAME,
        op: <O as Op>::NAME,
        schema: || O::Family::INFO.op(O::NAME).and_then(|op| op.doit).map(|mode| mode.asks),
        fixed: FamilyOf::<O>::FIXED,
        replies: O::REPLY.is_some(),
        odd: FamilyOf::<O>::ANY_SEQUENCE && O::REPLY.is_some(),
    };
}

impl OpNature {
    fn is(&self, other: &Self) -> bool {
        (self.protocol, self.family, self.op) == (other.protocol, other.family, other.op)
    }

    fn nature(&self) -> Nature {
        Nature {
            family: Cow::Borrowed(self.family),
            op: Cow::Borrowed(self.op),
            asks: Asks::Op(self.schema),
            fixed: self.fixed,
            replies: if self.replies { Replies::Surely } else { Replies::Never },
            generic: self.protocol == Protocol::GENERIC,
        }
    }
}

impl Nature {
    /// That of a request by hand: nobody knows whether it is replied to.
    pub(crate) fn by_hand(
        (family, op): (Cow<'static, str>, Cow<'static, str>),
        schema: Option<&'static Schema>,
        fixed: usize,
        generic: bool,
    ) -> Self {
        Self { family, op, asks: Asks::Known(schema), fixed, replies: Replies::Maybe, generic }
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { family: &self.family, op: &self.op, schema: self.asks, fixed: self.fixed }
    }

    fn is(&self, other: &Self) -> bool {
        let schema = |asks: &Asks| match asks {
            Asks::Known(schema) => schema.map(std::ptr::from_ref),
            Asks::Op(_) => None,
        };
        (&self.family, &self.op, self.fixed, self.replies, self.generic)
            == (&other.family, &other.op, other.fixed, other.replies, other.generic)
            && schema(&self.asks) == schema(&other.asks)
    }
}

/// A request that was written: its place, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) index: u32,
    /// Where it begins.
    pub(super) at: usize,
}

impl Requests {
    /// More requests than this have no sequence numbers.
    pub(super) const MOST: u32 = 1 << 30;
    /// The first room.
    const ROOM: usize = 8192;

    /// None yet, to be sent from this port, with sequence numbers from `first` on, answered within the connection's timeout.
    pub(super) fn new(port: u32, first: u32, timeout: Option<Duration>) -> Self {
        Self {
            bytes: Vec::new(),
            len: 0,
            count: 0,
            first,
            port,
            natures: Natures::default(),
            timeout,
            replied_to: false,
            acked: false,
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Bytes written.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(super) fn has_replies(&self) -> bool {
        self.replied_to
    }

    /// Whether acknowledgements were asked for.
    pub(super) fn has_acks(&self) -> bool {
        self.acked
    }

    pub(super) fn sequence_of(&self, index: u32) -> u32 {
        self.first.wrapping_add(index)
    }

    /// Writes a request of an op; returns its index.
    #[inline]
    pub(crate) fn push(
        &mut self,
        nature: &'static OpNature,
        head: (u16, Flags),
        timeout: Option<Duration>,
        body: impl Fn(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<u32, Full> {
        let index = self.write(head, timeout, body)?;
        self.replied_to |= nature.replies | head.1.contains(Flags::ECHO);
        if !self.natures.0.last().and_then(|last| last.typed).is_some_and(|last| std::ptr::eq(last, nature)) {
            self.turn(index, nature);
        }
        Ok(index)
    }

    /// The same of one made by hand.
    pub(crate) fn push_raw(
        &mut self,
        nature: &Nature,
        head: (u16, Flags),
        timeout: Option<Duration>,
        body: impl Fn(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<u32, Full> {
        let index = self.write(head, timeout, body)?;
        self.replied_to = true;
        if !self.natures.0.last().is_some_and(|last| last.nature.is(nature)) {
            self.natures.0.push(Stretch { from: index, nature: nature.clone(), typed: None });
        }
        Ok(index)
    }

    #[inline]
    fn write(
        &mut self,
        (kind, flags): (u16, Flags),
        timeout: Option<Duration>,
        body: impl Fn(&mut Writer<'_>) -> Result<(), Full>,
    ) -> Result<u32, Full> {
        let index = self.count;
        let header = Header { seq: self.sequence_of(index), port: self.port, ..Header::new(MessageType(kind), flags) };
        loop {
            let mut w = Writer::new(self.bytes.get_mut(self.len..).unwrap_or_default());
            match w.message(header, |w| body(w)) {
                Ok(()) => {
                    self.len = self.len.wrapping_add(w.len());
                    break;
                }
                Err(Full::Room) if self.bytes.len().wrapping_sub(self.len) <= LONGEST_REQUEST => self.grow(),
                Err(full) => return Err(full),
            }
        }
        self.count = index.wrapping_add(1);
        self.acked |= flags.contains(Flags::ACK);
        if let Some(timeout) = timeout {
            self.timeout = self.timeout.map(|longest| longest.max(timeout));
        }
        Ok(index)
    }

    #[cold]
    fn grow(&mut self) {
        let room = self.bytes.len().saturating_mul(2).max(Self::ROOM);
        // What is not written is never looked at: a fresh piece of zeros costs nothing, where a longer one had to be cleared.
        let mut bytes = vec![0; room];
        if let (Some(to), Some(from)) = (bytes.get_mut(..self.len), self.bytes.get(..self.len)) {
            to.copy_from_slice(from);
        }
        self.bytes = bytes;
    }

    #[cold]
    fn turn(&mut self, index: u32, nature: &'static OpNature) {
        let last = self.natures.0.last().and_then(|last| last.typed);
        // The same op may be met at two places in memory.
        if !last.is_some_and(|last| last.is(nature)) {
            self.natures.0.push(Stretch { from: index, nature: nature.nature(), typed: Some(nature) });
        }
    }

    /// What the request is.
    pub(super) fn nature(&self, index: u32) -> Option<&Nature> {
        self.natures.of(index)
    }

    /// Bytes from `start` to `end`.
    pub(super) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The request that stands here.
    pub(super) fn request(&self, at: usize) -> &[u8] {
        let rest = self.bytes.get(at..self.len).unwrap_or_default();
        let len = Header::read(rest).map_or(0, |header| header.len as usize);
        rest.get(..len).unwrap_or_default()
    }

    /// Where the request behind `place` begins.
    #[inline]
    pub(super) fn behind(&self, place: Place) -> Place {
        let len = self.bytes.get(place.at..).and_then(<[u8]>::first_chunk).map_or(0, |len| u32::from_ne_bytes(*len));
        // Requests that were written: nothing wraps.
        Place { index: place.index.wrapping_add(1), at: place.at.wrapping_add((len as usize).wrapping_add(3) & !3) }
    }

    /// Where a request at or behind `place` begins.
    pub(super) fn seek(&self, mut place: Place, index: u32) -> Place {
        while place.index < index {
            place = self.behind(place);
        }
        place
    }

    pub(super) fn flags(&self, at: usize) -> Flags {
        Header::read(self.bytes.get(at..).unwrap_or_default()).map_or(Flags::NONE, |header| header.flags)
    }

    /// Has the request that stands here ask for an acknowledgement.
    pub(super) fn ask_ack(&mut self, at: usize) {
        let flags = self.flags(at) | Flags::ACK;
        if let Some(place) = self.bytes.get_mut(at..).and_then(|rest| rest.get_mut(6..8)) {
            place.copy_from_slice(&flags.0.to_ne_bytes());
        }
    }

    /// What ends the request that stands here, as far as it says so itself: `Nothing` where only a refusal is told.
    pub(super) fn expect(&self, place: Place) -> Expect {
        let flags = self.flags(place.at);
        let replies = self.nature(place.index).map_or(Replies::Maybe, |nature| nature.replies);
        match replies {
            _ if flags.contains(Flags::ACK) => Expect::Ack,
            Replies::Surely if !flags.contains(Flags::ECHO) => Expect::Reply,
            _ => Expect::Nothing,
        }
    }

    /// Whether something may come for it that is longer than an acknowledgement.
    #[inline]
    pub(super) fn is_replied_to(&self, place: Place) -> bool {
        self.replied_to && self.may_be_replied_to(place)
    }

    fn may_be_replied_to(&self, place: Place) -> bool {
        let replies = self.nature(place.index).is_none_or(|nature| nature.replies != Replies::Never);
        replies || self.flags(place.at).contains(Flags::ECHO)
    }

    /// Gives the names of its requests away, for errors that come later.
    pub(super) fn into_natures(self) -> Natures {
        self.natures
    }
}

/// What the requests of a batch are.
#[derive(Default)]
pub(super) struct Natures(Vec<Stretch>);

impl Natures {
    pub(super) fn of(&self, index: u32) -> Option<&Nature> {
        let at = self.0.partition_point(|stretch| stretch.from <= index);
        Some(&self.0.get(at.checked_sub(1)?)?.nature)
    }
}
