//! Protocols and families come and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::directory::{Directory, Resident};
use super::open_port::{Held, Listener};
use super::port::{Datagram, NetNs};
use super::table::{CTRL_NOTIFY, Families, Listed, Table};
use super::{Engine, FamilyKey, Intake, ProtocolInfo};
use crate::kernel::{Nack, nlctrl, protocol, raw};

impl Engine {
    /// Adds a family, and tells nlctrl's group.
    ///
    /// EEXIST if the name is taken, EINVAL if the table is not sound, ENOSPC if there is no id left, EPROTONOSUPPORT if its
    /// protocol is not there or takes no messages; the text says more.
    #[doc(alias = "genl_register_family")]
    pub fn register(&self, table: Table) -> Result<Arc<Listed>, Nack> {
        self.register_with(table, None)
    }

    /// The same with what the shell runs for it.
    pub(in crate::kernel) fn register_with(
        &self,
        table: Table,
        handlers: Option<raw::Handlers>,
    ) -> Result<Arc<Listed>, Nack> {
        let mut register = self.register_now();
        let resident = register.resident(table.protocol);
        if resident.map(|resident| resident.info.intake) != Some(Intake::Messages) {
            let why = if resident.is_none() { "is not there" } else { "takes no messages" };
            let text = format!("protocol {} {why}: register it, with families", table.protocol.number());
            return Err(Nack::new(Errno::EPROTONOSUPPORT).with_message(text));
        }
        let serialise = resident.and_then(|resident| resident.handlers.as_ref()?.serialise.clone());
        let mut next = Directory::clone(&register);
        let listed = next.families.register(table)?;
        if let Some(handlers) = handlers {
            next.handlers.insert(listed.key, Arc::new(raw::Handlers { serialise, ..handlers }));
        }
        self.publish(&mut register, next);
        let due = self.announce(&listed, true);
        drop(register);
        due.iter().for_each(|listener| listener());
        Ok(listed)
    }

    /// Has ids of generic families and numbers of their groups start here, as long as there is no family.
    pub(in crate::kernel) fn number_from(&self, first_id: u16, first_group: u32) {
        let mut register = self.register_now();
        let mut next = Directory::clone(&register);
        next.families = Families::numbered_from(first_id, first_group);
        self.publish(&mut register, next);
    }

    /// Removes a family, and tells nlctrl's group. ENOENT if it is not there, EBUSY while one of its handlers or dumps
    /// runs.
    #[doc(alias = "genl_unregister_family")]
    pub fn unregister(&self, key: FamilyKey) -> Result<(), Errno> {
        let mut register = self.register_now();
        let mut next = Directory::clone(&register);
        let listed = next.families.unregister(key).ok_or(Errno::ENOENT)?;
        next.handlers.remove(&key);
        let next = Arc::new(next);
        let everyone = self.everyone();
        // All at once: no port may begin with the family after it was looked at, and none may miss it that stays.
        let mut held: Vec<Held<'_>> = everyone.iter().map(|open| open.hold()).filter(|port| !port.is_over()).collect();
        if held.iter().any(|port| port.uses(key)) {
            return Err(Errno::EBUSY);
        }
        // The last of the family's handlers, dropped below when no lock is held: what they own may call us. The directories
        // that had them are dropped at once: they have other families' handlers too, which may be the next to go.
        let last = register.handlers.get(&key).cloned();
        let mut leases = Vec::new();
        for port in &mut held {
            port.desk.directory = next.clone();
            leases.extend(port.desk.end_lease(key));
            if port.protocol == listed.table.protocol {
                for (_, group) in &listed.groups {
                    port.set_member(*group, false);
                }
            }
        }
        for (_, group) in &listed.groups {
            self.book().dissolve(listed.table.protocol, *group);
        }
        drop(held);
        *register = next;
        let due = self.announce(&listed, false);
        drop(register);
        drop((leases, last));
        due.iter().for_each(|listener| listener());
        Ok(())
    }

    // net/netlink/genetlink.c: genl_ctrl_event
    fn announce(&self, listed: &Listed, came: bool) -> Vec<Listener> {
        let mut due = Vec::new();
        if listed.table.protocol != Protocol::GENERIC {
            return due;
        }
        let namespaces = match listed.table.every_namespace {
            true => self.namespaces_of(Protocol::GENERIC, CTRL_NOTIFY),
            false => BTreeSet::from([NetNs::default()]),
        };
        for event in nlctrl::events(listed, came) {
            let datagram = Datagram::from_kernel(Arc::new(event), CTRL_NOTIFY);
            for ns in &namespaces {
                let _ = self.broadcast_silently(*ns, Protocol::GENERIC, (0, 0), &datagram, &mut due);
            }
        }
        due
    }

