//! rtnetlink and generic netlink with Linux: whole clients, ours and others', that do the same work on the same table.
//!
//! Every client is a program of its own (`netloom-clients`, and in `bench/peers` C and other libraries of Rust), so that processor
//! time, memory and instructions are of that client alone. All run in one network namespace, in turns.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use netloom::Connection;
use netloom::wire::Protocol;

use crate::Failure;
use crate::report::Report;
use crate::sys::processor_time;

/// Routes of the dump that is timed; those that two dumps have whose instructions are counted.
const ROUTES: u32 = 1_000_000;
const COUNTED: [u32; 2] = [5_000, 25_000];
/// Requests of a timed run; of two counted ones.
const CHANGES: u32 = 100_000;
const CALLS: u32 = 20_000;
const ASKED: [u32; 2] = [1_000, 6_000];
/// Rounds of a dump, and of all else.
const DUMPS: usize = 15;
const ROUNDS: usize = 7;

/// A client, by the program that has it.
#[derive(Clone, Copy, Debug)]
struct Client {
    program: Program,
    job: &'static str,
    name: &'static str,
    what: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Ours,
    C,
    Rust,
}

const fn client(program: Program, job: &'static str, name: &'static str, what: &'static str) -> Client {
    Client { program, job, name, what }
}

/// What all others are measured by comes first.
const DUMP: &[Client] = &[
    client(Program::C, "dump", "hand", "C, parsed by hand"),
    client(Program::C, "dump", "floor", "C, headers alone"),
    client(Program::Ours, "dump", "pass", "netloom, one pass"),
    client(Program::Ours, "dump", "pass-tokio", "netloom in tokio, one pass"),
    client(Program::Ours, "dump", "owned", "netloom, owned structs"),
    client(Program::Ours, "dump", "again", "netloom, one owned struct used again"),
    client(Program::Ours, "dump", "get", "netloom, six attributes by key"),
    client(Program::C, "dump", "mnl", "libmnl"),
    client(Program::C, "dump", "nl", "libnl"),
    client(Program::Rust, "dump", "netlink-bindings", "netlink-bindings, one pass"),
    client(Program::Rust, "dump", "netlink-bindings-get", "netlink-bindings, six attributes by key"),
    client(Program::Rust, "dump", "nlink", "nlink, a stream"),
    client(Program::Rust, "dump", "nlink-vec", "nlink, all at once"),
    client(Program::Rust, "dump", "rtnetlink", "rtnetlink"),
    client(Program::Rust, "dump", "neli", "neli"),
];

const ADD: &[Client] = &[
    client(Program::C, "add", "floor", "C, one a send, each acknowledged"),
    client(Program::C, "add", "floor-acked", "C, 64 a send, each acknowledged"),
    client(Program::C, "add", "floor-batch", "C, 64 a send, the last acknowledged"),
    client(Program::Ours, "add", "netloom", "netloom, one a send"),
    client(Program::Ours, "add", "batch", "netloom, a batch"),
    client(Program::Ours, "add", "batch-tokio", "netloom in tokio, a batch"),
    client(Program::Ours, "add", "lent", "netloom, one a send, written in place"),
    client(Program::Ours, "add", "batch-lent", "netloom, a batch, written in place"),
    client(Program::Ours, "add", "batch-lent-tokio", "netloom in tokio, a batch, written in place"),
    client(Program::C, "add", "mnl", "libmnl, one a send"),
    client(Program::C, "add", "mnl-batch", "libmnl, 64 a send, each acknowledged"),
    client(Program::Rust, "add", "netlink-bindings", "netlink-bindings, one a send"),
    client(Program::Rust, "add-batch", "netlink-bindings", "netlink-bindings, 63 a send"),
    client(Program::Rust, "add", "nlink", "nlink, one a send"),
    client(Program::Rust, "add-batch", "nlink", "nlink, 64 a batch"),
    client(Program::Rust, "add", "rtnetlink", "rtnetlink, one a send"),
    client(Program::Rust, "add", "neli", "neli, one a send"),
];

const DELETE: &[Client] = &[
    client(Program::C, "delete", "floor", "C, one a send, each acknowledged"),
    client(Program::C, "delete", "floor-batch", "C, 64 a send, the last acknowledged"),
    client(Program::Ours, "delete", "netloom", "netloom, one a send"),
    client(Program::C, "delete", "mnl", "libmnl, one a send"),
    client(Program::C, "delete", "mnl-batch", "libmnl, 64 a send, each acknowledged"),
    client(Program::Ours, "delete", "batch", "netloom, a batch"),
    client(Program::Ours, "delete", "lent", "netloom, one a send, written in place"),
    client(Program::Ours, "delete", "batch-lent", "netloom, a batch, written in place"),
];

