//! What is wrong with a spec, and where.

use std::fmt;
use std::sync::Arc;

/// A position in a spec or an overlay: file, line and column, both counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// The file's name as it was given to [`Spec::load`](crate::Spec::load) or [`Spec::parse`](crate::Spec::parse).
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> u32 {
        self.column
    }

    pub(crate) fn error(&self, message: impl fmt::Display) -> Error {
        Error::new(Cause::Content, self.clone(), message)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 { write!(f, ":{}:{}", self.line, self.column) } else { Ok(()) }
    }
}

/// A spec that cannot be used. Its `Display` is one line for a user:
/// `specs/x.yaml:12:5: attribute "ifnam" is not in set "link-attrs" (did you mean "ifname"?)`.
#[derive(Clone, Debug)]
pub struct Error(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cause: Cause,
    place: Place,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Unreadable,
    Syntax,
    Content,
}

impl Error {
    pub(crate) fn new(cause: Cause, place: Place, message: impl fmt::Display) -> Self {
        Self(Arc::new(Inner { cause, place, message: message.to_string() }))
    }

    pub(crate) fn unreadable(file: &str, error: &std::io::Error) -> Self {
        Self::new(
            Cause::Unreadable,
            Place { file: file.into(), line: 0, column: 0 },
            format_args!("cannot be read: {error}"),
        )
    }

    /// An error at a place of a spec, for those who cannot use what it says there.
    pub fn at(place: &Place, message: impl fmt::Display) -> Self {
        place.error(message)
    }

    /// The file that is wrong: the spec or its overlay.
    pub fn file(&self) -> &str {
        &self.0.place.file
    }

    /// The line, from 1; 0 when the file could not be read at all.
    pub fn line(&self) -> u32 {
        self.0.place.line
    }

    /// The column in characters, from 1; 0 when the file could not be read at all.
    pub fn column(&self) -> u32 {
        self.0.place.column
    }

    /// The sentence without the position.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the file could not be read (missing, no permission, not UTF-8).
    pub fn is_unreadable(&self) -> bool {
        self.0.cause == Cause::Unreadable
    }

    /// Whether the text is not YAML; otherwise it is YAML that does not make a spec.
    pub fn is_syntax(&self) -> bool {
        self.0.cause == Cause::Syntax
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.place, self.0.message)
    }
}

impl std::error::Error for Error {}

/// ` (did you mean "x"?)` when one of `known` is close to `found`, else nothing.
pub(crate) fn suggestion<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let limit = (found.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(found, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| format!(" (did you mean \"{name}\"?)"))
        .unwrap_or_default()
}

/// Edit distance in characters, swapped neighbours being one edit; `-`, `_` and case do not count.
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| -> Vec<char> {
        text.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let (a, b) = (plain(a), plain(b));
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let same = a[i - 1] == b[j - 1];
            let mut best = (rows[i - 1][j - 1] + usize::from(!same)).min(row[j - 1] + 1).min(rows[i - 1][j] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, suggestion};

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("ifnam", "ifname", 1),
            ("mian", "main", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("a_b", "A-B", 0),
            ("x", "x", 0),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_close_names_are_suggested() {
        assert_eq!(suggestion("ifnam", ["mtu", "ifname"]), " (did you mean \"ifname\"?)");
        assert_eq!(suggestion("zzz", ["mtu", "ifname"]), "");
    }
}
