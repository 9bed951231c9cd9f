//! `--record` and `--trace` where datagrams pass: of the verbs that call, and in the kernel side of serve and run.
#![cfg(target_endian = "little")]

#[path = "programs/steady.rs"]
mod steady;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use netloom_dynamic::capture::{Form, packets};
use netloom_dynamic::{Direction, Families, Options, Tracer};
use steady::while_steady;

/// The middle of a key: the kernel changes its ends.
const KEY: [u8; 16] = [0xa7; 16];

fn netloom(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netloom"));
    command.args(args).env_remove("NETLOOM_KERNEL").stdin(Stdio::null());
    command.output().expect("it starts")
}

/// Also of names that are no text, as interfaces may have.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// What a record says, line by line.
fn lines(path: &Path) -> Vec<String> {
    let families = Families::new(netloom::families::FAMILIES.iter().copied());
    let mut tracer = Tracer::new(families.into(), Options::default());
    let file = fs::read(path).unwrap();
    assert_eq!(Form::of(&file), Some(Form::Pcap));
    let mut lines = Vec::new();
    for packet in packets(Form::Pcap, &file) {
        let packet = packet.unwrap();
        lines.extend(tracer.lines(packet.protocol.unwrap(), packet.way(), &packet.bytes));
    }
    lines
}

/// A script that sets a private key, and a program's environment that says where the kernel side is.
fn script(folder: &Path) -> String {
    let key = folder.join("key");
    fs::write(&key, format!("{}p6c=\n", "p6en".repeat(10))).unwrap();
    format!(
        "\"$NETLOOM\" wg set wg0 listen-port 5 private-key {} && \"$NETLOOM\" wg show wg0 listen-port",
        key.display()
    )
}

#[test]
fn what_the_verbs_say_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.pcap");
    let path = file.to_str().unwrap();
    let own = ["--kernel", "embedded", "--module", "doc_exmpl", "--record", path];
    for (args, says) in [
        (&["do", "doc_exmpl", "echo", "{\"msg\":\"hi\"}"][..], "-> DOC_EXMPL echo REQUEST|ACK seq 2: {\"msg\":\"hi\"}"),
        (&["list"], "-> nlctrl getfamily REQUEST|DUMP"),
        (
            &["send", "--type", "DOC_EXMPL", "--cmd", "1", "--attr", "1=ho"],
            "-> DOC_EXMPL echo REQUEST|ACK seq 1: {\"msg\":\"ho\"}",
        ),
    ] {
        let output = netloom(&[&own[..], args].concat());
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        let lines = lines(&file);
        assert!(lines.iter().any(|line| line.starts_with(says)), "{args:?}: {lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("<- ")), "{args:?}: {lines:?}");
    }
}

#[test]
fn keys_stay_out_of_records_and_traces_unless_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.pcap");
    let script = script(folder.path());
    let run = |more: &[&str]| {
        let args =
            [&["run", "--module", "wireguard=wg0", "--trace", "--record", file.to_str().unwrap()], more].concat();
        let output = netloom(&[&args[..], &["--", "sh", "-c", &script]].concat());
        assert_eq!((output.status.code(), &*text(&output.stdout)), (Some(0), "5\n"), "{}", text(&output.stderr));
        (text(&output.stderr), fs::read(&file).unwrap())
    };
    let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();

    let (trace, record) = run(&[]);
    assert!(!holds(&record, &KEY) && !trace.contains(&key), "{trace}");
    let set = "-> wireguard set-device REQUEST|ACK seq ";
    let line = trace.lines().find(|line| line.contains(set)).expect(&trace);
    assert!(line.contains(r#""private-key":"(hidden)","listen-port":5"#), "{line}");
    // Time, program, direction.
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.len() == 15 && time.matches(':').count() == 2, "{line}");
    let (program, _) = rest.split_once("] -> ").unwrap();
    let (name, process) = program.split_once('[').unwrap();
    assert_eq!(name, "netloom", "{line}");
    assert!(process.parse::<u32>().is_ok(), "{line}");
    // Everything else is there, the length of the key included.
    let lines = lines(&file);
    assert!(lines.iter().any(|line| line.starts_with(set) && line.contains("\"listen-port\":5")), "{lines:?}");
    assert_eq!(lines.len(), trace.lines().count(), "{lines:?}\n{trace}");

    let (trace, record) = run(&["--show-keys"]);
    assert!(holds(&record, &KEY) && trace.contains(&key), "{trace}");
}

