//! What is wrong with a policy table, whatever it is asked to judge.

use core::fmt;

use crate::policy::{Check, Kind};
use crate::{AttrPolicy, Policy};

/// Why a policy makes no sense: it accepts nothing of an attribute that it describes, or checks what a value of that kind
/// does not have. Kernel sides refuse to register a family with such a policy.
///
/// ```
/// use netloom_wire::{AttrPolicy, Policy};
/// static WRONG: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U8.range(9, 1)]);
/// assert_eq!(WRONG.flaw().unwrap().to_string(), "attribute 1: the least, 9, is over the greatest, 1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The attribute's id; none if it is the whole table's fault.
    pub attr: Option<u16>,
    /// What is wrong.
    pub why: FlawKind,
}

/// What is wrong with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlawKind {
    /// More attributes than ids; the highest id that the table has.
    TooMany(usize),
    /// Limits that leave nothing between them.
    Crossed {
        /// The least.
        min: i128,
        /// The greatest.
        max: i128,
    },
    /// Limits that no value of that width reaches.
    OutOfReach {
        /// The least.
        min: i128,
        /// The greatest.
        max: i128,
    },
    /// A kind whose values are not what is checked; the check, in words.
    Unfit(&'static str),
    /// A list of values without any.
    NoValue,
    /// A nest whose policy was promised ([`Link::late`](crate::Link::late)) and never made.
    NoTable,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(id) = self.attr {
            write!(f, "attribute {id}: ")?;
        }
        match self.why {
            FlawKind::TooMany(most) => write!(f, "attribute ids end at 65535, the table's at {most}"),
            FlawKind::Crossed { min, max } => write!(f, "the least, {min}, is over the greatest, {max}"),
            FlawKind::OutOfReach { min, max } => write!(f, "no value of its kind lies in {min}..={max}"),
            FlawKind::Unfit(check) => write!(f, "a value of its kind has no {check} to check"),
            FlawKind::NoValue => f.write_str("it is to be one of no values"),
            FlawKind::NoTable => f.write_str("the policy of the nest was never made"),
        }
    }
}
impl core::error::Error for Flaw {}

impl Policy {
    /// The first thing that makes no sense in this table; the tables of its nests are not looked into.
    pub fn flaw(&self) -> Option<Flaw> {
        let most = self.attrs.len().saturating_sub(1);
        if most > usize::from(u16::MAX) {
            return Some(Flaw { attr: None, why: FlawKind::TooMany(most) });
        }
        // Whatever id 0 says is never asked.
        (0..=u16::MAX).zip(self.attrs).skip(1).find_map(|(id, entry)| Some(Flaw { attr: Some(id), why: entry.flaw()? }))
    }

    /// The policies that its nests lead to, by the id of the nest; one as often as nests lead to it.
    pub fn below(&self) -> impl Iterator<Item = (u16, &'static Policy)> {
        (0..=u16::MAX).zip(self.attrs).filter_map(|(id, entry)| Some((id, entry.kind.link()?.table()?)))
    }
}

impl AttrPolicy {
    fn flaw(&self) -> Option<FlawKind> {
        let kind = self.kind;
        if let Some(link) = kind.link()
            && link.table().is_none()
        {
            return Some(FlawKind::NoTable);
        }
        let unfit = |fits: bool, what| (!fits).then_some(FlawKind::Unfit(what));
        match self.check {
            Check::None => None,
            Check::Range { min, max } => {
                let natural = kind.unsigned_limit().map(|limit| (0, i128::from(limit)));
                between(min.into(), max.into(), natural, "unsigned number")
            }
            Check::SignedRange { min, max } => {
                let natural = kind.signed_limits().map(|(least, most)| (i128::from(least), i128::from(most)));
                between(min.into(), max.into(), natural, "signed number")
            }
            Check::Length { min, max } | Check::WarnTooLong { min, max } => {
                let limit = if self.len == 0 { u16::MAX } else { self.len };
                let natural = matches!(kind, Kind::Binary).then_some((0, i128::from(limit)));
                between(min.into(), max.into(), natural, "length in bytes")
            }
            Check::Mask(_) => unfit(kind.unsigned_limit().is_some() && !matches!(kind, Kind::Msecs), "bits"),
            Check::OneOf(values) if values.entries.is_empty() => Some(FlawKind::NoValue),
            Check::OneOf(_) => unfit(kind.unsigned_limit().is_some() || kind.signed_limits().is_some(), "number"),
            // In struct nla_policy the function stands in the same place as what these kinds say.
            Check::Function(_) => unfit(
                !matches!(kind, Kind::Nest(_) | Kind::NestArray(_) | Kind::Bitfield32(_) | Kind::Reject(_)),
                "place for a function",
            ),
        }
    }
}

fn between(min: i128, max: i128, natural: Option<(i128, i128)>, what: &'static str) -> Option<FlawKind> {
    match natural {
        None => Some(FlawKind::Unfit(what)),
        Some(_) if min > max => Some(FlawKind::Crossed { min, max }),
        Some((least, most)) if min > most || max < least => Some(FlawKind::OutOfReach { min, max }),
        Some(_) => None,
    }
}

impl Kind {
    /// Where a nest's policy is.
    fn link(self) -> Option<crate::Link<Policy>> {
        match self {
            Self::Nest(link) | Self::NestArray(link) => link,
            _ => None,
        }
    }

