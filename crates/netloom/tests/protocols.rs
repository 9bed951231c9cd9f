//! Protocols by hand: input, groups that ask, locks, namespaces, and questions of the kernel side's.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use netloom::kernel::{Compare, Config, Fill, Kernel, NetNs, raw};
use netloom::socket::{Address, Credentials, Opt, Socket};
use netloom::wire::{Errno, ErrorMessage, Flags, Header, MessageType, Protocol, messages};

const P: Protocol = match Protocol::new(31) {
    Some(protocol) => protocol,
    None => panic!("31 is a protocol"),
};

type Trace = Arc<Mutex<Vec<String>>>;

fn drain(trace: &Trace) -> String {
    std::mem::take(&mut *trace.lock().unwrap()).join(" ")
}

fn nobody(kernel: &Kernel) -> Credentials {
    Credentials { process: 0, uid: kernel.administrator().uid.wrapping_add(1).max(1), gid: 9 }
}

fn next(socket: &Socket) -> Vec<u8> {
    let mut buf = Vec::new();
    let received = socket.recv_timeout(&mut buf, Duration::from_secs(20)).unwrap();
    buf.truncate(received.len);
    buf
}

fn errno<T>(done: netloom::Result<T>) -> Option<Errno> {
    done.err().and_then(|error| error.errno())
}

#[test]
fn input_takes_what_is_sent_whatever_it_is() {
    let kernel = Kernel::new();
    let trace = Trace::default();
    let seen = trace.clone();
    let input = move |datagram: &mut netloom::kernel::Input<'_>| {
        let said = format!("{}B:{}:{:?}", datagram.bytes().len(), datagram.port(), datagram.group());
        seen.lock().unwrap().push(said);
        datagram.each_message(|message| match message.header.kind {
            MessageType(0x20) => Ok(()),
            _ => Err(Errno::EOPNOTSUPP.into()),
        });
    };
    kernel.register_protocol(P, Config::new().groups(40).input(input)).unwrap();
    let socket = kernel.socket(P).unwrap();
    socket.bind(Address::port(99)).unwrap();
    socket.send(b"abc").unwrap();
    socket.send_to(Address { port: 0, groups: 1 << 4 }, &[0; 17]).unwrap();
    let asked = |kind, flags, seq| Header { seq, ..Header::new(MessageType(kind), flags) }.message(b"x");
    let ack = Flags::REQUEST | Flags::ACK;
    let mut batch = asked(0x20, Flags::REQUEST, 1);
    batch.extend(asked(0x21, Flags::REQUEST, 2));
    batch.extend(asked(0x20, ack, 3));
    batch.extend(asked(3, ack, 4));
    socket.send(&batch).unwrap();
    assert_eq!(drain(&trace), "3B:99:None 17B:99:Some(5) 80B:99:None");
    for (seq, errno) in [(2, Errno::EOPNOTSUPP), (3, Errno(0)), (4, Errno(0))] {
        let bytes = next(&socket);
        let message = messages(&bytes).next().unwrap().unwrap();
        let error = ErrorMessage::read(message.header.flags, message.payload).unwrap();
        assert_eq!((message.header.seq, message.header.port, error.errno), (seq, 99, errno));
    }
    assert_eq!(errno(socket.try_recv(&mut Vec::new())), Some(Errno::EAGAIN), "the first asked for nothing");
    assert!(!kernel.multicast_raw(P, 5, b"nobody".to_vec()));
    socket.join(40).unwrap();
    assert_eq!(errno(socket.join(41)), Some(Errno::EINVAL));
    assert!(kernel.multicast_raw(P, 40, b"no header".to_vec()));
    assert_eq!(next(&socket), b"no header");
}

#[test]
fn input_that_panics_is_told_and_the_sender_goes_on() {
    let kernel = Kernel::new();
    let (said, heard) = mpsc::channel();
    kernel.on_log(move |log| drop(said.send(log.to_string())));
    kernel.register_protocol(P, Config::new().input(|_| panic!("ouch"))).unwrap();
    let socket = kernel.socket(P).unwrap();
    assert_eq!(socket.send(b"abc").unwrap(), 3);
    assert_eq!(heard.recv().unwrap(), "protocol 31: the handler panicked: ouch");
}

