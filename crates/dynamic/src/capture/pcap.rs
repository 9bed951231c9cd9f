//! Captures as `tcpdump` writes them.

use std::time::Duration;

use super::{Damage, Packet, Place, cooked};

const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;
const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

pub(super) fn is_one(bytes: &[u8]) -> bool {
    order(bytes).is_some()
}

/// Whether it is of the other byte order, and a second's parts.
fn order(bytes: &[u8]) -> Option<(bool, u32)> {
    let magic = u32::from_ne_bytes(*bytes.first_chunk()?);
    let parts = |magic| match magic {
        MICROS => Some(1_000_000),
        NANOS => Some(1_000_000_000),
        _ => None,
    };
    parts(magic).map(|parts| (false, parts)).or_else(|| Some((true, parts(magic.swap_bytes())?)))
}

pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    swapped: bool,
    parts: u32,
    state: State,
    /// What follows a damage.
    next: Option<Packet>,
}

enum State {
    Header,
    Records,
    End,
}

/// The header of a record.
struct Record {
    seconds: u32,
    part: u32,
    taken: usize,
    whole: usize,
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        let (swapped, parts) = order(bytes).unwrap_or((false, 1_000_000));
        Self { bytes, at: 0, swapped, parts, state: State::Header, next: None }
    }

    fn word(&self, at: usize) -> Option<u32> {
        let word = u32::from_ne_bytes(*self.bytes.get(at..)?.first_chunk()?);
        Some(if self.swapped { word.swap_bytes() } else { word })
    }

    fn damage(&self, at: usize, what: impl std::fmt::Display) -> Damage {
        Damage::new(Place::Offset(at), what)
    }

    /// Reads the file's header.
    fn begin(&mut self) -> Result<(), Damage> {
        self.state = State::End;
        if !is_one(self.bytes) {
            return Err(self.damage(0, "no capture: it does not begin with pcap's magic number"));
        }
        let Some(network) = self.word(20) else {
            let len = self.bytes.len();
            return Err(
                self.damage(0, format_args!("a capture of {len} bytes is shorter than its header ({FILE_HEADER})"))
            );
        };
        // The upper bits tell of frame check sequences.
        let link = network & 0x0fff_ffff;
        if !cooked::LINKTYPES.contains(&link) {
            return Err(self.damage(
                20,
                format_args!(
                    "the capture's link type is {link}, not netlink's ({}): record an nlmon device",
                    cooked::LINKTYPE
                ),
            ));
        }
        self.at = FILE_HEADER;
        self.state = State::Records;
        Ok(())
    }

    fn record(&self, at: usize) -> Option<Record> {
        let word = |index: usize| self.word(at.checked_add(index)?);
        let (seconds, part, taken, whole) = (word(0)?, word(4)?, word(8)?, word(12)?);
        Some(Record { seconds, part, taken: taken as usize, whole: whole as usize })
    }

    /// Whether a record of netlink seems to begin here, and to be whole.
    fn is_plausible(&self, at: usize) -> bool {
        let Some(record) = self.record(at) else { return false };
        let data = at.saturating_add(RECORD_HEADER);
        let frame = self.bytes.get(data..data.saturating_add(record.taken)).unwrap_or_default();
        record.part < self.parts && record.taken <= record.whole && cooked::is_netlink(frame)
    }

    /// Where records go on behind a damage.
    fn resume(&self, from: usize) -> Option<usize> {
        (from..self.bytes.len()).find(|at| self.is_plausible(*at))
    }

    fn packet(&self, at: usize, record: &Record, frame: &[u8]) -> Result<Packet, Damage> {
        let cooked = cooked::read(frame).map_err(|why| self.damage(at, why))?;
        let mut packet = Packet::new(Place::Offset(at), cooked.datagram.to_vec());
        packet.len = record.whole.saturating_sub(cooked::LEN).max(packet.len);
        let nanos =
            u64::from(record.part).saturating_mul(1_000_000_000_u64.checked_div(self.parts.into()).unwrap_or(1));
        packet.time = Duration::from_secs(record.seconds.into()).checked_add(Duration::from_nanos(nanos));
        packet.protocol = Some(cooked.protocol);
        packet.direction = cooked.direction;
        Ok(packet)
    }

    fn read(&mut self) -> Option<Result<Packet, Damage>> {
        if let Some(packet) = self.next.take() {
            return Some(Ok(packet));
        }
        if matches!(self.state, State::Header)
            && let Err(damage) = self.begin()
        {
            return Some(Err(damage));
        }
        if matches!(self.state, State::End) || self.at >= self.bytes.len() {
            return None;
        }
        let at = self.at;
        let data = at.saturating_add(RECORD_HEADER);
        let Some(record) = self.record(at) else {
            self.state = State::End;
            let rest = self.bytes.len().saturating_sub(at);
            return Some(Err(
                self.damage(at, format_args!("the file ends within a record's header: {rest} of 16 bytes"))
            ));
        };
        let end = data.saturating_add(record.taken);
        if let Some(frame) = self.bytes.get(data..end)
            && record.taken <= record.whole
        {
            let packet = self.packet(at, &record, frame);
            if packet.is_ok() || end == self.bytes.len() || self.record(end).is_some_and(|_| self.is_plausible(end)) {
                self.at = end;
                return Some(packet);
            }
            return Some(Err(self.skip(at, "this is no record of netlink")));
        }
        let rest = self.bytes.get(data..).unwrap_or_default();
        if record.taken <= record.whole && self.resume(at.saturating_add(1)).is_none() {
            self.state = State::End;
            self.next = self.packet(at, &record, rest).ok();
            let what = format_args!("the file ends within a packet: {} of {} bytes", rest.len(), record.taken);
            return Some(Err(self.damage(at, what)));
        }
        let what = format!("a record cannot be {} bytes of {}, {} are left", record.taken, record.whole, rest.len());
        Some(Err(self.skip(at, &what)))
    }

    /// Goes to where records go on.
    fn skip(&mut self, at: usize, what: &str) -> Damage {
        match self.resume(at.saturating_add(1)) {
            Some(next) => {
                self.at = next;
                self.damage(at, format_args!("{what}; read on at offset {next}"))
            }
            None => {
                self.state = State::End;
                self.damage(at, format_args!("{what}, and neither is anything behind it"))
            }
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Packet, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read()
    }
}
