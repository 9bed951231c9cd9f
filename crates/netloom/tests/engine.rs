//! The engine alone: no shell, no lock, no thread. One loop hands work out and takes it back.

use std::sync::Arc;

use netloom::kernel::engine::{
    Cursor, Entry, Filled, GroupEntry, Intake, Mode, OpenPort, Outcome, ProtocolInfo, Table, Task, Work, WorkId,
};
use netloom::kernel::{Engine, Nack, NetNs};
use netloom::socket::{Address, Credentials, Opt};
use netloom::wire::{
    AttrPolicy, Errno, ErrorMessage, Flags, GenlHeader, Header, MessageType, OpFlags, Policy, Protocol, Strictness,
    Writer, messages,
};

static POLICY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32]);
const ROOT: Credentials = Credentials { process: 4_711, uid: 0, gid: 0 };
const NOBODY: Credentials = Credentials { process: 4_712, uid: 65_534, gid: 65_534 };

fn counters() -> Table {
    let mode = Some(Mode::new(Some(&POLICY), Strictness::STRICT));
    let op = |number, flags| Entry { number, flags, internal_flags: 0, doit: mode, dump: mode };
    Table {
        name: "counters".to_owned(),
        protocol: Protocol::GENERIC,
        version: 3,
        header_size: 0,
        max_attr: 0,
        resv_start_op: 0,
        parallel: false,
        every_namespace: true,
        ops: vec![op(1, OpFlags::NONE), op(2, OpFlags::ADMIN_PERM)],
        groups: vec![GroupEntry { name: "events".to_owned(), ..GroupEntry::default() }],
        binds: false,
    }
}

struct Bench {
    engine: Engine,
    port: Arc<OpenPort>,
    ended: usize,
}

impl Bench {
    fn new(credentials: Credentials) -> Self {
        let engine = Engine::new(1_000);
        assert_eq!(engine.register(counters()).unwrap().id, 19);
        let port = engine.open(NetNs(0), Protocol::GENERIC, credentials).unwrap();
        Self { engine, port, ended: 0 }
    }

    /// Sends as `by`, and does all work at once: a do echoes nothing, a dump counts to 1,000.
    fn send(&mut self, by: &Credentials, bytes: &[u8]) -> Result<(), Errno> {
        self.engine.deliver(&self.port, by, None, bytes)?;
        self.work();
        Ok(())
    }

    fn work(&mut self) {
        while let Some(work) = self.engine.work() {
            let id = work.id;
            let outcome = self.run(work);
            self.engine.complete(id, outcome);
        }
    }

    fn run(&mut self, work: Work) -> Outcome {
        match work.task {
            Task::Do(_) => Outcome::Did { reply: None, answer: Ok(()), warning: None },
            Task::DumpStart(_) => Outcome::Started(Ok(Box::new(0_u32) as Cursor)),
            Task::DumpFill(request, fill) => {
                let mut next = *fill.cursor.downcast_ref::<u32>().unwrap();
                let mut chunk = vec![0; fill.room];
                let mut w = Writer::new(&mut chunk);
                let header = Header { seq: request.header.seq, ..Header::new(MessageType(19), Flags::MULTI) };
                while next < 5_000 && w.message(header, |w| w.put_attr(1, &next.to_ne_bytes())).is_ok() {
                    next += 1;
                }
                let len = w.len();
                chunk.truncate(len);
                let filled = if next < 5_000 { Filled::More } else { Filled::Done };
                Outcome::Filled {
                    cursor: Box::new(next),
                    chunk,
                    filled,
                    generation: 0,
                    torn: false,
                    filtered: false,
                    warning: None,
                }
            }
            Task::DumpDone(..) => {
                self.ended += 1;
                Outcome::Ended
            }
            Task::Bind(_) => Outcome::Bound(Ok(())),
            Task::Input(_) | Task::Unbind(_) => Outcome::Ended,
        }
    }

    fn read(&mut self, room: usize) -> Vec<u8> {
        let datagram = self.engine.read(&self.port, room, false).unwrap().0;
        self.work();
        datagram.map(|datagram| datagram.bytes.to_vec()).unwrap_or_default()
    }

    fn errors(&mut self) -> Vec<(u32, Errno)> {
        let mut errors = Vec::new();
        loop {
            let bytes = self.read(8_192);
            if bytes.is_empty() {
                return errors;
            }
            for message in messages(&bytes).flatten() {
                if let Some(error) = message.error() {
                    errors.push((error.request.seq, error.errno));
                }
            }
        }
    }
}

