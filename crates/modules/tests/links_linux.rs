//! The same requests about links to Linux, in a network namespace of its own, and to our kernel side: they agree.

use std::fmt::Write;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use netloom::client::Connection;
use netloom::families::rt_link::{
    Dellink, DellinkNtf, Getlink, Ifinfomsg, Link, LinkFlags, LinkInfo, Newlink, NewlinkNtf, RTNLGRP_LINK, Setlink,
};
use netloom::kernel::{Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
use netloom::wire::{Flags, Header, Protocol};

/// What stands in for the loopback and for bridges.
struct Ethernet;
impl LinkDevice for Ethernet {
    fn defaults(&self) -> LinkDefaults {
        let flags = LinkFlags::BROADCAST | LinkFlags::MULTICAST;
        LinkDefaults { hardware: 1, flags, min_mtu: 68, max_mtu: 65_535, ..Default::default() }
    }
}
impl LinkKind for Ethernet {
    fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        Ok(Arc::new(Ethernet))
    }
}

fn index(index: i32) -> Link {
    Link::new().header(Ifinfomsg { ifi_index: index, ..Default::default() })
}

fn named(name: &str) -> Link {
    Link::new().ifname(name)
}

fn bridge(name: &str) -> Link {
    named(name).linkinfo(LinkInfo::new().kind("bridge"))
}

fn flags(name: &str, flags: LinkFlags, change: u32) -> Link {
    named(name).header(Ifinfomsg { ifi_flags: flags, ifi_change: change, ..Default::default() })
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    New(Flags),
    Set,
    EchoSet,
    Del,
    EchoDel,
    Get,
    Dump,
}

fn steps() -> Vec<(Ask, Link)> {
    use Ask::*;
    let (none, create, excl) = (Flags::NONE, Flags::CREATE, Flags::CREATE | Flags::EXCL);
    let kind = |kind: &str| Link::new().linkinfo(LinkInfo::new().kind(kind));
    vec![
        // Creation.
        (New(none), bridge("a")),
        (New(excl), bridge("a")),
        (New(excl), bridge("a")),
        (New(create), bridge("a")),
        (New(create | Flags::REPLACE), bridge("a")),
        (New(excl), named("b")),
        (New(excl), named("b").linkinfo(LinkInfo::new().kind("nonsense"))),
        (New(excl), bridge("a/b")),
        (New(excl), bridge("a b")),
        (New(excl), bridge("a:b")),
        (New(excl), bridge("..")),
        (New(excl), bridge("sixteen-bytes-xx")),
        (New(excl), bridge("w%d")),
        (New(excl), bridge("w%d")),
        (New(excl), bridge("%d%d")),
        (New(excl), bridge("w%s")),
        (New(excl), kind("bridge")),
        (New(excl), bridge("b").mtu(67)),
        (New(excl), bridge("b").mtu(65_536)),
        (New(excl), bridge("b").mtu(u32::MAX)),
        (New(excl), bridge("b").mtu(9_000).txqlen(7).group(5).ifalias("the office")),
        (New(excl), bridge("c").header(Ifinfomsg { ifi_index: 77, ..Default::default() })),
        (New(create), bridge("d").header(Ifinfomsg { ifi_index: 77, ..Default::default() })),
        (New(excl), bridge("e").header(Ifinfomsg { ifi_index: 77, ..Default::default() })),
        (New(none), index(-1)),
        (New(none), Link::new()),
        (New(none), Link::new().group(9)),
        (New(none), Link::new().group(5).txqlen(8)),
        (New(excl), bridge("f").header(Ifinfomsg { ifi_flags: LinkFlags::UP, ifi_change: 1, ..Default::default() })),
        // What is told of one.
        (Get, named("a")),
        (Get, named("b")),
        (Get, named("f")),
        (Get, index(77)),
        (Get, index(99)),
        (Get, named("none")),
        (Get, Link::new()),
        (Get, named("a").mtu(5)),
        (Get, flags("a", LinkFlags::UP, 0)),
        // Changes.
        (Set, Link::new()),
        (Set, named("none")),
        (Set, index(99)),
        (Set, named("a").mtu(1_400)),
        (Set, named("a").mtu(67)),
        (Set, named("a").mtu(65_536)),
        (Set, flags("a", LinkFlags::UP, 1)),
        (Set, flags("a", LinkFlags::UP, 1)),
        (Set, flags("a", LinkFlags(0), 1)),
        (Set, flags("a", LinkFlags::NOARP, LinkFlags::NOARP.0)),
        (Set, flags("a", LinkFlags::POINTOPOINT, LinkFlags::POINTOPOINT.0)),
        (Get, named("a")),
        (Set, flags("a", LinkFlags::DEBUG, 0)),
        (Get, named("a")),
        (Set, index(77).ifname("a")),
        (Set, index(77).ifname("x/y")),
        (Set, index(77).ifname("g").ifalias("garden").txqlen(3)),
        (Get, index(77)),
        (Set, named("g").ifalias("")),
        (Get, index(77)),
        (Set, flags("g", LinkFlags::UP, 1)),
        (Set, named("g").ifalias("garden").group(3).txqlen(4).mtu(1_300)),
        (Set, named("g").ifalias("garden").group(3)),
        (Set, named("g").group(3)),
        (Set, flags("g", LinkFlags(0), 1)),
        (EchoSet, named("g").mtu(1_301)),
        (New(excl | Flags::ECHO), bridge("h")),
        (EchoSet, flags("h", LinkFlags::UP, 1)),
        (EchoDel, named("h")),
        (Set, named("g").master(12_345)),
        (Set, named("g").master(0)),
        // Dumps.
        (Dump, Link::new()),
        (Dump, kind("bridge")),
        (Dump, kind("nonsense")),
        (Dump, Link::new().master(77)),
        (Dump, Link::new().master(u32::MAX)),
        (Dump, index(77)),
        (Dump, flags("", LinkFlags::UP, 0)),
        (Dump, named("a")),
        // Removal.
        (Del, Link::new()),
        (Del, named("none")),
        (Del, index(99)),
        (Del, Link::new().group(0)),
        (Del, Link::new().group(9)),
        (Del, named("a")),
        (Del, named("a")),
        (Del, Link::new().group(5)),
        (Del, index(77)),
        (Del, named("f")),
        (Dump, Link::new()),
    ]
}

