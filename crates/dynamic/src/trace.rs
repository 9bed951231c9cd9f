//! Messages as lines to read: what `--trace` prints.

mod boxes;
mod fingerprint;
mod objects;
mod uevent;
mod wipe;

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

use netloom_wire::{
    Errno, ErrorMessage, ExtAck, Flags, Header, Malformed, MessageType, ModeInfo, OpInfo, PolicyNote, Protocol,
    RawAttrs, RawMessage, align, messages,
};

use crate::{Families, Family, Layout, Options, text};

/// Which way a datagram went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the kernel side.
    Sent,
    /// From the kernel side.
    Received,
}

/// Turns datagrams into lines, one a message: what they are and hold, by the schemas of the families that are known.
///
/// Ids of generic families are learned from the answers of nlctrl that go by; errors are traced back to the attribute
/// of the request. What has no schema is shown as hexadecimal.
///
/// ```
/// use netloom_dynamic::{Direction, Families, Options, Tracer};
/// use netloom_wire::{Flags, Header, MessageType, Protocol};
/// let mut tracer = Tracer::new(Families::default().into(), Options::default());
/// let header = Header { len: 18, seq: 7, ..Header::new(MessageType(3), Flags::REQUEST | Flags::ACK) };
/// let datagram = [&header.to_bytes()[..], &[1, 2]].concat();
/// let lines = tracer.lines(Protocol::USERSOCK, Direction::Sent, &datagram);
/// assert_eq!(lines, ["-> done seq 7: 0102"]);
/// ```
#[derive(Clone, Debug)]
pub struct Tracer {
    families: Arc<Families>,
    options: Options,
    /// Names of generic families by the ids that nlctrl told.
    names: HashMap<u16, String>,
    /// The family that ids belong to which nlctrl did not tell, or that messages of its protocol do.
    assumed: Option<&'static Family>,
    /// The last requests, the newest last.
    asked: VecDeque<Asked>,
    /// Whose requests and answers those are that go by.
    conversation: u64,
}

/// A request that may still be answered.
#[derive(Clone, Debug)]
struct Asked {
    conversation: u64,
    protocol: Protocol,
    header: Header,
    payload: Vec<u8>,
}

impl Tracer {
    /// How many requests are remembered.
    const REMEMBERED: usize = 256;
    const NLCTRL: u16 = 0x10;

    /// Knows these families, and no ids yet but nlctrl's.
    pub fn new(families: Arc<Families>, options: Options) -> Self {
        let names = HashMap::from([(Self::NLCTRL, "nlctrl".to_owned())]);
        Self { families, options, names, assumed: None, asked: VecDeque::new(), conversation: 0 }
    }

    /// Says which generic family has this id, where no answer of nlctrl goes by that would.
    pub fn name(&mut self, id: u16, family: &str) {
        self.names.insert(id, family.to_owned());
    }

    /// Says whose messages are those that would be nobody's.
    pub fn assume(&mut self, family: &'static Family) {
        self.assumed = Some(family);
    }

    /// Says whose datagrams follow, where those of several sockets go by: their sequence numbers may be the same.
    pub fn conversation(&mut self, number: u64) {
        self.conversation = number;
    }

    /// Learns the names of families from what nlctrl tells in this datagram, those alone that no other has told.
    pub fn learn_ahead(&mut self, protocol: Protocol, datagram: &[u8]) {
        if protocol != Protocol::GENERIC {
            return;
        }
        for message in messages(datagram).map_while(Result::ok).filter(|message| message.header.kind.0 == Self::NLCTRL)
        {
            if let Some((id, Some(name))) = named_by(&message) {
                self.names.entry(id).or_insert_with(|| name.to_owned());
            }
        }
    }

    /// The ids of generic families in this datagram that have no name yet.
    pub fn nameless(&self, protocol: Protocol, datagram: &[u8]) -> Vec<u16> {
        let ids = messages(datagram).map_while(Result::ok).map(|message| message.header.kind);
        let ids = ids.filter(|kind| !kind.is_control() && protocol == Protocol::GENERIC).map(|kind| kind.0);
        ids.filter(|id| self.name_of(*id).is_none()).collect()
    }

    /// A line for each message of a datagram, and one for bytes in it that are none.
    pub fn lines(&mut self, protocol: Protocol, direction: Direction, datagram: &[u8]) -> Vec<String> {
        if protocol == Protocol::KOBJECT_UEVENT {
            return vec![plain(uevent::line(arrow(direction), datagram))];
        }
        messages(datagram)
            .map(|message| match message {
                Ok(message) => self.line(protocol, direction, &message),
                Err(malformed) => self.malformed(protocol, direction, datagram, malformed),
            })
            .collect()
    }

