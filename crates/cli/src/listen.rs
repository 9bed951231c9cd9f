//! The verb `listen`: a family's events until interrupted.

use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use netloom::client::Event;
use netloom::uevent::{self, Events};
use netloom::wire::{GenlHeader, Group, Protocol};
use netloom_dynamic::{Families, Family, Layout};
use serde_json::{Map, Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, tell};
use crate::page;
use crate::session::{Session, Settings, Specs};

/// Whose events, and how they are printed.
#[derive(Args, Debug)]
pub struct Heard {
    /// The family's name, on the wire (DOC_EXMPL) or of its spec (doc_exmpl); or uevent, for those of devices
    #[arg(value_name = "FAMILY")]
    pub family: String,
    /// Groups of it; all if none is named
    #[arg(value_name = "GROUP")]
    pub groups: Vec<String>,
    /// Prints JSON instead of text: an object {"name", "msg"} a line
    #[arg(long)]
    pub json: bool,
    /// Where else specs are.
    #[command(flatten)]
    pub specs: Specs,
}

/// How long a signal waits for the event that is being printed.
const PATIENCE: Duration = Duration::from_millis(500);

/// Prints events as they come. SIGINT and SIGTERM end it with status 0, between two events.
pub fn run(heard: &Heard, settings: &Settings) -> Result<(), Failure> {
    let session = Session::open(settings, &heard.specs)?;
    if heard.family == "uevent" {
        return devices(heard, settings, &session.families);
    }
    let family = session.families.find(&heard.family)?;
    let groups = groups(&session, family, &heard.groups)?;
    let names: Vec<&str> = groups.iter().map(|group| group.name).collect();
    let subscription = session.connection.subscribe(&groups)?;
    until_interrupted()?;
    tell(format_args!("netloom: listening to {} {}", family.info.name, names.join(", ")));
    for event in subscription {
        match event {
            Ok(event) => {
                let mut out = std::io::stdout().lock();
                let (name, message) = show(&event, family, &session);
                if heard.json {
                    writeln!(out, "{}", json!({"name": name, "msg": message}))?;
                } else {
                    page::objects(&[json!({name: message})], &mut out)?;
                }
                out.flush()?;
            }
            Err(error) if error.is_overrun() || error.is_truncated() => tell(format_args!("netloom: {error}")),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Device events, which belong to no family.
fn devices(heard: &Heard, settings: &Settings, families: &Arc<Families>) -> Result<(), Failure> {
    if let [group, ..] = heard.groups.as_slice() {
        return Err(Failure::new(format_args!("uevent has no group \"{group}\": leave it out")));
    }
    let dialer = settings.dialer(families, true)?;
    let events = Events::over(dialer.open(uevent::PROTOCOL)?)?;
    until_interrupted()?;
    tell("netloom: listening to uevent");
    for event in events {
        match event {
            Ok(event) => {
                let mut out = std::io::stdout().lock();
                let variables: Map<String, Value> =
                    event.variables().map(|(key, value)| (key.to_owned(), value.into())).collect();
                if heard.json {
                    writeln!(out, "{}", json!({"name": event.action(), "msg": variables}))?;
                } else {
                    page::objects(&[json!({event.to_string(): variables})], &mut out)?;
                }
                out.flush()?;
            }
            Err(error) if error.is_overrun() || error.is_truncated() => tell(format_args!("netloom: {error}")),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Ends the process with status 0 on SIGINT and SIGTERM, between two events.
fn until_interrupted() -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Failure::new(format_args!("cannot wait for signals: {error}")))?;
    thread::spawn(move || {
        if signals.forever().next().is_some() {
            thread::spawn(|| {
                // Holding the stream, so that no line is cut in two.
                let mut out = std::io::stdout().lock();
                let _ = out.flush();
                std::process::exit(0);
            });
            // Whoever has it may be stuck with a reader that has stopped reading.
            thread::sleep(PATIENCE);
            std::process::exit(0);
        }
    });
    Ok(())
}

/// The groups of these names, or all that the family has.
fn groups(session: &Session, family: &Family, names: &[String]) -> Result<Vec<Group>, Failure> {
    let info = family.info;
    let group = |name: &str, number| Group {
        family: info.name,
        name: String::leak(name.to_owned()),
        protocol: info.protocol,
        number,
    };
    // The kernel side knows groups that a spec may lack; of other protocols only the spec tells.
    let known: Vec<Group> = if info.protocol == Protocol::GENERIC {
        let resolved = session.connection.family(info.name)?;
        resolved.groups.iter().map(|(name, number)| group(name, Some(*number))).collect()
    } else {
        info.groups.to_vec()
    };
    if known.is_empty() {
        return Err(Failure::new(format_args!("family {} has no group to listen to", info.name)));
    }
    if names.is_empty() {
        return Ok(known);
    }
    let find = |name: &String| {
        let named = known.iter().find(|group| group.name == name).copied();
        named.ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|group| group.name).collect();
            Failure::new(format_args!(
                "family {} has no group \"{name}\"; its groups are {}",
                info.name,
                names.join(", ")
            ))
        })
    };
    names.iter().map(find).collect()
}

/// Name and body of an event; one that the spec does not know goes by its number.
fn show(event: &Event, family: &Family, session: &Session) -> (String, Value) {
    let generic = family.info.protocol == Protocol::GENERIC;
    let number = event.number().unwrap_or_default();
    let (name, layout) = match family.notification(number) {
        Some((op, layout)) => (op.name.to_owned(), layout),
        None => (format!("unknown-{number}"), Layout::EMPTY),
    };
    let body = event.payload().get(if generic { GenlHeader::LEN } else { 0 }..).unwrap_or_default();
    (name, layout.decode(body, &session.options))
}
