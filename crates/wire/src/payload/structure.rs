//! Values laid out as C structures.

use core::fmt;
use core::marker::PhantomData;

use super::{Be, Enumeration, Integer, Le, Named, NamedInt, Payload, Str};
use crate::schema::{Kind, MemberKind};
use crate::{FixedHeader, Full, Writer};
#[cfg(feature = "alloc")]
use {
    super::Owned,
    crate::{Bad, Path},
};

/// Bytes laid out as the C structure `T`. Kernels grow their structures: a shorter value is read as if zeros followed, a
/// longer one up to the end that is known. Either is kept as it came in its set's `unparsed`, which tells its length, and
/// is sent again so as long as the structure is what it was read as.
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
    #[inline]
    fn is_partly(payload: &[u8], _: &dyn Bad) -> bool {
        payload.len() != T::SIZE
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

#[inline(always)]
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
            #[inline]
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
    #[inline]
    fn write(value: &I, w: &mut Writer<'_>) -> Result<(), Full> {
        write_bits(value.bits(), Self::LEN, true, w)
    }
}

impl<I: Integer> MemberType for Le<I> {
    type Value = I;
    const LEN: usize = I::INT.bytes as usize;
    const KIND: MemberKind = MemberKind::Int(I::INT.little(), None);
    fn read(bytes: &[u8]) -> Option<I> {
        I::INT.little().read(bytes).map(I::from_bits)
    }
    #[inline]
    fn write(value: &I, w: &mut Writer<'_>) -> Result<(), Full> {
        write_bits(value.bits(), Self::LEN, false, w)
    }
}

impl<E: Enumeration, I: NamedInt> MemberType for Named<E, I> {
    type Value = E;
    const LEN: usize = I::INT.bytes as usize;
    const KIND: MemberKind = MemberKind::Int(I::INT, Some(E::INFO));
    fn read(bytes: &[u8]) -> Option<E> {
        I::INT.read(bytes).map(E::from_bits)
    }
    #[inline]
    fn write(value: &E, w: &mut Writer<'_>) -> Result<(), Full> {
        write_bits(value.bits(), Self::LEN, I::INT.is_big(), w)
    }
}

/// A structure inside of another one.
pub struct Inner<T>(PhantomData<T>);

impl<T: FixedHeader> MemberType for Inner<T> {
    type Value = T;
    const LEN: usize = T::SIZE;
    const KIND: MemberKind = MemberKind::Struct(T::INFO);
    fn read(bytes: &[u8]) -> Option<T> {
        T::read(bytes)
    }
    #[inline]
    fn write(value: &T, w: &mut Writer<'_>) -> Result<(), Full> {
        value.write(w)
    }
}

/// `N` bytes, however many: a member's value where an array has no default.
///
/// ```
/// use netloom_wire::Block;
/// let name = Block::<64>::text("eth0");
/// assert_eq!((name.as_text(), name[0]), (Some("eth0"), b'e'));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block<const N: usize>(
    /// The bytes.
    pub [u8; N],
);

impl<const N: usize> Block<N> {
    /// Text with zeros behind it; what is too long is cut off.
    pub fn text(text: &str) -> Self {
        let mut block = Self::default();
        block.0.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        block
    }

    /// The text up to the first zero; `None` if it is no UTF-8.
    pub fn as_text(&self) -> Option<&str> {
        Str::read(&self.0)
    }
}
impl<const N: usize> Default for Block<N> {
    fn default() -> Self {
        Self([0; N])
    }
}
impl<const N: usize> From<[u8; N]> for Block<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}
impl<const N: usize> core::ops::Deref for Block<N> {
    type Target = [u8; N];
    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}
impl<const N: usize> fmt::Debug for Block<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const N: usize> MemberType for Block<N> {
    type Value = Block<N>;
    const LEN: usize = N;
    const KIND: MemberKind = MemberKind::Binary;
    fn read(bytes: &[u8]) -> Option<Block<N>> {
        bytes.try_into().ok().map(Block)
    }
    fn write(value: &Block<N>, w: &mut Writer<'_>) -> Result<(), Full> {
        w.put_bytes(&value.0)
    }
}

/// Text in a field of `N` bytes, zeros behind it; its value is a [`Block`].
pub enum Chars<const N: usize> {}

impl<const N: usize> MemberType for Chars<N> {
    type Value = Block<N>;
    const LEN: usize = N;
    const KIND: MemberKind = MemberKind::String;
    fn read(bytes: &[u8]) -> Option<Block<N>> {
        bytes.try_into().ok().map(Block)
    }
    fn write(value: &Block<N>, w: &mut Writer<'_>) -> Result<(), Full> {
        w.put_bytes(&value.0)
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
