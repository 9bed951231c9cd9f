//! The registry's state, and the right to change it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom_families::rt_link::LinkFlags;
use netloom_wire::{Errno, RawAttrs};

use super::{Link, LinkDefaults, LinkKind, Links, NewLink};
use crate::kernel::ctx::Cause;
use crate::kernel::engine::NetNs;
use crate::kernel::{Kernel, Nack};
use crate::uevent::Uevent;

/// All links of a kernel side, and their kinds.
#[derive(Default)]
pub(in crate::kernel) struct Registry {
    /// Held around each change, devices' methods and notifications included; never inside `table`.
    rtnl: Mutex<()>,
    table: Mutex<Table>,
    /// The lowest index that is given out; 0 is as good as 1.
    first: u32,
}

#[derive(Default)]
pub(super) struct Table {
    pub(super) kinds: BTreeMap<Arc<str>, Arc<dyn LinkKind>>,
    pub(super) namespaces: HashMap<NetNs, Namespace>,
}

#[derive(Default)]
pub(super) struct Namespace {
    pub(super) by_index: BTreeMap<u32, Link>,
    pub(super) by_name: HashMap<String, u32>,
    last_index: u32,
    pub(super) changes: u64,
}

impl Registry {
    pub(in crate::kernel) fn starting_at(first: u32) -> Self {
        Self { first, ..Self::default() }
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        // Each change of the table is one assignment or insertion: a panic leaves it whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to change links; see [`Kernel::rtnl`].
pub(in crate::kernel) struct Rtnl<'k> {
    kernel: &'k Kernel,
    ns: NetNs,
    cause: Cause,
    _held: MutexGuard<'k, ()>,
}

impl<'k> Rtnl<'k> {
    pub(super) fn take(kernel: &'k Kernel, ns: NetNs, cause: Cause) -> Self {
        let held = kernel.0.links.rtnl.lock().unwrap_or_else(PoisonError::into_inner);
        Self { kernel, ns, cause, _held: held }
    }

    /// Makes a link and does not tell of it: whoever asked may have more to set.
    // net/core/rtnetlink.c: rtnl_newlink_create; net/core/dev.c: register_netdevice
    pub(in crate::kernel) fn create(
        &self,
        kind: &str,
        name: &str,
        index: Option<u32>,
        data: RawAttrs<'_>,
    ) -> Result<Link, Nack> {
        let (found, name) = {
            let mut table = self.kernel.0.links.table();
            let found = table.kinds.get_key_value(kind).map(|(name, kind)| (name.clone(), kind.clone()));
            let links = table.namespaces.entry(self.ns).or_default();
            let name = links.free_name(name)?;
            if index.is_some_and(|index| links.by_index.contains_key(&index)) {
                return Err(Nack::new(Errno::EBUSY));
            }
            (found, name)
        };
        let unknown = || Nack::new(Errno::EOPNOTSUPP).with_message("Unknown device type");
        let (kind, maker) = found.ok_or_else(unknown)?;
        let device = maker.create(&NewLink { ns: self.ns, name: &name, version: self.kernel.version(), data })?;
        let LinkDefaults { hardware, flags, mtu, min_mtu, max_mtu, address, tso_max_size } = device.defaults();
        let mut table = self.kernel.0.links.table();
        let links = table.namespaces.entry(self.ns).or_default();
        let index = index.unwrap_or_else(|| links.free_index(self.kernel.0.links.first));
        let link = Link {
            index,
            name: name.clone(),
            kind,
            hardware,
            flags,
            mtu,
            min_mtu,
            max_mtu,
            address,
            tso_max_size,
            // include/linux/netdevice.h: DEFAULT_TX_QUEUE_LEN
            tx_queue_len: 1_000,
            group: 0,
            alias: None,
            was_up: false,
            device,
        };
        links.by_name.insert(name, index);
        links.by_index.insert(index, link.clone());
        links.changes = links.changes.wrapping_add(1);
        drop(table);
        self.device_added(&link);
        Ok(link)
    }

    /// Takes a link down and removes it, and tells of both.
    // net/core/dev.c: unregister_netdevice_many_notify
    pub(in crate::kernel) fn remove(&self, index: u32) -> Result<(), Nack> {
        let mut link = self.find(index)?;
        if link.is_up() {
            (link, _) = self.set_flags(index, LinkFlags(link.flags.0 & !LinkFlags::UP.0))?;
            self.tell(&link, (LinkFlags::UP | LinkFlags::RUNNING).0);
        }
        self.unlist(&link);
        self.kernel.tell_link(self.ns, self.cause, &link, u32::MAX, true);
        self.device_removed(&link);
        Ok(())
    }

    /// Removes a link that nobody was told of.
    pub(in crate::kernel) fn discard(&self, index: u32) {
        if let Ok(link) = self.find(index) {
            self.unlist(&link);
            self.device_removed(&link);
        }
    }

    fn unlist(&self, link: &Link) {
        {
            let mut table = self.kernel.0.links.table();
            let Some(links) = table.namespaces.get_mut(&self.ns) else { return };
            links.by_index.remove(&link.index);
            links.by_name.remove(&link.name);
            links.changes = links.changes.wrapping_add(1);
        }
        link.device.removed();
    }

