//! Clients in C.

use std::process::Command;

use crate::programs::netloom;

/// Compiles a client in C to where everybody may execute it.
pub(crate) fn compiled(source: &str, name: &str, flags: &[&str]) -> Option<String> {
    let client = netloom().with_file_name(name);
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let source = format!("{}/{source}", env!("CARGO_MANIFEST_DIR"));
    let mut build = Command::new(compiler);
    build.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]).arg(&client).arg(source).args(flags);
    match build.status() {
        Ok(status) => assert!(status.success(), "{build:?}"),
        Err(error) => {
            eprintln!("skipped: no C compiler ({error})");
            return None;
        }
    }
    Some(client.to_str().unwrap().to_owned())
}
