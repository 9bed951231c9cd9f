//! Running what the engine hands out: handlers, contained.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use netloom_wire::{Errno, RawAttrs};

use super::engine::{Filled, Outcome, Request, Task, Ticket};
use super::log::{Subject, panic_text};
use super::nested::{self, Held, Running};
use super::{Aside, Chunk, Ctx, Fill, Input, Kernel, Nack, State, protocol, raw};

/// Whose handlers a piece of work needs.
enum Handlers {
    Family(Option<Arc<raw::Handlers>>),
    Protocol(Option<Arc<protocol::Handlers>>),
}

impl Handlers {
    fn of(state: &State, task: &Task) -> Self {
        match task.family() {
            Some(family) => Self::Family(state.handlers.get(&family.key).cloned()),
            None => Self::Protocol(state.protocols.get(&task.protocol()).cloned()),
        }
    }

    /// What is held while they run.
    fn serialise(&self) -> Option<&Arc<Mutex<()>>> {
        match self {
            Self::Family(family) => family.as_ref()?.serialise.as_ref(),
            Self::Protocol(protocol) => protocol.as_ref()?.serialise.as_ref(),
        }
    }
}

impl Kernel {
    /// Runs what a caller's own send or receive waits for, in this thread, until it is finished.
    pub(crate) fn settle<'k>(&'k self, mut state: MutexGuard<'k, State>, ticket: Ticket) -> MutexGuard<'k, State> {
        while !state.engine.is_finished(ticket) {
            let Some(work) = state.engine.work_of(ticket) else {
                let mut holders = nested::holders(self).into_iter();
                if let Some(work) = holders.find_map(|holder| state.engine.work_within(ticket, holder)) {
                    let id = work.id;
                    let handlers = Handlers::of(&state, &work.task);
                    self.wake(state);
                    let outcome = self.run_within(work.task, &handlers);
                    state = self.lock();
                    state.engine.complete(id, outcome);
                    continue;
                }
                if state.engine.has_ready() {
                    // What is queued already can be read meanwhile.
                    self.wake(state);
                    state = self.lock();
                    continue;
                }
                // Another thread holds the lock that our work needs, or runs it.
                state.stalled = state.stalled.saturating_add(1);
                state = self.0.progress.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.stalled = state.stalled.saturating_sub(1);
                continue;
            };
            let handlers = Handlers::of(&state, &work.task);
            let delay = state.engine.faults.delays();
            self.wake(state);
            if let Some(delay) = delay {
                std::thread::sleep(delay);
            }
            let id = work.id;
            let running = work.serialised.then(|| Running::begin(self, id));
            let outcome = self.run(work.task, &handlers);
            drop(running);
            state = self.lock();
            state.engine.complete(id, outcome);
            if state.stalled > 0 {
                self.0.progress.notify_all();
            }
        }
        state
    }

    /// Runs one piece of work, under its protocol's lock.
    fn run(&self, task: Task, handlers: &Handlers) -> Outcome {
        let Some(lock) = handlers.serialise() else { return self.run_unlocked(task, handlers) };
        let Some(_here) = Held::begin(lock) else { return self.run_within(task, handlers) };
        let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.run_unlocked(task, handlers)
    }

    fn run_unlocked(&self, task: Task, handlers: &Handlers) -> Outcome {
        match handlers {
            Handlers::Family(family) => self.run_family(task, family.as_deref()),
            Handlers::Protocol(protocol) => self.run_protocol(task, protocol.as_deref()),
        }
    }

    /// Refuses what a handler asked for and would have to wait for that handler. Linux hangs there. What only ends
    /// something runs all the same.
    fn run_within(&self, task: Task, handlers: &Handlers) -> Outcome {
        const TEXT: &str = "a handler waits for itself: make its family parallel";
        let nack = Nack::new(Errno::EDEADLK).with_message(TEXT);
        match task {
            Task::Do(_) => Outcome::Did { reply: None, answer: Err(nack), warning: None },
            Task::DumpStart(_) => Outcome::Started(Err(nack)),
            Task::DumpFill(_, fill) => Outcome::Filled {
                cursor: fill.cursor,
                chunk: Vec::new(),
                filled: Filled::Failed(nack),
                generation: fill.generation,
                torn: false,
                filtered: false,
                warning: None,
            },
            Task::Input(_) => {
                self.say(Subject::of(&task), "its input sends to itself under the protocol's lock".to_owned());
                Outcome::Ended
            }
            Task::Bind(_) => Outcome::Bound(Err(Errno::EDEADLK)),
            Task::DumpDone(..) | Task::Unbind(_) => self.run_unlocked(task, handlers),
        }
    }

