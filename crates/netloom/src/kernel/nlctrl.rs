//! The controller of generic netlink: a family that tells of families.

use std::sync::Arc;

use netloom_families::nlctrl::{
    self, CtrlAttrs, Delfamily, DelmcastGrp, Getfamily, Getpolicy, McastGroupAttrs, Newfamily, NewmcastGrp, OpAttrs,
    OpPolicyAttrs,
};
use netloom_wire::{Attr, Do, Errno, Event, Flags, GenlHeader, Header, Message, MessageType, Policy, Str, Writer};

use super::chunk::Chunk;
use super::ctx::Ctx;
use super::engine::{Entry, GENL_ID_CTRL, Listed, Mode};
use super::{Family, Fill, Nack, Register, Version, raw};

/// nlctrl itself.
// net/netlink/genetlink.c: genl_ctrl
pub(super) fn family(version: Version) -> Result<raw::Family, Nack> {
    let mut family = Family::new(())
        .on_do_writing(Getfamily, |(), ctx| getfamily(ctx))
        .on_dump_with(Getfamily, |(), (), _| Ok(0), |(), next, out, ctx| dump_families(next, out, ctx))
        .on_dump_with(
            Getpolicy,
            |(), asked, ctx| start_policies(&asked, ctx),
            |(), at, out, ctx| dump_policies(at, out, ctx),
        )
        .into_raw()?;
    if !version.judges_family_dumps() {
        let unjudged = |op: raw::Op| if op.number() == <Getfamily as Do>::REQUEST { op.unjudged_dump() } else { op };
        family.ops = family.ops.into_iter().map(unjudged).collect();
    }
    Ok(family)
}

/// What is sent to nlctrl's group when a family comes or goes, in order.
// net/netlink/genetlink.c: genl_register_family, genl_unregister_family
pub(super) fn events(listed: &Listed, came: bool) -> Vec<Vec<u8>> {
    let groups = listed.groups.iter().enumerate().map(|(at, _)| {
        let body = identify(listed).mcast_groups(groups(listed).into_iter().skip(at).take(1).collect::<Vec<_>>());
        if came { event(NewmcastGrp, &body) } else { event(DelmcastGrp, &body) }
    });
    let body = describe(listed);
    let events: Vec<_> = if came {
        std::iter::once(event(Newfamily, &body)).chain(groups).collect()
    } else {
        groups.chain([event(Delfamily, &body)]).collect()
    };
    events.into_iter().filter(|event| event.len() <= MOST).collect()
}

/// An event's bytes, made without looking nlctrl up: it may be the one that is being registered.
fn event<N: Event<Body = CtrlAttrs>>(_: N, body: &CtrlAttrs) -> Vec<u8> {
    let mut buf = vec![0; 1 << 16];
    let mut w = Writer::new(&mut buf);
    let genl = GenlHeader { cmd: u8::try_from(N::ID).unwrap_or(0), version: nlctrl::INFO.version, reserved: 0 };
    // What does not fit is not told: 255 ops and groups do.
    let _ = w.message(Header::new(MessageType(GENL_ID_CTRL), Flags::NONE), |w| {
        w.genl(genl)?;
        body.encode(w)
    });
    w.written().to_vec()
}

/// Bytes of a message about one family: what is longer is not told, but in a dump whose reader has room for it.
// net/netlink/genetlink.c: ctrl_build_family_msg, NLMSG_DEFAULT_SIZE
const MOST: usize = 3_776;

// net/netlink/genetlink.c: ctrl_getfamily
fn getfamily(ctx: &mut Ctx<'_>) -> Result<Option<Vec<u8>>, Nack> {
    let listed = match asked_name(ctx) {
        Some(name) => by_name(ctx, name),
        None => match asked_id(ctx) {
            Some(id) => ctx.kernel().engine().family_by_id(id),
            None => return Err(Nack::new(Errno::EINVAL)),
        },
    };
    let listed = listed.filter(|listed| !is_hidden(listed, ctx)).ok_or(Nack::new(Errno::ENOENT))?;
    let told = told(&listed)?;
    let reply = ctx.write(Newfamily::ID, &|w| w.put_bytes(told))?;
    if reply.len() > MOST { Err(Nack::new(Errno::EMSGSIZE)) } else { Ok(Some(reply)) }
}

