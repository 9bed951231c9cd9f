//! A data channel: one socket of a client's, on the server's side.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom_wire::{Errno, Protocol};

use super::crowd::Place;
use super::protocol::{Frame, MAX_RECORD};
use super::sys::{self, Epoll};
use crate::kernel::engine::{OpenPort, Outgoing};
use crate::kernel::{Kernel, NetNs};
use crate::socket::{Credentials, Direction, retry};

/// What may be under way to a reader: a megabyte and its bookkeeping, where the system allows it.
pub(super) const SEND_BUFFER: usize = 1 << 20;
/// What a mark is: a record that is not empty, which would be taken for an end.
const MARK: [u8; 1] = [1];

pub(super) struct Channel {
    kernel: Kernel,
    open: Arc<OpenPort>,
    fd: Arc<OwnedFd>,
    mode: Mode,
    epoll: Arc<Epoll>,
    /// Its number, and its name in the epoll.
    number: u32,
    /// What was unread after the last write: less of it means that something was read.
    written: AtomicUsize,
    /// Held by who writes, so that datagrams stay in order.
    turn: Mutex<Turn>,
}

/// What a data channel carries to the client.
pub(super) enum Mode {
    /// Bare datagrams.
    Plain,
    /// Datagrams and errors, each behind a frame.
    Framed,
    /// Marks: datagrams are received by control. The switch tells the client's thread that a receive which waits may
    /// go on.
    Exact(Arc<OwnedFd>),
}

#[derive(Default)]
struct Turn {
    /// Whether a mark is on the channel that no answer has told the client to take.
    marked: bool,
    /// Whether a receive waits.
    awaited: bool,
    /// What found no room.
    held: Option<Outgoing>,
    /// Whether the client's thread is woken when the client has read.
    awaits_reader: bool,
}

/// What a client's thread finds on its data channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// A datagram, handled.
    Datagram,
    /// Nothing.
    Nothing,
    /// The client closed it.
    End,
}

impl Channel {
    /// Opens a socket of the kernel side, and the channel to it, and adds it to the epoll by this number. The descriptor
    /// is the client's end.
    pub(super) fn open(
        kernel: &Kernel,
        epoll: &Arc<Epoll>,
        number: u32,
        protocol: u32,
        opener: Credentials,
        mode: Mode,
    ) -> Result<(Arc<Self>, OwnedFd), Errno> {
        let protocol = u8::try_from(protocol).ok().and_then(Protocol::new).ok_or(Errno::EPROTONOSUPPORT)?;
        let (ours, theirs) = sys::pair()?;
        sys::tell_senders(ours.as_fd())?;
        epoll.add(ours.as_fd(), sys::ARRIVALS, number.into())?;
        sys::set_send_buffer(ours.as_fd(), SEND_BUFFER);
        let fd = Arc::new(ours);
        let open = kernel.engine().open(NetNs::default(), protocol, opener)?;
        open.set_served();
        if !matches!(mode, Mode::Exact(_)) {
            let unread = fd.clone();
            kernel.engine().forward(&open, Arc::new(move || sys::unread(unread.as_fd())));
        }
        let (kernel, epoll) = (kernel.clone(), epoll.clone());
        let (written, turn) = (AtomicUsize::new(0), Mutex::default());
        let channel = Arc::new(Self { kernel, open, fd, mode, epoll, number, written, turn });
        let ready = Arc::downgrade(&channel);
        let call = move || {
            if let Some(channel) = ready.upgrade() {
                channel.pump();
            }
        };
        channel.open.listen(Arc::new(call));
        Ok((channel, theirs))
    }

    pub(super) fn port(&self) -> &Arc<OpenPort> {
        &self.open
    }

