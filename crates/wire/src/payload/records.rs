//! Records: C structures one after the other, each followed by attributes.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;

use super::Payload;
use crate::schema::{self, Kind};
use crate::{AttributeSet, Attrs, FixedHeader, Full, Integer, Link, RawAttrs, Writer, align};
#[cfg(feature = "alloc")]
use {
    super::{Beside, Field, OwnedSet, Taken, clear_list},
    crate::{Bad, Message, Path, Step},
    alloc::vec::Vec,
};

/// Records one after the other: each the C structure `H`, then attributes of the set `S`. The first member of `H`, an
/// u16 of the machine's order, is the record's length with its attributes; it is filled in when the value is written.
#[doc(alias = "rtnexthop")]
#[doc(alias = "RTNH_NEXT")]
pub struct Records<H, S>(PhantomData<(H, S)>);

impl<H: FixedHeader, S: AttributeSet> Payload for Records<H, S> {
    const KIND: Kind = Kind::Records(&schema::Records { header: H::INFO, schema: Link::through(S::schema) });
    type Ref<'a> = Rows<'a, H, S>;
    #[inline]
    fn read(payload: &[u8]) -> Option<Rows<'_, H, S>> {
        let raw = RawRecords::new(payload, H::SIZE);
        let mut walk = raw.clone();
        walk.by_ref().for_each(drop);
        (walk.remainder() == 0).then_some(Rows { raw, kind: PhantomData })
    }
    fn put(value: Rows<'_, H, S>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id, value.raw.rest)
    }
}

/// The records of a [`Records`]: an iterator of [`Row`].
pub struct Rows<'a, H, S> {
    raw: RawRecords<'a>,
    kind: PhantomData<fn() -> (H, S)>,
}

/// One record of a [`Records`].
#[derive(Clone, Copy)]
pub struct Row<'a, H, S> {
    /// The structure.
    pub header: H,
    /// The attributes behind it.
    pub attrs: Attrs<'a, S>,
}

impl<'a, H: FixedHeader, S> Iterator for Rows<'a, H, S> {
    type Item = Row<'a, H, S>;
    #[inline]
    fn next(&mut self) -> Option<Row<'a, H, S>> {
        let record = self.raw.next()?;
        Some(Row { header: H::read_some(record.header), attrs: Attrs::new(record.attrs.bytes()) })
    }
}
impl<H, S> Clone for Rows<'_, H, S> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), kind: PhantomData }
    }
}
impl<H: FixedHeader, S: AttributeSet> fmt::Debug for Rows<'_, H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
impl<H: fmt::Debug, S: AttributeSet> fmt::Debug for Row<'_, H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("header", &self.header).field("attrs", &self.attrs).finish()
    }
}

/// The records in a value, without their meaning. The walk ends where a length is shorter than the structure or longer
/// than what is left.
#[derive(Clone, Debug)]
pub struct RawRecords<'a> {
    rest: &'a [u8],
    at: usize,
    size: usize,
}

/// One of [`RawRecords`].
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'a> {
    /// Where in the value it begins.
    pub offset: usize,
    /// The structure.
    pub header: &'a [u8],
    /// Where in the value its attributes begin.
    pub attrs_offset: usize,
    /// The attributes behind it.
    pub attrs: RawAttrs<'a>,
}

impl<'a> RawRecords<'a> {
    /// The records in `bytes`, whose structure has `size` bytes.
    pub const fn new(bytes: &'a [u8], size: usize) -> Self {
        Self { rest: bytes, at: 0, size }
    }

    /// Bytes behind the last whole record.
    pub const fn remainder(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for RawRecords<'a> {
    type Item = RawRecord<'a>;
    #[inline]
    fn next(&mut self) -> Option<RawRecord<'a>> {
        let len = usize::from(u16::read_ne(self.rest)?);
        // include/net/nexthop.h: rtnh_ok
        let record = self.rest.get(..len).filter(|_| len >= self.size.max(size_of::<u16>()))?;
        let offset = self.at;
        let found = RawRecord {
            offset,
            header: record.get(..self.size)?,
            attrs_offset: offset.saturating_add(align(self.size)),
            attrs: RawAttrs::new(record.get(align(self.size)..).unwrap_or_default()),
        };
        self.rest = self.rest.get(align(len)..).unwrap_or_default();
        self.at = offset.saturating_add(align(len));
        Some(found)
    }
}
impl FusedIterator for RawRecords<'_> {}

#[cfg(feature = "alloc")]
impl<H: FixedHeader, S: OwnedSet + Message<Header = H>> Field for Records<H, S> {
    type Stored = Vec<S>;
    const NONE: Self::Stored = Vec::new();
    type Arg = Vec<S>;
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
        let mut walk = RawRecords::new(payload, H::SIZE);
        for record in walk.by_ref() {
            let at = path.then(Step::Element(stored.len()));
            stored.push(S::default());
            if let Some(set) = stored.last_mut() {
                set.fill(Attrs::new(record.attrs.bytes()), &at, bad);
                set.store_header(record.header);
            }
        }
        Taken::of(walk.remainder() == 0, false)
    }
    #[inline]
    fn clear(stored: &mut Self::Stored) {
        clear_list(stored);
    }
    fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, _: &Beside) -> Result<(), Full> {
        if stored.is_empty() {
            return Ok(());
        }
        w.nest_attr(id, |w| {
            stored.iter().try_for_each(|set| {
                let start = w.position();
                set.encode(w)?;
                w.end_nest(start).map_err(|_| Full::TooLong { attr: id })
            })
        })
    }
}
