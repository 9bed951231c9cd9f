//! Network namespaces of Linux.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use netloom_wire::Errno;

use super::sys;
use crate::{Error, Result};

/// Which network namespace of Linux: by name, by path, by a process in it, or by descriptor.
///
/// It is looked for when it is used: by [`Builder::open`](crate::client::Builder::open), [`Netns::open`] and the like,
/// whose errors say what is wrong with it. Those by descriptor are held open and stay there, whoever else leaves.
///
/// ```no_run
/// use netloom::{Connection, Netns};
/// let blue = Connection::builder().netns(Netns::named("blue")).open()?;
/// for link in netloom::rtnetlink::link::all(&blue)? {
///     println!("{:?} is in there", link.ifname);
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// Sockets of a namespace belong to it for good; no thread of the program's is ever moved there. To enter one takes
/// CAP_SYS_ADMIN here and in the user namespace that owns it: root's everywhere, and anybody's in the namespaces that
/// they have made (of a rootless container, say), by a way around that costs a short-lived process a socket.
#[doc(alias = "setns")]
#[doc(alias = "CLONE_NEWNET")]
#[derive(Clone)]
pub struct Netns(Arc<Place>);

enum Place {
    Path(PathBuf),
    Named(OsString),
    Process(u32),
    Descriptor(std::result::Result<OwnedFd, Errno>),
}

impl Netns {
    /// Where `ip netns add` puts namespaces.
    const NAMED: &str = "/run/netns";
    /// That of the calling thread.
    pub(super) const OWN: &str = "/proc/thread-self/ns/net";

    /// The one that `ip netns` calls so.
    pub fn named(name: impl AsRef<OsStr>) -> Self {
        Self::at(Place::Named(name.as_ref().to_owned()))
    }

    /// The one at this path: `/proc/42/ns/net`, `/run/netns/blue`, or wherever one is mounted.
    pub fn path(path: impl AsRef<Path>) -> Self {
        Self::at(Place::Path(path.as_ref().to_owned()))
    }

    /// The one that the first thread of this process is in, by its process id.
    pub fn of_process(process: u32) -> Self {
        Self::at(Place::Process(process))
    }

    /// The one that the descriptor refers to, which is duplicated.
    pub fn fd(fd: impl AsFd) -> Self {
        Self::from(fd.as_fd())
    }

    /// The one that the calling thread is in now.
    pub fn current() -> Self {
        Self::at(Place::Descriptor(File::open(Self::OWN).map(OwnedFd::from).map_err(|error| errno(&error))))
    }

    /// Opens it: a descriptor as `setns` takes it, and attributes such as `net-ns-fd` of a link that is to move there.
    ///
    /// # Errors
    ///
    /// ENOENT if there is none at the path or of the name; ESRCH if there is no such process; EACCES for a process of
    /// somebody else's; EINVAL if it is no network namespace.
    pub fn open(&self) -> Result<OwnedFd> {
        match &*self.0 {
            Place::Path(path) => Self::opened(path),
            Place::Named(name) => Self::open_named(name),
            Place::Process(process) => Self::open_of(*process),
            Place::Descriptor(Ok(fd)) => {
                is_one(fd.as_fd(), Path::new("descriptor"))?;
                fd.try_clone().map_err(|error| Error::system("network namespace", errno(&error)))
            }
            Place::Descriptor(Err(errno)) => Err(Error::system("network namespace", *errno)),
        }
    }

    fn at(place: Place) -> Self {
        Self(Arc::new(place))
    }

    fn opened(path: &Path) -> Result<OwnedFd> {
        let fd = open(path).map_err(|error| match errno(&error) {
            Errno::ENOENT if path.starts_with("/proc") && !has_proc() => no_proc(path),
            errno => Error::at(path, format_args!("cannot open this network namespace: {errno}"), errno),
        })?;
        is_one(fd.as_fd(), path)?;
        Ok(fd)
    }

    fn open_named(name: &OsStr) -> Result<OwnedFd> {
        let path = Path::new(Self::NAMED).join(name);
        // A path would be taken for one, wherever it leads.
        if name.is_empty() || name == ".." || name == "." || name.as_encoded_bytes().contains(&b'/') {
            let what = "no name of a network namespace; Netns::path takes paths";
            return Err(Error::at(Path::new(name), what, Errno::EINVAL));
        }
        match open(&path) {
            Ok(fd) => is_one(fd.as_fd(), &path).map(|()| fd),
            Err(error) if errno(&error) == Errno::ENOENT => {
                let what = "there is no network namespace of this name; `ip netns` lists those there are";
                Err(Error::at(&path, what, Errno::ENOENT))
            }
            Err(error) => Err(Error::at(&path, format_args!("cannot open it: {}", errno(&error)), errno(&error))),
        }
    }

