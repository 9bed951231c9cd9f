// Generated from rt-link.yaml by netloom-codegen; change that file, not this one.

//! Network interfaces. Lists, makes, changes and removes them, and tells of every change.

use netloom_wire::*;

/// Family rt-link.
#[derive(Clone, Copy, Debug, Default)]
pub struct RtLink;

impl Family for RtLink {
    type Header = Ifinfomsg;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "rt-link",
    version: 1,
    protocol: Protocol::ROUTE,
    header: <Ifinfomsg as FixedHeader>::INFO,
    ops: &[
        Newlink::INFO,
        Dellink::INFO,
        Getlink::INFO,
        Setlink::INFO,
        Getstats::INFO,
        Newlinkprop::INFO,
        Dellinkprop::INFO,
        NewlinkNtf::INFO,
        DellinkNtf::INFO,
    ],
    groups: &[RTNLGRP_LINK],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Group rtnlgrp-link.
pub const RTNLGRP_LINK: Group =
    Group { family: "rt-link", name: "rtnlgrp-link", protocol: Protocol::ROUTE, number: Some(1) };

enumeration! {
    /// The state of an interface, and what it is.
    #[doc(alias = "net_device_flags")]
    pub struct LinkFlags: flags u32, "ifinfo-flags" {
        /// Administratively up.
        #[doc(alias = "IFF_UP")] UP = 1 "up";
        /// Has a broadcast address.
        #[doc(alias = "IFF_BROADCAST")] BROADCAST = 2 "broadcast";
        /// Debugging.
        #[doc(alias = "IFF_DEBUG")] DEBUG = 4 "debug";
        /// Loops back.
        #[doc(alias = "IFF_LOOPBACK")] LOOPBACK = 8 "loopback";
        /// Has one peer.
        #[doc(alias = "IFF_POINTOPOINT")] POINTOPOINT = 16 "pointopoint";
        /// Avoids trailers.
        #[doc(alias = "IFF_NOTRAILERS")] NOTRAILERS = 32 "notrailers";
        /// Operationally up.
        #[doc(alias = "IFF_RUNNING")] RUNNING = 64 "running";
        /// Resolves no addresses.
        #[doc(alias = "IFF_NOARP")] NOARP = 128 "noarp";
        /// Receives every packet.
        #[doc(alias = "IFF_PROMISC")] PROMISC = 256 "promisc";
        /// Receives every multicast packet.
        #[doc(alias = "IFF_ALLMULTI")] ALLMULTI = 512 "allmulti";
        /// Masters a group of interfaces.
        #[doc(alias = "IFF_MASTER")] MASTER = 1024 "master";
        /// Belongs to such a group.
        #[doc(alias = "IFF_SLAVE")] SLAVE = 2048 "slave";
        /// Can multicast.
        #[doc(alias = "IFF_MULTICAST")] MULTICAST = 4096 "multicast";
        /// Can choose its medium.
        #[doc(alias = "IFF_PORTSEL")] PORTSEL = 8192 "portsel";
        /// Chooses it by itself.
        #[doc(alias = "IFF_AUTOMEDIA")] AUTOMEDIA = 16384 "automedia";
        /// Its addresses come and go.
        #[doc(alias = "IFF_DYNAMIC")] DYNAMIC = 32768 "dynamic";
        /// Has a carrier.
        #[doc(alias = "IFF_LOWER_UP")] LOWER_UP = 65536 "lower-up";
        /// Waits for something outside.
        #[doc(alias = "IFF_DORMANT")] DORMANT = 131072 "dormant";
        /// Echoes what it sends.
        #[doc(alias = "IFF_ECHO")] ECHO = 262144 "echo";
    }
}

enumeration! {
    /// The operational state of an interface (RFC 2863).
    pub struct OperState: u8, "oper-state" {
        /// Not known.
        #[doc(alias = "IF_OPER_UNKNOWN")] UNKNOWN = 0 "unknown";
        /// Hardware missing.
        #[doc(alias = "IF_OPER_NOTPRESENT")] NOTPRESENT = 1 "notpresent";
        /// Down.
        #[doc(alias = "IF_OPER_DOWN")] DOWN = 2 "down";
        /// Down since what lies below is.
        #[doc(alias = "IF_OPER_LOWERLAYERDOWN")] LOWERLAYERDOWN = 3 "lowerlayerdown";
        /// Being tested.
        #[doc(alias = "IF_OPER_TESTING")] TESTING = 4 "testing";
        /// Waits for something outside.
        #[doc(alias = "IF_OPER_DORMANT")] DORMANT = 5 "dormant";
        /// Up.
        #[doc(alias = "IF_OPER_UP")] UP = 6 "up";
    }
}

enumeration! {
    /// How an interface comes up.
    pub struct LinkMode: u8, "link-mode" {
        /// Up at once.
        #[doc(alias = "IF_LINK_MODE_DEFAULT")] DEFAULT = 0 "default";
        /// Dormant until told otherwise.
        #[doc(alias = "IF_LINK_MODE_DORMANT")] DORMANT = 1 "dormant";
        /// Testing until told otherwise.
        #[doc(alias = "IF_LINK_MODE_TESTING")] TESTING = 2 "testing";
    }
}

enumeration! {
    /// What a reply shall hold beyond the usual.
    pub struct RtextFilter: flags u32, "rtext-filter" {
        /// Virtual functions.
        #[doc(alias = "RTEXT_FILTER_VF")] VF = 1 "vf";
        /// VLANs of bridge ports.
        #[doc(alias = "RTEXT_FILTER_BRVLAN")] BRVLAN = 2 "brvlan";
        /// The same in ranges.
        #[doc(alias = "RTEXT_FILTER_BRVLAN_COMPRESSED")] BRVLAN_COMPRESSED = 4 "brvlan-compressed";
        /// No counters.
        #[doc(alias = "RTEXT_FILTER_SKIP_STATS")] SKIP_STATS = 8 "skip-stats";
        /// Media redundancy.
        #[doc(alias = "RTEXT_FILTER_MRP")] MRP = 16 "mrp";
        /// Connectivity faults: settings.
        #[doc(alias = "RTEXT_FILTER_CFM_CONFIG")] CFM_CONFIG = 32 "cfm-config";
        /// Connectivity faults: state.
        #[doc(alias = "RTEXT_FILTER_CFM_STATUS")] CFM_STATUS = 64 "cfm-status";
        /// Multiple spanning trees.
        #[doc(alias = "RTEXT_FILTER_MST")] MST = 128 "mst";
    }
}

enumeration! {
    /// Why a link is told of.
    pub struct LinkEvent: u32, "link-event" {
        /// Nothing in particular.
        #[doc(alias = "IFLA_EVENT_NONE")] NONE = 0 "none";
        /// It was reset.
        #[doc(alias = "IFLA_EVENT_REBOOT")] REBOOT = 1 "reboot";
        /// What it can do has changed.
        #[doc(alias = "IFLA_EVENT_FEATURES")] FEATURES = 2 "features";
        /// Another member has taken over.
        #[doc(alias = "IFLA_EVENT_BONDING_FAILOVER")] BONDING_FAILOVER = 3 "bonding-failover";
        /// Its neighbours are to learn where it is.
        #[doc(alias = "IFLA_EVENT_NOTIFY_PEERS")] NOTIFY_PEERS = 4 "notify-peers";
        /// Multicast groups are joined anew.
        #[doc(alias = "IFLA_EVENT_IGMP_RESEND")] IGMP_RESEND = 5 "igmp-resend";
        /// Options of bonding have changed.
        #[doc(alias = "IFLA_EVENT_BONDING_OPTIONS")] BONDING_OPTIONS = 6 "bonding-options";
    }
}

enumeration! {
    /// How an XDP program is attached.
    pub struct XdpAttached: u8, "xdp-attached" {
        /// None is.
        #[doc(alias = "XDP_ATTACHED_NONE")] NONE = 0 "none";
        /// In the driver.
        #[doc(alias = "XDP_ATTACHED_DRV")] DRV = 1 "drv";
        /// In the stack.
        #[doc(alias = "XDP_ATTACHED_SKB")] SKB = 2 "skb";
        /// In the hardware.
        #[doc(alias = "XDP_ATTACHED_HW")] HW = 3 "hw";
        /// In several ways.
        #[doc(alias = "XDP_ATTACHED_MULTI")] MULTI = 4 "multi";
    }
}

enumeration! {
    /// How an XDP program is to be attached.
    pub struct XdpFlags: flags u32, "xdp-flags" {
        /// Only where there is none.
        #[doc(alias = "XDP_FLAGS_UPDATE_IF_NOEXIST")] UPDATE_IF_NOEXIST = 1 "update-if-noexist";
        /// In the stack.
        #[doc(alias = "XDP_FLAGS_SKB_MODE")] SKB_MODE = 2 "skb-mode";
        /// In the driver.
        #[doc(alias = "XDP_FLAGS_DRV_MODE")] DRV_MODE = 4 "drv-mode";
        /// In the hardware.
        #[doc(alias = "XDP_FLAGS_HW_MODE")] HW_MODE = 8 "hw-mode";
        /// Only in the place of the program expected.
        #[doc(alias = "XDP_FLAGS_REPLACE")] REPLACE = 16 "replace";
    }
}

enumeration! {
    /// Which header carries the VLAN.
    pub struct VlanProtocol: u16, "vlan-protocol" {
        /// The usual one.
        #[doc(alias = "ETH_P_8021Q")] _8021Q = 33024 "8021q";
        /// That of service providers.
        #[doc(alias = "ETH_P_8021AD")] _8021AD = 34984 "8021ad";
    }
}

enumeration! {
    /// How a VLAN behaves.
    pub struct VlanFlags: flags u32, "vlan-flags" {
        /// Headers are put in order.
        #[doc(alias = "VLAN_FLAG_REORDER_HDR")] REORDER_HDR = 1 "reorder-hdr";
        /// Announces itself by GVRP.
        #[doc(alias = "VLAN_FLAG_GVRP")] GVRP = 2 "gvrp";
        /// Its state is not that of the interface underneath.
        #[doc(alias = "VLAN_FLAG_LOOSE_BINDING")] LOOSE_BINDING = 4 "loose-binding";
        /// Announces itself by MVRP.
        #[doc(alias = "VLAN_FLAG_MVRP")] MVRP = 8 "mvrp";
        /// Its state is that of the bridge's ports in the VLAN.
        #[doc(alias = "VLAN_FLAG_BRIDGE_BINDING")] BRIDGE_BINDING = 16 "bridge-binding";
    }
}

enumeration! {
    /// How a bond spreads its traffic.
    pub struct BondMode: u8, "bond-mode" {
        /// In turn.
        #[doc(alias = "BOND_MODE_BALANCE_RR")] BALANCE_RR = 0 "balance-rr";
        /// One member, the others in reserve.
        #[doc(alias = "BOND_MODE_ACTIVE_BACKUP")] ACTIVE_BACKUP = 1 "active-backup";
        /// By a hash.
        #[doc(alias = "BOND_MODE_BALANCE_XOR")] BALANCE_XOR = 2 "balance-xor";
        /// All members send everything.
        #[doc(alias = "BOND_MODE_BROADCAST")] BROADCAST = 3 "broadcast";
        /// Link aggregation (LACP).
        _802_3AD = 4 "802.3ad";
        /// By the load of sending.
        #[doc(alias = "BOND_MODE_BALANCE_TLB")] BALANCE_TLB = 5 "balance-tlb";
        /// By the load of sending and receiving.
        #[doc(alias = "BOND_MODE_BALANCE_ALB")] BALANCE_ALB = 6 "balance-alb";
    }
}

enumeration! {
    /// What a bond hashes.
    pub struct BondXmitPolicy: u8, "bond-xmit-policy" {
        /// Hardware addresses.
        #[doc(alias = "BOND_XMIT_POLICY_LAYER2")] LAYER2 = 0 "layer2";
        /// Addresses and ports.
        #[doc(alias = "BOND_XMIT_POLICY_LAYER34")] LAYER34 = 1 "layer34";
        /// Hardware addresses and addresses.
        #[doc(alias = "BOND_XMIT_POLICY_LAYER23")] LAYER23 = 2 "layer23";
        /// As layer23, inside of tunnels.
        #[doc(alias = "BOND_XMIT_POLICY_ENCAP23")] ENCAP23 = 3 "encap23";
        /// As layer34, inside of tunnels.
        #[doc(alias = "BOND_XMIT_POLICY_ENCAP34")] ENCAP34 = 4 "encap34";
        /// The VLAN and the source's hardware address.
        #[doc(alias = "BOND_XMIT_POLICY_VLAN_SRCMAC")] VLAN_SRCMAC = 5 "vlan-srcmac";
    }
}

enumeration! {
    /// What a member of a bond is.
    pub struct BondSlaveState: u8, "bond-slave-state" {
        /// In use.
        #[doc(alias = "BOND_STATE_ACTIVE")] ACTIVE = 0 "active";
        /// In reserve.
        #[doc(alias = "BOND_STATE_BACKUP")] BACKUP = 1 "backup";
    }
}

enumeration! {
    /// Who may talk to whom among the interfaces on one device; one bit.
    pub struct MacvlanMode: flags u32, "macvlan-mode" {
        /// Nobody to each other.
        #[doc(alias = "MACVLAN_MODE_PRIVATE")] PRIVATE = 1 "private";
        /// Through a switch outside.
        #[doc(alias = "MACVLAN_MODE_VEPA")] VEPA = 2 "vepa";
        /// To each other.
        #[doc(alias = "MACVLAN_MODE_BRIDGE")] BRIDGE = 4 "bridge";
        /// There is only one, which has the device to itself.
        #[doc(alias = "MACVLAN_MODE_PASSTHRU")] PASSTHRU = 8 "passthru";
        /// By a list of source addresses.
        #[doc(alias = "MACVLAN_MODE_SOURCE")] SOURCE = 16 "source";
    }
}

enumeration! {
    /// How a macvlan behaves.
    pub struct MacvlanFlags: flags u16, "macvlan-flags" {
        /// Leaves the device underneath selective.
        #[doc(alias = "MACVLAN_FLAG_NOPROMISC")] NOPROMISC = 1 "nopromisc";
        /// Sends nothing to others by their destination.
        #[doc(alias = "MACVLAN_FLAG_NODST")] NODST = 2 "nodst";
    }
}

enumeration! {
    /// What happens to the list of source addresses.
    pub struct MacvlanMacaddrMode: u32, "macvlan-macaddr-mode" {
        /// One is added.
        #[doc(alias = "MACVLAN_MACADDR_ADD")] ADD = 0 "add";
        /// One is removed.
        #[doc(alias = "MACVLAN_MACADDR_DEL")] DEL = 1 "del";
        /// All are removed.
        #[doc(alias = "MACVLAN_MACADDR_FLUSH")] FLUSH = 2 "flush";
        /// It becomes another.
        #[doc(alias = "MACVLAN_MACADDR_SET")] SET = 3 "set";
    }
}

enumeration! {
    /// On which layer an ipvlan works.
    pub struct IpvlanMode: u16, "ipvlan-mode" {
        /// Two.
        #[doc(alias = "IPVLAN_MODE_L2")] L2 = 0 "l2";
        /// Three.
        #[doc(alias = "IPVLAN_MODE_L3")] L3 = 1 "l3";
        /// Three, with connection tracking.
        #[doc(alias = "IPVLAN_MODE_L3S")] L3S = 2 "l3s";
    }
}

enumeration! {
    /// How an ipvlan behaves.
    pub struct IpvlanFlags: flags u16, "ipvlan-flags" {
        /// Does not talk to the others.
        #[doc(alias = "IPVLAN_F_PRIVATE")] PRIVATE = 1 "private";
        /// Talks to them through a switch outside.
        #[doc(alias = "IPVLAN_F_VEPA")] VEPA = 2 "vepa";
    }
}

enumeration! {
    /// The don't-fragment bit of what a tunnel sends.
    pub struct TunnelDf: u8, "tunnel-df" {
        /// Off.
        #[doc(alias = "VXLAN_DF_UNSET")] UNSET = 0 "unset";
        /// On.
        #[doc(alias = "VXLAN_DF_SET")] SET = 1 "set";
        /// That of the packet inside.
        #[doc(alias = "VXLAN_DF_INHERIT")] INHERIT = 2 "inherit";
    }
}

enumeration! {
    /// The state of a bridge port.
    pub struct PortState: u8, "port-state" {
        /// Off.
        #[doc(alias = "BR_STATE_DISABLED")] DISABLED = 0 "disabled";
        /// Waits for the tree.
        #[doc(alias = "BR_STATE_LISTENING")] LISTENING = 1 "listening";
        /// Learns addresses.
        #[doc(alias = "BR_STATE_LEARNING")] LEARNING = 2 "learning";
        /// In use.
        #[doc(alias = "BR_STATE_FORWARDING")] FORWARDING = 3 "forwarding";
        /// Shut by the tree.
        #[doc(alias = "BR_STATE_BLOCKING")] BLOCKING = 4 "blocking";
    }
}

enumeration! {
    /// What becomes of packets without a program.
    pub struct NetkitPolicy: u32, "netkit-policy" {
        /// They pass.
        #[doc(alias = "NETKIT_FORWARD")] FORWARD = 0 "forward";
        /// They vanish.
        #[doc(alias = "NETKIT_BLACKHOLE")] BLACKHOLE = 2 "blackhole";
    }
}

enumeration! {
    /// On which layer a netkit works.
    pub struct NetkitMode: u32, "netkit-mode" {
        /// Two.
        #[doc(alias = "NETKIT_L2")] L2 = 0 "l2";
        /// Three.
        #[doc(alias = "NETKIT_L3")] L3 = 1 "l3";
    }
}

enumeration! {
    /// Which counters are asked for.
    pub struct StatsFilter: flags u32, "stats-filter" {
        /// The usual ones.
        #[doc(alias = "IFLA_STATS_LINK_64")] LINK_64 = 1 "link-64";
        /// Those of the kind.
        #[doc(alias = "IFLA_STATS_LINK_XSTATS")] LINK_XSTATS = 2 "link-xstats";
        /// Those of its master's kind.
        #[doc(alias = "IFLA_STATS_LINK_XSTATS_SLAVE")] LINK_XSTATS_SLAVE = 4 "link-xstats-slave";
        /// Those of what hardware does.
        #[doc(alias = "IFLA_STATS_LINK_OFFLOAD_XSTATS")] LINK_OFFLOAD_XSTATS = 8 "link-offload-xstats";
        /// Those of address families.
        #[doc(alias = "IFLA_STATS_AF_SPEC")] AF_SPEC = 16 "af-spec";
    }
}

c_struct! {
    /// The header of a message about an interface.
    #[doc(alias = "ifinfomsg")]
    pub struct Ifinfomsg, "ifinfomsg" {
        /// The address family, usually AF_UNSPEC (0).
        ifi_family: u8 = "ifi-family";
        _(1)
        /// The kind of device (ARPHRD_*).
        ifi_type: u16 = "ifi-type";
        /// The interface index.
        ifi_index: i32 = "ifi-index";
        /// The flags.
        ifi_flags: Named<LinkFlags, u32> = "ifi-flags";
        /// Which flags a request changes; all bits, or 0 for what is old.
        ifi_change: u32 = "ifi-change";
    }
}

c_struct! {
    /// Counters of 32 bits.
    #[doc(alias = "rtnl_link_stats")]
    pub struct LinkStats, "rtnl-link-stats" {
        /// Packets received.
        rx_packets: u32 = "rx-packets";
        /// Packets sent.
        tx_packets: u32 = "tx-packets";
        /// Bytes received.
        rx_bytes: u32 = "rx-bytes";
        /// Bytes sent.
        tx_bytes: u32 = "tx-bytes";
        /// Bad packets received.
        rx_errors: u32 = "rx-errors";
        /// Failures to send.
        tx_errors: u32 = "tx-errors";
        /// Received, but dropped.
        rx_dropped: u32 = "rx-dropped";
        /// Dropped on the way out.
        tx_dropped: u32 = "tx-dropped";
        /// Multicast packets received.
        multicast: u32 = "multicast";
        /// Collisions while sending.
        collisions: u32 = "collisions";
        /// Received with a wrong length.
        rx_length_errors: u32 = "rx-length-errors";
        /// Overflows of the receiver.
        rx_over_errors: u32 = "rx-over-errors";
        /// Received with a wrong checksum.
        rx_crc_errors: u32 = "rx-crc-errors";
        /// Received misaligned.
        rx_frame_errors: u32 = "rx-frame-errors";
        /// Overruns of the receive queue.
        rx_fifo_errors: u32 = "rx-fifo-errors";
        /// Missed by the host.
        rx_missed_errors: u32 = "rx-missed-errors";
        /// Sending aborted.
        tx_aborted_errors: u32 = "tx-aborted-errors";
        /// Carrier lost while sending.
        tx_carrier_errors: u32 = "tx-carrier-errors";
        /// Underruns of the send queue.
        tx_fifo_errors: u32 = "tx-fifo-errors";
        /// Heartbeats lost.
        tx_heartbeat_errors: u32 = "tx-heartbeat-errors";
        /// Late collisions.
        tx_window_errors: u32 = "tx-window-errors";
        /// Compressed packets received.
        rx_compressed: u32 = "rx-compressed";
        /// Compressed packets sent.
        tx_compressed: u32 = "tx-compressed";
        /// Received on an interface that is not in use.
        rx_nohandler: u32 = "rx-nohandler";
    }
}

c_struct! {
    /// Counters of 64 bits.
    #[doc(alias = "rtnl_link_stats64")]
    pub struct LinkStats64, "rtnl-link-stats64" {
        /// Packets received.
        rx_packets: u64 = "rx-packets";
        /// Packets sent.
        tx_packets: u64 = "tx-packets";
        /// Bytes received.
        rx_bytes: u64 = "rx-bytes";
        /// Bytes sent.
        tx_bytes: u64 = "tx-bytes";
        /// Bad packets received.
        rx_errors: u64 = "rx-errors";
        /// Failures to send.
        tx_errors: u64 = "tx-errors";
        /// Received, but dropped.
        rx_dropped: u64 = "rx-dropped";
        /// Dropped on the way out.
        tx_dropped: u64 = "tx-dropped";
        /// Multicast packets received.
        multicast: u64 = "multicast";
        /// Collisions while sending.
        collisions: u64 = "collisions";
        /// Received with a wrong length.
        rx_length_errors: u64 = "rx-length-errors";
        /// Overflows of the receiver.
        rx_over_errors: u64 = "rx-over-errors";
        /// Received with a wrong checksum.
        rx_crc_errors: u64 = "rx-crc-errors";
        /// Received misaligned.
        rx_frame_errors: u64 = "rx-frame-errors";
        /// Overruns of the receive queue.
        rx_fifo_errors: u64 = "rx-fifo-errors";
        /// Missed by the host.
        rx_missed_errors: u64 = "rx-missed-errors";
        /// Sending aborted.
        tx_aborted_errors: u64 = "tx-aborted-errors";
        /// Carrier lost while sending.
        tx_carrier_errors: u64 = "tx-carrier-errors";
        /// Underruns of the send queue.
        tx_fifo_errors: u64 = "tx-fifo-errors";
        /// Heartbeats lost.
        tx_heartbeat_errors: u64 = "tx-heartbeat-errors";
        /// Late collisions.
        tx_window_errors: u64 = "tx-window-errors";
        /// Compressed packets received.
        rx_compressed: u64 = "rx-compressed";
        /// Compressed packets sent.
        tx_compressed: u64 = "tx-compressed";
        /// Received on an interface that is not in use.
        rx_nohandler: u64 = "rx-nohandler";
        /// Received, but for another host.
        rx_otherhost_dropped: u64 = "rx-otherhost-dropped";
    }
}

c_struct! {
    /// Where the hardware is.
    #[doc(alias = "rtnl_link_ifmap")]
    pub struct LinkIfmap, "rtnl-link-ifmap" {
        /// The start of its memory.
        mem_start: u64 = "mem-start";
        /// The end of its memory.
        mem_end: u64 = "mem-end";
        /// The base of its ports.
        base_addr: u64 = "base-addr";
        /// Its interrupt.
        irq: u16 = "irq";
        /// Its DMA channel.
        dma: u8 = "dma";
        /// Its connector.
        port: u8 = "port";
        ; _(4)
    }
}

c_struct! {
    /// The header of a message about counters.
    #[doc(alias = "if_stats_msg")]
    pub struct IfStatsmsg, "if-stats-msg" {
        /// The address family.
        family: u8 = "family";
        _(3)
        /// The interface.
        ifindex: u32 = "ifindex";
        /// Which counters.
        filter_mask: Named<StatsFilter, u32> = "filter-mask";
    }
}

c_struct! {
    /// What an interface remembers of IPv6.
    #[doc(alias = "ifla_cacheinfo")]
    pub struct Inet6CacheInfo, "ifla-cacheinfo" {
        /// The longest packet that is put together.
        max_reasm_len: u32 = "max-reasm-len";
        /// When the settings changed; hundredths of a second since the start.
        tstamp: u32 = "tstamp";
        /// How long neighbours count as reachable; milliseconds.
        reachable_time: u32 = "reachable-time";
        /// The time between solicitations; milliseconds.
        retrans_time: u32 = "retrans-time";
    }
}

c_struct! {
    /// A bridge as the spanning tree names it.
    #[doc(alias = "ifla_bridge_id")]
    pub struct BridgeId, "ifla-bridge-id" {
        /// Its priority.
        prio: Be<u16> = "prio";
        /// Its hardware address.
        addr: [u8; 6] = "addr" [Mac];
    }
}

c_struct! {
    /// Options that are on or off.
    #[doc(alias = "br_boolopt_multi")]
    pub struct BridgeOptions, "br-boolopt-multi" {
        /// Those that are on.
        optval: u32 = "optval" [Hex];
        /// Those that are meant.
        optmask: u32 = "optmask" [Hex];
    }
}

c_struct! {
    /// How a VLAN behaves, and what of that is meant.
    #[doc(alias = "ifla_vlan_flags")]
    pub struct VlanFlagsMask, "ifla-vlan-flags" {
        /// What is on.
        flags: Named<VlanFlags, u32> = "flags";
        /// What is meant.
        mask: Named<VlanFlags, u32> = "mask";
    }
}

c_struct! {
    /// A priority for another one.
    #[doc(alias = "ifla_vlan_qos_mapping")]
    pub struct VlanQosMapping, "ifla-vlan-qos-mapping" {
        /// The one inside: of the packet, or of the header.
        from: u32 = "from";
        /// What it becomes.
        to: u32 = "to";
    }
}

c_struct! {
    /// The source ports of a tunnel.
    #[doc(alias = "ifla_vxlan_port_range")]
    pub struct PortRange, "ifla-vxlan-port-range" {
        /// The first.
        low: Be<u16> = "low";
        /// The last.
        high: Be<u16> = "high";
    }
}

c_struct! {
    /// The hardware address of a virtual function.
    #[doc(alias = "ifla_vf_mac")]
    pub struct VfMac, "ifla-vf-mac" {
        /// Its number.
        vf: u32 = "vf";
        /// The address, zeros behind it.
        mac: [u8; 32] = "mac" [Hex];
    }
}

c_struct! {
    /// The VLAN of a virtual function.
    #[doc(alias = "ifla_vf_vlan")]
    pub struct VfVlan, "ifla-vf-vlan" {
        /// Its number.
        vf: u32 = "vf";
        /// Its VLAN; 0 for none.
        vlan: u32 = "vlan";
        /// Its priority.
        qos: u32 = "qos";
    }
}

c_struct! {
    /// The greatest rate of a virtual function.
    #[doc(alias = "ifla_vf_tx_rate")]
    pub struct VfTxRate, "ifla-vf-tx-rate" {
        /// Its number.
        vf: u32 = "vf";
        /// In Mbit/s; 0 for any.
        rate: u32 = "rate";
    }
}

c_struct! {
    /// A switch of a virtual function.
    #[doc(alias = "ifla_vf_setting")]
    pub struct VfSetting, "ifla-vf-setting" {
        /// Its number.
        vf: u32 = "vf";
        /// On (1) or off (0); all bits where the driver does not say.
        setting: u32 = "setting";
    }
}

c_struct! {
    /// The state of a virtual function's link.
    #[doc(alias = "ifla_vf_link_state")]
    pub struct VfLinkState, "ifla-vf-link-state" {
        /// Its number.
        vf: u32 = "vf";
        /// As the device (0), up (1) or down (2).
        link_state: u32 = "link-state";
    }
}

c_struct! {
    /// The rates of a virtual function.
    #[doc(alias = "ifla_vf_rate")]
    pub struct VfRate, "ifla-vf-rate" {
        /// Its number.
        vf: u32 = "vf";
        /// The least, in Mbit/s.
        min_tx_rate: u32 = "min-tx-rate";
        /// The greatest, in Mbit/s; 0 for any.
        max_tx_rate: u32 = "max-tx-rate";
    }
}

c_struct! {
    /// The InfiniBand identity of a virtual function.
    #[doc(alias = "ifla_vf_guid")]
    pub struct VfGuid, "ifla-vf-guid" {
        /// Its number.
        vf: u32 = "vf";
        _(4)
        /// The identity.
        guid: u64 = "guid" [Hex];
    }
}

c_struct! {
    /// One VLAN of a virtual function.
    #[doc(alias = "ifla_vf_vlan_info")]
    pub struct VfVlanInfo, "ifla-vf-vlan-info" {
        /// Its number.
        vf: u32 = "vf";
        /// Its VLAN.
        vlan: u32 = "vlan";
        /// Its priority.
        qos: u32 = "qos";
        /// Its header.
        vlan_proto: Named<VlanProtocol, Be<u16>> = "vlan-proto";
        ; _(2)
    }
}

attribute_set! {
    /// An interface.
    pub struct Link: Ifinfomsg | LinkAttr, "link-attrs" {
        /// The name.
        #[doc(alias = "IFLA_IFNAME")]
        3 "ifname" ifname Ifname IFNAME: Str;
        /// Packets in the send queue at most.
        #[doc(alias = "IFLA_TXQLEN")]
        13 "txqlen" txqlen Txqlen TXQLEN: u32;
        /// The operational state.
        #[doc(alias = "IFLA_OPERSTATE")]
        16 "operstate" operstate Operstate OPERSTATE: Named<OperState, u8>;
        /// How it comes up.
        #[doc(alias = "IFLA_LINKMODE")]
        17 "linkmode" linkmode Linkmode LINKMODE: Named<LinkMode, u8>;
        /// Whether it must stay in its namespace.
        #[doc(alias = "IFLA_NETNS_IMMUTABLE")]
        67 "netns-immutable" netns_immutable NetnsImmutable NETNS_IMMUTABLE: u8;
        /// The largest packet, in bytes.
        #[doc(alias = "IFLA_MTU")]
        4 "mtu" mtu Mtu MTU: u32;
        /// The least MTU.
        #[doc(alias = "IFLA_MIN_MTU")]
        50 "min-mtu" min_mtu MinMtu MIN_MTU: u32;
        /// The greatest MTU.
        #[doc(alias = "IFLA_MAX_MTU")]
        51 "max-mtu" max_mtu MaxMtu MAX_MTU: u32;
        /// The group of interfaces that it is in.
        #[doc(alias = "IFLA_GROUP")]
        27 "group" group Group GROUP: u32;
        /// How many want every packet.
        #[doc(alias = "IFLA_PROMISCUITY")]
        30 "promiscuity" promiscuity Promiscuity PROMISCUITY: u32;
        /// How many want every multicast packet.
        #[doc(alias = "IFLA_ALLMULTI")]
        61 "allmulti" allmulti Allmulti ALLMULTI: u32;
        /// The number of send queues.
        #[doc(alias = "IFLA_NUM_TX_QUEUES")]
        31 "num-tx-queues" num_tx_queues NumTxQueues NUM_TX_QUEUES: u32;
        /// The most segments of one send.
        #[doc(alias = "IFLA_GSO_MAX_SEGS")]
        40 "gso-max-segs" gso_max_segs GsoMaxSegs GSO_MAX_SEGS: u32;
        /// The most bytes of one send.
        #[doc(alias = "IFLA_GSO_MAX_SIZE")]
        41 "gso-max-size" gso_max_size GsoMaxSize GSO_MAX_SIZE: u32;
        /// The most bytes of one merged receive.
        #[doc(alias = "IFLA_GRO_MAX_SIZE")]
        58 "gro-max-size" gro_max_size GroMaxSize GRO_MAX_SIZE: u32;
        /// The most bytes of one send over IPv4.
        #[doc(alias = "IFLA_GSO_IPV4_MAX_SIZE")]
        63 "gso-ipv4-max-size" gso_ipv4_max_size GsoIpv4MaxSize GSO_IPV4_MAX_SIZE: u32;
        /// The most bytes of one merged receive over IPv4.
        #[doc(alias = "IFLA_GRO_IPV4_MAX_SIZE")]
        64 "gro-ipv4-max-size" gro_ipv4_max_size GroIpv4MaxSize GRO_IPV4_MAX_SIZE: u32;
        /// The most bytes that the hardware cuts up.
        #[doc(alias = "IFLA_TSO_MAX_SIZE")]
        59 "tso-max-size" tso_max_size TsoMaxSize TSO_MAX_SIZE: u32;
        /// The most segments that the hardware makes.
        #[doc(alias = "IFLA_TSO_MAX_SEGS")]
        60 "tso-max-segs" tso_max_segs TsoMaxSegs TSO_MAX_SEGS: u32;
        /// How far ahead the hardware schedules, in nanoseconds.
        #[doc(alias = "IFLA_MAX_PACING_OFFLOAD_HORIZON")]
        66 "max-pacing-offload-horizon" max_pacing_offload_horizon MaxPacingOffloadHorizon MAX_PACING_OFFLOAD_HORIZON: Uint;
        /// The number of receive queues.
        #[doc(alias = "IFLA_NUM_RX_QUEUES")]
        32 "num-rx-queues" num_rx_queues NumRxQueues NUM_RX_QUEUES: u32;
        /// The interface that it belongs to; 0 for none.
        #[doc(alias = "IFLA_MASTER")]
        10 "master" master Master MASTER: u32;
        /// Whether there is a carrier.
        #[doc(alias = "IFLA_CARRIER")]
        33 "carrier" carrier Carrier CARRIER: u8;
        /// How often the carrier came or went.
        #[doc(alias = "IFLA_CARRIER_CHANGES")]
        35 "carrier-changes" carrier_changes CarrierChanges CARRIER_CHANGES: u32;
        /// How often the carrier came.
        #[doc(alias = "IFLA_CARRIER_UP_COUNT")]
        47 "carrier-up-count" carrier_up_count CarrierUpCount CARRIER_UP_COUNT: u32;
        /// How often the carrier went.
        #[doc(alias = "IFLA_CARRIER_DOWN_COUNT")]
        48 "carrier-down-count" carrier_down_count CarrierDownCount CARRIER_DOWN_COUNT: u32;
        /// Bytes that it needs before a packet.
        #[doc(alias = "IFLA_HEADROOM")]
        68 "headroom" headroom Headroom HEADROOM: u16;
        /// Bytes that it needs behind a packet.
        #[doc(alias = "IFLA_TAILROOM")]
        69 "tailroom" tailroom Tailroom TAILROOM: u16;
        /// Whether a protocol holds it down.
        #[doc(alias = "IFLA_PROTO_DOWN")]
        39 "proto-down" proto_down ProtoDown PROTO_DOWN: u8;
        /// The hardware address.
        #[doc(alias = "IFLA_ADDRESS")]
        1 "address" address Address ADDRESS: Bytes [Mac];
        /// The hardware broadcast address.
        #[doc(alias = "IFLA_BROADCAST")]
        2 "broadcast" broadcast Broadcast BROADCAST: Bytes [Mac];
        /// Counters of 64 bits.
        #[doc(alias = "IFLA_STATS64")]
        23 "stats64" stats64 Stats64 STATS64: CStruct<LinkStats64>;
        /// Counters of 32 bits.
        #[doc(alias = "IFLA_STATS")]
        7 "stats" stats Stats STATS: CStruct<LinkStats>;
        /// The physical port.
        #[doc(alias = "IFLA_PHYS_PORT_ID")]
        34 "phys-port-id" phys_port_id PhysPortId PHYS_PORT_ID: Bytes [Hex];
        /// The name of the physical port.
        #[doc(alias = "IFLA_PHYS_PORT_NAME")]
        38 "phys-port-name" phys_port_name PhysPortName PHYS_PORT_NAME: Str;
        /// The physical switch.
        #[doc(alias = "IFLA_PHYS_SWITCH_ID")]
        36 "phys-switch-id" phys_switch_id PhysSwitchId PHYS_SWITCH_ID: Bytes [Hex];
        /// The number of virtual functions.
        #[doc(alias = "IFLA_NUM_VF")]
        21 "num-vf" num_vf NumVf NUM_VF: u32;
        /// Virtual functions.
        #[doc(alias = "IFLA_VFINFO_LIST")]
        22 "vfinfo-list" vfinfo_list VfinfoList VFINFO_LIST: BareNest<VfList>;
        /// Ports of virtual functions.
        #[doc(alias = "IFLA_VF_PORTS")]
        24 "vf-ports" vf_ports VfPorts VF_PORTS: BareNest<VfPorts>;
        /// Its own port.
        #[doc(alias = "IFLA_PORT_SELF")]
        25 "port-self" port_self PortSelf PORT_SELF: BareNest<SwitchPort>;
        /// Its XDP programs.
        #[doc(alias = "IFLA_XDP")]
        43 "xdp" xdp Xdp XDP: BareNest<Xdp>;
        /// The kind of interface.
        #[doc(alias = "IFLA_LINKINFO")]
        18 "linkinfo" linkinfo Linkinfo LINKINFO: BareNest<LinkInfo>;
        /// The namespace of the interface underneath.
        #[doc(alias = "IFLA_LINK_NETNSID")]
        37 "link-netnsid" link_netnsid LinkNetnsid LINK_NETNSID: i32;
        /// The interface underneath.
        #[doc(alias = "IFLA_LINK")]
        5 "link" link Link LINK: u32;
        /// A text for people, empty to remove it.
        #[doc(alias = "IFLA_IFALIAS")]
        20 "ifalias" ifalias Ifalias IFALIAS: Str;
        /// The queueing discipline.
        #[doc(alias = "IFLA_QDISC")]
        6 "qdisc" qdisc Qdisc QDISC: Str;
        /// What address families know of it.
        #[doc(alias = "IFLA_AF_SPEC")]
        26 "af-spec" af_spec AfSpec AF_SPEC: BareNest<AfSpec>;
        /// Where the hardware is.
        #[doc(alias = "IFLA_MAP")]
        14 "map" map Map MAP: CStruct<LinkIfmap>;
        /// Not used.
        #[doc(alias = "IFLA_COST")]
        8 "cost" cost Cost COST: Str;
        /// Not used.
        #[doc(alias = "IFLA_PRIORITY")]
        9 "priority" priority Priority PRIORITY: Str;
        /// Events of wireless extensions.
        #[doc(alias = "IFLA_WIRELESS")]
        11 "wireless" wireless Wireless WIRELESS: Str;
        /// Of a protocol family, undecoded.
        #[doc(alias = "IFLA_PROTINFO")]
        12 "protinfo" protinfo Protinfo PROTINFO: Bytes;
        /// Its share when packets are polled.
        #[doc(alias = "IFLA_WEIGHT")]
        15 "weight" weight Weight WEIGHT: u32;
        /// Move it to the network namespace of this process.
        #[doc(alias = "IFLA_NET_NS_PID")]
        19 "net-ns-pid" net_ns_pid NetNsPid NET_NS_PID: u32;
        /// Move it to the network namespace of this open file.
        #[doc(alias = "IFLA_NET_NS_FD")]
        28 "net-ns-fd" net_ns_fd NetNsFd NET_NS_FD: u32;
        /// What a reply shall hold.
        #[doc(alias = "IFLA_EXT_MASK")]
        29 "ext-mask" ext_mask ExtMask EXT_MASK: Named<RtextFilter, u32>;
        /// Alignment on machines that need it.
        #[doc(alias = "IFLA_PAD")]
        42 "pad" pad Pad PAD: Pad;
        /// Why this is told.
        #[doc(alias = "IFLA_EVENT")]
        44 "event" event Event EVENT: Named<LinkEvent, u32>;
        /// The namespace that it moves to.
        #[doc(alias = "IFLA_NEW_NETNSID")]
        45 "new-netnsid" new_netnsid NewNetnsid NEW_NETNSID: i32;
        /// The namespace that is meant.
        #[doc(alias = "IFLA_TARGET_NETNSID")]
        46 "target-netnsid" target_netnsid TargetNetnsid TARGET_NETNSID: i32;
        /// The index that it gets.
        #[doc(alias = "IFLA_NEW_IFINDEX")]
        49 "new-ifindex" new_ifindex NewIfindex NEW_IFINDEX: i32;
        /// Properties of which there may be many.
        #[doc(alias = "IFLA_PROP_LIST")]
        52 "prop-list" prop_list PropList PROP_LIST: Nest<PropList>;
        /// A further name.
        #[doc(alias = "IFLA_ALT_IFNAME")]
        53 "alt-ifname" alt_ifname AltIfname ALT_IFNAME: Str;
        /// The hardware address that it was made with.
        #[doc(alias = "IFLA_PERM_ADDRESS")]
        54 "perm-address" perm_address PermAddress PERM_ADDRESS: Bytes [Mac];
        /// Which protocols hold it down.
        #[doc(alias = "IFLA_PROTO_DOWN_REASON")]
        55 "proto-down-reason" proto_down_reason ProtoDownReason PROTO_DOWN_REASON: Nest<ProtoDownReason>;
        /// The name of the device that it is on.
        #[doc(alias = "IFLA_PARENT_DEV_NAME")]
        56 "parent-dev-name" parent_dev_name ParentDevName PARENT_DEV_NAME: Str;
        /// The bus of the device that it is on.
        #[doc(alias = "IFLA_PARENT_DEV_BUS_NAME")]
        57 "parent-dev-bus-name" parent_dev_bus_name ParentDevBusName PARENT_DEV_BUS_NAME: Str;
        /// Its devlink port.
        #[doc(alias = "IFLA_DEVLINK_PORT")]
        62 "devlink-port" devlink_port DevlinkPort DEVLINK_PORT: Nest<DevlinkPort>;
        /// Its clock pin.
        #[doc(alias = "IFLA_DPLL_PIN")]
        65 "dpll-pin" dpll_pin DpllPin DPLL_PIN: Nest<DpllPin>;
    }
}

attribute_set! {
    /// What kind of interface it is, and what only that kind has.
    pub struct LinkInfo | LinkInfoAttr, "linkinfo-attrs" {
        /// The kind: wireguard, bridge, veth and so on.
        #[doc(alias = "IFLA_INFO_KIND")]
        1 "kind" kind Kind KIND: Str;
        /// What only this kind has.
        #[doc(alias = "IFLA_INFO_DATA")]
        2 "data" data Data DATA: Chosen<LinkData>;
        /// Counters of the kind, undecoded.
        #[doc(alias = "IFLA_INFO_XSTATS")]
        3 "xstats" xstats Xstats XSTATS: Bytes;
        /// The kind of its master.
        #[doc(alias = "IFLA_INFO_SLAVE_KIND")]
        4 "slave-kind" slave_kind SlaveKind SLAVE_KIND: Str;
        /// What its master gives it.
        #[doc(alias = "IFLA_INFO_SLAVE_DATA")]
        5 "slave-data" slave_data SlaveData SLAVE_DATA: Chosen<SlaveData>;
    }
}

attribute_set! {
    /// A devlink port.
    pub struct DevlinkPort | DevlinkPortAttr, "devlink-port" {
        /// The bus of its device.
        #[doc(alias = "DEVLINK_ATTR_BUS_NAME")]
        1 "bus-name" bus_name BusName BUS_NAME: Str;
        /// Its device.
        #[doc(alias = "DEVLINK_ATTR_DEV_NAME")]
        2 "dev-name" dev_name DevName DEV_NAME: Str;
        /// Its number on the device.
        #[doc(alias = "DEVLINK_ATTR_PORT_INDEX")]
        3 "port-index" port_index PortIndex PORT_INDEX: u32;
    }
}

attribute_set! {
    /// A clock pin.
    pub struct DpllPin | DpllPinAttr, "link-dpll-pin-attrs" {
        /// Its number.
        #[doc(alias = "DPLL_A_PIN_ID")]
        1 "id" id Id ID: u32;
    }
}

attribute_set! {
    /// Properties of which an interface may have many.
    pub struct PropList | PropListAttr, "prop-list-link-attrs" {
        /// A further name.
        #[doc(alias = "IFLA_ALT_IFNAME")]
        53 "alt-ifname" alt_ifname AltIfname ALT_IFNAME: Multi<Str>;
    }
}

attribute_set! {
    /// What address families know of an interface.
    pub struct AfSpec | AfSpecAttr, "af-spec-attrs" {
        /// IPv4.
        #[doc(alias = "AF_INET")]
        2 "inet" inet Inet INET: BareNest<Inet>;
        /// IPv6.
        #[doc(alias = "AF_INET6")]
        10 "inet6" inet6 Inet6 INET6: BareNest<Inet6>;
        /// The management component protocol.
        #[doc(alias = "AF_MCTP")]
        45 "mctp" mctp Mctp MCTP: BareNest<Mctp>;
    }
}

attribute_set! {
    /// IPv4 on an interface.
    pub struct Inet | InetAttr, "ifla-inet-attrs" {
        /// Its settings by number (IPV4_DEVCONF_*, from 1 on).
        #[doc(alias = "IFLA_INET_CONF")]
        1 "conf" conf Conf CONF: IntArray<u32>;
    }
}

attribute_set! {
    /// IPv6 on an interface.
    pub struct Inet6 | Inet6Attr, "ifla-inet6-attrs" {
        /// Its state (IF_*).
        #[doc(alias = "IFLA_INET6_FLAGS")]
        1 "flags" flags Flags FLAGS: u32 [Hex];
        /// What is remembered.
        #[doc(alias = "IFLA_INET6_CACHEINFO")]
        5 "cacheinfo" cacheinfo Cacheinfo CACHEINFO: CStruct<Inet6CacheInfo>;
        /// Its settings by number (DEVCONF_*).
        #[doc(alias = "IFLA_INET6_CONF")]
        2 "conf" conf Conf CONF: IntArray<i32>;
        /// Counters by number (IPSTATS_MIB_*), how many come first.
        #[doc(alias = "IFLA_INET6_STATS")]
        3 "stats" stats Stats STATS: IntArray<u64>;
        /// Counters of ICMPv6 by number, how many come first.
        #[doc(alias = "IFLA_INET6_ICMP6STATS")]
        6 "icmp6stats" icmp6stats Icmp6stats ICMP6STATS: IntArray<u64>;
        /// The interface identifier that is used in place of its own.
        #[doc(alias = "IFLA_INET6_TOKEN")]
        7 "token" token Token TOKEN: Bytes [Ipv6];
        /// How addresses are made (IN6_ADDR_GEN_MODE_*).
        #[doc(alias = "IFLA_INET6_ADDR_GEN_MODE")]
        8 "addr-gen-mode" addr_gen_mode AddrGenMode ADDR_GEN_MODE: u8;
        /// The MTU that routers advertise.
        #[doc(alias = "IFLA_INET6_RA_MTU")]
        9 "ra-mtu" ra_mtu RaMtu RA_MTU: u32;
        /// Multicast, which no kernel says.
        #[doc(alias = "IFLA_INET6_MCAST")]
        4 "mcast" mcast Mcast MCAST: Bytes;
    }
}

attribute_set! {
    /// Management components on an interface.
    pub struct Mctp | MctpAttr, "ifla-mctp-attrs" {
        /// The number of the network.
        #[doc(alias = "IFLA_MCTP_NET")]
        1 "net" net Net NET: u32;
        /// The kind of bus.
        #[doc(alias = "IFLA_MCTP_PHYS_BINDING")]
        2 "phys-binding" phys_binding PhysBinding PHYS_BINDING: u8;
    }
}

attribute_set! {
    /// The XDP programs of an interface.
    pub struct Xdp | XdpAttr, "xdp-attrs" {
        /// The program to attach, an open file; -1 for none.
        #[doc(alias = "IFLA_XDP_FD")]
        1 "fd" fd Fd FD: i32;
        /// How one is attached.
        #[doc(alias = "IFLA_XDP_ATTACHED")]
        2 "attached" attached Attached ATTACHED: Named<XdpAttached, u8>;
        /// How it is to be attached.
        #[doc(alias = "IFLA_XDP_FLAGS")]
        3 "flags" flags Flags FLAGS: Named<XdpFlags, u32>;
        /// The program, where there is one.
        #[doc(alias = "IFLA_XDP_PROG_ID")]
        4 "prog-id" prog_id ProgId PROG_ID: u32;
        /// That in the driver.
        #[doc(alias = "IFLA_XDP_DRV_PROG_ID")]
        5 "drv-prog-id" drv_prog_id DrvProgId DRV_PROG_ID: u32;
        /// That in the stack.
        #[doc(alias = "IFLA_XDP_SKB_PROG_ID")]
        6 "skb-prog-id" skb_prog_id SkbProgId SKB_PROG_ID: u32;
        /// That in the hardware.
        #[doc(alias = "IFLA_XDP_HW_PROG_ID")]
        7 "hw-prog-id" hw_prog_id HwProgId HW_PROG_ID: u32;
        /// The program that it is to replace.
        #[doc(alias = "IFLA_XDP_EXPECTED_FD")]
        8 "expected-fd" expected_fd ExpectedFd EXPECTED_FD: i32;
    }
}

attribute_set! {
    /// The virtual functions of an interface.
    pub struct VfList | VfListAttr, "vfinfo-list-attrs" {
        /// One of them.
        #[doc(alias = "IFLA_VF_INFO")]
        1 "info" info Info INFO: Multi<BareNest<Vf>>;
    }
}

attribute_set! {
    /// A virtual function.
    pub struct Vf | VfAttr, "vfinfo-attrs" {
        /// Its hardware address.
        #[doc(alias = "IFLA_VF_MAC")]
        1 "mac" mac Mac MAC: CStruct<VfMac>;
        /// Its VLAN.
        #[doc(alias = "IFLA_VF_VLAN")]
        2 "vlan" vlan Vlan VLAN: CStruct<VfVlan>;
        /// Its greatest rate.
        #[doc(alias = "IFLA_VF_TX_RATE")]
        3 "tx-rate" tx_rate TxRate TX_RATE: CStruct<VfTxRate>;
        /// Whether false source addresses are refused.
        #[doc(alias = "IFLA_VF_SPOOFCHK")]
        4 "spoofchk" spoofchk Spoofchk SPOOFCHK: CStruct<VfSetting>;
        /// The state of its link.
        #[doc(alias = "IFLA_VF_LINK_STATE")]
        5 "link-state" link_state LinkState LINK_STATE: CStruct<VfLinkState>;
        /// Its rates.
        #[doc(alias = "IFLA_VF_RATE")]
        6 "rate" rate Rate RATE: CStruct<VfRate>;
        /// Whether it may ask how packets are spread.
        #[doc(alias = "IFLA_VF_RSS_QUERY_EN")]
        7 "rss-query-en" rss_query_en RssQueryEn RSS_QUERY_EN: CStruct<VfSetting>;
        /// Its counters.
        #[doc(alias = "IFLA_VF_STATS")]
        8 "stats" stats Stats STATS: BareNest<VfStats>;
        /// Whether it is trusted.
        #[doc(alias = "IFLA_VF_TRUST")]
        9 "trust" trust Trust TRUST: CStruct<VfSetting>;
        /// The identity of its node.
        #[doc(alias = "IFLA_VF_IB_NODE_GUID")]
        10 "ib-node-guid" ib_node_guid IbNodeGuid IB_NODE_GUID: CStruct<VfGuid>;
        /// The identity of its port.
        #[doc(alias = "IFLA_VF_IB_PORT_GUID")]
        11 "ib-port-guid" ib_port_guid IbPortGuid IB_PORT_GUID: CStruct<VfGuid>;
        /// Its VLANs.
        #[doc(alias = "IFLA_VF_VLAN_LIST")]
        12 "vlan-list" vlan_list VlanList VLAN_LIST: BareNest<VfVlans>;
        /// The hardware broadcast address.
        #[doc(alias = "IFLA_VF_BROADCAST")]
        13 "broadcast" broadcast Broadcast BROADCAST: Bytes [Hex];
    }
}

attribute_set! {
    /// Counters of a virtual function.
    pub struct VfStats | VfStatsAttr, "vf-stats-attrs" {
        /// Packets received.
        #[doc(alias = "IFLA_VF_STATS_RX_PACKETS")]
        0 "rx-packets" rx_packets RxPackets RX_PACKETS: u64;
        /// Packets sent.
        #[doc(alias = "IFLA_VF_STATS_TX_PACKETS")]
        1 "tx-packets" tx_packets TxPackets TX_PACKETS: u64;
        /// Bytes received.
        #[doc(alias = "IFLA_VF_STATS_RX_BYTES")]
        2 "rx-bytes" rx_bytes RxBytes RX_BYTES: u64;
        /// Bytes sent.
        #[doc(alias = "IFLA_VF_STATS_TX_BYTES")]
        3 "tx-bytes" tx_bytes TxBytes TX_BYTES: u64;
        /// Broadcast packets received.
        #[doc(alias = "IFLA_VF_STATS_BROADCAST")]
        4 "broadcast" broadcast Broadcast BROADCAST: u64;
        /// Multicast packets received.
        #[doc(alias = "IFLA_VF_STATS_MULTICAST")]
        5 "multicast" multicast Multicast MULTICAST: u64;
        /// Alignment.
        #[doc(alias = "IFLA_VF_STATS_PAD")]
        6 "pad" pad Pad PAD: Pad;
        /// Received, but dropped.
        #[doc(alias = "IFLA_VF_STATS_RX_DROPPED")]
        7 "rx-dropped" rx_dropped RxDropped RX_DROPPED: u64;
        /// Dropped on the way out.
        #[doc(alias = "IFLA_VF_STATS_TX_DROPPED")]
        8 "tx-dropped" tx_dropped TxDropped TX_DROPPED: u64;
    }
}

attribute_set! {
    /// The VLANs of a virtual function.
    pub struct VfVlans | VfVlansAttr, "vf-vlan-attrs" {
        /// One of them.
        #[doc(alias = "IFLA_VF_VLAN_INFO")]
        1 "info" info Info INFO: Multi<CStruct<VfVlanInfo>>;
    }
}

attribute_set! {
    /// The ports of virtual functions on a switch.
    pub struct VfPorts | VfPortsAttr, "vf-ports-attrs" {
        /// One of them.
        #[doc(alias = "IFLA_VF_PORT")]
        1 "port" port Port PORT: Multi<BareNest<SwitchPort>>;
    }
}

attribute_set! {
    /// A port on a switch (802.1Qbh, 802.1Qbg).
    pub struct SwitchPort | SwitchPortAttr, "port-attrs" {
        /// The virtual function; all bits for the device itself.
        #[doc(alias = "IFLA_PORT_VF")]
        1 "vf" vf Vf VF: u32;
        /// The profile that the switch has for it.
        #[doc(alias = "IFLA_PORT_PROFILE")]
        2 "profile" profile Profile PROFILE: Str;
        /// The type of station, which no kernel takes any more.
        #[doc(alias = "IFLA_PORT_VSI_TYPE")]
        3 "vsi-type" vsi_type VsiType VSI_TYPE: Bytes;
        /// The identity of the machine behind it.
        #[doc(alias = "IFLA_PORT_INSTANCE_UUID")]
        4 "instance-uuid" instance_uuid InstanceUuid INSTANCE_UUID: Bytes [Uuid];
        /// The identity of the host.
        #[doc(alias = "IFLA_PORT_HOST_UUID")]
        5 "host-uuid" host_uuid HostUuid HOST_UUID: Bytes [Uuid];
        /// What is asked of the switch (PORT_REQUEST_*).
        #[doc(alias = "IFLA_PORT_REQUEST")]
        6 "request" request Request REQUEST: u8;
        /// What it said (PORT_PROFILE_RESPONSE_*).
        #[doc(alias = "IFLA_PORT_RESPONSE")]
        7 "response" response Response RESPONSE: u16;
    }
}

attribute_set! {
    /// Which protocols hold an interface down, a bit each.
    pub struct ProtoDownReason | ProtoDownReasonAttr, "proto-down-reason-attrs" {
        /// The bits that are meant.
        #[doc(alias = "IFLA_PROTO_DOWN_REASON_MASK")]
        1 "mask" mask Mask MASK: u32 [Hex];
        /// Those that are set.
        #[doc(alias = "IFLA_PROTO_DOWN_REASON_VALUE")]
        2 "value" value Value VALUE: u32 [Hex];
    }
}

attribute_set! {
    /// A pair of interfaces joined like a cable.
    pub struct Veth | VethAttr, "linkinfo-veth-attrs" {
        /// The other end, a whole link message: its name, namespace and so on.
        #[doc(alias = "VETH_INFO_PEER")]
        1 "peer" peer Peer PEER: Embedded<Ifinfomsg, Link, false>;
    }
}

attribute_set! {
    /// A VLAN on an interface.
    pub struct Vlan | VlanAttr, "linkinfo-vlan-attrs" {
        /// Its number, 0 to 4094.
        #[doc(alias = "IFLA_VLAN_ID")]
        1 "id" id Id ID: u16;
        /// How it behaves.
        #[doc(alias = "IFLA_VLAN_FLAGS")]
        2 "flags" flags Flags FLAGS: CStruct<VlanFlagsMask>;
        /// Header priorities by those of packets.
        #[doc(alias = "IFLA_VLAN_EGRESS_QOS")]
        3 "egress-qos" egress_qos EgressQos EGRESS_QOS: BareNest<VlanQos>;
        /// Packet priorities by those of headers.
        #[doc(alias = "IFLA_VLAN_INGRESS_QOS")]
        4 "ingress-qos" ingress_qos IngressQos INGRESS_QOS: BareNest<VlanQos>;
        /// Its header.
        #[doc(alias = "IFLA_VLAN_PROTOCOL")]
        5 "protocol" protocol Protocol PROTOCOL: Named<VlanProtocol, Be<u16>>;
    }
}

attribute_set! {
    /// Priorities of a VLAN.
    pub struct VlanQos | VlanQosAttr, "vlan-qos-attrs" {
        /// One of them.
        #[doc(alias = "IFLA_VLAN_QOS_MAPPING")]
        1 "mapping" mapping Mapping MAPPING: Multi<CStruct<VlanQosMapping>>;
    }
}

attribute_set! {
    /// A network of Ethernet tunnels over UDP.
    pub struct Vxlan | VxlanAttr, "linkinfo-vxlan-attrs" {
        /// Its number (VNI), of 24 bits.
        #[doc(alias = "IFLA_VXLAN_ID")]
        1 "id" id Id ID: u32;
        /// The multicast group or the one remote end, of IPv4.
        #[doc(alias = "IFLA_VXLAN_GROUP")]
        2 "group" group Group GROUP: Ip;
        /// The multicast group or the one remote end, of IPv6.
        #[doc(alias = "IFLA_VXLAN_GROUP6")]
        16 "group6" group6 Group6 GROUP6: Ip;
        /// The interface that it sends on.
        #[doc(alias = "IFLA_VXLAN_LINK")]
        3 "link" link Link LINK: u32;
        /// The source address, of IPv4.
        #[doc(alias = "IFLA_VXLAN_LOCAL")]
        4 "local" local Local LOCAL: Ip;
        /// The source address, of IPv6.
        #[doc(alias = "IFLA_VXLAN_LOCAL6")]
        17 "local6" local6 Local6 LOCAL6: Ip;
        /// The hop limit; 0 inherits.
        #[doc(alias = "IFLA_VXLAN_TTL")]
        5 "ttl" ttl Ttl TTL: u8;
        /// The hop limit is that of the packet inside: asked for without a value, told as a byte that is 0 or 1.
        #[doc(alias = "IFLA_VXLAN_TTL_INHERIT")]
        28 "ttl-inherit" ttl_inherit TtlInherit TTL_INHERIT: Bytes;
        /// The type of service; 1 inherits.
        #[doc(alias = "IFLA_VXLAN_TOS")]
        6 "tos" tos Tos TOS: u8;
        /// The don't-fragment bit.
        #[doc(alias = "IFLA_VXLAN_DF")]
        29 "df" df Df DF: Named<TunnelDf, u8>;
        /// The flow label.
        #[doc(alias = "IFLA_VXLAN_LABEL")]
        26 "label" label Label LABEL: Be<u32>;
        /// Where the flow label comes from.
        #[doc(alias = "IFLA_VXLAN_LABEL_POLICY")]
        32 "label-policy" label_policy LabelPolicy LABEL_POLICY: u32;
        /// Whether it learns addresses from what comes in.
        #[doc(alias = "IFLA_VXLAN_LEARNING")]
        7 "learning" learning Learning LEARNING: u8;
        /// Whether it answers for neighbours.
        #[doc(alias = "IFLA_VXLAN_PROXY")]
        11 "proxy" proxy Proxy PROXY: u8;
        /// Whether it routes by itself.
        #[doc(alias = "IFLA_VXLAN_RSC")]
        12 "rsc" rsc Rsc RSC: u8;
        /// Whether it tells of hardware addresses that it lacks.
        #[doc(alias = "IFLA_VXLAN_L2MISS")]
        13 "l2miss" l2miss L2miss L2MISS: u8;
        /// Whether it tells of addresses that it lacks.
        #[doc(alias = "IFLA_VXLAN_L3MISS")]
        14 "l3miss" l3miss L3miss L3MISS: u8;
        /// Whether programs say where each packet goes.
        #[doc(alias = "IFLA_VXLAN_COLLECT_METADATA")]
        25 "collect-metadata" collect_metadata CollectMetadata COLLECT_METADATA: u8;
        /// After how long it forgets them; seconds.
        #[doc(alias = "IFLA_VXLAN_AGEING")]
        8 "ageing" ageing Ageing AGEING: u32;
        /// The most addresses; 0 for any number.
        #[doc(alias = "IFLA_VXLAN_LIMIT")]
        9 "limit" limit Limit LIMIT: u32;
        /// The destination port.
        #[doc(alias = "IFLA_VXLAN_PORT")]
        15 "port" port Port PORT: Be<u16>;
        /// Whether UDP has checksums over IPv4.
        #[doc(alias = "IFLA_VXLAN_UDP_CSUM")]
        18 "udp-csum" udp_csum UdpCsum UDP_CSUM: u8;
        /// Whether it sends UDP without checksums over IPv6.
        #[doc(alias = "IFLA_VXLAN_UDP_ZERO_CSUM6_TX")]
        19 "udp-zero-csum6-tx" udp_zero_csum6_tx UdpZeroCsum6Tx UDP_ZERO_CSUM6_TX: u8;
        /// Whether it takes UDP without checksums over IPv6.
        #[doc(alias = "IFLA_VXLAN_UDP_ZERO_CSUM6_RX")]
        20 "udp-zero-csum6-rx" udp_zero_csum6_rx UdpZeroCsum6Rx UDP_ZERO_CSUM6_RX: u8;
        /// Whether it leaves checksums to the remote end.
        #[doc(alias = "IFLA_VXLAN_REMCSUM_TX")]
        21 "remcsum-tx" remcsum_tx RemcsumTx REMCSUM_TX: u8;
        /// Whether it computes those left to it.
        #[doc(alias = "IFLA_VXLAN_REMCSUM_RX")]
        22 "remcsum-rx" remcsum_rx RemcsumRx REMCSUM_RX: u8;
        /// Whether what goes to this host stays in it.
        #[doc(alias = "IFLA_VXLAN_LOCALBYPASS")]
        31 "localbypass" localbypass Localbypass LOCALBYPASS: u8;
        /// The source ports.
        #[doc(alias = "IFLA_VXLAN_PORT_RANGE")]
        10 "port-range" port_range PortRange PORT_RANGE: CStruct<PortRange>;
        /// Which reserved bits of the header may be set.
        #[doc(alias = "IFLA_VXLAN_RESERVED_BITS")]
        33 "reserved-bits" reserved_bits ReservedBits RESERVED_BITS: Bytes [Hex];
        /// Carries group policies.
        #[doc(alias = "IFLA_VXLAN_GBP")]
        23 "gbp" gbp Gbp GBP: Flag;
        /// Leaves no part of such checksums.
        #[doc(alias = "IFLA_VXLAN_REMCSUM_NOPARTIAL")]
        24 "remcsum-nopartial" remcsum_nopartial RemcsumNopartial REMCSUM_NOPARTIAL: Flag;
        /// Carries other protocols than Ethernet (VXLAN-GPE).
        #[doc(alias = "IFLA_VXLAN_GPE")]
        27 "gpe" gpe Gpe GPE: Flag;
        /// Whether it takes the numbers of a list alone.
        #[doc(alias = "IFLA_VXLAN_VNIFILTER")]
        30 "vnifilter" vnifilter Vnifilter VNIFILTER: u8;
        /// Whether multicast is routed.
        #[doc(alias = "IFLA_VXLAN_MC_ROUTE")]
        34 "mc-route" mc_route McRoute MC_ROUTE: u8;
    }
}

attribute_set! {
    /// A bridge. Times are in hundredths of a second.
    pub struct Bridge | BridgeAttr, "linkinfo-bridge-attrs" {
        /// How long a port listens and learns.
        #[doc(alias = "IFLA_BR_FORWARD_DELAY")]
        1 "forward-delay" forward_delay ForwardDelay FORWARD_DELAY: u32;
        /// Between messages of the root.
        #[doc(alias = "IFLA_BR_HELLO_TIME")]
        2 "hello-time" hello_time HelloTime HELLO_TIME: u32;
        /// After which a silent root is gone.
        #[doc(alias = "IFLA_BR_MAX_AGE")]
        3 "max-age" max_age MaxAge MAX_AGE: u32;
        /// After which an address is forgotten.
        #[doc(alias = "IFLA_BR_AGEING_TIME")]
        4 "ageing-time" ageing_time AgeingTime AGEING_TIME: u32;
        /// Whether there is a spanning tree, the kernel's (1) or another program's (2).
        #[doc(alias = "IFLA_BR_STP_STATE")]
        5 "stp-state" stp_state StpState STP_STATE: u32;
        /// Its priority as a root.
        #[doc(alias = "IFLA_BR_PRIORITY")]
        6 "priority" priority Priority PRIORITY: u16;
        /// Whether it knows VLANs.
        #[doc(alias = "IFLA_BR_VLAN_FILTERING")]
        7 "vlan-filtering" vlan_filtering VlanFiltering VLAN_FILTERING: u8;
        /// Their header.
        #[doc(alias = "IFLA_BR_VLAN_PROTOCOL")]
        8 "vlan-protocol" vlan_protocol VlanProtocol VLAN_PROTOCOL: Named<VlanProtocol, Be<u16>>;
        /// Which addresses of link protocols it forwards.
        #[doc(alias = "IFLA_BR_GROUP_FWD_MASK")]
        9 "group-fwd-mask" group_fwd_mask GroupFwdMask GROUP_FWD_MASK: u16 [Hex];
        /// The root.
        #[doc(alias = "IFLA_BR_ROOT_ID")]
        10 "root-id" root_id RootId ROOT_ID: CStruct<BridgeId>;
        /// Its own identity.
        #[doc(alias = "IFLA_BR_BRIDGE_ID")]
        11 "bridge-id" bridge_id BridgeId BRIDGE_ID: CStruct<BridgeId>;
        /// The port to the root.
        #[doc(alias = "IFLA_BR_ROOT_PORT")]
        12 "root-port" root_port RootPort ROOT_PORT: u16;
        /// How far the root is.
        #[doc(alias = "IFLA_BR_ROOT_PATH_COST")]
        13 "root-path-cost" root_path_cost RootPathCost ROOT_PATH_COST: u32;
        /// Whether the tree is changing.
        #[doc(alias = "IFLA_BR_TOPOLOGY_CHANGE")]
        14 "topology-change" topology_change TopologyChange TOPOLOGY_CHANGE: u8;
        /// Whether it has seen a change itself.
        #[doc(alias = "IFLA_BR_TOPOLOGY_CHANGE_DETECTED")]
        15 "topology-change-detected" topology_change_detected TopologyChangeDetected TOPOLOGY_CHANGE_DETECTED: u8;
        /// Left of that time.
        #[doc(alias = "IFLA_BR_HELLO_TIMER")]
        16 "hello-timer" hello_timer HelloTimer HELLO_TIMER: u64;
        /// Left until it tells of a change again.
        #[doc(alias = "IFLA_BR_TCN_TIMER")]
        17 "tcn-timer" tcn_timer TcnTimer TCN_TIMER: u64;
        /// Left of a change.
        #[doc(alias = "IFLA_BR_TOPOLOGY_CHANGE_TIMER")]
        18 "topology-change-timer" topology_change_timer TopologyChangeTimer TOPOLOGY_CHANGE_TIMER: u64;
        /// Left until addresses are looked through.
        #[doc(alias = "IFLA_BR_GC_TIMER")]
        19 "gc-timer" gc_timer GcTimer GC_TIMER: u64;
        /// The address that bridges talk to.
        #[doc(alias = "IFLA_BR_GROUP_ADDR")]
        20 "group-addr" group_addr GroupAddr GROUP_ADDR: Bytes [Mac];
        /// Forget all addresses.
        #[doc(alias = "IFLA_BR_FDB_FLUSH")]
        21 "fdb-flush" fdb_flush FdbFlush FDB_FLUSH: Bytes;
        /// Whether it counts as a multicast router; 1 if it finds out.
        #[doc(alias = "IFLA_BR_MCAST_ROUTER")]
        22 "mcast-router" mcast_router McastRouter MCAST_ROUTER: u8;
        /// Whether it follows who listens to what.
        #[doc(alias = "IFLA_BR_MCAST_SNOOPING")]
        23 "mcast-snooping" mcast_snooping McastSnooping MCAST_SNOOPING: u8;
        /// Whether queries have its own address.
        #[doc(alias = "IFLA_BR_MCAST_QUERY_USE_IFADDR")]
        24 "mcast-query-use-ifaddr" mcast_query_use_ifaddr McastQueryUseIfaddr MCAST_QUERY_USE_IFADDR: u8;
        /// Whether it asks who listens.
        #[doc(alias = "IFLA_BR_MCAST_QUERIER")]
        25 "mcast-querier" mcast_querier McastQuerier MCAST_QUERIER: u8;
        /// No longer used.
        #[doc(alias = "IFLA_BR_MCAST_HASH_ELASTICITY")]
        26 "mcast-hash-elasticity" mcast_hash_elasticity McastHashElasticity MCAST_HASH_ELASTICITY: u32;
        /// The most groups.
        #[doc(alias = "IFLA_BR_MCAST_HASH_MAX")]
        27 "mcast-hash-max" mcast_hash_max McastHashMax MCAST_HASH_MAX: u32;
        /// Queries before a group is left.
        #[doc(alias = "IFLA_BR_MCAST_LAST_MEMBER_CNT")]
        28 "mcast-last-member-cnt" mcast_last_member_cnt McastLastMemberCnt MCAST_LAST_MEMBER_CNT: u32;
        /// Queries at the start.
        #[doc(alias = "IFLA_BR_MCAST_STARTUP_QUERY_CNT")]
        29 "mcast-startup-query-cnt" mcast_startup_query_cnt McastStartupQueryCnt MCAST_STARTUP_QUERY_CNT: u32;
        /// Between those before a group is left.
        #[doc(alias = "IFLA_BR_MCAST_LAST_MEMBER_INTVL")]
        30 "mcast-last-member-intvl" mcast_last_member_intvl McastLastMemberIntvl MCAST_LAST_MEMBER_INTVL: u64;
        /// After which a listener is gone.
        #[doc(alias = "IFLA_BR_MCAST_MEMBERSHIP_INTVL")]
        31 "mcast-membership-intvl" mcast_membership_intvl McastMembershipIntvl MCAST_MEMBERSHIP_INTVL: u64;
        /// After which another querier is gone.
        #[doc(alias = "IFLA_BR_MCAST_QUERIER_INTVL")]
        32 "mcast-querier-intvl" mcast_querier_intvl McastQuerierIntvl MCAST_QUERIER_INTVL: u64;
        /// Between queries.
        #[doc(alias = "IFLA_BR_MCAST_QUERY_INTVL")]
        33 "mcast-query-intvl" mcast_query_intvl McastQueryIntvl MCAST_QUERY_INTVL: u64;
        /// Within which listeners answer.
        #[doc(alias = "IFLA_BR_MCAST_QUERY_RESPONSE_INTVL")]
        34 "mcast-query-response-intvl" mcast_query_response_intvl McastQueryResponseIntvl MCAST_QUERY_RESPONSE_INTVL: u64;
        /// Between those at the start.
        #[doc(alias = "IFLA_BR_MCAST_STARTUP_QUERY_INTVL")]
        35 "mcast-startup-query-intvl" mcast_startup_query_intvl McastStartupQueryIntvl MCAST_STARTUP_QUERY_INTVL: u64;
        /// Whether iptables sees what it bridges.
        #[doc(alias = "IFLA_BR_NF_CALL_IPTABLES")]
        36 "nf-call-iptables" nf_call_iptables NfCallIptables NF_CALL_IPTABLES: u8;
        /// Whether ip6tables does.
        #[doc(alias = "IFLA_BR_NF_CALL_IP6TABLES")]
        37 "nf-call-ip6tables" nf_call_ip6tables NfCallIp6tables NF_CALL_IP6TABLES: u8;
        /// Whether arptables does.
        #[doc(alias = "IFLA_BR_NF_CALL_ARPTABLES")]
        38 "nf-call-arptables" nf_call_arptables NfCallArptables NF_CALL_ARPTABLES: u8;
        /// The VLAN of new ports.
        #[doc(alias = "IFLA_BR_VLAN_DEFAULT_PVID")]
        39 "vlan-default-pvid" vlan_default_pvid VlanDefaultPvid VLAN_DEFAULT_PVID: u16;
        /// Alignment.
        #[doc(alias = "IFLA_BR_PAD")]
        40 "pad" pad Pad PAD: Pad;
        /// Whether it counts by VLAN.
        #[doc(alias = "IFLA_BR_VLAN_STATS_ENABLED")]
        41 "vlan-stats-enabled" vlan_stats_enabled VlanStatsEnabled VLAN_STATS_ENABLED: u8;
        /// Whether it counts multicast.
        #[doc(alias = "IFLA_BR_MCAST_STATS_ENABLED")]
        42 "mcast-stats-enabled" mcast_stats_enabled McastStatsEnabled MCAST_STATS_ENABLED: u8;
        /// Which IGMP it speaks.
        #[doc(alias = "IFLA_BR_MCAST_IGMP_VERSION")]
        43 "mcast-igmp-version" mcast_igmp_version McastIgmpVersion MCAST_IGMP_VERSION: u8;
        /// Which MLD it speaks.
        #[doc(alias = "IFLA_BR_MCAST_MLD_VERSION")]
        44 "mcast-mld-version" mcast_mld_version McastMldVersion MCAST_MLD_VERSION: u8;
        /// Whether it counts by VLAN and port.
        #[doc(alias = "IFLA_BR_VLAN_STATS_PER_PORT")]
        45 "vlan-stats-per-port" vlan_stats_per_port VlanStatsPerPort VLAN_STATS_PER_PORT: u8;
        /// Options that are on or off.
        #[doc(alias = "IFLA_BR_MULTI_BOOLOPT")]
        46 "multi-boolopt" multi_boolopt MultiBoolopt MULTI_BOOLOPT: CStruct<BridgeOptions>;
        /// Who asks.
        #[doc(alias = "IFLA_BR_MCAST_QUERIER_STATE")]
        47 "mcast-querier-state" mcast_querier_state McastQuerierState MCAST_QUERIER_STATE: Nest<BridgeQuerier>;
        /// How many addresses it has learned.
        #[doc(alias = "IFLA_BR_FDB_N_LEARNED")]
        48 "fdb-n-learned" fdb_n_learned FdbNLearned FDB_N_LEARNED: u32;
        /// How many it may.
        #[doc(alias = "IFLA_BR_FDB_MAX_LEARNED")]
        49 "fdb-max-learned" fdb_max_learned FdbMaxLearned FDB_MAX_LEARNED: u32;
        /// Who runs the spanning tree.
        #[doc(alias = "IFLA_BR_STP_MODE")]
        50 "stp-mode" stp_mode StpMode STP_MODE: u32;
    }
}

attribute_set! {
    /// Who asks for listeners on a bridge.
    pub struct BridgeQuerier | BridgeQuerierAttr, "bridge-querier-attrs" {
        /// Who does of IPv4.
        #[doc(alias = "BRIDGE_QUERIER_IP_ADDRESS")]
        1 "ip-address" ip_address IpAddress IP_ADDRESS: Ip;
        /// The port that leads there.
        #[doc(alias = "BRIDGE_QUERIER_IP_PORT")]
        2 "ip-port" ip_port IpPort IP_PORT: u32;
        /// Left until it is gone, in milliseconds.
        #[doc(alias = "BRIDGE_QUERIER_IP_OTHER_TIMER")]
        3 "ip-other-timer" ip_other_timer IpOtherTimer IP_OTHER_TIMER: u64;
        /// Alignment.
        #[doc(alias = "BRIDGE_QUERIER_PAD")]
        4 "pad" pad Pad PAD: Pad;
        /// Who does of IPv6.
        #[doc(alias = "BRIDGE_QUERIER_IPV6_ADDRESS")]
        5 "ipv6-address" ipv6_address Ipv6Address IPV6_ADDRESS: Ip;
        /// The port that leads there.
        #[doc(alias = "BRIDGE_QUERIER_IPV6_PORT")]
        6 "ipv6-port" ipv6_port Ipv6Port IPV6_PORT: u32;
        /// Left until it is gone, in milliseconds.
        #[doc(alias = "BRIDGE_QUERIER_IPV6_OTHER_TIMER")]
        7 "ipv6-other-timer" ipv6_other_timer Ipv6OtherTimer IPV6_OTHER_TIMER: u64;
    }
}

attribute_set! {
    /// A port of a bridge. Times are in hundredths of a second.
    pub struct BridgePort | BridgePortAttr, "linkinfo-brport-attrs" {
        /// Its state.
        #[doc(alias = "IFLA_BRPORT_STATE")]
        1 "state" state State STATE: Named<PortState, u8>;
        /// Its priority.
        #[doc(alias = "IFLA_BRPORT_PRIORITY")]
        2 "priority" priority Priority PRIORITY: u16;
        /// What the way through it costs.
        #[doc(alias = "IFLA_BRPORT_COST")]
        3 "cost" cost Cost COST: u32;
        /// Whether it sends back where packets came from.
        #[doc(alias = "IFLA_BRPORT_MODE")]
        4 "mode" mode Mode MODE: u8;
        /// Whether messages of the tree shut it.
        #[doc(alias = "IFLA_BRPORT_GUARD")]
        5 "guard" guard Guard GUARD: u8;
        /// Whether it cannot become the way to the root.
        #[doc(alias = "IFLA_BRPORT_PROTECT")]
        6 "protect" protect Protect PROTECT: u8;
        /// Whether a group is left at once.
        #[doc(alias = "IFLA_BRPORT_FAST_LEAVE")]
        7 "fast-leave" fast_leave FastLeave FAST_LEAVE: u8;
        /// Whether it learns addresses.
        #[doc(alias = "IFLA_BRPORT_LEARNING")]
        8 "learning" learning Learning LEARNING: u8;
        /// Whether unknown destinations go out here.
        #[doc(alias = "IFLA_BRPORT_UNICAST_FLOOD")]
        9 "unicast-flood" unicast_flood UnicastFlood UNICAST_FLOOD: u8;
        /// Whether it answers ARP.
        #[doc(alias = "IFLA_BRPORT_PROXYARP")]
        10 "proxyarp" proxyarp Proxyarp PROXYARP: u8;
        /// Whether it takes addresses that hardware learned.
        #[doc(alias = "IFLA_BRPORT_LEARNING_SYNC")]
        11 "learning-sync" learning_sync LearningSync LEARNING_SYNC: u8;
        /// The same for wireless stations.
        #[doc(alias = "IFLA_BRPORT_PROXYARP_WIFI")]
        12 "proxyarp-wifi" proxyarp_wifi ProxyarpWifi PROXYARP_WIFI: u8;
        /// The root that it knows of.
        #[doc(alias = "IFLA_BRPORT_ROOT_ID")]
        13 "root-id" root_id RootId ROOT_ID: CStruct<BridgeId>;
        /// The bridge that it is told of.
        #[doc(alias = "IFLA_BRPORT_BRIDGE_ID")]
        14 "bridge-id" bridge_id BridgeId BRIDGE_ID: CStruct<BridgeId>;
        /// The port that it is told of.
        #[doc(alias = "IFLA_BRPORT_DESIGNATED_PORT")]
        15 "designated-port" designated_port DesignatedPort DESIGNATED_PORT: u16;
        /// The cost that it is told of.
        #[doc(alias = "IFLA_BRPORT_DESIGNATED_COST")]
        16 "designated-cost" designated_cost DesignatedCost DESIGNATED_COST: u16;
        /// Its identity.
        #[doc(alias = "IFLA_BRPORT_ID")]
        17 "id" id Id ID: u16;
        /// Its number.
        #[doc(alias = "IFLA_BRPORT_NO")]
        18 "no" no No NO: u16;
        /// Whether it acknowledges a change.
        #[doc(alias = "IFLA_BRPORT_TOPOLOGY_CHANGE_ACK")]
        19 "topology-change-ack" topology_change_ack TopologyChangeAck TOPOLOGY_CHANGE_ACK: u8;
        /// Whether it has something to tell.
        #[doc(alias = "IFLA_BRPORT_CONFIG_PENDING")]
        20 "config-pending" config_pending ConfigPending CONFIG_PENDING: u8;
        /// Left until what it knows is old.
        #[doc(alias = "IFLA_BRPORT_MESSAGE_AGE_TIMER")]
        21 "message-age-timer" message_age_timer MessageAgeTimer MESSAGE_AGE_TIMER: u64;
        /// Left of listening or learning.
        #[doc(alias = "IFLA_BRPORT_FORWARD_DELAY_TIMER")]
        22 "forward-delay-timer" forward_delay_timer ForwardDelayTimer FORWARD_DELAY_TIMER: u64;
        /// Left until it may tell again.
        #[doc(alias = "IFLA_BRPORT_HOLD_TIMER")]
        23 "hold-timer" hold_timer HoldTimer HOLD_TIMER: u64;
        /// Forget its addresses.
        #[doc(alias = "IFLA_BRPORT_FLUSH")]
        24 "flush" flush Flush FLUSH: Flag;
        /// Whether a multicast router is behind it.
        #[doc(alias = "IFLA_BRPORT_MULTICAST_ROUTER")]
        25 "multicast-router" multicast_router MulticastRouter MULTICAST_ROUTER: u8;
        /// Alignment.
        #[doc(alias = "IFLA_BRPORT_PAD")]
        26 "pad" pad Pad PAD: Pad;
        /// Whether unknown multicast goes out here.
        #[doc(alias = "IFLA_BRPORT_MCAST_FLOOD")]
        27 "mcast-flood" mcast_flood McastFlood MCAST_FLOOD: u8;
        /// Whether multicast becomes unicast.
        #[doc(alias = "IFLA_BRPORT_MCAST_TO_UCAST")]
        28 "mcast-to-ucast" mcast_to_ucast McastToUcast MCAST_TO_UCAST: u8;
        /// Whether VLANs become tunnels.
        #[doc(alias = "IFLA_BRPORT_VLAN_TUNNEL")]
        29 "vlan-tunnel" vlan_tunnel VlanTunnel VLAN_TUNNEL: u8;
        /// Whether broadcasts go out here.
        #[doc(alias = "IFLA_BRPORT_BCAST_FLOOD")]
        30 "bcast-flood" bcast_flood BcastFlood BCAST_FLOOD: u8;
        /// Which addresses of link protocols it forwards.
        #[doc(alias = "IFLA_BRPORT_GROUP_FWD_MASK")]
        31 "group-fwd-mask" group_fwd_mask GroupFwdMask GROUP_FWD_MASK: u16 [Hex];
        /// Whether it answers for neighbours.
        #[doc(alias = "IFLA_BRPORT_NEIGH_SUPPRESS")]
        32 "neigh-suppress" neigh_suppress NeighSuppress NEIGH_SUPPRESS: u8;
        /// Whether it talks to no other isolated port.
        #[doc(alias = "IFLA_BRPORT_ISOLATED")]
        33 "isolated" isolated Isolated ISOLATED: u8;
        /// The interface that takes over.
        #[doc(alias = "IFLA_BRPORT_BACKUP_PORT")]
        34 "backup-port" backup_port BackupPort BACKUP_PORT: u32;
        /// Whether the ring is open.
        #[doc(alias = "IFLA_BRPORT_MRP_RING_OPEN")]
        35 "mrp-ring-open" mrp_ring_open MrpRingOpen MRP_RING_OPEN: u8;
        /// Whether the interconnection is open.
        #[doc(alias = "IFLA_BRPORT_MRP_IN_OPEN")]
        36 "mrp-in-open" mrp_in_open MrpInOpen MRP_IN_OPEN: u8;
        /// How many hosts are followed.
        #[doc(alias = "IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT")]
        37 "mcast-eht-hosts-limit" mcast_eht_hosts_limit McastEhtHostsLimit MCAST_EHT_HOSTS_LIMIT: u32;
        /// How many there are.
        #[doc(alias = "IFLA_BRPORT_MCAST_EHT_HOSTS_CNT")]
        38 "mcast-eht-hosts-cnt" mcast_eht_hosts_cnt McastEhtHostsCnt MCAST_EHT_HOSTS_CNT: u32;
        /// Whether it takes known addresses alone.
        #[doc(alias = "IFLA_BRPORT_LOCKED")]
        39 "locked" locked Locked LOCKED: u8;
        /// Whether it tells of addresses that it refused.
        #[doc(alias = "IFLA_BRPORT_MAB")]
        40 "mab" mab Mab MAB: u8;
        /// How many groups it is in.
        #[doc(alias = "IFLA_BRPORT_MCAST_N_GROUPS")]
        41 "mcast-n-groups" mcast_n_groups McastNGroups MCAST_N_GROUPS: u32;
        /// How many it may be in.
        #[doc(alias = "IFLA_BRPORT_MCAST_MAX_GROUPS")]
        42 "mcast-max-groups" mcast_max_groups McastMaxGroups MCAST_MAX_GROUPS: u32;
        /// Whether it answers for neighbours by VLAN.
        #[doc(alias = "IFLA_BRPORT_NEIGH_VLAN_SUPPRESS")]
        43 "neigh-vlan-suppress" neigh_vlan_suppress NeighVlanSuppress NEIGH_VLAN_SUPPRESS: u8;
        /// The nexthop to use with the interface that takes over.
        #[doc(alias = "IFLA_BRPORT_BACKUP_NHID")]
        44 "backup-nhid" backup_nhid BackupNhid BACKUP_NHID: u32;
    }
}

attribute_set! {
    /// Interfaces that act as one. Times are in milliseconds.
    pub struct Bond | BondAttr, "linkinfo-bond-attrs" {
        /// How traffic is spread.
        #[doc(alias = "IFLA_BOND_MODE")]
        1 "mode" mode Mode MODE: Named<BondMode, u8>;
        /// The member in use.
        #[doc(alias = "IFLA_BOND_ACTIVE_SLAVE")]
        2 "active-slave" active_slave ActiveSlave ACTIVE_SLAVE: u32;
        /// How often links are looked at; 0 for never.
        #[doc(alias = "IFLA_BOND_MIIMON")]
        3 "miimon" miimon Miimon MIIMON: u32;
        /// How long before a link counts as up.
        #[doc(alias = "IFLA_BOND_UPDELAY")]
        4 "updelay" updelay Updelay UPDELAY: u32;
        /// How long before it counts as down.
        #[doc(alias = "IFLA_BOND_DOWNDELAY")]
        5 "downdelay" downdelay Downdelay DOWNDELAY: u32;
        /// Whether the carrier tells.
        #[doc(alias = "IFLA_BOND_USE_CARRIER")]
        6 "use-carrier" use_carrier UseCarrier USE_CARRIER: u8;
        /// How often ARP is sent; 0 for never.
        #[doc(alias = "IFLA_BOND_ARP_INTERVAL")]
        7 "arp-interval" arp_interval ArpInterval ARP_INTERVAL: u32;
        /// Who is asked by ARP.
        #[doc(alias = "IFLA_BOND_ARP_IP_TARGET")]
        8 "arp-ip-target" arp_ip_target ArpIpTarget ARP_IP_TARGET: Indexed<Be<u32>, 0, 1, true> [Ipv4];
        /// Which answers are checked.
        #[doc(alias = "IFLA_BOND_ARP_VALIDATE")]
        9 "arp-validate" arp_validate ArpValidate ARP_VALIDATE: u32;
        /// Whether all must answer.
        #[doc(alias = "IFLA_BOND_ARP_ALL_TARGETS")]
        10 "arp-all-targets" arp_all_targets ArpAllTargets ARP_ALL_TARGETS: u32;
        /// The member to prefer.
        #[doc(alias = "IFLA_BOND_PRIMARY")]
        11 "primary" primary Primary PRIMARY: u32;
        /// When it is taken again.
        #[doc(alias = "IFLA_BOND_PRIMARY_RESELECT")]
        12 "primary-reselect" primary_reselect PrimaryReselect PRIMARY_RESELECT: u8;
        /// Whose hardware address the bond has.
        #[doc(alias = "IFLA_BOND_FAIL_OVER_MAC")]
        13 "fail-over-mac" fail_over_mac FailOverMac FAIL_OVER_MAC: u8;
        /// What is hashed.
        #[doc(alias = "IFLA_BOND_XMIT_HASH_POLICY")]
        14 "xmit-hash-policy" xmit_hash_policy XmitHashPolicy XMIT_HASH_POLICY: Named<BondXmitPolicy, u8>;
        /// How often groups are joined anew.
        #[doc(alias = "IFLA_BOND_RESEND_IGMP")]
        15 "resend-igmp" resend_igmp ResendIgmp RESEND_IGMP: u32;
        /// How often neighbours are told.
        #[doc(alias = "IFLA_BOND_NUM_PEER_NOTIF")]
        16 "num-peer-notif" num_peer_notif NumPeerNotif NUM_PEER_NOTIF: u8;
        /// Whether members in reserve receive.
        #[doc(alias = "IFLA_BOND_ALL_SLAVES_ACTIVE")]
        17 "all-slaves-active" all_slaves_active AllSlavesActive ALL_SLAVES_ACTIVE: u8;
        /// How many must be up.
        #[doc(alias = "IFLA_BOND_MIN_LINKS")]
        18 "min-links" min_links MinLinks MIN_LINKS: u32;
        /// Between packets that teach switches; seconds.
        #[doc(alias = "IFLA_BOND_LP_INTERVAL")]
        19 "lp-interval" lp_interval LpInterval LP_INTERVAL: u32;
        /// How many before the next member's turn.
        #[doc(alias = "IFLA_BOND_PACKETS_PER_SLAVE")]
        20 "packets-per-slave" packets_per_slave PacketsPerSlave PACKETS_PER_SLAVE: u32;
        /// Whether LACP is fast.
        #[doc(alias = "IFLA_BOND_AD_LACP_RATE")]
        21 "ad-lacp-rate" ad_lacp_rate AdLacpRate AD_LACP_RATE: u8;
        /// How an aggregate is chosen.
        #[doc(alias = "IFLA_BOND_AD_SELECT")]
        22 "ad-select" ad_select AdSelect AD_SELECT: u8;
        /// The aggregate.
        #[doc(alias = "IFLA_BOND_AD_INFO")]
        23 "ad-info" ad_info AdInfo AD_INFO: BareNest<BondAdInfo>;
        /// The priority of this system.
        #[doc(alias = "IFLA_BOND_AD_ACTOR_SYS_PRIO")]
        24 "ad-actor-sys-prio" ad_actor_sys_prio AdActorSysPrio AD_ACTOR_SYS_PRIO: u16;
        /// The part of the key that is free.
        #[doc(alias = "IFLA_BOND_AD_USER_PORT_KEY")]
        25 "ad-user-port-key" ad_user_port_key AdUserPortKey AD_USER_PORT_KEY: u16;
        /// The address of this system.
        #[doc(alias = "IFLA_BOND_AD_ACTOR_SYSTEM")]
        26 "ad-actor-system" ad_actor_system AdActorSystem AD_ACTOR_SYSTEM: Bytes [Mac];
        /// Whether the load is looked at.
        #[doc(alias = "IFLA_BOND_TLB_DYNAMIC_LB")]
        27 "tlb-dynamic-lb" tlb_dynamic_lb TlbDynamicLb TLB_DYNAMIC_LB: u8;
        /// Between telling neighbours.
        #[doc(alias = "IFLA_BOND_PEER_NOTIF_DELAY")]
        28 "peer-notif-delay" peer_notif_delay PeerNotifDelay PEER_NOTIF_DELAY: u32;
        /// Whether LACP speaks first.
        #[doc(alias = "IFLA_BOND_AD_LACP_ACTIVE")]
        29 "ad-lacp-active" ad_lacp_active AdLacpActive AD_LACP_ACTIVE: u8;
        /// How many answers may be missing.
        #[doc(alias = "IFLA_BOND_MISSED_MAX")]
        30 "missed-max" missed_max MissedMax MISSED_MAX: u8;
        /// Who is asked by neighbour discovery.
        #[doc(alias = "IFLA_BOND_NS_IP6_TARGET")]
        31 "ns-ip6-target" ns_ip6_target NsIp6Target NS_IP6_TARGET: Indexed<Fixed<16>, 0> [Ipv6];
        /// Whether states of LACP are joined.
        #[doc(alias = "IFLA_BOND_COUPLED_CONTROL")]
        32 "coupled-control" coupled_control CoupledControl COUPLED_CONTROL: u8;
        /// Whether ARP and neighbour discovery go to all members.
        #[doc(alias = "IFLA_BOND_BROADCAST_NEIGH")]
        33 "broadcast-neigh" broadcast_neigh BroadcastNeigh BROADCAST_NEIGH: u8;
        /// Whether members without LACP are left out.
        #[doc(alias = "IFLA_BOND_LACP_STRICT")]
        34 "lacp-strict" lacp_strict LacpStrict LACP_STRICT: u8;
    }
}

attribute_set! {
    /// The aggregate of a bond.
    pub struct BondAdInfo | BondAdInfoAttr, "bond-ad-info-attrs" {
        /// Its number.
        #[doc(alias = "IFLA_BOND_AD_INFO_AGGREGATOR")]
        1 "aggregator" aggregator Aggregator AGGREGATOR: u16;
        /// How many ports it has.
        #[doc(alias = "IFLA_BOND_AD_INFO_NUM_PORTS")]
        2 "num-ports" num_ports NumPorts NUM_PORTS: u16;
        /// The key of this system.
        #[doc(alias = "IFLA_BOND_AD_INFO_ACTOR_KEY")]
        3 "actor-key" actor_key ActorKey ACTOR_KEY: u16;
        /// The key of the other one.
        #[doc(alias = "IFLA_BOND_AD_INFO_PARTNER_KEY")]
        4 "partner-key" partner_key PartnerKey PARTNER_KEY: u16;
        /// The address of the other one.
        #[doc(alias = "IFLA_BOND_AD_INFO_PARTNER_MAC")]
        5 "partner-mac" partner_mac PartnerMac PARTNER_MAC: Bytes [Mac];
    }
}

attribute_set! {
    /// A member of a bond.
    pub struct BondSlave | BondSlaveAttr, "bond-slave-attrs" {
        /// What it is.
        #[doc(alias = "IFLA_BOND_SLAVE_STATE")]
        1 "state" state State STATE: Named<BondSlaveState, u8>;
        /// The state of its link (BOND_LINK_*).
        #[doc(alias = "IFLA_BOND_SLAVE_MII_STATUS")]
        2 "mii-status" mii_status MiiStatus MII_STATUS: u8;
        /// How often it failed.
        #[doc(alias = "IFLA_BOND_SLAVE_LINK_FAILURE_COUNT")]
        3 "link-failure-count" link_failure_count LinkFailureCount LINK_FAILURE_COUNT: u32;
        /// The hardware address that it had.
        #[doc(alias = "IFLA_BOND_SLAVE_PERM_HWADDR")]
        4 "perm-hwaddr" perm_hwaddr PermHwaddr PERM_HWADDR: Bytes [Mac];
        /// Its queue.
        #[doc(alias = "IFLA_BOND_SLAVE_QUEUE_ID")]
        5 "queue-id" queue_id QueueId QUEUE_ID: u16;
        /// Its aggregate.
        #[doc(alias = "IFLA_BOND_SLAVE_AD_AGGREGATOR_ID")]
        6 "ad-aggregator-id" ad_aggregator_id AdAggregatorId AD_AGGREGATOR_ID: u16;
        /// Its state of LACP.
        #[doc(alias = "IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE")]
        7 "ad-actor-oper-port-state" ad_actor_oper_port_state AdActorOperPortState AD_ACTOR_OPER_PORT_STATE: u8 [Hex];
        /// That of the other end.
        #[doc(alias = "IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE")]
        8 "ad-partner-oper-port-state" ad_partner_oper_port_state AdPartnerOperPortState AD_PARTNER_OPER_PORT_STATE: u16 [Hex];
        /// Its priority.
        #[doc(alias = "IFLA_BOND_SLAVE_PRIO")]
        9 "prio" prio Prio PRIO: i32;
        /// Its priority in LACP.
        #[doc(alias = "IFLA_BOND_SLAVE_ACTOR_PORT_PRIO")]
        10 "actor-port-prio" actor_port_prio ActorPortPrio ACTOR_PORT_PRIO: u16;
    }
}

attribute_set! {
    /// A further hardware address on a device (macvlan, macvtap).
    pub struct Macvlan | MacvlanAttr, "linkinfo-macvlan-attrs" {
        /// Who may talk to whom.
        #[doc(alias = "IFLA_MACVLAN_MODE")]
        1 "mode" mode Mode MODE: Named<MacvlanMode, u32>;
        /// How it behaves.
        #[doc(alias = "IFLA_MACVLAN_FLAGS")]
        2 "flags" flags Flags FLAGS: Named<MacvlanFlags, u16>;
        /// What happens to the list.
        #[doc(alias = "IFLA_MACVLAN_MACADDR_MODE")]
        3 "macaddr-mode" macaddr_mode MacaddrMode MACADDR_MODE: Named<MacvlanMacaddrMode, u32>;
        /// One address of the list.
        #[doc(alias = "IFLA_MACVLAN_MACADDR")]
        4 "macaddr" macaddr Macaddr MACADDR: Bytes [Mac];
        /// The list of source addresses.
        #[doc(alias = "IFLA_MACVLAN_MACADDR_DATA")]
        5 "macaddr-data" macaddr_data MacaddrData MACADDR_DATA: BareNest<MacvlanAddresses>;
        /// How many there are.
        #[doc(alias = "IFLA_MACVLAN_MACADDR_COUNT")]
        6 "macaddr-count" macaddr_count MacaddrCount MACADDR_COUNT: u32;
        /// Broadcasts that may wait.
        #[doc(alias = "IFLA_MACVLAN_BC_QUEUE_LEN")]
        7 "bc-queue-len" bc_queue_len BcQueueLen BC_QUEUE_LEN: u32;
        /// The same, as it is.
        #[doc(alias = "IFLA_MACVLAN_BC_QUEUE_LEN_USED")]
        8 "bc-queue-len-used" bc_queue_len_used BcQueueLenUsed BC_QUEUE_LEN_USED: u32;
        /// How many receivers before a broadcast waits.
        #[doc(alias = "IFLA_MACVLAN_BC_CUTOFF")]
        9 "bc-cutoff" bc_cutoff BcCutoff BC_CUTOFF: i32;
    }
}

attribute_set! {
    /// A list of source addresses.
    pub struct MacvlanAddresses | MacvlanAddressesAttr, "macvlan-macaddr-attrs" {
        /// One of them.
        #[doc(alias = "IFLA_MACVLAN_MACADDR")]
        4 "macaddr" macaddr Macaddr MACADDR: Multi<Bytes> [Mac];
    }
}

attribute_set! {
    /// Further addresses on a device (ipvlan, ipvtap).
    pub struct Ipvlan | IpvlanAttr, "linkinfo-ipvlan-attrs" {
        /// On which layer it works.
        #[doc(alias = "IFLA_IPVLAN_MODE")]
        1 "mode" mode Mode MODE: Named<IpvlanMode, u16>;
        /// How it behaves.
        #[doc(alias = "IFLA_IPVLAN_FLAGS")]
        2 "flags" flags Flags FLAGS: Named<IpvlanFlags, u16>;
    }
}

attribute_set! {
    /// A routing table with interfaces of its own.
    pub struct Vrf | VrfAttr, "linkinfo-vrf-attrs" {
        /// The table.
        #[doc(alias = "IFLA_VRF_TABLE")]
        1 "table" table Table TABLE: u32;
    }
}

attribute_set! {
    /// An interface in a VRF.
    pub struct VrfPort | VrfPortAttr, "vrf-port-attrs" {
        /// The table.
        #[doc(alias = "IFLA_VRF_PORT_TABLE")]
        1 "table" table Table TABLE: u32;
    }
}

attribute_set! {
    /// A device whose packets a program reads and writes.
    pub struct Tun | TunAttr, "linkinfo-tun-attrs" {
        /// The user who may open it.
        #[doc(alias = "IFLA_TUN_OWNER")]
        1 "owner" owner Owner OWNER: u32;
        /// The group who may.
        #[doc(alias = "IFLA_TUN_GROUP")]
        2 "group" group Group GROUP: u32;
        /// Packets (1) or frames (2).
        #[doc(alias = "IFLA_TUN_TYPE")]
        3 "type" type_ Type TYPE: u8;
        /// Whether four bytes say which protocol it is.
        #[doc(alias = "IFLA_TUN_PI")]
        4 "pi" pi Pi PI: u8;
        /// Whether a header says what is left to do.
        #[doc(alias = "IFLA_TUN_VNET_HDR")]
        5 "vnet-hdr" vnet_hdr VnetHdr VNET_HDR: u8;
        /// Whether it stays when it is closed.
        #[doc(alias = "IFLA_TUN_PERSIST")]
        6 "persist" persist Persist PERSIST: u8;
        /// Whether it may be opened several times.
        #[doc(alias = "IFLA_TUN_MULTI_QUEUE")]
        7 "multi-queue" multi_queue MultiQueue MULTI_QUEUE: u8;
        /// How often it is open.
        #[doc(alias = "IFLA_TUN_NUM_QUEUES")]
        8 "num-queues" num_queues NumQueues NUM_QUEUES: u32;
        /// How many of these are off.
        #[doc(alias = "IFLA_TUN_NUM_DISABLED_QUEUES")]
        9 "num-disabled-queues" num_disabled_queues NumDisabledQueues NUM_DISABLED_QUEUES: u32;
    }
}

attribute_set! {
    /// A GRE tunnel (gre, gretap, erspan; the like over IPv6).
    pub struct Gre | GreAttr, "linkinfo-gre-attrs" {
        /// The interface that it sends on.
        #[doc(alias = "IFLA_GRE_LINK")]
        1 "link" link Link LINK: u32;
        /// Header flags received.
        #[doc(alias = "IFLA_GRE_IFLAGS")]
        2 "iflags" iflags Iflags IFLAGS: Be<u16> [Hex];
        /// Header flags sent.
        #[doc(alias = "IFLA_GRE_OFLAGS")]
        3 "oflags" oflags Oflags OFLAGS: Be<u16> [Hex];
        /// The key received.
        #[doc(alias = "IFLA_GRE_IKEY")]
        4 "ikey" ikey Ikey IKEY: Be<u32>;
        /// The key sent.
        #[doc(alias = "IFLA_GRE_OKEY")]
        5 "okey" okey Okey OKEY: Be<u32>;
        /// The source address.
        #[doc(alias = "IFLA_GRE_LOCAL")]
        6 "local" local Local LOCAL: Ip;
        /// The other end.
        #[doc(alias = "IFLA_GRE_REMOTE")]
        7 "remote" remote Remote REMOTE: Ip;
        /// The hop limit; 0 inherits.
        #[doc(alias = "IFLA_GRE_TTL")]
        8 "ttl" ttl Ttl TTL: u8;
        /// The type of service; 1 inherits.
        #[doc(alias = "IFLA_GRE_TOS")]
        9 "tos" tos Tos TOS: u8;
        /// Whether the way's MTU is found out.
        #[doc(alias = "IFLA_GRE_PMTUDISC")]
        10 "pmtudisc" pmtudisc Pmtudisc PMTUDISC: u8;
        /// How many tunnels may be inside of one another.
        #[doc(alias = "IFLA_GRE_ENCAP_LIMIT")]
        11 "encap-limit" encap_limit EncapLimit ENCAP_LIMIT: u8;
        /// Class and flow label.
        #[doc(alias = "IFLA_GRE_FLOWINFO")]
        12 "flowinfo" flowinfo Flowinfo FLOWINFO: Be<u32>;
        /// How it behaves (IP6_TNL_F_*).
        #[doc(alias = "IFLA_GRE_FLAGS")]
        13 "flags" flags Flags FLAGS: u32 [Hex];
        /// What it is wrapped in (TUNNEL_ENCAP_*).
        #[doc(alias = "IFLA_GRE_ENCAP_TYPE")]
        14 "encap-type" encap_type EncapType ENCAP_TYPE: u16;
        /// How it is wrapped.
        #[doc(alias = "IFLA_GRE_ENCAP_FLAGS")]
        15 "encap-flags" encap_flags EncapFlags ENCAP_FLAGS: u16 [Hex];
        /// The source port of that.
        #[doc(alias = "IFLA_GRE_ENCAP_SPORT")]
        16 "encap-sport" encap_sport EncapSport ENCAP_SPORT: Be<u16>;
        /// The destination port of that.
        #[doc(alias = "IFLA_GRE_ENCAP_DPORT")]
        17 "encap-dport" encap_dport EncapDport ENCAP_DPORT: Be<u16>;
        /// Programs say where each packet goes.
        #[doc(alias = "IFLA_GRE_COLLECT_METADATA")]
        18 "collect-metadata" collect_metadata CollectMetadata COLLECT_METADATA: Flag;
        /// Whether the don't-fragment bit inside is ignored.
        #[doc(alias = "IFLA_GRE_IGNORE_DF")]
        19 "ignore-df" ignore_df IgnoreDf IGNORE_DF: u8;
        /// The mark for routing.
        #[doc(alias = "IFLA_GRE_FWMARK")]
        20 "fwmark" fwmark Fwmark FWMARK: u32 [Hex];
        /// The index of what is mirrored.
        #[doc(alias = "IFLA_GRE_ERSPAN_INDEX")]
        21 "erspan-index" erspan_index ErspanIndex ERSPAN_INDEX: u32;
        /// The version of ERSPAN.
        #[doc(alias = "IFLA_GRE_ERSPAN_VER")]
        22 "erspan-ver" erspan_ver ErspanVer ERSPAN_VER: u8;
        /// Which direction is mirrored.
        #[doc(alias = "IFLA_GRE_ERSPAN_DIR")]
        23 "erspan-dir" erspan_dir ErspanDir ERSPAN_DIR: u8;
        /// The hardware that mirrors.
        #[doc(alias = "IFLA_GRE_ERSPAN_HWID")]
        24 "erspan-hwid" erspan_hwid ErspanHwid ERSPAN_HWID: u16;
    }
}

attribute_set! {
    /// IP in IP (ipip, sit).
    pub struct Iptun | IptunAttr, "linkinfo-iptun-attrs" {
        /// The interface that it sends on.
        #[doc(alias = "IFLA_IPTUN_LINK")]
        1 "link" link Link LINK: u32;
        /// The source address.
        #[doc(alias = "IFLA_IPTUN_LOCAL")]
        2 "local" local Local LOCAL: Ip;
        /// The other end.
        #[doc(alias = "IFLA_IPTUN_REMOTE")]
        3 "remote" remote Remote REMOTE: Ip;
        /// The hop limit; 0 inherits.
        #[doc(alias = "IFLA_IPTUN_TTL")]
        4 "ttl" ttl Ttl TTL: u8;
        /// The type of service; 1 inherits.
        #[doc(alias = "IFLA_IPTUN_TOS")]
        5 "tos" tos Tos TOS: u8;
        /// How many tunnels may be inside of one another.
        #[doc(alias = "IFLA_IPTUN_ENCAP_LIMIT")]
        6 "encap-limit" encap_limit EncapLimit ENCAP_LIMIT: u8;
        /// Class and flow label.
        #[doc(alias = "IFLA_IPTUN_FLOWINFO")]
        7 "flowinfo" flowinfo Flowinfo FLOWINFO: Be<u32>;
        /// How it behaves.
        #[doc(alias = "IFLA_IPTUN_FLAGS")]
        8 "flags" flags Flags FLAGS: Be<u16> [Hex];
        /// What is inside.
        #[doc(alias = "IFLA_IPTUN_PROTO")]
        9 "proto" proto Proto PROTO: u8;
        /// Whether the way's MTU is found out.
        #[doc(alias = "IFLA_IPTUN_PMTUDISC")]
        10 "pmtudisc" pmtudisc Pmtudisc PMTUDISC: u8;
        /// The prefix of rapid deployment.
        #[doc(alias = "IFLA_IPTUN_6RD_PREFIX")]
        11 "6rd-prefix" _6rd_prefix _6rdPrefix _6RD_PREFIX: Bytes [Ipv6];
        /// The prefix of its relay.
        #[doc(alias = "IFLA_IPTUN_6RD_RELAY_PREFIX")]
        12 "6rd-relay-prefix" _6rd_relay_prefix _6rdRelayPrefix _6RD_RELAY_PREFIX: Be<u32> [Ipv4];
        /// The length of the first.
        #[doc(alias = "IFLA_IPTUN_6RD_PREFIXLEN")]
        13 "6rd-prefixlen" _6rd_prefixlen _6rdPrefixlen _6RD_PREFIXLEN: u16;
        /// The length of the second.
        #[doc(alias = "IFLA_IPTUN_6RD_RELAY_PREFIXLEN")]
        14 "6rd-relay-prefixlen" _6rd_relay_prefixlen _6rdRelayPrefixlen _6RD_RELAY_PREFIXLEN: u16;
        /// What it is wrapped in (TUNNEL_ENCAP_*).
        #[doc(alias = "IFLA_IPTUN_ENCAP_TYPE")]
        15 "encap-type" encap_type EncapType ENCAP_TYPE: u16;
        /// How it is wrapped.
        #[doc(alias = "IFLA_IPTUN_ENCAP_FLAGS")]
        16 "encap-flags" encap_flags EncapFlags ENCAP_FLAGS: u16 [Hex];
        /// The source port of that.
        #[doc(alias = "IFLA_IPTUN_ENCAP_SPORT")]
        17 "encap-sport" encap_sport EncapSport ENCAP_SPORT: Be<u16>;
        /// The destination port of that.
        #[doc(alias = "IFLA_IPTUN_ENCAP_DPORT")]
        18 "encap-dport" encap_dport EncapDport ENCAP_DPORT: Be<u16>;
        /// Programs say where each packet goes.
        #[doc(alias = "IFLA_IPTUN_COLLECT_METADATA")]
        19 "collect-metadata" collect_metadata CollectMetadata COLLECT_METADATA: Flag;
        /// The mark for routing.
        #[doc(alias = "IFLA_IPTUN_FWMARK")]
        20 "fwmark" fwmark Fwmark FWMARK: u32 [Hex];
    }
}

attribute_set! {
    /// A tunnel over IPv6: numbered as those over IPv4, but for its flags alike.
    pub struct Ip6tnl | Ip6tnlAttr, "linkinfo-ip6tnl-attrs" {
        /// The interface that it sends on.
        #[doc(alias = "IFLA_IPTUN_LINK")]
        1 "link" link Link LINK: u32;
        /// The source address.
        #[doc(alias = "IFLA_IPTUN_LOCAL")]
        2 "local" local Local LOCAL: Ip;
        /// The other end.
        #[doc(alias = "IFLA_IPTUN_REMOTE")]
        3 "remote" remote Remote REMOTE: Ip;
        /// The hop limit.
        #[doc(alias = "IFLA_IPTUN_TTL")]
        4 "ttl" ttl Ttl TTL: u8;
        /// How many tunnels may be inside of one another.
        #[doc(alias = "IFLA_IPTUN_ENCAP_LIMIT")]
        6 "encap-limit" encap_limit EncapLimit ENCAP_LIMIT: u8;
        /// Class and flow label.
        #[doc(alias = "IFLA_IPTUN_FLOWINFO")]
        7 "flowinfo" flowinfo Flowinfo FLOWINFO: Be<u32>;
        /// How it behaves (IP6_TNL_F_*).
        #[doc(alias = "IFLA_IPTUN_FLAGS")]
        8 "flags" flags Flags FLAGS: u32 [Hex];
        /// What is inside.
        #[doc(alias = "IFLA_IPTUN_PROTO")]
        9 "proto" proto Proto PROTO: u8;
        /// What it is wrapped in (TUNNEL_ENCAP_*).
        #[doc(alias = "IFLA_IPTUN_ENCAP_TYPE")]
        15 "encap-type" encap_type EncapType ENCAP_TYPE: u16;
        /// How it is wrapped.
        #[doc(alias = "IFLA_IPTUN_ENCAP_FLAGS")]
        16 "encap-flags" encap_flags EncapFlags ENCAP_FLAGS: u16 [Hex];
        /// The source port of that.
        #[doc(alias = "IFLA_IPTUN_ENCAP_SPORT")]
        17 "encap-sport" encap_sport EncapSport ENCAP_SPORT: Be<u16>;
        /// The destination port of that.
        #[doc(alias = "IFLA_IPTUN_ENCAP_DPORT")]
        18 "encap-dport" encap_dport EncapDport ENCAP_DPORT: Be<u16>;
        /// Programs say where each packet goes.
        #[doc(alias = "IFLA_IPTUN_COLLECT_METADATA")]
        19 "collect-metadata" collect_metadata CollectMetadata COLLECT_METADATA: Flag;
        /// The mark for routing.
        #[doc(alias = "IFLA_IPTUN_FWMARK")]
        20 "fwmark" fwmark Fwmark FWMARK: u32 [Hex];
    }
}

attribute_set! {
    /// A pair of interfaces that programs join.
    pub struct Netkit | NetkitAttr, "linkinfo-netkit-attrs" {
        /// The other end, a whole link message.
        #[doc(alias = "IFLA_NETKIT_PEER_INFO")]
        1 "peer-info" peer_info PeerInfo PEER_INFO: Embedded<Ifinfomsg, Link, false>;
        /// Whether this is the end outside.
        #[doc(alias = "IFLA_NETKIT_PRIMARY")]
        2 "primary" primary Primary PRIMARY: u8;
        /// What becomes of packets without a program.
        #[doc(alias = "IFLA_NETKIT_POLICY")]
        3 "policy" policy Policy POLICY: Named<NetkitPolicy, u32>;
        /// The same at the other end.
        #[doc(alias = "IFLA_NETKIT_PEER_POLICY")]
        4 "peer-policy" peer_policy PeerPolicy PEER_POLICY: Named<NetkitPolicy, u32>;
        /// On which layer it works.
        #[doc(alias = "IFLA_NETKIT_MODE")]
        5 "mode" mode Mode MODE: Named<NetkitMode, u32>;
        /// Whether packets lose what is known of them.
        #[doc(alias = "IFLA_NETKIT_SCRUB")]
        6 "scrub" scrub Scrub SCRUB: u32;
        /// The same at the other end.
        #[doc(alias = "IFLA_NETKIT_PEER_SCRUB")]
        7 "peer-scrub" peer_scrub PeerScrub PEER_SCRUB: u32;
        /// Bytes that it needs before a packet.
        #[doc(alias = "IFLA_NETKIT_HEADROOM")]
        8 "headroom" headroom Headroom HEADROOM: u16;
        /// Bytes that it needs behind a packet.
        #[doc(alias = "IFLA_NETKIT_TAILROOM")]
        9 "tailroom" tailroom Tailroom TAILROOM: u16;
    }
}

attribute_set! {
    /// A ring in which nothing is lost (HSR, PRP).
    pub struct Hsr | HsrAttr, "linkinfo-hsr-attrs" {
        /// The one interface.
        #[doc(alias = "IFLA_HSR_SLAVE1")]
        1 "slave1" slave1 Slave1 SLAVE1: u32;
        /// The other one.
        #[doc(alias = "IFLA_HSR_SLAVE2")]
        2 "slave2" slave2 Slave2 SLAVE2: u32;
        /// The last byte of the address that supervises.
        #[doc(alias = "IFLA_HSR_MULTICAST_SPEC")]
        3 "multicast-spec" multicast_spec MulticastSpec MULTICAST_SPEC: u8;
        /// That address.
        #[doc(alias = "IFLA_HSR_SUPERVISION_ADDR")]
        4 "supervision-addr" supervision_addr SupervisionAddr SUPERVISION_ADDR: Bytes [Mac];
        /// The number of the next frame.
        #[doc(alias = "IFLA_HSR_SEQ_NR")]
        5 "seq-nr" seq_nr SeqNr SEQ_NR: u16;
        /// The version of HSR.
        #[doc(alias = "IFLA_HSR_VERSION")]
        6 "version" version Version VERSION: u8;
        /// HSR (0) or PRP (1).
        #[doc(alias = "IFLA_HSR_PROTOCOL")]
        7 "protocol" protocol Protocol PROTOCOL: u8;
        /// The interface to what knows no HSR.
        #[doc(alias = "IFLA_HSR_INTERLINK")]
        8 "interlink" interlink Interlink INTERLINK: u32;
    }
}

attribute_set! {
    /// Counters of an interface.
    pub struct Stats: IfStatsmsg | StatsAttr, "stats-attrs" {
        /// The usual ones.
        #[doc(alias = "IFLA_STATS_LINK_64")]
        1 "link-64" link_64 Link64 LINK_64: CStruct<LinkStats64>;
        /// Those of the kind, undecoded.
        #[doc(alias = "IFLA_STATS_LINK_XSTATS")]
        2 "link-xstats" link_xstats LinkXstats LINK_XSTATS: Bytes;
        /// Those of its master's kind, undecoded.
        #[doc(alias = "IFLA_STATS_LINK_XSTATS_SLAVE")]
        3 "link-xstats-slave" link_xstats_slave LinkXstatsSlave LINK_XSTATS_SLAVE: Bytes;
        /// Those of what hardware does.
        #[doc(alias = "IFLA_STATS_LINK_OFFLOAD_XSTATS")]
        4 "link-offload-xstats" link_offload_xstats LinkOffloadXstats LINK_OFFLOAD_XSTATS: BareNest<OffloadStats>;
        /// Those of address families, undecoded.
        #[doc(alias = "IFLA_STATS_AF_SPEC")]
        5 "af-spec" af_spec AfSpec AF_SPEC: Bytes;
    }
}

attribute_set! {
    /// Counters of what hardware does.
    pub struct OffloadStats | OffloadStatsAttr, "offload-xstats-attrs" {
        /// What came to the processor all the same.
        #[doc(alias = "IFLA_OFFLOAD_XSTATS_CPU_HIT")]
        1 "cpu-hit" cpu_hit CpuHit CPU_HIT: CStruct<LinkStats64>;
        /// Whether they are kept.
        #[doc(alias = "IFLA_OFFLOAD_XSTATS_HW_S_INFO")]
        2 "hw-s-info" hw_s_info HwSInfo HW_S_INFO: Nest<HwStats>;
        /// What was routed.
        #[doc(alias = "IFLA_OFFLOAD_XSTATS_L3_STATS")]
        3 "l3-stats" l3_stats L3Stats L3_STATS: IntArray<u64>;
    }
}

attribute_set! {
    /// Whether hardware counts.
    pub struct HwStats | HwStatsAttr, "hw-s-info-attrs" {
        /// What was routed.
        #[doc(alias = "IFLA_OFFLOAD_XSTATS_L3_STATS")]
        3 "l3-stats" l3_stats L3Stats L3_STATS: Nest<HwStatsInfo>;
    }
}

attribute_set! {
    /// Whether hardware counts one thing.
    pub struct HwStatsInfo | HwStatsInfoAttr, "hw-s-info-one-attrs" {
        /// Whether it shall.
        #[doc(alias = "IFLA_OFFLOAD_XSTATS_HW_S_INFO_REQUEST")]
        1 "request" request Request REQUEST: u8;
        /// Whether it does.
        #[doc(alias = "IFLA_OFFLOAD_XSTATS_HW_S_INFO_USED")]
        2 "used" used Used USED: u8;
    }
}

sub_message! {
    /// What `kind` selects.
    pub enum LinkData | LinkDataRef, "linkinfo-data-msg" by "kind" {
        /// bond.
        "bond" Bond: BareNest<Bond>;
        /// bridge.
        "bridge" Bridge: BareNest<Bridge>;
        /// erspan.
        "erspan" Erspan: BareNest<Gre>;
        /// gre.
        "gre" Gre: BareNest<Gre>;
        /// gretap.
        "gretap" Gretap: BareNest<Gre>;
        /// hsr.
        "hsr" Hsr: BareNest<Hsr>;
        /// ip6gre.
        "ip6gre" Ip6gre: BareNest<Gre>;
        /// ip6gretap.
        "ip6gretap" Ip6gretap: BareNest<Gre>;
        /// ip6tnl.
        "ip6tnl" Ip6tnl: BareNest<Ip6tnl>;
        /// ipip.
        "ipip" Ipip: BareNest<Iptun>;
        /// ipvlan.
        "ipvlan" Ipvlan: BareNest<Ipvlan>;
        /// ipvtap.
        "ipvtap" Ipvtap: BareNest<Ipvlan>;
        /// macvlan.
        "macvlan" Macvlan: BareNest<Macvlan>;
        /// macvtap.
        "macvtap" Macvtap: BareNest<Macvlan>;
        /// netkit.
        "netkit" Netkit: BareNest<Netkit>;
        /// sit.
        "sit" Sit: BareNest<Iptun>;
        /// tun.
        "tun" Tun: BareNest<Tun>;
        /// veth.
        "veth" Veth: BareNest<Veth>;
        /// vlan.
        "vlan" Vlan: BareNest<Vlan>;
        /// vrf.
        "vrf" Vrf: BareNest<Vrf>;
        /// vxlan.
        "vxlan" Vxlan: BareNest<Vxlan>;
    }
}

sub_message! {
    /// What `slave-kind` selects.
    pub enum SlaveData | SlaveDataRef, "linkinfo-slave-data-msg" by "slave-kind" {
        /// bond.
        "bond" Bond: BareNest<BondSlave>;
        /// bridge.
        "bridge" Bridge: BareNest<BridgePort>;
        /// vrf.
        "vrf" Vrf: BareNest<VrfPort>;
    }
}

ops! {
    /// Makes an interface, or changes one.
    #[doc(alias = "RTM_NEWLINK")]
    pub op Newlink: RtLink, "newlink" [UNS_ADMIN_PERM] { do 16 (Link), &NEWLINK_DO_POLICY, LIBERAL; }
    /// Removes an interface.
    #[doc(alias = "RTM_DELLINK")]
    pub op Dellink: RtLink, "dellink" [UNS_ADMIN_PERM] { do 17 (Link), &DELLINK_DO_POLICY, LIBERAL; }
    /// Tells about one interface, or dumps all.
    #[doc(alias = "RTM_GETLINK")]
    pub op Getlink: RtLink, "getlink" {
        do 18 (Link) -> 16 Link, &GETLINK_DO_POLICY, LIBERAL;
        dump 18 (Link) -> 16 Link, &GETLINK_DUMP_POLICY, LIBERAL;
    }
    /// Changes an interface.
    #[doc(alias = "RTM_SETLINK")]
    pub op Setlink: RtLink, "setlink" [UNS_ADMIN_PERM] { do 19 (Link), &NEWLINK_DO_POLICY, LIBERAL; }
    /// Tells the counters of one interface, or of all.
    #[doc(alias = "RTM_GETSTATS")]
    pub op Getstats: RtLink, "getstats" under IfStatsmsg {
        do 94 (Stats) -> 92 Stats, Policy::REJECT_ALL, LIBERAL;
        dump 94 (Stats) -> 92 Stats, Policy::REJECT_ALL, LIBERAL;
    }
    /// Gives an interface further names.
    #[doc(alias = "RTM_NEWLINKPROP")]
    pub op Newlinkprop: RtLink, "newlinkprop" [UNS_ADMIN_PERM] { do 108 (Link), &NEWLINKPROP_DO_POLICY, LIBERAL; }
    /// Takes them away.
    #[doc(alias = "RTM_DELLINKPROP")]
    pub op Dellinkprop: RtLink, "dellinkprop" [UNS_ADMIN_PERM] { do 109 (Link), &NEWLINKPROP_DO_POLICY, LIBERAL; }
    /// An interface is new, or has changed.
    #[doc(alias = "RTM_NEWLINK_NTF")]
    pub op NewlinkNtf: RtLink, "newlink-ntf" { notify 16 Link, RTNLGRP_LINK; }
    /// An interface is gone.
    #[doc(alias = "RTM_DELLINK_NTF")]
    pub op DellinkNtf: RtLink, "dellink-ntf" { notify 17 Link, RTNLGRP_LINK; }
}

policies! {
    LINKINFO_ATTRS_POLICY { 1 STRING, 2 NEST, 3 BINARY, 4 STRING, 5 NEST }
    VFINFO_LIST_ATTRS_POLICY { 1 nest(&VFINFO_ATTRS_POLICY) }
    VFINFO_ATTRS_POLICY {
        1 BINARY, 2 BINARY, 3 BINARY, 4 BINARY, 5 BINARY, 6 BINARY, 7 BINARY, 8 nest(&VF_STATS_ATTRS_POLICY), 9 BINARY,
        10 BINARY, 11 BINARY, 12 nest(&VF_VLAN_ATTRS_POLICY), 13 BINARY,
    }
    VF_STATS_ATTRS_POLICY { 0 U64, 1 U64, 2 U64, 3 U64, 4 U64, 5 U64, 7 U64, 8 U64 }
    VF_VLAN_ATTRS_POLICY { 1 BINARY }
    AF_SPEC_ATTRS_POLICY {
        2 nest(&IFLA_INET_ATTRS_POLICY), 10 nest(&IFLA_INET6_ATTRS_POLICY), 45 nest(&IFLA_MCTP_ATTRS_POLICY),
    }
    IFLA_INET_ATTRS_POLICY { 1 BINARY }
    IFLA_INET6_ATTRS_POLICY { 1 U32, 2 BINARY, 3 BINARY, 4 BINARY, 5 BINARY, 6 BINARY, 7 BINARY, 8 U8, 9 U32 }
    IFLA_MCTP_ATTRS_POLICY { 1 U32, 2 U8 }
    XDP_ATTRS_POLICY { 1 S32, 2 U8, 3 U32, 4 U32, 5 U32, 6 U32, 7 U32, 8 S32 }
    PROP_LIST_LINK_ATTRS_POLICY { 53 STRING.max_len(127) }
    NEWLINK_DO_POLICY {
        1 BINARY.max_len(32), 2 BINARY.max_len(32), 3 STRING.max_len(15), 4 U32, 5 U32, 10 U32, 13 U32, 14 BINARY,
        15 U32, 16 U8, 17 U8, 18 nest(&LINKINFO_ATTRS_POLICY), 19 U32, 20 BINARY.max_len(255),
        22 nest(&VFINFO_LIST_ATTRS_POLICY), 26 nest(&AF_SPEC_ATTRS_POLICY), 27 U32, 28 U32, 29 U32, 30 U32, 31 U32,
        32 U32, 33 U8, 37 S32, 39 U8, 40 U32, 41 U32, 43 nest(&XDP_ATTRS_POLICY), 44 U32, 46 S32, 49 S32,
        52 nest(&PROP_LIST_LINK_ATTRS_POLICY), 53 STRING.max_len(127),
    }
    DELLINK_DO_POLICY { 3 STRING.max_len(15), 18 nest(&LINKINFO_ATTRS_POLICY), 27 U32, 53 STRING.max_len(127) }
    GETLINK_DO_POLICY { 3 STRING.max_len(15), 29 U32, 46 S32, 53 STRING.max_len(127) }
    GETLINK_DUMP_POLICY { 10 U32, 18 nest(&LINKINFO_ATTRS_POLICY), 29 U32, 46 S32 }
    NEWLINKPROP_DO_POLICY { 3 STRING.max_len(15), 52 nest(&PROP_LIST_LINK_ATTRS_POLICY) }
}
