//! Programs run under the command, as root and as a user without rights.

mod folder;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub(crate) const NOBODY: u32 = 65_534;

/// Who runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Own,
    Nobody,
}

/// Where programs are. Root's own path may lead where nobody else may look.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A copy of the command where everybody may execute it.
pub(crate) fn netloom() -> &'static Path {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    COPY.get_or_init(|| {
        let copy = folder::until_the_end().join("netloom");
        // By a program of its own: what this one writes, a child of another thread's may have open, and cannot be executed then.
        let copied = Command::new("cp").args([env!("CARGO_BIN_EXE_netloom").as_ref(), copy.as_os_str()]).status();
        assert!(copied.unwrap().success());
        copy
    })
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// The users that a test can be: root has both.
pub(crate) fn users() -> Vec<User> {
    if is_root() {
        return vec![User::Own, User::Nobody];
    }
    eprintln!("skipped: becoming another user takes root");
    vec![User::Own]
}

pub(crate) fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !there {
        eprintln!("skipped: no {program}");
    }
    there
}

pub(crate) fn command(user: User, args: &[&str]) -> Command {
    let mut command = Command::new(netloom());
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).current_dir("/");
    for variable in ["NETLOOM_KERNEL", "NETLOOM", "WG_COLOR_MODE", "WG_HIDE_KEYS", "TMPDIR"] {
        command.env_remove(variable);
    }
    command.env("PATH", PATH);
    if user == User::Nobody {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

pub(crate) fn told(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub(crate) fn run(user: User, options: &[&str], program: &[&str]) -> (Option<i32>, String, String) {
    told(&mut command(user, &[&["run"], options, &["--"], program].concat()))
}

pub(crate) const MODES: [&str; 3] = ["sync", "full", "fast"];
