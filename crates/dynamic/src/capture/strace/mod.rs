//! What `strace` prints of netlink sockets, with or without `-f`, `-xx`, `-y`, `-t`, and with hexadecimal dumps
//! (`-e read=all -e write=all`), whose bytes go before those of the arguments.

mod call;
mod descriptors;
mod message;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use netloom_wire::{Protocol, align};

use self::call::{Call, Value};
use self::descriptors::Descriptors;
use self::message::Names;
use super::{Damage, Packet, Place};
use crate::Direction;

/// Whether a line that looks like a call stands near the top.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    // Captures and hexadecimal do not get so far.
    const LINES: usize = 200;
    bytes.split(|byte| *byte == b'\n').take(LINES).any(|line| {
        let Ok(line) = std::str::from_utf8(line) else { return false };
        let line = Line::of(line);
        line.text.starts_with("+++ ") || line.text.starts_with("<... ") || call::name(line.text).is_some()
    })
}

pub(super) struct Reader<'b> {
    rest: &'b [u8],
    line: usize,
    descriptors: Descriptors,
    unfinished: HashMap<u32, (Duration, Option<Duration>, String)>,
    names: Names,
    /// Time of relative stamps so far.
    clock: Duration,
    /// The datagrams of the last call, whose dump may follow.
    held: Held,
    ready: VecDeque<Result<Packet, Damage>>,
    short: Option<(Place, usize)>,
    ended: bool,
}

/// Datagrams that wait for their dumps.
#[derive(Default)]
struct Held {
    packets: Vec<(Packet, bool)>,
    dumps: Vec<Vec<u8>>,
}

/// A line, taken apart.
struct Line<'l> {
    process: u32,
    time: Option<Stamp>,
    text: &'l str,
}

enum Stamp {
    Absolute(Duration),
    SinceLast(Duration),
}

impl<'l> Line<'l> {
    fn of(line: &'l str) -> Self {
        let mut found = Self { process: 0, time: None, text: line.trim() };
        if let Some((process, rest)) = found.text.strip_prefix("[pid ").and_then(|rest| rest.split_once(']'))
            && let Ok(process) = process.trim().parse()
        {
            (found.process, found.text) = (process, rest.trim_start());
        }
        while let Some((token, rest)) = found.text.split_once(char::is_whitespace) {
            if token.starts_with("(+") {
                // Relative stamps behind absolute ones.
                let Some((_, rest)) = found.text.split_once(')') else { break };
                found.text = rest.trim_start();
                continue;
            }
            match (token.parse::<u32>(), stamp(token)) {
                (Ok(process), _) if found.process == 0 && found.time.is_none() => found.process = process,
                (_, Some(stamp)) => found.time = Some(stamp),
                _ => break,
            }
            found.text = rest.trim_start();
        }
        found
    }
}

/// `12:34:56.789`, `1700000000.123456`, or `0.000123` since the last.
fn stamp(token: &str) -> Option<Stamp> {
    if !token.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let seconds = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let nanos: String = part.chars().chain("000000000".chars()).take(9).collect();
        Some(Duration::new(whole.parse().ok()?, nanos.parse().ok()?))
    };
    let mut fields = token.split(':');
    match (fields.next(), fields.next(), fields.next(), fields.next()) {
        (Some(hours), Some(minutes), Some(rest), None) => {
            let count = |text: &str, worth: u64| text.parse::<u64>().ok()?.checked_mul(worth);
            let whole = count(hours, 3600)?.checked_add(count(minutes, 60)?)?;
            Duration::from_secs(whole).checked_add(seconds(rest)?).map(Stamp::Absolute)
        }
        (Some(text), None, ..) if text.contains('.') => {
            let time = seconds(text)?;
            let year = Duration::from_secs(365 * 86400);
            Some(if time < year { Stamp::SinceLast(time) } else { Stamp::Absolute(time) })
        }
        _ => None,
    }
}

