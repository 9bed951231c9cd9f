//! A kernel side behind unix sockets: what its clients see, and what strangers can do to it.

mod exact;
mod protocol;
mod raw;
mod reach;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::kernel::{Family, Fill, Kernel, Nack};
use netloom::socket::{Address, Opt, Socket};
use netloom::wire::{Errno, Protocol};
use netloom::{Connection, unix};
use tempfile::TempDir;

/// A kernel side with DOC_EXMPL, served.
pub(crate) struct Served {
    pub(crate) kernel: Kernel,
    pub(crate) path: std::path::PathBuf,
    /// Chunks of dumps that were asked for, and dumps that ended.
    pub(crate) fills: Arc<AtomicUsize>,
    pub(crate) ended: Arc<AtomicUsize>,
    /// What is said as "slow" waits here.
    pub(crate) gate: Arc<Gate>,
    pub(crate) serving: unix::Serving,
    pub(crate) folder: TempDir,
}

/// Objects that a LIST dumps.
const OBJECTS: u32 = 2_000;

/// Where a dump stands; says when it is over.
struct Cursor(u32, Arc<AtomicUsize>);

impl Drop for Cursor {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

impl Served {
    pub(crate) fn new() -> Self {
        let kernel = Kernel::new();
        let (fills, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let gate = Arc::new(Gate::default());
        let (filled, over, slow) = (fills.clone(), ended.clone(), gate.clone());
        let family = Family::new(Mutex::new(()))
            .parallel()
            .on_do(Echo, |_, request: Msg, _| match request.index {
                None => Ok(request),
                Some(_) => Err(Nack::new(Errno::EINVAL)),
            })
            .on_do(Say, move |_, request: Msg, ctx| {
                if request.msg.as_deref() == Some("slow") {
                    slow.pass();
                }
                ctx.notify(Said, &request);
                Ok(request)
            })
            .on_dump_with(
                List,
                move |_, (), _| Ok(Cursor(0, over.clone())),
                move |_, cursor, out, _| {
                    filled.fetch_add(1, Ordering::SeqCst);
                    while cursor.0 < OBJECTS {
                        if out.put(&Msg::new().msg("x".repeat(200)).index(cursor.0)).is_err() {
                            return Ok(Fill::More);
                        }
                        cursor.0 += 1;
                    }
                    Ok(Fill::Done)
                },
            );
        kernel.register(family).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        let serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
        Self { kernel, path, fills, ended, gate, serving, folder }
    }

    pub(crate) fn dialer(&self) -> Arc<unix::Dialer> {
        Arc::new(unix::Dialer::connect(&self.path).unwrap())
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::over(self.dialer())
    }

    pub(crate) fn socket(&self, protocol: Protocol) -> Socket {
        netloom::client::Dialer::open(&*self.dialer(), protocol).unwrap()
    }
}

/// Where handlers wait until a test lets them on, one by one.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<Waiting>,
    opened: Condvar,
}

#[derive(Default)]
struct Waiting {
    handlers: usize,
    /// Who may pass.
    let_on: usize,
}

impl Gate {
    /// Waits to be let on, but not for ever: a test that failed does not hang.
    pub(crate) fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.handlers += 1;
        let patience = Duration::from_secs(60);
        let (mut state, _) = self.opened.wait_timeout_while(state, patience, |state| state.let_on == 0).unwrap();
        state.handlers -= 1;
        state.let_on = state.let_on.saturating_sub(1);
    }

    /// Waits until this many handlers wait here, none of whom gave up before.
    pub(crate) fn holds(&self, handlers: usize) {
        eventually("the handlers run", || self.state.lock().unwrap().handlers == handlers);
    }

    pub(crate) fn let_on(&self, handlers: usize) {
        self.state.lock().unwrap().let_on += handlers;
        self.opened.notify_all();
    }
}

/// Waits for something that another thread is about to do.
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn many_clients_call_dump_and_listen_at_once() {
    let served = Served::new();
    let (clients, turns) = (12, 20);
    let heard = served.connect().subscribe(&[DOC_EXMPL_GRP]).unwrap();
    thread::scope(|scope| {
        for client in 0..clients {
            let served = &served;
            scope.spawn(move || {
                let nl = served.connect();
                for turn in 0..turns {
                    let said = Msg::new().msg(format!("{client} {turn}"));
                    assert_eq!(nl.call(Say, &said).unwrap(), said);
                    if turn % 10 == 0 {
                        let indexes = nl.dump(List, &()).unwrap().map(|object| object.unwrap().index.unwrap());
                        assert!(indexes.eq(0..OBJECTS), "each object once, in order");
                    }
                    let error = nl.call(Echo, &Msg::new().index(1_u32)).unwrap_err();
                    assert_eq!((error.errno(), error.path()), (Some(Errno::EINVAL), Some("index")), "{error}");
                }
                assert_eq!(nl.strays(), Default::default());
            });
        }
        let mut next = vec![0; clients];
        for event in heard.take(clients * turns) {
            let text = event.unwrap().get(Said).unwrap().msg.unwrap();
            let (client, turn) = text.split_once(' ').unwrap();
            let (client, turn): (usize, usize) = (client.parse().unwrap(), turn.parse().unwrap());
            assert_eq!(turn, next[client], "each client's events in order, none lost");
            next[client] += 1;
        }
    });
    eventually("all dumps end", || served.ended.load(Ordering::SeqCst) == clients * turns.div_ceil(10));
}

