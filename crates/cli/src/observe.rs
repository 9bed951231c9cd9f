//! What `--trace` and `--record` do with the datagrams that pass.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use netloom::client::Connection;
use netloom::families::nlctrl::Getfamily;
use netloom::kernel::{Kernel, Passing};
use netloom::socket::{Direction as Way, Tap};
use netloom::wire::Protocol;
use netloom_dynamic::capture::Recorder;
use netloom_dynamic::{Direction, Families, Options, Tracer};
use netloom_interpose::{Observed, Said, Side};

use crate::failure::{Failure, tell};
use crate::sys;

/// A capture under way. Clones write the same file.
#[derive(Clone)]
pub struct Record {
    path: PathBuf,
    /// `None` when it could not be written any more.
    recorder: Arc<Mutex<Option<Recorder<File>>>>,
}

impl Record {
    /// Begins a capture, in place of what the file held. The file is nobody's but the user's, also if it was there and others could
    /// read it: what passes may be no secret by any schema, and yet nobody else's business. Refused for the file that is about to be `read`, which it would empty.
    pub fn create(path: &Path, read: Option<&Path>) -> Result<Self, Failure> {
        let wrong = |error| Failure::new(format_args!("--record {}: {error}", path.display()));
        if read.is_some_and(|read| is_same_file(read, path)) {
            return Err(wrong(std::io::Error::other("that is the file to be read: record to another one")));
        }
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path).map_err(wrong)?;
        if file.metadata().map_err(wrong)?.is_file() {
            file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(wrong)?;
        }
        let recorder = Recorder::new(file).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), recorder: Arc::new(Mutex::new(Some(recorder))) })
    }

    /// Adds a datagram without secrets. Where the file takes no more, that is told once, and what passes goes on.
    pub fn add(&self, time: SystemTime, protocol: Protocol, way: Direction, kept: &[u8]) {
        let mut recorder = self.recorder.lock().unwrap_or_else(PoisonError::into_inner);
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        if let Some(Err(error)) = recorder.as_mut().map(|recorder| recorder.record(since, protocol, way, kept)) {
            *recorder = None;
            tell(format_args!("netloom: --record {}: {error}; no more is recorded", self.path.display()));
        }
    }
}

/// Whether both are the same regular file, by whatever names; `-` is standard input.
pub(crate) fn is_same_file(read: &Path, written: &Path) -> bool {
    let read = if read == Path::new("-") { Path::new("/dev/stdin") } else { read };
    let (Ok(read), Ok(written)) = (fs::metadata(read), fs::metadata(written)) else { return false };
    read.is_file() && (read.dev(), read.ino()) == (written.dev(), written.ino())
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({})", self.path.display())
    }
}

/// Prints and records what passes, secrets hidden unless the options show them.
pub struct Observer {
    traces: bool,
    record: Option<Record>,
    state: Mutex<State>,
}

struct State {
    /// What is printed, and what is recorded, know the same, each by itself.
    shown: Tracer,
    kept: Tracer,
    /// The names of processes.
    programs: HashMap<u32, String>,
}

/// A datagram that passes between a program and a kernel side.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'d> {
    /// The protocol.
    pub protocol: Protocol,
    /// To the kernel side, or from it.
    pub way: Direction,
    /// A number that tells sockets apart.
    pub socket: u64,
    /// The program's process; told with the time, if there is one.
    pub program: Option<u32>,
    /// The datagram.
    pub bytes: &'d [u8],
}

