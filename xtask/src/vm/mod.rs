//! Plays the conformance cases on other Linux kernels, in virtual machines: `cargo xtask vm`.
//!
//! Kernels are Debian's, looked up and fetched by apt-get with lists of our own, and kept in the user's cache. A machine
//! boots one with nothing but busybox, the conformance package's programs and cases, under QEMU's emulation, and tells on a
//! serial line what the runner said and, to be kept, what it recorded.

mod boot;
mod headers;
mod image;
mod kernel;
mod module;
mod program;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use boot::{Came, Pass};
use kernel::{Kernel, RELEASES, Wanted};
use program::{Budget, Lacking};

/// What was wrong, for a user.
type Failure = Box<dyn Error>;

#[derive(Args)]
pub(crate) struct Vm {
    /// Which kernels; all of them if none is named.
    #[arg(value_enum)]
    kernels: Vec<Named>,
    /// Keep what the kernels answer as the records of their releases, instead of comparing with them.
    #[arg(long)]
    record: bool,
    /// Say `skipped` of a kernel that cannot be had or booted here, instead of failing.
    #[arg(long)]
    or_skip: bool,
    /// Only cases whose name or items contain one of these words.
    #[arg(long = "case", value_name = "WORD", conflicts_with = "record")]
    words: Vec<String>,
    /// Only programs on both kernels, in scenarios of conformance/clients whose name contains one of these words; all if
    /// none is given.
    #[arg(long, value_name = "WORD", num_args = 0.., conflicts_with_all = ["record", "words"])]
    clients: Option<Vec<String>>,
    /// Show what was seen in each case.
    #[arg(long, conflicts_with = "record")]
    show: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Named {
    #[value(name = "6.1")]
    Bookworm,
    #[value(name = "6.12")]
    Backports,
    Newest,
    All,
}

/// What came of one kernel.
enum Outcome {
    Agrees(String),
    Differs(String),
}

impl Vm {
    /// Boots one kernel after the other; the exit code tells whether all agreed.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in no workspace")?;
        let mut budget = Budget::new();
        let played = build(root)?;
        let mut failed = false;
        for wanted in self.wanted() {
            let begun = Instant::now();
            let line = match self.kernel(root, &played, wanted, &mut budget) {
                Ok(Outcome::Agrees(what)) => format!("passed: {what}, {:.0} s", begun.elapsed().as_secs_f64()),
                Ok(Outcome::Differs(what)) => {
                    failed = true;
                    format!("failed: {what}")
                }
                Err(Lacking(why)) if self.or_skip => format!("skipped: Linux {}: {why}", wanted.name),
                Err(Lacking(why)) => {
                    failed = true;
                    format!("failed: Linux {}: {why}", wanted.name)
                }
            };
            println!("{line}");
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn wanted(&self) -> Vec<&'static Wanted> {
        let all = self.kernels.is_empty() || self.kernels.contains(&Named::All);
        let named = |wanted: &&Wanted| {
            let asked = |name: &Named| name.to_possible_value().is_some_and(|value| value.get_name() == wanted.name);
            all || self.kernels.iter().any(asked)
        };
        RELEASES.iter().filter(named).collect()
    }

    fn kernel(
        &self,
        root: &Path,
        played: &[(&str, PathBuf)],
        wanted: &Wanted,
        budget: &mut Budget,
    ) -> Result<Outcome, Lacking> {
        let programs = program::Programs::find()?;
        let cache = cache(root);
        let kernel = kernel::fetch(&programs, &cache, wanted, budget)?;
        println!("Linux {}, as {} has it", kernel.release, kernel.origin);
        let folder = root.join("target/vm").join(wanted.name);
        let conformance = root.join("conformance");
        let module = module::build(&conformance.join("module"), &folder.join("module"), &kernel, budget);
        let module = module.inspect_err(|why| println!("  skipped: cases that take the module: {why}")).ok();
        let passes = self.passes(wanted, module.is_some(), played);
        let machine = image::build(&programs, &folder, &kernel, played, module.as_deref(), &conformance, &passes)?;
        let came = boot::boot(&programs, &folder, &kernel, &machine, budget)?;
        if self.record {
            return self.keep(root, &kernel, &came);
        }
        let mut items = String::new();
        let mut wrong = Vec::new();
        let names: Vec<&str> = came.passes.iter().map(|pass| pass.name.as_str()).collect();
        let older = came.passes.first().map_or(0, Pass::otherwise);
        for pass in &came.passes {
            // A pass that has ended without a verdict has not shown anything.
            match pass.verdict() {
                Some(verdict) if pass.status == Some(0) => {
                    if items.is_empty() {
                        items = verdict.to_owned();
                    }
                }
                Some(verdict) => wrong.push(format!("{}: {verdict}", pass.name)),
                None => wrong.push(format!("{}: the cases did not run to their end", pass.name)),
            }
            for line in &pass.output {
                match line.split_once(": ") {
                    // Each play is a result of its own.
                    Some((result @ ("passed" | "failed" | "skipped"), what)) if pass.name == CLIENTS => {
                        println!("{result}: Linux {}: {}: {what}", kernel.release, pass.name);
                    }
                    _ if pass.status != Some(0) || self.show => println!("  {line}"),
                    _ if is_news(line) => println!("  {}: {line}", pass.name),
                    _ => {}
                }
            }
        }
        let release = &kernel.release;
        Ok(match wrong.is_empty() {
            true => Outcome::Agrees(format!(
                "Linux {release}: {items}: {}; {older} cases otherwise than the newest",
                names.join(", ")
            )),
            false => Outcome::Differs(format!("Linux {release}: {}", wrong.join("; "))),
        })
    }

