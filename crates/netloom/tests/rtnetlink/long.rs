use std::time::Duration;

use netloom::Connection;
use netloom::client::Followed;
use netloom::families::rt_link::{Getlink, Link, RTNLGRP_LINK};
use netloom::rtnetlink::{Told, link};

use crate::shells::Shell;
use crate::{in_each_shell, inside, open, run};

in_each_shell! { long: a_link_of_many_names_is_read_whole }

/// Alternative names of an interface, as long as they may be: over 15 KiB.
const NAMES: usize = 130;

fn name(n: usize) -> String {
    format!("{n:03}-{}", "a".repeat(122))
}

/// An interface whose message is longer than a page, than libmnl's buffer and than most programs'.
pub(crate) fn make() {
    run("ip link add v0 type veth peer name v1");
    // More at once find no room in ip's request, which it does not say.
    for names in (0..NAMES).map(name).collect::<Vec<_>>().chunks(5) {
        let all: Vec<_> = names.iter().map(|name| format!("altname {name}")).collect();
        run(&format!("ip link property add dev v0 {}", all.join(" ")));
    }
}

pub(crate) fn is_whole(found: &Link) -> bool {
    let names = found.prop_list.as_ref().map_or(&[][..], |list| &list.alt_ifname);
    names.iter().cloned().eq((0..NAMES).map(name))
}

fn a_link_of_many_names_is_read_whole<C: Shell>() {
    make();
    let nl = open::<C>();
    // By name, by an alternative one, and in a dump.
    assert!(is_whole(&nl.done(link::find(&nl, "v0")).unwrap()));
    assert!(is_whole(&nl.done(link::find(&nl, &name(NAMES - 1))).unwrap()));
    let all = nl.done(link::all(&nl)).unwrap();
    assert!(all.len() >= 3 && all.iter().any(is_whole));
    // What is sent back is as long.
    let found = nl.done(link::find(&nl, "v0")).unwrap();
    nl.done(link::set_mtu(&nl, "v0", 1300)).unwrap();
    let changed = nl.done(link::find(&nl, "v0")).unwrap();
    assert_eq!((changed.mtu, changed.prop_list), (Some(1300), found.prop_list));
}

#[test]
fn a_long_link_is_told_whole() {
    if !inside("long::a_long_link_is_told_whole") {
        return;
    }
    let nl = Connection::open().unwrap();
    let mut events = nl.subscribe(&[RTNLGRP_LINK]).unwrap();
    let mut follow = nl.follow(Getlink, &Link::new(), &[RTNLGRP_LINK]).unwrap();
    while !follow.is_synced() {
        follow.next().unwrap().unwrap();
    }
    make();
    // While it is down, names are not told of.
    run("ip link set v0 mtu 1300");
    let tells_all = |told: Option<Told>| matches!(told, Some(Told::NewLink(link)) if is_whole(&link));
    let mut longest = 0;
    loop {
        let event = events.next_timeout(Duration::from_secs(5)).expect("the last name is told").unwrap();
        longest = longest.max(event.header().len);
        if tells_all(Told::read(&event)) {
            break;
        }
    }
    assert!(longest > 15 * 1024, "{longest}");
    loop {
        match follow.next_timeout(Duration::from_secs(5)).expect("the last name is told").unwrap() {
            Followed::Event(event) if tells_all(Told::read(&event)) => break,
            Followed::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
    // One that begins now dumps it.
    let mut whole = 0;
    let mut follow = nl.follow(Getlink, &Link::new(), &[RTNLGRP_LINK]).unwrap();
    while !follow.is_synced() {
        if let Followed::State(link) = follow.next().unwrap().unwrap() {
            whole += usize::from(is_whole(&link));
        }
    }
    assert_eq!(whole, 1);
}
