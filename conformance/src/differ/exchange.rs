//! Sending a datagram of requests, and sorting what comes back by request.

use std::ops::Range;

use netloom::socket::{RecvFlags, Socket};
use netloom::wire::{Errno, ErrorMessage, Header, MessageType, messages};

use crate::Malformed;

/// What answered the requests of one datagram.
pub(super) struct Answers {
    buf: Vec<u8>,
    end: usize,
    slots: Vec<Slot>,
    base: u32,
}

/// What answered one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// The last error or acknowledgement.
    error: Option<Range<usize>>,
    /// How many there were.
    errors: u32,
    /// Messages of any other kind, the end of a dump among them.
    pub(super) others: u32,
    /// What the end of a dump said.
    pub(super) done: Option<Errno>,
}

impl Answers {
    pub(super) fn new() -> Self {
        Self { buf: vec![0; 1 << 20], end: 0, slots: Vec::new(), base: 0 }
    }

    /// Sends `datagram`, whose `count` requests are numbered from `base` on, and reads all that comes at once.
    pub(super) fn fetch(&mut self, socket: &Socket, datagram: &[u8], base: u32, count: usize) -> Result<(), Malformed> {
        (self.base, self.end) = (base, 0);
        self.slots.clear();
        self.slots.resize(count, Slot::default());
        socket.send(datagram)?;
        loop {
            if self.buf.len() - self.end < 2 * Socket::DATAGRAM {
                self.buf.resize(self.buf.len() * 2, 0);
            }
            let room = self.buf.get_mut(self.end..).unwrap_or_default();
            match socket.endpoint().recv(room, RecvFlags::DONTWAIT, None) {
                Ok(received) => self.sort(received.len),
                Err(Errno::EAGAIN) => return Ok(()),
                Err(errno) => return Err(Malformed::new(format!("an answer: {errno}"))),
            }
        }
    }

    /// Sorts the datagram that was read; errors are kept.
    fn sort(&mut self, len: usize) {
        let start = self.end;
        let datagram = self.buf.get(start..start + len).unwrap_or_default();
        for message in messages(datagram).map_while(Result::ok) {
            let at = message.header.seq.wrapping_sub(self.base) as usize;
            let Some(slot) = self.slots.get_mut(at) else { continue };
            match message.header.kind {
                MessageType::ERROR => {
                    let from = start + (message.bytes.as_ptr() as usize - datagram.as_ptr() as usize);
                    slot.error = Some(from..from + message.bytes.len());
                    slot.errors += 1;
                    self.end = start + len;
                }
                MessageType::DONE => {
                    slot.others += 1;
                    let errno =
                        message.payload().first_chunk().map(|errno| Errno::from_wire(i32::from_ne_bytes(*errno)));
                    slot.done = errno;
                }
                _ => slot.others += 1,
            }
        }
    }

    pub(super) fn slot(&self, at: usize) -> Option<&Slot> {
        self.slots.get(at)
    }

    /// The whole NLMSG_ERROR message that answers a request.
    pub(super) fn error(&self, at: usize) -> Option<&[u8]> {
        self.buf.get(self.slots.get(at)?.error.clone()?)
    }
}

/// Reads an NLMSG_ERROR message.
pub(super) fn read(message: &[u8]) -> Option<ErrorMessage<'_>> {
    ErrorMessage::read(Header::read(message)?.flags, message.get(Header::LEN..)?)
}
