//! Connecting to a kernel side in another process.

use std::fmt;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netloom_wire::{Errno, Protocol};

use super::control::Control;
use super::endpoint::UnixEndpoint;
use super::sys;
use crate::kernel::SocketState;
use crate::socket::Socket;
use crate::{Error, Result};

/// How long a server may take to greet.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens sockets to a kernel side in another process, by the path that its [`Server`](super::Server) listens at.
///
/// ```no_run
/// use std::sync::Arc;
/// use netloom::{Connection, unix};
/// let nl = Connection::over(Arc::new(unix::Dialer::connect("/run/netloom")?));
/// # Ok::<(), netloom::Error>(())
/// ```
pub struct Dialer {
    path: PathBuf,
    exact: bool,
}

impl Dialer {
    /// Looks whether a server answers at `path`.
    ///
    /// # Errors
    ///
    /// They name the path and say what to do: nothing there (ENOENT), no socket (ENOTSOCK), nobody answers (ECONNREFUSED,
    /// ETIMEDOUT), not permitted (EACCES), something else than netloom (EPROTO), another version (EPROTONOSUPPORT), too
    /// many clients (EUSERS).
    pub fn connect(path: impl Into<PathBuf>) -> Result<Self> {
        let dialer = Self { path: path.into(), exact: false };
        dialer.dial().map_err(|errno| unreachable(&dialer.path, errno))?;
        Ok(dialer)
    }

    /// Has its sockets receive in exact mode: as those of Linux do, to the order in which an error and what is queued
    /// are told, and to the room of each receive. It costs a round trip a receive, and a receive waits while a handler
    /// works on what the same socket has sent; see [the protocol](crate::unix#exact-mode) for what other sockets cannot show.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use netloom::kernel::Kernel;
    /// use netloom::{Connection, unix};
    /// # let folder = std::env::temp_dir().join(format!("netloom-exact-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("kernel");
    /// # let serving = unix::Server::bind(&path)?.start(Kernel::new())?;
    /// let nl = Connection::over(Arc::new(unix::Dialer::connect(&path)?.exact()));
    /// assert_eq!(nl.family("nlctrl")?.id, 0x10);
    /// # serving.stop()?;
    /// # std::fs::remove_dir(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn exact(mut self) -> Self {
        self.exact = true;
        self
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sockets that are open at the kernel side, those of all its clients.
    ///
    /// EOPNOTSUPP from a server that is older than this question.
    pub fn sockets(&self) -> Result<Vec<SocketState>> {
        let asked = self.dial().and_then(|mut control| control.sockets(Instant::now().checked_add(PATIENCE)));
        asked.map_err(|errno| unreachable(&self.path, errno))
    }

    fn dial(&self) -> std::result::Result<Control, Errno> {
        let fd = connected(&self.path)?;
        let mut control = Control::new(fd, PATIENCE)?;
        control.greet(Instant::now().checked_add(PATIENCE))?;
        Ok(control)
    }
}

impl crate::client::Dialer for Dialer {
    fn open(&self, protocol: Protocol) -> Result<Socket> {
        let control = self.dial().map_err(|errno| unreachable(&self.path, errno))?;
        let opened = UnixEndpoint::open(control, protocol, self.exact).map_err(|errno| match errno {
            Errno::ECONNRESET => unreachable(&self.path, errno),
            errno => Error::system("socket", errno),
        })?;
        Ok(Socket::over(Arc::new(opened)))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix socket {}", self.path.display())
    }
}

fn connected(path: &Path) -> std::result::Result<OwnedFd, Errno> {
    let fd = sys::seqpacket()?;
    match sys::connect(fd.as_fd(), path, PATIENCE) {
        Ok(()) => Ok(fd),
        // Linux refuses a connection to what is no socket just so.
        Err(Errno::ECONNREFUSED) if fs::metadata(path).is_ok_and(|meta| !meta.file_type().is_socket()) => {
            Err(Errno::ENOTSOCK)
        }
        Err(Errno::EAGAIN) => Err(Errno::ETIMEDOUT),
        Err(errno) => Err(errno),
    }
}

fn unreachable(path: &Path, errno: Errno) -> Error {
    let start = || format!("start `netloom serve --socket {}`", path.display());
    let what = match errno {
        Errno::ENOENT => format!("nothing is there; {}", start()),
        Errno::ENOTDIR => "a folder of this path is none".to_owned(),
        Errno::ENOTSOCK => "no socket; give the path that `netloom serve --socket` was given".to_owned(),
        Errno::ECONNREFUSED => format!("its server is gone; {}", start()),
        Errno::ECONNRESET => format!("its server closed the connection; if it ended, {}", start()),
        Errno::ETIMEDOUT => "its server does not answer; it may be stopped, or stuck in a handler".to_owned(),
        Errno::EACCES | Errno::EPERM => {
            "not permitted; only root's server serves other users, and every folder of the path must be open to you"
                .to_owned()
        }
        Errno::EPROTOTYPE | Errno::EPROTO => "what answers there is no netloom server; give another path".to_owned(),
        Errno::EPROTONOSUPPORT => {
            "its server speaks another version of the control protocol; use the same netloom on both ends".to_owned()
        }
        Errno::EOPNOTSUPP => "its server does not tell of its sockets; use a newer netloom there".to_owned(),
        Errno::EUSERS => "its server has as many clients as it takes; end some".to_owned(),
        Errno::ENAMETOOLONG => "too long for a unix socket (107 bytes at most)".to_owned(),
        errno => format!("cannot connect: {errno}"),
    };
    Error::at(path, what, errno)
}
