//! One socket, as the kernel side sees it: its port id, memberships, options and receive queue.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use netloom_wire::{Errno, Protocol};

use super::book::Name;
use super::directory::Desk;
use super::dump::Running;
use super::jobs::Jobs;
use super::open_port::Listener;
use crate::kernel::Version;
use crate::socket::{Address, Credentials, ReceiveOptions};

/// Names an open socket inside one [`Engine`](super::Engine). Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortKey(pub(in crate::kernel) u64);

/// A network namespace; ports, groups and links belong to one. 0 is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetNs(pub u32);

/// A datagram on its way to a reader.
#[derive(Clone)]
pub struct Datagram {
    /// Its bytes; shared between the readers of a multicast.
    pub bytes: Arc<Vec<u8>>,
    /// Whom it is from: port id 0 is the kernel.
    pub source: Address,
    /// The group it was sent to; 0 if to this port alone.
    pub group: u32,
    /// The sender, as the kernel side knows it.
    pub credentials: Credentials,
    /// The namespace that it comes from, by its id in the reader's, if it is another one.
    pub namespace: Option<i32>,
}

impl Datagram {
    /// One that the kernel side sends.
    pub fn from_kernel(bytes: Arc<Vec<u8>>, group: u32) -> Self {
        Self { bytes, source: Address::KERNEL, group, credentials: Credentials::default(), namespace: None }
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No bytes here: there may be a key among them.
        let Self { bytes, source, group, credentials, namespace: _ } = self;
        write!(f, "Datagram({} bytes, {source:?}, group {group}, {credentials:?})", bytes.len())
    }
}

/// The receive buffer of a new socket, in bytes of accounting (`net.core.rmem_default`).
pub(super) const DEFAULT_RCVBUF: usize = 212_992;
/// The send buffer of a new socket; a longer message than this less 32 is refused.
pub(super) const DEFAULT_SNDBUF: usize = 212_992;
/// The longest receive that sizes dump chunks: a 32 KiB allocation less its bookkeeping.
// net/netlink/af_netlink.c: netlink_recvmsg, SKB_WITH_OVERHEAD(32768)
const MAX_RECEIVE: usize = 32_448;
/// The least room of a dump chunk: a page less its bookkeeping.
// include/linux/netlink.h: NLMSG_GOODSIZE
pub(super) const GOOD_SIZE: usize = 3_776;

pub(crate) struct Port {
    pub(super) key: PortKey,
    version: Version,
    pub(super) ns: NetNs,
    pub(super) protocol: Protocol,
    /// 0 until bound.
    pub(super) id: u32,
    /// What a bind asked for last and did not get: an unbound socket's name shows it.
    // net/netlink/af_netlink.c: netlink_insert sets it before it looks for others
    pub(super) wanted: u32,
    /// What it is found by, once bound.
    pub(super) name: Option<Name>,
    pub(super) opener: Credentials,
    /// Bit n-1 is group n.
    groups: Vec<u64>,
    pub(super) peer: Address,
    /// Whether it was connected, be it to the kernel.
    pub(super) connected: bool,
    pub(super) options: Options,
    pub(super) rcvbuf: usize,
    pub(super) sndbuf: usize,
    /// Bytes queued, by the kernel's accounting.
    rmem: usize,
    /// With what each counts.
    queue: VecDeque<(Datagram, usize)>,
    congested: bool,
    error: Option<Errno>,
    /// Datagrams that are queued and came before it.
    before_error: usize,
    /// Datagrams that found no room.
    pub(super) drops: u64,
    longest_receive: usize,
    pub(super) dump: Option<Box<Running>>,
    /// Where the queue goes on outside: what of it is unread there.
    unread: Option<Unread>,
    /// At most this is unread there: what was handed over since it was asked last.
    handed: usize,
    pub(super) desk: Desk,
    pub(super) jobs: Jobs,
    /// What the kernel side asked, by sequence number: the answers once they are there.
    pub(super) asks: HashMap<u32, Option<Vec<u8>>>,
    pub(super) closed: bool,
    /// Something has happened that those who wait are not told of yet.
    pub(super) rung: bool,
    /// How many threads wait for something to happen.
    pub(super) sleepers: usize,
    pub(super) listener: Option<Listener>,
}

/// Tells how many bytes, by some accounting near the kernel's, left a port's queue and are not read yet. Called under the
/// port's lock: it must not wait.
pub type Unread = Arc<dyn Fn() -> usize + Send + Sync>;

/// The switches among the options.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) packet_info: bool,
    pub(super) broadcast_error: bool,
    pub(super) no_enobufs: bool,
    pub(super) cap_ack: bool,
    pub(super) ext_ack: bool,
    pub(super) strict_check: bool,
    pub(super) listen_all_nsid: bool,
    pub(super) pass_credentials: bool,
}

