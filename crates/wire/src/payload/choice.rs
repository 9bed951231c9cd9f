//! Sub-messages: values whose format another attribute selects.

use core::fmt;
use core::marker::PhantomData;

use super::Payload;
use crate::schema::{Kind, SubMessage};
use crate::{Attr, AttributeSet, Attrs, Full, Key, Scope, Writer};
#[cfg(feature = "alloc")]
use {
    super::{Beside, Owned},
    crate::{Bad, Path},
    alloc::{boxed::Box, vec::Vec},
};

/// The formats of a sub-message: an enum with a variant for each, and `Unknown` for what nobody knows.
///
/// [`sub_message!`](crate::sub_message) implements it.
pub trait Choice: 'static {
    /// The formats as data, and the attribute that selects.
    const INFO: &'static SubMessage;
    /// A value as read, borrowing from the message: an enum, too.
    type Ref<'a>: Clone + fmt::Debug;
    /// Reads a value in the format that `value` of the selector chooses; as unknown bytes without one.
    fn view<'a>(value: Option<&str>, payload: &'a [u8]) -> Self::Ref<'a>;
}

/// A value in one of the formats of `C`, chosen by the selector that `C` names.
///
/// Owned it is a boxed enum. If it is sent and the selector is unset, the variant's own value is sent in front of it; a
/// selector that is set is sent as it is.
#[doc(alias = "sub-message")]
pub struct Chosen<C>(PhantomData<C>);

/// A value that another attribute must explain: its bytes, until somebody says which format.
pub struct Lent<'a, C> {
    payload: &'a [u8],
    choice: PhantomData<fn() -> C>,
}

impl<'a, C: Choice> Lent<'a, C> {
    /// The value in the format that this value of the selector chooses.
    pub fn of(self, value: &str) -> C::Ref<'a> {
        C::view(Some(value), self.payload)
    }
}
impl<'a, C> Lent<'a, C> {
    /// A value of these bytes.
    pub const fn new(payload: &'a [u8]) -> Self {
        Self { payload, choice: PhantomData }
    }

    /// Its bytes.
    pub const fn bytes(self) -> &'a [u8] {
        self.payload
    }
}
impl<C> Clone for Lent<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<C> Copy for Lent<'_, C> {}
impl<C> PartialEq for Lent<'_, C> {
    fn eq(&self, other: &Self) -> bool {
        self.payload == other.payload
    }
}
impl<C> fmt::Debug for Lent<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: they may hold a key.
        write!(f, "Lent({} bytes)", self.payload.len())
    }
}

impl<'a, S: AttributeSet> Attrs<'a, S> {
    /// The value of the last attribute of this key, in the format that its selector in the same set chooses; `None` if
    /// there is no such attribute.
    ///
    /// Where the selector stands in a set further out, [`Attrs::get`] the value and say [`Lent::of`].
    pub fn chosen<C: Choice>(self, key: Key<S, Chosen<C>>) -> Option<C::Ref<'a>> {
        let payload = self.raw().last(key.id())?.payload();
        let format = Scope::top(S::SCHEMA, self.raw()).format(C::INFO);
        Some(C::view(format.map(|format| format.value), payload))
    }
}

impl<C: Choice> Payload for Chosen<C> {
    const KIND: Kind = Kind::SubMessage(C::INFO);
    const NESTED: bool = C::INFO.flag;
    const CHOOSES: bool = true;
    type Ref<'a> = Lent<'a, C>;
    #[inline]
    fn read(payload: &[u8]) -> Option<Lent<'_, C>> {
        Some(Lent::new(payload))
    }
    fn put(value: Lent<'_, C>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.put_attr(id | if C::INFO.flag { Attr::NESTED } else { 0 }, value.payload)
    }
}

/// Attributes among which a nest further in finds its selector; otherwise the value is a `K`.
pub struct Scoped<K>(PhantomData<K>);

impl<K: Payload> Payload for Scoped<K> {
    const KIND: Kind = K::KIND;
    const NESTED: bool = K::NESTED;
    const SECRET: bool = K::SECRET;
    const MULTI: bool = K::MULTI;
    const HINT: Option<crate::schema::Hint> = K::HINT;
    const CHOOSES: bool = true;
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
mod owned {
    use super::*;

    /// The formats of a sub-message, owned.
    ///
    /// [`sub_message!`](crate::sub_message) implements it.
    pub trait OwnedChoice: Choice + Clone + fmt::Debug + PartialEq {
        /// Reads and owns a value in the format that `value` of the selector chooses; `None` if it is ill-formed.
        fn own(value: Option<&str>, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Self>;
        /// Writes an attribute of this id and value.
        fn emit(&self, w: &mut Writer<'_>, id: u16) -> Result<(), Full>;
        /// The selector's value that chooses this variant; `None` of unknown bytes.
        fn selects(&self) -> Option<&'static str>;
        /// Whether bytes in the format that `value` of the selector chooses say more than the value that is owned.
        fn is_partly(value: Option<&str>, payload: &[u8], bad: &dyn Bad) -> bool;
    }

    impl<C: OwnedChoice> Owned for Chosen<C> {
        type Owned = Box<C>;
        const DEEP: bool = true;
        fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<Box<C>> {
            if path.is_too_deep() {
                return None;
            }
            let format = bad.format(C::INFO);
            C::own(format.map(|format| format.value), payload, path, bad).map(Box::new)
        }
        fn is_partly(payload: &[u8], bad: &dyn Bad) -> bool {
            C::is_partly(bad.format(C::INFO).map(|format| format.value), payload, bad)
        }
        fn put_owned(value: &Box<C>, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
            value.emit(w, id)
        }
        fn put_beside(value: &Box<C>, w: &mut Writer<'_>, id: u16, beside: &Beside) -> Result<(), Full> {
            w.whole(|w| {
                if let Some(selected) = value.selects() {
                    select(C::INFO, selected, w, beside)?;
                }
                value.emit(w, id)
            })
        }
    }

    /// Sends the selector's value, if this set has the selector and none was sent.
    fn select(message: &SubMessage, value: &'static str, w: &mut Writer<'_>, beside: &Beside) -> Result<(), Full> {
        let Some(info) = beside.schema().named(message.selector) else { return Ok(()) };
        if beside.sent(w).first(info.id).is_some() {
            return Ok(());
        }
        match info.kind {
            Kind::String => crate::Str::put(value, w, info.id),
            Kind::Enum(int, names) => match names.value(value) {
                Some(bits) => int.put(bits, w, info.id),
                None => Ok(()),
            },
            Kind::Int(int) => match value.parse::<u64>() {
                Ok(bits) => int.put(bits, w, info.id),
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    impl<K: Owned> Owned for Scoped<K> {
        type Owned = K::Owned;
        const DEEP: bool = K::DEEP;
        #[inline]
        fn own(payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> Option<K::Owned> {
            K::own(payload, path, bad)
        }
        #[inline]
        fn own_in(place: &mut Option<K::Owned>, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
            K::own_in(place, payload, path, bad)
        }
        #[inline]
        fn own_onto(list: &mut Vec<K::Owned>, payload: &[u8], path: &Path<'_>, bad: &mut dyn Bad) -> bool {
            K::own_onto(list, payload, path, bad)
        }
        #[inline]
        fn is_partly(payload: &[u8], bad: &dyn Bad) -> bool {
            K::is_partly(payload, bad)
        }
        fn put_owned(value: &K::Owned, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
            K::put_owned(value, w, id)
        }
    }
}
#[cfg(feature = "alloc")]
pub use owned::OwnedChoice;
