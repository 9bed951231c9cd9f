//! The configuration files of setconf, addconf and syncconf.

use super::change::{Change, PeerChange};
use super::value::{self, Values};
use super::{Error, Key, endpoint};

/// Whether a configuration is all that an interface is to have, or an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `setconf` and `syncconf`: what the file does not say is cleared.
    Replace,
    /// `addconf`: what the file does not say stays.
    Append,
}

/// Reads a whole configuration. `source` is the name that errors begin with, followed by the
/// line's number.
///
/// ```
/// use netloom_cli::wg::{config, endpoint::System, value::Values};
/// let text = b"[Interface]\nListenPort = 51820 # UDP\n";
/// let mut err = Vec::new();
/// let mut values = Values { resolver: &mut System, retries: None, err: &mut err };
/// let change = config::parse(text, "wg0.conf", config::Mode::Append, &mut values)?;
/// assert_eq!(change.listen_port, Some(51820));
/// # Ok::<(), netloom_cli::wg::Error>(())
/// ```
pub fn parse(text: &[u8], source: &str, mode: Mode, values: &mut Values<'_>) -> Result<Change, Error> {
    let mut config = Config { change: Change::default(), peers: Vec::new(), section: None };
    if mode == Mode::Replace {
        config.change = Change {
            replace_peers: true,
            private_key: Some(Key::ZERO),
            listen_port: Some(0),
            fwmark: Some(0),
            ..Change::default()
        };
    }
    for (number, line) in (1_usize..).zip(text.split(|b| *b == b'\n')) {
        let line = significant(line);
        if !line.is_empty() {
            config
                .line(&line, number, values)
                .map_err(|e| Error::new(format!("{source}:{number}: {e}\nConfiguration parsing error")))?;
        }
    }
    config.finish(source)
}

#[derive(Clone, Copy)]
enum Section {
    Interface,
    Peer,
}

struct Config {
    change: Change,
    peers: Vec<NewPeer>,
    section: Option<Section>,
}

/// A `[Peer]` section, whose key need not be its first line.
struct NewPeer {
    line: usize,
    has_key: bool,
    change: PeerChange,
}

impl Config {
    fn line(&mut self, line: &str, number: usize, values: &mut Values<'_>) -> Result<(), Error> {
        if line.eq_ignore_ascii_case("[Interface]") {
            self.section = Some(Section::Interface);
            return Ok(());
        }
        if line.eq_ignore_ascii_case("[Peer]") {
            self.section = Some(Section::Peer);
            let change = PeerChange { replace_allowed_ips: true, ..PeerChange::new(Key::ZERO) };
            self.peers.push(NewPeer { line: number, has_key: false, change });
            return Ok(());
        }
        let unrecognized = || Error::new(format!("Line unrecognized: `{}'", value::shown(line)));
        let (key, text) = line.split_once('=').filter(|(_, text)| !text.is_empty()).ok_or_else(unrecognized)?;
        let key = key.to_ascii_lowercase();
        match (self.section, self.peers.last_mut()) {
            (Some(Section::Interface), _) => self.interface(&key, text).unwrap_or_else(|| Err(unrecognized())),
            (Some(Section::Peer), Some(peer)) => {
                peer.setting(&key, text, values).unwrap_or_else(|| Err(unrecognized()))
            }
            _ => Err(unrecognized()),
        }
    }

    /// `None` if there is no such key.
    fn interface(&mut self, key: &str, text: &str) -> Option<Result<(), Error>> {
        let change = &mut self.change;
        Some(match key {
            "listenport" => endpoint::port(text).map(|port| change.listen_port = Some(port)),
            "fwmark" => value::fwmark(text).map(|mark| change.fwmark = Some(mark)),
            "privatekey" => value::secret_key(text).map(|key| change.private_key = Some(key)),
            _ => return None,
        })
    }

    fn finish(mut self, source: &str) -> Result<Change, Error> {
        if let Some(peer) = self.peers.iter().find(|peer| !peer.has_key) {
            let line = peer.line;
            return Err(Error::new(format!("{source}:{line}: A peer is missing a public key\nInvalid configuration")));
        }
        self.change.peers = self.peers.into_iter().map(|peer| peer.change).collect();
        Ok(self.change)
    }
}

impl NewPeer {
    /// `None` if there is no such key.
    fn setting(&mut self, key: &str, text: &str, values: &mut Values<'_>) -> Option<Result<(), Error>> {
        let change = &mut self.change;
        Some(match key {
            "publickey" => value::public_key(text).map(|key| {
                change.public_key = key;
                self.has_key = true;
            }),
            "presharedkey" => value::secret_key(text).map(|key| change.preshared_key = Some(key)),
            "endpoint" => values.endpoint(text).map(|address| change.endpoint = Some(address)),
            "persistentkeepalive" => {
                value::persistent_keepalive(text).map(|seconds| change.persistent_keepalive = Some(seconds))
            }
            "allowedips" => values.allowed_ips(text, change),
            _ => return None,
        })
    }
}

