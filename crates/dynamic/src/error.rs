//! What is wrong with JSON that does not fit, and where.

use std::fmt;

use netloom_wire::Full;

/// JSON that does not fit a schema: where, what was found, and what would fit. Or a family that is not known.
///
/// ```
/// # use netloom_wire::{Schema, Writer, schema::{AttrInfo, Int, Kind}};
/// static SET: Schema = Schema { name: "set", attrs: &[AttrInfo::new(1, "mtu", Kind::Int(Int::U32))] };
/// let mut w = Writer::new(&mut []);
/// let error = netloom_dynamic::encode(&SET, &serde_json::json!({"mtu": -1}), &mut w).unwrap_err();
/// assert_eq!((error.path(), error.is_full()), ("mtu", false));
/// assert_eq!(error.to_string(), "mtu: expected a number from 0 to 4294967295, found -1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    path: String,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Misfit(String),
    Full,
}

impl Error {
    /// The place in the JSON: `peers[0].public-key`; empty for the whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether the JSON may fit and the buffer has no room: a larger one helps.
    pub fn is_full(&self) -> bool {
        self.what == What::Full
    }

    pub(crate) fn new(path: &Path<'_>, text: impl fmt::Display) -> Self {
        Self { path: path.to_string(), what: What::Misfit(text.to_string()) }
    }

    /// Something wrong that is at no place in a JSON value.
    pub(crate) fn plain(text: impl fmt::Display) -> Self {
        Self::new(&Path::TOP, text)
    }

    pub(crate) fn full(path: &Path<'_>, full: Full) -> Self {
        match full {
            Full::Room => Self { path: path.to_string(), what: What::Full },
            Full::TooLong { .. } => Self::new(path, "longer than an attribute can be (65,531 bytes)"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        match &self.what {
            What::Misfit(text) => f.write_str(text),
            What::Full => f.write_str("no room left in the message buffer"),
        }
    }
}
impl std::error::Error for Error {}

/// The way from the top of a JSON value to a place in it, as a list on the stack.
#[derive(Clone, Copy)]
pub(crate) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
    /// Whether the value there must not be quoted.
    secret: bool,
    depth: u8,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Top,
    Key(&'p str),
    Element(usize),
}

impl<'p> Path<'p> {
    pub(crate) const TOP: Path<'static> = Path { parent: None, step: Step::Top, secret: false, depth: 0 };

    pub(crate) fn key(&'p self, key: &'p str) -> Path<'p> {
        self.then(Step::Key(key))
    }

    pub(crate) fn element(&'p self, index: usize) -> Path<'p> {
        self.then(Step::Element(index))
    }

    pub(crate) fn secret(mut self, secret: bool) -> Self {
        self.secret |= secret;
        self
    }

    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }

    /// Whether nests go on deeper than any that decoding gives: there a nest in a list is one step, here it is two.
    pub(crate) fn is_too_deep(&self) -> bool {
        self.depth / 2 > netloom_wire::Path::MAX_DEPTH.saturating_add(1)
    }

    fn then(&'p self, step: Step<'p>) -> Path<'p> {
        Path { parent: Some(self), step, secret: self.secret, depth: self.depth.saturating_add(1) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = match self.parent {
            Some(parent) => {
                fmt::Display::fmt(parent, f)?;
                if matches!(parent.step, Step::Top) { "" } else { "." }
            }
            None => "",
        };
        match self.step {
            Step::Top => Ok(()),
            Step::Key(key) => write!(f, "{dot}{key}"),
            Step::Element(index) => write!(f, "[{index}]"),
        }
    }
}

/// ` (did you mean "…"?)` for the known word nearest to `word`, if one is near.
pub(crate) fn suggestion<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let near = |other: &&str| (distance(word, other), other.len());
    let limit = word.len().div_ceil(3).max(1);
    match known.into_iter().min_by_key(near) {
        Some(best) if distance(word, best) <= limit => format!(" (did you mean \"{best}\"?)"),
        _ => String::new(),
    }
}

/// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let fold = |text: &str| -> Vec<char> {
        text.chars().take(64).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let (a, b) = (fold(a), fold(b));
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, y) in b.iter().enumerate() {
            let next = j.saturating_add(1);
            let replace = at(&last, j).saturating_add(usize::from(x != y));
            let delete = at(&last, next).saturating_add(1);
            let insert = at(&row, j).saturating_add(1);
            let swapped = i > 0 && j > 0 && a.get(i.wrapping_sub(1)) == Some(y) && b.get(j.wrapping_sub(1)) == Some(x);
            let swap = if swapped { at(&before, j.wrapping_sub(1)).saturating_add(1) } else { usize::MAX };
            row.push(replace.min(delete).min(insert).min(swap));
        }
        before = std::mem::replace(&mut last, row);
    }
    at(&last, b.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let known = ["ifname", "ifindex", "public-key", "peers"];
        for (word, hint) in [("ifnam", "ifname"), ("publik_key", "public-key"), ("pere", "peers"), ("Peers", "peers")] {
            assert_eq!(suggestion(word, known), format!(" (did you mean \"{hint}\"?)"), "{word}");
        }
        assert_eq!(suggestion("colour", known), "");
        assert_eq!(suggestion("x", []), "");
        assert_eq!(distance("mgs", "msg"), 1, "a swap counts once");
    }
}
