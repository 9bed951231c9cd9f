//! Builds the copy, plays the cases with each switch on, and tells who noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::copy::{self, PROGRAM, SWITCH};
use super::list::{Flip, flips, root};
use crate::case::{Case, Malformed};
use crate::record::{Record, Release};

/// A run takes seconds. One that takes so long hangs: that is no answer.
const LIMIT: Duration = Duration::from_secs(30);

/// Plays the cases on kernel sides whose behaviour in one of these items, or in all, is turned into its opposite, and
/// prints which case noticed; whether each was noticed by a case that shows it.
pub fn sabotage(asked: &[String]) -> Result<bool, Malformed> {
    let mut flips = flips()?;
    let words: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
    let known = |word: &&str| *word == "all" || flips.iter().any(|flip| flip.of == **word);
    if let Some(word) = words.iter().find(|word| !known(word)) {
        return Err(Malformed(format!("{word} is no item that a case shows: see sabotage.toml, or say all")));
    }
    let program = build(&flips)?;
    let untouched = play(&program, None, None)?;
    if let Some((release, case)) = untouched.first() {
        return Err(Malformed(format!("without sabotage it differs as {release} already: {case}")));
    }
    flips.retain(|flip| words.contains("all") || words.contains(flip.of.as_str()));
    let suite = Suite::load()?;
    let runs = play_each(&program, &flips);
    let (mut unnoticed, mut unseen) = (0, 0);
    for (flip, noticed) in flips.iter().zip(runs) {
        let Some(noticed) = noticed else {
            unseen += 1;
            println!("{}: no case can notice: {}", flip.of, flip.so_that);
            continue;
        };
        let verdict = noticed.and_then(|noticed| suite.judge(flip, &noticed));
        match verdict {
            Ok(by) => println!("{} noticed: {}: by {by}", flip.switch, flip.so_that),
            Err(Malformed(why)) => {
                unnoticed += 1;
                println!("{} NOT NOTICED: {}: {why} (sabotage.toml:{})", flip.switch, flip.so_that, flip.line);
            }
        }
    }
    println!("{} noticed, {unnoticed} not noticed, {unseen} that no case can notice", flips.len() - unnoticed - unseen);
    Ok(unnoticed == 0)
}

/// Who differed: a release and a case.
type Noticed = Vec<(Release, String)>;

/// The cases, and for which releases each is recorded.
struct Suite {
    cases: Vec<Case>,
    recorded: Vec<(Release, BTreeSet<String>)>,
}

impl Suite {
    fn load() -> Result<Self, Malformed> {
        let mut suite = Self { cases: Vec::new(), recorded: Vec::new() };
        let files = Case::all()?;
        for release in Record::releases() {
            let mut names = BTreeSet::new();
            for (file, _) in &files {
                names.extend(Record::load(release, file)?.seen.into_keys());
            }
            suite.recorded.push((release, names));
        }
        suite.cases.extend(files.into_iter().flat_map(|(_, cases)| cases));
        Ok(suite)
    }

    /// Says which case noticed that should; of the version table, as every release that one of them is recorded for.
    fn judge(&self, flip: &Flip, noticed: &Noticed) -> Result<String, Malformed> {
        let shows = |name: &str| self.cases.iter().any(|case| case.name == name && case.items.contains(&flip.of));
        let by: BTreeMap<&str, BTreeSet<Release>> = noticed
            .iter()
            .filter(|(_, name)| flip.is_of_version() || shows(name))
            .fold(BTreeMap::new(), |mut by, (release, name)| {
                by.entry(name.as_str()).or_insert_with(BTreeSet::new).insert(*release);
                by
            });
        let Some(first) = by.keys().next() else { return Err(Malformed("all cases that show it agree".into())) };
        for (release, recorded) in self.recorded.iter().filter(|_| flip.is_of_version()) {
            let could = by.keys().any(|name| recorded.contains(*name)) && !flip.is_unseen_as(*release);
            if could && !by.values().any(|releases| releases.contains(release)) {
                return Err(Malformed(format!("all cases agree as {release}")));
            }
        }
        Ok(match by.len() {
            1 => format!("{first:?}"),
            count => format!("{first:?} and {} more", count - 1),
        })
    }
}

/// Builds the runner with all switches.
fn build(flips: &[Flip]) -> Result<PathBuf, Malformed> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = target.join("sabotage");
    copy::copy(flips, &folder)?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "netloom-conformance", "--bin", PROGRAM]).current_dir(&folder);
    // Cargo told the runner about the true package.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            cargo.env_remove(name);
        }
    }
    let built = cargo.env("CARGO_TARGET_DIR", &target).status();
    match built {
        Ok(status) if status.success() => Ok(target.join("debug").join(PROGRAM)),
        Ok(_) => Err(Malformed(format!("the copy of the sources in {} does not build", folder.display()))),
        Err(error) => Err(Malformed(format!("cargo build: {error}"))),
    }
}

/// One run for each flip, as many at once as there are processors; nothing for those that no case can notice.
fn play_each(program: &Path, flips: &[Flip]) -> Vec<Option<Result<Noticed, Malformed>>> {
    let next = AtomicUsize::new(0);
    let runs = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((at, flip)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, flips.get(at)?)))
        {
            // Cases that show something else have no say, and may wait for what never comes.
            let item = Some(flip.of.as_str()).filter(|_| !flip.is_of_version());
            let run = flip.place.as_ref().map(|_| play(program, item, Some(&flip.switch)));
            runs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(at, run);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    runs.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
}

/// Plays the cases of an item, or all, with this switch on, in a process of its own: what breaks breaks there.
fn play(program: &Path, item: Option<&str>, switch: Option<&str>) -> Result<Noticed, Malformed> {
    let mut command = Command::new(program);
    command.arg("--in-process").args(item).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match switch {
        Some(switch) => command.env(SWITCH, switch),
        None => command.env_remove(SWITCH),
    };
    let mut child = command.spawn()?;
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let text = |from: Option<&mut dyn Read>| {
        let mut bytes = Vec::new();
        let _ = from.map(|from| from.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (out, err, ended) = thread::scope(|scope| {
        let out = scope.spawn(|| text(out.as_mut().map(|out| out as &mut dyn Read)));
        let err = scope.spawn(|| text(err.as_mut().map(|err| err as &mut dyn Read)));
        let begun = Instant::now();
        let ended = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if begun.elapsed() < LIMIT => thread::sleep(Duration::from_millis(5)),
                _ => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
            }
        };
        (out.join().unwrap_or_default(), err.join().unwrap_or_default(), ended)
    });
    let why = || err.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").to_owned();
    match ended {
        None => Err(Malformed(format!("the runner hangs: {}", why()))),
        // All agree, or some do not.
        Some(status) if matches!(status.code(), Some(0 | 1)) && err.is_empty() => Ok(differing(&out)),
        Some(status) => Err(Malformed(format!("the runner breaks, {status}: {}", why()))),
    }
}

/// Reads `6.18 differs: a case`.
fn differing(out: &str) -> Noticed {
    let line = |line: &str| {
        let (release, name) = line.split_once(" differs: ")?;
        Some((Release::parse(release)?, name.to_owned()))
    };
    out.lines().filter_map(line).collect()
}
