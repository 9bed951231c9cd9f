//! The conformance runner: plays the cases, compares, tells item by item; or records.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use netloom::kernel::Kernel;
use netloom::socket::LinuxDialer;
use netloom::unix::{self, Serving};
use netloom_conformance::clients::Clients;
use netloom_conformance::{
    Case, Differ, Item, Malformed, NOW, Patience, Record, Release, Side, Verdict, compare, greet, is_privileged, items,
    play, play_against, sabotage, twin,
};
use tempfile::TempDir;

/// Plays the cases against the Linux underneath and against our kernel side, which behaves as each
/// release that is recorded, in this process and served.
#[derive(Parser)]
#[command(name = "conformance")]
struct Asked {
    /// Only cases whose name or items contain one of these words.
    words: Vec<String>,
    /// Play against the Linux underneath, and keep what it answers as the record of its release.
    #[arg(long)]
    record: bool,
    /// Play against the Linux underneath alone; one that is newer than all records is held against the newest.
    #[arg(long)]
    linux: bool,
    /// Fail if the module of conformance/module is not loaded.
    #[arg(long)]
    module: bool,
    /// Show what was seen in each case.
    #[arg(long)]
    show: bool,
    /// Turn what these items say, or `all`, into its opposite, one after the other, and tell which case notices.
    #[arg(long, value_name = "ITEM", num_args = 1..)]
    sabotage: Vec<String>,
    /// Play against our kernel side in this process alone, and tell no more than which cases differ as which release.
    #[arg(long, conflicts_with_all = ["record", "linux", "module", "greet", "sabotage", "differ", "learned", "replay"])]
    in_process: bool,
    /// Instead of cases: compare so many random requests, most of them wrong, with the Linux underneath.
    #[arg(long, value_name = "CASES", value_parser = clap::value_parser!(u64).range(1..),
        conflicts_with_all = ["record", "linux", "greet", "sabotage"])]
    differ: Option<u64>,
    /// What random requests follow from.
    #[arg(long, default_value_t = 1, requires = "differ")]
    seed: u64,
    /// The number of the first random request.
    #[arg(long, default_value_t = 0, requires = "differ")]
    from: u64,
    /// Random requests to this family alone.
    #[arg(long)]
    family: Option<String>,
    /// Random requests as an administrator of the machine, who reaches more than one of a namespace: for machines to be
    /// thrown away.
    #[arg(long, requires = "differ")]
    administrator: bool,
    /// Random requests must meet each row of the table of failures so often.
    #[arg(long, default_value_t = 0, value_name = "TIMES", requires = "differ")]
    each: u64,
    /// One request of those, in hexadecimal, as a difference tells it.
    #[arg(long, value_name = "HEX")]
    replay: Option<String>,
    /// What is found out about the policies of the Linux underneath.
    #[arg(long)]
    learned: bool,
    /// Instead of cases: has the documents' client in C, this program, and ours greet DOC_EXMPL of the Linux underneath.
    #[arg(long, value_name = "PROGRAM")]
    greet: Option<PathBuf>,
    /// Instead of cases: has programs run on the Linux underneath and, by this command `netloom`, on our kernel side, and
    /// compares what they print; the words choose among the scenarios of conformance/clients.
    #[arg(long, value_name = "NETLOOM")]
    clients: Option<PathBuf>,
    /// The module of conformance/module, which programs have loaded and removed.
    #[arg(long, value_name = "FILE", requires = "clients")]
    loom: Option<PathBuf>,
    /// A worker's share of random requests, `0/2`: this program starts itself with it.
    #[arg(long, hide = true)]
    worker: Option<String>,
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
        if let Some(netloom) = &self.clients {
            let (netloom, loom) = (netloom.clone(), self.loom.clone());
            return Clients { netloom, loom, words: self.words.clone(), show: self.show }.run();
        }
        self.check_words()?;
        if self.record {
            return record(&self.linux_side()?).map(|()| true);
        }
        if let Some(theirs) = &self.greet {
            greet(theirs)?;
            println!("Linux: both clients of the documents are answered");
            return Ok(true);
        }
        if !self.sabotage.is_empty() {
            return sabotage(&self.sabotage);
        }
        if self.in_process {
            return self.in_process();
        }
        let differ = Differ {
            cases: self.differ.unwrap_or_default(),
            from: self.from,
            seed: self.seed,
            family: self.family.clone(),
            administrator: self.administrator,
            each: self.each,
        };
        if let Some(share) = &self.worker {
            let share = share.split_once('/').and_then(|(number, all)| Some((number.parse().ok()?, all.parse().ok()?)));
            let (number, all) = share.ok_or_else(|| Malformed::new("a share is 0/2"))?;
            return differ.work(number, all).map(|()| true);
        }
        if self.learned {
            return differ.learned().map(|()| true);
        }
        if let Some(request) = &self.replay {
            return differ.replay(request);
        }
        if self.differ.is_some() {
            let this = std::env::current_exe()?;
            return differ.run(&|share| {
                let mut command = Command::new(&this);
                command.args(std::env::args_os().skip(1)).args(["--worker", share]);
                command
            });
        }
        let here = Release::here();
        let records = Record::releases();
        let newest = records.last().copied();
        let held = here.filter(|here| records.contains(here) || (self.linux && newest < Some(*here)));
        let held = held.map(|here| (here, newest.filter(|newest| *newest < here).unwrap_or(here)));
        if let Some((here, against)) = held.filter(|(here, against)| here != against) {
            println!("newer than the records: Linux {here}, which is held against {against}");
        }
        if self.linux && held.is_none() {
            return Err(Malformed::new("this Linux has no record; -- --record makes one"));
        }
        let mut report = Report::default();
        let folder = open_folder()?;
        let ours = if self.linux { Vec::new() } else { Ours::all(&records, folder.path())? };
        let linux = self.linux_side()?;
        for (file, cases) in Case::all()? {
            for case in cases.iter().filter(|case| self.asks(case)) {
                if let Some((here, release)) = held {
                    if let Some(why) = linux.lacks(case, here)? {
                        report.lacks("Linux", &why, case);
                    } else {
                        let seen = play(case, &linux)?;
                        if self.show {
                            println!("{} on Linux {here}:\n  {}\n", case.name, seen.join("\n  "));
                        }
                        let record = Record::load(release, &file)?;
                        report.add("Linux", case, compare(case, &record, &seen));
                        report.known(case, case.changes(release)?);
                    }
                }
                for ours in &ours {
                    self.play_ours(ours, &file, case, &mut report)?;
                }
            }
        }
        if let Some(here) = here.filter(|_| held.is_none()) {
            println!("skipped: Linux {here} has no record; -- --record makes one");
        }
        Ok(report.tell(&items()?))
    }

    /// The Linux underneath; an error if it should have the module, and has not.
    fn linux_side(&self) -> Result<Side, Malformed> {
        let linux = Side::linux()?;
        if self.module && !linux.has_module() {
            return Err(Malformed::new("the module is not loaded: insmod loom.ko, which conformance/module makes"));
        }
        Ok(linux)
    }

    fn play_ours(&self, ours: &Ours, file: &str, case: &Case, report: &mut Report) -> Result<(), Malformed> {
        let (name, side) = (&ours.name, ours.side(case));
        if let Some(why) = case.exact.as_ref().filter(|_| ours.channels) {
            report.exact.insert(format!("{}: {why}", case.name));
            return Ok(());
        }
        let record = Record::load(ours.release, file)?;
        // A Linux that never had the module loaded has shown none of this.
        let unseen = (case.module && !record.seen.contains_key(&case.name)).then(|| "the module".to_owned());
        if let Some(why) = side.lacks(case, ours.release)?.or(unseen) {
            report.lacks(name, &why, case);
            return Ok(());
        }
        let (seen, verdict) = play_against(case, side, &record)?;
        if self.show {
            println!("{} {name}:\n  {}\n", case.name, seen.join("\n  "));
        }
        report.add(name, case, verdict);
        Ok(())
    }

    /// Each case has a kernel side of its own: what one does to it is no other's business.
    fn in_process(&self) -> Result<bool, Malformed> {
        let mut agree = true;
        for (file, cases) in Case::all()? {
            for release in Record::releases() {
                let record = Record::load(release, &file)?;
                let seen = |case: &Case| play(case, &Side::of(&kernel(release, case.module)?)?);
                let here = |case: &Case| !case.makes_calls() && record.seen.contains_key(&case.name);
                for case in cases.iter().filter(|case| self.asks(case) && here(case)) {
                    // A kernel side that does not even begin does otherwise, too.
                    if !seen(case).is_ok_and(|seen| compare(case, &record, &seen) == Verdict::Agree) {
                        agree = false;
                        println!("{release} differs: {}", case.name);
                    }
                }
            }
        }
        Ok(agree)
    }

    fn asks(&self, case: &Case) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| is_meant(case, word))
    }

    /// A word that means no case is a mistake: nothing played is nothing shown.
    fn check_words(&self) -> Result<(), Malformed> {
        if self.words.is_empty() {
            return Ok(());
        }
        let cases: Vec<Case> = Case::all()?.into_iter().flat_map(|(_, cases)| cases).collect();
        match self.words.iter().find(|word| !cases.iter().any(|case| is_meant(case, word))) {
            Some(word) => Err(Malformed::new(format!("no case has {word} in its name or among its items"))),
            None => Ok(()),
        }
    }
}

