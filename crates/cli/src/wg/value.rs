//! The values that configuration files and `wg set` have in common.

use std::ffi::OsStr;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};

use super::change::{AllowedIpChange, PeerChange};
use super::endpoint::{self, Resolver};
use super::key::BASE64_LEN;
use super::{AllowedIp, Error, Key};

/// Reads the values that need more than their own text: a resolver, or a place for warnings.
pub struct Values<'a> {
    /// Finds the addresses of endpoints.
    pub resolver: &'a mut dyn Resolver,
    /// `WG_ENDPOINT_RESOLUTION_RETRIES`, if set.
    pub retries: Option<&'a str>,
    /// Where warnings go.
    pub err: &'a mut dyn Write,
}

impl Values<'_> {
    /// An endpoint, resolved.
    pub fn endpoint(&mut self, text: &str) -> Result<SocketAddr, Error> {
        endpoint::resolve(text, self.retries, self.resolver, self.err)
    }

    /// Adds a comma-separated list of `[+|-]address[/cidr]` to `peer`. A list replaces what the
    /// peer has unless one of its entries has a sign; an empty one only clears.
    pub fn allowed_ips(&mut self, text: &str, peer: &mut PeerChange) -> Result<(), Error> {
        let text: String = text.chars().filter(|c| !is_blank(*c)).collect();
        peer.replace_allowed_ips = true;
        if text.is_empty() {
            return Ok(());
        }
        for entry in text.split(',') {
            let (entry, remove) = match entry.strip_prefix('-') {
                Some(rest) => (rest, Some(true)),
                None => entry.strip_prefix('+').map_or((entry, None), |rest| (rest, Some(false))),
            };
            if remove.is_some() {
                peer.replace_allowed_ips = false;
            }
            let allowed_ip = allowed_ip(entry)?;
            if allowed_ip.has_host_part() {
                writeln!(self.err, "Warning: AllowedIP has nonzero host part: {entry}")?;
            }
            peer.allowed_ips.push(AllowedIpChange { allowed_ip, remove: remove.unwrap_or(false) });
        }
        Ok(())
    }
}

/// A public key in base64.
pub fn public_key(text: &str) -> Result<Key, Error> {
    Key::from_base64(text).ok_or_else(|| Error::new(format!("Key is not the correct length or format: `{text}'")))
}

/// A private or preshared key in base64. What is wrong with it is not shown: most of it may be right.
pub fn secret_key(text: &str) -> Result<Key, Error> {
    Key::from_base64(text).ok_or_else(|| Error::new("Key is not the correct length or format: `(hidden)'"))
}

/// What an error may show of a line or word that nobody understands: what is, or may well be, a key that is not public
/// is hidden.
pub(super) fn shown(text: &str) -> String {
    /// A key has 43 characters in base64 and 64 in hexadecimal; no other value has so long a word.
    const LONGEST_WORD: usize = 39;
    let name = text.split('=').next().unwrap_or_default().to_ascii_lowercase();
    if name == "publickey" {
        return text.to_owned();
    }
    if ["private", "preshared", "psk"].iter().any(|secret| name.contains(secret))
        && let Some((name, _)) = text.split_once('=')
    {
        return format!("{name}=(hidden)");
    }
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let mut seen = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_base64(c) != is_base64(first)).unwrap_or(rest.len());
        let (word, more) = rest.split_at(end);
        seen.push_str(if is_base64(first) && word.len() > LONGEST_WORD { "(hidden)" } else { word });
        rest = more;
    }
    seen
}

/// A key from a file: 44 characters and nothing but blanks after them. An empty file, such as
/// /dev/null, is the zero key.
pub fn key_file(path: &OsStr) -> Result<Key, Error> {
    let bytes = std::fs::read(path).map_err(|e| {
        // The key itself in place of its file is an easy mistake.
        let name = path.to_string_lossy();
        let name = if name.len() == BASE64_LEN && name.ends_with('=') { "(hidden)" } else { &name };
        Error::new(format!("Unable to read key file `{name}': {}", Error::from(e)))
    })?;
    if bytes.is_empty() {
        return Ok(Key::ZERO);
    }
    let Some((text, rest)) = bytes.split_at_checked(BASE64_LEN) else {
        return Err(Error::new("Invalid length key in key file"));
    };
    if let Some(byte) = rest.iter().find(|b| !is_blank(char::from(**b))) {
        let byte = char::from(*byte);
        return Err(Error::new(format!("Found trailing character in key file: `{byte}'")));
    }
    secret_key(&String::from_utf8_lossy(text))
}

