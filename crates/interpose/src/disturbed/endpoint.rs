//! A socket on which things go wrong.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use netloom::Errno;
use netloom::socket::{Address, Credentials, Endpoint, Opt, Received, RecvFlags, Wake};
use netloom::wire::{Flags, MessageType, Protocol, RawMessage, messages};

use super::fault::{Dice, Disturbance};
use super::tear::{self, Dump};
use super::{Plan, refusal};

type Answer<T> = Result<T, Errno>;
/// Who is told that there is something to receive.
type Listener = Arc<dyn Fn() + Send + Sync>;

/// How often is looked for what comes from here, where a receive waits for what comes from the kernel side.
const LOOK: Duration = Duration::from_millis(20);
/// As many datagrams at most are taken so that a refusal comes behind them.
const MOST_AHEAD: usize = 64;
/// What a datagram costs besides its bytes.
const OVERHEAD: usize = 768;

pub(super) struct DisturbedEndpoint {
    inner: Arc<dyn Endpoint>,
    socket: Arc<Socket>,
}

/// The socket, whoever has it in hands.
struct Socket {
    plan: Arc<Plan>,
    protocol: Protocol,
    state: Mutex<State>,
    /// Held while the kernel side's is read: a dump's handler may run in that, and the state is not its to hold.
    reading: Mutex<()>,
    listener: Mutex<Option<Listener>>,
}

struct State {
    dice: Dice,
    /// What can be received, in order: what was refused here, and one that was looked at.
    queue: VecDeque<Queued>,
    dump: Option<Dump>,
    peer: Address,
}

#[derive(Clone)]
enum Queued {
    Datagram(Received, Vec<u8>),
    /// Told once.
    Error(Errno),
}

impl State {
    /// Loses a datagram, which is told before what is queued.
    // net/netlink/af_netlink.c: netlink_overrun
    fn lose(&mut self, tells: bool) {
        if tells && !matches!(self.queue.front(), Some(Queued::Error(_))) {
            self.queue.push_front(Queued::Error(Errno::ENOBUFS));
        }
    }

