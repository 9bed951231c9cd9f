//! A bound socket with its sequence and buffers: what one conversation at a time runs over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use netloom_wire::{Errno, Flags, Full, Header, MessageType, RawMessage};

use super::content::{Content, write};
use super::conversation::{Accepted, Conversation, Manner, Terms};
use super::exchange::{Exchange, Expect, Whole, whole_answer};
use super::hooks::Ears;
use super::mailbox::{self, Mailbox};
use super::strays::Strays;
use crate::error::Cause;
use crate::socket::{Address, Opt, Received, RecvFlags, Socket, retry};
use crate::{Error, Result};

/// How the sockets of a connection are set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) strict: bool,
    /// Sends wait for nothing: see [`Endpoint::set_detached`](crate::socket::Endpoint::set_detached).
    pub(crate) detached: bool,
    pub(crate) receive_buffer: Option<u32>,
}

/// A bound socket, its port, and one buffer for each direction, which are never cleared.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) socket: Socket,
    pub(crate) port: u32,
    /// Whether sends are handled after they were made.
    pub(super) detached: bool,
    /// How long a send may take.
    patience: Option<Duration>,
    seq: u32,
    out: Vec<u8>,
    inbox: Vec<u8>,
    /// Of a call socket, which others may read, too.
    mailbox: Option<Arc<Mailbox>>,
}

impl Lane {
    /// The first room for answers. Far more than most need, so that the odd long one is not lost; memory that no answer
    /// reaches is never touched.
    pub(crate) const ANSWER: usize = 256 * 1024;

    /// Sets a fresh socket up and binds it, port 0 for any, with so much room for answers.
    pub(crate) fn new(
        socket: Socket,
        setup: Setup,
        patience: Option<Duration>,
        port: u32,
        room: usize,
    ) -> Result<Self> {
        socket.endpoint().set_send_timeout(patience).map_err(|errno| Error::system("option SO_SNDTIMEO", errno))?;
        socket.set(Opt::ExtAck, 1)?;
        // We have the request ourselves. A kernel side without the option answers longer, nothing else.
        optional(socket.set(Opt::CapAck, 1))?;
        if setup.strict {
            optional(socket.set(Opt::StrictCheck, 1))?;
        }
        let mut detached = false;
        if setup.detached {
            socket.set_nonblocking(true)?;
            detached = socket.endpoint().set_detached(true);
        }
        if let Some(bytes) = setup.receive_buffer {
            // Beyond the system's bound, which takes a privilege that we may not have.
            socket.set(Opt::ReceiveBufferForce, bytes).or_else(|_| socket.set(Opt::ReceiveBuffer, bytes))?;
        }
        socket.bind(Address::port(port))?;
        let port = socket.local()?.port;
        Ok(Self { socket, port, detached, patience, seq: 0, out: Vec::new(), inbox: vec![0; room], mailbox: None })
    }

    /// Its port, whether its sends are handled later, its socket, and a buffer for answers.
    #[cfg(any(feature = "tokio", feature = "async-io"))]
    pub(crate) fn into_parts(self) -> (u32, bool, Socket, Vec<u8>) {
        (self.port, self.detached, self.socket, self.inbox)
    }

    /// Makes it one that others may read from, too, by the mailbox's rules.
    pub(crate) fn share(&mut self, strays: Arc<Strays>) -> Arc<Mailbox> {
        self.mailbox.insert(Arc::new(Mailbox::new(&self.socket, self.port, strays))).clone()
    }

    /// Writes a request behind a new sequence number; returns both.
    #[inline(always)]
    pub(crate) fn write(
        &mut self,
        kind: u16,
        flags: Flags,
        body: &(impl Content + ?Sized),
    ) -> std::result::Result<(u32, usize), Full> {
        let seq = self.next_seq();
        let header = Header { seq, port: self.port, ..Header::new(MessageType(kind), flags) };
        write(&mut self.out, header, body).map(|len| (seq, len))
    }

    /// The last request is not sent: its sequence number is the next one's.
    pub(crate) fn take_back(&mut self, seq: u32) {
        self.seq = seq.wrapping_sub(1);
    }

    /// Writes the last request again, under a new sequence number.
    pub(crate) fn rewrite(&mut self) -> u32 {
        let seq = self.next_seq();
        for (place, value) in [(8..12, seq), (12..16, self.port)] {
            if let Some(place) = self.out.get_mut(place) {
                place.copy_from_slice(&value.to_ne_bytes());
            }
        }
        seq
    }

