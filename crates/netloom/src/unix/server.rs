//! The server: listens at a path, a thread for each client.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use netloom_wire::Errno;

use super::crowd::{Crowd, Place};
use super::listener::Listener;
use super::peer::Peer;
use super::protocol::Answer;
use super::sys::{self, Epoll};
use crate::kernel::Kernel;
use crate::socket::this_process;
use crate::{Error, Result};

/// How long accepting rests when the process has no descriptor left.
const BREATH: u16 = 50;

/// Serves a kernel side to other processes, at a path.
///
/// Each client (a [`Dialer`](super::Dialer) opens one for each socket) has a thread, in which its handlers run: a slow one
/// keeps its own client waiting, no other. Who may what is decided by the user that connected: uid 0 and the uid of the
/// kernel side have all privileges, others none. The path's mode is 0600, or 0666 when this process is root.
///
/// Bounds: 4,096 clients, 256 sockets a client, 1,024 clients and as many sockets an unprivileged user; a socket's unread
/// datagrams by its receive buffer, as in a kernel. A client takes 64 KiB at most, for the stack of its thread and the
/// record that it handles (one longer than 16 KiB has its room while it is handled, 416 KiB at most), and its sockets take
/// [what they do](crate::kernel#what-it-costs).
///
/// ```
/// use std::sync::Arc;
/// use netloom::kernel::Kernel;
/// use netloom::{Connection, unix};
///
/// # let folder = std::env::temp_dir().join(format!("netloom-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("kernel");
/// let serving = unix::Server::bind(&path)?.start(Kernel::new())?;
/// // Elsewhere, in another process:
/// let nl = Connection::over(Arc::new(unix::Dialer::connect(&path)?));
/// assert_eq!(nl.family("nlctrl")?.id, 0x10);
/// serving.stop()?;
/// assert!(!path.exists());
/// # std::fs::remove_dir(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    stop: Stop,
}

/// Stops a [`Server`], from any thread. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Stop(Arc<OwnedFd>);

/// A [`Server`] that serves in a thread. Dropping it stops it.
#[derive(Debug)]
pub struct Serving {
    stop: Stop,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Server {
    /// Listens at `path`. What a server that is gone left there is replaced; the path is removed when this is dropped.
    ///
    /// # Errors
    ///
    /// EADDRINUSE if a server is alive there, EEXIST if something else than a socket is; what making a socket says.
    pub fn bind(path: impl AsRef<Path>) -> Result<Self> {
        let root = this_process().uid == 0;
        let listener = Listener::bind(path.as_ref(), if root { 0o666 } else { 0o600 })?;
        let stop = sys::switch().map_err(|errno| Error::system("eventfd", errno))?;
        Ok(Self { listener, stop: Stop(Arc::new(stop)) })
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        self.listener.path()
    }

    /// What stops it.
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    /// Serves until it is [stopped](Server::stopper): then the path is removed, and this returns when the last handler has.
    ///
    /// # Errors
    ///
    /// What accepting says, other than that it should be tried again.
    pub fn serve(self, kernel: &Kernel) -> Result<()> {
        let path = self.path().to_owned();
        let failed = |errno| Error::at(&path, format!("cannot go on listening: {errno}"), errno);
        let epoll = Epoll::new().map_err(failed)?;
        epoll.add(self.listener.as_fd(), sys::IN, 0).map_err(failed)?;
        epoll.add(self.stop.0.as_fd(), sys::IN, STOP).map_err(failed)?;
        let pause = Epoll::new().map_err(failed)?;
        pause.add(self.stop.0.as_fd(), sys::IN, STOP).map_err(failed)?;
        let (crowd, stop) = (Crowd::default(), self.stop.clone());
        thread::scope(|scope| {
            let accepted = loop {
                match epoll.wait(None) {
                    Ok(names) if names.contains(&STOP) => break Ok(()),
                    Ok(_) => {}
                    Err(errno) => break Err(failed(errno)),
                }
                match sys::accept(self.listener.as_fd()) {
                    Ok(control) => {
                        let (kernel, stop) = (kernel.clone(), stop.clone());
                        let Some(place) = admit(&crowd, &control, &kernel) else { continue };
                        let serve = move || {
                            if let Ok(peer) = Peer::new(kernel, control, place, stop.0.as_fd()) {
                                peer.serve();
                            }
                        };
                        // Where there is no thread to be had, the client sees the end of its connection.
                        let _ = thread::Builder::new().name("netloom client".to_owned()).spawn_scoped(scope, serve);
                    }
                    Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNABORTED) => {}
                    Err(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM) => {
                        let _ = pause.wait(Some(BREATH));
                    }
                    Err(errno) => break Err(failed(errno)),
                }
            };
            // Its path goes at once, its clients as their handlers return.
            stop.stop();
            drop(self);
            accepted
        })
    }

    /// Serves in a thread of its own.
    pub fn start(self, kernel: Kernel) -> Result<Serving> {
        let stop = self.stopper();
        let path = self.path().to_owned();
        let thread = thread::Builder::new().name("netloom server".to_owned()).spawn(move || self.serve(&kernel));
        let thread = thread.map_err(|e| {
            let errno = super::listener::errno_of(&e);
            Error::at(&path, format!("cannot start a thread: {errno}"), errno)
        })?;
        Ok(Serving { stop, thread: Some(thread) })
    }
}

/// Lets a client in; or tells it that there are too many, and closes.
fn admit(crowd: &Crowd, control: &OwnedFd, kernel: &Kernel) -> Option<Place> {
    let credentials = sys::peer_credentials(control.as_fd()).ok()?;
    let admin = kernel.engine().is_admin(&credentials);
    let admitted = crowd.admit(credentials, admin);
    if let Err(errno) = &admitted {
        // If it cannot be told, the end of its connection tells it.
        let _ = sys::send(control.as_fd(), &Answer::error(0, *errno).to_bytes(), &[], false);
    }
    admitted.ok()
}

/// The listener's and the clients' name for the switch.
const STOP: u64 = 1;

impl Stop {
    /// Stops it: no client is accepted any more, those that are connected see the end of their connections.
    pub fn stop(&self) {
        sys::turn_on(self.0.as_fd());
    }
}

impl Serving {
    /// Stops it, waits for the last handler, and says how serving ended. The path is gone then.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    /// What stops it without waiting.
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    fn end(&mut self) -> Result<()> {
        self.stop.stop();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(served)) => served,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if self.thread.is_some() && !thread::panicking() {
            // Nobody is left to be told.
            let _ = self.end();
        }
    }
}
