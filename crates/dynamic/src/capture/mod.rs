//! Records of netlink: captures of `nlmon` devices and of our own, and what `strace` saw.
//!
//! [`packets`] reads any of them, datagram after datagram; [`Recorder`] writes a capture.
//!
//! ```
//! use std::time::Duration;
//! use netloom_dynamic::capture::{Form, Recorder, packets};
//! use netloom_dynamic::Direction;
//! use netloom_wire::Protocol;
//!
//! let mut file = Vec::new();
//! let mut recorder = Recorder::new(&mut file)?;
//! recorder.record(Duration::from_millis(1500), Protocol::GENERIC, Direction::Sent, b"whatever bytes")?;
//! assert_eq!(Form::of(&file), Some(Form::Pcap));
//! let read: Vec<_> = packets(Form::Pcap, &file).collect::<Result<_, _>>()?;
//! assert_eq!((read[0].protocol, &read[0].bytes[..]), (Some(Protocol::GENERIC), &b"whatever bytes"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cooked;
mod pcap;
mod pcapng;
mod record;
mod replay;
mod strace;

use std::fmt;
use std::time::Duration;

use netloom_wire::{Flags, Header, Protocol, messages};

pub use record::Recorder;
pub use replay::{Answer, Replay};

use crate::Direction;

/// How datagrams are recorded in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What `tcpdump -w` writes: either byte order, micro- or nanoseconds.
    Pcap,
    /// What Wireshark and `dumpcap` write.
    PcapNg,
    /// Lines of `strace`.
    Strace,
}

impl Form {
    /// Which of them this is, by its first bytes or lines.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if pcap::is_one(bytes) {
            Some(Self::Pcap)
        } else if pcapng::is_one(bytes) {
            Some(Self::PcapNg)
        } else if strace::is_one(bytes) {
            Some(Self::Strace)
        } else {
            None
        }
    }
}

/// The datagrams of a record, in its order. What is damaged is an error that says where; reading goes on behind it if the
/// place is found where the record goes on. Memory is bounded by the length of the record.
pub fn packets<'b>(form: Form, bytes: &'b [u8]) -> Box<dyn Iterator<Item = Result<Packet, Damage>> + 'b> {
    match form {
        Form::Pcap => Box::new(pcap::Reader::new(bytes)),
        Form::PcapNg => Box::new(pcapng::Reader::new(bytes)),
        Form::Strace => Box::new(strace::Reader::new(bytes)),
    }
}

/// A recorded datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet {
    /// Where it stands in the record.
    pub place: Place,
    /// When it passed: since 1970; since midnight or since the first where the record tells no more than that.
    pub time: Option<Duration>,
    /// The protocol, if the record tells.
    pub protocol: Option<Protocol>,
    /// Which way it went, if the record tells; see [`Packet::way`].
    pub direction: Option<Direction>,
    /// The process whose call it was.
    pub process: Option<u32>,
    /// Datagrams of one socket have the same number here, if the record tells them apart; else it is 0.
    pub conversation: u64,
    /// The datagram, or as much as was recorded of it.
    pub bytes: Vec<u8>,
    /// Its length when it passed: more than there are bytes if it was cut.
    pub len: usize,
    /// A name of a generic family that the record has in place of its id, and the id that stands for it in the bytes.
    pub named: Option<(u16, String)>,
}

impl Packet {
    fn new(place: Place, bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        Self {
            place,
            time: None,
            protocol: None,
            direction: None,
            process: None,
            conversation: 0,
            bytes,
            len,
            named: None,
        }
    }

    /// Which way it went; if the record does not tell, as its first message looks: requests are sent.
    pub fn way(&self) -> Direction {
        self.direction.unwrap_or_else(|| Direction::of(&self.bytes))
    }

    /// Whether less of it was recorded than passed.
    pub fn is_cut(&self) -> bool {
        self.bytes.len() < self.len
    }

    /// Whether its first message makes sense in the other byte order only: that of the machine where it was recorded.
    pub fn is_foreign(&self) -> bool {
        let Some(header) = Header::read(&self.bytes) else { return false };
        let fits = |len: u32| (len as usize) >= Header::LEN && (len as usize) <= self.len;
        !fits(header.len) && fits(header.len.swap_bytes())
    }
}

impl Direction {
    /// Which way a datagram seems to have gone: what begins with a request went to the kernel side.
    pub fn of(datagram: &[u8]) -> Self {
        match messages(datagram).next() {
            Some(Ok(first)) if first.header.flags.contains(Flags::REQUEST) => Self::Sent,
            _ => Self::Received,
        }
    }
}

/// A place in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Bytes from its start.
    Offset(usize),
    /// A line, counted from 1.
    Line(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(offset) => write!(f, "offset {offset}"),
            Self::Line(line) => write!(f, "line {line}"),
        }
    }
}

/// Something in a record that cannot be read, or not in full.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// Where.
    pub place: Place,
    /// What is wrong, and what to do about it.
    pub what: String,
    /// Whether the record is sound and only tells less than there was, as `strace` does of long strings.
    pub harmless: bool,
}

impl Damage {
    fn new(place: Place, what: impl fmt::Display) -> Self {
        Self { place, what: what.to_string(), harmless: false }
    }

    fn harmless(place: Place, what: impl fmt::Display) -> Self {
        Self { harmless: true, ..Self::new(place, what) }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
impl std::error::Error for Damage {}
