//! Programs that nobody changed, run on a kernel side: what they print, as root and as a user without rights.

#[path = "programs/compiler.rs"]
mod compiler;
mod programs;
#[path = "programs/steady.rs"]
mod steady;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use compiler::compiled;
use programs::{MODES, User, command, is_root, is_there, netloom, run, told, users};
use steady::while_steady;

#[test]
fn a_served_kernel_side_is_joined() {
    if !is_there("genl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let mut serve = command(User::Own, &["serve", "--socket", path.to_str().unwrap()]).spawn().unwrap();
    BufReader::new(serve.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
    // A kernel side of another process: dumps and single requests.
    let (status, out, err) = run(User::Own, &["--kernel", path.to_str().unwrap()], &["genl", "ctrl", "list"]);
    assert_eq!((status, &*err), (Some(0), ""));
    assert!(out.contains("Name: nlctrl"), "{out}");
    let _ = serve.kill();
    let _ = serve.wait();
}

#[test]
fn wg_works_on_an_interface_that_ip_made() {
    if !is_there("wg") || !is_there("ip") {
        return;
    }
    let script = r#"
        set -e
        umask 077
        ip link add dev wg1 type wireguard
        wg genkey >"$0/key"
        wg set wg1 private-key "$0/key" listen-port 51820 fwmark 0x10 peer "$(wg genkey | wg pubkey)" \
            allowed-ips 10.0.0.2/32,fd00::2/128 endpoint 192.0.2.1:7 persistent-keepalive 25
        test "$(wg show interfaces)" = wg1
        test "$(wg show wg1 public-key)" = "$(wg pubkey <"$0/key")"
        wg showconf wg1 >"$0/conf"
        wg show
        wg setconf wg1 "$0/conf"
        wg showconf wg1 | cmp - "$0/conf"
        wg addconf wg1 "$0/conf"
        wg syncconf wg1 "$0/conf"
        wg show all dump | wc -l
        ip link set wg1 up
        ip link set wg1 mtu 1280 name wg9
        ip -d link show wg9
        ip link show type wireguard | grep -c mtu
        ip link del wg9
        wg show interfaces
        wg show wg9
    "#;
    for user in users() {
        for mode in MODES {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
            let program = ["sh", "-c", script, folder.path().to_str().unwrap()];
            let (status, out, err) = run(user, &["--module", "wireguard", "--mode", mode], &program);
            assert_eq!(
                (status, &*err),
                (Some(1), "Unable to access interface: No such device\n"),
                "{user:?} {mode}: {out}"
            );
            for part in [
                "interface: wg1\n",
                "  listening port: 51820\n  fwmark: 0x10\n",
                "  endpoint: 192.0.2.1:7\n  allowed ips: 10.0.0.2/32, fd00::2/128\n",
                "\n2\n1073741824: wg9: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1280 ",
                "\n    wireguard ",
            ] {
                assert!(out.contains(part), "{part:?} {user:?} {mode}: {out}");
            }
            assert!(out.ends_with("\n1\n"), "one of the kind, and then none: {out:?}");
        }
    }
}

#[test]
fn links_of_both_kernels_stand_side_by_side() {
    if !is_there("ip") {
        return;
    }
    let linux = || told(Command::new("ip").args(["-br", "link"]).stdin(Stdio::null())).1;
    for user in users() {
        let on = ["--module", "wireguard=wg0"];
        let (expected, (status, out, err)) = while_steady(linux, || run(user, &on, &["ip", "-br", "link"]));
        assert_eq!((status, &*err), (Some(0), ""));
        let (theirs, ours) = out.split_at(out.find("wg0 ").expect("ours comes last"));
        assert_eq!(theirs, expected, "{user:?}");
        assert_eq!(ours.split_whitespace().collect::<Vec<_>>(), ["wg0", "DOWN", "<POINTOPOINT,NOARP>"]);
        for (line, expected) in [
            // A name is one kernel's or the other's.
            ("ip link add lo type wireguard", "RTNETLINK answers: File exists\n"),
            ("ip link add wg0 type dummy", "RTNETLINK answers: File exists\n"),
            ("ip link set wg0 name lo", "RTNETLINK answers: File exists\n"),
            ("ip link set lo name wg0", "RTNETLINK answers: File exists\n"),
            ("ip link set lo mtu 0x", "Error: argument \"0x\" is wrong: Invalid \"mtu\" value\n\n"),
        ] {
            let (_, out, err) = run(user, &on, &["sh", "-c", line]);
            assert_eq!((&*out, &*err), ("", expected), "{user:?} {line}");
        }
        // What is Linux's is done with the program's own rights.
        let (status, _, err) = run(user, &on, &["ip", "link", "set", "lo", "up"]);
        let expected = match user {
            User::Own if is_root() => (Some(0), ""),
            _ => (Some(2), "RTNETLINK answers: Operation not permitted\n"),
        };
        assert_eq!((status, &*err), expected, "{user:?}");
    }
    if is_root() {
        // Also where a program gives its rights up after it was started.
        let script = "setpriv --reuid 65534 --regid 65534 --clear-groups ip link set lo up";
        let (status, _, err) = run(User::Own, &["--module", "wireguard=wg0"], &["sh", "-c", script]);
        assert_eq!((status, &*err), (Some(2), "RTNETLINK answers: Operation not permitted\n"));
    }
}

#[test]
fn monitors_hear_of_links() {
    if !is_there("ip") {
        return;
    }
    // The link is made when the monitor says that it has begun, by hearing of one.
    let script = r#"
        ip monitor link >"$0/heard" & monitor=$!
        while ! test -s "$0/heard"; do ip link add dev first type wireguard; ip link del first; done
        ip link add dev wg1 type wireguard
        ip link set wg1 up
        ip link del wg1
        while ! grep -q 'Deleted.*wg1' "$0/heard"; do sleep 0.01; done
        kill $monitor
        grep -o 'Deleted.* wg1\|wg1: <.*>' "$0/heard"
    "#;
    for user in users() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let program = ["sh", "-c", script, folder.path().to_str().unwrap()];
        let (status, out, err) = run(user, &["--module", "wireguard"], &program);
        assert_eq!((status, &*err), (Some(0), ""), "{user:?}");
        let index = |line: &str| line.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let lines: Vec<String> = out.lines().map(|line| index(line).trim_end_matches(": ").to_owned()).collect();
        assert_eq!(
            lines,
            [
                "wg: <POINTOPOINT,NOARP>",
                "wg: <POINTOPOINT,NOARP,UP,LOWER_UP>",
                "wg: <POINTOPOINT,NOARP>",
                "Deleted : wg"
            ],
            "{user:?}: {out}"
        );
    }
}

/// Our own command is a client of Linux's like any other: it binds, asks, dumps, listens and looks at its errors.
#[test]
fn our_own_command_cannot_tell() {
    let netloom = netloom().to_str().unwrap();
    let script = r#"
        set -e
        "$0" --kernel linux do doc_exmpl say '{"msg":"one"}' --json
        "$0" --kernel linux dump doc_exmpl list --json
        "$0" --kernel linux list doc_exmpl
        ! "$0" --kernel linux do doc_exmpl say '{}' 2>&1
    "#;
    for user in users() {
        let inner = |mode| run(user, &["--module", "doc_exmpl", "--mode", mode], &["sh", "-c", script, netloom]);
        let (status, direct, err) = {
            let script = script.replace("--kernel linux ", "");
            run(user, &["--module", "doc_exmpl"], &["sh", "-c", &script, netloom])
        };
        assert_eq!((status, &*err), (Some(0), ""), "{direct}");
        for mode in MODES {
            assert_eq!(inner(mode), (Some(0), direct.clone(), String::new()), "{user:?} {mode}");
        }
    }
}

#[test]
fn what_cannot_be_interposed_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let file = |name: &str, bytes: &[u8], mode| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let old = file("old", b"\x7fELF\x01\x01\x01", 0o755);
    let plain = file("plain", b"#!/bin/sh\n", 0o644);
    let orphan = file("orphan", b"#!/no/such/interpreter\n", 0o755);
    let absent = folder.path().join("absent").to_str().unwrap().to_owned();
    let foreign = file("foreign", &[b"\x7fELF\x02\x01\x01".as_slice(), &[0; 11], &[0xf7], &[0; 100]].concat(), 0o755);
    let nested = format!("{} run -- true", netloom().display());
    for user in users() {
        for (program, status, text) in [
            (&[&*old][..], 126, "it is 32-bit code"),
            (&[&*plain], 126, "chmod +x"),
            (&["no-such-program-anywhere"], 127, "no such program in any folder of $PATH: give its path"),
            (&[&*absent], 127, "there is no such file: check the path"),
            // A byte of whose machine is another one's; execvp(3) would have a shell read it.
            (&[&*foreign], 126, "it is code of another machine"),
            (&[&*orphan], 127, "what is to interpret it is not there"),
            (&["/"], 126, "it is a folder"),
            (&["sh", "-c", &*nested], 1, "a seccomp listener is in place already"),
        ] {
            let (code, out, err) = run(user, &[], program);
            assert_eq!((code, &*out), (Some(status), ""), "{program:?}: {err}");
            assert!(err.starts_with("netloom: ") && err.contains(text), "{program:?}: {err}");
        }
    }
    // Where one of the two does not interpose, neither is in the way.
    for (outer, inner) in [(&["--no-interpose"][..], ""), (&[], "--no-interpose ")] {
        let nested = format!("{} run {inner}-- true", netloom().display());
        let ran = run(User::Own, outer, &["sh", "-c", &nested]);
        assert_eq!(ran, (Some(0), String::new(), String::new()), "{outer:?} {inner}");
    }
    if is_root() {
        // Owned by root: who is root may.
        let other = file("other", b"#!/bin/sh\n", 0o4755);
        let (code, _, err) = run(User::Nobody, &[], &[&other]);
        assert_eq!(code, Some(126), "{err}");
        assert!(err.contains("set to run as another user") && err.contains("--no-interpose"), "{err}");
        assert_eq!(run(User::Own, &[], &[&other]).0, Some(0));
    }
    let (code, _, err) = run(User::Own, &["--mode", "slow"], &["true"]);
    assert!(code == Some(2) && err.contains("sync"), "{err}");
    let (code, _, err) = run(User::Own, &["--mode", "fast", "--no-interpose"], &["true"]);
    assert!(code == Some(2) && err.contains("--no-interpose"), "{err}");
}

