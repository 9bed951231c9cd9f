//! One connection used by many threads at once, over Linux and over kernel sides here and behind a unix socket.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, List, Msg, Said, Say};
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::{Family, Kernel};
use netloom::socket::{Address, RecvFlags};
use netloom::wire::{Flags, Header, MessageType, Protocol, Writer, messages};
use netloom::{Connection, unix};

const THREADS: u32 = 8;
const ROUNDS: u32 = 60;

/// ECHO sends back, SAY is heard by all as well, LIST has more objects than anybody waits for.
fn kernel() -> Kernel {
    let kernel = Kernel::new();
    let family = Family::new(())
        .on_do(Echo, |(), request, _| Ok(request))
        .on_do(Say, |(), request: Msg, ctx| {
            ctx.notify(Said, &request);
            Ok(request)
        })
        .on_dump(List, |_, (), _| Ok((0..u32::MAX).map(|n| Msg::new().msg("some text").index(n))));
    kernel.register(family).unwrap();
    kernel
}

/// Calls and dumps at once, each answered with its own; every other dump is dropped half-way.
fn from_all_threads(nl: &Connection, work: impl Fn(&Connection, u32, u32) + Sync) {
    thread::scope(|scope| {
        for id in 0..THREADS {
            let (nl, work) = (nl.clone(), &work);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let reply = nl.call(Getfamily, &CtrlAttrs::new().family_name("nlctrl")).unwrap();
                    assert_eq!(reply.family_id, Some(16));
                    let mut families = nl.dump(Getfamily, &()).unwrap();
                    assert_eq!(families.next().unwrap().unwrap().family_id, Some(16));
                    if round % 2 == 0 {
                        assert!(families.all(|family| family.is_ok()));
                    }
                    work(&nl, id, round);
                }
            });
        }
    });
    assert_eq!(nl.strays(), Default::default());
}

fn own_family(nl: &Connection) {
    let mut events = nl.subscribe(&[DOC_EXMPL_GRP]).unwrap();
    events.socket().set(netloom::socket::Opt::ReceiveBufferForce, 1 << 22).unwrap();
    from_all_threads(nl, |nl, id, round| {
        let text = Msg::new().msg(format!("{id} {round}"));
        assert_eq!(nl.call(Echo, &text).unwrap(), text);
        assert_eq!(nl.call(Say, &text).unwrap(), text);
        let mut list = nl.dump(List, &()).unwrap();
        // Some are left within their first datagram, some later.
        for n in 0..round * 5 {
            assert_eq!(list.next().unwrap().unwrap().index, Some(n));
        }
    });
    let mut heard = vec![0; THREADS as usize];
    for _ in 0..THREADS * ROUNDS {
        let said = events.next_timeout(Duration::from_secs(10)).unwrap().unwrap().get(Said).unwrap().msg.unwrap();
        let (id, round) = said.split_once(' ').unwrap();
        // Each thread's in its order.
        let next = &mut heard[id.parse::<usize>().unwrap()];
        assert_eq!(round.parse(), Ok(*next));
        *next += 1;
    }
    assert!(events.try_next().is_none());
}

#[test]
fn in_process() {
    own_family(&kernel().connect());
}

#[test]
fn behind_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(kernel()).unwrap();
    let nl = Connection::builder().dialer(Arc::new(unix::Dialer::connect(&path).unwrap()));
    own_family(&nl.timeout(Duration::from_secs(60)).open().unwrap());
    serving.stop().unwrap();
}

#[test]
fn over_linux() {
    from_all_threads(&Connection::open().unwrap(), |_, _, _| {});
}

/// Who listens to a socket may receive right there, in the thread of a send that has more of the same family to do: each of three
/// requests in one datagram comes to its end.
#[test]
fn a_listener_receives_between_the_requests_of_a_send() {
    let kernel = Kernel::new();
    let socket = kernel.socket(Protocol::GENERIC).unwrap();
    socket.bind(Address::default()).unwrap();
    let endpoint = socket.endpoint().clone();
    let got = Arc::new(Mutex::new(Vec::<u8>::new()));
    let receive = {
        let (endpoint, got) = (Arc::downgrade(&endpoint), got.clone());
        Arc::new(move || {
            let (Some(endpoint), Ok(mut got)) = (endpoint.upgrade(), got.try_lock()) else { return };
            let mut buf = vec![0; 32 << 10];
            while let Ok(received) = endpoint.recv(&mut buf, RecvFlags::DONTWAIT, None) {
                got.extend_from_slice(&buf[..received.len]);
            }
        })
    };
    assert!(endpoint.on_readable(receive.clone()));
    let mut buf = [0; 256];
    let mut w = Writer::new(&mut buf);
    let mut ask = |seq, flags, command: u8, id: u16| {
        let header = Header { seq, ..Header::new(MessageType(0x10), flags) };
        w.message(header, |w| {
            w.put_bytes(&[command, 2, 0, 0])?;
            w.put_attr(1, &id.to_ne_bytes())
        })
        .unwrap();
    };
    // CTRL_CMD_GETPOLICY of nlctrl twice, CTRL_CMD_GETFAMILY of nobody.
    ask(1, Flags::REQUEST | Flags::DUMP, 10, 0x10);
    ask(2, Flags::REQUEST | Flags::DUMP, 10, 0x10);
    ask(3, Flags::REQUEST, 3, 1000);
    let datagram = w.written().to_vec();
    let (done, sent) = std::sync::mpsc::channel();
    let sender = thread::spawn(move || {
        socket.send(&datagram).unwrap();
        done.send(socket).unwrap();
    });
    let _open = sent.recv_timeout(Duration::from_secs(20)).expect("the send waits for itself");
    sender.join().unwrap();
    receive();
    let got = got.lock().unwrap();
    let ended = |seq: u32| {
        messages(&got).flatten().any(|message| message.header.seq == seq && message.header.kind.is_control())
    };
    assert!(ended(1) && ended(2) && ended(3), "{:?}", messages(&got).collect::<Vec<_>>());
}
