//! The office: its configuration is what the README and the benchmark take it for, and its script runs from end to end.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use netloom_cli::wg::config::{self, Mode};
use netloom_cli::wg::endpoint::System;
use netloom_cli::wg::value::Values;
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const LAPTOP: &str = "LQwofUoORM1kj2uZNkm0WaiD0Up9joU2LTCb1SK6uSc=";

/// Runs a program on a kernel side with wg0: its status, what it prints, what it tells.
fn run(program: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netloom"));
    command.args(["run", "--module", "wireguard=wg0", "--"]).args(program).current_dir(ROOT);
    for variable in ["NETLOOM_KERNEL", "NETLOOM", "WG_COLOR_MODE", "WG_HIDE_KEYS"] {
        command.env_remove(variable);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_office_has_peers_of_every_kind() {
    let path = format!("{ROOT}/examples/office.conf");
    let text = std::fs::read(&path).unwrap();
    let mut err = Vec::new();
    let mut values = Values { resolver: &mut System, retries: Some("0"), err: &mut err };
    let office = config::parse(&text, &path, Mode::Replace, &mut values).unwrap();
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

#[test]
fn the_script_sets_changes_shows_and_dumps() {
    let (status, out, err) = run(&["sh", "examples/office.sh"]);
    assert_eq!((status, &*err), (Some(0), ""));
    let (page, json) = out.split_once("\n[").expect("a page, then an array");

    assert!(page.starts_with("interface: wg0\n  public key: "), "{page}");
    assert!(page.contains("\n  private key: (hidden)\n  listening port: 51820\n  fwmark: 0xca6c\n"), "{page}");
    let laptop = page.split("\n\n").find(|peer| peer.contains(LAPTOP)).unwrap();
    for line in [
        "  preshared key: (hidden)",
        "  endpoint: [2001:db8:a11::7]:51820",
        "  allowed ips: 10.20.3.1/32, fd4e:6f66:6669:3::1/128, 10.20.4.9/32",
        "  persistent keepalive: every 15 seconds",
    ] {
        assert!(laptop.lines().any(|seen| seen == line), "{line}: {laptop}");
    }

    let devices: Vec<Value> = serde_json::from_str(&format!("[{json}")).unwrap();
    let [device] = &*devices else { panic!("one device, whatever the number of messages: {}", devices.len()) };
    assert_eq!((&device["ifname"], &device["listen-port"]), (&"wg0".into(), &51820.into()));
    let peers = device["peers"].as_array().unwrap();
    assert_eq!(peers.len(), page.matches("\npeer: ").count());
    let longest = peers.iter().map(|peer| peer["allowedips"].as_array().map_or(0, Vec::len)).max();
    assert!(longest > Some(300), "{longest:?}");
    assert_eq!(device["private-key"], "(hidden)");
}

#[test]
fn called_wg_it_is_wg() {
    let folder = tempfile::tempdir().unwrap();
    let wg = folder.path().join("wg");
    symlink(env!("CARGO_BIN_EXE_netloom"), &wg).unwrap();
    let script = r#"set -e; "$0" setconf wg0 examples/office.conf; "$0" showconf wg0 >"$1"; "$0" show wg0 dump
        "$0" setconf wg0 /dev/null; "$0" show; "$0" setconf wg0 "$1"; "$0" show wg0 dump; "$0" show wg1"#;
    let conf = folder.path().join("wg0.conf");
    let (status, out, err) = run(&["sh", "-c", script, wg.to_str().unwrap(), conf.to_str().unwrap()]);
    assert_eq!((status, &*err), (Some(1), "Unable to access interface: No such device\n"));
    let (before, after) = out.split_once("interface: wg0\n").expect("nothing but its name is left in between");
    assert_eq!(before, after, "what showconf tells is what setconf needs");
    assert_eq!(before.lines().count(), 1 + 14);
    assert!(before.contains("51820\t0xca6c\n"), "{before}");
}

#[test]
fn a_file_with_a_mistake_changes_nothing_and_shows_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("wg0.conf");
    let office = std::fs::read_to_string(format!("{ROOT}/examples/office.conf")).unwrap();
    let secret = "EN+tR3q8Qi/i6CdO939K4+VRT8YSQCnz4UhCJOhyVmc";
    assert!(office.contains(secret));
    // Cut short, as copying by hand does.
    std::fs::write(&conf, office.replace(&format!("{secret}="), secret)).unwrap();
    let line = office.lines().position(|line| line.contains(secret)).unwrap() + 1;
    let script = r#""$NETLOOM" wg setconf wg0 "$0"; echo $?; "$NETLOOM" wg show wg0 dump"#;
    let (status, out, err) = run(&["sh", "-c", script, conf.to_str().unwrap()]);
    assert_eq!((status, &*out), (Some(0), "1\n(none)\t(none)\t0\toff\n"));
    let expected = format!(
        "{}:{line}: Key is not the correct length or format: `(hidden)'\nConfiguration parsing error\n",
        conf.display()
    );
    assert_eq!(err, expected);
}
