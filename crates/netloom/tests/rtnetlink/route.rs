use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use netloom::Errno;
use netloom::families::rt_route::{
    Encap, EncapIp, EncapIp6, Features, Metrics, Preference, Route, RouteFlags, RouteProtocol, RouteType, Scope,
};
use netloom::rtnetlink::{AddressFamily, Prefix, link, route};
use serde_json::{Map, Value, json};

use crate::shells::Shell;
use crate::{in_each_shell, names, open, run, same, same_when_steady, say, shown, well_read, works};

in_each_shell! { route: what_ip_has_added_is_read what_we_add_ip_shows lookups_answer_as_ip_does encapsulations_are_chosen_by_their_type }

const RICH: &str = "
    ip link set lo up
    ip link add v0 type veth peer name v1
    ip link set v0 up
    ip link set v1 up
    ip addr add 192.0.2.1/24 dev v0
    ip addr add 2001:db8::1/64 dev v0 nodad
    ip route add 198.51.100.0/24 nexthop via 192.0.2.2 dev v0 weight 3 nexthop via inet6 2001:db8::2 dev v0 nexthop dev v1 weight 9
    ip route add 203.0.113.0/24 via 192.0.2.3 mtu 1400 window 5 rtt 80ms initcwnd 8 congctl reno features ecn quickack 1 metric 7 table 1000 proto bgp
    ip route add 203.0.113.0/24 via 192.0.2.9 dev v0 onlink tos 0x10 src 192.0.2.1 realm 3
    ip route add default via 192.0.2.254
    ip route add 10.0.0.0/8 via inet6 2001:db8::9 dev v0
    ip -6 route add 2001:db8:9::/48 nexthop via 2001:db8::2 dev v0 nexthop via 2001:db8::3 dev v0 weight 4
    ip -6 route add default via 2001:db8::9 pref low
    ip -6 route add 2001:db8:8::/48 via 2001:db8::2 pref high metric 7
    ip route add blackhole 10.9.0.0/16
    ip route add unreachable 10.10.0.0/16 metric 5
    ip route add throw 10.11.0.0/16 scope site
    ip -6 route add prohibit 2001:db8:77::/48";

/// What this kernel may have been built without.
const OPTIONAL: [&str; 4] = [
    "ip -6 route add 2001:db8:7::/48 from 2001:db8::/64 via 2001:db8::2",
    "ip nexthop add id 7 via 192.0.2.2 dev v0",
    "ip route add 10.12.0.0/16 nhid 7",
    "ip -6 route add 2001:db8:6::/48 via 2001:db8::2 expires 90000",
];

fn gateway(out: &mut Map<String, Value>, gateway: Option<IpAddr>, via: Option<IpAddr>) {
    if let Some(gateway) = gateway {
        out.insert("gateway".into(), json!(gateway));
    }
    if let Some(via) = via {
        out.insert("via".into(), json!({"family": AddressFamily::of(via).to_string(), "host": via}));
    }
}

