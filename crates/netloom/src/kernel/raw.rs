//! Families by hand: tables of ops, as the kernel's sources write them.
//!
//! ```
//! use netloom::kernel::{Kernel, Nack, raw};
//! use netloom::wire::{AttrPolicy, Policy, Str};
//!
//! static POLICY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::NUL_STRING]);
//! let family = raw::Family::new("MY_CMDS").version(1).policy(&POLICY).op(raw::Op::new(1).doit(|ctx| {
//!     let text = ctx.attrs().last(1).and_then(|attr| attr.read::<Str>()).ok_or(Nack::missing(1_u16))?;
//!     println!("MY_CMD_1({text})");
//!     Ok(())
//! }));
//! let registered = Kernel::new().register(family)?;
//! assert_eq!(registered.id, 19);
//! # Ok::<(), netloom::kernel::Nack>(())
//! ```

use std::sync::Arc;

use netloom_wire::{OpFlags, Policy, Protocol, Strictness};

use super::chunk::Chunk;
use super::ctx::Ctx;
use super::engine::{Cursor, Entry, Mode, Table};
use super::{Fill, Nack};

pub(super) type DoFn = Arc<dyn Fn(&mut Ctx<'_>) -> Result<Option<Vec<u8>>, Nack> + Send + Sync>;
type StartFn = dyn Fn(&mut Ctx<'_>) -> Result<Cursor, Nack> + Send + Sync;
type FillFn = dyn Fn(&mut Cursor, &mut Chunk<'_>, &mut Ctx<'_>) -> Result<Fill, Nack> + Send + Sync;
type DoneFn = dyn Fn(Cursor) + Send + Sync;

/// A family as a table of ops.
#[doc(alias = "genl_family")]
pub struct Family {
    pub(super) table: Table,
    pub(super) ops: Vec<Op>,
    policy: Option<&'static Policy>,
}

impl Family {
    /// A generic netlink family of this name (1 to 15 bytes), version 1, whose ops all have their headers checked.
    pub fn new(name: impl Into<String>) -> Self {
        let table = Table {
            name: name.into(),
            protocol: Protocol::GENERIC,
            version: 1,
            header_size: 0,
            max_attr: 0,
            resv_start_op: 0,
            parallel: false,
            every_namespace: true,
            ops: Vec::new(),
            groups: Vec::new(),
        };
        Self { table, ops: Vec::new(), policy: None }
    }

    /// Makes it part of another protocol: op numbers are message types, there is no generic netlink header.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.table.protocol = protocol;
        self
    }

    /// Its version.
    #[must_use]
    pub fn version(mut self, version: u8) -> Self {
        self.table.version = version;
        self
    }

    /// Bytes of its own header.
    #[doc(alias = "hdrsize")]
    #[must_use]
    pub fn header_size(mut self, bytes: usize) -> Self {
        self.table.header_size = bytes;
        self
    }

    /// The policy of all ops that have none of their own; also what nlctrl tells as the family's highest attribute.
    #[must_use]
    pub fn policy(mut self, policy: &'static Policy) -> Self {
        self.table.max_attr = policy.max_attr();
        self.policy = Some(policy);
        self
    }

    /// The highest attribute that nlctrl tells.
    #[doc(alias = "maxattr")]
    #[must_use]
    pub fn max_attr(mut self, max_attr: u16) -> Self {
        self.table.max_attr = max_attr;
        self
    }

    /// Ops below this number do not have their headers checked.
    #[must_use]
    pub fn resv_start_op(mut self, number: u16) -> Self {
        self.table.resv_start_op = number;
        self
    }

    /// Lets its handlers run at the same time as any others.
    #[doc(alias = "parallel_ops")]
    #[must_use]
    pub fn parallel(mut self) -> Self {
        self.table.parallel = true;
        self
    }

    /// Hides it from all network namespaces but the first.
    #[doc(alias = "netnsok")]
    #[must_use]
    pub fn first_namespace_only(mut self) -> Self {
        self.table.every_namespace = false;
        self
    }

    /// Adds an op.
    #[must_use]
    pub fn op(mut self, op: Op) -> Self {
        self.ops.push(op);
        self
    }

    /// Adds a group; generic netlink gives it a number at registration.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.table.groups.push((name.into(), None));
        self
    }

    /// Adds a group whose number the protocol fixes.
    #[must_use]
    pub fn group_numbered(mut self, name: impl Into<String>, number: u32) -> Self {
        self.table.groups.push((name.into(), Some(number)));
        self
    }

    /// The table that the engine dispatches by, and the ops whose handlers the shell runs.
    pub(super) fn into_parts(mut self) -> (Table, Vec<Op>) {
        let mode = |own: Option<&'static Policy>, strictness| Mode { policy: own.or(self.policy), strictness };
        self.table.ops = self
            .ops
            .iter()
            .map(|op| Entry {
                number: op.number,
                flags: op.flags,
                doit: op.doit.as_ref().map(|_| mode(op.do_policy, op.do_strictness)),
                dump: op.dump.as_ref().map(|_| mode(op.dump_policy, op.dump_strictness)),
            })
            .collect();
        (self.table, self.ops)
    }
}

