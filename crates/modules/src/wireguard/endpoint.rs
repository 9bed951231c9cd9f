//! Where a peer is reached.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::prefix::{AF_INET, AF_INET6};

/// A peer's address and UDP port, kept as the C structure it came in, so that it goes out unchanged.
///
/// ```
/// use netloom_modules::wireguard::Endpoint;
///
/// let endpoint = Endpoint::from("192.0.2.1:51820".parse::<std::net::SocketAddr>()?);
/// assert_eq!(endpoint.as_sockaddr().len(), 16);
/// assert_eq!(Endpoint::from_sockaddr(endpoint.as_sockaddr()), Some(endpoint));
/// assert_eq!(endpoint.to_string(), "192.0.2.1:51820");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// `struct sockaddr_in`: family in the machine's byte order, port and address in the network's, 8 unused bytes.
    V4([u8; 16]),
    /// `struct sockaddr_in6`: family, port, flow information, address, scope id in the machine's byte order.
    V6([u8; 28]),
}

impl Endpoint {
    /// Reads a `struct sockaddr`; `None` unless it is a whole `sockaddr_in` or `sockaddr_in6` and says so itself.
    pub fn from_sockaddr(bytes: &[u8]) -> Option<Self> {
        // drivers/net/wireguard/netlink.c: set_peer
        let family = u16::from_ne_bytes(*bytes.first_chunk()?);
        match family {
            AF_INET => bytes.try_into().ok().map(Self::V4),
            AF_INET6 => bytes.try_into().ok().map(Self::V6),
            _ => None,
        }
    }

    /// The structure's 16 or 28 bytes.
    pub const fn as_sockaddr(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }

    /// The address, port and, with IPv6, flow information and scope.
    pub fn address(&self) -> SocketAddr {
        match *self {
            Self::V4([_, _, p, q, a, b, c, d, ..]) => {
                SocketAddr::new(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), u16::from_be_bytes([p, q]))
            }
            Self::V6([_, _, p, q, f, g, h, i, address @ .., s, t, u, v]) => SocketAddr::V6(SocketAddrV6::new(
                Ipv6Addr::from(address),
                u16::from_be_bytes([p, q]),
                u32::from_be_bytes([f, g, h, i]),
                u32::from_ne_bytes([s, t, u, v]),
            )),
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let [p, q] = address.port().to_be_bytes();
        match address {
            SocketAddr::V4(v4) => {
                let ([f, g], [a, b, c, d]) = (AF_INET.to_ne_bytes(), v4.ip().octets());
                Self::V4([f, g, p, q, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0])
            }
            SocketAddr::V6(v6) => {
                let mut bytes = [0; 28];
                let parts: [&[u8]; 5] = [
                    &AF_INET6.to_ne_bytes(),
                    &[p, q],
                    &v6.flowinfo().to_be_bytes(),
                    &v6.ip().octets(),
                    &v6.scope_id().to_ne_bytes(),
                ];
                for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
                    *to = *from;
                }
                Self::V6(bytes)
            }
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_taken_by_family_and_exact_length() {
        let v4 = Endpoint::from(SocketAddr::from(([192, 0, 2, 7], 51820)));
        let scoped = SocketAddrV6::new("fe80::1".parse().unwrap(), 1, 0x000a_bcde, 3);
        let v6 = Endpoint::from(SocketAddr::V6(scoped));
        assert_eq!(v6.address(), SocketAddr::V6(scoped), "scope and flow information survive");
        assert_eq!(v4.as_sockaddr()[2..8], [0xca, 0x6c, 192, 0, 2, 7]);

        let mut long_v4 = v4.as_sockaddr().to_vec();
        long_v4.resize(28, 0);
        let mut wrong_family = v4.as_sockaddr().to_vec();
        wrong_family[..2].copy_from_slice(&1u16.to_ne_bytes());
        for (bytes, expected) in [
            (v4.as_sockaddr(), Some(v4)),
            (v6.as_sockaddr(), Some(v6)),
            (&long_v4, None),
            (&v6.as_sockaddr()[..16], None),
            (&wrong_family, None),
            (&[2], None),
            (&[], None),
        ] {
            assert_eq!(Endpoint::from_sockaddr(bytes), expected, "{bytes:?}");
        }
    }
}
