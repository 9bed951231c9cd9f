//! What a socket is made of.

use std::fmt;
use std::ops::BitOr;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netloom_wire::Errno;

use super::Wake;

/// A netlink address: a port, and groups 1 to 32 as a mask (bit n-1 is group n).
///
/// Source: `linux/netlink.h`.
#[doc(alias = "sockaddr_nl")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// The port id; 0 is the kernel. It is not a process id.
    #[doc(alias = "nl_pid")]
    pub port: u32,
    /// The groups.
    #[doc(alias = "nl_groups")]
    pub groups: u32,
}

impl Address {
    /// The kernel.
    pub const KERNEL: Self = Self { port: 0, groups: 0 };

    /// This port, no group.
    pub const fn port(port: u32) -> Self {
        Self { port, groups: 0 }
    }
}

/// Who sent a datagram, as the kernel vouches for it.
#[doc(alias = "ucred")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// Process id; 0 is the kernel.
    pub process: u32,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// What is known of a datagram besides its bytes.
#[doc(alias = "nl_msg")]
#[doc(alias = "msghdr")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Length of the datagram, all of it, even if the buffer took less.
    pub len: usize,
    /// Whether the buffer took less: the rest is gone, unless this was a peek.
    #[doc(alias = "MSG_TRUNC")]
    pub truncated: bool,
    /// Who sent it; its groups are those it was sent to, as a mask.
    #[doc(alias = "nm_src")]
    pub source: Address,
    /// Who received it: the socket's own port.
    #[doc(alias = "nm_dst")]
    pub destination: Address,
    /// The group that it was sent to, if the socket has [`Opt::PktInfo`] and it was sent to one.
    #[doc(alias = "nl_pktinfo")]
    pub group: Option<u32>,
    /// The sender's credentials, if the socket has [`Opt::PassCredentials`].
    #[doc(alias = "nm_creds")]
    #[doc(alias = "SCM_CREDENTIALS")]
    pub credentials: Option<Credentials>,
    /// The network namespace that it comes from, by the id it has in the socket's own, if the socket has
    /// [`Opt::ListenAllNsid`] and it is another one.
    pub namespace: Option<i32>,
}

/// What a receive may tell besides the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiveOptions {
    /// The group.
    pub packet_info: bool,
    /// The sender's credentials.
    pub pass_credentials: bool,
    /// The network namespace that it comes from.
    pub all_namespaces: bool,
}

impl Received {
    /// What a kernel side of user space tells of a datagram: its length and how much of it the buffer took; its sender's
    /// port, group, credentials and namespace, as far as the socket's options ask for them.
    pub(crate) fn told(
        (len, taken): (usize, usize),
        (port, group, credentials, namespace): (u32, u32, Credentials, Option<i32>),
        destination: Address,
        options: ReceiveOptions,
    ) -> Self {
        // A group beyond the mask is told by packet info alone.
        let groups = group.checked_sub(1).and_then(|bit| 1_u32.checked_shl(bit)).unwrap_or(0);
        Self {
            len,
            truncated: taken < len,
            source: Address { port, groups },
            destination,
            group: Some(group).filter(|group| options.packet_info && *group != 0),
            credentials: options.pass_credentials.then_some(credentials),
            namespace: namespace.filter(|_| options.all_namespaces),
        }
    }
}

/// How to receive: bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecvFlags(u8);

