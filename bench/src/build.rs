//! What using netloom brings along: dependencies, and the time to build.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::Failure;
use crate::report::Report;

pub(crate) fn measure(report: &mut Report, build: bool) -> Result<(), Failure> {
    report.title("What it brings along");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the bench lies in no workspace")?;
    let direct = tree(Command::new(&cargo).current_dir(root), &["--depth", "1"])?;
    let all = tree(Command::new(&cargo).current_dir(root), &[])?;
    report.row("direct dependencies of netloom, default features", &direct.to_string(), &format!("{all} in all"));
    if !build {
        return Ok(());
    }
    // A folder of its own: what others have built does not count.
    let folder = root.join("target/clean-build");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    eprintln!("building the command from nothing");
    let begun = Instant::now();
    let status = Command::new(&cargo)
        .args(["build", "--quiet", "--release", "--locked", "--package", "netloom-cli"])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", &folder)
        .status()?;
    let took = begun.elapsed();
    let size = fs::metadata(folder.join("release/netloom")).map_or(0, |file| file.len());
    fs::remove_dir_all(&folder)?;
    if !status.success() {
        return Err("the command does not build".into());
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    report.row(
        "clean release build of the command",
        &format!("{:.0} s", took.as_secs_f64()),
        &format!("on {cores} cores, shared; the binary has {} KiB", size / 1024),
    );
    Ok(())
}

/// How many packages netloom depends on.
fn tree(cargo: &mut Command, depth: &[&str]) -> Result<usize, Failure> {
    let words = ["tree", "--package", "netloom", "--edges", "normal", "--prefix", "none", "--no-dedupe", "--locked"];
    let output = cargo.args(words).args(depth).output()?;
    if !output.status.success() {
        return Err("cargo tree does not run".into());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut names: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.len())
}
