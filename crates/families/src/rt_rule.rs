// Generated from rt-rule.yaml by netloom-codegen; change that file, not this one.

//! Rules that choose a routing table. Lists, adds and removes them, and tells of every change.

use netloom_wire::*;

/// Family rt-rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtRule;

impl Family for RtRule {
    type Header = FibRuleHdr;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "rt-rule",
    version: 1,
    protocol: Protocol::ROUTE,
    header: <FibRuleHdr as FixedHeader>::INFO,
    ops: &[Newrule::INFO, Delrule::INFO, Getrule::INFO, NewruleNtf::INFO, DelruleNtf::INFO],
    groups: &[RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group rtnlgrp-ipv4-rule.
pub const RTNLGRP_IPV4_RULE: Group =
    Group { family: "rt-rule", name: "rtnlgrp-ipv4-rule", protocol: Protocol::ROUTE, number: Some(8) };

/// Group rtnlgrp-ipv6-rule.
pub const RTNLGRP_IPV6_RULE: Group =
    Group { family: "rt-rule", name: "rtnlgrp-ipv6-rule", protocol: Protocol::ROUTE, number: Some(19) };

enumeration! {
    /// What a rule does.
    pub struct RuleAction: u8, "fr-act" {
        /// Nothing.
        #[doc(alias = "FR_ACT_UNSPEC")] UNSPEC = 0 "unspec";
        /// Has it looked up in a table.
        #[doc(alias = "FR_ACT_TO_TBL")] TO_TBL = 1 "to-tbl";
        /// Goes on at another rule.
        #[doc(alias = "FR_ACT_GOTO")] GOTO = 2 "goto";
        /// Goes on at the next.
        #[doc(alias = "FR_ACT_NOP")] NOP = 3 "nop";
        /// Reserved.
        #[doc(alias = "FR_ACT_RES3")] RES3 = 4 "res3";
        /// Reserved.
        #[doc(alias = "FR_ACT_RES4")] RES4 = 5 "res4";
        /// Drops without a word.
        #[doc(alias = "FR_ACT_BLACKHOLE")] BLACKHOLE = 6 "blackhole";
        /// Refuses: unreachable.
        #[doc(alias = "FR_ACT_UNREACHABLE")] UNREACHABLE = 7 "unreachable";
        /// Refuses: prohibited.
        #[doc(alias = "FR_ACT_PROHIBIT")] PROHIBIT = 8 "prohibit";
    }
}

enumeration! {
    /// The state of a rule.
    pub struct RuleFlags: flags u32, "fib-rule-flags" {
        /// Cannot be removed.
        #[doc(alias = "FIB_RULE_PERMANENT")] PERMANENT = 1 "permanent";
        /// Holds for what does not match.
        #[doc(alias = "FIB_RULE_INVERT")] INVERT = 2 "invert";
        /// The rule that it goes on at is not there.
        #[doc(alias = "FIB_RULE_UNRESOLVED")] UNRESOLVED = 4 "unresolved";
        /// The interface that packets come in by is not there.
        #[doc(alias = "FIB_RULE_IIF_DETACHED")] IIF_DETACHED = 8 "iif-detached";
        /// The interface that packets go out by is not there.
        #[doc(alias = "FIB_RULE_OIF_DETACHED")] OIF_DETACHED = 16 "oif-detached";
        /// Looks for a source address too.
        #[doc(alias = "FIB_RULE_FIND_SADDR")] FIND_SADDR = 65536 "find-saddr";
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
        /// What a router told.
        #[doc(alias = "RTPROT_RA")] RA = 9 "ra";
        /// Zebra.
        #[doc(alias = "RTPROT_ZEBRA")] ZEBRA = 11 "zebra";
        /// BIRD.
        #[doc(alias = "RTPROT_BIRD")] BIRD = 12 "bird";
        /// DHCP.
        #[doc(alias = "RTPROT_DHCP")] DHCP = 16 "dhcp";
        /// Keepalived.
        #[doc(alias = "RTPROT_KEEPALIVED")] KEEPALIVED = 18 "keepalived";
        /// BGP.
        #[doc(alias = "RTPROT_BGP")] BGP = 186 "bgp";
    }
}

c_struct! {
    /// The header of a message about a rule.
    #[doc(alias = "fib_rule_hdr")]
    pub struct FibRuleHdr, "fib-rule-hdr" {
        /// The address family: AF_INET (2), AF_INET6 (10); AF_UNSPEC (0) for all.
        family: u8 = "family";
        /// The length of the destination's prefix, in bits.
        dst_len: u8 = "dst-len";
        /// The length of the source's prefix, in bits.
        src_len: u8 = "src-len";
        /// The type of service that it is for.
        tos: u8 = "tos";
        /// Its table; the attribute 'table' has all 32 bits, and is what counts.
        table: u8 = "table";
        _(2)
        /// What it does.
        action: Named<RuleAction, u8> = "action";
        /// Its state.
        flags: Named<RuleFlags, u32> = "flags";
    }
}

c_struct! {
    /// Ports, both ends included.
    #[doc(alias = "fib_rule_port_range")]
    pub struct PortRange, "fib-rule-port-range" {
        /// The first.
        start: u16 = "start";
        /// The last.
        end: u16 = "end";
    }
}

c_struct! {
    /// Users, both ends included.
    #[doc(alias = "fib_rule_uid_range")]
    pub struct UidRange, "fib-rule-uid-range" {
        /// The first.
        start: u32 = "start";
        /// The last.
        end: u32 = "end";
    }
}

attribute_set! {
    /// A rule.
    pub struct Rule: FibRuleHdr | RuleAttr, "fib-rule-attrs" {
        /// The table that it chooses.
        #[doc(alias = "FRA_TABLE")]
        15 "table" table Table TABLE: u32;
        /// What is found with a prefix as short as this does not count; u32::MAX for none.
        #[doc(alias = "FRA_SUPPRESS_PREFIXLEN")]
        14 "suppress-prefixlen" suppress_prefixlen SuppressPrefixlen SUPPRESS_PREFIXLEN: u32;
        /// Who has added it.
        #[doc(alias = "FRA_PROTOCOL")]
        21 "protocol" protocol Protocol PROTOCOL: Named<Originator, u8>;
        /// The interface that packets come in by.
        #[doc(alias = "FRA_IIFNAME")]
        3 "iifname" iifname Iifname IIFNAME: Str;
        /// The interface that packets go out by.
        #[doc(alias = "FRA_OIFNAME")]
        17 "oifname" oifname Oifname OIFNAME: Str;
        /// Its place: the lowest comes first.
        #[doc(alias = "FRA_PRIORITY")]
        6 "priority" priority Priority PRIORITY: u32;
        /// The mark of the packet.
        #[doc(alias = "FRA_FWMARK")]
        10 "fwmark" fwmark Fwmark FWMARK: u32;
        /// Which bits of the mark count.
        #[doc(alias = "FRA_FWMASK")]
        16 "fwmask" fwmask Fwmask FWMASK: u32;
        /// The rule that it goes on at.
        #[doc(alias = "FRA_GOTO")]
        4 "goto" goto Goto GOTO: u32;
        /// The number of the tunnel that the packet came by.
        #[doc(alias = "FRA_TUN_ID")]
        12 "tun-id" tun_id TunId TUN_ID: Be<u64>;
        /// Whether the table is that of the packet's VRF.
        #[doc(alias = "FRA_L3MDEV")]
        19 "l3mdev" l3mdev L3mdev L3MDEV: u8;
        /// The users whose packets it is for.
        #[doc(alias = "FRA_UID_RANGE")]
        20 "uid-range" uid_range UidRange UID_RANGE: CStruct<UidRange>;
        /// The source ports that it is for.
        #[doc(alias = "FRA_SPORT_RANGE")]
        23 "sport-range" sport_range SportRange SPORT_RANGE: CStruct<PortRange>;
        /// The destination ports that it is for.
        #[doc(alias = "FRA_DPORT_RANGE")]
        24 "dport-range" dport_range DportRange DPORT_RANGE: CStruct<PortRange>;
        /// The protocol that it is for.
        #[doc(alias = "FRA_IP_PROTO")]
        22 "ip-proto" ip_proto IpProto IP_PROTO: u8;
        /// Which bits of the source port count.
        #[doc(alias = "FRA_SPORT_MASK")]
        28 "sport-mask" sport_mask SportMask SPORT_MASK: u16;
        /// Which bits of the destination port count.
        #[doc(alias = "FRA_DPORT_MASK")]
        29 "dport-mask" dport_mask DportMask DPORT_MASK: u16;
        /// What is found over this group of interfaces does not count; u32::MAX for none.
        #[doc(alias = "FRA_SUPPRESS_IFGROUP")]
        13 "suppress-ifgroup" suppress_ifgroup SuppressIfgroup SUPPRESS_IFGROUP: u32;
        /// The destination that it is for.
        #[doc(alias = "FRA_DST")]
        1 "dst" dst Dst DST: Ip;
        /// The source that it is for.
        #[doc(alias = "FRA_SRC")]
        2 "src" src Src SRC: Ip;
        /// The realms of source (the high half) and destination that it gives.
        #[doc(alias = "FRA_FLOW")]
        11 "flow" flow Flow FLOW: u32;
        /// Alignment on machines that need it.
        #[doc(alias = "FRA_PAD")]
        18 "pad" pad Pad PAD: Pad;
        /// The code point that it is for.
        #[doc(alias = "FRA_DSCP")]
        25 "dscp" dscp Dscp DSCP: u8;
        /// The flow label that it is for.
        #[doc(alias = "FRA_FLOWLABEL")]
        26 "flowlabel" flowlabel Flowlabel FLOWLABEL: Be<u32>;
        /// Which bits of it count.
        #[doc(alias = "FRA_FLOWLABEL_MASK")]
        27 "flowlabel-mask" flowlabel_mask FlowlabelMask FLOWLABEL_MASK: Be<u32>;
        /// Which bits of the code point count.
        #[doc(alias = "FRA_DSCP_MASK")]
        30 "dscp-mask" dscp_mask DscpMask DSCP_MASK: u8;
    }
}

ops! {
    /// Adds a rule.
    #[doc(alias = "RTM_NEWRULE")]
    pub op Newrule: RtRule, "newrule" [UNS_ADMIN_PERM] { do 32 (Rule), &NEWRULE_DO_POLICY, LIBERAL; }
    /// Removes the first rule that matches.
    #[doc(alias = "RTM_DELRULE")]
    pub op Delrule: RtRule, "delrule" [UNS_ADMIN_PERM] { do 33 (Rule), &NEWRULE_DO_POLICY, LIBERAL; }
    /// Dumps all rules.
    #[doc(alias = "RTM_GETRULE")]
    pub op Getrule: RtRule, "getrule" { dump 34 (Rule) -> 32 Rule, Policy::REJECT_ALL, LIBERAL; }
    /// A rule is new.
    #[doc(alias = "RTM_NEWRULE_NTF")]
    pub op NewruleNtf: RtRule, "newrule-ntf" { event 32 Rule; }
    /// A rule is gone.
    #[doc(alias = "RTM_DELRULE_NTF")]
    pub op DelruleNtf: RtRule, "delrule-ntf" { event 33 Rule; }
}

policies! {
    NEWRULE_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(16), 3 STRING.max_len(15), 4 U32, 6 U32, 10 U32, 11 U32, 12 U64, 13 U32,
        14 U32, 15 U32, 16 U32, 17 STRING.max_len(15), 19 U8, 20 BINARY, 21 U8, 22 U8, 23 BINARY, 24 BINARY, 25 U8,
        26 BE32, 27 BE32, 28 U16, 29 U16, 30 U8,
    }
}
