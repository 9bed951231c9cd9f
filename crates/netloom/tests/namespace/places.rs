//! Sockets in a given network namespace, and what is left of having opened them there.

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use netloom::client::Builder;
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::families::rt_link::{Getlink, Link, LinkFlags, RTNLGRP_LINK};
use netloom::{Connection, Errno, Netns, Protocol, async_io, tokio};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::elsewhere::{Elsewhere, inside, inside_as, say};
use crate::{set_up, up};

#[test]
fn late_sockets_stay_in_the_namespace_of_the_connection() {
    if !inside("places::late_sockets_stay_in_the_namespace_of_the_connection") {
        return;
    }
    set_up(&Connection::open().unwrap(), "lo");
    let elsewhere = Elsewhere::new();
    let there = elsewhere.netns().open().unwrap();
    // Nothing is opened yet when the thread moves away.
    let here = Connection::builder().protocol(Protocol::ROUTE).open().unwrap();
    let named = Connection::builder().netns(elsewhere.netns()).open().unwrap();
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
            let other = std::fs::read_link(format!("/proc/{}/ns/net", elsewhere.id())).unwrap();
            assert_eq!(own, other, "the thread itself has not been moved back");
        });
    });
    // The other way round: a connection into there, from here.
    assert!(up(&named, "lo"));
    assert!(up(&here, "lo"));
}

fn there(elsewhere: &Elsewhere) -> Builder {
    Connection::builder().netns(elsewhere.netns())
}

/// How many threads this process has, none of them in another network namespace, and how many descriptors.
fn held() -> (usize, usize) {
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    // A thread that was joined may be ending still.
    let here = |task: &fs::DirEntry| fs::read_link(task.path().join("ns/net")).ok().is_none_or(|netns| netns == own);
    for _ in 0..100 {
        let tasks: Vec<_> = fs::read_dir("/proc/self/task").unwrap().flatten().collect();
        if tasks.iter().all(here) {
            return (tasks.len(), fs::read_dir("/proc/self/fd").unwrap().count());
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("a thread of this process stays in another network namespace");
}

#[test]
fn nothing_is_left_of_a_thousand_connections_elsewhere() {
    if !inside("places::nothing_is_left_of_a_thousand_connections_elsewhere") {
        return;
    }
    let elsewhere = Elsewhere::new();
    let (threads, descriptors) = held();
    for at in 0..1000 {
        let nl = there(&elsewhere).open().unwrap();
        assert!(!up(&nl, "lo"));
        if at == 999 {
            assert_eq!(held(), (threads, descriptors + 3), "a namespace, a socket, what wakes who waits for it");
        }
    }
    assert_eq!(held(), (threads, descriptors));
}

#[test]
fn connections_into_two_namespaces_are_apart() {
    if !inside("places::connections_into_two_namespaces_are_apart") {
        return;
    }
    let (one, other) = (Elsewhere::new(), Elsewhere::new());
    let (here, a, b) = (Connection::open().unwrap(), there(&one).open().unwrap(), there(&other).open().unwrap());
    let mut heard = [&here, &a, &b].map(|nl| nl.subscribe(&[RTNLGRP_LINK]).unwrap());
    set_up(&a, "lo");
    assert_eq!([&here, &a, &b].map(|nl| up(nl, "lo")), [false, true, false]);
    assert!(heard[1].next_timeout(Duration::from_secs(60)).is_some());
    assert!(heard[0].try_next().is_none() && heard[2].try_next().is_none());
    // Ports are the namespace's, as is all else.
    let named = |elsewhere| there(elsewhere).protocol(Protocol::ROUTE).port(4711).open();
    let (first, second) = (named(&one).unwrap(), named(&other).unwrap());
    assert_eq!((first.port().unwrap(), second.port().unwrap()), (4711, 4711));
    assert_eq!(named(&one).unwrap_err().errno(), Some(Errno::EADDRINUSE));
}

#[test]
fn tasks_have_sockets_elsewhere_too() {
    if !inside("places::tasks_have_sockets_elsewhere_too") {
        return;
    }
    let elsewhere = Elsewhere::new();
    set_up(&there(&elsewhere).open().unwrap(), "lo");
    let before = held();
    macro_rules! visit {
        ($shell:ident) => {
            async {
                let nl = $shell::Connection::with(there(&elsewhere)).unwrap();
                let found = nl.call(Getlink, &Link::new().ifname("lo")).await.unwrap();
                assert!(found.header.ifi_flags.contains(LinkFlags::UP), "a call");
                let mut links = nl.dump(Getlink, &Link::new()).await.unwrap();
                assert!(links.next().await.unwrap().unwrap().header.ifi_flags.contains(LinkFlags::UP), "a dump");
                let family = nl.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).await.unwrap();
                assert_eq!(family.family_id, Some(16), "another protocol");
                let mut events = nl.subscribe(&[RTNLGRP_LINK]).await.unwrap();
                assert!(events.try_next().is_none());
                let here = $shell::Connection::open().unwrap();
                let found = here.call(Getlink, &Link::new().ifname("lo")).await.unwrap();
                assert!(!found.header.ifi_flags.contains(LinkFlags::UP), "here it is down");
            }
        };
    }
    ::async_io::block_on(visit!(async_io));
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(visit!(tokio));
    drop(runtime);
    assert_eq!(held().0, before.0 + 1, "the thread of async-io's reactor alone");
}

#[test]
fn what_may_not_be_entered_says_what_it_takes() {
    // The namespace around, as standard input: that of another user namespace, which is not ours.
    let around = fs::File::open("/proc/self/ns/net").unwrap();
    if !inside_as("places::what_may_not_be_entered_says_what_it_takes", &["-Urn"], around) {
        return;
    }
    let nl = Connection::builder().netns(Netns::fd(std::io::stdin())).open().unwrap();
    let error = nl.call(Getlink, &Link::new().ifname("lo")).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EPERM), "{error}");
    assert!(error.to_string().contains("takes CAP_SYS_ADMIN here and in the user namespace"), "{error}");
    let error = Connection::builder().netns(Netns::path("/proc/self/ns/uts")).open().unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EINVAL), "{error}");
}

