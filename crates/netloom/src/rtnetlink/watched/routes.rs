//! Routes.

use std::collections::{BTreeSet, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use netloom_families::rt_addr;
use netloom_families::rt_addr::DeladdrNtf;
use netloom_families::rt_link::NewlinkNtf;
use netloom_families::rt_nexthop::RTNLGRP_NEXTHOP;
use netloom_families::rt_route::{
    DelrouteNtf, Getroute, NewrouteNtf, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, Route, RouteFlags, Rtmsg,
};
use netloom_wire::{self as wire, Errno, Flags, Group};

use super::carriers::Carriers;
use super::next_hops;
use super::way::{interfaces, shares, sort, ways, without};
use super::{families, groups, is_refused_with};
use crate::client::{Event, Fence, News, Objects, Refused, Watchable};
use crate::error::Error;
use crate::rtnetlink::{AddressFamily, Prefix};

/// The routes of IPv4 and IPv6, of all tables or of one.
///
/// The next hops of an IPv6 route are in an order of our own, by interface and gateway: the kernel has none that lasts.
#[derive(Debug)]
pub struct Routes {
    families: Vec<AddressFamily>,
    table: Option<u32>,
    carriers: Carriers,
    /// Of routes that were replaced before it was certain which: what is guessed, and what cannot be.
    guessed: HashSet<RouteKey>,
    doubtful: HashSet<RouteKey>,
}

/// What a route is looked up by. Several may have the same one: IPv4 routes that were appended, or IPv6 ones over different
/// interfaces; [`Objects::of_key`] has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteKey {
    /// The table.
    pub table: u32,
    /// The destination; of a default route, the unspecified address with a length of 0.
    pub destination: IpAddr,
    /// The length of the destination's prefix, in bits.
    pub len: u8,
    /// The metric.
    pub priority: u32,
    /// The type of service that it is for.
    pub tos: u8,
    /// The source that it is for, and the length of its prefix (IPv6 only).
    pub source: Option<(IpAddr, u8)>,
}

impl RouteKey {
    /// The routes to just this prefix in a table, of whatever metric, for [`Objects::range`].
    ///
    /// ```
    /// use netloom::rtnetlink::{Prefix, route::TABLE_MAIN, watched::RouteKey};
    /// let keys = RouteKey::to(TABLE_MAIN, Prefix::DEFAULT_V4);
    /// assert!(keys.contains(keys.start()));
    /// ```
    pub fn to(table: u32, prefix: Prefix) -> std::ops::RangeInclusive<Self> {
        let prefix = prefix.network();
        let (destination, len) = (prefix.address, prefix.len);
        let first = Self { table, destination, len, priority: 0, tos: 0, source: None };
        let source = Some((IpAddr::from([0xff; 16]), u8::MAX));
        first..=Self { priority: u32::MAX, tos: u8::MAX, source, ..first }
    }
}

/// What routes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoutePart {
    /// Those of a family.
    Family(AddressFamily),
    /// Those of a family over the interface of this index.
    Over(AddressFamily, u32),
    /// Those of one table of a family.
    Table(AddressFamily, u32),
    /// Those that have this address as their source.
    From(IpAddr),
    /// Those that use the next hop object of this id.
    Using(u32),
    /// Those of which it was not certain which was replaced.
    Doubtful,
}

impl Routes {
    /// IPv4's and IPv6's, of all tables.
    pub fn all() -> Self {
        Self::of(AddressFamily::UNSPEC)
    }

    /// Those of IPv4 or of IPv6, of all tables; of another family (MPLS, multicast) none are kept true.
    pub fn of(family: AddressFamily) -> Self {
        let (guessed, doubtful) = (HashSet::new(), HashSet::new());
        Self { families: families(family), table: None, carriers: Carriers::default(), guessed, doubtful }
    }

    /// Of one table alone, as [`TABLE_MAIN`](crate::rtnetlink::route::TABLE_MAIN).
    #[must_use]
    pub fn table(self, table: u32) -> Self {
        Self { table: Some(table), ..self }
    }

