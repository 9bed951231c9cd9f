//! Answers from a record.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use netloom_wire::{Flags, GenlHeader, Header, MessageType, Protocol, RawAttrs, RawMessage, Str, align, messages};

use super::{Damage, Form, Packet, packets};
use crate::{Direction, Families, Options, Tracer};

/// What was asked in a record, and what followed.
///
/// A request is known again by its type (of generic netlink: the family's name and the command), its flags, the family's
/// header and the attributes, in whatever order; not by its sequence number and port, nor by secrets, which a record does not
/// have. If it was asked several times, the answers come in their order, the last of them again and again. Dumps are whole;
/// events are not part of answers.
///
/// ```
/// use std::time::Duration;
/// use netloom_dynamic::capture::{Form, Recorder, Replay};
/// use netloom_dynamic::{Direction, Families};
/// use netloom_wire::{Flags, Header, MessageType, Protocol, messages};
///
/// let message = |kind, flags, seq, port| {
///     Header { len: 16, seq, port, ..Header::new(MessageType(kind), flags) }.to_bytes()
/// };
/// let mut file = Vec::new();
/// let mut recorder = Recorder::new(&mut file)?;
/// let (to, from) = (Direction::Sent, Direction::Received);
/// recorder.record(Duration::ZERO, Protocol::USERSOCK, to, &message(20, Flags::REQUEST, 7, 0))?;
/// recorder.record(Duration::ZERO, Protocol::USERSOCK, from, &message(21, Flags::NONE, 7, 4711))?;
///
/// let (mut replay, damages) = Replay::read(Families::default().into(), Form::Pcap, &file);
/// assert!(damages.is_empty());
/// let asked = message(20, Flags::REQUEST, 99, 0);
/// let answer = replay.answer(Protocol::USERSOCK, &messages(&asked).next().unwrap()?, 5).unwrap();
/// assert_eq!(answer.datagrams, [message(21, Flags::NONE, 99, 5)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Replay {
    tracer: Tracer,
    known: HashMap<Vec<u8>, Known>,
    /// What nlctrl told of families, by name and by id: the first of each.
    families: HashMap<Vec<u8>, Vec<u8>>,
    protocols: HashSet<Protocol>,
}

/// The answers to one request, as often as it was asked.
#[derive(Debug, Default)]
struct Known {
    answers: Vec<Arc<Recorded>>,
    next: usize,
}

#[derive(Debug, Default)]
struct Recorded {
    datagrams: Vec<Vec<u8>>,
    ended: bool,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The datagrams, for this request: its sequence number, its sender's port.
    pub datagrams: Vec<Vec<u8>>,
    /// Whether an acknowledgement, an error or the end of a dump is among them.
    pub ended: bool,
}

/// A request whose answer is not over.
struct Open {
    fingerprint: Vec<u8>,
    protocol: Protocol,
    header: Header,
    conversation: u64,
    /// The port that it is answered to, once something was.
    port: Option<u32>,
    /// The number that replies have, if the family is known; `Some(None)` if there are none.
    replies: Option<Option<u16>>,
    recorded: Recorded,
    /// The datagram of the record that was added to last.
    last: usize,
    place: super::Place,
}

// include/uapi/linux/genetlink.h
const NLCTRL: MessageType = MessageType(0x10);
const NEWFAMILY: u8 = 1;
const GETFAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

impl Replay {
    /// Requests that wait for an answer at once, while a record is read.
    const OPEN: usize = 4096;

    /// Reads a record. What is damaged or has no end (a dump, when recording stopped) is left out, and told.
    pub fn read(families: Arc<Families>, form: Form, bytes: &[u8]) -> (Self, Vec<Damage>) {
        let mut tracer = Tracer::new(families, Options::default());
        let mut damages = Vec::new();
        let mut all = Vec::new();
        for packet in packets(form, bytes) {
            match packet {
                Ok(packet) => all.push(packet),
                Err(damage) => damages.push(damage),
            }
        }
        for packet in &all {
            tracer.learn_ahead(packet.protocol.unwrap_or(Protocol::GENERIC), &packet.bytes);
        }
        let mut replay = Self { tracer, known: HashMap::new(), families: HashMap::new(), protocols: HashSet::new() };
        let mut open: Vec<Open> = Vec::new();
        for (index, packet) in all.iter().enumerate() {
            replay.take(index, packet, &mut open, &mut damages);
        }
        for left in open {
            replay.close(left, &mut damages);
        }
        (replay, damages)
    }

