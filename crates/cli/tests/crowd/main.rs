//! Many interposed programs at once on one server; servers, supervisors and programs that are killed; and what is left of
//! all of them: nothing.
//!
//! `NETLOOM_CROWD=full`, as `cargo xtask test --full` has it, takes longer: a hundred round trips and ten thousand objects a
//! client instead of ten and a thousand, a million opens instead of twenty thousand.

mod ends;
mod foes;
#[path = "../programs/folder.rs"]
mod folder;
mod killed;
mod many;
mod rights;
mod server;

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const NETLOOM: &str = env!("CARGO_BIN_EXE_netloom");

fn full() -> bool {
    env::var_os("NETLOOM_CROWD").is_some_and(|how| how == "full")
}

/// A client in C; none where there is no compiler.
fn compiled(name: &'static str) -> Option<PathBuf> {
    let client = folder::until_the_end().join(format!("{}-{:?}", name.replace('/', "-"), std::thread::current().id()));
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let source = format!("{}/tests/{name}.c", env!("CARGO_MANIFEST_DIR"));
    match Command::new(compiler)
        .args(["-std=gnu11", "-Wall", "-Werror", "-pthread", "-o"])
        .arg(&client)
        .arg(source)
        .status()
    {
        Ok(status) => assert!(status.success()),
        Err(error) => {
            eprintln!("skipped: no C compiler ({error})");
            return None;
        }
    }
    Some(client)
}

/// `netloom run` with these options.
fn run(options: &[&str]) -> Command {
    let mut command = Command::new(NETLOOM);
    command.arg("run").args(options).arg("--").env_remove("NETLOOM_KERNEL");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The same, as root in a network namespace of its own: calls at random would change the machine's interfaces. `None` where
/// there can be none.
fn apart(options: &[&str]) -> Option<Command> {
    let plain = run(options);
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
        return Some(plain);
    }
    if !Command::new("unshare").args(["--net", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no network namespace for calls at random (unshare --net fails)");
        return None;
    }
    let mut command = Command::new("unshare");
    command.arg("--net").arg(NETLOOM).args(plain.get_args()).env_remove("NETLOOM_KERNEL");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    Some(command)
}
