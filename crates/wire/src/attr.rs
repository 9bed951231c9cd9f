//! Walking and finding attributes.

use core::fmt;
use core::marker::PhantomData;

use crate::{AttrList, Payload, Schema, align};

/// One attribute as it lies in a message: a type and a value.
#[doc(alias = "nlattr")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Attr<'a> {
    raw: u16,
    payload: &'a [u8],
}

impl<'a> Attr<'a> {
    /// Bytes of an attribute's header: length and type, two each.
    #[doc(alias = "NLA_HDRLEN")]
    pub const HEADER_LEN: usize = 4;
    /// The bit of the type field that says: the value is attributes again.
    #[doc(alias = "NLA_F_NESTED")]
    pub const NESTED: u16 = 0x8000;
    /// The bit of the type field that says: the value is big-endian. Kernels mask it and never look.
    #[doc(alias = "NLA_F_NET_BYTEORDER")]
    pub const NET_BYTEORDER: u16 = 0x4000;
    /// The bits of the type field that are the attribute's id.
    #[doc(alias = "NLA_TYPE_MASK")]
    pub const ID_MASK: u16 = 0x3fff;
    /// The longest value: the length field has 16 bits and counts the header.
    pub const MAX_PAYLOAD: usize = u16::MAX as usize - Self::HEADER_LEN;

    /// An attribute of this type field and value.
    pub const fn new(raw: u16, payload: &'a [u8]) -> Self {
        Self { raw, payload }
    }

    /// The room that an attribute with `payload` bytes takes, padding included.
    #[doc(alias = "nla_attr_size")]
    #[doc(alias = "nla_total_size")]
    pub const fn space(payload: usize) -> usize {
        align(payload.saturating_add(Self::HEADER_LEN))
    }

    /// Its id: the type field without the two flag bits.
    #[doc(alias = "nla_type")]
    #[inline]
    pub const fn id(self) -> u16 {
        self.raw & Self::ID_MASK
    }

    /// The type field as it stands on the wire.
    pub const fn raw_type(self) -> u16 {
        self.raw
    }

    /// Whether the nested bit is set.
    pub const fn is_nested(self) -> bool {
        self.raw & Self::NESTED != 0
    }

    /// Its value, unpadded.
    #[doc(alias = "NLA_DATA")]
    #[doc(alias = "nla_data")]
    #[doc(alias = "nla_len")]
    #[inline]
    pub const fn payload(self) -> &'a [u8] {
        self.payload
    }

    /// Its value as attributes again.
    pub const fn nested(self) -> RawAttrs<'a> {
        RawAttrs::new(self.payload)
    }

    /// Its value read as a `K`; `None` if it is ill-formed for that.
    pub fn read<K: Payload>(self) -> Option<K::Ref<'a>> {
        K::read(self.payload)
    }
}

impl fmt::Debug for Attr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: they may be a key.
        write!(f, "Attr({}, {} bytes)", self.id(), self.payload.len())
    }
}

/// A run of attributes, whatever they mean.
///
/// ```
/// use netloom_wire::{RawAttrs, Writer};
/// let mut buf = [0; 64];
/// let mut w = Writer::new(&mut buf);
/// w.put_attr(1, b"lo\0")?;
/// w.put_attr(4, &[0xdc, 5, 0, 0])?;
/// let attrs = RawAttrs::new(w.written());
/// assert_eq!(attrs.first(1).unwrap().payload(), b"lo\0");
/// assert_eq!(attrs.into_iter().count(), 2);
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RawAttrs<'a> {
    bytes: &'a [u8],
}

