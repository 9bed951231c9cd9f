//! Programs that harm themselves while others do their calls.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use super::{apart, compiled, full, run};

/// The supervisor keeps its head and nothing else, and others are answered what they asked.
#[test]
fn who_harms_itself_harms_nobody_else() {
    let Some(foe) = compiled("crowd/foe") else { return };
    let rounds = if full() { 2_000 } else { 60 };
    // Closing is heard of a moment later.
    let script = r#"
        open() { ls /proc/$PPID/fd | wc -l; }
        "$0" 1 0
        before=$(open)
        for seed in 2 3 4; do timeout 300 "$0" $seed $1 & done
        wait
        for n in $(seq 500); do test $(open) -le $before && echo clean && break; sleep 0.02; done
    "#;
    for mode in ["sync", "full", "fast"] {
        let Some(mut command) = apart(&["--mode", mode, "--module", "wireguard=wg0"]) else { return };
        command.args(["sh", "-c", script]).arg(&foe).arg(rounds.to_string());
        let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert_eq!((output.status.code(), &*out), (Some(0), "well\nwell\nwell\nwell\nclean\n"), "{mode}: {err}");
        assert!(!err.contains("panicked"), "{mode}: {err}");
    }
}

/// A socket is put under a number of which it was seen that it is free.
#[test]
fn no_file_that_is_opened_meanwhile_is_replaced_by_a_socket() {
    let Some(foe) = compiled("crowd/foe") else { return };
    for mode in ["sync", "full"] {
        let output = run(&["--mode", mode]).arg(&foe).arg("files").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "well\n", "{mode}: {output:?}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_32_bit_code_end_their_program_with_a_reason() {
    const SIGSYS: i32 = 31;
    let Some(foe) = compiled("crowd/foe") else { return };
    let alone = std::process::Command::new(&foe).arg("int80").output().unwrap();
    if !alone.status.success() {
        return eprintln!("skipped: this kernel has no 32-bit system calls ({:?})", alone.status.signal());
    }
    let output = run(&[]).arg(&foe).arg("int80").stderr(Stdio::piped()).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(128 + SIGSYS), &b""[..]), "{err}");
    assert!(err.starts_with("netloom: foe") || err.starts_with("netloom: crowd-foe"), "{err}");
    assert!(
        err.contains("it is 32-bit code, which cannot be interposed, and is ended") && err.lines().count() == 1,
        "{err}"
    );
}
