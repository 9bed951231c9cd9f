//! The short way: a socket asks a parallel family again for what it has asked before, past the engine.
//!
//! Where the first request for an op went is kept at its port. Until something changes that, the next one goes the same
//! way under the port's own lock, so that sockets do not meet. Whatever is not plain goes through the engine.

use std::sync::Arc;

use netloom_wire::{Errno, Flags, GenlHeader, Header, MessageType, OpFlags, Protocol};

use super::incoming::Incoming;
use super::port::{Datagram, Port, PortKey};
use super::ports::SharedPort;
use super::table::{FamilyKey, Listed, Mode};
use super::{Engine, Outcome, Request, ack};
use crate::kernel::raw::Handlers;
use crate::socket::{Address, Credentials};

/// The ways that a port knows.
#[derive(Default)]
pub(super) struct Ways {
    known: Vec<Way>,
    /// Its socket may go them.
    open: bool,
    /// Everything is the engine's business: faults are on, or an answer is waited for.
    closed: bool,
}

/// Where the requests for an op go.
struct Way {
    kind: MessageType,
    cmd: u8,
    sender: Credentials,
    family: FamilyKey,
    /// None while a request is on it: references that threads share cost more than all the rest.
    leads: Option<(Arc<Listed>, Arc<Handlers>)>,
    op: usize,
    mode: Mode,
    /// The least bytes of a request.
    least: usize,
}

/// What became of a request that went a short way.
pub(in crate::kernel) enum Ended {
    /// It is answered; true if somebody waits for that port.
    Answered(bool),
    /// The engine must answer it.
    Recalled(Request, Outcome),
}

impl Ways {
    /// So many are kept.
    const MOST: usize = 8;

    /// Whether a request of this family's is under way.
    pub(super) fn runs(&self, family: FamilyKey) -> bool {
        self.known.iter().any(|way| way.family == family && way.leads.is_none())
    }

    /// Forgets those to a family.
    pub(super) fn forget(&mut self, family: FamilyKey) {
        self.known.retain(|way| way.family != family);
    }

    /// Lets the socket go them.
    pub(super) fn open(&mut self) {
        self.open = true;
    }

    /// Sends everything through the engine from now on.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn find(&mut self, header: &Header, genl: GenlHeader, sender: &Credentials) -> Option<&mut Way> {
        let wanted = |way: &&mut Way| {
            way.kind == header.kind
                && way.cmd == genl.cmd
                && way.sender == *sender
                && header.len as usize >= way.least
                && way.leads.is_some()
        };
        self.known.iter_mut().find(wanted)
    }
}

impl SharedPort {
    /// Lets whoever holds it go short ways.
    pub(in crate::kernel) fn open_ways(&self) {
        self.lock().ways.open();
    }

    /// Begins a request by a short way, if there is one for this datagram. It must be [ended](SharedPort::end).
    #[inline]
    pub(in crate::kernel) fn begin(
        &self,
        key: PortKey,
        by: &Credentials,
        bytes: &[u8],
    ) -> Option<(Request, Arc<Handlers>)> {
        let header = Header::read(bytes)?;
        let genl = GenlHeader::read(bytes.get(Header::LEN..)?)?;
        let one = header.len as usize == bytes.len() && genl.reserved == 0;
        let plain = Flags::REQUEST | Flags::ACK | Flags::ECHO;
        if !one || !header.flags.contains(Flags::REQUEST) || (header.flags & !plain) != Flags::NONE {
            return None;
        }
        let mut port = self.lock();
        let Port { id, ns, sndbuf, peer, .. } = *port;
        if port.ways.closed || id == 0 || peer != Address::KERNEL || bytes.len() > sndbuf.saturating_sub(32) {
            return None;
        }
        let way = port.ways.find(&header, genl, by)?;
        let (op, mode) = (way.op, way.mode);
        let (family, handlers) = way.leads.take()?;
        drop(port);
        let request = Request {
            datagram: Arc::new(Incoming::new(bytes)),
            range: 0..bytes.len(),
            header,
            genl,
            family,
            op,
            dump: false,
            mode,
            port: key,
            port_id: id,
            ns,
            credentials: *by,
        };
        Some((request, handlers))
    }

