//! Clients that others wrote, run on a kernel side: each prints what it prints on Linux, as root and as a user without
//! rights, in each mode. What Linux prints is asked of the one underneath, in a network namespace of its own where links are
//! changed; of WireGuard, which it may lack, there are records of what these clients printed on Debian's 7.2.

#[path = "programs/compiler.rs"]
mod compiler;
#[path = "clients/go.rs"]
mod go;
mod programs;
#[path = "programs/steady.rs"]
mod steady;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use compiler::compiled;
use netloom::kernel::Kernel;
use netloom::unix::Server;
use programs::{MODES, User, command, is_root, is_there, netloom, run, told, users};
use steady::while_steady;

/// What a program says by itself.
fn linux(user: User, program: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).stdin(Stdio::null()).current_dir("/").env("PATH", programs::PATH);
    if user == User::Nobody {
        command.uid(programs::NOBODY).gid(programs::NOBODY);
    }
    told(&mut command)
}

/// The same in a fresh network namespace; `on` are options of `run`, `None` is without it.
fn alone(user: User, on: Option<&[&str]>, program: &[&str]) -> (Option<i32>, String, String) {
    let rights = match user {
        User::Own => "",
        User::Nobody => "setpriv --reuid 65534 --regid 65534 --clear-groups ",
    };
    let mut words = vec!["unshare", "--net", "sh", "-c"];
    let script = format!("ip link set lo up; exec {rights}\"$@\"");
    words.extend([&*script, "sh"]);
    if let Some(on) = on {
        words.extend([netloom().to_str().unwrap(), "run"].iter().chain(on));
        words.push("--");
    }
    words.extend(program);
    linux(User::Own, &words)
}

/// Whether there can be fresh network namespaces.
fn may_be_alone() -> bool {
    let may = is_root() && linux(User::Own, &["unshare", "--net", "ip", "link", "set", "lo", "up"]).0 == Some(0);
    if !may {
        eprintln!("skipped: no network namespace for programs that change links (it takes root)");
    }
    may
}

/// Programs whose answers do not depend on what is registered: byte for byte what Linux says to the same user.
#[test]
fn what_both_kernels_have_reads_the_same() {
    let client = compiled("../../examples/c/doc_exmpl_client.c", "same_client", &[]);
    let fixed = compiled("../../examples/c/doc_exmpl_client.c", "same_client_static", &["-static"]);
    let [client, fixed] = [client.as_deref(), fixed.as_deref()].map(Option::unwrap_or_default);
    for program in [
        &["genl", "ctrl", "get", "name", "nlctrl"][..],
        &["genl", "ctrl", "get", "id", "0x10"],
        &["genl", "ctrl", "get", "name", "NO_SUCH"],
        &["genl", "ctrl", "get", "id", "0x3ff"],
        &["genl-ctrl-list", "--help"],
        &[client, "nlctrl"],
        &[client, "NO_SUCH"],
        &[fixed, "nlctrl"],
        &[fixed, "NO_SUCH"],
        // NETLINK_ROUTE, links and all else.
        &["ip", "-d", "link"],
        &["ip", "-j", "-d", "link", "show"],
        &["ip", "link", "show", "dev", "lo"],
        &["ip", "link", "show", "dev", "nonesuch"],
        &["ip", "link", "show", "type", "bridge"],
        &["ip", "link", "show", "type", "nonesuch"],
        &["ip", "-j", "addr"],
        &["ip", "route", "show", "table", "all"],
        &["ip", "rule"],
        &["ip", "-j", "neigh", "show", "dev", "lo"],
        &["ip", "link", "set", "nonesuch", "up"],
        &["ip", "link", "del", "nonesuch"],
        // It says so of a wg device, or of none.
        &["wg", "show", "nonesuch"],
    ] {
        if program[0].is_empty() || !program[0].starts_with('/') && !is_there(program[0]) {
            continue;
        }
        for user in users() {
            // Where it can be, in a network namespace of its own: in the other, links come and go.
            let apart = is_root() && program[0] == "ip";
            let expected = if apart { alone(user, None, program) } else { linux(user, program) };
            // Linux needs not have what we do: another errno of the same refusal.
            let expected = match program {
                ["wg", ..] => (Some(1), String::new(), "Unable to access interface: No such device\n".to_owned()),
                _ => expected,
            };
            for mode in MODES {
                let on = ["--mode", mode, "--module", "wireguard"];
                let here = if apart { alone(user, Some(&on), program) } else { run(user, &on, program) };
                assert_eq!(here, expected, "{program:?} {user:?} {mode}");
            }
        }
    }
}

