//! A kernel side under load: in this process, or served by another one.

use std::any::Any;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use netloom::families::doc_exmpl::{Echo, List, Msg, Said, Say};
use netloom::kernel::{Family, Fill, Kernel};
use netloom::socket::Socket;
use netloom::wire::{Flags, Protocol};
use netloom::{Connection, unix};
use tempfile::TempDir;

use super::raw::{Data, Raw, request};
use super::{PATH, Report, child};

/// Objects of a dump.
pub(crate) const OBJECTS: u32 = 2_000;
/// The id of the family: the first that is not reserved.
pub(crate) const FAMILY: u16 = 19;
/// Sockets of one control channel.
const A_CLIENT: usize = 250;
const SEND: u32 = 14;
const RECV: u32 = 15;
const JOIN: u32 = 10;
const EXACT: u32 = 2;

/// Something open, whatever it is; dropping it closes it.
pub(crate) type Open = Box<dyn Any + Send>;
/// Writes a datagram.
pub(crate) type Flood = Box<dyn Fn(&[u8]) + Send>;

pub(crate) trait World: Sync {
    fn connect(&self) -> Connection;
    fn socket(&self) -> Socket;
    /// Sockets that do nothing, every hundredth of which is a member of this group and asks for what it never reads.
    fn crowd(&self, count: usize, group: u32) -> Vec<Open>;
    /// Begins a dump, reads some of it or nothing, and is gone.
    fn dump_and_die(&self, turn: usize);
    /// Who writes requests: where nobody waits for them to be handled, if there is such a way.
    fn flood(&self) -> Flood;
    fn report(&self) -> Report;
}

/// What a reader who never reads asks for: replies and acknowledgements beyond what its buffer holds, and a dump.
fn wishes() -> Vec<Vec<u8>> {
    let long = [b'x'; 8_000];
    let mut wishes: Vec<Vec<u8>> = (0..40).map(|seq| request_of(1, Flags::ACK, seq, &long)).collect();
    wishes.push(request_of(3, Flags::DUMP, 41, &[]));
    wishes.extend((0..300).map(|seq| request_of(1, Flags::ACK, seq, b"more")));
    wishes
}

pub(crate) fn request_of(cmd: u8, flags: Flags, seq: u32, text: &[u8]) -> Vec<u8> {
    let text = [text, b"\0"].concat();
    let attrs: &[(u16, &[u8])] = &[(1, &text)];
    request(FAMILY, cmd, flags, seq, if cmd == 3 { &[] } else { attrs })
}

/// A kernel side whose dumps are counted.
#[derive(Clone)]
struct Counted {
    kernel: Kernel,
    begun: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

struct Cursor(u32, Arc<AtomicUsize>);

impl Drop for Cursor {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

impl Default for Counted {
    fn default() -> Self {
        let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (begins, ends) = (begun.clone(), ended.clone());
        let family = Family::new(())
            .parallel()
            .on_do(Echo, |(), asked: Msg, _| Ok(asked))
            .on_do(Say, |(), asked: Msg, ctx| {
                ctx.notify(Said, &asked);
                Ok(asked)
            })
            .on_dump_with(
                List,
                move |(), (), _| {
                    begins.fetch_add(1, Ordering::SeqCst);
                    Ok(Cursor(0, ends.clone()))
                },
                |(), cursor, out, _| {
                    while cursor.0 < OBJECTS {
                        if out.put(&Msg::new().msg("x".repeat(200)).index(cursor.0)).is_err() {
                            return Ok(Fill::More);
                        }
                        cursor.0 += 1;
                    }
                    Ok(Fill::Done)
                },
            );
        let kernel = Kernel::new();
        assert_eq!(kernel.register(family).unwrap().id, FAMILY);
        Self { kernel, begun, ended }
    }
}

impl Counted {
    fn report(&self) -> Report {
        // In this order a dump that begins or ends meanwhile is not negative.
        let ended = self.ended.load(Ordering::SeqCst);
        let begun = self.begun.load(Ordering::SeqCst);
        let sockets = self.kernel.sockets();
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        Report {
            sockets: sockets.len(),
            queued: sockets.iter().map(|socket| socket.queued).sum(),
            fullest: sockets.iter().map(|socket| socket.queued).max().unwrap_or(0),
            dumps: begun - ended,
            begun,
            peak: kib("VmHWM:"),
            now: kib("VmRSS:"),
        }
    }
}

#[derive(Default)]
pub(crate) struct InProcess(Counted);

impl World for InProcess {
    fn connect(&self) -> Connection {
        let kernel = &self.0.kernel;
        let dialer = kernel.dialer(kernel.administrator());
        Connection::builder().dialer(dialer).timeout(Duration::from_secs(60)).open().unwrap()
    }

    fn socket(&self) -> Socket {
        self.0.kernel.socket(Protocol::GENERIC).unwrap()
    }

    fn crowd(&self, count: usize, group: u32) -> Vec<Open> {
        let open = |number: usize| -> Open {
            let socket = self.socket();
            if number.is_multiple_of(100) {
                socket.join(group).unwrap();
                for wish in wishes() {
                    socket.send(&wish).unwrap();
                }
            }
            Box::new(socket)
        };
        (0..count).map(open).collect()
    }

    fn dump_and_die(&self, turn: usize) {
        let socket = self.socket();
        socket.send(&request_of(3, Flags::DUMP, 1, &[])).unwrap();
        for _ in 0..turn % 4 {
            socket.try_recv(&mut Vec::new()).unwrap();
        }
    }

