//! Ethernet addresses.

use std::fmt;
use std::str::FromStr;

use netloom_wire::{Errno, IntoValue};

use crate::Error;
use crate::error::Cause;

/// An Ethernet address: what setters of hardware addresses take, beside bytes of any length.
///
/// ```
/// use netloom::families::rt_link::Link;
/// use netloom::rtnetlink::MacAddr;
/// let mac: MacAddr = "02:00:00:00:00:0a".parse()?;
/// let link = Link::new().address(mac);
/// assert_eq!(link.address.as_deref().and_then(MacAddr::read).unwrap().to_string(), "02:00:00:00:00:0a");
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(
    /// Its bytes.
    pub [u8; 6],
);

impl MacAddr {
    /// The address that these bytes are; `None` unless they are six.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl From<[u8; 6]> for MacAddr {
    fn from(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}
impl IntoValue<Vec<u8>> for MacAddr {
    fn into_value(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for MacAddr {
    type Err = Error;

    /// Six pairs of hexadecimal digits with colons or dashes between them.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            let what = format!("{text:?} is no MAC address; write one like 02:00:00:00:00:0a");
            Error::new("", Cause::Argument(what, Errno::EINVAL))
        };
        let mut bytes = [0; 6];
        let mut pairs = text.split([':', '-']);
        for byte in &mut bytes {
            let pair = pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|c| c.is_ascii_hexdigit()));
            *byte = u8::from_str_radix(pair.ok_or_else(wrong)?, 16).map_err(|_| wrong())?;
        }
        pairs.next().is_none().then_some(Self(bytes)).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_one_and_text_that_is_none() {
        for (text, bytes) in [("02:0a:Ff:00:00:01", [2, 10, 255, 0, 0, 1]), ("00-00-00-00-00-00", [0; 6])] {
            assert_eq!(text.parse::<MacAddr>().unwrap().0, bytes);
        }
        for text in
            ["", "02:00:00:00:00", "02:00:00:00:00:01:02", "2:0:0:0:0:1", "02:00:00:00:00:+1", "02:00:00:00:00:é"]
        {
            let error = text.parse::<MacAddr>().unwrap_err();
            assert!(error.to_string().contains("is no MAC address"), "{text}");
        }
    }
}
