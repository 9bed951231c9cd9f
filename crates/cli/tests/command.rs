//! The built command: names, statuses, streams.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

fn netloom(name: &str, args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netloom"));
    command.arg0(name).args(args).env_remove("WG_COLOR_MODE");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn only_a_command_line_that_does_not_parse_is_status_two() {
    for (name, args, status, on_stdout) in [
        ("netloom", &["--help"][..], 0, true),
        ("netloom", &["--version"], 0, true),
        ("netloom", &[], 2, false),
        ("netloom", &["frob"], 2, false),
        ("netloom", &["--frob", "wg"], 2, false),
        ("netloom", &["wg", "frob"], 1, false),
        ("netloom", &["wg", "--frob"], 1, false),
        ("netloom", &["wg", "--help"], 0, true),
        ("/usr/bin/wg", &["--help"], 0, true),
        ("wg", &["frob"], 1, false),
        ("wg", &["setconf", "wg0"], 1, false),
    ] {
        let (code, out, err) = netloom(name, args, "");
        assert_eq!(code, Some(status), "{name} {args:?}: {err}");
        assert_eq!((out.is_empty(), err.is_empty()), (!on_stdout, on_stdout), "{name} {args:?}");
    }
}

#[test]
fn keys_go_through_a_pipe() {
    let (code, private, err) = netloom("wg", &["genkey"], "");
    assert_eq!((code, private.len(), &*err), (Some(0), 45, ""), "a pipe is not a world-accessible file");
    let (code, public, _) = netloom("netloom", &["wg", "pubkey"], &private);
    assert_eq!((code, public.len()), (Some(0), 45));
    assert_ne!(private, public);
    let vector = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n";
    assert_eq!(netloom("wg", &["pubkey"], vector).1, "Xf7dO2vUf2+ijuFdlp1bsOpTd01Ii9r53xxuASSz7yI=\n");
}

#[test]
fn a_closed_stdout_ends_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_netloom"))
        .args(["wg", "pubkey"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The reader leaves before there is anything to write.
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(b"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
