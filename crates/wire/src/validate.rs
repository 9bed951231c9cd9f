//! Judging attributes by a policy.

use core::fmt;
use core::ops::BitOr;

use crate::attr::AttrIter;
use crate::policy::{Check, Kind};
use crate::{Attr, AttrPolicy, Errno, Link, Policy, RawAttrs};

/// How strictly attributes are judged: a set of rules.
///
/// Source: `include/net/netlink.h: enum netlink_validation`.
///
/// ```
/// use netloom_wire::Strictness;
/// assert_eq!(Strictness::TRAILING | Strictness::MAXTYPE, Strictness::DEPRECATED_STRICT);
/// assert!(Strictness::STRICT.contains(Strictness::NESTED));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Strictness(
    /// The rules, by the kernel's bits.
    pub u8,
);

impl Strictness {
    /// Bytes behind the last attribute are an error rather than a warning.
    #[doc(alias = "NL_VALIDATE_TRAILING")]
    pub const TRAILING: Self = Self(1);
    /// Ids beyond the policy are an error rather than ignored.
    #[doc(alias = "NL_VALIDATE_MAXTYPE")]
    pub const MAXTYPE: Self = Self(2);
    /// Ids that the policy does not describe are an error.
    #[doc(alias = "NL_VALIDATE_UNSPEC")]
    pub const UNSPEC: Self = Self(4);
    /// Lengths must be exact.
    #[doc(alias = "NL_VALIDATE_STRICT_ATTRS")]
    pub const STRICT_ATTRS: Self = Self(8);
    /// Nests must carry the nested bit, and only they.
    #[doc(alias = "NL_VALIDATE_NESTED")]
    pub const NESTED: Self = Self(0x10);
    /// No rule: what kernels did before 5.2.
    #[doc(alias = "NL_VALIDATE_LIBERAL")]
    pub const LIBERAL: Self = Self(0);
    /// Trailing bytes and unknown ids only.
    #[doc(alias = "NL_VALIDATE_DEPRECATED_STRICT")]
    pub const DEPRECATED_STRICT: Self = Self(3);
    /// All rules.
    #[doc(alias = "NL_VALIDATE_STRICT")]
    pub const STRICT: Self = Self(0x1f);

    /// Whether all rules of `other` are in force.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of rules together; `|` in constants.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Strictness {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

/// Why attributes are refused: what the kernel answers in errno and ext-ack.
#[derive(Clone, Copy, Debug)]
pub struct Reject {
    /// The errno.
    pub errno: Errno,
    /// The text, if any.
    pub message: Option<&'static str>,
    /// Where the attribute that is wrong begins, from the start of the bytes that were judged, however deep it stands;
    /// none if it is no single attribute's fault. [`Schema::path_at`](crate::Schema::path_at) names it.
    pub offset: Option<usize>,
    /// What the attribute should have been.
    pub policy: Option<&'static AttrPolicy>,
}

impl Reject {
    /// A refusal with this errno and text: what a [`Check::Function`] returns, whose caller fills in the offset.
    pub const fn new(errno: Errno, message: &'static str) -> Self {
        Self { message: Some(message), ..Self::bare(errno) }
    }

    /// A refusal with an errno alone.
    pub const fn bare(errno: Errno) -> Self {
        Self { errno, message: None, offset: None, policy: None }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.errno.name(), self.message) {
            (Some(name), Some(message)) => write!(f, "{name}: {message}")?,
            (None, Some(message)) => write!(f, "errno {}: {message}", self.errno.0)?,
            (_, None) => write!(f, "{}", self.errno)?,
        }
        match self.offset {
            Some(offset) => write!(f, " (attribute at byte {offset})"),
            None => Ok(()),
        }
    }
}
impl core::error::Error for Reject {}

