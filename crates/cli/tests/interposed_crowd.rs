//! Many interposed programs at once, and what is left of them: nothing.

use std::process::{Command, Stdio};

const NETLOOM: &str = env!("CARGO_BIN_EXE_netloom");

/// What a shell says that runs this under netloom, its parent, with the hostile client as `$0`.
fn crowd(script: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let client = folder.path().join("hostile");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile.c");
    match Command::new(compiler).args(["-std=gnu11", "-o"]).arg(&client).arg(source).status() {
        Ok(status) => assert!(status.success()),
        Err(error) => {
            eprintln!("skipped: no C compiler ({error})");
            return None;
        }
    }
    let mut run = Command::new(NETLOOM);
    run.args(["run", "--module", "wireguard=wg0", "--", "sh", "-c", script]).arg(&client);
    let output = run.stdin(Stdio::null()).env_remove("NETLOOM_KERNEL").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn five_hundred_programs_at_once_are_answered() {
    let Some(said) = crowd(r#"for n in $(seq 500); do "$0" $n 0 & done; wait"#) else { return };
    assert_eq!(said.matches("77 16\n").count(), 500, "{said}");
}

/// Whether they closed their sockets or were killed with them open.
#[test]
fn programs_that_end_leave_no_descriptor() {
    // Closing is heard of a moment later.
    let script = r#"
        open() { ls /proc/$PPID/fd | wc -l; }
        "$0" 1 0
        before=$(open)
        for n in $(seq 20); do timeout -s KILL 0.1 "$0" $n 1000000 & done
        "$0" 2 20000
        wait
        for n in $(seq 500); do test $(open) -le $before && echo clean && break; sleep 0.02; done
    "#;
    let Some(said) = crowd(script) else { return };
    assert_eq!(said.lines().last(), Some("clean"), "{said}");
}
