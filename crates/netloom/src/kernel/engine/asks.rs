//! Questions of the kernel side's, and the answers that come to them.

use std::collections::HashMap;

use netloom_wire::{Errno, Flags, Header, Protocol, align};

use super::Engine;
use super::port::{NetNs, PortKey};

/// Names a question until its answer is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    port: PortKey,
    seq: u32,
}

/// The questions that are open: their answers once they are there.
#[derive(Default)]
pub(in crate::kernel) struct Asks {
    open: HashMap<Ask, Option<Vec<u8>>>,
    last: u32,
}

impl Asks {
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}

impl Engine {
    /// Sends `bytes`, one message, from the kernel side to one port, under a sequence number of the kernel side's own; the
    /// answer is what that port sends under the same number.
    ///
    /// EINVAL if it is no whole message, ECONNREFUSED if there is no such port, EAGAIN if it has no room.
    pub fn ask(&mut self, ns: NetNs, protocol: Protocol, port: u32, mut bytes: Vec<u8>) -> Result<Ask, Errno> {
        let whole =
            |header: &Header| align(header.len as usize) == align(bytes.len()) && header.len as usize <= bytes.len();
        let header = Header::read(&bytes).filter(whole).ok_or(Errno::EINVAL)?;
        let key = self.port(ns, protocol, port).ok_or(Errno::ECONNREFUSED)?;
        // Clients count up from small numbers or the time: theirs and ours meet as late as can be.
        self.asks.last = self.asks.last.wrapping_add(1);
        let seq = 0xa000_0000 | (self.asks.last & 0x0fff_ffff);
        bytes.splice(..Header::LEN, Header { seq, ..header }.to_bytes());
        self.push(key, bytes)?;
        let ask = Ask { port: key, seq };
        self.asks.open.insert(ask, None);
        Ok(ask)
    }

    /// The answer, if it is there; the question is closed then. ECONNRESET if the socket that was asked is gone.
    pub fn take_ask(&mut self, ask: Ask) -> Result<Option<Vec<u8>>, Errno> {
        match self.asks.open.get(&ask) {
            Some(Some(_)) => Ok(self.asks.open.remove(&ask).flatten()),
            Some(None) if self.ports.contains_key(&ask.port) => Ok(None),
            _ => {
                self.asks.open.remove(&ask);
                Err(Errno::ECONNRESET)
            }
        }
    }

    /// Gives up on a question: what comes for it now is an ordinary datagram.
    pub fn drop_ask(&mut self, ask: Ask) {
        self.asks.open.remove(&ask);
    }

    /// Takes a datagram that answers a question; true if it does.
    pub(super) fn take_answer(&mut self, port: PortKey, datagram: &[u8]) -> bool {
        let Some(header) = Header::read(datagram) else { return false };
        let Some(answer @ None) = self.asks.open.get_mut(&Ask { port, seq: header.seq }) else { return false };
        *answer = Some(datagram.to_vec());
        let len = (header.len as usize).min(datagram.len());
        if header.flags.contains(Flags::ACK)
            && let Some(message) = datagram.get(..len)
        {
            self.acknowledge(port, message, &Ok(()), None);
        }
        true
    }
}
