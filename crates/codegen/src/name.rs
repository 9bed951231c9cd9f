//! Rust's names for what a spec defines.

use std::collections::HashMap;

use netloom_spec::{
    Attribute, ByteOrder, Enum, EnumId, EnumUse, Error, Kind, MemberKind, Operation, Scalar, SetId, Spec, StructId,
    SubMessageId, Width,
};

/// What generated code names of netloom-wire; a type of the family must not hide it.
const WIRE: &[&str] = &[
    "Attr",
    "AttrPolicy",
    "BareNest",
    "Be",
    "Bitfield32",
    "Boxed",
    "Bytes",
    "CStruct",
    "Chosen",
    "Embedded",
    "Errno",
    "Family",
    "FamilyInfo",
    "FixedHeader",
    "Fixed",
    "Flag",
    "Group",
    "Headed",
    "Indexed",
    "IntArray",
    "Ip",
    "Levels",
    "Inner",
    "Chars",
    "Structs",
    "Block",
    "Le",
    "NamedBitfield32",
    "MergeInfo",
    "Multi",
    "Named",
    "Nest",
    "Pad",
    "Payload",
    "Policy",
    "Protocol",
    "Records",
    "Reject",
    "Scoped",
    "Secret",
    "Sint",
    "SockAddr",
    "Str",
    "TypeValue",
    "Uint",
    "Via",
    // The prelude's, which macros name too.
    "Option",
    "Some",
    "None",
    "Result",
    "Ok",
    "Err",
    "Vec",
    "String",
    "Default",
    "Into",
    "Self",
];

const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "Self",
];

/// Methods and fields that every set has; a setter of that name would collide.
const SETTERS: &[&str] = &[
    "new",
    "header",
    "unparsed",
    "whole",
    "rest",
    "default",
    "clone",
    "emit",
    "emit_kept",
    "store",
    "collect",
    "encode",
    "decode",
    "schema",
    "view",
];

/// The names of a family's types, tables and constants, each given once.
pub(crate) struct Names {
    /// The family's marker.
    pub(crate) family: String,
    /// By set: the struct, and the borrowed enum.
    pub(crate) sets: Vec<(String, String)>,
    /// By set that has rare attributes: the struct of those.
    pub(crate) rests: HashMap<usize, String>,
    /// By struct.
    pub(crate) structs: Vec<String>,
    /// By enum: as values (or flags of its own), and as flags where an attribute says so.
    enums: Vec<(String, Option<String>)>,
    /// By enum: the integer behind it.
    pub(crate) ints: Vec<Width>,
    /// By operation.
    pub(crate) ops: Vec<String>,
    /// By group.
    pub(crate) groups: Vec<String>,
    /// By constant.
    pub(crate) constants: Vec<String>,
    /// By set and attribute: the names of the levels of a nest-type-value.
    pub(crate) levels: HashMap<(usize, usize), String>,
    /// By use of a sub-message: the enum, and the borrowed one.
    pub(crate) choices: Vec<(Choice, String, String)>,
    /// The header that most operations have.
    pub(crate) header: Option<StructId>,
}

/// A sub-message as an attribute uses it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) formats: SubMessageId,
    pub(crate) selector: String,
    /// Sent with the nested bit.
    pub(crate) flag: bool,
}

impl Choice {
    /// What this attribute selects from; `None` if it is no sub-message.
    pub(crate) fn of(attribute: &Attribute) -> Option<Self> {
        let Kind::SubMessage { formats, selector, .. } = &attribute.kind else { return None };
        Some(Self { formats: *formats, selector: selector.clone(), flag: attribute.nested_flag })
    }
}

/// The three names of an attribute.
pub(crate) struct AttributeNames {
    pub(crate) field: String,
    pub(crate) variant: String,
    pub(crate) key: String,
}

