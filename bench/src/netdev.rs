//! Family netdev by hand, as far as dev-get goes: the same typed request for Linux and for a kernel side of ours.

use netloom::kernel::{Family as Side, Kernel, Nack, Registered};
use netloom::wire::{Errno, Family, FamilyInfo, FixedHeader, Protocol, attribute_set, ops, policies};

attribute_set! {
    /// What netdev tells of an interface.
    pub(crate) struct Dev | DevAttr, "dev" {
        /// Its index.
        1 "ifindex" ifindex Ifindex IFINDEX: u32;
        /// What of XDP its driver does.
        3 "xdp-features" xdp_features XdpFeatures XDP_FEATURES: u64;
        /// Fragments that zero copy takes.
        4 "xdp-zc-max-segs" xdp_zc_max_segs XdpZcMaxSegs XDP_ZC_MAX_SEGS: u32;
        /// Metadata of received packets.
        5 "xdp-rx-metadata-features" rx_metadata RxMetadata RX_METADATA: u64;
        /// Features of AF_XDP.
        6 "xsk-features" xsk_features XskFeatures XSK_FEATURES: u64;
    }
}

policies! {
    DEV_GET_DO { 1 U32 }
}

/// Family netdev.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Netdev;
impl Family for Netdev {
    type Header = ();
    const INFO: &'static FamilyInfo = &INFO;
}

static INFO: FamilyInfo = FamilyInfo {
    name: "netdev",
    version: 1,
    protocol: Protocol::GENERIC,
    header: <() as FixedHeader>::INFO,
    ops: &[DevGet::INFO],
    groups: &[],
    merges: &[],
    resv_start_op: 0,
    max_attr: 0,
    reply_seq_any: false,
};

ops! {
    /// Tells of one interface.
    pub(crate) op DevGet: Netdev, "dev-get" { do 1 (Dev) -> 1 Dev, &DEV_GET_DO; }
}

/// Registers it, parallel as the kernel's is, with one interface that has index 1.
pub(crate) fn register(kernel: &Kernel) -> Result<Registered, Nack> {
    kernel.register(Side::new(()).parallel().on_do(DevGet, |(), asked: Dev, _| match asked.ifindex {
        Some(1) => {
            let told = Dev::new().ifindex(1_u32).xdp_features(0_u64).xdp_zc_max_segs(0_u32);
            Ok(told.rx_metadata(0_u64).xsk_features(0_u64))
        }
        _ => Err(Nack::new(Errno::ENODEV)),
    }))
}
