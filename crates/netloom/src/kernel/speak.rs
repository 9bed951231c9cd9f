//! The kernel side speaks first: to one port, to a group, and to ask.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use netloom_wire::{Errno, Event, Family, Flags, Full, Header, Message, MessageType, Notify, Protocol, Writer};

use super::chunk::message_bytes;
use super::engine::{Listed, NetNs};
use super::{Kernel, Nack, Registered};

impl Kernel {
    /// Sends an event to its group; true if anybody got it.
    #[doc(alias = "genlmsg_multicast")]
    #[doc(alias = "nlmsg_multicast")]
    pub fn notify<N: Notify>(&self, event: N, body: &N::Body) -> bool {
        self.notify_in(NetNs::default(), event, body)
    }

    /// The same in a network namespace.
    #[doc(alias = "genlmsg_multicast_netns")]
    pub fn notify_in<N: Notify>(&self, ns: NetNs, _: N, body: &N::Body) -> bool {
        let Some((family, group)) = self.group_of::<N>() else { return false };
        let protocol = <N::Family as Family>::PROTOCOL;
        if !self.engine().has_listeners(protocol, group) {
            return false;
        }
        let Ok(bytes) = unasked(&family, N::ID, &|w| body.encode(w)) else { return false };
        self.multicast(ns, protocol, group, 0, Arc::new(bytes))
    }

    /// Sends an event to one port, unasked; sequence and port are 0, as in all that the kernel says first.
    ///
    /// ENOENT if its family is not registered, ECONNREFUSED if there is no such port, EAGAIN if it has no room.
    #[doc(alias = "genlmsg_unicast")]
    #[doc(alias = "nlmsg_unicast")]
    pub fn unicast<E: Event>(&self, port: u32, _: E, body: &E::Body) -> Result<(), Nack> {
        let family = self.family_of::<E>().ok_or(Nack::new(Errno::ENOENT))?;
        let bytes = unasked(&family, E::ID, &|w| body.encode(w))?;
        self.unicast_raw(<E::Family as Family>::PROTOCOL, port, bytes)
    }

    /// Sends a datagram, whatever is in it, to one port; see [`Registered::message`] for a family by hand.
    ///
    /// ECONNREFUSED if there is no such port, EAGAIN if it has no room.
    #[doc(alias = "netlink_unicast")]
    pub fn unicast_raw(&self, protocol: Protocol, port: u32, bytes: Vec<u8>) -> Result<(), Nack> {
        Ok(self.engine().unicast(NetNs::default(), protocol, port, bytes)?)
    }

    /// Sends a datagram, whatever is in it, to a group, by number; true if anybody got it.
    #[doc(alias = "netlink_broadcast")]
    pub fn multicast_raw(&self, protocol: Protocol, group: u32, bytes: Vec<u8>) -> bool {
        self.multicast_raw_in(NetNs::default(), protocol, group, bytes)
    }

    /// The same in a network namespace.
    pub fn multicast_raw_in(&self, ns: NetNs, protocol: Protocol, group: u32, bytes: Vec<u8>) -> bool {
        self.multicast(ns, protocol, group, 0, Arc::new(bytes))
    }

    /// Whether anybody listens to a group, by number, in any network namespace.
    #[doc(alias = "netlink_has_listeners")]
    pub fn has_listeners(&self, protocol: Protocol, group: u32) -> bool {
        self.engine().has_listeners(protocol, group)
    }

