//! Seeing what goes over a socket.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Instant;

use netloom_wire::{Errno, Protocol};

use super::{Address, Endpoint, Opt, Received, RecvFlags, Socket};
use crate::client::Dialer;

type Answer<T> = std::result::Result<T, Errno>;

/// Which way a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the socket.
    Sent,
    /// To the socket.
    Received,
}

/// Told of every datagram of a socket: its protocol, its direction, its bytes.
///
/// The bytes may hold secrets; who prints them hides what the schema marks.
pub trait Tap: Send + Sync {
    /// A datagram goes by. A received one that was too long for its buffer is shown as far as it was read.
    fn see(&self, protocol: Protocol, direction: Direction, datagram: &[u8]);
}

impl<F: Fn(Protocol, Direction, &[u8]) + Send + Sync> Tap for F {
    fn see(&self, protocol: Protocol, direction: Direction, datagram: &[u8]) {
        self(protocol, direction, datagram);
    }
}

/// Opens the sockets of another dialer, with a tap on each.
pub(crate) struct TapDialer {
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) tap: Arc<dyn Tap>,
}

impl Dialer for TapDialer {
    fn open(&self, protocol: Protocol) -> crate::Result<Socket> {
        let socket = self.dialer.open(protocol)?;
        Ok(Socket::over(Arc::new(Tapped { inner: socket.0, tap: self.tap.clone(), protocol })))
    }
}

impl fmt::Debug for TapDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TapDialer({:?})", self.dialer)
    }
}

struct Tapped {
    inner: Arc<dyn Endpoint>,
    tap: Arc<dyn Tap>,
    protocol: Protocol,
}

impl Endpoint for Tapped {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Answer<usize> {
        self.tap.see(self.protocol, Direction::Sent, bytes);
        self.inner.send(to, bytes)
    }
    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        let received = self.inner.recv(buf, flags, deadline)?;
        if !flags.contains(RecvFlags::PEEK) {
            let read = received.len.min(buf.len());
            self.tap.see(self.protocol, Direction::Received, buf.get(..read).unwrap_or_default());
        }
        Ok(received)
    }
    fn bind(&self, address: Address) -> Answer<()> {
        self.inner.bind(address)
    }
    fn connect(&self, peer: Address) -> Answer<()> {
        self.inner.connect(peer)
    }
    fn local(&self) -> Answer<Address> {
        self.inner.local()
    }
    fn join(&self, group: u32) -> Answer<()> {
        self.inner.join(group)
    }
    fn leave(&self, group: u32) -> Answer<()> {
        self.inner.leave(group)
    }
    fn memberships(&self) -> Answer<Vec<u32>> {
        self.inner.memberships()
    }
    fn set(&self, option: Opt, value: u32) -> Answer<()> {
        self.inner.set(option, value)
    }
    fn option(&self, option: Opt) -> Answer<u32> {
        self.inner.option(option)
    }
    fn set_nonblocking(&self, on: bool) -> Answer<()> {
        self.inner.set_nonblocking(on)
    }
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.inner.as_fd()
    }
}

impl fmt::Debug for Tapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, tapped", self.inner)
    }
}
