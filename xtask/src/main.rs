//! The project's one door: `cargo xtask <task>`.

mod bench;
mod concordance;
mod counts;
mod fuzz;
mod regen;
mod test;
mod vm;

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
    /// Measures netloom beside others and prints a table.
    Bench(bench::Bench),
    /// Checks that the names in the concordance are those of items, and its examples exist.
    Concordance(concordance::Concordance),
    /// Counts user instructions and compares with what was recorded.
    Counts(counts::Counts),
    /// Runs fuzz targets, guided by coverage.
    Fuzz(fuzz::Fuzz),
    /// Generates the families' Rust from their specs again.
    Regen(regen::Regen),
    /// Tests all there is, step by step.
    Test(test::Test),
    /// Plays the conformance cases on other Linux kernels, in virtual machines.
    Vm(vm::Vm),
}

fn main() -> ExitCode {
    let done = match Door::parse().task {
        Task::Bench(task) => task.run(),
        Task::Concordance(task) => task.run().map(|()| ExitCode::SUCCESS),
        Task::Counts(task) => task.run(),
        Task::Fuzz(task) => task.run().map(|()| ExitCode::SUCCESS),
        Task::Regen(task) => task.run().map(|()| ExitCode::SUCCESS),
        Task::Test(task) => task.run(),
        Task::Vm(task) => task.run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
