//! Links of each kind that this Linux has, made with typed requests in a network namespace of their own: what the kernel
//! tells of them is understood whole, is the same as JSON, and is what `ip` says.

use std::io::Write as _;
use std::process::{Command, Stdio};

use netloom::families::rt_link::*;
use netloom::wire::{Attr, Body, Errno, FamilyInfo, Message, OwnedChoice, Path, Protocol, Writer};
use netloom::{Connection, families};
use netloom_dynamic::{Family, Options};
use serde_json::{Value, json};

/// Runs the test of this name in fresh user and network namespaces; false in the outer process, whose part is done.
fn inside(test: &str) -> bool {
    const MARK: &str = "NETLOOM_TEST_INSIDE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    if !Command::new("unshare").args(["-Urn", "--", "true"]).status().is_ok_and(|status| status.success()) {
        say(&format!("skipped: {test}: no user namespaces here (unshare -Urn fails)"));
        return false;
    }
    let mut again = Command::new("unshare");
    again.args(["-Urn", "--"]).arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let inner = again.env(MARK, "1").stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&inner.stdout);
    // Where no test has this name, none fails.
    assert!(inner.status.success() && told.contains("test result: ok. 1 passed"), "{test} failed inside:\n{told}");
    false
}

/// A line that is seen even though the test passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn named(name: &str) -> Link {
    Link::new().ifname(name)
}

/// A link of a kind that has no data of its own.
fn plain(name: &str, kind: &str) -> Link {
    named(name).linkinfo(LinkInfo::new().kind(kind))
}

fn with(name: &str, data: LinkData) -> Link {
    named(name).linkinfo(LinkInfo::new().data(data))
}

/// What is made, on top of a pair `v0` and `v1`.
fn links(below: u32) -> Vec<Link> {
    let group: std::net::IpAddr = "239.1.1.1".parse().unwrap();
    let remote: std::net::IpAddr = "2001:db8::1".parse().unwrap();
    vec![
        plain("d0", "dummy"),
        with("br0", LinkData::Bridge(Bridge::new().forward_delay(800).vlan_filtering(1).mcast_snooping(0))),
        with("vx0", LinkData::Vxlan(Vxlan::new().id(42).group(group).link(below).ttl(7).port(4789))),
        with(
            "vx6",
            LinkData::Vxlan(Vxlan::new().id(43).group6(remote).port(8472).learning(0).udp_zero_csum6_rx(1).gbp(true)),
        ),
        with("vlan7", LinkData::Vlan(Vlan::new().id(7).protocol(VlanProtocol::_8021Q))).link(below),
        with("mv0", LinkData::Macvlan(Macvlan::new().mode(MacvlanMode::BRIDGE))).link(below),
        with("mt0", LinkData::Macvtap(Macvlan::new().mode(MacvlanMode::PRIVATE))).link(below),
        with("iv0", LinkData::Ipvlan(Ipvlan::new().mode(IpvlanMode::L3))).link(below),
        with("vrf0", LinkData::Vrf(Vrf::new().table(77))),
        with("bond0", LinkData::Bond(Bond::new().mode(BondMode::ACTIVE_BACKUP).miimon(100))),
        with("gre7", LinkData::Gre(Gre::new().local(group).remote(group).ikey(7).okey(8))),
        with("ipip0", LinkData::Ipip(Iptun::new().ttl(64))),
        with("t6", LinkData::Ip6tnl(Ip6tnl::new().remote(remote).ttl(64))),
        with("nk0", LinkData::Netkit(Netkit::new().mode(NetkitMode::L2))),
        plain("wg0", "wireguard"),
    ]
}

