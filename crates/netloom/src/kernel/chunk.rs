//! Messages of the kernel side: whole ones, and chunks of a dump.

use std::cell::Cell;

use netloom_wire::{Flags, Full, GenlHeader, Header, Message, MessageType, Protocol, Writer};

use super::engine::{Listed, Request};

/// The room that a reply gets at first, and at most.
const FIRST_ROOM: usize = 512;
const MOST_ROOM: usize = 1 << 20;

/// Writes one message of a family: header, generic netlink header, then `body`.
pub(super) fn write_message<R>(
    w: &mut Writer<'_>,
    family: &Listed,
    number: u16,
    header: Header,
    body: impl FnOnce(&mut Writer<'_>) -> Result<R, Full>,
) -> Result<R, Full> {
    let generic = family.table.protocol == Protocol::GENERIC;
    let kind = MessageType(if generic { family.id } else { number });
    w.message(Header { kind, ..header }, |w| {
        if generic {
            let cmd = u8::try_from(number).unwrap_or(u8::MAX);
            w.genl(GenlHeader { cmd, version: family.table.version, reserved: 0 })?;
        }
        body(w)
    })
}

/// The same, in a buffer that grows as it must.
pub(super) fn message_bytes(
    family: &Listed,
    number: u16,
    header: Header,
    body: &dyn Fn(&mut Writer<'_>) -> Result<(), Full>,
) -> Result<Vec<u8>, Full> {
    let mut room = FIRST_ROOM;
    loop {
        let mut buf = vec![0; room];
        let mut w = Writer::new(&mut buf);
        match write_message(&mut w, family, number, header, body) {
            Ok(()) => {
                let len = w.len();
                buf.truncate(len);
                return Ok(buf);
            }
            Err(Full::Room) if room < MOST_ROOM => room = room.saturating_mul(8),
            Err(full) => return Err(full),
        }
    }
}

/// One datagram's worth of a dump's objects.
///
/// Its size follows what the reader offers: 3,776 bytes at first, up to 32,448.
pub struct Chunk<'a> {
    w: Writer<'a>,
    request: &'a Request,
    number: u16,
    generation: &'a Cell<u64>,
    /// The generation of the message before; 0 for none.
    before: u64,
    tear: bool,
    flags: Flags,
}

impl<'a> Chunk<'a> {
    pub(super) fn new(
        buf: &'a mut [u8],
        request: &'a Request,
        number: u16,
        generation: &'a Cell<u64>,
        before: u64,
        tear: bool,
    ) -> Self {
        Self { w: Writer::new(buf), request, number, generation, before, tear, flags: Flags::MULTI }
    }

    /// Writes one object, whole; or says that there is no room for it, and has written nothing.
    pub fn put<M: Message>(&mut self, object: &M) -> Result<(), Full> {
        self.message(|w| object.encode(w))
    }

    /// Writes one object by hand: what `body` writes stands behind the headers.
    pub fn message<R>(&mut self, body: impl FnOnce(&mut Writer<'_>) -> Result<R, Full>) -> Result<R, Full> {
        // include/linux/netlink.h: nl_dump_check_consistent
        let now = self.generation.get();
        let torn = self.tear || (self.before != 0 && now != self.before);
        let flags = if torn { self.flags | Flags::DUMP_INTR } else { self.flags };
        let header = Header {
            seq: self.request.header.seq,
            port: self.request.port_id,
            ..Header::new(MessageType::default(), flags)
        };
        let done = write_message(&mut self.w, &self.request.family, self.number, header, body)?;
        (self.before, self.tear) = (now, false);
        Ok(done)
    }

    /// Marks the objects that follow as a selection: the request asked for less than all.
    #[doc(alias = "NLM_F_DUMP_FILTERED")]
    pub fn filtered(&mut self) {
        self.flags |= Flags::DUMP_FILTERED;
    }

    /// Bytes that still fit.
    pub fn room(&self) -> usize {
        self.w.room()
    }

    /// Bytes that are written.
    pub fn len(&self) -> usize {
        self.w.len()
    }

    /// Whether nothing is written yet.
    pub fn is_empty(&self) -> bool {
        self.w.is_empty()
    }

    /// How the dump stands: bytes written, the generation of the last message, and whether DONE must be marked torn, and
    /// as a selection's.
    pub(super) fn finish(self) -> (usize, u64, bool, bool) {
        let now = self.generation.get();
        let torn = self.tear || (self.before != 0 && now != self.before);
        (self.w.len(), self.before, torn, self.flags.contains(Flags::DUMP_FILTERED))
    }
}
