//! NETLINK_ROUTE on our side: links made, changed, listed and removed, and told of.

use std::time::Duration;

use netloom::client::{Connection, Subscription};
use netloom::families::rt_link::{
    Dellink, DellinkNtf, Getlink, Ifinfomsg, Link, LinkFlags, LinkInfo, Newlink, NewlinkNtf, OperState, RTNLGRP_LINK,
    Setlink,
};
use netloom::families::wireguard;
use netloom::kernel::{Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
use netloom::socket::Credentials;
use netloom::wire::{Flags, Header, Protocol};
use netloom::{Errno, Error};
use netloom_modules::{Module, load};
use std::sync::Arc;

/// A second kind, so that there is something to filter.
struct Dummy;
impl LinkDevice for Dummy {
    fn defaults(&self) -> LinkDefaults {
        LinkDefaults { hardware: 1, min_mtu: 68, max_mtu: 9_000, address: vec![2, 0, 0, 0, 0, 1], ..Default::default() }
    }
}
impl LinkKind for Dummy {
    fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        Ok(Arc::new(Dummy))
    }
}

/// A kernel side with wg0 (1), dummy0 (2) and wg1 (3).
fn kernel() -> (Kernel, Module, Connection) {
    let kernel = Kernel::new();
    kernel.add_link_kind("dummy", Arc::new(Dummy)).unwrap();
    let module = load(&kernel, "wireguard=wg0").unwrap();
    let links = kernel.links(NetNs::default());
    links.create("dummy", "dummy0").unwrap();
    links.create("wireguard", "wg1").unwrap();
    let nl = kernel.connect();
    (kernel, module, nl)
}

fn index(index: i32) -> Link {
    Link::new().header(Ifinfomsg { ifi_index: index, ..Default::default() })
}

fn kind(kind: &str) -> Link {
    Link::new().linkinfo(LinkInfo::new().kind(kind))
}

fn flags(name: &str, flags: LinkFlags, change: u32) -> Link {
    Link::new().ifname(name).header(Ifinfomsg { ifi_flags: flags, ifi_change: change, ..Default::default() })
}

fn errno<T>(outcome: Result<T, Error>) -> Option<Errno> {
    outcome.err().and_then(|error| error.errno())
}

fn names(nl: &Connection, ask: &Link) -> Vec<String> {
    nl.dump(Getlink, ask).unwrap().map(|link| link.unwrap().ifname.unwrap()).collect()
}

/// The next event: `+` or `-`, name, changed flags.
fn next(events: &mut Subscription) -> String {
    let event = events.next_timeout(Duration::from_secs(5)).unwrap().unwrap();
    let (sign, link) = match (event.get(NewlinkNtf), event.get(DellinkNtf)) {
        (Some(link), _) => ('+', link),
        (None, Some(link)) => ('-', link),
        (None, None) => panic!("{event:?}"),
    };
    let change = match link.header.ifi_change {
        u32::MAX => "all".to_owned(),
        bits => bits.to_string(),
    };
    format!("{sign}{} {change}", link.ifname.unwrap_or_default())
}

#[test]
fn a_link_is_told_as_linux_tells_it() {
    let (_kernel, _module, nl) = kernel();
    let link = nl.call(Getlink, &Link::new().ifname("wg0")).unwrap();
    assert_eq!(link.header.ifi_flags, LinkFlags::POINTOPOINT | LinkFlags::NOARP);
    assert_eq!((link.header.ifi_type, link.header.ifi_index, link.header.ifi_change), (0xfffe, 1, 0));
    assert_eq!((link.mtu, link.min_mtu, link.max_mtu), (Some(1_420), Some(0), Some(2_147_483_552)));
    assert_eq!((link.operstate, link.address.as_ref()), (Some(OperState::DOWN), None));
    assert_eq!(link.linkinfo.unwrap().kind.as_deref(), Some("wireguard"));
    nl.call(Setlink, &flags("wg0", LinkFlags::UP, 1)).unwrap();
    let link = nl.call(Getlink, &index(1)).unwrap();
    let up = LinkFlags::UP | LinkFlags::RUNNING | LinkFlags::LOWER_UP | LinkFlags::POINTOPOINT | LinkFlags::NOARP;
    assert_eq!((link.header.ifi_flags, link.operstate), (up, Some(OperState::UNKNOWN)));
    let dummy = nl.call(Getlink, &Link::new().ifname("dummy0")).unwrap();
    assert_eq!(dummy.address.as_deref(), Some(&[2, 0, 0, 0, 0, 1][..]));
}

