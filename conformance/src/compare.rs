//! Whether a kernel side did what the record says.

use crate::case::{Case, Malformed};
use crate::record::{Record, Release};

/// What a comparison came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same lines.
    Agree,
    /// The same but for what the case says that the newest Linux does otherwise; the reasons.
    AgreeAsNewest(Vec<String>),
    /// Other lines.
    Differ {
        /// What should have been seen.
        wanted: Vec<String>,
        /// What was.
        seen: Vec<String>,
    },
}

/// Compares what was seen with the record of `release`. With `newest`, the kernel side behaves as the newest Linux does:
/// where a case knows a difference, the new lines are expected, not the recorded.
///
/// An error if the case is not recorded, or names a difference that its record does not show.
pub fn compare(
    case: &Case,
    record: &Record,
    release: Release,
    newest: bool,
    seen: &[String],
) -> Result<Verdict, Malformed> {
    let name = &case.name;
    let mut wanted = match record.seen.get(name) {
        Some(lines) => lines.clone(),
        None => {
            return Err(Malformed(format!(
                "case {name:?} has no record; cargo run -p netloom-conformance -- --record"
            )));
        }
    };
    let mut reasons = Vec::new();
    for difference in case.differs.iter().filter(|_| newest) {
        let parse = |text: &String| {
            Release::parse(text).ok_or_else(|| Malformed(format!("case {name:?}: {text:?} is no release")))
        };
        let since = difference.since.as_ref().map(parse).transpose()?;
        if parse(&difference.until)? < release || since.is_some_and(|since| release < since) {
            continue;
        }
        let Some(line) = wanted.iter_mut().find(|line| line.contains(&difference.old)) else {
            let old = &difference.old;
            return Err(Malformed(format!("case {name:?}: the record of {release} does not show {old:?}")));
        };
        *line = line.replacen(&difference.old, &difference.new, 1);
        reasons.push(difference.because.clone());
    }
    Ok(match wanted == seen {
        true if reasons.is_empty() => Verdict::Agree,
        true => Verdict::AgreeAsNewest(reasons),
        false => Verdict::Differ { wanted, seen: seen.to_vec() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Difference;

    #[test]
    fn a_known_difference_must_be_there_and_be_new() {
        let difference = Difference {
            since: Some("6.12".into()),
            until: "6.18".into(),
            because: "a bug".into(),
            old: "op 0".into(),
            new: "op 10".into(),
        };
        let case =
            Case { name: "x".into(), items: vec![], privileged: false, steps: vec![], differs: vec![difference] };
        let record = |line: &str| Record { release: String::new(), seen: [("x".into(), vec![line.into()])].into() };
        let judge = |recorded: &str, release, newest, seen: &str| {
            compare(&case, &record(recorded), release, newest, &[seen.to_string()]).ok()
        };
        let (old, new) = (Release(6, 18), Release(7, 2));
        assert_eq!(judge("a op 0", old, false, "a op 0"), Some(Verdict::Agree));
        assert_eq!(judge("a op 0", old, true, "a op 10"), Some(Verdict::AgreeAsNewest(vec!["a bug".into()])));
        assert!(matches!(judge("a op 0", old, true, "a op 0"), Some(Verdict::Differ { .. })));
        assert_eq!(judge("a op 1", old, true, "a op 1"), None, "the record does not show it");
        assert_eq!(judge("a op 10", new, true, "a op 10"), Some(Verdict::Agree));
        assert_eq!(judge("a op 10", Release(6, 1), true, "a op 10"), Some(Verdict::Agree));
    }
}
