//! What goes wrong on Linux itself: answers that are cut, a second dump on a socket, queues that are too short. What our kernel
//! side does of it at every point is in `tests/client`.

use std::ffi::CStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use netloom::client::{Builder, Exchange, Expect, Followed, Step};
use netloom::families::rt_link::{Getlink, Link, RTNLGRP_LINK};
use netloom::rtnetlink::{Told, link};
use netloom::socket::{Address, Received, RecvFlags, Socket, Transport, Under};
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol};
use netloom::{Connection, Error};

use crate::long::{is_whole, make};
use crate::shells::Shell;
use crate::{in_each_shell, inside, run};

in_each_shell! { faults: a_cut_answer_is_told_and_the_next_is_whole a_busy_socket_is_told_and_not_used_again }

/// For what comes in a moment, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shell with settings of its own.
trait Built: Shell {
    fn built(builder: Builder) -> Self;
}
impl Built for Connection {
    fn built(builder: Builder) -> Self {
        builder.open().unwrap()
    }
}
impl Built for netloom::tokio::Connection {
    fn built(builder: Builder) -> Self {
        Self::with(builder).unwrap()
    }
}
impl Built for netloom::async_io::Connection {
    fn built(builder: Builder) -> Self {
        Self::with(builder).unwrap()
    }
}

/// Gives Linux less room than a connection's buffers have, once and for one datagram that is longer: it is cut, as MSG_TRUNC
/// says.
#[derive(Default)]
struct Narrow {
    armed: AtomicBool,
    passed: AtomicUsize,
}

impl Narrow {
    const ROOM: usize = 1024;

    /// The first datagram behind `passed` others that is longer than that is cut.
    fn arm(&self, passed: usize) {
        self.passed.store(passed, Ordering::Relaxed);
        self.armed.store(true, Ordering::Relaxed);
    }
}

