//! Operations and multicast groups.

use std::collections::HashMap;

use crate::error::{Error, suggestion};
use crate::fields::Fields;
use crate::model::*;
use crate::read::attributes::unknown_attribute;
use crate::read::definitions::{kernels, rust_name};
use crate::read::{Reader, c_upper, define, resolve, word};
use crate::yaml::Node;

/// What all operations of a family share.
struct Common {
    model: EnumModel,
    fixed_header: Option<StructId>,
    prefix: String,
    async_prefix: String,
}

/// Ids given out so far.
#[derive(Default)]
struct Counters {
    request: u32,
    reply: u32,
}

impl Reader {
    pub(super) fn groups(&mut self, node: Option<&Node>) -> Result<(), Error> {
        let Some(node) = node else { return Ok(()) };
        let mut fields = Fields::of(node, "\"mcast-groups\"")?;
        fields.required("list")?;
        for node in fields.items("list")? {
            let mut group = Fields::of(node, "the group")?;
            let name_node = group.required("name")?;
            let name = word(name_node, "the group's name")?;
            group.what = format!("group \"{name}\"");
            define(&mut self.groups, name_node, name, "multicast group", GroupId(self.spec.groups.len()))?;
            // Headers that the kernel's generator writes follow its pattern, older ones do as they like.
            let pattern =
                (self.spec.protocol == Protocol::Genetlink).then(|| format!("{}-mcgrp-{name}", self.spec.name));
            let c_name = group.owned("c-define-name")?.or(pattern).unwrap_or_default();
            let value = group.take("value");
            if let Some(node) = value.filter(|_| self.spec.protocol.is_generic()) {
                return Err(node.place.error(format_args!(
                    "\"value\" of group \"{name}\"; generic netlink numbers its groups at registration"
                )));
            }
            let value = match group.integer::<u32>("value")? {
                Some(0) => return Err(node.place.error(format_args!("group \"{name}\" is 0; groups count from 1"))),
                other => other,
            };
            let read = Group {
                name: name.to_owned(),
                id: value,
                flags: op_flags(&mut group)?,
                c_name: c_upper("", &c_name),
                place: group.place().clone(),
            };
            group.doc()?;
            group.finish()?;
            self.spec.groups.push(read);
        }
        fields.finish()
    }

    pub(super) fn operations(&mut self, node: &Node, merge: Option<&Node>) -> Result<(), Error> {
        let mut fields = Fields::of(node, "\"operations\"")?;
        let model = fields
            .choice("enum-model", &[("unified", EnumModel::Unified), ("directional", EnumModel::Directional)])?
            .unwrap_or_default();
        let prefix = match fields.nullable("name-prefix")? {
            Some(prefix) => prefix.unwrap_or_default(),
            None => format!("{}-cmd-", self.spec.name),
        };
        let common = Common {
            model,
            fixed_header: self.fixed_header(&mut fields)?,
            async_prefix: fields.owned("async-prefix")?.unwrap_or_else(|| prefix.clone()),
            prefix,
        };
        self.spec.enum_model = model;
        self.spec.c_names.cmd_enum = fields.nullable("enum-name")?.flatten();
        self.spec.c_names.async_enum = fields.nullable("async-enum")?.flatten();
        fields.required("list")?;
        let list = fields.items("list")?;
        fields.finish()?;

        let mut names = HashMap::new();
        for (index, node) in list.iter().enumerate() {
            let name = Fields::of(node, "the operation")?.required("name")?;
            define(&mut names, name, word(name, "the operation's name")?, "operation", OpId(index))?;
        }
        let mut counters = Counters { request: 1, reply: 1 };
        for node in list {
            let op = self.operation(node, &common, &names, &mut counters)?;
            self.check_request_id(&op)?;
            self.spec.operations.push(op);
        }
        self.notifications(list)?;
        self.merges(list, merge)
    }