/// What a queue said of a datagram.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    Taken,
    /// No room: dropped, and the reader will hear of it unless it declined to.
    Overrun,
}

/// What a datagram counts in a queue: its bytes, and what the kernel allocates around them. An acknowledgement counts
/// 832, so that 256 of them fill the default buffer, as measured.
fn accounted(len: usize) -> usize {
    len.next_multiple_of(64).saturating_add(768)
}

/// What a dump's chunk counts, however little is written: the allocation behind its room, a power of two, and what is
/// kept beside it.
// net/netlink/af_netlink.c: netlink_dump; net/core/skbuff.c: __alloc_skb
fn chunk_accounted(room: usize) -> usize {
    room.saturating_add(320).checked_next_power_of_two().unwrap_or(usize::MAX).saturating_add(256)
}

impl Port {
    pub(super) fn new(
        key: PortKey,
        ns: NetNs,
        protocol: Protocol,
        opener: Credentials,
        version: Version,
        desk: Desk,
    ) -> Self {
        Self {
            key,
            version,
            ns,
            protocol,
            id: 0,
            wanted: 0,
            name: None,
            opener,
            groups: Vec::new(),
            peer: Address::default(),
            connected: false,
            options: Options::default(),
            rcvbuf: DEFAULT_RCVBUF,
            sndbuf: DEFAULT_SNDBUF,
            rmem: 0,
            queue: VecDeque::new(),
            congested: false,
            error: None,
            before_error: 0,
            drops: 0,
            longest_receive: 0,
            dump: None,
            unread: None,
            handed: 0,
            desk,
            jobs: Jobs::default(),
            asks: HashMap::new(),
            closed: false,
            rung: false,
            sleepers: 0,
            listener: None,
        }
    }

    /// Says that datagrams leave the queue before they are read.
    pub(super) fn forward(&mut self, unread: Unread) {
        self.unread = Some(unread);
    }

    fn unread(&self) -> usize {
        // To ask is a system call: not where there is nothing.
        if self.handed == 0 { 0 } else { self.unread.as_ref().map_or(0, |unread| unread()) }
    }

    /// Joins or leaves; true if that changed anything.
    pub(super) fn set_member(&mut self, group: u32, member: bool) -> bool {
        let bit = group.wrapping_sub(1);
        let word = (bit / 64) as usize;
        if self.groups.len() <= word {
            if !member {
                return false;
            }
            self.groups.resize(word.saturating_add(1), 0);
        }
        let Some(word) = self.groups.get_mut(word) else { return false };
        let old = *word;
        let mask = 1_u64 << (bit % 64);
        *word = if member { old | mask } else { old & !mask };
        *word != old
    }