impl Names {
    pub(crate) fn of(spec: &Spec) -> Result<Self, Error> {
        let mut types = Taken::new(WIRE);
        let mut values = Taken::new(&["INFO"]);
        let family = types.take(camel(&spec.stem), "Family");
        let sets = spec.sets.iter().map(|set| {
            let name = types.take(set.rust_name.clone().unwrap_or_else(|| camel(&set.name)), "Set");
            let borrowed = match name.strip_suffix("Attrs") {
                Some(stem) => format!("{stem}Attr"),
                None => format!("{name}Attr"),
            };
            let borrowed = types.take(borrowed, "Ref");
            (name, borrowed)
        });
        let sets: Vec<_> = sets.collect();
        let rare = sets.iter().zip(&spec.sets).enumerate().filter(|(_, (_, set))| !set.rare.is_empty());
        let rests = rare.map(|(index, ((name, _), _))| {
            (index, types.take(format!("{}Rest", name.strip_suffix("Attrs").unwrap_or(name)), "Attrs"))
        });
        let rests = rests.collect();
        let structs = spec
            .structs
            .iter()
            .map(|s| types.take(s.rust_name.clone().unwrap_or_else(|| camel(&s.name)), "Struct"))
            .collect();
        let uses = uses(spec);
        let enums = spec.enums.iter().enumerate().map(|(index, e)| {
            let name = types.take(e.rust_name.clone().unwrap_or_else(|| camel(&e.name)), "Value");
            let as_flags = !e.is_flags && uses.iter().any(|(used, _)| used.id.index() == index && used.as_flags);
            let flags = as_flags.then(|| types.take(format!("{name}Flags"), "Bits"));
            (name, flags)
        });
        let enums = enums.collect();
        let ops = spec.operations.iter();
        let ops = ops.map(|op| types.take(op.rust_name.clone().unwrap_or_else(|| camel(&op.name)), "Op")).collect();
        let mut levels = HashMap::new();
        for (set, attributes) in spec.sets.iter().enumerate() {
            for (index, attribute) in attributes.attributes.iter().enumerate() {
                if matches!(attribute.kind, Kind::NestTypeValue { .. }) {
                    levels.insert((set, index), types.take(format!("{}Levels", camel(&attribute.name)), "Names"));
                }
            }
        }
        let mut choices: Vec<(Choice, String, String)> = Vec::new();
        for choice in spec.sets.iter().flat_map(|set| &set.attributes).filter_map(Choice::of) {
            if choices.iter().any(|(other, ..)| *other == choice) {
                continue;
            }
            let message = &spec[choice.formats];
            let name = message.rust_name.clone().unwrap_or_else(|| camel(&message.name));
            let name = types.take(name, &format!("By{}", camel(&choice.selector)));
            let borrowed = types.take(format!("{name}Ref"), "Lent");
            choices.push((choice, name, borrowed));
        }
        Ok(Self {
            family,
            choices,
            sets,
            rests,
            structs,
            enums,
            ints: spec.enums.iter().enumerate().map(|(index, e)| int(e, index, &uses)).collect(),
            ops,
            groups: spec.groups.iter().map(|group| values.take(upper(&group.name), "GROUP")).collect(),
            constants: spec.constants.iter().map(|constant| values.take(upper(&constant.name), "VALUE")).collect(),
            levels,
            header: header(spec),
        })
    }

    pub(crate) fn set(&self, id: SetId) -> &str {
        self.sets.get(id.index()).map_or("", |(name, _)| name)
    }

    /// The enum of a sub-message.
    pub(crate) fn choice(&self, choice: &Choice) -> &str {
        self.choices.iter().find(|(other, ..)| other == choice).map_or("", |(_, name, _)| name)
    }

    pub(crate) fn structure(&self, id: StructId) -> &str {
        self.structs.get(id.index()).map_or("", String::as_str)
    }

    pub(crate) fn enumeration(&self, spec: &Spec, used: EnumUse) -> &str {
        let Some((name, flags)) = self.enums.get(used.id.index()) else { return "" };
        if used.as_flags && !spec[used.id].is_flags { flags.as_deref().unwrap_or(name) } else { name }
    }

