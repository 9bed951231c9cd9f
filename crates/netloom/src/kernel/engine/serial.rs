//! Maps whose keys are the engine's own serial numbers.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by serial number. No peer chooses these keys, so they need no hash that resists one.
pub(super) type SerialMap<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// Spreads one number over 64 bits.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        // 2^64 / golden ratio: neighbours end up far apart, in the high bits too, which the table reads.
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