impl RecvFlags {
    /// Waits, and takes the datagram off the queue.
    pub const NONE: Self = Self(0);
    /// Leaves the datagram in the queue.
    #[doc(alias = "MSG_PEEK")]
    pub const PEEK: Self = Self(1);
    /// Does not wait: EAGAIN if the queue is empty.
    #[doc(alias = "MSG_DONTWAIT")]
    pub const DONTWAIT: Self = Self(2);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
impl BitOr for RecvFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A socket option that holds a number; switches hold 0 or 1.
///
/// Source: `linux/netlink.h`, `asm-generic/socket.h`. Memberships have methods of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Opt {
    /// Switch: errors and acknowledgements say more than an errno.
    #[doc(alias = "NETLINK_EXT_ACK")]
    ExtAck,
    /// Switch: errors leave the request's payload out.
    #[doc(alias = "NETLINK_CAP_ACK")]
    CapAck,
    /// Switch: rtnetlink checks the headers of dump requests and filters by them.
    #[doc(alias = "NETLINK_GET_STRICT_CHK")]
    StrictCheck,
    /// Switch: receiving tells the group.
    #[doc(alias = "NETLINK_PKTINFO")]
    PktInfo,
    /// Switch: a broadcast of the kernel's that this socket cannot take fails for its sender.
    #[doc(alias = "NETLINK_BROADCAST_ERROR")]
    BroadcastError,
    /// Switch: lost datagrams are not told as ENOBUFS.
    #[doc(alias = "NETLINK_NO_ENOBUFS")]
    NoEnobufs,
    /// Switch: hears groups of all network namespaces that have an id here. Needs CAP_NET_BROADCAST.
    #[doc(alias = "NETLINK_LISTEN_ALL_NSID")]
    ListenAllNsid,
    /// Bytes that the receive queue may hold. Linux doubles what is set, and bounds it.
    #[doc(alias = "SO_RCVBUF")]
    ReceiveBuffer,
    /// The same without the bound. Needs CAP_NET_ADMIN.
    #[doc(alias = "SO_RCVBUFFORCE")]
    ReceiveBufferForce,
    /// Bytes that may be under way from this socket; a longer datagram is EMSGSIZE.
    #[doc(alias = "SO_SNDBUF")]
    SendBuffer,
    /// The same without the bound. Needs CAP_NET_ADMIN.
    #[doc(alias = "SO_SNDBUFFORCE")]
    SendBufferForce,
    /// Switch: receiving tells the sender's credentials.
    #[doc(alias = "SO_PASSCRED")]
    PassCredentials,
}

impl Opt {
    /// What failed, when setting or asking it failed.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::ExtAck => "option NETLINK_EXT_ACK",
            Self::CapAck => "option NETLINK_CAP_ACK",
            Self::StrictCheck => "option NETLINK_GET_STRICT_CHK",
            Self::PktInfo => "option NETLINK_PKTINFO",
            Self::BroadcastError => "option NETLINK_BROADCAST_ERROR",
            Self::NoEnobufs => "option NETLINK_NO_ENOBUFS",
            Self::ListenAllNsid => "option NETLINK_LISTEN_ALL_NSID",
            Self::ReceiveBuffer => "option SO_RCVBUF",
            Self::ReceiveBufferForce => "option SO_RCVBUFFORCE",
            Self::SendBufferForce => "option SO_SNDBUFFORCE",
            Self::SendBuffer => "option SO_SNDBUF",
            Self::PassCredentials => "option SO_PASSCRED",
        }
    }
}

