//! The project's one door: `cargo xtask <task>`.

mod fuzz;
mod regen;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's one door", disable_help_subcommand = true)]
struct Door {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs fuzz targets, guided by coverage.
    Fuzz(fuzz::Fuzz),
    /// Generates the families' Rust from their specs again.
    Regen(regen::Regen),
}

fn main() -> ExitCode {
    let done = match Door::parse().task {
        Task::Fuzz(task) => task.run(),
        Task::Regen(task) => task.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
