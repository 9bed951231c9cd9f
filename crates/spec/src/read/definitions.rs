//! Constants, enums, flags, structs.

use crate::error::Error;
use crate::fields::Fields;
use crate::model::*;
use crate::read::attributes::{BYTE_ORDERS, DISPLAY_HINTS, width};
use crate::read::{Reader, c_lower, c_upper, define, resolve, word};
use crate::yaml::{Node, Value};

impl Reader {
    /// Constants first, for lengths; enums next; structs last, which refer to all of them.
    pub(super) fn definitions(&mut self, nodes: &[Node]) -> Result<(), Error> {
        let mut structs = Vec::new();
        let mut enums = Vec::new();
        for node in nodes {
            let mut fields = Fields::of(node, "the definition")?;
            let name_node = fields.required("name")?;
            let name = word(name_node, "the definition's name")?;
            let kind = fields.required("type")?.text("the definition's type")?;
            fields.what = format!("{kind} \"{name}\"");
            match kind {
                "const" => {
                    define(&mut self.constants, name_node, name, "constant", self.spec.constants.len())?;
                    // Checks name a constant with its prefix or without: the kernel's generator spells it for C.
                    if let Some(prefix) = node.entry("name-prefix").and_then(|prefix| prefix.text("").ok()) {
                        self.constants.entry(format!("{prefix}{name}")).or_insert(self.spec.constants.len());
                    }
                    let constant = self.constant(fields, name)?;
                    self.spec.constants.push(constant);
                }
                "enum" | "flags" => {
                    define(&mut self.enums, name_node, name, "enum or flags", EnumId(enums.len()))?;
                    enums.push((fields, name, kind == "flags"));
                }
                "struct" => {
                    define(&mut self.structs, name_node, name, "struct", StructId(structs.len()))?;
                    structs.push((fields, name));
                }
                other => {
                    return Err(fields.required("type")?.place.error(format_args!(
                        "definition \"{name}\" has type \"{other}\"; expected one of const, enum, flags, struct"
                    )));
                }
            }
        }
        for (fields, name, is_flags) in enums {
            let read = self.enumeration(fields, name, is_flags)?;
            self.spec.enums.push(read);
        }
        for (fields, name) in structs {
            let read = self.structure(fields, name)?;
            self.spec.structs.push(read);
        }
        self.lay_out()
    }

    fn constant(&self, mut fields: Fields<'_>, name: &str) -> Result<Const, Error> {
        let node = fields.required("value")?;
        let value = match node.maybe_integer() {
            Some(value) => ConstValue::Integer(value),
            None => ConstValue::Text(node.text(&fields.of_key("value"))?.to_owned()),
        };
        let prefix = fields.text("name-prefix")?.unwrap_or_default();
        let constant = Const {
            name: name.to_owned(),
            doc: fields.doc()?,
            value,
            c_name: c_upper(prefix, name),
            header: fields.owned("header")?,
            place: fields.place().clone(),
        };
        fields.text("scope")?;
        fields.finish()?;
        Ok(constant)
    }

