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
    ops: &[
        Newneigh::INFO,
        Delneigh::INFO,
        Getneigh::INFO,
        Getneightbl::INFO,
        Setneightbl::INFO,
        NewneighNtf::INFO,
        DelneighNtf::INFO,
    ],
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

c_struct! {
    /// The header of a message about a table of neighbours.
    #[doc(alias = "ndtmsg")]
    pub struct Ndtmsg, "ndtmsg" {
        /// The address family: AF_INET (2), AF_INET6 (10); AF_UNSPEC (0) for all.
        family: u8 = "family";
        ; _(3)
    }
}

c_struct! {
    /// How a table of neighbours is laid out.
    #[doc(alias = "ndt_config")]
    pub struct TableConfig, "ndt-config" {
        /// The length of an address.
        key_len: u16 = "key-len";
        /// The size of an entry.
        entry_size: u16 = "entry-size";
        /// Entries there are.
        entries: u32 = "entries";
        /// Milliseconds since it was last flushed.
        last_flush: u32 = "last-flush";
        /// Milliseconds since its reachable time was last drawn.
        last_rand: u32 = "last-rand";
        /// The hash's secret.
        hash_rnd: u32 = "hash-rnd";
        /// The hash's mask.
        hash_mask: u32 = "hash-mask";
        /// The longest chain.
        hash_chain_gc: u32 = "hash-chain-gc";
        /// Packets in the queue of those that we answer for.
        proxy_qlen: u32 = "proxy-qlen";
    }
}

