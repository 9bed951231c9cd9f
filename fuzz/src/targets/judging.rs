//! The number of a policy made at random (two bytes), a level of strictness (one), and the attributes to be judged.

use netloom_wire::Strictness;

use crate::wire;

pub(super) fn run(data: &[u8]) {
    let [low, high, rules, attrs @ ..] = data else { return };
    wire::judging::judging(u16::from_le_bytes([*low, *high]), Strictness(*rules), attrs);
}
