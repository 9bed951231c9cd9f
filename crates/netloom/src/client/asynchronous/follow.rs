//! A state and its changes, waited for in a task.

use std::fmt;

use netloom_wire::{self as wire, Group};

use super::connection::Connection;
use super::dump::Dump;
use super::runtime::Runtime;
use super::subscription::Subscription;
use crate::Result;
use crate::client::Followed;
use crate::client::follow::{Attempts, drain, mends};
use crate::error::Error;

/// The objects that an op dumps, then what changes about them, without a gap; see
/// [`client::Follow`](crate::client::Follow), whose rules it keeps.
///
/// A `next` that is dropped has taken nothing.
#[must_use = "it does nothing before it is read"]
pub struct Follow<O: wire::Dump, R: Runtime> {
    connection: Connection<R>,
    request: O::Request,
    events: Subscription<R>,
    op: O,
    stage: Stage<O, R>,
    attempts: Attempts,
}

enum Stage<O: wire::Dump, R: Runtime> {
    /// About to dump.
    Due,
    Dumping(Box<Dump<O, R>>),
    Synced,
}

impl<O: wire::Dump, R: Runtime> Follow<O, R> {
    pub(super) async fn open(
        connection: &Connection<R>,
        op: O,
        request: &O::Request,
        groups: &[Group],
    ) -> Result<Self> {
        let events = Subscription::open(connection, groups).await?;
        let (connection, request) = (connection.clone(), request.clone());
        let mut follow = Self { connection, request, events, op, stage: Stage::Due, attempts: Attempts::default() };
        // A refusal is told here; what another attempt may mend is not.
        match follow.dump().await {
            Err(error) if !mends(&error) => Err(error),
            _ => Ok(follow),
        }
    }

    /// The next item: an object, an event, or that all has to be told anew.
    pub async fn next(&mut self) -> Option<Result<Followed<O::Reply>>> {
        loop {
            match &mut self.stage {
                Stage::Due => {
                    if let Err(error) = self.dump().await {
                        return Some(self.lost(error));
                    }
                }
                Stage::Dumping(dump) => {
                    return Some(match dump.next().await {
                        Some(Ok(object)) => Ok(Followed::State(object)),
                        Some(Err(error)) => self.lost(error),
                        None => {
                            (self.stage, self.attempts) = (Stage::Synced, Attempts::default());
                            Ok(Followed::Synced)
                        }
                    });
                }
                Stage::Synced => {
                    return Some(match self.events.next().await? {
                        Ok(event) => Ok(Followed::Event(event)),
                        Err(error) => {
                            drain(self.events.events());
                            self.lost(error)
                        }
                    });
                }
            }
        }
    }

    /// Whether all objects have been told, and nothing was lost since.
    pub fn is_synced(&self) -> bool {
        matches!(self.stage, Stage::Synced)
    }

    /// The subscription behind it: to join further groups, or to set its receive buffer.
    pub fn events(&self) -> &Subscription<R> {
        &self.events
    }

    async fn dump(&mut self) -> Result<()> {
        self.stage = Stage::Due;
        let dump = self.connection.dump(self.op, &self.request).await;
        self.attempts.begin();
        self.stage = Stage::Dumping(Box::new(dump?));
        Ok(())
    }

    /// Begins anew because of this error, or tells it.
    fn lost(&mut self, error: Error) -> Result<Followed<O::Reply>> {
        self.stage = Stage::Due;
        self.attempts.lost(error).map(Followed::Resync)
    }
}

impl<O: wire::Dump, R: Runtime> fmt::Debug for Follow<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.stage {
            Stage::Due => "about to dump",
            Stage::Dumping(_) => "dumping",
            Stage::Synced => "synced",
        };
        write!(f, "Follow({} {}, {state})", <O::Family as wire::Family>::NAME, O::NAME)
    }
}
