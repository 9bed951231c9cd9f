//! Running what the engine hands out: handlers, contained.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use netloom_wire::{Errno, RawAttrs};

use super::engine::{
    Filled, GENL_ID_CTRL, Held as HeldPort, Lease, Next, OpenPort, Outcome, Request, Task, Ticket, Work,
};
use super::log::{Subject, panic_text};
use super::nested::{self, Held, Inside, Running};
use super::{Aside, Chunk, Ctx, Fill, Input, Kernel, Nack, protocol, raw};

/// Whose handlers a piece of work needs.
pub(super) enum Handlers {
    Family(Arc<Lease>),
    Protocol(Option<Arc<protocol::Handlers>>),
}

impl Handlers {
    /// What is held while they run.
    fn serialise(&self) -> Option<&Arc<Mutex<()>>> {
        match self {
            Self::Family(family) => family.handlers.as_ref()?.serialise.as_ref(),
            Self::Protocol(protocol) => protocol.as_ref()?.serialise.as_ref(),
        }
    }
}

impl Kernel {
    /// Runs what a caller's own send or receive on this socket waits for, in this thread, until it is finished.
    #[inline]
    pub(crate) fn settle<'p>(&self, open: &'p OpenPort, mut port: HeldPort<'p>, ticket: Ticket) -> HeldPort<'p> {
        while !port.is_finished(ticket) {
            if port.is_to_tell() {
                // Who listens may receive right there, which may take a turn: before this thread takes one.
                open.release(port);
                port = open.hold();
                continue;
            }
            port = match self.engine().next(&mut port, ticket) {
                Next::Work(work) => self.run_one(open, port, work),
                Next::Turn(protocol) if nested::has_turn(self, protocol) => {
                    match self.engine().next_within(&mut port, ticket) {
                        Some(work) => self.run_one_within(open, port, work),
                        None => port,
                    }
                }
                Next::Turn(protocol) => {
                    open.release(port);
                    self.engine().turns.wait(protocol);
                    open.hold()
                }
                // Another thread runs it.
                Next::Nothing => open.wait(port, None),
            };
        }
        port
    }

    fn run_one<'p>(&self, open: &'p OpenPort, port: HeldPort<'p>, work: Work) -> HeldPort<'p> {
        let handlers = port.handlers(&work.task);
        open.release(port);
        let delay = self.engine().faults.on().and_then(|faults| faults.delays());
        if let Some(delay) = delay {
            std::thread::sleep(delay);
        }
        let running = work.serialised.map(|protocol| Running::begin(self, protocol));
        let inside = Inside::begin();
        let outcome = self.run(open, work.task, &handlers);
        drop(inside);
        // A family that is to go waits for who has its handlers: not beyond this.
        drop((running, handlers));
        let mut port = open.hold();
        self.engine().complete_held(&mut port, work.id, outcome);
        port
    }

    fn run_one_within<'p>(&self, open: &'p OpenPort, port: HeldPort<'p>, work: Work) -> HeldPort<'p> {
        let handlers = port.handlers(&work.task);
        open.release(port);
        let inside = Inside::begin();
        let outcome = self.run_within(open, work.task, &handlers);
        drop((inside, handlers));
        let mut port = open.hold();
        self.engine().complete_held(&mut port, work.id, outcome);
        port
    }

    /// Runs one piece of work, under its protocol's lock.
    fn run(&self, open: &OpenPort, task: Task, handlers: &Handlers) -> Outcome {
        let Some(lock) = handlers.serialise() else { return self.run_unlocked(open, task, handlers) };
        let Some(_here) = Held::begin(lock) else { return self.run_within(open, task, handlers) };
        let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.run_unlocked(open, task, handlers)
    }

    fn run_unlocked(&self, open: &OpenPort, task: Task, handlers: &Handlers) -> Outcome {
        match handlers {
            Handlers::Family(family) => self.run_family(open, task, family.handlers.as_deref()),
            Handlers::Protocol(protocol) => self.run_protocol(open, task, protocol.as_deref()),
        }
    }

    /// Refuses what a handler asked for and would have to wait for that handler. Linux hangs there. What only ends
    /// something runs all the same.
    fn run_within(&self, open: &OpenPort, task: Task, handlers: &Handlers) -> Outcome {
        const TEXT: &str = "a handler waits for itself: make its family parallel";
        let nack = Nack::new(Errno::EDEADLK).with_message(TEXT);
        if task.family().is_some_and(|family| family.id == GENL_ID_CTRL) {
            // nlctrl takes its turn, too, but its handlers wait for nobody, and who calls back needs names.
            return self.run_unlocked(open, task, handlers);
        }
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
            Task::DumpDone(..) | Task::Unbind(_) => self.run_unlocked(open, task, handlers),
        }
    }

    fn run_family(&self, open: &OpenPort, task: Task, family: Option<&raw::Handlers>) -> Outcome {
        let op = |request: &Request| family.and_then(|family| family.ops.get(request.op));
        match task {
            Task::Do(request) => self.run_do(open, &request, op(&request)),
            Task::DumpStart(request) => {
                let generation = Cell::new(0);
                let mut ctx = Ctx::new(self, open, &request, &generation);
                Outcome::Started(self.judge(&request).and_then(|warning| {
                    let dump = op(&request).and_then(|op| op.dump.as_ref()).ok_or_else(gone)?;
                    let subject = || Subject::of(&Task::DumpStart(request.clone()));
                    let started = self.contain(subject, || (dump.start)(&mut ctx));
                    started.unwrap_or_else(panicked).map_err(|nack| match self.version().starts_speak() {
                        true => nack.or_aside(ctx.aside_or(warning)),
                        false => Nack::new(nack.errno()).or_aside(Aside::of(warning)),
                    })
                }))
            }
            Task::DumpFill(request, fill) => self.run_fill(open, &request, op(&request), fill),
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
    fn run_do(&self, open: &OpenPort, request: &Arc<Request>, op: Option<&raw::Op>) -> Outcome {
        let generation = Cell::new(0);
        let mut ctx = Ctx::new(self, open, request, &generation);
        let done = self.judge(request).and_then(|warning| {
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

    /// Judges a request by its policy.
    // net/netlink/genetlink.c: genl_family_rcv_msg_attrs_parse
    fn judge(&self, request: &Request) -> Result<Option<&'static str>, Nack> {
        let Some(policy) = request.mode.judge() else { return Ok(None) };
        let start = request.attrs_start();
        let attrs: RawAttrs<'_> = request.attrs();
        match policy.validate(attrs, request.mode.strictness) {
            Ok(warning) => Ok(warning.map(|warning| warning.message)),
            Err(reject) => Err(Nack::from_reject(&reject, start, self.version())),
        }
    }

    fn run_fill(
        &self,
        open: &OpenPort,
        request: &Arc<Request>,
        op: Option<&raw::Op>,
        mut fill: super::engine::Fill,
    ) -> Outcome {
        let generation = Cell::new(fill.generation);
        let mut ctx = Ctx::new(self, open, request, &generation);
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

    fn run_protocol(&self, open: &OpenPort, task: Task, protocol: Option<&protocol::Handlers>) -> Outcome {
        let subject = || Subject::of(&task);
        match &task {
            Task::Input(arrival) => {
                if let Some(input) = protocol.and_then(|protocol| protocol.input.as_ref()) {
                    let _ = self.contain(subject, || input(&mut Input::new(self, open, arrival)));
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
