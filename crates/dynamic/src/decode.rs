//! Attributes to JSON.

use std::collections::BTreeSet;

use netloom_wire::schema::{AttrInfo, Format, Hint, Kind, MemberKind, Nest, StructInfo};
use netloom_wire::{Attr, Path, Payload, RawAttrs, RawRecord, RawRecords, Schema, Scope as Selectors, Str, align};
use serde_json::{Map, Value, json};

use crate::{BEYOND, ILL_FORMED, MISSING, REPEATED, UNKNOWN, number, secrets, text};

/// How to show a message.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Print secrets as they are instead of [`HIDDEN`].
    pub show_secrets: bool,
}

impl Options {
    /// These options with secrets shown or hidden.
    pub const fn secrets(self, show: bool) -> Self {
        Self { show_secrets: show }
    }
}

/// What stands in place of a secret.
pub const HIDDEN: &str = "(hidden)";

/// Attributes as an object, in the order of the message. Total: what is unknown or ill-formed is shown as such.
pub fn decode(schema: &Schema, attrs: RawAttrs<'_>, options: &Options) -> Value {
    let mut object = Map::new();
    set(schema, attrs, None, 0, options, &mut object);
    Value::Object(object)
}

/// What surrounds a value.
struct Scope<'s> {
    selectors: Selectors<'s>,
    depth: u8,
    options: &'s Options,
}

/// Adds the attributes to `object`.
pub(crate) fn attributes(schema: &Schema, attrs: RawAttrs<'_>, options: &Options, object: &mut Map<String, Value>) {
    set(schema, attrs, None, 0, options, object);
}

/// A value that stands by itself; `None` if the bytes are ill-formed for its kind.
pub(crate) fn leaf(kind: &Kind, hint: Option<Hint>, payload: &[u8], options: &Options) -> Option<Value> {
    let attrs = RawAttrs::new(&[]);
    value(kind, hint, payload, &Scope { selectors: Selectors::top(&Schema::EMPTY, attrs), depth: 0, options })
}

/// Adds a structure's members to `object`. Members that did not come are left out, and how many bytes are missing is told:
/// a zero would be one that nobody has sent.
pub(crate) fn structure(info: &StructInfo, bytes: &[u8], object: &mut Map<String, Value>) {
    let came = bytes.len();
    let mut whole = bytes.to_vec();
    whole.resize(whole.len().max(info.size), 0);
    for member in info.members {
        let end = member.offset.saturating_add(member.len);
        let Some(bytes) = whole.get(member.offset..end).filter(|_| member.offset < came) else { continue };
        let value = match member.kind {
            MemberKind::Pad => continue,
            MemberKind::Int(int, names) => number::read(int, bytes).map(|value| match names {
                Some(names) => number::named(value, names),
                None => integer(value, member.hint),
            }),
            MemberKind::Binary => text::show(bytes, member.hint).map(Value::from),
            MemberKind::String => Str::read(bytes).map(Value::from),
            MemberKind::Struct(inner) => {
                let mut members = Map::new();
                structure(inner, bytes, &mut members);
                Some(Value::Object(members))
            }
        };
        object.insert(member.name.to_owned(), value.unwrap_or_else(|| ill_formed(bytes)));
    }
    if came < info.size {
        object.insert(MISSING.to_owned(), info.size.saturating_sub(came).into());
    }
}

fn set(
    schema: &Schema,
    attrs: RawAttrs<'_>,
    outer: Option<&Scope<'_>>,
    depth: u8,
    options: &Options,
    object: &mut Map<String, Value>,
) {
    let selectors = Selectors::within(schema, attrs, outer.map(|outer| &outer.selectors));
    let scope = Scope { selectors, depth, options };
    let mut told = BTreeSet::new();
    let mut walk = attrs.into_iter();
    for attr in walk.by_ref() {
        match schema.attr(attr.id()) {
            Some(AttrInfo { kind: Kind::Pad, .. }) => {}
            Some(info) if !matches!(info.kind, Kind::Unused) => {
                let shown = if info.secret && !options.show_secrets {
                    Value::from(HIDDEN)
                } else {
                    value(&info.kind, info.hint, attr.payload(), &scope)
                        .unwrap_or_else(|| json!({ILL_FORMED: bytes_of(&info.kind, attr.payload(), options)}))
                };
                if info.multi {
                    append(object, info.name, shown);
                } else {
                    // The last one counts, as in the kernel. What stands there else may be a member of the header.
                    let before = object.insert(info.name.to_owned(), shown);
                    if let Some(before) = before.filter(|_| told.contains(&info.id)) {
                        let earlier = object.entry(REPEATED).or_insert_with(|| Value::Object(Map::new()));
                        if let Value::Object(earlier) = earlier {
                            append(earlier, info.name, before);
                        }
                    }
                    told.insert(info.id);
                }
            }
            _ => {
                let key = format!("{UNKNOWN}{}", attr.id());
                let shown = unknown(attr, depth);
                match object.get_mut(&key) {
                    None => {
                        object.insert(key, shown);
                    }
                    Some(Value::Array(list)) => list.push(shown),
                    Some(first) => *first = Value::from(vec![first.take(), shown]),
                }
            }
        }
    }
    let rest = walk.remainder();
    if rest > 0 {
        let from = attrs.bytes().len().saturating_sub(rest);
        let shown = match !options.show_secrets && secrets::in_set(schema) {
            true => HIDDEN.to_owned(),
            false => text::hex(attrs.bytes().get(from..).unwrap_or_default(), ""),
        };
        object.insert(ILL_FORMED.to_owned(), shown.into());
    }
}

