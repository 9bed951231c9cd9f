//! Ports whose queue goes on outside of the engine: in a socket whose reader is another process.
//!
//! Their datagrams leave as soon as they are there, and count against the port's limit until they are read. A dump's next
//! chunk is written when its reader has read something, as if that had been a receive of its own.

use netloom_wire::Errno;

use super::port::{Datagram, Port, Unread};
use super::{Engine, OpenPort, Ticket};
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
    pub fn forward(&self, open: &OpenPort, unread: Unread) {
        open.hold().forward(unread);
    }

    /// Takes the next datagram to be handed over. Where errors are told in line, the socket's is to be
    /// [taken](Engine::take_error) before what came after it.
    pub fn hand_over(&self, open: &OpenPort, errors_in_line: bool) -> Option<Outgoing> {
        let mut port = open.hold_open().ok()?;
        if errors_in_line && port.is_error_next() {
            return None;
        }
        let destination = port.local();
        let datagram = port.hand_over()?;
        drop(port);
        let len = datagram.bytes.len();
        let cut = self.faults.on().is_some_and(|mut faults| faults.truncates());
        Some(Outgoing { datagram, shown: if cut { len / 2 } else { len }, destination })
    }

    /// Says that something was read of what was handed over: a congestion may be over, a dump goes on. The ticket, if
    /// any, is finished when the dump's next chunk is queued.
    // net/netlink/af_netlink.c: netlink_recvmsg
    pub fn was_read(&self, open: &OpenPort) -> Option<Ticket> {
        self.outside_was_read(&mut *open.hold_open().ok()?)
    }

    pub(in crate::kernel) fn outside_was_read(&self, port: &mut Port) -> Option<Ticket> {
        port.was_read();
        if port.wants_chunk() { self.go_on(port) } else { None }
    }

    /// Whether [`Engine::was_read`] has something to do when the reader has read.
    pub fn awaits_reader(&self, open: &OpenPort) -> bool {
        open.hold_open().is_ok_and(|port| port.awaits_reader())
    }

    /// Says how much room the reader has, which sizes later chunks of a dump.
    pub fn set_room(&self, open: &OpenPort, len: usize) {
        open.hold().set_room(len);
    }

    /// Says that a datagram was lost on its way: the reader will hear of it unless it declined to.
    pub fn lost(&self, open: &OpenPort) {
        open.hold().overrun();
    }

    /// Sets the error that a receive, or the option SO_ERROR, tells once.
    #[doc(alias = "sk_err")]
    pub fn fail(&self, open: &OpenPort, errno: Errno) {
        open.hold().fail(errno);
    }

    /// Takes that error.
    #[doc(alias = "SO_ERROR")]
    pub fn take_error(&self, open: &OpenPort) -> Option<Errno> {
        open.hold_open().ok()?.take_error()
    }

    /// Where a socket's datagrams without an address go.
    #[doc(alias = "getpeername")]
    pub fn peer(&self, open: &OpenPort) -> Result<Address, Errno> {
        Ok(open.hold_open()?.peer)
    }
}
