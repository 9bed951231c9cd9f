//! GET_DEVICE in several messages: where it is cut, what a change in between does to it.

use std::net::{Ipv4Addr, Ipv6Addr};

use netloom::client::Connection;
use netloom::families::wireguard::{AllowedIp, Device, GetDevice, Peer, PeerFlags, SetDevice};
use netloom::kernel::{Kernel, NetNs};
use netloom::wire::RawAttrs;
use netloom_modules::wireguard::Interface;
use netloom_modules::{Module, load};

fn kernel() -> (Kernel, Module, Connection) {
    let kernel = Kernel::new();
    let module = load(&kernel, "wireguard=wg0").unwrap();
    let nl = kernel.connect();
    (kernel, module, nl)
}

fn wg0() -> Device {
    Device::new().ifname("wg0")
}

/// A peer with this many allowed IPs, every fifth of them of IPv6.
fn peer(key: u8, ips: u32) -> Peer {
    let ip = |n: u32| {
        let (high, low) = ((n >> 16) as u16, n as u16);
        match n % 5 {
            0 => AllowedIp::new()
                .family(10)
                .ipaddr(Ipv6Addr::new(0xfd00, key.into(), 0, 0, 0, 0, high, low))
                .cidr_mask(128),
            _ => AllowedIp::new().family(2).ipaddr(Ipv4Addr::from_bits(u32::from(key) << 24 | n)).cidr_mask(32),
        }
    };
    Peer::new().public_key([key; 32]).allowedips((0..ips).map(ip).collect::<Vec<_>>())
}

fn set(nl: &Connection, peers: impl IntoIterator<Item = Peer>) {
    for peer in peers {
        // A message holds 64 KiB of peers at most.
        for (at, ips) in peer
            .allowedips
            .chunks(1_000)
            .enumerate()
            .collect::<Vec<_>>()
            .into_iter()
            .chain(peer.allowedips.is_empty().then_some((0, &[][..])))
        {
            let part = if at == 0 { peer.clone() } else { Peer::new().public_key(peer.public_key.unwrap()) };
            nl.call(SetDevice, &wg0().peers([part.allowedips(ips)])).unwrap();
        }
    }
}

/// The ids of attributes, in order.
fn ids(attrs: RawAttrs<'_>) -> Vec<u16> {
    attrs.into_iter().map(|attr| attr.id()).collect()
}

const DEVICE: [u16; 5] = [6, 7, 1, 2, 8];
const WHOLE: [u16; 8] = [1, 2, 6, 5, 8, 7, 10, 9];

#[test]
fn attributes_are_in_linux_s_order() {
    let (kernel, _module, nl) = kernel();
    let order = |nl: &Connection| {
        let mut dump = nl.dump(GetDevice, &wg0()).unwrap();
        let message = dump.next_ref().unwrap().unwrap();
        let peers = message.attrs().raw().last(8);
        let first = peers.and_then(|peers| peers.nested().into_iter().next());
        let ips = first.and_then(|peer| peer.nested().last(9)).and_then(|ips| ips.nested().into_iter().next());
        let nested = [peers, first, ips].into_iter().flatten().all(|attr| attr.is_nested());
        assert!(nested && first.is_none_or(|peer| peer.id() == 0) && ips.is_none_or(|ip| ip.id() == 0));
        let inner = |attr: Option<netloom::wire::Attr<'_>>| attr.map(|attr| ids(attr.nested())).unwrap_or_default();
        (ids(message.attrs().raw()), inner(first), inner(ips))
    };
    assert_eq!(order(&nl), (vec![6, 7, 1, 2], vec![], vec![]));
    nl.call(SetDevice, &wg0().private_key([7; 32]).peers([peer(1, 0)])).unwrap();
    assert_eq!(order(&nl), (vec![6, 7, 1, 2, 3, 4, 8], WHOLE[..7].to_vec(), vec![]));
    let endpoint: std::net::SocketAddr = "192.0.2.1:5".parse().unwrap();
    nl.call(SetDevice, &wg0().peers([peer(1, 1).endpoint(endpoint)])).unwrap();
    assert_eq!(order(&nl).1, [1, 2, 6, 5, 8, 7, 10, 4, 9]);
    assert_eq!(order(&nl).2, [3, 1, 2]);
    // What the data plane reports ends up in the right attributes.
    let interface = Interface::find(&kernel, NetNs::default(), "wg0").unwrap();
    let key = netloom_modules::wireguard::PublicKey([1; 32]);
    interface.device().record_traffic(&key, 3, 5);
    interface.device().record_handshake(&key, std::time::Duration::new(7, 9));
    let device = nl.dump(GetDevice, &wg0()).unwrap().next().unwrap().unwrap();
    let time = device.peers[0].last_handshake_time.unwrap();
    assert_eq!((device.peers[0].rx_bytes, device.peers[0].tx_bytes, time.sec, time.nsec), (Some(3), Some(5), 7, 9));
}

