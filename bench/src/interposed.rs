//! What a program pays for being interposed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use netloom::kernel::Kernel;
use netloom_interpose::{Interposer, Local, Mode};

use crate::Failure;
use crate::report::Report;

/// A program is started so often.
const STARTS: u32 = 100;

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    report.title("An interposed C client, and both ends on one processor; the quickest of 400 batches");
    let client = match Client::build()? {
        Ok(client) => client,
        Err(why) => {
            report.row("a round trip", "not measured", &why);
            return Ok(());
        }
    };
    let pinned = Pinned::begin()?;
    let interposer = |mode| Interposer::new(Arc::new(Local(Kernel::new()))).mode(mode);
    let bare = client.took("bare", None)?;
    let linux = client.took("netlink", None)?;
    report.row("a round trip to Linux", &format!("{:.2} of a bare one", linux / bare), &nanos(linux, bare));
    for (mode, name) in [(Mode::Sync, "sync"), (Mode::Fast, "fast"), (Mode::Full, "full")] {
        let took = client.took("netlink", Some(&interposer(mode)))?;
        let what = format!("a round trip, interposed in {name} mode");
        report.row(&what, &format!("{:.2} bare ones", took / bare), &nanos(took, bare));
    }
    let (allowed, free) = (client.took("allowed", None)?, client.took("other", None)?);
    let other = client.took("other", Some(&interposer(Mode::Sync)))?;
    report.row(
        "a read of another descriptor",
        &format!("{:.2} of one under a filter that allows all", other / allowed),
        &format!("{other:.0} ns, {allowed:.0} ns; {free:.0} ns without a filter"),
    );
    let netloom = netloom()?;
    let (mut env, mut run) = (Command::new("env"), Command::new(netloom));
    env.arg("true");
    run.args(["run", "--", "true"]);
    let (plain, run) = started([&mut env, &mut run])?;
    let holds = if run <= plain * 5.0 + 10_000.0 { "within" } else { "beyond" };
    let result =
        format!("{:.2} of `env true`, {:.1} ms more: {holds} 5 times and 10 ms", run / plain, (run - plain) / 1e3);
    report.row("`netloom run -- true`", &result, &format!("{run:.0} µs and {plain:.0} µs, of {STARTS} each, by turns"));
    drop(pinned);
    Ok(())
}

fn nanos(took: f64, bare: f64) -> String {
    format!("{took:.0} ns; {bare:.0} ns to a child over a SOCK_SEQPACKET pair and back")
}

/// The microseconds of the quickest start of two programs, which take turns.
fn started(programs: [&mut Command; 2]) -> Result<(f64, f64), Failure> {
    let [mut first, mut second] = [f64::INFINITY; 2];
    let [one, other] = programs.map(|program| program.stdin(Stdio::null()));
    for _ in 0..STARTS {
        for (program, best) in [(&mut *one, &mut first), (&mut *other, &mut second)] {
            let begun = Instant::now();
            if !program.status()?.success() {
                return Err("`true` is not true here".into());
            }
            *best = best.min(begun.elapsed().as_secs_f64() * 1e6);
        }
    }
    Ok((first, second))
}

/// The command, built as this program is.
fn netloom() -> Result<PathBuf, Failure> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--release", "--locked", "--package", "netloom-cli"]);
    if !cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status()?.success() {
        return Err("the command does not build".into());
    }
    Ok(env::current_exe()?.with_file_name("netloom"))
}

/// The client, as long as it is kept.
struct Client(PathBuf);

impl Client {
    fn build() -> Result<Result<Self, String>, Failure> {
        let folder = env::temp_dir().join(format!("netloom-bench-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let client = Self(folder);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/c/trips.c");
        let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
        match compiler.args(["-O2", "-std=gnu11", "-o"]).arg(client.path()).arg(source).status() {
            Ok(status) if status.success() => Ok(Ok(client)),
            Ok(_) => Err("the client in C does not compile".into()),
            Err(error) => Ok(Err(format!("no C compiler: {error}"))),
        }
    }

    fn path(&self) -> PathBuf {
        self.0.join("trips")
    }

    /// The nanoseconds of what it does.
    fn took(&self, what: &str, interposer: Option<&Interposer>) -> Result<f64, Failure> {
        let mut command = Command::new(self.path());
        command.arg(what).stdin(Stdio::null()).stdout(Stdio::piped());
        let (child, _supervision) = match interposer {
            Some(interposer) => interposer.spawn(command).map(|(child, supervision)| (child, Some(supervision)))?,
            None => (command.spawn()?, None),
        };
        let output = child.wait_with_output()?;
        if !output.status.success() {
            return Err(format!("the client in C cannot do \"{what}\"").into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// This process, and what it starts, on one processor as long as it is kept.
struct Pinned(String);

impl Pinned {
    fn begin() -> Result<Self, Failure> {
        let status = fs::read_to_string("/proc/self/status")?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let list = list.ok_or("/proc does not tell the processors")?.trim().to_owned();
        let first: String = list.chars().take_while(char::is_ascii_digit).collect();
        pin(&first)?;
        Ok(Self(list))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Err(error) = pin(&self.0) {
            eprintln!("netloom-bench: what follows stays on one processor: {error}");
        }
    }
}

fn pin(list: &str) -> Result<(), Failure> {
    let this = std::process::id().to_string();
    let done = Command::new("taskset").args(["-acp", list, &this]).stdout(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err("taskset cannot pin this process".into()) }
}