c_struct! {
    /// Counters of a table of neighbours.
    #[doc(alias = "ndt_stats")]
    pub struct TableStats, "ndt-stats" {
        /// Entries made.
        allocs: u64 = "allocs";
        /// Entries freed.
        destroys: u64 = "destroys";
        /// How often the hash has grown.
        hash_grows: u64 = "hash-grows";
        /// Addresses that nobody answered for.
        res_failed: u64 = "res-failed";
        /// Lookups.
        lookups: u64 = "lookups";
        /// Those that found something.
        hits: u64 = "hits";
        /// Questions received that went to all.
        rcv_probes_mcast: u64 = "rcv-probes-mcast";
        /// Questions received that went to us.
        rcv_probes_ucast: u64 = "rcv-probes-ucast";
        /// How often it was cleaned up in its turn.
        periodic_gc_runs: u64 = "periodic-gc-runs";
        /// How often it had to be cleaned up.
        forced_gc_runs: u64 = "forced-gc-runs";
        /// How often it was full.
        table_fulls: u64 = "table-fulls";
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

attribute_set! {
    /// A table of neighbours, or one interface's settings in it.
    pub struct Table: Ndtmsg | TableAttr, "ndt-attrs" {
        /// Its name: arp_cache, ndisc_cache.
        #[doc(alias = "NDTA_NAME")]
        1 "name" name Name NAME: Str;
        /// How often it is cleaned up, in milliseconds.
        #[doc(alias = "NDTA_GC_INTERVAL")]
        8 "gc-interval" gc_interval GcInterval GC_INTERVAL: u64;
        /// Below so many entries it is not cleaned up.
        #[doc(alias = "NDTA_THRESH1")]
        2 "thresh1" thresh1 Thresh1 THRESH1: u32;
        /// Above so many for five seconds it is.
        #[doc(alias = "NDTA_THRESH2")]
        3 "thresh2" thresh2 Thresh2 THRESH2: u32;
        /// The most entries.
        #[doc(alias = "NDTA_THRESH3")]
        4 "thresh3" thresh3 Thresh3 THRESH3: u32;
        /// How it is laid out.
        #[doc(alias = "NDTA_CONFIG")]
        5 "config" config Config CONFIG: CStruct<TableConfig>;
        /// Its counters.
        #[doc(alias = "NDTA_STATS")]
        7 "stats" stats Stats STATS: CStruct<TableStats>;
        /// Its settings.
        #[doc(alias = "NDTA_PARMS")]
        6 "parms" parms Parms PARMS: BareNest<TableSettings>;
        /// Alignment on machines that need it.
        #[doc(alias = "NDTA_PAD")]
        9 "pad" pad Pad PAD: Pad;
    }
}

attribute_set! {
    /// Settings of a table of neighbours. Times are in milliseconds.
    pub struct TableSettings | TableSettingsAttr, "ndtpa-attrs" {
        /// The interface that they are for; none where they are what others begin with.
        #[doc(alias = "NDTPA_IFINDEX")]
        1 "ifindex" ifindex Ifindex IFINDEX: u32;
        /// References to them.
        #[doc(alias = "NDTPA_REFCNT")]
        2 "refcnt" refcnt Refcnt REFCNT: u32;
        /// Bytes that wait for an answer.
        #[doc(alias = "NDTPA_QUEUE_LENBYTES")]
        16 "queue-lenbytes" queue_lenbytes QueueLenbytes QUEUE_LENBYTES: u32;
        /// Packets that wait for an answer.
        #[doc(alias = "NDTPA_QUEUE_LEN")]
        8 "queue-len" queue_len QueueLen QUEUE_LEN: u32;
        /// Questions that wait for such an answer.
        #[doc(alias = "NDTPA_PROXY_QLEN")]
        14 "proxy-qlen" proxy_qlen ProxyQlen PROXY_QLEN: u32;
        /// Questions to a daemon.
        #[doc(alias = "NDTPA_APP_PROBES")]
        9 "app-probes" app_probes AppProbes APP_PROBES: u32;
        /// Questions to the neighbour itself.
        #[doc(alias = "NDTPA_UCAST_PROBES")]
        10 "ucast-probes" ucast_probes UcastProbes UCAST_PROBES: u32;
        /// Questions to all.
        #[doc(alias = "NDTPA_MCAST_PROBES")]
        11 "mcast-probes" mcast_probes McastProbes MCAST_PROBES: u32;
        /// Questions to all after the neighbour itself has not answered.
        #[doc(alias = "NDTPA_MCAST_REPROBES")]
        17 "mcast-reprobes" mcast_reprobes McastReprobes MCAST_REPROBES: u32;
        /// How long a neighbour counts as reachable.
        #[doc(alias = "NDTPA_REACHABLE_TIME")]
        3 "reachable-time" reachable_time ReachableTime REACHABLE_TIME: u64;
        /// What that is drawn around.
        #[doc(alias = "NDTPA_BASE_REACHABLE_TIME")]
        4 "base-reachable-time" base_reachable_time BaseReachableTime BASE_REACHABLE_TIME: u64;
        /// How long an unused entry stays.
        #[doc(alias = "NDTPA_GC_STALETIME")]
        6 "gc-staletime" gc_staletime GcStaletime GC_STALETIME: u64;
        /// How long a first packet waits for a sign before it is asked.
        #[doc(alias = "NDTPA_DELAY_PROBE_TIME")]
        7 "delay-probe-time" delay_probe_time DelayProbeTime DELAY_PROBE_TIME: u64;
        /// The time between two questions.
        #[doc(alias = "NDTPA_RETRANS_TIME")]
        5 "retrans-time" retrans_time RetransTime RETRANS_TIME: u64;
        /// The most that an answer for a shared address waits.
        #[doc(alias = "NDTPA_ANYCAST_DELAY")]
        12 "anycast-delay" anycast_delay AnycastDelay ANYCAST_DELAY: u64;
        /// The most that an answer for another waits.
        #[doc(alias = "NDTPA_PROXY_DELAY")]
        13 "proxy-delay" proxy_delay ProxyDelay PROXY_DELAY: u64;
        /// How long an entry is not replaced.
        #[doc(alias = "NDTPA_LOCKTIME")]
        15 "locktime" locktime Locktime LOCKTIME: u64;
        /// How often managed neighbours are asked.
        #[doc(alias = "NDTPA_INTERVAL_PROBE_TIME_MS")]
        19 "interval-probe-time-ms" interval_probe_time_ms IntervalProbeTimeMs INTERVAL_PROBE_TIME_MS: u64;
        /// Alignment on machines that need it.
        #[doc(alias = "NDTPA_PAD")]
        18 "pad" pad Pad PAD: Pad;
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
    /// Dumps the tables of neighbours, each with its interfaces' settings behind it.
    #[doc(alias = "RTM_GETNEIGHTBL")]
    pub op Getneightbl: RtNeigh, "getneightbl" under Ndtmsg {
        dump 66 (Table) -> 64 Table, Policy::REJECT_ALL, LIBERAL;
    }
    /// Changes the settings of a table of neighbours.
    #[doc(alias = "RTM_SETNEIGHTBL")]
    pub op Setneightbl: RtNeigh, "setneightbl" under Ndtmsg [UNS_ADMIN_PERM] {
        do 67 (Table), &SETNEIGHTBL_DO_POLICY, LIBERAL;
    }
}

policies! {
    FDB_EXT_ATTRS_POLICY { 1 U8, 2 FLAG }
    NDTPA_ATTRS_POLICY {
        1 U32, 2 U32, 3 U64, 4 U64, 5 U64, 6 U64, 7 U64, 8 U32, 9 U32, 10 U32, 11 U32, 12 U64, 13 U64, 14 U32, 15 U64,
        16 U32, 17 U32, 19 U64,
    }
    NEWNEIGH_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(32), 4 U32, 5 U16, 6 BE16, 7 U32, 8 U32, 9 U32, 11 U32, 12 U8, 13 U32,
        14 nest(&FDB_EXT_ATTRS_POLICY), 15 U32,
    }
    DELNEIGH_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(32), 5 U16, 6 BE16, 7 U32, 8 U32, 9 U32, 11 U32, 13 U32, 16 U16, 17 U8,
    }
    GETNEIGH_DO_POLICY { 1 BINARY.max_len(16), 2 BINARY.max_len(32), 5 U16, 7 U32, 9 U32 }
    GETNEIGH_DUMP_POLICY { 8 U32, 9 U32 }
    SETNEIGHTBL_DO_POLICY { 1 NUL_STRING, 2 U32, 3 U32, 4 U32, 6 nest(&NDTPA_ATTRS_POLICY), 8 U64 }
}