fn asked_id(ctx: &Ctx<'_>) -> Option<u16> {
    ctx.attrs().last(CtrlAttrs::FAMILY_ID.id())?.read::<u16>()
}

/// The name that is asked for; within, `None` if it is no text: no family has it.
fn asked_name<'a>(ctx: &Ctx<'a>) -> Option<Option<&'a str>> {
    Some(ctx.attrs().last(CtrlAttrs::FAMILY_NAME.id())?.read::<Str>())
}

fn by_name(ctx: &Ctx<'_>, name: Option<&str>) -> Option<Arc<Listed>> {
    ctx.kernel().engine().family(name?)
}

// net/netlink/genetlink.c: ctrl_dumpfamily
fn dump_families(next: &mut u16, out: &mut Chunk<'_>, ctx: &Ctx<'_>) -> Result<Fill, Nack> {
    let families = ctx.kernel().engine().families();
    for listed in families {
        if listed.id < *next || is_hidden(&listed, ctx) {
            continue;
        }
        let told = told(&listed)?;
        out.message(|w| w.put_bytes(told))?;
        *next = listed.id.saturating_add(1);
    }
    let apart = ctx.version().ends_family_dumps_apart() && !out.is_empty();
    Ok(if apart { Fill::More } else { Fill::Done })
}

/// The attributes that describe a family.
fn told(listed: &Listed) -> Result<&[u8], Nack> {
    let write = || {
        let mut buf = vec![0; 1 << 16];
        let mut w = Writer::new(&mut buf);
        describe(listed).encode(&mut w).ok()?;
        Some(w.written().to_vec())
    };
    listed.told(write).ok_or(Nack::new(Errno::EMSGSIZE))
}

fn is_hidden(listed: &Listed, ctx: &Ctx<'_>) -> bool {
    !listed.table.every_namespace && ctx.namespace().0 != 0
}

fn identify(listed: &Listed) -> CtrlAttrs {
    CtrlAttrs::new().family_name(listed.table.name.as_str()).family_id(listed.id)
}

// net/netlink/genetlink.c: ctrl_fill_info
fn describe(listed: &Listed) -> CtrlAttrs {
    let table = &listed.table;
    let op = |op: &Entry| OpAttrs::new().id(u32::from(op.number)).flags(nlctrl::OpFlags(op.told().0));
    identify(listed)
        .version(u32::from(table.version))
        .hdrsize(u32::try_from(table.header_size).unwrap_or(u32::MAX))
        .maxattr(u32::from(table.max_attr))
        .ops(table.ops.iter().map(op).collect::<Vec<_>>())
        .mcast_groups(groups(listed))
}

fn groups(listed: &Listed) -> Vec<McastGroupAttrs> {
    let group = |(name, number): &(String, u32)| McastGroupAttrs::new().id(*number).name(name.as_str());
    listed.groups.iter().map(group).collect()
}

/// Where a dump of policies stands.
struct Policies {
    id: u16,
    /// Whether one op's policies are asked for: those that stand for none are not told then.
    single: bool,
    /// Ops whose mapping is not told yet, last first.
    ops: Vec<Entry>,
    policies: Vec<&'static Policy>,
    /// The next attribute to tell: which policy, which id.
    next: (usize, u16),
}

