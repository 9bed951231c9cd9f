//! Objects as people read them, and as programs do.

use std::io::{self, Write};

use serde_json::{Map, Value};

/// The longest line that small objects and lists are put on.
const WIDTH: usize = 100;

/// Objects as text, an empty line between them.
pub fn objects(objects: &[Value], out: &mut dyn Write) -> io::Result<()> {
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        match object {
            Value::Object(members) => block(members, 0, 0, out)?,
            other => writeln!(out, "{}", inline(other))?,
        }
    }
    Ok(())
}

/// Objects as one JSON array, each on a line of its own.
pub fn array(objects: &[Value], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "[")?;
    for (index, object) in objects.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(out, "{comma}\n{object}")?;
    }
    writeln!(out, "{}]", if objects.is_empty() { "" } else { "\n" })
}

/// An object on one line: `name: value, …`.
pub fn line(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let parts: Vec<String> = members.iter().map(|(name, value)| format!("{name}: {}", inner(value))).collect();
            parts.join(", ")
        }
        other => inline(other),
    }
}

/// Text of a kernel side that does not speak to the terminal.
pub fn text(text: &str) -> String {
    if text.contains(char::is_control) { format!("{text:?}") } else { text.to_owned() }
}

/// A member a line; the first line goes on where the cursor stands, `at` columns in, the rest is indented by `indent`.
fn block(members: &Map<String, Value>, indent: usize, at: usize, out: &mut dyn Write) -> io::Result<()> {
    if members.is_empty() {
        return writeln!(out, "(nothing)");
    }
    for (index, (name, value)) in members.iter().enumerate() {
        let pad = if index == 0 { indent - at.min(indent) } else { indent };
        write!(out, "{:pad$}{name}:", "")?;
        match value {
            _ if fits(value, indent + name.len() + 2) => writeln!(out, " {}", inner(value))?,
            Value::Object(inside) => {
                writeln!(out)?;
                block(inside, indent + 2, 0, out)?;
            }
            Value::Array(list) => {
                writeln!(out)?;
                for item in list {
                    write!(out, "{:width$}- ", "", width = indent + 2)?;
                    match item {
                        Value::Object(inside) if !fits(item, indent + 4) || has_lists(inside) => {
                            block(inside, indent + 4, indent + 4, out)?;
                        }
                        Value::Object(inside) if inside.is_empty() => writeln!(out, "(nothing)")?,
                        _ => writeln!(out, "{}", line(item))?,
                    }
                }
            }
            _ => writeln!(out, " {}", inline(value))?,
        }
    }
    Ok(())
}

/// Whether a value stands on the line where `column` is.
fn fits(value: &Value, column: usize) -> bool {
    match value {
        Value::Array(list) if list.iter().any(Value::is_object) => false,
        Value::Array(_) | Value::Object(_) => column + inner(value).len() <= WIDTH,
        _ => true,
    }
}

fn has_lists(members: &Map<String, Value>) -> bool {
    members.values().any(|value| match value {
        Value::Array(list) => list.iter().any(Value::is_object),
        Value::Object(inside) => has_lists(inside),
        _ => false,
    })
}

/// A value inside of a line.
fn inner(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "(nothing)".into(),
        Value::Object(_) => format!("{{{}}}", line(value)),
        other => inline(other),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Null => "(none)".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => "\"\"".into(),
        Value::String(text) => self::text(text),
        Value::Array(list) if list.is_empty() => "(none)".into(),
        Value::Array(list) => list.iter().map(inner).collect::<Vec<_>>().join(", "),
        Value::Object(_) => line(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn printed(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nests_are_indented_and_small_ones_are_not() {
        let device = json!({
            "ifname": "wg0",
            "flags": ["a", "b"],
            "none": [],
            "empty": {},
            "field": {"value": 1, "selector": 3},
            "evil": "\u{1b}[2J",
            "peers": [
                {"public-key": "00".repeat(32), "allowedips": [{"family": 2, "ipaddr": "10.0.0.0"}, {"family": 10}]},
                {"public-key": "01"},
                {},
            ],
        });
        let zeros = "00".repeat(32);
        let text = format!(
            "ifname: wg0\nflags: a, b\nnone: (none)\nempty: (nothing)\nfield: {{value: 1, selector: 3}}\n\
             evil: \"\\u{{1b}}[2J\"\npeers:\n  - public-key: {zeros}\n    allowedips:\n      - family: 2, ipaddr: 10.0.0.0\n\
             \x20     - family: 10\n  - public-key: 01\n  - (nothing)\n"
        );
        assert_eq!(printed(|out| objects(&[device], out)), text);
        assert_eq!(printed(|out| objects(&[json!({"a": 1}), json!({"a": 2})], out)), "a: 1\n\na: 2\n");
    }

    #[test]
    fn arrays_are_json_whatever_they_hold() {
        for objects in [vec![], vec![json!({"a": 1})], vec![json!({"a": "\n"}), json!({})]] {
            let text = printed(|out| array(&objects, out));
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::from(objects));
        }
    }
}
