//! A state and its changes.

use std::fmt;
use std::time::{Duration, Instant};

use netloom_wire::{self as wire, Group};

use super::connection::Connection;
use super::dump::Dump;
use super::event::Event;
use super::shell::{Shell, at_once};
use super::subscription::{Closer, Subscription};
use crate::Result;
use crate::error::{Cause, Error};

/// The objects that an op dumps, then what changes about them, without a gap; see [`Connection::follow`].
///
/// It joins the groups first and dumps then, so that what changes meanwhile is heard: an event may tell what
/// [`Followed::State`] told already, never less. After an overrun or a torn dump it tells everything anew by itself.
///
/// As an [`Iterator`], in a task by its `next`, it waits for events for ever, or until its [`Closer`] closes it. An error that
/// no second attempt mends (a refusal, a timeout, a dump that keeps being torn) is an item; the next item is another attempt's.
/// A `next` of a task that is dropped has taken nothing.
///
/// ```no_run
/// use netloom::Connection;
/// use netloom::client::Followed;
/// use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, List, Said};
/// for change in Connection::open()?.follow(List, &(), &[DOC_EXMPL_GRP])? {
///     match change? {
///         Followed::State(msg) => println!("{:?} is there", msg.msg),
///         Followed::Synced => println!("that is all; now what happens"),
///         Followed::Event(event) => println!("{:?} was said", event.get(Said).and_then(|msg| msg.msg)),
///         Followed::Resync(why) => println!("forget it all: {why}"),
///         _ => {}
///     }
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
#[must_use = "it does nothing before it is read"]
pub struct Follow<O: wire::Dump, C: Shell = Connection> {
    nl: C,
    request: O::Request,
    events: Subscription<C>,
    stage: Stage<O, C>,
    attempts: Attempts,
}

/// What happens to a state that is followed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Followed<R> {
    /// An object that is there.
    State(R),
    /// All objects have been told: what follows are changes.
    Synced,
    /// Something changed.
    Event(Event),
    /// What was told is out of date, for this reason ([overrun](Error::is_overrun), [torn](Error::is_interrupted),
    /// [truncated](Error::is_truncated), [busy](Error::is_busy)): all objects are told anew, then [`Followed::Synced`].
    Resync(Error),
}

enum Stage<O: wire::Dump, C: Shell> {
    /// About to dump.
    Due,
    Dumping(Box<Dump<O, C>>),
    Synced,
}

impl<O: wire::Dump> Follow<O> {
    /// The next item, waiting no longer than `timeout` for an event; `None` if none came.
    pub fn next_timeout(&mut self, timeout: Duration) -> Option<Result<Followed<O::Reply>>> {
        at_once(self.item(Instant::now().checked_add(timeout)))
    }

    /// Ends its waiting, from any thread.
    pub fn closer(&self) -> Closer {
        self.events.closer()
    }
}

impl<O: wire::Dump, C: Shell> Follow<O, C> {
    pub(super) async fn open(nl: &C, request: &O::Request, groups: &[Group]) -> Result<Self> {
        let events = Subscription::open(nl, groups).await?;
        let (nl, request, attempts) = (nl.clone(), request.clone(), Attempts::default());
        let mut follow = Self { nl, request, events, stage: Stage::Due, attempts };
        // A refusal is told here; what another attempt may mend is not.
        match follow.dump().await {
            Err(error) if !mends(&error) => Err(error),
            _ => Ok(follow),
        }
    }

    /// Whether all objects have been told, and nothing was lost since.
    pub fn is_synced(&self) -> bool {
        matches!(self.stage, Stage::Synced)
    }

    /// The subscription behind it: to join further groups, or to set its receive buffer.
    pub fn events(&self) -> &Subscription<C> {
        &self.events
    }

    /// The next item; `None` if no event comes in time, or none will come any more.
    pub(super) async fn item(&mut self, deadline: Option<Instant>) -> Option<Result<Followed<O::Reply>>> {
        loop {
            match &mut self.stage {
                Stage::Due if self.events.is_closed() => return None,
                Stage::Due => {
                    if let Err(error) = self.dump().await {
                        return Some(self.lost(error));
                    }
                }
                Stage::Dumping(dump) => {
                    return Some(match dump.object().await {
                        Some(Ok(object)) => Ok(Followed::State(object.own())),
                        Some(Err(error)) => self.lost(error),
                        None => {
                            (self.stage, self.attempts) = (Stage::Synced, Attempts::default());
                            Ok(Followed::Synced)
                        }
                    });
                }
                Stage::Synced => {
                    return Some(match self.events.event(deadline).await? {
                        Ok(event) => Ok(Followed::Event(event)),
                        Err(error) => {
                            drain(&mut self.events);
                            self.lost(error)
                        }
                    });
                }
            }
        }
    }

    async fn dump(&mut self) -> Result<()> {
        self.stage = Stage::Due;
        let dump = Dump::start(&self.nl, &self.request).await;
        // One that was dropped was no attempt.
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

impl<O: wire::Dump> Iterator for Follow<O> {
    type Item = Result<Followed<O::Reply>>;

    fn next(&mut self) -> Option<Self::Item> {
        at_once(self.item(None))
    }
}

impl<O: wire::Dump, C: Shell> fmt::Debug for Follow<O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.stage {
            Stage::Due => "about to dump",
            Stage::Dumping(_) => "dumping",
            Stage::Synced => "synced",
        };
        write!(f, "Follow({} {}, {state})", <O::Family as wire::Family>::NAME, O::NAME)
    }
}

/// Attempts in a row that did not come to their end.
#[derive(Debug, Default)]
pub(super) struct Attempts(u32);

impl Attempts {
    /// Attempts at a dump before it is told that there is no end to it.
    pub(super) const MOST: u32 = 10;

    /// One more.
    pub(super) fn begin(&mut self) {
        self.0 = self.0.saturating_add(1);
    }

    /// It failed: whether to begin anew because of that, or to tell it.
    pub(super) fn lost(&mut self, error: Error) -> Result<Error> {
        if mends(&error) && self.0 < Self::MOST {
            return Ok(error);
        }
        let attempts = std::mem::take(&mut self.0);
        Err(if error.is_interrupted() {
            Error::new(error.request().to_owned(), Cause::Interrupted(attempts))
        } else {
            error
        })
    }
}

/// Whether it may be mended by another attempt.
fn mends(error: &Error) -> bool {
    error.is_overrun() || error.is_interrupted() || error.is_truncated() || error.is_busy()
}

/// Throws away what is heard already. After a loss it may tell of what has gone unheard since, and would be taken for
/// newer than the state that is about to be told.
pub(super) fn drain<C: Shell>(events: &mut Subscription<C>) {
    const PATIENCE: usize = 1 << 20;
    std::iter::from_fn(|| events.try_next()).take(PATIENCE).for_each(drop);
}
