//! What a SET_DEVICE asks for, and why a part of it may be refused.

use std::fmt;

use super::endpoint::Endpoint;
use super::keys::{PresharedKey, PrivateKey, PublicKey};
use super::prefix::Prefix;

/// What is to change about the interface itself. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceChange {
    /// The mark on outgoing packets, 0 for none.
    pub fwmark: Option<u32>,
    /// The UDP port, 0 for a random one.
    pub listen_port: Option<u16>,
    /// Whether all peers go before those of this change come (`WGDEVICE_F_REPLACE_PEERS`).
    pub replace_peers: bool,
    /// The private key, all zero to have none.
    pub private_key: Option<PrivateKey>,
}

/// What is to change about one peer. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerChange {
    /// Which peer: a change without it is refused.
    pub public_key: Option<PublicKey>,
    /// The version of the protocol to speak: 1 is the only one.
    pub protocol_version: Option<u32>,
    /// Whether the peer goes (`WGPEER_F_REMOVE_ME`); all else is ignored then.
    pub remove: bool,
    /// Whether a peer that does not exist stays so (`WGPEER_F_UPDATE_ONLY`).
    pub update_only: bool,
    /// Whether all allowed IPs go before those of this change come (`WGPEER_F_REPLACE_ALLOWEDIPS`).
    pub replace_allowed_ips: bool,
    /// The preshared key, all zero to have none.
    pub preshared_key: Option<PresharedKey>,
    /// Where the peer is reached.
    pub endpoint: Option<Endpoint>,
    /// Seconds between keepalives, 0 to send none.
    pub persistent_keepalive: Option<u16>,
}

impl PeerChange {
    /// A change of the peer with this key that changes nothing yet.
    pub fn new(public_key: PublicKey) -> Self {
        Self { public_key: Some(public_key), ..Self::default() }
    }
}

/// What is to happen to one allowed IP of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllowedIpChange {
    /// The prefix.
    pub prefix: Prefix,
    /// Whether it goes (`WGALLOWEDIP_F_REMOVE_ME`) or comes.
    pub remove: bool,
}

impl AllowedIpChange {
    /// Reads the parts of an allowed IP as a message brings them: address family (2 or 10), address (4 or 16 bytes in
    /// network order), length in bits, and whether the prefix goes.
    ///
    /// # Errors
    ///
    /// [`Refusal::AllowedIp`] when a part is missing or they do not fit together.
    pub fn from_parts(
        family: Option<u16>,
        address: Option<&[u8]>,
        length: Option<u8>,
        remove: bool,
    ) -> Result<Self, Refusal> {
        // drivers/net/wireguard/netlink.c: set_allowedip
        let (Some(family), Some(address), Some(length)) = (family, address, length) else {
            return Err(Refusal::AllowedIp);
        };
        let prefix = Prefix::from_parts(family, address, length).ok_or(Refusal::AllowedIp)?;
        Ok(Self { prefix, remove })
    }
}

/// Why a change was refused. What came before the refused part stays applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A peer without a public key: EINVAL.
    MissingPublicKey,
    /// A protocol version other than 1: EPFNOSUPPORT.
    ProtocolVersion,
    /// An allowed IP of which a part is missing or does not fit: EINVAL.
    AllowedIp,
    /// An allowed IP whose address is not even as long as an IPv4 one, where that is judged first (before Linux 7.2):
    /// ERANGE.
    ShortAddress,
    /// As many peers as an interface can have, 2^20: ENOMEM.
    TooManyPeers,
    /// More allowed IPs than 32 bits can count: ENOMEM.
    TooManyAllowedIps,
    /// A port that another interface listens on: EADDRINUSE.
    PortInUse,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingPublicKey => "a peer has no public key: name each peer by one",
            Self::ProtocolVersion => "the protocol version is not 1: leave it out or say 1",
            Self::AllowedIp => "an allowed IP needs a family, an address of its length and a prefix length within it",
            Self::ShortAddress => "an address of an allowed IP has 4 bytes, or 16",
            Self::TooManyPeers => "the interface has 1048576 peers, as many as it can: remove some first",
            Self::TooManyAllowedIps => "the interface has as many allowed IPs as it can: remove some first",
            Self::PortInUse => "another interface that is up listens on this port: choose another, or 0 for a free one",
        })
    }
}

impl std::error::Error for Refusal {}