#[test]
fn all_numbers_are_taken_once() {
    let kernel = Kernel::new();
    let built_in: Vec<u8> = kernel.protocols().iter().map(|(protocol, _)| protocol.number()).collect();
    assert_eq!(built_in, [0, 2, 16]);
    for protocol in (0..).map_while(Protocol::new) {
        let taken = kernel.register_protocol(protocol, Config::new());
        match built_in.contains(&protocol.number()) {
            true => assert_eq!(taken.unwrap_err().errno(), Errno::EEXIST),
            false => assert_eq!(errno(kernel.socket(protocol).unwrap().send(b"x")), Some(Errno::ECONNREFUSED)),
        }
    }
    assert_eq!(kernel.protocols().len(), 32);
    let again = kernel.register_protocol(P, Config::new()).unwrap_err();
    assert_eq!(again.to_string(), "EEXIST: protocol 31 is there already: choose another of the 32");
    assert_eq!(Protocol::try_from(32), Err(Errno::EPROTONOSUPPORT));
    let socket = kernel.socket(P).unwrap();
    kernel.unregister_protocol(P).unwrap();
    assert_eq!(errno(socket.send(b"x")), Some(Errno::ECONNREFUSED), "an open socket reaches nobody");
    assert_eq!(kernel.socket(P).unwrap_err().errno(), Errno::EPROTONOSUPPORT);
    for (protocol, errno) in [(P, Errno::ENOENT), (Protocol::GENERIC, Errno::EBUSY), (Protocol::ROUTE, Errno::EBUSY)] {
        assert_eq!(kernel.unregister_protocol(protocol).unwrap_err().errno(), errno);
    }
    kernel.register_protocol(P, Config::new().input(|_| ())).unwrap();
    assert!(socket.send(b"x").is_ok());
}

#[test]
fn a_bind_that_is_refused_takes_back_what_was_let_in() {
    let kernel = Kernel::new();
    let trace = Trace::default();
    let (bind, unbind) = (trace.clone(), trace.clone());
    let config = Config::new()
        .nonroot_recv()
        .bind(move |_, group| {
            bind.lock().unwrap().push(format!("+{group}"));
            if group == 7 { Err(Errno::EACCES) } else { Ok(()) }
        })
        .unbind(move |_, group| unbind.lock().unwrap().push(format!("-{group}")));
    kernel.register_protocol(P, config).unwrap();
    let socket = kernel.socket_as(P, nobody(&kernel)).unwrap();
    let mask = |groups: &[u32]| groups.iter().fold(0, |mask, group| mask | 1 << (group - 1));
    let bind = |port, groups: &[u32]| errno(socket.bind(Address { port, groups: mask(groups) }));
    assert_eq!(bind(5, &[1, 3, 7, 9]), Some(Errno::EACCES));
    assert_eq!(drain(&trace), "+1 +3 +7 -1 -3");
    assert_eq!(socket.local().unwrap(), Address::default(), "nothing of it remains");
    assert_eq!(bind(5, &[1, 3]), None);
    assert_eq!(drain(&trace), "+1 +3");
    let other = kernel.socket(P).unwrap();
    assert_eq!(errno(other.bind(Address { port: 5, groups: mask(&[2]) })), Some(Errno::EADDRINUSE));
    assert_eq!(drain(&trace), "+2 -2", "the port is taken: so is the group taken back");
    assert_eq!(
        (errno(socket.join(7)), errno(socket.join(8)), errno(socket.leave(3))),
        (Some(Errno::EACCES), None, None)
    );
    assert_eq!(drain(&trace), "+7 +8 -3");
    drop(socket);
    assert_eq!(drain(&trace), "-1 -8");
}

#[test]
fn rights_are_the_protocols() {
    let kernel = Kernel::new();
    kernel.register_protocol(P, Config::new()).unwrap();
    let open = Protocol::new(30).unwrap();
    kernel.register_protocol(open, Config::new().nonroot_recv().nonroot_send()).unwrap();
    for (protocol, refused) in [(P, Some(Errno::EPERM)), (open, None)] {
        let socket = kernel.socket_as(protocol, nobody(&kernel)).unwrap();
        assert_eq!(errno(socket.join(1)), refused);
        assert_eq!(
            errno(socket.send_to(Address { port: socket.local().unwrap().port, groups: 1 }, b"x")).or(refused),
            refused.or(Some(Errno::ECONNREFUSED))
        );
    }
}

#[test]
fn namespaces_are_apart_unless_the_protocol_says_otherwise() {
    let kernel = Kernel::new();
    let together = Protocol::new(30).unwrap();
    kernel.register_protocol(P, Config::new()).unwrap();
    kernel.register_protocol(together, Config::new().compare(Compare::All)).unwrap();
    for (protocol, one_room) in [(P, false), (together, true)] {
        let open = |ns| kernel.socket_in(NetNs(ns), protocol, kernel.administrator()).unwrap();
        let (here, there) = (open(0), open(1));
        here.bind(Address::port(5)).unwrap();
        assert_eq!(errno(there.bind(Address::port(5))), one_room.then_some(Errno::EADDRINUSE));
        if one_room {
            there.bind(Address::port(0)).unwrap();
        }
        there.join(1).unwrap();
        assert_eq!(kernel.multicast_raw(protocol, 1, b"x".to_vec()), one_room);
        assert!(kernel.multicast_raw_in(NetNs(1), protocol, 1, b"x".to_vec()));
        assert!(errno(there.send_to(Address::port(5), b"x")).is_none());
        drop(here);
        assert_eq!(errno(there.send_to(Address::port(5), b"x")).is_some(), one_room, "its own port, or nobody");
    }
}

