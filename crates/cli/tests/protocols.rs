//! Protocols other than generic netlink and NETLINK_ROUTE, as programs that nobody changed meet them.

mod programs;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use programs::{MODES, User, command, is_root, is_there, run, users};

#[test]
fn protocols_of_modules_are_ours_and_others_linux_s() {
    if !is_there("python3") {
        return;
    }
    let script = "import socket,sys\n\
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, int(sys.argv[1]))\n\
        s.bind((0, 0))\n\
        print(s.family == socket.AF_NETLINK, s.proto, s.getsockname()[0] != 0, s.fileno() >= 900)\n";
    for (modules, protocol, expected) in [
        (&["--module", "journal"][..], "31", "True 31 True True\n"),
        (&[], "16", "True 16 True True\n"),
        (&[], "0", "True 0 True True\n"),
        (&["--module", "wireguard"], "15", "True 15 True True\n"),
        // NETLINK_KOBJECT_UEVENT: no module of ours emits any.
        (&[], "15", "True 15 True False\n"),
    ] {
        let ran = run(User::Own, modules, &["python3", "-c", script, protocol]);
        assert_eq!(ran, (Some(0), expected.to_owned(), String::new()), "{protocol}");
    }
    let (_, _, err) = run(User::Own, &[], &["python3", "-c", script, "31"]);
    assert!(err.contains("Protocol not supported"), "{err}");
}

#[test]
fn python_speaks_the_journal_s_own_protocol() {
    if !is_there("python3") {
        return;
    }
    let expected = "True 31 True True\n0\n0\n[(34, b'good night')]\n[b'good morning', b'good night']\n95 22 90\n";
    for user in users() {
        for mode in MODES {
            let on = ["--module", "journal", "--mode", mode];
            let ran = run(user, &on, &["python3", "-c", include_str!("data/journal.py")]);
            assert_eq!(ran, (Some(0), expected.to_owned(), String::new()), "{user:?} {mode}");
        }
    }
}

/// An event comes from a handler, and what it finds in the socket's queue may be a dump of the same family.
#[test]
fn dumps_go_on_where_events_are_heard() {
    if !is_there("python3") {
        return;
    }
    let ran =
        run(User::Own, &["--module", "doc_exmpl"], &["python3", "-c", include_str!("data/heard_while_dumping.py")]);
    assert_eq!(ran, (Some(0), "[0]\n".to_owned(), String::new()));
}

const DEVICE: &str = "/devices/virtual/net";
const KERNEL_S: &str = "(0, 1) True True 0";

