//! The verb `run`: a kernel side for the life of a program.

use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use netloom::client::Connection;
use netloom::unix::{self, Serving};
use netloom::wire::Errno;
use netloom_interpose::{
    self as interpose, Disturbed, Error as Refused, Fault, Interposer, Local, Merged, Mode, Served,
};
use signal_hook::consts::{SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithRawSiginfo;
use tempfile::TempDir;

use crate::failure::{Failure, tell};
use crate::fault::Faults;
use crate::kernel::{Loaded, Target, VARIABLE};
use crate::observe::{Observer, families};
use crate::only;
use crate::session::{Settings, Specs};
use crate::sys;

/// The variable that names this command, for scripts.
pub const OWN: &str = "NETLOOM";

/// What is run.
#[derive(Args, Debug)]
pub struct Program {
    /// The program and its arguments. It is told of the kernel side by $NETLOOM_KERNEL, and of this command by $NETLOOM
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    pub command: Vec<OsString>,
    /// Leaves the program's own netlink sockets to Linux: it finds the kernel side by $NETLOOM_KERNEL or not at all
    #[arg(long)]
    pub no_interpose: bool,
    /// How much of what the program does on its netlink sockets is done here [default: sync, but full where a --fault
    /// takes it]
    #[arg(long, value_name = "MODE", value_enum, conflicts_with = "no_interpose")]
    pub mode: Option<Manner>,
    /// Shows the program the links of the kernel side alone, without those of Linux
    #[arg(long, conflicts_with = "no_interpose")]
    pub isolate: bool,
    /// Of generic netlink, has these families alone from the kernel side, as nlctrl names them, and every other from Linux
    #[arg(long, value_name = "FAMILY,…", value_delimiter = ',', conflicts_with = "no_interpose")]
    pub only: Vec<String>,
    /// What goes wrong.
    #[command(flatten)]
    pub faults: Faults,
    /// Where specs are of what is shown, recorded and refused.
    #[command(flatten)]
    pub specs: Specs,
}

/// A [`Mode`], by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Manner {
    /// Sends are handled when they return
    Sync,
    /// Receives too, and they tell all that netlink's do, as some programs must have it (Go's vishvananda/netlink)
    Full,
    /// Neither: sends are handled a moment later
    Fast,
}

impl From<Manner> for Mode {
    fn from(manner: Manner) -> Self {
        match manner {
            Manner::Sync => Self::Sync,
            Manner::Full => Self::Full,
            Manner::Fast => Self::Fast,
        }
    }
}

/// Runs the program. The status is the program's; 128 and the signal that ended it; 127 if it is not found, 126 if it
/// cannot be executed.
pub fn run(program: &Program, settings: &Settings) -> Result<u8, Failure> {
    let families = Arc::new(program.specs.families()?);
    let faults = program.faults.resolve(&families)?;
    let side = Side::of(settings)?;
    let only = if program.only.is_empty() { None } else { Some(only::of(&program.only, &side.connection()?)?) };
    let observer = settings.observer(&families, true).map(Arc::new);
    if let Some(observer) = &observer {
        side.show(observer, program)?;
        if only.is_some() {
            observer.name_all(&Connection::open()?)?;
        }
    }
    let own = std::env::current_exe()
        .map_err(|error| Failure::new(format_args!("cannot find out which program this is: {error}")))?;
    let (name, args) = program.command.split_first().ok_or_else(|| Failure::new("no program to run"))?;
    let mut command = Command::new(name);
    command.args(args).env(VARIABLE, side.name()).env(OWN, own);
    // What this command was told to ignore (`nohup`), the program ignores as well: a handler would end that.
    let passed = PASSED.into_iter().filter(|signal| !sys::is_ignored(*signal));
    // Before the program begins, so that none is missed.
    let mut signals = SignalsInfo::<WithRawSiginfo>::new(passed.chain([SIGCHLD]))
        .map_err(|error| Failure::new(format_args!("cannot wait for signals: {error}")))?;
    let interposer =
        if program.no_interpose { None } else { side.interposer(program, only, settings, observer.as_ref(), faults)? };
    let spawned = match interposer {
        Some(interposer) => interposer.spawn(command).map(|(child, supervision)| (child, Some(supervision))),
        None => command.spawn().map(|child| (child, None)).map_err(|error| Refused::Program(name.into(), error)),
    };
    let (mut child, _supervision) = match spawned {
        Ok(spawned) => spawned,
        Err(error) => {
            tell(format_args!("netloom: {error}"));
            return Ok(error.status());
        }
    };
    let status = attend(&mut child, &mut signals)?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, signal) => 128_u8.wrapping_add(signal.unwrap_or(0) as u8),
    })
}

/// The signals that are the program's business.
const PASSED: [i32; 9] = [SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH];

/// Passes signals on until the program has ended.
fn attend(child: &mut Child, signals: &mut SignalsInfo<WithRawSiginfo>) -> Result<ExitStatus, Failure> {
    for info in signals.forever() {
        if info.si_signo == SIGCHLD {
            match child.try_wait() {
                Ok(None) => {}
                ended => {
                    let waited = ended.map_err(|error| Failure::new(format_args!("cannot wait: {error}")))?;
                    return waited.ok_or_else(|| Failure::new("the program has no status"));
                }
            }
        } else if info.si_code <= 0 {
            // What the terminal sends (its code is positive), it sends to the program as well.
            sys::kill(child, info.si_signo);
        }
    }
    Err(Failure::new("signals are no longer told"))
}

