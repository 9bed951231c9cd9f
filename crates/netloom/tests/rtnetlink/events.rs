use std::time::Duration;

use netloom::Connection;
use netloom::rtnetlink::{GROUPS, Told, addr, link, route};

use crate::{inside, run};

/// A command, and whether an event is the one that tells of it.
type Step = (&'static str, fn(&Told) -> bool);

#[test]
fn each_event_is_told_as_what_it_is() {
    if !inside("events::each_event_is_told_as_what_it_is") {
        return;
    }
    let nl = Connection::open().unwrap();
    let mut events = nl.subscribe(&GROUPS).unwrap();
    let steps: [Step; 13] = [
        (
            "ip link add v0 type veth peer name v1",
            |told| matches!(told, Told::NewLink(link) if link.ifname.as_deref() == Some("v0") && link::kind(link) == Some("veth")),
        ),
        (
            "ip addr add 192.0.2.1/24 dev v0",
            |told| matches!(told, Told::NewAddress(address) if addr::prefix(address) == "192.0.2.1/24".parse().ok()),
        ),
        ("ip link set v1 up", |told| matches!(told, Told::NewLink(link) if link.ifname.as_deref() == Some("v1"))),
        ("ip link set v0 up", |told| matches!(told, Told::NewLink(link) if link::is_up(link))),
        (
            "ip route add 10.0.0.0/8 via 192.0.2.9",
            |told| matches!(told, Told::NewRoute(route) if route::prefix(route) == "10.0.0.0/8".parse().ok()),
        ),
        (
            "ip nexthop add id 7 via 192.0.2.9 dev v0",
            |told| matches!(told, Told::NewNexthop(hop) if hop.id == Some(7) && hop.gateway.is_some()),
        ),
        ("ip nexthop del id 7", |told| matches!(told, Told::DelNexthop(hop) if hop.id == Some(7))),
        (
            "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev v0",
            |told| matches!(told, Told::NewNeighbour(found) if found.lladdr.as_deref() == Some(&[2, 0, 0, 0, 0, 9])),
        ),
        ("ip -6 rule add table 7 pref 9", |told| matches!(told, Told::NewRule(rule) if rule.table == Some(7))),
        ("ip -6 rule del table 7 pref 9", |told| matches!(told, Told::DelRule(rule) if rule.priority == Some(9))),
        ("ip route del 10.0.0.0/8", |told| matches!(told, Told::DelRoute(route) if route.header.rtm_dst_len == 8)),
        ("ip addr del 192.0.2.1/24 dev v0", |told| matches!(told, Told::DelAddress(_))),
        ("ip link del v0", |told| matches!(told, Told::DelLink(link) if link.ifname.as_deref() == Some("v0"))),
    ];
    for (command, expected) in steps {
        run(command);
        loop {
            let event = events.next_timeout(Duration::from_secs(5)).unwrap_or_else(|| panic!("untold: {command}"));
            let event = event.unwrap();
            let told = Told::read(&event).unwrap_or_else(|| panic!("unread: {event:?}"));
            if expected(&told) {
                break;
            }
        }
    }
}
