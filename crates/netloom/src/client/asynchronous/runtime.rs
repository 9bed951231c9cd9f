//! What a connection needs of a runtime.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A runtime: its reactor and its clock. [`Tokio`](crate::tokio::Tokio) and [`AsyncIo`](crate::async_io::AsyncIo) are two;
/// who has another one can bring it.
pub trait Runtime: fmt::Debug + Send + Sync + 'static {
    /// A descriptor that the reactor watches for as long as this lives.
    type Watched: Watched;

    /// Has the reactor watch a descriptor, for one way of being ready. Called while a future is polled.
    fn watch(fd: OwnedFd, way: Way) -> io::Result<Self::Watched>;

    /// A future that is ready after so long, from now on. Called while a future is polled.
    fn timer(after: Duration) -> io::Result<Timer>;
}

/// A future that is ready when its time has come.
pub type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a descriptor may become ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Something can be received.
    In,
    /// Something can be sent.
    Out,
}

/// A descriptor that a reactor watches, for one way.
pub trait Watched: Send + Sync + Unpin + 'static {
    /// Calls `attempt` when the descriptor may be ready, until it returns true. False says that the descriptor was not
    /// ready: the waker is woken when it is again. The waker is always the same one.
    ///
    /// # Errors
    ///
    /// The reactor is gone.
    fn poll(&self, cx: &mut Context<'_>, attempt: &mut dyn FnMut() -> bool) -> Poll<io::Result<()>>;
}
