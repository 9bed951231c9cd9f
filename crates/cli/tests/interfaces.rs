//! `wg` against a kernel side in this process that has WireGuard.

use std::cell::Cell;
use std::ffi::OsString;
use std::io::Write;

use netloom::kernel::{Kernel, NetNs};
use netloom::socket::Credentials;
use netloom_cli::wg::{self, Backend, Change, Io, Netlink, Page, Settings};
use netloom_modules::Module;

const A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const C: &str = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";
const OFFICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/office.conf");
const NOBODY: Credentials = Credentials { process: 4_711, uid: 65_534, gid: 65_534 };

/// A kernel side with wg0 and wg1.
struct Machine {
    kernel: Kernel,
    _wireguard: Module,
}

struct Outcome {
    status: u8,
    out: String,
    err: String,
}

impl Machine {
    fn new() -> Self {
        let kernel = Kernel::new();
        let wireguard = netloom_modules::load(&kernel, "wireguard=wg0,wg1").unwrap();
        Self { kernel, _wireguard: wireguard }
    }

    fn wg(&self, args: &[&str]) -> Outcome {
        wg(&self.kernel, self.kernel.administrator(), args)
    }

    /// What a command that goes well prints.
    fn says(&self, args: &[&str]) -> String {
        let Outcome { status, out, err } = self.wg(args);
        assert_eq!((status, &*err), (0, ""), "{args:?}");
        out
    }
}

