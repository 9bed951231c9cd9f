//! WireGuard's SET_DEVICE and GET_DEVICE against what Linux does; the cases are data.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use netloom::client::Connection;
use netloom::families::rt_link::{self, Ifinfomsg, LinkFlags, Setlink};
use netloom::families::wireguard::{
    AllowedIp, AllowedIpFlags, Device, DeviceFlags, GetDevice, Peer, PeerFlags, SetDevice,
};
use netloom::kernel::{Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
use netloom::socket::Credentials;
use netloom::wire::{Attr, Hidden, Unparsed, Writer};
use netloom::{Errno, Error};
use netloom_modules::wireguard::PrivateKey;
use netloom_modules::{Module, load};

struct Dummy;
impl LinkDevice for Dummy {
    fn defaults(&self) -> LinkDefaults {
        LinkDefaults::default()
    }
}
impl LinkKind for Dummy {
    fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        Ok(Arc::new(Dummy))
    }
}

/// A kernel side with wg0 (1), wg1 (2) and dummy0 (3).
fn kernel() -> (Kernel, Module, Connection) {
    let kernel = Kernel::new();
    let module = load(&kernel, "wireguard=wg0,wg1").unwrap();
    kernel.add_link_kind("dummy", Arc::new(Dummy)).unwrap();
    kernel.links(NetNs::default()).create("dummy", "dummy0").unwrap();
    let nl = kernel.connect();
    (kernel, module, nl)
}

fn wg0() -> Device {
    Device::new().ifname("wg0")
}

fn peer(key: u8) -> Peer {
    Peer::new().public_key([key; 32])
}

fn ip(text: &str) -> AllowedIp {
    let (address, length) = text.split_once('/').unwrap();
    let address: IpAddr = address.parse().unwrap();
    let family = if address.is_ipv4() { 2 } else { 10 };
    AllowedIp::new().family(family).ipaddr(address).cidr_mask(length.parse::<u8>().unwrap())
}

