// Generated from rt-nexthop.yaml by netloom-codegen; change that file, not this one.

//! Next hops as objects that routes refer to. Lists, adds, replaces and removes them, and tells of every change.

use netloom_wire::*;

/// Family rt-nexthop.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtNexthop;

impl Family for RtNexthop {
    type Header = Nhmsg;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "rt-nexthop",
    version: 1,
    protocol: Protocol::ROUTE,
    header: <Nhmsg as FixedHeader>::INFO,
    ops: &[
        Newnexthop::INFO,
        Delnexthop::INFO,
        Getnexthop::INFO,
        Getnexthopbucket::INFO,
        NewnexthopNtf::INFO,
        DelnexthopNtf::INFO,
        NewnexthopbucketNtf::INFO,
    ],
    groups: &[RTNLGRP_NEXTHOP],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group rtnlgrp-nexthop.
pub const RTNLGRP_NEXTHOP: Group =
    Group { family: "rt-nexthop", name: "rtnlgrp-nexthop", protocol: Protocol::ROUTE, number: Some(32) };

enumeration! {
    /// Who has added a next hop.
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
    /// How far away a gateway is (IPv4; IPv6 has only the first).
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
    /// The state of a next hop.
    pub struct NexthopFlags: flags u32, "rtnh-flags" {
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
    /// How a group spreads flows.
    pub struct GroupType: u16, "nexthop-grp-type" {
        /// By ranges of a hash; when a member comes or goes most flows move.
        #[doc(alias = "NEXTHOP_GRP_TYPE_MPATH")] MPATH = 0 "mpath";
        /// By buckets that keep their member while they are in use: resilient.
        #[doc(alias = "NEXTHOP_GRP_TYPE_RES")] RES = 1 "res";
    }
}

enumeration! {
    /// What is asked for besides; in an answer, what of it the kernel knows.
    pub struct OpFlags: flags u32, "nha-op-flags" {
        /// Counters of groups.
        #[doc(alias = "NHA_OP_FLAG_DUMP_STATS")] DUMP_STATS = 1 "dump-stats";
        /// Those of the hardware, too.
        #[doc(alias = "NHA_OP_FLAG_DUMP_HW_STATS")] DUMP_HW_STATS = 2 "dump-hw-stats";
        /// In an answer: what is reserved in members of a group is zero (Linux 6.12).
        #[doc(alias = "NHA_OP_FLAG_RESP_GRP_RESVD_0")] RESP_GRP_RESVD_0 = 2147483648 "resp-grp-resvd-0";
    }
}

c_struct! {
    /// The header of a message about a next hop.
    #[doc(alias = "nhmsg")]
    pub struct Nhmsg, "nhmsg" {
        /// The address family: AF_INET (2), AF_INET6 (10); AF_UNSPEC (0) of groups and for all.
        nh_family: u8 = "nh-family";
        /// How far away the gateway is; told alone.
        nh_scope: Named<Scope, u8> = "nh-scope";
        /// Who has added it.
        nh_protocol: Named<Originator, u8> = "nh-protocol";
        _(1)
        /// Its state.
        nh_flags: Named<NexthopFlags, u32> = "nh-flags";
    }
}

c_struct! {
    /// A member of a group.
    #[doc(alias = "nexthop_grp")]
    pub struct Member, "nexthop-grp" {
        /// The next hop.
        id: u32 = "id";
        /// The low eight bits of its weight less one: 0 is weight 1.
        weight: u8 = "weight";
        /// The high eight bits, from Linux 6.12 on; earlier ones refuse what is not 0.
        weight_high: u8 = "weight-high";
        ; _(2)
    }
}

attribute_set! {
    /// A next hop, or a group of them.
    pub struct Nexthop: Nhmsg | NexthopAttr, "nexthop-attrs" {
        /// Its number; 0 or none in a request: the kernel chooses.
        #[doc(alias = "NHA_ID")]
        1 "id" id Id ID: u32;
        /// For a forwarding table (VXLAN's), not for routes.
        #[doc(alias = "NHA_FDB")]
        11 "fdb" fdb Fdb FDB: Flag;
        /// How a group spreads flows.
        #[doc(alias = "NHA_GROUP_TYPE")]
        3 "group-type" group_type GroupType GROUP_TYPE: Named<GroupType, u16>;
        /// The members of a group.
        #[doc(alias = "NHA_GROUP")]
        2 "group" group Group GROUP: Structs<Member>;
        /// What resilient groups have.
        #[doc(alias = "NHA_RES_GROUP")]
        12 "res-group" res_group ResGroup RES_GROUP: Nest<Resilience>;
        /// Whether the hardware is to count for the group. Since Linux 6.9.
        #[doc(alias = "NHA_HW_STATS_ENABLE")]
        16 "hw-stats-enable" hw_stats_enable HwStatsEnable HW_STATS_ENABLE: u32;
        /// Whether it does. Since Linux 6.9.
        #[doc(alias = "NHA_HW_STATS_USED")]
        17 "hw-stats-used" hw_stats_used HwStatsUsed HW_STATS_USED: u32;
        /// Counters of a group's members. Since Linux 6.9.
        #[doc(alias = "NHA_GROUP_STATS")]
        15 "group-stats" group_stats GroupStats GROUP_STATS: Nest<GroupStats>;
        /// What is asked for besides. Since Linux 6.9.
        #[doc(alias = "NHA_OP_FLAGS")]
        14 "op-flags" op_flags OpFlags OP_FLAGS: Named<OpFlags, u32>;
        /// Drops what it is for.
        #[doc(alias = "NHA_BLACKHOLE")]
        4 "blackhole" blackhole Blackhole BLACKHOLE: Flag;
        /// The interface that packets go out by; of a dump, only next hops over it.
        #[doc(alias = "NHA_OIF")]
        5 "oif" oif Oif OIF: u32;
        /// The gateway.
        #[doc(alias = "NHA_GATEWAY")]
        6 "gateway" gateway Gateway GATEWAY: Ip;
        /// What packets are wrapped in.
        #[doc(alias = "NHA_ENCAP_TYPE")]
        7 "encap-type" encap_type EncapType ENCAP_TYPE: Named<EncapType, u16>;
        /// How they are wrapped: as 'encap-type' has it.
        #[doc(alias = "NHA_ENCAP")]
        8 "encap" encap Encap ENCAP: Chosen<Encap>;
        /// A bucket of a resilient group.
        #[doc(alias = "NHA_RES_BUCKET")]
        13 "res-bucket" res_bucket ResBucket RES_BUCKET: Nest<Bucket>;
        /// Of a dump: only groups.
        #[doc(alias = "NHA_GROUPS")]
        9 "groups" groups Groups GROUPS: Flag;
        /// Of a dump: only next hops over interfaces with this master.
        #[doc(alias = "NHA_MASTER")]
        10 "master" master Master MASTER: u32;
    }
}

attribute_set! {
    /// What resilient groups have.
    pub struct Resilience | ResilienceAttr, "res-group-attrs" {
        /// How many buckets.
        #[doc(alias = "NHA_RES_GROUP_BUCKETS")]
        1 "buckets" buckets Buckets BUCKETS: u16;
        /// After how long without packets a bucket may move, in hundredths of a second.
        #[doc(alias = "NHA_RES_GROUP_IDLE_TIMER")]
        2 "idle-timer" idle_timer IdleTimer IDLE_TIMER: u32;
        /// After how long out of balance buckets are moved in use, in hundredths of a second; 0 for never.
        #[doc(alias = "NHA_RES_GROUP_UNBALANCED_TIMER")]
        3 "unbalanced-timer" unbalanced_timer UnbalancedTimer UNBALANCED_TIMER: u32;
        /// For how long it is out of balance, in hundredths of a second.
        #[doc(alias = "NHA_RES_GROUP_UNBALANCED_TIME")]
        4 "unbalanced-time" unbalanced_time UnbalancedTime UNBALANCED_TIME: u64;
    }
}

attribute_set! {
    /// A bucket of a resilient group.
    pub struct Bucket | BucketAttr, "res-bucket-attrs" {
        /// Its number in the group.
        #[doc(alias = "NHA_RES_BUCKET_INDEX")]
        1 "index" index Index INDEX: u16;
        /// For how long no packet has come, in hundredths of a second.
        #[doc(alias = "NHA_RES_BUCKET_IDLE_TIME")]
        2 "idle-time" idle_time IdleTime IDLE_TIME: u64;
        /// The next hop that has it.
        #[doc(alias = "NHA_RES_BUCKET_NH_ID")]
        3 "nh-id" nh_id NhId NH_ID: u32;
    }
}

attribute_set! {
    /// Counters of a group.
    pub struct GroupStats | GroupStatsAttr, "group-stats-attrs" {
        /// Those of a member.
        #[doc(alias = "NHA_GROUP_STATS_ENTRY")]
        1 "entry" entry Entry ENTRY: Multi<Nest<MemberStats>>;
    }
}

attribute_set! {
    /// Counters of a member.
    pub struct MemberStats | MemberStatsAttr, "group-stats-entry-attrs" {
        /// The next hop.
        #[doc(alias = "NHA_GROUP_STATS_ENTRY_ID")]
        1 "id" id Id ID: u32;
        /// Packets, those of the hardware among them.
        #[doc(alias = "NHA_GROUP_STATS_ENTRY_PACKETS")]
        2 "packets" packets Packets PACKETS: Uint;
        /// Packets of the hardware alone.
        #[doc(alias = "NHA_GROUP_STATS_ENTRY_PACKETS_HW")]
        3 "packets-hw" packets_hw PacketsHw PACKETS_HW: Uint;
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
    pub enum Encap | EncapRef, "encap-msg" by "encap-type" nested {
        /// mpls.
        "mpls" Mpls: Nest<EncapMpls>;
        /// ip.
        "ip" Ip: Nest<EncapIp>;
        /// ip6.
        "ip6" Ip6: Nest<EncapIp6>;
        /// seg6.
        "seg6" Seg6: Nest<EncapSeg6>;
        /// xfrm.
        "xfrm" Xfrm: Nest<EncapXfrm>;
    }
}

ops! {
    /// Adds a next hop or a group, or replaces one.
    #[doc(alias = "RTM_NEWNEXTHOP")]
    pub op Newnexthop: RtNexthop, "newnexthop" [UNS_ADMIN_PERM] { do 104 (Nexthop), &NEWNEXTHOP_DO_POLICY; }
    /// Removes a next hop, and the routes over it.
    #[doc(alias = "RTM_DELNEXTHOP")]
    pub op Delnexthop: RtNexthop, "delnexthop" [UNS_ADMIN_PERM] { do 105 (Nexthop), &DELNEXTHOP_DO_POLICY; }
    /// Tells one, or dumps all.
    #[doc(alias = "RTM_GETNEXTHOP")]
    pub op Getnexthop: RtNexthop, "getnexthop" {
        do 106 (Nexthop) -> 104 Nexthop, &GETNEXTHOP_DO_POLICY;
        dump 106 (Nexthop) -> 104 Nexthop, &GETNEXTHOP_DUMP_POLICY;
    }
    /// Tells a bucket of a resilient group, or dumps them.
    #[doc(alias = "RTM_GETNEXTHOPBUCKET")]
    pub op Getnexthopbucket: RtNexthop, "getnexthopbucket" {
        do 118 (Nexthop) -> 116 Nexthop, &GETNEXTHOPBUCKET_DO_POLICY;
        dump 118 (Nexthop) -> 116 Nexthop, &GETNEXTHOPBUCKET_DUMP_POLICY;
    }
    /// A next hop or a group is new, or has changed.
    #[doc(alias = "RTM_NEWNEXTHOP_NTF")]
    pub op NewnexthopNtf: RtNexthop, "newnexthop-ntf" { notify 104 Nexthop, RTNLGRP_NEXTHOP; }
    /// A next hop or a group is gone.
    #[doc(alias = "RTM_DELNEXTHOP_NTF")]
    pub op DelnexthopNtf: RtNexthop, "delnexthop-ntf" { notify 105 Nexthop, RTNLGRP_NEXTHOP; }
    /// A bucket has moved.
    #[doc(alias = "RTM_NEWNEXTHOPBUCKET_NTF")]
    pub op NewnexthopbucketNtf: RtNexthop, "newnexthopbucket-ntf" { notify 116 Nexthop, RTNLGRP_NEXTHOP; }
}

policies! {
    RES_GROUP_ATTRS_POLICY { 1 U16, 2 U32, 3 U32, 4 U64 }
    RES_BUCKET_ATTRS_POLICY { 1 U16, 2 U64, 3 U32 }
    NEWNEXTHOP_DO_POLICY {
        1 U32, 2 BINARY, 3 U16, 4 FLAG, 5 U32, 6 BINARY.max_len(16), 7 U16, 8 NEST, 11 FLAG,
        12 nest(&RES_GROUP_ATTRS_POLICY), 16 U32,
    }
    DELNEXTHOP_DO_POLICY { 1 U32 }
    GETNEXTHOP_DO_POLICY { 1 U32, 14 U32 }
    GETNEXTHOP_DUMP_POLICY { 5 U32, 9 FLAG, 10 U32, 11 FLAG, 14 U32 }
    GETNEXTHOPBUCKET_DO_POLICY { 1 U32, 13 nest(&RES_BUCKET_ATTRS_POLICY) }
    GETNEXTHOPBUCKET_DUMP_POLICY { 1 U32, 5 U32, 10 U32, 13 nest(&RES_BUCKET_ATTRS_POLICY) }
}
