// Generated from wireguard.yaml by netloom-codegen; change that file, not this one.

//! Reads and changes WireGuard devices, their peers and what the peers may send.

use netloom_wire::*;

/// Family wireguard.
#[doc(alias = "WG_GENL_NAME")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Wireguard;

impl Family for Wireguard {
    type Header = ();
    const INFO: &'static FamilyInfo = &INFO;
}

/// The family as data.
pub static INFO: FamilyInfo = FamilyInfo {
    name: "wireguard",
    version: 1,
    protocol: Protocol::GENERIC,
    header: <() as FixedHeader>::INFO,
    ops: &[GetDevice::INFO, SetDevice::INFO],
    groups: &[],
    merges: &[MergeInfo { op: "get-device", list: "peers", key: "public-key", inner: &["allowedips"] }],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

/// Bytes of a key.
#[doc(alias = "WG_KEY_LEN")]
pub const KEY_LEN: usize = 32;

enumeration! {
    /// How to set a device.
    #[doc(alias = "wgdevice_flag")]
    pub struct DeviceFlags: flags u32, "wgdevice-flags" {
        /// Remove all peers first.
        #[doc(alias = "WGDEVICE_F_REPLACE_PEERS")] REPLACE_PEERS = 1 "replace-peers";
    }
}

enumeration! {
    /// How to set a peer.
    #[doc(alias = "wgpeer_flag")]
    pub struct PeerFlags: flags u32, "wgpeer-flags" {
        /// Remove the peer.
        #[doc(alias = "WGPEER_F_REMOVE_ME")] REMOVE_ME = 1 "remove-me";
        /// Remove all its allowed IPs first.
        #[doc(alias = "WGPEER_F_REPLACE_ALLOWEDIPS")] REPLACE_ALLOWEDIPS = 2 "replace-allowedips";
        /// Do not create it.
        #[doc(alias = "WGPEER_F_UPDATE_ONLY")] UPDATE_ONLY = 4 "update-only";
    }
}

enumeration! {
    /// How to set an allowed IP.
    #[doc(alias = "wgallowedip_flag")]
    pub struct AllowedIpFlags: flags u32, "wgallowedip-flags" {
        /// Remove it.
        #[doc(alias = "WGALLOWEDIP_F_REMOVE_ME")] REMOVE_ME = 1 "remove-me";
    }
}

c_struct! {
    /// A time.
    #[doc(alias = "__kernel_timespec")]
    pub struct Timespec, "--kernel-timespec" {
        /// Seconds since 1970.
        sec: i64 = "sec";
        /// Nanoseconds within the second.
        nsec: i64 = "nsec";
    }
}

attribute_set! {
    /// A device.
    #[doc(alias = "wgdevice_attribute")]
    pub struct Device | DeviceAttr, "wgdevice" {
        /// Its UDP port; 0 lets the kernel choose.
        #[doc(alias = "WGDEVICE_A_LISTEN_PORT")]
        6 "listen-port" listen_port ListenPort LISTEN_PORT: u16;
        /// The mark of its packets; 0 is none.
        #[doc(alias = "WGDEVICE_A_FWMARK")]
        7 "fwmark" fwmark Fwmark FWMARK: u32;
        /// Its interface index.
        #[doc(alias = "WGDEVICE_A_IFINDEX")]
        1 "ifindex" ifindex Ifindex IFINDEX: u32;
        /// Its interface name.
        #[doc(alias = "WGDEVICE_A_IFNAME")]
        2 "ifname" ifname Ifname IFNAME: Str;
        /// Its private key, 32 bytes; all zeros remove it.
        #[doc(alias = "WGDEVICE_A_PRIVATE_KEY")]
        3 "private-key" private_key PrivateKey PRIVATE_KEY: Secret<Fixed<32>>;
        /// Its public key.
        #[doc(alias = "WGDEVICE_A_PUBLIC_KEY")]
        4 "public-key" public_key PublicKey PUBLIC_KEY: Fixed<32>;
        /// Its peers.
        #[doc(alias = "WGDEVICE_A_PEERS")]
        8 "peers" peers Peers PEERS: Indexed<Nest<Peer>, 0, 0>;
        /// How to set it.
        #[doc(alias = "WGDEVICE_A_FLAGS")]
        5 "flags" flags Flags FLAGS: Named<DeviceFlags, u32>;
    }
}

attribute_set! {
    /// A peer.
    #[doc(alias = "wgpeer_attribute")]
    pub struct Peer | PeerAttr, "wgpeer" {
        /// Its public key.
        #[doc(alias = "WGPEER_A_PUBLIC_KEY")]
        1 "public-key" public_key PublicKey PUBLIC_KEY: Fixed<32>;
        /// The preshared key; all zeros are none.
        #[doc(alias = "WGPEER_A_PRESHARED_KEY")]
        2 "preshared-key" preshared_key PresharedKey PRESHARED_KEY: Secret<Fixed<32>>;
        /// When it last shook hands.
        #[doc(alias = "WGPEER_A_LAST_HANDSHAKE_TIME")]
        6 "last-handshake-time" last_handshake_time LastHandshakeTime LAST_HANDSHAKE_TIME: CStruct<Timespec>;
        /// Seconds between keepalives; 0 is none.
        #[doc(alias = "WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL")]
        5 "persistent-keepalive-interval" persistent_keepalive_interval PersistentKeepaliveInterval PERSISTENT_KEEPALIVE_INTERVAL: u16;
        /// Bytes sent to it.
        #[doc(alias = "WGPEER_A_TX_BYTES")]
        8 "tx-bytes" tx_bytes TxBytes TX_BYTES: u64;
        /// Bytes received from it.
        #[doc(alias = "WGPEER_A_RX_BYTES")]
        7 "rx-bytes" rx_bytes RxBytes RX_BYTES: u64;
        /// The version of the protocol, 1.
        #[doc(alias = "WGPEER_A_PROTOCOL_VERSION")]
        10 "protocol-version" protocol_version ProtocolVersion PROTOCOL_VERSION: u32;
        /// Where it is reached, a sockaddr_in or sockaddr_in6.
        #[doc(alias = "WGPEER_A_ENDPOINT")]
        4 "endpoint" endpoint Endpoint ENDPOINT: SockAddr;
        /// What it may send.
        #[doc(alias = "WGPEER_A_ALLOWEDIPS")]
        9 "allowedips" allowedips Allowedips ALLOWEDIPS: Indexed<Nest<AllowedIp>, 0, 0>;
        /// How to set it.
        #[doc(alias = "WGPEER_A_FLAGS")]
        3 "flags" flags Flags FLAGS: Named<PeerFlags, u32>;
    }
}

attribute_set! {
    /// Addresses that a peer may send from, and is sent to for.
    #[doc(alias = "wgallowedip_attribute")]
    pub struct AllowedIp | AllowedIpAttr, "wgallowedip" {
        /// The length of the prefix.
        #[doc(alias = "WGALLOWEDIP_A_CIDR_MASK")]
        3 "cidr-mask" cidr_mask CidrMask CIDR_MASK: u8;
        /// AF_INET (2) or AF_INET6 (10).
        #[doc(alias = "WGALLOWEDIP_A_FAMILY")]
        1 "family" family Family FAMILY: u16;
        /// The address.
        #[doc(alias = "WGALLOWEDIP_A_IPADDR")]
        2 "ipaddr" ipaddr Ipaddr IPADDR: Ip;
        /// How to set it. Since Linux 6.16.
        #[doc(alias = "WGALLOWEDIP_A_FLAGS")]
        4 "flags" flags Flags FLAGS: Named<AllowedIpFlags, u32>;
    }
}

ops! {
    /// Dumps one device, in as many messages as it needs.
    #[doc(alias = "WG_CMD_GET_DEVICE")]
    pub op GetDevice: Wireguard, "get-device" [UNS_ADMIN_PERM] { dump 0 (Device) -> 0 Device, &GET_DEVICE_DUMP_POLICY; }
    /// Changes a device.
    #[doc(alias = "WG_CMD_SET_DEVICE")]
    pub op SetDevice: Wireguard, "set-device" [UNS_ADMIN_PERM] { do 1 (Device), &SET_DEVICE_DO_POLICY; }
}

policies! {
    WGPEER_POLICY {
        1 BINARY.exact(32), 2 BINARY.exact(32), 3 U32.mask(0x7), 4 BINARY.at_least(16), 5 U16, 6 BINARY.exact(16),
        7 U64, 8 U64, 9 nest_array(&WGALLOWEDIP_POLICY), 10 U32,
    }
    WGALLOWEDIP_POLICY { 1 U16, 2 BINARY.at_least(4), 3 U8, 4 U32.mask(0x1) }
    GET_DEVICE_DUMP_POLICY { 1 U32, 2 NUL_STRING.max_len(15) }
    SET_DEVICE_DO_POLICY {
        1 U32, 2 NUL_STRING.max_len(15), 3 BINARY.exact(32), 4 BINARY.exact(32), 5 U32.mask(0x1), 6 U16, 7 U32,
        8 nest_array(&WGPEER_POLICY),
    }
}
