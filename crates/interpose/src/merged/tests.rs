//! Families of two kernels on one socket, the other kernel being Linux as it is here.

use netloom::families::nlctrl::Getfamily;
use netloom::kernel::{Kernel, raw};
use netloom::socket::{Address, Opt, RecvFlags};
use netloom::wire::{Flags, GenlHeader, Header, MessageType, Str, messages};

use super::*;
use crate::Local;

const NLCTRL: u16 = 16;
const GETFAMILY: u8 = 3;
const NEWFAMILY: u8 = 1;
const DELFAMILY: u8 = 2;
const GETPOLICY: u8 = 10;

/// A message of generic netlink.
fn message(id: u16, cmd: u8, flags: Flags, seq: u32, attrs: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = GenlHeader { cmd, version: 1, reserved: 0 }.to_bytes().to_vec();
    for (id, payload) in attrs {
        let len = u16::try_from(payload.len() + 4).unwrap();
        body.extend([&len.to_ne_bytes()[..], &id.to_ne_bytes(), payload].concat());
        body.resize(body.len().next_multiple_of(4), 0);
    }
    Header { seq, ..Header::new(MessageType(id), flags | Flags::REQUEST) }.message(&body)
}

fn by_name(name: &str, seq: u32) -> Vec<u8> {
    message(NLCTRL, GETFAMILY, Flags::NONE, seq, &[(2, format!("{name}\0").as_bytes())])
}

fn by_id(id: u16, seq: u32) -> Vec<u8> {
    message(NLCTRL, GETFAMILY, Flags::NONE, seq, &[(1, &id.to_ne_bytes())])
}

/// What a message says: its sequence number, and the errno or the family.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Errno(u32, i32),
    Family(u32, u8, String),
    Done(u32),
    Other(u32, u16),
}

/// Everything that can be read, and that its header is right.
fn read(endpoint: &dyn Endpoint) -> Vec<Told> {
    let port = endpoint.local().unwrap().port;
    let mut told = Vec::new();
    let mut buf = vec![0; 1 << 16];
    while let Ok(received) = endpoint.recv(&mut buf, RecvFlags::DONTWAIT, None) {
        for message in messages(&buf[..received.len]).map(Result::unwrap) {
            let Header { seq, kind, port: to, .. } = message.header;
            assert!(to == port || seq == 0, "{message:?}");
            assert_eq!(received.source.port, 0);
            told.push(match kind {
                MessageType::ERROR => Told::Errno(seq, message.error().unwrap().errno.0),
                MessageType::DONE => Told::Done(seq),
                MessageType(NLCTRL) => match message.attrs(4).last(2).and_then(|name| name.read::<Str>()) {
                    Some(name) => Told::Family(seq, message.payload[0], name.to_owned()),
                    None => Told::Other(seq, NLCTRL),
                },
                MessageType(kind) => Told::Other(seq, kind),
            });
        }
    }
    told
}

fn family(name: &str) -> raw::Family {
    raw::Family::new(name).group("events").op(raw::Op::new(1).doit(|_| Ok(())))
}

struct World {
    kernel: Kernel,
    side: Merged<Local>,
}

impl World {
    fn new(only: &[&str]) -> Self {
        let kernel = Kernel::builder().first_family(FIRST_FAMILY).first_group(FIRST_GROUP).build();
        Self { side: Merged::new(Local(kernel.clone())).only(only.iter().copied()), kernel }
    }

    fn open(&self) -> Arc<dyn Endpoint> {
        let client = Client::of(std::process::id()).unwrap();
        self.side.open(Protocol::GENERIC, &client).unwrap().unwrap()
    }
}

/// A family of Linux's: its name and id.
fn of_linux() -> Option<(String, u16)> {
    let connection = netloom::client::Connection::open().unwrap();
    let families = connection.dump(Getfamily, &()).unwrap().consistent(8).unwrap().whole().unwrap();
    let found = families.into_iter().find(|family| family.family_id != Some(NLCTRL));
    if found.is_none() {
        eprintln!("skipped: this Linux has no family but nlctrl");
    }
    found.and_then(|family| Some((family.family_name?.to_string(), family.family_id?)))
}

const ENOENT: i32 = 2;

#[test]
fn each_family_is_answered_for_by_its_kernel_and_in_the_order_of_the_questions() {
    let Some((twice, hidden)) = of_linux() else { return };
    let world = World::new(&["ours", &twice]);
    let [ours, ..] = ["ours", &twice, "not shown"].map(|name| world.kernel.register(family(name)).unwrap());
    let (id, not_shown) = (ours.id, FIRST_FAMILY + 2);
    let endpoint = world.open();
    let ack = Flags::ACK;
    let found = |seq, name: &str| Told::Family(seq, NEWFAMILY, name.to_owned());
    let questions = [
        (by_name("ours", 1), found(1, "ours")),
        (by_name("nlctrl", 2), found(2, "nlctrl")),
        (by_id(id, 3), found(3, "ours")),
        (by_id(NLCTRL, 4), found(4, "nlctrl")),
        (by_name(&twice, 5), found(5, &twice)),
        (by_id(hidden, 6), Told::Errno(6, ENOENT)),
        (by_name("not shown", 7), Told::Errno(7, ENOENT)),
        (by_id(not_shown, 8), Told::Errno(8, ENOENT)),
        (message(id, 1, ack, 9, &[]), Told::Errno(9, 0)),
        (message(hidden, 1, ack, 10, &[]), Told::Errno(10, ENOENT)),
        (message(not_shown, 1, ack, 11, &[]), Told::Errno(11, ENOENT)),
        (message(NLCTRL, GETPOLICY, Flags::DUMP, 12, &[(1, &hidden.to_ne_bytes())]), Told::Errno(12, ENOENT)),
        (message(NLCTRL, 99, ack, 13, &[]), Told::Errno(13, 95)),
        (message(3, 0, ack, 14, &[]), Told::Errno(14, 0)),
    ];
    for (question, answer) in &questions {
        endpoint.send(None, question).unwrap();
        assert_eq!(read(&*endpoint), std::slice::from_ref(answer), "{question:?}");
    }
    let answers: Vec<Told> = questions.iter().map(|(_, answer)| answer.clone()).collect();
    // One after the other without reading, and all in one datagram.
    for (question, _) in &questions {
        endpoint.send(None, question).unwrap();
    }
    assert_eq!(read(&*endpoint), answers);
    let all: Vec<u8> = questions.iter().flat_map(|(question, _)| question.iter().copied()).collect();
    assert_eq!(endpoint.send(None, &all), Ok(all.len()));
    assert_eq!(read(&*endpoint), answers);
}

