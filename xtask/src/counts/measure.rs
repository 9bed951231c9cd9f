//! Counts, in a network namespace that may be spoiled.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Failure;
use super::jobs::{Job, Of};

/// What one of a job's takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    pub(super) instructions: f64,
    pub(super) allocations: f64,
}

/// The programs that do the work.
pub(super) struct Programs {
    clients: PathBuf,
    bench: PathBuf,
}

impl Programs {
    /// Those in a folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self { clients: folder.join("netloom-clients"), bench: folder.join("netloom-bench") }
    }

    /// Counts jobs, and tells each when it is done.
    pub(super) fn count(&self, jobs: &[&Job], mut tell: impl FnMut(&Job, Cost)) -> Result<(), Failure> {
        self.run("prepare", 0)?;
        for job in jobs.iter().filter(|job| job.of != Of::Routes) {
            let [few, many] = job.of.sizes();
            let runs = [self.around(job, few)?, self.around(job, many)?];
            tell(job, between(job, runs)?);
        }
        // All of them read the same two tables.
        let dumps: Vec<_> = jobs.iter().filter(|job| job.of == Of::Routes).collect();
        let mut runs = [Vec::new(), Vec::new()];
        if !dumps.is_empty() {
            for (size, runs) in Of::Routes.sizes().into_iter().zip(&mut runs) {
                self.run("add", size)?;
                for job in &dumps {
                    runs.push(self.under_callgrind(job, 0)?);
                }
                self.run("delete", size)?;
            }
        }
        let [few, many] = runs;
        for (job, runs) in dumps.into_iter().zip(few.into_iter().zip(many)) {
            tell(job, between(job, runs.into())?);
        }
        Ok(())
    }

    /// Counts a run, with the table made ready before it and emptied behind it.
    fn around(&self, job: &Job, size: u32) -> Result<Run, Failure> {
        if job.of == Of::Deleted {
            self.run("add", size)?;
        }
        let run = self.under_callgrind(job, size)?;
        if job.of == Of::Added {
            self.run("delete", size)?;
        }
        Ok(run)
    }

    /// Does a job without counting.
    fn run(&self, job: &str, size: u32) -> Result<(), Failure> {
        ended(Command::new(&self.clients).args([job, "netloom", &size.to_string()])).map(|_| ())
    }

    fn under_callgrind(&self, job: &Job, size: u32) -> Result<Run, Failure> {
        let (program, inside) = match job.of {
            Of::Work => (&self.bench, "*netloom_bench*work*measured*"),
            _ => (&self.clients, "*netloom_clients*measured*"),
        };
        let (out, said) = ended(
            Command::new("valgrind")
                .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
                .arg(format!("--toggle-collect={inside}"))
                .arg(program)
                .args(job.words)
                .arg(size.to_string()),
        )?;
        // ==7== Collected : 12345
        let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        let allocations = out.split_whitespace().last().and_then(|word| word.parse().ok());
        match (collected, allocations) {
            (Some(0) | None, _) => Err(format!("callgrind has counted nothing of {}:\n{said}", job.name).into()),
            (_, None) => Err(format!("{} told no allocations: {out}", job.name).into()),
            (Some(instructions), Some(allocations)) => Ok(Run { instructions, allocations }),
        }
    }
}

/// What a whole run took.
#[derive(Clone, Copy, Debug)]
struct Run {
    instructions: u64,
    allocations: u64,
}

/// What each of those takes that the larger run has more of: beginning and end fall out.
fn between(job: &Job, [few, many]: [Run; 2]) -> Result<Cost, Failure> {
    let [from, to] = job.of.sizes();
    let of = |few: u64, many: u64| {
        let more = many.checked_sub(few).ok_or_else(|| format!("{}: {to} take less than {from}", job.name))?;
        Ok::<_, Failure>(more as f64 / f64::from(to - from))
    };
    Ok(Cost {
        instructions: of(few.instructions, many.instructions)?,
        allocations: of(few.allocations, many.allocations)?,
    })
}

/// What a program printed, to either stream.
fn ended(command: &mut Command) -> Result<(String, String), Failure> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("{command:?} fails:\n{said}").into());
    }
    Ok((String::from_utf8_lossy(&output.stdout).into_owned(), said))
}

#[cfg(test)]
mod tests {
    use super::super::jobs::JOBS;
    use super::*;

    #[test]
    fn what_all_runs_have_falls_out() {
        let job = JOBS.iter().find(|job| job.of == Of::Calls).unwrap();
        let [few, many] = job.of.sizes();
        let run = |calls: u32| Run { instructions: 5_000_000 + 250 * u64::from(calls), allocations: 60 };
        let cost = between(job, [run(few), run(many)]).unwrap();
        assert_eq!(cost, Cost { instructions: 250.0, allocations: 0.0 });
        assert!(between(job, [run(many), run(few)]).is_err());
    }
}
