//! Neighbours, and forwarding tables.

use std::net::IpAddr;

use netloom_families::rt_link::{DellinkNtf, RTNLGRP_LINK};
use netloom_families::rt_neigh::{
    DelneighNtf, Getneigh, Ndmsg, Neighbour, NeighbourFlags, NeighbourState, NewneighNtf, RTNLGRP_NEIGH,
};
use netloom_families::rt_nexthop::RTNLGRP_NEXTHOP;
use netloom_wire::{self as wire, Group};

use super::carriers::Carriers;
use super::families;
use super::next_hops;
use crate::client::{Event, Fence, News, Objects, Watchable};
use crate::rtnetlink::AddressFamily;

/// The neighbours whose hardware address is known; or the entries of forwarding tables.
///
/// An entry of a bridge is the same one whichever port it leads to, and one of a tunnel wherever that leads, unless there may be
/// several at once (those of a multicast address, or of all zeros): the kernel says where it leads now, and no more.
///
/// ```no_run
/// use netloom::client::Change;
/// use netloom::{Connection, rtnetlink::{AddressFamily, Neighbours}};
/// for change in Connection::open()?.watch(Neighbours::of(AddressFamily::BRIDGE))? {
///     if let Change::Changed { old, new } = change? {
///         println!("{:02x?} moved from port {} to {}", new.lladdr, old.header.ndm_ifindex, new.header.ndm_ifindex);
///     }
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Debug)]
pub struct Neighbours {
    families: Vec<AddressFamily>,
    carriers: Carriers,
}

/// What makes a neighbour another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeighbourKey {
    /// The index of the interface; of an entry of a bridge, of the bridge.
    pub interface: u32,
    /// The address family, as in the header.
    pub family: u8,
    /// Its address; of a tunnel's forwarding entry that may lead to several places, the other end.
    pub address: Option<IpAddr>,
    /// Of a forwarding entry: the hardware address.
    pub hardware: Option<Vec<u8>>,
    /// Of a forwarding entry: its VLAN.
    pub vlan: Option<u16>,
    /// Of a forwarding entry: the bridge it is in; `None` if it is the interface's own.
    pub master: Option<u32>,
    /// Of a tunnel's forwarding entry: the network that it is of.
    pub network: Option<u32>,
    /// Of one that may lead to several places: the rest of where it leads, as port, network, interface, next hop object.
    pub tunnel: [Option<u32>; 4],
}

/// What neighbours are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NeighbourPart {
    /// Those of a family.
    Family(AddressFamily),
    /// The forwarding entries over a link that is gone.
    Gone(u32),
    /// Those that lead to the next hop object of this id.
    Using(u32),
}

impl Neighbours {
    /// Neighbours of IPv4 and IPv6.
    pub fn all() -> Self {
        Self::of(AddressFamily::UNSPEC)
    }

    /// Those of IPv4 or of IPv6; [`AddressFamily::BRIDGE`] for the forwarding tables of all bridges and tunnels.
    pub fn of(family: AddressFamily) -> Self {
        Self { families: families(family), carriers: Carriers::default() }
    }

    fn is_forwarding(&self) -> bool {
        self.families.contains(&AddressFamily::BRIDGE)
    }
}

impl Watchable for Neighbours {
    type Op = Getneigh;
    type Object = Neighbour;
    type Key = NeighbourKey;
    type Part = NeighbourPart;

    const FENCE: Fence = Fence::Rtnl;
    // net/core/neighbour.c: neigh_dump_table; net/core/rtnetlink.c: rtnl_fdb_dump
    const MARKED: bool = false;

    fn op(&self) -> Getneigh {
        Getneigh
    }

    fn groups(&self) -> Vec<Group> {
        let mut told = vec![RTNLGRP_NEIGH];
        if self.is_forwarding() {
            told.extend([RTNLGRP_LINK, RTNLGRP_NEXTHOP]);
        }
        told
    }

    fn parts(&self) -> Vec<NeighbourPart> {
        self.families.iter().copied().map(NeighbourPart::Family).collect()
    }

    fn request(&self, part: &NeighbourPart) -> Neighbour {
        let family = if let NeighbourPart::Family(family) = *part { family } else { AddressFamily::BRIDGE };
        Neighbour::new().header(Ndmsg { ndm_family: family.0, ..Ndmsg::default() })
    }

