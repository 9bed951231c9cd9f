//! A datagram that was sent to the kernel side.

use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};

/// The bytes of a datagram, kept while any of its requests is worked on; overwritten then if one of them said that it
/// holds secrets.
pub(super) struct Incoming {
    bytes: Vec<u8>,
    secret: AtomicBool,
}

impl Incoming {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), secret: AtomicBool::new(false) }
    }

    /// Has the bytes overwritten when nobody needs them any more.
    pub(super) fn wipe_later(&self) {
        self.secret.store(true, Ordering::Relaxed);
    }

    fn wipe(&mut self) {
        if *self.secret.get_mut() {
            self.bytes.fill(0);
            // Somebody might look: without that the compiler may leave out what is written right before memory is freed.
            std::hint::black_box(&self.bytes);
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

impl Deref for Incoming {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.wipe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_overwritten_and_nothing_else() {
        let mut incoming = Incoming::new(b"key");
        incoming.wipe();
        assert_eq!(&*incoming, b"key");
        incoming.wipe_later();
        assert_eq!(&*incoming, b"key", "not before it is over");
        incoming.wipe();
        assert_eq!(&*incoming, [0; 3]);
    }
}