    /// A route is told to be there.
    fn heard_new(&mut self, route: Route, replaces: bool, known: &Objects<Self>, news: &mut Vec<News<Self>>) {
        let key = self.key(&route);
        let (mut same, mut others) = (0_usize, Vec::new());
        for other in known.of_key(&key) {
            if self.is(other, &route) {
                same = same.saturating_add(1);
            } else {
                others.push(other);
            }
        }
        let doubt = match (same, others.as_slice(), replaces) {
            (0 | 1, [], _) => {
                // Whatever came between, this is what it came to: it was not there when it was told.
                if replaces {
                    self.doubtful.remove(&key);
                }
                false
            }
            (0, [other], true) => {
                if known.is_ahead() {
                    self.guessed.insert(key);
                }
                return news.push(News::Instead(Arc::clone(other), route));
            }
            // Which of them it has replaced is not told.
            (_, _, true) => true,
            (0, _, false) if known.is_ahead() => {
                // One that stands beside another, or one that was replaced since by that one.
                self.doubtful.insert(key);
                return news.push(News::Look(RoutePart::Doubtful));
            }
            (0 | 1, _, false) => false,
            (_, _, false) => true,
        };
        if doubt {
            self.doubtful.insert(key);
            news.push(News::Look(RoutePart::Doubtful));
        } else {
            news.push(News::There(route));
        }
    }

    /// A route, or some of an IPv6 route's next hops, are told to be gone.
    fn heard_gone(&mut self, route: &Route, known: &Objects<Self>, news: &mut Vec<News<Self>>) {
        let key = self.key(route);
        let found = known.of_key(&key).find(|other| self.is(other, route));
        match found {
            Some(found) if is_v6(route) && found.nh_id.is_none() => match without(found, &ways(route)) {
                Some(left) => news.push(News::Instead(found.clone(), left)),
                None => news.push(News::Lost(found.clone())),
            },
            Some(found) => news.push(News::Lost(found.clone())),
            None => {}
        }
        let unfound = found.is_none() && known.of_key(&key).next().is_some();
        if self.guessed.contains(&key) || unfound && !known.is_ahead() {
            self.doubtful.insert(key);
            news.push(News::Look(RoutePart::Doubtful));
        }
    }
}

impl Watchable for Routes {
    type Op = Getroute;
    type Object = Route;
    type Key = RouteKey;
    type Part = RoutePart;

    const FENCE: Fence = Fence::Rtnl;
    // net/ipv4/fib_trie.c: fib_table_dump; net/ipv6/ip6_fib.c: fib6_dump_table
    const MARKED: bool = false;

    fn op(&self) -> Getroute {
        Getroute
    }

    fn groups(&self) -> Vec<Group> {
        let told = [(AddressFamily::INET, RTNLGRP_IPV4_ROUTE), (AddressFamily::INET6, RTNLGRP_IPV6_ROUTE)];
        let causes =
            [(AddressFamily::INET, rt_addr::RTNLGRP_IPV4_IFADDR), (AddressFamily::INET6, rt_addr::RTNLGRP_IPV6_IFADDR)];
        let mut all = groups(&self.families, told, true);
        all.extend(groups(&self.families, causes, false));
        all.push(RTNLGRP_NEXTHOP);
        all
    }

    fn parts(&self) -> Vec<RoutePart> {
        self.families.iter().copied().map(RoutePart::Family).collect()
    }

    fn request(&self, part: &RoutePart) -> Route {
        let (family, table, oif) = match *part {
            RoutePart::Family(family) => (family, self.table, None),
            RoutePart::Over(family, index) => (family, self.table, Some(index)),
            RoutePart::Table(family, table) => (family, Some(table), None),
            RoutePart::From(_) | RoutePart::Using(_) | RoutePart::Doubtful => (AddressFamily::UNSPEC, None, None),
        };
        let mut request = Route::new().header(Rtmsg { rtm_family: family.0, ..Rtmsg::default() });
        (request.table, request.oif) = (table, oif);
        request
    }

    fn covers(&self, part: &RoutePart, route: &Route) -> bool {
        let of = |family: AddressFamily| route.header.rtm_family == family.0;
        match *part {
            RoutePart::Family(family) => of(family),
            RoutePart::Over(family, index) => of(family) && interfaces(route).any(|interface| interface == index),
            RoutePart::Table(family, table) => of(family) && number(route) == table,
            RoutePart::From(_) | RoutePart::Using(_) | RoutePart::Doubtful => false,
        }
    }

