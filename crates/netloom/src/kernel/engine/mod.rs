//! The kernel side without I/O, threads, clock or handlers.
//!
//! Every entry of [`Engine`] may queue work; [`Engine::work`] hands out the next piece that may run now, and
//! [`Engine::complete`] takes back what came of it. The shell around it owns handlers and locks; see
//! [`Kernel`](super::Kernel), and `tests/engine.rs`, which drives it in one thread without any.

mod ack;
mod asks;
mod dispatch;
mod dump;
mod groups;
mod incoming;
mod members;
mod options;
mod outside;
mod port;
mod protocols;
mod pull;
mod serial;
mod sockets;
mod table;
mod work;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

pub use asks::Ask;
pub use dump::{Cursor, Filled};
pub use outside::Outgoing;
pub use port::{Datagram, NetNs, PortKey, Unread};
pub use protocols::{Compare, Intake, ProtocolInfo};
pub use sockets::SocketState;
pub use table::GENL_ID_CTRL;
pub use table::{Entry, FamilyKey, GroupEntry, Listed, Mode, Table};
pub use work::{Arrival, Fill, Membership, Outcome, Request, Task, Ticket, Work, WorkId};

use self::asks::Asks;
use self::dispatch::Batch;
use self::groups::Change;
use self::port::{Port, Queued};
pub(crate) use self::serial::SerialMap;
use self::serial::SerialSet;
use self::table::Families;
use super::faults::FaultState;
use super::nlctrl;
use super::{Nack, Version};
use crate::socket::{Address, Credentials};

/// The kernel side as a state machine: ports, protocols, families, groups and dumps.
///
/// All methods return at once. What they made runnable is fetched by [`Engine::work`]; which ports became readable by
/// [`Engine::take_ready`].
pub struct Engine {
    next: u64,
    ports: SerialMap<PortKey, Port>,
    /// By room, protocol and port id.
    bound: HashMap<(NetNs, Protocol, u32), PortKey>,
    members: HashMap<(Protocol, u32), Vec<PortKey>>,
    protocols: [Option<ProtocolInfo>; Protocol::COUNT],
    families: Families,
    queue: VecDeque<Work>,
    pending: SerialMap<WorkId, Pending>,
    held: HashSet<Lock>,
    batches: SerialMap<Ticket, Batch>,
    changes: SerialMap<Ticket, Change>,
    /// How changes of memberships failed, until somebody asks.
    outcomes: SerialMap<Ticket, Errno>,
    pub(super) asks: Asks,
    open_tickets: SerialSet<Ticket>,
    ready: Vec<PortKey>,
    owner: u32,
    version: Version,
    pub(super) faults: FaultState,
}

/// One lock is around the handlers of all families that ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lock(Protocol);

/// A piece of work that is queued or runs.
struct Pending {
    protocol: Protocol,
    family: Option<FamilyKey>,
    ticket: Option<Ticket>,
    lock: Option<Lock>,
    stage: Stage,
}

/// What to go on with when a piece of work comes back.
enum Stage {
    Do(Arc<Request>),
    Start(Arc<Request>),
    Fill { request: Arc<Request>, room: usize },
    Done,
    Input,
    Bind(Membership),
    Unbind,
}

impl Engine {
    /// A kernel side with generic netlink and nlctrl, owned by this user: that uid and 0 are its administrators.
    /// It behaves as the newest Linux that is known.
    pub fn new(owner: u32) -> Self {
        Self::behaving_like(owner, Version::NEWEST)
    }

    /// The same as another release of Linux does.
    pub fn behaving_like(owner: u32, version: Version) -> Self {
        let mut engine = Self {
            next: 0,
            ports: SerialMap::default(),
            bound: HashMap::new(),
            members: HashMap::new(),
            protocols: [None; Protocol::COUNT],
            families: Families::default(),
            queue: VecDeque::new(),
            pending: SerialMap::default(),
            held: HashSet::new(),
            batches: SerialMap::default(),
            changes: SerialMap::default(),
            outcomes: SerialMap::default(),
            asks: Asks::default(),
            open_tickets: SerialSet::default(),
            ready: Vec::new(),
            owner,
            version,
            faults: FaultState::default(),
        };
        let open = ProtocolInfo { nonroot_recv: true, intake: Intake::Messages, ..ProtocolInfo::default() };
        let users = ProtocolInfo { nonroot_send: true, ..ProtocolInfo::default() };
        for (protocol, info) in [(Protocol::GENERIC, open), (Protocol::USERSOCK, users)] {
            let _ = engine.register_protocol(protocol, info);
        }
        engine
    }

