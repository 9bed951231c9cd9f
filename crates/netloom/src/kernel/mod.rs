//! Being the kernel: families whose ops are handled here, in user space, and sockets to reach them.
//!
//! ```
//! use netloom::families::doc_exmpl::{Echo, Msg};
//! use netloom::kernel::{Family, Kernel};
//!
//! let kernel = Kernel::new();
//! kernel.register(Family::new(()).on_do(Echo, |_, req, ctx| {
//!     println!("ECHO from port {}: {:?}", ctx.port(), req.msg);
//!     Ok(Msg::new().msg("Hello from kernel space!!!"))
//! }))?;
//! let reply = kernel.connect().call(Echo, &Msg::new().msg("hello from user space!"))?;
//! assert_eq!(reply.msg.as_deref(), Some("Hello from kernel space!!!"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The way of a datagram is the kernel's own: port, messages, protocol, family, op, permission, policy, handler (in the
//! sender's context), replies, acknowledgement, the port's queue. A dump is pulled by its reader, one chunk a receive.
//! [`Engine`] holds that logic without I/O; [`Kernel`] is the shell around it that waits and runs handlers.
//! A handler may call this kernel side, or another, as any program does. The handlers of all families that are not
//! [parallel](Family::parallel) take turns, though, as in the kernel: what one of them asks of another of them it would
//! wait for itself, and is refused with EDEADLK. Across threads and processes nobody can tell: that hangs.
//!
//! # What it costs
//!
//! An open socket takes 2 KiB at most, also one that is served. One that is not read takes its receive buffer besides
//! (212,992 bytes; who has no privileges may ask for twice that), one chunk of a dump on top (32 KiB), and as long as a
//! dump of it lasts, the request (no longer than its send buffer). Beyond that nothing grows with what peers send, ask for,
//! or leave undone. `tests/load` holds it to that, with ten thousand sockets.
//!
//! [`Links`] are its network interfaces: modules put devices there, NETLINK_ROUTE tells of them and changes them.

mod aside;
mod broadcast;
mod chunk;
mod ctx;
mod endpoint;
pub mod engine;
mod family;
mod faults;
mod links;
mod log;
mod nack;
mod nested;
mod nlctrl;
mod notifier;
mod observe;
mod passed;
mod protocol;
pub mod raw;
mod room;
mod route;
mod run;
mod speak;
mod version;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use netloom_wire::{Errno, Protocol};

pub use aside::Aside;
pub use broadcast::Hears;
pub use chunk::Chunk;
pub use ctx::Ctx;
pub(crate) use endpoint::Taken;
pub use engine::{Compare, Engine, Intake, NetNs, PortKey, ProtocolInfo, SocketState};
pub use family::{Family, Register};
pub use faults::Faults;
pub use links::{Link, LinkDefaults, LinkDevice, LinkKind, Links, NewLink};
pub use log::Log;
pub use nack::Nack;
pub use nested::is_in_handler;
pub use notifier::Notifier;
pub use observe::Passing;
pub use protocol::{Config, Input, Replier};
pub use version::{UnknownVersion, Version};

use self::engine::{FamilyKey, Listed, OpenPort, Port, Ticket};
use crate::client::Connection;
use crate::socket::{Address, Credentials, Direction, Socket};

/// How a fill ended, if it did not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// The chunk is full, or as full as it will get: call again.
    More,
    /// That was all.
    Done,
}

/// A kernel side in this process. Clones are handles to the same one.
#[derive(Clone)]
pub struct Kernel(Arc<Inner>);

struct Inner {
    engine: Engine,
    log: Mutex<Option<log::LogFn>>,
    links: links::Registry,
    room: room::Room,
    notifiers: OnceLock<notifier::Shared>,
    observer: observe::Observer,
    uevents: AtomicU64,
    owner: u32,
    version: Version,
}