    /// What is queued takes this much, by the accounting of sockets.
    fn size(&self) -> usize {
        let one = |queued: &Queued| match queued {
            Queued::Datagram(_, bytes) => bytes.len().saturating_add(OVERHEAD),
            Queued::Error(_) => 0,
        };
        self.queue.iter().map(one).fold(0, usize::saturating_add)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DisturbedEndpoint {
    /// `number` tells the sockets of a side apart.
    pub(super) fn new(inner: Arc<dyn Endpoint>, protocol: Protocol, plan: &Arc<Plan>, number: u64) -> Self {
        let dice = plan.dice(number);
        let state = State { dice, queue: VecDeque::new(), dump: None, peer: Address::KERNEL };
        let socket = Socket {
            plan: plan.clone(),
            protocol,
            state: Mutex::new(state),
            reading: Mutex::default(),
            listener: Mutex::default(),
        };
        Self { inner, socket: Arc::new(socket) }
    }

    /// Takes one datagram of the kernel side's, if nothing is queued. `room` is the room of the receive, on which the
    /// length of a dump's pieces depends; its bytes are of no use afterwards.
    fn fill(&self, room: &mut [u8]) -> Answer<()> {
        while lock(&self.socket.state).queue.is_empty() {
            let _reading = lock(&self.socket.reading);
            if !lock(&self.socket.state).queue.is_empty() {
                break;
            }
            self.take(room)?;
        }
        Ok(())
    }

    /// Takes a datagram of the kernel side's and queues what becomes of it, which may be nothing.
    fn take(&self, room: &mut [u8]) -> Answer<()> {
        let taken = self.inner.recv(room, RecvFlags::PEEK | RecvFlags::DONTWAIT, None).and_then(|looked| {
            let mut bytes = vec![0; looked.len];
            let received = self.inner.recv(&mut bytes, RecvFlags::DONTWAIT, None)?;
            // There was room for all of it: it was cut on purpose, to the half that is told of.
            bytes.truncate(if received.truncated { received.len / 2 } else { received.len });
            Ok((received, bytes))
        });
        match taken {
            Ok((received, bytes)) => {
                self.disturb(received, bytes);
                Ok(())
            }
            Err(errno @ (Errno::EAGAIN | Errno::EINTR)) => Err(errno),
            Err(errno) => {
                lock(&self.socket.state).queue.push_back(Queued::Error(errno));
                Ok(())
            }
        }
    }

    /// Queues what becomes of a datagram.
    fn disturb(&self, mut received: Received, mut bytes: Vec<u8>) {
        // What other programs say is theirs.
        if received.source.port != 0 {
            return lock(&self.socket.state).queue.push_back(Queued::Datagram(received, bytes));
        }
        let plan = &self.socket.plan;
        plan.learn(self.socket.protocol, &bytes);
        let tells = !self.is_on(Opt::NoEnobufs);
        let room = self.inner.option(Opt::ReceiveBuffer).map_or(usize::MAX, |bytes| bytes as usize);
        let mut state = lock(&self.socket.state);
        let State { dice, dump, .. } = &mut *state;
        let piece = tear::piece(&bytes).filter(|_| received.source.groups == 0);
        match piece {
            Some((seq, ends)) => mark(plan, dice, dump, &mut bytes, seq, ends),
            // A dump waits for room, and loses nothing. net/netlink/af_netlink.c: netlink_dump
            None if plan.strikes(dice, &Disturbance::Overrun) => return state.lose(tells),
            None => {}
        }
        if !received.truncated && plan.strikes(dice, &Disturbance::Truncation) {
            received.truncated = true;
            bytes.truncate(received.len / 2);
        }
        // Of what was refused here as much fits as of anything else.
        if state.queue.is_empty() || state.size().saturating_add(bytes.len()) <= room {
            state.queue.push_back(Queued::Datagram(received, bytes));
        } else {
            state.lose(tells);
        }
    }

    fn is_on(&self, option: Opt) -> bool {
        self.inner.option(option).is_ok_and(|value| value != 0)
    }

    /// What goes wrong with the requests of a datagram: those that are refused, by where they lie, and how long it waits.
    fn judge<'d>(&self, bytes: &'d [u8]) -> (Vec<(Range<usize>, RawMessage<'d>, Errno)>, Duration) {
        let plan = &self.socket.plan;
        let mut state = lock(&self.socket.state);
        let (mut refused, mut wait) = (Vec::new(), Duration::ZERO);
        let mut walk = messages(bytes);
        loop {
            let start = walk.offset();
            let Some(Ok(message)) = walk.next() else { return (refused, wait) };
            // net/netlink/af_netlink.c: netlink_rcv_skb
            if message.header.kind.is_control() || !message.header.flags.contains(Flags::REQUEST) {
                continue;
            }
            let mut nacked = false;
            for (index, rule) in plan.each() {
                match &rule.fault.what {
                    Disturbance::Delay(time) if state.dice.strikes(index, rule) => wait = wait.saturating_add(*time),
                    Disturbance::Nack(asked, errno)
                        if !nacked
                            && asked.matches(self.socket.protocol, &message, |id, name| plan.is(id, name))
                            && state.dice.strikes(index, rule) =>
                    {
                        nacked = true;
                        refused.push((start..walk.offset().min(bytes.len()), message, *errno));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Answers a request that is not passed on. What there is already comes first.
    fn refuse(&self, request: &RawMessage<'_>, errno: Errno) -> Answer<()> {
        let local = self.inner.local()?;
        // With the groups that it has. net/netlink/af_netlink.c: netlink_sendmsg
        if local.port == 0 {
            self.inner.bind(local)?;
        }
        let port = self.inner.local()?.port;
        if let Ok(_reading) = self.socket.reading.try_lock() {
            // A dump goes on when it is read.
            let dumping = || lock(&self.socket.state).dump.is_some();
            for _ in 0..MOST_AHEAD {
                if dumping() || self.take(&mut []).is_err() {
                    break;
                }
            }
        }
        let bytes = refusal::answer(&*self.inner, port, request, errno);
        let mut received = Received::default();
        received.len = bytes.len();
        received.destination = Address::port(port);
        if self.is_on(Opt::PassCredentials) {
            received.credentials = Some(Credentials::default());
        }
        self.disturb(received, bytes);
        Ok(())
    }

    /// Sends a datagram without some of its messages, which are refused in their place.
    fn send_rest(&self, bytes: &[u8], refused: &[(Range<usize>, RawMessage<'_>, Errno)]) -> Answer<usize> {
        let pass = |range: Range<usize>| match bytes.get(range) {
            Some(piece) if !piece.is_empty() => self.inner.send(None, piece).map(drop),
            _ => Ok(()),
        };
        let whole = is_batch(self.socket.protocol, bytes);
        let mut done = 0;
        for (range, request, errno) in refused {
            if !whole {
                pass(done..range.start)?;
            }
            self.refuse(request, *errno)?;
            done = range.end;
        }
        if !whole {
            pass(done..bytes.len())?;
        }
        if let Some(listener) = lock(&self.socket.listener).clone() {
            listener();
        }
        Ok(bytes.len())
    }
}

/// Tears the dump that this is a piece of, if it is one to be torn.
fn mark(plan: &Plan, dice: &mut Dice, dump: &mut Option<Dump>, bytes: &mut [u8], seq: u32, ends: bool) {
    let torn = plan.each().find(|(_, rule)| rule.fault.what == Disturbance::TornDump);
    let known = dump.filter(|dump| dump.seq() == seq);
    let mut going = known.unwrap_or_else(|| Dump::new(seq, plan.strikes(dice, &Disturbance::TornDump)));
    let now = torn.is_some_and(|(index, _)| dice.coin(index));
    going.mark(bytes, ends, now);
    *dump = (!ends).then_some(going);
}

/// Whether all of a datagram is done, or nothing.
// net/netfilter/nfnetlink.c: nfnetlink_rcv_batch
fn is_batch(protocol: Protocol, bytes: &[u8]) -> bool {
    /// `NFNL_MSG_BATCH_BEGIN`
    const BEGIN: MessageType = MessageType(0x10);
    let first = messages(bytes).next();
    protocol == Protocol::NETFILTER && matches!(first, Some(Ok(message)) if message.header.kind == BEGIN)
}

impl Endpoint for DisturbedEndpoint {
    fn send(&self, to: Option<Address>, bytes: &[u8]) -> Answer<usize> {
        let to_kernel = to.unwrap_or_else(|| lock(&self.socket.state).peer) == Address::KERNEL;
        if !to_kernel {
            return self.inner.send(to, bytes);
        }
        let (refused, wait) = self.judge(bytes);
        if !wait.is_zero() {
            thread::sleep(wait);
        }
        if refused.is_empty() { self.inner.send(to, bytes) } else { self.send_rest(bytes, &refused) }
    }

    fn recv(&self, buf: &mut [u8], flags: RecvFlags, deadline: Option<Instant>) -> Answer<Received> {
        loop {
            match self.fill(buf) {
                Err(Errno::EAGAIN) if !flags.contains(RecvFlags::DONTWAIT) => {
                    let soon = Instant::now().checked_add(LOOK);
                    let until = [soon, deadline].into_iter().flatten().min();
                    match self.inner.recv(&mut [], RecvFlags::PEEK, until) {
                        // One that does not wait says so at once.
                        Err(Errno::EAGAIN)
                            if until == deadline || Instant::now() < until.unwrap_or_else(Instant::now) =>
                        {
                            return Err(Errno::EAGAIN);
                        }
                        Ok(_) | Err(Errno::EAGAIN) => continue,
                        Err(errno) => return Err(errno),
                    }
                }
                filled => filled?,
            }
            let mut state = lock(&self.socket.state);
            let front = if flags.contains(RecvFlags::PEEK) && !matches!(state.queue.front(), Some(Queued::Error(_))) {
                state.queue.front().cloned()
            } else {
                state.queue.pop_front()
            };
            drop(state);
            let (mut received, bytes) = match front {
                Some(Queued::Datagram(received, bytes)) => (received, bytes),
                Some(Queued::Error(errno)) => return Err(errno),
                // Another thread was quicker.
                None => continue,
            };
            let taken = bytes.len().min(buf.len());
            if let (Some(to), Some(from)) = (buf.get_mut(..taken), bytes.get(..taken)) {
                to.copy_from_slice(from);
            }
            // What was cut off is not there, whatever the buffer held.
            if received.truncated
                && let Some(rest) = buf.get_mut(taken..)
            {
                rest.fill(0);
            }
            received.truncated |= taken < bytes.len();
            return Ok(received);
        }
    }

    fn bind(&self, address: Address) -> Answer<()> {
        self.inner.bind(address)
    }

    fn connect(&self, peer: Address) -> Answer<()> {
        self.inner.connect(peer)?;
        lock(&self.socket.state).peer = peer;
        Ok(())
    }

    fn local(&self) -> Answer<Address> {
        self.inner.local()
    }

    fn join(&self, group: u32) -> Answer<()> {
        self.inner.join(group)
    }

    fn leave(&self, group: u32) -> Answer<()> {
        self.inner.leave(group)
    }

    fn memberships(&self) -> Answer<Vec<u32>> {
        self.inner.memberships()
    }

    fn set(&self, option: Opt, value: u32) -> Answer<()> {
        self.inner.set(option, value)
    }

    fn option(&self, option: Opt) -> Answer<u32> {
        self.inner.option(option)
    }

    fn set_send_timeout(&self, patience: Option<Duration>) -> Answer<()> {
        self.inner.set_send_timeout(patience)
    }

    fn set_nonblocking(&self, on: bool) -> Answer<()> {
        self.inner.set_nonblocking(on)
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.inner.as_fd()
    }

    /// What is lost without a word may be told as something that is there: nothing is read here, since whoever is told of
    /// readiness may be inside of a handler that reading would wait for.
    fn wait(&self, deadline: Option<Instant>, wake: &Wake) -> Answer<bool> {
        loop {
            if !lock(&self.socket.state).queue.is_empty() {
                return Ok(true);
            }
            let soon = Instant::now().checked_add(LOOK);
            let until = [soon, deadline].into_iter().flatten().min();
            if self.inner.wait(until, wake)? {
                return Ok(true);
            }
            if wake.is_pulled() || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(!lock(&self.socket.state).queue.is_empty());
            }
        }
    }

    fn on_readable(&self, call: Arc<dyn Fn() + Send + Sync>) -> bool {
        *lock(&self.socket.listener) = Some(call.clone());
        self.inner.on_readable(call)
    }

    fn in_hands_of(self: Arc<Self>, user: Credentials) -> Option<Arc<dyn Endpoint>> {
        let inner = self.inner.clone().in_hands_of(user)?;
        Some(Arc::new(Self { inner, socket: self.socket.clone() }))
    }

    fn nudge(&self) {
        self.inner.nudge();
    }
}

impl fmt::Debug for DisturbedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, disturbed", self.inner)
    }
}