    /// The structure in front of the attributes of the set at `index`, if it is that of an attribute's records.
    pub(crate) fn record(&self, spec: &Spec, index: usize) -> Result<Option<StructId>, Error> {
        let mut found: Option<StructId> = None;
        for attribute in spec.sets.iter().flat_map(|set| &set.attributes) {
            if attribute.records.is_none_or(|set| set.index() != index) {
                continue;
            }
            let Kind::Binary { layout: Some(id), .. } = attribute.kind else { continue };
            if found.is_some_and(|other| other != id)
                || spec.operations.iter().any(|op| op.set.is_some_and(|set| set.index() == index))
            {
                return Err(Error::at(
                    &attribute.place,
                    format_args!(
                        "attribute \"{}\": the set of its records stands behind another header too: make a subset for it",
                        attribute.name
                    ),
                ));
            }
            found = Some(id);
        }
        Ok(found)
    }

    /// An enum's own name, and that of its second form as flags.
    pub(crate) fn forms(&self, index: usize) -> (&str, Option<&str>) {
        self.enums.get(index).map_or(("", None), |(name, flags)| (name, flags.as_deref()))
    }

    pub(crate) fn header(&self) -> &str {
        self.header.map_or("()", |id| self.structure(id))
    }

    pub(crate) fn op(&self, spec: &Spec, op: &Operation) -> &str {
        let index = spec.operations.iter().position(|other| other.name == op.name);
        index.and_then(|index| self.ops.get(index)).map_or("", String::as_str)
    }
}

/// The names of the attributes of one set, by index.
pub(crate) fn attributes(attributes: &[Attribute]) -> Vec<AttributeNames> {
    let mut fields = Taken::new(SETTERS);
    let mut variants = Taken::new(&["Unknown", "Bad"]);
    let mut keys = Taken::new(&[]);
    let mut names = Vec::new();
    for attribute in attributes {
        let name = attribute.rust_name.as_deref().unwrap_or(&attribute.name);
        names.push(AttributeNames {
            field: fields.take(snake(name), ""),
            variant: variants.take(camel(name), ""),
            key: keys.take(upper(name), ""),
        });
    }
    names
}

/// Names given out so far.
pub(crate) struct Taken(Vec<String>);

impl Taken {
    pub(crate) fn new(reserved: &[&str]) -> Self {
        Self(reserved.iter().chain(KEYWORDS).map(|&word| word.to_owned()).collect())
    }

    /// `name`, or with the suffix, or with underscores, whichever is free first.
    pub(crate) fn take(&mut self, name: String, suffix: &str) -> String {
        let mut free = name;
        if self.0.contains(&free) {
            let joint = if suffix.is_empty() || free.chars().any(char::is_lowercase) { "" } else { "_" };
            free = format!("{free}{joint}{suffix}");
        }
        while self.0.contains(&free) {
            free.push('_');
        }
        self.0.push(free.clone());
        free
    }
}

/// `link-attrs` and `DOC_EXMPL` as types: `LinkAttrs`, `DocExmpl`.
pub(crate) fn camel(name: &str) -> String {
    let words = name.split(['-', '_', '.']).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|c| c.to_ascii_uppercase());
        // A word in capitals is a constant's; one in mixed case keeps its humps.
        let rest = chars.as_str();
        let rest = if rest.chars().any(char::is_lowercase) { rest.to_owned() } else { rest.to_ascii_lowercase() };
        first.into_iter().chain(rest.chars()).collect::<String>()
    };
    start(words.map(capital).collect())
}

/// As a field or function.
pub(crate) fn snake(name: &str) -> String {
    start(joined(name).to_ascii_lowercase())
}

/// As a constant.
pub(crate) fn upper(name: &str) -> String {
    start(joined(name).to_ascii_uppercase())
}

