//! The verb `decode`: recorded bytes to lines, to boxes, or to JSON.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use netloom::client::Connection;
use netloom::wire::{Header, Protocol, messages};
use netloom_dynamic::capture::{self, Form, Packet};
use netloom_dynamic::{Direction, Family, Options, Tracer};

use crate::failure::{Failure, tell};
use crate::hex;
use crate::observe::Record;
use crate::page;
use crate::session::{Settings, Specs, family_name};

/// What to decode, and how it is shown.
#[derive(Args, Debug)]
pub struct Decoded {
    /// A capture (pcap or pcapng, of an nlmon device or by --record), what strace has printed, or hexadecimal digits; - for
    /// standard input. Of digits, a datagram a paragraph (an empty line ends one); spaces, colons, commas, quotes, 0x, \x
    /// and what follows a # do not count
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What the file is [default: as it looks]
    #[arg(long, value_name = "FORM")]
    pub form: Option<Recorded>,
    /// Draws each message as a box of its bytes: headers, attributes, padding
    #[arg(long, conflicts_with = "json")]
    pub layout: bool,
    /// Prints each message as a JSON object on a line
    #[arg(long)]
    pub json: bool,
    /// Whose messages those are that have another type than nlctrl's
    #[arg(long, value_name = "FAMILY")]
    pub family: Option<String>,
    /// The protocol, by number or name, where the file does not tell [default: that of --family, else generic]
    #[arg(long, value_name = "PROTOCOL", value_parser = protocol)]
    pub protocol: Option<Protocol>,
    /// Asks the kernel side (--kernel) for the names of families whose ids the file does not explain
    #[arg(long)]
    pub resolve: bool,
    /// Where else specs are.
    #[command(flatten)]
    pub specs: Specs,
}

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Recorded {
    /// As tcpdump, dumpcap and --record write it; both variants
    Pcap,
    /// Lines of strace
    Strace,
    /// Hexadecimal digits
    Hex,
}

/// Prints what the bytes mean. Bytes that are no message are shown as such, and are no failure; a damaged record is one,
/// after what can be read of it.
pub fn run(decoded: &Decoded, settings: &Settings, out: &mut dyn Write) -> Result<(), Failure> {
    let families = Arc::new(decoded.specs.families()?);
    let family = decoded.family.as_deref().map(|name| families.find(name)).transpose()?;
    let protocol = of(decoded.protocol, family)?;
    let mut tracer = Tracer::new(families.clone(), Options::default().secrets(settings.show_keys));
    if let Some(family) = family {
        tracer.assume(family);
    }
    let (name, bytes) = read(&decoded.file)?;
    let form = match decoded.form {
        Some(Recorded::Hex) => None,
        Some(Recorded::Strace) => Some(Form::Strace),
        Some(Recorded::Pcap) => Some(Form::of(&bytes).filter(|form| *form != Form::Strace).unwrap_or(Form::Pcap)),
        None => {
            if bytes.starts_with(&[0x1f, 0x8b]) {
                return Err(Failure::new(format_args!("{name}: compressed: pass it through gunzip")));
            }
            Form::of(&bytes)
        }
    };
    let keeper = settings.record.clone().map(|record| (tracer.clone(), record));
    let mut shown = Shown { keeper, tracer, protocol, decoded, out, kernel: None, begin: None, timed: form.is_some() };
    if decoded.resolve {
        shown.kernel = Some(Connection::over(settings.target.dialer(&settings.own)?));
    }
    let Some(form) = form else {
        let text = String::from_utf8_lossy(&bytes);
        let datagrams = hex::paragraphs(&text).map_err(|wrong| Failure::new(format_args!("{name}:{wrong}")))?;
        if datagrams.is_empty() {
            return Err(Failure::new(format_args!(
                "{name}: no bytes in it; a capture, lines of strace or hexadecimal digits are expected"
            )));
        }
        for datagram in datagrams {
            shown.datagram(Direction::of(&datagram), &datagram, "", None)?;
        }
        return Ok(shown.out.flush()?);
    };
    // What nlctrl tells late names what came early.
    for packet in capture::packets(form, &bytes).flatten() {
        shown.tracer.learn_ahead(packet.protocol.unwrap_or(protocol), &packet.bytes);
        if let Some((tracer, _)) = &mut shown.keeper {
            tracer.learn_ahead(packet.protocol.unwrap_or(protocol), &packet.bytes);
        }
    }
    let (mut damages, mut count) = (0_usize, 0_usize);
    for packet in capture::packets(form, &bytes) {
        match packet {
            Ok(packet) => {
                count += 1;
                shown.packet(&packet)?;
            }
            Err(damage) => {
                damages += usize::from(!damage.harmless);
                tell(format_args!("netloom: {name}: {damage}"));
            }
        }
    }
    shown.out.flush()?;
    match (damages, count) {
        (0, 0) => Err(Failure::new(format_args!("{name}: no netlink in it"))),
        (0, _) => Ok(()),
        (1, _) => Err(Failure::new(format_args!("{name}: damaged; {count} datagrams read"))),
        _ => Err(Failure::new(format_args!("{name}: damaged in {damages} places; {count} datagrams read"))),
    }
}

/// How a record is shown.
struct Shown<'a> {
    tracer: Tracer,
    /// What is read is recorded anew, without secrets.
    keeper: Option<(Tracer, Record)>,
    protocol: Protocol,
    decoded: &'a Decoded,
    out: &'a mut dyn Write,
    kernel: Option<Connection>,
    begin: Option<Duration>,
    timed: bool,
}

