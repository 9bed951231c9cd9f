//! What came back, as lines that are the same wherever the same thing happened: ports go by the sockets' names.

use std::collections::BTreeMap;
use std::fmt::Write;

use netloom::socket::Received;
use netloom::wire::{GenlHeader, Header, align};

use crate::names::Names;

/// A datagram: a line of its own, and one for each message.
pub(crate) fn datagram(names: &Names, socket: &str, received: &Received, bytes: &[u8], lines: &mut Vec<String>) {
    let mut line = format!("{socket} receives {} bytes from port {}", received.len, names.port(received.source.port));
    if received.source.groups != 0 {
        let _ = write!(line, " groups {}", names.mask(received.source.groups));
    }
    if let Some(group) = received.group {
        let _ = write!(line, " group {}", names.group(group));
    }
    if let Some(namespace) = received.namespace {
        let _ = write!(line, " namespace {namespace}");
    }
    if received.truncated {
        let _ = write!(line, " truncated to {}", bytes.len());
    }
    lines.push(line);
    for message in split(bytes) {
        lines.push(format!("  {}", message_line(names, message)));
    }
}

/// The messages that a walk through a datagram finds; what is none comes last, as it is.
pub(crate) fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some(header) = Header::read(bytes) {
        let len = header.len as usize;
        if len < Header::LEN || len > bytes.len() {
            break;
        }
        let (message, rest) = bytes.split_at(len);
        messages.push(message);
        bytes = rest.get(align(len) - len..).unwrap_or_default();
    }
    if !bytes.is_empty() {
        messages.push(bytes);
    }
    messages
}

/// One message: its header by fields, its payload in words of 4 bytes; numbers that differ from machine to machine by
/// their names.
pub(crate) fn message_line(names: &Names, message: &[u8]) -> String {
    let Some(header) = Header::read(message) else { return format!("no message:{}", words(message, &BTreeMap::new())) };
    let cut = if header.len as usize == message.len() { "" } else { " cut short" };
    let payload = message.get(Header::LEN..).unwrap_or_default();
    format!(
        "len {} type {} flags {:#x} seq {} port {}{cut}:{}",
        header.len,
        names.kind(header.kind.0),
        header.flags.0,
        header.seq,
        names.port(header.port),
        words(payload, &names.spots(header.kind.0, payload))
    )
}

/// Whether a message of generic netlink begins with the bytes of this attribute.
pub(crate) fn begins_with(message: &[u8], attribute: &[u8]) -> bool {
    let attributes = message.get(Header::LEN + GenlHeader::LEN..).unwrap_or_default();
    attributes.starts_with(attribute)
}

/// Bytes in words of 4, some of which have names.
fn words(bytes: &[u8], named: &BTreeMap<usize, String>) -> String {
    let mut text = String::with_capacity(bytes.len() * 9 / 4);
    for (at, word) in bytes.chunks(4).enumerate() {
        text.push(' ');
        if let Some(name) = named.get(&(at * 4)) {
            text.push_str(name);
            continue;
        }
        for byte in word {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}
