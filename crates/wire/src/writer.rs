//! Building messages in one buffer.

use core::fmt;

use crate::{Attr, GenlHeader, Header, Key, Payload, align, padding};

/// Builds messages and attributes in a buffer, one behind the other, and patches their lengths in.
///
/// What does not fit is not written at all: `put` leaves the buffer as it was, and a nest or message whose closure fails
/// is taken back whole. Pad bytes are zero.
///
/// ```
/// use netloom_wire::{Flags, GenlHeader, Header, MessageType, Writer};
/// let mut buf = [0; 128];
/// let mut w = Writer::new(&mut buf);
/// w.message(Header::new(MessageType(16), Flags::REQUEST), |w| {
///     w.genl(GenlHeader { cmd: 3, version: 1, reserved: 0 })?;
///     w.put_attr(2, b"DOC_EXMPL\0")
/// })?;
/// assert_eq!(w.len(), 36);
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[doc(alias = "sk_buff")]
#[doc(alias = "nlmsg_free")]
pub struct Writer<'b> {
    buf: &'b mut [u8],
    len: usize,
}

/// A place in a [`Writer`] to go back to, or to end a message or nest from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

impl<'b> Writer<'b> {
    /// Writes from the start of `buf`, whose length is the room there is.
    #[doc(alias = "genlmsg_new")]
    #[doc(alias = "nlmsg_new")]
    #[doc(alias = "genlmsg_alloc")]
    pub const fn new(buf: &'b mut [u8]) -> Self {
        Self { buf, len: 0 }
    }

    /// Bytes written.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is written yet.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that still fit.
    pub const fn room(&self) -> usize {
        self.buf.len().saturating_sub(self.len)
    }

    /// What is written.
    pub fn written(&self) -> &[u8] {
        self.buf.get(..self.len).unwrap_or_default()
    }

    /// What is written since `mark`.
    pub fn since(&self, mark: Mark) -> &[u8] {
        self.buf.get(mark.0..self.len).unwrap_or_default()
    }

    /// Here, to come back to.
    #[doc(alias = "nlmsg_get_pos")]
    pub const fn position(&self) -> Mark {
        Mark(self.len)
    }

    /// Goes back to `mark`; what was written since is gone. A mark ahead of here changes nothing.
    #[doc(alias = "nlmsg_trim")]
    pub fn truncate(&mut self, mark: Mark) {
        self.len = self.len.min(mark.0);
    }

    /// Takes back the message or nest that began at `mark`.
    #[doc(alias = "nlmsg_cancel")]
    #[doc(alias = "genlmsg_cancel")]
    #[doc(alias = "nla_nest_cancel")]
    pub fn cancel(&mut self, mark: Mark) {
        self.truncate(mark);
    }

    /// Runs `write`; if it fails, what it wrote is taken back.
    #[inline]
    pub fn whole<R>(&mut self, write: impl FnOnce(&mut Self) -> Result<R, Full>) -> Result<R, Full> {
        let start = self.position();
        let done = write(self);
        if done.is_err() {
            self.truncate(start);
        }
        done
    }

    /// A message: `header`, whose length is patched in, then what `body` writes, padded.
    #[doc(alias = "nlmsg_put")]
    #[doc(alias = "nlmsg_end")]
    #[inline]
    pub fn message<R>(&mut self, header: Header, body: impl FnOnce(&mut Self) -> Result<R, Full>) -> Result<R, Full> {
        self.whole(|w| {
            let start = w.begin_message(header)?;
            let done = body(w)?;
            w.end_message(start)?;
            Ok(done)
        })
    }

    /// Begins a message where a closure would be in the way; [`Writer::end_message`] patches its length.
    #[inline]
    pub fn begin_message(&mut self, header: Header) -> Result<Mark, Full> {
        let start = self.position();
        self.put_bytes(&header.to_bytes())?;
        Ok(start)
    }

    /// Ends the message begun at `start`: its length is what was written since, without padding that is added now.
    #[inline]
    pub fn end_message(&mut self, start: Mark) -> Result<(), Full> {
        let len = self.len.saturating_sub(start.0);
        let patch = u32::try_from(len).map_err(|_| Full::Room)?.to_ne_bytes();
        self.zeros(padding(len))?;
        self.patch(start.0, &patch);
        Ok(())
    }

