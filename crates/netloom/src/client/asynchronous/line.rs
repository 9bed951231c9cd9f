//! A call socket that many tasks use at once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll};

use netloom_wire::{Errno, Header, MessageType, messages};

use super::readiness::Readiness;
use super::runtime::{Runtime, Way};
use crate::Result;
use crate::client::hooks::{self, Ears, Flow};
use crate::client::lane::{self, Lane};
use crate::client::mailbox;
use crate::client::strays::Strays;
use crate::error::{Cause, Error};
use crate::socket::{Address, Received, retry};

/// A call socket, and the calls that are under way on it. Whoever of them is polled reads the socket: what is his he takes,
/// what is another's he puts into its mail, what is nobody's is a stray.
pub(super) struct Line<R: Runtime> {
    pub(super) port: u32,
    /// Sends are handled after they were made, so that no look at the socket tells that nothing will be answered.
    pub(super) detached: bool,
    pub(super) strays: Arc<Strays>,
    ready: Readiness<R>,
    state: Mutex<State>,
    /// Calls that were dropped while the state was held, maybe by who held it: a waker or a hook may drop anything.
    gone: Mutex<Vec<u32>>,
    hearers: AtomicU64,
}

pub(super) struct State {
    /// The sequence number used last.
    seq: u32,
    /// By sequence number, oldest first.
    slots: VecDeque<(u32, Slot)>,
    inbox: Vec<u8>,
    /// Buffers of calls that have ended.
    spare: Vec<Vec<u8>>,
}

enum Slot {
    Call {
        /// What another one read for it.
        mail: VecDeque<Mail>,
        /// It takes what looks unsolicited: of which kind, if that is known.
        odd: Option<Option<MessageType>>,
    },
    /// The no-op behind the call of this sequence.
    Barrier(u32),
}

/// What was read for a call.
pub(super) enum Mail {
    Datagram(Box<[u8]>, Received),
    /// The queue was full: its answer may be among what was lost.
    Lost,
    Failed(Cause),
}

/// The same as it is read: what a call gets at once.
pub(super) enum Post<'d> {
    Datagram(&'d [u8], &'d Received),
    Lost,
    Failed(Cause),
}

impl Mail {
    pub(super) fn as_post(&self) -> Post<'_> {
        match self {
            Self::Datagram(bytes, received) => Post::Datagram(bytes, received),
            Self::Lost => Post::Lost,
            Self::Failed(cause) => Post::Failed(cause.clone()),
        }
    }
}

impl<R: Runtime> Line<R> {
    /// Buffers that are kept.
    const SPARE: usize = 16;
    /// Pieces of mail that a call which is not polled may have.
    const MAIL: usize = 1024;

    pub(super) fn new(lane: Lane, strays: Arc<Strays>) -> Self {
        let (port, detached, socket, inbox) = lane.into_parts();
        let state = State { seq: 0, slots: VecDeque::new(), inbox, spare: Vec::new() };
        let ready = Readiness::new(socket);
        let (state, gone, hearers) = (Mutex::new(state), Mutex::default(), AtomicU64::new(1 << 32));
        Self { port, detached, strays, ready, state, gone, hearers }
    }

    pub(super) fn ready(&self) -> &Readiness<R> {
        &self.ready
    }

    /// A name for one more who hears what answers nothing: calls are named by their sequence.
    pub(super) fn hearer(&self) -> u64 {
        self.hearers.fetch_add(1, Ordering::Relaxed)
    }

