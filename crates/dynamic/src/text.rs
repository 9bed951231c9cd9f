//! Bytes as people write them: hexadecimal, and what display hints ask for.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use netloom_wire::schema::Hint;
use netloom_wire::{Payload, RawAttrs, SockAddr, Via, Writer};

/// Lower-case digits, two a byte, with `between` between the bytes.
pub(crate) fn hex(bytes: &[u8], between: &str) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(between.len().saturating_add(2)));
    for (index, byte) in bytes.iter().enumerate() {
        let between = if index == 0 { "" } else { between };
        // Writing to a String cannot fail.
        let _ = write!(text, "{between}{byte:02x}");
    }
    text
}

/// Why text is no hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotHex {
    /// Half a byte is left over.
    Odd,
    /// The character at this position, counted from 1, is no digit.
    Digit(usize),
}

/// Bytes from hexadecimal; spaces and colons between bytes do not count.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, NotHex> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(2));
    let mut high = None;
    for (index, c) in text.chars().enumerate() {
        let digit = match (c.to_digit(16), high) {
            (Some(digit), _) => digit as u8,
            (None, None) if matches!(c, ' ' | ':') => continue,
            (None, _) => return Err(NotHex::Digit(index.saturating_add(1))),
        };
        match high.take() {
            Some(high) => bytes.push(high << 4 | digit),
            None => high = Some(digit),
        }
    }
    if high.is_some() { Err(NotHex::Odd) } else { Ok(bytes) }
}

/// Bytes as the hint says; `None` if they are ill-formed for it.
pub(crate) fn show(bytes: &[u8], hint: Option<Hint>) -> Option<String> {
    Some(match hint {
        None => hex(bytes, ""),
        // pyynl sets bytes with this hint apart.
        Some(Hint::Hex) => hex(bytes, " "),
        Some(Hint::Mac | Hint::Fddi) => hex(bytes, ":"),
        Some(Hint::Ipv4) => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string(),
        Some(Hint::Ipv6) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string(),
        Some(Hint::Ipv4OrV6) => netloom_wire::Ip::read(bytes)?.to_string(),
        Some(Hint::Uuid) => {
            let digits = hex(bytes.try_into().ok().map(|b: &[u8; 16]| b.as_slice())?, "");
            let mut text = String::with_capacity(36);
            for (index, c) in digits.chars().enumerate() {
                if matches!(index, 8 | 12 | 16 | 20) {
                    text.push('-');
                }
                text.push(c);
            }
            text
        }
        Some(Hint::SocketAddr) => SockAddr::read(bytes)?.to_string(),
        Some(Hint::Via) => Via::read(bytes)?.to_string(),
    })
}

/// Bytes from text as the hint says; the error says what would fit.
pub(crate) fn parse(text: &str, hint: Option<Hint>) -> Result<Vec<u8>, String> {
    let ip = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let parsed = match hint {
        None | Some(Hint::Hex | Hint::Mac | Hint::Fddi) => {
            return from_hex(text).map_err(|why| match why {
                NotHex::Odd => format!("expected {}, found an odd number of digits", expected(hint)),
                NotHex::Digit(at) => format!("expected {}, found something else as character {at}", expected(hint)),
            });
        }
        Some(Hint::Ipv4) => text.parse::<Ipv4Addr>().ok().map(|v4| ip(v4.into())),
        Some(Hint::Ipv6) => text.parse::<Ipv6Addr>().ok().map(|v6| ip(v6.into())),
        Some(Hint::Ipv4OrV6) => text.parse::<IpAddr>().ok().map(ip),
        Some(Hint::Uuid) => from_hex(&text.replace('-', "")).ok().filter(|bytes| bytes.len() == 16),
        Some(Hint::SocketAddr) => text.parse::<SocketAddr>().ok().and_then(written::<SockAddr, _>),
        Some(Hint::Via) => text.parse::<IpAddr>().ok().and_then(written::<Via, _>),
    };
    parsed.ok_or_else(|| format!("expected {}, found {text:?}", expected(hint)))
}

