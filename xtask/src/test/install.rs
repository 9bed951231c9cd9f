//! Installs what the tests can use and the machine lacks.

use std::env;
use std::fs;
use std::process::Command;

use super::stage::Stage;

/// A program that some tests use, or a file with its path, and the Debian package that has it.
type Wanted = (&'static str, &'static str);

const WANTED: [Wanted; 12] = [
    // The wg to compare ours with.
    ("wg", "wireguard-tools"),
    // Makes links for the tests of events.
    ("ip", "iproute2"),
    // Listens to devices.
    ("udevadm", "udev"),
    // Records what programs say, and reads what we record.
    ("strace", "strace"),
    ("tshark", "tshark"),
    // Counts instructions.
    ("valgrind", "valgrind"),
    // Clients to interpose, and what others are built of.
    ("genl-ctrl-list", "libnl-utils"),
    ("iw", "iw"),
    ("/usr/lib/python3/dist-packages/pyroute2/__init__.py", "python3-pyroute2"),
    ("go", "golang-go"),
    ("/usr/share/gocode/src/github.com/mdlayher/genetlink/conn.go", "golang-github-mdlayher-genetlink-dev"),
    ("/usr/share/gocode/src/github.com/vishvananda/netlink/link.go", "golang-github-vishvananda-netlink-dev"),
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
    if !apt(stage, &["update"], &[]) {
        stage.say(&format!("apt-get has no lists; what needs {names} is skipped"));
        return;
    }
    let install = ["install", "--yes", "--no-install-recommends"];
    if apt(stage, &install, &missing) {
        return;
    }
    // One that this Debian does not have must not keep the others away.
    for name in missing {
        if !apt(stage, &install, &[name]) {
            stage.say(&format!("apt-get cannot install {name}; what needs it is skipped"));
        }
    }
}

fn apt(stage: &mut Stage, words: &[&str], packages: &[&str]) -> bool {
    let mut apt = Command::new("apt-get");
    apt.args(["-q", "-o", "Acquire::Retries=3"]).args(words).args(packages).env("DEBIAN_FRONTEND", "noninteractive");
    stage.run(apt, false).ok
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
