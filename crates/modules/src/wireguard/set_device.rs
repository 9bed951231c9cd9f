//! SET_DEVICE: reads a change from the message that brought it, attribute by attribute, and applies it on the way.

use netloom::Errno;
use netloom::families::wireguard::{AllowedIp, AllowedIpFlags, Device, DeviceFlags, Peer, PeerFlags};
use netloom::kernel::{Ctx, Nack};
use netloom::wire::{Attr, Fixed, RawAttrs};

use super::change::{AllowedIpChange, DeviceChange, PeerChange, Refusal};
use super::earlier::Earlier;
use super::endpoint::Endpoint;
use super::family::lookup;
use super::interface::refuse;
use super::keys::{KEY_LEN, PublicKey};

/// The ids of attributes, as patterns.
mod device {
    use super::Device;
    pub(super) const PRIVATE_KEY: u16 = Device::PRIVATE_KEY.id();
    pub(super) const FLAGS: u16 = Device::FLAGS.id();
    pub(super) const LISTEN_PORT: u16 = Device::LISTEN_PORT.id();
    pub(super) const FWMARK: u16 = Device::FWMARK.id();
    pub(super) const PEERS: u16 = Device::PEERS.id();
}
mod peer {
    use super::Peer;
    pub(super) const PUBLIC_KEY: u16 = Peer::PUBLIC_KEY.id();
    pub(super) const PRESHARED_KEY: u16 = Peer::PRESHARED_KEY.id();
    pub(super) const FLAGS: u16 = Peer::FLAGS.id();
    pub(super) const ENDPOINT: u16 = Peer::ENDPOINT.id();
    pub(super) const KEEPALIVE: u16 = Peer::PERSISTENT_KEEPALIVE_INTERVAL.id();
    pub(super) const ALLOWEDIPS: u16 = Peer::ALLOWEDIPS.id();
    pub(super) const PROTOCOL_VERSION: u16 = Peer::PROTOCOL_VERSION.id();
}
mod allowed_ip {
    use super::AllowedIp;
    pub(super) const FAMILY: u16 = AllowedIp::FAMILY.id();
    pub(super) const IPADDR: u16 = AllowedIp::IPADDR.id();
    pub(super) const CIDR_MASK: u16 = AllowedIp::CIDR_MASK.id();
    pub(super) const FLAGS: u16 = AllowedIp::FLAGS.id();
}

/// Applies a request. Its policy has accepted it, nests included unless it is an earlier one, so that what remains to be
/// judged is what the attributes mean. What comes before a refusal stays applied.
// drivers/net/wireguard/netlink.c: wg_set_device
pub(super) fn set(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    ctx.wipe_later();
    let (_, interface) = lookup(ctx)?;
    let earlier = Earlier::of(ctx.version());
    if earlier.is_some() {
        Earlier::judge_device(ctx)?;
    }
    let mut change = DeviceChange::default();
    let mut peers = None;
    for attr in ctx.attrs() {
        match attr.id() {
            device::PRIVATE_KEY => change.private_key = key(attr).map(|key| (*key).into()),
            device::FLAGS => {
                let flags = DeviceFlags(attr.read::<u32>().unwrap_or_default());
                change.replace_peers = flags.contains(DeviceFlags::REPLACE_PEERS);
            }
            device::LISTEN_PORT => change.listen_port = attr.read::<u16>(),
            device::FWMARK => change.fwmark = attr.read::<u32>(),
            device::PEERS => peers = Some(attr.nested()),
            _ => {}
        }
    }
    // Linux asks for this right where the interface was made, which may be another namespace than the request's.
    if (change.listen_port.is_some() || change.fwmark.is_some()) && !ctx.is_admin() {
        return Err(Nack::new(Errno::EPERM));
    }
    let mut state = interface.device();
    state.apply(&change).map_err(refuse)?;
    for attr in peers.into_iter().flatten() {
        let attrs = nested(attr)?;
        earlier.map_or(Ok(()), |earlier| earlier.judge_peer(attrs))?;
        let (change, allowed_ips) = peer_change(attrs);
        let allowed_ips = allowed_ips.into_iter().flatten().map(|attr| allowed_ip_change(attr, earlier));
        state.apply_peer(&change, allowed_ips).map_err(refuse)?;
    }
    Ok(())
}

/// A peer's attributes, and the list of its allowed IPs.
// drivers/net/wireguard/netlink.c: set_peer
fn peer_change(attrs: RawAttrs<'_>) -> (PeerChange, Option<RawAttrs<'_>>) {
    let mut change = PeerChange::default();
    let mut allowed_ips = None;
    for attr in attrs {
        match attr.id() {
            peer::PUBLIC_KEY => change.public_key = key(attr).copied().map(PublicKey),
            peer::PRESHARED_KEY => change.preshared_key = key(attr).map(|key| (*key).into()),
            peer::FLAGS => {
                let flags = PeerFlags(attr.read::<u32>().unwrap_or_default());
                change.remove = flags.contains(PeerFlags::REMOVE_ME);
                change.update_only = flags.contains(PeerFlags::UPDATE_ONLY);
                change.replace_allowed_ips = flags.contains(PeerFlags::REPLACE_ALLOWEDIPS);
            }
            // Any other address is passed over.
            peer::ENDPOINT => change.endpoint = Endpoint::from_sockaddr(attr.payload()),
            peer::KEEPALIVE => change.persistent_keepalive = attr.read::<u16>(),
            peer::PROTOCOL_VERSION => change.protocol_version = attr.read::<u32>(),
            peer::ALLOWEDIPS => allowed_ips = Some(attr.nested()),
            _ => {}
        }
    }
    (change, allowed_ips)
}

// drivers/net/wireguard/netlink.c: set_allowedip
fn allowed_ip_change(attr: Attr<'_>, earlier: Option<&Earlier>) -> Result<AllowedIpChange, Refusal> {
    let (mut family, mut address, mut length, mut remove) = (None, None, None, false);
    let attrs = nested(attr).map_err(|_| Refusal::AllowedIp)?;
    earlier.map_or(Ok(()), |earlier| earlier.judge_allowed_ip(attrs))?;
    for attr in attrs {
        match attr.id() {
            allowed_ip::FAMILY => family = attr.read::<u16>(),
            allowed_ip::IPADDR => address = Some(attr.payload()),
            allowed_ip::CIDR_MASK => length = attr.read::<u8>(),
            allowed_ip::FLAGS => {
                let flags = AllowedIpFlags(attr.read::<u32>().unwrap_or_default());
                remove = flags.contains(AllowedIpFlags::REMOVE_ME);
            }
            _ => {}
        }
    }
    AllowedIpChange::from_parts(family, address, length, remove)
}

/// The attributes of a list's element. Validation of lists leaves the elements' nested bit alone: it is demanded here.
// net/netlink/genetlink.h: nla_parse_nested, called with no ext-ack
fn nested(attr: Attr<'_>) -> Result<RawAttrs<'_>, Nack> {
    if attr.is_nested() { Ok(attr.nested()) } else { Err(Nack::new(Errno::EINVAL)) }
}

fn key(attr: Attr<'_>) -> Option<&[u8; KEY_LEN]> {
    attr.read::<Fixed<KEY_LEN>>()
}
