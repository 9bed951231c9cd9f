//! Faults on demand: what a client must survive, switched on one at a time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netloom_wire::{Errno, Flags, Header, MessageType, align, messages};

use super::Kernel;
use crate::socket::Address;

/// Makes a kernel side misbehave, each switch for the next occasion; see [`Kernel::faults`].
///
/// ```
/// use netloom::kernel::Kernel;
/// let kernel = Kernel::new();
/// kernel.faults().interrupt_next_dump();
/// // The second datagram from now on that answers anything finds its reader's queue full:
/// kernel.faults().after(1).overrun_answers(1);
/// assert!(kernel.faults().is_any_pending());
/// ```
pub struct Faults<'k> {
    kernel: &'k Kernel,
    /// Occasions that pass before one strikes.
    after: u32,
}

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
    tear: Due,
    busy: Due,
    overrun: Due,
    overrun_answers: Due,
    lose: Due,
    truncate: Due,
    stray: Due,
    forge: Due,
    insert: Vec<(Due, MessageType, Flags)>,
    garble: Due,
    delay: Option<Duration>,
    stall: bool,
    refuse: Vec<(Due, String, u16, Errno)>,
}

/// How often something is to happen, and how often it is not before that.
#[derive(Clone, Copy, Default)]
struct Due {
    after: u32,
    count: u32,
}

impl Due {
    /// An occasion: whether it happens now.
    fn take(&mut self) -> bool {
        let due = self.count > 0 && self.after == 0;
        if due {
            self.count = self.count.saturating_sub(1);
        } else {
            self.pass();
        }
        due
    }

    /// An occasion that something else takes.
    fn pass(&mut self) {
        self.after = self.after.saturating_sub(1);
    }
}

impl<'k> Faults<'k> {
    pub(super) fn of(kernel: &'k Kernel) -> Self {
        Self { kernel, after: 0 }
    }

    fn set(&self, change: impl FnOnce(&mut FaultState)) -> &Self {
        let switches = &self.kernel.engine().faults;
        change(&mut switches.state());
        switches.any.store(true, Ordering::Relaxed);
        self
    }

    fn due(&self, count: u32) -> Due {
        Due { after: self.after, count }
    }

    /// What is switched on by what this returns lets so many of its occasions pass before it strikes: so a fault can be put at
    /// each point of a conversation.
    pub fn after(&self, occasions: u32) -> Self {
        Self { after: occasions, ..*self }
    }

    /// Whether a fault that strikes a number of times has not done so yet.
    pub fn is_any_pending(&self) -> bool {
        self.kernel.engine().faults.state().is_any_pending()
    }

    /// The next dump is torn: its first message says so.
    #[doc(alias = "NLM_F_DUMP_INTR")]
    pub fn interrupt_next_dump(&self) -> &Self {
        self.interrupt_dumps(1)
    }

    /// The next `count` dumps are torn.
    pub fn interrupt_dumps(&self, count: u32) -> &Self {
        self.set(|faults| faults.tear = self.due(count))
    }

    /// The next dump is refused with EBUSY, as if another ran on its socket.
    pub fn busy_next_dump(&self) -> &Self {
        self.set(|faults| faults.busy = self.due(1))
    }

    /// The next event finds no room with any of its readers: each hears ENOBUFS.
    pub fn overrun(&self) -> &Self {
        self.set(|faults| faults.overrun = self.due(1))
    }

    /// The next datagram that is read is cut in half, and marked so.
    pub fn truncate(&self) -> &Self {
        self.set(|faults| faults.truncate = self.due(1))
    }

    /// The next `count` datagrams that answer something find no room with their reader, who hears ENOBUFS: replies and
    /// acknowledgements each are one, and so is what a dump writes at a time.
    #[doc(alias = "netlink_overrun")]
    pub fn overrun_answers(&self, count: u32) -> &Self {
        self.set(|faults| faults.overrun_answers = self.due(count))
    }

    /// The next `count` datagrams to a single port are lost: replies and acknowledgements each count as one, and so does what
    /// a dump writes at a time. Who waits for them must give up by itself.
    pub fn lose_answers(&self, count: u32) -> &Self {
        self.set(|faults| faults.lose = self.due(count))
    }

    /// In front of the next answer comes a copy of it with another sequence number.
    pub fn stray(&self) -> &Self {
        self.set(|faults| faults.stray = self.due(1))
    }

    /// In front of the next answer comes a copy of it whose sender is another port.
    pub fn forged_sender(&self) -> &Self {
        self.set(|faults| faults.forge = self.due(1))
    }

