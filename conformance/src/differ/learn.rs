//! Learning the kernel's policies: what it tells, and what it shows when it is tried.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::OnceLock;

use netloom::socket::Socket;
use netloom::wire::policy::Kind;
use netloom::wire::{Attr, AttrPolicy, Link, OpFlags, Policy, Strictness};

use super::entry::{Entry, described, undescribed};
use super::judged;
use super::live::put;
use super::probe::{Probe, UNKNOWN};
use super::told::{self, Told, ToldOp};
use super::world::{Family, Mode, Op, World, address};
use crate::{Malformed, Release, judge};

/// Learns all families that this network namespace can see.
pub(super) fn learn(socket: &Socket, administrator: bool) -> Result<World, Malformed> {
    let mut world = World { administrator, ..World::default() };
    for told in told::families(socket)? {
        if told.name == judge::NAME {
            let version = Release::here().and_then(Release::version).unwrap_or_default();
            world.families.push(judged::family(&told, version));
            continue;
        }
        Lesson::of(socket, &told, administrator)?.build(&mut world)?;
    }
    Ok(world)
}

/// A family while it is learned.
struct Lesson<'a> {
    told: &'a Told,
    socket: &'a Socket,
    administrator: bool,
    resv_start: u16,
    ops: Vec<(ToldOp, [Level; 2])>,
    cells: BTreeMap<u32, &'static OnceLock<Policy>>,
}

/// How an op is judged in one mode: do, dump.
#[derive(Clone, Default)]
struct Level {
    strict: bool,
    policy: Option<u32>,
    stop: Vec<u8>,
}

impl<'a> Lesson<'a> {
    fn of(socket: &'a Socket, told: &'a Told, administrator: bool) -> Result<Self, Malformed> {
        let cells = told.policies.keys().map(|number| (*number, &*Box::leak(Box::<OnceLock<Policy>>::default())));
        let mut lesson = Self { told, socket, administrator, resv_start: 0, ops: Vec::new(), cells: cells.collect() };
        let mut unchecked = 0;
        for op in &told.ops {
            let modes = [(false, OpFlags::CAP_DO, op.doit), (true, OpFlags::CAP_DUMP, op.dump)];
            let mut levels = [Level::default(), Level::default()];
            for ((dump, cap, policy), level) in modes.into_iter().zip(&mut levels) {
                let mut probe = lesson.probe(op.cmd, dump);
                if op.flags.contains(cap) {
                    if !probe.checks_header()? {
                        unchecked = unchecked.max(u16::from(op.cmd) + 1);
                    }
                    // What takes an administrator of the machine is not judged for this one.
                    *level = match lesson.is_closed(op) {
                        true => Level { strict: true, policy, stop: Vec::new() },
                        false => lesson.level(&mut probe, policy.or(op.doit.filter(|_| dump)), policy)?,
                    };
                }
            }
            lesson.ops.push((*op, levels));
        }
        lesson.resv_start = unchecked;
        Ok(lesson)
    }

    /// Whether it is not for us.
    fn is_closed(&self, op: &ToldOp) -> bool {
        !self.administrator && op.flags.contains(OpFlags::ADMIN_PERM)
    }

