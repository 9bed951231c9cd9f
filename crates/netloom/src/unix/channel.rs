//! A data channel: one socket of a client's, on the server's side.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom_wire::{Errno, Protocol};

use super::protocol::{Frame, MAX_RECORD};
use super::sys::{self, Take};
use crate::kernel::engine::Outgoing;
use crate::kernel::{Kernel, NetNs, PortKey, Waiter};
use crate::socket::Credentials;

/// What may be under way to a reader: a megabyte and its bookkeeping, where the system allows it.
const SEND_BUFFER: usize = 1 << 20;

pub(super) struct Channel {
    kernel: Kernel,
    key: PortKey,
    fd: Arc<OwnedFd>,
    framed: bool,
    /// What was unread after the last write: less of it means that something was read.
    written: AtomicUsize,
    /// Held by who writes, so that datagrams stay in order; what found no room.
    turn: Mutex<Option<Outgoing>>,
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
    /// Opens a socket of the kernel side, and the channel to it; the descriptor is the client's end.
    pub(super) fn open(
        kernel: &Kernel,
        protocol: u32,
        opener: Credentials,
        framed: bool,
    ) -> Result<(Arc<Self>, OwnedFd), Errno> {
        let number = u8::try_from(protocol).map_err(|_| Errno::EPROTONOSUPPORT)?;
        let protocol = Protocol::new(number).ok_or(Errno::EPROTONOSUPPORT)?;
        let (ours, theirs) = sys::pair()?;
        sys::set_send_buffer(ours.as_fd(), SEND_BUFFER);
        let fd = Arc::new(ours);
        let mut state = kernel.lock();
        let key = state.engine.open(NetNs::default(), protocol, opener)?;
        let unread = fd.clone();
        state.engine.forward(key, Arc::new(move || sys::unread(unread.as_fd())));
        let (written, turn) = (AtomicUsize::new(0), Mutex::new(None));
        let channel = Arc::new(Self { kernel: kernel.clone(), key, fd, framed, written, turn });
        let ready = Arc::downgrade(&channel);
        let call = move || {
            if let Some(channel) = ready.upgrade() {
                channel.pump();
            }
        };
        state.waiters.insert(key, Waiter::Callback(Arc::new(call)));
        Ok((channel, theirs))
    }

    pub(super) fn key(&self) -> PortKey {
        self.key
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        (*self.fd).as_fd()
    }

    /// Takes one datagram that the client wrote, and handles it.
    pub(super) fn deliver(&self, by: &Credentials, buf: &mut [u8]) -> Sent {
        match sys::recv(self.fd(), &mut [], buf, Take::Now) {
            Err(Errno::EAGAIN) => Sent::Nothing,
            Err(Errno::EINTR) => Sent::Datagram,
            Err(_) => Sent::End,
            Ok(0) => match sys::waiting(self.fd()) {
                (0, false) => Sent::End,
                // An empty datagram, which netlink refuses.
                _ => self.fail(Errno::ENODATA),
            },
            Ok(len) => match buf.get(..len).ok_or(Errno::EMSGSIZE) {
                Ok(bytes) => match self.kernel.deliver(self.key, by, None, bytes) {
                    Ok(_) => Sent::Datagram,
                    Err(errno) => self.fail(errno),
                },
                Err(errno) => self.fail(errno),
            },
        }
    }

    fn fail(&self, errno: Errno) -> Sent {
        self.kernel.lock().engine.fail(self.key, errno);
        self.pump();
        Sent::Datagram
    }

    /// Looks whether the client has read something: then a dump goes on, and what found no room is written.
    pub(super) fn was_read(&self) {
        let unread = sys::unread(self.fd());
        if unread == 0 || unread < self.written.load(Ordering::Acquire) {
            let mut state = self.kernel.lock();
            if let Some(ticket) = state.engine.was_read(self.key) {
                state = self.kernel.settle(state, ticket);
            }
            self.kernel.wake(state);
        }
        self.pump();
    }

    /// Writes what is queued, until nothing is or the channel is full. Never waits for the client.
    fn pump(&self) {
        let mut held = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(outgoing) = held.take().or_else(|| self.kernel.lock().engine.hand_over(self.key)) {
            let bytes = outgoing.datagram.bytes.get(..outgoing.shown).unwrap_or_default();
            let head = Frame::of(&outgoing).to_bytes();
            let head = if self.framed { &head[..] } else { &[] };
            match self.write(head, bytes) {
                Ok(()) => {}
                Err(Errno::EAGAIN) => {
                    *held = Some(outgoing);
                    return;
                }
                // It is longer than what may be under way, or there is no memory for it.
                Err(Errno::EMSGSIZE | Errno::ENOBUFS | Errno::ENOMEM) => self.kernel.lock().engine.lost(self.key),
                // The client is gone.
                Err(_) => return,
            }
        }
        self.tell_error(held);
    }

    /// Writes the socket's error where it can be told.
    fn tell_error(&self, _turn: MutexGuard<'_, Option<Outgoing>>) {
        if !self.framed {
            return;
        }
        let Some(errno) = self.kernel.lock().engine.take_error(self.key) else { return };
        if self.write(&Frame::Error(errno).to_bytes(), &[]) == Err(Errno::EAGAIN) {
            self.kernel.lock().engine.fail(self.key, errno);
        }
    }

    /// Lets as much be under way as the receive buffer holds, and what a dump may put on top.
    pub(super) fn set_limit(&self, receive_buffer: u32) {
        let wanted = (receive_buffer as usize).saturating_add(SEND_BUFFER / 2);
        if wanted > SEND_BUFFER {
            sys::set_send_buffer(self.fd(), wanted);
        }
    }

    /// Closes the socket, and ends its dump in this thread. The client sees the end when the last who writes is done.
    pub(super) fn close(&self) {
        self.kernel.close(self.key);
    }

    fn write(&self, head: &[u8], bytes: &[u8]) -> Result<(), Errno> {
        loop {
            match sys::send(self.fd(), head, bytes, false) {
                Err(Errno::EINTR) => {}
                done => {
                    self.written.store(sys::unread(self.fd()), Ordering::Release);
                    return done.map(drop);
                }
            }
        }
    }
}

/// A buffer that takes any record. Its pages cost nothing until they are written.
pub(super) fn record_buffer() -> Vec<u8> {
    vec![0; MAX_RECORD]
}
