//! What an op accepts of each attribute, as data.

use crate::schema::EnumInfo;
use crate::{Attr, Link, Reject};

/// What one op, in one mode, accepts: an entry for each attribute id from 0 on; ids beyond are unknown.
///
/// ```
/// use netloom_wire::{AttrPolicy, Policy};
/// static MSG: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::NUL_STRING.max_len(255)]);
/// assert_eq!(MSG.max_attr(), 1);
/// ```
#[doc(alias = "nla_policy")]
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The entries, by id.
    pub attrs: &'static [AttrPolicy],
    /// Attributes from this id on are judged strictly at any level; 0 for none.
    #[doc(alias = "strict_start_type")]
    pub strict_start: u16,
}

/// One table wherever it is named: who compares policies compares addresses.
static NOTHING: Policy = Policy { attrs: &[AttrPolicy::of(Kind::Reject(None)); 2], strict_start: 0 };

impl Policy {
    /// Accepts no attribute at all: what stands where an op has no policy. It knows id 1, and refuses that in other words
    /// than what it does not know.
    // net/netlink/genetlink.c: genl_policy_reject_all
    pub const REJECT_ALL: &'static Policy = &NOTHING;

    /// A policy of these entries.
    pub const fn new(attrs: &'static [AttrPolicy]) -> Self {
        Self { attrs, strict_start: 0 }
    }

    /// The highest id that it knows.
    #[doc(alias = "maxattr")]
    pub const fn max_attr(&self) -> u16 {
        self.attrs.len().saturating_sub(1) as u16
    }

    /// Whether it is [`Policy::REJECT_ALL`], or a table without entries, which says the same.
    pub const fn is_reject_all(&self) -> bool {
        matches!(self.attrs, [] | [_] | [_, AttrPolicy { kind: Kind::Reject(None), .. }])
    }

    /// The entry of this id; `None` for id 0 and unknown ones.
    #[inline]
    pub fn attr(&self, id: u16) -> Option<&'static AttrPolicy> {
        if id == 0 { None } else { self.attrs.get(usize::from(id)) }
    }
}

/// What is accepted of one attribute.
#[derive(Clone, Copy, Debug)]
pub struct AttrPolicy {
    /// The kind of its value.
    pub kind: Kind,
    /// String and binary: the longest value, the NUL of a string not counted; 0 for any. Integers: if not 0, the least
    /// length at the liberal level.
    pub len: u16,
    /// What else is checked.
    pub check: Check,
}

/// The kinds of value that a policy tells apart.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Not described: refused at the strict level, otherwise taken if at least `len` bytes long.
    #[doc(alias = "NLA_UNSPEC")]
    Unspec,
    /// Never accepted, with this text if any.
    #[doc(alias = "NLA_REJECT")]
    Reject(Option<&'static str>),
    /// No value.
    #[doc(alias = "NLA_FLAG")]
    Flag,
    /// 8 bits, unsigned.
    #[doc(alias = "NLA_U8")]
    U8,
    /// 16 bits, unsigned.
    #[doc(alias = "NLA_U16")]
    U16,
    /// 32 bits, unsigned.
    #[doc(alias = "NLA_U32")]
    U32,
    /// 64 bits, unsigned.
    #[doc(alias = "NLA_U64")]
    U64,
    /// 8 bits, signed.
    #[doc(alias = "NLA_S8")]
    S8,
    /// 16 bits, signed.
    #[doc(alias = "NLA_S16")]
    S16,
    /// 32 bits, signed.
    #[doc(alias = "NLA_S32")]
    S32,
    /// 64 bits, signed.
    #[doc(alias = "NLA_S64")]
    S64,
    /// 16 bits, unsigned, big-endian.
    #[doc(alias = "NLA_BE16")]
    Be16,
    /// 32 bits, unsigned, big-endian.
    #[doc(alias = "NLA_BE32")]
    Be32,
    /// 4 or 8 bytes, unsigned.
    #[doc(alias = "NLA_UINT")]
    Uint,
    /// 4 or 8 bytes, signed.
    #[doc(alias = "NLA_SINT")]
    Sint,
    /// 64 bits of milliseconds.
    #[doc(alias = "NLA_MSECS")]
    Msecs,
    /// Text, a NUL behind it or not.
    #[doc(alias = "NLA_STRING")]
    String,
    /// Text with a NUL.
    #[doc(alias = "NLA_NUL_STRING")]
    NulString,
    /// Bytes.
    #[doc(alias = "NLA_BINARY")]
    Binary,
    /// Attributes, judged by a policy of their own if there is one.
    #[doc(alias = "NLA_NESTED")]
    Nest(Option<Link<Policy>>),
    /// An array of nests, each judged by that policy.
    #[doc(alias = "NLA_NESTED_ARRAY")]
    NestArray(Option<Link<Policy>>),
    /// Value and selector, of these bits only.
    #[doc(alias = "NLA_BITFIELD32")]
    Bitfield32(u32),
}

