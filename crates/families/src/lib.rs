//! Netlink families as Rust types, for client and kernel side alike: one module a family, one feature a module.
//!
//! The modules are generated from the specs in `specs/` (see [netloom-spec](https://docs.rs/netloom-spec) for their
//! form) and hold, for a family: its attribute sets as structs, keys and borrowed enums; its operations as markers that
//! tell the types of request and reply; its enums, flags and C structures; and all of it as data, in `INFO`.
//!
//! ```
//! use netloom_families::nlctrl::{CtrlAttrs, Getfamily};
//! use netloom_wire::{Attrs, Do, Message, Op, Writer};
//!
//! let mut buf = [0; 64];
//! let mut w = Writer::new(&mut buf);
//! CtrlAttrs::new().family_name("nlctrl").encode(&mut w)?;
//! assert_eq!((Getfamily::NAME, Getfamily::REQUEST), ("getfamily", 3));
//! assert_eq!(Attrs::new(w.written()).get(CtrlAttrs::FAMILY_NAME), Some("nlctrl"));
//! # Ok::<(), netloom_wire::Full>(())
//! ```
//!
//! Without `alloc` (a default through `std`), a set is its keys and its borrowed enum, and ops are their numbers.
#![no_std]
#![forbid(unsafe_code)]

use netloom_wire::FamilyInfo;

#[cfg(feature = "doc_exmpl")]
pub mod doc_exmpl;
pub mod nlctrl;
#[cfg(feature = "ovs_packet")]
pub mod ovs_packet;
#[cfg(feature = "rt_addr")]
pub mod rt_addr;
#[cfg(feature = "rt_link")]
pub mod rt_link;
#[cfg(feature = "rt_neigh")]
pub mod rt_neigh;
#[cfg(feature = "rt_nexthop")]
pub mod rt_nexthop;
#[cfg(feature = "rt_nsid")]
pub mod rt_nsid;
#[cfg(feature = "rt_route")]
pub mod rt_route;
#[cfg(feature = "rt_rule")]
pub mod rt_rule;
#[cfg(feature = "wireguard")]
pub mod wireguard;

/// Each family that the crate was built with, by the name of its module.
pub static FAMILIES: &[(&str, &FamilyInfo)] = &[
    #[cfg(feature = "doc_exmpl")]
    ("doc_exmpl", &doc_exmpl::INFO),
    ("nlctrl", &nlctrl::INFO),
    #[cfg(feature = "ovs_packet")]
    ("ovs_packet", &ovs_packet::INFO),
    #[cfg(feature = "rt_addr")]
    ("rt_addr", &rt_addr::INFO),
    #[cfg(feature = "rt_link")]
    ("rt_link", &rt_link::INFO),
    #[cfg(feature = "rt_neigh")]
    ("rt_neigh", &rt_neigh::INFO),
    #[cfg(feature = "rt_nexthop")]
    ("rt_nexthop", &rt_nexthop::INFO),
    #[cfg(feature = "rt_nsid")]
    ("rt_nsid", &rt_nsid::INFO),
    #[cfg(feature = "rt_route")]
    ("rt_route", &rt_route::INFO),
    #[cfg(feature = "rt_rule")]
    ("rt_rule", &rt_rule::INFO),
    #[cfg(feature = "wireguard")]
    ("wireguard", &wireguard::INFO),
];

/// The family of this name, on the wire or as its module is called: `DOC_EXMPL` and `doc_exmpl`, `rt-link` and
/// `rt_link`.
pub fn family(name: &str) -> Option<&'static FamilyInfo> {
    FAMILIES.iter().find(|(module, info)| *module == name || info.name == name).map(|(_, info)| *info)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_family_has_two_names() {
        for name in
            ["nlctrl", "DOC_EXMPL", "doc_exmpl", "rt-link", "rt_link", "rt-route", "rt_addr", "wireguard", "ovs_packet"]
        {
            assert!(super::family(name).is_some(), "{name}");
        }
        assert!(super::family("nl80211").is_none());
    }
}
