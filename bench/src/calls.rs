//! Round trips: GETFAMILY of nlctrl, in process beside Linux, by the same code.

use std::time::{Duration, Instant};

use netloom::Connection;
use netloom::families::nlctrl::{CtrlAttrs, Getfamily};
use netloom::kernel::Kernel;

use crate::Failure;
use crate::report::Report;

const ROUNDS: usize = 31;
const CALLS: u32 = 10_000;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    report.title("GETFAMILY of nlctrl by name, one thread, typed reply");
    let kernel = Kernel::new();
    let here = kernel.connect();
    let linux = match Connection::open() {
        Ok(linux) if ask(&linux, 1).is_ok() => linux,
        _ => {
            report.row("in process beside Linux", "not measured", "no generic netlink here");
            return Ok(());
        }
    };
    ask(&here, CALLS)?;
    ask(&linux, CALLS)?;
    // Interleaved, so that both meet the same machine; each round is a ratio of its own.
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let (ours, theirs) = (ask(&here, CALLS)?, ask(&linux, CALLS)?);
        rounds.push((theirs.as_secs_f64() / ours.as_secs_f64(), ours, theirs));
    }
    rounds.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, ours, theirs) = rounds[ROUNDS / 2];
    let nanos = |time: Duration| time.as_nanos() / u128::from(CALLS);
    report.row(
        "in process beside Linux",
        &format!("{ratio:.1} times as fast"),
        &format!("{} ns and {} ns a call; median of {ROUNDS} interleaved rounds", nanos(ours), nanos(theirs)),
    );
    Ok(())
}

/// Asks so often, and how long that took.
pub(crate) fn ask(nl: &Connection, times: u32) -> Result<Duration, Failure> {
    let request = CtrlAttrs::new().family_name("nlctrl");
    let begun = Instant::now();
    for _ in 0..times {
        let reply = nl.call(Getfamily, &request)?;
        if reply.family_id != Some(16) {
            return Err("nlctrl is not family 16".into());
        }
    }
    Ok(begun.elapsed())
}
