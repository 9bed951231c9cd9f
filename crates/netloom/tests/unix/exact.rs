//! Exact mode: datagrams are received by control, one by one, as from a netlink socket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::socket::{Address, Opt, RecvFlags, Socket, Wake};
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol, messages};
use netloom::{Connection, unix};
use rustix::net::SendFlags;

use super::raw::{Data, GENERIC, Raw, request};
use super::{OBJECTS, Served, eventually};

const DOC_EXMPL: u16 = 19;
const EXACT: u32 = 2;
const CLOSE: u32 = 3;
const BIND: u32 = 4;
const JOIN: u32 = 10;
const SEND: u32 = 14;
const RECV: u32 = 15;
const CANCEL: u32 = 16;
const PEEK: u32 = 2;
const DONTWAIT: u32 = 0x40;
const ROOM: u32 = 32_768;

/// An answer to RECV.
struct Received {
    tag: u32,
    errno: Errno,
    len: u32,
    told: u32,
    prefix: Vec<u32>,
    bytes: Vec<u8>,
}

impl Received {
    fn read(record: &[u8]) -> Self {
        let numbers: Vec<u32> =
            record.chunks_exact(4).take(14).map(|word| u32::from_ne_bytes(word.try_into().unwrap())).collect();
        let errno = Errno(numbers[1] as i32);
        let (prefix, bytes) = if record.len() >= 56 { (&numbers[4..], &record[56..]) } else { (&[][..], &[][..]) };
        Self {
            tag: numbers[0],
            errno,
            len: numbers[2],
            told: numbers[3],
            prefix: prefix.to_vec(),
            bytes: bytes.to_vec(),
        }
    }

    fn takes_mark(&self) -> bool {
        self.told & 1 != 0
    }
}

/// A socket of exact mode, by bytes.
struct Exact {
    raw: Raw,
    socket: u32,
    data: Data,
}

impl Exact {
    fn open(served: &Served) -> Self {
        let raw = Raw::greeted(&served.path);
        let (socket, data) = raw.open(EXACT);
        Self { raw, socket, data }
    }

    fn post(&self, [op, tag, a, b, c]: [u32; 5], payload: &[u8]) {
        let head = [op, tag, self.socket, a, b, c];
        let mut record: Vec<u8> = head.iter().flat_map(|number| number.to_ne_bytes()).collect();
        record.extend_from_slice(payload);
        rustix::net::send(&self.raw.0, &record, SendFlags::NOSIGNAL).unwrap();
    }

    fn send(&self, bytes: &[u8]) {
        let (answer, _) = self.raw.ask([SEND, 9, self.socket, 0, 0, 0], bytes).unwrap();
        assert_eq!(answer, [9, 0, bytes.len() as u32, 0]);
    }

    fn answer(&self) -> Received {
        Received::read(&self.raw.record().unwrap())
    }

    /// Receives without waiting, and takes a mark away if told to.
    fn recv(&self, flags: u32, room: u32) -> Received {
        self.post([RECV, 5, flags | DONTWAIT, room, 0], &[]);
        let received = self.answer();
        if received.takes_mark() {
            assert_eq!(self.data.recv_now().map(|mark| mark.len()), Some(1), "a mark that is to be taken is there");
        }
        received
    }

    fn is_readable(&self) -> bool {
        rustix::net::recv(
            &self.data.0,
            &mut [0; 8][..],
            rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT,
        )
        .is_ok()
    }
}

fn echo(seq: u32) -> Vec<u8> {
    request(DOC_EXMPL, 1, Flags::ACK, seq, &[(1, b"hello\0")])
}

fn seq(bytes: &[u8]) -> u32 {
    messages(bytes).next().unwrap().unwrap().header.seq
}

