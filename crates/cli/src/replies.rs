//! A family without code, answered from a file: `--replies`.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use netloom::kernel::{Chunk, Config, Ctx, Fill, Kernel, Nack, Registered, raw};
use netloom::wire::{Errno, Full, ModeInfo, OpInfo, Protocol, align};
use netloom_dynamic::replies::{Answer, Event, Given, Refused, Replies};

use crate::decode;
use crate::failure::{Failure, tell};
use crate::session::Specs;

/// The answers of a file, loaded into a kernel side; what they send all the time, they send as long as this is kept.
#[derive(Debug)]
pub struct Script {
    _alive: Arc<()>,
}

#[derive(Debug)]
struct Stage {
    name: String,
    replies: Replies,
}

/// Adds the family of a file of answers, judged by the policies of its spec. Requests that the file has no answer for are
/// refused, and told on standard error.
pub fn load(kernel: &Kernel, path: &Path, specs: &Specs) -> Result<Script, Failure> {
    let families = specs.families()?;
    let (name, bytes) = decode::read(path)?;
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::new(format_args!("{name}: not UTF-8: expected YAML or JSON")))?;
    let only = if let [only] = &specs.files[..] { only.file_stem() } else { None };
    let only = only.map(|stem| stem.to_string_lossy());
    let replies = Replies::parse(&name, &text, &families, only.as_deref())?;
    let stage = Arc::new(Stage { name, replies });
    let registered = stage.register(kernel)?;
    let alive = Arc::new(());
    stage.begin(kernel, &registered, &alive);
    Ok(Script { _alive: alive })
}

impl Stage {
    fn register(self: &Arc<Self>, kernel: &Kernel) -> Result<Registered, Failure> {
        let wrong = |text: String| Failure::new(format_args!("{}: {text}", self.name));
        let info = self.replies.family().info;
        let generic = info.protocol == Protocol::GENERIC;
        if !generic && !kernel.protocols().iter().any(|(protocol, _)| *protocol == info.protocol) {
            let groups = info.groups.iter().filter_map(|group| group.number).max().unwrap_or(0);
            let config = Config::new().families().groups(groups.max(32)).nonroot_recv();
            kernel.register_protocol(info.protocol, config).map_err(|nack| wrong(nack.to_string()))?;
        }
        let mut family = raw::Family::new(info.name)
            .protocol(info.protocol)
            .version(info.version)
            .header_size(info.header.size)
            .max_attr(info.max_attr)
            .resv_start_op(info.resv_start_op)
            .parallel();
        for group in info.groups {
            family = match group.number {
                Some(number) => family.group_numbered(group.name, number),
                None => family.group(group.name),
            };
        }
        let mut halves: Vec<(u16, raw::Op)> = Vec::new();
        for op in info.ops {
            if info.header_of(op).size != info.header.size && (op.doit.is_some() || op.dump.is_some()) {
                return Err(wrong(format!(
                    "op {} has a header of its own, for which there are no replies: leave the op out of the spec",
                    op.name
                )));
            }
            halves.extend(op.doit.map(|mode| (mode.request, self.done(op, mode))));
            halves.extend(op.dump.map(|mode| (mode.request, self.dumped(op, mode))));
        }
        // A do stands before its dump.
        halves.sort_by_key(|(number, _)| *number);
        for (_, half) in halves {
            family = family.op(half);
        }
        kernel.register(family).map_err(|nack| match nack.errno() {
            Errno::EEXIST => wrong(format!(
                "{} is there already: leave out the module that has it (--module), or the file",
                info.name
            )),
            _ => wrong(nack.to_string()),
        })
    }

