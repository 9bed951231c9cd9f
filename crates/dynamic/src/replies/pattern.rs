//! What a request must have.

use serde_json::{Map, Value};

/// The least that a request must have: objects have at least these keys, lists so many elements.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pattern(Value);

impl Pattern {
    /// `canonical` is what the object `written` is as a request: the same, as decoding shows it, and the members of a header
    /// that were not written.
    pub(super) fn new(written: &Map<String, Value>, canonical: Value) -> Self {
        let Value::Object(mut canonical) = canonical else { return Self(canonical) };
        canonical.retain(|key, _| written.contains_key(key));
        Self(Value::Object(canonical))
    }

    pub(super) fn fits(&self, request: &Value) -> bool {
        has(request, &self.0)
    }
}

fn has(value: &Value, least: &Value) -> bool {
    match (value, least) {
        (Value::Object(value), Value::Object(least)) => {
            least.iter().all(|(key, least)| value.get(key).is_some_and(|value| has(value, least)))
        }
        (Value::Array(value), Value::Array(least)) => {
            value.len() == least.len() && value.iter().zip(least).all(|(value, least)| has(value, least))
        }
        _ => value == least,
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // No values here: there may be a key among them.
        f.write_str("Pattern")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_must_be_there() {
        for (least, value, fits) in [
            (json!({}), json!({"a": 1}), true),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
            (json!({"a": 1}), json!({"a": 2}), false),
            (json!({"a": 1}), json!({"b": 1}), false),
            (json!({"n": {"x": 1}}), json!({"n": {"x": 1, "y": 2}}), true),
            (json!({"n": [{"x": 1}]}), json!({"n": [{"x": 1, "y": 2}]}), true),
            (json!({"n": [{"x": 1}]}), json!({"n": [{"x": 1}, {"x": 1}]}), false),
            (json!({"f": ["a"]}), json!({"f": ["a", "b"]}), false),
        ] {
            let pattern = Pattern::new(least.as_object().unwrap(), least.clone());
            assert_eq!(pattern.fits(&value), fits, "{least} in {value}");
        }
        // What a header has besides is nobody's wish.
        let pattern = Pattern::new(json!({"a": 1}).as_object().unwrap(), json!({"index": 0, "a": 1}));
        assert!(pattern.fits(&json!({"index": 7, "a": 1})));
    }
}