/// What is compared of a link: all that does not depend on what lies behind it.
fn show(link: &Link) -> String {
    let Ifinfomsg { ifi_flags, ifi_change, .. } = link.header;
    let mut text = link.ifname.clone().unwrap_or_default();
    let kind = link.linkinfo.as_ref().and_then(|info| info.kind.as_deref()).unwrap_or("-");
    let _ = write!(text, " {kind} mtu {:?}..{:?}..{:?}", link.min_mtu, link.mtu, link.max_mtu);
    let _ = write!(text, " qlen {:?} group {:?} alias {:?}", link.txqlen, link.group, link.ifalias);
    let _ = write!(text, " mode {:?} promiscuity {:?}", link.linkmode, link.promiscuity);
    // A bridge without ports has no carrier, ours have: RUNNING and LOWER_UP are theirs.
    let carrier = LinkFlags::RUNNING.0 | LinkFlags::LOWER_UP.0;
    let _ = write!(text, " flags {:?} change {ifi_change:#x}", LinkFlags(ifi_flags.0 & !carrier));
    text
}

fn play(nl: &Connection) -> Vec<String> {
    let mut events = nl.subscribe(&[RTNLGRP_LINK]).unwrap();
    let mut lines = Vec::new();
    for (ask, link) in steps() {
        let name = link.ifname.as_deref().unwrap_or_default();
        lines.push(format!("{ask:?} {name} {:?}", link.header.ifi_index));
        let outcome = match ask {
            Ask::New(flags) => nl.request(Newlink, &link).flags(flags).send().map(|answer| echoed(&answer.replies)),
            Ask::Set => nl.request(Setlink, &link).send().map(|_| Vec::new()),
            Ask::Del => nl.request(Dellink, &link).send().map(|_| Vec::new()),
            Ask::EchoSet => nl.request(Setlink, &link).echo().send().map(|answer| echoed(&answer.replies)),
            Ask::EchoDel => nl.request(Dellink, &link).echo().send().map(|answer| echoed(&answer.replies)),
            Ask::Get => nl.call(Getlink, &link).map(|link| vec![show(&link)]),
            Ask::Dump => dump(nl, &link),
        };
        match outcome {
            Ok(shown) => lines.extend(shown.into_iter().map(|line| format!("  {line}"))),
            Err(error) => lines.push(format!("  {:?} {:?}", error.errno(), error.message())),
        }
        // Events are queued before the answer, but for those of work that Linux puts off.
        while let Some(event) = events.next_timeout(Duration::from_millis(20)) {
            let event = event.unwrap();
            let (sign, link) = match (event.get(NewlinkNtf), event.get(DellinkNtf)) {
                (Some(link), _) => ('+', link),
                (None, Some(link)) => ('-', link),
                (None, None) => continue,
            };
            let Ifinfomsg { ifi_flags, ifi_change, .. } = link.header;
            let name = link.ifname.unwrap_or_default();
            let up = ifi_flags.contains(LinkFlags::UP);
            lines.push(format!("  {sign}{name} up {up} change {ifi_change:#x} from {}", event.header().seq != 0));
        }
    }
    lines
}

