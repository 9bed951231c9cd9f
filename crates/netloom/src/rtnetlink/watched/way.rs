//! The ways that a route goes: its next hops, one or several.

use std::net::IpAddr;

use netloom_families::rt_route::{NextHop, Route, RouteFlags};

use crate::rtnetlink::AddressFamily;

/// A next hop as far as it is told apart from others.
pub(super) type Way = (u32, Option<IpAddr>, Option<IpAddr>);

/// The ways of a route, in their order; one that goes nowhere (a blackhole) has one, too.
pub(super) fn ways(route: &Route) -> Vec<Way> {
    if route.multipath.is_empty() {
        return vec![(route.oif.unwrap_or(0), route.gateway, route.via)];
    }
    route.multipath.iter().map(way).collect()
}

/// The interfaces that a route goes out by.
pub(super) fn interfaces(route: &Route) -> impl Iterator<Item = u32> {
    route.oif.into_iter().chain(route.multipath.iter().map(|hop| way(hop).0))
}

/// Whether some way of a route is one of these.
pub(super) fn shares(route: &Route, with: &[Way]) -> bool {
    if route.multipath.is_empty() {
        return with.contains(&(route.oif.unwrap_or(0), route.gateway, route.via));
    }
    route.multipath.iter().any(|hop| with.contains(&way(hop)))
}

/// An IPv6 route without these ways; `None` if none is left. One that is left stands in the route itself, as the kernel
/// tells it.
// net/ipv6/route.c: rt6_fill_node
pub(super) fn without(route: &Route, ways: &[Way]) -> Option<Route> {
    let mut left = route.clone();
    left.multipath.retain(|hop| !ways.contains(&way(hop)));
    if let [last] = left.multipath.as_slice() {
        let (oif, gateway, via) = way(last);
        let flags = RouteFlags(left.header.rtm_flags.0 | u32::from(last.header.rtnh_flags.0));
        let (encap_type, encap) = (last.encap_type, last.encap.clone());
        (left.oif, left.gateway, left.via, left.header.rtm_flags) = (Some(oif), gateway, via, flags);
        if (&left.encap_type, &left.encap) != (&encap_type, &encap) {
            (left.encap_type, left.encap) = (encap_type, encap);
        }
        left.multipath.clear();
        return Some(left);
    }
    (!left.multipath.is_empty()).then_some(left)
}

/// Hops of IPv6 in an order of our own: the kernel tells each time another one first.
pub(super) fn sort(route: &mut Route) {
    if route.header.rtm_family == AddressFamily::INET6.0 {
        route.multipath.sort_by_key(way);
    }
}

fn way(hop: &NextHop) -> Way {
    (u32::try_from(hop.header.rtnh_ifindex).unwrap_or_default(), hop.gateway, hop.via)
}