/// A route as `ip -d -j route` shows it.
fn as_ip(route: &Route, names: &HashMap<u32, String>) -> Value {
    let header = route.header;
    let mut out = Map::new();
    let prefix = |prefix: Prefix| {
        if prefix == Prefix::host(prefix.address) { json!(prefix.address) } else { json!(prefix.to_string()) }
    };
    out.insert("type".into(), json!(format!("{:?}", header.rtm_type)));
    out.insert(
        "dst".into(),
        match route.dst {
            Some(_) => prefix(route::prefix(route).unwrap()),
            None => json!("default"),
        },
    );
    if let Some(src) = route.src {
        out.insert("from".into(), prefix(Prefix::new(src, header.rtm_src_len)));
    }
    if header.rtm_tos != 0 {
        out.insert("tos".into(), json!(format!("{:#x}", header.rtm_tos)));
    }
    gateway(&mut out, route.gateway, route.via);
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    if let Some(nexthop) = route.nh_id {
        put("nhid", json!(nexthop));
    }
    if let Some(oif) = route.oif {
        put("dev", json!(names[&oif]));
    }
    put(
        "table",
        match route.table.unwrap() {
            route::TABLE_MAIN => json!("main"),
            route::TABLE_LOCAL => json!("local"),
            other => json!(other.to_string()),
        },
    );
    put("protocol", json!(format!("{:?}", header.rtm_protocol)));
    put(
        "scope",
        match header.rtm_scope {
            Scope::UNIVERSE => json!("global"),
            other => json!(format!("{other:?}")),
        },
    );
    if let Some(source) = route.prefsrc {
        put("prefsrc", json!(source));
    }
    if let Some(metric) = route.priority {
        put("metric", json!(metric));
    }
    let flags = [RouteFlags::DEAD, RouteFlags::ONLINK, RouteFlags::PERVASIVE, RouteFlags::LINKDOWN];
    let flags = flags.into_iter().filter(|flag| header.rtm_flags.contains(*flag)).map(|flag| format!("{flag:?}"));
    put("flags", json!(flags.collect::<Vec<_>>()));
    if let Some(flow) = route.flow {
        put("flow", json!({"to": (flow & 0xffff).to_string()}));
    }
    if let Some(metrics) = &route.metrics {
        let mut shown = Map::new();
        for (value, key) in [
            (metrics.mtu, "mtu"),
            (metrics.window, "window"),
            (metrics.rtt.map(|rtt| rtt / 8), "rtt"),
            (metrics.initcwnd, "initcwnd"),
            (metrics.advmss, "advmss"),
            (metrics.hoplimit, "hoplimit"),
            (metrics.quickack, "quickack"),
        ] {
            if let Some(value) = value {
                shown.insert(key.into(), json!(value));
            }
        }
        if metrics.features.is_some_and(|features| features.contains(Features::ECN)) {
            shown.insert("ecn".into(), Value::Null);
        }
        if let Some(name) = &metrics.cc_algo {
            shown.insert("congestion".into(), json!(name));
        }
        put("metrics", json!([shown]));
    }
    // Ticks of a hundredth, which go on between two readings.
    if let Some(times) = route.cacheinfo.filter(|times| times.rta_expires != 0) {
        put("expires", json!((times.rta_expires as u32).div_ceil(100).div_ceil(100)));
    }
    if let Some(preference) = route.pref {
        put("pref", json!(format!("{preference:?}")));
    }
    let hops = route.multipath.iter().map(|hop| {
        let mut out = Map::new();
        gateway(&mut out, hop.gateway, hop.via);
        out.insert("dev".into(), json!(names[&(hop.header.rtnh_ifindex as u32)]));
        out.insert("weight".into(), json!(u32::from(hop.header.rtnh_hops) + 1));
        out.insert("flags".into(), json!([]));
        Value::from(out)
    });
    let hops: Vec<_> = hops.collect();
    if !hops.is_empty() {
        put("nexthops", json!(hops));
    }
    out.into()
}

/// The routes that `ip` shows, without what it asks for besides.
fn of_ip(command: &str) -> Vec<Value> {
    let mut all = shown(command);
    for route in &mut all {
        let object = route.as_object_mut().unwrap();
        object.remove("nh_info");
        if let Some(expires) = object.get_mut("expires") {
            *expires = json!(expires.as_u64().unwrap().div_ceil(100));
        }
    }
    all
}

fn compare<C: Shell>(nl: &C) {
    let names = names(nl);
    for (family, command) in [
        (AddressFamily::INET, "ip -d -4 route show table all"),
        (AddressFamily::INET6, "ip -d -6 route show table all"),
    ] {
        let ours = || {
            let ours = nl.done(route::all(nl, family)).unwrap();
            for route in &ours {
                well_read(route, &route.unparsed);
                route.multipath.iter().for_each(|hop| well_read(hop, &hop.unparsed));
            }
            ours.iter().map(|route| as_ip(route, &names)).collect()
        };
        same_when_steady(ours, || of_ip(command));
    }
}

fn what_ip_has_added_is_read<C: Shell>() {
    run(RICH);
    let lacks: Vec<_> = OPTIONAL.into_iter().filter(|line| !works(line)).collect();
    assert!(lacks.len() < OPTIONAL.len(), "none of {OPTIONAL:?} works");
    let nl = open::<C>();
    compare(&nl);

    // The kernel filters by table and by interface.
    let names = names(&nl);
    let table = nl.done(route::table(&nl, AddressFamily::INET, 1000)).unwrap();
    same(table.iter().map(|route| as_ip(route, &names)).collect(), {
        let mut theirs = of_ip("ip -d -4 route show table 1000");
        theirs.iter_mut().for_each(|route| route["table"] = json!("1000"));
        theirs
    });
    assert_eq!((table.len(), nl.done(route::table(&nl, AddressFamily::INET, 999)).unwrap().len()), (1, 0));
    let v1 = nl.done(link::index(&nl, "v1")).unwrap();
    let over = nl.done(route::over(&nl, AddressFamily::INET, v1)).unwrap();
    assert!(
        over.iter().all(
            |route| route.oif == Some(v1) || route.multipath.iter().any(|hop| hop.header.rtnh_ifindex == v1 as i32)
        )
    );
    assert_eq!(over.len(), 1, "{over:?}");
    let default = |family| nl.done(route::default(&nl, family)).unwrap().unwrap();
    assert_eq!(default(AddressFamily::INET).gateway, Some(Ipv4Addr::new(192, 0, 2, 254).into()));
    assert_eq!(default(AddressFamily::INET6).pref, Some(Preference::LOW));
}

