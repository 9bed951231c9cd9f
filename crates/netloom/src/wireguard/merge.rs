//! A device from the messages of its dump.

use netloom_families::wireguard::{Device, Peer};

/// Puts the messages of one device's dump together, in their order; `None` if there are none.
///
/// A peer whose allowed IPs did not fit goes on at the start of the next message: peers that follow each other and have
/// the same public key are one. Takes time in proportion to what is told.
///
/// ```
/// use netloom::families::wireguard::{AllowedIp, Device, Peer};
/// let peer = |key, mask: u8| Peer::new().public_key([key; 32]).allowedips([AllowedIp::new().cidr_mask(mask)]);
/// let first = Device::new().ifname("wg0").peers([peer(1, 32), peer(2, 32)]);
/// let device = netloom::wireguard::merge([first, Device::new().peers([peer(2, 24), peer(3, 32)])]).unwrap();
/// assert_eq!(device.peers.iter().map(|peer| peer.allowedips.len()).collect::<Vec<_>>(), [1, 2, 1]);
/// ```
// drivers/net/wireguard/netlink.c: wg_get_device_dump, get_peer
pub fn merge(parts: impl IntoIterator<Item = Device>) -> Option<Device> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next()?;
    // A peer may be in two pieces within one message as well.
    let first = std::mem::take(&mut whole.peers);
    whole.peers.reserve(first.len());
    append(&mut whole.peers, first);
    for part in parts {
        absorb_settings(&mut whole, &part);
        whole.unparsed.extend(part.unparsed);
        append(&mut whole.peers, part.peers);
    }
    Some(whole)
}

fn append(peers: &mut Vec<Peer>, more: Vec<Peer>) {
    for peer in more {
        match peers.last_mut() {
            Some(last) if last.public_key.is_some() && last.public_key == peer.public_key => absorb(last, peer),
            _ => peers.push(peer),
        }
    }
}

/// What a later message says anew holds.
fn absorb_settings(whole: &mut Device, part: &Device) {
    whole.ifindex = part.ifindex.or(whole.ifindex);
    if part.ifname.is_some() {
        whole.ifname.clone_from(&part.ifname);
    }
    whole.private_key = part.private_key.or(whole.private_key);
    whole.public_key = part.public_key.or(whole.public_key);
    whole.listen_port = part.listen_port.or(whole.listen_port);
    whole.fwmark = part.fwmark.or(whole.fwmark);
    whole.flags = part.flags.or(whole.flags);
}

/// A peer's first piece has its settings, the others have allowed IPs.
fn absorb(peer: &mut Peer, more: Peer) {
    peer.preshared_key = peer.preshared_key.or(more.preshared_key);
    peer.last_handshake_time = peer.last_handshake_time.or(more.last_handshake_time);
    peer.persistent_keepalive_interval = peer.persistent_keepalive_interval.or(more.persistent_keepalive_interval);
    peer.tx_bytes = peer.tx_bytes.or(more.tx_bytes);
    peer.rx_bytes = peer.rx_bytes.or(more.rx_bytes);
    peer.protocol_version = peer.protocol_version.or(more.protocol_version);
    peer.endpoint = peer.endpoint.or(more.endpoint);
    peer.flags = peer.flags.or(more.flags);
    peer.allowedips.extend(more.allowedips);
    peer.unparsed.extend(more.unparsed);
}

#[cfg(test)]
mod tests {
    use netloom_families::wireguard::AllowedIp;

    use super::*;

    fn peer(key: u8, masks: &[u8]) -> Peer {
        let ips: Vec<_> = masks.iter().map(|mask| AllowedIp::new().cidr_mask(*mask)).collect();
        Peer::new().public_key([key; 32]).allowedips(ips)
    }

    #[test]
    fn only_neighbours_of_one_key_are_one() {
        let parts = [
            vec![peer(1, &[1]).rx_bytes(7_u64), peer(1, &[2])],
            vec![peer(1, &[3]).rx_bytes(9_u64).tx_bytes(5_u64)],
            vec![],
            vec![peer(1, &[4]), peer(2, &[]), Peer::new(), Peer::new(), peer(1, &[5])],
        ];
        let device = merge(parts.map(|peers| Device::new().peers(peers))).unwrap();
        let seen: Vec<_> = device
            .peers
            .iter()
            .map(|peer| {
                let key = peer.public_key.map(|key| key[0]);
                (key, peer.allowedips.iter().filter_map(|ip| ip.cidr_mask).collect::<Vec<_>>())
            })
            .collect();
        let none = (None, vec![]);
        assert_eq!(seen, [(Some(1), vec![1, 2, 3, 4]), (Some(2), vec![]), none.clone(), none, (Some(1), vec![5])]);
        assert_eq!((device.peers[0].rx_bytes, device.peers[0].tx_bytes), (Some(7), Some(5)), "the first piece holds");
    }

    #[test]
    fn settings_of_any_message_are_kept() {
        let first = Device::new().ifname("wg0").fwmark(1_u32).private_key([1; 32]);
        let device = merge([first, Device::new().fwmark(2_u32).listen_port(5_u16), Device::new()]).unwrap();
        assert_eq!((device.ifname.as_deref(), device.fwmark, device.listen_port), (Some("wg0"), Some(2), Some(5)));
        assert!(device.private_key.is_some());
        assert_eq!(merge([]), None);
    }
}