    fn line(&mut self, protocol: Protocol, direction: Direction, message: &RawMessage<'_>) -> String {
        let header = message.header;
        let arrow = arrow(direction);
        if header.kind.is_control() {
            return plain(format!("{arrow} {}", self.control(protocol, direction, message)));
        }
        self.heed(protocol, direction, message);
        let known = self.known(protocol, direction, message);
        let mut line = match &known {
            Some(known) => format!("{arrow} {} {}", known.family.info.name, known.op.name),
            None => format!("{arrow} {}", self.stranger(protocol, message)),
        };
        let is_dump = known.as_ref().is_some_and(|known| known.dumps) || header.flags.contains(Flags::DUMP);
        for word in flag_words(header.flags, direction, is_dump) {
            let _ = write!(line, " {word}");
        }
        let _ = write!(line, " seq {}: ", header.seq);
        match known {
            Some(known) => line.push_str(&known.layout.decode(known.body, &self.options).to_string()),
            None => line.push_str(&text::hex(message.payload, "")),
        }
        let line = plain(line);
        if direction == Direction::Sent {
            self.remember(protocol, message);
        }
        line
    }

    fn remember(&mut self, protocol: Protocol, message: &RawMessage<'_>) {
        while self.asked.len() >= Self::REMEMBERED {
            self.asked.pop_front();
        }
        let conversation = self.conversation;
        self.asked.push_back(Asked {
            conversation,
            protocol,
            header: message.header,
            payload: message.payload.to_vec(),
        });
    }

    /// The name of the generic family of this id.
    fn name_of(&self, id: u16) -> Option<&str> {
        let assumed = || self.assumed.filter(|family| family.info.protocol == Protocol::GENERIC);
        self.names.get(&id).map(String::as_str).or_else(|| assumed().map(|family| family.info.name))
    }

    /// Learns from what nlctrl tells.
    fn heed(&mut self, protocol: Protocol, direction: Direction, message: &RawMessage<'_>) {
        if direction == Direction::Received && protocol == Protocol::GENERIC && message.header.kind.0 == Self::NLCTRL {
            self.learn(message);
        }
    }

    /// Remembers which family has which id, as nlctrl tells.
    fn learn(&mut self, message: &RawMessage<'_>) {
        match named_by(message) {
            Some((id, Some(name))) => drop(self.names.insert(id, name.to_owned())),
            Some((id, None)) => drop(self.names.remove(&id)),
            None => {}
        }
    }

