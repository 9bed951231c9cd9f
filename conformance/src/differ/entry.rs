//! One entry of a policy, found out.

use netloom::wire::policy::{Check, Kind};
use netloom::wire::schema::EnumInfo;
use netloom::wire::{AttrPolicy, Errno, Link, Policy, PolicyNote};

use super::dice::Dice;
use super::probe::{Probe, Tried, plain};
use super::value::{good, integer};
use crate::Malformed;

/// What a policy says of one attribute, and whether the kernel judges more of it than this.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) policy: AttrPolicy,
    pub(super) opaque: bool,
}

impl Entry {
    pub(super) fn of(policy: AttrPolicy) -> Self {
        Self { policy, opaque: false }
    }
}

const TOO_SHORT_OR_LONG: &str = "binary attribute size out of range";
const GENERAL: &str = "Attribute failed policy validation";
const WRONG_LENGTH: &str = "invalid attribute length";

/// An entry that nlctrl describes. What it does not tell is tried, if there is a way to it.
pub(super) fn described(
    note: PolicyNote,
    link: Option<Link<Policy>>,
    id: u16,
    way: Option<&Probe<'_>>,
) -> Result<Entry, Malformed> {
    let plainly = match note.kind {
        13 => return Ok(Entry::of(AttrPolicy::of(Kind::Nest(link)))),
        14 => return Ok(Entry::of(AttrPolicy::of(Kind::NestArray(link)))),
        15 => return Ok(Entry::of(AttrPolicy::bitfield32(note.bits.unwrap_or_default()))),
        kind => plain(kind)
            .map(AttrPolicy::of)
            .ok_or_else(|| Malformed::new(format!("Linux tells of a kind of attribute that is not known: {kind}")))?,
    };
    let max = note.max_len.and_then(|len| u16::try_from(len).ok()).unwrap_or_default();
    let min = note.min_len.and_then(|len| u16::try_from(len).ok()).unwrap_or_default();
    let mut policy = match note {
        PolicyNote { mask: Some(mask), .. } => plainly.mask(mask),
        PolicyNote { min_unsigned: Some(min), max_unsigned: Some(max), .. } => plainly.range(min, max),
        PolicyNote { min_signed: Some(min), max_signed: Some(max), .. } => plainly.signed_range(min, max),
        PolicyNote { min_len: Some(_), max_len: Some(_), .. } => plainly.length(min, max),
        _ => plainly.max_len(max),
    };
    // Of an integer that a function judges no limit is told.
    let by_function = matches!(note.kind, 2..=9 | 16 | 17) && matches!(policy.check, Check::None);
    let Some(way) = way else {
        let function = AttrPolicy::of(policy.kind).function(|_| Ok(()));
        return Ok(if by_function { Entry { policy: function, opaque: true } } else { Entry::of(policy) });
    };
    match policy.kind {
        // Told as the same: milliseconds have eight bytes.
        Kind::Uint if way.attr(id, &[0; 4])?.says(GENERAL) => policy.kind = Kind::Msecs,
        Kind::Binary => policy = sized(policy, id, way)?,
        kind if by_function => return judged(kind, id, way),
        _ => {}
    }
    // What is good by all this may be refused all the same.
    let mut opaque = false;
    for turn in 0..6 {
        let mut value = Vec::new();
        good(&policy, &mut Dice::of(u64::from(id), turn), &mut value);
        opaque |= !way.attr(id, &value)?.is_accepted();
    }
    Ok(Entry { policy, opaque })
}

/// Bytes: limits of one side are not told, nor whether longer ones are but warned of.
fn sized(mut policy: AttrPolicy, id: u16, way: &Probe<'_>) -> Result<AttrPolicy, Malformed> {
    let tried = |len: usize| way.attr(id, &vec![0; len]);
    if let Check::Length { min, max } = policy.check {
        let beyond = tried(usize::from(max) + 1)?;
        if beyond.is_accepted() || beyond.says(WRONG_LENGTH) {
            policy.check = Check::WarnTooLong { min, max };
        }
        return Ok(policy);
    }
    let long = if policy.len == 0 { 60_000 } else { usize::from(policy.len) };
    let (none, all) = (tried(0)?, tried(long)?);
    let min = match none.says(TOO_SHORT_OR_LONG) {
        true if all.is_accepted() => Probe::edge(long, 0, |len| tried(len).map(|tried| tried.is_accepted()))?,
        _ => 0,
    };
    let max = match all.says(TOO_SHORT_OR_LONG) {
        true if none.is_accepted() => Probe::edge(0, long, |len| tried(len).map(|tried| tried.is_accepted()))?,
        _ => usize::from(u16::MAX),
    };
    if min != 0 || max != usize::from(u16::MAX) {
        policy = policy.length(min as u16, max as u16);
    }
    Ok(policy)
}

