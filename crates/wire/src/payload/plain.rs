//! Flags, text, bytes, bitfields, arrays of integers.

use core::fmt;
use core::marker::PhantomData;

use super::{Enumeration, Integer, NamedInt, Payload};
use crate::schema::{Int, Kind};
use crate::{Full, Writer};
#[cfg(feature = "alloc")]
use {
    super::{Beside, Field, Owned, Taken},
    crate::{Bad, Path},
    alloc::{string::String, vec::Vec},
};

/// An attribute without a value: being there is the value.
#[doc(alias = "NLA_FLAG")]
pub enum Flag {}

impl Payload for Flag {
    const KIND: Kind = Kind::Flag;
    type Ref<'a> = ();
    fn read(_: &[u8]) -> Option<()> {
        Some(())
    }
    fn put((): (), w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, &[])
    }
}
#[cfg(feature = "alloc")]
impl Field for Flag {
    type Stored = bool;
    const NONE: bool = false;
    type Arg = bool;
    const DEEP: bool = false;
    fn set(stored: &mut bool, value: bool) {
        *stored = value;
    }
    #[inline]
    fn is_set(stored: &bool) -> bool {
        *stored
    }
    #[inline(always)]
    fn take_small(stored: &mut bool, payload: &[u8]) -> bool {
        let taken = !*stored && payload.is_empty();
        *stored |= taken;
        taken
    }
    fn take(stored: &mut bool, payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Taken {
        *stored = true;
        Taken::of(true, !payload.is_empty())
    }
    fn emit(stored: &bool, w: &mut Writer<'_>, id: u16, _: &Beside) -> Result<(), Full> {
        if *stored { w.put_attr(id, &[]) } else { Ok(()) }
    }
}

/// Alignment for a 64-bit value behind it: ignored when read, never sent. One with a value is kept as ill-formed.
pub enum Pad {}

impl Payload for Pad {
    const KIND: Kind = Kind::Pad;
    type Ref<'a> = ();
    fn read(_: &[u8]) -> Option<()> {
        Some(())
    }
    fn put((): (), _: &mut Writer<'_>, _: u16) -> Result<(), Full> {
        Ok(())
    }
}
#[cfg(feature = "alloc")]
impl Field for Pad {
    type Stored = ();
    const NONE: () = ();
    type Arg = ();
    const DEEP: bool = false;
    fn set((): &mut (), (): ()) {}
    fn is_set((): &()) -> bool {
        false
    }
    #[inline(always)]
    fn take_small((): &mut (), payload: &[u8]) -> bool {
        payload.is_empty()
    }
    fn take((): &mut (), payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Taken {
        Taken::of(payload.is_empty(), false)
    }
    fn emit((): &(), _: &mut Writer<'_>, _: u16, _: &Beside) -> Result<(), Full> {
        Ok(())
    }
}

/// UTF-8 text, written with a NUL behind it and read up to the first NUL or the end; other bytes are ill-formed.
#[doc(alias = "NLA_NUL_STRING")]
#[doc(alias = "NLA_STRING")]
pub enum Str {}

impl Payload for Str {
    const KIND: Kind = Kind::String;
    type Ref<'a> = &'a str;
    #[inline]
    fn read(payload: &[u8]) -> Option<&str> {
        core::str::from_utf8(payload.split(|b| *b == 0).next().unwrap_or_default()).ok()
    }
    #[doc(alias = "nla_put_string")]
    fn put(value: &str, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        // The padding of a value whose length is no multiple of 4 would serve as its NUL, were it not for the length.
        w.put_ended(id, value.as_bytes())
    }
}
#[cfg(feature = "alloc")]
impl Owned for Str {
    type Owned = String;
    #[inline]
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<String> {
        Self::read(payload).map(String::from)
    }
    fn own_in(place: &mut Option<String>, payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> bool {
        let Some(value) = Self::read(payload) else { return false };
        match place {
            Some(place) => {
                place.clear();
                place.push_str(value);
            }
            None => *place = Some(String::from(value)),
        }
        true
    }
    // What follows the NUL, but for zeros.
    fn is_partly(payload: &[u8], _: &dyn Bad) -> bool {
        payload.iter().skip_while(|b| **b != 0).any(|b| *b != 0)
    }
    fn put_owned(value: &String, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(value, w, id)
    }
}

/// Bytes of any length.
#[doc(alias = "NLA_BINARY")]
pub enum Bytes {}

impl Payload for Bytes {
    const KIND: Kind = Kind::Binary;
    type Ref<'a> = &'a [u8];
    #[inline]
    fn read(payload: &[u8]) -> Option<&[u8]> {
        Some(payload)
    }
    fn put(value: &[u8], w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, value)
    }
}
#[cfg(feature = "alloc")]
impl Owned for Bytes {
    type Owned = Vec<u8>;
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<Vec<u8>> {
        Some(payload.to_vec())
    }
    fn own_in(place: &mut Option<Vec<u8>>, payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> bool {
        match place {
            Some(place) => {
                place.clear();
                place.extend_from_slice(payload);
            }
            None => *place = Some(payload.to_vec()),
        }
        true
    }
    fn put_owned(value: &Vec<u8>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, value)
    }
}

/// Exactly `N` bytes.
pub enum Fixed<const N: usize> {}

impl<const N: usize> Payload for Fixed<N> {
    const KIND: Kind = Kind::Binary;
    type Ref<'a> = &'a [u8; N];
    #[inline]
    fn read(payload: &[u8]) -> Option<&[u8; N]> {
        payload.try_into().ok()
    }
    fn put(value: &[u8; N], w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, value)
    }
}
#[cfg(feature = "alloc")]
impl<const N: usize> Owned for Fixed<N> {
    type Owned = [u8; N];
    #[inline(always)]
    fn own_small(place: &mut Option<[u8; N]>, payload: &[u8]) -> bool {
        match payload.try_into() {
            Ok(value) if N <= 32 => *place = Some(value),
            _ => return false,
        }
        true
    }
    #[inline]
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<[u8; N]> {
        payload.try_into().ok()
    }
    fn put_owned(value: &[u8; N], w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, value)
    }
}