/// The kernel side of a run.
enum Side {
    /// One of its own.
    Own { _serving: Serving, folder: TempDir, loaded: Loaded },
    /// One that is there.
    Other(PathBuf),
    /// Linux.
    Linux,
}

impl Side {
    fn of(settings: &Settings) -> Result<Self, Failure> {
        match &settings.target {
            Target::Linux => Ok(Self::Linux),
            Target::Namespace(_) => {
                Err(Failure::new("programs run in the own network namespace: start the command there"))
            }
            Target::Socket(path) => {
                unix::Dialer::connect(path)?;
                // The program may be elsewhere.
                let path = std::path::absolute(path)
                    .map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?;
                Ok(Self::Other(path))
            }
            Target::Embedded => {
                let loaded = Loaded::new(&settings.own)?;
                let (folder, server) = listen()?;
                Ok(Self::Own { _serving: server.start(loaded.kernel.clone())?, folder, loaded })
            }
        }
    }

    /// Shows what passes: of programs that come by themselves in a kernel side of its own, of interposed ones anywhere.
    fn show(&self, observer: &Arc<Observer>, program: &Program) -> Result<(), Failure> {
        match self {
            Self::Own { loaded, .. } => {
                loaded.names(observer)?;
                observer.watch(&loaded.kernel, !program.no_interpose);
                Ok(())
            }
            Self::Other(_) | Self::Linux => observer.name_all(&self.connection()?),
        }
    }

    /// A connection of this command's own to it.
    fn connection(&self) -> Result<Connection, Failure> {
        Ok(match self {
            Self::Own { loaded, .. } => loaded.kernel.connect(),
            Self::Other(path) => Connection::over(Arc::new(unix::Dialer::connect(path)?)),
            Self::Linux => Connection::open()?,
        })
    }

    /// What leads a program there that goes to Linux. `None` where nobody would know the difference.
    fn interposer(
        &self,
        program: &Program,
        only: Option<Vec<String>>,
        settings: &Settings,
        observer: Option<&Arc<Observer>>,
        faults: Vec<Fault>,
    ) -> Result<Option<Interposer>, Failure> {
        let unseen = program.faults.show_in_full_mode_alone();
        let mode = program.mode.map_or(if unseen { Mode::Full } else { Mode::default() }, Mode::from);
        let mut side: Arc<dyn interpose::Side> = match self {
            // What is in a record is in it whole.
            Self::Own { loaded, .. } if settings.own.replay.is_some() => Arc::new(Local(loaded.kernel.clone())),
            Self::Own { loaded, .. } => Arc::new(merged(Local(loaded.kernel.clone()), program, only)),
            Self::Other(path) => {
                let dialer = unix::Dialer::connect(path)?;
                let served = Served(if mode == Mode::Full { dialer.exact() } else { dialer });
                Arc::new(merged(served, program, only))
            }
            Self::Linux if observer.is_none() && faults.is_empty() => return Ok(None),
            Self::Linux => Arc::new(interpose::Linux),
        };
        if !faults.is_empty() {
            let disturbed = Disturbed::new(side, faults, program.faults.seed());
            // What a record says has the names.
            let known = if settings.own.replay.is_some() { Vec::new() } else { families(&self.connection()?)? };
            let others = if program.only.is_empty() { Vec::new() } else { families(&Connection::open()?)? };
            for (id, name) in known.into_iter().chain(others) {
                disturbed.name(id, &name);
            }
            side = Arc::new(disturbed);
        }
        // Outside of what goes wrong: what is shown is what the program sees.
        if let Some(observer) = observer {
            side = Arc::new(observer.over(side));
        }
        let interposer = Interposer::new(side).mode(mode).on_message(|text| tell(format_args!("netloom: {text}")));
        Ok(Some(interposer))
    }

    /// What `$NETLOOM_KERNEL` calls it.
    fn name(&self) -> OsString {
        match self {
            Self::Own { folder, .. } => socket(folder).into(),
            Self::Other(path) => path.into(),
            Self::Linux => "linux".into(),
        }
    }
}

/// A kernel side with the links of Linux, or without, and with all of its families or these alone.
fn merged<S: interpose::Side>(side: S, program: &Program, only: Option<Vec<String>>) -> Merged<S> {
    let merged = Merged::new(side);
    let merged = if program.isolate { merged.isolated() } else { merged };
    match only {
        Some(families) => merged.only(families),
        None => merged,
    }
}

/// Listens in a fresh folder that is this user's alone.
fn listen() -> Result<(TempDir, unix::Server), Failure> {
    let folder = |within: &Path| {
        tempfile::Builder::new()
            .prefix("netloom-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(within)
            .map_err(|error| {
                let folder = within.display();
                Failure::new(format_args!(
                    "cannot make a folder for the socket in {folder}: {error}; set TMPDIR to another"
                ))
            })
    };
    let first = folder(&std::env::temp_dir())?;
    match unix::Server::bind(socket(&first)) {
        Ok(server) => Ok((first, server)),
        // The path of a unix socket is short, $TMPDIR need not be.
        Err(error) if error.errno() == Some(Errno::ENAMETOOLONG) => {
            let second = folder(Path::new("/tmp"))?;
            let server = unix::Server::bind(socket(&second))?;
            Ok((second, server))
        }
        Err(error) => Err(error.into()),
    }
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("kernel")
}