#[test]
fn a_receive_brings_one_datagram_and_all_that_is_known_of_it() {
    let served = Served::new();
    let exact = Exact::open(&served);
    assert!(!exact.is_readable());
    assert_eq!(exact.recv(0, ROOM).errno, Errno::EAGAIN);
    exact.send(&echo(7));
    assert!(exact.is_readable());
    exact.send(&echo(8));
    let reply = exact.recv(PEEK, 20);
    assert_eq!((reply.errno, reply.bytes.len()), (Errno(0), 20));
    let whole = exact.recv(0, ROOM);
    assert_eq!((whole.len as usize, whole.bytes.len()), (whole.bytes.len(), reply.len as usize));
    assert_eq!(whole.bytes[..20], reply.bytes);
    assert_eq!(messages(&whole.bytes).next().unwrap().unwrap().attrs(4).first(1).unwrap().payload(), b"hello\0");
    let (name, _) = exact.raw.ask([6, 1, exact.socket, 0, 0, 0], &[]).unwrap();
    // From port 0, to no group, of the kernel's credentials, to this port, of no other namespace.
    assert_eq!(whole.prefix, [0, whole.len, 0, 0, 0, 0, 0, name[2], 0, u32::MAX]);
    assert_eq!(whole.told, 0);
    // What did not fit is gone.
    let cut = exact.recv(0, 16);
    assert_eq!((cut.len, cut.bytes.len()), (36, 16));
    assert_eq!(seq(&exact.recv(0, ROOM).bytes), 8);

    // Packet info and credentials are told by who asked for them.
    let group = served.connect().family("DOC_EXMPL").unwrap().groups[0].1;
    assert_eq!(exact.raw.ask([JOIN, 1, exact.socket, group, 0, 0], &[]).unwrap().0[1], 0);
    for (level, option) in [(270, 3), (1, 16)] {
        assert_eq!(exact.raw.ask([8, 1, exact.socket, level, option, 1], &[]).unwrap().0[1], 0);
    }
    assert!(served.kernel.notify(Said, &Msg::new().msg("all")));
    exact.recv(0, ROOM);
    let event = exact.recv(0, ROOM);
    assert_eq!((event.told & 6, event.prefix[3]), (6, group));
    let nothing = exact.recv(0, ROOM);
    assert_eq!(nothing.errno, Errno::EAGAIN);
    for flags in [1, 1 | DONTWAIT] {
        exact.post([RECV, 5, flags, ROOM, 0], &[]);
        assert_eq!(exact.answer().errno, Errno::EOPNOTSUPP, "out of band");
    }
}

#[test]
fn the_channel_is_readable_when_a_receive_would_not_wait() {
    let served = Served::new();
    let exact = Exact::open(&served);
    for round in 1..50 {
        exact.send(&echo(round));
        assert!(exact.is_readable());
        assert_eq!(seq(&exact.recv(0, ROOM).bytes), round);
        assert!(exact.is_readable(), "the acknowledgement");
        assert_eq!(seq(&exact.recv(0, ROOM).bytes), round);
        assert!(!exact.is_readable());
    }
    // An error is told first, and counts as something to receive.
    exact.raw.ask([8, 1, exact.socket, 1, 8, 1], &[]).unwrap();
    for round in 100..110 {
        exact.send(&echo(round));
    }
    assert!(exact.is_readable());
    assert_eq!(exact.recv(PEEK, ROOM).errno, Errno::ENOBUFS);
    assert_eq!(seq(&exact.recv(0, ROOM).bytes), 100);
    let left = std::iter::from_fn(|| Some(exact.recv(0, ROOM)).filter(|it| it.errno == Errno(0))).count();
    assert!((1..4).contains(&left), "{left}");
    assert!(!exact.is_readable());
    // SO_ERROR takes it, and the mark with it.
    served.kernel.faults().lose_answers(2);
    exact.send(&request(DOC_EXMPL, 1, Flags::NONE, 7, &[]));
    assert_eq!(exact.recv(0, ROOM).errno, Errno::EAGAIN);
    exact.data.send(&[]);
    eventually("ENODATA", || exact.is_readable());
    let (error, _) = exact.raw.ask([9, 1, exact.socket, 1, 4, 0], &[]).unwrap();
    assert_eq!(error, [1, 0, Errno::ENODATA.0 as u32, 1]);
    assert!(exact.data.recv_now().is_some() && !exact.is_readable());
}

