//! A level of strictness (one byte) and the attributes that a policy judges.

use netloom_wire::Strictness;

use crate::wire;

pub(super) fn run(data: &[u8]) {
    let Some((rules, attrs)) = data.split_first() else { return };
    wire::policy(attrs, Strictness(*rules));
}
