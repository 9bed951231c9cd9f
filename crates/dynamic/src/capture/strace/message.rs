//! Netlink messages that `strace` has taken apart, put together again as far as it shows their bytes.

use std::collections::HashMap;

use netloom_wire::{Errno, Flags, Header, MessageType, Protocol};

use super::call::{Value, number_of};

/// The bytes of a message that are shown, and its length.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
    /// The name that stands in place of its type, and what stands for it here.
    pub(super) named: Option<(u16, String)>,
}

/// Numbers for families that are told by name: from the top, where the kernel's own do not reach in practice.
#[derive(Default)]
pub(super) struct Names {
    known: HashMap<String, u16>,
}

impl Names {
    fn id(&mut self, name: &str) -> Option<u16> {
        if let Some(id) = self.known.get(name) {
            return Some(*id);
        }
        let id = u16::MAX.checked_sub(u16::try_from(self.known.len()).ok()?).filter(|id| *id >= 0xf000)?;
        self.known.insert(name.to_owned(), id);
        Some(id)
    }
}

/// Whether this is a message that was taken apart, or a list of such.
pub(super) fn is_one(value: &Value) -> bool {
    match value {
        Value::List(list) => list.first().is_some_and(is_one),
        fields => fields.field("nlmsg_len").is_some(),
    }
}

/// The messages of a datagram.
pub(super) fn pieces(value: &Value, protocol: Option<Protocol>, names: &mut Names) -> Vec<Piece> {
    match value {
        Value::List(list) if list.first().is_some_and(|first| matches!(first, Value::List(_))) => {
            list.iter().filter_map(|value| piece(value, protocol, names)).collect()
        }
        one => piece(one, protocol, names).into_iter().collect(),
    }
}

