//! Events that are waited for in a task.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_core::Stream;

use super::connection::Connection;
use super::runtime::Runtime;
use crate::Result;
use crate::client::{Event, Subscription};

impl<R: Runtime> Subscription<Connection<R>> {
    /// The next event; `None` when the socket has failed.
    pub async fn next(&mut self) -> Option<Result<Event>> {
        self.event(None).await
    }
}

impl<R: Runtime> Stream for Subscription<Connection<R>> {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        pin!(self.next()).poll(cx)
    }
}
