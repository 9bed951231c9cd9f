//! Links, addresses, routes, neighbours and rules are changed at full speed, by netloom and by `ip`, while they are dumped,
//! asked for and listened to, in threads and in tasks. In the end all agree on what is there, and nothing is left behind.
//!
//! It lasts a few seconds, or as many as `NETLOOM_CHURN_SECONDS` says: `cargo xtask test --full` has it last a minute.
//! `NETLOOM_CHURN_SEED` has the same numbers be drawn again, though not in the same order by all threads.
#![cfg(all(target_os = "linux", feature = "rtnetlink", feature = "tokio"))]

mod changers;
mod faulty;
mod lookers;
mod truth;
mod watchers;
mod yard;

use std::env;
use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use netloom::rtnetlink::{Addresses, Links, Neighbours, Routes, Rules};
use netloom::{Connection, tokio as tasks};

use lookers::Lost;
use watchers::Watchers;
use yard::{Random, Signals, Yard, eventually, held};

fn lasts() -> Duration {
    Duration::from_secs(number("NETLOOM_CHURN_SECONDS").unwrap_or(5))
}

/// What the numbers of this run begin with.
fn seed() -> u64 {
    number("NETLOOM_CHURN_SEED").unwrap_or_else(|| u64::from(std::process::id()))
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Runs the test of this name in a process of its own, whose descriptors and threads can be counted; false in the outer one,
/// whose part is done. `unshare` are words in front of it.
fn inside(test: &str, unshare: &[&str]) -> bool {
    const MARK: &str = "NETLOOM_CHURN_INSIDE";
    if env::var_os(MARK).is_some() {
        return true;
    }
    let exe = env::current_exe().unwrap();
    let mut words = unshare.iter().map(OsStr::new).chain([exe.as_os_str()]);
    let mut again = Command::new(words.next().unwrap());
    again.args(words).args(["--exact", test, "--nocapture"]);
    let inner = again.env(MARK, "1").stdin(Stdio::null()).stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&inner.stdout);
    // Where no test has this name, none fails.
    assert!(inner.status.success() && told.contains("test result: ok. 1 passed"), "{test} failed inside:\n{told}");
    false
}

