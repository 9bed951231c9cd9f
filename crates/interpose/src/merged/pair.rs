//! A socket that leads to two kernels, under one port id.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use netloom::Errno;
use netloom::socket::{Address, Endpoint, Opt, Received, RecvFlags, Wake};
use netloom::wire::{Flags, Header, MessageType, RawMessage, messages};

use super::datagram::{end_of_dump, take};
use crate::hands;
use crate::sys::{self, Epoll};

type Answer<T> = Result<T, Errno>;

/// Between two looks whether something has come.
const PAUSE: Duration = Duration::from_micros(100);
/// Dumps that wait for Linux's part; those that it never ended are forgotten.
const MOST_DUMPS: usize = 16;

/// One of the two, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Our kernel side.
    Ours,
    /// Linux.
    Linux,
    /// What both have.
    Both,
}

/// What of a protocol is whose.
pub(super) trait Rules: fmt::Debug + Send + Sync + Sized {
    /// Whose a group is. What is both's Linux has a say in, and ours may not know.
    fn whose(&self, group: u32) -> Whose;

    /// The same of a group that the program leaves.
    fn left(&self, group: u32) -> Whose {
        self.whose(group)
    }

    /// Whether datagrams are messages of netlink's. If not, they are Linux's whole.
    fn has_messages(&self) -> bool {
        true
    }