fn request(kind: u16, cmd: u8, flags: Flags, seq: u32, attrs: &[(u16, &[u8])]) -> Vec<u8> {
    let mut buf = vec![0; 512];
    let mut w = Writer::new(&mut buf);
    w.message(Header { seq, ..Header::new(MessageType(kind), Flags::REQUEST | flags) }, |w| {
        w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
        attrs.iter().try_for_each(|(id, value)| w.put_attr(*id, value))
    })
    .unwrap();
    w.written().to_vec()
}

#[test]
fn checks_come_in_the_kernels_order() {
    let short = {
        let mut bytes = request(19, 1, Flags::NONE, 9, &[]);
        bytes.truncate(16);
        bytes[0] = 16;
        bytes
    };
    let mut reserved = request(19, 99, Flags::NONE, 1, &[]);
    reserved[18] = 1;
    // what is sent, by whom, the errno answered
    let cases: Vec<(Vec<u8>, Credentials, Errno)> = vec![
        (request(77, 1, Flags::NONE, 1, &[]), ROOT, Errno::ENOENT),
        (short, ROOT, Errno::EINVAL),
        (request(19, 1, Flags::CREATE, 1, &[]), ROOT, Errno::EINVAL),
        (reserved, NOBODY, Errno::EINVAL),
        (request(19, 99, Flags::NONE, 1, &[]), NOBODY, Errno::EOPNOTSUPP),
        (request(19, 2, Flags::NONE, 1, &[(1, &[1])]), NOBODY, Errno::EPERM),
        (request(19, 1, Flags::ACK, 1, &[]), NOBODY, Errno(0)),
    ];
    for (bytes, by, errno) in cases {
        let mut bench = Bench::new(by);
        bench.send(&by, &bytes).unwrap();
        assert_eq!(bench.errors().iter().map(|(_, errno)| *errno).collect::<Vec<_>>(), [errno], "{bytes:?}");
    }
}

#[test]
fn the_opener_counts_unless_the_sender_says_whom_it_is_for() {
    let privileged = request(19, 2, Flags::NONE, 1, &[]);
    // opener, sender, whether it names the kernel, the errno answered; as on Linux 6.18
    for (opener, by, named, errno) in [
        (ROOT, ROOT, false, None),
        (NOBODY, ROOT, false, Some(Errno::EPERM)),
        (NOBODY, ROOT, true, None),
        (ROOT, NOBODY, false, Some(Errno::EPERM)),
        (ROOT, NOBODY, true, Some(Errno::EPERM)),
    ] {
        let mut bench = Bench::new(opener);
        let to = named.then_some(Address::KERNEL);
        bench.engine.deliver(&bench.port, &by, to, &privileged).unwrap();
        bench.work();
        assert_eq!(bench.errors().first().map(|(_, errno)| *errno), errno, "{opener:?} {by:?} {named}");
        // Of groups the opener has no say.
        let users = bench.engine.open(NetNs(0), Protocol::USERSOCK, opener).unwrap();
        let joined = bench.engine.join(&users, &by, 1).map(drop);
        assert_eq!(joined, if by == ROOT { Ok(()) } else { Err(Errno::EPERM) }, "{opener:?} {by:?}");
    }
}

#[test]
fn a_bad_message_does_not_stop_the_next_and_a_broken_one_ends_the_datagram() {
    let mut bench = Bench::new(ROOT);
    let mut bytes = request(99, 1, Flags::NONE, 1, &[]);
    bytes.extend(request(19, 1, Flags::ACK, 2, &[]));
    let mut broken = request(19, 1, Flags::ACK, 3, &[]);
    broken[0] = 200;
    bytes.extend(broken);
    bytes.extend(request(19, 1, Flags::ACK, 4, &[]));
    bench.send(&ROOT, &bytes).unwrap();
    assert_eq!(bench.errors(), [(1, Errno::ENOENT), (2, Errno(0))]);
}

