use std::net::{IpAddr, Ipv4Addr};

use netloom::families::rt_neigh::{
    Getneightbl, Ndtmsg, Neighbour, NeighbourFlags, NeighbourState, Setneightbl, Table, TableSettings,
};
use netloom::rtnetlink::{AddressFamily, MacAddr, neigh};
use netloom::{Connection, Errno};
use serde_json::{Map, Value, json};

use crate::shells::Shell;
use crate::{in_each_shell, inside, names, open, run, same, same_when_steady, shown, well_read, works};

in_each_shell! { neighbour: what_ip_has_added_is_read what_we_add_ip_shows }

const RICH: &str = "
    ip link set lo up
    ip link add v0 type veth peer name v1
    ip link add br0 type bridge
    ip link set v1 master br0
    ip link set v0 up
    ip link set v1 up
    ip link set br0 up
    ip addr add 192.0.2.1/24 dev v0
    ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0 nud permanent protocol bgp
    ip neigh add 192.0.2.8 lladdr 02:00:00:00:00:08 dev v0 nud stale
    ip neigh add 192.0.2.7 dev v0 nud failed
    ip neigh add 2001:db8::9 lladdr 02:00:00:00:00:19 dev v0 router nud noarp
    ip neigh add proxy 192.0.2.10 dev v0
    bridge fdb add 02:00:00:00:00:77 dev v1 master static sticky
    bridge fdb add 02:00:00:00:00:79 dev v1 self permanent";

/// A neighbour as `ip -j neigh` shows it.
fn as_ip(neighbour: &Neighbour, dev: &str) -> Value {
    let header = neighbour.header;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("dst", json!(neighbour.dst.unwrap()));
    put("dev", json!(dev));
    if let Some(hardware) = neighbour.lladdr.as_deref() {
        put("lladdr", json!(MacAddr::read(hardware).unwrap().to_string()));
    }
    for (flag, name) in [(NeighbourFlags::ROUTER, "router"), (NeighbourFlags::PROXY, "proxy")] {
        if header.ndm_flags.contains(flag) {
            put(name, Value::Null);
        }
    }
    if header.ndm_state != NeighbourState::default() {
        let states = format!("{:?}", header.ndm_state).to_uppercase();
        put("state", json!(states.split('|').collect::<Vec<_>>()));
    }
    if let Some(protocol) = neighbour.protocol {
        put("protocol", json!(format!("{protocol:?}")));
    }
    out.into()
}

/// An entry as `bridge -j fdb` shows it.
fn as_bridge(entry: &Neighbour, name: &dyn Fn(u32) -> String) -> Value {
    let header = entry.header;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("mac", json!(MacAddr::read(entry.lladdr.as_deref().unwrap()).unwrap().to_string()));
    put("ifname", json!(name(header.ndm_ifindex as u32)));
    if let Some(vlan) = entry.vlan {
        put("vlan", json!(vlan));
    }
    let flags = [
        NeighbourFlags::SELF,
        NeighbourFlags::ROUTER,
        NeighbourFlags::EXT_LEARNED,
        NeighbourFlags::OFFLOADED,
        NeighbourFlags::MASTER,
        NeighbourFlags::STICKY,
    ];
    let flags = flags.into_iter().filter(|flag| header.ndm_flags.contains(*flag)).map(|flag| format!("{flag:?}"));
    put("flags", json!(flags.collect::<Vec<_>>()));
    if let Some(master) = entry.master {
        put("master", json!(name(master)));
    }
    put(
        "state",
        json!(match header.ndm_state {
            NeighbourState::PERMANENT => "permanent",
            NeighbourState::NOARP => "static",
            NeighbourState::STALE => "stale",
            NeighbourState::REACHABLE => "",
            other => panic!("{other:?}"),
        }),
    );
    out.into()
}

