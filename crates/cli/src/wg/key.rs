//! A WireGuard key, and the three commands that make one.

use std::fmt;
use std::io::Read as _;

use base64ct::{Base64, Encoding};

use super::{Error, Io};

/// Length of a key in base64, padding included.
pub(super) const BASE64_LEN: usize = 44;

/// 32 bytes of key: Curve25519 private or public, or a symmetric preshared one.
///
/// Shown by [`fmt::Display`] as the 44 base64 characters that `wg` uses; [`fmt::Debug`] hides it.
///
/// ```
/// use netloom_cli::wg::Key;
/// let key = Key::from_base64("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=").unwrap();
/// assert_eq!(key, Key::new([3; 32]));
/// assert_eq!(key.public().to_string(), "Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// The all-zero key. As a private or preshared key it means "none" to the kernel.
    pub const ZERO: Key = Key([0; 32]);

    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key from exactly 44 base64 characters; `None` if they are not the canonical encoding of
    /// 32 bytes. Takes the same time whatever the key is.
    pub fn from_base64(text: &str) -> Option<Self> {
        if text.len() != BASE64_LEN {
            return None;
        }
        let mut bytes = [0; 32];
        let decoded = Base64::decode(text, &mut bytes).ok()?;
        (decoded.len() == 32).then_some(Self(bytes))
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether every byte is zero.
    pub fn is_zero(&self) -> bool {
        self.0.iter().fold(0, |all, byte| all | byte) == 0
    }

    /// The key itself, or `None` if it is the zero key, which stands for "none".
    pub fn non_zero(self) -> Option<Self> {
        (!self.is_zero()).then_some(self)
    }

    /// The public key of this private key. The private key is clamped for the computation.
    pub fn public(&self) -> Self {
        Self(x25519_dalek::x25519(self.0, x25519_dalek::X25519_BASEPOINT_BYTES))
    }

    /// A fresh preshared key: 32 random bytes from the system.
    pub fn random() -> Result<Self, Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|e| Error::new(format!("wg: Unable to read random bytes: {e}")))?;
        Ok(Self(bytes))
    }

    /// A fresh private key: random and clamped as Curve25519 wants it.
    pub fn random_private() -> Result<Self, Error> {
        let Self(mut bytes) = Self::random()?;
        let [first, .., last] = &mut bytes;
        *first &= 248;
        *last = (*last & 127) | 64;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; BASE64_LEN];
        let text = Base64::encode(&self.0, &mut text).map_err(|_| fmt::Error)?;
        f.pad(text)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(hidden)")
    }
}

/// `wg genkey`: a private key to standard output.
pub(super) fn genkey(io: &mut Io<'_>) -> Result<(), Error> {
    generate(io, Key::random_private()?)
}

/// `wg genpsk`: a preshared key to standard output.
pub(super) fn genpsk(io: &mut Io<'_>) -> Result<(), Error> {
    generate(io, Key::random()?)
}

/// `wg pubkey`: reads a private key, writes its public key.
pub(super) fn pubkey(io: &mut Io<'_>) -> Result<(), Error> {
    let malformed = || Error::new("wg: Key is not the correct length or format");
    let mut text = [0; BASE64_LEN];
    io.input.read_exact(&mut text).map_err(|_| malformed())?;
    for byte in io.input.bytes() {
        let byte = byte.map_err(|e| Error::new(format!("wg: Unable to read the key: {e}")))?;
        if !byte.is_ascii_whitespace() && byte != 0x0b && byte != 0 {
            return Err(Error::new("wg: Trailing characters found after key"));
        }
    }
    let private = std::str::from_utf8(&text).ok().and_then(Key::from_base64).ok_or_else(malformed)?;
    writeln!(io.out, "{}", private.public())?;
    Ok(())
}

fn generate(io: &mut Io<'_>, key: Key) -> Result<(), Error> {
    if io.world_accessible {
        writeln!(
            io.err,
            "Warning: writing to world accessible file.\nConsider setting the umask to 077 and trying again."
        )?;
    }
    writeln!(io.out, "{key}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREES: &str = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";

    fn pubkey_of(input: &[u8]) -> Result<String, String> {
        let (mut input, mut out, mut err) = (input, Vec::new(), Vec::new());
        let mut io = Io::new(&mut input, &mut out, &mut err);
        match pubkey(&mut io) {
            Ok(()) => Ok(String::from_utf8(out).unwrap()),
            Err(e) => Err(e.to_string()),
        }
    }

    #[test]
    fn base64_is_canonical() {
        // The last sextet of 32 bytes carries two zero bits: N and O set them.
        for (text, good) in [
            (THREES, true),
            ("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwN=", false),
            ("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwO=", false),
            ("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA", false),
            ("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw==", false),
            ("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM", false),
            ("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD-wMDAwMDAwM=", false),
            ("AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD wMDAwMDAwM=", false),
            ("", false),
        ] {
            assert_eq!(Key::from_base64(text).is_some(), good, "{text}");
        }
        assert_eq!(Key::from_base64(THREES).unwrap().to_string(), THREES);
    }

    #[test]
    fn private_keys_are_clamped_and_differ() {
        let (a, b) = (Key::random_private().unwrap(), Key::random_private().unwrap());
        assert_ne!(a, b);
        for key in [a, b] {
            assert_eq!(key.as_bytes()[0] & 7, 0);
            assert_eq!(key.as_bytes()[31] & 0xc0, 0x40);
        }
    }

    #[test]
    fn pubkey_reads_one_key_and_only_blanks_after_it() {
        let public = "Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=\n";
        for tail in ["", "\n", " \t\r\n\u{b}\0"] {
            assert_eq!(pubkey_of(format!("{THREES}{tail}").as_bytes()).as_deref(), Ok(public));
        }
        assert_eq!(pubkey_of(format!("{THREES} x").as_bytes()).unwrap_err(), "wg: Trailing characters found after key");
        for bad in [&b""[..], b"short", &[0xff; 44]] {
            assert_eq!(pubkey_of(bad).unwrap_err(), "wg: Key is not the correct length or format");
        }
    }

    #[test]
    fn a_world_accessible_file_is_warned_about() {
        for (world_accessible, warned) in [(true, true), (false, false)] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut input = std::io::empty();
            let mut io = Io { world_accessible, ..Io::new(&mut input, &mut out, &mut err) };
            genkey(&mut io).unwrap();
            assert_eq!(out.len(), BASE64_LEN + 1);
            assert_eq!(!err.is_empty(), warned);
        }
    }

    #[test]
    fn debug_does_not_show_the_key() {
        assert_eq!(format!("{:?}", Key::new([3; 32])), "Key(hidden)");
    }
}
