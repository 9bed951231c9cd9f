//! The userspace implementations of WireGuard and their text protocol: a unix socket for each
//! interface, `get=1` and `set=1`, keys in hexadecimal
//! (<https://www.wireguard.com/xplatform/#configuration-protocol>).

use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::change::Change;
use super::{AllowedIp, Backend, Device, Error, Key, Peer, endpoint};

/// The interfaces that userspace implementations serve, found by their sockets in a folder.
#[derive(Clone, Debug)]
pub struct Userspace {
    folder: PathBuf,
}

impl Userspace {
    /// The folder that `wg` looks into, /var/run/wireguard.
    pub fn new() -> Self {
        Self::at("/var/run/wireguard")
    }

    /// Another folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Whether the interface has a socket here that somebody listens on.
    pub fn serves(&self, name: &str) -> bool {
        self.connect(name).is_ok()
    }

    fn connect(&self, name: &str) -> Result<UnixStream, Error> {
        // A name is one component of a path, never a way out of the folder.
        if name.is_empty() || name.contains('/') {
            return Err(Error::os(libc::EINVAL));
        }
        let path = self.folder.join(format!("{name}.sock"));
        let metadata = match fs::metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Error::os(libc::ENODEV)),
            metadata => metadata?,
        };
        if !metadata.file_type().is_socket() {
            return Err(Error::os(libc::EBADF));
        }
        Ok(UnixStream::connect(&path)?)
    }
}

impl Default for Userspace {
    fn default() -> Self {
        Self::new()
    }
}

impl Backend for Userspace {
    fn interfaces(&self) -> Result<Vec<String>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e.into()),
        };
        let name = |path: &Path| Some(path.file_name()?.to_str()?.strip_suffix(".sock")?.to_owned());
        let mut names: Vec<_> = entries.flatten().filter_map(|entry| name(&entry.path())).collect();
        names.retain(|name| self.serves(name));
        names.sort_unstable();
        Ok(names)
    }

    fn device(&self, name: &str) -> Result<Device, Error> {
        let mut stream = self.connect(name)?;
        stream.write_all(b"get=1\n\n")?;
        read_device(name, &mut BufReader::new(stream))
    }

    fn apply(&self, name: &str, change: &Change) -> Result<(), Error> {
        let mut stream = self.connect(name)?;
        stream.write_all(set_request(change).as_bytes())?;
        for line in BufReader::new(stream).lines() {
            if let Some(("errno", number)) = line?.split_once('=') {
                return match number.parse::<i32>() {
                    Ok(0) => Ok(()),
                    Ok(number) => Err(Error::os(number.saturating_abs())),
                    Err(_) => Err(Error::os(libc::EPROTO)),
                };
            }
        }
        Err(Error::os(libc::ECONNABORTED))
    }
}

/// A change in the words of the protocol, the blank line at the end included.
pub fn set_request(change: &Change) -> String {
    let mut text = Request("set=1\n".into());
    text.key("private_key", change.private_key);
    text.line("listen_port", change.listen_port);
    text.line("fwmark", change.fwmark);
    text.line("replace_peers", change.replace_peers.then_some(true));
    for peer in &change.peers {
        text.key("public_key", Some(peer.public_key));
        if peer.remove {
            text.line("remove", Some(true));
            continue;
        }
        text.key("preshared_key", peer.preshared_key);
        text.line("endpoint", peer.endpoint.as_ref().map(endpoint::show));
        text.line("persistent_keepalive_interval", peer.persistent_keepalive);
        text.line("replace_allowed_ips", peer.replace_allowed_ips.then_some(true));
        for ip in &peer.allowed_ips {
            let sign = if ip.remove { "-" } else { "" };
            text.line("allowed_ip", Some(format_args!("{sign}{}", ip.allowed_ip)));
        }
    }
    text.0.push('\n');
    text.0
}

struct Request(String);

impl Request {
    fn line(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            // Writing to a String does not fail.
            let _ = writeln!(self.0, "{name}={value}");
        }
    }

    fn key(&mut self, name: &str, key: Option<Key>) {
        let hex = |key: Key| key.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.line(name, key.map(hex));
    }
}

/// Reads the answer to `get=1`. A key or value that makes no sense is EPROTO; an unknown key is
/// of a later version and passed over.
fn read_device(name: &str, input: &mut dyn BufRead) -> Result<Device, Error> {
    let mut device = Device::new(name);
    for line in input.lines() {
        let line = line?;
        let protocol = || Error::os(libc::EPROTO);
        let Some((key, value)) = line.split_once('=') else {
            return Err(protocol());
        };
        if key == "errno" {
            let errno: i32 = value.parse().map_err(|_| protocol())?;
            return if errno == 0 { Ok(device) } else { Err(Error::os(errno.saturating_abs())) };
        }
        if key == "public_key" {
            device.peers.push(Peer::new(hex_key(value).ok_or_else(protocol)?));
            continue;
        }
        match device.peers.last_mut() {
            None => device_setting(&mut device, key, value),
            Some(peer) => peer_setting(peer, key, value),
        }
        .ok_or_else(protocol)?;
    }
    Err(Error::os(libc::ECONNABORTED))
}

fn device_setting(device: &mut Device, key: &str, value: &str) -> Option<()> {
    match key {
        "private_key" => {
            device.private_key = hex_key(value)?.non_zero();
            device.public_key = device.private_key.map(|key| key.public());
        }
        "listen_port" => device.listen_port = value.parse().ok()?,
        "fwmark" => device.fwmark = value.parse().ok()?,
        _ => {}
    }
    Some(())
}