fn is_meant(case: &Case, word: &String) -> bool {
    case.name.contains(word.as_str()) || case.items.contains(word)
}

/// A kernel side of ours that behaves as a release, with the module's families if they are wanted.
fn kernel(release: Release, module: bool) -> Result<Kernel, Malformed> {
    let version = release.version().ok_or_else(|| Malformed::new(format!("{release} is no known release")))?;
    let kernel = Kernel::builder().behave_like(version).build();
    if module {
        twin::register(&kernel).map_err(|nack| Malformed::new(nack.to_string()))?;
    }
    Ok(kernel)
}

/// A folder that other users may look into.
fn open_folder() -> Result<TempDir, Malformed> {
    Ok(tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir()?)
}

/// How long an answer on a data channel may take.
const ON_ITS_WAY: Patience = Duration::from_millis(30);

/// A kernel side of ours that behaves as a recorded release, with nothing but what all have, and with the module's families.
struct Ours {
    name: String,
    release: Release,
    plain: Side,
    full: Side,
    /// It answers on data channels, which cannot show all.
    channels: bool,
    _serving: Vec<Arc<Serving>>,
}

impl Ours {
    /// Three for each release: in this process; served at a path in `folder`, in exact mode; and that by data channels.
    fn all(releases: &[Release], folder: &Path) -> Result<Vec<Self>, Malformed> {
        let wrong = |error: netloom::Error| Malformed::new(error.to_string());
        let mut all = Vec::new();
        for release in releases.iter().copied() {
            let mut add = |way: &str, plain, full, channels, serving: &[Arc<Serving>]| {
                let name = format!("{way} as {release}");
                all.push(Self { name, release, plain, full, channels, _serving: serving.to_vec() });
            };
            add("in process", Side::of(&kernel(release, false)?)?, Side::of(&kernel(release, true)?)?, false, &[]);
            let serve = |kernel: Kernel, name: String| {
                let path = folder.join(name);
                let serving = unix::Server::bind(&path).and_then(|server| server.start(kernel)).map_err(wrong)?;
                let dialer = move || unix::Dialer::connect(&path).map_err(wrong);
                Ok::<_, Malformed>((Arc::new(serving), dialer))
            };
            let (plain, dial_plain) = serve(kernel(release, false)?, format!("{release}"))?;
            let (full, dial_full) = serve(kernel(release, true)?, format!("{release}-module"))?;
            let serving = [plain, full];
            let exact = |dialer: unix::Dialer| Side::new(Arc::new(dialer.exact()), NOW);
            add("served", exact(dial_plain()?)?, exact(dial_full()?)?, false, &serving);
            let channels = |dialer: unix::Dialer| Side::new(Arc::new(dialer), ON_ITS_WAY);
            add("served by data channels", channels(dial_plain()?)?, channels(dial_full()?)?, true, &serving);
        }
        Ok(all)
    }