    /// How the runner is called in the machine.
    fn passes(&self, wanted: &Wanted, with_module: bool, played: &[(&str, PathBuf)]) -> Vec<Pass> {
        let module = with_module.then_some("--module");
        if self.record {
            let words: Vec<&str> = ["--record"].into_iter().chain(module).collect();
            return vec![Pass::new("recording", "conformance", &words)];
        }
        if let Some(words) = &self.clients {
            return vec![self.clients(with_module, words)];
        }
        let mut words = vec!["--linux"];
        words.extend(module);
        words.extend(self.show.then_some("--show"));
        words.extend(self.words.iter().map(String::as_str));
        let mut passes = vec![
            Pass::new("root", "conformance", &words),
            Pass::new("user namespace", "busybox unshare -Urn conformance", &words),
        ];
        if !self.words.is_empty() {
            return passes;
        }
        if with_module && played.iter().any(|(name, _)| *name == CLIENT) {
            passes.push(Pass::new("the documents' clients", "conformance", &["--greet", "/bin/doc_exmpl_client"]));
        }
        passes.push(self.clients(with_module, &[]));
        // Handlers of the module do what they are told: not at random.
        let alone = if with_module { "busybox rmmod loom; conformance" } else { "conformance" };
        passes.push(Pass::new("random requests", alone, &["--differ", DIFFER]));
        passes.push(Pass::new("random requests of root", "conformance", &["--differ", DIFFER, "--administrator"]));
        if with_module {
            let words = ["--differ", JUDGED, "--family", "LOOM_JUDGE", "--administrator", "--each", EACH];
            passes.push(Pass::new("policies of our own", "insmod /modules/loom_judge.ko; conformance", &words));
        }
        let tests = TESTS.iter().filter(|test| wanted.newest || !test.newest);
        passes.extend(tests.map(|test| Pass::new(test.name, test.name, &[&["--show-output"], test.words].concat())));
        passes
    }

    /// How it compares what programs print.
    fn clients(&self, with_module: bool, words: &[String]) -> Pass {
        let mut all = vec!["--clients", "/bin/netloom"];
        if with_module {
            all.extend(["--loom", "/modules/loom.ko"]);
        }
        all.extend(self.show.then_some("--show"));
        all.extend(words.iter().map(String::as_str));
        Pass::new(CLIENTS, "conformance", &all)
    }

    fn keep(&self, root: &Path, kernel: &Kernel, came: &Came) -> Result<Outcome, Lacking> {
        let Some(pass) = came.passes.first().filter(|pass| pass.status == Some(0) && !came.files.is_empty()) else {
            for line in came.passes.iter().flat_map(|pass| &pass.output) {
                println!("  {line}");
            }
            return Ok(Outcome::Differs(format!("Linux {}: nothing was recorded", kernel.release)));
        };
        for (name, text) in &came.files {
            let path = root.join("conformance").join(name);
            let written = fs::create_dir_all(path.parent().unwrap_or(root)).and_then(|()| fs::write(&path, text));
            written.map_err(|error| Lacking(format!("{}: {error}", path.display())))?;
            println!("  conformance/{name}");
        }
        Ok(Outcome::Agrees(format!("Linux {}: {} of {} files", kernel.release, pass.name, came.files.len())))
    }
}

/// Whether a line of a run that agreed is worth a look: what was skipped, and whose records were taken.
fn is_news(line: &str) -> bool {
    line.starts_with("skipped: ") || line.starts_with("newer than ")
}

/// Random requests to each machine: emulation takes a millisecond for each.
const DIFFER: &str = "30000";

/// Random requests to the family that has policies of every kind.
const JUDGED: &str = "150000";
/// How often each row of the table of failures is met by them in each machine; there are three.
const EACH: &str = "400";

/// A test of ours that is run in the machines, as root: it meets the Linux underneath.
struct Test {
    package: &'static str,
    name: &'static str,
    /// Whether only the newest kernel is what it counts on.
    newest: bool,
    /// What the names of those that are run contain; all if none is given.
    words: &'static [&'static str],
}

