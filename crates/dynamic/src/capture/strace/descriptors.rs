//! Which descriptors are netlink sockets, as far as a trace tells.

use std::collections::HashMap;

use netloom_wire::Protocol;

use super::call::{self, Call, Value, number_of};

/// The descriptors that are known.
#[derive(Default)]
pub(super) struct Descriptors {
    known: HashMap<(u32, i32), Descriptor>,
    /// The last netlink socket that had this number, in whichever process.
    last: HashMap<i32, Protocol>,
}

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Descriptor {
    Netlink(Option<Protocol>),
    Other,
}

impl Descriptors {
    /// As many are known at once.
    const MOST: usize = 65536;

    /// The protocol of the descriptor, if it is netlink's; the outer `None` if it is not.
    pub(super) fn netlink(
        &mut self,
        process: u32,
        number: i32,
        said: Option<&str>,
        call: &Call<'_>,
    ) -> Option<Option<Protocol>> {
        let known = self.known.get(&(process, number)).copied();
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            let inner = said.strip_prefix("NETLINK:[")?;
            let told = inner.split_once(':').and_then(|(name, _)| protocol(name));
            let before = || match known {
                Some(Descriptor::Netlink(protocol)) => protocol,
                _ => None,
            };
            return Some(told.or_else(before));
        }
        match known {
            Some(Descriptor::Netlink(protocol)) => return Some(protocol),
            Some(Descriptor::Other) => return None,
            None => {}
        }
        // A socket that was open before, or came from elsewhere: its messages say what it is.
        let is_file = matches!(call.name, "read" | "write" | "readv" | "writev");
        let address = call.args.iter().any(|arg| tells_netlink(arg, 0));
        (address && !is_file).then(|| self.last.get(&number).copied())
    }

    /// Heeds what other calls than sending and receiving tell of descriptors.
    pub(super) fn heed(&mut self, process: u32, name: &str, text: &str) {
        const OPENING: [&str; 14] = [
            "open",
            "openat",
            "openat2",
            "creat",
            "accept",
            "accept4",
            "epoll_create",
            "epoll_create1",
            "eventfd2",
            "memfd_create",
            "timerfd_create",
            "signalfd4",
            "inotify_init1",
            "pidfd_open",
        ];
        let is_copy = matches!(name, "dup" | "dup2" | "dup3" | "fcntl" | "fcntl64");
        let forks = matches!(name, "clone" | "clone3" | "fork" | "vfork");
        if !(name == "socket" || name == "close" || is_copy || forks || OPENING.contains(&name)) {
            return;
        }
        let Some(call) = call::call(text) else { return };
        let Some(result) = call.result.and_then(|result| i32::try_from(result).ok()).filter(|n| *n >= 0) else {
            return;
        };
        if self.known.len() > Self::MOST {
            self.known.clear();
        }
        let from = call.args.first().and_then(Value::descriptor).map(|(number, _)| number);
        let known = from.and_then(|from| self.known.get(&(process, from)).copied());
        match name {
            "close" => drop(from.and_then(|from| self.known.remove(&(process, from)))),
            "socket" => {
                let is_netlink = call.args.first().and_then(Value::word).is_some_and(is_family);
                let protocol = call.args.get(2).and_then(Value::word).and_then(protocol);
                if let Some(protocol) = protocol.filter(|_| is_netlink) {
                    self.last.insert(result, protocol);
                }
                let found = if is_netlink { Descriptor::Netlink(protocol) } else { Descriptor::Other };
                self.known.insert((process, result), found);
            }
            "fcntl" | "fcntl64" => {
                let copies = call.args.get(1).and_then(Value::word).is_some_and(|word| word.starts_with("F_DUPFD"));
                if let Some(known) = known.filter(|_| copies) {
                    self.known.insert((process, result), known);
                }
            }
            _ if is_copy => drop(known.map(|known| self.known.insert((process, result), known))),
            _ if forks => {
                let child = result.cast_unsigned();
                let inherited = self.known.iter().filter(|((owner, _), _)| *owner == process);
                let inherited: Vec<_> = inherited.map(|((_, number), known)| ((child, *number), *known)).collect();
                self.known.extend(inherited);
            }
            _ => drop(self.known.insert((process, result), Descriptor::Other)),
        }
    }
}

/// Whether an address of netlink's, or a message, stands in it.
fn tells_netlink(value: &Value, depth: usize) -> bool {
    let deeper = depth.saturating_add(1);
    match value {
        _ if depth > 8 => false,
        Value::List(list) => list.iter().any(|value| tells_netlink(value, deeper)),
        Value::Fields(fields) => fields.iter().any(|(name, value)| match &**name {
            "nlmsg_len" | "nl_pid" => true,
            "sa_family" => value.word().is_some_and(is_family),
            _ => tells_netlink(value, deeper),
        }),
        _ => false,
    }
}

fn is_family(word: &str) -> bool {
    // Source: linux/socket.h.
    word == "AF_NETLINK" || word == "PF_NETLINK" || number_of(word) == Some(16)
}

/// A protocol as C and `strace` call it.
fn protocol(word: &str) -> Option<Protocol> {
    if let Some(number) = number_of(word) {
        return u8::try_from(number).ok().and_then(Protocol::new);
    }
    let name = word.strip_prefix("NETLINK_").unwrap_or(word);
    if name == "INET_DIAG" {
        return Some(Protocol::SOCK_DIAG);
    }
    let same = |known: &str| known.replace('-', "_").eq_ignore_ascii_case(name);
    Protocol::NAMED.iter().find(|(_, known)| same(known)).map(|(protocol, _)| *protocol)
}
