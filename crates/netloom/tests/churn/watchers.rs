//! Tables that are kept true by events, whatever happens meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use netloom::client::{Change, Objects, Watchable};
use netloom::families::rt_link::Link;
use netloom::rtnetlink::link;
use netloom::{Connection, Error, Result, tokio as tasks};

use crate::truth::{Lines, same};
use crate::yard::{Yard, eventually};

/// For this long nothing is told: what a table has then is shown.
const QUIET: Duration = Duration::from_millis(30);

/// What the tables have, by name, when they have heard all that there was.
type Board = Arc<Mutex<BTreeMap<&'static str, Lines>>>;
/// How an object is shown.
type Show<W> = fn(&<W as Watchable>::Object) -> String;
/// The same as a new dump has it.
type Fresh = Box<dyn Fn(&Connection) -> Result<Lines>>;

/// Tables that are watched, each by an actor of its own.
pub(crate) struct Watchers {
    /// What else may happen than changes and losses.
    expected: fn(&Error),
    board: Board,
    fresh: Vec<(&'static str, Fresh)>,
}

impl Watchers {
    pub(crate) fn new(expected: fn(&Error)) -> Self {
        Self { expected, board: Board::default(), fresh: Vec::new() }
    }

    /// Has somebody watch, in a thread.
    pub(crate) fn begin<W>(&mut self, yard: &mut Yard, name: &'static str, nl: Connection, of: fn() -> W, show: Show<W>)
    where
        W: Watchable + 'static,
    {
        let (board, expected) = (self.add(name, of, show), self.expected);
        yard.begin(name, move |signals| {
            let mut log = Log::new(expected);
            let mut watch = loop {
                match nl.watch(of()) {
                    Ok(watch) => break watch,
                    Err(error) => expected(&error),
                }
            };
            while signals.again() {
                match watch.next_timeout(QUIET) {
                    Some(change) => log.note(name, change),
                    None if watch.is_synced() => log.show(name, &watch, &board, show),
                    None => {}
                }
            }
            eprintln!("{name}: {} changes, lost {} times", log.changes, log.lost);
        });
    }

    /// Has somebody watch, in a task.
    pub(crate) fn begin_task<W>(
        &mut self,
        yard: &mut Yard,
        name: &'static str,
        nl: tasks::Connection,
        of: fn() -> W,
        show: Show<W>,
    ) where
        W: Watchable + 'static,
    {
        let (board, expected) = (self.add(name, of, show), self.expected);
        yard.begin(name, move |signals| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut log = Log::new(expected);
                let mut watch = loop {
                    match nl.watch(of()).await {
                        Ok(watch) => break watch,
                        Err(error) => expected(&error),
                    }
                };
                while signals.again() {
                    // What is dropped here has taken nothing.
                    match tokio::time::timeout(QUIET, watch.next()).await {
                        Ok(change) => log.note(name, change.unwrap()),
                        Err(_) if watch.is_synced() => log.show(name, &watch, &board, show),
                        Err(_) => {}
                    }
                }
                eprintln!("{name}: {} changes, lost {} times", log.changes, log.lost);
            });
        });
    }

    /// Waits until each of them has what a new dump has, to the last attribute.
    pub(crate) fn agree(&self, nl: &Connection) {
        for (name, fresh) in &self.fresh {
            eventually(|| {
                let fresh = fresh(nl).map_err(|error| error.to_string())?;
                let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
                same(name, board.get(name).ok_or("it was never quiet")?, &fresh)
            });
        }
    }

    fn add<W: Watchable + 'static>(&mut self, name: &'static str, of: fn() -> W, show: Show<W>) -> Board {
        self.fresh.push((name, Box::new(move |nl| dumped(nl, &of(), show))));
        self.board.clone()
    }
}

/// All that a table should have.
fn dumped<W: Watchable>(nl: &Connection, of: &W, show: Show<W>) -> Result<Lines> {
    let mut lines = Lines::new();
    for part in of.parts() {
        let objects = nl.dump(of.op(), &of.request(&part))?.consistent(5)?.whole()?;
        let kept = objects.into_iter().filter_map(|object| of.keep(object));
        lines.extend(kept.filter(|object| of.covers(&part, object)).map(|object| show(&object)));
    }
    Ok(lines)
}

/// All there is of it.
pub(crate) fn whole<T: Debug>(object: &T) -> String {
    format!("{object:?}")
}

/// All there is of a link but what may be late of one that is down.
pub(crate) fn link(link: &Link) -> String {
    match link::is_up(link) {
        true => whole(link),
        false => {
            let mut known = link.clone();
            (known.ifalias, known.group) = (None, None);
            whole(&known)
        }
    }
}

/// What was told of a table: the same as it has.
struct Log<T> {
    expected: fn(&Error),
    there: HashMap<*const T, Arc<T>>,
    changes: u64,
    lost: u64,
}

impl<T: Debug> Log<T> {
    fn new(expected: fn(&Error)) -> Self {
        Self { expected, there: HashMap::new(), changes: 0, lost: 0 }
    }

    fn note(&mut self, name: &str, change: Result<Change<T>>) {
        self.changes += 1;
        match change {
            Ok(Change::Added(new)) => self.add(name, new),
            Ok(Change::Changed { old, new }) => {
                self.remove(name, &old);
                self.add(name, new);
            }
            Ok(Change::Removed(old)) => self.remove(name, &old),
            Ok(Change::Lost(why)) => {
                assert!(why.is_overrun() || why.is_truncated() || why.is_interrupted(), "{name}: {why}");
                self.lost += 1;
            }
            Ok(_) => {}
            Err(error) => (self.expected)(&error),
        }
    }

    fn add(&mut self, name: &str, new: Arc<T>) {
        assert!(self.there.insert(Arc::as_ptr(&new), new.clone()).is_none(), "{name}: twice {new:?}");
    }

    fn remove(&mut self, name: &str, old: &Arc<T>) {
        assert!(self.there.remove(&Arc::as_ptr(old)).is_some(), "{name}: never told {old:?}");
    }

    /// What was told is what the table has, and that is shown.
    fn show<W: Watchable<Object = T>>(&self, name: &'static str, objects: &Objects<W>, board: &Board, show: Show<W>) {
        assert_eq!(objects.len(), self.there.len(), "{name}");
        assert!(objects.iter().all(|object| self.there.contains_key(&Arc::as_ptr(object))), "{name}");
        let lines = objects.iter().map(|object| show(object)).collect();
        board.lock().unwrap_or_else(PoisonError::into_inner).insert(name, lines);
    }
}
