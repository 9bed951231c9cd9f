//! Why a verb ends early.

use std::fmt;
use std::io::{self, Write};

/// What went wrong, as it is told on standard error; the status is 1, but 2 for mistakes on the command line.
#[derive(Debug)]
pub enum Failure {
    /// This.
    Said(String),
    /// The command line says something that cannot be meant.
    Usage(String),
    /// Nobody reads standard output any more (`| head`): no failure at all, and nothing is told.
    ReaderGone,
}

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl fmt::Display) -> Self {
        Self::Said(text.to_string())
    }
}

impl From<netloom::Error> for Failure {
    fn from(error: netloom::Error) -> Self {
        Self::new(error)
    }
}

impl From<netloom_dynamic::Error> for Failure {
    fn from(error: netloom_dynamic::Error) -> Self {
        Self::new(error)
    }
}

/// `wg` tells in its own way why it failed.
impl From<Failure> for crate::wg::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Said(text) | Failure::Usage(text) => Self::new(text),
            Failure::ReaderGone => io::Error::from(io::ErrorKind::BrokenPipe).into(),
        }
    }
}

/// Writes a line on standard error, in which no text of a kernel side speaks to the terminal. If nobody reads it, nobody
/// is told.
pub fn tell(line: impl fmt::Display) {
    let mut plain = String::new();
    for c in line.to_string().chars() {
        if c.is_control() && c != '\n' { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    let _ = writeln!(io::stderr().lock(), "{plain}");
}

/// Of writing results: that is all that verbs do with streams.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::new(format_args!("standard output: {error}")),
        }
    }
}
