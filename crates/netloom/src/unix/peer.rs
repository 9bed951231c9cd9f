//! One client of the server: its control channel, its data channels, and the thread that serves them.

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use netloom_wire::Errno;

use super::channel::{Buffer, Channel, Mode, SEND_BUFFER, Sent};
use super::crowd::Place;
use super::listing;
use super::protocol::{self, Answer, EXACT, FRAMED, MAGIC, Op, Request, VERSION};
use super::receive::{Receive, Waiting};
use super::sys::{self, Epoll};
use crate::kernel::Kernel;
use crate::socket::{Address, Credentials, Opt};

/// The sockets that one control channel may have open.
pub(super) const MAX_SOCKETS: usize = 256;
/// Datagrams taken off one data channel before the others have their turn.
const TURN: usize = 64;

const CONTROL: u64 = u64::MAX;
const STOP: u64 = u64::MAX - 1;
const ARRIVED: u64 = u64::MAX - 2;

pub(super) struct Peer {
    kernel: Kernel,
    control: OwnedFd,
    place: Place,
    epoll: Arc<Epoll>,
    channels: HashMap<u32, Arc<Channel>>,
    last: u32,
    greeted: bool,
    buf: Buffer,
    mask: Vec<u8>,
    /// Receives that wait; there once a socket is exact.
    waiting: Option<Waiting>,
}

/// Why a control channel ends.
pub(super) struct End;

/// What an answer holds besides tag and errno.
#[derive(Default)]
struct Values {
    a: u32,
    b: u32,
    passed: Option<OwnedFd>,
    payload: Payload,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Payload {
    #[default]
    None,
    Magic,
    Mask,
}

impl Peer {
    pub(super) fn new(kernel: Kernel, control: OwnedFd, place: Place, stop: BorrowedFd<'_>) -> Result<Self, Errno> {
        let epoll = Arc::new(Epoll::new()?);
        epoll.add(control.as_fd(), sys::IN, CONTROL)?;
        epoll.add(stop, sys::IN, STOP)?;
        let (channels, buf, mask) = (HashMap::new(), Buffer::default(), Vec::new());
        Ok(Self { kernel, control, place, epoll, channels, last: 0, greeted: false, buf, mask, waiting: None })
    }

    /// Serves it until it is gone, or the server stops. Handlers run in here.
    pub(super) fn serve(mut self) {
        let mut unfinished: Vec<u32> = Vec::new();
        loop {
            let Ok(names) = self.epoll.wait((!unfinished.is_empty()).then_some(0)) else { return };
            if names.contains(&STOP) {
                return;
            }
            let mut due = std::mem::take(&mut unfinished);
            due.extend(names.iter().filter_map(|name| u32::try_from(*name).ok()));
            due.sort_unstable();
            due.dedup();
            for socket in due {
                if !self.serve_channel(socket) {
                    unfinished.push(socket);
                }
            }
            if names.contains(&ARRIVED) && self.serve_waiting().is_err() {
                return self.finish();
            }
            if names.contains(&CONTROL) && self.serve_control().is_err() {
                return self.finish();
            }
            self.buf.rest();
        }
    }

    /// Does what is left of a client that is gone: what it wrote, it has sent.
    fn finish(&mut self) {
        let open: Vec<u32> = self.channels.keys().copied().collect();
        for socket in open {
            // As many small datagrams as a channel holds; who else has the channel may not keep us.
            let _ = (0..8).any(|_| self.serve_channel(socket));
        }
    }

    /// Does what a data channel asks for; false if there may be more.
    fn serve_channel(&mut self, socket: u32) -> bool {
        let Some(channel) = self.channels.get(&socket).cloned() else { return true };
        channel.was_read();
        for _ in 0..TURN {
            match channel.deliver(&mut self.place, &mut self.buf) {
                Sent::Datagram => {}
                Sent::Nothing => return true,
                Sent::End => {
                    self.close(socket);
                    return true;
                }
            }
        }
        false
    }

