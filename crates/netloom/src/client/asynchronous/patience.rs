//! How long a task waits.

use std::task::{Context, Poll};
use std::time::Duration;

use super::readiness::failed;
use super::runtime::{Runtime, Timer};
use crate::error::Cause;

/// A timeout that begins when something is waited for.
#[derive(Default)]
pub(super) struct Patience(Option<Timer>);

impl Patience {
    /// Ready when it is over.
    pub(super) fn poll<R: Runtime>(&mut self, cx: &mut Context<'_>, timeout: Option<Duration>) -> Poll<Cause> {
        let Some(timeout) = timeout else { return Poll::Pending };
        let timer = match &mut self.0 {
            Some(timer) => timer,
            None => match R::timer(timeout) {
                Ok(timer) => self.0.insert(timer),
                Err(error) => return Poll::Ready(failed(&error)),
            },
        };
        timer.as_mut().poll(cx).map(|()| Cause::Timeout(timeout))
    }

    /// Begins anew with the next wait.
    pub(super) fn renew(&mut self) {
        self.0 = None;
    }
}
