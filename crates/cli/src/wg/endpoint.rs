//! Endpoints: resolving `host:port`, with patience, and showing them again.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind};

use super::Error;

/// How often a name that cannot be resolved now is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retries {
    /// At most so often.
    Times(u64),
    /// Until it resolves.
    Infinite,
}

impl Retries {
    /// Reads the value of `WG_ENDPOINT_RESOLUTION_RETRIES`; 15 if it is not set.
    pub fn from_setting(value: Option<&str>) -> Result<Self, Error> {
        match value {
            None => Ok(Self::Times(15)),
            Some("infinity") => Ok(Self::Infinite),
            Some(text) => text
                .trim_start()
                .parse()
                .map(Self::Times)
                .map_err(|_| Error::new(format!("Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: `{text}'"))),
        }
    }
}

/// Why a name did not resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// What the resolver says of it.
    pub reason: String,
    /// Whether the answer is final, so that trying again is vain.
    pub is_final: bool,
}

/// Finds addresses. [`System`] asks the C library, as `wg` does; tests have their own.
pub trait Resolver {
    /// The first address of host and port.
    fn lookup(&mut self, host: &str, port: &str) -> Result<SocketAddr, Unresolved>;
    /// Waits before the next attempt.
    fn wait(&mut self, time: Duration);
}

