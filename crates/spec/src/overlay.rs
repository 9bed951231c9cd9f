//! Overlays: what a spec does not say, or says wrongly.
//!
//! `NAME.overlay.yaml` lies beside `NAME.yaml` and is merged into it before anything is checked, so that all who use
//! the [`Spec`](crate::Spec) see one description. It is keyed by the names of sets, attributes, operations and groups
//! and holds no positions, so that one overlay fits our spec of a family and the kernel's. An entry that matches
//! nothing is an error at its line.
//!
//! ```yaml
//! family:                        # the keys at the root of a spec, and:
//!   resv-start-op: 11            #   first command with the kernel's strict header check (0: all, the default)
//!   header-check: false          #   or: no command has it
//!   nested-flag: false           #   default of all nests of the family
//! definitions:
//!   peer-flags:                  # any key of a definition; entries and members by name
//!     entries: {update-only: {doc: Leave absent peers alone.}}
//! attribute-sets:
//!   device:
//!     order: [name, id]          # in which the kernel emits; the rest follows by id
//!     rare: [options]            # kept aside by generated structs, which are smaller for it
//!     rust-name: Device
//!     attributes:
//!       private-key: {secret: true}
//!       id: {type: u64, enum: ~} # any key of an attribute; ~ takes one away
//!       peers: {index: zero}
//!     add-attributes:            # attributes that the spec lacks, in its own form
//!       - {name: drop, type: u32, value: 24}
//! operations:
//!   get-device:
//!     since: 5.6
//!     do: {request: {attributes: [name, id]}}
//!     merge: {attribute: peers, key: public-key, append: [allowedips]}
//! sub-messages:
//!   options: {formats: {vxlan: {attribute-set: vxlan-attrs}}}
//! mcast-groups:
//!   notify: {flags: [admin-perm]}
//! add:                           # whole things that the spec lacks, in its own form
//!   operations: [{name: set, doc: "Changes it.", attribute-set: device, do: {request: {attributes: [id]}}}]
//! ```
//!
//! A map is merged key by key, everything else replaces what the spec says. Keys that only overlays have:
//!
//! | key | of | meaning |
//! |---|---|---|
//! | `resv-start-op`, `header-check` | family | see above |
//! | `nested-flag` | family, attribute | `false`: this nest or array and its elements are emitted without NLA_F_NESTED |
//! | `order` | set | the emission order |
//! | `rare` | set | the attributes that seldom come: generated structs keep them behind one pointer |
//! | `index` | attribute | types of the elements of an indexed array: `from-one` (default), `from-zero`, `zero` (each 0) |
//! | `secret` | attribute | never shown in traces and errors |
//! | `rust-type` | attribute | `ip-addr` on 4 or 16 bytes, `socket-addr` on a `sockaddr_in` or `sockaddr_in6`, `via` on a `struct rtvia` |
//! | `records` | attribute | the set whose attributes follow each of the structs that the attribute is a list of |
//! | `array` | attribute | `true`: the attribute is its struct any number of times, one after the other |
//! | `fixed-header` | attribute | a struct in front of this nest's attributes, as of veth's peer |
//! | `rust-name` | set, attribute, enum, struct, sub-message, operation | the identifier in generated code |
//! | `since`, `until` | attribute, operation | the first Linux that has it, the first that no longer has it |
//! | `merge` | family, operation | objects that a dump splits over messages: neighbours in `attribute` with the same `key` are one, their `append` lists joined |
//! | `reply-seq` | operation | `any`: replies may carry any sequence number |

use crate::error::{Error, suggestion};
use crate::yaml::{Key, Node, Value};

/// Merges an overlay into the tree of a spec.
pub(crate) fn apply(spec: &mut Node, overlay: &Node) -> Result<(), Error> {
    for (key, patch) in overlay.map("the overlay")? {
        match key.text.as_str() {
            "family" => merge_map(spec, patch, "the family", &[])?,
            "definitions" => merge_list(spec, key, patch, "definition", &["entries", "members"])?,
            "attribute-sets" => merge_sets(spec, key, patch)?,
            "sub-messages" => merge_list(spec, key, patch, "sub-message", &["formats"])?,
            "operations" | "mcast-groups" => {
                let what = if key.text == "operations" { "operation" } else { "group" };
                merge_list(
                    section(spec, key)?,
                    &Key { text: "list".into(), place: key.place.clone() },
                    patch,
                    what,
                    &[],
                )?;
            }
            "add" => add(spec, patch)?,
            other => {
                let known =
                    ["family", "definitions", "attribute-sets", "sub-messages", "operations", "mcast-groups", "add"];
                let hint = suggestion(other, known);
                return Err(key.place.error(format_args!(
                    "unknown section \"{other}\" in the overlay; expected one of {}{hint}",
                    known.join(", ")
                )));
            }
        }
    }
    Ok(())
}

/// The list or map of a spec that a section of the overlay corrects.
fn section<'a>(spec: &'a mut Node, key: &Key) -> Result<&'a mut Node, Error> {
    entry_mut(spec, &key.text)
        .ok_or_else(|| key.place.error(format_args!("the spec has no \"{}\" to correct", key.text)))
}

