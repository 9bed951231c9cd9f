//! `netloom-peers JOB CLIENT COUNT`: the work that netloom is measured by, done by other libraries of Rust.
//!
//! Prints how many there were, a sum over what was read, the nanoseconds of it, and the KiB of memory at most.

mod neli;
mod netlink_bindings;
mod nlink;
mod rtnetlink;

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::Instant;

type Failure = Box<dyn Error>;

/// What a route tells, of which a sum is made, so that nobody can leave anything out.
#[derive(Default)]
struct Route {
    table: u32,
    dst: u32,
    priority: u32,
    prefsrc: u32,
    gateway: u32,
    oif: u32,
}

#[derive(Default)]
struct Told {
    objects: u64,
    sum: u64,
}

impl Told {
    fn tell(&mut self, route: &Route) {
        let Route { table, dst, priority, prefsrc, gateway, oif } = *route;
        self.objects += 1;
        self.sum += [table, dst, priority, prefsrc, gateway, oif].into_iter().map(u64::from).sum::<u64>();
    }
}

/// An address as the four bytes on the wire.
fn number(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(ip) => u32::from_ne_bytes(ip.octets()),
        IpAddr::V6(_) => 0,
    }
}

const PRIORITY: u32 = 7;
const PREFSRC: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
const OIF: u32 = 1;

fn destination(n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a00_0000 | n)
}

/// What callgrind counts, by its name.
#[inline(never)]
fn measured(job: &str, client: &str, count: u32) -> Result<Told, Failure> {
    match (job, client) {
        ("dump", "netlink-bindings") => netlink_bindings::dump_by_iterator(),
        ("dump", "netlink-bindings-get") => netlink_bindings::dump_by_key(),
        ("dump", "neli") => neli::dump(),
        ("dump", "rtnetlink") => rtnetlink::dump(),
        ("dump", "nlink") => nlink::stream(),
        ("dump", "nlink-vec") => nlink::collect(),
        ("add", "netlink-bindings") => netlink_bindings::add(count),
        ("add", "neli") => neli::add(count),
        ("add", "rtnetlink") => rtnetlink::add(count),
        ("add", "nlink") => nlink::add(count),
        ("add-batch", "netlink-bindings") => netlink_bindings::add_chained(count),
        ("add-batch", "nlink") => nlink::add_batch(count),
        ("family", "netlink-bindings") => netlink_bindings::family(count),
        ("family", "neli") => neli::family(count),
        ("family", "nlink") => nlink::family(count),
        _ => Err("no such client for this job".into()),
    }
}

/// The most memory that this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [job, client, count] = words.as_slice() else {
        eprintln!("netloom-peers JOB CLIENT COUNT");
        return ExitCode::from(2);
    };
    let begun = Instant::now();
    match measured(job, client, count.parse().unwrap_or(0)) {
        Ok(told) => {
            let nanos = begun.elapsed().as_nanos();
            println!("{} {} {nanos} {}", told.objects, told.sum, peak());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("netloom-peers: {error}");
            ExitCode::FAILURE
        }
    }
}
