//! Why a command failed.

use std::{fmt, io};

/// What went wrong, in words for the person at the keyboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    text: String,
    errno: Option<i32>,
}

impl Error {
    /// An error with these words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), errno: None }
    }

    /// An error of the system, by its number.
    pub fn os(errno: i32) -> Self {
        io::Error::from_raw_os_error(errno).into()
    }

    /// The system's number, if the error came from there.
    pub fn errno(&self) -> Option<i32> {
        self.errno
    }

    /// The same error, told as a part of something that was tried.
    #[must_use]
    pub fn within(mut self, what: &str) -> Self {
        self.text = format!("{what}: {}", self.text);
        self
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        let mut text = error.to_string();
        // The library adds the number, strerror(3) does not.
        if let Some(at) = text.rfind(" (os error ") {
            text.truncate(at);
        }
        Self { text, errno: error.raw_os_error() }
    }
}

/// Of a kernel side: what it refuses reads as strerror(3) has it, followed by the attribute and the reason if it gives
/// them, which is never for what `wg` asks of Linux.
impl From<netloom::Error> for Error {
    fn from(error: netloom::Error) -> Self {
        let errno = error.errno().map(|errno| errno.0);
        let mut told = match errno {
            // As `wg` says it where the kernel has no WireGuard.
            _ if error.is_unknown_family() => Self::os(libc::EPROTONOSUPPORT),
            Some(errno) if error.is_refused() => Self::os(errno),
            _ => Self { text: error.to_string(), errno },
        };
        for reason in [error.path(), error.message()].into_iter().flatten() {
            told.text = format!("{}: {reason}", told.text);
        }
        told
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_read_as_strerror_has_them() {
        let error = Error::os(libc::ENODEV).within("Unable to access interface");
        assert_eq!(error.to_string(), "Unable to access interface: No such device");
        assert_eq!(error.errno(), Some(libc::ENODEV));
    }
}
