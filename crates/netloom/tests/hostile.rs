//! Whatever bytes a kernel side sends, whoever sends them, and however receiving fails: a client ends and never panics.

use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use netloom::client::{Dialer, Flow, Hook};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily, NOTIFY};
use netloom::socket::{Address, Endpoint, Opt, Received, RecvFlags, Socket};
use netloom::wire::{Errno, Flags, GenlHeader, Header, MessageType, Writer};
use netloom::{Connection, Protocol, Result};
use proptest::prelude::*;

const PORT: u32 = 4711;

/// One thing that happens to a reader.
#[derive(Clone, Debug)]
enum Turn {
    /// A datagram of these messages, from this port, bytes changed (place, value), cut to a length.
    Datagram {
        messages: Vec<Message>,
        from: u32,
        changes: Vec<(u16, u8)>,
        cut: Option<u16>,
    },
    Fails(Errno),
}

#[derive(Clone, Debug)]
struct Message {
    kind: u16,
    flags: u16,
    /// Distance to the sequence number of the request.
    seq: u32,
    port: u32,
    body: Vec<u8>,
}

/// A kernel side that follows a script, over and over if asked to.
#[derive(Clone, Debug)]
struct Hostile {
    script: Arc<Mutex<VecDeque<Turn>>>,
    endless: bool,
    seq: Arc<AtomicU32>,
}

impl Hostile {
    fn new(turns: Vec<Turn>, endless: bool) -> Self {
        Self { script: Arc::new(Mutex::new(turns.into())), endless, seq: Arc::default() }
    }

    fn connection(self) -> Connection {
        Connection::builder().dialer(Arc::new(self)).timeout(Duration::from_millis(3)).open().unwrap()
    }
}

impl Dialer for Hostile {
    fn open(&self, _: Protocol) -> Result<Socket> {
        Ok(Socket::over(Arc::new(self.clone())))
    }
}

