//! The controller of generic netlink: a family that tells of families.

use std::sync::Arc;

use netloom_wire::{
    Attr, AttrPolicy, Errno, Flags, Full, Header, Message, MessageType, OpFlags, Policy, Strictness, Writer,
};

use super::chunk::Chunk;
use super::ctx::Ctx;
use super::engine::{Entry, Listed};
use super::{Fill, Nack, raw};

// linux/genetlink.h: CTRL_CMD_*, CTRL_ATTR_*
const NEWFAMILY: u16 = 1;
const DELFAMILY: u16 = 2;
const GETFAMILY: u16 = 3;
const NEWMCAST_GRP: u16 = 7;
const DELMCAST_GRP: u16 = 8;
const GETPOLICY: u16 = 10;

const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
const VERSION: u16 = 3;
const HDRSIZE: u16 = 4;
const MAXATTR: u16 = 5;
const OPS: u16 = 6;
const MCAST_GROUPS: u16 = 7;
const POLICY: u16 = 8;
const OP_POLICY: u16 = 9;
const OP: u16 = 10;

static WHICH: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U16, AttrPolicy::NUL_STRING.max_len(15)]);
static WHICH_POLICY: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U16,
    AttrPolicy::NUL_STRING.max_len(15),
    AttrPolicy::REJECT,
    AttrPolicy::REJECT,
    AttrPolicy::REJECT,
    AttrPolicy::REJECT,
    AttrPolicy::REJECT,
    AttrPolicy::REJECT,
    AttrPolicy::REJECT,
    AttrPolicy::U32,
]);

/// nlctrl itself.
// net/netlink/genetlink.c: genl_ctrl
pub(super) fn family() -> raw::Family {
    let getfamily = raw::Op::new(GETFAMILY)
        .reply_number(NEWFAMILY)
        .do_policy(&WHICH)
        .do_strictness(Strictness::LIBERAL)
        .dump_policy(&WHICH)
        .doit_replying(getfamily)
        .dump(raw::Dump::new(|_| Ok(0_u16), dump_families));
    let getpolicy =
        raw::Op::new(GETPOLICY).dump_policy(&WHICH_POLICY).dump(raw::Dump::new(start_policies, dump_policies));
    raw::Family::new("nlctrl").version(2).resv_start_op(11).parallel().group("notify").op(getfamily).op(getpolicy)
}

/// What is sent to nlctrl's group when a family comes or goes.
// net/netlink/genetlink.c: genl_register_family, genl_unregister_family
pub(super) fn events(listed: &Listed, came: bool) -> Vec<Vec<u8>> {
    let header = Header::new(MessageType(super::engine::GENL_ID_CTRL), Flags::NONE);
    let family = event(header, if came { NEWFAMILY } else { DELFAMILY }, &|w| write_family(w, listed));
    let groups = listed.groups.iter().filter_map(|group| {
        event(header, if came { NEWMCAST_GRP } else { DELMCAST_GRP }, &|w| write_group(w, listed, group))
    });
    if came { family.into_iter().chain(groups).collect() } else { groups.chain(family).collect() }
}

