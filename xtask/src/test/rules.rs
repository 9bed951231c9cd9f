//! The project's own rules, as far as a program can judge them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::stage::Stage;
use super::tally::Tally;

/// A file written by hand that is longer deserves a look, and far longer is refused.
const LONG: usize = 600;
const TOO_LONG: usize = 900;

/// The library has fewer direct dependencies than this.
const DEPENDENCIES: usize = 5;

/// Judges every file that git knows or would add.
pub(super) fn files(stage: &Stage) -> Tally {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(stage.root());
    let names = match git.output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        _ => return Tally::skipped("this is no git repository"),
    };
    let foreign = foreign(stage.root());
    let mut faults = Vec::new();
    for name in names.lines() {
        let Ok(text) = fs::read_to_string(stage.root().join(name)) else { continue };
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = foreign.iter().find(|word| line.contains(word.as_str())) {
                faults.push(format!("{name}:{}: names {word}, which is of this machine alone", index + 1));
            }
        }
        if name.ends_with(".rs") {
            rust(stage, name, &text, &mut faults);
        }
    }
    if faults.is_empty() { Tally::passed() } else { Tally::failed(faults.join("\n  ")) }
}

/// What must not appear in a file: where this checkout lies, and whose machine it is.
fn foreign(root: &Path) -> Vec<String> {
    let mut words = vec![root.display().to_string()];
    let home = std::env::var("HOME").unwrap_or_default();
    // Such as /home/NAME; /root is everybody's.
    words.extend(Some(format!("{home}/")).filter(|home| home.matches('/').count() > 2));
    if let Some(parent) = root.parent().filter(|parent| parent.components().count() > 1) {
        // Behind a space or a quote it is a path from the root of this machine, not the middle of another.
        let parent = parent.display();
        words.extend([" ", "\"", "'", "(", "`"].map(|before| format!("{before}{parent}/")));
    }
    words
}

fn rust(stage: &Stage, name: &str, text: &str, faults: &mut Vec<String>) {
    let generated = text.starts_with("// Generated from ");
    let lines = text.lines().count();
    if lines > LONG && !generated {
        stage.say(&format!("long: {name} has {lines} lines; find the second noun in it"));
    }
    if lines > TOO_LONG && !generated {
        faults.push(format!("{name}: {lines} lines; {TOO_LONG} are the most"));
    }
    let sys = name.ends_with("/sys.rs") || name.contains("/sys/");
    let mut reasoned = false;
    for (index, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", index + 1);
        let code = line.split("//").next().unwrap_or_default();
        let comment = line.get(code.len()..).unwrap_or_default();
        // What a caller must see to stands in an unsafe function's own documentation.
        reasoned |= comment.contains("SAFETY:") || comment == "/// # Safety";
        let opens = ["unsafe {", "unsafe impl", "unsafe fn", "unsafe extern"].iter().any(|word| code.contains(word));
        if opens && !code.contains('"') {
            if !sys {
                faults.push(format!("{place}: unsafe outside of a sys.rs"));
            } else if !reasoned && !code.contains("unsafe extern") {
                faults.push(format!("{place}: unsafe without a SAFETY line"));
            }
        }
        // A reason holds up to the end of its statement.
        reasoned &= code.trim().is_empty() || !code.contains(';');
        let unfinished = [concat!("TO", "DO"), concat!("FIX", "ME")].iter().any(|word| comment.contains(word))
            || [concat!("to", "do!("), concat!("unimpl", "emented!(")].iter().any(|word| code.contains(word));
        if unfinished {
            faults.push(format!("{place}: unfinished"));
        }
    }
}

/// Counts the direct dependencies of the library, as `cargo tree` tells them.
pub(super) fn dependencies(stage: &Stage) -> Tally {
    let words = ["tree", "--package", "netloom", "--edges", "normal", "--depth", "1", "--prefix", "none", "--locked"];
    let ended = stage.run(stage.cargo(&words), true);
    let found: Vec<&str> = ended.stdout.lines().skip(1).filter_map(|line| line.split(' ').next()).collect();
    match found.len() {
        _ if !ended.ok => Tally::failed("cargo tree does not run"),
        0 => Tally::failed("cargo tree shows no dependency of netloom"),
        count if count < DEPENDENCIES => Tally::passed(),
        count => Tally::failed(format!("netloom has {count} direct dependencies: {}", found.join(", "))),
    }
}
