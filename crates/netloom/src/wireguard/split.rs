//! A change of a device in messages of bounded length.

use netloom_families::wireguard::{AllowedIp, Device, Peer, PeerFlags};
use netloom_wire::{Attr, Full, Hidden, Unparsed, Writer};

/// A change of a device, written in as many messages as it takes.
///
/// The device's settings go into the first message, a peer's into the first piece of it; what names device and peer is
/// in all of them. So none of them undoes what one before it did. What a kernel side only tells, such as counters and the
/// device's public key, is left out. With the room that `wg` takes, a page, the messages are `wg`'s byte for byte.
///
/// ```
/// use std::net::Ipv4Addr;
/// use netloom::families::wireguard::{AllowedIp, Device, Peer};
/// use netloom::wire::Writer;
/// use netloom::wireguard::Split;
///
/// let host = |n| AllowedIp::new().family(2).ipaddr(Ipv4Addr::new(10, 0, 0, n)).cidr_mask(32);
/// let hosts: Vec<_> = (0..=255).map(host).collect();
/// let change = Device::new().ifname("wg0").peers([Peer::new().public_key([1; 32]).allowedips(hosts)]);
/// let (mut split, mut messages, mut buf) = (Split::new(&change), 0, [0; 4096]);
/// while !split.is_done() {
///     let mut w = Writer::new(&mut buf); // its room is what the attributes of a message may take
///     split.write(&mut w)?;
///     messages += 1;
/// }
/// assert_eq!(messages, 2);
/// # Ok::<(), netloom::wire::Full>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Split<'d> {
    device: &'d Device,
    /// The device's settings are written.
    begun: bool,
    /// The peer that is next.
    peer: usize,
    /// Once that peer is begun: its allowed IP that is next.
    allowed_ip: Option<usize>,
}

impl<'d> Split<'d> {
    /// Nothing of `change` is written yet.
    pub const fn new(change: &'d Device) -> Self {
        Self { device: change, begun: false, peer: 0, allowed_ip: None }
    }

    /// Whether all of it is written.
    pub fn is_done(&self) -> bool {
        self.begun && self.peer >= self.device.peers.len()
    }

    /// Writes the attributes of the next message, as many as `w` has room for.
    ///
    /// # Errors
    ///
    /// If not one more peer or allowed IP fits, nothing is written: a longer message helps, up to 65,535 bytes of peers.
    pub fn write(&mut self, w: &mut Writer<'_>) -> Result<(), Full> {
        let mut next = *self;
        w.whole(|w| next.message(w))?;
        *self = next;
        Ok(())
    }

    /// Where the next message begins: the index of its first peer, and of that peer's first allowed IP.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.peer, self.allowed_ip.unwrap_or(0))
    }

    fn message(&mut self, w: &mut Writer<'_>) -> Result<(), Full> {
        let device = self.device;
        if let Some(ifindex) = device.ifindex {
            w.put(Device::IFINDEX, ifindex)?;
        }
        if let Some(ifname) = &device.ifname {
            w.put(Device::IFNAME, ifname)?;
        }
        let first = !self.begun;
        if first {
            settings(device, w)?;
            self.begun = true;
        }
        match w.whole(|w| self.peers(w)) {
            // The settings alone are a message, too.
            Err(Full::Room) if first => Ok(()),
            written => written,
        }
    }

    /// The list of peers, Room if not one fits.
    fn peers(&mut self, w: &mut Writer<'_>) -> Result<(), Full> {
        if self.is_done() {
            return Ok(());
        }
        let nest = w.begin_nest(Device::PEERS.id() | Attr::NESTED)?;
        let start = w.len();
        // The length field of the list has 16 bits, whatever the room.
        let most = start.saturating_add(Attr::MAX_PAYLOAD & !3);
        while let Some(peer) = self.device.peers.get(self.peer) {
            match w.whole(|w| self.piece(peer, most, w)) {
                Ok(true) => {
                    self.peer = self.peer.saturating_add(1);
                    self.allowed_ip = None;
                }
                Ok(false) => break,
                Err(Full::Room) if w.len() > start => break,
                Err(full) => return Err(full),
            }
        }
        w.end_nest(nest)
    }

    /// A piece of a peer; whether it is the last one. Room if it would hold nothing new.
    fn piece(&mut self, peer: &Peer, most: usize, w: &mut Writer<'_>) -> Result<bool, Full> {
        let nest = w.begin_nest(Attr::NESTED)?;
        if let Some(key) = &peer.public_key {
            w.put(Peer::PUBLIC_KEY, key)?;
        }
        let mut flags = peer.flags;
        let begun = self.allowed_ip;
        match begun {
            None => peer_settings(peer, w)?,
            // What was added before must stay. The other flags hold for every piece: one that asks for a removal, or
            // for peers that exist only, must not make one.
            Some(_) => flags = flags.map(|flags| PeerFlags(flags.0 & !PeerFlags::REPLACE_ALLOWEDIPS.0)),
        }
        if let Some(flags) = flags.filter(|flags| flags.0 != 0 || begun.is_none()) {
            w.put(Peer::FLAGS, flags)?;
        }
        if w.len() > most {
            return Err(Full::Room);
        }
        let next = begun.unwrap_or(0);
        let rest = peer.allowedips.get(next..).unwrap_or_default();
        let written = allowed_ips(rest, most, w)?;
        if written == 0 && begun.is_some() {
            return Err(Full::Room);
        }
        w.end_nest(nest)?;
        self.allowed_ip = Some(next.saturating_add(written));
        Ok(written == rest.len())
    }
}