    /// Adds a protocol: EEXIST if it is there.
    // net/netlink/af_netlink.c: __netlink_kernel_create
    #[doc(alias = "netlink_kernel_create")]
    pub fn register_protocol(&self, protocol: Protocol, info: ProtocolInfo) -> Result<(), Errno> {
        self.register_protocol_with(protocol, info, None)
    }

    /// The same with what the shell runs for it.
    pub(in crate::kernel) fn register_protocol_with(
        &self,
        protocol: Protocol,
        info: ProtocolInfo,
        handlers: Option<Arc<protocol::Handlers>>,
    ) -> Result<(), Errno> {
        let mut register = self.register_now();
        let mut next = Directory::clone(&register);
        let slot = next.protocols.get_mut(usize::from(protocol.number())).ok_or(Errno::EPROTONOSUPPORT)?;
        if slot.is_some() {
            return Err(Errno::EEXIST);
        }
        let info = ProtocolInfo { groups: info.groups.max(32), ..info };
        *slot = Some(Resident { info, handlers });
        self.book().compare(protocol, info.compare);
        self.publish(&mut register, next);
        Ok(())
    }

    /// Removes a protocol: its sockets stay, but reach nobody. ENOENT if it is not there, EBUSY while it has families or
    /// any of its handlers runs.
    // net/netlink/af_netlink.c: netlink_kernel_release
    #[doc(alias = "netlink_kernel_release")]
    pub fn unregister_protocol(&self, protocol: Protocol) -> Result<(), Errno> {
        let mut register = self.register_now();
        let mut next = Directory::clone(&register);
        let slot = next.protocols.get_mut(usize::from(protocol.number())).and_then(Option::take);
        // As a family's handlers: dropped without a lock.
        let gone = slot.ok_or(Errno::ENOENT)?;
        if protocol == Protocol::GENERIC || next.families.of(protocol).next().is_some() {
            return Err(Errno::EBUSY);
        }
        let next = Arc::new(next);
        let everyone = self.everyone();
        // As for a family: all at once.
        let mut held: Vec<Held<'_>> = everyone.iter().map(|open| open.hold()).filter(|port| !port.is_over()).collect();
        if held.iter().any(|port| port.jobs.pending.values().any(|pending| pending.protocol == protocol)) {
            return Err(Errno::EBUSY);
        }
        for port in &mut held {
            port.desk.directory = next.clone();
        }
        self.book().compare(protocol, super::Compare::Namespace);
        drop(held);
        *register = next;
        drop(register);
        drop(gone);
        Ok(())
    }

    /// Gives all ports what is registered now. Nothing has gone, so what they had is not the last of anything.
    fn publish(&self, register: &mut Arc<Directory>, next: Directory) {
        let next = Arc::new(next);
        for open in self.everyone() {
            let mut port = open.hold();
            if !port.is_over() {
                port.desk.directory = next.clone();
            }
        }
        *register = next;
    }

    /// The generic netlink families, by id.
    pub fn families(&self) -> Vec<Arc<Listed>> {
        self.register_now().families.generic().cloned().collect()
    }

    /// The families of a protocol other than generic netlink.
    pub fn families_of(&self, protocol: Protocol) -> Vec<Arc<Listed>> {
        self.register_now().families.of(protocol).cloned().collect()
    }

    /// The generic netlink family of this name.
    pub fn family(&self, name: &str) -> Option<Arc<Listed>> {
        self.register_now().families.by_name(name).cloned()
    }

    /// The generic netlink family of this id.
    pub fn family_by_id(&self, id: u16) -> Option<Arc<Listed>> {
        self.register_now().families.by_id(id).cloned()
    }

    /// The protocols that are there, by number.
    pub fn protocols(&self) -> Vec<(Protocol, ProtocolInfo)> {
        let register = self.register_now();
        let there = |protocol| Some((protocol, register.protocol(protocol)?));
        (0..).map_while(Protocol::new).filter_map(there).collect()
    }

    /// What a protocol allows, if it is there.
    pub fn protocol(&self, protocol: Protocol) -> Option<ProtocolInfo> {
        self.register_now().protocol(protocol)
    }
}
