//! The families that are known, and how they are found by name.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use netloom_spec::Spec;
use netloom_wire::{FamilyInfo, Protocol};

use crate::Family;
use crate::error::{Error, suggestion};
use crate::family::same_stem;

/// The families that are known: built-in ones, those of single specs, and those of folders of specs, the latter loaded
/// when they are asked for.
///
/// A spec's family takes the place of the built-in one of its name. Secrets that the built-in one hides stay hidden.
///
/// ```
/// # use netloom_wire::*;
/// # static INFO: FamilyInfo = FamilyInfo { name: "DOC_EXMPL", version: 1, protocol: Protocol::GENERIC,
/// #     header: <() as FixedHeader>::INFO, ops: &[], groups: &[], merges: &[], resv_start_op: 0, max_attr: 0, reply_seq_any: false };
/// let families = netloom_dynamic::Families::new([("doc_exmpl", &INFO)]);
/// assert_eq!(families.find("DOC_EXMPL")?.info.name, families.find("doc-exmpl")?.info.name);
/// let error = families.find("doc_example").unwrap_err();
/// assert!(error.to_string().contains("did you mean \"doc_exmpl\"?"), "{error}");
/// # Ok::<(), netloom_dynamic::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Families {
    built_in: Vec<&'static Family>,
    /// Later ones take the place of earlier ones.
    specs: Vec<&'static Family>,
    /// Specs in folders; those already loaded with what came of it.
    files: Vec<PathBuf>,
    loaded: Mutex<HashMap<PathBuf, Result<&'static Family, Error>>>,
}

impl Families {
    /// Families built in, each with the name of its module or spec file: `netloom_families::FAMILIES`.
    pub fn new<'n>(built_in: impl IntoIterator<Item = (&'n str, &'static FamilyInfo)>) -> Self {
        let family = |(stem, info)| -> &'static Family { Box::leak(Box::new(Family::built_in(stem, info))) };
        Self { built_in: built_in.into_iter().map(family).collect(), ..Self::default() }
    }

    /// Adds the family of a spec, with the overlay beside it.
    pub fn add_spec(&mut self, path: &Path) -> Result<&'static Family, Error> {
        let family = self.load(path)?;
        self.specs.push(family);
        Ok(family)
    }

    /// Adds the families whose specs lie in a folder. They are read when they are asked for, so that a spec that is wrong
    /// stands in nobody's way but its own.
    pub fn add_specs(&mut self, folder: &Path) -> Result<(), Error> {
        let wrong = |why: &dyn std::fmt::Display| Error::plain(format_args!("{}: {why}", folder.display()));
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| wrong(&error))? {
            let path = entry.map_err(|error| wrong(&error))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(".yaml") && !name.ends_with(".overlay.yaml") {
                files.push(path);
            }
        }
        if files.is_empty() {
            return Err(wrong(&"no spec in this folder (NAME.yaml)"));
        }
        files.sort();
        self.files.extend(files);
        Ok(())
    }

    /// The family of this name: on the wire, or that of its spec's file, in which case `-` and `_` are the same and so
    /// are `A` and `a`.
    pub fn find(&self, name: &str) -> Result<&'static Family, Error> {
        let called = |families: &[&'static Family]| {
            let exact = families.iter().rev().find(|family| family.info.name == name);
            exact.or_else(|| families.iter().rev().find(|family| family.is_called(name))).copied()
        };
        if let Some(family) = called(&self.specs) {
            return Ok(family);
        }
        if let Some(path) = self.files.iter().find(|path| same_stem(&stem(path), name)) {
            return self.load_once(path);
        }
        // Few families have another name than their file.
        let mut wrong = Vec::new();
        for path in &self.files {
            match self.load_once(path) {
                Ok(family) if family.info.name == name => return Ok(family),
                Ok(_) => {}
                Err(error) => wrong.push(error),
            }
        }
        called(&self.built_in).ok_or_else(|| self.unknown(name, &wrong))
    }

    /// The family of this name on the wire, among those already loaded: what traces ask for.
    pub fn on_the_wire(&self, name: &str) -> Option<&'static Family> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let files = loaded.values().filter_map(|family| family.as_ref().ok());
        let all = self.specs.iter().rev().chain(files).chain(&self.built_in);
        all.copied().find(|family| family.info.name == name)
    }

    /// The families of a protocol, among those already loaded.
    pub fn of_protocol(&self, protocol: Protocol) -> Vec<&'static Family> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let files = loaded.values().filter_map(|family| family.as_ref().ok());
        let all = self.specs.iter().rev().chain(files).chain(&self.built_in);
        all.copied().filter(|family| family.info.protocol == protocol).collect()
    }

    /// All families by name on the wire, each once; specs in folders that cannot be read are left out.
    pub fn all(&self) -> Vec<&'static Family> {
        let files = self.files.iter().filter_map(|path| self.load_once(path).ok());
        let mut all: Vec<&'static Family> = self.specs.iter().rev().copied().chain(files).collect();
        all.extend(&self.built_in);
        all.sort_by_key(|family| family.info.name);
        all.dedup_by_key(|family| family.info.name);
        all
    }

    fn load(&self, path: &Path) -> Result<&'static Family, Error> {
        let spec = Spec::load(path).map_err(Error::plain)?;
        let like = self.built_in.iter().find(|family| family.info.name == spec.name).map(|family| family.info);
        Ok(Box::leak(Box::new(Family::like(&spec, like))))
    }

    fn load_once(&self, path: &Path) -> Result<&'static Family, Error> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(path) {
            return known.clone();
        }
        let family = self.load(path);
        loaded.insert(path.to_owned(), family.clone());
        family
    }

    fn unknown(&self, name: &str, wrong: &[Error]) -> Error {
        let files: Vec<String> = self.files.iter().map(|path| stem(path)).collect();
        let known = self.specs.iter().chain(&self.built_in);
        let mut names: Vec<&str> = known.clone().map(|family| family.stem.as_str()).collect();
        names.extend(files.iter().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        let also = known.map(|family| family.info.name);
        let hint = suggestion(name, names.iter().copied().chain(also));
        let list = names.join(", ");
        let wrong = match wrong {
            [] => String::new(),
            [error] => format!("; not read: {error}"),
            [error, rest @ ..] => format!("; not read: {error} (and {} more)", rest.len()),
        };
        Error::plain(format_args!(
            "no spec of a family \"{name}\"{hint}; known are {list}; others with --spec FILE or --specs DIR{wrong}"
        ))
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
