//! Counts user instructions: this program, run by valgrind's callgrind.

use std::env;
use std::process::Command;

use crate::Failure;
use crate::work::Work;

/// Counts, where valgrind is installed.
pub(crate) struct Counter {
    there: bool,
}

impl Counter {
    /// What to say where nothing can be counted.
    pub(crate) const MISSING: &'static str = "install valgrind to count instructions";

    pub(crate) fn new() -> Self {
        Self { there: Command::new("valgrind").arg("--version").output().is_ok_and(|out| out.status.success()) }
    }

    /// The user instructions of a piece of work.
    pub(crate) fn count(&self, work: Work, peers: u32) -> Result<Option<u64>, Failure> {
        if !self.there {
            return Ok(None);
        }
        eprintln!("counting {} of {peers}", work.name());
        let output = Command::new("valgrind")
            .args([
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                "--toggle-collect=*netloom_bench*work*measured*",
            ])
            .arg(env::current_exe()?)
            .args(["work", &work.name(), &peers.to_string()])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("valgrind fails:\n{said}").into());
        }
        // ==7== Collected : 12345
        let count = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        match count {
            Some(0) | None => Err(format!("callgrind has counted nothing:\n{said}").into()),
            counted => Ok(counted),
        }
    }
}
