//! What is known again in a record, and how it is answered.
#![cfg(target_endian = "little")]
#![allow(missing_docs)]

use std::time::Duration;

use netloom_dynamic::capture::{Form, Recorder, Replay};
use netloom_dynamic::{Direction, Families, Options, Tracer};
use netloom_families::FAMILIES;
use netloom_wire::*;
use proptest::prelude::*;

const REQUEST: Flags = Flags(1);
const ACK: Flags = Flags(4);
const DUMP: Flags = Flags(0x300);

fn message(kind: u16, flags: Flags, seq: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let len = (16 + payload.len()) as u32;
    [&Header { len, kind: MessageType(kind), flags, seq, port }.to_bytes()[..], payload].concat()
}

fn attr(id: u16, payload: &[u8], padding: u8) -> Vec<u8> {
    let mut bytes = [&((4 + payload.len()) as u16).to_ne_bytes()[..], &id.to_ne_bytes(), payload].concat();
    bytes.resize(bytes.len().next_multiple_of(4), padding);
    bytes
}

/// NEWFAMILY: this id is that of this family.
fn named(id: u16, name: &str) -> Vec<u8> {
    let body =
        [&[1, 2, 0, 0][..], &attr(1, &id.to_ne_bytes(), 0), &attr(2, &[name.as_bytes(), b"\0"].concat(), 0)].concat();
    message(16, Flags::NONE, 0, 9, &body)
}

fn set(id: u16, flags: Flags, seq: u32, port: u32, attrs: &[Vec<u8>]) -> Vec<u8> {
    message(id, flags, seq, port, &[&[1, 1, 0, 0][..], &attrs.concat()].concat())
}

fn errno(code: i32, seq: u32, port: u32, request: &[u8]) -> Vec<u8> {
    message(2, Flags::NONE, seq, port, &[&code.to_ne_bytes()[..], request].concat())
}

fn families() -> std::sync::Arc<Families> {
    Families::new(FAMILIES.iter().copied()).into()
}

/// A record, secrets wiped as the command wipes them.
fn replay(datagrams: &[(Direction, Vec<u8>)]) -> (Replay, Vec<String>) {
    let mut file = Vec::new();
    let mut recorder = Recorder::new(&mut file).unwrap();
    let mut tracer = Tracer::new(families(), Options::default());
    for (way, bytes) in datagrams {
        let kept = tracer.without_secrets(Protocol::GENERIC, *way, bytes);
        recorder.record(Duration::ZERO, Protocol::GENERIC, *way, &kept).unwrap();
    }
    let (replay, damages) = Replay::read(families(), Form::Pcap, &file);
    (replay, damages.iter().map(ToString::to_string).collect())
}

fn answer(replay: &mut Replay, request: &[u8], port: u32) -> Option<Vec<Vec<u8>>> {
    let message = messages(request).next().unwrap().unwrap();
    replay.answer(Protocol::GENERIC, &message, port).map(|answer| answer.datagrams)
}

use Direction::{Received, Sent};