#[test]
fn protocols_that_share_a_lock_exclude_each_other() {
    let kernel = Kernel::new();
    let lock = Arc::new(Mutex::new(()));
    let (inside, trace) = (Arc::new(Mutex::new(0)), Trace::default());
    let enter = |name: &'static str| {
        let (inside, trace) = (inside.clone(), trace.clone());
        move || {
            assert!(inside.try_lock().is_ok_and(|mut inside| {
                *inside += 1;
                thread::sleep(Duration::from_millis(5));
                true
            }));
            trace.lock().unwrap().push(name.to_owned());
        }
    };
    let (input, fill) = (enter("input"), enter("fill"));
    kernel.register_protocol(P, Config::new().input(move |_| input()).serialise(lock.clone())).unwrap();
    let tables = Protocol::new(30).unwrap();
    kernel.register_protocol(tables, Config::new().families().serialise(lock.clone())).unwrap();
    let dump = raw::Dump::new(
        |_| Ok(()),
        move |(), _, _| {
            fill();
            Ok(Fill::Done)
        },
    );
    kernel.register(raw::Family::new("table").protocol(tables).parallel().op(raw::Op::new(0x20).dump(dump))).unwrap();
    let refused = kernel.register(raw::Family::new("table").protocol(P).op(raw::Op::new(0x20).doit(|_| Ok(()))));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "EPROTONOSUPPORT: protocol 31 takes no messages: register it, with families"
    );
    let held = lock.lock().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|at| {
            let socket = kernel.socket(if at % 2 == 0 { P } else { tables }).unwrap();
            let dump = Header::new(MessageType(0x20), Flags::REQUEST | Flags::DUMP).message(&[]);
            thread::spawn(move || socket.send(&dump).unwrap())
        })
        .collect();
    thread::sleep(Duration::from_millis(20));
    assert_eq!(drain(&trace), "", "we hold it, too");
    drop(held);
    threads.into_iter().for_each(|thread| assert_ne!(thread.join().unwrap(), 0));
    assert_eq!(trace.lock().unwrap().len(), 4);
}

#[test]
fn the_kernel_side_asks_and_the_user_answers() {
    let kernel = Kernel::new();
    let trace = Trace::default();
    let seen = trace.clone();
    let input = move |datagram: &mut netloom::kernel::Input<'_>| {
        seen.lock().unwrap().push(String::from_utf8_lossy(datagram.bytes().get(16..).unwrap_or_default()).into());
    };
    kernel.register_protocol(P, Config::new().input(input)).unwrap();
    let ask = |port, millis| {
        let question = Header::new(MessageType(0x30), Flags::NONE).message(b"why?");
        kernel.ask(P, port, question, Duration::from_millis(millis)).map_err(|nack| nack.errno())
    };
    assert_eq!(ask(8, 10), Err(Errno::ECONNREFUSED));
    let user = kernel.socket(P).unwrap();
    user.bind(Address::port(8)).unwrap();
    user.set(Opt::CapAck, 1).unwrap();
    assert_eq!(ask(8, 10), Err(Errno::ETIMEDOUT));
    assert_eq!(kernel.ask(P, 8, b"short".to_vec(), Duration::ZERO).unwrap_err().errno(), Errno::EINVAL);
    let late = next(&user);
    let answering = thread::spawn(move || {
        let question = next(&user);
        let seq = Header::read(&question).unwrap().seq;
        let say = |seq, flags, text: &[u8]| {
            user.send(&Header { seq, ..Header::new(MessageType(0x31), flags) }.message(text)).unwrap()
        };
        say(Header::read(&late).unwrap().seq, Flags::NONE, b"late");
        say(seq.wrapping_add(1), Flags::NONE, b"else");
        say(seq, Flags::REQUEST | Flags::ACK, b"that");
        assert_eq!(Header::read(&next(&user)).map(|header| (header.kind, header.seq)), Some((MessageType::ERROR, seq)));
        next(&user);
    });
    assert_eq!(ask(8, 20_000).map(|answer| answer[16..].to_vec()), Ok(b"that".to_vec()));
    assert_eq!(drain(&trace), "late else", "what answers nothing goes its usual way");
    assert_eq!(ask(8, 20_000), Err(Errno::ECONNRESET), "the user closes instead");
    answering.join().unwrap();
}

#[test]
fn a_handler_under_a_shared_lock_does_not_wait_for_itself() {
    let kernel = Kernel::new();
    let (said, heard) = mpsc::channel();
    kernel.on_log(move |log| drop(said.send(log.to_string())));
    let again = kernel.clone();
    let input = move |datagram: &mut netloom::kernel::Input<'_>| {
        let socket = again.socket(P).unwrap();
        assert!(datagram.bytes() == b"once" && socket.send(b"twice").is_ok());
    };
    kernel.register_protocol(P, Config::new().input(input).serialise(Arc::default())).unwrap();
    kernel.socket(P).unwrap().send(b"once").unwrap();
    assert_eq!(heard.recv().unwrap(), "protocol 31: its input sends to itself under the protocol's lock");
}
