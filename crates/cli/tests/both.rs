//! Families of the kernel side and of Linux, on the same sockets of programs that nobody changed (`run --only`).

#[path = "programs/compiler.rs"]
mod compiler;
mod programs;
#[path = "programs/steady.rs"]
mod steady;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use compiler::compiled;
use netloom::kernel::Kernel;
use netloom_interpose::{FIRST_FAMILY, FIRST_GROUP, Interposer, Local, Merged};
use programs::{MODES, PATH, User, command, is_root, is_there, run, told, users};
use steady::while_steady;

const OPTIONS: [&str; 6] = ["--module", "doc_exmpl", "--module", "wireguard", "--only", "doc_exmpl"];

fn only(mode: &str) -> Vec<&str> {
    [&OPTIONS[..], &["--mode", mode]].concat()
}

/// What Linux says to a program.
fn linux(program: &[&str]) -> String {
    let (name, args) = program.split_first().unwrap();
    // Where everybody's are, as for interposed ones.
    told(Command::new(name).args(args).stdin(Stdio::null()).env("PATH", PATH)).1
}

#[test]
fn genl_sees_the_families_of_both() {
    if !is_there("genl") {
        return;
    }
    let names = |out: &str| -> Vec<String> {
        out.lines().filter_map(|line| Some(line.strip_prefix("Name: ")?.to_owned())).collect()
    };
    for user in users() {
        for mode in MODES {
            let list = ["genl", "ctrl", "list"];
            let (theirs, (status, out, err)) = while_steady(|| linux(&list), || run(user, &only(mode), &list));
            assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}");
            let (linux_s, ours) = out.split_at(out.find("Name: DOC_EXMPL").expect("ours is there"));
            assert_eq!(linux_s.trim(), theirs.trim(), "{user:?} {mode}");
            assert_eq!(names(ours), ["DOC_EXMPL"], "wireguard is not asked for");
            for (name, expected) in
                [("nlctrl", linux(&["genl", "ctrl", "get", "name", "nlctrl"])), ("DOC_EXMPL", ours.into())]
            {
                let (status, out, err) = run(user, &only(mode), &["genl", "ctrl", "get", "name", name]);
                assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode} {name}");
                assert_eq!(out.trim(), expected.trim(), "{user:?} {mode}");
            }
        }
    }
}

