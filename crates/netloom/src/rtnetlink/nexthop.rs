//! Next hops as objects, which routes refer to by number (Linux 5.3).

use std::net::IpAddr;

use netloom_families::rt_nexthop::{
    Bucket, Delnexthop, Getnexthop, Getnexthopbucket, GroupType, Member, MemberStats, Newnexthop, Nexthop,
    NexthopFlags, Nhmsg, OpFlags, Originator, Resilience, Scope,
};
use netloom_wire::{Attrs, Errno, FixedHeader, Flags, Header};

use super::{ADD, AddressFamily, Interface, REPLACE, list, was_there};
use crate::Result;
use crate::client::{Caller, Object};
use crate::error::{Cause, Error};

/// A next hop by way of this gateway; the setters say its number (`id`) and over which interface (`oif`).
pub fn via(gateway: impl Into<IpAddr>) -> Nexthop {
    let gateway = gateway.into();
    of_family(AddressFamily::of(gateway)).gateway(gateway)
}

/// A next hop without a gateway, over the interface of this index.
pub fn direct(family: AddressFamily, interface: u32) -> Nexthop {
    of_family(family).oif(interface)
}

/// A next hop that drops what is for it.
pub fn blackhole(family: AddressFamily) -> Nexthop {
    of_family(family).blackhole(true)
}

/// A group: flows are spread over its members by their weight. No next hop may stand in it twice.
///
/// ```no_run
/// use netloom::families::rt_route::Route;
/// use netloom::rtnetlink::{Prefix, link, nexthop, route};
/// use std::net::Ipv4Addr;
/// let nl = netloom::Connection::open()?;
/// let eth0 = link::index(&nl, "eth0")?;
/// let a = nexthop::add(&nl, nexthop::via(Ipv4Addr::new(192, 0, 2, 1)).oif(eth0))?;
/// let b = nexthop::add(&nl, nexthop::via(Ipv4Addr::new(192, 0, 2, 2)).oif(eth0))?;
/// let both = nexthop::add(&nl, nexthop::group([nexthop::member(a, 2), nexthop::member(b, 1)]))?;
/// route::replace(&nl, Route::from(Prefix::DEFAULT_V4).nh_id(both))?;
/// // All routes over it change at once.
/// nexthop::replace(&nl, nexthop::group([nexthop::member(b, 1)]).id(both))?;
/// # Ok::<(), netloom::Error>(())
/// ```
pub fn group(members: impl IntoIterator<Item = Member>) -> Nexthop {
    Nexthop::new().group(members.into_iter().collect::<Vec<_>>())
}

/// A group whose flows stay where they are when members come and go, as far as may be: they are spread over this many
/// buckets, which move only when idle. `res_group` has the timers.
#[doc(alias = "NEXTHOP_GRP_TYPE_RES")]
pub fn resilient(members: impl IntoIterator<Item = Member>, buckets: u16) -> Nexthop {
    group(members).group_type(GroupType::RES).res_group(Resilience::new().buckets(buckets))
}

/// A member of a [`group`]: the number of a next hop, which gets so many parts of the flows, at least one. Before Linux
/// 6.12, weights end at 256.
#[doc(alias = "nexthop_grp")]
pub fn member(id: u32, weight: u16) -> Member {
    let [weight, weight_high] = weight.saturating_sub(1).to_le_bytes();
    Member { id, weight, weight_high }
}

/// How many parts of the flows a member gets.
pub fn weight(member: &Member) -> u32 {
    u32::from(u16::from_le_bytes([member.weight, member.weight_high])).saturating_add(1)
}

/// All next hops and groups.
///
/// # Errors
///
/// What the kernel refuses; [`is_interrupted`](crate::Error::is_interrupted) if they keep changing.
#[doc(alias = "ip nexthop show")]
pub fn all<C: Caller>(nl: &C) -> C::Answer<'_, Vec<Nexthop>> {
    C::answer(async move { list(nl, Getnexthop, &Nexthop::new()).await })
}

/// The next hops over one interface; the kernel leaves the others out.
///
/// # Errors
///
/// ENODEV if there is no interface of this name; as of [`all`].
pub fn over<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, Vec<Nexthop>> {
    let interface = interface.into();
    C::answer(async move { list(nl, Getnexthop, &Nexthop::new().oif(interface.resolve(nl).await?)).await })
}

/// All groups; the kernel leaves the others out.
///
/// # Errors
///
/// As of [`all`].
pub fn groups<C: Caller>(nl: &C) -> C::Answer<'_, Vec<Nexthop>> {
    C::answer(async move { list(nl, Getnexthop, &Nexthop::new().groups(true)).await })
}

/// The next hop or group of this number; `None` if there is none.
///
/// # Errors
///
/// What the kernel refuses.
#[doc(alias = "ip nexthop get")]
pub fn find<C: Caller>(nl: &C, id: u32) -> C::Answer<'_, Option<Nexthop>> {
    C::answer(async move { found(nl.call(Getnexthop, &Nexthop::new().id(id)).await) })
}

/// How many packets went to each member of a group; `None` if there is no next hop of this number. Nothing of one that
/// is no group.
///
/// # Errors
///
/// EINVAL before Linux 6.9, which does not count.
#[doc(alias = "NHA_GROUP_STATS")]
pub fn counters<C: Caller>(nl: &C, group: u32) -> C::Answer<'_, Option<Vec<MemberStats>>> {
    C::answer(async move {
        let found = found(nl.call(Getnexthop, &Nexthop::new().id(group).op_flags(OpFlags::DUMP_STATS)).await)?;
        Ok(found.map(|group| group.group_stats.map(|stats| stats.entry).unwrap_or_default()))
    })
}

