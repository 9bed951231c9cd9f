//! A socket whose kernel side is in another process.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use netloom_wire::{Errno, Flags, Header, MessageType, Protocol};

use super::control::{Control, gone};
use super::protocol::{self, EXACT, FRAMED, Frame, Op, Request};
use super::sys::{self, Take};
use crate::socket::{Address, Endpoint, Opt, ReceiveOptions, Received, RecvFlags};

/// How long a close waits for the kernel side to have closed.
const CLOSING: Duration = Duration::from_secs(1);

/// The longest datagram that is written to the data channel: far less than the channel's send buffer.
const DETACHED: usize = 64 * 1024;

/// Between two attempts at a port that has no room.
const PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// One socket: a control channel and a data channel of its own, so that a slow answer here keeps no other waiting.
pub(super) struct UnixEndpoint {
    control: Mutex<Control>,
    socket: u32,
    data: OwnedFd,
    /// Whether datagrams are received by control, the data channel telling only that there are some.
    exact: bool,
    /// Held while a record is looked at and taken.
    reading: Mutex<()>,
    nonblocking: AtomicBool,
    detached: AtomicBool,
    /// The port that it is connected to.
    peer: AtomicU32,
    packet_info: AtomicBool,
    pass_credentials: AtomicBool,
    /// The reader's room, as far as the kernel side was told.
    room: AtomicUsize,
}

impl UnixEndpoint {
    pub(super) fn open(mut control: Control, protocol: Protocol, exact: bool) -> Result<Self, Errno> {
        let b = if exact { EXACT } else { FRAMED };
        let request = Request { op: Op::SOCKET, a: protocol.number().into(), b, ..Request::default() };
        let (answer, _, passed) = control.ask(request, &[])?;
        let (socket, data) = (answer.a, passed.ok_or(Errno::EPROTO)?);
        control.set_patience(None)?;
        Ok(Self {
            control: Mutex::new(control),
            socket,
            data,
            exact,
            reading: Mutex::new(()),
            nonblocking: AtomicBool::new(false),
            detached: AtomicBool::new(false),
            peer: AtomicU32::new(0),
            packet_info: AtomicBool::new(false),
            pass_credentials: AtomicBool::new(false),
            room: AtomicUsize::new(0),
        })
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, op: Op, [a, b, c]: [u32; 3], payload: &[u8]) -> Result<(u32, u32), Errno> {
        let request = Request { op, socket: self.socket, a, b, c, tag: 0 };
        let mut control = self.control();
        let (answer, ..) = control.ask(request, payload)?;
        Ok((answer.a, answer.b))
    }

    fn tell(&self, op: Op, values: [u32; 3]) -> Result<(), Errno> {
        self.ask(op, values, &[]).map(drop)
    }

