//! A port of a kernel side in this process, as a socket's endpoint.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use netloom_wire::{Errno, Protocol};

use super::Kernel;
use super::engine::{Datagram, Held, NetNs, OpenPort, Ticket};
use super::passed::Passed;
use crate::client::Dialer;
use crate::socket::{
    Address, Credentials, Direction, Endpoint, Opt, ReceiveOptions, Received, RecvFlags, Socket, Wake,
};
use crate::{Error, Result as NetResult};

/// Opens sockets to a kernel side in this process.
pub(super) struct InProcess {
    kernel: Kernel,
    credentials: Credentials,
    ns: NetNs,
}

impl InProcess {
    pub(super) fn new(kernel: Kernel, credentials: Credentials, ns: NetNs) -> Self {
        Self { kernel, credentials, ns }
    }
}

impl Dialer for InProcess {
    fn open(&self, protocol: Protocol) -> NetResult<Socket> {
        let endpoint = PortEndpoint::open(&self.kernel, protocol, self.credentials, self.ns)
            .map_err(|errno| Error::system("socket", errno))?;
        Ok(Socket::over(Arc::new(endpoint)))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in process")
    }
}

/// An open port; closing it is dropping it.
pub(super) struct PortEndpoint {
    pub(super) kernel: Kernel,
    pub(super) open: Arc<OpenPort>,
    credentials: Credentials,
    nonblocking: AtomicBool,
    /// The port that it is connected to.
    peer: AtomicU32,
}

impl PortEndpoint {
    pub(super) fn open(
        kernel: &Kernel,
        protocol: Protocol,
        credentials: Credentials,
        ns: NetNs,
    ) -> Result<Self, Errno> {
        let open = kernel.engine().open(ns, protocol, credentials)?;
        let (nonblocking, peer) = (AtomicBool::new(false), AtomicU32::new(0));
        Ok(Self { kernel: kernel.clone(), open, credentials, nonblocking, peer })
    }

    pub(super) fn send_by(&self, by: &Credentials, to: Option<Address>, bytes: &[u8]) -> Result<usize, Errno> {
        let sent = self.kernel.deliver(&self.open, by, to, bytes);
        if sent != Err(Errno::EAGAIN) || self.nonblocking.load(Ordering::Relaxed) {
            return sent;
        }
        // A group has had it; the port is waited for. net/netlink/af_netlink.c: netlink_attachskb
        let port = to.map_or_else(|| self.peer.load(Ordering::Relaxed), |to| to.port);
        self.kernel.deliver_waiting(&self.open, by, Address::port(port), bytes)
    }

    pub(super) fn connect_by(&self, by: &Credentials, peer: Address) -> Result<(), Errno> {
        self.kernel.engine().connect(&self.open, by, peer)?;
        self.peer.store(peer.port, Ordering::Relaxed);
        Ok(())
    }

    /// Waits for something to happen on the port; `None` if the time is over.
    fn waiting<'p>(&'p self, port: Held<'p>, deadline: Option<Instant>) -> Option<Held<'p>> {
        let time = match deadline {
            Some(deadline) => Some(deadline.checked_duration_since(Instant::now()).filter(|time| !time.is_zero())?),
            None => None,
        };
        Some(self.open.wait(port, time))
    }
}

impl Endpoint for PortEndpoint {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Result<usize, Errno> {
        self.send_by(&self.credentials, to, bytes)
    }

    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Result<Received, Errno> {
        let peek = flags.contains(RecvFlags::PEEK);
        let wait = !flags.contains(RecvFlags::DONTWAIT) && !self.nonblocking.load(Ordering::Relaxed);
        let engine = self.kernel.engine();
        let mut port = self.open.hold_open()?;
        loop {
            let (datagram, ticket) = engine.read_held(&mut port, buf.len(), peek)?;
            if let Some(datagram) = datagram {
                return Ok(self.kernel.taken(&self.open, port, datagram, ticket, peek).copy(buf));
            }
            if !wait {
                return Err(Errno::EAGAIN);
            }
            port = self.waiting(port, deadline).ok_or(Errno::EAGAIN)?;
            if port.is_closed() {
                return Err(Errno::EBADF);
            }
        }
    }

    fn bind(&self, address: Address) -> Result<(), Errno> {
        self.kernel.bind(&self.open, &self.credentials, address)
    }

