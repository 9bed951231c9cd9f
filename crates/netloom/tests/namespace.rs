//! The client in network namespaces of its own: links, their events, and sockets that stay where the connection was made.
//!
//! Each test runs itself again under `unshare -Urn`, which takes no root where user namespaces are allowed.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use netloom::families::rt_link::{
    DellinkNtf, Getlink, Ifinfomsg, Link, LinkFlags, LinkInfo, Newlink, NewlinkNtf, RTNLGRP_LINK, Setlink,
};
use netloom::wire::Errno;
use netloom::{Connection, Protocol};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Runs the test of this name in fresh user and network namespaces; false in the outer process, whose part is done.
fn inside(test: &str) -> bool {
    const MARK: &str = "NETLOOM_TEST_INSIDE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    if !Command::new("unshare").args(["-Urn", "--", "true"]).status().is_ok_and(|status| status.success()) {
        say(&format!("SKIPPED {test}: no user namespaces here (unshare -Urn fails)"));
        return false;
    }
    let mut again = Command::new("unshare");
    again.args(["-Urn", "--"]).arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let status = again.env(MARK, "1").stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "{test} failed inside");
    false
}

/// A line that is seen even though the test passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

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
    let event = events.next_timeout(Duration::from_secs(5)).unwrap().unwrap();
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
        say("SKIPPED making links: this kernel has no link types without a module");
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
        let event = events.next_timeout(Duration::from_secs(5)).expect("the link's end is told").unwrap();
        if let Some(link) = event.get(DellinkNtf) {
            break link;
        }
    };
    assert_eq!(gone.ifname.as_deref(), Some("made"));
}

/// A process in a network namespace of its own.
struct Elsewhere(Child);

impl Elsewhere {
    fn new() -> Self {
        let script = ["-n", "--", "sh", "-c", "echo there; exec sleep 60"];
        let mut child = Command::new("unshare").args(script).stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
        Self(child)
    }

    fn namespace(&self) -> File {
        File::open(format!("/proc/{}/ns/net", self.0.id())).unwrap()
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn late_sockets_stay_in_the_namespace_of_the_connection() {
    if !inside("late_sockets_stay_in_the_namespace_of_the_connection") {
        return;
    }
    set_up(&Connection::open().unwrap(), "lo");
    let elsewhere = Elsewhere::new();
    let there = elsewhere.namespace();
    // Nothing is opened yet when the thread moves away.
    let here = Connection::builder().protocol(Protocol::ROUTE).open().unwrap();
    let named = Connection::builder().netns(there.as_fd()).open().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            move_into_link_name_space(there.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            let mine = Connection::open().unwrap();
            assert!(!up(&mine, "lo"), "there, lo is down");
            assert!(up(&here, "lo"), "a call from there is heard here");
            let dumped = here.dump(Getlink, &Link::new()).unwrap().next().unwrap().unwrap();
            assert!(dumped.header.ifi_flags.contains(LinkFlags::UP), "so is a dump");
            let mut events = here.subscribe(&[RTNLGRP_LINK]).unwrap();
            set_up(&mine, "lo");
            assert!(
                events.next_timeout(Duration::from_millis(50)).is_none(),
                "and a subscription hears nothing of there"
            );
            let own = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
            let other = std::fs::read_link(format!("/proc/{}/ns/net", elsewhere.0.id())).unwrap();
            assert_eq!(own, other, "the thread itself has not been moved back");
        });
    });
    // The other way round: a connection into there, from here.
    assert!(up(&named, "lo"));
    assert!(up(&here, "lo"));
}
