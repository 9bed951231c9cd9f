//! Who reads meanwhile: dumps, calls and events, in threads and in tasks.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use netloom::client::Consistent;
use netloom::families::rt_addr::{Address, Getaddr};
use netloom::families::rt_link::{Getlink, Ifinfomsg, Link};
use netloom::families::rt_neigh::{Getneigh, Neighbour};
use netloom::families::rt_route::{Getroute, Route};
use netloom::families::rt_rule::{Getrule, Rule};
use netloom::rtnetlink::{GROUPS, Told, link, route};
use netloom::wire::Dump;
use netloom::{Connection, Error, Result, tokio as tasks};

use crate::changers::{NAMES, refused_at_most};
use crate::yard::{Random, Signals};

/// How many plain dumps were torn.
pub(crate) static TORN: AtomicU64 = AtomicU64::new(0);

/// Times that events were lost; shared, so that whoever looks on can count.
pub(crate) type Lost = Arc<AtomicU64>;

/// A dump that is torn says so behind its last object. Nothing else may be wrong with it.
fn torn_at_most<T: Debug>(objects: impl Iterator<Item = Result<T>>, deep: bool) -> (Vec<T>, bool) {
    let (mut whole, mut torn) = (Vec::new(), false);
    for object in objects {
        assert!(!torn, "something comes behind the end");
        match object {
            Ok(object) => {
                if deep {
                    well_read(&object);
                }
                whole.push(object);
            }
            Err(error) => {
                assert!(error.is_interrupted(), "{error}");
                TORN.fetch_add(1, Ordering::Relaxed);
                torn = true;
            }
        }
    }
    (whole, torn)
}

fn well_read(object: &impl Debug) {
    let text = format!("{object:?}");
    assert!(!text.contains("bad attribute"), "{text}");
}

/// None of these comes twice.
fn apart<T, K: Hash + Eq + Debug>(objects: &[T], key: impl Fn(&T) -> K) {
    let mut seen = HashSet::new();
    objects.iter().for_each(|object| assert!(seen.insert(key(object)), "{:?} twice", key(object)));
}

/// Plain dumps, read to their end or left half-way.
pub(crate) fn dumps(nl: &Connection, random: &mut Random, signals: &Signals) {
    fn all<O: Dump>(nl: &Connection, op: O, request: O::Request, random: &mut Random) -> (Vec<O::Reply>, bool)
    where
        O::Reply: Debug,
    {
        let most = if random.below(4) == 0 { random.below(40) as usize } else { usize::MAX };
        torn_at_most(nl.dump(op, &request).unwrap().take(most), random.below(8) == 0)
    }
    while signals.again() {
        match random.below(5) {
            0 => {
                let (links, torn) = all(nl, Getlink, Link::new(), random);
                if !torn {
                    apart(&links, |link| link.header.ifi_index);
                    apart(&links, |link| link.ifname.clone());
                }
            }
            1 => drop(all(nl, Getaddr, Address::new(), random)),
            2 => drop(all(nl, Getroute, Route::new(), random)),
            3 => drop(all(nl, Getneigh, Neighbour::new(), random)),
            _ => drop(all(nl, Getrule, Rule::new(), random)),
        }
    }
}

/// Dumps of one piece, as often as it takes, within reason.
pub(crate) fn consistent_dumps(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let retries = random.below(4);
        match nl.dump(Getlink, &Link::new()).unwrap().consistent(retries).unwrap() {
            Consistent::Whole(links) => {
                apart(&links, |link| link.header.ifi_index);
                assert!(links.iter().any(|link| link.ifname.as_deref() == Some("lo")));
            }
            Consistent::Torn(torn) => {
                assert_eq!(torn.attempts, retries + 1);
                assert!(torn.error().is_interrupted(), "{torn}");
            }
        }
    }
}

/// Calls whose answers must be those to their questions.
pub(crate) fn calls(nl: &Connection, random: &mut Random, signals: &Signals) {
    while signals.again() {
        let name = *random.pick(&NAMES);
        if let Some(found) = refused_at_most("a link", link::find(nl, name)) {
            assert_eq!(found.ifname.as_deref(), Some(name));
        }
        let to = Ipv4Addr::from_bits(0x0a00_0000 | random.below(200) << 8 | 1);
        if let Some(way) = refused_at_most("a way", route::lookup(nl, to)) {
            assert_eq!(way.dst, Some(to.into()));
        }
    }
}

/// Events of everything, on a socket that has room for few of them: what is lost is told, and the rest reads on.
pub(crate) fn slow_subscriber(nl: &Connection, lost: &AtomicU64, signals: &Signals) {
    let mut events = nl.subscribe(&GROUPS).unwrap();
    while signals.again() {
        thread::sleep(Duration::from_millis(5));
        while let Some(event) = events.try_next() {
            match event {
                Ok(event) => well_read(&Told::read(&event).expect("an event of rtnetlink's")),
                Err(error) => {
                    assert!(error.is_overrun(), "{error}");
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Many tasks that share a connection: calls, some dropped half-way, and dumps, some left half-way.
pub(crate) fn many_tasks(nl: &tasks::Connection, seed: u64, signals: &Signals) {
    const TASKS: u64 = 8;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        while signals.again() {
            let tasks: Vec<_> = (0..TASKS)
                .map(|n| {
                    let (nl, mut random) = (nl.clone(), Random::new(seed ^ n ^ u64::from(signals.turn()) << 8));
                    tokio::spawn(async move {
                        for _ in 0..5 {
                            task(&nl, &mut random).await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        }
    });
}

async fn task(nl: &tasks::Connection, random: &mut Random) {
    let named = |index: i32| Link::new().header(Ifinfomsg { ifi_index: index, ..Ifinfomsg::default() });
    let at_most = |error: &Error| assert!(error.is_refused(), "{error}");
    match random.below(6) {
        0..3 => {
            // Indices only grow: most of these are gone, or are yet to come.
            let index = 1 + random.below(400) as i32;
            match nl.call(Getlink, &named(index)).await {
                Ok(found) => assert_eq!(found.header.ifi_index, index),
                Err(error) => at_most(&error),
            }
        }
        3 => {
            let time = Duration::from_micros(random.below(200).into());
            let asked = named(1);
            if let Ok(answer) = tokio::time::timeout(time, nl.call(Getlink, &asked)).await {
                assert_eq!(answer.unwrap().header.ifi_index, 1);
            }
        }
        4 => {
            let mut dump = nl.dump(Getroute, &Route::new()).await.unwrap();
            for _ in 0..random.below(100) {
                match dump.next().await {
                    None => break,
                    Some(Ok(_)) => {}
                    Some(Err(error)) => assert!(error.is_interrupted(), "{error}"),
                }
            }
        }
        _ => {
            let links = nl.dump(Getlink, &Link::new()).await.unwrap().consistent(random.below(3)).await.unwrap();
            if let Consistent::Whole(links) = links {
                apart(&links, |link| link.header.ifi_index);
            }
        }
    }
}
