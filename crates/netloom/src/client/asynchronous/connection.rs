//! A connection whose methods are futures.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use netloom_wire::{self as wire, Do, Encode, Group, Protocol};

use super::line::Line;
use super::runtime::Runtime;
use super::uevents::Uevents;
use super::unsolicited::Unsolicited;
use crate::Result;
use crate::client::Watchable;
use crate::client::by_protocol::ByProtocol;
use crate::client::hooks::Ears;
use crate::client::names;
use crate::client::shared::{Settings, Shared};
use crate::client::{
    Batch, Builder, Dialer, Dump, Event, Follow, Hooks, RawRequest, Request, Resolved, StrayCount, Subscription, Watch,
};

/// A connection to a kernel side, whose calls, dumps and events are waited for in tasks.
///
/// It is what [`client::Connection`](crate::client::Connection) is, method by method, and keeps the same rules; but calls of
/// many tasks are under way at once on the one socket of their protocol. A request is sent when its future is polled, and a
/// kernel answers before it lets the sender go, so that the usual call waits for nothing (but now and then for other tasks).
///
/// A future that is dropped cancels what it waits for: the kernel side may have done it all the same, its late answer
/// counts as a [stray](StrayCount::stale), and the connection goes on. Nothing runs in the background, neither threads nor
/// tasks. Opening a socket, joining a group and closing a dump are done on the spot, as system calls are; a kernel side in
/// this process runs its handlers in the task that asks.
pub struct Connection<R: Runtime> {
    hub: Arc<Hub<R>>,
}

struct Hub<R: Runtime> {
    shared: Arc<Shared>,
    lines: ByProtocol<Line<R>>,
    /// Calls since the last one that let others have their turn.
    breath: AtomicU32,
}

impl<R: Runtime> Connection<R> {
    /// Connects to the Linux kernel underneath, in the network namespace of the calling thread: generic netlink,
    /// extended acknowledgements and strict checking on, calls bounded by [`Builder::TIMEOUT`].
    ///
    /// Nothing is opened yet; what fails, fails with the first call.
    #[cfg(target_os = "linux")]
    pub fn open() -> Result<Self> {
        Self::with(Builder::default())
    }

    /// Connects to the kernel side that `dialer` dials.
    pub fn over(dialer: Arc<dyn Dialer>) -> Self {
        Self::settled(Settings::over(dialer))
    }

    /// A connection with other settings.
    ///
    /// ```
    /// # #[cfg(feature = "async-io")] {
    /// use std::time::Duration;
    /// use netloom::Connection;
    /// let nl = netloom::async_io::Connection::with(Connection::builder().timeout(Duration::from_secs(1)))?;
    /// # }
    /// # Ok::<(), netloom::Error>(())
    /// ```
    pub fn with(builder: Builder) -> Result<Self> {
        let connection = Self::settled(builder.settle()?);
        if connection.shared().port != 0 {
            connection.port()?;
        }
        Ok(connection)
    }

    fn settled(mut settings: Settings) -> Self {
        settings.setup.detached = true;
        let (lines, breath) = (ByProtocol::new(), AtomicU32::new(1));
        Self { hub: Arc::new(Hub { shared: Shared::new(settings), lines, breath }) }
    }

    /// Does an op and returns its reply: see [`client::Connection::call`](crate::client::Connection::call).
    pub async fn call<O: Do>(&self, op: O, request: &impl Encode<O::Request>) -> Result<O::Reply> {
        self.request(op, request).reply().await
    }

    /// An op to be done with flags, another timeout, or for more than its reply.
    #[inline]
    pub fn request<'r, O: Do, Q: Encode<O::Request>>(&'r self, _: O, request: &'r Q) -> Request<'r, O, Self, Q> {
        Request::new(self, request)
    }

    /// Many requests in few sends: see [`client::Connection::batch`](crate::client::Connection::batch).
    pub fn batch(&self) -> Batch<Self> {
        Batch::new(self.clone())
    }

    /// Dumps an op's objects on a socket of its own: see [`client::Connection::dump`](crate::client::Connection::dump).
    pub async fn dump<O: wire::Dump>(&self, _: O, request: &O::Request) -> Result<Dump<O, Self>> {
        Dump::start(self, request).await
    }

    /// Joins groups, all of one protocol, on a socket of its own, and hears their events from now on.
    pub async fn subscribe(&self, groups: &[Group]) -> Result<Subscription<Self>> {
        Subscription::open(self, groups).await
    }

