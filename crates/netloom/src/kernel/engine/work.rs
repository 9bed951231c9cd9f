//! What the engine hands out to be done, and what comes back.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use netloom_wire::{Errno, GenlHeader, Header, Protocol, RawAttrs};

use super::directory::Lease;
use super::dump::{Cursor, Filled};
use super::incoming::Incoming;
use super::port::{NetNs, PortKey};
use super::table::Mode;
use crate::kernel::{Aside, Nack};
use crate::socket::Credentials;

/// Names a piece of work until it is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId {
    pub(super) port: PortKey,
    pub(super) number: u64,
}

/// Names a caller's own send or receive until it is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    pub(super) port: PortKey,
    pub(super) number: u64,
}

/// Something that the shell must run, outside of any lock, and then [complete](super::Engine::complete).
#[derive(Debug)]
pub struct Work {
    /// What to complete it by.
    pub id: WorkId,
    /// What to run.
    pub task: Task,
    pub(super) ticket: Option<Ticket>,
    /// The protocol whose turn it has: others wait until it is completed.
    pub(in crate::kernel) serialised: Option<Protocol>,
}

/// What a [`Work`] asks for. The handler is the one that the shell has for the request's family and op, or for the
/// protocol.
#[derive(Debug)]
pub enum Task {
    /// Judge the request, before and after which a family may have something to do, and do it: [`Outcome::Did`].
    Do(Arc<Request>),
    /// Judge the request, then start the dump: [`Outcome::Started`].
    DumpStart(Arc<Request>),
    /// Write objects: [`Outcome::Filled`].
    DumpFill(Arc<Request>, Fill),
    /// The dump is over, complete or not: [`Outcome::Ended`].
    DumpDone(Arc<Request>, Cursor),
    /// A protocol that takes datagrams whole gets one: [`Outcome::Ended`].
    Input(Arc<Arrival>),
    /// A socket wants to join a group: [`Outcome::Bound`].
    Bind(Membership),
    /// A socket has left a group: [`Outcome::Ended`].
    Unbind(Membership),
}

impl Task {
    /// The request behind it, if a message is.
    pub fn request(&self) -> Option<&Arc<Request>> {
        match self {
            Self::Do(request) | Self::DumpStart(request) | Self::DumpFill(request, _) | Self::DumpDone(request, _) => {
                Some(request)
            }
            Self::Input(_) | Self::Bind(_) | Self::Unbind(_) => None,
        }
    }

    /// The family that it is about, if it is about one.
    pub fn family(&self) -> Option<&Arc<Lease>> {
        match self {
            Self::Bind(membership) | Self::Unbind(membership) => membership.family.as_ref(),
            _ => self.request().map(|request| &request.family),
        }
    }

    /// The protocol that it is about.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Do(request) | Self::DumpStart(request) | Self::DumpFill(request, _) | Self::DumpDone(request, _) => {
                request.family.table.protocol
            }
            Self::Input(arrival) => arrival.protocol,
            Self::Bind(membership) | Self::Unbind(membership) => membership.protocol,
        }
    }
}

/// A datagram for a protocol that takes them whole.
#[derive(Debug)]
pub struct Arrival {
    pub(super) datagram: Arc<Incoming>,
    /// The protocol it came by.
    pub protocol: Protocol,
    /// The socket it came from.
    pub port: PortKey,
    /// That socket's port id.
    pub port_id: u32,
    /// The group that it was sent to as well; 0 for none.
    pub group: u32,
    /// The namespace of that socket.
    pub ns: NetNs,
    /// Who sent it.
    pub credentials: Credentials,
}

impl Arrival {
    /// All its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.datagram
    }

    /// Has its bytes overwritten when it is over: they hold secrets.
    pub fn wipe_later(&self) {
        self.datagram.wipe_later();
    }
}

/// A socket and a group that it joins or leaves.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The protocol.
    pub protocol: Protocol,
    /// The group, by number.
    pub group: u32,
    /// The namespace of the socket.
    pub ns: NetNs,
    /// The generic netlink family whose group it is.
    pub family: Option<Arc<Lease>>,
}

