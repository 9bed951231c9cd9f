//! A datagram, as it comes from a peer.

use crate::wire;

pub(super) fn run(data: &[u8]) {
    wire::datagram(data);
}
