//! The verbs list, do, dump and listen, as built, on Linux underneath and on a kernel side inside the process.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netloom"));
    command.args(args).env_remove("NETLOOM_KERNEL").stdin(Stdio::null());
    command
}

fn netloom(args: &[&str]) -> (Option<i32>, String, String) {
    let output = command(args).output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What it prints as JSON.
fn told(args: &[&str]) -> Value {
    let (code, out, err) = netloom(args);
    assert_eq!(code, Some(0), "{args:?}: {err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
}

/// Runs a script in a network namespace where it is root; `None`, and a line that says so, where that is not allowed.
fn unshared(script: &str) -> Option<String> {
    let allowed = Command::new("unshare").args(["-Urn", "true"]).output().is_ok_and(|output| output.status.success());
    if !allowed {
        eprintln!("skipped: unshare -Urn is not allowed here");
        return None;
    }
    let mut sh = Command::new("unshare");
    sh.args(["-Urn", "sh", "-euc", script, "sh", env!("CARGO_BIN_EXE_netloom")]);
    let output = sh.env_remove("NETLOOM_KERNEL").stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

#[test]
fn both_kernel_sides_tell_of_nlctrl_alike() {
    for kernel in ["linux", "embedded"] {
        let families = told(&["--kernel", kernel, "list", "--json"]);
        let nlctrl = families.as_array().unwrap().iter().find(|family| family["family-name"] == "nlctrl").unwrap();
        assert_eq!((&nlctrl["family-id"], &nlctrl["version"]), (&json!(16), &json!(2)));
        let asked = told(&["do", "nlctrl", "getfamily", r#"{"family-name":"nlctrl"}"#, "--json", "--kernel", kernel]);
        assert_eq!(&asked, nlctrl, "{kernel}");
        assert_eq!(&told(&["list", "nlctrl", "--json", "--kernel", kernel]), nlctrl);
        let dumped = told(&["dump", "nlctrl", "getfamily", "--json", "--kernel", kernel]);
        assert!(dumped.as_array().unwrap().contains(nlctrl));

        let (code, text, _) = netloom(&["list", "nlctrl", "--kernel", kernel]);
        assert_eq!(code, Some(0));
        for line in [
            "    3  getfamily                do, dump",
            "    2  family-name              NUL-terminated string, at most 15 bytes",
        ] {
            assert!(text.contains(line), "{kernel}: {text}");
        }
    }
}

#[test]
fn policies_come_as_ynl_shows_them() {
    let policies =
        told(&["dump", "nlctrl", "getpolicy", r#"{"family-name":"nlctrl","op":3}"#, "--json", "--kernel", "embedded"]);
    let name = policies.as_array().unwrap().iter().find(|message| message["policy"]["attr-id"] == 2).unwrap();
    assert_eq!(name["policy"]["type"], "nul-string");
    assert_eq!(name["policy"]["max-length"], 15);
}

#[test]
fn links_are_dumped_from_linux() {
    let links = told(&["dump", "rt-link", "getlink", "--json"]);
    let lo = links.as_array().unwrap().iter().find(|link| link["ifname"] == "lo").unwrap();
    assert_eq!((&lo["ifi-index"], &lo["address"]), (&json!(1), &json!("00:00:00:00:00:00")));
    let one = told(&["do", "rt_link", "getlink", r#"{"ifi-index": 1}"#, "--json"]);
    assert_eq!(one["ifname"], "lo");
    let (_, text, _) = netloom(&["do", "rt-link", "getlink", r#"{"ifname": "lo"}"#]);
    assert!(text.starts_with("ifi-family: 0\n") && text.contains("\nifname: lo\n"), "{text}");
}

#[test]
fn a_protocol_is_there_or_not() {
    let protocols = told(&["list", "--protocols", "--json"]);
    let protocols = protocols.as_array().unwrap();
    assert_eq!(protocols.len(), 32);
    assert_eq!(protocols[16], json!({"protocol": 16, "name": "generic", "available": true}));
    assert_eq!(protocols[17], json!({"protocol": 17, "name": null, "available": false}));
}

#[test]
fn mistakes_say_what_would_fit() {
    let spec = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    // arguments, status, what standard error holds
    for (args, status, text) in [
        (&["do", "nlctrl"][..], 2, "<OP>"),
        (&["list", "nlctrl", "--protocols"], 2, "cannot be used with"),
        (&["list", "--module", "doc_exmpl"], 2, "--kernel embedded"),
        (&["list", "--behave-like", "6.1"], 2, "--kernel embedded"),
        (&["list", "--kernel", "embedded", "--behave-like", "5.10"], 2, "older than 6.1"),
        (&["list", "--kernel", "embedded", "--behave-like", "newest"], 2, "no release of Linux: write it as 7.2"),
        (
            &["list", "--module", "doc_exampl", "--kernel", "embedded"],
            1,
            "there are doc_exmpl, journal, ovs_packet, wireguard",
        ),
        (&["do", "nlctrl", "getfamili"], 1, "its ops are getfamily, getpolicy"),
        (&["do", "nlctrl", "getpolicy"], 1, "netloom dump nlctrl getpolicy"),
        (&["dump", "nlctrl", "newfamily"], 1, "netloom listen nlctrl"),
        (&["do", "nlctl", "getfamily"], 1, "did you mean \"nlctrl\"?"),
        (&["do", "nlctrl", "getfamily", "{"], 1, "the request is no JSON: EOF"),
        (&["do", "nlctrl", "getfamily", "[]"], 1, "expected a JSON object"),
        (&["do", "nlctrl", "getfamily", r#"{"family-nam":"x"}"#], 1, "did you mean \"family-name\"?"),
        (&["do", "nlctrl", "getfamily", r#"{"family-id":65536}"#], 1, "family-id: expected a number from 0 to 65535"),
        (&["do", "nlctrl", "getfamily", r#"{"family-name":"nosuch"}"#], 1, "nlctrl getfamily: ENOENT"),
        (&["dump", "wireguard", "get-device", "--kernel", "embedded"], 1, "no family wireguard"),
        (
            &["do", "wireguard", "set-device", r#"{"peers":[{"public-key":"00"}]}"#],
            1,
            "peers[0].public-key: expected 32 bytes as hex, found 1 byte",
        ),
        (&["list", "nosuch"], 1, "no family nosuch"),
        (&["listen", "nlctrl", "nosuch"], 1, "its groups are notify"),
        (&["list", "--specs", "/nonexistent"], 1, "/nonexistent: "),
        (&["list", "--spec", spec.to_str().unwrap()], 1, "Cargo.toml:"),
        (&["list", "--kernel", "/nonexistent/socket"], 1, "/nonexistent/socket: "),
    ] {
        let (code, out, err) = netloom(args);
        assert_eq!((code, &*out), (Some(status), ""), "{args:?}: {err}");
        assert!(err.contains(text), "{args:?}: {err}");
    }
}

#[test]
fn a_spec_of_ones_own_is_as_good_as_a_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let spec = "
name: nlctrl
protocol: genetlink-legacy
doc: A part of nlctrl, by other words.
attribute-sets:
  - name: ctrl
    attributes: [{name: number, type: u16}, {name: called, type: string}]
operations:
  list:
    - name: who
      doc: Who is it?
      value: 3
      attribute-set: ctrl
      do: {request: {attributes: [called]}, reply: {attributes: [number, called]}}
";
    let path = folder.path().join("mine.yaml");
    std::fs::write(&path, spec).unwrap();
    for option in [["--spec", path.to_str().unwrap()], ["--specs", folder.path().to_str().unwrap()]] {
        let args = [&["do", "mine", "who", r#"{"called":"nlctrl"}"#, "--json"], &option[..]].concat();
        let who = told(&args);
        // Its replies are of another number, so that it reads them only for being asked; the rest is unknown to it.
        assert_eq!((&who["number"], &who["called"]), (&json!(16), &json!("nlctrl")));
        assert_eq!(who["unknown-3"], "02000000");
    }
}

#[test]
fn a_trace_goes_to_stderr_and_names_what_it_shows() {
    let (code, out, err) = netloom(&["--trace", "do", "nlctrl", "getfamily", r#"{"family-name":"nlctrl"}"#, "--json"]);
    assert_eq!((code, out.lines().count()), (Some(0), 1));
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines[0], r#"-> nlctrl getfamily REQUEST|ACK seq 1: {"family-name":"nlctrl"}"#);
    assert!(lines[1].starts_with(r#"<- nlctrl getfamily seq 1: {"family-name":"nlctrl","family-id":16,"#), "{err}");
    assert_eq!(lines[2..], ["<- ack seq 1"]);
    let secret = format!(r#"{{"ifname":"wg0","private-key":"{}"}}"#, "7".repeat(64));
    let (_, _, err) = netloom(&["--trace", "do", "wireguard", "set-device", &secret, "--kernel", "embedded"]);
    assert!(!err.contains("77777777"), "{err}");
}

#[test]
fn the_variable_names_the_kernel_side() {
    let output = command(&["list", "--json"]).env("NETLOOM_KERNEL", "embedded").output().unwrap();
    let families: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(families.as_array().unwrap().len(), 1, "embedded without modules has nlctrl alone");
    let output = command(&["list", "--kernel", "linux"]).env("NETLOOM_KERNEL", "/nonexistent").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_request_may_come_from_a_pipe() {
    let mut child = command(&["do", "nlctrl", "getfamily", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), br#"{"family-id": 16}"#).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["family-name"], "nlctrl");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let mut child =
        command(&["dump", "nlctrl", "getfamily"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}

/// Starts listening, and returns once it does.
fn listening(args: &[&str]) -> Child {
    let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("netloom: listening to "), "{line}");
    child
}

#[test]
fn listening_ends_well_on_a_signal() {
    for signal in ["-INT", "-TERM"] {
        let mut child = listening(&["listen", "nlctrl", "notify", "--json"]);
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!(out, "");
    }
}

#[test]
fn events_are_lines() {
    let script = r#"
        folder=$(mktemp -d); mkfifo "$folder/ready"
        "$1" listen rt-link --json >"$folder/events" 2>"$folder/ready" & listener=$!
        read -r _ <"$folder/ready"
        "$1" do rt-link setlink '{"ifi-index": 1, "ifi-flags": ["up"], "ifi-change": 1}'
        for try in $(seq 600); do [ -s "$folder/events" ] && break; sleep 0.1; done
        kill -INT $listener; wait $listener
        cat "$folder/events"; rm -r "$folder"
    "#;
    let Some(out) = unshared(script) else { return };
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["name"], &events[0]["msg"]["ifname"]), (&json!("newlink-ntf"), &json!("lo")));
    assert!(events[0]["msg"]["ifi-flags"].as_array().unwrap().contains(&json!("up")));
}

#[test]
fn generated_rust_is_that_of_the_built_in_family_or_nothing() {
    let families = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../families");
    let spec = families.join("specs/doc_exmpl.yaml");
    let checked_in = std::fs::read_to_string(families.join("src/doc_exmpl.rs")).unwrap();
    let (code, out, _) = netloom(&["gen", spec.to_str().unwrap()]);
    assert_eq!((code, out), (Some(0), checked_in.clone()));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("doc_exmpl.rs");
    let file_name = file.to_str().unwrap();
    std::fs::write(&file, "precious").unwrap();
    let wrong = folder.path().join("wrong.yaml");
    let text = std::fs::read_to_string(&spec).unwrap().replace("attribute-set: msg\n", "attribute-set: mgs\n");
    std::fs::write(&wrong, text).unwrap();
    let (code, out, err) = netloom(&["gen", wrong.to_str().unwrap(), "-o", file_name]);
    assert_eq!((code, &*out), (Some(1), ""));
    assert!(err.contains("wrong.yaml:") && err.contains("\"msg\""), "{err}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(netloom(&["gen", spec.to_str().unwrap(), "-o", file_name]).0, Some(0));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), checked_in);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    let (code, _, err) = netloom(&["gen", spec.to_str().unwrap(), "-o", "/nonexistent/x.rs"]);
    assert!(code == Some(1) && err.contains("/nonexistent/x.rs: "), "{err}");
}

#[test]
fn what_a_kernel_side_takes_stands_beside_the_spec() {
    let spec = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../families/specs/wireguard.yaml");
    let embedded = ["--kernel", "embedded", "--module", "wireguard=wg0", "--spec"];
    let list = |path: &str, more: &[&str]| netloom(&[&["list", "wireguard"], &embedded[..], &[path], more].concat());
    let (code, out, err) = list(spec.to_str().unwrap(), &[]);
    assert_eq!((code, &*err), (Some(0), ""));
    assert!(
        out.ends_with("\n\nno difference\n") && out.contains("\n        9  allowedips               array of nests\n")
    );

    let (code, out, err) = list(spec.to_str().unwrap(), &["--behave-like", "6.1"]);
    assert_eq!((code, &*err), (Some(1), "netloom: wireguard: 8 differences between the kernel side and the spec\n"));
    for line in [
        "<   8  peers                    nest; the spec has no such attribute here",
        "!   5  flags                    u32; by the spec u32, no bits but 0x1",
        "    6  listen-port              u16",
    ] {
        assert!(out.lines().any(|there| there == line), "{line}\n{out}");
    }

    // A spec that says more, less and other things.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("wireguard.yaml");
    let text = std::fs::read_to_string(&spec).unwrap();
    let text = text.replacen("name: get-device\n", "name: get-devices\n", 1).replacen("type: u16", "type: u32", 1);
    std::fs::write(&other, text.replacen("flags: [uns-admin-perm]", "flags: [admin-perm]", 1)).unwrap();
    let (code, out, _) = list(other.to_str().unwrap(), &["--json"]);
    assert_eq!(code, Some(1), "{out}");
    let compared = &serde_json::from_str::<Value>(&out).unwrap()["compared"];
    let ops = compared["ops"].as_array().unwrap();
    let initial = "it needs CAP_NET_ADMIN; by the spec it needs CAP_NET_ADMIN in the initial user namespace";
    assert_eq!((&ops[0]["op"], &ops[0]["differs"]), (&json!("get-devices"), &json!(initial)));
    let rows: Vec<&Value> = ops.iter().flat_map(|op| op["attributes"].as_array().unwrap()).collect();
    let differing: Vec<_> = rows.iter().filter(|row| row["differs"] == true).collect();
    assert_eq!(
        **differing[0],
        json!({"attribute": "listen-port", "id": 6, "kernel": "u16", "spec": "u32", "differs": true})
    );
    assert_eq!((differing.len(), &compared["differences"]), (1, &json!(2)));
    assert!(rows.iter().any(|row| row["attribute"] == "peers.allowedips.cidr-mask"));
}

#[test]
fn another_network_namespace_is_talked_to_from_here() {
    // The shell's own is left for a new one, whose lo is down.
    let script = r#"
        ip link set lo up
        unshare -n sh -c 'echo there; exec sleep 60' >"$HOME/there" & process=$!
        until grep -q there "$HOME/there"; do sleep 0.01; done
        lo() { "$1" --netns "$2" do rt-link getlink '{"ifname": "lo"}' --json; }
        lo "$1" $$; lo "$1" "/proc/$process/ns/net"; lo "$1" "$process"
        "$1" --netns "no such name" list 2>&1 || echo "failed with $?"
        kill "$process""#;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let Some(out) = unshared(&format!("HOME={home}\n{script}")) else { return };
    let mut lines = out.lines();
    for up in [true, false, false] {
        let link: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        let flags = link["ifi-flags"].as_array().unwrap();
        assert_eq!((&link["ifname"], flags.contains(&json!("up"))), (&json!("lo"), up), "{out}");
    }
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "netloom: /run/netns/no such name: there is no network namespace of this name; `ip netns` lists those there are",
            "failed with 1"
        ]
    );
}

#[test]
fn kernel_policies_are_c_by_the_names_of_the_spec() {
    let specs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../families/specs");
    let c = |name: &str| {
        let (code, out, err) = netloom(&["gen", "--kernel-policy", specs.join(name).to_str().unwrap()]);
        assert_eq!((code, &*err), (Some(0), ""));
        out
    };
    assert_eq!(
        c("doc_exmpl.yaml"),
        "/* Generated from doc_exmpl.yaml by netloom gen --kernel-policy; change that file, not this one. */\n\
         #include <linux/version.h>\n#include <net/netlink.h>\n\n\
         static const struct nla_policy doc_exmpl_echo_nl_policy[2] = {\n\t[1] = { .type = NLA_NUL_STRING },\n};\n\n\
         static const struct nla_policy doc_exmpl_say_nl_policy[2] = {\n\t[1] = { .type = NLA_NUL_STRING },\n};\n"
    );
    let wireguard = c("wireguard.yaml");
    for line in [
        "static const struct nla_policy wireguard_get_device_nl_policy[3] = {",
        "static const struct nla_policy wireguard_set_device_nl_policy[9] = {",
        "\t[8] = NLA_POLICY_NESTED_ARRAY(wireguard_wgpeer_nl_policy),",
        "\t[9] = NLA_POLICY_NESTED_ARRAY(wireguard_wgallowedip_nl_policy),",
        "\t[5] = NLA_POLICY_MASK(NLA_U32, 0x1),",
    ] {
        assert!(wireguard.lines().any(|there| there == line), "{line}\n{wireguard}");
    }
}

#[test]
fn an_embedded_kernel_side_behaves_as_the_release_that_is_named() {
    let request = ["dump", "nlctrl", "getpolicy", r#"{"family-name":"nlctrl","op":10}"#, "--json"];
    // The number under which 6.12 and 6.18 tell of an op that can only be dumped, and what is said of the release.
    for (release, op, said) in [
        ("6.1.176", 10, ""),
        ("6.12", 0, ""),
        ("6.18.44-cloud", 0, ""),
        ("7.2", 10, ""),
        ("99.0", 10, "netloom: Linux 99.0 is not known yet: behaving as 7.2\n"),
    ] {
        let (code, out, err) = netloom(&[&request[..], &["--kernel", "embedded", "--behave-like", release]].concat());
        assert_eq!((code, &*err), (Some(0), said), "{release}");
        let policies: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(policies[0]["op-policy"]["op-id"], op, "{release}");
    }
}

#[test]
fn modules_live_in_an_embedded_kernel_side() {
    let embedded = |args: &[&'static str]| [args, &["--kernel", "embedded", "--module", "wireguard=wg0,wg1"]].concat();
    let echo = ["do", "doc_exmpl", "echo", r#"{"msg":"hello from user space!"}"#, "--json"];
    let greeted = told(&[&echo[..], &["--module", "doc_exmpl", "--kernel", "embedded"]].concat());
    assert_eq!(greeted, json!({"msg": "Hello from kernel space!!!"}));

    let links = told(&embedded(&["dump", "rt-link", "getlink", "--json"]));
    let names: Vec<&Value> = links.as_array().unwrap().iter().map(|link| &link["ifname"]).collect();
    assert!(names.contains(&&json!("wg0")) && names.contains(&&json!("wg1")), "{links}");
    let devices = told(&embedded(&["dump", "wireguard", "get-device", r#"{"ifname":"wg1"}"#, "--json"]));
    assert_eq!((devices.as_array().map(Vec::len), &devices[0]["ifname"]), (Some(1), &json!("wg1")));

    let (code, text, _) = netloom(&embedded(&["list", "wireguard"]));
    assert_eq!(code, Some(0));
    for line in
        ["    8  peers                    array of nests", "      1  public-key               binary, exactly 32 bytes"]
    {
        assert!(text.contains(line), "{text}");
    }
    let (code, _, err) = netloom(&embedded(&["do", "wireguard", "set-device", r#"{"ifname":"wg7"}"#]));
    assert_eq!((code, &*err), (Some(1), "netloom: wireguard set-device: ENODEV: no such device\n"));
    let (_, _, err) = netloom(&embedded(&["do", "wireguard", "set-device", r#"{"ifname":"wg0","peers":[{}]}"#]));
    assert!(err.contains("EINVAL"), "{err}");
}
