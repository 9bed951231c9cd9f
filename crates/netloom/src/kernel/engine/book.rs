//! Where ports are found: by key, by id, and by group.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::open_port::OpenPort;
use super::port::{NetNs, PortKey};
use super::protocols::Compare;
use super::serial::SerialMap;

/// Room, protocol and port id.
pub(super) type Name = (NetNs, Protocol, u32);

/// The members of a group. Who sends to them holds on to the list, not to the book: whoever joins meanwhile changes a copy.
pub(super) type Members = Arc<Vec<Arc<OpenPort>>>;

/// All ports. Its lock is the innermost: it may be taken with a port's held, and nothing is waited for under it.
#[derive(Default)]
pub(super) struct Book {
    last: u64,
    /// Those that are open, or closed with something under way.
    ports: SerialMap<PortKey, Arc<OpenPort>>,
    bound: HashMap<Name, Arc<OpenPort>>,
    members: HashMap<(Protocol, u32), Members>,
    /// Namespaces by their ids in others: whose the id is, then which namespace's it is.
    namespace_ids: BTreeMap<(NetNs, NetNs), i32>,
    /// The protocols whose namespaces are one room; bit n is protocol n.
    one_room: u32,
}

impl Book {
    /// A key that nobody ever had.
    pub(super) fn next_key(&mut self) -> PortKey {
        self.last = self.last.wrapping_add(1);
        PortKey(self.last)
    }

    pub(super) fn enter(&mut self, port: Arc<OpenPort>) {
        self.ports.insert(port.key(), port);
    }

    pub(super) fn strike(&mut self, key: PortKey) {
        self.ports.remove(&key);
    }

    pub(super) fn find(&self, key: PortKey) -> Option<&Arc<OpenPort>> {
        self.ports.get(&key)
    }

    pub(super) fn everyone(&self) -> Vec<Arc<OpenPort>> {
        self.ports.values().cloned().collect()
    }

    /// Says which sockets of a protocol can see each other.
    pub(super) fn compare(&mut self, protocol: Protocol, compare: Compare) {
        let bit = 1_u32.checked_shl(protocol.number().into()).unwrap_or(0);
        match compare {
            Compare::All => self.one_room |= bit,
            Compare::Namespace => self.one_room &= !bit,
        }
    }

    /// The name of a port id: with the namespace that stands for the room it is in.
    // net/netlink/af_netlink.c: netlink_compare
    fn name(&self, ns: NetNs, protocol: Protocol, id: u32) -> Name {
        let shared = self.one_room.checked_shr(protocol.number().into()).unwrap_or(0) & 1 == 1;
        (if shared { NetNs::default() } else { ns }, protocol, id)
    }

    /// Gives a port its id, and returns its name. EADDRINUSE if another one has it.
    pub(super) fn bind(&mut self, key: PortKey, ns: NetNs, protocol: Protocol, id: u32) -> Result<Name, Errno> {
        let name = self.name(ns, protocol, id);
        if self.bound.contains_key(&name) {
            return Err(Errno::EADDRINUSE);
        }
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        self.bound.insert(name, port.clone());
        Ok(name)
    }

    pub(super) fn unbind(&mut self, name: &Name) {
        self.bound.remove(name);
    }

    /// The port that has this id.
    pub(super) fn bound(&self, ns: NetNs, protocol: Protocol, id: u32) -> Option<&Arc<OpenPort>> {
        self.bound.get(&self.name(ns, protocol, id))
    }

    /// Gives a namespace an id within another one, or takes it away. EEXIST if either has another.
    pub(super) fn name_namespace(&mut self, within: NetNs, ns: NetNs, id: Option<i32>) -> Result<(), Errno> {
        let Some(id) = id else {
            self.namespace_ids.remove(&(within, ns));
            return Ok(());
        };
        let taken = |(known, of): (&(NetNs, NetNs), &i32)| known.0 == within && (known.1 == ns || *of == id);
        if self.namespace_ids.iter().any(taken) {
            return Err(Errno::EEXIST);
        }
        self.namespace_ids.insert((within, ns), id);
        Ok(())
    }

    /// The id of a namespace within another one.
    pub(super) fn namespace_id(&self, within: NetNs, ns: NetNs) -> Option<i32> {
        self.namespace_ids.get(&(within, ns)).copied()
    }

    /// The namespaces that have an id somewhere.
    pub(super) fn named_namespaces(&self) -> impl Iterator<Item = NetNs> {
        self.namespace_ids.keys().map(|(_, ns)| *ns)
    }

    pub(super) fn join(&mut self, key: PortKey, protocol: Protocol, group: u32) {
        let Some(port) = self.ports.get(&key).cloned() else { return };
        Arc::make_mut(self.members.entry((protocol, group)).or_default()).push(port);
    }

    pub(super) fn leave(&mut self, key: PortKey, protocol: Protocol, group: u32) {
        if let Some(members) = self.members.get_mut(&(protocol, group)) {
            Arc::make_mut(members).retain(|member| member.key() != key);
            if members.is_empty() {
                self.members.remove(&(protocol, group));
            }
        }
    }

    /// A group is gone, and all its memberships.
    pub(super) fn dissolve(&mut self, protocol: Protocol, group: u32) {
        self.members.remove(&(protocol, group));
    }

    pub(super) fn members(&self, protocol: Protocol, group: u32) -> Option<&Members> {
        self.members.get(&(protocol, group))
    }
}
