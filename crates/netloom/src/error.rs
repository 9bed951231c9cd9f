//! What can go wrong, as one type.

use std::fmt;

use netloom_wire::Errno;

/// The result of whatever can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something failed.
///
/// Opaque: ask the predicates, or print it.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    action: &'static str,
    errno: Errno,
}

impl Error {
    /// A system call failed: `action` is what was tried.
    pub(crate) fn system(action: &'static str, errno: Errno) -> Self {
        Self(Box::new(Inner { action, errno }))
    }

    /// The errno behind it, whoever gave it: the kernel side in its answer, or a system call.
    pub fn errno(&self) -> Option<Errno> {
        Some(self.0.errno)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.action, self.0.errno)
    }
}
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}
impl std::error::Error for Error {}
