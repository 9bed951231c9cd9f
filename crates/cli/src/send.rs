//! The verb `send`: a raw message, and what comes back.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use netloom::client::{Connection, Dialer};
use netloom::socket::{Address, Opt, Socket};
use netloom::wire::{Attr, Errno, Flags, GenlHeader, Header, MessageType, Protocol, align, messages};
use netloom_dynamic::{Direction, Options, Tracer};

use crate::decode;
use crate::failure::Failure;
use crate::hex;
use crate::session::{Settings, Specs, family_name};

/// The message, and how what comes back is shown.
#[derive(Args, Debug)]
pub struct Sent {
    /// The protocol, by number or name
    #[arg(long, value_name = "PROTOCOL", default_value = "generic", value_parser = decode::protocol)]
    pub protocol: Protocol,
    /// The message's type, by number; of generic netlink also the family's name
    #[arg(long = "type", value_name = "TYPE", required_unless_present = "hex")]
    pub kind: Option<String>,
    /// The flags, by number or by name: REQUEST|DUMP
    #[arg(long, value_name = "FLAGS", default_value = "REQUEST|ACK", value_parser = flags)]
    pub flags: Flags,
    /// The sequence number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seq: u32,
    /// Puts a generic netlink header in front, with this command
    #[arg(long, value_name = "N")]
    pub cmd: Option<u8>,
    /// The version in the generic netlink header
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub version: u8,
    /// The family's own header, in front of the attributes
    #[arg(long, value_name = "HEX", value_parser = bytes)]
    pub header: Option<Bytes>,
    /// An attribute; may be repeated. VALUE is text (a NUL is added), or u8:N, u16:N, u32:N, u64:N (be16:N and so on where
    /// big-endian), hex:DIGITS, or nothing
    #[arg(long = "attr", value_name = "ID=VALUE", value_parser = attr)]
    pub attrs: Vec<Bytes>,
    /// The whole datagram as hexadecimal digits, instead of fields
    #[arg(
        long,
        value_name = "HEX",
        value_parser = bytes,
        conflicts_with_all = ["kind", "flags", "seq", "cmd", "version", "header", "attrs"]
    )]
    pub hex: Option<Bytes>,
    /// Ends when nothing came for so long; an acknowledgement or the end of a dump ends it at once
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub wait: f64,
    /// Draws each message as a box of its bytes
    #[arg(long)]
    pub layout: bool,
    /// Where else specs are.
    #[command(flatten)]
    pub specs: Specs,
}

/// Bytes given as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// Sends the message, prints it and what comes back. An error of the kernel side is a failure, and so is its silence where
/// an answer was asked for.
pub fn run(sent: &Sent, settings: &Settings, out: &mut dyn Write) -> Result<(), Failure> {
    let families = Arc::new(sent.specs.families()?);
    // What is sent and comes back is printed anyhow.
    let dialer = settings.dialer(&families, false)?;
    let mut tracer = Tracer::new(families, Options::default().secrets(settings.show_keys));
    let datagram = match &sent.hex {
        Some(Bytes(bytes)) => bytes.clone(),
        None => sent.message(&dialer, &mut tracer)?,
    };
    if sent.protocol == Protocol::GENERIC {
        name_families(&dialer, &datagram, &mut tracer);
    }
    let socket = dialer.open(sent.protocol)?;
    socket.bind(Address::default())?;
    // Errors say more, where the kernel side can.
    let _ = socket.set(Opt::ExtAck, 1);
    decode::show(&mut tracer, sent.protocol, Direction::Sent, &datagram, sent.layout, out)?;
    socket.send_to(Address::KERNEL, &datagram)?;
    let answered = receive(sent, &socket, Waiting::of(&datagram), &mut tracer, out);
    out.flush()?;
    answered
}

impl Sent {
    /// The message that the fields make, padding included.
    fn message(&self, dialer: &Arc<dyn Dialer>, tracer: &mut Tracer) -> Result<Vec<u8>, Failure> {
        let kind = self.kind.as_deref().unwrap_or_default();
        let kind = match number(kind).map(u16::try_from) {
            Some(Ok(number)) => number,
            Some(Err(_)) => {
                return Err(Failure::new(format_args!("no message has the type {kind}: 65535 is the last")));
            }
            None if self.protocol == Protocol::GENERIC => {
                let id = Connection::over(dialer.clone()).family(kind)?.id;
                tracer.name(id, kind);
                id
            }
            None => {
                let protocol = self.protocol;
                return Err(Failure::new(format_args!("--type {kind}: types of {protocol} are numbers, not names")));
            }
        };
        let mut payload = Vec::new();
        if let Some(cmd) = self.cmd {
            payload.extend(GenlHeader { cmd, version: self.version, reserved: 0 }.to_bytes());
        }
        for Bytes(part) in self.header.iter().chain(&self.attrs) {
            payload.extend(part);
            payload.resize(align(payload.len()), 0);
        }
        let len = Header::LEN.saturating_add(payload.len());
        let len =
            u32::try_from(len).map_err(|_| Failure::new("the message is longer than its length field can say"))?;
        let header = Header { len, seq: self.seq, ..Header::new(MessageType(kind), self.flags) };
        Ok([&header.to_bytes()[..], &payload].concat())
    }
}

