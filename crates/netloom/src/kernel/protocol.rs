//! Protocols by hand: what `netlink_kernel_create` makes, without families or even netlink headers.

use std::fmt;
use std::sync::{Arc, Mutex};

use netloom_wire::{Errno, Flags, Header, Protocol, RawMessage, messages};

use super::engine::{Arrival, Compare, Intake, NetNs, OpenPort, ProtocolInfo};
use super::{Kernel, Nack};
use crate::socket::Credentials;

type InputFn = dyn Fn(&mut Input<'_>) + Send + Sync;
type BindFn = dyn Fn(NetNs, u32) -> Result<(), Errno> + Send + Sync;
type UnbindFn = dyn Fn(NetNs, u32) + Send + Sync;

/// What a protocol is made of; see [`Kernel::register_protocol`].
///
/// ```
/// use netloom::kernel::{Config, Kernel};
/// use netloom::socket::Address;
/// use netloom::wire::Protocol;
///
/// let kernel = Kernel::new();
/// let echo = Config::new().nonroot_recv().input(|datagram| {
///     let bytes = datagram.bytes().to_vec();
///     let _ = datagram.reply(bytes);
/// });
/// kernel.register_protocol(Protocol::new(31).unwrap(), echo)?;
/// let socket = kernel.socket(Protocol::new(31).unwrap())?;
/// socket.send(b"no header, no matter")?;
/// let mut buf = Vec::new();
/// let received = socket.recv_msg(&mut buf)?;
/// assert_eq!((&buf[..received.len], received.source), (&b"no header, no matter"[..], Address::KERNEL));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "netlink_kernel_cfg")]
#[derive(Clone, Default)]
pub struct Config {
    info: ProtocolInfo,
    handlers: Handlers,
}

/// What the shell runs for a protocol.
#[derive(Clone, Default)]
pub(super) struct Handlers {
    pub(super) input: Option<Arc<InputFn>>,
    pub(super) bind: Option<Arc<BindFn>>,
    pub(super) unbind: Option<Arc<UnbindFn>>,
    pub(super) serialise: Option<Arc<Mutex<()>>>,
}

impl Config {
    /// A protocol with 32 groups that nobody but administrators may join or send to, and without input.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many groups it has; 32 at least.
    #[must_use]
    pub fn groups(mut self, count: u32) -> Self {
        self.info.groups = count;
        self
    }

    /// Lets anybody join its groups.
    #[doc(alias = "NL_CFG_F_NONROOT_RECV")]
    #[must_use]
    pub fn nonroot_recv(mut self) -> Self {
        self.info.nonroot_recv = true;
        self
    }

    /// Lets anybody send to other ports and to groups.
    #[doc(alias = "NL_CFG_F_NONROOT_SEND")]
    #[must_use]
    pub fn nonroot_send(mut self) -> Self {
        self.info.nonroot_send = true;
        self
    }

    /// Takes datagrams that are sent to the kernel side, in the sender's context and before its send returns, whatever is
    /// in them. Several may be taken at once; see [`Config::serialise`].
    #[must_use]
    pub fn input(mut self, input: impl Fn(&mut Input<'_>) + Send + Sync + 'static) -> Self {
        self.info.intake = Intake::Datagrams;
        self.handlers.input = Some(Arc::new(input));
        self
    }

    /// Sends each message to the op of that number instead: in families of this protocol, which are registered as generic
    /// netlink's are.
    #[must_use]
    pub fn families(mut self) -> Self {
        self.info.intake = Intake::Messages;
        self.handlers.input = None;
        self
    }

    /// Is asked before a socket of the namespace joins a group, by number. An errno refuses; of a bind to several groups,
    /// those that were let in before are taken back by `unbind`.
    // net/netlink/af_netlink.c: netlink_bind, netlink_undo_bind
    #[must_use]
    pub fn bind(mut self, bind: impl Fn(NetNs, u32) -> Result<(), Errno> + Send + Sync + 'static) -> Self {
        self.info.binds = true;
        self.handlers.bind = Some(Arc::new(bind));
        self
    }

    /// Is told when a socket has left a group, which closing it does too.
    #[must_use]
    pub fn unbind(mut self, unbind: impl Fn(NetNs, u32) + Send + Sync + 'static) -> Self {
        self.info.unbinds = true;
        self.handlers.unbind = Some(Arc::new(unbind));
        self
    }

    /// Which sockets can see each other: those of one network namespace, unless this says all.
    #[must_use]
    pub fn compare(mut self, compare: Compare) -> Self {
        self.info.compare = compare;
        self
    }

    /// Holds this lock while the protocol's input, or a handler or dump of its families runs. Protocols that share one
    /// exclude each other; so does whoever else holds it. A handler that calls back into such a protocol waits for ever.
    #[doc(alias = "cb_mutex")]
    #[must_use]
    pub fn serialise(mut self, lock: Arc<Mutex<()>>) -> Self {
        self.handlers.serialise = Some(lock);
        self
    }

    pub(super) fn into_parts(self) -> (ProtocolInfo, Handlers) {
        (self.info, self.handlers)
    }
}

impl From<ProtocolInfo> for Config {
    /// A protocol without callbacks: it carries families, or nothing.
    fn from(info: ProtocolInfo) -> Self {
        let intake = if info.intake == Intake::Datagrams { Intake::None } else { info.intake };
        Self { info: ProtocolInfo { intake, binds: false, unbinds: false, ..info }, handlers: Handlers::default() }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Config").field(&self.info).finish()
    }
}

/// A datagram that a protocol's input takes.
pub struct Input<'a> {
    kernel: &'a Kernel,
    /// The sender's socket.
    open: &'a OpenPort,
    arrival: &'a Arrival,
}

impl<'a> Input<'a> {
    pub(super) fn new(kernel: &'a Kernel, open: &'a OpenPort, arrival: &'a Arrival) -> Self {
        Self { kernel, open, arrival }
    }

    /// The kernel side that this runs in.
    pub fn kernel(&self) -> &'a Kernel {
        self.kernel
    }

    /// All its bytes.
    #[doc(alias = "skb")]
    pub fn bytes(&self) -> &'a [u8] {
        self.arrival.bytes()
    }

    /// Has this side's copy of it overwritten when it is over: it holds keys.
    #[doc(alias = "memzero_explicit")]
    pub fn wipe_later(&self) {
        self.arrival.wipe_later();
    }

    /// The protocol it came by.
    pub fn protocol(&self) -> Protocol {
        self.arrival.protocol
    }

    /// The sender's port id, from its socket: it cannot be forged.
    #[doc(alias = "NETLINK_CB")]
    pub fn port(&self) -> u32 {
        self.arrival.port_id
    }

    /// The group that it was sent to as well.
    pub fn group(&self) -> Option<u32> {
        Some(self.arrival.group).filter(|group| *group != 0)
    }

    /// Who sent it.
    pub fn credentials(&self) -> Credentials {
        self.arrival.credentials
    }

    /// Whether the sender is an administrator here.
    #[doc(alias = "netlink_capable")]
    pub fn is_admin(&self) -> bool {
        self.kernel.engine().is_admin(&self.arrival.credentials)
    }

    /// The network namespace of the sender's socket.
    #[doc(alias = "sock_net")]
    pub fn namespace(&self) -> NetNs {
        self.arrival.ns
    }

    /// Sends a datagram back to the sender's socket. EAGAIN if it has no room, ECONNREFUSED if it is gone.
    #[doc(alias = "netlink_unicast")]
    pub fn reply(&self, bytes: Vec<u8>) -> Result<(), Nack> {
        Ok(self.kernel.engine().send_to(self.open, 0, bytes)?)
    }

    /// What sends datagrams back later, from any thread; `None` if the socket is gone.
    pub fn replier(&self) -> Option<Replier> {
        Some(Replier { kernel: self.kernel.clone(), open: self.kernel.engine().find(self.open.key())? })
    }

    /// Takes it apart into messages as the kernel does: `handle` gets each request; what it refuses is answered with the
    /// error, what it does is acknowledged where that was asked for. A message that is no request, or of a type below 16,
    /// is passed over; bytes that are no message end it.
    // net/netlink/af_netlink.c: netlink_rcv_skb
    #[doc(alias = "netlink_rcv_skb")]
    pub fn each_message(&self, mut handle: impl FnMut(&RawMessage<'_>) -> Result<(), Nack>) {
        for message in messages(self.bytes()).map_while(Result::ok) {
            let Header { flags, kind, .. } = message.header;
            let request = flags.contains(Flags::REQUEST) && !kind.is_control();
            let answer = if request { handle(&message) } else { Ok(()) };
            let silent = answer.as_ref().is_err_and(|nack| nack.errno() == Errno::EINTR);
            if !silent && (answer.is_err() || flags.contains(Flags::ACK)) {
                let mut port = self.open.hold();
                self.kernel.engine().acknowledge(&mut port, message.bytes, &answer, None);
                self.open.release(port);
            }
        }
    }
}

/// Sends to the socket that has sent something, as long as that is open.
#[derive(Clone)]
pub struct Replier {
    kernel: Kernel,
    open: Arc<OpenPort>,
}

impl Replier {
    /// Sends a datagram. EAGAIN if there is no room: nothing is lost by that, and the socket is not told of it, so that it
    /// can be tried again. ECONNREFUSED if the socket is closed.
    pub fn send(&self, bytes: Vec<u8>) -> Result<(), Nack> {
        Ok(self.kernel.engine().send_where_room(&self.open, bytes)?)
    }
}

impl fmt::Debug for Replier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Replier({:?})", self.open.key())
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({} bytes from port {})", self.bytes().len(), self.port())
    }
}