/// A message of nlctrl's before, or without, nlctrl being looked up.
fn event(header: Header, cmd: u16, body: &dyn Fn(&mut Writer<'_>) -> Result<(), Full>) -> Option<Vec<u8>> {
    let mut buf = vec![0; 8_192];
    let mut w = Writer::new(&mut buf);
    let cmd = u8::try_from(cmd).ok()?;
    w.message(header, |w| {
        w.genl(netloom_wire::GenlHeader { cmd, version: 2, reserved: 0 })?;
        body(w)
    })
    .ok()?;
    Some(w.written().to_vec())
}

// net/netlink/genetlink.c: ctrl_getfamily
fn getfamily(ctx: &mut Ctx<'_>) -> Result<Option<Vec<u8>>, Nack> {
    let (id, name) = which(ctx);
    let state = ctx.kernel().lock();
    let mut found = Err(Nack::new(Errno::EINVAL));
    if let Some(id) = id {
        found = state.engine.family_by_id(id).cloned().ok_or(Nack::new(Errno::ENOENT));
    }
    if let Some(name) = &name {
        found = state.engine.family(name).cloned().ok_or(Nack::new(Errno::ENOENT));
    }
    drop(state);
    let listed = found?;
    if !listed.table.every_namespace && ctx.namespace().0 != 0 {
        return Err(Nack::new(Errno::ENOENT));
    }
    Ok(Some(ctx.encode(NEWFAMILY, &Family(&listed))?))
}

fn which(ctx: &Ctx<'_>) -> (Option<u16>, Option<String>) {
    let id = ctx.attrs().last(FAMILY_ID).and_then(Attr::read::<u16>);
    let name = ctx.attrs().last(FAMILY_NAME).and_then(Attr::read::<netloom_wire::Str>).map(str::to_owned);
    (id, name)
}

// net/netlink/genetlink.c: ctrl_dumpfamily
fn dump_families(next: &mut u16, out: &mut Chunk<'_>, ctx: &mut Ctx<'_>) -> Result<Fill, Nack> {
    let families = ctx.kernel().lock().engine.families();
    for listed in &families {
        let hidden = !listed.table.every_namespace && ctx.namespace().0 != 0;
        if listed.id < *next || hidden {
            continue;
        }
        out.message(|w| write_family(w, listed))?;
        *next = listed.id.saturating_add(1);
    }
    Ok(Fill::Done)
}

/// A family as the body of a message.
#[derive(Clone, Debug)]
struct Family<'a>(&'a Listed);

impl Message for Family<'_> {
    type Header = ();
    fn encode(&self, w: &mut Writer<'_>) -> Result<(), Full> {
        write_family(w, self.0)
    }
    fn decode(_: netloom_wire::Body<'_, ()>, _: &mut dyn netloom_wire::Bad) -> Self {
        unreachable!("only ever written")
    }
}

// net/netlink/genetlink.c: ctrl_fill_info
fn write_family(w: &mut Writer<'_>, listed: &Listed) -> Result<(), Full> {
    let table = &listed.table;
    put_text(w, FAMILY_NAME, &table.name)?;
    w.put_attr(FAMILY_ID, &listed.id.to_ne_bytes())?;
    put_u32(w, VERSION, table.version.into())?;
    put_u32(w, HDRSIZE, u32::try_from(table.header_size).unwrap_or(u32::MAX))?;
    put_u32(w, MAXATTR, table.max_attr.into())?;
    if !table.ops.is_empty() {
        // These two nests have never carried the nested bit.
        w.nest_attr(OPS, |w| {
            (1..).zip(&table.ops).try_for_each(|(index, op)| {
                w.nest_attr(index, |w| {
                    put_u32(w, 1, op.number.into())?;
                    put_u32(w, 2, op.told().0)
                })
            })
        })?;
    }
    if !listed.groups.is_empty() {
        w.nest_attr(MCAST_GROUPS, |w| {
            (1..).zip(&listed.groups).try_for_each(|(index, group)| write_group_entry(w, index, group))
        })?;
    }
    Ok(())
}

// net/netlink/genetlink.c: ctrl_fill_mcgrp_info
fn write_group(w: &mut Writer<'_>, listed: &Listed, group: &(String, u32)) -> Result<(), Full> {
    put_text(w, FAMILY_NAME, &listed.table.name)?;
    w.put_attr(FAMILY_ID, &listed.id.to_ne_bytes())?;
    w.nest_attr(MCAST_GROUPS, |w| write_group_entry(w, 1, group))
}

fn write_group_entry(w: &mut Writer<'_>, index: u16, (name, number): &(String, u32)) -> Result<(), Full> {
    w.nest_attr(index, |w| {
        put_u32(w, 2, *number)?;
        put_text(w, 1, name)
    })
}

fn put_u32(w: &mut Writer<'_>, id: u16, value: u32) -> Result<(), Full> {
    w.put_attr(id, &value.to_ne_bytes())
}

fn put_text(w: &mut Writer<'_>, id: u16, text: &str) -> Result<(), Full> {
    <netloom_wire::Str as netloom_wire::Payload>::put(text, w, id)
}

/// Where a dump of policies stands.
struct Policies {
    id: u16,
    /// Ops whose mapping is not told yet, last first.
    ops: Vec<Entry>,
    policies: Vec<&'static Policy>,
    /// The next attribute to tell: which policy, which id.
    next: (usize, u16),
}

