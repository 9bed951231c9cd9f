//! Measures netloom beside others.

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Args;

/// What was wrong, for a user.
type Failure = Box<dyn Error>;

#[derive(Args)]
pub(crate) struct Bench {
    /// Given to the program: `--write` keeps the table in bench/RESULTS.md, `--no-build` leaves the clean build out.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Bench {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in no workspace")?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let status = cargo
            .args(["run", "--quiet", "--release", "--locked", "--package", "netloom-bench", "--"])
            .args(self.words)
            .current_dir(root)
            .status()?;
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