    /// The protocols of the requests that are known.
    pub fn protocols(&self) -> HashSet<Protocol> {
        self.protocols.clone()
    }

    /// How many requests are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What followed this request, which comes from this port; `None` if it is not in the record. Of a family that the record
    /// tells of in answer to whatever question, GETFAMILY is answered, too.
    pub fn answer(&mut self, protocol: Protocol, request: &RawMessage<'_>, port: u32) -> Option<Answer> {
        let fingerprint = self.tracer.fingerprint(protocol, request);
        if let Some(known) = self.known.get_mut(&fingerprint) {
            let recorded = known.answers.get(known.next).or_else(|| known.answers.last())?.clone();
            known.next = known.next.saturating_add(1);
            let datagrams = recorded.datagrams.iter().map(|datagram| addressed(datagram, request.header, port));
            return Some(Answer { datagrams: datagrams.collect(), ended: recorded.ended });
        }
        let (genl, body) = request.genl()?;
        let asks = protocol == Protocol::GENERIC && request.header.kind == NLCTRL && genl.cmd == GETFAMILY;
        if !asks || request.header.flags.contains(Flags::DUMP) {
            return None;
        }
        let attrs = RawAttrs::new(body);
        let name = attrs.last(FAMILY_NAME).and_then(|attr| attr.read::<Str>()).map(by_name);
        let id = || attrs.last(FAMILY_ID).and_then(|attr| attr.read::<u16>()).map(by_id);
        let told = self.families.get(&name.or_else(id)?)?;
        Some(Answer { datagrams: vec![addressed(told, request.header, port)], ended: false })
    }

    /// Whether a request asks nlctrl for a family.
    pub fn asks_for_family(&self, protocol: Protocol, request: &RawMessage<'_>) -> bool {
        let asks = request.genl().is_some_and(|(genl, _)| genl.cmd == GETFAMILY);
        asks && protocol == Protocol::GENERIC && request.header.kind == NLCTRL
    }

    /// A request as a line, secrets hidden.
    pub fn line(&self, protocol: Protocol, request: &RawMessage<'_>) -> String {
        self.tracer.clone().lines(protocol, Direction::Sent, request.bytes).concat()
    }

    fn take(&mut self, index: usize, packet: &Packet, open: &mut Vec<Open>, damages: &mut Vec<Damage>) {
        let protocol = packet.protocol.unwrap_or(Protocol::GENERIC);
        let way = packet.way();
        if let Some((id, name)) = &packet.named {
            self.tracer.name(*id, name);
        }
        for message in messages(&packet.bytes).map_while(Result::ok) {
            match way {
                Direction::Sent => self.asked(protocol, packet, &message, open, damages),
                Direction::Received => self.answered(protocol, index, packet, &message, open, damages),
            }
        }
        if packet.is_cut() {
            damages.push(Damage::harmless(packet.place, "cut: what is missing of it is not replayed"));
        }
    }

    fn asked(
        &mut self,
        protocol: Protocol,
        packet: &Packet,
        message: &RawMessage<'_>,
        open: &mut Vec<Open>,
        damages: &mut Vec<Damage>,
    ) {
        let header = message.header;
        if header.kind.is_control() || !header.flags.contains(Flags::REQUEST) {
            return;
        }
        // The number again is another request of the same socket, or of one that looks the same.
        let again = |open: &Open| {
            (open.protocol, open.header.seq, open.header.port, open.conversation)
                == (protocol, header.seq, header.port, packet.conversation)
        };
        let over = open.iter().position(again).or((open.len() >= Self::OPEN).then_some(0));
        if let Some(over) = over {
            let over = open.remove(over);
            self.close(over, damages);
        }
        open.push(Open {
            fingerprint: self.tracer.fingerprint(protocol, message),
            protocol,
            header,
            conversation: packet.conversation,
            port: Some(header.port).filter(|port| *port != 0),
            replies: self.tracer.reply_number(protocol, message),
            recorded: Recorded::default(),
            last: usize::MAX,
            place: packet.place,
        });
    }