fn piece(value: &Value, protocol: Option<Protocol>, names: &mut Names) -> Option<Piece> {
    let parts = match value {
        Value::List(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let (head, body) = parts.split_first()?;
    let number = |name: &str| head.field(name).and_then(Value::number);
    // Port ids are printed as signed numbers.
    let word = |name: &str| number(name).map(|number| number as u32);
    let len = usize::try_from(number("nlmsg_len")?).ok()?;
    let told = head.field("nlmsg_type")?.word()?;
    let kind = number_of(told).map(|kind| kind as u16).or_else(|| kind_of(told));
    let named = match kind {
        Some(_) => None,
        None if protocol.is_none_or(|protocol| protocol == Protocol::GENERIC) => {
            Some((names.id(told)?, told.to_owned()))
        }
        None => return None,
    };
    let header = Header {
        len: u32::try_from(len).ok()?,
        kind: MessageType(kind.or(named.as_ref().map(|(id, _)| *id))?),
        flags: flags(head.field("nlmsg_flags")?.word()?),
        seq: word("nlmsg_seq")?,
        port: word("nlmsg_pid")?,
    };
    let mut bytes = header.to_bytes().to_vec();
    match (header.kind, body.first()) {
        (MessageType::ERROR, Some(error)) => {
            let errno = error.field("error").and_then(Value::word).and_then(errno);
            if let Some(errno) = errno {
                bytes.extend(errno.to_ne_bytes());
                let request = error.field("msg").and_then(|request| piece(request, protocol, names));
                if let Some(request) = request {
                    // What comes behind it has its place only if it is whole; a capped one is its header.
                    let capped = header.flags.contains(Flags::CAPPED);
                    let shown = if capped { Header::LEN } else { request.bytes.len() };
                    bytes.extend(request.bytes.get(..shown).unwrap_or_default());
                }
            }
        }
        (MessageType::DONE, Some(Value::Word(errno_word))) => bytes.extend(errno(errno_word)?.to_ne_bytes()),
        (_, Some(Value::Text { bytes: shown, .. })) => bytes.extend(shown),
        _ => {}
    }
    bytes.truncate(len);
    Some(Piece { bytes, len, named })
}

/// An error as it stands in a message: 0, a number or `-ENOENT`.
fn errno(word: &str) -> Option<i32> {
    let named = || Some(Errno::named(word.strip_prefix('-')?)?.to_wire());
    number_of(word).and_then(|number| i32::try_from(number).ok()).or_else(named)
}

/// Flags by names and numbers.
fn flags(word: &str) -> Flags {
    // Source: linux/netlink.h.
    const NAMES: [(&str, Flags); 18] = [
        ("NLM_F_REQUEST", Flags::REQUEST),
        ("NLM_F_MULTI", Flags::MULTI),
        ("NLM_F_ACK", Flags::ACK),
        ("NLM_F_ECHO", Flags::ECHO),
        ("NLM_F_DUMP_INTR", Flags::DUMP_INTR),
        ("NLM_F_DUMP_FILTERED", Flags::DUMP_FILTERED),
        ("NLM_F_ROOT", Flags::ROOT),
        ("NLM_F_MATCH", Flags::MATCH),
        ("NLM_F_ATOMIC", Flags::ATOMIC),
        ("NLM_F_DUMP", Flags::DUMP),
        ("NLM_F_REPLACE", Flags::REPLACE),
        ("NLM_F_EXCL", Flags::EXCL),
        ("NLM_F_CREATE", Flags::CREATE),
        ("NLM_F_APPEND", Flags::APPEND),
        ("NLM_F_NONREC", Flags::NONREC),
        ("NLM_F_BULK", Flags::BULK),
        ("NLM_F_CAPPED", Flags::CAPPED),
        ("NLM_F_ACK_TLVS", Flags::ACK_TLVS),
    ];
    let one = |word: &str| {
        let named = NAMES.iter().find(|(name, _)| *name == word).map(|(_, flag)| *flag);
        named.unwrap_or_else(|| Flags(number_of(word).unwrap_or(0) as u16))
    };
    word.split('|').fold(Flags::NONE, |all, word| all | one(word.trim()))
}

/// The number of a type that is told by its C name. Source: linux/netlink.h, linux/rtnetlink.h.
fn kind_of(name: &str) -> Option<u16> {
    const CONTROL: [(&str, u16); 5] =
        [("NLMSG_NOOP", 1), ("NLMSG_ERROR", 2), ("NLMSG_DONE", 3), ("NLMSG_OVERRUN", 4), ("nlctrl", 16)];
    const ROUTE: [(&str, u16); 27] = [
        ("LINK", 16),
        ("ADDR", 20),
        ("ROUTE", 24),
        ("NEIGH", 28),
        ("RULE", 32),
        ("QDISC", 36),
        ("TCLASS", 40),
        ("TFILTER", 44),
        ("ACTION", 48),
        ("PREFIX", 52),
        ("MULTICAST", 56),
        ("ANYCAST", 60),
        ("NEIGHTBL", 64),
        ("NDUSEROPT", 68),
        ("ADDRLABEL", 72),
        ("DCB", 76),
        ("NETCONF", 80),
        ("MDB", 84),
        ("NSID", 88),
        ("STATS", 92),
        ("CACHEREPORT", 96),
        ("CHAIN", 100),
        ("NEXTHOP", 104),
        ("LINKPROP", 108),
        ("VLAN", 112),
        ("NEXTHOPBUCKET", 116),
        ("TUNNEL", 120),
    ];
    if let Some((_, kind)) = CONTROL.iter().find(|(known, _)| *known == name) {
        return Some(*kind);
    }
    let verb = name.strip_prefix("RTM_")?;
    let (add, noun) = [("NEW", 0), ("DEL", 1), ("GET", 2), ("SET", 3)]
        .into_iter()
        .find_map(|(word, add)| Some((add, verb.strip_prefix(word)?)))?;
    let (_, first) = ROUTE.iter().find(|(known, _)| *known == noun)?;
    first.checked_add(add)
}
