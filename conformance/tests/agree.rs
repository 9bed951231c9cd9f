//! Every case on every kernel side at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use netloom::kernel::Kernel;
use netloom::socket::Socket;
use netloom::unix::{self, Serving};
use netloom::wire::Protocol;
use netloom_conformance::{Case, NOW, Record, Release, Side, Verdict, compare, items, play, play_against, twin};
use netloom_interpose::{Interposer, Local};
use tempfile::TempDir;

/// Set in the process that runs inside a user namespace.
const INSIDE: &str = "NETLOOM_CONFORMANCE_INSIDE";

/// Plays all cases, on that release or what behaves as it, and returns what differs, as text.
///
/// With patience it answers on data channels: what those cannot show is left out.
fn differing(release: Release, side: &dyn Fn(&Case) -> Arc<Side>) -> Vec<String> {
    let mut found = Vec::new();
    let (mut played, mut unrecorded) = (0, 0);
    let mut lacking: BTreeMap<String, u32> = BTreeMap::new();
    for (file, cases) in Case::all().unwrap() {
        let record = Record::load(release, &file).unwrap();
        for case in &cases {
            let side = side(case);
            if side.is_patient() && case.exact.is_some() {
                continue;
            }
            let unseen = (case.module && !record.seen.contains_key(&case.name)).then(|| "the module".to_owned());
            if let Some(why) = side.lacks(case, release).unwrap().or(unseen) {
                *lacking.entry(why).or_default() += 1;
                continue;
            }
            played += 1;
            let (_, verdict) = play_against(case, &side, &record).unwrap();
            match verdict {
                Verdict::Agree => {}
                Verdict::Unrecorded => unrecorded += 1,
                Verdict::Differ { wanted, seen } => found.push(format!(
                    "{} {:?}\nshould be\n  {}\nbut is\n  {}\n",
                    case.name,
                    case.items,
                    wanted.join("\n  "),
                    seen.join("\n  ")
                )),
            }
        }
    }
    assert!(played > unrecorded, "there are no cases");
    if unrecorded > 0 {
        println!("skipped: {unrecorded} cases that are not recorded for Linux {release}");
    }
    for (why, cases) in lacking {
        println!("skipped: {cases} cases are not observable here, as Linux {release}: they take {why}");
    }
    found
}

/// A kernel side that behaves as a release, with the module's families if they are wanted.
fn ours(release: Release, module: bool) -> Kernel {
    let version = release.version().unwrap();
    assert!(!version.is_beyond_table() && version.known() == version, "Linux {release} has no row in the table");
    let kernel = Kernel::builder().behave_like(version).build();
    if module {
        twin::register(&kernel).unwrap();
    }
    kernel
}

/// The release of the Linux underneath, if there is a record of it.
fn recorded_here() -> Option<Release> {
    let Some(here) = Release::here() else {
        println!("skipped: there is no Linux underneath");
        return None;
    };
    if Socket::open(Protocol::GENERIC).is_err() {
        println!("skipped: the Linux underneath gives no generic netlink");
        return None;
    }
    if !Record::releases().contains(&here) {
        println!("skipped: Linux {here} is not recorded; cargo run -p netloom-conformance -- --record");
        return None;
    }
    Some(here)
}

#[test]
fn the_kernel_side_does_as_every_recorded_linux() {
    let releases = Record::releases();
    assert!(!releases.is_empty(), "nothing is recorded");
    for release in releases {
        let found = differing(release, &|case| Arc::new(Side::of(&ours(release, case.module)).unwrap()));
        assert!(found.is_empty(), "as {release}: {}", found.join("\n"));
    }
}

