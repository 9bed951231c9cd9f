//! Events that are waited for in a task.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use netloom_wire::Group;

use super::connection::Connection;
use super::runtime::Runtime;
use super::vigil::Vigil;
use crate::Result;
use crate::client::Event;
use crate::client::subscription::{self, names};
use crate::error::Error;
use crate::socket::Socket;

/// The events of some groups, from when it was opened on; see [`Connection::subscribe`].
///
/// [`Subscription::next`] waits for events for ever, and it is a [`Stream`] of them. A `next` that is dropped has taken
/// nothing. When the kernel side sends faster than they are read, events get lost: an item that
/// [`is_overrun`](Error::is_overrun) says so, and the stream goes on.
pub struct Subscription<R: Runtime> {
    events: subscription::Subscription,
    vigil: Vigil<R>,
}

impl<R: Runtime> Subscription<R> {
    pub(super) async fn open(connection: &Connection<R>, groups: &[Group]) -> Result<Self> {
        let events = subscription::Subscription::listen(connection.shared(), groups)?;
        let mut families = Vec::new();
        for name in names(groups) {
            families.push(connection.renew_family(name).await.map_err(|error: Error| error.of("subscribe"))?);
        }
        events.join(&families, groups)?;
        let vigil = Vigil::over(events.socket().clone());
        Ok(Self { events, vigil })
    }

    /// Hears the same groups of all network namespaces that have an id in this one, too: see
    /// [`client::Subscription::all_namespaces`](crate::client::Subscription::all_namespaces).
    pub fn all_namespaces(self) -> Result<Self> {
        self.events.hear_all_namespaces()?;
        Ok(self)
    }

    /// The next event; `None` when the socket has failed.
    pub async fn next(&mut self) -> Option<Result<Event>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Event>> {
        self.events.try_next()
    }

    /// The socket itself: to join further groups, or to set its receive buffer.
    pub fn socket(&self) -> &Socket {
        self.events.socket()
    }

    /// The events without waiting.
    pub(super) fn events(&mut self) -> &mut subscription::Subscription {
        &mut self.events
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event>>> {
        if let Some(item) = self.events.try_next() {
            return Poll::Ready(Some(item));
        }
        if self.events.is_broken() {
            return Poll::Ready(None);
        }
        let Self { events, vigil } = self;
        let item = ready!(vigil.poll_receive(cx, None, || events.try_next()));
        Poll::Ready(Some(item.unwrap_or_else(|cause| Err(Error::new("event", cause)))))
    }
}

impl<R: Runtime> Stream for Subscription<R> {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl<R: Runtime> fmt::Debug for Subscription<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.fmt(f)
    }
}