    fn side(&self, case: &Case) -> &Side {
        if case.module { &self.full } else { &self.plain }
    }
}

/// Plays all cases that it can against Linux and writes what it says. What it cannot play keeps the record that it has.
fn record(linux: &Side) -> Result<(), Malformed> {
    let release = Release::here().ok_or_else(|| Malformed::new("there is no Linux underneath"))?;
    if !is_privileged(&LinuxDialer::here()) {
        return Err(Malformed::new("some cases take CAP_NET_ADMIN; record as root, or under unshare -Urn"));
    }
    let whole = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string();
    let mut unsteady = 0;
    for (file, cases) in Case::all()? {
        let mut kept = Record { release: whole.clone(), seen: BTreeMap::new() };
        let mut before = Record::load(release, &file)?;
        for case in cases {
            if linux.lacks(&case, release)?.is_some() {
                kept.seen.extend(before.seen.remove_entry(&case.name));
                continue;
            }
            let seen = play(&case, linux)?;
            let again = play(&case, linux)?;
            if again != seen {
                let (first, second) = (seen.join("\n  "), again.join("\n  "));
                println!("case {:?} does not go the same way twice:\n  {first}\nand\n  {second}", case.name);
                unsteady += 1;
            }
            kept.seen.insert(case.name, seen);
        }
        if !kept.seen.is_empty() {
            println!("{}", kept.save(release, &file)?.display());
        }
    }
    match unsteady {
        0 => Ok(()),
        cases => Err(Malformed::new(format!("{cases} cases do not go the same way twice"))),
    }
}

