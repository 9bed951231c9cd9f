//! One peer of an interface.

use std::time::Duration;

use super::arena::Index;
use super::endpoint::Endpoint;
use super::keys::{PresharedKey, PublicKey};
use super::list::{Linked, Links};

/// A peer, for as long as it exists: its name in a dump that goes on later. A peer removed and added again, or another
/// one that took its place in memory, has a different id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerId {
    pub(crate) index: Index,
    pub(crate) serial: u64,
}

/// What an interface knows of a peer. Its allowed IPs are the device's: [`Device::allowed_ips`](super::Device::allowed_ips).
#[derive(Debug)]
pub struct Peer {
    public_key: PublicKey,
    pub(crate) preshared_key: PresharedKey,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) persistent_keepalive: u16,
    pub(crate) latest_handshake: Duration,
    pub(crate) rx_bytes: u64,
    pub(crate) tx_bytes: u64,
    pub(crate) serial: u64,
    links: Links,
}

impl Peer {
    pub(crate) fn new(public_key: PublicKey, serial: u64) -> Self {
        Self {
            public_key,
            preshared_key: PresharedKey::NONE,
            endpoint: None,
            persistent_keepalive: 0,
            latest_handshake: Duration::ZERO,
            rx_bytes: 0,
            tx_bytes: 0,
            serial,
            links: Links::default(),
        }
    }

    /// The key that names the peer.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The preshared key, all zero when there is none.
    pub const fn preshared_key(&self) -> &PresharedKey {
        &self.preshared_key
    }

    /// Where the peer is reached, if that is known.
    pub const fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// Seconds between keepalives; 0 when they are off.
    pub const fn persistent_keepalive(&self) -> u16 {
        self.persistent_keepalive
    }

    /// When the latest handshake was completed, since the Unix epoch; zero before the first one.
    pub const fn latest_handshake(&self) -> Duration {
        self.latest_handshake
    }

    /// Bytes received from the peer.
    pub const fn rx_bytes(&self) -> u64 {
        self.rx_bytes
    }

    /// Bytes sent to the peer.
    pub const fn tx_bytes(&self) -> u64 {
        self.tx_bytes
    }
}

impl Linked for Peer {
    fn links(&self) -> &Links {
        &self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}
