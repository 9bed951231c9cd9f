//! Attribute sets.

use std::collections::HashMap;

use crate::error::{Error, suggestion};
use crate::fields::Fields;
use crate::model::*;
use crate::read::definitions::{kernels, rust_name};
use crate::read::{Reader, c_upper, define, resolve, word};
use crate::yaml::{Node, Value};

pub(super) const BYTE_ORDERS: &[(&str, ByteOrder)] =
    &[("big-endian", ByteOrder::Big), ("little-endian", ByteOrder::Little)];

pub(super) const DISPLAY_HINTS: &[(&str, DisplayHint)] = &[
    ("hex", DisplayHint::Hex),
    ("mac", DisplayHint::Mac),
    ("fddi", DisplayHint::Fddi),
    ("ipv4", DisplayHint::Ipv4),
    ("ipv6", DisplayHint::Ipv6),
    ("ipv4-or-v6", DisplayHint::Ipv4OrV6),
    ("uuid", DisplayHint::Uuid),
];

/// The types that are no integer.
const TYPES: [&str; 10] = [
    "unused",
    "pad",
    "flag",
    "binary",
    "bitfield32",
    "string",
    "nest",
    "indexed-array",
    "nest-type-value",
    "sub-message",
];

const WIDTHS: [Width; 10] = [
    Width::U8,
    Width::U16,
    Width::U32,
    Width::U64,
    Width::S8,
    Width::S16,
    Width::S32,
    Width::S64,
    Width::Uint,
    Width::Sint,
];

/// The low 14 bits of an attribute's type (include/uapi/linux/netlink.h: NLA_TYPE_MASK).
const HIGHEST_ID: i128 = 0x3fff;

pub(super) fn width(name: &str) -> Option<Width> {
    WIDTHS.into_iter().find(|width| width.name() == name)
}

impl Reader {
    /// Gives each set its id, for references that look ahead.
    pub(super) fn name_sets(&mut self, nodes: &[Node]) -> Result<(), Error> {
        for (index, node) in nodes.iter().enumerate() {
            let name = Fields::of(node, "the attribute set")?.required("name")?;
            define(&mut self.sets, name, word(name, "the set's name")?, "attribute set", SetId(index))?;
        }
        Ok(())
    }

