//! Connections for tokio.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::tokio::io::Interest;
use ::tokio::io::unix::AsyncFd;
use ::tokio::runtime::Handle;
use ::tokio::time::sleep;

use super::{Runtime, Timer, Watched, Way};

/// tokio's runtimes, of whichever flavour, with io and time enabled.
#[derive(Clone, Copy, Debug)]
pub struct Tokio;

/// A descriptor that tokio's reactor watches.
#[derive(Debug)]
pub struct Descriptor(AsyncFd<OwnedFd>, Way);

impl Runtime for Tokio {
    type Watched = Descriptor;

    fn watch(fd: OwnedFd, way: Way) -> io::Result<Descriptor> {
        Handle::try_current().map_err(io::Error::other)?;
        let interest = if way == Way::In { Interest::READABLE } else { Interest::WRITABLE };
        #[allow(deprecated, reason = "what takes its place is unsafe, for types that may not keep their descriptor")]
        let watched = AsyncFd::with_interest(fd, interest)?;
        Ok(Descriptor(watched, way))
    }

    fn timer(after: Duration) -> io::Result<Timer> {
        Handle::try_current().map_err(io::Error::other)?;
        Ok(Box::pin(sleep(after)))
    }
}

impl Watched for Descriptor {
    fn poll(&self, cx: &mut Context<'_>, attempt: &mut dyn FnMut() -> bool) -> Poll<io::Result<()>> {
        let Self(fd, way) = self;
        loop {
            let polled = if *way == Way::In { fd.poll_read_ready(cx) } else { fd.poll_write_ready(cx) };
            let mut guard = ready!(polled)?;
            if attempt() {
                return Poll::Ready(Ok(()));
            }
            // What became ready since it was polled stays so.
            guard.clear_ready();
        }
    }
}