#[test]
fn dumps_are_filtered_as_linux_filters_them() {
    let (kernel, _module, nl) = kernel();
    let all = ["wg0", "dummy0", "wg1"];
    for (ask, expected) in [
        (Link::new(), &all[..]),
        (kind("wireguard"), &["wg0", "wg1"]),
        (kind("dummy"), &["dummy0"]),
        // Linux does not know it either, and then filters nothing.
        (kind("nonsense"), &all),
        (Link::new().master(7), &[]),
        (Link::new().master(0), &all),
    ] {
        assert_eq!(names(&nl, &ask), expected, "{ask:?}");
        let mut dump = nl.dump(Getlink, &ask).unwrap();
        let filtered = expected.len() < all.len();
        while let Some(link) = dump.next_ref() {
            let flags = Header::read(link.unwrap().bytes()).unwrap().flags;
            assert_eq!(flags.contains(Flags::DUMP_FILTERED), filtered, "{ask:?}");
        }
    }
    // What strict checking refuses, others pass over.
    let lax = Connection::builder().dialer(kernel.dialer(kernel.administrator())).strict(false).open().unwrap();
    for (ask, text) in [
        (index(1), "Filter by device index not supported for link dumps"),
        (flags("", LinkFlags::UP, 0), "Invalid values in header for link dump request"),
        (Link::new().ifname("wg0"), "Unsupported attribute in link dump request"),
    ] {
        let strict = nl.dump(Getlink, &ask).and_then(|mut dump| dump.next().unwrap()).unwrap_err();
        assert_eq!((strict.errno(), strict.message()), (Some(Errno::EINVAL), Some(text)));
        assert_eq!(names(&lax, &ask), all);
    }
}

#[test]
fn a_dump_by_an_old_program_may_have_one_byte_of_header() {
    let (_kernel, _module, nl) = kernel();
    let mut dump = nl.request_raw(18).protocol(Protocol::ROUTE).header(&[0]).dump().unwrap();
    let mut links = 0;
    while let Some(link) = dump.next_ref() {
        link.unwrap();
        links += 1;
    }
    assert_eq!(links, 3);
}

#[test]
fn newlink_makes_changes_and_refuses() {
    let (kernel, _module, nl) = kernel();
    let (none, create) = (Flags::NONE, Flags::CREATE);
    let excl = Flags::CREATE | Flags::EXCL;
    for (ask, flags, expected) in [
        (kind("nonsense").ifname("x0"), excl, Some(Errno::EOPNOTSUPP)),
        (Link::new().ifname("x0"), excl, Some(Errno::EOPNOTSUPP)),
        (kind("wireguard").ifname("x0"), none, Some(Errno::ENODEV)),
        (kind("wireguard").ifname("x0"), excl, None),
        (kind("wireguard").ifname("x0"), excl, Some(Errno::EEXIST)),
        (kind("wireguard").ifname("x0"), create, None),
        (kind("wireguard").ifname("x0"), create | Flags::REPLACE, Some(Errno::EOPNOTSUPP)),
        (kind("wireguard").ifname("a/b"), excl, Some(Errno::EINVAL)),
        (kind("wireguard"), excl, None),
        (kind("wireguard").ifname("y0").mtu(u32::MAX), excl, Some(Errno::EINVAL)),
        (kind("dummy").ifname("y0").mtu(67), excl, Some(Errno::EINVAL)),
        (kind("dummy").ifname("y0").net_ns_pid(1), excl, Some(Errno::EOPNOTSUPP)),
        (index(-1), none, Some(Errno::EINVAL)),
        (kind("dummy").ifname("y0").header(Ifinfomsg { ifi_index: 2, ..Default::default() }), create, None),
        (kind("dummy").ifname("z0").header(Ifinfomsg { ifi_index: 77, ..Default::default() }), excl, None),
    ] {
        assert_eq!(errno(nl.request(Newlink, &ask).flags(flags).send()), expected, "{ask:?} {flags:?}");
    }
    let links: Vec<_> = kernel.links(NetNs::default()).all().iter().map(|l| (l.index, l.name.clone())).collect();
    let expected = [(1, "wg0"), (2, "y0"), (3, "wg1"), (4, "x0"), (5, "wireguard0"), (77, "z0")];
    assert_eq!(links, expected.map(|(index, name)| (index, name.to_owned())), "index 2 was renamed");
    let error = nl.request(Newlink, &kind("nonsense")).create().send().unwrap_err();
    assert_eq!(error.message(), Some("Unknown device type"));
}

