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
//! [`Engine`] holds that logic without I/O; [`Kernel`] is the shell around it that locks, waits and runs handlers.
//! A handler may call this kernel side, or another, as any program does. The handlers of all families that are not
//! [parallel](Family::parallel) take turns, though, as in the kernel: what one of them asks of another of them it would
//! wait for itself, and is refused with EDEADLK. Across threads and processes nobody can tell: that hangs.
//!
//! [`Links`] are its network interfaces: modules put devices there, NETLINK_ROUTE tells of them and changes them.

mod chunk;
mod ctx;
mod endpoint;
pub mod engine;
mod family;
mod faults;
mod links;
mod nack;
mod nested;
mod nlctrl;
pub mod raw;
mod route;

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use netloom_wire as wire;
use netloom_wire::{Errno, Flags, Header, Message, MessageType, Protocol, RawAttrs};

pub use chunk::Chunk;
pub use ctx::Ctx;
pub use engine::{Engine, NetNs, PortKey, ProtocolInfo, SocketState};
pub use family::{Family, Register};
pub use faults::Faults;
pub use links::{Link, LinkDefaults, LinkDevice, LinkKind, Links, NewLink};
pub use nack::Nack;

use self::engine::{FamilyKey, Filled, Listed, Outcome, Request, Task, Ticket, Work};
use self::nested::Running;
use crate::client::Connection;
use crate::socket::{Address, Credentials, Socket};

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
    state: Mutex<State>,
    /// Told when a piece of work is completed while somebody waits for that.
    progress: Condvar,
    links: links::Registry,
    owner: u32,
}

pub(crate) struct State {
    pub(crate) engine: Engine,
    handlers: HashMap<FamilyKey, Arc<Vec<raw::Op>>>,
    pub(crate) waiters: HashMap<PortKey, Waiter>,
    stalled: usize,
}

/// Who waits for a port to become readable.
pub(crate) enum Waiter {
    /// Threads inside a receive.
    Threads { condvar: Arc<Condvar>, waiting: usize },
    /// Somebody else's loop; called without any lock held.
    Callback(Arc<dyn Fn() + Send + Sync>),
}

/// What registration gives.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What to unregister it by.
    pub key: FamilyKey,
    /// Its message type, for generic netlink.
    pub id: u16,
    /// Its groups: name and number.
    pub groups: Vec<(String, u32)>,
}

impl Kernel {
    /// A kernel side with generic netlink, nlctrl, and NETLINK_ROUTE for its links. Its administrators are uid 0 and the uid of this process.
    pub fn new() -> Self {
        let owner = crate::socket::this_process().uid;
        let state = State { engine: Engine::new(owner), handlers: HashMap::new(), waiters: HashMap::new(), stalled: 0 };
        let links = links::Registry::default();
        let kernel = Self(Arc::new(Inner { state: Mutex::new(state), progress: Condvar::new(), links, owner }));
        let nlctrl = kernel.register(nlctrl::family());
        let route = kernel.register_protocol(Protocol::ROUTE, route::PROTOCOL);
        let route = route.and_then(|()| kernel.register(route::family()));
        debug_assert!(nlctrl.is_ok() && route.is_ok(), "{nlctrl:?} {route:?}");
        kernel
    }

    /// Adds a family, and tells nlctrl's group of it.
    ///
    /// EEXIST if its name is taken, EINVAL if its table is not sound, ENOSPC if no id is left, EPROTONOSUPPORT if its
    /// protocol is not there.
    #[doc(alias = "genl_register_family")]
    #[doc(alias = "genl_register_ops")]
    #[doc(alias = "genl_register_mc_group")]
    pub fn register(&self, family: impl Register) -> Result<Registered, Nack> {
        let (table, ops) = family.into_raw()?.into_parts();
        let mut state = self.lock();
        if !state.engine.has_protocol(table.protocol) {
            return Err(Nack::new(Errno::EPROTONOSUPPORT));
        }
        let listed = state.engine.register(table)?;
        state.handlers.insert(listed.key, Arc::new(ops));
        self.wake(state);
        Ok(Registered { key: listed.key, id: listed.id, groups: listed.groups.clone() })
    }

