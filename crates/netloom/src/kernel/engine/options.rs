//! What a socket may be asked besides sending and receiving: open, close, addresses, groups, options.

use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::directory::Desk;
use super::dump::Stage as Rest;
use super::port::{NetNs, Port};
use super::{Engine, OpenPort, ProtocolInfo, Ticket};
use crate::socket::{Address, Credentials, Opt, ReceiveOptions};

/// The least and the most that a receive buffer can be set to without force (`SOCK_MIN_RCVBUF`, `net.core.rmem_max`).
const RCVBUF_MIN: usize = 2_304;
const RCVBUF_MAX: usize = 212_992;
const SNDBUF_MIN: usize = 4_608;

impl Engine {
    /// Opens a socket. EPROTONOSUPPORT if the protocol is not there.
    // net/netlink/af_netlink.c: netlink_create
    pub fn open(&self, ns: NetNs, protocol: Protocol, opener: Credentials) -> Result<Arc<OpenPort>, Errno> {
        // Held until the book knows the port: whoever changes the register must not miss it.
        let register = self.register_now();
        register.resident(protocol).ok_or(Errno::EPROTONOSUPPORT)?;
        let desk = Desk::new(register.clone());
        let mut book = self.book();
        let open = OpenPort::new(Port::new(book.next_key(), ns, protocol, opener, self.version, desk));
        book.enter(open.clone());
        Ok(open)
    }

    /// Closes a socket: its groups are left, its queue is gone, its dump is ended. The ticket, if any, is finished when
    /// the dump's state is released and those who let it join are told.
    // net/netlink/af_netlink.c: netlink_release
    pub fn close(&self, open: &OpenPort) -> Option<Ticket> {
        let mut port = open.hold_open().ok()?;
        let ticket = self.shut(&mut port);
        open.release(port);
        ticket
    }

    fn shut(&self, port: &mut Port) -> Option<Ticket> {
        port.closed = true;
        // Whoever asked it something, or is about to send to it.
        port.rung = true;
        let groups = port.memberships();
        let mut book = self.book();
        if let Some(name) = port.name.take() {
            book.unbind(&name);
        }
        for group in &groups {
            port.set_member(*group, false);
            book.leave(port.key, port.protocol, *group);
        }
        drop(book);
        port.empty();
        let dump = port.dump.take().and_then(|dump| match dump.stage {
            // What is away finds the port closed when it comes back.
            Rest::Away => None,
            Rest::Resting(cursor) | Rest::Ending { cursor, .. } => Some((dump.request, cursor)),
        });
        let ticket = self.left_by_closing(port, &groups, dump);
        self.forget(port);
        ticket
    }

    /// Whether a protocol lets anybody do something, or who asks is an administrator; here the opener does not count.
    // net/netlink/af_netlink.c: netlink_allowed
    pub(super) fn may(&self, port: &Port, by: &Credentials, anybody: impl Fn(&ProtocolInfo) -> bool) -> bool {
        port.desk.directory.protocol(port.protocol).is_some_and(|info| anybody(&info)) || self.is_admin(by)
    }

    /// Sets where datagrams without an address go.
    // net/netlink/af_netlink.c: netlink_connect
    pub fn connect(&self, open: &OpenPort, by: &Credentials, peer: Address) -> Result<(), Errno> {
        let mut port = open.hold_open()?;
        if (peer.port != 0 || peer.groups != 0) && !self.may(&port, by, |info| info.nonroot_send) {
            return Err(Errno::EPERM);
        }
        self.autobind(&mut port, by)?;
        let lowest = if peer.groups == 0 { 0 } else { 1 << peer.groups.trailing_zeros() };
        port.peer = Address { port: peer.port, groups: lowest };
        port.connected = true;
        Ok(())
    }

    /// A socket's own address; port 0 before it is bound.
    pub fn local(&self, open: &OpenPort) -> Result<Address, Errno> {
        Ok(open.hold_open()?.local())
    }

    /// Sets an option; switches take 0 and 1.
    // net/netlink/af_netlink.c: netlink_setsockopt; net/core/sock.c: sk_setsockopt
    pub fn set_option(&self, open: &OpenPort, by: &Credentials, option: Opt, value: u32) -> Result<(), Errno> {
        let admin = self.is_admin(by);
        let mut port = open.hold_open()?;
        let port = &mut *port;
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
            Opt::ListenAllNsid | Opt::ReceiveBufferForce | Opt::SendBufferForce if !admin => return Err(Errno::EPERM),
            Opt::ListenAllNsid => options.listen_all_nsid = on,
            Opt::ReceiveBuffer => port.rcvbuf = asked.min(RCVBUF_MAX).saturating_mul(2).max(RCVBUF_MIN),
            Opt::ReceiveBufferForce => port.rcvbuf = asked.min(i32::MAX as usize / 2).saturating_mul(2).max(RCVBUF_MIN),
            Opt::SendBuffer => port.sndbuf = asked.min(RCVBUF_MAX).saturating_mul(2).max(SNDBUF_MIN),
            Opt::SendBufferForce => port.sndbuf = asked.min(i32::MAX as usize / 2).saturating_mul(2).max(SNDBUF_MIN),
            Opt::PassCredentials => options.pass_credentials = on,
        }
        Ok(())
    }

    /// What an option is set to.
    pub fn option(&self, open: &OpenPort, option: Opt) -> Result<u32, Errno> {
        let port = open.hold_open()?;
        let options = &port.options;
        let size = |bytes: usize| Ok(u32::try_from(bytes).unwrap_or(u32::MAX));
        let switch = match option {
            Opt::ExtAck => options.ext_ack,
            Opt::CapAck => options.cap_ack,
            Opt::StrictCheck => options.strict_check,
            Opt::PktInfo => options.packet_info,
            Opt::BroadcastError => options.broadcast_error,
            Opt::NoEnobufs => options.no_enobufs,
            Opt::ListenAllNsid if !self.version.tells_all_namespaces() => return Err(Errno::ENOPROTOOPT),
            Opt::ListenAllNsid => options.listen_all_nsid,
            Opt::PassCredentials => options.pass_credentials,
            Opt::ReceiveBuffer | Opt::ReceiveBufferForce => return size(port.rcvbuf),
            Opt::SendBuffer | Opt::SendBufferForce => return size(port.sndbuf),
        };
        Ok(u32::from(switch))
    }

    /// What a receive on a socket tells besides the bytes.
    pub fn receive_options(&self, open: &OpenPort) -> ReceiveOptions {
        open.hold().receive_options()
    }

    /// Whether a socket has something to read.
    pub fn is_readable(&self, open: &OpenPort) -> bool {
        open.hold().is_readable()
    }

    /// Bytes that wait in a socket's queue by the kernel's accounting, and datagrams that found no room.
    pub fn queue(&self, open: &OpenPort) -> Option<(usize, u64)> {
        let port = open.hold_open().ok()?;
        Some((port.queued(), port.drops))
    }
}
