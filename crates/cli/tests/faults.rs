//! `run --fault`: what programs that nobody changed see when something goes wrong.

#[path = "programs/compiler.rs"]
mod compiler;
mod programs;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use compiler::compiled;
use programs::{MODES, User, command, is_there, netloom, run, users};

const PYTHON: &str = "/usr/bin/python3";

/// The modes that a user tries: what is seen is the same for all.
fn modes(user: User) -> &'static [&'static [&'static str]] {
    match user {
        User::Own => &[&["--mode", "sync"], &["--mode", "full"], &["--mode", "fast"], &[]],
        User::Nobody => &[&[]],
    }
}

/// A client in Python, where everybody may read it.
fn script(name: &str) -> String {
    static COPYING: Mutex<()> = Mutex::new(());
    let copy = netloom().with_file_name(name);
    // Once: another test's client may be reading it.
    let _copying = COPYING.lock().unwrap_or_else(PoisonError::into_inner);
    if !copy.exists() {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name), &copy).unwrap();
    }
    copy.to_str().unwrap().to_owned()
}

/// What the client prints, which must end well and hear nothing else.
fn client(user: User, options: &[&str], asks: &str, times: &str) -> String {
    let (status, out, err) = run(user, options, &[PYTHON, &script("faulty_client.py"), asks, times]);
    assert_eq!((status, &*err), (Some(0), ""), "{user:?} {options:?}: {out}");
    out
}

fn has_python() -> bool {
    let there = Path::new(PYTHON).is_file();
    if !there {
        eprintln!("skipped: no {PYTHON}");
    }
    there
}

/// A kernel side that serves, until it is dropped.
struct Serving(Child, PathBuf);

impl Serving {
    fn start() -> Self {
        let path = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o777)).tempdir().unwrap().keep();
        let path = path.join("kernel");
        let mut child = command(User::Own, &["serve", "--socket", path.to_str().unwrap()]).spawn().unwrap();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Self(child, path)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = fs::remove_dir_all(self.1.parent().unwrap());
    }
}

#[test]
fn programs_see_what_linux_would_show() {
    if !has_python() {
        return;
    }
    let serving = Serving::start();
    let served = serving.1.to_str().unwrap();
    // The fault, what is asked, what is seen with receives of ours, and without.
    let cases = [
        ("dump-intr", "dump", "torn", "torn"),
        ("dump-intr", "do", "fine", "fine"),
        ("overrun", "do", "ENOBUFS", ""),
        ("overrun", "dump", "fine", "fine"),
        ("truncate", "do", "MSG_TRUNC", "cut"),
        ("truncate", "dump", "MSG_TRUNC", "cut"),
        ("nack:nlctrl/getfamily:EBUSY", "do", "EBUSY", "EBUSY"),
        ("nack:nlctrl/getfamily:EBUSY", "dump", "EBUSY", "EBUSY"),
        ("nack:16/3:132", "do", "ERFKILL", "ERFKILL"),
        ("nack:nlctrl/getpolicy:EBUSY", "do", "fine", "fine"),
        ("nack:route/3:EBUSY", "do", "fine", "fine"),
        ("delay:1ms", "do", "fine", "fine"),
    ];
    for user in users() {
        for kernel in [&["--kernel", "linux"][..], &["--kernel", served], &["--module", "doc_exmpl"]] {
            for (fault, asks, full, otherwise) in cases {
                let options = [kernel, &["--fault-seed", "1", "--fault", fault]].concat();
                for mode in modes(user) {
                    let unseen = fault == "overrun" || fault == "truncate";
                    let expected = if mode.contains(&"full") || (mode.is_empty() && unseen) { full } else { otherwise };
                    // Who waits for what is lost waits: told by SO_ERROR alone.
                    if expected.is_empty() {
                        continue;
                    }
                    let out = client(user, &[&options[..], mode].concat(), asks, "1");
                    assert_eq!(out, format!("{expected}\n"), "{user:?} {options:?} {mode:?} {asks}");
                }
            }
        }
    }
}

