//! The kernel side of the journal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom::Errno;
use netloom::kernel::{Config, Input, Kernel, Nack};
use netloom::wire::{Flags, Header, MessageType, RawMessage};

use super::{APPEND, ENTRY, GROUP, MAX_TEXT, PROTOCOL, READ};
use crate::doc_exmpl::Said;

/// How long the answer to one READ gets.
const MAX_ANSWER: usize = 32_000;

/// What is kept: the latest texts, within the bounds of [`Said`].
#[derive(Debug, Default)]
pub struct Journal {
    said: Mutex<Said>,
}

impl Journal {
    /// The protocol on this state, to register: anybody may append, read and listen.
    pub fn config(self) -> Config {
        let journal = Arc::new(self);
        Config::new().nonroot_recv().input(move |datagram| journal.take(datagram))
    }

    fn take(&self, datagram: &Input<'_>) {
        datagram.each_message(|message| match message.header.kind {
            APPEND => self.append(datagram, message),
            READ => self.read(datagram, message),
            _ => Err(Nack::new(Errno::EOPNOTSUPP)),
        });
    }

    fn append(&self, datagram: &Input<'_>, message: &RawMessage<'_>) -> Result<(), Nack> {
        let text = std::str::from_utf8(message.payload).ok().filter(|text| !text.is_empty());
        let text = text.ok_or(Nack::new(Errno::EINVAL).with_message("a text is UTF-8, and not empty"))?;
        if text.len() > MAX_TEXT {
            return Err(Nack::new(Errno::EMSGSIZE).with_message("a text takes at most 4096 bytes"));
        }
        let number = self.said().say(text);
        let event = entry(Header::new(ENTRY, Flags::NONE), number, text);
        datagram.kernel().multicast_raw_in(datagram.namespace(), PROTOCOL, GROUP, event);
        Ok(())
    }

    fn read(&self, datagram: &Input<'_>, message: &RawMessage<'_>) -> Result<(), Nack> {
        let from = message.payload.try_into().map(u32::from_ne_bytes);
        let from = from.map_err(|_| Nack::new(Errno::EINVAL).with_message("the number to read from is 4 bytes"))?;
        let header =
            |kind| Header { seq: message.header.seq, port: datagram.port(), ..Header::new(kind, Flags::MULTI) };
        let mut answer = Vec::new();
        for (number, text) in self.said().since(from) {
            let next = entry(header(ENTRY), number, text);
            if answer.len() + next.len() > MAX_ANSWER {
                break;
            }
            answer.extend(next);
        }
        answer.extend(header(MessageType::DONE).message(&0_i32.to_ne_bytes()));
        datagram.reply(answer)?;
        // DONE is the answer: as behind a dump, no acknowledgement follows.
        Err(Nack::new(Errno::EINTR))
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry(header: Header, number: u32, text: &str) -> Vec<u8> {
    header.message(&[&number.to_ne_bytes(), text.as_bytes()].concat())
}

pub(crate) fn register(kernel: &Kernel) -> Result<(), Nack> {
    kernel.register_protocol(PROTOCOL, Journal::default().config())
}
