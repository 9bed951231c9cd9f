//! The protocol byte by byte, and bytes that are none.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use netloom::families::doc_exmpl::{Echo, Msg, Said};
use netloom::wire::{Errno, Flags, messages};

use super::raw::{Data, GENERIC, HELLO, Raw, SOCKET, request};
use super::{OBJECTS, Served, eventually};

const DOC_EXMPL: u16 = 19;

/// Sequence number and errno of each message that is an error or an acknowledgement.
fn verdicts(datagram: &[u8]) -> Vec<(u32, Errno)> {
    messages(datagram).flatten().filter_map(|m| m.error()).map(|error| (error.request.seq, error.errno)).collect()
}

#[test]
fn a_plain_channel_carries_bare_datagrams() {
    let served = Served::new();
    let raw = Raw::greeted(&served.path);
    let (_, data) = raw.open(0);
    // Two requests in one datagram: a reply and its acknowledgement, then an error.
    let mut bytes = request(DOC_EXMPL, 1, Flags::ACK, 7, &[(1, b"hello\0")]);
    bytes.extend(request(DOC_EXMPL, 77, Flags::NONE, 8, &[]));
    data.send(&bytes);
    let reply = data.recv().unwrap();
    let reply = messages(&reply).next().unwrap().unwrap();
    assert_eq!((reply.header.seq, reply.header.kind.0), (7, DOC_EXMPL));
    assert_eq!(reply.attrs(4).first(1).unwrap().payload(), b"hello\0");
    assert_eq!(verdicts(&data.recv().unwrap()), [(7, Errno(0))]);
    assert_eq!(verdicts(&data.recv().unwrap()), [(8, Errno::EOPNOTSUPP)]);
    assert_eq!(data.recv_now(), None);
}

#[test]
fn after_a_send_by_control_the_answer_is_there() {
    let served = Served::new();
    let raw = Raw::greeted(&served.path);
    let (socket, data) = raw.open(0);
    for seq in 1..50 {
        let bytes = request(DOC_EXMPL, 1, Flags::ACK, seq, &[(1, b"hello\0")]);
        let (answer, _) = raw.ask([14, seq, socket, 0, 0, 0], &bytes).unwrap();
        assert_eq!(answer, [seq, 0, bytes.len() as u32, 0]);
        assert!(data.recv_now().is_some(), "the reply");
        assert_eq!(verdicts(&data.recv_now().unwrap()), [(seq, Errno(0))]);
    }
}

#[test]
fn what_a_plain_channel_cannot_show_is_the_sockets_error() {
    let served = Served::new();
    let raw = Raw::greeted(&served.path);
    let (socket, data) = raw.open(0);
    assert_eq!(raw.error(socket), 0);
    // An empty datagram is no end, but an error of sending.
    data.send(&[]);
    eventually("ENODATA", || raw.error(socket) == Errno::ENODATA.0 as u32);
    let echo = request(DOC_EXMPL, 1, Flags::NONE, 7, &[(1, b"still there\0")]);
    data.send(&echo);
    assert!(data.recv().is_some());
    // More than its receive buffer holds is sent to a group, which it has not joined; then it has.
    let group = served.connect().family("DOC_EXMPL").unwrap().groups[0].1;
    let (answer, _) = raw.ask([10, 5, socket, group, 0, 0], &[]).unwrap();
    assert_eq!(answer, [5, 0, 0, 0]);
    let said = Msg::new().msg("y".repeat(10_000));
    let sent = (0..100).filter(|_| served.kernel.notify(Said, &said)).count();
    assert!((10..30).contains(&sent), "{sent}");
    assert_eq!(raw.error(socket), Errno::ENOBUFS.0 as u32);
    assert_eq!(raw.error(socket), 0, "told once");
    assert!(!served.kernel.notify(Said, &said), "congested until all is read");
    assert_eq!(std::iter::from_fn(|| data.recv_now()).count(), sent);
    eventually("all is read", || served.kernel.notify(Said, &said));
}

