//! The family's marker, its groups, its operations, and all of it as data.

use netloom_spec::{Error, Group, Message, Mode, Operation, Protocol, Spec};

use crate::definition::doc;
use crate::name::Names;
use crate::policy::Policies;
use crate::text::{Text, WIDTH};

pub(crate) fn family(spec: &Spec, names: &Names, text: &mut Text) {
    let name = &names.family;
    text.line("");
    let alias = spec.c_names.family.as_deref().unwrap_or("");
    text.doc(0, &format!("Family {}.", spec.name), alias, &[name]);
    text.line("#[derive(Clone, Copy, Debug, Default)]");
    text.line(&format!("pub struct {name};"));
    text.line("");
    text.line(&format!("impl Family for {name} {{"));
    text.line(&format!("    type Header = {};", names.header()));
    text.line("    const INFO: &'static FamilyInfo = &INFO;");
    text.line("}");
    text.line("");
    text.line("/// The family as data.");
    text.line("pub static INFO: FamilyInfo = FamilyInfo {");
    text.line(&format!("    name: \"{}\",", spec.name));
    text.line(&format!("    version: {},", spec.version));
    text.line(&format!("    protocol: {},", protocol(spec)));
    text.line(&format!("    header: <{} as FixedHeader>::INFO,", names.header()));
    let ops = sorted(spec).into_iter().map(|op| format!("{}::INFO", names.op(spec, op))).collect::<Vec<_>>();
    text.items(4, "ops: &", &ops, ",");
    text.items(4, "groups: &", &names.groups, ",");
    text.items(4, "merges: &", &merges(spec), ",");
    // A command is 8 bits: beyond 255 there is none.
    text.line(&format!("    resv_start_op: {},", spec.resv_start_op.min(u16::MAX.into())));
    text.line(&format!("    max_attr: {},", max_attr(spec)));
    text.line(&format!("    reply_seq_any: {},", spec.operations.iter().any(|op| op.any_reply_seq)));
    text.line("};");
    for (group, name) in spec.groups.iter().zip(&names.groups) {
        one_group(spec, group, name, text);
    }
}

fn one_group(spec: &Spec, group: &Group, name: &str, text: &mut Text) {
    let number = group.id.map_or("None".to_owned(), |id| format!("Some({id})"));
    let (family, of, protocol) = (&spec.name, &group.name, protocol(spec));
    text.line("");
    text.doc(0, &format!("Group {}.", group.name), &group.c_name, &[name]);
    let fields = format!("family: \"{family}\", name: \"{of}\", protocol: {protocol}, number: {number}");
    let whole = format!("pub const {name}: Group = Group {{ {fields} }};");
    if whole.len() <= WIDTH {
        return text.line(&whole);
    }
    let second = format!("    Group {{ {fields} }};");
    if second.len() <= WIDTH {
        text.line(&format!("pub const {name}: Group ="));
        return text.line(&second);
    }
    text.line(&format!("pub const {name}: Group = Group {{"));
    for field in fields.split(", ") {
        text.line(&format!("    {field},"));
    }
    text.line("};");
}

fn protocol(spec: &Spec) -> String {
    let name = match spec.protocol {
        Protocol::Raw(0) => "ROUTE",
        Protocol::Raw(4) => "SOCK_DIAG",
        Protocol::Raw(6) => "XFRM",
        Protocol::Raw(9) => "AUDIT",
        Protocol::Raw(11) => "CONNECTOR",
        Protocol::Raw(12) => "NETFILTER",
        Protocol::Raw(20) => "RDMA",
        Protocol::Raw(21) => "CRYPTO",
        Protocol::Raw(22) => "SMC",
        Protocol::Raw(number) => {
            // Every number below 32 is a protocol.
            return format!("match Protocol::new({number}) {{ Some(protocol) => protocol, None => Protocol::ROUTE }}");
        }
        _ => "GENERIC",
    };
    format!("Protocol::{name}")
}

/// Operations by number, as nlctrl tells them, then notifications.
fn sorted(spec: &Spec) -> Vec<&Operation> {
    let mut ops: Vec<&Operation> = spec.operations.iter().filter(|op| !op.is_reserved()).collect();
    ops.sort_by_key(|op| (op.request_id.is_none(), op.request_id.or(op.reply_id)));
    ops
}

fn merges(spec: &Spec) -> Vec<String> {
    let mut merges = Vec::new();
    for op in &spec.operations {
        let (Some(merge), Some(set)) = (&op.merge, op.set) else { continue };
        let Some(list) = spec[set].attributes.get(merge.attribute) else { continue };
        let inner = match &list.kind {
            netloom_spec::Kind::IndexedArray { element, .. } => match **element {
                netloom_spec::Kind::Nest(Some(inner)) => inner,
                _ => continue,
            },
            netloom_spec::Kind::Nest(Some(inner)) => *inner,
            _ => continue,
        };
        let name = |index: &usize| spec[inner].attributes.get(*index).map_or("", |attribute| attribute.name.as_str());
        let append: Vec<String> = merge.append.iter().map(|index| format!("\"{}\"", name(index))).collect();
        merges.push(format!(
            "MergeInfo {{ op: \"{}\", list: \"{}\", key: \"{}\", inner: &[{}] }}",
            op.name,
            list.name,
            name(&merge.key),
            append.join(", ")
        ));
    }
    merges
}

