//! Connections for async-io's reactor.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::async_io::Async;

use super::{Runtime, Timer, Watched, Way};

/// async-io's reactor, which any executor can be used with: smol's, async-std's, or `async_io::block_on`.
#[derive(Clone, Copy, Debug)]
pub struct AsyncIo;

/// A descriptor that async-io's reactor watches.
#[derive(Debug)]
pub struct Descriptor(Async<OwnedFd>, Way);

impl Runtime for AsyncIo {
    type Watched = Descriptor;

    fn watch(fd: OwnedFd, way: Way) -> io::Result<Descriptor> {
        Ok(Descriptor(Async::new_nonblocking(fd)?, way))
    }

    fn timer(after: Duration) -> io::Result<Timer> {
        let timer = ::async_io::Timer::after(after);
        Ok(Box::pin(async {
            timer.await;
        }))
    }
}

impl Watched for Descriptor {
    fn poll(&self, cx: &mut Context<'_>, attempt: &mut dyn FnMut() -> bool) -> Poll<io::Result<()>> {
        let Self(fd, way) = self;
        loop {
            // What it tells is old: what has come before it was asked for the first time is not told.
            if attempt() {
                return Poll::Ready(Ok(()));
            }
            ready!(if *way == Way::In { fd.poll_readable(cx) } else { fd.poll_writable(cx) })?;
        }
    }
}