    pub(super) fn is_member(&self, group: u32) -> bool {
        let bit = group.wrapping_sub(1);
        self.groups.get((bit / 64) as usize).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// The groups it is a member of, by number.
    pub(super) fn memberships(&self) -> Vec<u32> {
        let mut groups = Vec::new();
        for (at, word) in self.groups.iter().enumerate() {
            let base = u32::try_from(at).unwrap_or(u32::MAX).saturating_mul(64);
            groups.extend(
                (0..64).filter(|bit| word >> bit & 1 == 1).map(|bit| base.saturating_add(bit).saturating_add(1)),
            );
        }
        groups
    }

    /// The low 32 groups as a mask.
    pub(super) fn mask(&self) -> u32 {
        self.groups.first().map_or(0, |word| *word as u32)
    }

    /// Whether it takes unicasts from this port id: one that is connected hears its peer alone.
    // net/netlink/af_netlink.c: netlink_getsockbyportid
    pub(super) fn hears(&self, sender: u32) -> bool {
        !self.connected || self.peer.port == sender
    }

    /// Its address; port 0 before it is bound.
    pub(crate) fn local(&self) -> Address {
        Address { port: if self.id == 0 { self.wanted } else { self.id }, groups: self.mask() }
    }

    /// What a receive tells besides the bytes.
    pub(crate) fn receive_options(&self) -> ReceiveOptions {
        let Options { packet_info, pass_credentials, listen_all_nsid: all_namespaces, .. } = self.options;
        ReceiveOptions { packet_info, pass_credentials, all_namespaces }
    }

    /// Whether another port may send `len` bytes now.
    pub(super) fn takes(&mut self, len: usize) -> bool {
        if self.congested {
            return false;
        }
        let more = if self.version.counts_queue_before() { 0 } else { accounted(len) };
        let fits = |held: usize| held == 0 || held.saturating_add(more) <= self.rcvbuf;
        if fits(self.rmem.saturating_add(self.handed)) {
            return true;
        }
        self.handed = self.unread();
        fits(self.rmem.saturating_add(self.handed))
    }

    /// Whether something has happened that a listener is to be told of.
    pub(in crate::kernel) fn is_to_tell(&self) -> bool {
        self.rung && self.listener.is_some()
    }

    // net/netlink/af_netlink.c: netlink_attachskb, netlink_broadcast_deliver
    pub(super) fn push(&mut self, datagram: Datagram) -> Queued {
        self.rung = true;
        if !self.takes(datagram.bytes.len()) {
            self.overrun();
            return Queued::Overrun;
        }
        let size = accounted(datagram.bytes.len());
        self.enqueue(datagram, size);
        Queued::Taken
    }

    /// Queues part of a dump, whatever the queue holds.
    pub(super) fn push_chunk(&mut self, datagram: Datagram) {
        self.rung = true;
        let size = chunk_accounted(self.chunk_room());
        self.enqueue(datagram, size);
    }

    fn enqueue(&mut self, datagram: Datagram, size: usize) {
        self.rmem = self.rmem.saturating_add(size);
        self.queue.push_back((datagram, size));
    }

    // net/netlink/af_netlink.c: netlink_overrun
    pub(super) fn overrun(&mut self) {
        self.drops = self.drops.saturating_add(1);
        if !self.options.no_enobufs && !self.congested {
            self.congested = true;
            (self.error, self.before_error) = (Some(Errno::ENOBUFS), self.queue.len());
        }
    }

    /// A datagram is lost on its way here, as a fault: told as an overrun is, but over at once.
    pub(super) fn lose(&mut self) {
        self.rung = true;
        self.drops = self.drops.saturating_add(1);
        (self.error, self.before_error) = (Some(Errno::ENOBUFS), self.queue.len());
    }

    /// Turning NO_ENOBUFS on ends a congestion.
    pub(super) fn uncongest(&mut self) {
        self.congested = false;
    }

    /// Takes the error, else the next datagram; `len` is the reader's room.
    // net/netlink/af_netlink.c: netlink_recvmsg
    pub(super) fn pull(&mut self, len: usize, peek: bool) -> Result<Option<Datagram>, Errno> {
        if let Some(errno) = self.take_error() {
            return Err(errno);
        }
        self.set_room(len);
        if peek {
            return Ok(self.queue.front().map(|(datagram, _)| datagram.clone()));
        }
        let Some((datagram, size)) = self.queue.pop_front() else { return Ok(None) };
        self.rmem = self.rmem.saturating_sub(size);
        if self.queue.is_empty() {
            self.congested = false;
        }
        Ok(Some(datagram))
    }

    /// Remembers how much room a reader had.
    pub(super) fn set_room(&mut self, len: usize) {
        self.longest_receive = self.longest_receive.max(len).min(MAX_RECEIVE);
    }

    /// Takes the next datagram to where the queue goes on; the congestion goes on too.
    pub(super) fn hand_over(&mut self) -> Option<Datagram> {
        let (datagram, size) = self.queue.pop_front()?;
        self.before_error = self.before_error.saturating_sub(1);
        let len = datagram.bytes.len();
        self.rmem = self.rmem.saturating_sub(size);
        // A socket may count twice the bytes, allocations being powers of two.
        self.handed = self.handed.saturating_add(accounted(len.saturating_mul(2)));
        Some(datagram)
    }

    /// Ends a congestion if all is read.
    pub(super) fn was_read(&mut self) {
        if self.queued() == 0 {
            (self.congested, self.handed) = (false, 0);
        }
    }

    /// Whether something is to be done when the reader has read: a congestion ends, or a dump goes on.
    pub(super) fn awaits_reader(&self) -> bool {
        self.congested || self.dump.is_some()
    }

    /// Whether its requests are to be judged strictly, where a protocol leaves that to it.
    pub(in crate::kernel) fn strict_check(&self) -> bool {
        self.options.strict_check
    }

    /// Sets the error that the next receive tells.
    pub(super) fn fail(&mut self, errno: Errno) {
        (self.error, self.before_error) = (Some(errno), 0);
    }

    /// Whether its error comes before all that is queued, in the order in which things happened.
    pub(super) fn is_error_next(&self) -> bool {
        self.error.is_some() && self.before_error == 0
    }

    /// Takes it, as a receive does: with nothing queued, a congestion is over.
    // net/netlink/af_netlink.c: netlink_rcv_wake
    pub(super) fn take_error(&mut self) -> Option<Errno> {
        let errno = self.error.take()?;
        self.was_read();
        Some(errno)
    }

    /// Whether there is something to read.
    pub(crate) fn is_readable(&self) -> bool {
        self.closed || self.error.is_some() || !self.queue.is_empty()
    }

    /// Whether the next chunk of a dump would fill the buffer, beside what is queued; an empty queue takes any.
    // net/netlink/af_netlink.c: netlink_dump
    pub(super) fn refuses_chunk(&self) -> bool {
        let held = self.queued();
        held != 0 && held.saturating_add(chunk_accounted(self.chunk_room())) >= self.rcvbuf
    }

    /// Whether the queue is empty enough for another chunk of a dump.
    pub(super) fn wants_chunk(&self) -> bool {
        self.queued() <= self.rcvbuf / 2
    }

    /// The room of the next chunk.
    pub(super) fn chunk_room(&self) -> usize {
        self.longest_receive.max(GOOD_SIZE)
    }

    /// Bytes that wait to be read, by the kernel's accounting.
    pub(super) fn queued(&self) -> usize {
        self.rmem.saturating_add(self.unread())
    }

    /// Drops what is queued, and what is kept of the outside.
    pub(super) fn empty(&mut self) {
        (self.queue, self.rmem, self.unread) = (VecDeque::new(), 0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(len: usize) -> Datagram {
        Datagram::from_kernel(Arc::new(vec![0; len]), 0)
    }

    fn port() -> Port {
        let opener = Credentials::default();
        Port::new(PortKey(1), NetNs(0), Protocol::GENERIC, opener, Version::NEWEST, Desk::default())
    }

    #[test]
    fn the_default_buffer_holds_256_acknowledgements() {
        let mut port = port();
        let taken = (0..300).take_while(|_| port.push(datagram(36)) == Queued::Taken).count();
        assert_eq!((taken, port.drops), (256, 1));
    }

    #[test]
    fn older_releases_take_one_more() {
        for (version, most) in [(Version::V6_1, 6), (Version::V6_12, 5), (Version::V6_18, 5), (Version::NEWEST, 5)] {
            let mut port = Port { version, rcvbuf: 5 * 832, ..port() };
            // At the limit to the byte, what was held before is still within it.
            let taken = (0..10).take_while(|_| port.push(datagram(36)) == Queued::Taken).count();
            assert_eq!(taken, most, "{version}");
        }
    }

    #[test]
    fn an_overrun_is_told_once_and_ends_when_all_is_read() {
        let mut port = port();
        port.rcvbuf = 2_000;
        assert!(port.push(datagram(36)) == Queued::Taken && port.push(datagram(36)) == Queued::Taken);
        assert!(port.push(datagram(36)) == Queued::Overrun);
        assert_eq!(port.pull(100, false).err(), Some(Errno::ENOBUFS));
        assert!(port.pull(100, false).unwrap().is_some());
        assert!(port.push(datagram(36)) == Queued::Overrun, "room is back, the congestion is not over");
        assert!(port.pull(100, false).unwrap().is_some(), "and is not told again");
        assert!(port.push(datagram(36)) == Queued::Taken);
    }

    #[test]
    fn who_declined_is_never_congested() {
        let mut port = port();
        (port.rcvbuf, port.options.no_enobufs) = (1, true);
        assert!(port.push(datagram(4_000)) == Queued::Taken, "an empty queue takes anything");
        assert!(port.push(datagram(36)) == Queued::Overrun);
        assert!(port.pull(1, false).unwrap().is_some() && port.push(datagram(36)) == Queued::Taken);
    }

    #[test]
    fn what_is_unread_outside_counts() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let outside = Arc::new(AtomicUsize::new(0));
        let mut port = port();
        let seen = outside.clone();
        port.rcvbuf = 4_000;
        port.forward(Arc::new(move || seen.load(Ordering::Relaxed)));
        assert!(port.push(datagram(2_000)) == Queued::Taken);
        outside.store(3_500, Ordering::Relaxed);
        assert!(port.hand_over().is_some() && port.hand_over().is_none());
        assert!(port.push(datagram(36)) == Queued::Overrun && !port.wants_chunk());
        assert_eq!((port.take_error(), port.take_error()), (Some(Errno::ENOBUFS), None));
        outside.store(100, Ordering::Relaxed);
        port.was_read();
        assert!(port.push(datagram(36)) == Queued::Overrun, "not all is read: the congestion is not over");
        outside.store(0, Ordering::Relaxed);
        port.was_read();
        assert!(port.push(datagram(36)) == Queued::Taken && port.wants_chunk());
    }

    #[test]
    fn groups_are_numbers_beyond_any_mask() {
        let mut port = port();
        assert!(port.set_member(1, true) && port.set_member(200, true) && !port.set_member(200, true));
        assert!(!port.set_member(4_000, false));
        assert_eq!((port.memberships(), port.mask()), (vec![1, 200], 1));
        assert!(port.is_member(200) && !port.is_member(199) && !port.is_member(0) && !port.is_member(4_000));
    }
}
