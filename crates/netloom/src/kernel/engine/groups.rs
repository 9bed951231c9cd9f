//! Joining and leaving groups, and port ids, where a protocol or a family has a say in it.

use std::collections::VecDeque;
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::dump::Cursor;
use super::jobs::Stage;
use super::port::Port;
use super::work::{Membership, Request};
use super::{Engine, FamilyKey, OpenPort, ProtocolInfo, Task, Ticket};
use crate::socket::{Address, Credentials};

/// A change of memberships under way.
pub(super) struct Change {
    /// What is to be asked or told yet.
    steps: VecDeque<Step>,
    /// What was let in so far, to be taken back if the rest is not.
    joined: Vec<Stake>,
    /// What happens when all have been asked.
    then: Then,
    outcome: Result<(), Errno>,
}

/// A group and the family whose it is. No lease: a family that goes meanwhile has no say any more.
#[derive(Clone, Copy)]
struct Stake {
    group: u32,
    family: Option<FamilyKey>,
}

enum Step {
    Ask(Stake),
    Tell(Stake),
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
    pub fn bind(&self, open: &OpenPort, by: &Credentials, address: Address) -> Result<Option<Ticket>, Errno> {
        self.bind_held(&mut *open.hold_open()?, by, address)
    }

    // net/netlink/af_netlink.c: netlink_bind
    pub(in crate::kernel) fn bind_held(
        &self,
        port: &mut Port,
        by: &Credentials,
        address: Address,
    ) -> Result<Option<Ticket>, Errno> {
        let limit = port.desk.directory.group_limit(port.protocol);
        if address.groups != 0 && !self.may(port, by, |info| info.nonroot_recv) {
            return Err(Errno::EPERM);
        }
        if port.id != 0 && port.id != address.port {
            return Err(Errno::EINVAL);
        }
        let groups = (1..=32_u32).zip(0..).filter(|(group, bit)| *group <= limit && address.groups >> bit & 1 == 1);
        let mut asked = Vec::new();
        for (group, _) in groups {
            asked.extend(self.asked(port, group, by)?);
        }
        self.change(port, asked, Then::Bind(address, *by))
    }

    /// Joins a group, by number. EINVAL if there is no such group, EPERM if that is not allowed. The ticket is as
    /// [`Engine::bind`]'s.
    pub fn join(&self, open: &OpenPort, by: &Credentials, group: u32) -> Result<Option<Ticket>, Errno> {
        self.join_held(&mut *open.hold_open()?, by, group)
    }

    // net/netlink/af_netlink.c: netlink_setsockopt, NETLINK_ADD_MEMBERSHIP
    pub(in crate::kernel) fn join_held(
        &self,
        port: &mut Port,
        by: &Credentials,
        group: u32,
    ) -> Result<Option<Ticket>, Errno> {
        self.may_change(port, by, group)?;
        let asked = self.asked(port, group, by)?;
        self.change(port, asked.into_iter().collect(), Then::Join(group))
    }

    /// Leaves a group; a group that the socket is not in is left already. The ticket is finished when the protocol was
    /// told.
    pub fn leave(&self, open: &OpenPort, by: &Credentials, group: u32) -> Result<Option<Ticket>, Errno> {
        self.leave_held(&mut *open.hold_open()?, by, group)
    }

    // net/netlink/af_netlink.c: netlink_setsockopt, NETLINK_DROP_MEMBERSHIP
    pub(in crate::kernel) fn leave_held(
        &self,
        port: &mut Port,
        by: &Credentials,
        group: u32,
    ) -> Result<Option<Ticket>, Errno> {
        self.may_change(port, by, group)?;
        self.set_member(port, group, false);
        let steps = told(port, group).map(Step::Tell);
        Ok(self.tell(port, steps.into_iter().collect()))
    }

    /// What came of the bind or join that had this ticket. Asked once.
    pub fn take_outcome(&self, ticket: Ticket) -> Result<(), Errno> {
        self.find(ticket.port).map_or(Ok(()), |open| self.outcome_of(&mut open.hold(), ticket))
    }

    pub(in crate::kernel) fn outcome_of(&self, port: &mut Port, ticket: Ticket) -> Result<(), Errno> {
        let outcome = port.jobs.outcomes.remove(ticket.number);
        self.forget(port);
        outcome.map_or(Ok(()), Err)
    }

