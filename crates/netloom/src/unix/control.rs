//! A control channel, from the client's end.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use netloom_wire::Errno;

use super::listing;
use super::protocol::{
    Answer, Frame, MAGIC, MAX_RECORD, MSG_DONTWAIT, MSG_PEEK, OWN_NAMESPACE, Op, Request, TAKE_MARK, TELL_CREDENTIALS,
    TELL_GROUP, TELL_NAMESPACE, VERSION,
};
use super::receive::TOLD;
use super::sys::{self, Take};
use crate::kernel::SocketState;
use crate::socket::{ReceiveOptions, Received};

/// The room for an answer: the memberships of half a million groups.
const ANSWER: usize = 64 * 1024;

/// A control channel, from the client's end.
pub(super) struct Control {
    fd: OwnedFd,
    tag: u32,
    /// The tag that was answered last; an older one than `tag`'s: somebody gave up waiting.
    answered: u32,
    record: Vec<u8>,
    /// A receive that was given up: its answer is yet to come.
    owed: Option<Owed>,
    /// What it brought, which would be lost.
    kept: Option<Vec<u8>>,
}

#[derive(Clone, Copy)]
struct Owed {
    tag: u32,
    peek: bool,
}

impl Control {
    pub(super) fn new(fd: OwnedFd, patience: Duration) -> Result<Self, Errno> {
        sys::set_send_buffer(fd.as_fd(), MAX_RECORD);
        sys::set_timeouts(fd.as_fd(), Some(patience))?;
        Ok(Self { fd, tag: 0, answered: 0, record: vec![0; ANSWER], owed: None, kept: None })
    }

    /// Says which protocol and version this is, and hears the same.
    pub(super) fn greet(&mut self, deadline: Option<Instant>) -> Result<(), Errno> {
        let hello = Request { op: Op::HELLO, a: VERSION, ..Request::default() };
        let (answer, payload, _) = self.ask_until(hello, &MAGIC, deadline)?;
        if payload == MAGIC && answer.a == VERSION { Ok(()) } else { Err(Errno::EPROTO) }
    }

    /// The open sockets of the kernel side, those of all clients.
    pub(super) fn sockets(&mut self, deadline: Option<Instant>) -> Result<Vec<SocketState>, Errno> {
        // Sockets come and go between pages; a server that invents them without end is none.
        const MOST: usize = 1 << 20;
        let mut sockets = Vec::new();
        while sockets.len() < MOST {
            let a = u32::try_from(sockets.len()).map_err(|_| Errno::EPROTO)?;
            let request = Request { op: Op::SOCKETS, a, ..Request::default() };
            let (_, rows, _) = self.ask_until(request, &[], deadline)?;
            if rows.is_empty() {
                return Ok(sockets);
            }
            sockets.extend(listing::read(rows)?);
        }
        Err(Errno::EPROTO)
    }

    /// Receives on an exact socket, without waiting for something to come: EAGAIN. If a request that was given up is still
    /// being handled, which the answer comes after, waits for that until `until`.
    pub(super) fn receive(
        &mut self,
        data: BorrowedFd<'_>,
        socket: u32,
        buf: &mut [u8],
        peek: bool,
        until: Option<Instant>,
    ) -> Result<Received, Errno> {
        if let Some(owed) = self.owed {
            self.answer_to(owed.tag, until).map_err(not_yet)?;
        }
        if let Some(kept) = self.kept.take() {
            let told = Reception::read(&kept)?;
            let received = told.copy(buf);
            if peek && received.is_ok() {
                self.kept = Some(kept);
                return received;
            }
            told.take_mark(data);
            if received != Err(Errno::EAGAIN) {
                return received;
            }
        }
        let wanted = (Answer::LEN + TOLD).saturating_add(buf.len());
        if self.record.len() < wanted {
            self.record.resize(wanted, 0);
        }
        // What was asked before has not been answered: somebody gave up waiting for that.
        let behind = self.answered != self.tag;
        let room = u32::try_from(buf.len()).unwrap_or(u32::MAX);
        let flags = if peek { MSG_DONTWAIT | MSG_PEEK } else { MSG_DONTWAIT };
        self.send(Request { op: Op::RECV, socket, a: flags, b: room, ..Request::default() }, &[])?;
        let tag = self.tag;
        let (len, _) = self.answer_to(tag, until.filter(|_| behind)).map_err(|errno| {
            if errno == Errno::ETIMEDOUT {
                self.owed = Some(Owed { tag, peek });
            }
            not_yet(errno)
        })?;
        let told = Reception::read(self.record.get(..len).unwrap_or_default())?;
        told.take_mark(data);
        told.copy(buf)
    }

    pub(super) fn ask(&mut self, request: Request, payload: &[u8]) -> Result<(Answer, &[u8], Option<OwnedFd>), Errno> {
        self.ask_until(request, payload, None)
    }

    /// Bounds how long a request waits for its answer, where no deadline does; ETIMEDOUT then.
    pub(super) fn set_patience(&self, patience: Option<Duration>) -> Result<(), Errno> {
        sys::set_timeouts(self.fd.as_fd(), patience)
    }

