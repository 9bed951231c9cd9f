//! Installs what the tests can use and the machine lacks.

use std::env;
use std::fs;
use std::process::Command;

use super::stage::Stage;

/// A program that some tests use, and the Debian package that has it.
type Wanted = (&'static str, &'static str);

const WANTED: [Wanted; 5] = [
    // The wg to compare ours with.
    ("wg", "wireguard-tools"),
    // Makes links for the tests of events.
    ("ip", "iproute2"),
    // Listens to devices.
    ("udevadm", "udev"),
    // Records what programs say, and reads what we record.
    ("strace", "strace"),
    ("tshark", "tshark"),
];

/// What long steps use besides: virtual machines, for other kernels, and a module for them.
const LONG: [Wanted; 5] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("depmod", "kmod"),
    ("make", "make"),
];

/// Installs the packages of missing programs, with `long` those that long steps use, too; says why not if it cannot. Tests that lack one say so when they are skipped.
pub(super) fn packages(stage: &mut Stage, long: bool) {
    let wanted = WANTED.iter().chain(LONG.iter().filter(|_| long));
    let missing: Vec<&str> = wanted.filter(|(program, _)| !is_there(program)).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return;
    }
    let names = missing.join(" ");
    if !is_root() || !is_there("apt-get") {
        stage.say(&format!("not installed, for want of root or of apt-get: {names}"));
        return;
    }
    stage.say(&format!("installing: {names}"));
    for words in [&["update"][..], &["install", "--yes", "--no-install-recommends"]] {
        let mut apt = Command::new("apt-get");
        apt.args(["-q", "-o", "Acquire::Retries=3"]).args(words).env("DEBIAN_FRONTEND", "noninteractive");
        if words != ["update"] {
            apt.args(&missing);
        }
        if !stage.run(apt, false).ok {
            stage.say(&format!("apt-get cannot install {names}; what needs them is skipped"));
            return;
        }
    }
}

/// Whether a program is on the path.
pub(super) fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether the effective user id is 0.
fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    ids.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}
