//! A table that is kept true.

use std::fmt;
use std::ops::Deref;
use std::time::{Duration, Instant};

use netloom_wire as wire;

use super::connection::Connection;
use super::follow::Attempts;
use super::objects::Objects;
use super::subscription::{Closer, Subscription};
use super::table::{Table, Want};
use super::watchable::{Change, Fence, Watchable};
use crate::Result;
use crate::error::{Cause, Error};

/// A table of what a kernel side has, kept true by its events; see [`Connection::watch`].
///
/// As an [`Iterator`] it tells what it has as [`Change::Added`], then [`Change::Synced`], then what changes, waiting for ever
/// or until its [`Closer`] closes it. As [`Objects`] it has what is there, found by key. It is true of the moment that
/// was read last: it follows events when it is asked for the next change, and not by itself.
///
/// - The first state is of one piece: a dump that is torn is repeated.
/// - Nothing between state and events is missed, and what events tell twice is no change.
/// - When events get lost (an overrun), it says [`Change::Lost`], dumps anew, tells exactly what differs, then
///   [`Change::Synced`].
/// - What goes without an event of its own is found by asking again when its cause is told: see
///   [`rtnetlink::watched`](crate::rtnetlink::watched) for what that is of links, addresses, routes, neighbours and rules.
///
/// An error that no second attempt mends (a refusal, a timeout, a dump that keeps being torn) is an item; the next item is
/// another attempt's.
///
/// ```no_run
/// use netloom::Connection;
/// use netloom::client::Change;
/// use netloom::rtnetlink::{AddressFamily, Routes};
///
/// let mut routes = Connection::open()?.watch(Routes::of(AddressFamily::INET))?;
/// while let Some(change) = routes.next() {
///     match change? {
///         Change::Added(route) => println!("+ {:?} over {:?}", route.dst, route.oif),
///         Change::Changed { old, new } => println!("* {:?}: {:?}, was {:?}", new.dst, new.gateway, old.gateway),
///         Change::Removed(route) => println!("- {:?}", route.dst),
///         Change::Synced => println!("{} routes are there", routes.len()),
///         Change::Lost(why) => println!("some events were lost ({why}): reading all again"),
///         _ => {}
///     }
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
#[must_use = "a table is filled as it is read"]
pub struct Watch<W: Watchable> {
    connection: Connection,
    events: Subscription,
    table: Table<W>,
    attempts: Attempts,
}

impl<W: Watchable> Watch<W> {
    pub(super) fn open(connection: &Connection, of: W) -> Result<Self> {
        let events = Subscription::open(connection, &of.groups())?;
        let (connection, table, attempts) = (connection.clone(), Table::new(of), Attempts::default());
        let mut watch = Self { connection, events, table, attempts };
        // A refusal is told here.
        while watch.table.objects().is_empty() && !watch.table.is_synced() {
            if watch.turn(None)?.is_none() {
                break;
            }
        }
        Ok(watch)
    }