    /// What the message is, if its family and op are known.
    fn known<'m>(&self, protocol: Protocol, direction: Direction, message: &RawMessage<'m>) -> Option<Known<'m>> {
        let (family, number, body): (Vec<&'static Family>, u16, &[u8]) = if protocol == Protocol::GENERIC {
            let (genl, body) = message.genl()?;
            let name = self.name_of(message.header.kind.0)?;
            (vec![self.families.on_the_wire(name)?], genl.cmd.into(), body)
        } else {
            let mut families = self.families.of_protocol(protocol);
            families.sort_by_key(|family| self.assumed.is_none_or(|assumed| assumed.info.name != family.info.name));
            (families, message.header.kind.0, message.payload)
        };
        let known = |family: &'static Family| {
            let (op, layout, dumps) = match direction {
                Direction::Sent => request(family, number, message.header.flags),
                Direction::Received => self.answer(family, protocol, number, message.header.seq),
            }?;
            Some(Known { family, op, layout, dumps, body })
        };
        family.into_iter().find_map(known)
    }

    /// A reply to the request of this sequence number, else a notification, else whatever has this number.
    fn answer(&self, family: &'static Family, protocol: Protocol, number: u16, seq: u32) -> Option<Found> {
        let asked = self.asked(protocol, seq).and_then(|asked| {
            let request_number = if protocol == Protocol::GENERIC {
                asked.payload.first().copied()?.into()
            } else {
                asked.header.kind.0
            };
            let same_family = protocol != Protocol::GENERIC
                || self.name_of(asked.header.kind.0).is_some_and(|name| name == family.info.name);
            let (op, _, dumps) = request(family, request_number, asked.header.flags).filter(|_| same_family)?;
            let mode = if dumps { op.dump } else { op.doit }.filter(|mode| mode.reply == Some(number))?;
            Some((op, family.reply(op, &mode), dumps))
        });
        let notified = || family.notification(number).map(|(op, layout)| (op, layout, false));
        let any = || {
            family.info.ops.iter().find_map(|op| {
                let mode = op.doit.iter().chain(&op.dump).find(|mode| mode.reply == Some(number))?;
                Some((op, family.reply(op, mode), false))
            })
        };
        asked.or_else(notified).or_else(any)
    }

    fn asked(&self, protocol: Protocol, seq: u32) -> Option<&Asked> {
        let is_it = |asked: &&Asked| {
            asked.conversation == self.conversation && asked.protocol == protocol && asked.header.seq == seq
        };
        self.asked.iter().rev().find(is_it)
    }

    /// What is left to say of a message whose family or op is not known.
    fn stranger(&self, protocol: Protocol, message: &RawMessage<'_>) -> String {
        let kind = message.header.kind.0;
        match message.genl().filter(|_| protocol == Protocol::GENERIC) {
            Some((genl, _)) => match self.name_of(kind) {
                Some(name) => format!("{name} command {}", genl.cmd),
                None => format!("family {kind} command {}", genl.cmd),
            },
            None => format!("{protocol} type {kind}"),
        }
    }

    fn control(&self, protocol: Protocol, direction: Direction, message: &RawMessage<'_>) -> String {
        let seq = message.header.seq;
        match (message.header.kind, direction) {
            (MessageType::ERROR, _) => match message.error() {
                Some(error) => self.verdict(protocol, seq, &error),
                None => format!("error seq {seq}: {}", text::hex(message.payload, "")),
            },
            (MessageType::DONE, Direction::Received) => match message.payload.split_first_chunk::<4>() {
                Some((errno, rest)) => {
                    let errno = Errno::from_wire(i32::from_ne_bytes(*errno));
                    let said = ExtAck::read(rest);
                    let torn = if message.header.flags.contains(Flags::DUMP_INTR) { " DUMP_INTR" } else { "" };
                    match (errno.0, said.message) {
                        (0, None) => format!("done{torn} seq {seq}"),
                        (0, Some(text)) => format!("done{torn} seq {seq}: {text}"),
                        (_, Some(text)) => format!("done{torn} seq {seq}: {errno}: {text}"),
                        (_, None) => format!("done{torn} seq {seq}: {errno}"),
                    }
                }
                None => format!("done seq {seq}"),
            },
            (kind, _) => {
                let word = match kind {
                    MessageType::NOOP => "noop".to_owned(),
                    MessageType::DONE => "done".to_owned(),
                    MessageType::OVERRUN => "overrun".to_owned(),
                    MessageType(number) => format!("control type {number}"),
                };
                format!("{word} seq {seq}: {}", text::hex(message.payload, ""))
            }
        }
    }

    /// An acknowledgement or an error, with the name of the attribute that it blames.
    fn verdict(&self, protocol: Protocol, seq: u32, error: &ErrorMessage<'_>) -> String {
        let said = error.ext_ack;
        if error.errno == Errno(0) {
            return match said.message {
                Some(text) => format!("ack seq {seq}: {text}"),
                None => format!("ack seq {seq}"),
            };
        }
        let mut line = format!("error seq {seq}: {}", error.errno);
        if let Some(path) = self.blamed(protocol, seq, &said) {
            let _ = write!(line, ": {path}");
        }
        if let Some(text) = said.message {
            let _ = write!(line, ": {text}");
        }
        if let Some(note) = said.policy.and_then(PolicyNote::read) {
            let _ = write!(line, " ({note})");
        }
        line
    }

    fn blamed(&self, protocol: Protocol, seq: u32, said: &ExtAck<'_>) -> Option<String> {
        let asked = self.asked(protocol, seq)?;
        let message = RawMessage { header: asked.header, payload: &asked.payload, bytes: asked.payload.as_slice() };
        let known = self.known(protocol, Direction::Sent, &message)?;
        let attrs = RawAttrs::new(known.body.get(align(known.layout.header.size)..).unwrap_or_default());
        let front = Header::LEN.saturating_add(asked.payload.len()).saturating_sub(attrs.bytes().len());
        // An offset counts from the start of the request's header.
        let inside = |offset: u32| (offset as usize).checked_sub(front);
        if let Some(id) = said.missing.and_then(|id| u16::try_from(id).ok()) {
            let path = known.layout.schema.path_of_missing(attrs, said.missing_nest.and_then(inside), id);
            return Some(format!("{path} is missing"));
        }
        let path = known.layout.schema.path_at(attrs, said.offset.and_then(inside)?)?;
        Some(path.to_string())
    }

    /// What may be shown of bytes that are no message. A cut message may hold a secret, its header does not; of a protocol
    /// whose families nobody knows, messages are shown whole as well.
    fn shown<'d>(&self, protocol: Protocol, rest: &'d [u8]) -> &'d [u8] {
        let open = protocol != Protocol::GENERIC && self.families.of_protocol(protocol).is_empty();
        if open || self.options.show_secrets { rest } else { rest.get(..Header::LEN).unwrap_or(rest) }
    }

    fn malformed(&self, protocol: Protocol, direction: Direction, datagram: &[u8], malformed: Malformed) -> String {
        let rest = datagram.get(malformed.offset..).unwrap_or_default();
        let shown = self.shown(protocol, rest);
        let more = if shown.len() < rest.len() { "…" } else { "" };
        format!("{} malformed: {malformed}: {}{more}", arrow(direction), text::hex(shown, ""))
    }
}

