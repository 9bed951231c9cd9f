//! Dumps that the kernel does not mark as torn: what goes while one is half read has it pass over others.

use std::io::Write;
use std::process::{Command, Stdio};

use netloom::Connection;
use netloom::client::{Change, Table, Want, Watchable};
use netloom::families::rt_link::{Getlink, Ifinfomsg, Link};
use netloom::rtnetlink::watched::{NeighbourKey, RouteKey};
use netloom::rtnetlink::{AddressFamily, MacAddr, Neighbours, Routes};

use super::{bridge, quietly};
use crate::{inside, run, say};

/// What dumps had, in their order, and how far each datagram of the last one went.
#[derive(Default)]
struct Dumped<K> {
    keys: Vec<Vec<K>>,
    ends: Vec<usize>,
}

/// Reads a table until it is synced, and does something whenever a dump goes on in another datagram: it is told which dump
/// it is, and how many datagrams have come.
fn read<W: Watchable>(of: W, mut between: impl FnMut(usize, usize)) -> (Table<W>, Dumped<W::Key>) {
    let nl = Connection::open().unwrap();
    let mut events = nl.subscribe(&of.groups()).unwrap();
    let (mut table, mut dumped) = (Table::new(of), Dumped { keys: Vec::new(), ends: Vec::new() });
    while !table.is_synced() {
        match table.want() {
            Want::Discard => while events.try_next().is_some() {},
            Want::Fence => {
                let header = Ifinfomsg { ifi_index: 1, ..Ifinfomsg::default() };
                nl.call(Getlink, &Link::new().header(header)).unwrap();
            }
            Want::Events => {
                while let Some(event) = events.try_next() {
                    table.hear(&event.unwrap());
                }
            }
            Want::Dump(request) => {
                let mut dump = nl.dump(table.of().op(), &request).unwrap();
                let (mut keys, mut datagrams) = (Vec::new(), dump.datagrams());
                dumped.ends.clear();
                loop {
                    let object = dump.next().transpose().unwrap();
                    if dump.datagrams() > std::mem::replace(&mut datagrams, dump.datagrams()) {
                        dumped.ends.push(keys.len());
                        table.pause();
                        between(dumped.keys.len(), dumped.ends.len());
                    }
                    let Some(object) = object else { break };
                    keys.extend(table.of().keep(object.clone()).map(|object| table.of().key(&object)));
                    table.object(object);
                }
                dumped.keys.push(keys);
            }
            Want::Event => unreachable!("all has been read"),
            other => panic!("{other:?}"),
        }
        table.done();
    }
    while let Some(change) = table.change() {
        assert!(!matches!(change, Change::Lost(_)), "too many at once: {change:?}");
    }
    (table, dumped)
}

/// Fills a table, reads it, and deletes in the middle of its first dump: how many were there all the time and are not in that.
fn missed<W: Watchable>(
    of: impl Fn() -> W,
    fill: (&[&str], String),
    delete: impl Fn(&W::Key) -> Option<String>,
    which: impl Fn(&[usize], usize) -> std::ops::Range<usize>,
) -> usize {
    batch(fill.0, &fill.1);
    let (_, before) = read(of(), |_, _| {});
    let order = before.keys.last().unwrap();
    let (table, dumped) = read(of(), |dump, datagrams| {
        if dump == 0 {
            let script: String = order[which(&before.ends, datagrams)].iter().filter_map(&delete).collect();
            batch(fill.0, &script);
        }
    });
    let (_, after) = read(of(), |_, _| {});
    let mut there = after.keys.last().unwrap().clone();
    there.sort();
    let has: Vec<_> = table.objects().iter().map(|object| table.of().key(object)).collect();
    let missed = there.iter().filter(|key| !dumped.keys[0].contains(key)).count();
    let says = format!("{} dumps, the first of which has missed {missed}", dumped.keys.len());
    assert!(before.ends.len() > 3 && order.len() > there.len(), "{:?}", before.ends);
    let lacks: Vec<_> = there.iter().filter(|key| !has.contains(key)).collect();
    assert!(lacks.is_empty() && has.len() == there.len(), "{says}: {} of {} has not {lacks:?}", has.len(), there.len());
    missed
}

