//! Integers: of fixed width in both byte orders, of variable width, and with named values.

use core::fmt;
use core::marker::PhantomData;

#[cfg(feature = "alloc")]
use super::Owned;
use super::Payload;
use crate::schema::{EnumInfo, Int, Kind};
#[cfg(feature = "alloc")]
use crate::{Bad, Path};
use crate::{Full, Writer};

/// An integer of fixed width.
pub trait Integer: Copy + fmt::Debug + Default + PartialEq + 'static {
    /// Its layout in the machine's byte order.
    const INT: Int;
    /// The same, big-endian.
    const INT_BE: Int;
    /// The integer at the start of `bytes`; what follows is ignored, as kernels do.
    fn read_ne(bytes: &[u8]) -> Option<Self>;
    /// The same, big-endian.
    fn read_be(bytes: &[u8]) -> Option<Self>;
    /// Writes an attribute holding it.
    fn put_ne(self, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
    /// The same, big-endian.
    fn put_be(self, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
    /// Its bits, zero-extended.
    fn bits(self) -> u64;
    /// The integer of these bits, cut to its width.
    fn from_bits(bits: u64) -> Self;
}

/// How a value that is small is stored, and when there is more of it than is read; it has so many bytes, 0 if that varies.
#[cfg(feature = "alloc")]
macro_rules! small {
    ($len:expr) => {
        #[inline(always)]
        fn own_small(place: &mut Option<Self::Owned>, payload: &[u8]) -> bool {
            if $len != 0 && payload.len() != $len {
                return false;
            }
            let Some(value) = Self::read(payload) else { return false };
            *place = Some(value);
            true
        }
        #[inline]
        fn is_partly(payload: &[u8], _: &dyn Bad) -> bool {
            $len != 0 && payload.len() > $len
        }
    };
}

macro_rules! integers {
    ($($ty:ident $unsigned:ident $int:ident $be:ident;)*) => {$(
        impl Integer for $ty {
            const INT: Int = Int::$int;
            const INT_BE: Int = Int::$be;
            #[inline]
            fn read_ne(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|b| Self::from_ne_bytes(*b))
            }
            #[inline]
            fn read_be(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|b| Self::from_be_bytes(*b))
            }
            #[inline]
            fn put_ne(self, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                w.put_attr(id, &self.to_ne_bytes())
            }
            #[inline]
            fn put_be(self, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                w.put_attr(id, &self.to_be_bytes())
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from(self as $unsigned)
            }
            #[inline]
            fn from_bits(bits: u64) -> Self {
                bits as Self
            }
        }
        impl Payload for $ty {
            const KIND: Kind = Kind::Int(Int::$int);
            type Ref<'a> = $ty;
            #[inline]
            fn read(payload: &[u8]) -> Option<$ty> {
                $ty::read_ne(payload)
            }
            #[inline]
            fn put(value: $ty, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                value.put_ne(w, id)
            }
        }
        #[cfg(feature = "alloc")]
        impl Owned for $ty {
            type Owned = $ty;
            small!(size_of::<$ty>());
            #[inline]
            fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<$ty> {
                $ty::read_ne(payload)
            }
            #[inline]
            fn put_owned(value: &$ty, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                value.put_ne(w, id)
            }
        }
    )*};
}
integers! {
    u8 u8 U8 U8_BE; u16 u16 U16 U16_BE; u32 u32 U32 U32_BE; u64 u64 U64 U64_BE;
    i8 u8 S8 S8_BE; i16 u16 S16 S16_BE; i32 u32 S32 S32_BE; i64 u64 S64 S64_BE;
}

/// A big-endian integer.
pub struct Be<I>(PhantomData<I>);

impl<I: Integer> Payload for Be<I> {
    const KIND: Kind = Kind::Int(I::INT_BE);
    type Ref<'a> = I;
    #[inline]
    fn read(payload: &[u8]) -> Option<I> {
        I::read_be(payload)
    }
    #[inline]
    fn put(value: I, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        value.put_be(w, id)
    }
}
#[cfg(feature = "alloc")]
impl<I: Integer> Owned for Be<I> {
    type Owned = I;
    small!(usize::from(I::INT.bytes));
    #[inline]
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<I> {
        I::read_be(payload)
    }
    #[inline]
    fn put_owned(value: &I, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        value.put_be(w, id)
    }
}

