//! Attribute sets: one line an attribute, the payload's marker at its end.

use netloom_spec::{
    Attribute, AttributeSet, EnumUse, Error, IndexBase, Kind, RustType, Scalar, SetId, Spec, StructId, Width,
};

use crate::choice::is_scope;
use crate::definition::{doc, hint_name, ordered};
use crate::name::{self, Choice, Names};
use crate::text::{Text, one_line};

pub(crate) fn sets(spec: &Spec, names: &Names, text: &mut Text) -> Result<(), Error> {
    for (index, set) in spec.sets.iter().enumerate() {
        levels(names, index, set, text);
        one(spec, names, index, set, text)?;
    }
    Ok(())
}

fn one(spec: &Spec, names: &Names, index: usize, set: &AttributeSet, text: &mut Text) -> Result<(), Error> {
    let Some((name, borrowed)) = names.sets.get(index) else { return Ok(()) };
    let header = match names.record(spec, index)? {
        Some(of_records) => Some(of_records),
        None => one_header(spec, index)?,
    };
    let header = header.map(|id| format!(": {}", names.structure(id))).unwrap_or_default();
    text.line("");
    text.line("attribute_set! {");
    let rest = names.rests.get(&index).map(|rest| format!(" | {rest}")).unwrap_or_default();
    text.doc(4, &doc(&set.doc, &set.name), set.enum_name.as_deref().unwrap_or(""), &[name, borrowed]);
    text.line(&format!("    pub struct {name}{header} | {borrowed}{rest}, \"{}\" {{", set.name));
    let attribute_names = name::attributes(&set.attributes);
    for position in &selectors_first(set) {
        let (Some(attribute), Some(own)) = (set.attributes.get(*position), attribute_names.get(*position)) else {
            continue;
        };
        if attribute.kind == Kind::Unused {
            continue;
        }
        let marker = marker(spec, names, set, (index, *position), attribute)?;
        let hint = match attribute.display {
            Some(hint) if attribute.rust_type.is_none() => format!(" [{}]", hint_name(hint)),
            _ => String::new(),
        };
        let rare = if set.rare.contains(position) { "rare " } else { "" };
        text.doc(8, &attribute_doc(attribute), &attribute.c_name, &[&own.field, &own.variant, &own.key]);
        text.line(&format!(
            "        {rare}{} \"{}\" {} {} {}: {marker}{hint};",
            attribute.id, attribute.name, own.field, own.variant, own.key
        ));
    }
    text.line("    }");
    text.line("}");
    Ok(())
}

fn attribute_doc(attribute: &Attribute) -> String {
    let mut text = one_line(&doc(&attribute.doc, &attribute.name));
    if let Some(since) = attribute.kernels.since {
        text.push_str(&format!(" Since Linux {since}."));
    }
    if let Some(until) = attribute.kernels.until {
        text.push_str(&format!(" Gone in Linux {until}."));
    }
    text
}

/// Types that name the values in a nest-type-value's types.
fn levels(names: &Names, index: usize, set: &AttributeSet, text: &mut Text) {
    for (position, attribute) in set.attributes.iter().enumerate() {
        let Kind::NestTypeValue { names: levels, .. } = &attribute.kind else { continue };
        let Some(name) = names.levels.get(&(index, position)) else { continue };
        text.line("");
        text.line(&format!("/// What the types inside of `{}` are.", attribute.name));
        text.line(&format!("pub enum {name} {{}}"));
        text.line(&format!("impl Levels for {name} {{"));
        let quoted: Vec<String> = levels.iter().map(|level| format!("{level:?}")).collect();
        text.items(4, "const NAMES: &'static [&'static str] = &", &quoted, ";");
        text.line("}");
    }
}

/// The structure in front of the set, if messages have the set as their body. In a nest the struct's header is not sent.
pub(crate) fn header_of(spec: &Spec, index: usize) -> Option<StructId> {
    let op = spec.operations.iter().find(|op| op.set.is_some_and(|set| set.index() == index))?;
    op.fixed_header
}

/// The same, if it is the same for all of its messages.
fn one_header(spec: &Spec, index: usize) -> Result<Option<StructId>, Error> {
    let header = header_of(spec, index);
    let mut ops = spec.operations.iter().filter(|op| op.set.is_some_and(|set| set.index() == index));
    let Some(other) = ops.find(|op| op.fixed_header != header) else { return Ok(header) };
    let name = |id: Option<StructId>| id.map_or("no header", |id| spec[id].name.as_str());
    Err(Error::at(
        &other.place,
        format_args!(
            "operation \"{}\" has {} in front of set \"{}\", another one {}; a set has one header: make a subset for it",
            other.name,
            name(other.fixed_header),
            spec.sets.get(index).map_or("", |set| &set.name),
            name(header)
        ),
    ))
}

/// The emission order; a selector stands in front of what it selects.
fn selectors_first(set: &AttributeSet) -> Vec<usize> {
    let mut order = set.emission.clone();
    for (position, attribute) in set.attributes.iter().enumerate() {
        let Kind::SubMessage { here: Some(selector), .. } = attribute.kind else { continue };
        let at = |wanted: usize| order.iter().position(|index| *index == wanted);
        if let (Some(from), Some(to)) = (at(selector), at(position))
            && from > to
        {
            let moved = order.remove(from);
            order.insert(to, moved);
        }
    }
    order
}

