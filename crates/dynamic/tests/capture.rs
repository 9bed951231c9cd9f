//! Records: every form of capture, damaged ones, and whatever bytes.
#![allow(missing_docs)]

use std::time::Duration;

use netloom_dynamic::Direction;
use netloom_dynamic::capture::{Form, Packet, Place, Recorder, packets};
use netloom_wire::{Flags, Header, MessageType, Protocol};
use proptest::prelude::*;

/// Integers of a file that may be of the other byte order.
#[derive(Clone, Copy)]
struct Order {
    swapped: bool,
}

impl Order {
    fn word(self, value: u32) -> [u8; 4] {
        if self.swapped { value.swap_bytes().to_ne_bytes() } else { value.to_ne_bytes() }
    }
    fn half(self, value: u16) -> [u8; 2] {
        if self.swapped { value.swap_bytes().to_ne_bytes() } else { value.to_ne_bytes() }
    }
    fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.word(*value)).collect()
    }
}

/// A packet as a device hands it out: packet type, ARPHRD 824, protocol, all big-endian.
fn frame(kind: u16, device: u16, protocol: u16, datagram: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &device.to_be_bytes(), &[0; 10], &protocol.to_be_bytes(), datagram].concat()
}

fn pcap(order: Order, magic: u32, frames: &[(Vec<u8>, u32)]) -> Vec<u8> {
    let mut file = order.words(&[magic]);
    file.extend([order.half(2), order.half(4)].concat());
    file.extend(order.words(&[0, 0, 262_144, 253]));
    for (index, (frame, part)) in frames.iter().enumerate() {
        let len = frame.len() as u32;
        file.extend(order.words(&[100 + index as u32, *part, len, len]));
        file.extend(frame);
    }
    file
}

fn block(order: Order, kind: u32, content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    content.resize(content.len().next_multiple_of(4), 0);
    let len = content.len() as u32 + 12;
    [&order.words(&[kind, len])[..], &content, &order.word(len)].concat()
}

fn pcapng(order: Order, frames: &[Vec<u8>]) -> Vec<u8> {
    let section = [&order.word(0x1a2b_3c4d)[..], &order.half(1), &order.half(0), &[0xff; 8]].concat();
    let mut file = block(order, 0x0a0d_0d0a, &section);
    // One interface of microseconds, one of nanoseconds that began a day late.
    let micros = [&order.half(253)[..], &[0; 2], &order.word(0)].concat();
    let offset = if order.swapped { 86400_u64.swap_bytes() } else { 86400 }.to_ne_bytes();
    let resolution = [&order.half(9)[..], &order.half(1), &[9, 0, 0, 0]].concat();
    let late = [&order.half(14)[..], &order.half(8), &offset].concat();
    file.extend(block(order, 1, &micros));
    file.extend(block(order, 1, &[&micros[..], &resolution, &late, &[0; 4]].concat()));
    file.extend(block(order, 5, b"statistics, to be passed over"));
    for (index, frame) in frames.iter().enumerate() {
        let len = frame.len() as u32;
        let head = order.words(&[index as u32 % 2, 0, 5_000_001, len, len]);
        file.extend(block(order, 6, &[&head[..], frame].concat()));
    }
    file
}

fn message(seq: u32, flags: Flags) -> Vec<u8> {
    let header = Header { len: 20, seq, ..Header::new(MessageType(16), flags) };
    [&header.to_bytes()[..], &[3, 1, 0, 0]].concat()
}

/// The packets, and what is said of damages.
fn read(form: Form, file: &[u8]) -> (Vec<Packet>, Vec<String>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for packet in packets(form, file) {
        match packet {
            Ok(packet) => good.push(packet),
            Err(damage) => bad.push(damage.to_string()),
        }
    }
    (good, bad)
}

fn seqs(packets: &[Packet]) -> Vec<u32> {
    packets.iter().map(|packet| Header::read(&packet.bytes).map_or(0, |header| header.seq)).collect()
}

#[test]
fn both_orders_and_both_units_of_pcap_are_read() {
    for (swapped, magic, nanos) in
        [(false, 0xa1b2_c3d4, 7000), (true, 0xa1b2_c3d4, 7000), (false, 0xa1b2_3c4d, 7), (true, 0xa1b2_3c4d, 7)]
    {
        let ask = message(1, Flags::REQUEST);
        let frames = [(frame(7, 824, 16, &ask), 7), (frame(6, 824, 0, b"reply"), 7), (frame(4, 824, 16, &ask), 7)];
        let file = pcap(Order { swapped }, magic, &frames);
        assert_eq!(Form::of(&file), Some(Form::Pcap));
        let (packets, damages) = read(Form::Pcap, &file);
        assert_eq!((packets.len(), damages), (3, vec![]));
        assert_eq!(packets[0].time, Some(Duration::new(100, nanos)));
        assert_eq!((packets[0].protocol, packets[0].direction), (Some(Protocol::GENERIC), Some(Direction::Sent)));
        assert_eq!((packets[1].protocol, packets[1].direction), (Some(Protocol::ROUTE), Some(Direction::Received)));
        assert_eq!(packets[1].bytes, b"reply");
        // What a device says of the direction is no direction; the message is a request.
        assert_eq!((packets[2].direction, packets[2].way()), (None, Direction::Sent));
        assert_eq!(packets[1].place, Place::Offset(24 + 16 + 36));
    }
}