    /// Has room for answers of so many bytes.
    pub(crate) fn make_room(&mut self, bytes: usize) {
        if self.inbox.len() < bytes {
            self.inbox.resize(bytes, 0);
        }
    }

    /// The request written last, the socket being closed.
    pub(crate) fn into_request(self) -> Vec<u8> {
        self.out
    }

    /// With a request that was written for another one, to be [rewritten](Lane::rewrite).
    pub(crate) fn with_request(self, out: Vec<u8>) -> Self {
        Self { out, ..self }
    }

    /// The sequence number used last.
    pub(crate) fn seq(&self) -> u32 {
        self.seq
    }

    /// The first of sequence numbers that follow each other, `most` at least; what was used of them is [told](Lane::used).
    pub(super) fn sequence(&mut self, most: u32) -> u32 {
        if self.seq.checked_add(most).is_none() {
            self.seq = 0;
        }
        after(self.seq)
    }

    /// So many sequence numbers are used.
    pub(super) fn used(&mut self, count: u32) {
        self.seq = self.seq.wrapping_add(count);
    }

    /// The request written last.
    pub(crate) fn request(&self, len: usize) -> &[u8] {
        self.out.get(..len).unwrap_or_default()
    }

    /// The same without header and padding.
    pub(super) fn content(&self, len: usize) -> &[u8] {
        let request = self.request(len);
        let len = Header::read(request).map_or(0, |header| header.len as usize);
        request.get(Header::LEN..len).unwrap_or_default()
    }

    /// Bytes of the datagram received last.
    pub(crate) fn received(&self, len: usize) -> &[u8] {
        self.inbox.get(..len).unwrap_or_default()
    }

    /// The buffer that datagrams are received into.
    #[inline]
    pub(crate) fn inbox(&self) -> &[u8] {
        &self.inbox
    }

