//! Random requests compared with the Linux underneath, beside a loop in C that only sends and receives the same ones.

use std::fs;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;
use netloom_conformance::Differ;

use crate::Failure;
use crate::report::Report;

/// How many requests.
const CASES: u64 = 200_000;

/// What runs by itself, in namespaces of its own.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Alone {
    /// Writes the datagrams to a file.
    Keep,
    /// Plays them.
    Play,
}

impl Alone {
    /// Does it, and prints how long it took.
    pub(crate) fn here(self, file: &Path) -> Result<(), Failure> {
        let differ = Differ { cases: CASES, from: 0, seed: 1, family: None, administrator: false, each: 0 };
        match self {
            Self::Keep => differ.keep(BufWriter::new(fs::File::create(file)?))?,
            Self::Play => println!("{}", differ.timed()?.as_nanos()),
        }
        Ok(())
    }
}

pub(crate) fn measure(report: &mut Report) -> Result<(), Failure> {
    report.title("Random requests to Linux and to our kernel side, answers compared");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the bench lies in no workspace")?.join("target");
    let [program, file] = ["send_receive", "send_receive.cases"].map(|name| folder.join(name));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/c/send_receive.c");
    let built = Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(source).status();
    if !built.is_ok_and(|status| status.success()) {
        report.row("a loop in C that only sends and receives them", "not measured", "no C compiler");
        return Ok(());
    }
    let this = std::env::current_exe()?;
    let run = |command: &mut Command| -> Result<String, Failure> {
        let output = command.output()?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_string()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().into()),
        }
    };
    run(Command::new(&this).args(["differ", "keep"]).arg(&file))?;
    let (mut ours, mut theirs) = (u128::MAX, u128::MAX);
    // In turns, and the best of each: what else the machine does, it does to both.
    for _ in 0..5 {
        ours = ours.min(run(Command::new(&this).args(["differ", "play"]).arg(&file))?.parse()?);
        let told = run(Command::new("unshare").arg("-Urn").arg(&program).arg(&file))?;
        theirs = theirs.min(told.split_once(' ').ok_or("the loop in C tells no time")?.1.parse()?);
    }
    fs::remove_file(&file)?;
    let rate = |nanos: u128| u128::from(CASES) * 1_000_000_000 / nanos.max(1);
    report.row(
        "both kernel sides asked and compared, one processor",
        &format!("{:.2} of the rate of C", theirs as f64 / ours as f64),
        &format!("{} and {} requests a second; C sends the same ones to Linux alone", rate(ours), rate(theirs)),
    );
    Ok(())
}
