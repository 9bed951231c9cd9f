//! Families and protocols as the engine knows them: numbers, flags and policies; handlers are the shell's.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use netloom_wire::{Errno, OpFlags, Policy, Protocol, Strictness};

use crate::kernel::Nack;

/// Names a registered family inside one [`Engine`](super::Engine). Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FamilyKey(pub(super) u64);

/// A family as the engine dispatches to it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name: on the wire for generic netlink (1 to 15 bytes), for people otherwise.
    pub name: String,
    /// The protocol that carries it.
    pub protocol: Protocol,
    /// Its version, in the header of what it sends.
    pub version: u8,
    /// Bytes of its own header behind the (generic) netlink header.
    pub header_size: usize,
    /// The family-wide highest attribute id that nlctrl tells.
    pub max_attr: u16,
    /// Ops from this number on have their headers checked strictly; 0 is all of them.
    pub resv_start_op: u16,
    /// Whether its handlers may run at the same time as others; if not, one lock is around all such families' handlers.
    pub parallel: bool,
    /// Whether every network namespace sees it, or the first one alone.
    pub every_namespace: bool,
    /// Its ops, in the order that nlctrl tells them.
    pub ops: Vec<Entry>,
    /// Its groups.
    pub groups: Vec<GroupEntry>,
    /// Whether it is asked before a socket joins one of its groups, and told when one leaves.
    pub binds: bool,
}

/// A group of a [`Table`].
#[derive(Clone, Debug, Default)]
pub struct GroupEntry {
    /// Its name: 1 to 15 bytes.
    pub name: String,
    /// Its number, where the protocol fixes it.
    pub number: Option<u32>,
    /// Whether only administrators may join.
    #[doc(alias = "GENL_MCAST_CAP_NET_ADMIN")]
    #[doc(alias = "GENL_MCAST_CAP_SYS_ADMIN")]
    pub admin: bool,
}

/// One op of a [`Table`].
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The generic netlink command (up to 255), or the message type of another protocol.
    pub number: u16,
    /// What the caller needs: ADMIN_PERM and UNS_ADMIN_PERM count.
    pub flags: OpFlags,
    /// Bits that mean something to the family alone.
    pub internal_flags: u8,
    /// How it is done, if it can be.
    pub doit: Option<Mode>,
    /// How it is dumped, if it can be.
    pub dump: Option<Mode>,
}

/// How an op's requests are judged in one mode.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// What is accepted; none: attributes are not looked at.
    pub policy: Option<&'static Policy>,
    /// How strictly.
    pub strictness: Strictness,
    /// The policy is told where all ops' are asked for, and judges nothing.
    pub nominal: bool,
}

impl Mode {
    /// Judged by this policy, at this level.
    pub fn new(policy: Option<&'static Policy>, strictness: Strictness) -> Self {
        Self { policy, strictness, nominal: false }
    }

    /// What judges its requests.
    pub fn judge(&self) -> Option<&'static Policy> {
        self.policy.filter(|_| !self.nominal)
    }
}

impl Table {
    /// Why it cannot be registered, if it cannot.
    // net/netlink/genetlink.c: genl_validate_ops, genl_validate_assign_mc_groups
    fn check(&self) -> Result<(), String> {
        let generic = self.protocol == Protocol::GENERIC;
        let named = |name: &str| !name.is_empty() && name.len() <= 15 && !name.contains('\0');
        if generic && !named(&self.name) {
            return Err(format!("{:?} is no family name: it takes 1 to 15 bytes without a NUL", self.name));
        }
        if let Some(group) = self.groups.iter().find(|group| generic && !named(&group.name)) {
            return Err(format!("{:?} is no group name: it takes 1 to 15 bytes without a NUL", group.name));
        }
        if generic && (self.groups.len() > 255 || self.ops.len() > 255) {
            return Err("a family has at most 255 ops and 255 groups".to_owned());
        }
        for (at, op) in self.ops.iter().enumerate() {
            let number = op.number;
            if generic && number > u16::from(u8::MAX) {
                return Err(format!("op {number}: a command is 0 to 255"));
            }
            if op.doit.is_none() && op.dump.is_none() {
                return Err(format!("op {number}: give it a doit or a dump"));
            }
            if self.ops.iter().take(at).any(|other| other.number == number) {
                return Err(format!("op {number} is there twice"));
            }
            let lenient = [op.doit, op.dump].into_iter().flatten().any(|mode| mode.strictness != Strictness::STRICT);
            if generic && number >= self.resv_start_op && lenient {
                return Err(format!(
                    "op {number}: ops from resv_start_op ({}) on are judged strictly",
                    self.resv_start_op
                ));
            }
        }
        self.flaw().map_or(Ok(()), Err)
    }

