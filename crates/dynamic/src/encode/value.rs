//! The payload of attributes that hold no attributes.

use std::fmt::Display;

use netloom_wire::AttrPolicy;
use netloom_wire::policy::{Check, Kind as Accepts};
use netloom_wire::schema::{EnumInfo, Hint, Int, Kind, MemberKind, StructInfo};
use serde_json::{Map, Value};

use super::hint_or_list;
use crate::decode::HIDDEN;
use crate::error::{Error, Path, suggestion};
use crate::{BEYOND, ILL_FORMED, MISSING, number, text};

/// The payload of a value of this kind, which is none that holds attributes; `None` if nothing is to be sent.
pub(super) fn payload(
    kind: &Kind,
    hint: Option<Hint>,
    value: &Value,
    policy: Option<&'static AttrPolicy>,
    path: &Path<'_>,
) -> Result<Option<Vec<u8>>, Error> {
    Ok(Some(match kind {
        Kind::Flag => match value {
            Value::Bool(true) => Vec::new(),
            Value::Bool(false) => return Ok(None),
            _ => return Err(misfit(path, "true or false", value)),
        },
        Kind::Int(int) => number::bytes(*int, integer(value, *int, None, hint, path)?),
        Kind::Enum(int, names) => number::bytes(*int, integer(value, *int, Some(names), hint, path)?),
        Kind::Uint => {
            let wide = integer(value, Int::U64, None, hint, path)?;
            let int = if wide <= u32::MAX.into() { Int::U32 } else { Int::U64 };
            number::bytes(int, wide)
        }
        Kind::Sint => {
            let wide = integer(value, Int::S64, None, hint, path)?;
            let int = if i32::try_from(wide).is_ok() { Int::S32 } else { Int::S64 };
            number::bytes(int, wide)
        }
        Kind::String => {
            let text = value.as_str().ok_or_else(|| misfit(path, "text", value))?;
            if text.contains('\0') {
                return Err(Error::new(path, "expected text without a NUL"));
            }
            [text.as_bytes(), &[0]].concat()
        }
        Kind::Binary => {
            let bytes = binary(value, hint, path)?;
            if let Some(AttrPolicy { kind: Accepts::Binary, len, check }) = policy {
                let (min, max) = match *check {
                    Check::Length { min, max } => (min, max),
                    _ => (0, if *len == 0 { u16::MAX } else { *len }),
                };
                check_length(bytes.len(), min.into(), max.into(), path)?;
            }
            bytes
        }
        Kind::Struct(info) => {
            let members = object(value, path)?;
            members_known(info, members, path)?;
            let mut bytes = cut(structure(info, members, path)?, members, path)?;
            if let Some(beyond) = members.get(BEYOND) {
                bytes.extend(binary(beyond, None, &path.key(BEYOND))?);
            }
            bytes
        }
        Kind::Structs(info) => {
            let list = value.as_array().ok_or_else(|| misfit(path, "a list", value))?;
            let mut bytes = Vec::new();
            for (index, value) in list.iter().enumerate() {
                let path = path.element(index);
                let members = object(value, &path)?;
                members_known(info, members, &path)?;
                bytes.extend(structure(info, members, &path)?);
            }
            bytes
        }
        Kind::IntArray(int, names) => {
            let list = value.as_array().ok_or_else(|| misfit(path, "a list", value))?;
            let mut bytes = Vec::new();
            for (index, value) in list.iter().enumerate() {
                let path = path.element(index);
                bytes.extend(number::bytes(*int, integer(value, *int, *names, hint, &path)?));
            }
            bytes
        }
        Kind::Bitfield32(names) => {
            let parts = object(value, path)?;
            let mut bytes = Vec::new();
            for key in ["value", "selector"] {
                let path = path.key(key);
                let part = parts.get(key).ok_or_else(|| Error::new(&path, "is missing"))?;
                bytes.extend(number::bytes(Int::U32, integer(part, Int::U32, *names, hint, &path)?));
            }
            if let Some(key) = parts.keys().find(|key| !matches!(key.as_str(), "value" | "selector")) {
                return Err(Error::new(&path.key(key), "unknown; expected value and selector"));
            }
            bytes
        }
        Kind::Pad => return Err(Error::new(path, "is padding and cannot be sent")),
        Kind::Unused | Kind::Nest(_) | Kind::Array(_) | Kind::Records(_) | Kind::TypeValue(_) | Kind::SubMessage(_) => {
            return Err(Error::new(path, "is reserved and cannot be sent"));
        }
    }))
}

