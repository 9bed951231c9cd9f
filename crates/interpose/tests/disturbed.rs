//! What goes wrong on a disturbed side, as connections and bare sockets see it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use netloom::Errno;
use netloom::client::{Connection, Dialer};
use netloom::families::doc_exmpl::{Echo, List, Msg, Say};
use netloom::families::nlctrl::Getfamily;
use netloom::kernel::{Config, Kernel};
use netloom::socket::{Address, Opt, RecvFlags, Socket};
use netloom::wire::{Do, Flags, Header, MessageType, Protocol, messages};
use netloom_interpose::{AskedOp, Client, Disturbance, Disturbed, Fault, Local, OpFamily, Side};

/// Connections by way of a side.
#[derive(Debug)]
struct Through(Disturbed<Local>);

impl Dialer for Through {
    fn open(&self, protocol: Protocol) -> netloom::Result<Socket> {
        let client = Client {
            process: std::process::id(),
            thread: std::process::id(),
            uid: 0,
            gid: 0,
            capabilities: 0,
            users: 0,
            network: 0,
            name: String::new(),
        };
        Ok(Socket::over(self.0.open(protocol, &client).unwrap().unwrap()))
    }
}

fn through(kernel: &Kernel, faults: Vec<Fault>) -> Arc<Through> {
    Arc::new(Through(Disturbed::new(Local(kernel.clone()), faults, 1)))
}

fn connection(kernel: &Kernel, faults: Vec<Fault>) -> Connection {
    Connection::over(through(kernel, faults))
}

fn with_doc_exmpl() -> (Kernel, netloom_modules::Module) {
    let kernel = Kernel::new();
    let module = netloom_modules::load(&kernel, "doc_exmpl").unwrap();
    (kernel, module)
}

fn named(family: &str, number: u16, errno: Errno) -> Disturbance {
    Disturbance::Nack(AskedOp { family: OpFamily::Named(family.to_owned()), numbers: vec![number] }, errno)
}

fn times(what: Disturbance, times: u32) -> Fault {
    Fault { times: Some(times), ..Fault::always(what) }
}

/// A GETFAMILY request.
fn getfamily(flags: Flags, seq: u32) -> Vec<u8> {
    Header { seq, ..Header::new(MessageType(0x10), Flags::REQUEST | flags) }.message(&[3, 1, 0, 0])
}

fn drained(socket: &Socket) -> Vec<Result<Vec<u8>, Errno>> {
    let mut buf = Vec::new();
    let mut all = Vec::new();
    loop {
        match socket.try_recv(&mut buf) {
            Ok(received) => all.push(Ok(buf.get(..received.len).unwrap().to_vec())),
            Err(error) if error.errno() == Some(Errno::EAGAIN) => return all,
            Err(error) => all.push(Err(error.errno().unwrap_or(Errno(0)))),
        }
    }
}

#[test]
fn dumps_are_torn_as_often_as_was_said() {
    let (kernel, _module) = with_doc_exmpl();
    let nl = connection(&kernel, vec![times(Disturbance::TornDump, 2)]);
    // Twice torn, and then it is not.
    assert!(nl.dump(Getfamily, &()).unwrap().collect::<Result<Vec<_>, _>>().unwrap_err().is_interrupted());
    assert_eq!(nl.dump(Getfamily, &()).unwrap().consistent(2).unwrap().whole().unwrap().len(), 2);
    nl.dump(Getfamily, &()).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    // Empty ones are as well.
    let nl = connection(&kernel, vec![times(Disturbance::TornDump, 1)]);
    assert!(nl.dump(List, &()).unwrap().collect::<Result<Vec<_>, _>>().unwrap_err().is_interrupted());
}

#[test]
fn requests_are_refused_as_the_kernel_refuses_them() {
    let (kernel, _module) = with_doc_exmpl();
    let nack =
        |family: OpFamily| vec![Fault::always(Disturbance::Nack(AskedOp { family, numbers: vec![3] }, Errno::EBUSY))];
    for family in [OpFamily::Named("nlctrl".to_owned()), OpFamily::Id(16)] {
        for (cap, ext) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for flags in [Flags::NONE, Flags::ACK, Flags::DUMP] {
                let ours = through(&kernel, nack(family.clone())).open(Protocol::GENERIC).unwrap();
                kernel.faults().clear().nack("nlctrl", 3, Errno::EBUSY);
                let real = kernel.socket(Protocol::GENERIC).unwrap();
                let answers = [&ours, &real].map(|socket| {
                    socket.set(Opt::CapAck, cap).unwrap();
                    socket.set(Opt::ExtAck, ext).unwrap();
                    socket.send(&getfamily(flags, 7)).unwrap();
                    let mut buf = Vec::new();
                    let received = socket.try_recv(&mut buf).unwrap();
                    buf.truncate(received.len);
                    assert_eq!(received.source, Address::KERNEL);
                    assert_eq!(received.destination.port, socket.local().unwrap().port);
                    let message = messages(&buf).next().unwrap().unwrap();
                    assert_eq!(message.header.port, received.destination.port);
                    let error = message.error().unwrap();
                    let told = error.ext_ack.message.map(str::to_owned);
                    let end = message.payload.len() - told.as_ref().map_or(0, |text| (text.len() + 8) / 4 * 4);
                    let flags = message.header.flags;
                    (message.payload[..end].to_vec(), flags.contains(Flags::CAPPED), told)
                });
                let [(payload, capped, told), (expected, real_capped, _)] = answers;
                assert_eq!(payload[..4], (-16_i32).to_ne_bytes());
                assert_eq!((payload, capped), (expected, real_capped));
                assert_eq!(told.as_deref(), (ext == 1).then_some("refused by a fault on demand"));
            }
        }
    }
}

