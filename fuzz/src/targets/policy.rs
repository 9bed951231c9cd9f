//! A level of strictness (one byte) and the attributes that policies judge.

use netloom_families::FAMILIES;
use netloom_wire::{RawAttrs, Strictness};

use crate::wire;

pub(super) fn run(data: &[u8]) {
    let Some((rules, attrs)) = data.split_first() else { return };
    wire::policy(attrs, Strictness(*rules));
    for mode in FAMILIES.iter().flat_map(|(_, family)| family.ops).flat_map(|op| [op.doit, op.dump]).flatten() {
        let attrs = RawAttrs::new(attrs);
        let judged = mode.policy.validate(attrs, Strictness(*rules));
        if let Err(no) = judged
            && let Some(offset) = no.offset
        {
            assert!(mode.asks.path_at(attrs, offset).is_some());
        }
    }
}
