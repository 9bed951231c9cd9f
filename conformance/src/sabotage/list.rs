//! What is turned into what: `sabotage.toml`, checked against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::case::{Case, Malformed};
use crate::record::Release;

/// One behaviour and its opposite.
#[derive(Clone, Debug)]
pub struct Flip {
    /// The item of the semantics, or the column of the version table, whose behaviour it is.
    pub of: String,
    /// What the kernel side does instead, in a few words.
    pub so_that: String,
    /// What turns it on: the item, and a number if it is not the first of that item.
    pub(super) switch: String,
    /// The line of `sabotage.toml` that it begins at.
    pub(super) line: usize,
    /// Where; nothing if no case can notice.
    pub(super) place: Option<Place>,
    /// As which releases none can, and why.
    unseen_as: BTreeMap<String, String>,
}

/// An expression of the sources.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its file, from the root of the workspace.
    pub(super) file: String,
    /// Its bytes in that file.
    pub(super) range: Range<usize>,
    /// What it becomes.
    pub(super) instead: String,
}

impl Flip {
    /// Whether it is of the version table: it must be noticed as every release.
    pub fn is_of_version(&self) -> bool {
        is_column(&self.of)
    }

    /// Whether no case can notice as this release.
    pub(super) fn is_unseen_as(&self, release: Release) -> bool {
        self.unseen_as.contains_key(&release.to_string())
    }
}

/// Items are a letter and a number; columns are words.
fn is_column(of: &str) -> bool {
    !of.starts_with(|first: char| first.is_ascii_uppercase())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    flip: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    of: Spanned<String>,
    /// What it becomes, in words.
    so_that: Option<String>,
    /// Why no case can notice; then there is nothing else.
    unseen: Option<String>,
    /// As which releases none can, and why.
    #[serde(default)]
    unseen_as: BTreeMap<String, String>,
    #[serde(default)]
    file: String,
    /// The function that it is looked for in, if it is not the only one.
    within: Option<String>,
    #[serde(default)]
    find: String,
    #[serde(default)]
    instead: String,
}

/// Where the version table is, whose columns are the fields of its `Row`.
const TABLE: &str = "crates/netloom/src/kernel/version.rs";

/// The root of the workspace.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// All flips.
///
/// An error, with the line of `sabotage.toml` where there is one, if an expression is not there or not only once, if two
/// of them overlap and are not the same, or if an item that cases show or a column of the version table has none.
pub fn flips() -> Result<Vec<Flip>, Malformed> {
    read(&text()?)
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sabotage.toml")
}

fn text() -> Result<String, Malformed> {
    fs::read_to_string(path()).map_err(|error| at(1, &error))
}

fn at(line: usize, why: &dyn fmt::Display) -> Malformed {
    Malformed(format!("{}:{line}: {why}", path().display()))
}

fn read(text: &str) -> Result<Vec<Flip>, Malformed> {
    let File { flip: entries } = toml::from_str(text).map_err(|error| at(1, &error))?;
    let mut sources = Sources::default();
    let mut flips: Vec<Flip> = Vec::new();
    for entry in entries {
        let line = text.get(..entry.of.span().start).unwrap_or_default().lines().count();
        let Entry { of, so_that, unseen, unseen_as, file, within, find, instead } = entry;
        let of = of.into_inner();
        let (so_that, place) = match (so_that, unseen) {
            (None, Some(why)) => (why, None),
            (Some(so_that), None) => {
                if let Some(text) = [&find, &instead].into_iter().find(|text| !is_whole(text)) {
                    return Err(at(line, &format!("{of}: `{text}` is no whole expression")));
                }
                let range = sources.find(&file, within.as_deref(), &find);
                let range = range.map_err(|Malformed(why)| at(line, &format!("{of}: {why}")))?;
                (so_that, Some(Place { file, range, instead }))
            }
            _ => return Err(at(line, &format!("{of}: say either `so-that`, and what becomes what, or `unseen`"))),
        };
        let before = flips.iter().filter(|flip| flip.of == of).count();
        let switch = if before == 0 { of.clone() } else { format!("{of}#{}", before + 1) };
        let flip = Flip { of, so_that, switch, line, place, unseen_as };
        if let Some(other) = flips.iter().find(|other| overlap(other, &flip)) {
            let why = format!("{}: overlaps the place of {} in line {}", flip.of, other.of, other.line);
            return Err(at(line, &why));
        }
        flips.push(flip);
    }
    complete(&flips, &mut sources).map_err(|(line, Malformed(why))| at(line, &why))?;
    Ok(flips)
}

