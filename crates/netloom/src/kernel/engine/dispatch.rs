//! The sender's side: taking a datagram apart and sending each message where it belongs.

use std::ops::Range;
use std::sync::Arc;

use netloom_wire::{Errno, Flags, GenlHeader, Header, OpFlags, Protocol, align};

use super::dump::{Running, Stage as Rest};
use super::incoming::Incoming;
use super::port::{Datagram, PortKey, Queued};
use super::table::Listed;
use super::work::{Arrival, Request};
use super::{Engine, Intake, Stage, Task, Ticket, ack};
use crate::kernel::{Aside, Nack};
use crate::socket::{Address, Credentials};

/// A datagram for the kernel side, message by message.
pub(super) struct Batch {
    port: PortKey,
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
    // net/netlink/af_netlink.c: netlink_sendmsg
    pub fn deliver(
        &mut self,
        key: PortKey,
        by: &Credentials,
        to: Option<Address>,
        bytes: &[u8],
    ) -> Result<Ticket, Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        if bytes.is_empty() {
            return Err(Errno::ENODATA);
        }
        let (ns, protocol, sndbuf) = (port.ns, port.protocol, port.sndbuf);
        // Who opened the socket counts as well, or any program's output could be a request; not where the sender said
        // whom it is for. net/netlink/af_netlink.c: __netlink_ns_capable, NETLINK_SKB_DST
        let admin = self.is_admin(by) && (to.is_some() || self.is_admin(&port.opener));
        // A protocol that is gone allows nothing.
        let info = self.protocol(protocol).unwrap_or_default();
        if to.is_some_and(|to| to.port != 0 || to.groups != 0) && !info.nonroot_send && !self.is_admin(by) {
            return Err(Errno::EPERM);
        }
        let to = to.unwrap_or(port.peer);
        self.autobind(key, by)?;
        if bytes.len() > sndbuf.saturating_sub(32) {
            return Err(Errno::EMSGSIZE);
        }
        let source = Address::port(self.local(key)?.port);
        if to.port != 0 || to.groups != 0 {
            let group = if to.groups == 0 { 0 } else { to.groups.trailing_zeros().saturating_add(1) };
            let sent = Datagram { bytes: Arc::new(bytes.to_vec()), source, group, credentials: *by };
            if group != 0 {
                // Whom it is for besides gets the copy that is sent there.
                let _ = self.broadcast(ns, protocol, source.port, to.port, &sent);
            }
            if to.port != 0 {
                let peer = self.port(ns, protocol, to.port).ok_or(Errno::ECONNREFUSED)?;
                return self.deliver_to_port(peer, sent);
            }
        }
        if info.intake == Intake::None {
            return Err(Errno::ECONNREFUSED);
        }
        if !self.asks.is_empty() && self.take_answer(key, bytes) {
            return Ok(self.finished_ticket());
        }
        let ticket = self.ticket();
        let datagram = Arc::new(Incoming::new(bytes));
        if info.intake == Intake::Datagrams {
            let group = if to.groups == 0 { 0 } else { to.groups.trailing_zeros().saturating_add(1) };
            let (port_id, credentials) = (source.port, *by);
            let arrival = Arrival { datagram, protocol, port: key, port_id, group, ns, credentials };
            self.push_work(Task::Input(Arc::new(arrival)), Stage::Input, Some(ticket));
            return Ok(ticket);
        }
        self.batches.insert(ticket, Batch { port: key, sender: *by, admin, datagram, offset: 0 });
        self.run_batch(ticket);
        Ok(ticket)
    }

    fn deliver_to_port(&mut self, peer: PortKey, datagram: Datagram) -> Result<Ticket, Errno> {
        let port = self.ports.get_mut(&peer).ok_or(Errno::ECONNREFUSED)?;
        if !port.hears(datagram.source.port) {
            return Err(Errno::ECONNREFUSED);
        }
        if !port.takes(datagram.bytes.len()) {
            return Err(Errno::EAGAIN);
        }
        let pushed = port.push(datagram);
        self.ready.push(peer);
        if pushed == Queued::Overrun { Err(Errno::EAGAIN) } else { Ok(self.finished_ticket()) }
    }

    /// A ticket of something that is over.
    fn finished_ticket(&mut self) -> Ticket {
        Ticket(self.serial())
    }

    /// Dispatches messages until one must wait for work, or all are.
    // net/netlink/af_netlink.c: netlink_rcv_skb
    pub(super) fn run_batch(&mut self, ticket: Ticket) {
        while let Some(batch) = self.batches.get_mut(&ticket) {
            let rest = batch.datagram.get(batch.offset..).unwrap_or_default();
            let header = Header::read(rest);
            let whole = header.filter(|h| h.len as usize >= Header::LEN && h.len as usize <= rest.len());
            let Some(header) = whole else {
                // Bytes that are no message are dropped in silence, and all behind them.
                self.batches.remove(&ticket);
                self.open_tickets.remove(&ticket);
                return;
            };
            let start = batch.offset;
            let range = start..start.saturating_add(header.len as usize);
            batch.offset = start.saturating_add(align(header.len as usize)).min(batch.datagram.len());
            let (port, sender, datagram) = (batch.port, (batch.sender, batch.admin), batch.datagram.clone());
            if self.dispatch(port, sender, datagram, range, header, ticket) {
                return;
            }
        }
    }

    /// Dispatches one message; true if it must wait for work.
    fn dispatch(
        &mut self,
        key: PortKey,
        (sender, admin): (Credentials, bool),
        datagram: Arc<Incoming>,
        range: Range<usize>,
        header: Header,
        ticket: Ticket,
    ) -> bool {
        let bytes = datagram.get(range.clone()).unwrap_or_default();
        let Some(port) = self.ports.get(&key) else { return false };
        // net/core/rtnetlink.c: rtnetlink_rcv_msg: a message without even struct rtgenmsg is passed over.
        let nothing = port.protocol == Protocol::ROUTE && bytes.len() == Header::LEN;
        if !header.flags.contains(Flags::REQUEST) || header.kind.is_control() || nothing {
            if header.flags.contains(Flags::ACK) {
                self.acknowledge(key, bytes, &Ok(()), None);
            }
            return false;
        }
        let found = match port.protocol {
            Protocol::GENERIC => self.find_generic(&header, bytes, port.ns.0 == 0, admin),
            protocol => self.find_other(protocol, &header, bytes, admin),
        };
        let found = found.and_then(|found| match self.faults.refuses(&found.family.table.name, found.number) {
            Some(errno) => Err(Nack::new(errno)),
            None => Ok(found),
        });
        let found = match found {
            Ok(found) => found,
            Err(nack) => {
                self.acknowledge(key, bytes, &Err(nack), None);
                return false;
            }
        };
        let Some(port) = self.ports.get(&key) else { return false };
        let (port_id, ns, busy) = (port.id, port.ns, port.dump.is_some());
        let request = Arc::new(Request {
            datagram: datagram.clone(),
            range,
            header,
            genl: found.genl,
            family: found.family,
            op: found.op,
            dump: found.dump,
            mode: found.mode,
            port: key,
            port_id,
            ns,
            credentials: sender,
        });
        if !found.dump {
            self.push_work(Task::Do(request.clone()), Stage::Do(request), Some(ticket));
            return true;
        }
        if busy || self.faults.busies_dump() {
            self.acknowledge(key, bytes, &Err(Nack::new(Errno::EBUSY)), None);
            return false;
        }
        let tear = self.faults.tears_dump();
        if let Some(port) = self.ports.get_mut(&key) {
            port.dump = Some(Box::new(Running { request: request.clone(), stage: Rest::Away, generation: 0, tear }));
        }
        self.push_work(Task::DumpStart(request.clone()), Stage::Start(request), Some(ticket));
        true
    }

    /// Finds the family and op of a generic netlink message, the checks in the kernel's order.
    // net/netlink/genetlink.c: genl_rcv_msg, genl_family_rcv_msg
    fn find_generic(&self, header: &Header, bytes: &[u8], first_namespace: bool, admin: bool) -> Result<Found, Nack> {
        let family = self.families.by_id(header.kind.0).ok_or(Nack::new(Errno::ENOENT))?;
        if !family.table.every_namespace && !first_namespace {
            return Err(Nack::new(Errno::ENOENT));
        }
        let payload = bytes.get(Header::LEN..).unwrap_or_default();
        let least = GenlHeader::LEN.saturating_add(family.table.header_size);
        let genl = GenlHeader::read(payload).filter(|_| payload.len() >= least).ok_or(Nack::new(Errno::EINVAL))?;
        check_header(family, header, genl)?;
        let dump = header.flags.contains(Flags::DUMP);
        self.find_op(family, u16::from(genl.cmd), dump, genl, admin)
    }

    /// Finds the op of a message of another protocol, by rtnetlink's rules.
    // net/core/rtnetlink.c: rtnetlink_rcv_msg
    fn find_other(&self, protocol: Protocol, header: &Header, bytes: &[u8], admin: bool) -> Result<Found, Nack> {
        let number = header.kind.0;
        let route = protocol == Protocol::ROUTE;
        let get = number % 4 == 2;
        if route && !get && !admin {
            return Err(Nack::new(Errno::EPERM));
        }
        let mut families = self.families.of(protocol);
        let family = families.find(|family| family.table.ops.iter().any(|op| op.number == number));
        let family = family.ok_or(Nack::new(Errno::EOPNOTSUPP))?;
        // Of NETLINK_ROUTE only GET may be dumped, and any of the two bits makes it one. Its header may be cut short to the one byte of
        // struct rtgenmsg, which old programs send.
        let dump = if route { get && header.flags.intersects(Flags::DUMP) } else { header.flags.contains(Flags::DUMP) };
        let least = if route && dump { 1 } else { family.table.header_size };
        if bytes.len() < Header::LEN.saturating_add(least) {
            return Err(Nack::new(Errno::EINVAL).with_message("Invalid header length"));
        }
        self.find_op(family, number, dump, GenlHeader::default(), admin)
    }

    fn find_op(
        &self,
        family: &Arc<Listed>,
        number: u16,
        dump: bool,
        genl: GenlHeader,
        admin: bool,
    ) -> Result<Found, Nack> {
        let unsupported = || Nack::new(Errno::EOPNOTSUPP);
        let op = family.table.ops.iter().position(|op| op.number == number).ok_or_else(unsupported)?;
        let entry = family.table.ops.get(op).ok_or_else(unsupported)?;
        let mode = if dump { entry.dump } else { entry.doit }.ok_or_else(unsupported);
        let wanted = OpFlags::ADMIN_PERM | OpFlags::UNS_ADMIN_PERM;
        if entry.flags.0 & wanted.0 != 0 && !admin && (mode.is_ok() || self.version.permits_before_mode()) {
            return Err(Nack::new(Errno::EPERM));
        }
        let mode = mode?;
        Ok(Found { family: family.clone(), op, number, mode, dump, genl })
    }

    /// Answers a request: an error always, a success if it asked; EINTR not at all.
    pub(super) fn answer(&mut self, request: &Request, answer: &Result<(), Nack>, warning: Option<&Aside>) {
        let silent = answer.as_ref().is_err_and(|nack| nack.errno() == Errno::EINTR);
        let asked = answer.is_err() || request.header.flags.contains(Flags::ACK);
        if asked && !silent {
            self.acknowledge(request.port, request.bytes(), answer, warning);
        }
    }

    /// Answers a message of a socket's: error or success.
    pub(in crate::kernel) fn acknowledge(
        &mut self,
        key: PortKey,
        request: &[u8],
        answer: &Result<(), Nack>,
        warning: Option<&Aside>,
    ) {
        let Some(port) = self.ports.get(&key) else { return };
        let message = ack::error_message(port.options, port.id, request, answer, warning);
        let _ = self.push(key, message);
    }
}

struct Found {
    family: Arc<Listed>,
    op: usize,
    number: u16,
    mode: super::Mode,
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