#[test]
fn families_are_known_from_what_nlctrl_tells() {
    let (kernel, _module) = with_doc_exmpl();
    let nl = connection(&kernel, vec![Fault::always(named("DOC_EXMPL", Echo::REQUEST, Errno::ENOMEM))]);
    assert_eq!(nl.call(Echo, &Msg::new().msg("hi")).unwrap_err().errno(), Some(Errno::ENOMEM));
    nl.call(Say, &Msg::new().msg("hi")).unwrap();
    // An id that nobody has told of is nobody's, unless it was said.
    let id = nl.family("DOC_EXMPL").unwrap().id;
    let ask = |side: &Through| {
        let socket = side.open(Protocol::GENERIC).unwrap();
        let echo = Header::new(MessageType(id), Flags::REQUEST | Flags::ACK).message(&[1, 1, 0, 0]);
        socket.send(&echo).unwrap();
        let answers = drained(&socket);
        let last = answers.last().unwrap().clone().unwrap();
        messages(&last).next().unwrap().unwrap().error().map(|error| error.errno)
    };
    let side = through(&kernel, vec![Fault::always(named("DOC_EXMPL", 1, Errno::EXDEV))]);
    assert_ne!(ask(&side), Some(Errno::EXDEV));
    side.0.name(id, "DOC_EXMPL");
    assert_eq!(ask(&side), Some(Errno::EXDEV));
}

#[test]
fn what_is_refused_leaves_the_rest_of_its_datagram_alone() {
    let kernel = Kernel::new();
    // The second of its datagrams' requests, and the third time.
    let side = through(&kernel, vec![times(named("nlctrl", 3, Errno::EBUSY), 1)]);
    let socket = side.open(Protocol::GENERIC).unwrap();
    let policy = |seq| Header { seq, ..Header::new(MessageType(0x10), Flags::REQUEST) }.message(&[9, 1, 0, 0]);
    let datagram = [policy(1), getfamily(Flags::NONE, 2), getfamily(Flags::NONE, 3), policy(4)].concat();
    assert_eq!(socket.send(&datagram).unwrap(), datagram.len());
    let answers: Vec<_> = drained(&socket)
        .into_iter()
        .map(|answer| {
            let answer = answer.unwrap();
            let message = messages(&answer).next().unwrap().unwrap();
            (message.header.seq, message.error().unwrap().errno)
        })
        .collect();
    assert_eq!(answers, [(1, Errno::EOPNOTSUPP), (2, Errno::EBUSY), (3, Errno::EINVAL), (4, Errno::EOPNOTSUPP)]);
}

#[test]
fn a_batch_is_done_or_not_at_all() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kernel = Kernel::builder().bare().build();
    let sink = heard.clone();
    let config = Config::new().input(move |input| {
        input.each_message(|message| {
            sink.lock().unwrap().push(message.header.kind.0);
            Ok(())
        });
    });
    kernel.register_protocol(Protocol::NETFILTER, config).unwrap();
    let refused = AskedOp { family: OpFamily::Protocol(Protocol::NETFILTER), numbers: vec![0xa03] };
    let side = through(&kernel, vec![times(Disturbance::Nack(refused, Errno::ENOSPC), 2)]);
    let socket = side.open(Protocol::NETFILTER).unwrap();
    let batch = |kinds: &[u16]| {
        let message = |kind: &u16| Header::new(MessageType(*kind), Flags::REQUEST).message(&[0; 4]);
        kinds.iter().flat_map(message).collect::<Vec<u8>>()
    };
    for (kinds, errors, passed) in [
        // NFNL_MSG_BATCH_BEGIN and _END about it: all or nothing.
        (&[0x10, 0xa00, 0xa03, 0xa06, 0x11][..], 1, &[][..]),
        (&[0xa00, 0xa03, 0xa06], 1, &[0xa00, 0xa06]),
        (&[0x10, 0xa03, 0x11], 0, &[0x10, 0xa03, 0x11]),
    ] {
        heard.lock().unwrap().clear();
        socket.send(&batch(kinds)).unwrap();
        assert_eq!(drained(&socket).len(), errors, "{kinds:x?}");
        assert_eq!(*heard.lock().unwrap(), passed, "{kinds:x?}");
    }
}