/// What answers are awaited, by the requests in a datagram: the sequence numbers of those that are acknowledged or dumped.
struct Waiting {
    last: Option<(u32, bool)>,
}

impl Waiting {
    fn of(datagram: &[u8]) -> Self {
        let asked = messages(datagram).filter_map(Result::ok).map(|message| message.header);
        let answered = asked.filter(|header| header.flags.contains(Flags::REQUEST));
        let last = answered
            .last()
            .map(|header| (header.seq, header.flags.contains(Flags::ACK) || header.flags.contains(Flags::DUMP)));
        Self { last }
    }

    /// Whether this is the last answer to the last request.
    fn ends_with(&self, header: Header) -> bool {
        let is_last = header.kind == MessageType::ERROR || header.kind == MessageType::DONE;
        is_last && self.last.is_none_or(|(seq, _)| seq == header.seq)
    }
}

/// Prints what comes, up to the last answer.
fn receive(
    sent: &Sent,
    socket: &Socket,
    waiting: Waiting,
    tracer: &mut Tracer,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let wait = Duration::try_from_secs_f64(sent.wait).unwrap_or(Duration::MAX);
    // A kernel side that never stops talking does not hold us for ever.
    let end = Instant::now().checked_add(wait.saturating_mul(60));
    let mut buf = Vec::new();
    let mut refused = None;
    loop {
        let received = match socket.recv_timeout(&mut buf, wait) {
            Ok(received) => received,
            Err(error) if error.errno() == Some(Errno::EAGAIN) => {
                return match waiting.last {
                    Some((_, true)) => {
                        Err(Failure::new(format_args!("no answer within {} s; --wait waits longer", sent.wait)))
                    }
                    _ => refused.map_or(Ok(()), Err),
                };
            }
            Err(error) => return Err(error.into()),
        };
        let datagram = buf.get(..received.len).unwrap_or_default();
        decode::show(tracer, sent.protocol, Direction::Received, datagram, sent.layout, out)?;
        for message in messages(datagram).filter_map(Result::ok) {
            let errno = message.error().map(|error| error.errno);
            let done =
                (message.header.kind == MessageType::DONE).then_some(message.payload.first_chunk::<4>()).flatten();
            let errno = errno.or(done.map(|errno| Errno::from_wire(i32::from_ne_bytes(*errno))));
            if let Some(errno) = errno.filter(|errno| *errno != Errno(0)) {
                refused = Some(Failure::new(format_args!("refused: {errno}")));
            }
            if waiting.ends_with(message.header) {
                return refused.map_or(Ok(()), Err);
            }
        }
        if end.is_some_and(|end| Instant::now() > end) {
            return Err(Failure::new("messages came without end, and no answer among them"));
        }
    }
}

/// Asks nlctrl what the families are called that the messages name by number. Where it does not tell, bytes are shown
/// without names.
fn name_families(dialer: &Arc<dyn Dialer>, datagram: &[u8], tracer: &mut Tracer) {
    const NLCTRL: u16 = 0x10;
    let mut ids: Vec<u16> = messages(datagram).filter_map(Result::ok).map(|message| message.header.kind.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let connection = Connection::over(dialer.clone());
    for id in ids.into_iter().filter(|id| *id > NLCTRL) {
        if let Some(name) = family_name(&connection, id) {
            tracer.name(id, &name);
        }
    }
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
    seconds.ok_or_else(|| "expected a number of seconds above 0, such as 0.5".to_owned())
}

fn bytes(text: &str) -> Result<Bytes, String> {
    let all = hex::paragraphs(text).map_err(|wrong| wrong.to_string())?;
    Ok(Bytes(all.concat()))
}

fn flags(text: &str) -> Result<Flags, String> {
    const NAMES: [(&str, Flags); 12] = [
        ("REQUEST", Flags::REQUEST),
        ("MULTI", Flags::MULTI),
        ("ACK", Flags::ACK),
        ("ECHO", Flags::ECHO),
        ("ROOT", Flags::ROOT),
        ("MATCH", Flags::MATCH),
        ("ATOMIC", Flags::ATOMIC),
        ("DUMP", Flags::DUMP),
        ("REPLACE", Flags::REPLACE),
        ("EXCL", Flags::EXCL),
        ("CREATE", Flags::CREATE),
        ("APPEND", Flags::APPEND),
    ];
    let one = |word: &str| {
        let word = word.trim();
        let name = word.strip_prefix("NLM_F_").unwrap_or(word);
        let named = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, flag)| *flag);
        let numbered = || number(word).and_then(|bits| u16::try_from(bits).ok()).map(Flags);
        named.or_else(numbered).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("{word:?} is neither a number below 65536 nor one of {}", names.join(", "))
        })
    };
    text.split(['|', ',', '+']).try_fold(Flags::NONE, |all, word| Ok(all | one(word)?))
}