/// A firewall mark: `off`, decimal, or hexadecimal after a lower-case `0x`.
pub fn fwmark(text: &str) -> Result<u32, Error> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(0);
    }
    let mark = match text.strip_prefix("0x") {
        Some(digits) => number(digits, 16),
        None => number(text, 10),
    };
    mark.and_then(|mark| u32::try_from(mark).ok())
        .ok_or_else(|| Error::new(format!("Fwmark is neither 0/off nor 0-0xffffffff: `{text}'")))
}

/// Seconds between keepalives: `off` or 0 to 65535.
pub fn persistent_keepalive(text: &str) -> Result<u16, Error> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(0);
    }
    number(text, 10)
        .and_then(|seconds| u16::try_from(seconds).ok())
        .ok_or_else(|| Error::new(format!("Persistent keepalive interval is neither 0/off nor 1-65535: `{text}'")))
}

/// White space as isspace(3) has it.
pub(super) fn is_blank(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\u{b}'
}

fn allowed_ip(text: &str) -> Result<AllowedIp, Error> {
    let (address, cidr) = text.split_once('/').map_or((text, None), |(address, cidr)| (address, Some(cidr)));
    let address: IpAddr =
        address.parse().map_err(|_| Error::new(format!("Unable to parse IP address: `{address}'")))?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let cidr = cidr
        .map_or(Some(width), |cidr| number(cidr, 10).and_then(|n| u8::try_from(n).ok()))
        .filter(|cidr| *cidr <= width)
        .ok_or_else(|| Error::new(format!("AllowedIP is not in the correct format: `{text}'")))?;
    Ok(AllowedIp { address, cidr })
}

