//! Raw sockets: the same suite over Linux's USERSOCK, over that of a kernel side in this process, and over a unix socket.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use netloom::client::Dialer;
use netloom::kernel::Kernel;
use netloom::socket::{Address, Credentials, Opt, RecvFlags, Socket};
use netloom::wire::{Errno, Flags, Header, MessageType, Protocol};
use netloom::{Error, Result, unix};

/// For what comes in a moment, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(30);

type Open = Box<dyn Fn(Protocol) -> Result<Socket>>;

/// Every kernel side there is here.
fn sides() -> Vec<(&'static str, Open)> {
    let kernel = Kernel::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let serving = unix::Server::bind(&path).unwrap().start(Kernel::new()).unwrap();
    let dialer = unix::Dialer::connect(&path).unwrap();
    let own = move |protocol| kernel.socket(protocol).map_err(|nack| panic!("{nack:?}"));
    let served = move |protocol| {
        let _alive = (&serving, &folder);
        dialer.open(protocol)
    };
    vec![("Linux", Box::new(Socket::open)), ("in process", Box::new(own)), ("unix", Box::new(served))]
}

fn errno<T>(result: Result<T>) -> Option<Errno> {
    result.err().as_ref().and_then(Error::errno)
}

fn bound(open: &Open) -> Socket {
    let socket = open(Protocol::USERSOCK).unwrap();
    socket.bind(Address::default()).unwrap();
    socket
}

fn next(socket: &Socket) -> Vec<u8> {
    let mut buf = Vec::new();
    let received = socket.recv_timeout(&mut buf, PATIENCE).unwrap();
    buf.truncate(received.len);
    buf
}

#[test]
fn ports_are_chosen_or_given() {
    for (side, open) in sides() {
        let (first, second) = (bound(&open), bound(&open));
        let (one, two) = (first.local().unwrap().port, second.local().unwrap().port);
        assert!(one != 0 && two != 0 && one != two, "{side}");
        // Which one that is depends on the tests beside this one.
        let far = |port| port > i32::MAX as u32;
        assert!(far(one) || far(two), "{side}: one is the process's, all others are far away: {one:#x} {two:#x}");
        let chosen = open(Protocol::USERSOCK).unwrap();
        assert_eq!(chosen.local().unwrap(), Address::default(), "{side}");
        chosen.bind(Address::port(0x0dd_ba11)).unwrap();
        assert_eq!(chosen.local().unwrap(), Address::port(0x0dd_ba11), "{side}");
        // Another port than one's own is refused, one's own is not.
        assert_eq!(errno(chosen.bind(Address::port(5))), Some(Errno::EINVAL), "{side}");
        chosen.bind(Address::port(0x0dd_ba11)).unwrap();
        let late = open(Protocol::USERSOCK).unwrap();
        assert_eq!(errno(late.bind(Address::port(0x0dd_ba11))), Some(Errno::EADDRINUSE), "{side}");
        // Sending binds by itself.
        let sender = open(Protocol::USERSOCK).unwrap();
        sender.send_to(chosen.local().unwrap(), b"whom from?").unwrap();
        assert_ne!(sender.local().unwrap().port, 0, "{side}");
    }
}

#[test]
fn a_datagram_says_who_sent_it_and_to_whom() {
    for (side, open) in sides() {
        let (left, right) = (bound(&open), bound(&open));
        right.set(Opt::PassCredentials, 1).unwrap();
        let mut buf = Vec::new();
        // Longer than any buffer at first; it grows.
        let long: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        for datagram in [&b"x"[..], &long] {
            assert_eq!(left.send_to(right.local().unwrap(), datagram).unwrap(), datagram.len());
            let received = right.recv_timeout(&mut buf, PATIENCE).unwrap();
            assert_eq!((received.len, received.truncated, &buf[..received.len]), (datagram.len(), false, datagram));
            assert_eq!(received.source, left.local().unwrap(), "{side}");
            assert_eq!((received.destination, received.group), (right.local().unwrap(), None), "{side}");
            assert_eq!(received.credentials.unwrap().process, std::process::id(), "{side}");
        }
        right.set(Opt::PassCredentials, 0).unwrap();
        left.send_to(right.local().unwrap(), b"who?").unwrap();
        assert_eq!(right.recv_msg(&mut buf).unwrap().credentials, None, "{side}");
        assert_eq!(errno(right.try_recv(&mut buf)), Some(Errno::EAGAIN), "{side}");
        assert_eq!(errno(right.recv_timeout(&mut buf, Duration::from_millis(5))), Some(Errno::EAGAIN), "{side}");
        assert_eq!(errno(left.send_to(Address::port(0x0bad_0bad), b"nobody")), Some(Errno::ECONNREFUSED), "{side}");
        assert_eq!(errno(left.send_to(Address::KERNEL, b"kernel?")), Some(Errno::ECONNREFUSED), "{side}");
        // A connected pair needs no address, and hears nobody else.
        left.connect(right.local().unwrap()).unwrap();
        right.connect(left.local().unwrap()).unwrap();
        left.send(b"connected").unwrap();
        assert_eq!(next(&right), b"connected", "{side}");
        let stranger = bound(&open);
        let refused = errno(stranger.send_to(right.local().unwrap(), b"hello?"));
        assert_eq!(refused, Some(Errno::ECONNREFUSED), "{side}");
    }
}

