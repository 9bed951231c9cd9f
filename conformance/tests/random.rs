//! Random datagrams to nlctrl, whole and damaged, to our kernel side and to the Linux underneath: same answers.

use netloom::kernel::Kernel;
use netloom::socket::{Address, Opt, Socket};
use netloom::wire::{Flags, GenlHeader, Header, MessageType, Protocol, Writer, messages};
use netloom::{Errno, Error};
use netloom_conformance::{Record, Release};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// One message of a datagram, before it is written.
#[derive(Clone, Debug)]
struct Asked {
    kind: u16,
    flags: u16,
    cmd: u8,
    reserved: u16,
    attrs: Vec<(u16, Vec<u8>)>,
    tail: Vec<u8>,
    /// Added to the length that the header claims.
    lie: i32,
}

fn asked() -> impl Strategy<Value = Asked> {
    let kind = prop_oneof![12 => Just(16_u16), 1 => Just(1000), 1 => 0_u16..5];
    let flags = prop_oneof![
        6 => Just(5_u16),
        3 => Just(1),
        1 => Just(4),
        1 => Just(0),
        2 => Just(0x305),
        1 => Just(0x301),
        1 => Just(0x105),
        1 => Just(0x405),
        1 => Just(0xd),
    ];
    let cmd = prop_oneof![6 => Just(3_u8), 4 => Just(10), 1 => 0_u8..14, 1 => Just(99)];
    let id = prop_oneof![3 => Just(1_u16), 4 => Just(2), 2 => Just(10), 1 => 0_u16..14, 1 => Just(77)];
    let bits = prop_oneof![6 => Just(0_u16), 1 => Just(0x8000), 1 => Just(0x4000)];
    let value = prop_oneof![
        3 => Just(16_u16.to_ne_bytes().to_vec()),
        4 => Just(b"nlctrl\0".to_vec()),
        1 => Just(b"nlctrl".to_vec()),
        1 => Just(b"nobody\0".to_vec()),
        1 => Just(b"nlctrl\0\0\0".to_vec()),
        1 => Just(b"a-name-of-15-ch\0".to_vec()),
        1 => Just(b"a-name-of-16-chr\0".to_vec()),
        1 => Just(10_u32.to_ne_bytes().to_vec()),
        1 => Just(3_u32.to_ne_bytes().to_vec()),
        1 => vec(0_u8..3, 0..9),
    ];
    let attr = (id, bits, value).prop_map(|(id, bits, value)| (id | bits, value));
    let tail = prop_oneof![8 => Just(Vec::new()), 1 => vec(0_u8..6, 1..6)];
    let lie = prop_oneof![12 => Just(0), 1 => -4_i32..5];
    let reserved = prop_oneof![8 => Just(0_u16), 1 => Just(1)];
    (kind, flags, cmd, reserved, vec(attr, 0..4), tail, lie).prop_map(
        |(kind, flags, cmd, reserved, attrs, tail, lie)| Asked { kind, flags, cmd, reserved, attrs, tail, lie },
    )
}

/// A datagram of these messages. Only the last may be a dump: how much of one fits a chunk depends on the machine.
fn datagram(all: &[Asked]) -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    let mut lies = Vec::new();
    for (i, asked) in all.iter().enumerate() {
        let last = i + 1 == all.len();
        let flags = if asked.flags & 0x300 == 0x300 && !last { 5 } else { asked.flags };
        let header = Header { seq: 100 + i as u32, ..Header::new(MessageType(asked.kind), Flags(flags)) };
        let start = w.len();
        w.message(header, |w| {
            w.genl(GenlHeader { cmd: asked.cmd, version: 77, reserved: asked.reserved })?;
            asked.attrs.iter().try_for_each(|(id, value)| w.put_attr(*id, value))?;
            w.put_bytes(&asked.tail)
        })
        .unwrap();
        let len = u32::from_ne_bytes(w.written()[start..start + 4].try_into().unwrap());
        lies.push((start, len.saturating_add_signed(asked.lie)));
    }
    let len = w.len();
    for (start, len) in lies {
        buf[start..start + 4].copy_from_slice(&len.to_ne_bytes());
    }
    buf.truncate(len);
    buf
}

/// All messages that answer, without the port; a dump's objects are left out, since families differ.
fn answers(socket: &Socket, datagram: &[u8]) -> Vec<Vec<u8>> {
    if let Err(error) = socket.send(datagram) {
        return vec![error.errno().unwrap_or(Errno(0)).0.to_string().into_bytes()];
    }
    let mut buf = Vec::new();
    let mut found = Vec::new();
    loop {
        let received = match socket.try_recv(&mut buf) {
            Ok(received) => received,
            Err(error) if is_empty(&error) => return found,
            Err(error) => panic!("{error}"),
        };
        for message in messages(&buf[..received.len]) {
            let message = message.unwrap();
            if message.header.kind != MessageType::DONE && message.header.flags.contains(Flags::MULTI) {
                continue;
            }
            let mut bytes = message.bytes.to_vec();
            bytes[12..16].fill(0);
            found.push(bytes);
        }
    }
}

/// A socket of the Linux underneath, if it is one whose answers are on record: others are known to differ.
///
/// Linux 6.1 is one of those: it heeds no attribute of a dump of families.
fn linux() -> Option<Socket> {
    let recorded = Release::here().is_some_and(|here| here >= Release(6, 12) && Record::releases().contains(&here));
    if recorded { Socket::open(Protocol::GENERIC).ok() } else { None }
}

fn is_empty(error: &Error) -> bool {
    error.errno() == Some(Errno::EAGAIN)
}

fn told(answers: &[Vec<u8>]) -> String {
    let line = |bytes: &Vec<u8>| match messages(bytes).next() {
        Some(Ok(message)) => {
            format!("{:?} {:?}\n", message.header, message.error().map(|error| (error.errno, error.ext_ack)))
        }
        _ => format!("{bytes:?}\n"),
    };
    answers.iter().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3000,
        rng_seed: RngSeed::Fixed(0x6c69_6e75_7821),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    // Items A2 to A13, C1, C4, C5, D15 to D19, D26, E1 to E9.
    #[test]
    fn nlctrl_answers_as_linux_does(all in vec(asked(), 1..4), ext_ack in any::<bool>(), cap_ack in any::<bool>()) {
        let Some(linux) = linux() else { return Ok(()) };
        let here = Release::here().and_then(Release::version).unwrap_or_default();
        let ours = Kernel::builder().behave_like(here).build().socket(Protocol::GENERIC).unwrap();
        let datagram = datagram(&all);
        let [linux, ours] = [linux, ours].map(|socket| {
            socket.bind(Address::default()).unwrap();
            socket.set(Opt::ExtAck, u32::from(ext_ack)).unwrap();
            socket.set(Opt::CapAck, u32::from(cap_ack)).unwrap();
            answers(&socket, &datagram)
        });
        prop_assert!(linux == ours, "Linux:\n{}\nours:\n{}", told(&linux), told(&ours));
    }
}
