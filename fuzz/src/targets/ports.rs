//! An engine without its shell, and every entry that it has, in any order: each step is four bytes, an entry, a port, and
//! two that say more; a step that sends bytes of its own takes them from what follows.
//!
//! Whatever the order, nobody gets an answer to what is another's, queues are bounded, what is handed out once comes back
//! once, and when all is closed nothing is left.

use std::collections::HashSet;
use std::sync::Arc;

use netloom::kernel::engine::{
    Cursor, Entry, FamilyKey, Filled, GroupEntry, Mode, OpenPort, Outcome, Table, Task, Ticket, Work,
};
use netloom::kernel::{Engine, Intake, Nack, NetNs, ProtocolInfo};
use netloom::socket::{Address, Credentials, Opt};
use netloom::wire::{
    AttrPolicy, Errno, Flags, GenlHeader, Header, MessageType, OpFlags, Policy, Protocol, Strictness, Writer, messages,
};

static POLICY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32]);
const ROOT: Credentials = Credentials { process: 4_711, uid: 0, gid: 0 };
const NOBODY: Credentials = Credentials { process: 4_712, uid: 65_534, gid: 65_534 };
/// What the kernel side says first, and ports say to each other, is of this kind.
const SAID: MessageType = MessageType(0x7ff0);
const PORTS: usize = 8;
const OBJECTS: u32 = 1_500;
/// More pieces of work than all that can be under way makes.
const ENDLESS: usize = 200_000;
const OPTIONS: [Opt; 6] =
    [Opt::ExtAck, Opt::CapAck, Opt::NoEnobufs, Opt::BroadcastError, Opt::ReceiveBuffer, Opt::ReceiveBufferForce];

pub(super) fn run(data: &[u8]) {
    let mut world = World::new();
    let mut script = data;
    while let Some(([entry, who, a, b], rest)) = script.split_first_chunk::<4>() {
        script = rest;
        world.step(*entry, *who, *a, *b, &mut script);
        world.check();
    }
    world.end();
}

/// A socket, and what it may hear of.
struct Port {
    open: Arc<OpenPort>,
    protocol: Protocol,
    /// Sequence numbers of what it sent.
    sent: HashSet<u32>,
}

struct World {
    engine: Engine,
    by_hand: Protocol,
    ports: Vec<Port>,
    closed: Vec<Arc<OpenPort>>,
    families: Vec<(FamilyKey, u16, u32)>,
    /// Handed out, and not come back yet.
    away: Vec<Work>,
    tickets: Vec<Ticket>,
    seq: u32,
    /// Dumps that began, less those that are done.
    dumps: i64,
}

impl World {
    fn new() -> Self {
        let (engine, by_hand) = (Engine::new(1_000), Protocol::USERSOCK);
        let (ports, closed, families, away, tickets) = (vec![], vec![], vec![], vec![], vec![]);
        let mut world = Self { engine, by_hand, ports, closed, families, away, tickets, seq: 0, dumps: 0 };
        if let Some(protocol) = Protocol::new(31) {
            world.by_hand = protocol;
            assert_eq!(world.engine.register_protocol(protocol, asking()), Ok(()));
        }
        world.register(0);
        world.register(1);
        world
    }

    fn register(&mut self, number: u8) {
        let listed = self.engine.register(table(number));
        match listed {
            Ok(listed) => {
                let group = listed.groups.first().map_or(0, |(_, group)| *group);
                self.families.push((listed.key, listed.id, group));
            }
            Err(nack) => assert_eq!(nack.errno(), Errno::EEXIST),
        }
    }

