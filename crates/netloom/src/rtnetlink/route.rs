//! Routes.

use std::net::IpAddr;

use netloom_families::rt_route::{
    Delroute, Getroute, Newroute, NextHop, NextHopFlags, Route, RouteFlags, RouteProtocol, RouteType, Rtmsg, Rtnexthop,
    Scope,
};
use netloom_wire::{Errno, Flags};

use super::{ADD, APPEND, AddressFamily, Interface, Prefix, REPLACE, list, was_there};
use crate::client::Caller;
use crate::{Error, Result};

/// The table that routes are in unless said.
#[doc(alias = "RT_TABLE_MAIN")]
pub const TABLE_MAIN: u32 = 254;

/// The table behind all others, usually empty.
#[doc(alias = "RT_TABLE_DEFAULT")]
pub const TABLE_DEFAULT: u32 = 253;

/// The kernel's table of our own addresses.
#[doc(alias = "RT_TABLE_LOCAL")]
pub const TABLE_LOCAL: u32 = 255;

/// Stands in the header where the number of the table does not fit.
// include/uapi/linux/rtnetlink.h: RT_TABLE_COMPAT
const TABLE_COMPAT: u8 = 252;

impl From<Prefix> for Route {
    /// A route to the prefix's network, for [`add`] and the like; the setters say over what.
    fn from(prefix: Prefix) -> Self {
        let prefix = prefix.network();
        let header = Rtmsg { rtm_family: prefix.family().0, rtm_dst_len: prefix.len, ..Rtmsg::default() };
        let route = Self::new().header(header);
        // net/ipv6/route.c: the default route has no destination
        if prefix.len == 0 { route } else { route.dst(prefix.address) }
    }
}

/// What a route is for; the whole of its family where it is a default route. `None` for families other than IP.
pub fn prefix(route: &Route) -> Option<Prefix> {
    let len = route.header.rtm_dst_len;
    match (route.dst, AddressFamily(route.header.rtm_family)) {
        (Some(address), AddressFamily::INET | AddressFamily::INET6) => Some(Prefix { address, len }),
        (None, AddressFamily::INET) => Some(Prefix::DEFAULT_V4),
        (None, AddressFamily::INET6) => Some(Prefix::DEFAULT_V6),
        _ => None,
    }
}

/// One of several next hops, over the interface of this index: those with a greater weight get more. [`NextHop`]'s
/// setters say the gateway.
///
/// ```no_run
/// use netloom::families::rt_route::Route;
/// use netloom::rtnetlink::{Prefix, link, route};
/// use std::net::Ipv4Addr;
/// let nl = netloom::Connection::open()?;
/// let (a, b) = (link::index(&nl, "eth0")?, link::index(&nl, "eth1")?);
/// let hops = [
///     route::hop(a, 2).gateway(Ipv4Addr::new(192, 0, 2, 1)),
///     route::hop(b, 1).gateway(Ipv4Addr::new(198, 51, 100, 1)),
/// ];
/// route::replace(&nl, Route::from(Prefix::DEFAULT_V4).multipath(hops))?;
/// # Ok::<(), netloom::Error>(())
/// ```
#[doc(alias = "rtnexthop")]
pub fn hop(interface: u32, weight: u8) -> NextHop {
    let rtnh_ifindex = i32::try_from(interface).unwrap_or(i32::MAX);
    NextHop::new().header(Rtnexthop { rtnh_hops: weight.saturating_sub(1), rtnh_ifindex, ..Rtnexthop::default() })
}

/// A route that drops what is for the prefix without a word.
#[doc(alias = "RTN_BLACKHOLE")]
pub fn blackhole(prefix: Prefix) -> Route {
    of_type(prefix, RouteType::BLACKHOLE)
}

/// A route that refuses what is for the prefix as unreachable.
#[doc(alias = "RTN_UNREACHABLE")]
pub fn unreachable(prefix: Prefix) -> Route {
    of_type(prefix, RouteType::UNREACHABLE)
}

