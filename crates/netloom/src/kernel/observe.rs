//! Looking on: what passes between sockets and the kernel side.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use netloom_wire::Protocol;

use super::Kernel;
use super::engine::OpenPort;
use crate::socket::{Credentials, Direction};

/// A datagram that passes.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Passing<'d> {
    /// The socket; no other one of this kernel side ever has this number.
    pub socket: u64,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its port id; 0 as long as it has none.
    pub port: u32,
    /// From the socket, or to it.
    pub direction: Direction,
    /// Whose it is: who sends, or who has opened the socket that receives.
    pub program: Credentials,
    /// Whether that program has reached the kernel side by a [server](crate::unix::Server)'s socket; else it is this process,
    /// or one that this process acts for.
    pub served: bool,
    /// The group that it was sent to; 0 if to this socket alone, and of what the socket sends.
    pub group: u32,
    /// Its bytes. They may hold secrets: who prints them hides what the schemas mark.
    pub bytes: &'d [u8],
}

impl fmt::Debug for Passing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a key among them.
        let Self { socket, protocol, direction, bytes, .. } = self;
        write!(f, "Passing(socket {socket}, {protocol}, {direction:?}, {} bytes)", bytes.len())
    }
}

type Hook = Arc<dyn Fn(&Passing<'_>) + Send + Sync>;

/// Who looks on. Costs one load while nobody does.
#[derive(Default)]
pub(super) struct Observer {
    is_set: AtomicBool,
    hook: RwLock<Option<Hook>>,
}

impl Kernel {
    /// Calls `see` with each datagram: one that a socket sends before it is handled, whether it is then refused or not; one
    /// that a socket gets when its program takes it, or when it is written to the program's channel. What is only looked at
    /// (MSG_PEEK) does not pass.
    ///
    /// It is called in the sender's or reader's thread, without any lock of the kernel side's; several threads may call it at once.
    /// It must not use this kernel side: it would look at itself.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use netloom::kernel::Kernel;
    /// use netloom::socket::Direction;
    ///
    /// let kernel = Kernel::new();
    /// let (told, seen) = mpsc::channel();
    /// kernel.on_datagram(move |passing| drop(told.send((passing.direction, passing.bytes.len()))));
    /// kernel.connect().family("nlctrl")?;
    /// assert_eq!(seen.recv()?.0, Direction::Sent);
    /// assert_eq!(seen.recv()?.0, Direction::Received);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "nlmon")]
    #[doc(alias = "netlink_add_tap")]
    pub fn on_datagram(&self, see: impl Fn(&Passing<'_>) + Send + Sync + 'static) {
        let observer = &self.0.observer;
        let before = observer.hook.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(see));
        observer.is_set.store(true, Ordering::Release);
        // What it owns may call this kernel side: not under the lock.
        drop(before);
    }

    /// Shows a datagram to who looks on. Not to be called while the socket is held.
    #[inline]
    pub(crate) fn show(
        &self,
        open: &OpenPort,
        way: Direction,
        program: Option<&Credentials>,
        group: u32,
        bytes: &[u8],
    ) {
        if self.0.observer.is_set.load(Ordering::Acquire) {
            self.show_slowly(open, way, program, group, bytes);
        }
    }

    #[cold]
    fn show_slowly(&self, open: &OpenPort, direction: Direction, by: Option<&Credentials>, group: u32, bytes: &[u8]) {
        let Some(hook) = self.0.observer.hook.read().unwrap_or_else(PoisonError::into_inner).clone() else { return };
        let Some(socket) = self.engine().socket(open) else { return };
        let program = by.copied().unwrap_or(socket.opener);
        let passing = Passing {
            socket: open.key().0,
            protocol: socket.protocol,
            port: socket.port,
            direction,
            program,
            served: open.is_served(),
            group,
            bytes,
        };
        // One that panics has nobody to tell.
        let _ = catch_unwind(AssertUnwindSafe(|| hook(&passing)));
    }
}
