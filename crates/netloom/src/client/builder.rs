//! How a connection is made.

use std::sync::Arc;
use std::time::Duration;

use netloom_wire::Protocol;

use super::Dialer;
use super::connection::Connection;
use super::lane::Setup;
use super::shared::{Settings, Shared};
use crate::Result;
use crate::error::{Cause, Error};
#[cfg(target_os = "linux")]
use crate::socket::{LinuxDialer, Netns};
use crate::socket::{Tap, Tapping, Transport, TransportDialer};

/// Settings of a [`Connection`] to be; see [`Connection::builder`].
///
/// ```
/// use std::time::Duration;
/// use netloom::Connection;
/// use netloom::wire::Protocol;
/// let nl = Connection::builder().protocol(Protocol::ROUTE).port(471_100).timeout(Duration::from_secs(1)).open()?;
/// assert_eq!(nl.port()?, 471_100);
/// # Ok::<(), netloom::Error>(())
/// ```
#[must_use = "a builder does nothing before `open`"]
pub struct Builder {
    dialer: Option<Arc<dyn Dialer>>,
    #[cfg(target_os = "linux")]
    namespace: Option<Netns>,
    /// From the sockets upward.
    transports: Vec<Arc<dyn Transport>>,
    protocol: Protocol,
    port: u32,
    timeout: Option<Duration>,
    setup: Setup,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            dialer: None,
            #[cfg(target_os = "linux")]
            namespace: None,
            transports: Vec::new(),
            protocol: Protocol::GENERIC,
            port: 0,
            timeout: Some(Self::TIMEOUT),
            setup: Setup { strict: true, detached: false, receive_buffer: None },
        }
    }
}

impl Builder {
    /// How long an answer may take, and each datagram of a dump, unless [`Builder::timeout`] says otherwise. Kernels
    /// answer at once; what takes this long is lost.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// Dials another kernel side than Linux.
    pub fn dialer(self, dialer: Arc<dyn Dialer>) -> Self {
        Self { dialer: Some(dialer), ..self }
    }

    /// Opens its sockets in this network namespace, all of them and for good; without it, in that of the thread that calls
    /// [`Builder::open`]. The error of that tells if there is none, the first call's if it may not be entered (EPERM). Only
    /// for Linux.
    ///
    /// ```no_run
    /// use netloom::{Connection, Netns};
    /// let nl = Connection::builder().netns(Netns::of_process(42)).open()?;
    /// # Ok::<(), netloom::Error>(())
    /// ```
    #[cfg(target_os = "linux")]
    pub fn netns(self, netns: impl Into<Netns>) -> Self {
        Self { namespace: Some(netns.into()), ..self }
    }

    /// The protocol of raw requests, of [`Connection::port`], [`Connection::join`] and [`Connection::unsolicited`];
    /// generic netlink by default. Typed ops know their own.
    pub fn protocol(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// The port id of that protocol's call socket; by default, and with 0, any free one.
    pub fn port(self, port: u32) -> Self {
        Self { port, ..self }
    }

    /// How long an answer may take, and each datagram of a dump.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Waits for answers for ever.
    pub fn no_timeout(self) -> Self {
        Self { timeout: None, ..self }
    }

    /// Bytes that each socket's receive queue may hold, beyond the system's bound if privileges allow. Subscriptions to
    /// busy groups want more than the default.
    pub fn receive_buffer(self, bytes: u32) -> Self {
        Self { setup: Setup { receive_buffer: Some(bytes), ..self.setup }, ..self }
    }

    /// Whether rtnetlink checks dump requests strictly and filters by them; true by default.
    #[doc(alias = "NETLINK_GET_STRICT_CHK")]
    pub fn strict(self, strict: bool) -> Self {
        Self { setup: Setup { strict, ..self.setup }, ..self }
    }

    /// Shows every datagram to `tap`, both ways.
    pub fn tap(self, tap: Arc<dyn Tap>) -> Self {
        self.transport(Arc::new(Tapping(tap)))
    }

    /// Sends and receives through `transport`. Several may be put on top of each other, and taps between them; the last
    /// one stands next to the connection.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transports.push(transport);
        self
    }

    /// Makes the connection. With a [port](Builder::port) of its own, its socket is opened now, so that a port in use is
    /// an error here (EADDRINUSE); otherwise sockets are opened with the first call.
    pub fn open(self) -> Result<Connection> {
        let settings = self.settle()?;
        let has_port = settings.port != 0;
        let connection = Connection { shared: Shared::new(settings) };
        if has_port {
            connection.port()?;
        }
        Ok(connection)
    }

    pub(crate) fn settle(self) -> Result<Settings> {
        let mut dialer = self.dial()?;
        let Self { protocol, port, timeout, setup, .. } = self;
        for transport in self.transports {
            dialer = Arc::new(TransportDialer { dialer, transport });
        }
        Ok(Settings { dialer, protocol, port, timeout, setup })
    }

    #[cfg(target_os = "linux")]
    fn dial(&self) -> Result<Arc<dyn Dialer>> {
        match (&self.dialer, &self.namespace) {
            (Some(_), Some(_)) => {
                Err(Error::new("", Cause::Usage("netns is for Linux only: leave it out, or the dialer")))
            }
            (Some(dialer), None) => Ok(dialer.clone()),
            (None, Some(netns)) => Ok(Arc::new(LinuxDialer::in_namespace(netns)?)),
            (None, None) => Ok(Arc::new(LinuxDialer::here())),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn dial(&self) -> Result<Arc<dyn Dialer>> {
        let missing = Cause::Usage("there is no netlink but on Linux: give the builder a dialer");
        self.dialer.clone().ok_or_else(|| Error::new("", missing))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Builder({}, port {}, timeout {:?})", self.protocol, self.port, self.timeout)
    }
}