fn what_we_add_ip_shows<C: Shell>() {
    run("ip link set lo up
         ip link add v0 type veth peer name v1
         ip link set v0 up
         ip link set v1 up
         ip addr add 192.0.2.1/24 dev v0
         ip addr add 2001:db8::1/64 dev v0 nodad");
    let nl = open::<C>();
    let to = |text: &str| Route::from(text.parse::<Prefix>().unwrap());
    let v4 = |last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last));
    let v6: IpAddr = "2001:db8::2".parse().unwrap();
    let (v0, v1) = (nl.done(link::index(&nl, "v0")).unwrap(), nl.done(link::index(&nl, "v1")).unwrap());

    nl.done(route::add(&nl, to("default").gateway(v4(254)))).unwrap();
    nl.done(route::add(&nl, Route::from(Prefix::DEFAULT_V6).gateway(v6).metrics(Metrics::new().mtu(1280_u32))))
        .unwrap();
    nl.done(route::add(&nl, to("10.1.2.3/16").oif(v0).table(1000_u32).priority(5_u32).prefsrc(v4(1)))).unwrap();
    nl.done(route::add(
        &nl,
        to("10.2.0.0/16").multipath([
            route::hop(v0, 3).gateway(v4(2)),
            route::hop(v0, 1).gateway(v6),
            route::hop(v1, 2),
        ]),
    ))
    .unwrap();
    nl.done(route::add(
        &nl,
        to("2001:db8:9::/48").multipath([
            route::hop(v0, 1).gateway(v6),
            route::hop(v0, 4).gateway("2001:db8::3".parse::<IpAddr>().unwrap()),
        ]),
    ))
    .unwrap();
    nl.done(route::add(&nl, to("10.3.0.0/16").gateway(v6).oif(v0))).unwrap();
    let mut onlink = to("10.4.0.0/16").gateway(Ipv4Addr::new(203, 0, 113, 9)).oif(v0);
    onlink.header.rtm_flags = RouteFlags::ONLINK;
    onlink.header.rtm_protocol = RouteProtocol::BGP;
    nl.done(route::add(&nl, onlink)).unwrap();
    for (prefix, of) in [
        ("10.9.0.0/16", route::blackhole as fn(Prefix) -> Route),
        ("10.10.0.0/16", route::unreachable),
        ("2001:db8:77::/48", route::prohibit),
    ] {
        nl.done(route::add(&nl, of(prefix.parse().unwrap()))).unwrap();
    }
    compare(&nl);
    let found = |dst: &str| {
        let mut all = shown("ip -d -4 route show table all");
        all.extend(shown("ip -d -6 route show table all"));
        all.into_iter().find(|route| route["dst"] == dst)
    };
    let multi = found("10.2.0.0/16").unwrap();
    assert_eq!(
        multi["nexthops"],
        json!([
            {"gateway": "192.0.2.2", "dev": "v0", "weight": 3, "flags": []},
            {"via": {"family": "inet6", "host": "2001:db8::2"}, "dev": "v0", "weight": 1, "flags": []},
            {"dev": "v1", "weight": 2, "flags": []},
        ])
    );
    let direct = found("10.1.0.0/16").unwrap();
    for (key, value) in
        [("table", "1000"), ("scope", "link"), ("protocol", "static"), ("prefsrc", "192.0.2.1"), ("dev", "v0")]
    {
        assert_eq!(direct[key], value);
    }
    assert_eq!(
        (&found("10.4.0.0/16").unwrap()["flags"], &found("10.9.0.0/16").unwrap()["type"]),
        (&json!(["onlink"]), &json!("blackhole"))
    );

    // Adding twice is an error, replacing is none; changing wants one to be there.
    let error = nl.done(route::add(&nl, to("10.3.0.0/16").oif(v1))).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    nl.done(route::replace(&nl, to("10.3.0.0/16").oif(v1))).unwrap();
    assert_eq!(found("10.3.0.0/16").unwrap()["dev"], "v1");
    assert_eq!(nl.done(route::change(&nl, to("10.77.0.0/16").oif(v1))).unwrap_err().errno(), Some(Errno::ENOENT));
    nl.done(route::append(&nl, to("10.3.0.0/16").gateway(v4(3)))).unwrap();
    assert_eq!(shown("ip route show 10.3.0.0/16").len(), 2);

    // As they were listed they can be removed, and added again.
    let all: Vec<_> = nl.done(route::table(&nl, AddressFamily::INET, route::TABLE_MAIN)).unwrap();
    let ours: Vec<_> = all.into_iter().filter(|route| route.header.rtm_protocol != RouteProtocol::KERNEL).collect();
    let before = shown("ip -d route");
    for route in &ours {
        assert!(nl.done(route::delete(&nl, route.clone())).unwrap(), "{route:?}");
    }
    assert_eq!(shown("ip route").len(), 1);
    for route in &ours {
        nl.done(route::append(&nl, route.clone())).unwrap();
    }
    same(shown("ip -d route"), before);
    assert!(!nl.done(route::delete(&nl, to("10.99.0.0/16"))).unwrap());
    assert!(nl.done(route::delete(&nl, to("10.1.0.0/16").table(1000_u32))).unwrap());
    assert_eq!(nl.done(route::flush(&nl, AddressFamily::INET6, 1000)).unwrap(), 0);
    assert!(nl.done(route::flush(&nl, AddressFamily::INET, route::TABLE_MAIN)).unwrap() > 5);
    assert_eq!(found("10.2.0.0/16"), None);

    // What is wrong is told.
    let error = nl.done(route::add(&nl, to("10.5.0.0/16").gateway(Ipv4Addr::new(203, 0, 113, 9)))).unwrap_err();
    assert_eq!(
        (error.errno(), error.message()),
        (Some(Errno::ENETUNREACH), Some("Nexthop has invalid gateway")),
        "{error}"
    );
    let error =
        nl.done(route::add(&nl, to("10.5.0.0/16").oif(v0).metrics(Metrics::new().cc_algo("none")))).unwrap_err();
    assert!(error.message().is_some(), "{error}");
}

