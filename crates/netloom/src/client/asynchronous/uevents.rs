//! Device events that are waited for in a task.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::connection::Connection;
use super::readiness::Readiness;
use super::runtime::{Runtime, Way};
use crate::Result;
use crate::error::Error;
use crate::socket::Socket;
use crate::uevent::{self, Events, Uevent};

/// What happens to devices; see [`Connection::uevents`].
///
/// [`Uevents::next`] waits for ever, and it is a [`Stream`]. A `next` that is dropped has taken nothing. An item that
/// [`is_overrun`](Error::is_overrun) says that some were lost, and the stream goes on.
pub struct Uevents<R: Runtime> {
    events: Events,
    ready: Readiness<R>,
    broken: bool,
}

impl<R: Runtime> Uevents<R> {
    pub(super) fn open(connection: &Connection<R>) -> Result<Self> {
        let events = Events::over(connection.shared().open_socket(uevent::PROTOCOL)?)?;
        let ready = Readiness::new(events.socket().clone());
        Ok(Self { events, ready, broken: false })
    }

    /// The next event; `None` when the socket has failed.
    pub async fn next(&mut self) -> Option<Result<Uevent>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Uevent>> {
        self.events.try_next()
    }

    /// The socket itself: to set its receive buffer.
    pub fn socket(&self) -> &Socket {
        self.events.socket()
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Uevent>>> {
        if self.broken {
            return Poll::Ready(None);
        }
        let item = match self.events.try_next() {
            Some(item) => item,
            None => {
                self.ready.bell(Way::In).wait(0, cx.waker());
                let item = ready!(self.ready.poll_receive(&mut || self.events.try_next()));
                item.unwrap_or_else(|cause| Err(Error::new("uevent", cause)))
            }
        };
        self.broken = item.as_ref().is_err_and(|error| !error.is_overrun());
        Poll::Ready(Some(item))
    }
}

impl<R: Runtime> Stream for Uevents<R> {
    type Item = Result<Uevent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl<R: Runtime> fmt::Debug for Uevents<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.fmt(f)
    }
}
