//! The table.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::Failure;

#[derive(Default)]
pub(crate) struct Report {
    text: String,
}

impl Report {
    /// Begins a table.
    pub(crate) fn title(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n## {title}\n\n| what | result | in detail |\n|---|---|---|");
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, what: &str, result: &str, detail: &str) {
        eprintln!("{what}: {result} ({detail})");
        let _ = writeln!(self.text, "| {what} | {result} | {detail} |");
    }

    pub(crate) fn print(&self) {
        println!("{}", self.text.trim_start());
    }

    /// Keeps it, with how it was made.
    pub(crate) fn write(&self) -> Result<(), Failure> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let release: Vec<&str> = release.split('.').take(2).collect();
        let text = format!(
            "# Results\n\nMade by `cargo xtask bench --write` on Linux {}. Ratios and instruction counts carry over to other \
             machines, times do not: run it yourself.\n{}",
            release.join("."),
            self.text
        );
        Ok(fs::write(path, text)?)
    }
}
