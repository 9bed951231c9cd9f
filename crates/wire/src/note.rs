//! What a policy says of one attribute, as attributes: nlctrl's `policy-attrs`, and ext-ack's NLMSGERR_ATTR_POLICY.

use core::fmt;

use crate::policy::{Check, Kind};
use crate::{AttrPolicy, Full, Policy, RawAttrs, Writer};

impl AttrPolicy {
    /// Whether there is anything to tell of it: kernels are silent on what is not accepted or not described, and on
    /// big-endian integers.
    pub const fn is_described(&self) -> bool {
        !matches!(self.kind, Kind::Unspec | Kind::Reject(_) | Kind::Be16 | Kind::Be32)
    }

    /// Writes what it accepts as attributes, without a nest around them; false, and nothing written, if there is nothing
    /// to tell. `index` says which number the policy of a nest has among the policies of the same answer; in an ext-ack
    /// none has one.
    ///
    /// ```
    /// use netloom_wire::{AttrPolicy, PolicyNote, RawAttrs, Writer};
    /// let mut buf = [0; 64];
    /// let mut w = Writer::new(&mut buf);
    /// assert!(AttrPolicy::NUL_STRING.max_len(15).describe(&mut w, &|_| None)?);
    /// let note = PolicyNote::read(RawAttrs::new(w.written())).unwrap();
    /// assert_eq!(note.to_string(), "NUL-terminated string, at most 15 bytes");
    /// # Ok::<(), netloom_wire::Full>(())
    /// ```
    // net/netlink/policy.c: __netlink_policy_dump_write_attr
    pub fn describe(&self, w: &mut Writer<'_>, index: &dyn Fn(&'static Policy) -> Option<u32>) -> Result<bool, Full> {
        w.whole(|w| self.tell(w, index))
    }

    fn tell(&self, w: &mut Writer<'_>, index: &dyn Fn(&'static Policy) -> Option<u32>) -> Result<bool, Full> {
        let code = match self.kind {
            Kind::Unspec | Kind::Reject(_) | Kind::Be16 | Kind::Be32 => return Ok(false),
            Kind::Flag => 1,
            Kind::U8 => self.unsigned(w, 2, u8::MAX.into())?,
            Kind::U16 => self.unsigned(w, 3, u16::MAX.into())?,
            Kind::U32 => self.unsigned(w, 4, u32::MAX.into())?,
            Kind::U64 => self.unsigned(w, 5, u64::MAX)?,
            Kind::Uint | Kind::Msecs => self.unsigned(w, 17, u64::MAX)?,
            Kind::S8 => self.signed(w, 6, i8::MIN.into(), i8::MAX.into())?,
            Kind::S16 => self.signed(w, 7, i16::MIN.into(), i16::MAX.into())?,
            Kind::S32 => self.signed(w, 8, i32::MIN.into(), i32::MAX.into())?,
            Kind::S64 => self.signed(w, 9, i64::MIN, i64::MAX)?,
            Kind::Sint => self.signed(w, 16, i64::MIN, i64::MAX)?,
            Kind::Binary => self.sized(w, 10)?,
            Kind::String => self.sized(w, 11)?,
            Kind::NulString => self.sized(w, 12)?,
            Kind::Nest(link) | Kind::NestArray(link) => {
                let policy = link.and_then(|link| link.table()).filter(|policy| policy.max_attr() != 0);
                if let Some(policy) = policy
                    && let Some(number) = index(policy)
                {
                    w.put_attr(PolicyNote::INDEX, &number.to_ne_bytes())?;
                    w.put_attr(PolicyNote::MAX_ATTR, &u32::from(policy.max_attr()).to_ne_bytes())?;
                }
                if matches!(self.kind, Kind::Nest(_)) { 13 } else { 14 }
            }
            Kind::Bitfield32(bits) => {
                w.put_attr(PolicyNote::BITS, &bits.to_ne_bytes())?;
                15
            }
        };
        w.put_attr(PolicyNote::TYPE, &u32::to_ne_bytes(code))?;
        Ok(true)
    }

    /// Limits are told whether or not the policy has any; a mask instead of them; nothing of a function.
    fn unsigned(&self, w: &mut Writer<'_>, code: u32, natural: u64) -> Result<u32, Full> {
        let (min, max) = match self.check {
            Check::Mask(bits) => {
                w.put_attr(PolicyNote::MASK, &bits.to_ne_bytes())?;
                return Ok(code);
            }
            Check::Function(_) | Check::OneOf(_) => return Ok(code),
            Check::Range { min, max } => (min, max),
            _ => (0, natural),
        };
        w.put_attr(PolicyNote::MIN_UNSIGNED, &min.to_ne_bytes())?;
        w.put_attr(PolicyNote::MAX_UNSIGNED, &max.to_ne_bytes())?;
        Ok(code)
    }

    fn signed(&self, w: &mut Writer<'_>, code: u32, least: i64, greatest: i64) -> Result<u32, Full> {
        let (min, max) = match self.check {
            Check::Function(_) | Check::OneOf(_) => return Ok(code),
            Check::SignedRange { min, max } => (min, max),
            _ => (least, greatest),
        };
        w.put_attr(PolicyNote::MIN_SIGNED, &min.to_ne_bytes())?;
        w.put_attr(PolicyNote::MAX_SIGNED, &max.to_ne_bytes())?;
        Ok(code)
    }

    /// Of lengths a kernel tells those that it checks from both sides; one that it checks from one side only
    /// (NLA_POLICY_MIN_LEN, NLA_POLICY_MAX_LEN) it does not tell.
    fn sized(&self, w: &mut Writer<'_>, code: u32) -> Result<u32, Full> {
        let (min, max) = match self.check {
            // Its limits are s16; one beyond that stands in a range that is pointed to (NLA_POLICY_FULL_RANGE).
            Check::Length { min, max } if min != 0 && max <= i16::MAX.cast_unsigned() => (min, max),
            Check::WarnTooLong { min, max } => (min, max),
            _ => (0, if self.len == 0 { u16::MAX } else { self.len }),
        };
        if min != 0 {
            w.put_attr(PolicyNote::MIN_LEN, &u32::from(min).to_ne_bytes())?;
        }
        if max != u16::MAX {
            w.put_attr(PolicyNote::MAX_LEN, &u32::from(max).to_ne_bytes())?;
        }
        Ok(code)
    }
}