/// What a [`Socket`](super::Socket) is made of: Linux's `AF_NETLINK`, a port of a kernel side in this process, or a unix
/// socket to one in another.
///
/// All methods behave as the system calls of an `AF_NETLINK` socket do, errnos included; each may be called from several
/// threads at once. Dropping the endpoint closes it.
pub trait Endpoint: fmt::Debug + Send + Sync {
    /// Sends a datagram: to `to`, or where [`Endpoint::connect`] pointed, which is the kernel at first. Binds to a port
    /// if the endpoint has none. When it returns, a kernel side has taken the datagram in, and what it answers at once is
    /// queued.
    // net/netlink/af_netlink.c: netlink_sendmsg
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Result<usize, Errno>;
    /// Receives a datagram into `buf`, or as much of it as fits; waits until `deadline` (for ever if there is none) and
    /// then says EAGAIN. ENOBUFS says, once, that datagrams were lost.
    // net/netlink/af_netlink.c: netlink_recvmsg
    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Result<Received, Errno>;
    /// Takes a port (0: any free one) and the groups of the mask.
    // net/netlink/af_netlink.c: netlink_bind
    fn bind(&self, address: Address) -> Result<(), Errno>;
    /// Sets where datagrams without an address go; binds to a port if there is none.
    // net/netlink/af_netlink.c: netlink_connect
    fn connect(&self, peer: Address) -> Result<(), Errno>;
    /// Its address; port 0 before it is bound.
    fn local(&self) -> Result<Address, Errno>;
    /// Becomes a member of a group.
    fn join(&self, group: u32) -> Result<(), Errno>;
    /// Leaves a group; 0 if it was no member.
    fn leave(&self, group: u32) -> Result<(), Errno>;
    /// The groups that it is a member of.
    fn memberships(&self) -> Result<Vec<u32>, Errno>;
    /// Sets an option.
    // net/netlink/af_netlink.c: netlink_setsockopt
    fn set(&self, option: Opt, value: u32) -> Result<(), Errno>;
    /// What an option is set to.
    fn option(&self, option: Opt) -> Result<u32, Errno>;
    /// Bounds how long a send waits for a kernel side in another process to have taken it in; ETIMEDOUT then, and whether
    /// it was is not known. None is for ever, and what there is at first. Where the kernel side runs in the sender's
    /// context there is nothing to wait for.
    #[doc(alias = "SO_SNDTIMEO")]
    fn set_send_timeout(&self, patience: Option<Duration>) -> Result<(), Errno> {
        let _ = patience;
        Ok(())
    }
    /// Whether sends return before a kernel side in another process has taken the datagram in: EAGAIN if there is no room for
    /// it (to be sent when [`Endpoint::as_fd`] is writable), and what it refuses is an error of a later receive. Off at
    /// first. False where there is no such thing: where the kernel side runs in the sender's context there is nothing to
    /// wait for.
    fn set_detached(&self, on: bool) -> bool {
        let _ = on;
        false
    }
    /// Makes receiving (and sending to ports of user space) say EAGAIN rather than wait.
    #[doc(alias = "O_NONBLOCK")]
    fn set_nonblocking(&self, on: bool) -> Result<(), Errno>;
    /// A file descriptor to poll: readable when a datagram or an error waits. `None` where there is none.
    fn as_fd(&self) -> Option<BorrowedFd<'_>>;
    /// Waits until there is something to receive, a datagram or an error, and leaves it there: true. False if `deadline`
    /// came first, or `wake` was pulled. EINTR if a signal did.
    ///
    /// What is provided polls [`Endpoint::as_fd`]; where there is none, it looks now and then.
    #[doc(alias = "poll")]
    fn wait(&self, deadline: Option<Instant>, wake: &Wake) -> Result<bool, Errno> {
        wait(self, deadline, wake)
    }
    /// Has `call` called each time that something to receive may have come, by whichever thread brought it, with no lock
    /// held; from then on nobody may wait inside of the endpoint. False where there is no such thing. Where there is
    /// [`Endpoint::as_fd`] as well, that has to be polled, too.
    #[doc(alias = "sk_data_ready")]
    fn on_readable(&self, call: Arc<dyn Fn() + Send + Sync>) -> bool {
        let _ = call;
        false
    }
    /// The same socket in the hands of somebody else: what it may do is up to them and to whoever opened it. `None` where
    /// the system knows who calls, as Linux does, and who serves another process.
    // net/netlink/af_netlink.c: __netlink_ns_capable
    fn in_hands_of(self: Arc<Self>, user: Credentials) -> Option<Arc<dyn Endpoint>> {
        let _ = user;
        None
    }
    /// Makes whoever is inside of [`Endpoint::wait`] look at its [`Wake`]; nothing to do where that polls.
    fn nudge(&self) {}
}

/// [`Endpoint::wait`] for any endpoint.
fn wait<E: Endpoint + ?Sized>(endpoint: &E, deadline: Option<Instant>, wake: &Wake) -> Result<bool, Errno> {
    const NOW_AND_THEN: Duration = Duration::from_millis(20);
    #[cfg(target_os = "linux")]
    if let (Some(fd), Some(switch)) = (endpoint.as_fd(), wake.as_fd()) {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        return super::sys::readable(fd, Some(switch), left);
    }
    loop {
        let now = Instant::now();
        if wake.is_pulled() || deadline.is_some_and(|deadline| deadline <= now) {
            return Ok(false);
        }
        let until = [now.checked_add(NOW_AND_THEN), deadline].into_iter().flatten().min();
        match endpoint.recv(&mut [0; 16], RecvFlags::PEEK, until) {
            Ok(_) => return Ok(true),
            Err(Errno::EAGAIN) => {}
            Err(errno) => return Err(errno),
        }
    }
}
