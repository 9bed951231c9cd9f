//! Round trips by several threads at once, each on a socket of its own.

use std::fs;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::kernel::Kernel;

use crate::Failure;
use crate::netdev::{self, Dev, DevGet};
use crate::report::Report;

const ROUNDS: usize = 15;
/// By all threads together; long enough that where the scheduler puts them evens out.
const OURS: u32 = 400_000;
const THEIRS: u32 = 100_000;
const THREADS: u32 = 4;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    report.title("dev-get of netdev, a parallel family, each thread on a socket of its own, typed reply");
    let cores = thread::available_parallelism()?.get() as f64;
    let kernel = Kernel::new();
    netdev::register(&kernel)?;
    let here = || Ok(kernel.connect());
    let linux = || Connection::open().map_err(Failure::from);
    let linux_has_it = linux().and_then(|nl| ask(&nl, 1)).is_ok();

    ask(&here()?, OURS)?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let ours = Round { one: at_once(1, OURS, &here)?, all: at_once(THREADS, OURS, &here)? };
        let theirs = if linux_has_it {
            Some(Round { one: at_once(1, THEIRS, &linux)?, all: at_once(THREADS, THEIRS, &linux)? })
        } else {
            None
        };
        rounds.push((ours, theirs));
    }
    let row = |report: &mut Report, what: &str, calls: u32, rounds: Vec<Round>| {
        let by_wall = middle(&rounds, |round| round.one.wall, |round| round.all.wall, calls);
        let by_cpu = middle(&rounds, |round| round.one.cpu, |round| round.all.cpu, calls);
        let (ratio, one, all) = by_wall;
        report.row(
            &format!("{what}: {THREADS} threads beside one"),
            &format!("{ratio:.2} times the calls"),
            &format!("a call every {all} ns and {one} ns; median of {ROUNDS} interleaved rounds"),
        );
        let (ratio, one, all) = by_cpu;
        report.row(
            &format!("{what}: processor time of a call by {THREADS} threads"),
            &format!("{:.2} of that by one", 1.0 / ratio),
            &format!(
                "{all} ns and {one} ns: {:.2} times the calls on {cores} cores that do nothing else",
                ratio * cores
            ),
        );
    };
    row(report, "in process", OURS, rounds.iter().map(|(ours, _)| *ours).collect());
    if linux_has_it {
        row(report, "Linux", THEIRS, rounds.iter().filter_map(|(_, theirs)| *theirs).collect());
    } else {
        report.row("Linux", "not measured", "no family netdev here, or no interface 1");
    }
    Ok(())
}

/// What all calls took.
#[derive(Clone, Copy, Debug)]
struct Taken {
    wall: Duration,
    /// Of all threads together.
    cpu: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Round {
    one: Taken,
    all: Taken,
}

/// The round in the middle: its ratio, and nanoseconds a call by one thread and by all.
fn middle(
    rounds: &[Round],
    one: impl Fn(&Round) -> Duration,
    all: impl Fn(&Round) -> Duration,
    calls: u32,
) -> (f64, u128, u128) {
    let mut rounds: Vec<_> =
        rounds.iter().map(|round| (one(round).as_secs_f64() / all(round).as_secs_f64(), round)).collect();
    rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, round) = rounds[rounds.len() / 2];
    (ratio, one(round).as_nanos() / u128::from(calls), all(round).as_nanos() / u128::from(calls))
}

/// What all calls take by so many threads.
fn at_once(threads: u32, calls: u32, open: &dyn Fn() -> Result<Connection, Failure>) -> Result<Taken, Failure> {
    let connections = (0..threads).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
    let start = Barrier::new(connections.len() + 1);
    thread::scope(|scope| {
        let start = &start;
        let worker = move |nl: &Connection| -> Result<Duration, Failure> {
            // The first call looks the family up.
            let ready = ask(nl, 1);
            start.wait();
            ready?;
            let begun = own_time()?;
            ask(nl, calls / threads)?;
            Ok(own_time()?.saturating_sub(begun))
        };
        let workers: Vec<_> =
            connections.iter().map(|nl| scope.spawn(move || worker(nl).map_err(|error| error.to_string()))).collect();
        start.wait();
        let begun = Instant::now();
        let mut cpu = Duration::ZERO;
        for worker in workers {
            cpu += worker.join().map_err(|_| "a thread panicked")??;
        }
        Ok(Taken { wall: begun.elapsed(), cpu })
    })
}

/// The processor time that this thread has had.
fn own_time() -> Result<Duration, Failure> {
    let told = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = told.split_whitespace().next().ok_or("schedstat is empty")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

fn ask(nl: &Connection, times: u32) -> Result<(), Failure> {
    let request = Dev::new().ifindex(1_u32);
    for _ in 0..times {
        let reply = nl.call(DevGet, &request)?;
        if reply.ifindex != Some(1) {
            return Err("dev-get tells of another interface".into());
        }
    }
    Ok(())
}