#[test]
fn a_request_is_known_again_by_what_it_asks() {
    let key = |byte: u8| attr(3, &[byte; 32], 0);
    let (name, port) = (attr(2, b"wg0\0\0", 0), attr(6, &5_u16.to_ne_bytes(), 0));
    let asked = set(28, REQUEST | ACK, 7, 70, &[name.clone(), key(1), port.clone()]);
    let (mut replay, damages) =
        replay(&[(Received, named(28, "wireguard")), (Sent, asked.clone()), (Received, errno(0, 7, 70, &asked[..16]))]);
    assert_eq!((replay.len(), damages), (1, vec![]));
    for (what, again, known) in [
        ("the same", asked.clone(), true),
        ("another number and port", set(28, REQUEST | ACK, 8, 0, &[name.clone(), key(1), port.clone()]), true),
        (
            "another order, padding, key",
            set(28, REQUEST | ACK, 8, 0, &[attr(6, &5_u16.to_ne_bytes(), 9), key(2), name.clone()]),
            true,
        ),
        ("other flags", set(28, REQUEST, 8, 0, &[name.clone(), key(1), port.clone()]), false),
        (
            "another port to listen on",
            set(28, REQUEST | ACK, 8, 0, &[name.clone(), key(1), attr(6, &6_u16.to_ne_bytes(), 0)]),
            false,
        ),
        ("an attribute less", set(28, REQUEST | ACK, 8, 0, &[name.clone(), key(1)]), false),
        ("another family", set(29, REQUEST | ACK, 8, 0, &[name.clone(), key(1), port.clone()]), false),
    ] {
        let found = answer(&mut replay, &again, 99);
        assert_eq!(found.is_some(), known, "{what}");
        let Some(found) = found else { continue };
        // The acknowledgement is for this request, the copy of its header included.
        let header = Header::read(&again).unwrap();
        let copy = Header { seq: header.seq, port: header.port, ..Header::read(&asked).unwrap() };
        assert_eq!(found, [errno(0, header.seq, 99, &copy.to_bytes())], "{what}");
    }
}

#[test]
fn a_family_is_known_by_its_name_whatever_its_id_was() {
    let ask = |id| set(id, REQUEST, 7, 0, &[attr(2, b"wg0\0", 0)]);
    let told = set(28, Flags::NONE, 7, 70, &[attr(2, b"wg0\0", 0)]);
    let (mut replay, _) = replay(&[
        (Received, named(28, "wireguard")),
        (Sent, set(28, REQUEST | DUMP, 7, 0, &[])),
        (Received, [told.clone(), message(3, Flags::NONE, 7, 70, &[0; 4])].concat()),
        // It came back with another number.
        (Received, named(31, "wireguard")),
        (Sent, ask(31)),
        (Received, set(31, Flags::NONE, 7, 70, &[attr(6, &[5, 0], 0)])),
    ]);
    assert!(answer(&mut replay, &ask(28), 1).is_some() && answer(&mut replay, &ask(31), 1).is_some());
    assert!(answer(&mut replay, &ask(30), 1).is_none());
}

#[test]
fn answers_are_those_of_the_request_and_in_its_order() {
    let family = (Received, named(40, "other"));
    let ask = |seq, port, n: u8| set(40, REQUEST | ACK, seq, port, &[attr(1, &[n], 0)]);
    let reply = |seq, port, n: u8| set(40, Flags::NONE, seq, port, &[attr(9, &[n], 0)]);
    let ack = |seq, port| errno(0, seq, port, &[0; 16]);
    let (mut replay, damages) = replay(&[
        family,
        // Two programs with the same numbers, interleaved.
        (Sent, ask(1, 100, 1)),
        (Sent, ask(1, 200, 2)),
        (Received, reply(1, 200, 22)),
        (Received, reply(1, 100, 11)),
        (Received, ack(1, 100)),
        (Received, ack(1, 200)),
        // The same question again, another answer; an event in between, which has the number of somebody else.
        (Sent, ask(2, 100, 1)),
        (Received, reply(77, 300, 99)),
        (Received, [reply(2, 100, 12), ack(2, 100)].concat()),
        (Sent, ask(3, 100, 3)),
    ]);
    assert_eq!(damages.len(), 1, "{damages:?}");
    assert!(damages[0].contains("this request has no answer in the record"), "{damages:?}");
    let mut said = |n| answer(&mut replay, &ask(50, 5, n), 5).map(|datagrams| datagrams.concat());
    assert_eq!(
        said(2),
        Some(
            [reply(50, 5, 22), errno(0, 50, 5, &[&[0; 8][..], &50_u32.to_ne_bytes(), &5_u32.to_ne_bytes()].concat())]
                .concat()
        )
    );
    let first = said(1).unwrap();
    assert!(first.starts_with(&reply(50, 5, 11)));
    for _ in 0..3 {
        assert!(said(1).unwrap().starts_with(&reply(50, 5, 12)), "the last answer stays");
    }
    assert_eq!(said(3), None);
}

