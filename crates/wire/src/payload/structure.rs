//! Values laid out as C structures.

use core::fmt;
use core::marker::PhantomData;

use super::{Be, Enumeration, Integer, Named, Payload};
use crate::schema::{Kind, MemberKind};
use crate::{FixedHeader, Full, Writer};
#[cfg(feature = "alloc")]
use {
    super::{Beside, Owned},
    crate::{Bad, Path},
};

/// Bytes laid out as the C structure `T`. Kernels grow their structures: a shorter value is read as if zeros followed,
/// what follows in a longer one is kept in its set's `unparsed`, and sent again as long as the start is what came.
pub struct CStruct<T>(PhantomData<T>);

impl<T: FixedHeader> Payload for CStruct<T> {
    const KIND: Kind = Kind::Struct(T::INFO);
    type Ref<'a> = T;
    fn read(payload: &[u8]) -> Option<T> {
        Some(T::read_some(payload))
    }
    fn put(value: T, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.whole(|w| {
            let attr = w.begin_nest(id)?;
            value.write(w)?;
            w.end_nest(attr)?;
            w.pad()
        })
    }
}
#[cfg(feature = "alloc")]
impl<T: FixedHeader> Owned for CStruct<T> {
    type Owned = T;
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<T> {
        Self::read(payload)
    }
    fn put_owned(value: &T, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(*value, w, id)
    }
    fn put_beside(value: &T, w: &mut Writer<'_>, id: u16, beside: &Beside<'_>) -> Result<(), Full> {
        match beside.longer(id).find(|whole| T::read_some(&whole.payload) == *value) {
            Some(whole) => w.put_attr(whole.raw_type, &whole.payload),
            None => Self::put(*value, w, id),
        }
    }
    const GROWS: bool = true;
    #[inline]
    fn is_longer(payload: &[u8]) -> bool {
        payload.len() > T::SIZE
    }
}

/// The type of a structure's member.
pub trait MemberType {
    /// What the member's field holds.
    type Value: Copy + fmt::Debug + Default + PartialEq;
    /// Its length in bytes.
    const LEN: usize;
    /// What a schema says of it.
    const KIND: MemberKind;
    /// Reads it from exactly [`MemberType::LEN`] bytes.
    fn read(bytes: &[u8]) -> Option<Self::Value>;
    /// Writes it.
    fn write(value: &Self::Value, w: &mut Writer<'_>) -> Result<(), Full>;
}

fn write_bits(bits: u64, len: usize, big: bool, w: &mut Writer<'_>) -> Result<(), Full> {
    if big {
        let bytes = bits.to_be_bytes();
        w.put_bytes(bytes.get(bytes.len().saturating_sub(len)..).unwrap_or_default())
    } else {
        let bytes = bits.to_le_bytes();
        w.put_bytes(bytes.get(..len).unwrap_or_default())
    }
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl MemberType for $ty {
            type Value = $ty;
            const LEN: usize = size_of::<$ty>();
            const KIND: MemberKind = MemberKind::Int(<$ty as Integer>::INT, None);
            #[inline]
            fn read(bytes: &[u8]) -> Option<$ty> {
                $ty::read_ne(bytes)
            }
            fn write(value: &$ty, w: &mut Writer<'_>) -> Result<(), Full> {
                w.put_bytes(&value.to_ne_bytes())
            }
        }
    )*};
}
integers!(u8 u16 u32 u64 i8 i16 i32 i64);

impl<I: Integer> MemberType for Be<I> {
    type Value = I;
    const LEN: usize = I::INT.bytes as usize;
    const KIND: MemberKind = MemberKind::Int(I::INT_BE, None);
    fn read(bytes: &[u8]) -> Option<I> {
        I::read_be(bytes)
    }
    fn write(value: &I, w: &mut Writer<'_>) -> Result<(), Full> {
        write_bits(value.bits(), Self::LEN, true, w)
    }
}

impl<E: Enumeration, I: Integer> MemberType for Named<E, I> {
    type Value = E;
    const LEN: usize = I::INT.bytes as usize;
    const KIND: MemberKind = MemberKind::Int(I::INT, Some(E::INFO));
    fn read(bytes: &[u8]) -> Option<E> {
        I::read_ne(bytes).map(|int| E::from_bits(int.bits()))
    }
    fn write(value: &E, w: &mut Writer<'_>) -> Result<(), Full> {
        write_bits(value.bits(), Self::LEN, cfg!(target_endian = "big"), w)
    }
}

impl<const N: usize> MemberType for [u8; N]
where
    [u8; N]: Default,
{
    type Value = [u8; N];
    const LEN: usize = N;
    const KIND: MemberKind = MemberKind::Binary;
    fn read(bytes: &[u8]) -> Option<[u8; N]> {
        bytes.try_into().ok()
    }
    fn write(value: &[u8; N], w: &mut Writer<'_>) -> Result<(), Full> {
        w.put_bytes(value)
    }
}
