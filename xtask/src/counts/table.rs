//! What was recorded, in `bench/counts.toml`, and how a count is judged by it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::Failure;
use super::jobs::{JOBS, Job};
use super::measure::Cost;

/// How much more than recorded is let pass: by what recorded it, and by anything else. What the compiler inlines elsewhere moves
/// a count by 3 or 4 %.
const SAME: f64 = 0.05;
const OTHER: f64 = 0.10;
/// Allocations of one of a job's that are none: of tables that grow.
const FEW: f64 = 0.02;

/// The file.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) by: Tools,
    /// By the job's name.
    pub(super) counts: BTreeMap<String, Row>,
}

/// What a count depends on besides the code that is counted.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(super) struct Tools {
    architecture: String,
    rustc: String,
    valgrind: String,
    libc: String,
    linux: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// What the numbers are of.
    each: String,
    instructions: f64,
    allocations: f64,
    /// No more than this is asked.
    most: Option<f64>,
}

/// What becomes of a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// With what there is to note.
    Passed(String, Option<String>),
    Failed(String),
    Skipped(String),
}

impl Table {
    pub(super) fn path(root: &Path) -> PathBuf {
        root.join("bench/counts.toml")
    }

    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        let path = Self::path(root);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
    }

    pub(super) fn row(&self, job: &Job) -> Option<&Row> {
        self.counts.get(job.name)
    }

    /// Takes new counts in. Those that were not counted again stay only if what counted them is the same.
    pub(super) fn with(old: Option<Self>, by: Tools, counted: &[(&Job, Cost)]) -> Result<Self, Failure> {
        let mut counts = BTreeMap::new();
        for job in JOBS {
            let new = counted.iter().find(|(of, _)| of.name == job.name);
            let old = old.as_ref().and_then(|old| Some((old, old.row(job)?)));
            let row = match (new, old) {
                (Some((_, cost)), _) => Row::of(job, *cost),
                (None, Some((old, row))) if old.by == by => row.clone(),
                (None, _) => {
                    return Err(format!("{} was not recorded by {}: record all of them", job.name, by.show()).into());
                }
            };
            counts.insert(job.name.to_owned(), row);
        }
        Ok(Self { by, counts })
    }

    pub(super) fn write(&self, root: &Path) -> Result<(), Failure> {
        Ok(fs::write(Self::path(root), self.text())?)
    }

    fn text(&self) -> String {
        let mut text = String::from(
            "# User instructions and allocations of one route, call or peer, each the difference of two runs.\n\
             # Written by `cargo xtask counts --record`; `cargo xtask counts` compares with it. `most` is what is asked.\n\n",
        );
        let Tools { architecture, rustc, valgrind, libc, linux } = &self.by;
        text += &format!(
            "[by]\narchitecture = {architecture:?}\nrustc = {rustc:?}\nvalgrind = {valgrind:?}\nlibc = {libc:?}\n\
             linux = {linux:?}\n"
        );
        text += "\n[counts]\n";
        for (job, Row { each, instructions, allocations, most }) in
            JOBS.iter().filter_map(|job| Some((job, self.row(job)?)))
        {
            let most = most.map(|most| format!(", most = {most:.1}")).unwrap_or_default();
            text += &format!(
                "{:?} = {{ each = {each:?}, instructions = {instructions:.1}, allocations = {allocations:.3}{most} }}\n",
                job.name
            );
        }
        text
    }
}

impl Tools {
    /// What counts here.
    pub(super) fn here() -> Self {
        let said = |program: &str, word: &str, prefix: &str| {
            let output = Command::new(program).arg(word).output().ok();
            let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
            // "rustc 1.95.0 (59807616e 2026-04-14)", "valgrind-3.19.0", "glibc 2.36"
            let version = text.as_deref().and_then(|text| text.strip_prefix(prefix));
            version.and_then(|version| version.split_whitespace().next()).unwrap_or("unknown").to_owned()
        };
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            architecture: std::env::consts::ARCH.into(),
            rustc: said(&rustc, "--version", "rustc "),
            valgrind: said("valgrind", "--version", "valgrind-"),
            libc: said("getconf", "GNU_LIBC_VERSION", "glibc "),
            linux: release.split('.').take(2).collect::<Vec<_>>().join("."),
        }
    }

    pub(super) fn show(&self) -> String {
        let Self { architecture, rustc, valgrind, libc, linux } = self;
        format!("rustc {rustc}, valgrind {valgrind}, glibc {libc}, Linux {linux}, {architecture}")
    }
}

impl Row {
    fn of(job: &Job, cost: Cost) -> Self {
        // As the file will have it.
        let tenths = |value: f64, of: f64| (value * of).round() / of;
        Self {
            each: job.each.into(),
            instructions: tenths(cost.instructions, 10.0),
            allocations: tenths(cost.allocations, 1_000.0),
            most: job.most,
        }
    }
}

