//! What a kernel side says when it refuses.

use std::fmt;

use netloom_wire::{Attr, Errno, ExtAck, Header, RawAttrs, Schema, align};

/// A refusal, owned: the errno and the ext-ack, its offsets turned into paths.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) errno: Errno,
    pub(crate) message: Option<Box<str>>,
    pub(crate) offset: Option<u32>,
    pub(crate) path: Option<Box<str>>,
    pub(crate) missing: Option<u32>,
    pub(crate) policy: Option<Box<[u8]>>,
}

/// A request as a refusal needs it: its bytes and what they mean.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'r> {
    /// The message, header included.
    pub(crate) bytes: &'r [u8],
    /// What its attributes are called.
    pub(crate) schema: Option<&'static Schema>,
    /// Bytes between the message's header and the attributes.
    pub(crate) fixed: usize,
}

impl Asked<'_> {
    /// Where the attributes begin.
    fn start(&self) -> usize {
        Header::LEN.saturating_add(align(self.fixed))
    }

    /// The path of the attribute at this offset of the message.
    fn path_at(&self, offset: u32) -> Option<Box<str>> {
        let start = self.start();
        let within = (offset as usize).checked_sub(start)?;
        let attrs = RawAttrs::new(self.bytes.get(start..)?);
        let path = self.schema.unwrap_or(&Schema::EMPTY).path_at(attrs, within)?;
        Some(path.to_string().into())
    }

    /// The path of the attribute of this id that is missing in the nest at `nest`.
    fn path_of_missing(&self, id: u32, nest: Option<u32>) -> Option<Box<str>> {
        let start = self.start();
        let attrs = RawAttrs::new(self.bytes.get(start..)?);
        let nest = nest.and_then(|nest| (nest as usize).checked_sub(start));
        let id = u16::try_from(id).ok()?;
        Some(self.schema.unwrap_or(&Schema::EMPTY).path_of_missing(attrs, nest, id).to_string().into())
    }
}

impl Refusal {
    pub(crate) fn new(errno: Errno, said: &ExtAck<'_>, asked: &Asked<'_>) -> Self {
        let path = match (said.missing, said.offset) {
            (Some(id), _) => asked.path_of_missing(id, said.missing_nest),
            (None, Some(offset)) => asked.path_at(offset),
            (None, None) => None,
        };
        Self {
            errno,
            message: said.message.map(Box::from),
            offset: said.offset,
            path,
            missing: said.missing,
            policy: said.policy.map(|policy| Box::from(policy.bytes())),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errno.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "{}", self.errno)?,
        }
        if let Some(path) = &self.path {
            write!(f, ": {path}")?;
        }
        match (&self.message, self.missing) {
            (Some(message), _) => write!(f, ": {message}")?,
            (None, Some(_)) if self.path.is_some() => f.write_str(" is missing")?,
            (None, Some(id)) => write!(f, ": attribute {id} is missing")?,
            (None, None) => write!(f, ": {}", advice(self.errno))?,
        }
        match self.policy.as_deref().and_then(limits) {
            Some(limits) => write!(f, " ({limits})"),
            None => Ok(()),
        }
    }
}

/// What an errno without words means here, and what to do.
fn advice(errno: Errno) -> &'static str {
    match errno {
        Errno::EPERM => {
            "not permitted; needs CAP_NET_ADMIN in the user namespace that owns the network namespace (run as root?)"
        }
        Errno::EOPNOTSUPP => {
            "not supported; this kernel side does not have the op, or not in this way (do or dump), or not for such an object"
        }
        Errno::EBUSY => "busy; what it asks for is in use or under way, try again",
        _ => errno.text().unwrap_or("the kernel side gives no reason"),
    }
}