    fn step(&mut self, entry: u8, who: u8, a: u8, b: u8, script: &mut &[u8]) {
        let by = if who & 0x80 == 0 { ROOT } else { NOBODY };
        let at = usize::from(who & 0x7f) % self.ports.len().max(1);
        let (id, group) =
            self.families.get(usize::from(a) % self.families.len().max(1)).map_or((19, 2), |f| (f.1, f.2));
        let open = self.ports.get(at).map(|port| port.open.clone());
        let Some(open) = open.filter(|_| !entry.is_multiple_of(20)) else { return self.open(by, a, b) };
        let engine = &self.engine;
        let ticket = match entry % 20 {
            1 => {
                let port = self.ports.swap_remove(at);
                let ticket = engine.close(&port.open);
                self.closed.push(port.open);
                ticket
            }
            2 => engine.bind(&open, &by, Address { port: (a % 6).into(), groups: (b % 16).into() }).ok().flatten(),
            3 => engine.join(&open, &by, if b < 128 { group } else { (b % 40).into() }).ok().flatten(),
            4 => engine.leave(&open, &by, if b < 128 { group } else { (b % 40).into() }).ok().flatten(),
            5 => engine.connect(&open, &by, Address { port: (a % 6).into(), groups: (b % 3).into() }).err().and(None),
            6 | 7 => self.request(at, &by, id, b, entry % 20 == 7),
            8 => {
                let (bytes, rest) = script.split_at(usize::from(b).min(script.len()));
                *script = rest;
                self.deliver(at, &by, (a & 1 == 1).then_some(Address::KERNEL), bytes)
            }
            9 => {
                let to = Address { port: (a % 6).into(), groups: (b % 4).into() };
                self.deliver(at, &by, Some(to), &Header::new(SAID, Flags::NONE).message(b"neighbour"))
            }
            10 => self.read(at, usize::from(a) * 128, b & 1 == 1),
            11 => {
                let option = OPTIONS.get(usize::from(a) % OPTIONS.len()).copied().unwrap_or(Opt::ExtAck);
                let _ = engine.set_option(&open, &by, option, u32::from(b) * 20);
                assert!(engine.option(&open, option).is_ok());
                None
            }
            12 => {
                self.register(a % 4);
                None
            }
            13 => {
                self.unregister(usize::from(a));
                None
            }
            14 => {
                self.speak(&open, a, b, group);
                None
            }
            15 => {
                engine.set_room(&open, usize::from(a) * 256);
                engine.was_read(&open)
            }
            16 => {
                if a & 1 == 0 {
                    engine.fail(&open, Errno::ENOBUFS);
                } else {
                    let _ = (engine.take_error(&open), engine.peer(&open), engine.receive_options(&open));
                }
                None
            }
            17 => {
                // What waits for this caller's ticket only.
                let ticket = self.tickets.get(usize::from(a) % self.tickets.len().max(1)).copied();
                self.away.extend(ticket.and_then(|ticket| engine.work_of(ticket)));
                None
            }
            18 => {
                self.away.extend(engine.work());
                None
            }
            _ => {
                self.complete(usize::from(a), b);
                None
            }
        };
        self.tickets.extend(ticket);
    }

    fn open(&mut self, by: Credentials, a: u8, b: u8) {
        if self.ports.len() >= PORTS {
            return;
        }
        let protocol = match a % 4 {
            0 | 1 => Protocol::GENERIC,
            2 => self.by_hand,
            _ => Protocol::USERSOCK,
        };
        if let Ok(open) = self.engine.open(NetNs((b % 2).into()), protocol, by) {
            self.ports.push(Port { open, protocol, sent: HashSet::new() });
        }
    }

    fn request(&mut self, at: usize, by: &Credentials, id: u16, b: u8, dump: bool) -> Option<Ticket> {
        self.seq += 1;
        let flags = Flags::REQUEST | if b & 1 == 1 { Flags::ACK } else { Flags::NONE };
        let flags = flags | if dump { Flags::DUMP } else { Flags::NONE };
        let mut buf = [0; 64];
        let mut w = Writer::new(&mut buf);
        let written = w.message(Header { seq: self.seq, ..Header::new(MessageType(id), flags) }, |w| {
            w.genl(GenlHeader { cmd: 1 + (b >> 6), version: 1, reserved: 0 })?;
            w.put_attr(1, &self.seq.to_ne_bytes())
        });
        assert!(written.is_ok());
        self.deliver(at, by, None, w.written())
    }

