//! Where the sockets of programs lead.

use std::fmt;
use std::sync::Arc;

use netloom::client::Dialer;
use netloom::kernel::Kernel;
use netloom::socket::Endpoint;
use netloom::{Errno, Protocol, unix};

use crate::client::Client;
use crate::{linux, sys};

/// A kernel side for programs. Every datagram of theirs goes through an endpoint that this opened: who wants to see,
/// record or change what goes by wraps them here.
pub trait Side: fmt::Debug + Send + Sync {
    /// Opens a socket for a program; `None` leaves it to Linux.
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno>;
}

impl<S: Side + ?Sized> Side for Arc<S> {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        S::open(self, protocol, client)
    }
}

/// A kernel side in this process: all protocols that it has are its own.
#[derive(Clone)]
pub struct Local(pub Kernel);

impl Side for Local {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        match self.0.socket_as(protocol, client.credentials()) {
            Ok(socket) => Ok(Some(socket.endpoint().clone())),
            Err(nack) if nack.errno() == Errno::EPROTONOSUPPORT => Ok(None),
            Err(nack) => Err(nack.errno()),
        }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in this process")
    }
}

/// Linux itself, with the program's own rights: nothing changes for the program, but that its datagrams pass here. Programs
/// in another network namespace than this process's keep to themselves.
#[derive(Clone, Copy, Debug)]
pub struct Linux;

impl Side for Linux {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        if Client::of(std::process::id())?.network != client.network {
            return Ok(None);
        }
        let [endpoint] = linux::open(protocol, client)?;
        Ok(Some(endpoint))
    }
}

/// A kernel side in another process, behind a unix socket: all protocols that it has are its own.
#[derive(Debug)]
pub struct Served(pub unix::Dialer);

impl Side for Served {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        // The server asks the system who connects: it must see the program's user.
        match sys::as_client(client, || self.0.open(protocol))? {
            Ok(socket) => Ok(Some(socket.endpoint().clone())),
            Err(error) => match error.errno() {
                Some(Errno::EPROTONOSUPPORT) => Ok(None),
                errno => Err(errno.unwrap_or(Errno::EIO)),
            },
        }
    }
}