fn marker(
    spec: &Spec,
    names: &Names,
    set: &AttributeSet,
    at: (usize, usize),
    attribute: &Attribute,
) -> Result<String, Error> {
    let scoped = |kind: &Kind, marker: String| match kind {
        Kind::Nest(Some(inner)) if is_scope(spec, set, *inner) => format!("Scoped<{marker}>"),
        _ => marker,
    };
    let mut marker = match &attribute.kind {
        Kind::IndexedArray { element, base } => {
            let kind = &**element;
            let element = scoped(kind, payload(spec, names, attribute, element)?);
            let bare = !attribute.nested_flag && !matches!(kind, Kind::Nest(Some(_)));
            match base {
                IndexBase::FromOne if bare => format!("Indexed<{element}, 1, 1, true>"),
                IndexBase::FromZero if bare => format!("Indexed<{element}, 0, 1, true>"),
                IndexBase::Zero if bare => format!("Indexed<{element}, 0, 0, true>"),
                IndexBase::FromOne => format!("Indexed<{element}>"),
                IndexBase::FromZero => format!("Indexed<{element}, 0>"),
                IndexBase::Zero => format!("Indexed<{element}, 0, 0>"),
            }
        }
        Kind::NestTypeValue { names: levels, set: Some(set) } if attribute.nested_flag => {
            let name = names.levels.get(&at).map_or("", String::as_str);
            format!("TypeValue<{name}, {}, {}>", names.set(*set), levels.len())
        }
        Kind::NestTypeValue { .. } => return unsupported(attribute, "a nest-type-value without set or NLA_F_NESTED"),
        kind => scoped(kind, payload(spec, names, attribute, kind)?),
    };
    if let Kind::Nest(Some(inner)) = attribute.kind
        && !attribute.multi
        && contains(spec, inner, at.0, &mut Vec::new())
    {
        marker = format!("Boxed<{marker}>");
    }
    if attribute.secret {
        marker = format!("Secret<{marker}>");
    }
    let lists_itself = matches!(attribute.kind, Kind::IndexedArray { .. } | Kind::NestTypeValue { .. } | Kind::Flag);
    if attribute.multi && !lists_itself {
        marker = format!("Multi<{marker}>");
    }
    Ok(marker)
}

/// Whether a struct of `set` would hold one of the set at `index` without a list between them.
fn contains(spec: &Spec, set: SetId, index: usize, seen: &mut Vec<SetId>) -> bool {
    if set.index() == index {
        return true;
    }
    if seen.contains(&set) {
        return false;
    }
    seen.push(set);
    spec[set].attributes.iter().any(|attribute| match attribute.kind {
        Kind::Nest(Some(inner)) if !attribute.multi => contains(spec, inner, index, seen),
        _ => false,
    })
}

fn payload(spec: &Spec, names: &Names, attribute: &Attribute, kind: &Kind) -> Result<String, Error> {
    Ok(match kind {
        Kind::Unused | Kind::Pad => "Pad".into(),
        Kind::Flag => "Flag".into(),
        Kind::Scalar(scalar) => scalar_marker(spec, names, *scalar),
        Kind::Bitfield32(Some(id)) => {
            let used = EnumUse { id: *id, as_flags: true };
            format!("NamedBitfield32<{}>", names.enumeration(spec, used))
        }
        Kind::Bitfield32(None) => "Bitfield32".into(),
        Kind::String => "Str".into(),
        Kind::Binary { layout, element } => match (attribute.rust_type, layout, element, attribute.checks.exact_len) {
            (Some(RustType::IpAddr), ..) => "Ip".into(),
            (Some(RustType::SocketAddr), ..) => "SockAddr".into(),
            (Some(RustType::Via), ..) => "Via".into(),
            (_, Some(id), ..) if attribute.records.is_some() => {
                let set = attribute.records.map_or("", |set| names.set(set));
                format!("Records<{}, {set}>", names.structure(*id))
            }
            (_, Some(id), ..) if attribute.array => format!("Structs<{}>", names.structure(*id)),
            (_, Some(id), ..) => format!("CStruct<{}>", names.structure(*id)),
            (_, None, Some(scalar), _) => format!("IntArray<{}>", scalar_marker(spec, names, *scalar)),
            (_, None, None, Some(length)) => format!("Fixed<{length}>"),
            _ => "Bytes".into(),
        },
        Kind::Nest(Some(set)) if attribute.header.is_some() => {
            let header = attribute.header.map_or("", |id| names.structure(id));
            let within = if header_of(spec, set.index()) == attribute.header { "Embedded" } else { "Headed" };
            let last = if attribute.nested_flag { "" } else { ", false" };
            format!("{within}<{header}, {}{last}>", names.set(*set))
        }
        Kind::Nest(Some(set)) if attribute.nested_flag => format!("Nest<{}>", names.set(*set)),
        Kind::Nest(Some(set)) => format!("BareNest<{}>", names.set(*set)),
        Kind::SubMessage { .. } => {
            Choice::of(attribute).map_or_else(String::new, |choice| format!("Chosen<{}>", names.choice(&choice)))
        }
        Kind::Nest(None) => "Bytes".into(),
        _ => return unsupported(attribute, "a list in a list"),
    })
}

fn scalar_marker(spec: &Spec, names: &Names, scalar: Scalar) -> String {
    let int = match (scalar.width, scalar.order) {
        (Width::Uint, _) => "Uint".into(),
        (Width::Sint, _) => "Sint".into(),
        (width, order) => ordered(width, order),
    };
    scalar.names.map_or(int.clone(), |used| format!("Named<{}, {int}>", names.enumeration(spec, used)))
}

fn unsupported<T>(attribute: &Attribute, what: &str) -> Result<T, Error> {
    Err(Error::at(
        &attribute.place,
        format_args!("attribute \"{}\" is {what}, which has no form in Rust yet", attribute.name),
    ))
}
