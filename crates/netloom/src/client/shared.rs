//! What the handles of a connection share.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use netloom_wire::{self as wire, Family, Protocol};

use super::Dialer;
use super::builder::Builder;
use super::by_protocol::ByProtocol;
use super::hooks::{Ears, Hooks};
use super::lane::{Lane, Setup};
use super::mailbox::Mailbox;
use super::names::Names;
use super::strays::{StrayCount, Strays};
use super::turnstile::Turnstile;
use crate::Result;
use crate::error::Error;
use crate::socket::Socket;

/// What a connection is made with.
pub(crate) struct Settings {
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) protocol: Protocol,
    pub(crate) port: u32,
    pub(crate) timeout: Option<Duration>,
    pub(crate) setup: Setup,
}

impl Settings {
    /// The usual ones, for this kernel side.
    pub(crate) fn over(dialer: Arc<dyn Dialer>) -> Self {
        let setup = Setup { strict: true, detached: false, receive_buffer: None };
        Self { dialer, protocol: Protocol::GENERIC, port: 0, timeout: Some(Builder::TIMEOUT), setup }
    }
}

/// What the handles of a connection share.
pub(crate) struct Shared {
    pub(super) dialer: Arc<dyn Dialer>,
    pub(super) protocol: Protocol,
    pub(super) port: u32,
    pub(super) timeout: Option<Duration>,
    setup: Setup,
    pub(super) names: Names,
    pub(super) hooks: Hooks,
    channels: ByProtocol<Channel>,
    strays: [OnceLock<Arc<Strays>>; Protocol::COUNT],
    /// Lanes of dumps and batches that have ended.
    idle: Mutex<Vec<(Protocol, Lane)>>,
    /// Room for answers that new lanes begin with.
    room: AtomicUsize,
}

/// The call socket of a protocol.
pub(super) struct Channel {
    pub(super) port: u32,
    pub(super) lane: Turnstile<Lane>,
    pub(super) strays: Arc<Strays>,
    pub(super) mailbox: Arc<Mailbox>,
    socket: Socket,
}

impl Channel {
    /// The socket, to be waited on or set up while others call.
    pub(super) const fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl Shared {
    /// Idle lanes kept for the next dump.
    const IDLE: usize = 4;

    pub(crate) fn new(settings: Settings) -> Arc<Self> {
        let Settings { dialer, protocol, port, timeout, setup } = settings;
        let channels = ByProtocol::new();
        let strays = [const { OnceLock::new() }; Protocol::COUNT];
        let (names, hooks, idle) = (Names::default(), Hooks::default(), Mutex::default());
        let room = AtomicUsize::new(Lane::ANSWER);
        Arc::new(Self { dialer, protocol, port, timeout, setup, names, hooks, channels, strays, idle, room })
    }

    /// The hooks, if any is set; of a call on this channel, or of what holds no call's lane.
    #[inline]
    pub(super) fn ears(&self, protocol: Protocol, channel: Option<&Channel>) -> Option<Ears<'_>> {
        if !self.hooks.is_any_set() {
            return None;
        }
        Some(self.ears_of(protocol, channel.map_or(0, |channel| channel.lane.id())))
    }

