//! Address prefixes: an allowed IP is one.

use std::fmt;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 prefix without host bits.
///
/// ```
/// use netloom_modules::wireguard::Prefix;
///
/// let prefix = Prefix::new("10.1.2.3".parse()?, 16).unwrap();
/// assert_eq!(prefix.to_string(), "10.1.0.0/16");
/// assert!(prefix.contains("10.1.255.255".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    // Four words rather than one u128: an entry that holds a prefix stays at 32 bytes. The most significant word
    // comes first; IPv4 uses that one alone.
    words: [u32; 4],
    family: Family,
    length: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Prefix {
    /// The prefix of `length` bits that `address` lies in, its host bits cleared; `None` when there are not so many
    /// bits in an address (32 or 128).
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let (words, family) = match address {
            IpAddr::V4(address) => ([address.to_bits(), 0, 0, 0], Family::V4),
            IpAddr::V6(address) => (split(address.to_bits()), Family::V6),
        };
        Self::masked(words, family, length)
    }

    /// The prefix that WireGuard's three attributes describe: an address family (2 is IPv4, 10 is IPv6), an address
    /// of 4 or 16 bytes in network order, and a length in bits. `None` when they do not fit together.
    pub fn from_parts(family: u16, address: &[u8], length: u8) -> Option<Self> {
        // drivers/net/wireguard/netlink.c: set_allowedip
        match family {
            AF_INET => Self::new(IpAddr::V4(<[u8; 4]>::try_from(address).ok()?.into()), length),
            AF_INET6 => Self::new(IpAddr::V6(<[u8; 16]>::try_from(address).ok()?.into()), length),
            _ => None,
        }
    }

    /// The lowest address.
    pub fn address(&self) -> IpAddr {
        match self.family {
            Family::V4 => Ipv4Addr::from_bits(self.words[0]).into(),
            Family::V6 => Ipv6Addr::from_bits(join(self.words)).into(),
        }
    }

    /// How many bits of the address count: 0 to 32, or 0 to 128.
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// The address family's number: 2 for IPv4, 10 for IPv6.
    pub const fn family(&self) -> u16 {
        match self.family {
            Family::V4 => AF_INET,
            Family::V6 => AF_INET6,
        }
    }

    /// Whether `address` lies in the prefix; never so for an address of the other family.
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::new(address, self.length).is_some_and(|other| other == *self)
    }

    pub(crate) const fn kind(&self) -> Family {
        self.family
    }

    /// A hash of all that tells this prefix from others: one word for IPv4, three for IPv6.
    #[inline]
    pub(crate) fn hash(&self, hasher: &impl BuildHasher) -> u64 {
        let [a, b, c, d] = self.words.map(u64::from);
        let rest = u64::from(self.length) << 8 | self.family as u64;
        match self.family {
            Family::V4 => hasher.hash_one(a << 32 | rest),
            Family::V6 => hasher.hash_one((a << 32 | b, c << 32 | d, rest)),
        }
    }

    fn masked(words: [u32; 4], family: Family, length: u8) -> Option<Self> {
        let words = match family {
            Family::V4 if length <= 32 => {
                [words[0] & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0), 0, 0, 0]
            }
            Family::V6 if length <= 128 => {
                split(join(words) & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0))
            }
            _ => return None,
        };
        Some(Self { words, family, length })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.length)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// `AF_INET` of `include/linux/socket.h`.
pub(crate) const AF_INET: u16 = 2;
/// `AF_INET6` of `include/linux/socket.h`.
pub(crate) const AF_INET6: u16 = 10;

const fn split(bits: u128) -> [u32; 4] {
    [(bits >> 96) as u32, (bits >> 64) as u32, (bits >> 32) as u32, bits as u32]
}

const fn join([a, b, c, d]: [u32; 4]) -> u128 {
    (a as u128) << 96 | (b as u128) << 64 | (c as u128) << 32 | d as u128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fit_together_or_are_refused() {
        let v6 = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff];
        for (family, address, length, expected) in [
            (2, &[10, 0, 0, 255][..], 24, Some("10.0.0.0/24")),
            (2, &[10, 0, 0, 255], 32, Some("10.0.0.255/32")),
            (2, &[10, 0, 0, 255], 0, Some("0.0.0.0/0")),
            (2, &[10, 0, 0, 255], 33, None),
            (2, &[10, 0, 0], 24, None),
            (2, &v6, 24, None),
            (10, &v6, 128, Some("fd00::ff/128")),
            (10, &v6, 121, Some("fd00::80/121")),
            (10, &v6, 0, Some("::/0")),
            (10, &v6, 129, None),
            (10, &[10, 0, 0, 255], 24, None),
            (0, &[10, 0, 0, 255], 24, None),
            (2 + 0x100, &[10, 0, 0, 255], 24, None),
        ] {
            let prefix = Prefix::from_parts(family, address, length).map(|p| p.to_string());
            assert_eq!(prefix.as_deref(), expected, "family {family}, {address:?}/{length}");
        }
    }

    #[test]
    fn families_do_not_contain_each_other() {
        assert!(!Prefix::new("::".parse().unwrap(), 0).unwrap().contains("1.2.3.4".parse().unwrap()));
        assert_ne!(Prefix::new("0.0.0.0".parse().unwrap(), 0), Prefix::new("::".parse().unwrap(), 0));
    }
}
