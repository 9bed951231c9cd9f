//! Making requests: well-formed ones, and such with one fault or several, anywhere.

use netloom::wire::policy::{Check, Kind};
use netloom::wire::{Attr, AttrPolicy, Flags, GenlHeader, Header, MessageType, OpFlags, Policy};

use super::dice::Dice;
use super::told::CTRL;
use super::value::{bad, good};
use super::world::{Family, Op, World, is_left_out};
use crate::Malformed;

/// No request is made much longer than this.
const LARGE: usize = 6_000;
/// Nests are made one deeper than any kernel judges, where policies lead so far.
const DEEPEST: usize = 12;

/// Makes requests to the families of a world.
pub(super) struct Maker<'w> {
    /// Families with their ops that are not left out; what has more ops comes more often.
    asked: Vec<(&'w Family, &'w Op)>,
    unused: Vec<u16>,
    names: Vec<Vec<u8>>,
}

/// What was made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// Nothing can stand behind it in a datagram: its length lies, or it may start a dump.
    pub(super) last: bool,
}

/// How wrong it is to be.
#[derive(Clone, Copy)]
struct Heat {
    /// One in so many attributes is wrong; 0 for none.
    attrs: usize,
    /// Nests rather than anything else.
    deep: bool,
}

impl<'w> Maker<'w> {
    /// Makes requests to all, or to the family of this name.
    pub(super) fn new(world: &'w World, only: Option<&str>) -> Result<Self, Malformed> {
        let mut asked = Vec::new();
        for family in world.families.iter().filter(|family| only.is_none_or(|only| family.name == only)) {
            let ops = family.ops.iter().filter(|op| !is_left_out(family, op.cmd));
            // A small family is asked as often as if it had eight ops.
            let (closed, ops): (Vec<&Op>, Vec<&Op>) =
                ops.partition(|op| !world.administrator && op.flags.contains(OpFlags::ADMIN_PERM));
            let turns = 8_usize.div_ceil(ops.len().max(1));
            asked.extend((0..turns).flat_map(|_| ops.iter().map(|op| (family, *op))));
            // What needs an administrator of the machine is refused before anything is judged: one is enough.
            asked.extend(closed.first().map(|op| (family, *op)));
        }
        let unused = (19..60).filter(|id| world.family(*id).is_none()).collect();
        let names = world.families.iter().map(|family| [family.name.as_bytes(), &[0]].concat()).collect();
        if asked.is_empty() {
            return Err(Malformed::new("this Linux has no such family that a network namespace can see"));
        }
        Ok(Self { asked, unused, names })
    }

    /// Makes one with this sequence number at the end of `out`.
    pub(super) fn make(&self, dice: &mut Dice, seq: u32, out: &mut Vec<u8>) -> Made {
        let start = out.len();
        let (family, op) = dice.pick(&self.asked);
        let wrong_header = dice.one_in(12);
        let dump = match (op.doit.is_some(), op.dump.is_some()) {
            // What is not judged shows little, and some of it walks large tables.
            (true, true) => dice.one_in(if op.dump.is_some_and(|mode| mode.policy.is_some()) { 4 } else { 64 }),
            (_, dump) => dump != dice.one_in(64),
        };
        let heat = match dice.roll(8) {
            0..2 => Heat { attrs: 0, deep: dice.one_in(3) },
            2..5 => Heat { attrs: 3, deep: dice.one_in(8) },
            _ => Heat { attrs: 2, deep: dice.one_in(4) },
        };
        let mut flags = Flags::REQUEST | Flags::ACK;
        if dump {
            flags |= Flags::DUMP;
        }
        if dice.one_in(16) {
            flags = Flags(flags.0 & !dice.pick(&[Flags::ACK.0, Flags::ACK.0, Flags::REQUEST.0]));
        }
        let mut genl = GenlHeader { cmd: op.cmd, version: family.version, reserved: 0 };
        let mut kind = family.id;
        if wrong_header {
            match dice.roll(8) {
                0 => flags |= Flags(1 << dice.roll(16)),
                1 => flags |= Flags(dice.next() as u16),
                2 => genl.reserved = dice.next() as u16 >> dice.roll(16),
                3 => {
                    let cmd = dice.next() as u8 >> dice.roll(6);
                    genl.cmd = if is_left_out(family, cmd) { op.cmd } else { cmd };
                }
                4 => kind = if self.unused.is_empty() { 1_000 } else { dice.pick(&self.unused) },
                5 => kind = dice.roll(16) as u16,
                6 => genl.version = dice.next() as u8,
                _ => {}
            }
        }
        out.extend_from_slice(
            &Header { len: 0, kind: MessageType(kind), flags, seq, port: dice.next() as u32 }.to_bytes(),
        );
        out.extend_from_slice(&genl.to_bytes());
        for _ in 0..family.header.div_ceil(4) {
            let own = if dice.one_in(2) { 0 } else { dice.roll(4) as u32 };
            out.extend_from_slice(&own.to_ne_bytes());
        }
        match op.mode(flags.contains(Flags::DUMP)).and_then(|mode| mode.policy) {
            Some(policy) => self.attributes(family, policy, heat, 0, dice, out),
            // Nothing is accepted, or nothing judged.
            None if dice.one_in(4) => self.attributes(family, Policy::REJECT_ALL, heat, 0, dice, out),
            None => {}
        }
        // A wrong length is no use without an attribute that it cuts.
        let len = out.len() - start;
        let told = if wrong_header { wrong_length(len, dice) } else { len };
        if told < len {
            out.truncate(start + told.max(Header::LEN));
        }
        out[start..start + 4].copy_from_slice(&(told as u32).to_ne_bytes());
        out.resize(out.len().next_multiple_of(4), 0);
        let honest = told >= Header::LEN && told <= out.len() - start;
        Made { last: !honest || flags.contains(Flags::DUMP) }
    }

