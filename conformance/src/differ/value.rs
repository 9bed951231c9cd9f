//! Values of single attributes: such as a policy accepts, at its limits as often as within, and such as it does not.

use netloom::wire::AttrPolicy;
use netloom::wire::policy::{Check, Kind};

use super::dice::Dice;

/// The longest value that is made on purpose, unless a limit asks for more.
const LONG: usize = 48;
/// No limit is gone beyond if it is above this: requests are to be many rather than large.
const TOO_LONG: usize = 1_400;

/// Writes a value that is accepted, as far as the entry says; nests are not written here.
pub(super) fn good(entry: &AttrPolicy, dice: &mut Dice, out: &mut Vec<u8>) {
    match entry.kind {
        Kind::String => text(length(1, limit(entry), dice), dice.one_in(2), dice, out),
        Kind::NulString => text(length(0, limit(entry), dice), true, dice, out),
        Kind::Binary => {
            let (min, max) = lengths(entry);
            noise(length(min, max, dice), dice, out);
        }
        Kind::Bitfield32(bits) => {
            let selector = bits & dice.next() as u32;
            out.extend_from_slice(&(selector & dice.next() as u32).to_ne_bytes());
            out.extend_from_slice(&selector.to_ne_bytes());
        }
        kind if width(kind, dice) != 0 => {
            let bytes = width(kind, dice);
            let value = number(entry, bytes, dice);
            integer(kind, value, bytes, out);
        }
        _ => {}
    }
}

/// Writes a value that is refused if the entry says of anything that it is: at a limit's other side, with a bit too many, too
/// short or too long.
pub(super) fn bad(entry: &AttrPolicy, dice: &mut Dice, out: &mut Vec<u8>) {
    let start = out.len();
    match entry.kind {
        Kind::Flag => noise(1 + dice.roll(5), dice, out),
        Kind::String | Kind::NulString => match dice.roll(5) {
            0 => {}
            // Its NUL stands where it may, and more behind it than may.
            3 => {
                text(dice.roll(limit(entry).min(LONG)), true, dice, out);
                text(limit(entry) + 1, dice.one_in(2), dice, out);
            }
            1 => text(limit(entry) + 1 + dice.roll(3), dice.one_in(2), dice, out),
            2 => text(1 + dice.roll(limit(entry).min(LONG)), false, dice, out),
            _ => text(limit(entry) + 1, true, dice, out),
        },
        Kind::Binary => {
            let (min, max) = lengths(entry);
            let len = match dice.roll(if min == 0 { 2 } else { 4 }) {
                2 => 0,
                3 => min.saturating_sub(1 + dice.roll(2)),
                _ if max < TOO_LONG => max + 1 + dice.roll(4),
                _ => min.saturating_sub(1),
            };
            noise(len, dice, out);
        }
        Kind::Nest(_) | Kind::NestArray(_) => noise(1 + dice.roll(3), dice, out),
        Kind::Bitfield32(bits) => {
            if dice.one_in(2) {
                return noise(dice.pick(&[0, 1, 4, 7, 9, 12]), dice, out);
            }
            let (value, selector) = match dice.roll(3) {
                0 => (bits, 0),
                1 => (0, !bits),
                _ => (!bits & dice.next() as u32, bits),
            };
            out.extend_from_slice(&value.to_ne_bytes());
            out.extend_from_slice(&selector.to_ne_bytes());
        }
        Kind::Msecs => noise(dice.roll(8), dice, out),
        kind if width(kind, dice) != 0 => {
            let bytes = width(kind, dice);
            let (min, max) = span(kind, bytes);
            let value = match entry.check {
                Check::Range { min, .. } if dice.one_in(2) => i128::from(min) - 1,
                Check::Range { max, .. } => i128::from(max) + 1,
                Check::SignedRange { min, .. } if dice.one_in(2) => i128::from(min) - 1,
                Check::SignedRange { max, .. } => i128::from(max) + 1,
                Check::Mask(bits) => {
                    let free = !bits & max as u64;
                    i128::from(free & free.rotate_right(dice.roll(64) as u32).wrapping_neg())
                }
                Check::OneOf(values) => {
                    i128::from(values.entries.iter().map(|(value, _)| value).max().map_or(0, |v| v.wrapping_add(1)))
                }
                _ => min - 1,
            };
            if value < min || value > max || dice.one_in(3) {
                let wrong = match dice.roll(4) {
                    0 => bytes - 1,
                    1 => 0,
                    2 => bytes + 1,
                    _ => bytes + dice.roll(9),
                };
                return noise(wrong, dice, out);
            }
            integer(kind, value, bytes, out);
        }
        Kind::Unspec if entry.len != 0 => noise(dice.roll(entry.len.into()), dice, out),
        _ => noise(dice.roll(10), dice, out),
    }
    debug_assert!(out.len() >= start);
}

/// The longest text or value.
fn limit(entry: &AttrPolicy) -> usize {
    if entry.len == 0 { usize::MAX - 8 } else { usize::from(entry.len) }.min(TOO_LONG)
}

