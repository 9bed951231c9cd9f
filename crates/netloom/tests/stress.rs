//! Many threads on one kernel side: whoever waits is woken, nobody gets what is another's, and nothing is left behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said};
use netloom::kernel::{Family, Kernel, Nack, raw};
use netloom::socket::Socket;
use netloom::wire::{AttrPolicy, Errno, Flags, GenlHeader, Header, MessageType, Policy, Protocol, Writer};

/// Far more than all of it takes, on whatever machine: who is not done by then waits for something that does not come.
const PATIENCE: Duration = Duration::from_secs(60);
const OBJECTS: u32 = 2_000;

/// What a thread does, and what it is called if it fails or does not end.
type Job = (&'static str, Box<dyn FnOnce() + Send>);

static NUMBER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32]);

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn kernel() -> Kernel {
    let kernel = Kernel::new();
    let family = Family::new(())
        .parallel()
        .on_do(Echo, |_, asked, ctx| {
            if asked.msg.as_ref().is_some_and(|text| text.ends_with('7')) {
                ctx.notify(Said, &asked);
            }
            Ok(asked)
        })
        .on_dump(List, |_, (), _| Ok((0..OBJECTS).map(|n| Msg::new().index(n))));
    kernel.register(family).unwrap();
    kernel
}

/// A family of one op, which answers with the number that it got.
fn echo_family(name: &str) -> raw::Family {
    let op = raw::Op::new(1).policy(&NUMBER).doit(|ctx| {
        let number = ctx.attrs().last(1).ok_or(Nack::missing(1_u16))?.payload().to_vec();
        ctx.reply_with(1, |w| w.put_attr(1, &number))
    });
    raw::Family::new(name.to_owned()).op(op)
}

fn request(family: u16, seq: u32, number: u32) -> Vec<u8> {
    let mut buf = vec![0; 64];
    let mut w = Writer::new(&mut buf);
    let header = Header { seq, ..Header::new(MessageType(family), Flags::REQUEST) };
    w.message(header, |w| {
        w.genl(GenlHeader { cmd: 1, version: 1, reserved: 0 })?;
        w.put_attr(1, &number.to_ne_bytes())
    })
    .unwrap();
    let len = w.len();
    buf.truncate(len);
    buf
}

/// Runs them all at once, and fails if one fails or does not come to an end.
fn together(jobs: Vec<Job>) {
    let (told, hear) = mpsc::channel();
    let mut left: Vec<_> = jobs.iter().map(|(name, _)| *name).collect();
    for (name, job) in jobs {
        let told = told.clone();
        thread::spawn(move || {
            let done = catch_unwind(AssertUnwindSafe(job)).is_ok();
            let _ = told.send((name, done));
        });
    }
    while !left.is_empty() {
        let Ok((name, done)) = hear.recv_timeout(PATIENCE) else { panic!("these do not end: {left:?}") };
        assert!(done, "{name} failed");
        left.remove(left.iter().position(|known| *known == name).unwrap());
    }
}

fn caller(kernel: Kernel, seed: u64) {
    let mut dice = Dice(seed);
    for _ in 0..40 {
        let nl = kernel.connect();
        for _ in 0..dice.below(60) {
            let text = dice.below(1 << 20).to_string();
            let reply = nl.call(Echo, &Msg::new().msg(text.as_str())).unwrap();
            assert_eq!(reply.msg, Some(text), "somebody else's reply");
        }
    }
}

fn dumper(kernel: Kernel, seed: u64) {
    let mut dice = Dice(seed);
    for _ in 0..25 {
        let nl = kernel.connect();
        let stop = if dice.below(2) == 0 { OBJECTS } else { dice.below(u64::from(OBJECTS)) as u32 };
        let mut dump = nl.dump(List, &()).unwrap();
        for n in 0..stop {
            assert_eq!(dump.next_ref().unwrap().unwrap().own().index, Some(n));
        }
        if stop == OBJECTS {
            assert!(dump.next_ref().is_none());
        }
    }
}

/// Hears events while it lasts; that it hears one although others come and go is what counts.
fn subscriber(kernel: Kernel, seed: u64) {
    let mut dice = Dice(seed);
    for _ in 0..30 {
        let mut events = kernel.connect().subscribe(&[DOC_EXMPL_GRP]).unwrap();
        for _ in 0..=dice.below(4) {
            match events.next_timeout(PATIENCE / 2) {
                Some(Ok(event)) => assert_eq!(event.header().seq, 0),
                Some(Err(error)) => assert_eq!(error.errno(), Some(Errno::ENOBUFS)),
                None => panic!("no event came"),
            }
        }
    }
}

