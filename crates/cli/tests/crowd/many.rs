//! A thousand at once.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use netloom::families::doc_exmpl::{Echo, List, Msg};
use netloom::{Connection, unix};

use super::server::{Cost, Server};
use super::{compiled, full, run};

/// Interposed programs, and the supervisors that they are spread over, by mode.
const PROGRAMS: usize = 1_000;
const SUPERVISORS: [&str; 4] = ["sync", "full", "fast", "sync"];
const EACH: usize = PROGRAMS / SUPERVISORS.len();
/// Connections of our own library besides.
const OWN: usize = 200;
/// KiB that a client costs a server, by `unix::Server`, with its socket.
const A_CLIENT: usize = 64 + 2;
/// KiB that an interposed socket costs a supervisor, by `netloom_interpose`.
const A_SOCKET: usize = 96;
/// KiB for all the rest: threads, what is under way, what the allocator keeps.
const REST: usize = 16 * 1_024;

#[test]
fn a_thousand_programs_at_once_are_answered() {
    let Some(client) = compiled("crowd/client") else { return };
    let (trips, objects) = if full() { (100, 10_000) } else { (10, 1_000) };
    let mut server = Server::start(objects);
    let before = Cost::of(server.child.id());
    let script = r#"exec 3<&0; for n in $(seq $1); do "$0" crowd $2 <&3 & done; wait; grep VmHWM: /proc/$PPID/status"#;
    let mut supervisors: Vec<(Child, BufReader<ChildStdout>)> = SUPERVISORS
        .iter()
        .map(|mode| {
            let mut command = run(&["--mode", mode, "--kernel", server.path()]);
            command.args(["sh", "-c", script]).arg(&client);
            let mut child = command.args([(EACH).to_string(), trips.to_string()]).spawn().unwrap();
            let said = BufReader::new(child.stdout.take().unwrap());
            (child, said)
        })
        .collect();
    for (_, said) in &mut supervisors {
        for _ in 0..EACH {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            assert_eq!(line, "ready\n");
        }
    }
    let dialer = Arc::new(unix::Dialer::connect(&server.path).unwrap());
    let own: Vec<Connection> = (0..OWN)
        .map(|_| Connection::builder().dialer(dialer.clone()).timeout(Duration::from_secs(60)).open().unwrap())
        .collect();
    let all = server.report().sockets;
    assert!(all >= PROGRAMS, "all at once: {all}");
    let barrier = Barrier::new(OWN + 1);
    thread::scope(|scope| {
        for nl in &own {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for trip in 0..trips {
                    let text = trip.to_string();
                    assert_eq!(nl.call(Echo, &Msg::new().msg(text.as_str())).unwrap().msg, Some(text));
                }
                let indexes = nl.dump(List, &()).unwrap().map(|object| object.unwrap().index.unwrap());
                assert!(indexes.eq(0..objects), "each object once, in order");
            });
        }
        barrier.wait();
        // The end of their input is what the programs wait for.
        supervisors.iter_mut().for_each(|(child, _)| drop(child.stdin.take()));
    });
    let mut peaks = Vec::new();
    for (child, said) in &mut supervisors {
        let mut text = String::new();
        said.read_to_string(&mut text).unwrap();
        let whole = format!("answers {trips} objects {objects}\n");
        assert_eq!(text.matches(&whole).count(), EACH, "{text}");
        let (_, peak) = text.rsplit_once("VmHWM:").unwrap();
        peaks.push(peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap());
        assert!(child.wait().unwrap().success());
    }
    let after = Cost::of(server.child.id());
    let limits = (before.peak + (all + OWN) * A_CLIENT + REST, EACH * A_SOCKET + REST);
    println!(
        "crowd: {all} sockets and {OWN} connections, {trips} trips and {objects} objects each; KiB at most: server {} \
         ({} before, limit {}), supervisors {peaks:?} (limit {})",
        after.peak, before.peak, limits.0, limits.1
    );
    assert!(after.peak <= limits.0 && peaks.iter().all(|peak| *peak <= limits.1));
    drop(own);
    server.eventually("nothing is left", |left| (left.sockets, left.dumps) == (0, 0));
}
