//! The copy of the sources in which every flip has its switch.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use toml::{Table, Value};

use super::list::{Flip, Place, root};
use crate::case::Malformed;

/// What the runner in the copy is called: it lies beside the true one.
pub(super) const PROGRAM: &str = "sabotaged";
/// Says to that runner which flip is on.
pub(super) const SWITCH: &str = "NETLOOM_SABOTAGE";

/// Where the sources lie in the copy. Not at its root: Cargo tells packages apart by their paths from there, and the copy
/// shares what is built with the workspace.
const CODE: &str = "sabotaged";
/// What the runner is built of, from the root of the workspace.
const NEEDED: [&str; 3] = ["crates", "docs", "conformance"];
/// The crate that all others are built on.
const LOWEST: &str = "crates/wire/src";

/// Asks which switch is on. The crate is `no_std` in itself.
const SWITCHES: &str = r#"//! Which behaviour is another in this process.
extern crate std;
static ON: std::sync::OnceLock<Option<std::string::String>> = std::sync::OnceLock::new();
pub fn on(switch: &str) -> bool {
    ON.get_or_init(|| std::env::var("NETLOOM_SABOTAGE").ok()).as_deref() == Some(switch)
}
"#;

/// Brings the copy in `folder` up to date; what has not changed is left alone, so that it is not built again.
pub(super) fn copy(flips: &[Flip], folder: &Path) -> Result<(), Malformed> {
    let mut copy = Copy { flips, folder, kept: BTreeSet::new() };
    for name in NEEDED {
        copy.take(name)?;
    }
    copy.put(&format!("{CODE}/{LOWEST}/sabotage.rs"), SWITCHES.as_bytes())?;
    let manifest = manifest(&read("Cargo.toml")?)?;
    copy.put("Cargo.toml", manifest.as_bytes())?;
    copy.put("Cargo.lock", read("Cargo.lock")?.as_bytes())?;
    copy.forget(CODE)
}

struct Copy<'a> {
    flips: &'a [Flip],
    folder: &'a Path,
    /// What is written, from the root of the copy.
    kept: BTreeSet<String>,
}

impl Copy<'_> {
    /// Takes a file or folder of the workspace.
    fn take(&mut self, name: &str) -> Result<(), Malformed> {
        let path = root().join(name);
        let wrong = |error| told(&path, &error);
        if path.is_dir() {
            for entry in fs::read_dir(&path).map_err(wrong)? {
                let entry = entry.map_err(wrong)?.file_name();
                self.take(&format!("{name}/{}", entry.to_string_lossy()))?;
            }
            return Ok(());
        }
        let mut bytes = fs::read(&path).map_err(wrong)?;
        if name.ends_with(".rs") {
            bytes = self.switched(name, bytes)?;
        } else if name == "conformance/Cargo.toml" {
            bytes = renamed(&bytes)?;
        }
        self.put(&format!("{CODE}/{name}"), &bytes)
    }

    /// The source with its flips' switches.
    fn switched(&self, name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Malformed> {
        let mut flips: Vec<(&Flip, &Place)> =
            self.flips.iter().filter_map(|flip| Some((flip, flip.place.as_ref()?))).collect();
        flips.retain(|(_, place)| place.file == name);
        // From the end on, so that places stay where they are.
        flips.sort_by_key(|(_, place)| std::cmp::Reverse(place.range.start));
        let mut text = String::from_utf8(bytes).map_err(|_| Malformed(format!("{name} is no text")))?;
        let home = if name.starts_with(LOWEST) { "crate" } else { "netloom_wire" };
        for same in flips.chunk_by(|(_, one), (_, other)| one.range == other.range) {
            let Some((_, Place { range, .. })) = same.first() else { continue };
            let was = text.get(range.clone()).unwrap_or_default().to_owned();
            let mut now = String::from("(");
            for (flip, place) in same {
                let _ = write!(now, "if {home}::sabotage::on({:?}) {{ {} }} else ", flip.switch, place.instead);
            }
            let _ = write!(now, "{{ {was} }})");
            text.replace_range(range.clone(), &now);
        }
        if name == format!("{LOWEST}/lib.rs") {
            text.push_str("\npub mod sabotage;\n");
        }
        Ok(text.into_bytes())
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), Malformed> {
        let path = self.folder.join(name);
        self.kept.insert(name.to_owned());
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(|error| told(&path, &error))?;
        fs::write(&path, bytes).map_err(|error| told(&path, &error))
    }

    /// Removes what the workspace has no more.
    fn forget(&self, name: &str) -> Result<(), Malformed> {
        let path = self.folder.join(name);
        if !path.is_dir() {
            let gone = if self.kept.contains(name) { Ok(()) } else { fs::remove_file(&path) };
            return gone.map_err(|error| told(&path, &error));
        }
        for entry in fs::read_dir(&path).map_err(|error| told(&path, &error))? {
            let entry = entry.map_err(|error| told(&path, &error))?.file_name();
            self.forget(&format!("{name}/{}", entry.to_string_lossy()))?;
        }
        match fs::remove_dir(&path) {
            Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => Err(told(&path, &error)),
            _ => Ok(()),
        }
    }
}

fn told(path: &Path, error: &std::io::Error) -> Malformed {
    Malformed(format!("{}: {error}", path.display()))
}

fn read(name: &str) -> Result<String, Malformed> {
    let path = root().join(name);
    fs::read_to_string(&path).map_err(|error| told(&path, &error))
}

fn parsed(text: &str) -> Result<Table, Malformed> {
    text.parse().map_err(|error| Malformed(format!("Cargo.toml: {error}")))
}

fn printed(table: &Table) -> Result<String, Malformed> {
    toml::to_string(table).map_err(|error| Malformed(format!("Cargo.toml: {error}")))
}

/// The workspace's manifest for what is copied. Nobody reads what compilers say of sabotage.
fn manifest(text: &str) -> Result<String, Malformed> {
    let mut table = parsed(text)?;
    let workspace = table.get_mut("workspace").and_then(Value::as_table_mut);
    let workspace = workspace.ok_or_else(|| Malformed("Cargo.toml is no workspace's".into()))?;
    workspace.remove("default-members");
    let members = ["crates/*", "conformance"].map(|member| Value::from(format!("{CODE}/{member}")));
    workspace.insert("members".into(), Value::from(members.to_vec()));
    workspace.insert("lints".into(), Value::from(parsed("rust.warnings = 'allow'")?));
    let dependencies = workspace.get_mut("dependencies").and_then(Value::as_table_mut);
    for (_, dependency) in dependencies.into_iter().flat_map(Table::iter_mut) {
        if let Some(Value::String(path)) = dependency.get_mut("path") {
            path.insert_str(0, &format!("{CODE}/"));
        }
    }
    printed(&table)
}

/// The runner's manifest, with another name for the program.
fn renamed(bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut table = parsed(&String::from_utf8_lossy(bytes))?;
    let programs = table.get_mut("bin").and_then(Value::as_array_mut);
    for program in programs.into_iter().flatten().filter_map(Value::as_table_mut) {
        program.insert("name".into(), PROGRAM.into());
    }
    Ok(printed(&table)?.into_bytes())
}