/// What a fill starts from.
#[derive(Debug)]
pub struct Fill {
    /// Where the dump stands.
    pub cursor: Cursor,
    /// Bytes there are for the chunk.
    pub room: usize,
    /// The generation that the last message was consistent with; 0 for none.
    pub generation: u64,
    /// Whether the first message must be marked torn.
    pub tear: bool,
}

/// What came of a [`Work`].
pub enum Outcome {
    /// The request was done or refused.
    Did {
        /// The reply, a whole message, if there is one.
        reply: Option<Vec<u8>>,
        /// Success, or why not.
        answer: Result<(), Nack>,
        /// What the acknowledgement of a success says besides.
        warning: Option<Box<Aside>>,
    },
    /// The dump began, or was refused.
    Started(Result<Cursor, Nack>),
    /// A chunk is written.
    Filled {
        /// Where the dump stands now.
        cursor: Cursor,
        /// The chunk: whole messages.
        chunk: Vec<u8>,
        /// How it goes on.
        filled: Filled,
        /// The generation that the last message is consistent with.
        generation: u64,
        /// Whether the end must be marked torn.
        torn: bool,
        /// Whether the dump is a selection, and so its end.
        filtered: bool,
        /// What the end says besides, if it is one.
        warning: Option<Box<Aside>>,
    },
    /// The protocol or family lets the socket join, or does not.
    Bound(Result<(), Errno>),
    /// It is done; there is nothing to say of it.
    Ended,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes of messages here: there may be a key among them.
        match self {
            Self::Did { reply, answer, warning } => {
                let reply = reply.as_ref().map(Vec::len);
                write!(f, "Did({answer:?}, a reply of {reply:?} bytes, {warning:?})")
            }
            Self::Started(started) => write!(f, "Started({:?})", started.as_ref().map(|_| ())),
            Self::Filled { chunk, filled, generation, torn, .. } => {
                write!(f, "Filled({} bytes, {filled:?}, generation {generation}, torn {torn})", chunk.len())
            }
            Self::Bound(bound) => write!(f, "Bound({bound:?})"),
            Self::Ended => f.write_str("Ended"),
        }
    }
}

/// A message that was dispatched to a handler.
#[derive(Debug)]
pub struct Request {
    /// The datagram that it came in.
    pub(super) datagram: Arc<Incoming>,
    pub(super) range: Range<usize>,
    /// Its netlink header.
    pub header: Header,
    /// Its generic netlink header; zeros for another protocol.
    pub genl: GenlHeader,
    /// The family it is for.
    pub family: Arc<Lease>,
    /// The op, by position in the family's table.
    pub op: usize,
    /// Whether it is to be dumped rather than done.
    pub dump: bool,
    /// How it is judged.
    pub mode: Mode,
    /// The socket it came from.
    pub port: PortKey,
    /// That socket's port id.
    pub port_id: u32,
    /// The namespace of that socket.
    pub ns: NetNs,
    /// Who sent it.
    pub credentials: Credentials,
}

impl Request {
    /// The whole message.
    pub fn bytes(&self) -> &[u8] {
        self.datagram.get(self.range.clone()).unwrap_or_default()
    }

    /// Has its bytes overwritten when it is over: they hold secrets.
    pub fn wipe_later(&self) {
        self.datagram.wipe_later();
    }

    /// Bytes in front of the family's own header.
    pub fn core_len(&self) -> usize {
        let generic = self.family.table.protocol == netloom_wire::Protocol::GENERIC;
        Header::LEN.saturating_add(if generic { GenlHeader::LEN } else { 0 })
    }

    /// Bytes in front of the attributes.
    pub fn attrs_start(&self) -> usize {
        self.core_len().saturating_add(netloom_wire::align(self.family.table.header_size))
    }

    /// The family's own header and what follows it.
    pub fn body(&self) -> &[u8] {
        self.bytes().get(self.core_len()..).unwrap_or_default()
    }

    /// The attributes.
    pub fn attrs(&self) -> RawAttrs<'_> {
        RawAttrs::new(self.bytes().get(self.attrs_start()..).unwrap_or_default())
    }
}
