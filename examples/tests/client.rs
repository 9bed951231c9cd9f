//! The client's examples print what they say they print.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use netloom::families::doc_exmpl::{Echo, Msg};
use netloom::families::rt_link::{Ifinfomsg, Link, LinkFlags, Setlink};
use netloom::families::rt_route::Route;
use netloom::kernel::{Family, Kernel};
use netloom::prelude::*;
use netloom::rtnetlink::{Prefix, addr, link, route};

#[allow(dead_code, unreachable_pub)]
#[path = "../batch.rs"]
mod batch;
#[allow(dead_code, unreachable_pub)]
#[path = "../call.rs"]
mod call;
#[allow(dead_code, unreachable_pub)]
#[path = "../consistent_dump.rs"]
mod consistent_dump;
#[allow(dead_code, unreachable_pub)]
#[path = "../dump.rs"]
mod dump;
#[allow(dead_code, unreachable_pub)]
#[path = "../routes.rs"]
mod routes;
#[allow(dead_code, unreachable_pub)]
#[path = "../subscribe.rs"]
mod subscribe;
#[allow(dead_code, unreachable_pub)]
#[path = "../tasks.rs"]
mod tasks;

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A kernel side with the one family of the documents.
fn kernel() -> Kernel {
    let kernel = Kernel::new();
    kernel.register(Family::new(()).on_do(Echo, |_, _, _| Ok(Msg::new().msg("Hello from kernel space!!!")))).unwrap();
    kernel
}

#[test]
fn call_tells_of_a_family() {
    let nlctrl = "nlctrl: id 16, version 2\n  op 3: cmd-cap-do|cmd-cap-dump|cmd-cap-haspol\n  op 10: \
                  cmd-cap-dump|cmd-cap-haspol\n  group 16: notify\n";
    for nl in [Connection::open().unwrap(), kernel().connect()] {
        assert_eq!(text(|out| call::tell(&nl, "nlctrl", out)), nlctrl);
        assert_eq!(text(|out| call::tell(&nl, "NO_SUCH", out)), "NO_SUCH: this kernel has no such family\n");
    }
}

#[test]
fn a_batch_tells_of_each_family() {
    let missing = "NO_SUCH: nlctrl getfamily (request 1 of the batch): ENOENT: no such file or directory\n";
    for nl in [Connection::open().unwrap(), kernel().connect()] {
        let told = text(|out| batch::ids(&nl, &["nlctrl", "NO_SUCH", "nlctrl"], out));
        assert_eq!(told, format!("nlctrl: id 16\n{missing}nlctrl: id 16\n"));
    }
}

#[test]
fn tasks_tell_of_all_families() {
    let kernel = kernel();
    let nl = netloom::tokio::Connection::over(kernel.dialer(kernel.administrator()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut printed = Vec::new();
    runtime.block_on(tasks::tell(&nl, &mut printed)).unwrap();
    let printed = String::from_utf8(printed).unwrap();
    assert!(printed.starts_with("16 nlctrl: 1 groups\n") && printed.contains(" DOC_EXMPL: "), "{printed}");
    assert!(printed.ends_with("no family comes or goes\n"), "{printed}");
}

#[test]
fn dump_lists_the_interfaces() {
    let printed = text(|out| dump::list(&Connection::open().unwrap(), out));
    let loopback = printed.lines().find(|line| line.starts_with("1: "));
    assert!(loopback.is_some_and(|line| line.contains(" mtu ") && line.contains("loopback")), "{printed}");
}

#[test]
fn consistent_dump_counts_or_gives_up() {
    let kernel = kernel();
    kernel.faults().interrupt_dumps(9);
    assert_eq!(text(|out| consistent_dump::count(&kernel.connect(), out)), "2 families: DOC_EXMPL nlctrl\n");
    kernel.faults().interrupt_dumps(11);
    let printed = text(|out| consistent_dump::count(&kernel.connect(), out));
    assert!(printed.starts_with("2 families: DOC_EXMPL nlctrl\n") && printed.contains("torn 11 times"), "{printed}");
}

/// Runs the test of this name in a fresh network namespace; false in the outer process, whose part is done.
fn inside(test: &str) -> bool {
    const MARK: &str = "NETLOOM_TEST_INSIDE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    if !Command::new("unshare").args(["-Urn", "--", "true"]).status().is_ok_and(|status| status.success()) {
        let _ = writeln!(std::io::stderr(), "skipped: {test}: no user namespaces here (unshare -Urn fails)");
        return false;
    }
    let mut again = Command::new("unshare");
    again.args(["-Urn", "--"]).arg(std::env::current_exe().unwrap()).args(["--exact", test]).env(MARK, "1");
    let inner = again.stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&inner.stdout);
    // Where no test has this name, none fails.
    assert!(inner.status.success() && told.contains("test result: ok. 1 passed"), "{test} failed inside:\n{told}");
    false
}

#[test]
fn routes_tells_of_addresses_and_routes() {
    if !inside("routes_tells_of_addresses_and_routes") {
        return;
    }
    let nl = Connection::open().unwrap();
    link::up(&nl, "lo").unwrap();
    let prefix = |text: &str| text.parse::<Prefix>().unwrap();
    addr::add(&nl, "lo", prefix("192.0.2.1/24")).unwrap();
    let gateway = std::net::Ipv4Addr::new(192, 0, 2, 9);
    route::add(&nl, Route::from(Prefix::DEFAULT_V4).gateway(gateway)).unwrap();
    route::add(
        &nl,
        Route::from(prefix("10.1.0.0/16")).multipath([route::hop(1, 1).gateway(gateway), route::hop(1, 1)]),
    )
    .unwrap();
    route::add(&nl, route::blackhole(prefix("10.2.0.0/16"))).unwrap();
    let expected = "\
lo: 127.0.0.1/8 192.0.2.1/24 ::1/128
unicast 0.0.0.0/0 via 192.0.2.9 dev lo
unicast 10.1.0.0/16 via 192.0.2.9 dev lo dev lo
blackhole 10.2.0.0/16
";
    assert_eq!(text(|out| routes::tell(&nl, out)), expected);
}

#[test]
fn subscribe_hears_what_changes() {
    if !inside("subscribe_hears_what_changes") {
        return;
    }
    let nl = Connection::open().unwrap();
    let (lines, printed) = mpsc::channel();
    let watched = nl.clone();
    thread::spawn(move || subscribe::watch(&watched, 1, &mut Lines(lines)).unwrap());
    assert_eq!(printed.recv().unwrap(), "  lo index 1 down\n");
    let header = Ifinfomsg { ifi_flags: LinkFlags::UP, ifi_change: LinkFlags::UP.0, ..Ifinfomsg::default() };
    nl.call(Setlink, &Link::new().ifname("lo").header(header)).unwrap();
    assert_eq!(printed.recv().unwrap(), "+ lo index 1 up\n");
    assert!(printed.recv().is_err(), "it ends after one event");
}

/// Sends what is written, a write at a time, put together to lines.
struct Lines(mpsc::Sender<String>);

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
