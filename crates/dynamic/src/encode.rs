//! JSON to attributes.

mod value;

use std::borrow::Cow;

use netloom_wire::policy::Kind as Accepts;
use netloom_wire::schema::{
    Array, AttrInfo, Format, Hint, Int, Kind, Member, MemberKind, Nest, StructInfo, SubMessage, TypeValue,
};
use netloom_wire::{Attr, AttrPolicy, Full, Mark, Policy, Schema, Writer, padding};
use serde_json::{Map, Value};

use self::value::{as_it_came, binary, cut, integer, misfit, object, payload, structure};
use crate::error::{Error, Path, suggestion};
use crate::{ILL_FORMED, MISSING, REPEATED, UNKNOWN};

/// Writes an object as attributes, in the object's order. On an error nothing is written.
///
/// Besides what [`decode`](fn@crate::decode) gives it takes numbers for names, names for flags without a list, decimal
/// and hexadecimal (`0x…`) text for numbers, a single value for a list of one, and, as ynl prints them, elements of
/// arrays under their index: `{"2": {…}}`.
pub fn encode(schema: &Schema, value: &Value, w: &mut Writer<'_>) -> Result<(), Error> {
    let object = object(value, &Path::TOP)?;
    whole(w, |w| set(schema, object, None, None, None, &Path::TOP, w))
}

/// Writes the header's members in `object`, padded, then the rest as attributes.
pub(crate) fn body(
    header: &StructInfo,
    schema: &Schema,
    object: &Map<String, Value>,
    policy: Option<&'static Policy>,
    w: &mut Writer<'_>,
) -> Result<(), Error> {
    let path = &Path::TOP;
    // A member and an attribute of one name (rt-rule's table) are one value: the attribute is wider and counts, the
    // member is 0 where the value does not fit.
    let mut narrow = Cow::Borrowed(object);
    for member in header.members.iter().filter(|member| is_widened(member, schema)) {
        let alone = StructInfo { members: std::slice::from_ref(member), ..*header };
        if structure(&alone, object, path).is_err() {
            narrow.to_mut().shift_remove(member.name);
        }
    }
    whole(w, |w| {
        let bytes = structure(header, &narrow, path)?;
        fits(path, w.put_bytes(&bytes).and_then(|()| pad(w, bytes.len())))?;
        set(schema, object, Some(header), policy, None, path, w)
    })
}

/// Whether an attribute has the name of this member and is the same number with more bits.
fn is_widened(member: &Member, schema: &Schema) -> bool {
    match (member.kind, schema.named(member.name).map(|attr| attr.kind)) {
        (MemberKind::Int(narrow, None), Some(Kind::Int(wide))) => wide.bytes > narrow.bytes,
        _ => false,
    }
}

/// The object in which the selector of a sub-message is looked for, and those around it.
struct Scope<'s> {
    schema: &'s Schema,
    object: &'s Map<String, Value>,
    outer: Option<&'s Scope<'s>>,
}

fn set(
    schema: &Schema,
    object: &Map<String, Value>,
    header: Option<&StructInfo>,
    policy: Option<&'static Policy>,
    outer: Option<&Scope<'_>>,
    path: &Path<'_>,
    w: &mut Writer<'_>,
) -> Result<(), Error> {
    if path.is_too_deep() {
        return Err(Error::new(path, "nested deeper than a message can be"));
    }
    let scope = Scope { schema, object, outer };
    // Before those that count.
    let earlier = if schema.named(REPEATED).is_none() { object.get(REPEATED).and_then(Value::as_object) } else { None };
    for (key, list) in earlier.into_iter().flatten() {
        let path = path.key(key);
        let (Some(info), Some(list)) = (schema.named(key), list.as_array()) else {
            return Err(unknown_key(schema, None, &path, key));
        };
        for value in list {
            let policy = policy.and_then(|policy| policy.attr(info.id));
            one(info.id, &info.kind, info.hint, value, policy, &scope, &path.secret(info.secret), w)?;
        }
    }
    for (key, value) in object {
        let member = header.and_then(|info| info.members.iter().find(|member| member.name == key));
        let path = path.key(key);
        if member.is_some_and(|member| !is_widened(member, schema)) {
            continue;
        } else if let Some(info) = schema.named(key) {
            let policy = policy.and_then(|policy| policy.attr(info.id));
            attribute(info, value, policy, &scope, &path.secret(info.secret), w)?;
        } else if let Some(id) = key.strip_prefix(UNKNOWN).and_then(|id| id.parse::<u16>().ok()) {
            if id > Attr::ID_MASK {
                return Err(Error::new(&path, format_args!("ids go up to {}", Attr::ID_MASK)));
            }
            unknown(id, value, &path, w)?;
        } else if key != ILL_FORMED && (key != MISSING || header.is_none()) && (key != REPEATED || earlier.is_none()) {
            return Err(unknown_key(schema, header, &path, key));
        }
    }
    // Bytes that are no attribute end every walk: behind the rest.
    if let Some(bytes) = object.get(ILL_FORMED) {
        let path = path.key(ILL_FORMED);
        let bytes = binary(bytes, None, &path)?;
        fits(&path, w.put_bytes(&bytes))?;
    }
    Ok(())
}