#[test]
fn a_slow_handler_keeps_no_other_client_waiting() {
    let served = Served::new();
    let patient =
        |secs| Connection::builder().dialer(served.dialer()).timeout(Duration::from_secs(secs)).open().unwrap();
    // Quick ones have less patience than the handler.
    let (slow, quick) = (patient(120), patient(30));
    quick.call(Echo, &Msg::new()).unwrap();
    slow.call(Echo, &Msg::new()).unwrap();
    let waiting = thread::spawn(move || slow.call(Say, &Msg::new().msg("slow")).map(drop));
    served.gate.holds(1);
    for _ in 0..10 {
        quick.call(Echo, &Msg::new()).unwrap();
    }
    served.gate.holds(1);
    served.gate.let_on(1);
    waiting.join().unwrap().unwrap();
}

#[test]
fn a_dump_is_written_as_it_is_read_and_ends_once() {
    let served = Served::new();
    let nl = served.connect();
    let fills = || served.fills.load(Ordering::SeqCst);
    let mut dump = nl.dump(List, &()).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(fills() <= 2, "an unread chunk holds it, not {}", fills());
    assert!(dump.by_ref().take(100).all(|object| object.is_ok()));
    thread::sleep(Duration::from_millis(50));
    let early = fills();
    assert!(early < 12, "{early} chunks for 100 objects read");
    assert_eq!(dump.by_ref().filter(|object| object.is_ok()).count() as u32, OBJECTS - 100);
    drop(dump);
    // Its end is read before the server's thread has released it.
    eventually("a dump that is read ends", || served.ended.load(Ordering::SeqCst) == 1);
    // 2,000 objects of 232 bytes in chunks of 3,776 would be 125.
    assert!(fills() < 40, "chunks grow to the reader's room, these were {}", fills());

    // Left half-way, and closed half-way by the end of the process's connection.
    let mut dump = nl.dump(List, &()).unwrap();
    dump.next().unwrap().unwrap();
    drop((dump, nl));
    eventually("a dump left half-way ends", || served.ended.load(Ordering::SeqCst) == 2);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(served.ended.load(Ordering::SeqCst), 2);
}

#[test]
fn events_that_nobody_reads_are_bounded_and_their_loss_is_told() {
    let served = Served::new();
    let nl = served.connect();
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    let text = "y".repeat(10_000);
    let said = Msg::new().msg(text);
    let sent = (0..200).filter(|_| served.kernel.notify(Said, &said)).count();
    // The default receive buffer is 212,992 bytes; an event counts its bytes and what surrounds them.
    assert!((10..22).contains(&sent), "{sent}");
    let mut heard = 0;
    let lost = loop {
        match events.next_timeout(Duration::from_secs(30)).unwrap() {
            Ok(_) => heard += 1,
            Err(error) => break error,
        }
    };
    assert!(lost.is_overrun(), "{lost}");
    assert_eq!(heard, sent, "the loss stands where it happened");
    eventually("what is all read is no longer congested", || served.kernel.notify(Said, &said));
    assert!(events.next_timeout(Duration::from_secs(30)).unwrap().is_ok(), "the stream goes on");
    assert!(events.try_next().is_none());

    served.kernel.faults().overrun();
    nl.call(Say, &Msg::new().msg("lost")).unwrap();
    assert!(events.next_timeout(Duration::from_secs(30)).unwrap().is_err_and(|error| error.is_overrun()));
    nl.call(Say, &Msg::new().msg("again")).unwrap();
    assert!(events.next_timeout(Duration::from_secs(30)).unwrap().is_ok());
}

#[test]
fn faults_are_seen_through_it() {
    let served = Served::new();
    let nl = served.connect();
    let faults = served.kernel.faults();
    let echo = || nl.call(Echo, &Msg::new().msg("mine")).map(|reply| reply.msg.unwrap());
    assert_eq!(echo().unwrap(), "mine");
    faults.truncate();
    assert!(echo().unwrap_err().is_truncated());
    faults.stray();
    assert_eq!(echo().unwrap(), "mine");
    faults.forged_sender();
    assert_eq!(echo().unwrap(), "mine");
    assert_eq!((nl.strays().unknown, nl.strays().forged), (1, 1));
    faults.lose_answers(1);
    assert!(echo().unwrap_err().to_string().contains("without the reply"));
    faults.interrupt_next_dump();
    let last = nl.dump(List, &()).unwrap().last().unwrap();
    assert!(last.is_err_and(|error| error.is_interrupted()));
}