#[test]
fn blocks_of_both_orders_are_read() {
    for swapped in [false, true] {
        let file = pcapng(Order { swapped }, &[frame(7, 824, 16, b"one"), frame(6, 824, 16, b"three")]);
        assert_eq!(Form::of(&file), Some(Form::PcapNg));
        let (packets, damages) = read(Form::PcapNg, &file);
        assert_eq!((packets.len(), damages), (2, vec![]));
        assert_eq!((&packets[0].bytes[..], &packets[1].bytes[..]), (&b"one"[..], &b"three"[..]));
        assert_eq!(packets[0].time, Some(Duration::new(5, 1000)));
        assert_eq!(packets[1].time, Some(Duration::new(86400, 5_000_001)));
    }
}

#[test]
fn what_is_recorded_is_read() {
    let mut file = Vec::new();
    let mut recorder = Recorder::new(&mut file).unwrap();
    let long = vec![7; 300_000];
    recorder.record(Duration::new(1, 999_999_999), Protocol::ROUTE, Direction::Received, b"x").unwrap();
    recorder.record(Duration::new(2, 0), Protocol::GENERIC, Direction::Sent, &long).unwrap();
    let (packets, damages) = read(Form::Pcap, &file);
    assert_eq!(damages, Vec::<String>::new());
    assert_eq!((packets[0].time, &packets[0].bytes[..]), (Some(Duration::new(1, 999_999_999)), &b"x"[..]));
    assert_eq!((packets[0].way(), packets[1].way()), (Direction::Received, Direction::Sent));
    assert_eq!((packets[1].is_cut(), packets[1].len), (true, 300_000));
}

#[test]
fn damaged_captures_are_read_on() {
    let order = Order { swapped: false };
    let frames: Vec<(Vec<u8>, u32)> =
        (1..=4).map(|seq| (frame(7, 824, 16, &message(seq, Flags::REQUEST)), 0)).collect();
    let whole = pcap(order, 0xa1b2_c3d4, &frames);
    let record = 16 + 36;
    let second = 24 + record;
    let with = |at: usize, byte: u8| {
        let mut file = whole.clone();
        file[at] = byte;
        file
    };
    for (file, left, said) in [
        // The second record's length, its device.
        (
            with(second + 10, 0xff),
            &[1, 3, 4][..],
            &["offset 76: a record cannot be 16711716 bytes of 36, 140 are left"][..],
        ),
        (with(second + 8, 200), &[1, 3, 4], &["offset 76: a record cannot be 200 bytes of 36"]),
        (with(second + 16 + 2, 9), &[1, 3, 4], &["offset 76: a packet of another kind of device (ARPHRD 2360)"]),
        (whole[..second + 10].to_vec(), &[1], &["offset 76: the file ends within a record's header: 10 of 16 bytes"]),
        (whole[..second + 16 + 32].to_vec(), &[1, 2], &["offset 76: the file ends within a packet: 32 of 36 bytes"]),
        (
            [&whole[..second], &[0x55; 100], &whole[second..]].concat(),
            &[1, 2, 3, 4],
            &["offset 76: a record cannot be 1431655765"],
        ),
        (with(20, 1), &[], &["offset 20: the capture's link type is 1, not netlink's (253)"]),
        (whole[..10].to_vec(), &[], &["offset 0: a capture of 10 bytes is shorter than its header (24)"]),
    ] {
        let (packets, damages) = read(Form::Pcap, &file);
        assert_eq!(seqs(&packets), left, "{damages:?}");
        assert_eq!(damages.len(), said.len(), "{damages:?}");
        damages.iter().zip(said).for_each(|(damage, said)| assert!(damage.starts_with(said), "{damage} is not {said}"));
    }
    // The piece of a packet that is there keeps its length.
    let (packets, _) = read(Form::Pcap, &whole[..second + 16 + 32]);
    assert_eq!((packets[1].bytes.len(), packets[1].len, packets[1].is_cut()), (16, 20, true));
}

