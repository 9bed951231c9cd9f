//! NETLINK_ROUTE on our side: the links of the registry, got, made, changed and removed as rtnetlink does.

use std::sync::Arc;

use netloom_families::rt_link::{
    AfSpec, Dellink, DellinkNtf, Getlink, Ifinfomsg, Inet6, Link as LinkMessage, LinkFlags, LinkInfo, LinkMode,
    LinkStats, LinkStats64, Newlink, NewlinkNtf, OperState, Setlink,
};
use netloom_wire::{Attrs, Errno, Event, Flags, Header, Lent, Message, MessageType, Protocol, RawAttrs};

use super::chunk::{Chunk, message_bytes};
use super::ctx::{Cause, Ctx};
use super::engine::{Compare, Intake, NetNs, ProtocolInfo};
use super::links::{Link, Rtnl};
use super::{Family, Fill, Kernel, Nack};

/// What the protocol allows; the number of groups is RTNLGRP_MAX of linux/rtnetlink.h.
// net/core/rtnetlink.c: rtnetlink_net_init
pub(super) const PROTOCOL: ProtocolInfo = ProtocolInfo {
    groups: 39,
    nonroot_recv: true,
    nonroot_send: false,
    intake: Intake::Messages,
    binds: false,
    unbinds: false,
    compare: Compare::Namespace,
};

/// The ops on links.
pub(super) fn family() -> Family<()> {
    Family::new(())
        .on_do(Getlink, |_, ask, ctx| getlink(&ask, ctx))
        .on_dump_with(Getlink, |_, ask, ctx| start_dump(&ask, ctx), |_, filter, out, ctx| dump(filter, out, ctx))
        .on_do(Newlink, |_, ask, ctx| newlink(&ask, ctx))
        .on_do(Setlink, |_, ask, ctx| setlink(&ask, ctx))
        .on_do(Dellink, |_, ask, ctx| dellink(&ask, ctx))
}

impl Kernel {
    /// Tells of a link; whoever asked for that with NLM_F_ECHO gets it as an answer rather than as a member.
    // net/core/rtnetlink.c: rtmsg_ifinfo_send; net/netlink/af_netlink.c: nlmsg_notify
    pub(super) fn tell_link(&self, ns: NetNs, cause: Cause, link: &Link, changed: u32, gone: bool) {
        let Some((family, group)) = self.group_of::<NewlinkNtf>() else { return };
        let number = if gone { DellinkNtf::ID } else { <NewlinkNtf as Event>::ID };
        let (seq, port) = cause.0.map_or((0, 0), |requester| (requester.seq, requester.port));
        let header = Header { seq, port, ..Header::new(MessageType::default(), Flags::NONE) };
        let body = message(link, changed, gone);
        let Ok(bytes) = message_bytes(&family, number, header, &|w| body.encode(w)) else { return };
        self.multicast(ns, Protocol::ROUTE, group, port, Arc::new(bytes.clone()));
        if let Some(requester) = cause.0 {
            // A requester without room hears ENOBUFS.
            let _ = self.engine().send_to_key(requester.socket, group, bytes);
        }
    }
}

/// A link as a message tells it; of one that is gone, what is left then.
// net/core/rtnetlink.c: rtnl_fill_ifinfo
fn message(link: &Link, changed: u32, gone: bool) -> LinkMessage {
    // net/core/dev.c: dev_get_flags: what is up runs, since nothing here loses its carrier.
    let running = if link.is_up() { LinkFlags::RUNNING.0 | LinkFlags::LOWER_UP.0 } else { 0 };
    let header = Ifinfomsg {
        ifi_family: 0,
        ifi_type: link.hardware,
        ifi_index: i32::try_from(link.index).unwrap_or(i32::MAX),
        ifi_flags: LinkFlags(link.flags.0 | running),
        ifi_change: changed,
    };
    let state = if link.is_up() { OperState::UNKNOWN } else { OperState::DOWN };
    // net/sched/sch_generic.c: dev_activate puts it there, dev_shutdown takes it away.
    let queue = if link.was_up && !gone { "noqueue" } else { "noop" };
    let wanted = |flag: LinkFlags| u32::from(link.flags.contains(flag));
    let mut message = LinkMessage::new()
        .header(header)
        .ifname(link.name.as_str())
        .txqlen(link.tx_queue_len)
        .operstate(state)
        .linkmode(LinkMode::DEFAULT)
        .mtu(link.mtu)
        .min_mtu(link.min_mtu)
        .max_mtu(link.max_mtu)
        .group(link.group)
        .promiscuity(wanted(LinkFlags::PROMISC))
        .allmulti(wanted(LinkFlags::ALLMULTI))
        .num_tx_queues(1)
        .gso_max_segs(MOST_SEGMENTS)
        .gso_max_size(MOST_BYTES)
        .gro_max_size(MOST_BYTES)
        .tso_max_size(link.tso_max_size)
        .tso_max_segs(MOST_SEGMENTS)
        .num_rx_queues(1)
        .carrier(1)
        .carrier_changes(0)
        .proto_down(0)
        .stats64(LinkStats64::default())
        .stats(LinkStats::default())
        .linkinfo(LinkInfo::new().kind(&*link.kind))
        .qdisc(queue);
    if !gone {
        // net/ipv6/addrconf.c: inet6_fill_link_af, of which this much is known here
        message = message.af_spec(AfSpec::new().inet6(Inet6::new().addr_gen_mode(link.address_generation())));
    }
    if !link.address.is_empty() {
        message = message.address(link.address.as_slice());
    }
    message.ifalias.clone_from(&link.alias);
    message
}