    /// What makes no sense in a policy that its ops or their nests are judged by, if anything.
    fn flaw(&self) -> Option<String> {
        let modes = self.ops.iter().flat_map(|op| {
            [("do", op.doit), ("dump", op.dump)].map(|(word, mode)| (mode, format!("op {} {word}", op.number)))
        });
        let roots = modes.filter_map(|(mode, place)| Some((mode?.policy?, place)));
        let mut known: Vec<(&'static Policy, String)> = Vec::new();
        let mut seen = HashSet::new();
        let mut meet = |policy: &'static Policy, place: String, known: &mut Vec<_>| {
            if seen.insert(std::ptr::from_ref(policy)) {
                known.push((policy, place));
            }
        };
        roots.for_each(|(policy, place)| meet(policy, place, &mut known));
        while let Some((policy, place)) = known.pop() {
            if let Some(flaw) = policy.flaw() {
                return Some(format!("{place}: {flaw}"));
            }
            for (id, nested) in policy.below() {
                meet(nested, format!("{place}, nest {id}"), &mut known);
            }
        }
        None
    }
}

impl Entry {
    /// The flags as nlctrl tells them.
    pub fn told(&self) -> OpFlags {
        let mut flags = self.flags;
        for (mode, cap) in [(self.doit, OpFlags::CAP_DO), (self.dump, OpFlags::CAP_DUMP)] {
            if let Some(mode) = mode {
                flags = flags | cap;
                if mode.policy.is_some() {
                    flags = flags | OpFlags::CAP_HASPOL;
                }
            }
        }
        flags
    }
}

/// A family that is registered.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its key.
    pub key: FamilyKey,
    /// Its message type, for generic netlink.
    pub id: u16,
    /// Its groups: name and number.
    pub groups: Vec<(String, u32)>,
    /// All else.
    pub table: Table,
    /// What nlctrl tells of it, as attributes; nothing of it changes while the family is there.
    told: OnceLock<Option<Vec<u8>>>,
}

impl Listed {
    fn new(key: FamilyKey, id: u16, groups: Vec<(String, u32)>, table: Table) -> Arc<Self> {
        Arc::new(Self { key, id, groups, table, told: OnceLock::new() })
    }

    /// What nlctrl tells of it, written once by `write`; `None` if that cannot be told in a message.
    pub(in crate::kernel) fn told(&self, write: impl FnOnce() -> Option<Vec<u8>>) -> Option<&[u8]> {
        self.told.get_or_init(write).as_deref()
    }
}

/// All families that are registered.
#[derive(Clone, Default)]
pub(super) struct Families {
    next_key: u64,
    next_id: u16,
    by_id: BTreeMap<u16, Arc<Listed>>,
    by_name: HashMap<String, u16>,
    others: Vec<Arc<Listed>>,
    group_taken: Vec<bool>,
    /// Ids and group numbers start here, or where Linux's do if that is above.
    first_id: u16,
    first_group: u32,
}

/// The id of nlctrl.
pub const GENL_ID_CTRL: u16 = 0x10;
/// The number of nlctrl's group.
pub(super) const CTRL_NOTIFY: u32 = 0x10;
const FIRST_ID: u16 = 0x13;
const LAST_ID: u16 = 1023;
/// Group numbers that are never given out: 0 and 1, and those of nlctrl and two old families.
const RESERVED_GROUPS: [usize; 5] = [0, 1, 16, 17, 18];

