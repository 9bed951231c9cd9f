//! An interface: identity, port, peers in the order of their creation, and their allowed IPs.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::allowed_ips::{AllowedIpPosition, AllowedIpWalk, AllowedIps};
use super::arena::{Arena, Index};
use super::change::{AllowedIpChange, DeviceChange, PeerChange, Refusal};
use super::keys::{PresharedKey, PrivateKey, PublicKey};
use super::list::{List, Walk};
use super::peer::{Peer, PeerId};
use super::port::{Binding, Ports};

/// How many peers an interface can have: `MAX_PEERS_PER_DEVICE` in `drivers/net/wireguard/device.h`.
pub const MAX_PEERS: usize = 1 << 20;

/// The protocol version that there is.
const PROTOCOL_VERSION: u32 = 1;

/// A WireGuard interface.
///
/// ```
/// use netloom_modules::wireguard::{AllowedIpChange, Device, DeviceChange, PeerChange, Ports, Prefix, PublicKey};
///
/// let mut device = Device::new(Ports::new());
/// device.apply(&DeviceChange { listen_port: Some(51820), ..DeviceChange::default() })?;
/// let office = Prefix::new("10.1.0.0".parse()?, 16).unwrap();
/// let peer = PeerChange::new(PublicKey([1; 32]));
/// device.apply_peer(&peer, [Ok(AllowedIpChange { prefix: office, remove: false })])?;
///
/// let (id, peer) = device.peers().next().unwrap();
/// assert_eq!(peer.public_key(), &PublicKey([1; 32]));
/// assert_eq!(device.allowed_ips(id).map(|(_, prefix)| prefix).collect::<Vec<_>>(), [office]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Device {
    pub(crate) peers: Arena<Peer>,
    pub(crate) order: List,
    pub(crate) allowed_ips: AllowedIps,
    by_key: HashTable<Index>,
    hasher: RandomState,
    peer_limit: usize,
    next_serial: u64,
    /// Kept clamped, and kept (as the clamped zero key) when there is no identity: a key equal to it changes nothing.
    private_key: PrivateKey,
    public_key: Option<PublicKey>,
    fwmark: u32,
    listen_port: u16,
    generation: u32,
    ports: Ports,
    /// There is one while the interface is up.
    binding: Option<Binding>,
}

impl Device {
    /// An interface that is down and has no key, port or peers, among those that share `ports`.
    pub fn new(ports: Ports) -> Self {
        Self {
            peers: Arena::new(),
            order: List::default(),
            allowed_ips: AllowedIps::new(),
            by_key: HashTable::new(),
            hasher: RandomState::new(),
            peer_limit: MAX_PEERS,
            next_serial: 0,
            private_key: PrivateKey::from([0; 32]),
            public_key: None,
            fwmark: 0,
            listen_port: 0,
            generation: 0,
            ports,
            binding: None,
        }
    }

    /// Starts a change: counts it, and applies all of it but the peers, which follow one by one through
    /// [`Device::apply_peer`]. An empty change counts too.
    ///
    /// Whether the caller may set a port or a mark is the caller's to judge, before this.
    ///
    /// # Errors
    ///
    /// [`Refusal::PortInUse`]. The mark is set by then; the rest is not.
    // drivers/net/wireguard/netlink.c: wg_set_device
    pub fn apply(&mut self, change: &DeviceChange) -> Result<(), Refusal> {
        self.generation = self.generation.wrapping_add(1);
        if let Some(fwmark) = change.fwmark {
            self.fwmark = fwmark;
        }
        if let Some(port) = change.listen_port {
            self.set_listen_port(port)?;
        }
        if change.replace_peers {
            self.remove_peers();
        }
        if let Some(key) = &change.private_key {
            self.set_private_key(key);
        }
        Ok(())
    }