    /// Removes a family, and tells nlctrl's group. ENOENT if it is not there, EBUSY while one of its handlers or dumps
    /// runs: the module behind it must stay.
    #[doc(alias = "genl_unregister_family")]
    pub fn unregister(&self, registered: &Registered) -> Result<(), Nack> {
        let mut state = self.lock();
        state.engine.unregister(registered.key)?;
        let handlers = state.handlers.remove(&registered.key);
        self.wake(state);
        // What they own may call this kernel side when it is dropped: not under its lock.
        drop(handlers);
        Ok(())
    }

    /// Adds a protocol that families may then be part of; EEXIST if it is there.
    #[doc(alias = "netlink_kernel_create")]
    pub fn register_protocol(&self, protocol: Protocol, info: ProtocolInfo) -> Result<(), Nack> {
        Ok(self.lock().engine.register_protocol(protocol, info)?)
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
        Arc::new(endpoint::InProcess::new(self.clone(), credentials, NetNs::default()))
    }

    /// A raw socket to this kernel side, privileged.
    pub fn socket(&self, protocol: Protocol) -> Result<Socket, Nack> {
        self.socket_as(protocol, self.administrator())
    }

    /// A raw socket of somebody else.
    pub fn socket_as(&self, protocol: Protocol, credentials: Credentials) -> Result<Socket, Nack> {
        let endpoint = endpoint::PortEndpoint::open(self, protocol, credentials, NetNs::default())?;
        Ok(Socket::over(Arc::new(endpoint)))
    }

    /// The open sockets, by protocol, then port: what `/proc/net/netlink` tells of Linux's.
    pub fn sockets(&self) -> Vec<SocketState> {
        self.lock().engine.sockets()
    }

    /// Credentials of an administrator: this process, as whoever owns the kernel side.
    pub fn administrator(&self) -> Credentials {
        Credentials { uid: self.0.owner, ..crate::socket::this_process() }
    }

    /// Sends an event to its group; true if anybody got it.
    #[doc(alias = "genlmsg_multicast")]
    pub fn notify<N: wire::Notify>(&self, event: N, body: &N::Body) -> bool {
        self.notify_in(NetNs::default(), event, body)
    }

    /// The same in a network namespace.
    #[doc(alias = "genlmsg_multicast_netns")]
    pub fn notify_in<N: wire::Notify>(&self, ns: NetNs, _: N, body: &N::Body) -> bool {
        let Some((family, group)) = self.group_of::<N>() else { return false };
        let protocol = <N::Family as wire::Family>::PROTOCOL;
        if !self.lock().engine.has_listeners(protocol, group) {
            return false;
        }
        let header = Header::new(MessageType::default(), Flags::NONE);
        let Ok(bytes) = chunk::message_bytes(&family, N::ID, header, &|w| body.encode(w)) else { return false };
        self.multicast(ns, protocol, group, 0, Arc::new(bytes))
    }

    /// Sends a message of an op's, unasked, to one port; sequence and port are 0, as in all that the kernel says first.
    ///
    /// ECONNREFUSED if there is no such port, EAGAIN if it has no room.
    #[doc(alias = "genlmsg_unicast")]
    #[doc(alias = "nlmsg_unicast")]
    pub fn unicast<N: wire::Notify>(&self, port: u32, _: N, body: &N::Body) -> Result<(), Nack> {
        let protocol = <N::Family as wire::Family>::PROTOCOL;
        let family = self.family_of::<N>().ok_or(Nack::new(Errno::ENOENT))?;
        let header = Header::new(MessageType::default(), Flags::NONE);
        let bytes = chunk::message_bytes(&family, N::ID, header, &|w| body.encode(w))?;
        let mut state = self.lock();
        let sent = state.engine.unicast(NetNs::default(), protocol, port, bytes);
        self.wake(state);
        Ok(sent?)
    }

