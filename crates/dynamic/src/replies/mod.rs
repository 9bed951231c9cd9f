//! Answers that are written down: a family that has a spec and no code.
//!
//! A file, in YAML or JSON, tells for each op of a family what requests are answered with, in the JSON of the spec:
//!
//! ```yaml
//! family: doc_exmpl             # its spec; the only one that is given, if this is left out
//! ops:
//!   say:
//!     - request: {msg: hello}   # requests that have at least this; any, if this is left out
//!       reply: {msg: Hello!}    # of a do; a list of objects is as many messages
//!       events:                 # sent before it
//!         - {event: said, body: {msg: hello}}
//!     - request: {msg: busy}
//!       error: EBUSY            # a name or a number
//!       message: try again      # what the ext-ack says
//!       times: 2                # for so many requests; then the next that fits answers
//!     - reply: {}
//!   list:
//!     - dump: [{msg: one, index: 0}, {msg: two, index: 1}]
//! events:                       # sent all the time
//!   - {every-ms: 1000, event: said, body: {msg: tick}}
//! ```
//!
//! The first answer of an op that fits is taken: `reply` fits a do, `dump` a dump, `error` alone both, and neither of them is
//! a do that succeeds without a reply. A `dump` with an `error` ends in it.

mod pattern;
mod read;

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use netloom_wire::{Errno, OpInfo};
use serde_json::Value;

use crate::{Error, Families, Family, Options};
use pattern::Pattern;

/// The answers of a family; see [the module](self) for the file that they are read from.
///
/// ```
/// use netloom_dynamic::Families;
/// use netloom_dynamic::replies::{Given, Replies};
///
/// let families = Families::new(netloom_families::FAMILIES.iter().copied());
/// let replies = Replies::parse("r.yaml", "{family: doc_exmpl, ops: {say: {reply: {msg: hi}}}}", &families, None)?;
/// let say = replies.family().info.op("say").unwrap();
/// let answer = replies.answer(say, false, &[]).unwrap();
/// assert!(matches!(&answer.given, Given::Replies(bodies) if bodies[0] == [7, 0, 1, 0, b'h', b'i', 0, 0]));
///
/// let text = "ops:\n  say:\n    - reply: {mgs: hi}";
/// let wrong = Replies::parse("r.yaml", text, &families, Some("doc_exmpl")).unwrap_err();
/// assert_eq!(wrong.to_string(), "r.yaml:3:15: mgs: unknown attribute of msg (did you mean \"msg\"?)");
/// # Ok::<(), netloom_dynamic::Error>(())
/// ```
#[derive(Debug)]
pub struct Replies {
    family: &'static Family,
    ops: Vec<Answers>,
    periodic: Vec<Periodic>,
}

/// The answers of an op, in order.
#[derive(Debug)]
struct Answers {
    op: &'static OpInfo,
    answers: Vec<Answer>,
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    request: Option<Pattern>,
    left: Option<AtomicU32>,
    /// What the requester is given.
    pub given: Given,
    /// The events that are sent first.
    pub events: Vec<Event>,
}

/// What a requester is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Replies to a do, each as what stands behind the (generic) netlink header; none is a success alone.
    Replies(Vec<Vec<u8>>),
    /// The objects of a dump, alike, and with what it ends if not well.
    Dump(Vec<Vec<u8>>, Option<Refused>),
    /// An error, to a do or a dump.
    Refused(Refused),
}

/// An error, and what is said with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The errno.
    pub errno: Errno,
    /// The text of the ext-ack.
    pub message: Option<String>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The position of its group among the family's.
    pub group: usize,
    /// Its number.
    pub number: u16,
    /// What stands behind the (generic) netlink header.
    pub body: Vec<u8>,
}

/// An event that is sent all the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periodic {
    /// The time between two of it.
    pub every: Duration,
    /// The event.
    pub event: Event,
}

impl Replies {
    /// Reads a file's text. `file` is what errors call it, `family` the one that is meant if the file names none. Errors say
    /// where in the file, and what would be right.
    pub fn parse(file: &str, text: &str, families: &Families, family: Option<&str>) -> Result<Self, Error> {
        read::replies(file, text, families, family)
    }

    /// Whose they are.
    pub fn family(&self) -> &'static Family {
        self.family
    }

    /// What a request is answered with, whose body stands behind the (generic) netlink header; counts where it is for so many
    /// requests. `None` if nothing in the file fits.
    pub fn answer(&self, op: &OpInfo, is_dump: bool, body: &[u8]) -> Option<&Answer> {
        let answers = &self.ops.iter().find(|answers| answers.op.name == op.name)?.answers;
        let request = self.request(op, is_dump, body);
        answers.iter().find(|answer| {
            let fits = match answer.given {
                Given::Replies(_) => !is_dump,
                Given::Dump(..) => is_dump,
                Given::Refused(_) => true,
            };
            fits && answer.request.as_ref().is_none_or(|pattern| pattern.fits(&request)) && answer.take()
        })
    }

    /// A request as a line for people, secrets hidden.
    pub fn line(&self, op: &OpInfo, is_dump: bool, body: &[u8]) -> String {
        let mode = if is_dump { op.dump } else { op.doit };
        let request = mode.map(|mode| self.family.request(op, &mode).decode(body, &Options::default()));
        let verb = if is_dump { "dump" } else { "do" };
        format!("{verb} {} {}: {}", self.family.info.name, op.name, request.unwrap_or_default())
    }

    /// The events that are sent all the time.
    pub fn periodic(&self) -> &[Periodic] {
        &self.periodic
    }

    fn request(&self, op: &OpInfo, is_dump: bool, body: &[u8]) -> Value {
        let mode = if is_dump { op.dump } else { op.doit };
        let request = mode.map(|mode| self.family.request(op, &mode).decode(body, &Options::default().secrets(true)));
        request.unwrap_or_default()
    }
}

impl Answer {
    fn take(&self) -> bool {
        let Some(left) = &self.left else { return true };
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.errno)?;
        self.message.as_ref().map_or(Ok(()), |message| write!(f, ": {message}"))
    }
}
