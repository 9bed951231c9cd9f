//! A socket of NETLINK_ROUTE that leads to two kernels, under one port id.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netloom::Errno;
use netloom::socket::{Address, Endpoint, Opt, Received, RecvFlags, Wake};
use netloom::wire::{Flags, Header, MessageType, RawMessage, messages};

use super::request::{self, For};
use crate::sys::{self, Epoll};

type Answer<T> = Result<T, Errno>;

/// How long our own kernel side may take to answer what is asked in between.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks whether it has.
const PAUSE: Duration = Duration::from_micros(100);
/// `RTMGRP_LINK`.
const LINK_GROUP: u32 = 1;
/// Dumps that wait for Linux's part; those that it never ended are forgotten.
const MOST_DUMPS: usize = 16;

pub(super) struct MergedRoute {
    /// Whose number the port id is, if it is free.
    process: u32,
    /// Links of Linux are not told of.
    isolated: bool,
    ours: Arc<dyn Endpoint>,
    linux: Arc<dyn Endpoint>,
    /// For questions of our own.
    ours_asked: Arc<dyn Endpoint>,
    linux_asked: Arc<dyn Endpoint>,
    /// Readable when either is, if both have descriptors.
    both: Option<Epoll>,
    /// Held while a question of our own is open; its sequence number.
    asking: Mutex<u32>,
    /// Held while ours is read. Who takes datagrams for the program does not wait for it: it may be inside of a handler
    /// that whoever has it waits for.
    reading: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bound: bool,
    /// What can be read, in order.
    queue: VecDeque<(Received, Vec<u8>)>,
    /// Our part of a dump, by its sequence number: told before Linux's ends.
    dumps: HashMap<u32, Vec<Vec<u8>>>,
}