/// Whether brackets are in pairs, as they are in an expression.
fn is_whole(text: &str) -> bool {
    let mut open = Vec::new();
    text.chars().all(|c| match c {
        '(' | '[' | '{' => {
            open.push(if c == '(' {
                ')'
            } else if c == '[' {
                ']'
            } else {
                '}'
            });
            true
        }
        ')' | ']' | '}' => open.pop() == Some(c),
        _ => true,
    }) && open.is_empty()
        && !text.trim().is_empty()
}

/// Same places are fine: the switches are asked one after the other.
fn overlap(one: &Flip, other: &Flip) -> bool {
    let (Some(one), Some(other)) = (&one.place, &other.place) else { return false };
    let apart = one.range.end <= other.range.start || other.range.end <= one.range.start;
    one.file == other.file && one.range != other.range && !apart
}

/// Whether all that can be noticed is there, and nothing else; a problem has its line.
fn complete(flips: &[Flip], sources: &mut Sources) -> Result<(), (usize, Malformed)> {
    let last = flips.last().map_or(1, |flip| flip.line);
    let cases = Case::all().map_err(|error| (last, error))?;
    let cases: Vec<Case> = cases.into_iter().flat_map(|(_, cases)| cases).collect();
    // What takes a descriptor is not played on a copy.
    let here = cases.iter().filter(|case| !case.makes_calls());
    let noticed: BTreeSet<String> = here.flat_map(|case| case.items.clone()).collect();
    let mut wanted: BTreeSet<String> = cases.into_iter().flat_map(|case| case.items).collect();
    let table = sources.text(TABLE).map_err(|error| (last, error))?;
    let row = table.split("struct Row {").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let columns = row.lines().filter_map(|line| line.trim().strip_suffix(": bool,"));
    wanted.extend(columns.map(str::to_owned));
    for flip in flips {
        if !wanted.contains(&flip.of) {
            let why = format!("{} is no item that a case shows, and no column of {TABLE}", flip.of);
            return Err((flip.line, Malformed(why)));
        }
        if flip.place.is_none() && noticed.contains(&flip.of) {
            return Err((flip.line, Malformed(format!("{} is shown by cases: one of them must notice", flip.of))));
        }
    }
    let there: BTreeSet<&String> = flips.iter().map(|flip| &flip.of).collect();
    let missing: Vec<&str> = wanted.iter().filter(|of| !there.contains(of)).map(String::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err((last, Malformed(format!("no flip of {}: say behind this one what becomes what", missing.join(", ")))))
}

/// Files of the workspace, read once.
#[derive(Default)]
struct Sources(BTreeMap<String, String>);

impl Sources {
    fn text(&mut self, file: &str) -> Result<&str, Malformed> {
        if !self.0.contains_key(file) {
            let path: PathBuf = root().join(file);
            let text = fs::read_to_string(path).map_err(|error| Malformed(format!("{file}: {error}")))?;
            self.0.insert(file.to_owned(), text);
        }
        Ok(self.0.get(file).map_or("", String::as_str))
    }

    /// Where a text is, once, in a file or a function of it.
    fn find(&mut self, file: &str, within: Option<&str>, find: &str) -> Result<Range<usize>, Malformed> {
        let text = self.text(file)?;
        let (place, range) = match within {
            None => (file.to_owned(), 0..text.len()),
            Some(name) => (format!("fn {name} of {file}"), function(file, text, name)?),
        };
        let mut found = text.get(range.clone()).unwrap_or_default().match_indices(find);
        let first = found.next().ok_or_else(|| Malformed(format!("{place} has no `{find}`")))?.0;
        let start = range.start + first;
        match found.count() {
            0 => Ok(start..start + find.len()),
            more => Err(Malformed(format!("{place} has `{find}` {} times: say more of it", more + 1))),
        }
    }
}

/// Where a function is, as rustfmt lays it out: up to the brace below its first letter.
fn function(file: &str, text: &str, name: &str) -> Result<Range<usize>, Malformed> {
    let mut found = ["(", "<"]
        .into_iter()
        .flat_map(|behind| text.match_indices(&format!("fn {name}{behind}")).map(|(at, _)| at).collect::<Vec<_>>());
    let start = found.next().ok_or_else(|| Malformed(format!("{file} has no fn {name}")))?;
    if found.next().is_some() {
        return Err(Malformed(format!("{file} has several fn {name}")));
    }
    let before = text.get(..start).unwrap_or_default();
    let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..).unwrap_or_default();
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let rest = text.get(start..).unwrap_or_default();
    let end =
        rest.find(&format!("\n{indent}}}\n")).ok_or_else(|| Malformed(format!("fn {name} of {file} has no end")))?;
    Ok(start..start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_an_entry_is_told_with_its_line() {
        let text = text().unwrap();
        let whole = flips().unwrap();
        assert!(!whole.is_empty());
        let end = text.lines().count();
        // what is added, on which line that is, and what is said of it
        let entry =
            |of: &str, words: &str| format!("[[flip]]\nof = {of:?}\nso-that = \"x\"\ninstead = \"x\"\n{words}\n");
        let file = "file = \"crates/netloom/src/kernel/engine/ack.rs\"";
        let cases = [
            (
                entry("A1", &format!("{file}\nfind = \"no such words\"")),
                "A1: crates/netloom/src/kernel/engine/ack.rs has no `no such words`",
            ),
            (entry("A1", &format!("{file}\nfind = \"options\"")), "times: say more of it"),
            (entry("A1", &format!("{file}\nwithin = \"nobody\"\nfind = \"x\"")), "has no fn nobody"),
            (entry("A1", &format!("{file}\nfind = \"&header.to_bytes()\"")), "A1: overlaps the place of A1 in line"),
            (entry("A1", "file = \"crates/none.rs\"\nfind = \"x\""), "crates/none.rs: "),
            (entry("A1", "unseen = \"why\""), "either `so-that`"),
            (entry("A1", &format!("{file}\nfind = \"(options\"")), "`(options` is no whole expression"),
            ("[[flip]]\nof = \"A1\"\nunseen = \"why\"\n".to_owned(), "A1 is shown by cases"),
            (entry("A77", &format!("{file}\nfind = \"fn describe\"")), "A77 is no item that a case shows"),
        ];
        for (added, wanted) in cases {
            let Malformed(said) = read(&format!("{text}{added}")).unwrap_err();
            assert!(said.contains(wanted) && said.contains(&format!("sabotage.toml:{}: ", end + 2)), "{said}");
        }
    }

    #[test]
    fn an_item_without_an_entry_is_told() {
        let text = text().unwrap();
        for of in ["A1", "tells_op_zero"] {
            let entry = format!("\n[[flip]]\nof = {of:?}\n");
            let start = text.find(&entry).unwrap();
            let len = text[start + 1..].find("\n[[flip]]").unwrap() + 1;
            let without = format!("{}{}", &text[..start], &text[start + len..]);
            let Malformed(said) = read(&without).unwrap_err();
            assert!(said.ends_with(&format!("no flip of {of}: say behind this one what becomes what")), "{said}");
        }
    }
}
