//! Nests: values that are attributes of a set.

use core::marker::PhantomData;

use super::Payload;
use crate::schema::{self, Format, Kind, SubMessage};
use crate::{Attr, AttributeSet, Attrs, FixedHeader, Full, Link, Writer, align};
#[cfg(feature = "alloc")]
use {
    super::{Beside, Owned, OwnedSet},
    crate::{Bad, Message, Path},
    alloc::vec::Vec,
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
            const DEEP: bool = true;
            #[inline]
            fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<S> {
                (!path.is_too_deep()).then(|| S::collect(Attrs::new(payload), path, bad))
            }
            // Sets are large: one is read where it will be.
            #[inline]
            fn own_in(place: &mut Option<S>, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
                if path.is_too_deep() {
                    return false;
                }
                place.insert(S::default()).fill(Attrs::new(payload), path, bad);
                true
            }
            #[inline]
            fn own_onto(list: &mut Vec<S>, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
                if path.is_too_deep() {
                    return false;
                }
                list.push(S::default());
                if let Some(set) = list.last_mut() {
                    set.fill(Attrs::new(payload), path, bad);
                }
                true
            }
            fn put_owned(value: &S, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                w.nest_attr(id | if $flag { Attr::NESTED } else { 0 }, |w| value.emit(w))
            }
        }
    )*};
}
nests!(Nest true, BareNest false);

/// A structure `H` and behind it attributes of the set `S`, sent with the nested bit if `FLAG`.
pub struct Headed<H, S, const FLAG: bool = true>(PhantomData<(H, S)>);

/// The same where the set's struct carries the structure itself: a whole message inside of another one, as veth's peer.
pub struct Embedded<H, S, const FLAG: bool = true>(PhantomData<(H, S)>);

macro_rules! headed {
    ($($marker:ident),*) => {$(
        impl<H: FixedHeader, S: AttributeSet, const FLAG: bool> Payload for $marker<H, S, FLAG> {
            const KIND: Kind = Kind::SubMessage(&SubMessage {
                name: "",
                selector: "",
                formats: &[Format { value: "", header: Some(H::INFO), schema: Some(Link::through(S::schema)) }],
                flag: FLAG,
            });
            const NESTED: bool = FLAG;
            type Ref<'a> = (H, Attrs<'a, S>);
            #[inline]
            fn read(payload: &[u8]) -> Option<(H, Attrs<'_, S>)> {
                Some((H::read(payload)?, Attrs::new(payload.get(align(H::SIZE)..).unwrap_or_default())))
            }
            fn put((header, attrs): (H, Attrs<'_, S>), w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                w.nest_attr(id | if FLAG { Attr::NESTED } else { 0 }, |w| {
                    header.write(w)?;
                    w.pad()?;
                    w.put_bytes(attrs.raw().bytes())?;
                    w.pad()
                })
            }
        }
    )*};
}
headed!(Headed, Embedded);

#[cfg(feature = "alloc")]
impl<H: FixedHeader, S: OwnedSet, const FLAG: bool> Owned for Headed<H, S, FLAG> {
    type Owned = (H, S);
    const DEEP: bool = true;
    fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<(H, S)> {
        let (header, attrs) = Self::read(payload).filter(|_| !path.is_too_deep())?;
        Some((header, S::collect(attrs, path, bad)))
    }
    fn put_owned((header, set): &(H, S), w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.nest_attr(id | if FLAG { Attr::NESTED } else { 0 }, |w| {
            header.write(w)?;
            w.pad()?;
            set.emit(w)
        })
    }
}
#[cfg(feature = "alloc")]
impl<H: FixedHeader, S: OwnedSet + Message<Header = H>, const FLAG: bool> Owned for Embedded<H, S, FLAG> {
    type Owned = S;
    const DEEP: bool = true;
    fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<S> {
        let (_, attrs) = Self::read(payload).filter(|_| !path.is_too_deep())?;
        let mut set = S::collect(attrs, path, bad);
        set.store_header(payload.get(..H::SIZE)?);
        Some(set)
    }
    fn put_owned(value: &S, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.nest_attr(id | if FLAG { Attr::NESTED } else { 0 }, |w| value.encode(w))
    }
}

/// A value that is owned behind a pointer: for sets that contain themselves.
pub struct Boxed<K>(PhantomData<K>);

impl<K: Payload> Payload for Boxed<K> {
    const KIND: Kind = K::KIND;
    const NESTED: bool = K::NESTED;
    const SECRET: bool = K::SECRET;
    const HINT: Option<schema::Hint> = K::HINT;
    const CHOOSES: bool = K::CHOOSES;
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
    const DEEP: bool = K::DEEP;
    fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Self::Owned> {
        K::own(payload, path, bad).map(alloc::boxed::Box::new)
    }
    fn is_partly(payload: &[u8], bad: &dyn Bad) -> bool {
        K::is_partly(payload, bad)
    }
    fn reads_as(value: &Self::Owned, payload: &[u8]) -> bool {
        K::reads_as(value, payload)
    }
    fn put_owned(value: &Self::Owned, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        K::put_owned(value, w, id)
    }
    fn put_beside(value: &Self::Owned, w: &mut Writer<'_>, id: u16, beside: &Beside) -> Result<(), Full> {
        K::put_beside(value, w, id, beside)
    }
}
