//! Waiting for a socket.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use netloom_wire::Errno;

use super::bell::Bell;
use super::runtime::{Runtime, Timer, Watched, Way};
use crate::error::Cause;
use crate::socket::Socket;

/// A socket's way to whom waits for it: its reactor, or the kernel side in this process that rings the bell itself. Nothing
/// is registered before something is waited for.
pub(super) struct Readiness<R: Runtime> {
    socket: Socket,
    /// Whether the socket rings when there is something to receive.
    rings: bool,
    incoming: Direction<R>,
    outgoing: Direction<R>,
    /// Where there is nothing to watch: until it is looked at again.
    again: Mutex<Option<Timer>>,
}

/// Who waits, their bell as the one waker that the reactor knows, and what it watches.
struct Direction<R: Runtime> {
    way: Way,
    bell: Arc<Bell>,
    waker: Waker,
    watched: Mutex<Option<R::Watched>>,
}

impl<R: Runtime> Readiness<R> {
    /// Between two looks at what cannot be watched.
    const NOW_AND_THEN: Duration = Duration::from_millis(20);

    pub(super) fn new(socket: Socket) -> Self {
        let (incoming, outgoing) = (Direction::new(Way::In), Direction::new(Way::Out));
        let bell = incoming.bell.clone();
        let rings = socket.endpoint().on_readable(Arc::new(move || bell.ring()));
        Self { socket, rings, incoming, outgoing, again: Mutex::default() }
    }

    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Whom to wake when something can be received, or sent.
    pub(super) fn bell(&self, way: Way) -> &Arc<Bell> {
        match way {
            Way::In => &self.incoming.bell,
            Way::Out => &self.outgoing.bell,
        }
    }

    /// What `receive` gives, which is a receive that does not wait. To be called by who has told the
    /// [bell](Bell::wait).
    pub(super) fn poll_receive<T>(&self, receive: &mut dyn FnMut() -> Option<T>) -> Poll<Result<T, Cause>> {
        let watchable = self.socket.as_fd().is_some();
        if self.rings || !watchable {
            // What came before somebody waited has woken nobody.
            if let Some(got) = receive() {
                return Poll::Ready(Ok(got));
            }
        }
        let polled = match (watchable, self.rings) {
            (true, _) => self.incoming.poll(&self.socket, receive),
            (false, true) => Poll::Pending,
            (false, false) => self.poll_again(receive),
        };
        polled.map_err(|error| failed(&error))
    }

    /// What `send` gives, which is a send that does not wait. An error where nobody can tell when there is room.
    pub(super) fn poll_send<T>(&self, send: &mut dyn FnMut() -> Option<T>) -> Poll<Result<T, Cause>> {
        if self.socket.as_fd().is_none() {
            return Poll::Ready(Err(Cause::System("send", Errno::EAGAIN)));
        }
        self.outgoing.poll(&self.socket, send).map_err(|error| failed(&error))
    }

    fn poll_again<T>(&self, receive: &mut dyn FnMut() -> Option<T>) -> Poll<io::Result<T>> {
        let cx = &mut Context::from_waker(&self.incoming.waker);
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if again.is_none() {
                *again = Some(R::timer(Self::NOW_AND_THEN)?);
            }
            if let Some(timer) = again.as_mut() {
                ready!(timer.as_mut().poll(cx));
            }
            *again = None;
            if let Some(got) = receive() {
                return Poll::Ready(Ok(got));
            }
        }
    }
}

impl<R: Runtime> Direction<R> {
    fn new(way: Way) -> Self {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        Self { way, bell, waker, watched: Mutex::default() }
    }

    fn poll<T>(&self, socket: &Socket, attempt: &mut dyn FnMut() -> Option<T>) -> Poll<io::Result<T>> {
        let cx = &mut Context::from_waker(&self.waker);
        let mut result = None;
        let mut attempt = || {
            result = attempt();
            result.is_some()
        };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let polled = watched.as_ref().map(|watched| watched.poll(cx, &mut attempt));
        let polled = match polled {
            Some(Poll::Ready(Err(_))) | None => {
                // Not yet, or its runtime has ended and this one watches it from now on.
                *watched = None;
                let fd = socket.as_fd().ok_or(io::ErrorKind::Unsupported)?.try_clone_to_owned()?;
                watched.insert(R::watch(fd, self.way)?).poll(cx, &mut attempt)
            }
            Some(polled) => polled,
        };
        ready!(polled)?;
        result.map_or(Poll::Pending, |got| Poll::Ready(Ok(got)))
    }
}

impl<R: Runtime> fmt::Debug for Readiness<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

/// What the reactor failed with.
pub(super) fn failed(error: &io::Error) -> Cause {
    match error.raw_os_error() {
        Some(errno) => Cause::System("reactor", Errno(errno)),
        None => Cause::Usage(
            "no runtime is there to wait in: poll futures of netloom::tokio within a tokio runtime whose io and time are \
             enabled, or use netloom::async_io",
        ),
    }
}