    /// A table of what there is of a kind, kept true by events: see [`client::Watch`](crate::client::Watch).
    pub async fn watch<W: Watchable>(&self, of: W) -> Result<Watch<W, Self>> {
        Watch::open(self, of).await
    }

    /// The objects that an op dumps, then the events of these groups, without a gap between them: see
    /// [`client::Follow`](crate::client::Follow).
    pub async fn follow<O: wire::Dump>(&self, _: O, request: &O::Request, groups: &[Group]) -> Result<Follow<O, Self>> {
        Follow::open(self, request, groups).await
    }

    /// What happens to devices, from now on: see
    /// [`client::Connection::uevents`](crate::client::Connection::uevents).
    pub fn uevents(&self) -> Result<Uevents<R>> {
        Uevents::open(self)
    }

    /// A request built from numbers and bytes: of the generic netlink family with this id ([`Connection::family`]), or
    /// of this message type where the connection's protocol is another.
    pub fn request_raw(&self, kind: u16) -> RawRequest<'_, Self> {
        RawRequest::new(self, self.shared(), kind)
    }

    /// The answer to something that the kernel side asked this connection: a message of the same type and sequence, from the
    /// same port.
    pub fn answer_to(&self, question: &Event) -> RawRequest<'_, Self> {
        RawRequest::answering(self, self.shared(), question)
    }

    /// The generic netlink family of this name: its id, version and groups. Asked for once, then remembered until the kernel
    /// side does not know the id any more.
    pub async fn family(&self, name: &str) -> Result<Arc<Resolved>> {
        names::family(self, name).await
    }

    /// Makes the call socket of the connection's protocol hear a group, by number: its events come by
    /// [`Connection::unsolicited`].
    pub fn join(&self, group: u32) -> Result<()> {
        self.line(self.shared().protocol)?.ready().socket().join(group)
    }

    /// Undoes [`Connection::join`].
    pub fn leave(&self, group: u32) -> Result<()> {
        self.line(self.shared().protocol)?.ready().socket().leave(group)
    }

    /// What comes to the call socket of the connection's protocol and answers nothing: what the kernel side says first,
    /// and the groups joined by [`Connection::join`].
    pub fn unsolicited(&self) -> Result<Unsolicited<R>> {
        Unsolicited::open(self)
    }

    /// This connection as two halves of one port, for two tasks: what requests, and what receives whatever the kernel side
    /// says first.
    pub fn split(self) -> Result<(Self, Unsolicited<R>)> {
        let heard = self.unsolicited()?;
        Ok((self, heard))
    }

    /// The hooks of this connection and all that comes of it. They run in the task that reads, and must not wait.
    pub fn hooks(&self) -> &Hooks {
        &self.shared().hooks
    }

    /// The port id of the call socket of the connection's protocol.
    pub fn port(&self) -> Result<u32> {
        Ok(self.line(self.shared().protocol)?.port)
    }

    /// How many messages answered nothing, by kind, on the sockets for calls and dumps.
    pub fn strays(&self) -> StrayCount {
        self.shared().stray_count()
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.hub.shared
    }

    /// The call socket of a protocol, opened if it is not yet.
    #[inline]
    pub(super) fn line(&self, protocol: Protocol) -> Result<&Line<R>> {
        let shared = self.shared();
        self.hub.lines.of(protocol, || Ok(Line::new(shared.open_call_lane(protocol)?, shared.strays(protocol))))
    }

    /// The hooks of a call on this line, if any is set.
    #[inline]
    pub(super) fn ears(&self, protocol: Protocol, line: &Line<R>) -> Option<Ears<'_>> {
        let shared = self.shared();
        if shared.hooks.is_any_set() { Some(shared.ears_of(protocol, line.id())) } else { None }
    }

    /// Lets other tasks have their turn, now and then: calls that wait for nothing would never.
    pub(super) async fn breathe(&self) {
        const NOW_AND_THEN: u32 = 64;
        if !self.hub.breath.fetch_add(1, Ordering::Relaxed).is_multiple_of(NOW_AND_THEN) {
            return;
        }
        let mut breathed = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut breathed, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl<R: Runtime> Clone for Connection<R> {
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone() }
    }
}

impl<R: Runtime> fmt::Debug for Connection<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({}, {:?})", self.shared().protocol, self.shared().dialer)
    }
}