#[test]
fn dumps_tell_of_both_and_end_once() {
    let Some((twice, _)) = of_linux() else { return };
    let world = World::new(&["ours", &twice]);
    for name in ["ours", &twice, "not shown"] {
        world.kernel.register(family(name)).unwrap();
    }
    let endpoint = world.open();
    for seq in 1..4 {
        endpoint.send(None, &message(NLCTRL, GETFAMILY, Flags::DUMP, seq, &[])).unwrap();
        let told = read(&*endpoint);
        let (last, families) = told.split_last().unwrap();
        assert_eq!(*last, Told::Done(seq));
        let names: Vec<&str> = families
            .iter()
            .map(|told| match told {
                Told::Family(of, NEWFAMILY, name) if *of == seq => name.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((names[0], &names[names.len() - 2..]), ("nlctrl", &["ours", &*twice][..]));
        assert_eq!(names.iter().filter(|name| **name == twice).count(), 1);
    }
    // A dump that is refused has no part of ours.
    endpoint.set(Opt::StrictCheck, 1).unwrap();
    endpoint.send(None, &message(NLCTRL, GETPOLICY, Flags::DUMP, 9, &[])).unwrap();
    assert!(matches!(read(&*endpoint)[..], [Told::Errno(9, 22)]));
}

#[test]
fn families_that_come_and_go_are_told_of_if_they_are_ours() {
    let world = World::new(&["ours"]);
    let endpoint = world.open();
    endpoint.bind(Address { port: 0, groups: 1 << 15 }).unwrap();
    endpoint.send(None, &by_id(FIRST_FAMILY, 1)).unwrap();
    assert_eq!(read(&*endpoint), [Told::Errno(1, ENOENT)]);
    let ours = world.kernel.register(family("ours")).unwrap();
    let other = world.kernel.register(family("other")).unwrap();
    let events = |first: u8, second: u8| [first, second].map(|cmd| Told::Family(0, cmd, "ours".to_owned()));
    assert_eq!(read(&*endpoint), events(NEWFAMILY, 7));
    // Its group is there to be joined, those of others are not; and Linux's are as ever.
    assert_eq!(endpoint.join(ours.groups[0].1), Ok(()));
    assert_eq!(endpoint.join(other.groups[0].1), Err(Errno::EINVAL));
    assert_eq!(endpoint.join(17), Ok(()));
    assert_eq!(endpoint.memberships().unwrap(), [16, 17, FIRST_GROUP]);
    assert_eq!(endpoint.local().unwrap().groups, 1 << 15 | 1 << 16);
    // The id that nobody had a moment ago.
    endpoint.send(None, &by_id(FIRST_FAMILY, 2)).unwrap();
    assert_eq!(read(&*endpoint), [Told::Family(2, NEWFAMILY, "ours".to_owned())]);
    world.kernel.unregister(&ours).unwrap();
    world.kernel.unregister(&other).unwrap();
    assert_eq!(read(&*endpoint), events(8, DELFAMILY));
    assert_eq!(endpoint.leave(FIRST_GROUP), Ok(()));
    assert_eq!(endpoint.memberships().unwrap(), [16, 17]);
    endpoint.send(None, &message(FIRST_FAMILY, 1, Flags::ACK, 3, &[])).unwrap();
    assert_eq!(read(&*endpoint), [Told::Errno(3, ENOENT)]);
}

/// Questions for both in turn, and nobody who reads: what is kept is bounded, and told of as lost.
#[test]
fn who_does_not_read_loses_answers() {
    let world = World::new(&["ours"]);
    world.kernel.register(family("ours")).unwrap();
    let endpoint = world.open();
    endpoint.set(Opt::ReceiveBuffer, 16_384).unwrap();
    for seq in 0..1_000 {
        endpoint.send(None, &by_name(if seq % 2 == 0 { "ours" } else { "nlctrl" }, seq)).unwrap();
    }
    let (mut kept, mut lost) = (0, 0);
    let mut buf = vec![0; 1 << 16];
    loop {
        match endpoint.recv(&mut buf, RecvFlags::DONTWAIT, None) {
            Ok(received) => kept += received.len,
            Err(Errno::ENOBUFS) => lost += 1,
            Err(errno) => break assert_eq!(errno, Errno::EAGAIN),
        }
    }
    // What each of the two sockets holds, and as much again here.
    assert!((10_000..4 * 32_768).contains(&kept) && lost > 0, "{kept} {lost}");
    endpoint.send(None, &by_name("ours", 1)).unwrap();
    assert_eq!(read(&*endpoint), [Told::Family(1, NEWFAMILY, "ours".to_owned())]);
}
