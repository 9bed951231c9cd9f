//! The macros that turn one line an attribute, entry or member into code.

/// Defines an attribute set: its struct, keys, borrowed enum, schema and codec, from one line an attribute.
///
/// A line is `id "spec-name" field Variant KEY: Marker;`, in the order in which the kernel emits the attributes, the
/// marker being a [`Payload`](crate::Payload). A hint in brackets behind the marker says how people write the value.
/// With a header type (`struct Name: Header | …`) the set is the body of messages that begin with it.
///
/// ```
/// use netloom_wire::{AttributeSet, Attrs, OwnedSet, Path, Str, Writer, attribute_set};
///
/// attribute_set! {
///     /// What DOC_EXMPL's messages hold.
///     pub struct Msg | MsgAttr, "msg" {
///         /// Text, NUL-terminated.
///         1 "msg" msg Msg MSG: Str;
///         /// Its index.
///         2 "index" index Index INDEX: u32;
///     }
/// }
///
/// let mut buf = [0; 64];
/// let mut w = Writer::new(&mut buf);
/// Msg::new().msg("hello").emit(&mut w)?;
/// let attrs: Attrs<Msg> = Attrs::new(w.written());
/// assert_eq!(attrs.get(Msg::MSG), Some("hello"));
/// assert!(matches!(attrs.into_iter().next(), Some(MsgAttr::Msg("hello"))));
/// assert_eq!(Msg::collect(attrs, &Path::TOP, &mut ()).msg.as_deref(), Some("hello"));
/// assert_eq!((Msg::UNSPEC, Msg::MAX), (0, 2));
/// # Ok::<(), netloom_wire::Full>(())
/// ```
#[macro_export]
macro_rules! attribute_set {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(: $header:ty)? | $attr:ident, $set:literal {
            $($(#[$doc:meta])* $id:literal $word:literal $field:ident $variant:ident $key:ident: $kind:ty $([$hint:ident])?;)*
        }
    ) => {
        $crate::__owned_set! {
            $(#[$meta])*
            $vis struct $name [$($header)?] { $($(#[$doc])* $id $word $field: $kind;)* }
        }

        #[allow(dead_code, unused_doc_comments, clippy::allow_attributes)]
        impl $name {
            $($(#[$doc])* pub const $key: $crate::Key<$name, $kind> = $crate::Key::new($id);)*
        }

        #[doc = concat!("One attribute of [`", stringify!($name), "`], borrowed from its message.")]
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        $vis enum $attr<'a> {
            $($(#[$doc])* $variant(<$kind as $crate::Payload>::Ref<'a>),)*
            /// An attribute that the set does not know.
            Unknown($crate::Attr<'a>),
            /// A known attribute whose value is ill-formed.
            Bad($crate::Attr<'a>),
        }

        impl $crate::AttributeSet for $name {
            const SCHEMA: &'static $crate::Schema = {
                static SCHEMA: $crate::Schema = $crate::Schema {
                    name: $set,
                    attrs: &[$($crate::schema::AttrInfo {
                        id: $id,
                        name: $word,
                        kind: <$kind as $crate::Payload>::KIND,
                        multi: <$kind as $crate::Payload>::MULTI,
                        secret: <$kind as $crate::Payload>::SECRET,
                        hint: $crate::__hint!($kind $(, $hint)?),
                    }),*],
                };
                &SCHEMA
            };
            const MAX: u16 = $crate::__max(&[$($id),*]);
            type Ref<'a> = $attr<'a>;
            #[inline]
            fn view(attr: $crate::Attr<'_>) -> $attr<'_> {
                match attr.id() {
                    $($id => match <$kind as $crate::Payload>::read(attr.payload()) {
                        Some(value) => $attr::$variant(value),
                        None => $attr::Bad(attr),
                    },)*
                    _ => $attr::Unknown(attr),
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __header {
    () => {
        ()
    };
    ($header:ty) => {
        $header
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __hint {
    ($kind:ty) => {
        <$kind as $crate::Payload>::HINT
    };
    ($kind:ty, $hint:ident) => {
        Some($crate::schema::Hint::$hint)
    };
}

/// The highest id; the macros' business.
#[doc(hidden)]
pub const fn __max(ids: &[u16]) -> u16 {
    let mut rest = ids;
    let mut max = 0;
    while let [id, more @ ..] = rest {
        if *id > max {
            max = *id;
        }
        rest = more;
    }
    max
}

/// Without `alloc` a set is a marker for its keys.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_set {
    ($(#[$meta:meta])* $vis:vis struct $name:ident [$($header:ty)?] { $($rest:tt)* }) => {
        $(#[$meta])*
        #[non_exhaustive]
        $vis enum $name {}
    };
}

#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __owned_set {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident [$($header:ty)?] {
            $($(#[$doc:meta])* $id:literal $word:literal $field:ident: $kind:ty;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                /// The family's header in front of the attributes.
                pub header: $header,
            )?
            $($(#[$doc])* pub $field: <$kind as $crate::Field>::Stored,)*
            /// Attributes kept as they came: unknown or ill-formed.
            pub unparsed: $crate::private::Vec<$crate::Unparsed>,
        }

        #[allow(clippy::should_implement_trait, clippy::allow_attributes)]
        impl $name {
            /// Nothing set.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                /// Sets the family's header.
                #[must_use]
                pub fn header(mut self, header: $header) -> Self {
                    self.header = header;
                    self
                }
            )?

            $($(#[$doc])* #[must_use]
            pub fn $field(mut self, value: impl $crate::IntoValue<<$kind as $crate::Field>::Arg>) -> Self {
                <$kind as $crate::Field>::set(&mut self.$field, $crate::IntoValue::into_value(value));
                self
            })*
        }

        impl $crate::OwnedSet for $name {
            #[inline]
            fn store(&mut self, attr: $crate::Attr<'_>, path: &$crate::Path<'_>, bad: &mut dyn $crate::Bad) {
                let known = match attr.id() {
                    $($id => {
                        let here = path.then($crate::Step::Name($word));
                        if <$kind as $crate::Field>::take(&mut self.$field, attr.payload(), &here, bad) {
                            return;
                        }
                        bad.bad(&here, attr);
                        true
                    })*
                    _ => false,
                };
                self.unparsed.push($crate::Unparsed::new(attr, known));
            }
            fn emit(&self, w: &mut $crate::Writer<'_>) -> Result<(), $crate::Full> {
                $(<$kind as $crate::Field>::emit(&self.$field, w, $id)?;)*
                for attr in self.unparsed.iter().filter(|attr| !attr.bad) {
                    w.put_attr(attr.raw_type, &attr.payload)?;
                }
                Ok(())
            }
        }

        impl $crate::Message for $name {
            type Header = $crate::__header!($($header)?);
            fn encode(&self, w: &mut $crate::Writer<'_>) -> Result<(), $crate::Full> {
                $(
                    <$header as $crate::FixedHeader>::write(&self.header, w)?;
                    w.pad()?;
                )?
                $crate::OwnedSet::emit(self, w)
            }
            fn decode(body: $crate::Body<'_, Self::Header>, bad: &mut dyn $crate::Bad) -> Self {
                let attrs = $crate::Attrs::new(body.attrs.bytes());
                let set = <Self as $crate::OwnedSet>::collect(attrs, &$crate::Path::TOP, bad);
                $(
                    let mut set = set;
                    let header: $header = body.header;
                    set.header = header;
                )?
                set
            }
        }
    };
}

/// Defines a newtype whose values have names: an enum's, or flags' (`flags` before the name), unknown values kept.
///
/// ```
/// use netloom_wire::{Enumeration, enumeration};
/// enumeration! {
///     /// What SET_DEVICE does to the peers there are.
///     pub struct DeviceFlags: flags u32, "wgdevice-flags" {
///         /// Removes all of them first.
///         REPLACE_PEERS = 1 "replace-peers";
///     }
/// }
/// assert_eq!(format!("{:?}", DeviceFlags(3)), "replace-peers|0x2");
/// assert!(DeviceFlags(3).contains(DeviceFlags::REPLACE_PEERS));
/// ```
#[macro_export]
macro_rules! enumeration {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: flags $int:ident, $word:literal { $($entries:tt)* }
    ) => {
        $crate::__enumeration! { $(#[$meta])* $vis struct $name: $int, $word, true { $($entries)* } }

        #[allow(dead_code, clippy::allow_attributes)]
        impl $name {
            /// Whether all bits of `other` are set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }
        }
        impl ::core::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $int:ident, $word:literal { $($entries:tt)* }
    ) => {
        $crate::__enumeration! { $(#[$meta])* $vis struct $name: $int, $word, false { $($entries)* } }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __enumeration {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident: $int:ident, $word:literal, $flags:literal {
            $($(#[$doc:meta])* $entry:ident = $value:literal $label:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $vis struct $name(
            /// The value on the wire.
            pub $int,
        );

        #[allow(dead_code, clippy::allow_attributes)]
        impl $name {
            $($(#[$doc])* pub const $entry: Self = Self($value);)*
        }

        impl $crate::Enumeration for $name {
            const INFO: &'static $crate::schema::EnumInfo = &$crate::schema::EnumInfo {
                name: $word,
                flags: $flags,
                entries: &[$(($value, $label)),*],
            };
            fn bits(self) -> u64 {
                self.0 as u64
            }
            fn from_bits(bits: u64) -> Self {
                Self(bits as $int)
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                <Self as $crate::Enumeration>::INFO.fmt_value(self.0 as u64, f)
            }
        }
    };
}

/// Defines a C structure of fixed layout: its struct and [`FixedHeader`](crate::FixedHeader).
///
/// Members are in order and without gaps; `_(n)` in front of one (or at the end) is n bytes of alignment.
///
/// ```
/// use netloom_wire::{FixedHeader, c_struct};
/// c_struct! {
///     /// In front of a link's attributes.
///     #[doc(alias = "ifinfomsg")]
///     pub struct Ifinfomsg, "ifinfomsg" {
///         /// Address family.
///         family: u8 = "ifi-family";
///         _(1)
///         /// Device type.
///         kind: u16 = "ifi-type";
///         /// Interface index.
///         index: i32 = "ifi-index";
///         /// Flags.
///         flags: u32 = "ifi-flags";
///         /// Which flags change.
///         change: u32 = "ifi-change";
///     }
/// }
/// assert_eq!(Ifinfomsg::SIZE, 16);
/// assert_eq!(Ifinfomsg::INFO.members[2].offset, 4);
/// ```
#[macro_export]
macro_rules! c_struct {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident, $word:literal {
            $($(_($pad:literal))? $(#[$doc:meta])* $field:ident: $ty:ty = $label:literal $([$hint:ident])?;)*
            $(; _($tail:literal))?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        $vis struct $name {
            $($(#[$doc])* pub $field: <$ty as $crate::MemberType>::Value,)*
        }

        impl $crate::FixedHeader for $name {
            const SIZE: usize = 0 $($(+ $pad)? + <$ty as $crate::MemberType>::LEN)* $(+ $tail)?;
            const INFO: &'static $crate::schema::StructInfo = &$crate::schema::StructInfo {
                name: $word,
                members: &$crate::schema::laid_out([$(
                    // The offset is the gap in front, until `laid_out` sums up.
                    $crate::schema::Member {
                        name: $label,
                        offset: 0 $(+ $pad)?,
                        len: <$ty as $crate::MemberType>::LEN,
                        kind: <$ty as $crate::MemberType>::KIND,
                        hint: $crate::__member_hint!($($hint)?),
                    }
                ),*]),
                size: Self::SIZE,
            };
            fn read_some(bytes: &[u8]) -> Self {
                let mut rest = bytes;
                $(
                    $(let _ = $crate::schema::split(&mut rest, $pad);)?
                    let member = $crate::schema::split(&mut rest, <$ty as $crate::MemberType>::LEN);
                    let $field = <$ty as $crate::MemberType>::read(member).unwrap_or_default();
                )*
                Self { $($field),* }
            }
            fn write(&self, w: &mut $crate::Writer<'_>) -> Result<(), $crate::Full> {
                w.whole(|w| {
                    $($(w.put_bytes(&[0; $pad])?;)? <$ty as $crate::MemberType>::write(&self.$field, w)?;)*
                    $(w.put_bytes(&[0; $tail])?;)?
                    Ok(())
                })
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __member_hint {
    () => {
        None
    };
    ($hint:ident) => {
        Some($crate::schema::Hint::$hint)
    };
}

/// Defines op markers: what can be done, dumped or notified, with numbers, types and policies.
///
/// `pub op Name: Family, "name" [FLAG | …] { do 1 (Request) -> 2 Reply, &POLICY, LEVEL; dump …; notify 3 Body, GROUP; }`,
/// each part where the op has it. `event 3 Body;` in place of `notify` is one whose group is not known. The flags are [`OpFlags`](crate::OpFlags)'; a `do` without a reply leaves
/// `-> 2 Reply` out; the level is one of [`Strictness`](crate::Strictness)', `STRICT` unless said. The op as data is
/// `Name::INFO`.
#[macro_export]
macro_rules! ops {
    ($(
        $(#[$meta:meta])*
        $vis:vis op $name:ident: $family:ty, $word:literal $([$($flag:ident)|+])? {
            $(do $do_id:literal ($asks:ty) $(-> $done_id:literal $answers:ty)?, $do_policy:expr $(, $do_level:ident)?;)?
            $(dump $dump_id:literal ($wants:ty) -> $object_id:literal $object:ty, $dump_policy:expr
                $(, $dump_level:ident)?;)?
            $(notify $event_id:literal $event:ty, $group:expr;)?
            $(event $told_id:literal $told:ty;)?
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $vis struct $name;

        #[allow(dead_code, clippy::allow_attributes)]
        impl $name {
            /// The op as data.
            pub const INFO: $crate::OpInfo = $crate::OpInfo {
                name: $word,
                flags: $crate::OpFlags::NONE$($(.union($crate::OpFlags::$flag))+)?,
                doit: $crate::__mode!($($do_id ($asks) ($($done_id $answers)?) $do_policy, $($do_level)?)?),
                dump: $crate::__mode!(
                    $($dump_id ($wants) ($object_id $object) $dump_policy, $($dump_level)?)?
                ),
                notify: $crate::__notify!($($event_id $event, $group)? $($told_id $told)?),
            };
        }

        impl $crate::Op for $name {
            type Family = $family;
            const NAME: &'static str = $word;
        }
        $crate::__messages! {
            $name
            $(do $do_id ($asks) ($($done_id $answers)?) $do_policy;)?
            $(dump $dump_id ($wants) $object_id ($object) $dump_policy;)?
            $(notify $event_id ($event) $group;)?
        }
    )*};
}

/// Without `alloc` there are no messages to own: an op is its numbers.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __messages {
    ($($op:tt)*) => {};
}

#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __messages {
    (
        $name:ident
        $(do $do_id:literal ($asks:ty) ($($done_id:literal $answers:ty)?) $do_policy:expr;)?
        $(dump $dump_id:literal ($wants:ty) $object_id:literal ($object:ty) $dump_policy:expr;)?
        $(notify $event_id:literal ($event:ty) $group:expr;)?
    ) => {
        $(impl $crate::Do for $name {
            type Request = $asks;
            type Reply = $crate::__reply!($($answers)?);
            const REQUEST: u16 = $do_id;
            const REPLY: Option<u16> = $crate::__reply_id!($($done_id)?);
            const POLICY: &'static $crate::Policy = $do_policy;
        })?
        $(impl $crate::Dump for $name {
            type Request = $wants;
            type Reply = $object;
            const REQUEST: u16 = $dump_id;
            const REPLY: u16 = $object_id;
            const POLICY: &'static $crate::Policy = $dump_policy;
        })?
        $(impl $crate::Notify for $name {
            type Body = $event;
            const GROUP: $crate::Group = $group;
            const ID: u16 = $event_id;
        })?
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __mode {
    () => {
        None
    };
    ($id:literal ($asks:ty) ($($reply_id:literal $answers:ty)?) $policy:expr, $($level:ident)?) => {
        Some($crate::ModeInfo {
            request: $id,
            reply: $crate::__reply_id!($($reply_id)?),
            asks: <$asks as $crate::AttributeSet>::SCHEMA,
            answers: <$crate::__reply!($($answers)?) as $crate::AttributeSet>::SCHEMA,
            policy: $policy,
            strictness: $crate::__level!($($level)?),
        })
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __notify {
    () => {
        None
    };
    ($id:literal $body:ty, $group:expr) => {
        Some($crate::NotifyInfo { id: $id, body: <$body as $crate::AttributeSet>::SCHEMA, group: Some($group) })
    };
    ($id:literal $body:ty) => {
        Some($crate::NotifyInfo { id: $id, body: <$body as $crate::AttributeSet>::SCHEMA, group: None })
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __level {
    () => {
        $crate::Strictness::STRICT
    };
    ($level:ident) => {
        $crate::Strictness::$level
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __reply {
    () => {
        ()
    };
    ($answers:ty) => {
        $answers
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __reply_id {
    () => {
        None
    };
    ($id:literal) => {
        Some($id)
    };
}