    /// Adds a family, and tells nlctrl's group.
    ///
    /// EEXIST if the name is taken, EINVAL if the table is not sound, ENOSPC if there is no id left; the text says more.
    #[doc(alias = "genl_register_family")]
    pub fn register(&mut self, table: Table) -> Result<Arc<Listed>, Nack> {
        let listed = self.families.register(table)?;
        self.announce(&listed, true);
        Ok(listed)
    }

    /// Removes a family, and tells nlctrl's group. ENOENT if it is not there, EBUSY while one of its handlers or dumps
    /// runs.
    #[doc(alias = "genl_unregister_family")]
    pub fn unregister(&mut self, key: FamilyKey) -> Result<(), Errno> {
        let works = self.pending.values().any(|pending| pending.family == Some(key));
        let dumps =
            self.ports.values().filter_map(|port| port.dump.as_ref()).any(|dump| dump.request.family.key == key);
        if works || dumps {
            return Err(Errno::EBUSY);
        }
        let listed = self.families.unregister(key).ok_or(Errno::ENOENT)?;
        for (_, group) in &listed.groups {
            for member in self.members.remove(&(listed.table.protocol, *group)).unwrap_or_default() {
                if let Some(port) = self.ports.get_mut(&member) {
                    port.set_member(*group, false);
                }
            }
        }
        self.announce(&listed, false);
        Ok(())
    }

    // net/netlink/genetlink.c: genl_ctrl_event
    fn announce(&mut self, listed: &Listed, came: bool) {
        if listed.table.protocol != Protocol::GENERIC {
            return;
        }
        for event in nlctrl::events(listed, came) {
            let _ = self.multicast(NetNs::default(), Protocol::GENERIC, table::CTRL_NOTIFY, 0, Arc::new(event));
        }
    }

    /// The generic netlink families, by id.
    pub fn families(&self) -> Vec<Arc<Listed>> {
        self.families.generic().cloned().collect()
    }

    /// The families of a protocol other than generic netlink.
    pub fn families_of(&self, protocol: Protocol) -> impl Iterator<Item = &Arc<Listed>> {
        self.families.of(protocol)
    }

    /// The generic netlink family of this name.
    pub fn family(&self, name: &str) -> Option<&Arc<Listed>> {
        self.families.by_name(name)
    }

    /// The generic netlink family of this id.
    pub fn family_by_id(&self, id: u16) -> Option<&Arc<Listed>> {
        self.families.by_id(id)
    }

    /// The next piece of work that may run now; the rest waits for [`Engine::complete`].
    pub fn work(&mut self) -> Option<Work> {
        self.take_work(|_| true)
    }

    /// The same, but only what this caller's own send or receive waits for.
    pub fn work_of(&mut self, ticket: Ticket) -> Option<Work> {
        self.take_work(|work| work.ticket == Some(ticket))
    }

    /// The same if it waits for `holder`, work that was handed out before: a handler that waits for this one would wait
    /// for itself. It runs, or is refused, as a part of that work.
    pub fn work_within(&mut self, ticket: Ticket, holder: WorkId) -> Option<Work> {
        let lock = self.pending.get(&holder)?.lock?;
        let at = self.queue.iter().position(|work| work.ticket == Some(ticket))?;
        let pending = self.pending.get_mut(&self.queue.get(at)?.id).filter(|pending| pending.lock == Some(lock))?;
        pending.lock = None;
        self.queue.remove(at)
    }

    fn take_work(&mut self, wanted: impl Fn(&Work) -> bool) -> Option<Work> {
        let (pending, held) = (&self.pending, &self.held);
        let free = |work: &Work| pending.get(&work.id).and_then(|p| p.lock).is_none_or(|lock| !held.contains(&lock));
        let at = self.queue.iter().position(|work| wanted(work) && free(work))?;
        let work = self.queue.remove(at)?;
        if let Some(lock) = self.pending.get(&work.id).and_then(|pending| pending.lock) {
            self.held.insert(lock);
        }
        Some(work)
    }

    /// Whether what a caller waits for is finished.
    pub fn is_finished(&self, ticket: Ticket) -> bool {
        !self.open_tickets.contains(&ticket)
    }

    /// Whether [`Engine::take_ready`] has ports to tell.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The ports that may have become readable since the last call.
    pub fn take_ready(&mut self) -> Vec<PortKey> {
        std::mem::take(&mut self.ready)
    }

    fn push_work(&mut self, task: Task, stage: Stage, ticket: Option<Ticket>) {
        let id = WorkId(self.serial());
        let (protocol, family) = (task.protocol(), task.family());
        let handles = !matches!(stage, Stage::Input | Stage::Bind(_) | Stage::Unbind);
        let lock = family.filter(|family| handles && !family.table.parallel).map(|_| Lock(protocol));
        let family = family.map(|family| family.key);
        self.pending.insert(id, Pending { protocol, family, ticket, lock, stage });
        self.queue.push_back(Work { id, task, ticket, serialised: lock.is_some() });
    }

