//! Hostile load: flooders, readers who never read, dumpers who die, ten thousand sockets. Memory keeps within what is
//! stated, others are served meanwhile, and nothing is left.
//!
//! Each kernel side has a process of its own, whose peak memory is the kernel's word. It lasts two seconds, or as many as
//! `NETLOOM_LOAD_SECONDS` says: `cargo xtask test --full` has it last a minute.

mod actors;
#[allow(dead_code, reason = "the tests of the protocol need more of it")]
#[path = "../unix/raw.rs"]
mod raw;
mod world;

use std::env;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use actors::play;
use world::{InProcess, Served, World};

/// Sockets that are open at once, besides those that do something.
const CROWD: usize = 10_000;
/// Where the kernel side listens that a child is to serve, or to die at.
const PATH: &str = "NETLOOM_LOAD_PATH";

/// One at a time: they would take the processor from each other.
static TURN: Mutex<()> = Mutex::new(());

fn lasts() -> Duration {
    let asked = env::var("NETLOOM_LOAD_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(asked.unwrap_or(2))
}

/// Runs a test of this file in a process of its own.
pub(crate) fn child(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command
}

/// As many sockets as the process may have descriptors for, beside others.
fn crowd() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let most = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |most| most as usize);
    let crowd = most.saturating_sub(1_000).min(CROWD);
    if crowd < CROWD {
        println!("skipped: {} of {CROWD} sockets at once: this process may open {most} files", CROWD - crowd);
    }
    crowd
}

#[test]
fn in_process() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let output = child("alone").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said.lines()
        .filter_map(|line| line.find("load ").and_then(|at| line.get(at..)))
        .for_each(|line| println!("{line}"));
}

#[test]
#[ignore = "run by in_process"]
fn alone() {
    play("in process", &InProcess::default(), CROWD, lasts());
}

#[test]
fn served() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let crowd = crowd();
    let world = Served::start();
    play("served", &world, crowd, lasts());
    world.stop();
}

#[test]
#[ignore = "run by served"]
fn server() {
    if let Some(path) = env::var_os(PATH) {
        world::serve(path.as_ref());
    }
}

#[test]
#[ignore = "run by served"]
fn dies_in_a_dump() {
    if let Some(path) = env::var_os(PATH) {
        world::dump_until_killed(path.as_ref());
    }
}

/// What a kernel side holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Report {
    /// Open sockets, and the bytes in the queues of all of them and in the fullest.
    pub(crate) sockets: usize,
    pub(crate) queued: usize,
    pub(crate) fullest: usize,
    /// Dumps that have begun and not ended.
    pub(crate) dumps: usize,
    /// Dumps that have begun.
    pub(crate) begun: usize,
    /// KiB of memory that its process had at most, and has: VmHWM, VmRSS.
    pub(crate) peak: usize,
    pub(crate) now: usize,
}

pub(crate) fn eventually(world: &dyn World, what: &str, is_so: impl Fn(&Report) -> bool) -> Report {
    for _ in 0..3_000 {
        let report = world.report();
        if is_so(&report) {
            return report;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: {:?}", world.report());
}