/// What a kernel says that an attribute should be; its `Display` is for error messages: `u16, 1..=5`.
///
/// Source: `linux/netlink.h: enum netlink_policy_type_attr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyNote {
    /// The kind of its value, a number of `enum netlink_attribute_type`; [`PolicyNote::word`] names it.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_TYPE")]
    pub kind: u32,
    /// The least of a signed integer.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_MIN_VALUE_S")]
    pub min_signed: Option<i64>,
    /// The greatest of a signed integer.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_MAX_VALUE_S")]
    pub max_signed: Option<i64>,
    /// The least of an unsigned integer.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_MIN_VALUE_U")]
    pub min_unsigned: Option<u64>,
    /// The greatest of an unsigned integer.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_MAX_VALUE_U")]
    pub max_unsigned: Option<u64>,
    /// The least length of bytes or text.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_MIN_LENGTH")]
    pub min_len: Option<u32>,
    /// The greatest length of bytes or text, a NUL behind it not counted.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_MAX_LENGTH")]
    pub max_len: Option<u32>,
    /// The number of a nest's policy in the same answer of nlctrl.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_POLICY_IDX")]
    pub index: Option<u32>,
    /// The highest id that a nest's policy knows.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE")]
    pub max_attr: Option<u32>,
    /// The bits that a bitfield32 has.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_BITFIELD32_MASK")]
    pub bits: Option<u32>,
    /// The bits that an integer may have.
    #[doc(alias = "NL_POLICY_TYPE_ATTR_MASK")]
    pub mask: Option<u64>,
}

impl PolicyNote {
    const TYPE: u16 = 1;
    const MIN_SIGNED: u16 = 2;
    const MAX_SIGNED: u16 = 3;
    const MIN_UNSIGNED: u16 = 4;
    const MAX_UNSIGNED: u16 = 5;
    const MIN_LEN: u16 = 6;
    const MAX_LEN: u16 = 7;
    const INDEX: u16 = 8;
    const MAX_ATTR: u16 = 9;
    const BITS: u16 = 10;
    const MASK: u16 = 12;