    fn operation(
        &self,
        node: &Node,
        common: &Common,
        names: &HashMap<String, OpId>,
        counters: &mut Counters,
    ) -> Result<Operation, Error> {
        let mut fields = Fields::of(node, "the operation")?;
        let name = fields.required("name")?.text("the operation's name")?;
        fields.what = format!("operation \"{name}\"");
        let what = fields.of_key("attribute-set");
        let set = fields
            .take("attribute-set")
            .map(|node| resolve(&self.sets, node, &what, "an attribute set"))
            .transpose()?;
        let value = fields.integer::<u16>("value")?;
        let what = fields.of_key("notify");
        let notify = fields.take("notify").map(|node| resolve(names, node, &what, "an operation")).transpose()?;
        let (doit, dump, event) = (fields.take("do"), fields.take("dump"), fields.take("event"));
        let unasked = notify.is_some() || event.is_some();
        if unasked && (doit.is_some() || dump.is_some()) || notify.is_some() && event.is_some() {
            return Err(node.place.error(format_args!(
                "{} has several of do or dump, notify, event; expected do and dump, or one of the others",
                fields.what
            )));
        }
        let (request_id, reply_id) = match common.model {
            EnumModel::Unified => counters.unified(value),
            EnumModel::Directional if unasked => counters.unasked(value),
            EnumModel::Directional => {
                let main = doit.or(dump).ok_or_else(|| {
                    node.place.error(format_args!(
                        "{} has neither do, dump, notify nor event; directional ids need one",
                        fields.what
                    ))
                })?;
                if let Some(value) = fields.node.entry("value") {
                    return Err(value.place.error(format_args!(
                        "\"value\" of {}; with directional ids it stands in request and reply",
                        fields.what
                    )));
                }
                counters.directional(main)?
            }
        };
        let mode = |node: Option<&Node>, mode: &str| {
            node.map(|node| self.mode(node, &format!("\"{mode}\" of {}", fields.what), set, request_id, reply_id))
                .transpose()
        };
        let (doit, dump) = (mode(doit, "do")?, mode(dump, "dump")?);
        let event = event
            .map(|node| self.message(node, &format!("\"event\" of {}", fields.what), set, reply_id.unwrap_or_default()))
            .transpose()?;
        let what = fields.of_key("mcgrp");
        let group =
            fields.take("mcgrp").map(|node| resolve(&self.groups, node, &what, "a multicast group")).transpose()?;
        let fixed_header = self.fixed_header(&mut fields)?.or(common.fixed_header);
        let any_reply_seq = match fields.overlay("reply-seq")? {
            Some(node) => crate::fields::word(node, "\"reply-seq\"", &[("any", true), ("request", false)])?,
            None => false,
        };
        let op = Operation {
            name: name.to_owned(),
            doc: fields.doc()?,
            c_name: c_upper(if unasked { &common.async_prefix } else { &common.prefix }, name),
            set,
            request_id: request_id.filter(|_| !unasked).map(narrow_id),
            reply_id: reply_id.map(narrow_id),
            doit,
            dump,
            notify,
            event,
            group,
            flags: op_flags(&mut fields)?,
            dont_validate: dont_validate(&mut fields)?,
            fixed_header,
            config: fields.owned("config-cond")?,
            merge: None,
            any_reply_seq,
            kernels: kernels(&mut fields)?,
            rust_name: rust_name(&mut fields)?,
            place: fields.place().clone(),
        };
        fields.overlay("merge")?;
        let highest: u32 = if self.spec.protocol.is_generic() { u8::MAX.into() } else { u16::MAX.into() };
        if let Some(id) = request_id.into_iter().chain(reply_id).find(|id| *id > highest) {
            return Err(node.place.error(format_args!("{} has id {id}; expected at most {highest}", fields.what)));
        }
        fields.finish()?;
        Ok(op)
    }

    fn fixed_header(&self, fields: &mut Fields<'_>) -> Result<Option<StructId>, Error> {
        let what = fields.of_key("fixed-header");
        fields.take("fixed-header").map(|node| resolve(&self.structs, node, &what, "a struct")).transpose()
    }

    fn mode(
        &self,
        node: &Node,
        what: &str,
        set: Option<SetId>,
        request_id: Option<u32>,
        reply_id: Option<u32>,
    ) -> Result<Mode, Error> {
        let mut fields = Fields::of(node, what)?;
        let message = |node: Option<&Node>, key: &str, id: Option<u32>| {
            node.map(|node| self.message(node, &format!("\"{key}\" in {what}"), set, id.unwrap_or_default()))
                .transpose()
        };
        let request = message(fields.take("request"), "request", request_id)?;
        let reply = message(fields.take("reply"), "reply", reply_id)?;
        let mode = Mode {
            request: request
                .unwrap_or(Message { id: narrow_id(request_id.unwrap_or_default()), attributes: Vec::new() }),
            reply,
            pre: fields.owned("pre")?,
            post: fields.owned("post")?,
        };
        fields.finish()?;
        Ok(mode)
    }

