//! Keys are in no text: what prints messages for people who debug says how long they are.
#![cfg(feature = "wireguard")]

use std::fmt::Debug;

use netloom::client::{Exchange, Expect};
use netloom::families::wireguard::{Device, GetDevice, Peer, SetDevice};
use netloom::kernel::engine::{Entry, Mode, Outcome, Table, Task};
use netloom::kernel::{Engine, Family, Kernel, Nack, NetNs, raw};
use netloom::socket::{Address, Credentials};
use netloom::wire::{
    Errno, Flags, Header, Message, MessageType, OpFlags, Protocol, Strictness, Unparsed, Why, Writer, messages,
};

/// A byte that is nowhere else: as a number, 0xa5 is 165.
const KEY: [u8; 32] = [0xa5; 32];

fn hidden(what: &str, value: &impl Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        let digits: String = text.to_lowercase().split([' ', ',', '\n', '_']).collect();
        assert!(!digits.contains("165165") && !digits.contains("a5a5"), "{what}: {text}");
    }
}

fn device() -> Device {
    let peer = Peer::new().public_key([1; 32]).preshared_key(KEY);
    let mut device = Device::new().ifname("wg0").private_key(KEY).peers([peer]);
    // Ill-formed, as a peer may send it.
    device.unparsed.push(Unparsed { raw_type: Device::PRIVATE_KEY.id(), payload: vec![0xa5; 33], why: Why::Bad });
    device
}

fn encoded() -> Vec<u8> {
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    device().encode(&mut w).unwrap();
    w.written().to_vec()
}

#[test]
fn what_clients_print() {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(SetDevice, |(), _, _| Err(Nack::new(Errno::EINVAL).with_message("no")))
        .on_dump(GetDevice, |_, _, _| Ok([device()].into_iter()));
    kernel.register(family).unwrap();
    let nl = kernel.connect();
    hidden("a device", &device());
    hidden("a request", &nl.request(SetDevice, &device()));
    hidden("an error", &nl.call(SetDevice, &device()).unwrap_err());
    let request = || nl.request_raw(nl.family("wireguard").unwrap().id).cmd(0).version(1).attr(3, &KEY);
    hidden("a raw request", &request());
    hidden("its error", &request().send().map(drop).unwrap_err());
    let mut dump = nl.dump(GetDevice, &Device::new()).unwrap();
    hidden("an object, borrowed", &dump.next_ref().unwrap().unwrap());
    hidden("a dump", &dump);
    let mut dump = nl.request_raw(nl.family("wireguard").unwrap().id).cmd(0).version(1).dump().unwrap();
    hidden("a raw message", &dump.next_ref().unwrap().unwrap());
    hidden("a raw dump", &dump);
}

#[test]
fn what_kernels_send_on_their_own() {
    let kernel = Kernel::new();
    let told = encoded();
    let op = raw::Op::new(1).doit(move |ctx| {
        ctx.reply(1, &device())?;
        Ok(())
    });
    let id = kernel.register(raw::Family::new("keys").op(op)).unwrap().id;
    let nl = kernel.connect();
    let answer = nl.request_raw(id).cmd(1).version(1).send().unwrap();
    assert_eq!(answer.replies[0].bytes()[20..], told[..], "there is something to hide");
    hidden("a raw answer", &answer);
    hidden("a connection", &nl);
}

#[test]
fn what_the_engines_print() {
    let engine = Engine::new(0);
    let key = engine.open(NetNs(0), Protocol::GENERIC, Credentials::default()).unwrap();
    engine.register(keys()).unwrap();
    let mut buf = vec![0; 4096];
    let mut w = Writer::new(&mut buf);
    let header = Header { seq: 1, ..Header::new(MessageType(19), Flags::REQUEST | Flags::ACK) };
    w.message(header, |w| {
        w.put_bytes(&[1, 1, 0, 0])?;
        w.put_bytes(&encoded())
    })
    .unwrap();
    let request = w.written().to_vec();
    engine.deliver(&key, &Credentials::default(), None, &request).unwrap();
    let work = engine.work().unwrap();
    hidden("work", &work);
    assert!(matches!(work.task, Task::Do(_)));
    let outcome = Outcome::Did { reply: Some(request.clone()), answer: Err(Nack::new(Errno::EINVAL)), warning: None };
    hidden("an outcome", &outcome);
    engine.complete(work.id, outcome);
    // The reply, then the error with a copy of the request.
    let (mut exchange, port) = (Exchange::new(0, 1, Expect::Ack), engine.local(&key).unwrap().port);
    for _ in 0..2 {
        let datagram = engine.read(&key, 1 << 16, false).unwrap().0.unwrap();
        hidden("a datagram", &datagram);
        for message in messages(&datagram.bytes) {
            hidden("a message", &message);
            hidden("an error message", &message.unwrap().error());
        }
        let mut exchange_of_port = Exchange::new(port, 1, Expect::Ack);
        for step in exchange.feed(&datagram.bytes, Address::KERNEL) {
            hidden("a stray", &step);
        }
        for step in exchange_of_port.feed(&datagram.bytes, Address::KERNEL) {
            hidden("a step", &step);
        }
    }
}

fn keys() -> Table {
    let mode = Some(Mode::new(None, Strictness::LIBERAL));
    Table {
        name: "keys".to_owned(),
        protocol: Protocol::GENERIC,
        version: 1,
        header_size: 0,
        max_attr: 0,
        resv_start_op: 2,
        parallel: false,
        every_namespace: true,
        ops: vec![Entry { number: 1, flags: OpFlags::NONE, internal_flags: 0, doit: mode, dump: None }],
        groups: Vec::new(),
        binds: false,
    }
}