/// Verdicts by kernel and by item.
#[derive(Default)]
struct Report {
    items: BTreeMap<String, BTreeMap<String, (u32, u32)>>,
    reasons: BTreeSet<String>,
    unrecorded: BTreeSet<String>,
    exact: BTreeSet<String>,
    lacking: BTreeMap<(String, String), BTreeSet<String>>,
    differing: u32,
}

impl Report {
    fn add(&mut self, kernel: &str, case: &Case, verdict: Verdict) {
        let differs = matches!(verdict, Verdict::Differ { .. });
        for item in case.items.iter().filter(|_| verdict != Verdict::Unrecorded) {
            let counts = self.items.entry(kernel.to_owned()).or_default().entry(item.clone()).or_default();
            if differs { counts.1 += 1 } else { counts.0 += 1 }
        }
        match verdict {
            Verdict::Agree => {}
            Verdict::Unrecorded => {
                self.unrecorded.insert(case.name.clone());
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

    /// A case that a kernel cannot be asked, for want of that.
    fn lacks(&mut self, kernel: &str, why: &str, case: &Case) {
        self.lacking.entry((kernel.to_owned(), why.to_owned())).or_default().insert(case.name.clone());
    }

    /// Keeps why a case goes otherwise on this Linux than on the newest.
    fn known(&mut self, case: &Case, reasons: Vec<String>) {
        self.reasons.extend(reasons.iter().map(|reason| format!("{}: {reason}", case.name)));
    }

    /// Prints it; whether all agreed.
    fn tell(&self, known: &BTreeMap<String, Item>) -> bool {
        for reason in &self.reasons {
            println!("otherwise than the newest: {reason}");
        }
        for case in &self.unrecorded {
            println!("skipped: {case}: not recorded for this Linux; -- --record does it");
        }
        for case in &self.exact {
            println!("a data channel cannot show, exact mode does: {case}");
        }
        for ((kernel, why), cases) in &self.lacking {
            println!("skipped: {kernel}: {} cases are not observable here: they take {why}", cases.len());
        }
        for (number, item) in known {
            if let Some(why) = item.unseen() {
                println!("{number} not observable here: {why}: {}", item.title());
            }
        }
        let unseen = known.values().filter(|item| item.unseen().is_some()).count();
        for (kernel, items) in &self.items {
            let (differing, agreeing): (Vec<_>, Vec<_>) = items.iter().partition(|(_, counts)| counts.1 > 0);
            let numbers: Vec<&str> = agreeing.iter().map(|(number, _)| number.as_str()).collect();
            println!("{kernel} agrees in {}", numbers.join(" "));
            for (number, (_, cases)) in &differing {
                println!("{kernel} differs in {number}, {cases} cases: {}", known.get(*number).map_or("", Item::title));
            }
            println!(
                "{kernel}: {} items agree, {} differ, {unseen} not observable here",
                agreeing.len(),
                differing.len()
            );
        }
        self.differing == 0
    }
}