    fn refused(&self, part: &RoutePart, error: &Error) -> Refused<RoutePart> {
        // net/ipv4/fib_frontend.c: inet_dump_fib, ip_valid_fib_dump_req
        let table = self.table.is_some() || matches!(part, RoutePart::Table(..));
        match *part {
            _ if table && is_refused_with(error, Errno::ENOENT) => Refused::Empty,
            // The link has gone meanwhile; routes may have further ways.
            RoutePart::Over(family, _) if is_refused_with(error, Errno::ENODEV) => {
                Refused::Instead(RoutePart::Family(family))
            }
            _ => Refused::Failed,
        }
    }

    fn keep(&self, route: Route) -> Option<Route> {
        let header = &route.header;
        let ours = self.families.contains(&AddressFamily(header.rtm_family))
            && !header.rtm_flags.contains(RouteFlags::CLONED)
            && self.table.is_none_or(|table| number(&route) == table);
        let mut route = ours.then_some(route)?;
        route.cacheinfo = None;
        if route.expires.is_some() {
            route.expires = None;
        }
        sort(&mut route);
        Some(route)
    }

    fn key(&self, route: &Route) -> RouteKey {
        let header = &route.header;
        let none = if is_v6(route) { IpAddr::from(Ipv6Addr::UNSPECIFIED) } else { Ipv4Addr::UNSPECIFIED.into() };
        RouteKey {
            table: number(route),
            destination: route.dst.unwrap_or(none),
            len: header.rtm_dst_len,
            priority: route.priority.unwrap_or(0),
            tos: header.rtm_tos,
            source: route.src.map(|source| (source, header.rtm_src_len)),
        }
    }

    fn is(&self, known: &Route, other: &Route) -> bool {
        let object = known.nh_id.is_some() || other.nh_id.is_some();
        if is_v6(known) {
            // net/ipv6/ip6_fib.c: fib6_add_rt2node; each next hop is an entry of its own there.
            return if object { known.nh_id == other.nh_id } else { shares(known, &ways(other)) };
        }
        // net/ipv4/fib_trie.c: fib_table_insert; net/ipv4/fib_semantics.c: fib_find_info
        let (a, b) = (&known.header, &other.header);
        let alike = (a.rtm_type, a.rtm_scope, a.rtm_protocol) == (b.rtm_type, b.rtm_scope, b.rtm_protocol)
            && (known.prefsrc, known.nh_id, known.flow) == (other.prefsrc, other.nh_id, other.flow)
            && known.metrics == other.metrics;
        let weights = |route: &Route| route.multipath.iter().map(|hop| hop.header.rtnh_hops).collect::<Vec<_>>();
        let hops = |route: &Route| route.multipath.iter().map(|hop| hop.encap.clone()).collect::<Vec<_>>();
        // What an object stands for may change while routes use it.
        alike
            && (object
                || ways(known) == ways(other)
                    && weights(known) == weights(other)
                    && known.encap == other.encap
                    && hops(known) == hops(other))
    }

    fn hear(&mut self, event: &Event, known: &Objects<Self>, news: &mut Vec<News<Self>>) {
        if !known.is_ahead() {
            self.guessed.clear();
        }
        if let Some(route) = event.get(NewrouteNtf).and_then(|route| self.keep(route)) {
            self.heard_new(route, event.header().flags.contains(Flags::REPLACE), known, news);
        } else if let Some(route) = event.get(DelrouteNtf).and_then(|route| self.keep(route)) {
            self.heard_gone(&route, known, news);
        } else if let Some(address) = event.get(DeladdrNtf) {
            news.extend(address.local.or(address.address).map(|address| News::Look(RoutePart::From(address))));
        } else if let Some(id) = next_hops::told(event) {
            news.push(News::Look(RoutePart::Using(id)));
        } else if let Some(index) = self.carriers.hear(event) {
            news.extend(self.families.iter().map(|family| News::Look(RoutePart::Over(*family, index))));
        }
    }