fn what_ip_has_added_is_read<C: Shell>() {
    run(RICH);
    // Some kernels have no VLANs in bridges.
    if works("ip link set br0 type bridge vlan_filtering 1") {
        run("bridge fdb add 02:00:00:00:00:78 dev v1 master static vlan 1");
    }
    let nl = open::<C>();
    let names = names(&nl);
    let name = |index: u32| names[&index].clone();
    // Those of groups come and go by themselves.
    let group = |address: &str| address.parse::<IpAddr>().unwrap().is_multicast();
    let ours = || {
        let ours = nl.done(neigh::all(&nl, AddressFamily::UNSPEC)).unwrap();
        ours.iter().for_each(|neighbour| well_read(neighbour, &neighbour.unparsed));
        assert!(ours.iter().all(|neighbour| neighbour.cacheinfo.is_some() && neighbour.probes.is_some()));
        let ours = ours.iter().filter(|neighbour| !neighbour.dst.unwrap().is_multicast());
        ours.map(|neighbour| as_ip(neighbour, &name(neighbour.header.ndm_ifindex as u32))).collect()
    };
    same_when_steady(ours, || {
        let theirs = shown("ip neigh show nud all").into_iter();
        theirs.filter(|neighbour| !group(neighbour["dst"].as_str().unwrap())).collect()
    });
    let proxies = nl.done(neigh::proxies(&nl)).unwrap();
    same(proxies.iter().map(|proxy| as_ip(proxy, "v0")).collect(), shown("ip neigh show proxy"));

    let forwarding = |entries: Vec<Neighbour>| {
        entries.iter().for_each(|entry| well_read(entry, &entry.unparsed));
        entries.iter().map(|entry| as_bridge(entry, &name)).collect()
    };
    same_when_steady(|| forwarding(nl.done(neigh::all(&nl, AddressFamily::BRIDGE)).unwrap()), || shown("bridge fdb"));
    same_when_steady(
        || forwarding(nl.done(neigh::forwarding(&nl, "br0")).unwrap()),
        || shown("bridge fdb show br br0"),
    );

    let of_v0 = nl.done(neigh::of(&nl, "v0")).unwrap();
    let v0 = nl.done(netloom::rtnetlink::link::index(&nl, "v0")).unwrap() as i32;
    // The one that failed goes when the kernel tidies up.
    assert!(of_v0.len() >= 3 && of_v0.iter().all(|neighbour| neighbour.header.ndm_ifindex == v0), "{of_v0:?}");
    let found = nl.done(neigh::find(&nl, "v0", Ipv4Addr::new(192, 0, 2, 9))).unwrap().unwrap();
    assert_eq!(found.lladdr.as_deref(), Some(&[2, 0, 0, 0, 0, 9][..]));
    assert_eq!(nl.done(neigh::find(&nl, "v0", Ipv4Addr::new(192, 0, 2, 99))).unwrap(), None);
}

