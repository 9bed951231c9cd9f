//! What the engine hands out to be done, and what comes back.

use std::ops::Range;
use std::sync::Arc;

use netloom_wire::{GenlHeader, Header, RawAttrs};

use super::dump::{Cursor, Filled};
use super::incoming::Incoming;
use super::port::{NetNs, PortKey};
use super::table::{Listed, Mode};
use crate::kernel::Nack;
use crate::socket::Credentials;

/// Names a piece of work until it is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId(pub(super) u64);

/// Names a caller's own send or receive until it is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

/// Something that the shell must run, outside of any lock, and then [complete](super::Engine::complete).
#[derive(Debug)]
pub struct Work {
    /// What to complete it by.
    pub id: WorkId,
    /// The request behind it.
    pub request: Arc<Request>,
    /// What to run.
    pub task: Task,
    pub(super) ticket: Option<Ticket>,
    /// Whether others wait until it is completed.
    pub(in crate::kernel) serialised: bool,
}

/// What a [`Work`] asks for. The handler is the one that the shell has for the request's family and op.
#[derive(Debug)]
pub enum Task {
    /// Judge the request, then do it: [`Outcome::Did`].
    Do,
    /// Judge the request, then start the dump: [`Outcome::Started`].
    DumpStart,
    /// Write objects: [`Outcome::Filled`].
    DumpFill(Fill),
    /// The dump is over, complete or not: [`Outcome::Ended`].
    DumpDone(Cursor),
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
#[derive(Debug)]
pub enum Outcome {
    /// The request was done or refused.
    Did {
        /// The reply, a whole message, if there is one.
        reply: Option<Vec<u8>>,
        /// Success, or why not.
        answer: Result<(), Nack>,
        /// Text for the acknowledgement of a success.
        warning: Option<&'static str>,
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
    },
    /// The dump's state is released.
    Ended,
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
    pub family: Arc<Listed>,
    /// The op, by position in the family's table.
    pub op: usize,
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