#[test]
fn a_first_peer_that_spans_messages_repeats_the_device() {
    let (_kernel, _module, nl) = kernel();
    let sent = peer(1, 450);
    set(&nl, [sent.clone(), peer(2, 1)]);
    let mut dump = nl.dump(GetDevice, &wg0()).unwrap();
    let (mut messages, mut ips, mut with_device) = (0, 0, 0);
    while let Some(message) = dump.next_ref() {
        let message = message.unwrap();
        let peers = message.attrs().raw().last(8).unwrap().nested();
        with_device += usize::from(ids(message.attrs().raw()) == DEVICE);
        for (at, peer) in peers.into_iter().enumerate() {
            let continued = at == 0 && messages > 0;
            assert_eq!(ids(peer.nested()), if continued { &[1, 9][..] } else { &WHOLE }, "{messages} {at}");
            ips += peer.nested().last(9).unwrap().nested().into_iter().count();
        }
        messages += 1;
    }
    assert!(messages > 1 && with_device == messages, "{messages} {with_device}: no peer was finished before the last");
    assert_eq!(ips, 451);
    let merged = netloom::wireguard::device(&nl, "wg0", 1).unwrap();
    assert_eq!(merged.peers[0].allowedips, sent.allowedips);
    assert_eq!(merged.peers.len(), 2);
}

#[test]
fn a_later_peer_that_spans_messages_does_not() {
    let (_kernel, _module, nl) = kernel();
    let sent = [peer(1, 2), peer(2, 2_500), peer(3, 0), peer(4, 700)];
    set(&nl, sent.clone());
    let mut dump = nl.dump(GetDevice, &wg0()).unwrap();
    let mut tops = Vec::new();
    while let Some(message) = dump.next_ref() {
        tops.push(ids(message.unwrap().attrs().raw()));
    }
    assert!(tops.len() > 2 && tops[0] == DEVICE && tops[1..].iter().all(|top| *top == [8]), "{tops:?}");
    let merged = netloom::wireguard::device(&nl, "wg0", 1).unwrap();
    for (peer, sent) in merged.peers.iter().zip(&sent) {
        assert_eq!((peer.public_key, &peer.allowedips), (sent.public_key, &sent.allowedips));
    }
    assert_eq!(merged.peers.len(), 4);
}

#[test]
fn peers_without_allowed_ips_are_never_cut() {
    let (_kernel, _module, nl) = kernel();
    for some in (0..=255_u8).collect::<Vec<_>>().chunks(64) {
        nl.call(SetDevice, &wg0().peers(some.iter().map(|key| peer(*key, 0)).collect::<Vec<_>>())).unwrap();
    }
    let parts: Vec<Device> = nl.dump(GetDevice, &wg0()).unwrap().map(Result::unwrap).collect();
    let keys: Vec<u8> = parts.iter().flat_map(|part| &part.peers).map(|peer| peer.public_key.unwrap()[0]).collect();
    assert!(parts.len() > 1 && keys == (0..=255).collect::<Vec<_>>(), "{} {keys:?}", parts.len());
}

/// What a change between two messages makes of a dump: how many allowed IPs of each peer arrive. The reader has two
/// messages by then, the second one being written while it reads the first.
#[test]
fn a_change_between_messages_tears_the_dump() {
    type Change = fn(&Kernel, &Connection);
    type Arrives = fn(&[usize]) -> bool;
    let cases: [(&str, Change, Arrives); 5] = [
        ("an empty request", |_, nl| nl.call(SetDevice, &wg0()).unwrap(), |counts| counts == [3, 6_000, 1]),
        (
            "an allowed IP of another peer",
            |_, nl| nl.call(SetDevice, &wg0().peers([peer(3, 9)])).unwrap(),
            |counts| counts[1] < 6_000 && counts[2] == 9,
        ),
        (
            "the peer that is being told",
            |_, nl| nl.call(SetDevice, &wg0().peers([peer(2, 0).flags(PeerFlags::REMOVE_ME)])).unwrap(),
            |counts| counts[1] < 6_000 && counts.len() == 3,
        ),
        (
            "the last peer that was told whole",
            |_, nl| nl.call(SetDevice, &wg0().peers([peer(1, 0).flags(PeerFlags::REMOVE_ME)])).unwrap(),
            |counts| counts[1] < 6_000 && counts.len() == 2,
        ),
        (
            "the interface itself",
            |kernel, _| kernel.links(NetNs::default()).remove(1).unwrap(),
            |counts| counts[1] < 6_000 && counts.len() == 2,
        ),
    ];
    for (name, change, arrives) in cases {
        let (kernel, _module, nl) = kernel();
        set(&nl, [peer(1, 3), peer(2, 6_000), peer(3, 1)]);
        let mut dump = nl.dump(GetDevice, &wg0()).unwrap();
        let mut parts = vec![dump.next().unwrap().unwrap()];
        change(&kernel, &nl);
        let mut torn = false;
        for part in dump {
            match part {
                Ok(part) => parts.push(part),
                Err(error) => torn = error.is_interrupted(),
            }
        }
        let merged = netloom::wireguard::merge(parts).unwrap();
        let counts: Vec<usize> = merged.peers.iter().map(|peer| peer.allowedips.len()).collect();
        assert!(torn && arrives(&counts), "{name}: {torn} {counts:?}");
    }
}

#[test]
fn a_request_that_is_not_allowed_or_not_valid_tears_nothing() {
    let (kernel, _module, nl) = kernel();
    set(&nl, [peer(1, 6_000)]);
    let nobody = kernel.connect_as(netloom::socket::Credentials { uid: 65_534, ..Default::default() });
    let mut dump = nl.dump(GetDevice, &wg0()).unwrap();
    dump.next().unwrap().unwrap();
    assert!(nobody.call(SetDevice, &wg0()).is_err());
    assert!(nl.call(SetDevice, &Device::new().ifname("wg9")).is_err());
    assert!(dump.all(|part| part.is_ok()));
}