    /// The generic netlink header, behind a message's.
    #[doc(alias = "genlmsg_end")]
    #[doc(alias = "genlmsg_put")]
    #[inline]
    pub fn genl(&mut self, header: GenlHeader) -> Result<(), Full> {
        self.put_bytes(&header.to_bytes())
    }

    /// Bytes as they are, without padding.
    #[inline]
    pub fn put_bytes(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let Some(end) = self.len.checked_add(bytes.len()) else { return Err(no_room()) };
        let Some(place) = self.buf.get_mut(self.len..end) else { return Err(no_room()) };
        place.copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }

    /// Zeros up to the next multiple of 4, counted from the buffer's start.
    pub fn pad(&mut self) -> Result<(), Full> {
        self.zeros(padding(self.len))
    }

    /// An attribute of this key and value.
    #[doc(alias = "nla_put")]
    #[doc(alias = "nla_put_string")]
    #[doc(alias = "nla_put_u32")]
    #[inline]
    pub fn put<S, K: Payload>(&mut self, key: Key<S, K>, value: K::Ref<'_>) -> Result<(), Full> {
        K::put(value, self, key.id())
    }

    /// An attribute of this type field (flag bits and all) and value.
    #[doc(alias = "nla_put")]
    #[inline]
    pub fn put_attr(&mut self, raw_type: u16, payload: &[u8]) -> Result<(), Full> {
        self.put_behind(raw_type, payload, 0)
    }

    /// A nest of this key: an attribute with the nested bit, holding what `body` writes.
    #[doc(alias = "nla_nest_start")]
    #[doc(alias = "nla_nest_end")]
    #[inline]
    pub fn nest<S, K: Payload, R>(
        &mut self,
        key: Key<S, K>,
        body: impl FnOnce(&mut Self) -> Result<R, Full>,
    ) -> Result<R, Full> {
        self.nest_attr(key.id() | if K::NESTED { Attr::NESTED } else { 0 }, body)
    }

    /// A nest of this type field; the nested bit is set if `raw_type` has it.
    #[doc(alias = "nla_nest_start_noflag")]
    #[inline]
    pub fn nest_attr<R>(&mut self, raw_type: u16, body: impl FnOnce(&mut Self) -> Result<R, Full>) -> Result<R, Full> {
        self.whole(|w| {
            let start = w.begin_nest(raw_type)?;
            let done = body(w).map_err(|full| match full {
                Full::Room => full,
                Full::TooLong { .. } => too_long(raw_type),
            })?;
            w.end_nest(start)?;
            Ok(done)
        })
    }

    /// Begins a nest where a closure would be in the way; [`Writer::end_nest`] patches its length,
    /// [`Writer::cancel`] takes it back.
    #[inline]
    pub fn begin_nest(&mut self, raw_type: u16) -> Result<Mark, Full> {
        let start = self.position();
        let ([l0, l1], [t0, t1]) = ((Attr::HEADER_LEN as u16).to_ne_bytes(), raw_type.to_ne_bytes());
        self.put_bytes(&[l0, l1, t0, t1])?;
        Ok(start)
    }

    /// An attribute of these bytes and a NUL behind them.
    #[inline]
    pub(crate) fn put_ended(&mut self, raw_type: u16, bytes: &[u8]) -> Result<(), Full> {
        self.put_behind(raw_type, bytes, 1)
    }

    /// An attribute of these bytes and so many zeros behind them, at most four with the padding.
    #[inline(always)]
    fn put_behind(&mut self, raw_type: u16, payload: &[u8], zeros: usize) -> Result<(), Full> {
        // Both are small: one look at what overflows.
        let len = payload.len().saturating_add(Attr::HEADER_LEN.wrapping_add(zeros));
        let Ok(short) = u16::try_from(len) else { return Err(too_long(raw_type)) };
        let space = align(usize::from(short));
        let Some(end) = self.len.checked_add(space) else { return Err(no_room()) };
        let Some(room) = self.buf.get_mut(self.len..end) else { return Err(no_room()) };
        // The last word holds all zeros; the value then overwrites what is its own of it.
        if let Some(last) = room.last_chunk_mut::<4>() {
            *last = [0; 4];
        }
        let ([l0, l1], [t0, t1]) = (short.to_ne_bytes(), raw_type.to_ne_bytes());
        let Some((head, value)) = room.split_first_chunk_mut::<4>() else { return Err(no_room()) };
        *head = [l0, l1, t0, t1];
        let Some(value) = value.get_mut(..payload.len()) else { return Err(no_room()) };
        value.copy_from_slice(payload);
        self.len = end;
        Ok(())
    }

