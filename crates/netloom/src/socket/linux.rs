//! Linux's own netlink sockets, and the network namespace that they are opened in.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use netloom_wire::{Errno, Protocol};

use super::sys::{self, How};
use super::{Address, Endpoint, Opt, Received, RecvFlags, Socket};
use crate::client::Dialer;
use crate::{Error, Result};

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
        let (port, tells) = (AtomicU32::new(0), AtomicBool::new(false));
        Ok(Self { fd: sys::socket(protocol.number())?, port, tells })
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
        sys::local(self.fd())
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

/// Dials the Linux kernel underneath, always in the same network namespace.
///
/// A socket belongs to the namespace of the thread that opens it, and a connection opens sockets late: so the namespace
/// is pinned when the connection is made. A thread that has moved elsewhere since opens its sockets through a helper
/// thread, which needs CAP_SYS_ADMIN; its own namespace is never touched.
#[derive(Clone, Debug)]
pub struct LinuxDialer {
    /// The namespace, and its device and inode; `None` where the machine does not show it (no /proc).
    namespace: Option<(Arc<File>, (u64, u64))>,
}

impl LinuxDialer {
    const OWN: &'static str = "/proc/thread-self/ns/net";

    /// In the namespace of the calling thread.
    pub fn here() -> Self {
        let pinned = File::open(Self::OWN).and_then(|file| {
            let metadata = file.metadata()?;
            Ok((Arc::new(file), (metadata.dev(), metadata.ino())))
        });
        Self { namespace: pinned.ok() }
    }

    /// In the namespace that `fd` refers to: one of `/proc/PID/ns/net` or `/run/netns/NAME`, opened.
    pub fn in_namespace(fd: BorrowedFd<'_>) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::system("network namespace", Errno(error.raw_os_error().unwrap_or(libc::EIO)))
        };
        let file = File::from(fd.try_clone_to_owned().map_err(failed)?);
        let metadata = file.metadata().map_err(failed)?;
        Ok(Self { namespace: Some((Arc::new(file), (metadata.dev(), metadata.ino()))) })
    }

    /// The namespace, if the calling thread is in another one.
    fn elsewhere(&self) -> Option<&File> {
        let (file, id) = self.namespace.as_ref()?;
        let here = fs::metadata(Self::OWN).ok()?;
        ((here.dev(), here.ino()) != *id).then_some(file.as_ref())
    }
}

impl Dialer for LinuxDialer {
    fn open(&self, protocol: Protocol) -> Result<Socket> {
        let opened = match self.elsewhere() {
            None => Linux::open(protocol).map_err(|errno| Error::system("socket", errno)),
            Some(namespace) => thread::scope(|scope| {
                let helper = scope.spawn(|| {
                    sys::enter_network_namespace(namespace.as_fd())
                        .map_err(|errno| Error::system("setns (needs CAP_SYS_ADMIN)", errno))?;
                    Linux::open(protocol).map_err(|errno| Error::system("socket", errno))
                });
                helper.join().unwrap_or_else(|_| Err(Error::system("socket", Errno::EIO)))
            }),
        };
        Ok(Socket::over(Arc::new(opened?)))
    }
}
