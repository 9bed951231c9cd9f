//! Reading a file of answers.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use netloom_spec::Error as Wrong;
use netloom_spec::yaml::{Fields, Node, Value as Written};
use netloom_wire::{Errno, ModeInfo, OpInfo};
use serde_json::{Map, Value};

use super::pattern::Pattern;
use super::{Answer, Answers, Event, Given, Periodic, Refused, Replies};
use crate::error::{Error, suggestion};
use crate::{Families, Family, Layout, Options};

type Read<T> = Result<T, Wrong>;

pub(super) fn replies(file: &str, text: &str, families: &Families, default: Option<&str>) -> Result<Replies, Error> {
    let root = Node::read(file, text).map_err(Error::plain)?;
    read(&root, families, default).map_err(Error::plain)
}

fn read(root: &Node, families: &Families, default: Option<&str>) -> Read<Replies> {
    let mut fields = Fields::of(root, "the file")?;
    let named = fields.take("family").map(|node| Ok((node, node.text("\"family\"")?))).transpose()?;
    let name = named.map(|(_, name)| name).or(default).ok_or_else(|| {
        Wrong::at(fields.place(), "the file names no family: add \"family: NAME\", or give one spec with --spec FILE")
    })?;
    let place = named.map_or(fields.place(), |(node, _)| &node.place);
    let family = families.find(name).map_err(|error| Wrong::at(place, error))?;
    let mut ops = Vec::new();
    for (key, node) in fields.required("ops")?.map("\"ops\"")? {
        let op = family.info.op(&key.text).filter(|op| op.doit.is_some() || op.dump.is_some());
        let Some(op) = op else {
            let asked = family.info.ops.iter().filter(|op| op.doit.is_some() || op.dump.is_some());
            return Err(Wrong::at(&key.place, unknown("op that can be asked", &key.text, family, asked)));
        };
        // One answer need not be a list.
        let nodes = match &node.value {
            Written::Map(_) => std::slice::from_ref(node),
            _ => node.list(&format!("op \"{}\"", key.text))?,
        };
        let answers = nodes.iter().map(|node| answer(family, op, node)).collect::<Read<_>>()?;
        ops.push(Answers { op, answers });
    }
    let mut periodic = Vec::new();
    for node in fields.items("events")? {
        let mut fields = Fields::of(node, "the event")?;
        fields.required("every-ms")?;
        let every: u32 = fields.integer("every-ms")?.unwrap_or(0);
        if every == 0 {
            return Err(Wrong::at(fields.place(), "\"every-ms\" is 0; expected a time of at least 1 ms"));
        }
        let every = Duration::from_millis(every.into());
        periodic.push(Periodic { every, event: event(family, fields)? });
    }
    fields.finish()?;
    Ok(Replies { family, ops, periodic })
}

fn answer(family: &'static Family, op: &'static OpInfo, node: &Node) -> Read<Answer> {
    let mut fields = Fields::of(node, format_args!("the answer of \"{}\"", op.name))?;
    let request = fields.take("request");
    let (reply, dump) = (fields.take("reply"), fields.take("dump"));
    let refused = refused(&mut fields)?;
    let times = fields.integer::<u32>("times")?;
    let events = fields.items("events")?.iter().map(|node| event(family, Fields::of(node, "the event")?));
    let events = events.collect::<Read<_>>()?;
    fields.finish()?;
    let needs = |mode: Option<ModeInfo>, key: &Node, what: &str| {
        mode.ok_or_else(|| Wrong::at(&key.place, format_args!("\"{}\" cannot be {what} by its spec", op.name)))
    };
    let bodies = |mode: &ModeInfo, nodes: &[Node]| -> Read<Vec<Vec<u8>>> {
        let layout = family.reply(op, mode);
        nodes.iter().map(|node| body(&layout, node)).collect()
    };
    let given = match (reply, dump, refused) {
        (Some(reply), None, None) => {
            let mode = needs(op.doit, reply, "done, but dumped alone")?;
            if mode.reply.is_none() {
                let text = format_args!("\"{}\" has no reply by its spec: leave \"reply\" out", op.name);
                return Err(Wrong::at(&reply.place, text));
            }
            let nodes = if let Written::List(nodes) = &reply.value { nodes } else { std::slice::from_ref(reply) };
            Given::Replies(bodies(&mode, nodes)?)
        }
        (None, Some(dump), end) => {
            let mode = needs(op.dump, dump, "dumped, but done alone")?;
            Given::Dump(bodies(&mode, dump.list("\"dump\"")?)?, end)
        }
        (None, None, Some(refused)) => Given::Refused(refused),
        (None, None, None) => {
            needs(op.doit, node, "done: expected \"dump\" or \"error\"")?;
            Given::Replies(Vec::new())
        }
        (Some(other), _, _) => {
            return Err(Wrong::at(&other.place, "one answer: expected \"reply\" alone, or \"dump\" or \"error\""));
        }
    };
    let mode = match (&given, op.doit, op.dump) {
        (Given::Dump(..), _, Some(mode)) | (_, Some(mode), _) | (_, None, Some(mode)) => mode,
        (_, None, None) => return Err(Wrong::at(&node.place, "the op cannot be asked")),
    };
    let request = request.map(|node| pattern(&family.request(op, &mode), node)).transpose()?;
    Ok(Answer { request, left: times.map(AtomicU32::new), given, events })
}

