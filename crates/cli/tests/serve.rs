//! `serve` and `run`: kernel sides for other processes, their sockets, signals and statuses.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::families::doc_exmpl::{Echo, Msg};
use netloom::unix::Dialer;

const NETLOOM: &str = env!("CARGO_BIN_EXE_netloom");

fn netloom(args: &[&str]) -> Command {
    let mut command = Command::new(NETLOOM);
    // What is set outside must not decide.
    command.args(args).env_remove("NETLOOM_KERNEL").env_remove("NETLOOM").env_remove("NO_COLOR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(args: &[&str]) -> (Option<i32>, String, String) {
    told(&netloom(args).output().unwrap())
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A server, killed if a test ends without having stopped it.
struct Server(Child);

impl Server {
    fn start(path: &Path, more: &[&str]) -> Self {
        let mut child = netloom(&[&["serve", "--socket", path.to_str().unwrap()], more].concat()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, format!("netloom: listening on {}\n", path.display()));
        Self(child)
    }

    fn signal(&mut self, signal: &str) -> ExitStatus {
        send(signal, self.0.id());
        wait(&mut self.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn send(signal: &str, process: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {process}")]).status().unwrap();
    assert!(sent.success());
}

fn wait(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < end, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn other_processes_use_what_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let kernel = path.to_str().unwrap();
    let mut server = Server::start(&path, &["--module", "doc_exmpl", "--module", "wireguard=wg0,wg1"]);

    let (status, list, error) = output(&["list", "--kernel", kernel]);
    assert_eq!((status, &*error), (Some(0), ""));
    assert!(list.contains("DOC_EXMPL") && list.contains("wireguard"), "{list}");
    // What one process says, the next one reads; and the variable does what the option does.
    for text in ["one", "two"] {
        let said = output(&["do", "DOC_EXMPL", "say", &format!(r#"{{"msg":"{text}"}}"#), "--kernel", kernel]);
        assert_eq!(said.0, Some(0), "{said:?}");
    }
    let dumped =
        told(&netloom(&["dump", "DOC_EXMPL", "list", "--json"]).env("NETLOOM_KERNEL", kernel).output().unwrap());
    assert_eq!(dumped.0, Some(0), "{dumped:?}");
    assert!(dumped.1.contains("one") && dumped.1.contains("two"), "{dumped:?}");
    let (status, interfaces, error) =
        told(&netloom(&["wg", "show", "interfaces"]).env("NETLOOM_KERNEL", kernel).output().unwrap());
    assert_eq!((status, &*error), (Some(0), ""));
    let mut names: Vec<&str> = interfaces.split_whitespace().collect();
    names.sort_unstable();
    assert_eq!(names, ["wg0", "wg1"]);

    let (status, out, error) = output(&["serve", "--socket", kernel]);
    assert_eq!((status, &*out), (Some(1), ""));
    assert!(error.contains(kernel) && error.contains("in use"), "{error}");

    assert_eq!(server.signal("TERM").code(), Some(0));
    assert!(!path.exists());
    let (status, _, error) = output(&["list", "--kernel", kernel]);
    assert_eq!(status, Some(1));
    assert!(error.contains(&format!("start `netloom serve --socket {kernel}`")), "{error}");
}

#[test]
fn what_is_served_or_run_behaves_as_the_release_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let request = ["dump", "nlctrl", "getpolicy", r#"{"family-name":"nlctrl","op":10}"#, "--json"];
    let server = Server::start(&path, &["--behave-like", "6.12"]);
    let (code, served, err) = output(&[&request[..], &["--kernel", path.to_str().unwrap()]].concat());
    assert_eq!((code, &*err, served.contains(r#""op-id":0"#)), (Some(0), "", true), "{served}");
    drop(server);
    let (code, run, err) = output(&[&["run", "--behave-like", "6.1", "--", NETLOOM][..], &request].concat());
    assert_eq!((code, &*err, run.contains(r#""op-id":10"#)), (Some(0), "", true), "{run}");
}

#[test]
fn a_server_that_died_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let mut dead = Server::start(&path, &[]);
    dead.signal("KILL");
    assert!(path.exists(), "nobody removed it");
    let (status, _, error) = output(&["list", "--kernel", path.to_str().unwrap()]);
    assert_eq!(status, Some(1));
    assert!(error.contains("its server is gone"), "{error}");
    let mut server = Server::start(&path, &[]);
    assert_eq!(output(&["list", "--kernel", path.to_str().unwrap()]).0, Some(0));
    assert_eq!(server.signal("INT").code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn readiness_is_told_on_a_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let script = r#"exec 5>&1 1>&2; exec "$0" serve --socket "$1" --ready-fd 5"#;
    let mut command = Command::new("sh");
    command.args(["-c", script, NETLOOM, path.to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Server(command.spawn().unwrap());
    let mut ready = Vec::new();
    // To its end: the descriptor is closed although the server runs on.
    server.0.stdout.take().unwrap().read_to_end(&mut ready).unwrap();
    assert_eq!(ready, b"\n");
    assert_eq!(output(&["list", "--kernel", path.to_str().unwrap()]).0, Some(0));
    assert_eq!(server.signal("TERM").code(), Some(0));

    for wrong in ["1", "77", "-3"] {
        let (status, _, error) = output(&["serve", "--socket", path.to_str().unwrap(), &format!("--ready-fd={wrong}")]);
        assert_eq!(status, Some(1), "{error}");
        assert!(error.contains(&format!("--ready-fd {wrong}")), "{error}");
    }
    assert!(!path.exists());
}

#[test]
fn what_cannot_be_served_is_status_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    let free = folder.path().join("free");
    let (file, free) = (file.to_str().unwrap(), free.to_str().unwrap());
    for (args, status, text) in [
        (&["serve", "--socket", file][..], 1, "no socket"),
        (&["serve", "--socket", "/nowhere/kernel"], 1, "folder is not there"),
        (&["serve", "--socket", free, "--module", "warpdrive"], 1, "warpdrive"),
        (&["serve", "--socket", free, "--kernel", "linux"], 2, "of its own"),
        (&["serve"], 2, "--socket"),
        (&["list", "--kernel", ""], 2, "linux, embedded or a path"),
        (&["list", "--kernel", file], 1, "no socket"),
        (&["list", "--kernel", free], 1, "netloom serve --socket"),
        (&["run", "--kernel", free, "--", "true"], 1, "netloom serve --socket"),
        (&["run", "--module", "warpdrive", "--", "true"], 1, "warpdrive"),
        (&["run", "--kernel", "linux", "--module", "doc_exmpl", "--", "true"], 2, "--module"),
        (&["run"], 2, "PROGRAM"),
    ] {
        let (code, out, error) = output(args);
        assert_eq!((code, &*out), (Some(status), ""), "{args:?}: {error}");
        assert!(error.contains(text), "{args:?}: {error}");
    }
    assert_eq!(fs::read(file).unwrap(), b"precious");
    assert!(!Path::new(free).exists());
}

#[test]
fn the_status_of_run_is_its_programs() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "#!/bin/sh\nexit 0\n").unwrap();
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o644)).unwrap();
    let missing = folder.path().join("missing");
    let (plain, missing) = (plain.to_str().unwrap(), missing.to_str().unwrap());
    for (command, status) in [
        (&["true"][..], 0),
        (&["sh", "-c", "exit 7"], 7),
        (&["sh", "-c", "exit 255"], 255),
        (&["sh", "-c", "kill -9 $$"], 137),
        (&["sh", "-c", "kill -TERM $$"], 143),
        (&[plain], 126),
        (&[folder.path().to_str().unwrap()], 126),
        (&[missing], 127),
        (&["no-such-program-anywhere"], 127),
    ] {
        let (code, out, error) = output(&[&["run", "--"], command].concat());
        assert_eq!((code, &*out), (Some(status), ""), "{command:?}: {error}");
        let own = status == 126 || status == 127;
        assert_eq!(error.contains(command[0]), own, "{command:?}: {error}");
    }
}

#[test]
fn a_program_finds_its_kernel_side() {
    // Two commands of one run see the same kernel side, in a folder that is nobody else's and gone afterwards.
    let script = r#"
        set -e
        "$NETLOOM" do doc_exmpl say '{"msg":"from the first"}' >&2
        "$NETLOOM" dump doc_exmpl list --json >&2
        "$NETLOOM" wg show interfaces
        stat -c %a "$(dirname "$NETLOOM_KERNEL")"
        echo "$NETLOOM_KERNEL"
    "#;
    // A unix socket's path is short, that of the folder for temporary files need not be.
    for name in ["short", &"a long way to go ".repeat(5)] {
        let folder = tempfile::tempdir().unwrap();
        let temp = folder.path().join(name);
        fs::create_dir(&temp).unwrap();
        let mut run = netloom(&["run", "--module", "doc_exmpl", "--module", "wireguard=wg7", "--", "sh", "-c", script]);
        // The default of other verbs is none of run's.
        let output = run.env("TMPDIR", &temp).env("NETLOOM_KERNEL", "/nowhere").output().unwrap();
        let (status, out, error) = told(&output);
        assert_eq!(status, Some(0), "{error}");
        assert!(error.contains("from the first"), "{error}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[..2], ["wg7", "700"], "{out}");
        assert!(lines[2].ends_with("/kernel") && !Path::new(lines[2]).parent().unwrap().exists(), "{out}");
        assert_eq!(fs::read_dir(&temp).unwrap().count(), 0);
    }
}

#[test]
fn run_joins_what_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let server = Server::start(&path, &["--module", "doc_exmpl"]);
    let say = r#""$NETLOOM" do doc_exmpl say '{"msg":"joined"}' && cd / && "$NETLOOM" dump doc_exmpl list --json"#;
    // By a relative path: the program may be elsewhere.
    let mut run = netloom(&["run", "--kernel", "./kernel", "--", "sh", "-c", say]);
    let (status, out, error) = told(&run.current_dir(folder.path()).output().unwrap());
    assert_eq!(status, Some(0), "{error}");
    assert!(out.contains("joined"), "{out}");
    assert!(path.exists(), "who joins removes nothing");
    drop(server);
    let (status, out, _) = output(&["run", "--kernel", "linux", "--", "sh", "-c", "echo $NETLOOM_KERNEL"]);
    assert_eq!((status, &*out), (Some(0), "linux\n"));
}

#[test]
fn signals_are_passed_on() {
    for (signal, trap, status) in
        [("TERM", "exit 9", 9), ("INT", "exit 10", 10), ("USR1", "exit 11", 11), ("HUP", "", 129)]
    {
        let trap = if trap.is_empty() { String::new() } else { format!("trap '{trap}' {signal};") };
        let script = format!("{trap} echo ready; while :; do sleep 0.02; done");
        // Whoever runs the tests may ignore some of them.
        let mut command = Command::new("env");
        command.args(["--default-signal", NETLOOM, "run", "--", "sh", "-c", &script]);
        let mut run = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(run.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        send(signal, run.id());
        assert_eq!(wait(&mut run).code(), Some(status), "{signal}");
    }
}

#[test]
fn what_is_ignored_stays_ignored() {
    let script = r#"trap '' HUP; exec "$0" run -- sh -c 'echo ready; read line; echo $line'"#;
    let mut command = Command::new("sh");
    let mut run = command.args(["-c", script, NETLOOM]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(run.stdout.take().unwrap()).lines();
    assert_eq!(out.next().unwrap().unwrap(), "ready");
    send("HUP", run.id());
    run.stdin.take().unwrap().write_all(b"alive\n").unwrap();
    assert_eq!(out.next().unwrap().unwrap(), "alive", "as under nohup");
    assert_eq!(wait(&mut run).code(), Some(0));
}

#[test]
fn a_reader_that_has_stopped_reading_does_not_keep_a_listener() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let kernel = path.to_str().unwrap();
    let _server = Server::start(&path, &["--module", "doc_exmpl"]);
    let mut listener = netloom(&["listen", "doc_exmpl", "--json", "--kernel", kernel]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(listener.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("netloom: listening to "), "{line}");
    // More than a pipe holds.
    let text = format!(r#"{{"msg":"{}"}}"#, "x".repeat(60_000));
    for _ in 0..3 {
        assert_eq!(output(&["do", "doc_exmpl", "say", &text, "--kernel", kernel]).0, Some(0));
    }
    std::thread::sleep(Duration::from_millis(100));
    send("INT", listener.id());
    assert_eq!(wait(&mut listener).code(), Some(0));
}

#[test]
fn a_server_takes_as_many_files_as_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let script = r#"ulimit -Sn 40; exec "$0" serve --module doc_exmpl --socket "$1""#;
    let mut command = Command::new("sh");
    let mut server = Server(command.args(["-c", script, NETLOOM]).arg(&path).stderr(Stdio::piped()).spawn().unwrap());
    BufReader::new(server.0.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
    // Each has two in the server, and an epoll.
    let open = || Connection::over(Arc::new(Dialer::connect(&path).unwrap()));
    let open: Vec<Connection> = std::iter::repeat_with(open).take(100).collect();
    for nl in &open {
        assert_eq!(nl.call(Echo, &Msg::new()).unwrap().msg.as_deref(), Some("Hello from kernel space!!!"));
    }
    assert_eq!(server.signal("TERM").code(), Some(0));
}