fn joined(name: &str) -> String {
    name.split(['-', '_', '.']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_")
}

fn start(name: String) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() { format!("_{name}") } else { name }
}

/// Every use of an enum, with the integer that carries it.
fn uses(spec: &Spec) -> Vec<(EnumUse, Width)> {
    let mut found = Vec::new();
    let mut note = |scalar: &Scalar| found.extend(scalar.names.map(|names| (names, scalar.width)));
    let bits =
        |id: EnumId| Scalar { width: Width::U32, order: ByteOrder::Host, names: Some(EnumUse { id, as_flags: true }) };
    for attribute in spec.sets.iter().flat_map(|set| &set.attributes) {
        match &attribute.kind {
            Kind::Scalar(scalar) | Kind::Binary { element: Some(scalar), .. } => note(scalar),
            Kind::Bitfield32(Some(id)) => note(&bits(*id)),
            Kind::IndexedArray { element, .. } => {
                if let Kind::Scalar(scalar) = &**element {
                    note(scalar);
                }
            }
            _ => {}
        }
    }
    for member in spec.structs.iter().flat_map(|s| &s.members) {
        if let MemberKind::Scalar { width, order, names } = member.kind {
            note(&Scalar { width, order, names });
        }
    }
    found
}

/// The widest integer that carries an enum, and wide enough for its entries.
fn int(e: &Enum, index: usize, uses: &[(EnumUse, Width)]) -> Width {
    let widest = uses.iter().filter(|(used, _)| used.id.index() == index).map(|(_, width)| *width);
    let widest = widest.max_by_key(|width| width.bytes().unwrap_or(8));
    let mut width = match widest {
        None => Width::U32,
        Some(Width::Uint) => Width::U64,
        Some(Width::Sint) => Width::S64,
        Some(width) => width,
    };
    let as_flags = e.is_flags || uses.iter().any(|(used, _)| used.id.index() == index && used.as_flags);
    let highest = e.entries.iter().map(|entry| e.wire_value(entry, as_flags)).max().unwrap_or(0);
    if highest > width.range().1 {
        width = if highest > i128::from(u32::MAX) { Width::U64 } else { Width::U32 };
    }
    width
}

/// The fixed header of the family: that of the first operation that has one. Others say what theirs is.
fn header(spec: &Spec) -> Option<StructId> {
    spec.operations.iter().filter(|op| !op.is_reserved()).find_map(|op| op.fixed_header)
}

#[cfg(test)]
mod tests {
    use super::{Taken, camel, snake, upper};

    #[test]
    fn cases() {
        for (name, a, b, c) in [
            ("link-attrs", "LinkAttrs", "link_attrs", "LINK_ATTRS"),
            ("DOC_EXMPL", "DocExmpl", "doc_exmpl", "DOC_EXMPL"),
            ("--kernel-timespec", "KernelTimespec", "kernel_timespec", "KERNEL_TIMESPEC"),
            ("6rd-prefix", "_6rdPrefix", "_6rd_prefix", "_6RD_PREFIX"),
            ("ipv4-or-v6", "Ipv4OrV6", "ipv4_or_v6", "IPV4_OR_V6"),
            ("tbInterval", "TbInterval", "tbinterval", "TBINTERVAL"),
        ] {
            assert_eq!((camel(name), snake(name), upper(name)), (a.into(), b.into(), c.into()));
        }
    }

    #[test]
    fn nothing_is_named_twice_nor_as_a_keyword() {
        let mut taken = Taken::new(&["Policy"]);
        for (name, suffix, given) in [
            ("Policy", "Set", "PolicySet"),
            ("Policy", "Set", "PolicySet_"),
            ("type", "", "type_"),
            ("NOTIFY", "GROUP", "NOTIFY"),
            ("NOTIFY", "VALUE", "NOTIFY_VALUE"),
        ] {
            assert_eq!(taken.take(name.into(), suffix), given);
        }
    }
}
