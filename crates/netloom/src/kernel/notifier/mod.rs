//! Events from any context: from a signal handler, or a thread that must not wait.

mod ring;

use std::fmt;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use netloom_wire::{Errno, Event, Flags, Full, Header, Message, MessageType, Notify, Protocol, Writer};

use self::ring::{ROOM, Ring};
use super::chunk::write_message;
use super::engine::{FamilyKey, Listed};
use super::speak::unasked;
use super::{Inner, Kernel, Nack, Registered};

/// Sends one kind of event to its group in the default network namespace, from any context; see [`Kernel::notifier`]. `B` is the event's body, `()` by
/// hand.
pub struct Notifier<B> {
    kernel: Kernel,
    family: Arc<Listed>,
    number: u16,
    group: u32,
    target: usize,
    body: PhantomData<fn(&B)>,
}

/// What all notifiers of a kernel side share.
pub(super) struct Shared {
    ring: Ring,
    /// Whether the thread that empties the ring sleeps, or is about to.
    asleep: AtomicBool,
    bell: PipeWriter,
    targets: Mutex<Vec<Target>>,
    /// Held by who empties the ring; the message that is taken out.
    draining: Mutex<Vec<u8>>,
}

/// Where a notifier's events go.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Target {
    /// Its group's number may be another family's once it is gone.
    family: FamilyKey,
    protocol: Protocol,
    group: u32,
}

impl Kernel {
    /// What sends this event from any context. The first notifier sets aside memory for 1,024 waiting messages of up to
    /// 512 bytes, and starts a thread that sends them on; it ends with the kernel side.
    ///
    /// ENOENT if the family or group is not registered, EAGAIN if the thread cannot be started.
    ///
    /// ```
    /// use netloom::families::doc_exmpl::{DOC_EXMPL_GRP, Echo, Msg, Said};
    /// use netloom::kernel::{Family, Kernel};
    ///
    /// let kernel = Kernel::new();
    /// kernel.register(Family::new(()).on_do(Echo, |_, request, _| Ok(request)))?;
    /// let mut events = kernel.connect().subscribe(&[DOC_EXMPL_GRP])?;
    /// let said = kernel.notifier(Said)?;
    /// said.try_send(&Msg::new().msg("no lock, no allocation, no wait"))?;
    /// let event = events.next().ok_or("it never ends")??;
    /// assert_eq!(event.get(Said).and_then(|said| said.msg).as_deref(), Some("no lock, no allocation, no wait"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    // The kernel's own: GFP_ATOMIC, which may fail, where GFP_KERNEL may sleep.
    #[doc(alias = "GFP_ATOMIC")]
    #[doc(alias = "in_interrupt")]
    pub fn notifier<N: Notify>(&self, _: N) -> Result<Notifier<<N as Event>::Body>, Nack> {
        let (family, group) = self.group_of::<N>().ok_or(Nack::new(Errno::ENOENT))?;
        self.notifier_to(family, group, N::ID)
    }

    /// The same for a family by hand: op `number` to the group at this position in the order in which they were added.
    pub fn notifier_by_hand(&self, family: &Registered, group: usize, number: u16) -> Result<Notifier<()>, Nack> {
        let (_, group) = family.listed.groups.get(group).ok_or(Nack::new(Errno::ENOENT))?;
        self.notifier_to(family.listed.clone(), *group, number)
    }

    fn notifier_to<B>(&self, family: Arc<Listed>, group: u32, number: u16) -> Result<Notifier<B>, Nack> {
        let shared = self.shared()?;
        let target = Target { family: family.key, protocol: family.table.protocol, group };
        let mut targets = shared.targets.lock().unwrap_or_else(PoisonError::into_inner);
        let known = targets.iter().position(|known| *known == target);
        let at = known.unwrap_or(targets.len());
        if known.is_none() {
            targets.push(target);
        }
        drop(targets);
        Ok(Notifier { kernel: self.clone(), family, number, group, target: at, body: PhantomData })
    }

    /// How many messages were refused because no slot was free, or they were too long.
    pub fn notifications_refused(&self) -> u64 {
        self.0.notifiers.get().map_or(0, |shared| shared.ring.refused())
    }

    fn shared(&self) -> Result<&Shared, Nack> {
        if let Some(shared) = self.0.notifiers.get() {
            return Ok(shared);
        }
        let failed = |_| Nack::new(Errno::EAGAIN).with_message("no pipe or thread is to be had for notifiers");
        let (reader, bell) = std::io::pipe().map_err(failed)?;
        let shared = Shared {
            ring: Ring::new(),
            // As if the thread had looked already: it may look before there is anything to see.
            asleep: AtomicBool::new(true),
            bell,
            targets: Mutex::default(),
            draining: Mutex::new(Vec::with_capacity(ROOM)),
        };
        let kernel = Arc::downgrade(&self.0);
        // First the thread: without one, whoever comes next must not find a ring that nobody empties.
        let thread = std::thread::Builder::new().name("netloom-notifier".to_owned());
        thread.spawn(move || send_on(&kernel, reader)).map_err(failed)?;
        // If two come here at once, one of the pipes closes, and its thread ends.
        let _ = self.0.notifiers.set(shared);
        self.0.notifiers.get().ok_or(Nack::new(Errno::EAGAIN))
    }

