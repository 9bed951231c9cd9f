//! What a kernel side says first, waited for in a task.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

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
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The next message, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Event>> {
        let connection = self.connection.clone();
        let line = match connection.line(connection.shared().protocol) {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        let kept = || Some(line.strays.next()?.map(|event| name(connection.shared(), event)));
        while !self.broken {
            if let Some(item) = kept() {
                return Some(item);
            }
            match self.read(line) {
                Ok(true) => {}
                // What another one has kept meanwhile.
                Ok(false) => return kept(),
                Err(error) => {
                    self.broken = error.errno().is_some();
                    return Some(Err(error));
                }
            }
        }
        None
    }

    /// Reads a datagram if there is one, and deals it out.
    fn read(&self, line: &Line<R>) -> Result<bool> {
        let ears = self.connection.ears(self.connection.shared().protocol, line);
        let mut state = line.state()?;
        let Some(got) = line.receive(&mut state) else { return Ok(false) };
        line.deal(&mut state, got, None, ears.as_ref(), &mut |_| Ok(()))?;
        Ok(true)
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event>>> {
        /// Datagrams that are dealt out before other tasks have their turn.
        const TURN: usize = 256;
        let connection = self.connection.clone();
        let line = match connection.line(connection.shared().protocol) {
            Ok(line) if !self.broken => line,
            Ok(_) => return Poll::Ready(None),
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        for _ in 0..TURN {
            if let Some(item) = line.strays.next() {
                return Poll::Ready(Some(item.map(|event| name(connection.shared(), event))));
            }
            match self.poll_read(cx, line) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.broken = error.errno().is_some();
                    return Poll::Ready(Some(Err(error)));
                }
                // What another one has kept, before it could tell us.
                Poll::Pending => match line.strays.next() {
                    Some(item) => return Poll::Ready(Some(item.map(|event| name(connection.shared(), event)))),
                    None => return Poll::Pending,
                },
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads a datagram, and deals it out.
    fn poll_read(&self, cx: &mut Context<'_>, line: &Line<R>) -> Poll<Result<()>> {
        let ears = self.connection.ears(self.connection.shared().protocol, line);
        let mut state = line.state()?;
        let got = match line.receive(&mut state) {
            Some(got) => got,
            None => {
                self.me.bell.wait(self.me.name, cx.waker());
                match line.ready().poll_receive(&mut || line.receive(&mut state)) {
                    Poll::Ready(got) => got.and_then(|got| got),
                    Poll::Pending => return Poll::Pending,
                }
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
        self.poll_message(cx)
    }
}

impl<R: Runtime> fmt::Debug for Unsolicited<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsolicited({:?})", self.connection)
    }
}