fn attribute(
    info: &AttrInfo,
    value: &Value,
    policy: Option<&'static AttrPolicy>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    w: &mut Writer<'_>,
) -> Result<(), Error> {
    match value {
        Value::Array(list) if info.multi => {
            for (index, value) in list.iter().enumerate() {
                one(info.id, &info.kind, info.hint, value, policy, scope, &path.element(index), w)?;
            }
            Ok(())
        }
        _ => one(info.id, &info.kind, info.hint, value, policy, scope, path, w),
    }
}

/// Writes one attribute.
#[allow(clippy::too_many_arguments)]
fn one(
    id: u16,
    kind: &Kind,
    hint: Option<Hint>,
    value: &Value,
    policy: Option<&'static AttrPolicy>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    w: &mut Writer<'_>,
) -> Result<(), Error> {
    if let Some(bytes) = raw(kind, value, path)? {
        return fits(path, w.put_attr(id | flag(kind), &bytes));
    }
    match kind {
        Kind::Nest(nest) => {
            let inner = object(value, path)?;
            let policy = nested_policy(policy);
            let schema = nest.schema.table().unwrap_or(&Schema::EMPTY);
            nested(id | flag(kind), path, w, |w| set(schema, inner, None, policy, Some(scope), path, w))
        }
        Kind::Array(info) => array(id | flag(kind), info, hint, value, policy, scope, path, w),
        Kind::Records(records) => {
            let list = value.as_array().ok_or_else(|| misfit(path, "a list", value))?;
            let schema = records.schema.table().unwrap_or(&Schema::EMPTY);
            nested(id, path, w, |w| {
                let first = w.position();
                list.iter().enumerate().try_for_each(|(index, value)| {
                    let path = path.element(index);
                    let members = object(value, &path)?;
                    // What is no attribute may end the record before, in as many bytes as it likes.
                    fits(&path, pad(w, w.since(first).len()))?;
                    let start = w.position();
                    let header = structure(records.header, members, &path)?;
                    fits(&path, w.put_bytes(&header).and_then(|()| pad(w, header.len())))?;
                    set(schema, members, Some(records.header), None, Some(scope), &path, w)?;
                    // A record's length stands where that of an attribute does.
                    fits(&path, w.end_nest(start))
                })
            })
        }
        Kind::TypeValue(levels) => nested(id | flag(kind), path, w, |w| match value {
            Value::Array(list) => list.iter().enumerate().try_for_each(|(index, value)| {
                let path = path.element(index);
                leaf(levels, object(value, &path)?, scope, &path, w)
            }),
            _ => leaf(levels, object(value, path)?, scope, path, w),
        }),
        Kind::SubMessage(message) => sub_message(id, message, value, scope, path, w),
        _ => match payload(kind, hint, value, policy, path)? {
            Some(bytes) => fits(path, w.put_attr(id, &bytes)),
            None => Ok(()),
        },
    }
}

#[allow(clippy::too_many_arguments)]
fn array(
    raw_type: u16,
    array: &Array,
    hint: Option<Hint>,
    value: &Value,
    policy: Option<&'static AttrPolicy>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    w: &mut Writer<'_>,
) -> Result<(), Error> {
    let list = value.as_array().ok_or_else(|| misfit(path, "a list", value))?;
    let element_policy: Option<&'static AttrPolicy> = match policy.map(|policy| policy.kind) {
        // Elements are judged by the policy of their set: as if it stood in an entry of their own.
        Some(Accepts::NestArray(_)) => policy,
        _ => None,
    };
    nested(raw_type, path, w, |w| {
        let mut next = array.first;
        for (index, value) in list.iter().enumerate() {
            let path = path.element(index);
            let (at, value) = indexed(value).unwrap_or((next, value));
            one(at, &array.element, hint, value, element_policy, scope, &path, w)?;
            next = at.wrapping_add(array.step) & Attr::ID_MASK;
        }
        Ok(())
    })
}

