//! One socket of a program's: an endpoint at the kernel side, and the channel that stands for it in the program.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use netloom::socket::{Address, Credentials, Endpoint, Opt, RecvFlags};
use netloom::wire::{Flags, Header, MessageType};
use netloom::{Errno, Protocol};

use crate::client::{self, Client};
use crate::exact::{self, Exact};
use crate::hands::{Hands, User};
use crate::socket_filter::{Filters, SocketFilter};
use crate::sys::{self, Epoll, Listener, Notice, Took};

/// What a dump may have ahead of its reader, by the accounting of sockets: clients that read without waiting find the next
/// chunk there, and a client that stops reading stops the dump.
const AHEAD: usize = 64 << 10;
/// A buffer that is longer is not kept: there is one a socket.
pub(crate) const KEPT: usize = 32 << 10;
/// Datagrams taken off a channel before others have their turn.
const TURN: usize = 64;
/// As long are most datagrams that programs send.
const USUAL: usize = 4096;
/// The longest datagram that stays on our end; see [`Channel::take_written`].
const PLUG: usize = 512;

pub(crate) struct Channel {
    /// Its name in the epoll, and that of its endpoint's descriptor.
    pub(crate) name: u64,
    /// The inode of the program's end: what the program's descriptors are known by.
    pub(crate) inode: u64,
    pub(crate) protocol: Protocol,
    /// `SOCK_RAW` or `SOCK_DGRAM`, as the program asked for.
    pub(crate) kind: i32,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    /// The effective user that opened it.
    opener: u32,
    ours: OwnedFd,
    epoll: Arc<Epoll>,
    /// What a receive cannot tell the program: `SO_ERROR` does.
    error: AtomicI32,
    /// The endpoint's send buffer, which bounds datagrams.
    send_buffer: AtomicUsize,
    /// The endpoint's receive buffer, which bounds what is unread.
    receive_buffer: AtomicUsize,
    /// Receives are done here.
    exact: bool,
    turn: Mutex<Turn>,
    /// Whether there is something to move that nobody has looked at.
    pending: AtomicBool,
    /// Left to another thread, which is told to look.
    left: AtomicBool,
    /// The kernel side is gone.
    dead: AtomicBool,
    /// Whether a datagram that was taken is still on our end. Held by who takes the next.
    plugged: Mutex<bool>,
    /// Where it is connected to.
    peer: Mutex<Address>,
}

#[derive(Default)]
struct Turn {
    /// Receives are done here, and nothing is moved.
    exact: Option<Exact>,
    buf: Vec<u8>,
    /// What found no room.
    held: Option<Vec<u8>>,
    /// Whether the last datagram was part of a dump, with more to come.
    dumping: bool,
    /// At most this is unread, by the accounting of sockets.
    written: usize,
    /// Whether we are told when the program has read.
    awaits_reader: bool,
}

impl Channel {
    /// A channel over an endpoint, and the program's end of it.
    pub(crate) fn open(
        epoll: &Arc<Epoll>,
        name: u64,
        (protocol, kind): (Protocol, i32),
        (endpoint, opener): (Arc<dyn Endpoint>, u32),
        nonblocking: bool,
        exact: Option<&Arc<Listener>>,
    ) -> Result<(Self, OwnedFd), Errno> {
        endpoint.set_nonblocking(true)?;
        let (ours, theirs) = sys::pair()?;
        sys::set_nonblocking(theirs.as_fd(), nonblocking)?;
        let inode = sys::inode(theirs.as_fd())?;
        sys::send(theirs.as_fd(), &[0])?;
        sys::tell_senders(ours.as_fd())?;
        sys::look_from(ours.as_fd(), 1)?;
        let buffer = |option| endpoint.option(option).map_or(212_992, |bytes| bytes as usize);
        let (send_buffer, receive_buffer) = (buffer(Opt::SendBuffer), buffer(Opt::ReceiveBuffer));
        // Nothing that the endpoint has room for may find none here.
        sys::set_send_buffer(ours.as_fd(), receive_buffer.saturating_mul(4));
        let exact = exact.map(|listener| Exact::new(listener, &endpoint, inode));
        let channel = Self {
            name,
            inode,
            protocol,
            kind,
            endpoint,
            opener,
            ours,
            epoll: epoll.clone(),
            error: AtomicI32::new(0),
            send_buffer: AtomicUsize::new(send_buffer),
            receive_buffer: AtomicUsize::new(receive_buffer),
            exact: exact.is_some(),
            turn: Mutex::new(Turn { exact, ..Turn::default() }),
            pending: AtomicBool::new(false),
            left: AtomicBool::new(false),
            dead: AtomicBool::new(false),
            plugged: Mutex::new(true),
            peer: Mutex::default(),
        };
        Ok((channel, theirs))
    }