    /// Takes one request and answers it.
    fn serve_control(&mut self) -> Result<(), End> {
        let (len, sender) = match self.buf.take(self.control.as_fd()) {
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(()),
            Ok((0, _)) | Err(_) => return Err(End),
            Ok(record) => record,
        };
        let by = self.place.caller(sender);
        let mut buf = std::mem::take(&mut self.buf);
        let done = match buf.get(len).map(Request::read) {
            // Longer than any record may be.
            None => Err((0, Errno::EMSGSIZE)),
            Some(None) => Err((0, Errno::EPROTO)),
            Some(Some((request, _))) if self.greeted && request.op == Op::RECV => {
                std::mem::swap(&mut self.buf, &mut buf);
                return self.serve_receive(request);
            }
            Some(Some((request, payload))) => Ok((request, self.answer(request, payload, by))),
        };
        std::mem::swap(&mut self.buf, &mut buf);
        match done {
            Ok((request, Ok(values))) => self.tell(request.tag, values),
            Ok((request, Err(errno))) => {
                self.refuse(request.tag, errno)?;
                // Who does not greet speaks something else.
                if self.greeted { Ok(()) } else { Err(End) }
            }
            Err((tag, errno)) => {
                let _ = self.refuse(tag, errno);
                Err(End)
            }
        }
    }

    fn answer(&mut self, request: Request, payload: &[u8], by: Credentials) -> Result<Values, Errno> {
        let Request { op, a, b, c, socket, .. } = request;
        match op {
            Op::HELLO if payload != MAGIC => return Err(Errno::EPROTO),
            Op::HELLO => {
                self.greeted = a == VERSION;
                // The answer to another version is ours; see `tell`.
                return Ok(Values { a: VERSION, payload: Payload::Magic, ..Values::default() });
            }
            _ if !self.greeted => return Err(Errno::EPROTO),
            Op::SOCKET => return self.open(a, b, by),
            Op::SOCKETS => {
                let (rows, count) = listing::page(&self.kernel.sockets(), a);
                self.mask = rows;
                return Ok(Values { a: count, payload: Payload::Mask, ..Values::default() });
            }
            _ => {}
        }
        let open = self.channels.get(&socket).ok_or(Errno::EBADF)?.port().clone();
        let address = Address { port: a, groups: b };
        match op {
            Op::CANCEL => return self.cancel(socket, a).map(|()| Values::default()),
            Op::BIND => return self.kernel.bind(&open, &by, address).map(|()| Values::default()),
            Op::JOIN => return self.kernel.join(&open, &by, a).map(|()| Values::default()),
            Op::LEAVE => return self.kernel.leave(&open, &by, a).map(|()| Values::default()),
            _ => {}
        }
        let engine = self.kernel.engine();
        let mut values = Values::default();
        match op {
            Op::CONNECT => engine.connect(&open, &by, address)?,
            Op::NAME => {
                let local = engine.local(&open)?;
                (values.a, values.b) = (local.port, local.groups);
            }
            Op::PEER => {
                let peer = engine.peer(&open)?;
                (values.a, values.b) = (peer.port, peer.groups);
            }
            Op::SET => {
                let option = protocol::option(a, b)?;
                engine.set_option(&open, &by, option, c)?;
                if matches!(option, Opt::ReceiveBuffer | Opt::ReceiveBufferForce) {
                    let limit = engine.option(&open, option)?;
                    if let Some(channel) = self.channels.get(&socket) {
                        channel.set_limit(limit);
                    }
                }
            }
            Op::GET if (a, b) == (protocol::SOL_SOCKET, protocol::SO_ERROR) => {
                values.a = engine.take_error(&open).map_or(0, |errno| errno.0.cast_unsigned());
                values.b = self.channels.get(&socket).is_some_and(|channel| channel.unmark()).into();
            }
            Op::GET => values.a = engine.option(&open, protocol::option(a, b)?)?,
            Op::MEMBERSHIPS => {
                self.mask = protocol::mask_of(&engine.memberships(&open)?);
                values.payload = Payload::Mask;
            }
            Op::ROOM => engine.set_room(&open, a as usize),
            Op::CLOSE => self.close(socket),
            Op::SEND => {
                let taken = self.kernel.deliver(&open, &by, (c == 1).then_some(address), payload)?;
                values.a = u32::try_from(taken).unwrap_or(u32::MAX);
            }
            _ => return Err(Errno::EOPNOTSUPP),
        }
        Ok(values)
    }

    fn open(&mut self, protocol: u32, flags: u32, by: Credentials) -> Result<Values, Errno> {
        let mode = match flags {
            0 => Mode::Plain,
            FRAMED => Mode::Framed,
            EXACT => Mode::Exact(self.switch()?),
            _ => return Err(Errno::EINVAL),
        };
        if self.channels.len() >= MAX_SOCKETS {
            return Err(Errno::EMFILE);
        }
        self.place.open()?;
        let opened = self.open_channel(protocol, mode, by);
        if opened.is_err() {
            self.place.close();
        }
        opened
    }