/// What is run there besides the cases; one that a machine cannot do prints `skipped: WHY`.
const TESTS: [Test; 2] = [
    // Our answers against those of the Linux underneath, with random input.
    Test { package: "netloom-conformance", name: "random", newest: true, words: &[] },
    // Kinds of interfaces and of tunnels that the kernel outside may lack, against what `ip` shows, and tables of what hangs on
    // them. The rest would take a minute here.
    Test {
        package: "netloom",
        name: "rtnetlink",
        newest: false,
        words: &["kinds", "encapsulations", "forwarding", "watched::vrf"],
    },
];

/// The pass in which programs run on both kernels.
const CLIENTS: &str = "programs on both kernels";

/// The programs of this machine that it takes, as far as they are here. Not busybox's: its shell
/// takes an `ip` of its own.
const HOST: [&str; 6] = ["sh", "unshare", "genl", "ip", "bridge", "wg"];

/// How long a compiler may take for one file.
const COMPILING: Duration = Duration::from_secs(60);

/// The documents' client in C.
const CLIENT: &str = "doc_exmpl_client";

/// Builds what is played in the machines; says what it is called there, and where it is here.
fn build(root: &Path) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let cargo = |words: &[&str]| {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(words).args(["--quiet", "--locked", "--message-format=json-render-diagnostics"]).current_dir(root);
        let built = cargo.stderr(Stdio::inherit()).output().map_err(|error| format!("cargo: {error}"))?;
        match built.status.success() {
            true => Ok(String::from_utf8(built.stdout)?),
            false => Err(Failure::from("what is run in the machines does not build; see above")),
        }
    };
    // Tests of the package take its runner along.
    let mut words = vec!["test", "--no-run", "--package", "netloom-conformance", "--bin", "conformance"];
    words.extend(TESTS.iter().flat_map(|test| ["--package", test.package, "--test", test.name]));
    let told = cargo(&words)?;
    let mut played = Vec::new();
    for Test { name, .. } in TESTS {
        let program = executable(&told, name).ok_or_else(|| format!("cargo does not say where {name} is"))?;
        played.push((name, program));
    }
    cargo(&["build", "--package", "netloom-cli", "--bin", "netloom"])?;
    for name in ["conformance", "netloom"] {
        let program = env::current_exe()?.with_file_name(name);
        if !program.is_file() {
            return Err(format!("{name} is not beside this program: call it as cargo xtask vm").into());
        }
        played.push((name, program));
    }
    played.extend(HOST.into_iter().filter_map(|name| Some((name, program::find(name)?))));
    let client = root.join("target/vm").join(CLIENT);
    match compile(&root.join("examples/c/doc_exmpl_client.c"), &client) {
        Ok(()) => played.push((CLIENT, client)),
        Err(why) => println!("  skipped: the documents' client in C: {why}"),
    }
    Ok(played)
}

/// Compiles a program in C, with its libraries in it where they can be had so.
fn compile(source: &Path, program: &Path) -> Result<(), Lacking> {
    let folder = program.parent().unwrap_or(program);
    fs::create_dir_all(folder).map_err(Lacking::file(folder))?;
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    program::run(compiler.args(["-std=gnu11", "-O1", "-o"]).arg(program).arg(source), COMPILING).map(drop)
}

/// The path of a program in what cargo tells, a JSON object a line.
fn executable(told: &str, name: &str) -> Option<PathBuf> {
    let paths = told.lines().filter_map(|line| line.split_once("\"executable\":\"")?.1.split_once('"'));
    let mut paths = paths.map(|(path, _)| PathBuf::from(path));
    paths.find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-"))))
}

/// Where kernels are kept: the user's cache, for all checkouts; without a home, under target.
fn cache(root: &Path) -> PathBuf {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    caches.map_or_else(|| root.join("target/vm"), |caches| caches.join("netloom/vm"))
}