    /// Answers a request that went a short way, as [`Engine::complete`] does.
    #[inline]
    pub(in crate::kernel) fn end(&self, request: Request, handlers: Arc<Handlers>, outcome: Outcome) -> Ended {
        let Outcome::Did { reply, answer, warning } = outcome else { return Ended::Recalled(request, outcome) };
        let mut port = self.lock();
        if port.ways.closed {
            port.ways.forget(request.family.key);
            drop(port);
            return Ended::Recalled(request, Outcome::Did { reply, answer, warning });
        }
        if let Some(reply) = reply {
            port.push(from_kernel(reply));
        }
        if ack::is_due(request.header.flags, &answer) {
            let message = ack::error_message(port.options, port.id, request.bytes(), &answer, warning);
            port.push(from_kernel(message));
        }
        let Request { datagram, header, genl, family, .. } = request;
        let way = port.ways.known.iter_mut().find(|way| {
            way.family == family.key && way.kind == header.kind && way.cmd == genl.cmd && way.leads.is_none()
        });
        if let Some(way) = way {
            way.leads = Some((family, handlers));
        }
        let awaited = port.awaited;
        drop(port);
        drop(datagram);
        Ended::Answered(awaited)
    }
}

impl Engine {
    /// Keeps where this request for a do went, for the next one.
    pub(in crate::kernel) fn remember(&self, request: &Request, handlers: &Arc<Handlers>) {
        let Request { family, header, genl, credentials, op, mode, .. } = request;
        let (table, key) = (&family.table, family.key);
        let Some(entry) = table.ops.get(*op) else { return };
        if !table.parallel || table.protocol != Protocol::GENERIC || handlers.serialise.is_some() {
            return;
        }
        let Some(mut port) = self.ports.get(request.port).filter(|port| port.ways.open && !port.ways.closed) else {
            return;
        };
        let privileged = entry.flags.0 & (OpFlags::ADMIN_PERM | OpFlags::UNS_ADMIN_PERM).0 != 0;
        let admin = self.is_admin(credentials) && self.is_admin(&port.opener);
        let ways = &mut port.ways.known;
        let same = |way: &Way| way.kind == header.kind && way.cmd == genl.cmd && way.sender == *credentials;
        if (privileged && !admin) || ways.len() >= Ways::MOST || ways.iter().any(same) {
            return;
        }
        ways.push(Way {
            kind: header.kind,
            cmd: genl.cmd,
            sender: *credentials,
            family: key,
            leads: Some((family.clone(), handlers.clone())),
            op: *op,
            mode: *mode,
            least: request.attrs_start(),
        });
    }

    /// Answers a do whose short way was closed while it ran.
    pub(in crate::kernel) fn answer_recalled(&mut self, request: &Request, outcome: Outcome) {
        match outcome {
            Outcome::Did { reply, answer, warning } => {
                if let Some(reply) = reply {
                    let _ = self.push(request.port, reply);
                }
                self.answer(request, &answer, warning);
            }
            _ => self.answer(request, &Err(crate::kernel::Nack::new(Errno::EPROTO)), None),
        }
    }

    /// Says that a port may have become readable without the engine.
    pub(in crate::kernel) fn became_readable(&mut self, key: PortKey) {
        self.ready.push(key);
    }

    /// From now on everything that ports send and receive passes the engine.
    pub(in crate::kernel) fn close_ways(&self) {
        self.ports.iter().for_each(|(_, mut port)| port.ways.close());
    }
}

fn from_kernel(bytes: Vec<u8>) -> Datagram {
    Datagram { bytes: Arc::new(bytes), source: Address::KERNEL, group: 0, credentials: Credentials::default() }
}