fn peer_setting(peer: &mut Peer, key: &str, value: &str) -> Option<()> {
    match key {
        "preshared_key" => peer.preshared_key = hex_key(value)?.non_zero(),
        "endpoint" => peer.endpoint = Some(address(value)?),
        "persistent_keepalive_interval" => peer.persistent_keepalive = value.parse().ok()?,
        "allowed_ip" => {
            let (address, cidr) = value.split_once('/')?;
            let address: IpAddr = address.parse().ok()?;
            let cidr: u8 = cidr.parse().ok()?;
            let width = if address.is_ipv4() { 32 } else { 128 };
            peer.allowed_ips.push((cidr <= width).then_some(AllowedIp { address, cidr })?);
        }
        "last_handshake_time_sec" => peer.latest_handshake = value.parse().ok()?,
        "rx_bytes" => peer.rx_bytes = value.parse().ok()?,
        "tx_bytes" => peer.tx_bytes = value.parse().ok()?,
        _ => {}
    }
    Some(())
}

fn hex_key(text: &str) -> Option<Key> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0_u8; 32];
    let mut digits = text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
    for byte in &mut bytes {
        *byte = (digits.next()?? << 4) | digits.next()??;
    }
    Some(Key::new(bytes))
}

/// An endpoint whose scope may be an interface's name, which the standard library does not read.
fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok().or_else(|| endpoint::numeric(text))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    /// Answers one request for wg0 with `answer`; joined, it gives the request.
    fn serve(folder: &Path, answer: &'static str) -> thread::JoinHandle<String> {
        let path = folder.join("wg0.sock");
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(path).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while !request.ends_with("\n\n") {
                assert_ne!(lines.read_line(&mut request).unwrap(), 0);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            request
        })
    }

    #[test]
    fn a_device_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let answer = concat!(
            "private_key=4040404040404040404040404040404040404040404040404040404040404040\n",
            "listen_port=51820\nfwmark=16\n",
            "public_key=0101010101010101010101010101010101010101010101010101010101010101\n",
            "preshared_key=0000000000000000000000000000000000000000000000000000000000000000\n",
            "protocol_version=1\nendpoint=[fe80::1%lo]:7\nlast_handshake_time_sec=12\n",
            "last_handshake_time_nsec=1\ntx_bytes=3\nrx_bytes=4\npersistent_keepalive_interval=25\n",
            "allowed_ip=10.0.0.0/8\nallowed_ip=2001:db8::/32\nnews=1\n",
            "public_key=0202020202020202020202020202020202020202020202020202020202020202\n",
            "preshared_key=0909090909090909090909090909090909090909090909090909090909090909\n",
            "errno=0\n\n"
        );
        let server = serve(folder.path(), answer);
        let device = Userspace::at(folder.path()).device("wg0").unwrap();
        assert_eq!(server.join().unwrap(), "get=1\n\n");
        assert_eq!(device.private_key, Some(Key::new([0x40; 32])));
        assert_eq!(device.public_key.unwrap().to_string(), "17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buhA=");
        assert_eq!((device.listen_port, device.fwmark), (51820, 16));
        let [a, b] = &*device.peers else { panic!("two peers") };
        assert_eq!(a.preshared_key, None);
        assert_eq!(endpoint::show(&a.endpoint.unwrap()), "[fe80::1%lo]:7");
        assert_eq!((a.latest_handshake, a.tx_bytes, a.rx_bytes, a.persistent_keepalive), (12, 3, 4, 25));
        assert_eq!(a.allowed_ips.len(), 2);
        assert_eq!(b.preshared_key, Some(Key::new([9; 32])));
    }

    #[test]
    fn answers_that_are_wrong_are_errors() {
        for (answer, errno) in [
            ("errno=13\n\n", libc::EACCES),
            ("errno=-13\n\n", libc::EACCES),
            ("listen_port=5\n", libc::ECONNABORTED),
            ("listen_port=65536\nerrno=0\n\n", libc::EPROTO),
            ("public_key=01\nerrno=0\n\n", libc::EPROTO),
            ("nonsense\n", libc::EPROTO),
            (
                "public_key=0101010101010101010101010101010101010101010101010101010101010101\nallowed_ip=10.0.0.0/33\n",
                libc::EPROTO,
            ),
        ] {
            let error = read_device("wg0", &mut answer.as_bytes()).unwrap_err();
            assert_eq!(error.errno(), Some(errno), "{answer}");
        }
    }

    #[test]
    fn a_change_is_sent_and_refused() {
        let folder = tempfile::tempdir().unwrap();
        let userspace = Userspace::at(folder.path());
        let change = Change { listen_port: Some(5), ..Change::default() };
        for (answer, errno) in
            [("errno=0\n\n", None), ("errno=1\n\n", Some(libc::EPERM)), ("\n", Some(libc::ECONNABORTED))]
        {
            let server = serve(folder.path(), answer);
            assert_eq!(userspace.apply("wg0", &change).err().and_then(|e| e.errno()), errno);
            assert_eq!(server.join().unwrap(), "set=1\nlisten_port=5\n\n");
        }
    }

    #[test]
    fn interfaces_are_the_sockets_that_answer() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file.sock"), "").unwrap();
        fs::write(folder.path().join("other"), "").unwrap();
        drop(UnixListener::bind(folder.path().join("stale.sock")).unwrap());
        let _live: Vec<_> =
            ["wg1", "wg0"].map(|name| UnixListener::bind(folder.path().join(format!("{name}.sock"))).unwrap()).into();
        let userspace = Userspace::at(folder.path());
        assert_eq!(userspace.interfaces().unwrap(), ["wg0", "wg1"]);
        assert!(!userspace.serves("../wg0"));
        assert!(Userspace::at(folder.path().join("none")).interfaces().unwrap().is_empty());
    }
}
