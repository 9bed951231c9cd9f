use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::thread;
use std::time::{Duration, Instant};

use netloom::families::rt_nexthop::{
    Encap, EncapIp, GroupType, Nexthop, NexthopFlags, Nhmsg, Originator, Resilience, Scope,
};
use netloom::families::rt_route::Route;
use netloom::rtnetlink::{AddressFamily, Prefix, Told, link, nexthop, route};
use netloom::{Connection, Errno};
use serde_json::{Map, Value, json};

use crate::shells::Shell;
use crate::{in_each_shell, inside, names, open, run, same, say, shown, well_read, works};

in_each_shell! { nexthop: what_ip_has_added_is_read what_we_add_ip_shows packets_are_counted_by_member }

const LINKS: &str = "
    ip link set lo up
    ip link add v0 type veth peer name v1
    ip link set v0 up
    ip link set v1 up
    ip addr add 192.0.2.1/24 dev v0";

const RICH: &str = "
    ip nexthop add id 1 blackhole
    ip nexthop add id 2 via 192.0.2.9 dev v0
    ip nexthop add id 3 dev v0 protocol bgp
    ip nexthop add id 4 via fe80::1 dev v0 onlink
    ip nexthop add id 10 group 2/3,3
    ip nexthop add id 12 via 192.0.2.7 fdb
    ip nexthop add id 13 group 12 fdb";

/// Whether this kernel has resilient groups (Linux 5.13); says so if not.
fn has_resilient() -> bool {
    let has = works("ip nexthop add id 999 group 2 type resilient buckets 1") && works("ip nexthop del id 999");
    if !has {
        say("skipped: resilient groups of nexthop: not in this kernel or ip");
    }
    has
}

/// A next hop as `ip -j -d nexthop` shows it.
fn as_ip<C: Shell>(nl: &C, hop: &Nexthop) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("id", json!(hop.id.unwrap()));
    if let Some(members) = &hop.group {
        let member = |member| match nexthop::weight(member) {
            1 => json!({"id": member.id}),
            weight => json!({"id": member.id, "weight": weight}),
        };
        put("group", members.iter().map(member).collect());
    }
    if hop.group_type == Some(GroupType::RES) {
        let told = hop.res_group.clone().unwrap();
        let whole = |ticks: u32| json!(ticks / 100);
        put("type", json!("resilient"));
        let args = json!({
            "buckets": told.buckets, "idle_timer": whole(told.idle_timer.unwrap()),
            "unbalanced_timer": whole(told.unbalanced_timer.unwrap()), "unbalanced_time": told.unbalanced_time,
        });
        put("resilient_args", args);
    }
    if let Some(Encap::Ip(EncapIp { id, src, dst, ttl, tos, .. })) = hop.encap.as_deref() {
        // Here ip has one key twice, of which JSON keeps the last.
        put("encap", json!("ip"));
        put("id", json!(id.unwrap()));
        for (key, address) in [("src", src), ("dst", dst)] {
            put(key, json!(address.unwrap()));
        }
        put("ttl", json!(ttl.unwrap()));
        put("tos", json!(tos.unwrap()));
    }
    if let Some(gateway) = hop.gateway {
        put("gateway", json!(gateway));
    }
    if let Some(index) = hop.oif {
        put("dev", json!(names(nl)[&index]));
    }
    if hop.blackhole {
        put("blackhole", Value::Null);
    }
    let scope = match hop.header.nh_scope {
        Scope::UNIVERSE => "global".to_owned(),
        scope => format!("{scope:?}"),
    };
    put("scope", json!(scope));
    put("protocol", json!(format!("{:?}", hop.header.nh_protocol)));
    let flags = [(NexthopFlags::ONLINK, "onlink"), (NexthopFlags::LINKDOWN, "linkdown")];
    put("flags", flags.iter().filter(|(flag, _)| hop.header.nh_flags.contains(*flag)).map(|(_, name)| *name).collect());
    if hop.fdb {
        put("fdb", Value::Null);
    }
    out.into()
}