    /// Makes it misbehave, so that clients can be tested.
    pub fn faults(&self) -> Faults<'_> {
        Faults::of(self)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // No handler runs under the lock, so a poisoned one guards a state that is whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn family_of<N: wire::Notify>(&self) -> Option<Arc<Listed>> {
        let info = <N::Family as wire::Family>::INFO;
        let state = self.lock();
        match info.protocol {
            Protocol::GENERIC => state.engine.family(info.name).cloned(),
            protocol => state.engine.families_of(protocol).find(|listed| listed.table.name == info.name).cloned(),
        }
    }

    fn group_of<N: wire::Notify>(&self) -> Option<(Arc<Listed>, u32)> {
        let family = self.family_of::<N>()?;
        let group = family.groups.iter().find(|(name, _)| name == N::GROUP.name).map(|(_, number)| *number)?;
        Some((family, group))
    }

    fn multicast(&self, ns: NetNs, protocol: Protocol, group: u32, except: u32, bytes: Arc<Vec<u8>>) -> bool {
        let mut state = self.lock();
        let sent = state.engine.multicast(ns, protocol, group, except, bytes);
        self.wake(state);
        sent.is_ok()
    }

    fn push(&self, port: PortKey, bytes: Vec<u8>) -> Result<(), Errno> {
        self.push_of_group(port, 0, bytes)
    }

    fn push_of_group(&self, port: PortKey, group: u32, bytes: Vec<u8>) -> Result<(), Errno> {
        let mut state = self.lock();
        let pushed = state.engine.push_of_group(port, group, bytes);
        self.wake(state);
        pushed
    }

    /// Sends a datagram from an open socket, and runs what it asks for in this thread.
    pub(crate) fn deliver(
        &self,
        key: PortKey,
        by: &Credentials,
        to: Option<Address>,
        bytes: &[u8],
    ) -> Result<usize, Errno> {
        let mut state = self.lock();
        let delivered = state.engine.deliver(key, by, to, bytes);
        // What is refused may have reached a group before.
        if let Ok(ticket) = delivered {
            state = self.settle(state, ticket);
        }
        self.wake(state);
        delivered.map(|_| bytes.len())
    }

    /// Closes a socket, and ends its dump in this thread.
    pub(crate) fn close(&self, key: PortKey) {
        let mut state = self.lock();
        state.waiters.remove(&key);
        if let Some(ticket) = state.engine.close(key) {
            state = self.settle(state, ticket);
        }
        self.wake(state);
    }

    /// Tells those who wait for ports that became readable, and unlocks.
    pub(crate) fn wake(&self, mut state: MutexGuard<'_, State>) {
        let mut calls = Vec::new();
        for port in state.engine.take_ready() {
            match state.waiters.get(&port) {
                Some(Waiter::Threads { condvar, waiting }) if *waiting > 0 => condvar.notify_all(),
                Some(Waiter::Callback(call)) => calls.push(call.clone()),
                _ => {}
            }
        }
        drop(state);
        calls.iter().for_each(|call| call());
    }

    /// Runs what a caller's own send or receive waits for, in this thread, until it is finished.
    pub(crate) fn settle<'k>(&'k self, mut state: MutexGuard<'k, State>, ticket: Ticket) -> MutexGuard<'k, State> {
        while !state.engine.is_finished(ticket) {
            let Some(work) = state.engine.work_of(ticket) else {
                let mut holders = nested::holders(self).into_iter();
                if let Some(work) = holders.find_map(|holder| state.engine.work_within(ticket, holder)) {
                    let id = work.id;
                    self.wake(state);
                    let outcome = self.refuse_nested(work);
                    state = self.lock();
                    state.engine.complete(id, outcome);
                    continue;
                }
                if state.engine.has_ready() {
                    // What is queued already can be read meanwhile.
                    self.wake(state);
                    state = self.lock();
                    continue;
                }
                // Another thread holds the lock that our work needs, or runs it.
                state.stalled = state.stalled.saturating_add(1);
                state = self.0.progress.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.stalled = state.stalled.saturating_sub(1);
                continue;
            };
            let ops = state.handlers.get(&work.request.family.key).cloned();
            let delay = state.engine.faults.delays();
            self.wake(state);
            if let Some(delay) = delay {
                std::thread::sleep(delay);
            }
            let id = work.id;
            let running = work.serialised.then(|| Running::begin(self, id));
            let outcome = self.run(work, ops.as_deref());
            drop(running);
            state = self.lock();
            state.engine.complete(id, outcome);
            if state.stalled > 0 {
                self.0.progress.notify_all();
            }
        }
        state
    }

    /// Runs one piece of work. A handler that panics has refused with EFAULT: its sender must not wait for ever.
    fn run(&self, work: Work, ops: Option<&Vec<raw::Op>>) -> Outcome {
        let request = work.request;
        let generation = Cell::new(0);
        let mut ctx = Ctx::new(self, &request, &generation);
        let op = ops.and_then(|ops| ops.get(request.op));
        let gone = || Nack::new(Errno::EOPNOTSUPP);
        match work.task {
            Task::Do => {
                let handler = op.and_then(|op| op.doit.as_ref());
                let done = judge(&request).and_then(|warning| {
                    let reply = catch_unwind(AssertUnwindSafe(|| handler.ok_or_else(gone)?(&mut ctx)));
                    let warning = ctx.warning().or(warning);
                    match reply.unwrap_or_else(|_| panicked()) {
                        Ok(reply) => Ok((reply, warning)),
                        Err(nack) => Err(nack.or_message(warning)),
                    }
                });
                match done {
                    Ok((reply, warning)) => Outcome::Did { reply, answer: Ok(()), warning },
                    Err(nack) => Outcome::Did { reply: None, answer: Err(nack), warning: None },
                }
            }
            Task::DumpStart => Outcome::Started(judge(&request).and_then(|warning| {
                let dump = op.and_then(|op| op.dump.as_ref()).ok_or_else(gone)?;
                let started = catch_unwind(AssertUnwindSafe(|| (dump.start)(&mut ctx)));
                started.unwrap_or_else(|_| panicked()).map_err(|nack| nack.or_message(warning))
            })),
            Task::DumpFill(mut fill) => {
                generation.set(fill.generation);
                let mut chunk = vec![0; fill.room];
                let number = op.map_or(0, |op| op.reply);
                let mut out = Chunk::new(&mut chunk, &request, number, &generation, fill.generation, fill.tear);
                let filled = op.and_then(|op| op.dump.as_ref()).ok_or_else(gone).and_then(|dump| {
                    let fill = AssertUnwindSafe(|| (dump.fill)(&mut fill.cursor, &mut out, &mut ctx));
                    catch_unwind(fill).unwrap_or_else(|_| panicked())
                });
                let (len, generation, torn) = out.finish();
                chunk.truncate(len);
                let filled = match filled {
                    Ok(Fill::More) => Filled::More,
                    Ok(Fill::Done) => Filled::Done,
                    Err(nack) => Filled::Failed(nack),
                };
                Outcome::Filled { cursor: fill.cursor, chunk, filled, generation, torn }
            }
            Task::DumpDone(cursor) => {
                let done = op.and_then(|op| op.dump.as_ref()).and_then(|dump| dump.done.as_ref());
                let _ = catch_unwind(AssertUnwindSafe(|| match done {
                    Some(done) => done(cursor),
                    None => drop(cursor),
                }));
                Outcome::Ended
            }
        }
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

fn panicked<T>() -> Result<T, Nack> {
    Err(Nack::new(Errno::EFAULT).with_message("the handler panicked"))
}

/// Judges a request by its policy.
// net/netlink/genetlink.c: genl_family_rcv_msg_attrs_parse
fn judge(request: &Request) -> Result<Option<&'static str>, Nack> {
    let Some(policy) = request.mode.policy else { return Ok(None) };
    let start = request.attrs_start();
    let attrs: RawAttrs<'_> = request.attrs();
    match policy.validate(attrs, request.mode.strictness) {
        Ok(warning) => Ok(warning.map(|warning| warning.message)),
        Err(reject) => Err(Nack::from_reject(&reject, start)),
    }
}
