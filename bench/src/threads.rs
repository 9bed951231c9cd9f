//! Round trips by several threads at once, each on a socket of its own.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::kernel::Kernel;

use crate::Failure;
use crate::netdev::{self, Dev, DevGet};
use crate::report::Report;

const ROUNDS: usize = 21;
/// By all threads together.
const CALLS: u32 = 40_000;
const THREADS: u32 = 4;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    report.title("dev-get of netdev, a parallel family, each thread on a socket of its own, typed reply");
    let kernel = Kernel::new();
    netdev::register(&kernel)?;
    let here = || Ok(kernel.connect());
    let linux = || Connection::open().map_err(Failure::from);
    let linux_has_it = linux().and_then(|nl| ask(&nl, 1)).is_ok();

    ask(&here()?, CALLS)?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let ours = [at_once(1, &here)?, at_once(THREADS, &here)?];
        let theirs = if linux_has_it { Some([at_once(1, &linux)?, at_once(THREADS, &linux)?]) } else { None };
        rounds.push((ours, theirs));
    }
    let row = |report: &mut Report, what: &str, times: Vec<[Duration; 2]>| {
        let (ratio, one, all) = median(times);
        let nanos = |time: Duration| time.as_nanos() / u128::from(CALLS);
        report.row(
            &format!("{what}: {THREADS} threads beside one"),
            &format!("{ratio:.2} times the calls"),
            &format!("a call every {} ns and {} ns; median of {ROUNDS} interleaved rounds", nanos(all), nanos(one)),
        );
    };
    row(report, "in process", rounds.iter().map(|(ours, _)| *ours).collect());
    if linux_has_it {
        row(report, "Linux", rounds.iter().filter_map(|(_, theirs)| *theirs).collect());
    } else {
        report.row("Linux", "not measured", "no family netdev here, or no interface 1");
    }
    let cores = thread::available_parallelism()?;
    report.row("cores", &cores.to_string(), "more threads than cores do not make more calls");
    Ok(())
}

/// The round in the middle: its ratio, one thread's time and all threads'.
fn median(times: Vec<[Duration; 2]>) -> (f64, Duration, Duration) {
    let mut times: Vec<_> =
        times.into_iter().map(|[one, all]| (one.as_secs_f64() / all.as_secs_f64(), one, all)).collect();
    times.sort_by(|one, other| one.0.total_cmp(&other.0));
    times[times.len() / 2]
}

/// How long so many threads take for all calls.
fn at_once(threads: u32, open: &dyn Fn() -> Result<Connection, Failure>) -> Result<Duration, Failure> {
    let connections = (0..threads).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
    let start = Barrier::new(connections.len() + 1);
    thread::scope(|scope| {
        let workers: Vec<_> = connections
            .iter()
            .map(|nl| {
                let start = &start;
                scope.spawn(move || {
                    // The first call looks the family up.
                    let ready = ask(nl, 1).map_err(|error| error.to_string());
                    start.wait();
                    ready.and_then(|()| ask(nl, CALLS / threads).map_err(|error| error.to_string()))
                })
            })
            .collect();
        start.wait();
        let begun = Instant::now();
        for worker in workers {
            worker.join().map_err(|_| "a thread panicked")??;
        }
        Ok(begun.elapsed())
    })
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