fn wg(kernel: &Kernel, credentials: Credentials, args: &[&str]) -> Outcome {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    let settings = Settings { page: Page { color: false, keys: false, now: 0 }, retries: Some("0".to_owned()) };
    let netlink = Netlink::new(|| Ok(kernel.connect_as(credentials)));
    let (mut input, mut out, mut err) = (std::io::empty(), Vec::new(), Vec::new());
    let status = wg::run(&args, &settings, &netlink, &mut Io::new(&mut input, &mut out, &mut err));
    Outcome { status, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

fn file(text: &str) -> tempfile::TempPath {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.into_temp_path()
}

fn path(file: &tempfile::TempPath) -> &str {
    file.to_str().unwrap()
}

/// The public keys, in the order told.
fn peers(machine: &Machine) -> String {
    machine.says(&["show", "wg0", "peers"])
}

#[test]
fn the_office_goes_in_and_comes_out_whole() {
    let machine = Machine::new();
    assert_eq!(machine.says(&["setconf", "wg0", OFFICE]), "");

    let page = machine.says(&["show", "wg0"]);
    assert!(page.starts_with("interface: wg0\n  public key: "), "{page}");
    for line in ["  private key: (hidden)\n  listening port: 51820\n  fwmark: 0xca6c\n", "\n\npeer: "] {
        assert!(page.contains(line), "{page}");
    }
    assert_eq!(page.matches("peer: ").count(), 14);
    let office = std::fs::read_to_string(OFFICE).unwrap();
    assert_eq!(page.matches("preshared key: (hidden)").count(), office.matches("PresharedKey").count());

    // The other one's configuration from the first one's, another port but for that.
    let conf = machine.says(&["showconf", "wg0"]);
    assert!(conf.starts_with("[Interface]\nListenPort = 51820\nFwMark = 0xca6c\nPrivateKey = EN+tR3q8"), "{conf}");
    let conf = file(&conf.replace("ListenPort = 51820\n", "ListenPort = 51821\n"));
    machine.says(&["setconf", "wg1", path(&conf)]);
    let first = machine.says(&["show", "wg0", "dump"]);
    assert_eq!(machine.says(&["show", "wg1", "dump"]), first.replacen("\t51820\t", "\t51821\t", 1));

    // What is told is what the file says: each setting of each peer, allowed IPs in any order.
    let sorted = |text: &str| -> Vec<String> {
        let mut words: Vec<_> = text
            .lines()
            .filter_map(|line| line.split('#').next().unwrap_or_default().split_once('='))
            .flat_map(|(key, values)| values.split(',').map(move |v| format!("{}={}", key.trim(), v.trim())))
            .collect();
        words.sort();
        words
    };
    assert_eq!(sorted(&machine.says(&["showconf", "wg0"])), sorted(&office));
}

/// Messages of 4,096 bytes are those of machines with such pages.
#[cfg(target_arch = "x86_64")]
#[test]
fn what_is_sent_is_what_wg_sends() {
    use std::sync::{Arc, Mutex};

    use netloom::Connection;
    use netloom::socket::Direction;
    use netloom::wire::{Header, Protocol};

    let machine = Machine::new();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let heard = sent.clone();
    // Without what belongs to the conversation: the family's id, the sequence number, the port.
    let tap = move |_: Protocol, direction: Direction, datagram: &[u8]| {
        let header = Header::read(datagram).unwrap();
        if direction == Direction::Sent && header.kind.0 > 0x10 {
            let bare = Header { kind: Default::default(), seq: 0, port: 0, ..header };
            heard.lock().unwrap().extend([&bare.to_bytes(), &datagram[Header::LEN..]].concat());
        }
    };
    let dialer = machine.kernel.dialer(machine.kernel.administrator());
    let connection = Connection::builder().dialer(dialer).tap(Arc::new(tap)).open().unwrap();
    let netlink = Netlink::new(|| Ok(connection.clone()));
    let args = ["setconf", "wg0", OFFICE].map(OsString::from);
    let settings = Settings { page: Page { color: false, keys: false, now: 0 }, retries: Some("0".to_owned()) };
    let (mut input, mut out, mut err) = (std::io::empty(), Vec::new(), Vec::new());
    assert_eq!(wg::run(&args, &settings, &netlink, &mut Io::new(&mut input, &mut out, &mut err)), 0);

    // What wg 1.0.20210914 sent for the same command.
    let theirs = include_bytes!("data/wg-setconf-office.bin");
    let ours = sent.lock().unwrap();
    let differs = ours.iter().zip(theirs).position(|(a, b)| a != b);
    assert_eq!((differs, ours.len()), (None, theirs.len()));
}

#[test]
fn a_thousand_allowed_ips_are_split_merged_and_removed() {
    let machine = Machine::new();
    let ips: Vec<String> = (0..1_000).map(|n| format!("10.{}.{}.0/24", n / 256, n % 256)).collect();
    let conf = file(&format!(
        "[Peer]\nPublicKey={A}\nPresharedKey={C}\nAllowedIPs={}\n[Peer]\nPublicKey={B}\nAllowedIPs=192.0.2.1\n",
        ips.join(",")
    ));
    machine.says(&["addconf", "wg0", path(&conf)]);
    let told = |machine: &Machine| -> Vec<Vec<String>> {
        let text = machine.says(&["show", "wg0", "allowed-ips"]);
        let words = |line: &str| {
            let mut words: Vec<_> = line.split(['\t', ' ']).map(str::to_owned).collect();
            words[1..].sort();
            words
        };
        text.lines().map(words).collect()
    };
    let mut expected: Vec<String> = ips.clone();
    expected.sort();
    expected.insert(0, A.to_owned());
    let rest = vec![B.to_owned(), "192.0.2.1/32".to_owned()];
    assert_eq!(told(&machine), [expected.clone(), rest.clone()]);
    assert_eq!(machine.says(&["show", "wg0", "preshared-keys"]), format!("{A}\t{C}\n{B}\t(none)\n"));

    // Torn dumps are read again; the list of names is told as far as it goes.
    machine.kernel.faults().interrupt_dumps(3);
    assert_eq!(told(&machine), [expected.clone(), rest]);
    machine.kernel.faults().interrupt_next_dump();
    assert_eq!(machine.says(&["show", "interfaces"]), "wg0 wg1\n");

    // A prefix has one owner, and one may be taken out of many.
    machine.says(&["set", "wg0", "peer", B, "allowed-ips", "+10.0.7.0/24", "peer", A, "allowed-ips", "-10.0.9.0/24"]);
    expected.retain(|ip| !["10.0.7.0/24", "10.0.9.0/24"].contains(&&**ip));
    let moved = vec![B.to_owned(), "10.0.7.0/24".to_owned(), "192.0.2.1/32".to_owned()];
    assert_eq!(told(&machine), [expected, moved]);

    // The removal of a peer is no smaller than the peer.
    let all = ips.join(",");
    machine.says(&["set", "wg0", "peer", A, "remove", "allowed-ips", &all]);
    assert_eq!(peers(&machine), format!("{B}\n"));
}

#[test]
fn files_replace_add_and_synchronise() {
    let machine = Machine::new();
    let peer = |key: &str, rest: &str| format!("[Peer]\nPublicKey={key}\n{rest}\n");
    let interface = format!("[Interface]\nPrivateKey={C}\nListenPort=7\n");
    let both = file(&format!(
        "{interface}{}{}",
        peer(A, &format!("PresharedKey={C}\nPersistentKeepalive=25\nEndpoint=192.0.2.1:9")),
        peer(B, "AllowedIPs=10.0.0.0/8,2001:db8::/32"),
    ));
    let turned = file(&format!("{interface}{}{}", peer(B, "AllowedIPs=10.0.0.0/9"), peer(A, "")));
    let third = file(&peer(C, ""));
    let one = file(&format!("FwMark\n{interface}"));
    let last = file(&peer(B, "AllowedIPs=10.0.0.0/10"));
    let empty = file("");
    // Clamped, as Curve25519 has it.
    let own = "AAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA0M=";
    let public = "Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=";
    for (command, conf, dump) in [
        (
            "setconf",
            &both,
            format!(
                "{own}\t{public}\t7\toff\n{A}\t{C}\t192.0.2.1:9\t(none)\t0\t0\t0\t25\n\
                 {B}\t(none)\t(none)\t10.0.0.0/8,2001:db8::/32\t0\t0\t0\toff\n"
            ),
        ),
        // Their order shows that both stayed; what the file does not say any more is switched off, but for endpoints.
        (
            "syncconf",
            &turned,
            format!(
                "{own}\t{public}\t7\toff\n{A}\t(none)\t192.0.2.1:9\t(none)\t0\t0\t0\toff\n\
                 {B}\t(none)\t(none)\t10.0.0.0/9\t0\t0\t0\toff\n"
            ),
        ),
        (
            "addconf",
            &third,
            format!(
                "{own}\t{public}\t7\toff\n{A}\t(none)\t192.0.2.1:9\t(none)\t0\t0\t0\toff\n\
                 {B}\t(none)\t(none)\t10.0.0.0/9\t0\t0\t0\toff\n{C}\t(none)\t(none)\t(none)\t0\t0\t0\toff\n"
            ),
        ),
        ("syncconf", &last, format!("(none)\t(none)\t0\toff\n{B}\t(none)\t(none)\t10.0.0.0/10\t0\t0\t0\toff\n")),
        ("syncconf", &empty, "(none)\t(none)\t0\toff\n".to_owned()),
    ] {
        machine.says(&[command, "wg0", path(conf)]);
        assert_eq!(machine.says(&["show", "wg0", "dump"]), dump, "{command}");
    }

    machine.says(&["setconf", "wg0", path(&both)]);
    let before = machine.says(&["show", "wg0", "dump"]);
    for command in ["setconf", "addconf", "syncconf"] {
        assert_eq!(machine.wg(&[command, "wg0", path(&one)]).status, 1);
        assert_eq!(machine.says(&["show", "wg0", "dump"]), before, "a mistake applies nothing");
    }
}

#[test]
fn refusals_read_as_wg_has_them() {
    let machine = Machine::new();
    let conf = file("[Interface]\nListenPort=7\n");
    let administrator = machine.kernel.administrator();
    let bare = Kernel::new();
    let long = "a-name-of-16-byt";
    let none = "No such device\n";
    for (kernel, by, args, status, err) in [
        (&machine.kernel, administrator, &["show", "wg7"][..], 1, format!("Unable to access interface: {none}")),
        (&machine.kernel, administrator, &["showconf", "wg7"], 1, format!("Unable to access interface: {none}")),
        (
            &machine.kernel,
            administrator,
            &["set", "wg7", "fwmark", "1"],
            1,
            format!("Unable to modify interface: {none}"),
        ),
        (
            &machine.kernel,
            administrator,
            &["addconf", "wg7", path(&conf)],
            1,
            format!("Unable to modify interface: {none}"),
        ),
        (&machine.kernel, administrator, &["show", ""], 1, format!("Unable to access interface: {none}")),
        (&machine.kernel, administrator, &["show", long], 1, "Unable to access interface: File name too long\n".into()),
        (
            &machine.kernel,
            administrator,
            &["set", long, "fwmark", "1"],
            1,
            "Unable to modify interface: File name too long\n".into(),
        ),
        (&machine.kernel, NOBODY, &["show", "wg0"], 1, "Unable to access interface: Operation not permitted\n".into()),
        (
            &machine.kernel,
            NOBODY,
            &["set", "wg0", "fwmark", "1"],
            1,
            "Unable to modify interface: Operation not permitted\n".into(),
        ),
        (
            &machine.kernel,
            NOBODY,
            &["show"],
            1,
            "Unable to access interface wg0: Operation not permitted\n\
             Unable to access interface wg1: Operation not permitted\n"
                .into(),
        ),
        (&bare, administrator, &["show", "wg0"], 1, "Unable to access interface: Protocol not supported\n".into()),
        (&bare, administrator, &["show"], 0, String::new()),
    ] {
        let seen = wg(kernel, by, args);
        assert_eq!((seen.status, &*seen.out, &*seen.err), (status, "", &*err), "{args:?} by {by:?}");
    }
    assert_eq!(wg(&machine.kernel, NOBODY, &["show", "interfaces"]).out, "wg0 wg1\n", "names are public");
}

#[test]
fn a_port_in_use_is_refused() {
    let machine = Machine::new();
    let conf = file(&format!("[Interface]\nListenPort=7\n[Peer]\nPublicKey={A}\n"));
    machine.says(&["setconf", "wg0", path(&conf)]);
    let up = |name: &str| {
        let links = machine.kernel.links(NetNs::default());
        links.set_up(links.by_name(name).unwrap().index, true).unwrap();
    };
    up("wg0");
    up("wg1");
    let seen = machine.wg(&["set", "wg1", "listen-port", "7"]);
    assert_eq!((seen.status, &*seen.err), (1, "Unable to modify interface: Address already in use\n"));
}

#[test]
fn commands_without_an_interface_need_no_kernel_side() {
    let asked = Cell::new(0);
    let netlink = Netlink::new(|| {
        asked.set(asked.get() + 1);
        Err(wg::Error::new("unreachable"))
    });
    let settings = Settings { page: Page { color: false, keys: false, now: 0 }, retries: None };
    for (args, status, times) in [(&["genkey"][..], 0, 0), (&["help"], 0, 0), (&["frob"], 1, 0), (&["show"], 1, 1)] {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let (mut input, mut out, mut err) = (std::io::empty(), Vec::new(), Vec::new());
        let seen = wg::run(&args, &settings, &netlink, &mut Io::new(&mut input, &mut out, &mut err));
        assert_eq!((seen, asked.get()), (status, times), "{args:?}");
    }
    assert_eq!(netlink.apply("wg0", &Change::default()).unwrap_err().to_string(), "unreachable");
}