    fn run_family(&self, task: Task, family: Option<&raw::Handlers>) -> Outcome {
        let op = |request: &Request| family.and_then(|family| family.ops.get(request.op));
        match task {
            Task::Do(request) => self.run_do(&request, op(&request)),
            Task::DumpStart(request) => {
                let generation = Cell::new(0);
                let mut ctx = Ctx::new(self, &request, &generation);
                Outcome::Started(judge(&request).and_then(|warning| {
                    let dump = op(&request).and_then(|op| op.dump.as_ref()).ok_or_else(gone)?;
                    let subject = || Subject::of(&Task::DumpStart(request.clone()));
                    let started = self.contain(subject, || (dump.start)(&mut ctx));
                    started.unwrap_or_else(panicked).map_err(|nack| nack.or_aside(ctx.aside_or(warning)))
                }))
            }
            Task::DumpFill(request, fill) => self.run_fill(&request, op(&request), fill),
            Task::DumpDone(request, cursor) => {
                let done = op(&request).and_then(|op| op.dump.as_ref()).and_then(|dump| dump.done.as_ref());
                let subject = || Subject::of(&Task::Do(request.clone()));
                let _ = self.contain(subject, || match done {
                    Some(done) => done(cursor),
                    None => drop(cursor),
                });
                Outcome::Ended
            }
            Task::Bind(ref joins) => {
                let bind = family.and_then(|family| family.bind.as_ref());
                let at = position(joins);
                let bound = self
                    .contain(|| Subject::of(&task), || bind.zip(at).map_or(Ok(()), |(bind, at)| bind(joins.ns, at)));
                Outcome::Bound(bound.unwrap_or(Err(Errno::EFAULT)))
            }
            Task::Unbind(ref leaves) => {
                let unbind = family.and_then(|family| family.unbind.as_ref());
                if let Some((unbind, at)) = unbind.zip(position(leaves)) {
                    let _ = self.contain(|| Subject::of(&task), || unbind(leaves.ns, at));
                }
                Outcome::Ended
            }
            Task::Input(_) => Outcome::Ended,
        }
    }

    // net/netlink/genetlink.c: genl_family_rcv_msg_doit
    fn run_do(&self, request: &Arc<Request>, op: Option<&raw::Op>) -> Outcome {
        let generation = Cell::new(0);
        let mut ctx = Ctx::new(self, request, &generation);
        let done = judge(request).and_then(|warning| {
            let op = op.ok_or_else(gone)?;
            let handler = op.doit.as_ref().ok_or_else(gone)?;
            let subject = || Subject::of(&Task::Do(request.clone()));
            if let Some(pre) = &op.pre {
                let ready = self.contain(subject, || pre(&mut ctx));
                ready.unwrap_or_else(panicked).map_err(|nack| nack.or_aside(Aside::of(warning)))?;
            }
            let reply = self.contain(subject, || handler(&mut ctx)).unwrap_or_else(panicked);
            if let Some(post) = &op.post {
                let _ = self.contain(subject, || post(&mut ctx));
            }
            let aside = ctx.aside_or(warning);
            match reply {
                Ok(reply) => Ok((reply, aside)),
                Err(nack) => Err(nack.or_aside(aside)),
            }
        });
        match done {
            Ok((reply, aside)) => Outcome::Did { reply, answer: Ok(()), warning: aside.boxed() },
            Err(nack) => Outcome::Did { reply: None, answer: Err(nack), warning: None },
        }
    }