    /// Reads a note, such as [`ExtAck::policy`](crate::ExtAck::policy); `None` if it does not tell a kind. Unknown
    /// attributes are skipped.
    pub fn read(attrs: RawAttrs<'_>) -> Option<Self> {
        let mut note = Self::default();
        let mut kind = None;
        for attr in attrs {
            match attr.id() {
                Self::TYPE => kind = attr.read::<u32>(),
                Self::MIN_SIGNED => note.min_signed = attr.read::<i64>(),
                Self::MAX_SIGNED => note.max_signed = attr.read::<i64>(),
                Self::MIN_UNSIGNED => note.min_unsigned = attr.read::<u64>(),
                Self::MAX_UNSIGNED => note.max_unsigned = attr.read::<u64>(),
                Self::MIN_LEN => note.min_len = attr.read::<u32>(),
                Self::MAX_LEN => note.max_len = attr.read::<u32>(),
                Self::INDEX => note.index = attr.read::<u32>(),
                Self::MAX_ATTR => note.max_attr = attr.read::<u32>(),
                Self::BITS => note.bits = attr.read::<u32>(),
                Self::MASK => note.mask = attr.read::<u64>(),
                _ => {}
            }
        }
        kind.map(|kind| Self { kind, ..note })
    }

    /// The kind's word; `None` for kinds of kernels to come.
    #[doc(alias = "netlink_attribute_type")]
    pub fn word(&self) -> Option<&'static str> {
        const WORDS: [&str; 17] = [
            "flag",
            "u8",
            "u16",
            "u32",
            "u64",
            "s8",
            "s16",
            "s32",
            "s64",
            "binary",
            "string",
            "NUL-terminated string",
            "nest",
            "array of nests",
            "bitfield32",
            "sint",
            "uint",
        ];
        WORDS.get(usize::try_from(self.kind.checked_sub(1)?).ok()?).copied()
    }

    /// The limits of an integer of this kind that are no limits.
    fn natural(&self) -> (i128, i128) {
        match self.kind {
            2 => (0, u8::MAX.into()),
            3 => (0, u16::MAX.into()),
            4 => (0, u32::MAX.into()),
            6 => (i8::MIN.into(), i8::MAX.into()),
            7 => (i16::MIN.into(), i16::MAX.into()),
            8 => (i32::MIN.into(), i32::MAX.into()),
            9 | 16 => (i64::MIN.into(), i64::MAX.into()),
            _ => (0, u64::MAX.into()),
        }
    }
}

