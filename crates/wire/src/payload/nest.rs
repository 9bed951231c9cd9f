//! Nests: values that are attributes of a set.

use core::marker::PhantomData;

use super::Payload;
use crate::schema::{self, Kind};
use crate::{Attr, AttributeSet, Attrs, Full, Link, Writer};
#[cfg(feature = "alloc")]
use {
    super::{Owned, OwnedSet},
    crate::{Bad, Path},
};

/// Attributes of the set `S`, sent with the nested bit.
#[doc(alias = "NLA_NESTED")]
pub struct Nest<S>(PhantomData<S>);

/// Attributes of the set `S`, sent without the nested bit, as some families do.
pub struct BareNest<S>(PhantomData<S>);

macro_rules! nests {
    ($($marker:ident $flag:literal),*) => {$(
        impl<S: AttributeSet> Payload for $marker<S> {
            const KIND: Kind = Kind::Nest(schema::Nest { schema: Link::through(S::schema), flag: $flag });
            const NESTED: bool = $flag;
            type Ref<'a> = Attrs<'a, S>;
            #[inline]
            fn read(payload: &[u8]) -> Option<Attrs<'_, S>> {
                Some(Attrs::new(payload))
            }
            fn put(value: Attrs<'_, S>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                w.put_attr(id | if $flag { Attr::NESTED } else { 0 }, value.raw().bytes())
            }
        }
        #[cfg(feature = "alloc")]
        impl<S: OwnedSet> Owned for $marker<S> {
            type Owned = S;
            #[inline]
            fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<S> {
                (!path.is_too_deep()).then(|| S::collect(Attrs::new(payload), path, bad))
            }
            fn put_owned(value: &S, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                w.nest_attr(id | if $flag { Attr::NESTED } else { 0 }, |w| value.emit(w))
            }
        }
    )*};
}
nests!(Nest true, BareNest false);

/// A value that is owned behind a pointer: for sets that contain themselves.
pub struct Boxed<K>(PhantomData<K>);

impl<K: Payload> Payload for Boxed<K> {
    const KIND: Kind = K::KIND;
    const NESTED: bool = K::NESTED;
    const SECRET: bool = K::SECRET;
    const HINT: Option<schema::Hint> = K::HINT;
    type Ref<'a> = K::Ref<'a>;
    #[inline]
    fn read(payload: &[u8]) -> Option<K::Ref<'_>> {
        K::read(payload)
    }
    fn put(value: K::Ref<'_>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        K::put(value, w, id)
    }
}
#[cfg(feature = "alloc")]
impl<K: Owned> Owned for Boxed<K> {
    type Owned = alloc::boxed::Box<K::Owned>;
    fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Self::Owned> {
        K::own(payload, path, bad).map(alloc::boxed::Box::new)
    }
    fn put_owned(value: &Self::Owned, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        K::put_owned(value, w, id)
    }
}
