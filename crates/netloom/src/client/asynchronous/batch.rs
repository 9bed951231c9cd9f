//! Batches that are waited for in a task.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::connection::Connection;
use super::runtime::Runtime;
use super::vigil::Vigil;
use crate::Result;
use crate::client::batch::{BatchRun, Turn, id_of, put};
use crate::client::{Batch, Outcomes, Part};

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
        let mut sending = Sending { run, vigil: Vigil::<R>::over(socket) };
        poll_fn(|cx| sending.poll(cx)).await;
        sending.run.finish()
    }
}

/// A batch under way.
struct Sending<R: Runtime> {
    run: BatchRun,
    vigil: Vigil<R>,
}

impl<R: Runtime> Sending<R> {
    /// Sends before other tasks have their turn.
    const TURN: usize = 16;

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { run, vigil } = self;
        for _ in 0..Self::TURN {
            match run.turn() {
                Turn::Over => return Poll::Ready(()),
                Turn::Post => {
                    match ready!(vigil.poll_post(cx, run.timeout(), || run.post())) {
                        Ok(posted) => run.posted(posted),
                        Err(cause) => run.blocked(cause),
                    }
                    vigil.renew();
                }
                Turn::Wait => {
                    let got = ready!(vigil.poll_receive(cx, run.timeout(), || run.receive_now()));
                    run.take(got.and_then(|got| got));
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