    /// Sends one message where it belongs.
    fn send(&self, pair: &Pair<Self>, message: &RawMessage<'_>) -> Answer<()>;

    /// What the program is told of a datagram that one of the two has said; nothing if it is empty.
    fn heard(&self, from: Whose, datagram: Vec<u8>) -> Vec<u8> {
        let _ = from;
        datagram
    }
}

pub(super) struct Pair<R> {
    rules: R,
    /// Whose number the port id is, if it is free.
    process: u32,
    pub(super) ours: Arc<dyn Endpoint>,
    pub(super) linux: Arc<dyn Endpoint>,
    /// Readable when either is, if both have descriptors.
    both: Option<Epoll>,
    /// Held while ours is read. Who takes datagrams for the program does not wait for it: it may be inside of a handler
    /// that whoever has it waits for.
    reading: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    bound: bool,
    /// Where it is connected to.
    peer: Address,
    /// What can be read, in order.
    queue: VecDeque<Answer<(Received, Vec<u8>)>>,
    /// Bytes in it.
    queued: usize,
    /// Our part of a dump, by its sequence number: told before Linux's ends.
    dumps: HashMap<u32, Vec<Vec<u8>>>,
    /// Whom the last message was for.
    last: Option<Whose>,
}

impl State {
    fn push(&mut self, received: Received, bytes: Vec<u8>) {
        self.queued = self.queued.saturating_add(bytes.len());
        self.queue.push_back(Ok((received, bytes)));
    }
}

impl<R: Rules> Pair<R> {
    pub(super) fn new(process: u32, rules: R, ours: Arc<dyn Endpoint>, linux: Arc<dyn Endpoint>) -> Answer<Self> {
        for endpoint in [&ours, &linux] {
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
        let (reading, state) = Default::default();
        Ok(Self { rules, process, ours, linux, both, reading, state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to read ours, for who looks for an answer there.
    pub(super) fn reading(&self) -> MutexGuard<'_, ()> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The groups of a mask that are asked for at one of the two.
    fn mask(&self, groups: u32, at: Whose) -> u32 {
        let asked = |group: u32| {
            let whose = self.rules.whose(group);
            whose == at || whose == Whose::Both
        };
        let bits = (1..=32_u32).zip(0_u32..).filter(|(group, bit)| groups >> bit & 1 == 1 && asked(*group));
        bits.fold(0, |mask, (_, bit)| mask | 1 << bit)
    }

    /// Gives both the same port id: a wanted one, else the program's own number, else any.
    // net/netlink/af_netlink.c: netlink_autobind
    fn bind_both(&self, address: Address) -> Answer<()> {
        let mut state = self.state();
        let there = Address { groups: self.mask(address.groups, Whose::Linux), ..address };
        let own = Address { port: self.process, ..there };
        let chosen = address.port == 0 && !state.bound && self.linux.bind(own).is_ok();
        if !chosen {
            self.linux.bind(there)?;
        }
        state.bound = true;
        drop(state);
        let port = self.linux.local()?.port;
        hands::of(&self.ours).bind(Address { port, groups: self.mask(address.groups, Whose::Ours) })
    }

    fn ensure_bound(&self) -> Answer<()> {
        let bound = self.state().bound;
        if bound { Ok(()) } else { self.bind_both(Address::default()) }
    }

    /// Sends bytes to our kernel side.
    pub(super) fn to_ours(&self, bytes: &[u8]) -> Answer<()> {
        self.turn_to(Whose::Ours);
        hands::of(&self.ours).send(None, bytes).map(drop)
    }

    /// Sends bytes to Linux.
    pub(super) fn to_linux(&self, bytes: &[u8]) -> Answer<()> {
        self.turn_to(Whose::Linux);
        self.linux.send(None, bytes).map(drop)
    }

    /// Before one of the two is asked: what the other has answered by now comes first. The caller does not read.
    pub(super) fn turn_to(&self, whose: Whose) {
        let last = self.state().last.replace(whose).filter(|last| *last != whose);
        let Some(last) = last else { return };
        let _reading = self.reading();
        let endpoint = if last == Whose::Linux { &self.linux } else { &self.ours };
        // What a dump has to tell after its first part comes when it is read; and of who does not read, no more is taken than
        // the socket would hold.
        while self.has_room() {
            match take(&**endpoint, None) {
                Err(Errno::EAGAIN) => return,
                Err(errno) => return self.state().queue.push_back(Err(errno)),
                Ok((received, bytes)) => {
                    let dumping = is_unfinished(&bytes);
                    self.put(last, received, bytes);
                    if dumping {
                        return;
                    }
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        let most = self.linux.option(Opt::ReceiveBuffer).unwrap_or(0) as usize;
        self.state().queued < most
    }

    /// Refuses a message as Linux would.
    // net/netlink/af_netlink.c: netlink_ack
    pub(super) fn refuse(&self, message: &RawMessage<'_>, errno: Errno) -> Answer<()> {
        self.turn_to(Whose::Both);
        let port = self.linux.local()?.port;
        let payload = [&errno.0.saturating_neg().to_ne_bytes(), message.bytes].concat();
        let header = Header { seq: message.header.seq, port, ..Header::new(MessageType::ERROR, Flags::NONE) };
        let bytes = header.message(&payload);
        let mut received = Received::default();
        received.len = bytes.len();
        received.destination = Address::port(port);
        self.queue(received, bytes);
        Ok(())
    }

    /// Lets the program read this next, after what is there. Who does not read hears that something was lost.
    // net/netlink/af_netlink.c: netlink_overrun
    pub(super) fn queue(&self, received: Received, bytes: Vec<u8>) {
        let has_room = self.has_room();
        let mut state = self.state();
        if has_room {
            state.push(received, bytes);
        } else if !matches!(state.queue.back(), Some(Err(_))) {
            state.queue.push_back(Err(Errno::ENOBUFS));
        }
    }

    /// Tells these datagrams at the end of Linux's dump that has this sequence number.
    pub(super) fn add_to_dump(&self, seq: u32, part: Vec<Vec<u8>>) {
        let mut state = self.state();
        if state.dumps.len() >= MOST_DUMPS {
            state.dumps.clear();
        }
        state.dumps.insert(seq, part);
    }

    /// Puts what one of the two says in the queue, as far as the program is told of it; and our part of a dump before the
    /// end of Linux's.
    fn put(&self, from: Whose, mut received: Received, bytes: Vec<u8>) {
        let mut bytes = self.rules.heard(from, bytes);
        if bytes.is_empty() {
            return;
        }
        received.len = bytes.len();
        let mut state = self.state();
        let first = messages(&bytes).next().and_then(Result::ok).map(|first| first.header);
        let seq = first.map_or(0, |header| header.seq);
        if from != Whose::Linux || !state.dumps.contains_key(&seq) {
            return state.push(received, bytes);
        }
        if first.is_some_and(|header| header.kind == MessageType::ERROR) {
            // Refused: then there is no dump to add to.
            state.dumps.remove(&seq);
            return state.push(received, bytes);
        }
        let Some(end) = end_of_dump(&bytes, seq) else { return state.push(received, bytes) };
        let last = bytes.split_off(end);
        let part = state.dumps.remove(&seq).unwrap_or_default();
        for bytes in [bytes].into_iter().chain(part).chain([last]).filter(|bytes| !bytes.is_empty()) {
            received.len = bytes.len();
            state.push(received, bytes);
        }
    }

    /// Looks for something to read, if nothing is queued.
    fn fill(&self) -> Answer<()> {
        while self.state().queue.is_empty() {
            // Whoever reads ours now knows only later where it belongs, and has all that is there looked for again.
            let Ok(_reading) = self.reading.try_lock() else { return Err(Errno::EAGAIN) };
            let (from, (received, bytes)) = match take(&*self.ours, None) {
                Err(Errno::EAGAIN) => (Whose::Linux, take(&*self.linux, None)?),
                taken => (Whose::Ours, taken?),
            };
            self.put(from, received, bytes);
        }
        Ok(())
    }
}

/// Whether a datagram is a part of a dump that has more to come.
fn is_unfinished(datagram: &[u8]) -> bool {
    let headers = || messages(datagram).filter_map(Result::ok).map(|message| message.header);
    headers().any(|header| header.flags.contains(Flags::MULTI))
        && !headers().any(|header| header.kind == MessageType::DONE)
}

impl<R: Rules> Endpoint for Pair<R> {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Answer<usize> {
        self.ensure_bound()?;
        let to = to.unwrap_or_else(|| self.state().peer);
        if to != Address::KERNEL {
            // To another program: that is Linux's to bring.
            return self.linux.send(Some(to), bytes);
        }
        if !self.rules.has_messages() {
            self.to_linux(bytes)?;
            return Ok(bytes.len());
        }
        let mut walk = messages(bytes);
        loop {
            let at = walk.offset();
            match walk.next() {
                None => return Ok(bytes.len()),
                Some(Ok(message)) => self.rules.send(self, &message)?,
                // Linux knows what to say to that.
                Some(Err(_)) => {
                    self.to_linux(bytes.get(at..).unwrap_or_default())?;
                    return Ok(bytes.len());
                }
            }
        }
    }

    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        let wait = !flags.contains(RecvFlags::DONTWAIT) && deadline.is_some();
        loop {
            match self.fill() {
                Err(Errno::EAGAIN) if wait && deadline.is_some_and(|deadline| Instant::now() < deadline) => {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                done => done?,
            }
            let mut state = self.state();
            let (mut received, bytes) = match state.queue.front() {
                // Another thread has it.
                None => continue,
                Some(Ok(datagram)) => datagram.clone(),
                Some(Err(errno)) => {
                    let errno = *errno;
                    state.queue.pop_front();
                    return Err(errno);
                }
            };
            let taken = bytes.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..taken), bytes.get(..taken)) {
                to.copy_from_slice(from);
            }
            received.len = bytes.len();
            received.truncated = taken < bytes.len();
            if !flags.contains(RecvFlags::PEEK) {
                state.queue.pop_front();
                state.queued = state.queued.saturating_sub(bytes.len());
            }
            return Ok(received);
        }
    }

    fn bind(&self, address: Address) -> Answer<()> {
        self.bind_both(address)
    }

    fn connect(&self, peer: Address) -> Answer<()> {
        self.ensure_bound()?;
        self.linux.connect(peer)?;
        self.state().peer = peer;
        Ok(())
    }

    fn local(&self) -> Answer<Address> {
        let mut local = self.linux.local()?;
        local.groups |= self.ours.local()?.groups;
        Ok(local)
    }

    fn join(&self, group: u32) -> Answer<()> {
        match self.rules.whose(group) {
            Whose::Ours => hands::of(&self.ours).join(group),
            Whose::Linux => self.linux.join(group),
            Whose::Both => {
                self.linux.join(group)?;
                // Linux may know groups that ours does not.
                let _ = hands::of(&self.ours).join(group);
                Ok(())
            }
        }
    }

    fn leave(&self, group: u32) -> Answer<()> {
        match self.rules.left(group) {
            Whose::Ours => hands::of(&self.ours).leave(group),
            Whose::Linux => self.linux.leave(group),
            Whose::Both => {
                self.linux.leave(group)?;
                let _ = hands::of(&self.ours).leave(group);
                Ok(())
            }
        }
    }

    fn memberships(&self) -> Answer<Vec<u32>> {
        let mut groups = self.linux.memberships()?;
        groups.extend(self.ours.memberships()?);
        groups.sort_unstable();
        groups.dedup();
        Ok(groups)
    }

    fn set(&self, option: Opt, value: u32) -> Answer<()> {
        self.linux.set(option, value)?;
        let _ = hands::of(&self.ours).set(option, value);
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

impl<R: Rules> fmt::Debug for Pair<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} and {:?}: {:?}", self.ours, self.linux, self.rules)
    }
}
