//! An object of a dump, not copied.

use std::fmt;
use std::marker::PhantomData;

use netloom_wire::{AttributeSet, Attrs, Body, FixedHeader as _, GenlHeader, Header, Message, RawAttrs, align};

/// An object of a [`Dump`](super::Dump), where it lies in the receive buffer.
pub struct Object<'d, M> {
    /// The message; not shorter than the headers in front.
    pub(super) bytes: &'d [u8],
    pub(super) generic: bool,
    pub(super) kind: PhantomData<fn() -> M>,
}

impl<'d, M: Message> Object<'d, M> {
    /// Bytes of the headers in front of the attributes, the last not padded.
    pub(super) const fn front(generic: bool) -> usize {
        Self::own_header(generic).saturating_add(M::Header::SIZE)
    }

    /// Where the family's own header begins.
    const fn own_header(generic: bool) -> usize {
        if generic { Header::LEN.saturating_add(GenlHeader::LEN) } else { Header::LEN }
    }

    /// The family's own header.
    #[inline]
    pub fn header(&self) -> M::Header {
        M::Header::read_some(self.bytes.get(Self::own_header(self.generic)..).unwrap_or_default())
    }

    /// Its attributes, to be looked through in one pass or asked for by key.
    #[inline]
    pub fn attrs(&self) -> Attrs<'d, M>
    where
        M: AttributeSet,
    {
        Attrs::new(self.raw_attrs().bytes())
    }

    /// Its attributes without their meaning.
    #[inline]
    pub fn raw_attrs(&self) -> RawAttrs<'d> {
        RawAttrs::new(self.bytes.get(align(Self::front(self.generic))..).unwrap_or_default())
    }

    /// The message that it came in, header included; several may make one object, as the family has it.
    pub fn bytes(&self) -> &'d [u8] {
        self.bytes
    }

    /// The object, owned.
    #[inline(always)]
    pub fn own(&self) -> M {
        M::decode(Body { header: self.header(), attrs: self.raw_attrs() }, &mut ())
    }

    /// The same into a value that is there: nothing moves, and lists keep their memory.
    #[inline]
    pub fn own_into(&self, place: &mut M) {
        place.decode_over(Body { header: self.header(), attrs: self.raw_attrs() }, &mut ());
    }
}

impl<M> Clone for Object<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Object<'_, M> {}
impl<M: Message> fmt::Debug for Object<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.own().fmt(f)
    }
}