/// Who listens hears of our devices, and of Linux's.
#[test]
fn python_hears_of_devices() {
    if !is_there("python3") || !is_there("ip") {
        return;
    }
    let comes_and_goes = "ip link add wgu0 type wireguard && ip link set wgu0 name wgu1 && ip link del wgu1";
    let device = |action: &str, name: &str, old: &str| {
        let told = format!("SUBSYSTEM=net{old} DEVTYPE=wireguard INTERFACE={name} IFINDEX=1073741824");
        format!("{action}@{DEVICE}/{name} {told} {KERNEL_S}\n")
    };
    let queues = |action: &str, name: &str| {
        ["rx", "tx"].map(|q| format!("{action}@{DEVICE}/{name}/queues/{q}-0 SUBSYSTEM=queues {KERNEL_S}\n")).concat()
    };
    let told_of = [
        device("add", "wgu0", ""),
        queues("add", "wgu0"),
        device("move", "wgu1", &format!(" DEVPATH_OLD={DEVICE}/wgu0")),
        queues("remove", "wgu1"),
        device("remove", "wgu1", ""),
    ]
    .concat();
    let script = include_str!("data/uevents.py");
    for user in users() {
        for mode in MODES {
            for isolate in [&[][..], &["--isolate"]] {
                let on = [&["--module", "wireguard", "--mode", mode], isolate].concat();
                let (status, out, err) = run(user, &on, &["python3", "-c", script, comes_and_goes, "7"]);
                assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}");
                let expected = format!("in reach: True True\n{told_of}");
                assert_eq!(
                    out.split_at(out.rfind("no more").or(out.rfind("more: ")).unwrap()).0,
                    expected,
                    "{user:?} {mode}"
                );
            }
        }
    }
    // Of a kernel side in another process, on data channels and, in full mode, by control.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let path = path.to_str().unwrap();
    let mut serve = command(User::Own, &["serve", "--module", "wireguard", "--socket", path]).spawn().unwrap();
    BufReader::new(serve.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
    for (mode, index) in [("sync", 1 << 30), ("full", (1 << 30) + 1)] {
        let (status, out, err) =
            run(User::Own, &["--kernel", path, "--mode", mode], &["python3", "-c", script, comes_and_goes, "7"]);
        assert_eq!((status, &*err), (Some(0), ""), "{mode}");
        let told_of = told_of.replace("1073741824", &index.to_string());
        assert!(out.contains(&told_of), "{mode}: {out}");
    }
    serve.kill().unwrap();
    serve.wait().unwrap();
    // What Linux tells of its own, here once more on demand.
    let again = "echo add >/sys/class/net/lo/uevent && ip link add wgu0 type wireguard";
    let may = is_root() && fs::OpenOptions::new().write(true).open("/sys/class/net/lo/uevent").is_ok();
    if !may {
        return eprintln!("skipped: having Linux tell of a device takes root, and /sys");
    }
    for (on, count) in [(&["--module", "wireguard"][..], "4"), (&["--module", "wireguard", "--isolate"], "3")] {
        let (status, out, err) = run(User::Own, on, &["python3", "-c", script, again, count]);
        assert_eq!((status, &*err), (Some(0), ""), "{on:?}");
        let theirs = out.lines().find(|line| line.starts_with(&format!("add@{DEVICE}/lo ")));
        let expected = format!("add@{DEVICE}/lo SUBSYSTEM=net INTERFACE=lo {KERNEL_S}");
        assert_eq!(theirs, (count == "4").then_some(&*expected), "{out}");
    }
}

#[test]
fn udevadm_monitors_our_devices() {
    if !is_there("udevadm") || !is_there("ip") || !is_there("stdbuf") {
        return;
    }
    // The link is made when the monitor says that it has begun, by hearing of one.
    let script = r#"
        : >"$0/heard"
        stdbuf -oL udevadm monitor --kernel --property --subsystem-match=net >"$0/heard" & monitor=$!
        while ! grep -q /first "$0/heard"; do ip link add first type wireguard; ip link del first; done
        ip link add wgu1 type wireguard
        ip link set wgu1 name wgu2
        ip link del wgu2
        while ! grep -q 'remove .*/wgu2 ' "$0/heard"; do sleep 0.01; done
        kill $monitor
        grep -o '[a-z]* *[^ ]*/wgu[12] (.*' "$0/heard"
        grep -c DEVTYPE=wireguard "$0/heard" >/dev/null && echo typed
    "#;
    for user in users() {
        for mode in MODES {
            let folder = tempfile::tempdir().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
            let program = ["sh", "-c", script, folder.path().to_str().unwrap()];
            let (status, out, err) = run(user, &["--module", "wireguard", "--mode", mode], &program);
            assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}");
            let expected = "add      /devices/virtual/net/wgu1 (net)\n\
                            move     /devices/virtual/net/wgu2 (net)\n\
                            remove   /devices/virtual/net/wgu2 (net)\n\
                            typed\n";
            assert_eq!(out, expected, "{user:?} {mode}");
        }
    }
}

/// What a program filters does not come, and is no hindrance to what does.
#[test]
fn filters_on_uevents_are_the_program_s() {
    if !is_there("python3") || !is_there("ip") {
        return;
    }
    let comes_and_goes = "ip link add wgu0 type wireguard && ip link set wgu0 name wgu1 && ip link del wgu1";
    let expected = "done ['move@/dev']\nEINVAL EINVAL EINVAL\ndone []\ndone ENOENT 7\ndone EPERM 1\n";
    let script = include_str!("data/filters.py");
    for user in users() {
        for mode in MODES {
            let on = ["--module", "wireguard", "--isolate", "--mode", mode];
            let (status, out, err) = run(user, &on, &["python3", "-c", script, comes_and_goes]);
            assert_eq!((status, &*out, &*err), (Some(0), expected, ""), "{user:?} {mode}");
        }
    }
}
