//! The netlink socket: datagrams to and from port ids and groups.
//!
//! A [`Socket`] is the same whatever lies under it, its [`Endpoint`]: an `AF_NETLINK` socket of Linux, a port of a kernel
//! side in this process, or a unix socket to one in another. [`client::Connection`](crate::client::Connection) is what
//! most programs want; a `Socket` is for those who build their own protocol on it.

mod endpoint;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod linux_dialer;
#[cfg(target_os = "linux")]
mod netns;
mod process;
#[cfg(target_os = "linux")]
mod sys;
mod transport;
mod wake;

use std::fmt;
use std::os::fd::BorrowedFd;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use netloom_wire::Errno;
#[cfg(target_os = "linux")]
use netloom_wire::Protocol;

use crate::{Error, Result};
pub use endpoint::{Address, Credentials, Endpoint, Opt, ReceiveOptions, Received, RecvFlags};
#[cfg(target_os = "linux")]
pub use linux_dialer::LinuxDialer;
#[cfg(target_os = "linux")]
pub use netns::Netns;
#[cfg(feature = "wireguard")]
pub(crate) use process::page_size;
pub(crate) use process::this_process;
pub use transport::{Direction, Tap, Transport, Under, tapped, tapped_endpoint, transported_endpoint};
pub(crate) use transport::{Tapping, TransportDialer};
pub use wake::Wake;

/// A netlink socket. Clones are handles to the same one; it closes with the last of them.
#[derive(Clone)]
pub struct Socket(
    Arc<dyn Endpoint>,
    /// Length of the datagram that was looked at and not taken, because an error came between; 0 for none.
    Arc<AtomicUsize>,
);

impl Socket {
    /// The room that a receive buffer should have at least: Linux sends no dump datagram longer than this.
    // net/netlink/af_netlink.c: netlink_recvmsg records at most SKB_WITH_OVERHEAD(32768)
    pub const DATAGRAM: usize = 32 * 1024;

    /// A socket of the Linux kernel underneath, in the network namespace of the calling thread.
    ///
    /// EPROTONOSUPPORT if the kernel does not have the protocol.
    ///
    /// ```
    /// use netloom::socket::{Address, Socket};
    /// use netloom::wire::Protocol;
    /// let socket = Socket::open(Protocol::GENERIC)?;
    /// socket.bind(Address::default())?;
    /// assert_ne!(socket.local()?.port, 0);
    /// # Ok::<(), netloom::Error>(())
    /// ```
    #[doc(alias = "AF_NETLINK")]
    #[doc(alias = "socket")]
    #[cfg(target_os = "linux")]
    pub fn open(protocol: Protocol) -> Result<Self> {
        let opened = linux::Linux::open(protocol).map_err(|errno| Error::system("socket", errno))?;
        Ok(Self::over(Arc::new(opened)))
    }

    /// A netlink socket that somebody else opened, or handed over.
    ///
    /// ENOTSOCK and the like if `fd` is none.
    #[cfg(target_os = "linux")]
    pub fn from_fd(fd: OwnedFd) -> Result<Self> {
        let taken = linux::Linux::from_fd(fd).map_err(|errno| Error::system("getsockname", errno))?;
        Ok(Self::over(Arc::new(taken)))
    }

    /// A socket over `endpoint`.
    pub fn over(endpoint: Arc<dyn Endpoint>) -> Self {
        Self(endpoint, Arc::default())
    }