/// What is checked of a value beyond its kind.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Nothing.
    None,
    /// Unsigned integers: from `min` to `max`, both included.
    Range {
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// Signed integers: from `min` to `max`, both included.
    SignedRange {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// Binary: from `min` to `max` bytes long, both included.
    Length {
        /// The least.
        min: u16,
        /// The greatest.
        max: u16,
    },
    /// Binary: from `min` to `max` bytes long, and at the liberal level longer too.
    #[doc(alias = "NLA_VALIDATE_RANGE_WARN_TOO_LONG")]
    #[doc(alias = "NLA_POLICY_EXACT_LEN_WARN")]
    WarnTooLong {
        /// The least.
        min: u16,
        /// The greatest.
        max: u16,
    },
    /// Integers: no bit outside of this mask.
    #[doc(alias = "NLA_POLICY_MASK")]
    Mask(u64),
    /// Integers: one of these values. It is the function that the kernel's generator writes for an enum with gaps.
    OneOf(&'static EnumInfo),
    /// This function accepts it. A [`Reject`] that it returns gets the attribute's offset; an offset of its own counts
    /// from the attribute's header.
    #[doc(alias = "NLA_POLICY_VALIDATE_FN")]
    Function(fn(Attr<'_>) -> Result<(), Reject>),
}

macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident = $kind:expr;)*) => {
        impl AttrPolicy {
            $($(#[$doc])* pub const $name: Self = Self::of($kind);)*
        }
    };
}
plain! {
    /// Not accepted: an id that the op does not list.
    REJECT = Kind::Unspec;
    /// A flag.
    FLAG = Kind::Flag;
    /// An u8.
    U8 = Kind::U8;
    /// An u16.
    U16 = Kind::U16;
    /// An u32.
    U32 = Kind::U32;
    /// An u64.
    U64 = Kind::U64;
    /// An i8.
    S8 = Kind::S8;
    /// An i16.
    S16 = Kind::S16;
    /// An i32.
    S32 = Kind::S32;
    /// An i64.
    S64 = Kind::S64;
    /// A big-endian u16.
    BE16 = Kind::Be16;
    /// A big-endian u32.
    BE32 = Kind::Be32;
    /// An unsigned integer of 4 or 8 bytes.
    UINT = Kind::Uint;
    /// A signed integer of 4 or 8 bytes.
    SINT = Kind::Sint;
    /// Milliseconds.
    MSECS = Kind::Msecs;
    /// Text.
    STRING = Kind::String;
    /// Text with a NUL.
    NUL_STRING = Kind::NulString;
    /// Bytes.
    BINARY = Kind::Binary;
    /// Attributes that are not judged.
    NEST = Kind::Nest(None);
}

/// Defines policies: `NAME { id RULE, id RULE.check(…), id nest(&OTHER) }`, a rule being a constant or function of
/// [`AttrPolicy`]. Ids left out are refused. Policies may refer to each other in circles.
///
/// ```
/// use netloom_wire::policies;
/// policies! {
///     /// What set-device accepts.
///     SET_DEVICE { 2 NUL_STRING.max_len(15), 5 U32.mask(0x1), 8 nest_array(&PEER) }
///     PEER { 1 BINARY.exact(32) }
/// }
/// assert_eq!((SET_DEVICE.max_attr(), PEER.max_attr()), (8, 1));
/// ```
#[macro_export]
macro_rules! policies {
    ($(
        $(#[$meta:meta])*
        $vis:vis $name:ident {
            $($id:literal $rule:ident $(($($of:tt)*))? $(.$check:ident($($limit:tt)*))?),* $(,)?
        }
    )*) => {$(
        $(#[$meta])*
        $vis static $name: $crate::Policy = $crate::Policy::new(&$crate::AttrPolicy::table::<{
            $crate::__max(&[$($id),*]) as usize + 1
        }>(&[$(($id, $crate::AttrPolicy::$rule $(($($of)*))? $(.$check($($limit)*))?)),*]));
    )*};
}

impl AttrPolicy {
    /// A table of entries by id; ids left out are refused.
    ///
    /// # Panics
    ///
    /// An id is not below `N`: in a constant, an error of the compiler.
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "runs in the compiler")]
    pub const fn table<const N: usize>(entries: &[(u16, Self)]) -> [Self; N] {
        let mut table = [Self::REJECT; N];
        let mut i = 0;
        while i < entries.len() {
            table[entries[i].0 as usize] = entries[i].1;
            i += 1;
        }
        table
    }

    /// An entry of this kind and no further check.
    pub const fn of(kind: Kind) -> Self {
        Self { kind, len: 0, check: Check::None }
    }

    /// Attributes judged by `policy`.
    #[doc(alias = "NLA_POLICY_NESTED")]
    pub const fn nest(policy: &'static Policy) -> Self {
        Self::of(Kind::Nest(Some(Link::to(policy))))
    }

    /// An array of nests, each judged by `policy`.
    #[doc(alias = "NLA_POLICY_NESTED_ARRAY")]
    pub const fn nest_array(policy: &'static Policy) -> Self {
        Self::of(Kind::NestArray(Some(Link::to(policy))))
    }

    /// A bitfield of these bits.
    #[doc(alias = "NLA_POLICY_BITFIELD32")]
    pub const fn bitfield32(bits: u32) -> Self {
        Self::of(Kind::Bitfield32(bits))
    }

    /// Never accepted, with this text.
    pub const fn reject(text: &'static str) -> Self {
        Self::of(Kind::Reject(Some(text)))
    }

    /// Text or bytes of at most `len` bytes, a string's NUL not counted: what `.len` says in a kernel's table.
    pub const fn max_len(self, len: u16) -> Self {
        Self { len, ..self }
    }

    /// Bytes: exactly `len`.
    #[doc(alias = "NLA_POLICY_EXACT_LEN")]
    pub const fn exact(self, len: u16) -> Self {
        self.length(len, len)
    }

    /// Bytes: at most `len`, as a check: the refusal has another text than [`AttrPolicy::max_len`]'s, and nlctrl does
    /// not tell the limit.
    #[doc(alias = "NLA_POLICY_MAX_LEN")]
    pub const fn at_most(self, len: u16) -> Self {
        self.length(0, len)
    }

    /// Bytes: at least `len`.
    #[doc(alias = "NLA_POLICY_MIN_LEN")]
    pub const fn at_least(self, len: u16) -> Self {
        self.length(len, u16::MAX)
    }

    /// Bytes: from `min` to `max`.
    pub const fn length(self, min: u16, max: u16) -> Self {
        Self { check: Check::Length { min, max }, ..self }
    }

    /// Unsigned integers: from `min` to `max`.
    #[doc(alias = "NLA_POLICY_RANGE")]
    pub const fn range(self, min: u64, max: u64) -> Self {
        Self { check: Check::Range { min, max }, ..self }
    }

    /// Signed integers: from `min` to `max`.
    pub const fn signed_range(self, min: i64, max: i64) -> Self {
        Self { check: Check::SignedRange { min, max }, ..self }
    }

    /// Integers: one of these values.
    pub const fn one_of(self, values: &'static EnumInfo) -> Self {
        Self { check: Check::OneOf(values), ..self }
    }

    /// Integers: only bits of `bits`.
    #[doc(alias = "NLA_POLICY_MASK")]
    pub const fn mask(self, bits: u64) -> Self {
        Self { check: Check::Mask(bits), ..self }
    }

    /// Whatever else `function` accepts.
    pub const fn function(self, function: fn(Attr<'_>) -> Result<(), Reject>) -> Self {
        Self { check: Check::Function(function), ..self }
    }
}
