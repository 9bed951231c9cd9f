//! What came of a dump that was to be of one piece.

use std::fmt;

use crate::Result;
use crate::error::{Cause, Error};

/// What came of [`Dump::consistent`](super::Dump::consistent): all objects as they were at one moment, or what was read
/// though they kept changing.
///
/// ```
/// use netloom::Connection;
/// use netloom::client::Consistent;
/// use netloom::families::rt_link::{Getlink, Link};
/// let nl = Connection::open()?;
/// // Who needs it whole says so, and has an error otherwise:
/// let links = nl.dump(Getlink, &Link::new())?.consistent(5)?.whole()?;
/// assert!(!links.is_empty());
/// // Who can do with less looks at it:
/// match nl.dump(Getlink, &Link::new())?.consistent(5)? {
///     Consistent::Whole(links) => println!("{} links", links.len()),
///     Consistent::Torn(torn) => println!("about {} links: {torn}", torn.objects.len()),
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it may be torn: `whole` makes an error of that"]
pub enum Consistent<T> {
    /// All objects, of one piece.
    Whole(Vec<T>),
    /// Each attempt was torn.
    Torn(Torn<T>),
}

/// What the last attempt at a dump gave: objects may be missing, or come twice.
#[derive(Clone, Debug)]
pub struct Torn<T> {
    /// The objects, as they were told.
    pub objects: Vec<T>,
    /// How often it was asked for.
    pub attempts: u32,
    error: Error,
}

impl<T> Consistent<T> {
    /// The objects if they are of one piece.
    ///
    /// # Errors
    ///
    /// What [`Torn::error`] says.
    pub fn whole(self) -> Result<Vec<T>> {
        match self {
            Self::Whole(objects) => Ok(objects),
            Self::Torn(torn) => Err(torn.error),
        }
    }

    /// Whether each attempt was torn.
    pub const fn is_torn(&self) -> bool {
        matches!(self, Self::Torn(_))
    }
}

impl<T> Torn<T> {
    /// Why it is not whole: it [is interrupted](Error::is_interrupted), or messages of it were lost
    /// ([`is_overrun`](Error::is_overrun), [`is_truncated`](Error::is_truncated)).
    pub const fn error(&self) -> &Error {
        &self.error
    }
}

impl<T> fmt::Display for Torn<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
impl<T: fmt::Debug> std::error::Error for Torn<T> {}

impl<T> From<Torn<T>> for Error {
    fn from(torn: Torn<T>) -> Self {
        torn.error
    }
}

/// Attempts at a dump, as many as one may make.
pub(super) struct Attempts {
    made: u32,
    retries: u32,
}

impl Attempts {
    pub(super) const fn new(retries: u32) -> Self {
        Self { made: 0, retries }
    }

    /// One more came to this end, with these objects: what that is, or `None` where it is to be asked for again.
    pub(super) fn judge<T>(&mut self, objects: Vec<T>, end: Option<Error>) -> Result<Option<Consistent<T>>> {
        self.made = self.made.saturating_add(1);
        let error = match end {
            None => return Ok(Some(Consistent::Whole(objects))),
            Some(error) if error.is_interrupted() || error.is_overrun() || error.is_truncated() => error,
            Some(error) => return Err(error),
        };
        if self.made <= self.retries {
            return Ok(None);
        }
        let error = if error.is_interrupted() {
            Error::new(error.request().to_owned(), Cause::Interrupted(self.made))
        } else {
            error
        };
        Ok(Some(Consistent::Torn(Torn { objects, attempts: self.made, error })))
    }
}
