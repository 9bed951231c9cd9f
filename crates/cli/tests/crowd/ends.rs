//! What is left of programs that have ended.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::server::{Cost, Server};
use super::{apart, compiled, full, run};

/// What a shell says that runs this under netloom, its parent, with the hostile client as `$0`.
fn crowd(script: &str) -> Option<String> {
    let client = compiled("hostile")?;
    let mut command = apart(&["--module", "wireguard=wg0"])?;
    command.args(["sh", "-c", script]).arg(&client).stdin(Stdio::null());
    let output = command.output().unwrap();
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

/// Neither descriptors, nor ports, nor memory.
#[test]
fn opens_and_closes_leave_nothing() {
    let Some(client) = compiled("crowd/client") else { return };
    let share = if full() { 200_000 } else { 4_000 };
    for (mode, shares) in [("sync", 3), ("full", 1), ("fast", 1)] {
        open_and_close(&["--mode", mode], &client, share * shares, None);
    }
    let server = Server::start(1);
    let count = if full() { 20_000 } else { 2_000 };
    open_and_close(&["--kernel", server.path()], &client, count, Some(server.child.id()));
}

/// Has a program open and close so many sockets, and looks at its supervisor, and the server if there is one.
fn open_and_close(options: &[&str], client: &Path, count: u32, server: Option<u32>) {
    /// KiB that the allocator may keep, whatever was opened: less than a byte for each of a million.
    const KEPT: usize = 900;
    // A line is how many to open. What is told is how many are open then, behind a heading.
    let script = r#"while read count; do "$0" opens $count; "$NETLOOM" sockets | wc -l; done"#;
    let mut command = run(options);
    let mut supervisor = command.args(["sh", "-c", script]).arg(client).spawn().unwrap();
    let mut input = supervisor.stdin.take().unwrap();
    let mut said = BufReader::new(supervisor.stdout.take().unwrap()).lines();
    let processes: Vec<u32> = [supervisor.id()].into_iter().chain(server).collect();
    let mut opens = |count: u32| -> (String, Vec<Cost>) {
        writeln!(input, "{count}").unwrap();
        assert_eq!(said.next().unwrap().unwrap(), "opened", "{options:?}");
        let left = said.next().unwrap().unwrap();
        (left, processes.iter().map(|process| Cost::of(*process)).collect())
    };
    // What it keeps for the next is there, and what is let go a moment later is gone.
    let before = opens(1_000).1;
    std::thread::sleep(Duration::from_millis(100));
    let first = opens(1).1;
    let before: Vec<(usize, usize)> =
        before.iter().zip(&first).map(|(a, b)| (a.files.min(b.files), a.now.max(b.now))).collect();
    let (mut left, mut after) = opens(count);
    let is_clean = |left: &str, after: &[Cost]| {
        left == "1" && after.iter().zip(&before).all(|(after, before)| after.files <= before.0)
    };
    for _ in 0..500 {
        if is_clean(&left, &after) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        (left, after) = opens(1);
    }
    println!("opens {options:?}: {count}: descriptors and KiB before {before:?}, then {after:?}");
    assert!(is_clean(&left, &after), "{options:?}: {left}, {before:?}, {after:?}");
    for (after, (_, before)) in after.iter().zip(&before) {
        assert!(after.now <= before + KEPT, "{options:?}: {before} KiB, {after:?}");
    }
    drop(input);
    supervisor.wait().unwrap();
}
