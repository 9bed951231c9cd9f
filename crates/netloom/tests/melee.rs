//! All entries of a kernel side at once, by many threads, at random: nobody gets what is another's, what begins ends once,
//! and in the end nothing is left.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use netloom::kernel::{Config, Fill, Kernel, NetNs, raw};
use netloom::socket::{Address, Opt, Socket};
use netloom::wire::{AttrPolicy, Errno, Flags, GenlHeader, Header, MessageType, Policy, Protocol, Writer, messages};

/// Far more than all of it takes, on whatever machine: who is not done by then waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(60);
const OBJECTS: u32 = 3_000;
const FAMILIES: usize = 4;
const TURNS: u32 = 1_500;

static NUMBER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32]);

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What must be even in the end.
#[derive(Default)]
struct Tally {
    /// Dumps that began and are not done.
    dumps: AtomicI64,
    /// Groups that were let in and not told to be left.
    joined: AtomicI64,
    /// Of each kind some must have happened, or nothing was tried.
    replies: AtomicU32,
    whole_dumps: AtomicU32,
    torn_down: AtomicU32,
    busy: AtomicU32,
    answers: AtomicU32,
}

fn count(what: &AtomicU32) {
    what.fetch_add(1, Ordering::Relaxed);
}

/// A family whose op 1 answers with the number that it got, and dumps numbers. `kept` lives as long as its handlers.
fn family(name: &str, parallel: bool, tally: &Arc<Tally>, kept: &Arc<()>) -> raw::Family {
    let (begun, over, kept) = (tally.clone(), tally.clone(), kept.clone());
    let dump = raw::Dump::new(
        move |_| {
            begun.dumps.fetch_add(1, Ordering::Relaxed);
            Ok(0_u32)
        },
        |next, out, _| {
            while *next < OBJECTS {
                if out.message(|w| w.put_attr(1, &next.to_ne_bytes())).is_err() {
                    return Ok(Fill::More);
                }
                *next += 1;
            }
            Ok(Fill::Done)
        },
    )
    .done(move |_: u32| {
        over.dumps.fetch_sub(1, Ordering::Relaxed);
    });
    let op = raw::Op::new(1).policy(&NUMBER).dump(dump).doit(move |ctx| {
        let _ = &kept;
        let number = ctx.attrs().last(1).map(|attr| attr.payload().to_vec()).unwrap_or_default();
        if number.last() == Some(&0) {
            // Who listens hears it; this one among them, if it does.
            let _ = ctx.notify_with(0, 2, |w| w.put_attr(1, &number));
        }
        ctx.reply_with(1, |w| w.put_attr(1, &number))
    });
    let family = raw::Family::new(name.to_owned()).op(op).group("said").bind(|_, _| Ok(())).unbind(|_, _| ());
    if parallel { family.parallel() } else { family }
}

fn request(family: u16, flags: Flags, seq: u32, number: Option<u32>) -> Vec<u8> {
    let mut buf = [0; 64];
    let mut w = Writer::new(&mut buf);
    w.message(Header { seq, ..Header::new(MessageType(family), Flags::REQUEST | flags) }, |w| {
        w.genl(GenlHeader { cmd: 1, version: 1, reserved: 0 })?;
        number.map_or(Ok(()), |number| w.put_attr(1, &number.to_ne_bytes()))
    })
    .unwrap();
    w.written().to_vec()
}

/// What all threads have in common.
#[derive(Clone)]
struct World {
    kernel: Kernel,
    tally: Arc<Tally>,
    /// Ids and groups of the families that are there, more or less.
    ids: Arc<[AtomicU16; FAMILIES]>,
    groups: Arc<[AtomicU32; FAMILIES]>,
    over: Arc<AtomicBool>,
    protocol: Protocol,
}

