//! The records of the control protocol and the frames of data channels; the module's page describes them.

use netloom_wire::Errno;

use crate::kernel::Taken;
use crate::kernel::engine::{Datagram, Outgoing};
use crate::socket::{Address, Credentials, Opt};

/// The version of this protocol.
pub(super) const VERSION: u32 = 1;
/// What both sides say first.
pub(super) const MAGIC: [u8; 8] = *b"netloom\0";
/// The flag of SOCKET that asks for a framed data channel.
pub(super) const FRAMED: u32 = 1;
/// The one that asks for exact mode.
pub(super) const EXACT: u32 = 2;

/// Flags of RECV, those of recvmsg: `linux/socket.h`. Others change nothing, as in netlink.
pub(super) const MSG_OOB: u32 = 0x1;
pub(super) const MSG_PEEK: u32 = 0x2;
pub(super) const MSG_DONTWAIT: u32 = 0x40;

/// What an answer to RECV says besides: take one mark off the data channel; packet info, credentials and the network
/// namespace are to be told.
pub(super) const TAKE_MARK: u32 = 1;
pub(super) const TELL_GROUP: u32 = 2;
pub(super) const TELL_CREDENTIALS: u32 = 4;
pub(super) const TELL_NAMESPACE: u32 = 8;
/// The network namespace of a datagram that comes from the socket's own.
// include/uapi/linux/net_namespace.h: NETNSA_NSID_NOT_ASSIGNED
pub(super) const OWN_NAMESPACE: i32 = -1;
/// The most that one record may hold: a datagram as long as the largest send buffer allows, and the request around it.
pub(super) const MAX_RECORD: usize = 425_984;

/// The longest datagram that a frame may announce: what does not fit is announced with its whole length, and readers then
/// make room. Messages of a kernel side are a mebibyte at most.
const MAX_DATAGRAM: u32 = 1 << 24;

pub(super) const SOL_SOCKET: u32 = 1;
pub(super) const SO_ERROR: u32 = 4;
const SOL_NETLINK: u32 = 270;

/// What a client may ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Op(pub(super) u32);

impl Op {
    pub(super) const HELLO: Self = Self(1);
    pub(super) const SOCKET: Self = Self(2);
    pub(super) const CLOSE: Self = Self(3);
    pub(super) const BIND: Self = Self(4);
    pub(super) const CONNECT: Self = Self(5);
    pub(super) const NAME: Self = Self(6);
    pub(super) const PEER: Self = Self(7);
    pub(super) const SET: Self = Self(8);
    pub(super) const GET: Self = Self(9);
    pub(super) const JOIN: Self = Self(10);
    pub(super) const LEAVE: Self = Self(11);
    pub(super) const MEMBERSHIPS: Self = Self(12);
    pub(super) const ROOM: Self = Self(13);
    pub(super) const SEND: Self = Self(14);
    pub(super) const RECV: Self = Self(15);
    pub(super) const CANCEL: Self = Self(16);
    pub(super) const SOCKETS: Self = Self(17);
}

/// A request, without its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) op: Op,
    pub(super) tag: u32,
    pub(super) socket: u32,
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) c: u32,
}

impl Request {
    pub(super) const LEN: usize = 24;

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        words([self.op.0, self.tag, self.socket, self.a, self.b, self.c])
    }

    /// The request, and its payload. `None` if it is too short.
    pub(super) fn read(record: &[u8]) -> Option<(Self, &[u8])> {
        let (head, payload) = record.split_at_checked(Self::LEN)?;
        let [op, tag, socket, a, b, c] = numbers(head)?;
        Some((Self { op: Op(op), tag, socket, a, b, c }, payload))
    }
}

/// An answer, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) tag: u32,
    pub(super) errno: Errno,
    pub(super) a: u32,
    pub(super) b: u32,
}

impl Answer {
    pub(super) const LEN: usize = 16;

