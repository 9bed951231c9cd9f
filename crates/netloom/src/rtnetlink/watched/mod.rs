//! Tables of links, addresses, routes, neighbours and rules, for [`Connection::watch`](crate::Connection::watch).
//!
//! What the kernel tells is heard; what it does without a word is found by asking it again when the cause is told. The
//! causes, as Linux 6.1 to 6.18 have them:
//!
//! | silent | heard of by | asked again |
//! |---|---|---|
//! | IPv4 routes go with a link that goes down or away, or is put under a VRF; and become `linkdown` or not with the carrier | the link | the routes over it; none if it is gone |
//! | IPv6 routes become `linkdown` or dead with the link (that they go is told, unless `net.ipv6.route.skip_notify_on_dev_down` is set) | the link | the routes over it |
//! | IPv4 routes go with the address that they have as their source (told since 6.7); IPv6 ones lose it | the address | routes, if there are such |
//! | routes go or change with a next hop object (`net.ipv4.nexthop_compat_mode` has some of it told) | the object, or the link that takes it along | routes, if there are such |
//! | which route is meant where several have the same destination and metric, and one is replaced | that event | the routes of that table |
//! | IPv6 addresses are checked again, or kept with a link that goes down (`keep_addr_on_down`) | the link | its addresses |
//! | a veth's other end is told before it has one; a link's other end goes to another namespace | the other end | links |
//! | forwarding entries of a tunnel go with the next hop object that they lead to | the object | the forwarding tables, if there are such entries |
//! | the state of a bridge's ports within their link | messages of the bridge's own | the bridge's ports |
//! | rules become detached from an interface, or resolve their goto | the link; the other rule | rules |
//!
//! And what no event tells of is not in these tables, which could not keep it true:
//!
//! - of links: counters, timers, the queueing discipline, how many want every packet, and what is within `af-spec`
//!   (settings and counters of IPv4 and IPv6);
//! - of addresses: those of IPv6 that are still being checked (`tentative`), which the kernel tells when they may be used;
//!   lifetimes that run;
//! - of routes: what is cached, ages and uses;
//! - of neighbours: those without a known hardware address, those that the kernel makes for itself (`noarp`), those that
//!   we answer for (`proxy`), ages; that an entry waits for its next check (`delay`) is no change;
//! - of forwarding tables: the addresses that an interface that is no tunnel listens for, which `bridge fdb` shows as `self`; whether an
//!   entry was used lately.
//!
//! Linux marks dumps of links and addresses that are torn; of routes, neighbours and rules it does not:
//! [`Table`](crate::client::Table) says what is done about it.
//!
//! One thing is there and may be late: another `ifalias` or `group` of a link that is down is in its table when the kernel tells
//! of that link next (`net/core/dev.c: netdev_state_change` tells of links that are up).
//!
//! [`Watch::verify`](crate::client::Watch::verify) reads all again, for who does not want to believe this list.

mod addresses;
mod carriers;
mod links;
mod neighbours;
mod next_hops;
mod routes;
mod rules;
mod way;

pub use addresses::{AddressKey, AddressPart, Addresses};
pub use links::{LinkPart, Links};
pub use neighbours::{NeighbourKey, NeighbourPart, Neighbours};
pub use routes::{RouteKey, RoutePart, Routes};
pub use rules::{RuleKey, Rules};

use netloom_families::rt_link::RTNLGRP_LINK;
use netloom_wire::{Errno, Group};

use super::AddressFamily;
use crate::error::Error;

/// IPv4 and IPv6, or the one that is meant.
fn families(family: AddressFamily) -> Vec<AddressFamily> {
    match family {
        AddressFamily::UNSPEC => vec![AddressFamily::INET, AddressFamily::INET6],
        one => vec![one],
    }
}

/// The groups of the families, by twos of a family and its group, and that of links.
fn groups(families: &[AddressFamily], of: [(AddressFamily, Group); 2], links: bool) -> Vec<Group> {
    let mut groups: Vec<_> =
        of.into_iter().filter(|(family, _)| families.contains(family)).map(|(_, group)| group).collect();
    groups.extend(links.then_some(RTNLGRP_LINK));
    groups
}

/// Whether it was refused for there being no such interface, or no such table.
fn is_refused_with(error: &Error, errno: Errno) -> bool {
    error.is_refused() && error.errno() == Some(errno)
}
