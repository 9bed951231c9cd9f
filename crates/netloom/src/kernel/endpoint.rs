//! A port of a kernel side in this process, as a socket's endpoint.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, MutexGuard, PoisonError};
use std::time::Instant;

use netloom_wire::{Errno, Protocol};

use super::engine::{Datagram, NetNs, PortKey, Ticket};
use super::{Kernel, State, Waiter};
use crate::client::Dialer;
use crate::socket::{Address, Credentials, Endpoint, Opt, ReceiveOptions, Received, RecvFlags, Socket, Wake};
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
    kernel: Kernel,
    key: PortKey,
    credentials: Credentials,
    readable: Arc<Condvar>,
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
        let readable = Arc::new(Condvar::new());
        let mut state = kernel.lock();
        let key = state.engine.open(ns, protocol, credentials)?;
        state.waiters.insert(key, Waiter::Threads { condvar: readable.clone(), waiting: 0 });
        drop(state);
        let (nonblocking, peer) = (AtomicBool::new(false), AtomicU32::new(0));
        Ok(Self { kernel: kernel.clone(), key, credentials, readable, nonblocking, peer })
    }

    fn waiting<'k>(
        &self,
        mut state: MutexGuard<'k, State>,
        deadline: Option<Instant>,
    ) -> Option<MutexGuard<'k, State>> {
        let count = |state: &mut State, change: fn(usize) -> usize| {
            if let Some(Waiter::Threads { waiting, .. }) = state.waiters.get_mut(&self.key) {
                *waiting = change(*waiting);
            }
        };
        let time = match deadline {
            Some(deadline) => Some(deadline.checked_duration_since(Instant::now()).filter(|time| !time.is_zero())?),
            None => None,
        };
        count(&mut state, |n| n.saturating_add(1));
        let mut state = match time {
            Some(time) => self.readable.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
            None => self.readable.wait(state).unwrap_or_else(PoisonError::into_inner),
        };
        count(&mut state, |n| n.saturating_sub(1));
        Some(state)
    }
}

impl Endpoint for PortEndpoint {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Result<usize, Errno> {
        let sent = self.kernel.deliver(self.key, &self.credentials, to, bytes);
        if sent != Err(Errno::EAGAIN) || self.nonblocking.load(Ordering::Relaxed) {
            return sent;
        }
        // A group has had it; the port is waited for. net/netlink/af_netlink.c: netlink_attachskb
        let port = to.map_or_else(|| self.peer.load(Ordering::Relaxed), |to| to.port);
        self.kernel.deliver_waiting(self.key, &self.credentials, Address::port(port), bytes)
    }

    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Result<Received, Errno> {
        let peek = flags.contains(RecvFlags::PEEK);
        let wait = !flags.contains(RecvFlags::DONTWAIT) && !self.nonblocking.load(Ordering::Relaxed);
        let mut state = self.kernel.lock();
        loop {
            let (datagram, ticket) = state.engine.read(self.key, buf.len(), peek)?;
            if let Some(datagram) = datagram {
                return Ok(self.kernel.taken(state, self.key, datagram, ticket, peek).copy(buf));
            }
            if !wait {
                return Err(Errno::EAGAIN);
            }
            state = self.waiting(state, deadline).ok_or(Errno::EAGAIN)?;
        }
    }

    fn bind(&self, address: Address) -> Result<(), Errno> {
        self.kernel.bind(self.key, &self.credentials, address)
    }

    fn connect(&self, peer: Address) -> Result<(), Errno> {
        self.kernel.lock().engine.connect(self.key, &self.credentials, peer)?;
        self.peer.store(peer.port, Ordering::Relaxed);
        Ok(())
    }

    fn local(&self) -> Result<Address, Errno> {
        self.kernel.lock().engine.local(self.key)
    }

    fn join(&self, group: u32) -> Result<(), Errno> {
        self.kernel.join(self.key, &self.credentials, group)
    }

    fn leave(&self, group: u32) -> Result<(), Errno> {
        self.kernel.leave(self.key, &self.credentials, group)
    }

    fn memberships(&self) -> Result<Vec<u32>, Errno> {
        self.kernel.lock().engine.memberships(self.key)
    }

    fn set(&self, option: Opt, value: u32) -> Result<(), Errno> {
        self.kernel.lock().engine.set_option(self.key, &self.credentials, option, value)
    }

    fn option(&self, option: Opt) -> Result<u32, Errno> {
        self.kernel.lock().engine.option(self.key, option)
    }

    fn set_nonblocking(&self, on: bool) -> Result<(), Errno> {
        self.nonblocking.store(on, Ordering::Relaxed);
        Ok(())
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn wait(&self, deadline: Option<Instant>, wake: &Wake) -> Result<bool, Errno> {
        let mut state = self.kernel.lock();
        loop {
            if state.engine.is_readable(self.key) {
                return Ok(true);
            }
            if wake.is_pulled() {
                return Ok(false);
            }
            match self.waiting(state, deadline) {
                Some(again) => state = again,
                None => return Ok(false),
            }
        }
    }

    fn on_readable(&self, call: Arc<dyn Fn() + Send + Sync>) -> bool {
        self.kernel.lock().waiters.insert(self.key, Waiter::Callback(call));
        true
    }

    fn nudge(&self) {
        // Under the lock, so that nobody is between looking and waiting.
        let _state = self.kernel.lock();
        self.readable.notify_all();
    }
}

impl Drop for PortEndpoint {
    fn drop(&mut self) {
        self.kernel.close(self.key);
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
        let from = (self.datagram.source.port, self.datagram.group, self.datagram.credentials);
        Received::told((self.datagram.bytes.len(), taken), from, self.destination, self.options)
    }
}

impl Kernel {
    /// Receives on an open socket without waiting, for a reader with so much room, and writes the next chunk of its dump
    /// in this thread. EAGAIN if nothing is there.
    pub(crate) fn receive(&self, key: PortKey, room: usize, peek: bool) -> Result<Taken, Errno> {
        let mut state = self.lock();
        let (datagram, ticket) = state.engine.read(key, room, peek)?;
        Ok(self.taken(state, key, datagram.ok_or(Errno::EAGAIN)?, ticket, peek))
    }

    fn taken<'k>(
        &'k self,
        mut state: MutexGuard<'k, State>,
        key: PortKey,
        datagram: Datagram,
        ticket: Option<Ticket>,
        peek: bool,
    ) -> Taken {
        let len = datagram.bytes.len();
        let shown = if !peek && state.engine.faults.truncates() { len / 2 } else { len };
        let options = state.engine.receive_options(key);
        let destination = state.engine.local(key).unwrap_or_default();
        if let Some(ticket) = ticket {
            state = self.settle(state, ticket);
        }
        self.wake(state);
        Taken { datagram, shown, options, destination }
    }
}