/// The id that nlctrl tells of, and the family that has it now.
// net/netlink/genetlink.c: ctrl_fill_info
fn named_by<'m>(message: &RawMessage<'m>) -> Option<(u16, Option<&'m str>)> {
    const NEWFAMILY: u8 = 1;
    const DELFAMILY: u8 = 2;
    const FAMILY_ID: u16 = 1;
    const FAMILY_NAME: u16 = 2;
    let (genl, body) = message.genl()?;
    let attrs = RawAttrs::new(body);
    let id = attrs.last(FAMILY_ID)?.read::<u16>()?;
    match genl.cmd {
        NEWFAMILY => Some((id, Some(attrs.last(FAMILY_NAME)?.read::<netloom_wire::Str>()?))),
        DELFAMILY => Some((id, None)),
        _ => None,
    }
}

/// A message whose op is known.
struct Known<'m> {
    family: &'static Family,
    op: &'static OpInfo,
    layout: Layout,
    dumps: bool,
    body: &'m [u8],
}

/// An op, the layout of one of its messages, and whether it is dumped.
type Found = (&'static OpInfo, Layout, bool);

fn request(family: &'static Family, number: u16, flags: Flags) -> Option<Found> {
    let find = |mode: fn(&OpInfo) -> Option<ModeInfo>, dumps: bool| {
        let of = |op: &'static OpInfo| Some((op, mode(op).filter(|mode| mode.request == number)?));
        let (op, mode) = family.info.ops.iter().find_map(of)?;
        Some((op, family.request(op, &mode), dumps))
    };
    // net/netlink/genetlink.c: genl_family_rcv_msg; net/core/rtnetlink.c: rtnetlink_rcv_msg
    if flags.contains(Flags::DUMP) {
        find(|op| op.dump, true).or_else(|| find(|op| op.doit, false))
    } else {
        find(|op| op.doit, false).or_else(|| find(|op| op.dump, true))
    }
}

/// The line without characters that would speak to the terminal: texts in it are a peer's.
fn plain(line: String) -> String {
    if !line.contains(char::is_control) {
        return line;
    }
    line.chars().fold(String::new(), |mut plain, c| {
        if c.is_control() {
            plain.extend(c.escape_default())
        } else {
            plain.push(c)
        }
        plain
    })
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
    }
}

/// The flags by name; those from 0x100 up mean what the kind of message makes of them.
fn flag_words(flags: Flags, direction: Direction, is_dump: bool) -> Vec<String> {
    const COMMON: [(Flags, &str); 6] = [
        (Flags::REQUEST, "REQUEST"),
        (Flags::MULTI, "MULTI"),
        (Flags::ACK, "ACK"),
        (Flags::ECHO, "ECHO"),
        (Flags::DUMP_INTR, "DUMP_INTR"),
        (Flags::DUMP_FILTERED, "DUMP_FILTERED"),
    ];
    const DUMP: [(Flags, &str); 4] =
        [(Flags::DUMP, "DUMP"), (Flags::ROOT, "ROOT"), (Flags::MATCH, "MATCH"), (Flags::ATOMIC, "ATOMIC")];
    const CHANGE: [(Flags, &str); 4] =
        [(Flags::REPLACE, "REPLACE"), (Flags::EXCL, "EXCL"), (Flags::CREATE, "CREATE"), (Flags::APPEND, "APPEND")];
    let special: &[(Flags, &str)] = match (direction, is_dump) {
        (Direction::Sent, true) => &DUMP,
        (Direction::Sent, false) => &CHANGE,
        (Direction::Received, _) => &[],
    };
    let mut rest = flags;
    let mut words = Vec::new();
    for (flag, word) in COMMON.iter().chain(special) {
        if rest.contains(*flag) {
            words.push(*word);
            rest = rest & !*flag;
        }
    }
    let mut words = words.join("|");
    if rest != Flags::NONE {
        let bar = if words.is_empty() { "" } else { "|" };
        let _ = write!(words, "{bar}{:#x}", rest.0);
    }
    if words.is_empty() { Vec::new() } else { vec![words] }
}
