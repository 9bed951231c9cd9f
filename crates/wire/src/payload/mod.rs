//! How the values of attributes are read and written: one marker type for each kind of value.

mod address;
mod int;
mod list;
mod nest;
mod plain;
mod records;
mod structure;
#[cfg(feature = "alloc")]
mod value;

use core::fmt;

pub use address::{Ip, SockAddr, Via};
pub use int::{Be, Enumeration, Integer, Named, Sint, Uint};
pub use list::{Element, Elements, Indexed, Leaves, Levels, Multi, TypeValue};
pub use nest::{BareNest, Boxed, Nest};
pub use plain::{Bitfield32, Bitfield32Value, Bytes, Fixed, Flag, IntArray, Ints, Pad, Str};
pub use records::{RawRecord, RawRecords, Records, Row, Rows};
pub use structure::{CStruct, MemberType};

#[cfg(feature = "alloc")]
pub use self::owned::{Field, Owned, OwnedSet, Unparsed};
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
    use crate::{Attr, AttributeSet, Attrs, Bad, Full, Path, Writer};

    /// A kind of value that can be owned.
    pub trait Owned: Payload {
        /// The value, owned.
        type Owned: Clone + fmt::Debug + PartialEq;
        /// Reads and owns a value; `path` is where it stands, `bad` is told of ill-formed attributes inside it.
        fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Self::Owned>;
        /// Writes an attribute of this id from an owned value.
        fn put_owned(value: &Self::Owned, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
    }

    /// How a struct stores the attributes of one id: an `Option`, a `Vec` where there may be several, a `bool` for a
    /// flag.
    pub trait Field: Payload {
        /// What the struct's field is.
        type Stored: Clone + fmt::Debug + Default + PartialEq;
        /// What the setter of the field takes.
        type Arg;
        /// Stores what a setter was given.
        fn set(stored: &mut Self::Stored, value: Self::Arg);
        /// Stores one attribute; false if it is ill-formed.
        fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool;
        /// Writes what is stored as attributes of this id.
        fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
    }

    impl<K: Owned> Field for K {
        type Stored = Option<K::Owned>;
        type Arg = K::Owned;
        fn set(stored: &mut Self::Stored, value: K::Owned) {
            *stored = Some(value);
        }
        #[inline]
        fn take(stored: &mut Self::Stored, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
            let Some(value) = K::own(payload, path, bad) else { return false };
            *stored = Some(value);
            true
        }
        #[inline]
        fn emit(stored: &Self::Stored, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
            match stored {
                Some(value) => K::put_owned(value, w, id),
                None => Ok(()),
            }
        }
    }

    impl<K: Owned> Owned for Secret<K> {
        type Owned = Hidden<K::Owned>;
        #[inline]
        fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Self::Owned> {
            K::own(payload, path, bad).map(Hidden)
        }
        fn put_owned(value: &Self::Owned, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
            K::put_owned(&value.0, w, id)
        }
    }

    /// The struct of a set: owns the attributes that a message brought or will bring.
    ///
    /// [`attribute_set!`](crate::attribute_set) implements it.
    pub trait OwnedSet: AttributeSet + Clone + fmt::Debug + Default + PartialEq {
        /// Stores one attribute.
        fn store(&mut self, attr: Attr<'_>, path: &Path<'_>, bad: &mut dyn Bad);
        /// Stores the header in front of the attributes, where the set has one.
        #[doc(hidden)]
        fn store_header(&mut self, _header: &[u8]) {}
        /// Writes all attributes, in the set's order, unknown ones last.
        fn emit(&self, w: &mut Writer<'_>) -> Result<(), Full>;
        /// Reads attributes; total, see [`Unparsed`].
        #[inline]
        fn collect(attrs: Attrs<'_, Self>, path: &Path<'_>, bad: &mut dyn Bad) -> Self {
            let mut set = Self::default();
            for attr in attrs.raw() {
                set.store(attr, path, bad);
            }
            set
        }
    }

    /// An attribute kept as it came: its id is unknown to the set, or its value is ill-formed. Unknown ones are sent
    /// again when the struct is encoded.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Unparsed {
        /// The type field, flag bits included.
        pub raw_type: u16,
        /// The value.
        pub payload: Vec<u8>,
        /// Whether the id is known and the value ill-formed.
        pub bad: bool,
    }

    impl Unparsed {
        /// Keeps `attr`.
        pub fn new(attr: Attr<'_>, bad: bool) -> Self {
            Self { raw_type: attr.raw_type(), payload: attr.payload().to_vec(), bad }
        }
    }

    impl fmt::Debug for Unparsed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let word = if self.bad { "bad" } else { "unknown" };
            write!(f, "{word} attribute {} ({} bytes)", self.raw_type & Attr::ID_MASK, self.payload.len())
        }
    }
}