/// Decodes a message, encodes it, and holds bytes and JSON against what came.
fn understood(info: &'static FamilyInfo, message: &[u8]) -> Link {
    let mut told = |path: &Path<'_>, _: Attr<'_>| panic!("{path} is ill-formed");
    let link = Link::decode(Body::read(message).unwrap(), &mut told);
    let mut buf = vec![0; message.len() + 256];
    let mut w = Writer::new(&mut buf);
    link.encode(&mut w).unwrap();
    // Releases differ in the order of attributes, so that bytes need not be the same.
    assert_eq!(w.len(), message.len(), "{link:?}");
    assert_eq!(Link::decode(Body::read(w.written()).unwrap(), &mut told), link);
    let family = Family::built_in("rt-link", info);
    let op = info.op("getlink").unwrap();
    let layout = family.reply(op, &op.doit.unwrap());
    let shown = layout.decode(message, &Options::default());
    assert_eq!(layout.to_bytes(&shown).unwrap(), message, "{shown}");
    assert!(!shown.to_string().contains("ill-formed"), "{shown}");
    link
}

/// What `ip -j -d link` prints of a link, as far as it is the kernel's and not the program's words.
fn as_ip(link: &Link) -> Value {
    let mut told = json!({
        "ifindex": link.header.ifi_index,
        "ifname": link.ifname,
        "mtu": link.mtu,
        "qdisc": link.qdisc,
        "txqlen": link.txqlen,
        "promiscuity": link.promiscuity,
        "min_mtu": link.min_mtu,
        "max_mtu": link.max_mtu,
        "num_tx_queues": link.num_tx_queues,
        "num_rx_queues": link.num_rx_queues,
        "gso_max_size": link.gso_max_size,
        "gso_max_segs": link.gso_max_segs,
        "address": link.address.as_ref().map(|bytes| mac(bytes)),
    });
    let info = link.linkinfo.as_ref();
    told["kind"] = json!(info.and_then(|info| info.kind.as_deref()));
    told["data"] = match info.and_then(|info| info.data.as_deref()) {
        Some(LinkData::Vxlan(v)) => json!({"id": v.id, "ttl": v.ttl, "port": v.port,
            "learning": v.learning.map(|on| on == 1), "ageing": v.ageing, "group": v.group, "group6": v.group6}),
        Some(LinkData::Bridge(b)) => json!({"forward_delay": b.forward_delay, "hello_time": b.hello_time,
            "max_age": b.max_age, "vlan_filtering": b.vlan_filtering, "mcast_snooping": b.mcast_snooping,
            "priority": b.priority}),
        Some(LinkData::Vlan(v)) => json!({"id": v.id}),
        Some(LinkData::Macvlan(m) | LinkData::Macvtap(m)) => {
            json!({"mode": format!("{:?}", m.mode.unwrap()), "bcqueuelen": m.bc_queue_len})
        }
        Some(LinkData::Ipvlan(i)) => json!({"mode": format!("{:?}", i.mode.unwrap())}),
        Some(LinkData::Vrf(v)) => json!({"table": v.table}),
        Some(LinkData::Bond(b)) => json!({"mode": format!("{:?}", b.mode.unwrap()), "miimon": b.miimon}),
        _ => Value::Null,
    };
    told
}