    fn probe(&self, cmd: u8, dump: bool) -> Probe<'a> {
        let (family, header) = (self.told.id, self.told.header);
        Probe { socket: self.socket, family, header, cmd, dump, stop: Vec::new(), path: Vec::new() }
    }

    /// Finds out how strictly an op is judged, and what stops it before its handler.
    fn level(&self, probe: &mut Probe<'_>, likely: Option<u32>, told: Option<u32>) -> Result<Level, Malformed> {
        if probe.is_strict()? {
            put(&mut probe.stop, UNKNOWN, &[]);
            return Ok(Level { strict: true, policy: likely, stop: probe.stop.clone() });
        }
        // A split op without a policy is told as one that accepts nothing, and is not judged.
        // net/netlink/genetlink.c: genl_op_iter_next, genl_get_cmd_split
        let is_empty = |number: &u32| self.told.policies.get(number).is_none_or(|policy| policy.attrs.is_empty());
        let mut policy = told.filter(|number| !is_empty(number));
        if let Some(policy) = likely.and_then(|number| self.told.policies.get(&number)) {
            probe.find_stop(policy.attrs.iter())?;
        }
        if !probe.stop.is_empty() {
            // Linux 6.1 tells of what judges a dump only where there is no do.
            policy = policy.or(likely);
        }
        Ok(Level { strict: false, policy, stop: probe.stop.clone() })
    }

    /// Ways to each policy from ops of one strictness, the shortest first.
    fn ways(&self, strict: bool) -> BTreeMap<u32, Probe<'a>> {
        let mut ways = BTreeMap::new();
        let mut queue = VecDeque::new();
        for (op, levels) in self.ops.iter().filter(|(op, _)| !self.is_closed(op)) {
            for (dump, level) in [false, true].into_iter().zip(levels).filter(|(_, level)| level.strict == strict) {
                let start = Probe { stop: level.stop.clone(), ..self.probe(op.cmd, dump) };
                queue.extend(level.policy.map(|number| (number, start)));
            }
        }
        while let Some((number, way)) = queue.pop_front() {
            if ways.contains_key(&number) {
                continue;
            }
            for (id, note) in self.told.policies.get(&number).into_iter().flat_map(|policy| &policy.attrs) {
                if let Some(inner) = note.index {
                    let mut further = way.clone();
                    further.path.push((*id, note.kind == 14));
                    queue.push_back((inner, further));
                }
            }
            ways.insert(number, way);
        }
        ways
    }

    fn build(self, world: &mut World) -> Result<(), Malformed> {
        let (strict, lenient) = (self.ways(true), self.ways(false));
        let mut opaque = HashSet::new();
        for (number, cell) in &self.cells {
            let way = strict.get(number).or(lenient.get(number));
            let entries = self.entries(*number, way)?;
            let strict_start = match lenient.get(number) {
                Some(way) => self.strict_start(way, &entries)?,
                None => 0,
            };
            let unknown = entries.iter().map(|entry| entry.opaque).collect::<Vec<_>>();
            let attrs: &'static [AttrPolicy] = Vec::leak(entries.into_iter().map(|entry| entry.policy).collect());
            let _ = cell.set(Policy { attrs, strict_start });
            let found = attrs.iter().zip(unknown).filter(|(_, unknown)| *unknown);
            opaque.extend(found.map(|(entry, _)| address(entry)));
        }
        let table = |number: Option<u32>| number.and_then(|number| self.cells.get(&number)?.get());
        // An op that is told to accept nothing has no policy: what our kernel side makes of one is to be seen.
        let is_empty = |number: u32| self.told.policies.get(&number).is_none_or(|policy| policy.attrs.is_empty());
        let mode = |level: &Level, told: Option<u32>| Mode {
            policy: table(level.policy.filter(|number| !is_empty(*number))),
            tells: level.policy.or(told).is_some(),
            strictness: if level.strict { Strictness::STRICT } else { Strictness::LIBERAL },
        };
        let op = |(op, [doit, dump]): &(ToldOp, [Level; 2])| Op {
            cmd: op.cmd,
            flags: op.flags,
            doit: op.flags.contains(OpFlags::CAP_DO).then(|| mode(doit, op.doit)),
            dump: op.flags.contains(OpFlags::CAP_DUMP).then(|| mode(dump, op.dump)),
        };
        let Told { name, id, version, header, max_attr, .. } = self.told.clone();
        let ops = self.ops.iter().map(op).collect();
        world.opaque.extend(opaque);
        world.families.push(Family { name, id, version, header, max_attr, resv_start: self.resv_start, ops });
        Ok(())
    }

    /// The entries of a policy, each found out.
    fn entries(&self, number: u32, way: Option<&Probe<'a>>) -> Result<Vec<Entry>, Malformed> {
        let Some(told) = self.told.policies.get(&number) else { return Ok(Vec::new()) };
        let known = told.max_attr.or(told.attrs.keys().next_back().copied()).unwrap_or_default();
        let mut entries = vec![Entry::of(AttrPolicy::REJECT)];
        for id in 1..=known {
            let note = told.attrs.get(&id);
            let link = note.and_then(|note| self.cells.get(&note.index?)).map(|cell| Link::late(cell));
            entries.push(match (note, way) {
                (Some(note), way) => described(*note, link, id, way)?,
                (None, Some(way)) => undescribed(id, way)?.unwrap_or(Entry::of(AttrPolicy::REJECT)),
                (None, None) => Entry::of(AttrPolicy::REJECT),
            });
        }
        // Of an op's own policy the highest id is not told: ids that are not described may stand behind.
        if let Some(way) = way.filter(|_| told.max_attr.is_none()) {
            let mut id = known + 1;
            while let Some(entry) = undescribed(id, way)? {
                entries.push(entry);
                id += 1;
            }
        }
        if entries.len() == 1 {
            // Nothing is accepted: no table.
            entries.clear();
        }
        Ok(entries)
    }

    /// The first id that a lenient op judges strictly.
    fn strict_start(&self, way: &Probe<'a>, entries: &[Entry]) -> Result<u16, Malformed> {
        if way.is_strict()? {
            return Ok(0);
        }
        for (id, entry) in (1_u16..).zip(entries.iter().skip(1)) {
            let nest = matches!(entry.policy.kind, Kind::Nest(_) | Kind::NestArray(_));
            let tried = way.attr(if nest { id } else { id | Attr::NESTED }, &[])?;
            let texts = [
                "NLA_F_NESTED is missing",
                "NLA_F_NESTED not expected",
                "invalid attribute length",
                "Unsupported attribute",
            ];
            let lengths = matches!(entry.policy.kind, Kind::Uint | Kind::Sint);
            if texts.iter().any(|text| tried.says(text)) && !(lengths && tried.says("invalid attribute length")) {
                return Ok(id);
            }
        }
        Ok(0)
    }
}
