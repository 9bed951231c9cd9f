//! Joining and leaving groups, and port ids, where a protocol or a family has a say in it.

use std::collections::VecDeque;
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::dump::Cursor;
use super::port::{NetNs, PortKey};
use super::table::Listed;
use super::work::{Membership, Request};
use super::{Engine, Stage, Task, Ticket};
use crate::socket::{Address, Credentials};

/// A change of memberships under way.
pub(super) struct Change {
    port: PortKey,
    /// What is to be asked or told yet.
    steps: VecDeque<Step>,
    /// What was let in so far, to be taken back if the rest is not.
    joined: Vec<Membership>,
    /// What happens when all have been asked.
    then: Then,
    outcome: Result<(), Errno>,
}

enum Step {
    Ask(Membership),
    Tell(Membership),
    End(Arc<Request>, Cursor),
}

enum Then {
    /// The port id and the mask of a bind.
    Bind(Address, Credentials),
    /// One group more.
    Join(u32),
    Nothing,
}

impl Engine {
    /// Takes a port id (0: any) and replaces the low 32 groups by those of the mask. The ticket, if any, is finished when
    /// the protocol has been asked; [`Engine::take_outcome`] says then what came of it.
    // net/netlink/af_netlink.c: netlink_bind
    pub fn bind(&mut self, key: PortKey, by: &Credentials, address: Address) -> Result<Option<Ticket>, Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        let (protocol, limit) = (port.protocol, self.group_limit(port.protocol));
        if address.groups != 0 && !self.may(port, by, |info| info.nonroot_recv) {
            return Err(Errno::EPERM);
        }
        if port.id != 0 && port.id != address.port {
            return Err(Errno::EINVAL);
        }
        let groups = (1..=32_u32).zip(0..).filter(|(group, bit)| *group <= limit && address.groups >> bit & 1 == 1);
        let mut asked = Vec::new();
        for (group, _) in groups {
            asked.extend(self.asked(key, protocol, group, by)?);
        }
        self.change(key, asked, Then::Bind(address, *by))
    }

    /// Joins a group, by number. EINVAL if there is no such group, EPERM if that is not allowed. The ticket is as
    /// [`Engine::bind`]'s.
    // net/netlink/af_netlink.c: netlink_setsockopt, NETLINK_ADD_MEMBERSHIP
    pub fn join(&mut self, key: PortKey, by: &Credentials, group: u32) -> Result<Option<Ticket>, Errno> {
        let protocol = self.may_change(key, by, group)?;
        let asked = self.asked(key, protocol, group, by)?;
        self.change(key, asked.into_iter().collect(), Then::Join(group))
    }

    /// Leaves a group; a group that the socket is not in is left already. The ticket is finished when the protocol was
    /// told.
    // net/netlink/af_netlink.c: netlink_setsockopt, NETLINK_DROP_MEMBERSHIP
    pub fn leave(&mut self, key: PortKey, by: &Credentials, group: u32) -> Result<Option<Ticket>, Errno> {
        let protocol = self.may_change(key, by, group)?;
        self.set_member(key, group, false);
        let steps = self.told(key, protocol, group).map(Step::Tell);
        Ok(self.tell(key, steps.into_iter().collect()))
    }

    /// What came of the bind or join that had this ticket. Asked once.
    pub fn take_outcome(&mut self, ticket: Ticket) -> Result<(), Errno> {
        self.outcomes.remove(&ticket).map_or(Ok(()), Err)
    }

    /// Tells a protocol of the groups that a closed socket was in, and ends its dump.
    pub(super) fn left_by_closing(
        &mut self,
        key: PortKey,
        protocol: Protocol,
        ns: NetNs,
        groups: &[u32],
        dump: Option<(Arc<Request>, Cursor)>,
    ) -> Option<Ticket> {
        let told = groups.iter().filter_map(|group| self.teller(protocol, *group).map(|family| (*group, family)));
        let told = told.map(|(group, family)| Step::Tell(Membership { protocol, group, ns, family }));
        let steps = told.chain(dump.map(|(request, cursor)| Step::End(request, cursor))).collect();
        self.tell(key, steps)
    }

    fn may_change(&self, key: PortKey, by: &Credentials, group: u32) -> Result<Protocol, Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        if !self.may(port, by, |info| info.nonroot_recv) {
            return Err(Errno::EPERM);
        }
        if group == 0 || group > self.group_limit(port.protocol) {
            return Err(Errno::EINVAL);
        }
        Ok(port.protocol)
    }

    /// Whom joining a group must be asked of.
    // net/netlink/genetlink.c: genl_bind
    fn asked(
        &self,
        key: PortKey,
        protocol: Protocol,
        group: u32,
        by: &Credentials,
    ) -> Result<Option<Membership>, Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        let ns = port.ns;
        if protocol == Protocol::GENERIC {
            let Some((family, admin)) = self.families.owner(group) else { return Ok(None) };
            if admin && !self.is_admin(by) {
                return Err(Errno::EPERM);
            }
            return Ok(family.table.binds.then(|| Membership { protocol, group, ns, family: Some(family.clone()) }));
        }
        let binds = self.protocol(protocol).is_some_and(|info| info.binds);
        Ok(binds.then_some(Membership { protocol, group, ns, family: None }))
    }

    fn told(&self, key: PortKey, protocol: Protocol, group: u32) -> Option<Membership> {
        let ns = self.ports.get(&key)?.ns;
        Some(Membership { protocol, group, ns, family: self.teller(protocol, group)? })
    }

    /// Who is told that a socket left a group: a family, or the protocol.
    fn teller(&self, protocol: Protocol, group: u32) -> Option<Option<Arc<Listed>>> {
        if protocol == Protocol::GENERIC {
            let (family, _) = self.families.owner(group)?;
            return family.table.binds.then(|| Some(family.clone()));
        }
        self.protocol(protocol).is_some_and(|info| info.unbinds).then_some(None)
    }

    fn change(&mut self, port: PortKey, asked: Vec<Membership>, then: Then) -> Result<Option<Ticket>, Errno> {
        if asked.is_empty() {
            return self.make_change(port, &then).map(|()| None);
        }
        let steps = asked.into_iter().map(Step::Ask).collect();
        Ok(Some(self.begin(Change { port, steps, joined: Vec::new(), then, outcome: Ok(()) })))
    }

    fn tell(&mut self, port: PortKey, steps: VecDeque<Step>) -> Option<Ticket> {
        if steps.is_empty() {
            return None;
        }
        Some(self.begin(Change { port, steps, joined: Vec::new(), then: Then::Nothing, outcome: Ok(()) }))
    }

    fn begin(&mut self, change: Change) -> Ticket {
        let ticket = self.ticket();
        self.changes.insert(ticket, change);
        self.go_on_with_change(ticket);
        ticket
    }

    /// Takes back what a protocol or family said to a socket that wants to join.
    pub(super) fn answered(&mut self, membership: Membership, answer: Result<(), Errno>, ticket: Option<Ticket>) {
        let Some(ticket) = ticket else { return };
        if let Some(change) = self.changes.get_mut(&ticket) {
            match answer {
                Ok(()) => change.joined.push(membership),
                Err(errno) => change.fail(errno),
            }
        }
        self.go_on_with_change(ticket);
    }

    /// Asks and tells what is left of a change, then makes it.
    pub(super) fn go_on_with_change(&mut self, ticket: Ticket) {
        while let Some(change) = self.changes.get_mut(&ticket) {
            match change.steps.pop_front() {
                Some(Step::Ask(membership)) => {
                    let stage = Stage::Bind(membership.clone());
                    return self.push_work(Task::Bind(membership), stage, Some(ticket));
                }
                // Who has no unbind is not told.
                Some(Step::Tell(membership)) => {
                    if self.teller(membership.protocol, membership.group).is_some() {
                        return self.push_work(Task::Unbind(membership), Stage::Unbind, Some(ticket));
                    }
                }
                Some(Step::End(request, cursor)) => {
                    return self.push_work(Task::DumpDone(request, cursor), Stage::Done, Some(ticket));
                }
                None => match std::mem::replace(&mut change.then, Then::Nothing) {
                    Then::Nothing => {
                        if let Some(Err(errno)) = self.changes.remove(&ticket).map(|change| change.outcome) {
                            self.outcomes.insert(ticket, errno);
                        }
                        self.open_tickets.remove(&ticket);
                    }
                    then => {
                        let port = change.port;
                        if let (Err(errno), Some(change)) =
                            (self.make_change(port, &then), self.changes.get_mut(&ticket))
                        {
                            change.fail(errno);
                        }
                    }
                },
            }
        }
    }

    fn make_change(&mut self, key: PortKey, then: &Then) -> Result<(), Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        match then {
            Then::Join(group) => self.set_member(key, *group, true),
            Then::Nothing => {}
            Then::Bind(address, by) => {
                let limit = self.group_limit(port.protocol);
                // Another bind may have come first while the protocol was asked.
                if port.id != 0 && port.id != address.port {
                    return Err(Errno::EINVAL);
                }
                if port.id == 0 {
                    if address.port == 0 { self.autobind(key, by)? } else { self.take_id(key, address.port)? }
                }
                for (group, bit) in (1..=32_u32).zip(0..) {
                    self.set_member(key, group, group <= limit && address.groups >> bit & 1 == 1);
                }
            }
        }
        Ok(())
    }

    fn take_id(&mut self, key: PortKey, id: u32) -> Result<(), Errno> {
        let port = self.ports.get_mut(&key).ok_or(Errno::EBADF)?;
        port.wanted = id;
        let (ns, protocol) = (port.ns, port.protocol);
        let name = (self.room(protocol, ns), protocol, id);
        if self.bound.contains_key(&name) {
            return Err(Errno::EADDRINUSE);
        }
        self.bound.insert(name, key);
        self.ports.get_mut(&key).ok_or(Errno::EBADF)?.id = id;
        Ok(())
    }

    /// Gives a socket a port id if it has none: the process's, else a large one.
    // net/netlink/af_netlink.c: netlink_autobind
    pub(super) fn autobind(&mut self, key: PortKey, by: &Credentials) -> Result<(), Errno> {
        if self.ports.get(&key).ok_or(Errno::EBADF)?.id != 0 {
            return Ok(());
        }
        if by.process != 0 && self.take_id(key, by.process).is_ok() {
            return Ok(());
        }
        // Somewhere in [INT32_MIN, -4097], then downward; spread by a multiplicative hash of the socket.
        let spread = (key.0 as u32).wrapping_mul(0x9e37_79b1) & 0x3fff_ffff;
        let mut id = 0x8000_0000 | spread;
        while self.take_id(key, id) == Err(Errno::EADDRINUSE) {
            id = if id <= 0x8000_0000 { 0xffff_efff } else { id.wrapping_sub(1) };
        }
        Ok(())
    }

    /// The groups that a socket is in.
    pub fn memberships(&self, key: PortKey) -> Result<Vec<u32>, Errno> {
        Ok(self.ports.get(&key).ok_or(Errno::EBADF)?.memberships())
    }

    fn group_limit(&self, protocol: Protocol) -> u32 {
        match protocol {
            Protocol::GENERIC => self.families.group_limit(),
            _ => self.protocol(protocol).map_or(0, |info| info.groups),
        }
    }

    fn set_member(&mut self, key: PortKey, group: u32, member: bool) {
        let Some(port) = self.ports.get_mut(&key) else { return };
        let protocol = port.protocol;
        if !port.set_member(group, member) {
            return;
        }
        if member {
            self.members.entry((protocol, group)).or_default().push(key);
        } else {
            self.remove_member(protocol, group, key);
        }
    }

    pub(super) fn remove_member(&mut self, protocol: Protocol, group: u32, key: PortKey) {
        if let Some(members) = self.members.get_mut(&(protocol, group)) {
            members.retain(|member| *member != key);
            if members.is_empty() {
                self.members.remove(&(protocol, group));
            }
        }
    }
}

impl Change {
    /// Takes back what was let in so far, and nothing else.
    // net/netlink/af_netlink.c: netlink_undo_bind
    fn fail(&mut self, errno: Errno) {
        self.outcome = Err(errno);
        self.then = Then::Nothing;
        self.steps = self.joined.drain(..).map(Step::Tell).collect();
    }
}