    pub(super) fn error(tag: u32, errno: Errno) -> Self {
        Self { tag, errno, a: 0, b: 0 }
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        words([self.tag, self.errno.0.cast_unsigned(), self.a, self.b])
    }

    pub(super) fn read(record: &[u8]) -> Option<(Self, &[u8])> {
        let (head, payload) = record.split_at_checked(Self::LEN)?;
        let [tag, errno, a, b] = numbers(head)?;
        Some((Self { tag, errno: Errno(errno.cast_signed()), a, b }, payload))
    }
}

/// What stands in front of a datagram on a framed data channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Datagram {
        len: usize,
        source: u32,
        group: u32,
        credentials: Credentials,
        destination: Address,
        /// The network namespace that it comes from, if it is another one: then there is no room for the groups of the
        /// destination.
        namespace: Option<i32>,
    },
    Error(Errno),
}

impl Frame {
    pub(super) const LEN: usize = 36;

    pub(super) fn of_taken(taken: &Taken) -> Self {
        let Taken { datagram, destination, .. } = taken;
        Self::of_datagram(datagram, *destination, None)
    }

    pub(super) fn of(outgoing: &Outgoing) -> Self {
        Self::of_datagram(&outgoing.datagram, outgoing.destination, outgoing.datagram.namespace)
    }

    fn of_datagram(datagram: &Datagram, destination: Address, namespace: Option<i32>) -> Self {
        Self::Datagram {
            len: datagram.bytes.len(),
            source: datagram.source.port,
            group: datagram.group,
            credentials: datagram.credentials,
            destination,
            namespace,
        }
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        words(match self {
            Self::Datagram { len, source, group, credentials, destination, namespace } => {
                let Credentials { process, uid, gid } = credentials;
                let len = u32::try_from(len).unwrap_or(u32::MAX);
                let (kind, last) = namespace.map_or((0, destination.groups), |id| (2, id.cast_unsigned()));
                [kind, len, source, group, process, uid, gid, destination.port, last]
            }
            Self::Error(errno) => [1, errno.0.cast_unsigned(), 0, 0, 0, 0, 0, 0, 0],
        })
    }

    pub(super) fn read(head: &[u8; Self::LEN]) -> Option<Self> {
        let [kind, len, source, group, process, uid, gid, port, last] = numbers(head)?;
        let (groups, namespace) = if kind == 2 { (0, Some(last.cast_signed())) } else { (last, None) };
        match kind {
            // Who believed any length would make room for it.
            0 | 2 if len > MAX_DATAGRAM => None,
            0 | 2 => Some(Self::Datagram {
                len: len as usize,
                source,
                group,
                credentials: Credentials { process, uid, gid },
                destination: Address { port, groups },
                namespace,
            }),
            1 => Some(Self::Error(Errno(len.cast_signed()))),
            _ => None,
        }
    }
}

/// The options, by level and number: `linux/netlink.h`, `asm-generic/socket.h`.
const OPTIONS: [(Opt, u32, u32); 12] = [
    (Opt::ExtAck, SOL_NETLINK, 11),
    (Opt::CapAck, SOL_NETLINK, 10),
    (Opt::StrictCheck, SOL_NETLINK, 12),
    (Opt::PktInfo, SOL_NETLINK, 3),
    (Opt::BroadcastError, SOL_NETLINK, 4),
    (Opt::NoEnobufs, SOL_NETLINK, 5),
    (Opt::ListenAllNsid, SOL_NETLINK, 8),
    (Opt::ReceiveBuffer, SOL_SOCKET, 8),
    (Opt::ReceiveBufferForce, SOL_SOCKET, 33),
    (Opt::SendBuffer, SOL_SOCKET, 7),
    (Opt::SendBufferForce, SOL_SOCKET, 32),
    (Opt::PassCredentials, SOL_SOCKET, 16),
];

/// The option of this level and number; ENOPROTOOPT if there is none.
pub(super) fn option(level: u32, name: u32) -> Result<Opt, Errno> {
    let found = OPTIONS.iter().find(|(_, l, n)| (*l, *n) == (level, name));
    found.map(|(option, ..)| *option).ok_or(Errno::ENOPROTOOPT)
}

