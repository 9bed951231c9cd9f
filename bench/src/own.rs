//! Fills one owned device from the messages of its dump: by netloom, and by netlink-bindings' iterators.

use netlink_bindings::wireguard::{IterableWgpeer, Wgallowedip, Wgdevice, Wgpeer};
use netloom::families::wireguard::{AllowedIp, AllowedIpFlags, Device, DeviceFlags, Peer, PeerFlags, Timespec};
use netloom::wire::{Body, Message};
use netloom::wireguard::merge;

use crate::Failure;

/// By netloom, as `netloom::wireguard::device` does.
pub(crate) fn ours(bodies: &[Vec<u8>]) -> Result<Device, Failure> {
    let parts = bodies.iter().filter_map(|body| Body::read(body)).map(|body| Device::decode(body, &mut ()));
    merge(parts).ok_or_else(|| "no message".into())
}

/// By netlink-bindings, into the same type: an array of peers that goes on in the next message is one.
pub(crate) fn theirs(bodies: &[Vec<u8>]) -> Result<Device, Failure> {
    let mut device = Device::new();
    for body in bodies {
        for attr in Wgdevice::new(body) {
            match attr? {
                Wgdevice::Ifindex(value) => device.ifindex = Some(value),
                Wgdevice::Ifname(value) => device.ifname = Some(value.to_str()?.to_owned()),
                Wgdevice::PrivateKey(value) => device.private_key = Some(key(value)?.into()),
                Wgdevice::PublicKey(value) => device.public_key = Some(key(value)?),
                Wgdevice::ListenPort(value) => device.listen_port = Some(value),
                Wgdevice::Fwmark(value) => device.fwmark = Some(value),
                Wgdevice::Flags(value) => device.flags = Some(DeviceFlags(value)),
                Wgdevice::Peers(peers) => {
                    for peer in peers {
                        let peer = their_peer(peer?)?;
                        match device.peers.last_mut() {
                            Some(last) if last.public_key == peer.public_key => last.allowedips.extend(peer.allowedips),
                            _ => device.peers.push(peer),
                        }
                    }
                }
            }
        }
    }
    Ok(device)
}

fn their_peer(attrs: IterableWgpeer<'_>) -> Result<Peer, Failure> {
    let mut peer = Peer::new();
    for attr in attrs {
        match attr? {
            Wgpeer::PublicKey(value) => peer.public_key = Some(key(value)?),
            Wgpeer::PresharedKey(value) => peer.preshared_key = Some(key(value)?.into()),
            Wgpeer::LastHandshakeTime(value) => {
                let (mut time, sec, nsec) = (Timespec::default(), value.sec, value.nsec);
                (time.sec, time.nsec) = (sec.cast_signed(), nsec.cast_signed());
                peer.last_handshake_time = Some(time);
            }
            Wgpeer::PersistentKeepaliveInterval(value) => peer.persistent_keepalive_interval = Some(value),
            Wgpeer::TxBytes(value) => peer.tx_bytes = Some(value),
            Wgpeer::RxBytes(value) => peer.rx_bytes = Some(value),
            Wgpeer::ProtocolVersion(value) => peer.protocol_version = Some(value),
            Wgpeer::Endpoint(value) => peer.endpoint = Some(value),
            Wgpeer::Flags(value) => peer.flags = Some(PeerFlags(value)),
            Wgpeer::Allowedips(ips) => {
                for attrs in ips {
                    let mut ip = AllowedIp::new();
                    for attr in attrs? {
                        match attr? {
                            Wgallowedip::CidrMask(value) => ip.cidr_mask = Some(value),
                            Wgallowedip::Family(value) => ip.family = Some(value),
                            Wgallowedip::Ipaddr(value) => ip.ipaddr = Some(value),
                            Wgallowedip::Flags(value) => ip.flags = Some(AllowedIpFlags(value)),
                        }
                    }
                    peer.allowedips.push(ip);
                }
            }
        }
    }
    Ok(peer)
}

fn key(bytes: &[u8]) -> Result<[u8; 32], Failure> {
    Ok(bytes.try_into()?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_fill_the_same_device() {
        let bodies = crate::device::dumped(1_000).unwrap();
        assert!(bodies.len() > 3, "the dump spans messages");
        let ours = super::ours(&bodies).unwrap();
        assert_eq!(ours, super::theirs(&bodies).unwrap());
        assert_eq!(ours.peers.len(), 1_000);
        assert!(ours.peers.iter().all(|peer| peer.allowedips.len() == 4 && peer.endpoint.is_some()));
        crate::read::ours(&bodies).unwrap();
        crate::read::theirs(&bodies).unwrap();
    }
}