impl<'a> RawAttrs<'a> {
    /// The attributes in `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes they lie in.
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// The first attribute of this id.
    #[doc(alias = "nla_find")]
    #[doc(alias = "nlmsg_find_attr")]
    #[inline]
    pub fn first(self, id: u16) -> Option<Attr<'a>> {
        self.into_iter().find(|attr| attr.id() == id)
    }

    /// The last attribute of this id: the one that counts when the kernel parses a set.
    #[inline]
    pub fn last(self, id: u16) -> Option<Attr<'a>> {
        // The same walk, but one that looks at headers only and keeps of what it finds how much was left there.
        let (mut rest, mut found) = (self.bytes, 0);
        while let Some(head) = rest.first_chunk::<4>() {
            // Read at once: the compiler takes bytes apart that are masked on their own.
            let word = u32::from_ne_bytes(*head);
            let (len, kind) = if cfg!(target_endian = "little") { (word, word >> 16) } else { (word >> 16, word) };
            let len = usize::from(len as u16);
            let next = rest.get(align(len)..);
            if len < Attr::HEADER_LEN || next.is_none() && len > rest.len() {
                break;
            }
            if kind as u16 & Attr::ID_MASK == id {
                found = rest.len();
            }
            let Some(next) = next else { break };
            rest = next;
        }
        AttrIter { rest: self.bytes.get(self.bytes.len().wrapping_sub(found)..)? }.next()
    }
}

impl<'a> IntoIterator for RawAttrs<'a> {
    type Item = Attr<'a>;
    type IntoIter = AttrIter<'a>;
    #[inline]
    fn into_iter(self) -> AttrIter<'a> {
        AttrIter { rest: self.bytes }
    }
}

impl fmt::Debug for RawAttrs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// Iterator over a run of attributes. It ends at the first bytes that are no attribute (too short, or a length below 4
/// or beyond the end): [`AttrIter::remainder`] says how many.
#[doc(alias = "nlmsg_for_each_attr")]
#[doc(alias = "nla_for_each_attr")]
#[doc(alias = "NLA_OK")]
#[doc(alias = "NLA_NEXT")]
#[derive(Clone, Debug)]
pub struct AttrIter<'a> {
    rest: &'a [u8],
}

impl<'a> AttrIter<'a> {
    /// Eight bytes as an attribute with a value of four, as most have: its id and value, the id beyond all ids if it is
    /// none or has a flag bit set. `None` if there are fewer.
    #[doc(hidden)]
    #[inline]
    pub fn next_word(&mut self) -> Option<(u32, [u8; 4])> {
        let (bytes, rest) = self.rest.split_first_chunk::<8>()?;
        let word = u64::from_ne_bytes(*bytes);
        // Length and id at once: the length is what must be 8, and where it is not the difference stands above the id.
        let (id, value) = if cfg!(target_endian = "little") {
            ((word as u32).wrapping_sub(8).rotate_right(16), (word >> 32) as u32)
        } else {
            (((word >> 32) as u32).wrapping_sub(8 << 16), word as u32)
        };
        self.rest = rest;
        Some((id, value.to_ne_bytes()))
    }

    /// The next attribute, as [`Iterator::next`] has it: its header is read at once, as what [`AttrIter::next_word`] has read
    /// is there already.
    #[doc(hidden)]
    #[inline]
    pub fn next_behind_word(&mut self) -> Option<Attr<'a>> {
        let word = u32::from_ne_bytes(*self.rest.first_chunk::<4>()?);
        let (len, raw) = if cfg!(target_endian = "little") { (word, word >> 16) } else { (word >> 16, word) };
        let len = usize::from(len as u16);
        let payload = self.rest.get(Attr::HEADER_LEN..len)?;
        // The last one's pad may be missing.
        self.rest = self.rest.get(align(len).min(self.rest.len())..)?;
        Some(Attr { raw: raw as u16, payload })
    }

    /// Bytes not walked yet; after the last item those left over. A missing pad of the last attribute does not count.
    pub const fn remainder(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for AttrIter<'a> {
    type Item = Attr<'a>;

    // lib/nlattr.c: nla_ok, nla_next
    #[inline]
    fn next(&mut self) -> Option<Attr<'a>> {
        let [l0, l1, t0, t1] = *self.rest.first_chunk::<4>()?;
        let len = u16::from_ne_bytes([l0, l1]) as usize;
        let payload = self.rest.get(Attr::HEADER_LEN..len)?;
        // The last one's pad may be missing.
        self.rest = self.rest.get(align(len).min(self.rest.len())..)?;
        Some(Attr { raw: u16::from_ne_bytes([t0, t1]), payload })
    }
}