fn what_we_add_ip_shows<C: Shell>() {
    run("ip link add v0 type veth peer name v1
         ip link add br0 type bridge
         ip link set v1 master br0
         ip link set v0 up
         ip addr add 192.0.2.1/24 dev v0");
    let nl = open::<C>();
    let (ip, mac) = (Ipv4Addr::new(192, 0, 2, 9), MacAddr([2, 0, 0, 0, 0, 9]));
    let found = || shown("ip neigh show nud all").into_iter().find(|neighbour| neighbour["dst"] == "192.0.2.9");
    nl.done(neigh::add(&nl, "v0", neigh::new(ip, mac))).unwrap();
    assert_eq!(found().unwrap(), json!({"dst": ip, "dev": "v0", "lladdr": mac.to_string(), "state": ["PERMANENT"]}));
    let error = nl.done(neigh::add(&nl, "v0", neigh::new(ip, mac))).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    nl.done(neigh::replace(&nl, "v0", neigh::new(ip, MacAddr([2, 0, 0, 0, 0, 10])))).unwrap();
    assert_eq!(found().unwrap()["lladdr"], "02:00:00:00:00:0a");
    assert!(nl.done(neigh::delete(&nl, "v0", neigh::new(ip, mac))).unwrap());
    assert!(found().is_none_or(|neighbour| neighbour["state"] == json!(["FAILED"])));

    nl.done(neigh::add(&nl, "v0", neigh::proxy(Ipv4Addr::new(192, 0, 2, 10)))).unwrap();
    assert_eq!(shown("ip neigh show proxy"), [json!({"dst": "192.0.2.10", "dev": "v0", "proxy": null})]);

    let entry = || neigh::entry(MacAddr([2, 0, 0, 0, 0, 0x77]));
    nl.done(neigh::add(&nl, "v1", entry())).unwrap();
    let listed = || shown("bridge fdb show br br0").into_iter().find(|entry| entry["mac"] == "02:00:00:00:00:77");
    assert_eq!(listed().unwrap()["state"], "static");
    assert_eq!(
        (nl.done(neigh::delete(&nl, "v1", entry())).unwrap(), nl.done(neigh::delete(&nl, "v1", entry())).unwrap()),
        (true, false)
    );
    assert_eq!(listed(), None);

    // What is learned goes, what is permanent stays.
    run("ip neigh add 192.0.2.20 lladdr 02:00:00:00:00:20 dev v0 nud permanent
         ip neigh add 192.0.2.21 lladdr 02:00:00:00:00:21 dev v0 nud stale
         ip neigh add 192.0.2.22 lladdr 02:00:00:00:00:22 dev v0 nud reachable");
    assert!(nl.done(neigh::flush(&nl, "v0")).unwrap() >= 2);
    let left: Vec<_> = shown("ip neigh show dev v0")
        .into_iter()
        .filter(|neighbour| neighbour["dst"].as_str().unwrap().starts_with("192."))
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0]["dst"], "192.0.2.20");
}

#[test]
fn tables_are_read_and_changed() {
    if !inside("neighbour::tables_are_read_and_changed") {
        return;
    }
    run("ip link add v0 type veth peer name v1
         ip link set v0 up");
    let nl = Connection::open().unwrap();
    let v0 = nl.done(netloom::rtnetlink::link::index(&nl, "v0")).unwrap();
    let settings = TableSettings::new().ifindex(v0).gc_staletime(77_000_u64).ucast_probes(9_u32);
    nl.call(Setneightbl, &Table::new().header(Ndtmsg { family: 2 }).name("arp_cache").parms(settings)).unwrap();
    let tables: Vec<_> = nl.dump(Getneightbl, &Table::new()).unwrap().map(|table| table.unwrap()).collect();
    tables.iter().for_each(|table| well_read(table, &table.unparsed));
    let theirs = shown("ip -4 ntable show dev v0 name arp_cache");
    let ours = tables.iter().find(|table| {
        table.header.family == 2 && table.parms.as_ref().is_some_and(|settings| settings.ifindex == Some(v0))
    });
    let settings = ours.unwrap().parms.clone().unwrap();
    for (ours, key) in [
        (settings.gc_staletime, "gc_stale"),
        (settings.base_reachable_time, "base_reachable"),
        (settings.retrans_time, "retrans"),
        (settings.delay_probe_time, "delay_probe"),
        (settings.ucast_probes.map(u64::from), "ucast_probes"),
        (settings.mcast_probes.map(u64::from), "mcast_probes"),
        (settings.proxy_qlen.map(u64::from), "proxy_queue"),
        (settings.locktime, "locktime"),
    ] {
        assert_eq!(json!(ours), theirs[0][key], "{key} of {}", theirs[0]);
    }
    assert_eq!((settings.gc_staletime, settings.ucast_probes), (Some(77_000), Some(9)));
    let whole = tables.iter().find(|table| table.header.family == 10 && table.config.is_some()).unwrap();
    assert_eq!((whole.name.as_deref(), whole.config.unwrap().key_len), (Some("ndisc_cache"), 16));
}
