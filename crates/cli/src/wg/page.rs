//! What `wg show` prints for people.

use std::io::{self, Write};

use super::{Device, Peer, endpoint};

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const CYAN: &str = "\x1b[36m";

/// How an interface is shown to people.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Colour by terminal sequences.
    pub color: bool,
    /// Print private and preshared keys as they are instead of `(hidden)`.
    pub keys: bool,
    /// The time from which handshakes are old, in seconds since the epoch.
    pub now: i64,
}

impl Page {
    /// Prints the interface and its peers, the latest handshake first.
    pub fn print(&self, device: &Device, out: &mut dyn Write) -> io::Result<()> {
        let mut out = Ink { color: self.color, out };
        out.raw(&[RESET, GREEN, BOLD], "interface")?;
        out.raw(&[RESET], ": ")?;
        out.styled(&[GREEN], &device.name)?;
        out.plain("\n")?;
        if let Some(key) = device.public_key {
            out.field("public key", &key.to_string())?;
        }
        if let Some(key) = device.private_key {
            out.field("private key", &self.secret(key))?;
        }
        if device.listen_port != 0 {
            out.field("listening port", &device.listen_port.to_string())?;
        }
        if device.fwmark != 0 {
            out.field("fwmark", &format!("{:#x}", device.fwmark))?;
        }
        let mut peers: Vec<_> = device.peers.iter().collect();
        peers.sort_by_key(|peer| std::cmp::Reverse(peer.latest_handshake));
        peers.into_iter().try_for_each(|peer| self.peer(peer, &mut out))
    }

    fn peer(&self, peer: &Peer, out: &mut Ink<'_>) -> io::Result<()> {
        out.plain("\n")?;
        out.styled(&[YELLOW, BOLD], "peer")?;
        out.plain(": ")?;
        out.styled(&[YELLOW], &peer.public_key.to_string())?;
        out.plain("\n")?;
        if let Some(key) = peer.preshared_key {
            out.field("preshared key", &self.secret(key))?;
        }
        if let Some(address) = &peer.endpoint {
            out.field("endpoint", &endpoint::show(address))?;
        }
        out.name("allowed ips")?;
        if peer.allowed_ips.is_empty() {
            out.plain("(none)")?;
        }
        for (i, ip) in peer.allowed_ips.iter().enumerate() {
            out.plain(if i == 0 { "" } else { ", " })?;
            out.plain(&ip.host())?;
            out.styled(&[CYAN], "/")?;
            out.plain(&ip.cidr.to_string())?;
        }
        out.plain("\n")?;
        if peer.latest_handshake != 0 {
            out.name("latest handshake")?;
            self.ago(peer.latest_handshake, out)?;
            out.plain("\n")?;
        }
        if peer.rx_bytes != 0 || peer.tx_bytes != 0 {
            out.name("transfer")?;
            out.bytes(peer.rx_bytes)?;
            out.plain(" received, ")?;
            out.bytes(peer.tx_bytes)?;
            out.plain(" sent\n")?;
        }
        if peer.persistent_keepalive != 0 {
            out.name("persistent keepalive")?;
            out.plain("every ")?;
            out.duration(i64::from(peer.persistent_keepalive))?;
            out.plain("\n")?;
        }
        Ok(())
    }

    fn secret(&self, key: super::Key) -> String {
        if self.keys { key.to_string() } else { "(hidden)".into() }
    }

    fn ago(&self, then: i64, out: &mut Ink<'_>) -> io::Result<()> {
        match self.now.saturating_sub(then) {
            0 => out.plain("Now"),
            age @ 1.. => {
                out.duration(age)?;
                out.plain(" ago")
            }
            _ => {
                out.plain("(")?;
                out.styled(&[RED], "System clock wound backward; connection problems may ensue.")?;
                out.plain(")")
            }
        }
    }
}

/// Where text goes, with its styles if it is to have any.
struct Ink<'a> {
    color: bool,
    out: &'a mut dyn Write,
}

