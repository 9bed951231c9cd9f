//! Where Linux's sockets are opened.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::thread;

use netloom_wire::{Errno, Protocol};

use super::linux::Linux;
use super::netns::errno;
use super::sys::Step;
use super::{Netns, Socket, sys};
use crate::client::Dialer;
use crate::{Error, Result};

/// Dials the Linux kernel underneath, always in the same network namespace.
///
/// A socket belongs to the namespace of the thread that opens it, and a connection opens sockets late: so the namespace
/// is pinned when the dialer is made, by a descriptor. A thread that is elsewhere when it opens a socket has that done by
/// a thread that ends with it: its own namespace is never touched, nor that of any thread which lives on. Each socket costs
/// one look at where the calling thread is (a `stat` of `/proc/thread-self/ns/net`).
#[derive(Clone, Debug)]
pub struct LinuxDialer(Pin);

#[derive(Clone, Debug)]
enum Pin {
    At(Arc<Pinned>),
    /// Where the machine does not show namespaces (no /proc), each socket is opened where its thread is.
    Unknown,
    /// It could not be opened.
    Failed(Errno),
}

#[derive(Debug)]
struct Pinned {
    namespace: OwnedFd,
    /// Its device and inode.
    id: (u64, u64),
}

impl LinuxDialer {
    /// In the namespace of the calling thread. What keeps it from being pinned is told when a socket is opened; but
    /// without /proc, each socket will be of the namespace that its thread is in by then.
    pub fn here() -> Self {
        let pinned = File::open(Netns::OWN).and_then(Pinned::new);
        Self(match pinned {
            Ok(pinned) => Pin::At(Arc::new(pinned)),
            Err(error) => match errno(&error) {
                errno @ (Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM) => Pin::Failed(errno),
                _ => Pin::Unknown,
            },
        })
    }

    /// In this namespace.
    ///
    /// # Errors
    ///
    /// Those of [`Netns::open`]. Whether it may be entered is seen with the first socket: EPERM if not.
    pub fn in_namespace(netns: &Netns) -> Result<Self> {
        let pinned = Pinned::new(netns.open()?.into());
        let pinned = pinned.map_err(|error| Error::system("network namespace", errno(&error)))?;
        Ok(Self(Pin::At(Arc::new(pinned))))
    }
}

impl Pinned {
    fn new(file: File) -> std::io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self { namespace: file.into(), id: (metadata.dev(), metadata.ino()) })
    }

    /// Whether the calling thread is in it.
    fn is_here(&self) -> bool {
        fs::metadata(Netns::OWN).is_ok_and(|here| (here.dev(), here.ino()) == self.id)
    }

    /// Opens a socket in it, from wherever the calling thread is.
    fn open(&self, protocol: Protocol) -> Result<Linux> {
        let namespace = self.namespace.as_fd();
        let opened = thread::scope(|scope| {
            let visitor = thread::Builder::new().name("netns".into());
            let visit = visitor.spawn_scoped(scope, || {
                // A handler of the program's must not run in there.
                sys::block_signals();
                sys::enter_network_namespace(namespace).map_err(|errno| (Step::Enter, errno))?;
                Linux::open(protocol).map_err(|errno| (Step::Socket, errno))
            });
            let visit = visit.map_err(|error| (Step::Visitor, errno(&error)))?;
            visit.join().unwrap_or(Err((Step::Visitor, Errno::EIO)))
        });
        let opened = match opened {
            Err((Step::Enter, Errno::EPERM)) => open_as_owner(namespace, protocol),
            opened => opened,
        };
        opened.map_err(|(step, errno)| match step {
            Step::Visitor => Error::system("a thread or process to enter a network namespace", errno),
            Step::Enter if errno == Errno::EPERM => Error::system(
                "setns: not permitted to enter this network namespace; it takes CAP_SYS_ADMIN here and in the user namespace \
                 that owns it: run as root, or as the user who made it",
                errno,
            ),
            Step::Enter => Error::system("setns", errno),
            Step::Socket => Error::system("socket", errno),
        })
    }
}

/// Opens a socket in a namespace that this program may not enter, from within the user namespace that owns it.
fn open_as_owner(namespace: BorrowedFd<'_>, protocol: Protocol) -> std::result::Result<Linux, (Step, Errno)> {
    // It may be of a user namespace further out than our own.
    let owner = sys::owner_of_namespace(namespace).map_err(|_| (Step::Enter, Errno::EPERM))?;
    match sys::socket_within(owner.as_fd(), namespace, protocol.number()) {
        Ok(fd) => Ok(Linux::over(fd)),
        // EINVAL is our own user namespace, in which we are nobody who may.
        Err((Step::Enter, _)) => Err((Step::Enter, Errno::EPERM)),
        Err(failed) => Err(failed),
    }
}

impl Dialer for LinuxDialer {
    fn open(&self, protocol: Protocol) -> Result<Socket> {
        let socket = match &self.0 {
            Pin::At(pinned) if !pinned.is_here() => pinned.open(protocol)?,
            Pin::At(_) | Pin::Unknown => Linux::open(protocol).map_err(|errno| Error::system("socket", errno))?,
            Pin::Failed(errno) => return Err(Error::system("network namespace of this thread", *errno)),
        };
        Ok(Socket::over(Arc::new(socket)))
    }
}
