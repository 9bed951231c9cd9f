//! One socket, two readers: a call, and who receives what answers nothing.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom_wire::{Errno, Header, messages};

use super::exchange::{Reason, Stray};
use super::strays::Strays;
use crate::error::Cause;
use crate::socket::{Received, RecvFlags, Socket, Wake, retry};

/// What the receiving side of a call socket read while a call was under way, and was not its own. Without a receiving side
/// it is not looked at.
pub(crate) struct Mailbox {
    receivers: AtomicUsize,
    /// Held while the socket is read, so that the order of the datagrams is that of arrival.
    mail: Mutex<VecDeque<Mail>>,
    /// Of the call.
    wake: Arc<Wake>,
    /// The call under way takes answers that look like no answers, or has hooks that want to see all: it gets everything.
    greedy: AtomicBool,
    port: u32,
    strays: Arc<Strays>,
}

/// A datagram, or what became of it.
pub(crate) type Mail = Result<(Box<[u8]>, Received), Cause>;

impl Mailbox {
    pub(crate) fn new(socket: &Socket, port: u32, strays: Arc<Strays>) -> Self {
        let (receivers, greedy) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { receivers, mail: Mutex::default(), wake: Wake::new(socket), greedy, port, strays }
    }

    /// There is one more receiver. To be called while nobody calls: a call looks at the mail from its start or not at all.
    pub(crate) fn add_receiver(&self) {
        self.receivers.fetch_add(1, Ordering::Relaxed);
    }

    /// There is one less; what it left in the mail is the next call's to pass over.
    pub(crate) fn remove_receiver(&self) {
        self.receivers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a call has to share the socket.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.receivers.load(Ordering::Relaxed) != 0
    }

    /// Says how the call that begins reads.
    pub(crate) fn set_greedy(&self, greedy: bool) {
        self.greedy.store(greedy, Ordering::Relaxed);
    }

    pub(crate) fn wake(&self) -> &Wake {
        &self.wake
    }

    /// The sole right to read the socket; never held while waiting.
    pub(crate) fn reading(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts by what the call under way may wait for.
    pub(crate) fn put(&self, mut reading: MutexGuard<'_, VecDeque<Mail>>, mail: Mail) {
        const MOST: usize = 1024;
        if reading.len() < MOST {
            reading.push_back(mail);
        } else if reading.back().is_some_and(Result::is_ok) {
            reading.push_back(Err(Cause::Overrun));
        }
        drop(reading);
        self.wake.pull();
    }

    /// Keeps a datagram that is surely nothing that the call under way waits for; false if it may be. To be called while
    /// reading, so that what is kept is in order.
    pub(crate) fn keep(&self, datagram: &[u8], received: &Received) -> bool {
        if self.greedy.load(Ordering::Relaxed) || received.source.port != 0 || datagram.is_empty() {
            return false;
        }
        let to_group = received.source.groups != 0 || received.group.is_some();
        let unasked = |header: &Header| to_group || header.seq == 0 || header.port != self.port;
        if !messages(datagram).all(|message| message.is_ok_and(|message| unasked(&message.header))) {
            return false;
        }
        for message in messages(datagram).flatten() {
            let stray = Stray { reason: Reason::Unsolicited, source: received.source, message };
            self.strays.take(&stray, received.group);
        }
        true
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({} receivers)", self.receivers.load(Ordering::Relaxed))
    }
}

/// Takes a datagram that is there already; `None` if none is.
#[inline]
pub(crate) fn take(socket: &Socket, buf: &mut Vec<u8>) -> Option<Result<Received, Cause>> {
    let endpoint = socket.endpoint();
    match retry(|| endpoint.recv(buf, RecvFlags::DONTWAIT, None)) {
        Ok(received) if !received.truncated => Some(Ok(received)),
        Err(Errno::EAGAIN) => None,
        got => Some(judge(got, buf)),
    }
}

/// What a receive that waited long enough has come to.
#[cold]
pub(crate) fn judge(got: Result<Received, Errno>, buf: &mut Vec<u8>) -> Result<Received, Cause> {
    match got {
        Ok(received) if received.truncated => {
            let room = received.len.next_power_of_two().max(buf.len());
            buf.resize(room, 0);
            Err(Cause::Truncated(received.len))
        }
        Ok(received) => Ok(received),
        Err(Errno::ENOBUFS) => Err(Cause::Overrun),
        Err(errno) => Err(Cause::System("receive", errno)),
    }
}
