//! New interfaces of each kind, for [`link::add`].
//!
//! A kind's options are the family's own struct: [`Vxlan`], [`Bridge`] and so on. Kinds that are not here are
//! [`of`] their data, or [`link::new`] where they have none.
//!
//! ```no_run
//! use netloom::families::rt_link::{Bridge, Vxlan};
//! use netloom::rtnetlink::{kind, link};
//! let nl = netloom::Connection::open()?;
//! let bridge = link::ensure(&nl, &kind::bridge("br0", Bridge::new().vlan_filtering(1_u8)))?;
//! link::add(&nl, &kind::veth("inside", "outside"))?;
//! link::set_master(&nl, "outside", bridge)?;
//! let remote: std::net::IpAddr = [192, 0, 2, 9].into();
//! link::add(&nl, &kind::vxlan("vx7", 7, Vxlan::new().group(remote).port(4789_u16).link(link::index(&nl, "eth0")?)).mtu(1400_u32))?;
//! # Ok::<(), netloom::Error>(())
//! ```

use netloom_families::rt_link::{
    Bond, BondMode, Bridge, Link, LinkData, LinkInfo, Macvlan, MacvlanMode, Veth, Vlan, Vrf, Vxlan,
};

use super::link;

/// An interface of the kind that these options belong to.
pub fn of(name: &str, data: LinkData) -> Link {
    Link::new().ifname(name).linkinfo(LinkInfo::new().data(data))
}

/// What only its kind has of an interface; `None` where there is nothing, or the kind is not known.
pub fn data(link: &Link) -> Option<&LinkData> {
    link.linkinfo.as_ref()?.data.as_deref().filter(|data| !matches!(data, LinkData::Unknown(_)))
}

/// An interface that drops what it is given: to hold addresses.
pub fn dummy(name: &str) -> Link {
    link::new(name, "dummy")
}

/// A WireGuard interface, to be configured by the family `wireguard`.
pub fn wireguard(name: &str) -> Link {
    link::new(name, "wireguard")
}

/// A pair of interfaces joined like a cable, of these names.
#[doc(alias = "VETH_INFO_PEER")]
pub fn veth(name: &str, peer: &str) -> Link {
    veth_to(name, Link::new().ifname(peer))
}

/// A pair of interfaces joined like a cable, all that is to be said of the other end in `peer`: its name, address, network
/// namespace (`net_ns_fd`) and so on.
pub fn veth_to(name: &str, peer: Link) -> Link {
    of(name, LinkData::Veth(Veth::new().peer(peer)))
}

/// A bridge; its members are made such by [`link::set_master`].
#[doc(alias = "IFLA_BR_VLAN_FILTERING")]
pub fn bridge(name: &str, options: Bridge) -> Link {
    of(name, LinkData::Bridge(options))
}

/// The VLAN of this number on the interface of the index `parent`.
#[doc(alias = "rtnl_link_vlan_set_id")]
pub fn vlan(name: &str, parent: u32, id: u16) -> Link {
    of(name, LinkData::Vlan(Vlan::new().id(id))).link(parent)
}

/// The end of a network of tunnels over UDP, of this number (24 bits); options say where it goes.
#[doc(alias = "rtnl_link_vxlan_set_id")]
pub fn vxlan(name: &str, vni: u32, options: Vxlan) -> Link {
    of(name, LinkData::Vxlan(options.id(vni)))
}

/// A further hardware address on the interface of the index `parent`.
pub fn macvlan(name: &str, parent: u32, mode: MacvlanMode) -> Link {
    of(name, LinkData::Macvlan(Macvlan::new().mode(mode))).link(parent)
}

/// A routing table with interfaces of its own, which are made such by [`link::set_master`].
#[doc(alias = "IFLA_VRF_TABLE")]
pub fn vrf(name: &str, table: u32) -> Link {
    of(name, LinkData::Vrf(Vrf::new().table(table)))
}

/// Several interfaces as one. Its members must be down when they are made such by [`link::set_master`].
pub fn bond(name: &str, mode: BondMode, options: Bond) -> Link {
    of(name, LinkData::Bond(options.mode(mode)))
}
