//! The interfaces of a kernel side: the netlink family `wireguard`, and NETLINK_ROUTE for their names.

use std::cell::OnceCell;
use std::net::IpAddr;

use netloom::families::wireguard as wire;
use netloom::{Connection, wireguard};

use super::change::{AllowedIpChange, PeerChange};
use super::{AllowedIp, Backend, Change, Device, Error, Key, Peer};

/// The interfaces that a kernel side knows, over a connection that is made when it is needed: commands that need no
/// kernel side do without.
pub struct Netlink<C> {
    connect: C,
    connection: OnceCell<Connection>,
}

impl<C: Fn() -> Result<Connection, Error>> Netlink<C> {
    /// Interfaces over the connection that `connect` makes.
    pub fn new(connect: C) -> Self {
        Self { connect, connection: OnceCell::new() }
    }

    fn connection(&self) -> Result<&Connection, Error> {
        match self.connection.get() {
            Some(connection) => Ok(connection),
            None => {
                let connection = (self.connect)()?;
                Ok(self.connection.get_or_init(|| connection))
            }
        }
    }
}

impl<C: Fn() -> Result<Connection, Error>> Backend for Netlink<C> {
    /// A list that was torn is told as far as it goes, as `wg` does.
    fn interfaces(&self) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for name in wireguard::interfaces(self.connection()?)? {
            match name {
                Ok(name) => names.push(name),
                Err(torn) if torn.is_interrupted() => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(names)
    }

    /// Read again for as long as changes tear it, as `wg` does.
    fn device(&self, name: &str) -> Result<Device, Error> {
        device(wireguard::device(self.connection()?, checked(name)?, u32::MAX)?, name)
    }

    fn apply(&self, name: &str, change: &Change) -> Result<(), Error> {
        Ok(wireguard::apply(self.connection()?, &request(checked(name)?, change))?)
    }
}

/// No interface has a longer name. linux/if.h: IFNAMSIZ, with its NUL
const NAME_AT_MOST: usize = 15;

fn checked(name: &str) -> Result<&str, Error> {
    if name.len() > NAME_AT_MOST { Err(Error::os(libc::ENAMETOOLONG)) } else { Ok(name) }
}

/// The device that a kernel side told of; EPROTO for what makes no sense.
fn device(told: wire::Device, name: &str) -> Result<Device, Error> {
    let mut device = Device::new(told.ifname.unwrap_or_else(|| name.to_owned()));
    device.private_key = told.private_key.map(|key| Key::new(key.0));
    device.public_key = told.public_key.map(Key::new);
    device.listen_port = told.listen_port.unwrap_or_default();
    device.fwmark = told.fwmark.unwrap_or_default();
    let peers: Option<_> = told.peers.into_iter().map(peer).collect();
    device.peers = peers.ok_or_else(|| Error::os(libc::EPROTO))?;
    Ok(device)
}

fn peer(told: wire::Peer) -> Option<Peer> {
    Some(Peer {
        preshared_key: told.preshared_key.and_then(|key| Key::new(key.0).non_zero()),
        endpoint: told.endpoint,
        allowed_ips: told.allowedips.iter().map(allowed_ip).collect::<Option<_>>()?,
        latest_handshake: told.last_handshake_time.unwrap_or_default().sec,
        rx_bytes: told.rx_bytes.unwrap_or_default(),
        tx_bytes: told.tx_bytes.unwrap_or_default(),
        persistent_keepalive: told.persistent_keepalive_interval.unwrap_or_default(),
        ..Peer::new(Key::new(told.public_key?))
    })
}

fn allowed_ip(told: &wire::AllowedIp) -> Option<AllowedIp> {
    let (address, cidr) = (told.ipaddr?, told.cidr_mask?);
    let width = if address.is_ipv4() { 32 } else { 128 };
    (cidr <= width).then_some(AllowedIp { address, cidr })
}

/// The request that asks for a change.
fn request(name: &str, change: &Change) -> wire::Device {
    let mut request = wire::Device::new().ifname(name);
    request.private_key = change.private_key.map(|key| (*key.as_bytes()).into());
    request.listen_port = change.listen_port;
    request.fwmark = change.fwmark;
    request.flags = change.replace_peers.then_some(wire::DeviceFlags::REPLACE_PEERS);
    request.peers = change.peers.iter().map(peer_request).collect();
    request
}

fn peer_request(change: &PeerChange) -> wire::Peer {
    let mut request = wire::Peer::new().public_key(*change.public_key.as_bytes());
    let mut flags = wire::PeerFlags::default();
    if change.remove {
        flags = flags | wire::PeerFlags::REMOVE_ME;
    }
    if change.replace_allowed_ips {
        flags = flags | wire::PeerFlags::REPLACE_ALLOWEDIPS;
    }
    request.flags = (flags != wire::PeerFlags::default()).then_some(flags);
    request.preshared_key = change.preshared_key.map(|key| (*key.as_bytes()).into());
    request.endpoint = change.endpoint;
    request.persistent_keepalive_interval = change.persistent_keepalive;
    request.allowedips = change.allowed_ips.iter().map(allowed_ip_request).collect();
    request
}

fn allowed_ip_request(change: &AllowedIpChange) -> wire::AllowedIp {
    let AllowedIp { address, cidr } = change.allowed_ip;
    let family = match address {
        IpAddr::V4(_) => libc::AF_INET,
        IpAddr::V6(_) => libc::AF_INET6,
    };
    let mut request = wire::AllowedIp::new().ipaddr(address).cidr_mask(cidr);
    request.family = u16::try_from(family).ok();
    request.flags = change.remove.then_some(wire::AllowedIpFlags::REMOVE_ME);
    request
}