impl Transport for Narrow {
    fn recv(
        &self,
        under: Under<'_>,
        buf: &mut [u8],
        flags: RecvFlags,
        deadline: Option<Instant>,
    ) -> Result<Received, Errno> {
        if !self.armed.load(Ordering::Relaxed) {
            return under.endpoint.recv(buf, flags, deadline);
        }
        let narrow = self.passed.load(Ordering::Relaxed) == 0;
        let room = if narrow { Self::ROOM } else { buf.len() };
        let received = under.endpoint.recv(&mut buf[..room], flags, deadline)?;
        assert_eq!(received.truncated, received.len > room, "{received:?}");
        if received.truncated {
            self.armed.store(false, Ordering::Relaxed);
        } else if !narrow {
            self.passed.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(received)
    }
}

fn is_cut<T>(got: Result<T, Error>) {
    let error = got.err().expect("an answer was cut");
    assert!(error.is_truncated() && error.to_string().contains("ask again"), "{error}");
}

/// So many interfaces that a dump of them takes several datagrams.
fn make_many() {
    make();
    (0..15).for_each(|n| run(&format!("ip link add a{n} type veth peer name b{n}")));
}

/// Those that it makes.
const MADE: usize = 32;

/// No others: one or more are in each namespace, and more appear in all as modules are loaded.
fn is_made(link: &Link) -> bool {
    link.ifname.as_deref().is_some_and(is_made_name)
}

fn is_made_name(name: &str) -> bool {
    name.strip_prefix(['v', 'a', 'b']).is_some_and(|number| number.parse::<u32>().is_ok())
}

fn made(links: &[Link]) -> usize {
    links.iter().filter(|link| is_made(link)).count()
}

fn a_cut_answer_is_told_and_the_next_is_whole<C: Built>() {
    make_many();
    let narrow = Arc::new(Narrow::default());
    let nl = C::built(Connection::builder().transport(narrow.clone()));
    assert_eq!(made(&nl.done(link::all(&nl)).unwrap()), MADE);
    for round in 0..3 {
        narrow.arm(0);
        is_cut(nl.done(link::find(&nl, "v0")));
        assert!(is_whole(&nl.done(link::find(&nl, "v0")).unwrap()), "{round}");
        // A dump, at its beginning and in its middle, is asked for again; what is left of it is nobody's answer.
        for passed in 0..2 {
            narrow.arm(passed);
            let all = nl.done(link::all(&nl)).unwrap();
            assert!(!narrow.armed.load(Ordering::Relaxed), "{round}, {passed}: one was cut");
            assert!(made(&all) == MADE && all.iter().any(is_whole), "{round}, {passed}");
            assert_eq!(nl.done(link::find(&nl, "v1")).unwrap().ifname.as_deref(), Some("v1"), "{round}, {passed}");
        }
    }
}

#[test]
fn a_cut_dump_ends_with_that_and_the_next_is_whole() {
    if !inside("faults::a_cut_dump_ends_with_that_and_the_next_is_whole") {
        return;
    }
    make_many();
    let narrow = Arc::new(Narrow::default());
    let nl = Connection::builder().transport(narrow.clone()).open().unwrap();
    for passed in 0..3 {
        narrow.arm(passed);
        let mut dump: Vec<_> = nl.dump(Getlink, &Link::new()).unwrap().collect();
        is_cut(dump.pop().unwrap());
        assert_eq!(dump.is_empty(), passed == 0);
        let whole: Vec<_> = nl.dump(Getlink, &Link::new()).unwrap().map(Result::unwrap).collect();
        assert!(dump.len() < whole.len() && dump.iter().all(Result::is_ok), "{passed}");
        assert_eq!(made(&whole), MADE, "{passed}");
    }
}

/// Begins another dump in front of the next request, on the same socket.
#[derive(Default)]
struct Before(AtomicBool);

impl Transport for Before {
    fn send(&self, under: Under<'_>, to: Option<Address>, datagram: &[u8]) -> Result<usize, Errno> {
        if self.0.swap(false, Ordering::Relaxed) {
            let port = under.endpoint.local()?.port;
            under.endpoint.send(to, &dump(0x7fff_0000, port))?;
        }
        under.endpoint.send(to, datagram)
    }
}

/// A request for all interfaces.
fn dump(seq: u32, port: u32) -> Vec<u8> {
    const RTM_GETLINK: MessageType = MessageType(18);
    Header { seq, port, ..Header::new(RTM_GETLINK, Flags::REQUEST | Flags::DUMP) }.message(&[0; 16])
}

fn a_busy_socket_is_told_and_not_used_again<C: Built>() {
    make_many();
    let before = Arc::new(Before::default());
    let nl = C::built(Connection::builder().transport(before.clone()));
    for round in 0..3 {
        before.0.store(true, Ordering::Relaxed);
        let error = nl.done(link::all(&nl)).unwrap_err();
        assert!(error.is_busy() && error.to_string().contains("try again"), "{round}: {error}");
        assert_eq!(made(&nl.done(link::all(&nl)).unwrap()), MADE, "{round}");
        assert!(is_whole(&nl.done(link::find(&nl, "v0")).unwrap()), "{round}");
        // Before a call, what the other dump says is none of its answers.
        before.0.store(true, Ordering::Relaxed);
        assert!(is_whole(&nl.done(link::find(&nl, "v0")).unwrap()), "{round}");
        assert_eq!(nl.done(link::find(&nl, "v1")).unwrap().ifname.as_deref(), Some("v1"), "{round}");
    }
}

#[test]
fn dumps_of_one_connection_do_not_meet() {
    if !inside("faults::dumps_of_one_connection_do_not_meet") {
        return;
    }
    make_many();
    let nl = Connection::open().unwrap();
    // Each begun, none read.
    let mut dumps: Vec<_> = (0..5).map(|_| nl.dump(Getlink, &Link::new()).unwrap()).collect();
    assert!(is_whole(&link::find(&nl, "v0").unwrap()));
    drop(dumps.pop());
    for dump in dumps {
        assert_eq!(dump.map(Result::unwrap).filter(is_made).count(), MADE);
    }
}

#[test]
fn a_second_dump_on_one_socket_is_refused_and_the_first_goes_on() {
    if !inside("faults::a_second_dump_on_one_socket_is_refused_and_the_first_goes_on") {
        return;
    }
    make_many();
    let socket = Socket::open(Protocol::ROUTE).unwrap();
    socket.bind(Address::default()).unwrap();
    let port = socket.local().unwrap().port;
    let mut buf = Vec::new();
    for round in 0..2 {
        let seq = 1 + 3 * round;
        socket.send(&dump(seq, port)).unwrap();
        socket.send(&dump(seq + 1, port)).unwrap();
        let mut first = Exchange::new(port, seq, Expect::Dump);
        let mut second = Exchange::new(port, seq + 1, Expect::Dump);
        let (mut links, mut refused) = (0, None);
        while !first.is_over() || !second.is_over() {
            let received = socket.recv_timeout(&mut buf, PATIENCE).unwrap();
            for step in second.feed(&buf[..received.len], received.source) {
                match step {
                    Step::Nack(verdict) => refused = Some(verdict.errno),
                    Step::Stray(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            for step in first.feed(&buf[..received.len], received.source) {
                match step {
                    Step::Reply(reply) => {
                        const IFLA_IFNAME: u16 = 3;
                        let name = CStr::from_bytes_until_nul(reply.attrs(16).first(IFLA_IFNAME).unwrap().payload());
                        links += usize::from(is_made_name(name.unwrap().to_str().unwrap()));
                    }
                    Step::Done(_) | Step::Stray(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!((links, refused), (MADE, Some(Errno::EBUSY)));
    }
}

#[test]
fn a_socket_reads_whole_whatever_its_buffer_has_room_for() {
    if !inside("faults::a_socket_reads_whole_whatever_its_buffer_has_room_for") {
        return;
    }
    make();
    let socket = Socket::open(Protocol::ROUTE).unwrap();
    socket.bind(Address::default()).unwrap();
    socket.join(1).unwrap();
    run("ip link set v0 mtu 1300");
    let mut buf = vec![0; 16];
    let received = socket.recv_timeout(&mut buf, PATIENCE).unwrap();
    let header = Header::read(&buf).unwrap();
    assert!(!received.truncated && received.len > 15 * 1024, "{received:?}");
    assert_eq!(header.len as usize, received.len);
    // One that looks with less room is told how much there was, and the rest is gone.
    run("ip link set v0 mtu 1301\nip link set v0 mtu 1302");
    let mut small = [0; 64];
    let cut = socket.endpoint().recv(&mut small, RecvFlags::NONE, None).unwrap();
    assert!(cut.truncated && cut.len > 15 * 1024, "{cut:?}");
    let received = socket.recv_timeout(&mut buf, PATIENCE).unwrap();
    assert_eq!((received.len, received.truncated), (cut.len, false), "the next one");
}

#[test]
fn subscriptions_tell_what_was_cut_or_lost_and_go_on() {
    if !inside("faults::subscriptions_tell_what_was_cut_or_lost_and_go_on") {
        return;
    }
    make();
    let narrow = Arc::new(Narrow::default());
    let nl = Connection::builder().transport(narrow.clone()).open().unwrap();
    let mut events = nl.subscribe(&[RTNLGRP_LINK]).unwrap();
    let mut follow = nl.follow(Getlink, &Link::new(), &[RTNLGRP_LINK]).unwrap();
    while !follow.is_synced() {
        follow.next().unwrap().unwrap();
    }
    run("ip link set v0 mtu 1301\nip link set v0 mtu 1302");
    narrow.arm(0);
    is_cut(events.next_timeout(PATIENCE).expect("that one was cut"));
    let next = events.next_timeout(PATIENCE).expect("the next one came").unwrap();
    assert!(matches!(Told::read(&next), Some(Told::NewLink(link)) if is_whole(&link) && link.mtu == Some(1302)));
    // Who keeps a state reads it anew.
    narrow.arm(0);
    match follow.next_timeout(PATIENCE).expect("that one was cut").unwrap() {
        Followed::Resync(why) => assert!(why.is_truncated(), "{why}"),
        other => panic!("{other:?}"),
    }
    resynced(|| follow.next_timeout(PATIENCE).expect("the state is told").unwrap(), 1302);

    // With the smallest queue that Linux grants, one long event is all that it holds.
    let nl = Connection::builder().receive_buffer(1).open().unwrap();
    let mut events = nl.subscribe(&[RTNLGRP_LINK]).unwrap();
    let mut follow = nl.follow(Getlink, &Link::new(), &[RTNLGRP_LINK]).unwrap();
    while !follow.is_synced() {
        follow.next().unwrap().unwrap();
    }
    (1400..1420).for_each(|mtu| run(&format!("ip link set v0 mtu {mtu}")));
    let mut lost = 0;
    while let Some(item) = events.next_timeout(Duration::from_millis(200)) {
        match item {
            Ok(event) => assert!(matches!(Told::read(&event), Some(Told::NewLink(_))), "{event:?}"),
            Err(error) => {
                assert!(error.is_overrun(), "{error}");
                lost += 1;
            }
        }
    }
    assert_eq!(lost, 1, "a loss is told once");
    run("ip link set v0 mtu 1500");
    let next = events.next_timeout(PATIENCE).expect("it goes on").unwrap();
    assert!(matches!(Told::read(&next), Some(Told::NewLink(link)) if link.mtu == Some(1500)));
    let mut heard = Vec::new();
    loop {
        match follow.next_timeout(PATIENCE).expect("the loss is told").unwrap() {
            Followed::Resync(why) => {
                assert!(why.is_overrun(), "{why}");
                break;
            }
            other => heard.push(other),
        }
        assert!(heard.len() < 21, "{heard:?}");
    }
    resynced(|| follow.next_timeout(PATIENCE).expect("the state is told").unwrap(), 1500);
    assert!(nl.request(Getlink, &Link::new().ifname("v0")).reply().is_ok_and(|link| is_whole(&link)));
}

/// All interfaces are told anew, the long one whole.
fn resynced(mut next: impl FnMut() -> Followed<Link>, mtu: u32) {
    let mut whole = 0;
    loop {
        match next() {
            Followed::State(link) => whole += usize::from(is_whole(&link) && link.mtu == Some(mtu)),
            Followed::Synced => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(whole, 1);
}
