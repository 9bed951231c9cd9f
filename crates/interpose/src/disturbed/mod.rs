//! Disturbing what programs say and hear, as a kernel can at its worst.

mod endpoint;
mod fault;
mod refusal;
mod tear;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom::Errno;
use netloom::socket::Endpoint;
use netloom::wire::{Protocol, RawAttrs, RawMessage, Str, messages};

use crate::client::Client;
use crate::side::Side;
use endpoint::DisturbedEndpoint;
use fault::{Dice, Rule};

pub use fault::{AskedOp, Disturbance, Fault, OpFamily};

/// A kernel side whose answers go wrong now and then, so that what a program does about it can be tested.
///
/// | fault | could happen | what the program sees |
/// |---|---|---|
/// | [`TornDump`](Disturbance::TornDump) | to each dump | `NLM_F_DUMP_INTR` in the middle of it or on its end, and on what follows; never on its first message, before which nothing can have changed |
/// | [`Overrun`](Disturbance::Overrun) | to each event and each answer that is no part of a dump | it is gone, and the next receive is ENOBUFS, unless the socket has `NETLINK_NO_ENOBUFS` |
/// | [`Truncation`](Disturbance::Truncation) | to each datagram | its first half, and `MSG_TRUNC` |
/// | [`Delay`](Disturbance::Delay) | to each request | its send takes that much longer, as a kernel's does that waits for a lock; in [`Mode::Fast`](crate::Mode::Fast) its answer comes that much later |
/// | [`Nack`](Disturbance::Nack) | to each request of the op | `NLMSG_ERROR`, as its options have it (`NETLINK_CAP_ACK`, `NETLINK_EXT_ACK`); nobody is asked |
///
/// ENOBUFS and `MSG_TRUNC` are seen in [`Mode::Full`](crate::Mode::Full); in the other modes the one is told by `SO_ERROR`
/// alone, so that who waits for a lost answer waits on, and the other not at all: what is left is a message longer than its
/// datagram.
///
/// What happens follows from the seed, from the order in which sockets are opened, and on each from its own requests and
/// what comes back: the same again as far as those are. [`Faults`](netloom::kernel::Faults) are the same in a kernel side
/// of one's own, one at a time.
pub struct Disturbed<S> {
    side: S,
    plan: Arc<Plan>,
    last: AtomicU64,
}

impl<S: Side> Disturbed<S> {
    /// What goes wrong on this side.
    pub fn new(side: S, faults: Vec<Fault>, seed: u64) -> Self {
        let rules = faults.into_iter().map(Rule::new).collect();
        // include/uapi/linux/genetlink.h: GENL_ID_CTRL
        let names = Mutex::new(HashMap::from([(NLCTRL, "nlctrl".to_owned())]));
        Self { side, plan: Arc::new(Plan { rules, seed, names }), last: AtomicU64::new(0) }
    }

    /// Says which generic family has this id. What nlctrl tells programs is learned by itself.
    pub fn name(&self, id: u16, family: &str) {
        self.plan.names().insert(id, family.to_owned());
    }
}

impl<S: Side> Side for Disturbed<S> {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        let Some(endpoint) = self.side.open(protocol, client)? else { return Ok(None) };
        let socket = self.last.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Ok(Some(Arc::new(DisturbedEndpoint::new(endpoint, protocol, &self.plan, socket))))
    }
}

impl<S: Side> fmt::Debug for Disturbed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, disturbed", self.side)
    }
}

const NLCTRL: u16 = 0x10;

/// What all sockets of a side share.
#[derive(Debug)]
struct Plan {
    rules: Vec<Rule>,
    seed: u64,
    /// The generic families that are known, by id.
    names: Mutex<HashMap<u16, String>>,
}

impl Plan {
    fn names(&self) -> MutexGuard<'_, HashMap<u16, String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dice(&self, socket: u64) -> Dice {
        Dice::new(self.seed, socket, self.rules.len())
    }

    /// The rules, each with its index.
    fn each(&self) -> impl Iterator<Item = (usize, &Rule)> {
        self.rules.iter().enumerate()
    }

    /// Whether the first rule strikes that does this, of those that do.
    fn strikes(&self, dice: &mut Dice, what: &Disturbance) -> bool {
        self.each().any(|(index, rule)| rule.fault.what == *what && dice.strikes(index, rule))
    }

    fn is(&self, id: u16, family: &str) -> bool {
        self.names().get(&id).is_some_and(|name| name == family)
    }

    /// Learns which family has which id.
    // net/netlink/genetlink.c: ctrl_fill_info
    fn learn(&self, protocol: Protocol, datagram: &[u8]) {
        let tells = |message: &RawMessage<'_>| message.header.kind.0 == NLCTRL;
        if protocol != Protocol::GENERIC {
            return;
        }
        for message in messages(datagram).map_while(Result::ok).filter(tells) {
            match told(&message) {
                Some((id, Some(name))) => drop(self.names().insert(id, name.to_owned())),
                Some((id, None)) => drop(self.names().remove(&id)),
                None => {}
            }
        }
    }
}

/// A family's id, and its name if it has it from now on.
fn told<'m>(message: &RawMessage<'m>) -> Option<(u16, Option<&'m str>)> {
    const NEWFAMILY: u8 = 1;
    const DELFAMILY: u8 = 2;
    const FAMILY_ID: u16 = 1;
    const FAMILY_NAME: u16 = 2;
    let (genl, body) = message.genl()?;
    let attrs = RawAttrs::new(body);
    let id = attrs.last(FAMILY_ID)?.read::<u16>()?;
    match genl.cmd {
        NEWFAMILY => Some((id, Some(attrs.last(FAMILY_NAME)?.read::<Str>()?))),
        DELFAMILY => Some((id, None)),
        _ => None,
    }
}
