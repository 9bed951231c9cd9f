//! The programs that it takes, and how long they may take.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Why a kernel cannot be had or booted here: nothing is known about the kernel.
#[derive(Debug)]
pub(super) struct Lacking(pub(super) String);

impl Lacking {
    /// An error of the system about a file.
    pub(super) fn file(path: &Path) -> impl Fn(std::io::Error) -> Self + '_ {
        move |error| Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The time that all kernels have together.
pub(super) struct Budget(Instant);

/// Less than a step of `cargo xtask test` may take: what is built before it is not counted here, and who is ended by the step
/// does not say what it lacked.
const WHOLE: Duration = Duration::from_secs(13 * 60 + 30);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Instant::now() + WHOLE)
    }

    /// What is left of so much time.
    pub(super) fn of(&self, limit: Duration) -> Result<Duration, Lacking> {
        match self.0.saturating_duration_since(Instant::now()).min(limit) {
            left if left < Duration::from_secs(5) => Err(Lacking("no time is left".into())),
            left => Ok(left),
        }
    }
}

/// Programs that are there, by their paths.
pub(super) struct Programs {
    pub(super) qemu: PathBuf,
    pub(super) busybox: PathBuf,
    pub(super) depmod: PathBuf,
    pub(super) modprobe: PathBuf,
}

/// Programs that are called by their names, and the Debian packages that have them.
const CALLED: [(&str, &str); 7] = [
    ("timeout", "coreutils"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("cpio", "cpio"),
    ("gzip", "gzip"),
    ("xz", "xz-utils"),
    ("ldd", "libc-bin"),
];

impl Programs {
    /// Finds them all, or says which packages are missing.
    pub(super) fn find() -> Result<Self, Lacking> {
        if env::consts::ARCH != "x86_64" {
            return Err(Lacking("the kernels are for x86_64, and this machine is not".into()));
        }
        let mut missing = Vec::new();
        let mut find = |name: &str, package: &'static str| {
            let found = find(name);
            if found.is_none() && !missing.contains(&package) {
                missing.push(package);
            }
            found.unwrap_or_default()
        };
        let programs = Self {
            qemu: find("qemu-system-x86_64", "qemu-system-x86"),
            busybox: find("busybox", "busybox-static"),
            depmod: find("depmod", "kmod"),
            modprobe: find("modprobe", "kmod"),
        };
        for (name, package) in CALLED {
            find(name, package);
        }
        match missing.is_empty() {
            true => Ok(programs),
            false => Err(Lacking(format!("packages are missing: apt-get install {}", missing.join(" ")))),
        }
    }
}

/// A program on the path, or where only root has a path to.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Runs a command to its end and returns what it printed; what it said of an error if it failed or took too long.
pub(super) fn run(command: &Command, limit: Duration) -> Result<String, Lacking> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut timed = Command::new("timeout");
    // In the group of this program: who ends that ends also what is run.
    timed.args(["--foreground", "-k", "5", &limit.as_secs().max(1).to_string()]);
    timed.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    if let Some(folder) = command.get_current_dir() {
        timed.current_dir(folder);
    }
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => timed.env(key, value),
            None => timed.env_remove(key),
        };
    }
    let Output { status, stdout, stderr } = timed.output().map_err(|error| Lacking(format!("{name}: {error}")))?;
    let said = String::from_utf8_lossy(&stderr);
    match status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&stdout).into_owned()),
        Some(124 | 137) => Err(Lacking(format!("{name}: no end after {} s", limit.as_secs()))),
        _ => {
            // apt-get and make say first what failed, and last that something did.
            let first = ["Failed to fetch", "error: "];
            let failed = said.lines().find(|line| first.iter().any(|word| line.contains(word)));
            let said = failed.or_else(|| said.trim().lines().last()).unwrap_or("fails without a word");
            Err(Lacking(format!("{name}: {said}")))
        }
    }
}
