//! Integers of any layout, and the names of their values.

use netloom_wire::schema::{EnumInfo, Int};
use serde_json::Value;

/// The integer at the start of `bytes`; `None` if they are too few.
pub(crate) fn read(int: Int, bytes: &[u8]) -> Option<i128> {
    let bits = int.read(bytes)?;
    Some(if int.signed { i128::from(bits as i64) } else { i128::from(bits) })
}

/// The bytes of `value`, which must be in [`range`]; as many as `int.bytes`, or as it needs.
pub(crate) fn bytes(int: Int, value: i128) -> Vec<u8> {
    let mut bytes = (value as u64).to_le_bytes().to_vec();
    bytes.truncate(usize::from(int.width_of(value as u64)));
    if int.is_big() {
        bytes.reverse();
    }
    bytes
}

/// The least and greatest value.
pub(crate) fn range(int: Int) -> (i128, i128) {
    let bits = if int.bytes == 0 { 64 } else { u32::from(int.bytes).saturating_mul(8) };
    let count = 1_i128.wrapping_shl(bits);
    let half = count.wrapping_shr(1);
    if int.signed { (half.wrapping_neg(), half.wrapping_sub(1)) } else { (0, count.wrapping_sub(1)) }
}

/// A number of JSON; all integers that attributes hold fit.
pub(crate) fn json(value: i128) -> Value {
    match u64::try_from(value) {
        Ok(unsigned) => Value::from(unsigned),
        Err(_) => Value::from(value as i64),
    }
}

/// A value by its name, flags as a sorted list; unknown ones as numbers.
pub(crate) fn named(value: i128, names: &EnumInfo) -> Value {
    if !names.flags {
        return label(value, names).map_or_else(|| json(value), Value::from);
    }
    let mut rest = value as u64;
    let mut known = Vec::new();
    for (bit, name) in names.entries.iter().filter(|(bit, _)| *bit != 0 && value as u64 & bit == *bit) {
        known.push(*name);
        rest &= !bit;
    }
    known.sort_unstable();
    let unknown = (0..64).map(|bit| 1_u64.wrapping_shl(bit)).filter(|bit| rest & bit != 0);
    known.into_iter().map(Value::from).chain(unknown.map(Value::from)).collect()
}

/// The name of an enum's value.
pub(crate) fn label(value: i128, names: &EnumInfo) -> Option<&'static str> {
    names.label(value as u64)
}

/// Decimal, or hexadecimal behind `0x`, with a sign or without.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let magnitude = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => i128::from(u64::from_str_radix(hex, 16).ok()?),
        None if digits.bytes().all(|b| b.is_ascii_digit()) => i128::from(digits.parse::<u64>().ok()?),
        _ => return None,
    };
    Some(if negative { magnitude.saturating_neg() } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_numbers_agree_for_every_layout() {
        for width in [1, 2, 4, 8] {
            for signed in [false, true] {
                for (big_endian, little_endian) in [(false, false), (true, false), (false, true)] {
                    let int = Int { bytes: width, signed, big_endian, little_endian };
                    let (low, high) = range(int);
                    for value in [low, 0, 1, 0x12.min(high), high - 1, high] {
                        let bytes = bytes(int, value);
                        assert_eq!((bytes.len(), read(int, &bytes)), (usize::from(width), Some(value)), "{int:?}");
                    }
                    assert_eq!(read(int, &vec![0; usize::from(width) - 1]), None);
                }
            }
        }
        assert_eq!(bytes(Int::U16_BE, 0x1234), [0x12, 0x34]);
        assert_eq!(bytes(Int::U16.little(), 0x1234), [0x34, 0x12]);
        assert_eq!(range(Int::S8), (-128, 127));
        assert_eq!(json(i128::from(u64::MAX)).to_string(), "18446744073709551615");
        assert_eq!(json(i128::from(i64::MIN)).to_string(), "-9223372036854775808");
    }

    #[test]
    fn numbers_may_be_text() {
        for (text, value) in [("17", Some(17)), ("0x1F", Some(31)), ("-0x10", Some(-16)), ("-1", Some(-1))] {
            assert_eq!(parse(text), value, "{text}");
        }
        for text in ["", "-", "0x", "+1", "--1", "0x-1", "1.5", "99999999999999999999", "ten"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
