//! Lists: attributes that repeat, arrays of attributes, and attributes whose ids are values.

use core::fmt;
use core::marker::PhantomData;

use super::Payload;
use crate::attr::AttrIter;
use crate::schema::{self, Hint, Kind};
use crate::{Attr, AttributeSet, Attrs, Full, Link, RawAttrs, Writer};
#[cfg(feature = "alloc")]
use {
    super::kept::partly,
    super::{Beside, Field, Owned, OwnedSet, Taken, Unparsed, clear_list},
    crate::{Bad, Path, Step},
    alloc::vec::Vec,
};

/// An attribute that repeats in its set, each occurrence one element.
#[doc(alias = "multi-attr")]
pub struct Multi<K>(PhantomData<K>);

impl<K: Payload> Payload for Multi<K> {
    const KIND: Kind = K::KIND;
    const NESTED: bool = K::NESTED;
    const SECRET: bool = K::SECRET;
    const MULTI: bool = true;
    const HINT: Option<Hint> = K::HINT;
    const CHOOSES: bool = K::CHOOSES;
    type Ref<'a> = K::Ref<'a>;
    fn read(payload: &[u8]) -> Option<K::Ref<'_>> {
        K::read(payload)
    }
    fn put(value: K::Ref<'_>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        K::put(value, w, id)
    }
}
#[cfg(feature = "alloc")]
impl<K: Owned> Field for Multi<K> {
    type Stored = Vec<K::Owned>;
    const NONE: Self::Stored = Vec::new();
    type Arg = Vec<K::Owned>;
    fn set(stored: &mut Self::Stored, value: Self::Arg) {
        *stored = value;
    }
    #[inline]
    fn is_set(_: &Self::Stored) -> bool {
        false
    }
    fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Taken {
        let element = path.then(Step::Element(stored.len()));
        let taken = K::own_onto(stored, payload, &element, bad);
        Taken::of(taken, taken && K::is_partly(payload, bad))
    }
    #[inline]
    fn clear(stored: &mut Self::Stored) {
        clear_list(stored);
    }
    fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, beside: &Beside) -> Result<(), Full> {
        stored.iter().try_for_each(|value| K::put_beside(value, w, id, beside))
    }
    fn emit_kept(
        stored: &Self::Stored,
        unparsed: &[Unparsed],
        w: &mut Writer<'_>,
        id: u16,
        beside: &Beside,
    ) -> Result<(), Full> {
        // They were kept in the elements' order.
        let mut kept = partly(unparsed, id).filter(|_| !K::DEEP).peekable();
        stored.iter().try_for_each(|value| match kept.next_if(|attr| K::reads_as(value, &attr.payload)) {
            Some(attr) => w.put_attr(attr.raw_type, &attr.payload),
            None => K::put_beside(value, w, id, beside),
        })
    }
}

/// One attribute that holds attributes, each of them one element whose id is its position.
///
/// When sent, the first element gets the id `FIRST` and each further one `STEP` more (0 where a family gives all the
/// same). When read, ids do not matter. The array carries the nested bit unless it is `BARE` or its elements are.
#[doc(alias = "NLA_NESTED_ARRAY")]
#[doc(alias = "indexed-array")]
pub struct Indexed<K, const FIRST: u16 = 1, const STEP: u16 = 1, const BARE: bool = false>(PhantomData<K>);

impl<K: Payload, const FIRST: u16, const STEP: u16, const BARE: bool> Payload for Indexed<K, FIRST, STEP, BARE> {
    const KIND: Kind = Kind::Array(&schema::Array { element: K::KIND, first: FIRST, step: STEP, flag: Self::NESTED });
    // As nlctrl's, whose elements go without it, too.
    const NESTED: bool = !BARE && !matches!(K::KIND, Kind::Nest(schema::Nest { flag: false, .. }));
    const CHOOSES: bool = K::CHOOSES;
    type Ref<'a> = Elements<'a, K>;
    #[inline]
    fn read(payload: &[u8]) -> Option<Elements<'_, K>> {
        Some(Elements { raw: RawAttrs::new(payload).into_iter(), kind: PhantomData })
    }
    fn put(value: Elements<'_, K>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.nest_attr(id | if Self::NESTED { Attr::NESTED } else { 0 }, |w| {
            value.raw.clone().try_for_each(|attr| w.put_attr(attr.raw_type(), attr.payload()))
        })
    }
}

/// The elements of an [`Indexed`] array: an iterator of [`Element`].
pub struct Elements<'a, K> {
    raw: AttrIter<'a>,
    kind: PhantomData<fn() -> K>,
}

/// One element of an [`Indexed`] array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<T> {
    /// The id it carries.
    pub index: u16,
    /// Its value; `None` if it is ill-formed.
    pub value: Option<T>,
}

impl<'a, K: Payload> Iterator for Elements<'a, K> {
    type Item = Element<K::Ref<'a>>;
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.raw.next().map(|attr| Element { index: attr.id(), value: K::read(attr.payload()) })
    }
}
impl<K> Clone for Elements<'_, K> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), kind: PhantomData }
    }
}
impl<K: Payload> fmt::Debug for Elements<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(|element| element.value)).finish()
    }
}

