// Generated from rt-route.yaml by netloom-codegen; change that file, not this one.

//! Routes. Looks up, lists, adds, replaces and removes them, and tells of every change.

use netloom_wire::*;

/// Family rt-route.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtRoute;

impl Family for RtRoute {
    type Header = Rtmsg;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "rt-route",
    version: 1,
    protocol: Protocol::ROUTE,
    header: <Rtmsg as FixedHeader>::INFO,
    ops: &[Newroute::INFO, Delroute::INFO, Getroute::INFO, NewrouteNtf::INFO, DelrouteNtf::INFO],
    groups: &[RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_MPLS_ROUTE, RTNLGRP_IPV4_MROUTE, RTNLGRP_IPV6_MROUTE],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group rtnlgrp-ipv4-route.
pub const RTNLGRP_IPV4_ROUTE: Group =
    Group { family: "rt-route", name: "rtnlgrp-ipv4-route", protocol: Protocol::ROUTE, number: Some(7) };

/// Group rtnlgrp-ipv6-route.
pub const RTNLGRP_IPV6_ROUTE: Group =
    Group { family: "rt-route", name: "rtnlgrp-ipv6-route", protocol: Protocol::ROUTE, number: Some(11) };

/// Group rtnlgrp-mpls-route.
pub const RTNLGRP_MPLS_ROUTE: Group =
    Group { family: "rt-route", name: "rtnlgrp-mpls-route", protocol: Protocol::ROUTE, number: Some(27) };

/// Group rtnlgrp-ipv4-mroute.
pub const RTNLGRP_IPV4_MROUTE: Group =
    Group { family: "rt-route", name: "rtnlgrp-ipv4-mroute", protocol: Protocol::ROUTE, number: Some(6) };

/// Group rtnlgrp-ipv6-mroute.
pub const RTNLGRP_IPV6_MROUTE: Group =
    Group { family: "rt-route", name: "rtnlgrp-ipv6-mroute", protocol: Protocol::ROUTE, number: Some(10) };

enumeration! {
    /// What happens to what a route is for.
    pub struct RouteType: u8, "rtm-type" {
        /// Not said.
        #[doc(alias = "RTN_UNSPEC")] UNSPEC = 0 "unspec";
        /// Goes to a gateway or over a link.
        #[doc(alias = "RTN_UNICAST")] UNICAST = 1 "unicast";
        /// Is for this host.
        #[doc(alias = "RTN_LOCAL")] LOCAL = 2 "local";
        /// Is for this host and sent as a broadcast.
        #[doc(alias = "RTN_BROADCAST")] BROADCAST = 3 "broadcast";
        /// Is for this host, one of many.
        #[doc(alias = "RTN_ANYCAST")] ANYCAST = 4 "anycast";
        /// Goes to a group.
        #[doc(alias = "RTN_MULTICAST")] MULTICAST = 5 "multicast";
        /// Is dropped without a word.
        #[doc(alias = "RTN_BLACKHOLE")] BLACKHOLE = 6 "blackhole";
        /// Is refused: unreachable.
        #[doc(alias = "RTN_UNREACHABLE")] UNREACHABLE = 7 "unreachable";
        /// Is refused: prohibited.
        #[doc(alias = "RTN_PROHIBIT")] PROHIBIT = 8 "prohibit";
        /// Is looked up in the next table.
        #[doc(alias = "RTN_THROW")] THROW = 9 "throw";
        /// Has its address translated.
        #[doc(alias = "RTN_NAT")] NAT = 10 "nat";
        /// Is resolved outside of the kernel.
        #[doc(alias = "RTN_XRESOLVE")] XRESOLVE = 11 "xresolve";
    }
}

enumeration! {
    /// Who has added a route or rule.
    pub struct RouteProtocol: u8, "rt-protocol" {
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
        /// GateD.
        #[doc(alias = "RTPROT_GATED")] GATED = 8 "gated";
        /// What a router told.
        #[doc(alias = "RTPROT_RA")] RA = 9 "ra";
        /// MRT.
        #[doc(alias = "RTPROT_MRT")] MRT = 10 "mrt";
        /// Zebra.
        #[doc(alias = "RTPROT_ZEBRA")] ZEBRA = 11 "zebra";
        /// BIRD.
        #[doc(alias = "RTPROT_BIRD")] BIRD = 12 "bird";
        /// DECnet's daemon.
        #[doc(alias = "RTPROT_DNROUTED")] DNROUTED = 13 "dnrouted";
        /// XORP.
        #[doc(alias = "RTPROT_XORP")] XORP = 14 "xorp";
        /// Netsukuku.
        #[doc(alias = "RTPROT_NTK")] NTK = 15 "ntk";
        /// DHCP.
        #[doc(alias = "RTPROT_DHCP")] DHCP = 16 "dhcp";
        /// A multicast daemon.
        #[doc(alias = "RTPROT_MROUTED")] MROUTED = 17 "mrouted";
        /// Keepalived.
        #[doc(alias = "RTPROT_KEEPALIVED")] KEEPALIVED = 18 "keepalived";
        /// Babel.
        #[doc(alias = "RTPROT_BABEL")] BABEL = 42 "babel";
        /// OVN.
        #[doc(alias = "RTPROT_OVN")] OVN = 84 "ovn";
        /// Open/R.
        #[doc(alias = "RTPROT_OPENR")] OPENR = 99 "openr";
        /// BGP.
        #[doc(alias = "RTPROT_BGP")] BGP = 186 "bgp";
        /// IS-IS.
        #[doc(alias = "RTPROT_ISIS")] ISIS = 187 "isis";
        /// OSPF.
        #[doc(alias = "RTPROT_OSPF")] OSPF = 188 "ospf";
        /// RIP.
        #[doc(alias = "RTPROT_RIP")] RIP = 189 "rip";
        /// EIGRP.
        #[doc(alias = "RTPROT_EIGRP")] EIGRP = 192 "eigrp";
    }
}

enumeration! {
    /// How far away a destination is (IPv4; IPv6 has only the first).
    #[doc(alias = "rt_scope_t")]
    pub struct Scope: u8, "rt-scope" {
        /// Anywhere.
        #[doc(alias = "RT_SCOPE_UNIVERSE")] UNIVERSE = 0 "universe";
        /// In this site.
        #[doc(alias = "RT_SCOPE_SITE")] SITE = 200 "site";
        /// On this link.
        #[doc(alias = "RT_SCOPE_LINK")] LINK = 253 "link";
        /// In this host.
        #[doc(alias = "RT_SCOPE_HOST")] HOST = 254 "host";
        /// Nowhere; in a request to delete, anywhere.
        #[doc(alias = "RT_SCOPE_NOWHERE")] NOWHERE = 255 "nowhere";
    }
}

enumeration! {
    /// The state of a route or of its only next hop (the first seven), and what is asked of a lookup.
    pub struct RouteFlags: flags u32, "rtm-flags" {
        /// The next hop is down.
        #[doc(alias = "RTM_F_DEAD")] DEAD = 1 "dead";
        /// The gateway is looked up in turn.
        #[doc(alias = "RTM_F_PERVASIVE")] PERVASIVE = 2 "pervasive";
        /// The gateway is on the link, whatever routes say.
        #[doc(alias = "RTM_F_ONLINK")] ONLINK = 4 "onlink";
        /// The hardware has the next hop.
        #[doc(alias = "RTM_F_NH_OFFLOAD")] NH_OFFLOAD = 8 "nh-offload";
        /// The next hop's link has no carrier.
        #[doc(alias = "RTM_F_LINKDOWN")] LINKDOWN = 16 "linkdown";
        /// A multicast route that nobody has resolved yet.
        #[doc(alias = "RTM_F_UNRESOLVED")] UNRESOLVED = 32 "unresolved";
        /// The hardware hands packets of the next hop over.
        #[doc(alias = "RTM_F_NH_TRAP")] NH_TRAP = 64 "nh-trap";
        /// Tell of changes.
        #[doc(alias = "RTM_F_NOTIFY")] NOTIFY = 256 "notify";
        /// Not of a table, but made for a destination.
        #[doc(alias = "RTM_F_CLONED")] CLONED = 512 "cloned";
        /// Not used.
        #[doc(alias = "RTM_F_EQUALIZE")] EQUALIZE = 1024 "equalize";
        /// Of a prefix that a router told.
        #[doc(alias = "RTM_F_PREFIX")] PREFIX = 2048 "prefix";
        /// In a lookup: tell the table that the route is in.
        #[doc(alias = "RTM_F_LOOKUP_TABLE")] LOOKUP_TABLE = 4096 "lookup-table";
        /// In a lookup: tell the route of the table that matches.
        #[doc(alias = "RTM_F_FIB_MATCH")] FIB_MATCH = 8192 "fib-match";
        /// The hardware has it.
        #[doc(alias = "RTM_F_OFFLOAD")] OFFLOAD = 16384 "offload";
        /// The hardware hands its packets over.
        #[doc(alias = "RTM_F_TRAP")] TRAP = 32768 "trap";
        /// The hardware could not take it.
        #[doc(alias = "RTM_F_OFFLOAD_FAILED")] OFFLOAD_FAILED = 536870912 "offload-failed";
    }
}

enumeration! {
    /// The state of a next hop.
    pub struct NextHopFlags: flags u8, "rtnh-flags" {
        /// It is down.
        #[doc(alias = "RTNH_F_DEAD")] DEAD = 1 "dead";
        /// The gateway is looked up in turn.
        #[doc(alias = "RTNH_F_PERVASIVE")] PERVASIVE = 2 "pervasive";
        /// The gateway is on the link, whatever routes say.
        #[doc(alias = "RTNH_F_ONLINK")] ONLINK = 4 "onlink";
        /// The hardware has it.
        #[doc(alias = "RTNH_F_OFFLOAD")] OFFLOAD = 8 "offload";
        /// Its link has no carrier.
        #[doc(alias = "RTNH_F_LINKDOWN")] LINKDOWN = 16 "linkdown";
        /// A multicast route that nobody has resolved yet.
        #[doc(alias = "RTNH_F_UNRESOLVED")] UNRESOLVED = 32 "unresolved";
        /// The hardware hands its packets over.
        #[doc(alias = "RTNH_F_TRAP")] TRAP = 64 "trap";
    }
}

enumeration! {
    /// How much a router wishes to be taken (RFC 4191).
    pub struct Preference: u8, "route-pref" {
        /// As usual.
        #[doc(alias = "ICMPV6_ROUTER_PREF_MEDIUM")] MEDIUM = 0 "medium";
        /// Rather than others.
        #[doc(alias = "ICMPV6_ROUTER_PREF_HIGH")] HIGH = 1 "high";
        /// Rather not.
        #[doc(alias = "ICMPV6_ROUTER_PREF_LOW")] LOW = 3 "low";
    }
}

enumeration! {
    /// What packets are wrapped in on the way to a next hop.
    #[doc(alias = "lwtunnel_encap_types")]
    pub struct EncapType: u16, "lwtunnel-encap-types" {
        /// Nothing.
        #[doc(alias = "LWTUNNEL_ENCAP_NONE")] NONE = 0 "none";
        /// MPLS labels.
        #[doc(alias = "LWTUNNEL_ENCAP_MPLS")] MPLS = 1 "mpls";
        /// IPv4 of a collecting tunnel device.
        #[doc(alias = "LWTUNNEL_ENCAP_IP")] IP = 2 "ip";
        /// Identifier locator addressing.
        #[doc(alias = "LWTUNNEL_ENCAP_ILA")] ILA = 3 "ila";
        /// IPv6 of a collecting tunnel device.
        #[doc(alias = "LWTUNNEL_ENCAP_IP6")] IP6 = 4 "ip6";
        /// A header of segments.
        #[doc(alias = "LWTUNNEL_ENCAP_SEG6")] SEG6 = 5 "seg6";
        /// What programs make of it.
        #[doc(alias = "LWTUNNEL_ENCAP_BPF")] BPF = 6 "bpf";
        /// A segment of our own: what to do with it.
        #[doc(alias = "LWTUNNEL_ENCAP_SEG6_LOCAL")] SEG6_LOCAL = 7 "seg6-local";
        /// A source routing header of RPL.
        #[doc(alias = "LWTUNNEL_ENCAP_RPL")] RPL = 8 "rpl";
        /// Measurements on the way.
        #[doc(alias = "LWTUNNEL_ENCAP_IOAM6")] IOAM6 = 9 "ioam6";
        /// An IPsec interface's.
        #[doc(alias = "LWTUNNEL_ENCAP_XFRM")] XFRM = 10 "xfrm";
    }
}

enumeration! {
    /// What TCP uses on a route.
    pub struct Features: flags u32, "rtax-features" {
        /// Explicit congestion notification.
        #[doc(alias = "RTAX_FEATURE_ECN")] ECN = 1 "ecn";
        /// Not used.
        #[doc(alias = "RTAX_FEATURE_SACK")] SACK = 2 "sack";
        /// Not used.
        #[doc(alias = "RTAX_FEATURE_TIMESTAMP")] TIMESTAMP = 4 "timestamp";
        /// Not used.
        #[doc(alias = "RTAX_FEATURE_ALLFRAG")] ALLFRAG = 8 "allfrag";
        /// Time stamps in microseconds.
        #[doc(alias = "RTAX_FEATURE_TCP_USEC_TS")] TCP_USEC_TS = 16 "tcp-usec-ts";
    }
}

c_struct! {
    /// The header of a message about a route.
    #[doc(alias = "rtmsg")]
    pub struct Rtmsg, "rtmsg" {
        /// The address family: AF_INET (2), AF_INET6 (10), AF_MPLS (28); AF_UNSPEC (0) for all.
        rtm_family: u8 = "rtm-family";
        /// The length of the destination's prefix, in bits.
        rtm_dst_len: u8 = "rtm-dst-len";
        /// The length of the source's prefix, in bits.
        rtm_src_len: u8 = "rtm-src-len";
        /// The type of service that it is for.
        rtm_tos: u8 = "rtm-tos";
        /// Its table; the attribute 'table' has all 32 bits, and is what counts.
        rtm_table: u8 = "rtm-table";
        /// Who has added it.
        rtm_protocol: Named<RouteProtocol, u8> = "rtm-protocol";
        /// How far away the destination is.
        rtm_scope: Named<Scope, u8> = "rtm-scope";
        /// What happens to what it is for.
        rtm_type: Named<RouteType, u8> = "rtm-type";
        /// The flags.
        rtm_flags: Named<RouteFlags, u32> = "rtm-flags";
    }
}

c_struct! {
    /// The times and uses of a route.
    #[doc(alias = "rta_cacheinfo")]
    pub struct RtaCacheinfo, "rta-cacheinfo" {
        /// References to it.
        rta_clntref: u32 = "rta-clntref";
        /// When it was last used: ticks ago.
        rta_lastuse: u32 = "rta-lastuse";
        /// In how many ticks it ends; 0 for never.
        rta_expires: i32 = "rta-expires";
        /// The error that it gives.
        rta_error: u32 = "rta-error";
        /// How often it was used.
        rta_used: u32 = "rta-used";
        /// Not used.
        rta_id: u32 = "rta-id";
        /// Not used.
        rta_ts: u32 = "rta-ts";
        /// Not used.
        rta_tsage: u32 = "rta-tsage";
    }
}

c_struct! {
    /// Counters of a multicast route.
    #[doc(alias = "rta_mfc_stats")]
    pub struct RtaMfcStats, "rta-mfc-stats" {
        /// Packets forwarded.
        mfcs_packets: u64 = "mfcs-packets";
        /// Bytes forwarded.
        mfcs_bytes: u64 = "mfcs-bytes";
        /// Packets that came in elsewhere than they should.
        mfcs_wrong_if: u64 = "mfcs-wrong-if";
    }
}

c_struct! {
    /// The front of a next hop among several.
    #[doc(alias = "rtnexthop")]
    pub struct Rtnexthop, "rtnexthop" {
        /// Its length with its attributes, filled in when it is written.
        rtnh_len: u16 = "rtnh-len";
        /// Its state.
        rtnh_flags: Named<NextHopFlags, u8> = "rtnh-flags";
        /// Its weight less one; of a multicast route, the least time to live.
        rtnh_hops: u8 = "rtnh-hops";
        /// The index of its interface.
        rtnh_ifindex: i32 = "rtnh-ifindex";
    }
}

attribute_set! {
    /// A route.
    pub struct Route: Rtmsg | RouteAttr | RouteRest, "route-attrs" {
        /// Its table.
        #[doc(alias = "RTA_TABLE")]
        15 "table" table Table TABLE: u32;
        /// The destination; none is the default route. Of MPLS, a label.
        #[doc(alias = "RTA_DST")]
        1 "dst" dst Dst DST: Ip;
        /// The source that it is for.
        #[doc(alias = "RTA_SRC")]
        rare 2 "src" src Src SRC: Ip;
        /// Its metric: the lowest wins.
        #[doc(alias = "RTA_PRIORITY")]
        6 "priority" priority Priority PRIORITY: u32;
        /// What TCP and IP assume about it.
        #[doc(alias = "RTA_METRICS")]
        rare 8 "metrics" metrics Metrics METRICS: BareNest<Metrics>;
        /// The source address of what we send over it.
        #[doc(alias = "RTA_PREFSRC")]
        7 "prefsrc" prefsrc Prefsrc PREFSRC: Ip;
        /// The next hop object that it uses.
        #[doc(alias = "RTA_NH_ID")]
        30 "nh-id" nh_id NhId NH_ID: u32;
        /// Its next hops, where it has several.
        #[doc(alias = "RTA_MULTIPATH")]
        9 "multipath" multipath Multipath MULTIPATH: Records<Rtnexthop, NextHop>;
        /// The gateway.
        #[doc(alias = "RTA_GATEWAY")]
        5 "gateway" gateway Gateway GATEWAY: Ip;
        /// A gateway of another address family.
        #[doc(alias = "RTA_VIA")]
        18 "via" via Via VIA: Via;
        /// The interface that packets go out by.
        #[doc(alias = "RTA_OIF")]
        4 "oif" oif Oif OIF: u32;
        /// The realms of source (the high half) and destination.
        #[doc(alias = "RTA_FLOW")]
        rare 11 "flow" flow Flow FLOW: u32;
        /// What packets are wrapped in.
        #[doc(alias = "RTA_ENCAP_TYPE")]
        rare 21 "encap-type" encap_type EncapType ENCAP_TYPE: Named<EncapType, u16>;
        /// How they are wrapped: as 'encap-type' has it.
        #[doc(alias = "RTA_ENCAP")]
        rare 22 "encap" encap Encap ENCAP: Chosen<Encap>;
        /// Its times and uses.
        #[doc(alias = "RTA_CACHEINFO")]
        12 "cacheinfo" cacheinfo Cacheinfo CACHEINFO: CStruct<RtaCacheinfo>;
        /// How much the router wishes to be taken.
        #[doc(alias = "RTA_PREF")]
        20 "pref" pref Pref PREF: Named<Preference, u8>;
        /// The interface that packets come in by.
        #[doc(alias = "RTA_IIF")]
        rare 3 "iif" iif Iif IIF: u32;
        /// Not used.
        #[doc(alias = "RTA_PROTOINFO")]
        rare 10 "protoinfo" protoinfo Protoinfo PROTOINFO: Bytes;
        /// Not used.
        #[doc(alias = "RTA_SESSION")]
        rare 13 "session" session Session SESSION: Bytes;
        /// Not used.
        #[doc(alias = "RTA_MP_ALGO")]
        rare 14 "mp-algo" mp_algo MpAlgo MP_ALGO: Bytes;
        /// The mark of what is looked up.
        #[doc(alias = "RTA_MARK")]
        rare 16 "mark" mark Mark MARK: u32;
        /// Counters of a multicast route.
        #[doc(alias = "RTA_MFC_STATS")]
        rare 17 "mfc-stats" mfc_stats MfcStats MFC_STATS: CStruct<RtaMfcStats>;
        /// The labels that MPLS goes on with.
        #[doc(alias = "RTA_NEWDST")]
        rare 19 "newdst" newdst Newdst NEWDST: Bytes;
        /// In how many seconds it ends; of a multicast route, ticks.
        #[doc(alias = "RTA_EXPIRES")]
        rare 23 "expires" expires Expires EXPIRES: Uint;
        /// Alignment on machines that need it.
        #[doc(alias = "RTA_PAD")]
        24 "pad" pad Pad PAD: Pad;
        /// The user that looks it up.
        #[doc(alias = "RTA_UID")]
        rare 25 "uid" uid Uid UID: u32;
        /// Of MPLS: whether the time to live is handed on.
        #[doc(alias = "RTA_TTL_PROPAGATE")]
        rare 26 "ttl-propagate" ttl_propagate TtlPropagate TTL_PROPAGATE: u8;
        /// The protocol of what is looked up.
        #[doc(alias = "RTA_IP_PROTO")]
        rare 27 "ip-proto" ip_proto IpProto IP_PROTO: u8;
        /// The source port of what is looked up.
        #[doc(alias = "RTA_SPORT")]
        rare 28 "sport" sport Sport SPORT: Be<u16>;
        /// The destination port of what is looked up.
        #[doc(alias = "RTA_DPORT")]
        rare 29 "dport" dport Dport DPORT: Be<u16>;
        /// The flow label of what is looked up.
        #[doc(alias = "RTA_FLOWLABEL")]
        rare 31 "flowlabel" flowlabel Flowlabel FLOWLABEL: Be<u32>;
    }
}

attribute_set! {
    /// One of a route's next hops.
    pub struct NextHop: Rtnexthop | NextHopAttr, "nexthop-attrs" {
        /// The gateway.
        #[doc(alias = "RTA_GATEWAY")]
        5 "gateway" gateway Gateway GATEWAY: Ip;
        /// A gateway of another address family.
        #[doc(alias = "RTA_VIA")]
        18 "via" via Via VIA: Via;
        /// The realms of source (the high half) and destination.
        #[doc(alias = "RTA_FLOW")]
        11 "flow" flow Flow FLOW: u32;
        /// What packets are wrapped in.
        #[doc(alias = "RTA_ENCAP_TYPE")]
        21 "encap-type" encap_type EncapType ENCAP_TYPE: Named<EncapType, u16>;
        /// How they are wrapped: as 'encap-type' has it.
        #[doc(alias = "RTA_ENCAP")]
        22 "encap" encap Encap ENCAP: Chosen<Encap>;
        /// The labels that MPLS goes on with.
        #[doc(alias = "RTA_NEWDST")]
        19 "newdst" newdst Newdst NEWDST: Bytes;
    }
}

attribute_set! {
    /// What TCP and IP assume about a route.
    pub struct Metrics | MetricsAttr, "metrics" {
        /// Which of these must not be changed by what is measured: a bit for each id.
        #[doc(alias = "RTAX_LOCK")]
        1 "lock" lock Lock LOCK: u32;
        /// The largest packet, in bytes.
        #[doc(alias = "RTAX_MTU")]
        2 "mtu" mtu Mtu MTU: u32;
        /// The largest window, in bytes.
        #[doc(alias = "RTAX_WINDOW")]
        3 "window" window Window WINDOW: u32;
        /// The round trip time in eighths of a millisecond.
        #[doc(alias = "RTAX_RTT")]
        4 "rtt" rtt Rtt RTT: u32;
        /// Its variance in quarters of a millisecond.
        #[doc(alias = "RTAX_RTTVAR")]
        5 "rttvar" rttvar Rttvar RTTVAR: u32;
        /// Where slow start ends.
        #[doc(alias = "RTAX_SSTHRESH")]
        6 "ssthresh" ssthresh Ssthresh SSTHRESH: u32;
        /// The most of the congestion window.
        #[doc(alias = "RTAX_CWND")]
        7 "cwnd" cwnd Cwnd CWND: u32;
        /// The segment size that we tell.
        #[doc(alias = "RTAX_ADVMSS")]
        8 "advmss" advmss Advmss ADVMSS: u32;
        /// By how much packets may be reordered.
        #[doc(alias = "RTAX_REORDERING")]
        9 "reordering" reordering Reordering REORDERING: u32;
        /// The time to live; 255 at most.
        #[doc(alias = "RTAX_HOPLIMIT")]
        10 "hoplimit" hoplimit Hoplimit HOPLIMIT: u32;
        /// The congestion window to start with.
        #[doc(alias = "RTAX_INITCWND")]
        11 "initcwnd" initcwnd Initcwnd INITCWND: u32;
        /// What TCP uses.
        #[doc(alias = "RTAX_FEATURES")]
        12 "features" features Features FEATURES: Named<Features, u32>;
        /// The least time before something is sent again.
        #[doc(alias = "RTAX_RTO_MIN")]
        13 "rto-min" rto_min RtoMin RTO_MIN: u32;
        /// The receive window to start with.
        #[doc(alias = "RTAX_INITRWND")]
        14 "initrwnd" initrwnd Initrwnd INITRWND: u32;
        /// Whether what comes is acknowledged at once.
        #[doc(alias = "RTAX_QUICKACK")]
        15 "quickack" quickack Quickack QUICKACK: u32;
        /// The congestion control.
        #[doc(alias = "RTAX_CC_ALGO")]
        16 "cc-algo" cc_algo CcAlgo CC_ALGO: Str;
        /// Whether TCP fast open goes without a cookie.
        #[doc(alias = "RTAX_FASTOPEN_NO_COOKIE")]
        17 "fastopen-no-cookie" fastopen_no_cookie FastopenNoCookie FASTOPEN_NO_COOKIE: u32;
    }
}

attribute_set! {
    /// Labels that packets get.
    pub struct EncapMpls | EncapMplsAttr, "mpls-iptunnel-attrs" {
        /// The stack, four bytes a label, as on the wire.
        #[doc(alias = "MPLS_IPTUNNEL_DST")]
        1 "dst" dst Dst DST: Bytes [Hex];
        /// The time to live that they get.
        #[doc(alias = "MPLS_IPTUNNEL_TTL")]
        2 "ttl" ttl Ttl TTL: u8;
    }
}

attribute_set! {
    /// What a collecting tunnel device over IPv4 is told.
    pub struct EncapIp | EncapIpAttr, "lwtunnel-ip-attrs" {
        /// The tunnel's number.
        #[doc(alias = "LWTUNNEL_IP_ID")]
        1 "id" id Id ID: Be<u64>;
        /// Where to.
        #[doc(alias = "LWTUNNEL_IP_DST")]
        2 "dst" dst Dst DST: Ip;
        /// Where from.
        #[doc(alias = "LWTUNNEL_IP_SRC")]
        3 "src" src Src SRC: Ip;
        /// The type of service.
        #[doc(alias = "LWTUNNEL_IP_TOS")]
        5 "tos" tos Tos TOS: u8;
        /// The time to live.
        #[doc(alias = "LWTUNNEL_IP_TTL")]
        4 "ttl" ttl Ttl TTL: u8;
        /// What else is in it: TUNNEL_*.
        #[doc(alias = "LWTUNNEL_IP_FLAGS")]
        6 "flags" flags Flags FLAGS: Be<u16>;
        /// Alignment on machines that need it.
        #[doc(alias = "LWTUNNEL_IP_PAD")]
        7 "pad" pad Pad PAD: Pad;
        /// Options of the tunnel's protocol.
        #[doc(alias = "LWTUNNEL_IP_OPTS")]
        8 "opts" opts Opts OPTS: BareNest<TunnelOptions>;
    }
}

attribute_set! {
    /// What a collecting tunnel device over IPv6 is told.
    pub struct EncapIp6 | EncapIp6Attr, "lwtunnel-ip6-attrs" {
        /// The tunnel's number.
        #[doc(alias = "LWTUNNEL_IP6_ID")]
        1 "id" id Id ID: Be<u64>;
        /// Where to.
        #[doc(alias = "LWTUNNEL_IP6_DST")]
        2 "dst" dst Dst DST: Ip;
        /// Where from.
        #[doc(alias = "LWTUNNEL_IP6_SRC")]
        3 "src" src Src SRC: Ip;
        /// The traffic class.
        #[doc(alias = "LWTUNNEL_IP6_TC")]
        5 "tc" tc Tc TC: u8;
        /// The hop limit.
        #[doc(alias = "LWTUNNEL_IP6_HOPLIMIT")]
        4 "hoplimit" hoplimit Hoplimit HOPLIMIT: u8;
        /// What else is in it: TUNNEL_*.
        #[doc(alias = "LWTUNNEL_IP6_FLAGS")]
        6 "flags" flags Flags FLAGS: Be<u16>;
        /// Alignment on machines that need it.
        #[doc(alias = "LWTUNNEL_IP6_PAD")]
        7 "pad" pad Pad PAD: Pad;
        /// Options of the tunnel's protocol.
        #[doc(alias = "LWTUNNEL_IP6_OPTS")]
        8 "opts" opts Opts OPTS: BareNest<TunnelOptions>;
    }
}

attribute_set! {
    /// Options of a tunnel's protocol.
    pub struct TunnelOptions | TunnelOptionsAttr, "lwtunnel-opts" {
        /// Geneve's.
        #[doc(alias = "LWTUNNEL_IP_OPTS_GENEVE")]
        1 "geneve" geneve Geneve GENEVE: Multi<BareNest<GeneveOption>>;
        /// VXLAN's.
        #[doc(alias = "LWTUNNEL_IP_OPTS_VXLAN")]
        2 "vxlan" vxlan Vxlan VXLAN: BareNest<VxlanOption>;
        /// ERSPAN's.
        #[doc(alias = "LWTUNNEL_IP_OPTS_ERSPAN")]
        3 "erspan" erspan Erspan ERSPAN: BareNest<ErspanOption>;
    }
}

attribute_set! {
    /// An option of Geneve's.
    pub struct GeneveOption | GeneveOptionAttr, "lwtunnel-geneve-opt" {
        /// Who has defined it.
        #[doc(alias = "LWTUNNEL_IP_OPT_GENEVE_CLASS")]
        1 "class" class Class CLASS: Be<u16>;
        /// Its type.
        #[doc(alias = "LWTUNNEL_IP_OPT_GENEVE_TYPE")]
        2 "type" type_ Type TYPE: u8;
        /// Its value, in words of four bytes.
        #[doc(alias = "LWTUNNEL_IP_OPT_GENEVE_DATA")]
        3 "data" data Data DATA: Bytes;
    }
}

attribute_set! {
    /// An option of VXLAN's.
    pub struct VxlanOption | VxlanOptionAttr, "lwtunnel-vxlan-opt" {
        /// The group policy.
        #[doc(alias = "LWTUNNEL_IP_OPT_VXLAN_GBP")]
        1 "gbp" gbp Gbp GBP: u32;
    }
}

attribute_set! {
    /// An option of ERSPAN's.
    pub struct ErspanOption | ErspanOptionAttr, "lwtunnel-erspan-opt" {
        /// The version.
        #[doc(alias = "LWTUNNEL_IP_OPT_ERSPAN_VER")]
        1 "ver" ver Ver VER: u8;
        /// Version 1: the index.
        #[doc(alias = "LWTUNNEL_IP_OPT_ERSPAN_INDEX")]
        2 "index" index Index INDEX: Be<u32>;
        /// Version 2: the direction.
        #[doc(alias = "LWTUNNEL_IP_OPT_ERSPAN_DIR")]
        3 "dir" dir Dir DIR: u8;
        /// Version 2: the hardware.
        #[doc(alias = "LWTUNNEL_IP_OPT_ERSPAN_HWID")]
        4 "hwid" hwid Hwid HWID: u8;
    }
}

attribute_set! {
    /// A header of segments that packets get.
    pub struct EncapSeg6 | EncapSeg6Attr, "seg6-iptunnel-attrs" {
        /// The mode (an int), then the header.
        #[doc(alias = "SEG6_IPTUNNEL_SRH")]
        1 "srh" srh Srh SRH: Bytes [Hex];
    }
}

attribute_set! {
    /// Which IPsec interface packets are for.
    pub struct EncapXfrm | EncapXfrmAttr, "lwt-xfrm-attrs" {
        /// Its number.
        #[doc(alias = "LWT_XFRM_IF_ID")]
        1 "if-id" if_id IfId IF_ID: u32;
        /// The interface underneath.
        #[doc(alias = "LWT_XFRM_LINK")]
        2 "link" link Link LINK: u32;
    }
}

sub_message! {
    /// What `encap-type` selects.
    pub enum Encap | EncapRef, "encap-msg" by "encap-type" {
        /// mpls.
        "mpls" Mpls: BareNest<EncapMpls>;
        /// ip.
        "ip" Ip: BareNest<EncapIp>;
        /// ip6.
        "ip6" Ip6: BareNest<EncapIp6>;
        /// seg6.
        "seg6" Seg6: BareNest<EncapSeg6>;
        /// xfrm.
        "xfrm" Xfrm: BareNest<EncapXfrm>;
    }
}

ops! {
    /// Adds a route, replaces or changes one.
    #[doc(alias = "RTM_NEWROUTE")]
    pub op Newroute: RtRoute, "newroute" [UNS_ADMIN_PERM] { do 24 (Route), &NEWROUTE_DO_POLICY, LIBERAL; }
    /// Removes the first route that matches.
    #[doc(alias = "RTM_DELROUTE")]
    pub op Delroute: RtRoute, "delroute" [UNS_ADMIN_PERM] { do 25 (Route), &NEWROUTE_DO_POLICY, LIBERAL; }
    /// Looks a route up, or dumps all.
    #[doc(alias = "RTM_GETROUTE")]
    pub op Getroute: RtRoute, "getroute" {
        do 26 (Route) -> 24 Route, &GETROUTE_DO_POLICY, LIBERAL;
        dump 26 (Route) -> 24 Route, &GETROUTE_DUMP_POLICY, LIBERAL;
    }
    /// A route is new, or has changed.
    #[doc(alias = "RTM_NEWROUTE_NTF")]
    pub op NewrouteNtf: RtRoute, "newroute-ntf" { event 24 Route; }
    /// A route is gone.
    #[doc(alias = "RTM_DELROUTE_NTF")]
    pub op DelrouteNtf: RtRoute, "delroute-ntf" { event 25 Route; }
}

policies! {
    METRICS_POLICY {
        1 U32, 2 U32, 3 U32, 4 U32, 5 U32, 6 U32, 7 U32, 8 U32, 9 U32, 10 U32, 11 U32, 12 U32, 13 U32, 14 U32, 15 U32,
        16 STRING, 17 U32,
    }
    NEWROUTE_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(16), 3 U32, 4 U32, 5 BINARY.max_len(16), 6 U32, 7 BINARY.max_len(16),
        8 nest(&METRICS_POLICY), 9 BINARY, 11 U32, 15 U32, 16 U32, 18 BINARY, 19 BINARY, 20 U8, 21 U16, 22 NEST,
        23 UINT, 25 U32, 26 U8, 30 U32,
    }
    GETROUTE_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(16), 3 U32, 4 U32, 15 U32, 16 U32, 19 BINARY, 25 U32, 27 U8, 28 BE16,
        29 BE16, 31 BE32,
    }
    GETROUTE_DUMP_POLICY { 4 U32, 15 U32 }
}