/// A set of attributes: what they are called, and how one is read.
///
/// [`attribute_set!`](crate::attribute_set) implements it.
pub trait AttributeSet: 'static {
    /// Names, ids and kinds of the attributes.
    const SCHEMA: &'static Schema;
    /// [`AttributeSet::SCHEMA`], as a function that tables refer to.
    fn schema() -> &'static Schema {
        Self::SCHEMA
    }
    /// The first number of every set, for "unspecified"; an attribute of that name takes its place.
    #[doc(alias = "DOC_EXMPL_A_UNSPEC")]
    const UNSPEC: u16 = 0;
    /// The highest id of the set; an attribute of that name takes its place.
    #[doc(alias = "DOC_EXMPL_A_MAX")]
    const MAX: u16;
    /// One attribute, read or to be written: an enum with a variant for each attribute, `Unknown` and `Bad`.
    type Ref<'a>: fmt::Debug + AttrList<Self>;
    /// Reads one attribute.
    fn view(attr: Attr<'_>) -> Self::Ref<'_>;
}

/// The set without attributes.
impl AttributeSet for () {
    const SCHEMA: &'static Schema = &Schema::EMPTY;
    const MAX: u16 = 0;
    type Ref<'a> = Attr<'a>;
    fn view(attr: Attr<'_>) -> Attr<'_> {
        attr
    }
}

/// A run of attributes of the set `S`.
///
/// Three ways to read it: a loop (one pass, [`AttributeSet::Ref`] items, nothing allocated), [`Attrs::get`] for a few of
/// them, or the owned struct, which a [`Message`](crate::Message) decodes to.
pub struct Attrs<'a, S> {
    raw: RawAttrs<'a>,
    set: PhantomData<fn() -> S>,
}

impl<'a, S> Attrs<'a, S> {
    /// The attributes in `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { raw: RawAttrs::new(bytes), set: PhantomData }
    }

    /// The same without the set's meaning.
    pub const fn raw(self) -> RawAttrs<'a> {
        self.raw
    }

    /// The value of the last attribute of this key, as the kernel would take it; `None` if there is none, or it is
    /// ill-formed.
    #[inline]
    pub fn get<K: Payload>(self, key: Key<S, K>) -> Option<K::Ref<'a>> {
        K::read(self.raw.last(key.id)?.payload)
    }

    /// The value of the first attribute of this key.
    #[inline]
    pub fn first<K: Payload>(self, key: Key<S, K>) -> Option<K::Ref<'a>> {
        K::read(self.raw.first(key.id)?.payload)
    }

    /// The values of all attributes of this key, well-formed ones only.
    pub fn all<K: Payload>(self, key: Key<S, K>) -> impl Iterator<Item = K::Ref<'a>> {
        self.raw.into_iter().filter(move |attr| attr.id() == key.id).filter_map(|attr| K::read(attr.payload))
    }
}

impl<S> Clone for Attrs<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Attrs<'_, S> {}
impl<S> PartialEq for Attrs<'_, S> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<'a, S: AttributeSet> IntoIterator for Attrs<'a, S> {
    type Item = S::Ref<'a>;
    type IntoIter = Views<'a, S>;
    #[inline]
    fn into_iter(self) -> Views<'a, S> {
        Views { walk: self.raw.into_iter(), set: PhantomData }
    }
}

/// Iterator over a run of attributes, each read. It ends where an [`AttrIter`] does.
pub struct Views<'a, S> {
    walk: AttrIter<'a>,
    set: PhantomData<fn() -> S>,
}

impl<S> Views<'_, S> {
    /// Bytes not walked yet, as [`AttrIter::remainder`] has them.
    pub const fn remainder(&self) -> usize {
        self.walk.remainder()
    }
}

