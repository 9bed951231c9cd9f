//! Whether a kernel side did what the record says.

use crate::case::{Case, Malformed};
use crate::record::{Record, Release};

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same lines.
    Agree,
    /// The record does not have the case.
    Unrecorded,
    /// Other lines.
    Differ {
        /// What should have been seen.
        wanted: Vec<String>,
        /// What was.
        seen: Vec<String>,
    },
}

/// Compares what was seen with the record of a release, on a kernel side that is that release or behaves as it.
pub fn compare(case: &Case, record: &Record, seen: &[String]) -> Verdict {
    match record.seen.get(&case.name) {
        None => Verdict::Unrecorded,
        Some(wanted) if wanted == seen => Verdict::Agree,
        Some(wanted) => Verdict::Differ { wanted: wanted.clone(), seen: seen.to_vec() },
    }
}

impl Case {
    /// Why the newest Linux does otherwise than `release`; nothing if it does not.
    pub fn changes(&self, release: Release) -> Result<Vec<String>, Malformed> {
        let mut reasons = Vec::new();
        for difference in &self.differs {
            if difference.holds(release)? {
                reasons.push(difference.because.clone());
            }
        }
        Ok(reasons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Difference;

    #[test]
    fn a_case_tells_which_releases_do_otherwise_and_a_record_binds_all_of_them() {
        let difference = Difference { since: Some("6.12".into()), until: "6.18".into(), because: "a bug".into() };
        let case = Case {
            name: "x".into(),
            items: vec![],
            privileged: false,
            module: false,
            first: false,
            since: None,
            exact: None,
            steps: vec![],
            differs: vec![difference],
        };
        for (release, reasons) in [
            (Release(6, 1), vec![]),
            (Release(6, 12), vec!["a bug"]),
            (Release(6, 18), vec!["a bug"]),
            (Release(7, 2), vec![]),
        ] {
            assert_eq!(case.changes(release).unwrap(), reasons, "{release}");
        }
        let record =
            |name: &str| Record { release: String::new(), seen: [(name.into(), vec!["a op 0".into()])].into() };
        let judge = |name: &str, seen: &str| compare(&case, &record(name), &[seen.to_string()]);
        assert_eq!(judge("x", "a op 0"), Verdict::Agree);
        let differ = Verdict::Differ { wanted: vec!["a op 0".into()], seen: vec!["a op 10".into()] };
        assert_eq!(judge("x", "a op 10"), differ);
        assert_eq!(judge("y", "a op 0"), Verdict::Unrecorded);
    }
}