#[test]
fn a_dump_is_pulled_and_done_runs_once() {
    let mut bench = Bench::new(ROOT);
    let dump = request(19, 1, Flags::DUMP | Flags::ACK, 5, &[]);
    bench.send(&ROOT, &dump).unwrap();
    bench.send(&ROOT, &dump).unwrap();
    bench.send(&ROOT, &request(19, 1, Flags::ACK, 6, &[])).unwrap();
    let first = bench.read(65_536);
    assert!(first.len() <= 3_776, "a fresh socket gets the smallest chunk");
    let busy = bench.read(65_536);
    assert_eq!(ErrorMessage::read(Flags::NONE, &busy[16..]).map(|e| e.errno), Some(Errno::EBUSY));
    let ack = bench.read(65_536);
    assert_eq!(Header::read(&ack).map(|h| h.seq), Some(6));
    let mut objects = messages(&first).count();
    let mut longest = 0;
    loop {
        let bytes = bench.read(65_536);
        let done = messages(&bytes).flatten().any(|m| m.header.kind == MessageType::DONE);
        objects += messages(&bytes).count();
        longest = longest.max(bytes.len());
        if done {
            break;
        }
    }
    assert!((32_000..=32_448).contains(&longest), "later chunks follow the reader's room: {longest}");
    assert_eq!((objects, bench.ended), (5_001, 1));
    bench.send(&ROOT, &dump).unwrap();
    assert!(bench.engine.close(&bench.port).is_some());
    bench.work();
    assert_eq!(bench.ended, 2, "closing half-way ends a dump as well");
}

#[test]
fn a_family_stays_while_its_dump_runs() {
    let mut bench = Bench::new(ROOT);
    let key = bench.engine.family("counters").unwrap().key;
    bench.send(&ROOT, &request(19, 1, Flags::DUMP, 5, &[])).unwrap();
    assert_eq!(bench.engine.unregister(key), Err(Errno::EBUSY));
    while !bench.read(65_536).is_empty() {}
    assert_eq!(bench.engine.unregister(key), Ok(()));
    assert_eq!(bench.engine.unregister(key), Err(Errno::ENOENT));
}

#[test]
fn a_family_stays_until_the_dump_of_a_closed_socket_is_ended() {
    let mut bench = Bench::new(ROOT);
    let key = bench.engine.family("counters").unwrap().key;
    let asked = bench.engine.register(Table { name: "asked".to_owned(), binds: true, ..counters() }).unwrap();
    bench.engine.join(&bench.port, &ROOT, asked.groups[0].1).unwrap();
    bench.work();
    bench.send(&ROOT, &request(19, 1, Flags::DUMP, 5, &[])).unwrap();
    let closed = bench.engine.close(&bench.port).unwrap();
    // First it leaves its group, which takes its time.
    let work = bench.engine.work_of(closed).unwrap();
    assert!(matches!(work.task, Task::Unbind(_)), "{work:?}");
    assert_eq!(bench.engine.unregister(key), Err(Errno::EBUSY));
    bench.engine.complete(work.id, Outcome::Ended);
    bench.work();
    assert_eq!((bench.ended, bench.engine.is_finished(closed)), (1, true));
    assert_eq!(bench.engine.unregister(key), Ok(()));
}

#[test]
fn ports_and_groups_obey_the_rules() {
    let engine = Engine::new(1_000);
    engine.register(counters()).unwrap();
    let open = |engine: &Engine, by| engine.open(NetNs(0), Protocol::GENERIC, by).unwrap();
    let (one, two) = (open(&engine, ROOT), open(&engine, ROOT));
    assert_eq!(engine.local(&one), Ok(Address::default()));
    engine.bind(&one, &ROOT, Address::port(0)).unwrap();
    assert_eq!(engine.local(&one).unwrap().port, 4_711, "the process's id first");
    assert_eq!(engine.bind(&two, &ROOT, Address::port(4_711)), Err(Errno::EADDRINUSE));
    engine.bind(&two, &ROOT, Address::port(0)).unwrap();
    assert!(engine.local(&two).unwrap().port >= 0x8000_0000);
    assert_eq!(engine.bind(&one, &ROOT, Address::port(5)), Err(Errno::EINVAL));
    for (group, outcome) in [(0, Err(Errno::EINVAL)), (65, Err(Errno::EINVAL)), (64, Ok(None)), (2, Ok(None))] {
        assert_eq!(engine.join(&one, &NOBODY, group), outcome, "group {group}");
    }
    engine.bind(&one, &ROOT, Address { port: 4_711, groups: 1 }).unwrap();
    assert_eq!(engine.memberships(&one), Ok(vec![1, 64]), "a bind replaces the low 32 groups alone");
    assert_eq!(engine.open(NetNs(0), Protocol::RDMA, ROOT).err(), Some(Errno::EPROTONOSUPPORT));
    let users = engine.open(NetNs(0), Protocol::USERSOCK, NOBODY).unwrap();
    assert_eq!(engine.join(&users, &NOBODY, 1), Err(Errno::EPERM));
    assert_eq!(engine.deliver(&users, &NOBODY, None, b"x").err(), Some(Errno::ECONNREFUSED));
    assert_eq!(engine.deliver(&one, &ROOT, None, b"").err(), Some(Errno::ENODATA));
    assert_eq!(engine.deliver(&one, &ROOT, None, &vec![0; 212_961]).err(), Some(Errno::EMSGSIZE));
}