#[test]
fn what_is_lost_is_told_once_and_dumps_lose_nothing() {
    let (kernel, _module) = with_doc_exmpl();
    let side = through(&kernel, vec![times(Disturbance::Overrun, 1)]);
    let group = kernel.connect().family("DOC_EXMPL").unwrap().group("DOC_EXMPL_GRP").unwrap();
    let socket = side.open(Protocol::GENERIC).unwrap();
    socket.bind(Address::default()).unwrap();
    socket.join(group).unwrap();
    for text in ["lost", "heard"] {
        kernel.connect().call(Say, &Msg::new().msg(text)).unwrap();
    }
    let events = drained(&socket);
    let [Err(Errno::ENOBUFS), Ok(event)] = &events[..] else { panic!("{events:?}") };
    assert!(event.windows(5).any(|bytes| bytes == b"heard"), "{event:?}");

    let side = through(&kernel, vec![Fault::always(Disturbance::Overrun)]);
    let socket = side.open(Protocol::GENERIC).unwrap();
    socket.send(&getfamily(Flags::DUMP, 1)).unwrap();
    let dump = drained(&socket);
    assert!(dump.iter().all(Result::is_ok) && !dump.is_empty(), "{dump:?}");
    socket.send(&getfamily(Flags::NONE, 2)).unwrap();
    assert_eq!(drained(&socket), [Err(Errno::ENOBUFS)]);
    socket.set(Opt::NoEnobufs, 1).unwrap();
    socket.send(&getfamily(Flags::NONE, 3)).unwrap();
    assert_eq!(drained(&socket), []);
}

#[test]
fn a_cut_datagram_says_so_and_is_a_half() {
    let (kernel, _module) = with_doc_exmpl();
    let side = through(&kernel, vec![times(Disturbance::Truncation, 1)]);
    let socket = side.open(Protocol::GENERIC).unwrap();
    socket.send(&getfamily(Flags::DUMP, 1)).unwrap();
    // A look does not take it, and shows the same.
    let mut room = vec![0xee; 65_536];
    for flags in [RecvFlags::PEEK | RecvFlags::DONTWAIT, RecvFlags::DONTWAIT] {
        room.fill(0xee);
        let received = socket.endpoint().recv(&mut room, flags, None).unwrap();
        assert!(received.truncated);
        let (half, rest) = room.split_at(received.len / 2);
        assert_eq!(messages(half).next().unwrap().map(|message| message.header.seq), Ok(1));
        // What the buffer held is nobody's datagram.
        assert!(rest.iter().all(|byte| *byte == 0));
    }
    socket.send(&getfamily(Flags::NONE, 2)).unwrap();
    let received = socket.endpoint().recv(&mut room, RecvFlags::DONTWAIT, None).unwrap();
    assert!(!received.truncated, "once was said");
}

#[test]
fn requests_wait_before_they_are_handled() {
    let (kernel, _module) = with_doc_exmpl();
    let time = Duration::from_millis(40);
    let side = through(&kernel, vec![times(Disturbance::Delay(time), 1)]);
    let socket = side.open(Protocol::GENERIC).unwrap();
    let began = Instant::now();
    socket.send(&getfamily(Flags::NONE, 1)).unwrap();
    assert!(began.elapsed() >= time);
    assert_eq!(drained(&socket).len(), 1);
}

#[test]
fn refusals_that_nobody_reads_fill_no_memory() {
    let kernel = Kernel::new();
    let side = through(&kernel, vec![Fault::always(named("nlctrl", 3, Errno::EBUSY))]);
    let socket = side.open(Protocol::GENERIC).unwrap();
    for seq in 0..10_000 {
        socket.send(&getfamily(Flags::NONE, seq)).unwrap();
    }
    let answers = drained(&socket);
    // Told first, and once.
    assert_eq!(answers.first(), Some(&Err(Errno::ENOBUFS)));
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
    assert!((100..1_000).contains(&answers.len()), "{}", answers.len());
}

#[test]
fn a_receive_that_waits_hears_a_refusal() {
    let kernel = Kernel::new();
    let side = through(&kernel, vec![Fault::always(named("nlctrl", 3, Errno::EBUSY))]);
    let socket = side.open(Protocol::GENERIC).unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| socket.recv_timeout(&mut Vec::new(), Duration::from_secs(20)).unwrap().len);
        std::thread::sleep(Duration::from_millis(30));
        socket.send(&getfamily(Flags::NONE, 1)).unwrap();
        assert_eq!(waits.join().unwrap(), 40);
    });
    assert_eq!(
        socket.recv_timeout(&mut Vec::new(), Duration::from_millis(30)).unwrap_err().errno(),
        Some(Errno::EAGAIN)
    );
}