    /// Lends the buffer out, to be [put back](Lane::put_inbox) before anything else.
    pub(super) fn take_inbox(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.inbox)
    }

    pub(super) fn put_inbox(&mut self, inbox: Vec<u8>) {
        self.inbox = inbox;
    }

    /// Sends the request written last.
    #[inline]
    pub(crate) fn post(&self, len: usize) -> Result<()> {
        self.send(self.request(len))
    }

    #[inline]
    pub(super) fn send(&self, datagram: &[u8]) -> Result<()> {
        let endpoint = &**self.socket.endpoint();
        match retry(|| endpoint.send(None, datagram)) {
            Ok(_) => Ok(()),
            Err(errno) => Err(self.unsent(errno)),
        }
    }

    #[cold]
    fn unsent(&self, errno: Errno) -> Error {
        let error = Error::system("send", errno);
        match self.patience {
            // A kernel side in another process, which is busy or stopped.
            Some(patience) if error.is_timeout() => Error::new("", Cause::Timeout(patience)),
            _ => error,
        }
    }

    /// Receives a datagram that is there already. The errors are those that end a conversation.
    #[inline]
    pub(crate) fn receive_now(&mut self) -> Option<std::result::Result<Received, Cause>> {
        if self.mailbox.as_ref().is_some_and(|mailbox| mailbox.is_shared()) {
            return self.receive_shared();
        }
        mailbox::take(&self.socket, &mut self.inbox)
    }

    /// The same where another thread reads, too: what it has put by comes first.
    #[cold]
    fn receive_shared(&mut self) -> Option<std::result::Result<Received, Cause>> {
        let mailbox = self.mailbox.as_ref()?;
        let mut reading = mailbox.reading();
        let (bytes, received) = match mailbox.open(&mut reading) {
            Some(Ok(mail)) => mail,
            Some(Err(cause)) => return Some(Err(cause)),
            None => loop {
                let received = match mailbox::take(&self.socket, &mut self.inbox)? {
                    Ok(received) => received,
                    Err(cause) => return Some(Err(cause)),
                };
                if !mailbox.keep(self.inbox.get(..received.len).unwrap_or_default(), &received) {
                    return Some(Ok(received));
                }
            },
        };
        if self.inbox.len() < bytes.len() {
            self.inbox.resize(bytes.len(), 0);
        }
        if let Some(place) = self.inbox.get_mut(..bytes.len()) {
            place.copy_from_slice(&bytes);
        }
        Some(Ok(received))
    }

    /// Waits for a datagram as long as `wait` allows. A kernel answers before it lets the sender go, so look first.
    pub(crate) fn receive_later(&mut self, wait: &mut Wait) -> std::result::Result<Received, Cause> {
        let deadline = wait.deadline();
        let timeout = || Cause::Timeout(wait.timeout.unwrap_or_default());
        if let Some(mailbox) = self.mailbox.clone().filter(|mailbox| mailbox.is_shared()) {
            loop {
                // First reset, then look: what comes in between pulls again.
                mailbox.wake().reset();
                if let Some(got) = self.receive_shared() {
                    return got;
                }
                match retry(|| self.socket.endpoint().wait(deadline, mailbox.wake())) {
                    Ok(false) if !mailbox.wake().is_pulled() => return Err(timeout()),
                    Ok(_) => {}
                    Err(Errno::ENOBUFS) => return Err(Cause::Overrun),
                    Err(errno) => return Err(Cause::System("receive", errno)),
                }
            }
        }
        let endpoint = self.socket.endpoint();
        match retry(|| endpoint.recv(&mut self.inbox, RecvFlags::NONE, deadline)) {
            Ok(received) if !received.truncated => Ok(received),
            Err(Errno::EAGAIN) => Err(timeout()),
            got => mailbox::judge(got, &mut self.inbox),
        }
    }

    /// The exchange that the request written last opens.
    pub(crate) fn exchange(&self, seq: u32, len: usize, terms: Terms) -> Exchange {
        terms.exchange(self.port, seq, self.request(len))
    }

    /// Sends the request written last and hears the answers out, each reply by `reply`. `hooked`: hooks are set. What
    /// `manner` says is not asked for before it is needed, which is seldom.
    #[inline]
    pub(crate) fn converse<'p>(
        &mut self,
        (seq, len): (u32, usize),
        expect: Expect,
        hooked: bool,
        manner: impl Fn() -> Manner<'p>,
        reply: &mut impl FnMut(RawMessage<'_>) -> Result<()>,
    ) -> Result<Accepted> {
        let begun = match self.ask((seq, len), expect, hooked) {
            Ok(Whole::Reply(bytes)) => {
                let payload = bytes.get(Header::LEN..).unwrap_or_default();
                let message = RawMessage { header: Header::read(bytes).unwrap_or_default(), payload, bytes };
                let read = reply(message).map_err(|error| error.of(manner().subject.name()));
                return read.map(|()| Accepted::default());
            }
            Ok(Whole::Ack) => return Ok(Accepted::default()),
            Err(begun) => begun,
        };
        self.hear_out((seq, len), begun, &manner(), reply)
    }

    /// Sends the request written last and looks once, for an answer that is whole. The error is all other ways that it may
    /// have gone.
    #[inline(always)]
    pub(crate) fn ask(
        &mut self,
        (seq, len): (u32, usize),
        expect: Expect,
        hooked: bool,
    ) -> std::result::Result<Whole<'_>, Begun> {
        if hooked || self.mailbox.as_ref().is_some_and(|mailbox| mailbox.is_shared()) {
            return Err(Begun::NotYet);
        }
        let Some(request) = self.out.get(..len) else { return Err(Begun::NotYet) };
        let endpoint = &**self.socket.endpoint();
        if let Err(errno) = endpoint.send(None, request) {
            return Err(if errno == Errno::EINTR { Begun::NotYet } else { Begun::Unsent(errno) });
        }
        let first = endpoint.recv(&mut self.inbox, RecvFlags::DONTWAIT, None);
        if let Ok(received) = &first
            && !received.truncated
            && let Some(datagram) = self.inbox.get(..received.len)
            && let Some(whole) = whole_answer(self.port, seq, expect, datagram, received.source)
        {
            return Ok(whole);
        }
        Err(Begun::Sent(first))
    }

    /// What follows if the first look at the socket does not give all.
    #[cold]
    pub(crate) fn hear_out(
        &mut self,
        (seq, len): (u32, usize),
        begun: Begun,
        manner: &Manner<'_>,
        reply: &mut dyn FnMut(RawMessage<'_>) -> Result<()>,
    ) -> Result<Accepted> {
        let (terms, party) = (manner.terms, manner.party());
        let named = |error: Error| error.of(party.subject.name());
        let mut first = match begun {
            Begun::Sent(Err(Errno::EAGAIN | Errno::EINTR)) => None,
            Begun::Sent(first) => Some(mailbox::judge(first, &mut self.inbox)),
            Begun::Unsent(errno) => return Err(named(self.unsent(errno))),
            Begun::NotYet => {
                if let Some(ears) = party.ears {
                    ears.out(self.port, self.request(len)).map_err(|cause| party.subject.error(cause))?;
                }
                if let Some(mailbox) = &self.mailbox {
                    mailbox.begin(self.exchange(seq, len, terms).takes_odd() || party.ears.is_some());
                }
                self.post(len).map_err(named)?;
                None
            }
        };
        let mut talk = Conversation::new(self.exchange(seq, len, terms), terms);
        let mut wait = Wait::new(terms.timeout);
        while !talk.is_over() {
            let got = match first.take().or_else(|| self.receive_now()) {
                Some(got) => wait.lose_patience().and(got),
                None => match talk.idle() {
                    Ok(()) => {
                        if talk.wants_barrier() {
                            talk.barrier(self.post_barrier(party.ears).map_err(named)?);
                        }
                        self.receive_later(&mut wait)
                    }
                    lost => lost.and(Err(Cause::Overrun)),
                },
            };
            match got {
                Ok(received) => {
                    let datagram = self.inbox.get(..received.len).unwrap_or_default();
                    let request = self.out.get(..len).unwrap_or_default();
                    talk.feed(datagram, &received, request, party, reply)?;
                }
                Err(cause) => talk.fail(cause, party)?,
            }
        }
        talk.finish(party.subject)
    }

    /// Sends a no-op that asks for an acknowledgement, and returns its sequence number.
    fn post_barrier(&mut self, ears: Option<&Ears<'_>>) -> Result<u32> {
        let seq = self.next_seq();
        let bytes = barrier(self.port, seq);
        if let Some(ears) = ears {
            ears.out(self.port, &bytes).map_err(|cause| Error::new("", cause))?;
        }
        self.send(&bytes)?;
        Ok(seq)
    }

    pub(super) fn next_seq(&mut self) -> u32 {
        self.seq = after(self.seq);
        self.seq
    }
}

