//! Hooks: being asked about every message that goes by.

mod preset;

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use netloom_wire::{Errno, Flags, Malformed, MessageType, Protocol, RawMessage, messages};

use super::exchange::{Exchange, Reason, Step};
use super::names::Names;
use crate::error::Cause;
use crate::socket::Address;

/// When a hook is asked: libnl's set of callbacks.
#[doc(alias = "nl_cb_type")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hook {
    /// A message came in, before anything else looks at it.
    #[doc(alias = "NL_CB_MSG_IN")]
    MsgIn,
    /// A message is about to be sent. What is skipped is not sent, and its call ends as if it were stopped.
    #[doc(alias = "NL_CB_MSG_OUT")]
    MsgOut,
    /// A message's sequence is about to be checked. In libnl such a hook replaces the check; here [`Flow::Next`] lets the
    /// check decide, so that looking on weakens nothing. Families that answer with odd sequences are taken by
    /// [`RawRequest::any_sequence`](super::RawRequest::any_sequence).
    #[doc(alias = "NL_CB_SEQ_CHECK")]
    SeqCheck,
    /// A message of a torn dump came in. The dump counts as torn whatever the hook says.
    #[doc(alias = "NL_CB_DUMP_INTR")]
    DumpInterrupted,
    /// A message asks us for an acknowledgement. None is sent by itself.
    #[doc(alias = "NL_CB_SEND_ACK")]
    SendAck,
    /// A reply, an object of a dump or an event. What is skipped does not reach the program.
    #[doc(alias = "NL_CB_VALID")]
    Valid,
    /// The last message of a dump.
    #[doc(alias = "NL_CB_FINISH")]
    Finish,
    /// An acknowledgement.
    #[doc(alias = "NL_CB_ACK")]
    Ack,
    /// A no-op, which is passed over in any case.
    #[doc(alias = "NL_CB_SKIPPED")]
    Skipped,
    /// Messages were lost: the kernel side says so, or the receive queue was full (no message then).
    #[doc(alias = "NL_CB_OVERRUN")]
    Overrun,
    /// Bytes that are no message (no message then), or a message that belongs to no request: stale, of an unknown
    /// sequence, from another sender than the kernel.
    #[doc(alias = "NL_CB_INVALID")]
    Invalid,
}

impl Hook {
    /// All of them; [`Hooks::on_error`] is one more.
    pub const ALL: [Self; 11] = [
        Self::MsgIn,
        Self::MsgOut,
        Self::SeqCheck,
        Self::DumpInterrupted,
        Self::SendAck,
        Self::Valid,
        Self::Finish,
        Self::Ack,
        Self::Skipped,
        Self::Overrun,
        Self::Invalid,
    ];
}

/// What a hook says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on as if there were no hook.
    #[doc(alias = "NL_OK")]
    Next,
    /// Pass over this message. A call whose acknowledgement is passed over on its way in waits for it in vain.
    #[doc(alias = "NL_SKIP")]
    Skip,
    /// End here: the call, dump or stream says [`is_stopped`](crate::Error::is_stopped).
    #[doc(alias = "NL_STOP")]
    Stop,
}

/// What a hook is asked about.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Heard<'h> {
    /// Why it is asked.
    pub hook: Hook,
    /// The protocol of the socket.
    pub protocol: Protocol,
    /// The message; `None` where there is none to show.
    pub message: Option<RawMessage<'h>>,
    /// Who sent it: of what goes out, we ourselves.
    pub source: Address,
    names: &'h Names,
}

impl Heard<'_> {
    /// The message's generic netlink family, if the connection has met it.
    pub fn family(&self) -> Option<Arc<str>> {
        let generic = self.protocol == Protocol::GENERIC;
        self.message.filter(|_| generic).and_then(|message| self.names.name(message.header.kind.0))
    }
}

impl fmt::Debug for Heard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.hook)?;
        self.message.map_or(Ok(()), |message| write!(f, " {:?}", message.header))
    }
}

