//! A million random requests, most of them wrong, to the Linux underneath and to our kernel side, which has learned Linux's
//! families: what one refuses, the other refuses alike, to the byte.

use std::process::Command;

/// As many as are asked for, none of them twice.
const CASES: u64 = 1_000_000;

// Items A5 to A16, D15 to D17, D26 to D30, E1 to E16.
#[test]
fn what_we_refuse_linux_refuses_alike() {
    let cases = CASES.to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_conformance")).args(["--differ", &cases]).output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{told}");
    assert!(output.status.success(), "{told}{errors}");
    if told.starts_with("skipped: ") {
        return;
    }
    let summary = told.lines().find(|line| line.starts_with("Linux: ")).unwrap();
    assert!(summary.starts_with(&format!("Linux: {CASES} cases ")), "{summary}");
    let share = |of: &str| -> f64 {
        let before = summary.split_once(of).unwrap_or_else(|| panic!("no {of:?} in {summary}")).0;
        before.rsplit(' ').next().unwrap().parse().unwrap()
    };
    // What only passes, or only fails at once, shows little.
    assert!((20.0..=60.0).contains(&share("% passed")), "{summary}");
    assert!(share("% excused") < 1.0, "{summary}");
}

#[test]
fn a_request_is_replayed() {
    // GETFAMILY of nlctrl by id, with its version cut short.
    let request = "1a00000010000500010000000000000003020000050001001000";
    let output = Command::new(env!("CARGO_BIN_EXE_conformance")).args(["--replay", request]).output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if told.starts_with("skipped: ") {
        return println!("{told}");
    }
    assert!(output.status.success(), "{told}{errors}");
    assert!(told.contains("Linux: ERANGE") && told.contains("ours:  ERANGE"), "{told}");
}

#[test]
fn what_cannot_be_meant_together_is_refused() {
    for words in [
        &["--in-process", "--linux"][..],
        &["--in-process", "--differ", "9"],
        &["--differ", "0"],
        &["--differ", "9", "--record"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_conformance")).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
    }
}
