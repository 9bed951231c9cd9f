//! Datagrams as boxes of bytes: every byte stands in one, at its place, and no secret does.
#![cfg(target_endian = "little")]
#![allow(missing_docs)]

use netloom_dynamic::{Direction, Families, Options, Tracer};
use netloom_families::FAMILIES;
use netloom_families::wireguard::{Device, Peer};
use netloom_wire::*;
use proptest::prelude::*;

fn tracer(secrets: bool) -> Tracer {
    let families = Families::new(FAMILIES.iter().copied());
    let mut tracer = Tracer::new(families.into(), Options::default().secrets(secrets));
    tracer.name(19, "wireguard");
    tracer
}

fn datagram(kind: u16, flags: u16, body: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    w.message(Header { seq: 7, ..Header::new(MessageType(kind), Flags(flags)) }, body).unwrap();
    w.written().to_vec()
}

fn device() -> Vec<u8> {
    datagram(19, 5, |w| {
        w.genl(GenlHeader { cmd: 1, version: 1, reserved: 0 })?;
        let peer = Peer::new().public_key([0x11; 32]).preshared_key([0xee; 32]);
        Device::new().ifname("wg0").private_key([0xee; 32]).peers(vec![peer]).encode(w)
    })
}

/// An error with a copy of this request and ext-ack attributes behind it.
fn refused(request: &[u8]) -> Vec<u8> {
    datagram(2, 0x200, |w| {
        w.put_bytes(&Errno::EINVAL.to_wire().to_ne_bytes())?;
        w.put_bytes(request)?;
        w.put_attr(1, b"no\0")?;
        w.put_attr(2, &20_u32.to_ne_bytes())
    })
}

/// The bytes that the boxes show, by offset; `None` where they are hidden.
fn shown(boxes: &[Vec<String>]) -> Vec<(usize, Option<u8>)> {
    let rows = boxes.iter().flatten().filter_map(|line| line.strip_prefix('│'));
    rows.flat_map(|row| {
        let row = row.trim_start();
        let (at, rest) = row.split_once("  ").unwrap_or_else(|| panic!("{row:?}"));
        let at: usize = at.parse().unwrap_or_else(|_| panic!("{row:?}"));
        let bytes: Vec<_> = rest.chars().take(23).collect::<String>().split_whitespace().map(str::to_owned).collect();
        bytes
            .into_iter()
            .enumerate()
            .map(move |(i, hex)| (at + i, u8::from_str_radix(&hex, 16).ok()))
            .collect::<Vec<_>>()
    })
    .collect()
}

fn whole(datagram: &[u8]) -> Vec<(usize, Option<u8>)> {
    datagram.iter().copied().map(Some).enumerate().collect()
}

#[test]
fn every_byte_stands_at_its_place_under_its_name() {
    for (protocol, bytes, words) in [
        (Protocol::GENERIC, device(), &["attribute peers[0].public-key", "type 19 (wireguard)"][..]),
        (
            Protocol::GENERIC,
            refused(&device()),
            &["EINVAL", "attribute peers[0].preshared-key", "attribute offs", "\"no\""],
        ),
        (Protocol::GENERIC, refused(&datagram(3, 1, |w| w.put_bytes(b"xyz"))), &["payload of the request"]),
        (
            Protocol::GENERIC,
            datagram(99, 1, |w| w.put_bytes(&[1, 2, 3, 4, 5, 6, 7])),
            &["family 99 command 1", "payload"],
        ),
        (
            Protocol::ROUTE,
            datagram(18, 0x301, |w| w.put_bytes(&[0; 18])),
            &["rt-link getlink", "ifi-index", "left over"],
        ),
        (Protocol::ROUTE, datagram(18, 1, |w| w.put_bytes(&[0; 9])), &["cut short"]),
        (
            Protocol::KOBJECT_UEVENT,
            b"add@/devices/virtual/net/veth0\0ACTION=add\0SEQNUM=7".to_vec(),
            &["├─ head ", "├─ SEQNUM ", "ACTION=add", "add@/devices/virtual/net/veth0"],
        ),
        (Protocol::USERSOCK, datagram(40, 0, |w| w.put_bytes(b"hello")), &["usersock type 40"]),
    ] {
        let boxes = tracer(true).boxes(protocol, Direction::Sent, &bytes);
        assert_eq!(shown(&boxes), whole(&bytes), "{}", boxes.concat().join("\n"));
        for word in words {
            assert!(boxes.concat().iter().any(|line| line.contains(word)), "{word}: {}", boxes.concat().join("\n"));
        }
    }
}

#[test]
fn a_box_is_a_box() {
    for boxed in tracer(false).boxes(Protocol::GENERIC, Direction::Sent, &refused(&device())) {
        let width = boxed[0].chars().count();
        assert!(boxed.iter().all(|line| line.chars().count() == width), "{}", boxed.join("\n"));
        assert!(boxed[0].starts_with('┌') && boxed.last().unwrap().ends_with('┘'));
    }
}

#[test]
fn secrets_are_hidden_and_keep_their_place() {
    for bytes in [device(), refused(&device())] {
        let boxes = tracer(false).boxes(Protocol::GENERIC, Direction::Sent, &bytes);
        assert!(!boxes.concat().iter().any(|line| line.contains(" ee")), "{}", boxes.concat().join("\n"));
        let seen = shown(&boxes);
        assert_eq!(seen.len(), bytes.len());
        assert_eq!(seen.iter().filter(|(_, byte)| byte.is_none()).count(), 64);
    }
}

#[test]
fn what_is_no_message_is_shown_whole_where_no_secret_is_known() {
    let text = *b"a line of a journal, without any header";
    for (protocol, whole) in [(Protocol::USERSOCK, true), (Protocol::GENERIC, false), (Protocol::ROUTE, false)] {
        let mut tracer = tracer(false);
        let line = tracer.lines(protocol, Direction::Sent, &text).concat();
        assert_eq!(line.contains("686561646572"), whole, "{line}");
        let boxes = tracer.boxes(protocol, Direction::Sent, &text);
        assert_eq!(shown(&boxes).len(), if whole { text.len() } else { 16 });
    }
}

proptest! {
    #[test]
    fn garbage_is_drawn_to_the_last_byte(
        start in 0..4_usize,
        noise in proptest::collection::vec((0..400_usize, any::<u8>()), 0..12),
        cut in 0..500_usize,
        tail in proptest::collection::vec(any::<u8>(), 0..40),
        protocol in 0..20_u8,
    ) {
        let mut bytes = [device(), refused(&device()), refused(&refused(&device())), Vec::new()][start].clone();
        for (at, byte) in noise {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        bytes.truncate(cut);
        bytes.extend(tail);
        for direction in [Direction::Sent, Direction::Received] {
            let protocol = Protocol::new(protocol).unwrap();
            let boxes = tracer(true).boxes(protocol, direction, &bytes);
            prop_assert_eq!(shown(&boxes), whole(&bytes), "{}", boxes.concat().join("\n"));
            tracer(false).boxes(protocol, direction, &bytes);
        }
    }
}