    /// Tells a protocol of the groups that a closed socket was in, and ends its dump.
    pub(super) fn left_by_closing(
        &self,
        port: &mut Port,
        groups: &[u32],
        dump: Option<(Arc<Request>, Cursor)>,
    ) -> Option<Ticket> {
        let mut steps: VecDeque<Step> = groups.iter().filter_map(|group| told(port, *group).map(Step::Tell)).collect();
        steps.extend(dump.map(|(request, cursor)| Step::End(request, cursor)));
        self.tell(port, steps)
    }

    fn may_change(&self, port: &Port, by: &Credentials, group: u32) -> Result<(), Errno> {
        if !self.may(port, by, |info| info.nonroot_recv) {
            return Err(Errno::EPERM);
        }
        if group == 0 || group > port.desk.directory.group_limit(port.protocol) {
            return Err(Errno::EINVAL);
        }
        Ok(())
    }

    /// Whom joining a group must be asked of.
    // net/netlink/genetlink.c: genl_bind
    fn asked(&self, port: &Port, group: u32, by: &Credentials) -> Result<Option<Stake>, Errno> {
        let directory = &port.desk.directory;
        if port.protocol == Protocol::GENERIC {
            let Some((family, admin)) = directory.families.owner(group) else { return Ok(None) };
            if admin && !self.is_admin(by) {
                return Err(Errno::EPERM);
            }
            return Ok(family.table.binds.then_some(Stake { group, family: Some(family.key) }));
        }
        let binds = directory.protocol(port.protocol).is_some_and(|info| info.binds);
        Ok(binds.then_some(Stake { group, family: None }))
    }

    fn change(&self, port: &mut Port, asked: Vec<Stake>, then: Then) -> Result<Option<Ticket>, Errno> {
        if asked.is_empty() {
            return self.make_change(port, &then).map(|()| None);
        }
        let steps = asked.into_iter().map(Step::Ask).collect();
        Ok(Some(self.begin(port, Change { steps, joined: Vec::new(), then, outcome: Ok(()) })))
    }

    fn tell(&self, port: &mut Port, steps: VecDeque<Step>) -> Option<Ticket> {
        if steps.is_empty() {
            return None;
        }
        Some(self.begin(port, Change { steps, joined: Vec::new(), then: Then::Nothing, outcome: Ok(()) }))
    }

    fn begin(&self, port: &mut Port, change: Change) -> Ticket {
        let ticket = port.jobs.ticket(port.key);
        port.jobs.changes.insert(ticket.number, change);
        self.go_on_with_change(port, ticket);
        ticket
    }

    /// Takes back what a protocol or family said to a socket that wants to join.
    pub(super) fn answered(
        &self,
        port: &mut Port,
        membership: Membership,
        answer: Result<(), Errno>,
        ticket: Option<Ticket>,
    ) {
        let Some(ticket) = ticket else { return };
        if let Some(change) = port.jobs.changes.get_mut(ticket.number) {
            match answer {
                Ok(()) => {
                    let family = membership.family.as_ref().map(|family| family.key);
                    change.joined.push(Stake { group: membership.group, family });
                }
                Err(errno) => change.fail(errno),
            }
        }
        self.go_on_with_change(port, ticket);
    }

    /// Asks and tells what is left of a change, then makes it.
    pub(super) fn go_on_with_change(&self, port: &mut Port, ticket: Ticket) {
        while let Some(change) = port.jobs.changes.get_mut(ticket.number) {
            let (task, stage) = match change.steps.pop_front() {
                // Who is gone, or has no unbind, is passed over.
                Some(Step::Ask(stake)) => match membership(port, stake, |info| info.binds) {
                    Some(membership) => (Task::Bind(membership.clone()), Stage::Bind(membership)),
                    None => continue,
                },
                Some(Step::Tell(stake)) => match membership(port, stake, |info| info.unbinds) {
                    Some(membership) => (Task::Unbind(membership), Stage::Unbind),
                    None => continue,
                },
                Some(Step::End(request, cursor)) => (Task::DumpDone(request, cursor), Stage::Done),
                None => {
                    match std::mem::replace(&mut change.then, Then::Nothing) {
                        Then::Nothing => {
                            if let Some(Err(errno)) =
                                port.jobs.changes.remove(ticket.number).map(|change| change.outcome)
                            {
                                port.jobs.outcomes.insert(ticket.number, errno);
                            }
                            port.jobs.finish(ticket);
                        }
                        then => {
                            if let (Err(errno), Some(change)) =
                                (self.make_change(port, &then), port.jobs.changes.get_mut(ticket.number))
                            {
                                change.fail(errno);
                            }
                        }
                    }
                    continue;
                }
            };
            return port.jobs.push(port.key, task, stage, Some(ticket));
        }
    }