#[test]
fn a_receive_waits_and_other_requests_do_not() {
    let served = Served::new();
    let exact = Exact::open(&served);
    exact.post([RECV, 71, 0, ROOM, 0], &[]);
    exact.post([RECV, 72, 0, ROOM, 0], &[]);
    let (name, _) = exact.raw.ask([6, 1, exact.socket, 0, 0, 0], &[]).unwrap();
    assert_eq!(name[..2], [1, 0]);
    exact.send(&echo(3));
    let (reply, ack) = (exact.answer(), exact.answer());
    assert_eq!([(reply.tag, seq(&reply.bytes)), (ack.tag, seq(&ack.bytes))], [(71, 3), (72, 3)]);
    assert!(ack.takes_mark() && !reply.takes_mark());
    assert!(exact.data.recv_now().is_some() && !exact.is_readable());

    // Woken by another thread, cancelled, and ended by the end of the socket.
    let group = served.connect().family("DOC_EXMPL").unwrap().groups[0].1;
    exact.raw.ask([JOIN, 1, exact.socket, group, 0, 0], &[]).unwrap();
    exact.post([RECV, 73, 0, ROOM, 0], &[]);
    assert_eq!(exact.raw.ask([6, 1, exact.socket, 0, 0, 0], &[]).unwrap().0[0], 1);
    assert!(served.kernel.notify(Said, &Msg::new().msg("now")));
    let event = exact.answer();
    assert_eq!((event.tag, event.errno), (73, Errno(0)));
    if event.takes_mark() {
        assert!(exact.data.recv_now().is_some());
    }
    exact.post([RECV, 74, 0, ROOM, 0], &[]);
    exact.post([CANCEL, 75, 74, 0, 0], &[]);
    let (ended, cancel) = (exact.answer(), exact.answer());
    assert_eq!([(ended.tag, ended.errno), (cancel.tag, cancel.errno)], [(74, Errno::EINTR), (75, Errno(0))]);
    exact.post([CANCEL, 76, 74, 0, 0], &[]);
    assert_eq!(exact.answer().errno, Errno::ENOENT);
    exact.post([RECV, 77, 0, ROOM, 0], &[]);
    exact.post([CLOSE, 78, 0, 0, 0], &[]);
    let both = [exact.answer(), exact.answer()].map(|answer| (answer.tag, answer.errno));
    assert!(both.contains(&(77, Errno::EBADF)) && both.contains(&(78, Errno(0))), "{both:?}");
    exact.post([RECV, 79, DONTWAIT, ROOM, 0], &[]);
    assert_eq!(exact.answer().errno, Errno::EBADF);
}

