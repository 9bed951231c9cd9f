//! What is told of links, addresses, routes, next hops, neighbours and rules.

use netloom_families::rt_addr::{self, Address};
use netloom_families::rt_link::{self, Link};
use netloom_families::rt_neigh::{self, Neighbour};
use netloom_families::rt_nexthop::{self, Nexthop};
use netloom_families::rt_nsid::{self, Nsid};
use netloom_families::rt_route::{self, Route};
use netloom_families::rt_rule::{self, Rule};
use netloom_wire::Group;

use crate::client::Event;

/// The groups in which all of [`Told`] is told: for [`subscribe`](crate::Connection::subscribe). Take those that you need.
pub const GROUPS: [Group; 10] = [
    rt_link::RTNLGRP_LINK,
    rt_addr::RTNLGRP_IPV4_IFADDR,
    rt_addr::RTNLGRP_IPV6_IFADDR,
    rt_route::RTNLGRP_IPV4_ROUTE,
    rt_route::RTNLGRP_IPV6_ROUTE,
    rt_nexthop::RTNLGRP_NEXTHOP,
    rt_neigh::RTNLGRP_NEIGH,
    rt_rule::RTNLGRP_IPV4_RULE,
    rt_rule::RTNLGRP_IPV6_RULE,
    rt_nsid::RTNLGRP_NSID,
];

/// An event of rtnetlink's, read as what it is.
///
/// ```no_run
/// use netloom::rtnetlink::{GROUPS, Told};
/// for event in netloom::Connection::open()?.subscribe(&GROUPS)? {
///     match Told::read(&event?) {
///         Some(Told::NewLink(link)) => println!("{:?} is new or has changed", link.ifname),
///         Some(Told::DelAddress(address)) => println!("{:?} is gone", address.local.or(address.address)),
///         _ => {}
///     }
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Told {
    /// An interface is new, or has changed.
    NewLink(Box<Link>),
    /// An interface is gone. Routes over it went with it, untold.
    DelLink(Box<Link>),
    /// An address is new, or has changed.
    NewAddress(Box<Address>),
    /// An address is gone.
    DelAddress(Box<Address>),
    /// A route is new, or has changed.
    NewRoute(Box<Route>),
    /// A route is gone.
    DelRoute(Box<Route>),
    /// A next hop or a group is new, or has changed.
    NewNexthop(Box<Nexthop>),
    /// A next hop or a group was removed, and untold the routes over it. When its interface goes down it goes untold
    /// itself.
    DelNexthop(Box<Nexthop>),
    /// A bucket of a resilient group has moved to another next hop.
    NewBucket(Box<Nexthop>),
    /// A neighbour is new, or has changed.
    NewNeighbour(Box<Neighbour>),
    /// A neighbour is gone.
    DelNeighbour(Box<Neighbour>),
    /// A rule is new.
    NewRule(Box<Rule>),
    /// A rule is gone.
    DelRule(Box<Rule>),
    /// Another network namespace has an id now.
    NewNsid(Box<Nsid>),
    /// Another network namespace is gone, and its id free.
    DelNsid(Box<Nsid>),
}

impl Told {
    /// The event as one of these; `None` if it is something else, or not the kernel's.
    pub fn read(event: &Event) -> Option<Self> {
        Some(match event.number()? {
            16 => Self::NewLink(event.get(rt_link::NewlinkNtf)?.into()),
            17 => Self::DelLink(event.get(rt_link::DellinkNtf)?.into()),
            20 => Self::NewAddress(event.get(rt_addr::NewaddrNtf)?.into()),
            21 => Self::DelAddress(event.get(rt_addr::DeladdrNtf)?.into()),
            24 => Self::NewRoute(event.get(rt_route::NewrouteNtf)?.into()),
            25 => Self::DelRoute(event.get(rt_route::DelrouteNtf)?.into()),
            28 => Self::NewNeighbour(event.get(rt_neigh::NewneighNtf)?.into()),
            29 => Self::DelNeighbour(event.get(rt_neigh::DelneighNtf)?.into()),
            32 => Self::NewRule(event.get(rt_rule::NewruleNtf)?.into()),
            33 => Self::DelRule(event.get(rt_rule::DelruleNtf)?.into()),
            88 => Self::NewNsid(event.get(rt_nsid::NewnsidNtf)?.into()),
            89 => Self::DelNsid(event.get(rt_nsid::DelnsidNtf)?.into()),
            104 => Self::NewNexthop(event.get(rt_nexthop::NewnexthopNtf)?.into()),
            105 => Self::DelNexthop(event.get(rt_nexthop::DelnexthopNtf)?.into()),
            116 => Self::NewBucket(event.get(rt_nexthop::NewnexthopbucketNtf)?.into()),
            _ => return None,
        })
    }
}
