//! What came of all cases: counts that add up, and differences.

use std::collections::BTreeMap;

use netloom::kernel::Version;
use netloom::wire::Header;
use serde::{Deserialize, Serialize};

use super::compare::Verdict;
use super::excuse::RULES;
use super::rows::{FIRST_ROW, ROWS};
use super::world::World;
use crate::Release;

/// Counts of one worker, or of all of them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Report {
    pub(super) cases: u64,
    pub(super) passed: u64,
    pub(super) refused: u64,
    pub(super) unread: u64,
    pub(super) different: u64,
    /// How often nlctrl was asked for policies.
    pub(super) policies: u64,
    rows: Vec<u64>,
    rules: Vec<u64>,
    /// By family: cases, and how many of them have passed.
    families: BTreeMap<String, (u64, u64)>,
    pub(super) differences: Vec<String>,
    /// Microseconds that the cases took, learning left out.
    pub(super) micros: u64,
}

impl Report {
    pub(super) fn new() -> Self {
        Self { rows: vec![0; ROWS.len()], rules: vec![0; RULES.len()], ..Self::default() }
    }

    pub(super) fn count(&mut self, world: &World, request: &[u8], verdict: Verdict) {
        self.cases += 1;
        let mut show = |row: Option<usize>| {
            if let Some(count) = row.and_then(|row| self.rows.get_mut(row)) {
                *count += 1;
            }
        };
        match verdict {
            Verdict::Refused(row) => {
                show(row);
                self.refused += 1;
            }
            Verdict::Passed(row) => {
                show(row);
                self.passed += 1;
            }
            Verdict::Unread => self.unread += 1,
            Verdict::Different => self.different += 1,
            Verdict::Excused(rule) => {
                if let Some(count) = self.rules.get_mut(rule) {
                    *count += 1;
                }
            }
        }
        self.of_family(world, request, matches!(verdict, Verdict::Passed(_)));
    }

    /// Counts what a rule explains.
    pub(super) fn excuse(&mut self, name: &str) {
        let rules = RULES.iter().zip(&mut self.rules);
        rules.filter(|(rule, _)| rule.name == name).for_each(|(_, count)| *count += 1);
    }

    fn of_family(&mut self, world: &World, request: &[u8], passed: bool) {
        let header = Header::read(request).unwrap_or_default();
        let Some(family) = world.family(header.kind.0) else { return };
        let counts = match self.families.get_mut(&family.name) {
            Some(counts) => counts,
            None => self.families.entry(family.name.clone()).or_default(),
        };
        *counts = (counts.0 + 1, counts.1 + u64::from(passed));
    }

    pub(super) fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.passed += other.passed;
        self.refused += other.refused;
        self.unread += other.unread;
        self.different += other.different;
        self.policies += other.policies;
        self.micros = self.micros.max(other.micros);
        let sum = |to: &mut Vec<u64>, from: Vec<u64>| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        sum(&mut self.rows, other.rows);
        sum(&mut self.rules, other.rules);
        for (name, (cases, passed)) in other.families {
            let counts = self.families.entry(name).or_default();
            *counts = (counts.0 + cases, counts.1 + passed);
        }
        self.differences.extend(other.differences);
    }

    fn excused(&self) -> u64 {
        self.rules.iter().sum()
    }

    /// The rows of the table of failures that were met less than so often.
    fn rare(&self, each: u64) -> impl Iterator<Item = &'static str> {
        let rows = ROWS.iter().zip(&self.rows).skip_while(|(name, _)| **name != FIRST_ROW);
        // Linux 6.1 has no integers of either width.
        let old = Release::here().and_then(Release::version).is_some_and(|version| version.known() == Version::V6_1);
        let is_there = move |name: &str| !old || name != "sint or uint of wrong size";
        rows.filter(move |(name, count)| **count < each && is_there(name)).map(|(name, _)| *name)
    }

    /// Prints it; whether nothing differs without an excuse, and each row was met so often.
    pub(super) fn tell(&self, seed: u64, each: u64) -> bool {
        let share = |count: u64| 100.0 * count as f64 / self.cases.max(1) as f64;
        for difference in &self.differences {
            println!("different: {difference}\n");
        }
        for (name, count) in ROWS.iter().zip(&self.rows) {
            println!("{count:>9}  {name}");
        }
        for (rule, count) in RULES.iter().zip(&self.rules).filter(|(_, count)| **count > 0) {
            println!("{count:>9}  excused: {}: {}", rule.name, rule.reason);
        }
        for (name, (cases, passed)) in &self.families {
            println!("{cases:>9}  to {name}, of which {passed} have passed");
        }
        println!("{:>9}  policies told by nlctrl", self.policies);
        let seconds = self.micros as f64 / 1e6;
        println!(
            "Linux: {} cases of seed {seed} in {seconds:.1} s ({:.0} a second): {:.1}% passed, {:.1}% refused alike, \
             {:.1}% not read, {:.2}% excused, {} different",
            self.cases,
            self.cases as f64 / seconds.max(1e-6),
            share(self.passed),
            share(self.refused),
            share(self.unread),
            share(self.excused()),
            self.different
        );
        let rare: Vec<_> = self.rare(each).collect();
        if !rare.is_empty() {
            println!("met less than {each} times: {}", rare.join(", "));
        }
        self.different == 0 && rare.is_empty()
    }
}
