//! A drop-in for `wg`, the tool of wireguard-tools.
//!
//! What an interface is ([`Device`]) and what is asked of it ([`Change`]) know nothing of how one
//! talks to the kernel: that is a [`Backend`]'s business.

use std::ffi::OsString;
use std::io::{self, BufRead, Write};

mod change;
pub mod config;
mod device;
pub mod endpoint;
mod error;
mod everywhere;
mod key;
mod netlink;
mod page;
mod set;
mod settings;
mod show;
mod showconf;
pub mod uapi;
mod usage;
pub mod value;

pub use change::{AllowedIpChange, Change, PeerChange};
pub use device::{AllowedIp, Device, Peer};
pub use error::Error;
pub use everywhere::Everywhere;
pub use key::Key;
pub use netlink::Netlink;
pub use page::Page;
pub use set::parse as parse_set;
pub use settings::Settings;
pub use show::Field;
pub use showconf::showconf;

use config::Mode;
use usage::Usage;
use value::Values;

/// Where interfaces are found, read and changed.
pub trait Backend {
    /// The names of all WireGuard interfaces.
    fn interfaces(&self) -> Result<Vec<String>, Error>;
    /// Everything about one interface.
    fn device(&self, name: &str) -> Result<Device, Error>;
    /// Changes an interface.
    fn apply(&self, name: &str, change: &Change) -> Result<(), Error>;
}

/// The standard streams of a command.
pub struct Io<'a> {
    /// Standard input: `pubkey` reads it.
    pub input: &'a mut dyn BufRead,
    /// Standard output: results.
    pub out: &'a mut dyn Write,
    /// Standard error: everything else.
    pub err: &'a mut dyn Write,
    /// Whether standard output is a file that everybody may read, of which `genkey` warns.
    pub world_accessible: bool,
}

impl<'a> Io<'a> {
    /// Streams of which standard output is not a file.
    pub fn new(input: &'a mut dyn BufRead, out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { input, out, err, world_accessible: false }
    }
}

/// Runs `wg ARGS…` and returns its exit status, 0 or 1. Errors are told on standard error; a reader
/// of standard output that goes away is none.
pub fn run(args: &[OsString], settings: &Settings, backend: &dyn Backend, io: &mut Io<'_>) -> u8 {
    let mut out = Output { out: &mut *io.out, broken: false };
    let mut inner =
        Io { input: &mut *io.input, out: &mut out, err: &mut *io.err, world_accessible: io.world_accessible };
    let outcome = command(args, settings, backend, &mut inner).and_then(|()| Ok(inner.out.flush()?));
    match outcome {
        Ok(()) => 0,
        Err(_) if out.broken => 0,
        Err(e) => {
            // With standard error gone as well there is nobody left to tell.
            let _ = writeln!(io.err, "{e}");
            1
        }
    }
}

/// Standard output that remembers whether its reader went away.
struct Output<'a> {
    out: &'a mut dyn Write,
    broken: bool,
}

impl Output<'_> {
    fn noting<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        self.broken |= outcome.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::BrokenPipe);
        outcome
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.out.write(bytes);
        self.noting(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.out.flush();
        self.noting(outcome)
    }
}