/// A route that refuses what is for the prefix as prohibited.
#[doc(alias = "RTN_PROHIBIT")]
pub fn prohibit(prefix: Prefix) -> Route {
    of_type(prefix, RouteType::PROHIBIT)
}

/// A route of this type to the prefix.
pub fn of_type(prefix: Prefix, rtm_type: RouteType) -> Route {
    let mut route = Route::from(prefix);
    route.header.rtm_type = rtm_type;
    route
}

/// All routes of this family, of all tables; [`AddressFamily::UNSPEC`] for all families.
///
/// # Errors
///
/// What the kernel refuses; [`is_interrupted`](crate::Error::is_interrupted) if the routes keep changing.
pub fn all<C: Caller>(nl: &C, family: AddressFamily) -> C::Answer<'_, Vec<Route>> {
    C::answer(async move { listed(nl, family, &of_family(family)).await })
}

/// The routes of one table; the kernel leaves the others out. None if there is no such table.
///
/// # Errors
///
/// As of [`all`].
pub fn table<C: Caller>(nl: &C, family: AddressFamily, table: u32) -> C::Answer<'_, Vec<Route>> {
    C::answer(async move {
        match listed(nl, family, &of_family(family).table(table)).await {
            // net/ipv4/fib_frontend.c: inet_dump_fib
            Err(error) if error.is_refused() && error.errno() == Some(Errno::ENOENT) => Ok(Vec::new()),
            routes => routes,
        }
    })
}

/// The routes that go out by one interface; the kernel leaves the others out.
///
/// # Errors
///
/// ENODEV if there is no such interface; as of [`all`].
pub fn over<'a, C: Caller>(
    nl: &'a C,
    family: AddressFamily,
    interface: impl Into<Interface<'a>>,
) -> C::Answer<'a, Vec<Route>> {
    let interface = interface.into();
    C::answer(async move { listed(nl, family, &of_family(family).oif(interface.resolve(nl).await?)).await })
}

/// The default route of the main table, the one of the lowest metric if there are several; `None` if there is none.
///
/// # Errors
///
/// As of [`all`].
pub fn default<C: Caller>(nl: &C, family: AddressFamily) -> C::Answer<'_, Option<Route>> {
    C::answer(async move {
        let routes = C::wait(table(nl, family, TABLE_MAIN)).await?.into_iter();
        let is_default = |route: &Route| route.header.rtm_dst_len == 0 && route.header.rtm_type == RouteType::UNICAST;
        Ok(routes.filter(is_default).min_by_key(|route| route.priority.unwrap_or(0)))
    })
}

/// The way that a packet to this address would take now: interface, gateway, source address, table.
///
/// ```
/// use netloom::rtnetlink::{link, route};
/// use std::net::Ipv4Addr;
/// let nl = netloom::Connection::open()?;
/// if link::is_up(&link::find(&nl, "lo")?) {
///     let way = route::lookup(&nl, Ipv4Addr::LOCALHOST)?;
///     assert_eq!(way.oif, Some(1));
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// ENETUNREACH if there is no route, or the errno of the route that refuses: EHOSTUNREACH, EACCES, EINVAL (blackhole).
#[doc(alias = "ip route get")]
pub fn lookup<C: Caller>(nl: &C, to: impl Into<IpAddr>) -> C::Answer<'_, Route> {
    lookup_as(nl, Route::from(Prefix::host(to)))
}