/// A value of this kind; `None` if the bytes are ill-formed for it, or more than it takes.
fn value(kind: &Kind, hint: Option<Hint>, payload: &[u8], scope: &Scope<'_>) -> Option<Value> {
    let most = match kind {
        Kind::Flag => 0,
        // Of 4 bytes or 8.
        Kind::Int(int) | Kind::Enum(int, _) if int.bytes == 0 => size_of::<u64>(),
        Kind::Int(int) | Kind::Enum(int, _) => usize::from(int.bytes),
        Kind::Bitfield32(_) => 8,
        _ => usize::MAX,
    };
    if payload.len() > most {
        // A kernel would read the start and pass over the rest: who looks at it wants to see that.
        return None;
    }
    Some(match kind {
        Kind::Unused | Kind::Pad => return None,
        Kind::Flag => Value::Bool(true),
        Kind::Int(int) => integer(number::read(*int, payload)?, hint),
        Kind::Enum(int, names) => number::named(number::read(*int, payload)?, names),
        Kind::Uint => Value::from(netloom_wire::Uint::read(payload)?),
        Kind::Sint => Value::from(netloom_wire::Sint::read(payload)?),
        Kind::String => Value::from(Str::read(payload)?),
        Kind::Binary => Value::from(text::show(payload, hint)?),
        Kind::Struct(info) => {
            let mut members = Map::new();
            structure(info, payload, &mut members);
            // Kernels grow their structures.
            if let Some(rest) = payload.get(info.size..).filter(|rest| !rest.is_empty()) {
                members.insert(BEYOND.to_owned(), text::hex(rest, "").into());
            }
            Value::Object(members)
        }
        Kind::Structs(info) => {
            if payload.len().checked_rem(info.size) != Some(0) {
                return None;
            }
            let shown = |bytes: &[u8]| {
                let mut members = Map::new();
                structure(info, bytes, &mut members);
                Value::Object(members)
            };
            payload.chunks_exact(info.size).map(shown).collect::<Vec<_>>().into()
        }
        Kind::IntArray(int, names) => {
            let width = usize::from(int.bytes);
            if payload.len().checked_rem(width) != Some(0) {
                return None;
            }
            let read = payload.chunks_exact(width).filter_map(|bytes| number::read(*int, bytes));
            read.map(|value| names.map_or_else(|| integer(value, hint), |names| number::named(value, names))).collect()
        }
        Kind::Bitfield32(names) => {
            let field = netloom_wire::Bitfield32::read(payload)?;
            let shown = |bits: u32| match names {
                Some(names) => number::named(bits.into(), names),
                None => Value::from(bits),
            };
            json!({"value": shown(field.value), "selector": shown(field.selector)})
        }
        Kind::Nest(inner) => nest(inner, payload, scope)?,
        Kind::Array(array) => {
            let scope = scope.deeper()?;
            let mut walk = RawAttrs::new(payload).into_iter();
            let element = |attr: Attr<'_>| {
                value(&array.element, hint, attr.payload(), &scope)
                    .unwrap_or_else(|| json!({ILL_FORMED: bytes_of(&array.element, attr.payload(), scope.options)}))
            };
            let list: Vec<Value> = walk.by_ref().map(element).collect();
            if walk.remainder() > 0 {
                return None;
            }
            Value::from(list)
        }
        Kind::Records(records) => {
            let deeper = scope.deeper()?;
            let schema = records.schema.table().unwrap_or(&Schema::EMPTY);
            let mut walk = RawRecords::new(payload, records.header.size);
            let shown = |record: RawRecord<'_>| {
                let mut object = Map::new();
                structure(records.header, record.header, &mut object);
                set(schema, record.attrs, Some(scope), deeper.depth, scope.options, &mut object);
                Value::Object(object)
            };
            let list: Vec<Value> = walk.by_ref().map(shown).collect();
            if walk.remainder() > 0 {
                return None;
            }
            Value::from(list)
        }
        Kind::TypeValue(levels) => {
            let mut leaves = Vec::new();
            descend(levels.levels, &levels.nest, payload, &mut Map::new(), &mut leaves, scope)?;
            // The kernel sends one leaf an attribute, and ynl shows it without a list around it.
            match <[Value; 1]>::try_from(leaves) {
                Ok([leaf]) => leaf,
                Err(leaves) => Value::from(leaves),
            }
        }
        Kind::SubMessage(message) => match scope.selectors.format(message) {
            Some(format) => sub_message(format, payload, scope)?,
            None => bytes_of(kind, payload, scope.options),
        },
    })
}