#[test]
fn dumps_are_whole_or_not_there() {
    let ask = |seq| set(40, REQUEST | DUMP, seq, 0, &[]);
    let part = |seq, n: u8| set(40, Flags(2), seq, 8, &[attr(9, &[n], 0)]);
    let done = |seq| message(3, Flags(2), seq, 8, &[0; 4]);
    let (mut whole, damages) = replay(&[
        (Received, named(40, "other")),
        (Sent, ask(1)),
        (Received, [part(1, 1), part(1, 2)].concat()),
        (Received, part(1, 3)),
        (Received, done(1)),
    ]);
    assert_eq!(damages, Vec::<String>::new());
    let datagrams = answer(&mut whole, &ask(6), 8).unwrap();
    assert_eq!(datagrams, [[part(6, 1), part(6, 2)].concat(), part(6, 3), done(6)], "datagrams as they were");
    let (mut torn, damages) = replay(&[
        (Received, named(40, "other")),
        (Sent, ask(1)),
        (Received, part(1, 1)),
        (Sent, ask(2)),
        (Received, errno(-95, 2, 8, &[0; 16])),
    ]);
    assert!(damages.len() == 1 && damages[0].contains("has no end in the record"), "{damages:?}");
    // Of two of the kind, the one that ended is left: an error.
    assert_eq!(answer(&mut torn, &ask(6), 8).unwrap().len(), 1);
}

#[test]
fn families_that_were_told_of_are_told_of_again() {
    let family = named(40, "other");
    let (mut replay, _) =
        replay(&[(Received, family), (Sent, set(40, REQUEST, 1, 0, &[])), (Received, set(40, Flags::NONE, 1, 8, &[]))]);
    let ask = |attr: Vec<u8>| message(16, REQUEST, 3, 0, &[&[3, 2, 0, 0][..], &attr].concat());
    let told = Some(vec![[&message(16, Flags::NONE, 3, 8, &[])[4..16]].concat()]);
    let head =
        |found: Option<Vec<Vec<u8>>>| found.map(|found| found.iter().map(|bytes| bytes[4..16].to_vec()).collect());
    assert_eq!(head(answer(&mut replay, &ask(attr(2, b"other\0", 0)), 8)), told);
    assert_eq!(head(answer(&mut replay, &ask(attr(1, &40_u16.to_ne_bytes(), 0)), 8)), told);
    assert_eq!(answer(&mut replay, &ask(attr(2, b"others\0", 0)), 8), None);
}

proptest! {
    #[test]
    fn whatever_the_record_holds_answers_are_for_the_request(
        datagrams in prop::collection::vec((any::<bool>(), 0_u16..40, prop_oneof![Just(1_u16), Just(5), Just(0x301), Just(2)], 0_u32..3, 0_u32..3, prop::collection::vec(any::<u8>(), 0..40)), 0..12)
    ) {
        let datagrams: Vec<(Direction, Vec<u8>)> = datagrams.iter().map(|(sent, kind, flags, seq, port, body)| {
            (if *sent { Sent } else { Received }, message(*kind, Flags(*flags), *seq, *port, body))
        }).collect();
        let (mut replay, _) = replay(&datagrams);
        for (_, asked) in datagrams.iter().filter(|(way, _)| *way == Sent) {
            let asked = [&asked[..8], &77_u32.to_ne_bytes(), &asked[12..]].concat();
            for datagram in answer(&mut replay, &asked, 4711).into_iter().flatten() {
                for message in messages(&datagram).map_while(Result::ok) {
                    prop_assert_eq!((message.header.seq, message.header.port), (77, 4711));
                }
            }
        }
    }
}