/// What registration gives.
#[derive(Clone)]
pub struct Registered {
    /// What to unregister it by.
    pub key: FamilyKey,
    /// Its message type, for generic netlink.
    #[doc(alias = "GENL_ID_GENERATE")]
    pub id: u16,
    /// Its groups: name and number.
    pub groups: Vec<(String, u32)>,
    listed: Arc<Listed>,
}

impl Kernel {
    /// A kernel side with generic netlink, nlctrl, and NETLINK_ROUTE for its links, which behaves as the newest Linux that
    /// is known. Its administrators are uid 0 and the uid of this process.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A kernel side that is not like any other.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn build(builder: Builder) -> Self {
        let Builder { version, first_link, first_family, first_group, bare } = builder;
        let owner = crate::socket::this_process().uid;
        let engine = if bare { Engine::bare(owner, version) } else { Engine::behaving_like(owner, version) };
        engine.number_from(first_family, first_group);
        let kernel = Self(Arc::new(Inner {
            engine,
            log: Mutex::default(),
            links: links::Registry::starting_at(first_link),
            room: room::Room::default(),
            notifiers: OnceLock::new(),
            observer: observe::Observer::default(),
            uevents: AtomicU64::new(0),
            owner,
            version,
        }));
        if bare {
            return kernel;
        }
        let nlctrl = nlctrl::family(version).and_then(|nlctrl| kernel.register(nlctrl));
        let route = kernel.register_protocol(Protocol::ROUTE, route::PROTOCOL);
        let route = route.and_then(|()| kernel.register(route::family()));
        debug_assert!(nlctrl.is_ok() && route.is_ok(), "{nlctrl:?} {route:?}");
        kernel
    }

    /// Adds a family, and tells nlctrl's group of it. Its state lives until it is unregistered, or as long as the kernel
    /// side; one that holds a handle or a connection to that kernel side keeps it alive: [`Ctx::kernel`] lends one.
    ///
    /// EEXIST if its name is taken, EINVAL if its table is not sound, ENOSPC if no id is left, EPROTONOSUPPORT if its
    /// protocol is not there or takes datagrams whole; the text says more.
    // net/netlink/genetlink.c: genl_register_family
    #[doc(alias = "genl_register_family")]
    #[doc(alias = "genl_register_ops")]
    #[doc(alias = "genl_register_mc_group")]
    pub fn register(&self, family: impl Register) -> Result<Registered, Nack> {
        let (table, handlers) = family.into_raw()?.into_parts(self.version())?;
        let listed = self.engine().register_with(table, Some(handlers))?;
        Ok(Registered { key: listed.key, id: listed.id, groups: listed.groups.clone(), listed })
    }

    /// Removes a family, and tells nlctrl's group. ENOENT if it is not there, EBUSY while one of its handlers or dumps
    /// runs: the module behind it must stay.
    #[doc(alias = "genl_unregister_family")]
    pub fn unregister(&self, registered: &Registered) -> Result<(), Nack> {
        Ok(self.engine().unregister(registered.key)?)
    }

    /// Adds a protocol: one by hand, see [`Config`], or one that families may then be part of. EEXIST if it is there.
    // net/netlink/af_netlink.c: __netlink_kernel_create
    #[doc(alias = "netlink_kernel_create")]
    pub fn register_protocol(&self, protocol: Protocol, config: impl Into<Config>) -> Result<(), Nack> {
        let (info, handlers) = config.into().into_parts();
        self.engine().register_protocol_with(protocol, info, Some(Arc::new(handlers))).map_err(|errno| {
            let text = format!("protocol {} is there already: choose another of the 32", protocol.number());
            Nack::new(errno).with_message(text)
        })
    }

    /// Removes a protocol: sockets of it stay open and reach nobody. ENOENT if it is not there, EBUSY while families of it
    /// are registered or one of its handlers runs.
    #[doc(alias = "netlink_kernel_release")]
    pub fn unregister_protocol(&self, protocol: Protocol) -> Result<(), Nack> {
        Ok(self.engine().unregister_protocol(protocol)?)
    }

    /// The protocols that are there, by number, and what each allows.
    pub fn protocols(&self) -> Vec<(Protocol, ProtocolInfo)> {
        self.engine().protocols()
    }

    /// The network namespace in which everything is that names no other.
    #[doc(alias = "init_net")]
    pub fn namespace(&self) -> NetNs {
        NetNs::default()
    }

    /// Gives a network namespace an id within another one, or takes it away: sockets there that want to hear all
    /// namespaces ([`Opt::ListenAllNsid`](crate::socket::Opt::ListenAllNsid)) hear those that have one, and are told it.
    ///
    /// EEXIST if the id is another namespace's there, or this one has another.
    #[doc(alias = "RTM_NEWNSID")]
    pub fn name_namespace(&self, within: NetNs, ns: NetNs, id: Option<i32>) -> Result<(), Nack> {
        Ok(self.engine().name_namespace(within, ns, id)?)
    }

    /// An ordinary connection to this kernel side, privileged: a program cannot tell it from one to Linux.
    pub fn connect(&self) -> Connection {
        self.connect_as(self.administrator())
    }

    /// A connection of somebody else; only the kernel side's owner and root have privileges.
    pub fn connect_as(&self, credentials: Credentials) -> Connection {
        Connection::over(self.dialer(credentials))
    }

    /// What connections to this kernel side open their sockets with.
    pub fn dialer(&self, credentials: Credentials) -> Arc<dyn crate::client::Dialer> {
        self.dialer_in(NetNs::default(), credentials)
    }

    /// The same in a network namespace.
    pub fn dialer_in(&self, ns: NetNs, credentials: Credentials) -> Arc<dyn crate::client::Dialer> {
        Arc::new(endpoint::InProcess::new(self.clone(), credentials, ns))
    }

    /// A raw socket to this kernel side, privileged.
    pub fn socket(&self, protocol: Protocol) -> Result<Socket, Nack> {
        self.socket_as(protocol, self.administrator())
    }

    /// A raw socket of somebody else.
    pub fn socket_as(&self, protocol: Protocol, credentials: Credentials) -> Result<Socket, Nack> {
        self.socket_in(NetNs::default(), protocol, credentials)
    }

    /// A raw socket of somebody in a network namespace.
    pub fn socket_in(&self, ns: NetNs, protocol: Protocol, credentials: Credentials) -> Result<Socket, Nack> {
        let endpoint = endpoint::PortEndpoint::open(self, protocol, credentials, ns)?;
        Ok(Socket::over(Arc::new(endpoint)))
    }

    /// The open sockets, by protocol, then port: what `/proc/net/netlink` tells of Linux's.
    pub fn sockets(&self) -> Vec<SocketState> {
        self.engine().sockets()
    }

    /// Credentials of an administrator: this process, as whoever owns the kernel side.
    pub fn administrator(&self) -> Credentials {
        Credentials { uid: self.0.owner, ..crate::socket::this_process() }
    }

    /// Which Linux it behaves as.
    pub fn version(&self) -> Version {
        self.0.version
    }

    /// The number of the next event of its devices, from 1.
    // lib/kobject_uevent.c: uevent_seqnum
    pub(crate) fn next_uevent(&self) -> u64 {
        self.0.uevents.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Makes it misbehave, so that clients can be tested.
    pub fn faults(&self) -> Faults<'_> {
        Faults::of(self)
    }

    #[inline]
    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Sends a datagram from an open socket, and runs what it asks for in this thread.
    pub(crate) fn deliver(
        &self,
        open: &OpenPort,
        by: &Credentials,
        to: Option<Address>,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        self.show(open, Direction::Sent, Some(by), 0, bytes);
        self.try_delivering(open, by, to, bytes)
    }

    fn try_delivering(
        &self,
        open: &OpenPort,
        by: &Credentials,
        to: Option<Address>,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        let (port, ticket) = self.engine().deliver_held(open, by, to, bytes)?;
        open.release(self.settle(open, port, ticket));
        Ok(bytes.len())
    }

    /// Waits until a port that had no room has taken the datagram, which was delivered to all others.
    pub(crate) fn deliver_waiting(
        &self,
        open: &OpenPort,
        by: &Credentials,
        to: Address,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        let send = || Some(self.try_delivering(open, by, Some(to), bytes));
        self.0.room.wait(|| send().filter(|sent| *sent != Err(Errno::EAGAIN)))
    }

    /// Closes a socket, and ends its dump in this thread.
    pub(crate) fn close(&self, open: &OpenPort) {
        if let Some(ticket) = self.engine().close(open) {
            open.release(self.settle(open, open.hold(), ticket));
        }
        self.0.room.changed();
    }

    /// Binds an open socket, and asks the protocol in this thread.
    pub(crate) fn bind(&self, open: &OpenPort, by: &Credentials, address: Address) -> Result<(), Errno> {
        self.change(open, |engine, port| engine.bind_held(port, by, address))
    }

    /// Lets an open socket join a group, and asks the protocol in this thread.
    pub(crate) fn join(&self, open: &OpenPort, by: &Credentials, group: u32) -> Result<(), Errno> {
        self.change(open, |engine, port| engine.join_held(port, by, group))
    }

    /// Lets an open socket leave a group, and tells the protocol in this thread.
    pub(crate) fn leave(&self, open: &OpenPort, by: &Credentials, group: u32) -> Result<(), Errno> {
        self.change(open, |engine, port| engine.leave_held(port, by, group))
    }

    fn change(
        &self,
        open: &OpenPort,
        change: impl FnOnce(&Engine, &mut Port) -> Result<Option<Ticket>, Errno>,
    ) -> Result<(), Errno> {
        let mut port = open.hold_open()?;
        let Some(ticket) = change(self.engine(), &mut port)? else { return Ok(()) };
        port = self.settle(open, port, ticket);
        let outcome = self.engine().outcome_of(&mut port, ticket);
        open.release(port);
        outcome
    }

    /// Something was read of what a socket has handed over: its dump goes on, in this thread.
    pub(crate) fn was_read(&self, open: &OpenPort) {
        let Ok(mut port) = open.hold_open() else { return };
        if let Some(ticket) = self.engine().outside_was_read(&mut port) {
            port = self.settle(open, port, ticket);
        }
        open.release(port);
        self.made_room();
    }

    /// Tells who waits for room in a queue that something was taken off one; to be called without a lock.
    #[inline]
    pub(crate) fn made_room(&self) {
        self.0.room.changed();
    }
}

