//! Whole commands against interfaces that are kept in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;

use super::show::samples;
use super::*;

const A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

/// Interfaces by name; `None` is one that cannot be read.
#[derive(Default)]
struct Memory(RefCell<BTreeMap<String, Option<Device>>>);

impl Memory {
    fn with(devices: impl IntoIterator<Item = (&'static str, Option<Device>)>) -> Self {
        Self(RefCell::new(devices.into_iter().map(|(name, device)| (name.to_owned(), device)).collect()))
    }
}

impl Backend for Memory {
    fn interfaces(&self) -> Result<Vec<String>, Error> {
        Ok(self.0.borrow().keys().cloned().collect())
    }

    fn device(&self, name: &str) -> Result<Device, Error> {
        let devices = self.0.borrow();
        let device = devices.get(name).ok_or_else(|| Error::os(libc::ENODEV))?;
        device.clone().ok_or_else(|| Error::os(libc::EIO))
    }

    fn apply(&self, name: &str, change: &Change) -> Result<(), Error> {
        let mut devices = self.0.borrow_mut();
        let device = devices.get_mut(name).and_then(Option::as_mut).ok_or_else(|| Error::os(libc::ENODEV))?;
        if change.replace_peers {
            device.peers.clear();
        }
        if let Some(key) = change.private_key {
            device.private_key = key.non_zero();
        }
        device.listen_port = change.listen_port.unwrap_or(device.listen_port);
        device.fwmark = change.fwmark.unwrap_or(device.fwmark);
        for change in &change.peers {
            if change.remove {
                device.peers.retain(|peer| peer.public_key != change.public_key);
                continue;
            }
            let known = device.peers.iter().position(|peer| peer.public_key == change.public_key);
            let at = known.unwrap_or(device.peers.len());
            if known.is_none() {
                device.peers.push(Peer::new(change.public_key));
            }
            let peer = &mut device.peers[at];
            if change.replace_allowed_ips {
                peer.allowed_ips.clear();
            }
            if let Some(key) = change.preshared_key {
                peer.preshared_key = key.non_zero();
            }
            peer.endpoint = change.endpoint.or(peer.endpoint);
            peer.persistent_keepalive = change.persistent_keepalive.unwrap_or(peer.persistent_keepalive);
            for ip in &change.allowed_ips {
                peer.allowed_ips.retain(|known| *known != ip.allowed_ip);
                if !ip.remove {
                    peer.allowed_ips.push(ip.allowed_ip);
                }
            }
        }
        Ok(())
    }
}

struct Outcome {
    status: u8,
    out: String,
    err: String,
}

fn wg(backend: &Memory, args: &[&str]) -> Outcome {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let settings =
        Settings { page: Page { color: false, keys: false, now: samples::NOW }, retries: Some("0".to_owned()) };
    let (mut input, mut out, mut err) = (std::io::empty(), Vec::new(), Vec::new());
    let status = run(&args, &settings, backend, &mut Io::new(&mut input, &mut out, &mut err));
    Outcome { status, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn two_and_a_broken_one() -> Memory {
    Memory::with([("wg0", Some(Device::new("wg0"))), ("wg1", None), ("wg2", Some(Device::new("wg2")))])
}

fn file(text: &str) -> tempfile::TempPath {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.into_temp_path()
}

#[test]
fn statuses_and_streams() {
    let memory = two_and_a_broken_one();
    for (args, status, out, err) in [
        (&["help"][..], 0, "Usage: wg <cmd> [<args>]", ""),
        (&["--version"], 0, "netloom wg ", ""),
        (&["--version", "x"], 1, "", "Invalid subcommand: `--version'\nUsage: wg <cmd> [<args>]"),
        (&["frob"], 1, "", "Invalid subcommand: `frob'\nUsage: wg <cmd> [<args>]"),
        (&["show", "--help"], 0, "Usage: wg show {", ""),
        (&["show", "x", "y", "z"], 1, "", "Usage: wg show {"),
        (&["show", "interfaces", "x"], 1, "", "Usage: wg show {"),
        (&["show", "wg0", "frob"], 1, "", "Invalid parameter: `frob'\nUsage: wg show {"),
        (&["show", "nope"], 1, "", "Unable to access interface: No such device\n"),
        (&["show", "wg1", "dump"], 1, "", "Unable to access interface: Input/output error\n"),
        (&["showconf"], 1, "", "Usage: wg showconf <interface>\n"),
        (&["showconf", "nope"], 1, "", "Unable to access interface: No such device\n"),
        (&["set", "wg0"], 1, "", "Usage: wg set <interface>"),
        (&["set", "wg0", "frob"], 1, "", "Invalid argument: frob\n"),
        (&["set", "nope", "listen-port", "5"], 1, "", "Unable to modify interface: No such device\n"),
        (&["setconf", "wg0"], 1, "", "Usage: wg setconf <interface> <configuration filename>\n"),
        (&["syncconf"], 1, "", "Usage: wg syncconf <interface> <configuration filename>\n"),
        (
            &["addconf", "wg0", "/nonexistent/wg0.conf"],
            1,
            "",
            "Unable to read configuration file `/nonexistent/wg0.conf': No such file or directory\n",
        ),
        (&["setconf", "wg0", "/"], 1, "", "Unable to read configuration file `/': Is a directory\n"),
        (&["genkey", "x"], 1, "", "Usage: wg genkey\n"),
        (&["pubkey"], 1, "", "wg: Key is not the correct length or format\n"),
    ] {
        let seen = wg(&memory, args);
        assert_eq!(seen.status, status, "{args:?}");
        for (text, start) in [(seen.out, out), (seen.err, err)] {
            assert!(text.starts_with(start) && text.is_empty() == start.is_empty(), "{args:?}: {text}");
        }
    }
}

#[test]
fn an_interface_that_cannot_be_read_is_passed_over() {
    let memory = two_and_a_broken_one();
    let broken = "Unable to access interface wg1: Input/output error\n";
    for (args, out) in [
        (&[][..], "interface: wg0\n\ninterface: wg2\n"),
        (&["show"], "interface: wg0\n\ninterface: wg2\n"),
        (&["show", "all"], "interface: wg0\n\ninterface: wg2\n"),
        (&["show", "all", "dump"], "wg0\t(none)\t(none)\t0\toff\nwg2\t(none)\t(none)\t0\toff\n"),
        (&["show", "all", "peers"], ""),
    ] {
        let seen = wg(&memory, args);
        assert_eq!((seen.status, &*seen.out, &*seen.err), (0, out, broken), "{args:?}");
    }
    for args in [&["show"][..], &["show", "all", "listen-port"]] {
        let seen = wg(&Memory::with([("wg0", None), ("wg1", None)]), args);
        let both = format!("Unable to access interface wg0: Input/output error\n{broken}");
        assert_eq!((seen.status, &*seen.out, seen.err), (1, "", both), "{args:?}");
        assert_eq!(wg(&Memory::default(), args).status, 0);
    }
}

#[test]
fn interfaces_are_one_line() {
    assert_eq!(wg(&two_and_a_broken_one(), &["show", "interfaces"]).out, "wg0 wg1 wg2\n");
    let seen = wg(&Memory::default(), &["show", "interfaces"]);
    assert_eq!((seen.status, &*seen.out), (0, ""));
}

#[test]
fn files_are_applied_replaced_added_and_synchronised() {
    let memory = Memory::with([("wg0", Some(Device::new("wg0")))]);
    let first = file(&format!("[Interface]\nListenPort=5\n[Peer]\nPublicKey={A}\nPersistentKeepalive=7\n"));
    let second = file(&format!("[Peer]\nPublicKey={B}\nAllowedIPs=10.0.0.0/8\n"));
    let both = file(&format!("[Interface]\nFwMark=1\n[Peer]\nPublicKey={B}\nAllowedIPs=10.0.0.0/8\n"));
    let empty = file("");
    for (command, path, dump) in [
        ("setconf", &first, format!("(none)\t(none)\t5\toff\n{A}\t(none)\t(none)\t(none)\t0\t0\t0\t7\n")),
        (
            "addconf",
            &second,
            format!(
                "(none)\t(none)\t5\toff\n{A}\t(none)\t(none)\t(none)\t0\t0\t0\t7\n\
                 {B}\t(none)\t(none)\t10.0.0.0/8\t0\t0\t0\toff\n"
            ),
        ),
        ("syncconf", &both, format!("(none)\t(none)\t0\t0x1\n{B}\t(none)\t(none)\t10.0.0.0/8\t0\t0\t0\toff\n")),
        ("addconf", &empty, format!("(none)\t(none)\t0\t0x1\n{B}\t(none)\t(none)\t10.0.0.0/8\t0\t0\t0\toff\n")),
        ("syncconf", &empty, "(none)\t(none)\t0\toff\n".to_owned()),
    ] {
        let seen = wg(&memory, &[command, "wg0", path.to_str().unwrap()]);
        assert_eq!((seen.status, &*seen.err), (0, ""));
        assert_eq!(wg(&memory, &["show", "wg0", "dump"]).out, dump, "{command}");
    }
    let seen = wg(&memory, &["syncconf", "nope", both.to_str().unwrap()]);
    assert_eq!(seen.err, "Unable to retrieve current interface configuration: No such device\n");
}

#[test]
fn a_mistake_applies_nothing() {
    let memory = Memory::with([("wg0", Some(samples::full()))]);
    let wrong = file(&format!("[Interface]\nListenPort=7\n[Peer]\nPublicKey={A}\nFrob=1\n"));
    let path = wrong.to_str().unwrap();
    for command in ["setconf", "addconf", "syncconf"] {
        let seen = wg(&memory, &[command, "wg0", path]);
        assert_eq!(seen.status, 1);
        assert_eq!(seen.err, format!("{path}:5: Line unrecognized: `Frob=1'\nConfiguration parsing error\n"));
    }
    assert_eq!(wg(&memory, &["set", "wg0", "listen-port", "7", "peer", A, "frob"]).status, 1);
    assert_eq!(memory.device("wg0").unwrap(), samples::full());
}

#[test]
fn set_changes_one_peer() {
    let memory = Memory::with([("wg0", Some(samples::full()))]);
    let seen = wg(&memory, &["set", "wg0", "peer", B, "allowed-ips", "-10.0.0.0/24", "persistent-keepalive", "off"]);
    assert_eq!((seen.status, &*seen.err), (0, ""));
    let mut expected = samples::full();
    expected.peers[1].allowed_ips.remove(0);
    expected.peers[1].persistent_keepalive = 0;
    assert_eq!(memory.device("wg0").unwrap(), expected);
}

/// Takes so many bytes, then fails so.
struct Failing(usize, ErrorKind);

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(self.1.into());
        }
        self.0 -= 1;
        Ok(bytes.len().min(1))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure_but_a_full_disk_is() {
    let memory = Memory::with([("wg0", Some(samples::full()))]);
    let settings = Settings { page: Page { color: false, keys: false, now: 0 }, retries: None };
    for (kind, status) in [(ErrorKind::BrokenPipe, 0), (ErrorKind::StorageFull, 1)] {
        for args in [&["show"][..], &["show", "wg0", "dump"], &["showconf", "wg0"], &["genkey"], &["help"]] {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            let (mut input, mut out, mut err) = (std::io::empty(), Failing(3, kind), Vec::new());
            let seen = run(&args, &settings, &memory, &mut Io::new(&mut input, &mut out, &mut err));
            assert_eq!((seen, err.is_empty()), (status, status == 0), "{args:?}");
        }
    }
}