/// What came back besides the acknowledgement.
fn echoed<T>(replies: &[T]) -> Vec<String> {
    if replies.is_empty() { Vec::new() } else { vec![format!("{} echoed", replies.len())] }
}

fn dump(nl: &Connection, ask: &Link) -> netloom::Result<Vec<String>> {
    let mut dump = nl.dump(Getlink, ask)?;
    let mut lines = Vec::new();
    while let Some(link) = dump.next_ref() {
        let link = link?;
        let filtered = Header::read(link.bytes()).unwrap().flags.contains(Flags::DUMP_FILTERED);
        let name = link.own().ifname.unwrap_or_default();
        lines.push(format!("{name}{}", if filtered { " (of some)" } else { "" }));
    }
    Ok(lines)
}

fn ours() -> Vec<String> {
    let kernel = Kernel::new();
    for kind in ["loopback", "bridge"] {
        kernel.add_link_kind(kind, Arc::new(Ethernet)).unwrap();
    }
    kernel.links(NetNs::default()).create("loopback", "lo").unwrap();
    play(&kernel.connect())
}

#[test]
fn linux_and_ours_agree() {
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new("unshare");
    let child = child.arg("-Urn").arg(this).args(["--exact", "linux_s_side", "--ignored", "--nocapture"]).output();
    let Ok(child) = child.map(|child| String::from_utf8_lossy(&child.stdout).into_owned()) else {
        return eprintln!("skipped: no unshare");
    };
    // Where the test ran, or none of this name was found, it is no lack of namespaces that leaves nothing to compare.
    assert!(!child.contains("\nrunning ") || child.contains("test result: ok. 1 passed"), "{child}");
    let theirs: Vec<_> = child.lines().filter_map(|line| line.strip_prefix("| ")).map(str::to_owned).collect();
    if theirs.is_empty() {
        return eprintln!("skipped: no network namespace of one's own, or no bridges in it");
    }
    let ours = ours();
    let differing: Vec<_> = theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours).collect();
    assert!(differing.is_empty() && theirs.len() == ours.len(), "{theirs:#?}\n{ours:#?}\n{differing:#?}");
}

#[test]
#[ignore = "run by the other test, in a network namespace of its own"]
fn linux_s_side() {
    let nl = Connection::builder().protocol(Protocol::ROUTE).open().unwrap();
    let probe = nl.request(Newlink, &bridge("probe")).create().send();
    if probe.is_err() || nl.call(Dellink, &named("probe")).is_err() {
        return;
    }
    play(&nl).iter().for_each(|line| println!("| {line}"));
}
