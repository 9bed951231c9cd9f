//! One op of a family by hand, and how it is dumped.

use std::sync::Arc;

use netloom_wire::{Errno, OpFlags, Policy, Strictness};

use super::{After, Before, DoFn, DoneFn, FillFn, StartFn};
use crate::kernel::engine::{Cursor, Entry, Mode};
use crate::kernel::{Chunk, Ctx, Fill, Nack, Version};

/// One op of a [`Family`](super::Family).
#[doc(alias = "genl_ops")]
#[derive(Clone)]
pub struct Op {
    pub(super) number: u16,
    pub(super) flags: OpFlags,
    internal_flags: u8,
    do_strictness: Strictness,
    dump_strictness: Strictness,
    do_policy: Option<&'static Policy>,
    dump_policy: Option<&'static Policy>,
    unjudged_dump: bool,
    split: bool,
    pub(in crate::kernel) reply: u16,
    pub(in crate::kernel) pre: Option<Arc<Before>>,
    pub(in crate::kernel) post: Option<Arc<After>>,
    pub(in crate::kernel) doit: Option<DoFn>,
    pub(in crate::kernel) dump: Option<Dump>,
}

impl Op {
    /// An op of this number: the generic netlink command, or the message type of another protocol. Its answers carry the
    /// same number.
    pub fn new(number: u16) -> Self {
        Self {
            number,
            flags: OpFlags::NONE,
            internal_flags: 0,
            do_strictness: Strictness::STRICT,
            dump_strictness: Strictness::STRICT,
            do_policy: None,
            dump_policy: None,
            unjudged_dump: false,
            split: false,
            reply: number,
            pre: None,
            post: None,
            doit: None,
            dump: None,
        }
    }

