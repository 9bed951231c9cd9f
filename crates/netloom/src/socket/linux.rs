//! Linux's own netlink sockets.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use netloom_wire::{Errno, Protocol};

use super::sys::{self, How};
use super::{Address, Endpoint, Opt, Received, RecvFlags};

type Answer<T> = std::result::Result<T, Errno>;

/// An `AF_NETLINK` socket.
#[derive(Debug)]
pub(super) struct Linux {
    fd: OwnedFd,
    /// The port, once known; 0 before.
    port: AtomicU32,
    /// Whether an option may be set that has a receive tell more than bytes and sender.
    tells: AtomicBool,
}

impl Linux {
    pub(super) fn open(protocol: Protocol) -> Answer<Self> {
        sys::socket(protocol.number()).map(Self::over)
    }

    /// This one, which nobody has used yet.
    pub(super) fn over(fd: OwnedFd) -> Self {
        Self { fd, port: AtomicU32::new(0), tells: AtomicBool::new(false) }
    }

    /// A socket that somebody else opened.
    pub(super) fn from_fd(fd: OwnedFd) -> Answer<Self> {
        let port = sys::local(fd.as_fd())?.port;
        let (port, tells) = (AtomicU32::new(port), AtomicBool::new(true));
        Ok(Self { fd, port, tells })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    fn learn_port(&self) {
        if let Ok(local) = sys::local(self.fd()) {
            self.port.store(local.port, Ordering::Relaxed);
        }
    }

    /// Receives what has to be waited for, or is looked at only.
    fn receive_until(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        let dontwait = flags.contains(RecvFlags::DONTWAIT);
        let port = self.port.load(Ordering::Relaxed);
        let how = How { peek: flags.contains(RecvFlags::PEEK), dontwait: dontwait || deadline.is_some(), port };
        let receive = if self.tells.load(Ordering::Relaxed) { sys::recv_msg } else { sys::recv_from };
        loop {
            let deadline = match (receive(self.fd(), buf, how), deadline) {
                (Err(Errno::EAGAIN), Some(deadline)) if !dontwait => deadline,
                (received, _) => return received,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || !sys::readable(self.fd(), None, Some(left))? {
                return Err(Errno::EAGAIN);
            }
        }
    }
}

impl Endpoint for Linux {
    #[inline]
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Answer<usize> {
        let sent = sys::send(self.fd(), to, bytes);
        if self.port.load(Ordering::Relaxed) == 0 {
            self.learn_port();
        }
        sent
    }

    #[inline]
    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        // Whoever has just sent looks like this, and mostly finds the answer.
        if flags == RecvFlags::DONTWAIT && !self.tells.load(Ordering::Relaxed) {
            let port = self.port.load(Ordering::Relaxed);
            return sys::recv_from(self.fd(), buf, How { peek: false, dontwait: true, port });
        }
        self.receive_until(buf, flags, deadline)
    }

    fn bind(&self, address: Address) -> Answer<()> {
        sys::bind(self.fd(), address)?;
        self.learn_port();
        Ok(())
    }

    fn connect(&self, peer: Address) -> Answer<()> {
        sys::connect(self.fd(), peer)?;
        self.learn_port();
        Ok(())
    }

    fn local(&self) -> Answer<Address> {
        let local = sys::local(self.fd())?;
        // Somebody else may have bound it, by another descriptor.
        self.port.store(local.port, Ordering::Relaxed);
        Ok(local)
    }

    fn join(&self, group: u32) -> Answer<()> {
        sys::set(self.fd(), libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, group)
    }

    fn leave(&self, group: u32) -> Answer<()> {
        sys::set(self.fd(), libc::SOL_NETLINK, libc::NETLINK_DROP_MEMBERSHIP, group)
    }

    fn memberships(&self) -> Answer<Vec<u32>> {
        let words = sys::memberships(self.fd())?;
        let groups = words.iter().zip(0_u32..).flat_map(|(word, index)| {
            let bits = (0..32_u32).filter(move |bit| word >> bit & 1 == 1);
            bits.map(move |bit| index.saturating_mul(32).saturating_add(bit).saturating_add(1))
        });
        Ok(groups.collect())
    }

    fn set(&self, option: Opt, value: u32) -> Answer<()> {
        let (level, number) = number(option);
        if matches!(option, Opt::PktInfo | Opt::ListenAllNsid | Opt::PassCredentials) {
            self.tells.store(true, Ordering::Relaxed);
        }
        sys::set(self.fd(), level, number, value)
    }

    fn option(&self, option: Opt) -> Answer<u32> {
        let (level, number) = match option {
            Opt::ReceiveBufferForce => number(Opt::ReceiveBuffer),
            Opt::SendBufferForce => number(Opt::SendBuffer),
            option => number(option),
        };
        sys::option(self.fd(), level, number)
    }

    fn set_nonblocking(&self, on: bool) -> Answer<()> {
        sys::set_nonblocking(self.fd(), on)
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd())
    }
}

/// Level and number of an option.
fn number(option: Opt) -> (i32, i32) {
    match option {
        Opt::ExtAck => (libc::SOL_NETLINK, libc::NETLINK_EXT_ACK),
        Opt::CapAck => (libc::SOL_NETLINK, libc::NETLINK_CAP_ACK),
        Opt::StrictCheck => (libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK),
        Opt::PktInfo => (libc::SOL_NETLINK, libc::NETLINK_PKTINFO),
        Opt::BroadcastError => (libc::SOL_NETLINK, libc::NETLINK_BROADCAST_ERROR),
        Opt::NoEnobufs => (libc::SOL_NETLINK, libc::NETLINK_NO_ENOBUFS),
        Opt::ListenAllNsid => (libc::SOL_NETLINK, libc::NETLINK_LISTEN_ALL_NSID),
        Opt::ReceiveBuffer => (libc::SOL_SOCKET, libc::SO_RCVBUF),
        Opt::ReceiveBufferForce => (libc::SOL_SOCKET, libc::SO_RCVBUFFORCE),
        Opt::SendBufferForce => (libc::SOL_SOCKET, libc::SO_SNDBUFFORCE),
        Opt::SendBuffer => (libc::SOL_SOCKET, libc::SO_SNDBUF),
        Opt::PassCredentials => (libc::SOL_SOCKET, libc::SO_PASSCRED),
    }
}