/// net/netlink/genetlink.c: ctrl_fill_info tells the family's own maxattr, which only families with one policy have.
fn max_attr(spec: &Spec) -> u16 {
    let global = spec.kernel_policy == netloom_spec::KernelPolicy::Global;
    let first = spec.operations.iter().find_map(|op| op.doit.as_ref().or(op.dump.as_ref()).map(|mode| (op, mode)));
    first.filter(|_| global).map_or(0, |(op, mode)| spec.policy(op, &mode.request).max)
}

pub(crate) fn ops(spec: &Spec, names: &Names, policies: &Policies, text: &mut Text) -> Result<(), Error> {
    text.line("");
    text.line("ops! {");
    for (index, op) in spec.operations.iter().enumerate() {
        if op.is_reserved() {
            continue;
        }
        let mut parts = Vec::new();
        if let Some(mode) = &op.doit {
            let reply = mode.reply.as_ref();
            let reply =
                reply.map(|reply| Ok(format!(" -> {} {}", reply.id, body(spec, names, op, reply)?))).transpose()?;
            let (request, level) = (body(spec, names, op, &mode.request)?, level(op.dont_validate.strict));
            let policy = policies.mode(index, false);
            parts.push(format!("do {} ({request}){}, {policy}{level};", mode.request.id, reply.unwrap_or_default()));
        }
        if let Some(mode) = &op.dump {
            let (request, level) = (body(spec, names, op, &mode.request)?, level(op.dont_validate.dump_strict));
            let (id, reply) = objects(spec, names, op, mode)?;
            let policy = policies.mode(index, true);
            parts.push(format!("dump {} ({request}) -> {id} {reply}, {policy}{level};", mode.request.id));
        }
        if let Some(event) = &op.event {
            let body = body(spec, names, op, event)?;
            parts.push(match group(names, op) {
                Some(group) => format!("notify {} {body}, {group};", event.id),
                None => format!("event {} {body};", event.id),
            });
        }
        let name = names.op(spec, op);
        text.doc(4, &doc(&op.doc, &op.name), &op.c_name, &[name]);
        let under = match op.fixed_header {
            header if header == names.header => String::new(),
            Some(header) => format!(" under {}", names.structure(header)),
            None => " under ()".into(),
        };
        let head = format!("    pub op {name}: {}, \"{}\"{under}{} {{", names.family, op.name, flags(op));
        let whole = format!("{head} {} }}", parts.join(" "));
        if whole.len() <= WIDTH {
            text.line(&whole);
            continue;
        }
        text.line(&head);
        for part in parts {
            text.line(&format!("        {part}"));
        }
        text.line("    }");
    }
    text.line("}");
    Ok(())
}

/// The type of a message: the op's set, or nothing where nothing is said and no header needs a place.
fn body(spec: &Spec, names: &Names, op: &Operation, message: &Message) -> Result<String, Error> {
    match op.set {
        Some(set) if !message.attributes.is_empty() || op.fixed_header.is_some() => Ok(names.set(set).to_owned()),
        None if op.fixed_header.is_some() => Err(Error::at(
            &op.place,
            format_args!(
                "operation \"{}\" has a fixed header and no attribute set of \"{}\"; give it one, if an empty one",
                op.name, spec.name
            ),
        )),
        _ => Ok("()".into()),
    }
}

/// Id and type of a dump's objects.
fn objects(spec: &Spec, names: &Names, op: &Operation, mode: &Mode) -> Result<(u16, String), Error> {
    match &mode.reply {
        Some(reply) => Ok((reply.id, body(spec, names, op, reply)?)),
        None => Ok((op.reply_id.unwrap_or(mode.request.id), body(spec, names, op, &Message::clone(&mode.request))?)),
    }
}

/// The group of a notification: few of the kernel's specs say it, but then there mostly is but one.
fn group<'a>(names: &'a Names, op: &Operation) -> Option<&'a str> {
    let name = match (op.group, names.groups.as_slice()) {
        (Some(group), groups) => groups.get(group.index()),
        (None, [only]) => Some(only),
        _ => None,
    };
    name.map(String::as_str)
}

fn flags(op: &Operation) -> String {
    match (op.flags.admin_perm, op.flags.uns_admin_perm) {
        (true, true) => " [ADMIN_PERM | UNS_ADMIN_PERM]".into(),
        (true, false) => " [ADMIN_PERM]".into(),
        (false, true) => " [UNS_ADMIN_PERM]".into(),
        (false, false) => String::new(),
    }
}

/// net/netlink/genetlink.c: genl_family_rcv_msg_attrs_parse
fn level(liberal: bool) -> &'static str {
    if liberal { ", LIBERAL" } else { "" }
}
