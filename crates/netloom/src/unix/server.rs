//! The server: listens at a path, a thread for each client.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use netloom_wire::Errno;

use super::listener::Listener;
use super::peer::Peer;
use super::protocol::Answer;
use super::sys::{self, Epoll};
use crate::kernel::Kernel;
use crate::socket::this_process;
use crate::{Error, Result};

/// The clients that may be connected at once.
const MAX_CLIENTS: usize = 512;
/// Those of them that may be one user's who is not an administrator: others must get in.
const MAX_OF_USER: usize = 128;
/// How long accepting rests when the process has no descriptor left.
const BREATH: u16 = 50;

/// Serves a kernel side to other processes, at a path.
///
/// Each client (a [`Dialer`](super::Dialer) opens one for each socket) has a thread, in which its handlers run: a slow one
/// keeps its own client waiting, no other. Who may what is decided by the user that connected: uid 0 and the uid of the
/// kernel side have all privileges, others none. The path's mode is 0600, or 0666 when this process is root.
///
/// Bounds: 512 clients, 128 of them one unprivileged user's; 256 sockets a client; a socket's unread datagrams by its
/// receive buffer, as in a kernel.
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
                        let Some(place) = crowd.admit(&control, &kernel) else { continue };
                        let serve = move || {
                            if let Ok(peer) = Peer::new(kernel, control, place.credentials, stop.0.as_fd()) {
                                peer.serve();
                            }
                            drop(place);
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

/// The clients that are connected: how many, by user.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<u32, usize>>>);

/// One client's place in it.
struct Place {
    crowd: Crowd,
    credentials: crate::socket::Credentials,
}

impl Crowd {
    /// Lets a client in; or tells it that there are too many, and closes.
    fn admit(&self, control: &OwnedFd, kernel: &Kernel) -> Option<Place> {
        let credentials = sys::peer_credentials(control.as_fd()).ok()?;
        let admin = kernel.lock().engine.is_admin(&credentials);
        if self.enter(credentials.uid, admin) {
            return Some(Place { crowd: self.clone(), credentials });
        }
        let refusal = Answer::error(0, Errno::EUSERS).to_bytes();
        // If it cannot be told, the end of its connection tells it.
        let _ = sys::send(control.as_fd(), &refusal, &[], false);
        None
    }

    fn enter(&self, uid: u32, admin: bool) -> bool {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = users.get(&uid).copied().unwrap_or(0);
        let room = own < if admin { MAX_CLIENTS } else { MAX_OF_USER } && users.values().sum::<usize>() < MAX_CLIENTS;
        if room {
            users.insert(uid, own.saturating_add(1));
        }
        room
    }

    fn leave(&self, uid: u32) {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = users.get(&uid).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            users.remove(&uid);
        } else {
            users.insert(uid, left);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.leave(self.credentials.uid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_does_not_keep_the_others_out() {
        let crowd = Crowd::default();
        let fill = |uid, admin| (0..1_000).take_while(|_| crowd.enter(uid, admin)).count();
        assert_eq!(fill(1_000, false), MAX_OF_USER);
        assert_eq!(fill(1_001, false), MAX_OF_USER);
        assert_eq!(fill(0, true), MAX_CLIENTS - 2 * MAX_OF_USER);
        assert!(!crowd.enter(1_002, false));
        crowd.leave(1_000);
        assert!(crowd.enter(1_002, false) && !crowd.enter(1_000, false));
        (0..MAX_OF_USER).for_each(|_| crowd.leave(1_001));
        assert!(crowd.enter(1_000, false), "places that are left are free");
        assert!(!crowd.0.lock().unwrap().contains_key(&1_001), "who is gone is forgotten");
    }
}
