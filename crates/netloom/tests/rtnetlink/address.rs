use std::net::Ipv4Addr;

use netloom::families::rt_addr::{Address, AddressFlags, AddressProtocol, IfaCacheinfo, Scope};
use netloom::rtnetlink::{AddressFamily, Prefix, addr, link};
use netloom::{Connection, Errno};
use serde_json::{Map, Value, json};

use crate::shells::Shell;
use crate::{in_each_shell, inside_as, names, open, run, same_when_steady, shown, well_read};

in_each_shell! { address: what_ip_has_added_is_read what_we_add_ip_shows }

const RICH: &str = "
    ip link set lo up
    ip link add v0 type veth peer name v1
    ip link set v0 up
    ip addr add 192.0.2.1/24 brd + label v0:x dev v0
    ip addr add 192.0.2.2/24 dev v0
    ip addr add 10.5.5.1 peer 10.5.5.2/32 dev v0 metric 77 noprefixroute
    ip addr add 10.6.6.6/8 dev v0 scope link valid_lft 90000 preferred_lft 80000
    ip addr add 2001:db8::1/64 dev v0 nodad valid_lft 90000 preferred_lft 0
    ip addr add 2001:db8:1::1 peer 2001:db8:1::2/128 dev v0 nodad
    ip addr add 2001:db8:2::1/64 dev v1 nodad home mngtmpaddr";

/// An address as `ip -j addr` shows it, the interface's name with it.
fn as_ip(address: &Address, dev: &str) -> Value {
    let (header, flags) = (address.header, address.flags.unwrap());
    let v4 = header.ifa_family == AddressFamily::INET.0;
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("dev", json!(dev));
    put("family", json!(AddressFamily(header.ifa_family).to_string()));
    put("prefixlen", json!(header.ifa_prefixlen));
    put("local", json!(address.local.or(address.address).unwrap()));
    if address.local.is_some_and(|local| Some(local) != address.address) {
        put("address", json!(address.address.unwrap()));
    }
    if let Some(broadcast) = address.broadcast {
        put("broadcast", json!(broadcast));
    }
    if let Some(metric) = address.rt_priority {
        put("metric", json!(metric));
    }
    let scope = match header.ifa_scope {
        Scope::UNIVERSE => "global".to_owned(),
        other => format!("{other:?}"),
    };
    put("scope", json!(scope));
    for (flag, name) in [
        (AddressFlags::SECONDARY, if v4 { "secondary" } else { "temporary" }),
        (AddressFlags::NODAD, "nodad"),
        (AddressFlags::DEPRECATED, "deprecated"),
        (AddressFlags::HOMEADDRESS, "home"),
        (AddressFlags::MANAGETEMPADDR, "mngtmpaddr"),
        (AddressFlags::NOPREFIXROUTE, "noprefixroute"),
    ] {
        if flags.contains(flag) {
            put(name, json!(true));
        }
    }
    if !flags.contains(AddressFlags::PERMANENT) {
        put("dynamic", json!(true));
    }
    if let Some(label) = &address.label {
        put("label", json!(label));
    }
    let times = address.cacheinfo.unwrap();
    put("valid_life_time", about(times.ifa_valid));
    put("preferred_life_time", about(times.ifa_prefered));
    out.into()
}

/// A time that may have gone on by a second or two between two readings.
fn about(seconds: u32) -> Value {
    if seconds == u32::MAX { json!("forever") } else { json!(seconds.div_ceil(100)) }
}

/// The addresses that `ip` shows, in the same form.
fn of_ip() -> Vec<Value> {
    let mut all = Vec::new();
    for link in shown("ip -d addr") {
        for address in link["addr_info"].as_array().unwrap() {
            let mut address = address.clone();
            address["dev"] = link["ifname"].clone();
            for key in ["valid_life_time", "preferred_life_time"] {
                address[key] = about(address[key].as_u64().unwrap() as u32);
            }
            // Which of our own link's addresses is still being looked for changes while we look.
            address.as_object_mut().unwrap().remove("tentative");
            address.as_object_mut().unwrap().remove("protocol");
            all.push(address);
        }
    }
    all
}

fn compare<C: Shell>(nl: &C) {
    let names = names(nl);
    let ours = || {
        let ours = nl.done(addr::all(nl, AddressFamily::UNSPEC)).unwrap();
        for address in &ours {
            well_read(address, &address.unparsed);
            // The header has the low eight of the flags.
            assert_eq!(address.header.ifa_flags.0, address.flags.unwrap().0 & 0xff);
        }
        ours.iter().map(|address| as_ip(address, &names[&address.header.ifa_index])).collect()
    };
    same_when_steady(ours, of_ip);
}