#[test]
fn a_group_hears_what_is_sent_to_it() {
    for (side, open) in sides() {
        let members: Vec<_> = (0..3).map(|_| bound(&open)).collect();
        // One by number, one by mask, one of another group.
        let joined = members[0].join(5);
        if side == "Linux" && errno(joined) == Some(Errno::EPERM) {
            let _ = writeln!(std::io::stderr(), "skipped: groups of USERSOCK on Linux: joining takes CAP_NET_ADMIN");
            continue;
        }
        let by_mask = open(Protocol::USERSOCK).unwrap();
        by_mask.bind(Address { port: 0, groups: 1 << 4 | 1 << 6 }).unwrap();
        members[1].join(6).unwrap();
        assert_eq!(by_mask.memberships().unwrap(), [5, 7], "{side}");
        assert_eq!(by_mask.local().unwrap().groups, 0b101_0000, "{side}");
        members[0].set(Opt::PktInfo, 1).unwrap();
        let sender = bound(&open);
        sender.join(5).unwrap();
        // To the group it goes; port 0 is the kernel, which does not listen.
        let sent = sender.send_to(Address { port: 0, groups: 1 << 4 }, b"to all of five");
        assert_eq!(errno(sent), Some(Errno::ECONNREFUSED), "{side}");
        let mut buf = Vec::new();
        let received = members[0].recv_timeout(&mut buf, PATIENCE).unwrap();
        assert_eq!(&buf[..received.len], b"to all of five", "{side}");
        assert_eq!((received.group, received.source.groups), (Some(5), 1 << 4), "{side}");
        assert_eq!(received.source.port, sender.local().unwrap().port, "{side}");
        assert_eq!(next(&by_mask), b"to all of five", "{side}");
        for deaf in [&members[1], &sender] {
            assert_eq!(errno(deaf.try_recv(&mut buf)), Some(Errno::EAGAIN), "{side}: others, and its sender");
        }
        // To a group and a port at once: one copy each.
        let to = Address { port: members[1].local().unwrap().port, groups: 1 << 4 };
        sender.send_to(to, b"both").unwrap();
        assert_eq!((next(&members[0]), next(&members[1])), (b"both".to_vec(), b"both".to_vec()), "{side}");
        members[0].leave(5).unwrap();
        members[0].leave(5).unwrap();
        assert_eq!(members[0].memberships().unwrap(), [] as [u32; 0], "{side}");
        assert_eq!(errno(members[0].join(0)), Some(Errno::EINVAL), "{side}");
        assert_eq!(errno(members[0].join(100_000)), Some(Errno::EINVAL), "{side}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_set_on_a_descriptor_before_it_was_handed_over_is_told() {
    let socket = Socket::open(Protocol::USERSOCK).unwrap();
    socket.set(Opt::PassCredentials, 1).unwrap();
    let fd = socket.as_fd().unwrap().try_clone_to_owned().unwrap();
    let taken = Socket::from_fd(fd).unwrap();
    taken.bind(Address::default()).unwrap();
    let sender = Socket::open(Protocol::USERSOCK).unwrap();
    let mut buf = vec![0; 8];
    for (handle, text) in [(&socket, "to the first"), (&taken, "to the other")] {
        sender.send_to(taken.local().unwrap(), text.as_bytes()).unwrap();
        let received = handle.recv_timeout(&mut buf, PATIENCE).unwrap();
        assert_eq!(&buf[..received.len], text.as_bytes());
        assert_eq!(received.credentials.map(|told| told.process), Some(std::process::id()), "{text}");
        assert_eq!(received.source, sender.local().unwrap(), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_does_not_fit_is_told_with_its_length_whatever_else_is_told() {
    for credentials in [0, 1] {
        let socket = Socket::open(Protocol::USERSOCK).unwrap();
        socket.bind(Address::default()).unwrap();
        socket.set(Opt::PassCredentials, credentials).unwrap();
        let sender = Socket::open(Protocol::USERSOCK).unwrap();
        sender.send_to(socket.local().unwrap(), &[7; 100]).unwrap();
        let mut buf = [0; 101];
        for (room, flags) in
            [(40, RecvFlags::PEEK), (100, RecvFlags::PEEK | RecvFlags::DONTWAIT), (40, RecvFlags::DONTWAIT)]
        {
            let received = socket.endpoint().recv(&mut buf[..room], flags, None).unwrap();
            assert_eq!((received.len, received.truncated), (100, room < 100), "{room} {flags:?}");
            assert_eq!(received.source, sender.local().unwrap());
            assert_eq!(received.destination, socket.local().unwrap());
            assert!(buf[room] == 0 && buf[..room].iter().all(|byte| *byte == 7), "no more than there is room for");
            buf.fill(0);
        }
        let gone = socket.endpoint().recv(&mut buf, RecvFlags::DONTWAIT, None);
        assert_eq!(gone.err(), Some(Errno::EAGAIN));
    }
}

#[test]
fn groups_beyond_a_mask_go_by_number() {
    for (side, open) in sides() {
        let socket = open(Protocol::GENERIC).unwrap();
        // nlctrl's is 16, the dynamic ones come behind it; a kernel side without families has just enough for it.
        socket.join(16).unwrap();
        let high: Vec<_> = (17..64).filter(|group| socket.join(*group).is_ok()).collect();
        let mut expected = vec![16];
        expected.extend(&high);
        assert_eq!(socket.memberships().unwrap(), expected, "{side}");
        assert_eq!(socket.local().unwrap().groups, expected.iter().filter(|n| **n <= 32).map(|n| 1 << (n - 1)).sum());
        high.iter().for_each(|group| socket.leave(*group).unwrap());
        assert_eq!(socket.memberships().unwrap(), [16], "{side}");
    }
}

#[test]
fn every_option_is_set_and_told() {
    let switches = [
        Opt::ExtAck,
        Opt::CapAck,
        Opt::StrictCheck,
        Opt::PktInfo,
        Opt::BroadcastError,
        Opt::NoEnobufs,
        Opt::PassCredentials,
    ];
    for (side, open) in sides() {
        let socket = open(Protocol::GENERIC).unwrap();
        for option in switches {
            for value in [0, 1, 7, 0] {
                socket.set(option, value).unwrap();
                assert_eq!(socket.option(option).unwrap(), u32::from(value != 0), "{side}: {option:?}");
            }
        }
        // Set doubled, within bounds.
        for (option, asked, told) in
            [(Opt::ReceiveBuffer, 10_000, 20_000), (Opt::SendBuffer, 10_000, 20_000), (Opt::ReceiveBuffer, 1, 2_304)]
        {
            socket.set(option, asked).unwrap();
            assert_eq!(socket.option(option).unwrap(), told, "{side}: {option:?} {asked}");
        }
        // By privilege alone; without it, EPERM.
        for option in [Opt::ListenAllNsid, Opt::ReceiveBufferForce, Opt::SendBufferForce] {
            let set = socket.set(option, 1);
            assert!(set.is_ok() || errno(set) == Some(Errno::EPERM), "{side}: {option:?}");
        }
    }
    let kernel = Kernel::new();
    let nobody = Credentials { process: 77, uid: 65_534, gid: 65_534 };
    let socket = kernel.socket_as(Protocol::USERSOCK, nobody).unwrap();
    for option in [Opt::ListenAllNsid, Opt::ReceiveBufferForce, Opt::SendBufferForce] {
        assert_eq!(errno(socket.set(option, 1)), Some(Errno::EPERM), "{option:?}");
    }
    assert_eq!(errno(socket.join(1)), Some(Errno::EPERM));
    assert_eq!(errno(socket.bind(Address { port: 0, groups: 1 })), Some(Errno::EPERM));
    // What it may: send to ports and groups, and hear what is sent to its own port.
    let admin = kernel.socket(Protocol::USERSOCK).unwrap();
    admin.bind(Address { port: 0, groups: 1 }).unwrap();
    let _ = socket.send_to(Address { port: 0, groups: 1 }, b"from nobody");
    admin.set(Opt::PassCredentials, 1).unwrap();
    let mut buf = Vec::new();
    let received = admin.recv_timeout(&mut buf, PATIENCE).unwrap();
    assert_eq!(received.credentials, Some(nobody));
    admin.send_to(Address::port(received.source.port), b"to nobody").unwrap();
    assert_eq!(next(&socket), b"to nobody");
}

#[test]
fn a_full_queue_makes_its_sender_wait_or_try_again() {
    for (side, open) in sides() {
        let (sender, reader) = (bound(&open), bound(&open));
        let to = reader.local().unwrap();
        sender.set_nonblocking(true).unwrap();
        let datagram = vec![7; 4_000];
        let fitted = (0..10_000).take_while(|_| sender.send_to(to, &datagram).is_ok()).count();
        assert!((10..500).contains(&fitted), "{side}: {fitted}");
        assert_eq!(errno(sender.send_to(to, &datagram)), Some(Errno::EAGAIN), "{side}");
        sender.set_nonblocking(false).unwrap();
        let through = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                (0..200).for_each(|_| assert_eq!(sender.send_to(to, &datagram).unwrap(), 4_000));
                through.store(true, Ordering::Relaxed);
            });
            thread::sleep(Duration::from_millis(30));
            assert!(!through.load(Ordering::Relaxed), "{side}: it waits");
            // Nothing is lost, and nobody is told of an overrun.
            (0..fitted + 200).for_each(|_| assert_eq!(next(&reader).len(), 4_000, "{side}"));
        });
        assert_eq!(errno(reader.try_recv(&mut Vec::new())), Some(Errno::EAGAIN), "{side}");
        // A reader that goes away while it is waited for.
        sender.set_nonblocking(true).unwrap();
        while sender.send_to(to, &datagram).is_ok() {}
        sender.set_nonblocking(false).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| sender.send_to(to, &datagram));
            thread::sleep(Duration::from_millis(20));
            drop(reader);
            assert_eq!(errno(waiting.join().unwrap()), Some(Errno::ECONNREFUSED), "{side}");
        });
    }
}