impl Policies {
    fn index(&self, policy: &'static Policy) -> Option<u32> {
        let at = self.policies.iter().position(|known| same(known, policy))?;
        u32::try_from(at).ok()
    }

    /// Adds a policy, and those that it and its nests lead to.
    // net/netlink/policy.c: netlink_policy_dump_add_policy
    fn add(&mut self, policy: &'static Policy) {
        if self.index(policy).is_none() {
            self.policies.push(policy);
        }
        let mut at = 0;
        while let Some(known) = self.policies.get(at) {
            for attr in known.attrs {
                use netloom_wire::policy::Kind::{Nest, NestArray};
                let (Nest(Some(link)) | NestArray(Some(link))) = attr.kind else { continue };
                if let Some(nested) = link.table().filter(|nested| nested.max_attr() != 0)
                    && self.index(nested).is_none()
                {
                    self.policies.push(nested);
                }
            }
            at = at.saturating_add(1);
        }
    }
}

/// Whether two policies are one: the same table, or both accept nothing.
fn same(one: &'static Policy, other: &'static Policy) -> bool {
    std::ptr::eq(one, other) || (one.max_attr() == 0 && other.max_attr() == 0)
}

// net/netlink/genetlink.c: ctrl_dumppolicy_start
fn start_policies(ctx: &mut Ctx<'_>) -> Result<Policies, Nack> {
    let (id, name) = which(ctx);
    let state = ctx.kernel().lock();
    let found: Option<Arc<Listed>> = match (id, &name) {
        (Some(id), _) => state.engine.family_by_id(id).cloned(),
        (None, Some(name)) => state.engine.family(name).cloned(),
        (None, None) => return Err(Nack::new(Errno::EINVAL)),
    };
    drop(state);
    let listed = found.ok_or(Nack::new(Errno::ENOENT))?;
    let mut ops = listed.table.ops.clone();
    if let Some(attr) = ctx.attrs().last(OP) {
        let wanted = attr.read::<u32>();
        ops.retain(|op| Some(u32::from(op.number)) == wanted);
        if ops.is_empty() {
            let nack = Nack::new(Errno::ENOENT);
            return Err(match ctx.offset_of(attr) {
                Some(offset) => nack.at(offset),
                None => nack,
            });
        }
    }
    let mut found = Policies { id: listed.id, ops: Vec::new(), policies: Vec::new(), next: (0, 0) };
    for op in &ops {
        for policy in [op.doit, op.dump].into_iter().flatten().filter_map(|mode| mode.policy) {
            found.add(policy);
        }
    }
    if found.policies.is_empty() {
        return Err(Nack::new(Errno::ENODATA));
    }
    ops.retain(|op| op.told().contains(OpFlags::CAP_HASPOL));
    ops.reverse();
    found.ops = ops;
    Ok(found)
}

// net/netlink/genetlink.c: ctrl_dumppolicy
fn dump_policies(at: &mut Policies, out: &mut Chunk<'_>, _: &mut Ctx<'_>) -> Result<Fill, Nack> {
    while let Some(op) = at.ops.last() {
        let index = |mode: Option<super::engine::Mode>| mode.and_then(|mode| mode.policy).and_then(|p| at.index(p));
        let (id, doit, dump) = (at.id, index(op.doit), index(op.dump));
        out.message(|w| {
            w.put_attr(FAMILY_ID, &id.to_ne_bytes())?;
            w.nest_attr(OP_POLICY | Attr::NESTED, |w| {
                w.nest_attr(op.number | Attr::NESTED, |w| {
                    doit.map_or(Ok(()), |index| put_u32(w, 1, index))?;
                    dump.map_or(Ok(()), |index| put_u32(w, 2, index))
                })
            })
        })?;
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
            out.message(|w| {
                w.put_attr(FAMILY_ID, &at.id.to_ne_bytes())?;
                w.nest_attr(POLICY | Attr::NESTED, |w| {
                    w.nest_attr(number | Attr::NESTED, |w| {
                        w.nest_attr(attr_id | Attr::NESTED, |w| {
                            attr.describe(w, &|nested| at.index(nested)).map(|_| ())
                        })
                    })
                })
            })?;
        }
        at.next.1 = attr_id.saturating_add(1);
    }
    // Linux says "more" with the last objects, so that DONE comes in a datagram of its own.
    Ok(if out.is_empty() { Fill::Done } else { Fill::More })
}
