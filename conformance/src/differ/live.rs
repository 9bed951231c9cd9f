//! The Linux underneath, asked one request at a time.

use netloom::socket::{Address, Opt, RecvFlags, Socket};
use netloom::wire::{Attr, Errno, Flags, GenlHeader, Header, MessageType, PolicyNote, Protocol, messages};

use crate::Malformed;

/// The port that both kernel sides know the driver by: with it, answers are equal to the byte.
pub(super) const PORT: u32 = 4_242;

/// What is on while a request is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) ext_ack: bool,
    pub(super) cap_ack: bool,
}

impl Options {
    /// All that can be told is told.
    pub(super) const FULL: Self = Self { ext_ack: true, cap_ack: false };

    /// Sets them on a socket.
    pub(super) fn apply(self, socket: &Socket) -> Result<(), netloom::Error> {
        socket.set(Opt::ExtAck, u32::from(self.ext_ack))?;
        socket.set(Opt::CapAck, u32::from(self.cap_ack))
    }
}

/// A bound socket of Linux in the network namespace of this thread.
pub(super) fn open() -> Result<Socket, Malformed> {
    let socket = Socket::open(Protocol::GENERIC)?;
    socket.bind(Address::port(PORT))?;
    Options::FULL.apply(&socket)?;
    // Refused by those who may not; the usual room does for a batch.
    let _ = socket.set(Opt::ReceiveBufferForce, 1 << 20);
    Ok(socket)
}

/// What came back for one request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) errno: Errno,
    pub(super) message: Option<String>,
    pub(super) offset: Option<usize>,
    pub(super) policy: Option<PolicyNote>,
}

impl Answer {
    pub(super) fn says(&self, text: &str) -> bool {
        self.message.as_deref() == Some(text)
    }
}

/// Asks and reads all that comes back: objects' payloads, and the last error or acknowledgement.
pub(super) fn ask(socket: &Socket, request: &[u8]) -> Result<(Vec<Vec<u8>>, Option<Answer>), Malformed> {
    socket.send(request)?;
    let mut buf = vec![0; Socket::DATAGRAM];
    let (mut objects, mut answer) = (Vec::new(), None);
    loop {
        let received = match socket.endpoint().recv(&mut buf, RecvFlags::DONTWAIT, None) {
            Ok(received) => received,
            Err(Errno::EAGAIN) => return Ok((objects, answer)),
            Err(errno) => return Err(Malformed::new(format!("the kernel's answer: {errno}"))),
        };
        for message in messages(buf.get(..received.len).unwrap_or_default()).map_while(Result::ok) {
            match message.error() {
                Some(error) => {
                    answer = Some(Answer {
                        errno: error.errno,
                        message: error.ext_ack.message.map(str::to_owned),
                        offset: error.ext_ack.offset.and_then(|offset| usize::try_from(offset).ok()),
                        policy: error.ext_ack.policy.and_then(PolicyNote::read),
                    });
                }
                None if message.header.kind.is_control() => {}
                None => objects.push(message.attrs(GenlHeader::LEN).bytes().to_vec()),
            }
        }
    }
}

/// A request of these attributes, behind `header` zeros of the family's own header.
pub(super) fn request(family: u16, flags: Flags, cmd: u8, header: usize, attrs: &[u8]) -> Vec<u8> {
    let mut payload = GenlHeader { cmd, version: 1, reserved: 0 }.to_bytes().to_vec();
    payload.resize(GenlHeader::LEN + header.next_multiple_of(4), 0);
    payload.extend_from_slice(attrs);
    Header::new(MessageType(family), flags | Flags::REQUEST | Flags::ACK).message(&payload)
}

/// Appends an attribute, padded.
pub(super) fn put(out: &mut Vec<u8>, raw_type: u16, payload: &[u8]) {
    let len = u16::try_from(Attr::HEADER_LEN + payload.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&len.to_ne_bytes());
    out.extend_from_slice(&raw_type.to_ne_bytes());
    out.extend_from_slice(payload);
    out.resize(out.len().next_multiple_of(4), 0);
}