/// A value and which of its 32 bits count.
#[doc(alias = "NLA_BITFIELD32")]
pub enum Bitfield32 {}

/// A [`Bitfield32`] whose bits the flags `E` name.
pub struct NamedBitfield32<E>(PhantomData<E>);

impl<E: Enumeration> Payload for NamedBitfield32<E> {
    const KIND: Kind = Kind::Bitfield32(Some(E::INFO));
    type Ref<'a> = Bitfield32Value;
    fn read(payload: &[u8]) -> Option<Bitfield32Value> {
        Bitfield32::read(payload)
    }
    fn put(value: Bitfield32Value, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Bitfield32::put(value, w, id)
    }
}
#[cfg(feature = "alloc")]
impl<E: Enumeration> Owned for NamedBitfield32<E> {
    type Owned = Bitfield32Value;
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<Bitfield32Value> {
        Bitfield32::read(payload)
    }
    fn is_partly(payload: &[u8], bad: &dyn Bad) -> bool {
        Bitfield32::is_partly(payload, bad)
    }
    fn put_owned(value: &Bitfield32Value, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Bitfield32::put(*value, w, id)
    }
}

/// What a [`Bitfield32`] holds: two u32.
///
/// Source: `linux/netlink.h`.
#[doc(alias = "nla_bitfield32")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bitfield32Value {
    /// The bits.
    pub value: u32,
    /// Which of them count.
    pub selector: u32,
}

impl Payload for Bitfield32 {
    const KIND: Kind = Kind::Bitfield32(None);
    type Ref<'a> = Bitfield32Value;
    fn read(payload: &[u8]) -> Option<Bitfield32Value> {
        let (value, rest) = payload.split_first_chunk::<4>()?;
        Some(Bitfield32Value { value: u32::from_ne_bytes(*value), selector: u32::read_ne(rest)? })
    }
    fn put(value: Bitfield32Value, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        let ([a, b, c, d], [e, f, g, h]) = (value.value.to_ne_bytes(), value.selector.to_ne_bytes());
        w.put_attr(id, &[a, b, c, d, e, f, g, h])
    }
}
#[cfg(feature = "alloc")]
impl Owned for Bitfield32 {
    type Owned = Bitfield32Value;
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<Bitfield32Value> {
        Self::read(payload)
    }
    fn is_partly(payload: &[u8], _: &dyn Bad) -> bool {
        payload.len() > 8
    }
    fn put_owned(value: &Bitfield32Value, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(*value, w, id)
    }
}

