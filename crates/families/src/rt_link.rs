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
    ops: &[Newlink::INFO, Dellink::INFO, Getlink::INFO, Setlink::INFO, NewlinkNtf::INFO, DellinkNtf::INFO],
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
        /// The interface underneath.
        #[doc(alias = "IFLA_LINK")]
        5 "link" link Link LINK: u32;
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
        /// Virtual functions, undecoded.
        #[doc(alias = "IFLA_VFINFO_LIST")]
        22 "vfinfo-list" vfinfo_list VfinfoList VFINFO_LIST: Bytes;
        /// Ports of virtual functions, undecoded.
        #[doc(alias = "IFLA_VF_PORTS")]
        24 "vf-ports" vf_ports VfPorts VF_PORTS: Bytes;
        /// Its own port, undecoded.
        #[doc(alias = "IFLA_PORT_SELF")]
        25 "port-self" port_self PortSelf PORT_SELF: Bytes;
        /// Its XDP programs, undecoded.
        #[doc(alias = "IFLA_XDP")]
        43 "xdp" xdp Xdp XDP: Bytes;
        /// The kind of interface.
        #[doc(alias = "IFLA_LINKINFO")]
        18 "linkinfo" linkinfo Linkinfo LINKINFO: BareNest<LinkInfo>;
        /// The namespace of the interface underneath.
        #[doc(alias = "IFLA_LINK_NETNSID")]
        37 "link-netnsid" link_netnsid LinkNetnsid LINK_NETNSID: i32;
        /// A text for people.
        #[doc(alias = "IFLA_IFALIAS")]
        20 "ifalias" ifalias Ifalias IFALIAS: Str;
        /// The queueing discipline.
        #[doc(alias = "IFLA_QDISC")]
        6 "qdisc" qdisc Qdisc QDISC: Str;
        /// By address family, undecoded.
        #[doc(alias = "IFLA_AF_SPEC")]
        26 "af-spec" af_spec AfSpec AF_SPEC: Bytes;
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
        44 "event" event Event EVENT: u32;
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
        /// Which protocols hold it down, undecoded.
        #[doc(alias = "IFLA_PROTO_DOWN_REASON")]
        55 "proto-down-reason" proto_down_reason ProtoDownReason PROTO_DOWN_REASON: Bytes;
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
        /// Attributes of the kind, undecoded.
        #[doc(alias = "IFLA_INFO_DATA")]
        2 "data" data Data DATA: Bytes;
        /// Counters of the kind, undecoded.
        #[doc(alias = "IFLA_INFO_XSTATS")]
        3 "xstats" xstats Xstats XSTATS: Bytes;
        /// The kind of its master.
        #[doc(alias = "IFLA_INFO_SLAVE_KIND")]
        4 "slave-kind" slave_kind SlaveKind SLAVE_KIND: Str;
        /// Attributes that its master gives it, undecoded.
        #[doc(alias = "IFLA_INFO_SLAVE_DATA")]
        5 "slave-data" slave_data SlaveData SLAVE_DATA: Bytes;
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
    /// An interface is new, or has changed.
    #[doc(alias = "RTM_NEWLINK_NTF")]
    pub op NewlinkNtf: RtLink, "newlink-ntf" { notify 16 Link, RTNLGRP_LINK; }
    /// An interface is gone.
    #[doc(alias = "RTM_DELLINK_NTF")]
    pub op DellinkNtf: RtLink, "dellink-ntf" { notify 17 Link, RTNLGRP_LINK; }
}

policies! {
    LINKINFO_ATTRS_POLICY { 1 STRING, 2 BINARY, 3 BINARY, 4 STRING, 5 BINARY }
    PROP_LIST_LINK_ATTRS_POLICY { 53 STRING.max_len(127) }
    NEWLINK_DO_POLICY {
        1 BINARY.max_len(32), 2 BINARY.max_len(32), 3 STRING.max_len(15), 4 U32, 5 U32, 10 U32, 13 U32, 14 BINARY,
        15 U32, 16 U8, 17 U8, 18 nest(&LINKINFO_ATTRS_POLICY), 19 U32, 20 STRING.max_len(255), 22 BINARY, 26 BINARY,
        27 U32, 28 U32, 29 U32, 30 U32, 31 U32, 32 U32, 33 U8, 37 S32, 39 U8, 40 U32, 41 U32, 43 BINARY, 44 U32, 46 S32,
        49 S32, 52 nest(&PROP_LIST_LINK_ATTRS_POLICY), 53 STRING.max_len(127),
    }
    DELLINK_DO_POLICY { 3 STRING.max_len(15), 18 nest(&LINKINFO_ATTRS_POLICY), 27 U32, 53 STRING.max_len(127) }
    GETLINK_DO_POLICY { 3 STRING.max_len(15), 29 U32, 46 S32, 53 STRING.max_len(127) }
    GETLINK_DUMP_POLICY { 10 U32, 18 nest(&LINKINFO_ATTRS_POLICY), 29 U32, 46 S32 }
}
