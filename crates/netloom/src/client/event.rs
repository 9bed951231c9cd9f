//! What a kernel side says unasked.

use std::fmt;
use std::sync::Arc;

use netloom_wire::{Body, FixedHeader, GenlHeader, Header, Message as _, Protocol, RawAttrs, RawMessage, align};

use crate::socket::{Address, Received};

/// A message that nobody asked for: sent to a group, or by a kernel side that speaks first.
///
/// [`Event::get`] reads it as one of the notifications it may be.
#[derive(Clone)]
pub struct Event {
    protocol: Protocol,
    family: Option<Arc<str>>,
    source: Address,
    group: Option<u32>,
    nsid: Option<i32>,
    bytes: Box<[u8]>,
}

impl Event {
    pub(crate) fn new(protocol: Protocol, message: &RawMessage<'_>, source: Address, received: &Received) -> Self {
        let (group, nsid) = (received.group, received.namespace);
        Self { protocol, family: None, source, group, nsid, bytes: message.bytes.into() }
    }

    /// Names the family, which a message holds only as a number.
    pub(crate) fn of_family(mut self, family: Option<Arc<str>>) -> Self {
        self.family = family;
        self
    }

    /// The event as `op`'s notification; `None` if it is another's, or not the kernel's.
    ///
    /// ```no_run
    /// # use netloom::client::Connection;
    /// # fn said<Said: netloom::wire::Notify>(said: Said) -> netloom::Result<()> where Said::Body: std::fmt::Debug {
    /// for event in Connection::open()?.subscribe(&[Said::GROUP])? {
    ///     if let Some(body) = event?.get(said) {
    ///         println!("{body:?}");
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn get<O: netloom_wire::Event>(&self, _: O) -> Option<O::Body> {
        let family = <O::Family as netloom_wire::Family>::INFO;
        // Between user programs, whoever may send to the group is as good as any.
        let trusted = self.is_from_kernel() || self.protocol == Protocol::USERSOCK;
        if self.protocol != family.protocol || !trusted {
            return None;
        }
        if self.protocol == Protocol::GENERIC && self.family.as_deref() != Some(family.name) {
            return None;
        }
        let of_op = self.number() == Some(O::ID);
        of_op.then(|| Some(O::Body::decode(self.body()?, &mut ())))?
    }

    /// The number of the notification: the generic netlink command, or the message type of another protocol.
    pub fn number(&self) -> Option<u16> {
        match self.protocol {
            Protocol::GENERIC => Some(GenlHeader::read(self.payload())?.cmd.into()),
            _ => Some(Header::read(&self.bytes)?.kind.0),
        }
    }

    /// The family's name, if it is a generic netlink one that the connection knows.
    pub fn family(&self) -> Option<&str> {
        self.family.as_deref()
    }

    /// The header of the message.
    pub fn header(&self) -> Header {
        Header::read(&self.bytes).unwrap_or_default()
    }

    /// What follows the header; of generic netlink, its header first.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(Header::LEN..).unwrap_or_default()
    }

    /// The attributes behind `fixed` bytes of the family's own header.
    pub fn attrs(&self, fixed: usize) -> RawAttrs<'_> {
        let genl = if self.protocol == Protocol::GENERIC { GenlHeader::LEN } else { 0 };
        RawAttrs::new(self.payload().get(genl.saturating_add(align(fixed))..).unwrap_or_default())
    }

    /// The whole message, header included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Who sent it.
    pub fn source(&self) -> Address {
        self.source
    }

    /// Whether the kernel sent it, rather than another program.
    pub fn is_from_kernel(&self) -> bool {
        self.source.port == 0
    }

    /// The group that it was sent to, by number; `None` if it was sent to our port.
    pub fn group(&self) -> Option<u32> {
        self.group
    }

    /// The network namespace that it comes from, by the id that it has in the socket's own: of a subscription to
    /// [all of them](super::Subscription::all_namespaces). `None` of the socket's own namespace.
    #[cfg_attr(
        feature = "rtnetlink",
        doc = "\n\nWhich namespace has which id, [`rtnetlink::nsid`](crate::rtnetlink::nsid) tells."
    )]
    #[doc(alias = "NETLINK_LISTEN_ALL_NSID")]
    pub fn nsid(&self) -> Option<i32> {
        self.nsid
    }

    fn body<H: FixedHeader>(&self) -> Option<Body<'_, H>> {
        let genl = if self.protocol == Protocol::GENERIC { GenlHeader::LEN } else { 0 };
        Body::read(self.payload().get(genl..)?)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a secret among them.
        let (family, payload) = (self.family().unwrap_or_default(), self.payload().len());
        write!(f, "Event({}, {family:?}, {:?}, {payload} bytes, group {:?}", self.protocol, self.header(), self.group)?;
        self.nsid.map_or(Ok(()), |nsid| write!(f, ", namespace {nsid}"))?;
        f.write_str(")")
    }
}
