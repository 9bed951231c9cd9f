//! Connections of each shell, waited for in the way of each.

use std::sync::Arc;

use netloom::client::{Caller, Dialer};
use netloom::{Connection, Result, async_io, tokio};

/// A connection of one of the shells.
pub(crate) trait Shell: Caller {
    fn over(dialer: Arc<dyn Dialer>) -> Self;
    /// Waits for an answer.
    fn done<T: Send + 'static>(&self, answer: Self::Answer<'_, T>) -> Result<T>;
}

impl Shell for Connection {
    fn over(dialer: Arc<dyn Dialer>) -> Self {
        Self::over(dialer)
    }
    fn done<T: Send + 'static>(&self, answer: Result<T>) -> Result<T> {
        answer
    }
}

impl Shell for tokio::Connection {
    fn over(dialer: Arc<dyn Dialer>) -> Self {
        Self::over(dialer)
    }
    fn done<T: Send + 'static>(&self, answer: Self::Answer<'_, T>) -> Result<T> {
        // Each answer in a runtime of its own: a connection is bound to none.
        ::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(answer)
    }
}

impl Shell for async_io::Connection {
    fn over(dialer: Arc<dyn Dialer>) -> Self {
        Self::over(dialer)
    }
    fn done<T: Send + 'static>(&self, answer: Self::Answer<'_, T>) -> Result<T> {
        ::async_io::block_on(answer)
    }
}
