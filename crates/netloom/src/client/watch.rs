//! A table that is kept true.

use std::fmt;
use std::ops::Deref;
use std::time::{Duration, Instant};

use netloom_wire as wire;

use super::connection::Connection;
use super::dump::Dump;
use super::follow::{Attempts, drain};
use super::objects::Objects;
use super::shell::{Shell, at_once};
use super::subscription::{Closer, Subscription};
use super::table::{Table, Want};
use super::watchable::{Change, Fence, Watchable};
use crate::Result;
use crate::error::{Cause, Error};

/// A table of what a kernel side has, kept true by its events; see [`Connection::watch`].
///
/// As an [`Iterator`], in a task by its `next`, it tells what it has as [`Change::Added`], then [`Change::Synced`], then what
/// changes, waiting for ever or until its [`Closer`] closes it. A future of a task that is dropped leaves the table as it is:
/// the next one goes on where it was. As [`Objects`] it has what is there, found by key. It is true of the moment that
/// was read last: it follows events when it is asked for the next change, and not by itself.
///
/// - The first state is of one piece: a dump that is torn is repeated, and so is one that may be, of those that Linux does not
///   mark ([`Table`](super::Table) has the rule).
/// - Nothing between state and events is missed, and what events tell twice is no change.
/// - When events get lost (an overrun), it says [`Change::Lost`], dumps anew, tells exactly what differs, then
///   [`Change::Synced`].
/// - What goes without an event of its own is found by asking again when its cause is told: see
///   [`rtnetlink::watched`](crate::rtnetlink::watched) for what that is of links, addresses, routes, neighbours and rules.
/// - When dumps keep being torn, since what they read changes all the time, it says so by [`Change::Lost`] after each ten,
///   and goes on.
///
/// An error that no second attempt mends (a refusal, a timeout) is an item; the next item is another attempt's.
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
pub struct Watch<W: Watchable, C: Shell = Connection> {
    nl: C,
    events: Subscription<C>,
    table: Table<W>,
    dump: Option<Box<Dump<W::Op, C>>>,
    /// As many datagrams of it as have been looked into.
    datagrams: u64,
    attempts: Attempts,
}

impl<W: Watchable> Watch<W> {
    /// The next change, waiting no longer than `timeout` for an event; `None` if none came.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<Change<W::Object>>> {
        at_once(self.change(Instant::now().checked_add(timeout)))
    }

    /// Reads all again now, and returns what differs from the table, which is made good and not told again: nothing, unless
    /// something goes without a word that netloom does not know of. What changes in just that moment may be among it.
    /// What events have told meanwhile is told by the next items.
    ///
    /// # Errors
    ///
    /// What keeps the table from being read; [`is_interrupted`](Error::is_interrupted) if it changes all the time.
    pub fn verify(&mut self) -> Result<Vec<Change<W::Object>>> {
        at_once(self.differences())
    }

    /// Ends its waiting, from any thread.
    pub fn closer(&self) -> Closer {
        self.events.closer()
    }
}

impl<W: Watchable, C: Shell> Watch<W, C> {
    pub(super) async fn open(nl: &C, of: W) -> Result<Self> {
        let events = Subscription::open(nl, &of.groups()).await?;
        let (nl, table, attempts) = (nl.clone(), Table::new(of), Attempts::default());
        let mut watch = Self { nl, events, table, dump: None, datagrams: 0, attempts };
        // A refusal is told here.
        while watch.table.objects().is_empty() && !watch.table.is_synced() {
            if watch.turn(None).await?.is_none() {
                break;
            }
        }
        Ok(watch)
    }

    /// Whether all objects have been read, and nothing was lost since.
    pub fn is_synced(&self) -> bool {
        self.table.is_synced()
    }

    /// The subscription behind it: to set its receive buffer, or to poll it.
    pub fn events(&self) -> &Subscription<C> {
        &self.events
    }