fn settings(device: &Device, w: &mut Writer<'_>) -> Result<(), Full> {
    if let Some(Hidden(key)) = &device.private_key {
        w.put(Device::PRIVATE_KEY, Hidden(key))?;
    }
    if let Some(port) = device.listen_port {
        w.put(Device::LISTEN_PORT, port)?;
    }
    if let Some(mark) = device.fwmark {
        w.put(Device::FWMARK, mark)?;
    }
    if let Some(flags) = device.flags {
        w.put(Device::FLAGS, flags)?;
    }
    unparsed(&device.unparsed, w)
}

fn peer_settings(peer: &Peer, w: &mut Writer<'_>) -> Result<(), Full> {
    if let Some(Hidden(key)) = &peer.preshared_key {
        w.put(Peer::PRESHARED_KEY, Hidden(key))?;
    }
    if let Some(endpoint) = peer.endpoint {
        w.put(Peer::ENDPOINT, endpoint)?;
    }
    if let Some(seconds) = peer.persistent_keepalive_interval {
        w.put(Peer::PERSISTENT_KEEPALIVE_INTERVAL, seconds)?;
    }
    if let Some(version) = peer.protocol_version {
        w.put(Peer::PROTOCOL_VERSION, version)?;
    }
    unparsed(&peer.unparsed, w)
}

/// Writes as many as fit, and tells how many.
fn allowed_ips(ips: &[AllowedIp], most: usize, w: &mut Writer<'_>) -> Result<usize, Full> {
    let nest = match w.begin_nest(Peer::ALLOWEDIPS.id() | Attr::NESTED) {
        Ok(nest) if !ips.is_empty() => nest,
        Ok(nest) => {
            w.cancel(nest);
            return Ok(0);
        }
        Err(_) => return Ok(0),
    };
    let mut written = 0_usize;
    for ip in ips {
        let here = w.position();
        match w.nest_attr(Attr::NESTED, |w| allowed_ip(ip, w)) {
            Ok(()) if w.len() <= most => written = written.saturating_add(1),
            Ok(()) => {
                w.cancel(here);
                break;
            }
            Err(Full::Room) => break,
            Err(full) => return Err(full),
        }
    }
    w.end_nest(nest)?;
    Ok(written)
}

fn allowed_ip(ip: &AllowedIp, w: &mut Writer<'_>) -> Result<(), Full> {
    if let Some(family) = ip.family {
        w.put(AllowedIp::FAMILY, family)?;
    }
    if let Some(address) = ip.ipaddr {
        w.put(AllowedIp::IPADDR, address)?;
    }
    if let Some(mask) = ip.cidr_mask {
        w.put(AllowedIp::CIDR_MASK, mask)?;
    }
    if let Some(flags) = ip.flags {
        w.put(AllowedIp::FLAGS, flags)?;
    }
    unparsed(&ip.unparsed, w)
}