    fn connect(&self, peer: Address) -> Result<(), Errno> {
        self.connect_by(&self.credentials, peer)
    }

    fn local(&self) -> Result<Address, Errno> {
        self.kernel.engine().local(&self.open)
    }

    fn join(&self, group: u32) -> Result<(), Errno> {
        self.kernel.join(&self.open, &self.credentials, group)
    }

    fn leave(&self, group: u32) -> Result<(), Errno> {
        self.kernel.leave(&self.open, &self.credentials, group)
    }

    fn memberships(&self) -> Result<Vec<u32>, Errno> {
        self.kernel.engine().memberships(&self.open)
    }

    fn set(&self, option: Opt, value: u32) -> Result<(), Errno> {
        self.kernel.engine().set_option(&self.open, &self.credentials, option, value)
    }

    fn option(&self, option: Opt) -> Result<u32, Errno> {
        self.kernel.engine().option(&self.open, option)
    }

    fn set_nonblocking(&self, on: bool) -> Result<(), Errno> {
        self.nonblocking.store(on, Ordering::Relaxed);
        Ok(())
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn wait(&self, deadline: Option<Instant>, wake: &Wake) -> Result<bool, Errno> {
        let mut port = self.open.hold();
        loop {
            if port.is_readable() {
                return Ok(true);
            }
            if wake.is_pulled() {
                return Ok(false);
            }
            match self.waiting(port, deadline) {
                Some(again) => port = again,
                None => return Ok(false),
            }
        }
    }

    fn on_readable(&self, call: Arc<dyn Fn() + Send + Sync>) -> bool {
        self.open.listen(call);
        true
    }

    fn in_hands_of(self: Arc<Self>, user: Credentials) -> Option<Arc<dyn Endpoint>> {
        Some(Arc::new(Passed { port: self, user }))
    }

    fn nudge(&self) {
        self.open.nudge();
    }
}

impl Drop for PortEndpoint {
    fn drop(&mut self) {
        self.kernel.close(&self.open);
    }
}

impl fmt::Debug for PortEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "in process, port {}", self.local().unwrap_or_default().port)
    }
}

/// A datagram that was read, and what is told of it.
pub(crate) struct Taken {
    pub(crate) datagram: Datagram,
    /// How much of it there is to be seen: all, unless a fault cuts it.
    pub(crate) shown: usize,
    pub(crate) options: ReceiveOptions,
    /// The address of the port that it came to.
    pub(crate) destination: Address,
}

impl Taken {
    fn copy(&self, buf: &mut [u8]) -> Received {
        let taken = self.shown.min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..taken), self.datagram.bytes.get(..taken)) {
            to.copy_from_slice(from);
        }
        let Datagram { source, group, credentials, namespace, .. } = &self.datagram;
        let from = (source.port, *group, *credentials, *namespace);
        Received::told((self.datagram.bytes.len(), taken), from, self.destination, self.options)
    }
}

impl Kernel {
    /// Receives on an open socket without waiting, for a reader with so much room, and writes the next chunk of its dump
    /// in this thread. EAGAIN if nothing is there.
    pub(crate) fn receive(&self, open: &OpenPort, room: usize, peek: bool) -> Result<Taken, Errno> {
        let mut port = open.hold_open()?;
        let (datagram, ticket) = self.engine().read_held(&mut port, room, peek)?;
        Ok(self.taken(open, port, datagram.ok_or(Errno::EAGAIN)?, ticket, peek))
    }

    #[inline]
    fn taken<'p>(
        &self,
        open: &'p OpenPort,
        mut port: Held<'p>,
        datagram: Datagram,
        ticket: Option<Ticket>,
        peek: bool,
    ) -> Taken {
        let len = datagram.bytes.len();
        let cut = !peek && self.engine().faults.on().is_some_and(|mut faults| faults.truncates());
        let shown = if cut { len / 2 } else { len };
        let (options, destination) = (port.receive_options(), port.local());
        if let Some(ticket) = ticket {
            port = self.settle(open, port, ticket);
        }
        open.release(port);
        self.made_room();
        if !peek {
            let bytes = datagram.bytes.get(..shown).unwrap_or_default();
            self.show(open, Direction::Received, None, datagram.group, bytes);
        }
        Taken { datagram, shown, options, destination }
    }
}
