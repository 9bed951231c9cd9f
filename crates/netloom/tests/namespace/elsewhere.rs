//! Being in namespaces, and having others.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use netloom::Netns;

/// Runs the test of this name in fresh user and network namespaces; false in the outer process, whose part is done.
pub(crate) fn inside(test: &str) -> bool {
    inside_as(test, &["-Urn"], Stdio::null())
}

/// The same by these words to `unshare`, and with this as its standard input.
pub(crate) fn inside_as(test: &str, words: &[&str], input: impl Into<Stdio>) -> bool {
    const MARK: &str = "NETLOOM_TEST_INSIDE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    if !Command::new("unshare").args(words).args(["--", "true"]).status().is_ok_and(|status| status.success()) {
        say(&format!("skipped: {test}: no user namespaces here (unshare {} fails)", words.join(" ")));
        return false;
    }
    let mut again = Command::new("unshare");
    again.args(words).arg("--").arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let inner = again.env(MARK, "1").stdin(input).stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&inner.stdout);
    // Where no test has this name, none fails.
    assert!(inner.status.success() && told.contains("test result: ok. 1 passed"), "{test} failed inside:\n{told}");
    false
}

/// A line that is seen even though the test passes.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A process in a network namespace of its own.
pub(crate) struct Elsewhere(Child);

impl Elsewhere {
    pub(crate) fn new() -> Self {
        Self::by("-n")
    }

    /// By this word to `unshare`.
    pub(crate) fn by(word: &str) -> Self {
        let script = [word, "--", "sh", "-c", "echo there; exec sleep 60"];
        let mut child = Command::new("unshare").args(script).stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 5]).unwrap();
        Self(child)
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn netns(&self) -> Netns {
        Netns::of_process(self.id())
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
