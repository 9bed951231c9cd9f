//! How long a task waits.

use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use super::readiness::failed;
use super::runtime::{Runtime, Timer};
use crate::error::Cause;

/// A timeout that begins when something is waited for.
///
/// The mutex is never locked: by it, what has a timeout may be looked at by several threads, though timers may not.
#[derive(Default)]
pub(super) struct Patience(Mutex<Option<Timer>>);

impl Patience {
    /// Ready when it is over.
    pub(super) fn poll<R: Runtime>(&mut self, cx: &mut Context<'_>, timeout: Option<Duration>) -> Poll<Cause> {
        let Some(timeout) = timeout else { return Poll::Pending };
        let begun = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let timer = match begun {
            Some(timer) => timer,
            None => match R::timer(timeout) {
                Ok(timer) => begun.insert(timer),
                Err(error) => return Poll::Ready(failed(&error)),
            },
        };
        timer.as_mut().poll(cx).map(|()| Cause::Timeout(timeout))
    }

    /// Begins anew with the next wait.
    pub(super) fn renew(&mut self) {
        *self.0.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
