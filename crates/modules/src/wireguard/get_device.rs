//! GET_DEVICE: one interface in as many messages as its peers need, written straight from its state.

use std::sync::Arc;

use netloom::Errno;
use netloom::families::wireguard::{AllowedIp, Device as DeviceAttrs, Peer as PeerAttrs};
use netloom::kernel::{Chunk, Ctx, Fill, Link, Nack};
use netloom::wire::{Attr, Full, Writer};

use super::allowed_ips::AllowedIpPosition;
use super::device::Device;
use super::family::lookup;
use super::interface::Interface;
use super::peer::{Peer, PeerId};
use super::prefix::Prefix;

/// Where a dump stands between two messages.
pub(super) struct Cursor {
    interface: Arc<Interface>,
    link: Link,
    at: Position,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Position {
    /// The last peer that was written whole. While there is none each message begins with what the device itself has.
    last: Option<PeerId>,
    /// The allowed IP that had no room, of the peer behind `last`.
    rest: Option<AllowedIpPosition>,
}

// drivers/net/wireguard/netlink.c: wg_get_device_start
pub(super) fn start(ctx: &mut Ctx<'_>) -> Result<Cursor, Nack> {
    let (link, interface) = lookup(ctx)?;
    Ok(Cursor { interface, link, at: Position::default() })
}

impl Cursor {
    /// Writes one message.
    // drivers/net/wireguard/netlink.c: wg_get_device_dump
    pub(super) fn fill(&mut self, out: &mut Chunk<'_>, ctx: &mut Ctx<'_>) -> Result<Fill, Nack> {
        let device = self.interface.device();
        // Linux counts from 0, which is its mark for no generation, but has no second message before the first change.
        ctx.generation(u64::from(device.generation()).saturating_add(1));
        let mut at = self.at;
        let done = out.message(|w| {
            if at.last.is_none() {
                put_device(w, &device, &self.link)?;
            }
            put_peers(w, &device, &mut at)
        })?;
        if done {
            return Ok(Fill::Done);
        }
        if at == self.at {
            // Not even one allowed IP had room, nor would it have next time.
            return Err(Nack::new(Errno::EMSGSIZE));
        }
        self.at = at;
        Ok(Fill::More)
    }
}

fn put_device(w: &mut Writer<'_>, device: &Device, link: &Link) -> Result<(), Full> {
    w.put(DeviceAttrs::LISTEN_PORT, device.listen_port())?;
    w.put(DeviceAttrs::FWMARK, device.fwmark())?;
    w.put(DeviceAttrs::IFINDEX, link.index)?;
    w.put(DeviceAttrs::IFNAME, &link.name)?;
    if let Some((private, public)) = device.private_key().zip(device.public_key()) {
        w.put_attr(DeviceAttrs::PRIVATE_KEY.id(), private.as_bytes())?;
        w.put_attr(DeviceAttrs::PUBLIC_KEY.id(), public.as_bytes())?;
    }
    Ok(())
}

/// Writes peers until there is no room; true if these were the last ones.
fn put_peers(w: &mut Writer<'_>, device: &Device, at: &mut Position) -> Result<bool, Full> {
    // When the last peer is gone nobody knows where it stood, and the dump ends: it is marked torn anyway.
    let rest = match at.last {
        None => Some(device.peers()),
        Some(last) => device.peers_after(last),
    };
    let Some(peers) = rest.filter(|_| device.peer_count() > 0) else { return Ok(true) };
    w.nest(DeviceAttrs::PEERS, |w| {
        for (id, peer) in peers {
            if !put_peer(w, device, id, peer, &mut at.rest) {
                return Ok(false);
            }
            at.last = Some(id);
        }
        Ok(true)
    })
}

/// Writes a peer, from `rest` on if that is set; false if it had no room, or not all of it: `rest` is set then.
// drivers/net/wireguard/netlink.c: get_peer
fn put_peer(
    w: &mut Writer<'_>,
    device: &Device,
    id: PeerId,
    peer: &Peer,
    rest: &mut Option<AllowedIpPosition>,
) -> bool {
    let (start, before) = (w.position(), *rest);
    let written = (|| {
        let nest = w.begin_nest(Attr::NESTED)?;
        w.put_attr(PeerAttrs::PUBLIC_KEY.id(), peer.public_key().as_bytes())?;
        // What is left of a peer whose allowed IPs have changed since is dropped.
        let prefixes = match *rest {
            Some(position) => device.allowed_ips_from(position),
            None => {
                put_peer_state(w, peer)?;
                Some(device.allowed_ips(id))
            }
        };
        let mut prefixes = prefixes.into_iter().flatten().peekable();
        *rest = None;
        if prefixes.peek().is_some() {
            let list = w.begin_nest(PeerAttrs::ALLOWEDIPS.id() | Attr::NESTED)?;
            for (position, prefix) in prefixes {
                if put_allowed_ip(w, prefix).is_err() {
                    *rest = Some(position);
                    break;
                }
            }
            w.end_nest(list)?;
        }
        w.end_nest(nest)
    })();
    if written.is_err() {
        w.cancel(start);
        *rest = before;
    }
    written.is_ok() && rest.is_none()
}

fn put_peer_state(w: &mut Writer<'_>, peer: &Peer) -> Result<(), Full> {
    w.put_attr(PeerAttrs::PRESHARED_KEY.id(), peer.preshared_key().as_bytes())?;
    let handshake = peer.latest_handshake();
    let mut time = [0; 16];
    let (seconds, nanoseconds) = time.split_at_mut(8);
    seconds.copy_from_slice(&handshake.as_secs().to_ne_bytes());
    nanoseconds.copy_from_slice(&u64::from(handshake.subsec_nanos()).to_ne_bytes());
    w.put_attr(PeerAttrs::LAST_HANDSHAKE_TIME.id(), &time)?;
    w.put(PeerAttrs::PERSISTENT_KEEPALIVE_INTERVAL, peer.persistent_keepalive())?;
    w.put(PeerAttrs::TX_BYTES, peer.tx_bytes())?;
    w.put(PeerAttrs::RX_BYTES, peer.rx_bytes())?;
    w.put(PeerAttrs::PROTOCOL_VERSION, 1)?;
    match peer.endpoint() {
        Some(endpoint) => w.put_attr(PeerAttrs::ENDPOINT.id(), endpoint.as_sockaddr()),
        None => Ok(()),
    }
}

// drivers/net/wireguard/netlink.c: get_allowedips
fn put_allowed_ip(w: &mut Writer<'_>, prefix: Prefix) -> Result<(), Full> {
    w.nest_attr(Attr::NESTED, |w| {
        w.put(AllowedIp::CIDR_MASK, prefix.length())?;
        w.put(AllowedIp::FAMILY, prefix.family())?;
        w.put(AllowedIp::IPADDR, prefix.address())
    })
}
