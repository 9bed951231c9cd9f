//! The arguments of `wg set INTERFACE`.

use std::ffi::{OsStr, OsString};
use std::slice;

use super::change::{Change, PeerChange};
use super::value::{self, Values};
use super::{Error, endpoint};

/// Reads what follows the interface's name. Files of keys are read here.
pub fn parse(args: &[OsString], values: &mut Values<'_>) -> Result<Change, Error> {
    let mut change = Change::default();
    let mut args = Words { rest: args.iter() };
    while let Some(word) = args.rest.next() {
        match (word.to_str().unwrap_or_default(), change.peers.last_mut()) {
            ("peer", _) => change.peers.push(PeerChange::new(value::public_key(&args.text_of(word)?)?)),
            ("listen-port", None) => change.listen_port = Some(endpoint::port(&args.text_of(word)?)?),
            ("fwmark", None) => change.fwmark = Some(value::fwmark(&args.text_of(word)?)?),
            ("private-key", None) => change.private_key = Some(value::key_file(args.value_of(word)?)?),
            ("remove", Some(peer)) => peer.remove = true,
            ("endpoint", Some(peer)) => peer.endpoint = Some(values.endpoint(&args.text_of(word)?)?),
            ("allowed-ips", Some(peer)) => values.allowed_ips(&args.text_of(word)?, peer)?,
            ("persistent-keepalive", Some(peer)) => {
                peer.persistent_keepalive = Some(value::persistent_keepalive(&args.text_of(word)?)?);
            }
            ("preshared-key", Some(peer)) => peer.preshared_key = Some(value::key_file(args.value_of(word)?)?),
            _ => return Err(invalid(word)),
        }
    }
    Ok(change)
}

struct Words<'a> {
    rest: slice::Iter<'a, OsString>,
}

impl<'a> Words<'a> {
    fn value_of(&mut self, word: &OsStr) -> Result<&'a OsStr, Error> {
        self.rest.next().map(OsString::as_os_str).ok_or_else(|| invalid(word))
    }

    fn text_of(&mut self, word: &OsStr) -> Result<String, Error> {
        self.value_of(word).map(|value| value.to_string_lossy().into_owned())
    }
}

fn invalid(word: &OsStr) -> Error {
    Error::new(format!("Invalid argument: {}", value::shown(&word.to_string_lossy())))
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::System;
    use super::super::{Key, uapi};
    use super::*;

    const A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn read(args: &str) -> Result<Change, String> {
        let word = |word| match word {
            "A" => A.into(),
            "B" => B.into(),
            word => OsString::from(word),
        };
        let args: Vec<OsString> = args.split(' ').map(word).collect();
        let mut err = Vec::new();
        let mut values = Values { resolver: &mut System, retries: Some("0"), err: &mut err };
        parse(&args, &mut values).map_err(|e| e.to_string())
    }

    #[test]
    fn arguments_become_a_change() {
        for (args, expected) in [
            ("listen-port 1 listen-port 2 fwmark 0x10", "listen_port=2 fwmark=16"),
            ("private-key /dev/null", "private_key=00"),
            ("peer A", "public_key=01"),
            ("peer A remove", "public_key=01 remove=true"),
            ("peer A remove peer B", "public_key=01 remove=true public_key=02"),
            (
                "peer A allowed-ips 10.0.0.0/8 peer B allowed-ips ",
                "public_key=01 replace_allowed_ips=true allowed_ip=10.0.0.0/8 public_key=02 replace_allowed_ips=true",
            ),
            (
                "peer A allowed-ips +10.0.0.0/8,-10.1.0.0/16",
                "public_key=01 allowed_ip=10.0.0.0/8 allowed_ip=-10.1.0.0/16",
            ),
            (
                "listen-port 5 peer A preshared-key /dev/null endpoint 192.0.2.1:7 persistent-keepalive off",
                "listen_port=5 public_key=01 preshared_key=00 endpoint=192.0.2.1:7 persistent_keepalive_interval=0",
            ),
        ] {
            let request = uapi::set_request(&read(args).unwrap());
            let short = |line: &str| match line.split_once('=') {
                Some((key, hex)) if key.ends_with("_key") => format!("{key}={}", &hex[..2]),
                _ => line.to_owned(),
            };
            let seen: Vec<_> = request.lines().skip(1).filter(|l| !l.is_empty()).map(short).collect();
            assert_eq!(seen.join(" "), expected, "{args}");
        }
    }

    #[test]
    fn mistakes() {
        for (args, mistake) in [
            ("frob", "Invalid argument: frob"),
            ("listen-port", "Invalid argument: listen-port"),
            ("peer", "Invalid argument: peer"),
            ("peer A frob", "Invalid argument: frob"),
            ("peer A endpoint", "Invalid argument: endpoint"),
            ("peer A preshared-key", "Invalid argument: preshared-key"),
            ("peer A listen-port 5", "Invalid argument: listen-port"),
            ("endpoint 192.0.2.1:5", "Invalid argument: endpoint"),
            ("remove", "Invalid argument: remove"),
            ("PEER A", "Invalid argument: PEER"),
            ("peer bad", "Key is not the correct length or format: `bad'"),
        ] {
            assert_eq!(read(args), Err(mistake.to_owned()), "{args}");
        }
    }

    #[test]
    fn a_zero_key_is_a_request_to_remove() {
        let change = read("private-key /dev/null").unwrap();
        assert_eq!(change.private_key, Some(Key::ZERO));
        assert_eq!(change.listen_port, None);
    }
}
