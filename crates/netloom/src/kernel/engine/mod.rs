//! The kernel side without I/O, clock or handlers.
//!
//! Every entry of [`Engine`] may queue work; [`Engine::work`] hands out the next piece that may run now, and
//! [`Engine::complete`] takes back what came of it. The shell around it owns threads and runs handlers; see
//! [`Kernel`](super::Kernel), and `tests/engine.rs`, which drives it in one thread without any.
//!
//! Its state is divided by port: what one socket asks, and what comes of it, is under that socket's own lock ([`OpenPort`])
//! and in no other's cache. Three kinds of locks, of which the later ones may be taken with the earlier held: the register
//! of protocols and families; a port's, never two at a time but by who has the register; and the book, by which ports find
//! each other.

mod ack;
mod asks;
mod book;
mod cast;
mod directory;
mod dispatch;
mod dump;
mod groups;
mod incoming;
mod jobs;
mod members;
mod open_port;
mod options;
mod outside;
mod port;
mod protocols;
mod pull;
mod register;
mod serial;
mod sockets;
mod table;
mod turns;
mod work;

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom_wire::Protocol;

pub use asks::Ask;
pub use directory::Lease;
pub use dump::{Cursor, Filled};
pub(crate) use open_port::Held;
pub use open_port::{Listener, OpenPort};
pub use outside::Outgoing;
pub(crate) use port::Port;
pub use port::{Datagram, NetNs, PortKey, Unread};
pub use protocols::{Compare, Intake, ProtocolInfo};
pub use sockets::SocketState;
pub use table::GENL_ID_CTRL;
pub use table::{Entry, FamilyKey, GroupEntry, Listed, Mode, Table};
pub use work::{Arrival, Fill, Membership, Outcome, Request, Task, Ticket, Work, WorkId};

use self::book::Book;
use self::directory::Directory;
use self::turns::Turns;
use super::Version;
use super::faults::Switches;
use crate::socket::Credentials;

/// The kernel side as a state machine: ports, protocols, families, groups and dumps.
///
/// All methods return at once. What they made runnable is fetched by [`Engine::work`]; that a port became readable its
/// [listener](OpenPort::listen) is told.
pub struct Engine {
    // What is written stands apart from what each request reads.
    register: Apart<Mutex<Arc<Directory>>>,
    book: Apart<Mutex<Book>>,
    pub(super) turns: Apart<Turns>,
    last_ask: Apart<AtomicU32>,
    pub(super) faults: Switches,
    owner: u32,
    version: Version,
}

/// In cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Apart<T>(T);

impl<T> std::ops::Deref for Apart<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// What is handed out of the work that a caller waits for.
pub(super) enum Next {
    Work(Work),
    /// It waits for this protocol's turn.
    Turn(Protocol),
    /// It is done, or somebody else does it.
    Nothing,
}

impl Engine {
    /// A kernel side with generic netlink and nlctrl, owned by this user: that uid and 0 are its administrators.
    /// It behaves as the newest Linux that is known.
    pub fn new(owner: u32) -> Self {
        Self::behaving_like(owner, Version::NEWEST)
    }

    /// The same as another release of Linux does.
    pub fn behaving_like(owner: u32, version: Version) -> Self {
        let engine = Self::bare(owner, version);
        let open = ProtocolInfo { nonroot_recv: true, intake: Intake::Messages, ..ProtocolInfo::default() };
        let users = ProtocolInfo { nonroot_send: true, ..ProtocolInfo::default() };
        for (protocol, info) in [(Protocol::GENERIC, open), (Protocol::USERSOCK, users)] {
            let _ = engine.register_protocol(protocol, info);
        }
        engine
    }

    /// The same without any protocol.
    pub fn bare(owner: u32, version: Version) -> Self {
        Self {
            register: Apart::default(),
            book: Apart::default(),
            turns: Apart::default(),
            last_ask: Apart::default(),
            faults: Switches::default(),
            owner,
            version,
        }
    }

    /// The next piece of work that may run now, of whichever port; the rest waits for [`Engine::complete`].
    pub fn work(&self) -> Option<Work> {
        let mut everyone = self.everyone();
        everyone.sort_by_key(|open| open.key());
        everyone.iter().find_map(|open| match self.next_of(&mut open.hold(), |_| true) {
            Next::Work(work) => Some(work),
            Next::Turn(_) | Next::Nothing => None,
        })
    }

    /// The same, but only what this caller's own send or receive waits for.
    pub fn work_of(&self, ticket: Ticket) -> Option<Work> {
        let open = self.find(ticket.port)?;
        match self.next(&mut open.hold(), ticket) {
            Next::Work(work) => Some(work),
            Next::Turn(_) | Next::Nothing => None,
        }
    }

    pub(super) fn next(&self, port: &mut Port, ticket: Ticket) -> Next {
        self.next_of(port, |work| work.ticket == Some(ticket))
    }

    fn next_of(&self, port: &mut Port, wanted: impl Fn(&Work) -> bool) -> Next {
        let mut waits = None;
        let free = |work: &Work| match work.serialised {
            Some(protocol) if !self.turns.take(protocol) => {
                waits = Some(protocol);
                false
            }
            _ => true,
        };
        let mut free = free;
        let at = port.jobs.queue.iter().position(|work| wanted(work) && free(work));
        match at.and_then(|at| port.jobs.queue.remove(at)) {
            Some(work) => Next::Work(work),
            None => waits.map_or(Next::Nothing, Next::Turn),
        }
    }

    /// What waits for the turn that work has which this caller runs: a handler that waits for this one would wait for
    /// itself. It runs, or is refused, as a part of that work.
    pub(super) fn next_within(&self, port: &mut Port, ticket: Ticket) -> Option<Work> {
        let at = port.jobs.queue.iter().position(|work| work.ticket == Some(ticket))?;
        let mut work = port.jobs.queue.remove(at)?;
        work.serialised = None;
        if let Some(pending) = port.jobs.pending.get_mut(work.id.number) {
            pending.turn = None;
        }
        Some(work)
    }

    /// Whether what a caller waits for is finished.
    pub fn is_finished(&self, ticket: Ticket) -> bool {
        self.find(ticket.port).is_none_or(|open| open.hold().jobs.is_finished(ticket))
    }

    /// Whether somebody with these credentials is an administrator here.
    pub fn is_admin(&self, credentials: &Credentials) -> bool {
        credentials.uid == 0 || credentials.uid == self.owner
    }

    /// The open socket that has this port id.
    pub fn port(&self, ns: NetNs, protocol: Protocol, port: u32) -> Option<Arc<OpenPort>> {
        self.book().bound(ns, protocol, port).cloned()
    }

    /// A socket by its key: open, or with something left under way.
    pub(in crate::kernel) fn find(&self, key: PortKey) -> Option<Arc<OpenPort>> {
        self.book().find(key).cloned()
    }

    /// All sockets that are open, or have something left under way. The book is closed again when this returns: where each
    /// is held in turn, it must not be.
    fn everyone(&self) -> Vec<Arc<OpenPort>> {
        self.book().everyone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register_now(&self) -> MutexGuard<'_, Arc<Directory>> {
        self.register.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a closed port of which nothing is left to do.
    fn forget(&self, port: &mut Port) {
        if port.is_over() {
            // First what it had of the register: as long as it is in the book, a family waits for this port before it goes,
            // so nothing here is the last of its kind. Then nobody asks it any more.
            port.desk = directory::Desk::default();
            self.book().strike(port.key);
        }
    }
}
