use std::net::SocketAddr;

use super::super::{Endpoint, Prefix};
use super::*;

fn device() -> Device {
    Device::new(Ports::new())
}

fn key(byte: u8) -> PublicKey {
    PublicKey([byte; 32])
}

fn net(text: &str) -> Prefix {
    let (address, length) = text.split_once('/').unwrap();
    Prefix::new(address.parse().unwrap(), length.parse().unwrap()).unwrap()
}

/// `10.0.0.0/8` comes, `-10.0.0.0/8` goes, `!` is one that does not fit.
fn ips(texts: &[&str]) -> Vec<Result<AllowedIpChange, Refusal>> {
    let change = |text: &&str| match text.strip_prefix('-') {
        _ if *text == "!" => Err(Refusal::AllowedIp),
        Some(prefix) => Ok(AllowedIpChange { prefix: net(prefix), remove: true }),
        None => Ok(AllowedIpChange { prefix: net(text), remove: false }),
    };
    texts.iter().map(change).collect()
}

/// Each peer as the first byte of its key and its allowed IPs.
fn shown(device: &Device) -> Vec<(u8, String)> {
    let ips = |id| device.allowed_ips(id).map(|(_, prefix)| prefix.to_string()).collect::<Vec<_>>().join(" ");
    device.peers().map(|(id, peer)| (peer.public_key().0[0], ips(id))).collect()
}

fn with_key(private_key: [u8; 32]) -> DeviceChange {
    DeviceChange { private_key: Some(private_key.into()), ..DeviceChange::default() }
}

fn with_port(port: u16) -> DeviceChange {
    DeviceChange { listen_port: Some(port), ..DeviceChange::default() }
}

#[test]
fn peers_keep_the_order_of_their_creation() {
    let mut device = device();
    for byte in [3, 1, 2, 1] {
        device.apply_peer(&PeerChange::new(key(byte)), []).unwrap();
    }
    device.apply_peer(&PeerChange { remove: true, ..PeerChange::new(key(1)) }, []).unwrap();
    device.apply_peer(&PeerChange::new(key(0)), []).unwrap();
    device.apply_peer(&PeerChange::new(key(1)), []).unwrap();
    assert_eq!(shown(&device).iter().map(|(byte, _)| *byte).collect::<Vec<_>>(), [3, 2, 0, 1]);
    assert_eq!(device.peer_count(), 4);
    assert!(device.peer_by_key(&key(2)).is_some() && device.peer_by_key(&key(9)).is_none());
}

#[test]
fn a_prefix_moves_to_the_tail_of_its_last_owner() {
    let mut device = device();
    let first = ["10.0.0.0/8", "10.1.0.0/16", "fd00::/64", "10.2.0.0/16"];
    device.apply_peer(&PeerChange::new(key(1)), ips(&first)).unwrap();
    device.apply_peer(&PeerChange::new(key(2)), ips(&["192.168.0.1/24", "10.1.9.9/16"])).unwrap();
    device.apply_peer(&PeerChange::new(key(1)), ips(&["10.0.0.0/8"])).unwrap();
    assert_eq!(
        shown(&device),
        [(1, "fd00::/64 10.2.0.0/16 10.0.0.0/8".into()), (2, "192.168.0.0/24 10.1.0.0/16".into())]
    );
    let route = |address: &str| device.route(address.parse().unwrap()).map(|(key, _)| key.0[0]);
    assert_eq!(
        [route("10.1.2.3"), route("10.9.9.9"), route("fd00::1"), route("fd01::1")],
        [Some(2), Some(1), Some(1), None]
    );
}

#[test]
fn flags_of_a_peer() {
    let start = |device: &mut Device| {
        device.apply_peer(&PeerChange::new(key(1)), ips(&["10.0.0.0/8", "10.1.0.0/16"])).unwrap();
    };
    let change = PeerChange::new(key(1));
    let new = PeerChange::new(key(2));
    let remove = |change: &PeerChange| PeerChange { remove: true, ..change.clone() };
    let update = |change: &PeerChange| PeerChange { update_only: true, ..change.clone() };
    let replace = |change: &PeerChange| PeerChange { replace_allowed_ips: true, ..change.clone() };
    let both = "10.0.0.0/8 10.1.0.0/16";
    for (what, change, texts, expected) in [
        ("remove", remove(&change), &["!"][..], vec![]),
        ("remove a peer that is not there", remove(&new), &["!"], vec![(1, both)]),
        ("remove and update a peer that is not there", update(&remove(&new)), &["!"], vec![(1, both)]),
        ("remove and update", update(&remove(&change)), &[], vec![]),
        ("update a peer that is not there", update(&new), &["!"], vec![(1, both)]),
        ("update", update(&change), &["::/0"], vec![(1, "10.0.0.0/8 10.1.0.0/16 ::/0")]),
        ("replace", replace(&change), &["::/0"], vec![(1, "::/0")]),
        ("replace by nothing", replace(&change), &[], vec![(1, "")]),
        ("replace for a new peer", replace(&new), &["::/0"], vec![(1, both), (2, "::/0")]),
        ("take a prefix away", change.clone(), &["-10.0.0.0/8", "-10.9.0.0/16"], vec![(1, "10.1.0.0/16")]),
        ("take away another's prefix", new.clone(), &["-10.0.0.0/8"], vec![(1, both), (2, "")]),
    ] {
        let mut device = device();
        start(&mut device);
        assert_eq!(device.apply_peer(&change, ips(texts)), Ok(()), "{what}");
        let expected: Vec<(u8, String)> = expected.into_iter().map(|(byte, text)| (byte, text.to_owned())).collect();
        assert_eq!(shown(&device), expected, "{what}");
    }
}