    fn answered(
        &mut self,
        protocol: Protocol,
        index: usize,
        packet: &Packet,
        message: &RawMessage<'_>,
        open: &mut Vec<Open>,
        damages: &mut Vec<Damage>,
    ) {
        let header = message.header;
        if protocol == Protocol::GENERIC && header.kind == NLCTRL {
            self.told(message);
        }
        let is_last = header.kind == MessageType::ERROR || header.kind == MessageType::DONE;
        let number = match (protocol, message.genl()) {
            (Protocol::GENERIC, Some((genl, _))) => genl.cmd.into(),
            _ => header.kind.0,
        };
        let fits = |open: &Open| {
            let same =
                (open.protocol, open.header.seq, open.conversation) == (protocol, header.seq, packet.conversation);
            let expected = header.kind.is_control() || open.replies.is_none_or(|replies| replies == Some(number));
            same && expected && open.port.is_none_or(|port| port == header.port)
        };
        let sure = open.iter().position(|open| fits(open) && open.port.is_some());
        let Some(at) = sure.or_else(|| open.iter().position(fits)) else { return };
        let Some(found) = open.get_mut(at) else { return };
        found.port = Some(header.port);
        match found.recorded.datagrams.last_mut().filter(|_| found.last == index) {
            Some(datagram) => {
                datagram.resize(align(datagram.len()), 0);
                datagram.extend(message.bytes);
            }
            None => found.recorded.datagrams.push(message.bytes.to_vec()),
        }
        found.last = index;
        if is_last {
            found.recorded.ended = true;
            let over = open.remove(at);
            self.close(over, damages);
        }
    }

    /// Keeps what nlctrl told of a family.
    fn told(&mut self, message: &RawMessage<'_>) {
        let Some((GenlHeader { cmd: NEWFAMILY, .. }, body)) = message.genl() else { return };
        let attrs = RawAttrs::new(body);
        let alone = Header { flags: Flags::NONE, ..message.header }.to_bytes();
        let bytes = [&alone[..], message.payload].concat();
        if let Some(id) = attrs.last(FAMILY_ID).and_then(|attr| attr.read::<u16>()) {
            self.families.entry(by_id(id)).or_insert_with(|| bytes.clone());
        }
        if let Some(name) = attrs.last(FAMILY_NAME).and_then(|attr| attr.read::<Str>()) {
            self.families.entry(by_name(name)).or_insert(bytes);
        }
    }

    fn close(&mut self, over: Open, damages: &mut Vec<Damage>) {
        let flags = over.header.flags;
        let dumped = over.recorded.datagrams.iter().flat_map(|datagram| messages(datagram)).filter_map(Result::ok);
        let is_dump = dumped.into_iter().any(|message| message.header.flags.contains(Flags::MULTI));
        let waits = flags.contains(Flags::ACK) || flags.contains(Flags::DUMP);
        if !over.recorded.ended && (is_dump || waits && over.recorded.datagrams.is_empty()) {
            let what =
                if is_dump { "the dump that is asked for here has no end" } else { "this request has no answer" };
            let told = format_args!("{what} in the record: it is not replayed");
            damages.push(Damage::harmless(over.place, told));
            return;
        }
        self.protocols.insert(over.protocol);
        self.known.entry(over.fingerprint).or_default().answers.push(Arc::new(over.recorded));
    }
}

/// A recorded datagram for another request. Errors carry the request's header, which is that one's, too.
fn addressed(datagram: &[u8], request: Header, port: u32) -> Vec<u8> {
    // Source: linux/netlink.h, struct nlmsghdr.
    const SEQ: usize = 8;
    const PORT: usize = 12;
    const COPY: usize = Header::LEN + 4;
    let mut bytes = datagram.to_vec();
    let mut walk = messages(datagram);
    loop {
        let at = walk.offset();
        let Some(Ok(message)) = walk.next() else { return bytes };
        let mut put = |from: usize, word: u32| {
            let from = at.saturating_add(from);
            if let Some(field) = bytes.get_mut(from..from.saturating_add(4)) {
                field.copy_from_slice(&word.to_ne_bytes());
            }
        };
        put(SEQ, request.seq);
        put(PORT, port);
        if message.header.kind == MessageType::ERROR && message.error().is_some() {
            put(COPY + SEQ, request.seq);
            put(COPY + PORT, request.port);
        }
    }
}

fn by_name(name: &str) -> Vec<u8> {
    [b"name ", name.as_bytes()].concat()
}

fn by_id(id: u16) -> Vec<u8> {
    [&b"id "[..], &id.to_ne_bytes()].concat()
}