    fn make_change(&self, port: &mut Port, then: &Then) -> Result<(), Errno> {
        if port.closed {
            return Err(Errno::EBADF);
        }
        match then {
            Then::Join(group) => self.set_member(port, *group, true),
            Then::Nothing => {}
            Then::Bind(address, by) => {
                let limit = port.desk.directory.group_limit(port.protocol);
                // Another bind may have come first while the protocol was asked.
                if port.id != 0 && port.id != address.port {
                    return Err(Errno::EINVAL);
                }
                if port.id == 0 {
                    if address.port == 0 { self.autobind(port, by)? } else { self.take_id(port, address.port)? }
                }
                for (group, bit) in (1..=32_u32).zip(0..) {
                    self.set_member(port, group, group <= limit && address.groups >> bit & 1 == 1);
                }
            }
        }
        Ok(())
    }

    fn take_id(&self, port: &mut Port, id: u32) -> Result<(), Errno> {
        port.wanted = id;
        port.name = Some(self.book().bind(port.key, port.ns, port.protocol, id)?);
        port.id = id;
        Ok(())
    }

    /// Gives a socket a port id if it has none: the process's, else a large one.
    // net/netlink/af_netlink.c: netlink_autobind
    pub(super) fn autobind(&self, port: &mut Port, by: &Credentials) -> Result<(), Errno> {
        if port.id != 0 {
            return Ok(());
        }
        if by.process != 0 && self.take_id(port, by.process).is_ok() {
            return Ok(());
        }
        // Somewhere in [INT32_MIN, -4097], then downward; spread by a multiplicative hash of the socket.
        let spread = (port.key.0 as u32).wrapping_mul(0x9e37_79b1) & 0x3fff_ffff;
        let mut id = 0x8000_0000 | spread;
        while self.take_id(port, id) == Err(Errno::EADDRINUSE) {
            id = if id <= 0x8000_0000 { 0xffff_efff } else { id.wrapping_sub(1) };
        }
        Ok(())
    }

    /// The groups that a socket is in.
    pub fn memberships(&self, open: &OpenPort) -> Result<Vec<u32>, Errno> {
        Ok(open.hold_open()?.memberships())
    }

    fn set_member(&self, port: &mut Port, group: u32, member: bool) {
        if !port.set_member(group, member) {
            return;
        }
        if member {
            self.book().join(port.key, port.protocol, group);
        } else {
            self.book().leave(port.key, port.protocol, group);
        }
    }
}

/// Who is told that a socket left a group: a family, or the protocol.
fn told(port: &Port, group: u32) -> Option<Stake> {
    let directory = &port.desk.directory;
    if port.protocol == Protocol::GENERIC {
        let (family, _) = directory.families.owner(group)?;
        return family.table.binds.then_some(Stake { group, family: Some(family.key) });
    }
    let unbinds = directory.protocol(port.protocol).is_some_and(|info| info.unbinds);
    unbinds.then_some(Stake { group, family: None })
}

/// What a family or protocol is asked or told, if it is there and wants to be.
fn membership(port: &mut Port, stake: Stake, wants: impl Fn(&ProtocolInfo) -> bool) -> Option<Membership> {
    let (Stake { group, family }, ns, protocol) = (stake, port.ns, port.protocol);
    let (directory, leases) = port.desk.parts();
    if protocol != Protocol::GENERIC {
        let wanted = directory.protocol(protocol).is_some_and(|info| wants(&info));
        return wanted.then_some(Membership { protocol, group, ns, family: None });
    }
    let (listed, _) = directory.families.owner(group).filter(|(listed, _)| Some(listed.key) == family)?;
    Some(Membership { protocol, group, ns, family: Some(leases.of(directory, listed)) })
}

impl Change {
    /// Whether a dump of this family is still to be ended.
    pub(super) fn uses(&self, family: FamilyKey) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::End(request, _) if request.family.key == family))
    }

    /// Takes back what was let in so far, and nothing else.
    // net/netlink/af_netlink.c: netlink_undo_bind
    fn fail(&mut self, errno: Errno) {
        self.outcome = Err(errno);
        self.then = Then::Nothing;
        self.steps = self.joined.drain(..).map(Step::Tell).collect();
    }
}
