//! Each kind of table: what is added, changed and removed, aloud and in silence.

use std::time::Duration;

use netloom::Connection;
use netloom::families::rt_rule;
use netloom::rtnetlink::watched::{AddressKey, RouteKey};
use netloom::rtnetlink::{AddressFamily, Addresses, Links, Neighbours, Routes, Rules, route, rule};

use super::{Called, is_true, paired, quietly, steps, synced, told};
use crate::link::elsewhere;
use crate::{inside, run, say, works};

#[test]
fn links_are_true() {
    if !inside("watched::each::links_are_true") {
        return;
    }
    quietly();
    let mut links = synced(Links);
    steps(
        &mut links,
        &[
            ("ip link add v0 type veth peer name v1", &["+ v1", "+ v0", "* v1", ".."]),
            ("ip link set v0 up", &["* v0", ".."]),
            ("ip link set v1 up", &["* v0", "* v1", ".."]),
            ("ip link set v0 down", &["* v0", ".."]),
            ("ip link set v0 name w0", &["* v0 -> w0"]),
            ("ip link set w0 mtu 1400", &["* w0", ".."]),
            ("ip link add br0 type bridge", &["+ br0"]),
            ("ip link set w0 master br0", &["* w0", ".."]),
            ("ip link set br0 up", &["* br0", ".."]),
            ("ip link set w0 up", &["* w0", ".."]),
            ("bridge link set dev w0 cost 7", &["* w0"]),
            ("ip link set w0 nomaster", &["* w0", ".."]),
            ("ip link del br0", &["- br0", ".."]),
        ],
    );
    assert_eq!(links.get(&1).unwrap().ifname.as_deref(), Some("lo"));
    // One end goes to another namespace, and comes back.
    let (mut other, _) = elsewhere();
    let pid = other.id();
    steps(&mut links, &[(&format!("ip link set v1 netns {pid}"), &["- v1", "* w0", ".."])]);
    assert_eq!(links.iter().filter(|link| link.ifname.as_deref() == Some("w0")).count(), 1);
    steps(&mut links, &[("ip link del w0", &["- w0", ".."])]);
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn addresses_are_true() {
    if !inside("watched::each::addresses_are_true") {
        return;
    }
    quietly();
    paired();
    let mut addresses = synced(Addresses::all());
    steps(
        &mut addresses,
        &[
            ("ip addr add 192.0.2.1/24 dev v0", &["+ 192.0.2.1/24"]),
            ("ip addr add 192.0.2.1/25 dev v0", &["+ 192.0.2.1/25"]),
            ("ip addr add 192.0.2.1 peer 192.0.2.9/32 dev v0", &["+ 192.0.2.1/32"]),
            ("ip addr change 192.0.2.1/24 dev v0 valid_lft 1000 preferred_lft 500", &["* 192.0.2.1/24"]),
            ("ip addr change 192.0.2.1/24 dev v0 valid_lft 2000 preferred_lft 500", &[]),
            ("ip addr del 192.0.2.1/24 dev v0", &["- 192.0.2.1/24"]),
            ("ip -6 addr add 2001:db8:1::1/64 dev v0 nodad", &["+ 2001:db8:1::1/64"]),
            ("ip -6 addr change 2001:db8:1::1/64 dev v0 preferred_lft 0 valid_lft 1000", &["* 2001:db8:1::1/64"]),
            ("ip link set v0 down", &["- 2001:db8:1::1/64", "- 2001:db8::1/64"]),
            ("ip link set v0 up", &[]),
            ("ip link set v0 name w0", &["* 10.0.0.1/24", "* 10.0.1.1/24", "* 192.0.2.1/25", "* 192.0.2.1/32", ".."]),
        ],
    );
    let index = addresses.iter().find(|one| one.called() == "10.0.0.1/24").unwrap().header.ifa_index;
    assert_eq!(addresses.range(AddressKey::interface(index)).count(), 4);
    run("ip link del w0");
    told(&mut addresses);
    is_true(&mut addresses, "the link is gone");
    assert_eq!(addresses.range(AddressKey::interface(index)).count(), 0);
}

#[test]
fn ipv4_routes_are_true_of_what_goes_without_a_word() {
    if !inside("watched::each::ipv4_routes_are_true_of_what_goes_without_a_word") {
        return;
    }
    quietly();
    paired();
    let mut routes = synced(Routes::of(AddressFamily::INET));
    let linkdown = "* 10.9.0.0/16 by 10.0.0.2 -> 10.9.0.0/16 by 10.0.0.2 linkdown";
    let back = "* 10.9.0.0/16 by 10.0.0.2 linkdown -> 10.9.0.0/16 by 10.0.0.2";
    steps(
        &mut routes,
        &[
            ("ip route add 10.9.0.0/16 via 10.0.0.2", &["+ 10.9.0.0/16 by 10.0.0.2"]),
            ("ip route add 10.9.0.0/16 via 10.0.0.2 metric 5", &["+ 10.9.0.0/16 by 10.0.0.2"]),
            ("ip route append 10.9.0.0/16 via 10.0.0.3", &["+ 10.9.0.0/16 by 10.0.0.3"]),
            ("ip route prepend 10.9.0.0/16 via 10.0.0.4", &["+ 10.9.0.0/16 by 10.0.0.4"]),
            ("ip route replace 10.9.0.0/16 via 10.0.0.5", &["* 10.9.0.0/16 by 10.0.0.4 -> 10.9.0.0/16 by 10.0.0.5"]),
            ("ip route del 10.9.0.0/16 via 10.0.0.3", &["- 10.9.0.0/16 by 10.0.0.3"]),
            ("ip route del 10.9.0.0/16 via 10.0.0.5", &["- 10.9.0.0/16 by 10.0.0.5"]),
            ("ip route change 10.9.0.0/16 via 10.0.0.6", &["* 10.9.0.0/16 by 10.0.0.2 -> 10.9.0.0/16 by 10.0.0.6"]),
            ("ip route replace 10.9.0.0/16 via 10.0.0.2", &["* 10.9.0.0/16 by 10.0.0.6 -> 10.9.0.0/16 by 10.0.0.2"]),
            ("ip route add 10.8.0.0/16 via 10.0.0.2 src 10.0.1.1", &["+ 10.8.0.0/16 by 10.0.0.2"]),
            ("ip addr del 10.0.1.1/24 dev v0", &["- 10.8.0.0/16 by 10.0.0.2", "- 10.0.1.0/24", ".."]),
            ("ip link set v1 down", &[linkdown, ".."]),
            ("ip link set v1 up", &[back, ".."]),
            ("ip route add blackhole 10.7.0.0/16", &["+ 10.7.0.0/16"]),
            ("ip link set v0 down", &["- 10.9.0.0/16 by 10.0.0.2", "- 10.0.0.0/24", ".."]),
            ("ip link set v0 up", &["+ 10.0.0.0/24", ".."]),
            (
                "ip route add 10.6.0.0/16 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3",
                &["+ 10.6.0.0/16 by 10.0.0.2 by 10.0.0.3"],
            ),
            ("ip link del v0", &["- 10.6.0.0/16 by 10.0.0.2 by 10.0.0.3", "- 10.0.0.0/24", ".."]),
        ],
    );
    let to = |prefix: &str| routes.range(RouteKey::to(route::TABLE_MAIN, prefix.parse().unwrap())).count();
    assert_eq!((to("10.7.0.0/16"), to("10.9.0.0/16")), (1, 0));
    assert_eq!(routes.len(), route::all(&Connection::open().unwrap(), AddressFamily::INET).unwrap().len());
}

#[test]
fn routes_over_several_links_and_next_hop_objects_are_true() {
    if !inside("watched::each::routes_over_several_links_and_next_hop_objects_are_true") {
        return;
    }
    quietly();
    paired();
    run("ip link add w0 type veth peer name w1
         ip link set w1 up
         ip link set w0 up
         ip addr add 10.0.2.1/24 dev w0
         ip -6 addr add 2001:db8:2::1/64 dev w0 nodad");
    let objects = works("ip nexthop add id 1 via 10.0.0.2 dev v0");
    let compat = std::fs::write("/proc/sys/net/ipv4/nexthop_compat_mode", "0").is_ok();
    let setup = |compat: &str| {
        let _ = std::fs::write("/proc/sys/net/ipv4/nexthop_compat_mode", compat);
        run("ip link set v1 up
             ip link set v0 up");
        // The kernel takes its time to see a carrier.
        while !works("ip nexthop replace id 99 via 10.0.0.2 dev v0") && objects {
            std::thread::sleep(Duration::from_millis(10));
        }
        run("ip -6 addr replace 2001:db8::1/64 dev v0 nodad
             ip route replace 10.5.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.2.2
             ip -6 route replace 2001:db8:5::/48 nexthop via 2001:db8::2 nexthop via 2001:db8:2::2");
        if objects {
            run("ip nexthop replace id 1 via 10.0.0.2 dev v0
                 ip nexthop replace id 2 via 10.0.2.2 dev w0
                 ip nexthop replace id 10 group 1/2
                 ip -6 nexthop replace id 21 via 2001:db8::2 dev v0
                 ip -6 nexthop replace id 22 via 2001:db8:2::2 dev w0
                 ip nexthop replace id 20 group 21/22
                 ip route replace 10.1.0.0/16 nhid 1
                 ip route replace 10.2.0.0/16 nhid 2
                 ip route replace 10.10.0.0/16 nhid 10
                 ip -6 route replace 2001:db8:21::/48 nhid 21
                 ip -6 route replace 2001:db8:20::/48 nhid 20");
        }
    };
    setup("1");
    let mut routes = synced(Routes::all());
    for compat in if compat { &["1", "0"][..] } else { &["1"] } {
        let commands = [
            "ip link set v1 down",
            "ip link set v1 up",
            "ip link set v0 down",
            "ip nexthop replace id 1 via 10.0.0.7 dev v0",
            "ip nexthop replace id 10 group 1",
            "ip nexthop replace id 20 group 22",
            "ip nexthop del id 2",
            "ip nexthop del id 1",
            "ip -6 nexthop del id 22",
            "ip route replace 10.5.0.0/16 via 10.0.2.2",
        ];
        for command in commands {
            setup(compat);
            told(&mut routes);
            is_true(&mut routes, "all is as it was");
            if !objects && command.contains("nexthop ") {
                continue;
            }
            run(command);
            told(&mut routes);
            is_true(&mut routes, command);
        }
    }
    if !objects {
        say("next hop objects are not looked at: this kernel has none");
    }
    setup("1");
    run("ip link del v0");
    told(&mut routes);
    is_true(&mut routes, "a link of several is gone");
    run("ip link del w0");
    told(&mut routes);
    is_true(&mut routes, "the other one, too");
}

#[test]
fn ipv6_routes_are_true_hop_by_hop() {
    if !inside("watched::each::ipv6_routes_are_true_hop_by_hop") {
        return;
    }
    quietly();
    paired();
    let mut routes = synced(Routes::of(AddressFamily::INET6));
    let (one, two) = ("2001:db8:9::/48 by 2001:db8::2", "2001:db8:9::/48 by 2001:db8::2 by 2001:db8::3");
    let three = "2001:db8:9::/48 by 2001:db8::2 by 2001:db8::3 by 2001:db8::4";
    let other = "2001:db8:9::/48 by 2001:db8::7";
    let changed = |from: &str, to: &str| format!("* {from} -> {to}");
    steps(
        &mut routes,
        &[
            ("ip -6 route add 2001:db8:9::/48 via 2001:db8::2", &[&format!("+ {one}")]),
            ("ip -6 route append 2001:db8:9::/48 via 2001:db8::3", &[&changed(one, two)]),
            ("ip -6 route append 2001:db8:9::/48 via 2001:db8::4", &[&changed(two, three)]),
            ("ip -6 route del 2001:db8:9::/48 via 2001:db8::4", &[&changed(three, two)]),
            ("ip -6 route del 2001:db8:9::/48 via 2001:db8::3", &[&changed(two, one)]),
            ("ip -6 route replace 2001:db8:9::/48 via 2001:db8::7", &[&changed(one, other)]),
            (
                "ip -6 route replace 2001:db8:9::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3",
                &[&changed(other, two)],
            ),
            ("ip -6 route del 2001:db8:9::/48", &[&format!("- {two}")]),
            ("ip -6 route add 2001:db8:9::/48 dev v0", &["+ 2001:db8:9::/48"]),
            ("ip -6 route append 2001:db8:9::/48 dev v1", &["+ 2001:db8:9::/48"]),
            ("ip -6 route append 2001:db8:9::/48 via 2001:db8::2", &[".."]),
            ("ip -6 route replace 2001:db8:9::/48 via 2001:db8::7", &[".."]),
            ("ip -6 route del 2001:db8:9::/48 dev v1", &[".."]),
            ("ip link set v1 down", &[".."]),
            ("ip link set v1 up", &[".."]),
            ("ip -6 route add 2001:db8:8::/48 via 2001:db8::2 src 2001:db8::1", &[".."]),
            ("ip -6 addr del 2001:db8::1/64 dev v0", &[".."]),
            ("ip -6 addr add 2001:db8::1/64 dev v0 nodad", &[".."]),
            ("ip -6 route replace 2001:db8:7::/48 nexthop via 2001:db8::2 nexthop via 2001:db8::3", &[".."]),
            ("ip link set v0 down", &["- 2001:db8:7::/48 by 2001:db8::3", ".."]),
        ],
    );
    // The kernel may be told not to tell.
    let quiet = std::fs::write("/proc/sys/net/ipv6/route/skip_notify_on_dev_down", "1");
    if quiet.is_err() {
        return say("skip_notify_on_dev_down is not tried: its sysctl is not to be written here");
    }
    steps(
        &mut routes,
        &[
            ("ip link set v0 up", &[".."]),
            ("ip -6 addr add 2001:db8::1/64 dev v0 nodad", &[".."]),
            ("ip -6 route add 2001:db8:9::/48 via 2001:db8::2", &["+ 2001:db8:9::/48 by 2001:db8::2"]),
            ("ip link set v0 down", &["- 2001:db8:9::/48 by 2001:db8::2", ".."]),
        ],
    );
}

#[test]
fn neighbours_are_true() {
    if !inside("watched::each::neighbours_are_true") {
        return;
    }
    quietly();
    paired();
    let mut neighbours = synced(Neighbours::all());
    let nine = "10.0.0.9 02:00:00:00:00:09";
    steps(
        &mut neighbours,
        &[
            ("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0", &["+ 10.0.0.9 02:00:00:00:00:09"]),
            (
                "ip neigh change 10.0.0.9 lladdr 02:00:00:00:00:0a dev v0",
                &[&format!("* {nine} -> 10.0.0.9 02:00:00:00:00:0a")],
            ),
            ("ip neigh add proxy 10.0.0.10 dev v0", &[]),
            ("ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v1", &[&format!("+ {nine}")]),
            ("ip neigh del 10.0.0.9 dev v1", &[&format!("- {nine}"), ".."]),
            ("ip -6 neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev v0", &["+ 2001:db8::9 02:00:00:00:00:09"]),
            ("ip link set v0 down", &["- 10.0.0.9 02:00:00:00:00:0a", ".."]),
        ],
    );
    let mut forwarding = synced(Neighbours::of(AddressFamily::BRIDGE));
    steps(
        &mut forwarding,
        &[
            ("ip link add br0 address 02:00:00:00:00:01 type bridge", &["+  02:00:00:00:00:01", ".."]),
            ("ip link set v1 master br0", &[".."]),
            ("bridge fdb add 02:00:00:00:00:05 dev v1 master static", &["+  02:00:00:00:00:05"]),
            ("bridge fdb add 02:00:00:00:00:06 dev v1 master", &["+  02:00:00:00:00:06"]),
            ("bridge fdb del 02:00:00:00:00:05 dev v1 master", &["-  02:00:00:00:00:05"]),
            ("ip link set v1 nomaster", &["-  02:00:00:00:00:06", ".."]),
            ("ip link set v1 master br0", &[".."]),
            ("ip link del br0", &[".."]),
        ],
    );
    assert!(forwarding.is_empty(), "{:?}", forwarding.iter().collect::<Vec<_>>());
}

#[test]
fn rules_are_true() {
    if !inside("watched::each::rules_are_true") {
        return;
    }
    quietly();
    let nl = Connection::open().unwrap();
    let mut rules = synced(Rules::all());
    steps(
        &mut rules,
        &[
            ("ip rule add iif v0 table 100 pref 9", &["+ 9 detached"]),
            ("ip rule add from 10.0.0.0/8 table 100 pref 9", &["+ 9"]),
            ("ip link add v0 type veth peer name v1", &["* 9 detached -> 9"]),
            ("ip link set v0 name w0", &["* 9 -> 9 detached"]),
            ("ip link set w0 name v0", &["* 9 detached -> 9"]),
            ("ip link del v0", &["* 9 -> 9 detached"]),
            ("ip rule add goto 20 pref 10", &["+ 10 detached"]),
            ("ip rule add table 100 pref 20", &["+ 20", "* 10 detached -> 10"]),
            ("ip rule del pref 20", &["- 20", "* 10 -> 10 detached"]),
            ("ip -6 rule add to 2001:db8::/32 table 7 pref 5", &["+ 5"]),
            ("ip rule del from 10.0.0.0/8 table 100 pref 9", &["- 9"]),
        ],
    );
    // Without NLM_F_EXCL the kernel takes the same rule twice.
    let twice = rule::lookup(AddressFamily::INET, 100).priority(30_u32);
    for _ in 0..2 {
        nl.request(rt_rule::Newrule, &twice).create().send().unwrap();
    }
    assert_eq!(told(&mut rules), ["+ 30", "+ 30"]);
    assert!(rule::delete(&nl, &twice).unwrap());
    assert_eq!(told(&mut rules), ["- 30"]);
    is_true(&mut rules, "one of two that are the same went");
    let count = |family| rule::all(&nl, family).unwrap().len();
    assert_eq!(rules.len(), count(AddressFamily::INET) + count(AddressFamily::INET6));
}
