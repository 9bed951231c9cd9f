//! What Linux tells of its families: GETFAMILY and GETPOLICY.

use std::collections::BTreeMap;

use netloom::families::nlctrl::{CtrlAttrs, OpAttrs, OpPolicyAttrs};
use netloom::socket::Socket;
use netloom::wire::{Attr, Attrs, Flags, OpFlags, PolicyNote, RawAttrs};

use super::live::{ask, put, request};
use crate::Malformed;

/// nlctrl's id.
pub(super) const CTRL: u16 = 16;

/// A family as Linux tells it.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) id: u16,
    pub(super) version: u8,
    pub(super) header: usize,
    pub(super) max_attr: u16,
    pub(super) ops: Vec<ToldOp>,
    /// Attributes by id, by the policy's number.
    pub(super) policies: BTreeMap<u32, ToldPolicy>,
}

/// An op, and the numbers of its policies.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToldOp {
    pub(super) cmd: u8,
    pub(super) flags: OpFlags,
    pub(super) doit: Option<u32>,
    pub(super) dump: Option<u32>,
}

/// A policy as far as it is told.
#[derive(Clone, Debug, Default)]
pub(super) struct ToldPolicy {
    /// The highest id, if a nest refers to it: that of an op's own policy is not told.
    pub(super) max_attr: Option<u16>,
    pub(super) attrs: BTreeMap<u16, PolicyNote>,
}

/// All families that this network namespace can see, by id.
pub(super) fn families(socket: &Socket) -> Result<Vec<Told>, Malformed> {
    let (objects, _) = ask(socket, &request(CTRL, Flags::DUMP, 3, 0, &[]))?;
    let mut all: Vec<Told> = objects.iter().filter_map(|attrs| family(attrs)).collect();
    all.sort_by_key(|told| told.id);
    for told in &mut all {
        policies(socket, told)?;
    }
    if all.is_empty() { Err(Malformed::new("nlctrl tells of no family")) } else { Ok(all) }
}

fn family(attrs: &[u8]) -> Option<Told> {
    let attrs: Attrs<'_, CtrlAttrs> = Attrs::new(attrs);
    let ops = attrs.get(CtrlAttrs::OPS).into_iter().flatten().filter_map(|op| op.value);
    let op = |op: Attrs<'_, OpAttrs>| {
        let flags = OpFlags(op.get(OpAttrs::FLAGS)?.0);
        Some(ToldOp { cmd: u8::try_from(op.get(OpAttrs::ID)?).ok()?, flags, doit: None, dump: None })
    };
    Some(Told {
        name: attrs.get(CtrlAttrs::FAMILY_NAME)?.to_string(),
        id: attrs.get(CtrlAttrs::FAMILY_ID)?,
        version: attrs.get(CtrlAttrs::VERSION)? as u8,
        header: attrs.get(CtrlAttrs::HDRSIZE)? as usize,
        max_attr: attrs.get(CtrlAttrs::MAXATTR)? as u16,
        ops: ops.filter_map(op).collect(),
        policies: BTreeMap::new(),
    })
}

/// Adds the policies. Some releases tell those of ops that can only be dumped as those of op 0: they are told in the order
/// of the family's own list.
fn policies(socket: &Socket, told: &mut Told) -> Result<(), Malformed> {
    let mut id = Vec::new();
    put(&mut id, CtrlAttrs::FAMILY_ID.id(), &told.id.to_ne_bytes());
    let (objects, _) = ask(socket, &request(CTRL, Flags::DUMP, 10, 0, &id))?;
    for object in &objects {
        let attrs = RawAttrs::new(object);
        for mapped in attrs.first(CtrlAttrs::OP_POLICY.id()).into_iter().flat_map(Attr::nested) {
            let nameless = |op: &ToldOp| !op.flags.contains(OpFlags::CAP_DO) && op.flags.contains(OpFlags::CAP_HASPOL);
            let is = |op: &&mut ToldOp| match mapped.id() {
                0 => nameless(op) && op.dump.is_none(),
                id => id == u16::from(op.cmd),
            };
            let Some(op) = told.ops.iter_mut().find(is) else {
                return Err(Malformed::new(format!("{}: ops and their policies do not match", told.name)));
            };
            let numbers: Attrs<'_, OpPolicyAttrs> = Attrs::new(mapped.payload());
            (op.doit, op.dump) = (numbers.get(OpPolicyAttrs::DO), numbers.get(OpPolicyAttrs::DUMP));
            // What accepts nothing is told by its number alone.
            for number in [op.doit, op.dump].into_iter().flatten() {
                told.policies.entry(number).or_default();
            }
        }
        for policy in attrs.first(CtrlAttrs::POLICY.id()).into_iter().flat_map(Attr::nested) {
            for attr in policy.nested() {
                let Some(note) = PolicyNote::read(attr.nested()) else { continue };
                told.policies.entry(policy.id().into()).or_default().attrs.insert(attr.id(), note);
                if let Some((number, max)) = note.index.zip(note.max_attr) {
                    told.policies.entry(number).or_default().max_attr = u16::try_from(max).ok();
                }
            }
        }
    }
    Ok(())
}