fn refused(fields: &mut Fields<'_>) -> Read<Option<Refused>> {
    let error = fields.take("error");
    let message = fields.take("message");
    let Some(node) = error else {
        return match message {
            Some(node) => Err(Wrong::at(&node.place, "\"message\" goes with \"error\"")),
            None => Ok(None),
        };
    };
    let text = node.text("\"error\"")?;
    let number = node.maybe_integer().and_then(|number| i32::try_from(number).ok());
    let errno = Errno::named(text).or(number.filter(|number| (1..4096).contains(number)).map(Errno));
    let errno = errno.ok_or_else(|| {
        Wrong::at(&node.place, format_args!("\"{text}\" is no error of Linux; expected a name as EBUSY, or a number"))
    })?;
    let message = message.map(|node| node.text("\"message\"").map(str::to_owned)).transpose()?;
    Ok(Some(Refused { errno, message }))
}

/// The rest of an event's keys.
fn event(family: &'static Family, mut fields: Fields<'_>) -> Read<Event> {
    let named = fields.required("event")?;
    let name = named.text("\"event\"")?;
    let told = family.info.op(name).and_then(|op| Some((op, op.notify?)));
    let Some((op, notify)) = told else {
        let told = family.info.ops.iter().filter(|op| op.notify.is_some());
        return Err(Wrong::at(&named.place, unknown("event", name, family, told)));
    };
    let position = |name: &str| family.info.groups.iter().position(|group| group.name == name);
    let group = notify.group.and_then(|group| position(group.name)).ok_or_else(|| {
        Wrong::at(&named.place, format_args!("the spec does not say to which group \"{name}\" goes: expected mcgrp"))
    })?;
    let layout = Layout::notification(family.header(op), &notify);
    let body = match fields.take("body") {
        Some(node) => body(&layout, node)?,
        None => layout.to_bytes(&Value::Object(Map::new())).map_err(|error| Wrong::at(fields.place(), error))?,
    };
    fields.finish()?;
    Ok(Event { group, number: notify.id, body })
}

fn unknown<'o>(what: &str, name: &str, family: &Family, known: impl Iterator<Item = &'o OpInfo>) -> String {
    let names: Vec<&str> = known.map(|op| op.name).collect();
    let hint = suggestion(name, names.iter().copied());
    match names[..] {
        [] => format!("{} has no {what}", family.info.name),
        _ => format!("{} has no {what} \"{name}\"{hint}; expected one of {}", family.info.name, names.join(", ")),
    }
}

/// What stands behind the headers of a message.
fn body(layout: &Layout, node: &Node) -> Read<Vec<u8>> {
    layout.to_bytes(&json(node)).map_err(|error| misfit(node, &error))
}

fn pattern(layout: &Layout, node: &Node) -> Read<Pattern> {
    let written = json(node);
    // As requests are shown: names for numbers, one way to write bytes.
    let bytes = layout.to_bytes(&written).map_err(|error| misfit(node, &error))?;
    let canonical = layout.decode(&bytes, &Options::default().secrets(true));
    Ok(Pattern::new(written.as_object().unwrap_or(&Map::new()), canonical))
}

/// What does not fit, at the place in the file that its path leads to.
fn misfit(node: &Node, error: &Error) -> Wrong {
    let mut at = node;
    let mut place = &node.place;
    for step in error.path().split(['.', '[']).filter(|step| !step.is_empty()) {
        let next = match (&at.value, step.strip_suffix(']').and_then(|index| index.parse::<usize>().ok())) {
            (Written::List(items), Some(index)) => items.get(index).map(|next| (&next.place, next)),
            (Written::Map(entries), None) => {
                entries.iter().find(|(key, _)| key.text == step).map(|(key, next)| (&key.place, next))
            }
            // A single value for a list of one.
            _ => None,
        };
        let Some((found, next)) = next else { break };
        (place, at) = (found, next);
    }
    Wrong::at(place, error)
}

/// The same as JSON: what stands without quotes may be a number, a truth value or nothing.
fn json(node: &Node) -> Value {
    match &node.value {
        Written::List(items) => items.iter().map(json).collect(),
        Written::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), json(node))).collect(),
        Written::Scalar { text, .. } => {
            let integer = || {
                let integer = node.maybe_integer()?;
                u64::try_from(integer).map(Value::from).or_else(|_| i64::try_from(integer).map(Value::from)).ok()
            };
            match node.boolean("") {
                Ok(truth) => truth.into(),
                Err(_) if node.is_null() => Value::Null,
                Err(_) => integer().unwrap_or_else(|| text.as_str().into()),
            }
        }
    }
}
