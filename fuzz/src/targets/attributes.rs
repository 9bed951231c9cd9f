//! Attributes of a known set.

use crate::wire::{self, Kinds};

pub(super) fn run(data: &[u8]) {
    wire::walks(data);
    wire::readings(data);
    wire::decoding::<Kinds>(data);
    for offset in (0..data.len().min(256)).step_by(4).chain([data.len()]) {
        wire::offset(data, offset);
    }
}
