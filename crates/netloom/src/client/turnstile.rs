//! What one call at a time holds.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::hooks;
use crate::Result;
use crate::error::{Cause, Error};

/// What one call at a time holds, while others wait. A panic inside of a call leaves buffers and sequence numbers, which the
/// next one sets anew.
pub(super) struct Turnstile<T>(Mutex<T>);

impl<T> Turnstile<T> {
    pub(super) const fn new(held: T) -> Self {
        Self(Mutex::new(held))
    }

    /// What hooks know it by.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(&self.0) as usize
    }

    /// Waits until nobody else holds it.
    ///
    /// # Errors
    ///
    /// It is held by a call in which a hook runs that asks for it.
    #[inline]
    pub(super) fn hold(&self) -> Result<MutexGuard<'_, T>> {
        match self.try_hold() {
            Some(held) => Ok(held),
            None => self.wait(),
        }
    }

    /// Does not wait.
    #[inline]
    pub(super) fn try_hold(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(held) => Some(held),
            Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    #[cold]
    fn wait(&self) -> Result<MutexGuard<'_, T>> {
        if hooks::is_inside(self.id()) {
            let instead = "a hook runs inside of a call and cannot wait for another one on the same socket: use another \
                           connection, or call afterwards";
            return Err(Error::new("", Cause::Usage(instead)));
        }
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