    /// Asks a user: sends one message to a port, under a sequence number of the kernel side's own, and waits until that
    /// port sends something under the same number, on the same socket. What it sends meets no handler and, if it asks for
    /// that, is acknowledged; other datagrams go their usual way meanwhile.
    ///
    /// A handler that asks its own requester asks a thread that waits for it: another one must answer.
    ///
    /// EINVAL if `message` is not one whole message, ECONNREFUSED if there is no such port, EAGAIN if it has no room,
    /// ECONNRESET if it closes instead of answering, ETIMEDOUT if no answer comes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use netloom::kernel::{Config, Kernel};
    /// use netloom::socket::Address;
    /// use netloom::wire::{Flags, Header, MessageType, Protocol, messages};
    ///
    /// let (kernel, protocol) = (Kernel::new(), Protocol::new(31).unwrap());
    /// kernel.register_protocol(protocol, Config::new().input(|_| ()))?;
    /// let user = kernel.socket(protocol)?;
    /// user.bind(Address::port(7))?;
    /// std::thread::spawn(move || -> netloom::Result<()> {
    ///     let mut buf = Vec::new();
    ///     let received = user.recv_msg(&mut buf)?;
    ///     let question = messages(&buf[..received.len]).flatten().next().unwrap();
    ///     user.send(&Header { seq: question.header.seq, ..Header::new(MessageType(0x31), Flags::NONE) }.message(b"yes"))?;
    ///     Ok(())
    /// });
    /// let question = Header::new(MessageType(0x30), Flags::NONE).message(b"are you there?");
    /// let answer = kernel.ask(protocol, 7, question, Duration::from_secs(10))?;
    /// assert_eq!(Header::read(&answer).map(|header| header.kind), Some(MessageType(0x31)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ask(&self, protocol: Protocol, port: u32, message: Vec<u8>, timeout: Duration) -> Result<Vec<u8>, Nack> {
        let deadline = Instant::now().checked_add(timeout);
        let engine = self.engine();
        let ask = engine.ask(NetNs::default(), protocol, port, message)?;
        let open = engine.find(ask.port).ok_or(Nack::new(Errno::ECONNRESET))?;
        let mut port = open.hold();
        loop {
            if let Some(answer) = engine.answer_to(&mut port, ask)? {
                return Ok(answer);
            }
            let left = deadline.map_or(timeout, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                drop(port);
                engine.drop_ask(ask);
                return Err(Nack::new(Errno::ETIMEDOUT));
            }
            port = open.wait(port, Some(left));
        }
    }

    pub(super) fn family_of<E: Event>(&self) -> Option<Arc<Listed>> {
        let info = <E::Family as Family>::INFO;
        match info.protocol {
            Protocol::GENERIC => self.engine().family(info.name),
            protocol => {
                let mut families = self.engine().families_of(protocol).into_iter();
                families.find(|listed| listed.table.name == info.name)
            }
        }
    }

    pub(super) fn group_of<N: Notify>(&self) -> Option<(Arc<Listed>, u32)> {
        let family = self.family_of::<N>()?;
        let group = family.groups.iter().find(|(name, _)| name == N::GROUP.name).map(|(_, number)| *number)?;
        Some((family, group))
    }

    pub(super) fn multicast(
        &self,
        ns: NetNs,
        protocol: Protocol,
        group: u32,
        except: u32,
        bytes: Arc<Vec<u8>>,
    ) -> bool {
        self.engine().multicast(ns, protocol, group, except, bytes).is_ok()
    }
}

impl Registered {
    /// A message of the family's that nobody asked for: headers, whose flags, sequence and port are 0, and what `body`
    /// writes behind them, a header of the family's own first.
    ///
    /// EMSGSIZE if it does not fit.
    #[doc(alias = "genlmsg_put")]
    pub fn message(&self, number: u16, body: impl Fn(&mut Writer<'_>) -> Result<(), Full>) -> Result<Vec<u8>, Nack> {
        Ok(unasked(&self.listed, number, &body)?)
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.listed.table.name;
        f.debug_struct("Registered").field("name", name).field("id", &self.id).field("groups", &self.groups).finish()
    }
}

pub(super) fn unasked(
    family: &Listed,
    number: u16,
    body: &dyn Fn(&mut Writer<'_>) -> Result<(), Full>,
) -> Result<Vec<u8>, Full> {
    message_bytes(family, number, Header::new(MessageType::default(), Flags::NONE), body)
}