    /// Adds, changes or removes one peer.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], also one that `allowed_ips` yields when it is reached. What came before it stays applied, a new
    /// peer among it.
    // drivers/net/wireguard/netlink.c: set_peer
    pub fn apply_peer(
        &mut self,
        change: &PeerChange,
        allowed_ips: impl IntoIterator<Item = Result<AllowedIpChange, Refusal>>,
    ) -> Result<(), Refusal> {
        let public_key = change.public_key.ok_or(Refusal::MissingPublicKey)?;
        if change.protocol_version.is_some_and(|version| version != PROTOCOL_VERSION) {
            return Err(Refusal::ProtocolVersion);
        }
        let index = match self.find(&public_key) {
            Some(index) if change.remove => {
                self.remove_peer(index);
                return Ok(());
            }
            Some(index) => index,
            None if change.remove || change.update_only => return Ok(()),
            // One configuration can be given to all of a network's machines: each passes over itself.
            None if self.public_key == Some(public_key) => return Ok(()),
            None => self.add_peer(public_key)?,
        };
        let Some(peer) = self.peers.get_mut(index) else { return Ok(()) };
        if let Some(key) = &change.preshared_key {
            peer.preshared_key = key.clone();
        }
        if let Some(endpoint) = change.endpoint {
            peer.endpoint = Some(endpoint);
        }
        if change.replace_allowed_ips {
            self.allowed_ips.remove_owner(index);
        }
        for change in allowed_ips {
            let AllowedIpChange { prefix, remove } = change?;
            if remove {
                self.allowed_ips.remove(&prefix, index);
            } else if !self.allowed_ips.insert(prefix, index) {
                return Err(Refusal::TooManyAllowedIps);
            }
        }
        if let Some((seconds, peer)) = change.persistent_keepalive.zip(self.peers.get_mut(index)) {
            peer.persistent_keepalive = seconds;
        }
        Ok(())
    }

    /// Brings the interface up, on its port or a random one.
    ///
    /// # Errors
    ///
    /// [`Refusal::PortInUse`]; the interface stays down.
    // drivers/net/wireguard/device.c: wg_open
    pub fn up(&mut self) -> Result<(), Refusal> {
        if self.binding.is_none() {
            self.bind(self.listen_port)?;
        }
        Ok(())
    }

    /// Takes the interface down. It keeps the number of its port but no longer holds it.
    // drivers/net/wireguard/device.c: wg_stop
    pub fn down(&mut self) {
        self.binding = None;
    }

    /// Forgets all there is, keys first: the interface is gone, though a dump may still hold it.
    // drivers/net/wireguard/device.c: wg_destruct
    pub fn clear(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.binding = None;
        self.listen_port = 0;
        self.fwmark = 0;
        self.private_key = PrivateKey::from([0; 32]);
        self.public_key = None;
        self.remove_peers();
    }

    /// Whether the interface is up.
    pub const fn is_up(&self) -> bool {
        self.binding.is_some()
    }

    /// The private key, clamped; `None` without an identity.
    pub fn private_key(&self) -> Option<&PrivateKey> {
        self.public_key.is_some().then_some(&self.private_key)
    }

    /// The public key; `None` without an identity.
    pub const fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// The UDP port that the interface listens on, or will when it is up; 0 for one not yet chosen.
    pub const fn listen_port(&self) -> u16 {
        self.listen_port
    }

    /// The mark on outgoing packets, 0 for none.
    pub const fn fwmark(&self) -> u32 {
        self.fwmark
    }

    /// How many changes there were: what a dump in parts compares to tell that it was torn.
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// How many peers there are.
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// How many allowed IPs all peers have together.
    pub fn allowed_ip_count(&self) -> usize {
        self.allowed_ips.len()
    }