#[test]
fn a_kernel_side_that_dies_is_an_error_and_no_hang() {
    if !is_there("ip") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let mut serve = command(User::Own, &["serve", "--module", "doc_exmpl", "--socket", path.to_str().unwrap()]);
    let mut serve = serve.spawn().unwrap();
    BufReader::new(serve.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
    let netloom_path = netloom().to_str().unwrap();
    let listen =
        ["run", "--kernel", path.to_str().unwrap(), "--", netloom_path, "--kernel", "linux", "listen", "doc_exmpl"];
    let mut listener = command(User::Own, &listen).spawn().unwrap();
    let mut err = BufReader::new(listener.stderr.take().unwrap());
    let mut line = String::new();
    err.read_line(&mut line).unwrap();
    assert!(line.starts_with("netloom: listening"), "{line}");
    serve.kill().unwrap();
    serve.wait().unwrap();
    line.clear();
    err.read_line(&mut line).unwrap();
    assert!(line.contains("ECONNRESET"), "{line}");
    let end = Instant::now() + Duration::from_secs(10);
    while listener.try_wait().unwrap().is_none() {
        assert!(Instant::now() < end, "it hangs");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What each system call on a netlink socket says, here and on Linux.
#[test]
fn every_call_says_what_linux_says() {
    let Some(dynamic) = compiled("tests/calls.c", "calls", &[]) else { return };
    let Some(fixed) = compiled("tests/calls.c", "calls-static", &["-static"]) else { return };
    for (mode, exact) in [("sync", &[][..]), ("full", &["exact"])] {
        let linux = told(Command::new(&dynamic).args(exact).stdin(Stdio::null()));
        assert_eq!((linux.0, &*linux.2), (Some(0), ""));
        assert!(linux.1.ends_with("wrong trips: 0\nnothing is left: EAGAIN0\n"), "{}", linux.1);
        for user in users() {
            for client in [&*dynamic, &fixed] {
                let here = run(user, &["--mode", mode], &[&[client], exact].concat());
                let differ = here.1.lines().zip(linux.1.lines()).find(|(here, linux)| here != linux);
                assert_eq!((differ, here.0, &*here.2), (None, Some(0), ""), "{user:?} {mode} {client}");
                assert_eq!(here.1.len(), linux.1.len());
            }
        }
    }
}

#[test]
fn who_is_isolated_sees_our_links_alone() {
    if !is_there("ip") {
        return;
    }
    for user in users() {
        let on = ["--isolate", "--module", "wireguard=wg0"];
        let (status, out, err) = run(user, &on, &["ip", "-br", "link"]);
        assert_eq!((status, &*err), (Some(0), ""));
        assert_eq!(out.split_whitespace().collect::<Vec<_>>(), ["wg0", "DOWN", "<POINTOPOINT,NOARP>"]);
        let (status, _, err) = run(user, &on, &["ip", "link", "set", "lo", "up"]);
        assert!(status != Some(0) && (err.contains("lo") || err.contains("No such device")), "{err}");
        // Whatever is not about links is Linux's: who resolves a name asks for addresses.
        let peer = format!("{}=", "A".repeat(43));
        let set = ["wg", "set", "wg0", "peer", &peer, "endpoint", "localhost:1"];
        if is_there("wg") {
            assert_eq!(run(user, &on, &set), (Some(0), String::new(), String::new()));
        }
    }
}

/// Whatever a program does, it is answered, and the next program is served as well.
#[test]
fn calls_at_random_harm_nobody() {
    let Some(client) = compiled("tests/hostile.c", "hostile", &[]) else { return };
    let script = r#"for seed in 1 2 3 4; do timeout 60 "$0" $seed 4000 & done; wait; "$0" 9 0"#;
    for user in users() {
        for mode in MODES {
            let (status, out, err) =
                run(user, &["--mode", mode, "--module", "wireguard=wg0"], &["sh", "-c", script, &client]);
            assert_eq!((status, &*out), (Some(0), &*"77 16\n".repeat(5)), "{user:?} {mode}: {err}");
            assert!(!err.contains("panicked"), "{err}");
        }
    }
}