impl<'b> Reader<'b> {
    /// Calls that may be under way at once.
    const MOST: usize = 65536;

    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self {
            rest: bytes,
            line: 0,
            descriptors: Descriptors::default(),
            unfinished: HashMap::new(),
            names: Names::default(),
            clock: Duration::ZERO,
            held: Held::default(),
            ready: VecDeque::new(),
            short: None,
            ended: false,
        }
    }

    fn read(&mut self, place: Place, line: &[u8]) {
        // What is no text counts one byte, as it does in the file.
        let text = String::from_utf8_lossy(line).replace(char::REPLACEMENT_CHARACTER, "?");
        if let Some(bytes) = dump_row(&text) {
            if let Some(dump) = self.held.dumps.last_mut() {
                dump.extend(bytes);
            }
            return;
        }
        if let Some(words) = text.trim_end().strip_prefix(" = ").filter(|words| words.contains(" vector ")) {
            // sendmmsg and recvmmsg: a vector is a datagram.
            if !words.ends_with(" vector 0") {
                self.held.dumps.push(Vec::new());
            }
            return;
        }
        if text.starts_with(" * ") && text.contains(" bytes in buffer ") {
            return;
        }
        self.release();
        let Line { process, time, text } = Line::of(&text);
        let time = match time {
            Some(Stamp::Absolute(time)) => Some(time),
            Some(Stamp::SinceLast(time)) => {
                self.clock = self.clock.saturating_add(time);
                Some(self.clock)
            }
            None => None,
        };
        if let Some(begun) = text.strip_suffix("<unfinished ...>") {
            if self.unfinished.len() < Self::MOST && call::name(begun).is_some() {
                self.unfinished.insert(process, (self.clock, time, begun.to_owned()));
            }
        } else if let Some(resumed) = text.strip_prefix("<... ") {
            let Some((_, end)) = resumed.split_once(" resumed>") else { return };
            match self.unfinished.remove(&process) {
                Some((_, time, begun)) => self.call(place, process, time, &format!("{}{end}", begun.trim_end())),
                None => {
                    let known = ["send", "recv"].iter().any(|name| resumed.starts_with(name));
                    if known && text.contains("nlmsg_len=") {
                        self.fail(place, "the beginning of this call is not in the trace");
                    }
                }
            }
        } else {
            self.call(place, process, time, text);
        }
    }

    fn fail(&mut self, place: Place, what: impl std::fmt::Display) {
        self.ready.push_back(Err(Damage::new(place, what)));
    }

    fn call(&mut self, place: Place, process: u32, time: Option<Duration>, text: &str) {
        let Some(name) = call::name(text) else { return };
        let (way, shape) = match name {
            "send" | "sendto" | "write" => (Direction::Sent, Shape::Buffer),
            "recv" | "recvfrom" | "read" => (Direction::Received, Shape::Buffer),
            "sendmsg" => (Direction::Sent, Shape::Message),
            "recvmsg" => (Direction::Received, Shape::Message),
            "sendmmsg" => (Direction::Sent, Shape::Messages),
            "recvmmsg" | "recvmmsg_time64" => (Direction::Received, Shape::Messages),
            "writev" => (Direction::Sent, Shape::Vector),
            "readv" => (Direction::Received, Shape::Vector),
            _ => return self.descriptors.heed(process, name, text),
        };
        let Some(call) = call::call(text) else {
            if text.contains("nlmsg_len=") || text.contains("sa_family=AF_NETLINK") {
                self.fail(place, format_args!("cannot make out the arguments of this {name}: is the line whole?"));
            }
            return;
        };
        let Some((number, said)) = call.args.first().and_then(Value::descriptor) else { return };
        let Some(protocol) = self.descriptors.netlink(process, number, said, &call) else { return };
        let result = call.result.unwrap_or(-1);
        let refused = result < 0 && way == Direction::Sent;
        if refused && call.result.is_some() {
            let note = Damage::harmless(place, format_args!("this {name} failed: {}", call.told));
            self.ready.push_back(Err(note));
        }
        let peeks = call.args.iter().filter_map(Value::word).any(|word| word.split('|').any(|flag| flag == "MSG_PEEK"));
        if result <= 0 || peeks || (way == Direction::Received && self.peeks_by_number(&call)) {
            return;
        }
        let datagrams: Vec<(Vec<&Value>, i64)> = match shape {
            Shape::Buffer => vec![(call.args.get(1).into_iter().collect(), result)],
            Shape::Vector => vec![(buffers(call.args.get(1)), result)],
            Shape::Message => vec![(buffers(call.args.get(1).and_then(|m| m.field("msg_iov"))), result)],
            Shape::Messages => {
                let Some(Value::List(list)) = call.args.get(1) else { return };
                let count = usize::try_from(result).unwrap_or(0);
                let each = list.iter().take(count).map(|entry| {
                    let len = entry.field("msg_len").and_then(Value::number).unwrap_or(0);
                    (buffers(entry.field("msg_hdr").and_then(|head| head.field("msg_iov"))), len)
                });
                each.collect()
            }
        };
        for (index, (buffers, len)) in datagrams.into_iter().enumerate() {
            let mut packets = self.datagram(place, protocol, &buffers, usize::try_from(len).unwrap_or(0));
            for packet in &mut packets {
                packet.time = time;
                packet.protocol = protocol;
                packet.direction = Some(way);
                packet.process = Some(process).filter(|process| *process != 0);
                packet.conversation = u64::from(process) << 32 | u64::from(number.cast_unsigned());
            }
            let first = packets.into_iter().enumerate().map(|(part, packet)| (packet, part == 0));
            self.held.packets.extend(first);
            if index == 0 {
                self.held.dumps.push(Vec::new());
            }
        }
    }

    /// With `-X raw`, flags are numbers: the last of recvfrom's and recvmsg's that is one.
    fn peeks_by_number(&self, call: &Call<'_>) -> bool {
        // Source: linux/socket.h.
        const MSG_PEEK: i64 = 2;
        let flags = match call.name {
            "recvmsg" => call.args.get(2),
            "recv" | "recvfrom" => call.args.get(3),
            _ => None,
        };
        flags.and_then(Value::number).is_some_and(|flags| flags & MSG_PEEK != 0)
    }

    fn datagram(&mut self, place: Place, protocol: Option<Protocol>, buffers: &[&Value], len: usize) -> Vec<Packet> {
        let mut bytes = Vec::new();
        let mut pieces = Vec::new();
        for buffer in buffers {
            match buffer {
                Value::Text { bytes: shown, .. } => bytes.extend(shown),
                value if message::is_one(value) => pieces.extend(message::pieces(value, protocol, &mut self.names)),
                _ => {}
            }
        }
        if pieces.is_empty() {
            bytes.truncate(len);
            let mut packet = Packet::new(place, bytes);
            packet.len = len.max(packet.len);
            return vec![packet];
        }
        let whole = pieces.iter().all(|piece| piece.bytes.len() == piece.len);
        if whole {
            let named = pieces.iter().find_map(|piece| piece.named.clone());
            for piece in pieces {
                bytes.resize(align(bytes.len()), 0);
                bytes.extend(piece.bytes);
            }
            let mut packet = Packet::new(place, bytes);
            packet.named = named;
            return vec![packet];
        }
        // Each by itself, so that one which is cut does not hide those behind it.
        let apart = pieces.into_iter().map(|piece| {
            let mut packet = Packet::new(place, piece.bytes);
            (packet.len, packet.named) = (piece.len, piece.named);
            packet
        });
        apart.collect()
    }

    /// Hands on what was held, with the bytes of its dumps.
    fn release(&mut self) {
        let Held { packets, dumps } = std::mem::take(&mut self.held);
        let mut dumps = dumps.into_iter();
        let mut dump = Vec::new();
        for (mut packet, is_first) in packets {
            if is_first {
                dump = dumps.next().unwrap_or_default();
                if !dump.is_empty() {
                    packet.len = packet.len.max(dump.len());
                    packet.bytes = dump.clone();
                    packet.named = None;
                }
            } else if !dump.is_empty() {
                // It is in the dump already.
                continue;
            }
            if packet.is_cut() {
                let count = self.short.map_or(0, |(_, count)| count);
                let first = self.short.map_or(packet.place, |(first, _)| first);
                self.short = Some((first, count.saturating_add(1)));
            }
            self.ready.push_back(Ok(packet));
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.release();
        if let Some((place, count)) = self.short {
            let more = match count.saturating_sub(1) {
                0 => String::new(),
                more => format!(" (and in {more} more)"),
            };
            let what = format_args!(
                "strace shows less than there was{more}: run it with -xx -s 65536 -e write=all -e read=all for all bytes"
            );
            self.ready.push_back(Err(Damage::harmless(place, what)));
        }
    }
}