fn merge_sets(spec: &mut Node, key: &Key, patch: &Node) -> Result<(), Error> {
    let list = section(spec, key)?;
    for (name, patch) in patch.map("\"attribute-sets\" of the overlay")? {
        let set = element(list, name, "attribute set", "")?;
        let what = format!("set \"{}\"", name.text);
        let mut rest = patch.clone();
        let added = remove(&mut rest, "add-attributes");
        merge_map(set, &rest, &what, &["attributes"])?;
        if let Some(added) = added {
            append(set, "attributes", &added)?;
        }
    }
    Ok(())
}

/// `patch` maps names of the elements of `parent`'s list `key` to corrections.
fn merge_list(parent: &mut Node, key: &Key, patch: &Node, what: &str, by_name: &[&str]) -> Result<(), Error> {
    let list = section(parent, key)?;
    for (name, patch) in patch.map(&format!("the overlay's {what}s"))? {
        let target = element(list, name, what, "")?;
        merge_map(target, patch, &format!("{what} \"{}\"", name.text), by_name)?;
    }
    Ok(())
}

/// The element of a list whose `name` (or `value`, of formats) is this.
fn element<'a>(list: &'a mut Node, name: &Key, what: &str, of: &str) -> Result<&'a mut Node, Error> {
    let found = list.found();
    let Value::List(items) = &mut list.value else {
        return Err(list.place.error(format_args!("what holds each {what}{of} is {found}; expected a list")));
    };
    let found = items.iter().position(|item| name_of(item) == Some(name.text.as_str()));
    let names: Vec<String> = items.iter().filter_map(name_of).map(str::to_owned).collect();
    found.and_then(|index| items.get_mut(index)).ok_or_else(|| {
        let hint = suggestion(&name.text, names.iter().map(String::as_str));
        name.place.error(format_args!("the spec has no {what} \"{}\"{of} for this to match{hint}", name.text))
    })
}

fn name_of(item: &Node) -> Option<&str> {
    match &item.value {
        Value::Scalar { text, .. } => Some(text),
        _ => match &item.entry("name").or_else(|| item.entry("value"))?.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        },
    }
}

fn merge_map(target: &mut Node, patch: &Node, what: &str, by_name: &[&str]) -> Result<(), Error> {
    if let Value::Scalar { text, .. } = &target.value {
        // An enum's entry written as its bare name.
        let name = Node { value: Value::Scalar { text: text.clone(), plain: false }, ..target.clone() };
        target.value = Value::Map(vec![(Key { text: "name".into(), place: target.place.clone() }, name)]);
    }
    for (key, value) in patch.map(&format!("the overlay of {what}"))? {
        let inner = format!("\"{}\" of {what}", key.text);
        if by_name.contains(&key.text.as_str()) {
            let singular = match key.text.as_str() {
                "entries" => "entry",
                "members" => "member",
                "formats" => "format",
                _ => "attribute",
            };
            let list = entry_mut(target, &key.text)
                .ok_or_else(|| key.place.error(format_args!("{what} has no {} to correct", key.text)))?;
            for (name, patch) in value.map(&inner)? {
                let item = element(list, name, singular, &format!(" of {what}"))?;
                merge_map(item, patch, &format!("{singular} \"{}\"", name.text), &[])?;
            }
        } else if value.is_null() {
            remove(target, &key.text)
                .ok_or_else(|| key.place.error(format_args!("{what} has no \"{}\" to take away", key.text)))?;
        } else {
            match (entry_mut(target, &key.text), &value.value) {
                (Some(old), Value::Map(_)) if matches!(old.value, Value::Map(_)) => merge_map(old, value, &inner, &[])?,
                (Some(old), _) => *old = value.clone(),
                (None, _) => {
                    if let Value::Map(entries) = &mut target.value {
                        entries.push((key.clone(), value.clone()));
                    }
                }
            }
        }
    }
    Ok(())
}

fn add(spec: &mut Node, added: &Node) -> Result<(), Error> {
    for (key, items) in added.map("\"add\"")? {
        match key.text.as_str() {
            "definitions" | "attribute-sets" | "sub-messages" => append(spec, &key.text, items)?,
            "operations" | "mcast-groups" => {
                if entry_mut(spec, &key.text).is_none()
                    && let Value::Map(entries) = &mut spec.value
                {
                    entries.push((key.clone(), Node { value: Value::Map(Vec::new()), ..items.clone() }));
                }
                append(section(spec, key)?, "list", items)?;
            }
            other => {
                return Err(key.place.error(format_args!(
                    "unknown key \"{other}\" in \"add\"; expected one of definitions, attribute-sets, sub-messages, operations, mcast-groups"
                )));
            }
        }
    }
    Ok(())
}

fn append(parent: &mut Node, key: &str, items: &Node) -> Result<(), Error> {
    let added = items.list(&format!("what is added to \"{key}\""))?;
    match entry_mut(parent, key) {
        Some(Node { value: Value::List(list), .. }) => list.extend_from_slice(added),
        Some(other) => return Err(other.place.error(format_args!("\"{key}\" is {}; expected a list", other.found()))),
        None => {
            if let Value::Map(entries) = &mut parent.value {
                entries.push((Key { text: key.into(), place: items.place.clone() }, items.clone()));
            }
        }
    }
    Ok(())
}

fn entry_mut<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().find(|(k, _)| k.text == key).map(|(_, node)| node),
        _ => None,
    }
}

fn remove(node: &mut Node, key: &str) -> Option<Node> {
    let Value::Map(entries) = &mut node.value else { return None };
    let index = entries.iter().position(|(k, _)| k.text == key)?;
    Some(entries.remove(index).1)
}
