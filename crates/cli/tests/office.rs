//! The example configuration is what the README and the benchmark take it for.

use netloom_cli::wg::config::{self, Mode};
use netloom_cli::wg::endpoint::System;
use netloom_cli::wg::value::Values;

#[test]
fn the_office_has_peers_of_every_kind() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/office.conf");
    let text = std::fs::read(path).unwrap();
    let mut err = Vec::new();
    let mut values = Values { resolver: &mut System, retries: Some("0"), err: &mut err };
    let office = config::parse(&text, path, Mode::Replace, &mut values).unwrap();
    assert_eq!(String::from_utf8(err).unwrap(), "", "no warnings");

    let count = |kind: &dyn Fn(&netloom_cli::wg::PeerChange) -> bool| office.peers.iter().filter(|p| kind(p)).count();
    assert!(office.peers.len() >= 12);
    assert_eq!(count(&|p| p.allowed_ips.len() > 300), 1, "the hub, whose dump spans messages");
    assert!(count(&|p| p.endpoint.is_some_and(|e| e.is_ipv6())) >= 2);
    assert!(count(&|p| p.endpoint.is_some_and(|e| e.is_ipv4())) >= 2);
    assert!(count(&|p| p.preshared_key.is_some()) >= 2);
    assert!(count(&|p| p.persistent_keepalive.is_some()) >= 2);
    assert!(count(&|p| p.endpoint.is_none()) >= 1);
    assert!(count(&|p| p.allowed_ips.is_empty()) >= 1);

    let mut keys: Vec<_> = office.peers.iter().map(|p| p.public_key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), office.peers.len(), "no peer twice");
}