/// getaddrinfo(3) and a sleeping thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Resolver for System {
    fn lookup(&mut self, host: &str, port: &str) -> Result<SocketAddr, Unresolved> {
        first_address(Some(host), port, 0)
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// Resolves `host:port` or `[v6]:port`, trying again while the resolver's answer is not final.
/// Each vain attempt is told on `err`.
pub fn resolve(
    text: &str,
    retries: Option<&str>,
    resolver: &mut dyn Resolver,
    err: &mut dyn Write,
) -> Result<SocketAddr, Error> {
    let (host, port) = split(text)?;
    let retries = Retries::from_setting(retries)?;
    let mut delay = Duration::from_secs(1);
    let mut tried = 0_u64;
    loop {
        let unresolved = match resolver.lookup(host, port) {
            Ok(address) => return Ok(address),
            Err(unresolved) => unresolved,
        };
        let patient = match retries {
            Retries::Infinite => true,
            Retries::Times(most) => tried < most,
        };
        let reason = unresolved.reason;
        if unresolved.is_final || !patient {
            return Err(Error::new(format!("{reason}: `{text}'")));
        }
        writeln!(err, "{reason}: `{text}'. Trying again in {:.2} seconds...", delay.as_secs_f64())?;
        resolver.wait(delay);
        tried = tried.saturating_add(1);
        delay = (delay.saturating_mul(6) / 5).min(Duration::from_secs(20));
    }
}

/// A UDP port by number or by service name, as getaddrinfo(3) has it: a number beyond 65535 is
/// taken modulo 65536.
pub fn port(text: &str) -> Result<u16, Error> {
    if text.is_empty() {
        return Err(Error::new("Unable to parse empty port"));
    }
    first_address(None, text, libc::AI_PASSIVE)
        .map(|address| address.port())
        .map_err(|e| Error::new(format!("{}: `{text}'", e.reason)))
}

/// An address as `host:port`, `[v6]:port` or `[v6%interface]:port`.
pub fn show(address: &SocketAddr) -> String {
    let host = numeric_host(address);
    match address {
        SocketAddr::V4(_) => format!("{host}:{}", address.port()),
        SocketAddr::V6(_) => format!("[{host}]:{}", address.port()),
    }
}

/// Reads `v4:port` or `[v6%interface]:port` without asking any name server.
pub(super) fn numeric(text: &str) -> Option<SocketAddr> {
    let (host, port) = split(text).ok()?;
    first_address(Some(host), port, libc::AI_NUMERICHOST | libc::AI_NUMERICSERV).ok()
}

/// The host of an address in the numeric form of getnameinfo(3), scope included.
pub(super) fn numeric_host(address: &SocketAddr) -> String {
    let flags = libc::NI_NUMERICHOST | libc::NI_NUMERICSERV | libc::NI_DGRAM;
    match dns_lookup::getnameinfo(address, flags) {
        Ok((host, _)) => host,
        Err(_) => address.ip().to_string(),
    }
}

fn split(text: &str) -> Result<(&str, &str), Error> {
    let no_port = || Error::new(format!("Unable to find port of endpoint: `{text}'"));
    if text.is_empty() {
        return Err(Error::new("Unable to parse empty endpoint"));
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest
            .split_once(']')
            .ok_or_else(|| Error::new(format!("Unable to find matching brace of endpoint: `{text}'")))?;
        (host, rest.strip_prefix(':').ok_or_else(no_port)?)
    } else {
        text.rsplit_once(':').ok_or_else(no_port)?
    };
    if port.is_empty() {
        return Err(no_port());
    }
    Ok((host, port))
}

fn first_address(host: Option<&str>, port: &str, flags: i32) -> Result<SocketAddr, Unresolved> {
    let hints =
        AddrInfoHints { flags, address: libc::AF_UNSPEC, socktype: libc::SOCK_DGRAM, protocol: libc::IPPROTO_UDP };
    let found = dns_lookup::getaddrinfo(host, Some(port), Some(hints)).map_err(unresolved)?;
    found
        .flatten()
        .map(|info| info.sockaddr)
        .next()
        .ok_or_else(|| Unresolved { reason: "Neither IPv4 nor IPv6 address found".into(), is_final: true })
}

fn unresolved(error: LookupError) -> Unresolved {
    use LookupErrorKind::{Fail, NoData, NoName};
    let text = error.to_string();
    let reason = text.rsplit_once(": ").map_or(&*text, |(_, reason)| reason);
    Unresolved {
        reason: reason.to_owned(),
        is_final: error.error_num() == 0 || matches!(error.kind(), NoName | NoData | Fail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails `failures` times and records the waits, in hundredths of a second.
    struct Flaky {
        failures: u32,
        is_final: bool,
        waits: Vec<u128>,
    }

    impl Resolver for Flaky {
        fn lookup(&mut self, host: &str, port: &str) -> Result<SocketAddr, Unresolved> {
            if self.failures == 0 {
                return System.lookup(host, port);
            }
            self.failures -= 1;
            Err(Unresolved { reason: "Temporary failure in name resolution".into(), is_final: self.is_final })
        }

        fn wait(&mut self, time: Duration) {
            self.waits.push(time.as_millis() / 10);
        }
    }

    fn attempt(failures: u32, is_final: bool, retries: Option<&str>) -> (Result<String, String>, Vec<u128>, String) {
        let mut flaky = Flaky { failures, is_final, waits: Vec::new() };
        let mut err = Vec::new();
        let outcome =
            resolve("192.0.2.1:5", retries, &mut flaky, &mut err).map(|a| show(&a)).map_err(|e| e.to_string());
        (outcome, flaky.waits, String::from_utf8(err).unwrap())
    }

    #[test]
    fn endpoints_resolve_and_show() {
        for (text, shown) in [
            ("192.0.2.1:51820", Ok("192.0.2.1:51820")),
            ("[2001:db8::1]:5", Ok("[2001:db8::1]:5")),
            ("2001:db8::1:5", Ok("[2001:db8::1]:5")),
            ("[fe80::1%lo]:5", Ok("[fe80::1%lo]:5")),
            ("", Err("Unable to parse empty endpoint")),
            ("192.0.2.1", Err("Unable to find port of endpoint: `192.0.2.1'")),
            ("192.0.2.1:", Err("Unable to find port of endpoint: `192.0.2.1:'")),
            ("[2001:db8::1]5", Err("Unable to find port of endpoint: `[2001:db8::1]5'")),
            ("[2001:db8::1", Err("Unable to find matching brace of endpoint: `[2001:db8::1'")),
            ("[fe80::1%nope]:5", Err("Name or service not known: `[fe80::1%nope]:5'")),
            ("a\0b:5", Err("data provided contains a nul byte: `a\0b:5'")),
        ] {
            let seen = resolve(text, None, &mut System, &mut Vec::new()).map(|a| show(&a)).map_err(|e| e.to_string());
            let shown = shown.map(str::to_owned).map_err(str::to_owned);
            match &shown {
                Err(e) if e.contains("nul byte") => assert!(seen.is_err()),
                _ => assert_eq!(seen, shown),
            }
        }
    }

    #[test]
    fn ports() {
        assert_eq!(port("51820").unwrap(), 51820);
        assert_eq!(port("0").unwrap(), 0);
        assert_eq!(port("").unwrap_err().to_string(), "Unable to parse empty port");
        assert!(port("-1").unwrap_err().to_string().ends_with(": `-1'"));
    }

    #[test]
    fn delays_grow_by_a_fifth_up_to_twenty_seconds() {
        let (outcome, waits, err) = attempt(15, false, None);
        assert_eq!(outcome.unwrap(), "192.0.2.1:5");
        assert_eq!(waits, [100, 120, 144, 172, 207, 248, 298, 358, 429, 515, 619, 743, 891, 1069, 1283]);
        assert!(
            err.starts_with("Temporary failure in name resolution: `192.0.2.1:5'. Trying again in 1.00 seconds...\n")
        );
        let (_, waits, _) = attempt(40, false, Some("infinity"));
        assert_eq!(waits.len(), 40);
        assert_eq!(waits.last(), Some(&2000));
    }

    #[test]
    fn patience_ends() {
        let failed = Err("Temporary failure in name resolution: `192.0.2.1:5'".to_owned());
        for (failures, is_final, retries, waits) in
            [(16, false, None, 15), (1, false, Some("0"), 0), (3, false, Some("2"), 2), (1, true, None, 0)]
        {
            let (outcome, waited, _) = attempt(failures, is_final, retries);
            assert_eq!(outcome, failed);
            assert_eq!(waited.len(), waits);
        }
        let (outcome, ..) = attempt(0, false, Some("many"));
        assert_eq!(outcome.unwrap_err(), "Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: `many'");
    }
}