const FAMILY: &[Client] = &[
    client(Program::C, "family", "floor", "C, no acknowledgement asked"),
    client(Program::Ours, "family", "netloom", "netloom, the id read where it lies"),
    client(Program::Ours, "family", "owned", "netloom, all of the family owned"),
    client(Program::Ours, "family", "tokio", "netloom in tokio, current thread"),
    client(Program::Ours, "family", "async-io", "netloom in async-io"),
    client(Program::C, "family", "mnl", "libmnl"),
    client(Program::C, "family", "nl", "libnl"),
    client(Program::Rust, "family", "netlink-bindings", "netlink-bindings"),
    client(Program::Rust, "family", "nlink", "nlink"),
    client(Program::Rust, "family", "neli", "neli"),
];

/// What the project asks of itself.
fn asked(client: &Client) -> Option<&'static str> {
    Some(match (client.job, client.name) {
        ("dump", "pass") => "at most 260 instructions, 1.03 of C's processor time, 4 MiB",
        ("dump", "owned") => "at most 380 instructions, 4 MiB",
        ("add", "netloom" | "lent") => "at most 200 instructions, at least 0.98 times the rate of C, one a send",
        ("add", "batch" | "batch-lent") => "at most 200 instructions, at least 1.50 times the rate of C, one a send",
        ("delete", "netloom" | "lent") => "at least 0.98 times the rate of C, one a send",
        ("delete", "batch" | "batch-lent") => "at least 1.50 times the rate of C, one a send",
        ("family", "netloom") => "at most 400 instructions, 1.05 of C's time",
        ("family", "tokio") => "at most 1.30 of blocking",
        _ => return None,
    })
}

/// What one run told of itself, and what it took.
#[derive(Clone, Copy, Debug)]
struct Run {
    objects: u64,
    sum: u64,
    nanos: u64,
    /// Microseconds.
    processor: u64,
    /// KiB.
    peak: Option<u64>,
    allocations: Option<u64>,
}

/// Builds everybody and measures them in a network namespace of their own.
pub(crate) fn measure(report: &mut Report, rounds: Option<usize>) -> Result<(), Failure> {
    let folder = build()?;
    let output = Command::new("unshare")
        .args(["-Urn"])
        .arg(env::current_exe()?)
        .arg("peers")
        .arg(&folder)
        .args(rounds.map(|rounds| rounds.to_string()))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("unshare: {error}"))?;
    for line in String::from_utf8(output.stdout)?.lines() {
        match line.split('\t').collect::<Vec<_>>().as_slice() {
            [title] => report.title(title),
            [what, result, detail] => report.row(what, result, detail),
            _ => return Err(format!("not a row: {line}").into()),
        }
    }
    if output.status.success() { Ok(()) } else { Err("the clients cannot be measured".into()) }
}

