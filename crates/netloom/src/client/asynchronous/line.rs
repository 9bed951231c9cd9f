//! A call socket that many tasks use at once.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use netloom_wire::{Errno, Header, messages};

use super::readiness::Readiness;
use super::runtime::{Runtime, Way};
use super::slots::{Mail, Odd, Post, Slots};
use crate::Result;
use crate::client::exchange::{Expect, Whole, whole_answer};
use crate::client::hooks::{Ears, Flow};
use crate::client::lane::{self, Lane};
use crate::client::mailbox;
use crate::client::strays::Strays;
use crate::client::turnstile::Turnstile;
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
    state: Turnstile<State>,
    /// Calls that were dropped while the state was held, maybe by who held it: a waker or a hook may drop anything.
    gone: Mutex<Vec<u32>>,
    /// Whether there are any of them.
    is_any_gone: AtomicBool,
    hearers: AtomicU64,
}

pub(super) struct State {
    /// The sequence number used last.
    seq: u32,
    pub(super) slots: Slots,
    inbox: Vec<u8>,
    /// Buffers of calls that have ended.
    spare: Vec<Vec<u8>>,
}

impl<R: Runtime> Line<R> {
    /// Buffers that are kept.
    const SPARE: usize = 16;

    pub(super) fn new(lane: Lane, strays: Arc<Strays>) -> Self {
        let (port, detached, socket, inbox) = lane.into_parts();
        let state = State { seq: 0, slots: Slots::default(), inbox, spare: Vec::new() };
        let ready = Readiness::new(socket);
        let (state, gone, hearers) = (Turnstile::new(state), Mutex::default(), AtomicU64::new(1 << 32));
        Self { port, detached, strays, ready, state, gone, is_any_gone: AtomicBool::new(false), hearers }
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
        self.state.id()
    }

    /// The state, to read the socket; never held while waiting or sending.
    #[inline]
    pub(super) fn state(&self) -> Result<MutexGuard<'_, State>> {
        let mut state = self.state.hold()?;
        if self.is_any_gone.load(Ordering::Relaxed) {
            self.forget_gone(&mut state);
        }
        Ok(state)
    }

    #[cold]
    fn forget_gone(&self, state: &mut State) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_any_gone.store(false, Ordering::Relaxed);
        gone.drain(..).for_each(|seq| state.slots.remove(seq));
    }

    /// A call begins: its sequence number, and a buffer for its request.
    #[inline]
    pub(super) fn begin(&self, odd: Odd) -> Result<Place<'_, R>> {
        let mut state = self.state()?;
        state.seq = lane::after(state.seq);
        let (seq, buffer) = (state.seq, state.spare.pop().unwrap_or_default());
        state.slots.add(seq, odd);
        drop(state);
        Ok(Place { line: self, seq, barrier: None, buffer, waited: false, ended: false })
    }

    /// Looks, once a call's request has been sent, for the datagram that answers all of it: in the state that this
    /// returns, of this length if it is a reply. To be called only where no hooks are set.
    #[inline]
    pub(super) fn answer_at_once(&self, place: &mut Place<'_, R>, expect: Expect) -> Option<Answered<'_>> {
        let mut state = self.state.try_hold()?;
        if state.slots.has_mail(place.seq) {
            return None;
        }
        let got = self.receive(&mut state)?;
        let whole = got.as_ref().ok().and_then(|received| {
            let datagram = state.inbox.get(..received.len)?;
            whole_answer(self.port, place.seq, expect, datagram, received.source)
        });
        let reply = match whole {
            Some(Whole::Reply(message)) => Some(message.len()),
            Some(Whole::Ack) => None,
            None => {
                // Whatever it is: all whom it may concern have it in their mail then, this call among them.
                let _ = self.deal(&mut state, got, None, None, &mut |_| Ok(()));
                return None;
            }
        };
        place.end(&mut state);
        Some(Answered { state, reply })
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
    #[inline]
    pub(super) fn send(&self, datagram: &[u8]) -> Option<Result<()>> {
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
        state.slots.add_barrier(seq, call.seq);
        call.barrier = Some(seq);
        Ok(Some(seq))
    }

    /// Receives without waiting.
    #[inline]
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
            Cause::Truncated(_) => {
                Header::read(&state.inbox).and_then(|cut| state.slots.addressee(&cut, Address::KERNEL))
            }
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
        for seq in state.slots.all().into_iter().filter(|seq| Some(*seq) != me) {
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
                    whose = state.slots.addressee(&message.header, received.source);
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
        if state.slots.put(seq, mail) {
            self.ready.bell(Way::In).call(seq.into());
        }
        Ok(())
    }
}

/// A call that was answered at once.
pub(super) struct Answered<'l> {
    state: MutexGuard<'l, State>,
    reply: Option<usize>,
}