impl Observer {
    /// Prints if `traces`, and records if there is a record.
    pub fn new(families: Arc<Families>, options: Options, traces: bool, record: Option<Record>) -> Self {
        let tracer = Tracer::new(families, options);
        let state = State { shown: tracer.clone(), kept: tracer, programs: HashMap::new() };
        Self { traces, record, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says which generic family has this id.
    pub fn name(&self, id: u16, family: &str) {
        let mut state = self.lock();
        state.shown.name(id, family);
        state.kept.name(id, family);
    }

    /// A datagram passes.
    pub fn see(&self, seen: &Seen<'_>) {
        let now = SystemTime::now();
        let mut state = self.lock();
        if let Some(record) = &self.record {
            state.kept.conversation(seen.socket);
            let kept = state.kept.without_secrets(seen.protocol, seen.way, seen.bytes);
            record.add(now, seen.protocol, seen.way, &kept);
        }
        if self.traces {
            let who = seen.program.map(|process| format!("{} {} ", sys::time_of_day(now), state.program(process)));
            state.shown.conversation(seen.socket);
            for line in state.shown.lines(seen.protocol, seen.way, seen.bytes) {
                tell(format_args!("{}{line}", who.as_deref().unwrap_or_default()));
            }
        }
    }

    /// Looks on at a kernel side from now on; of one whose programs are interposed, only at those that are served.
    pub fn watch(self: &Arc<Self>, kernel: &Kernel, interposes: bool) {
        let observer = self.clone();
        kernel.on_datagram(move |passing: &Passing<'_>| {
            if interposes && !passing.served {
                return;
            }
            observer.see(&Seen {
                protocol: passing.protocol,
                way: way(passing.direction),
                socket: passing.socket,
                program: Some(passing.program.process),
                bytes: passing.bytes,
            });
        });
    }

    /// Looks on at what interposed programs say to a kernel side.
    pub fn over<S: Side>(self: &Arc<Self>, side: S) -> Observed<S> {
        /// So that they are no sockets of a kernel side of our own.
        const APART: u64 = 1 << 63;
        let observer = self.clone();
        Observed::new(side, move |said: &Said<'_>| {
            observer.see(&Seen {
                protocol: said.protocol,
                way: way(said.direction),
                socket: said.socket | APART,
                program: Some(said.client.process),
                bytes: said.bytes,
            });
        })
    }

    /// Learns what families there are.
    pub fn name_all(&self, connection: &Connection) -> Result<(), Failure> {
        for (id, name) in families(connection)? {
            self.name(id, &name);
        }
        Ok(())
    }
}

/// The generic families that there are: ids and names.
pub fn families(connection: &Connection) -> Result<Vec<(u16, String)>, Failure> {
    let families = connection.dump(Getfamily, &())?.consistent(8)?.whole()?;
    Ok(families.into_iter().filter_map(|family| Some((family.family_id?, family.family_name?))).collect())
}

/// At the program's own end there is one program, and its sockets count up by themselves.
impl Tap for Observer {
    fn see(&self, protocol: Protocol, direction: Way, datagram: &[u8]) {
        let way = way(direction);
        self.see(&Seen { protocol, way, socket: 0, program: None, bytes: datagram });
    }
}

impl State {
    /// `NAME[PROCESS]`. A process is asked once: many datagrams pass.
    fn program(&mut self, process: u32) -> String {
        // A number may come again for another program.
        const MOST: usize = 4096;
        if self.programs.len() >= MOST {
            self.programs.clear();
        }
        let name = self.programs.entry(process).or_insert_with(|| {
            let name = fs::read(format!("/proc/{process}/comm")).unwrap_or_default();
            plain(&String::from_utf8_lossy(name.strip_suffix(b"\n").unwrap_or(&name)))
        });
        format!("{name}[{process}]")
    }
}

/// A process's name, which it chooses itself: it must not make a line of its own.
fn plain(name: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    if name.is_empty() { "?".to_owned() } else { name.chars().map(escaped).collect() }
}

fn way(direction: Way) -> Direction {
    match direction {
        Way::Sent => Direction::Sent,
        Way::Received => Direction::Received,
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_of_programs_make_no_lines() {
        for (name, told) in
            [("wg", "wg"), ("", "?"), ("a b", "a b"), ("x\n-> ack\x1b", "x\\n-> ack\\u{1b}"), ("\n", "\\n")]
        {
            assert_eq!(plain(name), told);
        }
    }
}
