//! Messages that answer nothing: counted, and kept for who asks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, Weak};

use netloom_wire::{Malformed, Protocol, RawMessage};

use super::event::Event;
use super::exchange::{Exchange, Expect, Reason, Step, Stray};
use super::hooks::Ears;
use crate::Result;
use crate::error::{Cause, Error};
use crate::socket::{Received, Wake};

/// How many messages reached a connection's sockets that answered nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StrayCount {
    /// From another sender than the kernel: ignored.
    pub forged: u64,
    /// Events, and what the kernel side said first: kept for [`Connection::unsolicited`](super::Connection::unsolicited).
    pub unsolicited: u64,
    /// Answers that came after their request had been given up: ignored.
    pub stale: u64,
    /// Of a sequence that was never used: ignored.
    pub unknown: u64,
    /// Times that a receive queue was full, or that unsolicited messages were more than are kept.
    pub overruns: u64,
}

impl StrayCount {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            forged: self.forged.saturating_add(other.forged),
            unsolicited: self.unsolicited.saturating_add(other.unsolicited),
            stale: self.stale.saturating_add(other.stale),
            unknown: self.unknown.saturating_add(other.unknown),
            overruns: self.overruns.saturating_add(other.overruns),
        }
    }
}

/// Who is told that something was kept.
pub(crate) trait Told: Send + Sync {
    /// Something was kept.
    fn tell(&self);
}

impl Told for Wake {
    fn tell(&self) {
        self.pull();
    }
}

/// The strays of one call socket.
pub(crate) struct Strays {
    protocol: Protocol,
    forged: AtomicU64,
    unsolicited: AtomicU64,
    stale: AtomicU64,
    unknown: AtomicU64,
    overruns: AtomicU64,
    kept: Mutex<VecDeque<Result<Event>>>,
    /// Of those who wait for what is kept.
    wakes: Mutex<Vec<Weak<dyn Told>>>,
}

impl Strays {
    /// Unsolicited messages kept until somebody reads them.
    const KEPT: usize = 1024;

    pub(crate) fn new(protocol: Protocol) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            protocol,
            forged: zero(),
            unsolicited: zero(),
            stale: zero(),
            unknown: zero(),
            overruns: zero(),
            kept: Mutex::default(),
            wakes: Mutex::default(),
        }
    }

    /// Tells `whom` whenever something is kept, as long as it lives.
    pub(crate) fn tell(&self, whom: Weak<dyn Told>) {
        let mut wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        wakes.retain(|wake| wake.strong_count() > 0);
        wakes.push(whom);
    }

    fn pull(&self) {
        let wakes = self.wakes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wakes.iter().filter_map(Weak::upgrade).for_each(|wake| wake.tell());
    }

    pub(crate) fn take(&self, stray: &Stray<'_>, received: &Received) {
        let counter = match stray.reason {
            Reason::Sender => &self.forged,
            Reason::Unsolicited => {
                self.keep(Ok(Event::new(self.protocol, &stray.message, stray.source, received)));
                &self.unsolicited
            }
            Reason::Stale => &self.stale,
            Reason::Sequence => &self.unknown,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a message that came to this port, whose last request had this sequence, when nobody waited for it.
    pub(crate) fn hear(
        &self,
        (port, seq): (u32, u32),
        message: std::result::Result<RawMessage<'_>, Malformed>,
        received: &Received,
        ears: Option<&Ears<'_>>,
    ) -> Result<()> {
        let mut exchange = Exchange::new(port, seq, Expect::Nothing);
        let step = match ears {
            Some(ears) => ears.step(&mut exchange, message, received.source),
            None => exchange.step(message, received.source),
        };
        match step {
            Some(Step::Stray(stray)) => self.take(&stray, received),
            Some(Step::Malformed(malformed)) => self.malformed(malformed),
            Some(Step::Stopped) => return Err(Error::new("", Cause::Stopped)),
            Some(_) => self.late(),
            None => {}
        }
        Ok(())
    }

    /// The kernel side sent what is no message.
    pub(crate) fn malformed(&self, malformed: Malformed) {
        self.keep(Err(Error::new("", Cause::Malformed(malformed))));
    }

    /// An answer that nobody waits for any more.
    pub(crate) fn late(&self) {
        self.stale.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn overrun(&self) {
        self.overruns.fetch_add(1, Ordering::Relaxed);
        self.keep(Err(Error::new("", Cause::Overrun)));
    }

    pub(crate) fn count(&self) -> StrayCount {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StrayCount {
            forged: read(&self.forged),
            unsolicited: read(&self.unsolicited),
            stale: read(&self.stale),
            unknown: read(&self.unknown),
            overruns: read(&self.overruns),
        }
    }

    /// The oldest message kept.
    pub(crate) fn next(&self) -> Option<Result<Event>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn keep(&self, item: Result<Event>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::KEPT {
            kept.push_back(item);
        } else if kept.back().is_some_and(Result::is_ok) {
            // The reader is told once that there was more.
            self.overruns.fetch_add(1, Ordering::Relaxed);
            kept.push_back(Err(Error::new("", Cause::Overrun)));
        }
        drop(kept);
        self.pull();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Address;
    use netloom_wire::Header;

    #[test]
    fn what_nobody_reads_is_bounded_and_its_loss_told() {
        let strays = Strays::new(Protocol::GENERIC);
        let message = RawMessage { header: Header::default(), payload: &[], bytes: &[0; 16] };
        let stray = Stray { reason: Reason::Unsolicited, source: Address::KERNEL, message };
        for _ in 0..5_000 {
            strays.take(&stray, &Received::default());
        }
        let kept: Vec<_> = std::iter::from_fn(|| strays.next()).collect();
        let (last, rest) = kept.split_last().unwrap();
        assert!(last.as_ref().is_err_and(Error::is_overrun));
        assert!(rest.len() == Strays::KEPT && rest.iter().all(Result::is_ok));
        assert_eq!((strays.count().unsolicited, strays.count().overruns), (5_000, 1));
        strays.take(&stray, &Received::default());
        assert!(strays.next().unwrap().is_ok(), "room again");
    }
}
