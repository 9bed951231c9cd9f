//! A connection to a kernel side.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use netloom_wire::{self as wire, Do, Family, Group, Protocol};

use super::Dialer;
use super::builder::Builder;
use super::dump::Dump;
use super::event::Event;
use super::hooks::{self, Ears, Hooks};
use super::lane::{Lane, Setup};
use super::mailbox::Mailbox;
use super::names::{Names, Resolved};
use super::raw::RawRequest;
use super::request::Request;
use super::strays::{StrayCount, Strays};
use super::subscription::Subscription;
use super::unsolicited::Unsolicited;
use super::watch::Watch;
use crate::Result;
use crate::error::{Cause, Error};
use crate::socket::Socket;

/// A connection to a kernel side: Linux, unless the [builder](Connection::builder) or
/// [`Connection::over`] say otherwise.
///
/// All methods take `&self`, from any thread; clones are handles to the same connection. Sockets are opened as they are
/// needed: one for calls per protocol, where calls from several threads wait for each other; one for each running dump,
/// so that calls inside of its loop work; one for each subscription.
///
/// ```
/// use netloom::Connection;
/// let nl = Connection::open()?;
/// // nlctrl is the family that knows all families, 0x10 its fixed id.
/// assert_eq!(nl.family("nlctrl")?.id, 0x10);
/// # Ok::<(), netloom::Error>(())
/// ```
#[doc(alias = "nl_close")]
#[doc(alias = "nl_sock")]
#[derive(Clone)]
pub struct Connection {
    pub(super) shared: Arc<Shared>,
}

impl Connection {
    /// Connects to the Linux kernel underneath, in the network namespace of the calling thread: generic netlink,
    /// extended acknowledgements and strict checking on, calls bounded by [`Builder::TIMEOUT`].
    ///
    /// Nothing is opened yet; what fails, fails with the first call.
    #[doc(alias = "genlmsg_open")]
    #[doc(alias = "nl_socket_alloc")]
    #[doc(alias = "nl_connect")]
    #[cfg(target_os = "linux")]
    pub fn open() -> Result<Self> {
        Self::builder().open()
    }

    /// Connects to the kernel side that `dialer` dials.
    pub fn over(dialer: Arc<dyn Dialer>) -> Self {
        Self::with(dialer, Protocol::GENERIC, 0, Some(Builder::TIMEOUT), Setup { strict: true, receive_buffer: None })
    }

