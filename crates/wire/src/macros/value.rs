//! One line an entry of an enumeration, one line a member of a structure.

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
            #[inline]
            fn bits(self) -> u64 {
                self.0 as u64
            }
            #[inline]
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
            #[inline]
            fn read_some(bytes: &[u8]) -> Self {
                let mut rest = bytes;
                $(
                    $(let _ = $crate::schema::split(&mut rest, $pad);)?
                    let member = $crate::schema::split(&mut rest, <$ty as $crate::MemberType>::LEN);
                    let $field = <$ty as $crate::MemberType>::read(member).unwrap_or_default();
                )*
                Self { $($field),* }
            }
            #[inline]
            fn write(&self, w: &mut $crate::Writer<'_>) -> Result<(), $crate::Full> {
                // Of a known length, so that the members need no looks at the room; zeros are what no member writes.
                let mut bytes = [0; <Self as $crate::FixedHeader>::SIZE];
                let mut own = $crate::Writer::new(&mut bytes);
                $($(own.put_bytes(&[0; $pad])?;)? <$ty as $crate::MemberType>::write(&self.$field, &mut own)?;)*
                w.put_bytes(&bytes)
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
