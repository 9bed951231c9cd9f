//! WireGuard before it was made from a spec: peers and allowed IPs are judged when it is their turn, and refused with an
//! errno alone. What came before them stays applied.

use netloom::Errno;
use netloom::families::wireguard::{Device, DeviceFlags, Peer, PeerFlags};
use netloom::kernel::{Ctx, Nack, Version};
use netloom::wire::{Policy, RawAttrs, Strictness, policies};

use super::change::Refusal;

// drivers/net/wireguard/netlink.c: device_policy, peer_policy, allowedip_policy
policies! {
    UNMASKED_DEVICE {
        1 U32, 2 NUL_STRING.max_len(15), 3 BINARY.exact(32), 4 BINARY.exact(32), 5 U32, 6 U16, 7 U32, 8 NEST,
    }
    UNMASKED_PEER {
        1 BINARY.exact(32), 2 BINARY.exact(32), 3 U32, 4 BINARY.at_least(16), 5 U16, 6 BINARY.exact(16), 7 U64, 8 U64,
        9 NEST, 10 U32,
    }
    UNFLAGGED_ALLOWED_IP { 1 U16, 2 BINARY.at_least(4), 3 U8 }
    MASKED_DEVICE {
        1 U32, 2 NUL_STRING.max_len(15), 3 BINARY.exact(32), 4 BINARY.exact(32), 5 U32.mask(0x1), 6 U16, 7 U32, 8 NEST,
    }
    MASKED_PEER {
        1 BINARY.exact(32), 2 BINARY.exact(32), 3 U32.mask(0x7), 4 BINARY.at_least(16), 5 U16, 6 BINARY.exact(16),
        7 U64, 8 U64, 9 NEST, 10 U32,
    }
    FLAGGED_ALLOWED_IP { 1 U16, 2 BINARY.at_least(4), 3 U8, 4 U32.mask(0x1) }
}

/// The policies of those releases.
pub(super) struct Earlier {
    /// Of GET_DEVICE and SET_DEVICE alike.
    pub(super) device: &'static Policy,
    peer: &'static Policy,
    allowed_ip: &'static Policy,
}

impl Earlier {
    /// Those of a release; `None` if the spec says what is accepted.
    pub(super) fn of(version: Version) -> Option<&'static Self> {
        const UNMASKED: Earlier =
            Earlier { device: &UNMASKED_DEVICE, peer: &UNMASKED_PEER, allowed_ip: &UNFLAGGED_ALLOWED_IP };
        const MASKED: Earlier = Earlier { device: &MASKED_DEVICE, peer: &MASKED_PEER, allowed_ip: &FLAGGED_ALLOWED_IP };
        match (version.wireguard_has_spec(), version.masks_wireguard_flags()) {
            (true, _) => None,
            (false, true) => Some(&MASKED),
            (false, false) => Some(&UNMASKED),
        }
    }

    /// Judges what the policy of a request has left to its handler.
    // drivers/net/wireguard/netlink.c: wg_set_device
    pub(super) fn judge_device(ctx: &Ctx<'_>) -> Result<(), Nack> {
        let flags = ctx.attrs().last(Device::FLAGS.id()).and_then(|flags| flags.read::<u32>()).unwrap_or_default();
        if flags & !DeviceFlags::REPLACE_PEERS.0 == 0 { Ok(()) } else { Err(Nack::new(Errno::EOPNOTSUPP)) }
    }

    // drivers/net/wireguard/netlink.c: set_peer
    pub(super) fn judge_peer(&self, attrs: RawAttrs<'_>) -> Result<(), Nack> {
        const ALL: u32 = PeerFlags::REMOVE_ME.0 | PeerFlags::REPLACE_ALLOWEDIPS.0 | PeerFlags::UPDATE_ONLY.0;
        self.peer.validate(attrs, Strictness::STRICT).map_err(|reject| Nack::new(reject.errno))?;
        let flags = attrs.last(Peer::FLAGS.id()).and_then(|flags| flags.read::<u32>()).unwrap_or_default();
        // Without a key it is refused for that.
        let unknown = flags & !ALL != 0 && attrs.last(Peer::PUBLIC_KEY.id()).is_some();
        if unknown { Err(Nack::new(Errno::EOPNOTSUPP)) } else { Ok(()) }
    }

    // drivers/net/wireguard/netlink.c: set_peer, which parses each
    pub(super) fn judge_allowed_ip(&self, attrs: RawAttrs<'_>) -> Result<(), Refusal> {
        match self.allowed_ip.validate(attrs, Strictness::STRICT) {
            Ok(_) => Ok(()),
            Err(reject) if reject.errno == Errno::ERANGE => Err(Refusal::ShortAddress),
            Err(_) => Err(Refusal::AllowedIp),
        }
    }
}