    fn done(self: &Arc<Self>, op: &'static OpInfo, mode: ModeInfo) -> raw::Op {
        let stage = self.clone();
        let half = raw::Op::new(mode.request).flags(op.flags).split();
        half.do_policy(mode.policy).do_strictness(mode.strictness).doit(move |ctx| {
            let answer = stage.answer(op, ctx)?;
            match &answer.given {
                Given::Replies(bodies) => {
                    let number = mode.reply.unwrap_or(mode.request);
                    bodies.iter().try_for_each(|body| ctx.reply_with(number, |w| w.put_bytes(body)))
                }
                Given::Dump(..) => Err(Nack::new(Errno::EOPNOTSUPP)),
                Given::Refused(refused) => Err(nack(refused)),
            }
        })
    }

    fn dumped(self: &Arc<Self>, op: &'static OpInfo, mode: ModeInfo) -> raw::Op {
        let stage = self.clone();
        let start = move |ctx: &mut Ctx<'_>| -> Result<Walk, Nack> {
            match &stage.answer(op, ctx)?.given {
                Given::Dump(objects, end) => {
                    Ok(Walk { objects: objects.clone().into_iter(), next: None, end: end.clone() })
                }
                Given::Refused(refused) => Err(nack(refused)),
                Given::Replies(_) => Err(Nack::new(Errno::EOPNOTSUPP)),
            }
        };
        let fill = |walk: &mut Walk, out: &mut Chunk<'_>, _: &mut Ctx<'_>| {
            loop {
                let Some(object) = walk.next.take().or_else(|| walk.objects.next()) else {
                    return walk.end.as_ref().map_or(Ok(Fill::Done), |end| Err(nack(end)));
                };
                if let Err(full) = out.message(|w| w.put_bytes(&object)) {
                    walk.next = Some(object);
                    return if full == Full::Room && !out.is_empty() { Ok(Fill::More) } else { Err(full.into()) };
                }
            }
        };
        let half = raw::Op::new(mode.request).flags(op.flags).split();
        let half = half.dump_policy(mode.policy).dump_strictness(mode.strictness);
        half.reply_number(mode.reply.unwrap_or(mode.request)).dump(raw::Dump::new(start, fill))
    }

    /// The answer to a request, its events sent; a refusal if the file has none.
    fn answer(&self, op: &OpInfo, ctx: &mut Ctx<'_>) -> Result<&Answer, Nack> {
        let mut body = ctx.user_header_bytes().to_vec();
        body.resize(align(body.len()), 0);
        body.extend(ctx.attrs().bytes());
        let Some(answer) = self.replies.answer(op, ctx.is_dump(), &body) else {
            tell(format_args!("netloom: {}: no answer to {}", self.name, self.replies.line(op, ctx.is_dump(), &body)));
            return Err(Nack::new(Errno::EOPNOTSUPP).with_message("the replies have no answer to this request"));
        };
        for Event { group, number, body } in &answer.events {
            ctx.notify_with(*group, *number, |w| w.put_bytes(body))?;
        }
        Ok(answer)
    }

    /// Sends what is sent all the time, as long as somebody is `alive`.
    fn begin(&self, kernel: &Kernel, registered: &Registered, alive: &Arc<()>) {
        let protocol = self.replies.family().info.protocol;
        for periodic in self.replies.periodic() {
            let Event { group, number, body } = &periodic.event;
            let Some((_, group)) = registered.groups.get(*group) else { continue };
            let Ok(message) = registered.message(*number, |w| w.put_bytes(body)) else { continue };
            let (kernel, alive, every, group) = (kernel.clone(), Arc::downgrade(alive), periodic.every, *group);
            thread::spawn(move || {
                let mut next = Instant::now();
                while Weak::strong_count(&alive) > 0 {
                    next += every;
                    thread::sleep(next.saturating_duration_since(Instant::now()));
                    kernel.multicast_raw(protocol, group, message.clone());
                }
            });
        }
    }
}

/// A dump under way.
struct Walk {
    objects: std::vec::IntoIter<Vec<u8>>,
    /// What found no room.
    next: Option<Vec<u8>>,
    end: Option<Refused>,
}

fn nack(refused: &Refused) -> Nack {
    let nack = Nack::new(refused.errno);
    match &refused.message {
        Some(message) => nack.with_message(message.clone()),
        None => nack,
    }
}
