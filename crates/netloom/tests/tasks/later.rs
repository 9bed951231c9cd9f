//! A kernel side that answers when it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netloom::Result;
use netloom::client::Dialer;
use netloom::client::RawAnswer;
use netloom::client::asynchronous::{Connection, Runtime};
use netloom::kernel::{Config, Kernel};
use netloom::unix;
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol, RawMessage, Writer, messages};

/// A protocol by hand: what it is asked waits until somebody answers.
pub(crate) const LATER: Protocol = match Protocol::new(31) {
    Some(protocol) => protocol,
    None => panic!("there are 32"),
};
/// The type of its messages, and its group.
pub(crate) const KIND: u16 = 20;
pub(crate) const GROUP: u32 = 3;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Later {
    pub(crate) kernel: Kernel,
    asked: Arc<(Mutex<VecDeque<Asked>>, Condvar)>,
}

/// A question: its header, and the one byte that it asks about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) header: Header,
    pub(crate) about: u8,
}

/// A way to it, and what has to live as long.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) dialer: Arc<dyn Dialer>,
    _server: Option<(unix::Serving, tempfile::TempDir)>,
}

impl Way {
    pub(crate) fn connect<R: Runtime>(&self) -> Connection<R> {
        Connection::over(self.dialer.clone())
    }
}

impl Later {
    pub(crate) fn new() -> Self {
        let kernel = Kernel::new();
        let asked = Arc::<(Mutex<VecDeque<Asked>>, Condvar)>::default();
        let told = asked.clone();
        let config = Config::new().input(move |datagram| {
            for message in messages(datagram.bytes()).flatten() {
                let RawMessage { header, payload, .. } = message;
                let about = payload.get(4).copied().unwrap_or_default();
                told.0.lock().unwrap().push_back(Asked { header, about });
                told.1.notify_all();
            }
        });
        kernel.register_protocol(LATER, config).unwrap();
        Self { kernel, asked }
    }

    pub(crate) fn ways(&self) -> [Way; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        let serving = unix::Server::bind(&path).unwrap().start(self.kernel.clone()).unwrap();
        let over = Arc::new(unix::Dialer::connect(&path).unwrap());
        [
            Way { name: "in process", dialer: self.kernel.dialer(self.kernel.administrator()), _server: None },
            Way { name: "unix", dialer: over, _server: Some((serving, folder)) },
        ]
    }

    /// Waits until it has been asked so much, and takes it.
    pub(crate) fn asked(&self, count: usize) -> Vec<Asked> {
        let asked = self.asked.0.lock().unwrap();
        let (mut asked, waited) =
            self.asked.1.wait_timeout_while(asked, PATIENCE, |asked| asked.len() < count).unwrap();
        assert!(!waited.timed_out(), "{count} questions in time: {asked:?}");
        asked.drain(..count).collect()
    }

    /// Nothing has been asked that was not taken.
    pub(crate) fn is_silent(&self) -> bool {
        self.asked.0.lock().unwrap().is_empty()
    }

    /// A reply of one byte and an acknowledgement, in a datagram each.
    pub(crate) fn answer(&self, asked: &Asked, value: u8) {
        self.say(asked, &reply(asked, value, Flags::NONE));
        self.say(asked, &ack(asked));
    }

    /// So much of a dump, then its end if it is one.
    pub(crate) fn dump(&self, asked: &Asked, values: &[u8], done: bool) {
        let parts = values.iter().flat_map(|value| reply(asked, *value, Flags::MULTI));
        let end = if done { status(asked, MessageType::DONE) } else { Vec::new() };
        self.say(asked, &parts.chain(end).collect::<Vec<_>>());
    }

    /// Waits while there is no room: the reader is at it.
    pub(crate) fn say(&self, asked: &Asked, datagram: &[u8]) {
        let until = Instant::now() + PATIENCE;
        while let Err(nack) = self.kernel.unicast_raw(LATER, asked.header.port, datagram.to_vec()) {
            assert!(nack.errno() == Errno::EAGAIN && Instant::now() < until, "{nack:?}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Fills the queues of those who hear the group, until something is lost.
    pub(crate) fn flood(&self) {
        let noise = Header { len: 16, ..Header::new(MessageType(99), Flags::NONE) }.to_bytes();
        let datagram = noise.repeat(64);
        let lost = || self.kernel.sockets().iter().map(|socket| socket.drops).sum::<u64>();
        let before = lost();
        // However quick their readers are.
        while lost() == before {
            for _ in 0..64 {
                self.kernel.multicast_raw(LATER, GROUP, datagram.clone());
            }
        }
    }
}

pub(crate) fn reply(asked: &Asked, value: u8, flags: Flags) -> Vec<u8> {
    message(asked, MessageType(KIND), flags, &|w| w.put_attr(1, &[value]))
}

pub(crate) fn ack(asked: &Asked) -> Vec<u8> {
    let header = asked.header.to_bytes();
    message(asked, MessageType::ERROR, Flags::CAPPED, &|w| {
        w.put_bytes(&[0; 4])?;
        w.put_bytes(&header)
    })
}

fn status(asked: &Asked, kind: MessageType) -> Vec<u8> {
    message(asked, kind, Flags::MULTI, &|w| w.put_bytes(&[0; 4]))
}

type Body<'b> = &'b dyn Fn(&mut Writer<'_>) -> std::result::Result<(), netloom::wire::Full>;

fn message(asked: &Asked, kind: MessageType, flags: Flags, body: Body<'_>) -> Vec<u8> {
    let mut buf = [0; 64];
    let mut w = Writer::new(&mut buf);
    let header = Header { seq: asked.header.seq, port: asked.header.port, ..Header::new(kind, flags) };
    w.message(header, |w| body(w)).unwrap();
    w.written().to_vec()
}

/// Asks about a byte, and returns what was answered.
pub(crate) async fn ask<R: Runtime>(nl: &Connection<R>, about: u8, timeout: Duration) -> Result<u8> {
    let request = nl.request_raw(KIND).protocol(LATER).attr(1, &[about]).timeout(timeout);
    request.send().await.map(|answer| value(&answer))
}

fn value(answer: &RawAnswer) -> u8 {
    answer.replies[0].attrs(0).first(1).unwrap().read::<u8>().unwrap()
}
