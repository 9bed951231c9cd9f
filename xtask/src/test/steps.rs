//! The steps, in the order in which they are performed: what is cheap and what others stand on comes first.

use std::fs;
use std::path::Path;

use super::stage::Stage;
use super::tally::Tally;
use super::{console, install, rules};

pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Only with `--full`.
    pub(super) long: bool,
    pub(super) perform: fn(&Stage) -> Tally,
}

const fn step(name: &'static str, about: &'static str, perform: fn(&Stage) -> Tally) -> Step {
    Step { name, about, long: false, perform }
}

const fn long(name: &'static str, about: &'static str, perform: fn(&Stage) -> Tally) -> Step {
    Step { name, about, long: true, perform }
}

pub(super) const STEPS: &[Step] = &[
    step("format", "every file is as rustfmt lays it out", format),
    step("rules", "files keep the project's own rules", rules::files),
    step("dependencies", "the library depends on few", rules::dependencies),
    step("regen", "generated code is what the specs make", regen),
    step("concordance", "every name of C leads to an item", concordance),
    step("clippy", "no warning anywhere", clippy),
    step("features", "crates build by themselves, and without std", features),
    step("build", "all tests and examples build", build),
    step("tests", "unit and integration tests", tests),
    step("sabotage", "conformance cases notice what they are there to notice", sabotage),
    step("doctests", "examples in the documentation run", doctests),
    step("corpus", "what fuzzing found is found no more", corpus),
    step("docs", "the documentation builds without a warning", docs),
    step("readme", "the README's commands do what it says", readme),
    step("examples", "the examples print what their README says", examples),
    step("counts", "user instructions are as many as recorded", counts),
    long("fresh clone", "the README's commands work where nothing is built", fresh_clone),
    long("fuzz", "every fuzz target for half a minute", fuzz),
    long("load", "a minute of hostile load in process, and one served", load),
    long("churn", "a minute of changes while all is dumped and watched, on Linux and in process", churn),
    long("crowd", "a thousand interposed programs at once, a million opens and closes", crowd),
    long("vm", "other Linux kernels, in virtual machines, do as recorded", vm),
];

fn format(stage: &Stage) -> Tally {
    stage.check(stage.cargo(&["fmt", "--all", "--check"]))
}

fn regen(stage: &Stage) -> Tally {
    stage.check(stage.cargo(&["xtask", "regen", "--check"]))
}

