//! Both engines in one thread: what `Exchange` asks, `Engine` answers, and nothing is between them: no socket, shell,
//! lock or clock. Datagrams may be lost, doubled or torn on the way at will.

use netloom::client::{Exchange, Expect, Step};
use std::sync::Arc;

use netloom::kernel::engine::{Cursor, Entry, Fill, Filled, Mode, OpenPort, Outcome, Table, Task, Work};
use netloom::kernel::{Engine, Nack, NetNs};
use netloom::socket::{Address, Credentials, Opt};
use netloom::wire::{
    AttrPolicy, Errno, Flags, GenlHeader, Header, MessageType, OpFlags, Policy, Protocol, RawAttrs, Strictness, Writer,
};

static POLICY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32.range(0, 9)]);
const ROOT: Credentials = Credentials { process: 4_711, uid: 0, gid: 0 };
const OBJECTS: u32 = 4_000;

/// A kernel side with one family, id 19, whose op 1 doubles a number and dumps numbers, and a port that uses it.
struct Pair {
    engine: Engine,
    port: Arc<OpenPort>,
    seq: u32,
    generation: u64,
}

impl Pair {
    fn new() -> Self {
        let engine = Engine::new(0);
        let mode = Some(Mode::new(Some(&POLICY), Strictness::STRICT));
        let table = Table {
            name: "numbers".to_owned(),
            protocol: Protocol::GENERIC,
            version: 1,
            header_size: 0,
            max_attr: 1,
            resv_start_op: 0,
            parallel: true,
            every_namespace: true,
            ops: vec![Entry { number: 1, flags: OpFlags::NONE, internal_flags: 0, doit: mode, dump: mode }],
            groups: Vec::new(),
            binds: false,
        };
        assert_eq!(engine.register(table).unwrap().id, 19);
        let port = engine.open(NetNs(0), Protocol::GENERIC, ROOT).unwrap();
        engine.set_option(&port, &ROOT, Opt::ExtAck, 1).unwrap();
        engine.bind(&port, &ROOT, Address::port(7)).unwrap();
        Self { engine, port, seq: 0, generation: 1 }
    }

    /// Sends op 1 with this number, and returns the exchange that waits for the answer.
    fn ask(&mut self, flags: Flags, expect: Expect, number: Option<u32>) -> Exchange {
        self.seq += 1;
        let mut buf = [0; 64];
        let mut w = Writer::new(&mut buf);
        let header = Header { seq: self.seq, port: 7, ..Header::new(MessageType(19), Flags::REQUEST | flags) };
        w.message(header, |w| {
            w.genl(GenlHeader { cmd: 1, version: 1, reserved: 0 })?;
            number.map_or(Ok(()), |number| w.put_attr(1, &number.to_ne_bytes()))
        })
        .unwrap();
        self.engine.deliver(&self.port, &ROOT, None, w.written()).unwrap();
        self.work();
        Exchange::new(7, self.seq, expect)
    }

    fn read(&mut self) -> Option<Vec<u8>> {
        let datagram = self.engine.read(&self.port, 32_768, false).unwrap().0?;
        self.work();
        Some(datagram.bytes.to_vec())
    }

    fn work(&mut self) {
        while let Some(work) = self.engine.work() {
            let id = work.id;
            let outcome = self.run(work);
            self.engine.complete(id, outcome);
        }
    }

    fn run(&self, work: Work) -> Outcome {
        let request = work.task.request().cloned().unwrap();
        let attrs = RawAttrs::new(&request.bytes()[request.attrs_start()..]);
        let judged = POLICY.validate(attrs, Strictness::STRICT);
        let refuse = |no: netloom::wire::Reject| {
            Nack::new(no.errno)
                .with_message(no.message.unwrap_or(""))
                .at((no.offset.unwrap_or(0) + request.attrs_start()) as u32)
        };
        match work.task {
            Task::Do(_) => match judged {
                Ok(_) => {
                    let number = attrs.last(1).and_then(|attr| attr.read::<u32>()).unwrap_or(0);
                    let mut buf = vec![0; 64];
                    let mut w = Writer::new(&mut buf);
                    let header =
                        Header { seq: request.header.seq, port: 7, ..Header::new(MessageType(19), Flags::NONE) };
                    w.message(header, |w| w.put_attr(1, &(number * 2).to_ne_bytes())).unwrap();
                    let reply = Some(w.written().to_vec());
                    Outcome::Did { reply, answer: Ok(()), warning: None }
                }
                Err(no) => Outcome::Did { reply: None, answer: Err(refuse(no)), warning: None },
            },
            Task::DumpStart(_) => Outcome::Started(judged.map(|_| Box::new(0_u32) as Cursor).map_err(refuse)),
            Task::DumpFill(_, fill) => self.fill(&request.header, fill),
            Task::DumpDone(..) => Outcome::Ended,
            Task::Input(_) | Task::Bind(_) | Task::Unbind(_) => panic!("of protocols by hand"),
        }
    }