/// The folder of the programs, each built if it can be.
fn build() -> Result<PathBuf, Failure> {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = env::current_exe()?.parent().ok_or("this program lies nowhere")?.to_owned();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    let release = ["build", "--quiet", "--release", "--locked"];
    if !built(Command::new(&cargo).args(release).args(["--package", "netloom-bench", "--bins"]).current_dir(bench)) {
        return Err("netloom-clients does not build".into());
    }
    let target = ours.join("peers");
    let rust = Command::new(&cargo)
        .args(release)
        .arg("--manifest-path")
        .arg(bench.join("peers/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .status();
    if !rust.is_ok_and(|status| status.success()) {
        eprintln!("netloom-bench: the peers of bench/peers do not build here and are left out");
    }
    fs::create_dir_all(&target)?;
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-O2", "-std=gnu11", "-o"]).arg(target.join("clients")).arg(bench.join("peers/c/clients.c"));
    for (define, packages) in [("-DWITHOUT_MNL", &["libmnl"][..]), ("-DWITHOUT_NL", &["libnl-3.0", "libnl-genl-3.0"])] {
        match Command::new("pkg-config").args(["--cflags", "--libs"]).args(packages).output() {
            Ok(flags) if flags.status.success() => {
                compiler.args(String::from_utf8(flags.stdout)?.split_whitespace());
            }
            _ => {
                compiler.arg(define);
            }
        }
    }
    if !compiler.status().is_ok_and(|status| status.success()) {
        return Err("the clients in C do not compile".into());
    }
    Ok(target)
}

/// Measures, in a network namespace that it may spoil: titles and rows, a line each, their cells divided by tabs.
pub(crate) fn here(folder: &Path, rounds: Option<usize>) -> Result<(), Failure> {
    let bench = Bench { folder, counts: Command::new("valgrind").arg("--version").output().is_ok() };
    prepare()?;
    bench.family(rounds.unwrap_or(ROUNDS))?;
    bench.changes("add", "Adding", ADD, rounds.unwrap_or(ROUNDS))?;
    bench.changes("delete", "Deleting", DELETE, rounds.unwrap_or(ROUNDS))?;
    bench.dump(rounds.unwrap_or(DUMPS))
}

/// Sets the loopback up, with an address that gateways are near to.
fn prepare() -> Result<(), Failure> {
    let nl = Connection::open()?;
    // struct ifinfomsg: index 1, IFF_UP to be set. struct ifaddrmsg: AF_INET, 192.0.2.1/24 on link 1.
    let up: Vec<u8> = [0_u32, 1, 1, 1].into_iter().flat_map(u32::to_ne_bytes).collect();
    nl.request_raw(16).protocol(Protocol::ROUTE).header(&up).send()?;
    let address = [2, 24, 0, 0, 1, 0, 0, 0];
    nl.request_raw(20).protocol(Protocol::ROUTE).header(&address).attr(2, &[192, 0, 2, 1]).send()?;
    Ok(())
}

struct Bench<'f> {
    folder: &'f Path,
    /// Whether valgrind is here.
    counts: bool,
}

impl Bench<'_> {
    fn dump(&self, rounds: usize) -> Result<(), Failure> {
        let mut counts = vec![[None; 2]; DUMP.len()];
        for (at, routes) in COUNTED.into_iter().enumerate() {
            self.fill(routes)?;
            for (client, count) in DUMP.iter().zip(&mut counts) {
                count[at] = self.count(*client, 0)?;
            }
        }
        self.fill(ROUTES)?;
        println!("A dump of {ROUTES} IPv4 routes of six attributes from Linux, all read: whole clients");
        let runs = self.rounds(DUMP, rounds, 0, |_| Ok(()))?;
        let floor = quartile(&runs[0], |run| run.processor, 3);
        let truth = runs[0].first().map(|run| (run.objects, run.sum));
        for ((client, runs), counts) in DUMP.iter().zip(&runs).zip(counts) {
            let Some(first) = runs.first() else {
                println!("{}\tnot measured\tit is not here", client.what);
                continue;
            };
            // Who looks at headers alone has no sum.
            if client.name != "floor" && Some((first.objects, first.sum)) != truth {
                return Err(format!("{} read something else: {first:?} and not {truth:?}", client.what).into());
            }
            let ratio = median(runs, |run| run.processor) / floor;
            println!(
                "{}\t{}{ratio:.3} of C's processor time\t{}",
                client.what,
                each(counts, COUNTED, "a route, "),
                detail(client, runs)
            );
        }
        Ok(())
    }

    fn changes(&self, job: &str, title: &str, clients: &[Client], rounds: usize) -> Result<(), Failure> {
        let adds = job == "add";
        let other = client(Program::C, if adds { "delete" } else { "add" }, "floor-batch", "C");
        let undo = |count: u32| self.run(other, count).map(|_| ());
        let mut counts = Vec::new();
        for client in clients {
            let mut of = [None; 2];
            for (count, asked) in of.iter_mut().zip(ASKED) {
                if !adds {
                    undo(asked)?;
                }
                *count = self.count(*client, asked)?;
                if adds && count.is_some() {
                    undo(asked)?;
                }
            }
            counts.push(of);
        }
        println!("{title} {CHANGES} IPv4 routes of Linux");
        let runs =
            self.rounds(clients, rounds, CHANGES, |before| if before == adds { Ok(()) } else { undo(CHANGES) })?;
        let floor = median(&runs[0], |run| run.nanos);
        for ((client, runs), counts) in clients.iter().zip(&runs).zip(counts) {
            if runs.is_empty() {
                println!("{}\tnot measured\tit is not here", client.what);
                continue;
            }
            let times = floor / median(runs, |run| run.nanos);
            let what = each(counts, ASKED, "each, ");
            println!("{}\t{what}{times:.2} times the rate of C, one a send\t{}", client.what, detail(client, runs));
        }
        Ok(())
    }

    fn family(&self, rounds: usize) -> Result<(), Failure> {
        let mut counts = Vec::new();
        for client in FAMILY {
            let [few, many] = ASKED;
            counts.push([self.count(*client, few)?, self.count(*client, many)?]);
        }
        println!("GETFAMILY of nlctrl by name from Linux, one after the other: whole clients");
        let runs = self.rounds(FAMILY, rounds, CALLS, |_| Ok(()))?;
        let floor = median(&runs[0], |run| run.nanos);
        let ours = FAMILY.iter().position(|client| client.name == "netloom").unwrap_or(0);
        let blocking = median(&runs[ours], |run| run.nanos);
        for ((client, runs), counts) in FAMILY.iter().zip(&runs).zip(counts) {
            if runs.is_empty() {
                println!("{}\tnot measured\tit is not here", client.what);
                continue;
            }
            let ratio = median(runs, |run| run.nanos) / floor;
            let beside = match client.name {
                "tokio" | "async-io" => format!(", {:.2} of blocking", median(runs, |run| run.nanos) / blocking),
                _ => String::new(),
            };
            let what = each(counts, ASKED, "each, ");
            println!("{}\t{what}{ratio:.2} of C's time{beside}\t{}", client.what, detail(client, runs));
        }
        Ok(())
    }

    /// Everybody in turns, so often; `beside` is called before (true) and behind each.
    fn rounds(
        &self,
        clients: &[Client],
        rounds: usize,
        count: u32,
        beside: impl Fn(bool) -> Result<(), Failure>,
    ) -> Result<Vec<Vec<Run>>, Failure> {
        let mut runs = vec![Vec::new(); clients.len()];
        for _ in 0..rounds {
            for (client, runs) in clients.iter().zip(&mut runs) {
                if !self.program(client.program).exists() {
                    continue;
                }
                beside(true)?;
                match self.run(*client, count) {
                    Ok(run) => runs.push(run),
                    // Built without its library.
                    Err(error) if client.program == Program::C && matches!(client.name, "mnl" | "mnl-batch" | "nl") => {
                        eprintln!("netloom-bench: {}: {error}", client.what);
                    }
                    Err(error) => return Err(error),
                }
                beside(false)?;
            }
        }
        if runs.first().is_none_or(Vec::is_empty) { Err("nothing was measured".into()) } else { Ok(runs) }
    }

    /// Has so many routes in the table.
    fn fill(&self, routes: u32) -> Result<(), Failure> {
        self.run(client(Program::C, "fill", "floor-batch", "C"), routes).map(|_| ())
    }

    fn program(&self, program: Program) -> PathBuf {
        match program {
            Program::Ours => self.folder.with_file_name("netloom-clients"),
            Program::C => self.folder.join("clients"),
            Program::Rust => self.folder.join("release/netloom-peers"),
        }
    }

    fn run(&self, client: Client, count: u32) -> Result<Run, Failure> {
        let mut child = Command::new(self.program(client.program))
            .args([client.job, client.name, &count.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let text = std::io::read_to_string(child.stdout.take().ok_or("no pipe")?)?;
        let (well, processor) = processor_time(&child)?;
        let mut words = text.split_whitespace().map(str::parse);
        let mut word = || words.next().and_then(Result::ok);
        match (well, word(), word(), word()) {
            (true, Some(objects), Some(sum), Some(nanos)) => {
                Ok(Run { objects, sum, nanos, processor, peak: word(), allocations: word() })
            }
            _ => Err(format!("{} cannot {}: {text}", client.what, client.job).into()),
        }
    }

    /// The user instructions of the whole process, all threads; `None` without valgrind or client.
    fn count(&self, client: Client, count: u32) -> Result<Option<u64>, Failure> {
        let program = self.program(client.program);
        if !self.counts || !program.exists() {
            return Ok(None);
        }
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program)
            .args([client.job, client.name, &count.to_string()])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            eprintln!("netloom-bench: {} under valgrind: {}", client.what, said.lines().last().unwrap_or_default());
            return Ok(None);
        }
        Ok(said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok()))
    }
}

