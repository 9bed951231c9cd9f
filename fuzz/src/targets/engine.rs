//! Datagrams delivered to a kernel side: a byte of switches, then each datagram behind its length (two bytes, the
//! highest bit of which says that all answers are read before the next one is sent).
//!
//! However wrong the datagrams, what comes back is whole messages, answered as often as asked for, and it ends.

use netloom::kernel::Kernel;
use netloom::socket::{Credentials, Opt, Socket};
use netloom::wire::{Flags, MessageType, Protocol, messages};
use netloom::{Errno, Error};

/// More datagrams than any of these kernel sides has an answer for.
const ENDLESS: usize = 20_000;

pub(super) fn run(data: &[u8]) {
    let Some((switches, mut script)) = data.split_first() else { return };
    let on = |bit: u8| switches >> bit & 1 == 1;
    let kernel = Kernel::new();
    // Held for as long as the kernel side: dropping one unloads it.
    let modules =
        ["doc_exmpl", "wireguard=wg0", "ovs_packet", "journal"].map(|module| netloom_modules::load(&kernel, module));
    assert!(modules.iter().all(Result::is_ok), "{modules:?}");
    let protocol = match (on(6), on(0)) {
        (true, _) => netloom_modules::journal::PROTOCOL,
        (false, true) => Protocol::ROUTE,
        (false, false) => Protocol::GENERIC,
    };
    let stranger = Credentials { uid: kernel.administrator().uid.wrapping_add(1).max(1), ..kernel.administrator() };
    let sender = if on(1) { stranger } else { kernel.administrator() };
    let (Ok(socket), Ok(listener)) = (kernel.socket_as(protocol, sender), kernel.socket(protocol)) else {
        panic!("no socket of {protocol:?}");
    };
    for (bit, option) in [(2, Opt::ExtAck), (3, Opt::CapAck), (4, Opt::StrictCheck)] {
        assert!(socket.set(option, u32::from(on(bit))).is_ok());
    }
    if on(5) {
        assert!(socket.set(Opt::ReceiveBuffer, 1).is_ok());
    }
    for group in 1..40 {
        let _ = listener.join(group);
    }

    let headers = match protocol {
        Protocol::ROUTE => 16,
        Protocol::GENERIC => 4,
        // The journal has no attributes: nothing is behind these.
        _ => 1 << 20,
    };
    let mut tally = Tally { headers, ..Tally::default() };
    while let Some((head, rest)) = script.split_first_chunk::<2>() {
        let head = u16::from_le_bytes(*head);
        let (datagram, rest) = rest.split_at(usize::from(head & 0x7fff).min(rest.len()));
        script = rest;
        if socket.send(datagram).is_ok() {
            tally.sent(datagram);
        }
        if head & 0x8000 != 0 {
            drain(&socket, &mut tally);
        }
    }
    drain(&socket, &mut tally);
    tally.check(on(5));
    drain(&listener, &mut Tally { headers, ..Tally::default() });
}

fn drain(socket: &Socket, tally: &mut Tally) {
    let mut buf = Vec::new();
    for _ in 0..ENDLESS {
        match socket.try_recv(&mut buf) {
            Ok(received) => {
                assert!(!received.truncated && received.source.port == 0);
                tally.heard(buf.get(..received.len).unwrap_or_default());
            }
            Err(error) if is(&error, Errno::EAGAIN) => return,
            Err(error) => assert!(is(&error, Errno::ENOBUFS), "{error}"),
        }
    }
    panic!("it does not end");
}

fn is(error: &Error, errno: Errno) -> bool {
    error.errno() == Some(errno)
}

/// What was asked and answered.
#[derive(Default)]
struct Tally {
    /// Bytes between a message's header and its attributes: a genlmsghdr, or an ifinfomsg.
    headers: usize,
    messages: usize,
    want_ack: usize,
    ends: usize,
    sequences: Vec<u32>,
}

impl Tally {
    /// What the kernel side takes from a datagram: whole messages up to the first that is none.
    fn sent(&mut self, datagram: &[u8]) {
        for message in messages(datagram).map_while(Result::ok) {
            self.messages += 1;
            self.want_ack += usize::from(message.header.flags.contains(Flags::ACK));
            self.sequences.push(message.header.seq);
        }
    }

    fn heard(&mut self, datagram: &[u8]) {
        assert!(!datagram.is_empty());
        for message in messages(datagram) {
            let message = message.unwrap_or_else(|no| panic!("{no}"));
            match message.header.kind {
                MessageType::ERROR => {
                    let Some(error) = message.error() else { panic!("a short error") };
                    assert!(error.errno.0 >= 0 && self.sequences.contains(&error.request.seq));
                    assert_eq!(error.request.seq, message.header.seq);
                    // A dump whose first chunk found no room is told so, and goes on when its reader makes some.
                    // net/netlink/af_netlink.c: __netlink_dump_start leaves cb_running set
                    self.ends += usize::from(error.errno != Errno::ENOBUFS);
                }
                MessageType::DONE => {
                    assert!(message.payload.len() >= 4 && message.header.flags.contains(Flags::MULTI));
                    self.ends += 1;
                }
                kind => {
                    assert!(!kind.is_control(), "{kind:?}");
                    let mut attrs = message.attrs(self.headers).into_iter();
                    attrs.by_ref().for_each(drop);
                    assert_eq!(attrs.remainder(), 0);
                }
            }
        }
    }

    /// Each message that asks for it is acknowledged once, by an ACK, an error or the end of its dump; others at most
    /// once.
    fn check(&self, may_lose: bool) {
        assert!(self.ends <= self.messages, "{} answers to {} messages", self.ends, self.messages);
        assert!(may_lose || self.want_ack <= self.ends, "{} answers, {} wanted", self.ends, self.want_ack);
    }
}