/// Has `ip` or `bridge` do many things.
fn batch(program: &[&str], script: &str) {
    let mut child =
        Command::new(program[0]).args(&program[1..]).args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// In the first pause, those that were dumped first.
fn first(_: &[usize], datagrams: usize) -> std::ops::Range<usize> {
    if datagrams == 1 { 0..40 } else { 0..0 }
}

#[test]
fn forwarding_entries_are_true_though_a_dump_passes_over_some() {
    if !inside("watched::torn::forwarding_entries_are_true_though_a_dump_passes_over_some") {
        return;
    }
    quietly();
    bridge();
    run("ip link add v0 type veth peer name v1
         ip link set v0 master br0");
    let mac = |n: usize| format!("02:00:00:00:{:02x}:{:02x}", n >> 8, n & 0xff);
    let fill = (0..3000).map(|n| format!("fdb replace {} dev v0 master static\n", mac(n))).collect();
    let delete = |key: &NeighbourKey| {
        let mac = MacAddr::from(<[u8; 6]>::try_from(key.hardware.as_deref()?).ok()?).to_string();
        mac.starts_with("02:00:00:00").then(|| format!("fdb del {mac} dev v0 master\n"))
    };
    let missed = missed(|| Neighbours::of(AddressFamily::BRIDGE), (&["bridge"], fill), delete, first);
    assert!(missed > 0, "the kernel has passed over none: nothing was shown");
}

#[test]
fn ipv6_routes_are_true_though_a_dump_passes_over_some() {
    if !inside("watched::torn::ipv6_routes_are_true_though_a_dump_passes_over_some") {
        return;
    }
    quietly();
    run("ip link set lo up");
    let fill = (0..3000).map(|n| format!("route replace 2001:db8:{n:x}::/48 dev lo\n")).collect();
    // Where one came, the dump begins anew, and passes over as many as it has had.
    // net/ipv6/ip6_fib.c: fib6_dump_table
    let delete = |key: &RouteKey| {
        let to = key.destination;
        (key.len == 48)
            .then(|| format!("route del {to}/48\nroute replace 2001:db9::/64 dev lo metric {}\n", key.priority))
    };
    let missed = missed(|| Routes::of(AddressFamily::INET6), (&["ip", "-6"], fill), delete, first);
    assert!(missed > 0, "the kernel has passed over none: nothing was shown");
}

#[test]
fn neighbours_are_true_though_a_dump_passes_over_some() {
    if !inside("watched::torn::neighbours_are_true_though_a_dump_passes_over_some") {
        return;
    }
    quietly();
    run("ip link add v0 type veth peer name v1
         ip link set v0 up");
    let address = |n: usize| format!("10.1.{}.{}", n >> 8, n & 0xff);
    let fill: String = (0..3000)
        .map(|n| format!("neigh replace {} lladdr 02:00:00:00:00:01 dev v0 nud permanent\n", address(n)))
        .collect();
    let delete = |key: &NeighbourKey| Some(format!("neigh del {} dev v0\n", key.address?));
    // What stands right before the place where the dump will pause next, and hangs in the same bucket as what stands behind.
    let before = |ends: &[usize], datagrams: usize| match ends.get(datagrams + 1) {
        Some(end) => end - 4..*end,
        None => 0..0,
    };
    let rounds =
        (1..=10).find(|_| missed(|| Neighbours::of(AddressFamily::INET), (&["ip"], fill.clone()), delete, before) > 0);
    match rounds {
        Some(rounds) => say(&format!("a dump of neighbours has missed some in round {rounds}")),
        None => say("no dump of neighbours has missed any in ten rounds: this kernel's table is too sparse"),
    }
}
