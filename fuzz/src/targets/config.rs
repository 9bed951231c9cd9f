//! WireGuard configuration files: an error names the file, and what is accepted is shown and accepted again.

use std::net::SocketAddr;
use std::time::Duration;

use netloom_cli::wg::config::{Mode, parse};
use netloom_cli::wg::endpoint::{Resolver, Unresolved};
use netloom_cli::wg::value::Values;
use netloom_cli::wg::{Change, Device, Error, Peer, showconf};

pub(super) fn run(data: &[u8]) {
    for mode in [Mode::Append, Mode::Replace] {
        match read(data, mode) {
            Ok(change) => shown_again(change),
            Err(error) => assert!(error.to_string().starts_with("wg0.conf"), "{error}"),
        }
    }
}

fn read(text: &[u8], mode: Mode) -> Result<Change, Error> {
    let mut err = Vec::new();
    let mut values = Values { resolver: &mut Literal, retries: Some("0"), err: &mut err };
    parse(text, "wg0.conf", mode, &mut values)
}

fn shown_again(change: Change) {
    let device = applied(change);
    let mut text = Vec::new();
    assert!(showconf(&device, &mut text).is_ok());
    match read(&text, Mode::Replace) {
        Ok(change) => assert_eq!(applied(change), device),
        Err(error) => panic!("{error} in:\n{}", String::from_utf8_lossy(&text)),
    }
}

/// The device that an empty one becomes.
fn applied(change: Change) -> Device {
    let mut device = Device::new("wg0");
    device.private_key = change.private_key.and_then(|key| key.non_zero());
    device.listen_port = change.listen_port.unwrap_or_default();
    device.fwmark = change.fwmark.unwrap_or_default();
    for change in change.peers {
        let known = device.peers.iter().position(|peer| peer.public_key == change.public_key);
        let place = known.unwrap_or_else(|| {
            device.peers.push(Peer::new(change.public_key));
            device.peers.len() - 1
        });
        if change.remove {
            device.peers.remove(place);
            continue;
        }
        let peer = &mut device.peers[place];
        if let Some(key) = change.preshared_key {
            peer.preshared_key = key.non_zero();
        }
        peer.endpoint = change.endpoint.or(peer.endpoint);
        peer.persistent_keepalive = change.persistent_keepalive.unwrap_or(peer.persistent_keepalive);
        if change.replace_allowed_ips {
            peer.allowed_ips.clear();
        }
        for prefix in change.allowed_ips {
            peer.allowed_ips.retain(|other| *other != prefix.allowed_ip);
            if !prefix.remove {
                peer.allowed_ips.push(prefix.allowed_ip);
            }
        }
    }
    device
}

/// Knows addresses, and no names.
struct Literal;

impl Resolver for Literal {
    fn lookup(&mut self, host: &str, port: &str) -> Result<SocketAddr, Unresolved> {
        let unresolved = |_| Unresolved { reason: "Name or service not known".to_owned(), is_final: true };
        let port = port.parse().map_err(|_| unresolved(()))?;
        Ok(SocketAddr::new(host.parse().map_err(|_| unresolved(()))?, port))
    }

    fn wait(&mut self, _: Duration) {}
}