impl Shown<'_> {
    fn packet(&mut self, packet: &Packet) -> Result<(), Failure> {
        if let Some((id, name)) = &packet.named {
            self.tracer.name(*id, name);
            if let Some((tracer, _)) = &mut self.keeper {
                tracer.name(*id, name);
            }
        }
        let begin = *self.begin.get_or_insert(packet.time.unwrap_or_default());
        let mut prefix = String::new();
        if let Some(time) = packet.time {
            prefix.push_str(&format!("{:.6} ", time.saturating_sub(begin).as_secs_f64()));
        }
        if let Some(process) = packet.process {
            prefix.push_str(&format!("[{process}] "));
        }
        if packet.is_foreign() {
            let place = packet.place;
            tell(format_args!(
                "netloom: {place}: recorded on a machine of the other byte order: decode it on one of that kind"
            ));
        }
        self.tracer.conversation(packet.conversation);
        self.protocol = packet.protocol.or(self.decoded.protocol).unwrap_or(self.protocol);
        let mut bytes = packet.bytes.clone();
        if packet.is_cut() && !self.decoded.layout {
            mend(&mut bytes);
        }
        self.datagram(packet.way(), &bytes, &prefix, Some(packet))
    }

    fn datagram(&mut self, way: Direction, bytes: &[u8], prefix: &str, of: Option<&Packet>) -> Result<(), Failure> {
        if let Some((tracer, record)) = &mut self.keeper {
            let time = UNIX_EPOCH.checked_add(of.and_then(|packet| packet.time).unwrap_or_default());
            let kept = tracer.without_secrets(self.protocol, way, bytes);
            record.add(time.unwrap_or(UNIX_EPOCH), self.protocol, way, &kept);
        }
        if let Some(kernel) = &self.kernel {
            for id in self.tracer.nameless(self.protocol, bytes) {
                // A number that names nobody is not asked for again and again.
                let name = family_name(kernel, id).unwrap_or_else(|| format!("family {id}"));
                self.tracer.name(id, &name);
            }
        }
        let cut = of.filter(|packet| packet.is_cut());
        if self.decoded.json {
            let mut objects = self.tracer.objects(self.protocol, way, bytes);
            for object in &mut objects {
                let Some(members) = object.as_object_mut() else { continue };
                if let Some(time) = of.and_then(|packet| packet.time) {
                    let time = format!("{}.{:09}", time.as_secs(), time.subsec_nanos());
                    members.insert("time".to_owned(), time.into());
                }
                if let Some(process) = of.and_then(|packet| packet.process) {
                    members.insert("process".to_owned(), process.into());
                }
                if let Some(packet) = cut {
                    members.insert("cut-from".to_owned(), packet.len.into());
                }
                if of.is_some_and(|packet| packet.named.is_some()) {
                    // A number of ours.
                    members.shift_remove("type");
                }
                writeln!(self.out, "{object}")?;
            }
            return Ok(());
        }
        if self.decoded.layout {
            if self.timed {
                writeln!(self.out, "{}", prefix.trim_end())?;
            }
            return show(&mut self.tracer, self.protocol, way, bytes, true, self.out);
        }
        let more = cut.map(|packet| format!(" (cut: {} of {} bytes are recorded)", packet.bytes.len(), packet.len));
        for line in self.tracer.lines(self.protocol, way, bytes) {
            writeln!(self.out, "{prefix}{}{}", page::text(&line), more.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }
}

/// Lets the last message end where the bytes do, so that what is there can be shown.
fn mend(bytes: &mut [u8]) {
    let malformed = messages(bytes).find_map(Result::err);
    let Some(rest) = malformed.and_then(|malformed| bytes.get_mut(malformed.offset..)) else { return };
    let len = rest.len();
    let fits = Header::read(rest).is_some_and(|header| header.len as usize > len);
    if let (true, Some(field), Ok(len)) = (fits, rest.first_chunk_mut::<4>(), u32::try_from(len)) {
        *field = len.to_ne_bytes();
    }
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

/// A file that cannot be read, and what to do.
pub(crate) fn unreadable(name: &str, error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file: check the path, or give - for standard input",
        io::ErrorKind::PermissionDenied => "it may not be read: run this as its owner, or let it be read (chmod +r)",
        io::ErrorKind::IsADirectory => "it is a folder: give a file in it",
        _ => return Failure::new(format_args!("{name}: cannot be read: {error}")),
    };
    Failure::new(format_args!("{name}: {what}"))
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

/// What the file is called in errors, and its bytes. They stay in memory.
pub(crate) fn read(file: &Path) -> Result<(String, Vec<u8>), Failure> {
    const MOST: u64 = 1 << 28;
    let (name, stream): (String, Box<dyn Read>) = if file.as_os_str() == "-" {
        ("standard input".to_owned(), Box::new(io::stdin()))
    } else {
        let name = file.display().to_string();
        let opened = File::open(file).map_err(|error| unreadable(&name, &error))?;
        (name, Box::new(opened))
    };
    let mut bytes = Vec::new();
    stream.take(MOST).read_to_end(&mut bytes).map_err(|error| unreadable(&name, &error))?;
    if bytes.len() as u64 >= MOST {
        return Err(Failure::new(format_args!(
            "{name}: longer than {} MiB: split it (captures: editcap -c)",
            MOST >> 20
        )));
    }
    Ok((name, bytes))
}
