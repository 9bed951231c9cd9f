//! Internet addresses.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use super::{Integer, Payload};
use crate::schema::{Hint, Kind};
use crate::{Full, Writer};
#[cfg(feature = "alloc")]
use {
    super::Owned,
    crate::{Bad, Path},
};

/// An IP address: 4 bytes are IPv4, 16 are IPv6.
pub enum Ip {}

impl Payload for Ip {
    const KIND: Kind = Kind::Binary;
    const HINT: Option<Hint> = Some(Hint::Ipv4OrV6);
    type Ref<'a> = IpAddr;
    #[inline]
    fn read(payload: &[u8]) -> Option<IpAddr> {
        match payload.len() {
            4 => payload.first_chunk::<4>().map(|b| IpAddr::V4(Ipv4Addr::from(*b))),
            16 => payload.first_chunk::<16>().map(|b| IpAddr::V6(Ipv6Addr::from(*b))),
            _ => None,
        }
    }
    #[inline]
    fn put(value: IpAddr, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        match value {
            IpAddr::V4(ip) => w.put_attr(id, &ip.octets()),
            IpAddr::V6(ip) => w.put_attr(id, &ip.octets()),
        }
    }
}

/// An address and port laid out as a `sockaddr_in` (16 bytes) or `sockaddr_in6` (28 bytes).
pub enum SockAddr {}

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

impl Payload for SockAddr {
    const KIND: Kind = Kind::Binary;
    const HINT: Option<Hint> = Some(Hint::SocketAddr);
    type Ref<'a> = SocketAddr;
    #[inline]
    fn read(payload: &[u8]) -> Option<SocketAddr> {
        let family = u16::read_ne(payload)?;
        let port = u16::read_be(payload.get(2..)?)?;
        match (family, payload.len()) {
            (AF_INET, 16) => {
                let ip = payload.get(4..)?.first_chunk::<4>()?;
                Some(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::from(*ip), port)))
            }
            (AF_INET6, 28) => {
                let flow = u32::read_be(payload.get(4..)?)?;
                let ip = payload.get(8..)?.first_chunk::<16>()?;
                let scope = u32::read_ne(payload.get(24..)?)?;
                Some(SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::from(*ip), port, flow, scope)))
            }
            _ => None,
        }
    }
    fn put(value: SocketAddr, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        w.whole(|w| {
            let attr = w.begin_nest(id)?;
            match value {
                SocketAddr::V4(v4) => {
                    w.put_bytes(&AF_INET.to_ne_bytes())?;
                    w.put_bytes(&v4.port().to_be_bytes())?;
                    w.put_bytes(&v4.ip().octets())?;
                    w.put_bytes(&[0; 8])?;
                }
                SocketAddr::V6(v6) => {
                    w.put_bytes(&AF_INET6.to_ne_bytes())?;
                    w.put_bytes(&v6.port().to_be_bytes())?;
                    w.put_bytes(&v6.flowinfo().to_be_bytes())?;
                    w.put_bytes(&v6.ip().octets())?;
                    w.put_bytes(&v6.scope_id().to_ne_bytes())?;
                }
            }
            w.end_nest(attr)
        })
    }
}

/// An IP address behind its address family, an u16: a `struct rtvia`, as a next hop of another family than the route's is.
#[doc(alias = "rtvia")]
pub enum Via {}

impl Payload for Via {
    const KIND: Kind = Kind::Binary;
    const HINT: Option<Hint> = Some(Hint::Via);
    type Ref<'a> = IpAddr;
    fn read(payload: &[u8]) -> Option<IpAddr> {
        let (family, address) = payload.split_first_chunk::<2>()?;
        match (u16::from_ne_bytes(*family), Ip::read(address)?) {
            (AF_INET, ip @ IpAddr::V4(_)) | (AF_INET6, ip @ IpAddr::V6(_)) => Some(ip),
            _ => None,
        }
    }
    fn put(value: IpAddr, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        let mut bytes = [0; 18];
        let (family, address): (u16, &[u8]) = match &value {
            IpAddr::V4(ip) => (AF_INET, &ip.octets()),
            IpAddr::V6(ip) => (AF_INET6, &ip.octets()),
        };
        let (start, rest) = bytes.split_at_mut(2);
        start.copy_from_slice(&family.to_ne_bytes());
        rest.iter_mut().zip(address).for_each(|(to, from)| *to = *from);
        w.put_attr(id, bytes.get(..address.len().saturating_add(2)).unwrap_or_default())
    }
}

#[cfg(feature = "alloc")]
macro_rules! copied {
    ($($marker:ident $value:ident $($partly:ident)?),*) => {$(
        impl Owned for $marker {
            type Owned = $value;
            #[inline]
            fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<$value> {
                Self::read(payload)
            }
            $(fn is_partly(payload: &[u8], _: &dyn Bad) -> bool {
                $partly(payload)
            })?
            fn put_owned(value: &$value, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
                Self::put(*value, w, id)
            }
        }
    )*};
}
#[cfg(feature = "alloc")]
copied!(SockAddr SocketAddr has_more, Via IpAddr);

/// Whether there is something in the zeros behind an IPv4 address and port.
#[cfg(feature = "alloc")]
fn has_more(payload: &[u8]) -> bool {
    payload.len() == 16 && payload.iter().skip(8).any(|b| *b != 0)
}

#[cfg(feature = "alloc")]
impl Owned for Ip {
    type Owned = IpAddr;
    #[inline]
    fn own(payload: &[u8], _: &Path<'_>, _: &mut dyn Bad) -> Option<IpAddr> {
        Self::read(payload)
    }
    const WORD: bool = true;
    // Written where it belongs, byte by byte of its own kind: an address on its way would be copied as the longer one.
    #[inline(always)]
    fn own_small(place: &mut Option<IpAddr>, payload: &[u8]) -> bool {
        match payload.len() {
            4 => match payload.first_chunk::<4>() {
                Some(bytes) => *place = Some(IpAddr::V4(Ipv4Addr::from(*bytes))),
                None => return false,
            },
            16 => match payload.first_chunk::<16>() {
                Some(bytes) => *place = Some(IpAddr::V6(Ipv6Addr::from(*bytes))),
                None => return false,
            },
            _ => return false,
        }
        true
    }
    #[inline]
    fn put_owned(value: &IpAddr, w: &mut Writer<'_>, id: u16) -> Result<(), Full> {
        Self::put(*value, w, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_addresses_survive() {
        for text in ["192.0.2.1:51820", "[2001:db8::1]:1", "[fe80::1%7]:65535"] {
            let value: SocketAddr = text.parse().unwrap();
            let mut buf = [0; 64];
            let mut w = Writer::new(&mut buf);
            SockAddr::put(value, &mut w, 4).unwrap();
            assert_eq!(SockAddr::read(&w.written()[4..]), Some(value));
        }
        assert_eq!(SockAddr::read(&[2, 0, 0, 1]), None);
        assert_eq!(SockAddr::read(&[0; 16]), None);
    }
}
