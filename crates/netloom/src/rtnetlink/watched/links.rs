//! Links.

use std::sync::Arc;

use netloom_families::rt_link::{
    DellinkNtf, Getlink, Link, LinkData, NewlinkNtf, RTNLGRP_LINK, RtextFilter, SlaveData,
};
use netloom_wire::Group;

use crate::client::{Event, Fence, News, Objects, Watchable};
use crate::rtnetlink::AddressFamily;

/// The links of a namespace, by index.
///
/// A link that goes to another namespace is removed, one that comes is added. What is kept of each stands in the
/// [module's documentation](super).
///
/// ```no_run
/// use netloom::{Connection, rtnetlink::Links};
/// let mut links = Connection::open()?.watch(Links)?;
/// while !links.is_synced() {
///     links.next().transpose()?;
/// }
/// println!("{:?}", links.get(&1).and_then(|lo| lo.ifname.as_deref()));
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Links;

/// What links are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkPart {
    /// All of them.
    All,
    /// The ports of the master of this index.
    Ports(u32),
    /// Those whose other end was the link of this index, which is gone.
    PeersOf(u32),
}

impl Watchable for Links {
    type Op = Getlink;
    type Object = Link;
    type Key = u32;
    type Part = LinkPart;

    const FENCE: Fence = Fence::Rtnl;

    fn op(&self) -> Getlink {
        Getlink
    }

    fn groups(&self) -> Vec<Group> {
        vec![RTNLGRP_LINK]
    }

    fn parts(&self) -> Vec<LinkPart> {
        vec![LinkPart::All]
    }

    fn request(&self, part: &LinkPart) -> Link {
        let request = Link::new().ext_mask(RtextFilter::SKIP_STATS);
        if let LinkPart::Ports(master) = *part { request.master(master) } else { request }
    }

    fn covers(&self, part: &LinkPart, link: &Link) -> bool {
        if let LinkPart::Ports(master) = *part { link.master == Some(master) } else { true }
    }

    fn keep(&self, link: Link) -> Option<Link> {
        let mut link = link;
        link.header.ifi_change = 0;
        (link.stats, link.stats64, link.event, link.ext_mask) = (None, None, None, None);
        (link.af_spec, link.qdisc, link.promiscuity, link.allmulti) = (None, None, None, None);
        if let Some(info) = &mut link.linkinfo {
            info.xstats = None;
            if let Some(LinkData::Bridge(bridge)) = info.data.as_deref_mut() {
                (bridge.hello_timer, bridge.tcn_timer, bridge.topology_change_timer) = (None, None, None);
                (bridge.gc_timer, bridge.fdb_n_learned) = (None, None);
            }
            if let Some(SlaveData::Bridge(port)) = info.slave_data.as_deref_mut() {
                (port.message_age_timer, port.forward_delay_timer, port.hold_timer) = (None, None, None);
            }
        }
        Some(link)
    }

    fn key(&self, link: &Link) -> u32 {
        u32::try_from(link.header.ifi_index).unwrap_or_default()
    }

    fn hear(&mut self, event: &Event, known: &Objects<Self>, news: &mut Vec<News<Self>>) {
        if let Some(link) = event.get(NewlinkNtf) {
            match AddressFamily(link.header.ifi_family) {
                // net/wireless/wext-core.c: wireless_nlevent_flush tells a name and what happened, and nothing else
                AddressFamily::UNSPEC if link.wireless.is_some() => {}
                AddressFamily::UNSPEC => {
                    news.extend(other_end(&link, known));
                    // net/bridge/br_if.c: br_set_gso_limits, and others' like it, have masters become as their ports in silence
                    let before = known.get(&self.key(&link)).and_then(|before| before.master);
                    news.extend((link.master != before).then_some(News::Look(LinkPart::All)));
                    news.extend(self.keep(link).map(News::There));
                }
                // net/bridge/br_netlink.c: br_ifinfo_notify tells of ports, not of links
                AddressFamily::BRIDGE => news.extend(link.master.map(|master| News::Look(LinkPart::Ports(master)))),
                _ => {}
            }
        } else if let Some(link) = event.get(DellinkNtf)
            && link.header.ifi_family == 0
        {
            let had_master = known.get(&self.key(&link)).is_some_and(|link| link.master.is_some());
            let part = if had_master { LinkPart::All } else { LinkPart::PeersOf(self.key(&link)) };
            news.push(News::Look(part));
            news.push(News::Gone(link));
        }
    }

    fn plan(&mut self, parts: Vec<LinkPart>, known: &Objects<Self>, _: &mut Vec<News<Self>>) -> Vec<LinkPart> {
        let gone = |index: &u32| known.get(index).is_none();
        let orphaned = |index: u32| known.iter().any(|link| link.link == Some(index) && link.link_netnsid.is_none());
        let all = parts.iter().any(|part| match part {
            LinkPart::All => true,
            LinkPart::PeersOf(index) => gone(index) && orphaned(*index),
            LinkPart::Ports(_) => false,
        });
        if all {
            return self.parts();
        }
        parts.into_iter().filter(|part| matches!(part, LinkPart::Ports(_))).collect()
    }
}

/// The other end of a new veth, which was told of before it had one.
// drivers/net/veth.c: veth_newlink registers the peer first
fn other_end(link: &Link, known: &Objects<Links>) -> Option<News<Links>> {
    let index = u32::try_from(link.header.ifi_index).ok()?;
    let peer: &Arc<Link> = known.get(&link.link?)?;
    (link.link_netnsid.is_none() && peer.link == Some(0) && kind(peer) == kind(link)).then(|| {
        let mut with = Link::clone(peer);
        with.link = Some(index);
        News::Instead(peer.clone(), with)
    })
}

fn kind(link: &Link) -> Option<&str> {
    link.linkinfo.as_ref()?.kind.as_deref()
}
