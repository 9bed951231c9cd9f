//! The device that is measured, its messages, and a kernel side that has it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use netloom::families::wireguard::{AllowedIp, Device, GetDevice, Peer, SetDevice};
use netloom::kernel::Kernel;
use netloom::socket::Socket;
use netloom::wire::{Do, Dump, Errno, Flags, GenlHeader, Header, MessageType, Protocol, Writer};
use netloom::wireguard::Split;
use netloom_modules::Module;

use crate::Failure;

/// A device with so many peers: preshared key, endpoint, keepalive, and 4 allowed IPs each, two of either kind.
pub(crate) fn device(peers: u32) -> Device {
    let peers: Vec<_> = (0..peers).map(peer).collect();
    Device::new().ifname("wg0").listen_port(51820_u16).private_key([0x55; 32]).peers(peers)
}

fn peer(n: u32) -> Peer {
    let mut key = [0x11; 32];
    // Spread, so that tables of keys are as full as those of real ones.
    key[..4].copy_from_slice(&n.wrapping_mul(0x9e37_79b1).to_le_bytes());
    key[4..8].copy_from_slice(&n.to_le_bytes());
    let v4 = |n: u32| (2_u16, IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | n)), 32_u8);
    let v6 = |n: u32| (10_u16, IpAddr::V6(Ipv6Addr::from_bits(0xfd00_u128 << 112 | u128::from(n) << 64)), 64_u8);
    let ips = [v4(2 * n), v4(2 * n + 1), v6(2 * n), v6(2 * n + 1)]
        .map(|(family, address, mask)| AllowedIp::new().family(family).ipaddr(address).cidr_mask(mask));
    Peer::new()
        .public_key(key)
        .preshared_key([0x77; 32])
        .endpoint(SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(0xc000_0200 | (n % 256))), 51820))
        .persistent_keepalive_interval(25_u16)
        .allowedips(ips)
}

/// The attributes of the messages that set a device, each as long as `wg` makes them.
pub(crate) fn encode(device: &Device) -> Result<Vec<Vec<u8>>, Failure> {
    let mut messages = Vec::new();
    let mut split = Split::new(device);
    while !split.is_done() {
        let mut attrs = vec![0; 4096 - Header::LEN - GenlHeader::LEN];
        let mut w = Writer::new(&mut attrs);
        split.write(&mut w)?;
        let len = w.len();
        attrs.truncate(len);
        messages.push(attrs);
    }
    Ok(messages)
}

/// A kernel side with an interface wg0, and a socket to it.
pub(crate) struct Side {
    socket: Socket,
    family: MessageType,
    /// In the way of fields that end with their owner.
    _module: Module,
}

impl Side {
    pub(crate) fn new() -> Result<Self, Failure> {
        let kernel = Kernel::new();
        let module = netloom_modules::load(&kernel, "wireguard=wg0")?;
        let family = MessageType(kernel.connect().family("wireguard")?.id);
        Ok(Self { socket: kernel.socket(Protocol::GENERIC)?, family, _module: module })
    }

    fn request(&self, flags: Flags, cmd: u16, attrs: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut buf = vec![0; Header::LEN + GenlHeader::LEN + attrs.len()];
        let mut w = Writer::new(&mut buf);
        w.message(Header::new(self.family, Flags::REQUEST | flags), |w| {
            w.genl(GenlHeader { cmd: cmd as u8, version: 1, reserved: 0 })?;
            w.put_bytes(attrs)
        })?;
        Ok(buf)
    }

    /// Messages that set the device, with their headers.
    pub(crate) fn requests(&self, messages: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Failure> {
        messages.iter().map(|attrs| self.request(Flags::ACK, SetDevice::REQUEST, attrs)).collect()
    }

    /// Sends requests and reads the acknowledgement of each.
    pub(crate) fn set(&self, requests: &[Vec<u8>]) -> Result<(), Failure> {
        let mut buf = Vec::new();
        for request in requests {
            self.socket.send(request)?;
            let received = self.socket.try_recv(&mut buf)?;
            let errno = buf.get(Header::LEN..Header::LEN + 4).unwrap_or_default();
            if received.len < Header::LEN + 4 || errno != [0; 4] {
                return Err(format!("set-device is refused: {errno:?}").into());
            }
        }
        Ok(())
    }

    /// Dumps the device, and lends each datagram as it comes; tells how many messages there were.
    pub(crate) fn dump(&self, mut see: impl FnMut(&[u8])) -> Result<usize, Failure> {
        let mut attrs = [0; 8];
        let mut w = Writer::new(&mut attrs);
        w.put(Device::IFNAME, "wg0")?;
        self.socket.send(&self.request(Flags::DUMP, GetDevice::REQUEST, w.written())?)?;
        let (mut buf, mut messages) = (Vec::new(), 0);
        loop {
            let received = match self.socket.try_recv(&mut buf) {
                Err(error) if error.errno() == Some(Errno::EAGAIN) => return Err("the dump has no end".into()),
                received => received?,
            };
            let datagram = buf.get(..received.len).unwrap_or_default();
            see(datagram);
            for message in netloom::wire::messages(datagram) {
                let message = message.map_err(|_| "a message of the dump is ill-formed")?;
                match message.header.kind {
                    MessageType::DONE => return Ok(messages),
                    MessageType::ERROR => return Err("get-device is refused".into()),
                    _ => messages += 1,
                }
            }
        }
    }
}

/// The attributes of each message of the device's dump.
pub(crate) fn dumped(peers: u32) -> Result<Vec<Vec<u8>>, Failure> {
    let side = Side::new()?;
    side.set(&side.requests(&encode(&device(peers))?)?)?;
    let mut bodies = Vec::new();
    side.dump(|datagram| {
        for message in netloom::wire::messages(datagram).flatten().filter(|message| message.header.kind == side.family)
        {
            bodies.push(message.payload().get(GenlHeader::LEN..).unwrap_or_default().to_vec());
        }
    })?;
    Ok(bodies)
}
