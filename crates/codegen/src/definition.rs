//! Constants, enums, flags and structs.

use netloom_spec::{ByteOrder, ConstValue, DisplayHint, Entry, Enum, Error, Member, MemberKind, Spec, Struct, Width};

use crate::name::{Names, Taken, snake, upper};
use crate::text::{Text, alias_of};

pub(crate) fn definitions(spec: &Spec, names: &Names, text: &mut Text) -> Result<(), Error> {
    for (constant, name) in spec.constants.iter().zip(&names.constants) {
        let (ty, value) = match &constant.value {
            // Most are lengths.
            ConstValue::Integer(value @ 0..=0xffff_ffff) => ("usize", value.to_string()),
            ConstValue::Integer(value) if *value < 0 => ("i64", value.to_string()),
            ConstValue::Integer(value) => ("u64", value.to_string()),
            ConstValue::Text(value) => ("&str", format!("{value:?}")),
        };
        text.line("");
        text.doc(0, doc(&constant.doc, &constant.name).as_str(), &constant.c_name, &[name]);
        text.line(&format!("pub const {name}: {ty} = {value};"));
    }
    for (index, e) in spec.enums.iter().enumerate() {
        let width = names.ints.get(index).copied().unwrap_or(Width::U32);
        let (name, flags) = names.forms(index);
        enumeration(e, name, width, e.is_flags, text)?;
        if let Some(name) = flags {
            enumeration(e, name, width, true, text)?;
        }
    }
    for (structure, name) in spec.structs.iter().zip(&names.structs) {
        c_struct(spec, names, structure, name, text);
    }
    Ok(())
}

fn enumeration(e: &Enum, name: &str, width: Width, as_flags: bool, text: &mut Text) -> Result<(), Error> {
    text.line("");
    text.line("enumeration! {");
    text.doc(4, &doc(&e.doc, &e.name), e.enum_name.as_ref().and_then(Option::as_deref).unwrap_or(""), &[name]);
    let flags = if as_flags { "flags " } else { "" };
    text.line(&format!("    pub struct {name}: {flags}{}, \"{}\" {{", integer(width), e.name));
    let mut taken = Taken::new(&[]);
    for entry in &e.entries {
        let entry_name = taken.take(upper(&entry.name), "");
        let alias = alias_of(&entry.c_name, &[&entry_name]).map(|alias| alias + " ").unwrap_or_default();
        text.doc(8, &doc(&entry.doc, &entry.name), "", &[]);
        text.line(&format!("        {alias}{entry_name} = {} \"{}\";", value(e, entry, as_flags)?, entry.name));
    }
    text.line("    }");
    text.line("}");
    Ok(())
}

fn value(e: &Enum, entry: &Entry, as_flags: bool) -> Result<u64, Error> {
    u64::try_from(e.wire_value(entry, as_flags)).map_err(|_| {
        Error::at(
            &e.place,
            format_args!("entry \"{}\" of \"{}\" is negative, which has no form in Rust yet", entry.name, e.name),
        )
    })
}

fn c_struct(spec: &Spec, names: &Names, structure: &Struct, name: &str, text: &mut Text) {
    text.line("");
    text.line("c_struct! {");
    text.doc(4, &doc(&structure.doc, &structure.name), &structure.c_name, &[name]);
    text.line(&format!("    pub struct {name}, \"{}\" {{", structure.name));
    let mut taken = Taken::new(&[]);
    let mut gap = 0;
    for member in &structure.members {
        if member.kind == MemberKind::Pad {
            gap += member.len;
            continue;
        }
        if gap > 0 {
            text.line(&format!("        _({gap})"));
            gap = 0;
        }
        let field = taken.take(snake(&member.name), "");
        let ty = member_type(spec, names, member);
        let hint = member.display.map(|hint| format!(" [{}]", hint_name(hint))).unwrap_or_default();
        text.doc(8, &doc(&member.doc, &member.name), "", &[]);
        text.line(&format!("        {field}: {ty} = \"{}\"{hint};", member.name));
    }
    if gap > 0 {
        text.line(&format!("        ; _({gap})"));
    }
    text.line("    }");
    text.line("}");
}

fn member_type(spec: &Spec, names: &Names, member: &Member) -> String {
    match member.kind {
        MemberKind::Scalar { width, order, names: used } => {
            let int = ordered(width, order);
            used.map_or(int.clone(), |used| format!("Named<{}, {int}>", names.enumeration(spec, used)))
        }
        MemberKind::Struct(inner) => format!("Inner<{}>", names.structure(inner)),
        MemberKind::String => format!("Chars<{}>", member.len),
        // Arrays have a Default up to 32 elements.
        _ if member.len <= 32 => format!("[u8; {}]", member.len),
        _ => format!("Block<{}>", member.len),
    }
}

/// An integer of this order.
pub(crate) fn ordered(width: Width, order: ByteOrder) -> String {
    let int = integer(width);
    match order {
        ByteOrder::Host => int.to_owned(),
        ByteOrder::Big => format!("Be<{int}>"),
        ByteOrder::Little => format!("Le<{int}>"),
    }
}

pub(crate) fn integer(width: Width) -> &'static str {
    match width {
        Width::U8 => "u8",
        Width::U16 => "u16",
        Width::U32 => "u32",
        Width::U64 | Width::Uint => "u64",
        Width::S8 => "i8",
        Width::S16 => "i16",
        Width::S32 => "i32",
        Width::S64 | Width::Sint => "i64",
    }
}

/// The entry of `schema::Hint`.
pub(crate) fn hint_name(hint: DisplayHint) -> &'static str {
    match hint {
        DisplayHint::Hex => "Hex",
        DisplayHint::Mac => "Mac",
        DisplayHint::Fddi => "Fddi",
        DisplayHint::Ipv4 => "Ipv4",
        DisplayHint::Ipv6 => "Ipv6",
        DisplayHint::Ipv4OrV6 => "Ipv4OrV6",
        DisplayHint::Uuid => "Uuid",
    }
}

/// What the spec says, or at least the spec's name.
pub(crate) fn doc(doc: &str, name: &str) -> String {
    if doc.trim().is_empty() { format!("{name}.") } else { doc.to_owned() }
}