impl Policies {
    /// The policy of a mode, if it is told.
    fn policy(&self, mode: Option<Mode>) -> Option<&'static Policy> {
        if self.single { mode?.judge() } else { mode?.policy }
    }

    fn index(&self, policy: &'static Policy) -> Option<u32> {
        let at = self.policies.iter().position(|known| std::ptr::eq(*known, policy))?;
        u32::try_from(at).ok()
    }

    /// Adds a policy, and those that it and its nests lead to.
    // net/netlink/policy.c: netlink_policy_dump_add_policy
    fn add(&mut self, policy: &'static Policy, version: Version) {
        if self.index(policy).is_none() {
            self.policies.push(policy);
        }
        let mut at = 0;
        while let Some(known) = self.policies.get(at) {
            for (_, nested) in known.below() {
                let counts = nested.max_attr() != 0 || version.numbers_empty_policies();
                if counts && self.index(nested).is_none() {
                    self.policies.push(nested);
                }
            }
            at = at.saturating_add(1);
        }
    }
}

// net/netlink/genetlink.c: ctrl_dumppolicy_start
fn start_policies(asked: &CtrlAttrs, ctx: &Ctx<'_>) -> Result<Policies, Nack> {
    let found = match (asked.family_id, asked_name(ctx)) {
        (Some(id), _) => ctx.kernel().engine().family_by_id(id),
        (None, Some(name)) => by_name(ctx, name),
        (None, None) => return Err(Nack::new(Errno::EINVAL)),
    };
    let listed = found.ok_or(Nack::new(Errno::ENOENT))?;
    let mut ops = listed.table.ops.clone();
    if let Some(wanted) = asked.op {
        ops.retain(|op| u32::from(op.number) == wanted);
        if ops.is_empty() {
            let nack = Nack::new(Errno::ENOENT);
            let offset = ctx.attrs().last(CtrlAttrs::OP.id()).and_then(|attr| ctx.offset_of(attr));
            return Err(match offset {
                Some(offset) => nack.at(offset),
                None => nack,
            });
        }
    }
    let single = asked.op.is_some();
    let mut found = Policies { id: listed.id, single, ops: Vec::new(), policies: Vec::new(), next: (0, 0) };
    for op in &ops {
        for mode in [op.doit, op.dump] {
            if let Some(policy) = found.policy(mode) {
                found.add(policy, ctx.version());
            }
        }
    }
    if found.policies.is_empty() {
        return Err(Nack::new(Errno::ENODATA));
    }
    ops.retain(|op| [op.doit, op.dump].into_iter().flatten().any(|mode| mode.policy.is_some()));
    ops.reverse();
    found.ops = ops;
    Ok(found)
}

// net/netlink/genetlink.c: ctrl_dumppolicy
fn dump_policies(at: &mut Policies, out: &mut Chunk<'_>, ctx: &Ctx<'_>) -> Result<Fill, Nack> {
    while let Some(op) = at.ops.last() {
        let index = |mode: Option<Mode>| at.index(at.policy(mode)?);
        let (doit, dump) = (index(op.doit), index(op.dump));
        let mut policies = OpPolicyAttrs::new();
        (policies.do_, policies.dump) = (doit, dump);
        let number = if op.doit.is_none() && ctx.version().tells_op_zero() { 0 } else { op.number };
        out.put(&CtrlAttrs::new().family_id(at.id).op_policy([([number], policies)]))?;
        at.ops.pop();
    }
    while let Some(policy) = at.policies.get(at.next.0) {
        let (number, attr_id) = at.next;
        if usize::from(attr_id) >= policy.attrs.len() {
            at.next = (number.saturating_add(1), 0);
            continue;
        }
        if let Some(attr) = policy.attrs.get(usize::from(attr_id)).filter(|attr| attr.is_described()) {
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            let told = ctx.version().told(attr);
            out.message(|w| {
                w.put(CtrlAttrs::FAMILY_ID, at.id)?;
                w.nest(CtrlAttrs::POLICY, |w| {
                    w.nest_attr(number | Attr::NESTED, |w| {
                        w.nest_attr(attr_id | Attr::NESTED, |w| told.describe(w, &|nested| at.index(nested)))
                    })
                })
            })?;
        }
        at.next.1 = attr_id.saturating_add(1);
    }
    // Linux says "more" with the last objects, so that DONE comes in a datagram of its own.
    Ok(if out.is_empty() { Fill::Done } else { Fill::More })
}
