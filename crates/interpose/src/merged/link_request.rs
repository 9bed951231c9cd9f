//! Whom a request on links is for.

use netloom::wire::{Attr, Flags, Header, MessageType, RawAttrs, RawMessage};

use super::FIRST_LINK;

// linux/rtnetlink.h
const NEWLINK: u16 = 16;
const GETLINK: u16 = 18;
const SETLINK: u16 = 19;
/// `struct ifinfomsg`.
const IFINFOMSG: usize = 16;
// linux/if_link.h
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_ALT_IFNAME: u16 = 53;
const IFLA_INFO_KIND: u16 = 1;
// linux/socket.h: families that have link requests of their own
const AF_INET6: u8 = 10;
const AF_BRIDGE: u8 = 7;

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Linux: whatever is not about links of ours.
    Linux,
    /// Our kernel side: about a link of this index.
    Ours,
    /// Whoever has a link of this name. If neither has, and it `makes` one of some kind, ours may know the kind.
    Named { name: String, makes: bool },
    /// A link is to be made, and a name found for it.
    Nameless,
    /// Both: a dump. Ours is asked with this.
    Both(Vec<u8>),
}

/// Whether it gets or changes links, whoever has them.
pub(super) fn is_of_links(message: &RawMessage<'_>) -> bool {
    (NEWLINK..=SETLINK).contains(&message.header.kind.0)
        && !matches!(message.payload.first(), Some(&(AF_INET6 | AF_BRIDGE)))
}

/// Whom a message is for.
pub(super) fn judge(message: &RawMessage<'_>) -> For {
    let Header { kind, flags, seq, .. } = message.header;
    if !(NEWLINK..=SETLINK).contains(&kind.0) || !flags.contains(Flags::REQUEST) {
        return For::Linux;
    }
    let payload = message.payload;
    if matches!(payload.first(), None | Some(&(AF_INET6 | AF_BRIDGE))) {
        return For::Linux;
    }
    if kind.0 == GETLINK && flags.contains(Flags::DUMP) {
        // Some clients send one byte of the header only, or four.
        let mut whole = payload.to_vec();
        if whole.len() < IFINFOMSG {
            whole.resize(IFINFOMSG, 0);
        }
        return For::Both(Header { seq, ..Header::new(kind, flags) }.message(&whole));
    }
    let (Some(index), attrs) = (payload.get(4..8), message.attrs(IFINFOMSG)) else { return For::Linux };
    let index = i32::from_ne_bytes(index.try_into().unwrap_or_default());
    if index != 0 {
        return if index.cast_unsigned() >= FIRST_LINK && index > 0 { For::Ours } else { For::Linux };
    }
    let makes = kind.0 == NEWLINK && flags.contains(Flags::CREATE) && has_kind(attrs);
    let name = attrs.last(IFLA_IFNAME).or_else(|| attrs.last(IFLA_ALT_IFNAME));
    match name.and_then(name_of) {
        Some(name) => For::Named { name, makes },
        None if makes => For::Nameless,
        None => For::Linux,
    }
}

/// The name that a request asks to give a link.
pub(super) fn new_name(message: &RawMessage<'_>) -> Option<String> {
    let changes = matches!(message.header.kind.0, NEWLINK | SETLINK);
    changes.then(|| message.attrs(IFINFOMSG).last(IFLA_IFNAME).and_then(name_of)).flatten()
}

/// Asks for the link of this name.
pub(super) fn get_by_name(name: &str, seq: u32) -> Vec<u8> {
    let mut payload = vec![0; IFINFOMSG];
    let len = u16::try_from(name.len()).unwrap_or(0).saturating_add(5);
    payload.extend(len.to_ne_bytes().into_iter().chain(IFLA_IFNAME.to_ne_bytes()));
    payload.extend(name.bytes().chain([0]));
    payload.resize(payload.len().next_multiple_of(4), 0);
    Header { seq, ..Header::new(MessageType(GETLINK), Flags::REQUEST) }.message(&payload)
}

