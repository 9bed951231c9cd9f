//! Sockets that root has opened, in the hands of somebody without rights.

use std::process::{Command, Stdio};

use super::server::serve_module;
use super::{compiled, run};

#[test]
fn nobody_has_roots_rights_on_roots_sockets() {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if !is_root {
        return eprintln!("skipped: becoming another user takes root");
    }
    let Some(client) = compiled("crowd/passed") else { return };
    let said = |command: &mut Command| {
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (served, path, _folder) = serve_module("wireguard");
    let served_by = ["--kernel", &*path];
    for exact in [&[][..], &["exact"]] {
        let linux = said(Command::new(&client).args(exact).stdout(Stdio::piped()));
        assert!(linux.contains("inherited: change EPERM make EPERM\n") && !linux.contains(" 0"), "{linux}");
        for side in [&["--module", "wireguard"][..], &served_by, &["--kernel", "linux", "--trace"]] {
            let modes: &[&str] = if exact.is_empty() { &["sync", "fast"] } else { &["full"] };
            for mode in modes {
                let options = [side, &["--mode", mode]].concat();
                let here = said(run(&options).arg(&client).args(exact));
                assert_eq!(here, linux, "{side:?} {mode}");
            }
        }
    }
    drop(served);
}
