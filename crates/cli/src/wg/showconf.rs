//! `wg showconf`: an interface in the form that setconf reads.

use std::io::{self, Write};

use super::show::{List, Mark};
use super::{Device, endpoint};

/// Writes the configuration of `device`, keys included.
pub fn showconf(device: &Device, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "[Interface]")?;
    if device.listen_port != 0 {
        writeln!(out, "ListenPort = {}", device.listen_port)?;
    }
    if device.fwmark != 0 {
        writeln!(out, "FwMark = {}", Mark(device.fwmark))?;
    }
    if let Some(key) = device.private_key {
        writeln!(out, "PrivateKey = {key}")?;
    }
    if device.peers.is_empty() {
        writeln!(out)?;
    }
    for peer in &device.peers {
        writeln!(out, "\n[Peer]\nPublicKey = {}", peer.public_key)?;
        if let Some(key) = peer.preshared_key {
            writeln!(out, "PresharedKey = {key}")?;
        }
        if !peer.allowed_ips.is_empty() {
            writeln!(out, "AllowedIPs = {}", List(&peer.allowed_ips, ", "))?;
        }
        if let Some(address) = &peer.endpoint {
            writeln!(out, "Endpoint = {}", endpoint::show(address))?;
        }
        if peer.persistent_keepalive != 0 {
            writeln!(out, "PersistentKeepalive = {}", peer.persistent_keepalive)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::config::{self, Mode};
    use super::super::endpoint::System;
    use super::super::show::samples;
    use super::super::value::Values;
    use super::*;

    fn text(device: &Device) -> String {
        let mut out = Vec::new();
        showconf(device, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_is_set_is_written() {
        assert_eq!(text(&Device::new("wg0")), "[Interface]\n\n");
        assert_eq!(
            text(&samples::full()),
            "[Interface]\nListenPort = 51820\nFwMark = 0xca6c\nPrivateKey = QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEA=\n\
             \n[Peer]\nPublicKey = AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\nEndpoint = 192.0.2.1:51820\n\
             \n[Peer]\nPublicKey = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n\
             PresharedKey = CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\nAllowedIPs = 10.0.0.0/24, 2001:db8:1::/48\n\
             Endpoint = [2001:db8::1]:1\nPersistentKeepalive = 25\n\
             \n[Peer]\nPublicKey = AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\nAllowedIPs = 0.0.0.0/0\n\
             PersistentKeepalive = 1\n\
             \n[Peer]\nPublicKey = BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=\nPersistentKeepalive = 65535\n"
        );
    }

    #[test]
    fn setconf_reads_back_what_it_writes() {
        let device = samples::full();
        let mut err = Vec::new();
        let mut values = Values { resolver: &mut System, retries: None, err: &mut err };
        let change = config::parse(text(&device).as_bytes(), "f", Mode::Replace, &mut values).unwrap();
        assert_eq!(change.private_key, device.private_key);
        assert_eq!((change.listen_port, change.fwmark), (Some(device.listen_port), Some(device.fwmark)));
        assert_eq!(change.peers.len(), device.peers.len());
        for (change, peer) in change.peers.iter().zip(&device.peers) {
            assert_eq!(change.public_key, peer.public_key);
            assert_eq!(change.preshared_key, peer.preshared_key);
            assert_eq!(change.endpoint, peer.endpoint);
            assert_eq!(change.persistent_keepalive.unwrap_or_default(), peer.persistent_keepalive);
            assert!(change.allowed_ips.iter().map(|c| c.allowed_ip).eq(peer.allowed_ips.iter().copied()));
        }
    }
}