/// Who has no rights where he is, but has made namespaces: as the user of a rootless container.
#[test]
fn whoever_made_a_namespace_has_sockets_in_it() {
    let words = ["-Un", "--map-user=1000", "--map-group=1000"];
    if !inside_as("places::whoever_made_a_namespace_has_sockets_in_it", &words, std::process::Stdio::null()) {
        return;
    }
    if !Command::new("unshare").args(["-Urn", "true"]).status().is_ok_and(|status| status.success()) {
        return say("skipped: whoever_made_a_namespace: no user namespaces in user namespaces here");
    }
    let status = fs::read_to_string("/proc/self/status").unwrap();
    assert!(status.contains("CapEff:\t0000000000000000"), "without rights: {status}");
    let elsewhere = Elsewhere::by("-Urn");
    let before = (held(), children());
    let nl = there(&elsewhere).open().unwrap();
    set_up(&nl, "lo");
    assert!(up(&nl, "lo"), "with the rights of an administrator there");
    assert_eq!(nl.dump(Getlink, &Link::new()).unwrap().filter(|link| link.is_ok()).count(), 1);
    assert!(!up(&Connection::open().unwrap(), "lo"), "here it is down");
    drop(nl);
    for _ in 0..100 {
        assert_eq!(there(&elsewhere).open().unwrap().family("nlctrl").unwrap().id, 16);
    }
    assert_eq!((held(), children()), before, "neither threads, descriptors nor processes are left");
}

/// The processes that this one has made and that are not waited for.
fn children() -> usize {
    let mine = format!("PPid:\t{}", std::process::id());
    let of_me = |path: &Path| {
        fs::read_to_string(path.join("status")).is_ok_and(|status| status.lines().any(|line| line == mine))
    };
    fs::read_dir("/proc").unwrap().flatten().filter(|entry| of_me(&entry.path())).count()
}
