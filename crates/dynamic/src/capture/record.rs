//! Writing captures.

use std::io::{self, Write};
use std::time::Duration;

use netloom_wire::Protocol;

use super::cooked;
use crate::Direction;

/// Writes a capture that Wireshark, `tcpdump` and [`packets`](super::packets) read: pcap of nanoseconds with
/// LINKTYPE_NETLINK. Each datagram is written at once, by one call, so that what was recorded stays whatever comes.
///
/// It records what it is given: [`Tracer::without_secrets`](crate::Tracer::without_secrets) takes out what is nobody's business.
#[derive(Debug)]
pub struct Recorder<W> {
    to: W,
}

impl<W: Write> Recorder<W> {
    /// As much of a datagram is recorded: more than that, Wireshark takes for damage.
    pub const MOST: usize = 262_144 - cooked::LEN;

    /// Begins a capture.
    pub fn new(mut to: W) -> io::Result<Self> {
        const MAGIC: u32 = 0xa1b2_3c4d;
        let words: [u32; 6] = [MAGIC, version(), 0, 0, 262_144, cooked::LINKTYPE];
        to.write_all(&words.map(u32::to_ne_bytes).concat())?;
        Ok(Self { to })
    }

    /// Records a datagram that passed so long after the beginning of 1970.
    pub fn record(&mut self, time: Duration, protocol: Protocol, way: Direction, datagram: &[u8]) -> io::Result<()> {
        let taken = datagram.get(..Self::MOST).unwrap_or(datagram);
        let count = |len: usize| u32::try_from(len.saturating_add(cooked::LEN)).unwrap_or(u32::MAX);
        // The format's seconds end in 2106.
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let words = [seconds, time.subsec_nanos(), count(taken.len()), count(datagram.len())];
        let head = words.map(u32::to_ne_bytes).concat();
        self.to.write_all(&[&head, &cooked::header(protocol, way)[..], taken].concat())
    }

    /// What it was written to.
    pub fn written(&self) -> &W {
        &self.to
    }
}

/// Version 2.4, two halves in the machine's order.
fn version() -> u32 {
    let ([a, b], [c, d]) = (2_u16.to_ne_bytes(), 4_u16.to_ne_bytes());
    u32::from_ne_bytes([a, b, c, d])
}
