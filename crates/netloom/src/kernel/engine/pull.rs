//! The reader's side: taking datagrams off a queue, and pulling a dump's next chunk.

use std::sync::Arc;

use netloom_wire::{Errno, Writer};

use super::dump::{Cursor, End, Filled, Stage as Rest};
use super::jobs::{Pending, Stage};
use super::port::{Datagram, Port};
use super::work::{Fill, Outcome, Request};
use super::{Engine, OpenPort, Task, Ticket, WorkId, ack};
use crate::kernel::Nack;

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
    pub fn read(&self, open: &OpenPort, len: usize, peek: bool) -> Result<(Option<Datagram>, Option<Ticket>), Errno> {
        let mut port = open.hold_open()?;
        let read = self.read_held(&mut port, len, peek);
        open.release(port);
        read
    }

    // net/netlink/af_netlink.c: netlink_recvmsg
    pub(in crate::kernel) fn read_held(
        &self,
        port: &mut Port,
        len: usize,
        peek: bool,
    ) -> Result<(Option<Datagram>, Option<Ticket>), Errno> {
        let datagram = port.pull(len, peek)?;
        if datagram.is_none() || !port.wants_chunk() {
            return Ok((datagram, None));
        }
        Ok((datagram, self.go_on(port)))
    }

    /// Lets a resting dump go on. If there is no room for its next chunk, the reader hears ENOBUFS, and may try again.
    pub(super) fn go_on(&self, port: &mut Port) -> Option<Ticket> {
        let (room, refused) = (port.chunk_room(), port.dump.is_some() && port.refuses_chunk());
        let dump = port.dump.as_mut()?;
        if refused && !matches!(dump.stage, Rest::Away) {
            port.fail(Errno::ENOBUFS);
            return None;
        }
        match std::mem::replace(&mut dump.stage, Rest::Away) {
            Rest::Away => None,
            Rest::Ending { cursor, end } => {
                let ticket = port.jobs.ticket(port.key);
                self.end_dump(port, cursor, *end, Vec::new(), room, Some(ticket));
                Some(ticket)
            }
            Rest::Resting(cursor) => {
                let ticket = port.jobs.ticket(port.key);
                self.push_fill(port, cursor, Some(ticket));
                Some(ticket)
            }
        }
    }

    /// Queues the work of writing the next chunk.
    pub(super) fn push_fill(&self, port: &mut Port, cursor: Cursor, ticket: Option<Ticket>) {
        let room = port.chunk_room();
        let Some(dump) = port.dump.as_mut() else { return };
        let fill = Fill { cursor, room, generation: dump.generation, tear: std::mem::take(&mut dump.tear) };
        let request = dump.request.clone();
        let stage = Stage::Fill { request: request.clone(), room };
        port.jobs.push(port.key, Task::DumpFill(request, fill), stage, ticket);
    }

    /// Takes back what came of a piece of work. An id that is not pending is ignored.
    pub fn complete(&self, id: WorkId, outcome: Outcome) {
        if let Some(open) = self.find(id.port) {
            let mut port = open.hold();
            self.complete_held(&mut port, id, outcome);
            open.release(port);
        }
    }

    pub(in crate::kernel) fn complete_held(&self, port: &mut Port, id: WorkId, outcome: Outcome) {
        let Some(Pending { ticket, turn, stage, .. }) = port.jobs.pending.remove(id.number) else { return };
        if let Some(protocol) = turn {
            self.turns.give_back(protocol);
        }
        // Who waits for what another thread does looks again.
        port.rung |= port.sleepers > 0;
        match (stage, outcome) {
            (Stage::Do(request), Outcome::Did { reply, answer, warning }) => {
                if let Some(reply) = reply {
                    let _ = self.push(port, 0, reply);
                }
                self.answer(port, &request, &answer, warning.as_deref());
                self.go_on_with_batch(port, ticket);
            }
            (Stage::Start(request), Outcome::Started(started)) => self.started(port, &request, started, ticket),
            (
                Stage::Fill { request, room },
                Outcome::Filled { cursor, chunk, filled, generation, torn, filtered, warning },
            ) => {
                let end = End { result: Ok(()), warning, torn, filtered };
                self.filled(port, &request, room, cursor, chunk, filled, generation, end, ticket);
            }
            (Stage::Bind(membership), Outcome::Bound(answer)) => self.answered(port, membership, answer, ticket),
            (Stage::Bind(membership), _) => self.answered(port, membership, Err(Errno::EPROTO), ticket),
            (Stage::Done | Stage::Input | Stage::Unbind, _) => self.go_on_with_batch(port, ticket),
            // A shell that answers with the wrong kind has lost the request: it must not hang its sender.
            (Stage::Do(request) | Stage::Start(request), _) => {
                self.answer(port, &request, &Err(Nack::new(Errno::EPROTO)), None);
                self.go_on_with_batch(port, ticket);
            }
            (Stage::Fill { .. }, _) => self.go_on_with_batch(port, ticket),
        }
        self.forget(port);
    }

    // net/netlink/af_netlink.c: __netlink_dump_start
    fn started(&self, port: &mut Port, request: &Arc<Request>, started: Result<Cursor, Nack>, ticket: Option<Ticket>) {
        match started {
            Ok(cursor) if !port.closed => self.begin_dump(port, request, cursor, ticket),
            Ok(cursor) => push_done(port, request.clone(), cursor, ticket),
            Err(nack) => {
                port.dump = None;
                self.answer(port, request, &Err(nack), None);
                self.go_on_with_batch(port, ticket);
            }
        }
    }

    /// Writes the first chunk; one that a full buffer refuses leaves the dump to the reader.
    // net/netlink/af_netlink.c: __netlink_dump_start, netlink_dump
    fn begin_dump(&self, port: &mut Port, request: &Arc<Request>, cursor: Cursor, ticket: Option<Ticket>) {
        if !port.refuses_chunk() {
            return self.push_fill(port, cursor, ticket);
        }
        if let Some(dump) = port.dump.as_mut() {
            dump.stage = Rest::Resting(cursor);
        }
        self.answer(port, request, &Err(Nack::new(Errno::ENOBUFS)), None);
        self.go_on_with_batch(port, ticket);
    }

    // net/netlink/af_netlink.c: netlink_dump
    #[expect(clippy::too_many_arguments, reason = "the parts of one outcome")]
    fn filled(
        &self,
        port: &mut Port,
        request: &Arc<Request>,
        room: usize,
        cursor: Cursor,
        chunk: Vec<u8>,
        filled: Filled,
        generation: u64,
        mut end: End,
        ticket: Option<Ticket>,
    ) {
        if port.dump.is_none() {
            return push_done(port, request.clone(), cursor, ticket);
        }
        // net/netlink/af_netlink.c: netlink_dump; that EMSGSIZE only means a full chunk is newer than Linux 6.1.
        let goes_on = |nack: &Nack| nack.errno() == Errno::EMSGSIZE && self.version.dumps_on_after_emsgsize();
        end.result = match filled {
            // A fill that says "more" and writes nothing would be asked for ever.
            Filled::More if chunk.is_empty() => Err(Nack::new(Errno::EMSGSIZE)),
            Filled::More => return self.rest(port, cursor, chunk, generation, ticket),
            Filled::Failed(nack) if !chunk.is_empty() && goes_on(&nack) => {
                return self.rest(port, cursor, chunk, generation, ticket);
            }
            Filled::Failed(nack) => Err(nack),
            Filled::Done => Ok(()),
        };
        if !self.end_dump(port, cursor, end, chunk, room, ticket) {
            self.go_on_with_batch(port, ticket);
        }
    }

    fn rest(&self, port: &mut Port, cursor: Cursor, chunk: Vec<u8>, generation: u64, ticket: Option<Ticket>) {
        if !self.push_chunk(port, chunk)
            && let Some(dump) = port.dump.take()
        {
            return push_done(port, dump.request.clone(), cursor, ticket);
        }
        if let Some(dump) = port.dump.as_mut() {
            dump.stage = Rest::Resting(cursor);
            dump.generation = generation;
        }
        self.go_on_with_batch(port, ticket);
    }

    /// Ends a dump: DONE goes behind the last objects if it fits there, else it waits for the reader. True if DONE is
    /// queued and the dump's state is being released.
    fn end_dump(
        &self,
        port: &mut Port,
        cursor: Cursor,
        end: End,
        mut chunk: Vec<u8>,
        room: usize,
        ticket: Option<Ticket>,
    ) -> bool {
        let (options, port_id) = (port.options, port.id);
        let Some(dump) = port.dump.as_mut() else { return false };
        if !chunk.is_empty() && chunk.len().saturating_add(DONE_LEN) > room {
            let request = dump.request.clone();
            if !self.push_chunk(port, chunk) {
                port.dump = None;
                push_done(port, request, cursor, ticket);
                return true;
            }
            if let Some(dump) = port.dump.as_mut() {
                dump.stage = Rest::Ending { cursor, end: Box::new(end) };
            }
            return false;
        }
        let objects = chunk.len();
        let space = if objects == 0 { room.max(DONE_ROOM) } else { room };
        chunk.resize(space, 0);
        let tail = chunk.get_mut(objects..).unwrap_or_default();
        let mut w = Writer::new(tail);
        let _ = ack::done(&mut w, options, &dump.request.header, port_id, &end);
        let len = objects.saturating_add(w.len());
        chunk.truncate(len);
        let request = dump.request.clone();
        port.dump = None;
        self.push_chunk(port, chunk);
        push_done(port, request, cursor, ticket);
        true
    }

    /// Goes on with the datagram whose work is done, or ends the wait of a reader.
    fn go_on_with_batch(&self, port: &mut Port, ticket: Option<Ticket>) {
        let Some(ticket) = ticket else { return };
        if port.jobs.batches.get(ticket.number).is_some() {
            self.run_batch(port, ticket);
        } else if port.jobs.changes.get(ticket.number).is_some() {
            self.go_on_with_change(port, ticket);
        } else {
            port.jobs.finish(ticket);
        }
    }
}

fn push_done(port: &mut Port, request: Arc<Request>, cursor: Cursor, ticket: Option<Ticket>) {
    port.jobs.push(port.key, Task::DumpDone(request, cursor), Stage::Done, ticket);
}