    fn enumeration(&self, mut fields: Fields<'_>, name: &str, is_flags: bool) -> Result<Enum, Error> {
        let start_what = fields.of_key("value-start");
        let start = fields.take("value-start").map(|node| self.limit(node, &start_what)).transpose()?.unwrap_or(0);
        let prefix = match fields.nullable("name-prefix")? {
            Some(prefix) => prefix.unwrap_or_default(),
            None => format!("{}-{name}-", self.spec.name),
        };
        fields.required("entries")?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut next = start;
        for node in fields.items("entries")? {
            let entry = match &node.value {
                Value::Map(_) => {
                    let mut entry = Fields::of(node, format_args!("an entry of {}", fields.what))?;
                    let entry_name = word(entry.required("name")?, "the entry's name")?;
                    entry.what = format!("entry \"{entry_name}\" of {}", fields.what);
                    let read = Entry {
                        name: entry_name.to_owned(),
                        doc: entry.doc()?,
                        value: entry.integer::<i64>("value")?.map_or(next, i128::from),
                        c_name: c_upper(&prefix, entry_name),
                    };
                    entry.finish()?;
                    read
                }
                _ => {
                    let entry_name = word(node, &format!("an entry of {}", fields.what))?;
                    Entry {
                        name: entry_name.into(),
                        doc: String::new(),
                        value: next,
                        c_name: c_upper(&prefix, entry_name),
                    }
                }
            };
            if entries.iter().any(|other| other.name == entry.name) {
                return Err(node.place.error(format_args!("entry \"{}\" stands twice in {}", entry.name, fields.what)));
            }
            if is_flags && !(0..64).contains(&entry.value) {
                return Err(node.place.error(format_args!(
                    "entry \"{}\" of {} is bit {}; expected the index of one of 64 bits",
                    entry.name, fields.what, entry.value
                )));
            }
            next = entry.value + 1;
            entries.push(entry);
        }
        let read = Enum {
            name: name.to_owned(),
            doc: fields.doc()?,
            is_flags,
            entries,
            render_max: fields.flag("render-max")?.unwrap_or(false),
            enum_name: fields.nullable("enum-name")?,
            header: fields.owned("header")?,
            rust_name: rust_name(&mut fields)?,
            place: fields.place().clone(),
        };
        fields.text("enum-cnt-name")?;
        fields.text("scope")?;
        fields.finish()?;
        Ok(read)
    }

    fn structure(&self, mut fields: Fields<'_>, name: &str) -> Result<Struct, Error> {
        fields.required("members")?;
        let mut members: Vec<Member> = Vec::new();
        for node in fields.items("members")? {
            let member = self.member(node, &fields.what)?;
            if members.iter().any(|other| other.name == member.name) {
                return Err(node
                    .place
                    .error(format_args!("member \"{}\" stands twice in {}", member.name, fields.what)));
            }
            members.push(member);
        }
        let c_name = match name.strip_prefix("--") {
            Some(rest) => format!("__{}", c_lower(rest)),
            None => c_lower(name),
        };
        let read = Struct {
            name: name.to_owned(),
            doc: fields.doc()?,
            members,
            size: 0,
            c_name,
            header: fields.owned("header")?,
            rust_name: rust_name(&mut fields)?,
            place: fields.place().clone(),
        };
        fields.nullable("enum-name")?;
        fields.nullable("name-prefix")?;
        fields.text("scope")?;
        fields.finish()?;
        Ok(read)
    }

    /// One member; offsets, and lengths of nested structs, come when all structs are known.
    fn member(&self, node: &Node, of: &str) -> Result<Member, Error> {
        let mut fields = Fields::of(node, format_args!("a member of {of}"))?;
        let name = word(fields.required("name")?, "the member's name")?;
        fields.what = format!("member \"{name}\" of {of}");
        let kind_node = fields.required("type")?;
        let kind = kind_node.text(&fields.of_key("type"))?;
        let len_what = fields.of_key("len");
        let len = fields.take("len").map(|node| self.length(node, &len_what)).transpose()?;
        let order = fields.choice("byte-order", BYTE_ORDERS)?.unwrap_or_default();
        let names = self.enum_use(&mut fields)?;
        let layout = fields.take("struct");
        let (kind, len) = match (kind, layout, len) {
            ("binary", Some(node), _) => {
                (MemberKind::Struct(resolve(&self.structs, node, &fields.of_key("struct"), "a struct")?), 0)
            }
            ("binary", None, Some(len)) => (MemberKind::Binary, len),
            ("string", None, Some(len)) => (MemberKind::String, len),
            ("pad", None, Some(len)) => (MemberKind::Pad, len),
            ("binary" | "string" | "pad", None, None) => {
                return Err(node.place.error(format_args!("{} has no \"len\"; expected its bytes", fields.what)));
            }
            (scalar, None, _) => match width(scalar).and_then(|width| Some((width, width.bytes()?))) {
                Some((width, bytes)) => (MemberKind::Scalar { width, order, names }, bytes),
                None => {
                    return Err(kind_node.place.error(format_args!(
                        "{} has type \"{scalar}\"; expected an integer of fixed width, string, binary or pad",
                        fields.what
                    )));
                }
            },
            (_, Some(node), _) => {
                return Err(node
                    .place
                    .error(format_args!("\"struct\" of {}; only binary members have one", fields.what)));
            }
        };
        let member = Member {
            name: name.to_owned(),
            doc: fields.doc()?,
            offset: 0,
            len,
            kind,
            display: fields.choice("display-hint", DISPLAY_HINTS)?,
            place: fields.place().clone(),
        };
        fields.finish()?;
        Ok(member)
    }

