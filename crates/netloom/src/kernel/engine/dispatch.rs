//! The sender's side: taking a datagram apart and sending each message where it belongs.

use std::ops::Range;
use std::sync::Arc;

use netloom_wire::{Errno, Flags, GenlHeader, Header, OpFlags, Protocol, align};

use super::directory::{Desk, Lease};
use super::dump::{Running, Stage as Rest};
use super::incoming::Incoming;
use super::jobs::Stage;
use super::open_port::Held;
use super::port::{Datagram, Port, Queued};
use super::table::{Listed, Mode};
use super::work::{Arrival, Request};
use super::{Engine, Intake, OpenPort, Task, Ticket, ack};
use crate::kernel::{Aside, Nack, Version};
use crate::socket::{Address, Credentials};

/// A datagram for the kernel side, message by message.
pub(super) struct Batch {
    sender: Credentials,
    /// Whether ops that take privileges are allowed.
    admin: bool,
    datagram: Arc<Incoming>,
    offset: usize,
}

impl Engine {
    /// Sends a datagram from a socket: to `to`, or to where it is connected. `by` is the sender now, who need not be who
    /// opened the socket. The ticket is finished when all messages were dispatched and answered; what they caused at once
    /// is then queued.
    ///
    /// ENODATA if the datagram is empty, EMSGSIZE if it is beyond the send buffer, EPERM if that address is not allowed,
    /// ECONNREFUSED if nobody is there, EAGAIN if another port's queue has no room.
    pub fn deliver(
        &self,
        open: &OpenPort,
        by: &Credentials,
        to: Option<Address>,
        bytes: &[u8],
    ) -> Result<Ticket, Errno> {
        let (port, ticket) = self.deliver_held(open, by, to, bytes)?;
        open.release(port);
        Ok(ticket)
    }