/// The way that a packet would take of which more is known than where it goes: `src`, `oif`, `iif`, `mark`, `uid`,
/// `ip_proto`, `sport` and `dport` of a route to the [host](Prefix::host).
///
/// ```no_run
/// use netloom::families::rt_route::Route;
/// use netloom::rtnetlink::{Prefix, route};
/// use std::net::Ipv4Addr;
/// let to = Prefix::host(Ipv4Addr::new(203, 0, 113, 9));
/// let way = route::lookup_as(&netloom::Connection::open()?, Route::from(to).mark(5_u32))?;
/// println!("over {:?} by way of {:?}", way.oif, way.gateway);
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// As of [`lookup`]; EINVAL for a source address that is not ours, unless `iif` says that it comes in.
pub fn lookup_as<C: Caller>(nl: &C, what: Route) -> C::Answer<'_, Route> {
    let mut what = what;
    what.header.rtm_src_len = what.src.map_or(0, Prefix::bits);
    // net/ipv4/route.c: inet_rtm_getroute answers "main" unless it is asked for the table; IPv6 always tells it.
    if what.header.rtm_family == AddressFamily::INET.0 {
        what.header.rtm_flags = what.header.rtm_flags | RouteFlags::LOOKUP_TABLE;
    }
    C::answer(async move { nl.call(Getroute, &what).await.map_err(|error| about(error, &what)) })
}

/// Adds a route. What is left out is as with `ip`: the main table, type unicast, protocol static, and of IPv4 the scope
/// `link` if there is no gateway. A gateway of another family than the route's becomes a `via`. With a next hop object
/// (`nh_id`) it says alone over what: gateways and interfaces beside it, as a listed route tells them, are not sent.
///
/// ```no_run
/// use netloom::families::rt_route::Route;
/// use netloom::rtnetlink::{Prefix, link, route};
/// let nl = netloom::Connection::open()?;
/// let prefix: Prefix = "10.0.0.0/8".parse()?;
/// route::add(&nl, Route::from(prefix).oif(link::index(&nl, "eth0")?).table(100))?;
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// EEXIST if there is one to the prefix with the same metric; ENETUNREACH if the gateway is on no link; EPERM without
/// CAP_NET_ADMIN.
#[doc(alias = "rtnl_route_add")]
pub fn add<C: Caller>(nl: &C, route: impl Into<Route>) -> C::Answer<'_, ()> {
    put(nl, route, ADD)
}

/// Adds a route or replaces the first one to the prefix with the same metric.
///
/// # Errors
///
/// As of [`add`].
pub fn replace<C: Caller>(nl: &C, route: impl Into<Route>) -> C::Answer<'_, ()> {
    put(nl, route, REPLACE)
}

/// Replaces a route that must be there.
///
/// # Errors
///
/// ENOENT if there is none; as of [`add`].
pub fn change<C: Caller>(nl: &C, route: impl Into<Route>) -> C::Answer<'_, ()> {
    put(nl, route, Flags::REPLACE)
}

/// Adds a route behind those there are: of IPv6 a further next hop.
///
/// # Errors
///
/// As of [`add`].
pub fn append<C: Caller>(nl: &C, route: impl Into<Route>) -> C::Answer<'_, ()> {
    put(nl, route, APPEND)
}

/// Removes the first route that is as said: to the prefix, and what else is set. False if there was none.
///
/// # Errors
///
/// EPERM without CAP_NET_ADMIN.
#[doc(alias = "rtnl_route_delete")]
pub fn delete<C: Caller>(nl: &C, route: impl Into<Route>) -> C::Answer<'_, bool> {
    let route = to_delete(route);
    C::answer(async move {
        was_there(nl.call(Delroute, &route).await, &[Errno::ESRCH]).map_err(|error| about(error, &route))
    })
}

/// Removes all routes of a table, and returns how many.
///
/// # Errors
///
/// As of [`table`] and [`delete`].
#[doc(alias = "ip route flush")]
pub fn flush<C: Caller>(nl: &C, family: AddressFamily, table: u32) -> C::Answer<'_, usize> {
    C::answer(async move {
        let mut removed: usize = 0;
        for route in C::wait(self::table(nl, family, table)).await? {
            if C::wait(delete(nl, route)).await? {
                removed = removed.saturating_add(1);
            }
        }
        Ok(removed)
    })
}

