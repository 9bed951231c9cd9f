// Generated from rt-neigh.yaml by netloom-codegen; change that file, not this one.

//! Neighbours on links (ARP, neighbour discovery, forwarding tables). Lists, adds, replaces and removes them, and tells
//! of every change.

use netloom_wire::*;

/// Family rt-neigh.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtNeigh;

impl Family for RtNeigh {
    type Header = Ndmsg;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "rt-neigh",
    version: 1,
    protocol: Protocol::ROUTE,
    header: <Ndmsg as FixedHeader>::INFO,
    ops: &[Newneigh::INFO, Delneigh::INFO, Getneigh::INFO, NewneighNtf::INFO, DelneighNtf::INFO],
    groups: &[RTNLGRP_NEIGH],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group rtnlgrp-neigh.
pub const RTNLGRP_NEIGH: Group =
    Group { family: "rt-neigh", name: "rtnlgrp-neigh", protocol: Protocol::ROUTE, number: Some(3) };

enumeration! {
    /// What is known of a neighbour.
    pub struct NeighbourState: flags u16, "nud-state" {
        /// Being asked for.
        #[doc(alias = "NUD_INCOMPLETE")] INCOMPLETE = 1 "incomplete";
        /// Heard of lately.
        #[doc(alias = "NUD_REACHABLE")] REACHABLE = 2 "reachable";
        /// Not heard of lately.
        #[doc(alias = "NUD_STALE")] STALE = 4 "stale";
        /// Sent to, and soon to be asked.
        #[doc(alias = "NUD_DELAY")] DELAY = 8 "delay";
        /// Being asked again.
        #[doc(alias = "NUD_PROBE")] PROBE = 16 "probe";
        /// Has not answered.
        #[doc(alias = "NUD_FAILED")] FAILED = 32 "failed";
        /// Needs no asking.
        #[doc(alias = "NUD_NOARP")] NOARP = 64 "noarp";
        /// Stays until it is removed.
        #[doc(alias = "NUD_PERMANENT")] PERMANENT = 128 "permanent";
    }
}

enumeration! {
    /// Whose entry it is, and what it is for.
    pub struct NeighbourFlags: flags u8, "ntf-flags" {
        /// Ask for it now, as if it were used.
        #[doc(alias = "NTF_USE")] USE = 1 "use";
        /// Of the interface's own forwarding table.
        #[doc(alias = "NTF_SELF")] SELF = 2 "self";
        /// Of the forwarding table of the interface's master.
        #[doc(alias = "NTF_MASTER")] MASTER = 4 "master";
        /// We answer for it.
        #[doc(alias = "NTF_PROXY")] PROXY = 8 "proxy";
        /// Somebody outside of the kernel has learned it.
        #[doc(alias = "NTF_EXT_LEARNED")] EXT_LEARNED = 16 "ext-learned";
        /// The hardware has it.
        #[doc(alias = "NTF_OFFLOADED")] OFFLOADED = 32 "offloaded";
        /// Must not move to another port.
        #[doc(alias = "NTF_STICKY")] STICKY = 64 "sticky";
        /// Is a router.
        #[doc(alias = "NTF_ROUTER")] ROUTER = 128 "router";
    }
}

enumeration! {
    /// More of them.
    pub struct NeighbourExtFlags: flags u32, "ntf-ext-flags" {
        /// The kernel keeps it resolved.
        #[doc(alias = "NTF_EXT_MANAGED")] MANAGED = 1 "managed";
        /// Of a bridge: a host that is not let in yet.
        #[doc(alias = "NTF_EXT_LOCKED")] LOCKED = 2 "locked";
        /// Somebody outside of the kernel has checked that it is there.
        #[doc(alias = "NTF_EXT_EXT_VALIDATED")] EXT_VALIDATED = 4 "ext-validated";
    }
}

enumeration! {
    /// What kind of address a neighbour has.
    pub struct AddressType: u8, "rtm-type" {
        /// Not said.
        #[doc(alias = "RTN_UNSPEC")] UNSPEC = 0 "unspec";
        /// Of one host.
        #[doc(alias = "RTN_UNICAST")] UNICAST = 1 "unicast";
        /// Of this host.
        #[doc(alias = "RTN_LOCAL")] LOCAL = 2 "local";
        /// Of all.
        #[doc(alias = "RTN_BROADCAST")] BROADCAST = 3 "broadcast";
        /// Of one of many.
        #[doc(alias = "RTN_ANYCAST")] ANYCAST = 4 "anycast";
        /// Of a group.
        #[doc(alias = "RTN_MULTICAST")] MULTICAST = 5 "multicast";
    }
}

enumeration! {
    /// Who has added it.
    pub struct Originator: u8, "rt-protocol" {
        /// Not said.
        #[doc(alias = "RTPROT_UNSPEC")] UNSPEC = 0 "unspec";
        /// A redirect of ICMP's.
        #[doc(alias = "RTPROT_REDIRECT")] REDIRECT = 1 "redirect";
        /// The kernel.
        #[doc(alias = "RTPROT_KERNEL")] KERNEL = 2 "kernel";
        /// Somebody while the system started.
        #[doc(alias = "RTPROT_BOOT")] BOOT = 3 "boot";
        /// An administrator.
        #[doc(alias = "RTPROT_STATIC")] STATIC = 4 "static";
        /// Zebra.
        #[doc(alias = "RTPROT_ZEBRA")] ZEBRA = 11 "zebra";
        /// BIRD.
        #[doc(alias = "RTPROT_BIRD")] BIRD = 12 "bird";
        /// BGP.
        #[doc(alias = "RTPROT_BGP")] BGP = 186 "bgp";
    }
}

c_struct! {
    /// The header of a message about a neighbour.
    #[doc(alias = "ndmsg")]
    pub struct Ndmsg, "ndmsg" {
        /// The address family: AF_INET (2), AF_INET6 (10), AF_BRIDGE (7) for forwarding tables.
        ndm_family: u8 = "ndm-family";
        _(3)
        /// The index of the interface.
        ndm_ifindex: i32 = "ndm-ifindex";
        /// What is known of it.
        ndm_state: Named<NeighbourState, u16> = "ndm-state";
        /// Its flags.
        ndm_flags: Named<NeighbourFlags, u8> = "ndm-flags";
        /// The kind of its address.
        ndm_type: Named<AddressType, u8> = "ndm-type";
    }
}

c_struct! {
    /// The times of a neighbour.
    #[doc(alias = "nda_cacheinfo")]
    pub struct NdaCacheinfo, "nda-cacheinfo" {
        /// When it was last heard of: ticks ago.
        confirmed: u32 = "confirmed";
        /// When it was last used: ticks ago.
        used: u32 = "used";
        /// When it was last changed: ticks ago.
        updated: u32 = "updated";
        /// References to it.
        refcnt: u32 = "refcnt";
    }
}

attribute_set! {
    /// A neighbour, or an entry of a forwarding table.
    pub struct Neighbour: Ndmsg | NeighbourAttr, "neighbour-attrs" {
        /// Its address; of a tunnel's entry, the other end.
        #[doc(alias = "NDA_DST")]
        1 "dst" dst Dst DST: Ip;
        /// Its hardware address.
        #[doc(alias = "NDA_LLADDR")]
        2 "lladdr" lladdr Lladdr LLADDR: Bytes [Mac];
        /// How often it was asked for.
        #[doc(alias = "NDA_PROBES")]
        4 "probes" probes Probes PROBES: u32;
        /// Its times.
        #[doc(alias = "NDA_CACHEINFO")]
        3 "cacheinfo" cacheinfo Cacheinfo CACHEINFO: CStruct<NdaCacheinfo>;
        /// Who has added it.
        #[doc(alias = "NDA_PROTOCOL")]
        12 "protocol" protocol Protocol PROTOCOL: Named<Originator, u8>;
        /// More flags.
        #[doc(alias = "NDA_FLAGS_EXT")]
        15 "flags-ext" flags_ext FlagsExt FLAGS_EXT: Named<NeighbourExtFlags, u32>;
        /// The VLAN of the entry.
        #[doc(alias = "NDA_VLAN")]
        5 "vlan" vlan Vlan VLAN: u16;
        /// The UDP port of a tunnel's other end.
        #[doc(alias = "NDA_PORT")]
        6 "port" port Port PORT: Be<u16>;
        /// The network that a tunnel's other end knows.
        #[doc(alias = "NDA_VNI")]
        7 "vni" vni Vni VNI: u32;
        /// The interface that a tunnel goes over.
        #[doc(alias = "NDA_IFINDEX")]
        8 "ifindex" ifindex Ifindex IFINDEX: u32;
        /// The index of the master.
        #[doc(alias = "NDA_MASTER")]
        9 "master" master Master MASTER: u32;
        /// The namespace of that interface.
        #[doc(alias = "NDA_LINK_NETNSID")]
        10 "link-netnsid" link_netnsid LinkNetnsid LINK_NETNSID: i32;
        /// The network that it is of.
        #[doc(alias = "NDA_SRC_VNI")]
        11 "src-vni" src_vni SrcVni SRC_VNI: u32;
        /// The next hop object that a tunnel's entry uses.
        #[doc(alias = "NDA_NH_ID")]
        13 "nh-id" nh_id NhId NH_ID: u32;
        /// More of a forwarding entry.
        #[doc(alias = "NDA_FDB_EXT_ATTRS")]
        14 "fdb-ext-attrs" fdb_ext_attrs FdbExtAttrs FDB_EXT_ATTRS: Nest<FdbExt>;
        /// In a flush: the states that are meant.
        #[doc(alias = "NDA_NDM_STATE_MASK")]
        16 "ndm-state-mask" ndm_state_mask NdmStateMask NDM_STATE_MASK: Named<NeighbourState, u16>;
        /// In a flush: the flags that are meant.
        #[doc(alias = "NDA_NDM_FLAGS_MASK")]
        17 "ndm-flags-mask" ndm_flags_mask NdmFlagsMask NDM_FLAGS_MASK: Named<NeighbourFlags, u8>;
    }
}

attribute_set! {
    /// More of a forwarding entry.
    pub struct FdbExt | FdbExtAttr, "fdb-ext-attrs" {
        /// Whether its use is told (bit 0), and whether it is idle (bit 1).
        #[doc(alias = "NFEA_ACTIVITY_NOTIFY")]
        1 "activity-notify" activity_notify ActivityNotify ACTIVITY_NOTIFY: u8;
        /// This change is no use of it.
        #[doc(alias = "NFEA_DONT_REFRESH")]
        2 "dont-refresh" dont_refresh DontRefresh DONT_REFRESH: Flag;
    }
}

ops! {
    /// Adds a neighbour, or changes one.
    #[doc(alias = "RTM_NEWNEIGH")]
    pub op Newneigh: RtNeigh, "newneigh" [UNS_ADMIN_PERM] { do 28 (Neighbour), &NEWNEIGH_DO_POLICY, LIBERAL; }
    /// Removes a neighbour; with NLM_F_BULK and AF_BRIDGE, all that match.
    #[doc(alias = "RTM_DELNEIGH")]
    pub op Delneigh: RtNeigh, "delneigh" [UNS_ADMIN_PERM] { do 29 (Neighbour), &DELNEIGH_DO_POLICY, LIBERAL; }
    /// Tells about one neighbour, or dumps all.
    #[doc(alias = "RTM_GETNEIGH")]
    pub op Getneigh: RtNeigh, "getneigh" {
        do 30 (Neighbour) -> 28 Neighbour, &GETNEIGH_DO_POLICY, LIBERAL;
        dump 30 (Neighbour) -> 28 Neighbour, &GETNEIGH_DUMP_POLICY, LIBERAL;
    }
    /// A neighbour is new, or has changed.
    #[doc(alias = "RTM_NEWNEIGH_NTF")]
    pub op NewneighNtf: RtNeigh, "newneigh-ntf" { notify 28 Neighbour, RTNLGRP_NEIGH; }
    /// A neighbour is gone.
    #[doc(alias = "RTM_DELNEIGH_NTF")]
    pub op DelneighNtf: RtNeigh, "delneigh-ntf" { notify 29 Neighbour, RTNLGRP_NEIGH; }
}

policies! {
    FDB_EXT_ATTRS_POLICY { 1 U8, 2 FLAG }
    NEWNEIGH_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(32), 4 U32, 5 U16, 6 BE16, 7 U32, 8 U32, 9 U32, 11 U32, 12 U8, 13 U32,
        14 nest(&FDB_EXT_ATTRS_POLICY), 15 U32,
    }
    DELNEIGH_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(32), 5 U16, 6 BE16, 7 U32, 8 U32, 9 U32, 11 U32, 13 U32, 16 U16, 17 U8,
    }
    GETNEIGH_DO_POLICY { 1 BINARY.max_len(16), 2 BINARY.max_len(32), 5 U16, 7 U32, 9 U32 }
    GETNEIGH_DUMP_POLICY { 8 U32, 9 U32 }
}