#[test]
fn a_dump_waits_for_its_reader_and_other_answers_do_not() {
    let served = Served::new();
    let raw = Raw::greeted(&served.path);
    let (socket, data) = raw.open(0);
    let fills = || served.fills.load(Ordering::SeqCst);
    data.send(&request(DOC_EXMPL, 3, Flags::DUMP, 1, &[]));
    data.send(&request(DOC_EXMPL, 3, Flags::DUMP, 2, &[]));
    data.send(&request(DOC_EXMPL, 1, Flags::ACK, 3, &[]));
    eventually("the dump begins", || fills() == 1);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(fills(), 1, "one unread chunk");
    let mut objects = 0;
    let mut order = Vec::new();
    let mut longest = 0;
    for chunk in 0_usize.. {
        let datagram = data.recv().expect("the dump goes on");
        longest = longest.max(datagram.len());
        for message in messages(&datagram).flatten() {
            match message.error() {
                Some(error) => order.push((error.request.seq, error.errno)),
                None if message.header.seq == 1 && message.header.kind.0 == DOC_EXMPL => objects += 1,
                None => order.push((message.header.seq, Errno(0))),
            }
        }
        if order.last() == Some(&(1, Errno(0))) {
            break;
        }
        assert!(fills() <= chunk + 4, "{} chunks written, {chunk} read", fills());
        if chunk == 5 {
            assert!(longest <= 3_776);
            assert_eq!(raw.ask([13, 9, socket, 16_384, 0, 0], &[]).unwrap().0, [9, 0, 0, 0]);
        }
    }
    // EBUSY for the second dump, reply and acknowledgement of the echo, and DONE after all of them.
    assert_eq!(order, [(2, Errno::EBUSY), (3, Errno(0)), (3, Errno(0)), (1, Errno(0))]);
    assert_eq!(objects, OBJECTS);
    assert!((16_000..=16_384).contains(&longest), "{longest}");
    eventually("the dump ends", || served.ended.load(Ordering::SeqCst) == 1);
}

#[test]
fn a_closed_channel_closes_its_socket_after_what_it_sent() {
    let served = Served::new();
    let raw = Raw::greeted(&served.path);
    for round in 1..=20 {
        let (socket, data) = raw.open(round as u32 % 2);
        data.send(&request(DOC_EXMPL, 3, Flags::DUMP, 1, &[]));
        drop(data);
        eventually("the dump began and ended", || served.ended.load(Ordering::SeqCst) == round);
        eventually("the socket is gone", || {
            raw.ask([6, 1, socket, 0, 0, 0], &[]).unwrap().0[1] == Errno::EBADF.0 as u32
        });
    }
    // The end of the control channel ends the rest, after what was sent.
    let (_, data) = raw.open(0);
    data.send(&request(DOC_EXMPL, 3, Flags::DUMP, 1, &[]));
    drop(raw);
    eventually("the dump began and ended", || served.ended.load(Ordering::SeqCst) == 21);
    thread::sleep(Duration::from_millis(20));
    assert_eq!(served.ended.load(Ordering::SeqCst), 21, "once");
}

