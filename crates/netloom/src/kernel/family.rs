//! Families by type: handlers for op markers, on one state.

use std::sync::Arc;

use netloom_wire as wire;
use netloom_wire::{Body, Errno, FamilyInfo, FixedHeader, Full, Message, OpFlags, OpInfo, Strictness};

use super::chunk::Chunk;
use super::ctx::Ctx;
use super::engine::{GroupEntry, Request};
use super::{Fill, Nack, raw};

/// A family of the kernel side: a state, and a handler for each op that it has.
///
/// Names, numbers, flags and policies come from the op's spec. A handler gets the state, the request as a struct that
/// its policy has accepted, and a [`Ctx`].
///
/// ```
/// use netloom::families::doc_exmpl::{Echo, Msg};
/// use netloom::kernel::{Family, Kernel};
/// let kernel = Kernel::new();
/// kernel.register(Family::new(()).on_do(Echo, |_, _, _| Ok(Msg::new().msg("Hello from kernel space!!!"))))?;
/// let nl = kernel.connect();
/// assert_eq!(nl.call(Echo, &Msg::new().msg("hello"))?.msg.as_deref(), Some("Hello from kernel space!!!"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Family<S> {
    state: Arc<S>,
    info: Option<&'static FamilyInfo>,
    mixed: bool,
    raw: raw::Family,
}