/// The limits that a policy names, as people write them: `32`, `1..=15`, `at most 15`.
///
/// Source: `linux/netlink.h: enum netlink_policy_type_attr`.
fn limits(policy: &[u8]) -> Option<String> {
    const MIN_S: u16 = 2;
    const MAX_S: u16 = 3;
    const MIN_U: u16 = 4;
    const MAX_U: u16 = 5;
    const MIN_LENGTH: u16 = 6;
    const MAX_LENGTH: u16 = 7;
    const BITS: u16 = 10;
    const MASK: u16 = 12;
    let policy = RawAttrs::new(policy);
    let unsigned = |id| match policy.last(id).map(Attr::payload) {
        Some(bytes) if bytes.len() == 4 => bytes.try_into().ok().map(u32::from_ne_bytes).map(u64::from),
        Some(bytes) => bytes.try_into().ok().map(u64::from_ne_bytes),
        None => None,
    };
    if let Some(mask) = unsigned(MASK).or_else(|| unsigned(BITS)) {
        return Some(format!("only bits of {mask:#x}"));
    }
    if let (Some(min), Some(max)) = (unsigned(MIN_S), unsigned(MAX_S)) {
        return Some(format!("{}..={}", min as i64, max as i64));
    }
    let range = |min: Option<u64>, max: Option<u64>| match (min, max) {
        (Some(min), Some(max)) if min == max => Some(format!("{min}")),
        (Some(min), Some(max)) => Some(format!("{min}..={max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    };
    // The full range of a type says nothing.
    let whole = |max: u64| [u8::MAX.into(), u16::MAX.into(), u32::MAX.into(), u64::MAX].contains(&max);
    match (unsigned(MIN_U), unsigned(MAX_U)) {
        (Some(0), Some(max)) if whole(max) => None,
        (None, None) => range(unsigned(MIN_LENGTH), unsigned(MAX_LENGTH)),
        (min, max) => range(min, max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Cause, Error};
    use netloom_wire::{AttributeSet, Fixed, Indexed, Nest, Writer, attribute_set};

    attribute_set! {
        /// A device.
        struct Device | DeviceAttr, "device" {
            /// Name.
            2 "ifname" ifname Ifname IFNAME: netloom_wire::Str;
            /// Peers.
            8 "peers" peers Peers PEERS: Indexed<Nest<Peer>, 0, 0>;
        }
    }
    attribute_set! {
        /// A peer.
        struct Peer | PeerAttr, "peer" {
            /// Key.
            1 "public-key" public_key PublicKey PUBLIC_KEY: Fixed<4>;
        }
    }

    /// A request with two peers, the offsets of the second and of its key.
    fn request() -> (Vec<u8>, u32, u32) {
        let mut buf = vec![0; 256];
        let mut w = Writer::new(&mut buf);
        w.put_bytes(&[0; 20]).unwrap();
        w.put(Device::IFNAME, "wg0").unwrap();
        let mut at = (0, 0);
        w.nest_attr(0x8008, |w| {
            w.nest_attr(0x8000, |w| w.put_attr(1, &[1; 4]))?;
            at.0 = w.len() as u32;
            w.nest_attr(0x8000, |w| {
                at.1 = w.len() as u32;
                w.put_attr(1, &[1; 3])
            })
        })
        .unwrap();
        (w.written().to_vec(), at.0, at.1)
    }

    fn policy(attrs: &[(u16, &[u8])]) -> Vec<u8> {
        let mut buf = vec![0; 256];
        let mut w = Writer::new(&mut buf);
        for (id, value) in attrs {
            w.put_attr(*id, value).unwrap();
        }
        w.written().to_vec()
    }

    #[test]
    fn a_refusal_says_where_and_what_would_fit() {
        let (bytes, peer, key) = request();
        let four = 4_u32.to_ne_bytes();
        let policy = policy(&[(6, &four), (7, &four), (1, &[10, 0, 0, 0])]);
        let size = "binary attribute size out of range";
        let cases: [(Errno, ExtAck<'_>, &str); 6] = [
            (
                Errno::ERANGE,
                ExtAck {
                    message: Some(size),
                    offset: Some(key),
                    policy: Some(RawAttrs::new(&policy)),
                    ..ExtAck::default()
                },
                "wireguard set-device: ERANGE: peers[1].public-key: binary attribute size out of range (4)",
            ),
            (
                Errno::EINVAL,
                ExtAck { missing: Some(1), missing_nest: Some(peer), ..ExtAck::default() },
                "wireguard set-device: EINVAL: peers[1].public-key is missing",
            ),
            (
                Errno::EINVAL,
                ExtAck { missing: Some(2), ..ExtAck::default() },
                "wireguard set-device: EINVAL: ifname is missing",
            ),
            (Errno::ENODEV, ExtAck::default(), "wireguard set-device: ENODEV: no such device"),
            (Errno(4000), ExtAck::default(), "wireguard set-device: errno 4000: the kernel side gives no reason"),
            (
                // An offset that lies in front of the attributes, or behind: no path, no panic.
                Errno::EINVAL,
                ExtAck { message: Some("no"), offset: Some(u32::MAX), ..ExtAck::default() },
                "wireguard set-device: EINVAL: no",
            ),
        ];
        for (errno, said, text) in cases {
            let asked = Asked { bytes: &bytes, schema: Some(Device::SCHEMA), fixed: 4 };
            let error = Error::new("wireguard set-device", Cause::Refused(Refusal::new(errno, &said, &asked)));
            assert_eq!(error.to_string(), text);
            assert_eq!((error.errno(), error.offset()), (Some(errno), said.offset));
        }
    }

    #[test]
    fn limits_read_as_people_write_them() {
        let u = |n: u64| n.to_ne_bytes();
        let cases: [(Vec<u8>, Option<&str>); 6] = [
            (policy(&[(4, &u(1)), (5, &u(9))]), Some("1..=9")),
            (policy(&[(4, &u(0)), (5, &u(65_535))]), None),
            (policy(&[(2, &u(-5_i64 as u64)), (3, &u(7))]), Some("-5..=7")),
            (policy(&[(12, &u(7))]), Some("only bits of 0x7")),
            (policy(&[(7, &15_u32.to_ne_bytes())]), Some("at most 15")),
            (policy(&[(7, &[1, 2]), (4, &[])]), None),
        ];
        for (policy, text) in cases {
            assert_eq!(limits(&policy).as_deref(), text);
        }
    }
}