impl fmt::Display for PolicyNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.word() {
            Some(word) => f.write_str(word)?,
            None => write!(f, "attribute of kind {}", self.kind)?,
        }
        let (least, greatest) = self.natural();
        let wide = |signed: Option<i64>, unsigned: Option<u64>| signed.map(i128::from).or(unsigned.map(i128::from));
        let min = wide(self.min_signed, self.min_unsigned).filter(|min| *min != least);
        let max = wide(self.max_signed, self.max_unsigned).filter(|max| *max != greatest);
        match (min, max) {
            (Some(min), Some(max)) => write!(f, ", {min}..={max}")?,
            (Some(min), None) => write!(f, ", at least {min}")?,
            (None, Some(max)) => write!(f, ", at most {max}")?,
            (None, None) => {}
        }
        match (self.min_len, self.max_len) {
            (Some(min), Some(max)) if min == max => write!(f, ", exactly {min} bytes")?,
            (Some(min), Some(max)) => write!(f, ", {min} to {max} bytes")?,
            (Some(min), None) => write!(f, ", at least {min} bytes")?,
            (None, Some(max)) => write!(f, ", at most {max} bytes")?,
            (None, None) => {}
        }
        if let Some(mask) = self.mask.or(self.bits.map(u64::from)) {
            write!(f, ", no bits but {mask:#x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attr, Reject};
    use std::string::ToString;
    use std::vec::Vec;

    static NOTHING: Policy = Policy::new(&[]);
    static INNER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U8, AttrPolicy::U8]);

    fn accept(_: Attr<'_>) -> Result<(), Reject> {
        Ok(())
    }

    #[test]
    fn every_kind_is_told_as_kernels_tell_it() {
        // policy; ids in order, with the length of the value; what people read
        type Case = (AttrPolicy, &'static [(u16, usize)], &'static str);
        let cases: &[Case] = &[
            (AttrPolicy::FLAG, &[(1, 4)], "flag"),
            (AttrPolicy::U8, &[(4, 8), (5, 8), (1, 4)], "u8"),
            (AttrPolicy::U16.range(1, 5), &[(4, 8), (5, 8), (1, 4)], "u16, 1..=5"),
            (AttrPolicy::U32.range(7, u32::MAX.into()), &[(4, 8), (5, 8), (1, 4)], "u32, at least 7"),
            (AttrPolicy::U64.range(0, 7), &[(4, 8), (5, 8), (1, 4)], "u64, at most 7"),
            (AttrPolicy::U32.mask(3), &[(12, 8), (1, 4)], "u32, no bits but 0x3"),
            (AttrPolicy::U32.function(accept), &[(1, 4)], "u32"),
            (AttrPolicy::MSECS, &[(4, 8), (5, 8), (1, 4)], "uint"),
            (AttrPolicy::S16.signed_range(-2, 2), &[(2, 8), (3, 8), (1, 4)], "s16, -2..=2"),
            (AttrPolicy::SINT, &[(2, 8), (3, 8), (1, 4)], "sint"),
            (AttrPolicy::BINARY, &[(1, 4)], "binary"),
            (AttrPolicy::BINARY.max_len(32), &[(7, 4), (1, 4)], "binary, at most 32 bytes"),
            (AttrPolicy::BINARY.exact(32), &[(6, 4), (7, 4), (1, 4)], "binary, exactly 32 bytes"),
            (AttrPolicy::BINARY.length(4, 16), &[(6, 4), (7, 4), (1, 4)], "binary, 4 to 16 bytes"),
            (AttrPolicy::BINARY.at_least(16), &[(1, 4)], "binary"),
            (AttrPolicy::BINARY.length(4, 40_000), &[(1, 4)], "binary"),
            (AttrPolicy::BINARY.at_most(16), &[(1, 4)], "binary"),
            (AttrPolicy::STRING.max_len(4), &[(7, 4), (1, 4)], "string, at most 4 bytes"),
            (AttrPolicy::NEST, &[(1, 4)], "nest"),
            (AttrPolicy::nest(&INNER), &[(8, 4), (9, 4), (1, 4)], "nest"),
            (AttrPolicy::nest(&NOTHING), &[(1, 4)], "nest"),
            (AttrPolicy::nest_array(&INNER), &[(8, 4), (9, 4), (1, 4)], "array of nests"),
            (AttrPolicy::bitfield32(0xf0), &[(10, 4), (1, 4)], "bitfield32, no bits but 0xf0"),
        ];
        for (policy, ids, text) in cases {
            let mut buf = [0; 128];
            let mut w = Writer::new(&mut buf);
            assert!(policy.is_described() && policy.describe(&mut w, &|_| Some(6)).unwrap(), "{text}");
            let attrs = RawAttrs::new(w.written());
            assert_eq!(attrs.into_iter().map(|a| (a.id(), a.payload().len())).collect::<Vec<_>>(), *ids, "{policy:?}");
            let note = PolicyNote::read(attrs).unwrap();
            assert_eq!(note.to_string(), *text);
            assert_eq!(
                (note.index, note.max_attr),
                if ids.len() == 3 && ids[0].0 == 8 { (Some(6), Some(2)) } else { (None, None) }
            );
            // In an ext-ack no policy has a number.
            let mut w = Writer::new(&mut buf);
            policy.describe(&mut w, &|_| None).unwrap();
            assert!(RawAttrs::new(w.written()).first(8).is_none());
        }
    }

    #[test]
    fn kernels_are_silent_on_some() {
        for policy in [AttrPolicy::REJECT, AttrPolicy::reject("no"), AttrPolicy::BE16, AttrPolicy::BE32.range(0, 3)] {
            let mut w = Writer::new(&mut []);
            assert_eq!((policy.describe(&mut w, &|_| None), policy.is_described()), (Ok(false), false));
        }
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut buf = [0; 31];
        let mut w = Writer::new(&mut buf);
        assert_eq!((AttrPolicy::U8.describe(&mut w, &|_| None), w.len()), (Err(Full::Room), 0));
    }

    #[test]
    fn notes_of_other_kernels_are_read_too() {
        let mut buf = [0; 64];
        let mut w = Writer::new(&mut buf);
        w.put_attr(99, b"later").unwrap();
        assert_eq!(PolicyNote::read(RawAttrs::new(w.written())), None);
        w.put_attr(1, &77_u32.to_ne_bytes()).unwrap();
        assert_eq!(PolicyNote::read(RawAttrs::new(w.written())).unwrap().to_string(), "attribute of kind 77");
    }
}