/// A new route with what is left out filled in as [`add`] does it: for requests of one's own, and batches.
///
/// ```
/// use netloom::families::rt_route::{Route, RouteType};
/// use netloom::rtnetlink::{Prefix, route};
/// let route = route::complete(Route::from(Prefix::DEFAULT_V4).oif(2_u32));
/// assert_eq!((route.table, route.header.rtm_type), (Some(route::TABLE_MAIN), RouteType::UNICAST));
/// ```
pub fn complete(route: impl Into<Route>) -> Route {
    let mut route = plain(route.into());
    let header = &mut route.header;
    if header.rtm_type == RouteType::UNSPEC {
        header.rtm_type = RouteType::UNICAST;
    }
    if header.rtm_protocol == RouteProtocol::UNSPEC {
        header.rtm_protocol = RouteProtocol::STATIC;
    }
    if header.rtm_scope == Scope::UNIVERSE && header.rtm_family == AddressFamily::INET.0 {
        let direct = route.gateway.is_none() && route.via.is_none() && route.multipath.is_empty();
        header.rtm_scope = match header.rtm_type {
            RouteType::LOCAL | RouteType::NAT => Scope::HOST,
            RouteType::BROADCAST | RouteType::MULTICAST | RouteType::ANYCAST => Scope::LINK,
            RouteType::UNICAST if direct && route.nh_id.is_none() => Scope::LINK,
            _ => Scope::UNIVERSE,
        };
    }
    route
}

/// What says to the kernel which route is to go, as [`delete`] says it: to the prefix, of any scope and protocol, and what else
/// is set. For requests of one's own, and batches; what [`complete`] fills in would leave out routes of another scope.
///
/// ```no_run
/// use netloom::families::rt_route::{Delroute, Route};
/// use netloom::rtnetlink::{Prefix, route};
/// let nl = netloom::Connection::open()?;
/// let mut batch = nl.batch();
/// for net in 0..=255 {
///     let prefix = Prefix::new(std::net::Ipv4Addr::new(10, 0, net, 0), 24);
///     batch.push(nl.request(Delroute, &route::to_delete(Route::from(prefix))))?;
/// }
/// for (index, error) in batch.send()?.failures() {
///     println!("{index}: {error}"); // ESRCH: there was none
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
pub fn to_delete(route: impl Into<Route>) -> Route {
    let mut route = plain(route.into());
    let any_scope = route.header.rtm_scope == Scope::UNIVERSE
        && [RouteType::UNSPEC, RouteType::UNICAST].contains(&route.header.rtm_type);
    if any_scope && route.header.rtm_family == AddressFamily::INET.0 {
        route.header.rtm_scope = Scope::NOWHERE;
    }
    route
}

fn put<C: Caller>(nl: &C, route: impl Into<Route>, flags: Flags) -> C::Answer<'_, ()> {
    let route = complete(route);
    C::answer(async move { nl.send(Newroute, &route, flags).await.map_err(|error| about(error, &route)) })
}

/// What the kernel has of this family.
async fn listed<C: Caller>(nl: &C, family: AddressFamily, request: &Route) -> Result<Vec<Route>> {
    let mut routes = list(nl, Getroute, request).await?;
    // net/core/rtnetlink.c: rtnetlink_rcv_msg answers for a family that it does not have with all others
    routes.retain(|route| family == AddressFamily::UNSPEC || route.header.rtm_family == family.0);
    Ok(routes)
}

/// A request for what the kernel has of this family.
fn of_family(family: AddressFamily) -> Route {
    Route::new().header(Rtmsg { rtm_family: family.0, ..Rtmsg::default() })
}