    fn fill(&self, request: &Header, fill: Fill) -> Outcome {
        let mut next = *fill.cursor.downcast_ref::<u32>().unwrap();
        let mut chunk = vec![0; fill.room];
        let mut w = Writer::new(&mut chunk);
        let mut torn = fill.generation != 0 && fill.generation != self.generation;
        loop {
            let flags = if torn { Flags::MULTI | Flags::DUMP_INTR } else { Flags::MULTI };
            let header = Header { seq: request.seq, port: 7, ..Header::new(MessageType(19), flags) };
            if next == OBJECTS || w.message(header, |w| w.put_attr(1, &next.to_ne_bytes())).is_err() {
                break;
            }
            (next, torn) = (next + 1, false);
        }
        let len = w.len();
        chunk.truncate(len);
        let filled = if next < OBJECTS { Filled::More } else { Filled::Done };
        Outcome::Filled {
            cursor: Box::new(next),
            chunk,
            filled,
            generation: self.generation,
            torn,
            filtered: false,
            warning: None,
        }
    }
}

#[test]
fn a_call_is_answered_and_acknowledged() {
    let mut pair = Pair::new();
    let mut exchange = pair.ask(Flags::ACK, Expect::Ack, Some(9));
    let (mut numbers, mut acked) = (Vec::new(), false);
    while let Some(bytes) = pair.read() {
        for step in exchange.feed(&bytes, Address::KERNEL) {
            match step {
                Step::Reply(message) => numbers.push(message.attrs(0).first(1).unwrap().read::<u32>()),
                Step::Ack(_) => acked = true,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((numbers, acked, exchange.is_over()), (vec![Some(18)], true, true));
}

#[test]
fn a_refusal_says_why_and_where() {
    let mut pair = Pair::new();
    let mut exchange = pair.ask(Flags::NONE, Expect::Reply, Some(10));
    let bytes = pair.read().unwrap();
    let Some(Step::Nack(no)) = exchange.feed(&bytes, Address::KERNEL).next() else { panic!() };
    assert_eq!(
        (no.errno, no.ext_ack.message, no.ext_ack.offset),
        (Errno::ERANGE, Some("integer out of range"), Some(20))
    );
    assert!(exchange.is_over() && pair.read().is_none());
}

#[test]
fn a_dump_ends_whole_or_torn_and_never_in_between() {
    // when the walked state changes: before which datagram; what the end must be
    for (change, whole) in [(None, true), (Some(1), false), (Some(2), false)] {
        let mut pair = Pair::new();
        let mut exchange = pair.ask(Flags::DUMP, Expect::Dump, None);
        let (mut objects, mut end, mut datagrams) = (0, None, 0);
        while let Some(bytes) = {
            if change == Some(datagrams) {
                pair.generation += 1;
            }
            datagrams += 1;
            pair.read()
        } {
            assert!(end.is_none(), "nothing comes after the end");
            for step in exchange.feed(&bytes, Address::KERNEL) {
                match step {
                    Step::Reply(_) => objects += 1,
                    Step::Done(_) => end = Some(true),
                    Step::Interrupted(_) => end = Some(false),
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!((objects, end), (OBJECTS, Some(whole)), "changed before datagram {change:?}");
    }
}

#[test]
fn what_is_doubled_or_somebody_elses_is_told_apart() {
    let mut pair = Pair::new();
    let mut first = pair.ask(Flags::ACK, Expect::Ack, Some(1));
    let old: Vec<_> = std::iter::from_fn(|| pair.read()).collect();
    for bytes in &old {
        assert!(first.feed(bytes, Address::KERNEL).all(|step| !matches!(step, Step::Stray(_))));
    }
    // The next request meets the old answers again, and a copy of its own from another port.
    let mut second = pair.ask(Flags::ACK, Expect::Ack, Some(2));
    let new: Vec<_> = std::iter::from_fn(|| pair.read()).collect();
    let mut strays = 0;
    for bytes in &old {
        strays += second.feed(bytes, Address::KERNEL).filter(|step| matches!(step, Step::Stray(_))).count();
    }
    for bytes in &new {
        strays += second.feed(bytes, Address::port(99)).filter(|step| matches!(step, Step::Stray(_))).count();
    }
    assert!(strays == 4 && !second.is_over());
    new.iter().for_each(|bytes| second.feed(bytes, Address::KERNEL).for_each(drop));
    assert!(second.is_over());
}
