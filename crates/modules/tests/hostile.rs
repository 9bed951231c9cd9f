//! Requests with bytes changed, cut and repeated: refused or done, but never a panic, and the state stays sound.

use std::net::SocketAddr;

use netloom::families::rt_link::{Getlink, Ifinfomsg, Link, LinkFlags, LinkInfo};
use netloom::families::wireguard::{AllowedIp, AllowedIpFlags, Device, DeviceFlags, GetDevice, Peer, PeerFlags};
use netloom::kernel::Kernel;
use netloom::socket::Socket;
use netloom::wire::{Errno, Flags, GenlHeader, Header, Message, MessageType, Protocol, Writer, messages};
use netloom_modules::load;
use proptest::prelude::*;

fn bytes(kind: u16, flags: Flags, cmd: Option<u8>, body: &impl Message) -> Vec<u8> {
    let mut buf = vec![0; 8_192];
    let mut w = Writer::new(&mut buf);
    w.message(Header { seq: 1, ..Header::new(MessageType(kind), Flags::REQUEST | Flags::ACK | flags) }, |w| {
        if let Some(cmd) = cmd {
            w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        }
        body.encode(w)
    })
    .unwrap();
    w.written().to_vec()
}

/// A SET_DEVICE with all that there is.
fn set_device(id: u16) -> Vec<u8> {
    let ip = |last| AllowedIp::new().family(2).ipaddr(std::net::Ipv4Addr::new(10, 0, 0, last)).cidr_mask(24);
    let v6 = AllowedIp::new().family(10).ipaddr(std::net::Ipv6Addr::LOCALHOST).cidr_mask(64);
    let endpoint: SocketAddr = "[fe80::1%3]:51820".parse().unwrap();
    let full = Peer::new()
        .public_key([1; 32])
        .preshared_key([2; 32])
        .endpoint(endpoint)
        .persistent_keepalive_interval(25)
        .protocol_version(1)
        .flags(PeerFlags::REPLACE_ALLOWEDIPS)
        .allowedips([ip(1), ip(2).flags(AllowedIpFlags::REMOVE_ME), v6]);
    let device = Device::new()
        .ifname("wg0")
        .private_key([3; 32])
        .listen_port(4_000)
        .fwmark(7)
        .flags(DeviceFlags::REPLACE_PEERS)
        .peers([full, Peer::new().public_key([4; 32]).flags(PeerFlags::REMOVE_ME), Peer::new().public_key([5; 32])]);
    bytes(id, Flags::NONE, Some(1), &device)
}

fn newlink() -> Vec<u8> {
    let header = Ifinfomsg { ifi_flags: LinkFlags::UP, ifi_change: 1, ..Default::default() };
    let link = Link::new().header(header).ifname("w%d").mtu(1_400).txqlen(3).group(2).ifalias("alias");
    let link = link.linkinfo(LinkInfo::new().kind("wireguard"));
    bytes(16, Flags::CREATE, None, &link)
}

/// Changes some bytes, perhaps cuts the end off, and keeps the length in the header right.
fn spoilt(mut message: Vec<u8>, changes: &[(prop::sample::Index, u8)], cut: Option<prop::sample::Index>) -> Vec<u8> {
    for (at, byte) in changes {
        // The header stays: what is behind it is the families' business.
        let at = 16 + at.index(message.len() - 16);
        message[at] = *byte;
    }
    if let Some(cut) = cut {
        message.truncate(16 + cut.index(message.len() - 16));
    }
    let len = u32::try_from(message.len()).unwrap();
    message[..4].copy_from_slice(&len.to_ne_bytes());
    message
}

/// The errnos of all answers there are.
fn errnos(socket: &Socket) -> Vec<Errno> {
    let (mut buf, mut errnos) = (Vec::new(), Vec::new());
    while let Ok(received) = socket.try_recv(&mut buf) {
        for message in messages(&buf[..received.len]) {
            errnos.extend(message.unwrap().error().map(|error| error.errno));
        }
    }
    errnos
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    // Small numbers make other ids, lengths and families.
    prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![0..40_u8, any::<u8>()]), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn set_device_survives(sent in prop::collection::vec((changes(), any::<Option<prop::sample::Index>>()), 1..4)) {
        let kernel = Kernel::new();
        let module = load(&kernel, "wireguard=wg0").unwrap();
        let id = module.registered().unwrap().id;
        let socket = kernel.socket(Protocol::GENERIC).unwrap();
        for (changes, cut) in &sent {
            socket.send(&spoilt(set_device(id), changes, *cut)).unwrap();
            let errnos = errnos(&socket);
            prop_assert!(errnos.len() <= 1 && !errnos.contains(&Errno::EFAULT), "{errnos:?}");
            prop_assert!(!changes.is_empty() || cut.is_some() || errnos == [Errno(0)], "{errnos:?}: unspoilt");
        }
        let nl = kernel.connect();
        let device = netloom::wireguard::device(&nl, "wg0", 1).unwrap();
        let ips = device.peers.iter().flat_map(|peer| &peer.allowedips);
        prop_assert!(ips.clone().all(|ip| ip.ipaddr.is_some() && ip.cidr_mask.is_some()));
        prop_assert!(nl.dump(GetDevice, &Device::new().ifname("wg0")).unwrap().all(|part| part.is_ok()));
    }

    #[test]
    fn newlink_survives(
        kind in 16..20_u16,
        sent in prop::collection::vec((changes(), any::<Option<prop::sample::Index>>()), 1..4),
    ) {
        let kernel = Kernel::new();
        let _module = load(&kernel, "wireguard=wg0").unwrap();
        let socket = kernel.socket(Protocol::ROUTE).unwrap();
        for (changes, cut) in &sent {
            let mut message = spoilt(newlink(), changes, *cut);
            message[4..6].copy_from_slice(&kind.to_ne_bytes());
            socket.send(&message).unwrap();
            let errnos = errnos(&socket);
            prop_assert!(!errnos.contains(&Errno::EFAULT), "{errnos:?}");
        }
        let links: Vec<_> = kernel.connect().dump(Getlink, &Link::new()).unwrap().map(Result::unwrap).collect();
        let mut names: Vec<_> = links.iter().map(|link| link.ifname.clone()).collect();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), links.len(), "each name once");
    }
}
