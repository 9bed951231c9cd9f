//! What was said, each text under the number it was said as.

use std::collections::VecDeque;

/// How many texts are kept.
pub const MAX_TEXTS: usize = 1024;
/// How many bytes the kept texts have together at most.
pub const MAX_BYTES: usize = 1 << 20;

/// The latest texts said: at most [`MAX_TEXTS`] of them with at most [`MAX_BYTES`], the oldest going first. The very
/// latest is always kept.
///
/// ```
/// use netloom_modules::doc_exmpl::Said;
///
/// let mut said = Said::default();
/// assert_eq!(said.say("good morning"), 0);
/// assert_eq!(said.say("good night"), 1);
/// assert_eq!(said.since(1).collect::<Vec<_>>(), [(1, "good night")]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Said {
    texts: VecDeque<String>,
    bytes: usize,
    /// The number of the oldest text that is kept.
    first: u32,
}

impl Said {
    /// Keeps `text` and returns its number. Numbers start at 0 and go round after 2^32 texts.
    pub fn say(&mut self, text: impl Into<String>) -> u32 {
        let text = text.into();
        self.bytes += text.len();
        self.texts.push_back(text);
        while self.texts.len() > MAX_TEXTS || (self.bytes > MAX_BYTES && self.texts.len() > 1) {
            let Some(oldest) = self.texts.pop_front() else { break };
            self.bytes -= oldest.len();
            self.first = self.first.wrapping_add(1);
        }
        self.first.wrapping_add(self.newest())
    }

    /// The texts with number `index` and later, oldest first; all that are kept when that one is no longer among
    /// them. So the number behind the last one seen is the position of a dump.
    pub fn since(&self, index: u32) -> impl Iterator<Item = (u32, &str)> {
        // A number up to half the circle behind the oldest one is one that was dropped.
        let ahead = index.wrapping_sub(self.first);
        let skip = if ahead > u32::MAX / 2 { 0 } else { ahead };
        let start = usize::try_from(skip).unwrap_or(usize::MAX).min(self.texts.len());
        let numbered = (skip..).zip(self.texts.range(start..));
        numbered.map(|(offset, text)| (self.first.wrapping_add(offset), text.as_str()))
    }

    /// How many texts are kept.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether nothing was said yet.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    fn newest(&self) -> u32 {
        u32::try_from(self.texts.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_numbers_stay() {
        let mut said = Said::default();
        let numbers: Vec<u32> = (0..1500).map(|i| said.say(i.to_string())).collect();
        assert_eq!(numbers, (0..1500).collect::<Vec<u32>>());
        assert_eq!(said.len(), MAX_TEXTS);
        assert_eq!(said.since(0).next(), Some((476, "476")), "a position among the dropped ones");
        assert_eq!(said.since(1499).collect::<Vec<_>>(), [(1499, "1499")]);
        assert_eq!(said.since(1500).next(), None);
    }

    #[test]
    fn bytes_are_bounded_but_the_latest_text_is_kept() {
        let mut said = Said::default();
        for _ in 0..3 {
            said.say("x".repeat(MAX_BYTES / 2));
        }
        assert_eq!((said.len(), said.bytes), (2, MAX_BYTES));
        assert_eq!(said.say("y".repeat(MAX_BYTES + 1)), 3);
        assert_eq!((said.len(), said.bytes), (1, MAX_BYTES + 1));
        assert_eq!(said.say("z"), 4);
        assert_eq!((said.len(), said.bytes), (1, 1));
    }

    #[test]
    fn numbers_go_round() {
        let mut said = Said { first: u32::MAX, ..Said::default() };
        assert_eq!([said.say("a"), said.say("b")], [u32::MAX, 0]);
        assert_eq!(said.since(u32::MAX).count(), 2);
        assert_eq!(said.since(0).collect::<Vec<_>>(), [(0, "b")]);
        assert_eq!(said.since(1).count(), 0);
    }
}
