//! What a data plane tells the device, and a stand-in for one.

use std::net::IpAddr;
use std::time::Duration;

use super::device::Device;
use super::keys::PublicKey;
use super::prefix::Prefix;

/// Bytes of a handshake initiation, of its response, and of a data message without data: `struct message_*` in
/// `drivers/net/wireguard/messages.h`.
const INITIATION: u64 = 148;
const RESPONSE: u64 = 92;
const KEEPALIVE: u64 = 32;

/// How old a session gets before there is a new handshake: `REKEY_AFTER_TIME`.
const REKEY_AFTER: Duration = Duration::from_secs(120);

impl Device {
    /// The peer that packets to or from `address` belong to, with the prefix that decided it: the longest one.
    pub fn route(&self, address: IpAddr) -> Option<(&PublicKey, Prefix)> {
        let (owner, prefix) = self.allowed_ips.lookup(address)?;
        Some((self.peers.get(owner)?.public_key(), prefix))
    }

    /// Takes down that a handshake with a peer was completed `at` a time since the Unix epoch; false when there is no
    /// such peer.
    pub fn record_handshake(&mut self, peer: &PublicKey, at: Duration) -> bool {
        let Some(peer) = self.find(peer).and_then(|index| self.peers.get_mut(index)) else { return false };
        peer.latest_handshake = at;
        true
    }

    /// Adds bytes received from and sent to a peer; false when there is no such peer.
    pub fn record_traffic(&mut self, peer: &PublicKey, received: u64, sent: u64) -> bool {
        let Some(peer) = self.find(peer).and_then(|index| self.peers.get_mut(index)) else { return false };
        peer.rx_bytes = peer.rx_bytes.wrapping_add(received);
        peer.tx_bytes = peer.tx_bytes.wrapping_add(sent);
        true
    }

    /// Lets a stand-in data plane act once, at `now` since the Unix epoch.
    ///
    /// This is no tunnel: nothing is sent, and no peer needs to exist. While the interface is up and has a private key, each
    /// peer with an endpoint behaves as if it answered: a handshake when the last one is two minutes old, then a
    /// keepalive in both directions, counted in the bytes that the real messages have. It never happens by itself; it
    /// is for programs under test that want to see statistics move.
    pub fn tick(&mut self, now: Duration) {
        if !self.is_up() || self.public_key().is_none() {
            return;
        }
        let mut next = self.order.first();
        while let Some(peer) = next.and_then(|index| self.peers.get_mut(index)) {
            next = super::list::Linked::links(peer).next();
            if peer.endpoint.is_none() {
                continue;
            }
            let (mut received, mut sent) = (KEEPALIVE, KEEPALIVE);
            let never = peer.latest_handshake == Duration::ZERO;
            if never || now.saturating_sub(peer.latest_handshake) >= REKEY_AFTER {
                peer.latest_handshake = now;
                sent += INITIATION;
                received += RESPONSE;
            }
            peer.rx_bytes = peer.rx_bytes.wrapping_add(received);
            peer.tx_bytes = peer.tx_bytes.wrapping_add(sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::super::*;
    use super::*;

    fn statistics(device: &Device) -> Vec<(u64, u64, u64)> {
        device.peers().map(|(_, peer)| (peer.latest_handshake().as_secs(), peer.rx_bytes(), peer.tx_bytes())).collect()
    }

    #[test]
    fn only_a_peer_that_could_be_reached_moves() {
        let mut device = Device::new(Ports::new());
        let reachable = PeerChange {
            endpoint: Some(SocketAddr::from(([192, 0, 2, 1], 1)).into()),
            ..PeerChange::new(PublicKey([1; 32]))
        };
        device.apply_peer(&reachable, []).unwrap();
        device.apply_peer(&PeerChange::new(PublicKey([2; 32])), []).unwrap();

        let at = Duration::from_secs;
        device.tick(at(1000));
        assert_eq!(statistics(&device), [(0, 0, 0); 2], "down and without a key");
        device.up().unwrap();
        device.tick(at(1000));
        assert_eq!(statistics(&device), [(0, 0, 0); 2], "without a key");
        device.apply(&DeviceChange { private_key: Some([9; 32].into()), ..DeviceChange::default() }).unwrap();
        device.tick(at(1000));
        assert_eq!(statistics(&device), [(1000, 124, 180), (0, 0, 0)]);
        device.tick(at(1119));
        assert_eq!(statistics(&device)[0], (1000, 156, 212), "the session is young enough");
        device.tick(at(1120));
        assert_eq!(statistics(&device)[0], (1120, 280, 392));
        device.tick(at(900));
        assert_eq!(statistics(&device)[0], (1120, 312, 424), "a clock set back");
        device.down();
        device.tick(at(5000));
        assert_eq!(statistics(&device)[0], (1120, 312, 424));
    }

    #[test]
    fn reports_reach_the_peer_they_name() {
        let mut device = Device::new(Ports::new());
        let (here, gone) = (PublicKey([1; 32]), PublicKey([2; 32]));
        device.apply_peer(&PeerChange::new(here), []).unwrap();
        assert!(device.record_handshake(&here, Duration::from_secs(7)));
        assert!(device.record_traffic(&here, 3, u64::MAX) && device.record_traffic(&here, 3, 2));
        assert!(!device.record_handshake(&gone, Duration::ZERO) && !device.record_traffic(&gone, 1, 1));
        assert_eq!(statistics(&device), [(7, 6, 1)]);
    }
}
