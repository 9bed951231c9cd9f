//! The contract between the two ends: what a family, an op and a message are, as types and as data.

use core::fmt;
use core::ops::BitOr;

use crate::schema::StructInfo;
use crate::{Bad, Full, Policy, Protocol, RawAttrs, Schema, Strictness, Writer};

/// A family: a generic netlink one, or the part of another protocol that one spec describes.
///
/// A zero-sized marker implements it; [`Family::INFO`] holds the same as data, for what works without types.
pub trait Family: Copy + Default + 'static {
    /// Its name on the wire (generic netlink) or in its spec.
    const NAME: &'static str = Self::INFO.name;
    /// Its version, as the kernel side sends it.
    const VERSION: u8 = Self::INFO.version;
    /// The protocol that carries it.
    const PROTOCOL: Protocol = Self::INFO.protocol;
    /// The family's fixed part behind the (generic) netlink header; `()` for most. An [`Op`] may have another one.
    type Header: FixedHeader;
    /// All of it as data.
    const INFO: &'static FamilyInfo;
}

/// A C structure of fixed layout: a family's header, or a binary attribute's value.
///
/// [`c_struct!`](crate::c_struct) implements it.
#[doc(alias = "userhdr")]
pub trait FixedHeader: Copy + fmt::Debug + Default + PartialEq + Send + Sync + 'static {
    /// Its size in bytes.
    #[doc(alias = "hdrsize")]
    const SIZE: usize;
    /// Its layout as data.
    const INFO: &'static StructInfo;
    /// Reads it from the start of `bytes`, as if zeros followed them.
    fn read_some(bytes: &[u8]) -> Self;
    /// Writes it, all [`FixedHeader::SIZE`] bytes.
    fn write(&self, w: &mut Writer<'_>) -> Result<(), Full>;
    /// Reads it from the start of `bytes`; `None` if there are fewer than [`FixedHeader::SIZE`].
    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= Self::SIZE).then(|| Self::read_some(bytes))
    }
}

impl FixedHeader for () {
    const SIZE: usize = 0;
    const INFO: &'static StructInfo = &StructInfo { name: "", members: &[], size: 0 };
    #[inline]
    fn read_some(_: &[u8]) {}
    #[inline]
    fn write(&self, _: &mut Writer<'_>) -> Result<(), Full> {
        Ok(())
    }
}

/// An op of a family: a zero-sized marker that both ends are generic over.
pub trait Op: Copy + Default + 'static {
    /// The family it belongs to.
    type Family: Family;
    /// What stands in front of its messages' attributes: the family's header, but for a few ops of raw families.
    type Header: FixedHeader;
    /// Its name in the spec.
    const NAME: &'static str;
}

/// An op that can be done: one request, one reply or none.
#[doc(alias = "doit")]
pub trait Do: Op {
    /// What is asked.
    type Request: Message<Header = <Self as Op>::Header>;
    /// What comes back, behind the family's header; `()` where nothing but the acknowledgement does.
    type Reply: Message;
    /// The request's number: the generic netlink command, or the message type of another protocol.
    const REQUEST: u16;
    /// The reply's number; `None` where there is no reply.
    const REPLY: Option<u16>;
    /// What the kernel side accepts.
    const POLICY: &'static Policy;
}

/// An op that can be dumped: one request, any number of objects.
#[doc(alias = "dumpit")]
pub trait Dump: Op {
    /// What is asked.
    type Request: Message<Header = <Self as Op>::Header>;
    /// One object.
    type Reply: Message<Header = <Self as Op>::Header>;
    /// The request's number.
    const REQUEST: u16;
    /// The objects' number.
    const REPLY: u16;
    /// What the kernel side accepts.
    const POLICY: &'static Policy;
}

/// A message that the kernel side sends unasked: to one port, or, if it is a [`Notify`], to a group.
#[doc(alias = "upcall")]
pub trait Event: Op {
    /// What it holds.
    type Body: Message<Header = <Self as Op>::Header>;
    /// Its number.
    const ID: u16;
}

/// An event that goes to a group.
pub trait Notify: Event {
    /// The group it goes to.
    const GROUP: Group;
}

/// What stands behind the (generic) netlink header: a family header and attributes.
///
/// Decoding is total: it always returns the value. Only a header that is too short is an error, and that is
/// [`Body::read`]'s.
pub trait Message: Clone + fmt::Debug {
    /// The family's fixed part.
    type Header: FixedHeader;
    /// Writes header and attributes.
    fn encode(&self, w: &mut Writer<'_>) -> Result<(), Full>;
    /// Reads the message; `bad` is told of each ill-formed attribute.
    fn decode(body: Body<'_, Self::Header>, bad: &mut dyn Bad) -> Self;
    /// The same into a value that is there, which forgets what it held and keeps the memory of its lists.
    #[inline]
    fn decode_over(&mut self, body: Body<'_, Self::Header>, bad: &mut dyn Bad) {
        *self = Self::decode(body, bad);
    }
}

/// Nothing: a request without attributes, a reply that never comes.
impl Message for () {
    type Header = ();
    fn encode(&self, _: &mut Writer<'_>) -> Result<(), Full> {
        Ok(())
    }
    fn decode(_: Body<'_, ()>, _: &mut dyn Bad) {}
}

/// A message's body in its datagram: the family's header, read, and the attributes, not read yet.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a, H> {
    /// The family's header.
    pub header: H,
    /// The attributes behind it.
    pub attrs: RawAttrs<'a>,
}

impl<'a, H: FixedHeader> Body<'a, H> {
    /// Splits `bytes` (what follows the netlink or generic netlink header); `None` if they are shorter than the
    /// family's header. Attributes begin at the next multiple of 4.
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = H::read(bytes)?;
        Some(Self { header, attrs: RawAttrs::new(bytes.get(crate::align(H::SIZE)..).unwrap_or_default()) })
    }
}

/// A multicast group of a family.
#[doc(alias = "genl_multicast_group")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The family that owns it, by name.
    pub family: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The protocol whose sockets join it.
    pub protocol: Protocol,
    /// Its number, where the protocol fixes it; generic netlink gives numbers at registration.
    pub number: Option<u32>,
}

