//! Device events that are waited for in a task.

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_core::Stream;

use super::connection::Connection;
use super::runtime::Runtime;
use super::vigil::Vigil;
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
    vigil: Vigil<R>,
    broken: bool,
}

impl<R: Runtime> Uevents<R> {
    pub(super) fn open(connection: &Connection<R>) -> Result<Self> {
        let events = Events::over(connection.shared().open_socket(uevent::PROTOCOL)?)?;
        let vigil = Vigil::over(events.socket().clone());
        Ok(Self { events, vigil, broken: false })
    }

    /// The next event; `None` when the socket has failed.
    pub async fn next(&mut self) -> Option<Result<Uevent>> {
        let Self { events, vigil, broken } = self;
        if *broken {
            return None;
        }
        let item = poll_fn(|cx| vigil.poll_receive(cx, None, || events.try_next())).await;
        let item = item.unwrap_or_else(|cause| Err(Error::new("uevent", cause)));
        *broken = item.as_ref().is_err_and(|error| !error.is_overrun());
        Some(item)
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Uevent>> {
        self.events.try_next()
    }

    /// The socket itself: to set its receive buffer.
    pub fn socket(&self) -> &Socket {
        self.events.socket()
    }
}

impl<R: Runtime> Stream for Uevents<R> {
    type Item = Result<Uevent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        pin!(self.next()).poll(cx)
    }
}

impl<R: Runtime> fmt::Debug for Uevents<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.fmt(f)
    }
}