/// An option's level and number.
pub(super) fn numbers_of(option: Opt) -> (u32, u32) {
    OPTIONS.iter().find(|(o, ..)| *o == option).map_or((0, 0), |(_, level, name)| (*level, *name))
}

/// Group numbers as words of 32 bits.
pub(super) fn mask_of(groups: &[u32]) -> Vec<u8> {
    let mut mask: Vec<u32> = Vec::new();
    for bit in groups.iter().filter_map(|group| group.checked_sub(1)) {
        let at = (bit / 32) as usize;
        if mask.len() <= at {
            mask.resize(at.saturating_add(1), 0);
        }
        if let Some(word) = mask.get_mut(at) {
            *word |= 1 << (bit % 32);
        }
    }
    mask.into_iter().flat_map(u32::to_ne_bytes).collect()
}

/// Words of 32 bits as group numbers; what follows the last whole word is no word.
pub(super) fn groups_of(mask: &[u8]) -> Vec<u32> {
    let (words, _) = mask.as_chunks::<4>();
    let bits = words.iter().flat_map(|word| {
        let word = u32::from_ne_bytes(*word);
        (0..32).map(move |bit| word >> bit & 1 == 1)
    });
    bits.zip(1..).filter_map(|(member, group)| member.then_some(group)).collect()
}

fn words<const N: usize, const LEN: usize>(numbers: [u32; N]) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    for (to, number) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
        *to = number.to_ne_bytes();
    }
    bytes
}

fn numbers<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let (words, _) = bytes.as_chunks::<4>();
    let words: &[[u8; 4]; N] = words.try_into().ok()?;
    Some(words.map(u32::from_ne_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were_and_short_ones_are_none() {
        let request = Request { op: Op::SEND, tag: 7, socket: 3, a: 1, b: 2, c: u32::MAX };
        let record = [&request.to_bytes()[..], b"payload"].concat();
        assert_eq!(Request::read(&record), Some((request, &b"payload"[..])));
        let answer = Answer { tag: 7, errno: Errno::EPERM, a: 8, b: 9 };
        assert_eq!(Answer::read(&answer.to_bytes()), Some((answer, &[][..])));
        for len in 0..Request::LEN {
            assert_eq!(Request::read(&record[..len]), None);
        }
        for len in 0..Answer::LEN {
            assert_eq!(Answer::read(&answer.to_bytes()[..len]), None);
        }
        let of = |namespace, groups| Frame::Datagram {
            len: 70_000,
            source: 4_711,
            group: 40,
            credentials: Credentials { process: 1, uid: 2, gid: 3 },
            destination: Address { port: 5, groups },
            namespace,
        };
        let datagram = of(None, 6);
        for frame in [datagram, of(Some(7), 0), Frame::Error(Errno::ENOBUFS)] {
            assert_eq!(Frame::read(&frame.to_bytes()), Some(frame));
        }
        assert_eq!(Frame::read(&[9; Frame::LEN]), None);
        let mut long = datagram.to_bytes();
        long[4..8].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(Frame::read(&long), None, "no reader makes room for 4 GiB");
    }

    #[test]
    fn groups_are_bits_of_words() {
        for groups in [vec![], vec![1], vec![1, 32, 33, 200]] {
            assert_eq!(groups_of(&mask_of(&groups)), groups);
        }
        assert_eq!(mask_of(&[33]).len(), 8);
        assert_eq!(mask_of(&[0]).len(), 0, "group 0 is none");
        assert_eq!(groups_of(&[0xff, 0xff, 0xff]), [0; 0]);
    }

    #[test]
    fn every_option_has_its_number() {
        for (option_, level, name) in OPTIONS {
            assert_eq!((option(level, name), numbers_of(option_)), (Ok(option_), (level, name)));
        }
        assert_eq!(option(270, 1), Err(Errno::ENOPROTOOPT));
    }
}