/// The bytes, as hex, of `{"ill-formed": "hex"}`, which stands for a value of any kind.
pub(super) fn as_it_came(value: &Value) -> Option<&Value> {
    value.as_object().filter(|object| object.len() == 1)?.get(ILL_FORMED)
}

/// A structure's bytes from the members of `object`, missing ones as zeros; other keys are passed over.
pub(super) fn structure(info: &StructInfo, object: &Map<String, Value>, path: &Path<'_>) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; info.size];
    for member in info.members {
        let Some(value) = object.get(member.name) else { continue };
        let path = path.key(member.name);
        let misfit = |expected: String| Err(misfit(&path, expected, value));
        let exact = |value, hint| {
            let bytes = binary(value, hint, &path)?;
            check_length(bytes.len(), member.len, member.len, &path).map(|()| bytes)
        };
        let written = match (member.kind, as_it_came(value)) {
            (MemberKind::Pad, _) => continue,
            (MemberKind::Int(..) | MemberKind::String | MemberKind::Binary, Some(bytes)) => exact(bytes, None)?,
            (MemberKind::Int(int, names), None) => number::bytes(int, integer(value, int, names, member.hint, &path)?),
            (MemberKind::String, None) => match value.as_str() {
                Some(text) if text.len() <= member.len => text.as_bytes().to_vec(),
                Some(text) => {
                    let found = text.len();
                    return Err(Error::new(
                        &path,
                        format_args!("expected at most {} bytes of text, found {found}", member.len),
                    ));
                }
                None => return misfit("text".into()),
            },
            (MemberKind::Binary, None) => exact(value, member.hint)?,
            (MemberKind::Struct(inner), _) => {
                let members = self::object(value, &path)?;
                members_known(inner, members, &path)?;
                structure(inner, members, &path)?
            }
        };
        let place = bytes.get_mut(member.offset..).and_then(|rest| rest.get_mut(..written.len()));
        if let Some(place) = place {
            place.copy_from_slice(&written);
        }
    }
    Ok(bytes)
}

/// An integer in its range, by number, text or name.
pub(super) fn integer(
    value: &Value,
    int: Int,
    names: Option<&EnumInfo>,
    hint: Option<Hint>,
    path: &Path<'_>,
) -> Result<i128, Error> {
    let flags = names.filter(|names| names.flags);
    let (low, high) = number::range(int);
    let number = match (value, flags) {
        (Value::Array(list), Some(_)) => {
            let mut bits = 0;
            for (index, value) in list.iter().enumerate() {
                bits |= integer(value, int, names, None, &path.element(index))?;
            }
            Some(bits)
        }
        (Value::Number(number), _) => number.as_u64().map(i128::from).or_else(|| number.as_i64().map(i128::from)),
        (Value::String(text), _) => {
            let named = names.and_then(|names| names.value(text)).map(|value| {
                // Values of signed enums are kept as their bits.
                if int.signed { i128::from(value as i64) } else { value.into() }
            });
            let address = || match hint {
                Some(Hint::Ipv4 | Hint::Ipv4OrV6) => {
                    text.parse::<std::net::Ipv4Addr>().ok().map(|ip| u32::from(ip).into())
                }
                _ => None,
            };
            named.or_else(|| number::parse(text)).or_else(address)
        }
        _ => None,
    };
    match (number, names) {
        (Some(number), _) if (low..=high).contains(&number) => Ok(number),
        (Some(_), _) if path.is_secret() => {
            Err(Error::new(path, format_args!("expected a number from {low} to {high}")))
        }
        (Some(number), _) => {
            Err(Error::new(path, format_args!("expected a number from {low} to {high}, found {number}")))
        }
        (None, Some(names)) => Err(misfit(path, choices(names, value), value)),
        (None, None) if hint == Some(Hint::Ipv4) => Err(misfit(path, text::expected(hint), value)),
        (None, None) => Err(misfit(path, format_args!("a number from {low} to {high}"), value)),
    }
}

