//! How the values of attributes are read and written: one marker type for each kind of value.

mod address;
mod choice;
mod int;
mod list;
mod nest;
mod plain;
#[cfg(feature = "alloc")]
mod rare;
mod records;
mod structs;
mod structure;
#[cfg(feature = "alloc")]
mod value;

use core::fmt;

pub use address::{Ip, SockAddr, Via};
#[cfg(feature = "alloc")]
pub use choice::OwnedChoice;
pub use choice::{Choice, Chosen, Lent, Scoped};
pub use int::{Be, Enumeration, Integer, Le, Named, NamedInt, Sint, Uint};
pub use list::{Element, Elements, Indexed, Leaves, Levels, Multi, TypeValue};
pub use nest::{BareNest, Boxed, Embedded, Headed, Nest};
pub use plain::{Bitfield32, Bitfield32Value, Bytes, Fixed, Flag, IntArray, Ints, NamedBitfield32, Pad, Str};
pub use records::{RawRecord, RawRecords, Records, Row, Rows};
pub use structs::{StructIter, Structs};
pub use structure::{Block, CStruct, Chars, Inner, MemberType};

#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use self::owned::clear_list;
#[cfg(feature = "alloc")]
pub use self::owned::{Beside, Field, Owned, OwnedSet, Unparsed};
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use self::rare::{Rare, Rest};
#[cfg(feature = "alloc")]
pub use self::value::IntoValue;

use crate::schema::{Hint, Kind};
use crate::{Full, Writer};

/// A kind of attribute value: how it is read from bytes and written to them.
///
/// Markers such as `u32`, [`Str`] or [`Nest<S>`](Nest) implement it; no value of a marker type is ever made. Reading is
/// total and borrows: `None` says that the bytes are ill-formed for this kind.
pub trait Payload: 'static {
    /// What a [`Schema`](crate::Schema) says of it.
    const KIND: Kind;
    /// Whether it is sent with the nested bit.
    const NESTED: bool = false;
    /// Whether it holds a secret.
    const SECRET: bool = false;
    /// Whether it may repeat.
    const MULTI: bool = false;
    /// How people write it, where the kind alone does not tell.
    const HINT: Option<Hint> = None;
    /// Whether the set must tell those within it what their selectors are; see [`Chosen`] and [`Scoped`].
    const CHOOSES: bool = false;
    /// A value as read, borrowing from the message.
    type Ref<'a>: Clone + fmt::Debug;
    /// Reads a value.
    fn read(payload: &[u8]) -> Option<Self::Ref<'_>>;
    /// Writes an attribute of this id and value.
    fn put(value: Self::Ref<'_>, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
}

/// A secret: the value is read and written as a `K`, and hidden wherever it would be printed.
pub struct Secret<K>(K);

impl<K: Payload> Payload for Secret<K> {
    const KIND: Kind = K::KIND;
    const NESTED: bool = K::NESTED;
    const SECRET: bool = true;
    const MULTI: bool = K::MULTI;
    const HINT: Option<Hint> = K::HINT;
    const CHOOSES: bool = K::CHOOSES;
    type Ref<'a> = Hidden<K::Ref<'a>>;
    #[inline]
    fn read(payload: &[u8]) -> Option<Self::Ref<'_>> {
        K::read(payload).map(Hidden)
    }
    fn put(value: Self::Ref<'_>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        K::put(value.0, w, id)
    }
}

/// A value whose `Debug` prints `(hidden)`.
///
/// ```
/// let key = netloom_wire::Hidden::from([7_u8; 32]);
/// assert_eq!(format!("{key:?}"), "(hidden)");
/// assert_eq!(key.0[0], 7);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Hidden<T>(
    /// The value.
    pub T,
);

