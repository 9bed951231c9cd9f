//! The 16 bytes in front of a datagram in captures: Linux's "cooked" header, all fields big-endian.
//!
//! ```text
//! packet type  ARPHRD  address length  address  protocol
//! 0            2       4               6        14
//! ```
//!
//! Source: the pcap format's LINKTYPE_NETLINK.

use netloom_wire::Protocol;

use crate::Direction;

pub(super) const LEN: usize = 16;
/// Source: linux/if_arp.h, ARPHRD_NETLINK.
pub(super) const ARPHRD: u16 = 824;
/// The kinds of capture that begin their packets so: LINKTYPE_NETLINK, and LINKTYPE_LINUX_SLL of whatever device.
pub(super) const LINKTYPES: [u32; 2] = [LINKTYPE, 113];
pub(super) const LINKTYPE: u32 = 253;

// Source: linux/if_packet.h, PACKET_USER and PACKET_KERNEL. net/netlink/af_netlink.c: __netlink_deliver_tap_skb
const TO_USER: u16 = 6;
const TO_KERNEL: u16 = 7;

/// The header of a datagram.
pub(super) fn header(protocol: Protocol, direction: Direction) -> [u8; LEN] {
    let kind = match direction {
        Direction::Sent => TO_KERNEL,
        Direction::Received => TO_USER,
    };
    let [k0, k1] = kind.to_be_bytes();
    let [a0, a1] = ARPHRD.to_be_bytes();
    [k0, k1, a0, a1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, protocol.number()]
}

/// What a header says.
pub(super) struct Cooked<'b> {
    pub(super) protocol: Protocol,
    pub(super) direction: Option<Direction>,
    pub(super) datagram: &'b [u8],
}

/// Whether the frame begins as one of netlink does.
pub(super) fn is_netlink(frame: &[u8]) -> bool {
    word(frame, 2) == Some(ARPHRD)
}

/// Takes a frame apart; the error says why it is no frame of netlink.
pub(super) fn read(frame: &[u8]) -> Result<Cooked<'_>, String> {
    let (Some(kind), Some(device), Some(protocol)) = (word(frame, 0), word(frame, 2), word(frame, 14)) else {
        return Err(format!("a packet of {} bytes is shorter than the header of netlink's (16)", frame.len()));
    };
    if device != ARPHRD {
        return Err(format!("a packet of another kind of device (ARPHRD {device}) than netlink's ({ARPHRD})"));
    }
    let known = u8::try_from(protocol).ok().and_then(Protocol::new);
    let protocol = known.ok_or_else(|| format!("protocol {protocol} is none of netlink's 32"))?;
    let direction = match kind {
        TO_KERNEL => Some(Direction::Sent),
        TO_USER => Some(Direction::Received),
        // Devices hand packets on as outgoing ones, whichever way they go.
        _ => None,
    };
    Ok(Cooked { protocol, direction, datagram: frame.get(LEN..).unwrap_or_default() })
}

fn word(frame: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*frame.get(at..)?.first_chunk()?))
}
