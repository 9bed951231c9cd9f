//! The two fixed headers: `nlmsghdr` and `genlmsghdr`.

use core::fmt;
use core::ops::{BitAnd, BitOr, BitOrAssign, Not};

/// The header of every netlink message, 16 bytes, in the machine's byte order.
///
/// Source: `linux/netlink.h`.
#[doc(alias = "nlmsghdr")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Length of the message in bytes, this header included and the padding behind the message not.
    #[doc(alias = "nlmsg_len")]
    pub len: u32,
    /// What the payload is: a control type below 16, else what the protocol says (generic netlink: the family's id).
    #[doc(alias = "nlmsg_type")]
    pub kind: MessageType,
    /// Flags; those from 0x100 up mean different things for different verbs.
    #[doc(alias = "nlmsg_flags")]
    pub flags: Flags,
    /// Sequence number: an answer repeats its request's.
    #[doc(alias = "nlmsg_seq")]
    pub seq: u32,
    /// Port id. In an answer the requester's; in a request nobody checks it. It is not a process id.
    #[doc(alias = "nlmsg_pid")]
    pub port: u32,
}

impl Header {
    /// Bytes that a header takes.
    #[doc(alias = "NLMSG_HDRLEN")]
    pub const LEN: usize = 16;

    /// A header of this type and these flags; length, sequence and port are zero until somebody knows them.
    pub const fn new(kind: MessageType, flags: Flags) -> Self {
        Self { len: 0, kind, flags, seq: 0, port: 0 }
    }

    /// Reads the header at the start of `bytes`; `None` if there are fewer than 16.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let b = bytes.first_chunk::<16>()?;
        let [l0, l1, l2, l3, t0, t1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3] = *b;
        Some(Self {
            len: u32::from_ne_bytes([l0, l1, l2, l3]),
            kind: MessageType(u16::from_ne_bytes([t0, t1])),
            flags: Flags(u16::from_ne_bytes([f0, f1])),
            seq: u32::from_ne_bytes([s0, s1, s2, s3]),
            port: u32::from_ne_bytes([p0, p1, p2, p3]),
        })
    }

    /// A whole message: this header, its length set, in front of `payload`, padded.
    ///
    /// ```
    /// use netloom_wire::{Flags, Header, MessageType};
    /// let message = Header::new(MessageType(0x20), Flags::REQUEST).message(b"hello");
    /// assert_eq!((message.len(), Header::read(&message).map(|header| header.len)), (24, Some(21)));
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias = "nlmsg_append")]
    pub fn message(self, payload: &[u8]) -> alloc::vec::Vec<u8> {
        let len = Self::LEN.saturating_add(payload.len());
        let header = Self { len: u32::try_from(len).unwrap_or(u32::MAX), ..self };
        let mut bytes = alloc::vec::Vec::with_capacity(crate::align(len));
        bytes.extend_from_slice(&header.to_bytes());
        bytes.extend_from_slice(payload);
        bytes.resize(crate::align(len), 0);
        bytes
    }

    /// The header's bytes.
    #[inline]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let [l0, l1, l2, l3] = self.len.to_ne_bytes();
        let [t0, t1] = self.kind.0.to_ne_bytes();
        let [f0, f1] = self.flags.0.to_ne_bytes();
        let [s0, s1, s2, s3] = self.seq.to_ne_bytes();
        let [p0, p1, p2, p3] = self.port.to_ne_bytes();
        [l0, l1, l2, l3, t0, t1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3]
    }
}

/// The type field of a message header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageType(pub u16);

impl MessageType {
    /// Nothing; to be skipped.
    #[doc(alias = "NLMSG_NOOP")]
    pub const NOOP: Self = Self(1);
    /// An error, or with errno 0 an acknowledgement.
    #[doc(alias = "NLMSG_ERROR")]
    pub const ERROR: Self = Self(2);
    /// The end of a dump; carries the dump's errno.
    #[doc(alias = "NLMSG_DONE")]
    pub const DONE: Self = Self(3);
    /// Data was lost. Linux defines it and never sends it.
    #[doc(alias = "NLMSG_OVERRUN")]
    pub const OVERRUN: Self = Self(4);
    /// The first type that is not a control message.
    #[doc(alias = "NLMSG_MIN_TYPE")]
    pub const MIN: Self = Self(0x10);

    /// Whether this is a control message: one below [`MessageType::MIN`], which no protocol handles.
    pub const fn is_control(self) -> bool {
        self.0 < Self::MIN.0
    }
}