/// Text on a success: something was accepted that a stricter level would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The text.
    pub message: &'static str,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl Policy {
    /// How many levels of nests are judged, the top one counted: what nests deeper is refused.
    // lib/nlattr.c: MAX_POLICY_RECURSION_DEPTH
    pub const MAX_DEPTH: u8 = 10;

    /// Judges attributes, nests included, as the kernel does before it calls a handler. The first fault ends it; the
    /// errno, the text and the offset are those that the kernel would answer with.
    ///
    /// Attributes may repeat, each is judged. Nothing is allocated. The stack in use is at most that of
    /// [`Policy::MAX_DEPTH`] levels, however deep policies and attributes nest: nothing is looked at beyond.
    ///
    /// ```
    /// use netloom_wire::{AttrPolicy, Errno, Policy, Strictness, Writer};
    /// static ASK: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32.range(1, 9)]);
    /// let mut buf = [0; 64];
    /// let mut w = Writer::new(&mut buf);
    /// w.put_attr(1, &7_u32.to_ne_bytes())?;
    /// w.put_attr(1, &10_u32.to_ne_bytes())?;
    /// let attrs = netloom_wire::RawAttrs::new(w.written());
    /// let no = ASK.validate(attrs, Strictness::STRICT).unwrap_err();
    /// assert_eq!((no.errno, no.message, no.offset), (Errno::ERANGE, Some("integer out of range"), Some(8)));
    /// # Ok::<(), netloom_wire::Full>(())
    /// ```
    #[doc(alias = "nlmsg_parse")]
    #[doc(alias = "nlmsg_validate")]
    #[doc(alias = "nla_validate")]
    #[doc(alias = "nla_parse")]
    pub fn validate(&self, attrs: RawAttrs<'_>, strictness: Strictness) -> Result<Option<Warning>, Reject> {
        let mut warning = None;
        match judge(self, attrs.bytes(), strictness, Place { start: 0, depth: 0 }, &mut warning) {
            Ok(()) => Ok(warning),
            // A text once set stays until another replaces it: a refusal without words speaks with the warning's.
            Err(no) => Err(Reject { message: no.message.or(warning.map(|warning| warning.message)), ..no }),
        }
    }
}

/// Where a run of attributes stands.
#[derive(Clone, Copy)]
struct Place {
    /// Offset of its first byte from the start of all that is judged.
    start: usize,
    /// Nests around it.
    depth: u8,
}

impl Place {
    /// The place of what an attribute at `offset` holds.
    fn inside(self, offset: usize) -> Self {
        Self { start: offset.saturating_add(Attr::HEADER_LEN), depth: self.depth.saturating_add(1) }
    }
}

/// Attributes with their offsets, and how many bytes are left over behind the last.
struct Walk<'a> {
    attrs: AttrIter<'a>,
    end: usize,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8], start: usize) -> Self {
        Self { attrs: RawAttrs::new(bytes).into_iter(), end: start.saturating_add(bytes.len()) }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (usize, Attr<'a>);
    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.end.saturating_sub(self.attrs.remainder());
        self.attrs.next().map(|attr| (offset, attr))
    }
}

const LEFTOVER: &str = "bytes leftover after parsing attributes";
const WRONG_LENGTH: &str = "invalid attribute length";
const GENERAL: &str = "Attribute failed policy validation";

// lib/nlattr.c: __nla_validate_parse
fn judge(
    policy: &Policy,
    bytes: &[u8],
    strictness: Strictness,
    place: Place,
    warning: &mut Option<Warning>,
) -> Result<(), Reject> {
    if place.depth >= Policy::MAX_DEPTH {
        return Err(Reject::new(Errno::EINVAL, "allowed policy recursion depth exceeded"));
    }
    let mut walk = Walk::new(bytes, place.start);
    for (offset, attr) in &mut walk {
        match policy.attr(attr.id()) {
            Some(entry) => {
                // lib/nlattr.c: validate_nla; what is strict from an id on is so inside of it, too.
                let strict = policy.strict_start != 0 && attr.id() >= policy.strict_start;
                let strictness = if strict { strictness | Strictness::STRICT } else { strictness };
                Subject { entry, attr, offset, strictness, place }.judge(warning)?;
            }
            None if strictness.contains(Strictness::MAXTYPE) => {
                return Err(Reject { offset: Some(offset), ..Reject::new(Errno::EINVAL, "Unknown attribute type") });
            }
            None => {}
        }
    }
    if walk.attrs.remainder() > 0 {
        if strictness.contains(Strictness::TRAILING) {
            return Err(Reject::new(Errno::EINVAL, LEFTOVER));
        }
        *warning = Some(Warning { message: LEFTOVER });
    }
    Ok(())
}

/// One attribute and what it is judged by.
#[derive(Clone, Copy)]
struct Subject<'a> {
    entry: &'static AttrPolicy,
    attr: Attr<'a>,
    offset: usize,
    strictness: Strictness,
    place: Place,
}

