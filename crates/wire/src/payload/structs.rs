//! Arrays of C structures.

use core::fmt;
use core::marker::PhantomData;

use super::Payload;
use crate::schema::Kind;
use crate::{FixedHeader, Full, Writer};
#[cfg(feature = "alloc")]
use {
    super::Owned,
    crate::{Bad, Path},
    alloc::vec::Vec,
};

/// Bytes that are C structures of the layout `T`, one after the other. A length that is no multiple of the structure's is
/// ill-formed.
#[doc(alias = "nexthop_grp")]
pub struct Structs<T>(PhantomData<T>);

/// The structures of a [`Structs`]: an iterator.
pub struct StructIter<'a, T> {
    bytes: &'a [u8],
    layout: PhantomData<fn() -> T>,
}

impl<T: FixedHeader> Payload for Structs<T> {
    const KIND: Kind = Kind::Structs(T::INFO);
    type Ref<'a> = StructIter<'a, T>;
    #[inline]
    fn read(payload: &[u8]) -> Option<StructIter<'_, T>> {
        (payload.len().checked_rem(T::SIZE) == Some(0)).then_some(StructIter { bytes: payload, layout: PhantomData })
    }
    fn put(value: StructIter<'_, T>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, value.bytes)
    }
}

impl<T: FixedHeader> Iterator for StructIter<'_, T> {
    type Item = T;
    #[inline]
    fn next(&mut self) -> Option<T> {
        let (first, rest) = self.bytes.split_at_checked(T::SIZE)?;
        self.bytes = rest;
        T::read(first)
    }
}
impl<T> Clone for StructIter<'_, T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes, layout: PhantomData }
    }
}
impl<T: FixedHeader + fmt::Debug> fmt::Debug for StructIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

#[cfg(feature = "alloc")]
impl<T: FixedHeader> Owned for Structs<T> {
    type Owned = Vec<T>;
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<Vec<T>> {
        Self::read(payload).map(Iterator::collect)
    }
    fn put_owned(value: &Vec<T>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.whole(|w| {
            let attr = w.begin_nest(id)?;
            value.iter().try_for_each(|value| value.write(w))?;
            w.end_nest(attr)?;
            w.pad()
        })
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;
    use crate::c_struct;

    c_struct! {
        /// Three bytes.
        struct Odd, "odd" {
            /// The first.
            a: u8 = "a";
            /// The others.
            b: u16 = "b";
        }
    }

    #[test]
    fn structures_follow_each_other_and_are_padded_once() {
        let all = Vec::from([Odd { a: 1, b: 0x202 }, Odd { a: 3, b: 0x404 }, Odd { a: 5, b: 0x606 }]);
        let mut buf = [0xff; 16];
        let mut w = Writer::new(&mut buf);
        Structs::<Odd>::put_owned(&all, &mut w, 7).unwrap();
        let bytes = [1, 2, 2, 3, 4, 4, 5, 6, 6];
        assert_eq!(w.written(), [&13_u16.to_ne_bytes()[..], &7_u16.to_ne_bytes(), &bytes, &[0; 3]].concat());
        assert!(Structs::<Odd>::read(&bytes).unwrap().eq(all));
        assert_eq!(Structs::<Odd>::read(&[]).unwrap().count(), 0);
        for length in [1, 2, 4, 8] {
            assert!(Structs::<Odd>::read(&bytes[..length]).is_none(), "{length} bytes are no whole structures");
        }
    }
}