/// The flags field of a message header: a set of bits, unknown ones kept.
///
/// Values from 0x100 up overlap by verb: 0x100 is `ROOT` in a dump request, `REPLACE` in a creation, `NONREC` in a
/// deletion, `CAPPED` in an acknowledgement.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// Asks the kernel for something; a message without it is not dispatched.
    #[doc(alias = "NLM_F_REQUEST")]
    pub const REQUEST: Self = Self(1);
    /// One of several messages, ended by DONE.
    #[doc(alias = "NLM_F_MULTI")]
    pub const MULTI: Self = Self(2);
    /// Wants an acknowledgement on success too.
    #[doc(alias = "NLM_F_ACK")]
    pub const ACK: Self = Self(4);
    /// Wants the notification that the request causes sent to itself as well.
    #[doc(alias = "NLM_F_ECHO")]
    pub const ECHO: Self = Self(8);
    /// The dump is torn: what it walks changed meanwhile.
    #[doc(alias = "NLM_F_DUMP_INTR")]
    pub const DUMP_INTR: Self = Self(0x10);
    /// The dump was filtered as the request asked.
    #[doc(alias = "NLM_F_DUMP_FILTERED")]
    pub const DUMP_FILTERED: Self = Self(0x20);
    /// GET: from the root; alone it is not a dump.
    #[doc(alias = "NLM_F_ROOT")]
    pub const ROOT: Self = Self(0x100);
    /// GET: all that match; alone it is not a dump.
    #[doc(alias = "NLM_F_MATCH")]
    pub const MATCH: Self = Self(0x200);
    /// GET: an atomic snapshot (no kernel does it).
    #[doc(alias = "NLM_F_ATOMIC")]
    pub const ATOMIC: Self = Self(0x400);
    /// GET: a dump; both bits of it.
    #[doc(alias = "NLM_F_DUMP")]
    pub const DUMP: Self = Self(0x300);
    /// NEW: replace what exists.
    #[doc(alias = "NLM_F_REPLACE")]
    pub const REPLACE: Self = Self(0x100);
    /// NEW: fail if it exists.
    #[doc(alias = "NLM_F_EXCL")]
    pub const EXCL: Self = Self(0x200);
    /// NEW: create it if it does not exist.
    #[doc(alias = "NLM_F_CREATE")]
    pub const CREATE: Self = Self(0x400);
    /// NEW: add to the end of the list.
    #[doc(alias = "NLM_F_APPEND")]
    pub const APPEND: Self = Self(0x800);
    /// DEL: do not delete recursively.
    #[doc(alias = "NLM_F_NONREC")]
    pub const NONREC: Self = Self(0x100);
    /// DEL: several objects at once.
    #[doc(alias = "NLM_F_BULK")]
    pub const BULK: Self = Self(0x200);
    /// Acknowledgement: the request's payload is left out.
    #[doc(alias = "NLM_F_CAPPED")]
    pub const CAPPED: Self = Self(0x100);
    /// Acknowledgement: ext-ack attributes follow.
    #[doc(alias = "NLM_F_ACK_TLVS")]
    pub const ACK_TLVS: Self = Self(0x200);

    /// Whether all bits of `other` are set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any bit of `other` is set.
    #[inline]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets of bits together; `|` in constants.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOr for Flags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}
impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
impl BitAnd for Flags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
impl Not for Flags {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}
impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#x})", self.0)
    }
}

/// The header of a generic netlink message, 4 bytes, behind [`Header`].
///
/// Source: `linux/genetlink.h`.
#[doc(alias = "genlmsghdr")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GenlHeader {
    /// The command's number.
    pub cmd: u8,
    /// The family's version; the kernel sends its own and ignores a request's.
    pub version: u8,
    /// Zero; newer families refuse anything else.
    pub reserved: u16,
}

impl GenlHeader {
    /// Bytes that it takes.
    #[doc(alias = "GENL_HDRLEN")]
    pub const LEN: usize = 4;

    /// Reads it from the start of `bytes`; `None` if there are fewer than 4.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [cmd, version, r0, r1] = *bytes.first_chunk::<4>()?;
        Some(Self { cmd, version, reserved: u16::from_ne_bytes([r0, r1]) })
    }

    /// Its bytes.
    #[inline]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let [r0, r1] = self.reserved.to_ne_bytes();
        [self.cmd, self.version, r0, r1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_survive_bytes_and_short_input_is_none() {
        let header =
            Header { len: 36, kind: MessageType(16), flags: Flags::REQUEST | Flags::DUMP, seq: 7, port: u32::MAX };
        assert_eq!(Header::read(&header.to_bytes()), Some(header));
        assert_eq!(Header::read(&header.to_bytes()[..15]), None);
        let genl = GenlHeader { cmd: 3, version: 2, reserved: 0x1234 };
        assert_eq!(GenlHeader::read(&genl.to_bytes()), Some(genl));
        assert_eq!(GenlHeader::read(&genl.to_bytes()[..3]), None);
    }

    #[test]
    fn a_lone_root_is_not_a_dump() {
        assert!(!Flags::ROOT.contains(Flags::DUMP) && (Flags::ROOT | Flags::MATCH).contains(Flags::DUMP));
    }
}