    fn covers(&self, part: &NeighbourPart, neighbour: &Neighbour) -> bool {
        matches!(*part, NeighbourPart::Family(family) if neighbour.header.ndm_family == family.0)
    }

    fn keep(&self, neighbour: Neighbour) -> Option<Neighbour> {
        let mut neighbour = neighbour;
        let header = &mut neighbour.header;
        if !self.families.contains(&AddressFamily(header.ndm_family)) {
            return None;
        }
        let has_ages = neighbour.cacheinfo.is_some();
        (neighbour.cacheinfo, neighbour.probes) = (None, None);
        if header.ndm_family == AddressFamily::BRIDGE.0 {
            // net/bridge/br_fdb.c: fdb_to_nud makes it stale by its age
            if header.ndm_state == NeighbourState::STALE {
                header.ndm_state = NeighbourState::REACHABLE;
            }
            // net/core/rtnetlink.c: ndo_dflt_fdb_dump shows what an interface listens for, which is told by nobody; what a
            // tunnel has, which may lead nowhere in particular, has its ages
            let listens = header.ndm_flags.contains(NeighbourFlags::SELF) && !has_ages;
            return (!listens).then_some(neighbour);
        }
        // include/net/neighbour.h: NUD_VALID, without those of the kernel's own making
        const KNOWN: u16 = NeighbourState::PERMANENT.0
            | NeighbourState::REACHABLE.0
            | NeighbourState::PROBE.0
            | NeighbourState::STALE.0
            | NeighbourState::DELAY.0;
        (header.ndm_state.0 & KNOWN != 0 && !header.ndm_flags.contains(NeighbourFlags::PROXY)).then_some(neighbour)
    }

    fn key(&self, neighbour: &Neighbour) -> NeighbourKey {
        let header = &neighbour.header;
        let interface = u32::try_from(header.ndm_ifindex).unwrap_or_default();
        let key = NeighbourKey {
            interface,
            family: header.ndm_family,
            address: neighbour.dst,
            hardware: None,
            vlan: None,
            master: None,
            network: None,
            tunnel: [None; 4],
        };
        if header.ndm_family != AddressFamily::BRIDGE.0 {
            return key;
        }
        // drivers/net/vxlan/vxlan_core.c: vxlan_fdb_append is for these alone, and vxlan_fdb_replace and vxlan_snoop have one of
        // the others lead elsewhere without a word of where it led
        let several = neighbour
            .lladdr
            .as_ref()
            .is_none_or(|mac| mac.first().is_none_or(|first| first & 1 == 1) || mac.iter().all(|byte| *byte == 0));
        let tunnel = [neighbour.port.map(u32::from), neighbour.vni, neighbour.ifindex, neighbour.nh_id];
        NeighbourKey {
            // net/bridge/br_fdb.c: br_fdb_update has an entry go to another port without a word of the one before
            interface: neighbour.master.unwrap_or(interface),
            address: neighbour.dst.filter(|_| several),
            hardware: neighbour.lladdr.clone(),
            vlan: neighbour.vlan,
            master: neighbour.master,
            network: neighbour.src_vni,
            tunnel: if several { tunnel } else { [None; 4] },
            ..key
        }
    }

    fn is_unchanged(&self, known: &Neighbour, now: &Neighbour) -> bool {
        // net/core/neighbour.c: neigh_timer_handler and __neigh_event_send go to NUD_DELAY in silence
        if now.header.ndm_state == NeighbourState::DELAY && known.header.ndm_state != NeighbourState::DELAY {
            let mut now = now.clone();
            now.header.ndm_state = known.header.ndm_state;
            let before = [NeighbourState::REACHABLE, NeighbourState::STALE];
            return before.contains(&known.header.ndm_state) && *known == now;
        }
        known == now
    }

    fn hear(&mut self, event: &Event, _: &Objects<Self>, news: &mut Vec<News<Self>>) {
        if let Some(neighbour) = event.get(NewneighNtf) {
            let told = neighbour.clone();
            match self.keep(neighbour) {
                Some(neighbour) => news.push(News::There(neighbour)),
                // net/core/rtnetlink.c: rtnl_fdb_add says again what a tunnel has said of itself, up to Linux 6.12, and leaves
                // out where it leads; or it says what an interface listens for.
                None if told.header.ndm_family == AddressFamily::BRIDGE.0 => {}
                None => news.push(News::Gone(told)),
            }
        } else if let Some(neighbour) = event.get(DelneighNtf) {
            news.push(News::Gone(neighbour));
        } else if self.is_forwarding() {
            let part = match next_hops::told(event) {
                Some(id) => Some(NeighbourPart::Using(id)),
                None => self.carriers.hear(event).map(NeighbourPart::Gone),
            };
            news.extend(part.map(News::Look));
        }
    }

