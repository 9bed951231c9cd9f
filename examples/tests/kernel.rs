//! The kernel side's examples print what README.md says they print: they are run as programs, since some of them take
//! signals and count allocations.

use std::path::Path;
use std::process::Command;

/// What README.md says of an example: the lines behind its command.
fn said(example: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let command = format!("$ cargo run -q --example {example}");
    let lines = readme.lines().skip_while(|line| *line != command).skip(1);
    lines.take_while(|line| !line.starts_with(['$', '`'])).map(str::to_owned).collect()
}

fn printed(example: &str) -> Vec<String> {
    let run = Command::new(env!("CARGO"))
        .args(["run", "-q", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .args(["--example", example])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{example}: {errors}");
    String::from_utf8(run.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Whether a line is as said, `…` standing for anything.
fn is_as_said(line: &str, said: &str) -> bool {
    let mut parts = said.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        open = part.is_empty();
    }
    open || rest.is_empty()
}

#[test]
fn lines_are_compared() {
    for (line, said, same) in [
        ("a b c", "a b c", true),
        ("a b c", "a … c", true),
        ("a b c", "a …", true),
        ("a b c", "a b", false),
        ("x", "a …", false),
    ] {
        assert_eq!(is_as_said(line, said), same, "{line} / {said}");
    }
}

#[test]
fn each_prints_what_it_should() {
    let examples = [
        "look_on",
        "my_cmds",
        "custom_protocol",
        "wireguard_set_get",
        "ovs_packet",
        "limits",
        "any_context",
        "uevent",
        "dump_by_fill",
    ];
    for example in examples {
        let (said, printed) = (said(example), printed(example));
        let same = said.iter().zip(&printed).all(|(said, line)| is_as_said(line, said));
        assert!(!said.is_empty() && said.len() == printed.len() && same, "{example}: {printed:#?}, said {said:#?}");
    }
}
