//! How long generated code may be.

use netloom_spec::Spec;

/// The lines that a family's module may have: 4 an attribute, 6 an operation, 2 an entry of an enum, documentation
/// included, 2 a member of a struct, and what stands around them; never more than 6,000. Code that grows out of it takes
/// the reader's and the compiler's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The lines of the module.
    pub lines: usize,
    /// The most that it may have.
    pub most: usize,
}

const MOST: usize = 6_000;
const MODULE: usize = 40;
const DEFINITION: usize = 8;

impl Budget {
    /// Counts the lines of `rust`, which was generated from `spec`.
    pub fn of(spec: &Spec, rust: &str) -> Self {
        let attributes: usize = spec.sets.iter().map(|set| set.attributes.len()).sum();
        let entries: usize = spec.enums.iter().map(|e| e.entries.len()).sum();
        let members: usize = spec.structs.iter().map(|s| s.members.len()).sum();
        let definitions =
            spec.sets.len() + spec.enums.len() + spec.structs.len() + spec.constants.len() + spec.groups.len();
        let most = 4 * attributes + 6 * spec.operations.len() + 2 * (entries + members);
        Self { lines: rust.lines().count(), most: (most + MODULE + DEFINITION * definitions).min(MOST) }
    }

    /// Whether it is kept.
    pub fn is_kept(self) -> bool {
        self.lines <= self.most
    }
}

#[cfg(test)]
mod tests {
    use netloom_spec::Spec;

    use super::Budget;

    #[test]
    fn more_lines_than_a_spec_pays_for_are_too_many() {
        let yaml = "{name: t, doc: T., attribute-sets: [{name: s, attributes: [{name: a, type: u32}]}], operations: {list: []}}";
        let spec = Spec::parse("t.yaml", yaml, None).unwrap();
        for (lines, kept) in [(4 + 8 + 40, true), (4 + 8 + 40 + 1, false)] {
            let budget = Budget::of(&spec, &"\n".repeat(lines));
            assert_eq!((budget.lines, budget.is_kept()), (lines, kept));
        }
    }
}
