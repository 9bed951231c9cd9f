//! What WireGuard did before it was made from a spec: the cases are data, one column a release.

use std::net::IpAddr;

use netloom::client::Connection;
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::families::rt_link::{Getlink, Link};
use netloom::families::wireguard::{
    AllowedIp, AllowedIpFlags, Device, DeviceFlags, GetDevice, Peer, PeerFlags, SetDevice,
};
use netloom::kernel::{Kernel, Version};
use netloom::socket::{RecvFlags, Socket};
use netloom::wire::{Flags, GenlHeader, Header, MessageType, Protocol, Unparsed, Writer, messages};
use netloom::{Errno, Error};
use netloom_modules::{Module, load};

const VERSIONS: [Version; 4] = [Version::V6_1, Version::V6_12, Version::V6_18, Version::NEWEST];

fn kernel(version: Version) -> (Kernel, Module, Connection) {
    let kernel = Kernel::builder().behave_like(version).build();
    let module = load(&kernel, "wireguard=wg0").unwrap();
    let nl = kernel.connect();
    (kernel, module, nl)
}

fn wg0() -> Device {
    Device::new().ifname("wg0")
}

fn peer(key: u8) -> Peer {
    Peer::new().public_key([key; 32])
}

fn ip() -> AllowedIp {
    AllowedIp::new().family(2_u16).ipaddr(IpAddr::from([10, 0, 0, 0])).cidr_mask(8_u8)
}

/// Errno and text of a refusal; 0 for a success.
fn outcome<T>(done: Result<T, Error>) -> (Errno, Option<String>) {
    match done {
        Ok(_) => (Errno(0), None),
        Err(error) => (error.errno().unwrap(), error.message().map(str::to_owned)),
    }
}

/// The mark, the peers by the first byte of their keys, how many allowed IPs each has.
fn show(nl: &Connection) -> String {
    let device = netloom::wireguard::device(nl, "wg0", 1).unwrap();
    let peers = device.peers.iter().map(|peer| format!(" {}/{}", peer.public_key.unwrap()[0], peer.allowedips.len()));
    format!("mark {}{}", device.fwmark.unwrap(), peers.collect::<String>())
}

#[test]
fn changes_are_refused_when_and_how_each_release_does_it() {
    const RESERVED: Option<&str> = Some("reserved bit set");
    const UNSUPPORTED: (Errno, Option<&str>, &str) = (Errno::EOPNOTSUPP, None, "mark 0");
    let good = |then| (Errno(0), None, then);
    let bare = |errno, then| (errno, None, then);
    let marked = |peers: Vec<Peer>| wg0().fwmark(7_u32).peers(peers);
    let mut short = AllowedIp::new().family(2_u16).cidr_mask(8_u8);
    short.unparsed.push(Unparsed { raw_type: 2, payload: vec![10, 0], ..Unparsed::default() });
    let mut keyless = Peer::new().flags(PeerFlags(8));
    keyless.persistent_keepalive_interval = Some(1);
    let mut unknown = peer(2);
    unknown.unparsed.push(Unparsed { raw_type: 99, payload: vec![], ..Unparsed::default() });
    let cases = [
        (
            "an unknown flag",
            wg0().fwmark(7_u32).flags(DeviceFlags(2)),
            [UNSUPPORTED, UNSUPPORTED, (Errno::EINVAL, RESERVED, "mark 0"), (Errno::EINVAL, RESERVED, "mark 0")],
        ),
        (
            "a peer's unknown flag",
            marked(vec![peer(1), peer(2).flags(PeerFlags(8))]),
            [
                bare(Errno::EOPNOTSUPP, "mark 7 1/0"),
                bare(Errno::EOPNOTSUPP, "mark 7 1/0"),
                bare(Errno::EINVAL, "mark 7 1/0"),
                (Errno::EINVAL, RESERVED, "mark 0"),
            ],
        ),
        (
            "an unknown flag of a peer without a key",
            marked(vec![keyless]),
            [
                bare(Errno::EINVAL, "mark 7"),
                bare(Errno::EINVAL, "mark 7"),
                bare(Errno::EINVAL, "mark 7"),
                (Errno::EINVAL, RESERVED, "mark 0"),
            ],
        ),
        (
            "an attribute that no peer has",
            marked(vec![peer(1), unknown]),
            [
                bare(Errno::EINVAL, "mark 7 1/0"),
                bare(Errno::EINVAL, "mark 7 1/0"),
                bare(Errno::EINVAL, "mark 7 1/0"),
                (Errno::EINVAL, Some("Unknown attribute type"), "mark 0"),
            ],
        ),
        (
            "flags of an allowed IP",
            marked(vec![peer(1).allowedips([ip(), ip().flags(AllowedIpFlags::REMOVE_ME)])]),
            [
                bare(Errno::EINVAL, "mark 7 1/1"),
                bare(Errno::EINVAL, "mark 7 1/1"),
                good("mark 7 1/0"),
                good("mark 7 1/0"),
            ],
        ),
        (
            "a short address",
            marked(vec![peer(1).allowedips([ip(), short])]),
            [
                bare(Errno::ERANGE, "mark 7 1/1"),
                bare(Errno::ERANGE, "mark 7 1/1"),
                bare(Errno::ERANGE, "mark 7 1/1"),
                (Errno::ERANGE, Some("binary attribute size out of range"), "mark 0"),
            ],
        ),
        ("what all of them accept", marked(vec![peer(1).allowedips([ip()])]), [good("mark 7 1/1"); 4]),
    ];
    for (name, set, ends) in cases {
        for (version, (errno, text, then)) in VERSIONS.into_iter().zip(ends) {
            let (_kernel, _module, nl) = kernel(version);
            let end = outcome(nl.call(SetDevice, &set));
            assert_eq!(end, (errno, text.map(str::to_owned)), "{name} as {version}");
            assert_eq!(show(&nl), then, "{name} as {version}");
        }
    }
}