impl Answered<'_> {
    /// The reply, unless it was an acknowledgement that says nothing besides.
    #[inline]
    pub(super) fn reply(&self) -> Option<&[u8]> {
        self.state.inbox.get(..self.reply?)
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
    ended: bool,
}

impl<R: Runtime> Place<'_, R> {
    /// Leaves it, never having waited.
    #[inline]
    fn end(&mut self, state: &mut State) {
        for seq in [Some(self.seq), self.barrier].into_iter().flatten() {
            state.slots.remove(seq);
        }
        if state.spare.len() < Line::<R>::SPARE {
            state.spare.push(std::mem::take(&mut self.buffer));
        }
        self.ended = true;
    }

    /// It waits: to be told before the last look.
    pub(super) fn wait(&mut self, way: Way, cx: &Context<'_>) {
        self.waited = true;
        self.line.ready.bell(way).wait(self.seq.into(), cx.waker());
    }
}

impl<R: Runtime> Drop for Place<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if !self.ended {
            self.leave();
        }
    }
}

impl<R: Runtime> Place<'_, R> {
    #[inline(never)]
    fn leave(&mut self) {
        let line = self.line;
        match line.state.try_hold() {
            Some(mut state) => self.end(&mut state),
            None => {
                let mut gone = line.gone.lock().unwrap_or_else(PoisonError::into_inner);
                gone.extend([Some(self.seq), self.barrier].into_iter().flatten());
                line.is_any_gone.store(true, Ordering::Relaxed);
            }
        }
        if self.waited {
            line.ready.bell(Way::In).leave(self.seq.into());
            line.ready.bell(Way::Out).leave(self.seq.into());
        }
    }
}

impl<R: Runtime> fmt::Debug for Line<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line(port {}, {:?})", self.port, self.ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::asynchronous::{Timer, Watched};
    use crate::client::lane::Setup;
    use crate::kernel::Kernel;
    use netloom_wire::Protocol;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    /// Nothing waits here.
    #[derive(Debug)]
    struct Still;
    impl Runtime for Still {
        type Watched = Still;
        fn watch(_: OwnedFd, _: Way) -> io::Result<Still> {
            Ok(Still)
        }
        fn timer(_: Duration) -> io::Result<Timer> {
            Ok(Box::pin(std::future::pending()))
        }
    }
    impl Watched for Still {
        fn poll(&self, _: &mut Context<'_>, _: &mut dyn FnMut() -> bool) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[test]
    fn who_goes_is_forgotten_whoever_holds_the_state() {
        let setup = Setup { strict: true, detached: true, receive_buffer: None };
        let socket = Kernel::new().socket(Protocol::GENERIC).unwrap();
        let lane = Lane::new(socket, setup, None, 0, 4096).unwrap();
        let line = Line::<Still>::new(lane, Arc::new(Strays::new(Protocol::GENERIC)));
        let mut places: Vec<_> = (0..100).map(|_| line.begin(None).unwrap()).collect();
        assert_eq!(line.state().unwrap().slots.all(), places.iter().map(|place| place.seq).collect::<Vec<_>>());
        // One that has a no-op behind it has two to be forgotten.
        let mut with_barrier = line.begin(None).unwrap();
        assert!(line.send_barrier(&mut line.state().unwrap(), &mut with_barrier, None).unwrap().is_some());
        assert_eq!(line.state().unwrap().slots.all().len(), 102);
        // Half of them while somebody reads.
        let state = line.state().unwrap();
        places.truncate(50);
        drop(with_barrier);
        assert_eq!(state.slots.all().len(), 102, "not yet");
        drop(state);
        assert_eq!(line.state().unwrap().slots.all().len(), 50);
        drop(places);
        let state = line.state().unwrap();
        assert!(state.slots.is_empty() && line.gone.lock().unwrap().is_empty());
        assert!(state.spare.len() <= Line::<Still>::SPARE, "no more buffers are kept than that");
    }
}
