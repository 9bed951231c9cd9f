//! How the values of attributes are read and written: one marker type for each kind of value.

mod address;
mod choice;
mod int;
#[cfg(feature = "alloc")]
mod kept;
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
pub use self::kept::{Taken, Unparsed, Why};
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use self::kept::{keep_tail, put_repeated, unusual};
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use self::owned::clear_list;
#[cfg(feature = "alloc")]
pub use self::owned::{Beside, Field, Owned, OwnedSet};
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

    use super::kept::partly;
    use super::{Hidden, Payload, Secret, Taken, Unparsed};
    use crate::attr::AttrIter;
    use crate::{AttributeSet, Attrs, Bad, Full, Mark, Path, RawAttrs, Schema, Writer};

    /// A kind of value that can be owned.
    pub trait Owned: Payload {
        /// The value, owned.
        type Owned: Clone + fmt::Debug + PartialEq;
        /// Whether something inside may be ill-formed on its own, which is told by its path.
        const DEEP: bool = false;
        /// Whether it mostly has four bytes on the wire.
        const WORD: bool = size_of::<Self::Owned>() == 4;
        /// Stores a value if that takes a few instructions and nothing else; false, and nothing changed, if not, if it is
        /// ill-formed or [told partly](Owned::is_partly).
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
        /// The same, with what else there is in the set: a selector to be sent first.
        #[inline]
        fn put_beside(value: &Self::Owned, w: &mut Writer<'_>, id: u16, _: &Beside) -> Result<(), Full> {
            Self::put_owned(value, w, id)
        }
        /// Whether well-formed bytes say more than the owned value does, so that they are to be kept.
        #[inline]
        fn is_partly(_payload: &[u8], _bad: &dyn Bad) -> bool {
            false
        }
        /// Whether the value is what these bytes are read as.
        fn reads_as(value: &Self::Owned, payload: &[u8]) -> bool {
            Self::own(payload, &Path::TOP, &mut ()).as_ref() == Some(value)
        }
    }

    /// What an attribute may look at when it is sent: the rest of its set.
    #[derive(Clone, Copy, Debug)]
    pub struct Beside {
        schema: &'static Schema,
        start: Mark,
    }

    impl Beside {
        /// A set whose attributes begin at `start`.
        #[inline]
        pub const fn new(schema: &'static Schema, start: Mark) -> Self {
            Self { schema, start }
        }

        /// What the set's attributes are.
        pub const fn schema(&self) -> &'static Schema {
            self.schema
        }

        /// Those that are written already.
        pub fn sent<'w>(&self, w: &'w Writer<'_>) -> RawAttrs<'w> {
            RawAttrs::new(w.since(self.start))
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
        /// Whether there is a value whose place a further attribute would take.
        fn is_set(stored: &Self::Stored) -> bool;
        /// Whether something inside may be ill-formed on its own, which is told by its path.
        const DEEP: bool = true;
        /// Whether it mostly has four bytes.
        const WORD: bool = false;
        /// The same of four bytes.
        #[inline(always)]
        fn take_word(_stored: &mut Self::Stored, _value: [u8; 4]) -> bool {
            false
        }
        /// Stores one attribute if that takes a few instructions and nothing else; false, and nothing changed, if not, if it is
        /// not told whole or if the field [is set](Field::is_set): then [`Field::take`] is asked.
        #[inline(always)]
        fn take_small(_stored: &mut Self::Stored, _payload: &[u8]) -> bool {
            false
        }
        /// Stores one attribute, in the place of what was there. The path is this attribute's, or that of the set if nothing
        /// inside needs one.
        fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Taken;
        /// Forgets what is stored.
        #[inline]
        fn clear(stored: &mut Self::Stored) {
            *stored = Self::Stored::default();
        }
        /// Writes what is stored as attributes of this id.
        fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, beside: &Beside) -> Result<(), Full>;
        /// Whether what is stored is what these bytes are read as.
        fn reads_as(stored: &Self::Stored, payload: &[u8]) -> bool {
            let mut read = Self::Stored::default();
            Self::take(&mut read, payload, &Path::TOP, &mut ()) != Taken::Not && read == *stored
        }
        /// The same as [`Field::emit`] where some of `unparsed` may be what this field was read from in part: it goes as it
        /// came, unless something inside may be ill-formed.
        fn emit_kept(
            stored: &Self::Stored,
            unparsed: &[Unparsed],
            w: &mut Writer<'_>,
            id: u16,
            beside: &Beside,
        ) -> Result<(), Full> {
            let mut kept = partly(unparsed, id).filter(|_| !Self::DEEP);
            match kept.find(|attr| Self::reads_as(stored, &attr.payload)) {
                Some(attr) => w.put_attr(attr.raw_type, &attr.payload),
                None => Self::emit(stored, w, id, beside),
            }
        }
    }

    impl<K: Owned> Field for K {
        type Stored = Option<K::Owned>;
        const NONE: Self::Stored = None;
        type Arg = K::Owned;
        const DEEP: bool = K::DEEP;
        fn set(stored: &mut Self::Stored, value: K::Owned) {
            *stored = Some(value);
        }
        #[inline]
        fn is_set(stored: &Self::Stored) -> bool {
            stored.is_some()
        }
        #[inline(always)]
        fn take_small(stored: &mut Self::Stored, payload: &[u8]) -> bool {
            stored.is_none() && K::own_small(stored, payload)
        }
        const WORD: bool = K::WORD;
        #[inline(always)]
        fn take_word(stored: &mut Self::Stored, value: [u8; 4]) -> bool {
            stored.is_none() && K::own_small(stored, &value)
        }
        #[inline]
        fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Taken {
            let taken = K::own_in(stored, payload, path, bad);
            Taken::of(taken, taken && K::is_partly(payload, bad))
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
        fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16, beside: &Beside) -> Result<(), Full> {
            match stored {
                Some(value) => K::put_beside(value, w, id, beside),
                None => Ok(()),
            }
        }
        fn reads_as(stored: &Self::Stored, payload: &[u8]) -> bool {
            stored.as_ref().is_some_and(|value| K::reads_as(value, payload))
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
        fn put_beside(value: &Self::Owned, w: &mut Writer<'_>, id: u16, beside: &Beside) -> Result<(), Full> {
            K::put_beside(&value.0, w, id, beside)
        }
        #[inline]
        fn is_partly(payload: &[u8], bad: &dyn Bad) -> bool {
            K::is_partly(payload, bad)
        }
        fn reads_as(value: &Self::Owned, payload: &[u8]) -> bool {
            K::reads_as(&value.0, payload)
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
        /// Stores these attributes, too. What no field tells is kept in the struct's `unparsed`, see [`Unparsed`].
        fn fill(&mut self, attrs: Attrs<'_, Self>, path: &Path<'_>, bad: &mut dyn Bad);
        /// Offers the attribute that is next on `walk` to its field, also if that is set if `again`.
        #[doc(hidden)]
        fn store(
            &mut self,
            walk: AttrIter<'_>,
            again: bool,
            attrs: Attrs<'_, Self>,
            path: &Path<'_>,
            bad: &mut dyn Bad,
        ) -> Taken;
        /// What no field tells.
        #[doc(hidden)]
        fn unparsed(&mut self) -> &mut Vec<Unparsed>;
        /// Stores the header in front of the attributes, where the set has one.
        #[doc(hidden)]
        fn store_header(&mut self, _header: &[u8]) {}
        /// Forgets all attributes; lists keep their memory.
        fn clear(&mut self);
        /// Writes all attributes, in the set's order, unknown ones last; what it was read from as it came, where that is
        /// [more](crate::Why) than the fields tell.
        fn emit(&self, w: &mut Writer<'_>) -> Result<(), Full>;
        /// Reads attributes; total, see [`Unparsed`].
        #[inline]
        fn collect(attrs: Attrs<'_, Self>, path: &Path<'_>, bad: &mut dyn Bad) -> Self {
            let mut set = Self::default();
            set.fill(attrs, path, bad);
            set
        }
    }
}
