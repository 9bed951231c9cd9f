//! Fuzz targets: functions from bytes that panic where something that holds for every input does not.
//!
//! `cargo xtask fuzz TARGET` runs one under libFuzzer, guided by coverage, and keeps what it finds in
//! `target/fuzz/TARGET`; `cargo test -p netloom-fuzz` replays `corpus/TARGET` without it. A crash becomes a regression
//! test by being copied into the corpus. A new target is a file in `targets/`, a line in [`TARGETS`] and a few corpus
//! files.

mod targets;
#[allow(missing_docs, unreachable_pub, clippy::allow_attributes)]
#[path = "../../crates/wire/tests/checks/mod.rs"]
mod wire;

pub use targets::TARGETS;

/// One fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of its file, its corpus and its argument to `cargo xtask fuzz`.
    pub name: &'static str,
    /// Runs it on one input; panics where it found something.
    pub run: fn(&[u8]),
}

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