// include/linux/netdevice.h: GSO_MAX_SEGS, GSO_LEGACY_MAX_SIZE, GRO_LEGACY_MAX_SIZE, TSO_MAX_SEGS
const MOST_SEGMENTS: u32 = 65_535;
const MOST_BYTES: u32 = 65_536;

// net/core/rtnetlink.c: rtnl_getlink
fn getlink(ask: &LinkMessage, ctx: &mut Ctx<'_>) -> Result<LinkMessage, Nack> {
    // net/core/rtnetlink.c: rtnl_valid_getlink_req
    if ctx.strict_check() {
        let Ifinfomsg { ifi_type, ifi_flags, ifi_change, .. } = ask.header;
        if ifi_type != 0 || ifi_flags.0 != 0 || ifi_change != 0 {
            return Err(refuse("Invalid values in header for get link request"));
        }
        if ctx.attrs().into_iter().any(|attr| !DO_ATTRS.contains(&attr.id())) {
            return Err(refuse("Unsupported attribute in get link request"));
        }
    }
    let link = named(ask, ctx)?.ok_or(Nack::new(Errno::EINVAL))?;
    Ok(message(&link.ok_or(Nack::new(Errno::ENODEV))?, 0, false))
}

/// IFNAME, EXT_MASK, TARGET_NETNSID, ALT_IFNAME of linux/if_link.h.
const DO_ATTRS: [u16; 4] = [3, 29, 46, 53];
/// MASTER, LINKINFO, EXT_MASK, TARGET_NETNSID.
const DUMP_ATTRS: [u16; 4] = [10, 18, 29, 46];

/// What a dump of links leaves out, and where it stands.
struct Filter {
    kind: Option<String>,
    master: Option<u32>,
    last: u32,
}

// net/core/rtnetlink.c: rtnl_dump_ifinfo, rtnl_valid_dump_ifinfo_req
fn start_dump(ask: &LinkMessage, ctx: &mut Ctx<'_>) -> Result<Filter, Nack> {
    if ctx.strict_check() {
        let Ifinfomsg { ifi_type, ifi_index, ifi_flags, ifi_change, .. } = ask.header;
        if ifi_type != 0 || ifi_flags.0 != 0 || ifi_change != 0 {
            return Err(refuse("Invalid values in header for link dump request"));
        }
        if ifi_index != 0 {
            return Err(refuse("Filter by device index not supported for link dumps"));
        }
        if ctx.attrs().into_iter().any(|attr| !DUMP_ATTRS.contains(&attr.id())) {
            return Err(refuse("Unsupported attribute in link dump request"));
        }
    }
    // A kind that there is not filters nothing, as in Linux.
    let kind = ask.linkinfo.as_ref().and_then(|info| info.kind.clone());
    let kind = kind.filter(|kind| ctx.kernel().has_link_kind(kind));
    Ok(Filter { kind, master: ask.master.filter(|master| *master != 0), last: 0 })
}

fn dump(filter: &mut Filter, out: &mut Chunk<'_>, ctx: &mut Ctx<'_>) -> Result<Fill, Nack> {
    let links = ctx.kernel().links(ctx.namespace());
    if filter.kind.is_some() || filter.master.is_some() {
        out.filtered();
    }
    while let Some(link) = links.after(filter.last) {
        // No link has a master: only those who ask for the ones without get any.
        let other_master = filter.master.is_some_and(|master| master != u32::MAX);
        if !other_master && filter.kind.as_ref().is_none_or(|kind| **kind == *link.kind) {
            ctx.generation(links.generation());
            out.put(&message(&link, 0, false))?;
        }
        filter.last = link.index;
    }
    ctx.generation(links.generation());
    Ok(Fill::Done)
}

