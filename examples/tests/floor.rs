//! The ground floor's examples print what they say they print.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use netloom::families::rt_link::{Dellink, Ifinfomsg, Link, LinkFlags, LinkInfo, Newlink, Setlink};
use netloom::kernel::Kernel;
use netloom::prelude::*;
use netloom::rtnetlink::Links;

#[allow(dead_code, unreachable_pub)]
#[path = "../bus.rs"]
mod bus;
#[allow(dead_code, unreachable_pub)]
#[path = "../callbacks.rs"]
mod callbacks;
#[allow(dead_code, unreachable_pub)]
#[path = "../doc_exmpl_by_hand.rs"]
mod doc_exmpl_by_hand;
#[allow(dead_code, unreachable_pub)]
#[path = "../messages.rs"]
mod messages;
#[allow(dead_code, unreachable_pub)]
#[path = "../monitor.rs"]
mod monitor;
#[allow(dead_code, unreachable_pub)]
#[path = "../speaks_first.rs"]
mod speaks_first;

fn text<E: std::fmt::Debug>(write: impl FnOnce(&mut Vec<u8>) -> std::result::Result<(), E>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

#[test]
fn messages_counts_and_walks() {
    let printed = text(messages::show);
    let lines: Vec<_> = printed.lines().collect();
    let row = |line: &str| line.split_whitespace().map(|word| word.parse().unwrap()).collect::<Vec<usize>>();
    for (payload, length, space, pad) in [(0, 16, 16, 0), (1, 17, 20, 3), (8, 24, 24, 0), (9, 25, 28, 3)] {
        assert_eq!(row(lines[payload + 1]), [payload, length, space, pad]);
    }
    assert_eq!(lines[11], "offsets 0 28 56 84, last unpadded, 109 bytes");
    assert_eq!(lines[12], "the fifth, cut short: message at offset 112 is truncated: 21 of 25 bytes");
    assert_eq!(lines.len(), 13);
}

#[test]
fn doc_exmpl_by_hand_greets_and_is_greeted() {
    let socket = doc_exmpl_by_hand::kernel().unwrap().socket(Protocol::GENERIC).unwrap();
    let expected = "\
socket: protocol 16, port 4711
-> GETFAMILY \"DOC_EXMPL\"   36 bytes  type 16 flags REQUEST seq 0
<- NEWFAMILY              168 bytes  family id 19
-> ECHO \"hello from user space!\"      48 bytes  type 19
<- ECHO \"Hello from kernel space!!!\"  52 bytes  type 19
";
    assert_eq!(text(|out| doc_exmpl_by_hand::run(&socket, "DOC_EXMPL", out)), expected);
    let linux = Socket::open(Protocol::GENERIC).unwrap();
    let printed = text(|out| doc_exmpl_by_hand::run(&linux, "nlctrl", out));
    assert!(
        printed.contains("-> GETFAMILY \"nlctrl\"      32 bytes") && printed.ends_with("family id 16\n"),
        "{printed}"
    );
    // An error is not taken for a reply.
    let socket = Kernel::new().socket(Protocol::GENERIC).unwrap();
    let error = doc_exmpl_by_hand::run(&socket, "DOC_EXMPL", &mut Vec::new()).unwrap_err();
    assert!(error.to_string().starts_with("ENOENT"), "{error}");
}

#[test]
fn the_c_client_finds_families_of_linux() {
    let folder = std::env::temp_dir().join(format!("netloom-c-client-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let client = folder.join("doc_exmpl_client");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/c/doc_exmpl_client.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut build = Command::new(&compiler);
    build.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&client).arg(source);
    match build.status() {
        Err(error) => return skip(&format!("the C client: no C compiler ({error})")),
        Ok(status) => assert!(status.success()),
    }
    let run = |family: &str| Command::new(&client).arg(family).output().unwrap();
    let found = run("nlctrl");
    assert_eq!((String::from_utf8(found.stdout).unwrap().as_str(), found.status.code()), ("family id: 16\n", Some(0)));
    let missing = run("NO_SUCH");
    assert_eq!((missing.stdout.as_slice(), missing.status.code()), (&b""[..], Some(1)));
    assert_eq!(String::from_utf8(missing.stderr).unwrap(), "kernel: No such file or directory\n");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn callbacks_are_asked_one_by_one() {
    let expected = "\
MSG_OUT 1  MSG_IN 6  VALID 5  FINISH 1  SEQ_CHECK 6
acknowledged: ACK 1
an unknown sequence: INVALID 1
a full queue: OVERRUN 1, told: true
a torn dump: DUMP_INTR 1, told: true
refused: error hook Some(ENOMEM), then DOC_EXMPL echo: ENOMEM: out of memory
object 1
object 2
stopped: true
-> 010100000700010068690000
<- 010100000700010068690000
";
    assert_eq!(text(callbacks::show), expected);
}

#[test]
fn bus_carries_from_port_to_group_and_back() {
    let talk = "\
100 -> group 5, port 0: send: ECONNREFUSED: connection refused
200 heard \"anybody there?\" from port 100 (this process) by group 5
100 heard \"I am\" from port 200 (this process) by its port
200 heard \"welcome\" from port 100 (this process) by group 5
";
    let printed = text(bus::in_process);
    assert_eq!(printed, format!("{talk}nobody: join: EPERM: operation not permitted\n"));
    let linux = || Socket::open(Protocol::USERSOCK).unwrap();
    if linux().join(5).is_err_and(|error| error.is_permission()) {
        return skip("bus over Linux: joining takes CAP_NET_ADMIN");
    }
    assert_eq!(text(|out| bus::talk(&linux(), &linux(), out)), talk);
}

#[test]
fn speaks_first_loses_nothing_in_either_direction() {
    let expected = "\
user: I am port 4711
kernel: are you there?
user: yes
calls: 500 answered, 500 met
questions: 501 answered, 501 met
";
    assert_eq!(text(speaks_first::show), expected);
}

#[test]
fn monitor_misses_nothing() {
    const MARK: &str = "NETLOOM_TEST_INSIDE";
    if std::env::var_os(MARK).is_none() {
        if !Command::new("unshare").args(["-Urn", "--", "true"]).status().is_ok_and(|status| status.success()) {
            return skip("monitor: no user namespaces here (unshare -Urn fails)");
        }
        let mut again = Command::new("unshare");
        again.args(["-Urn", "--"]).arg(std::env::current_exe().unwrap());
        again.args(["--exact", "monitor_misses_nothing", "--nocapture"]).env(MARK, "1");
        let inner = again.stderr(Stdio::inherit()).output().unwrap();
        let told = String::from_utf8_lossy(&inner.stdout);
        // Where no test has this name, none fails.
        assert!(inner.status.success() && told.contains("test result: ok. 1 passed"), "failed inside:\n{told}");
        return;
    }
    let nl = Connection::open().unwrap();
    let header = Ifinfomsg { ifi_flags: LinkFlags::UP, ifi_change: LinkFlags::UP.0, ..Ifinfomsg::default() };
    nl.call(Setlink, &Link::new().ifname("lo").header(header)).unwrap();

    let watch = nl.watch(Links).unwrap();
    // So small a queue that it overflows while nobody reads.
    let inbox = watch.events().socket().clone();
    inbox.set(netloom::socket::Opt::ReceiveBuffer, 4_608).unwrap();
    let (lines, printed) = mpsc::sync_channel(0);
    let reader = thread::spawn(move || {
        let _ = monitor::monitor(watch, usize::MAX, &mut Lines(lines));
    });
    assert_eq!(printed.recv().unwrap(), "lo index 1 up 65536\n");
    assert_eq!(printed.recv().unwrap(), "that is all; now what changes\n");
    // A bridge if this kernel has them, else another kind.
    let bridge = |name: &str| {
        let of = |kind: &str| Link::new().ifname(name).linkinfo(LinkInfo::new().kind(kind));
        let made = ["bridge", "dummy"].iter().any(|kind| nl.request(Newlink, &of(kind)).create().excl().send().is_ok());
        if !made {
            skip("monitor's events: this kernel makes neither bridges nor dummies");
        }
        made
    };
    let remove = |name: &str| nl.call(Dellink, &Link::new().ifname(name)).unwrap();
    if !bridge("br0") {
        return;
    }
    assert_eq!(printed.recv().unwrap(), "+ br0\n");
    remove("br0");
    assert_eq!(printed.recv().unwrap(), "- br0\n");
    // The reader is held up by the first line; behind it the queue overflows. What was lost is found again.
    bridge("br1");
    let many: Vec<_> = (2..40).map(|n| format!("br{n}")).collect();
    many.iter().for_each(|name| assert!(bridge(name)));
    many.iter().skip(1).for_each(|name| remove(name));
    let mut heard = Vec::new();
    while !heard.contains(&"resynchronised\n".to_owned()) {
        heard.push(printed.recv_timeout(std::time::Duration::from_secs(10)).unwrap());
    }
    remove("br1");
    bridge("last");
    loop {
        let line = printed.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
        let last = line == "+ last\n";
        heard.push(line);
        if last {
            break;
        }
    }
    // Whatever came and went unheard, what is there at the end is told to be there.
    let mut there: Vec<String> = Vec::new();
    for line in &heard {
        match line.trim().split_once(' ') {
            Some(("+", name)) => there.push(name.to_owned()),
            Some(("-", name)) => there.retain(|known| known != name),
            _ => {}
        }
    }
    assert_eq!(there, ["br2", "last"], "{heard:?}");
    drop(printed);
    remove("br2");
    reader.join().unwrap();
}

/// Hands out what is written, a line at a time, when somebody asks for it.
struct Lines(mpsc::SyncSender<String>);

impl Write for Lines {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        unreachable!("a line is written whole")
    }
    fn write_fmt(&mut self, line: std::fmt::Arguments<'_>) -> std::io::Result<()> {
        self.0.send(line.to_string()).map_err(std::io::Error::other)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
