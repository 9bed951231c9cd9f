//! The verbs `do` and `dump`: any op of any family whose spec is known.

use std::io::{Read, Write};

use clap::Args;
use netloom::client::RawReply;
use netloom::wire::{Flags, Protocol, RawMessage};
use netloom_dynamic::{Layout, merge};
use serde_json::{Value, json};

use crate::failure::{Failure, tell};
use crate::page;
use crate::session::{Session, Settings, Specs};

/// An op, what it is asked, and how the answer is printed.
#[derive(Args, Debug)]
pub struct Asked {
    /// The family's name, on the wire (DOC_EXMPL) or of its spec (doc_exmpl)
    #[arg(value_name = "FAMILY")]
    pub family: String,
    /// The op's name in the spec
    #[arg(value_name = "OP")]
    pub op: String,
    /// The request as a JSON object by the names of the spec; - reads it from standard input
    #[arg(value_name = "JSON")]
    pub request: Option<String>,
    /// Prints JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Where else specs are.
    #[command(flatten)]
    pub specs: Specs,
}

/// What a creation does with what there is.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Creation {
    /// Creates what does not exist (NLM_F_CREATE)
    #[arg(long)]
    pub create: bool,
    /// Fails if it exists (NLM_F_EXCL)
    #[arg(long)]
    pub excl: bool,
    /// Replaces what exists (NLM_F_REPLACE)
    #[arg(long)]
    pub replace: bool,
    /// Adds to the end of the list (NLM_F_APPEND)
    #[arg(long)]
    pub append: bool,
    /// Wants the notification that it causes as well (NLM_F_ECHO)
    #[arg(long)]
    pub echo: bool,
}

impl Creation {
    fn flags(self) -> Flags {
        let Self { create, excl, replace, append, echo } = self;
        let flags = [
            (create, Flags::CREATE),
            (excl, Flags::EXCL),
            (replace, Flags::REPLACE),
            (append, Flags::APPEND),
            (echo, Flags::ECHO),
        ];
        flags.into_iter().filter(|(wanted, _)| *wanted).fold(Flags::NONE, |all, (_, flag)| all | flag)
    }
}

/// Does an op and prints its replies: as JSON the reply, `null` if there is none, an array if there are several.
pub fn once(asked: &Asked, creation: Creation, settings: &Settings, out: &mut dyn Write) -> Result<(), Failure> {
    let session = Session::open(settings, &asked.specs)?;
    let request = read(asked.request.as_deref())?;
    let mut replies = replies(&session, &asked.family, &asked.op, &request, creation)?;
    if asked.json {
        let all = match replies.len() {
            0 => Value::Null,
            1 => replies.remove(0),
            _ => replies.into(),
        };
        writeln!(out, "{all}")?;
    } else {
        page::objects(&replies, out)?;
    }
    Ok(out.flush()?)
}

/// Dumps an op and prints its objects, put together where the family splits them over messages: as JSON one array.
pub fn all(asked: &Asked, raw: bool, settings: &Settings, out: &mut dyn Write) -> Result<(), Failure> {
    let session = Session::open(settings, &asked.specs)?;
    let request = read(asked.request.as_deref())?;
    let (objects, failed) = objects(&session, &asked.family, &asked.op, &request, raw)?;
    if asked.json {
        page::array(&objects, out)?;
    } else {
        page::objects(&objects, out)?;
    }
    out.flush()?;
    // What there is is printed nevertheless, and is of one piece with what is told.
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Does an op; the replies as objects.
pub fn replies(
    session: &Session,
    family: &str,
    op: &str,
    request: &Value,
    creation: Creation,
) -> Result<Vec<Value>, Failure> {
    let (family, op) = session.op(family, op)?;
    let mode = op.doit.ok_or_else(|| {
        let name = family.info.name;
        Failure::new(match op.dump {
            Some(_) => format!("{name} {0} can only be dumped: netloom dump {name} {0}", op.name),
            None => format!("{name} {} is only sent to groups: netloom listen {name}", op.name),
        })
    })?;
    let layout = family.request(op, &mode);
    let request = session.request(family, op, mode.request, &layout, request)?;
    let answer = request.flags(creation.flags()).send()?;
    if let Some(warning) = answer.warning {
        tell(format_args!("netloom: {} {}: {warning}", family.info.name, op.name));
    }
    let layout = family.reply(op, &mode);
    let shown = |reply: &RawReply| layout.decode(reply.payload(), &session.options);
    Ok(answer.replies.iter().map(shown).collect())
}

/// Dumps an op; its objects, put together unless `raw`, and the failure that ended the dump, if one did.
pub fn objects(
    session: &Session,
    family: &str,
    op: &str,
    request: &Value,
    raw: bool,
) -> Result<(Vec<Value>, Option<netloom::Error>), Failure> {
    let (family, op) = session.op(family, op)?;
    let mode = op.dump.ok_or_else(|| {
        let name = family.info.name;
        Failure::new(match op.doit {
            Some(_) => format!("{name} {0} cannot be dumped: netloom do {name} {0}", op.name),
            None => format!("{name} {} is only sent to groups: netloom listen {name}", op.name),
        })
    })?;
    let (layout, reply) = (family.request(op, &mode), family.reply(op, &mode));
    let ask = || session.request(family, op, mode.request, &layout, request);
    let generic = family.info.protocol == Protocol::GENERIC;
    let (objects, failed) = dumped(ask, |message| show(&reply, generic, message, session))?;
    Ok(match family.merge_info(op).filter(|_| !raw) {
        Some(info) => (merge(info, objects), failed),
        None => (objects, failed),
    })
}

/// All objects of a dump, asked for again while it is torn; with the failure that ended the last attempt, if one did.
pub fn dumped<'c>(
    ask: impl Fn() -> Result<netloom::client::RawRequest<'c>, Failure>,
    show: impl Fn(RawMessage<'_>) -> Value,
) -> Result<(Vec<Value>, Option<netloom::Error>), Failure> {
    const ATTEMPTS: usize = 10;
    let mut attempt = 1;
    loop {
        let mut dump = ask()?.dump()?;
        let mut objects = Vec::new();
        let mut failed = None;
        while let Some(message) = dump.next_ref() {
            match message {
                Ok(message) => objects.push(show(message)),
                Err(error) => failed = Some(error),
            }
        }
        if let Some(warning) = dump.warning() {
            tell(format_args!("netloom: {warning}"));
        }
        match failed {
            Some(error) if error.is_interrupted() && attempt < ATTEMPTS => attempt += 1,
            failed => return Ok((objects, failed)),
        }
    }
}

/// A message's body as an object.
pub fn show(layout: &Layout, generic: bool, message: RawMessage<'_>, session: &Session) -> Value {
    let body = if generic { message.genl().map_or(&[][..], |(_, body)| body) } else { message.payload };
    layout.decode(body, &session.options)
}

/// The request: an object, empty if none is given.
fn read(request: Option<&str>) -> Result<Value, Failure> {
    let mut input = String::new();
    let text = match request {
        None => return Ok(json!({})),
        Some("-") => {
            let read = std::io::stdin().read_to_string(&mut input);
            read.map_err(|error| Failure::new(format_args!("standard input: {error}")))?;
            &input
        }
        Some(text) => text,
    };
    serde_json::from_str(text).map_err(|error| Failure::new(format_args!("the request is no JSON: {error}")))
}
