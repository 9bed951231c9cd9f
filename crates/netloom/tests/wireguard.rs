//! WireGuard devices of any size, against a kernel side that keeps what it is sent.
#![cfg(feature = "wireguard")]

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use netloom::families::wireguard::{AllowedIp, Device, GetDevice, Peer, SetDevice};
use netloom::kernel::{Family, Kernel, Nack};
use netloom::wire::{Attr, Errno, Unparsed};
use netloom::wireguard::{apply, device};

/// What SET_DEVICE brought, message by message; GET_DEVICE tells it, 20 allowed IPs a message.
#[derive(Default)]
struct Kept(Mutex<Vec<Device>>);

fn kernel() -> (Kernel, Arc<Kept>) {
    let kept = Arc::new(Kept::default());
    let kernel = Kernel::new();
    let family = Family::new(kept.clone())
        .on_do(SetDevice, |kept: &Kept, part: Device, _| {
            let refused = part.peers.iter().any(|peer| peer.allowedips.iter().any(|ip| ip.cidr_mask == Some(33)));
            kept.0.lock().unwrap().push(part);
            if refused { Err(Nack::new(Errno::EINVAL).with_message("mask")) } else { Ok(()) }
        })
        .on_dump(GetDevice, |kept: &Arc<Kept>, _, _| {
            let parts = kept.0.lock().unwrap().clone();
            Ok(parts.into_iter().flat_map(pieces))
        });
    kernel.register(family).unwrap();
    (kernel, kept)
}

/// The settings, then each peer in pieces.
fn pieces(mut part: Device) -> Vec<Device> {
    let peers = std::mem::take(&mut part.peers);
    let piece = |peer: &Peer, ips: &[AllowedIp]| Device::new().peers([peer.clone().allowedips(ips)]);
    let more = peers.iter().flat_map(|peer| {
        let first = piece(peer, &[]);
        [first].into_iter().chain(peer.allowedips.chunks(20).map(|ips| piece(peer, ips)))
    });
    [part].into_iter().chain(more).collect()
}

fn big() -> Device {
    let ips = |n: u32| -> Vec<_> {
        (0..n).map(|n| AllowedIp::new().family(2).ipaddr(Ipv4Addr::from_bits(n)).cidr_mask(32)).collect()
    };
    let peers: Vec<_> = [1_000, 0, 5]
        .into_iter()
        .zip(1..)
        .map(|(n, key)| Peer::new().public_key([key; 32]).allowedips(ips(n)))
        .collect();
    Device::new().ifname("wg0").listen_port(5).peers(peers)
}

#[test]
fn what_is_applied_in_parts_is_read_as_one() {
    let (kernel, kept) = kernel();
    let nl = kernel.connect();
    apply(&nl, &big()).unwrap();
    assert!(kept.0.lock().unwrap().len() > 5);
    assert_eq!(device(&nl, "wg0", 1).unwrap(), big());
}

#[test]
fn a_torn_device_is_read_again() {
    let (kernel, _) = kernel();
    let nl = kernel.connect();
    apply(&nl, &big()).unwrap();
    kernel.faults().interrupt_dumps(2);
    assert!(device(&nl, "wg0", 2).unwrap_err().is_interrupted());
    kernel.faults().interrupt_dumps(2);
    assert_eq!(device(&nl, "wg0", 3).unwrap(), big());
}

#[test]
fn a_device_of_which_nothing_is_told_is_an_error() {
    let error = device(&kernel().0.connect(), "wg0", 1).unwrap_err();
    assert_eq!(error.errno(), None);
    assert!(error.to_string().starts_with("wireguard get-device: "), "{error}");
}

#[test]
fn a_refusal_ends_it_and_what_went_before_stands() {
    let (kernel, kept) = kernel();
    let mut change = big();
    change.peers[0].allowedips[700].cidr_mask = Some(33);
    let error = apply(&kernel.connect(), &change).unwrap_err();
    assert_eq!((error.errno(), error.message()), (Some(Errno::EINVAL), Some("mask")));
    let kept = kept.0.lock().unwrap();
    assert!(kept.len() > 1 && kept.iter().all(|part| part.peers.len() == 1), "{}", kept.len());
}

#[test]
fn a_policys_refusal_points_into_the_whole_change() {
    let (kernel, _) = kernel();
    let mut change = big();
    // The family attribute again, of a wrong length: what the policy does not know how to take.
    change.peers[0].allowedips[700].unparsed.push(Unparsed { raw_type: 1, payload: vec![0; 9], ..Default::default() });
    let error = apply(&kernel.connect(), &change).unwrap_err();
    assert_eq!(error.path(), Some("peers[0].allowedips[700].family"), "{error}");
}

#[test]
fn a_peer_longer_than_a_page_goes_in_one_piece_if_an_attribute_can_hold_it() {
    let (kernel, kept) = kernel();
    let nl = kernel.connect();
    let with = |bytes: usize| {
        let mut peer = Peer::new().public_key([1; 32]);
        peer.unparsed.push(Unparsed { raw_type: 77, payload: vec![0; bytes], ..Default::default() });
        Device::new().ifname("wg0").peers([peer])
    };
    // Strict validation refuses what it does not know, which it has then been sent.
    assert_eq!(apply(&nl, &with(20_000)).unwrap_err().errno(), Some(Errno::EINVAL));
    let error = apply(&nl, &with(Attr::MAX_PAYLOAD)).unwrap_err();
    assert_eq!(error.errno(), None, "not sent");
    assert!(error.to_string().contains("split"), "{error}");
    assert!(kept.0.lock().unwrap().iter().all(|part| part.peers.is_empty()), "but for the settings in front");
}