#[test]
fn nothing_is_lost_between_a_receive_and_its_cancel() {
    const EVENTS: u32 = 4_000;
    let served = Served::new();
    let exact = Exact::open(&served);
    let group = served.connect().family("DOC_EXMPL").unwrap().groups[0].1;
    // Broadcasts pass over a socket without a port.
    exact.raw.ask([BIND, 1, exact.socket, 0, 0, 0], &[]).unwrap();
    exact.raw.ask([JOIN, 1, exact.socket, group, 0, 0], &[]).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let cancelled = Arc::new(AtomicUsize::new(0));
    let (kernel, done, vain) = (served.kernel.clone(), over.clone(), cancelled.clone());
    let speaker = thread::spawn(move || {
        for index in 0..EVENTS {
            let begun = Instant::now();
            if index % 200 == 0 {
                // Some receives wait in vain.
                let before = vain.load(Ordering::Relaxed);
                while vain.load(Ordering::Relaxed) == before && begun.elapsed() < Duration::from_secs(30) {
                    thread::sleep(Duration::from_micros(100));
                }
            }
            while !kernel.notify(Said, &Msg::new().index(index)) && !done.load(Ordering::Relaxed) {
                if begun.elapsed() > Duration::from_secs(30) {
                    return done.store(true, Ordering::Relaxed);
                }
                thread::yield_now();
            }
        }
    });
    let (mut seen, mut late, mut refused) = (0_u32, 0, 0);
    let mut keep = |answer: &Received| match answer.errno {
        Errno(0) => {
            let message = messages(&answer.bytes).next().unwrap().unwrap();
            let index = message.attrs(4).first(2).unwrap().payload();
            assert_eq!(index, seen.to_ne_bytes(), "each once, in order");
            seen += 1;
            seen
        }
        // The speaker tries again.
        Errno::ENOBUFS => seen,
        errno => panic!("{errno}"),
    };
    let mut tag = 100;
    loop {
        assert!(!over.load(Ordering::Relaxed), "an event finds no room for half a minute");
        tag += 2;
        exact.post([RECV, tag, 0, ROOM, 0], &[]);
        if tag % 6 == 0 {
            thread::yield_now();
        }
        exact.post([CANCEL, tag + 1, tag, 0, 0], &[]);
        let (first, second) = (exact.answer(), exact.answer());
        assert_eq!((first.tag, second.tag), (tag, tag + 1));
        if first.takes_mark() {
            assert_eq!(exact.data.recv_now().map(|mark| mark.len()), Some(1));
        }
        match (first.errno, second.errno) {
            (Errno::EINTR, Errno(0)) => drop(cancelled.fetch_add(1, Ordering::Relaxed)),
            (_, Errno::ENOENT) => {
                late += 1;
                refused += u32::from(first.errno == Errno::ENOBUFS);
                if keep(&first) == EVENTS {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    over.store(true, Ordering::Relaxed);
    speaker.join().unwrap();
    let cancelled = cancelled.load(Ordering::Relaxed);
    assert!(late >= EVENTS && cancelled > 0, "{late} received, {cancelled} cancelled, {refused} losses");
    assert!(!exact.is_readable());
}

#[test]
fn a_dump_follows_each_receive_and_its_room() {
    let served = Served::new();
    let exact = Exact::open(&served);
    let fills = || served.fills.load(Ordering::SeqCst);
    exact.send(&request(DOC_EXMPL, 3, Flags::DUMP, 1, &[]));
    assert_eq!(fills(), 1);
    let first = exact.recv(PEEK, 16_384);
    assert!(first.len <= 3_776);
    assert_eq!(fills(), 2, "a peek lets it go on");
    let mut lens = Vec::new();
    let mut objects = 0;
    loop {
        let chunk = exact.recv(0, 16_384);
        assert_eq!(chunk.errno, Errno(0));
        lens.push(chunk.len);
        objects += messages(&chunk.bytes).flatten().filter(|message| message.header.kind.0 == DOC_EXMPL).count();
        if messages(&chunk.bytes).flatten().any(|message| message.header.kind == MessageType::DONE) {
            break;
        }
        assert!(fills() <= lens.len() + 3, "at most a chunk for each receive");
    }
    assert_eq!(objects as u32, OBJECTS);
    assert!(lens[2..].iter().any(|len| (15_000..=16_384).contains(len)), "{lens:?}");
    assert_eq!(exact.recv(0, ROOM).errno, Errno::EAGAIN);
    assert_eq!(served.ended.load(Ordering::SeqCst), 1);
}

#[test]
fn receives_of_one_client_that_wait_are_bounded_and_end_with_it() {
    let served = Served::new();
    let exact = Exact::open(&served);
    for tag in 0..1_024 {
        exact.post([RECV, tag, 0, ROOM, 0], &[]);
    }
    exact.post([RECV, 4_000, 0, ROOM, 0], &[]);
    let refused = exact.answer();
    assert_eq!((refused.tag, refused.errno), (4_000, Errno::ENOMEM));
    drop(exact);
    eventually("its socket is gone", || served.kernel.sockets().is_empty());
}

#[test]
fn a_connection_works_as_over_any_other_socket() {
    let served = Served::new();
    let exact = || Arc::new(unix::Dialer::connect(&served.path).unwrap().exact());
    let nl = Connection::over(exact());
    let events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    thread::scope(|scope| {
        for client in 0..6 {
            let nl = &nl;
            scope.spawn(move || {
                for turn in 0..20 {
                    let said = Msg::new().msg(format!("{client} {turn}"));
                    assert_eq!(nl.call(Say, &said).unwrap(), said);
                }
                let indexes = nl.dump(List, &()).unwrap().map(|object| object.unwrap().index.unwrap());
                assert!(indexes.eq(0..OBJECTS), "each object once, in order");
                let error = nl.call(Echo, &Msg::new().index(1_u32)).unwrap_err();
                assert_eq!((error.errno(), error.path()), (Some(Errno::EINVAL), Some("index")), "{error}");
            });
        }
        assert_eq!(events.take(120).filter(Result::is_ok).count(), 120);
    });
    assert_eq!(nl.strays(), Default::default());
    let mut dump = nl.dump(List, &()).unwrap();
    dump.next().unwrap().unwrap();
    let before = served.ended.load(Ordering::SeqCst);
    drop((dump, nl));
    assert_eq!(served.ended.load(Ordering::SeqCst), before + 1, "a dump left half-way has ended when that is dropped");
}

/// What waits is woken by what comes, by another thread, by time; and nobody is woken for nothing.
#[test]
fn waits_end_when_they_should() {
    let served = Served::new();
    let dialer = unix::Dialer::connect(&served.path).unwrap().exact();
    let open = |protocol| -> Socket { netloom::client::Dialer::open(&dialer, protocol).unwrap() };
    let socket = open(Protocol::GENERIC);
    let wake = Wake::new(&socket);
    let soon = || Instant::now().checked_add(Duration::from_millis(30));
    assert_eq!(socket.endpoint().wait(soon(), &wake), Ok(false));
    let mut buf = vec![0; 4_096];
    let none = socket.endpoint().recv(&mut buf, RecvFlags::NONE, soon());
    assert_eq!(none.unwrap_err(), Errno::EAGAIN);
    wake.pull();
    assert_eq!(socket.endpoint().wait(None, &wake), Ok(false));
    wake.reset();
    let group = served.connect().family("DOC_EXMPL").unwrap().groups[0].1;
    socket.bind(Address::default()).unwrap();
    socket.join(group).unwrap();
    socket.set(Opt::PktInfo, 1).unwrap();
    for round in 0..200 {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut buf = Vec::new();
                let patience = Duration::from_secs(30);
                if round % 2 == 0 {
                    assert_eq!(socket.endpoint().wait(Instant::now().checked_add(patience), &wake), Ok(true));
                    return socket.try_recv(&mut buf).unwrap();
                }
                socket.recv_timeout(&mut buf, patience).unwrap()
            });
            if round % 7 == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            assert!(served.kernel.notify(Said, &Msg::new().msg("come")));
            let received = waiting.join().unwrap();
            assert_eq!(received.group, Some(group));
        });
        assert_eq!(socket.endpoint().wait(Some(Instant::now()), &wake), Ok(false), "{round}");
    }
}