    /// Sends on what waits in the ring.
    pub(super) fn drain(&self) {
        let Some(shared) = self.0.notifiers.get() else { return };
        let mut message = shared.draining.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.engine().faults.on().is_some_and(|faults| faults.stalls()) {
            let Some(target) = shared.ring.pop(&mut message) else { return };
            let targets = shared.targets.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(Target { family, protocol, group }) = targets.get(target).copied() else { continue };
            drop(targets);
            if self.engine().has_listeners(protocol, group) {
                // That nobody is there is no error.
                let _ = self.engine().multicast_of(family, protocol, group, Arc::new(message.clone()));
            }
        }
    }
}

/// Empties the ring whenever the bell rings, for as long as the kernel side is there.
fn send_on(kernel: &Weak<Inner>, mut reader: PipeReader) {
    loop {
        let Some(inner) = kernel.upgrade() else { return };
        let kernel = Kernel(inner);
        kernel.drain();
        if let Some(shared) = kernel.0.notifiers.get() {
            shared.asleep.store(true, Ordering::SeqCst);
            fence(Ordering::SeqCst);
        }
        // What was put in before it was seen that we sleep.
        kernel.drain();
        drop(kernel);
        match reader.read(&mut [0]) {
            Ok(0) => return,
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}

impl Shared {
    /// Wakes the thread that empties the ring: at most one byte is in the pipe for each time that it slept, so that
    /// writing never waits.
    fn ring_bell(&self) {
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            let rung = (&self.bell).write(&[1]);
            if !matches!(rung, Ok(1)) {
                self.asleep.store(true, Ordering::SeqCst);
            }
        }
    }
}

impl<B: Message> Notifier<B> {
    /// Sends the event now. It may wait for the kernel side's locks. True if anybody got it.
    #[doc(alias = "GFP_KERNEL")]
    pub fn send(&self, body: &B) -> bool {
        self.send_with(|w| body.encode(w))
    }

    /// Leaves the event to be sent, without a lock, an allocation or a wait: this may be called in a signal handler, and in
    /// a handler of the kernel side's. Encoding a generated set does none of that; making or dropping one may.
    ///
    /// ENOBUFS if 1,024 messages wait already, EMSGSIZE if it takes more than 512 bytes; both are
    /// [counted](Kernel::notifications_refused), and the event is lost.
    #[doc(alias = "GFP_ATOMIC")]
    #[doc(alias = "in_interrupt")]
    pub fn try_send(&self, body: &B) -> Result<(), Errno> {
        self.try_send_with(|w| body.encode(w))
    }
}

impl<B> Notifier<B> {
    /// Sends an event whose body, a header of the family's own first, is written by hand. It may wait.
    pub fn send_with(&self, body: impl Fn(&mut Writer<'_>) -> Result<(), Full>) -> bool {
        let Ok(bytes) = unasked(&self.family, self.number, &body) else { return false };
        let (family, protocol) = (self.family.key, self.family.table.protocol);
        self.kernel.engine().multicast_of(family, protocol, self.group, Arc::new(bytes)).is_ok()
    }

    /// Leaves an event to be sent whose body, a header of the family's own first, is written by hand, with the promises of
    /// [`Notifier::try_send`] if `body` keeps them.
    pub fn try_send_with(&self, body: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>) -> Result<(), Errno> {
        let Some(shared) = self.kernel.0.notifiers.get() else { return Err(Errno::ENOBUFS) };
        let mut buf = [0; ROOM];
        let mut w = Writer::new(&mut buf);
        let header = Header::new(MessageType::default(), Flags::NONE);
        if write_message(&mut w, &self.family, self.number, header, body).is_err() {
            shared.ring.refuse();
            return Err(Errno::EMSGSIZE);
        }
        shared.ring.push(self.target, w.written())?;
        shared.ring_bell();
        Ok(())
    }

    /// Sends on in this thread what was left to be sent, and returns when all of it is. It may wait.
    pub fn flush(&self) {
        self.kernel.drain();
    }
}

impl<B> Clone for Notifier<B> {
    fn clone(&self) -> Self {
        let Self { kernel, family, number, group, target, body } = self;
        Self {
            kernel: kernel.clone(),
            family: family.clone(),
            number: *number,
            group: *group,
            target: *target,
            body: *body,
        }
    }
}

impl<B> fmt::Debug for Notifier<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notifier({} {} to group {})", self.family.table.name, self.number, self.group)
    }
}