    fn tears(&self, part: &RoutePart, pauses: &[RouteKey], event: &Event) -> bool {
        let (RoutePart::Family(family) | RoutePart::Over(family, _) | RoutePart::Table(family, _)) = *part else {
            return false;
        };
        match event.number() {
            Some(<DelrouteNtf as wire::Event>::ID) if event.payload().first() != Some(&family.0) => false,
            // IPv4's are walked by address, and by position only where several have the same.
            Some(<DelrouteNtf as wire::Event>::ID) if family == AddressFamily::INET => {
                event.get(DelrouteNtf).map(|route| self.key(&route)).is_some_and(|gone| {
                    pauses.iter().any(|pause| (pause.table, pause.destination) == (gone.table, gone.destination))
                })
            }
            Some(<NewrouteNtf as wire::Event>::ID) => false,
            // What goes in silence has a cause that is told.
            Some(<NewlinkNtf as wire::Event>::ID) => event.payload().first() == Some(&AddressFamily::UNSPEC.0),
            _ => true,
        }
    }

    fn plan(&mut self, parts: Vec<RoutePart>, known: &Objects<Self>, news: &mut Vec<News<Self>>) -> Vec<RoutePart> {
        const FEW: usize = 8;
        let mut wholly = HashSet::new();
        let mut over: BTreeSet<(u8, u32)> = BTreeSet::new();
        let felt: HashSet<_> = parts.iter().filter_map(|part| over_of(*part)).collect();
        let gone =
            self.carriers.take_gone(|index| self.families.iter().any(|family| felt.contains(&(family.0, index))));
        let (mut from, mut using) = (HashSet::new(), HashSet::new());
        for part in &parts {
            match *part {
                RoutePart::From(address) => drop(from.insert(address)),
                RoutePart::Using(id) => drop(using.insert(id)),
                _ => {}
            }
        }
        for route in known.iter() {
            let family = route.header.rtm_family;
            let object = route.nh_id.is_some();
            if route.prefsrc.is_some_and(|address| from.contains(&address))
                || route.nh_id.is_some_and(|id| using.contains(&id))
                // Its ways may be others by now, and which are told depends on the object and on sysctls.
                || object && felt.iter().any(|(of, _)| *of == family)
            {
                wholly.insert(family);
            }
            for index in interfaces(route).filter(|index| felt.contains(&(family, *index))) {
                // net/ipv4/fib_semantics.c: fib_sync_down_dev
                match gone.contains(&index) {
                    _ if object => {}
                    true if is_v6(route) => drop(wholly.insert(family)),
                    true => news.push(News::Lost(route.clone())),
                    false => drop(over.insert((family, index))),
                }
            }
        }
        let doubtful = std::mem::take(&mut self.doubtful);
        let mut tables: HashSet<(u8, u32)> = HashSet::new();
        tables.extend(doubtful.iter().map(|key| (AddressFamily::of(key.destination).0, key.table)));
        for family in &self.families {
            if over.iter().filter(|(of, _)| *of == family.0).count() > FEW {
                wholly.insert(family.0);
            }
        }
        let whole = wholly.iter().map(|family| RoutePart::Family(AddressFamily(*family)));
        let rest = |family: u8| !wholly.contains(&family);
        let over = over.iter().filter(|(family, _)| rest(*family));
        let tables = tables.iter().filter(|(family, _)| rest(*family));
        whole
            .chain(over.map(|(family, index)| RoutePart::Over(AddressFamily(*family), *index)))
            .chain(tables.map(|(family, table)| RoutePart::Table(AddressFamily(*family), *table)))
            .collect()
    }

    fn forget(&mut self) {
        self.carriers.forget();
        self.guessed.clear();
        self.doubtful.clear();
    }
}

fn over_of(part: RoutePart) -> Option<(u8, u32)> {
    if let RoutePart::Over(family, index) = part { Some((family.0, index)) } else { None }
}

fn is_v6(route: &Route) -> bool {
    route.header.rtm_family == AddressFamily::INET6.0
}

/// The number of a route's table.
fn number(route: &Route) -> u32 {
    route.table.unwrap_or(route.header.rtm_table.into())
}
