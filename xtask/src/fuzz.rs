//! Runs fuzz targets under libFuzzer, guided by coverage.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

/// What was wrong, for a user.
type Failure = Box<dyn Error>;

#[derive(Args)]
pub(crate) struct Fuzz {
    /// Which target, a folder of fuzz/corpus; all of them, one after the other, if none is named.
    target: Option<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Runs the target on this file once instead, as after a finding.
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
}

/// What makes rustc count which code an input reaches, and show the fuzzer what is compared: LLVM's sanitizer coverage,
/// for which stable rustc has the flags. The counters' keeper is libFuzzer.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

impl Fuzz {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask lies in no workspace")?;
        let corpora = root.join("fuzz/corpus");
        let known = targets(&corpora)?;
        let chosen = match &self.target {
            Some(name) if known.contains(name) => vec![name.clone()],
            Some(name) => return Err(format!("no fuzz target {name}; there are: {}", known.join(", ")).into()),
            None => known,
        };
        let fuzzer = build(root)?;
        for name in chosen {
            self.target(root, &corpora.join(&name), &fuzzer, &name)?;
        }
        Ok(())
    }

    fn target(&self, root: &Path, corpus: &Path, fuzzer: &Path, name: &str) -> Result<(), Failure> {
        // libFuzzer writes what is new into the first folder and reads the others.
        let found = root.join("target/fuzz").join(name);
        let crashes = root.join("target/fuzz/crashes").join(name);
        for folder in [&found, &crashes] {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let mut command = Command::new(fuzzer);
        command.env("NETLOOM_FUZZ", name).args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
        command.arg(format!("-artifact_prefix={}/", crashes.display()));
        match &self.input {
            Some(input) => {
                let input = fs::canonicalize(input).map_err(|error| format!("{}: {error}", input.display()))?;
                command.arg(input);
            }
            None => {
                command.arg(format!("-max_total_time={}", self.seconds)).arg(&found).arg(corpus);
            }
        }
        println!("fuzzing {name}");
        let status = command.status().map_err(|error| format!("{}: {error}", fuzzer.display()))?;
        if status.success() {
            return Ok(());
        }
        let message = format!(
            "{name} found something; its input is in {}. Run it again with `cargo xtask fuzz {name} --input FILE`; once \
             fixed, copy it into {}, where `cargo test -p netloom-fuzz` replays it.",
            crashes.display(),
            corpus.display()
        );
        Err(message.into())
    }
}

/// The names of all targets: each has a corpus.
fn targets(corpora: &Path) -> Result<Vec<String>, Failure> {
    let folders = fs::read_dir(corpora).map_err(|error| format!("{}: {error}", corpora.display()))?;
    let mut names: Vec<String> = folders.flatten().filter_map(|folder| folder.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Builds the fuzzer in a folder of its own, since every crate is built with counters, and with a target named, so that
/// build scripts are not.
fn build(root: &Path) -> Result<PathBuf, Failure> {
    let folder = root.join("target/fuzz/build");
    let host = host()?;
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["build", "--package", "netloom-fuzz", "--bin", "netloom-fuzz", "--features", "libfuzzer"])
        .args(["--profile", "fuzz", "--target", &host])
        .arg("--target-dir")
        .arg(&folder)
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"))
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if !built.success() {
        return Err(
            "the fuzzer does not build (see above); besides Rust it needs a C++ compiler, g++ or clang++".into()
        );
    }
    Ok(folder.join(host).join("fuzz/netloom-fuzz"))
}

/// The machine that rustc runs on, as rustc names it.
fn host() -> Result<String, Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).arg("-vV").output().map_err(|error| format!("rustc: {error}"))?;
    let told = String::from_utf8(told.stdout)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc -vV tells no host")?.to_owned())
}
