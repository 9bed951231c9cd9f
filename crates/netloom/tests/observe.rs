//! Who looks on sees what passes, once, in order, and whose it is.
#![allow(missing_docs)]

use std::sync::{Arc, Mutex};

use netloom::families::doc_exmpl::{Echo, Msg};
use netloom::kernel::{Family, Kernel};
use netloom::socket::{Address, Credentials, Direction, Opt, RecvFlags};
use netloom::unix;
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol};

type Seen = Arc<Mutex<Vec<(u64, Protocol, u32, Direction, u32, Vec<u8>)>>>;

fn watched() -> (Kernel, Seen) {
    let kernel = Kernel::new();
    kernel.register(Family::new(()).on_do(Echo, |_, request, _| Ok(request))).unwrap();
    let seen = Seen::default();
    let list = seen.clone();
    kernel.on_datagram(move |passing| {
        let (program, bytes) = (passing.program.process, passing.bytes.to_vec());
        let entry = (passing.socket, passing.protocol, program, passing.direction, passing.group, bytes);
        list.lock().unwrap().push(entry);
    });
    (kernel, seen)
}

fn ways(seen: &Seen) -> Vec<Direction> {
    seen.lock().unwrap().iter().map(|(_, _, _, direction, ..)| *direction).collect()
}

#[test]
fn a_call_is_seen_once_each_way_in_process_and_through_a_server() {
    let (kernel, seen) = watched();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    let dialer = Arc::new(unix::Dialer::connect(&path).unwrap());
    for connection in [kernel.connect(), netloom::Connection::over(dialer)] {
        seen.lock().unwrap().clear();
        connection.call(Echo, &Msg::new().msg("hello")).unwrap();
        let ways = ways(&seen);
        let seen = seen.lock().unwrap();
        let program = std::process::id();
        assert!(seen.iter().all(|(_, protocol, process, ..)| (*protocol, *process) == (Protocol::GENERIC, program)));
        // The family is asked for first.
        let sent: Vec<usize> = (0..seen.len()).filter(|at| ways[*at] == Direction::Sent).collect();
        let [0, call] = sent[..] else { panic!("{ways:?}") };
        let says = |at: usize| seen[at].5.windows(5).any(|part| part == b"hello");
        let said: Vec<usize> = (0..seen.len()).filter(|at| says(*at)).collect();
        assert_eq!(said, [call, call + 1], "{ways:?}");
        assert_eq!(seen[call].0, seen[call + 1].0, "one socket");
    }
    serving.stop().unwrap();
}

#[test]
fn a_look_is_no_passing_and_a_refusal_is_one() {
    let (kernel, seen) = watched();
    let stranger = Credentials { process: 77, uid: 4242, gid: 4242 };
    let socket = kernel.socket_as(Protocol::GENERIC, stranger).unwrap();
    let header = Header { len: 16, ..Header::new(MessageType::NOOP, Flags::REQUEST | Flags::ACK) };
    socket.send(&header.to_bytes()).unwrap();
    let mut buf = [0; 100];
    for _ in 0..2 {
        socket.endpoint().recv(&mut buf, RecvFlags::PEEK, None).unwrap();
    }
    assert_eq!(ways(&seen), [Direction::Sent]);
    socket.endpoint().recv(&mut buf, RecvFlags::NONE, None).unwrap();
    assert_eq!(ways(&seen), [Direction::Sent, Direction::Received]);
    assert!(seen.lock().unwrap().iter().all(|(_, _, program, ..)| *program == 77));
    // An unprivileged socket may not send to another port of this protocol.
    assert_eq!(socket.send_to(Address::port(9), b"x").unwrap_err().errno(), Some(Errno::EPERM));
    assert_eq!(ways(&seen).len(), 3);
}

#[test]
fn an_event_is_seen_for_each_who_hears_it() {
    let (kernel, seen) = watched();
    let sockets: Vec<_> = (0..2).map(|_| kernel.socket(Protocol::ROUTE).unwrap()).collect();
    for socket in &sockets {
        socket.bind(Address::default()).unwrap();
        socket.join(1).unwrap();
    }
    kernel.multicast_raw(Protocol::ROUTE, 1, b"news".to_vec());
    assert!(ways(&seen).is_empty(), "what waits in a queue has not passed");
    for socket in &sockets {
        socket.set(Opt::PktInfo, 1).unwrap();
        let mut buf = Vec::new();
        socket.recv_msg(&mut buf).unwrap();
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|(.., group, bytes)| (*group, &bytes[..]) == (1, b"news")));
}

#[test]
fn one_that_panics_disturbs_nobody() {
    let (kernel, _) = watched();
    kernel.on_datagram(|_| panic!("out of patience"));
    kernel.connect().call(Echo, &Msg::new()).unwrap();
}