fn compare<C: Shell>(nl: &C) {
    let ours = nl.done(nexthop::all(nl)).unwrap();
    for hop in &ours {
        well_read(hop, &hop.unparsed);
    }
    same(ours.iter().map(|hop| as_ip(nl, hop)).collect(), shown("ip -d nexthop"));
}

fn what_ip_has_added_is_read<C: Shell>() {
    run(LINKS);
    run(RICH);
    if has_resilient() {
        run("ip nexthop add id 11 group 2/3 type resilient buckets 8 idle_timer 5 unbalanced_timer 7");
    }
    if !works("ip nexthop add id 14 encap ip id 5 dst 192.0.2.8 via 192.0.2.7 dev v0") {
        say("skipped: encapsulation of nexthop: ip or the kernel refuses it");
    }
    let nl = open::<C>();
    compare(&nl);
    let ids = |hops: Vec<Nexthop>| hops.iter().filter_map(|hop| hop.id).filter(|id| *id < 11).collect::<Vec<_>>();
    assert_eq!(ids(nl.done(nexthop::over(&nl, "v0")).unwrap()), [2, 3, 4]);
    assert_eq!(ids(nl.done(nexthop::groups(&nl)).unwrap()), [10]);
    assert_eq!(nl.done(nexthop::find(&nl, 3)).unwrap().unwrap().header.nh_protocol, Originator::BGP);
    assert_eq!(nl.done(nexthop::find(&nl, 77)).unwrap(), None);
}