#[test]
fn answers_are_capped_and_explained_as_the_socket_asked() {
    // options set, flags of the error, its length: the request is 28 bytes, text and offset take 28 + 8
    for (cap, ext, flags, len) in [
        (0, 0, Flags::NONE, 16 + 4 + 28),
        (1, 0, Flags::CAPPED, 36),
        (0, 1, Flags::ACK_TLVS, 48 + 28 + 8),
        (1, 1, Flags::CAPPED | Flags::ACK_TLVS, 36 + 28 + 8),
    ] {
        let mut bench = Bench::new(ROOT);
        bench.engine.set_option(&bench.port, &ROOT, Opt::CapAck, cap).unwrap();
        bench.engine.set_option(&bench.port, &ROOT, Opt::ExtAck, ext).unwrap();
        let bytes = request(19, 1, Flags::NONE, 1, &[(9, &[1, 2, 3, 4])]);
        let ticket = bench.engine.deliver(&bench.port, &ROOT, None, &bytes).unwrap();
        let work = bench.engine.work_of(ticket).unwrap();
        let reject = Nack::new(Errno::EINVAL).with_message("Unknown attribute type").at(20);
        bench.engine.complete(work.id, Outcome::Did { reply: None, answer: Err(reject), warning: None });
        assert!(bench.engine.is_finished(ticket));
        let answer = bench.read(8_192);
        let header = Header::read(&answer).unwrap();
        assert_eq!((header.flags, header.port, answer.len()), (flags, 4_711, len));
        let said = ErrorMessage::read(header.flags, &answer[16..]).unwrap().ext_ack;
        assert_eq!(said.offset, (ext == 1).then_some(20));
    }
}

/// A protocol that is asked before a group is joined.
fn asking() -> (Engine, Protocol) {
    let engine = Engine::new(1_000);
    let protocol = Protocol::new(31).unwrap();
    let info = ProtocolInfo { binds: true, unbinds: true, intake: Intake::Datagrams, ..ProtocolInfo::default() };
    engine.register_protocol(protocol, info).unwrap();
    (engine, protocol)
}

/// Takes the next piece of work, which must be about joining (`+`) or leaving (`-`) this group.
fn membership(engine: &Engine) -> Option<(WorkId, String)> {
    let work = engine.work()?;
    let said = match work.task {
        Task::Bind(joins) => format!("+{}", joins.group),
        Task::Unbind(leaves) => format!("-{}", leaves.group),
        other => format!("{other:?}"),
    };
    Some((work.id, said))
}

