//! YAML text, of which JSON is a part, as a tree whose every node knows its place. Aliases are copied in, merge keys (`<<`)
//! dissolved.
//!
//! ```
//! use netloom_spec::yaml::{Fields, Node};
//! let text = "size: 0x10\ncolour: red\n";
//! let node = Node::read("a.yaml", text)?;
//! let mut fields = Fields::of(&node, "the file")?;
//! assert_eq!(fields.integer("size")?, Some(16_u8));
//! let error = fields.finish().unwrap_err();
//! assert_eq!(error.to_string(), "a.yaml:2:1: unknown key \"colour\" in the file; expected one of size");
//! # Ok::<(), netloom_spec::Error>(())
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::error::{Cause, Error, Place};

/// A spec of the kernel has at most some 20,000 nodes; aliases of aliases must not grow without bound.
const MOST_NODES: usize = 1_000_000;
const DEEPEST: usize = 64;

pub use crate::fields::Fields;

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins; of a map, its first key.
    pub place: Place,
    /// What it is.
    pub value: Value,
    /// Comes from an overlay, where further keys are allowed.
    pub(crate) overlay: bool,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text; what is `plain` stands without quotes and may mean a number, a truth value or nothing.
    Scalar {
        /// The text.
        text: String,
        /// Whether it stands without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in its order; no key twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl Node {
    /// Parses one document; an empty one is an empty map. `file` is what errors call it.
    pub fn read(file: &str, text: &str) -> Result<Self, Error> {
        Self::parse(file, text, false)
    }

    /// Parses one document. An empty one is an empty map.
    pub(crate) fn parse(file: &str, text: &str, overlay: bool) -> Result<Self, Error> {
        let file: Arc<str> = file.into();
        let mut builder = Builder {
            file: file.clone(),
            overlay,
            parser: Parser::new_from_str(text),
            anchors: HashMap::new(),
            nodes: 0,
        };
        let mut root = None;
        loop {
            let (event, span) = builder.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                _ if root.is_some() => {
                    return Err(builder.place(span.start).error("a second document; expected one a file"));
                }
                event => root = Some(builder.node(event, span, 0)?),
            }
        }
        Ok(root.unwrap_or(Self { place: Place { file, line: 1, column: 1 }, value: Value::Map(Vec::new()), overlay }))
    }

    /// What it is, for a message: `the list`, `"text"` …
    pub fn found(&self) -> String {
        match &self.value {
            Value::Scalar { text, .. } if text.chars().count() > 40 => {
                format!("\"{}…\"", text.chars().take(40).collect::<String>())
            }
            Value::Scalar { plain: true, text } if text.is_empty() => "nothing".into(),
            Value::Scalar { text, .. } => format!("\"{text}\""),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
        }
    }

    /// The entries of a map; an error calls it `what`.
    pub fn map(&self, what: &str) -> Result<&[(Key, Node)], Error> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.place.error(format_args!("{what} is {}; expected a map of keys", self.found()))),
        }
    }

    /// The items of a list.
    pub fn list(&self, what: &str) -> Result<&[Node], Error> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.place.error(format_args!("{what} is {}; expected a list", self.found()))),
        }
    }

    /// A text; nothing (`null`, `~`) is none.
    pub fn text(&self, what: &str) -> Result<&str, Error> {
        match &self.value {
            Value::Scalar { text, plain } if !(*plain && is_null(text)) => Ok(text),
            _ => Err(self.place.error(format_args!("{what} is {}; expected text", self.found()))),
        }
    }

    /// An integer: decimal, `0x`, `0o` or `0b`.
    pub fn integer(&self, what: &str) -> Result<i128, Error> {
        self.maybe_integer()
            .ok_or_else(|| self.place.error(format_args!("{what} is {}; expected an integer", self.found())))
    }

    /// An integer, if it is one.
    pub fn maybe_integer(&self) -> Option<i128> {
        let Value::Scalar { text, plain: true } = &self.value else { return None };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let radix = |prefix: &str, radix| digits.strip_prefix(prefix).map(|rest| (rest, radix));
        let (digits, radix) = radix("0x", 16).or(radix("0o", 8)).or(radix("0b", 2)).unwrap_or((digits, 10));
        if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
            return None;
        }
        let value = i128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
        Some(if negative { value.checked_neg()? } else { value })
    }

    /// `true` or `false`.
    pub fn boolean(&self, what: &str) -> Result<bool, Error> {
        match &self.value {
            Value::Scalar { text, plain: true } if matches!(text.as_str(), "true" | "True" | "TRUE") => Ok(true),
            Value::Scalar { text, plain: true } if matches!(text.as_str(), "false" | "False" | "FALSE") => Ok(false),
            _ => Err(self.place.error(format_args!("{what} is {}; expected true or false", self.found()))),
        }
    }

    /// Whether it is nothing: `null`, `~`, or empty without quotes.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if is_null(text))
    }

    /// The value of a key of a map; `None` also for what is no map.
    pub fn entry(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node),
            _ => None,
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

