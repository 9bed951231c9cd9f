//! Neighbours, and forwarding tables.

use std::net::IpAddr;

use netloom_families::rt_neigh::{
    DelneighNtf, Getneigh, Ndmsg, Neighbour, NeighbourFlags, NeighbourState, NewneighNtf, RTNLGRP_NEIGH,
};
use netloom_wire::Group;

use super::carriers::Carriers;
use super::{families, groups};
use crate::client::{Event, Fence, News, Objects, Watchable};
use crate::rtnetlink::AddressFamily;

/// The neighbours whose hardware address is known; or the entries of forwarding tables.
#[derive(Debug)]
pub struct Neighbours {
    families: Vec<AddressFamily>,
    carriers: Carriers,
}

/// What makes a neighbour another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeighbourKey {
    /// The index of the interface; of a forwarding entry, of the port.
    pub interface: u32,
    /// The address family, as in the header.
    pub family: u8,
    /// Its address; of a tunnel's forwarding entry, the other end.
    pub address: Option<IpAddr>,
    /// Of a forwarding entry: the hardware address.
    pub hardware: Option<Vec<u8>>,
    /// Of a forwarding entry: its VLAN.
    pub vlan: Option<u16>,
    /// Of a forwarding entry: the bridge it is in; `None` if it is the interface's own.
    pub master: Option<u32>,
    /// Of a tunnel's forwarding entry: the rest of where it leads, as port, network, interface, next hop object, and the
    /// network it is of.
    pub tunnel: [Option<u32>; 5],
}

/// What neighbours are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NeighbourPart {
    /// Those of a family.
    Family(AddressFamily),
    /// The forwarding entries over a link that is gone.
    Gone(u32),
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

    fn op(&self) -> Getneigh {
        Getneigh
    }

    fn groups(&self) -> Vec<Group> {
        let mut told = vec![RTNLGRP_NEIGH];
        told.extend(groups(&[], [(AddressFamily::UNSPEC, RTNLGRP_NEIGH); 2], self.is_forwarding()));
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
        (neighbour.cacheinfo, neighbour.probes) = (None, None);
        if header.ndm_family == AddressFamily::BRIDGE.0 {
            // net/bridge/br_fdb.c: fdb_to_nud makes it stale by its age
            if header.ndm_state == NeighbourState::STALE {
                header.ndm_state = NeighbourState::REACHABLE;
            }
            // net/core/rtnetlink.c: ndo_dflt_fdb_dump shows what an interface listens for, which is told by nobody
            let listens =
                header.ndm_flags.contains(NeighbourFlags::SELF) && neighbour.dst.is_none() && neighbour.nh_id.is_none();
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
        let forwarding = header.ndm_family == AddressFamily::BRIDGE.0;
        NeighbourKey {
            interface: u32::try_from(header.ndm_ifindex).unwrap_or_default(),
            family: header.ndm_family,
            address: neighbour.dst,
            hardware: neighbour.lladdr.clone().filter(|_| forwarding),
            vlan: neighbour.vlan.filter(|_| forwarding),
            master: neighbour.master.filter(|_| forwarding),
            tunnel: [
                neighbour.port.map(u32::from),
                neighbour.vni,
                neighbour.ifindex,
                neighbour.nh_id,
                neighbour.src_vni,
            ],
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
            let failed = neighbour.clone();
            news.push(self.keep(neighbour).map_or(News::Gone(failed), News::There));
        } else if let Some(neighbour) = event.get(DelneighNtf) {
            news.push(News::Gone(neighbour));
        } else if self.is_forwarding()
            && let Some(index) = self.carriers.hear(event)
        {
            news.push(News::Look(NeighbourPart::Gone(index)));
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
        Vec::new()
    }

    fn forget(&mut self) {
        self.carriers.forget();
    }
}
