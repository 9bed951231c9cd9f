//! Whether a kernel side did what the record says.

use crate::case::{Case, Malformed};
use crate::record::{Record, Release};

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same lines.
    Agree,
    /// The record is of an older Linux, and the newest does otherwise, as the case says: nothing was compared. The reasons.
    Outdated(Vec<String>),
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

/// Compares what was seen with the record of `release`. With `newest`, the kernel side behaves as the newest Linux does.
///
/// An error if the case tells a difference that has no release.
pub fn compare(
    case: &Case,
    record: &Record,
    release: Release,
    newest: bool,
    seen: &[String],
) -> Result<Verdict, Malformed> {
    let Some(wanted) = record.seen.get(&case.name) else { return Ok(Verdict::Unrecorded) };
    let outdated = case.changes(release)?;
    Ok(match wanted == seen {
        _ if newest && !outdated.is_empty() => Verdict::Outdated(outdated),
        true => Verdict::Agree,
        false => Verdict::Differ { wanted: wanted.clone(), seen: seen.to_vec() },
    })
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
    fn an_older_record_does_not_bind_the_newest_where_linux_changed() {
        let difference = Difference { since: Some("6.12".into()), until: "6.18".into(), because: "a bug".into() };
        let case =
            Case { name: "x".into(), items: vec![], privileged: false, steps: vec![], differs: vec![difference] };
        let record =
            |name: &str| Record { release: String::new(), seen: [(name.into(), vec!["a op 0".into()])].into() };
        let judge = |name: &str, release, newest, seen: &str| {
            compare(&case, &record(name), release, newest, &[seen.to_string()]).unwrap()
        };
        let differ = |seen: &str| Verdict::Differ { wanted: vec!["a op 0".into()], seen: vec![seen.into()] };
        let (old, new) = (Release(6, 18), Release(7, 2));
        assert_eq!(judge("x", old, false, "a op 0"), Verdict::Agree);
        assert_eq!(judge("x", old, false, "a op 10"), differ("a op 10"));
        assert_eq!(judge("x", old, true, "a op 10"), Verdict::Outdated(vec!["a bug".into()]));
        assert_eq!(judge("x", Release(6, 1), true, "a op 10"), differ("a op 10"));
        assert_eq!(judge("x", new, true, "a op 10"), differ("a op 10"));
        assert_eq!(judge("x", new, true, "a op 0"), Verdict::Agree);
        assert_eq!(judge("y", new, true, "a op 0"), Verdict::Unrecorded);
    }
}