    fn fd(&self) -> BorrowedFd<'_> {
        (*self.fd).as_fd()
    }

    /// Takes one datagram that the client wrote, and handles it.
    pub(super) fn deliver(&self, place: &mut Place, buf: &mut Buffer) -> Sent {
        match buf.take(self.fd()) {
            Err(Errno::EAGAIN) => Sent::Nothing,
            Err(Errno::EINTR) => Sent::Datagram,
            Err(_) => Sent::End,
            Ok((0, _)) => match sys::waiting(self.fd()) {
                (0, false) => Sent::End,
                // An empty datagram, which netlink refuses.
                _ => self.fail(Errno::ENODATA),
            },
            Ok((len, sender)) => match buf.get(len).ok_or(Errno::EMSGSIZE) {
                Ok(bytes) => match self.kernel.deliver(&self.open, &place.caller(sender), None, bytes) {
                    Ok(_) => Sent::Datagram,
                    Err(errno) => self.fail(errno),
                },
                Err(errno) => self.fail(errno),
            },
        }
    }

    fn fail(&self, errno: Errno) -> Sent {
        self.kernel.engine().fail(&self.open, errno);
        self.pump();
        Sent::Datagram
    }

    /// Looks whether the client has read something: then a dump goes on, and what found no room is written.
    pub(super) fn was_read(&self) {
        if self.is_exact() {
            return;
        }
        let unread = sys::unread(self.fd());
        if unread == 0 || unread < self.written.load(Ordering::Acquire) {
            self.kernel.was_read(&self.open);
        }
        self.pump();
    }

    pub(super) fn is_exact(&self) -> bool {
        matches!(self.mode, Mode::Exact(_))
    }

    fn is_framed(&self) -> bool {
        matches!(self.mode, Mode::Framed)
    }

    /// Has the client's thread told when there is something to receive; false if there is already.
    pub(super) fn await_arrival(&self) -> bool {
        let mut turn = self.turn();
        turn.awaited = !self.is_readable();
        turn.awaited
    }

    /// After a receive: whether nothing is left and the client is to take the mark away.
    pub(super) fn unmark(&self) -> bool {
        let mut turn = self.turn();
        let stale = turn.marked && !self.is_readable();
        turn.marked &= !stale;
        stale
    }

    /// Tells a poll of the client's that there is something to receive, and a receive that waits. A mark stands until it
    /// is taken; one that finds no room would stand behind others.
    fn mark(&self, turn: &mut Turn, switch: &OwnedFd) {
        if !self.is_readable() {
            return;
        }
        if !turn.marked {
            turn.marked = self.write(&MARK, &[]).is_ok();
        }
        if std::mem::take(&mut turn.awaited) {
            sys::turn_on(switch.as_fd());
        }
    }

    fn is_readable(&self) -> bool {
        self.kernel.engine().is_readable(&self.open)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is queued, until nothing is or the channel is full. Never waits for the client.
    fn pump(&self) {
        let mut turn = self.turn();
        if let Mode::Exact(switch) = &self.mode {
            return self.mark(&mut turn, switch);
        }
        self.write_queue(&mut turn);
        while turn.held.is_none() && self.is_framed() && self.write_error() {
            self.write_queue(&mut turn);
        }
        let awaits = turn.held.is_some() || self.kernel.engine().awaits_reader(&self.open);
        if awaits {
            self.written.store(sys::unread(self.fd()), Ordering::Release);
        }
        if awaits != turn.awaits_reader {
            turn.awaits_reader = awaits;
            // If it is writable already, that is told once more.
            self.epoll.change(
                self.fd(),
                if awaits { sys::ARRIVALS_AND_READS } else { sys::ARRIVALS },
                self.number.into(),
            );
        }
    }

    fn write_queue(&self, turn: &mut Turn) {
        while let Some(outgoing) = turn.held.take().or_else(|| self.fetch()) {
            let bytes = outgoing.datagram.bytes.get(..outgoing.shown).unwrap_or_default();
            let head = Frame::of(&outgoing).to_bytes();
            let head = if self.is_framed() { &head[..] } else { &[] };
            match self.write(head, bytes) {
                Ok(_) => {}
                Err(Errno::EAGAIN) => {
                    turn.held = Some(outgoing);
                    return;
                }
                // It is longer than what may be under way, or there is no memory for it.
                Err(Errno::EMSGSIZE | Errno::ENOBUFS | Errno::ENOMEM) => self.kernel.engine().lost(&self.open),
                // The client is gone.
                Err(_) => return,
            }
        }
    }

    /// The next datagram for the client.
    fn fetch(&self) -> Option<Outgoing> {
        let outgoing = self.kernel.engine().hand_over(&self.open, self.is_framed())?;
        let bytes = outgoing.datagram.bytes.get(..outgoing.shown).unwrap_or_default();
        self.kernel.show(&self.open, Direction::Received, None, outgoing.datagram.group, bytes);
        Some(outgoing)
    }

    /// Writes the socket's error, if it has one; false if there is none, or no room for it.
    fn write_error(&self) -> bool {
        let Some(errno) = self.kernel.engine().take_error(&self.open) else { return false };
        let written = self.write(&Frame::Error(errno).to_bytes(), &[]);
        if written == Err(Errno::EAGAIN) {
            self.kernel.engine().fail(&self.open, errno);
        }
        written.is_ok()
    }

    fn write(&self, head: &[u8], bytes: &[u8]) -> Result<usize, Errno> {
        retry(|| sys::send(self.fd(), head, bytes, false))
    }

    /// Lets as much be under way as the receive buffer holds, and what a dump may put on top.
    pub(super) fn set_limit(&self, receive_buffer: u32) {
        if self.is_exact() {
            return;
        }
        let wanted = (receive_buffer as usize).saturating_add(SEND_BUFFER / 2);
        if wanted > SEND_BUFFER {
            sys::set_send_buffer(self.fd(), wanted);
        }
    }

    /// Closes the socket, and ends its dump in this thread. The client sees the end when the last who writes is done.
    pub(super) fn close(&self) {
        // Its descriptor may live on for a moment in a thread that writes to it.
        self.epoll.remove(self.fd());
        self.kernel.close(&self.open);
    }
}

/// What a client's thread takes records into: of these there are as many as clients, so that it is as long as most records
/// are. A longer one has its room while it is handled.
#[derive(Default)]
pub(super) struct Buffer(Vec<u8>);

impl Buffer {
    const USUAL: usize = 16 << 10;

    /// Takes a record: its length, longer than the buffer if no record may be that long, and whose it is.
    pub(super) fn take(&mut self, fd: BorrowedFd<'_>) -> Result<(usize, Option<Credentials>), Errno> {
        let room = if sys::coming(fd)? > Self::USUAL { MAX_RECORD } else { Self::USUAL };
        if self.0.len() != room {
            self.0 = vec![0; room];
        }
        sys::recv_from(fd, &mut self.0)
    }

    /// Gives the room of a long record back.
    pub(super) fn rest(&mut self) {
        if self.0.len() > Self::USUAL {
            self.0 = Vec::new();
        }
    }

    /// As much of what was taken.
    pub(super) fn get(&self, len: usize) -> Option<&[u8]> {
        self.0.get(..len)
    }
}