// net/core/rtnetlink.c: rtnl_newlink
fn newlink(ask: &LinkMessage, ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let flags = ctx.header().flags;
    if ask.header.ifi_index < 0 {
        return Err(refuse("ifindex can't be negative"));
    }
    let info = ask.linkinfo.as_ref();
    let rtnl = ctx.kernel().rtnl(ctx.namespace(), ctx.cause());
    let found = named(ask, ctx)?;
    if let Some(Some(link)) = found {
        if flags.contains(Flags::EXCL) {
            return Err(Nack::new(Errno::EEXIST));
        }
        // No kind of ours has data of its own to change.
        if flags.contains(Flags::REPLACE) || info.is_some_and(|info| info.data.is_some() || info.slave_data.is_some()) {
            return Err(Nack::new(Errno::EOPNOTSUPP));
        }
        return change(ask, &link, &rtnl);
    }
    if !flags.contains(Flags::CREATE) {
        // net/core/rtnetlink.c: rtnl_group_changelink
        let Some(group) = ask.group.filter(|_| found.is_none()) else { return Err(Nack::new(Errno::ENODEV)) };
        let members = ctx.kernel().links(ctx.namespace()).all();
        return members.iter().filter(|link| link.group == group).try_for_each(|link| change(ask, link, &rtnl));
    }
    if ask.map.is_some() || ask.protinfo.is_some() {
        return Err(Nack::new(Errno::EOPNOTSUPP));
    }
    // The kind reads its own attributes.
    let info = Attrs::<LinkMessage>::new(ctx.attrs().bytes()).get(LinkMessage::LINKINFO);
    let data = info.and_then(|info| info.get(LinkInfo::DATA)).map(Lent::bytes).unwrap_or_default();
    create(ask, RawAttrs::new(data), &rtnl)
}

// net/core/rtnetlink.c: rtnl_newlink_create, rtnl_create_link, rtnl_configure_link
fn create(ask: &LinkMessage, data: RawAttrs<'_>, rtnl: &Rtnl<'_>) -> Result<(), Nack> {
    elsewhere(ask)?;
    let info = ask.linkinfo.as_ref();
    let kind = info.and_then(|info| info.kind.as_deref()).unwrap_or_default();
    let numbered = format!("{kind}%d");
    let name = ask.ifname.as_deref().unwrap_or(&numbered);
    let index = u32::try_from(ask.header.ifi_index).ok().filter(|index| *index != 0);
    let link = rtnl.create(kind, name, index, data)?;
    let set = |link: &Link| {
        if let Some(mtu) = ask.mtu {
            fits(mtu, link)?;
        }
        let made = rtnl.change(link.index, |link| {
            link.mtu = ask.mtu.unwrap_or(link.mtu);
            link.tx_queue_len = ask.txqlen.unwrap_or(link.tx_queue_len);
            link.group = ask.group.unwrap_or(link.group);
        });
        match wanted_flags(ask, link) {
            Some(flags) => Ok(rtnl.set_flags(link.index, flags)?.0),
            None => made.ok_or(Nack::new(Errno::ENODEV)),
        }
    };
    match set(&link) {
        Ok(link) => rtnl.tell_new(&link),
        Err(nack) => {
            rtnl.discard(link.index);
            return Err(nack);
        }
    }
    Ok(())
}

// net/core/rtnetlink.c: rtnl_setlink
fn setlink(ask: &LinkMessage, ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let rtnl = ctx.kernel().rtnl(ctx.namespace(), ctx.cause());
    let link = named(ask, ctx)?.ok_or(Nack::new(Errno::EINVAL))?;
    change(ask, &link.ok_or(Nack::new(Errno::ENODEV))?, &rtnl)
}

// net/core/rtnetlink.c: rtnl_dellink
fn dellink(ask: &LinkMessage, ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let rtnl = ctx.kernel().rtnl(ctx.namespace(), ctx.cause());
    match (named(ask, ctx)?, ask.group) {
        (Some(link), _) => rtnl.remove(link.ok_or(Nack::new(Errno::ENODEV))?.index),
        // net/core/rtnetlink.c: rtnl_group_dellink
        (None, Some(group)) if group != 0 => {
            let mut members = ctx.kernel().links(ctx.namespace()).all();
            members.retain(|link| link.group == group);
            if members.is_empty() {
                return Err(Nack::new(Errno::ENODEV));
            }
            members.iter().try_for_each(|link| rtnl.remove(link.index))
        }
        (None, Some(_)) => Err(Nack::new(Errno::EPERM)),
        (None, None) => Err(Nack::new(Errno::EINVAL)),
    }
}

