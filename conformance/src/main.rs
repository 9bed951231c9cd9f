//! The conformance runner: plays the cases, compares, tells item by item; or records.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use netloom::client::Dialer;
use netloom::kernel::Kernel;
use netloom::socket::LinuxDialer;
use netloom_conformance::{Case, Malformed, Record, Release, Verdict, compare, play};

/// Plays the cases against the Linux underneath and against the kernel side in this process.
#[derive(Parser)]
#[command(name = "conformance")]
struct Asked {
    /// Only cases whose name or items contain one of these words.
    words: Vec<String>,
    /// Play against the Linux underneath, and keep what it answers as the record of its release.
    #[arg(long)]
    record: bool,
    /// Show what was seen in each case.
    #[arg(long)]
    show: bool,
}

fn main() -> ExitCode {
    match Asked::parse().run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Asked {
    fn run(&self) -> Result<bool, Malformed> {
        if self.record {
            return record().map(|()| true);
        }
        let here = Release::here();
        let records = Record::releases();
        let newest = records.last().copied();
        let mut report = Report::default();
        for (file, cases) in Case::all()? {
            for case in cases.iter().filter(|case| self.asks(case)) {
                if let Some(release) = here.filter(|here| records.contains(here)) {
                    let seen = play(case, &LinuxDialer::here())?;
                    if self.show {
                        println!("{} on Linux {release}:\n  {}\n", case.name, seen.join("\n  "));
                    }
                    report.add("Linux", case, compare(case, &Record::load(release, &file)?, release, false, &seen)?);
                }
                if let Some(release) = newest {
                    let seen = play(case, in_process().as_ref())?;
                    if self.show {
                        println!("{} in process:\n  {}\n", case.name, seen.join("\n  "));
                    }
                    report.add(
                        "in process",
                        case,
                        compare(case, &Record::load(release, &file)?, release, true, &seen)?,
                    );
                }
            }
        }
        if let Some(here) = here.filter(|here| !records.contains(here)) {
            println!("skipped: Linux {here} has no record; -- --record makes one");
        }
        Ok(report.tell())
    }

    fn asks(&self, case: &Case) -> bool {
        let asked = |word: &String| case.name.contains(word.as_str()) || case.items.contains(word);
        self.words.is_empty() || self.words.iter().any(asked)
    }
}

/// A kernel side of its own for each case.
fn in_process() -> Arc<dyn Dialer> {
    let kernel = Kernel::new();
    kernel.dialer(kernel.administrator())
}

/// Plays all cases against Linux and writes what it says.
fn record() -> Result<(), Malformed> {
    let release = Release::here().ok_or_else(|| Malformed::new("there is no Linux underneath"))?;
    let whole = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string();
    for (file, cases) in Case::all()? {
        let mut kept = Record { release: whole.clone(), seen: BTreeMap::new() };
        for case in cases {
            let seen = play(&case, &LinuxDialer::here())?;
            if play(&case, &LinuxDialer::here())? != seen {
                return Err(Malformed::new(format!("case {:?} does not go the same way twice", case.name)));
            }
            kept.seen.insert(case.name, seen);
        }
        println!("{}", kept.save(release, &file)?.display());
    }
    Ok(())
}

/// Verdicts by kernel and by item.
#[derive(Default)]
struct Report {
    items: BTreeMap<&'static str, BTreeMap<String, (u32, u32)>>,
    reasons: BTreeSet<String>,
    differing: u32,
}

impl Report {
    fn add(&mut self, kernel: &'static str, case: &Case, verdict: Verdict) {
        let differs = matches!(verdict, Verdict::Differ { .. });
        for item in &case.items {
            let counts = self.items.entry(kernel).or_default().entry(item.clone()).or_default();
            if differs { counts.1 += 1 } else { counts.0 += 1 }
        }
        match verdict {
            Verdict::Agree => {}
            Verdict::AgreeAsNewest(reasons) => {
                self.reasons.extend(reasons.iter().map(|reason| format!("{}: {reason}", case.name)));
            }
            Verdict::Differ { wanted, seen } => {
                self.differing += 1;
                println!("{kernel} differs: {}", case.name);
                for line in wanted.iter().filter(|line| !seen.contains(line)) {
                    println!("  - {line}");
                }
                for line in seen.iter().filter(|line| !wanted.contains(line)) {
                    println!("  + {line}");
                }
            }
        }
    }

    /// Prints it; whether all agreed.
    fn tell(&self) -> bool {
        for reason in &self.reasons {
            println!("newer than the record: {reason}");
        }
        for (kernel, items) in &self.items {
            let differing: Vec<&str> =
                items.iter().filter(|(_, counts)| counts.1 > 0).map(|(item, _)| item.as_str()).collect();
            let agreeing = items.len() - differing.len();
            println!("{kernel}: {agreeing} items agree, {} differ {}", differing.len(), differing.join(" "));
        }
        self.differing == 0
    }
}