#[test]
fn nothing_is_rolled_back() {
    let mut device = device();
    let change =
        PeerChange { preshared_key: Some([5; 32].into()), persistent_keepalive: Some(25), ..PeerChange::new(key(1)) };
    assert_eq!(device.apply_peer(&change, ips(&["10.0.0.0/8", "!", "10.1.0.0/16"])), Err(Refusal::AllowedIp));
    assert_eq!(shown(&device), [(1, "10.0.0.0/8".into())]);
    let (_, peer) = device.peers().next().unwrap();
    assert_eq!(peer.preshared_key(), &[5; 32].into(), "the preshared key comes before the allowed IPs");
    assert_eq!(peer.persistent_keepalive(), 0, "the keepalive comes after them");
}

#[test]
fn a_peer_needs_a_key_then_version_one_then_to_be_found() {
    let mut device = device();
    let version = |change: PeerChange| PeerChange { protocol_version: Some(2), ..change };
    assert_eq!(device.apply_peer(&version(PeerChange::default()), []), Err(Refusal::MissingPublicKey));
    let remove = PeerChange { remove: true, ..PeerChange::new(key(1)) };
    assert_eq!(device.apply_peer(&version(remove), []), Err(Refusal::ProtocolVersion));
    let one = PeerChange { protocol_version: Some(1), ..PeerChange::new(key(1)) };
    assert_eq!(device.apply_peer(&one, []), Ok(()));
    assert_eq!(device.peer_count(), 1);
}

#[test]
fn settings_of_a_peer_stay_unless_they_are_given() {
    let mut device = device();
    let endpoint = Endpoint::from(SocketAddr::from(([192, 0, 2, 1], 51820)));
    let change = PeerChange {
        preshared_key: Some([5; 32].into()),
        endpoint: Some(endpoint),
        persistent_keepalive: Some(25),
        ..PeerChange::new(key(0))
    };
    device.apply_peer(&change, []).unwrap();
    device.apply_peer(&PeerChange::new(key(0)), []).unwrap();
    let (_, peer) = device.peers().next().unwrap();
    assert_eq!((peer.endpoint(), peer.persistent_keepalive()), (Some(&endpoint), 25));
    assert_eq!(peer.preshared_key(), &[5; 32].into());
    let zero = PeerChange { preshared_key: Some([0; 32].into()), persistent_keepalive: Some(0), ..change };
    device.apply_peer(&zero, []).unwrap();
    let (_, peer) = device.peers().next().unwrap();
    assert!(peer.preshared_key().is_zero() && peer.persistent_keepalive() == 0);
}

#[test]
fn the_private_key_is_clamped_and_zero_removes_it() {
    let mut device = device();
    assert_eq!((device.private_key(), device.public_key()), (None, None));
    device.apply(&with_key([0x77; 32])).unwrap();
    let clamped = device.private_key().unwrap().clone();
    assert_eq!((clamped.as_bytes()[0], clamped.as_bytes()[1], clamped.as_bytes()[31]), (0x70, 0x77, 0x77));
    assert_eq!(device.public_key().copied(), clamped.public_key());

    device.apply(&with_key([0; 32])).unwrap();
    assert_eq!((device.private_key(), device.public_key()), (None, None));
    // The clamped zero key is still remembered, and counts as no change.
    device.apply(&with_key(*PrivateKey::from([0; 32]).clamped().as_bytes())).unwrap();
    assert_eq!(device.public_key(), None);
    device.apply(&with_key([0x77; 32])).unwrap();
    assert_eq!(device.private_key(), Some(&clamped));
}

