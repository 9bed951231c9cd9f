// Generated from ovs_packet.yaml by netloom-codegen; change that file, not this one.

//! Packets of Open vSwitch datapaths: user space has the kernel carry one out, and the kernel hands up those that it
//! has no flow for, or was told to hand up.

use netloom_wire::*;

/// Family ovs_packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct OvsPacket;

impl Family for OvsPacket {
    type Header = OvsHeader;
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "ovs_packet",
    version: 1,
    protocol: Protocol::GENERIC,
    header: <OvsHeader as FixedHeader>::INFO,
    ops: &[Execute::INFO, Miss::INFO, Action::INFO],
    groups: &[],
    merges: &[],
    resv_start_op: 4,
    max_attr: 12,
    reply_seq_any: false,
};

c_struct! {
    /// The family's own header, before the attributes.
    #[doc(alias = "ovs_header")]
    pub struct OvsHeader, "ovs-header" {
        /// The datapath, by the interface index of its local port.
        dp_ifindex: i32 = "dp-ifindex";
    }
}

attribute_set! {
    /// A packet, and what is known of it.
    pub struct Packet: OvsHeader | PacketAttr, "packet" {
        /// The flow key, as attributes of family ovs_flow; of a request, what the frame itself does not say.
        #[doc(alias = "OVS_PACKET_ATTR_KEY")]
        2 "key" key Key KEY: Bytes;
        /// What the action that handed it up carries for user space.
        #[doc(alias = "OVS_PACKET_ATTR_USERDATA")]
        4 "userdata" userdata Userdata USERDATA: Bytes;
        /// The tunnel it would leave by.
        #[doc(alias = "OVS_PACKET_ATTR_EGRESS_TUN_KEY")]
        5 "egress-tun-key" egress_tun_key EgressTunKey EGRESS_TUN_KEY: Bytes;
        /// What to do with it, as attributes of family ovs_flow.
        #[doc(alias = "OVS_PACKET_ATTR_ACTIONS")]
        3 "actions" actions Actions ACTIONS: Bytes;
        /// The longest fragment that it came in, in bytes.
        #[doc(alias = "OVS_PACKET_ATTR_MRU")]
        9 "mru" mru Mru MRU: u16;
        /// Its length in bytes before it was cut.
        #[doc(alias = "OVS_PACKET_ATTR_LEN")]
        10 "len" len Len LEN: u32;
        /// Its hash in the low 32 bits, above them how that was made. Since Linux 5.5.
        #[doc(alias = "OVS_PACKET_ATTR_HASH")]
        11 "hash" hash Hash HASH: u64;
        /// The frame, from its Ethernet header on.
        #[doc(alias = "OVS_PACKET_ATTR_PACKET")]
        1 "packet" packet Packet PACKET: Bytes;
        /// It is sent to try out a feature, so that what fails is not logged.
        #[doc(alias = "OVS_PACKET_ATTR_PROBE")]
        8 "probe" probe Probe PROBE: Flag;
        /// The port that hears of misses while it is carried out. Since Linux 6.17.
        #[doc(alias = "OVS_PACKET_ATTR_UPCALL_PID")]
        12 "upcall-pid" upcall_pid UpcallPid UPCALL_PID: u32;
    }
}

ops! {
    /// No flow matches a packet.
    #[doc(alias = "OVS_PACKET_CMD_MISS")]
    pub op Miss: OvsPacket, "miss" { event 1 Packet; }
    /// An action hands a packet up.
    #[doc(alias = "OVS_PACKET_CMD_ACTION")]
    pub op Action: OvsPacket, "action" { event 2 Packet; }
    /// Carries out actions on a packet.
    #[doc(alias = "OVS_PACKET_CMD_EXECUTE")]
    pub op Execute: OvsPacket, "execute" [UNS_ADMIN_PERM] { do 3 (Packet), &OVS_PACKET_POLICY, LIBERAL; }
}

policies! {
    OVS_PACKET_POLICY { 1 BINARY.at_least(14), 2 NEST, 3 NEST, 8 FLAG, 9 U16, 11 U64, 12 U32 }
}