impl<S: Send + Sync + 'static> Family<S> {
    /// A family on this state, without ops yet: the first one says which family it is.
    pub fn new(state: impl Into<Arc<S>>) -> Self {
        Self { state: state.into(), info: None, mixed: false, raw: raw::Family::new("") }
    }

    /// Lets its handlers run at the same time as any others.
    #[doc(alias = "parallel_ops")]
    #[must_use]
    pub fn parallel(mut self) -> Self {
        self.raw = self.raw.parallel();
        self
    }

    /// How `op` is done: in the sender's context, before its send returns. The reply goes out before the acknowledgement.
    #[must_use]
    pub fn on_do<O: wire::Do>(
        self,
        op: O,
        handler: impl Fn(&S, O::Request, &mut Ctx<'_>) -> Result<O::Reply, Nack> + Send + Sync + 'static,
    ) -> Self {
        self.on_do_with(op, move |state, ctx| handler(state, request(ctx.request()), ctx))
    }

    /// The same with the request left where it is: the handler reads it through [`Ctx::attrs`], and owns no more of it
    /// than it wants to.
    #[must_use]
    pub fn on_do_with<O: wire::Do>(
        self,
        op: O,
        handler: impl Fn(&S, &mut Ctx<'_>) -> Result<O::Reply, Nack> + Send + Sync + 'static,
    ) -> Self {
        self.on_do_writing(op, move |state, ctx| {
            let reply = handler(state, ctx)?;
            O::REPLY.map(|number| ctx.encode(number, &reply)).transpose()
        })
    }

    /// The same for a handler that writes its reply itself.
    pub(super) fn on_do_writing<O: wire::Do>(
        mut self,
        op: O,
        handler: impl Fn(&S, &mut Ctx<'_>) -> Result<Option<Vec<u8>>, Nack> + Send + Sync + 'static,
    ) -> Self {
        let info = self.declare(op);
        let level = info.and_then(|op| op.doit).map_or(Strictness::STRICT, |mode| mode.strictness);
        let state = self.state.clone();
        let half = self.half(O::REQUEST, info).do_policy(O::POLICY).do_strictness(level);
        let half = half.doit_replying(move |ctx| handler(&state, ctx));
        self.add(half);
        self
    }

    /// How `op` is dumped, as an iterator over its objects that `list` returns. It must own what it walks (`self:
    /// &Arc<Self>` lets it) because the reader pulls it along, chunk by chunk.
    #[must_use]
    pub fn on_dump<O: wire::Dump, I>(
        self,
        op: O,
        list: impl Fn(&Arc<S>, O::Request, &mut Ctx<'_>) -> Result<I, Nack> + Send + Sync + 'static,
    ) -> Self
    where
        I: Iterator<Item = O::Reply> + Send + 'static,
        O::Reply: Send,
    {
        let state = self.state.clone();
        self.add_dump(
            op,
            raw::Dump::new(
                move |ctx| Ok((list(&state, request(ctx.request()), ctx)?, None)),
                |(objects, waiting): &mut (I, Option<O::Reply>), out, _| loop {
                    let Some(object) = waiting.take().or_else(|| objects.next()) else { return Ok(Fill::Done) };
                    if let Err(full) = out.put(&object) {
                        *waiting = Some(object);
                        return if full == Full::Room && !out.is_empty() { Ok(Fill::More) } else { Err(full.into()) };
                    }
                },
            ),
        )
    }

    /// How `op` is dumped, by position: `start` makes a cursor, `fill` writes objects from there on until the chunk is
    /// full. The cursor is dropped when the dump is over, complete or not.
    #[must_use]
    pub fn on_dump_with<O: wire::Dump, C: Send + 'static>(
        self,
        op: O,
        start: impl Fn(&S, O::Request, &mut Ctx<'_>) -> Result<C, Nack> + Send + Sync + 'static,
        fill: impl Fn(&S, &mut C, &mut Chunk<'_>, &mut Ctx<'_>) -> Result<Fill, Nack> + Send + Sync + 'static,
    ) -> Self {
        let (starting, filling) = (self.state.clone(), self.state.clone());
        self.add_dump(
            op,
            raw::Dump::new(
                move |ctx| start(&starting, request(ctx.request()), ctx),
                move |cursor: &mut C, out, ctx| fill(&filling, cursor, out, ctx),
            ),
        )
    }

    fn add_dump<O: wire::Dump>(mut self, op: O, dump: raw::Dump) -> Self {
        let info = self.declare(op);
        let level = info.and_then(|op| op.dump).map_or(Strictness::STRICT, |mode| mode.strictness);
        let half = self.half(O::REQUEST, info).dump_policy(O::POLICY).dump_strictness(level);
        self.add(half.reply_number(O::REPLY).dump(dump));
        self
    }

    fn half(&self, number: u16, info: Option<&OpInfo>) -> raw::Op {
        raw::Op::new(number).flags(info.map_or(OpFlags::NONE, |op| op.flags))
    }

    /// Notes the family of an op, and finds the op as data.
    fn declare<O: wire::Op>(&mut self, _: O) -> Option<&'static OpInfo> {
        let info = <O::Family as wire::Family>::INFO;
        match self.info {
            None => self.info = Some(info),
            Some(first) => self.mixed |= !std::ptr::eq(first, info),
        }
        info.op(O::NAME)
    }

    fn add(&mut self, half: raw::Op) {
        match self.raw.ops.iter_mut().find(|op| op.number() == half.number()) {
            Some(op) => op.merge(half),
            None => self.raw.ops.push(half),
        }
    }
}

/// Reads a request. The engine has checked that the family's header is there, or that it may be cut short.
fn request<M: Message>(request: &Request) -> M {
    M::decode(Body { header: M::Header::read_some(request.body()), attrs: request.attrs() }, &mut ())
}

fn group_entry(group: &wire::Group) -> GroupEntry {
    GroupEntry { name: group.name.to_owned(), number: group.number, admin: false }
}

/// What can be registered: a [`Family`] by type or a [`raw::Family`] by hand.
pub trait Register {
    /// The family as a table; EINVAL if it has no op, or ops of several families.
    fn into_raw(self) -> Result<raw::Family, Nack>;
}

impl Register for raw::Family {
    fn into_raw(self) -> Result<raw::Family, Nack> {
        Ok(self)
    }
}

impl<S> Register for Family<S> {
    fn into_raw(self) -> Result<raw::Family, Nack> {
        let refuse = |text| Nack::new(Errno::EINVAL).with_message(text);
        let info = self.info.ok_or(refuse("a family needs an op"))?;
        if self.mixed {
            return Err(refuse("the ops belong to several families"));
        }
        let mut raw = self.raw;
        raw.split = true;
        raw.table.name = info.name.to_owned();
        raw.table.protocol = info.protocol;
        raw.table.version = info.version;
        raw.table.header_size = info.header.size;
        raw.table.max_attr = info.max_attr;
        raw.table.resv_start_op = info.resv_start_op;
        raw.table.groups = info.groups.iter().map(group_entry).collect();
        raw.ops.sort_by_key(raw::Op::number);
        Ok(raw)
    }
}