    fn open_channel(&mut self, protocol: u32, mode: Mode, by: Credentials) -> Result<Values, Errno> {
        let mut number = self.last.wrapping_add(1);
        while self.channels.contains_key(&number) {
            number = number.wrapping_add(1);
        }
        self.last = number;
        let (channel, theirs) = Channel::open(&self.kernel, &self.epoll, number, protocol, by, mode)?;
        self.channels.insert(number, channel);
        Ok(Values { a: number, passed: Some(theirs), ..Values::default() })
    }

    /// Closes a socket: its port, and with it the data channel.
    fn close(&mut self, socket: u32) {
        if let Some(channel) = self.channels.remove(&socket) {
            channel.close();
            self.place.close();
            if let Some(waiting) = &self.waiting {
                // Who receives on it hears that it is gone.
                waiting.look();
            }
        }
    }

    /// What receives that wait are told by.
    fn switch(&mut self) -> Result<Arc<OwnedFd>, Errno> {
        if let Some(waiting) = &self.waiting {
            return Ok(waiting.switch());
        }
        let waiting = Waiting::new()?;
        self.epoll.add(waiting.switch().as_fd(), sys::IN, ARRIVED)?;
        // Datagrams go by it.
        sys::set_send_buffer(self.control.as_fd(), SEND_BUFFER);
        Ok(self.waiting.insert(waiting).switch())
    }

    /// Answers a receive, or has it wait.
    fn serve_receive(&mut self, request: Request) -> Result<(), End> {
        let exact = match self.channels.get(&request.socket) {
            None => Err(Errno::EBADF),
            Some(channel) if !channel.is_exact() => Err(Errno::EOPNOTSUPP),
            Some(_) => Receive::of(request),
        };
        match exact {
            Ok(receive) => self.receive(receive),
            Err(errno) => self.refuse(request.tag, errno),
        }
    }

    /// Looks again at the receives that wait.
    fn serve_waiting(&mut self) -> Result<(), End> {
        let due = self.waiting.as_mut().map(Waiting::due).unwrap_or_default();
        due.into_iter().try_for_each(|receive| self.receive(receive))
    }

    fn receive(&mut self, receive: Receive) -> Result<(), End> {
        let Some(channel) = self.channels.get(&receive.socket) else {
            return self.refuse(receive.tag, Errno::EBADF);
        };
        loop {
            let taken = self.kernel.receive(channel.port(), receive.room, receive.peek);
            match taken {
                Err(Errno::EAGAIN) if receive.wait => {
                    if channel.await_arrival() {
                        break;
                    }
                }
                taken => {
                    let mark = channel.unmark();
                    return self.write(|fd| receive.answer(fd, &taken, mark));
                }
            }
        }
        let kept = self.waiting.as_mut().is_some_and(|waiting| waiting.add(receive));
        if kept { Ok(()) } else { self.refuse(receive.tag, Errno::ENOMEM) }
    }

    /// Ends a receive that waits. ENOENT if it does not: what it received is under way.
    fn cancel(&mut self, socket: u32, tag: u32) -> Result<(), Errno> {
        let waited = self.waiting.as_mut().is_some_and(|waiting| waiting.remove(socket, tag));
        if !waited {
            return Err(Errno::ENOENT);
        }
        // A client that cannot be told this is not told of its cancel either, and let go.
        let _ = self.refuse(tag, Errno::EINTR);
        Ok(())
    }

    fn tell(&self, tag: u32, values: Values) -> Result<(), End> {
        let errno = match values.payload {
            Payload::Magic if !self.greeted => Errno::EPROTONOSUPPORT,
            _ => Errno(0),
        };
        let head = Answer { tag, errno, a: values.a, b: values.b }.to_bytes();
        let payload = match values.payload {
            Payload::None => &[][..],
            Payload::Magic => &MAGIC,
            Payload::Mask => &self.mask,
        };
        self.write(|fd| match &values.passed {
            Some(passed) => sys::send_with_fd(fd, &head, passed.as_fd()),
            None => sys::send(fd, &head, payload, false),
        })?;
        if errno == Errno(0) { Ok(()) } else { Err(End) }
    }

    fn refuse(&self, tag: u32, errno: Errno) -> Result<(), End> {
        let head = Answer::error(tag, errno).to_bytes();
        self.write(|fd| sys::send(fd, &head, &[], false))
    }

    /// A client that does not read its answers is let go: waiting for it would keep the thread.
    fn write(&self, send: impl Fn(BorrowedFd<'_>) -> Result<usize, Errno>) -> Result<(), End> {
        loop {
            match send(self.control.as_fd()) {
                Err(Errno::EINTR) => {}
                done => return done.map(drop).map_err(|_| End),
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        for (_, channel) in self.channels.drain() {
            channel.close();
        }
    }
}
