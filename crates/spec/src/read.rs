//! From the tree to the model.

mod attributes;
mod definitions;
mod operations;
mod sub_messages;

use std::collections::HashMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use crate::error::{Cause, Error, Place, suggestion};
use crate::fields::{Fields, narrow};
use crate::model::*;
use crate::overlay;
use crate::yaml::Node;

impl Spec {
    /// Reads a spec and, if it exists, the overlay beside it: `wireguard.yaml` and `wireguard.overlay.yaml`.
    ///
    /// # Errors
    ///
    /// Either file cannot be read, is no YAML, or does not make a spec.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        if name.ends_with(".overlay.yaml") {
            let place = Place { file: name.as_str().into(), line: 0, column: 0 };
            return Err(Error::new(Cause::Content, place, "this is an overlay; name the spec that it corrects"));
        }
        let text = fs::read_to_string(path).map_err(|error| Error::unreadable(&name, &error))?;
        let beside = path.with_extension("overlay.yaml");
        let beside_name = beside.display().to_string();
        let overlay = match fs::read_to_string(&beside) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::unreadable(&beside_name, &error)),
        };
        Self::parse(&name, &text, overlay.as_deref().map(|text| (beside_name.as_str(), text)))
    }

    /// Reads a spec from text. `name` stands in errors, and its last part without extension becomes
    /// [`stem`](Self::stem); an overlay is a name and a text likewise.
    ///
    /// # Errors
    ///
    /// A text is no YAML or does not make a spec.
    pub fn parse(name: &str, text: &str, overlay: Option<(&str, &str)>) -> Result<Self, Error> {
        let mut root = Node::parse(name, text, false)?;
        root.map("the spec")?;
        if let Some((name, text)) = overlay {
            overlay::apply(&mut root, &Node::parse(name, text, true)?)?;
        }
        read(name, &root)
    }
}

fn read(file: &str, root: &Node) -> Result<Spec, Error> {
    let mut fields = Fields::of(root, "the spec")?;
    let name = word(fields.required("name")?, "the family's name")?.to_owned();
    let protocol = protocol(&mut fields)?;
    let doc = fields.required("doc")?.text("\"doc\" of the spec")?.trim().to_owned();
    let version = match fields.take("version") {
        Some(node) => narrow(node, node.integer("\"version\"")?, "\"version\"")?,
        None => 1,
    };
    let uapi_header = fields.owned("uapi-header")?.unwrap_or_else(|| format!("linux/{name}.h"));
    let kernel_policy = fields
        .choice(
            "kernel-policy",
            &[("split", KernelPolicy::Split), ("per-op", KernelPolicy::PerOp), ("global", KernelPolicy::Global)],
        )?
        .unwrap_or_default();
    let c_names = CNames {
        family: fields.owned("c-family-name")?,
        version: fields.owned("c-version-name")?,
        max_by_define: fields.flag("max-by-define")?.unwrap_or(false),
        cmd_max: fields.owned("cmd-max-name")?,
        cmd_count: fields.owned("cmd-cnt-name")?,
        ..CNames::default()
    };
    // Which C types the kernel keeps per socket concerns its own sources alone.
    fields.take("kernel-family");
    let resv_start_op = resv_start_op(&mut fields)?;
    let nested_flag = match fields.overlay("nested-flag")? {
        Some(node) => node.boolean("\"nested-flag\"")?,
        None => true,
    };
    let merge = fields.overlay("merge")?;

    let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let spec = Spec {
        name,
        stem,
        file: file.to_owned(),
        doc,
        protocol,
        version,
        uapi_header,
        kernel_policy,
        c_names,
        constants: Vec::new(),
        enums: Vec::new(),
        structs: Vec::new(),
        sets: Vec::new(),
        sub_messages: Vec::new(),
        enum_model: EnumModel::Unified,
        operations: Vec::new(),
        groups: Vec::new(),
        resv_start_op,
    };
    let mut reader = Reader {
        spec,
        nested_flag,
        constants: HashMap::new(),
        enums: HashMap::new(),
        structs: HashMap::new(),
        sets: HashMap::new(),
        sub_messages: HashMap::new(),
        groups: HashMap::new(),
    };
    let definitions = fields.items("definitions")?;
    let sets = fields.items("attribute-sets")?;
    let sub_messages = fields.items("sub-messages")?;
    let operations = fields.required("operations")?;
    let groups = fields.take("mcast-groups");
    fields.finish()?;

    reader.definitions(definitions)?;
    reader.name_sets(sets)?;
    reader.sub_messages(sub_messages)?;
    reader.sets(sets)?;
    reader.groups(groups)?;
    reader.operations(operations, merge)?;
    Ok(reader.spec)
}