    /// Sends a request and waits for its answer, as long as there is patience, or until a deadline: the handler behind it
    /// may be slow.
    pub(super) fn ask_until(
        &mut self,
        request: Request,
        payload: &[u8],
        deadline: Option<Instant>,
    ) -> Result<(Answer, &[u8], Option<OwnedFd>), Errno> {
        self.send(request, payload)?;
        let (len, passed) = self.answer_to(self.tag, deadline)?;
        let (answer, payload) = self.record.get(..len).and_then(Answer::read).ok_or(Errno::EPROTO)?;
        if answer.errno == Errno(0) { Ok((answer, payload, passed)) } else { Err(answer.errno) }
    }

    fn send(&mut self, request: Request, payload: &[u8]) -> Result<(), Errno> {
        self.tag = self.tag.wrapping_add(1).max(1);
        let head = Request { tag: self.tag, ..request }.to_bytes();
        repeat(|| sys::send(self.fd.as_fd(), &head, payload, true)).map(drop).map_err(late)
    }

    /// Waits for the answer to a request; it is in the record then.
    fn answer_to(&mut self, tag: u32, deadline: Option<Instant>) -> Result<(usize, Option<OwnedFd>), Errno> {
        loop {
            if deadline.is_some() && !repeat(|| sys::wait_readable(self.fd.as_fd(), deadline))? {
                return Err(Errno::ETIMEDOUT);
            }
            let (len, passed) =
                repeat(|| sys::recv_with_fd(self.fd.as_fd(), &mut self.record, Take::Wait)).map_err(late)?;
            if len == 0 {
                return Err(Errno::ECONNRESET);
            }
            let (answer, _) = self.record.get(..len).and_then(Answer::read).ok_or(Errno::EPROTO)?;
            // Tag 0 answers whatever was asked.
            if answer.tag == 0 {
                return Ok((len, passed));
            }
            self.answered = answer.tag;
            self.keep(answer, len);
            match tag.wrapping_sub(answer.tag) {
                0 => return Ok((len, passed)),
                // What was given up before.
                behind if behind <= u32::MAX / 2 => {}
                _ => return Err(Errno::EPROTO),
            }
        }
    }
}

impl Control {
    /// Keeps what a receive brought that was given up, unless that is still where it was.
    fn keep(&mut self, answer: Answer, len: usize) {
        let Some(owed) = self.owed.take_if(|owed| owed.tag == answer.tag) else { return };
        let nothing = match answer.errno {
            Errno(0) => owed.peek,
            errno => errno == Errno::EAGAIN && answer.b & TAKE_MARK == 0,
        };
        if !nothing {
            self.kept = self.record.get(..len).map(<[u8]>::to_vec);
        }
    }
}

/// The answer to a receive.
struct Reception<'r> {
    answer: Answer,
    payload: &'r [u8],
}

impl<'r> Reception<'r> {
    fn read(record: &'r [u8]) -> Result<Self, Errno> {
        let (answer, payload) = Answer::read(record).ok_or(Errno::EPROTO)?;
        Ok(Self { answer, payload })
    }

    /// Takes a mark off the data channel, if nothing is left to receive.
    fn take_mark(&self, data: BorrowedFd<'_>) {
        if self.answer.b & TAKE_MARK != 0 {
            let _ = repeat(|| sys::recv(data, &mut [], &mut [0], Take::Now));
        }
    }

    fn copy(&self, buf: &mut [u8]) -> Result<Received, Errno> {
        let Answer { errno, b: told, .. } = self.answer;
        if errno != Errno(0) {
            return Err(errno);
        }
        let (head, rest) = self.payload.split_first_chunk::<{ Frame::LEN }>().ok_or(Errno::EPROTO)?;
        let (namespace, bytes) = rest.split_first_chunk::<4>().ok_or(Errno::EPROTO)?;
        let Some(Frame::Datagram { len, source, group, credentials, destination, .. }) = Frame::read(head) else {
            return Err(Errno::EPROTO);
        };
        let taken = bytes.len().min(buf.len()).min(len);
        if let (Some(to), Some(from)) = (buf.get_mut(..taken), bytes.get(..taken)) {
            to.copy_from_slice(from);
        }
        let options = ReceiveOptions {
            packet_info: told & TELL_GROUP != 0,
            pass_credentials: told & TELL_CREDENTIALS != 0,
            all_namespaces: told & TELL_NAMESPACE != 0,
        };
        let namespace = Some(i32::from_ne_bytes(*namespace)).filter(|id| *id != OWN_NAMESPACE);
        Ok(Received::told((len, taken), (source, group, credentials, namespace), destination, options))
    }
}

/// A receive that has no answer yet is one that found nothing.
fn not_yet(errno: Errno) -> Errno {
    if errno == Errno::ETIMEDOUT { Errno::EAGAIN } else { errno }
}

/// What a wait for the server that ended without it is to a caller.
fn late(errno: Errno) -> Errno {
    if errno == Errno::EAGAIN { Errno::ETIMEDOUT } else { gone(errno) }
}

/// What the end of the server is to a caller.
pub(super) fn gone(errno: Errno) -> Errno {
    if errno == Errno::EPIPE { Errno::ECONNRESET } else { errno }
}

fn repeat<T>(call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    crate::socket::retry(call)
}