impl Endpoint for Hostile {
    fn send(&self, _: Option<Address>, bytes: &[u8]) -> std::result::Result<usize, Errno> {
        let header = Header::read(bytes).unwrap();
        if header.kind != MessageType::NOOP {
            self.seq.store(header.seq, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn recv(
        &self,
        buf: &mut [u8],
        flags: RecvFlags,
        deadline: Option<Instant>,
    ) -> std::result::Result<Received, Errno> {
        let mut script = self.script.lock().unwrap();
        let Some(turn) = script.pop_front() else {
            if let Some(deadline) = deadline {
                std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            }
            return Err(Errno::EAGAIN);
        };
        if self.endless || flags.contains(RecvFlags::PEEK) {
            script.push_back(turn.clone());
        }
        let (messages, from, changes, cut) = match turn {
            Turn::Fails(errno) => return Err(errno),
            Turn::Datagram { messages, from, changes, cut } => (messages, from, changes, cut),
        };
        let mut bytes = vec![0; 65_536];
        let mut w = Writer::new(&mut bytes);
        for message in messages {
            let seq = self.seq.load(Ordering::Relaxed).wrapping_add(message.seq);
            let kind = MessageType(message.kind);
            let header = Header { seq, port: message.port, ..Header::new(kind, Flags(message.flags)) };
            w.message(header, |w| w.put_bytes(&message.body)).unwrap();
        }
        let mut datagram = w.written().to_vec();
        for (place, value) in changes {
            if let Some(byte) = datagram.get_mut(usize::from(place)) {
                *byte = value;
            }
        }
        datagram.truncate(cut.map_or(usize::MAX, usize::from));
        let taken = datagram.len().min(buf.len());
        buf[..taken].copy_from_slice(&datagram[..taken]);
        let mut received = Received::default();
        received.len = datagram.len();
        received.source = Address::port(from);
        received.truncated = taken < datagram.len();
        Ok(received)
    }

    fn bind(&self, _: Address) -> std::result::Result<(), Errno> {
        Ok(())
    }
    fn connect(&self, _: Address) -> std::result::Result<(), Errno> {
        Ok(())
    }
    fn local(&self) -> std::result::Result<Address, Errno> {
        Ok(Address::port(PORT))
    }
    fn join(&self, _: u32) -> std::result::Result<(), Errno> {
        Ok(())
    }
    fn leave(&self, _: u32) -> std::result::Result<(), Errno> {
        Ok(())
    }
    fn memberships(&self) -> std::result::Result<Vec<u32>, Errno> {
        Ok(Vec::new())
    }
    fn set(&self, _: Opt, _: u32) -> std::result::Result<(), Errno> {
        Ok(())
    }
    fn option(&self, _: Opt) -> std::result::Result<u32, Errno> {
        Ok(0)
    }
    fn set_nonblocking(&self, _: bool) -> std::result::Result<(), Errno> {
        Ok(())
    }
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// What nlctrl would answer, but for the header.
fn family() -> Vec<u8> {
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    w.genl(GenlHeader { cmd: 1, version: 2, reserved: 0 }).unwrap();
    w.put(CtrlAttrs::FAMILY_NAME, "nlctrl").unwrap();
    w.put(CtrlAttrs::FAMILY_ID, 16).unwrap();
    let group = |w: &mut Writer<'_>| {
        w.put_attr(2, &16_u32.to_ne_bytes())?;
        w.put_attr(1, b"notify\0")
    };
    w.nest_attr(7, |w| w.nest_attr(1, group)).unwrap();
    w.written().to_vec()
}

fn message() -> impl Strategy<Value = Message> {
    let kind = prop_oneof![4 => Just(16_u16), 2 => Just(2), 2 => Just(3), 1 => 0_u16..20];
    let flags = prop_oneof![2 => Just(0_u16), 2 => Just(2), 1 => any::<u16>()];
    let seq = prop_oneof![6 => Just(0_u32), 1 => Just(1), 1 => Just(u32::MAX), 1 => any::<u32>()];
    let port = prop_oneof![6 => Just(PORT), 1 => Just(0), 1 => any::<u32>()];
    let body = prop_oneof![
        3 => Just(family()),
        2 => Just([0_i32.to_ne_bytes().to_vec(), vec![0; 16]].concat()),
        1 => Just([(-2_i32).to_ne_bytes().to_vec(), vec![0; 16]].concat()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ];
    (kind, flags, seq, port, body).prop_map(|(kind, flags, seq, port, body)| Message { kind, flags, seq, port, body })
}

fn turn() -> impl Strategy<Value = Turn> {
    let from = prop_oneof![6 => Just(0_u32), 1 => any::<u32>()];
    let changes = prop::collection::vec((0_u16..200, any::<u8>()), 0..4);
    let cut = prop_oneof![4 => Just(None), 1 => (0_u16..400).prop_map(Some)];
    let datagram = (prop::collection::vec(message(), 0..4), from, changes, cut)
        .prop_map(|(messages, from, changes, cut)| Turn::Datagram { messages, from, changes, cut });
    let fails = prop::sample::select(vec![Errno::ENOBUFS, Errno::ENOMEM, Errno::ECONNREFUSED]).prop_map(Turn::Fails);
    prop_oneof![8 => datagram, 1 => fails]
}

/// Sets hooks that say one thing after the other, and print what they see; none if they have nothing to say.
fn hook(nl: &Connection, flows: &[Flow]) {
    if flows.is_empty() {
        return;
    }
    let (turn, said) = (AtomicU32::new(0), flows.to_vec());
    let next = move || {
        let turn = turn.fetch_add(1, Ordering::Relaxed) as usize;
        said.get(turn % said.len()).copied().unwrap_or(Flow::Next)
    };
    nl.hooks().debug(std::io::sink());
    let next = Arc::new(next);
    for hook in
        [Hook::SeqCheck, Hook::DumpInterrupted, Hook::SendAck, Hook::Valid, Hook::Finish, Hook::Ack, Hook::Skipped]
    {
        let next = next.clone();
        nl.hooks().on(hook, move |_| next());
    }
    nl.hooks().on_error(move |_, _| next());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_a_client_ends(
        turns in prop::collection::vec(turn(), 0..12),
        flows in prop::collection::vec(prop_oneof![6 => Just(Flow::Next), 1 => Just(Flow::Skip), 1 => Just(Flow::Stop)], 0..8),
    ) {
        let nl = || {
            let nl = Hostile::new(turns.clone(), false).connection();
            hook(&nl, &flows);
            nl
        };
        let _ = nl().call(Getfamily, &CtrlAttrs::new().family_name("nlctrl"));
        let _ = nl().request(Getfamily, &CtrlAttrs::new()).ack().send();
        let _ = nl().family("nlctrl").map(|family| family.group("notify"));
        let _ = nl().request_raw(16).cmd(3).attr(2, b"nlctrl\0").send();
        if let Ok(dump) = nl().dump(Getfamily, &()) {
            prop_assert!(dump.count() < 64);
        }
        if let Ok(dump) = nl().dump(Getfamily, &()) {
            let _ = dump.consistent(3);
        }
        if let Ok(mut events) = nl().subscribe(&[NOTIFY]) {
            for _ in 0..64 {
                let _ = events.try_next().map(|event| event.map(|event| (event.number(), event.attrs(4).first(1).is_some())));
            }
        }
        if let Ok((nl, mut heard)) = nl().split() {
            let _ = nl.request_raw(16).cmd(3).any_sequence(true).send();
            let _ = nl.call(Getfamily, &CtrlAttrs::new());
            while let Some(Ok(event)) = heard.next_timeout(Duration::from_millis(1)) {
                let _ = nl.answer_to(&event).post();
            }
        }
        if let Ok(mut follow) = nl().follow(Getfamily, &(), &[NOTIFY]) {
            for _ in 0..64 {
                let _ = follow.next_timeout(Duration::from_millis(1));
            }
        }
    }
}

#[test]
fn what_never_comes_to_the_point_is_given_up() {
    let stray = Message { kind: 16, flags: 2, seq: 77, port: PORT, body: family() };
    let reply = Message { seq: 0, ..stray.clone() };
    let noop = Message { kind: 1, ..reply.clone() };
    let datagram =
        |message: Message, from| Turn::Datagram { messages: vec![message], from, changes: vec![], cut: None };
    let empty = Turn::Datagram { messages: vec![], from: 0, changes: vec![], cut: None };
    for turn in [datagram(stray, 0), datagram(reply.clone(), 0), datagram(noop, 0), datagram(reply, 9), empty] {
        let nl = || Hostile::new(vec![turn.clone()], true).connection();
        let started = Instant::now();
        let error = nl().request(Getfamily, &CtrlAttrs::new()).ack().send().unwrap_err();
        assert!(error.is_timeout(), "{turn:?}: {error}");
        let error = nl().dump(Getfamily, &()).and_then(|dump| dump.collect::<Result<Vec<_>>>()).unwrap_err();
        assert!(error.is_timeout() || error.is_stalled(), "{turn:?}: {error}");
        assert!(started.elapsed() < Duration::from_secs(60), "{turn:?}");
    }
}
