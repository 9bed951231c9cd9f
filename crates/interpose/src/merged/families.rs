//! Which families of generic netlink are ours, and which numbers they have.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use netloom::Errno;
use netloom::socket::{Address, Endpoint};
use netloom::wire::{Flags, GenlHeader, Header, MessageType, RawAttrs, RawMessage, Str, messages};

use super::datagram::{PATIENCE, end_of_dump, take};
use super::{FIRST_FAMILY, Whose};

// linux/genetlink.h
/// The id of nlctrl.
pub(super) const NLCTRL: u16 = 0x10;
/// Its group `notify`.
pub(super) const NOTIFY: u32 = 16;
pub(super) const GETFAMILY: u8 = 3;
pub(super) const GETPOLICY: u8 = 10;
pub(super) const FAMILY_ID: u16 = 1;
pub(super) const FAMILY_NAME: u16 = 2;
const MCAST_GROUPS: u16 = 7;
const GROUP_ID: u16 = 2;

/// The families that are ours, by name, and what both kernels say of their own.
pub(super) struct Families {
    names: BTreeSet<String>,
    ours: Mutex<Kernel>,
    linux: Mutex<Kernel>,
}

/// A kernel that is asked what families it has.
struct Kernel {
    endpoint: Arc<dyn Endpoint>,
    /// The last question's sequence number.
    seq: u32,
    /// Whether the family of this id has the name of one of ours; no family has not.
    known: HashMap<u16, bool>,
}

impl Families {
    pub(super) fn new(
        names: BTreeSet<String>,
        ours: Arc<dyn Endpoint>,
        linux: Arc<dyn Endpoint>,
    ) -> Result<Self, Errno> {
        let [ours, linux] = [Kernel::new(ours)?, Kernel::new(linux)?].map(Mutex::new);
        Ok(Self { names, ours, linux })
    }

    /// Who answers for a name.
    pub(super) fn named(&self, name: &str) -> Whose {
        if self.names.contains(name) { Whose::Ours } else { Whose::Linux }
    }

    /// Who answers for an id. A family of Linux's that is hidden behind one of ours is nobody's: ours knows no such id. Nor
    /// does Linux know that of a family which ours has and does not show.
    pub(super) fn numbered(&self, id: u16) -> Whose {
        let mut kernel = lock(if id >= FIRST_FAMILY { &self.ours } else { &self.linux });
        if kernel.has(id, &self.names) { Whose::Ours } else { Whose::Linux }
    }

    /// Whether a group is one of our families'.
    pub(super) fn has_group(&self, group: u32) -> bool {
        let told = lock(&self.ours).ask(None);
        told.iter().filter(|message| name_of(message).is_some_and(|name| self.names.contains(&name))).any(|message| {
            let groups = attrs_of(message).and_then(|attrs| attrs.last(MCAST_GROUPS));
            let mut groups = groups.into_iter().flat_map(|groups| groups.nested());
            groups.any(|entry| entry.nested().last(GROUP_ID).and_then(|id| id.read::<u32>()) == Some(group))
        })
    }

    /// Our part of a dump of families, without its end, as an answer to who has this port and asked with this number.
    pub(super) fn dump(&self, seq: u32, port: u32) -> Vec<Vec<u8>> {
        let told = lock(&self.ours).ask(None);
        let ours = told.iter().filter(|message| name_of(message).is_some_and(|name| self.names.contains(&name)));
        let answer = |message: &Vec<u8>| {
            let header = Header::read(message)?;
            Some(Header { seq, port, ..header }.message(message.get(Header::LEN..)?))
        };
        ours.filter_map(answer).collect()
    }

    /// What is told of a datagram of nlctrl's: families that are the other kernel's are not.
    pub(super) fn heard(&self, from: Whose, datagram: Vec<u8>) -> Vec<u8> {
        if Header::read(&datagram).is_none_or(|header| header.kind.0 != NLCTRL) {
            return datagram;
        }
        let is_told = |message: &RawMessage<'_>| {
            name_of(message.bytes).is_none_or(|name| message.header.kind.0 != NLCTRL || self.named(&name) == from)
        };
        if messages(&datagram).filter_map(Result::ok).all(|message| is_told(&message)) {
            return datagram;
        }
        let mut told = Vec::new();
        for message in messages(&datagram).filter_map(Result::ok).filter(is_told) {
            told.extend_from_slice(message.bytes);
            told.resize(told.len().next_multiple_of(4), 0);
        }
        told
    }
}

fn lock(kernel: &Mutex<Kernel>) -> MutexGuard<'_, Kernel> {
    kernel.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kernel {
    /// Listens to what comes and goes there.
    fn new(endpoint: Arc<dyn Endpoint>) -> Result<Self, Errno> {
        endpoint.set_nonblocking(true)?;
        endpoint.bind(Address::default())?;
        endpoint.join(NOTIFY)?;
        Ok(Self { endpoint, seq: 0, known: HashMap::new() })
    }

    /// Whether the family of this id has one of these names.
    fn has(&mut self, id: u16, names: &BTreeSet<String>) -> bool {
        // Whatever comes has something to do with families that came or went, or tells that such was lost.
        while let Ok(_) | Err(Errno::ENOBUFS) = take(&*self.endpoint, None) {
            self.known.clear();
        }
        if let Some(known) = self.known.get(&id) {
            return *known;
        }
        let told = self.ask(Some(id));
        let named = told.iter().find_map(|message| name_of(message)).is_some_and(|name| names.contains(&name));
        self.known.insert(id, named);
        named
    }

    /// What it says of the family with this id, or of all that it has.
    fn ask(&mut self, id: Option<u16>) -> Vec<Vec<u8>> {
        self.seq = self.seq.wrapping_add(1).max(1);
        let seq = self.seq;
        let mut body = GenlHeader { cmd: GETFAMILY, version: 1, reserved: 0 }.to_bytes().to_vec();
        if let Some(id) = id {
            let [len, name] = [6, FAMILY_ID].map(u16::to_ne_bytes);
            body.extend([len, name, id.to_ne_bytes(), [0; 2]].concat());
        }
        let flags = if id.is_some() { Flags::REQUEST } else { Flags::REQUEST | Flags::DUMP };
        let mut told = Vec::new();
        let question = Header { seq, ..Header::new(MessageType(NLCTRL), flags) }.message(&body);
        if self.endpoint.send(None, &question).is_err() {
            return told;
        }
        let deadline = Instant::now().checked_add(PATIENCE);
        while let Ok((_, datagram)) = take(&*self.endpoint, deadline) {
            let mut answers = messages(&datagram).filter_map(Result::ok).filter(|message| message.header.seq == seq);
            let over = id.is_some() || end_of_dump(&datagram, seq).is_some();
            let refused = answers.clone().any(|message| message.header.kind == MessageType::ERROR);
            if answers.clone().next().is_some() {
                let families = answers.by_ref().filter(|message| message.header.kind.0 == NLCTRL);
                told.extend(families.map(|message| message.bytes.to_vec()));
                if over || refused {
                    break;
                }
            } else {
                self.known.clear();
            }
        }
        told
    }
}

/// The attributes of a message of generic netlink's.
fn attrs_of(message: &[u8]) -> Option<RawAttrs<'_>> {
    Some(RawAttrs::new(message.get(Header::LEN.checked_add(GenlHeader::LEN)?..)?))
}

/// The family that a message of nlctrl's is about.
fn name_of(message: &[u8]) -> Option<String> {
    attrs_of(message)?.last(FAMILY_NAME)?.read::<Str>().map(str::to_owned)
}

impl fmt::Debug for Families {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of the first", self.names)
    }
}
