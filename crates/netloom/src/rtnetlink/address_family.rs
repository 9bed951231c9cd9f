//! Address families.

use std::fmt;
use std::net::IpAddr;

/// An address family as the headers of rtnetlink have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AddressFamily(
    /// The number.
    pub u8,
);

impl AddressFamily {
    /// None in particular: all.
    #[doc(alias = "AF_UNSPEC")]
    pub const UNSPEC: Self = Self(0);
    /// IPv4.
    #[doc(alias = "AF_INET")]
    pub const INET: Self = Self(2);
    /// Forwarding tables of bridges and tunnels.
    #[doc(alias = "AF_BRIDGE")]
    pub const BRIDGE: Self = Self(7);
    /// IPv6.
    #[doc(alias = "AF_INET6")]
    pub const INET6: Self = Self(10);
    /// MPLS.
    #[doc(alias = "AF_MPLS")]
    pub const MPLS: Self = Self(28);

    /// That of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::INET,
            IpAddr::V6(_) => Self::INET6,
        }
    }
}

impl fmt::Display for AddressFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UNSPEC => f.write_str("unspec"),
            Self::INET => f.write_str("inet"),
            Self::INET6 => f.write_str("inet6"),
            Self::BRIDGE => f.write_str("bridge"),
            Self::MPLS => f.write_str("mpls"),
            Self(number) => write!(f, "family {number}"),
        }
    }
}