fn nest(inner: &Nest, payload: &[u8], scope: &Scope<'_>) -> Option<Value> {
    let schema = inner.schema.table().unwrap_or(&Schema::EMPTY);
    let deeper = scope.deeper()?;
    let mut object = Map::new();
    set(schema, RawAttrs::new(payload), Some(scope), deeper.depth, scope.options, &mut object);
    Some(Value::Object(object))
}

/// Walks down the levels and adds an object for each leaf: the levels' values, then the leaf's attributes.
fn descend(
    levels: &[&'static str],
    inner: &Nest,
    payload: &[u8],
    above: &mut Map<String, Value>,
    leaves: &mut Vec<Value>,
    scope: &Scope<'_>,
) -> Option<()> {
    let Some((name, below)) = levels.split_first() else {
        let Value::Object(members) = nest(inner, payload, scope)? else { return None };
        let mut leaf = above.clone();
        leaf.extend(members);
        leaves.push(Value::Object(leaf));
        return Some(());
    };
    let mut walk = RawAttrs::new(payload).into_iter();
    for attr in walk.by_ref() {
        above.insert((*name).to_owned(), attr.id().into());
        descend(below, inner, attr.payload(), above, leaves, scope)?;
    }
    above.remove(*name);
    (walk.remainder() == 0).then_some(())
}

fn sub_message(format: &Format, payload: &[u8], scope: &Scope<'_>) -> Option<Value> {
    let mut object = Map::new();
    let mut rest = payload;
    if let Some(header) = format.header {
        if payload.len() < header.size && format.schema.is_some() {
            return None;
        }
        structure(header, payload, &mut object);
        rest = payload.get(align(header.size)..).unwrap_or_default();
    }
    match format.schema {
        Some(schema) => {
            let deeper = scope.deeper()?;
            let schema = schema.table().unwrap_or(&Schema::EMPTY);
            set(schema, RawAttrs::new(rest), Some(scope), deeper.depth, scope.options, &mut object);
        }
        None if !rest.is_empty() => {
            object.insert(ILL_FORMED.to_owned(), text::hex(rest, "").into());
        }
        None => {}
    }
    Some(Value::Object(object))
}

impl<'s> Scope<'s> {
    /// The same one step further down; `None` where it gets too deep to follow.
    fn deeper(&self) -> Option<Scope<'_>> {
        let depth = self.depth.saturating_add(1);
        (depth <= Path::MAX_DEPTH).then_some(Scope { depth, ..*self })
    }
}

fn integer(value: i128, hint: Option<Hint>) -> Value {
    match hint {
        Some(Hint::Hex) => Value::from(format!("{value:#x}")),
        Some(Hint::Ipv4 | Hint::Ipv4OrV6) => match u32::try_from(value) {
            Ok(ip) => Value::from(std::net::Ipv4Addr::from(ip).to_string()),
            Err(_) => number::json(value),
        },
        _ => number::json(value),
    }
}

/// An attribute without a name: hexadecimal, or, if it says that it is a nest and is one, an object.
fn unknown(attr: Attr<'_>, depth: u8) -> Value {
    let hex = || Value::from(text::hex(attr.payload(), ""));
    if !attr.is_nested() {
        return hex();
    }
    let mut object = Map::new();
    let depth = depth.saturating_add(1);
    if depth > Path::MAX_DEPTH {
        return json!({ILL_FORMED: hex()});
    }
    set(&Schema::EMPTY, attr.nested(), None, depth, &Options::default(), &mut object);
    Value::Object(object)
}

/// Bytes that cannot be shown as what they are; hidden if they may hold a secret.
fn bytes_of(kind: &Kind, payload: &[u8], options: &Options) -> Value {
    let hidden = !options.show_secrets && secrets::in_kind(kind);
    if hidden { Value::from(HIDDEN) } else { Value::from(text::hex(payload, "")) }
}

fn ill_formed(payload: &[u8]) -> Value {
    json!({ILL_FORMED: text::hex(payload, "")})
}

fn append(object: &mut Map<String, Value>, key: &str, value: Value) {
    match object.get_mut(key) {
        Some(Value::Array(list)) => list.push(value),
        _ => {
            object.insert(key.to_owned(), Value::from(vec![value]));
        }
    }
}
