//! Standing between a connection and its sockets: to see what goes over them, or to send and receive instead of them.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netloom_wire::{Errno, Protocol};

use super::{Address, Credentials, Endpoint, Opt, Received, RecvFlags, Socket, Wake};
use crate::client::Dialer;

type Answer<T> = std::result::Result<T, Errno>;

/// Sends and receives in place of a connection's sockets: two of libnl's three overwrites. (The third, a receive loop of
/// one's own, is [`Exchange`](crate::client::Exchange).)
///
/// What is provided does what the socket [`Under`] it does. All else (binding, groups, options) is the socket's.
///
/// ```
/// use std::sync::Arc;
/// use netloom::Connection;
/// use netloom::socket::{Address, Transport, Under};
/// use netloom::wire::Errno;
///
/// /// Nothing is ever sent.
/// struct Deaf;
/// impl Transport for Deaf {
///     fn send(&self, _: Under<'_>, _: Option<Address>, _: &[u8]) -> Result<usize, Errno> {
///         Err(Errno::ENETDOWN)
///     }
/// }
/// let nl = Connection::builder().transport(Arc::new(Deaf)).open()?;
/// assert_eq!(nl.family("nlctrl").unwrap_err().errno(), Some(Errno::ENETDOWN));
/// # Ok::<(), netloom::Error>(())
/// ```
#[doc(alias = "nl_cb_overwrite_send")]
#[doc(alias = "nl_cb_overwrite_recv")]
pub trait Transport: Send + Sync {
    /// Sends a datagram; returns its length.
    #[doc(alias = "cb_send_ow")]
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Answer<usize> {
        under.endpoint.send(to, datagram)
    }

    /// Receives a datagram, as [`Endpoint::recv`] does. It is called when the socket may have one: what it hands out of its
    /// own stock is seen when the next datagram comes.
    #[doc(alias = "cb_recv_ow")]
    fn recv(&self, under: Under<'_>, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        under.endpoint.recv(buf, flags, deadline)
    }
}

/// The socket under a [`Transport`].
#[derive(Clone, Copy, Debug)]
pub struct Under<'e> {
    /// Its protocol.
    pub protocol: Protocol,
    /// The socket.
    pub endpoint: &'e dyn Endpoint,
}

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

/// A tap as the transport that it is.
pub(crate) struct Tapping(pub(crate) Arc<dyn Tap>);

impl Transport for Tapping {
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Answer<usize> {
        self.0.see(under.protocol, Direction::Sent, datagram);
        under.endpoint.send(to, datagram)
    }

    fn recv(&self, under: Under<'_>, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        let received = under.endpoint.recv(buf, flags, deadline)?;
        if !flags.contains(RecvFlags::PEEK) {
            // One that was cut although there was room was cut on purpose, to its half.
            let cut = received.truncated && received.len <= buf.len();
            let read = if cut { received.len / 2 } else { received.len.min(buf.len()) };
            self.0.see(under.protocol, Direction::Received, buf.get(..read).unwrap_or_default());
        }
        Ok(received)
    }
}

/// Opens the sockets of `dialer`, and shows `tap` what goes over them: of connections see
/// [`Builder::tap`](crate::client::Builder::tap).
pub fn tapped(dialer: Arc<dyn Dialer>, tap: Arc<dyn Tap>) -> Arc<dyn Dialer> {
    Arc::new(TransportDialer { dialer, transport: Arc::new(Tapping(tap)) })
}

/// The same socket, of this protocol; `tap` is shown what goes over it.
pub fn tapped_endpoint(inner: Arc<dyn Endpoint>, protocol: Protocol, tap: Arc<dyn Tap>) -> Arc<dyn Endpoint> {
    transported_endpoint(inner, protocol, Arc::new(Tapping(tap)))
}

/// The same socket, of this protocol; `transport` sends and receives in its place.
pub fn transported_endpoint(
    inner: Arc<dyn Endpoint>,
    protocol: Protocol,
    transport: Arc<dyn Transport>,
) -> Arc<dyn Endpoint> {
    Arc::new(Transported { inner, transport, protocol })
}

/// Opens the sockets of another dialer, with a transport over each.
pub(crate) struct TransportDialer {
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) transport: Arc<dyn Transport>,
}

impl Dialer for TransportDialer {
    fn open(&self, protocol: Protocol) -> crate::Result<Socket> {
        let inner = self.dialer.open(protocol)?.0;
        Ok(Socket::over(Arc::new(Transported { inner, transport: self.transport.clone(), protocol })))
    }
}

impl fmt::Debug for TransportDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransportDialer({:?})", self.dialer)
    }
}

struct Transported {
    inner: Arc<dyn Endpoint>,
    transport: Arc<dyn Transport>,
    protocol: Protocol,
}

impl Transported {
    fn under(&self) -> Under<'_> {
        Under { protocol: self.protocol, endpoint: &*self.inner }
    }
}

impl Endpoint for Transported {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Answer<usize> {
        self.transport.send(self.under(), to, bytes)
    }
    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        self.transport.recv(self.under(), buf, flags, deadline)
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
    fn set_send_timeout(&self, patience: Option<Duration>) -> Answer<()> {
        self.inner.set_send_timeout(patience)
    }
    fn set_detached(&self, on: bool) -> bool {
        self.inner.set_detached(on)
    }
    fn set_nonblocking(&self, on: bool) -> Answer<()> {
        self.inner.set_nonblocking(on)
    }
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.inner.as_fd()
    }
    fn wait(&self, deadline: Option<Instant>, wake: &Wake) -> Answer<bool> {
        self.inner.wait(deadline, wake)
    }
    fn on_readable(&self, call: Arc<dyn Fn() + Send + Sync>) -> bool {
        self.inner.on_readable(call)
    }
    fn in_hands_of(self: Arc<Self>, user: Credentials) -> Option<Arc<dyn Endpoint>> {
        let inner = self.inner.clone().in_hands_of(user)?;
        Some(Arc::new(Self { inner, transport: self.transport.clone(), protocol: self.protocol }))
    }
    fn nudge(&self) {
        self.inner.nudge();
    }
}

impl fmt::Debug for Transported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, transported", self.inner)
    }
}