    /// Whether receives are done here.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// Our end.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.ours.as_fd()
    }

    /// The longest datagram that it takes.
    // net/netlink/af_netlink.c: netlink_sendmsg
    pub(crate) fn longest(&self) -> usize {
        self.send_buffer.load(Ordering::Relaxed).saturating_sub(32)
    }

    /// Learns what the buffers hold, after they were set.
    pub(crate) fn learn_buffers(&self) {
        if let Ok(bytes) = self.endpoint.option(Opt::SendBuffer) {
            self.send_buffer.store(bytes as usize, Ordering::Relaxed);
        }
        if let Ok(bytes) = self.endpoint.option(Opt::ReceiveBuffer) {
            self.receive_buffer.store(bytes as usize, Ordering::Relaxed);
            sys::set_send_buffer(self.fd(), (bytes as usize).saturating_mul(4));
        }
    }

    /// Takes its error.
    pub(crate) fn take_error(&self) -> i32 {
        self.error.swap(0, Ordering::Relaxed)
    }

    fn fail(&self, errno: Errno) {
        self.error.store(errno.0, Ordering::Relaxed);
    }

    /// The endpoint as a thread uses it, which waits for the answer to a call. ESRCH if it is gone.
    pub(crate) fn used_by(&self, thread: u32) -> Result<Hands, Errno> {
        if client::user(thread).ok_or(Errno::ESRCH)? == self.opener {
            return Ok(Hands::own(&self.endpoint));
        }
        Ok(Hands::others(&self.endpoint, Client::of(thread)?))
    }

    /// The endpoint as whoever wrote past the filter uses it, by what the system says of that: its real user. As effective
    /// user it may be another one, as far as it is still there to be asked.
    fn used_by_writer(&self, writer: Credentials) -> Hands {
        let now = client::user(writer.process);
        if writer.uid == self.opener && now.is_none_or(|user| user == self.opener) {
            return Hands::own(&self.endpoint);
        }
        let now = Client::of(writer.process).ok().filter(|client| client.uid != self.opener);
        let other = now.or_else(|| (writer.uid != self.opener).then(|| Client::without_rights(writer)));
        match other {
            Some(client) => Hands::others(&self.endpoint, client),
            None => Hands::own(&self.endpoint),
        }
    }

    pub(crate) fn connect(&self, thread: u32, to: Address) -> Result<(), Errno> {
        self.used_by(thread)?.act(|endpoint| endpoint.connect(to))?;
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = to;
        Ok(())
    }

    /// Where it is connected to.
    pub(crate) fn peer(&self) -> Address {
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the kernel side is gone.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Takes what the program wrote past the filter, and sends it; false if the program has closed it.
    pub(crate) fn take_written(&self) -> bool {
        self.take(&mut self.plugged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, unless another thread is at it.
    pub(crate) fn try_take_written(&self) {
        if let Ok(mut plugged) = self.plugged.try_lock() {
            self.take(&mut plugged);
        }
    }

    /// What was taken last stays on our end until the next is there: so there is always something unread, and if this end
    /// goes, in whatever way, the program's next receive is ECONNRESET, which an end that was read would tell as 0 bytes.
    // net/unix/af_unix.c: unix_release_sock
    fn take(&self, plugged: &mut bool) -> bool {
        let mut usual = [0; USUAL];
        for _ in 0..TURN {
            match sys::look_behind(self.fd(), &mut usual) {
                Err(Errno::EAGAIN) => return true,
                // Of what the program had not read when it closed its end; what it wrote comes behind.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                Ok((Took::End, _)) | Err(_) => return false,
                Ok((Took::Datagram(len), writer)) => {
                    let mut long = Vec::new();
                    let bytes = match usual.get(..len) {
                        Some(bytes) => bytes,
                        None => {
                            long.extend(usual);
                            long.resize(len, 0);
                            // A look begins where the last one has ended, also in the middle.
                            let rest = long.get_mut(USUAL..).unwrap_or_default();
                            let _ = sys::look_behind(self.fd(), rest);
                            &long
                        }
                    };
                    if *plugged {
                        sys::drop_first(self.fd());
                    }
                    *plugged = len <= PLUG;
                    if !*plugged {
                        // It would fill the program's send buffer.
                        sys::drop_first(self.fd());
                        let _ = sys::look_from(self.fd(), 0);
                    }
                    self.send_written(bytes, writer);
                }
            }
        }
        // There may be more: told again, others first.
        self.leave();
        true
    }

    /// Sends what a program wrote.
    // net/netlink/af_netlink.c: netlink_sendmsg
    fn send_written(&self, bytes: &[u8], writer: Option<Credentials>) {
        if bytes.is_empty() {
            self.fail(Errno::ENODATA);
        } else if bytes.len() > self.longest() {
            self.fail(Errno::EMSGSIZE);
        } else {
            // The system tells it of everybody.
            let hands = writer.map(|writer| self.used_by_writer(writer).used_by(User::at_large(writer.process)));
            let sent = hands.map_or(Err(Errno::EPERM), |hands| hands.act(|endpoint| endpoint.send(None, bytes)));
            if let Err(errno) = sent {
                self.fail(errno);
            }
            self.settle();
        }
    }

    /// Moves what the endpoint has to the program, as far as it may be ahead of it; if another thread is at it, that one
    /// does.
    pub(crate) fn pump(&self) {
        self.pending.store(true, Ordering::Release);
        while self.pending.load(Ordering::Acquire) {
            let mut turn = match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
                // Whoever has it looks again when it is done.
                Err(TryLockError::WouldBlock) => return,
            };
            self.pending.store(false, Ordering::Release);
            self.move_all(&mut turn);
        }
    }

    /// The same, done when this returns: after a send, the program can read what it caused.
    pub(crate) fn settle(&self) {
        self.pending.store(false, Ordering::Release);
        self.move_all(&mut self.turn());
        // What came meanwhile, others may have left to us.
        if self.pending.load(Ordering::Acquire) {
            self.pump();
        }
    }

    /// Does a receive, or has it wait; returns when to look at it again then. `None` as well if receives are not done here.
    pub(crate) fn receive(&self, notice: &Notice) -> Option<Instant> {
        self.pending.store(false, Ordering::Release);
        let deadline = self.turn().exact.as_mut().and_then(|exact| exact.receive(notice, self.fd()));
        if self.pending.load(Ordering::Acquire) {
            self.pump();
        }
        deadline
    }

    /// When to look again at the receives that wait.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        match self.turn.try_lock() {
            Ok(turn) => turn.exact.as_ref().and_then(Exact::next_look),
            Err(TryLockError::Poisoned(turn)) => turn.into_inner().exact.as_ref().and_then(Exact::next_look),
            // Who has it may be long: nobody else's receives wait for that.
            Err(TryLockError::WouldBlock) => exact::later(),
        }
    }

    /// Bounds how long a receive waits, if they are done here.
    pub(crate) fn set_receive_timeout(&self, timeout: Option<Duration>) {
        if let Some(exact) = &mut self.turn().exact {
            exact.timeout = timeout;
        }
    }

    /// Lets only what a filter passes through, if receives are done here.
    pub(crate) fn attach_filter(&self, filter: SocketFilter) -> Result<(), Errno> {
        self.change_filters(|filters| filters.attach(filter))
    }

    /// Lets everything through again. ENOENT if there is no filter.
    pub(crate) fn detach_filter(&self) -> Result<(), Errno> {
        self.change_filters(Filters::detach)
    }

    /// Lets the filter stay as it is for good.
    pub(crate) fn lock_filter(&self, on: bool) -> Result<(), Errno> {
        self.change_filters(|filters| filters.lock(on))
    }

    /// The filter, if there is one.
    pub(crate) fn filter(&self) -> Result<Option<SocketFilter>, Errno> {
        self.change_filters(|filters| Ok(filters.now.clone()))
    }

    /// Whether it stays for good.
    pub(crate) fn is_filter_locked(&self) -> bool {
        self.change_filters(|filters| Ok(filters.is_locked)).unwrap_or(false)
    }

    fn change_filters<T>(&self, change: impl FnOnce(&mut Filters) -> Result<T, Errno>) -> Result<T, Errno> {
        change(&mut self.turn().exact.as_mut().ok_or(Errno::EOPNOTSUPP)?.filters)
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has another thread move what there is: this one is in a handler, and receiving may have a dump go on that needs what the
    /// handler has.
    pub(crate) fn leave(&self) {
        // Who is at it now has looked before.
        self.pending.store(true, Ordering::Release);
        self.left.store(true, Ordering::Release);
        // There is room to write nearly always, which is told at once; if there is none, that the program has read.
        self.epoll.change(self.fd(), sys::READ_AND_WRITTEN, self.name);
    }

    fn move_all(&self, turn: &mut Turn) {
        if let Some(exact) = &mut turn.exact {
            return exact.attend(self.fd());
        }
        let left = self.left.swap(false, Ordering::AcqRel);
        let more = self.moved(turn);
        if more != turn.awaits_reader || left {
            turn.awaits_reader = more;
            // If it has read already, that is told once more.
            self.epoll.change(self.fd(), if more { sys::READ_AND_WRITTEN } else { sys::WRITTEN }, self.name);
        }
    }

    /// Whether there is, or may be, more to move when the program has read.
    fn moved(&self, turn: &mut Turn) -> bool {
        loop {
            if let Some(held) = turn.held.take() {
                match sys::send(self.fd(), &held) {
                    // A socket may count twice the bytes, allocations being powers of two.
                    Ok(()) => {
                        turn.written = turn.written.saturating_add(held.len().saturating_mul(2)).saturating_add(768)
                    }
                    Err(Errno::EAGAIN) => {
                        turn.held = Some(held);
                        return true;
                    }
                    Err(Errno::EMSGSIZE | Errno::ENOBUFS | Errno::ENOMEM) => self.fail(Errno::ENOBUFS),
                    // The program has closed it.
                    Err(_) => return false,
                }
            }
            let most = if turn.dumping { AHEAD } else { self.receive_buffer.load(Ordering::Relaxed) };
            // To ask is a system call: not while even all of what was written would do.
            if turn.written >= most {
                turn.written = sys::unread(self.fd());
                if turn.written >= most {
                    return true;
                }
            }
            // Its length first: the room of a receive is what chunks of a dump grow to, and the program's may be small.
            let received =
                self.endpoint.recv(&mut [], RecvFlags::PEEK | RecvFlags::DONTWAIT, None).and_then(|looked| {
                    if turn.buf.len() < looked.len {
                        turn.buf.resize(looked.len, 0);
                    }
                    let room = turn.buf.get_mut(..looked.len).unwrap_or_default();
                    match self.endpoint.recv(room, RecvFlags::DONTWAIT, None) {
                        // A dump that finds no room fails with each look: what was looked at is taken without another.
                        Err(Errno::ENOBUFS) => {
                            self.fail(Errno::ENOBUFS);
                            self.endpoint.recv(room, RecvFlags::DONTWAIT, None)
                        }
                        received => received,
                    }
                });
            match received {
                Ok(received) => {
                    // There was room for all of it: it was cut on purpose, to the half that is told of.
                    let len = if received.truncated { received.len / 2 } else { received.len };
                    let datagram = turn.buf.get(..len).unwrap_or_default();
                    turn.dumping = Header::read(datagram)
                        .is_some_and(|header| header.flags.contains(Flags::MULTI) && header.kind != MessageType::DONE);
                    turn.held = Some(datagram.to_vec());
                    if turn.buf.len() > KEPT {
                        turn.buf = Vec::new();
                    }
                }
                Err(Errno::EAGAIN) => return false,
                Err(Errno::EINTR) => {}
                Err(Errno::ECONNRESET | Errno::EPROTO | Errno::EPIPE | Errno::EBADF) => {
                    self.dead.store(true, Ordering::Relaxed);
                    // For who buries it, who may have looked just before.
                    self.epoll.change(self.fd(), sys::READ_AND_WRITTEN, self.name);
                    return false;
                }
                Err(errno) => self.fail(errno),
            }
        }
    }
}
