//! What programs are to do, as a file says it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::Malformed;

/// A file of commands, a line each. Lines that begin with `#` are for people, but for these: `#: programs` names what has to
/// be installed, `#: families` what the kernels have to have: `wireguard`, `doc_exmpl`, or `loom`, which comes and goes; `#: users root`,
/// if it is there, that it is for nobody else; and `#: only RELEASE,RELEASE REASON` what is known to differ on others, which
/// skip it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The name of its file, without the ending.
    pub name: String,
    /// Where its file is.
    pub path: PathBuf,
    /// The programs that it runs, besides those that each system has.
    pub programs: Vec<String>,
    /// The families that it is about.
    pub families: Vec<String>,
    /// Whether it is for root alone.
    pub for_root: bool,
    /// The releases, with commas between, on which alone both print the same, and what is known to differ on others.
    pub only: Option<(String, String)>,
}

impl Scenario {
    /// Where the files are, and the player.
    pub(super) fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
    }

    /// All of them, by name.
    pub fn all() -> Result<Vec<Self>, Malformed> {
        let wrong = |error| Malformed::new(format!("{}: {error}", Self::folder().display()));
        let mut all = Vec::new();
        for entry in fs::read_dir(Self::folder()).map_err(wrong)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "sh") {
                let text = fs::read_to_string(&path)?;
                all.push(Self::read(&path, &text)?);
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn read(path: &Path, text: &str) -> Result<Self, Malformed> {
        let words = |what: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix("#: ")?.strip_prefix(what));
            let words: Vec<String> = line.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            match words.is_empty() {
                true => Err(Malformed::new(format!("{}: no line `#: {what}…`", path.display()))),
                false => Ok(words),
            }
        };
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (programs, families) = (words("programs ")?, words("families ")?);
        let for_root = text.lines().any(|line| line == "#: users root");
        let only = text.lines().find_map(|line| line.strip_prefix("#: only ")?.split_once(' '));
        let only = only.map(|(release, why)| (release.to_owned(), why.to_owned()));
        Ok(Self { name, path: path.to_path_buf(), programs, families, for_root, only })
    }

    /// Whether it has the module's families loaded and removed.
    pub fn loads(&self) -> bool {
        self.has("loom")
    }

    pub(super) fn has(&self, family: &str) -> bool {
        self.families.iter().any(|has| has == family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_say_what_they_take() {
        let all = Scenario::all().unwrap();
        assert!(all.len() >= 5);
        for scenario in all {
            let known = ["wireguard", "doc_exmpl", "loom"];
            assert!(scenario.families.iter().all(|family| known.contains(&family.as_str())), "{scenario:?}");
        }
        let read = |text| Scenario::read(Path::new("x.sh"), text).map_err(|error| error.to_string());
        assert_eq!(read("#: programs ip\n"), Err("x.sh: no line `#: families …`".into()));
        let read = read("# About.\n#: programs ip wg\n#: families loom\nip link\n").unwrap();
        assert_eq!((read.name.as_str(), read.programs.len(), read.loads()), ("x", 2, true));
    }
}
