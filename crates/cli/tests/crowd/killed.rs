//! Servers, supervisors and programs that are killed in the middle of a dump.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout};

use super::server::Server;
use super::{compiled, run};

/// More than what may be ahead of a reader.
const OBJECTS: u32 = 50_000;
const MODES: [&str; 3] = ["sync", "full", "fast"];

/// Programs of one supervisor that are half-way through a dump.
const PROGRAMS: usize = 8;

/// Starts them: the supervisor, and what they say.
fn dumping(mode: &str, server: &Server, client: &Path) -> (Child, BufReader<ChildStdout>) {
    let script = r#"exec 3<&0; for n in $(seq $1); do "$0" dump <&3 & done; wait"#;
    let mut command = run(&["--mode", mode, "--kernel", server.path()]);
    command.args(["sh", "-c", script]).arg(client).arg(PROGRAMS.to_string());
    let mut supervisor = command.spawn().unwrap();
    let mut said = BufReader::new(supervisor.stdout.take().unwrap());
    for _ in 0..PROGRAMS {
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "half-way 1\n");
    }
    (supervisor, said)
}

/// Lets them read on; what they say then.
fn heard(mut input: ChildStdin, mut said: BufReader<ChildStdout>) -> String {
    input.write_all(&[b'\n'; PROGRAMS]).unwrap();
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn who_dumps_hears_that_the_server_is_gone() {
    let Some(client) = compiled("crowd/client") else { return };
    for (mode, ends) in [
        ("sync", "receive: ECONNRESET\nthen: 0 0\nsend: -1 ECONNRESET\n"),
        ("full", "receive: ECONNRESET\nthen: -1 ECONNRESET\nsend: -1 ECONNRESET\n"),
        ("fast", "receive: ECONNRESET\nthen: 0 0\nsend: -1 EPIPE\n"),
    ] {
        let mut server = Server::start(OBJECTS);
        let (mut supervisor, said) = dumping(mode, &server, &client);
        assert_eq!(server.report().dumps, PROGRAMS);
        server.kill();
        let text = heard(supervisor.stdin.take().unwrap(), said);
        assert_eq!(text, ends.repeat(PROGRAMS), "{mode}");
        assert!(supervisor.wait().unwrap().success());
    }
}

#[test]
fn who_dumps_hears_that_its_supervisor_is_gone() {
    let Some(client) = compiled("crowd/client") else { return };
    for (mode, ends) in [
        ("sync", "receive: ECONNRESET\nthen: 0 0\nsend: -1 ENOSYS\n"),
        ("full", "receive: ENOSYS\nthen: -1 ENOSYS\nsend: -1 ENOSYS\n"),
        ("fast", "receive: ECONNRESET\nthen: 0 0\nsend: -1 EPIPE\n"),
    ] {
        let mut server = Server::start(OBJECTS);
        let (mut supervisor, said) = dumping(mode, &server, &client);
        let input = supervisor.stdin.take().unwrap();
        supervisor.kill().unwrap();
        supervisor.wait().unwrap();
        let text = heard(input, said);
        assert_eq!(text, ends.repeat(PROGRAMS), "{mode}");
        server.eventually("nothing is left", |left| (left.sockets, left.dumps) == (0, 0));
    }
}

#[test]
fn the_cursor_of_a_program_that_is_killed_is_released() {
    let Some(client) = compiled("crowd/client") else { return };
    for mode in MODES {
        let mut server = Server::start(OBJECTS);
        let mut command = run(&["--mode", mode, "--kernel", server.path()]);
        // The shell, which has the supervisor's input, kills one after the other: whoever is left goes on.
        let script = r#"
            for n in 1 2 3; do "$0" dump 1 & all="$all $!"; done
            for one in $all; do read line; kill -KILL $one; wait $one 2>/dev/null; echo killed; done
            read line
        "#;
        command.args(["sh", "-c", script]).arg(&client);
        let mut supervisor = command.spawn().unwrap();
        let mut said = BufReader::new(supervisor.stdout.take().unwrap());
        let mut hear = |expected: &str| {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            assert_eq!(line, expected, "{mode}");
        };
        (0..3).for_each(|_| hear("half-way 1\n"));
        let mut input = supervisor.stdin.take().unwrap();
        for left in [2, 1, 0] {
            assert_eq!(server.report().dumps, left + 1, "{mode}: one each, as long as it lives");
            input.write_all(b"\n").unwrap();
            hear("killed\n");
            server.eventually("its dump and socket are gone", |now| (now.sockets, now.dumps) == (left, left));
        }
        drop(input);
        supervisor.wait().unwrap();
    }
}