    fn deliver(&mut self, at: usize, by: &Credentials, to: Option<Address>, bytes: &[u8]) -> Option<Ticket> {
        let port = self.ports.get_mut(at)?;
        // Also what stands behind a message that is none: it is not answered, but may be.
        port.sent.extend(messages(bytes).map_while(Result::ok).map(|message| message.header.seq));
        self.engine.deliver(&port.open, by, to, bytes).ok()
    }

    fn read(&mut self, at: usize, room: usize, peek: bool) -> Option<Ticket> {
        let port = self.ports.get(at)?;
        let (datagram, ticket) = self.engine.read(&port.open, room, peek).unwrap_or((None, None));
        let own = datagram.filter(|datagram| datagram.source.port == 0 && datagram.group == 0);
        if let Some(datagram) = own.filter(|_| port.protocol != self.by_hand) {
            for message in messages(&datagram.bytes) {
                let header = message.unwrap_or_else(|no| panic!("{no}")).header;
                assert!(header.kind == SAID || port.sent.contains(&header.seq), "an answer to a stranger: {header:?}");
            }
        }
        ticket
    }

    fn speak(&self, open: &OpenPort, a: u8, b: u8, group: u32) {
        let engine = &self.engine;
        let said = Header::new(SAID, Flags::NONE).message(b"from the kernel");
        let ns = NetNs((a % 2).into());
        match b % 5 {
            0 => drop(engine.unicast(ns, Protocol::GENERIC, (a % 6).into(), said)),
            1 => drop(engine.multicast(ns, Protocol::GENERIC, group, (a % 6).into(), Arc::new(said))),
            2 => drop(engine.multicast_everywhere(Protocol::GENERIC, group, 0, &Arc::new(said))),
            3 => drop(engine.fail_group(ns, Protocol::GENERIC, group, 0, Errno::ENOBUFS)),
            _ => {
                let local = engine.local(open).unwrap_or_default();
                let Ok(ask) = engine.ask(ns, Protocol::GENERIC, local.port, said) else { return };
                if a & 2 == 2 {
                    engine.drop_ask(ask);
                } else {
                    assert_eq!(engine.take_ask(ask), Ok(None));
                }
            }
        }
    }

    /// EBUSY as long as anything of it is under way, and never for ever.
    fn unregister(&mut self, at: usize) {
        let at = at % self.families.len().max(1);
        let Some((key, ..)) = self.families.get(at).copied() else { return };
        let away = self.away.iter().any(|work| work.task.family().is_some_and(|family| family.key == key));
        match self.engine.unregister(key) {
            Ok(()) => {
                assert!(!away, "a family is gone whose handler runs");
                self.families.swap_remove(at);
            }
            Err(errno) => assert_eq!(errno, Errno::EBUSY),
        }
    }

    /// Brings a piece of work back, out of order.
    fn complete(&mut self, at: usize, how: u8) {
        if self.away.is_empty() {
            return;
        }
        let Work { id, task, .. } = self.away.swap_remove(at % self.away.len());
        let refuse = how & 3 == 3;
        let nack = || Nack::new(Errno::EPERM).with_message("not today");
        let outcome = match task {
            // Some shells answer with what was not asked.
            Task::Do(_) if how == 0xff => Outcome::Ended,
            Task::Do(request) => {
                let header = Header { seq: request.header.seq, ..Header::new(SAID, Flags::NONE) };
                let reply = (how & 4 == 4).then(|| header.message(b"here you are"));
                let answer = if refuse { Err(nack()) } else { Ok(()) };
                Outcome::Did { reply: reply.filter(|_| !refuse), answer, warning: None }
            }
            Task::DumpStart(_) if refuse => Outcome::Started(Err(nack())),
            Task::DumpStart(_) => {
                self.dumps += 1;
                Outcome::Started(Ok(Box::new(0_u32) as Cursor))
            }
            Task::DumpFill(request, fill) => {
                let mut next = fill.cursor.downcast_ref::<u32>().copied().unwrap_or(OBJECTS);
                let mut chunk = vec![0; fill.room];
                let mut w = Writer::new(&mut chunk);
                let header = Header { seq: request.header.seq, ..Header::new(MessageType(19), Flags::MULTI) };
                while next < OBJECTS && w.message(header, |w| w.put_attr(1, &next.to_ne_bytes())).is_ok() {
                    next += 1;
                }
                let len = w.len();
                chunk.truncate(len);
                let filled = match (refuse, next < OBJECTS) {
                    (true, _) => Filled::Failed(nack()),
                    (false, true) => Filled::More,
                    (false, false) => Filled::Done,
                };
                let cursor: Cursor = Box::new(next);
                Outcome::Filled { cursor, chunk, filled, generation: 0, torn: false, filtered: false, warning: None }
            }
            Task::DumpDone(_, cursor) => {
                assert!(cursor.is::<u32>());
                self.dumps -= 1;
                Outcome::Ended
            }
            Task::Bind(_) => Outcome::Bound(if refuse { Err(Errno::EACCES) } else { Ok(()) }),
            Task::Input(_) | Task::Unbind(_) => Outcome::Ended,
        };
        self.engine.complete(id, outcome);
        // Twice is once.
        self.engine.complete(id, Outcome::Ended);
    }