#[test]
fn linux_does_as_recorded() {
    let Some(release) = recorded_here() else { return };
    let linux = Arc::new(Side::linux().unwrap());
    let found = differing(release, &|_| linux.clone());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn linux_does_the_same_in_a_user_namespace() {
    if std::env::var_os(INSIDE).is_some() || recorded_here().is_none() {
        return;
    }
    let unshare = |words: &[&str]| Command::new("unshare").arg("-Urn").args(words).env(INSIDE, "1").output();
    if !unshare(&["true"]).is_ok_and(|output| output.status.success()) {
        println!("skipped: no user namespaces here");
        return;
    }
    let me = std::env::current_exe().unwrap();
    let output = unshare(&[&me.to_string_lossy(), "--exact", "linux_does_as_recorded"]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

/// What takes a descriptor our kernel side shows to a program that is interposed: the runner, which takes it for Linux.
#[test]
fn an_interposed_program_finds_calls_refused_as_linux_does() {
    let Some(release) = recorded_here() else { return };
    let mut runner = Command::new(env!("CARGO_BIN_EXE_conformance"));
    runner.args(["--linux", "B17", "addresses that are too short"]).stdout(Stdio::piped());
    let (child, _supervision) = match Interposer::new(Arc::new(Local(ours(release, false)))).spawn(runner) {
        Ok(spawned) => spawned,
        Err(error) => {
            println!("skipped: {error}");
            return;
        }
    };
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let agrees = said.lines().find_map(|line| line.strip_prefix("Linux agrees in ")).unwrap_or_default();
    assert!(["B5", "B17"].iter().all(|item| agrees.split(' ').any(|agreed| agreed == *item)), "{said}");
}

#[test]
fn every_item_is_shown_and_every_case_shows_one() {
    let items = items().unwrap();
    let all = Case::all().unwrap();
    let shown: BTreeSet<&String> = all.iter().flat_map(|(_, cases)| cases).flat_map(|case| &case.items).collect();
    let known: BTreeSet<&String> =
        items.iter().filter(|(_, item)| item.unseen().is_none()).map(|(number, _)| number).collect();
    assert_eq!(shown, known, "what cases show, and what items.toml says that they can");
    for case in all.iter().flat_map(|(_, cases)| cases) {
        assert!(!case.items.is_empty(), "{} shows no item", case.name);
    }
}

#[test]
fn every_case_is_recorded() {
    for (file, cases) in Case::all().unwrap() {
        for case in cases {
            Record::newest_of(&file, &case.name).unwrap();
        }
    }
}

/// What changed between releases is told beside the case, and nothing else changed.
#[test]
fn releases_differ_where_cases_say_so() {
    let releases = Record::releases();
    let mut wrong = Vec::new();
    for (file, cases) in Case::all().unwrap() {
        let records: Vec<_> =
            releases.iter().map(|release| (*release, Record::load(*release, &file).unwrap())).collect();
        for case in cases {
            let seen = records.iter().filter_map(|(release, record)| Some((*release, record.seen.get(&case.name)?)));
            let seen: Vec<(Release, &Vec<String>)> = seen.collect();
            for pair in seen.windows(2) {
                let [(old, was), (new, is)] = pair else { continue };
                let told = case.changes(*old).unwrap() != case.changes(*new).unwrap();
                match (was != is, told) {
                    (true, false) => wrong.push(format!(
                        "{file}: {}: {old} and {new} differ, and the case does not say so\n  {}\nand\n  {}",
                        case.name,
                        was.join("\n  "),
                        is.join("\n  ")
                    )),
                    (false, true) => wrong.push(format!("{file}: {}: {old} and {new} do not differ", case.name)),
                    _ => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_record_has_its_case() {
    let all = Case::all().unwrap();
    for release in Record::releases() {
        for (file, cases) in &all {
            for name in Record::load(release, file).unwrap().seen.keys() {
                assert!(cases.iter().any(|case| &case.name == name), "{release}/{file}: no case is called {name:?}");
            }
        }
    }
}

/// The same kernel side, in another process for all that its clients know.
#[test]
fn the_served_kernel_side_does_as_every_recorded_linux() {
    let folder = open_folder();
    for release in Record::releases() {
        let [plain, full] = [false, true].map(|module| Served::new(folder.path(), release, module));
        let of = |case: &Case| if case.module { &full } else { &plain };
        let found = differing(release, &|case| Arc::new(of(case).exact()));
        assert!(found.is_empty(), "as {release}: {}", found.join("\n"));
        let found = differing(release, &|case| Arc::new(of(case).channels()));
        assert!(found.is_empty(), "as {release}: {}", found.join("\n"));
        plain.serving.stop().unwrap();
        full.serving.stop().unwrap();
    }
}

/// A folder that other users may look into.
fn open_folder() -> TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap()
}

/// A kernel side of ours that is served.
struct Served {
    path: PathBuf,
    serving: Serving,
}

impl Served {
    fn new(folder: &Path, release: Release, module: bool) -> Self {
        let path = folder.join(format!("{release}-{module}"));
        let serving = unix::Server::bind(&path).unwrap().start(ours(release, module)).unwrap();
        Self { path, serving }
    }

    fn dialer(&self) -> unix::Dialer {
        unix::Dialer::connect(&self.path).unwrap()
    }

    fn exact(&self) -> Side {
        Side::new(Arc::new(self.dialer().exact()), NOW).unwrap()
    }

    fn channels(&self) -> Side {
        Side::new(Arc::new(self.dialer()), Duration::from_millis(30)).unwrap()
    }
}

/// A case that says so without need would not be played there.
#[test]
fn what_is_left_to_exact_mode_data_channels_do_not_show() {
    let folder = open_folder();
    let mut left = Case::all().unwrap();
    left.iter_mut().for_each(|(_, cases)| cases.retain(|case| case.exact.is_some()));
    for release in Record::releases() {
        let served = [false, true].map(|module| Served::new(folder.path(), release, module));
        let [plain, full] = served.each_ref().map(Served::channels);
        for (file, cases) in &mut left {
            let record = Record::load(release, file).unwrap();
            cases.retain(|case| {
                let side = if case.module { &full } else { &plain };
                if side.lacks(case, release).unwrap().is_some() {
                    return true;
                }
                let seen = play(case, side).unwrap();
                !matches!(compare(case, &record, &seen), Verdict::Differ { .. })
            });
        }
        served.into_iter().for_each(|served| served.serving.stop().unwrap());
    }
    let left: Vec<&str> = left.iter().flat_map(|(_, cases)| cases).map(|case| case.name.as_str()).collect();
    assert!(left.is_empty(), "data channels show as Linux does: {left:?}");
}
