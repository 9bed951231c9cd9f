//! Counts user instructions by valgrind's callgrind, and compares with what was recorded: `cargo xtask counts`.
//!
//! The programs are the measurer's, built as they are released; those that speak with Linux do so in a network namespace of
//! their own. Instructions tell on a busy machine what times do not.

mod jobs;
mod measure;
mod table;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use jobs::{JOBS, Job};
use measure::{Cost, Programs};
use table::{Table, Tools, Verdict, judge};

/// What was wrong, for a user.
type Failure = Box<dyn Error>;

#[derive(Args)]
pub(crate) struct Counts {
    /// Only those whose names contain one of these words.
    names: Vec<String>,
    /// Keep what is counted as the table to compare with, bench/counts.toml, instead of comparing.
    #[arg(long)]
    record: bool,
    /// Say `skipped` where nothing can be counted, instead of failing.
    #[arg(long)]
    or_skip: bool,
    /// Counts here, in the namespace, with the programs of this folder.
    #[arg(long, hide = true)]
    inside: Option<PathBuf>,
}

impl Counts {
    /// Counts; the exit code tells whether all kept what was recorded.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let chosen: Vec<&Job> = JOBS.iter().filter(|job| self.chooses(job)).collect();
        if chosen.is_empty() {
            let names: Vec<_> = JOBS.iter().map(|job| job.name).collect();
            return Err(format!("no count has such a name; there are\n{}", names.join("\n")).into());
        }
        if let Some(folder) = &self.inside {
            let tell = |job: &Job, cost: Cost| println!("{}\t{}\t{}", job.name, cost.instructions, cost.allocations);
            Programs::of(folder).count(&chosen, tell)?;
            return Ok(ExitCode::SUCCESS);
        }
        let way = match way() {
            Ok(way) => way,
            Err(why) if self.or_skip => {
                println!("skipped: {why}");
                return Ok(ExitCode::SUCCESS);
            }
            Err(why) => return Err(why.into()),
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in no workspace")?;
        let folder = build(root)?;
        let counted = self.counted(way, &folder)?;
        if counted.len() != chosen.len() {
            return Err(format!("{} counts instead of {}", counted.len(), chosen.len()).into());
        }
        let here = Tools::here();
        if self.record {
            let table = Table::with(Table::read(root).ok(), here, &counted)?;
            table.write(root)?;
            println!("recorded in {}", Table::path(root).display());
            return Ok(ExitCode::SUCCESS);
        }
        let table = Table::read(root)?;
        if table.by != here {
            let (by, here) = (table.by.show(), here.show());
            println!("note: recorded with {by}; this is {here}: compared with a wider tolerance");
        }
        let mut failed = false;
        for (job, cost) in counted {
            match judge(job, table.row(job), cost, &table.by, &here) {
                Verdict::Passed(text, note) => {
                    println!("passed: {text}");
                    if let Some(note) = note {
                        println!("note: {note}");
                    }
                }
                Verdict::Skipped(text) => println!("skipped: {text}"),
                Verdict::Failed(text) => {
                    failed = true;
                    println!("failed: {text}");
                }
            }
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn chooses(&self, job: &Job) -> bool {
        self.names.is_empty() || self.names.iter().any(|word| job.name.contains(word.as_str()))
    }

    /// Has this program count in a network namespace.
    fn counted(&self, way: &str, folder: &Path) -> Result<Vec<(&'static Job, Cost)>, Failure> {
        let output = Command::new("unshare")
            .args([way, "--"])
            .arg(env::current_exe()?)
            .args(["counts", "--inside"])
            .arg(folder)
            .args(&self.names)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err("what is counted does not run to its end".into());
        }
        let text = String::from_utf8(output.stdout)?;
        let read = |line: &str| -> Option<(&'static Job, Cost)> {
            let mut cells = line.split('\t');
            let job = cells.next().and_then(|name| JOBS.iter().find(|job| job.name == name))?;
            let mut number = || cells.next()?.parse().ok();
            Some((job, Cost { instructions: number()?, allocations: number()? }))
        };
        let mut counted = text
            .lines()
            .map(|line| read(line).ok_or_else(|| format!("not a count: {line}").into()))
            .collect::<Result<Vec<_>, Failure>>()?;
        counted.sort_by_key(|(job, _)| JOBS.iter().position(|other| other.name == job.name));
        Ok(counted)
    }
}

/// The word to `unshare` that makes a network namespace here; why nothing can be counted, if nothing can.
fn way() -> Result<&'static str, String> {
    let works = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !works(Command::new("valgrind").arg("--version")) {
        return Err("no valgrind here, which counts instructions: install the package valgrind".into());
    }
    let way = ["-n", "-Urn"].into_iter().find(|way| works(Command::new("unshare").args([way, "--", "true"])));
    way.ok_or_else(|| "neither root nor user namespaces here: no network namespace to count in".into())
}

/// Builds the programs as they are released; the folder that has them.
fn build(root: &Path) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let status = cargo
        .args(["build", "--quiet", "--release", "--locked", "--package", "netloom-bench", "--bins"])
        .current_dir(root)
        .status()?;
    if !status.success() {
        return Err("the programs to count do not build".into());
    }
    // This program stands in one profile's folder of the target, and they in another.
    let exe = env::current_exe()?;
    let target = exe.parent().and_then(Path::parent).ok_or("this program lies nowhere")?;
    Ok(target.join("release"))
}