    pub(super) fn sets(&mut self, nodes: &[Node]) -> Result<(), Error> {
        let mut subsets = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            // Subsets are filled in below, when their parents are known.
            let set = self.set(node)?;
            if let Some(parent) = set.subset_of {
                subsets.push((index, node, parent));
            }
            self.spec.sets.push(set);
        }
        for (index, node, parent) in subsets {
            let Some(parent_node) = nodes.get(parent.index()) else { continue };
            if let Some(of) = parent_node.entry("subset-of") {
                let name = self.spec[parent].name.clone();
                return Err(node.place.error(format_args!(
                    "\"subset-of\" names set \"{name}\", which is {} a subset; expected a whole set",
                    if of.overlay { "by the overlay" } else { "itself" }
                )));
            }
            let attributes = self.subset(node, parent_node, parent)?;
            if let Some(set) = self.spec.sets.get_mut(index) {
                set.attributes = attributes;
            }
        }
        for (index, node) in nodes.iter().enumerate() {
            let emission = self.emission(index, node)?;
            let rare = self.listed(index, node, "rare")?;
            self.check_selectors(index)?;
            if let Some(set) = self.spec.sets.get_mut(index) {
                (set.emission, set.rare) = (emission, rare);
            }
        }
        Ok(())
    }

    fn set(&self, node: &Node) -> Result<AttributeSet, Error> {
        let mut fields = Fields::of(node, "the attribute set")?;
        let name = fields.required("name")?.text("the set's name")?.to_owned();
        fields.what = format!("set \"{name}\"");
        let what = fields.of_key("subset-of");
        let subset_of =
            fields.take("subset-of").map(|node| resolve(&self.sets, node, &what, "an attribute set")).transpose()?;
        let prefix = fields.take("name-prefix");
        if let (Some(prefix), Some(_)) = (prefix, subset_of) {
            return Err(prefix.place.error("\"name-prefix\" beside \"subset-of\"; a subset takes its parent's names"));
        }
        fields.required("attributes")?;
        let items = fields.items("attributes")?;
        let mut attributes: Vec<Attribute> = Vec::new();
        if subset_of.is_none() {
            let prefix = self.prefix(&name, prefix)?;
            let mut next = 1;
            for node in items {
                let attribute = self.attribute(node, &fields.what, next, &prefix)?;
                next = i128::from(attribute.id) + 1;
                self.add(&mut attributes, attribute, node, &fields.what)?;
            }
        }
        let set = AttributeSet {
            name,
            doc: fields.doc()?,
            subset_of,
            attributes,
            emission: Vec::new(),
            rare: Vec::new(),
            enum_name: fields.nullable("enum-name")?.flatten(),
            count_name: fields.owned("attr-cnt-name")?,
            max_name: fields.owned("attr-max-name")?,
            header: fields.owned("header")?,
            rust_name: rust_name(&mut fields)?,
            place: fields.place().clone(),
        };
        fields.overlay("order")?;
        fields.overlay("rare")?;
        fields.finish()?;
        Ok(set)
    }

    fn add(&self, set: &mut Vec<Attribute>, attribute: Attribute, node: &Node, what: &str) -> Result<(), Error> {
        if set.iter().any(|other| other.name == attribute.name) {
            return Err(node.place.error(format_args!("attribute \"{}\" stands twice in {what}", attribute.name)));
        }
        if let Some(other) = set.iter().find(|other| other.id == attribute.id) {
            return Err(node.place.error(format_args!(
                "attribute \"{}\" has id {}, as \"{}\" of {what} has",
                attribute.name, attribute.id, other.name
            )));
        }
        set.push(attribute);
        Ok(())
    }

    /// tools/net/ynl/pyynl/ynl_gen_c.py: AttrSet.__init__
    fn prefix(&self, set: &str, prefix: Option<&Node>) -> Result<String, Error> {
        let family = &self.spec.name;
        match prefix {
            Some(node) => Ok(node.text("\"name-prefix\"")?.to_owned()),
            None if set == family => Ok(format!("{family}-a-")),
            None => Ok(format!("{family}-{set}-a-")),
        }
    }

    /// The attributes of a subset: the parent's, each key of which the subset may override, under the parent's ids.
    fn subset(&self, node: &Node, parent: &Node, parent_id: SetId) -> Result<Vec<Attribute>, Error> {
        let mut fields = Fields::of(node, "the attribute set")?;
        let name = fields.required("name")?.text("the set's name")?;
        let what = format!("set \"{name}\"");
        let parent_set = &self.spec[parent_id];
        let prefix = self.prefix(&parent_set.name, parent.entry("name-prefix"))?;
        let mut attributes = Vec::new();
        for item in fields.items("attributes")? {
            let wanted = Fields::of(item, format_args!("an attribute of {what}"))?.required("name")?;
            let wanted_name = wanted.text("the attribute's name")?;
            if attributes.iter().any(|other: &Attribute| other.name == wanted_name) {
                // Some subsets of the kernel's specs name an attribute twice.
                continue;
            }
            let Some(base) = parent_set.attribute(wanted_name) else {
                return Err(unknown_attribute(wanted, wanted_name, parent_set));
            };
            if let Some(value) = item.entry("value") {
                return Err(value.place.error(format_args!(
                    "\"value\" of attribute \"{wanted_name}\" in {what}; a subset takes the ids of \"{}\"",
                    parent_set.name
                )));
            }
            let whole =
                parent.entry("attributes").map(|list| list.list("the attributes")).transpose()?.unwrap_or_default();
            let inherited =
                whole.iter().find(|node| node.entry("name").is_some_and(|n| n.text("").ok() == Some(wanted_name)));
            let merged = over(item, inherited);
            let attribute = self.attribute(&merged, &what, base.id.into(), &prefix)?;
            self.add(&mut attributes, Attribute { id: base.id, ..attribute }, item, &what)?;
        }
        Ok(attributes)
    }

    fn attribute(&self, node: &Node, of: &str, next: i128, prefix: &str) -> Result<Attribute, Error> {
        let mut fields = Fields::of(node, format_args!("an attribute of {of}"))?;
        let name = word(fields.required("name")?, "the attribute's name")?;
        fields.what = format!("attribute \"{name}\" of {of}");
        let what = fields.of_key("value");
        let value = fields.take("value").map(|node| Ok((node, node.integer(&what)?))).transpose()?;
        let (at, id) = value.map_or((node, next), |(node, value)| (node, value));
        if !(0..=HIGHEST_ID).contains(&id) {
            return Err(at.place.error(format_args!("{} has id {id}; expected 0 to {HIGHEST_ID}", fields.what)));
        }
        let prefix = fields.text("name-prefix")?.unwrap_or(prefix);
        let kind = self.kind(&mut fields)?;
        let checks = self.checks(&mut fields)?;
        let attribute = Attribute {
            name: name.to_owned(),
            id: u16::try_from(id).unwrap_or_default(),
            doc: fields.doc()?,
            multi: fields.flag("multi-attr")?.unwrap_or(false),
            checks,
            display: fields.choice("display-hint", DISPLAY_HINTS)?,
            c_name: c_upper(prefix, name),
            nested_flag: self.nested_flag(&mut fields, &kind)?,
            header: self.nest_header(&mut fields, &kind)?,
            secret: match fields.overlay("secret")? {
                Some(node) => node.boolean("\"secret\"")?,
                None => false,
            },
            records: self.records(&mut fields, &kind)?,
            array: self.array(&mut fields, &kind)?,
            rust_type: rust_type(&mut fields, &kind)?,
            rust_name: rust_name(&mut fields)?,
            kernels: kernels(&mut fields)?,
            kind,
            place: fields.place().clone(),
        };
        fields.finish()?;
        Ok(attribute)
    }

    fn kind(&self, fields: &mut Fields<'_>) -> Result<Kind, Error> {
        let node = fields.required("type")?;
        let name = node.text(&fields.of_key("type"))?;
        let names = self.enum_use(fields)?;
        let order = fields.choice("byte-order", BYTE_ORDERS)?.unwrap_or_default();
        let nested = self.reference(fields, "nested-attributes", &self.sets, "an attribute set")?;
        let layout = self.reference(fields, "struct", &self.structs, "a struct")?;
        let formats = self.reference(fields, "sub-message", &self.sub_messages, "a sub-message")?;
        let sub_type = fields.take("sub-type");
        // The kernel's ethtool spec has a "type-value" on an integer too, to which nobody gives a meaning.
        let type_value = fields.items("type-value")?;
        let selector = fields.text("selector")?;
        let index = match fields.overlay("index")? {
            Some(node) => Some((
                node,
                crate::fields::word(
                    node,
                    "\"index\"",
                    &[("from-one", IndexBase::FromOne), ("from-zero", IndexBase::FromZero), ("zero", IndexBase::Zero)],
                )?,
            )),
            None => None,
        };
        let scalar = |width| Scalar { width, order, names };

        let simple = |name: &str| -> Option<Kind> {
            Some(match name {
                "unused" => Kind::Unused,
                "pad" => Kind::Pad,
                "flag" => Kind::Flag,
                "bitfield32" => Kind::Bitfield32(names.map(|names| names.id)),
                "string" => Kind::String,
                "nest" => Kind::Nest(nested),
                _ => Kind::Scalar(scalar(width(name)?)),
            })
        };
        let kind = match name {
            "binary" => Kind::Binary {
                layout,
                element: match sub_type {
                    Some(node) => match width(node.text(&fields.of_key("sub-type"))?) {
                        Some(width) if width.bytes().is_some() => Some(scalar(width)),
                        _ => {
                            return Err(node.place.error(format_args!(
                                "\"sub-type\" of {} is {}; a binary is an array of integers of fixed width",
                                fields.what,
                                node.found()
                            )));
                        }
                    },
                    None => None,
                },
            },
            "indexed-array" => {
                let node = sub_type.ok_or_else(|| {
                    fields
                        .place()
                        .error(format_args!("{} has no \"sub-type\"; expected that of its elements", fields.what))
                })?;
                let element = match node.text(&fields.of_key("sub-type"))? {
                    "binary" => Kind::Binary { layout, element: None },
                    other => simple(other).ok_or_else(|| self.unknown_type(node, other, &fields.what))?,
                };
                Kind::IndexedArray { element: Box::new(element), base: index.map(|(_, base)| base).unwrap_or_default() }
            }
            "nest-type-value" => {
                let names = type_value
                    .iter()
                    .map(|node| word(node, &fields.of_key("type-value")).map(str::to_owned))
                    .collect::<Result<Vec<_>, _>>()?;
                if names.is_empty() {
                    return Err(fields.place().error(format_args!(
                        "{} has no \"type-value\"; expected the names of the values in its types",
                        fields.what
                    )));
                }
                Kind::NestTypeValue { names, set: nested }
            }
            "sub-message" => Kind::SubMessage {
                formats: formats.ok_or_else(|| missing(fields, "sub-message", "the formats to select from"))?,
                selector: selector.ok_or_else(|| missing(fields, "selector", "the attribute that selects"))?.to_owned(),
                here: None,
            },
            other => simple(other).ok_or_else(|| self.unknown_type(node, other, &fields.what))?,
        };
        if let Some((node, _)) = index.filter(|_| !matches!(kind, Kind::IndexedArray { .. })) {
            return Err(node.place.error(format_args!("\"index\" of {}; only an indexed-array has one", fields.what)));
        }
        let nests = matches!(&kind, Kind::Nest(_) | Kind::NestTypeValue { .. })
            || matches!(&kind, Kind::IndexedArray { element, .. } if matches!(**element, Kind::Nest(_)));
        if nested.is_some() && !nests {
            return Err(self.misplaced(fields, "nested-attributes", name, "a nest"));
        }
        if formats.is_some() && !matches!(kind, Kind::SubMessage { .. }) {
            return Err(self.misplaced(fields, "sub-message", name, "a sub-message"));
        }
        Ok(kind)
    }

    fn misplaced(&self, fields: &Fields<'_>, key: &str, kind: &str, fits: &str) -> Error {
        let place = fields.node.entry(key).map_or(fields.place(), |node| &node.place);
        place.error(format_args!("\"{key}\" of {}, which is of type {kind}; only {fits} has one", fields.what))
    }

    fn unknown_type(&self, node: &Node, name: &str, what: &str) -> Error {
        if name == "array-nest" {
            return node.place.error(format_args!(
                "{what} has type \"array-nest\", which is now written \"indexed-array\" with \"sub-type: nest\""
            ));
        }
        let known: Vec<&str> = TYPES.into_iter().chain(WIDTHS.iter().map(|width| width.name())).collect();
        let hint = suggestion(name, known.iter().copied());
        node.place.error(format_args!("{what} has type \"{name}\"; expected one of {}{hint}", known.join(", ")))
    }

    pub(super) fn reference<T: Copy>(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        names: &HashMap<String, T>,
        kind: &str,
    ) -> Result<Option<T>, Error> {
        let what = fields.of_key(key);
        fields.take(key).map(|node| resolve(names, node, &what, kind)).transpose()
    }

    fn checks(&self, fields: &mut Fields<'_>) -> Result<Checks, Error> {
        let what = fields.of_key("checks");
        let Some(node) = fields.take("checks") else { return Ok(Checks::default()) };
        let mut fields = Fields::of(node, what)?;
        let limit = |fields: &mut Fields<'_>, key: &'static str| {
            let what = fields.of_key(key);
            fields.take(key).map(|node| self.limit(node, &what)).transpose()
        };
        let length = |fields: &mut Fields<'_>, key: &'static str| {
            let what = fields.of_key(key);
            fields.take(key).map(|node| self.length(node, &what)).transpose()
        };
        let checks = Checks {
            min: limit(&mut fields, "min")?,
            max: limit(&mut fields, "max")?,
            min_len: length(&mut fields, "min-len")?,
            max_len: length(&mut fields, "max-len")?,
            exact_len: length(&mut fields, "exact-len")?,
            flags_mask: self.reference(&mut fields, "flags-mask", &self.enums, "an enum or flags")?,
            unterminated_ok: fields.flag("unterminated-ok")?.unwrap_or(false),
        };
        fields.finish()?;
        let crossed =
            |low: Option<i128>, high: Option<i128>| matches!((low, high), (Some(low), Some(high)) if low > high);
        if crossed(checks.min, checks.max) || crossed(checks.min_len.map(i128::from), checks.max_len.map(i128::from)) {
            return Err(node.place.error("the least is greater than the greatest; nothing would pass"));
        }
        Ok(checks)
    }

    fn nested_flag(&self, fields: &mut Fields<'_>, kind: &Kind) -> Result<bool, Error> {
        match fields.overlay("nested-flag")? {
            None => Ok(self.nested_flag),
            Some(_)
                if !matches!(
                    kind,
                    Kind::Nest(_) | Kind::IndexedArray { .. } | Kind::NestTypeValue { .. } | Kind::SubMessage { .. }
                ) =>
            {
                let name = fields.required("type")?.text("\"type\"")?;
                Err(self.misplaced(fields, "nested-flag", name, "a nest or array"))
            }
            Some(node) => node.boolean("\"nested-flag\""),
        }
    }

    /// The overlay's `records`.
    fn records(&self, fields: &mut Fields<'_>, kind: &Kind) -> Result<Option<SetId>, Error> {
        let what = fields.of_key("records");
        let Some(node) = fields.overlay("records")? else { return Ok(None) };
        let first = match kind {
            Kind::Binary { layout: Some(id), .. } => self.spec[*id].members.first().map(|member| &member.kind),
            _ => None,
        };
        if !matches!(first, Some(MemberKind::Scalar { width: Width::U16, order: ByteOrder::Host, names: None })) {
            return Err(node.place.error(format_args!(
                "{what}; only a binary with a struct whose first member is an u16, the record's length, has records"
            )));
        }
        resolve(&self.sets, node, &what, "an attribute set").map(Some)
    }

    /// The overlay's `array`.
    fn array(&self, fields: &mut Fields<'_>, kind: &Kind) -> Result<bool, Error> {
        match fields.overlay("array")? {
            None => Ok(false),
            Some(node) if matches!(kind, Kind::Binary { layout: Some(_), .. }) => node.boolean("\"array\""),
            Some(_) => {
                let name = fields.required("type")?.text("\"type\"")?;
                Err(self.misplaced(fields, "array", name, "a binary with a struct"))
            }
        }
    }

    /// `fixed-header` of an overlay.
    fn nest_header(&self, fields: &mut Fields<'_>, kind: &Kind) -> Result<Option<StructId>, Error> {
        let what = fields.of_key("fixed-header");
        match fields.overlay("fixed-header")? {
            None => Ok(None),
            Some(node) if matches!(kind, Kind::Nest(Some(_))) => {
                resolve(&self.structs, node, &what, "a struct").map(Some)
            }
            Some(_) => {
                let name = fields.required("type")?.text("\"type\"")?;
                Err(self.misplaced(fields, "fixed-header", name, "a nest of a set"))
            }
        }
    }

    /// The overlay's `order`, the rest behind it by id.
    fn emission(&self, index: usize, node: &Node) -> Result<Vec<usize>, Error> {
        let Some(set) = self.spec.sets.get(index) else { return Ok(Vec::new()) };
        let mut order = self.listed(index, node, "order")?;
        let mut rest: Vec<(u16, usize)> = set.attributes.iter().enumerate().map(|(i, a)| (a.id, i)).collect();
        rest.retain(|(_, index)| !order.contains(index));
        rest.sort_unstable();
        order.extend(rest.into_iter().map(|(_, index)| index));
        Ok(order)
    }

    /// The attributes of a set that one of its keys lists by name.
    fn listed(&self, index: usize, node: &Node, key: &str) -> Result<Vec<usize>, Error> {
        let (Some(set), Some(list)) = (self.spec.sets.get(index), node.entry(key)) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for item in list.list(&format!("\"{key}\" of set \"{}\"", set.name))? {
            let name = item.text(&format!("a name in \"{key}\""))?;
            match set.attributes.iter().position(|attribute| attribute.name == name) {
                Some(index) if found.contains(&index) => {
                    return Err(item.place.error(format_args!("attribute \"{name}\" stands twice in \"{key}\"")));
                }
                Some(index) => found.push(index),
                None => return Err(unknown_attribute(item, name, set)),
            }
        }
        Ok(found)
    }

    /// A selector is an attribute of its own set, or of some set further out.
    fn check_selectors(&mut self, index: usize) -> Result<(), Error> {
        let anywhere = |name: &str| self.spec.sets.iter().any(|set| set.attribute(name).is_some());
        let Some(set) = self.spec.sets.get(index) else { return Ok(()) };
        let mut found = Vec::new();
        for (position, attribute) in set.attributes.iter().enumerate() {
            let Kind::SubMessage { selector, .. } = &attribute.kind else { continue };
            let here = set.attributes.iter().position(|other| other.name == *selector);
            if here.is_none() && !anywhere(selector) {
                return Err(attribute.place.error(format_args!(
                    "attribute \"{}\" is selected by \"{selector}\", which is in no set of this spec{}",
                    attribute.name,
                    suggestion(selector, set.attributes.iter().map(|a| a.name.as_str()))
                )));
            }
            found.push((position, here));
        }
        for (position, selected) in found {
            let attribute = self.spec.sets.get_mut(index).and_then(|set| set.attributes.get_mut(position));
            if let Some(Kind::SubMessage { here, .. }) = attribute.map(|attribute| &mut attribute.kind) {
                *here = selected;
            }
        }
        Ok(())
    }
}