#[test]
fn genl_lists_our_families_alone() {
    if !is_there("genl") {
        return;
    }
    for user in users() {
        for mode in MODES {
            let (status, out, err) = run(user, &["--module", "doc_exmpl", "--mode", mode], &["genl", "ctrl", "list"]);
            assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}");
            let names: Vec<&str> = out.lines().filter_map(|line| line.strip_prefix("Name: ")).collect();
            assert_eq!(names, ["nlctrl", "DOC_EXMPL"], "{user:?} {mode}: {out}");
            // The first is Linux's first, to the byte.
            let first = linux(user, &["genl", "ctrl", "get", "name", "nlctrl"]).1;
            assert!(out.starts_with(first.trim_end()), "{out}");
            assert!(out.contains("name: DOC_EXMPL_GRP"), "{out}");
        }
        let (status, out, _) = run(user, &["--module", "doc_exmpl"], &["genl", "ctrl", "get", "name", "DOC_EXMPL"]);
        assert_eq!((status, out.matches("Name: ").count()), (Some(0), 1), "{out}");
        // To Linux as ever.
        let list = ["genl", "ctrl", "list"];
        let run = || run(user, &["--module", "doc_exmpl", "--no-interpose"], &list);
        let (listed, here) = while_steady(|| linux(user, &list), run);
        assert_eq!(here, listed);
    }
}

/// A family registered and removed meanwhile, by a kernel side that programs have joined.
#[test]
fn genl_monitor_prints_families_that_come_and_go() {
    if !is_there("genl") {
        return;
    }
    let folder = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let path = folder.path().join("kernel");
    let kernel = Kernel::new();
    let _serving = Server::bind(&path).unwrap().start(kernel.clone()).unwrap();
    for user in users() {
        for mode in MODES {
            let on = ["run", "--kernel", path.to_str().unwrap(), "--mode", mode, "--"];
            let mut genl = command(user, &[&on[..], &["genl", "ctrl", "monitor"]].concat()).spawn().unwrap();
            let mut heard = BufReader::new(genl.stdout.take().unwrap()).lines().map(Result::unwrap);
            // It has begun when it hears of one.
            let first = std::thread::scope(|scope| {
                let first = scope.spawn(|| heard.find(|line| line.starts_with("Name: ")));
                while !first.is_finished() {
                    drop(netloom_modules::load(&kernel, "doc_exmpl").unwrap());
                    // Not faster than it reads: what overruns it is lost.
                    std::thread::sleep(Duration::from_millis(10));
                }
                first.join().unwrap()
            });
            assert_eq!(first.as_deref(), Some("Name: DOC_EXMPL"), "{user:?} {mode}");
            let loaded = netloom_modules::load(&kernel, "wireguard").unwrap();
            let get = ["genl", "ctrl", "get", "name", "wireguard"];
            let (_, shown, _) = run(user, &["--kernel", path.to_str().unwrap(), "--mode", mode], &get);
            drop(loaded);
            let lines = |text: &str| -> Vec<String> {
                text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
            };
            // Coming and going, it is told as get tells it.
            let wanted = lines(&shown);
            let events = heard.by_ref().filter(|line| !line.is_empty()).skip_while(|line| *line != wanted[0]);
            let events: Vec<String> = events.take(2 * wanted.len()).collect();
            assert_eq!(events, [&*wanted, &wanted].concat(), "{user:?} {mode}");
            genl.kill().unwrap();
            genl.wait().unwrap();
        }
    }
}