    /// The same socket, open as long as this one, in the hands of somebody else, as a descriptor that was passed: some of what
    /// it may do takes the privileges of who opened it and of who uses it.
    ///
    /// `None` where that is seen by itself: a socket of Linux, or of a kernel side in another process.
    ///
    /// ```
    /// use netloom::kernel::Kernel;
    /// use netloom::socket::{Address, Credentials};
    /// use netloom::wire::{Errno, Protocol};
    /// let socket = Kernel::new().socket(Protocol::USERSOCK)?;
    /// let stranger = Credentials { uid: 65_534, ..Credentials::default() };
    /// let passed = socket.in_hands_of(stranger).ok_or("one of Linux's")?;
    /// assert_eq!(passed.join(1).unwrap_err().errno(), Some(Errno::EPERM));
    /// socket.join(1)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn in_hands_of(&self, user: Credentials) -> Option<Self> {
        self.0.clone().in_hands_of(user).map(Self::over)
    }

    /// What it is made of.
    pub fn endpoint(&self) -> &Arc<dyn Endpoint> {
        &self.0
    }

    /// Gives it a port id and the groups 1 to 32 of the mask; port 0 lets the kernel choose.
    ///
    /// EADDRINUSE if another socket of this protocol has that port.
    pub fn bind(&self, address: Address) -> Result<()> {
        self.0.bind(address).map_err(|errno| Error::system("bind", errno))
    }

    /// Makes `peer` the one that [`Socket::send`] sends to.
    pub fn connect(&self, peer: Address) -> Result<()> {
        self.0.connect(peer).map_err(|errno| Error::system("connect", errno))
    }

    /// Its own address; port 0 before it is bound.
    #[doc(alias = "getsockname")]
    pub fn local(&self) -> Result<Address> {
        self.0.local().map_err(|errno| Error::system("getsockname", errno))
    }

    /// Sends a datagram to the peer that it is connected to, the kernel unless [`Socket::connect`] said otherwise.
    #[doc(alias = "nl_send")]
    pub fn send(&self, datagram: &[u8]) -> Result<usize> {
        retry(|| self.0.send(None, datagram)).map_err(|errno| Error::system("send", errno))
    }

    /// Sends a datagram to a port, and to the group of the mask (its lowest bit) if there is one. Waits while that port's queue
    /// is full.
    ///
    /// ECONNREFUSED if nobody has that port, or it hears another one alone; EPERM where a protocol leaves sending to
    /// others than the kernel to the privileged; EAGAIN for a full queue, if the socket is non-blocking.
    #[doc(alias = "sendto")]
    #[doc(alias = "sendmsg")]
    #[doc(alias = "nl_sendto")]
    #[doc(alias = "nl_sendmsg")]
    pub fn send_to(&self, to: Address, datagram: &[u8]) -> Result<usize> {
        retry(|| self.0.send(Some(to), datagram)).map_err(|errno| Error::system("send", errno))
    }

    /// Waits for the next datagram and takes it, whole: `buf` grows as it must, and holds its bytes from the start on,
    /// [`Received::len`] of them (what lies behind is left over from before).
    ///
    /// EAGAIN if the socket is non-blocking and nothing is there; ENOBUFS if datagrams were lost before this one.
    #[doc(alias = "recv")]
    #[doc(alias = "recvfrom")]
    #[doc(alias = "recvmsg")]
    pub fn recv_msg(&self, buf: &mut Vec<u8>) -> Result<Received> {
        self.recv_until(buf, RecvFlags::NONE, None)
    }

    /// The same, waiting no longer than `timeout`; EAGAIN if nothing came.
    pub fn recv_timeout(&self, buf: &mut Vec<u8>, timeout: Duration) -> Result<Received> {
        self.recv_until(buf, RecvFlags::NONE, Instant::now().checked_add(timeout))
    }

    /// The same without waiting; EAGAIN if nothing is there.
    pub fn try_recv(&self, buf: &mut Vec<u8>) -> Result<Received> {
        self.recv_until(buf, RecvFlags::DONTWAIT, None)
    }

    /// Joins a multicast group, by number.
    ///
    /// Broadcasts pass over a socket that has no port yet: [bind](Self::bind) it, or send on it, before or after.
    #[doc(alias = "NETLINK_ADD_MEMBERSHIP")]
    pub fn join(&self, group: u32) -> Result<()> {
        self.0.join(group).map_err(|errno| Error::system("join", errno))
    }

    /// Leaves a multicast group.
    #[doc(alias = "NETLINK_DROP_MEMBERSHIP")]
    pub fn leave(&self, group: u32) -> Result<()> {
        self.0.leave(group).map_err(|errno| Error::system("leave", errno))
    }

    /// The groups it is a member of, in order.
    #[doc(alias = "NETLINK_LIST_MEMBERSHIPS")]
    pub fn memberships(&self) -> Result<Vec<u32>> {
        self.0.memberships().map_err(|errno| Error::system("memberships", errno))
    }

    /// Sets an option; switches take 0 and 1.
    #[doc(alias = "setsockopt")]
    pub fn set(&self, option: Opt, value: u32) -> Result<()> {
        self.0.set(option, value).map_err(|errno| Error::system(option.action(), errno))
    }

    /// What an option is set to.
    #[doc(alias = "getsockopt")]
    pub fn option(&self, option: Opt) -> Result<u32> {
        self.0.option(option).map_err(|errno| Error::system(option.action(), errno))
    }

    /// Makes receiving, and sending to another port whose queue is full, say EAGAIN rather than wait.
    #[doc(alias = "O_NONBLOCK")]
    pub fn set_nonblocking(&self, on: bool) -> Result<()> {
        self.0.set_nonblocking(on).map_err(|errno| Error::system("fcntl", errno))
    }

    /// The file descriptor, to poll; `None` where there is none.
    ///
    /// Options that have a receive tell more are to be set by [`Socket::set`], not on the descriptor: what nobody asked for is
    /// not received.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_fd()
    }

    fn recv_until(&self, buf: &mut Vec<u8>, flags: RecvFlags, deadline: Option<Instant>) -> Result<Received> {
        if buf.len() < Self::DATAGRAM {
            buf.resize(Self::DATAGRAM, 0);
        }
        let failed = |errno| Error::system("receive", errno);
        // Looked at first: a datagram taken with too little room is lost. Not looked at again if an error came between: a
        // look lets a dump go on, and if that has no room, it is an error each time.
        // net/netlink/af_netlink.c: netlink_recvmsg, netlink_dump
        let len = match self.1.swap(0, Ordering::Relaxed) {
            0 => retry(|| self.0.recv(buf, flags | RecvFlags::PEEK, deadline)).map_err(failed)?.len,
            looked => looked,
        };
        if len > buf.len() {
            buf.resize(len, 0);
        }
        let received = retry(|| self.0.recv(buf, flags, deadline));
        if received == Err(Errno::ENOBUFS) {
            self.1.store(len, Ordering::Relaxed);
        }
        received.map_err(failed)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({:?})", self.0)
    }
}

/// Runs a system call again when a signal interrupted it.
pub(crate) fn retry<T>(mut call: impl FnMut() -> std::result::Result<T, Errno>) -> std::result::Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}