/// A line without its comment and without any white space.
fn significant(line: &[u8]) -> String {
    let end = line.iter().position(|b| matches!(b, b'#' | 0)).unwrap_or(line.len());
    let (line, _) = line.split_at(end);
    String::from_utf8_lossy(line).chars().filter(|c| !value::is_blank(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::System;
    use super::super::uapi;
    use super::*;

    const A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const B: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn read(text: &str, mode: Mode) -> Result<Change, String> {
        let mut err = Vec::new();
        let mut values = Values { resolver: &mut System, retries: Some("0"), err: &mut err };
        parse(text.as_bytes(), "f", mode, &mut values).map_err(|e| e.to_string())
    }

    /// The change in the words of the userspace protocol, keys as their first two digits.
    fn words(text: &str, mode: Mode) -> String {
        let request = uapi::set_request(&read(text, mode).unwrap());
        let short = |line: &str| match line.split_once('=') {
            Some((key, hex)) if key.ends_with("_key") => format!("{key}={}", &hex[..2]),
            _ => line.to_owned(),
        };
        request.lines().skip(1).filter(|l| !l.is_empty()).map(short).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn files_that_are_right() {
        let cleared = "private_key=00 listen_port=0 fwmark=0 replace_peers=true";
        for (text, mode, expected) in [
            ("", Mode::Append, String::new()),
            ("", Mode::Replace, cleared.into()),
            ("[Interface]\r\n\r\n# nothing\n", Mode::Replace, cleared.into()),
            (
                &format!("[interface]\nLISTENPORT=5#x\n fw mark = 0x10\n private\tKey = {A}"),
                Mode::Replace,
                "private_key=01 listen_port=5 fwmark=16 replace_peers=true".into(),
            ),
            (
                &format!("[Interface]\nListenPort=5\n[Peer]\nPublicKey={A}\n[Interface]\nListenPort=6"),
                Mode::Append,
                "listen_port=6 public_key=01 replace_allowed_ips=true".into(),
            ),
            (
                &format!(
                    "[Pe er] # who\nAllowedIPs = 10.0.0.0/8, 10.1.0.0/16\nAllowedIPs=10.2.0.0/16\nPublicKey={A}\n\
                     [PEER]\nPublicKey={A}\nPublicKey={B}\nEndpoint = [2001:db8::1]:5\nPersistentKeepalive = off\n\
                     PresharedKey={A}\n"
                ),
                Mode::Append,
                "public_key=01 replace_allowed_ips=true allowed_ip=10.0.0.0/8 allowed_ip=10.1.0.0/16 \
                 allowed_ip=10.2.0.0/16 public_key=02 preshared_key=01 endpoint=[2001:db8::1]:5 \
                 persistent_keepalive_interval=0 replace_allowed_ips=true"
                    .into(),
            ),
            (
                &format!("[Peer]\nPublicKey={A}\nAllowedIPs=+10.0.0.0/8,-10.1.0.0/16"),
                Mode::Append,
                "public_key=01 allowed_ip=10.0.0.0/8 allowed_ip=-10.1.0.0/16".into(),
            ),
        ] {
            assert_eq!(words(text, mode), expected, "{text}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let parsing = "\nConfiguration parsing error";
        for (text, line, mistake) in [
            ("ListenPort=5", 1, "Line unrecognized: `ListenPort=5'"),
            ("[Interface]\n\n# x\nAddress = 10.0.0.1/24 # y", 4, "Line unrecognized: `Address=10.0.0.1/24'"),
            ("[Interface]\nListenPort=", 2, "Line unrecognized: `ListenPort='"),
            ("[Interface]\nListenPort", 2, "Line unrecognized: `ListenPort'"),
            ("[Interface]\nPublicKey=x", 2, "Line unrecognized: `PublicKey=x'"),
            ("[Peer]\nListenPort=5", 2, "Line unrecognized: `ListenPort=5'"),
            ("[Peerx]", 1, "Line unrecognized: `[Peerx]'"),
            ("[Interface]\nFwMark=0xZZ", 2, "Fwmark is neither 0/off nor 0-0xffffffff: `0xZZ'"),
            ("[Interface]\nPrivateKey=x", 2, "Key is not the correct length or format: `(hidden)'"),
            ("[Peer]\nPresharedKey=x", 2, "Key is not the correct length or format: `(hidden)'"),
            ("[Peer]\nPublicKey=x", 2, "Key is not the correct length or format: `x'"),
            ("[Peer]\nPrivateKey=x", 2, "Line unrecognized: `PrivateKey=(hidden)'"),
            ("[Peer]\nAllowedIPs=x", 2, "Unable to parse IP address: `x'"),
            ("[Peer]\nEndpoint=x", 2, "Unable to find port of endpoint: `x'"),
            ("[Peer]\nPersistentKeepalive=x", 2, "Persistent keepalive interval is neither 0/off nor 1-65535: `x'"),
        ] {
            assert_eq!(read(text, Mode::Replace), Err(format!("f:{line}: {mistake}{parsing}")), "{text}");
        }
    }

    #[test]
    fn every_peer_needs_a_public_key() {
        let missing = |line: usize| Err(format!("f:{line}: A peer is missing a public key\nInvalid configuration"));
        assert_eq!(read("[Peer]", Mode::Append), missing(1));
        assert_eq!(read(&format!("\n[Peer]\nPersistentKeepalive=1\n[Peer]\nPublicKey={A}"), Mode::Append), missing(2));
        assert_eq!(read(&format!("[Peer]\nPublicKey={A}\n[Peer]\n"), Mode::Append), missing(3));
    }

    #[test]
    fn bytes_that_are_not_text_are_a_mistake_and_no_panic() {
        let mut err = Vec::new();
        let mut values = Values { resolver: &mut System, retries: None, err: &mut err };
        let error = parse(b"[Peer]\nPublicKey=\xff\xfe", "f", Mode::Append, &mut values).unwrap_err();
        assert!(error.to_string().starts_with("f:2: Key is not the correct length"));
    }
}