/// Changes a link; what came before a refusal stays.
// net/core/rtnetlink.c: do_setlink
fn change(ask: &LinkMessage, link: &Link, rtnl: &Rtnl<'_>) -> Result<(), Nack> {
    elsewhere(ask)?;
    let index = link.index;
    // No device of ours lets its address be set.
    if ask.map.is_some() || ask.address.is_some() {
        return Err(Nack::new(Errno::EOPNOTSUPP));
    }
    if let Some(mtu) = ask.mtu.filter(|mtu| *mtu != link.mtu) {
        fits(mtu, link)?;
        told(rtnl, rtnl.change(index, |link| link.mtu = mtu));
    }
    // What is told of at the end, if the link is up then.
    let mut quiet = ask.ifalias.is_some();
    if let Some(group) = ask.group {
        rtnl.change(index, |link| link.group = group);
        quiet = true;
    }
    // A name tells which link is meant, unless an index does.
    if let Some(name) = ask.ifname.as_deref().filter(|_| ask.header.ifi_index > 0) {
        rtnl.rename(index, name)?;
    }
    if let Some(alias) = &ask.ifalias {
        let alias = Some(alias.clone()).filter(|alias| !alias.is_empty());
        rtnl.change(index, |link| link.alias = alias);
    }
    // Nor is any a master: there is none to have, or none that takes this one. Having none is easy.
    if let Some(master) = ask.master.filter(|master| *master != 0) {
        let there = rtnl.links().by_index(master).is_some();
        return Err(Nack::new(if there { Errno::EOPNOTSUPP } else { Errno::EINVAL }));
    }
    if let Some(flags) = wanted_flags(ask, link) {
        let (link, changes) = rtnl.set_flags(index, flags)?;
        if changes != 0 {
            rtnl.tell(&link, changes);
        }
    }
    if let Some(len) = ask.txqlen.filter(|len| *len != link.tx_queue_len) {
        told(rtnl, rtnl.change(index, |link| link.tx_queue_len = len));
    }
    // net/core/dev.c: netdev_state_change
    if let Some(link) = rtnl.links().by_index(index).filter(|link| quiet && link.is_up()) {
        rtnl.tell(&link, 0);
    }
    Ok(())
}

fn told(rtnl: &Rtnl<'_>, link: Option<Link>) {
    if let Some(link) = link {
        rtnl.tell(&link, 0);
    }
}

/// The link that a request names by index or else by name: `None` if it names none, `Some(None)` if that is not there.
fn named(ask: &LinkMessage, ctx: &Ctx<'_>) -> Result<Option<Option<Link>>, Nack> {
    if ask.target_netnsid.is_some() {
        return Err(refuse("network namespaces of other users are not known here"));
    }
    let links = ctx.kernel().links(ctx.namespace());
    let index = u32::try_from(ask.header.ifi_index).ok().filter(|index| *index != 0);
    let name = ask.ifname.as_deref().or(ask.alt_ifname.as_deref());
    Ok(match (index, name) {
        (Some(index), _) => Some(links.by_index(index)),
        (None, Some(name)) => Some(links.by_name(name)),
        (None, None) => None,
    })
}

/// The flags that a request asks for, if it speaks of any. No mask stands for all of them.
// net/core/rtnetlink.c: rtnl_dev_get_flags
fn wanted_flags(ask: &LinkMessage, link: &Link) -> Option<LinkFlags> {
    let Ifinfomsg { ifi_flags, ifi_change, .. } = ask.header;
    match (ifi_flags.0, ifi_change) {
        (0, 0) => None,
        (flags, 0) => Some(LinkFlags(flags)),
        (flags, mask) => Some(LinkFlags((flags & mask) | (link.flags.0 & !mask))),
    }
}

/// Refuses what would move a link to another network namespace.
fn elsewhere(ask: &LinkMessage) -> Result<(), Nack> {
    if ask.net_ns_pid.is_some() || ask.net_ns_fd.is_some() || ask.new_netnsid.is_some() {
        let text = "this kernel side cannot move links between network namespaces";
        return Err(Nack::new(Errno::EOPNOTSUPP).with_message(text));
    }
    Ok(())
}

// net/core/dev.c: dev_validate_mtu
fn fits(mtu: u32, link: &Link) -> Result<(), Nack> {
    if mtu < link.min_mtu || i32::try_from(mtu).is_err() {
        return Err(refuse("mtu less than device minimum"));
    }
    if link.max_mtu > 0 && mtu > link.max_mtu {
        return Err(refuse("mtu greater than device maximum"));
    }
    Ok(())
}

fn refuse(text: &'static str) -> Nack {
    Nack::new(Errno::EINVAL).with_message(text)
}