#[test]
fn headers_get_and_the_family_are_judged_and_told_as_each_release_does_it() {
    for (version, max_attr, strict) in
        [(Version::V6_1, 8, false), (Version::V6_12, 8, false), (Version::V6_18, 8, false), (Version::NEWEST, 0, true)]
    {
        let (kernel, _module, nl) = kernel(version);
        let told = nl.call(Getfamily, &CtrlAttrs::new().family_name("wireguard")).unwrap();
        assert_eq!(told.maxattr, Some(max_attr), "{version}");
        let more = nl.dump(GetDevice, &wg0().fwmark(7_u32)).and_then(|dump| dump.collect::<Result<Vec<_>, _>>());
        let refused = (Errno::EINVAL, Some("Unknown attribute type".to_owned()));
        assert_eq!(outcome(more), if strict { refused } else { (Errno(0), None) }, "{version}");
        let socket = kernel.socket(Protocol::GENERIC).unwrap();
        let end = reserved(&socket, told.family_id.unwrap());
        assert_eq!(end, if strict { Errno::EINVAL } else { Errno(0) }, "{version}");
    }
}

/// How a SET_DEVICE ends whose header has a reserved field that is not 0.
fn reserved(socket: &Socket, family: u16) -> Errno {
    let mut buf = [0; 4096];
    let mut w = Writer::new(&mut buf);
    w.message(Header::new(MessageType(family), Flags::REQUEST | Flags::ACK), |w| {
        w.genl(GenlHeader { cmd: 1, version: 1, reserved: 7 })?;
        w.put(Device::IFNAME, "wg0")
    })
    .unwrap();
    socket.send(w.written()).unwrap();
    let received = socket.endpoint().recv(&mut buf, RecvFlags::NONE, None).unwrap();
    let answer = messages(&buf[..received.len]).next().unwrap().unwrap();
    answer.error().unwrap().errno
}

#[test]
fn links_tell_how_much_they_cut_as_each_release_does() {
    for (version, size) in VERSIONS.into_iter().zip([65_536, 65_536, 524_280, 524_280]) {
        let (_kernel, _module, nl) = kernel(version);
        let link = nl.call(Getlink, &Link::new().ifname("wg0")).unwrap();
        assert_eq!((link.tso_max_size, link.gso_max_size), (Some(size), Some(65_536)), "{version}");
    }
}
