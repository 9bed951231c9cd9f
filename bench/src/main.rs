//! What netloom costs, beside others, in one run: ratios and counts that carry over to other machines.
//!
//! `cargo run --release -p netloom-bench` prints a table; `-- --write` keeps it in `bench/RESULTS.md`. Nothing is
//! asserted: a table is for people.

mod build;
mod callgrind;
mod calls;
mod device;
mod differ;
mod echo;
mod group;
mod interposed;
mod judge;
mod linux;
mod netdev;
mod own;
mod peers;
mod read;
mod report;
mod routes;
mod sys;
mod threads;
mod work;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use callgrind::Counter;
use report::Report;
use work::{Counts, Work};

/// What was wrong, for a user.
type Failure = Box<dyn Error>;

/// Measures netloom beside others and prints a table.
#[derive(Parser)]
#[command(name = "netloom-bench", disable_help_subcommand = true)]
struct Asked {
    /// Keep the table in bench/RESULTS.md.
    #[arg(long)]
    write: bool,
    /// Do not measure a clean release build, which takes a minute.
    #[arg(long)]
    no_build: bool,
    /// So many rounds of `peers`, instead of as many as its numbers take.
    #[arg(long)]
    rounds: Option<usize>,
    /// Only these tables; all, if none is named.
    #[arg(long)]
    only: Vec<Part>,
    /// Only one piece of work, as this program runs itself under callgrind.
    #[command(subcommand)]
    alone: Option<Alone>,
}

/// A table.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Calls,
    Threads,
    Dump,
    Group,
    Judge,
    Differ,
    Interposed,
    Wireguard,
    Peers,
    Build,
}

