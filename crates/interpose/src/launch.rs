//! Starting a program under the filter.

use std::fmt;
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command};
use std::sync::Arc;

use netloom::{Errno, Protocol};

use crate::client::Client;
use crate::supervisor::Supervisor;
use crate::sys::{self, Listener, Passed};
use crate::{Error, Mode, Side, filter, program};

/// Protocols whose clients look at more than a datagram's bytes: udev's take an event only from whom they can tell by group and
/// credentials. Receives on their sockets are done here in any mode.
pub(crate) const EXACT: [Protocol; 1] = [Protocol::KOBJECT_UEVENT];

/// Where messages for people go.
pub(crate) type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// Starts programs whose netlink sockets lead to a [`Side`].
#[derive(Clone)]
pub struct Interposer {
    side: Arc<dyn Side>,
    mode: Mode,
    say: Say,
}

impl Interposer {
    /// One for this kernel side, in [`Mode::Sync`].
    pub fn new(side: Arc<dyn Side>) -> Self {
        Self { side, mode: Mode::default(), say: Arc::new(|text| eprintln!("{text}")) }
    }

    /// In another mode.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Where it is told, in a line without its end, that a program does what cannot be interposed; standard error if
    /// nothing else is said.
    pub fn on_message(mut self, say: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.say = Arc::new(say);
        self
    }

    /// Starts a program. It is interposed, with all that it starts, until the [`Supervision`] is dropped; what is left of
    /// it then finds its netlink sockets closed, and system calls on new ones are ENOSYS.
    pub fn spawn(&self, mut command: Command) -> Result<(Child, Supervision), Error> {
        program::check(&command)?;
        let failed = |error: std::io::Error| Error::Supervisor(Errno(error.raw_os_error().unwrap_or(libc::EIO)));
        let (ours, theirs) = UnixDatagram::pair().map_err(failed)?;
        let own = Client::of(std::process::id()).map_err(Error::Supervisor)?;
        let exact = EXACT.into_iter().any(|protocol| self.side.open(protocol, &own).is_ok_and(|open| open.is_some()));
        sys::install_on_exec(&mut command, filter::program(self.mode, exact), theirs.into());
        let child = command.spawn();
        match (child, sys::passed(ours.as_fd())) {
            (Ok(child), Passed::Listener(listener)) => self.supervise(child, Listener::new(listener)),
            (Err(_), Passed::Refused(errno)) => Err(Error::Filter(errno)),
            (Err(error), _) => Err(Error::Program(command.get_program().into(), error)),
            (Ok(child), _) => Err(give_up(child, Errno::EPROTO)),
        }
    }

    fn supervise(&self, child: Child, listener: Listener) -> Result<(Child, Supervision), Error> {
        match Supervisor::start(listener, self.side.clone(), self.mode, self.say.clone()) {
            Ok(supervisor) => Ok((child, Supervision(supervisor))),
            Err(errno) => Err(give_up(child, errno)),
        }
    }
}

/// Nobody would answer it.
fn give_up(mut child: Child, errno: Errno) -> Error {
    let _ = child.kill();
    let _ = child.wait();
    Error::Supervisor(errno)
}

impl fmt::Debug for Interposer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interposer({:?}, {:?})", self.side, self.mode)
    }
}

/// Programs are interposed as long as this is kept.
#[derive(Debug)]
pub struct Supervision(Arc<Supervisor>);

impl Drop for Supervision {
    fn drop(&mut self) {
        self.0.stop();
    }
}
