//! Reads every attribute of a device where it lies: by netloom, and by netlink-bindings' iterators.

use std::hint::black_box;

use netlink_bindings::wireguard::{Wgallowedip, Wgdevice, Wgpeer};
use netloom::families::wireguard::{AllowedIpAttr, Device, DeviceAttr, PeerAttr};
use netloom::wire::Attrs;

use crate::Failure;

/// By netloom. Each value is used, as far as the compiler can tell.
pub(crate) fn ours(bodies: &[Vec<u8>]) -> Result<(), Failure> {
    for body in bodies {
        for attr in Attrs::<Device>::new(body) {
            match attr {
                DeviceAttr::Ifindex(value) => drop(black_box(value)),
                DeviceAttr::Ifname(value) => drop(black_box(value)),
                DeviceAttr::PrivateKey(value) => drop(black_box(value.0)),
                DeviceAttr::PublicKey(value) => drop(black_box(value)),
                DeviceAttr::ListenPort(value) => drop(black_box(value)),
                DeviceAttr::Fwmark(value) => drop(black_box(value)),
                DeviceAttr::Flags(value) => drop(black_box(value)),
                DeviceAttr::Peers(peers) => {
                    for peer in peers {
                        our_peer(peer.value.ok_or("a peer is ill-formed")?)?;
                    }
                }
                _ => return Err("an attribute that was not there".into()),
            }
        }
    }
    Ok(())
}

fn our_peer(attrs: Attrs<'_, netloom::families::wireguard::Peer>) -> Result<(), Failure> {
    for attr in attrs {
        match attr {
            PeerAttr::PublicKey(value) => drop(black_box(value)),
            PeerAttr::PresharedKey(value) => drop(black_box(value.0)),
            PeerAttr::LastHandshakeTime(value) => drop(black_box(value)),
            PeerAttr::PersistentKeepaliveInterval(value) => drop(black_box(value)),
            PeerAttr::TxBytes(value) => drop(black_box(value)),
            PeerAttr::RxBytes(value) => drop(black_box(value)),
            PeerAttr::ProtocolVersion(value) => drop(black_box(value)),
            PeerAttr::Endpoint(value) => drop(black_box(value)),
            PeerAttr::Flags(value) => drop(black_box(value)),
            PeerAttr::Allowedips(ips) => {
                for ip in ips {
                    for attr in ip.value.ok_or("an allowed IP is ill-formed")? {
                        match attr {
                            AllowedIpAttr::CidrMask(value) => drop(black_box(value)),
                            AllowedIpAttr::Family(value) => drop(black_box(value)),
                            AllowedIpAttr::Ipaddr(value) => drop(black_box(value)),
                            AllowedIpAttr::Flags(value) => drop(black_box(value)),
                            _ => return Err("an attribute that was not there".into()),
                        }
                    }
                }
            }
            _ => return Err("an attribute that was not there".into()),
        }
    }
    Ok(())
}

/// By netlink-bindings.
pub(crate) fn theirs(bodies: &[Vec<u8>]) -> Result<(), Failure> {
    for body in bodies {
        for attr in Wgdevice::new(body) {
            match attr? {
                Wgdevice::Ifindex(value) => drop(black_box(value)),
                Wgdevice::Ifname(value) => drop(black_box(value)),
                Wgdevice::PrivateKey(value) => drop(black_box(value)),
                Wgdevice::PublicKey(value) => drop(black_box(value)),
                Wgdevice::ListenPort(value) => drop(black_box(value)),
                Wgdevice::Fwmark(value) => drop(black_box(value)),
                Wgdevice::Flags(value) => drop(black_box(value)),
                Wgdevice::Peers(peers) => {
                    for peer in peers {
                        their_peer(peer?)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn their_peer(attrs: netlink_bindings::wireguard::IterableWgpeer<'_>) -> Result<(), Failure> {
    for attr in attrs {
        match attr? {
            Wgpeer::PublicKey(value) => drop(black_box(value)),
            Wgpeer::PresharedKey(value) => drop(black_box(value)),
            Wgpeer::LastHandshakeTime(value) => drop(black_box(value)),
            Wgpeer::PersistentKeepaliveInterval(value) => drop(black_box(value)),
            Wgpeer::TxBytes(value) => drop(black_box(value)),
            Wgpeer::RxBytes(value) => drop(black_box(value)),
            Wgpeer::ProtocolVersion(value) => drop(black_box(value)),
            Wgpeer::Endpoint(value) => drop(black_box(value)),
            Wgpeer::Flags(value) => drop(black_box(value)),
            Wgpeer::Allowedips(ips) => {
                for ip in ips {
                    for attr in ip? {
                        match attr? {
                            Wgallowedip::CidrMask(value) => drop(black_box(value)),
                            Wgallowedip::Family(value) => drop(black_box(value)),
                            Wgallowedip::Ipaddr(value) => drop(black_box(value)),
                            Wgallowedip::Flags(value) => drop(black_box(value)),
                        }
                    }
                }
            }
        }
    }
    Ok(())
}