impl Ink<'_> {
    fn plain(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())
    }

    fn raw(&mut self, styles: &[&str], text: &str) -> io::Result<()> {
        if self.color {
            styles.iter().try_for_each(|style| self.out.write_all(style.as_bytes()))?;
        }
        self.plain(text)
    }

    fn styled(&mut self, styles: &[&str], text: &str) -> io::Result<()> {
        self.raw(styles, text)?;
        self.raw(&[RESET], "")
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        self.plain("  ")?;
        self.styled(&[BOLD], name)?;
        self.plain(": ")
    }

    fn field(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.name(name)?;
        self.plain(value)?;
        self.plain("\n")
    }

    /// Years of 365 days, days, hours, minutes and seconds, as far as they are not zero.
    fn duration(&mut self, seconds: i64) -> io::Result<()> {
        let mut left = seconds;
        let mut separator = "";
        for (unit, length) in [("year", 365 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)] {
            let count = left / length;
            left %= length;
            if count == 0 {
                continue;
            }
            let plural = if count == 1 { "" } else { "s" };
            self.plain(&format!("{separator}{count} "))?;
            self.styled(&[CYAN], &format!("{unit}{plural}"))?;
            separator = ", ";
        }
        Ok(())
    }

    fn bytes(&mut self, count: u64) -> io::Result<()> {
        let (number, unit) = match count {
            0..=0x3ff => (count.to_string(), "B"),
            0x400..=0xf_ffff => (scaled(count, 10), "KiB"),
            0x10_0000..=0x3fff_ffff => (scaled(count, 20), "MiB"),
            0x4000_0000..=0xff_ffff_ffff => (scaled(count, 30), "GiB"),
            _ => (scaled(count, 40), "TiB"),
        };
        self.plain(&number)?;
        self.plain(" ")?;
        self.styled(&[CYAN], unit)
    }
}

fn scaled(count: u64, shift: u32) -> String {
    format!("{:.2}", count as f64 / (1_u64 << shift) as f64)
}

#[cfg(test)]
mod tests {
    use super::super::Device;
    use super::super::show::samples;
    use super::*;

    fn shown(device: &Device, color: bool, keys: bool) -> String {
        let mut out = Vec::new();
        Page { color, keys, now: samples::NOW }.print(device, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    // Both pages are what wg 1.0.20210914 prints for the same device.
    const PLAIN: &str = "\
interface: wg0
  public key: 17XoHTNuV4sTuNcG6C0GHjA4yWvOZs3PUNVmuW3buhA=
  private key: (hidden)
  listening port: 51820
  fwmark: 0xca6c

peer: AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=
  allowed ips: 0.0.0.0/0
  latest handshake: (System clock wound backward; connection problems may ensue.)
  transfer: 0 B received, 9094.95 TiB sent
  persistent keepalive: every 1 second

peer: AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=
  preshared key: (hidden)
  endpoint: [2001:db8::1]:1
  allowed ips: 10.0.0.0/24, 2001:db8:1::/48
  latest handshake: 1 hour, 2 minutes, 6 seconds ago
  transfer: 1.00 MiB received, 1023 B sent
  persistent keepalive: every 25 seconds

peer: BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=
  allowed ips: (none)
  latest handshake: 2 years, 70 days, 1 minute, 2 seconds ago
  transfer: 0 B received, 1.00 KiB sent
  persistent keepalive: every 18 hours, 12 minutes, 15 seconds

peer: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
  endpoint: 192.0.2.1:51820
  allowed ips: (none)
";

    const COLORED: &str = include_str!("page_colored.txt");

    #[test]
    fn a_page_for_people() {
        assert_eq!(shown(&samples::full(), false, false), PLAIN);
    }

    #[test]
    fn a_page_in_colour() {
        assert_eq!(shown(&samples::full(), true, false), COLORED);
    }

    #[test]
    fn durations() {
        for (age, text) in [
            (0, "Now"),
            (1, "1 second ago"),
            (59, "59 seconds ago"),
            (60, "1 minute ago"),
            (3600, "1 hour ago"),
            (86400 + 1, "1 day, 1 second ago"),
            (365 * 86400, "1 year ago"),
            (366 * 86400, "1 year, 1 day ago"),
            (-1, "(System clock wound backward; connection problems may ensue.)"),
        ] {
            let mut out = Vec::new();
            let page = Page { color: false, keys: false, now: samples::NOW };
            page.ago(samples::NOW - age, &mut Ink { color: false, out: &mut out }).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn amounts_of_bytes() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1536, "1.50 KiB"),
            ((1 << 20) - 1, "1024.00 KiB"),
            (1 << 20, "1.00 MiB"),
            (1 << 30, "1.00 GiB"),
            (1 << 40, "1.00 TiB"),
            (u64::MAX, "16777216.00 TiB"),
        ] {
            let mut out = Vec::new();
            Ink { color: false, out: &mut out }.bytes(count).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn keys_are_shown_when_asked_for() {
        let page = shown(&samples::full(), false, true);
        assert!(page.contains("  private key: QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEA=\n"));
        assert!(page.contains("  preshared key: CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n"));
        assert!(!page.contains("(hidden)"));
    }
}