/// Judges what was counted here by what was recorded.
pub(super) fn judge(job: &Job, row: Option<&Row>, cost: Cost, recorded: &Tools, here: &Tools) -> Verdict {
    const WAY_OUT: &str = "find out why and improve it; if it is worth its price, `cargo xtask counts --record` keeps \
                           it, and the commit says why";
    let Cost { instructions, allocations } = cost;
    let told = format!("{}: {instructions:.1} instructions and {allocations:.3} allocations a {}", job.name, job.each);
    let Some(row) = row else {
        return Verdict::Failed(format!("{told}, not recorded yet: `cargo xtask counts --record`"));
    };
    let more = instructions / row.instructions - 1.0;
    let told = format!("{told}, {:.1} and {:.3} recorded ({:+.1} %)", row.instructions, row.allocations, more * 100.0);
    if recorded.architecture != here.architecture {
        return Verdict::Skipped(format!("{told}: recorded on {}", recorded.architecture));
    }
    let same = recorded == here;
    let tolerance = if same { SAME } else { OTHER };
    match job.most {
        _ if more > tolerance => {
            Verdict::Failed(format!("{told}, {:.0} % more are let pass: {WAY_OUT}", tolerance * 100.0))
        }
        _ if allocations > row.allocations + FEW => Verdict::Failed(format!("{told}: it allocates more: {WAY_OUT}")),
        // What was reached stays reached.
        Some(most) if same && instructions > most && row.instructions <= most => {
            Verdict::Failed(format!("{told}: {most:.0} are the most that is asked: {WAY_OUT}"))
        }
        most => {
            let mut notes = Vec::new();
            if more < -tolerance {
                notes.push("better than recorded, `cargo xtask counts --record` keeps it".to_owned());
            }
            if let Some(most) = most.filter(|most| instructions > *most) {
                notes.push(format!("still more than the {most:.0} that are asked"));
            }
            Verdict::Passed(told, (!notes.is_empty()).then(|| format!("{}: {}", job.name, notes.join("; "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::jobs::Of;
    use super::*;

    fn tools() -> Tools {
        let of = |text: &str| text.to_owned();
        Tools { architecture: of("x86_64"), rustc: of("1.95.0"), valgrind: of("3"), libc: of("2"), linux: of("6.1") }
    }

    #[test]
    fn counts_are_judged() {
        let job = Job { name: "j", each: "route", of: Of::Routes, words: ["", ""], most: Some(260.0) };
        let at = |instructions, allocations| Cost { instructions, allocations };
        let other = Tools { rustc: "1.96.0".into(), ..tools() };
        let elsewhere = Tools { architecture: "aarch64".into(), ..tools() };
        // Recorded; counted; by what; the outcome, and a word of it.
        let cases = [
            (at(250.0, 0.0), at(250.0, 0.0), tools(), "passed", "+0.0 %"),
            (at(250.0, 0.0), at(257.0, 0.0), tools(), "passed", "+2.8 %"),
            (at(250.0, 0.0), at(263.0, 0.0), tools(), "failed", "find out why"),
            (at(256.0, 0.0), at(261.0, 0.0), tools(), "failed", "the most that is asked"),
            (at(256.0, 0.0), at(261.0, 0.0), other.clone(), "passed", "more than the 260"),
            (at(300.0, 0.0), at(300.0, 0.0), tools(), "passed", "more than the 260"),
            (at(250.0, 0.0), at(236.0, 0.0), tools(), "passed", "better than recorded"),
            (at(250.0, 0.0), at(250.0, 1.0), tools(), "failed", "allocates more"),
            (at(220.0, 0.0), at(240.0, 0.0), other.clone(), "passed", "+9.1 %"),
            (at(220.0, 0.0), at(243.0, 0.0), other, "failed", "10 % more are let pass"),
            (at(220.0, 0.0), at(500.0, 0.0), elsewhere, "skipped", "recorded on x86_64"),
        ];
        for (recorded, counted, by, outcome, word) in cases {
            let (came, text) = match judge(&job, Some(&Row::of(&job, recorded)), counted, &tools(), &by) {
                Verdict::Passed(text, note) => ("passed", text + note.as_deref().unwrap_or("")),
                Verdict::Failed(text) => ("failed", text),
                Verdict::Skipped(text) => ("skipped", text),
            };
            assert_eq!(came, outcome, "{text}");
            assert!(text.contains(word), "{text}");
        }
        let new = judge(&job, None, at(1.0, 0.0), &tools(), &tools());
        assert!(matches!(new, Verdict::Failed(text) if text.contains("not recorded yet")));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let counted: Vec<_> = JOBS.iter().map(|job| (job, Cost { instructions: 12.345, allocations: 1.5 })).collect();
        let table = Table::with(None, tools(), &counted).unwrap();
        assert_eq!(toml::from_str::<Table>(&table.text()).unwrap(), table);
        // A few of them counted anew keep the others, if the same counts.
        let few = [(&JOBS[0], Cost { instructions: 99.0, allocations: 0.0 })];
        let newer = Table::with(Some(table.clone()), tools(), &few).unwrap();
        let told = |job: &Job| newer.row(job).map(|row| row.instructions);
        assert_eq!((told(&JOBS[0]), told(&JOBS[1])), (Some(99.0), Some(12.3)));
        let other = Tools { libc: "3".into(), ..tools() };
        assert!(Table::with(Some(table), other, &few).is_err());
    }
}
