//! One line a format.

/// Defines the formats of a sub-message: an enum that owns a value, and one that borrows it.
///
/// A line is `"value" Variant: Marker;`: the selector's value, and the [`Payload`](crate::Payload) that it chooses. The
/// literal behind `by` is the selector's name; `nested` says that unknown values are sent with the nested bit.
///
/// ```
/// use netloom_wire::{Attrs, Chosen, Nest, OwnedSet, Path, Str, Writer, attribute_set, sub_message};
///
/// attribute_set! {
///     /// A tunnel.
///     pub struct Tunnel | TunnelAttr, "tunnel" {
///         /// Its number.
///         1 "id" id Id ID: u32;
///     }
/// }
/// sub_message! {
///     /// What only a link of this kind has.
///     pub enum LinkData | LinkDataRef, "data" by "kind" nested {
///         /// A tunnel.
///         "tunnel" Tunnel: Nest<Tunnel>;
///     }
/// }
/// attribute_set! {
///     /// What kind of link it is.
///     pub struct LinkInfo | LinkInfoAttr, "info" {
///         /// The kind.
///         1 "kind" kind Kind KIND: Str;
///         /// What only this kind has.
///         2 "data" data Data DATA: Chosen<LinkData>;
///     }
/// }
///
/// let mut buf = [0; 64];
/// let mut w = Writer::new(&mut buf);
/// LinkInfo::new().data(LinkData::Tunnel(Tunnel::new().id(42))).emit(&mut w)?; // sends the kind, too
/// let attrs: Attrs<LinkInfo> = Attrs::new(w.written());
/// assert_eq!(attrs.get(LinkInfo::KIND), Some("tunnel"));
/// assert!(matches!(attrs.chosen(LinkInfo::DATA), Some(LinkDataRef::Tunnel(t)) if t.get(Tunnel::ID) == Some(42)));
/// let owned = LinkInfo::collect(attrs, &Path::TOP, &mut ());
/// assert!(matches!(owned.data.as_deref(), Some(LinkData::Tunnel(t)) if t.id == Some(42)));
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[macro_export]
macro_rules! sub_message {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident | $borrowed:ident, $word:literal by $selector:literal $($nested:ident)? {
            $($(#[$doc:meta])* $value:literal $variant:ident: $kind:ty;)*
        }
    ) => {
        $crate::__owned_choice! {
            $(#[$meta])*
            $vis enum $name { $($(#[$doc])* $value $variant: $kind;)* }
        }

        #[doc = concat!("A [`", stringify!($name), "`], borrowed from its message.")]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        $vis enum $borrowed<'a> {
            $($(#[$doc])* $variant(<$kind as $crate::Payload>::Ref<'a>),)*
            /// In a format that is not known, or ill-formed for the one chosen.
            Unknown(&'a [u8]),
        }

        impl $crate::Choice for $name {
            const INFO: &'static $crate::schema::SubMessage = {
                static INFO: $crate::schema::SubMessage = $crate::schema::SubMessage {
                    name: $word,
                    selector: $selector,
                    formats: &[$($crate::schema::Format::of($value, <$kind as $crate::Payload>::KIND)),*],
                    flag: false $(|| $crate::__is_nested!($nested))?,
                };
                &INFO
            };
            type Ref<'a> = $borrowed<'a>;
            fn view<'a>(value: Option<&str>, payload: &'a [u8]) -> $borrowed<'a> {
                match value {
                    $(Some($value) => match <$kind as $crate::Payload>::read(payload) {
                        Some(value) => $borrowed::$variant(value),
                        None => $borrowed::Unknown(payload),
                    },)*
                    _ => $borrowed::Unknown(payload),
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __is_nested {
    (nested) => {
        true
    };
}

/// Without `alloc` a choice is a marker for its formats.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_choice {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($rest:tt)* }) => {
        $(#[$meta])*
        #[non_exhaustive]
        $vis enum $name {}
    };
}

#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_choice {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $($(#[$doc:meta])* $value:literal $variant:ident: $kind:ty;)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant, clippy::allow_attributes)]
        $vis enum $name {
            $($(#[$doc])* $variant(<$kind as $crate::Owned>::Owned),)*
            /// In a format that is not known: its bytes, which are sent as they are.
            Unknown($crate::private::Vec<u8>),
        }

        impl $crate::OwnedChoice for $name {
            fn own(
                value: Option<&str>,
                payload: &[u8],
                path: &$crate::Path<'_>,
                bad: &mut dyn $crate::Bad,
            ) -> Option<Self> {
                match value {
                    $(Some($value) => <$kind as $crate::Owned>::own(payload, path, bad).map(Self::$variant),)*
                    _ => Some(Self::Unknown(payload.to_vec())),
                }
            }
            fn emit(&self, w: &mut $crate::Writer<'_>, id: u16) -> Result<(), $crate::Full> {
                match self {
                    $(Self::$variant(value) => <$kind as $crate::Owned>::put_owned(value, w, id),)*
                    Self::Unknown(bytes) => {
                        let flag = if <Self as $crate::Choice>::INFO.flag { $crate::Attr::NESTED } else { 0 };
                        w.put_attr(id | flag, bytes)
                    }
                }
            }
            fn is_partly(value: Option<&str>, payload: &[u8], bad: &dyn $crate::Bad) -> bool {
                match value {
                    $(Some($value) => <$kind as $crate::Owned>::is_partly(payload, bad),)*
                    _ => false,
                }
            }
            fn selects(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant(_) => Some($value),)*
                    Self::Unknown(_) => None,
                }
            }
        }
    };
}