impl Subject<'_> {
    // lib/nlattr.c: validate_nla
    fn judge(self, warning: &mut Option<Warning>) -> Result<(), Reject> {
        let (kind, len) = (self.entry.kind, self.attr.payload().len());
        if let Some(exact) = kind.exact_len()
            && len != exact
            && self.strictness.contains(Strictness::STRICT_ATTRS)
        {
            return Err(self.no(Errno::EINVAL, WRONG_LENGTH));
        }
        if self.strictness.contains(Strictness::NESTED) {
            let nest = matches!(kind, Kind::Nest(_) | Kind::NestArray(_));
            if nest && !self.attr.is_nested() {
                return Err(self.no(Errno::EINVAL, "NLA_F_NESTED is missing"));
            }
            if !nest && !matches!(kind, Kind::Unspec) && self.attr.is_nested() {
                return Err(self.no(Errno::EINVAL, "NLA_F_NESTED not expected"));
            }
        }
        self.kind(warning)?;
        self.check()
    }

    /// The value by its kind.
    fn kind(self, warning: &mut Option<Warning>) -> Result<(), Reject> {
        let payload = self.attr.payload();
        let limit = usize::from(self.entry.len);
        let too_short_or_long = Err(self.no(Errno::ERANGE, GENERAL));
        match self.entry.kind {
            Kind::Reject(Some(text)) => Err(self.terse(Errno::EINVAL, text)),
            Kind::Reject(None) => Err(self.no(Errno::EINVAL, GENERAL)),
            Kind::Flag if !payload.is_empty() => too_short_or_long,
            Kind::Uint | Kind::Sint if !matches!(payload.len(), 4 | 8) => Err(self.no(Errno::EINVAL, WRONG_LENGTH)),
            Kind::Bitfield32(bits) => match *payload {
                [a, b, c, d, e, f, g, h] => {
                    let value = u32::from_ne_bytes([a, b, c, d]);
                    let selector = u32::from_ne_bytes([e, f, g, h]);
                    // lib/nlattr.c: validate_nla_bitfield32
                    let fits = bits != 0 && (value | selector) & !bits == 0 && value & !selector == 0;
                    if fits { Ok(()) } else { Err(self.no(Errno::EINVAL, GENERAL)) }
                }
                _ => too_short_or_long,
            },
            Kind::NulString if !self.has_nul() => Err(self.no(Errno::EINVAL, GENERAL)),
            Kind::String | Kind::NulString => {
                let Some((last, text)) = payload.split_last() else { return too_short_or_long };
                let text = if *last == 0 { text } else { payload };
                if limit != 0 && text.len() > limit { too_short_or_long } else { Ok(()) }
            }
            Kind::Binary if limit != 0 && payload.len() > limit => too_short_or_long,
            Kind::Nest(_) | Kind::NestArray(_) if matches!(payload.len(), 1..=3) => too_short_or_long,
            Kind::Nest(Some(link)) if !payload.is_empty() => self.nest(link, warning),
            Kind::NestArray(Some(link)) => self.array(link, warning),
            Kind::Unspec if self.strictness.contains(Strictness::UNSPEC) => {
                Err(self.terse(Errno::EINVAL, "Unsupported attribute"))
            }
            Kind::Unspec if payload.len() < limit => too_short_or_long,
            kind => {
                let least = kind.least_len().map(|natural| if limit != 0 { limit } else { natural });
                if least.is_some_and(|least| payload.len() < least) { too_short_or_long } else { Ok(()) }
            }
        }
    }

    /// Whether a NUL stands within the longest text that is accepted, or right behind it.
    fn has_nul(self) -> bool {
        let payload = self.attr.payload();
        let window = match usize::from(self.entry.len) {
            0 => payload.len(),
            limit => payload.len().min(limit.saturating_add(1)),
        };
        payload.iter().take(window).any(|byte| *byte == 0)
    }

    fn nest(self, link: Link<Policy>, warning: &mut Option<Warning>) -> Result<(), Reject> {
        let Some(policy) = link.table() else { return Ok(()) };
        judge(policy, self.attr.payload(), self.strictness, self.place.inside(self.offset), warning)
    }

    /// The elements' ids and nested bits do not matter here, nor do bytes behind the last.
    // lib/nlattr.c: nla_validate_array
    fn array(self, link: Link<Policy>, warning: &mut Option<Warning>) -> Result<(), Reject> {
        let Some(policy) = link.table() else { return Ok(()) };
        for (offset, element) in Walk::new(self.attr.payload(), self.offset.saturating_add(Attr::HEADER_LEN)) {
            match element.payload().len() {
                0 => {}
                1..=3 => {
                    // What the kernel describes here is the elements' entry 0.
                    return Err(Reject {
                        offset: Some(offset),
                        policy: policy.attrs.first(),
                        ..Reject::new(Errno::ERANGE, "Array element too short")
                    });
                }
                _ => judge(policy, element.payload(), self.strictness, self.place.inside(offset), warning)?,
            }
        }
        Ok(())
    }

    /// What is checked beyond the kind.
    // lib/nlattr.c: validate_nla, nla_validate_int_range, nla_validate_mask
    fn check(self) -> Result<(), Reject> {
        let kind = self.entry.kind;
        match self.entry.check {
            Check::None => Ok(()),
            Check::Range { min, max } => self.within(i128::from(min), i128::from(max)),
            Check::SignedRange { min, max } => self.within(i128::from(min), i128::from(max)),
            Check::Length { min, max } => self.within(i128::from(min), i128::from(max)),
            Check::WarnTooLong { min: _, max }
                if matches!(kind, Kind::Binary) && self.attr.payload().len() > usize::from(max) =>
            {
                // Too long is not measured against the least length.
                let strict = self.strictness.contains(Strictness::STRICT_ATTRS);
                if strict { Err(self.no(Errno::EINVAL, WRONG_LENGTH)) } else { Ok(()) }
            }
            Check::WarnTooLong { min, max } => self.within(i128::from(min), i128::from(max)),
            Check::Mask(bits) => match kind.integer(self.attr.payload()) {
                Some(value) if kind.has_mask() => {
                    let beyond = value & !i128::from(bits) != 0;
                    if beyond { Err(self.terse(Errno::EINVAL, "reserved bit set")) } else { Ok(()) }
                }
                _ => Err(Reject::bare(Errno::EINVAL)),
            },
            Check::OneOf(values) => match kind.integer(self.attr.payload()) {
                Some(value) if values.label(value as u64).is_some() => Ok(()),
                _ => Err(self.terse(Errno::EINVAL, "invalid enum value")),
            },
            Check::Function(function) => function(self.attr)
                .map_err(|no| Reject { offset: Some(self.offset.saturating_add(no.offset.unwrap_or(0))), ..no }),
        }
    }

    /// Integers by their value, bytes by their length. Other kinds have no range: that is the policy's fault, which the
    /// kernel answers without words.
    fn within(self, min: i128, max: i128) -> Result<(), Reject> {
        let payload = self.attr.payload();
        let (value, text) = match self.entry.kind {
            Kind::Binary => (Some(payload.len() as i128), "binary attribute size out of range"),
            kind => (kind.integer(payload), "integer out of range"),
        };
        match value {
            Some(value) if (min..=max).contains(&value) => Ok(()),
            Some(_) => Err(self.no(Errno::ERANGE, text)),
            None => Err(Reject::bare(Errno::EINVAL)),
        }
    }

    /// Refused, and told what it should have been.
    fn no(self, errno: Errno, text: &'static str) -> Reject {
        Reject { policy: Some(self.entry), ..self.terse(errno, text) }
    }

    /// Refused.
    fn terse(self, errno: Errno, text: &'static str) -> Reject {
        Reject { offset: Some(self.offset), ..Reject::new(errno, text) }
    }
}

