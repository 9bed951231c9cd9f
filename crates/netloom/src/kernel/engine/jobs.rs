//! What a port has under way: datagrams, changes of memberships, and the work that they wait for.

use std::collections::VecDeque;
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::dispatch::Batch;
use super::groups::Change;
use super::port::{Port, PortKey};
use super::table::FamilyKey;
use super::work::{Membership, Request, Task, Ticket, Work, WorkId};
use crate::kernel::run::Handlers;

/// A piece of work that is queued or runs.
pub(super) struct Pending {
    pub(super) protocol: Protocol,
    pub(super) family: Option<FamilyKey>,
    pub(super) ticket: Option<Ticket>,
    /// The protocol whose turn it must have, or has.
    pub(super) turn: Option<Protocol>,
    pub(super) stage: Stage,
}

/// What to go on with when a piece of work comes back.
pub(super) enum Stage {
    Do(Arc<Request>),
    Start(Arc<Request>),
    Fill { request: Arc<Request>, room: usize },
    Done,
    Input,
    Bind(Membership),
    Unbind,
}

/// All that a port has under way.
#[derive(Default)]
pub(super) struct Jobs {
    last: u64,
    /// The tickets that are not finished.
    open: Few<()>,
    pub(super) batches: Few<Batch>,
    pub(super) changes: Few<Change>,
    /// How changes of memberships failed, until somebody asks.
    pub(super) outcomes: Few<Errno>,
    pub(super) queue: VecDeque<Work>,
    pub(super) pending: Few<Pending>,
}

impl Jobs {
    /// A number that nothing of this port's has had.
    pub(super) fn number(&mut self) -> u64 {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    pub(super) fn ticket(&mut self, port: PortKey) -> Ticket {
        let number = self.number();
        self.open.insert(number, ());
        Ticket { port, number }
    }

    /// A ticket of something that is over.
    pub(super) fn finished_ticket(&mut self, port: PortKey) -> Ticket {
        Ticket { port, number: self.number() }
    }

    pub(super) fn is_finished(&self, ticket: Ticket) -> bool {
        self.open.get(ticket.number).is_none()
    }

    pub(super) fn finish(&mut self, ticket: Ticket) {
        self.open.remove(ticket.number);
    }

    pub(super) fn push(&mut self, port: PortKey, task: Task, stage: Stage, ticket: Option<Ticket>) {
        let id = WorkId { port, number: self.number() };
        let (protocol, family) = (task.protocol(), task.family());
        let handles = !matches!(stage, Stage::Input | Stage::Bind(_) | Stage::Unbind);
        let turn = family.filter(|family| handles && !family.table.parallel).map(|_| protocol);
        let family = family.map(|family| family.key);
        self.pending.insert(id.number, Pending { protocol, family, ticket, turn, stage });
        self.queue.push_back(Work { id, task, ticket, serialised: turn });
    }

    /// Whether nothing is under way, nor waits to be asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.pending.is_empty() && self.outcomes.is_empty()
    }
}

impl Port {
    /// Whether a handler or dump of this family runs for it, or waits to.
    pub(super) fn uses(&self, family: FamilyKey) -> bool {
        let dumps = self.dump.as_ref().is_some_and(|dump| dump.request.family.key == family);
        dumps
            || self.jobs.pending.values().any(|pending| pending.family == Some(family))
            || self.jobs.changes.values().any(|change| change.uses(family))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether what this caller waits for is over.
    #[inline]
    pub(crate) fn is_finished(&self, ticket: Ticket) -> bool {
        self.jobs.is_finished(ticket)
    }

    /// Whose handlers a piece of this port's work needs.
    pub(in crate::kernel) fn handlers(&self, task: &Task) -> Handlers {
        match task.family() {
            Some(family) => Handlers::Family(family.clone()),
            None => {
                let resident = self.desk.directory.resident(task.protocol());
                Handlers::Protocol(resident.and_then(|resident| resident.handlers.clone()))
            }
        }
    }

    /// Whether nothing of it is left to do or to be asked for.
    pub(super) fn is_over(&self) -> bool {
        self.closed && self.jobs.is_empty() && self.asks.values().all(Option::is_none)
    }
}

/// A few values by number: a port has rarely more than one thing of a kind under way.
pub(super) struct Few<V>(Vec<(u64, V)>);

impl<V> Default for Few<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Few<V> {
    /// Adds a value under a number that has none.
    pub(super) fn insert(&mut self, number: u64, value: V) {
        self.0.push((number, value));
    }

    pub(super) fn get(&self, number: u64) -> Option<&V> {
        self.0.iter().find(|(known, _)| *known == number).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut V> {
        self.0.iter_mut().find(|(known, _)| *known == number).map(|(_, value)| value)
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<V> {
        let at = self.0.iter().position(|(known, _)| *known == number)?;
        Some(self.0.swap_remove(at).1)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