#[test]
fn what_passes_a_server_is_recorded_and_stays_when_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, socket) = (folder.path().join("said.pcap"), folder.path().join("kernel"));
    // One that all could read before.
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_netloom"));
    server.args(["serve", "--module", "doc_exmpl", "--record"]).arg(&file).arg("--socket").arg(&socket);
    let mut server = server.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !socket.exists() {
        assert!(server.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    let output = netloom(&["do", "doc_exmpl", "echo", "{\"msg\":\"hi\"}", "--kernel", socket.to_str().unwrap()]);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = lines(&file);
    let echoed: Vec<&String> = lines.iter().filter(|line| line.contains("DOC_EXMPL echo")).collect();
    assert_eq!(echoed.len(), 2, "{lines:?}");
    // It is nobody else's to read.
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn records_that_cannot_be_are_told() {
    let output = netloom(&["list", "--record", "/nonexistent/file"]);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.starts_with("netloom: --record /nonexistent/file: No such file"), "{err}");
    // A full disk is told once, and stops nothing.
    let output = netloom(&["list", "--kernel", "embedded", "--record", "/dev/full"]);
    assert_eq!(output.status.code(), Some(1), "the header does not fit: {}", text(&output.stderr));
    let output = netloom(&["gen", "x.yaml", "-o", "x.rs", "--record", "f"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn what_is_read_is_not_recorded_over() {
    let folder = tempfile::tempdir().unwrap();
    let (said, link) = (folder.path().join("said.pcap"), folder.path().join("link"));
    let [path, other] = [&said, &link].map(|path| path.to_str().unwrap());
    assert!(netloom(&["list", "--kernel", "embedded", "--record", path]).status.success());
    std::os::unix::fs::symlink(&said, &link).unwrap();
    let before = fs::read(&said).unwrap();
    for line in [
        &["decode", path, "--record", path][..],
        &["decode", other, "--record", path],
        &["list", "--replay", path, "--record", other],
    ] {
        let output = netloom(line);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line:?}: {err}");
        assert!(err.contains("that is the file to be read"), "{line:?}: {err}");
        assert!(fs::read(&said).unwrap() == before, "{line:?}: the record is as it was");
    }
}

#[test]
fn a_spec_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("doc_exmpl.yaml");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../families/specs/doc_exmpl.yaml");
    fs::copy(source, &spec).unwrap();
    let path = spec.to_str().unwrap();
    let output = netloom(&["gen", path, "-o", path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).ends_with("that is the spec itself: write to another file\n"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(fs::read(&spec).unwrap(), fs::read(source).unwrap());
}

#[test]
fn a_trace_of_strace_becomes_a_capture() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.pcap");
    let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/dumped.strace");
    let output = netloom(&["decode", trace.to_str().unwrap(), "--record", file.to_str().unwrap()]);
    let said: Vec<String> =
        text(&output.stdout).lines().map(|line| line.split_once("] ").unwrap().1.to_owned()).collect();
    assert_eq!(lines(&file), said);
}

/// Programs that nobody changed, at a kernel side of ours and at Linux: what passes is recorded, and can be had again.
#[test]
fn interposed_programs_are_recorded() {
    if Command::new("ip").arg("-V").output().is_err() {
        return eprintln!("skipped: ip is not installed");
    }
    let probe = netloom(&["run", "--module", "doc_exmpl", "--", "true"]);
    if !probe.status.success() {
        return eprintln!("skipped: programs cannot be interposed here: {}", text(&probe.stderr));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.pcap");
    let path = file.to_str().unwrap();
    let links = ["ip", "-o", "link", "show", "up"];
    let plain = || text(&Command::new("ip").args(&links[1..]).output().unwrap().stdout);
    for side in [&["--kernel", "linux"][..], &["--module", "wireguard=wg7"]] {
        let run = || netloom(&[&["run", "--trace", "--record", path], side, &["--"], &links].concat());
        let (plain, output) = while_steady(plain, run);
        assert_eq!(text(&output.stdout), plain, "{side:?}: {}", text(&output.stderr));
        let trace = text(&output.stderr);
        let asked = trace.lines().filter(|line| line.contains("-> rt-link getlink")).count();
        assert_eq!(asked, 1, "{side:?}: once each: {trace}");
        assert!(trace.lines().any(|line| line.contains(" ip[") && line.contains(r#""ifname":"lo""#)), "{trace}");
        // What is ours is in the merged dump that the program got.
        let ours = trace.contains(r#""ifname":"wg7""#);
        assert_eq!(ours, side.contains(&"--module"), "{trace}");
        assert_eq!(lines(&file).len(), trace.lines().count(), "{side:?}: {trace}");
        // From the record.
        let again = netloom(&[&["run", "--replay", path, "--"], &links[..]].concat());
        assert_eq!(text(&again.stdout), plain, "{side:?}: {}", text(&again.stderr));
    }
}

/// Wireshark's own reader, where it is installed.
#[test]
fn wireshark_reads_what_is_recorded() {
    if Command::new("tshark").arg("--version").output().is_err() {
        eprintln!("skipped: tshark is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.pcap");
    let path = file.to_str().unwrap();
    let output = netloom(&["list", "--kernel", "embedded", "--record", path]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut tshark = Command::new("tshark");
    tshark.args(["-r", path, "-T", "fields", "-E", "separator=/t", "-e", "netlink.hdr_type"]);
    tshark.args(["-e", "frame.protocols", "-e", "genl.ctrl.family_name"]);
    let output = tshark.output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{err}");
    let count = packets(Form::Pcap, &fs::read(&file).unwrap()).count();
    assert_eq!(out.lines().count(), count, "{out}{err}");
    assert!(out.lines().all(|line| line.contains("netlink")), "{out}");
    let ways: Vec<Direction> =
        packets(Form::Pcap, &fs::read(&file).unwrap()).map(|packet| packet.unwrap().way()).collect();
    assert_eq!(ways[0], Direction::Sent);
}