impl<T> From<T> for Hidden<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}
impl<T> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::vec::Vec;
    use core::fmt;

    use super::{Hidden, Payload, Secret};
    use crate::{Attr, AttributeSet, Attrs, Bad, Full, Mark, Path, RawAttrs, Schema, Writer};

    /// A kind of value that can be owned.
    pub trait Owned: Payload {
        /// The value, owned.
        type Owned: Clone + fmt::Debug + PartialEq;
        /// Whether something inside may be ill-formed on its own, which is told by its path.
        const DEEP: bool = false;
        /// Whether it mostly has four bytes on the wire.
        const WORD: bool = size_of::<Self::Owned>() == 4;
        /// Stores a value if that takes a few instructions and nothing else; false, and nothing changed, if not or if it is
        /// ill-formed.
        #[inline(always)]
        fn own_small(_place: &mut Option<Self::Owned>, _payload: &[u8]) -> bool {
            false
        }
        /// Reads and owns a value; `path` is where it stands, `bad` is told of ill-formed attributes inside it.
        fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Self::Owned>;
        /// The same in a place; false, and nothing changed, if it is ill-formed.
        #[inline]
        fn own_in(place: &mut Option<Self::Owned>, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
            let Some(value) = Self::own(payload, path, bad) else { return false };
            *place = Some(value);
            true
        }
        /// The same at the end of a list; false, and nothing changed, if it is ill-formed.
        #[inline]
        fn own_onto(list: &mut Vec<Self::Owned>, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
            let Some(value) = Self::own(payload, path, bad) else { return false };
            list.push(value);
            true
        }
        /// Writes an attribute of this id from an owned value.
        fn put_owned(value: &Self::Owned, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
        /// The same, with what else there is in the set: a selector to be sent first, the end of a structure.
        #[inline]
        fn put_beside(value: &Self::Owned, w: &mut Writer<'_>, id: u16, _: &Beside<'_>) -> Result<(), Full> {
            Self::put_owned(value, w, id)
        }
        /// Whether values may be [longer](Owned::is_longer).
        const GROWS: bool = false;
        /// Whether the bytes are longer than the value tells, which is to be kept.
        #[inline]
        fn is_longer(_: &[u8]) -> bool {
            false
        }
    }

    /// What an attribute may look at when it is sent: the rest of its set.
    #[derive(Clone, Copy, Debug)]
    pub struct Beside<'s> {
        schema: &'static Schema,
        start: Mark,
        unparsed: &'s [Unparsed],
    }

    impl<'s> Beside<'s> {
        /// A set whose attributes begin at `start`, of which `unparsed` were kept.
        #[inline]
        pub const fn new(schema: &'static Schema, start: Mark, unparsed: &'s [Unparsed]) -> Self {
            Self { schema, start, unparsed }
        }

        /// What the set's attributes are.
        pub const fn schema(&self) -> &'static Schema {
            self.schema
        }

        /// Those that are written already.
        pub fn sent<'w>(&self, w: &'w Writer<'_>) -> RawAttrs<'w> {
            RawAttrs::new(w.since(self.start))
        }

        /// The values of this id that were longer than their structure.
        pub fn longer(&self, id: u16) -> impl Iterator<Item = &'s Unparsed> {
            self.unparsed.iter().filter(move |attr| attr.longer && attr.id() == id)
        }
    }

    /// How a struct stores the attributes of one id: an `Option`, a `Vec` where there may be several, a `bool` for a
    /// flag.
    pub trait Field: Payload {
        /// What the struct's field is.
        type Stored: Clone + fmt::Debug + Default + PartialEq;
        /// It where there is no such attribute: the default, as a constant.
        const NONE: Self::Stored;
        /// What the setter of the field takes.
        type Arg;
        /// Stores what a setter was given.
        fn set(stored: &mut Self::Stored, value: Self::Arg);
        /// Whether something inside may be ill-formed on its own, which is told by its path.
        const DEEP: bool = true;
        /// Whether it mostly has four bytes.
        const WORD: bool = false;
        /// The same of four bytes.
        #[inline(always)]
        fn take_word(_stored: &mut Self::Stored, _value: [u8; 4]) -> bool {
            false
        }
        /// Stores one attribute if that takes a few instructions and nothing else; false, and nothing changed, if not or if it
        /// is ill-formed: then [`Field::take`] is asked.
        #[inline(always)]
        fn take_small(_stored: &mut Self::Stored, _payload: &[u8]) -> bool {
            false
        }
        /// Stores one attribute; false if it is ill-formed. The path is this attribute's, or that of the set if nothing inside
        /// needs one.
        fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool;
        /// Forgets what is stored.
        #[inline]
        fn clear(stored: &mut Self::Stored) {
            *stored = Self::Stored::default();
        }
        /// Writes what is stored as attributes of this id.
        fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, beside: &Beside<'_>) -> Result<(), Full>;
        /// Keeps what was stored whole if the field does not tell all of it.
        #[inline]
        fn keep(_unparsed: &mut Vec<Unparsed>, _attr: Attr<'_>) {}
    }

    impl<K: Owned> Field for K {
        type Stored = Option<K::Owned>;
        const NONE: Self::Stored = None;
        type Arg = K::Owned;
        const DEEP: bool = K::DEEP;
        fn set(stored: &mut Self::Stored, value: K::Owned) {
            *stored = Some(value);
        }
        #[inline(always)]
        fn take_small(stored: &mut Self::Stored, payload: &[u8]) -> bool {
            K::own_small(stored, payload)
        }
        const WORD: bool = K::WORD;
        #[inline(always)]
        fn take_word(stored: &mut Self::Stored, value: [u8; 4]) -> bool {
            K::own_small(stored, &value)
        }
        #[inline]
        fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
            K::own_in(stored, payload, path, bad)
        }
        #[inline]
        fn clear(stored: &mut Self::Stored) {
            // What needs no drop is written without a look at it, what does is mostly not there.
            if !core::mem::needs_drop::<K::Owned>() {
                *stored = None;
            } else if stored.is_some() {
                drop_in(stored);
            }
        }
        #[inline]
        fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, beside: &Beside<'_>) -> Result<(), Full> {
            match stored {
                Some(value) => K::put_beside(value, w, id, beside),
                None => Ok(()),
            }
        }
        #[inline]
        fn keep(unparsed: &mut Vec<Unparsed>, attr: Attr<'_>) {
            if K::GROWS && (!unparsed.is_empty() || K::is_longer(attr.payload())) {
                Unparsed::grown(unparsed, attr, K::is_longer(attr.payload()));
            }
        }
    }

    impl<K: Owned> Owned for Secret<K> {
        type Owned = Hidden<K::Owned>;
        const DEEP: bool = K::DEEP;
        #[inline(always)]
        fn own_small(place: &mut Option<Self::Owned>, payload: &[u8]) -> bool {
            let mut value = None;
            let taken = K::own_small(&mut value, payload);
            if taken {
                *place = value.map(Hidden);
            }
            taken
        }
        #[inline]
        fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Self::Owned> {
            K::own(payload, path, bad).map(Hidden)
        }
        fn put_owned(value: &Self::Owned, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
            K::put_owned(&value.0, w, id)
        }
        fn put_beside(value: &Self::Owned, w: &mut Writer<'_>, id: u16, beside: &Beside<'_>) -> Result<(), Full> {
            K::put_beside(&value.0, w, id, beside)
        }
        const GROWS: bool = K::GROWS;
        #[inline]
        fn is_longer(payload: &[u8]) -> bool {
            K::is_longer(payload)
        }
    }

    /// A call of its own, for the sake of those around it that need none.
    #[inline(never)]
    fn drop_in<T>(place: &mut Option<T>) {
        *place = None;
    }

    /// Forgets what is in a list and keeps its memory; a call if there is something.
    #[inline]
    pub fn clear_list<T>(list: &mut Vec<T>) {
        #[inline(never)]
        fn clear<T>(list: &mut Vec<T>) {
            list.clear();
        }
        if !list.is_empty() {
            clear(list);
        }
    }

    /// The struct of a set: owns the attributes that a message brought or will bring.
    ///
    /// [`attribute_set!`](crate::attribute_set) implements it.
    pub trait OwnedSet: AttributeSet + Clone + fmt::Debug + Default + PartialEq {
        /// Stores these attributes, too.
        fn fill(&mut self, attrs: Attrs<'_, Self>, path: &Path<'_>, bad: &mut dyn Bad);
        /// Stores the header in front of the attributes, where the set has one.
        #[doc(hidden)]
        fn store_header(&mut self, _header: &[u8]) {}
        /// Forgets all attributes; lists keep their memory.
        fn clear(&mut self);
        /// Writes all attributes, in the set's order, unknown ones last.
        fn emit(&self, w: &mut Writer<'_>) -> Result<(), Full>;
        /// Reads attributes; total, see [`Unparsed`].
        #[inline]
        fn collect(attrs: Attrs<'_, Self>, path: &Path<'_>, bad: &mut dyn Bad) -> Self {
            let mut set = Self::default();
            set.fill(attrs, path, bad);
            set
        }
    }

    /// An attribute kept as it came: its id is unknown to the set, or its value is ill-formed, or longer than the structure
    /// that it is. Unknown ones are sent again when the struct is encoded, and so is the end of longer ones.
    #[derive(Clone, Default, PartialEq, Eq)]
    pub struct Unparsed {
        /// The type field, flag bits included.
        pub raw_type: u16,
        /// The value.
        pub payload: Vec<u8>,
        /// Whether the id is known and the value ill-formed.
        pub bad: bool,
        /// Whether the value is a structure that has grown: its start is read, all of it is here.
        pub longer: bool,
    }

    impl Unparsed {
        /// Keeps `attr`.
        pub fn new(attr: Attr<'_>, bad: bool) -> Self {
            Self { raw_type: attr.raw_type(), payload: attr.payload().to_vec(), bad, longer: false }
        }

        /// Keeps all of a structure if it is longer than what is read of it. The last one counts.
        #[cold]
        fn grown(unparsed: &mut Vec<Self>, attr: Attr<'_>, is_longer: bool) {
            unparsed.retain(|other| !other.longer || other.id() != attr.id());
            if is_longer {
                Self::keep_longer(unparsed, attr);
            }
        }

        /// Keeps all of `attr`, whose start is read: in front of the others and by id, wherever it stood.
        pub(crate) fn keep_longer(unparsed: &mut Vec<Self>, attr: Attr<'_>) {
            let at = unparsed.partition_point(|other| other.longer && other.id() <= attr.id());
            unparsed.insert(at, Self { longer: true, ..Self::new(attr, false) });
        }

        /// Its id.
        pub const fn id(&self) -> u16 {
            self.raw_type & Attr::ID_MASK
        }

        /// Whether nothing of it was understood.
        pub const fn is_unknown(&self) -> bool {
            !self.bad && !self.longer
        }
    }

    impl fmt::Debug for Unparsed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let word = match (self.bad, self.longer) {
                (true, _) => "bad",
                (false, true) => "longer",
                (false, false) => "unknown",
            };
            write!(f, "{word} attribute {} ({} bytes)", self.id(), self.payload.len())
        }
    }
}
