//! What `set`, `setconf`, `addconf` and `syncconf` ask of an interface.

use std::net::SocketAddr;

use super::{AllowedIp, Device, Key};

/// A change of an interface: what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Drop every peer first (WGDEVICE_F_REPLACE_PEERS).
    pub replace_peers: bool,
    /// Private key to set; [`Key::ZERO`] removes it.
    pub private_key: Option<Key>,
    /// UDP port; 0 lets the system choose.
    pub listen_port: Option<u16>,
    /// Firewall mark; 0 switches it off.
    pub fwmark: Option<u32>,
    /// Peers to change, in order.
    pub peers: Vec<PeerChange>,
}

/// A change of one peer, which is created unless it exists or is to be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerChange {
    /// Which peer.
    pub public_key: Key,
    /// Remove it (WGPEER_F_REMOVE_ME); the rest is then without effect.
    pub remove: bool,
    /// Drop its allowed IPs first (WGPEER_F_REPLACE_ALLOWEDIPS).
    pub replace_allowed_ips: bool,
    /// Preshared key; [`Key::ZERO`] removes it.
    pub preshared_key: Option<Key>,
    /// Where to send to.
    pub endpoint: Option<SocketAddr>,
    /// Seconds between keepalives; 0 switches them off.
    pub persistent_keepalive: Option<u16>,
    /// Allowed IPs to add or remove, in order.
    pub allowed_ips: Vec<AllowedIpChange>,
}

impl PeerChange {
    /// A change of this peer that asks for nothing but that it exist.
    pub fn new(public_key: Key) -> Self {
        Self {
            public_key,
            remove: false,
            replace_allowed_ips: false,
            preshared_key: None,
            endpoint: None,
            persistent_keepalive: None,
            allowed_ips: Vec::new(),
        }
    }
}

/// An allowed IP to add to a peer, or to take from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedIpChange {
    /// Which prefix.
    pub allowed_ip: AllowedIp,
    /// Take it away instead of adding it (WGALLOWEDIP_F_REMOVE_ME).
    pub remove: bool,
}

impl Change {
    /// Turns a whole configuration into the smallest change that makes `device` equal to it
    /// without dropping the sessions of peers that stay: `wg syncconf`.
    ///
    /// Without peers in the configuration it is left as it is, which drops them all.
    pub fn sync_with(mut self, device: &Device) -> Self {
        if self.peers.is_empty() {
            return self;
        }
        self.replace_peers = false;
        let mut wanted: Vec<Key> = self.peers.iter().map(|p| p.public_key).collect();
        wanted.sort_unstable();

        let mut present: Vec<_> = device.peers.iter().collect();
        present.sort_unstable_by_key(|p| p.public_key);
        for change in &mut self.peers {
            let Ok(at) = present.binary_search_by_key(&change.public_key, |p| p.public_key) else {
                continue;
            };
            let Some(peer) = present.get(at) else {
                continue;
            };
            if peer.preshared_key.is_some() {
                change.preshared_key.get_or_insert(Key::ZERO);
            }
            if peer.persistent_keepalive != 0 {
                change.persistent_keepalive.get_or_insert(0);
            }
        }

        // wg(8) puts each removal in front of the last, which leaves them in falling order.
        let gone = present.iter().rev().filter(|p| wanted.binary_search(&p.public_key).is_err());
        let removals: Vec<_> = gone.map(|p| PeerChange { remove: true, ..PeerChange::new(p.public_key) }).collect();
        self.peers.splice(0..0, removals);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::Peer;
    use super::*;

    fn key(n: u8) -> Key {
        Key::new([n; 32])
    }

    fn device() -> Device {
        let mut device = Device::new("wg0");
        for n in 1..=4 {
            device.peers.push(Peer {
                preshared_key: (n == 2).then_some(key(9)),
                persistent_keepalive: if n == 2 { 25 } else { 0 },
                ..Peer::new(key(n))
            });
        }
        device
    }

    fn config(peers: &[u8]) -> Change {
        Change {
            replace_peers: true,
            peers: peers.iter().map(|n| PeerChange::new(key(*n))).collect(),
            ..Change::default()
        }
    }

    #[test]
    fn peers_that_are_not_in_the_file_go_and_the_rest_stays() {
        let change = config(&[3, 7]).sync_with(&device());
        assert!(!change.replace_peers);
        let seen: Vec<_> = change.peers.iter().map(|p| (p.public_key.as_bytes()[0], p.remove)).collect();
        assert_eq!(seen, [(4, true), (2, true), (1, true), (3, false), (7, false)]);
    }

    #[test]
    fn what_vanished_from_the_file_is_switched_off() {
        let change = config(&[1, 2, 3, 4]).sync_with(&device());
        let settings: Vec<_> = change.peers.iter().map(|p| (p.preshared_key, p.persistent_keepalive)).collect();
        let none = (None, None);
        assert_eq!(settings, [none, (Some(Key::ZERO), Some(0)), none, none]);

        let mut kept = config(&[2]);
        kept.peers[0].preshared_key = Some(key(5));
        kept.peers[0].persistent_keepalive = Some(7);
        let change = kept.sync_with(&device());
        let last = change.peers.last().unwrap();
        assert_eq!((last.preshared_key, last.persistent_keepalive), (Some(key(5)), Some(7)));
    }

    #[test]
    fn a_file_without_peers_replaces_them_all() {
        assert_eq!(config(&[]).sync_with(&device()), config(&[]));
    }
}
