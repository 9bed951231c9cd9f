//! Attributes of a known set: one with each construct, and those of the families.

use netloom_families::nlctrl::CtrlAttrs;
use netloom_families::rt_link::Link;
use netloom_families::wireguard::Device;

use crate::wire::{self, Kinds};

pub(super) fn run(data: &[u8]) {
    wire::walks(data);
    wire::readings(data);
    wire::decoding::<Kinds>(data);
    wire::decoding::<CtrlAttrs>(data);
    wire::decoding::<Link>(data);
    wire::decoding::<Device>(data);
    for offset in (0..data.len().min(256)).step_by(4).chain([data.len()]) {
        wire::offset(data, offset);
    }
}