/// A family of ours comes and goes, and another one that is not shown.
#[test]
fn genl_monitor_hears_of_what_is_shown() {
    if !is_there("genl") {
        return;
    }
    let kernel = Kernel::builder().first_family(FIRST_FAMILY).first_group(FIRST_GROUP).build();
    let interposer = Interposer::new(Arc::new(Merged::new(Local(kernel.clone())).only(["DOC_EXMPL"])));
    let mut genl = Command::new("genl");
    genl.args(["ctrl", "monitor"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let (mut child, _supervision) = interposer.spawn(genl).unwrap();
    let heard = std::thread::scope(|scope| {
        let out = BufReader::new(child.stdout.take().unwrap());
        let listener = scope.spawn(move || {
            let lines = out.lines().map(Result::unwrap).filter(|line| line.starts_with("Name: "));
            lines.take(4).collect::<Vec<_>>()
        });
        while !listener.is_finished() {
            for module in ["wireguard", "doc_exmpl"] {
                drop(netloom_modules::load(&kernel, module).unwrap());
            }
        }
        listener.join().unwrap()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(heard, ["Name: DOC_EXMPL"; 4]);
}

#[test]
fn the_documents_client_finds_ours_and_linux_s() {
    let Some(client) = compiled("../../examples/c/doc_exmpl_client.c", "both_client", &[]) else { return };
    for user in users() {
        for mode in MODES {
            let (status, out, err) = run(user, &only(mode), &[&client, "DOC_EXMPL"]);
            assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}: {out}");
            assert!(out.contains("Hello from kernel space!!!"), "{out}");
            assert_eq!(run(user, &only(mode), &[&client, "VFS_DQUOT"]).1, linux(&[&client, "VFS_DQUOT"]));
            let (status, _, err) = run(user, &only(mode), &[&client, "wireguard"]);
            assert_eq!((status, &*err), (Some(1), "kernel: No such file or directory\n"), "{user:?} {mode}");
        }
    }
}

/// A device of ours among Linux's links, configured by a family of ours among Linux's. Elsewhere there is Linux alone.
#[test]
fn wg_and_others_use_what_they_need() {
    if !is_there("wg") || !is_there("ip") {
        return;
    }
    let script = r#"
        ip link add wgb1 type wireguard
        wg set wgb1 listen-port 51820
        wg show wgb1
        wg show interfaces
        if unshare -rn true 2>/dev/null; then unshare -rn wg show wgb1; fi
    "#;
    for user in users() {
        for mode in MODES {
            let on = ["--module", "wireguard=wgb0", "--module", "doc_exmpl", "--only", "wireguard", "--mode", mode];
            let (_, out, err) = run(user, &on, &["sh", "-c", script]);
            assert_eq!(out, "interface: wgb1\n  listening port: 51820\nwgb0 wgb1\n", "{user:?} {mode}: {err}");
            let elsewhere = "Unable to access interface: ";
            assert!(err.is_empty() || err.starts_with(elsewhere) && err.lines().count() == 1, "{user:?} {mode}: {err}");
        }
    }
}

#[test]
fn one_socket_uses_families_of_both() {
    if !is_there("python3") {
        return;
    }
    let script = include_str!("data/two_families.py");
    let ethtool = linux(&["python3", "-c", script, "linux"]);
    if ethtool.is_empty() {
        return eprintln!("skipped: this Linux has no family ethtool, to be used beside ours");
    }
    assert!(ethtool.starts_with("ethtool: {"), "{ethtool}");
    let expected = ethtool
        + "apart: True\n\
           ours: b'Hello from kernel space!!!\\x00'\n\
           not there: 2 2 2\n\
           one datagram: [4, 2, 5, 8, 2]\n\
           four datagrams: [2, 4, 4, 2]\n\
           dump: nlctrl True DOC_EXMPL {9} 1\n\
           groups: True\n\
           said: [(0, b'listen\\x00'), (11, b'listen\\x00')]\n\
           left: b'again\\x00'\n\
           no more\n";
    for user in users() {
        for mode in MODES {
            let (status, out, err) = run(user, &only(mode), &["python3", "-c", script]);
            assert_eq!((status, &*out, &*err), (Some(0), &*expected, ""), "{user:?} {mode}");
        }
    }
}

#[test]
fn a_served_kernel_side_has_some_of_the_families() {
    if !is_there("python3") {
        return;
    }
    let script = include_str!("data/two_families.py");
    if linux(&["python3", "-c", script, "linux"]).is_empty() {
        return eprintln!("skipped: this Linux has no family ethtool, to be used beside ours");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.path().join("kernel");
    let path = path.to_str().unwrap();
    let serve = ["serve", "--module", "doc_exmpl", "--module", "wireguard", "--socket", path];
    let mut serve = command(User::Own, &serve).spawn().unwrap();
    BufReader::new(serve.stderr.take().unwrap()).read_line(&mut String::new()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    for user in users() {
        for mode in MODES {
            let on = ["--kernel", path, "--only", "DOC_EXMPL", "--mode", mode];
            let (status, out, err) = run(user, &on, &["python3", "-c", script]);
            assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}: {out}");
            assert!(out.contains("\none datagram: [4, 2, 5, 8, 2]\n") && out.ends_with("\nno more\n"), "{out}");
        }
    }
    let (status, _, err) = run(User::Own, &["--kernel", path, "--only", "doc_exmpl,nl80211"], &["true"]);
    let expected = "netloom: --only nl80211: the kernel side has no such family: there are DOC_EXMPL, wireguard\n";
    assert_eq!((status, &*err), (Some(1), expected));
    let _ = serve.kill();
    let _ = serve.wait();
}

/// What is asked of Linux is asked with the program's own rights.
#[test]
fn rights_at_linux_are_the_program_s() {
    if !is_there("python3") || !is_root() {
        return eprintln!("skipped: it takes root to have rights");
    }
    // TASKSTATS_CMD_GET takes an administrator.
    let script = r#"
import socket, struct
def ask(kind, cmd, flags, *attrs):
    body = struct.pack("=BBH", cmd, 1, 0) + b"".join(struct.pack("=HH", 4 + len(v), n) + v + bytes(-len(v) % 4) for n, v in attrs)
    s.send(struct.pack("=IHHII", 16 + len(body), kind, 1 | flags, 1, 0) + body)
    return s.recv(65536)
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
found = ask(16, 3, 0, (2, b"TASKSTATS\0"))
if struct.unpack_from("=H", found, 4)[0] == 2:
    print("no TASKSTATS")
else:
    at = found.index(struct.pack("=HH", 6, 1))
    answer = ask(struct.unpack_from("=H", found, at + 4)[0], 1, 4, (3, b"0\0"))
    print(struct.unpack_from("=Hxxxxxxxxxxi", answer, 4))
"#;
    let told = linux(&["python3", "-c", script]);
    if told.contains("no TASKSTATS") {
        return eprintln!("skipped: this Linux has no TASKSTATS");
    }
    assert_eq!(run(User::Own, &OPTIONS, &["python3", "-c", script]).1, told);
    assert_eq!(run(User::Nobody, &OPTIONS, &["python3", "-c", script]).1, "(2, -1)\n");
    // Also where a program gives its rights up after it was started, and after it has opened its socket.
    let before = format!("import os\nos.setuid(65534)\n{script}");
    let after = script.replace("    at =", "    import os\n    os.setuid(65534)\n    at =");
    for given_up in [before, after] {
        assert_eq!(linux(&["python3", "-c", &given_up]), "(2, -1)\n");
        for on in [&OPTIONS[..], &["--kernel", "linux", "--record", "/dev/null"]] {
            assert_eq!(run(User::Own, on, &["python3", "-c", &given_up]).1, "(2, -1)\n", "{on:?}");
        }
    }
}

/// The same of links: who has opened a socket as root cannot change Linux's as nobody.
#[test]
fn rights_on_links_of_linux_are_the_program_s() {
    if !is_there("python3") || !is_root() {
        return eprintln!("skipped: it takes root to have rights");
    }
    let script = r#"
import os, socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
def up():
    s.send(struct.pack("=IHHIIBxHiII", 32, 16, 5, 1, 0, 0, 0, socket.if_nametoindex("lo"), 0, 0))
    return struct.unpack_from("=Hxxxxxxxxxxi", s.recv(4096), 4)
print(up())
os.setuid(65534)
print(up())
"#;
    for on in [&["--module", "wireguard=wg0"][..], &["--isolate"], &["--kernel", "linux", "--record", "/dev/null"]] {
        let expected = if on == ["--isolate"] { "(2, -19)\n(2, -1)\n" } else { "(2, 0)\n(2, -1)\n" };
        assert_eq!(run(User::Own, on, &["python3", "-c", script]).1, expected, "{on:?}");
    }
    assert_eq!(linux(&["python3", "-c", script]), "(2, 0)\n(2, -1)\n");
}

/// Whatever a program does on such sockets, it is answered, and the next program is served as well.
#[test]
fn calls_at_random_on_both_harm_nobody() {
    let Some(client) = compiled("tests/hostile.c", "hostile-of-both", &[]) else { return };
    let script = r#"for seed in 1 2 3 4; do timeout 60 "$0" $seed 4000 & done; wait; "$0" 9 0"#;
    for user in users() {
        for mode in MODES {
            let (status, out, err) = run(user, &only(mode), &["sh", "-c", script, &client]);
            assert_eq!((status, &*out), (Some(0), &*"77 16\n".repeat(5)), "{user:?} {mode}: {err}");
            assert!(!err.contains("panicked"), "{err}");
        }
    }
}

#[test]
fn what_cannot_be_had_is_told() {
    for (options, part) in [
        (&["--only", "wireguard"][..], "the kernel side has no such family: it has none: load a module"),
        (&["--module", "doc_exmpl", "--only", "nlctrl"], "it tells of both kernel sides' families"),
    ] {
        let (status, _, err) = run(User::Own, options, &["true"]);
        assert!(status == Some(1) && err.contains(part), "{err}");
    }
    let (status, _, err) = run(User::Own, &["--kernel", "linux", "--only", "wireguard"], &["true"]);
    assert!(status == Some(2) && err.contains("--only says what is not Linux's"), "{err}");
    // What is traced is named, whoever's it is.
    if is_there("genl") {
        let (_, _, err) =
            run(User::Own, &[&OPTIONS[..], &["--trace"]].concat(), &["genl", "ctrl", "get", "name", "DOC_EXMPL"]);
        assert!(err.contains("nlctrl getfamily") && err.contains(r#""family-id":896"#), "{err}");
    }
}