    /// `enum` and `enum-as-flags` of an attribute or member.
    pub(super) fn enum_use(&self, fields: &mut Fields<'_>) -> Result<Option<EnumUse>, Error> {
        let what = fields.of_key("enum");
        let as_flags = fields.flag("enum-as-flags")?.unwrap_or(false);
        let Some(node) = fields.take("enum") else { return Ok(None) };
        let id = resolve(&self.enums, node, &what, "an enum or flags")?;
        let is_flags = self.spec.enums.get(id.index()).is_some_and(|e| e.is_flags);
        Ok(Some(EnumUse { id, as_flags: as_flags || is_flags }))
    }

    /// Offsets and sizes, inner structs first.
    fn lay_out(&mut self) -> Result<(), Error> {
        let mut sizes: Vec<Option<u32>> = vec![None; self.spec.structs.len()];
        for index in 0..sizes.len() {
            self.size(index, &mut sizes, 0)?;
        }
        for read in &mut self.spec.structs {
            let mut offset = 0u32;
            for member in &mut read.members {
                if let MemberKind::Struct(id) = member.kind {
                    member.len = sizes.get(id.index()).copied().flatten().unwrap_or(0);
                }
                member.offset = offset;
                offset = offset.saturating_add(member.len);
            }
            read.size = offset;
            if offset > u32::from(u16::MAX) {
                return Err(read.place.error(format_args!(
                    "struct \"{}\" has {offset} bytes; expected at most 65535, what an attribute can hold",
                    read.name
                )));
            }
        }
        Ok(())
    }

    fn size(&self, index: usize, sizes: &mut Vec<Option<u32>>, depth: usize) -> Result<u32, Error> {
        if let Some(size) = sizes.get(index).copied().flatten() {
            return Ok(size);
        }
        let Some(read) = self.spec.structs.get(index) else { return Ok(0) };
        if depth > self.spec.structs.len() {
            return Err(read.place.error(format_args!("struct \"{}\" contains itself", read.name)));
        }
        let mut size = 0u32;
        for member in &read.members {
            size = size.saturating_add(match member.kind {
                MemberKind::Struct(id) => self.size(id.index(), sizes, depth + 1)?,
                _ => member.len,
            });
        }
        if let Some(slot) = sizes.get_mut(index) {
            *slot = Some(size);
        }
        Ok(size)
    }
}

/// `rust-name` of an overlay.
pub(super) fn rust_name(fields: &mut Fields<'_>) -> Result<Option<String>, Error> {
    let what = fields.of_key("rust-name");
    let Some(node) = fields.overlay("rust-name")? else { return Ok(None) };
    let name = node.text(&what)?;
    let mut chars = name.chars();
    if chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(Some(name.to_owned()))
    } else {
        Err(node.place.error(format_args!("{what} is \"{name}\"; expected a Rust identifier")))
    }
}

/// `since` and `until` of an overlay.
pub(super) fn kernels(fields: &mut Fields<'_>) -> Result<Kernels, Error> {
    let mut version = |key: &'static str| -> Result<Option<Version>, Error> {
        let what = fields.of_key(key);
        let Some(node) = fields.overlay(key)? else { return Ok(None) };
        let text = node.text(&what)?;
        let parsed = text
            .split_once('.')
            .and_then(|(major, minor)| Some(Version { major: major.parse().ok()?, minor: minor.parse().ok()? }));
        match parsed {
            Some(version) => Ok(Some(version)),
            None => {
                Err(node.place.error(format_args!("{what} is \"{text}\"; expected a version of Linux such as 6.16")))
            }
        }
    };
    Ok(Kernels { since: version("since")?, until: version("until")? })
}
