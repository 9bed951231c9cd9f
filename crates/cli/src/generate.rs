//! The verb `gen`: Rust for both ends from a spec.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use netloom_spec::Spec;

use crate::failure::Failure;

/// The spec, and where the Rust goes.
#[derive(Args, Debug)]
pub struct Generated {
    /// A spec (NAME.yaml); the overlay beside it (NAME.overlay.yaml) is applied
    #[arg(value_name = "SPEC")]
    pub spec: PathBuf,
    /// Writes to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Writes the module of the spec's family. A spec that is wrong changes no file.
pub fn run(generated: &Generated, out: &mut dyn Write) -> Result<(), Failure> {
    let spec = Spec::load(&generated.spec).map_err(Failure::new)?;
    let rust = netloom_codegen::generate(&spec).map_err(Failure::new)?;
    match &generated.output {
        None => Ok(out.write_all(rust.as_bytes()).and_then(|()| out.flush())?),
        Some(path) => write(path, &rust).map_err(|error| Failure::new(format_args!("{}: {error}", path.display()))),
    }
}

/// Puts the whole text in place of what was there, or nothing. What is no ordinary file (a pipe, /dev/stdout) is written
/// to as it is.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return fs::write(path, text);
    }
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
