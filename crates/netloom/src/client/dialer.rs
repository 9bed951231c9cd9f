//! Where a connection's sockets come from.

use std::fmt;

use netloom_wire::Protocol;

use crate::Result;
use crate::socket::Socket;

/// Opens sockets to one kernel side: Linux in one network namespace, a kernel in this process, or one behind a unix
/// socket.
///
/// A [`Connection`](crate::client::Connection) asks it for each socket it needs: one for calls per protocol, one for each
/// running dump and subscription.
pub trait Dialer: fmt::Debug + Send + Sync {
    /// A new socket of this protocol, not bound, options as the kernel's defaults are.
    ///
    /// EPROTONOSUPPORT if the kernel side does not have the protocol.
    fn open(&self, protocol: Protocol) -> Result<Socket>;
}