/// The route without what the kernel alone knows, the table in both places, and gateways where their families belong.
fn plain(route: Route) -> Route {
    let mut route = route;
    route.cacheinfo = None;
    // net/ipv4/fib_frontend.c: rtm_to_fib_config refuses beside a next hop object what a listed route tells of it
    if route.nh_id.is_some() {
        (route.oif, route.gateway, route.via) = (None, None, None);
        (route.encap, route.encap_type) = (None, None);
        route.multipath.clear();
        // net/ipv4/fib_semantics.c: fib_dump_info tells a next hop that drops as the route's type, which it is not
        if route.header.rtm_type == RouteType::BLACKHOLE {
            route.header.rtm_type = RouteType::UNSPEC;
        }
    }
    let header = &mut route.header;
    // net/ipv4/fib_semantics.c: fib_create_info refuses states
    header.rtm_flags = RouteFlags(header.rtm_flags.0 & (RouteFlags::ONLINK | RouteFlags::PERVASIVE).0);
    if header.rtm_family == 0 {
        let known = route.gateway.or(route.prefsrc).or_else(|| route.multipath.first()?.gateway);
        header.rtm_family = known.map_or(0, |address| AddressFamily::of(address).0);
    }
    let table = match (route.table, header.rtm_table) {
        (Some(table), _) => table,
        (None, 0) => TABLE_MAIN,
        (None, table) => table.into(),
    };
    route.table = Some(table);
    header.rtm_table = u8::try_from(table).unwrap_or(TABLE_COMPAT);
    let family = AddressFamily(header.rtm_family);
    by_family(family, &mut route.gateway, &mut route.via);
    for hop in &mut route.multipath {
        let asked = NextHopFlags::ONLINK | NextHopFlags::PERVASIVE;
        hop.header.rtnh_flags = NextHopFlags(hop.header.rtnh_flags.0 & asked.0);
        by_family(family, &mut hop.gateway, &mut hop.via);
    }
    route
}

fn by_family(family: AddressFamily, gateway: &mut Option<IpAddr>, via: &mut Option<IpAddr>) {
    if gateway.is_some_and(|address| AddressFamily::of(address) != family) {
        *via = gateway.take();
    }
}

/// An error that says which route was meant.
fn about(error: Error, route: &Route) -> Error {
    let Some(prefix) = prefix(route) else { return error };
    match route.table {
        None | Some(TABLE_MAIN) => error.regarding(prefix),
        Some(table) => error.regarding(format_args!("{prefix} table {table}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn what_is_left_out_is_filled_in_as_ip_does() {
        let net: Prefix = "10.1.2.3/8".parse().unwrap();
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        let to = || Route::from(net);
        // route, scope, header's table, gateway or via
        for (route, scope, table, gateway, via) in [
            (to(), Scope::LINK, 254, None, None),
            (to().gateway(Ipv4Addr::LOCALHOST), Scope::UNIVERSE, 254, Some(Ipv4Addr::LOCALHOST.into()), None),
            (to().gateway(v6).table(1000), Scope::UNIVERSE, 252, None, Some(v6)),
            (to().nh_id(7), Scope::UNIVERSE, 254, None, None),
            (to().multipath([hop(1, 0)]), Scope::UNIVERSE, 254, None, None),
            (blackhole(net).table(100), Scope::UNIVERSE, 100, None, None),
            (of_type(net, RouteType::LOCAL), Scope::HOST, 254, None, None),
            (Route::from(Prefix::host(v6)), Scope::UNIVERSE, 254, None, None),
        ] {
            let done = complete(route);
            assert_eq!((done.header.rtm_scope, done.header.rtm_table), (scope, table), "{done:?}");
            assert_eq!((done.gateway, done.via), (gateway, via));
            assert_eq!(done.header.rtm_protocol, RouteProtocol::STATIC);
        }
        assert_eq!(to().dst, Some(Ipv4Addr::new(10, 0, 0, 0).into()), "a route is to the network");
        let default = Route::from(Prefix::DEFAULT_V6);
        assert_eq!((default.dst, prefix(&default)), (None, Some(Prefix::DEFAULT_V6)));
        assert_eq!((hop(1, 0).header.rtnh_hops, hop(1, 3).header.rtnh_hops), (0, 2), "weights count from 1");
    }
}