struct Builder<'a> {
    file: Arc<str>,
    overlay: bool,
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                Err(Error::new(Cause::Syntax, self.place(*error.marker()), format_args!("not YAML: {}", error.info())))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn place(&self, at: Marker) -> Place {
        let short = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { file: self.file.clone(), line: short(at.line()), column: short(at.col().saturating_add(1)) }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Error> {
        let mut place = self.place(span.start);
        self.count(1, &place)?;
        if depth > DEEPEST {
            return Err(place.error(format_args!("nested more than {DEEPEST} levels deep")));
        }
        let (anchor, value) = match event {
            Event::Alias(id) => {
                // The parser refuses unknown anchors; an anchor still open would hold itself.
                let Some(node) = self.anchors.get(&id).cloned() else {
                    return Err(place.error("an alias inside its own anchor"));
                };
                self.count(size(&node), &place)?;
                return Ok(node);
            }
            Event::Scalar(text, style, anchor, _) => {
                (anchor, Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain })
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                (anchor, Value::List(items))
            }
            Event::MappingStart(anchor, _) => {
                let mut entries: Vec<(Key, Node)> = Vec::new();
                let mut merged = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if event == Event::MappingEnd {
                        break;
                    }
                    let key = self.node(event, span, depth + 1)?;
                    let (event, span) = self.next()?;
                    let node = self.node(event, span, depth + 1)?;
                    let text = key.text("a key")?.to_owned();
                    if text == "<<" {
                        merged.push(node);
                    } else if let Some((first, _)) = entries.iter().find(|(k, _)| k.text == text) {
                        let line = first.place.line;
                        return Err(key
                            .place
                            .error(format_args!("key \"{text}\" stands here again; first in line {line}")));
                    } else {
                        entries.push((Key { text, place: key.place }, node));
                    }
                }
                for node in merged {
                    merge(&mut entries, node)?;
                }
                if let Some((first, _)) = entries.first() {
                    place = first.place.clone();
                }
                (anchor, Value::Map(entries))
            }
            other => return Err(place.error(format_args!("unexpected {other:?}"))),
        };
        let node = Node { place, value, overlay: self.overlay };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, more: usize, place: &Place) -> Result<(), Error> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MOST_NODES {
            return Err(place.error("the aliases of this file unfold to more than a million nodes"));
        }
        Ok(())
    }
}

/// `<<: *base` or `<<: [*a, *b]`: own keys win, then earlier bases.
fn merge(entries: &mut Vec<(Key, Node)>, node: Node) -> Result<(), Error> {
    match node.value {
        Value::Map(base) => {
            for (key, value) in base {
                if !entries.iter().any(|(k, _)| k.text == key.text) {
                    entries.push((key, value));
                }
            }
            Ok(())
        }
        Value::List(bases) => bases.into_iter().try_for_each(|base| merge(entries, base)),
        Value::Scalar { .. } => {
            Err(node.place.error(format_args!("\"<<\" is {}; expected a map to merge", node.found())))
        }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(_, node)| 1 + size(node)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::Node;

    fn parse(text: &str) -> Result<Node, crate::Error> {
        Node::parse("t.yaml", text, false)
    }

    #[test]
    fn anchors_and_merge_keys() {
        let node = parse("a: &a {x: 1, y: 2}\nb: &b\n  z: 3\nc:\n  <<: [*a, *b]\n  y: 9\nd: *a\n").unwrap();
        let at = |path: [&str; 2]| node.entry(path[0]).unwrap().entry(path[1]).unwrap().maybe_integer();
        assert_eq!(at(["c", "x"]), Some(1));
        assert_eq!(at(["c", "y"]), Some(9));
        assert_eq!(at(["c", "z"]), Some(3));
        assert_eq!(at(["d", "y"]), Some(2));
    }

    #[test]
    fn integers() {
        for (text, value) in [
            ("12", Some(12)),
            ("0x1f", Some(31)),
            ("-3", Some(-3)),
            ("0o17", Some(15)),
            ("1_000", Some(1000)),
            ("18446744073709551615", Some(u64::MAX.into())),
            ("--1", None),
            ("'12'", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(parse(&format!("k: {text}")).unwrap().entry("k").unwrap().maybe_integer(), value, "{text}");
        }
    }

    #[test]
    fn places_are_those_of_the_text() {
        let node = parse("# c\nlist:\n  - name: a\n    doc: |\n      text\n  - name: b\n").unwrap();
        let second = &node.entry("list").unwrap().list("list").unwrap()[1];
        assert_eq!(second.place.to_string(), "t.yaml:6:5");
        assert_eq!(second.entry("name").unwrap().place.to_string(), "t.yaml:6:11");
    }

    #[test]
    fn bad_text_is_an_error_with_its_place() {
        for (text, expected) in [
            ("a: [1, 2\nb: 3", "t.yaml:2:"),
            ("a: 1\na: 2", "t.yaml:2:1: key \"a\" stands here again; first in line 1"),
            ("a: *nowhere", "t.yaml:1:4: not YAML: "),
            ("a: 1\n---\nb: 2", "t.yaml:3:"),
            ("<<: 3", "t.yaml:1:5: \"<<\" is \"3\"; expected a map to merge"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
        for i in 1..10 {
            let last = i - 1;
            let items = vec![format!("*a{last}"); 10].join(",");
            text.push_str(&format!("a{i}: &a{i} [{items}]\n"));
        }
        assert!(parse(&text).unwrap_err().message().contains("million"));
    }
}