fn unparsed(attrs: &[Unparsed], w: &mut Writer<'_>) -> Result<(), Full> {
    attrs.iter().filter(|attr| attr.is_unknown()).try_for_each(|attr| w.put_attr(attr.raw_type, &attr.payload))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use netloom_families::wireguard::DeviceFlags;
    use netloom_wire::{Attrs, Body, Message, RawAttrs, Why};

    use super::super::merge;
    use super::*;

    fn ip(n: u32) -> AllowedIp {
        let (family, address, mask) = match n % 3 {
            0 => (10_u16, IpAddr::V6(Ipv6Addr::from_bits(n.into())), 128_u8),
            _ => (2, IpAddr::V4(Ipv4Addr::from_bits(n)), 32),
        };
        AllowedIp::new().family(family).ipaddr(address).cidr_mask(mask)
    }

    fn peer(key: u8, ips: u32) -> Peer {
        let ips: Vec<_> = (0..ips).map(ip).collect();
        Peer::new()
            .public_key([key; 32])
            .preshared_key([key; 32])
            .endpoint("[2001:db8::1]:51820".parse::<std::net::SocketAddr>().unwrap())
            .persistent_keepalive_interval(25)
            .flags(PeerFlags::REPLACE_ALLOWEDIPS)
            .allowedips(ips)
    }

    fn device(peers: impl IntoIterator<Item = Peer>) -> Device {
        let peers: Vec<_> = peers.into_iter().collect();
        Device::new()
            .ifname("wg0")
            .private_key([9; 32])
            .listen_port(51820)
            .fwmark(1)
            .flags(DeviceFlags::REPLACE_PEERS)
            .peers(peers)
    }

    /// The messages' attributes; an error if one has no room for anything.
    fn split(change: &Device, room: usize) -> Result<Vec<Vec<u8>>, Full> {
        let (mut split, mut messages) = (Split::new(change), Vec::new());
        let mut buf = vec![0; room];
        while !split.is_done() {
            let mut w = Writer::new(&mut buf);
            split.write(&mut w)?;
            messages.push(w.written().to_vec());
        }
        Ok(messages)
    }

    fn read(message: &[u8]) -> Device {
        Device::decode(Body { header: (), attrs: RawAttrs::new(message) }, &mut ())
    }

    #[test]
    fn any_room_carries_all_of_it_once() {
        let change = device([peer(1, 0), peer(2, 1), peer(3, 40), peer(3, 2), peer(4, 7)]);
        let whole = merge([change.clone()]);
        let mut messages_before = usize::MAX;
        for room in (0..3_000).step_by(4) {
            let Ok(messages) = split(&change, room) else {
                assert!(room < 256, "{room} bytes hold a peer with its settings");
                continue;
            };
            assert_eq!(merge(messages.iter().map(|message| read(message))), whole, "{room}");
            assert!(messages.len() <= messages_before, "more room, no more messages");
            messages_before = messages.len();
        }
        assert_eq!(messages_before, 1);
    }

    #[test]
    fn settings_are_in_the_first_piece_only() {
        let messages = split(&device([peer(1, 1_000), peer(2, 1)]), 4096 - 20).unwrap();
        let parts: Vec<_> = messages.iter().map(|message| read(message)).collect();
        assert!(parts.len() > 5, "{}", parts.len());
        for (n, part) in parts.iter().enumerate() {
            let first = n == 0;
            assert_eq!(part.ifname.as_deref(), Some("wg0"));
            let settings = [part.private_key.is_some(), part.listen_port.is_some(), part.fwmark.is_some()];
            assert_eq!((settings, part.flags.is_some()), ([first; 3], first), "part {n}");
            let piece = &part.peers[0];
            assert_eq!(piece.public_key, Some([1; 32]));
            let settings = [piece.preshared_key.is_some(), piece.endpoint.is_some(), piece.flags.is_some()];
            assert_eq!((settings, piece.persistent_keepalive_interval.is_some()), ([first; 3], first), "part {n}");
            assert!(messages[n].len() <= 4096 - 20);
            assert!(n + 1 == parts.len() || messages[n].len() > 4096 - 20 - 48, "part {n} is full");
        }
        assert_eq!(parts.last().unwrap().peers.len(), 2, "what follows the long peer is on its last message");
    }

    #[test]
    fn what_must_not_make_a_peer_says_so_in_every_piece() {
        for flag in [PeerFlags::REMOVE_ME, PeerFlags::UPDATE_ONLY] {
            let change = device([peer(1, 100).flags(flag | PeerFlags::REPLACE_ALLOWEDIPS)]);
            let flags: Vec<_> = split(&change, 1_000).unwrap().iter().map(|m| read(m).peers[0].flags).collect();
            assert!(flags.len() > 2);
            assert_eq!(flags[0], Some(flag | PeerFlags::REPLACE_ALLOWEDIPS));
            assert!(flags[1..].iter().all(|seen| *seen == Some(flag)), "{flags:?}");
        }
    }

    #[test]
    fn a_list_of_peers_is_no_longer_than_an_attribute() {
        let change = device((0..200).flat_map(|key| [peer(key, 9), peer(key, 0)]));
        let messages = split(&change, 1 << 20).unwrap();
        assert!(messages.len() > 1);
        assert_eq!(merge(messages.iter().map(|message| read(message))), merge([change]));
    }

    #[test]
    fn changes_without_peers_are_one_message() {
        for change in [device([]), Device::new().ifindex(7), Device::new()] {
            let messages = split(&change, 4096).unwrap();
            assert_eq!(messages.iter().map(|message| read(message)).collect::<Vec<_>>(), [change]);
        }
    }

    #[test]
    fn what_is_only_told_is_left_out_and_what_is_unknown_goes_along() {
        let told = Peer::new().public_key([1; 32]).rx_bytes(1_u64).tx_bytes(2_u64);
        let mut change = Device::new().ifname("wg0").public_key([2; 32]).peers([told]);
        change.unparsed.push(Unparsed { raw_type: 99, payload: vec![7; 5], ..Default::default() });
        change.unparsed.push(Unparsed { raw_type: 6, payload: vec![7], why: Why::Bad });
        let messages = split(&change, 4096).unwrap();
        let attrs: Attrs<'_, Device> = Attrs::new(&messages[0]);
        assert_eq!(attrs.raw().into_iter().map(Attr::id).collect::<Vec<_>>(), [2, 99, 8]);
        assert_eq!(read(&messages[0]).peers, [Peer::new().public_key([1; 32])]);
    }
}
