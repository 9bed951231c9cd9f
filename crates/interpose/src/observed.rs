//! Looking on at what programs say and hear.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use netloom::socket::{Direction, Endpoint, tapped_endpoint};
use netloom::{Errno, Protocol};

use crate::client::Client;
use crate::side::Side;

/// A datagram of a program.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Said<'d> {
    /// Who opened the socket.
    pub client: &'d Client,
    /// The socket; no other of this side has this number.
    pub socket: u64,
    /// Its protocol.
    pub protocol: Protocol,
    /// From the socket, or to it.
    pub direction: Direction,
    /// The bytes. They may hold secrets.
    pub bytes: &'d [u8],
}

impl fmt::Debug for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a key among them.
        let Self { client, socket, protocol, direction, bytes } = self;
        write!(f, "Said({}, socket {socket}, {protocol}, {direction:?}, {} bytes)", client.process, bytes.len())
    }
}

/// What is called with each datagram.
type See = dyn Fn(&Said<'_>) + Send + Sync;

/// A kernel side of which somebody sees each datagram, when the program has sent it and when it is on its way to the program.
pub struct Observed<S> {
    side: S,
    see: Arc<See>,
    last: AtomicU64,
}

impl<S: Side> Observed<S> {
    /// Calls `see`, from several threads at once, and before what was sent is handled. It must not use the side.
    pub fn new(side: S, see: impl Fn(&Said<'_>) + Send + Sync + 'static) -> Self {
        Self { side, see: Arc::new(see), last: AtomicU64::new(0) }
    }
}

impl<S: Side> Side for Observed<S> {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        let Some(endpoint) = self.side.open(protocol, client)? else { return Ok(None) };
        let (see, client) = (self.see.clone(), client.clone());
        let socket = self.last.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let tap = move |protocol: Protocol, direction: Direction, bytes: &[u8]| {
            see(&Said { client: &client, socket, protocol, direction, bytes });
        };
        Ok(Some(tapped_endpoint(endpoint, protocol, Arc::new(tap))))
    }
}

impl<S: Side> fmt::Debug for Observed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, observed", self.side)
    }
}
