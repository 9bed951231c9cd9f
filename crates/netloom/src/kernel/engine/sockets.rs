//! Who has a socket open: what `/proc/net/netlink` tells.

use netloom_wire::Protocol;

use super::{Engine, NetNs, OpenPort, Port};
use crate::socket::Credentials;

/// An open socket, as an observer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketState {
    /// Its network namespace.
    pub ns: NetNs,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its port id; 0 until it is bound.
    pub port: u32,
    /// The groups that it is a member of, in order.
    pub groups: Vec<u32>,
    /// Bytes in its receive queue, by the kernel's accounting.
    pub queued: usize,
    /// Datagrams that found no room there.
    pub drops: u64,
    /// Who opened it.
    pub opener: Credentials,
}

impl Engine {
    /// The open sockets, by protocol, then port.
    // net/netlink/af_netlink.c: netlink_native_seq_show
    pub fn sockets(&self) -> Vec<SocketState> {
        let everyone = self.everyone();
        let open = everyone.iter().filter_map(|open| open.hold_open().ok());
        let mut sockets: Vec<SocketState> = open.map(|port| state(&port)).collect();
        sockets.sort_by_key(|socket| (socket.protocol, socket.port));
        sockets
    }

    /// An open socket; `None` if it is closed.
    pub fn socket(&self, open: &OpenPort) -> Option<SocketState> {
        open.hold_open().ok().map(|port| state(&port))
    }
}

fn state(port: &Port) -> SocketState {
    SocketState {
        ns: port.ns,
        protocol: port.protocol,
        port: port.id,
        groups: port.memberships(),
        queued: port.queued(),
        drops: port.drops,
        opener: port.opener,
    }
}
