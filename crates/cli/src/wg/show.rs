//! What `wg show` prints: one field, everything for scripts, or a page for people.

use std::fmt;
use std::io::{self, Write};

use super::{AllowedIp, Device, Peer, endpoint};

/// What of an interface a script asks for. Keys are never hidden here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The interface's public key.
    PublicKey,
    /// The interface's private key.
    PrivateKey,
    /// The UDP port.
    ListenPort,
    /// The firewall mark, or `off`.
    Fwmark,
    /// The peers' public keys.
    Peers,
    /// A peer's preshared key.
    PresharedKeys,
    /// A peer's endpoint.
    Endpoints,
    /// A peer's allowed IPs, separated by spaces.
    AllowedIps,
    /// Seconds since the epoch of a peer's latest handshake.
    LatestHandshakes,
    /// Bytes received and sent.
    Transfer,
    /// Seconds between keepalives, or `off`.
    PersistentKeepalive,
    /// All of the above: a line for the interface, one for each peer.
    Dump,
}

impl Field {
    /// Every field with the word that asks for it, in the order of the usage text.
    pub const ALL: [(&'static str, Field); 12] = [
        ("public-key", Self::PublicKey),
        ("private-key", Self::PrivateKey),
        ("listen-port", Self::ListenPort),
        ("fwmark", Self::Fwmark),
        ("peers", Self::Peers),
        ("preshared-keys", Self::PresharedKeys),
        ("endpoints", Self::Endpoints),
        ("allowed-ips", Self::AllowedIps),
        ("latest-handshakes", Self::LatestHandshakes),
        ("transfer", Self::Transfer),
        ("persistent-keepalive", Self::PersistentKeepalive),
        ("dump", Self::Dump),
    ];

    /// The field of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, field)| *field)
    }

    /// Prints the field, separated by tabs. With several interfaces each line begins with the name.
    pub fn print(self, device: &Device, several: bool, out: &mut dyn Write) -> io::Result<()> {
        let start = if several { format!("{}\t", device.name) } else { String::new() };
        let port = device.listen_port;
        let mark = Mark(device.fwmark);
        match self {
            Self::PublicKey => writeln!(out, "{start}{}", OrNone(device.public_key)),
            Self::PrivateKey => writeln!(out, "{start}{}", OrNone(device.private_key)),
            Self::ListenPort => writeln!(out, "{start}{port}"),
            Self::Fwmark => writeln!(out, "{start}{mark}"),
            Self::Dump => {
                let (private, public) = (OrNone(device.private_key), OrNone(device.public_key));
                writeln!(out, "{start}{private}\t{public}\t{port}\t{mark}")?;
                device.peers.iter().try_for_each(|peer| self.print_peer(peer, &start, out))
            }
            _ => device.peers.iter().try_for_each(|peer| self.print_peer(peer, &start, out)),
        }
    }

    fn print_peer(self, peer: &Peer, start: &str, out: &mut dyn Write) -> io::Result<()> {
        let Peer { latest_handshake, rx_bytes, tx_bytes, .. } = peer;
        let psk = OrNone(peer.preshared_key);
        let endpoint = OrNone(peer.endpoint.as_ref().map(endpoint::show));
        let keepalive = Interval(peer.persistent_keepalive);
        write!(out, "{start}{}", peer.public_key)?;
        match self {
            Self::PresharedKeys => writeln!(out, "\t{psk}"),
            Self::Endpoints => writeln!(out, "\t{endpoint}"),
            Self::AllowedIps => writeln!(out, "\t{}", List(&peer.allowed_ips, " ")),
            Self::LatestHandshakes => writeln!(out, "\t{latest_handshake}"),
            Self::Transfer => writeln!(out, "\t{rx_bytes}\t{tx_bytes}"),
            Self::PersistentKeepalive => writeln!(out, "\t{keepalive}"),
            Self::Dump => {
                let ips = List(&peer.allowed_ips, ",");
                writeln!(out, "\t{psk}\t{endpoint}\t{ips}\t{latest_handshake}\t{rx_bytes}\t{tx_bytes}\t{keepalive}")
            }
            _ => writeln!(out),
        }
    }
}

/// A firewall mark: hexadecimal, or `off`.
pub(super) struct Mark(pub(super) u32);

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("off") } else { write!(f, "{:#x}", self.0) }
    }
}

/// Allowed IPs with a separator, or `(none)`.
pub(super) struct List<'a>(pub(super) &'a [AllowedIp], pub(super) &'a str);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.0.split_first() else {
            return f.write_str("(none)");
        };
        first.fmt(f)?;
        rest.iter().try_for_each(|ip| write!(f, "{}{ip}", self.1))
    }
}

/// Seconds between keepalives, or `off`.
struct Interval(u16);

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { f.write_str("off") } else { self.0.fmt(f) }
    }
}

struct OrNone<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for OrNone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("(none)"),
        }
    }
}