/// How far a call has come that was not answered at once by all that there is to say.
pub(crate) enum Begun {
    /// Not sent: hooks are to be asked, others read the socket, or a signal came.
    NotYet,
    /// It cannot be sent.
    Unsent(Errno),
    /// It is sent; this is what the first look gave.
    Sent(std::result::Result<Received, Errno>),
}

/// A no-op that asks for an acknowledgement.
pub(crate) fn barrier(port: u32, seq: u32) -> [u8; Header::LEN] {
    Header { len: 16, seq, port, ..Header::new(MessageType::NOOP, Flags::REQUEST | Flags::ACK) }.to_bytes()
}

/// The sequence number that follows.
pub(crate) fn after(seq: u32) -> u32 {
    // 0 is what nobody asked for.
    seq.wrapping_add(1).max(1)
}

/// How long to wait. The clock is not read before it must be.
#[derive(Debug)]
pub(crate) struct Wait {
    pub(crate) timeout: Option<Duration>,
    until: Option<Instant>,
    /// Datagrams taken.
    taken: u32,
}

impl Wait {
    pub(crate) const fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, until: None, taken: 0 }
    }

    /// Begins anew: something came that was waited for.
    #[inline]
    pub(crate) fn renew(&mut self) {
        (self.until, self.taken) = (None, 0);
    }

    /// Ends what is fed with datagrams for ever and never comes to the point. Looks at the clock now and then.
    #[inline]
    pub(crate) fn lose_patience(&mut self) -> std::result::Result<(), Cause> {
        const NOW_AND_THEN: u32 = 256;
        self.taken = self.taken.wrapping_add(1);
        if !self.taken.is_multiple_of(NOW_AND_THEN) {
            return Ok(());
        }
        match self.deadline() {
            Some(deadline) if Instant::now() >= deadline => Err(Cause::Timeout(self.timeout.unwrap_or_default())),
            _ => Ok(()),
        }
    }

    fn deadline(&mut self) -> Option<Instant> {
        if self.until.is_none() {
            self.until = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        }
        self.until
    }
}

/// An option that a kernel side may lack.
fn optional(set: Result<()>) -> Result<()> {
    match set {
        Err(error) if error.is_unsupported() => Ok(()),
        done => done,
    }
}
