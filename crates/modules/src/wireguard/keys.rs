//! Curve25519 key pairs and preshared keys.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Bytes of every WireGuard key: `WG_KEY_LEN` in `include/uapi/linux/wireguard.h`.
pub const KEY_LEN: usize = 32;

/// A Curve25519 public key: what names a peer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey(pub [u8; KEY_LEN]);

impl PublicKey {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    /// The first four bytes in hexadecimal: enough to tell keys apart in a test's output.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "PublicKey({a:02x}{b:02x}{c:02x}{d:02x}..)")
    }
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Prints as `(hidden)`, compares in constant time and is wiped when dropped.
        #[derive(Clone)]
        pub struct $name([u8; KEY_LEN]);

        impl $name {
            /// The 32 bytes as they were given.
            pub const fn as_bytes(&self) -> &[u8; KEY_LEN] {
                &self.0
            }

            /// Whether all bytes are zero, by which WireGuard's interface says that there is no key.
            pub fn is_zero(&self) -> bool {
                self.0.ct_eq(&[0; KEY_LEN]).into()
            }
        }

        impl From<[u8; KEY_LEN]> for $name {
            fn from(mut bytes: [u8; KEY_LEN]) -> Self {
                let key = Self(bytes);
                bytes.zeroize();
                key
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(&other.0).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "((hidden))"))
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }
    };
}

secret! {
    /// A Curve25519 private key, clamped or not.
    PrivateKey
}

secret! {
    /// The symmetric key that two peers may share besides their key pairs; all zero when they share none.
    PresharedKey
}

impl PrivateKey {
    /// The key with the bits set and cleared that Curve25519 demands of a scalar.
    ///
    /// ```
    /// use netloom_modules::wireguard::PrivateKey;
    ///
    /// let key = PrivateKey::from([0x77; 32]).clamped();
    /// assert_eq!((key.as_bytes()[0], key.as_bytes()[1], key.as_bytes()[31]), (0x70, 0x77, 0x77));
    /// ```
    #[must_use]
    pub fn clamped(&self) -> Self {
        // include/crypto/curve25519.h: curve25519_clamp_secret
        let mut key = self.clone();
        let [first, .., last] = &mut key.0;
        *first &= 0b1111_1000;
        *last = (*last & 0b0111_1111) | 0b0100_0000;
        key
    }

    /// The public key that belongs to this one; `None` for the all-zero key, which stands for having none.
    pub fn public_key(&self) -> Option<PublicKey> {
        // include/crypto/curve25519.h: curve25519_generate_public
        if self.is_zero() {
            return None;
        }
        let secret = x25519_dalek::StaticSecret::from(self.0);
        Some(PublicKey(x25519_dalek::PublicKey::from(&secret).to_bytes()))
    }
}

impl PresharedKey {
    /// No preshared key: 32 zero bytes.
    pub const NONE: Self = Self([0; KEY_LEN]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> [u8; KEY_LEN] {
        let mut out = [0; KEY_LEN];
        for (byte, i) in out.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&hex[i..i + 2], 16).unwrap();
        }
        out
    }

    /// The two key pairs of RFC 7748, section 6.1.
    #[test]
    fn public_keys_are_those_of_the_rfc() {
        for (private, public) in [
            (
                "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
            ),
            (
                "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
            ),
        ] {
            let private = PrivateKey::from(bytes(private));
            assert_eq!(private.public_key().unwrap().0, bytes(public));
            assert_eq!(private.clamped().public_key().unwrap().0, bytes(public), "clamping changes no public key");
        }
    }

    #[test]
    fn the_zero_key_has_no_public_key_but_its_clamped_form_would() {
        let zero = PrivateKey::from([0; KEY_LEN]);
        assert_eq!(zero.public_key(), None);
        assert!(zero.clamped().public_key().is_some());
    }

    #[test]
    fn secrets_do_not_print() {
        let key = PrivateKey::from([0x61; KEY_LEN]);
        assert_eq!(
            format!("{key:?} {:?}", PresharedKey::from([0x61; KEY_LEN])),
            "PrivateKey((hidden)) PresharedKey((hidden))"
        );
    }
}