/// The words that make a network namespace here in which links can be made; none inside of one. Why not, if they cannot.
fn namespace() -> Result<[&'static str; 3], &'static str> {
    let works = |words: &[&str]| {
        let command = &mut Command::new(words[0]);
        command.args(&words[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
    };
    if !works(&["ip", "-V"]) {
        return Err("no ip here (package iproute2)");
    }
    let way = ["-n", "-Urn"].into_iter().find(|way| works(&["unshare", way, "--", "ip", "-V"]));
    let way = way.ok_or("neither root nor user namespaces here (unshare fails)")?;
    let veth = ["unshare", way, "--", "ip", "link", "add", "name", "a", "type", "veth", "peer", "name", "b"];
    if works(&veth) { Ok(["unshare", way, "--"]) } else { Err("no veth here") }
}

#[test]
fn linux() {
    match namespace() {
        Err(why) => return println!("skipped: churn on Linux: {why}"),
        Ok(unshare) if !inside("linux", &unshare) => return,
        Ok(_) => {}
    }
    changers::ip_batch(&still());
    let (seed, before) = (seed(), held());
    eprintln!("NETLOOM_CHURN_SEED={seed}");
    let lost = Lost::default();
    {
        let nl = Connection::open().unwrap();
        let mut changing = Yard::default();
        change(&mut changing, seed);
        let mut looking = Yard::default();
        look(&mut looking, seed, &nl, &lost);
        let watchers = watch(&mut looking);
        changing.act(lasts());
        report(&changing.end());
        eventually(|| {
            // What the kernel does by itself meanwhile shows in one of them.
            let (ours, theirs) = (truth::dumped(&nl).map_err(|error| error.to_string())?, truth::by_ip());
            truth::same("a dump beside ip", &ours, &theirs).map(|()| eprintln!("{} objects in the end", ours.len()))
        });
        watchers.agree(&nl);
        report(&looking.end());
        assert_eq!(nl.strays(), Default::default());
    }
    let torn = lookers::TORN.load(Ordering::Relaxed);
    eprintln!("{torn} plain dumps were torn; {} times a subscriber has lost events", lost.load(Ordering::Relaxed));
    assert!(torn > 0 && lost.load(Ordering::Relaxed) > 0, "neither may be 0: not much can have happened");
    eventually(|| match held() {
        after if after == before => Ok(()),
        after => Err(format!("descriptors and threads: {before:?} before, {after:?} after")),
    });
}

/// What nobody changes: so much that no dump of it fits into one datagram.
fn still() -> String {
    let mut script = String::from("link set dev lo up\n");
    for n in 0..40 {
        script += &format!("link add name still{n} type veth peer name peer{n}\nlink set dev still{n} up\n");
    }
    for n in 0..1_000 {
        script += &format!("route add 10.{}.{}.0/24 dev still{} metric 5\n", 128 + n / 256, n % 256, n % 40);
    }
    script
}

/// Those who change something: each has a connection of its own.
fn change(yard: &mut Yard, seed: u64) {
    type Change = fn(&Connection, &mut Random, &Signals);
    let changers: [(&str, Change); 6] = [
        ("links", changers::links),
        ("more links", changers::links),
        ("addresses", changers::addresses),
        ("routes", changers::routes),
        ("neighbours", changers::neighbours),
        ("rules", changers::rules),
    ];
    for (n, (name, change)) in changers.into_iter().enumerate() {
        let mut random = Random::new(seed ^ (n as u64) << 32);
        yard.begin(name, move |signals| change(&Connection::open().unwrap(), &mut random, signals));
    }
    let mut random = Random::new(!seed);
    yard.begin("ip -batch", move |signals| changers::ip(&mut random, signals));
}

/// Those who look share a connection, but for who wants a small buffer.
fn look(yard: &mut Yard, seed: u64, nl: &Connection, lost: &Lost) {
    type Look = fn(&Connection, &mut Random, &Signals);
    let lookers: [(&str, Look); 4] = [
        ("dumps", lookers::dumps),
        ("more dumps", lookers::dumps),
        ("consistent dumps", lookers::consistent_dumps),
        ("calls", lookers::calls),
    ];
    for (n, (name, look)) in lookers.into_iter().enumerate() {
        let (nl, mut random) = (nl.clone(), Random::new(seed ^ (n as u64) << 40));
        yard.begin(name, move |signals| look(&nl, &mut random, signals));
    }
    let (small, lost) = (Connection::builder().receive_buffer(8 * 1024).open().unwrap(), lost.clone());
    yard.begin("a slow subscriber", move |signals| lookers::slow_subscriber(&small, &lost, signals));
    yard.begin("tasks", move |signals| lookers::many_tasks(&tasks::Connection::open().unwrap(), seed, signals));
}

/// Tables of everything, in threads and in tasks; what has a small buffer loses events again and again.
fn watch(yard: &mut Yard) -> Watchers {
    let open = || Connection::open().unwrap();
    let task = || tasks::Connection::open().unwrap();
    let small = || Connection::builder().receive_buffer(8 * 1024);
    // What keeps being torn is told as a loss.
    let mut watchers = Watchers::new(|error| panic!("nothing ends a table: {error}"));
    watchers.begin(yard, "table of links", open(), || Links, watchers::link);
    watchers.begin(yard, "table of addresses", open(), Addresses::all, watchers::whole);
    watchers.begin(yard, "table of routes", open(), Routes::all, watchers::whole);
    watchers.begin(yard, "table of neighbours", open(), Neighbours::all, watchers::whole);
    watchers.begin(yard, "table of rules", open(), Rules::all, watchers::whole);
    watchers.begin(yard, "table of routes, small buffer", small().open().unwrap(), Routes::all, watchers::whole);
    watchers.begin_task(yard, "table of links in a task", task(), || Links, watchers::link);
    watchers.begin_task(yard, "table of routes in a task", task(), Routes::all, watchers::whole);
    let small = tasks::Connection::with(small()).unwrap();
    watchers.begin_task(yard, "table of addresses in a task, small buffer", small, Addresses::all, watchers::whole);
    watchers
}

fn report(turns: &[(&str, u64)]) {
    let turns: Vec<_> = turns.iter().map(|(name, turns)| format!("{name} {turns}")).collect();
    eprintln!("turns: {}", turns.join(", "));
}
