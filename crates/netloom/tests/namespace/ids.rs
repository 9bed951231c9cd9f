//! Ids of other namespaces, and events that come from there, in each shell and over each kernel side.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use netloom::client::{Dialer, Event};
use netloom::families::rt_link::RTNLGRP_LINK;
use netloom::families::rt_nsid::RTNLGRP_NSID;
use netloom::kernel::{Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
use netloom::rtnetlink::{Told, link, nsid};
use netloom::socket::LinuxDialer;
use netloom::{Connection, Errno, Netns, async_io, tokio, unix};

use crate::elsewhere::{Elsewhere, inside, inside_as};

/// From where the next events are, and what is queued behind them.
type Heard = BTreeSet<Option<i32>>;

/// What each shell hears over this kernel side when something happens there, and then here.
fn heard(dialer: &Arc<dyn Dialer>, there: &dyn Fn(), here: &dyn Fn()) -> Vec<(&'static str, Heard, Heard)> {
    let from = |first: Event, next: &mut dyn FnMut() -> Option<netloom::Result<Event>>| -> Heard {
        std::iter::once(first)
            .chain(std::iter::from_fn(|| next().map(Result::unwrap)))
            .map(|event| event.nsid())
            .collect()
    };
    let mut events = Connection::over(dialer.clone()).subscribe(&[RTNLGRP_LINK]).unwrap().all_namespaces().unwrap();
    let mut blocking = |cause: &dyn Fn()| {
        cause();
        let first = events.next_timeout(Duration::from_secs(60)).expect("it is told").unwrap();
        from(first, &mut || events.try_next())
    };
    let mut all = vec![("blocking", blocking(there), blocking(here))];
    macro_rules! shell {
        ($shell:ident) => {
            async {
                let nl = $shell::Connection::over(dialer.clone());
                let mut events = nl.subscribe(&[RTNLGRP_LINK]).await.unwrap().all_namespaces().unwrap();
                let mut found = Vec::new();
                for cause in [there, here] {
                    cause();
                    let first = events.next().await.expect("it is told").unwrap();
                    found.push(from(first, &mut || events.try_next()));
                }
                let [there, here] = <[Heard; 2]>::try_from(found).unwrap();
                (stringify!($shell), there, here)
            }
        };
    }
    all.push(::async_io::block_on(shell!(async_io)));
    let runtime = ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    all.push(runtime.block_on(shell!(tokio)));
    all
}

/// Each shell hears of both, and is told which is which.
fn check(side: &str, id: i32, all: &[(&str, Heard, Heard)]) {
    for (shell, there, here) in all {
        assert_eq!((there, here), (&Heard::from([Some(id)]), &Heard::from([None])), "{side}, {shell}");
    }
}

#[test]
fn ids_are_given_looked_up_and_told() {
    if !inside("ids::ids_are_given_looked_up_and_told") {
        return;
    }
    let nl = Connection::open().unwrap();
    let (one, other) = (Elsewhere::new(), Elsewhere::new());
    let mut events = nl.subscribe(&[RTNLGRP_NSID]).unwrap();
    assert_eq!((nsid::of(&nl, one.netns()).unwrap(), nsid::all(&nl).unwrap()), (None, Vec::new()));
    nsid::assign(&nl, one.netns(), 42).unwrap();
    assert_eq!(nsid::of(&nl, one.netns()).unwrap(), Some(42));
    assert_eq!(nsid::ensure(&nl, one.netns()).unwrap(), 42, "it stays what it is");
    assert_eq!(nsid::assign(&nl, one.netns(), 43).unwrap_err().errno(), Some(Errno::EEXIST));
    assert_eq!(nsid::assign(&nl, other.netns(), 42).unwrap_err().errno(), Some(Errno::EEXIST));
    let chosen = nsid::ensure(&nl, other.netns()).unwrap();
    let mut all = nsid::all(&nl).unwrap();
    all.sort_unstable();
    assert_eq!(all, [chosen, 42], "the lowest that is free is chosen");
    // Seen from there, others have no ids.
    let there = Connection::builder().netns(one.netns()).open().unwrap();
    assert_eq!(nsid::of(&there, Netns::current()).unwrap(), None);
    let mut told = |read: fn(Told) -> Option<i32>| {
        let event = events.next_timeout(Duration::from_secs(60)).expect("it is told").unwrap();
        Told::read(&event).and_then(read)
    };
    let new = |told| if let Told::NewNsid(told) = told { told.nsid } else { None };
    assert_eq!([told(new), told(new)], [Some(42), Some(chosen)]);
    drop(there);
    drop(one);
    assert_eq!(told(|told| if let Told::DelNsid(told) = told { told.nsid } else { None }), Some(42));
    assert_eq!(nsid::all(&nl).unwrap(), [chosen]);
}

#[test]
fn events_of_another_namespace_of_linux_tell_their_id() {
    if !inside("ids::events_of_another_namespace_of_linux_tell_their_id") {
        return;
    }
    let elsewhere = Elsewhere::new();
    let here = Connection::open().unwrap();
    let there = Connection::builder().netns(elsewhere.netns()).open().unwrap();
    let unheard = Elsewhere::new();
    let nowhere = Connection::builder().netns(unheard.netns()).open().unwrap();
    let id = nsid::ensure(&here, elsewhere.netns()).unwrap();
    let mtu = std::cell::Cell::new(1500);
    let change = |nl: &Connection| {
        mtu.set(mtu.get() + 1);
        // What has no id is not heard.
        link::set_mtu(&nowhere, "lo", mtu.get()).unwrap();
        link::set_mtu(nl, "lo", mtu.get()).unwrap();
    };
    let dialer: Arc<dyn Dialer> = Arc::new(LinuxDialer::here());
    check("Linux", id, &heard(&dialer, &|| change(&there), &|| change(&here)));
    // Who does not ask for it hears nothing of there.
    let mut events = here.subscribe(&[RTNLGRP_LINK]).unwrap();
    change(&there);
    assert!(events.try_next().is_none());
}

#[test]
fn who_may_not_hear_all_namespaces_is_told_what_it_takes() {
    let words = ["-Un", "--map-user=1000", "--map-group=1000"];
    let test = "ids::who_may_not_hear_all_namespaces_is_told_what_it_takes";
    if !inside_as(test, &words, std::process::Stdio::null()) {
        return;
    }
    let events = Connection::open().unwrap().subscribe(&[RTNLGRP_LINK]).unwrap();
    let error = events.all_namespaces().unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EPERM));
    assert!(error.to_string().contains("takes CAP_NET_BROADCAST in the user namespace"), "{error}");
}

struct Plain;
impl LinkDevice for Plain {
    fn defaults(&self) -> LinkDefaults {
        LinkDefaults::default()
    }
}
struct Plains;
impl LinkKind for Plains {
    fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        Ok(Arc::new(Plain))
    }
}

#[test]
fn events_of_another_namespace_of_a_kernel_side_tell_their_id() {
    let kernel = Kernel::new();
    kernel.add_link_kind("plain", Arc::new(Plains)).unwrap();
    kernel.name_namespace(NetNs(0), NetNs(1), Some(7)).unwrap();
    let change = |ns: u32| {
        // What has no id is not heard.
        for ns in [2, ns] {
            kernel.links(NetNs(ns)).create("plain", "plain%d").unwrap();
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let _serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let sides: [(&str, Arc<dyn Dialer>); 3] = [
        ("in process", kernel.dialer(kernel.administrator())),
        ("unix", Arc::new(unix::Dialer::connect(&path).unwrap())),
        ("unix, exact", Arc::new(unix::Dialer::connect(&path).unwrap().exact())),
    ];
    for (side, dialer) in sides {
        check(side, 7, &heard(&dialer, &|| change(1), &|| change(0)));
    }
}
