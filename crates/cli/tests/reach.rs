//! What every system call that takes a descriptor says of a netlink socket, interposed and on the Linux underneath.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

const NOBODY: u32 = 65_534;

/// What a program prints.
fn told(program: &Path, args: &[&str], user: Option<u32>) -> String {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).current_dir("/").env_remove("NETLOOM_KERNEL");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether the kernel can be asked which memory a program may write: Linux 6.11 and newer.
fn knows_fixed_memory() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(0));
    let known = (numbers.next(), numbers.next()) >= (Some(6), Some(11));
    if !known {
        eprintln!("skipped: memory that is not to be written, before Linux 6.11");
    }
    known
}

#[test]
fn every_call_that_takes_a_descriptor_says_what_linux_says() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let [netloom, client] = ["netloom", "reach"].map(|name| folder.path().join(name));
    // By a program of its own: what this one writes, a child of another thread's may have open, and cannot be executed then.
    let copied = Command::new("cp").args([env!("CARGO_BIN_EXE_netloom").as_ref(), netloom.as_os_str()]).status();
    assert!(copied.unwrap().success());
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-std=gnu11", "-Wall", "-Wextra", "-Wno-stringop-overflow", "-Werror", "-o"]).arg(&client);
    match compiler.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reach.c")).status() {
        Ok(status) => assert!(status.success()),
        Err(error) => return eprintln!("skipped: no C compiler ({error})"),
    }
    let mut users = vec![None];
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        users.push(Some(NOBODY));
    } else {
        eprintln!("skipped: becoming another user takes root");
    }
    let fixed = knows_fixed_memory();
    for user in users {
        for mode in ["sync", "full", "fast"] {
            let linux = told(&client, &[mode], user);
            let here = told(&netloom, &["run", "--mode", mode, "--", client.to_str().unwrap(), mode], user);
            let compared = |line: &&str| {
                // Who runs a kernel side is its administrator: SO_SNDBUFFORCE, SO_RCVBUFFORCE and NETLINK_LISTEN_ALL_NSID.
                let rights = ["option 1 32:", "option 1 33:", "option 270 8:"];
                let own = user.is_some() && rights.iter().any(|right| line.starts_with(right));
                !own && (fixed || !line.contains("fixed"))
            };
            let lines = |text: &str| -> Vec<String> { text.lines().filter(compared).map(str::to_owned).collect() };
            let (linux, here) = (lines(&linux), lines(&here));
            assert!(linux.len() > 250, "{linux:?}");
            let differ: Vec<_> = linux.iter().zip(&here).filter(|(linux, here)| linux != here).collect();
            assert!(differ.is_empty() && linux.len() == here.len(), "{user:?} {mode}: {differ:#?}");
        }
    }
}
