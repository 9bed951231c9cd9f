//! The header flags (two bytes) and payload of an NLMSG_ERROR message.

use netloom_wire::Flags;

use crate::wire;

pub(super) fn run(data: &[u8]) {
    let Some((flags, payload)) = data.split_first_chunk::<2>() else { return };
    wire::error(Flags(u16::from_ne_bytes(*flags)), payload);
    wire::ext_ack(payload);
}