    /// A connection with other settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn with(
        dialer: Arc<dyn Dialer>,
        protocol: Protocol,
        port: u32,
        timeout: Option<Duration>,
        setup: Setup,
    ) -> Self {
        let channels = [const { OnceLock::new() }; Protocol::COUNT];
        let strays = [const { OnceLock::new() }; Protocol::COUNT];
        let (names, hooks) = (Names::default(), Hooks::default());
        let (opening, idle) = (Mutex::default(), Mutex::default());
        let room = AtomicUsize::new(Lane::ANSWER);
        let shared =
            Shared { dialer, protocol, port, timeout, setup, names, hooks, channels, strays, opening, idle, room };
        Self { shared: Arc::new(shared) }
    }

    /// Does an op and returns its reply.
    ///
    /// An op with a reply is sent without NLM_F_ACK, the reply being the answer: half of what the kernel would send is
    /// saved. What it says on success besides (a warning) takes an acknowledgement: [`Request::ack`]. Other ops ask for
    /// one by themselves.
    ///
    /// # Errors
    ///
    /// What the kernel side refuses, with its errno, its words, and the path of the attribute that is wrong; a family
    /// that it does not have; a timeout; a reply or request that got lost or does not fit.
    pub fn call<O: Do>(&self, op: O, request: &O::Request) -> Result<O::Reply> {
        self.request(op, request).reply()
    }

    /// An op to be done with flags, another timeout, or for more than its reply.
    ///
    /// ```no_run
    /// # use netloom::client::Connection;
    /// # fn create<Newlink: netloom::wire::Do>(nl: &Connection, op: Newlink, link: &Newlink::Request) -> netloom::Result<()> {
    /// nl.request(op, link).create().excl().send()?;
    /// # Ok(()) }
    /// ```
    pub fn request<'r, O: Do>(&'r self, _: O, request: &'r O::Request) -> Request<'r, O> {
        Request::new(self, request)
    }

    /// Dumps an op's objects: an iterator that reads a datagram at a time, on a socket of its own.
    ///
    /// A dump that got torn yields all its objects and then, as its last item, an error that
    /// [`is_interrupted`](crate::Error::is_interrupted); [`Dump::consistent`] collects and retries instead.
    ///
    /// # Errors
    ///
    /// What the kernel side refuses at the start. What fails later is the last item.
    #[doc(alias = "dumpRequest")]
    pub fn dump<O: wire::Dump>(&self, _: O, request: &O::Request) -> Result<Dump<O>> {
        Dump::start(self, request)
    }

    /// Joins groups, all of one protocol, on a socket of its own, and hears their events from now on.
    ///
    /// # Errors
    ///
    /// A family or group that the kernel side does not have; EPERM where the group takes a privilege.
    #[doc(alias = "registerGroup")]
    pub fn subscribe(&self, groups: &[Group]) -> Result<Subscription> {
        Subscription::open(self, groups)
    }

    /// The objects that an op dumps, then the events of these groups, all of one protocol, without a gap between them.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::subscribe`] and [`Connection::dump`].
    pub fn watch<O: wire::Dump>(&self, op: O, request: &O::Request, groups: &[Group]) -> Result<Watch<O>> {
        Watch::open(self, op, request, groups)
    }

    /// A request built from numbers and bytes: of the generic netlink family with this id ([`Connection::family`]), or
    /// of this message type where the connection's protocol is another.
    ///
    /// ```
    /// use netloom::Connection;
    /// // CTRL_CMD_GETFAMILY of nlctrl, CTRL_ATTR_FAMILY_NAME.
    /// let answer = Connection::open()?.request_raw(0x10).cmd(3).version(1).attr(2, b"nlctrl\0").send()?;
    /// let reply = &answer.replies[0];
    /// assert_eq!(reply.attrs(0).first(1).unwrap().read::<u16>(), Some(0x10));
    /// # Ok::<(), netloom::Error>(())
    /// ```
    #[doc(alias = "genlmsg_send")]
    #[doc(alias = "genlmsg_recv")]
    #[doc(alias = "genlmsg_dispatch")]
    pub fn request_raw(&self, kind: u16) -> RawRequest<'_> {
        RawRequest::new(self, kind)
    }

    /// The answer to something that the kernel side asked this connection, heard by [`Connection::unsolicited`]: a message of
    /// the same type and sequence, from the same port. [`RawRequest::post`] sends it.
    ///
    /// ```no_run
    /// use netloom::Connection;
    /// let (nl, heard) = Connection::open()?.split()?;
    /// for question in heard {
    ///     nl.answer_to(&question?).attr(1, b"yes\0").post()?;
    /// }
    /// # Ok::<(), netloom::Error>(())
    /// ```
    pub fn answer_to(&self, question: &Event) -> RawRequest<'_> {
        RawRequest::answering(self, question)
    }

    /// The generic netlink family of this name: its id, version and groups. Asked for once, then remembered until the kernel
    /// side does not know the id any more.
    #[doc(alias = "genl_ctrl_resolve")]
    #[doc(alias = "CTRL_CMD_GETFAMILY")]
    #[doc(alias = "genlmsg_get_family_id")]
    pub fn family(&self, name: &str) -> Result<Arc<Resolved>> {
        self.shared.names.resolve(self, name)
    }

    /// Makes the call socket of the connection's protocol hear a group, by number: its events come by
    /// [`Connection::unsolicited`].
    #[doc(alias = "registerGroup")]
    pub fn join(&self, group: u32) -> Result<()> {
        self.shared.channel(self.shared.protocol)?.socket().join(group)
    }

    /// Undoes [`Connection::join`].
    pub fn leave(&self, group: u32) -> Result<()> {
        self.shared.channel(self.shared.protocol)?.socket().leave(group)
    }

    /// What comes to the call socket of the connection's protocol and answers nothing: what the kernel side says first,
    /// and the groups joined by [`Connection::join`].
    pub fn unsolicited(&self) -> Result<Unsolicited> {
        Unsolicited::open(self)
    }

    /// This connection as two halves of one port, for two threads: what requests, and what receives whatever the kernel side
    /// says first. Requests and their answers go on while the receiving half waits; what comes between the answers is its,
    /// in order, and nothing gets lost but as an overrun that is told.
    ///
    /// ```no_run
    /// use netloom::Connection;
    /// let (nl, heard) = Connection::open()?.split()?;
    /// let closer = heard.closer();
    /// let listener = std::thread::spawn(move || heard.filter(Result::is_ok).count());
    /// nl.family("nlctrl")?;
    /// closer.close();
    /// println!("heard {} messages", listener.join().unwrap());
    /// # Ok::<(), netloom::Error>(())
    /// ```
    pub fn split(self) -> Result<(Self, Unsolicited)> {
        let heard = self.unsolicited()?;
        Ok((self, heard))
    }

    /// The hooks of this connection and all that comes of it: asked about each message, they may change its fate.
    #[doc(alias = "nl_socket_set_cb")]
    #[doc(alias = "nl_socket_alloc_cb")]
    #[doc(alias = "nl_socket_get_cb")]
    pub fn hooks(&self) -> &Hooks {
        &self.shared.hooks
    }

    /// The port id of the call socket of the connection's protocol.
    #[doc(alias = "nl_socket_get_local_port")]
    #[doc(alias = "s_local")]
    pub fn port(&self) -> Result<u32> {
        Ok(self.shared.channel(self.shared.protocol)?.port)
    }

    /// How many messages answered nothing, by kind, on the sockets for calls and dumps.
    pub fn strays(&self) -> StrayCount {
        let counts = self.shared.strays.iter().filter_map(OnceLock::get).map(|strays| strays.count());
        counts.fold(StrayCount::default(), StrayCount::plus)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({}, {:?})", self.shared.protocol, self.shared.dialer)
    }
}

