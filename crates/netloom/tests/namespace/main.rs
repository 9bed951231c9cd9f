//! The client in network namespaces of its own: links, their events, and sockets that stay where the connection was made.
//!
//! Each test runs itself again under `unshare -Urn`, which takes no root where user namespaces are allowed.

#![cfg(target_os = "linux")]

mod elsewhere;
mod ids;
mod places;
mod uevents;

use std::time::Duration;

use netloom::Connection;
use netloom::families::rt_link::{
    DellinkNtf, Getlink, Ifinfomsg, Link, LinkFlags, LinkInfo, Newlink, NewlinkNtf, RTNLGRP_LINK, Setlink,
};
use netloom::wire::Errno;

use elsewhere::{inside, say};

fn named(name: &str) -> Link {
    Link::new().ifname(name)
}

fn up(nl: &Connection, name: &str) -> bool {
    nl.call(Getlink, &named(name)).unwrap().header.ifi_flags.contains(LinkFlags::UP)
}

fn set_up(nl: &Connection, name: &str) {
    let header = Ifinfomsg { ifi_flags: LinkFlags::UP, ifi_change: LinkFlags::UP.0, ..Ifinfomsg::default() };
    nl.call(Setlink, &named(name).header(header)).unwrap();
}

#[test]
fn links_are_made_heard_of_and_deleted() {
    if !inside("links_are_made_heard_of_and_deleted") {
        return;
    }
    let nl = Connection::open().unwrap();
    let mut events = nl.subscribe(&[RTNLGRP_LINK]).unwrap();
    assert!(!up(&nl, "lo"));
    set_up(&nl, "lo");
    assert!(up(&nl, "lo"));
    let event = events.next_timeout(Duration::from_secs(60)).unwrap().unwrap();
    let link = event.get(NewlinkNtf).unwrap();
    assert_eq!((link.ifname.as_deref(), event.group(), event.get(DellinkNtf).is_some()), (Some("lo"), Some(1), false));

    let error = nl.request(Newlink, &named("made").linkinfo(LinkInfo::new().kind("no such"))).create().send();
    assert_eq!(error.unwrap_err().to_string(), "rt-link newlink: EOPNOTSUPP: Unknown device type");
    let error = nl.call(Getlink, &named("a name far too long")).unwrap_err();
    assert_eq!(error.path(), Some("ifname"), "{error}");
    let error = nl.call(Getlink, &named("none")).unwrap_err();
    assert!(error.is_not_found() && error.errno() == Some(Errno::ENODEV), "{error}");

    // What this kernel can make without a module.
    let makes = |kind: &str| {
        let request = named("made").linkinfo(LinkInfo::new().kind(kind));
        nl.request(Newlink, &request).create().excl().send()
    };
    let Some(kind) = ["dummy", "bridge", "veth", "tun", "ifb", "vcan"].into_iter().find(|kind| makes(kind).is_ok())
    else {
        say("skipped: making links: this kernel has no link types without a module");
        return;
    };
    assert_eq!(makes(kind).unwrap_err().errno(), Some(Errno::EEXIST));
    let names = |nl: &Connection| -> Vec<_> {
        nl.dump(Getlink, &Link::new()).unwrap().map(|link| link.unwrap().ifname.unwrap()).collect()
    };
    assert!(names(&nl).contains(&"made".to_owned()));
    nl.call(netloom::families::rt_link::Dellink, &named("made")).unwrap();
    assert!(!names(&nl).contains(&"made".to_owned()));
    let gone = loop {
        let event = events.next_timeout(Duration::from_secs(60)).expect("the link's end is told").unwrap();
        if let Some(link) = event.get(DellinkNtf) {
            break link;
        }
    };
    assert_eq!(gone.ifname.as_deref(), Some("made"));
}
