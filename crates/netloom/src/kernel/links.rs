//! Network interfaces of a kernel side: the registry that NETLINK_ROUTE answers from and that modules put devices into.
//!
//! ```
//! use std::sync::Arc;
//! use netloom::kernel::{Kernel, LinkDefaults, LinkDevice, LinkKind, Nack, NetNs, NewLink};
//!
//! struct Dummy;
//! impl LinkDevice for Dummy {
//!     fn defaults(&self) -> LinkDefaults {
//!         LinkDefaults { mtu: 1500, ..LinkDefaults::default() }
//!     }
//! }
//! struct Dummies;
//! impl LinkKind for Dummies {
//!     fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
//!         Ok(Arc::new(Dummy))
//!     }
//! }
//!
//! let kernel = Kernel::new();
//! kernel.add_link_kind("dummy", Arc::new(Dummies))?;
//! let links = kernel.links(NetNs::default());
//! let link = links.create("dummy", "dummy%d")?;
//! assert_eq!((link.index, link.name.as_str(), link.is_up()), (1, "dummy0", false));
//! links.set_up(link.index, true)?;
//! assert!(links.by_name("dummy0").is_some_and(|link| link.is_up()));
//! # Ok::<(), Nack>(())
//! ```

mod rtnl;
mod uevents;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use netloom_families::rt_link::LinkFlags;
use netloom_wire::{Errno, RawAttrs};

use super::ctx::Cause;
use super::engine::NetNs;
use super::{Kernel, Nack, Version};
use rtnl::Namespace;
pub(super) use rtnl::{Registry, Rtnl};

/// A kind of network interface, as `ip link add type` names it.
#[doc(alias = "rtnl_link_ops")]
pub trait LinkKind: Send + Sync + 'static {
    /// Makes the device behind a new link, which is not listed yet. It must not add, change or remove links.
    fn create(&self, link: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack>;
}

/// What a device is made for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NewLink<'a> {
    /// The network namespace.
    pub ns: NetNs,
    /// The name that it will have.
    pub name: &'a str,
    /// The release of Linux that the kernel side behaves as.
    pub version: Version,
    /// Attributes of the kind (`IFLA_INFO_DATA`), as they came.
    pub data: RawAttrs<'a>,
}

/// What lies behind a link: the module's side of it.
///
/// None of its methods may add, change or remove links: they run while the registry is being changed.
#[doc(alias = "net_device_ops")]
pub trait LinkDevice: Any + Send + Sync {
    /// What a new link of this device starts with.
    fn defaults(&self) -> LinkDefaults;

    /// What kind of device uevents call it (`DEVTYPE`); those of many kinds are called nothing.
    #[doc(alias = "SET_NETDEV_DEVTYPE")]
    fn device_type(&self) -> Option<&str> {
        None
    }

    /// Brings the device up or takes it down; a refusal to come up leaves it down.
    #[doc(alias = "ndo_open")]
    #[doc(alias = "ndo_stop")]
    fn set_up(&self, up: bool) -> Result<(), Nack> {
        let _ = up;
        Ok(())
    }

    /// Whether IPv6 is to make up no address for it, once it has been up.
    // include/net/addrconf.h: what a driver sets in its inet6_dev's addr_gen_mode
    fn has_no_own_addresses(&self) -> bool {
        false
    }

    /// The link is gone. The device is down by then; others may still hold it.
    #[doc(alias = "ndo_uninit")]
    fn removed(&self) {}
}

/// What a new link starts with.
#[derive(Clone, Debug)]
pub struct LinkDefaults {
    /// The hardware type, `ARPHRD_*`; 0xFFFE for none.
    pub hardware: u16,
    /// Its flags, without [`LinkFlags::UP`].
    pub flags: LinkFlags,
    /// Bytes of a packet at most, to begin with.
    pub mtu: u32,
    /// The least that this can be set to.
    pub min_mtu: u32,
    /// The most that it can be set to; 0 is no limit.
    pub max_mtu: u32,
    /// The hardware address, empty if it has none.
    pub address: Vec<u8>,
    /// Bytes at most of a packet that it cuts into segments itself.
    pub tso_max_size: u32,
}