fn endpoint(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn raw(id: u16, payload: &[u8]) -> Unparsed {
    Unparsed { raw_type: id, payload: payload.to_vec(), ..Unparsed::default() }
}

/// A peer or allowed IP with one more attribute.
fn with<S: Extend>(mut set: S, attr: Unparsed) -> S {
    set.extra().push(attr);
    set
}
trait Extend {
    fn extra(&mut self) -> &mut Vec<Unparsed>;
}
impl Extend for Peer {
    fn extra(&mut self) -> &mut Vec<Unparsed> {
        &mut self.unparsed
    }
}
impl Extend for AllowedIp {
    fn extra(&mut self) -> &mut Vec<Unparsed> {
        &mut self.unparsed
    }
}

fn errno<T>(outcome: Result<T, Error>) -> Option<Errno> {
    outcome.err().and_then(|error| error.errno())
}

/// A device in a line: port, mark, whether it has a key; each peer by the first byte of its key.
fn show(nl: &Connection) -> String {
    let device = netloom::wireguard::device(nl, "wg0", 1).unwrap();
    let mut text = format!("port {} mark {}", device.listen_port.unwrap(), device.fwmark.unwrap());
    if let Some(Hidden(key)) = device.private_key {
        text += &format!(" key {:02x}..{:02x}", key[0], key[31]);
    }
    for peer in &device.peers {
        text += &format!("; {}", peer.public_key.unwrap()[0]);
        if let Some(Hidden(key)) = peer.preshared_key.filter(|key| key.0 != [0; 32]) {
            text += &format!(" psk {}", key[0]);
        }
        if let Some(endpoint) = peer.endpoint {
            text += &format!(" at {endpoint}");
        }
        if let Some(seconds) = peer.persistent_keepalive_interval.filter(|seconds| *seconds != 0) {
            text += &format!(" every {seconds}");
        }
        for ip in &peer.allowedips {
            text += &format!(" {}/{}", ip.ipaddr.unwrap(), ip.cidr_mask.unwrap());
        }
    }
    text
}

struct Case {
    name: &'static str,
    /// The first ones succeed.
    sets: Vec<Device>,
    /// What becomes of the last one: errno, text, path.
    end: Option<(Errno, Option<&'static str>, Option<&'static str>)>,
    then: &'static str,
}

/// A case that succeeds.
fn good(name: &'static str, sets: impl Into<Vec<Device>>, then: &'static str) -> Case {
    Case { name, sets: sets.into(), end: None, then }
}

/// A case whose last request is refused without a text.
fn bare(name: &'static str, sets: impl Into<Vec<Device>>, errno: Errno, then: &'static str) -> Case {
    Case { name, sets: sets.into(), end: Some((errno, None, None)), then }
}

/// A case whose last request the policy refuses.
fn bad(
    name: &'static str,
    set: Device,
    errno: Errno,
    text: &'static str,
    path: &'static str,
    then: &'static str,
) -> Case {
    Case { name, sets: vec![set], end: Some((errno, Some(text), Some(path))), then }
}

fn public(private: [u8; 32]) -> [u8; 32] {
    PrivateKey::from(private).public_key().unwrap().0
}

fn cases() -> Vec<Case> {
    let empty = "port 0 mark 0";
    let own = [0x77; 32];
    let flagged = |key, flags| peer(key).flags(flags);
    let removing = |text| ip(text).flags(AllowedIpFlags::REMOVE_ME);
    let one = |peer: Peer| wg0().peers([peer]);
    let bare_ip = |change: fn(AllowedIp) -> AllowedIp| one(peer(1).allowedips([change(ip("10.0.0.0/8"))]));
    vec![
        // Which interface.
        bare("neither index nor name", [Device::new()], Errno::EBADR, empty),
        bare("both", [wg0().ifindex(1_u32)], Errno::EBADR, empty),
        bare("no such name", [Device::new().ifname("wg9")], Errno::ENODEV, empty),
        bare("no such index", [Device::new().ifindex(99_u32)], Errno::ENODEV, empty),
        bare("of another kind", [Device::new().ifname("dummy0")], Errno::EOPNOTSUPP, empty),
        good("by index", [Device::new().ifindex(1_u32).fwmark(7_u32)], "port 0 mark 7"),
        // Judged before anything is applied.
        bad(
            "an unknown flag",
            wg0().fwmark(7_u32).flags(DeviceFlags(2)),
            Errno::EINVAL,
            "reserved bit set",
            "flags",
            empty,
        ),
        bad(
            "a peer's unknown flag",
            wg0().fwmark(7_u32).peers([peer(1), flagged(2, PeerFlags(8))]),
            Errno::EINVAL,
            "reserved bit set",
            "peers[1].flags",
            empty,
        ),
        bad(
            "a short key",
            wg0().peers([peer(1), with(Peer::new(), raw(1, &[0; 31]))]),
            Errno::ERANGE,
            "binary attribute size out of range",
            "peers[1].public-key",
            empty,
        ),
        bad(
            "an attribute that there is not",
            one(peer(1).allowedips([with(ip("10.0.0.0/8"), raw(9, &[]))])),
            Errno::EINVAL,
            "Unknown attribute type",
            "peers[0].allowedips[0].attribute 9",
            empty,
        ),
        bad(
            "a short endpoint",
            one(with(peer(1), raw(4, &[2, 0]))),
            Errno::ERANGE,
            "binary attribute size out of range",
            "peers[0].endpoint",
            empty,
        ),
        // Applied up to the refusal.
        bare(
            "a peer without a key",
            [wg0().fwmark(7_u32).peers([peer(1), peer(2), Peer::new(), peer(3)])],
            Errno::EINVAL,
            "port 0 mark 7; 1; 2",
        ),
        bare(
            "another version",
            [wg0().peers([peer(1), peer(2).protocol_version(2_u32)])],
            Errno::EPFNOSUPPORT,
            "port 0 mark 0; 1",
        ),
        bare(
            "a prefix that is too long",
            [one(peer(1).preshared_key([9; 32]).persistent_keepalive_interval(5_u16).allowedips([
                ip("10.0.0.0/8"),
                ip("10.0.0.0/8").cidr_mask(33),
                ip("11.0.0.0/8"),
            ]))],
            Errno::EINVAL,
            "port 0 mark 0; 1 psk 9 10.0.0.0/8",
        ),
        bare("a family that does not fit", [bare_ip(|ip| ip.family(10))], Errno::EINVAL, "port 0 mark 0; 1"),
        bare("no family that there is", [bare_ip(|ip| ip.family(0))], Errno::EINVAL, "port 0 mark 0; 1"),
        bare(
            "no family",
            [bare_ip(|mut ip| {
                ip.family = None;
                ip
            })],
            Errno::EINVAL,
            "port 0 mark 0; 1",
        ),
        bare(
            "no address",
            [bare_ip(|mut ip| {
                ip.ipaddr = None;
                ip
            })],
            Errno::EINVAL,
            "port 0 mark 0; 1",
        ),
        bare(
            "no length",
            [bare_ip(|mut ip| {
                ip.cidr_mask = None;
                ip
            })],
            Errno::EINVAL,
            "port 0 mark 0; 1",
        ),
        // Keys.
        good("the private key is clamped", [wg0().private_key(own)], "port 0 mark 0 key 70..77"),
        good("zeros remove it", [wg0().private_key(own), wg0().private_key([0; 32])], empty),
        good("a public key is passed over", [wg0().public_key([5; 32])], empty),
        good(
            "a private key removes the peer that has its public key",
            [wg0().peers([peer(1), Peer::new().public_key(public(own))]), wg0().private_key(own)],
            "port 0 mark 0 key 70..77; 1",
        ),
        good(
            "a peer with one's own public key is passed over",
            [wg0().private_key(own).peers([Peer::new().public_key(public(own)), peer(1)])],
            "port 0 mark 0 key 70..77; 1",
        ),
        good("a peer with a key of zeros", [one(peer(0))], "port 0 mark 0; 0"),
        good("a preshared key", [one(peer(1).preshared_key([4; 32]))], "port 0 mark 0; 1 psk 4"),
        good(
            "zeros remove that too",
            [one(peer(1).preshared_key([4; 32])), one(peer(1).preshared_key([0; 32]))],
            "port 0 mark 0; 1",
        ),
        // Peers.
        good(
            "order of creation",
            [wg0().peers([peer(3), peer(1)]), wg0().peers([peer(2), peer(3)])],
            "port 0 mark 0; 3; 1; 2",
        ),
        good("removing", [wg0().peers([peer(1), peer(2)]), one(flagged(1, PeerFlags::REMOVE_ME))], "port 0 mark 0; 2"),
        good("removing what is not there", [one(flagged(1, PeerFlags::REMOVE_ME))], empty),
        good("only updating what is not there", [one(flagged(1, PeerFlags::UPDATE_ONLY))], empty),
        good(
            "only updating what is there",
            [one(peer(1)), one(flagged(1, PeerFlags::UPDATE_ONLY).persistent_keepalive_interval(9_u16))],
            "port 0 mark 0; 1 every 9",
        ),
        good(
            "removing all, then adding",
            [wg0().peers([peer(1), peer(2)]), wg0().flags(DeviceFlags::REPLACE_PEERS).peers([peer(3)])],
            "port 0 mark 0; 3",
        ),
        good(
            "removing and adding in one",
            [wg0().peers([peer(1), peer(2), flagged(1, PeerFlags::REMOVE_ME), peer(1)])],
            "port 0 mark 0; 2; 1",
        ),
        // Endpoints.
        good("IPv4", [one(peer(1).endpoint(endpoint("192.0.2.1:51820")))], "port 0 mark 0; 1 at 192.0.2.1:51820"),
        good(
            "IPv6 with a scope",
            [one(peer(1).endpoint(endpoint("[fe80::1%3]:5")))],
            "port 0 mark 0; 1 at [fe80::1%3]:5",
        ),
        good("any other is passed over", [one(with(peer(1), raw(4, &[2; 20])))], "port 0 mark 0; 1"),
        // Allowed IPs.
        good(
            "host bits are cleared",
            [one(peer(1).allowedips([ip("10.1.2.3/8"), ip("fd00::1/64")]))],
            "port 0 mark 0; 1 10.0.0.0/8 fd00::/64",
        ),
        good(
            "a prefix moves to whom it is set, to the end of its list",
            [
                wg0().peers([peer(1).allowedips([ip("10.0.0.0/8")]), peer(2).allowedips([ip("11.0.0.0/8")])]),
                one(peer(2).allowedips([ip("10.9.9.9/8"), ip("11.0.0.0/8")])),
            ],
            "port 0 mark 0; 1; 2 10.0.0.0/8 11.0.0.0/8",
        ),
        good(
            "another length is another prefix",
            [one(peer(1).allowedips([ip("10.0.0.0/8")])), one(peer(2).allowedips([ip("10.0.0.0/9")]))],
            "port 0 mark 0; 1 10.0.0.0/8; 2 10.0.0.0/9",
        ),
        good(
            "taking one away, from its owner alone",
            [
                wg0().peers([peer(1).allowedips([ip("10.0.0.0/8"), ip("11.0.0.0/8")]), peer(2)]),
                wg0().peers([
                    peer(1).allowedips([removing("10.0.0.0/8")]),
                    peer(2).allowedips([removing("11.0.0.0/8")]),
                ]),
            ],
            "port 0 mark 0; 1 11.0.0.0/8; 2",
        ),
        good(
            "replacing all of a peer's",
            [
                one(peer(1).allowedips([ip("10.0.0.0/8")])),
                one(flagged(1, PeerFlags::REPLACE_ALLOWEDIPS).allowedips([ip("11.0.0.0/8")])),
            ],
            "port 0 mark 0; 1 11.0.0.0/8",
        ),
        good("a port while down", [wg0().listen_port(51_820_u16)], "port 51820 mark 0"),
    ]
}

#[test]
fn set_does_what_linux_does() {
    for Case { name, mut sets, end, then } in cases() {
        let (_kernel, _module, nl) = kernel();
        let last = sets.pop().unwrap();
        for set in &sets {
            nl.call(SetDevice, set).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let outcome = nl.call(SetDevice, &last);
        let outcome = outcome.as_ref().err().map(|e| (e.errno().unwrap(), e.message(), e.path()));
        assert_eq!(outcome, end, "{name}");
        assert_eq!(show(&nl), then, "{name}");
    }
}

#[test]
fn get_refuses_at_the_start() {
    let (_kernel, _module, nl) = kernel();
    let get = |ask: &Device| errno(nl.dump(GetDevice, ask).and_then(|mut dump| dump.next().unwrap()));
    for (ask, expected) in [
        (Device::new(), Some(Errno::EBADR)),
        (wg0().ifindex(1_u32), Some(Errno::EBADR)),
        (Device::new().ifname("wg9"), Some(Errno::ENODEV)),
        (Device::new().ifname("dummy0"), Some(Errno::EOPNOTSUPP)),
        (wg0().fwmark(1_u32), Some(Errno::EINVAL)),
        (wg0(), None),
        (Device::new().ifindex(2_u32), None),
    ] {
        assert_eq!(get(&ask), expected, "{ask:?}");
    }
}

#[test]
fn modes_and_privileges_are_judged() {
    let (kernel, module, nl) = kernel();
    let id = module.registered().unwrap().id;
    let done = nl.request_raw(id).cmd(0).version(1).attr(2, b"wg0\0").send();
    assert_eq!(errno(done), Some(Errno::EOPNOTSUPP), "GET_DEVICE cannot be done");
    let dumped = nl.request_raw(id).cmd(1).version(1).dump().and_then(|mut dump| dump.next_ref().unwrap().map(drop));
    assert_eq!(errno(dumped), Some(Errno::EOPNOTSUPP), "SET_DEVICE cannot be dumped");
    let nobody = kernel.connect_as(Credentials { uid: 65_534, ..Credentials::default() });
    assert_eq!(errno(nobody.call(SetDevice, &wg0())), Some(Errno::EPERM));
    assert_eq!(errno(nobody.dump(GetDevice, &wg0()).and_then(|mut dump| dump.next().unwrap())), Some(Errno::EPERM));
}

#[test]
fn elements_of_lists_need_the_nested_bit_though_their_list_is_valid_without() {
    let (_kernel, module, nl) = kernel();
    let id = module.registered().unwrap().id;
    for (peer_bit, ip_bit, expected) in
        [(true, true, None), (false, true, Some(Errno::EINVAL)), (true, false, Some(Errno::EINVAL))]
    {
        let bit = |on| if on { Attr::NESTED } else { 0 };
        let mut buf = [0; 256];
        let mut w = Writer::new(&mut buf);
        w.nest_attr(bit(peer_bit), |w| {
            w.put_attr(1, &[1; 32])?;
            w.nest_attr(9 | Attr::NESTED, |w| {
                w.nest_attr(bit(ip_bit), |w| {
                    w.put_attr(1, &2_u16.to_ne_bytes())?;
                    w.put_attr(2, &[10, 0, 0, 0])?;
                    w.put_attr(3, &[8])
                })
            })
        })
        .unwrap();
        let request = nl.request_raw(id).cmd(1).version(1).flags(netloom::wire::Flags::ACK);
        let outcome = request.attr(2, b"wg0\0").attr(8 | Attr::NESTED, w.written()).send();
        let message = outcome.as_ref().err().and_then(|error| error.message().map(str::to_owned));
        assert_eq!((errno(outcome), message), (expected, None), "{peer_bit} {ip_bit}");
    }
}

#[test]
fn ports_are_held_while_up() {
    let (kernel, _module, nl) = kernel();
    let links = kernel.links(NetNs::default());
    let up = |name: &str, on| {
        let header = Ifinfomsg { ifi_flags: LinkFlags(on), ifi_change: 1, ..Default::default() };
        errno(nl.call(Setlink, &rt_link::Link::new().ifname(name).header(header)))
    };
    let port =
        |name: &str| nl.dump(GetDevice, &Device::new().ifname(name)).unwrap().next().unwrap().unwrap().listen_port;
    let set = |name: &str, port: u16| errno(nl.call(SetDevice, &Device::new().ifname(name).listen_port(port)));
    assert_eq!((up("wg0", 1), port("wg0").is_some_and(|port| port != 0)), (None, true), "a random one");
    assert_eq!((set("wg0", 4_000), port("wg0")), (None, Some(4_000)));
    assert_eq!((set("wg1", 4_000), up("wg1", 1)), (None, Some(Errno::EADDRINUSE)), "nobody minds while it is down");
    assert_eq!((set("wg1", 4_001), up("wg1", 1)), (None, None));
    let mark = nl.call(SetDevice, &Device::new().ifname("wg1").fwmark(3_u32).listen_port(4_000_u16).peers([peer(1)]));
    assert_eq!(errno(mark), Some(Errno::EADDRINUSE));
    let state = netloom::wireguard::device(&nl, "wg1", 1).unwrap();
    assert_eq!((state.fwmark, state.peers.len(), state.listen_port), (Some(3), 0, Some(4_001)), "up to the refusal");
    links.remove(1).unwrap();
    assert_eq!(set("wg1", 4_000), None, "the port went with the interface");
}