#[test]
fn a_bind_waits_for_the_protocol_and_comes_to_nothing_without_it() {
    let (engine, protocol) = asking();
    let port = engine.open(NetNs(0), protocol, ROOT).unwrap();
    let address = Address { port: 5, groups: 0b101 };
    // what the protocol answers to groups 1 and 3, what is said to it besides, what comes of it
    let cases = [
        ([Some(Ok(())), Some(Err(Errno::EACCES))], vec!["-1"], Err(Errno::EACCES)),
        ([Some(Err(Errno::ENOSPC)), None], vec![], Err(Errno::ENOSPC)),
        ([Some(Ok(())), Some(Ok(()))], vec![], Ok(())),
    ];
    for (answers, told, outcome) in cases {
        let ticket = engine.bind(&port, &ROOT, address).unwrap().unwrap();
        for (answer, group) in answers.into_iter().flatten().zip(["+1", "+3"]) {
            assert!(!engine.is_finished(ticket) && engine.memberships(&port) == Ok(vec![]));
            assert_eq!(engine.unregister_protocol(protocol), Err(Errno::EBUSY));
            let (id, asked) = membership(&engine).unwrap();
            assert_eq!(asked, group);
            engine.complete(id, Outcome::Bound(answer));
        }
        for leave in told {
            let (id, said) = membership(&engine).unwrap();
            assert_eq!(said, leave);
            engine.complete(id, Outcome::Ended);
        }
        assert!(engine.is_finished(ticket) && engine.work().is_none());
        assert_eq!((engine.take_outcome(ticket), engine.take_outcome(ticket)), (outcome, Ok(())), "told once");
    }
    assert_eq!((engine.memberships(&port), engine.local(&port)), (Ok(vec![1, 3]), Ok(address)));

    // Two binds at once: the second finds another port id.
    let other = engine.open(NetNs(0), protocol, ROOT).unwrap();
    let late = engine.bind(&other, &ROOT, Address { port: 6, groups: 1 }).unwrap().unwrap();
    assert_eq!(engine.bind(&other, &ROOT, Address::port(7)), Ok(None));
    let (id, _) = membership(&engine).unwrap();
    engine.complete(id, Outcome::Bound(Ok(())));
    let (id, said) = membership(&engine).unwrap();
    assert_eq!(said, "-1");
    engine.complete(id, Outcome::Ended);
    assert_eq!((engine.take_outcome(late), engine.local(&other).unwrap().port), (Err(Errno::EINVAL), 7));

    // A socket that closes while it is asked for is in no group, and the protocol hears of that.
    let join = engine.join(&other, &ROOT, 9).unwrap().unwrap();
    let (id, _) = membership(&engine).unwrap();
    assert_eq!(engine.close(&other), None);
    engine.complete(id, Outcome::Bound(Ok(())));
    let (id, said) = membership(&engine).unwrap();
    assert_eq!(said, "-9");
    // A shell that answers with the wrong kind does no harm.
    engine.complete(id, Outcome::Bound(Err(Errno::EPERM)));
    assert_eq!((engine.take_outcome(join), engine.is_finished(join)), (Err(Errno::EBADF), true));

    let closed = engine.close(&port).unwrap();
    for group in ["-1", "-3"] {
        assert!(!engine.is_finished(closed));
        let (id, said) = membership(&engine).unwrap();
        assert_eq!(said, group);
        engine.complete(id, Outcome::Ended);
    }
    assert!(engine.is_finished(closed));
    assert_eq!(engine.unregister_protocol(protocol), Ok(()));
}

#[test]
fn a_question_is_answered_by_whom_it_was_put_to() {
    let (engine, protocol) = asking();
    let open = |engine: &Engine, port| {
        let key = engine.open(NetNs(0), protocol, ROOT).unwrap();
        engine.bind(&key, &ROOT, Address::port(port)).unwrap();
        key
    };
    let (asked, other) = (open(&engine, 5), open(&engine, 6));
    let question = Header::new(MessageType(0x30), Flags::NONE).message(b"?");
    let ask = engine.ask(NetNs(0), protocol, 5, question.clone()).unwrap();
    let heard = engine.read(&asked, 8_192, false).unwrap().0.unwrap();
    let seq = Header::read(&heard.bytes).unwrap().seq;
    let answer = Header { seq, ..Header::new(MessageType(0x31), Flags::NONE) }.message(b"!");
    engine.deliver(&other, &ROOT, None, &answer).unwrap();
    assert!(matches!(engine.work().map(|work| work.task), Some(Task::Input(_))), "of another socket");
    assert_eq!(engine.take_ask(ask), Ok(None));
    let ticket = engine.deliver(&asked, &ROOT, None, &answer).unwrap();
    assert!(engine.is_finished(ticket) && engine.work().is_none());
    engine.deliver(&asked, &ROOT, None, &answer).unwrap();
    assert!(matches!(engine.work().map(|work| work.task), Some(Task::Input(_))), "once is enough");
    assert_eq!(engine.take_ask(ask), Ok(Some(answer)));
    assert_eq!(engine.take_ask(ask), Err(Errno::ECONNRESET), "it is closed");
    for (wrong, errno) in [(&question[..3], Errno::EINVAL), (&[&question[..], &question[..]].concat(), Errno::EINVAL)] {
        assert_eq!(engine.ask(NetNs(0), protocol, 5, wrong.to_vec()), Err(errno));
    }
    assert_eq!(engine.ask(NetNs(0), protocol, 7, question), Err(Errno::ECONNREFUSED));
}
