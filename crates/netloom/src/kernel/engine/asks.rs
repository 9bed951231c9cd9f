//! Questions of the kernel side's, and the answers that come to them.

use std::sync::atomic::Ordering;

use netloom_wire::{Errno, Flags, Header, Protocol, align};

use super::Engine;
use super::port::{NetNs, Port, PortKey};

/// Names a question until its answer is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    pub(in crate::kernel) port: PortKey,
    seq: u32,
}

impl Engine {
    /// Sends `bytes`, one message, from the kernel side to one port, under a sequence number of the kernel side's own; the
    /// answer is what that port sends under the same number.
    ///
    /// EINVAL if it is no whole message, ECONNREFUSED if there is no such port, EAGAIN if it has no room.
    pub fn ask(&self, ns: NetNs, protocol: Protocol, port: u32, mut bytes: Vec<u8>) -> Result<Ask, Errno> {
        let whole =
            |header: &Header| align(header.len as usize) == align(bytes.len()) && header.len as usize <= bytes.len();
        let header = Header::read(&bytes).filter(whole).ok_or(Errno::EINVAL)?;
        let open = self.port(ns, protocol, port).ok_or(Errno::ECONNREFUSED)?;
        // Clients count up from small numbers or the time: theirs and ours meet as late as can be.
        let seq = 0xa000_0000 | (self.last_ask.fetch_add(1, Ordering::Relaxed).wrapping_add(1) & 0x0fff_ffff);
        bytes.splice(..Header::LEN, Header { seq, ..header }.to_bytes());
        let mut port = open.hold_open().map_err(|_| Errno::ECONNREFUSED)?;
        let asked = self.push(&mut port, 0, bytes);
        if asked.is_ok() {
            port.asks.insert(seq, None);
        }
        open.release(port);
        asked.map(|()| Ask { port: open.key(), seq })
    }

    /// The answer, if it is there; the question is closed then. ECONNRESET if the socket that was asked is gone.
    pub fn take_ask(&self, ask: Ask) -> Result<Option<Vec<u8>>, Errno> {
        let open = self.find(ask.port).ok_or(Errno::ECONNRESET)?;
        self.answer_to(&mut open.hold(), ask)
    }

    pub(in crate::kernel) fn answer_to(&self, port: &mut Port, ask: Ask) -> Result<Option<Vec<u8>>, Errno> {
        match port.asks.get(&ask.seq) {
            Some(None) if !port.closed => return Ok(None),
            _ => {}
        }
        let answer = port.asks.remove(&ask.seq).flatten();
        self.forget(port);
        answer.map(Some).ok_or(Errno::ECONNRESET)
    }

    /// Gives up on a question: what comes for it now is an ordinary datagram.
    pub fn drop_ask(&self, ask: Ask) {
        if let Some(open) = self.find(ask.port) {
            let mut port = open.hold();
            port.asks.remove(&ask.seq);
            self.forget(&mut port);
        }
    }

    /// Takes a datagram that answers a question; true if it does.
    pub(super) fn take_answer(&self, port: &mut Port, datagram: &[u8]) -> bool {
        let Some(header) = Header::read(datagram) else { return false };
        let Some(answer @ None) = port.asks.get_mut(&header.seq) else { return false };
        *answer = Some(datagram.to_vec());
        // Who asked waits for it.
        port.rung = true;
        let len = (header.len as usize).min(datagram.len());
        if header.flags.contains(Flags::ACK)
            && let Some(message) = datagram.get(..len)
        {
            self.acknowledge(port, message, &Ok(()), None);
        }
        true
    }
}