impl Kind {
    /// The length that integers of fixed width have.
    // lib/nlattr.c: nla_attr_len
    fn exact_len(self) -> Option<usize> {
        match self {
            Self::Msecs => None,
            _ => self.least_len(),
        }
    }

    /// The least length where nothing else says it.
    // lib/nlattr.c: nla_attr_minlen
    fn least_len(self) -> Option<usize> {
        match self {
            Self::U8 | Self::S8 => Some(1),
            Self::U16 | Self::S16 | Self::Be16 => Some(2),
            Self::U32 | Self::S32 | Self::Be32 => Some(4),
            Self::U64 | Self::S64 | Self::Msecs => Some(8),
            _ => None,
        }
    }

    /// Whether a mask goes with it.
    fn has_mask(self) -> bool {
        use Kind::{Be16, Be32, U8, U16, U32, U64, Uint};
        matches!(self, U8 | U16 | U32 | U64 | Uint | Be16 | Be32)
    }

    /// The integer at the start of a value; `None` for kinds that are none. What a value lacks at the end (a policy's
    /// own least length may be short) counts as zeros.
    fn integer(self, payload: &[u8]) -> Option<i128> {
        Some(match self {
            Self::U8 => u8::from_ne_bytes(front(payload)).into(),
            Self::U16 => u16::from_ne_bytes(front(payload)).into(),
            Self::U32 => u32::from_ne_bytes(front(payload)).into(),
            Self::U64 | Self::Msecs => u64::from_ne_bytes(front(payload)).into(),
            Self::S8 => i8::from_ne_bytes(front(payload)).into(),
            Self::S16 => i16::from_ne_bytes(front(payload)).into(),
            Self::S32 => i32::from_ne_bytes(front(payload)).into(),
            Self::S64 => i64::from_ne_bytes(front(payload)).into(),
            Self::Be16 => u16::from_be_bytes(front(payload)).into(),
            Self::Be32 => u32::from_be_bytes(front(payload)).into(),
            Self::Uint if payload.len() == 4 => u32::from_ne_bytes(front(payload)).into(),
            Self::Uint => u64::from_ne_bytes(front(payload)).into(),
            Self::Sint if payload.len() == 4 => i32::from_ne_bytes(front(payload)).into(),
            Self::Sint => i64::from_ne_bytes(front(payload)).into(),
            _ => return None,
        })
    }
}

fn front<const N: usize>(payload: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, from) in bytes.iter_mut().zip(payload) {
        *byte = *from;
    }
    bytes
}
