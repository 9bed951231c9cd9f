//! The journal, from end to end over a raw socket.

use std::thread;

use netloom::Errno;
use netloom::kernel::Kernel;
use netloom::socket::Credentials;
use netloom::wire::{Flags, Header, MessageType, messages};
use netloom_modules::journal::{APPEND, Client, Error, PROTOCOL, READ};

#[test]
fn what_is_appended_is_read_and_heard() {
    let kernel = Kernel::new();
    let mut module = netloom_modules::load(&kernel, "journal").unwrap();
    let again = netloom_modules::load(&kernel, "journal").map(drop).unwrap_err();
    assert_eq!((again.errno(), module.registered().is_none()), (Errno::EEXIST, true));
    let nobody = Credentials { process: 0, uid: kernel.administrator().uid.wrapping_add(1).max(1), gid: 9 };
    let open = || Client::over(kernel.socket_as(PROTOCOL, nobody).unwrap());
    let mut heard = open().follow().unwrap();
    let mut client = open();
    assert_eq!(client.read(0).unwrap(), []);
    // More than one datagram holds.
    let texts: Vec<String> = (0..40).map(|number| format!("{number} {}", "x".repeat(3_000))).collect();
    thread::scope(|scope| {
        let listener = scope.spawn(|| heard.by_ref().take(40).map(Result::unwrap).collect::<Vec<_>>());
        texts.iter().for_each(|text| client.append(text).unwrap());
        let all: Vec<(u32, String)> = (0..).zip(texts.iter().cloned()).collect();
        assert_eq!(listener.join().unwrap(), all);
        assert_eq!(client.read(0).unwrap(), all);
        assert_eq!(client.read(38).unwrap(), all[38..]);
    });
    for text in ["", &"x".repeat(4_097)] {
        let errno = if text.is_empty() { Errno::EINVAL } else { Errno::EMSGSIZE };
        assert!(matches!(client.append(text), Err(Error::Refused(no)) if no == errno));
    }
    module.unload().unwrap();
    assert!(matches!(client.append("x"), Err(Error::Socket(error)) if error.errno() == Some(Errno::ECONNREFUSED)));
}

#[test]
fn what_is_wrong_is_refused_with_the_reason() {
    let kernel = Kernel::new();
    let _module = netloom_modules::load(&kernel, "journal").unwrap();
    let socket = kernel.socket(PROTOCOL).unwrap();
    let cases: [(MessageType, &[u8], Errno); 4] = [
        (APPEND, b"\xff", Errno::EINVAL),
        (READ, b"123", Errno::EINVAL),
        (READ, b"12345", Errno::EINVAL),
        (MessageType(0x99), b"", Errno::EOPNOTSUPP),
    ];
    let mut buf = Vec::new();
    for (kind, payload, errno) in cases {
        socket.send(&Header::new(kind, Flags::REQUEST).message(payload)).unwrap();
        let received = socket.recv_msg(&mut buf).unwrap();
        let answer = messages(&buf[..received.len]).next().unwrap().unwrap();
        assert_eq!(answer.error().map(|error| error.errno), Some(errno), "{payload:?}");
    }
    // Not even a header: passed over.
    socket.send(b"abc").unwrap();
    assert_eq!(socket.try_recv(&mut buf).unwrap_err().errno(), Some(Errno::EAGAIN));
}
