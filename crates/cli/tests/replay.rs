//! `--replay`: what was recorded is answered again, in process and by a server, and nothing else is.
#![cfg(target_endian = "little")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const NETLOOM: &str = env!("CARGO_BIN_EXE_netloom");

fn netloom(args: &[&str]) -> Output {
    Command::new(NETLOOM).args(args).env_remove("NETLOOM_KERNEL").stdin(Stdio::null()).output().expect("it starts")
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// What it prints; it succeeds.
fn printed(args: &[&str]) -> String {
    let (code, out, err) = told(&netloom(args));
    assert_eq!((code, &*err), (Some(0), ""), "{args:?}: {err}");
    out
}

/// Records what a script does in a kernel side with a module; the script finds our command as $NETLOOM.
fn recorded(folder: &Path, module: &str, script: &str) -> (String, String) {
    let file = folder.join("said.pcap").to_str().unwrap().to_owned();
    let out = printed(&["run", "--module", module, "--record", &file, "--", "sh", "-euc", script]);
    (file, out)
}

#[test]
fn a_session_is_had_again_from_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, format!("{}p6c=\n", "p6en".repeat(10))).unwrap();
    let session = format!(
        "\"$NETLOOM\" wg show wg0 listen-port; \"$NETLOOM\" wg set wg0 listen-port 5 private-key {}; \"$NETLOOM\" wg show wg0 \
         listen-port; ! \"$NETLOOM\" wg show wg7 2>&1; \"$NETLOOM\" list wireguard --json",
        key.display()
    );
    let (file, first) = recorded(folder.path(), "wireguard=wg0", &session);
    assert!(first.starts_with("0\n5\n"), "{first}");
    // The same again, without a module: the key was not recorded and does not matter, the second answer is the later one.
    let (code, again, err) = told(&netloom(&["run", "--replay", &file, "--", "sh", "-euc", &session]));
    assert_eq!((code, again), (Some(0), first), "{err}");
    assert_eq!(err, "", "all of it is in the record");
}

#[test]
fn a_dump_beyond_any_queue_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.pcap");
    let path = file.to_str().unwrap();
    let names: Vec<String> = (0..6000).map(|n| format!("wg{n}")).collect();
    let module = format!("wireguard={}", names.join(","));
    let ask = ["dump", "rt-link", "getlink", "--json"];
    let own = ["--kernel", "embedded", "--module", &module, "--record", path];
    let links = printed(&[&ask[..], &own].concat());
    let size = fs::metadata(&file).unwrap().len();
    assert!(size > 3 * 212_992, "{size} bytes are no more than a few queues");
    assert_eq!(printed(&[&ask[..], &["--replay", path]].concat()), links, "in process");
    let script = "\"$NETLOOM\" dump rt-link getlink --json; \"$NETLOOM\" dump rt-link getlink --json";
    let served = printed(&["run", "--replay", path, "--", "sh", "-euc", script]);
    assert!(served == format!("{links}{links}"), "through a server, twice");
}

#[test]
fn what_is_not_in_the_record_is_refused_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let ask = r#""$NETLOOM" do doc_exmpl echo '{"msg":"hi"}'"#;
    let (file, _) = recorded(folder.path(), "doc_exmpl", ask);
    for (args, status, said, line) in [
        (&["do", "doc_exmpl", "echo", r#"{"msg":"hi"}"#][..], 0, "", ""),
        (
            &["do", "doc_exmpl", "echo", r#"{"msg":"ho"}"#],
            1,
            "DOC_EXMPL echo: EOPNOTSUPP: not in the record",
            r#"netloom: not in the record: -> DOC_EXMPL echo REQUEST|ACK seq 2: {"msg":"ho"}"#,
        ),
        (&["dump", "wireguard", "get-device", "{}"], 1, "wireguard", "not in the record: -> nlctrl getfamily"),
        (&["dump", "doc_exmpl", "list"], 1, "EOPNOTSUPP", "not in the record: -> DOC_EXMPL list REQUEST|DUMP"),
        // Its family was told of in answer to another question.
        (&["list", "doc_exmpl", "--json"], 0, "", ""),
        (&["dump", "rt-link", "getlink"], 1, "EPROTONOSUPPORT", ""),
    ] {
        let (code, _, err) = told(&netloom(&[args, &["--replay", &file]].concat()));
        assert_eq!(code, Some(status), "{args:?}: {err}");
        assert!(err.contains(said) && err.contains(line), "{args:?}: {err}");
    }
}

#[test]
fn records_without_answers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    for (bytes, said) in [
        (&b"24 00"[..], "neither a capture nor lines of strace"),
        (b"execve(\"/bin/true\", [\"true\"], 0x7ffe /* 9 vars */) = 0\n", "no request in it"),
    ] {
        fs::write(&file, bytes).unwrap();
        let (code, _, err) = told(&netloom(&["list", "--replay", file.to_str().unwrap()]));
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(said), "{err}");
    }
}

/// A program that knows nothing of us, on Linux once and on the record of that from then on.
#[test]
fn a_program_nobody_changed_has_its_session_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.txt");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-xx", "-s", "65536", "-e", "trace=network", "-e", "write=all", "-e", "read=all", "-o"]);
    let traced = match strace.arg(&file).args(["genl", "ctrl", "list"]).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => output.stdout,
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            return eprintln!("skipped: strace genl: {}", why.lines().last().unwrap_or_default());
        }
        Err(_) => return eprintln!("skipped: strace is not installed"),
    };
    if !netloom(&["run", "--module", "doc_exmpl", "--", "true"]).status.success() {
        return eprintln!("skipped: programs cannot be interposed here");
    }
    let (code, out, err) = told(&netloom(&["run", "--replay", file.to_str().unwrap(), "--", "genl", "ctrl", "list"]));
    assert_eq!((code, &*out), (Some(0), &*String::from_utf8(traced).unwrap()), "{err}");
}

/// What strace printed of another client is answered to ours, as far as it asks the same.
#[test]
fn a_trace_of_strace_is_answered_from() {
    let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/genl.strace");
    let own = printed(&[
        "do",
        "nlctrl",
        "getfamily",
        r#"{"family-name":"nlctrl"}"#,
        "--json",
        "--replay",
        trace.to_str().unwrap(),
    ]);
    assert!(own.contains(r#""family-id":16"#), "{own}");
}
