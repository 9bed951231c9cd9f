//! The reader's side: taking datagrams off a queue, and pulling a dump's next chunk.

use std::sync::Arc;

use netloom_wire::{Errno, Writer};

use super::dump::{Cursor, End, Filled, Running, Stage as Rest};
use super::port::{Datagram, PortKey};
use super::work::{Fill, Outcome, Request};
use super::{Engine, Pending, Stage, Task, Ticket, WorkId, ack};
use crate::kernel::Nack;
use crate::socket::{Address, Credentials};

/// A DONE message without ext-ack.
const DONE_LEN: usize = 20;
/// The room that a DONE message with a long text may need.
const DONE_ROOM: usize = 1_200;

impl Engine {
    /// Takes the next datagram off a socket's queue, `len` being the reader's room, which sizes later chunks of a dump.
    /// `None`: the queue is empty. The ticket, if any, is finished when the dump's next chunk is queued; a peek lets a dump
    /// go on as well.
    ///
    /// ENOBUFS, once, if datagrams were lost.
    // net/netlink/af_netlink.c: netlink_recvmsg
    pub fn read(&mut self, key: PortKey, len: usize, peek: bool) -> Result<(Option<Datagram>, Option<Ticket>), Errno> {
        let port = self.ports.get_mut(&key).ok_or(Errno::EBADF)?;
        let datagram = port.pull(len, peek)?;
        if datagram.is_none() || !port.wants_chunk() {
            return Ok((datagram, None));
        }
        Ok((datagram, self.go_on(key)))
    }

    /// Lets a resting dump go on. If there is no room for its next chunk, the reader hears ENOBUFS, and may try again.
    pub(super) fn go_on(&mut self, key: PortKey) -> Option<Ticket> {
        let port = self.ports.get_mut(&key)?;
        let (room, refused) = (port.chunk_room(), port.refuses_chunk());
        let dump = port.dump.as_mut()?;
        if refused && !matches!(dump.stage, Rest::Away) {
            port.fail(Errno::ENOBUFS);
            return None;
        }
        match std::mem::replace(&mut dump.stage, Rest::Away) {
            Rest::Away => None,
            Rest::Ending { cursor, end } => {
                let ticket = self.ticket();
                self.end_dump(key, cursor, *end, Vec::new(), room, Some(ticket));
                Some(ticket)
            }
            Rest::Resting(cursor) => {
                let ticket = self.ticket();
                self.push_fill(key, cursor, Some(ticket));
                Some(ticket)
            }
        }
    }

    /// Queues the work of writing the next chunk.
    pub(super) fn push_fill(&mut self, key: PortKey, cursor: Cursor, ticket: Option<Ticket>) {
        let Some(port) = self.ports.get_mut(&key) else { return };
        let room = port.chunk_room();
        let Some(dump) = port.dump.as_mut() else { return };
        let fill = Fill { cursor, room, generation: dump.generation, tear: std::mem::take(&mut dump.tear) };
        let request = dump.request.clone();
        self.push_work(Task::DumpFill(request.clone(), fill), Stage::Fill { request, room }, ticket);
    }

    /// Takes back what came of a piece of work. An id that is not pending is ignored.
    pub fn complete(&mut self, id: WorkId, outcome: Outcome) {
        let Some(Pending { ticket, lock, stage, .. }) = self.pending.remove(&id) else { return };
        if let Some(lock) = lock {
            self.held.remove(&lock);
        }
        match (stage, outcome) {
            (Stage::Do(request), Outcome::Did { reply, answer, warning }) => {
                if let Some(reply) = reply {
                    let _ = self.push(request.port, reply);
                }
                self.answer(&request, &answer, warning.as_deref());
                self.go_on_with_batch(ticket);
            }
            (Stage::Start(request), Outcome::Started(started)) => self.started(&request, started, ticket),
            (
                Stage::Fill { request, room },
                Outcome::Filled { cursor, chunk, filled, generation, torn, filtered, warning },
            ) => {
                let end = End { result: Ok(()), warning, torn, filtered };
                self.filled(&request, room, cursor, chunk, filled, generation, end, ticket);
            }
            (Stage::Bind(membership), Outcome::Bound(answer)) => self.answered(membership, answer, ticket),
            (Stage::Bind(membership), _) => self.answered(membership, Err(Errno::EPROTO), ticket),
            (Stage::Done | Stage::Input | Stage::Unbind, _) => self.go_on_with_batch(ticket),
            // A shell that answers with the wrong kind has lost the request: it must not hang its sender.
            (Stage::Do(request) | Stage::Start(request), _) => {
                self.answer(&request, &Err(Nack::new(Errno::EPROTO)), None);
                self.go_on_with_batch(ticket);
            }
            (Stage::Fill { .. }, _) => self.go_on_with_batch(ticket),
        }
    }

    // net/netlink/af_netlink.c: __netlink_dump_start
    fn started(&mut self, request: &Arc<Request>, started: Result<Cursor, Nack>, ticket: Option<Ticket>) {
        match started {
            Ok(cursor) if self.ports.contains_key(&request.port) => self.begin_dump(request, cursor, ticket),
            Ok(cursor) => self.push_done(request.clone(), cursor, ticket),
            Err(nack) => {
                if let Some(port) = self.ports.get_mut(&request.port) {
                    port.dump = None;
                }
                self.answer(request, &Err(nack), None);
                self.go_on_with_batch(ticket);
            }
        }
    }

