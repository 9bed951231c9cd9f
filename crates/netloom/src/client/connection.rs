//! A connection to a kernel side.

use std::fmt;
use std::sync::Arc;

use netloom_wire::{self as wire, Do, Encode, Group};

use super::Dialer;
use super::batch::Batch;
use super::builder::Builder;
use super::dump::Dump;
use super::event::Event;
use super::follow::Follow;
use super::hooks::Hooks;
use super::names::{self, Resolved};
use super::raw::RawRequest;
use super::request::Request;
use super::shared::{Settings, Shared};
use super::shell::at_once;
use super::strays::StrayCount;
use super::subscription::Subscription;
use super::unsolicited::Unsolicited;
use super::watch::Watch;
use super::watchable::Watchable;
use crate::{Result, uevent};

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
        Self { shared: Shared::new(Settings::over(dialer)) }
    }

    /// A connection with other settings.
    pub fn builder() -> Builder {
        Builder::default()
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
    pub fn call<O: Do>(&self, op: O, request: &impl Encode<O::Request>) -> Result<O::Reply> {
        self.request(op, request).reply()
    }

    /// An op to be done with flags, another timeout, or for more than its reply.
    ///
    /// What it is asked is its request's struct, or a tuple of header and attributes, which are written in place
    /// ([`Encode`]): for changes by the hundred thousand.
    ///
    /// ```no_run
    /// use netloom::Connection;
    /// use netloom::families::rt_route::{Newroute, RouteAttr, Rtmsg};
    /// # fn header() -> Rtmsg { Rtmsg::default() }
    /// let nl = Connection::open()?;
    /// let via = RouteAttr::Gateway([192, 0, 2, 2].into());
    /// nl.request(Newroute, &(header(), [RouteAttr::Dst([10, 0, 0, 0].into()), via])).create().send()?;
    /// # Ok::<(), netloom::Error>(())
    /// ```
    ///
    /// ```no_run
    /// # use netloom::client::Connection;
    /// # fn create<Newlink: netloom::wire::Do>(nl: &Connection, op: Newlink, link: &Newlink::Request) -> netloom::Result<()> {
    /// nl.request(op, link).create().excl().send()?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn request<'r, O: Do, Q: Encode<O::Request>>(&'r self, _: O, request: &'r Q) -> Request<'r, O, Self, Q> {
        Request::new(self, request)
    }

    /// Many requests in few sends: for changes by the hundred, at up to twice the rate of calls. It has a socket of its own, so that
    /// calls go on meanwhile.
    ///
    /// ```
    /// use netloom::Connection;
    /// use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
    /// let nl = Connection::open()?;
    /// let mut batch = nl.batch();
    /// let known = batch.push(nl.request(Getfamily, &CtrlAttrs::new().family_name("nlctrl")))?;
    /// batch.push(nl.request(Getfamily, &CtrlAttrs::new().family_name("no_such")))?;
    /// let outcomes = batch.send()?;
    /// assert_eq!(outcomes.reply(known)?.family_id, Some(0x10));
    /// for (index, error) in outcomes.failures() {
    ///     assert!(index == 1 && error.is_not_found());
    /// }
    /// # Ok::<(), netloom::Error>(())
    /// ```
    #[doc(alias = "sendmmsg")]
    #[doc(alias = "mnl_nlmsg_batch_start")]
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
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
        at_once(Dump::start(self, request))
    }

    /// Joins groups, all of one protocol, on a socket of its own, and hears their events from now on.
    ///
    /// # Errors
    ///
    /// A family or group that the kernel side does not have; EPERM where the group takes a privilege.
    #[doc(alias = "registerGroup")]
    pub fn subscribe(&self, groups: &[Group]) -> Result<Subscription> {
        at_once(Subscription::open(self, groups))
    }

    /// A table of what there is of a kind, kept true by events: [links](crate::rtnetlink::Links),
    /// [addresses](crate::rtnetlink::Addresses), [routes](crate::rtnetlink::Routes),
    /// [neighbours](crate::rtnetlink::Neighbours), [rules](crate::rtnetlink::Rules), or any [`Watchable`] of one's own.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::subscribe`] and [`Connection::dump`].
    pub fn watch<W: Watchable>(&self, of: W) -> Result<Watch<W>> {
        at_once(Watch::open(self, of))
    }

    /// The objects that an op dumps, then the events of these groups, all of one protocol, without a gap between them.
    /// Nothing is kept: [`Connection::watch`] keeps a table.
    ///
    /// # Errors
    ///
    /// Those of [`Connection::subscribe`] and [`Connection::dump`].
    pub fn follow<O: wire::Dump>(&self, _: O, request: &O::Request, groups: &[Group]) -> Result<Follow<O>> {
        at_once(Follow::open(self, request, groups))
    }

    /// What happens to devices, from now on: of Linux, those of the connection's network namespace.
    ///
    /// # Errors
    ///
    /// EPROTONOSUPPORT if the kernel side does not tell.
    #[doc(alias = "NETLINK_KOBJECT_UEVENT")]
    pub fn uevents(&self) -> Result<uevent::Events> {
        uevent::Events::over(self.shared.open_socket(uevent::PROTOCOL)?)
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
        RawRequest::new(self, &self.shared, kind)
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
        RawRequest::answering(self, &self.shared, question)
    }

    /// The generic netlink family of this name: its id, version and groups. Asked for once, then remembered until the kernel
    /// side does not know the id any more.
    #[doc(alias = "genl_ctrl_resolve")]
    #[doc(alias = "CTRL_CMD_GETFAMILY")]
    #[doc(alias = "genlmsg_get_family_id")]
    pub fn family(&self, name: &str) -> Result<Arc<Resolved>> {
        at_once(names::family(self, name))
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
        self.shared.stray_count()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({}, {:?})", self.shared.protocol, self.shared.dialer)
    }
}
