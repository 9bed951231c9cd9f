//! Programs that nobody changed name descriptors and processes of theirs to Linux, beside another kernel side: what they are
//! answered is what Linux answers them.

#[path = "programs/compiler.rs"]
mod compiler;
#[allow(dead_code, reason = "users and their options are others'")]
mod programs;

use std::process::{Command, Stdio};

use compiler::compiled;
use programs::{MODES, PATH, is_root, is_there, netloom, told};

/// Where a program's datagrams go to Linux: among a kernel side's links, among its families, and all of them.
const WAYS: [&[&str]; 3] = [
    &["--module", "wireguard=wg0"],
    &["--module", "wireguard=wg0", "--module", "doc_exmpl", "--only", "doc_exmpl"],
    &["--kernel", "linux", "--record", "/run/record.pcap"],
];

/// Namespaces of one's own, with the rights of who runs this, or with none outside.
const SAME: &str = "-nm";
const CONFINED: &str = "-Urnm";

/// Runs a program as root among no links and names but its own: on Linux, or under the command with these options.
fn unshared(namespaces: &str, options: &[&str], program: &[&str]) -> (Option<i32>, String, String) {
    // The names of this machine are others' business; what is mounted here is gone with the program.
    let mut words = vec![namespaces, "--propagation", "private", "sh", "-c"];
    words.extend(["mount -t tmpfs none /run && exec \"$@\"", "sh"]);
    if !options.is_empty() {
        words.extend([netloom().to_str().unwrap(), "run"]);
        words.extend(options);
        words.push("--");
    }
    let mut unshare = Command::new("unshare");
    unshare.args(words).args(program).env("PATH", PATH).env_remove("NETLOOM_KERNEL").current_dir("/");
    told(unshare.stdin(Stdio::null()))
}

/// The namespaces that this test may have; a line says so if there are none.
fn namespaces() -> Option<&'static str> {
    let namespaces = if is_root() { SAME } else { CONFINED };
    let may = unshared(namespaces, &[], &["true"]).0 == Some(0);
    if !may {
        eprintln!("skipped: unshare {namespaces} is not allowed here");
    }
    may.then_some(namespaces)
}

/// Plays a script on Linux, and each way in each mode: but for links of ours, all of it is alike. Returns what it prints.
fn plays_alike(namespaces: &str, script: &str) -> String {
    let program = ["sh", "-uc", script];
    let linux = unshared(namespaces, &[], &program);
    for (way, mode) in WAYS.iter().flat_map(|way| MODES.map(|mode| (way, mode))) {
        let (status, out, err) = unshared(namespaces, &[way, &["--mode", mode][..]].concat(), &program);
        let out: String = out.lines().filter(|line| !line.contains("wg0")).map(|line| format!("{line}\n")).collect();
        assert_eq!((status, out, err), linux, "{way:?} {mode}");
    }
    assert_eq!(linux.0, Some(0), "{linux:?}");
    linux.1
}

/// Open and closed ones, namespaces and others, and those that mean something else where the supervisor is: to the byte,
/// with the message that Linux sends back in an error.
#[test]
fn each_descriptor_is_the_sender_s() {
    let Some(namespaces) = namespaces() else { return };
    let Some(client) = compiled("tests/descriptors.c", "descriptors", &[]) else { return };
    for mode in MODES {
        for way in WAYS {
            // Generic netlink is not Linux's where all of it is ours.
            let generic = way.iter().any(|word| ["--only", "linux"].contains(word));
            let program = [&*client, if generic { "generic" } else { "" }];
            let linux = unshared(namespaces, &[], &program);
            assert_eq!((linux.0, &*linux.2), (Some(0), ""));
            let found = format!("id 5: 88:0000000008000100ffffffff 2:{}", "00000000");
            assert!(
                cfg!(target_endian = "big") || linux.1.contains(&found),
                "its own namespace has no id: {}",
                linux.1
            );
            assert_eq!(unshared(namespaces, &[way, &["--mode", mode]].concat(), &program), linux, "{way:?} {mode}");
        }
    }
}