fn what_we_add_ip_shows<C: Shell>() {
    run(LINKS);
    let nl = open::<C>();
    let v0 = nl.done(link::index(&nl, "v0")).unwrap();
    let gateway: IpAddr = Ipv4Addr::new(192, 0, 2, 9).into();
    let a = nl.done(nexthop::add(&nl, nexthop::via(gateway).oif(v0))).unwrap();
    let b = nl.done(nexthop::add(&nl, nexthop::direct(AddressFamily::INET, v0))).unwrap();
    assert!(a != 0 && b != 0 && a != b, "the kernel has chosen {a} and {b}");
    assert_eq!(nl.done(nexthop::add(&nl, nexthop::blackhole(AddressFamily::INET).id(30))).unwrap(), 30);
    let onlink =
        Nhmsg { nh_family: 10, nh_flags: NexthopFlags::ONLINK, nh_protocol: Originator::BGP, ..Nhmsg::default() };
    let via6: IpAddr = "fe80::1".parse::<Ipv6Addr>().unwrap().into();
    nl.done(nexthop::add(&nl, nexthop::via(via6).header(onlink).oif(v0).id(31))).unwrap();
    nl.done(nexthop::add(&nl, nexthop::group([nexthop::member(a, 256), nexthop::member(b, 3)]).id(32))).unwrap();
    nl.done(nexthop::add(
        &nl,
        Nexthop::new().header(Nhmsg { nh_family: 2, ..Nhmsg::default() }).gateway(gateway).fdb(true).id(33),
    ))
    .unwrap();
    let tunnel = EncapIp::new().id(5).dst(Ipv4Addr::new(192, 0, 2, 8));
    match nl.done(nexthop::add(&nl, nexthop::via(gateway).oif(v0).encap(Encap::Ip(tunnel)).id(34))) {
        Err(error) if error.errno() == Some(Errno::EOPNOTSUPP) => say(&format!("skipped: encapsulation: {error}")),
        done => assert_eq!(done.unwrap(), 34),
    }
    compare(&nl);
    let ip = shown("ip nexthop show id 32").remove(0);
    assert_eq!(ip["group"], json!([{"id": a, "weight": 256}, {"id": b, "weight": 3}]));

    // A route over a group has the group's hops, also when they change.
    let to: Prefix = "10.0.0.0/8".parse().unwrap();
    nl.done(route::add(&nl, Route::from(to).nh_id(32))).unwrap();
    let routes = || shown("ip route show 10.0.0.0/8").remove(0);
    assert_eq!((&routes()["nhid"], routes()["nexthops"].as_array().unwrap().len()), (&json!(32), 2));
    nl.done(nexthop::replace(&nl, nexthop::group([nexthop::member(a, 1)]).id(32))).unwrap();
    assert_eq!(routes()["gateway"], json!(gateway));
    let told = nl.done(route::table(&nl, AddressFamily::INET, route::TABLE_MAIN)).unwrap();
    assert!(told.iter().any(|told| told.nh_id == Some(32) && told.header.rtm_dst_len == 8), "{told:?}");

    // Routes over next hops can be removed, and added again, as they were listed.
    run("ip nexthop add id 50 blackhole protocol static
         ip nexthop add id 51 via 192.0.2.9 dev v0 protocol static
         ip route add 10.51.0.0/16 nhid 51 table 77
         ip route add 10.32.0.0/16 nhid 32 table 77
         ip route add 10.50.0.0/16 nhid 50 table 77
         ip -6 route add 2001:db8:50::/48 nhid 31 table 77");
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        let there = || nl.done(route::table(&nl, family, 77)).unwrap();
        let before = there();
        assert!(!before.is_empty());
        assert_eq!(nl.done(route::flush(&nl, family, 77)).unwrap(), before.len());
        assert_eq!(there(), []);
        for route in &before {
            nl.done(route::add(&nl, route.clone())).unwrap_or_else(|error| panic!("{error}: {route:?}"));
        }
        assert_eq!(there(), before);
    }

    // What was listed can be added again, as it was.
    let before = nl.done(nexthop::all(&nl)).unwrap();
    for hop in before.iter().rev() {
        nl.done(nexthop::replace(&nl, hop.clone())).unwrap_or_else(|error| panic!("{hop:?}: {error}"));
    }
    assert_eq!(nl.done(nexthop::all(&nl)).unwrap(), before);

    let error = nl.done(nexthop::add(&nl, nexthop::blackhole(AddressFamily::INET).id(30))).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    let error = nl.done(nexthop::replace(&nl, nexthop::group([nexthop::member(777, 1)]).id(40))).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EINVAL), "{error}");
    assert!(error.to_string().contains("exthop"), "it says what is wrong: {error}");
    assert_eq!([nl.done(nexthop::delete(&nl, 30)).unwrap(), nl.done(nexthop::delete(&nl, 30)).unwrap()], [true, false]);
    // With its last member goes the group, and the route over it.
    assert!(nl.done(nexthop::delete(&nl, a)).unwrap());
    assert_eq!(nl.done(nexthop::find(&nl, 32)).unwrap(), None);
    assert!(shown("ip route show 10.0.0.0/8").is_empty());
}

#[test]
fn resilient_groups_have_buckets() {
    if !inside("nexthop::resilient_groups_have_buckets") {
        return;
    }
    run(LINKS);
    run(RICH);
    if !has_resilient() {
        return;
    }
    let nl = Connection::open().unwrap();
    let members = [nexthop::member(2, 3), nexthop::member(3, 1)];
    let timers = Resilience::new().buckets(8).idle_timer(100).unbalanced_timer(0);
    let group = nexthop::add(&nl, nexthop::resilient(members, 8).res_group(timers)).unwrap();
    compare(&nl);
    let buckets = nexthop::buckets(&nl, group).unwrap();
    let indices: Vec<_> = buckets.iter().filter_map(|bucket| bucket.index).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4, 5, 6, 7]);
    let of = |id| buckets.iter().filter(|bucket| bucket.nh_id == Some(id)).count();
    assert_eq!((of(2), of(3)), (6, 2), "by weight");
    let ours = buckets.iter().map(|bucket| (json!(bucket.index), json!(bucket.nh_id)));
    let theirs = shown(&format!("ip nexthop bucket show id {group}"));
    assert!(ours.eq(theirs.iter().map(|told| (told["bucket"]["index"].clone(), told["bucket"]["nhid"].clone()))));
    for (id, errno) in [(777, Errno::ENOENT), (2, Errno::EINVAL)] {
        let error = nexthop::buckets(&nl, id).unwrap_err();
        assert_eq!(error.errno(), Some(errno), "{error}");
    }

    // Buckets that are in use move when they have been idle, which is told one by one.
    send_over(&nl, group);
    let mut events = nl.subscribe(&[netloom::families::rt_nexthop::RTNLGRP_NEXTHOP]).unwrap();
    let evenly = [nexthop::member(2, 1), nexthop::member(3, 1)];
    nexthop::replace(&nl, nexthop::resilient(evenly, 8).id(group)).unwrap();
    let mut moved = Vec::new();
    while moved.len() < 2 {
        let event = events.next_timeout(Duration::from_secs(10)).expect("each move is told").unwrap();
        if let Some(Told::NewBucket(told)) = Told::read(&event) {
            assert_eq!(told.id, Some(group));
            moved.push(told.res_bucket.unwrap());
        }
    }
    assert!(moved.iter().all(|bucket| bucket.nh_id == Some(3)), "{moved:?}");
    let buckets = nexthop::buckets(&nl, group).unwrap();
    assert_eq!(buckets.iter().filter(|bucket| bucket.nh_id == Some(3)).count(), 4);
}