    /// In front of the next answer comes a message of this kind, with these flags, the answer's sequence and port, and no
    /// payload: a no-op, a lost-data notice, something that wants an acknowledgement.
    pub fn insert(&self, kind: MessageType, flags: Flags) -> &Self {
        self.set(|faults| faults.insert.push((self.due(1), kind, flags)))
    }

    /// In front of the next answer comes a datagram that is no message.
    pub fn garble(&self) -> &Self {
        self.set(|faults| faults.garble = self.due(1))
    }

    /// Every request waits this long before it is handled; `Duration::ZERO` ends that.
    pub fn delay(&self, time: Duration) -> &Self {
        self.set(|faults| faults.delay = (!time.is_zero()).then_some(time))
    }

    /// The next request of this op (by its number, in the family of this name) is refused with `errno`.
    pub fn nack(&self, family: &str, op: u16, errno: Errno) -> &Self {
        self.set(|faults| faults.refuse.push((self.due(1), family.to_owned(), op, errno)))
    }

    /// What notifiers leave to be sent stays where it is, until there is no room for more; `false` ends that.
    pub fn stall_notifiers(&self, on: bool) -> &Self {
        self.set(|faults| faults.stall = on);
        self.kernel.drain();
        self
    }

    /// Switches everything off.
    pub fn clear(&self) -> &Self {
        self.set(|faults| *faults = FaultState::default());
        self.kernel.engine().faults.any.store(false, Ordering::Relaxed);
        self.kernel.drain();
        self
    }
}

impl FaultState {
    fn is_any_pending(&self) -> bool {
        let Self { tear, busy, overrun, overrun_answers, lose, truncate, stray, forge, garble, .. } = self;
        let all = [tear, busy, overrun, overrun_answers, lose, truncate, stray, forge, garble];
        let inserted = self.insert.iter().map(|(due, ..)| due);
        let refused = self.refuse.iter().map(|(due, ..)| due);
        all.into_iter().chain(inserted).chain(refused).any(|due| due.count > 0)
    }

    pub(super) fn tears_dump(&mut self) -> bool {
        self.tear.take()
    }
    pub(super) fn busies_dump(&mut self) -> bool {
        self.busy.take()
    }
    pub(super) fn overruns_event(&mut self) -> bool {
        self.overrun.take()
    }
    pub(super) fn overruns_answer(&mut self) -> bool {
        self.overrun_answers.take()
    }
    pub(super) fn loses_reply(&mut self) -> bool {
        self.lose.take()
    }
    pub(super) fn truncates(&mut self) -> bool {
        self.truncate.take()
    }
    pub(super) fn stalls(&self) -> bool {
        self.stall
    }
    pub(super) fn delays(&self) -> Option<Duration> {
        self.delay
    }

    pub(super) fn refuses(&mut self, family: &str, op: u16) -> Option<Errno> {
        let mut refused = None;
        self.refuse.retain_mut(|(due, of, number, errno)| {
            if of != family || *number != op {
                return true;
            }
            // One at a time: who is due, too, waits, but the occasion counts.
            if refused.is_some() {
                due.pass();
            } else if due.take() {
                refused = Some(*errno);
                return false;
            }
            true
        });
        refused
    }

    /// What comes in front of an answer, with the address it pretends to be from.
    pub(super) fn before_reply(&mut self, bytes: &[u8]) -> Vec<(Vec<u8>, Address)> {
        let mut extra = Vec::new();
        if self.stray.take() {
            let mut copy = Vec::new();
            for message in messages(bytes).flatten() {
                let seq = message.header.seq.wrapping_add(1_000_003);
                copy.extend_from_slice(&Header { seq, ..message.header }.to_bytes());
                copy.extend_from_slice(message.payload);
                copy.resize(align(copy.len()), 0);
            }
            extra.push((copy, Address::KERNEL));
        }
        self.insert.retain_mut(|(due, kind, flags)| {
            let now = due.take();
            if now {
                let header = Header { len: 16, kind: *kind, flags: *flags, ..Header::read(bytes).unwrap_or_default() };
                extra.push((header.to_bytes().to_vec(), Address::KERNEL));
            }
            !now
        });
        if self.garble.take() {
            extra.push((vec![0xff; 20], Address::KERNEL));
        }
        if self.forge.take() {
            extra.push((bytes.to_vec(), Address::port(0x7fff_0001)));
        }
        extra
    }
}