/// One op of a [`Family`].
#[doc(alias = "genl_ops")]
#[derive(Clone)]
pub struct Op {
    number: u16,
    flags: OpFlags,
    do_strictness: Strictness,
    dump_strictness: Strictness,
    do_policy: Option<&'static Policy>,
    dump_policy: Option<&'static Policy>,
    pub(super) reply: u16,
    pub(super) doit: Option<DoFn>,
    pub(super) dump: Option<Dump>,
}

impl Op {
    /// An op of this number: the generic netlink command, or the message type of another protocol. Its answers carry the
    /// same number.
    pub fn new(number: u16) -> Self {
        Self {
            number,
            flags: OpFlags::NONE,
            do_strictness: Strictness::STRICT,
            dump_strictness: Strictness::STRICT,
            do_policy: None,
            dump_policy: None,
            reply: number,
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

    /// How it is done, in the sender's context.
    #[must_use]
    pub fn doit(self, handler: impl Fn(&mut Ctx<'_>) -> Result<(), Nack> + Send + Sync + 'static) -> Self {
        self.doit_replying(move |ctx| handler(ctx).map(|()| None))
    }

    pub(super) fn doit_replying(
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

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    /// Puts two halves of one op together: do from one, dump from the other.
    pub(super) fn merge(&mut self, other: Op) {
        self.flags = self.flags | other.flags;
        if other.doit.is_some() {
            (self.doit, self.do_policy, self.do_strictness) = (other.doit, other.do_policy, other.do_strictness);
        }
        if other.dump.is_some() {
            (self.dump, self.dump_policy, self.dump_strictness) =
                (other.dump, other.dump_policy, other.dump_strictness);
            self.reply = other.reply;
        }
    }
}

/// How an op is dumped: started once, filled chunk by chunk as the reader pulls, its cursor released exactly once.
#[derive(Clone)]
pub struct Dump {
    pub(super) start: Arc<StartFn>,
    pub(super) fill: Arc<FillFn>,
    pub(super) done: Option<Arc<DoneFn>>,
}

impl Dump {
    /// A dump whose `start` makes a cursor, a position that lives between the reader's pulls, and whose `fill` writes
    /// objects from there on. `start` may refuse: an ordinary error then. `fill` refuses inside DONE.
    pub fn new<C: Send + 'static>(
        start: impl Fn(&mut Ctx<'_>) -> Result<C, Nack> + Send + Sync + 'static,
        fill: impl Fn(&mut C, &mut Chunk<'_>, &mut Ctx<'_>) -> Result<Fill, Nack> + Send + Sync + 'static,
    ) -> Self {
        Self {
            start: Arc::new(move |ctx| start(ctx).map(|cursor| Box::new(cursor) as Cursor)),
            fill: Arc::new(move |cursor, out, ctx| match cursor.downcast_mut::<C>() {
                Some(cursor) => fill(cursor, out, ctx),
                None => Err(Nack::new(netloom_wire::Errno::EPROTO)),
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