    /// The hooks, set or not.
    pub(super) fn ears_of(&self, protocol: Protocol, lane: usize) -> Ears<'_> {
        Ears { hooks: &self.hooks, names: &self.names, protocol, lane }
    }

    /// The type of an op's messages: `number`, or its family's id if it is a generic netlink one and known.
    #[inline]
    pub(super) fn kind_of<O: wire::Op>(&self, number: u16) -> Option<u16> {
        if FamilyOf::<O>::GENERIC { self.names.id(FamilyOf::<O>::NAME) } else { Some(number) }
    }

    /// Whether an op was refused because the family's id may not be this any more; it is asked for anew then.
    // net/netlink/genetlink.c: genl_rcv_msg, no family of this id; or a handler's own ENOENT
    pub(super) fn is_outdated<O: wire::Op>(&self, id: u16, error: &Error) -> bool {
        let outdated = FamilyOf::<O>::GENERIC && error.is_refused() && error.errno() == Some(wire::Errno::ENOENT);
        if outdated {
            self.names.forget(id);
        }
        outdated
    }

    /// The call socket of a protocol, opened if it is not yet.
    #[inline(always)]
    pub(super) fn channel(&self, protocol: Protocol) -> Result<&Channel> {
        self.channels.of(protocol, || {
            let mut lane = self.open_call_lane(protocol)?;
            let (port, socket, strays) = (lane.port, lane.socket.clone(), self.strays(protocol));
            let mailbox = lane.share(strays.clone());
            Ok(Channel { port, lane: Turnstile::new(lane), strays, mailbox, socket })
        })
    }

    /// Where the strays of a protocol's sockets go.
    pub(super) fn strays(&self, protocol: Protocol) -> Arc<Strays> {
        let fresh = || Arc::new(Strays::new(protocol));
        let place = self.strays.get(usize::from(protocol.number()));
        place.map_or_else(fresh, |place| place.get_or_init(fresh).clone())
    }

    /// How many messages answered nothing, on all sockets.
    pub(super) fn stray_count(&self) -> StrayCount {
        let counts = self.strays.iter().filter_map(OnceLock::get).map(|strays| strays.count());
        counts.fold(StrayCount::default(), StrayCount::plus)
    }

    /// Whether the program has chosen how much receive queues hold.
    pub(super) fn is_receive_buffer_set(&self) -> bool {
        self.setup.receive_buffer.is_some()
    }

    /// A lane for a dump or a batch.
    pub(super) fn take_lane(&self, protocol: Protocol) -> Result<Lane> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let found = idle.iter().position(|(of, _)| *of == protocol);
        match found {
            Some(place) => {
                let mut lane = idle.swap_remove(place).1;
                lane.make_room(self.room.load(Ordering::Relaxed));
                Ok(lane)
            }
            None => {
                drop(idle);
                self.open_lane(protocol, 0)
            }
        }
    }

    /// Takes a lane back whose dump or batch has ended.
    pub(super) fn give_lane(&self, protocol: Protocol, lane: Lane) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < Self::IDLE {
            idle.push((protocol, lane));
        }
    }

    /// Has the lanes of dumps to come begin with room for answers of so many bytes, an answer having been lost for want of it.
    pub(super) fn make_room(&self, bytes: usize) {
        self.room.fetch_max(bytes.next_power_of_two(), Ordering::Relaxed);
    }

    /// A lane for calls: from the port that was asked for, if it is of the connection's own protocol.
    pub(super) fn open_call_lane(&self, protocol: Protocol) -> Result<Lane> {
        self.open_lane(protocol, if protocol == self.protocol { self.port } else { 0 })
    }

    fn open_lane(&self, protocol: Protocol, port: u32) -> Result<Lane> {
        Lane::new(self.dialer.open(protocol)?, self.setup, self.timeout, port, self.room.load(Ordering::Relaxed))
    }

    /// A fresh socket, bound, for a subscription.
    pub(super) fn open_socket(&self, protocol: Protocol) -> Result<Socket> {
        Ok(self.open_lane(protocol, 0)?.socket)
    }
}

/// The family a marker belongs to, in one word.
pub(super) struct FamilyOf<O>(PhantomData<O>);

impl<O: wire::Op> FamilyOf<O> {
    pub(super) const PROTOCOL: Protocol = <O::Family as Family>::PROTOCOL;
    pub(super) const GENERIC: bool = Self::PROTOCOL.number() == Protocol::GENERIC.number();
    pub(super) const NAME: &'static str = <O::Family as Family>::NAME;
    pub(super) const VERSION: u8 = <O::Family as Family>::VERSION;
    pub(super) const ANY_SEQUENCE: bool = <O::Family as Family>::INFO.reply_seq_any;
    /// Bytes between the message's header and the attributes.
    pub(super) const FIXED: usize = {
        let genl = if Self::GENERIC { wire::GenlHeader::LEN } else { 0 };
        genl.saturating_add(<O::Header as wire::FixedHeader>::SIZE)
    };
}
