//! Waiting for a socket that is one task's alone: a dump's, a batch's, a subscription's.

use std::task::{Context, Poll};
use std::time::Duration;

use netloom_wire::Errno;

use super::patience::Patience;
use super::readiness::Readiness;
use super::runtime::{Runtime, Way};
use crate::Result;
use crate::error::Cause;
use crate::socket::Socket;

/// Waits for one socket.
pub struct Vigil<R: Runtime> {
    ready: Readiness<R>,
    patience: Patience,
    /// Turns since others had theirs.
    turns: u32,
}

impl<R: Runtime> Vigil<R> {
    /// Of the one that there is to wake.
    const NAME: u64 = 0;

    pub(super) fn over(socket: Socket) -> Self {
        Self { ready: Readiness::new(socket), patience: Patience::default(), turns: 0 }
    }

    /// Lets other tasks have their turn, now and then: what is always there is never waited for.
    pub(super) fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<()> {
        const NOW_AND_THEN: u32 = 64;
        self.turns = self.turns.wrapping_add(1);
        if !self.turns.is_multiple_of(NOW_AND_THEN) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Its timeout begins anew with the next wait: something came that was waited for.
    pub(super) fn renew(&mut self) {
        self.patience.renew();
    }

    /// How a send went that does not wait, made as soon as there is room; the error says why it was not even tried.
    pub(super) fn poll_post(
        &mut self,
        cx: &mut Context<'_>,
        timeout: Option<Duration>,
        mut post: impl FnMut() -> Result<()>,
    ) -> Poll<std::result::Result<Result<()>, Cause>> {
        let mut post = || match post() {
            Err(error) if error.errno() == Some(Errno::EAGAIN) => None,
            posted => Some(posted),
        };
        if let Some(posted) = post() {
            return Poll::Ready(Ok(posted));
        }
        self.ready.bell(Way::Out).wait(Self::NAME, cx.waker());
        match self.ready.poll_send(&mut post) {
            Poll::Pending => self.patience.poll::<R>(cx, timeout).map(Err),
            posted => posted,
        }
    }

    /// What a receive gives that does not wait, as soon as it gives something.
    pub(super) fn poll_receive<T>(
        &mut self,
        cx: &mut Context<'_>,
        timeout: Option<Duration>,
        mut receive: impl FnMut() -> Option<T>,
    ) -> Poll<std::result::Result<T, Cause>> {
        if let Some(got) = receive() {
            return Poll::Ready(Ok(got));
        }
        self.ready.bell(Way::In).wait(Self::NAME, cx.waker());
        match self.ready.poll_receive(&mut receive) {
            Poll::Pending => self.patience.poll::<R>(cx, timeout).map(Err),
            got => got,
        }
    }
}