/// Digits and nothing else: no sign, no blank.
fn number(text: &str, radix: u32) -> Option<u64> {
    if text.chars().all(|c| c.is_digit(radix)) { u64::from_str_radix(text, radix).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn allowed_ips(text: &str) -> (Result<String, String>, bool, String) {
        let mut peer = PeerChange::new(Key::ZERO);
        let mut err = Vec::new();
        let mut values = Values { resolver: &mut endpoint::System, retries: None, err: &mut err };
        let outcome = values.allowed_ips(text, &mut peer).map_err(|e| e.to_string());
        let sign = |c: &AllowedIpChange| format!("{}{}", if c.remove { "-" } else { "" }, c.allowed_ip);
        let seen = outcome.map(|()| peer.allowed_ips.iter().map(sign).collect::<Vec<_>>().join(" "));
        (seen, peer.replace_allowed_ips, String::from_utf8(err).unwrap())
    }

    #[test]
    fn allowed_ip_lists() {
        for (text, seen, replace) in [
            ("", Ok(""), true),
            ("10.0.0.0/8,2001:db8::/32", Ok("10.0.0.0/8 2001:db8::/32"), true),
            ("10.0.0.0/8, \t2001:db8::/32 ", Ok("10.0.0.0/8 2001:db8::/32"), true),
            ("10.0.0.1", Ok("10.0.0.1/32"), true),
            ("2001:db8::1", Ok("2001:db8::1/128"), true),
            ("+10.0.0.0/8,-10.1.0.0/16", Ok("10.0.0.0/8 -10.1.0.0/16"), false),
            ("10.0.0.0/8,-10.1.0.0/16", Ok("10.0.0.0/8 -10.1.0.0/16"), false),
            ("10.0.0.1/33", Err("AllowedIP is not in the correct format: `10.0.0.1/33'"), true),
            ("2001:db8::/129", Err("AllowedIP is not in the correct format: `2001:db8::/129'"), true),
            ("10.0.0.1/", Err("AllowedIP is not in the correct format: `10.0.0.1/'"), true),
            ("10.0.0.1/-1", Err("AllowedIP is not in the correct format: `10.0.0.1/-1'"), true),
            ("10.0.0.1/+1", Err("AllowedIP is not in the correct format: `10.0.0.1/+1'"), true),
            ("10.0.0.0/0x8", Err("AllowedIP is not in the correct format: `10.0.0.0/0x8'"), true),
            ("1.2.3.4/8/8", Err("AllowedIP is not in the correct format: `1.2.3.4/8/8'"), true),
            ("10.0.0/8", Err("Unable to parse IP address: `10.0.0'"), true),
            ("10.0.0.0/8,", Err("Unable to parse IP address: `'"), true),
            ("--10.0.0.0/8", Err("Unable to parse IP address: `-10.0.0.0'"), false),
        ] {
            let (outcome, replaced, _) = allowed_ips(text);
            assert_eq!(outcome.as_deref().map_err(String::as_str), seen, "{text}");
            assert_eq!(replaced, replace, "{text}");
        }
    }

    #[test]
    fn a_host_part_is_warned_about_and_kept() {
        let (seen, _, err) = allowed_ips("10.0.0.1/8,10.0.0.0/8,2001:db8::1/32");
        assert_eq!(seen.unwrap(), "10.0.0.1/8 10.0.0.0/8 2001:db8::1/32");
        assert_eq!(
            err,
            "Warning: AllowedIP has nonzero host part: 10.0.0.1/8\n\
             Warning: AllowedIP has nonzero host part: 2001:db8::1/32\n"
        );
    }

    #[test]
    fn marks_and_intervals() {
        for (text, mark) in [
            ("off", Some(0)),
            ("OFF", Some(0)),
            ("0", Some(0)),
            ("0xFf", Some(255)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("0x100000000", None),
            ("0Xff", None),
            ("0x", None),
            ("0x+1", None),
            ("+1", None),
            ("1z", None),
            ("", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(fwmark(text).ok(), mark, "{text}");
        }
        for (text, seconds) in
            [("off", Some(0)), ("65535", Some(65535)), ("65536", None), ("25s", None), ("0x19", None), ("", None)]
        {
            assert_eq!(persistent_keepalive(text).ok(), seconds, "{text}");
        }
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let key = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";
        for (text, seen) in [
            (format!("PublicKey={key}"), format!("PublicKey={key}")),
            (format!("PrivateKey={key}"), "PrivateKey=(hidden)".to_owned()),
            ("PresharedKey=short".to_owned(), "PresharedKey=(hidden)".to_owned()),
            (format!("MyPSK={key}"), "MyPSK=(hidden)".to_owned()),
            (format!("PivateKey={key}"), "PivateKey=(hidden)=".to_owned()),
            (key.to_owned(), "(hidden)=".to_owned()),
            ("a3".repeat(32), "(hidden)".to_owned()),
            ("Address=10.0.0.1/24,fd4e:6f66:6669:1111:2222:3333:4444:5555/128".to_owned(), String::new()),
            ("PostUp=iptables-AFORWARD-iwg0-jACCEPT".to_owned(), String::new()),
            ("private-key".to_owned(), String::new()),
            ("é=ü".to_owned(), String::new()),
        ] {
            let seen = if seen.is_empty() { text.clone() } else { seen };
            assert_eq!(shown(&text), seen);
        }
    }

    #[test]
    fn key_files() {
        let threes = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";
        for (content, seen) in [
            (format!("{threes}\n"), Ok(Key::new([3; 32]))),
            (threes.to_owned(), Ok(Key::new([3; 32]))),
            (format!("{threes} \t\r\n\n"), Ok(Key::new([3; 32]))),
            (String::new(), Ok(Key::ZERO)),
            (format!("{threes} x"), Err("Found trailing character in key file: `x'".to_owned())),
            (format!("{threes}="), Err("Found trailing character in key file: `='".to_owned())),
            ("short\n".to_owned(), Err("Invalid length key in key file".to_owned())),
            ("é".repeat(30), Err("Found trailing character in key file: `Ã'".to_owned())),
            ("x".repeat(44), Err("Key is not the correct length or format: `(hidden)'".to_owned())),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(content.as_bytes()).unwrap();
            assert_eq!(key_file(file.path().as_os_str()).map_err(|e| e.to_string()), seen, "{content:?}");
        }
        assert_eq!(key_file(OsStr::new("/dev/null")).unwrap(), Key::ZERO);
        let error = key_file(OsStr::new(threes)).unwrap_err().to_string();
        assert_eq!(error, "Unable to read key file `(hidden)': No such file or directory");
        let error = key_file(OsStr::new("/nonexistent/key")).unwrap_err().to_string();
        assert_eq!(error, "Unable to read key file `/nonexistent/key': No such file or directory");
    }
}