    /// Sets a link's flags as far as they can be set, and returns which of them changed; does not tell.
    // net/core/dev.c: __dev_change_flags
    pub(in crate::kernel) fn set_flags(&self, index: u32, wanted: LinkFlags) -> Result<(Link, u32), Nack> {
        const SETTABLE: u32 = LinkFlags::DEBUG.0
            | LinkFlags::NOTRAILERS.0
            | LinkFlags::NOARP.0
            | LinkFlags::DYNAMIC.0
            | LinkFlags::MULTICAST.0
            | LinkFlags::PORTSEL.0
            | LinkFlags::AUTOMEDIA.0
            // Nobody else asks a device here for all packets: what users want is what is so.
            | LinkFlags::PROMISC.0
            | LinkFlags::ALLMULTI.0;
        let before = self.find(index)?;
        let mut flags = (wanted.0 & SETTABLE) | (before.flags.0 & !SETTABLE);
        let up = wanted.contains(LinkFlags::UP);
        if up != before.is_up() {
            // A device that cannot be taken down is down all the same.
            match before.device.set_up(up) {
                Err(nack) if up => {
                    self.change(index, |link| link.flags = LinkFlags(flags));
                    return Err(nack);
                }
                _ => flags ^= LinkFlags::UP.0,
            }
        }
        self.change(index, |link| {
            link.flags = LinkFlags(flags);
            link.was_up |= up;
        });
        let link = self.find(index)?;
        Ok((link, before.flags.0 ^ flags))
    }

    /// Gives a link another name, and tells of it.
    // net/core/dev.c: dev_change_name
    pub(in crate::kernel) fn rename(&self, index: u32, name: &str) -> Result<(), Nack> {
        let (link, old) = {
            let mut table = self.kernel.0.links.table();
            let links = table.namespaces.get_mut(&self.ns).ok_or(Nack::new(Errno::ENODEV))?;
            let link = links.by_index.get(&index).ok_or(Nack::new(Errno::ENODEV))?;
            if link.is_up() && !self.kernel.version().renames_links_that_are_up() {
                return Err(Nack::new(Errno::EBUSY));
            }
            let old = link.name.clone();
            if old == name {
                return Ok(());
            }
            let name = links.free_name(name)?;
            links.by_name.remove(&old);
            links.by_name.insert(name.clone(), index);
            let link = links.by_index.get_mut(&index).ok_or(Nack::new(Errno::ENODEV))?;
            link.name = name;
            (link.clone(), old)
        };
        self.device_renamed(&link, &old);
        self.tell(&link, 0);
        Ok(())
    }

    /// Changes what needs no device to agree, and returns the link as it is then.
    pub(in crate::kernel) fn change(&self, index: u32, change: impl FnOnce(&mut Link)) -> Option<Link> {
        let mut table = self.kernel.0.links.table();
        let link = table.namespaces.get_mut(&self.ns)?.by_index.get_mut(&index)?;
        change(link);
        Some(link.clone())
    }

    /// Tells that a link is new.
    pub(in crate::kernel) fn tell_new(&self, link: &Link) {
        self.kernel.tell_link(self.ns, self.cause, link, u32::MAX, false);
    }

    /// Tells that a link has changed, and which flags did. Linux names no cause of that, whoever asked for it.
    // net/core/dev.c: __dev_notify_flags; net/core/rtnetlink.c: rtnetlink_event
    pub(in crate::kernel) fn tell(&self, link: &Link, changed: u32) {
        self.kernel.tell_link(self.ns, Cause::default(), link, changed, false);
    }

    /// Tells those who listen to uevents.
    pub(super) fn emit(&self, event: &Uevent) {
        event.emit_in(self.kernel, self.ns);
    }

    /// The links that may be changed.
    pub(in crate::kernel) fn links(&self) -> Links<'_> {
        self.kernel.links(self.ns)
    }

    fn find(&self, index: u32) -> Result<Link, Nack> {
        self.links().by_index(index).ok_or(Nack::new(Errno::ENODEV))
    }
}

impl Namespace {
    /// A name as it was asked for, or with its `%d` filled in.
    // net/core/dev.c: dev_get_valid_name, __dev_alloc_name
    fn free_name(&self, name: &str) -> Result<String, Nack> {
        let bad = || Nack::new(Errno::EINVAL);
        if !is_link_name(name) {
            return Err(bad());
        }
        if !name.contains('%') {
            let taken = self.by_name.contains_key(name);
            return if taken { Err(Nack::new(Errno::EEXIST)) } else { Ok(name.to_owned()) };
        }
        let (front, back) = name.split_once("%d").filter(|(f, b)| !f.contains('%') && !b.contains('%')).ok_or(bad())?;
        let names = (0_u32..).map(|number| format!("{front}{number}{back}")).take_while(|name| is_link_name(name));
        // Linux looks at 32,768 numbers.
        let free = names.take(1 << 15).find(|name| !self.by_name.contains_key(name));
        free.ok_or(Nack::new(Errno::ENFILE))
    }

    /// Indices go round: a freed one is given out again only after all others.
    // net/core/dev.c: dev_index_reserve
    fn free_index(&mut self, first: u32) -> u32 {
        let first = first.max(1);
        let mut index = self.last_index.max(first.saturating_sub(1));
        loop {
            index = if index < i32::MAX.unsigned_abs() { index.saturating_add(1) } else { first };
            if !self.by_index.contains_key(&index) {
                self.last_index = index;
                return index;
            }
        }
    }
}

/// Whether a link may have this name, or be made by this pattern.
// net/core/dev.c: dev_valid_name
fn is_link_name(name: &str) -> bool {
    // Linux's isspace counts the no-break space of Latin-1 as well, which in UTF-8 is half a letter.
    let space = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let bad = |byte: u8| byte == 0 || byte == b'/' || byte == b':' || space(byte);
    (1..=15).contains(&name.len()) && name != "." && name != ".." && !name.bytes().any(bad)
}
