//! `run --fault`: what programs that nobody changed see when something goes wrong.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const MODES: [&str; 3] = ["sync", "full", "fast"];

/// A folder where everybody may look, with a copy of the command and the client.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap().keep();
        fs::copy(env!("CARGO_BIN_EXE_netloom"), folder.join("netloom")).unwrap();
        let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/faulty_client.py");
        fs::copy(client, folder.join("client.py")).unwrap();
        folder
    })
}

/// The users that a test can be: root is nobody as well.
fn users() -> &'static [Option<u32>] {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if is_root {
        return &[None, Some(65_534)];
    }
    eprintln!("skipped: becoming another user takes root");
    &[None]
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !there {
        eprintln!("skipped: no {program}");
    }
    there
}

fn command(user: Option<u32>, args: &[&str]) -> Command {
    let mut command = Command::new(folder().join("netloom"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).current_dir("/");
    for variable in ["NETLOOM_KERNEL", "NETLOOM", "TMPDIR"] {
        command.env_remove(variable);
    }
    command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}

/// Runs a program: its status, what it prints, what is told.
fn run(user: Option<u32>, options: &[&str], program: &[&str]) -> (Option<i32>, String, String) {
    let output = command(user, &[&["run"], options, &["--"], program].concat()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// What the client prints, which must end well and hear nothing else.
fn client(user: Option<u32>, options: &[&str], asks: &str, times: &str) -> String {
    let path = folder().join("client.py");
    let (status, out, err) = run(user, options, &["/usr/bin/python3", path.to_str().unwrap(), asks, times]);
    assert_eq!((status, &*err), (Some(0), ""), "{user:?} {options:?}: {out}");
    out
}

fn has_python() -> bool {
    let there = Path::new("/usr/bin/python3").is_file();
    if !there {
        eprintln!("skipped: no /usr/bin/python3");
    }
    there
}

/// A kernel side that serves, until it is dropped.
struct Serving(Child, PathBuf);

impl Serving {
    fn start() -> Self {
        let path = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o777)).tempdir().unwrap().keep();
        let path = path.join("kernel");
        let mut child = command(None, &["serve", "--socket", path.to_str().unwrap()]).spawn().unwrap();
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
                for mode in [&["--mode", "sync"][..], &["--mode", "full"], &["--mode", "fast"], &[]] {
                    let unseen = fault == "overrun" || fault == "truncate";
                    let expected = if mode.contains(&"full") || (mode.is_empty() && unseen) { full } else { otherwise };
                    // Who waits for what is lost waits: told by SO_ERROR alone.
                    if expected.is_empty() {
                        continue;
                    }
                    let out = client(*user, &[&options, mode].concat(), asks, "1");
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
    let with = |seed: &str| client(None, &[&faults[..], &["--fault-seed", seed]].concat(), "do", "60");
    let first = with("7");
    for word in ["fine", "EBUSY", "ENOBUFS", "MSG_TRUNC"] {
        assert!(first.lines().any(|line| line == word), "{word}: {first}");
    }
    assert_eq!(first, with("7"));
    assert_ne!(first, with("8"));
    // One that was not chosen is told, and repeats.
    let path = folder().join("client.py");
    let program = ["/usr/bin/python3", path.to_str().unwrap(), "do", "60"];
    let (_, out, err) = run(None, &faults, &program);
    let seed = err.strip_prefix("netloom: --fault-seed ").unwrap_or_else(|| panic!("{err}")).trim_end();
    assert_eq!(out, with(seed));
    // So many times, and then no more.
    let out = client(None, &["--fault", "nack:nlctrl/3:EPERM:1:2", "--fault-seed", "1"], "do", "4");
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
            let (status, out, err) = run(*user, &linux("dump-intr"), &["ip", "-br", "link"]);
            assert_eq!(
                (status, &*err),
                (Some(0), "Dump was interrupted and may be inconsistent.\n"),
                "{user:?} {mode}"
            );
            assert!(out.starts_with("lo "), "{out}");
            let (status, _, err) = run(*user, &linux("nack:rt-link/getlink:EBUSY"), &["ip", "link", "show", "lo"]);
            assert_eq!(status, Some(1), "{err}");
            assert!(err.contains("refused by a fault on demand"), "{err}");
            // Of both kernels together.
            let ours = [&["--module", "wireguard=wg0"], &on("dump-intr")[..]].concat();
            let (_, out, err) = run(*user, &ours, &["ip", "-br", "link"]);
            assert_eq!(err, "Dump was interrupted and may be inconsistent.\n");
            assert!(out.contains("\nwg0 "), "{out}");
            // By a name that nlctrl tells, without a spec.
            let spec_less = [&["--module", "doc_exmpl"], &on("nack:nlctrl/3:ENOMEM")[..]].concat();
            let (_, _, err) = run(*user, &spec_less, &["genl", "ctrl", "list"]);
            assert!(err.contains("Cannot allocate memory"), "{err}");
        }
        let (_, _, err) =
            run(*user, &["--fault", "overrun", "--fault-seed", "1"], &["genl", "ctrl", "get", "name", "x"]);
        assert!(err.contains("No buffer space available"), "{err}");
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
    let (_, _, err) = run(None, &options, &["sh", "-c", script]);
    let decoded = command(None, &["decode", path]).output().unwrap();
    for told in [err, String::from_utf8(decoded.stdout).unwrap()] {
        assert!(told.contains("-> rt-link getlink REQUEST"), "{told}");
        assert!(told.contains("EBUSY: device or resource busy: refused by a fault on demand"), "{told}");
        assert!(told.contains("DUMP_INTR"), "{told}");
    }
    let (_, _, err) = run(None, &["--trace", "--fault", "truncate"], &["genl", "ctrl", "get", "name", "nlctrl"]);
    assert!(err.contains("<- malformed: message at offset 0 is truncated"), "{err}");
}

#[test]
fn a_request_waits_before_it_is_handled() {
    if !has_python() {
        return;
    }
    for mode in MODES {
        let began = Instant::now();
        let out = client(None, &["--mode", mode, "--fault", "delay:50ms:1:6", "--fault-seed", "1"], "do", "8");
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
        let (status, out, err) = run(None, options, &["echo", "ran"]);
        assert_eq!((status, &*out), (Some(2), ""), "{options:?}");
        assert!(err.contains(part), "{options:?}: {err}");
    }
}