    fn tears(&self, part: &NeighbourPart, _: &[NeighbourKey], event: &Event) -> bool {
        let NeighbourPart::Family(family) = *part else { return false };
        match event.number() {
            Some(<DelneighNtf as wire::Event>::ID) => event.payload().first() == Some(&family.0),
            // Devices are walked by position, too.
            Some(<DellinkNtf as wire::Event>::ID) => family == AddressFamily::BRIDGE,
            _ => family == AddressFamily::BRIDGE && next_hops::told(event).is_some(),
        }
    }

    fn plan(
        &mut self,
        parts: Vec<NeighbourPart>,
        known: &Objects<Self>,
        news: &mut Vec<News<Self>>,
    ) -> Vec<NeighbourPart> {
        let gone = self.carriers.take_gone(|index| parts.contains(&NeighbourPart::Gone(index)));
        let over = |neighbour: &Neighbour| {
            let interface = u32::try_from(neighbour.header.ndm_ifindex).unwrap_or_default();
            gone.contains(&interface) || neighbour.master.is_some_and(|master| gone.contains(&master))
        };
        news.extend(known.iter().filter(|neighbour| over(neighbour)).cloned().map(News::Lost));
        // drivers/net/vxlan/vxlan_core.c: vxlan_fdb_nh_flush takes them along in silence
        let uses = |id: u32| known.iter().any(|neighbour| neighbour.nh_id == Some(id));
        let flushed = parts.iter().any(|part| matches!(*part, NeighbourPart::Using(id) if uses(id)));
        if flushed { self.parts() } else { Vec::new() }
    }

    fn forget(&mut self) {
        self.carriers.forget();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use netloom_families::rt_neigh::NdaCacheinfo;
    use netloom_wire::{Flags, Header, Message, MessageType, Protocol, Writer, messages};

    use super::*;
    use crate::client::{Table, Want};
    use crate::socket::{Address, Received};

    fn event(number: u16, neighbour: &Neighbour) -> Event {
        let mut buf = [0; 256];
        let mut w = Writer::new(&mut buf);
        neighbour.encode(&mut w).unwrap();
        let bytes = Header::new(MessageType(number), Flags::default()).message(w.written());
        let message = messages(&bytes).next().unwrap().unwrap();
        Event::new(Protocol::ROUTE, &message, Address::KERNEL, &Received::default())
    }

    #[test]
    fn an_entry_of_a_tunnel_stays_where_it_is_said_again_in_fewer_words() {
        let mut table = Table::new(Neighbours::of(AddressFamily::BRIDGE));
        while !matches!(table.want(), Want::Event) {
            table.done();
        }
        // As Linux 6.1 tells of `bridge fdb add 02:00:00:00:00:07 dev vx0 dst 10.0.0.2`, and of its end.
        let header = Ndmsg {
            ndm_family: AddressFamily::BRIDGE.0,
            ndm_ifindex: 5,
            ndm_state: NeighbourState::PERMANENT,
            ndm_flags: NeighbourFlags::SELF,
            ..Ndmsg::default()
        };
        let again = Neighbour::new().header(header).lladdr([2, 0, 0, 0, 0, 7]);
        let whole = again.clone().dst(Ipv4Addr::new(10, 0, 0, 2)).cacheinfo(NdaCacheinfo::default());
        table.hear(&event(<NewneighNtf as wire::Event>::ID, &whole));
        table.hear(&event(<NewneighNtf as wire::Event>::ID, &again));
        let places: Vec<_> = table.objects().iter().map(|entry| entry.dst).collect();
        assert_eq!(places, [whole.dst]);
        table.hear(&event(<DelneighNtf as wire::Event>::ID, &whole));
        table.hear(&event(<DelneighNtf as wire::Event>::ID, &again));
        assert!(table.objects().is_empty());
    }
}
