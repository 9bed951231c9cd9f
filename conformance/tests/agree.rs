//! Every case on every kernel side at hand.

use std::process::Command;
use std::sync::Arc;

use netloom::client::Dialer;
use netloom::kernel::Kernel;
use netloom::socket::{LinuxDialer, Socket};
use netloom::wire::Protocol;
use netloom_conformance::{Case, Record, Release, Verdict, compare, play};

/// Set in the process that runs inside a user namespace.
const INSIDE: &str = "NETLOOM_CONFORMANCE_INSIDE";

/// Plays all cases and returns what differs, as text.
fn differing(release: Release, newest: bool, dialer: &dyn Fn() -> Arc<dyn Dialer>) -> Vec<String> {
    let mut found = Vec::new();
    let mut played = 0;
    for (file, cases) in Case::all().unwrap() {
        let record = Record::load(release, &file).unwrap();
        for case in &cases {
            played += 1;
            let seen = play(case, dialer().as_ref()).unwrap();
            match compare(case, &record, release, newest, &seen).unwrap() {
                Verdict::Agree | Verdict::AgreeAsNewest(_) => {}
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
    assert!(played > 0, "there are no cases");
    found
}

fn in_process() -> Arc<dyn Dialer> {
    let kernel = Kernel::new();
    kernel.dialer(kernel.administrator())
}

fn linux() -> Arc<dyn Dialer> {
    Arc::new(LinuxDialer::here())
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
        let found = differing(release, true, &in_process);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn linux_does_as_recorded() {
    let Some(release) = recorded_here() else { return };
    let found = differing(release, false, &linux);
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
