//! Captures as Wireshark writes them: blocks, each with its type and its length at either end.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Damage, Packet, Place, cooked};

const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;

pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.first_chunk::<4>() == Some(&SECTION.to_be_bytes()) && swapped(bytes).is_some()
}

/// Whether a section that begins here is of the other byte order.
fn swapped(bytes: &[u8]) -> Option<bool> {
    match u32::from_ne_bytes(*bytes.get(8..)?.first_chunk()?) {
        BYTE_ORDER => Some(false),
        magic if magic.swap_bytes() == BYTE_ORDER => Some(true),
        _ => None,
    }
}

pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    swapped: bool,
    interfaces: Vec<Interface>,
    ready: VecDeque<Result<Packet, Damage>>,
}

struct Interface {
    link: u32,
    snap: usize,
    /// Units of time in a second.
    units: u64,
    offset: u64,
    told: bool,
}

impl<'b> Reader<'b> {
    /// The interfaces that a section may have.
    const INTERFACES: usize = 65536;

    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0, swapped: false, interfaces: Vec::new(), ready: VecDeque::new() }
    }

    fn word_of(&self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?);
        Some(if self.swapped { word.swap_bytes() } else { word })
    }

    fn half_of(&self, bytes: &[u8], at: usize) -> Option<u16> {
        let half = u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?);
        Some(if self.swapped { half.swap_bytes() } else { half })
    }

    fn fail(&mut self, at: usize, what: impl std::fmt::Display) {
        self.ready.push_back(Err(Damage::new(Place::Offset(at), what)));
    }

    /// The type and the content of the block here, if it is whole.
    fn block(&self, at: usize, swapped: bool) -> Option<(u32, &'b [u8], usize)> {
        let word = |at: usize| {
            let word = u32::from_ne_bytes(*self.bytes.get(at..)?.first_chunk()?);
            Some(if swapped { word.swap_bytes() } else { word })
        };
        let (kind, len) = (word(at)?, word(at.checked_add(4)?)? as usize);
        let end = at.checked_add(len)?;
        if len < 12 || len % 4 != 0 || word(end.checked_sub(4)?)? as usize != len {
            return None;
        }
        Some((kind, self.bytes.get(at.checked_add(8)?..end.checked_sub(4)?)?, end))
    }

    /// The byte order of the block here: a section brings its own.
    fn order(&self, at: usize) -> bool {
        let rest = self.bytes.get(at..).unwrap_or_default();
        match rest.first_chunk::<4>() {
            Some(kind) if *kind == SECTION.to_be_bytes() => swapped(rest).unwrap_or(self.swapped),
            _ => self.swapped,
        }
    }

    /// Reads one block.
    fn step(&mut self) {
        let at = self.at;
        let swapped = self.order(at);
        let Some((kind, content, end)) = self.block(at, swapped) else {
            // Blocks begin at multiples of four.
            let from = at.saturating_add(4);
            let next = (from..self.bytes.len()).step_by(4).find(|at| self.block(*at, self.order(*at)).is_some());
            self.at = next.unwrap_or(self.bytes.len());
            match next {
                Some(next) => self.fail(at, format_args!("no whole block begins here; read on at offset {next}")),
                None => self.fail(at, "no whole block begins here, nor behind it: the file was cut or damaged"),
            }
            return;
        };
        self.at = end;
        match kind {
            SECTION => {
                self.swapped = swapped;
                self.interfaces.clear();
            }
            INTERFACE => self.interface(at, content),
            PACKET => {
                let words = (self.word_of(content, 0), self.word_of(content, 4), self.word_of(content, 8));
                let (Some(interface), Some(high), Some(low)) = words else {
                    return self.fail(at, "a short packet block");
                };
                let stamp = u64::from(high) << 32 | u64::from(low);
                self.packet(at, interface as usize, Some(stamp), content, 12);
            }
            OLD_PACKET => {
                let (interface, words) =
                    (self.half_of(content, 0), (self.word_of(content, 4), self.word_of(content, 8)));
                let (Some(interface), (Some(high), Some(low))) = (interface, words) else {
                    return self.fail(at, "a short packet block");
                };
                let stamp = u64::from(high) << 32 | u64::from(low);
                self.packet(at, interface.into(), Some(stamp), content, 12);
            }
            SIMPLE_PACKET => self.simple(at, content),
            // Names, statistics, secrets, comments.
            _ => {}
        }
    }

    fn interface(&mut self, at: usize, content: &[u8]) {
        let (Some(link), Some(snap)) = (self.half_of(content, 0), self.word_of(content, 4)) else {
            return self.fail(at, "a short interface block");
        };
        if self.interfaces.len() >= Self::INTERFACES {
            return self.fail(at, "more interfaces than a capture can have");
        }
        let (mut units, mut offset) = (1_000_000, 0);
        let mut options = content.get(8..).unwrap_or_default();
        while let (Some(code), Some(len)) = (self.half_of(options, 0), self.half_of(options, 2)) {
            const END: u16 = 0;
            const RESOLUTION: u16 = 9;
            const OFFSET: u16 = 14;
            let len = usize::from(len);
            let value = options.get(4..len.saturating_add(4)).unwrap_or_default();
            match (code, value) {
                (END, _) => break,
                // A power of ten, or of two where the top bit is set.
                (RESOLUTION, [power]) => {
                    let base: u64 = if power & 0x80 == 0 { 10 } else { 2 };
                    units = base.checked_pow((power & 0x7f).into()).unwrap_or(u64::MAX);
                }
                (OFFSET, [a, b, c, d, e, f, g, h]) => {
                    let seconds = u64::from_ne_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                    offset = if self.swapped { seconds.swap_bytes() } else { seconds };
                }
                _ => {}
            }
            options = options.get(netloom_wire::align(len).saturating_add(4)..).unwrap_or_default();
        }
        let snap = if snap == 0 { usize::MAX } else { snap as usize };
        self.interfaces.push(Interface { link: link.into(), snap, units, offset, told: false });
    }

    /// A packet whose lengths stand at this place of the block.
    fn packet(&mut self, at: usize, interface: usize, stamp: Option<u64>, content: &[u8], lengths: usize) {
        let taken = self.word_of(content, lengths);
        let whole = self.word_of(content, lengths.saturating_add(4));
        let data = lengths.saturating_add(8);
        let (Some(taken), Some(whole)) = (taken, whole) else { return self.fail(at, "a short packet block") };
        let Some(frame) = content.get(data..data.saturating_add(taken as usize)) else {
            return self.fail(at, format_args!("a packet cannot be {taken} bytes in a block of {}", content.len()));
        };
        self.frame(at, interface, stamp, frame, whole as usize);
    }

    /// A packet without a time; what was taken of it is what the interface takes of packets.
    fn simple(&mut self, at: usize, content: &[u8]) {
        let snap = self.interfaces.first().map_or(usize::MAX, |interface| interface.snap);
        let Some(whole) = self.word_of(content, 0) else { return self.fail(at, "a short packet block") };
        let whole = whole as usize;
        let rest = content.get(4..).unwrap_or_default();
        let Some(frame) = rest.get(..whole.min(snap)) else {
            return self.fail(at, format_args!("a packet cannot be {whole} bytes in a block of {}", content.len()));
        };
        self.frame(at, 0, None, frame, whole);
    }

    fn frame(&mut self, at: usize, interface: usize, stamp: Option<u64>, frame: &[u8], whole: usize) {
        let Some(known) = self.interfaces.get_mut(interface) else {
            return self.fail(at, format_args!("a packet of interface {interface}, which the capture does not have"));
        };
        if !cooked::LINKTYPES.contains(&known.link) {
            if !std::mem::replace(&mut known.told, true) {
                let link = known.link;
                self.fail(
                    at,
                    format_args!(
                        "interface {interface} is no netlink (link type {link}, not {}): its packets are passed over",
                        cooked::LINKTYPE
                    ),
                );
            }
            return;
        }
        let time = stamp.and_then(|stamp| {
            let seconds = Duration::from_secs(stamp.checked_div(known.units)?.checked_add(known.offset)?);
            let part = u128::from(stamp.checked_rem(known.units)?).checked_mul(1_000_000_000)?;
            let nanos = u64::try_from(part.checked_div(known.units.into())?).ok()?;
            seconds.checked_add(Duration::from_nanos(nanos))
        });
        match cooked::read(frame) {
            Err(why) => self.fail(at, why),
            Ok(cooked) => {
                let mut packet = Packet::new(Place::Offset(at), cooked.datagram.to_vec());
                packet.len = whole.saturating_sub(cooked::LEN).max(packet.len);
                packet.time = time;
                packet.protocol = Some(cooked.protocol);
                packet.direction = cooked.direction;
                self.ready.push_back(Ok(packet));
            }
        }
    }
}

impl Iterator for Reader<'_> {
    type Item = Result<Packet, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.at >= self.bytes.len() {
                return None;
            }
            self.step();
        }
    }
}