    fn flood(&self) -> Flood {
        let socket = self.socket();
        Box::new(move |bytes| drop(socket.send(bytes)))
    }

    fn report(&self) -> Report {
        self.0.report()
    }
}

/// One that another process serves.
pub(crate) struct Served {
    path: std::path::PathBuf,
    _folder: TempDir,
    child: Mutex<Child>,
    asks: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Served {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        let mut command = child("server");
        let mut child = command.env(PATH, &path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let asks = Mutex::new((child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap())));
        let served = Self { path, _folder: folder, child: Mutex::new(child), asks };
        // Its first answer comes when it listens.
        served.report();
        served
    }

    /// Ends the server, which must end well.
    pub(crate) fn stop(self) {
        let (ask, hear) = self.asks.into_inner().unwrap();
        drop(ask);
        // What it says to the end has somebody to hear it.
        hear.lines().for_each(drop);
        assert!(self.child.lock().unwrap().wait().unwrap().success());
        assert!(!self.path.exists());
    }

    fn dialer(&self) -> unix::Dialer {
        unix::Dialer::connect(&self.path).unwrap()
    }

    fn die_as_process(&self) {
        let mut dying = child("dies_in_a_dump").env(PATH, &self.path).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(dying.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("half-way")), "it dumps");
        dying.kill().unwrap();
        dying.wait().unwrap();
    }
}

impl World for Served {
    fn connect(&self) -> Connection {
        let dialer = Arc::new(self.dialer());
        Connection::builder().dialer(dialer).timeout(Duration::from_secs(60)).open().unwrap()
    }

    fn socket(&self) -> Socket {
        netloom::client::Dialer::open(&self.dialer(), Protocol::GENERIC).unwrap()
    }

    fn crowd(&self, count: usize, group: u32) -> Vec<Open> {
        let mut all: Vec<Open> = Vec::new();
        let mut number = 0_usize;
        while number < count {
            let client = Raw::greeted(&self.path);
            for _ in 0..A_CLIENT.min(count - number) {
                let (socket, data) = client.open(number as u32 % 3);
                if number.is_multiple_of(100) {
                    assert_eq!(client.ask([JOIN, 1, socket, group, 0, 0], &[]).unwrap().0[1], 0);
                    for wish in wishes() {
                        client.ask([SEND, 1, socket, 0, 0, 0], &wish).unwrap();
                    }
                }
                all.push(Box::new(data.0));
                number += 1;
            }
            all.push(Box::new(client.0));
        }
        all
    }

    fn dump_and_die(&self, turn: usize) {
        if turn.is_multiple_of(64) {
            return self.die_as_process();
        }
        let client = Raw::greeted(&self.path);
        let mode = turn as u32 % 3;
        let (socket, data): (u32, Data) = client.open(mode);
        let dump = request_of(3, Flags::DUMP, 1, &[]);
        if turn.is_multiple_of(2) {
            data.send(&dump);
        } else {
            client.ask([SEND, 1, socket, 0, 0, 0], &dump).unwrap();
        }
        for _ in 0..turn % 4 {
            if mode == EXACT {
                client.ask([RECV, 1, socket, 0x40, 4_000, 0], &[]).unwrap();
            } else {
                data.recv_now();
            }
        }
        // Now and then with requests under way.
        for _ in 0..turn % 5 {
            data.send(&dump);
        }
    }

    fn flood(&self) -> Flood {
        let client = Raw::greeted(&self.path);
        let (_, data) = client.open(0);
        Box::new(move |bytes| {
            let _ = &client;
            data.send(bytes);
        })
    }

    fn report(&self) -> Report {
        let mut asks = self.asks.lock().unwrap();
        let (ask, hear) = &mut *asks;
        ask.write_all(b"\n").unwrap();
        let mut line = String::new();
        let numbers: Vec<usize> = loop {
            line.clear();
            assert_ne!(hear.read_line(&mut line).unwrap(), 0, "the server is gone");
            // The test harness may have written in front.
            if let Some((_, numbers)) = line.split_once("report ") {
                break numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
            }
        };
        let [sockets, queued, fullest, dumps, begun, peak, now] = numbers[..] else { panic!("{line}") };
        Report { sockets, queued, fullest, dumps, begun, peak, now }
    }
}

/// Serves, and reports whenever a line is asked, until nobody can ask any more.
pub(crate) fn serve(path: &OsStr) {
    let counted = Counted::default();
    let serving = unix::Server::bind(path).unwrap().start(counted.kernel.clone()).unwrap();
    for _ in std::io::stdin().lines() {
        let Report { sockets, queued, fullest, dumps, begun, peak, now } = counted.report();
        println!("report {sockets} {queued} {fullest} {dumps} {begun} {peak} {now}");
    }
    serving.stop().unwrap();
    assert!(counted.kernel.sockets().is_empty() && counted.report().dumps == 0);
}

/// Begins a dump and waits for its end.
pub(crate) fn dump_until_killed(path: &OsStr) {
    let nl = Connection::over(Arc::new(unix::Dialer::connect(path).unwrap()));
    let mut dump = nl.dump(List, &()).unwrap();
    dump.next().unwrap().unwrap();
    println!("half-way");
    thread::sleep(Duration::from_secs(600));
}
