//! The user's side of the journal, on a raw socket.

use std::fmt;

use netloom::Errno;
use netloom::socket::{Address, Socket};
use netloom::wire::{Flags, Header, MessageType, messages};

use super::{APPEND, ENTRY, GROUP, READ};

/// Who appends to the journal and reads it. Entries that others append come to [`Client::follow`].
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    buf: Vec<u8>,
    seq: u32,
}

/// Why the journal did not do it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The socket failed.
    Socket(netloom::Error),
    /// The kernel side has refused.
    Refused(Errno),
}

impl Client {
    /// A client on a socket of [`PROTOCOL`](super::PROTOCOL) that nobody else reads.
    pub fn over(socket: Socket) -> Self {
        Self { socket, buf: Vec::new(), seq: 0 }
    }

    /// Appends a text, and waits until it is kept.
    pub fn append(&mut self, text: &str) -> Result<(), Error> {
        let seq = self.send(APPEND, Flags::REQUEST | Flags::ACK, text.as_bytes())?;
        loop {
            let len = self.receive()?;
            for message in messages(self.buf.get(..len).unwrap_or_default()).flatten() {
                if message.header.seq == seq
                    && let Some(error) = message.error()
                {
                    return refused(error.errno);
                }
            }
        }
    }

    /// All entries from this number on, with their numbers: those that are kept, oldest first.
    pub fn read(&mut self, from: u32) -> Result<Vec<(u32, String)>, Error> {
        let mut entries = Vec::new();
        let mut next = from;
        // An answer holds what fits into one datagram.
        while let Some(last) = self.read_some(next, &mut entries)? {
            next = last.wrapping_add(1);
        }
        Ok(entries)
    }

    fn read_some(&mut self, from: u32, entries: &mut Vec<(u32, String)>) -> Result<Option<u32>, Error> {
        let seq = self.send(READ, Flags::REQUEST, &from.to_ne_bytes())?;
        let before = entries.len();
        loop {
            let len = self.receive()?;
            for message in messages(self.buf.get(..len).unwrap_or_default()).flatten() {
                match message.header.kind {
                    _ if message.header.seq != seq => {}
                    MessageType::DONE => {
                        return Ok(entries.get(before..).and_then(<[_]>::last).map(|(number, _)| *number));
                    }
                    ENTRY => entries.extend(entry(message.payload)),
                    _ => {
                        if let Some(error) = message.error() {
                            refused(error.errno)?;
                        }
                    }
                }
            }
        }
    }

    /// The entries that are appended from now on, to this client alone: it no longer reads or appends.
    pub fn follow(self) -> Result<impl Iterator<Item = Result<(u32, String), Error>>, Error> {
        let Self { socket, mut buf, .. } = self;
        // Broadcasts pass over a socket without a port.
        if socket.local().map_err(Error::Socket)?.port == 0 {
            socket.bind(Address::port(0)).map_err(Error::Socket)?;
        }
        socket.join(GROUP).map_err(Error::Socket)?;
        Ok(std::iter::from_fn(move || {
            loop {
                let received = match socket.recv_msg(&mut buf) {
                    Ok(received) => received,
                    Err(error) => return Some(Err(Error::Socket(error))),
                };
                let datagram = buf.get(..received.len).filter(|_| received.source.port == 0).unwrap_or_default();
                let told = messages(datagram).flatten().find(|message| message.header.kind == ENTRY);
                if let Some(entry) = told.and_then(|message| entry(message.payload)) {
                    return Some(Ok(entry));
                }
            }
        }))
    }

    fn send(&mut self, kind: MessageType, flags: Flags, payload: &[u8]) -> Result<u32, Error> {
        self.seq = self.seq.wrapping_add(1);
        let request = Header { seq: self.seq, ..Header::new(kind, flags) }.message(payload);
        self.socket.send(&request).map_err(Error::Socket)?;
        Ok(self.seq)
    }

    /// Length of the next datagram of the kernel side's.
    fn receive(&mut self) -> Result<usize, Error> {
        loop {
            let received = self.socket.recv_msg(&mut self.buf).map_err(Error::Socket)?;
            if received.source.port == 0 {
                return Ok(received.len);
            }
        }
    }
}

fn entry(payload: &[u8]) -> Option<(u32, String)> {
    let (number, text) = payload.split_first_chunk::<4>()?;
    Some((u32::from_ne_bytes(*number), String::from_utf8_lossy(text).into_owned()))
}

fn refused(errno: Errno) -> Result<(), Error> {
    if errno.0 == 0 { Ok(()) } else { Err(Error::Refused(errno)) }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => error.fmt(f),
            Self::Refused(errno) => write!(f, "the journal has refused: {errno}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Socket(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}
