//! Addresses with the length of their prefix.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use netloom_wire::Errno;

use super::AddressFamily;
use crate::Error;
use crate::error::Cause;

/// An address and the length of its prefix in bits: `192.0.2.1/24`.
///
/// It becomes what the families have: an [`Address`](crate::families::rt_addr::Address) of an interface, or a
/// [`Route`](crate::families::rt_route::Route) to it.
///
/// ```
/// use netloom::rtnetlink::Prefix;
/// let prefix: Prefix = "2001:db8::1/64".parse()?;
/// assert_eq!((prefix.len, prefix.network().to_string()), (64, "2001:db8::/64".to_owned()));
/// assert_eq!("192.0.2.1".parse::<Prefix>()?.len, 32);
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The address; bits behind the prefix may be set.
    pub address: IpAddr,
    /// The length of the prefix in bits.
    pub len: u8,
}

impl Prefix {
    /// Every IPv4 address: what the default route is for.
    pub const DEFAULT_V4: Self = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), len: 0 };
    /// Every IPv6 address: what the default route is for.
    pub const DEFAULT_V6: Self = Self { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), len: 0 };

    /// `address` with a prefix of `len` bits. The kernel refuses lengths over 32 or 128.
    pub fn new(address: impl Into<IpAddr>, len: u8) -> Self {
        Self { address: address.into(), len }
    }

    /// One address alone.
    pub fn host(address: impl Into<IpAddr>) -> Self {
        let address = address.into();
        Self { address, len: Self::bits(address) }
    }

    /// The same without the bits behind the prefix.
    pub fn network(self) -> Self {
        let behind = u32::from(Self::bits(self.address).saturating_sub(self.len));
        let address = match self.address {
            IpAddr::V4(ip) => IpAddr::V4((ip.to_bits() & u32::MAX.checked_shl(behind).unwrap_or(0)).into()),
            IpAddr::V6(ip) => IpAddr::V6((ip.to_bits() & u128::MAX.checked_shl(behind).unwrap_or(0)).into()),
        };
        Self { address, ..self }
    }

    /// The family of the address.
    pub const fn family(self) -> AddressFamily {
        AddressFamily::of(self.address)
    }

    /// Whether `address` lies in the prefix.
    pub fn contains(self, address: impl Into<IpAddr>) -> bool {
        let address = address.into();
        AddressFamily::of(address) == self.family() && Self { address, ..self }.network() == self.network()
    }

    /// Bits of an address of this family.
    pub(super) const fn bits(address: IpAddr) -> u8 {
        match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        }
    }
}

impl From<IpAddr> for Prefix {
    /// The address alone.
    fn from(address: IpAddr) -> Self {
        Self::host(address)
    }
}
impl From<Ipv4Addr> for Prefix {
    /// The address alone.
    fn from(address: Ipv4Addr) -> Self {
        Self::host(address)
    }
}
impl From<Ipv6Addr> for Prefix {
    /// The address alone.
    fn from(address: Ipv6Addr) -> Self {
        Self::host(address)
    }
}
impl<A: Into<IpAddr>> From<(A, u8)> for Prefix {
    fn from((address, len): (A, u8)) -> Self {
        Self::new(address, len)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.len)
    }
}

impl FromStr for Prefix {
    type Err = Error;

    /// `192.0.2.0/24`, or an address alone; `default` is [`Prefix::DEFAULT_V4`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let parse = || {
            let (address, len) = match text.split_once('/') {
                Some((address, len)) => (address, Some(len)),
                None => (text, None),
            };
            let address: IpAddr = address.parse().ok()?;
            let most = Self::bits(address);
            let len = match len {
                Some(len) => len.parse().ok().filter(|len| *len <= most && text.bytes().all(|c| c != b'+'))?,
                None => most,
            };
            Some(Self { address, len })
        };
        if text == "default" {
            return Ok(Self::DEFAULT_V4);
        }
        parse().ok_or_else(|| {
            let what = format!("{text:?} is no prefix; write one like 192.0.2.0/24 or 2001:db8::/32");
            Error::new("", Cause::Argument(what, Errno::EINVAL))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        // prefix, its network, an address in it, one outside
        for (text, network, inside, outside) in [
            ("192.0.2.77/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.77", "192.0.2.77/32", "192.0.2.77", "192.0.2.76"),
            ("0.0.0.0/0", "0.0.0.0/0", "255.255.255.255", "::"),
            ("2001:db8::1/33", "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"),
            ("::1", "::1/128", "::1", "127.0.0.1"),
            ("default", "0.0.0.0/0", "10.0.0.1", "::1"),
        ] {
            let prefix: Prefix = text.parse().unwrap();
            assert_eq!(prefix.network().to_string(), network);
            assert!(prefix.contains(inside.parse::<IpAddr>().unwrap()), "{text} {inside}");
            assert!(!prefix.contains(outside.parse::<IpAddr>().unwrap()), "{text} {outside}");
        }
        for text in ["", "192.0.2.0/33", "::/129", "192.0.2/24", "192.0.2.0/+4", "192.0.2.0/", "eth0", "::/-1"] {
            assert!(text.parse::<Prefix>().unwrap_err().to_string().contains("is no prefix"), "{text}");
        }
        // Longer than an address can be: refused by the kernel, and no panic here.
        assert_eq!(Prefix::new(Ipv4Addr::new(192, 0, 2, 1), 200).network().to_string(), "192.0.2.1/200");
    }
}