    /// What hooks know the line by.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(&self.state) as usize
    }

    /// The state, to read the socket; never held while waiting or sending.
    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>> {
        if hooks::is_inside(self.id()) {
            let instead = "a hook runs inside of a call and cannot wait for another one on the same socket: use another \
                           connection, or call afterwards";
            return Err(Error::new("", Cause::Usage(instead)));
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = std::mem::take(&mut *self.gone.lock().unwrap_or_else(PoisonError::into_inner));
        gone.into_iter().for_each(|seq| state.remove(seq));
        Ok(state)
    }

    /// A call begins: its sequence number, and a buffer for its request.
    pub(super) fn begin(&self, odd: Option<Option<MessageType>>) -> Result<Place<'_, R>> {
        let mut state = self.state()?;
        state.seq = lane::after(state.seq);
        let (seq, buffer) = (state.seq, state.spare.pop().unwrap_or_default());
        state.slots.push_back((seq, Slot::Call { mail: VecDeque::new(), odd }));
        drop(state);
        Ok(Place { line: self, seq, barrier: None, buffer, waited: false })
    }

    /// Sends a datagram to the kernel side, for who has this name and then has waited.
    pub(super) fn poll_send(
        &self,
        cx: &Context<'_>,
        name: u32,
        datagram: &[u8],
        waited: &mut bool,
    ) -> Poll<Result<()>> {
        if let Some(sent) = self.send(datagram) {
            return Poll::Ready(sent);
        }
        *waited = true;
        self.ready.bell(Way::Out).wait(name.into(), cx.waker());
        self.ready.poll_send(&mut || self.send(datagram)).map(|sent| sent.map_err(|cause| Error::new("", cause))?)
    }

    /// The same without waiting; `None` if there is no room for it.
    fn send(&self, datagram: &[u8]) -> Option<Result<()>> {
        match retry(|| self.ready.socket().endpoint().send(None, datagram)) {
            Ok(_) => Some(Ok(())),
            Err(Errno::EAGAIN) => None,
            Err(errno) => Some(Err(Error::system("send", errno))),
        }
    }

    /// Sends a no-op behind a call: its sequence, or `None` if there is no room.
    pub(super) fn send_barrier(
        &self,
        state: &mut State,
        call: &mut Place<'_, R>,
        ears: Option<&Ears<'_>>,
    ) -> Result<Option<u32>> {
        let seq = lane::after(state.seq);
        let bytes = lane::barrier(self.port, seq);
        if let Some(ears) = ears {
            ears.out(self.port, &bytes).map_err(|cause| Error::new("", cause))?;
        }
        let Some(sent) = self.send(&bytes) else { return Ok(None) };
        sent?;
        state.seq = seq;
        state.slots.push_back((seq, Slot::Barrier(call.seq)));
        call.barrier = Some(seq);
        Ok(Some(seq))
    }

    /// Receives without waiting.
    pub(super) fn receive(&self, state: &mut State) -> Option<std::result::Result<Received, Cause>> {
        if state.inbox.is_empty() {
            // A panic in a reply's reader took it away.
            state.inbox.resize(Lane::ANSWER, 0);
        }
        mailbox::take(self.ready.socket(), &mut state.inbox)
    }

    /// Deals out what was received: to the call `me`, if there is one, by `own`.
    pub(super) fn deal(
        &self,
        state: &mut State,
        got: std::result::Result<Received, Cause>,
        me: Option<u32>,
        ears: Option<&Ears<'_>>,
        own: &mut dyn FnMut(Post<'_>) -> Result<()>,
    ) -> Result<()> {
        let cause = match got {
            Ok(received) => return self.deal_datagram(state, &received, me, ears, own),
            Err(cause) => cause,
        };
        let whose = match cause {
            Cause::Truncated(_) => Header::read(&state.inbox).and_then(|cut| state.addressee(&cut, Address::KERNEL)),
            _ => None,
        };
        if let Some(whose) = whose {
            return if me == Some(whose) {
                own(Post::Failed(cause))
            } else {
                self.put(state, whose, Mail::Failed(cause))
            };
        }
        match cause {
            Cause::Overrun | Cause::Truncated(_) => {
                self.strays.overrun();
                if ears.is_some_and(|ears| ears.lost() == Flow::Stop) {
                    return Err(Error::new("", Cause::Stopped));
                }
                // What was cut was nobody's answer; what was lost may have been anybody's.
                if matches!(cause, Cause::Overrun) { self.tell_all(state, &cause, me, own) } else { Ok(()) }
            }
            cause if me.is_none() => {
                self.tell_all(state, &cause, me, own)?;
                Err(Error::new("", cause))
            }
            cause => self.tell_all(state, &cause, me, own),
        }
    }

    /// Tells every call what a receive has failed with.
    fn tell_all(
        &self,
        state: &mut State,
        cause: &Cause,
        me: Option<u32>,
        own: &mut dyn FnMut(Post<'_>) -> Result<()>,
    ) -> Result<()> {
        let mail = || match cause {
            Cause::Overrun => Mail::Lost,
            cause => Mail::Failed(cause.clone()),
        };
        let others: Vec<u32> = state.slots.iter().map(|(seq, _)| *seq).filter(|seq| Some(*seq) != me).collect();
        for seq in others {
            self.put(state, seq, mail())?;
        }
        if me.is_some() { own(mail().as_post()) } else { Ok(()) }
    }

    fn deal_datagram(
        &self,
        state: &mut State,
        received: &Received,
        me: Option<u32>,
        ears: Option<&Ears<'_>>,
        own: &mut dyn FnMut(Post<'_>) -> Result<()>,
    ) -> Result<()> {
        let inbox = std::mem::take(&mut state.inbox);
        let datagram = inbox.get(..received.len).unwrap_or_default();
        let mut whose = None;
        let mut dealt = Ok(());
        for message in messages(datagram) {
            let bytes = match &message {
                Ok(message) => {
                    whose = state.addressee(&message.header, received.source);
                    message.bytes
                }
                // What stands behind a message of somebody's is theirs.
                Err(malformed) => datagram.get(malformed.offset..).unwrap_or_default(),
            };
            let done = match whose {
                Some(seq) if me == Some(seq) => own(Post::Datagram(bytes, received)),
                Some(seq) => self.put(state, seq, Mail::Datagram(bytes.into(), *received)),
                None => match message {
                    // It may have been anybody's answer.
                    Err(malformed) if received.source.port == 0 && !state.slots.is_empty() => {
                        self.tell_all(state, &Cause::Malformed(malformed), me, own)
                    }
                    message => self.strays.hear((self.port, state.seq), message, received, ears),
                },
            };
            dealt = dealt.and(done);
        }
        state.inbox = inbox;
        dealt
    }

    /// Puts something into a call's mail, and wakes it.
    fn put(&self, state: &mut State, seq: u32, mail: Mail) -> Result<()> {
        if let Some(Slot::Call { mail: received, .. }) = state.slot(seq) {
            if received.len() < Self::MAIL {
                received.push_back(mail);
            } else {
                received.push_back(Mail::Lost);
                received.truncate(Self::MAIL.saturating_add(1));
            }
            self.ready.bell(Way::In).call(seq.into());
        }
        Ok(())
    }
}

/// A call's place in a line. Dropped, the call is forgotten, and what is answered then is a stray; if it waited, another one
/// reads from now on.
pub(super) struct Place<'l, R: Runtime> {
    pub(super) line: &'l Line<R>,
    pub(super) seq: u32,
    barrier: Option<u32>,
    /// For its request; given back.
    pub(super) buffer: Vec<u8>,
    pub(super) waited: bool,
}

impl<R: Runtime> Place<'_, R> {
    /// It waits: to be told before the last look.
    pub(super) fn wait(&mut self, way: Way, cx: &Context<'_>) {
        self.waited = true;
        self.line.ready.bell(way).wait(self.seq.into(), cx.waker());
    }
}