/// A little-endian integer.
pub struct Le<I>(PhantomData<I>);

impl<I: Integer> Payload for Le<I> {
    const KIND: Kind = Kind::Int(I::INT.little());
    type Ref<'a> = I;
    #[inline]
    fn read(payload: &[u8]) -> Option<I> {
        I::INT.little().read(payload).map(I::from_bits)
    }
    #[inline]
    fn put(value: I, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        I::INT.little().put(value.bits(), w, id)
    }
}
#[cfg(feature = "alloc")]
impl<I: Integer> Owned for Le<I> {
    type Owned = I;
    small!(usize::from(I::INT.bytes));
    #[inline]
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<I> {
        Self::read(payload)
    }
    #[inline]
    fn put_owned(value: &I, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(*value, w, id)
    }
}

macro_rules! variable {
    ($(#[$meta:meta])* $name:ident $kind:ident $wide:ident $narrow:ident) => {
        $(#[$meta])*
        pub enum $name {}

        impl Payload for $name {
            const KIND: Kind = Kind::$kind;
            type Ref<'a> = $wide;
            fn read(payload: &[u8]) -> Option<$wide> {
                match payload.len() {
                    4 => $narrow::read_ne(payload).map($wide::from),
                    8 => $wide::read_ne(payload),
                    _ => None,
                }
            }
            fn put(value: $wide, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                // include/net/netlink.h: nla_put_uint, nla_put_sint
                match $narrow::try_from(value) {
                    Ok(narrow) => narrow.put_ne(w, id),
                    Err(_) => value.put_ne(w, id),
                }
            }
        }
        #[cfg(feature = "alloc")]
        impl Owned for $name {
            type Owned = $wide;
            fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<$wide> {
                Self::read(payload)
            }
            fn put_owned(value: &$wide, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                Self::put(*value, w, id)
            }
        }
    };
}
variable! {
    /// An unsigned integer sent in 4 bytes if it fits, else in 8.
    #[doc(alias = "NLA_UINT")]
    Uint Uint u64 u32
}
variable! {
    /// A signed integer sent in 4 bytes if it fits, else in 8.
    #[doc(alias = "NLA_SINT")]
    Sint Sint i64 i32
}

/// A newtype whose values have names; unknown values are kept.
///
/// [`enumeration!`](crate::enumeration) implements it.
pub trait Enumeration: Copy + fmt::Debug + Default + PartialEq + 'static {
    /// The names.
    const INFO: &'static EnumInfo;
    /// The value's bits.
    fn bits(self) -> u64;
    /// The value of these bits.
    fn from_bits(bits: u64) -> Self;
}

/// An integer whose values have names: an `E` sent as an `I` (`u8` to `i64`, [`Be`] or [`Le`] of one, [`Uint`], [`Sint`]).
pub struct Named<E, I>(PhantomData<(E, I)>);

/// The integer behind a [`Named`], or of an [`IntArray`](super::IntArray): one of Rust's, or [`Be`] or [`Le`] of one.
pub trait NamedInt: Payload {
    /// The integer.
    type Int: Integer;
    /// Its layout.
    const INT: Int;
    /// The names of its values.
    const NAMES: Option<&'static EnumInfo> = None;
    /// Reads its bits.
    fn read_bits(payload: &[u8]) -> Option<u64>;
    /// Writes an attribute of these bits.
    fn put_bits(bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
}
impl<I: Integer + Payload> NamedInt for I {
    type Int = I;
    const INT: Int = I::INT;
    #[inline]
    fn read_bits(payload: &[u8]) -> Option<u64> {
        I::read_ne(payload).map(I::bits)
    }
    #[inline]
    fn put_bits(bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        I::from_bits(bits).put_ne(w, id)
    }
}
impl<I: Integer> NamedInt for Be<I> {
    type Int = I;
    const INT: Int = I::INT_BE;
    #[inline]
    fn read_bits(payload: &[u8]) -> Option<u64> {
        I::read_be(payload).map(I::bits)
    }
    #[inline]
    fn put_bits(bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        I::from_bits(bits).put_be(w, id)
    }
}

impl<I: Integer> NamedInt for Le<I> {
    type Int = I;
    const INT: Int = I::INT.little();
    #[inline]
    fn read_bits(payload: &[u8]) -> Option<u64> {
        Self::INT.read(payload)
    }
    #[inline]
    fn put_bits(bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::INT.put(bits, w, id)
    }
}

impl NamedInt for Uint {
    type Int = u64;
    const INT: Int = Int::UINT;
    #[inline]
    fn read_bits(payload: &[u8]) -> Option<u64> {
        Self::read(payload)
    }
    #[inline]
    fn put_bits(bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(bits, w, id)
    }
}
impl NamedInt for Sint {
    type Int = i64;
    const INT: Int = Int::SINT;
    #[inline]
    fn read_bits(payload: &[u8]) -> Option<u64> {
        Self::read(payload).map(i64::bits)
    }
    #[inline]
    fn put_bits(bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(i64::from_bits(bits), w, id)
    }
}
impl<E: Enumeration, I: NamedInt> NamedInt for Named<E, I> {
    type Int = I::Int;
    const INT: Int = I::INT;
    const NAMES: Option<&'static EnumInfo> = Some(E::INFO);
    #[inline]
    fn read_bits(payload: &[u8]) -> Option<u64> {
        I::read_bits(payload)
    }
    #[inline]
    fn put_bits(bits: u64, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        I::put_bits(bits, w, id)
    }
}

impl<E: Enumeration, I: NamedInt> Payload for Named<E, I> {
    const KIND: Kind = Kind::Enum(I::INT, E::INFO);
    type Ref<'a> = E;
    #[inline]
    fn read(payload: &[u8]) -> Option<E> {
        I::read_bits(payload).map(E::from_bits)
    }
    #[inline]
    fn put(value: E, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        I::put_bits(value.bits(), w, id)
    }
}
#[cfg(feature = "alloc")]
impl<E: Enumeration, I: NamedInt> Owned for Named<E, I> {
    type Owned = E;
    small!(usize::from(I::INT.bytes));
    #[inline]
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<E> {
        Self::read(payload)
    }
    #[inline]
    fn put_owned(value: &E, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(*value, w, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_integers_take_the_width_they_need() {
        // value, bytes of the value on the wire
        for (value, len) in [(0, 4), (u64::from(u32::MAX), 4), (1 << 32, 8)] {
            let mut buf = [0; 12];
            let mut w = Writer::new(&mut buf);
            Uint::put(value, &mut w, 1).unwrap();
            assert_eq!((w.len() - 4, Uint::read(&w.written()[4..])), (len, Some(value)));
        }
        for (value, len) in [(-1, 4), (i64::from(i32::MIN), 4), (i64::from(i32::MIN) - 1, 8), (1 << 31, 8)] {
            let mut buf = [0; 12];
            let mut w = Writer::new(&mut buf);
            Sint::put(value, &mut w, 1).unwrap();
            assert_eq!((w.len() - 4, Sint::read(&w.written()[4..])), (len, Some(value)));
        }
        assert_eq!((Uint::read(&[0; 5]), Uint::read(&[])), (None, None));
    }

    #[test]
    fn both_byte_orders() {
        assert_eq!(Be::<u16>::read(&[0x12, 0x34]), Some(0x1234));
        assert_eq!(u16::read(&0x1234_u16.to_ne_bytes()), Some(0x1234));
        assert_eq!(u32::read(&[1, 2, 3]), None);
        assert_eq!(u8::read(&[1, 2, 3]), Some(1), "longer values are read from the front");
        assert_eq!(i8::from_bits((-3_i8).bits()), -3);
    }
}