/// How a call has its datagrams.
#[derive(Clone, Copy)]
enum Shape {
    Buffer,
    Message,
    Messages,
    Vector,
}

/// The buffers of an iovec.
fn buffers(vector: Option<&Value>) -> Vec<&Value> {
    match vector {
        Some(Value::List(list)) => list.iter().filter_map(|entry| entry.field("iov_base")).collect(),
        _ => Vec::new(),
    }
}

/// The bytes of a row such as ` | 00000  20 00 00 00 10 00 05 00  00 00 …   ....`.
fn dump_row(line: &str) -> Option<Vec<u8>> {
    const WIDTH: usize = 16 * 3 + 1;
    let row = line.strip_prefix(" | ")?;
    let (offset, rest) = row.split_once("  ")?;
    if offset.len() < 5 || !offset.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits = rest.get(..WIDTH.min(rest.len()))?;
    digits.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).ok().filter(|_| pair.len() == 2)).collect()
}

impl Iterator for Reader<'_> {
    type Item = Result<Packet, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.rest.is_empty() {
                if self.ended {
                    return None;
                }
                self.end();
                continue;
            }
            let end = self.rest.iter().position(|byte| *byte == b'\n').unwrap_or(self.rest.len());
            let line = self.rest.get(..end).unwrap_or_default();
            self.rest = self.rest.get(end.saturating_add(1)..).unwrap_or_default();
            self.line = self.line.saturating_add(1);
            self.read(Place::Line(self.line), line);
        }
    }
}