type Ask = dyn Fn(&Heard<'_>) -> Flow + Send + Sync;
type AskError = dyn Fn(&Heard<'_>, Errno) -> Flow + Send + Sync;

/// The hooks of a connection; see [`Connection::hooks`](super::Connection::hooks).
///
/// Each is a closure that is asked on the thread that sends or receives, and says how to go on. They are set, changed and
/// removed at any time, from any thread and from inside of a hook; one that is not set costs nothing. A hook asked during
/// a call is inside of it: it must not call on the same connection and protocol, and is refused where it would wait for
/// itself.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use netloom::Connection;
/// use netloom::client::{Flow, Hook};
///
/// let nl = Connection::open()?;
/// let seen = Arc::new(AtomicUsize::new(0));
/// let count = seen.clone();
/// nl.hooks().on(Hook::MsgIn, move |_| {
///     count.fetch_add(1, Ordering::Relaxed);
///     Flow::Next
/// });
/// nl.request_raw(0x10).cmd(3).version(1).attr(2, b"nlctrl\0").send()?;
/// assert_eq!(seen.load(Ordering::Relaxed), 2, "the reply and the acknowledgement");
/// # Ok::<(), netloom::Error>(())
/// ```
#[doc(alias = "nl_cb")]
#[derive(Clone, Default)]
pub struct Hooks(Arc<Table>);

#[derive(Default)]
struct Table {
    /// A bit for each hook that is set, the error hook's being [`ERROR`].
    set: AtomicU32,
    asks: RwLock<[Option<Arc<Ask>>; Hook::ALL.len()]>,
    error: RwLock<Option<Arc<AskError>>>,
}

const ERROR: u32 = 1 << 31;

const fn bit(hook: Hook) -> u32 {
    1 << hook as u32
}

impl Hooks {
    /// Sets a hook, in place of the one there was.
    #[doc(alias = "nl_recvmsg_msg_cb_t")]
    #[doc(alias = "nl_cb_set")]
    #[doc(alias = "nl_socket_modify_cb")]
    pub fn on(&self, hook: Hook, ask: impl Fn(&Heard<'_>) -> Flow + Send + Sync + 'static) -> &Self {
        self.put(hook, Some(Arc::new(ask)))
    }

    /// Sets the same hook for all occasions.
    #[doc(alias = "nl_cb_set_all")]
    pub fn on_all(&self, ask: impl Fn(&Heard<'_>) -> Flow + Send + Sync + 'static) -> &Self {
        let ask: Arc<Ask> = Arc::new(ask);
        Hook::ALL.into_iter().for_each(|hook| {
            self.put(hook, Some(ask.clone()));
        });
        self
    }

    /// Sets the hook that is asked when the kernel side refuses, with the errno. [`Flow::Next`]: the call fails with it.
    /// [`Flow::Skip`]: the refusal is taken for an acknowledgement.
    #[doc(alias = "nl_recvmsg_err_cb_t")]
    #[doc(alias = "nl_cb_err")]
    pub fn on_error(&self, ask: impl Fn(&Heard<'_>, Errno) -> Flow + Send + Sync + 'static) -> &Self {
        *self.0.error.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(ask));
        self.0.set.fetch_or(ERROR, Ordering::Release);
        self
    }

    /// Removes a hook.
    pub fn off(&self, hook: Hook) -> &Self {
        self.put(hook, None)
    }

    /// Removes all of them: libnl's default set.
    #[doc(alias = "NL_CB_DEFAULT")]
    pub fn clear(&self) -> &Self {
        self.0.set.store(0, Ordering::Release);
        *self.0.asks.write().unwrap_or_else(PoisonError::into_inner) = Default::default();
        *self.0.error.write().unwrap_or_else(PoisonError::into_inner) = None;
        self
    }

    fn put(&self, hook: Hook, ask: Option<Arc<Ask>>) -> &Self {
        let mut asks = self.0.asks.write().unwrap_or_else(PoisonError::into_inner);
        match ask {
            Some(_) => self.0.set.fetch_or(bit(hook), Ordering::Release),
            None => self.0.set.fetch_and(!bit(hook), Ordering::Release),
        };
        if let Some(place) = asks.get_mut(hook as usize) {
            *place = ask;
        }
        self
    }

    #[inline]
    pub(super) fn is_any_set(&self) -> bool {
        self.0.set.load(Ordering::Relaxed) != 0
    }

    fn is_set(&self, bit: u32) -> bool {
        self.0.set.load(Ordering::Acquire) & bit != 0
    }

    fn find(&self, hook: Hook) -> Option<Arc<Ask>> {
        let asks = self.0.asks.read().unwrap_or_else(PoisonError::into_inner);
        asks.get(hook as usize)?.clone()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = Hook::ALL.into_iter().filter(|hook| self.is_set(bit(*hook)));
        f.debug_set().entries(set).finish()
    }
}

/// The hooks, where at least one is set, and what they are told besides the message.
#[derive(Clone, Copy)]
pub(super) struct Ears<'h> {
    pub(super) hooks: &'h Hooks,
    pub(super) names: &'h Names,
    pub(super) protocol: Protocol,
    /// Of the lane that is held meanwhile, by address; 0 if none is.
    pub(super) lane: usize,
}

thread_local! {
    /// The lane that this thread holds while one of its hooks runs.
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Whether a hook of this thread runs while the thread holds this lane.
pub(super) fn is_inside(lane: usize) -> bool {
    HELD.get() == lane
}

impl<'h> Ears<'h> {
    /// Asks a hook; [`Flow::Next`] if it is not set.
    pub(super) fn ask(&self, hook: Hook, message: Option<RawMessage<'_>>, source: Address) -> Flow {
        let found = self.hooks.is_set(bit(hook)).then(|| self.hooks.find(hook)).flatten();
        found.map_or(Flow::Next, |ask| {
            self.inside(|| ask(&Heard { hook, protocol: self.protocol, message, source, names: self.names }))
        })
    }

    fn ask_error(&self, message: RawMessage<'_>, source: Address, errno: Errno) -> Flow {
        if !self.hooks.is_set(ERROR) {
            return Flow::Next;
        }
        let found = self.hooks.0.error.read().unwrap_or_else(PoisonError::into_inner).clone();
        let heard =
            Heard { hook: Hook::Ack, protocol: self.protocol, message: Some(message), source, names: self.names };
        found.map_or(Flow::Next, |ask| self.inside(|| ask(&heard, errno)))
    }

    fn inside(&self, ask: impl FnOnce() -> Flow) -> Flow {
        struct Restore(usize);
        impl Drop for Restore {
            fn drop(&mut self) {
                HELD.set(self.0);
            }
        }
        let _restore = Restore(HELD.replace(self.lane));
        ask()
    }

    /// Asks about a request; the error says that it is not to be sent.
    pub(super) fn out(&self, port: u32, request: &[u8]) -> Result<(), Cause> {
        for message in messages(request).flatten() {
            if self.ask(Hook::MsgOut, Some(message), Address::port(port)) != Flow::Next {
                return Err(Cause::Stopped);
            }
        }
        Ok(())
    }

    /// The receive queue was full.
    pub(super) fn lost(&self) -> Flow {
        self.ask(Hook::Overrun, None, Address::KERNEL)
    }

    /// Asks about a message of a group's, or what should have been one.
    pub(super) fn event(&self, message: Result<RawMessage<'_>, Malformed>, source: Address) -> Flow {
        let Ok(message) = message else { return self.ask(Hook::Invalid, None, source).told() };
        match self.arriving(&message, source) {
            Flow::Next if message.header.kind == MessageType::NOOP => Flow::Next,
            Flow::Next => self.ask(Hook::Valid, Some(message), source),
            flow => flow,
        }
    }

    /// Asks about a message as it comes in; anything but [`Flow::Next`] decides over it.
    pub(super) fn arriving(&self, message: &RawMessage<'_>, source: Address) -> Flow {
        let header = &message.header;
        let occasions = [
            (Hook::MsgIn, true),
            (Hook::SeqCheck, source.port == 0),
            (Hook::DumpInterrupted, header.flags.contains(Flags::DUMP_INTR)),
            (Hook::SendAck, header.flags.contains(Flags::ACK) && !header.kind.is_control()),
            (Hook::Skipped, header.kind == MessageType::NOOP),
        ];
        let asked = occasions.into_iter().filter(|(_, due)| *due);
        let flow = |(hook, _)| self.ask(hook, Some(*message), source);
        asked.map(flow).find(|flow| *flow != Flow::Next).unwrap_or(Flow::Next)
    }

    /// Eats a message of a datagram as [`Exchange::step`] does, asking about it on the way.
    #[cold]
    pub(super) fn step<'d>(
        &self,
        exchange: &mut Exchange,
        message: Result<RawMessage<'d>, Malformed>,
        source: Address,
    ) -> Option<Step<'d>> {
        if let Ok(message) = &message {
            match self.arriving(message, source) {
                Flow::Next => {}
                Flow::Skip => {
                    exchange.pass_over(message);
                    return None;
                }
                Flow::Stop => return Some(exchange.stop()),
            }
        }
        let step = exchange.step(message, source)?;
        let message = message.ok();
        let flow = match (&step, message) {
            (Step::Reply(message), _) => self.ask(Hook::Valid, Some(*message), source),
            (Step::Ack(_), message) => self.ask(Hook::Ack, message, source),
            (Step::Nack(verdict), Some(message)) => match self.ask_error(message, source, verdict.errno) {
                Flow::Skip => return Some(Step::Ack(*verdict)),
                flow => flow,
            },
            (Step::Done(_) | Step::Interrupted(_), message) => match self.ask(Hook::Finish, message, source) {
                Flow::Skip => Flow::Next,
                flow => flow,
            },
            (Step::Overrun, message) => self.ask(Hook::Overrun, message, source).told(),
            (Step::Malformed(_), message) => self.ask(Hook::Invalid, message, source).told(),
            (Step::Stray(stray), message) if stray.reason == Reason::Unsolicited => {
                self.ask(Hook::Valid, message, source)
            }
            (Step::Stray(_), message) => self.ask(Hook::Invalid, message, source).told(),
            (Step::Nack(_) | Step::Stalled | Step::Stopped, _) => Flow::Next,
        };
        match flow {
            Flow::Next => Some(step),
            Flow::Skip => None,
            Flow::Stop => Some(exchange.stop()),
        }
    }
}

impl Flow {
    /// What cannot be passed over is told.
    pub(super) fn told(self) -> Self {
        if self == Self::Skip { Self::Next } else { self }
    }
}