/// What a kernel side is to be like: see [`Kernel::builder`].
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is built before build is called"]
pub struct Builder {
    version: Version,
    first_link: u32,
    first_family: u16,
    first_group: u32,
    bare: bool,
}

impl Builder {
    /// Behaves as this release of Linux does, where what is here differs between them: [`Version`] knows in what.
    pub fn behave_like(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Gives links indices from this one on, 1 if nothing is said: so that they do not meet those of another kernel that
    /// are told of beside them.
    pub fn first_link(mut self, index: u32) -> Self {
        self.first_link = index.min(i32::MAX.unsigned_abs());
        self
    }

    /// Gives families of generic netlink ids from this one on, 0x13 if nothing is said (as Linux does) and 1023 at most
    /// (`GENL_MAX_ID`): so that they do not meet those of another kernel that are told of beside them. ENOSPC is told of
    /// a family for which there is none left.
    #[doc(alias = "GENL_START_ALLOC")]
    pub fn first_family(mut self, id: u16) -> Self {
        self.first_family = id;
        self
    }

    /// Gives groups of generic netlink's families numbers from this one on, 2 if nothing is said. That of nlctrl's is 16
    /// everywhere. More than 65,536 is taken for that.
    pub fn first_group(mut self, number: u32) -> Self {
        self.first_group = number.min(1 << 16);
        self
    }

    /// Leaves it without any protocol, generic netlink included: all are by hand, for one who stands for a kernel side.
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// The kernel side.
    pub fn build(self) -> Kernel {
        Kernel::build(self)
    }
}

impl Default for Kernel {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kernel")
    }
}