fn clippy(stage: &Stage) -> Tally {
    stage.check(stage.cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn concordance(stage: &Stage) -> Tally {
    stage.check(stage.cargo(&["xtask", "concordance"]))
}

/// The workspace built as one unites features; users get crates one by one.
fn features(stage: &Stage) -> Tally {
    let mut tally = Tally::default();
    let wire = ["--no-default-features", "--no-default-features --features alloc"];
    let families = [
        "--no-default-features",
        "--no-default-features --features doc_exmpl,rt_addr,rt_link,rt_neigh,rt_nexthop,rt_nsid,rt_route,rt_rule,wireguard",
        "--no-default-features --features alloc,doc_exmpl,rt_addr,rt_link,rt_neigh,rt_nexthop,rt_nsid,rt_route,rt_rule,wireguard",
    ];
    // Each shell by itself, with and without what is built on it; all at once is what the workspace has.
    let netloom = [
        "",
        "--no-default-features",
        "--features tokio",
        "--features async-io",
        "--no-default-features --features tokio",
        "--no-default-features --features async-io",
        "--no-default-features --features tokio,async-io",
        "--no-default-features --features rtnetlink",
        "--no-default-features --features wireguard,tokio",
    ];
    let none = [""];
    let variants: [(&str, &[&str]); 8] = [
        ("netloom-wire", &wire),
        ("netloom-families", &families),
        ("netloom-spec", &none),
        ("netloom-codegen", &none),
        ("netloom-dynamic", &none),
        ("netloom", &netloom),
        ("netloom-modules", &none),
        ("netloom-cli", &none),
    ];
    for (package, variants) in variants {
        for variant in variants {
            let mut command = stage.cargo(&["check", "--quiet", "--locked", "--package", package]);
            command.args(variant.split_whitespace());
            tally += stage.check(command);
        }
    }
    tally
}

fn build(stage: &Stage) -> Tally {
    stage.check(stage.cargo(&["test", "--workspace", "--all-targets", "--locked", "--no-run"]))
}

fn tests(stage: &Stage) -> Tally {
    let words = ["--workspace", "--exclude", "netloom-fuzz", "--all-targets", "--locked", "--no-fail-fast"];
    counted(stage, &words)
}

/// Each behaviour by itself that is turned into its opposite.
fn sabotage(stage: &Stage) -> Tally {
    let words = ["run", "--quiet", "--locked", "--package", "netloom-conformance", "--", "--sabotage", "all"];
    let ended = stage.run(stage.cargo(&words), true);
    let mut tally = Tally::default();
    for line in ended.stdout.lines() {
        if line.contains(" NOT NOTICED: ") {
            tally += Tally::failed(line);
        } else if line.contains(" noticed: ") {
            tally += Tally::passed();
        }
    }
    if !ended.ok && tally.failed == 0 || tally == Tally::default() {
        tally += Tally::failed("the sabotaged kernel sides did not run to their end");
    }
    tally
}

fn doctests(stage: &Stage) -> Tally {
    counted(stage, &["--workspace", "--doc", "--locked", "--no-fail-fast"])
}

fn corpus(stage: &Stage) -> Tally {
    counted(stage, &["--package", "netloom-fuzz", "--all-targets", "--locked", "--no-fail-fast"])
}

/// The test of the same name, which is short among the others.
fn load(stage: &Stage) -> Tally {
    let mut command = stage.cargo(&["test", "--package", "netloom", "--test", "load", "--locked"]);
    command.env("NETLOOM_LOAD_SECONDS", "60");
    counted_by(stage, command)
}

/// Likewise.
fn churn(stage: &Stage) -> Tally {
    let mut command = stage.cargo(&["test", "--package", "netloom", "--test", "churn", "--locked"]);
    command.env("NETLOOM_CHURN_SECONDS", "60");
    counted_by(stage, command)
}

/// Likewise.
fn crowd(stage: &Stage) -> Tally {
    let mut command = stage.cargo(&["test", "--package", "netloom-cli", "--test", "crowd", "--locked"]);
    command.env("NETLOOM_CROWD", "full");
    counted_by(stage, command)
}

/// Runs tests and counts each.
fn counted(stage: &Stage, words: &[&str]) -> Tally {
    let mut command = stage.cargo(&["test"]);
    command.args(words);
    counted_by(stage, command)
}

fn counted_by(stage: &Stage, mut command: std::process::Command) -> Tally {
    command.args(["--", "--show-output"]);
    let ended = stage.run(command, false);
    let mut tally = Tally::of_tests(&ended.output);
    if !ended.ok && tally.failed == 0 {
        // A test binary that dies has no result line.
        tally += Tally::failed("tests did not run to their end");
    }
    if ended.ok && tally.passed + tally.skipped == 0 {
        tally += Tally::failed("no tests were found");
    }
    tally
}

fn docs(stage: &Stage) -> Tally {
    let mut command = stage.cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    stage.check(command)
}

fn readme(stage: &Stage) -> Tally {
    console::replay(stage, stage.root(), Path::new("README.md"))
}

fn examples(stage: &Stage) -> Tally {
    let mut tally = console::replay(stage, stage.root(), Path::new("examples/README.md"));
    let read = |name: &str| fs::read_to_string(stage.root().join(name)).unwrap_or_default();
    let (manifest, text) = (read("examples/Cargo.toml"), read("examples/README.md"));
    let names = manifest.lines().zip(manifest.lines().skip(1)).filter(|(line, _)| *line == "[[example]]");
    for (_, name) in names {
        let name = name.trim_start_matches("name = ").trim_matches('"');
        if !text.contains(&format!("[{name}](")) {
            tally += Tally::failed(format!("examples/README.md does not show {name}"));
        }
    }
    tally
}

fn fresh_clone(stage: &Stage) -> Tally {
    let folder = stage.root().join("target/fresh-clone");
    if let Err(error) = fs::remove_dir_all(&folder).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }) {
        return Tally::failed(format!("{}: {error}", folder.display()));
    }
    let mut git = std::process::Command::new("git");
    git.args(["clone", "--quiet", "--no-hardlinks"]).arg(stage.root()).arg(&folder);
    let mut tally = stage.check(git);
    if tally.failed == 0 {
        tally += console::replay(stage, &folder, Path::new("README.md"));
    }
    // It holds a build of its own: hundreds of megabytes.
    let _ = fs::remove_dir_all(&folder);
    tally
}

fn fuzz(stage: &Stage) -> Tally {
    if !install::is_there("c++") {
        return Tally::skipped("no C++ compiler, which libFuzzer is built with");
    }
    let Ok(folders) = fs::read_dir(stage.root().join("fuzz/corpus")) else { return Tally::failed("no fuzz/corpus") };
    let mut targets: Vec<String> =
        folders.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    targets.sort();
    let mut tally = Tally::default();
    for target in &targets {
        tally += stage.check(stage.cargo(&["xtask", "fuzz", target, "--seconds", "30"]));
    }
    tally
}

/// Each job by itself.
fn counts(stage: &Stage) -> Tally {
    told(stage, &["xtask", "counts", "--or-skip"])
}

/// Each kernel by itself; one that cannot be had here is skipped.
fn vm(stage: &Stage) -> Tally {
    told(stage, &["xtask", "vm", "all", "--or-skip"])
}

/// Runs a command of Cargo's that prints `passed: …`, `failed: …` or `skipped: …` for each thing that it looks at, and
/// `note: …` for what is to be seen beside them.
fn told(stage: &Stage, words: &[&str]) -> Tally {
    let ended = stage.run(stage.cargo(words), true);
    let mut tally = Tally::default();
    for line in ended.stdout.lines() {
        match line.split_once(": ") {
            Some(("passed", _)) => tally += Tally::passed(),
            Some(("failed", what)) => tally += Tally::failed(what),
            Some(("skipped", why)) => tally += Tally::skipped(why),
            Some(("note", _)) => stage.say(line),
            _ => {}
        }
    }
    if !ended.ok && tally.failed == 0 || tally == Tally::default() {
        tally += Tally::failed(format!("cargo {} did not run to its end", words.join(" ")));
    }
    tally
}
