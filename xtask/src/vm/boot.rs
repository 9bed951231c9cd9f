//! A machine under QEMU, and what it tells on its second serial line.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::kernel::Kernel;
use super::program::{Budget, Lacking, Programs, run};

/// A run of a program in the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    /// What it is called.
    pub(super) name: String,
    /// The command: a program, and one that it is run by, if any.
    pub(super) program: &'static str,
    /// Its arguments.
    pub(super) words: Vec<String>,
    /// What it printed.
    pub(super) output: Vec<String>,
    /// How it ended; `None` if it did not.
    pub(super) status: Option<i32>,
}

impl Pass {
    /// One that is to come.
    pub(super) fn new(name: &str, program: &'static str, words: &[&str]) -> Self {
        let words = words.iter().map(|word| word.to_string()).collect();
        Self { name: name.to_string(), program, words, output: Vec::new(), status: None }
    }

    /// How many cases go otherwise than on the newest Linux, as they say themselves.
    pub(super) fn otherwise(&self) -> usize {
        let cases = self.output.iter().filter_map(|line| line.strip_prefix("otherwise than the newest: "));
        cases.filter_map(|line| line.split(": ").next()).collect::<BTreeSet<_>>().len()
    }

    /// What it came to, in one line: `54 items agree, 0 differ`, or the result of tests.
    pub(super) fn verdict(&self) -> Option<&str> {
        let said = |line: &'_ String| ["Linux: ", "test result: "].iter().any(|begin| line.starts_with(begin));
        let line = self.output.iter().find(|line| said(line))?;
        line.split_once(": ").map(|(_, verdict)| verdict)
    }
}

/// What a machine told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    pub(super) passes: Vec<Pass>,
    /// Files by their names under the conformance folder.
    pub(super) files: Vec<(String, String)>,
    /// Whether it told all that it had to.
    ended: bool,
}

/// A machine takes seconds to boot, the cases take more, and random input takes minutes.
const LIMIT: Duration = Duration::from_secs(450);

/// Emulation fails now and then where a kernel patches its own code: a machine that dies is booted so often.
const TRIES: u32 = 6;

/// Boots a kernel with a file system and waits until the machine is off. An error if it never comes to its end.
pub(super) fn boot(
    programs: &Programs,
    folder: &Path,
    kernel: &Kernel,
    initrd: &Path,
    budget: &Budget,
) -> Result<Came, Lacking> {
    let [console, told] = ["console.log", "told.log"].map(|name| folder.join(name));
    let serial = |path: &Path| format!("file:{}", path.display());
    let mut qemu = Command::new(&programs.qemu);
    // By emulation: hardware virtualization may be there and hang the guest.
    // Without cmpxchg16b: emulated, it is followed by wrong flags now and then, of which kernels die in the middle of an
    // allocation; those that do not find it take a lock.
    qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max,cx16=off", "-smp", "2", "-m", "1024", "-display", "none"]);
    qemu.args(["-monitor", "none", "-no-reboot", "-net", "none", "-nodefaults"]);
    qemu.args(["-serial", &serial(&console), "-serial", &serial(&told)]);
    qemu.arg("-kernel").arg(&kernel.image).arg("-initrd").arg(initrd);
    qemu.args(["-append", "console=ttyS0 panic=-1 oops=panic quiet nokaslr mitigations=off"]);
    let mut why = String::new();
    for _ in 0..TRIES {
        for log in [&console, &told] {
            fs::write(log, "").map_err(Lacking::file(log))?;
        }
        let ran = run(&qemu, budget.of(LIMIT)?);
        let came = parse(&text(&told));
        match ran {
            Ok(_) if came.ended => return Ok(came),
            Ok(_) => why = format!("the machine died {TRIES} times; {}", last_words(&console)),
            // What hangs has taken its time: one try more would hardly do better.
            Err(error) => return Err(Lacking(format!("{error}; {}", last_words(&console)))),
        }
    }
    Err(Lacking(why))
}

/// What stands in a log, as far as it is text.
fn text(log: &Path) -> String {
    fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The last lines of a console.
fn last_words(console: &Path) -> String {
    let text = text(console);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("its console ends with: {}", lines[lines.len().saturating_sub(3)..].join(" / "))
}

/// What stands on the second serial line; see the script of the machine's first process.
fn parse(text: &str) -> Came {
    let mut came = Came::default();
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        if line == ">>> end" {
            came.ended = true;
        } else if let Some(name) = line.strip_prefix(">>> ") {
            came.passes.push(Pass::new(name, "", &[]));
        } else if let Some(name) = line.strip_prefix("=== ") {
            came.files.push((name.to_string(), String::new()));
        } else if let Some((_, file)) = came.files.last_mut() {
            file.push_str(line);
            file.push('\n');
        } else if let Some(pass) = came.passes.last_mut().filter(|pass| pass.status.is_none()) {
            match line.strip_prefix("<<< ") {
                Some(status) => pass.status = status.parse().ok(),
                None => pass.output.push(line.to_string()),
            }
        }
    }
    came
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_tells_is_told_apart() {
        let text = ">>> root\r\nLinux: 2 items agree, 0 differ\r\n<<< 0\n>>> user namespace\nno\n<<< 1\n\
            === recorded/6.1/x.toml\na = 1\n\nb = 2\n=== recorded/6.1/y.toml\nc = 3\n>>> end\n";
        let came = parse(text);
        let passes: Vec<_> = came.passes.iter().map(|pass| (pass.name.as_str(), pass.status, pass.verdict())).collect();
        assert_eq!(passes, [("root", Some(0), Some("2 items agree, 0 differ")), ("user namespace", Some(1), None)]);
        let file = |name: &str, text: &str| (name.to_string(), text.to_string());
        assert_eq!(
            came.files,
            [file("recorded/6.1/x.toml", "a = 1\n\nb = 2\n"), file("recorded/6.1/y.toml", "c = 3\n")]
        );
        assert!(came.ended);
    }

    #[test]
    fn a_machine_that_stops_has_not_ended_its_pass() {
        let came = parse(">>> root\nLinux: 2 items agree, 0 differ\n");
        assert_eq!(came.passes.first().and_then(|pass| pass.status), None);
        assert!(!came.ended);
    }
}
