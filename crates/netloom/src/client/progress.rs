//! Whether a dump gets anywhere.

use std::hash::{DefaultHasher, Hasher};

/// Whether a dump's datagrams differ.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// The last datagram's length and both of its ends: enough for most dumps, and cheap.
    ends: (usize, [u8; 64], [u8; 64]),
    /// All of the last datagram, once two had the same ends.
    whole: Option<u64>,
    repeats: u32,
}

impl Progress {
    pub(super) const NEW: Self = Self { ends: (usize::MAX, [0; 64], [0; 64]), whole: None, repeats: 0 };

    /// How many times in a row this datagram has come before.
    pub(super) fn repeats(&mut self, datagram: &[u8]) -> u32 {
        let head = datagram.first_chunk::<64>().copied().unwrap_or([0; 64]);
        let tail = datagram.last_chunk::<64>().copied().unwrap_or([0; 64]);
        let ends = (datagram.len(), head, tail);
        if self.ends != ends {
            *self = Self { ends, whole: None, repeats: 0 };
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(datagram);
        let whole = Some(hasher.finish());
        self.repeats = if self.whole == whole { self.repeats.saturating_add(1) } else { 0 };
        self.whole = whole;
        self.repeats
    }
}