#[test]
fn nothing_hangs_and_nothing_is_left() {
    let kernel = kernel();
    let stop = Arc::new(AtomicBool::new(false));
    let (talks, ends) = (kernel.clone(), stop.clone());
    let talker = thread::spawn(move || {
        while !ends.load(Ordering::Relaxed) {
            talks.notify(Said, &Msg::new().index(1_u32));
            thread::sleep(Duration::from_millis(1));
        }
    });
    let mut jobs: Vec<Job> = Vec::new();
    for seed in 0..3 {
        let [calls, dumps, hears] = [(); 3].map(|()| kernel.clone());
        jobs.push(("a caller", Box::new(move || caller(calls, seed))));
        jobs.push(("a dumper", Box::new(move || dumper(dumps, seed))));
        jobs.push(("a subscriber", Box::new(move || subscriber(hears, seed))));
    }
    together(jobs);
    stop.store(true, Ordering::Relaxed);
    talker.join().unwrap();
    assert_eq!(kernel.sockets(), [], "sockets are left");
}

/// One thread sends and another waits in a receive of the same socket: each answer must wake it.
#[test]
fn who_receives_is_woken_by_who_sends() {
    let kernel = Kernel::new();
    // No reply, an acknowledgement alone.
    let silent = raw::Op::new(1).policy(&NUMBER).doit(|_| Ok(()));
    let family = kernel.register(raw::Family::new("silent").op(silent).parallel()).unwrap().id;
    let socket = kernel.socket(Protocol::GENERIC).unwrap();
    let (told, hear) = mpsc::channel();
    let receiver = {
        let (socket, wait): (Socket, _) = (socket.clone(), PATIENCE / 2);
        move || {
            let mut buf = Vec::new();
            for n in 0..5_000_u32 {
                let received = socket.recv_timeout(&mut buf, wait).expect("nobody woke the receiver");
                assert_eq!(Header::read(&buf[..received.len]).map(|header| header.seq), Some(n));
                told.send(n).unwrap();
            }
        }
    };
    let sender = move || {
        for n in 0..5_000_u32 {
            let mut request = request(family, n, n);
            request[6..8].copy_from_slice(&(Flags::REQUEST | Flags::ACK).0.to_ne_bytes());
            socket.send(&request).unwrap();
            // Now and then the other one is not asleep yet.
            assert_eq!(hear.recv_timeout(PATIENCE / 2), Ok(n));
        }
    };
    together(vec![("the receiver", Box::new(receiver)), ("the sender", Box::new(sender))]);
}

/// A family comes and goes while others ask it, by sockets that have asked it before: it answers, or it is not there.
#[test]
fn a_family_may_go_while_it_is_asked() {
    let kernel = Kernel::new();
    let owned = Arc::new(());
    let stop = Arc::new(AtomicBool::new(false));
    // Askers that have had an answer.
    let lucky = Arc::new(AtomicU32::new(0));
    let first = kernel.register(echo_family("echo").parallel()).unwrap();
    // Ids are given in a circle: each time it is another one.
    let id = Arc::new(AtomicU16::new(first.id));
    let (registers, keeps, ends, tells, lucks) =
        (kernel.clone(), owned.clone(), stop.clone(), id.clone(), lucky.clone());
    let registrar = move || {
        let mut registered = first;
        let unregister = |registered: &_| {
            while let Err(nack) = registers.unregister(registered) {
                assert_eq!(nack.errno(), Errno::EBUSY);
                thread::yield_now();
            }
            assert_eq!(Arc::strong_count(&keeps), 2, "handlers outlive their family");
        };
        let patience = Instant::now() + PATIENCE / 2;
        let mut rounds = 0;
        while rounds < 150 || lucks.load(Ordering::Relaxed) < 2 && Instant::now() < patience {
            rounds += 1;
            unregister(&registered);
            let kept = keeps.clone();
            let family = echo_family("echo").parallel().post(move |_| {
                let _ = &kept;
            });
            registered = registers.register(family).unwrap();
            tells.store(registered.id, Ordering::Relaxed);
            thread::sleep(Duration::from_micros(200));
        }
        unregister(&registered);
        ends.store(true, Ordering::Relaxed);
    };
    let mut jobs: Vec<Job> = vec![("the registrar", Box::new(registrar))];
    for _ in 0..2 {
        let socket = kernel.socket(Protocol::GENERIC).unwrap();
        let (ends, id, lucks) = (stop.clone(), id.clone(), lucky.clone());
        jobs.push((
            "an asker",
            Box::new(move || {
                let (mut buf, mut n) = (Vec::new(), 0_u32);
                let mut answered = 0;
                while !ends.load(Ordering::Relaxed) {
                    n += 1;
                    socket.send(&request(id.load(Ordering::Relaxed), n, n)).unwrap();
                    let received = socket.try_recv(&mut buf).expect("an answer");
                    let header = Header::read(&buf[..received.len]).unwrap();
                    assert_eq!(header.seq, n);
                    if header.kind == MessageType::ERROR {
                        let errno = i32::from_ne_bytes(buf[16..20].try_into().unwrap());
                        assert_eq!(errno, Errno::ENOENT.to_wire());
                    } else {
                        assert_eq!(buf[received.len - 4..received.len], n.to_ne_bytes());
                        answered += 1;
                        if answered == 1 {
                            lucks.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                assert_ne!(answered, 0, "nobody was ever there");
            }),
        ));
    }
    together(jobs);
}