    fn open_of(process: u32) -> Result<OwnedFd> {
        let path = PathBuf::from(format!("/proc/{process}/ns/net"));
        match open(&path) {
            Ok(fd) => is_one(fd.as_fd(), &path).map(|()| fd),
            Err(_) if !has_proc() => Err(no_proc(&path)),
            Err(error) => Err(match errno(&error) {
                Errno::ENOENT | Errno::ESRCH => {
                    Error::at(&path, "there is no such process, or it has ended", Errno::ESRCH)
                }
                errno @ (Errno::EACCES | Errno::EPERM) => Error::at(
                    &path,
                    "a process that is not yours to look at: it takes CAP_SYS_PTRACE (run as root?)",
                    errno,
                ),
                errno => Error::at(&path, format_args!("cannot open its network namespace: {errno}"), errno),
            }),
        }
    }
}

impl From<BorrowedFd<'_>> for Netns {
    /// The one that the descriptor refers to, which is duplicated.
    fn from(fd: BorrowedFd<'_>) -> Self {
        Self::at(Place::Descriptor(fd.try_clone_to_owned().map_err(|error| errno(&error))))
    }
}
impl From<OwnedFd> for Netns {
    fn from(fd: OwnedFd) -> Self {
        Self::at(Place::Descriptor(Ok(fd)))
    }
}
impl From<File> for Netns {
    fn from(file: File) -> Self {
        OwnedFd::from(file).into()
    }
}

impl fmt::Debug for Netns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Place::Path(path) => write!(f, "Netns({})", path.display()),
            Place::Named(name) => write!(f, "Netns({})", name.display()),
            Place::Process(process) => write!(f, "Netns(of process {process})"),
            Place::Descriptor(fd) => write!(f, "Netns({fd:?})"),
        }
    }
}

/// Opens a file that may be anything, without waiting for whoever is at the other end of a pipe.
fn open(path: &Path) -> io::Result<OwnedFd> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).map(OwnedFd::from)
}

/// EINVAL with what it is instead if it is no network namespace.
fn is_one(fd: BorrowedFd<'_>, path: &Path) -> Result<()> {
    let what = match sys::namespace_kind(fd) {
        Ok(libc::CLONE_NEWNET) => return Ok(()),
        Ok(_) => "a namespace, but none of networks: that of a process is /proc/PID/ns/net",
        Err(_) => {
            "no network namespace (a name whose namespace is gone leaves an empty file; `ip netns del` removes it)"
        }
    };
    Err(Error::at(path, what, Errno::EINVAL))
}

fn has_proc() -> bool {
    fs::symlink_metadata("/proc/self").is_ok()
}

fn no_proc(path: &Path) -> Error {
    Error::at(path, "there is no /proc here: mount it, or name the namespace or its descriptor", Errno::ENOENT)
}

pub(super) fn errno(error: &io::Error) -> Errno {
    Errno(error.raw_os_error().unwrap_or(libc::EIO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_is_told_with_what_to_do() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (other, empty) = (Netns::path("/proc/self/ns/uts"), Netns::path(file.path()));
        for (place, errno, words) in [
            (Netns::named("no such one"), Errno::ENOENT, "/run/netns/no such one: there is no network namespace of"),
            (Netns::named("../netns/x"), Errno::EINVAL, "../netns/x: no name of a network namespace; Netns::path"),
            (Netns::named(""), Errno::EINVAL, "no name of a network namespace"),
            (Netns::path("/no/such/path"), Errno::ENOENT, "/no/such/path: cannot open this network namespace"),
            (other, Errno::EINVAL, "/proc/self/ns/uts: a namespace, but none of networks: that of a process is"),
            (empty, Errno::EINVAL, "no network namespace (a name whose namespace is gone leaves an empty file"),
            // Beyond the most that there can be.
            (Netns::of_process(1 << 30), Errno::ESRCH, "there is no such process, or it has ended"),
            (Netns::fd(&file), Errno::EINVAL, "descriptor: no network namespace"),
        ] {
            let error = place.open().unwrap_err();
            assert_eq!(error.errno(), Some(errno), "{place:?}: {error}");
            assert!(error.to_string().contains(words), "{place:?}: {error}");
        }
    }

    #[test]
    fn each_way_leads_to_the_same() {
        use std::os::unix::fs::MetadataExt;
        let id = |netns: &Netns| {
            let metadata = File::from(netns.open().unwrap()).metadata().unwrap();
            (metadata.dev(), metadata.ino())
        };
        let here = Netns::current();
        for same in [
            Netns::path("/proc/self/ns/net"),
            Netns::of_process(std::process::id()),
            Netns::fd(File::open("/proc/self/ns/net").unwrap()),
            Netns::from(here.open().unwrap()),
        ] {
            assert_eq!(id(&same), id(&here), "{same:?}");
        }
    }
}
