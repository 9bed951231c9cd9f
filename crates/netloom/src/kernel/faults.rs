//! Faults on demand: what a client must survive, switched on one at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netloom_wire::{Errno, Flags, Header, MessageType};

use super::Kernel;
use crate::socket::Address;

/// Makes a kernel side misbehave, each switch for the next occasion; see [`Kernel::faults`].
///
/// ```
/// use netloom::kernel::Kernel;
/// let kernel = Kernel::new();
/// kernel.faults().interrupt_next_dump();
/// ```
pub struct Faults<'k>(&'k Kernel);

/// The switches, as the engine keeps them.
#[derive(Default)]
pub(super) struct Switches {
    /// Whether any was touched since all were off: what each request reads.
    any: AtomicBool,
    state: Mutex<FaultState>,
}

impl Switches {
    /// The faults, if there may be any.
    #[inline]
    pub(super) fn on(&self) -> Option<MutexGuard<'_, FaultState>> {
        if self.any.load(Ordering::Relaxed) { Some(self.state()) } else { None }
    }

    fn state(&self) -> MutexGuard<'_, FaultState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The faults that are to happen.
#[derive(Default)]
pub(super) struct FaultState {
    tear: u32,
    busy: u32,
    overrun: u32,
    lose: u32,
    truncate: u32,
    stray: u32,
    forge: u32,
    insert: Vec<(MessageType, Flags)>,
    garble: u32,
    delay: Option<Duration>,
    stall: bool,
    refuse: Vec<(String, u16, Errno)>,
}

impl<'k> Faults<'k> {
    pub(super) fn of(kernel: &'k Kernel) -> Self {
        Self(kernel)
    }

    fn set(&self, change: impl FnOnce(&mut FaultState)) -> &Self {
        let switches = &self.0.engine().faults;
        change(&mut switches.state());
        switches.any.store(true, Ordering::Relaxed);
        self
    }

    /// The next dump is torn: its first message says so.
    #[doc(alias = "NLM_F_DUMP_INTR")]
    pub fn interrupt_next_dump(&self) -> &Self {
        self.interrupt_dumps(1)
    }

    /// The next `count` dumps are torn.
    pub fn interrupt_dumps(&self, count: u32) -> &Self {
        self.set(|faults| faults.tear = count)
    }

    /// The next dump is refused with EBUSY, as if another ran on its socket.
    pub fn busy_next_dump(&self) -> &Self {
        self.set(|faults| faults.busy = 1)
    }

    /// The next event finds no room with any of its readers: each hears ENOBUFS.
    pub fn overrun(&self) -> &Self {
        self.set(|faults| faults.overrun = 1)
    }

    /// The next datagram that is read is cut in half, and marked so.
    pub fn truncate(&self) -> &Self {
        self.set(|faults| faults.truncate = 1)
    }

    /// The next `count` messages to a single port are lost: replies and acknowledgements each count as one. Who waits for
    /// them must give up by itself.
    pub fn lose_answers(&self, count: u32) -> &Self {
        self.set(|faults| faults.lose = count)
    }

    /// In front of the next answer comes a copy of it with another sequence number.
    pub fn stray(&self) -> &Self {
        self.set(|faults| faults.stray = 1)
    }

    /// In front of the next answer comes a copy of it whose sender is another port.
    pub fn forged_sender(&self) -> &Self {
        self.set(|faults| faults.forge = 1)
    }

    /// In front of the next answer comes a message of this kind, with these flags, the answer's sequence and port, and no
    /// payload: a no-op, a lost-data notice, something that wants an acknowledgement.
    pub fn insert(&self, kind: MessageType, flags: Flags) -> &Self {
        self.set(|faults| faults.insert.push((kind, flags)))
    }

    /// In front of the next answer comes a datagram that is no message.
    pub fn garble(&self) -> &Self {
        self.set(|faults| faults.garble = 1)
    }

    /// Every request waits this long before it is handled; `Duration::ZERO` ends that.
    pub fn delay(&self, time: Duration) -> &Self {
        self.set(|faults| faults.delay = (!time.is_zero()).then_some(time))
    }

    /// The next request of this op (by its number, in the family of this name) is refused with `errno`.
    pub fn nack(&self, family: &str, op: u16, errno: Errno) -> &Self {
        self.set(|faults| faults.refuse.push((family.to_owned(), op, errno)))
    }

    /// What notifiers leave to be sent stays where it is, until there is no room for more; `false` ends that.
    pub fn stall_notifiers(&self, on: bool) -> &Self {
        self.set(|faults| faults.stall = on);
        self.0.drain();
        self
    }

    /// Switches everything off.
    pub fn clear(&self) -> &Self {
        self.set(|faults| *faults = FaultState::default());
        self.0.engine().faults.any.store(false, Ordering::Relaxed);
        self.0.drain();
        self
    }
}

fn take(count: &mut u32) -> bool {
    let due = *count > 0;
    *count = count.saturating_sub(1);
    due
}

impl FaultState {
    pub(super) fn tears_dump(&mut self) -> bool {
        take(&mut self.tear)
    }
    pub(super) fn busies_dump(&mut self) -> bool {
        take(&mut self.busy)
    }
    pub(super) fn overruns_event(&mut self) -> bool {
        take(&mut self.overrun)
    }
    pub(super) fn loses_reply(&mut self) -> bool {
        take(&mut self.lose)
    }
    pub(super) fn truncates(&mut self) -> bool {
        take(&mut self.truncate)
    }
    pub(super) fn stalls(&self) -> bool {
        self.stall
    }
    pub(super) fn delays(&self) -> Option<Duration> {
        self.delay
    }

    pub(super) fn refuses(&mut self, family: &str, op: u16) -> Option<Errno> {
        let at = self.refuse.iter().position(|(name, number, _)| name == family && *number == op)?;
        Some(self.refuse.remove(at).2)
    }

    /// What comes in front of an answer, with the address it pretends to be from.
    pub(super) fn before_reply(&mut self, bytes: &[u8]) -> Vec<(Vec<u8>, Address)> {
        let mut extra = Vec::new();
        if take(&mut self.stray)
            && let Some(header) = Header::read(bytes)
        {
            let other = Header { seq: header.seq.wrapping_add(1_000_003), ..header };
            let mut copy = bytes.to_vec();
            copy.splice(..Header::LEN, other.to_bytes());
            extra.push((copy, Address::KERNEL));
        }
        for (kind, flags) in std::mem::take(&mut self.insert) {
            let answer = Header::read(bytes).unwrap_or_default();
            let header = Header { len: 16, kind, flags, ..answer };
            extra.push((header.to_bytes().to_vec(), Address::KERNEL));
        }
        if take(&mut self.garble) {
            extra.push((vec![0xff; 20], Address::KERNEL));
        }
        if take(&mut self.forge) {
            extra.push((bytes.to_vec(), Address::port(0x7fff_0001)));
        }
        extra
    }
}