#[derive(Subcommand)]
enum Alone {
    /// Does one piece of work, and tells the messages, the bytes at most and the allocations of it.
    Work {
        /// Which.
        work: Work,
        /// Of how many peers, or how often.
        peers: u32,
    },
    /// Measures Linux alone, in a network namespace that it may spoil.
    Linux {
        /// What.
        what: linux::Alone,
        /// How many objects or sockets.
        count: u32,
    },
    /// Measures clients of Linux, in a network namespace that it may spoil.
    Peers {
        /// Where their programs are.
        folder: std::path::PathBuf,
        /// How many rounds, each.
        rounds: Option<usize>,
    },
    /// Compares random requests, in namespaces of its own.
    Differ {
        /// What.
        what: differ::Alone,
        /// The file that the requests are kept in.
        file: std::path::PathBuf,
    },
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    let done = match asked.alone {
        Some(Alone::Work { work, peers }) => {
            work.run(peers).map(|Counts { messages, peak, allocations }| println!("{messages} {peak} {allocations}"))
        }
        Some(Alone::Linux { what, count }) => what.here(count),
        Some(Alone::Peers { folder, rounds }) => peers::here(&folder, rounds),
        Some(Alone::Differ { what, file }) => what.here(&file),
        None => all(&asked),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("netloom-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How many peers, with 4 allowed IPs each.
const FEW: u32 = 10_000;
const MANY: u32 = 100_000;

fn all(asked: &Asked) -> Result<(), Failure> {
    let mut report = Report::default();
    let counter = Counter::new();
    let parts = if asked.only.is_empty() { Part::value_variants() } else { &asked.only };
    for part in parts {
        match part {
            Part::Calls => {
                calls::measure(&mut report)?;
                if let Some(count) = counter.count(Work::Call, FEW)? {
                    let detail = "both ends, from the typed request to the typed reply";
                    report.row("user instructions of a call in process", &(count / u64::from(FEW)).to_string(), detail);
                }
                if let (Some(hand), Some(generated)) =
                    (counter.count(Work::ByHand, FEW)?, counter.count(Work::Generated, FEW)?)
                {
                    let (a, b) = (hand / u64::from(FEW), generated / u64::from(FEW));
                    let ratio = format!("{:.2} of a generated one's", hand as f64 / generated as f64);
                    report.row(
                        "user instructions of a call to a family by hand",
                        &ratio,
                        &format!("{a} and {b}, the caller's included"),
                    );
                }
            }
            Part::Threads => threads::measure(&mut report)?,
            Part::Dump => routes::measure(&mut report)?,
            Part::Group => group::measure(&mut report)?,
            Part::Judge => {
                report.title("Judging attributes by a policy, strictly, all accepted");
                let policies = [
                    (Work::JudgeFlat, judge::FLAT, "a flat policy, one of each kind"),
                    (Work::JudgeNested, judge::NESTED, "three levels, arrays and their elements counted"),
                ];
                for (work, attributes, what) in policies {
                    let row = "user instructions an attribute";
                    match counter.count(work, FEW)? {
                        Some(count) => {
                            let each = count as f64 / f64::from(FEW) / f64::from(attributes);
                            let detail = format!("{what}: {} for {attributes}", count / u64::from(FEW));
                            report.row(row, &format!("{each:.0}"), &detail);
                        }
                        None => report.row(row, "not measured", Counter::MISSING),
                    }
                }
            }
            Part::Differ => differ::measure(&mut report)?,
            Part::Interposed => interposed::measure(&mut report)?,
            Part::Wireguard => wireguard(&mut report, &counter)?,
            Part::Peers => peers::measure(&mut report, asked.rounds)?,
            Part::Build => build::measure(&mut report, !asked.no_build)?,
        }
    }
    report.print();
    match (asked.write, asked.only.is_empty()) {
        (true, true) => report.write(),
        (true, false) => Err("--write keeps the whole: leave --only out".into()),
        (false, _) => Ok(()),
    }
}

fn wireguard(report: &mut Report, counter: &Counter) -> Result<(), Failure> {
    report.title(&format!("WireGuard: {FEW} peers with 4 allowed IPs each, the same messages"));
    let versus = |report: &mut Report, what: &str, ours: Work, theirs: Work| -> Result<(), Failure> {
        match (counter.count(ours, FEW)?, counter.count(theirs, FEW)?) {
            (Some(ours), Some(theirs)) => {
                let ratio = ours as f64 / theirs as f64;
                report.row(what, &format!("{ratio:.2} of netlink-bindings'"), &per_peer(ours, theirs));
            }
            _ => report.row(what, "not measured", Counter::MISSING),
        }
        Ok(())
    };
    versus(report, "reading every attribute, borrowed: user instructions", Work::ReadOurs, Work::ReadTheirs)?;
    versus(report, "filling one owned device: user instructions", Work::OwnOurs, Work::OwnTheirs)?;

    let (ours, theirs) = (Work::OwnOurs.run(FEW)?.allocations, Work::OwnTheirs.run(FEW)?.allocations);
    let a_peer = |allocations: usize| allocations as f64 / f64::from(FEW);
    let rest = ours.saturating_sub(FEW as usize);
    report.row(
        "filling one owned device: allocations a peer",
        &format!("{:.3}", a_peer(ours)),
        &format!("one for a peer's allowed IPs, {rest} for all the rest; netlink-bindings {:.3}", a_peer(theirs)),
    );

    report.title(&format!("From {FEW} to {MANY} peers"));
    for (what, work) in [("encode", Work::Encode), ("set", Work::Set), ("dump", Work::Dump)] {
        match (counter.count(work, FEW)?, counter.count(work, MANY)?) {
            (Some(few), Some(many)) => {
                let ratio = many as f64 / few as f64;
                let detail = format!("{} and {} instructions a peer", few / u64::from(FEW), many / u64::from(MANY));
                report.row(&format!("{what}: user instructions"), &format!("{ratio:.2} times"), &detail);
            }
            _ => report.row(&format!("{what}: user instructions"), "not measured", Counter::MISSING),
        }
    }
    for peers in [FEW, MANY] {
        let counts = Work::Dump.run(peers)?;
        report.row(
            &format!("dump of {peers} peers to a streaming reader: peak memory of the kernel side beyond its state"),
            &format!("{} KiB", counts.peak.div_ceil(1024)),
            &format!("{} allocations, {} messages", counts.allocations, counts.messages),
        );
    }
    Ok(())
}

fn per_peer(ours: u64, theirs: u64) -> String {
    format!("{} and {} a peer", ours / u64::from(FEW), theirs / u64::from(FEW))
}