    fn message(&self, node: &Node, what: &str, set: Option<SetId>, id: u32) -> Result<Message, Error> {
        let mut fields = Fields::of(node, what)?;
        let id = fields.integer::<u16>("value")?.unwrap_or(narrow_id(id));
        let mut attributes = Vec::new();
        for node in fields.items("attributes")? {
            let name = node.text(&format!("an attribute in {what}"))?;
            let Some(set) = set else {
                return Err(node.place.error(format_args!(
                    "attribute \"{name}\" in {what}, which has no \"attribute-set\" to take it from"
                )));
            };
            let set = &self.spec[set];
            match set.attributes.iter().position(|attribute| attribute.name == name) {
                // Some lists of the kernel's specs name an attribute twice.
                Some(index) if attributes.contains(&index) => {}
                Some(index) => attributes.push(index),
                None => return Err(unknown_attribute(node, name, set)),
            }
        }
        fields.finish()?;
        Ok(Message { id, attributes })
    }

    /// Two ops cannot share the id of a request.
    fn check_request_id(&self, op: &Operation) -> Result<(), Error> {
        let other =
            self.spec.operations.iter().find(|other| op.request_id.is_some() && other.request_id == op.request_id);
        match other {
            None => Ok(()),
            Some(other) => Err(op.place.error(format_args!(
                "operation \"{}\" has id {}, as \"{}\" has",
                op.name,
                op.request_id.unwrap_or_default(),
                other.name
            ))),
        }
    }

    /// A notification carries what the op that it names replies to do, else to dump.
    fn notifications(&mut self, list: &[Node]) -> Result<(), Error> {
        for (index, node) in list.iter().enumerate() {
            let Some(op) = self.spec.operations.get(index) else { continue };
            let Some(of) = op.notify else { continue };
            let of = &self.spec[of];
            let reply = of.doit.iter().chain(&of.dump).find_map(|mode| mode.reply.as_ref());
            let Some(reply) = reply else {
                let place = node.entry("notify").map_or(&node.place, |node| &node.place);
                return Err(
                    place.error(format_args!("\"{}\" repeats the reply of \"{}\", which has none", op.name, of.name))
                );
            };
            let body = Message { id: op.reply_id.unwrap_or_default(), attributes: reply.attributes.clone() };
            let (set, header) = (of.set, of.fixed_header);
            if let Some(op) = self.spec.operations.get_mut(index) {
                op.event = Some(body);
                op.set = set;
                op.fixed_header = op.fixed_header.or(header);
            }
        }
        Ok(())
    }

    /// `merge` of an op, or of the family for every dump whose set has the attribute.
    fn merges(&mut self, list: &[Node], family: Option<&Node>) -> Result<(), Error> {
        let mut used = false;
        for (index, node) in list.iter().enumerate() {
            let Some(op) = self.spec.operations.get(index) else { continue };
            let own = node.entry("merge");
            let merge = match (own, op.set) {
                (None, None) => None,
                (Some(node), None) => {
                    return Err(node
                        .place
                        .error(format_args!("\"merge\" of \"{}\", which has no attribute set", op.name)));
                }
                (Some(node), Some(set)) if op.dump.is_some() => Some(self.merge(node, &self.spec[set])?),
                (Some(node), Some(_)) => {
                    return Err(node.place.error(format_args!("\"merge\" of \"{}\", which has no dump", op.name)));
                }
                (None, Some(set)) => match family {
                    Some(node) if op.dump.is_some() && self.has_merged(node, &self.spec[set]) => {
                        used = true;
                        Some(self.merge(node, &self.spec[set])?)
                    }
                    _ => None,
                },
            };
            if let Some(op) = self.spec.operations.get_mut(index) {
                op.merge = merge;
            }
        }
        match family {
            Some(node) if !used => Err(node.place.error("no dump of the family has the attribute of this \"merge\"")),
            _ => Ok(()),
        }
    }

    fn has_merged(&self, node: &Node, set: &AttributeSet) -> bool {
        node.entry("attribute").and_then(|node| node.text("").ok()).is_some_and(|name| set.attribute(name).is_some())
    }

