//! What a kernel side says first.

use std::fmt;
use std::time::{Duration, Instant};

use netloom_wire::{Errno, messages};

use super::connection::Connection;
use super::event::Event;
use super::exchange::{Exchange, Expect, Step};
use super::lane::Wait;
use super::subscription::name;
use crate::Result;
use crate::error::{Cause, Error};
use crate::socket::{RecvFlags, retry};

/// What comes to a connection's call socket and answers nothing; see [`Connection::unsolicited`].
///
/// As an [`Iterator`] it waits for ever. Calls go on meanwhile, on any thread.
///
/// ```no_run
/// use netloom::Connection;
/// let nl = Connection::builder().port(4711).open()?;
/// for message in nl.unsolicited()? {
///     println!("from the kernel to port 4711: {} bytes", message?.bytes().len());
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone)]
pub struct Unsolicited {
    connection: Connection,
}

impl Unsolicited {
    pub(super) fn open(connection: &Connection) -> Result<Self> {
        connection.shared.channel(connection.shared.protocol)?;
        Ok(Self { connection: connection.clone() })
    }

    /// The next message, waiting no longer than `timeout`; `None` if none came.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<Event>> {
        self.wait(Instant::now().checked_add(timeout))
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Option<Result<Event>> {
        let channel = match self.connection.shared.channel(self.connection.shared.protocol) {
            Ok(channel) => channel,
            Err(error) => return Some(Err(error)),
        };
        loop {
            if let Some(item) = channel.strays.next() {
                return Some(item.map(|event| name(&self.connection, event)));
            }
            // Waits without the lock, so that calls go on; what is there may be a call's answer, which is its own to take.
            let endpoint = channel.socket().endpoint();
            match retry(|| endpoint.recv(&mut [0; 16], RecvFlags::PEEK, deadline)) {
                Ok(_) => {}
                Err(Errno::EAGAIN) => return None,
                Err(Errno::ENOBUFS) => return Some(Err(Error::new("", Cause::Overrun))),
                Err(errno) => return Some(Err(Error::system("receive", errno))),
            }
            // Nobody calls while we hold the lane, so nothing that is there now is awaited.
            let mut lane = channel.lane();
            let mut exchange = Exchange::new(channel.port, lane.seq(), Expect::Nothing);
            let mut wait = Wait::new(Some(Duration::ZERO));
            loop {
                let received = match lane.receive(&mut wait) {
                    Ok(received) => received,
                    Err(Cause::Timeout(_)) => break,
                    Err(Cause::Overrun) => {
                        channel.strays.overrun();
                        continue;
                    }
                    Err(cause) => return Some(Err(Error::new("", cause))),
                };
                let datagram = lane.received(received.len);
                for message in messages(datagram) {
                    if let Some(Step::Stray(stray)) = exchange.step(message, received.source) {
                        channel.strays.take(&stray, received.group);
                    } else {
                        channel.strays.late();
                    }
                }
            }
        }
    }
}

impl Iterator for Unsolicited {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        self.wait(None)
    }
}

impl fmt::Debug for Unsolicited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unsolicited({:?})", self.connection)
    }
}