impl Default for LinkDefaults {
    /// No hardware type, flags or address, 1,500 bytes, and 65,536 before they are cut.
    fn default() -> Self {
        Self {
            // include/uapi/linux/if_arp.h: ARPHRD_NONE
            hardware: 0xfffe,
            flags: LinkFlags(0),
            mtu: 1_500,
            min_mtu: 0,
            max_mtu: 0,
            address: Vec::new(),
            // include/linux/netdevice.h: TSO_LEGACY_MAX_SIZE
            tso_max_size: 65_536,
        }
    }
}

/// A network interface as it was when it was looked up.
#[doc(alias = "net_device")]
#[derive(Clone)]
#[non_exhaustive]
pub struct Link {
    /// Its index, from 1, unique in its namespace.
    pub index: u32,
    /// Its name, 1 to 15 bytes.
    pub name: String,
    /// Its kind.
    pub kind: Arc<str>,
    /// The hardware type, `ARPHRD_*`.
    pub hardware: u16,
    /// Its flags, as set: whether it runs is told by messages only.
    pub flags: LinkFlags,
    /// Bytes of a packet at most.
    pub mtu: u32,
    /// The least MTU.
    pub min_mtu: u32,
    /// The greatest MTU, 0 for no limit.
    pub max_mtu: u32,
    /// The hardware address, empty if it has none.
    pub address: Vec<u8>,
    /// Bytes at most of a packet that it cuts into segments itself.
    pub tso_max_size: u32,
    /// Packets that wait at most.
    pub tx_queue_len: u32,
    /// The group that it is in, 0 at first.
    pub group: u32,
    /// A text for people.
    pub alias: Option<String>,
    /// Whether it has ever been up.
    pub(super) was_up: bool,
    device: Arc<dyn LinkDevice>,
}

impl Link {
    /// Whether it is administratively up.
    pub fn is_up(&self) -> bool {
        self.flags.contains(LinkFlags::UP)
    }

    /// How IPv6 makes up an address for it: `enum in6_addr_gen_mode`.
    pub(super) fn address_generation(&self) -> u8 {
        const EUI64: u8 = 0;
        const NONE: u8 = 1;
        if self.was_up && self.device.has_no_own_addresses() { NONE } else { EUI64 }
    }

    /// The device behind it, if it is a `D`.
    pub fn device<D: LinkDevice>(&self) -> Option<Arc<D>> {
        let device: Arc<dyn Any + Send + Sync> = self.device.clone();
        device.downcast().ok()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}, {:?}, mtu {})", self.index, self.name, self.kind, self.flags, self.mtu)
    }
}

impl Kernel {
    /// The links of a network namespace.
    pub fn links(&self, ns: NetNs) -> Links<'_> {
        Links { kernel: self, ns }
    }

    /// Adds a kind of link; EEXIST if there is one of that name.
    #[doc(alias = "rtnl_link_register")]
    pub fn add_link_kind(&self, name: &str, kind: Arc<dyn LinkKind>) -> Result<(), Nack> {
        let mut table = self.0.links.table();
        if table.kinds.contains_key(name) {
            return Err(Nack::new(Errno::EEXIST));
        }
        table.kinds.insert(name.into(), kind);
        Ok(())
    }

    /// Removes a kind of link and, in all namespaces, the links of that kind; ENOENT if it is not there.
    #[doc(alias = "rtnl_link_unregister")]
    pub fn remove_link_kind(&self, name: &str) -> Result<(), Nack> {
        let mut table = self.0.links.table();
        // Dropped at the end: what it owns may look at links when it is.
        let _kind = table.kinds.remove(name).ok_or(Nack::new(Errno::ENOENT))?;
        let mut namespaces: Vec<NetNs> = table.namespaces.keys().copied().collect();
        drop(table);
        namespaces.sort_by_key(|ns| ns.0);
        for ns in namespaces {
            let rtnl = self.rtnl(ns, Cause::default());
            for link in self.links(ns).all().iter().filter(|link| *link.kind == *name) {
                rtnl.remove(link.index)?;
            }
        }
        Ok(())
    }

    /// Whether there is such a kind of link.
    pub(super) fn has_link_kind(&self, name: &str) -> bool {
        self.0.links.table().kinds.contains_key(name)
    }

    /// The right to change the links of a namespace, for whoever caused that; one at a time has it.
    pub(super) fn rtnl(&self, ns: NetNs, cause: Cause) -> Rtnl<'_> {
        Rtnl::take(self, ns, cause)
    }
}