impl<'a, S: AttributeSet> Iterator for Views<'a, S> {
    type Item = S::Ref<'a>;

    // As one with the reading of a value and with who looks at it, which is mostly one of all those that it could be.
    #[inline(always)]
    fn next(&mut self) -> Option<S::Ref<'a>> {
        self.walk.next().map(S::view)
    }
}

impl<S> Clone for Views<'_, S> {
    fn clone(&self) -> Self {
        Self { walk: self.walk.clone(), set: PhantomData }
    }
}
impl<S: AttributeSet> fmt::Debug for Views<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<S: AttributeSet> fmt::Debug for Attrs<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// The name of an attribute in a set: its id, and what its value is read and written as.
pub struct Key<S, K> {
    id: u16,
    meaning: PhantomData<fn() -> (S, K)>,
}

impl<S, K> Key<S, K> {
    /// The key of the attribute with this id.
    pub const fn new(id: u16) -> Self {
        Self { id, meaning: PhantomData }
    }

    /// The attribute's id.
    pub const fn id(self) -> u16 {
        self.id
    }
}

impl<S, K> Clone for Key<S, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S, K> Copy for Key<S, K> {}
impl<S, K> fmt::Debug for Key<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}
impl<S, K> From<Key<S, K>> for u16 {
    fn from(key: Key<S, K>) -> u16 {
        key.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_is_total() {
        // bytes, ids walked, bytes left over
        let cases: [(&[u8], &[u16], usize); 12] = [
            (&[], &[], 0),
            (&[4, 0, 1], &[], 3),
            (&[4, 0, 1, 0], &[1], 0),
            (&[3, 0, 1, 0], &[], 4),
            (&[0, 0, 1, 0], &[], 4),
            (&[5, 0, 1, 0], &[], 4),
            (&[5, 0, 1, 0, 9], &[1], 0),
            (&[5, 0, 1, 0, 9, 0, 0, 0, 8, 0, 2, 0x80], &[1], 4),
            (&[8, 0, 1, 0x40, 1, 2, 3, 4, 8, 0, 2, 0, 5, 6, 7, 8, 8, 0, 1, 0, 9, 9, 9, 9], &[1, 2, 1], 0),
            (&[8, 0, 1, 0, 1, 2, 3, 4, 6, 0, 1, 0, 9, 9], &[1, 1], 0),
            (&[8, 0, 1, 0, 1, 2, 3, 4, 2, 0, 1, 0, 9, 9, 9, 9], &[1], 8),
            (&[8, 0, 1, 0, 1, 2, 3, 4, 8, 0, 1, 0, 9, 9, 9], &[1], 7),
        ];
        if cfg!(target_endian = "big") {
            return; // the cases are written little-endian
        }
        for (bytes, ids, rest) in cases {
            let mut walk = RawAttrs::new(bytes).into_iter();
            assert!(walk.by_ref().map(Attr::id).eq(ids.iter().copied()), "{bytes:?}");
            assert_eq!(walk.remainder(), rest, "{bytes:?}");
            // The shorter walks see the same.
            let all = || RawAttrs::new(bytes).into_iter();
            for id in 0..3 {
                assert_eq!(RawAttrs::new(bytes).last(id), all().filter(|attr| attr.id() == id).last(), "{bytes:?}");
            }
            let mut walk = all();
            for attr in all() {
                let word = walk.clone().next_word().filter(|(id, _)| *id <= u32::from(u16::MAX));
                let value = attr.payload().try_into().ok();
                assert_eq!(walk.clone().next_behind_word(), Some(attr), "{bytes:?}");
                assert_eq!(word, value.map(|value| (attr.raw_type().into(), value)), "{bytes:?}");
                walk.next();
            }
            assert!(walk.next_word().is_none_or(|(id, _)| id > u32::from(u16::MAX)), "{bytes:?}");
        }
    }
}