/// An attribute, header and all.
fn attr(text: &str) -> Result<Bytes, String> {
    let (id, value) = text.split_once('=').ok_or("expected ID=VALUE, such as 2=nlctrl or 1=u16:16")?;
    let id = number(id).and_then(|id| u16::try_from(id).ok());
    let id = id.ok_or("the id of an attribute is a number below 65536; its upper two bits are flags")?;
    let value = self::value(value)?;
    let len = u16::try_from(Attr::HEADER_LEN.saturating_add(value.len()));
    let len = len.map_err(|_| format!("an attribute holds {} bytes at most", Attr::MAX_PAYLOAD))?;
    Ok(Bytes([&len.to_ne_bytes()[..], &id.to_ne_bytes(), &value].concat()))
}

fn value(text: &str) -> Result<Vec<u8>, String> {
    let Some((form, rest)) = text.split_once(':') else {
        return Ok(if text.is_empty() { Vec::new() } else { [text.as_bytes(), b"\0"].concat() });
    };
    let number = |bits: u32| {
        let signed = || rest.parse::<i64>().ok().filter(|n| *n < 0 && *n >> (bits - 1) == -1).map(i64::cast_unsigned);
        let found = number(rest).filter(|n| bits == 64 || n >> bits == 0).or_else(signed);
        found.ok_or_else(|| format!("{rest:?} is no number of {bits} bits"))
    };
    Ok(match form {
        "u8" => vec![number(8)? as u8],
        "u16" => (number(16)? as u16).to_ne_bytes().to_vec(),
        "u32" => (number(32)? as u32).to_ne_bytes().to_vec(),
        "u64" => number(64)?.to_ne_bytes().to_vec(),
        "be16" => (number(16)? as u16).to_be_bytes().to_vec(),
        "be32" => (number(32)? as u32).to_be_bytes().to_vec(),
        "be64" => number(64)?.to_be_bytes().to_vec(),
        "hex" => bytes(rest)?.0,
        "text" => [rest.as_bytes(), b"\0"].concat(),
        // An address, say: text with a colon in it.
        _ => [text.as_bytes(), b"\0"].concat(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_by_form() {
        let of =
            |len: u16, id: u16, value: &[u8]| Ok(Bytes([&len.to_ne_bytes()[..], &id.to_ne_bytes(), value].concat()));
        for (text, expected) in [
            ("2=nlctrl", of(11, 2, b"nlctrl\0")),
            ("1=u16:16", of(6, 1, &16_u16.to_ne_bytes())),
            ("0x8001=", of(4, 0x8001, b"")),
            ("1=u8:-1", of(5, 1, &[0xff])),
            ("1=be32:0x7f000001", of(8, 1, &[127, 0, 0, 1])),
            ("1=hex:00:ff", of(6, 1, &[0, 0xff])),
            ("1=text:u8:1", of(9, 1, b"u8:1\0")),
            ("1=a=b:c", of(10, 1, b"a=b:c\0")),
        ] {
            assert_eq!(attr(text), expected, "{text}");
        }
        for text in ["1", "x=1", "65536=1", "1=u8:256", "1=u8:-129", "1=u16:x", "1=hex:0", "=1"] {
            assert!(attr(text).is_err(), "{text}");
        }
    }

    #[test]
    fn flags_are_read_by_name_and_number() {
        assert_eq!(flags("REQUEST|NLM_F_DUMP"), Ok(Flags(0x301)));
        assert_eq!(flags("0x5"), Ok(Flags(5)));
        assert_eq!(flags("request,0x4"), Ok(Flags(5)));
        assert!(flags("REQUEST|").is_err() && flags("65536").is_err());
    }
}
