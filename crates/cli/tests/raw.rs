//! The verbs send, decode and sockets, as built, on Linux underneath and on a kernel side of our own.
#![cfg(target_endian = "little")]

use std::io::Write;
use std::process::{Child, Command, Stdio};

use netloom::socket::Socket;
use netloom::wire::Protocol;
use serde_json::Value;

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

/// What it prints when this comes in.
fn fed(args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut piped = command(args);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// GETFAMILY "DOC_EXMPL" as a client by hand sends it: 36 bytes.
const ASK: &str = "24000000 10000100 00000000 00000000 03010000 0e000200 444f435f45584d504c00 0000";

#[test]
fn a_message_goes_out_and_its_answers_come_back() {
    for kernel in ["linux", "embedded"] {
        let (code, out, err) =
            netloom(&["send", "--type", "nlctrl", "--cmd", "3", "--attr", "2=nlctrl", "--kernel", kernel]);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!((code, lines.len()), (Some(0), 3), "{kernel}: {out}{err}");
        assert_eq!(lines[0], r#"-> nlctrl getfamily REQUEST|ACK seq 1: {"family-name":"nlctrl"}"#);
        assert!(lines[1].starts_with(r#"<- nlctrl getfamily seq 1: {"family-name":"nlctrl","family-id":16"#), "{out}");
        assert_eq!(lines[2], "<- ack seq 1");

        // By hexadecimal, without an acknowledgement; refused.
        let (code, out, err) = netloom(&["send", "--hex", ASK, "--wait", "0.2", "--kernel", kernel]);
        assert_eq!((code, out.lines().count()), (Some(1), 2), "{kernel}: {out}{err}");
        assert!(out.contains("<- error seq 0: ENOENT") && err.contains("netloom: refused: ENOENT"), "{out}{err}");

        // A dump ends at its end; ops by number, an id that is not nlctrl's own.
        let dump =
            ["send", "--type", "0x10", "--cmd", "3", "--flags", "REQUEST|DUMP", "--seq", "9", "--kernel", kernel];
        let (code, out, _) = netloom(&dump);
        assert_eq!((code, out.lines().last()), (Some(0), Some("<- done seq 9")), "{out}");
    }
    let (code, out, err) = netloom(&[
        "--kernel",
        "embedded",
        "--module",
        "doc_exmpl",
        "send",
        "--type",
        "19",
        "--cmd",
        "1",
        "--version",
        "1",
        "--attr",
        "1=hello there",
    ]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.starts_with(r#"-> DOC_EXMPL echo REQUEST|ACK seq 1: {"msg":"hello there"}"#), "{out}");
    // A protocol whose types are numbers, a header of its own: the link of index 1.
    let (code, out, err) = netloom(&[
        "send",
        "--protocol",
        "route",
        "--type",
        "18",
        "--flags",
        "REQUEST",
        "--header",
        "00 00 0000 01000000 00000000 00000000",
        "--wait",
        "0.2",
    ]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains(r#""ifname":"lo""#), "{out}");
}

#[test]
fn mistakes_say_what_would_fit() {
    for (args, status, text) in [
        (&["send"][..], 2, "--type"),
        (&["send", "--type", "16", "--hex", "00"], 2, "cannot be used with"),
        (&["send", "--type", "16", "--flags", "REQUEST|NO"], 2, "neither a number below 65536 nor one of REQUEST"),
        (&["send", "--type", "16", "--attr", "2"], 2, "expected ID=VALUE"),
        (&["send", "--type", "16", "--protocol", "32"], 2, "a number from 0 to 31"),
        (&["send", "--hex", "0"], 2, "half a byte"),
        (&["send", "--type", "65536"], 1, "65535 is the last"),
        (&["send", "--type", "getlink", "--protocol", "route"], 1, "are numbers, not names"),
        (&["send", "--type", "nosuch"], 1, "no family nosuch"),
        (&["send", "--type", "16", "--protocol", "31", "--kernel", "embedded"], 1, "EPROTONOSUPPORT"),
        // Refused by Linux, long before the wait is over.
        (&["send", "--type", "16", "--flags", "ACK|REQUEST", "--cmd", "77", "--wait", "5"], 1, "refused: EOPNOTSUPP"),
        (&["decode"], 2, "<FILE>"),
        (&["decode", "/nonexistent"], 1, "/nonexistent: "),
        (&["decode", "-"], 1, "standard input: no bytes in it"),
        (&["decode", "-", "--family", "nosuch"], 1, "no spec of a family \"nosuch\""),
        (&["decode", "-", "--family", "rt-link", "--protocol", "16"], 1, "rt-link belongs to protocol 0 (route)"),
        (&["sockets", "--kernel", "/nonexistent/socket"], 1, "/nonexistent/socket: "),
    ] {
        let (code, _, err) = netloom(args);
        assert_eq!(code, Some(status), "{args:?}: {err}");
        assert!(err.contains(text), "{args:?}: {err}");
    }
    let (code, _, err) = fed(&["decode", "-"], "00 11\n\n22 xx");
    assert_eq!((code, &*err), (Some(1), "netloom: standard input:3:4: 'x' is no hexadecimal digit\n"));
}

#[test]
fn recorded_bytes_are_lines_or_boxes() {
    let (code, out, err) = fed(&["decode", "-"], ASK);
    assert_eq!(
        (code, &*out),
        (Some(0), "-> nlctrl getfamily REQUEST seq 0: {\"family-name\":\"DOC_EXMPL\"}\n"),
        "{err}"
    );
    let (_, out, _) = fed(&["decode", "-", "--layout"], ASK);
    let line = |text: &str| out.lines().any(|line| line.trim_matches(['│', ' ']) == text);
    for text in [
        "0  24 00 00 00              len 36",
        "16  03                       cmd 3 (getfamily)",
        "24  44 4f 43 5f 45 58 4d 50  \"DOC_EXMPL\"",
        "34  00 00                    padding",
    ] {
        assert!(line(text), "{text}: {out}");
    }
    // The guide shows this very box.
    let guide = include_str!("../../../docs/guide/pictures.md");
    assert!(guide.contains(&out), "{out}");
    // Of a family whose id nobody told.
    let say = "20000000 99000100 01000000 00000000 01010000 0a000100 68656c6c6f000000";
    let (_, out, _) = fed(&["decode", "-"], say);
    assert_eq!(out, "-> family 153 command 1 REQUEST seq 1: 010100000a00010068656c6c6f000000\n");
    let (_, out, _) = fed(&["decode", "-", "--family", "doc_exmpl"], say);
    assert_eq!(out, "-> DOC_EXMPL echo REQUEST seq 1: {\"msg\":\"hello\"}\n");
    // Two datagrams, then what is none: shown, and no failure.
    let (code, out, _) = fed(&["decode", "-"], &format!("{ASK}\n\n{say}\n\n0102"));
    assert_eq!((code, out.lines().count()), (Some(0), 3), "{out}");
    assert!(out.ends_with("0102\n") && out.contains("malformed"), "{out}");
}

#[test]
fn device_events_have_no_header() {
    let bytes: String = b"add@/devices/x\0ACTION=add\0".iter().map(|byte| format!("{byte:02x}")).collect();
    let (code, out, _) = fed(&["decode", "-", "--protocol", "kobject-uevent"], &bytes);
    assert_eq!((code, &*out), (Some(0), "<- uevent add@/devices/x: ACTION=add\n"));
    let (_, out, _) = fed(&["decode", "-", "--protocol", "15"], "fffe00");
    assert_eq!(out, "<- uevent of another form: fffe00\n");

    let mut child = command(&["listen", "uevent"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.as_mut().unwrap()), &mut line).unwrap();
    assert_eq!(line, "netloom: listening to uevent\n");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let (code, _, err) = netloom(&["listen", "uevent", "--kernel", "embedded"]);
    assert!(code == Some(1) && err.contains("EPROTONOSUPPORT"), "{err}");
}

#[test]
fn keys_in_a_record_are_hidden_unless_asked_for() {
    let key = "ee".repeat(32);
    let set = format!("40000000 13000500 01000000 00000000 01010000 08000200 77673000 24000300 {key}");
    for layout in [&["--layout"][..], &[]] {
        let args = [&["decode", "-", "--family", "wireguard"], layout].concat();
        let (code, out, _) = fed(&args, &set);
        assert!(
            code == Some(0) && out.contains("(hidden)") && !out.contains("eeee") && !out.contains("ee ee"),
            "{out}"
        );
        let (_, out, _) = fed(&[&args[..], &["--show-keys"]].concat(), &set);
        assert!(out.contains("eeee") || out.contains("ee ee"), "{out}");
    }
}

#[test]
fn open_sockets_are_told_by_linux() {
    let socket = Socket::open(Protocol::USERSOCK).unwrap();
    socket.bind(Default::default()).unwrap();
    let port = socket.local().unwrap().port;
    let (code, out, err) = netloom(&["sockets", "--protocol", "usersock", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let all: Value = serde_json::from_str(&out).unwrap();
    let ours = all.as_array().unwrap().iter().find(|row| row["port"] == port).unwrap_or_else(|| panic!("{out}"));
    assert_eq!((&ours["protocol"], &ours["queued"]), (&Value::from(2), &Value::from(0)));
    let (_, out, _) = netloom(&["sockets"]);
    assert!(out.lines().next().unwrap().ends_with("groups") && out.contains("generic"), "{out}");
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn open_sockets_are_told_by_a_kernel_side_of_our_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernel");
    let path = path.to_str().unwrap();
    let _server = Server(command(&["serve", "--socket", path]).stderr(Stdio::null()).spawn().unwrap());
    let up = std::time::Instant::now();
    while netloom::unix::Dialer::connect(path).is_err() {
        assert!(up.elapsed().as_secs() < 10, "the server does not come up");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let dialer = netloom::unix::Dialer::connect(path).unwrap();
    let socket = netloom::client::Dialer::open(&dialer, Protocol::USERSOCK).unwrap();
    socket.bind(netloom::socket::Address { port: 4711, groups: 5 }).unwrap();
    let (code, out, err) = netloom(&["sockets", "--kernel", path, "--json"]);
    assert_eq!(code, Some(0), "{err}");
    let all: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&all[0]["port"], &all[0]["name"], &all[0]["groups"], &all[0]["drops"]),
        (&Value::from(4711), &Value::from("usersock"), &serde_json::json!([1, 3]), &Value::from(0)),
    );
    let (_, out, _) = netloom(&["sockets", "--kernel", path]);
    assert!(out.contains("2  usersock              4711         0       0  1,3\n"), "{out}");
    drop(socket);
}
