//! The handlers of family ovs_packet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom::Errno;
use netloom::families::ovs_packet::{Action as ActionEvent, Execute, Miss, OvsHeader, Packet};
use netloom::kernel::{Ctx, Family, Kernel, Nack, Registered};
use netloom::wire::RawAttrs;

use super::action::{Action, whole};

/// What a datapath has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets that were carried out.
    pub executed: u64,
    /// Packets that were handed up.
    pub upcalls: u64,
    /// Packets that should have been, but whose receiver was not there or had no room.
    pub lost: u64,
}

/// A packet that is carried out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Execution<'a> {
    /// The datapath.
    pub datapath: i32,
    /// The frame.
    pub frame: &'a [u8],
    /// What is done with it.
    pub actions: &'a [Action<'a>],
}

type Watch = dyn Fn(&Execution<'_>) + Send + Sync;

/// The family's state: the datapaths there are, by interface index. Clones are handles to the same one.
///
/// ```
/// use netloom::families::ovs_packet::{Execute, OvsHeader, Packet};
/// use netloom::kernel::Kernel;
/// use netloom_modules::ovs_packet::OvsPacket;
///
/// let (kernel, packets) = (Kernel::new(), OvsPacket::default());
/// packets.add(7);
/// kernel.register(packets.family())?;
/// let request = Packet::new().header(OvsHeader { dp_ifindex: 7 }).packet([0; 60]).key([]).actions([]);
/// kernel.connect().call(Execute, &request)?;
/// assert_eq!(packets.counters(7).map(|counters| counters.executed), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct OvsPacket(Arc<Inner>);

#[derive(Default)]
struct Inner {
    datapaths: Mutex<BTreeMap<i32, Counters>>,
    watch: Mutex<Option<Arc<Watch>>>,
}

impl OvsPacket {
    /// Adds a datapath; one that is there stays as it is.
    pub fn add(&self, datapath: i32) {
        self.datapaths().entry(datapath).or_default();
    }

    /// What a datapath has counted; `None` if it is not there.
    pub fn counters(&self, datapath: i32) -> Option<Counters> {
        self.datapaths().get(&datapath).copied()
    }

    /// Calls `watch` with each packet before it is carried out.
    pub fn watch(&self, watch: impl Fn(&Execution<'_>) + Send + Sync + 'static) {
        *self.0.watch.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(watch));
    }

    /// The family on this state, to register.
    // net/openvswitch/datapath.c: dp_packet_genl_family
    pub fn family(&self) -> Family<Self> {
        Family::new(self.clone()).parallel().on_do_with(Execute, Self::execute)
    }

    /// Tells a port that no flow matches a packet: `key` is its flow key as attributes.
    ///
    /// ENODEV if there is no such datapath, ENOTCONN if the port is 0; ECONNREFUSED or EAGAIN, and counted as lost, if it
    /// is not there or has no room.
    #[doc(alias = "OVS_PACKET_CMD_MISS")]
    // net/openvswitch/datapath.c: ovs_dp_upcall
    pub fn miss(&self, kernel: &Kernel, port: u32, datapath: i32, key: &[u8], frame: &[u8]) -> Result<(), Nack> {
        self.counters(datapath).ok_or(Nack::new(Errno::ENODEV))?;
        self.count(datapath, upcall(port, |port| kernel.unicast(port, Miss, &packet(datapath, key, frame))))
    }

    // net/openvswitch/datapath.c: ovs_packet_cmd_execute
    fn execute(&self, ctx: &mut Ctx<'_>) -> Result<(), Nack> {
        let datapath = ctx.user_header::<OvsHeader>().dp_ifindex;
        let attr = |id: u16| ctx.attrs().last(id).map(|attr| attr.payload()).ok_or(Nack::new(Errno::EINVAL));
        let (frame, key) = (attr(Packet::PACKET.id())?, attr(Packet::KEY.id())?);
        let actions = attr(Packet::ACTIONS.id())?;
        whole(RawAttrs::new(key))?;
        let actions = Action::list(RawAttrs::new(actions))?;
        self.datapaths().get_mut(&datapath).ok_or(Nack::new(Errno::ENODEV))?.executed += 1;
        let watch = self.0.watch.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(watch) = watch {
            watch(&Execution { datapath, frame, actions: &actions });
        }
        for action in actions {
            if let Action::Userspace { port, userdata } = action {
                let mut told = packet(datapath, key, frame);
                told.userdata = userdata.map(<[u8]>::to_vec);
                // net/openvswitch/actions.c: do_execute_actions: what cannot be handed up is counted, no more.
                let _ = self.count(datapath, upcall(port, |port| ctx.kernel().unicast(port, ActionEvent, &told)));
            }
        }
        Ok(())
    }

    fn count(&self, datapath: i32, told: Result<(), Nack>) -> Result<(), Nack> {
        if let Some(counters) = self.datapaths().get_mut(&datapath) {
            *(if told.is_ok() { &mut counters.upcalls } else { &mut counters.lost }) += 1;
        }
        told
    }

    fn datapaths(&self) -> MutexGuard<'_, BTreeMap<i32, Counters>> {
        self.0.datapaths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn upcall(port: u32, send: impl FnOnce(u32) -> Result<(), Nack>) -> Result<(), Nack> {
    if port == 0 { Err(Nack::new(Errno::ENOTCONN)) } else { send(port) }
}

/// What is handed up: key, hash and frame.
// net/openvswitch/datapath.c: queue_userspace_packet
fn packet(datapath: i32, key: &[u8], frame: &[u8]) -> Packet {
    // net/openvswitch/datapath.h: OVS_PACKET_HASH_SW_BIT: made in software.
    let hash = frame.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    let header = OvsHeader { dp_ifindex: datapath };
    Packet::new().header(header).key(key).hash(u64::from(hash) | 1 << 32).packet(frame)
}

pub(crate) fn register(kernel: &Kernel) -> Result<Registered, Nack> {
    kernel.register(OvsPacket::default().family())
}

impl std::fmt::Debug for OvsPacket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OvsPacket").field(&*self.datapaths()).finish()
    }
}
