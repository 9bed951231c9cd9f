//! One of each protocol, made when it is asked for.

use std::sync::{Mutex, OnceLock, PoisonError};

use netloom_wire::{Errno, Protocol};

use crate::{Error, Result};

/// One of each protocol that was asked for.
pub(super) struct ByProtocol<T> {
    made: [OnceLock<T>; Protocol::COUNT],
    /// Held while one is made, so that nobody makes it twice.
    making: Mutex<()>,
}

impl<T> ByProtocol<T> {
    pub(super) const fn new() -> Self {
        Self { made: [const { OnceLock::new() }; Protocol::COUNT], making: Mutex::new(()) }
    }

    /// The one of this protocol, made if there is none yet. EPROTONOSUPPORT where no kernel has such a protocol.
    #[inline]
    pub(super) fn of(&self, protocol: Protocol, make: impl FnOnce() -> Result<T>) -> Result<&T> {
        match self.made.get(usize::from(protocol.number())).and_then(OnceLock::get) {
            Some(made) => Ok(made),
            None => self.make(protocol, make),
        }
    }

    #[cold]
    fn make(&self, protocol: Protocol, make: impl FnOnce() -> Result<T>) -> Result<&T> {
        let place = self.made.get(usize::from(protocol.number()));
        let place = place.ok_or_else(|| Error::system("socket", Errno::EPROTONOSUPPORT))?;
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        match place.get() {
            Some(made) => Ok(made),
            None => {
                let made = make()?;
                Ok(place.get_or_init(|| made))
            }
        }
    }
}