impl MergedRoute {
    pub(super) fn new(
        process: u32,
        isolated: bool,
        [ours, ours_asked]: [Arc<dyn Endpoint>; 2],
        [linux, linux_asked]: [Arc<dyn Endpoint>; 2],
    ) -> Answer<Self> {
        for endpoint in [&ours, &linux, &ours_asked, &linux_asked] {
            endpoint.set_nonblocking(true)?;
        }
        let both = match (ours.as_fd(), linux.as_fd()) {
            (Some(one), Some(other)) => {
                let epoll = Epoll::new()?;
                epoll.add(one, sys::LEVEL, 0)?;
                epoll.add(other, sys::LEVEL, 1)?;
                Some(epoll)
            }
            _ => None,
        };
        Ok(Self {
            process,
            isolated,
            ours,
            linux,
            ours_asked,
            linux_asked,
            both,
            asking: Mutex::default(),
            reading: Mutex::default(),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(&self) -> MutexGuard<'_, ()> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives both the same port id: a wanted one, else the program's own number, else any.
    // net/netlink/af_netlink.c: netlink_autobind
    fn bind_both(&self, address: Address) -> Answer<()> {
        let mut state = self.state();
        // What Linux says of links is not heard of.
        let there = if self.isolated { Address { groups: address.groups & !LINK_GROUP, ..address } } else { address };
        let own = Address { port: self.process, ..there };
        let chosen = address.port == 0 && !state.bound && self.linux.bind(own).is_ok();
        if !chosen {
            self.linux.bind(there)?;
        }
        state.bound = true;
        drop(state);
        let port = self.linux.local()?.port;
        self.ours.bind(Address { port, ..address })
    }

    fn ensure_bound(&self) -> Answer<()> {
        let bound = self.state().bound;
        if bound { Ok(()) } else { self.bind_both(Address::default()) }
    }

    /// Whether one of them has a link of this name.
    fn has(&self, asked: &dyn Endpoint, name: &str) -> bool {
        let mut last = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        *last = last.wrapping_add(1);
        let seq = *last;
        let deadline = Instant::now().checked_add(PATIENCE);
        if asked.send(None, &request::get_by_name(name, seq)).is_err() {
            return false;
        }
        loop {
            let Ok((_, answer)) = take(asked, deadline) else { return false };
            if let Some(Ok(message)) = messages(&answer).next()
                && message.header.seq == seq
            {
                return message.header.kind != MessageType::ERROR;
            }
        }
    }

    /// Sends one message where it belongs; see [`For`].
    fn send_one(&self, message: &RawMessage<'_>) -> Answer<()> {
        if self.isolated && request::is_of_links(message) {
            let asked = match request::judge(message) {
                For::Both(asked) => asked,
                _ => message.bytes.to_vec(),
            };
            return self.ours.send(None, &asked).map(drop);
        }
        match request::judge(message) {
            For::Linux => self.linux.send(None, message.bytes).map(drop),
            For::Ours => {
                if let Some(name) = request::new_name(message)
                    && self.has(&*self.linux_asked, &name)
                {
                    return self.refuse(message, Errno::EEXIST);
                }
                self.ours.send(None, message.bytes).map(drop)
            }
            For::Named { name, makes } => {
                if self.has(&*self.ours_asked, &name) {
                    return self.ours.send(None, message.bytes).map(drop);
                }
                if !makes {
                    return self.linux.send(None, message.bytes).map(drop);
                }
                match self.has(&*self.linux_asked, &name) {
                    true if message.header.flags.contains(Flags::EXCL) => self.refuse(message, Errno::EEXIST),
                    true => self.linux.send(None, message.bytes).map(drop),
                    false => self.make(message),
                }
            }
            For::Nameless => self.make(message),
            For::Both(asked) => {
                let _reading = self.reading();
                self.linux.send(None, message.bytes)?;
                let seq = message.header.seq;
                let part = self.dump(&asked, seq)?;
                let mut state = self.state();
                if state.dumps.len() >= MOST_DUMPS {
                    state.dumps.clear();
                }
                state.dumps.insert(seq, part);
                Ok(())
            }
        }
    }

    /// Has a link made here, or by Linux if its kind is not known here.
    fn make(&self, message: &RawMessage<'_>) -> Answer<()> {
        let _reading = self.reading();
        self.ours.send(None, message.bytes)?;
        let seq = message.header.seq;
        // Nothing is there where it was done and no acknowledgement asked for.
        let deadline =
            message.header.flags.contains(Flags::ACK).then(|| Instant::now().checked_add(PATIENCE)).flatten();
        while let Ok((received, bytes)) = take(&*self.ours, deadline) {
            let errno = refusal(&bytes, seq);
            if errno == Some(Errno::EOPNOTSUPP) {
                return self.linux.send(None, message.bytes).map(drop);
            }
            self.state().queue.push_back((received, bytes));
            if errno.is_some() {
                break;
            }
        }
        Ok(())
    }

    /// Our part of a dump, without its end. The caller reads.
    fn dump(&self, asked: &[u8], seq: u32) -> Answer<Vec<Vec<u8>>> {
        self.ours.send(None, asked)?;
        let mut part = Vec::new();
        let deadline = Instant::now().checked_add(PATIENCE);
        loop {
            let Ok((received, mut bytes)) = take(&*self.ours, deadline) else { return Ok(part) };
            let first = messages(&bytes).next().and_then(Result::ok).map(|first| first.header);
            match first {
                Some(header) if header.seq == seq && header.kind == MessageType::ERROR => return Ok(part),
                Some(header) if header.seq == seq && header.flags.contains(Flags::MULTI) => {
                    let end = end_of_dump(&bytes, seq);
                    bytes.truncate(end.unwrap_or(bytes.len()));
                    if !bytes.is_empty() {
                        part.push(bytes);
                    }
                    if end.is_some() {
                        return Ok(part);
                    }
                }
                // An event between.
                _ => self.state().queue.push_back((received, bytes)),
            }
        }
    }

    /// Refuses a message as Linux would.
    // net/netlink/af_netlink.c: netlink_ack
    fn refuse(&self, message: &RawMessage<'_>, errno: Errno) -> Answer<()> {
        let port = self.linux.local()?.port;
        let payload = [&errno.0.saturating_neg().to_ne_bytes(), message.bytes].concat();
        let header = Header { seq: message.header.seq, port, ..Header::new(MessageType::ERROR, Flags::NONE) };
        let bytes = header.message(&payload);
        self.state().queue.push_back((self.received(bytes.len(), port), bytes));
        Ok(())
    }

    fn received(&self, len: usize, port: u32) -> Received {
        let mut received = Received::default();
        received.len = len;
        received.destination = Address::port(port);
        received
    }

    /// Puts what Linux says in the queue, and our part of a dump before its end.
    fn queue_linux(&self, state: &mut State, received: Received, mut bytes: Vec<u8>) {
        let first = messages(&bytes).next().and_then(Result::ok).map(|first| first.header);
        let seq = first.map_or(0, |header| header.seq);
        if !state.dumps.contains_key(&seq) {
            return state.queue.push_back((received, bytes));
        }
        if first.is_some_and(|header| header.kind == MessageType::ERROR) {
            // Refused: then there is no dump to add to.
            state.dumps.remove(&seq);
            return state.queue.push_back((received, bytes));
        }
        let Some(end) = end_of_dump(&bytes, seq) else { return state.queue.push_back((received, bytes)) };
        let last = bytes.split_off(end);
        let of = |bytes: &[u8]| {
            let mut part = received;
            part.len = bytes.len();
            part
        };
        if !bytes.is_empty() {
            state.queue.push_back((of(&bytes), bytes));
        }
        for part in state.dumps.remove(&seq).unwrap_or_default() {
            state.queue.push_back((of(&part), part));
        }
        state.queue.push_back((of(&last), last));
    }

    /// Looks for something to read, if nothing is queued.
    fn fill(&self, state: &mut State) -> Answer<()> {
        if !state.queue.is_empty() {
            return Ok(());
        }
        // Whoever reads ours now knows only later where it belongs, and has all that is there looked for again.
        let Ok(_reading) = self.reading.try_lock() else { return Err(Errno::EAGAIN) };
        match take(&*self.ours, None) {
            Err(Errno::EAGAIN) => {}
            taken => {
                state.queue.push_back(taken?);
                return Ok(());
            }
        }
        let (received, bytes) = take(&*self.linux, None)?;
        self.queue_linux(state, received, bytes);
        Ok(())
    }
}

/// What a datagram says that answers this message with an errno or, 0, an acknowledgement.
fn refusal(datagram: &[u8], seq: u32) -> Option<Errno> {
    let first = messages(datagram).next()?.ok()?;
    first.error().filter(|_| first.header.seq == seq).map(|error| error.errno)
}

/// Where the end of this dump lies in a datagram.
fn end_of_dump(datagram: &[u8], seq: u32) -> Option<usize> {
    let mut walk = messages(datagram);
    loop {
        let at = walk.offset();
        let header = walk.next()?.ok()?.header;
        if header.kind == MessageType::DONE && header.seq == seq {
            return Some(at);
        }
    }
}

/// Takes a datagram, whole.
fn take(endpoint: &dyn Endpoint, deadline: Option<Instant>) -> Answer<(Received, Vec<u8>)> {
    loop {
        match endpoint.recv(&mut [], RecvFlags::PEEK | RecvFlags::DONTWAIT, None) {
            Ok(looked) => {
                let mut bytes = vec![0; looked.len];
                let received = endpoint.recv(&mut bytes, RecvFlags::DONTWAIT, None)?;
                // There was room for all of it: it was cut on purpose, to the half that is told of.
                bytes.truncate(if received.truncated { received.len / 2 } else { received.len });
                return Ok((received, bytes));
            }
            Err(Errno::EAGAIN) if deadline.is_some_and(|deadline| Instant::now() < deadline) => {
                std::thread::sleep(PAUSE);
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

impl Endpoint for MergedRoute {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Answer<usize> {
        self.ensure_bound()?;
        if to.is_some_and(|to| to != Address::KERNEL) {
            // To another program: that is Linux's to bring.
            return self.linux.send(to, bytes);
        }
        let mut walk = messages(bytes);
        loop {
            let at = walk.offset();
            match walk.next() {
                None => return Ok(bytes.len()),
                Some(Ok(message)) => self.send_one(&message)?,
                // Linux knows what to say to that.
                Some(Err(_)) => {
                    self.linux.send(None, bytes.get(at..).unwrap_or_default())?;
                    return Ok(bytes.len());
                }
            }
        }
    }

    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        let wait = !flags.contains(RecvFlags::DONTWAIT) && deadline.is_some();
        loop {
            let mut state = self.state();
            match self.fill(&mut state) {
                Err(Errno::EAGAIN) if wait && deadline.is_some_and(|deadline| Instant::now() < deadline) => {
                    drop(state);
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                done => done?,
            }
            let (mut received, bytes) = state.queue.front().cloned().ok_or(Errno::EAGAIN)?;
            let taken = bytes.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..taken), bytes.get(..taken)) {
                to.copy_from_slice(from);
            }
            received.len = bytes.len();
            received.truncated = taken < bytes.len();
            if !flags.contains(RecvFlags::PEEK) {
                state.queue.pop_front();
            }
            return Ok(received);
        }
    }

    fn bind(&self, address: Address) -> Answer<()> {
        self.bind_both(address)
    }

    fn connect(&self, peer: Address) -> Answer<()> {
        self.ensure_bound()?;
        self.linux.connect(peer)
    }

    fn local(&self) -> Answer<Address> {
        let mut local = self.linux.local()?;
        if self.isolated && self.ours.memberships()?.contains(&1) {
            local.groups |= LINK_GROUP;
        }
        Ok(local)
    }

    fn join(&self, group: u32) -> Answer<()> {
        if self.isolated && group == 1 {
            return self.ours.join(group);
        }
        self.linux.join(group)?;
        // Linux may know groups that ours does not.
        let _ = self.ours.join(group);
        Ok(())
    }

    fn leave(&self, group: u32) -> Answer<()> {
        if self.isolated && group == 1 {
            return self.ours.leave(group);
        }
        self.linux.leave(group)?;
        let _ = self.ours.leave(group);
        Ok(())
    }

    fn memberships(&self) -> Answer<Vec<u32>> {
        let mut groups = self.linux.memberships()?;
        if self.isolated && self.ours.memberships()?.contains(&1) {
            groups.insert(0, 1);
        }
        Ok(groups)
    }

    fn set(&self, option: Opt, value: u32) -> Answer<()> {
        self.linux.set(option, value)?;
        let _ = self.ours.set(option, value);
        Ok(())
    }

    fn option(&self, option: Opt) -> Answer<u32> {
        self.linux.option(option)
    }

    fn set_nonblocking(&self, _: bool) -> Answer<()> {
        // Neither ever blocks.
        Ok(())
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.both.as_ref().map(AsFd::as_fd).or_else(|| self.linux.as_fd())
    }

    fn wait(&self, deadline: Option<Instant>, wake: &Wake) -> Answer<bool> {
        let now = Some(Instant::now());
        loop {
            if !self.state().queue.is_empty() || self.ours.wait(now, wake)? || self.linux.wait(now, wake)? {
                return Ok(true);
            }
            if wake.is_pulled() || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(false);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn on_readable(&self, call: Arc<dyn Fn() + Send + Sync>) -> bool {
        self.ours.on_readable(call)
    }
}

impl fmt::Debug for MergedRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} and {:?}", self.ours, self.linux)
    }
}
