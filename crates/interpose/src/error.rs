//! Why a program was not started.

use std::error;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use netloom::Errno;

/// Why a program was not started. Each says what can be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It was not found, or cannot be executed.
    Program(PathBuf, io::Error),
    /// It is set to run as another user or group, which nobody without privileges may interpose.
    SetId(PathBuf),
    /// It is 32-bit code.
    ThirtyTwoBit(PathBuf),
    /// It is another machine's code, or damaged.
    Format(PathBuf),
    /// The filter was refused.
    Filter(Errno),
    /// This process could not watch it.
    Supervisor(Errno),
}

impl Error {
    /// The status that a shell would end with: 127 not found, 126 not executable, 1 for what is ours.
    pub fn status(&self) -> u8 {
        match self {
            Self::Program(_, error) if error.kind() == io::ErrorKind::NotFound => 127,
            Self::Program(..) | Self::SetId(_) | Self::ThirtyTwoBit(_) | Self::Format(_) => 126,
            Self::Filter(_) | Self::Supervisor(_) => 1,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program, error) => write!(f, "{}: {}", program.display(), why(program, error)),
            Self::SetId(program) => write!(
                f,
                "{}: it is set to run as another user or group, which an interposed program without privileges may not: run \
                 netloom as that user, or with --no-interpose",
                program.display()
            ),
            Self::ThirtyTwoBit(program) => write!(
                f,
                "{}: it is 32-bit code, which cannot be interposed: use a 64-bit one, or --no-interpose",
                program.display()
            ),
            Self::Format(program) => write!(
                f,
                "{}: it is code of another machine, or damaged: use one that is built for {}",
                program.display(),
                std::env::consts::ARCH
            ),
            Self::Filter(Errno::EBUSY) => f.write_str(
                "a seccomp listener is in place already (another netloom run, or a container that uses one): run netloom \
                 outside of it, or with --no-interpose",
            ),
            Self::Filter(errno @ (Errno::EINVAL | Errno::ENOSYS)) => write!(
                f,
                "this kernel has no seccomp user notification ({errno}): it takes Linux 5.19 or newer with \
                 CONFIG_SECCOMP_FILTER; --no-interpose does without"
            ),
            Self::Filter(errno) => {
                write!(f, "the seccomp filter was refused ({errno}): --no-interpose does without")
            }
            Self::Supervisor(errno) => write!(f, "cannot supervise the program: {errno}"),
        }
    }
}

/// Why a program could not be executed, and what to do.
fn why(program: &Path, error: &io::Error) -> String {
    let is_path = program.as_os_str().as_bytes().contains(&b'/');
    match error.raw_os_error().map(Errno) {
        Some(Errno::ENOENT) if !is_path => "no such program in any folder of $PATH: give its path".to_owned(),
        Some(Errno::ENOENT) if program.exists() => {
            "what is to interpret it is not there: see its first line (#!), or install its loader".to_owned()
        }
        Some(Errno::ENOENT) => "there is no such file: check the path".to_owned(),
        Some(Errno::EACCES) if program.is_dir() => "it is a folder: name the program in it".to_owned(),
        Some(Errno::EACCES) => {
            "it may not be executed: set its mode (chmod +x) and look at those of its folders, or name what interprets it"
                .to_owned()
        }
        Some(Errno::ENOEXEC) => {
            "it is no program that this kernel executes: name what interprets it (sh FILE), or use one for this machine"
                .to_owned()
        }
        Some(errno) => errno.to_string(),
        None => error.to_string(),
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Program(_, error) => Some(error),
            _ => None,
        }
    }
}
