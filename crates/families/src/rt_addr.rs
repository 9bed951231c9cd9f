// Generated from rt-addr.yaml by netloom-codegen; change that file, not this one.

//! Addresses of network interfaces. Lists, adds, changes and removes them, and tells of every change.

use netloom_wire::*;

/// Family rt-addr.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtAddr;

impl Family for RtAddr {
    type Header = Ifaddrmsg;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "rt-addr",
    version: 1,
    protocol: Protocol::ROUTE,
    header: <Ifaddrmsg as FixedHeader>::INFO,
    ops: &[
        Newaddr::INFO,
        Deladdr::INFO,
        Getaddr::INFO,
        Getmulticast::INFO,
        Getanycast::INFO,
        NewaddrNtf::INFO,
        DeladdrNtf::INFO,
        NewmulticastNtf::INFO,
        DelmulticastNtf::INFO,
        NewanycastNtf::INFO,
        DelanycastNtf::INFO,
    ],
    groups: &[RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_MCADDR, RTNLGRP_IPV6_MCADDR, RTNLGRP_IPV6_ACADDR],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group rtnlgrp-ipv4-ifaddr.
pub const RTNLGRP_IPV4_IFADDR: Group =
    Group { family: "rt-addr", name: "rtnlgrp-ipv4-ifaddr", protocol: Protocol::ROUTE, number: Some(5) };

/// Group rtnlgrp-ipv6-ifaddr.
pub const RTNLGRP_IPV6_IFADDR: Group =
    Group { family: "rt-addr", name: "rtnlgrp-ipv6-ifaddr", protocol: Protocol::ROUTE, number: Some(9) };

/// Group rtnlgrp-ipv4-mcaddr.
pub const RTNLGRP_IPV4_MCADDR: Group =
    Group { family: "rt-addr", name: "rtnlgrp-ipv4-mcaddr", protocol: Protocol::ROUTE, number: Some(37) };

/// Group rtnlgrp-ipv6-mcaddr.
pub const RTNLGRP_IPV6_MCADDR: Group =
    Group { family: "rt-addr", name: "rtnlgrp-ipv6-mcaddr", protocol: Protocol::ROUTE, number: Some(38) };

/// Group rtnlgrp-ipv6-acaddr.
pub const RTNLGRP_IPV6_ACADDR: Group =
    Group { family: "rt-addr", name: "rtnlgrp-ipv6-acaddr", protocol: Protocol::ROUTE, number: Some(39) };

enumeration! {
    /// The state of an address, and what is to be done about it.
    pub struct AddressFlags: flags u32, "ifa-flags" {
        /// IPv4: another address of its prefix is the primary one; IPv6: a temporary address.
        #[doc(alias = "IFA_F_SECONDARY")] SECONDARY = 1 "secondary";
        /// Is not looked for on the link before it is used.
        #[doc(alias = "IFA_F_NODAD")] NODAD = 2 "nodad";
        /// May be used while it is looked for.
        #[doc(alias = "IFA_F_OPTIMISTIC")] OPTIMISTIC = 4 "optimistic";
        /// Somebody else on the link has it.
        #[doc(alias = "IFA_F_DADFAILED")] DADFAILED = 8 "dadfailed";
        /// The home address of a mobile host.
        #[doc(alias = "IFA_F_HOMEADDRESS")] HOMEADDRESS = 16 "homeaddress";
        /// Past its preferred lifetime: not for new connections.
        #[doc(alias = "IFA_F_DEPRECATED")] DEPRECATED = 32 "deprecated";
        /// Being looked for on the link.
        #[doc(alias = "IFA_F_TENTATIVE")] TENTATIVE = 64 "tentative";
        /// Has no end.
        #[doc(alias = "IFA_F_PERMANENT")] PERMANENT = 128 "permanent";
        /// Temporary addresses are made from it.
        #[doc(alias = "IFA_F_MANAGETEMPADDR")] MANAGETEMPADDR = 256 "managetempaddr";
        /// Brings no route to its prefix.
        #[doc(alias = "IFA_F_NOPREFIXROUTE")] NOPREFIXROUTE = 512 "noprefixroute";
        /// Joins the multicast group that it is the address of.
        #[doc(alias = "IFA_F_MCAUTOJOIN")] MCAUTOJOIN = 1024 "mcautojoin";
        /// Made from a secret of this host.
        #[doc(alias = "IFA_F_STABLE_PRIVACY")] STABLE_PRIVACY = 2048 "stable-privacy";
    }
}

enumeration! {
    /// How far something is valid.
    #[doc(alias = "rt_scope_t")]
    pub struct Scope: u8, "rt-scope" {
        /// Everywhere.
        #[doc(alias = "RT_SCOPE_UNIVERSE")] UNIVERSE = 0 "universe";
        /// In this site.
        #[doc(alias = "RT_SCOPE_SITE")] SITE = 200 "site";
        /// On this link.
        #[doc(alias = "RT_SCOPE_LINK")] LINK = 253 "link";
        /// In this host.
        #[doc(alias = "RT_SCOPE_HOST")] HOST = 254 "host";
        /// Nowhere.
        #[doc(alias = "RT_SCOPE_NOWHERE")] NOWHERE = 255 "nowhere";
    }
}

enumeration! {
    /// Who has added an address.
    pub struct AddressProtocol: u8, "ifa-proto" {
        /// Not said.
        #[doc(alias = "IFAPROT_UNSPEC")] UNSPEC = 0 "unspec";
        /// The kernel, for the loopback interface.
        #[doc(alias = "IFAPROT_KERNEL_LO")] KERNEL_LO = 1 "kernel-lo";
        /// The kernel, from what a router told.
        #[doc(alias = "IFAPROT_KERNEL_RA")] KERNEL_RA = 2 "kernel-ra";
        /// The kernel, for the link itself.
        #[doc(alias = "IFAPROT_KERNEL_LL")] KERNEL_LL = 3 "kernel-ll";
    }
}

c_struct! {
    /// The header of a message about an address.
    #[doc(alias = "ifaddrmsg")]
    pub struct Ifaddrmsg, "ifaddrmsg" {
        /// The address family: AF_INET (2), AF_INET6 (10); AF_UNSPEC (0) for all.
        ifa_family: u8 = "ifa-family";
        /// The length of the prefix in bits.
        ifa_prefixlen: u8 = "ifa-prefixlen";
        /// The low 8 flags; the attribute 'flags' has all, and is what counts.
        ifa_flags: Named<AddressFlags, u8> = "ifa-flags";
        /// How far it is valid.
        ifa_scope: Named<Scope, u8> = "ifa-scope";
        /// The index of the interface.
        ifa_index: u32 = "ifa-index";
    }
}

c_struct! {
    /// The times of an address. Lifetimes of u32::MAX have no end.
    #[doc(alias = "ifa_cacheinfo")]
    pub struct IfaCacheinfo, "ifa-cacheinfo" {
        /// For how long it is still preferred, in seconds.
        ifa_prefered: u32 = "ifa-prefered";
        /// For how long it is still valid, in seconds.
        ifa_valid: u32 = "ifa-valid";
        /// When it was added, in hundredths of seconds since the system started.
        cstamp: u32 = "cstamp";
        /// When it was last changed, likewise.
        tstamp: u32 = "tstamp";
    }
}

attribute_set! {
    /// An address of an interface.
    pub struct Address: Ifaddrmsg | AddressAttr, "addr-attrs" {
        /// The namespace that is meant.
        #[doc(alias = "IFA_TARGET_NETNSID")]
        10 "target-netnsid" target_netnsid TargetNetnsid TARGET_NETNSID: i32;
        /// The address; where 'local' differs from it, that of the other end.
        #[doc(alias = "IFA_ADDRESS")]
        1 "address" address Address ADDRESS: Ip;
        /// Our own address.
        #[doc(alias = "IFA_LOCAL")]
        2 "local" local Local LOCAL: Ip;
        /// IPv4: the broadcast address.
        #[doc(alias = "IFA_BROADCAST")]
        4 "broadcast" broadcast Broadcast BROADCAST: Ip;
        /// IPv4: a name that begins with the interface's.
        #[doc(alias = "IFA_LABEL")]
        3 "label" label Label LABEL: Str;
        /// Who has added it.
        #[doc(alias = "IFA_PROTO")]
        11 "proto" proto Proto PROTO: Named<AddressProtocol, u8>;
        /// All its flags.
        #[doc(alias = "IFA_FLAGS")]
        8 "flags" flags Flags FLAGS: Named<AddressFlags, u32>;
        /// The metric of the route to its prefix.
        #[doc(alias = "IFA_RT_PRIORITY")]
        9 "rt-priority" rt_priority RtPriority RT_PRIORITY: u32;
        /// Its times.
        #[doc(alias = "IFA_CACHEINFO")]
        6 "cacheinfo" cacheinfo Cacheinfo CACHEINFO: CStruct<IfaCacheinfo>;
        /// An anycast address.
        #[doc(alias = "IFA_ANYCAST")]
        5 "anycast" anycast Anycast ANYCAST: Ip;
        /// A multicast address.
        #[doc(alias = "IFA_MULTICAST")]
        7 "multicast" multicast Multicast MULTICAST: Ip;
    }
}

ops! {
    /// Adds an address, or changes one.
    #[doc(alias = "RTM_NEWADDR")]
    pub op Newaddr: RtAddr, "newaddr" [UNS_ADMIN_PERM] { do 20 (Address), &NEWADDR_DO_POLICY, LIBERAL; }
    /// Removes an address.
    #[doc(alias = "RTM_DELADDR")]
    pub op Deladdr: RtAddr, "deladdr" [UNS_ADMIN_PERM] { do 21 (Address), &DELADDR_DO_POLICY, LIBERAL; }
    /// Tells about one address (IPv6 only), or dumps all.
    #[doc(alias = "RTM_GETADDR")]
    pub op Getaddr: RtAddr, "getaddr" {
        do 22 (Address) -> 20 Address, &GETADDR_DO_POLICY, LIBERAL;
        dump 22 (Address) -> 20 Address, &GETADDR_DUMP_POLICY, LIBERAL;
    }
    /// An address is new, or has changed.
    #[doc(alias = "RTM_NEWADDR_NTF")]
    pub op NewaddrNtf: RtAddr, "newaddr-ntf" { event 20 Address; }
    /// An address is gone.
    #[doc(alias = "RTM_DELADDR_NTF")]
    pub op DeladdrNtf: RtAddr, "deladdr-ntf" { event 21 Address; }
    /// Dumps the multicast addresses that interfaces listen to.
    #[doc(alias = "RTM_GETMULTICAST")]
    pub op Getmulticast: RtAddr, "getmulticast" { dump 58 (Address) -> 58 Address, &GETADDR_DUMP_POLICY, LIBERAL; }
    /// Dumps the anycast addresses of interfaces (IPv6 only).
    #[doc(alias = "RTM_GETANYCAST")]
    pub op Getanycast: RtAddr, "getanycast" { dump 62 (Address) -> 62 Address, &GETADDR_DUMP_POLICY, LIBERAL; }
    /// An interface listens to a multicast address.
    #[doc(alias = "RTM_NEWMULTICAST_NTF")]
    pub op NewmulticastNtf: RtAddr, "newmulticast-ntf" { event 56 Address; }
    /// An interface no longer listens to a multicast address.
    #[doc(alias = "RTM_DELMULTICAST_NTF")]
    pub op DelmulticastNtf: RtAddr, "delmulticast-ntf" { event 57 Address; }
    /// An interface has a new anycast address.
    #[doc(alias = "RTM_NEWANYCAST_NTF")]
    pub op NewanycastNtf: RtAddr, "newanycast-ntf" { event 60 Address; }
    /// An anycast address is gone.
    #[doc(alias = "RTM_DELANYCAST_NTF")]
    pub op DelanycastNtf: RtAddr, "delanycast-ntf" { event 61 Address; }
}

policies! {
    NEWADDR_DO_POLICY {
        1 BINARY.max_len(16), 2 BINARY.max_len(16), 3 STRING.max_len(15), 4 BINARY.max_len(16), 6 BINARY, 8 U32, 9 U32,
        11 U8,
    }
    DELADDR_DO_POLICY { 1 BINARY.max_len(16), 2 BINARY.max_len(16), 3 STRING.max_len(15) }
    GETADDR_DO_POLICY { 1 BINARY.max_len(16), 2 BINARY.max_len(16), 10 S32 }
    GETADDR_DUMP_POLICY { 10 S32 }
}