/// An integer that a function judges: which values it takes.
fn judged(kind: Kind, id: u16, way: &Probe<'_>) -> Result<Entry, Malformed> {
    let bytes = match kind {
        Kind::U8 | Kind::S8 => 1,
        Kind::U16 | Kind::S16 => 2,
        Kind::U64 | Kind::S64 => 8,
        _ => 4,
    };
    let most = if bytes == 1 { 255 } else { 1 << 32.min(bytes * 8 - 1) };
    let values = (0..256).chain((8..32).map(|bit| 1 << bit)).chain([most]).filter(|value| *value <= most);
    let (mut taken, mut refused): (Vec<(u64, &'static str)>, Vec<_>) = (Vec::new(), Vec::new());
    for value in values {
        let mut written = Vec::new();
        integer(kind, i128::from(value), bytes, &mut written);
        match way.attr(id, &written)? {
            Tried::Accepted => taken.push((value, "")),
            Tried::Refused(answer) => refused.push(answer),
        }
    }
    let named = |answer: &super::live::Answer| answer.says("invalid enum value") && answer.errno == Errno::EINVAL;
    if refused.is_empty() || !refused.iter().all(named) {
        return Ok(Entry { policy: AttrPolicy::of(kind).function(|_| Ok(())), opaque: true });
    }
    let values = EnumInfo { name: "learned", flags: false, entries: Vec::leak(taken) };
    Ok(Entry::of(AttrPolicy::of(kind).one_of(Box::leak(Box::new(values)))))
}

/// An entry that nlctrl is silent on: not accepted, always refused, or big-endian; `None` if the id is beyond the policy.
pub(super) fn undescribed(id: u16, way: &Probe<'_>) -> Result<Option<Entry>, Malformed> {
    let tried = [0, 1, 2, 4].map(|len| way.attr(id, &vec![0xff; len]));
    let [empty, one, two, four] = tried;
    let (empty, one, two, four) = (empty?, one?, two?, four?);
    let strict = way.is_strict()?;
    if empty.says("Unknown attribute type") || (!strict && empty.is_accepted()) {
        return Ok(None);
    }
    if empty.says("Unsupported attribute") {
        return Ok(Some(Entry::of(AttrPolicy::REJECT)));
    }
    if !strict && ranged(&empty) {
        // A least length, which big-endian integers have as well.
        let accepts = |len: usize| way.attr(id, &vec![0; len]).map(|tried| !ranged(&tried));
        let least = match accepts(4_096)? {
            true => Probe::edge(4_096, 0, accepts)?,
            false => 0,
        };
        if !matches!(least, 2 | 4) {
            return Ok(Some(Entry::of(AttrPolicy::REJECT.max_len(least as u16))));
        }
    }
    let short = |tried: &Tried| tried.says(WRONG_LENGTH) || (!strict && tried.says(GENERAL));
    let kind = match () {
        () if short(&one) && !short(&two) => Kind::Be16,
        () if short(&two) && !short(&four) => Kind::Be32,
        () => {
            let text = match &empty {
                Tried::Refused(answer) => answer.message.clone().filter(|text| text != GENERAL),
                Tried::Accepted => None,
            };
            let text = text.map(|text| &*String::leak(text));
            return Ok(Some(Entry::of(AttrPolicy::of(Kind::Reject(text)))));
        }
    };
    big_endian(kind, id, way).map(Some)
}

/// Refused for its length.
fn ranged(tried: &Tried) -> bool {
    matches!(tried, Tried::Refused(answer) if answer.errno == Errno::ERANGE && answer.says(GENERAL))
}

/// The limits of a big-endian integer.
fn big_endian(kind: Kind, id: u16, way: &Probe<'_>) -> Result<Entry, Malformed> {
    const BEYOND: &str = "integer out of range";
    const RESERVED: &str = "reserved bit set";
    let bytes = if matches!(kind, Kind::Be16) { 2 } else { 4 };
    let most = (1_usize << (bytes * 8)) - 1;
    let tried = |value: usize| {
        let mut written = Vec::new();
        integer(kind, value as i128, bytes, &mut written);
        way.attr(id, &written)
    };
    let policy = AttrPolicy::of(kind);
    if tried(most)?.says(RESERVED) {
        let mut mask = 0;
        for bit in (0..bytes * 8).map(|bit| 1 << bit) {
            mask |= if tried(bit)?.is_accepted() { bit } else { 0 };
        }
        return Ok(Entry::of(policy.mask(mask as u64)));
    }
    let (least, greatest) = (tried(0)?, tried(most)?);
    let within = |value| tried(value).map(|tried| tried.is_accepted());
    let opaque = |answer: &Tried| !answer.is_accepted() && !answer.says(BEYOND);
    let entry = match (least.is_accepted(), greatest.is_accepted()) {
        _ if opaque(&least) || opaque(&greatest) => Entry { policy, opaque: true },
        (true, true) => Entry::of(policy),
        (false, true) => Entry::of(policy.range(Probe::edge(most, 0, within)? as u64, most as u64)),
        (true, false) => Entry::of(policy.range(0, Probe::edge(0, most, within)? as u64)),
        (false, false) => {
            // Somewhere within something is accepted; powers of two find it unless the range is narrow.
            let inside = (0..bytes * 8).map(|bit| 1 << bit).find(|value| within(*value).unwrap_or(false));
            match inside {
                Some(inside) => {
                    let (min, max) = (Probe::edge(inside, 0, within)?, Probe::edge(inside, most, within)?);
                    Entry::of(policy.range(min as u64, max as u64))
                }
                None => Entry { policy, opaque: true },
            }
        }
    };
    Ok(entry)
}
