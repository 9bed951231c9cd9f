//! rtnetlink on Linux: what `ip` has made is read as `ip` shows it, and what we make `ip` shows; by each shell.
//!
//! Each test runs itself again in a network namespace of its own: as root by `unshare -n`, else by `unshare -Urn`.
#![cfg(all(target_os = "linux", feature = "rtnetlink"))]

mod address;
mod batch;
mod events;
mod faults;
mod kinds;
mod link;
mod long;
mod neighbour;
mod nexthop;
mod refusal;
mod route;
mod rule;
#[path = "../shells/mod.rs"]
mod shells;
mod watched;

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use netloom::rtnetlink;
use netloom::socket::LinuxDialer;
use netloom::wire::Why;
use netloom::wire::schema::Kind;
use serde_json::Value;

use shells::Shell;

/// To the Linux underneath.
fn open<C: Shell>() -> C {
    C::over(Arc::new(LinuxDialer::here()))
}

/// Cases that each shell passes, in a namespace of its own.
macro_rules! in_each_shell {
    ($file:ident: $($case:ident)*) => {$(
        mod $case {
            macro_rules! over {
                ($shell:ident, $connection:ty) => {
                    #[test]
                    fn $shell() {
                        let name = concat!(stringify!($file), "::", stringify!($case), "::", stringify!($shell));
                        if crate::inside(name) {
                            super::$case::<$connection>();
                        }
                    }
                };
            }
            over!(blocking, netloom::Connection);
            over!(tokio, netloom::tokio::Connection);
            over!(async_io, netloom::async_io::Connection);
        }
    )*};
}
use in_each_shell;

/// Runs the test of this name in a fresh network namespace; false in the outer process, whose part is done.
fn inside(test: &str) -> bool {
    inside_as(test, &[&["-n"], &["-Urn"]])
}

/// The same by the first of these words to `unshare` that works here.
fn inside_as(test: &str, ways: &[&[&str]]) -> bool {
    const MARK: &str = "NETLOOM_TEST_INSIDE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let works = |command: &mut Command| {
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !works(Command::new("ip").arg("-V")) {
        say(&format!("skipped: {test}: no ip here (package iproute2)"));
        return false;
    }
    let Some(way) = ways.iter().find(|way| works(Command::new("unshare").args(**way).args(["--", "ip", "-V"]))) else {
        say(&format!("skipped: {test}: neither root nor user namespaces here (unshare fails)"));
        return false;
    };
    let mut again = Command::new("unshare");
    again.args(*way).arg("--").arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let inner = again.env(MARK, "1").stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&inner.stdout);
    // Where no test has this name, none fails.
    assert!(inner.status.success() && told.contains("test result: ok. 1 passed"), "{test} failed inside:\n{told}");
    false
}

/// A line that is seen even though the test passes.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs commands of `ip` and `bridge`, one a line.
fn run(script: &str) {
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        loop {
            let mut words = line.split_whitespace();
            let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            // All namespaces share the tables of neighbours, which others may have filled: the kernel makes room.
            if said.contains("No buffer space available") {
                thread::sleep(Duration::from_millis(100));
                continue;
            }
            assert!(output.status.success(), "{line}: {said}");
            break;
        }
    }
}

/// Whether a command of `ip` works here: some kinds and options are modules or newer than this kernel.
fn works(line: &str) -> bool {
    let mut words = line.split_whitespace();
    Command::new(words.next().unwrap()).args(words).output().unwrap().status.success()
}

/// What a command of `ip` or `bridge` shows as JSON.
fn shown(line: &str) -> Vec<Value> {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap()).arg("-j").args(words).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    if output.stdout.is_empty() { Vec::new() } else { serde_json::from_slice(&output.stdout).unwrap() }
}

/// The names of interfaces by index.
fn names<C: Shell>(nl: &C) -> HashMap<u32, String> {
    let links = nl.done(rtnetlink::link::all(nl)).unwrap().into_iter();
    links.map(|link| (link.header.ifi_index as u32, link.ifname.unwrap())).collect()
}

/// The same once nothing changes any more: the kernel makes and checks addresses of its own after an interface has come up, and
/// tells of a carrier within a second or so, later where there is much else to do.
fn same_when_steady(ours: impl Fn() -> Vec<Value>, theirs: impl Fn() -> Vec<Value>) {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        let (before, shown, after) = (ours(), theirs(), ours());
        let steady = before == after;
        let in_order = |objects: &[Value]| {
            let mut objects: Vec<_> = objects.iter().map(sorted).collect();
            objects.sort();
            objects
        };
        if (steady && in_order(&before) == in_order(&shown)) || Instant::now() >= patience {
            assert!(steady, "it keeps changing: {before:#?} {after:#?}");
            return same(before, shown);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The same objects on both sides, whatever their order.
fn same(mut ours: Vec<Value>, mut theirs: Vec<Value>) {
    for side in [&mut ours, &mut theirs] {
        side.sort_by_key(sorted);
    }
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(sorted(ours), sorted(theirs), "ours, and that of ip");
    }
    assert_eq!(ours.len(), theirs.len(), "{ours:#?} {theirs:#?}");
}

/// As text, the keys in order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().map(|(key, value)| format!("{key:?}:{}", sorted(value))).collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(sorted).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

/// Nothing that was read is ill-formed, and unknown is only what newer kernels have added: behind the highest id, or to the end
/// of a structure.
fn well_read<M: netloom::wire::OwnedSet>(object: &M, unparsed: &[netloom::wire::Unparsed]) {
    let text = format!("{object:?}");
    assert!(!text.contains("bad attribute"), "{text}");
    for attr in unparsed {
        let id = attr.raw_type & netloom::wire::Attr::ID_MASK;
        let is_structure = || M::SCHEMA.attr(id).is_some_and(|info| matches!(info.kind, Kind::Struct(_)));
        let may_be = id > M::MAX || attr.why == Why::Partly && is_structure();
        assert!(may_be, "{attr:?}: {text}");
    }
}