#[test]
fn damaged_blocks_are_read_on() {
    let order = Order { swapped: false };
    let frames: Vec<Vec<u8>> = (1..=4).map(|seq| frame(7, 824, 16, &message(seq, Flags::REQUEST))).collect();
    let whole = pcapng(order, &frames);
    let packet = 12 + 20 + 36;
    let second = whole.len() - 3 * packet;
    let with = |at: usize, byte: u8| {
        let mut file = whole.clone();
        file[at] = byte;
        file
    };
    for (file, left, said) in [
        (
            with(second + 4, 0xf0),
            &[1, 3, 4][..],
            format!("offset {second}: no whole block begins here; read on at offset"),
        ),
        (with(second + 8, 9), &[1, 3, 4], format!("offset {second}: a packet of interface 9")),
        (
            with(second + 8 + 13, 9),
            &[1, 3, 4],
            format!("offset {second}: a packet cannot be 2340 bytes in a block of 56"),
        ),
        (whole[..second + 30].to_vec(), &[1], format!("offset {second}: no whole block begins here, nor behind it")),
    ] {
        let (packets, damages) = read(Form::PcapNg, &file);
        assert_eq!(seqs(&packets), left, "{damages:?}");
        assert!(damages.len() == 1 && damages[0].starts_with(&said), "{damages:?} are not {said}");
    }
}

#[test]
fn a_capture_of_the_other_byte_order_is_known_as_such() {
    let native = message(1, Flags::REQUEST);
    let mut foreign = native.clone();
    foreign[..4].reverse();
    for (bytes, is_foreign) in [(native, false), (foreign, true), (b"short".to_vec(), false)] {
        let mut file = Vec::new();
        let mut recorder = Recorder::new(&mut file).unwrap();
        recorder.record(Duration::ZERO, Protocol::GENERIC, Direction::Sent, &bytes).unwrap();
        assert_eq!(read(Form::Pcap, &file).0[0].is_foreign(), is_foreign);
    }
}

#[test]
fn neither_capture_nor_trace_is_none() {
    for bytes in [
        &b""[..],
        b"24000000 10000100",
        b"# a note (in parentheses)\n24 00",
        &[0; 64],
        b"\x0a\x0d\x0d\x0a\0\0\0\0\0\0\0\0",
    ] {
        assert_eq!(Form::of(bytes), None, "{bytes:?}");
    }
}

fn forms() -> impl Strategy<Value = Form> {
    prop_oneof![Just(Form::Pcap), Just(Form::PcapNg), Just(Form::Strace)]
}

proptest! {
    #[test]
    fn whatever_bytes_come_reading_ends_and_invents_nothing(form in forms(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let (packets, _) = read(form, &bytes);
        let held: usize = packets.iter().map(|packet| packet.bytes.len()).sum();
        prop_assert!(held <= bytes.len());
    }

    #[test]
    fn captures_with_any_byte_changed_are_read(at in 0_usize..400, byte: u8, swapped: bool) {
        let order = Order { swapped };
        let frames: Vec<Vec<u8>> = (1..=4).map(|seq| frame(7, 824, 16, &message(seq, Flags::REQUEST))).collect();
        let timed: Vec<_> = frames.iter().map(|frame| (frame.clone(), 0)).collect();
        for (form, mut file) in [(Form::Pcap, pcap(order, 0xa1b2_c3d4, &timed)), (Form::PcapNg, pcapng(order, &frames))] {
            let at = at % file.len();
            file[at] = byte;
            let (packets, damages) = read(form, &file);
            // A record is lost with the byte that says how long it is, and the file with its header alone.
            let header = if form == Form::Pcap { 24 } else { 28 + 20 + 44 };
            prop_assert!(packets.len() >= 3 || at < header, "{form:?} {at}: {} {damages:?}", packets.len());
        }
    }

    #[test]
    fn what_was_recorded_is_read_whatever_it_was(
        datagrams in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..100), 0_u8..32, any::<bool>(), any::<u32>(), 0_u32..1_000_000_000), 0..8)
    ) {
        let mut file = Vec::new();
        let mut recorder = Recorder::new(&mut file).unwrap();
        for (bytes, protocol, sent, seconds, nanos) in &datagrams {
            let way = if *sent { Direction::Sent } else { Direction::Received };
            recorder.record(Duration::new((*seconds).into(), *nanos), Protocol::new(*protocol).unwrap(), way, bytes).unwrap();
        }
        let (packets, damages) = read(Form::Pcap, &file);
        prop_assert_eq!((packets.len(), damages), (datagrams.len(), vec![]));
        for (packet, (bytes, protocol, sent, seconds, nanos)) in packets.iter().zip(&datagrams) {
            prop_assert_eq!(&packet.bytes, bytes);
            prop_assert_eq!((packet.protocol, packet.way() == Direction::Sent), (Protocol::new(*protocol), *sent));
            prop_assert_eq!(packet.time, Some(Duration::new((*seconds).into(), *nanos)));
        }
    }
}
