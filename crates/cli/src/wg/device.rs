//! What a WireGuard interface is, with nothing of netlink in it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{Key, endpoint};

/// An interface as the kernel, or a userspace implementation, describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Interface name.
    pub name: String,
    /// Private key, if one is set and the reader may see it.
    pub private_key: Option<Key>,
    /// Public key, if the other side told one.
    pub public_key: Option<Key>,
    /// UDP port, 0 if none was chosen.
    pub listen_port: u16,
    /// Firewall mark of outgoing packets, 0 for none.
    pub fwmark: u32,
    /// Peers in the order in which they were told.
    pub peers: Vec<Peer>,
}

impl Device {
    /// An interface of this name with nothing set.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// A peer of a [`Device`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Public key: what names a peer.
    pub public_key: Key,
    /// Preshared key, `None` if there is none (the wire's all-zero key).
    pub preshared_key: Option<Key>,
    /// Where it was last seen or is to be found.
    pub endpoint: Option<SocketAddr>,
    /// Prefixes that are routed to it, in the order told.
    pub allowed_ips: Vec<AllowedIp>,
    /// Seconds since the epoch of the latest handshake, 0 if never.
    pub latest_handshake: i64,
    /// Bytes received from it.
    pub rx_bytes: u64,
    /// Bytes sent to it.
    pub tx_bytes: u64,
    /// Seconds between keepalives, 0 if off.
    pub persistent_keepalive: u16,
}

impl Peer {
    /// A peer of this key with nothing else set.
    pub fn new(public_key: Key) -> Self {
        Self {
            public_key,
            preshared_key: None,
            endpoint: None,
            allowed_ips: Vec::new(),
            latest_handshake: 0,
            rx_bytes: 0,
            tx_bytes: 0,
            persistent_keepalive: 0,
        }
    }
}

/// A prefix, shown as `address/cidr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AllowedIp {
    /// Address; bits beyond the prefix may be set, the kernel masks them.
    pub address: IpAddr,
    /// Length of the prefix: at most 32 for IPv4, 128 for IPv6.
    pub cidr: u8,
}

impl AllowedIp {
    /// The address alone, in the form of inet_ntop(3).
    pub fn host(&self) -> String {
        match self.address {
            // inet_ntop shows ::a.b.c.d for these, the standard library does not.
            IpAddr::V6(v6) if v6.segments().iter().take(6).all(|s| *s == 0) => {
                endpoint::numeric_host(&SocketAddr::new(self.address, 0))
            }
            address => address.to_string(),
        }
    }

    /// Whether the address has bits set beyond the prefix.
    pub fn has_host_part(&self) -> bool {
        let host = |width: u32| width.saturating_sub(u32::from(self.cidr));
        match self.address {
            IpAddr::V4(v4) => v4.to_bits().trailing_zeros() < host(32),
            IpAddr::V6(v6) => v6.to_bits().trailing_zeros() < host(128),
        }
    }
}

impl fmt::Display for AllowedIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host(), self.cidr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        for (address, cidr, text, host_part) in [
            ("10.0.0.0", 8, "10.0.0.0/8", false),
            ("10.0.0.1", 8, "10.0.0.1/8", true),
            ("10.0.0.1", 32, "10.0.0.1/32", false),
            ("0.0.0.0", 0, "0.0.0.0/0", false),
            ("128.0.0.0", 0, "128.0.0.0/0", true),
            ("2001:db8::", 32, "2001:db8::/32", false),
            ("2001:db8::1", 127, "2001:db8::1/127", true),
            ("::", 0, "::/0", false),
            ("::1", 128, "::1/128", false),
            ("::192.0.2.1", 128, "::192.0.2.1/128", false),
            ("::ffff:192.0.2.1", 128, "::ffff:192.0.2.1/128", false),
        ] {
            let ip = AllowedIp { address: address.parse().unwrap(), cidr };
            assert_eq!(ip.to_string(), text);
            assert_eq!(ip.has_host_part(), host_part, "{text}");
        }
    }
}