#[test]
fn setlink_and_dellink_find_what_is_meant() {
    let (kernel, _module, nl) = kernel();
    for (ask, set, del) in [
        (Link::new(), Some(Errno::EINVAL), Some(Errno::EINVAL)),
        (Link::new().ifname("none"), Some(Errno::ENODEV), Some(Errno::ENODEV)),
        (index(99), Some(Errno::ENODEV), Some(Errno::ENODEV)),
        (Link::new().ifname("dummy0").mtu(9_000), None, None),
        (Link::new().ifname("dummy0"), Some(Errno::ENODEV), Some(Errno::ENODEV)),
    ] {
        assert_eq!(errno(nl.call(Setlink, &ask)), set, "set {ask:?}");
        let name = Link::new().header(ask.header);
        let name = ask.ifname.iter().fold(name, |link, name| link.ifname(name.as_str()));
        assert_eq!(errno(nl.call(Dellink, &name)), del, "del {ask:?}");
    }
    for (ask, expected) in [
        (Link::new().ifname("wg0").address([1, 2, 3]), Some(Errno::EOPNOTSUPP)),
        (Link::new().ifname("wg0").master(3), Some(Errno::EOPNOTSUPP)),
        (index(1).ifname("wg1"), Some(Errno::EEXIST)),
        (index(1).ifname("wg9").ifalias("the office").txqlen(5), None),
    ] {
        assert_eq!(errno(nl.call(Setlink, &ask)), expected, "{ask:?}");
    }
    let link = kernel.links(NetNs::default()).by_name("wg9").unwrap();
    assert_eq!((link.index, link.alias.as_deref(), link.tx_queue_len), (1, Some("the office"), 5));
    let nobody = kernel.connect_as(Credentials { uid: 65_534, ..Credentials::default() });
    assert_eq!(errno(nobody.call(Dellink, &index(1))), Some(Errno::EPERM));
    assert!(nobody.call(Getlink, &index(1)).is_ok());
}

#[test]
fn monitors_hear_of_links_that_come_change_and_go() {
    let (kernel, _module, nl) = kernel();
    let mut events = nl.subscribe(&[RTNLGRP_LINK]).unwrap();
    nl.request(Newlink, &kind("wireguard").ifname("wg7")).create().excl().send().unwrap();
    assert_eq!(next(&mut events), "+wg7 all");
    nl.call(Setlink, &flags("wg7", LinkFlags::UP, 1)).unwrap();
    assert_eq!(next(&mut events), "+wg7 1");
    nl.call(Setlink, &flags("wg7", LinkFlags::UP, 1)).unwrap();
    let (links, here) = (kernel.links(NetNs::default()), Link::new().ifname("wg7"));
    links.rename(links.by_name("wg7").unwrap().index, "wg8").unwrap();
    assert_eq!(next(&mut events), "+wg8 0", "setting what is set is not told");
    assert_eq!(errno(nl.call(Dellink, &here)), Some(Errno::ENODEV));
    nl.call(Dellink, &Link::new().ifname("wg8")).unwrap();
    assert_eq!(next(&mut events), "+wg8 65", "it goes down first");
    assert_eq!(next(&mut events), "-wg8 all");
    links.create("dummy", "d%d").unwrap();
    assert_eq!(next(&mut events), "+d0 all");
    assert!(events.try_next().is_none());
}

#[test]
fn a_failed_creation_leaves_neither_a_link_nor_an_event() {
    let (kernel, _module, nl) = kernel();
    let mut events = nl.subscribe(&[RTNLGRP_LINK]).unwrap();
    let set = |name: &str| wireguard::Device::new().ifname(name).listen_port(4_000_u16);
    for name in ["wg0", "wg1"] {
        nl.call(wireguard::SetDevice, &set(name)).unwrap();
    }
    nl.call(Setlink, &flags("wg0", LinkFlags::UP, 1)).unwrap();
    assert_eq!(next(&mut events), "+wg0 1");
    assert_eq!(errno(nl.call(Setlink, &flags("wg1", LinkFlags::UP, 1))), Some(Errno::EADDRINUSE));
    assert!(!kernel.links(NetNs::default()).by_name("wg1").unwrap().is_up());
    nl.call(Setlink, &flags("wg0", LinkFlags(0), 1)).unwrap();
    assert_eq!(next(&mut events), "+wg0 1");
    nl.call(Setlink, &flags("wg1", LinkFlags::UP, 1)).unwrap();
    assert_eq!(next(&mut events), "+wg1 1", "the port is free again");
    let bad = kind("dummy").ifname("d0").mtu(1);
    assert!(nl.request(Newlink, &bad).create().send().is_err());
    assert!(events.try_next().is_none() && kernel.links(NetNs::default()).by_name("d0").is_none());
}

#[test]
fn a_dump_of_links_is_torn_when_one_goes() {
    let (kernel, _module, nl) = kernel();
    let links = kernel.links(NetNs::default());
    let made: Vec<_> = (0..200).map(|_| links.create("dummy", "d%d").unwrap().index).collect();
    let mut dump = nl.dump(Getlink, &Link::new()).unwrap();
    dump.next().unwrap().unwrap();
    links.remove(made[150]).unwrap();
    assert!(dump.last().unwrap().unwrap_err().is_interrupted());
    assert_eq!(nl.dump(Getlink, &Link::new()).unwrap().consistent(1).unwrap().whole().unwrap().len(), 202);
}