    /// Writes the first chunk; one that a full buffer refuses leaves the dump to the reader.
    // net/netlink/af_netlink.c: __netlink_dump_start, netlink_dump
    fn begin_dump(&mut self, request: &Arc<Request>, cursor: Cursor, ticket: Option<Ticket>) {
        match self.ports.get_mut(&request.port) {
            Some(port) if port.refuses_chunk() => {
                if let Some(dump) = port.dump.as_mut() {
                    dump.stage = Rest::Resting(cursor);
                }
                self.answer(request, &Err(Nack::new(Errno::ENOBUFS)), None);
                self.go_on_with_batch(ticket);
            }
            _ => self.push_fill(request.port, cursor, ticket),
        }
    }

    // net/netlink/af_netlink.c: netlink_dump
    #[expect(clippy::too_many_arguments, reason = "the parts of one outcome")]
    fn filled(
        &mut self,
        request: &Arc<Request>,
        room: usize,
        cursor: Cursor,
        chunk: Vec<u8>,
        filled: Filled,
        generation: u64,
        mut end: End,
        ticket: Option<Ticket>,
    ) {
        let key = request.port;
        let Some(Running { .. }) = self.ports.get(&key).and_then(|port| port.dump.as_deref()) else {
            self.push_done(request.clone(), cursor, ticket);
            return;
        };
        // net/netlink/af_netlink.c: netlink_dump; that EMSGSIZE only means a full chunk is newer than Linux 6.1.
        let goes_on = |nack: &Nack| nack.errno() == Errno::EMSGSIZE && self.version.dumps_on_after_emsgsize();
        end.result = match filled {
            // A fill that says "more" and writes nothing would be asked for ever.
            Filled::More if chunk.is_empty() => Err(Nack::new(Errno::EMSGSIZE)),
            Filled::More => return self.rest(key, cursor, chunk, generation, ticket),
            Filled::Failed(nack) if !chunk.is_empty() && goes_on(&nack) => {
                return self.rest(key, cursor, chunk, generation, ticket);
            }
            Filled::Failed(nack) => Err(nack),
            Filled::Done => Ok(()),
        };
        if !self.end_dump(key, cursor, end, chunk, room, ticket) {
            self.go_on_with_batch(ticket);
        }
    }

    fn rest(&mut self, key: PortKey, cursor: Cursor, chunk: Vec<u8>, generation: u64, ticket: Option<Ticket>) {
        self.push_chunk(key, chunk);
        if let Some(dump) = self.ports.get_mut(&key).and_then(|port| port.dump.as_mut()) {
            dump.stage = Rest::Resting(cursor);
            dump.generation = generation;
        }
        self.go_on_with_batch(ticket);
    }

    /// Ends a dump: DONE goes behind the last objects if it fits there, else it waits for the reader. True if DONE is
    /// queued and the dump's state is being released.
    fn end_dump(
        &mut self,
        key: PortKey,
        cursor: Cursor,
        end: End,
        mut chunk: Vec<u8>,
        room: usize,
        ticket: Option<Ticket>,
    ) -> bool {
        let Some(port) = self.ports.get_mut(&key) else { return false };
        let (options, port_id) = (port.options, port.id);
        let Some(dump) = port.dump.as_mut() else { return false };
        if !chunk.is_empty() && chunk.len().saturating_add(DONE_LEN) > room {
            dump.stage = Rest::Ending { cursor, end: Box::new(end) };
            self.push_chunk(key, chunk);
            return false;
        }
        let objects = chunk.len();
        let space = if objects == 0 { room.max(DONE_ROOM) } else { room };
        chunk.resize(space, 0);
        let tail = chunk.get_mut(objects..).unwrap_or_default();
        let mut w = Writer::new(tail);
        // Ext-ack that does not fit behind the objects is left out, as the kernel does.
        let quiet = super::port::Options { ext_ack: false, ..options };
        if ack::done(&mut w, options, &dump.request.header, port_id, &end).is_err() {
            let _ = ack::done(&mut w, quiet, &dump.request.header, port_id, &end);
        }
        let len = objects.saturating_add(w.len());
        chunk.truncate(len);
        let request = dump.request.clone();
        port.dump = None;
        self.push_chunk(key, chunk);
        self.push_done(request, cursor, ticket);
        true
    }

    fn push_done(&mut self, request: Arc<Request>, cursor: Cursor, ticket: Option<Ticket>) {
        self.push_work(Task::DumpDone(request, cursor), Stage::Done, ticket);
    }

    fn push_chunk(&mut self, key: PortKey, chunk: Vec<u8>) {
        if let Some(port) = self.ports.get_mut(&key) {
            port.push_chunk(Datagram {
                bytes: Arc::new(chunk),
                source: Address::KERNEL,
                group: 0,
                credentials: Credentials::default(),
            });
            self.ready.push(key);
        }
    }

    fn close_ticket(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.open_tickets.remove(&ticket);
        }
    }

    /// Goes on with the datagram whose work is done, or ends the wait of a reader.
    fn go_on_with_batch(&mut self, ticket: Option<Ticket>) {
        let Some(ticket) = ticket else { return };
        if self.batches.contains_key(&ticket) {
            self.run_batch(ticket);
        } else if self.changes.contains_key(&ticket) {
            self.go_on_with_change(ticket);
        } else {
            self.close_ticket(Some(ticket));
        }
    }
}
