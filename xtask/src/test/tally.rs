//! What passed, failed and was skipped, counted.

use std::ops::AddAssign;

/// Counts, and a line for each failure and each skip.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u32,
    pub(super) failed: u32,
    pub(super) skipped: u32,
    pub(super) failures: Vec<String>,
    pub(super) skips: Vec<String>,
}

impl Tally {
    pub(super) fn passed() -> Self {
        Self { passed: 1, ..Self::default() }
    }

    pub(super) fn failed(why: impl Into<String>) -> Self {
        Self { failed: 1, failures: vec![why.into()], ..Self::default() }
    }

    pub(super) fn skipped(why: impl Into<String>) -> Self {
        Self { skipped: 1, skips: vec![why.into()], ..Self::default() }
    }

    /// Counts the tests in what `cargo test -- --show-output` printed. A test that cannot run here passes and prints a
    /// line `skipped: WHY`: it is counted as skipped. An ignored one is skipped, too, unless another test runs it, as its
    /// reason `run by …` says.
    pub(super) fn of_tests(output: &str) -> Self {
        let (mut tally, mut ignored) = (Self::default(), 0_u32);
        for line in output.lines() {
            if let Some(result) = line.strip_prefix("test result: ") {
                tally.passed += count(result, "passed");
                tally.failed += count(result, "failed");
            } else if let Some(why) = line.strip_prefix("skipped: ") {
                tally.skips.push(why.to_string());
            } else if let Some((name, why)) =
                line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ignored"))
            {
                if !why.starts_with(", run by") {
                    tally.skips.push(format!("{name}: ignored{why}"));
                    ignored += 1;
                }
            } else if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
                tally.failures.push(name.to_string());
            }
        }
        let skips = u32::try_from(tally.skips.len()).unwrap_or(u32::MAX);
        tally.skipped += skips;
        tally.passed = tally.passed.saturating_sub(skips.saturating_sub(ignored));
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
    }
}

/// The number before a word: 3 of "ok. 3 passed; 0 failed".
fn count(result: &str, word: &str) -> u32 {
    let words: Vec<&str> = result.split([' ', ';']).filter(|word| !word.is_empty()).collect();
    let number = words.windows(2).find(|pair| pair[1] == word).map(|pair| pair[0]);
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_over_all_binaries() {
        let output = "running 3 tests\n\
            test wire::walks ... ok\n\
            test wire::stops ... FAILED\n\
            test wire::waits ... ignored\n\
            test wire::inside ... ignored, run by another test\n\
            skipped: no user namespaces here\n\
            test result: FAILED. 2 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 1.00s\n";
        assert_eq!(
            Tally::of_tests(output),
            Tally {
                passed: 41,
                failed: 1,
                skipped: 2,
                failures: vec!["wire::stops".into()],
                skips: vec!["wire::waits: ignored".into(), "no user namespaces here".into()],
            }
        );
    }
}
