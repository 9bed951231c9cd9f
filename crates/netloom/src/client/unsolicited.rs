//! What a kernel side says first.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use netloom_wire::{Errno, messages};

use super::connection::Connection;
use super::event::Event;
use super::hooks::{Ears, Flow};
use super::lane::Lane;
use super::mailbox;
use super::shared::Channel;
use super::subscription::{Closer, name};
use crate::Result;
use crate::error::{Cause, Error};
use crate::socket::{Received, Wake, retry};

/// What comes to a connection's call socket and answers nothing; see [`Connection::unsolicited`] and
/// [`Connection::split`].
///
/// As an [`Iterator`] it waits for ever, or until its [`Closer`] closes it. Calls go on meanwhile, on any thread: what
/// arrives between their answers is kept, 1024 messages at most; when there are more, an item that
/// [`is_overrun`](Error::is_overrun) stands where they are missing. Clones share the messages out between them.
///
/// ```no_run
/// use netloom::Connection;
/// let nl = Connection::builder().port(4711).open()?;
/// for message in nl.unsolicited()? {
///     println!("from the kernel to port 4711: {} bytes", message?.bytes().len());
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
pub struct Unsolicited {
    connection: Connection,
    wake: Arc<Wake>,
    buf: Vec<u8>,
    broken: bool,
}

impl Unsolicited {
    /// Waits for the call under way, if there is one.
    pub(super) fn open(connection: &Connection) -> Result<Self> {
        let channel = connection.shared.channel(connection.shared.protocol)?;
        let lane = channel.lane.hold()?;
        channel.mailbox.add_receiver();
        drop(lane);
        Ok(Self::of(connection, channel))
    }

    fn of(connection: &Connection, channel: &Channel) -> Self {
        let wake = Wake::new(channel.socket());
        let told: Weak<Wake> = Arc::downgrade(&wake);
        channel.strays.tell(told);
        Self { connection: connection.clone(), wake, buf: vec![0; Lane::ANSWER], broken: false }
    }

    /// The next message, waiting no longer than `timeout`; `None` if none came.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<Event>> {
        self.wait(Instant::now().checked_add(timeout))
    }

    /// The next message, if there is one already.
    pub fn try_next(&mut self) -> Option<Result<Event>> {
        self.next_timeout(Duration::ZERO)
    }

    /// Ends the waiting of this one, from any thread.
    pub fn closer(&self) -> Closer {
        Closer(self.wake.clone())
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Option<Result<Event>> {
        let shared = self.connection.shared.clone();
        let channel = match shared.channel(shared.protocol) {
            Ok(channel) if !self.broken => channel,
            Ok(_) => return None,
            Err(error) => return Some(Err(error)),
        };
        loop {
            // First reset, then look: what comes in between pulls again.
            self.wake.reset();
            if let Some(item) = channel.strays.next() {
                return Some(item.map(|event| name(&shared, event)));
            }
            if self.wake.is_closed() {
                return None;
            }
            match self.drain(channel) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    self.broken = error.errno().is_some();
                    return Some(Err(error));
                }
            }
            match retry(|| channel.socket().endpoint().wait(deadline, &self.wake)) {
                Ok(false) if !self.wake.is_pulled() => return None,
                Ok(_) => {}
                Err(Errno::ENOBUFS) => channel.strays.overrun(),
                Err(errno) => {
                    self.broken = true;
                    return Some(Err(Error::system("receive", errno)));
                }
            }
        }
    }

    /// Takes what the socket holds, and puts by what a call may wait for. True if it held anything.
    fn drain(&mut self, channel: &Channel) -> Result<bool> {
        let mut any = false;
        loop {
            let reading = channel.mailbox.reading();
            let Some(taken) = mailbox::take(channel.socket(), &mut self.buf) else { return Ok(any) };
            any = true;
            // A call holds the lane from before it sends until it has its answer.
            let calling = channel.lane.try_hold();
            match (taken, calling) {
                (Ok(received), None) => {
                    let datagram = self.buf.get(..received.len).unwrap_or_default();
                    if !channel.mailbox.keep(datagram, &received) {
                        channel.mailbox.put(reading, Ok((datagram.into(), received)));
                    }
                }
                (Ok(received), Some(lane)) => {
                    let ears = self.connection.shared.ears(self.connection.shared.protocol, Some(channel));
                    // A hook may wait for whoever reads.
                    let _reading = ears.is_none().then_some(reading);
                    self.hear(channel, &received, lane.seq(), ears)?;
                }
                (Err(cause @ (Cause::Overrun | Cause::Truncated(_))), None) => channel.mailbox.put(reading, Err(cause)),
                (Err(Cause::Overrun), Some(_)) => {
                    channel.strays.overrun();
                    let ears = self.connection.shared.ears(self.connection.shared.protocol, Some(channel));
                    if ears.is_some_and(|ears| ears.lost() == Flow::Stop) {
                        return Err(Error::new("", Cause::Stopped));
                    }
                }
                (Err(cause), _) => return Err(Error::new("", cause)),
            }
        }
    }

    /// Keeps what answers nothing.
    fn hear(&self, channel: &Channel, received: &Received, seq: u32, ears: Option<Ears<'_>>) -> Result<()> {
        for message in messages(self.buf.get(..received.len).unwrap_or_default()) {
            channel.strays.hear((channel.port, seq), message, received, ears.as_ref())?;
        }
        Ok(())
    }
}

impl Drop for Unsolicited {
    fn drop(&mut self) {
        if let Ok(channel) = self.connection.shared.channel(self.connection.shared.protocol) {
            channel.mailbox.remove_receiver();
        }
    }
}

impl Iterator for Unsolicited {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        self.wait(None)
    }
}

impl Clone for Unsolicited {
    fn clone(&self) -> Self {
        let shared = &self.connection.shared;
        match shared.channel(shared.protocol) {
            Ok(channel) => {
                // There is one receiver already, so that calls look at the mail.
                channel.mailbox.add_receiver();
                Self::of(&self.connection, channel)
            }
            // Not with a channel that is open.
            Err(_) => {
                Self { connection: self.connection.clone(), wake: self.wake.clone(), buf: Vec::new(), broken: true }
            }
        }
    }
}

impl fmt::Debug for Unsolicited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsolicited({:?})", self.connection)
    }
}