/// The buckets of a resilient group, in their order.
///
/// # Errors
///
/// ENOENT if there is no next hop of this number, EINVAL if it is no resilient group; as of [`all`].
#[doc(alias = "ip nexthop bucket show")]
pub fn buckets<C: Caller>(nl: &C, group: u32) -> C::Answer<'_, Vec<Bucket>> {
    C::answer(async move {
        let all = list(nl, Getnexthopbucket, &Nexthop::new().id(group)).await?;
        Ok(all.into_iter().filter_map(|told| told.res_bucket).collect())
    })
}

/// Adds a next hop or a group, and returns its number: the one that it has, or the one that the kernel has chosen. It is
/// static unless its header says who has added it.
///
/// # Errors
///
/// EEXIST if there is one of its number; ENETDOWN if the interface is not up; EINVAL for members that are not there or
/// are groups; EPERM without CAP_NET_ADMIN. The error says what is wrong.
#[doc(alias = "ip nexthop add")]
pub fn add<C: Caller>(nl: &C, nexthop: impl Into<Nexthop>) -> C::Answer<'_, u32> {
    let nexthop = plain(nexthop.into());
    C::answer(async move {
        if let Some(id) = nexthop.id.filter(|id| *id != 0) {
            return nl.send(Newnexthop, &nexthop, ADD).await.map(|()| id).map_err(|error| about(error, Some(id)));
        }
        // Which number it has, its notification tells.
        let read = |told: Object<'_, _>| {
            let attrs = told.bytes().get(Header::LEN.saturating_add(Nhmsg::SIZE)..).unwrap_or_default();
            Attrs::<Nexthop>::new(attrs).get(Nexthop::ID)
        };
        let told = nl.lend(Newnexthop, &nexthop, ADD | Flags::ECHO, read).await?;
        told.ok_or_else(|| Error::new("rt-nexthop newnexthop", Cause::NoReply))
    })
}

/// Adds a next hop or a group, or replaces the one of its number; routes over it go on over the new one. A group can
/// only be replaced by a group.
///
/// # Errors
///
/// EINVAL without a number; as of [`add`].
#[doc(alias = "ip nexthop replace")]
pub fn replace<C: Caller>(nl: &C, nexthop: impl Into<Nexthop>) -> C::Answer<'_, ()> {
    let nexthop = plain(nexthop.into());
    C::answer(async move { nl.send(Newnexthop, &nexthop, REPLACE).await.map_err(|error| about(error, nexthop.id)) })
}

/// Removes a next hop or a group; false if there was none. With it go, untold, the routes over it, and groups whose last
/// member it was.
///
/// # Errors
///
/// EPERM without CAP_NET_ADMIN.
#[doc(alias = "ip nexthop del")]
pub fn delete<C: Caller>(nl: &C, id: u32) -> C::Answer<'_, bool> {
    C::answer(async move {
        let done = was_there(nl.call(Delnexthop, &Nexthop::new().id(id)).await, &[Errno::ENOENT]);
        done.map_err(|error| about(error, Some(id)))
    })
}

fn of_family(family: AddressFamily) -> Nexthop {
    Nexthop::new().header(Nhmsg { nh_family: family.0, ..Nhmsg::default() })
}

fn found(answer: Result<Nexthop>) -> Result<Option<Nexthop>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_refused() && error.errno() == Some(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// An error that says which next hop was meant.
fn about(error: Error, id: Option<u32>) -> Error {
    match id {
        Some(id) => error.regarding(format_args!("id {id}")),
        None => error,
    }
}

/// The next hop without what the kernel alone knows, so that one that was listed can be added.
fn plain(nexthop: Nexthop) -> Nexthop {
    let mut nexthop = nexthop;
    let header = &mut nexthop.header;
    // net/ipv4/nexthop.c: rtm_to_nh_config refuses a scope, and flags that are states
    header.nh_scope = Scope::default();
    header.nh_flags = NexthopFlags(header.nh_flags.0 & NexthopFlags::ONLINK.0);
    if header.nh_protocol == Originator::UNSPEC {
        header.nh_protocol = Originator::STATIC;
    }
    (nexthop.op_flags, nexthop.group_stats, nexthop.hw_stats_used) = (None, None, None);
    match (&mut nexthop.res_group, nexthop.group_type) {
        (Some(resilience), Some(GroupType::RES)) => resilience.unbalanced_time = None,
        (other, _) => *other = None,
    }
    nexthop
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_from_one() {
        for (given, low, high, read) in [(0, 0, 0, 1), (1, 0, 0, 1), (256, 255, 0, 256), (257, 0, 1, 257)] {
            let member = member(7, given);
            assert_eq!((member.weight, member.weight_high, weight(&member)), (low, high, read));
        }
        assert_eq!(weight(&Member { id: 7, weight: 255, weight_high: 255 }), 65536);
    }

    #[test]
    fn what_was_listed_can_be_added() {
        let mut listed = resilient([member(1, 1)], 8).op_flags(OpFlags::RESP_GRP_RESVD_0);
        listed.res_group.as_mut().unwrap().unbalanced_time = Some(9);
        listed.header.nh_scope = Scope::LINK;
        listed.header.nh_flags = NexthopFlags::ONLINK | NexthopFlags::LINKDOWN;
        let plain = plain(listed);
        assert_eq!((plain.header.nh_scope, plain.header.nh_flags), (Scope::UNIVERSE, NexthopFlags::ONLINK));
        assert_eq!((plain.op_flags, plain.header.nh_protocol), (None, Originator::STATIC));
        assert_eq!(plain.res_group.unwrap().unbalanced_time, None);
    }
}