    /// Receives by control. The room sizes the chunks of dumps, as a receive's does in Linux.
    fn receive(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Result<Received, Errno> {
        let peek = flags.contains(RecvFlags::PEEK);
        let wait = !flags.contains(RecvFlags::DONTWAIT) && !self.nonblocking.load(Ordering::Relaxed);
        // Whoever does not wait, waits for no handler that has been given up either.
        let until = if wait { deadline } else { Some(Instant::now()) };
        loop {
            match self.control().receive(self.data.as_fd(), self.socket, buf, peek, until) {
                Err(Errno::EAGAIN) if wait => {}
                done => return done,
            }
            // A mark may stand there although a handler keeps the answer.
            let over = deadline.is_some_and(|deadline| deadline <= Instant::now());
            if over || !sys::wait_readable(self.data.as_fd(), deadline)? {
                return Err(Errno::EAGAIN);
            }
        }
    }

    /// Takes a datagram, or an error, if there is one.
    fn take(&self, buf: &mut [u8], peek: bool) -> Result<Received, Errno> {
        let _turn = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut head = [0; Frame::LEN];
        let how = if peek { Take::Peek } else { Take::Now };
        let len = sys::recv(self.data.as_fd(), &mut head, buf, how).map_err(gone)?;
        if len == 0 {
            return Err(Errno::ECONNRESET);
        }
        let shown = len.checked_sub(Frame::LEN).ok_or(Errno::EPROTO)?;
        match Frame::read(&head).ok_or(Errno::EPROTO)? {
            Frame::Error(errno) => {
                if peek {
                    // Told is taken, as with an error of a socket.
                    sys::recv(self.data.as_fd(), &mut head, buf, Take::Now).map_err(gone)?;
                }
                Err(errno)
            }
            Frame::Datagram { len, source, group, credentials, destination, namespace } => {
                let options = ReceiveOptions {
                    packet_info: self.packet_info.load(Ordering::Relaxed),
                    pass_credentials: self.pass_credentials.load(Ordering::Relaxed),
                    // Of another one comes only what was asked for.
                    all_namespaces: true,
                };
                let taken = shown.min(buf.len());
                Ok(Received::told((len, taken), (source, group, credentials, namespace), destination, options))
            }
        }
    }

    /// Lets the chunks of a dump grow to the reader's room: the kernel side does not see it.
    fn tell_room(&self, room: usize, datagram: &[u8]) {
        if room <= self.room.load(Ordering::Relaxed) {
            return;
        }
        let chunk =
            Header::read(datagram).is_some_and(|h| h.flags.contains(Flags::MULTI) && h.kind != MessageType::DONE);
        // Whoever sends now may take long: another time, then.
        if chunk && let Ok(mut control) = self.control.try_lock() {
            let a = u32::try_from(room).unwrap_or(u32::MAX);
            let request = Request { op: Op::ROOM, socket: self.socket, a, ..Request::default() };
            if control.ask(request, &[]).is_ok() {
                self.room.store(room, Ordering::Relaxed);
            }
        }
    }
}

impl Endpoint for UnixEndpoint {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Result<usize, Errno> {
        // By the data channel, whose other end takes it in after the write. A long one might not fit there at all.
        if to.is_none() && self.detached.load(Ordering::Relaxed) && bytes.len() <= DETACHED {
            return sys::send(self.data.as_fd(), &[], bytes, false).map_err(gone);
        }
        let [port, groups, given] = to.map_or([0; 3], |to| [to.port, to.groups, 1]);
        let mut sent = self.ask(Op::SEND, [port, groups, given], bytes);
        // Another port's queue is full. The server does not wait for it, nor tells when there is room; a group has had it.
        let port = to.map_or_else(|| self.peer.load(Ordering::Relaxed), |to| to.port);
        let mut pause = PAUSE;
        while sent == Err(Errno::EAGAIN) && !self.nonblocking.load(Ordering::Relaxed) {
            thread::sleep(pause);
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            sent = self.ask(Op::SEND, [port, 0, 1], bytes);
        }
        Ok(sent?.0 as usize)
    }

    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Result<Received, Errno> {
        if self.exact {
            return self.receive(buf, flags, deadline);
        }
        let peek = flags.contains(RecvFlags::PEEK);
        let wait = !flags.contains(RecvFlags::DONTWAIT) && !self.nonblocking.load(Ordering::Relaxed);
        loop {
            match self.take(buf, peek) {
                Err(Errno::EAGAIN) if wait => {}
                Err(errno) => return Err(errno),
                Ok(received) => {
                    self.tell_room(buf.len(), buf.get(..received.len).unwrap_or(buf));
                    return Ok(received);
                }
            }
            if !sys::wait_readable(self.data.as_fd(), deadline)? {
                return Err(Errno::EAGAIN);
            }
        }
    }

    fn bind(&self, address: Address) -> Result<(), Errno> {
        self.tell(Op::BIND, [address.port, address.groups, 0])
    }

    fn connect(&self, peer: Address) -> Result<(), Errno> {
        self.tell(Op::CONNECT, [peer.port, peer.groups, 0])?;
        self.peer.store(peer.port, Ordering::Relaxed);
        Ok(())
    }

    fn local(&self) -> Result<Address, Errno> {
        let (port, groups) = self.ask(Op::NAME, [0; 3], &[])?;
        Ok(Address { port, groups })
    }

    fn join(&self, group: u32) -> Result<(), Errno> {
        self.tell(Op::JOIN, [group, 0, 0])
    }

    fn leave(&self, group: u32) -> Result<(), Errno> {
        self.tell(Op::LEAVE, [group, 0, 0])
    }

    fn memberships(&self) -> Result<Vec<u32>, Errno> {
        let request = Request { op: Op::MEMBERSHIPS, socket: self.socket, ..Request::default() };
        let mut control = self.control();
        let (_, mask, _) = control.ask(request, &[])?;
        Ok(protocol::groups_of(mask))
    }

    fn set(&self, option: Opt, value: u32) -> Result<(), Errno> {
        let (level, name) = protocol::numbers_of(option);
        self.tell(Op::SET, [level, name, value])?;
        match option {
            Opt::PktInfo => self.packet_info.store(value != 0, Ordering::Relaxed),
            Opt::PassCredentials => self.pass_credentials.store(value != 0, Ordering::Relaxed),
            _ => {}
        }
        Ok(())
    }

    fn option(&self, option: Opt) -> Result<u32, Errno> {
        let (level, name) = protocol::numbers_of(option);
        Ok(self.ask(Op::GET, [level, name, 0], &[])?.0)
    }

    fn set_send_timeout(&self, patience: Option<Duration>) -> Result<(), Errno> {
        self.control().set_patience(patience)
    }

    fn set_detached(&self, on: bool) -> bool {
        self.detached.store(on, Ordering::Relaxed);
        true
    }

    fn set_nonblocking(&self, on: bool) -> Result<(), Errno> {
        self.nonblocking.store(on, Ordering::Relaxed);
        Ok(())
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.data.as_fd())
    }
}

impl Drop for UnixEndpoint {
    fn drop(&mut self) {
        // As with a close of Linux, the port id is free and the dump has ended when this returns.
        let request = Request { op: Op::CLOSE, socket: self.socket, ..Request::default() };
        let deadline = Instant::now().checked_add(CLOSING);
        let _ = self.control().ask_until(request, &[], deadline);
    }
}

impl fmt::Debug for UnixEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix socket, number {}", self.socket)
    }
}