/// Each subcommand of wg, links made, shown, changed and removed, and what a monitor prints meanwhile: as Linux 7.2 has it.
#[test]
fn wg_and_ip_print_what_they_print_on_linux() {
    if !is_there("wg") || !is_there("ip") {
        return;
    }
    // Other tests' links in the network namespace that is all's are nobody's business: only the monitor would tell of them.
    for (script, recorded, on) in [
        (include_str!("clients/wg.sh"), include_str!("clients/wg.out"), &[][..]),
        (include_str!("clients/link.sh"), include_str!("clients/link.out"), &[]),
        (include_str!("clients/monitor.sh"), include_str!("clients/monitor.out"), &["--isolate"]),
    ] {
        for user in users() {
            for mode in MODES {
                let folder = tempfile::tempdir().unwrap();
                fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
                let script = format!("exec 2>&1\n{script}");
                let program = ["sh", "-c", &script, "sh", folder.path().to_str().unwrap()];
                let (_, out, err) = run(user, &[on, &["--module", "wireguard", "--mode", mode]].concat(), &program);
                let differ = out.lines().zip(recorded.lines()).find(|(here, linux)| here != linux);
                assert_eq!((differ, &*err), (None, ""), "{user:?} {mode}");
                assert_eq!(out.lines().count(), recorded.lines().count(), "{user:?} {mode}: {out}");
            }
        }
    }
}

/// The documents' client, as everybody builds it, and without a shared library.
#[test]
fn the_documents_client_in_c_finds_our_family_and_greets_it() {
    for (name, flags) in [("doc_exmpl_client", &[][..]), ("doc_exmpl_client_static", &["-static"])] {
        let Some(client) = compiled("../../examples/c/doc_exmpl_client.c", name, flags) else { return };
        for user in users() {
            for mode in MODES {
                let (status, out, err) = run(user, &["--module", "doc_exmpl", "--mode", mode], &[&client, "DOC_EXMPL"]);
                assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}: {out}");
                assert_eq!(out, "family id: 19\nHello from kernel space!!!\n", "{user:?} {mode}");
            }
        }
    }
}

#[test]
fn libnl_lists_our_families() {
    if !is_there("genl-ctrl-list") {
        return;
    }
    for user in users() {
        let linux = linux(user, &["genl-ctrl-list", "-d"]);
        let nlctrl = |text: &str| -> String {
            let (first, rest) = text.split_once('\n').unwrap();
            let rest: Vec<&str> = rest.lines().take_while(|line| line.starts_with(' ')).collect();
            format!("{first}\n{}\n", rest.join("\n"))
        };
        for mode in MODES {
            let on = ["--mode", mode, "--module", "doc_exmpl"];
            let expected = "0x0010 nlctrl version 2\n0x0013 DOC_EXMPL version 1\n";
            assert_eq!(run(user, &on, &["genl-ctrl-list"]), (Some(0), expected.to_owned(), String::new()));
            let (status, out, err) = run(user, &on, &["genl-ctrl-list", "-d"]);
            assert_eq!((status, &*err), (Some(0), ""), "{user:?} {mode}");
            assert_eq!(nlctrl(&out), nlctrl(&linux.1), "{user:?} {mode}");
            assert!(out.contains("op unknown (0x03) <has_dump,has_policy>\n      grp DOC_EXMPL_GRP (0x02)\n"), "{out}");
        }
    }
}

#[test]
fn iw_says_what_it_misses() {
    if !is_there("iw") {
        return;
    }
    let expected = (Some(1), String::new(), "nl80211 not found.\n".to_owned());
    for user in users() {
        let linux = linux(user, &["iw", "list"]);
        assert!(linux == expected || linux.0 == Some(0), "with nl80211 or without: {linux:?}");
        for mode in MODES {
            assert_eq!(run(user, &["--mode", mode], &["iw", "list"]), expected, "{user:?} {mode}");
        }
    }
}

