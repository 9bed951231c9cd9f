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
    /// Receivers, and pieces of mail: as long as there is any of them, a call looks at the mail.
    parties: AtomicUsize,
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
        let (parties, greedy) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { parties, mail: Mutex::default(), wake: Wake::new(socket), greedy, port, strays }
    }

    /// There is one more receiver. To be called while nobody calls: a call looks at the mail from its start or not at all.
    pub(crate) fn add_receiver(&self) {
        self.parties.fetch_add(1, Ordering::Relaxed);
    }

    /// There is one less.
    pub(crate) fn remove_receiver(&self) {
        self.parties.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a call has to share the socket.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.parties.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn wake(&self) -> &Wake {
        &self.wake
    }

    /// The sole right to read the socket; never held while waiting.
    pub(crate) fn reading(&self) -> MutexGuard<'_, VecDeque<Mail>> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the oldest mail.
    pub(crate) fn open(&self, reading: &mut MutexGuard<'_, VecDeque<Mail>>) -> Option<Mail> {
        let mail = reading.pop_front()?;
        self.parties.fetch_sub(1, Ordering::Relaxed);
        Some(mail)
    }

    /// A call begins, and says how it reads. What is in the mail was for the one before.
    pub(crate) fn begin(&self, greedy: bool) {
        self.greedy.store(greedy, Ordering::Relaxed);
        let mut reading = self.reading();
        while let Some(mail) = self.open(&mut reading) {
            match mail {
                Ok(_) => self.strays.late(),
                Err(_) => self.strays.overrun(),
            }
        }
    }

    /// Puts by what the call under way may wait for.
    pub(crate) fn put(&self, mut reading: MutexGuard<'_, VecDeque<Mail>>, mail: Mail) {
        const MOST: usize = 1024;
        let mail = if reading.len() < MOST { mail } else { Err(Cause::Overrun) };
        if reading.len() <= MOST {
            reading.push_back(mail);
            self.parties.fetch_add(1, Ordering::Relaxed);
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
            self.strays.take(&stray, received);
        }
        true
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({} receivers and pieces of mail)", self.parties.load(Ordering::Relaxed))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kernel;
    use crate::socket::Address;
    use netloom_wire::{Flags, MessageType, Protocol};

    fn mailbox() -> (Mailbox, Arc<Strays>) {
        let socket = Kernel::new().socket(Protocol::GENERIC).unwrap();
        let strays = Arc::new(Strays::new(Protocol::GENERIC));
        (Mailbox::new(&socket, 7, strays.clone()), strays)
    }

    fn datagram(seq: u32, port: u32) -> Vec<u8> {
        Header { len: 16, seq, port, ..Header::new(MessageType(20), Flags::NONE) }.to_bytes().to_vec()
    }

    fn mail() -> Mail {
        Ok((datagram(1, 7).into(), Received::default()))
    }

    #[test]
    fn what_may_be_an_answer_is_not_kept_from_the_call() {
        let (mailbox, strays) = mailbox();
        let kernel = Received::default();
        let to_group = Received { source: Address { port: 0, groups: 4 }, ..kernel };
        let forged = Received { source: Address::port(9), ..kernel };
        let both = [datagram(0, 0), datagram(1, 7)].concat();
        let cases: [(Vec<u8>, Received, bool); 8] = [
            (datagram(0, 0), kernel, true),
            (datagram(0, 7), kernel, true),
            (datagram(1, 8), kernel, true),
            (datagram(1, 7), to_group, true),
            (datagram(1, 7), kernel, false),
            (datagram(0, 0), forged, false),
            (both, kernel, false),
            (vec![1, 2, 3], kernel, false),
        ];
        for (bytes, received, keeps) in &cases {
            assert_eq!(mailbox.keep(bytes, received), *keeps, "{bytes:?} {received:?}");
        }
        assert_eq!(std::iter::from_fn(|| strays.next()).count(), 4);
        mailbox.begin(true);
        assert!(!mailbox.keep(&datagram(0, 0), &kernel), "a call that takes odd answers gets all");
    }

    #[test]
    fn mail_outlives_who_put_it_and_ends_with_the_call() {
        let (mailbox, strays) = mailbox();
        assert!(!mailbox.is_shared());
        mailbox.add_receiver();
        mailbox.put(mailbox.reading(), mail());
        mailbox.remove_receiver();
        assert!(mailbox.is_shared(), "the answer in it is still looked for");
        assert!(mailbox.wake().is_pulled());
        assert!(mailbox.open(&mut mailbox.reading()).is_some());
        assert!(!mailbox.is_shared());
        mailbox.put(mailbox.reading(), mail());
        mailbox.put(mailbox.reading(), Err(Cause::Truncated(5)));
        mailbox.begin(false);
        assert!(mailbox.open(&mut mailbox.reading()).is_none() && !mailbox.is_shared());
        assert_eq!((strays.count().stale, strays.count().overruns), (1, 1));
    }

    #[test]
    fn mail_is_bounded_and_its_loss_told() {
        let (mailbox, _) = mailbox();
        (0..5_000).for_each(|_| mailbox.put(mailbox.reading(), mail()));
        let mut reading = mailbox.reading();
        let all: Vec<_> = std::iter::from_fn(|| mailbox.open(&mut reading)).collect();
        assert_eq!((all.len(), all.iter().filter(|mail| mail.is_err()).count()), (1025, 1));
        assert!(all.last().is_some_and(Result::is_err));
    }
}