    fn check(&self) {
        for port in &self.ports {
            let queue = self.engine.queue(&port.open);
            let limit = self.engine.option(&port.open, Opt::ReceiveBuffer);
            let (Some((queued, _)), Ok(limit)) = (queue, limit) else { panic!("an open port is none") };
            // Beyond its limit a queue takes one chunk of a dump, or one datagram where it is empty.
            assert!(queued <= limit as usize + (1 << 17), "{queued} bytes are queued, {limit} allowed");
        }
        assert_eq!(self.engine.sockets().len(), self.ports.len());
        assert!(self.dumps >= 0);
    }

    /// All that is under way ends, and nothing is left.
    fn end(mut self) {
        for port in std::mem::take(&mut self.ports) {
            self.tickets.extend(self.engine.close(&port.open));
            self.closed.push(port.open);
        }
        for _ in 0..ENDLESS {
            self.away.extend(self.engine.work());
            if self.away.is_empty() {
                break;
            }
            self.complete(0, 0);
        }
        assert!(self.away.is_empty() && self.engine.work().is_none(), "it does not end");
        for ticket in &self.tickets {
            assert!(self.engine.is_finished(*ticket), "somebody waits for ever");
            // Those that failed are told once.
            let _ = self.engine.take_outcome(*ticket);
        }
        assert_eq!((self.dumps, self.engine.sockets().len()), (0, 0), "dumps that are not done, sockets that are left");
        for open in &self.closed {
            assert_eq!(self.engine.local(open), Err(Errno::EBADF));
            assert!(self.engine.close(open).is_none());
        }
        for (key, ..) in &self.families {
            assert_eq!(self.engine.unregister(*key), Ok(()));
        }
        assert_eq!(self.engine.unregister_protocol(self.by_hand), Ok(()));
        let group_left = (1..64).any(|group| self.engine.has_listeners(Protocol::GENERIC, group));
        assert!(!group_left, "a group has members, all of them closed");
    }
}

/// A protocol that takes datagrams whole and is asked about its groups.
fn asking() -> ProtocolInfo {
    ProtocolInfo {
        binds: true,
        unbinds: true,
        nonroot_recv: true,
        intake: Intake::Datagrams,
        ..ProtocolInfo::default()
    }
}

/// Families that differ in what matters here: whose handlers take turns, and who is asked about members.
fn table(number: u8) -> Table {
    let mode = Some(Mode::new(Some(&POLICY), Strictness::STRICT));
    let op = |number, flags| Entry { number, flags, internal_flags: 0, doit: mode, dump: mode };
    Table {
        name: format!("family{number}"),
        protocol: Protocol::GENERIC,
        version: 1,
        header_size: 0,
        max_attr: 1,
        resv_start_op: 0,
        parallel: number % 2 == 1,
        every_namespace: number < 3,
        ops: vec![op(1, OpFlags::NONE), op(2, OpFlags::ADMIN_PERM)],
        groups: vec![GroupEntry { name: "said".to_owned(), ..GroupEntry::default() }],
        binds: number >= 1,
    }
}