#[test]
fn with_a_link_its_next_hops_go_untold() {
    if !inside("nexthop::with_a_link_its_next_hops_go_untold") {
        return;
    }
    run(LINKS);
    run(RICH);
    let nl = Connection::open().unwrap();
    route::add(&nl, Route::from("10.0.0.0/8".parse::<Prefix>().unwrap()).nh_id(10)).unwrap();
    let mut events = nl.subscribe(&[netloom::families::rt_nexthop::RTNLGRP_NEXTHOP]).unwrap();
    run("ip link set v1 down");
    let left = || nexthop::all(&nl).unwrap().iter().filter_map(|hop| hop.id).collect::<Vec<_>>();
    // That the other end has no carrier any more is seen to by a thread of the kernel's.
    let patience = Instant::now() + Duration::from_secs(30);
    while left() != [1, 12, 13] && Instant::now() < patience {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(left(), [1, 12, 13]);
    assert!(shown("ip route show 10.0.0.0/8").is_empty());
    run("ip nexthop del id 1");
    let event = events.next_timeout(Duration::from_secs(5)).unwrap().unwrap();
    assert!(matches!(Told::read(&event), Some(Told::DelNexthop(hop)) if hop.id == Some(1)), "the first: {event:?}");
}

/// Sends a hundred packets, each elsewhere, over a group.
fn send_over<C: Shell>(nl: &C, group: u32) {
    nl.done(route::add(nl, Route::from("203.0.113.0/24".parse::<Prefix>().unwrap()).nh_id(group))).unwrap();
    let socket = std::net::UdpSocket::bind("192.0.2.1:0").unwrap();
    for host in 1..=100 {
        let _ = socket.send_to(b"over one of them", (Ipv4Addr::new(203, 0, 113, host), 9));
    }
}

fn packets_are_counted_by_member<C: Shell>() {
    run(LINKS);
    run(RICH);
    let nl = open::<C>();
    match nl.done(nexthop::counters(&nl, 10)) {
        Err(error) if error.errno() == Some(Errno::EINVAL) => {
            return say(&format!("skipped: counters of nexthop: this kernel has none: {error}"));
        }
        counters => assert_eq!(counters.unwrap().unwrap().len(), 2),
    }
    assert_eq!(nl.done(nexthop::counters(&nl, 2)).unwrap(), Some(Vec::new()), "no group");
    assert_eq!(nl.done(nexthop::counters(&nl, 777)).unwrap(), None);
    send_over(&nl, 10);
    let counters = nl.done(nexthop::counters(&nl, 10)).unwrap().unwrap();
    assert_eq!(counters.iter().filter_map(|member| member.id).collect::<Vec<_>>(), [2, 3]);
    let all: u64 = counters.iter().filter_map(|member| member.packets).sum();
    assert!(all >= 100, "{counters:?}");
}
