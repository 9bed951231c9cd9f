//! Tests all there is, step by step: `cargo xtask test`.

mod console;
mod install;
mod rules;
mod stage;
mod steps;
mod tally;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use stage::Stage;
use steps::{STEPS, Step};
use tally::Tally;

/// What was wrong, for a user.
pub(crate) type Failure = Box<dyn Error>;

#[derive(Args)]
pub(crate) struct Test {
    /// Run only the steps whose names contain one of these words.
    steps: Vec<String>,
    /// As root on Debian: install the packages that the tests can use and that are missing.
    #[arg(long)]
    install: bool,
    /// Run the long steps too: the README in a fresh clone, fuzzing, hostile load, churn, crowds, and other kernels in virtual machines.
    #[arg(long)]
    full: bool,
    /// Show the steps and run none.
    #[arg(long)]
    list: bool,
}

impl Test {
    /// Runs the steps; the exit code tells whether all passed, and the last line how many.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in no workspace")?;
        let chosen: Vec<&Step> = STEPS.iter().filter(|step| self.chooses(step)).collect();
        if chosen.is_empty() {
            return Err("no step has such a name; cargo xtask test --list shows them".into());
        }
        if self.list {
            for step in chosen {
                println!("{:<14} {}{}", step.name, step.about, if step.long { " (with --full)" } else { "" });
            }
            return Ok(ExitCode::SUCCESS);
        }
        let mut stage = Stage::new(root.to_path_buf(), chosen.len());
        if self.install {
            install::packages(&mut stage, chosen.iter().any(|step| step.long));
        }
        let begun = Instant::now();
        let mut total = Tally::default();
        for step in chosen {
            total += stage.perform(step);
            // Who sees only a part of a long log sees this.
            if total.failed > 0 {
                stage.log(&format!("failed so far: {}", total.failures.join("; ")));
            }
        }
        close(&total, begun.elapsed());
        Ok(if total.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn chooses(&self, step: &Step) -> bool {
        let named = self.steps.iter().any(|word| step.name.contains(word.as_str()));
        if self.steps.is_empty() { self.full || self.list || !step.long } else { named }
    }
}

/// Says what came of it; the last line is for programs as well.
fn close(total: &Tally, took: Duration) {
    println!("\nin {}:", stage::span(took));
    for (heading, lines) in [("failed", &total.failures), ("skipped", &total.skips)] {
        for line in lines {
            println!("{heading}: {line}");
        }
    }
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
}