/// Bytes that are integers one after the other, a C array: of the machine's byte order, or `IntArray<Be<u16>>`.
pub struct IntArray<I>(PhantomData<I>);

/// The integers of an [`IntArray`].
pub struct Ints<'a, I> {
    bytes: &'a [u8],
    int: PhantomData<fn() -> I>,
}

impl<I> Clone for Ints<'_, I> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<I> Copy for Ints<'_, I> {}
impl<I> PartialEq for Ints<'_, I> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}
impl<I> Eq for Ints<'_, I> {}

impl<'a, I: NamedInt> Ints<'a, I> {
    /// The integers; bytes left over at the end are none.
    pub fn iter(self) -> impl Iterator<Item = I::Int> + 'a {
        let read = |bytes: &[u8]| I::read_bits(bytes).map(I::Int::from_bits);
        self.bytes.chunks_exact(usize::from(I::INT.bytes)).filter_map(read)
    }
}
impl<I: NamedInt> fmt::Debug for Ints<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<I: NamedInt> Payload for IntArray<I> {
    const KIND: Kind = Kind::IntArray(I::INT, I::NAMES);
    type Ref<'a> = Ints<'a, I>;
    fn read(payload: &[u8]) -> Option<Ints<'_, I>> {
        let Int { bytes, .. } = I::INT;
        (payload.len().checked_rem(usize::from(bytes)) == Some(0)).then_some(Ints { bytes: payload, int: PhantomData })
    }
    fn put(value: Ints<'_, I>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, value.bytes)
    }
}
#[cfg(feature = "alloc")]
impl<I: NamedInt> Owned for IntArray<I> {
    type Owned = Vec<I::Int>;
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<Vec<I::Int>> {
        let ints = Self::read(payload)?;
        let mut list = Vec::with_capacity(payload.len().checked_div(usize::from(I::INT.bytes)).unwrap_or(0));
        list.extend(ints.iter());
        Some(list)
    }
    fn put_owned(value: &Vec<I::Int>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        let width = usize::from(I::INT.bytes);
        let mut bytes = Vec::with_capacity(value.len().saturating_mul(width));
        for int in value {
            let bits = int.bits();
            let (little, big) = (bits.to_le_bytes(), bits.to_be_bytes());
            bytes.extend_from_slice(if I::INT.is_big() {
                big.get(big.len().saturating_sub(width)..).unwrap_or_default()
            } else {
                little.get(..width).unwrap_or_default()
            });
        }
        w.put_attr(id, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_at_its_nul_and_is_written_with_one() {
        for (bytes, text) in
            [(&b"lo\0"[..], Some("lo")), (b"lo", Some("lo")), (b"lo\0x\0", Some("lo")), (b"", Some(""))]
        {
            assert_eq!(Str::read(bytes), text);
        }
        assert_eq!(Str::read(b"\xff\0"), None);
        let mut buf = [0xff; 12];
        let mut w = Writer::new(&mut buf);
        Str::put("abcd", &mut w, 3).unwrap();
        assert_eq!(w.written(), [&9_u16.to_ne_bytes()[..], &3_u16.to_ne_bytes(), b"abcd\0\0\0\0"].concat());
        let mut w = Writer::new(&mut buf[..11]);
        assert_eq!((Str::put("abcd", &mut w, 3), w.len()), (Err(Full::Room), 0), "no room for the padding");
    }

    #[test]
    fn exact_bytes_are_exact() {
        assert!(Fixed::<4>::read(&[1, 2, 3]).is_none() && Fixed::<4>::read(&[1, 2, 3, 4, 5]).is_none());
        assert_eq!(Fixed::<2>::read(&[1, 2]), Some(&[1, 2]));
        assert!(IntArray::<u32>::read(&[0; 6]).is_none());
        assert!(IntArray::<u16>::read(&[0; 6]).unwrap().iter().eq([0; 3]));
        assert!(IntArray::<super::super::Be<u16>>::read(&[0, 1, 2, 3]).unwrap().iter().eq([1, 0x203]));
    }
}