impl World {
    /// Waits for the answer of the kernel's to this number, and hears events and neighbours meanwhile.
    fn answer(&self, socket: &Socket, seq: u32) -> Option<(MessageType, Vec<u8>)> {
        let mut buf = Vec::new();
        loop {
            let received = match socket.try_recv(&mut buf) {
                Ok(received) => received,
                Err(error) if error.errno() == Some(Errno::ENOBUFS) => continue,
                // It found no room, which the socket was told.
                Err(error) if error.errno() == Some(Errno::EAGAIN) => return None,
                Err(error) => panic!("{error}"),
            };
            if received.source.port != 0 {
                continue;
            }
            for message in messages(&buf[..received.len]) {
                let header = message.unwrap().header;
                if header.seq == 0 {
                    assert!(received.group.is_some(), "what nobody asked for comes by a group");
                    continue;
                }
                assert_eq!((header.seq, header.port), (seq, socket.local().unwrap().port), "a reply to a stranger");
                return Some((header.kind, buf[..received.len].to_vec()));
            }
        }
    }

    fn call(&self, socket: &Socket, dice: &mut Dice, seq: u32) {
        let number = dice.below(1 << 32) as u32 & if dice.below(4) == 0 { 0x00ff_ffff } else { u32::MAX };
        let id = self.ids[dice.below(FAMILIES as u64) as usize].load(Ordering::Relaxed);
        socket.send(&request(id, Flags::NONE, seq, Some(number))).unwrap();
        match self.answer(socket, seq) {
            Some((MessageType::ERROR, bytes)) => {
                let errno = i32::from_ne_bytes(bytes[16..20].try_into().unwrap());
                assert_eq!(errno, Errno::ENOENT.to_wire(), "a family is there or not");
            }
            Some((kind, bytes)) => {
                assert_eq!((kind.0, &bytes[bytes.len() - 4..]), (id, &number.to_ne_bytes()[..]), "another's answer");
                count(&self.tally.replies);
            }
            None => panic!("no answer to {seq}: its send has returned"),
        }
    }

    /// Dumps to the end; or leaves it half-way, false then: what it answers later would mix in, as it does on Linux.
    fn dump(&self, socket: &Socket, dice: &mut Dice, seq: u32) -> bool {
        let id = self.ids[dice.below(FAMILIES as u64) as usize].load(Ordering::Relaxed);
        socket.send(&request(id, Flags::DUMP, seq, None)).unwrap();
        let (mut next, mut buf) = (0_u32, Vec::new());
        let most = if dice.below(2) == 0 { u64::MAX } else { dice.below(20) };
        for _ in 0..most {
            let received = match socket.try_recv(&mut buf) {
                Ok(received) if received.source.port == 0 && received.group.is_none() => received,
                Err(error) if error.errno() == Some(Errno::EAGAIN) => panic!("the dump does not go on"),
                _ => continue,
            };
            for message in messages(&buf[..received.len]) {
                let message = message.unwrap();
                assert_eq!(message.header.seq, seq);
                match message.header.kind {
                    MessageType::ERROR => return true,
                    MessageType::DONE => {
                        assert_eq!(next, OBJECTS);
                        count(&self.tally.whole_dumps);
                        return true;
                    }
                    _ => {
                        assert_eq!(message.attrs(4).first(1).unwrap().payload(), next.to_ne_bytes());
                        next += 1;
                    }
                }
            }
        }
        count(&self.tally.torn_down);
        false
    }