    fn serial(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// Whether somebody with these credentials is an administrator here.
    pub fn is_admin(&self, credentials: &Credentials) -> bool {
        credentials.uid == 0 || credentials.uid == self.owner
    }

    /// The open socket that has this port id.
    pub fn port(&self, ns: NetNs, protocol: Protocol, port: u32) -> Option<PortKey> {
        self.bound.get(&(self.room(protocol, ns), protocol, port)).copied()
    }

    /// Sends `bytes`, one or more whole messages, from the kernel side to one port.
    ///
    /// ECONNREFUSED if there is no such port, EAGAIN if its queue has no room: the reader will hear ENOBUFS.
    #[doc(alias = "nlmsg_unicast")]
    pub fn unicast(&mut self, ns: NetNs, protocol: Protocol, port: u32, bytes: Vec<u8>) -> Result<(), Errno> {
        let key = self.port(ns, protocol, port).ok_or(Errno::ECONNREFUSED)?;
        self.push(key, bytes)
    }

    /// The same to an open socket.
    pub(super) fn push(&mut self, key: PortKey, bytes: Vec<u8>) -> Result<(), Errno> {
        self.push_of_group(key, 0, bytes)
    }

    /// The same for what went to a group as well: its own requester gets it with that group as a source.
    // net/netlink/af_netlink.c: nlmsg_notify
    pub(super) fn push_of_group(&mut self, key: PortKey, group: u32, bytes: Vec<u8>) -> Result<(), Errno> {
        let ready = &mut self.ready;
        let port = self.ports.get_mut(&key).filter(|port| port.hears(0)).ok_or(Errno::ECONNREFUSED)?;
        ready.push(key);
        let from_kernel =
            |bytes, source| Datagram { bytes: Arc::new(bytes), source, group, credentials: Credentials::default() };
        for (forged, source) in self.faults.before_reply(&bytes) {
            port.push(from_kernel(forged, source));
        }
        if self.faults.loses_reply() {
            return Ok(());
        }
        match port.push(from_kernel(bytes, Address::KERNEL)) {
            Queued::Taken => Ok(()),
            Queued::Overrun => Err(Errno::EAGAIN),
        }
    }

    /// Sends `bytes` from the kernel side to the members of a group, but for the port `except` (0: nobody).
    ///
    /// ESRCH if nobody got it; ENOBUFS if a member that asked for that had no room.
    #[doc(alias = "nlmsg_multicast")]
    pub fn multicast(
        &mut self,
        ns: NetNs,
        protocol: Protocol,
        group: u32,
        except: u32,
        bytes: Arc<Vec<u8>>,
    ) -> Result<(), Errno> {
        let datagram = Datagram { bytes, source: Address::KERNEL, group, credentials: Credentials::default() };
        self.broadcast(ns, protocol, 0, except, &datagram)
    }

    /// To all members but the sender and the port `except`. A socket without a port is port 0: where nobody is excepted, it is.
    // net/netlink/af_netlink.c: netlink_broadcast_filtered, do_one_broadcast
    fn broadcast(
        &mut self,
        ns: NetNs,
        protocol: Protocol,
        sender: u32,
        except: u32,
        datagram: &Datagram,
    ) -> Result<(), Errno> {
        let overrun = self.faults.overruns_event();
        let compare = self.protocol(protocol).map(|info| info.compare).unwrap_or_default();
        let (mut delivered, mut failed) = (false, false);
        let Some(members) = self.members.get(&(protocol, datagram.group)) else { return Err(Errno::ESRCH) };
        for key in members {
            let Some(port) = self.ports.get_mut(key) else { continue };
            if (port.ns != ns && compare == Compare::Namespace)
                || (port.id != 0 && port.id == sender)
                || port.id == except
            {
                continue;
            }
            self.ready.push(*key);
            if overrun {
                port.lose();
                failed |= port.options.broadcast_error;
                continue;
            }
            match port.push(datagram.clone()) {
                Queued::Taken => delivered = true,
                Queued::Overrun => failed |= port.options.broadcast_error,
            }
        }
        match (failed, delivered) {
            (true, _) => Err(Errno::ENOBUFS),
            (false, true) => Ok(()),
            (false, false) => Err(Errno::ESRCH),
        }
    }

    /// Whether anybody listens to a group, in whichever namespace.
    #[doc(alias = "netlink_has_listeners")]
    pub fn has_listeners(&self, protocol: Protocol, group: u32) -> bool {
        self.members.get(&(protocol, group)).is_some_and(|members| !members.is_empty())
    }
}
