//! Ports whose queue goes on outside of the engine: in a socket whose reader is another process.
//!
//! Their datagrams leave as soon as they are there, and count against the port's limit until they are read. A dump's next
//! chunk is written when its reader has read something, as if that had been a receive of its own.

use netloom_wire::Errno;

use super::port::{Datagram, Port, PortKey, Unread};
use super::{Engine, Ticket};
use crate::socket::Address;

/// A datagram on its way out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What is sent.
    pub datagram: Datagram,
    /// How much of it the reader gets to see: all, unless a fault cuts it.
    pub shown: usize,
    /// The address of the port it is for.
    pub destination: Address,
}

impl Engine {
    /// Says that this socket's datagrams are [handed over](Engine::hand_over) before they are read; `unread` tells what of
    /// them is not.
    pub fn forward(&mut self, key: PortKey, unread: Unread) {
        if let Some(port) = self.ports.get_mut(&key) {
            port.forward(unread);
        }
    }

    /// Takes the next datagram to be handed over.
    pub fn hand_over(&mut self, key: PortKey) -> Option<Outgoing> {
        let destination = self.local(key).ok()?;
        let datagram = self.ports.get_mut(&key)?.hand_over()?;
        let len = datagram.bytes.len();
        let shown = if self.faults.truncates() { len / 2 } else { len };
        Some(Outgoing { datagram, shown, destination })
    }

    /// Says that something was read of what was handed over: a congestion may be over, a dump goes on. The ticket, if
    /// any, is finished when the dump's next chunk is queued.
    // net/netlink/af_netlink.c: netlink_recvmsg
    pub fn was_read(&mut self, key: PortKey) -> Option<Ticket> {
        let port = self.ports.get_mut(&key)?;
        port.was_read();
        if port.wants_chunk() { self.go_on(key) } else { None }
    }

    /// Whether [`Engine::was_read`] has something to do when the reader has read.
    pub fn awaits_reader(&self, key: PortKey) -> bool {
        self.ports.get(&key).is_some_and(Port::awaits_reader)
    }

    /// Says how much room the reader has, which sizes later chunks of a dump.
    pub fn set_room(&mut self, key: PortKey, len: usize) {
        if let Some(port) = self.ports.get_mut(&key) {
            port.set_room(len);
        }
    }

    /// Says that a datagram was lost on its way: the reader will hear of it unless it declined to.
    pub fn lost(&mut self, key: PortKey) {
        if let Some(port) = self.ports.get_mut(&key) {
            port.overrun();
        }
    }

    /// Sets the error that a receive, or the option SO_ERROR, tells once.
    #[doc(alias = "sk_err")]
    pub fn fail(&mut self, key: PortKey, errno: Errno) {
        if let Some(port) = self.ports.get_mut(&key) {
            port.fail(errno);
        }
    }

    /// Takes that error.
    #[doc(alias = "SO_ERROR")]
    pub fn take_error(&mut self, key: PortKey) -> Option<Errno> {
        self.ports.get_mut(&key)?.take_error()
    }

    /// Where a socket's datagrams without an address go.
    #[doc(alias = "getpeername")]
    pub fn peer(&self, key: PortKey) -> Result<Address, Errno> {
        Ok(self.ports.get(&key).ok_or(Errno::EBADF)?.peer)
    }
}