fn what_ip_has_added_is_read<C: Shell>() {
    run(RICH);
    let nl = open::<C>();
    compare(&nl);
    // The kernel filters: by family, by interface.
    let v6 = nl.done(addr::all(&nl, AddressFamily::INET6)).unwrap();
    assert!(v6.iter().all(|address| address.header.ifa_family == AddressFamily::INET6.0) && v6.len() >= 4);
    let lo = nl.done(addr::of(&nl, "lo")).unwrap();
    assert!(lo.iter().all(|address| address.header.ifa_index == 1));
    let own: Vec<_> = lo.iter().filter_map(addr::prefix).map(|prefix| prefix.to_string()).collect();
    assert_eq!(own, ["127.0.0.1/8", "::1/128"]);
    // Who has added them is told since Linux 5.18.
    assert!(lo[1].proto.is_none_or(|proto| proto == AddressProtocol::KERNEL_LO));
    assert!(nl.done(addr::of(&nl, "none")).unwrap_err().is_not_found());
}

#[test]
fn unprivileged_users_read_too() {
    // A user namespace as whoever runs the tests: no capability outside of it.
    if !inside_as("address::unprivileged_users_read_too", &[&["-Urn"]]) {
        return;
    }
    run(RICH);
    compare(&Connection::open().unwrap());
}

fn what_we_add_ip_shows<C: Shell>() {
    run("ip link add v0 type veth peer name v1
         ip link set v0 up");
    let nl = open::<C>();
    let prefix = |text: &str| text.parse::<Prefix>().unwrap();
    nl.done(addr::add(&nl, "v0", prefix("192.0.2.1/24"))).unwrap();
    let labelled = Address::from(prefix("198.51.100.1/25"))
        .label("v0:y")
        .broadcast(Ipv4Addr::new(198, 51, 100, 127))
        .rt_priority(9_u32)
        .flags(AddressFlags::NOPREFIXROUTE);
    nl.done(addr::add(&nl, "v0", labelled)).unwrap();
    let peer = Address::from(prefix("10.0.0.1/32")).address(Ipv4Addr::new(10, 0, 0, 2));
    nl.done(addr::add(&nl, nl.done(link::index(&nl, "v0")).unwrap(), peer)).unwrap();
    let times = IfaCacheinfo { ifa_valid: 90_000, ifa_prefered: 50_000, ..IfaCacheinfo::default() };
    let v6 = Address::from(prefix("2001:db8::1/64")).flags(AddressFlags::NODAD).cacheinfo(times);
    nl.done(addr::add(&nl, "v0", v6.clone())).unwrap();
    compare(&nl);
    let found = |text: &str| of_ip().into_iter().find(|address| address["local"] == text);
    let labelled = found("198.51.100.1").unwrap();
    assert_eq!((&labelled["label"], &labelled["metric"]), (&json!("v0:y"), &json!(9)));
    assert_eq!((&labelled["noprefixroute"], &labelled["broadcast"]), (&json!(true), &json!("198.51.100.127")));
    assert_eq!(found("10.0.0.1").unwrap()["address"], "10.0.0.2");
    assert_eq!(found("2001:db8::1").unwrap()["preferred_life_time"], 500);

    // Twice is an error, replacing is none and changes what is there.
    let error = nl.done(addr::add(&nl, "v0", v6.clone())).unwrap_err();
    assert_eq!(error.errno(), Some(Errno::EEXIST), "{error}");
    let forever = IfaCacheinfo { ifa_valid: u32::MAX, ifa_prefered: u32::MAX, ..IfaCacheinfo::default() };
    nl.done(addr::replace(&nl, "v0", v6.clone().cacheinfo(forever))).unwrap();
    assert_eq!(found("2001:db8::1").unwrap()["valid_life_time"], "forever");
    nl.done(addr::replace(&nl, "v0", prefix("192.0.2.77/24"))).unwrap();
    assert!(found("192.0.2.77").is_some());

    // Removing says whether there was something.
    assert!(nl.done(addr::delete(&nl, "v0", prefix("2001:db8::1/64"))).unwrap());
    assert!(!nl.done(addr::delete(&nl, "v0", prefix("2001:db8::1/64"))).unwrap());
    assert!(!nl.done(addr::delete(&nl, "v0", prefix("192.0.2.99/24"))).unwrap());
    assert!(found("2001:db8::1").is_none());
    assert!(nl.done(addr::flush(&nl, "v0")).unwrap() >= 3);
    assert_eq!(nl.done(addr::of(&nl, "v0")).unwrap(), []);
    assert_eq!(found("192.0.2.1"), None);

    // What is wrong is told, with the attribute's path.
    let error =
        nl.done(addr::add(&nl, "v0", Address::from(prefix("192.0.2.1/24")).label("far too long a label"))).unwrap_err();
    assert_eq!((error.errno(), error.path()), (Some(Errno::ERANGE), Some("label")), "{error}");
    assert_eq!(
        nl.done(addr::add(&nl, "v9", prefix("192.0.2.1/24"))).unwrap_err().to_string(),
        "rt-link getlink \"v9\": ENODEV: no such device"
    );
}
