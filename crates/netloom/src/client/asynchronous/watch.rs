//! A table that is kept true in a task.

use std::fmt;
use std::ops::Deref;

use netloom_wire as wire;

use super::connection::Connection;
use super::dump::Dump;
use super::runtime::Runtime;
use super::subscription::Subscription;
use crate::Result;
use crate::client::follow::{Attempts, drain};
use crate::client::watch::{ended, failed, lost, name};
use crate::client::{Change, Fence, Objects, Table, Want, Watchable};

/// A table of what a kernel side has, kept true by its events; see [`client::Watch`](crate::client::Watch), whose rules
/// it keeps.
///
/// A `next` or `verify` that is dropped leaves the table as it is: the next one goes on where it was.
#[must_use = "a table is filled as it is read"]
pub struct Watch<W: Watchable, R: Runtime> {
    connection: Connection<R>,
    events: Subscription<R>,
    table: Table<W>,
    dump: Option<Box<Dump<W::Op, R>>>,
    attempts: Attempts,
}

impl<W: Watchable, R: Runtime> Watch<W, R> {
    pub(super) async fn open(connection: &Connection<R>, of: W) -> Result<Self> {
        let events = Subscription::open(connection, &of.groups()).await?;
        let (connection, table, attempts) = (connection.clone(), Table::new(of), Attempts::default());
        let mut watch = Self { connection, events, table, dump: None, attempts };
        // A refusal is told here.
        while watch.dump.is_none() && !watch.table.is_synced() {
            watch.turn().await?;
        }
        Ok(watch)
    }

    /// The next change; `None` when the socket has failed.
    pub async fn next(&mut self) -> Option<Result<Change<W::Object>>> {
        loop {
            if let Some(change) = self.table.change() {
                return Some(Ok(change));
            }
            match self.turn().await {
                Ok(Some(())) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Reads all again now, and returns what differs from the table: see [`client::Watch::verify`](crate::client::Watch::verify).
    ///
    /// # Errors
    ///
    /// What keeps the table from being read.
    pub async fn verify(&mut self) -> Result<Vec<Change<W::Object>>> {
        self.table.verify();
        loop {
            if let Some(found) = self.table.verified() {
                return Ok(found);
            }
            if self.turn().await?.is_none() {
                return Err(ended());
            }
        }
    }

    /// Whether all objects have been read, and nothing was lost since.
    pub fn is_synced(&self) -> bool {
        self.table.is_synced()
    }

    /// The subscription behind it: to set its receive buffer.
    pub fn events(&self) -> &Subscription<R> {
        &self.events
    }

    /// Does what the table wants; `None` if no event will come any more. Dropped, it has done a part of it or nothing, and
    /// knows which.
    async fn turn(&mut self) -> Result<Option<()>> {
        if self.dump.is_some() {
            return self.read().await.map(Some);
        }
        match self.table.want() {
            Want::Discard => drain(self.events.events()),
            Want::Fence => Self::pass_fence(&self.connection).await?,
            Want::Events => {
                while let Some(event) = self.events.try_next() {
                    match event {
                        Ok(event) => self.table.hear(&event),
                        Err(error) => return lost(&mut self.table, error).map(Some),
                    }
                }
            }
            Want::Dump(request) => {
                let begun = self.connection.dump(self.table.of().op(), &request).await;
                // One that was dropped was no attempt.
                self.attempts.begin();
                match begun {
                    Ok(dump) => self.dump = Some(Box::new(dump)),
                    Err(error) => return failed(&mut self.table, &mut self.attempts, error).map(Some),
                }
                return Ok(Some(()));
            }
            Want::Event => match self.events.next().await {
                None => return Ok(None),
                Some(Ok(event)) => self.table.hear(&event),
                Some(Err(error)) => return lost(&mut self.table, error).map(Some),
            },
        }
        self.table.done();
        Ok(Some(()))
    }

    /// Reads the dump to its end.
    async fn read(&mut self) -> Result<()> {
        let Some(dump) = &mut self.dump else { return Ok(()) };
        while let Some(object) = dump.next().await {
            match object {
                Ok(object) => self.table.object(object),
                Err(error) => {
                    self.dump = None;
                    return failed(&mut self.table, &mut self.attempts, error);
                }
            }
        }
        (self.dump, self.attempts) = (None, Attempts::default());
        self.table.done();
        Ok(())
    }

    async fn pass_fence(connection: &Connection<R>) -> Result<()> {
        match W::FENCE {
            Fence::None => Ok(()),
            #[cfg(feature = "rtnetlink")]
            Fence::Rtnl => {
                use crate::client::watch::{loopback, passed};
                let link = loopback();
                passed(connection.call(netloom_families::rt_link::Getlink, &link).await.map(drop))
            }
        }
    }
}

impl<W: Watchable, R: Runtime> Deref for Watch<W, R> {
    type Target = Objects<W>;

    fn deref(&self) -> &Objects<W> {
        self.table.objects()
    }
}

impl<W: Watchable, R: Runtime> fmt::Debug for Watch<W, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({} {}, {:?})", name::<W>(), <W::Op as wire::Op>::NAME, self.table)
    }
}