/// What the handles of a connection share.
pub(super) struct Shared {
    dialer: Arc<dyn Dialer>,
    pub(super) protocol: Protocol,
    port: u32,
    pub(super) timeout: Option<Duration>,
    setup: Setup,
    pub(super) names: Names,
    pub(super) hooks: Hooks,
    channels: [OnceLock<Channel>; Protocol::COUNT],
    strays: [OnceLock<Arc<Strays>>; Protocol::COUNT],
    /// Held while a channel is opened, so that nobody opens it twice.
    opening: Mutex<()>,
    /// Lanes of dumps that have ended.
    idle: Mutex<Vec<(Protocol, Lane)>>,
    /// Room for answers that new lanes begin with.
    room: AtomicUsize,
}

/// The call socket of a protocol.
pub(super) struct Channel {
    pub(super) port: u32,
    lane: Mutex<Lane>,
    pub(super) strays: Arc<Strays>,
    pub(super) mailbox: Arc<Mailbox>,
    socket: Socket,
}

impl Channel {
    /// Waits until nobody else calls.
    #[inline]
    pub(super) fn lane(&self) -> Result<MutexGuard<'_, Lane>> {
        match self.try_lane() {
            Some(lane) => Ok(lane),
            None => self.wait_for_lane(),
        }
    }

    /// The lane if nobody calls.
    #[inline]
    pub(super) fn try_lane(&self) -> Option<MutexGuard<'_, Lane>> {
        match self.lane.try_lock() {
            Ok(lane) => Some(lane),
            // A panic inside a call leaves buffers and a sequence number, which the next call sets anew.
            Err(TryLockError::Poisoned(lane)) => Some(lane.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    #[cold]
    fn wait_for_lane(&self) -> Result<MutexGuard<'_, Lane>> {
        if hooks::is_inside(self.lane_id()) {
            let instead = "a hook runs inside of a call and cannot wait for another one on the same socket: use another \
                           connection, or call afterwards";
            return Err(Error::new("", Cause::Usage(instead)));
        }
        Ok(self.lane.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lane_id(&self) -> usize {
        std::ptr::from_ref(&self.lane) as usize
    }

    /// The socket, to be waited on or set up while others call.
    pub(super) const fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl Shared {
    /// Idle lanes kept for the next dump.
    const IDLE: usize = 4;

    /// The hooks, if any is set; of a call on this channel, or of what holds no call's lane.
    #[inline]
    pub(super) fn ears(&self, protocol: Protocol, channel: Option<&Channel>) -> Option<Ears<'_>> {
        if !self.hooks.is_any_set() {
            return None;
        }
        let lane = channel.map_or(0, Channel::lane_id);
        Some(Ears { hooks: &self.hooks, names: &self.names, protocol, lane })
    }

    /// The call socket of a protocol, opened if it is not yet.
    #[inline]
    pub(super) fn channel(&self, protocol: Protocol) -> Result<&Channel> {
        let place = self.channels.get(usize::from(protocol.number()));
        match place.and_then(OnceLock::get) {
            Some(channel) => Ok(channel),
            None => self.open_channel(protocol),
        }
    }

    #[cold]
    fn open_channel(&self, protocol: Protocol) -> Result<&Channel> {
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(place) = self.channels.get(usize::from(protocol.number())) else {
            return Err(Error::system("socket", wire::Errno::EPROTONOSUPPORT));
        };
        if let Some(channel) = place.get() {
            return Ok(channel);
        }
        let port = if protocol == self.protocol { self.port } else { 0 };
        let mut lane = self.open_lane(protocol, port)?;
        let (port, socket, strays) = (lane.port, lane.socket.clone(), self.strays(protocol));
        let mailbox = lane.share(strays.clone());
        Ok(place.get_or_init(|| Channel { port, lane: Mutex::new(lane), strays, mailbox, socket }))
    }

    /// Where the strays of a protocol's sockets go.
    pub(super) fn strays(&self, protocol: Protocol) -> Arc<Strays> {
        let fresh = || Arc::new(Strays::new(protocol));
        let place = self.strays.get(usize::from(protocol.number()));
        place.map_or_else(fresh, |place| place.get_or_init(fresh).clone())
    }

    /// A lane for a dump.
    pub(super) fn take_lane(&self, protocol: Protocol) -> Result<Lane> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let found = idle.iter().position(|(of, _)| *of == protocol);
        match found {
            Some(place) => Ok(idle.swap_remove(place).1),
            None => {
                drop(idle);
                self.open_lane(protocol, 0)
            }
        }
    }

    /// Takes a lane back whose dump has ended.
    pub(super) fn give_lane(&self, protocol: Protocol, lane: Lane) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < Self::IDLE {
            idle.push((protocol, lane));
        }
    }

    /// Has the lanes to come begin with room for answers of so many bytes, an answer having been lost for want of it.
    pub(super) fn make_room(&self, bytes: usize) {
        self.room.fetch_max(bytes.next_power_of_two(), Ordering::Relaxed);
    }

    fn open_lane(&self, protocol: Protocol, port: u32) -> Result<Lane> {
        Lane::new(self.dialer.open(protocol)?, self.setup, self.timeout, port, self.room.load(Ordering::Relaxed))
    }

    /// A fresh socket, bound, for a subscription.
    pub(super) fn open_socket(&self, protocol: Protocol) -> Result<Socket> {
        Ok(self.open_lane(protocol, 0)?.socket)
    }
}

/// The family a marker belongs to, in one word.
pub(super) struct FamilyOf<O>(PhantomData<O>);

impl<O: wire::Op> FamilyOf<O> {
    pub(super) const PROTOCOL: Protocol = <O::Family as Family>::PROTOCOL;
    pub(super) const GENERIC: bool = Self::PROTOCOL.number() == Protocol::GENERIC.number();
    pub(super) const NAME: &'static str = <O::Family as Family>::NAME;
    pub(super) const VERSION: u8 = <O::Family as Family>::VERSION;
    pub(super) const ANY_SEQUENCE: bool = <O::Family as Family>::INFO.reply_seq_any;
    /// Bytes between the message's header and the attributes.
    pub(super) const FIXED: usize = {
        let genl = if Self::GENERIC { wire::GenlHeader::LEN } else { 0 };
        genl.saturating_add(<<O::Family as Family>::Header as wire::FixedHeader>::SIZE)
    };
}
