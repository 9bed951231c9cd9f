//! Events of groups.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use netloom_wire::{Errno, Group, MessageType, Protocol, messages};

use super::connection::Connection;
use super::event::Event;
use super::hooks::{Ears, Flow};
use super::lane::Lane;
use super::names::{DELFAMILY, FAMILY_ID, NLCTRL, Resolved, renew};
use super::shared::Shared;
use super::shell::Shell;
use crate::Result;
use crate::error::{Cause, Error};
use crate::socket::{Opt, Received, RecvFlags, Socket, Wake, retry};

/// The events of some groups, from when it was opened on; see [`Connection::subscribe`].
///
/// As an [`Iterator`], in a task as a `Stream`, it waits for events for ever. When the kernel side sends faster than they are
/// read, events get lost: an item that [`is_overrun`](Error::is_overrun) says so, and the stream goes on. A `next` of a task
/// that is dropped has taken nothing.
///
/// ```no_run
/// use netloom::Connection;
/// use netloom::wire::{Group, Protocol};
/// let notify = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };
/// for event in Connection::open()?.subscribe(&[notify])? {
///     match event {
///         Ok(event) => println!("command {:?}: {:?}", event.number(), event.attrs(0)),
///         Err(error) if error.is_overrun() => println!("some were lost; read the state anew"),
///         Err(error) => return Err(error),
///     }
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
pub struct Subscription<C: Shell = Connection> {
    inbox: Inbox,
    vigil: C::Vigil,
}

impl<C: Shell> Subscription<C> {
    pub(super) async fn open(nl: &C, groups: &[Group]) -> Result<Self> {
        let usage = |instead| Err(Error::new("subscribe", Cause::Usage(instead)));
        let Some(first) = groups.first() else { return usage("no group to hear: name one") };
        let protocol = first.protocol;
        if groups.iter().any(|group| group.protocol != protocol) {
            return usage("groups of different protocols: subscribe once for each protocol");
        }
        let socket = nl.shared().open_socket(protocol)?;
        socket.set(Opt::PktInfo, 1)?;
        let mut families = Vec::new();
        for name in names(groups) {
            families.push(renew(nl, name).await.map_err(|error| error.of("subscribe"))?);
        }
        let numbers = groups.iter().map(|group| number(&families, group)).collect::<Result<Vec<_>>>()?;
        for (number, group) in numbers.into_iter().zip(groups) {
            socket.join(number).map_err(|error| error.of(format!("{} group {}", group.family, group.name)))?;
        }
        let vigil = C::vigil(&socket);
        Ok(Self { inbox: Inbox::new(nl.shared().clone(), protocol, socket), vigil })
    }

    /// Hears the same groups of all network namespaces that have an id in this one, too; [`Event::nsid`] tells the id.
    ///
    /// ```no_run
    /// use netloom::families::rt_link::RTNLGRP_LINK;
    /// use netloom::rtnetlink::nsid;
    /// use netloom::{Connection, Netns};
    /// let nl = Connection::open()?;
    /// let blue = nsid::ensure(&nl, Netns::named("blue"))?;
    /// for event in nl.subscribe(&[RTNLGRP_LINK])?.all_namespaces()? {
    ///     if event?.nsid() == Some(blue) {
    ///         println!("a link there has changed");
    ///     }
    /// }
    /// # Ok::<(), netloom::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// EPERM without CAP_NET_BROADCAST. Which namespaces are heard takes it, too, in the user namespace of each: of others
    /// nothing is heard.
    #[doc(alias = "NETLINK_LISTEN_ALL_NSID")]
    pub fn all_namespaces(self) -> Result<Self> {
        self.inbox.socket.set(Opt::ListenAllNsid, 1).map_err(|error| match error.errno() {
            Some(Errno::EPERM) => {
                let action = "hearing all network namespaces takes CAP_NET_BROADCAST in the user namespace that owns this one \
                              (run as root?)";
                Error::system(action, Errno::EPERM)
            }
            _ => error,
        })?;
        Ok(self)
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Event>> {
        self.inbox.next(RecvFlags::DONTWAIT, None)
    }

    /// The socket, to poll. One datagram may hold several events: when it is readable, [`Subscription::try_next`] until
    /// `None`.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.inbox.socket.as_fd()
    }

    /// The socket itself: to join further groups, or to set its receive buffer.
    pub fn socket(&self) -> &Socket {
        &self.inbox.socket
    }

    pub(super) async fn event(&mut self, deadline: Option<Instant>) -> Option<Result<Event>> {
        C::event(&mut self.inbox, &mut self.vigil, deadline).await
    }

    pub(super) fn is_closed(&self) -> bool {
        self.inbox.wake.get().is_some_and(|wake| wake.is_closed())
    }
}

impl Subscription {
    /// The next event, waiting no longer than `timeout`; `None` if none came.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<Event>> {
        self.inbox.next(RecvFlags::NONE, Instant::now().checked_add(timeout))
    }

    /// Ends its waiting, from any thread.
    pub fn closer(&self) -> Closer {
        Closer(self.inbox.wake().clone())
    }
}

impl Iterator for Subscription {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inbox.next(RecvFlags::NONE, None)
    }
}

impl<C: Shell> fmt::Debug for Subscription<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({}, {:?})", self.inbox.protocol, self.inbox.socket)
    }
}

/// Closes a [`Subscription`], [`Unsolicited`](super::Unsolicited) or [`Watch`](super::Watch) from another thread. Clones are handles to the same one.
///
/// ```
/// use std::thread;
/// use netloom::Connection;
/// use netloom::wire::{Group, Protocol};
/// let notify = Group { family: "nlctrl", name: "notify", protocol: Protocol::GENERIC, number: None };
/// let events = Connection::open()?.subscribe(&[notify])?;
/// let closer = events.closer();
/// let reader = thread::spawn(move || events.count());
/// closer.close();
/// reader.join().unwrap();
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Closer(pub(super) Arc<Wake>);

