//! What of a datagram for Linux may be the number of a descriptor or of a process.

use netloom::Protocol;
use netloom::wire::{RawMessage, messages};

/// Values of attributes, each once and in order, by which the sender may mean a descriptor or a process of its own.
///
/// Which do is up to families, of which there are any. So it is every value of four bytes, however deep it lies, but for
/// those of requests that come often and are known through and through.
pub(crate) fn numbers(protocol: Protocol, datagram: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    for message in messages(datagram).filter_map(Result::ok) {
        search_message(protocol, &message, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Requests of NETLINK_ROUTE: types from and to, the length of their header, and which of their attributes may be such a
/// number, or have one inside.
// linux/rtnetlink.h, linux/if_link.h, linux/nexthop.h
const ROUTE: [(u16, u16, usize, &[u16]); 6] = [
    // RTM_NEWLINK to RTM_SETLINK: IFLA_LINKINFO, IFLA_NET_NS_PID, IFLA_NET_NS_FD, IFLA_XDP
    (16, 19, 16, &[18, 19, 28, 43]),
    // RTM_NEWADDR to RTM_GETADDR
    (20, 22, 8, &[]),
    // RTM_NEWROUTE to RTM_GETROUTE: RTA_MULTIPATH, RTA_ENCAP
    (24, 26, 12, &[9, 22]),
    // RTM_NEWNEIGH to RTM_GETNEIGH
    (28, 30, 12, &[]),
    // RTM_NEWRULE to RTM_GETRULE
    (32, 34, 12, &[]),
    // RTM_NEWNEXTHOP to RTM_GETNEXTHOP: NHA_ENCAP
    (104, 106, 8, &[8]),
];

fn search_message(protocol: Protocol, message: &RawMessage<'_>, found: &mut Vec<u32>) {
    let kind = message.header.kind.0;
    let known = ROUTE.iter().find(|(first, last, ..)| protocol == Protocol::ROUTE && (*first..=*last).contains(&kind));
    let Some((_, _, header, attributes)) = known else { return search(message.payload, found) };
    for attr in message.attrs(*header).into_iter().filter(|attr| attributes.contains(&attr.id())) {
        match <[u8; 4]>::try_from(attr.payload()) {
            Ok(value) => found.push(u32::from_ne_bytes(value)),
            Err(_) => search(attr.payload(), found),
        }
    }
}

/// Finds all that looks like an attribute with a value of four bytes: those begin at multiples of four, whatever they are in.
fn search(bytes: &[u8], found: &mut Vec<u32>) {
    /// `struct nlattr` and the value.
    const LEN: u16 = 8;
    let (words, _) = bytes.as_chunks::<4>();
    for (head, value) in words.iter().zip(words.iter().skip(1)) {
        let [low, high, ..] = *head;
        if u16::from_ne_bytes([low, high]) == LEN {
            found.push(u32::from_ne_bytes(*value));
        }
    }
}

#[cfg(test)]
mod tests {
    use netloom::wire::{Flags, Header, MessageType};

    use super::*;

    const EXT_MASK: u16 = 29;
    const NET_NS_FD: u16 = 28;
    const LINKINFO: u16 = 18;
    const NESTED: u16 = 0x8000;

    fn attr(id: u16, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len() + 4).unwrap();
        let mut bytes = [&len.to_ne_bytes()[..], &id.to_ne_bytes(), payload].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn value(id: u16, value: u32) -> Vec<u8> {
        attr(id, &value.to_ne_bytes())
    }

    fn message(kind: u16, header: usize, attrs: &[Vec<u8>]) -> Vec<u8> {
        Header::new(MessageType(kind), Flags::REQUEST).message(&[vec![0; header], attrs.concat()].concat())
    }

    #[test]
    fn what_may_be_a_descriptor_is_found_wherever_it_lies() {
        // struct ifinfomsg, and what goes with a new pair of links: IFLA_INFO_DATA with VETH_INFO_PEER, a header in front.
        let peer = attr(1, &[vec![0; 16], attr(3, b"veth1\0"), value(NET_NS_FD, 7)].concat());
        let pair = attr(LINKINFO | NESTED, &[attr(1, b"veth\0"), attr(2, &peer)].concat());
        let moved = message(16, 16, &[value(EXT_MASK, 9), value(NET_NS_FD, 5)]);
        for (what, protocol, datagram, expected) in [
            ("a link that moves, and another number", Protocol::ROUTE, moved.clone(), vec![5]),
            ("the same number of any other protocol", Protocol::GENERIC, moved.clone(), vec![5, 9]),
            ("a peer elsewhere", Protocol::ROUTE, message(16, 16, &[pair]), vec![7]),
            (
                "a process, and a program for packets",
                Protocol::ROUTE,
                { message(19, 16, &[value(19, 1), attr(43 | NESTED, &[value(1, 6), value(3, 2)].concat())]) },
                vec![1, 2, 6],
            ),
            ("an id that is asked for (RTM_GETNSID)", Protocol::ROUTE, message(90, 4, &[value(3, 4)]), vec![4]),
            (
                "a route: its interface is none, a program of its tunnel is",
                Protocol::ROUTE,
                { message(24, 12, &[value(4, 2), attr(22, &attr(2, &value(1, 8)))]) },
                vec![8],
            ),
            ("a neighbour", Protocol::ROUTE, message(28, 12, &[value(8, 2)]), vec![]),
            (
                "several messages, some twice",
                Protocol::ROUTE,
                [moved.clone(), message(90, 4, &[value(3, 4)]), moved].concat(),
                vec![4, 5],
            ),
            ("an attribute that ends too early", Protocol::ROUTE, message(90, 4, &[vec![8, 0, 3, 0]]), vec![]),
            ("no netlink", Protocol::ROUTE, b"add@/devices".to_vec(), vec![]),
        ] {
            assert_eq!(numbers(protocol, &datagram), expected, "{what}");
        }
    }
}