    /// Ends the nest begun at `start`. A nest over 65,535 bytes is taken back, and the error names it.
    #[inline]
    pub fn end_nest(&mut self, start: Mark) -> Result<(), Full> {
        let Ok(len) = u16::try_from(self.len.saturating_sub(start.0)) else {
            let head = self.buf.get(start.0..).and_then(|b| b.first_chunk::<4>()).copied().unwrap_or_default();
            let [_, _, t0, t1] = head;
            self.truncate(start);
            return Err(Full::TooLong { attr: u16::from_ne_bytes([t0, t1]) & Attr::ID_MASK });
        };
        self.patch(start.0, &len.to_ne_bytes());
        Ok(())
    }

    #[inline]
    fn zeros(&mut self, count: usize) -> Result<(), Full> {
        // Nearly always there is nothing to do, which a call to find out would cost more than.
        if count == 0 { Ok(()) } else { self.put_bytes([0; 3].get(..count).unwrap_or_default()) }
    }

    #[inline]
    fn patch(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.buf.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writer({} of {} bytes)", self.len, self.buf.len())
    }
}

/// Something did not fit; nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The buffer has no room: a bigger one helps, or sending what is there first.
    Room,
    /// The attribute of this id, or one inside of it, would be longer than the 65,535 bytes that its length field can say: no
    /// buffer helps.
    TooLong {
        /// Its id.
        attr: u16,
    },
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Full::Room => f.write_str("no room left in the message buffer"),
            Full::TooLong { attr } => {
                write!(f, "attribute {attr} is longer than an attribute can be (65,535 bytes with its header)")
            }
        }
    }
}
impl core::error::Error for Full {}

/// What is rare is said to be: what fits is then written without a look back.
#[cold]
#[inline]
const fn no_room() -> Full {
    Full::Room
}
#[cold]
#[inline]
const fn too_long(raw_type: u16) -> Full {
    Full::TooLong { attr: raw_type & Attr::ID_MASK }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Flags, MessageType, RawAttrs, messages};
    use std::vec;

    #[test]
    fn what_does_not_fit_leaves_no_trace() {
        let mut buf = [0xff; 24];
        let mut w = Writer::new(&mut buf);
        w.put_attr(1, b"abc").unwrap();
        assert_eq!(w.put_attr(2, &[0; 16]), Err(Full::Room));
        let nest = w.nest_attr(3, |w| {
            w.put_attr(4, b"wxyz")?;
            w.put_attr(5, b"wxyz")
        });
        assert_eq!((nest, w.len()), (Err(Full::Room), 8));
        w.put_attr(6, b"12345678").unwrap();
        assert_eq!(RawAttrs::new(w.written()).into_iter().map(Attr::id).collect::<vec::Vec<_>>(), [1, 6]);
        assert_eq!(w.written()[7], 0, "pad bytes are zero whatever the buffer held");
    }

    #[test]
    fn too_long_names_the_attribute() {
        let mut buf = vec![0; 200_000];
        let mut w = Writer::new(&mut buf);
        assert_eq!(w.put_attr(9, &[0; 65_532]), Err(Full::TooLong { attr: 9 }));
        assert_eq!(w.put_attr(9, &[0; 65_531]), Ok(()));
        let start = w.len();
        let nest = w.nest_attr(0x8000 | 7, |w| {
            w.put_attr(1, &[0; 40_000])?;
            w.put_attr(2, &[0; 40_000])
        });
        assert_eq!((nest, w.len()), (Err(Full::TooLong { attr: 7 }), start));
        let inside = w.nest_attr(6, |w| w.nest_attr(5, |w| w.put_attr(1, &[0; 70_000])));
        assert_eq!((inside, w.len()), (Err(Full::TooLong { attr: 6 }), start), "ids inside are another set's");
    }

    #[test]
    fn several_messages_share_a_datagram() {
        let mut buf = [0; 128];
        let mut w = Writer::new(&mut buf);
        for n in 0..3_u8 {
            w.message(Header::new(MessageType(20), Flags::REQUEST), |w| w.put_bytes(&[n; 5][..n as usize])).unwrap();
        }
        let open = w.begin_message(Header::default()).unwrap();
        w.cancel(open);
        let lens: vec::Vec<_> = messages(w.written()).map(|m| m.unwrap().header.len).collect();
        assert_eq!((lens, w.len()), (vec![16, 17, 18], 16 + 20 + 20));
    }
}