fn protocol(fields: &mut Fields<'_>) -> Result<Protocol, Error> {
    let flavour = fields.choice(
        "protocol",
        &[
            ("genetlink", Protocol::Genetlink),
            ("genetlink-c", Protocol::GenetlinkC),
            ("genetlink-legacy", Protocol::GenetlinkLegacy),
            ("netlink-raw", Protocol::Raw(0)),
        ],
    )?;
    let number = fields.take("protonum");
    match (flavour.unwrap_or(Protocol::Genetlink), number) {
        (Protocol::Raw(_), Some(node)) => match node.integer("\"protonum\"")? {
            number @ 0..=31 => Ok(Protocol::Raw(u8::try_from(number).unwrap_or_default())),
            other => {
                Err(node.place.error(format_args!("\"protonum\" is {other}; expected a netlink protocol, 0 to 31")))
            }
        },
        (Protocol::Raw(_), None) => {
            Err(fields.place().error("a netlink-raw spec needs \"protonum\", the netlink protocol"))
        }
        (_, Some(node)) => Err(node.place.error("\"protonum\" is for netlink-raw; generic netlink families have none")),
        (generic, None) => Ok(generic),
    }
}

fn resv_start_op(fields: &mut Fields<'_>) -> Result<u32, Error> {
    let start = fields.overlay("resv-start-op")?;
    let check = fields.overlay("header-check")?;
    match (start, check) {
        (Some(_), Some(node)) => {
            Err(node.place.error("\"header-check\" beside \"resv-start-op\"; expected one of them"))
        }
        (Some(node), None) => narrow(node, node.integer("\"resv-start-op\"")?, "\"resv-start-op\""),
        (None, Some(node)) => Ok(if node.boolean("\"header-check\"")? { 0 } else { u32::MAX }),
        (None, None) => Ok(0),
    }
}

/// The model in the making and the names defined so far.
struct Reader {
    spec: Spec,
    /// The family's default.
    nested_flag: bool,
    constants: HashMap<String, usize>,
    enums: HashMap<String, EnumId>,
    structs: HashMap<String, StructId>,
    sets: HashMap<String, SetId>,
    sub_messages: HashMap<String, SubMessageId>,
    groups: HashMap<String, GroupId>,
}

impl Reader {
    /// A length or limit: an integer, a constant, a constant less one, or the limit of a width (`u16-max`).
    fn limit(&self, node: &Node, what: &str) -> Result<i128, Error> {
        if let Some(value) = node.maybe_integer() {
            return Ok(value);
        }
        let text = node.text(what)?;
        if let Some(value) = width_limit(text) {
            return Ok(value);
        }
        let (name, less) = match text.strip_suffix(" - 1") {
            Some(name) => (name, 1),
            None => (text, 0),
        };
        let found = self.constants.get(name).and_then(|index| self.spec.constants.get(*index)).map(|c| &c.value);
        match found {
            Some(ConstValue::Integer(value)) => Ok(value.saturating_sub(less)),
            Some(ConstValue::Text(text)) => Err(node
                .place
                .error(format_args!("{what} is constant \"{name}\", which is the text \"{text}\"; expected a number"))),
            None => {
                let hint = suggestion(name, self.constants.keys().map(String::as_str));
                Err(node.place.error(format_args!(
                    "{what} is \"{text}\"; expected an integer, a constant of this spec, or a limit such as u16-max{hint}"
                )))
            }
        }
    }

    fn length(&self, node: &Node, what: &str) -> Result<u32, Error> {
        narrow(node, self.limit(node, what)?, what)
    }
}

fn width_limit(text: &str) -> Option<i128> {
    let (width, end) = text.split_once('-')?;
    let (low, high) = attributes::width(width).filter(|w| w.bytes().is_some())?.range();
    match end {
        "min" => Some(low),
        "max" => Some(high),
        _ => None,
    }
}

/// Looks a name up.
fn resolve<T: Copy>(names: &HashMap<String, T>, node: &Node, what: &str, kind: &str) -> Result<T, Error> {
    let name = node.text(what)?;
    names.get(name).copied().ok_or_else(|| {
        let hint = suggestion(name, names.keys().map(String::as_str));
        node.place.error(format_args!("{what} is \"{name}\"; expected {kind} of this spec{hint}"))
    })
}

/// Defines a name once.
fn define<T>(names: &mut HashMap<String, T>, node: &Node, name: &str, kind: impl Display, id: T) -> Result<(), Error> {
    match names.insert(name.to_owned(), id) {
        None => Ok(()),
        Some(_) => Err(node.place.error(format_args!("{kind} \"{name}\" is defined twice"))),
    }
}

/// A name: letters, digits, `-`, `_` and `.`.
fn word<'a>(node: &'a Node, what: &str) -> Result<&'a str, Error> {
    let text = node.text(what)?;
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        Ok(text)
    } else {
        Err(node.place.error(format_args!("{what} is \"{text}\"; expected a name of letters, digits, \"-\" and \"_\"")))
    }
}

/// As the kernel's generators spell a C macro: `wgpeer-f-` and `remove-me` make `WGPEER_F_REMOVE_ME`.
fn c_upper(prefix: &str, name: &str) -> String {
    format!("{prefix}{name}").replace('-', "_").to_ascii_uppercase()
}

fn c_lower(name: &str) -> String {
    name.replace('-', "_")
}