impl Families {
    /// None yet. Ids of generic netlink's start here, and numbers of groups; nlctrl's are fixed.
    pub(super) fn numbered_from(first_id: u16, first_group: u32) -> Self {
        Self { first_id, first_group, ..Self::default() }
    }

    // net/netlink/genetlink.c: genl_register_family, genl_validate_ops
    pub(super) fn register(&mut self, table: Table) -> Result<Arc<Listed>, Nack> {
        table.check().map_err(|text| Nack::new(Errno::EINVAL).with_message(text))?;
        if table.protocol != Protocol::GENERIC {
            return self.register_other(table);
        }
        if self.by_name.contains_key(&table.name) {
            let text = format!("there is a family {} already: unregister it, or choose another name", table.name);
            return Err(Nack::new(Errno::EEXIST).with_message(text));
        }
        let id = if table.name == "nlctrl" { GENL_ID_CTRL } else { self.free_id()? };
        let groups = self.number_groups(&table);
        self.next_key = self.next_key.saturating_add(1);
        let listed = Listed::new(FamilyKey(self.next_key), id, groups, table);
        self.by_name.insert(listed.table.name.clone(), id);
        self.by_id.insert(id, listed.clone());
        Ok(listed)
    }

    fn register_other(&mut self, table: Table) -> Result<Arc<Listed>, Nack> {
        let clash = |old: &&Entry| table.ops.iter().any(|new| new.number == old.number);
        if let Some(old) = self.of(table.protocol).flat_map(|other| &other.table.ops).find(clash) {
            let text = format!("message type {} of protocol {} is another family's", old.number, table.protocol);
            return Err(Nack::new(Errno::EEXIST).with_message(text));
        }
        let groups = table.groups.iter().map(|group| (group.name.clone(), group.number.unwrap_or(0))).collect();
        self.next_key = self.next_key.saturating_add(1);
        let listed = Listed::new(FamilyKey(self.next_key), 0, groups, table);
        self.others.push(listed.clone());
        Ok(listed)
    }

    /// Ids go round: a freed one is given out again only after all others.
    fn free_id(&mut self) -> Result<u16, Nack> {
        let first = self.first_id.clamp(FIRST_ID, LAST_ID);
        let start = self.next_id.clamp(first, LAST_ID);
        let full = || {
            let count = LAST_ID.saturating_sub(first).saturating_add(1);
            Nack::new(Errno::ENOSPC).with_message(format!("all {count} ids are given out: unregister a family"))
        };
        let id = (start..=LAST_ID).chain(first..start).find(|id| !self.by_id.contains_key(id)).ok_or_else(full)?;
        self.next_id = if id == LAST_ID { first } else { id.saturating_add(1) };
        Ok(id)
    }

    /// The first block of free numbers that is long enough.
    // net/netlink/genetlink.c: genl_allocate_reserve_groups
    fn number_groups(&mut self, table: &Table) -> Vec<(String, u32)> {
        if table.name == "nlctrl" {
            return table.groups.iter().map(|group| (group.name.clone(), CTRL_NOTIFY)).collect();
        }
        let taken = |at: usize, used: &[bool]| RESERVED_GROUPS.contains(&at) || used.get(at).copied().unwrap_or(false);
        let count = table.groups.len();
        let mut first = self.first_group as usize;
        while let Some(hit) = (first..first.saturating_add(count)).rev().find(|at| taken(*at, &self.group_taken)) {
            first = hit.saturating_add(1);
        }
        let end = first.saturating_add(count);
        if self.group_taken.len() < end {
            self.group_taken.resize(end, false);
        }
        self.group_taken.iter_mut().take(end).skip(first).for_each(|used| *used = true);
        let numbered = (first..end).zip(&table.groups);
        numbered.map(|(at, group)| (group.name.clone(), u32::try_from(at).unwrap_or(0))).collect()
    }

