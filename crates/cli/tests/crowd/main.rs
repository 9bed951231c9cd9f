//! Many interposed programs at once on one server; servers, supervisors and programs that are killed; and what is left of
//! all of them: nothing.
//!
//! `NETLOOM_CROWD=full`, as `cargo xtask test --full` has it, takes longer: a hundred round trips and ten thousand objects a
//! client instead of ten and a thousand, a million opens instead of twenty thousand.

mod ends;
mod foes;
mod killed;
mod many;
mod rights;
mod server;

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const NETLOOM: &str = env!("CARGO_BIN_EXE_netloom");

fn full() -> bool {
    env::var_os("NETLOOM_CROWD").is_some_and(|how| how == "full")
}

/// A client in C; none where there is no compiler.
fn compiled(name: &'static str) -> Option<PathBuf> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().unwrap().keep());
    let client = folder.join(format!("{}-{:?}", name.replace('/', "-"), std::thread::current().id()));
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