    /// The next change, waiting no longer than `timeout` for an event; `None` if none came.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<Change<W::Object>>> {
        self.wait(Instant::now().checked_add(timeout))
    }

    /// Reads all again now, and returns what differs from the table, which is made good and not told again: nothing, unless
    /// something goes without a word that netloom does not know of. What changes in just that moment may be among it.
    /// What events have told meanwhile is told by the next items.
    ///
    /// # Errors
    ///
    /// What keeps the table from being read.
    pub fn verify(&mut self) -> Result<Vec<Change<W::Object>>> {
        self.table.verify();
        loop {
            if let Some(found) = self.table.verified() {
                return Ok(found);
            }
            if self.turn(None)?.is_none() {
                return Err(ended());
            }
        }
    }

    /// Whether all objects have been read, and nothing was lost since.
    pub fn is_synced(&self) -> bool {
        self.table.is_synced()
    }

    /// Ends its waiting, from any thread.
    pub fn closer(&self) -> Closer {
        self.events.closer()
    }

    /// The subscription behind it: to set its receive buffer, or to poll it.
    pub fn events(&self) -> &Subscription {
        &self.events
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Option<Result<Change<W::Object>>> {
        loop {
            if let Some(change) = self.table.change() {
                return Some(Ok(change));
            }
            match self.turn(deadline) {
                Ok(Some(())) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Does what the table wants; `None` if no event came in time, or it is closed.
    fn turn(&mut self, deadline: Option<Instant>) -> Result<Option<()>> {
        if self.events.is_closed() {
            return Ok(None);
        }
        match self.table.want() {
            Want::Discard => super::follow::drain(&mut self.events),
            Want::Fence => self.pass_fence()?,
            Want::Events => {
                while let Some(event) = self.events.try_next() {
                    match event {
                        Ok(event) => self.table.hear(&event),
                        Err(error) => return self.lost(error).map(Some),
                    }
                }
            }
            Want::Dump(request) => {
                self.attempts.begin();
                match self.dump(&request) {
                    Ok(()) => self.attempts = Attempts::default(),
                    Err(error) => return failed(&mut self.table, &mut self.attempts, error).map(Some),
                }
            }
            Want::Event => match self.events.next_until(deadline) {
                None => return Ok(None),
                Some(Ok(event)) => self.table.hear(&event),
                Some(Err(error)) => return self.lost(error).map(Some),
            },
        }
        self.table.done();
        Ok(Some(()))
    }

    fn dump(&mut self, request: &<W::Op as wire::Dump>::Request) -> Result<()> {
        for object in self.connection.dump(self.table.of().op(), request)? {
            self.table.object(object?);
        }
        Ok(())
    }

    fn pass_fence(&self) -> Result<()> {
        match W::FENCE {
            Fence::None => Ok(()),
            #[cfg(feature = "rtnetlink")]
            Fence::Rtnl => passed(self.connection.call(netloom_families::rt_link::Getlink, &loopback()).map(drop)),
        }
    }

    fn lost(&mut self, error: Error) -> Result<()> {
        lost(&mut self.table, error)
    }
}

/// It was to be verified, and is closed.
pub(super) fn ended() -> Error {
    Error::new("watch", Cause::Usage("it has been closed, or its socket has failed: watch anew"))
}

/// Events got lost: that is told, or an error is.
pub(super) fn lost<W: Watchable>(table: &mut Table<W>, error: Error) -> Result<()> {
    if error.is_overrun() || error.is_truncated() {
        table.lost(error);
        return Ok(());
    }
    table.restart();
    Err(error)
}

/// A dump has failed: the error if that means nothing to the table, and no other attempt may mend it.
pub(super) fn failed<W: Watchable>(table: &mut Table<W>, attempts: &mut Attempts, error: Error) -> Result<()> {
    table.failed(error).or_else(|error| attempts.lost(error).map(drop))
}

/// What is asked for at the rtnl fence: a link, which takes the lock, be it there or not.
// net/core/rtnetlink.c: rtnl_getlink
#[cfg(feature = "rtnetlink")]
pub(super) fn loopback() -> netloom_families::rt_link::Link {
    use netloom_families::rt_link::{Ifinfomsg, Link};
    Link::new().header(Ifinfomsg { ifi_index: 1, ..Ifinfomsg::default() })
}

/// Whether a fence has been passed: a refusal is as good as an answer.
#[cfg(feature = "rtnetlink")]
pub(super) fn passed(answer: Result<()>) -> Result<()> {
    answer.or_else(|error| if error.is_refused() { Ok(()) } else { Err(error) })
}

impl<W: Watchable> Deref for Watch<W> {
    type Target = Objects<W>;

    fn deref(&self) -> &Objects<W> {
        self.table.objects()
    }
}

impl<W: Watchable> Iterator for Watch<W> {
    type Item = Result<Change<W::Object>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.wait(None)
    }
}

impl<W: Watchable> fmt::Debug for Watch<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({} {}, {:?})", name::<W>(), <W::Op as wire::Op>::NAME, self.table)
    }
}

/// The family's name.
pub(super) fn name<W: Watchable>() -> &'static str {
    <<W::Op as wire::Op>::Family as wire::Family>::NAME
}