/// An element under its index, as ynl prints it: no attribute is called by a number.
fn indexed(value: &Value) -> Option<(u16, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (key, value) = object.iter().next()?;
    let index = key.parse::<u16>().ok().filter(|index| *index <= Attr::ID_MASK)?;
    Some((index, value))
}

/// Writes one leaf of nests whose ids are values: the levels' values are members of the object, the rest its attributes.
fn leaf(
    levels: &TypeValue,
    object: &Map<String, Value>,
    scope: &Scope<'_>,
    path: &Path<'_>,
    w: &mut Writer<'_>,
) -> Result<(), Error> {
    let mut rest = object.clone();
    let mut ids = Vec::new();
    for name in levels.levels {
        let path = path.key(name);
        let value = rest.shift_remove(*name).ok_or_else(|| Error::new(&path, "is missing"))?;
        let id = integer(&value, Int::U16, None, None, &path)?;
        match u16::try_from(id) {
            Ok(id) if id <= Attr::ID_MASK => ids.push(id),
            _ => return Err(Error::new(&path, format_args!("expected a number up to {}, found {id}", Attr::ID_MASK))),
        }
    }
    fn level(
        ids: &[u16],
        nest: &Nest,
        rest: &Map<String, Value>,
        scope: &Scope<'_>,
        path: &Path<'_>,
        w: &mut Writer<'_>,
    ) -> Result<(), Error> {
        match ids.split_first() {
            Some((id, below)) => {
                let bit = if nest.flag { Attr::NESTED } else { 0 };
                nested(id | bit, path, w, |w| level(below, nest, rest, scope, path, w))
            }
            None => {
                let schema = nest.schema.table().unwrap_or(&Schema::EMPTY);
                set(schema, rest, None, None, Some(scope), path, w)
            }
        }
    }
    level(&ids, &levels.nest, &rest, scope, path, w)
}

fn sub_message(
    id: u16,
    message: &'static SubMessage,
    value: &Value,
    scope: &Scope<'_>,
    path: &Path<'_>,
    w: &mut Writer<'_>,
) -> Result<(), Error> {
    if value.is_string() {
        let bytes = binary(value, None, path)?;
        return fits(path, w.put_attr(id | flag(&Kind::SubMessage(message)), &bytes));
    }
    let format = scope.format(message).map_err(|why| Error::new(path, why))?;
    let object = object(value, path)?;
    // Attributes behind a structure that is cut off: bytes that stand for all of it.
    if let (Some(_), Some(_), 1, Some(bytes)) = (format.header, format.schema, object.len(), object.get(ILL_FORMED)) {
        let bytes = binary(bytes, None, &path.key(ILL_FORMED))?;
        return fits(path, w.put_attr(id | flag(&Kind::SubMessage(message)), &bytes));
    }
    let bit = if format.schema.is_some() && message.flag { Attr::NESTED } else { 0 };
    nested(id | bit, path, w, |w| {
        if let Some(header) = format.header {
            let bytes = cut(structure(header, object, path)?, object, path)?;
            let pads = if object.contains_key(MISSING) { 0 } else { bytes.len() };
            fits(path, w.put_bytes(&bytes).and_then(|()| pad(w, pads)))?;
        }
        let schema = format.schema.and_then(|link| link.table()).unwrap_or(&Schema::EMPTY);
        set(schema, object, format.header, None, Some(scope), path, w)
    })
}

impl Scope<'_> {
    /// The format that the selector chooses; the error says what is missing.
    fn format(&self, message: &SubMessage) -> Result<&'static Format, String> {
        let selector = message.selector;
        if let ("", Some(only)) = (selector, message.formats.first()) {
            return Ok(only);
        }
        let Some(info) = self.schema.named(selector) else {
            return self.outer.map_or_else(|| Err(needs(selector)), |outer| outer.format(message));
        };
        let value = self.object.get(selector).ok_or_else(|| needs(selector))?;
        // What it was read from: a value that is told as it came may choose nonetheless.
        let bytes = match as_it_came(value) {
            Some(bytes) => binary(bytes, None, &Path::TOP).ok(),
            None => payload(&info.kind, info.hint, value, None, &Path::TOP).ok().flatten(),
        };
        bytes.and_then(|bytes| message.selected(info, &bytes)?).ok_or_else(|| {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let hint = suggestion(&shown, message.formats.iter().map(|format| format.value));
            format!("\"{selector}\" is \"{shown}\", for which no format is known{hint}: give its bytes as hex")
        })
    }
}

