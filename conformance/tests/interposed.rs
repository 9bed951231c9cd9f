//! The runner itself, interposed: what it takes for Linux is our kernel side behind system calls, and has to answer as the
//! Linux that was recorded.

use std::process::{Command, Stdio};
use std::sync::Arc;

use netloom::kernel::Kernel;
use netloom_conformance::{Record, Release};
use netloom_interpose::{Interposer, Local, Mode};

#[test]
fn in_full_mode_nothing_differs_from_linux() {
    let Some(here) = Release::here().filter(|here| Record::releases().contains(here)) else {
        return println!("skipped: the runner takes what it finds for the Linux here, which has no record");
    };
    let version = here.to_string().parse().unwrap();
    let kernel = Kernel::builder().behave_like(version).build();
    let mut runner = Command::new(env!("CARGO_BIN_EXE_conformance"));
    runner.arg("--linux").stdout(Stdio::piped()).stdin(Stdio::null());
    let interposer = Interposer::new(Arc::new(Local(kernel))).mode(Mode::Full);
    let (child, _supervision) = interposer.spawn(runner).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    // All items that Linux itself can be seen to have here.
    let sum = told.lines().find_map(|line| line.strip_prefix("Linux: ")).unwrap();
    let agree: u32 = sum.split(' ').next().unwrap().parse().unwrap();
    assert!(agree >= 80 && sum.contains(" 0 differ"), "{told}");
}
