//! Where families come from while a scenario is played: the module's on Linux, their twins on our kernel side.

use std::path::Path;
use std::process::{Command, Stdio};

use netloom::kernel::{Kernel, Registered};

use crate::twin;

/// Whose families come and go.
pub(super) enum Yard<'a> {
    /// Nobody's.
    None,
    /// The module's, by its file.
    Linux(&'a Path),
    /// Those of a kernel side; what is registered now.
    Ours(&'a Kernel, Vec<Registered>),
}

impl Yard<'_> {
    /// Does what a scenario asks for; the error is for its transcript.
    pub(super) fn ask(&mut self, what: &str) -> Result<(), String> {
        match (what, self) {
            ("load", Self::Linux(module)) => run("insmod", &module.display().to_string()),
            ("remove", Self::Linux(module)) => run("rmmod", &module.file_stem().unwrap_or_default().to_string_lossy()),
            ("load", Self::Ours(kernel, there)) => {
                *there = twin::register(kernel).map_err(|nack| nack.to_string())?;
                Ok(())
            }
            ("remove", Self::Ours(kernel, there)) => {
                // As the module does: the last one first.
                there.drain(..).rev().try_for_each(|family| kernel.unregister(&family)).map_err(|nack| nack.to_string())
            }
            (what, _) => Err(format!("{what} cannot be asked for here")),
        }
    }
}

fn run(program: &str, word: &str) -> Result<(), String> {
    let output = Command::new(program).arg(word).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(said.lines().last().unwrap_or(program).to_owned()) }
}