    /// Attributes for a policy.
    fn attributes(
        &self,
        family: &Family,
        policy: &Policy,
        heat: Heat,
        depth: usize,
        dice: &mut Dice,
        out: &mut Vec<u8>,
    ) {
        let most = usize::from(policy.max_attr());
        let count = match depth {
            0 => dice.pick(&[0, 1, 1, 1, 2, 2, 3, 5]),
            1..3 => dice.pick(&[0, 1, 1, 2, 3]),
            _ => 1,
        };
        let count = if heat.deep { count.max(1) } else { count };
        for _ in 0..count {
            if out.len() > LARGE {
                break;
            }
            let wrong = heat.attrs != 0 && dice.one_in(heat.attrs);
            let from = 1 + dice.roll(most.max(1));
            let id = match if wrong { dice.roll(6) } else { 6 } {
                0 => most + dice.roll(3) * (1 + dice.roll(40)),
                1 => dice.roll(most + 2),
                2 | 3 => rarest(policy, dice).unwrap_or(from),
                _ => accepted(policy, from, heat.deep),
            } as u16;
            let entry = policy.attr(id).copied().unwrap_or(AttrPolicy::REJECT);
            let wrong = wrong || matches!(entry.kind, Kind::Unspec | Kind::Reject(_)) && policy.attr(id).is_some();
            if wrong && heat.attrs == 0 {
                // Nothing that is accepted: a policy of big holes.
                continue;
            }
            self.attribute(family, id, &entry, wrong, heat, depth, dice, out);
        }
        if heat.attrs != 0 && dice.one_in(8) {
            // Bytes behind the last, or an attribute that says that it is longer than what there is.
            match dice.roll(3) {
                0 => out.extend_from_slice(&dice.next().to_ne_bytes()[..1 + dice.roll(3)]),
                1 => out.extend_from_slice(&[dice.roll(4) as u8, 0, 1, 0]),
                _ => out.extend_from_slice(&[5 + dice.roll(200) as u8, dice.roll(2) as u8, 1, 0]),
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "all of it changes from attribute to attribute")]
    fn attribute(
        &self,
        family: &Family,
        id: u16,
        entry: &AttrPolicy,
        wrong: bool,
        heat: Heat,
        depth: usize,
        dice: &mut Dice,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        let nest = matches!(entry.kind, Kind::Nest(_) | Kind::NestArray(_));
        let mut raw_type = id | if nest { Attr::NESTED } else { 0 };
        let mut in_value = wrong;
        if wrong {
            match dice.roll(if nest { 2 } else { 6 }) {
                0 => {
                    raw_type ^= Attr::NESTED;
                    in_value = false;
                }
                1 if !nest => raw_type ^= Attr::NET_BYTEORDER,
                _ => {}
            }
        }
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&raw_type.to_ne_bytes());
        match entry.kind {
            _ if in_value => bad(entry, dice, out),
            Kind::NulString if family.id == CTRL => out.extend_from_slice(&self.names[dice.roll(self.names.len())]),
            Kind::Nest(Some(link)) if depth < DEEPEST => {
                if let Some(policy) = link.table().filter(|_| heat.deep || !dice.one_in(8)) {
                    self.attributes(family, policy, heat, depth + 1, dice, out);
                }
            }
            Kind::NestArray(Some(link)) if depth < DEEPEST => {
                let least = usize::from(heat.deep);
                for number in 0..dice.roll(3).max(least) {
                    let at = out.len();
                    let bit = if dice.one_in(8) { 0 } else { Attr::NESTED };
                    out.extend_from_slice(&[0, 0]);
                    out.extend_from_slice(&(number as u16 | bit).to_ne_bytes());
                    match link.table() {
                        _ if heat.attrs != 0 && dice.one_in(3) => out.resize(out.len() + 1 + dice.roll(3), 0),
                        Some(policy) => self.attributes(family, policy, heat, depth + 1, dice, out),
                        None => {}
                    }
                    close(at, out);
                }
            }
            _ => good(entry, dice, out),
        }
        close(start, out);
    }
}

