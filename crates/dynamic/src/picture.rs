//! How a box of bytes is drawn: its parts, their fields, names and values beside them.

use netloom_wire::schema::{Array, Format, Hint, Kind, MemberKind, StructInfo, TypeValue};
use netloom_wire::{Attr, Errno, GenlHeader, Header, MessageType, Path, RawAttrs, Schema, Scope, align};
use serde_json::{Map, Value};

use crate::{HIDDEN, Layout, Options, decode, secrets, text};

/// Bytes on a line.
const ROW: usize = 8;
/// The longest text beside bytes, in characters.
const LONGEST: usize = 48;

/// One message drawn as a box: a part for each header and attribute, a line for each of their fields.
#[derive(Debug)]
pub(crate) struct Picture<'o> {
    options: &'o Options,
    title: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    depth: usize,
    title: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    at: Option<usize>,
    bytes: String,
    text: String,
}

/// What the value of an attribute holds, if it holds attributes.
#[derive(Clone, Copy)]
enum Inside {
    Set(&'static Schema),
    Array(&'static Array),
    /// Levels whose ids are values, and how many were walked.
    Levels(&'static TypeValue, usize),
    Format(&'static Format),
}

/// Where attributes lie: the offset of the first in the datagram, how deep, and what their names begin with.
struct Place<'p> {
    at: usize,
    depth: u8,
    path: &'p str,
}

impl<'o> Picture<'o> {
    pub(crate) fn new(options: &'o Options, title: String) -> Self {
        Self { options, title, parts: Vec::new() }
    }

    /// The netlink header; `names` are those of its type and flags.
    pub(crate) fn header(&mut self, at: usize, bytes: &[u8], title: &str, names: (&str, &str)) {
        self.part(0, title.to_owned());
        let Some(header) = Header::read(bytes) else { return self.field(at, bytes, "too short") };
        let (kind, flags) = names;
        let fields = [
            (4, format!("len {}", header.len)),
            (2, format!("type {}{}", header.kind.0, bracketed(kind))),
            (2, format!("flags {:#x}{}", header.flags.0, bracketed(flags))),
            (4, format!("seq {}", header.seq)),
            (4, format!("port {}", header.port)),
        ];
        self.fields(at, bytes, &fields);
    }

    /// The generic netlink header; `name` is the command's.
    pub(crate) fn genl_header(&mut self, at: usize, bytes: &[u8], name: &str) {
        self.part(0, "genl header".to_owned());
        let Some(header) = GenlHeader::read(bytes) else { return self.field(at, bytes, "too short") };
        let fields = [
            (1, format!("cmd {}{}", header.cmd, bracketed(name))),
            (1, format!("version {}", header.version)),
            (2, format!("reserved {}", header.reserved)),
        ];
        self.fields(at, bytes, &fields);
    }

    /// What follows the (generic) netlink header: the family's header and attributes.
    pub(crate) fn body(&mut self, at: usize, body: &[u8], layout: &Layout) {
        if layout.header.size > 0 {
            self.part(0, format!("user header {}", layout.header.name));
        }
        let front = self.fixed(at, body, layout.header);
        let attrs = body.get(front..).unwrap_or_default();
        let place = Place { at: at.saturating_add(front), depth: 0, path: "" };
        self.attributes(attrs, Inside::Set(layout.schema), &place);
    }

    /// What follows the headers where no schema is known: attributes if they are well-formed, else bytes.
    pub(crate) fn stranger(&mut self, at: usize, body: &[u8]) {
        let mut walk = RawAttrs::new(body).into_iter();
        walk.by_ref().for_each(drop);
        if walk.remainder() == 0 {
            self.attributes(body, Inside::Set(&Schema::EMPTY), &Place { at, depth: 0, path: "" });
        } else {
            self.bytes(at, body, "payload");
        }
    }

    /// The errno that an answer begins with; what follows it.
    pub(crate) fn errno<'b>(&mut self, at: usize, payload: &'b [u8]) -> &'b [u8] {
        self.part(0, "errno".to_owned());
        match payload.split_first_chunk::<4>() {
            Some((errno, rest)) => {
                let errno = Errno::from_wire(i32::from_ne_bytes(*errno));
                let name = if errno == Errno(0) { "0, success".to_owned() } else { errno.to_string() };
                self.field(at, payload.get(..4).unwrap_or_default(), &name);
                rest
            }
            None => {
                self.field(at, payload, "too short");
                &[]
            }
        }
    }

    /// The attributes of an answer that say more than its errno.
    pub(crate) fn ext_ack(&mut self, at: usize, bytes: &[u8]) {
        self.attributes(bytes, Inside::Set(&EXT_ACK), &Place { at, depth: 0, path: "" });
    }

    /// Bytes in a part of their own, with what they say.
    pub(crate) fn text(&mut self, at: usize, bytes: &[u8], title: &str, text: &str) {
        self.part(0, title.to_owned());
        self.field(at, bytes, text);
    }

    /// Bytes in a part of their own; nothing if there are none.
    pub(crate) fn bytes(&mut self, at: usize, bytes: &[u8], title: &str) {
        if !bytes.is_empty() {
            self.part(0, title.to_owned());
            self.field(at, bytes, "");
        }
    }

    fn attributes(&mut self, bytes: &[u8], inside: Inside, place: &Place<'_>) {
        let (bytes, place, inside) = match inside {
            Inside::Format(format) => {
                let front = match format.header {
                    Some(header) => self.fixed(place.at, bytes, header),
                    None => 0,
                };
                let schema = format.schema.and_then(|schema| schema.table()).unwrap_or(&Schema::EMPTY);
                let place = Place { at: place.at.saturating_add(front), ..*place };
                (bytes.get(front..).unwrap_or_default(), place, Inside::Set(schema))
            }
            _ => (bytes, Place { ..*place }, inside),
        };
        let attrs = RawAttrs::new(bytes);
        let mut walk = attrs.into_iter();
        let mut position: usize = 0;
        loop {
            let from = bytes.len().saturating_sub(walk.remainder());
            let Some(attr) = walk.next() else { break };
            let until = bytes.len().saturating_sub(walk.remainder());
            let whole = bytes.get(from..until).unwrap_or_default();
            self.attribute(
                attr,
                whole,
                (inside, attrs, position),
                &Place { at: place.at.saturating_add(from), ..place },
            );
            position = position.saturating_add(1);
        }
        let left = bytes.get(bytes.len().saturating_sub(walk.remainder())..).unwrap_or_default();
        if !left.is_empty() {
            self.part(place.depth.into(), "left over, no attribute".to_owned());
            let at = place.at.saturating_add(bytes.len().saturating_sub(left.len()));
            let secret = match inside {
                Inside::Set(schema) => secrets::in_set(schema),
                Inside::Array(array) => secrets::in_kind(&array.element),
                Inside::Levels(levels, _) => levels.nest.schema.table().is_some_and(secrets::in_set),
                Inside::Format(_) => false,
            };
            self.value(at, left, "", secret);
        }
    }

    /// An attribute with its padding, `whole`; what stands around it tells its name and kind.
    fn attribute(
        &mut self,
        attr: Attr<'_>,
        whole: &[u8],
        (around, beside, position): (Inside, RawAttrs<'_>, usize),
        place: &Place<'_>,
    ) {
        let named = |name: &str| {
            if place.path.is_empty() { name.to_owned() } else { format!("{}.{name}", place.path) }
        };
        let mut secret = false;
        let mut leaf: Option<(Kind, Option<Hint>)> = None;
        let (name, inner) = match around {
            Inside::Set(schema) => match schema.attr(attr.id()) {
                Some(info) => {
                    secret = info.secret;
                    leaf = Some((info.kind, info.hint));
                    (named(info.name), inside(&info.kind, schema, beside))
                }
                None => {
                    let inner = attr.is_nested().then_some(Inside::Set(&Schema::EMPTY));
                    (named(&format!("unknown-{}", attr.id())), inner)
                }
            },
            Inside::Array(array) => {
                leaf = Some((array.element, None));
                (format!("{}[{position}]", place.path), inside(&array.element, &Schema::EMPTY, beside))
            }
            Inside::Levels(levels, walked) => {
                let level = levels.levels.get(walked).copied().unwrap_or("level");
                let deeper = walked.saturating_add(1);
                let last = deeper >= levels.levels.len();
                let set = Inside::Set(levels.nest.schema.table().unwrap_or(&Schema::EMPTY));
                (
                    named(&format!("{level} {}", attr.id())),
                    Some(if last { set } else { Inside::Levels(levels, deeper) }),
                )
            }
            Inside::Format(_) => (named("?"), None),
        };
        let inner = inner.filter(|_| place.depth < Path::MAX_DEPTH && !secret);
        self.part(place.depth.into(), format!("attribute {name}"));
        let nested = if attr.is_nested() { ", nested" } else { "" };
        let len = Attr::HEADER_LEN.saturating_add(attr.payload().len());
        self.field(place.at, whole.get(..2).unwrap_or_default(), &format!("len {len}"));
        let kind = whole.get(2..4).unwrap_or_default();
        self.field(place.at.saturating_add(2), kind, &format!("type {}{nested}", attr.id()));
        let value_at = place.at.saturating_add(Attr::HEADER_LEN);
        match inner {
            Some(inner) => {
                let deeper = Place { at: value_at, depth: place.depth.saturating_add(1), path: &name };
                self.attributes(attr.payload(), inner, &deeper);
            }
            None => {
                // What lies too deep to be drawn may hold a secret.
                secret |= leaf.is_some_and(|(kind, _)| secrets::in_kind(&kind));
                let shown = leaf.map(|(kind, hint)| shown(&kind, hint, attr.payload(), self.options));
                self.value(value_at, attr.payload(), &shown.unwrap_or_default(), secret);
            }
        }
        let padding = whole.get(len..).unwrap_or_default();
        if inner.is_some() && !padding.is_empty() {
            self.part(place.depth.into(), format!("padding of {name}"));
        }
        self.field(place.at.saturating_add(len), padding, "padding");
    }

    /// The structure in front of attributes, with its padding; how many bytes that is.
    fn fixed(&mut self, at: usize, bytes: &[u8], info: &StructInfo) -> usize {
        let Some(front) = bytes.get(..info.size) else {
            self.field(at, bytes, &format!("{} cut short", info.name));
            return bytes.len();
        };
        self.structure(at, front, info);
        let end = align(info.size).min(bytes.len());
        self.field(at.saturating_add(info.size), bytes.get(info.size..end).unwrap_or_default(), "padding");
        end
    }

    fn structure(&mut self, at: usize, bytes: &[u8], info: &StructInfo) {
        let mut members = Map::new();
        decode::structure(info, bytes, &mut members);
        let mut drawn: usize = 0;
        for member in info.members {
            let end = member.offset.saturating_add(member.len);
            let gap = bytes.get(drawn..member.offset).unwrap_or_default();
            self.field(at.saturating_add(drawn), gap, "padding");
            drawn = end;
            let text = match (member.kind, members.get(member.name)) {
                (MemberKind::Pad, _) | (_, None) => "padding".to_owned(),
                (_, Some(value)) => format!("{} {}", member.name, said(value)),
            };
            let part = bytes.get(member.offset..end).unwrap_or_default();
            self.field(at.saturating_add(member.offset), part, &text);
        }
        self.field(at.saturating_add(drawn), bytes.get(drawn..).unwrap_or_default(), "padding");
    }

    fn value(&mut self, at: usize, bytes: &[u8], text: &str, secret: bool) {
        if secret && !self.options.show_secrets {
            let hidden = bytes.chunks(ROW).map(|row| vec!["··"; row.len()].join(" "));
            self.rows(at, hidden, HIDDEN);
        } else {
            self.field(at, bytes, text);
        }
    }

    fn field(&mut self, at: usize, bytes: &[u8], text: &str) {
        self.rows(at, bytes.chunks(ROW).map(|row| text::hex(row, " ")), text);
    }

    fn fields(&mut self, at: usize, bytes: &[u8], fields: &[(usize, String)]) {
        let mut from: usize = 0;
        for (len, text) in fields {
            let until = from.saturating_add(*len);
            self.field(at.saturating_add(from), bytes.get(from..until).unwrap_or_default(), text);
            from = until;
        }
    }

    fn rows(&mut self, at: usize, lines: impl Iterator<Item = String>, text: &str) {
        let Some(part) = self.parts.last_mut() else { return };
        for (index, bytes) in lines.enumerate() {
            let text = if index == 0 { cut(text) } else { String::new() };
            part.rows.push(Row { at: Some(at.saturating_add(index.saturating_mul(ROW))), bytes, text });
        }
    }

    fn part(&mut self, depth: usize, title: String) {
        self.parts.push(Part { depth, title, rows: Vec::new() });
    }

    /// The box, a line each.
    pub(crate) fn lines(self) -> Vec<String> {
        let room = ROW.saturating_mul(3).saturating_sub(1);
        let written = |row: &Row, depth: usize| {
            let at = row.at.map(|at| at.to_string()).unwrap_or_default();
            let line =
                format!("{:depth$}{at:>5}  {:room$}  {}", "", row.bytes, row.text, depth = depth.saturating_mul(2));
            line.trim_end().to_owned()
        };
        let title = |part: &Part| format!("{:─<depth$} {} ", "", part.title, depth = part.depth.saturating_mul(2));
        let count = |line: &str| line.chars().count();
        let inner = self.parts.iter().flat_map(|part| {
            let rows = part.rows.iter().map(|row| count(&written(row, part.depth)));
            rows.chain([count(&title(part)).saturating_add(1)])
        });
        let width = inner.chain([count(&self.title).saturating_add(3)]).max().unwrap_or(0).saturating_add(1);
        let rule = |left: char, title: &str, right: char| {
            let dashes = "─".repeat(width.saturating_sub(count(title)));
            format!("{left}─{title}{dashes}{right}")
        };
        let mut lines = vec![rule('┌', &format!(" {} ", self.title), '┐')];
        for part in &self.parts {
            lines.push(rule('├', &title(part), '┤'));
            for row in &part.rows {
                lines.push(format!("│ {:width$}│", written(row, part.depth)));
            }
        }
        lines.push(rule('└', "", '┘'));
        lines
    }
}

/// What the type of a message is called where it is a control type.
pub(crate) fn control_name(kind: MessageType) -> Option<&'static str> {
    Some(match kind {
        MessageType::NOOP => "noop",
        MessageType::ERROR => "error",
        MessageType::DONE => "done",
        MessageType::OVERRUN => "overrun",
        _ => return None,
    })
}

/// The attributes of an acknowledgement. include/uapi/linux/netlink.h: enum nlmsgerr_attrs
static EXT_ACK: Schema = {
    use netloom_wire::schema::{AttrInfo, Int};
    Schema {
        name: "nlmsgerr-attrs",
        attrs: &[
            AttrInfo::new(1, "msg", Kind::String),
            AttrInfo::new(2, "offs", Kind::Int(Int::U32)),
            AttrInfo::new(3, "cookie", Kind::Binary),
            AttrInfo::new(4, "policy", Kind::Nest(POLICY)),
            AttrInfo::new(5, "miss-type", Kind::Int(Int::U32)),
            AttrInfo::new(6, "miss-nest", Kind::Int(Int::U32)),
        ],
    }
};
const POLICY: netloom_wire::schema::Nest =
    netloom_wire::schema::Nest { schema: netloom_wire::Link::to(&POLICY_ATTRS), flag: true };
/// include/uapi/linux/netlink.h: enum netlink_policy_type_attr
static POLICY_ATTRS: Schema = {
    use netloom_wire::schema::{AttrInfo, Int};
    const U64: Kind = Kind::Int(Int::U64);
    const U32: Kind = Kind::Int(Int::U32);
    Schema {
        name: "policy-attrs",
        attrs: &[
            AttrInfo::new(1, "type", U32),
            AttrInfo::new(2, "min-value-s", Kind::Int(Int::S64)),
            AttrInfo::new(3, "max-value-s", Kind::Int(Int::S64)),
            AttrInfo::new(4, "min-value-u", U64),
            AttrInfo::new(5, "max-value-u", U64),
            AttrInfo::new(6, "min-length", U32),
            AttrInfo::new(7, "max-length", U32),
            AttrInfo::new(8, "policy-idx", U32),
            AttrInfo::new(9, "policy-maxtype", U32),
            AttrInfo::new(10, "bitfield32-mask", U32),
            AttrInfo::new(11, "pad", Kind::Pad),
            AttrInfo::new(12, "mask", U64),
        ],
    }
};

/// What a value of this kind holds, if it holds attributes; `schema` and `beside` are the set that it stands in.
fn inside(kind: &Kind, schema: &Schema, beside: RawAttrs<'_>) -> Option<Inside> {
    match *kind {
        Kind::Nest(nest) => Some(Inside::Set(nest.schema.table().unwrap_or(&Schema::EMPTY))),
        Kind::Array(array) => Some(Inside::Array(array)),
        Kind::TypeValue(levels) => Some(Inside::Levels(levels, 0)),
        Kind::SubMessage(message) => {
            let format = Scope::top(schema, beside).format(message)?;
            (format.header.is_some() || format.schema.is_some()).then_some(Inside::Format(format))
        }
        _ => None,
    }
}

/// A value in words; nothing where the bytes say it as well.
fn shown(kind: &Kind, hint: Option<Hint>, payload: &[u8], options: &Options) -> String {
    match (kind, hint) {
        (Kind::Pad, _) => "padding".to_owned(),
        (Kind::Binary | Kind::SubMessage(_) | Kind::Unused, None) => String::new(),
        _ => match decode::leaf(kind, hint, payload, options) {
            Some(value) => said(&value),
            None => "ill-formed".to_owned(),
        },
    }
}

fn said(value: &Value) -> String {
    let text = value.to_string();
    if text.contains(char::is_control) { text.escape_debug().to_string() } else { text }
}

fn bracketed(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST.saturating_sub(1)).chain(['…']).collect()
}