#[cfg(feature = "alloc")]
impl<K: Owned, const FIRST: u16, const STEP: u16, const BARE: bool> Field for Indexed<K, FIRST, STEP, BARE> {
    type Stored = Vec<K::Owned>;
    const NONE: Self::Stored = Vec::new();
    type Arg = Vec<K::Owned>;
    fn set(stored: &mut Self::Stored, value: Self::Arg) {
        *stored = value;
    }
    #[inline]
    fn is_set(stored: &Self::Stored) -> bool {
        !stored.is_empty()
    }
    #[inline]
    fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Taken {
        stored.clear();
        let (mut well_formed, mut partly) = (true, false);
        let mut walk = RawAttrs::new(payload).into_iter();
        for (index, attr) in walk.by_ref().enumerate() {
            if index == 0 {
                // Elements are mostly of one size: the first tells how many there are.
                stored.reserve(payload.len().checked_div(Attr::space(attr.payload().len())).unwrap_or(0));
            }
            let element = path.then(Step::Element(index));
            if !K::own_onto(stored, attr.payload(), &element, bad) {
                bad.bad(&element, attr);
                well_formed = false;
            } else if K::is_partly(attr.payload(), bad) {
                partly = true;
            }
        }
        Taken::of(well_formed, partly || walk.remainder() != 0)
    }
    #[inline]
    fn clear(stored: &mut Self::Stored) {
        clear_list(stored);
    }
    fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, _: &Beside) -> Result<(), Full> {
        if stored.is_empty() {
            return Ok(());
        }
        w.nest_attr(id | if Self::NESTED { Attr::NESTED } else { 0 }, |w| {
            let mut index = FIRST;
            for value in stored {
                K::put_owned(value, w, index & Attr::ID_MASK)?;
                index = index.wrapping_add(STEP);
            }
            Ok(())
        })
    }
}

/// The names of the levels of a [`TypeValue`].
pub trait Levels: 'static {
    /// What each level's id means, outermost first.
    const NAMES: &'static [&'static str];
}

/// Nests whose attribute ids are values, `N` levels of them named by `L`; the innermost holds attributes of `S`.
#[doc(alias = "nest-type-value")]
pub struct TypeValue<L, S, const N: usize>(PhantomData<(L, S)>);

impl<L: Levels, S: AttributeSet, const N: usize> Payload for TypeValue<L, S, N> {
    const KIND: Kind = Kind::TypeValue(&schema::TypeValue {
        levels: L::NAMES,
        nest: schema::Nest { schema: Link::through(S::schema), flag: true },
    });
    const NESTED: bool = true;
    type Ref<'a> = Leaves<'a, S, N>;
    fn read(payload: &[u8]) -> Option<Leaves<'_, S, N>> {
        Some(Leaves { raw: RawAttrs::new(payload), set: PhantomData })
    }
    fn put(value: Leaves<'_, S, N>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id | Attr::NESTED, value.raw.bytes())
    }
}

/// What a [`TypeValue`] holds: sets, each under `N` values.
pub struct Leaves<'a, S, const N: usize> {
    raw: RawAttrs<'a>,
    set: PhantomData<fn() -> S>,
}

impl<'a, S, const N: usize> Leaves<'a, S, N> {
    /// Tells `each` every leaf: the values on the way to it, and its attributes.
    pub fn each(self, mut each: impl FnMut([u16; N], Attrs<'a, S>)) {
        Self::descend(self.raw, &mut [0; N], 0, &mut each);
    }

    /// Whether the leaves are all there is: no level below the first is empty, and none has something behind its attributes.
    fn descend(
        raw: RawAttrs<'a>,
        ids: &mut [u16; N],
        level: usize,
        each: &mut dyn FnMut([u16; N], Attrs<'a, S>),
    ) -> bool {
        let mut all = level == 0 || !raw.bytes().is_empty();
        let mut walk = raw.into_iter();
        for attr in walk.by_ref() {
            let Some(id) = ids.get_mut(level) else { return false };
            *id = attr.id();
            match level.checked_add(1) {
                Some(next) if next < N => all &= Self::descend(attr.nested(), ids, next, each),
                _ => each(*ids, Attrs::new(attr.payload())),
            }
        }
        all && walk.remainder() == 0
    }
}

impl<S, const N: usize> Clone for Leaves<'_, S, N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S, const N: usize> Copy for Leaves<'_, S, N> {}
impl<S: AttributeSet, const N: usize> fmt::Debug for Leaves<'_, S, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_map();
        self.each(|ids, attrs| {
            list.entry(&ids, &attrs);
        });
        list.finish()
    }
}

#[cfg(feature = "alloc")]
impl<L: Levels, S: OwnedSet, const N: usize> Field for TypeValue<L, S, N> {
    type Stored = Vec<([u16; N], S)>;
    const NONE: Self::Stored = Vec::new();
    type Arg = Vec<([u16; N], S)>;
    fn set(stored: &mut Self::Stored, value: Self::Arg) {
        *stored = value;
    }
    #[inline]
    fn is_set(stored: &Self::Stored) -> bool {
        !stored.is_empty()
    }
    fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Taken {
        stored.clear();
        if path.is_too_deep() {
            return Taken::Not;
        }
        let all = Leaves::<'_, S, N>::descend(RawAttrs::new(payload), &mut [0; N], 0, &mut |ids, attrs| {
            let at = path.then(Step::Element(stored.len()));
            stored.push((ids, S::collect(attrs, &at, bad)));
        });
        Taken::of(true, !all)
    }
    #[inline]
    fn clear(stored: &mut Self::Stored) {
        clear_list(stored);
    }
    fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, _: &Beside) -> Result<(), Full> {
        fn level<S: OwnedSet>(ids: &[u16], set: &S, w: &mut Writer<'_>) -> Result<(), Full> {
            match ids.split_first() {
                Some((id, rest)) => w.nest_attr(id & Attr::ID_MASK | Attr::NESTED, |w| level(rest, set, w)),
                None => set.emit(w),
            }
        }
        if stored.is_empty() {
            return Ok(());
        }
        w.nest_attr(id | Attr::NESTED, |w| stored.iter().try_for_each(|(ids, set)| level(ids, set, w)))
    }
}
