//! What a table is told of its family.

use std::fmt::Debug;
use std::sync::Arc;

use netloom_wire::{self as wire, Group};

use super::event::Event;
use super::objects::Objects;
use crate::error::Error;

/// A kind of state that a table can be kept of: how it is dumped, what its events mean, and what goes without an event.
///
/// Links, addresses, routes, neighbours and rules are in [`rtnetlink::watched`](crate::rtnetlink::watched). Another
/// family's takes a few lines:
///
/// ```
/// use netloom::client::{Event, News, Objects, Watchable};
/// use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, List, Msg, Said};
/// use netloom::wire::Group;
///
/// struct Messages;
///
/// impl Watchable for Messages {
///     type Op = List;
///     type Object = Msg;
///     type Key = Option<u32>;
///     type Part = ();
///
///     fn op(&self) -> List { List }
///     fn groups(&self) -> Vec<Group> { vec![DOC_EXMPL_GRP] }
///     fn parts(&self) -> Vec<()> { vec![()] }
///     fn request(&self, _: &()) {}
///     fn keep(&self, msg: Msg) -> Option<Msg> { Some(msg) }
///     fn key(&self, msg: &Msg) -> Option<u32> { msg.index }
///     fn hear(&mut self, event: &Event, _: &Objects<Self>, news: &mut Vec<News<Self>>) {
///         news.extend(event.get(Said).map(News::There));
///     }
/// }
/// ```
pub trait Watchable: Sized {
    /// The op that dumps the objects.
    type Op: wire::Dump;
    /// An object as it is kept: what was dumped, or as much of it as is wanted.
    type Object: Debug + PartialEq;
    /// By what an object is found. Where several may have the same one, [`Watchable::is`] tells them apart.
    type Key: Ord + Clone + Debug;
    /// A part of the state that can be asked for alone; `()` where all is asked for at once.
    type Part: Clone + Debug + PartialEq;

    /// What is waited out before a dump: see [`Fence`].
    const FENCE: Fence = Fence::None;
    /// Whether there may be several that are the same in all.
    const REPEATS: bool = false;
    /// Whether the kernel side marks dumps that are torn (`NLM_F_DUMP_INTR`), so that what says nothing is whole. If not,
    /// [`Watchable::tears`] is asked.
    const MARKED: bool = true;

    /// The op itself.
    fn op(&self) -> Self::Op;

    /// The groups whose events keep it true, all of one protocol.
    fn groups(&self) -> Vec<Group>;

    /// The parts that are all of the state, dumped one after the other.
    fn parts(&self) -> Vec<Self::Part>;

    /// What a part is asked for by.
    fn request(&self, part: &Self::Part) -> <Self::Op as wire::Dump>::Request;

    /// Whether an object belongs to a part: objects that do, and that its dump does not have, are gone.
    fn covers(&self, part: &Self::Part, object: &Self::Object) -> bool {
        let _ = (part, object);
        true
    }

    /// What it means that a part's dump was refused: no such interface, no such table.
    fn refused(&self, part: &Self::Part, error: &Error) -> Refused<Self::Part> {
        let _ = (part, error);
        Refused::Failed
    }

    /// What is kept of an object; `None` if nothing is. What changes without a word (counters, ages) should not be: no
    /// event could keep it true.
    fn keep(&self, object: <Self::Op as wire::Dump>::Reply) -> Option<Self::Object>;

    /// The object's key.
    fn key(&self, object: &Self::Object) -> Self::Key;

    /// Whether two objects of the same key are the same one, at different times.
    fn is(&self, known: &Self::Object, other: &Self::Object) -> bool {
        let _ = (known, other);
        true
    }

    /// Whether nothing has changed of an object; what is known stays then.
    fn is_unchanged(&self, known: &Self::Object, now: &Self::Object) -> bool {
        known == now
    }

    /// Whether what an event tells may have torn a dump of a part that came in several datagrams, so that it missed objects, or has
    /// some twice; asked unless such dumps are [marked](Watchable::MARKED). The dump paused behind the objects of these keys.
    fn tears(&self, part: &Self::Part, pauses: &[Self::Key], event: &Event) -> bool {
        let _ = (part, pauses, event);
        true
    }

    /// What an event means. Events may be older than what is known.
    fn hear(&mut self, event: &Event, known: &Objects<Self>, news: &mut Vec<News<Self>>);

    /// What to dump because of the parts that are to be [looked](News::Look) at again, each once. All that was told before
    /// they were asked for has been heard: what is true of them by now takes no dump.
    fn plan(&mut self, parts: Vec<Self::Part>, known: &Objects<Self>, news: &mut Vec<News<Self>>) -> Vec<Self::Part> {
        let _ = (known, news);
        parts
    }

    /// Events were lost: what was gathered of them holds no more.
    fn forget(&mut self) {}
}

/// What a refused dump of a part means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused<P> {
    /// There is nothing of the part.
    Empty,
    /// This part is to be dumped in its place.
    Instead(P),
    /// It is an error.
    Failed,
}

/// What an event means for a table.
#[derive(Debug)]
#[non_exhaustive]
pub enum News<W: Watchable> {
    /// The object is there: it is new, or takes the place of the one that it [is](Watchable::is).
    There(W::Object),
    /// It takes the place of this one.
    Instead(Arc<W::Object>, W::Object),
    /// The object that this one [is](Watchable::is) is gone.
    Gone(W::Object),
    /// This very one is gone.
    Lost(Arc<W::Object>),
    /// Something of this part may have changed without a word.
    Look(W::Part),
}

/// What a kernel side may still be doing when it tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fence {
    /// What is told has been done.
    None,
    /// Linux tells of links and addresses before it removes what hung on them, but in one holding of its rtnl lock: a
    /// request that takes that lock is answered when it is done.
    // net/core/dev.c: __dev_notify_flags; net/ipv4/devinet.c: __inet_del_ifa
    #[cfg(feature = "rtnetlink")]
    Rtnl,
}

/// What happens to a table.
#[derive(Debug)]
#[non_exhaustive]
pub enum Change<T> {
    /// An object that the table did not have.
    Added(Arc<T>),
    /// An object that the table had.
    Changed {
        /// As it was.
        old: Arc<T>,
        /// As it is.
        new: Arc<T>,
    },
    /// An object that is gone.
    Removed(Arc<T>),
    /// The table has all there is: from now on it follows what happens.
    Synced,
    /// Events were lost, for this reason ([overrun](Error::is_overrun), [truncated](Error::is_truncated)), or what is dumped
    /// keeps changing ([torn](Error::is_interrupted)): all is dumped anew, what differs is told, then [`Change::Synced`].
    Lost(Error),
}

impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Added(object) => Self::Added(object.clone()),
            Self::Changed { old, new } => Self::Changed { old: old.clone(), new: new.clone() },
            Self::Removed(object) => Self::Removed(object.clone()),
            Self::Synced => Self::Synced,
            Self::Lost(why) => Self::Lost(why.clone()),
        }
    }
}