#[cfg(test)]
pub(super) mod samples {
    //! Devices that several modules' tests show.

    use super::super::{AllowedIp, Device, Key, Peer};

    /// The time by which the handshakes of [`full`] are old.
    pub(crate) const NOW: i64 = 1_795_215_273;

    /// A device with a peer for each kind of line.
    pub(crate) fn full() -> Device {
        let ip = |address: &str, cidr| AllowedIp { address: address.parse().unwrap(), cidr };
        let peer = |n| Peer::new(Key::new([n; 32]));
        let private_key = Key::new([0x40; 32]);
        Device {
            private_key: Some(private_key),
            public_key: Some(private_key.public()),
            listen_port: 51820,
            fwmark: 51820,
            peers: vec![
                Peer { endpoint: Some("192.0.2.1:51820".parse().unwrap()), ..peer(1) },
                Peer {
                    preshared_key: Some(Key::new([9; 32])),
                    endpoint: Some("[2001:db8::1]:1".parse().unwrap()),
                    allowed_ips: vec![ip("10.0.0.0", 24), ip("2001:db8:1::", 48)],
                    latest_handshake: NOW - 3726,
                    rx_bytes: 1_048_576,
                    tx_bytes: 1023,
                    persistent_keepalive: 25,
                    ..peer(2)
                },
                Peer {
                    allowed_ips: vec![ip("0.0.0.0", 0)],
                    latest_handshake: NOW + 100,
                    tx_bytes: 9_999_999_999_999_999,
                    persistent_keepalive: 1,
                    ..peer(3)
                },
                Peer {
                    latest_handshake: NOW - 86400 * 800 - 62,
                    tx_bytes: 1024,
                    persistent_keepalive: 65535,
                    ..peer(4)
                },
            ],
            ..Device::new("wg0")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;

    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const TWO: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
    const NINE: &str = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";

    fn printed(field: &str, device: &Device, several: bool) -> String {
        let mut out = Vec::new();
        Field::named(field).unwrap().print(device, several, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn two_peers() -> Device {
        let mut device = samples::full();
        device.peers.truncate(2);
        device
    }

    #[test]
    fn fields_of_the_interface() {
        let (full, bare) = (two_peers(), Device::new("wg1"));
        for (field, of_full, of_bare) in [
            ("public-key", "17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buhA=", "(none)"),
            ("private-key", "QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEA=", "(none)"),
            ("listen-port", "51820", "0"),
            ("fwmark", "0xca6c", "off"),
        ] {
            assert_eq!(printed(field, &full, false), format!("{of_full}\n"));
            assert_eq!(printed(field, &full, true), format!("wg0\t{of_full}\n"));
            assert_eq!(printed(field, &bare, true), format!("wg1\t{of_bare}\n"));
        }
    }

    #[test]
    fn fields_of_the_peers() {
        for (field, one, two) in [
            ("peers", "", ""),
            ("preshared-keys", "\t(none)", &*format!("\t{NINE}")),
            ("endpoints", "\t192.0.2.1:51820", "\t[2001:db8::1]:1"),
            ("allowed-ips", "\t(none)", "\t10.0.0.0/24 2001:db8:1::/48"),
            ("latest-handshakes", "\t0", "\t1795211547"),
            ("transfer", "\t0\t0", "\t1048576\t1023"),
            ("persistent-keepalive", "\toff", "\t25"),
        ] {
            assert_eq!(printed(field, &two_peers(), false), format!("{ONE}{one}\n{TWO}{two}\n"), "{field}");
            assert_eq!(printed(field, &two_peers(), true), format!("wg0\t{ONE}{one}\nwg0\t{TWO}{two}\n"), "{field}");
            assert_eq!(printed(field, &Device::new("wg1"), true), "", "{field}");
        }
        let mut device = two_peers();
        device.peers[1].endpoint = None;
        assert!(printed("endpoints", &device, false).ends_with(&format!("{TWO}\t(none)\n")));
    }

    #[test]
    fn dump() {
        let (private, public) = (Key::new([0x40; 32]), Key::new([0x40; 32]).public());
        assert_eq!(
            printed("dump", &two_peers(), true),
            format!(
                "wg0\t{private}\t{public}\t51820\t0xca6c\n\
                 wg0\t{ONE}\t(none)\t192.0.2.1:51820\t(none)\t0\t0\t0\toff\n\
                 wg0\t{TWO}\t{NINE}\t[2001:db8::1]:1\t10.0.0.0/24,2001:db8:1::/48\t1795211547\t1048576\t1023\t25\n"
            )
        );
        assert_eq!(printed("dump", &Device::new("wg1"), false), "(none)\t(none)\t0\toff\n");
    }

    #[test]
    fn only_known_words_are_fields() {
        assert_eq!(Field::named("Dump"), None);
        assert_eq!(Field::named(""), None);
        assert!(Field::ALL.iter().all(|(word, field)| Field::named(word) == Some(*field)));
    }
}