/// The links of one network namespace. Whatever changes is told to `RTNLGRP_LINK`, and what comes, goes or has another name
/// to who listens to [uevents](crate::uevent).
#[derive(Clone, Copy, Debug)]
pub struct Links<'k> {
    kernel: &'k Kernel,
    ns: NetNs,
}

impl Links<'_> {
    /// Makes a link of this kind, down. A `%d` in the name stands for the first number that makes it free.
    ///
    /// EOPNOTSUPP if there is no such kind, EINVAL if the name is not one (1 to 15 bytes, no `/`, `:` or white space,
    /// not `.` or `..`), EEXIST if it is taken, or what the kind refuses with.
    #[doc(alias = "register_netdevice")]
    pub fn create(&self, kind: &str, name: &str) -> Result<Link, Nack> {
        let rtnl = self.kernel.rtnl(self.ns, Cause::default());
        let link = rtnl.create(kind, name, None, RawAttrs::new(&[]))?;
        rtnl.tell_new(&link);
        Ok(link)
    }

    /// The link of this name.
    #[doc(alias = "dev_get_by_name")]
    pub fn by_name(&self, name: &str) -> Option<Link> {
        self.read(|links| links.by_index.get(links.by_name.get(name)?).cloned())
    }

    /// The link of this index.
    #[doc(alias = "dev_get_by_index")]
    pub fn by_index(&self, index: u32) -> Option<Link> {
        self.read(|links| links.by_index.get(&index).cloned())
    }

    /// All links, by index.
    #[doc(alias = "for_each_netdev")]
    pub fn all(&self) -> Vec<Link> {
        self.read(|links| Some(links.by_index.values().cloned().collect())).unwrap_or_default()
    }

    /// The link with the lowest index above this one.
    pub(super) fn after(&self, index: u32) -> Option<Link> {
        let above = index.checked_add(1)?;
        self.read(|links| links.by_index.range(above..).next().map(|(_, link)| link.clone()))
    }

    /// How often links came or went, from 1: what a dump in parts compares to tell that it was torn.
    #[doc(alias = "dev_base_seq")]
    pub fn generation(&self) -> u64 {
        self.read(|links| Some(links.changes)).unwrap_or(0).saturating_add(1)
    }

    /// Brings a link up or takes it down: ENODEV, or what the device refuses with.
    #[doc(alias = "dev_change_flags")]
    pub fn set_up(&self, index: u32, up: bool) -> Result<(), Nack> {
        let rtnl = self.kernel.rtnl(self.ns, Cause::default());
        let flags = self.by_index(index).ok_or(Nack::new(Errno::ENODEV))?.flags.0;
        let flags = if up { flags | LinkFlags::UP.0 } else { flags & !LinkFlags::UP.0 };
        let (link, changes) = rtnl.set_flags(index, LinkFlags(flags))?;
        if changes != 0 {
            rtnl.tell(&link, changes);
        }
        Ok(())
    }

    /// Gives a link another name; errors are those of [`Links::create`], ENODEV, and EBUSY of a link that is up where
    /// [`Version::renames_links_that_are_up`] says no.
    #[doc(alias = "dev_change_name")]
    pub fn rename(&self, index: u32, name: &str) -> Result<(), Nack> {
        self.kernel.rtnl(self.ns, Cause::default()).rename(index, name)
    }

    /// Takes a link down and removes it; ENODEV if it is not there.
    #[doc(alias = "unregister_netdevice")]
    pub fn remove(&self, index: u32) -> Result<(), Nack> {
        self.kernel.rtnl(self.ns, Cause::default()).remove(index)
    }

    fn read<T>(&self, find: impl FnOnce(&Namespace) -> Option<T>) -> Option<T> {
        find(self.kernel.0.links.table().namespaces.get(&self.ns)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain;
    impl LinkDevice for Plain {
        fn defaults(&self) -> LinkDefaults {
            LinkDefaults::default()
        }
    }
    impl LinkKind for Plain {
        fn create(&self, _: &NewLink<'_>) -> Result<Arc<dyn LinkDevice>, Nack> {
            Ok(Arc::new(Plain))
        }
    }

    #[test]
    fn names_are_linux_s() {
        let kernel = Kernel::new();
        kernel.add_link_kind("plain", Arc::new(Plain)).unwrap();
        let links = kernel.links(NetNs::default());
        for (name, expected) in [
            ("a", Ok("a")),
            ("fifteen-bytes-x", Ok("fifteen-bytes-x")),
            ("sixteen-bytes-xx", Err(Errno::EINVAL)),
            ("", Err(Errno::EINVAL)),
            (".", Err(Errno::EINVAL)),
            ("..", Err(Errno::EINVAL)),
            ("...", Ok("...")),
            ("a/b", Err(Errno::EINVAL)),
            ("a:b", Err(Errno::EINVAL)),
            ("a b", Err(Errno::EINVAL)),
            ("a\u{b}", Err(Errno::EINVAL)),
            ("a", Err(Errno::EEXIST)),
            ("w%d", Ok("w0")),
            ("w%d", Ok("w1")),
            ("w%d-x", Ok("w0-x")),
            ("%d%d", Err(Errno::EINVAL)),
            ("w%s", Err(Errno::EINVAL)),
            ("100%", Err(Errno::EINVAL)),
        ] {
            let made = links.create("plain", name).map(|link| link.name).map_err(|nack| nack.errno());
            assert_eq!(made, expected.map(str::to_owned), "{name:?}");
        }
        links.remove(links.by_name("w0").unwrap().index).unwrap();
        assert_eq!(links.create("plain", "w%d").unwrap().name, "w0");
    }

    #[test]
    fn indices_are_not_used_again_at_once_and_namespaces_are_apart() {
        let kernel = Kernel::new();
        kernel.add_link_kind("plain", Arc::new(Plain)).unwrap();
        let (links, others) = (kernel.links(NetNs(0)), kernel.links(NetNs(1)));
        let first = links.create("plain", "a").unwrap();
        links.remove(first.index).unwrap();
        assert_eq!((first.index, links.create("plain", "a").unwrap().index), (1, 2));
        assert_eq!(others.create("plain", "a").unwrap().index, 1);
        assert_eq!((links.generation(), others.generation()), (4, 2));
        assert_eq!(links.remove(1).unwrap_err().errno(), Errno::ENODEV);
        let far = Kernel::builder().first_link(1 << 30).build();
        far.add_link_kind("plain", Arc::new(Plain)).unwrap();
        let indices = ["a", "b"].map(|name| far.links(NetNs(0)).create("plain", name).unwrap().index);
        assert_eq!(indices, [1 << 30, (1 << 30) + 1]);
        kernel.remove_link_kind("plain").unwrap();
        assert!(links.all().is_empty() && others.all().is_empty());
        assert_eq!(links.create("plain", "a").unwrap_err().message(), Some("Unknown device type"));
    }

    #[test]
    fn links_that_are_up_keep_their_names_where_linux_has_them_do_so() {
        for (version, renamed) in [
            (Version::V6_1, Err(Errno::EBUSY)),
            (Version::V6_12, Ok(())),
            (Version::V6_18, Ok(())),
            (Version::NEWEST, Ok(())),
        ] {
            let kernel = Kernel::builder().behave_like(version).build();
            kernel.add_link_kind("plain", Arc::new(Plain)).unwrap();
            let links = kernel.links(NetNs::default());
            let index = links.create("plain", "a").unwrap().index;
            let rename = |name| links.rename(index, name).map_err(|nack| nack.errno());
            assert_eq!(rename("b"), Ok(()), "{version}: down");
            links.set_up(index, true).unwrap();
            for name in ["b", "c"] {
                assert_eq!(rename(name), renamed, "{version}: {name}");
            }
            let name = if renamed.is_ok() { "c" } else { "b" };
            assert_eq!(links.by_index(index).unwrap().name, name, "{version}");
            assert_eq!(rename("a/b"), renamed.and(Err(Errno::EINVAL)), "{version}: asked before the name is looked at");
        }
    }
}
