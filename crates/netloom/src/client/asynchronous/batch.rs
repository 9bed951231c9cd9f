//! Batches that are waited for in a task.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use netloom_wire::Errno;

use super::connection::Connection;
use super::readiness::{Patience, Readiness};
use super::runtime::{Runtime, Way};
use crate::Result;
use crate::client::batch::{BatchRun, Shares, Turn, id_of, put};
use crate::client::shared::Shared;
use crate::client::{Batch, Outcomes, Part};
use crate::error::Cause;
use crate::socket::Received;

impl<R: Runtime> Shares for Connection<R> {
    #[inline]
    fn shared(&self) -> &Arc<Shared> {
        Self::shared(self)
    }
}

impl<R: Runtime> Batch<Connection<R>> {
    /// Writes a request; its ticket is for the [`Outcomes`]. It waits only where its family has not been met before.
    ///
    /// # Errors
    ///
    /// A request that is too long, of another protocol or connection, or that makes a dump; a family that the kernel side does
    /// not have. The batch is as it was.
    #[inline]
    pub async fn push<P: Part<Connection<R>>>(&mut self, request: P) -> Result<P::Ticket> {
        let id = match id_of(&self.connection, &request) {
            Ok(id) => id,
            Err(name) => self.connection.family(name).await?.id,
        };
        put(self, &request, id)
    }

    /// Sends all of it, and hears the answers out. Dropped half-way, what is sent is done, and nothing else.
    ///
    /// # Errors
    ///
    /// Where not a single request could be sent. What became of each otherwise is told by the outcomes.
    pub async fn send(mut self) -> Result<Outcomes> {
        let Some(run) = self.run() else { return Ok(self.nothing()) };
        self.connection.breathe().await;
        let Some(socket) = run.socket() else { return run.finish() };
        let ready = Readiness::<R>::new(socket);
        let mut sending = Sending { run, ready, patience: Patience::default() };
        poll_fn(|cx| sending.poll(cx)).await;
        sending.run.finish()
    }
}

/// A batch under way.
struct Sending<R: Runtime> {
    run: BatchRun,
    ready: Readiness<R>,
    patience: Patience,
}

impl<R: Runtime> Sending<R> {
    /// Sends before other tasks have their turn.
    const TURN: usize = 16;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..Self::TURN {
            match self.run.turn() {
                Turn::Over => return Poll::Ready(()),
                Turn::Post => {
                    match ready!(self.poll_post(cx)) {
                        Ok(posted) => self.run.posted(posted),
                        Err(cause) => self.run.blocked(cause),
                    }
                    self.patience.renew();
                }
                Turn::Wait => {
                    let got = ready!(self.poll_datagram(cx));
                    self.run.take(got);
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// How it went; the error says why it was not even tried.
    fn poll_post(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<Result<()>, Cause>> {
        let mut post = || match self.run.post() {
            Err(error) if error.errno() == Some(Errno::EAGAIN) => None,
            posted => Some(posted),
        };
        if let Some(posted) = post() {
            return Poll::Ready(Ok(posted));
        }
        self.ready.bell(Way::Out).wait(0, cx.waker());
        match self.ready.poll_send(&mut post) {
            Poll::Ready(posted) => Poll::Ready(posted),
            Poll::Pending => self.patience.poll::<R>(cx, self.run.timeout()).map(Err),
        }
    }

    fn poll_datagram(&mut self, cx: &mut Context<'_>) -> Poll<std::result::Result<Received, Cause>> {
        let timeout = self.run.timeout();
        if let Some(got) = self.run.receive_now() {
            return Poll::Ready(got);
        }
        self.ready.bell(Way::In).wait(0, cx.waker());
        match self.ready.poll_receive(&mut || self.run.receive_now()) {
            Poll::Ready(got) => Poll::Ready(got.and_then(|got| got)),
            Poll::Pending => self.patience.poll::<R>(cx, timeout).map(Err),
        }
    }
}