fn has_kind(attrs: RawAttrs<'_>) -> bool {
    attrs.last(IFLA_LINKINFO).is_some_and(|info| info.nested().last(IFLA_INFO_KIND).is_some())
}

/// Up to 15 bytes, which are text; others are no names of ours.
fn name_of(attr: Attr<'_>) -> Option<String> {
    let bytes = attr.payload();
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or(bytes);
    let name = std::str::from_utf8(bytes).ok()?;
    (1..=15).contains(&name.len()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use netloom::wire::messages;

    use super::*;

    fn attr(id: u16, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len() + 4).unwrap();
        let mut bytes = [&len.to_ne_bytes()[..], &id.to_ne_bytes(), payload].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn requests_go_to_whose_link_they_mean() {
        let head = |family: u8, index: i32| {
            let mut head = [0; IFINFOMSG];
            head[0] = family;
            head[4..8].copy_from_slice(&index.to_ne_bytes());
            head.to_vec()
        };
        let name = |name: &str| attr(IFLA_IFNAME, name.as_bytes());
        let kind = attr(IFLA_LINKINFO, &attr(IFLA_INFO_KIND, b"wireguard"));
        let named = |name: &str, makes| For::Named { name: name.to_owned(), makes };
        let create = Flags::CREATE | Flags::EXCL;
        for (number, flags, payload, expected) in [
            (NEWLINK, create, [head(0, 0), name("wg1\0"), kind.clone()].concat(), named("wg1", true)),
            (NEWLINK, create, [head(0, 0), kind.clone()].concat(), For::Nameless),
            (NEWLINK, create, [head(0, 0), name("br0")].concat(), named("br0", false)),
            (NEWLINK, Flags::NONE, [head(0, 0), name("wg0")].concat(), named("wg0", false)),
            (NEWLINK, Flags::NONE, head(0, 7), For::Linux),
            (SETLINK, Flags::NONE, head(0, 1 << 30), For::Ours),
            (SETLINK - 2, Flags::NONE, head(0, i32::MAX), For::Ours),
            (SETLINK - 2, Flags::NONE, head(0, -1), For::Linux),
            (GETLINK, Flags::NONE, [head(17, 0), name("wg0\0")].concat(), named("wg0", false)),
            (GETLINK, Flags::NONE, [head(0, 0), name("a name that is too long")].concat(), For::Linux),
            (GETLINK, Flags::NONE, head(0, 0), For::Linux),
            (GETLINK, Flags::NONE, vec![0; 7], For::Linux),
            (GETLINK, Flags::DUMP, head(AF_BRIDGE, 0), For::Linux),
            (GETLINK, Flags::DUMP, vec![], For::Linux),
            (20, Flags::DUMP, head(0, 0), For::Linux),
        ] {
            let bytes = Header { seq: 3, ..Header::new(MessageType(number), flags | Flags::REQUEST) }.message(&payload);
            let message = messages(&bytes).next().unwrap().unwrap();
            assert_eq!(judge(&message), expected, "{number} {payload:?}");
        }
        for payload in [vec![0], vec![17, 0, 0, 0], head(17, 0)] {
            let dump = Header { seq: 3, ..Header::new(MessageType(GETLINK), Flags::REQUEST | Flags::DUMP) };
            let bytes = dump.message(&payload);
            let For::Both(asked) = judge(&messages(&bytes).next().unwrap().unwrap()) else { panic!("{payload:?}") };
            let asked = messages(&asked).next().unwrap().unwrap();
            assert_eq!((asked.header.seq, asked.payload.len(), asked.payload[0]), (3, 16, payload[0]));
        }
        let asked = get_by_name("wg0", 9);
        let asked = messages(&asked).next().unwrap().unwrap();
        assert_eq!(judge(&asked), named("wg0", false));
        assert_eq!((new_name(&asked), asked.header.seq), (None, 9));
    }
}