#[test]
fn namespaces_are_named_listed_and_given_ids() {
    if !is_there("ip") {
        return;
    }
    let Some(namespaces) = namespaces() else { return };
    let script = "
        ip netns add blue
        ip netns set blue 7
        ip netns list
        ip netns list-id
        ip netns set nobody 3
        ip netns del blue
        # Several programs at once, each with one of its own under the same number.
        for i in 1 2 3 4 5 6 7 8; do (ip netns add n$i; ip netns set n$i 4$i) & done
        wait
        ip netns list | sort
        ip netns list-id | grep name | sort
    ";
    let out = plays_alike(namespaces, script);
    let many: String = (1..=8).map(|i| format!("n{i} (id: 4{i})\n")).collect();
    assert!(out.starts_with("blue (id: 7)\nnsid 7 (iproute2 netns name: blue)\n"), "{out}");
    assert!(out.contains(&many), "{out}");
}

/// Wherever a namespace has a name, monitors begin with asking for the ids of all.
#[test]
fn monitors_begin_where_namespaces_have_names() {
    if !is_there("ip") {
        return;
    }
    let Some(namespaces) = namespaces() else { return };
    let script = "
        ip netns add blue
        ip monitor link >/run/heard & monitor=$!
        while ! test -s /run/heard && kill -0 $monitor; do ip link set lo up; ip link set lo down; done
        kill $monitor && grep -o 'lo: <LOOPBACK' /run/heard | sort -u
    ";
    assert_eq!(plays_alike(namespaces, script), "lo: <LOOPBACK\n");
}

/// A link of Linux's beside one of ours goes, and is made, where the program says.
#[test]
fn links_go_where_they_are_sent() {
    if !is_there("ip") {
        return;
    }
    let Some(namespaces) = namespaces() else { return };
    if unshared(namespaces, &[], &["ip", "link", "add", "type", "veth"]).0 != Some(0) {
        eprintln!("skipped: no links of the kind veth here");
        return;
    }
    let script = "
        ip netns add blue
        ip link add eth1 address 02:00:00:00:00:01 type veth peer name eth2 address 02:00:00:00:00:02
        ip link set dev eth1 netns blue
        ip -br link
        nsenter --net=/run/netns/blue ip -br link show eth1
        ip link add eth3 address 02:00:00:00:00:03 type veth peer name eth4 address 02:00:00:00:00:04 netns blue
        ip link show eth3
        nsenter --net=/run/netns/blue ip -br link show eth4
        ip link add eth5 netns blue address 02:00:00:00:00:05 type veth peer name eth6 address 02:00:00:00:00:06
        nsenter --net=/run/netns/blue ip -br link show eth5
        ip link set dev lo netns blue
        ip link set dev nobody netns blue
        ip link set dev eth2 netns nobody
        true
    ";
    let out = plays_alike(namespaces, script);
    for part in ["eth1@if2 ", "link-netns blue\n", "eth4@if", "eth5@if"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    // Without rights outside: a wrong number would be a process there.
    if unshared(CONFINED, &[], &["unshare", "-fp", "--mount-proc", "true"]).0 != Some(0) {
        eprintln!("skipped: unshare -fp --mount-proc is not allowed here");
        return;
    }
    let script = "
        ip link add eth1 address 02:00:00:00:00:01 type veth peer name eth2 address 02:00:00:00:00:02
        unshare -n sh -c 'echo >/run/there; exec sleep 60' & there=$!
        while ! test -s /run/there; do sleep 0.01; done
        test $there -lt 100 && echo a process of few
        ip link set eth1 netns $there
        ip link set eth2 netns 4711
        nsenter --net=/proc/$there/ns/net ip -br link show eth1
        kill $there
    ";
    let script = format!("unshare -fp --mount-proc sh -uc '{}'", script.replace('\'', "'\\''"));
    let out = plays_alike(CONFINED, &script);
    assert!(out.starts_with("a process of few\n") && out.contains("eth1@if2 "), "{out}");
}