#[test]
fn a_seed_makes_the_same_happen_again() {
    if !has_python() {
        return;
    }
    let faults = ["--fault", "nack:nlctrl/getfamily:EBUSY:0.3", "--fault", "overrun:0.2", "--fault", "truncate:0.2"];
    let with = |seed: &str| client(User::Own, &[&faults[..], &["--fault-seed", seed]].concat(), "do", "60");
    let first = with("7");
    for word in ["fine", "EBUSY", "ENOBUFS", "MSG_TRUNC"] {
        assert!(first.lines().any(|line| line == word), "{word}: {first}");
    }
    assert_eq!(first, with("7"));
    assert_ne!(first, with("8"));
    // One that was not chosen is told, and repeats.
    let (_, out, err) = run(User::Own, &faults, &[PYTHON, &script("faulty_client.py"), "do", "60"]);
    let seed = err.strip_prefix("netloom: --fault-seed ").unwrap_or_else(|| panic!("{err}")).trim_end();
    assert_eq!(out, with(seed));
    // So many times, and then no more.
    let out = client(User::Own, &["--fault", "nack:nlctrl/3:EPERM:1:2", "--fault-seed", "1"], "do", "4");
    assert_eq!(out, "EPERM\nEPERM\nfine\nfine\n");
}

#[test]
fn ip_and_genl_tell_what_went_wrong() {
    if !is_there("ip") || !is_there("genl") {
        return;
    }
    for user in users() {
        for mode in MODES {
            let on = |fault: &'static str| ["--mode", mode, "--fault-seed", "1", "--fault", fault];
            let linux = |fault| [&["--kernel", "linux"], &on(fault)[..]].concat();
            let (status, out, err) = run(user, &linux("dump-intr"), &["ip", "-br", "link"]);
            assert_eq!(
                (status, &*err),
                (Some(0), "Dump was interrupted and may be inconsistent.\n"),
                "{user:?} {mode}"
            );
            assert!(out.starts_with("lo "), "{out}");
            let (status, _, err) = run(user, &linux("nack:rt-link/getlink:EBUSY"), &["ip", "link", "show", "lo"]);
            assert_eq!(status, Some(1), "{err}");
            assert!(err.contains("refused by a fault on demand"), "{err}");
            // Of both kernels together.
            let ours = [&["--module", "wireguard=wg0"], &on("dump-intr")[..]].concat();
            let (_, out, err) = run(user, &ours, &["ip", "-br", "link"]);
            assert_eq!(err, "Dump was interrupted and may be inconsistent.\n");
            assert!(out.contains("\nwg0 "), "{out}");
            // By a name that nlctrl tells, without a spec.
            let spec_less = [&["--module", "doc_exmpl"], &on("nack:nlctrl/3:ENOMEM")[..]].concat();
            let (_, _, err) = run(user, &spec_less, &["genl", "ctrl", "list"]);
            assert!(err.contains("Cannot allocate memory"), "{err}");
        }
        let (_, _, err) =
            run(user, &["--fault", "overrun", "--fault-seed", "1"], &["genl", "ctrl", "get", "name", "x"]);
        assert!(err.contains("No buffer space available"), "{err}");
    }
}