    pub(super) fn unregister(&mut self, key: FamilyKey) -> Option<Arc<Listed>> {
        if let Some(at) = self.others.iter().position(|listed| listed.key == key) {
            return Some(self.others.remove(at));
        }
        let id = self.by_id.values().find(|listed| listed.key == key)?.id;
        let listed = self.by_id.remove(&id)?;
        self.by_name.remove(&listed.table.name);
        for (_, group) in &listed.groups {
            if let Some(used) = self.group_taken.get_mut(*group as usize) {
                *used = false;
            }
        }
        Some(listed)
    }

    /// Whether it is there.
    pub(super) fn contains(&self, key: FamilyKey) -> bool {
        self.by_id.values().chain(&self.others).any(|listed| listed.key == key)
    }

    pub(super) fn by_id(&self, id: u16) -> Option<&Arc<Listed>> {
        self.by_id.get(&id)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Arc<Listed>> {
        self.by_id.get(self.by_name.get(name)?)
    }

    /// The generic netlink families, by id.
    pub(super) fn generic(&self) -> impl Iterator<Item = &Arc<Listed>> {
        self.by_id.values()
    }

    /// The families of another protocol.
    pub(super) fn of(&self, protocol: Protocol) -> impl Iterator<Item = &Arc<Listed>> {
        self.others.iter().filter(move |listed| listed.table.protocol == protocol)
    }

    /// The family whose group this is, and whether only administrators may join it.
    pub(super) fn owner(&self, group: u32) -> Option<(&Arc<Listed>, bool)> {
        self.by_id.values().find_map(|listed| {
            let at = listed.groups.iter().position(|(_, number)| *number == group)?;
            Some((listed, listed.table.groups.get(at).is_some_and(|group| group.admin)))
        })
    }

    /// The highest group number that a socket of generic netlink may join.
    // net/netlink/genetlink.c: mc_groups_longs
    pub(super) fn group_limit(&self) -> u32 {
        u32::try_from(self.group_taken.len().max(CTRL_NOTIFY as usize).next_multiple_of(64)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netloom_wire::policy::Kind;
    use netloom_wire::{AttrPolicy, Link};

    fn table(name: &str, groups: usize) -> Table {
        Table {
            name: name.to_owned(),
            protocol: Protocol::GENERIC,
            version: 1,
            header_size: 0,
            max_attr: 0,
            resv_start_op: 0,
            parallel: false,
            every_namespace: true,
            ops: Vec::new(),
            groups: (0..groups).map(|n| GroupEntry { name: format!("g{n}"), ..GroupEntry::default() }).collect(),
            binds: false,
        }
    }

    #[test]
    fn ids_and_groups_are_numbered_as_the_kernel_does() {
        let mut families = Families::default();
        assert_eq!(families.register(table("nlctrl", 1)).unwrap().groups[0].1, 16);
        let first = families.register(table("first", 1)).unwrap();
        assert_eq!((first.id, first.groups[0].1), (19, 2));
        let wide = families.register(table("wide", 14)).unwrap();
        assert_eq!(wide.groups[0].1, 19, "14 numbers do not fit below the reserved ones");
        assert_eq!(families.register(table("small", 2)).unwrap().groups[0].1, 3);
        assert_eq!(families.register(table("first", 0)).unwrap_err().errno(), Errno::EEXIST);
        families.unregister(first.key).unwrap();
        let again = families.register(table("again", 1)).unwrap();
        assert_eq!((again.id, again.groups[0].1), (22, 2), "groups are reused at once, ids only after a round");
    }

    #[test]
    fn numbers_that_start_elsewhere_stay_there() {
        let mut families = Families::numbered_from(1_020, 1_024);
        assert_eq!(families.register(table("nlctrl", 1)).unwrap().groups[0].1, 16);
        assert_eq!(families.group_limit(), 64, "none is given out");
        let told: Vec<(u16, u32)> = (0..4)
            .map(|n| families.register(table(&format!("f{n}"), 2)).unwrap())
            .map(|listed| (listed.id, listed.groups[0].1))
            .collect();
        assert_eq!(told, [(1_020, 1_024), (1_021, 1_026), (1_022, 1_028), (1_023, 1_030)]);
        let full = families.register(table("more", 0)).unwrap_err();
        assert_eq!(full.message(), Some("all 4 ids are given out: unregister a family"));
        let second = families.by_name("f1").unwrap().key;
        families.unregister(second).unwrap();
        let again = families.register(table("again", 3)).unwrap();
        assert_eq!((again.id, again.groups[0].1), (1_021, 1_032), "three do not fit where two were");
    }

    #[test]
    fn ids_run_out_and_come_back() {
        let mut families = Families::default();
        let keys: Vec<_> = (0..1005).map(|n| families.register(table(&format!("f{n}"), 0)).unwrap().key).collect();
        assert_eq!(families.register(table("more", 0)).unwrap_err().errno(), Errno::ENOSPC);
        families.unregister(keys[500]).unwrap();
        assert_eq!(families.register(table("more", 0)).unwrap().id, 19 + 500);
    }

    #[test]
    fn wrong_tables_are_refused_with_the_reason() {
        let op = Entry { number: 1, flags: OpFlags::NONE, internal_flags: 0, doit: None, dump: None };
        let mode = Some(Mode::new(None, Strictness::STRICT));
        let liberal = Some(Mode::new(None, Strictness::LIBERAL));
        let ops = |ops: Vec<Entry>| Table { ops, ..table("bad", 0) };
        let group = |name: &str| {
            let group = GroupEntry { name: name.to_owned(), ..GroupEntry::default() };
            Table { groups: vec![group], ..table("bad", 0) }
        };
        let cases = [
            (ops(vec![op]), "op 1: give it a doit or a dump"),
            (ops(vec![Entry { doit: mode, ..op }, Entry { dump: mode, ..op }]), "op 1 is there twice"),
            (ops(vec![Entry { number: 256, doit: mode, ..op }]), "op 256: a command is 0 to 255"),
            (ops(vec![Entry { dump: liberal, ..op }]), "op 1: ops from resv_start_op (0) on are judged strictly"),
            (table("", 0), r#""" is no family name: it takes 1 to 15 bytes without a NUL"#),
            (
                table("sixteen-bytes-xx", 0),
                r#""sixteen-bytes-xx" is no family name: it takes 1 to 15 bytes without a NUL"#,
            ),
            (group(""), r#""" is no group name: it takes 1 to 15 bytes without a NUL"#),
            (group("sixteen-bytes-xx"), r#""sixteen-bytes-xx" is no group name: it takes 1 to 15 bytes without a NUL"#),
            (group("a\0b"), r#""a\0b" is no group name: it takes 1 to 15 bytes without a NUL"#),
        ];
        let mut families = Families::default();
        static INNER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U8.range(9, 1)]);
        static OUTER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::nest(&MIDDLE)]);
        static MIDDLE: Policy = Policy::new(&[
            AttrPolicy::REJECT,
            AttrPolicy::of(Kind::Nest(Some(Link::through(|| &OUTER)))),
            AttrPolicy::nest_array(&INNER),
        ]);
        let judged = |policy| Some(Mode::new(Some(policy), Strictness::STRICT));
        let cases = cases.into_iter().chain([
            (
                ops(vec![Entry { doit: judged(&INNER), ..op }]),
                "op 1 do: attribute 1: the least, 9, is over the greatest, 1",
            ),
            (
                ops(vec![Entry { doit: mode, dump: judged(&OUTER), ..op }]),
                "op 1 dump, nest 1, nest 2: attribute 1: the least, 9, is over the greatest, 1",
            ),
        ]);
        for (table, text) in cases {
            let nack = families.register(table).unwrap_err();
            assert_eq!((nack.errno(), nack.message()), (Errno::EINVAL, Some(text)));
        }
        assert!(families.register(Table { resv_start_op: 2, ..ops(vec![Entry { dump: liberal, ..op }]) }).is_ok());
    }
}