fn needs(selector: &str) -> String {
    format!("needs \"{selector}\" beside it, which selects its format; or its bytes as hex")
}

/// Writes an attribute that has no name: hexadecimal, an object for a nest, or a list of such.
fn unknown(id: u16, value: &Value, path: &Path<'_>, w: &mut Writer<'_>) -> Result<(), Error> {
    if path.is_too_deep() {
        return Err(Error::new(path, "nested deeper than a message can be"));
    }
    match value {
        Value::Array(list) => list.iter().try_for_each(|value| unknown(id, value, path, w)),
        Value::Object(inner) => {
            nested(id | Attr::NESTED, path, w, |w| set(&Schema::EMPTY, inner, None, None, None, path, w))
        }
        _ => {
            let bytes = binary(value, None, path)?;
            fits(path, w.put_attr(id, &bytes))
        }
    }
}

/// The bytes of `{"ill-formed": "hex"}`, which stands for a value of any kind. In a nest it is among the attributes.
fn raw(kind: &Kind, value: &Value, path: &Path<'_>) -> Result<Option<Vec<u8>>, Error> {
    let Some(bytes) = as_it_came(value) else { return Ok(None) };
    match kind {
        Kind::Nest(_) | Kind::SubMessage(_) => Ok(None),
        _ => binary(bytes, None, &path.key(ILL_FORMED)).map(Some),
    }
}

fn unknown_key(schema: &Schema, header: Option<&StructInfo>, path: &Path<'_>, key: &str) -> Error {
    let members = header.map(|info| info.members).unwrap_or_default();
    let members = members.iter().filter(|m| !matches!(m.kind, MemberKind::Pad)).map(|m| m.name);
    let sent = |attr: &&AttrInfo| !matches!(attr.kind, Kind::Pad | Kind::Unused);
    let known = members.chain(schema.attrs.iter().filter(sent).map(|attr| attr.name));
    let hint = hint_or_list(key, known);
    match schema.name {
        "" => Error::new(path, format_args!("unknown attribute{hint}")),
        name => Error::new(path, format_args!("unknown attribute of {name}{hint}")),
    }
}

fn hint_or_list<'k>(key: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    let hint = suggestion(key, known.clone());
    if !hint.is_empty() {
        return hint;
    }
    let names: Vec<&str> = known.collect();
    if names.is_empty() { "; expected none".into() } else { format!("; expected one of {}", names.join(", ")) }
}

fn nested_policy(policy: Option<&'static AttrPolicy>) -> Option<&'static Policy> {
    match policy?.kind {
        Accepts::Nest(Some(link)) | Accepts::NestArray(Some(link)) => link.table(),
        _ => None,
    }
}

/// The nested bit, if a value of this kind is sent with it.
fn flag(kind: &Kind) -> u16 {
    let nested = match kind {
        Kind::Nest(nest) => nest.flag,
        Kind::Array(array) => array.flag,
        Kind::TypeValue(levels) => levels.nest.flag,
        Kind::SubMessage(message) => message.flag,
        _ => false,
    };
    if nested { Attr::NESTED } else { 0 }
}

/// An attribute that holds what `body` writes, padded; taken back if it fails.
fn nested(
    raw_type: u16,
    path: &Path<'_>,
    w: &mut Writer<'_>,
    body: impl FnOnce(&mut Writer<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let start = fits(path, w.begin_nest(raw_type))?;
    let before = w.len();
    let done = body(w).and_then(|()| {
        let len = w.len().saturating_sub(before);
        fits(path, w.end_nest(start).and_then(|()| pad(w, len)))
    });
    taken_back(w, start, done)
}

fn whole(w: &mut Writer<'_>, body: impl FnOnce(&mut Writer<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let start = w.position();
    let done = body(w);
    taken_back(w, start, done)
}

fn taken_back(w: &mut Writer<'_>, start: Mark, done: Result<(), Error>) -> Result<(), Error> {
    if done.is_err() {
        w.truncate(start);
    }
    done
}

fn fits<T>(path: &Path<'_>, written: Result<T, Full>) -> Result<T, Error> {
    written.map_err(|full| Error::full(path, full))
}

/// Zeros behind `len` bytes up to the next multiple of 4.
fn pad(w: &mut Writer<'_>, len: usize) -> Result<(), Full> {
    w.put_bytes([0; 3].get(..padding(len)).unwrap_or_default())
}
