//! Messages and their padding: what a length counts, what room a message takes, and where the next one begins.

use std::io::{self, Write};

use netloom::wire::{Flags, Header, MessageType, Writer, message_len, message_space, messages, padding};

fn main() -> io::Result<()> {
    show(&mut io::stdout())
}

/// Writes the table, then the walk.
pub fn show(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "payload LENGTH SPACE pad")?;
    for payload in 0..10 {
        let (length, space) = (message_len(payload), message_space(payload));
        writeln!(out, "{payload:>7} {length:>6} {space:>5} {:>3}", padding(length))?;
    }

    // Four messages of 25 bytes. Each begins at a multiple of 4, so they take three times 28 bytes; the last needs no padding.
    let mut buf = [0; 160];
    let mut w = Writer::new(&mut buf);
    for text in [b"first    ", b"second   ", b"third    ", b"fourth   "] {
        w.message(Header::new(MessageType(0x20), Flags::NONE), |w| w.put_bytes(text)).map_err(io::Error::other)?;
    }
    let datagram = &w.written()[..w.len() - padding(message_len(9))];
    let mut walk = messages(datagram);
    let mut offsets = Vec::new();
    loop {
        let offset = walk.offset();
        match walk.next() {
            Some(Ok(_)) => offsets.push(offset.to_string()),
            _ => break,
        }
    }
    writeln!(out, "offsets {}, last unpadded, {} bytes", offsets.join(" "), datagram.len())?;

    // A fifth, of which the datagram's end cuts off a part.
    w.message(Header::new(MessageType(0x20), Flags::NONE), |w| w.put_bytes(b"fifth    ")).map_err(io::Error::other)?;
    let cut = &w.written()[..w.len() - 7];
    for message in messages(cut) {
        if let Err(malformed) = message {
            writeln!(out, "the fifth, cut short: {malformed}")?;
        }
    }
    Ok(())
}
