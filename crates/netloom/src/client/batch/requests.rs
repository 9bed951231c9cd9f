//! The requests of a batch, written one behind the other.

use std::borrow::Cow;
use std::time::Duration;

use netloom_wire::{Do, Family as _, Flags, Full, Header, MessageType, Op, Protocol, Schema};

use crate::client::content::{Content, LONGEST_REQUEST, write_once};
use crate::client::exchange::Expect;
use crate::client::shared::FamilyOf;
use crate::client::subject::{Asks, Subject};

/// The requests of a batch, written one behind the other, with consecutive sequence numbers.
pub struct Requests {
    /// Those that are full, and the one that is written to: what is written is never moved.
    full: Vec<Piece>,
    open: Piece,
    /// Bytes written, in all of them.
    len: usize,
    count: u32,
    /// The sequence of the first one.
    first: u32,
    port: u32,
    natures: Natures,
    /// That of the last one, where it is an op's.
    last: Option<&'static OpNature>,
    /// The longest that any of them may take, or the connection's timeout.
    timeout: Option<Duration>,
    /// Of 64 requests in one piece: the first, and where the last begins and ends.
    leaps: Vec<(u32, usize, usize)>,
    /// Requests since the last leap, in this piece.
    since: u32,
    /// Whether answers may be longer than acknowledgements, and whether some of those are asked for.
    replied_to: bool,
    acked: bool,
}

/// A piece of memory with whole requests. What is sent at once lies in one.
#[derive(Default)]
struct Piece {
    /// Where it begins, of all that is written.
    start: usize,
    /// As long as there is room.
    bytes: Vec<u8>,
}

/// Requests in a row that are of one kind.
pub(super) struct Stretch {
    from: u32,
    nature: Nature,
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
    /// Requests that are leapt over at once.
    const LEAP: u32 = 64;
    /// More requests than this have no sequence numbers.
    pub(super) const MOST: u32 = 1 << 30;
    /// The first room, and what it grows to by and by.
    const ROOM: usize = 8192;
    const MOST_ROOM: usize = 1 << 20;