#[test]
fn sends_that_make_no_sense_are_refused() {
    for (side, open) in sides() {
        let socket = bound(&open);
        assert_eq!(errno(socket.send_to(Address::port(1), b"")), Some(Errno::ENODATA), "{side}");
        socket.set(Opt::SendBuffer, 3_000).unwrap();
        let room = socket.option(Opt::SendBuffer).unwrap() as usize;
        let own = socket.local().unwrap();
        assert_eq!(errno(socket.send_to(own, &vec![0; room - 31])), Some(Errno::EMSGSIZE), "{side}");
        socket.send_to(own, &vec![0; room - 32]).unwrap();
        assert_eq!(next(&socket).len(), room - 32, "{side}: to oneself");
    }
}

#[test]
fn the_kernel_answers_a_raw_request() {
    for (side, open) in sides() {
        let socket = open(Protocol::GENERIC).unwrap();
        socket.bind(Address::default()).unwrap();
        let header = Header { len: 16, seq: 9, ..Header::new(MessageType::NOOP, Flags::REQUEST | Flags::ACK) };
        socket.send(&header.to_bytes()).unwrap();
        let answer = next(&socket);
        let ack = Header::read(&answer).unwrap();
        assert_eq!((ack.kind, ack.seq, ack.port), (MessageType::ERROR, 9, socket.local().unwrap().port), "{side}");
        // What is no message is dropped in silence.
        socket.send(b"rubbish").unwrap();
        assert_eq!(errno(socket.try_recv(&mut Vec::new())), Some(Errno::EAGAIN), "{side}");
    }
}

#[test]
fn a_reader_that_waits_is_reached_from_every_side() {
    for (side, open) in sides() {
        let (sender, reader) = (bound(&open), bound(&open));
        let (reader_of_its_own, to) = (reader.clone(), reader.local().unwrap());
        let waiting = thread::spawn(move || next(&reader_of_its_own));
        thread::sleep(Duration::from_millis(10));
        sender.send_to(to, b"wake up").unwrap();
        assert_eq!(waiting.join().unwrap(), b"wake up", "{side}");
    }
}
