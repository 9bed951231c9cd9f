//! Where steps are performed: runs their commands, shows how far they are, keeps what they print.

use std::io::{BufRead, BufReader, IsTerminal, Write, pipe, stdin, stdout};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::steps::Step;
use super::tally::Tally;

/// No command of a step takes longer, unless it hangs.
const LIMIT: Duration = Duration::from_secs(900);

pub(super) struct Stage {
    root: PathBuf,
    steps: usize,
    done: usize,
    /// The name of the step under way.
    now: &'static str,
    begun: Instant,
    /// A terminal gets one line that moves; a log gets all that is printed.
    terminal: bool,
}

/// What a command came to.
pub(super) struct Ended {
    pub(super) ok: bool,
    /// What it printed, both streams as they came.
    pub(super) output: String,
    /// What it printed to its standard output, if that was asked for apart.
    pub(super) stdout: String,
}

impl Stage {
    pub(super) fn new(root: PathBuf, steps: usize) -> Self {
        let terminal = stdout().is_terminal() && std::env::var_os("CI").is_none();
        Self { root, steps, done: 0, now: "", begun: Instant::now(), terminal }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Performs a step and says what came of it.
    pub(super) fn perform(&mut self, step: &Step) -> Tally {
        self.done += 1;
        (self.now, self.begun) = (step.name, Instant::now());
        if self.terminal {
            self.progress();
        } else {
            println!("\n==== {}/{} {}: {}", self.done, self.steps, step.name, step.about);
        }
        let mut tally = (step.perform)(self);
        for line in tally.failures.iter_mut().chain(&mut tally.skips) {
            *line = format!("{}: {line}", step.name);
        }
        let verdict = match () {
            () if tally.failed > 0 => "FAILED",
            () if tally.passed == 0 => "skipped",
            () => "ok",
        };
        self.clear();
        let place = format!("{:>2}/{}", self.done, self.steps);
        let counts = match tally.passed + tally.failed {
            0 | 1 => String::new(),
            checks => format!(", {checks} checks"),
        };
        println!("{place} {:<14} {verdict:<7} {}{counts}", step.name, span(self.begun.elapsed()));
        tally
    }

    /// Says something about the step under way that stays on the screen.
    pub(super) fn say(&self, line: &str) {
        self.clear();
        println!("{line}");
    }

    /// Says something that a terminal has shown already.
    pub(super) fn log(&self, line: &str) {
        if !self.terminal {
            println!("{line}");
        }
    }

    /// A command of Cargo's, in the workspace.
    pub(super) fn cargo(&self, words: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(words).current_dir(&self.root).env("CARGO_TERM_PROGRESS_WHEN", "never");
        command
    }

    /// Runs a command to its end: passed or failed, whole.
    pub(super) fn check(&self, command: Command) -> Tally {
        let shown = show(&command);
        if self.run(command, false).ok { Tally::passed() } else { Tally::failed(shown) }
    }

    /// Runs a command to its end, and keeps what it prints.
    ///
    /// With `apart`, its standard output is kept by itself, and only that.
    pub(super) fn run(&self, mut command: Command, apart: bool) -> Ended {
        let shown = show(&command);
        if !self.terminal {
            println!("$ {shown}");
        }
        // Where nobody sits to press ^C, a command that hangs is ended with all that it started.
        let alone = !stdin().is_terminal();
        if alone {
            command.process_group(0);
        }
        let ended = self.watch(command, apart, alone).unwrap_or_else(|error| Ended {
            ok: false,
            output: format!("{shown}: {error}\n"),
            stdout: String::new(),
        });
        if !ended.ok && self.terminal {
            self.clear();
            println!("$ {shown}\n{}", ended.output);
        }
        ended
    }

    fn watch(&self, mut command: Command, apart: bool, alone: bool) -> std::io::Result<Ended> {
        let (errors, errors_end) = pipe()?;
        let (outputs, outputs_end) = if apart {
            let (outputs, end) = pipe()?;
            (Some(outputs), end)
        } else {
            (None, errors_end.try_clone()?)
        };
        let mut child = command.stdin(Stdio::null()).stdout(outputs_end).stderr(errors_end).spawn()?;
        // The command holds the write ends of the pipes: they end when it has ended, and all that it started.
        drop(command);
        let (sender, lines) = channel();
        let read = |from: Option<std::io::PipeReader>, out: bool| {
            let sender = sender.clone();
            thread::spawn(move || {
                let Some(from) = from else { return };
                for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                    let _ = sender.send((out, String::from_utf8_lossy(&line).into_owned()));
                }
            })
        };
        let readers = [read(Some(errors), false), read(outputs, true)];
        drop(sender);
        let begun = Instant::now();
        let mut ended = Ended { ok: true, output: String::new(), stdout: String::new() };
        loop {
            match lines.recv_timeout(Duration::from_millis(500)) {
                Ok((out, line)) => {
                    if !self.terminal {
                        println!("{line}");
                    }
                    if out {
                        ended.stdout.push_str(&line);
                        ended.stdout.push('\n');
                    }
                    ended.output.push_str(&line);
                    ended.output.push('\n');
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if begun.elapsed() > LIMIT => {
                    ended.ok = false;
                    ended.output.push_str(&format!("no end after {}: killed\n", span(LIMIT)));
                    let group = if alone { format!("-{}", child.id()) } else { child.id().to_string() };
                    let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
                    break;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.progress();
        }
        ended.ok &= child.wait()?.success();
        for reader in readers.into_iter().filter(|reader| reader.is_finished()) {
            let _ = reader.join();
        }
        Ok(ended)
    }

    fn progress(&self) {
        if self.terminal {
            print!("\r\x1b[K{:>2}/{} {:<14} {}", self.done, self.steps, self.now, span(self.begun.elapsed()));
            let _ = stdout().flush();
        }
    }

    fn clear(&self) {
        if self.terminal {
            print!("\r\x1b[K");
        }
    }
}

/// A command as one would type it.
fn show(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value.filter(|_| name != "CARGO_TERM_PROGRESS_WHEN") {
            words.push(format!("{}={:?}", name.display(), value));
        }
    }
    let program = Path::new(command.get_program());
    words.push(program.file_name().unwrap_or_default().to_string_lossy().into_owned());
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// A span of time as people write it: `3.2 s`, `2 min 5 s`.
pub(super) fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 60.. => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}