/// What text of this hint looks like.
pub(crate) fn expected(hint: Option<Hint>) -> &'static str {
    match hint {
        None | Some(Hint::Hex) => "bytes as hex",
        Some(Hint::Mac) => "a MAC address such as 02:00:00:00:00:01",
        Some(Hint::Fddi) => "an FDDI address such as 02:00:00:00:00:01",
        Some(Hint::Ipv4) => "an IPv4 address such as 192.0.2.1",
        Some(Hint::Ipv6) => "an IPv6 address such as 2001:db8::1",
        Some(Hint::Ipv4OrV6 | Hint::Via) => "an IP address such as 192.0.2.1 or 2001:db8::1",
        Some(Hint::Uuid) => "a UUID such as 123e4567-e89b-12d3-a456-426614174000",
        Some(Hint::SocketAddr) => "an address and port such as 192.0.2.1:51820 or [2001:db8::1]:51820",
    }
}

fn written<P: for<'a> Payload<Ref<'a> = V>, V>(value: V) -> Option<Vec<u8>> {
    let mut buf = [0; 32];
    let mut w = Writer::new(&mut buf);
    P::put(value, &mut w, 0).ok()?;
    Some(RawAttrs::new(w.written()).first(0)?.payload().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_shown_and_read_again() {
        let v6 = "2001:db8::1".parse::<Ipv6Addr>().unwrap().octets();
        let cases: [(Option<Hint>, &[u8], &str); 11] = [
            (Some(Hint::Via), &[&2_u16.to_ne_bytes()[..], &[192, 0, 2, 1]].concat(), "192.0.2.1"),
            (None, &[0, 0xff], "00ff"),
            (None, &[], ""),
            (Some(Hint::Hex), &[0, 0xff], "00 ff"),
            (Some(Hint::Mac), &[2, 0, 0, 0, 0, 1], "02:00:00:00:00:01"),
            (Some(Hint::Ipv4), &[192, 0, 2, 1], "192.0.2.1"),
            (Some(Hint::Ipv6), &v6, "2001:db8::1"),
            (Some(Hint::Ipv4OrV6), &[192, 0, 2, 1], "192.0.2.1"),
            (Some(Hint::Ipv4OrV6), &v6, "2001:db8::1"),
            (Some(Hint::Uuid), &v6, "20010db8-0000-0000-0000-000000000001"),
            (Some(Hint::SocketAddr), &[2, 0, 0xca, 0x6c, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0], "192.0.2.1:51820"),
        ];
        for (hint, bytes, text) in cases {
            if hint == Some(Hint::SocketAddr) && cfg!(target_endian = "big") {
                continue; // the case is written little-endian
            }
            assert_eq!(show(bytes, hint).as_deref(), Some(text));
            assert_eq!(parse(text, hint).as_deref(), Ok(bytes));
        }
        for (hint, bytes) in [(Hint::Ipv4, &[1, 2, 3][..]), (Hint::Uuid, &[0; 15]), (Hint::SocketAddr, &[0; 16])] {
            assert_eq!(show(bytes, Some(hint)), None, "{hint:?}");
        }
    }

    #[test]
    fn hex_says_what_is_wrong_with_it() {
        assert_eq!(from_hex("AbC"), Err(NotHex::Odd));
        assert_eq!(from_hex("00:1g"), Err(NotHex::Digit(5)));
        assert_eq!(from_hex("0 0"), Err(NotHex::Digit(2)), "no gap within a byte");
        assert_eq!(from_hex("00é"), Err(NotHex::Digit(3)));
        assert_eq!(from_hex("de:ad be ef"), Ok(vec![0xde, 0xad, 0xbe, 0xef]));
        assert!(parse("192.0.2", Some(Hint::Ipv4)).unwrap_err().ends_with("found \"192.0.2\""));
    }
}