impl Closer {
    /// Wakes whoever waits, for good: there is no next item, but for those that were kept already.
    pub fn close(&self) {
        self.0.close();
    }
}

/// The families of these groups, each once. They are asked for anew: to join the number that a group had before its family
/// went and came back is no error, and nothing would ever be heard.
pub(super) fn names(groups: &[Group]) -> Vec<&'static str> {
    let generic = groups.iter().filter(|group| group.protocol == Protocol::GENERIC);
    let mut names: Vec<&'static str> = Vec::new();
    for group in generic {
        if !names.contains(&group.family) {
            names.push(group.family);
        }
    }
    names
}

/// Names an event's family, and minds families that go.
pub(super) fn name(shared: &Shared, event: Event) -> Event {
    let names = &shared.names;
    let kind = event.header().kind.0;
    if event.is_from_kernel()
        && kind == NLCTRL
        && event.number() == Some(DELFAMILY)
        && let Some(id) = event.attrs(0).last(FAMILY_ID).and_then(|id| id.read::<u16>())
    {
        names.forget(id);
    }
    event.of_family(names.name(kind))
}

/// The number of a group, its family being among these if it is of generic netlink.
fn number(families: &[Arc<Resolved>], group: &Group) -> Result<u32> {
    let family = families.iter().find(|family| *family.name == *group.family);
    let known = group.number.or_else(|| family?.group(group.name));
    known.ok_or_else(|| match group.protocol {
        Protocol::GENERIC => Error::new("subscribe", Cause::NoGroup(group.family.into(), group.name.into())),
        _ => {
            let numbers = Cause::Usage("groups of this protocol go by number, and this one has none");
            Error::new(format!("{} group {}", group.family, group.name), numbers)
        }
    })
}

/// A socket whose messages are taken one by one.
pub(super) struct Inbox {
    shared: Arc<Shared>,
    protocol: Protocol,
    socket: Socket,
    buf: Vec<u8>,
    received: Received,
    read: usize,
    /// Nothing will come any more.
    pub(super) broken: bool,
    /// There once a closer was asked for.
    wake: OnceLock<Arc<Wake>>,
}

impl Inbox {
    fn new(shared: Arc<Shared>, protocol: Protocol, socket: Socket) -> Self {
        // An event that is cut is lost.
        let (buf, received) = (vec![0; Lane::ANSWER], Received::default());
        Self { shared, protocol, socket, buf, received, read: 0, broken: false, wake: OnceLock::new() }
    }

    fn wake(&self) -> &Arc<Wake> {
        self.wake.get_or_init(|| Wake::new(&self.socket))
    }

    /// The next event; `None` if none comes in time, or none will come any more.
    pub(super) fn next(&mut self, flags: RecvFlags, deadline: Option<Instant>) -> Option<Result<Event>> {
        while !self.broken {
            let rest = self.buf.get(self.read..self.received.len.min(self.buf.len())).unwrap_or_default();
            let mut walk = messages(rest);
            let message = walk.next();
            if let Some(message) = message {
                self.read = self.read.saturating_add(walk.offset());
                if message.is_err() {
                    self.read = self.received.len;
                }
                let source = self.received.source;
                match self.ears().map_or(Flow::Next, |ears| ears.event(message, source)) {
                    Flow::Next => {}
                    Flow::Skip => continue,
                    Flow::Stop => return Some(Err(Error::new("event", Cause::Stopped))),
                }
                match message {
                    Ok(message) if message.header.kind == MessageType::NOOP => continue,
                    Ok(message) => {
                        let event = Event::new(self.protocol, &message, source, &self.received);
                        return Some(Ok(name(&self.shared, event)));
                    }
                    Err(malformed) => return Some(Err(Error::new("event", Cause::Malformed(malformed)))),
                }
            }
            (self.received.len, self.read) = (0, 0);
            match self.receive(flags, deadline) {
                Ok(received) if received.truncated => {
                    let room = received.len.next_power_of_two().max(self.buf.len());
                    self.buf.resize(room, 0);
                    return Some(Err(Error::new("event", Cause::Truncated(received.len))));
                }
                Ok(received) => self.received = received,
                Err(Errno::EAGAIN) => return None,
                Err(Errno::ENOBUFS) => {
                    let stopped = self.ears().is_some_and(|ears| ears.lost() == Flow::Stop);
                    return Some(Err(Error::new("event", if stopped { Cause::Stopped } else { Cause::Overrun })));
                }
                Err(errno) => {
                    self.broken = true;
                    return Some(Err(Error::system("receive", errno)));
                }
            }
        }
        None
    }

    fn ears(&self) -> Option<Ears<'_>> {
        self.shared.ears(self.protocol, None)
    }

    /// Takes a datagram; EAGAIN, too, if it was closed.
    fn receive(&mut self, flags: RecvFlags, deadline: Option<Instant>) -> std::result::Result<Received, Errno> {
        let endpoint = self.socket.endpoint();
        let Some(wake) = self.wake.get() else { return retry(|| endpoint.recv(&mut self.buf, flags, deadline)) };
        loop {
            match retry(|| endpoint.recv(&mut self.buf, RecvFlags::DONTWAIT, None)) {
                Err(Errno::EAGAIN) if !flags.contains(RecvFlags::DONTWAIT) => {}
                done => return done,
            }
            if wake.is_closed() || !retry(|| endpoint.wait(deadline, wake))? {
                return Err(Errno::EAGAIN);
            }
        }
    }
}