fn mac(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// The same of what `ip` printed.
fn of_ip(link: &Value) -> Value {
    let mut told = json!({});
    for key in [
        "ifindex",
        "ifname",
        "mtu",
        "qdisc",
        "txqlen",
        "promiscuity",
        "min_mtu",
        "max_mtu",
        "num_tx_queues",
        "num_rx_queues",
        "gso_max_size",
        "gso_max_segs",
        "address",
    ] {
        told[key] = link[key].clone();
    }
    told["kind"] = link["linkinfo"]["info_kind"].clone();
    let data = &link["linkinfo"]["info_data"];
    let keys: &[&str] = match told["kind"].as_str() {
        Some("vxlan") => &["id", "ttl", "port", "learning", "ageing", "group", "group6"],
        Some("bridge") => &["forward_delay", "hello_time", "max_age", "vlan_filtering", "mcast_snooping", "priority"],
        Some("vlan") => &["id"],
        Some("macvlan" | "macvtap") => &["mode", "bcqueuelen"],
        Some("ipvlan") => &["mode"],
        Some("vrf") => &["table"],
        Some("bond") => &["mode", "miimon"],
        _ => &[],
    };
    told["data"] = if keys.is_empty() { Value::Null } else { json!({}) };
    for key in keys {
        // `ip` calls an IPv6 group that is no multicast address a remote.
        let value = match *key {
            "group6" => data.get("remote6").or(data.get("group6")),
            key => data.get(key),
        };
        told["data"][*key] = value.cloned().unwrap_or(Value::Null);
    }
    told
}

#[test]
fn kinds_are_made_and_understood() {
    if !inside("kinds_are_made_and_understood") {
        return;
    }
    let nl = Connection::open().unwrap();
    let peer = named("v1").mtu(1400).txqlen(77);
    nl.request(Newlink, &with("v0", LinkData::Veth(Veth::new().peer(peer)))).create().excl().send().unwrap();
    let v1 = nl.call(Getlink, &named("v1")).unwrap();
    assert_eq!((v1.mtu, v1.txqlen), (Some(1400), Some(77)), "the other end is what was asked for");
    let below = u32::try_from(nl.call(Getlink, &named("v0")).unwrap().header.ifi_index).unwrap();
    let prop = PropList::new().alt_ifname(["other-end", "a-second-name"]);
    nl.call(Newlinkprop, &named("v1").prop_list(prop)).unwrap();

    let (mut made, mut lacking) = (1, Vec::new());
    for link in links(below) {
        match nl.request(Newlink, &link).create().excl().send() {
            Ok(_) => made += 1,
            Err(error) if error.errno() == Some(Errno::EOPNOTSUPP) => {
                let info = link.linkinfo.as_ref().unwrap();
                let kind = info.kind.as_deref().or_else(|| info.data.as_ref()?.selects()).unwrap_or_default();
                lacking.push(kind.to_owned());
            }
            Err(error) => panic!("{link:?}: {error}"),
        }
    }
    if !lacking.is_empty() {
        say(&format!("skipped: links of kinds that this Linux has not: {}", lacking.join(" ")));
    }

    let header = [0; 16];
    let request = nl.request_raw(18_u16).protocol(Protocol::ROUTE).header(&header).attr(29, &9_u32.to_ne_bytes());
    let mut dump = request.dump().unwrap();
    let mut ours = Vec::new();
    while let Some(message) = dump.next_ref() {
        ours.push(understood(&families::rt_link::INFO, message.unwrap().payload));
    }
    assert!(ours.len() > made);
    let v1 = ours.iter().find(|link| link.ifname.as_deref() == Some("v1")).unwrap();
    assert_eq!(v1.prop_list.as_ref().unwrap().alt_ifname, ["other-end", "a-second-name"]);
    assert!(v1.af_spec.as_ref().unwrap().inet6.is_some() || !std::path::Path::new("/proc/sys/net/ipv6").exists());

    // Counters, behind a header of their own.
    let ask =
        Stats::new().header(IfStatsmsg { ifindex: below, filter_mask: StatsFilter::LINK_64, ..Default::default() });
    let stats = nl.call(Getstats, &ask).unwrap();
    assert_eq!((stats.header.ifindex, stats.link_64.map(|counters| counters.rx_bytes)), (below, Some(0)));

    let Ok(ip) = Command::new("ip").args(["-j", "-d", "link"]).output() else {
        say("skipped: the comparison of links with `ip -j -d link`: no `ip` here");
        return;
    };
    let Ok(Value::Array(theirs)) = serde_json::from_slice(&ip.stdout) else {
        say("skipped: the comparison of links with `ip -j -d link`: it prints no JSON here");
        return;
    };
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(as_ip(ours), of_ip(theirs));
    }
}