/// The names that would fit, the first of them if they are many.
fn choices(names: &EnumInfo, found: &Value) -> String {
    const SHOWN: usize = 24;
    let labels: Vec<&str> = names.entries.iter().map(|(_, label)| *label).collect();
    let shown = labels.get(..SHOWN.min(labels.len())).unwrap_or_default().join(", ");
    let more = if labels.len() > SHOWN { ", …" } else { "" };
    let hint = found.as_str().map(|word| suggestion(word, labels.iter().copied())).unwrap_or_default();
    let what = if names.flags { "a list of" } else { "one of" };
    format!("{what} {shown}{more} or a number{hint}")
}

/// Bytes from text as the hint says.
pub(super) fn binary(value: &Value, hint: Option<Hint>, path: &Path<'_>) -> Result<Vec<u8>, Error> {
    let text = value.as_str().ok_or_else(|| misfit(path, text::expected(hint), value))?;
    if text == HIDDEN {
        return Err(Error::new(
            path,
            format_args!("is \"{HIDDEN}\": a secret that was not shown; give its bytes as hex"),
        ));
    }
    text::parse(text, hint).map_err(|why| {
        // Plain bytes are not quoted, the rest is unless it is secret.
        if path.is_secret() && hint.is_some() {
            Error::new(path, format_args!("expected {}", text::expected(hint)))
        } else {
            Error::new(path, why)
        }
    })
}

fn check_length(found: usize, min: usize, max: usize, path: &Path<'_>) -> Result<(), Error> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    let expected = match (min, max) {
        (min, max) if min == max => format!("{min} bytes"),
        (0, max) => format!("at most {max} bytes"),
        (min, max) if max >= usize::from(u16::MAX) => format!("at least {min} bytes"),
        (min, max) => format!("{min} to {max} bytes"),
    };
    Err(Error::new(
        path,
        format_args!("expected {expected} as hex, found {found} byte{}", if found == 1 { "" } else { "s" }),
    ))
}

/// A structure without the bytes that are said to be missing at its end.
pub(super) fn cut(mut bytes: Vec<u8>, members: &Map<String, Value>, path: &Path<'_>) -> Result<Vec<u8>, Error> {
    let Some(missing) = members.get(MISSING) else { return Ok(bytes) };
    let left = missing.as_u64().and_then(|missing| bytes.len().checked_sub(usize::try_from(missing).ok()?));
    let left = left.ok_or_else(|| misfit(&path.key(MISSING), format_args!("0 to {} bytes", bytes.len()), missing))?;
    bytes.truncate(left);
    Ok(bytes)
}

fn members_known(info: &StructInfo, object: &Map<String, Value>, path: &Path<'_>) -> Result<(), Error> {
    let known = || info.members.iter().filter(|m| !matches!(m.kind, MemberKind::Pad)).map(|m| m.name);
    match object.keys().find(|key| ![BEYOND, MISSING].contains(&key.as_str()) && !known().any(|name| name == *key)) {
        None => Ok(()),
        Some(key) => Err(Error::new(
            &path.key(key),
            format_args!("unknown member of {}{}", info.name, hint_or_list(key, known())),
        )),
    }
}

/// The value as an object.
pub(super) fn object<'v>(value: &'v Value, path: &Path<'_>) -> Result<&'v Map<String, Value>, Error> {
    value.as_object().ok_or_else(|| misfit(path, "an object", value))
}

/// `expected …, found …`, the value quoted unless it is secret.
pub(super) fn misfit(path: &Path<'_>, expected: impl Display, found: &Value) -> Error {
    const SHOWN: usize = 40;
    let found = match found {
        Value::Null => "null".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        _ if path.is_secret() => return Error::new(path, format_args!("expected {expected}")),
        Value::String(text) if text.chars().count() > SHOWN => {
            format!("{:?}…", text.chars().take(SHOWN).collect::<String>())
        }
        scalar => scalar.to_string(),
    };
    Error::new(path, format_args!("expected {expected}, found {found}"))
}