#[test]
fn a_device_is_not_its_own_peer() {
    let own = PrivateKey::from([9; 32]).public_key().unwrap();
    let mut device = device();
    device.apply_peer(&PeerChange::new(own), ips(&["10.0.0.0/8"])).unwrap();
    device.apply_peer(&PeerChange::new(key(1)), ips(&["10.1.0.0/16"])).unwrap();
    device.apply(&with_key([9; 32])).unwrap();
    assert_eq!(shown(&device), [(1, "10.1.0.0/16".into())], "the peer goes, and its prefix with it");
    assert_eq!(device.apply_peer(&PeerChange::new(own), ips(&["!"])), Ok(()));
    assert_eq!(device.peer_count(), 1);

    // The same key once more changes nothing, so that a peer of that name is not looked for either.
    device.apply(&with_key(*device.private_key().unwrap().clone().as_bytes())).unwrap();
    assert_eq!(device.peer_count(), 1);
    device.apply(&with_key([0; 32])).unwrap();
    device.apply_peer(&PeerChange::new(own), []).unwrap();
    assert_eq!(device.peer_count(), 2, "without an identity any key is another's");
}

#[test]
fn a_full_device_refuses_new_peers_only() {
    let mut device = device();
    device.peer_limit = 2;
    device.apply_peer(&PeerChange::new(key(1)), []).unwrap();
    device.apply_peer(&PeerChange::new(key(2)), []).unwrap();
    assert_eq!(device.apply_peer(&PeerChange::new(key(3)), []), Err(Refusal::TooManyPeers));
    assert_eq!(device.apply_peer(&PeerChange::new(key(2)), ips(&["::/0"])), Ok(()));
    device.apply_peer(&PeerChange { remove: true, ..PeerChange::new(key(1)) }, []).unwrap();
    assert_eq!(device.apply_peer(&PeerChange::new(key(3)), []), Ok(()));
}

#[test]
fn the_order_of_a_change() {
    let ports = Ports::new();
    let (mut device, mut other) = (Device::new(ports.clone()), Device::new(ports));
    other.apply(&with_port(51820)).unwrap();
    other.up().unwrap();
    device.apply_peer(&PeerChange::new(key(1)), []).unwrap();
    device.up().unwrap();
    let change = DeviceChange { fwmark: Some(7), listen_port: Some(51820), replace_peers: true, ..with_key([9; 32]) };
    let (generation, port) = (device.generation(), device.listen_port());
    assert_eq!(device.apply(&change), Err(Refusal::PortInUse));
    assert_eq!((device.fwmark(), device.generation()), (7, generation + 1), "before the port");
    assert_eq!((device.peer_count(), device.public_key(), device.listen_port()), (1, None, port), "after the port");

    other.down();
    assert_eq!(device.apply(&change), Ok(()));
    assert_eq!((device.peer_count(), device.listen_port()), (0, 51820));
    assert_eq!(other.up(), Err(Refusal::PortInUse));
    assert!(!other.is_up());
    // The port that it had before is free again.
    other.apply(&with_port(port)).unwrap();
    assert_eq!(other.up(), Ok(()));
}

#[test]
fn port_zero_is_chosen_when_the_interface_is_up() {
    let mut device = device();
    device.apply(&with_port(0)).unwrap();
    assert_eq!(device.listen_port(), 0);
    device.up().unwrap();
    let chosen = device.listen_port();
    assert_ne!(chosen, 0);
    device.apply(&with_port(chosen)).unwrap();
    assert_eq!(device.listen_port(), chosen, "its own port is no other's");
    device.down();
    assert_eq!(device.listen_port(), chosen);
    device.apply(&with_port(0)).unwrap();
    assert_eq!(device.listen_port(), 0, "down: only remembered");
    device.up().unwrap();
    device.apply(&with_port(7)).unwrap();
    device.apply(&with_port(0)).unwrap();
    assert!(![0, 7].contains(&device.listen_port()), "up: at once");
}

#[test]
fn an_empty_change_counts() {
    let mut device = device();
    let before = device.generation();
    device.apply(&DeviceChange::default()).unwrap();
    assert_eq!(device.generation(), before + 1);
}

#[test]
fn a_removed_peer_is_not_mistaken_for_the_one_in_its_place() {
    let mut device = device();
    for byte in 1..=3 {
        device.apply_peer(&PeerChange::new(key(byte)), ips(&["10.0.0.0/8"])).unwrap();
    }
    let (id, _) = device.peers().nth(1).unwrap();
    assert_eq!(device.peers_after(id).unwrap().count(), 1);
    device.apply_peer(&PeerChange { remove: true, ..PeerChange::new(key(2)) }, []).unwrap();
    device.apply_peer(&PeerChange::new(key(2)), ips(&["10.0.0.0/8"])).unwrap();
    let (again, _) = device.peer_by_key(&key(2)).unwrap();
    assert_eq!(again.index, id.index, "the place is used again");
    assert!(device.peers_after(id).is_none() && device.peer(id).is_none());
    assert_eq!((device.allowed_ips(id).count(), device.allowed_ips(again).count()), (0, 1));

    device.apply(&DeviceChange { replace_peers: true, ..DeviceChange::default() }).unwrap();
    device.apply_peer(&PeerChange::new(key(1)), []).unwrap();
    assert!(device.peers_after(again).is_none());
    assert_eq!(shown(&device), [(1, String::new())]);
    assert_eq!(device.allowed_ip_count(), 0);
}