    /// All peers, oldest first.
    pub fn peers(&self) -> PeerWalk<'_> {
        PeerWalk(Walk::from(&self.peers, self.order.first()))
    }

    /// The peers behind `peer`, oldest first; `None` when that peer is gone, for then nobody knows where it stood.
    pub fn peers_after(&self, peer: PeerId) -> Option<PeerWalk<'_>> {
        self.peer(peer)?;
        Some(PeerWalk(Walk::behind(&self.peers, peer.index)))
    }

    /// The peer of that id, if it still exists.
    pub fn peer(&self, id: PeerId) -> Option<&Peer> {
        self.peers.get(id.index).filter(|peer| peer.serial == id.serial)
    }

    /// The peer with that key.
    pub fn peer_by_key(&self, key: &PublicKey) -> Option<(PeerId, &Peer)> {
        let index = self.find(key)?;
        self.peers.get(index).map(|peer| (PeerId { index, serial: peer.serial }, peer))
    }

    /// The allowed IPs of a peer, in the order in which they came; none when the peer is gone.
    pub fn allowed_ips(&self, peer: PeerId) -> AllowedIpWalk<'_> {
        match self.peer(peer) {
            Some(_) => self.allowed_ips.of(peer.index),
            None => AllowedIpWalk::empty(&self.allowed_ips),
        }
    }

    /// The allowed IPs from a position on; `None` when any of the interface's have changed since it was taken.
    pub fn allowed_ips_from(&self, position: AllowedIpPosition) -> Option<AllowedIpWalk<'_>> {
        self.allowed_ips.resume(position)
    }

    pub(crate) fn find(&self, key: &PublicKey) -> Option<Index> {
        let same = |index: &Index| self.peers.get(*index).is_some_and(|peer| peer.public_key() == key);
        self.by_key.find(self.hasher.hash_one(key), same).copied()
    }

    // drivers/net/wireguard/netlink.c: set_port
    fn set_listen_port(&mut self, port: u16) -> Result<(), Refusal> {
        if self.listen_port == port {
            return Ok(());
        }
        if self.is_up() {
            return self.bind(port);
        }
        self.listen_port = port;
        Ok(())
    }

    /// The old port, if any, is given back only when the new one is held.
    fn bind(&mut self, port: u16) -> Result<(), Refusal> {
        let binding = self.ports.bind(port).ok_or(Refusal::PortInUse)?;
        self.listen_port = binding.port();
        self.binding = Some(binding);
        Ok(())
    }

    fn set_private_key(&mut self, key: &PrivateKey) {
        if *key == self.private_key {
            return;
        }
        let public_key = key.public_key();
        if let Some(index) = public_key.and_then(|key| self.find(&key)) {
            self.remove_peer(index);
        }
        // drivers/net/wireguard/noise.c: wg_noise_set_static_identity_private_key
        self.private_key = key.clamped();
        self.public_key = public_key;
    }

    // drivers/net/wireguard/peer.c: wg_peer_create
    fn add_peer(&mut self, key: PublicKey) -> Result<Index, Refusal> {
        if self.peers.len() >= self.peer_limit {
            return Err(Refusal::TooManyPeers);
        }
        let index = self.peers.insert(Peer::new(key, self.next_serial)).ok_or(Refusal::TooManyPeers)?;
        self.next_serial += 1;
        self.order.push_back(&mut self.peers, index);
        let (peers, hasher) = (&self.peers, &self.hasher);
        self.by_key.insert_unique(hasher.hash_one(key), index, |index| {
            peers.get(*index).map_or(0, |peer| hasher.hash_one(peer.public_key()))
        });
        Ok(index)
    }

    // drivers/net/wireguard/peer.c: wg_peer_remove
    fn remove_peer(&mut self, index: Index) {
        self.allowed_ips.remove_owner(index);
        self.order.unlink(&mut self.peers, index);
        let Some(peer) = self.peers.get_mut(index) else { return };
        // Wiped where it lies: removing moves the peer out, and leaves its bytes.
        peer.preshared_key = PresharedKey::NONE;
        if let Ok(found) = self.by_key.find_entry(self.hasher.hash_one(peer.public_key()), |other| *other == index) {
            found.remove();
        }
        self.peers.remove(index);
    }

    fn remove_peers(&mut self) {
        self.allowed_ips.clear();
        self.order = List::default();
        self.by_key = HashTable::new();
        self.peers.clear();
    }
}

/// Peers in the order of their creation.
#[derive(Debug)]
pub struct PeerWalk<'a>(Walk<'a, Peer>);

impl<'a> Iterator for PeerWalk<'a> {
    type Item = (PeerId, &'a Peer);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(index, peer)| (PeerId { index, serial: peer.serial }, peer))
    }
}

#[cfg(test)]
mod tests;