    /// One thread with one socket after the other.
    fn walk(&self, seed: u64) {
        let mut dice = Dice(seed);
        let mut neighbours: Vec<u32> = Vec::new();
        for turn in 0..TURNS / 10 {
            let ns = NetNs(dice.below(2) as u32);
            let owner = self.kernel.administrator();
            let socket = self.kernel.socket_in(ns, Protocol::GENERIC, owner).unwrap();
            socket.set(Opt::PktInfo, 1).unwrap();
            for step in 0..dice.below(20) as u32 {
                let seq = turn * 100 + step + 1;
                match dice.below(10) {
                    0 => {
                        if !self.dump(&socket, &mut dice, seq) {
                            break;
                        }
                    }
                    1 => {
                        let group = self.groups[dice.below(FAMILIES as u64) as usize].load(Ordering::Relaxed);
                        let _ = if dice.below(3) == 0 { socket.leave(group) } else { socket.join(group) };
                    }
                    2 => {
                        let port = 1 + dice.below(8) as u32;
                        let taken = socket.bind(Address::port(port));
                        neighbours.push(port);
                        if taken.is_ok() {
                            assert_eq!(socket.local().unwrap().port, port);
                        }
                    }
                    3 => {
                        let port = neighbours.last().copied().unwrap_or(1);
                        let sent = socket.send_to(Address::port(port), &[0xfe; 20]).err().and_then(|no| no.errno());
                        assert!(matches!(sent, None | Some(Errno::ECONNREFUSED)), "{sent:?}");
                    }
                    _ => self.call(&socket, &mut dice, seq),
                }
            }
        }
    }

    /// A family that comes and goes.
    fn register_again_and_again(&self, at: usize) {
        let kept = Arc::new(());
        loop {
            let family = family(&format!("family{at}"), at.is_multiple_of(2), &self.tally, &kept);
            let registered = self.kernel.register(family).unwrap();
            self.ids[at].store(registered.id, Ordering::Relaxed);
            self.groups[at].store(registered.groups[0].1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(3));
            while let Err(nack) = self.kernel.unregister(&registered) {
                assert_eq!(nack.errno(), Errno::EBUSY);
                count(&self.tally.busy);
                thread::yield_now();
            }
            assert_eq!(Arc::strong_count(&kept), 1, "handlers outlive their family");
            if self.over.load(Ordering::Relaxed) {
                return;
            }
        }
    }

    /// Threads that send and receive on one socket: each request is answered once, to whomever.
    fn share(&self) {
        let socket = self.kernel.socket(Protocol::GENERIC).unwrap();
        let heard = Mutex::new(HashSet::new());
        thread::scope(|scope| {
            for thread in 0..3_u32 {
                let (socket, heard) = (&socket, &heard);
                scope.spawn(move || {
                    let mut buf = Vec::new();
                    for n in 0..TURNS {
                        let id = self.ids[(n as usize + thread as usize) % FAMILIES].load(Ordering::Relaxed);
                        let seq = thread * TURNS + n + 1;
                        socket.send(&request(id, Flags::NONE, seq, Some(seq | 0x8000_0000))).unwrap();
                        let received = socket.recv_timeout(&mut buf, PATIENCE / 2).expect("an answer for each request");
                        let header = Header::read(&buf[..received.len]).unwrap();
                        assert!(heard.lock().unwrap().insert(header.seq), "answered twice: {}", header.seq);
                    }
                });
            }
        });
        assert_eq!(heard.into_inner().unwrap(), (1..=3 * TURNS).collect());
        assert!(socket.try_recv(&mut Vec::new()).is_err());
    }

    /// The kernel side asks a program, which comes and goes.
    fn ask(&self) {
        while self.is_asking() {
            let question = Header::new(MessageType(0x30), Flags::NONE).message(b"are you there?");
            match self.kernel.ask(self.protocol, 7, question, PATIENCE / 2) {
                Ok(answer) => {
                    assert_eq!(Header::read(&answer).unwrap().kind, MessageType(0x31));
                    count(&self.tally.answers);
                }
                Err(nack) => {
                    assert!(matches!(nack.errno(), Errno::ECONNREFUSED | Errno::ECONNRESET), "{nack:?}");
                }
            }
        }
    }

    fn is_asking(&self) -> bool {
        !self.over.load(Ordering::Relaxed) || self.tally.answers.load(Ordering::Relaxed) == 0
    }