/// What one more costs, as the beginning of a cell.
fn each(counts: [Option<u64>; 2], of: [u32; 2], unit: &str) -> String {
    match counts {
        [Some(few), Some(many)] => {
            let each = many.saturating_sub(few) as f64 / f64::from(of[1] - of[0]);
            format!("{each:.0} user instructions {unit}")
        }
        _ => String::new(),
    }
}

fn detail(client: &Client, runs: &[Run]) -> String {
    let wall = median(runs, |run| run.nanos) / 1e6;
    let processor = median(runs, |run| run.processor) / 1e3;
    let mut text = format!("{wall:.0} ms, {processor:.0} ms of processor time");
    if let Some(peak) = runs.iter().filter_map(|run| run.peak).max() {
        text += &format!(", peak {:.1} MiB", peak as f64 / 1024.0);
    }
    if let Some(allocations) = runs.iter().filter_map(|run| run.allocations).max() {
        text += &format!(", {allocations} allocations");
    }
    text += &format!("; median of {}", runs.len());
    if let Some(asked) = asked(client) {
        text += &format!("; asked: {asked}");
    }
    text
}

fn median(runs: &[Run], of: impl Fn(&Run) -> u64) -> f64 {
    quartile(runs, of, 2)
}

/// The value that so many quarters of them are below.
fn quartile(runs: &[Run], of: impl Fn(&Run) -> u64, quarters: usize) -> f64 {
    let mut all: Vec<u64> = runs.iter().map(of).collect();
    all.sort_unstable();
    all.get(all.len().saturating_sub(1) * quarters / 4).copied().unwrap_or(0) as f64
}
