//! A WireGuard interface among the links of a kernel side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom::Errno;
use netloom::families::rt_link::LinkFlags;
use netloom::kernel::{Kernel, Link, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};

use super::change::Refusal;
use super::device::Device;
use super::port::Ports;

/// The kind of link, as in `ip link add type wireguard`.
pub const KIND: &str = "wireguard";

/// A [`Device`] that is a link: what handlers of both families, and a data plane, share.
///
/// ```
/// use netloom::kernel::{Kernel, NetNs};
/// use netloom_modules::wireguard::Interface;
///
/// let kernel = Kernel::new();
/// let _wireguard = netloom_modules::load(&kernel, "wireguard=wg0")?;
/// let interface = Interface::find(&kernel, NetNs::default(), "wg0").unwrap();
/// assert_eq!(interface.device().peer_count(), 0);
/// # Ok::<(), netloom_modules::Error>(())
/// ```
#[derive(Debug)]
pub struct Interface {
    takes_big_tcp: bool,
    device: Mutex<Device>,
}

impl Interface {
    /// The interface of this name, if that is a link of this kind.
    pub fn find(kernel: &Kernel, ns: NetNs, name: &str) -> Option<Arc<Self>> {
        kernel.links(ns).by_name(name).as_ref().and_then(Link::device)
    }

    /// Its state, for as long as nobody else may look at it. Do not change links or call this kernel side meanwhile.
    pub fn device(&self) -> MutexGuard<'_, Device> {
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LinkDevice for Interface {
    // drivers/net/wireguard/device.c: wg_setup
    fn defaults(&self) -> LinkDefaults {
        // The header of a data message and its tag, UDP's and IPv6's.
        const OVERHEAD: u32 = 32 + 8 + 40;
        // include/linux/netdevice.h: eight times GSO_MAX_SEGS
        const GSO_MAX_SIZE: u32 = 8 * 65_535;
        let defaults = LinkDefaults::default();
        LinkDefaults {
            flags: LinkFlags::POINTOPOINT | LinkFlags::NOARP,
            mtu: 1_500 - OVERHEAD,
            // The greatest int that is a multiple of 16 holds all of it.
            max_mtu: 0x7fff_fff0 - OVERHEAD,
            tso_max_size: if self.takes_big_tcp { GSO_MAX_SIZE } else { defaults.tso_max_size },
            ..defaults
        }
    }

    // drivers/net/wireguard/device.c: device_type
    fn device_type(&self) -> Option<&str> {
        Some(KIND)
    }

    // drivers/net/wireguard/device.c: wg_open, wg_stop
    fn set_up(&self, up: bool) -> Result<(), Nack> {
        if up {
            return self.device().up().map_err(refuse);
        }
        self.device().down();
        Ok(())
    }

    // drivers/net/wireguard/device.c: wg_open
    fn has_no_own_addresses(&self) -> bool {
        true
    }

    // drivers/net/wireguard/device.c: wg_destruct
    fn removed(&self) {
        self.device().clear();
    }
}

/// Makes interfaces; those of one network namespace share its UDP ports.
#[derive(Debug, Default)]
pub(super) struct Kind {
    ports: Mutex<HashMap<NetNs, Ports>>,
}

impl LinkKind for Kind {
    // drivers/net/wireguard/device.c: wg_newlink
    fn create(&self, link: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        let device = Device::new(ports.entry(link.ns).or_default().clone());
        let takes_big_tcp = link.version.wireguard_takes_big_tcp();
        Ok(Arc::new(Interface { takes_big_tcp, device: Mutex::new(device) }))
    }
}

/// A refusal as the kernel gives it: an errno and no text.
pub(super) fn refuse(refusal: Refusal) -> Nack {
    Nack::new(match refusal {
        Refusal::MissingPublicKey | Refusal::AllowedIp => Errno::EINVAL,
        Refusal::ShortAddress => Errno::ERANGE,
        Refusal::ProtocolVersion => Errno::EPFNOSUPPORT,
        Refusal::TooManyPeers | Refusal::TooManyAllowedIps => Errno::ENOMEM,
        Refusal::PortInUse => Errno::EADDRINUSE,
    })
}