#[test]
fn control_requests_are_checked() {
    let served = Served::new();
    let path = &served.path;
    let raw = Raw::greeted(path);
    let (socket, _data) = raw.open(0);
    for (request, errno) in [
        ([99, 1, socket, 0, 0, 0], Errno::EOPNOTSUPP),
        ([15, 1, socket, 0, 0, 0], Errno::EOPNOTSUPP),
        ([4, 1, socket + 1, 5, 0, 0], Errno::EBADF),
        ([SOCKET, 1, 0, 300, 0, 0], Errno::EPROTONOSUPPORT),
        ([SOCKET, 1, 0, 21, 0, 0], Errno::EPROTONOSUPPORT),
        ([SOCKET, 1, 0, GENERIC, 4, 0], Errno::EINVAL),
        ([8, 1, socket, 270, 1, 1], Errno::ENOPROTOOPT),
        ([8, 1, socket, 1, 8, u32::MAX], Errno(0)),
        ([13, 1, socket, u32::MAX, 0, 0], Errno(0)),
        ([10, 1, socket, 0, 0, 0], Errno::EINVAL),
        ([10, 1, socket, u32::MAX, 0, 0], Errno::EINVAL),
        ([3, 1, socket, 0, 0, 0], Errno(0)),
        ([3, 1, socket, 0, 0, 0], Errno::EBADF),
    ] {
        let (answer, _) = raw.ask(request, &[]).unwrap();
        assert_eq!(answer[..2], [1, errno.0 as u32], "{request:?}");
    }
    let sockets: Vec<_> = (0..256).map(|_| raw.open(0)).collect();
    assert_eq!(raw.ask([SOCKET, 1, 0, GENERIC, 0, 0], &[]).unwrap().0[1], Errno::EMFILE.0 as u32);
    drop(sockets);

    // Records that end the connection, with what is said before.
    for (record, errno) in [
        (&[][..], None),
        (b"GET / HTTP/1.1\r\n\r\n", Some(Errno::EPROTO)),
        (&[0; 23], Some(Errno::EPROTO)),
        (&[0; 24], Some(Errno::EPROTO)),
        (&[2; 400], Some(Errno::EPROTO)),
    ] {
        let raw = Raw::connect(path);
        rustix::net::send(&raw.0, record, rustix::net::SendFlags::NOSIGNAL).unwrap();
        if let Some(errno) = errno {
            assert_eq!(raw.answer().unwrap().0[1], errno.0 as u32, "{record:?}");
        }
        assert!(raw.answer().is_none(), "{record:?}");
    }
    let raw = Raw::connect(path);
    let (answer, _) = raw.ask([HELLO, 5, 0, 2, 0, 0], b"netloom\0").unwrap();
    assert_eq!(answer, [5, Errno::EPROTONOSUPPORT.0 as u32, 1, 0], "another version hears which one it is");
    assert!(raw.answer().is_none());
}

#[test]
fn who_does_not_read_answers_is_let_go() {
    let served = Served::new();
    let raw = Raw::greeted(&served.path);
    let record: Vec<u8> = [6_u32, 1, 1, 0, 0, 0].iter().flat_map(|number| number.to_ne_bytes()).collect();
    let mut sent = 0;
    while rustix::net::send(&raw.0, &record, rustix::net::SendFlags::NOSIGNAL).is_ok() {
        sent += 1;
        assert!(sent < 100_000, "answers are kept without bound");
    }
    served.connect().call(Echo, &Msg::new()).unwrap();
}

#[test]
fn garbage_harms_nobody_else() {
    let served = Served::new();
    let good = served.connect();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for round in 0..200 {
        let raw = Raw::greeted(&served.path);
        let channels: Vec<(u32, Data)> = (0..2).map(|n| raw.open((round + n) % 3)).collect();
        for _ in 0..30 {
            // Mostly shaped like requests, so that some get far.
            let mut bytes: Vec<u8> = match random(3) {
                0 => Vec::new(),
                1 => [1 + random(16) as u32, 1, channels[0].0, random(40) as u32, random(40) as u32, random(3) as u32]
                    .iter()
                    .flat_map(|number| number.to_ne_bytes())
                    .collect(),
                _ => {
                    let (kind, cmd) = (16 + random(5) as u16, random(12) as u8);
                    request(kind, cmd, Flags(random(0x1000) as u16), 1, &[(random(6) as u16, &[0x55; 9])])
                }
            };
            for _ in 0..random(60) {
                bytes.push(random(256) as u8);
            }
            if let Some(at) = (!bytes.is_empty()).then(|| random(bytes.len() as u64) as usize) {
                bytes[at] ^= 1 << random(8);
            }
            match random(3) {
                0 => drop(rustix::net::send(&raw.0, &bytes, rustix::net::SendFlags::DONTWAIT)),
                n => drop(rustix::net::send(&channels[n as usize - 1].1.0, &bytes, rustix::net::SendFlags::DONTWAIT)),
            }
        }
        if round % 20 == 0 {
            assert_eq!(good.call(Echo, &Msg::new().msg("fine")).unwrap().msg.as_deref(), Some("fine"));
        }
    }
    assert_eq!(good.call(Echo, &Msg::new().msg("fine")).unwrap().msg.as_deref(), Some("fine"));
    drop(good);
    served.serving.stop().unwrap();
}
