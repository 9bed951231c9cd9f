//! What Linux answered, kept with its release.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use netloom::kernel::Version;
use serde::{Deserialize, Serialize};

use crate::case::Malformed;

/// The first two numbers of a kernel's release: behaviour does not change behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u32, pub u32);

impl Release {
    /// The release of the Linux underneath; `None` where `/proc` does not tell.
    pub fn here() -> Option<Self> {
        Self::parse(fs::read_to_string("/proc/sys/kernel/osrelease").ok()?.trim())
    }

    /// What lets our kernel side behave as it; `None` if it is older than all that are known.
    pub fn version(self) -> Option<Version> {
        self.to_string().parse().ok()
    }

    /// Reads `6.18`, or whatever longer that begins so.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().ok());
        Some(Self(numbers.next()??, numbers.next()??))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What was seen when the cases of one file were played against one kernel.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The whole release, as `uname -r` says it.
    pub release: String,
    /// The lines, by the name of the case.
    pub seen: BTreeMap<String, Vec<String>>,
}

impl Record {
    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded")
    }

    fn path(release: Release, file: &str) -> PathBuf {
        Self::folder().join(release.to_string()).join(format!("{file}.toml"))
    }

    /// The releases that there are records of, oldest first.
    pub fn releases() -> Vec<Release> {
        let entries = fs::read_dir(Self::folder()).into_iter().flatten().flatten();
        let mut releases: Vec<Release> =
            entries.filter_map(|entry| Release::parse(&entry.file_name().to_string_lossy())).collect();
        releases.sort();
        releases
    }

    /// The newest release that a case of a file is recorded for; an error if there is none.
    pub fn newest_of(file: &str, case: &str) -> Result<Release, Malformed> {
        for release in Self::releases().into_iter().rev() {
            if Self::load(release, file)?.seen.contains_key(case) {
                return Ok(release);
            }
        }
        Err(Malformed(format!("case {case:?} has no record; cargo run -p netloom-conformance -- --record")))
    }

    /// The record of a file of cases; empty if there is none for this release.
    pub fn load(release: Release, file: &str) -> Result<Self, Malformed> {
        let path = Self::path(release, file);
        let wrong = |error: &dyn fmt::Display| Malformed(format!("{}: {error}", path.display()));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(wrong(&error)),
        };
        toml::from_str(&text).map_err(|error| wrong(&error))
    }

    /// Writes the record of a file of cases; tells where.
    pub fn save(&self, release: Release, file: &str) -> Result<PathBuf, Malformed> {
        let path = Self::path(release, file);
        let wrong = |error: &dyn fmt::Display| Malformed(format!("{}: {error}", path.display()));
        let text = toml::to_string_pretty(self).map_err(|error| wrong(&error))?;
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(|error| wrong(&error))?;
        fs::write(&path, format!("# Recorded from a running kernel by the conformance runner.\n\n{text}"))
            .map_err(|error| wrong(&error))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered_by_number() {
        assert_eq!(Release::parse("6.18.44-fc-v657"), Some(Release(6, 18)));
        assert_eq!(Release::parse("7.2"), Some(Release(7, 2)));
        assert_eq!(Release::parse("6"), None);
        assert_eq!(Release::parse("six.one"), None);
        assert!(Release(6, 9) < Release(6, 18));
    }
}