#[test]
fn what_a_receive_brings_that_was_given_up_is_received_by_the_next() {
    let served = Served::new();
    let dialer = unix::Dialer::connect(&served.path).unwrap().exact();
    let socket = netloom::client::Dialer::open(&dialer, Protocol::GENERIC).unwrap();
    let endpoint = socket.endpoint();
    // A handler that waits is given up, and receives while it runs.
    for wait in [RecvFlags::DONTWAIT, RecvFlags::NONE] {
        endpoint.set_send_timeout(Some(Duration::from_millis(100))).unwrap();
        let say = request(DOC_EXMPL, 2, Flags::ACK, 5, &[(1, b"slow\0")]);
        assert_eq!(endpoint.send(None, &say), Err(Errno::ETIMEDOUT));
        let mut buf = vec![0; 4_096];
        let soon = Instant::now().checked_add(Duration::from_millis(50));
        assert_eq!(endpoint.recv(&mut buf, wait, soon).unwrap_err(), Errno::EAGAIN);
        served.gate.holds(1);
        served.gate.let_on(1);
        // Something else is asked before, which passes by its answer.
        endpoint.set_send_timeout(None).unwrap();
        assert_ne!(endpoint.local().unwrap().port, 0);
        let mut seen = VecDeque::new();
        while seen.len() < 2 {
            let received = endpoint.recv(&mut buf, RecvFlags::NONE, None).unwrap();
            let header = Header::read(&buf[..received.len]).unwrap();
            seen.push_back((header.seq, header.kind.0));
        }
        assert_eq!(seen, [(5, DOC_EXMPL), (5, 2)], "the reply and its acknowledgement");
        assert_eq!(endpoint.recv(&mut buf, RecvFlags::DONTWAIT, None).unwrap_err(), Errno::EAGAIN);
    }
}

#[test]
fn only_exact_sockets_receive_by_control() {
    let served = Served::new();
    let raw = Raw::greeted(&served.path);
    for flags in [0, 1] {
        let (socket, _data) = raw.open(flags);
        assert_eq!(raw.ask([RECV, 1, socket, DONTWAIT, ROOM, 0], &[]).unwrap().0[1], Errno::EOPNOTSUPP.0 as u32);
        assert_eq!(raw.ask([CANCEL, 1, socket, 1, 0, 0], &[]).unwrap().0[1], Errno::ENOENT.0 as u32);
    }
    assert_eq!(raw.ask([RECV, 1, 77, DONTWAIT, ROOM, 0], &[]).unwrap().0[1], Errno::EBADF.0 as u32);
    assert_eq!(raw.ask([2, 1, 0, GENERIC, 3, 0], &[]).unwrap().0[1], Errno::EINVAL.0 as u32);
}
