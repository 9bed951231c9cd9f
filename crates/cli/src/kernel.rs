//! Which kernel side the command talks to.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use netloom::Netns;
use netloom::client::Dialer;
use netloom::kernel::{Kernel, Version};
use netloom::socket::{LinuxDialer, Socket};
use netloom::unix;
use netloom::wire::Protocol;
use netloom_modules::Module;

use crate::failure::{Failure, tell};
use crate::observe::Observer;
use crate::replay;
use crate::replies::{self, Script};
use crate::session::Specs;

/// The variable that names the kernel side where `--kernel` does not.
pub const VARIABLE: &str = "NETLOOM_KERNEL";

/// A kernel side, as `--kernel` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Linux underneath.
    Linux,
    /// The same in another network namespace.
    Namespace(Place),
    /// One inside this process, with nothing but the built-in families and the modules loaded for it.
    Embedded,
    /// A running one, by the socket it listens on.
    Socket(PathBuf),
}

/// Where a network namespace is, as `--netns` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// What `ip netns` calls it.
    Name(OsString),
    /// A path.
    Path(PathBuf),
    /// A process in it.
    Process(u32),
}

impl Place {
    /// What has a slash is a path, a number a process.
    pub fn of(text: OsString) -> Self {
        match text.to_str().map(str::parse) {
            Some(Ok(process)) => Self::Process(process),
            _ if text.as_encoded_bytes().contains(&b'/') => Self::Path(text.into()),
            _ => Self::Name(text),
        }
    }

    fn netns(&self) -> Netns {
        match self {
            Self::Name(name) => Netns::named(name),
            Self::Path(path) => Netns::path(path),
            Self::Process(process) => Netns::of_process(*process),
        }
    }
}

impl Target {
    /// What the command line names, else what `$NETLOOM_KERNEL` does, else Linux.
    pub fn choose(named: Option<OsString>, variable: Option<OsString>) -> Self {
        let name = named.or(variable.filter(|name| !name.is_empty()));
        match name {
            None => Self::Linux,
            Some(name) if name == "linux" => Self::Linux,
            Some(name) if name == "embedded" => Self::Embedded,
            Some(path) => Self::Socket(path.into()),
        }
    }

    /// What opens sockets to it. An embedded one is made here, and lasts as long as the dialer.
    pub fn dialer(&self, own: &Own) -> Result<Arc<dyn Dialer>, Failure> {
        match self {
            Self::Linux => Ok(Arc::new(LinuxDialer::here())),
            Self::Namespace(place) => Ok(Arc::new(LinuxDialer::in_namespace(&place.netns())?)),
            Self::Embedded => Ok(Arc::new(Embedded::new(own)?)),
            Self::Socket(path) => Ok(Arc::new(unix::Dialer::connect(path)?)),
        }
    }
}

/// What a kernel side of the command's own is to be like.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The index of its first link; 0 is as good as 1.
    pub first_link: u32,
    /// The id of its first family of generic netlink, and the number of the first group; 0 is as good as Linux's.
    pub first_family: (u16, u32),
    /// Its modules: `NAME[=DEVICE,…]`.
    pub modules: Vec<String>,
    /// Families that are answered from files.
    pub replies: Vec<PathBuf>,
    /// The Linux it behaves as.
    pub version: Version,
    /// The record that it answers from, instead of having families of its own.
    pub replay: Option<PathBuf>,
    /// Where specs are of what is in the record, and of what is answered from files.
    pub specs: Specs,
}

/// A kernel side of the command's own, and the modules in it.
#[derive(Debug)]
pub struct Loaded {
    /// The kernel side.
    pub kernel: Kernel,
    /// Loaded as long as they are kept.
    _modules: Vec<Module>,
    _scripts: Vec<Script>,
    /// Whether it answers from a record.
    is_replay: bool,
}

impl Loaded {
    /// Makes one.
    pub fn new(own: &Own) -> Result<Self, Failure> {
        if own.version.is_beyond_table() {
            let known = own.version.known();
            tell(format_args!("netloom: Linux {} is not known yet: behaving as {known}", own.version));
        }
        if let Some(path) = &own.replay {
            return Ok(Self {
                kernel: replay::kernel(path, own.specs.families()?)?,
                _modules: Vec::new(),
                _scripts: Vec::new(),
                is_replay: true,
            });
        }
        let (family, group) = own.first_family;
        let kernel = Kernel::builder().behave_like(own.version).first_link(own.first_link);
        let kernel = kernel.first_family(family).first_group(group).build();
        let modules = own.modules.iter().map(|module| netloom_modules::load(&kernel, module));
        let modules = modules.collect::<Result<_, _>>().map_err(Failure::new)?;
        let scripts = own.replies.iter().map(|file| replies::load(&kernel, file, &own.specs));
        let scripts = scripts.collect::<Result<_, _>>()?;
        Ok(Self { kernel, _modules: modules, _scripts: scripts, is_replay: false })
    }

    /// Tells who looks on what families there are. A record is not asked: what it says has the names.
    pub fn names(&self, observer: &Observer) -> Result<(), Failure> {
        if self.is_replay { Ok(()) } else { observer.name_all(&self.kernel.connect()) }
    }
}

/// A kernel side inside this process, which goes with its dialer.
#[derive(Debug)]
struct Embedded {
    dialer: Arc<dyn Dialer>,
    _loaded: Loaded,
}

impl Embedded {
    fn new(own: &Own) -> Result<Self, Failure> {
        let loaded = Loaded::new(own)?;
        let dialer = loaded.kernel.dialer(loaded.kernel.administrator());
        Ok(Self { dialer, _loaded: loaded })
    }
}

impl Dialer for Embedded {
    fn open(&self, protocol: Protocol) -> netloom::Result<Socket> {
        self.dialer.open(protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_goes_before_the_variable() {
        let socket = |path: &str| Target::Socket(path.into());
        for (named, variable, target) in [
            (None, None, Target::Linux),
            (None, Some(""), Target::Linux),
            (None, Some("/run/k"), socket("/run/k")),
            (Some("linux"), Some("/run/k"), Target::Linux),
            (Some("embedded"), None, Target::Embedded),
            (Some("./linux"), Some("embedded"), socket("./linux")),
        ] {
            assert_eq!(Target::choose(named.map(OsString::from), variable.map(OsString::from)), target);
        }
    }
}