    /// None yet, to be sent from this port, with sequence numbers from `first` on, answered within the connection's timeout.
    pub(super) fn new(port: u32, first: u32, timeout: Option<Duration>) -> Self {
        Self {
            full: Vec::new(),
            open: Piece::default(),
            len: 0,
            count: 0,
            first,
            port,
            natures: Natures::default(),
            last: None,
            timeout,
            leaps: Vec::new(),
            since: 0,
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
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        nature: &'static OpNature,
        head: (u16, Flags),
        timeout: Option<Duration>,
        body: &impl Content,
    ) -> Result<u32, Full> {
        let index = self.write(head, timeout, body)?;
        self.replied_to |= nature.replies | head.1.contains(Flags::ECHO);
        if !self.last.is_some_and(|last| std::ptr::eq(last, nature)) {
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
        body: &impl Content,
    ) -> Result<u32, Full> {
        let index = self.write(head, timeout, body)?;
        self.replied_to = true;
        self.last = None;
        if !self.natures.0.last().is_some_and(|last| last.nature.is(nature)) {
            self.natures.0.push(Stretch { from: index, nature: nature.clone() });
        }
        Ok(index)
    }

    /// In the caller's own code, where much of it is known.
    #[inline(always)]
    fn write(
        &mut self,
        (kind, flags): (u16, Flags),
        timeout: Option<Duration>,
        body: &impl Content,
    ) -> Result<u32, Full> {
        let index = self.count;
        let header = Header { seq: self.sequence_of(index), port: self.port, ..Header::new(MessageType(kind), flags) };
        let at = self.len;
        loop {
            let room = self.open.bytes.get_mut(at.wrapping_sub(self.open.start)..).unwrap_or_default();
            match write_once(room, header, body) {
                Ok(len) => {
                    self.len = at.wrapping_add(len);
                    break;
                }
                // Nothing is taken back: what is not counted has not been written.
                Err(Full::Room) if self.grow() => {}
                Err(full) => return Err(full),
            }
        }
        self.since = self.since.wrapping_add(1);
        if self.since == Self::LEAP {
            self.since = 0;
            self.leaps.push((index.wrapping_sub(Self::LEAP - 1), at, self.len));
        }
        self.count = index.wrapping_add(1);
        self.acked |= flags.contains(Flags::ACK);
        if let Some(timeout) = timeout {
            self.timeout = self.timeout.map(|longest| longest.max(timeout));
        }
        Ok(index)
    }

    /// Makes room for more; false if there was enough for any request.
    #[cold]
    fn grow(&mut self) -> bool {
        let last = self.open.bytes.len();
        // One request alone did not fit: it gets a larger piece.
        let alone = self.open.start == self.len;
        let room = last.saturating_mul(2).clamp(Self::ROOM, if alone { LONGEST_REQUEST } else { Self::MOST_ROOM });
        if alone && room <= last {
            return false;
        }
        self.since = 0;
        let full = std::mem::replace(&mut self.open, Piece { start: self.len, bytes: vec![0; room] });
        if !alone {
            self.full.push(full);
        }
        true
    }

    #[cold]
    fn turn(&mut self, index: u32, nature: &'static OpNature) {
        // The same op may be met at two places in memory.
        if !self.last.replace(nature).is_some_and(|last| last.is(nature)) {
            self.natures.0.push(Stretch { from: index, nature: nature.nature() });
        }
    }

    /// What the request is.
    pub(super) fn nature(&self, index: u32) -> Option<&Nature> {
        self.natures.of(index)
    }

    /// What is written in one piece with what stands here, from here on.
    fn from(&self, at: usize) -> &[u8] {
        let index = self.piece_of(at);
        let (piece, end) = match self.full.get(index) {
            Some(piece) => (piece, self.full.get(index.wrapping_add(1)).unwrap_or(&self.open).start),
            None => (&self.open, self.len),
        };
        piece.bytes.get(at.wrapping_sub(piece.start)..end.wrapping_sub(piece.start)).unwrap_or_default()
    }

    /// That of the open one is behind those of the full ones.
    fn piece_of(&self, at: usize) -> usize {
        if at >= self.open.start {
            return self.full.len();
        }
        self.full.partition_point(|piece| piece.start <= at).wrapping_sub(1)
    }

    /// Bytes from `start` to `end`, which lie in one piece.
    pub(super) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.from(start).get(..end.saturating_sub(start)).unwrap_or_default()
    }

    /// Whether requests that begin here lie in one piece.
    pub(super) fn is_one_piece(&self, one: usize, other: usize) -> bool {
        self.piece_of(one) == self.piece_of(other)
    }

    /// The request that stands here.
    pub(super) fn request(&self, at: usize) -> &[u8] {
        let rest = self.from(at);
        let len = Header::read(rest).map_or(0, |header| header.len as usize);
        rest.get(..len).unwrap_or_default()
    }

    /// Where the request behind `place` begins.
    #[inline]
    pub(super) fn behind(&self, place: Place) -> Place {
        let len = self.from(place.at).first_chunk().map_or(0, |len| u32::from_ne_bytes(*len));
        // Requests that were written: nothing wraps.
        Place { index: place.index.wrapping_add(1), at: place.at.wrapping_add((len as usize).wrapping_add(3) & !3) }
    }

    /// The last of so many requests from `first` on, and the place behind it, if that is known without a walk.
    pub(super) fn leap(&self, first: Place, count: u32) -> Option<(Place, Place)> {
        if count != Self::LEAP {
            return None;
        }
        let found = self.leaps.binary_search_by_key(&first.index, |(index, ..)| *index).ok()?;
        let (_, at, end) = *self.leaps.get(found)?;
        let behind = first.index.wrapping_add(Self::LEAP);
        Some((Place { index: behind.wrapping_sub(1), at }, Place { index: behind, at: end }))
    }

    /// Where a request at or behind `place` begins.
    pub(super) fn seek(&self, mut place: Place, index: u32) -> Place {
        while place.index < index {
            place = self.behind(place);
        }
        place
    }

    pub(super) fn flags(&self, at: usize) -> Flags {
        Header::read(self.from(at)).map_or(Flags::NONE, |header| header.flags)
    }

    /// Has the request that stands here ask for an acknowledgement.
    pub(super) fn ask_ack(&mut self, at: usize) {
        let flags = self.flags(at) | Flags::ACK;
        let index = self.piece_of(at);
        let piece = self.full.get_mut(index).unwrap_or(&mut self.open);
        let rest = piece.bytes.get_mut(at.wrapping_sub(piece.start)..);
        if let Some(place) = rest.and_then(|rest| rest.get_mut(6..8)) {
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

#[cfg(test)]
mod tests {
    use netloom_wire::Writer;

    use super::*;

    impl<F: Fn(&mut Writer<'_>) -> Result<(), Full>> Content for F {
        fn write(&self, w: &mut Writer<'_>) -> Result<(), Full> {
            self(w)
        }
    }

    fn written(lens: &[usize]) -> Requests {
        let mut requests = Requests::new(7, 100, None);
        let nature = Nature::by_hand(("".into(), "".into()), None, 0, false);
        for len in lens {
            let index = requests.push_raw(&nature, (20, Flags::REQUEST), None, &|w: &mut Writer<'_>| {
                (0..*len).try_for_each(|n| w.put_bytes(&[n as u8]))
            });
            assert!(index.is_ok());
        }
        requests
    }

    #[test]
    fn requests_lie_whole_and_in_order_whatever_their_lengths() {
        let lens: Vec<usize> = (0..3_000).map(|n| if n % 700 == 9 { 40_000 } else { n * 7 % 301 }).collect();
        let requests = written(&lens);
        assert!(requests.full.len() > 3);
        let mut place = Place { index: 0, at: 0 };
        for (n, len) in (0..).zip(&lens) {
            let header = Header::read(requests.request(place.at)).unwrap();
            assert_eq!((header.len as usize, header.seq, header.port), (len + 16, 100 + n, 7));
            assert!(requests.request(place.at)[16..].iter().zip(0_u32..).all(|(byte, n)| *byte == n as u8));
            place = requests.behind(place);
        }
        assert_eq!((place.index, place.at), (requests.count(), requests.len()));
    }

    #[test]
    fn a_leap_comes_to_where_steps_do() {
        let lens: Vec<usize> = (0..200).map(|n| n % 50).collect();
        let requests = written(&lens);
        let mut first = Place { index: 0, at: 0 };
        for _ in 0..3 {
            let (last, end) = requests.leap(first, 64).unwrap();
            assert_eq!((requests.seek(first, last.index), requests.behind(last)), (last, end));
            assert_eq!(requests.leap(first, 63), None);
            first = end;
        }
        assert_eq!(requests.leap(first, 64), None, "there are no more of so many");
        assert_eq!(requests.leap(requests.behind(Place { index: 0, at: 0 }), 64), None);
    }

    #[test]
    fn what_does_not_fit_anywhere_leaves_nothing_behind() {
        let mut requests = written(&[10, 20]);
        let before = (requests.count(), requests.len());
        let nature = Nature::by_hand(("".into(), "".into()), None, 0, false);
        let endless = |_: &mut Writer<'_>| Err(Full::Room);
        assert_eq!(requests.push_raw(&nature, (20, Flags::REQUEST), None, &endless), Err(Full::Room));
        assert_eq!((requests.count(), requests.len()), before);
        let next = requests.push_raw(&nature, (20, Flags::REQUEST), None, &|w: &mut Writer<'_>| w.put_bytes(&[1; 8]));
        assert_eq!(next, Ok(2));
        let third = requests.seek(Place { index: 0, at: 0 }, 2);
        assert_eq!(requests.request(third.at).len(), 24);
    }
}