    fn run_fill(&self, request: &Arc<Request>, op: Option<&raw::Op>, mut fill: super::engine::Fill) -> Outcome {
        let generation = Cell::new(fill.generation);
        let mut ctx = Ctx::new(self, request, &generation);
        let subject = || Subject::of(&Task::Do(request.clone()));
        let mut chunk = vec![0; fill.room];
        let number = op.map_or(0, |op| op.reply);
        let mut out = Chunk::new(&mut chunk, request, number, &generation, fill.generation, fill.tear);
        let filled = op.and_then(|op| op.dump.as_ref()).ok_or_else(gone).and_then(|dump| {
            self.contain(subject, || (dump.fill)(&mut fill.cursor, &mut out, &mut ctx)).unwrap_or_else(panicked)
        });
        let (len, generation, torn, filtered) = out.finish();
        chunk.truncate(len);
        let filled = match filled {
            Ok(Fill::More) if len == 0 => {
                self.say(subject(), "its fill says that there is more, and has written nothing".to_owned());
                Filled::Failed(Nack::new(Errno::EMSGSIZE).with_message("the dump makes no progress"))
            }
            Ok(Fill::More) => Filled::More,
            Ok(Fill::Done) => Filled::Done,
            Err(nack) => Filled::Failed(nack.or_aside(ctx.aside_or(None))),
        };
        let warning = ctx.aside_or(None).boxed();
        Outcome::Filled { cursor: fill.cursor, chunk, filled, generation, torn, filtered, warning }
    }

    fn run_protocol(&self, task: Task, protocol: Option<&protocol::Handlers>) -> Outcome {
        let subject = || Subject::of(&task);
        match &task {
            Task::Input(arrival) => {
                if let Some(input) = protocol.and_then(|protocol| protocol.input.as_ref()) {
                    let _ = self.contain(subject, || input(&mut Input::new(self, arrival)));
                }
                Outcome::Ended
            }
            Task::Bind(joins) => {
                let bind = protocol.and_then(|protocol| protocol.bind.as_ref());
                let bound = self.contain(subject, || bind.map_or(Ok(()), |bind| bind(joins.ns, joins.group)));
                Outcome::Bound(bound.unwrap_or(Err(Errno::EFAULT)))
            }
            Task::Unbind(leaves) => {
                if let Some(unbind) = protocol.and_then(|protocol| protocol.unbind.as_ref()) {
                    let _ = self.contain(subject, || unbind(leaves.ns, leaves.group));
                }
                Outcome::Ended
            }
            // Of families alone.
            Task::Do(_) | Task::DumpStart(_) | Task::DumpFill(..) | Task::DumpDone(..) => Outcome::Ended,
        }
    }

    /// Runs a handler; a panic in it is told, and goes no further.
    fn contain<R>(&self, subject: impl Fn() -> Subject, handler: impl FnOnce() -> R) -> Result<R, Panicked> {
        catch_unwind(AssertUnwindSafe(handler)).map_err(|panic| {
            self.say(subject(), format!("the handler panicked: {}", panic_text(&*panic)));
            Panicked
        })
    }
}

struct Panicked;

fn panicked<T>(_: Panicked) -> Result<T, Nack> {
    Err(Nack::new(Errno::EFAULT).with_message("the handler panicked"))
}

fn gone() -> Nack {
    Nack::new(Errno::EOPNOTSUPP)
}

/// A group by its position in its family.
fn position(membership: &super::engine::Membership) -> Option<usize> {
    membership.family.as_ref()?.groups.iter().position(|(_, number)| *number == membership.group)
}

/// Judges a request by its policy.
// net/netlink/genetlink.c: genl_family_rcv_msg_attrs_parse
fn judge(request: &Request) -> Result<Option<&'static str>, Nack> {
    let Some(policy) = request.mode.judge() else { return Ok(None) };
    let start = request.attrs_start();
    let attrs: RawAttrs<'_> = request.attrs();
    match policy.validate(attrs, request.mode.strictness) {
        Ok(warning) => Ok(warning.map(|warning| warning.message)),
        Err(reject) => Err(Nack::from_reject(&reject, start)),
    }
}
