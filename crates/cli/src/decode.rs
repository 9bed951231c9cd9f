//! The verb `decode`: recorded bytes to lines, or to boxes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use netloom::wire::{Flags, Protocol, messages};
use netloom_dynamic::{Direction, Family, Options, Tracer};

use crate::failure::Failure;
use crate::hex;
use crate::page;
use crate::session::{Settings, Specs};

/// What to decode, and how it is shown.
#[derive(Args, Debug)]
pub struct Decoded {
    /// A file of hexadecimal digits, - for standard input: a datagram a paragraph (an empty line ends one); spaces,
    /// colons, commas, quotes, 0x, \x and what follows a # do not count
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Draws each message as a box of its bytes: headers, attributes, padding
    #[arg(long)]
    pub layout: bool,
    /// Whose messages those are that have another type than nlctrl's
    #[arg(long, value_name = "FAMILY")]
    pub family: Option<String>,
    /// The protocol, by number or name [default: that of --family, else generic]
    #[arg(long, value_name = "PROTOCOL", value_parser = protocol)]
    pub protocol: Option<Protocol>,
    /// Where else specs are.
    #[command(flatten)]
    pub specs: Specs,
}

/// Prints what the bytes mean. Bytes that are no message are shown as such, and are no failure.
pub fn run(decoded: &Decoded, settings: &Settings, out: &mut dyn Write) -> Result<(), Failure> {
    let families = Arc::new(decoded.specs.families()?);
    let family = decoded.family.as_deref().map(|name| families.find(name)).transpose()?;
    let protocol = of(decoded.protocol, family)?;
    let mut tracer = Tracer::new(families.clone(), Options::default().secrets(settings.show_keys));
    if let Some(family) = family {
        tracer.assume(family);
    }
    let (name, text) = read(&decoded.file)?;
    let datagrams = hex::paragraphs(&text).map_err(|wrong| Failure::new(format_args!("{name}:{wrong}")))?;
    if datagrams.is_empty() {
        return Err(Failure::new(format_args!("{name}: no bytes in it; hexadecimal digits are expected")));
    }
    for datagram in datagrams {
        show(&mut tracer, protocol, direction(&datagram), &datagram, decoded.layout, out)?;
    }
    Ok(out.flush()?)
}

/// A datagram as lines, or as boxes.
pub fn show(
    tracer: &mut Tracer,
    protocol: Protocol,
    direction: Direction,
    datagram: &[u8],
    layout: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let lines = if layout {
        tracer.boxes(protocol, direction, datagram).concat()
    } else {
        tracer.lines(protocol, direction, datagram)
    };
    for line in lines {
        writeln!(out, "{}", page::text(&line))?;
    }
    Ok(())
}

/// A protocol by number or name.
pub fn protocol(text: &str) -> Result<Protocol, String> {
    let named = Protocol::NAMED.iter().find(|(_, name)| *name == text).map(|(protocol, _)| *protocol);
    let numbered = || text.parse().ok().and_then(Protocol::new);
    named.or_else(numbered).ok_or_else(|| {
        let names: Vec<&str> = Protocol::NAMED.iter().map(|(_, name)| *name).collect();
        format!("a protocol is a number from 0 to 31 or one of {}", names.join(", "))
    })
}

/// The protocol that is meant; an error if it is not the family's.
fn of(protocol: Option<Protocol>, family: Option<&Family>) -> Result<Protocol, Failure> {
    match (protocol, family.map(|family| family.info)) {
        (None, None) => Ok(Protocol::GENERIC),
        (Some(protocol), None) => Ok(protocol),
        (None, Some(info)) => Ok(info.protocol),
        (Some(protocol), Some(info)) if protocol == info.protocol => Ok(protocol),
        (Some(protocol), Some(info)) => Err(Failure::new(format_args!(
            "family {} belongs to protocol {} ({}), not to {} ({protocol}): leave out --protocol",
            info.name,
            info.protocol.number(),
            info.protocol,
            protocol.number()
        ))),
    }
}

/// Requests went to the kernel side; what has no such flag came from it.
fn direction(datagram: &[u8]) -> Direction {
    match messages(datagram).next() {
        Some(Ok(first)) if first.header.flags.contains(Flags::REQUEST) => Direction::Sent,
        _ => Direction::Received,
    }
}

/// What the file is called in errors, and its text.
fn read(file: &PathBuf) -> Result<(String, String), Failure> {
    // More than a hundred megabytes of text is no record of messages.
    const MOST: u64 = 1 << 27;
    let (name, stream): (String, Box<dyn Read>) = if file.as_os_str() == "-" {
        ("standard input".to_owned(), Box::new(io::stdin()))
    } else {
        let name = file.display().to_string();
        let opened = File::open(file).map_err(|error| Failure::new(format_args!("{name}: {error}")))?;
        (name, Box::new(opened))
    };
    let mut bytes = Vec::new();
    stream.take(MOST).read_to_end(&mut bytes).map_err(|error| Failure::new(format_args!("{name}: {error}")))?;
    if bytes.len() as u64 == MOST {
        return Err(Failure::new(format_args!("{name}: longer than {} MiB; split it", MOST >> 20)));
    }
    Ok((name, String::from_utf8_lossy(&bytes).into_owned()))
}