    /// The greatest number that an unsigned integer of this kind can be.
    fn unsigned_limit(self) -> Option<u64> {
        Some(match self {
            Self::U8 => u8::MAX.into(),
            Self::U16 | Self::Be16 => u16::MAX.into(),
            Self::U32 | Self::Be32 => u32::MAX.into(),
            Self::U64 | Self::Uint | Self::Msecs => u64::MAX,
            _ => return None,
        })
    }

    /// The least and the greatest number that a signed integer of this kind can be.
    fn signed_limits(self) -> Option<(i64, i64)> {
        Some(match self {
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::S64 | Self::Sint => (i64::MIN, i64::MAX),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::EnumInfo;
    use crate::{Attr, Reject};
    use std::boxed::Box;
    use std::string::ToString;
    use std::vec;
    use std::vec::Vec;

    static NONE: EnumInfo = EnumInfo { name: "none", flags: false, entries: &[] };
    static ONE: EnumInfo = EnumInfo { name: "one", flags: false, entries: &[(1, "one")] };

    fn accept(_: Attr<'_>) -> Result<(), Reject> {
        Ok(())
    }

    #[test]
    fn tables_without_sense_say_why() {
        let warn = |min, max| AttrPolicy { check: Check::WarnTooLong { min, max }, ..AttrPolicy::BINARY };
        let cases: &[(AttrPolicy, &str)] = &[
            (AttrPolicy::U8.range(9, 1), "the least, 9, is over the greatest, 1"),
            (AttrPolicy::U8.range(256, 300), "no value of its kind lies in 256..=300"),
            (AttrPolicy::S8.signed_range(2, -2), "the least, 2, is over the greatest, -2"),
            (
                AttrPolicy::S16.signed_range(i64::MIN, -40_000),
                "no value of its kind lies in -9223372036854775808..=-40000",
            ),
            (AttrPolicy::S8.range(0, 1), "a value of its kind has no unsigned number to check"),
            (AttrPolicy::U8.signed_range(0, 1), "a value of its kind has no signed number to check"),
            (AttrPolicy::STRING.range(0, 1), "a value of its kind has no unsigned number to check"),
            (AttrPolicy::FLAG.range(0, 1), "a value of its kind has no unsigned number to check"),
            (AttrPolicy::NUL_STRING.length(1, 2), "a value of its kind has no length in bytes to check"),
            (AttrPolicy::BINARY.length(5, 4), "the least, 5, is over the greatest, 4"),
            (AttrPolicy::BINARY.at_least(5).max_len(4), "no value of its kind lies in 5..=65535"),
            (warn(5, 4), "the least, 5, is over the greatest, 4"),
            (AttrPolicy::STRING.mask(1), "a value of its kind has no bits to check"),
            (AttrPolicy::S32.mask(1), "a value of its kind has no bits to check"),
            (AttrPolicy::MSECS.mask(1), "a value of its kind has no bits to check"),
            (AttrPolicy::U32.one_of(&NONE), "it is to be one of no values"),
            (AttrPolicy::BINARY.one_of(&ONE), "a value of its kind has no number to check"),
            (AttrPolicy::NEST.function(accept), "a value of its kind has no place for a function to check"),
        ];
        for (entry, why) in cases {
            let table = Policy::new(Box::leak(Box::new([AttrPolicy::REJECT, AttrPolicy::U8, *entry])));
            let flaw = table.flaw().unwrap_or_else(|| panic!("{entry:?}"));
            assert_eq!((flaw.attr, flaw.to_string()), (Some(2), std::format!("attribute 2: {why}")));
        }
    }

    #[test]
    fn what_is_odd_but_can_be_accepted_stands() {
        let entries = [
            AttrPolicy::U8.range(9, 1), // id 0 is never asked
            AttrPolicy::U8.range(1, 300),
            AttrPolicy::S8.signed_range(-300, 0),
            AttrPolicy::U64.max_len(2),
            AttrPolicy::BE32.mask(1),
            AttrPolicy::UINT.mask(0),
            AttrPolicy::SINT.one_of(&ONE),
            AttrPolicy::BINARY.length(0, 0),
            AttrPolicy::STRING.function(accept),
            AttrPolicy::MSECS.range(0, 0),
            AttrPolicy::NEST,
            AttrPolicy::bitfield32(0),
            AttrPolicy::of(Kind::NestArray(None)),
            AttrPolicy::nest(Policy::REJECT_ALL),
        ];
        let table = Policy { attrs: Box::leak(Box::new(entries)), strict_start: 900 };
        assert_eq!(table.flaw(), None);
        assert_eq!(table.below().map(|(id, _)| id).collect::<Vec<_>>(), [13]);
    }

    #[test]
    fn ids_end() {
        let table = |len| Policy::new(Vec::leak(vec![AttrPolicy::U8; len]));
        assert_eq!(table(65_536).flaw(), None);
        assert_eq!(table(65_537).flaw().unwrap().to_string(), "attribute ids end at 65535, the table's at 65536");
        assert_eq!(Policy::REJECT_ALL.flaw(), None);
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_promised_table_that_is_not_there() {
        static CELL: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
        static OUTER: Policy =
            Policy::new(&[AttrPolicy::REJECT, AttrPolicy::of(Kind::Nest(Some(crate::Link::late(&CELL))))]);
        assert_eq!(OUTER.flaw().unwrap().to_string(), "attribute 1: the policy of the nest was never made");
        CELL.set(Policy::new(&[])).unwrap();
        assert_eq!(OUTER.flaw(), None);
    }
}