/// The least and the greatest length of bytes.
fn lengths(entry: &AttrPolicy) -> (usize, usize) {
    let most = limit(entry);
    match entry.check {
        Check::Length { min, max } | Check::WarnTooLong { min, max } => (min.into(), most.min(max.into())),
        _ => (0, most),
    }
}

fn length(min: usize, max: usize, dice: &mut Dice) -> usize {
    match dice.roll(4) {
        0 => min,
        1 if max < TOO_LONG => max,
        _ => min + dice.roll(max.saturating_sub(min).min(LONG) + 1),
    }
}

/// The bytes of an integer, 0 for what is none; 4 or 8 where both are right.
fn width(kind: Kind, dice: &mut Dice) -> usize {
    match kind {
        Kind::U8 | Kind::S8 => 1,
        Kind::U16 | Kind::S16 | Kind::Be16 => 2,
        Kind::U32 | Kind::S32 | Kind::Be32 => 4,
        Kind::U64 | Kind::S64 | Kind::Msecs => 8,
        Kind::Uint | Kind::Sint => 4 << dice.roll(2),
        _ => 0,
    }
}

/// What fits into it.
fn span(kind: Kind, bytes: usize) -> (i128, i128) {
    let bits = bytes as u32 * 8;
    match kind {
        Kind::S8 | Kind::S16 | Kind::S32 | Kind::S64 | Kind::Sint => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        _ => (0, (1 << bits) - 1),
    }
}

fn number(entry: &AttrPolicy, bytes: usize, dice: &mut Dice) -> i128 {
    let (least, most) = span(entry.kind, bytes);
    let (min, max) = match entry.check {
        Check::Range { min, max } => (i128::from(min), i128::from(max)),
        Check::SignedRange { min, max } => (i128::from(min), i128::from(max)),
        Check::Mask(bits) => return i128::from(bits & dice.next() & most as u64),
        Check::OneOf(values) if !values.entries.is_empty() => {
            return i128::from(values.entries[dice.roll(values.entries.len())].0);
        }
        _ => (least, most),
    };
    let (min, max) = (min.max(least), max.min(most));
    match dice.roll(5) {
        0 => min,
        1 => max,
        2 => min + i128::from(dice.next() & 3).min(max - min),
        _ => min + (i128::from(dice.next()) % (max - min + 1).max(1)),
    }
}

/// Writes an integer.
pub(super) fn integer(kind: Kind, value: i128, bytes: usize, out: &mut Vec<u8>) {
    let little = value.to_le_bytes();
    let big = matches!(kind, Kind::Be16 | Kind::Be32) || cfg!(target_endian = "big");
    let taken = &little[..bytes];
    if big { out.extend(taken.iter().rev()) } else { out.extend_from_slice(taken) }
}

fn text(len: usize, nul: bool, dice: &mut Dice, out: &mut Vec<u8>) {
    let letter = b'a' + dice.roll(26) as u8;
    out.resize(out.len() + len, letter);
    if nul {
        out.push(0);
    }
}

fn noise(len: usize, dice: &mut Dice, out: &mut Vec<u8>) {
    let mut left = len;
    while left > 0 {
        // Bytes of zero as often as others: what is read as a nest ends there.
        let bytes = if dice.one_in(2) { [0; 8] } else { dice.next().to_ne_bytes() };
        let taken = left.min(8);
        out.extend_from_slice(&bytes[..taken]);
        left -= taken;
    }
}

#[cfg(test)]
mod tests {
    use netloom::wire::{Policy, RawAttrs, Strictness};

    use super::*;
    use crate::differ::live::put;

    fn table() -> Vec<AttrPolicy> {
        vec![
            AttrPolicy::FLAG,
            AttrPolicy::U8.range(1, 9),
            AttrPolicy::U16.mask(0x5),
            AttrPolicy::S32.signed_range(-2, 2),
            AttrPolicy::BE16.range(7, 700),
            AttrPolicy::UINT.range(1, 1 << 40),
            AttrPolicy::SINT.signed_range(-1, 1),
            AttrPolicy::STRING.max_len(5),
            AttrPolicy::NUL_STRING.max_len(15),
            AttrPolicy::BINARY.exact(32),
            AttrPolicy::BINARY.max_len(6),
            AttrPolicy::bitfield32(0x11),
            AttrPolicy::MSECS,
        ]
    }

    #[test]
    fn good_values_are_accepted_and_bad_ones_mostly_are_not() {
        for entry in table() {
            let policy = Policy::new(Vec::leak(vec![AttrPolicy::REJECT, entry]));
            let (mut dice, mut refused) = (Dice::of(5, 5), 0);
            for turn in 0..400 {
                let (mut value, mut attrs) = (Vec::new(), Vec::new());
                if turn % 2 == 0 {
                    good(&entry, &mut dice, &mut value)
                } else {
                    bad(&entry, &mut dice, &mut value)
                };
                put(&mut attrs, 1, &value);
                let judged = policy.validate(RawAttrs::new(&attrs), Strictness::STRICT);
                assert!(turn % 2 == 1 || judged.is_ok(), "{entry:?} refuses {value:?}: {judged:?}");
                refused += usize::from(judged.is_err());
            }
            assert!(refused > 50, "{entry:?} refuses {refused} of 200 bad values");
        }
    }
}