fn missing(fields: &Fields<'_>, key: &str, meaning: &str) -> Error {
    fields.place().error(format_args!("{} has no \"{key}\"; expected {meaning}", fields.what))
}

/// `attribute "ifnam" is not in set "link-attrs" (did you mean "ifname"?)`
pub(super) fn unknown_attribute(node: &Node, name: &str, set: &AttributeSet) -> Error {
    let hint = suggestion(name, set.attributes.iter().map(|attribute| attribute.name.as_str()));
    node.place.error(format_args!("attribute \"{name}\" is not in set \"{}\"{hint}", set.name))
}

/// `item` with the keys that only `base` has.
fn over(item: &Node, base: Option<&Node>) -> Node {
    let mut merged = item.clone();
    if let (Value::Map(entries), Some(Node { value: Value::Map(base), .. })) = (&mut merged.value, base) {
        for (key, value) in base {
            if key.text != "value" && !entries.iter().any(|(k, _)| k.text == key.text) {
                entries.push((key.clone(), value.clone()));
            }
        }
    }
    merged
}

fn rust_type(fields: &mut Fields<'_>, kind: &Kind) -> Result<Option<RustType>, Error> {
    let what = fields.of_key("rust-type");
    let Some(node) = fields.overlay("rust-type")? else { return Ok(None) };
    if !matches!(kind, Kind::Binary { .. }) {
        return Err(node.place.error(format_args!("{what}; only a binary has one")));
    }
    crate::fields::word(
        node,
        &what,
        &[("ip-addr", RustType::IpAddr), ("socket-addr", RustType::SocketAddr), ("via", RustType::Via)],
    )
    .map(Some)
}
