//! What a socket may be asked besides sending and receiving: open, close, addresses, groups, options.

use netloom_wire::{Errno, Protocol};

use super::dump::Stage as Rest;
use super::port::{NetNs, Port, PortKey};
use super::{Engine, Ticket};
use crate::socket::{Address, Credentials, Opt, ReceiveOptions};

/// The least and the most that a receive buffer can be set to without force (`SOCK_MIN_RCVBUF`, `net.core.rmem_max`).
const RCVBUF_MIN: usize = 2_304;
const RCVBUF_MAX: usize = 212_992;
const SNDBUF_MIN: usize = 4_608;

impl Engine {
    /// Opens a socket. EPROTONOSUPPORT if the protocol is not there.
    // net/netlink/af_netlink.c: netlink_create
    pub fn open(&mut self, ns: NetNs, protocol: Protocol, opener: Credentials) -> Result<PortKey, Errno> {
        if self.protocol(protocol).is_none() {
            return Err(Errno::EPROTONOSUPPORT);
        }
        let key = PortKey(self.serial());
        self.ports.insert(key, Port::new(ns, protocol, opener, self.version));
        Ok(key)
    }

    /// Closes a socket: its groups are left, its queue is gone, its dump is ended. The ticket, if any, is finished when
    /// the dump's state is released and those who let it join are told.
    // net/netlink/af_netlink.c: netlink_release
    pub fn close(&mut self, key: PortKey) -> Option<Ticket> {
        let port = self.ports.remove(&key)?;
        self.bound.remove(&(self.room(port.protocol, port.ns), port.protocol, port.id));
        let groups = port.memberships();
        for group in &groups {
            self.remove_member(port.protocol, *group, key);
        }
        let dump = port.dump.and_then(|dump| match dump.stage {
            // What is away finds the port gone when it comes back.
            Rest::Away => None,
            Rest::Resting(cursor) | Rest::Ending { cursor, .. } => Some((dump.request, cursor)),
        });
        self.left_by_closing(key, port.protocol, port.ns, &groups, dump)
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        let ticket = Ticket(self.serial());
        self.open_tickets.insert(ticket);
        ticket
    }

    fn port_mut(&mut self, key: PortKey) -> Result<&mut Port, Errno> {
        self.ports.get_mut(&key).ok_or(Errno::EBADF)
    }

    /// Whether a protocol lets anybody do something, or who asks is an administrator; here the opener does not count.
    // net/netlink/af_netlink.c: netlink_allowed
    pub(super) fn may(&self, port: &Port, by: &Credentials, anybody: impl Fn(&super::ProtocolInfo) -> bool) -> bool {
        self.protocol(port.protocol).is_some_and(|info| anybody(&info)) || self.is_admin(by)
    }

    /// Sets where datagrams without an address go.
    // net/netlink/af_netlink.c: netlink_connect
    pub fn connect(&mut self, key: PortKey, by: &Credentials, peer: Address) -> Result<(), Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        if (peer.port != 0 || peer.groups != 0) && !self.may(port, by, |info| info.nonroot_send) {
            return Err(Errno::EPERM);
        }
        self.autobind(key, by)?;
        let lowest = if peer.groups == 0 { 0 } else { 1 << peer.groups.trailing_zeros() };
        let port = self.port_mut(key)?;
        port.peer = Address { port: peer.port, groups: lowest };
        port.connected = true;
        Ok(())
    }

    /// A socket's own address; port 0 before it is bound.
    pub fn local(&self, key: PortKey) -> Result<Address, Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        let shown = if port.id == 0 { port.wanted } else { port.id };
        Ok(Address { port: shown, groups: port.mask() })
    }

    /// Sets an option; switches take 0 and 1.
    // net/netlink/af_netlink.c: netlink_setsockopt; net/core/sock.c: sk_setsockopt
    pub fn set_option(&mut self, key: PortKey, by: &Credentials, option: Opt, value: u32) -> Result<(), Errno> {
        let admin = self.is_admin(by);
        let port = self.port_mut(key)?;
        let on = value != 0;
        let (options, asked) = (&mut port.options, value as usize);
        match option {
            Opt::ExtAck => options.ext_ack = on,
            Opt::CapAck => options.cap_ack = on,
            Opt::StrictCheck => options.strict_check = on,
            Opt::PktInfo => options.packet_info = on,
            Opt::BroadcastError => options.broadcast_error = on,
            Opt::NoEnobufs => {
                options.no_enobufs = on;
                if on {
                    port.uncongest();
                }
            }
            Opt::ListenAllNsid if on && !admin => return Err(Errno::EPERM),
            Opt::ListenAllNsid => options.listen_all_nsid = on,
            Opt::ReceiveBuffer => port.rcvbuf = asked.min(RCVBUF_MAX).saturating_mul(2).max(RCVBUF_MIN),
            Opt::ReceiveBufferForce if !admin => return Err(Errno::EPERM),
            Opt::ReceiveBufferForce => port.rcvbuf = asked.min(i32::MAX as usize / 2).saturating_mul(2).max(RCVBUF_MIN),
            Opt::SendBuffer => port.sndbuf = asked.min(RCVBUF_MAX).saturating_mul(2).max(SNDBUF_MIN),
            Opt::PassCredentials => options.pass_credentials = on,
        }
        Ok(())
    }

    /// What an option is set to.
    pub fn option(&self, key: PortKey, option: Opt) -> Result<u32, Errno> {
        let port = self.ports.get(&key).ok_or(Errno::EBADF)?;
        let options = &port.options;
        let size = |bytes: usize| Ok(u32::try_from(bytes).unwrap_or(u32::MAX));
        let switch = match option {
            Opt::ExtAck => options.ext_ack,
            Opt::CapAck => options.cap_ack,
            Opt::StrictCheck => options.strict_check,
            Opt::PktInfo => options.packet_info,
            Opt::BroadcastError => options.broadcast_error,
            Opt::NoEnobufs => options.no_enobufs,
            Opt::ListenAllNsid => options.listen_all_nsid,
            Opt::PassCredentials => options.pass_credentials,
            Opt::ReceiveBuffer | Opt::ReceiveBufferForce => return size(port.rcvbuf),
            Opt::SendBuffer => return size(port.sndbuf),
        };
        Ok(u32::from(switch))
    }

    /// What a receive on a socket tells besides the bytes.
    pub fn receive_options(&self, key: PortKey) -> ReceiveOptions {
        let options = self.ports.get(&key).map(|port| port.options).unwrap_or_default();
        ReceiveOptions { packet_info: options.packet_info, pass_credentials: options.pass_credentials }
    }

    /// Whether a socket has something to read.
    pub fn is_readable(&self, key: PortKey) -> bool {
        self.ports.get(&key).is_none_or(Port::is_readable)
    }

    /// Bytes that wait in a socket's queue by the kernel's accounting, and datagrams that found no room.
    pub fn queue(&self, key: PortKey) -> Option<(usize, u64)> {
        self.ports.get(&key).map(|port| (port.queued(), port.drops))
    }
}
