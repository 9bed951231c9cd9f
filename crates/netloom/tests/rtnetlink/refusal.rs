use std::net::Ipv4Addr;

use netloom::families::rt_route::Route;
use netloom::rtnetlink::rule::{self, Selector};
use netloom::rtnetlink::{AddressFamily, MacAddr, Prefix, addr, link, neigh, nexthop, route};

use crate::shells::Shell;
use crate::{in_each_shell, open, run};

in_each_shell! { refusal: what_is_refused_says_of_which_object an_unknown_family_has_nothing }

fn what_is_refused_says_of_which_object<C: Shell>() {
    run("ip link set lo up
         ip link add v0 type veth peer name v1
         ip link set v0 up
         ip link set v1 up
         ip addr add 192.0.2.1/24 dev v0");
    let nl = open::<C>();
    let prefix = |text: &str| text.parse::<Prefix>().unwrap();
    let v0 = nl.done(link::index(&nl, "v0")).unwrap();
    let (there, hop) = (Ipv4Addr::new(192, 0, 2, 7), nexthop::blackhole(AddressFamily::INET).id(7));
    let neighbour = || neigh::new(there, MacAddr([2, 0, 0, 0, 0, 7]));
    let office = rule::lookup(AddressFamily::INET, 100).source(prefix("192.0.2.0/24")).priority(1000_u32);
    nl.done(nexthop::add(&nl, hop.clone())).unwrap();
    nl.done(neigh::add(&nl, "v0", neighbour())).unwrap();
    nl.done(rule::add(&nl, &office)).unwrap();
    let unreachable = Route::from(prefix("10.0.0.0/8")).gateway(Ipv4Addr::new(203, 0, 113, 1));
    for (refused, start) in [
        (nl.done(addr::add(&nl, "v0", prefix("192.0.2.1/24"))), "rt-addr newaddr 192.0.2.1/24 on \"v0\": EEXIST: "),
        (
            nl.done(addr::delete(&nl, 9999, prefix("192.0.2.1/24"))).map(drop),
            "rt-addr deladdr 192.0.2.1/24 on interface 9999: ENODEV: ",
        ),
        (nl.done(route::add(&nl, unreachable.clone())), "rt-route newroute 10.0.0.0/8: ENETUNREACH: "),
        (
            nl.done(route::replace(&nl, unreachable.table(77_u32))),
            "rt-route newroute 10.0.0.0/8 table 77: ENETUNREACH: ",
        ),
        (
            nl.done(route::add(&nl, Route::from(Prefix::DEFAULT_V4).oif(9999_u32))),
            "rt-route newroute 0.0.0.0/0: ENODEV: ",
        ),
        (
            nl.done(route::lookup(&nl, Ipv4Addr::new(8, 8, 8, 8))).map(drop),
            "rt-route getroute 8.8.8.8/32: ENETUNREACH: ",
        ),
        (
            nl.done(neigh::add(&nl, v0, neighbour())),
            &format!("rt-neigh newneigh 192.0.2.7 on interface {v0}: EEXIST: "),
        ),
        (
            nl.done(neigh::add(&nl, "lo", neigh::entry(MacAddr([2, 0, 0, 0, 0, 9])))),
            "rt-neigh newneigh 02:00:00:00:00:09 on \"lo\": E",
        ),
        (nl.done(nexthop::add(&nl, hop.clone())).map(drop), "rt-nexthop newnexthop id 7: EEXIST: "),
        (nl.done(nexthop::delete(&nl, 0)).map(drop), "rt-nexthop delnexthop id 0: EINVAL: "),
        (nl.done(rule::add(&nl, &office)), "rt-rule newrule priority 1000: EEXIST: "),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.starts_with(start), "{refused:?} is no {start:?}");
    }
}

/// Linux answers with what all families have where it does not know the one.
fn an_unknown_family_has_nothing<C: Shell>() {
    run("ip link set lo up");
    let nl = open::<C>();
    let unknown = AddressFamily(77);
    assert_eq!(nl.done(addr::all(&nl, unknown)).unwrap(), []);
    assert_eq!(nl.done(route::all(&nl, unknown)).unwrap(), []);
    assert_eq!(nl.done(route::table(&nl, unknown, route::TABLE_LOCAL)).unwrap(), []);
    assert!(!nl.done(addr::all(&nl, AddressFamily::INET)).unwrap().is_empty());
    assert!(!nl.done(route::all(&nl, AddressFamily::INET)).unwrap().is_empty());
}