/// An id that is accepted, from this one on, around the end; a nest if there is one and that is wanted.
fn accepted(policy: &Policy, from: usize, nest: bool) -> usize {
    let most = usize::from(policy.max_attr());
    let ids = || (from..=most).chain(1..from);
    let is = |id: &usize, nest: bool| {
        let kind = policy.attrs.get(*id).map_or(Kind::Unspec, |entry| entry.kind);
        match kind {
            Kind::Nest(Some(_)) | Kind::NestArray(Some(_)) => true,
            Kind::Unspec | Kind::Reject(_) => false,
            _ => !nest,
        }
    };
    let leads = |id: &usize| policy.attrs.get(*id).is_some_and(|entry| leads_on(entry.kind));
    let found = if nest { ids().find(leads).or_else(|| ids().find(|id| is(id, true))) } else { None };
    found.or_else(|| ids().find(|id| is(id, false))).unwrap_or(from)
}

/// Of a few ids the one whose entry few policies have: what can be wrong with it is to be met, too.
fn rarest(policy: &Policy, dice: &mut Dice) -> Option<usize> {
    let most = usize::from(policy.max_attr());
    let rank = |id: &usize| match policy.attrs.get(*id).map(|entry| (entry.kind, entry.len, entry.check)) {
        Some((Kind::Unspec, 1.., _)) => 6,
        Some((Kind::Reject(_) | Kind::Msecs, ..) | (_, _, Check::WarnTooLong { .. })) => 5,
        Some((Kind::Flag | Kind::Bitfield32(_), ..)) => 5,
        Some((Kind::Unspec | Kind::NestArray(Some(_)), ..)) => 4,
        Some((_, _, Check::Mask(_))) => 4,
        Some((Kind::String | Kind::NulString, ..) | (Kind::Binary, 1.., _)) => 3,
        Some((_, _, Check::Function(_))) => 0,
        _ => 1,
    };
    (0..5).map(|_| 1 + dice.roll(most.max(1))).max_by_key(rank)
}

/// Whether nests lead on from this one's policy.
fn leads_on(kind: Kind) -> bool {
    let (Kind::Nest(Some(link)) | Kind::NestArray(Some(link))) = kind else { return false };
    let nests = |entry: &AttrPolicy| matches!(entry.kind, Kind::Nest(Some(_)) | Kind::NestArray(Some(_)));
    link.table().is_some_and(|table| table.attrs.iter().any(nests))
}

/// Writes the length of the attribute that begins at `start`, and pads it.
fn close(start: usize, out: &mut Vec<u8>) {
    let len = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
    out[start..start + 2].copy_from_slice(&len.to_ne_bytes());
    out.resize(out.len().next_multiple_of(4), 0);
}

fn wrong_length(len: usize, dice: &mut Dice) -> usize {
    match dice.roll(16) {
        0 => dice.roll(Header::LEN),
        1 => Header::LEN + dice.roll(5),
        2 => len + 1 + dice.roll(40),
        3 => len.saturating_sub(1 + dice.roll(7)).max(Header::LEN),
        _ => len,
    }
}
