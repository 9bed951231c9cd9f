//! What a kernel side says first, waited for in a task.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;

use super::bell::Listener;
use super::connection::Connection;
use super::line::Line;
use super::runtime::{Runtime, Way};
use crate::Result;
use crate::client::Event;
use crate::client::subscription::name;

/// What comes to a connection's call socket and answers nothing; see [`Connection::unsolicited`] and [`Connection::split`].
///
/// It waits for ever. Calls go on meanwhile: what arrives between their answers is kept, 1024 messages at most; when there
/// are more, an item that [`is_overrun`](crate::Error::is_overrun) stands where they are missing.
pub struct Unsolicited<R: Runtime> {
    connection: Connection<R>,
    me: Arc<Listener>,
    broken: bool,
}

impl<R: Runtime> Unsolicited<R> {
    pub(super) fn open(connection: &Connection<R>) -> Result<Self> {
        let line = connection.line(connection.shared().protocol)?;
        let me = Arc::new(Listener { bell: line.ready().bell(Way::In).clone(), name: line.hearer() });
        let told: Weak<Listener> = Arc::downgrade(&me);
        line.strays.tell(told);
        Ok(Self { connection: connection.clone(), me, broken: false })
    }

    /// The next message; `None` when the socket has failed.
    pub async fn next(&mut self) -> Option<Result<Event>> {
        poll_fn(|cx| self.poll_message(Some(cx.waker()))).await
    }

    /// The next message, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Event>> {
        match self.poll_message(None) {
            Poll::Ready(item) => item,
            Poll::Pending => None,
        }
    }

    /// The next message; where there is none, who has a waker waits.
    fn poll_message(&mut self, waker: Option<&Waker>) -> Poll<Option<Result<Event>>> {
        /// Datagrams that are dealt out before other tasks have their turn.
        const TURN: usize = 256;
        let connection = self.connection.clone();
        let line = match connection.line(connection.shared().protocol) {
            Ok(line) if !self.broken => line,
            Ok(_) => return Poll::Ready(None),
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let kept = || line.strays.next().map(|item| item.map(|event| name(connection.shared(), event)));
        let most = if waker.is_some() { TURN } else { usize::MAX };
        for _ in 0..most {
            if let Some(item) = kept() {
                return Poll::Ready(Some(item));
            }
            match self.poll_read(waker, line) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.broken = error.errno().is_some();
                    return Poll::Ready(Some(Err(error)));
                }
                // What another one has kept, before it could tell us.
                Poll::Pending => return kept().map_or(Poll::Pending, |item| Poll::Ready(Some(item))),
            }
        }
        if let Some(waker) = waker {
            waker.wake_by_ref();
        }
        Poll::Pending
    }

    /// Reads a datagram, and deals it out.
    fn poll_read(&self, waker: Option<&Waker>, line: &Line<R>) -> Poll<Result<()>> {
        let ears = self.connection.ears(self.connection.shared().protocol, line);
        let mut state = line.state()?;
        let got = match (line.receive(&mut state), waker) {
            (Some(got), _) => got,
            (None, None) => return Poll::Pending,
            (None, Some(waker)) => {
                self.me.bell.wait(self.me.name, waker);
                ready!(line.ready().poll_receive(&mut || line.receive(&mut state))).and_then(|got| got)
            }
        };
        Poll::Ready(line.deal(&mut state, got, None, ears.as_ref(), &mut |_| Ok(())))
    }
}

impl<R: Runtime> Drop for Unsolicited<R> {
    fn drop(&mut self) {
        self.me.bell.leave(self.me.name);
    }
}

impl<R: Runtime> Stream for Unsolicited<R> {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(Some(cx.waker()))
    }
}

impl<R: Runtime> fmt::Debug for Unsolicited<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsolicited({:?})", self.connection)
    }
}
