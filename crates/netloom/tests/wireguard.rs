//! WireGuard devices of any size, against a kernel side that keeps what it is sent; by each shell.
#![cfg(feature = "wireguard")]

#[path = "shells/mod.rs"]
mod shells;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use netloom::families::wireguard::{AllowedIp, Device, GetDevice, Peer, SetDevice};
use netloom::kernel::{Family, Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
use netloom::wire::{Attr, Errno, Unparsed};
use netloom::wireguard::{apply, device, interfaces};
use netloom::{Connection, Result};
use shells::Shell;

macro_rules! in_each_shell {
    ($($case:ident)*) => {$(
        mod $case {
            #[test]
            fn blocking() {
                super::$case::<netloom::Connection>();
            }
            #[test]
            fn tokio() {
                super::$case::<netloom::tokio::Connection>();
            }
            #[test]
            fn async_io() {
                super::$case::<netloom::async_io::Connection>();
            }
        }
    )*};
}

in_each_shell! {
    what_is_applied_in_parts_is_read_as_one
    a_torn_device_is_read_again
    a_device_of_which_nothing_is_told_is_an_error
    a_refusal_ends_it_and_what_went_before_stands
    a_policys_refusal_points_into_the_whole_change
    a_peer_longer_than_a_page_goes_in_one_piece_if_an_attribute_can_hold_it
}

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

fn over<C: Shell>(kernel: &Kernel) -> C {
    C::over(kernel.dialer(kernel.administrator()))
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

fn what_is_applied_in_parts_is_read_as_one<C: Shell>() {
    let (kernel, kept) = kernel();
    let nl = over::<C>(&kernel);
    nl.done(apply(&nl, &big())).unwrap();
    assert!(kept.0.lock().unwrap().len() > 5);
    assert_eq!(nl.done(device(&nl, "wg0", 1)).unwrap(), big());
}

fn a_torn_device_is_read_again<C: Shell>() {
    let (kernel, _) = kernel();
    let nl = over::<C>(&kernel);
    nl.done(apply(&nl, &big())).unwrap();
    kernel.faults().interrupt_dumps(2);
    assert!(nl.done(device(&nl, "wg0", 1)).unwrap_err().is_interrupted());
    kernel.faults().interrupt_dumps(2);
    assert_eq!(nl.done(device(&nl, "wg0", 2)).unwrap(), big());
}

fn a_device_of_which_nothing_is_told_is_an_error<C: Shell>() {
    let nl = over::<C>(&kernel().0);
    let error = nl.done(device(&nl, "wg0", 1)).unwrap_err();
    assert_eq!(error.errno(), None);
    assert!(error.to_string().starts_with("wireguard get-device: "), "{error}");
}

fn a_refusal_ends_it_and_what_went_before_stands<C: Shell>() {
    let (kernel, kept) = kernel();
    let nl = over::<C>(&kernel);
    let mut change = big();
    change.peers[0].allowedips[700].cidr_mask = Some(33);
    let error = nl.done(apply(&nl, &change)).unwrap_err();
    assert_eq!((error.errno(), error.message()), (Some(Errno::EINVAL), Some("mask")));
    let kept = kept.0.lock().unwrap();
    assert!(kept.len() > 1 && kept.iter().all(|part| part.peers.len() == 1), "{}", kept.len());
}

fn a_policys_refusal_points_into_the_whole_change<C: Shell>() {
    let (kernel, _) = kernel();
    let nl = over::<C>(&kernel);
    let mut change = big();
    // The family attribute again, of a wrong length: what the policy does not know how to take.
    change.peers[0].allowedips[700].unparsed.push(Unparsed { raw_type: 1, payload: vec![0; 9], ..Default::default() });
    let error = nl.done(apply(&nl, &change)).unwrap_err();
    assert_eq!(error.path(), Some("peers[0].allowedips[700].family"), "{error}");
}

fn a_peer_longer_than_a_page_goes_in_one_piece_if_an_attribute_can_hold_it<C: Shell>() {
    let (kernel, kept) = kernel();
    let nl = over::<C>(&kernel);
    let with = |bytes: usize| {
        let mut peer = Peer::new().public_key([1; 32]);
        peer.unparsed.push(Unparsed { raw_type: 77, payload: vec![0; bytes], ..Default::default() });
        Device::new().ifname("wg0").peers([peer])
    };
    // Strict validation refuses what it does not know, which it has then been sent.
    assert_eq!(nl.done(apply(&nl, &with(20_000))).unwrap_err().errno(), Some(Errno::EINVAL));
    let error = nl.done(apply(&nl, &with(Attr::MAX_PAYLOAD))).unwrap_err();
    assert_eq!(error.errno(), None, "not sent");
    assert!(error.to_string().contains("split"), "{error}");
    assert!(kept.0.lock().unwrap().iter().all(|part| part.peers.is_empty()), "but for the settings in front");
}

/// A kind of link that does nothing.
struct Idle;
impl LinkDevice for Idle {
    fn defaults(&self) -> LinkDefaults {
        LinkDefaults::default()
    }
}
impl LinkKind for Idle {
    fn create(&self, _: &NewLink<'_>) -> std::result::Result<Arc<dyn LinkDevice>, Nack> {
        Ok(Arc::new(Idle))
    }
}

#[test]
fn interfaces_are_those_of_the_kind_and_a_torn_list_says_so_last() {
    let kernel = Kernel::new();
    for kind in ["wireguard", "dummy"] {
        kernel.add_link_kind(kind, Arc::new(Idle)).unwrap();
    }
    for (kind, name) in [("wireguard", "wg0"), ("dummy", "d0"), ("wireguard", "wg1")] {
        kernel.links(NetNs::default()).create(kind, name).unwrap();
    }
    for torn in [false, true] {
        let fresh = || {
            kernel.faults().interrupt_dumps(u32::from(torn));
            kernel.dialer(kernel.administrator())
        };
        let judge = |mut told: Vec<Result<String>>| {
            if torn {
                assert!(told.pop().unwrap().unwrap_err().is_interrupted());
            }
            let names: Vec<_> = told.into_iter().map(|name| name.unwrap()).collect();
            assert!(["wg0", "wg1"].starts_with(&names.iter().map(String::as_str).collect::<Vec<_>>()[..]), "{names:?}");
            assert!(torn || names.len() == 2, "{names:?}");
        };
        judge(interfaces(&Connection::over(fresh())).unwrap().collect());
        macro_rules! collected {
            ($connection:ty) => {
                async {
                    let mut names = interfaces(&<$connection>::over(fresh())).await.unwrap();
                    let mut told = Vec::new();
                    while let Some(name) = names.next().await {
                        told.push(name);
                    }
                    told
                }
            };
        }
        judge(
            tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap()
                .block_on(collected!(netloom::tokio::Connection)),
        );
        judge(async_io::block_on(collected!(netloom::async_io::Connection)));
    }
}