#[test]
fn sockets_behave_as_in_process() {
    let served = Served::new();
    let in_process = |protocol| served.kernel.socket(protocol).unwrap();
    let by_unix = |protocol| served.socket(protocol);
    let dialer = unix::Dialer::connect(&served.path).unwrap().exact();
    let exact = |protocol| netloom::client::Dialer::open(&dialer, protocol).unwrap();
    let kinds: [(&str, &dyn Fn(Protocol) -> Socket); 3] =
        [("in process", &in_process), ("unix", &by_unix), ("exact", &exact)];
    for (kind, open) in kinds {
        let (left, right) = (open(Protocol::USERSOCK), open(Protocol::USERSOCK));
        assert_eq!(left.local().unwrap(), Address::default(), "{kind}");
        left.bind(Address::port(0x8000_0007)).unwrap();
        assert_eq!(right.bind(Address::port(0x8000_0007)).unwrap_err().errno(), Some(Errno::EADDRINUSE), "{kind}");
        right.bind(Address::default()).unwrap();
        right.join(17).unwrap();
        right.join(32).unwrap();
        right.leave(17).unwrap();
        assert_eq!(right.memberships().unwrap(), [32], "{kind}");
        assert_eq!(right.join(0).unwrap_err().errno(), Some(Errno::EINVAL), "{kind}");
        for (option, value, seen) in
            [(Opt::ReceiveBuffer, 1, 2_304), (Opt::ReceiveBuffer, 5_000, 10_000), (Opt::PktInfo, 1, 1)]
        {
            right.set(option, value).unwrap();
            assert_eq!(right.option(option).unwrap(), seen, "{kind}");
        }
        right.set(Opt::PassCredentials, 1).unwrap();

        // To a port and to a group, with all that a receive tells.
        let to = right.local().unwrap();
        assert_eq!(left.send_to(Address::port(to.port), b"to you").unwrap(), 6, "{kind}");
        let _ = left.send_to(Address { port: 0, groups: 1 << 31 }, b"to all");
        let mut buf = Vec::new();
        for (text, group, groups) in [(&b"to you"[..], None, 0), (b"to all", Some(32), 1 << 31)] {
            let received = right.recv_timeout(&mut buf, Duration::from_secs(30)).unwrap();
            assert_eq!(&buf[..received.len], text, "{kind}");
            assert_eq!(received.source, Address { port: 0x8000_0007, groups }, "{kind}");
            assert_eq!((received.destination, received.group), (to, group), "{kind}");
            assert_eq!(received.credentials.unwrap().process, std::process::id(), "{kind}");
        }
        assert_eq!(right.try_recv(&mut buf).unwrap_err().errno(), Some(Errno::EAGAIN), "{kind}");
        for (to, bytes, errno) in [
            (Some(4_000_000_000), &b"x"[..], Errno::ECONNREFUSED),
            (Some(0), b"x", Errno::ECONNREFUSED),
            (None, b"", Errno::ENODATA),
            (None, &[0; 212_961], Errno::EMSGSIZE),
        ] {
            let sent = to.map_or_else(|| left.send(bytes), |port| left.send_to(Address::port(port), bytes));
            assert_eq!(sent.unwrap_err().errno(), Some(errno), "{kind} {}", bytes.len());
        }
        let long: Vec<u8> = (0..212_960_u32).map(|n| n as u8).collect();
        let wide = open(Protocol::USERSOCK);
        wide.bind(Address::port(9)).unwrap();
        left.connect(Address::port(9)).unwrap();
        assert_eq!(left.send(&long).unwrap(), long.len(), "{kind}");
        let received = wide.recv_msg(&mut buf).unwrap();
        assert_eq!(&buf[..received.len], long, "{kind}");
        // The port id of a socket that is closed is free at once.
        drop(left);
        right.leave(32).unwrap();
        open(Protocol::USERSOCK).bind(Address::port(0x8000_0007)).unwrap();
    }
}

#[test]
fn the_end_of_the_server_is_the_end_of_the_connection() {
    let served = Served::new();
    let nl = served.connect();
    nl.call(Echo, &Msg::new()).unwrap();
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    let mut dump = nl.dump(List, &()).unwrap();
    dump.next().unwrap().unwrap();
    let waiting = thread::spawn(move || events.next().unwrap().map(drop));
    served.serving.stop().unwrap();
    assert!(!served.path.exists());
    assert_eq!(served.ended.load(Ordering::SeqCst), 1, "the dump is released");
    assert_eq!(waiting.join().unwrap().unwrap_err().errno(), Some(Errno::ECONNRESET));
    assert_eq!(nl.call(Echo, &Msg::new()).unwrap_err().errno(), Some(Errno::ECONNRESET));
    let error = nl.subscribe(&[DOC_EXMPL_GRP]).map(drop).unwrap_err().to_string();
    assert!(error.contains("netloom serve"), "{error}");
}