    fn answer_questions(&self, seed: u64) {
        let mut dice = Dice(seed);
        let mut buf = Vec::new();
        while self.is_asking() {
            let socket = self.kernel.socket(self.protocol).unwrap();
            socket.bind(Address { port: 7, groups: 0b101 }).unwrap();
            for _ in 0..dice.below(20) {
                let Ok(received) = socket.recv_timeout(&mut buf, Duration::from_millis(1)) else { break };
                let seq = Header::read(&buf[..received.len]).unwrap().seq;
                socket.send(&Header { seq, ..Header::new(MessageType(0x31), Flags::NONE) }.message(b"yes")).unwrap();
            }
        }
    }
}

#[test]
fn all_at_once() {
    let (kernel, tally) = (Kernel::new(), Arc::new(Tally::default()));
    let protocol = Protocol::new(31).unwrap();
    let (lets, told) = (tally.clone(), tally.clone());
    let asked = Config::new().input(|_| ()).bind(move |_, _| {
        lets.joined.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let asked = asked.unbind(move |_, _| {
        told.joined.fetch_sub(1, Ordering::Relaxed);
    });
    kernel.register_protocol(protocol, asked).unwrap();
    let world = World {
        kernel: kernel.clone(),
        tally: tally.clone(),
        // Ids that no family has.
        ids: Arc::new([const { AtomicU16::new(1_000) }; FAMILIES]),
        groups: Arc::new([const { AtomicU32::new(2) }; FAMILIES]),
        over: Arc::default(),
        protocol,
    };

    type Job = Box<dyn FnOnce(&World) + Send>;
    let busy = |round: u64| {
        let mut busy: Vec<(&str, Job)> = vec![("who share a socket", Box::new(World::share))];
        for seed in 0..4 {
            busy.push(("a walker", Box::new(move |world| world.walk(4 * round + seed))));
        }
        busy
    };
    let mut others: Vec<(&str, Job)> =
        vec![("who asks", Box::new(World::ask)), ("who is asked", Box::new(|world| world.answer_questions(9)))];
    for at in 0..FAMILIES {
        others.push(("a registrar", Box::new(move |world| world.register_again_and_again(at))));
    }
    let run = |jobs: Vec<(&'static str, Job)>| {
        let (tell, hear) = mpsc::channel();
        let names: Vec<_> = jobs.iter().map(|(name, _)| *name).collect();
        for (name, job) in jobs {
            let (tell, world) = (tell.clone(), world.clone());
            thread::spawn(move || {
                job(&world);
                drop(world);
                let _ = tell.send(name);
            });
        }
        (hear, names)
    };
    // One that panics says nothing.
    let wait = |(hear, mut left): (mpsc::Receiver<&str>, Vec<&str>)| {
        while !left.is_empty() {
            let Ok(name) = hear.recv_timeout(PATIENCE) else { panic!("these failed or do not end: {left:?}") };
            left.remove(left.iter().position(|known| *known == name).unwrap());
        }
    };
    let others = run(others);
    let to_be_seen = [
        ("a reply", &tally.replies),
        ("a whole dump", &tally.whole_dumps),
        ("a dump left half-way", &tally.torn_down),
        ("a family in use", &tally.busy),
    ];
    // The others may have had no turn yet.
    let patience = Instant::now() + PATIENCE;
    for round in 0.. {
        wait(run(busy(round)));
        let seen = to_be_seen.iter().all(|(_, count)| count.load(Ordering::Relaxed) != 0);
        if seen || Instant::now() > patience {
            break;
        }
    }
    world.over.store(true, Ordering::Relaxed);
    wait(others);

    assert_eq!(kernel.sockets(), [], "sockets are left");
    kernel.unregister_protocol(protocol).expect("nothing of it is under way");
    let even = |count: &AtomicI64| count.load(Ordering::Relaxed);
    assert_eq!((even(&tally.dumps), even(&tally.joined)), (0, 0), "dumps not done, groups not left");
    for (what, count) in to_be_seen {
        assert_ne!(count.load(Ordering::Relaxed), 0, "{what} was never seen");
    }
}