    /// The next change; `None` if no event comes in time, or none will come any more.
    pub(super) async fn change(&mut self, deadline: Option<Instant>) -> Option<Result<Change<W::Object>>> {
        loop {
            if let Some(change) = self.table.change() {
                return Some(Ok(change));
            }
            match self.turn(deadline).await {
                Ok(Some(())) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Reads all again, for what differs from the table.
    pub(super) async fn differences(&mut self) -> Result<Vec<Change<W::Object>>> {
        self.table.verify();
        loop {
            if let Some(found) = self.table.verified() {
                return Ok(found);
            }
            if self.turn(None).await?.is_none() {
                let instead = "it has been closed, or its socket has failed: watch anew";
                return Err(Error::new("watch", Cause::Usage(instead)));
            }
        }
    }

    /// Does what the table wants; `None` if no event comes in time, or none will come any more. Dropped, it has done a part of
    /// it or nothing, and knows which.
    async fn turn(&mut self, deadline: Option<Instant>) -> Result<Option<()>> {
        if self.events.is_closed() {
            return Ok(None);
        }
        if self.dump.is_some() {
            return self.read().await.map(Some);
        }
        match self.table.want() {
            Want::Discard => drain(&mut self.events),
            Want::Fence => self.pass_fence().await?,
            Want::Events => {
                while let Some(event) = self.events.try_next() {
                    match event {
                        Ok(event) => self.table.hear(&event),
                        Err(error) => return self.lost(error).map(Some),
                    }
                }
            }
            Want::Dump(request) => {
                let begun = Dump::start(&self.nl, &request).await;
                // One that was dropped was no attempt.
                self.attempts.begin();
                match begun {
                    Ok(dump) => {
                        self.datagrams = dump.datagrams();
                        self.dump = Some(Box::new(dump));
                    }
                    Err(error) => return self.failed(error).map(Some),
                }
                return Ok(Some(()));
            }
            Want::Event => match self.events.event(deadline).await {
                None => return Ok(None),
                Some(Ok(event)) => self.table.hear(&event),
                Some(Err(error)) => return self.lost(error).map(Some),
            },
        }
        self.table.done();
        Ok(Some(()))
    }

    /// Reads the dump to its end.
    async fn read(&mut self) -> Result<()> {
        let Some(dump) = &mut self.dump else { return Ok(()) };
        loop {
            let object = dump.object().await.map(|object| object.map(|object| object.own()));
            if dump.datagrams() > std::mem::replace(&mut self.datagrams, dump.datagrams()) {
                self.table.pause();
            }
            match object {
                Some(Ok(object)) => self.table.object(object),
                Some(Err(error)) => {
                    self.dump = None;
                    return self.failed(error);
                }
                None => break,
            }
        }
        (self.dump, self.attempts) = (None, Attempts::default());
        self.table.done();
        Ok(())
    }

    async fn pass_fence(&self) -> Result<()> {
        match W::FENCE {
            Fence::None => Ok(()),
            // A link, which takes the lock, be it there or not: a refusal is as good as an answer.
            // net/core/rtnetlink.c: rtnl_getlink
            #[cfg(feature = "rtnetlink")]
            Fence::Rtnl => {
                use netloom_families::rt_link::{Getlink, Ifinfomsg, Link};
                let loopback = Link::new().header(Ifinfomsg { ifi_index: 1, ..Ifinfomsg::default() });
                match self.nl.call(Getlink, &loopback).await {
                    Err(error) if !error.is_refused() => Err(error),
                    _ => Ok(()),
                }
            }
        }
    }

    /// Events got lost: that is told, or an error is.
    fn lost(&mut self, error: Error) -> Result<()> {
        if error.is_overrun() || error.is_truncated() {
            self.table.lost(error);
            return Ok(());
        }
        self.table.restart();
        Err(error)
    }

    /// A dump has failed: the error if that means nothing to the table, and no other attempt may mend it. One that keeps being
    /// torn is no end of a table: whoever reads it hears of that, and may stop, and the attempts go on.
    fn failed(&mut self, error: Error) -> Result<()> {
        match self.table.failed(error).or_else(|error| self.attempts.lost(error).map(drop)) {
            Err(error) if error.is_interrupted() && !self.table.is_verifying() => {
                self.table.lost(error);
                Ok(())
            }
            done => done,
        }
    }
}

impl<W: Watchable, C: Shell> Deref for Watch<W, C> {
    type Target = Objects<W>;

    fn deref(&self) -> &Objects<W> {
        self.table.objects()
    }
}

impl<W: Watchable> Iterator for Watch<W> {
    type Item = Result<Change<W::Object>>;

    fn next(&mut self) -> Option<Self::Item> {
        at_once(self.change(None))
    }
}

impl<W: Watchable, C: Shell> fmt::Debug for Watch<W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = <<W::Op as wire::Op>::Family as wire::Family>::NAME;
        write!(f, "Watch({family} {}, {:?})", <W::Op as wire::Op>::NAME, self.table)
    }
}