#[test]
fn pyroute2_tells_what_went_wrong() {
    let has = Command::new(PYTHON).args(["-c", "import pyroute2"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: no pyroute2 (Debian: python3-pyroute2)");
    }
    let client = script("pyroute2_torn.py");
    for user in users() {
        for mode in modes(user) {
            for (fault, expected) in [
                ("dump-intr", "torn\nTrue\n"),
                // It asks again by itself when that is EBUSY.
                ("nack:rt-link/getlink:EBUSY:1:1", "True\nTrue\n"),
                ("nack:rt-link/getlink:ENOMEM:1:1", "12\nTrue\n"),
                ("nack:route/18:ENOMEM", "12\n12\n"),
                ("delay:100us", "True\nTrue\n"),
            ] {
                let options = [&["--kernel", "linux", "--fault-seed", "1", "--fault", fault][..], mode].concat();
                let (status, out, err) = run(user, &options, &[PYTHON, &client]);
                assert_eq!((status, &*out), (Some(0), expected), "{user:?} {mode:?} {fault}: {err}");
            }
        }
    }
}

#[test]
fn clients_in_c_tell_what_went_wrong() {
    let Some(client) = compiled("../../examples/c/doc_exmpl_client.c", "faulty", &[]) else { return };
    let Some(hostile) = compiled("tests/hostile.c", "faulty_hostile", &[]) else { return };
    for user in users() {
        for (fault, expected) in [
            ("nack:doc_exmpl/echo:ENOMEM", "kernel: Cannot allocate memory\n"),
            ("nack:doc_exmpl/1:EPERM", "kernel: Operation not permitted\n"),
            ("overrun", "recvmsg: No buffer space available\n"),
            ("truncate", "recvmsg: Message too long\n"),
        ] {
            let options = ["--module", "doc_exmpl", "--fault-seed", "1", "--fault", fault];
            let (status, _, err) = run(user, &options, &[&client]);
            assert_eq!((status, &*err), (Some(1), expected), "{user:?} {fault}");
        }
    }
    // Whatever a program does, and whatever goes wrong, it is answered. (Who waits for what was lost waits, but in full mode.)
    for (mode, lost) in [("sync", "overrun:0"), ("fast", "overrun:0"), ("full", "overrun:0.1")] {
        let faults = ["dump-intr:0.3", "truncate:0.2", "delay:50us:0.2", "nack:rt-link/getlink:EIO:0.3", lost];
        let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
        let on = ["--mode", mode, "--fault-seed", "5", "--module", "wireguard=wg0"];
        let options: Vec<&str> = on.into_iter().chain(faults).collect();
        let script = r#"for seed in 1 2; do timeout 60 "$0" $seed 2000 & done; wait %1; one=$?; wait %2; echo $one $?"#;
        let (_, out, err) = run(User::Own, &options, &["bash", "-c", script, &hostile]);
        assert!(!out.contains("124") && !err.contains("panicked"), "{mode}: {out}{err}");
    }
}

/// What is shown is what the program sees.
#[test]
fn the_trace_shows_what_went_wrong() {
    if !is_there("ip") {
        return;
    }
    let record = tempfile::NamedTempFile::new().unwrap();
    let path = record.path().to_str().unwrap();
    let faults = ["--fault-seed", "1", "--fault", "dump-intr", "--fault", "nack:rt-link/getlink:EBUSY:1:1"];
    let options = [&["--kernel", "linux", "--trace", "--record", path], &faults[..]].concat();
    let script = "ip link show lo; ip -br link";
    let (_, _, err) = run(User::Own, &options, &["sh", "-c", script]);
    let decoded = command(User::Own, &["decode", path]).output().unwrap();
    for told in [err, String::from_utf8(decoded.stdout).unwrap()] {
        assert!(told.contains("-> rt-link getlink REQUEST"), "{told}");
        assert!(told.contains("EBUSY: device or resource busy: refused by a fault on demand"), "{told}");
        assert!(told.contains("DUMP_INTR"), "{told}");
    }
    let (_, _, err) = run(User::Own, &["--trace", "--fault", "truncate"], &["genl", "ctrl", "get", "name", "nlctrl"]);
    assert!(err.contains("<- malformed: message at offset 0 is truncated"), "{err}");
}

#[test]
fn a_request_waits_before_it_is_handled() {
    if !has_python() {
        return;
    }
    for mode in MODES {
        let began = Instant::now();
        let out = client(User::Own, &["--mode", mode, "--fault", "delay:50ms:1:6", "--fault-seed", "1"], "do", "8");
        assert_eq!(out, "fine\n".repeat(8));
        assert!(began.elapsed() >= Duration::from_millis(300), "{mode}");
    }
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    for (options, part) in [
        (&["--fault", "dumpintr"][..], "say dump-intr, overrun, truncate, delay:TIME"),
        (&["--fault", "overrun:1.5"], "from 0 (never) to 1 (always)"),
        (&["--fault", "nack:nlctrl/getfamily:EBUZY"], "a name as EBUSY"),
        (&["--fault", "nack:nlctrl/getfamilies:EBUSY"], "its ops are getfamily, getpolicy"),
        (&["--fault", "nack:nosuch/get:EBUSY"], "give the op by number: nosuch/3"),
        (&["--fault", "overrun", "--no-interpose"], "--no-interpose"),
        (&["--fault-seed", "1"], "--fault"),
    ] {
        let (status, out, err) = run(User::Own, options, &["echo", "ran"]);
        assert_eq!((status, &*out), (Some(2), ""), "{options:?}");
        assert!(err.contains(part), "{options:?}: {err}");
    }
}
