//! The families that are asked, as far as they are known.

use std::collections::HashSet;

use netloom::wire::policy::Kind;
use netloom::wire::{AttrPolicy, OpFlags, Policy, Strictness};

/// A family: what our kernel side is given, and what requests are made of.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) id: u16,
    pub(super) version: u8,
    /// Bytes of its own header.
    pub(super) header: usize,
    pub(super) max_attr: u16,
    /// Ops from this number on have their headers checked.
    pub(super) resv_start: u16,
    pub(super) ops: Vec<Op>,
}

impl Family {
    /// Whether an op is told to accept nothing, and is not judged: split ops show it.
    pub(super) fn has_split_ops(&self) -> bool {
        let is = |op: &Op, mode: Mode| {
            let judged = mode.strictness == Strictness::STRICT && u16::from(op.cmd) >= self.resv_start;
            mode.tells && mode.policy.is_none() && !judged
        };
        self.ops.iter().any(|op| [op.doit, op.dump].into_iter().flatten().any(|mode| is(op, mode)))
    }
}

/// An op.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    pub(super) cmd: u8,
    pub(super) flags: OpFlags,
    pub(super) doit: Option<Mode>,
    pub(super) dump: Option<Mode>,
}

impl Op {
    /// One way of it.
    pub(super) fn mode(&self, dump: bool) -> Option<Mode> {
        if dump { self.dump } else { self.doit }
    }
}

/// One way of an op, and how it is judged: without a policy it accepts nothing, or is not judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub(super) policy: Option<&'static Policy>,
    pub(super) strictness: Strictness,
    /// Whether nlctrl tells a policy of it all the same, which accepts nothing.
    pub(super) tells: bool,
}

/// All of them, and what could not be found out.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) families: Vec<Family>,
    /// Entries that a function of the kernel's judges beyond what is known: by address.
    pub(super) opaque: HashSet<usize>,
    /// Whether it is asked as an administrator of the machine.
    pub(super) administrator: bool,
}

impl World {
    pub(super) fn family(&self, id: u16) -> Option<&Family> {
        self.families.iter().find(|family| family.id == id)
    }

    /// Whether the kernel judges more of it than is known.
    pub(super) fn is_opaque(&self, entry: &'static AttrPolicy) -> bool {
        self.opaque.contains(&address(entry))
    }
}

pub(super) fn address(entry: &'static AttrPolicy) -> usize {
    std::ptr::from_ref(entry) as usize
}

/// Ops that are left out, by family and number, and why: they could block or harm the machine.
const LEFT_OUT: &[(&str, u8, &str)] = &[
    ("TASKSTATS", 1, "it may ask to be told of every process that ends, which would come between the answers"),
    ("NET_DM", 2, "it has the machine's dropped packets traced until it is told to stop"),
    ("nbd", 1, "it connects block devices of the machine"),
    ("nbd", 2, "it disconnects block devices of the machine"),
];

/// Families of our own module that wait, send and dump as long and as much as they are told: cases are for them. One of them
/// is for requests by chance.
const TOLD_HOW: (&str, &str) = ("LOOM", "LOOM_JUDGE");

/// Whether an op is left out.
pub(super) fn is_left_out(family: &Family, number: u8) -> bool {
    let is_told_how = family.name.starts_with(TOLD_HOW.0) && family.name != TOLD_HOW.1;
    is_told_how || LEFT_OUT.iter().any(|(name, cmd, _)| *name == family.name && *cmd == number)
}

impl World {
    /// Prints it, family by family, or one alone.
    pub(super) fn tell(&self, only: Option<&str>) {
        for family in self.families.iter().filter(|family| only.is_none_or(|only| family.name == only)) {
            let Family { name, id, header, max_attr, resv_start, .. } = family;
            println!(
                "{name}: id {id}, header {header}, highest attribute {max_attr}, headers checked from op {resv_start}"
            );
            for op in &family.ops {
                let mode = |mode: Option<Mode>| match mode {
                    None => "none".to_string(),
                    Some(Mode { policy: None, .. }) => "not judged".into(),
                    Some(Mode { policy: Some(policy), strictness, .. }) => {
                        let level = if strictness == Strictness::STRICT { "strictly" } else { "leniently" };
                        let start = match policy.strict_start {
                            0 => String::new(),
                            start => format!(" (strictly from {start})"),
                        };
                        format!("up to {} {level}{start}", policy.max_attr())
                    }
                };
                println!("  op {} {:#x}: do {}, dump {}", op.cmd, op.flags.0, mode(op.doit), mode(op.dump));
            }
            let mut seen = HashSet::new();
            for policy in family.ops.iter().flat_map(|op| [op.doit, op.dump]).flatten().filter_map(|mode| mode.policy) {
                self.tell_policy(policy, &mut seen);
            }
        }
    }

    fn tell_policy(&self, policy: &'static Policy, seen: &mut HashSet<usize>) {
        if !seen.insert(std::ptr::from_ref(policy) as usize) {
            return;
        }
        println!("  policy {:p}", policy);
        let mut inner = Vec::new();
        for (id, entry) in policy.attrs.iter().enumerate().skip(1) {
            let opaque = if self.is_opaque(entry) { " and what a function says" } else { "" };
            println!("    {id}: {:?} {} {:?}{opaque}", entry.kind, entry.len, entry.check);
            if let Kind::Nest(Some(link)) | Kind::NestArray(Some(link)) = entry.kind {
                inner.extend(link.table());
            }
        }
        for policy in inner {
            self.tell_policy(policy, seen);
        }
    }
}
