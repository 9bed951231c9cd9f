//! What came back, as lines that are the same wherever the same thing happened: ports go by the sockets' names.

use std::collections::BTreeMap;
use std::fmt::Write;

use netloom::socket::Received;
use netloom::wire::{GenlHeader, Header, align};

use crate::names::Names;

/// A datagram: a line of its own, and one for each message.
pub(crate) fn datagram(names: &Names, socket: &str, received: &Received, bytes: &[u8], lines: &mut Vec<String>) {
    let mut line = format!("{socket} receives {} bytes from port {}", received.len, names.port(received.source.port));
    if let Some(mask) = names.mask(received.source.groups).filter(|_| received.source.groups != 0) {
        let _ = write!(line, " groups {mask}");
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

/// A word that comes so often in a row is told once, with its count.
const RUN: usize = 16;

/// Bytes in words of 4, some of which have names.
fn words(bytes: &[u8], named: &BTreeMap<usize, String>) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(rest.len().min(4));
        let at = bytes.len() - rest.len();
        text.push(' ');
        match named.get(&at) {
            Some(name) => text.push_str(name),
            None => {
                for byte in word {
                    let _ = write!(text, "{byte:02x}");
                }
            }
        }
        let times = rest.chunks_exact(4).take_while(|other| *other == word).count();
        if times >= RUN && !named.contains_key(&at) {
            let _ = write!(text, "*{times}");
            rest = rest.get(times * 4..).unwrap_or_default();
        } else {
            rest = behind;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_are_told_once() {
        let none = BTreeMap::new();
        assert_eq!(words(&[1, 2, 3, 4, 5], &none), " 01020304 05");
        assert_eq!(words(&[7; 62], &none), format!("{} 0707", " 07070707".repeat(15)));
        assert_eq!(words(&[7; 66], &none), " 07070707*16 0707");
        let named = [(4, "LOOM".to_string())].into();
        assert_eq!(words(&[7; 12], &named), " 07070707 LOOM 07070707");
    }
}