fn lookups_answer_as_ip_does<C: Shell>() {
    run("ip link set lo up
         ip link add v0 type veth peer name v1
         ip link set v0 up
         ip link set v1 up
         ip addr add 192.0.2.1/24 dev v0
         ip addr add 198.51.100.1/24 dev v1
         ip route add default via 192.0.2.254
         ip route add default via 198.51.100.254 table 100
         ip rule add fwmark 5 table 100
         ip rule add from 198.51.100.1 table 100
         ip route add blackhole 10.9.0.0/16
         ip route add unreachable 10.10.0.0/16
         ip route add prohibit 10.11.0.0/16");
    let nl = open::<C>();
    let (v0, v1) = (nl.done(link::index(&nl, "v0")).unwrap(), nl.done(link::index(&nl, "v1")).unwrap());
    let far = Ipv4Addr::new(203, 0, 113, 9);
    let to = || Route::from(Prefix::host(far));
    for (asked, oif, gateway, table, words) in [
        (to(), v0, "192.0.2.254", 254, ""),
        (to().mark(5_u32), v1, "198.51.100.254", 100, " mark 5"),
        (to().src(Ipv4Addr::new(198, 51, 100, 1)), v1, "198.51.100.254", 100, " from 198.51.100.1"),
        (to().oif(v0), v0, "192.0.2.254", 254, " oif v0"),
    ] {
        let way = nl.done(route::lookup_as(&nl, asked)).unwrap();
        assert_eq!((way.oif, way.gateway, way.table), (Some(oif), gateway.parse().ok(), Some(table)));
        assert_eq!(way.header.rtm_type, RouteType::UNICAST);
        let theirs = &shown(&format!("ip route get {far}{words}"))[0];
        assert_eq!((&theirs["gateway"], &theirs["dst"]), (&json!(way.gateway), &json!(far)));
        if let Some(source) = way.prefsrc {
            assert_eq!(theirs["prefsrc"], json!(source));
        }
    }
    assert_eq!(nl.done(route::lookup(&nl, Ipv4Addr::new(192, 0, 2, 1))).unwrap().header.rtm_type, RouteType::LOCAL);
    for (address, errno) in [
        ("10.9.0.1", Errno::EINVAL),
        ("10.10.0.1", Errno::EHOSTUNREACH),
        ("10.11.0.1", Errno::EACCES),
        ("2001:db8::1", Errno::ENETUNREACH),
    ] {
        let error = nl.done(route::lookup(&nl, address.parse::<IpAddr>().unwrap())).unwrap_err();
        assert_eq!(error.errno(), Some(errno), "{address}: {error}");
    }
}

fn encapsulations_are_chosen_by_their_type<C: Shell>() {
    run("ip link add v0 type veth peer name v1
         ip link set v0 up
         ip addr add 192.0.2.1/24 dev v0
         ip addr add 2001:db8::1/64 dev v0 nodad");
    let nl = open::<C>();
    let v0 = nl.done(link::index(&nl, "v0")).unwrap();
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    // What ip says, the destination, what it is to us, and what ip shows of it when we have added it.
    let v4 = EncapIp::new().id(7_u64).dst(address("192.0.2.9")).src(address("192.0.2.8")).tos(4_u8).ttl(5_u8);
    let v6 = EncapIp6::new().id(9_u64).dst(address("2001:db8::77")).hoplimit(3_u8).tc(2_u8);
    for (words, to, encap, seen) in [
        (
            "ip id 7 dst 192.0.2.9 src 192.0.2.8 tos 4 ttl 5",
            "10.8.0.0/16",
            Encap::Ip(v4),
            "encap ip id 7 src 192.0.2.8 dst 192.0.2.9 ttl 5 tos 4",
        ),
        (
            "ip6 id 9 dst 2001:db8::77 hoplimit 3 tc 2",
            "2001:db8:9::/48",
            Encap::Ip6(v6),
            "encap ip6 id 9 src :: dst 2001:db8::77 hoplimit 3 tc 2",
        ),
    ] {
        let prefix: Prefix = to.parse().unwrap();
        let family = if prefix.family() == AddressFamily::INET { "-4" } else { "-6" };
        if !works(&format!("ip {family} route add {to} encap {words} dev v0")) {
            say(&format!("skipped: encap {words}: not in this kernel"));
            continue;
        }
        let listed = || {
            let all = nl.done(route::table(&nl, prefix.family(), route::TABLE_MAIN)).unwrap();
            all.into_iter().find(|route| route::prefix(route) == Some(prefix)).unwrap()
        };
        let theirs = listed();
        well_read(&theirs, &theirs.unparsed);
        // What is not said is told as zeros.
        let told = match theirs.encap.as_deref().unwrap() {
            Encap::Ip(told) => (told.id, told.dst, told.tos, told.ttl),
            Encap::Ip6(told) => (told.id, told.dst, told.tc, told.hoplimit),
            other => panic!("{other:?}"),
        };
        let said = match &encap {
            Encap::Ip(said) => (said.id, said.dst, said.tos, said.ttl),
            Encap::Ip6(said) => (said.id, said.dst, said.tc, said.hoplimit),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, said);
        assert!(nl.done(route::delete(&nl, theirs.clone())).unwrap());
        // The type is filled in, at the top as in a next hop.
        let gateway = address(if prefix.family() == AddressFamily::INET { "192.0.2.3" } else { "2001:db8::3" });
        let hops = [route::hop(v0, 1).gateway(gateway).encap(encap.clone()), route::hop(v0, 2).gateway(gateway)];
        for ours in [Route::from(prefix).oif(v0).encap(encap.clone()), Route::from(prefix).multipath(hops)] {
            nl.done(route::add(&nl, ours)).unwrap();
            let text = Command::new("ip").args([family, "route", "show", to]).output().unwrap().stdout;
            let text = String::from_utf8(text).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(seen), "{text}");
            let ours = listed();
            let hop = ours.multipath.first().and_then(|hop| hop.encap.clone());
            assert_eq!(ours.encap.clone().or(hop), theirs.encap);
            assert!(nl.done(route::delete(&nl, ours)).unwrap());
        }
    }
    if works("ip route add 10.14.0.0/16 encap mpls 100/200 via 192.0.2.3 dev v0") {
        let all = nl.done(route::table(&nl, AddressFamily::INET, route::TABLE_MAIN)).unwrap();
        let labels = all.iter().find_map(|route| match route.encap.as_deref() {
            Some(Encap::Mpls(labels)) => labels.dst.clone(),
            _ => None,
        });
        // A label is the upper 20 bits; the last one has the bit 8 set.
        assert_eq!(labels.unwrap(), [0, 6, 0x40, 0, 0, 0xc, 0x81, 0]);
    } else {
        say("skipped: encap mpls: not in this kernel");
    }
    if works("ip -6 route add 2001:db8:10::/48 encap seg6 mode encap segs 2001:db8::5 dev v0") {
        let all = nl.done(route::table(&nl, AddressFamily::INET6, route::TABLE_MAIN)).unwrap();
        let segments = all.iter().find_map(|route| match route.encap.as_deref() {
            Some(Encap::Seg6(segments)) => segments.srh.clone(),
            _ => None,
        });
        // include/uapi/linux/seg6_iptunnel.h: the mode, then the header, then the segments from the last one on.
        assert!(segments.unwrap().ends_with(&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]));
    } else {
        say("skipped: encap seg6: not in this kernel");
    }
}