    /// The same, and leaves the socket in the caller's hands.
    // net/netlink/af_netlink.c: netlink_sendmsg
    pub(in crate::kernel) fn deliver_held<'p>(
        &self,
        open: &'p OpenPort,
        by: &Credentials,
        to: Option<Address>,
        bytes: &[u8],
    ) -> Result<(Held<'p>, Ticket), Errno> {
        let mut port = open.hold_open()?;
        if bytes.is_empty() {
            return Err(Errno::ENODATA);
        }
        let (key, ns, protocol) = (port.key, port.ns, port.protocol);
        // Who opened the socket counts as well, or any program's output could be a request; not where the sender said
        // whom it is for. net/netlink/af_netlink.c: __netlink_ns_capable, NETLINK_SKB_DST
        let admin = self.is_admin(by) && (to.is_some() || self.is_admin(&port.opener));
        // A protocol that is gone allows nothing.
        let info = port.desk.directory.protocol(protocol).unwrap_or_default();
        if to.is_some_and(|to| to.port != 0 || to.groups != 0) && !info.nonroot_send && !self.is_admin(by) {
            return Err(Errno::EPERM);
        }
        let to = to.unwrap_or(port.peer);
        self.autobind(&mut port, by)?;
        if bytes.len() > port.sndbuf.saturating_sub(32) {
            return Err(Errno::EMSGSIZE);
        }
        let source = Address::port(port.local().port);
        let group = if to.groups == 0 { 0 } else { to.groups.trailing_zeros().saturating_add(1) };
        if to.port != 0 || group != 0 {
            // It may be among those whom it is for.
            drop(port);
            let whole = Datagram::from_kernel(Arc::new(bytes.to_vec()), group);
            let sent = Datagram { source, credentials: *by, ..whole };
            if group != 0 {
                // Whom it is for besides gets the copy that is sent there.
                let _ = self.broadcast(ns, protocol, source.port, to.port, &sent);
            }
            if to.port != 0 {
                let peer = self.port(ns, protocol, to.port).ok_or(Errno::ECONNREFUSED)?;
                deliver_to_port(&peer, sent)?;
                port = open.hold();
                let ticket = port.jobs.finished_ticket(key);
                return Ok((port, ticket));
            }
            port = open.hold_open()?;
        }
        if info.intake == Intake::None {
            return Err(Errno::ECONNREFUSED);
        }
        if !port.asks.is_empty() && self.take_answer(&mut port, bytes) {
            let ticket = port.jobs.finished_ticket(key);
            return Ok((port, ticket));
        }
        let ticket = port.jobs.ticket(key);
        let datagram = Arc::new(Incoming::new(bytes));
        if info.intake == Intake::Datagrams {
            let (port_id, credentials) = (source.port, *by);
            let arrival = Arrival { datagram, protocol, port: key, port_id, group, ns, credentials };
            port.jobs.push(key, Task::Input(Arc::new(arrival)), Stage::Input, Some(ticket));
            return Ok((port, ticket));
        }
        port.jobs.batches.insert(ticket.number, Batch { sender: *by, admin, datagram, offset: 0 });
        self.run_batch(&mut port, ticket);
        Ok((port, ticket))
    }

    /// Dispatches messages until one must wait for work, or all are.
    // net/netlink/af_netlink.c: netlink_rcv_skb
    pub(super) fn run_batch(&self, port: &mut Port, ticket: Ticket) {
        while let Some(batch) = port.jobs.batches.get_mut(ticket.number) {
            let rest = batch.datagram.get(batch.offset..).unwrap_or_default();
            let header = Header::read(rest);
            let whole = header.filter(|h| h.len as usize >= Header::LEN && h.len as usize <= rest.len());
            let Some(header) = whole else {
                // Bytes that are no message are dropped in silence, and all behind them.
                port.jobs.batches.remove(ticket.number);
                port.jobs.finish(ticket);
                return;
            };
            let start = batch.offset;
            let range = start..start.saturating_add(header.len as usize);
            batch.offset = start.saturating_add(align(header.len as usize)).min(batch.datagram.len());
            let (sender, datagram) = ((batch.sender, batch.admin), batch.datagram.clone());
            if self.dispatch(port, sender, datagram, range, header, ticket) {
                return;
            }
        }
    }

    /// Dispatches one message; true if it must wait for work.
    fn dispatch(
        &self,
        port: &mut Port,
        (sender, admin): (Credentials, bool),
        datagram: Arc<Incoming>,
        range: Range<usize>,
        header: Header,
        ticket: Ticket,
    ) -> bool {
        if port.closed {
            return false;
        }
        let bytes = datagram.get(range.clone()).unwrap_or_default();
        // net/core/rtnetlink.c: rtnetlink_rcv_msg: a message without even struct rtgenmsg is passed over.
        let nothing = port.protocol == Protocol::ROUTE && bytes.len() == Header::LEN;
        if !header.flags.contains(Flags::REQUEST) || header.kind.is_control() || nothing {
            if header.flags.contains(Flags::ACK) {
                self.acknowledge(port, bytes, &Ok(()), None);
            }
            return false;
        }
        let by = Asker { admin, version: self.version };
        let first_namespace = port.ns.0 == 0;
        let found = match port.protocol {
            Protocol::GENERIC => port.desk.find_generic(&header, bytes, first_namespace, by),
            protocol => port.desk.find_other(protocol, &header, bytes, by),
        };
        let found = found.and_then(|found| {
            let refused = self.faults.on().and_then(|mut on| on.refuses(&found.family.table.name, found.number));
            refused.map_or(Ok(found), |errno| Err(Nack::new(errno)))
        });
        let found = match found {
            Ok(found) => found,
            Err(nack) => {
                self.acknowledge(port, bytes, &Err(nack), None);
                return false;
            }
        };
        let request = Arc::new(Request {
            datagram: datagram.clone(),
            range,
            header,
            genl: found.genl,
            family: found.family,
            op: found.op,
            dump: found.dump,
            mode: found.mode,
            port: port.key,
            port_id: port.id,
            ns: port.ns,
            credentials: sender,
        });
        if !found.dump {
            port.jobs.push(port.key, Task::Do(request.clone()), Stage::Do(request), Some(ticket));
            return true;
        }
        if port.dump.is_some() || self.faults.on().is_some_and(|mut on| on.busies_dump()) {
            self.acknowledge(port, bytes, &Err(Nack::new(Errno::EBUSY)), None);
            return false;
        }
        let tear = self.faults.on().is_some_and(|mut on| on.tears_dump());
        port.dump = Some(Box::new(Running { request: request.clone(), stage: Rest::Away, generation: 0, tear }));
        port.jobs.push(port.key, Task::DumpStart(request.clone()), Stage::Start(request), Some(ticket));
        true
    }

    /// Answers a request: an error always, a success if it asked; EINTR not at all.
    pub(super) fn answer(
        &self,
        port: &mut Port,
        request: &Request,
        answer: &Result<(), Nack>,
        warning: Option<&Aside>,
    ) {
        let silent = answer.as_ref().is_err_and(|nack| nack.errno() == Errno::EINTR);
        let asked = answer.is_err() || request.header.flags.contains(Flags::ACK);
        if asked && !silent {
            self.acknowledge(port, request.bytes(), answer, warning);
        }
    }

    /// Answers a message of a socket's: error or success.
    pub(in crate::kernel) fn acknowledge(
        &self,
        port: &mut Port,
        request: &[u8],
        answer: &Result<(), Nack>,
        warning: Option<&Aside>,
    ) {
        if port.closed {
            return;
        }
        let message = ack::error_message(port.options, port.id, request, answer, warning);
        let _ = self.push(port, 0, message);
    }
}

fn deliver_to_port(peer: &OpenPort, datagram: Datagram) -> Result<(), Errno> {
    let mut port = peer.hold_open().map_err(|_| Errno::ECONNREFUSED)?;
    if !port.hears(datagram.source.port) {
        return Err(Errno::ECONNREFUSED);
    }
    if !port.takes(datagram.bytes.len()) {
        return Err(Errno::EAGAIN);
    }
    let pushed = port.push(datagram);
    peer.release(port);
    if pushed == Queued::Overrun { Err(Errno::EAGAIN) } else { Ok(()) }
}