fn command(args: &[OsString], settings: &Settings, backend: &dyn Backend, io: &mut Io<'_>) -> Result<(), Error> {
    let Some((name, args)) = args.split_first() else {
        return show(&[], settings, backend, io);
    };
    let mut values =
        Values { resolver: &mut endpoint::System, retries: settings.retries.as_deref(), err: &mut *io.err };
    let usage = |usage: Usage<'_>| Err(Error::new(usage.to_string()));
    match (&*name.to_string_lossy(), args) {
        ("-h" | "--help" | "help", []) => Ok(writeln!(io.out, "{}", Usage::Top)?),
        ("-v" | "--version" | "version", []) => Ok(writeln!(io.out, "netloom wg {}", env!("CARGO_PKG_VERSION"))?),
        ("show", _) => show(args, settings, backend, io),
        ("showconf", [name]) => {
            let device = backend.device(&name.to_string_lossy()).map_err(|e| e.within("Unable to access interface"))?;
            Ok(showconf(&device, io.out)?)
        }
        ("showconf", _) => usage(Usage::Showconf),
        ("set", [name, args @ ..]) if !args.is_empty() => {
            let change = set::parse(args, &mut values)?;
            apply(&name.to_string_lossy(), &change, backend)
        }
        ("set", _) => usage(Usage::Set),
        (command @ ("setconf" | "addconf" | "syncconf"), [name, file]) => {
            let mode = if command == "addconf" { Mode::Append } else { Mode::Replace };
            let source = file.to_string_lossy();
            let text = std::fs::read(file)
                .map_err(|e| Error::from(e).within(&format!("Unable to read configuration file `{source}'")))?;
            let name = name.to_string_lossy();
            let mut change = config::parse(&text, &source, mode, &mut values)?;
            if command == "syncconf" && !change.peers.is_empty() {
                let device = backend
                    .device(&name)
                    .map_err(|e| e.within("Unable to retrieve current interface configuration"))?;
                change = change.sync_with(&device);
            }
            apply(&name, &change, backend)
        }
        (command @ ("setconf" | "addconf" | "syncconf"), _) => usage(Usage::Config(command)),
        ("genkey", []) => key::genkey(io),
        ("genpsk", []) => key::genpsk(io),
        ("pubkey", []) => key::pubkey(io),
        (command @ ("genkey" | "genpsk" | "pubkey"), _) => usage(Usage::Key(command)),
        (unknown, _) => Err(Error::new(format!("Invalid subcommand: `{unknown}'\n{}", Usage::Top))),
    }
}

fn apply(name: &str, change: &Change, backend: &dyn Backend) -> Result<(), Error> {
    backend.apply(name, change).map_err(|e| e.within("Unable to modify interface"))
}

fn show(args: &[OsString], settings: &Settings, backend: &dyn Backend, io: &mut Io<'_>) -> Result<(), Error> {
    let words: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(|word| &**word).collect();
    let listed = || backend.interfaces().map_err(|e| e.within("Unable to list interfaces"));
    match &*words {
        ["-h" | "--help" | "help"] => Ok(writeln!(io.out, "{}", Usage::Show)?),
        [] | ["all"] => show_all(&listed()?, None, settings, backend, io),
        ["all", word] => show_all(&listed()?, Some(word), settings, backend, io),
        ["interfaces"] => {
            let names = listed()?;
            if !names.is_empty() {
                writeln!(io.out, "{}", names.join(" "))?;
            }
            Ok(())
        }
        ["interfaces", ..] => Err(Error::new(Usage::Show.to_string())),
        [name] => {
            let device = backend.device(name).map_err(|e| e.within("Unable to access interface"))?;
            Ok(settings.page.print(&device, io.out)?)
        }
        [name, word] => {
            let device = backend.device(name).map_err(|e| e.within("Unable to access interface"))?;
            Ok(field(word)?.print(&device, false, io.out)?)
        }
        _ => Err(Error::new(Usage::Show.to_string())),
    }
}

fn field(word: &str) -> Result<Field, Error> {
    Field::named(word).ok_or_else(|| Error::new(format!("Invalid parameter: `{word}'\n{}", Usage::Show)))
}

/// Shows every interface; one that cannot be read is told of and passed over, and only if that is
/// so of all of them it is a failure.
fn show_all(
    names: &[String],
    word: Option<&str>,
    settings: &Settings,
    backend: &dyn Backend,
    io: &mut Io<'_>,
) -> Result<(), Error> {
    let mut failure = None;
    let mut shown = false;
    for (i, name) in names.iter().enumerate() {
        let device = match backend.device(name) {
            Ok(device) => device,
            Err(e) => {
                if let Some(earlier) = failure.replace(e.within(&format!("Unable to access interface {name}"))) {
                    writeln!(io.err, "{earlier}")?;
                }
                continue;
            }
        };
        match word {
            Some(word) => field(word)?.print(&device, true, io.out)?,
            None => {
                settings.page.print(&device, io.out)?;
                if i.saturating_add(1) < names.len() {
                    writeln!(io.out)?;
                }
            }
        }
        shown = true;
    }
    match failure {
        Some(failure) if shown => Ok(writeln!(io.err, "{failure}")?),
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
