//! Replays what documents show: the commands of their `console` blocks, against the output printed below them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::stage::Stage;
use super::tally::Tally;

/// Stands for any text within a line and, alone on a line, for any lines.
const ANYTHING: &str = "…";

/// One command of a document and what it is shown to print.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    line: usize,
    command: String,
    output: Vec<String>,
}

/// Runs the commands of a document in `folder`, each as a user would, and compares.
pub(super) fn replay(stage: &Stage, folder: &Path, document: &Path) -> Tally {
    let text = match fs::read_to_string(folder.join(document)) {
        Ok(text) => text,
        Err(error) => return Tally::failed(format!("{}: {error}", document.display())),
    };
    let mut tally = Tally::default();
    for shown in parse(&text) {
        // This is the very command under way.
        if shown.command.starts_with("cargo xtask test") {
            continue;
        }
        let place = format!("{}:{}: {}", document.display(), shown.line, shown.command);
        let mut shell = Command::new("sh");
        shell.args(["-c", &shown.command]).current_dir(folder).env_remove("NETLOOM_KERNEL");
        let ended = stage.run(shell, true);
        tally += match () {
            () if !ended.ok => Tally::failed(format!("{place}: fails")),
            () if !matches(&shown.output, &ended.stdout) => {
                let wanted = shown.output.join("\n");
                stage.say(&format!("{place}: should print\n{wanted}\nbut prints\n{}", ended.stdout));
                Tally::failed(format!("{place}: prints something else"))
            }
            () => Tally::passed(),
        };
    }
    if tally == Tally::default() {
        return Tally::failed(format!("{}: no console block", document.display()));
    }
    tally
}

fn parse(text: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (false, _) => {}
            (true, "```") => inside = false,
            (true, line) => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => {
                    found.push(Shown { line: index + 1, command: command.to_string(), output: Vec::new() });
                }
                (None, Some(shown)) => shown.output.push(line.to_string()),
                (None, None) => {}
            },
        }
    }
    found
}

/// Whether what was printed is what was shown; a command shown without output may print anything.
fn matches(shown: &[String], printed: &str) -> bool {
    let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let shown: Vec<&str> = shown.iter().map(|line| line.trim_end()).collect();
    shown.is_empty() || fits(&shown, &printed, |line| line.trim() == ANYTHING, line_fits)
}

fn line_fits(shown: &str, printed: &str) -> bool {
    let mut parts = shown.split(ANYTHING);
    let Some(rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// Whether a pattern fits a sequence: a wildcard takes any number of items, the fewest that do.
fn fits<'a>(shown: &[&'a str], printed: &[&'a str], wild: fn(&str) -> bool, same: fn(&str, &str) -> bool) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on if what follows the last wildcard does not fit: it takes one more.
    let mut retry: Option<(usize, usize)> = None;
    while from < printed.len() {
        if shown.get(at).is_some_and(|line| wild(line)) {
            retry = Some((at + 1, from));
            at += 1;
        } else if shown.get(at).is_some_and(|line| same(line, printed[from])) {
            (at, from) = (at + 1, from + 1);
        } else if let Some((pattern, taken)) = retry {
            retry = Some((pattern, taken + 1));
            (at, from) = (pattern, taken + 1);
        } else {
            return false;
        }
    }
    shown[at..].iter().all(|line| wild(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_their_output_are_found() {
        let text = "# x\n```console\n$ one two\na\n\nb\n$ three\n```\n```sh\n$ not this\n```\n";
        let shown = |line, command: &str, output: &[&str]| Shown {
            line,
            command: command.into(),
            output: output.iter().map(|line| line.to_string()).collect(),
        };
        assert_eq!(parse(text), [shown(3, "one two", &["a", "", "b"]), shown(7, "three", &[])]);
    }

    #[test]
    fn output_fits_with_gaps() {
        let cases: &[(&[&str], &str, bool)] = &[
            (&["a", "b"], "a\nb\n", true),
            (&["a", "b"], "a\nb\nc\n", false),
            (&["a", "b"], "a\n", false),
            (&["a", "…", "c"], "a\nb\nb\nc\n", true),
            (&["a", "…", "c"], "a\nc\n", true),
            (&["…", "c", "…"], "a\nb\nc\nd\n", true),
            (&["…", "c"], "c\nd\nc\n", true),
            (&["…", "c"], "a\nd\n", false),
            (&["port …: ok"], "port 4711: ok\n", true),
            (&["port …: ok"], "port 4711: no\n", false),
            (&["port 1"], "port 11\n", false),
            (&["… b … d"], "a b c d\n", true),
            (&[], "whatever\n", true),
        ];
        for (shown, printed, fit) in cases {
            let shown: Vec<String> = shown.iter().map(|line| line.to_string()).collect();
            assert_eq!(matches(&shown, printed), *fit, "{shown:?} {printed:?}");
        }
    }
}
