//! Static policies from a spec, by the rules of the kernel's own generator.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::OnceLock;

use netloom_spec::policy::{Length, Limit, Policy as Rules, Rule};
use netloom_spec::{Attribute, ByteOrder, KernelPolicy, Kind, Mode, Operation, SetId, Width};
use netloom_wire::policy::Kind as Accepts;
use netloom_wire::{AttrPolicy, Link, Policy};

use super::tables::{Tables, cells, leak, list};

/// The policies of a family: one for each nested set that requests reach, and one a mode of an op, an op, or the family.
pub(super) struct Policies {
    nests: &'static [OnceLock<Policy>],
    tables: RefCell<HashMap<Table, &'static Policy>>,
    max_attr: u16,
}

/// What makes a table its own: modes that agree in it have one and the same.
#[derive(PartialEq, Eq, Hash)]
struct Table {
    set: Option<SetId>,
    owner: String,
    ids: Vec<u16>,
}

impl Policies {
    pub(super) fn new(tables: &Tables<'_>) -> Self {
        let spec = tables.spec;
        let mut policies = Self { nests: cells(spec.sets.len()), tables: RefCell::default(), max_attr: 0 };
        for set in spec.request_sets() {
            if let Some(cell) = policies.nests.get(set.index()) {
                cell.get_or_init(|| policies.policy(tables, &spec.nest_policy(set)));
            }
        }
        // net/netlink/genetlink.c: ctrl_fill_info tells a maxattr only of families with one policy.
        if spec.kernel_policy == KernelPolicy::Global {
            let first = spec.operations.iter().find_map(|op| Some((op, op.doit.as_ref().or(op.dump.as_ref())?)));
            policies.max_attr = first.map_or(0, |(op, mode)| spec.policy(op, &mode.request).max);
        }
        policies
    }

    pub(super) fn max_attr(&self) -> u16 {
        self.max_attr
    }

    /// What a mode of an op accepts.
    pub(super) fn mode(&self, tables: &Tables<'_>, op: &Operation, mode: &Mode, is_dump: bool) -> &'static Policy {
        let spec = tables.spec;
        let rules = spec.policy(op, &mode.request);
        if rules.rules.is_empty() {
            return Policy::REJECT_ALL;
        }
        // GETPOLICY tells which policies are one table.
        let owner = match spec.kernel_policy {
            _ if !spec.protocol.is_generic() => String::new(),
            KernelPolicy::Split => format!("{} {is_dump}", op.name),
            KernelPolicy::PerOp => op.name.clone(),
            KernelPolicy::Global => String::new(),
        };
        let ids = rules.rules.iter().map(|(attribute, _)| attribute.id).collect();
        let table = Table { set: op.set, owner, ids };
        self.tables.borrow_mut().entry(table).or_insert_with(|| leak(self.policy(tables, &rules)))
    }

    fn policy(&self, tables: &Tables<'_>, rules: &Rules<'_>) -> Policy {
        // The highest id that is accepted; those that are refused anyway need no entry.
        let accepted = || rules.rules.iter().filter(|(_, rule)| *rule != Rule::Reject);
        let most = accepted().map(|(attribute, _)| attribute.id).max().unwrap_or(0);
        let mut attrs = vec![AttrPolicy::REJECT; usize::from(most).saturating_add(1)];
        for (attribute, rule) in accepted() {
            if let Some(place) = attrs.get_mut(usize::from(attribute.id)) {
                *place = self.entry(tables, attribute, rule);
            }
        }
        Policy::new(list(attrs))
    }

    fn entry(&self, tables: &Tables<'_>, attribute: &Attribute, rule: &Rule) -> AttrPolicy {
        let nest = |set: &SetId| self.nests.get(set.index()).map(Link::late);
        let len = |len: &u32| u16::try_from(*len).unwrap_or(u16::MAX);
        match rule {
            Rule::Flag => AttrPolicy::FLAG,
            Rule::Integer { width, order, limit } => {
                limited(tables, attribute, AttrPolicy::of(integer(*width, *order)), *width, limit)
            }
            Rule::Bitfield32 { mask } => AttrPolicy::bitfield32(*mask),
            Rule::NulString { max } => AttrPolicy::NUL_STRING.max_len(max.as_ref().map_or(0, len)),
            Rule::String { max } => AttrPolicy::STRING.max_len(max.as_ref().map_or(0, len)),
            Rule::Binary { length } => match length {
                Length::Exact(exact) => AttrPolicy::BINARY.exact(len(exact)),
                Length::Min(min) => AttrPolicy::BINARY.at_least(len(min)),
                Length::Max(max) => AttrPolicy::BINARY.max_len(len(max)),
                Length::Range(min, max) => AttrPolicy::BINARY.length(len(min), len(max)),
                Length::Any => AttrPolicy::BINARY,
            },
            Rule::Nest { set } => AttrPolicy::of(Accepts::Nest(set.as_ref().and_then(nest))),
            Rule::NestArray { set, .. } => AttrPolicy::of(Accepts::NestArray(nest(set))),
            _ => AttrPolicy::REJECT,
        }
    }
}

fn limited(tables: &Tables<'_>, attribute: &Attribute, policy: AttrPolicy, width: Width, limit: &Limit) -> AttrPolicy {
    let (low, high) = width.range();
    let range = |min: i128, max: i128| {
        if width.is_signed() {
            policy.signed_range(min as i64, max as i64)
        } else {
            policy.range(min as u64, max as u64)
        }
    };
    match limit {
        Limit::None => policy,
        Limit::Min(min) => range(*min, high),
        Limit::Max(max) => range(low, *max),
        Limit::Range(min, max) => range(*min, *max),
        Limit::Mask(bits) => policy.mask(*bits),
        Limit::Sparse(_) => match &attribute.kind {
            Kind::Scalar(scalar) => {
                scalar.names.map_or(policy, |names| policy.one_of(tables.enumeration(names.id, false)))
            }
            _ => policy,
        },
    }
}

/// The kernel tells big-endian apart for 16 and 32 bits only.
fn integer(width: Width, order: ByteOrder) -> Accepts {
    match (width, order) {
        (Width::U16, ByteOrder::Big) => Accepts::Be16,
        (Width::U32, ByteOrder::Big) => Accepts::Be32,
        (Width::U8, _) => Accepts::U8,
        (Width::U16, _) => Accepts::U16,
        (Width::U32, _) => Accepts::U32,
        (Width::U64, _) => Accepts::U64,
        (Width::S8, _) => Accepts::S8,
        (Width::S16, _) => Accepts::S16,
        (Width::S32, _) => Accepts::S32,
        (Width::S64, _) => Accepts::S64,
        (Width::Uint, _) => Accepts::Uint,
        (Width::Sint, _) => Accepts::Sint,
    }
}