    /// What the caller needs.
    #[must_use]
    pub fn flags(mut self, flags: OpFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Bits that mean something to the family alone: its `pre` asks [`Ctx::internal_flags`].
    #[must_use]
    pub fn internal_flags(mut self, flags: u8) -> Self {
        self.internal_flags = flags;
        self
    }

    pub(super) fn own_flags(&self) -> u8 {
        self.internal_flags
    }

    /// How strictly the attributes of a do are judged; strictly, if this is not called.
    #[doc(alias = "GENL_DONT_VALIDATE_STRICT")]
    #[must_use]
    pub fn do_strictness(mut self, strictness: Strictness) -> Self {
        self.do_strictness = strictness;
        self
    }

    /// How strictly the attributes of a dump are judged; strictly, if this is not called.
    #[doc(alias = "GENL_DONT_VALIDATE_DUMP_STRICT")]
    #[must_use]
    pub fn dump_strictness(mut self, strictness: Strictness) -> Self {
        self.dump_strictness = strictness;
        self
    }

    /// Leaves the attributes of a dump unjudged, whatever policy the family has.
    #[doc(alias = "GENL_DONT_VALIDATE_DUMP")]
    #[must_use]
    pub fn unjudged_dump(mut self) -> Self {
        self.unjudged_dump = true;
        self
    }

    /// Makes it one of the split ops, as families made from a spec have them: neither the family's policy nor its `pre` and
    /// `post` are for it, and without a policy of its own it takes no attributes.
    #[doc(alias = "genl_split_ops")]
    #[must_use]
    pub fn split(mut self) -> Self {
        self.split = true;
        self
    }

    pub(super) fn is_split(&self) -> bool {
        self.split
    }

    /// A policy of its own, for doing and dumping.
    #[must_use]
    pub fn policy(self, policy: &'static Policy) -> Self {
        self.do_policy(policy).dump_policy(policy)
    }

    /// A policy of its own for doing.
    #[must_use]
    pub fn do_policy(mut self, policy: &'static Policy) -> Self {
        self.do_policy = Some(policy);
        self
    }

    /// A policy of its own for dumping.
    #[must_use]
    pub fn dump_policy(mut self, policy: &'static Policy) -> Self {
        self.dump_policy = Some(policy);
        self
    }

    /// The number that its dumped objects carry, where that is another.
    #[must_use]
    pub fn reply_number(mut self, number: u16) -> Self {
        self.reply = number;
        self
    }

    /// Runs before its do, in place of the family's `pre` and `post`; what it refuses is not done, nor is `post` run.
    #[doc(alias = "pre_doit")]
    #[must_use]
    pub fn pre(mut self, pre: impl Fn(&mut Ctx<'_>) -> Result<(), Nack> + Send + Sync + 'static) -> Self {
        self.pre = Some(Arc::new(pre));
        self
    }

    /// Runs after its do, refused or not, in place of the family's `pre` and `post`.
    #[doc(alias = "post_doit")]
    #[must_use]
    pub fn post(mut self, post: impl Fn(&mut Ctx<'_>) + Send + Sync + 'static) -> Self {
        self.post = Some(Arc::new(post));
        self
    }

    /// How it is done, in the sender's context.
    #[must_use]
    pub fn doit(self, handler: impl Fn(&mut Ctx<'_>) -> Result<(), Nack> + Send + Sync + 'static) -> Self {
        self.doit_replying(move |ctx| handler(ctx).map(|()| None))
    }

    pub(in crate::kernel) fn doit_replying(
        mut self,
        handler: impl Fn(&mut Ctx<'_>) -> Result<Option<Vec<u8>>, Nack> + Send + Sync + 'static,
    ) -> Self {
        self.doit = Some(Arc::new(handler));
        self
    }

    /// How it is dumped.
    #[must_use]
    pub fn dump(mut self, dump: Dump) -> Self {
        self.dump = Some(dump);
        self
    }

    pub(in crate::kernel) fn number(&self) -> u16 {
        self.number
    }

    /// Puts two halves of one op together: do from one, dump from the other.
    pub(in crate::kernel) fn merge(&mut self, other: Op) {
        self.flags = self.flags | other.flags;
        if other.doit.is_some() {
            (self.pre, self.post) = (other.pre, other.post);
            (self.doit, self.do_policy, self.do_strictness) = (other.doit, other.do_policy, other.do_strictness);
        }
        if other.dump.is_some() {
            (self.dump, self.dump_policy, self.dump_strictness) =
                (other.dump, other.dump_policy, other.dump_strictness);
            (self.reply, self.unjudged_dump) = (other.reply, other.unjudged_dump);
        }
    }

    /// The op as the engine dispatches to it on this release, in a family of this policy whose ops are strict from `strict` on. `nominal`:
    /// policies that accept nothing are told, and judge nothing. `none` stands in for [`Policy::REJECT_ALL`].
    // net/netlink/genetlink.c: genl_op_fill_in_reject_policy, genl_get_cmd_split
    pub(super) fn entry(
        &self,
        family: Option<&'static Policy>,
        strict: u16,
        nominal: bool,
        none: &'static Policy,
        version: Version,
    ) -> Entry {
        let all = (self.split || self.number >= strict).then_some(Policy::REJECT_ALL);
        let family = family.filter(|_| !self.split);
        let judged = |own: Option<&'static Policy>, strictness| {
            let policy = own.or(family).or(all);
            let policy = policy.map(|policy| if std::ptr::eq(policy, Policy::REJECT_ALL) { none } else { policy });
            let nominal = nominal && policy.is_some_and(Policy::is_reject_all);
            Mode { policy, strictness, nominal }
        };
        let dump = match self.unjudged_dump {
            true => Mode::new(None, Strictness::STRICT),
            false => judged(self.dump_policy, self.dump_strictness),
        };
        let unasked = self.unjudged_dump && self.dump_policy.or(family).is_some() && version.tells_unasked_policies();
        Entry {
            number: self.number,
            flags: if unasked { self.flags | OpFlags::CAP_HASPOL } else { self.flags },
            internal_flags: self.internal_flags,
            doit: self.doit.as_ref().map(|_| judged(self.do_policy, self.do_strictness)),
            dump: self.dump.as_ref().map(|_| dump),
        }
    }
}

/// How an op is dumped: started once, filled chunk by chunk as the reader pulls, its cursor released exactly once.
///
/// ```
/// use netloom::kernel::{Fill, Kernel, raw};
/// use netloom::wire::Full;
///
/// // The cursor is the next number, and all that is kept while the reader takes its time.
/// let numbers = raw::Dump::new(|_| Ok(0_u32), |next, out, _| {
///     while *next < 5_000 {
///         match out.message(|w| w.put_attr(1, &next.to_ne_bytes())) {
///             Ok(()) => *next += 1,
///             Err(Full::Room) => return Ok(Fill::More),
///             Err(full) => return Err(full.into()),
///         }
///     }
///     Ok(Fill::Done)
/// });
/// let kernel = Kernel::new();
/// let family = kernel.register(raw::Family::new("NUMBERS").op(raw::Op::new(1).dump(numbers)))?;
/// let mut dump = kernel.connect().request_raw(family.id).cmd(1).dump()?;
/// let mut count = 0;
/// while let Some(object) = dump.next_ref() {
///     count += usize::from(object?.genl().is_some());
/// }
/// assert_eq!(count, 5_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Dump {
    pub(in crate::kernel) start: Arc<StartFn>,
    pub(in crate::kernel) fill: Arc<FillFn>,
    pub(in crate::kernel) done: Option<Arc<DoneFn>>,
}

impl Dump {
    /// A dump whose `start` makes a cursor, a position that lives between the reader's pulls, and whose `fill` writes
    /// objects from there on. `start` may refuse: an ordinary error then. `fill` refuses inside DONE.
    #[doc(alias = "start")]
    pub fn new<C: Send + 'static>(
        start: impl Fn(&mut Ctx<'_>) -> Result<C, Nack> + Send + Sync + 'static,
        fill: impl Fn(&mut C, &mut Chunk<'_>, &mut Ctx<'_>) -> Result<Fill, Nack> + Send + Sync + 'static,
    ) -> Self {
        Self {
            start: Arc::new(move |ctx| start(ctx).map(|cursor| Box::new(cursor) as Cursor)),
            fill: Arc::new(move |cursor, out, ctx| match cursor.downcast_mut::<C>() {
                Some(cursor) => fill(cursor, out, ctx),
                None => Err(Nack::new(Errno::EPROTO)),
            }),
            done: None,
        }
    }

    /// Runs when the dump is over, complete or not, exactly once; then the cursor is dropped.
    #[must_use]
    pub fn done<C: Send + 'static>(mut self, done: impl Fn(C) + Send + Sync + 'static) -> Self {
        self.done = Some(Arc::new(move |cursor: Cursor| {
            if let Ok(cursor) = cursor.downcast::<C>() {
                done(*cursor);
            }
        }));
        self
    }
}
