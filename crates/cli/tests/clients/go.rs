//! Clients in Go, built of Debian's packages of Go's libraries.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::programs::netloom;

/// Where Debian has the sources of libraries.
const GOPATH: &str = "/usr/share/gocode";

/// Builds `clients/NAME.go`, which needs a library, to where everybody may execute it: static, without libc.
pub(crate) fn built(name: &str, library: &str) -> Option<String> {
    let there = Path::new(GOPATH).join("src").join(library).is_dir();
    if !there || !Command::new("go").arg("version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
    {
        eprintln!("skipped: no Go, or no {library} for it (Debian: golang-go and golang-…-dev)");
        return None;
    }
    let client = netloom().with_file_name(name);
    let source = format!("{}/tests/clients/{name}.go", env!("CARGO_MANIFEST_DIR"));
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(&client).arg(source);
    for (name, value) in [("GO111MODULE", "off"), ("GOPATH", GOPATH), ("GOFLAGS", ""), ("CGO_ENABLED", "0")] {
        build.env(name, value);
    }
    // Kept from one time to the next: what it builds is the libraries, mostly.
    build.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"));
    let output = build.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{build:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(client.to_str().unwrap().to_owned())
}