impl<R: Runtime> Drop for Place<'_, R> {
    fn drop(&mut self) {
        let line = self.line;
        let seqs = [Some(self.seq), self.barrier].into_iter().flatten();
        let state = match line.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        match state {
            Some(mut state) => {
                seqs.for_each(|seq| state.remove(seq));
                if state.spare.len() < Line::<R>::SPARE {
                    state.spare.push(std::mem::take(&mut self.buffer));
                }
            }
            None => line.gone.lock().unwrap_or_else(PoisonError::into_inner).extend(seqs),
        }
        if self.waited {
            line.ready.bell(Way::In).leave(self.seq.into());
            line.ready.bell(Way::Out).leave(self.seq.into());
        }
    }
}

impl State {
    /// The oldest piece of a call's mail.
    pub(super) fn mail(&mut self, seq: u32) -> Option<Mail> {
        match self.slot(seq)? {
            Slot::Call { mail, .. } => mail.pop_front(),
            Slot::Barrier(_) => None,
        }
    }

    /// Which call may be meant by a message; its exchange decides.
    fn addressee(&mut self, header: &Header, source: Address) -> Option<u32> {
        if source.port != 0 {
            return None;
        }
        match self.slot(header.seq) {
            Some(Slot::Call { .. }) => return Some(header.seq),
            Some(Slot::Barrier(call)) => return Some(*call),
            None => {}
        }
        if header.seq != 0 || header.kind.is_control() || source.groups != 0 {
            return None;
        }
        let takes = |slot: &Slot| match slot {
            Slot::Call { odd: Some(kind), .. } => kind.is_none_or(|kind| kind == header.kind),
            _ => false,
        };
        self.slots.iter().find(|(_, slot)| takes(slot)).map(|(seq, _)| *seq)
    }

    fn remove(&mut self, seq: u32) {
        if let Some(place) = self.place(seq) {
            self.slots.remove(place);
        }
    }

    fn slot(&mut self, seq: u32) -> Option<&mut Slot> {
        let place = self.place(seq)?;
        self.slots.get_mut(place).map(|(_, slot)| slot)
    }

    /// Sequence numbers come round: what is under way is in order counted from the oldest.
    fn place(&self, seq: u32) -> Option<usize> {
        let oldest = self.slots.front()?.0;
        self.slots.binary_search_by_key(&seq.wrapping_sub(oldest), |(at, _)| at.wrapping_sub(oldest)).ok()
    }
}

impl<R: Runtime> fmt::Debug for Line<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line(port {}, {:?})", self.port, self.ready)
    }
}
