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

mod op;

use std::sync::{Arc, Mutex};

use netloom_wire::{Errno, Policy, Protocol};

use super::chunk::Chunk;
use super::ctx::Ctx;
use super::engine::{Cursor, GroupEntry, NetNs, Table};
use super::{Fill, Nack, Version};
pub use op::{Dump, Op};

pub(super) type Before = dyn Fn(&mut Ctx<'_>) -> Result<(), Nack> + Send + Sync;
pub(super) type After = dyn Fn(&mut Ctx<'_>) + Send + Sync;
type BindFn = dyn Fn(NetNs, usize) -> Result<(), Errno> + Send + Sync;
type UnbindFn = dyn Fn(NetNs, usize) + Send + Sync;
pub(super) type DoFn = Arc<dyn Fn(&mut Ctx<'_>) -> Result<Option<Vec<u8>>, Nack> + Send + Sync>;
type StartFn = dyn Fn(&mut Ctx<'_>) -> Result<Cursor, Nack> + Send + Sync;
type FillFn = dyn Fn(&mut Cursor, &mut Chunk<'_>, &mut Ctx<'_>) -> Result<Fill, Nack> + Send + Sync;
type DoneFn = dyn Fn(Cursor) + Send + Sync;

/// A family as a table of ops.
#[doc(alias = "genl_family")]
pub struct Family {
    pub(super) table: Table,
    pub(super) ops: Vec<Op>,
    /// Whether its ops are what the kernel calls split ops: those of generated families.
    pub(super) split: bool,
    policy: Option<&'static Policy>,
    pre: Option<Arc<Before>>,
    post: Option<Arc<After>>,
    bind: Option<Arc<BindFn>>,
    unbind: Option<Arc<UnbindFn>>,
}

/// What the shell runs for a registered family.
pub(super) struct Handlers {
    /// By position in the family's table.
    pub(super) ops: Vec<Op>,
    pub(super) bind: Option<Arc<BindFn>>,
    pub(super) unbind: Option<Arc<UnbindFn>>,
    /// Held while one of them runs.
    pub(super) serialise: Option<Arc<Mutex<()>>>,
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
            binds: false,
        };
        Self { table, ops: Vec::new(), split: false, policy: None, pre: None, post: None, bind: None, unbind: None }
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

    /// The policy of all ops that have none of their own; also what nlctrl tells as the family's highest attribute. An op
    /// of generic netlink that has none at all accepts no attribute, unless it is older than that rule: see
    /// [`Family::resv_start_op`].
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

    /// Ops below this number do not have their headers checked, may be judged leniently, and, without a policy, are not
    /// judged at all.
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

    /// Runs before each do of the family, before which the policy has accepted the request; what it refuses is not done.
    /// What it finds out it leaves in [`Ctx::keep`]. Ops with a `pre` or `post` of their own are left out.
    #[doc(alias = "pre_doit")]
    #[must_use]
    pub fn pre(mut self, pre: impl Fn(&mut Ctx<'_>) -> Result<(), Nack> + Send + Sync + 'static) -> Self {
        self.pre = Some(Arc::new(pre));
        self
    }

    /// Runs after each do of the family, refused or not, unless `pre` has refused.
    #[doc(alias = "post_doit")]
    #[must_use]
    pub fn post(mut self, post: impl Fn(&mut Ctx<'_>) + Send + Sync + 'static) -> Self {
        self.post = Some(Arc::new(post));
        self
    }

    /// Is asked before a socket joins one of its groups, given by position in the order in which they were added; an
    /// errno refuses. Families of generic netlink alone are asked.
    // net/netlink/genetlink.c: genl_bind
    #[doc(alias = "mcast_bind")]
    #[must_use]
    pub fn bind(mut self, bind: impl Fn(NetNs, usize) -> Result<(), Errno> + Send + Sync + 'static) -> Self {
        self.bind = Some(Arc::new(bind));
        self.table.binds = true;
        self
    }

    /// Is told when a socket has left one of its groups, or could not join another together with it.
    #[doc(alias = "mcast_unbind")]
    #[must_use]
    pub fn unbind(mut self, unbind: impl Fn(NetNs, usize) + Send + Sync + 'static) -> Self {
        self.unbind = Some(Arc::new(unbind));
        self.table.binds = true;
        self
    }

    /// Adds an op. A do and a dump of one number may also be two ops, the do first, as in a table of split ops.
    #[doc(alias = "genl_split_ops")]
    #[doc(alias = "genl_small_ops")]
    #[must_use]
    pub fn op(mut self, op: Op) -> Self {
        self.ops.push(op);
        self
    }

    /// Adds a group; generic netlink gives it a number at registration.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.table.groups.push(GroupEntry { name: name.into(), ..GroupEntry::default() });
        self
    }

    /// Adds a group that only administrators may join: EPERM for others.
    #[doc(alias = "GENL_MCAST_CAP_NET_ADMIN")]
    #[must_use]
    pub fn group_for_admins(mut self, name: impl Into<String>) -> Self {
        self.table.groups.push(GroupEntry { name: name.into(), admin: true, ..GroupEntry::default() });
        self
    }

    /// Adds a group whose number the protocol fixes.
    #[must_use]
    pub fn group_numbered(mut self, name: impl Into<String>, number: u32) -> Self {
        self.table.groups.push(GroupEntry { name: name.into(), number: Some(number), ..GroupEntry::default() });
        self
    }

    /// The table that the engine dispatches by, and what the shell runs. EINVAL if two halves of an op do not fit.
    pub(super) fn into_parts(mut self, version: Version) -> Result<(Table, Handlers), Nack> {
        let ops = join_halves(self.ops).map_err(|text| Nack::new(Errno::EINVAL).with_message(text))?;
        let generic = self.table.protocol == Protocol::GENERIC;
        // net/netlink/genetlink.c: genl_op_fill_in_reject_policy_split asks for no number.
        let strict = match (generic, self.split) {
            (true, true) => 0,
            (true, false) => self.table.resv_start_op,
            (false, _) => u16::MAX,
        };
        let none = if generic { version.policy_for_none() } else { Policy::REJECT_ALL };
        let nominal = |op: &Op| generic && (self.split || op.is_split()) && !version.judges_without_policy();
        self.table.ops = ops.iter().map(|op| op.entry(self.policy, strict, nominal(op), none, version)).collect();
        let (pre, post) = (self.pre, self.post);
        let ops = ops.into_iter().map(|mut op| {
            if op.pre.is_none() && op.post.is_none() && !op.is_split() {
                (op.pre, op.post) = (pre.clone(), post.clone());
            }
            op
        });
        let handlers = Handlers { ops: ops.collect(), bind: self.bind, unbind: self.unbind, serialise: None };
        Ok((self.table, handlers))
    }
}

/// Puts a do and the dump behind it together where both have one number.
// net/netlink/genetlink.c: genl_validate_ops
fn join_halves(ops: Vec<Op>) -> Result<Vec<Op>, String> {
    let mut joined: Vec<Op> = Vec::with_capacity(ops.len());
    for op in ops {
        match joined.last_mut().filter(|last| last.number == op.number) {
            Some(last) if last.doit.is_some() != op.doit.is_some() && last.dump.is_some() != op.dump.is_some() => {
                if last.doit.is_none() {
                    return Err(format!("op {}: its do must stand before its dump", op.number));
                }
                if last.flags != op.flags || last.own_flags() != op.own_flags() {
                    return Err(format!("op {}: its do and its dump differ in flags", op.number));
                }
                last.merge(op);
            }
            _ => joined.push(op),
        }
    }
    Ok(joined)
}