/// A family as data.
#[derive(Clone, Copy, Debug)]
pub struct FamilyInfo {
    /// Its name on the wire (generic netlink) or in its spec.
    pub name: &'static str,
    /// Its version.
    pub version: u8,
    /// The protocol that carries it.
    pub protocol: Protocol,
    /// The layout of the family's header; of size 0 if there is none. See [`FamilyInfo::header_of`].
    pub header: &'static StructInfo,
    /// Its ops, in the order of their numbers.
    pub ops: &'static [OpInfo],
    /// Its groups.
    pub groups: &'static [Group],
    /// How objects that arrive in several messages are put together.
    pub merges: &'static [MergeInfo],
    /// Ops from this number on have their headers checked strictly; 0 is all of them.
    pub resv_start_op: u16,
    /// The family-wide highest attribute id that nlctrl tells; 0 where policies belong to ops.
    #[doc(alias = "maxattr")]
    pub max_attr: u16,
    /// Whether replies to this family's requests may carry sequence 0 or another port.
    pub reply_seq_any: bool,
}

impl FamilyInfo {
    /// The op of this name.
    pub fn op(&self, name: &str) -> Option<&'static OpInfo> {
        self.ops.iter().find(|op| op.name == name)
    }

    /// What stands in front of the attributes in an op's messages.
    pub fn header_of(&self, op: &OpInfo) -> &'static StructInfo {
        op.header.unwrap_or(self.header)
    }
}

/// An op as data.
#[doc(alias = "genl_ops")]
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// Its name in the spec.
    pub name: &'static str,
    /// What the caller needs.
    pub flags: OpFlags,
    /// What stands in front of its messages' attributes, where that is not the family's header.
    pub header: Option<&'static StructInfo>,
    /// How it is done, if it can be.
    pub doit: Option<ModeInfo>,
    /// How it is dumped, if it can be.
    pub dump: Option<ModeInfo>,
    /// How it is sent to a group, if it is.
    pub notify: Option<NotifyInfo>,
}

impl OpInfo {
    /// The number of its requests, or of its notification if it has none.
    pub fn number(&self) -> Option<u16> {
        let mode = self.doit.or(self.dump).map(|mode| mode.request);
        mode.or(self.notify.map(|notify| notify.id))
    }
}

/// One way of an op: do or dump.
#[derive(Clone, Copy, Debug)]
pub struct ModeInfo {
    /// The request's number.
    pub request: u16,
    /// The reply's number; `None` where there is none.
    pub reply: Option<u16>,
    /// The set that a request's attributes come from.
    pub asks: &'static Schema,
    /// The set that a reply's attributes come from.
    pub answers: &'static Schema,
    /// What the kernel side accepts.
    pub policy: &'static Policy,
    /// How strictly it judges: [`Strictness::STRICT`] but for ops older than that.
    pub strictness: Strictness,
}

/// A notification.
#[derive(Clone, Copy, Debug)]
pub struct NotifyInfo {
    /// Its number.
    pub id: u16,
    /// The set that its attributes come from.
    pub body: &'static Schema,
    /// The group it goes to; `None` where the spec does not say.
    pub group: Option<Group>,
}

/// How the messages of one object are put together: the list `list` of later messages goes on where the earlier ones
/// ended, and elements that agree in `key` are one, their own lists (`inner`) put together.
#[derive(Clone, Copy, Debug)]
pub struct MergeInfo {
    /// The dump whose objects it concerns.
    pub op: &'static str,
    /// The attribute that holds the list.
    pub list: &'static str,
    /// The attribute of an element that tells it.
    pub key: &'static str,
    /// The lists inside an element that are put together.
    pub inner: &'static [&'static str],
}

/// What an op demands of its caller, and what nlctrl tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpFlags(pub u32);

impl OpFlags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The caller needs CAP_NET_ADMIN in the initial user namespace.
    #[doc(alias = "GENL_ADMIN_PERM")]
    pub const ADMIN_PERM: Self = Self(1);
    /// The op can be done.
    #[doc(alias = "GENL_CMD_CAP_DO")]
    pub const CAP_DO: Self = Self(2);
    /// The op can be dumped.
    #[doc(alias = "GENL_CMD_CAP_DUMP")]
    pub const CAP_DUMP: Self = Self(4);
    /// The op has a policy.
    #[doc(alias = "GENL_CMD_CAP_HASPOL")]
    pub const CAP_HASPOL: Self = Self(8);
    /// The caller needs CAP_NET_ADMIN in the user namespace of the socket's network namespace.
    #[doc(alias = "GENL_UNS_ADMIN_PERM")]
    pub const UNS_ADMIN_PERM: Self = Self(0x10);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits together; `|` in constants.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for OpFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}