impl Desk {
    /// Finds the family and op of a generic netlink message, the checks in the kernel's order.
    // net/netlink/genetlink.c: genl_rcv_msg, genl_family_rcv_msg
    fn find_generic(&mut self, header: &Header, bytes: &[u8], first_namespace: bool, by: Asker) -> Result<Found, Nack> {
        let (directory, leases) = self.parts();
        let family = directory.families.by_id(header.kind.0).ok_or(Nack::new(Errno::ENOENT))?;
        if !family.table.every_namespace && !first_namespace {
            return Err(Nack::new(Errno::ENOENT));
        }
        let payload = bytes.get(Header::LEN..).unwrap_or_default();
        let least = GenlHeader::LEN.saturating_add(family.table.header_size);
        let genl = GenlHeader::read(payload).filter(|_| payload.len() >= least).ok_or(Nack::new(Errno::EINVAL))?;
        check_header(family, header, genl)?;
        let dump = header.flags.contains(Flags::DUMP);
        let found = find_op(family, u16::from(genl.cmd), dump, by)?;
        Ok(found.of(leases.of(directory, family), dump, genl))
    }

    /// Finds the op of a message of another protocol, by rtnetlink's rules.
    // net/core/rtnetlink.c: rtnetlink_rcv_msg
    fn find_other(&mut self, protocol: Protocol, header: &Header, bytes: &[u8], by: Asker) -> Result<Found, Nack> {
        let number = header.kind.0;
        let route = protocol == Protocol::ROUTE;
        let get = number % 4 == 2;
        if route && !get && !by.admin {
            return Err(Nack::new(Errno::EPERM));
        }
        let (directory, leases) = self.parts();
        let mut families = directory.families.of(protocol);
        let family = families.find(|family| family.table.ops.iter().any(|op| op.number == number));
        let family = family.ok_or(Nack::new(Errno::EOPNOTSUPP))?;
        // Of NETLINK_ROUTE only GET may be dumped, and any of the two bits makes it one. Its header may be cut short to the one byte of
        // struct rtgenmsg, which old programs send.
        let dump = if route { get && header.flags.intersects(Flags::DUMP) } else { header.flags.contains(Flags::DUMP) };
        let least = if route && dump { 1 } else { family.table.header_size };
        if bytes.len() < Header::LEN.saturating_add(least) {
            return Err(Nack::new(Errno::EINVAL).with_message("Invalid header length"));
        }
        let found = find_op(family, number, dump, by)?;
        Ok(found.of(leases.of(directory, family), dump, GenlHeader::default()))
    }
}

/// Whose request it is that an op is looked for, and as which release.
#[derive(Clone, Copy)]
struct Asker {
    admin: bool,
    version: Version,
}

/// Finds an op that the sender may ask for: its position, and how it is judged.
fn find_op(family: &Listed, number: u16, dump: bool, by: Asker) -> Result<FoundOp, Nack> {
    let unsupported = || Nack::new(Errno::EOPNOTSUPP);
    let op = family.table.ops.iter().position(|op| op.number == number).ok_or_else(unsupported)?;
    let entry = family.table.ops.get(op).ok_or_else(unsupported)?;
    let mode = if dump { entry.dump } else { entry.doit }.ok_or_else(unsupported);
    let wanted = OpFlags::ADMIN_PERM | OpFlags::UNS_ADMIN_PERM;
    if entry.flags.0 & wanted.0 != 0 && !by.admin && (mode.is_ok() || by.version.permits_before_mode()) {
        return Err(Nack::new(Errno::EPERM));
    }
    let mode = mode?;
    Ok(FoundOp { op, number, mode })
}

struct FoundOp {
    op: usize,
    number: u16,
    mode: Mode,
}

impl FoundOp {
    fn of(self, family: Arc<Lease>, dump: bool, genl: GenlHeader) -> Found {
        let Self { op, number, mode } = self;
        Found { family, op, number, mode, dump, genl }
    }
}

struct Found {
    family: Arc<Lease>,
    op: usize,
    number: u16,
    mode: Mode,
    dump: bool,
    genl: GenlHeader,
}

// net/netlink/genetlink.c: genl_header_check
fn check_header(family: &Listed, header: &Header, genl: GenlHeader) -> Result<(), Nack> {
    if u16::from(genl.cmd) < family.table.resv_start_op {
        return Ok(());
    }
    if genl.reserved != 0 {
        return Err(Nack::new(Errno::EINVAL).with_message("genlmsghdr.reserved field is not 0"));
    }
    let rest = if header.flags.contains(Flags::DUMP) { header.flags & !Flags::DUMP } else { header.flags };
    if (rest & !(Flags::REQUEST | Flags::ACK | Flags::ECHO)) != Flags::NONE {
        return Err(Nack::new(Errno::EINVAL).with_message("ambiguous or reserved bits set in nlmsg_flags"));
    }
    Ok(())
}