/// Families and links read, and a link made, heard of, changed and removed: one that is Linux's, and one that is ours.
#[test]
fn pyroute2_prints_what_it_prints_on_linux() {
    // Debian's: what a virtual environment has is not where nobody looks.
    const PYTHON: &str = "/usr/bin/python3";
    let has = Command::new(PYTHON).args(["-c", "import pyroute2"]).stderr(Stdio::null()).status();
    if !has.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: no pyroute2 (Debian: python3-pyroute2)");
    }
    let client = netloom().with_file_name("client.py");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pyroute2_client.py"), &client).unwrap();
    let client = client.to_str().unwrap();
    let recorded = include_str!("clients/pyroute2-wireguard.out");
    for user in users() {
        for mode in MODES {
            let (status, out, err) =
                run(user, &["--mode", mode, "--module", "wireguard"], &[PYTHON, client, "wireguard"]);
            assert_eq!((status, &*out), (Some(0), recorded), "{user:?} {mode}: {err}");
        }
    }
    if !may_be_alone() {
        return;
    }
    for (user, what) in [
        (User::Own, &[PYTHON, client, "bridge"][..]),
        (User::Own, &[PYTHON, client]),
        (User::Nobody, &[PYTHON, client]),
    ] {
        let (status, linux, err) = alone(user, None, what);
        assert_eq!(status, Some(0), "{err}");
        for mode in MODES {
            let (status, out, err) = alone(user, Some(&["--mode", mode]), what);
            assert_eq!((status, &*out), (Some(0), &*linux), "{user:?} {mode} {what:?}: {err}");
        }
    }
}

/// The netpoller, threads, deadlines, closing while another waits, options, refusals and filters.
#[test]
fn go_over_genetlink_prints_what_it_prints_on_linux() {
    let Some(client) = go::built("genetlink", "github.com/mdlayher/genetlink") else { return };
    let program = [&*client, "nlctrl", "NO_SUCH"];
    for user in users() {
        let linux = linux(user, &program);
        assert_eq!((linux.0, &*linux.2), (Some(0), ""), "{}", linux.1);
        assert!(linux.1.ends_with("unfiltered: nlctrl <nil>\n"), "{}", linux.1);
        for mode in MODES {
            assert_eq!(run(user, &["--mode", mode], &program), linux, "{user:?} {mode}");
        }
        let (status, out, err) = run(user, &["--module", "doc_exmpl"], &[&client, "DOC_EXMPL"]);
        assert_eq!((status, &*err), (Some(0), ""));
        let family = "{ID:19 Version:1 Name:DOC_EXMPL Groups:[{ID:2 Name:DOC_EXMPL_GRP}]}";
        assert!(out.starts_with(&format!("DOC_EXMPL: {family}\nlisted: {family}\n")), "{out}");
    }
}

/// It takes addresses by their family, which only full mode's are of.
#[test]
fn go_over_rtnetlink_prints_what_it_prints_on_linux() {
    let Some(client) = go::built("links", "github.com/vishvananda/netlink") else { return };
    let recorded = include_str!("clients/links-wireguard.out");
    for user in users() {
        let (status, out, err) = run(user, &["--mode", "full", "--module", "wireguard"], &[&client, "wireguard"]);
        assert_eq!((status, &*out, &*err), (Some(0), recorded, ""), "{user:?}");
        for mode in ["sync", "fast"] {
            let (status, out, _) = run(user, &["--mode", mode], &[&client]);
            assert_eq!((status, &*out), (Some(1), "get: Error converting to netlink sockaddr\n"), "{user:?} {mode}");
        }
    }
    if !may_be_alone() {
        return;
    }
    for (user, what) in [(User::Own, &[&*client, "bridge"][..]), (User::Own, &[&client]), (User::Nobody, &[&client])] {
        let linux = alone(user, None, what);
        assert_eq!(linux.0, Some(0), "{linux:?}");
        assert_eq!(alone(user, Some(&["--mode", "full"]), what), linux, "{user:?} {what:?}");
    }
}