    fn merge(&self, node: &Node, set: &AttributeSet) -> Result<Merge, Error> {
        let mut fields = Fields::of(node, "\"merge\"")?;
        let position = |node: &Node, set: &AttributeSet| {
            let name = node.text("an attribute of \"merge\"")?;
            let index = set.attributes.iter().position(|attribute| attribute.name == name);
            index.ok_or_else(|| unknown_attribute(node, name, set))
        };
        let list_node = fields.required("attribute")?;
        let attribute = position(list_node, set)?;
        let inner = set.attributes.get(attribute).and_then(|attribute| match &attribute.kind {
            Kind::IndexedArray { element, .. } => match **element {
                Kind::Nest(set) => set,
                _ => None,
            },
            Kind::Nest(set) if attribute.multi => *set,
            _ => None,
        });
        let Some(inner) = inner else {
            return Err(list_node
                .place
                .error("the attribute of \"merge\" is no list of nests; only those are put together"));
        };
        let inner = &self.spec[inner];
        let merge = Merge {
            attribute,
            key: position(fields.required("key")?, inner)?,
            append: fields.items("append")?.iter().map(|node| position(node, inner)).collect::<Result<_, _>>()?,
        };
        fields.finish()?;
        Ok(merge)
    }
}

impl Counters {
    /// tools/net/ynl/pyynl/lib/nlspec.py: SpecFamily._dictify_ops_unified
    fn unified(&mut self, value: Option<u16>) -> (Option<u32>, Option<u32>) {
        let id = value.map_or(self.request, u32::from);
        self.request = id.saturating_add(1);
        (Some(id), Some(id))
    }

    /// … _dictify_ops_directional: notifications and events take a reply's id alone.
    fn unasked(&mut self, value: Option<u16>) -> (Option<u32>, Option<u32>) {
        let id = value.map_or(self.reply, u32::from);
        self.reply = id.saturating_add(1);
        (None, Some(id))
    }

    /// … and an op without a reply does not advance the replies' counter.
    fn directional(&mut self, mode: &Node) -> Result<(Option<u32>, Option<u32>), Error> {
        let explicit = |part: &str| -> Result<Option<u32>, Error> {
            let what = format!("\"value\" of \"{part}\"");
            let value = mode.entry(part).and_then(|node| node.entry("value"));
            value.map(|node| crate::fields::narrow(node, node.integer(&what)?, &what)).transpose()
        };
        let request = explicit("request")?.unwrap_or(self.request);
        let reply = explicit("reply")?.unwrap_or(self.reply);
        self.request = request.saturating_add(1);
        if mode.entry("reply").is_none() {
            self.reply = reply;
            return Ok((Some(request), None));
        }
        self.reply = reply.saturating_add(1);
        Ok((Some(request), Some(reply)))
    }
}

fn op_flags(fields: &mut Fields<'_>) -> Result<OpFlags, Error> {
    let mut flags = OpFlags::default();
    for node in fields.items("flags")? {
        match node.text("a flag")? {
            "admin-perm" => flags.admin_perm = true,
            "uns-admin-perm" => flags.uns_admin_perm = true,
            other => return Err(no_flag(node, other, &fields.what, &["admin-perm", "uns-admin-perm"])),
        }
    }
    Ok(flags)
}

fn dont_validate(fields: &mut Fields<'_>) -> Result<DontValidate, Error> {
    let mut dont = DontValidate::default();
    for node in fields.items("dont-validate")? {
        match node.text("an entry of \"dont-validate\"")? {
            "strict" => dont.strict = true,
            "dump" => dont.dump = true,
            "dump-strict" => dont.dump_strict = true,
            other => return Err(no_flag(node, other, &fields.what, &["strict", "dump", "dump-strict"])),
        }
    }
    Ok(dont)
}

fn no_flag(node: &Node, found: &str, what: &str, known: &[&str]) -> Error {
    let hint = suggestion(found, known.iter().copied());
    node.place.error(format_args!("{what} has flag \"{found}\"; expected one of {}{hint}", known.join(", ")))
}

/// Ids above 16 bits have been refused, or will be by [`Reader::operation`].
fn narrow_id(id: u32) -> u16 {
    u16::try_from(id).unwrap_or(u16::MAX)
}
