//! What the kernel accepts of an attribute, by the rules with which its generator turns a spec into tables of
//! `struct nla_policy` (tools/net/ynl/pyynl/ynl_gen_c.py): the checks of the spec and those that follow from enums.

use crate::model::{Attribute, ByteOrder, IndexBase, KernelPolicy, Kind, Message, Operation, SetId, Spec, Width};

/// The policy of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// Refused: padding and reserved ids.
    Reject,
    /// No payload.
    Flag,
    /// An integer; BE16, BE32 and the like when `order` is big.
    Integer {
        /// Size and sign.
        width: Width,
        /// Order on the wire; limits are of the value.
        order: ByteOrder,
        /// What its value must be.
        limit: Limit,
    },
    /// Value and selector, and the bits that exist; without them none does.
    Bitfield32 {
        /// The bits.
        mask: u32,
    },
    /// Text with a NUL, at most so many bytes before it.
    NulString {
        /// The limit.
        max: Option<u32>,
    },
    /// Text with or without one.
    String {
        /// The limit.
        max: Option<u32>,
    },
    /// Bytes.
    Binary {
        /// How many.
        length: Length,
    },
    /// Attributes; of a set, unless only the size is checked.
    Nest {
        /// The set.
        set: Option<SetId>,
    },
    /// An array of nests.
    NestArray {
        /// The set of the elements.
        set: SetId,
        /// The index that our own arrays carry.
        base: IndexBase,
    },
}

/// The values that an integer may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Any.
    None,
    /// At least this.
    Min(i128),
    /// At most this.
    Max(i128),
    /// From … to, both included.
    Range(i128, i128),
    /// No bits but these.
    Mask(u64),
    /// One of these: an enum with gaps.
    Sparse(Vec<i128>),
}

/// The lengths that bytes may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Any.
    Any,
    /// Exactly so many.
    Exact(u32),
    /// At least.
    Min(u32),
    /// At most.
    Max(u32),
    /// From … to, both included.
    Range(u32, u32),
}

/// What one mode of an op accepts, or what a nest does: the rules by attribute id. Ids up to `max` that have none are
/// refused as unsupported, those above as unknown.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy<'a> {
    /// The highest id listed.
    pub max: u16,
    /// Attributes and rules by rising id.
    pub rules: Vec<(&'a Attribute, Rule)>,
}

impl Attribute {
    /// What the kernel accepts of this attribute of `spec`.
    pub fn rule(&self, spec: &Spec) -> Rule {
        match &self.kind {
            Kind::Unused | Kind::Pad => Rule::Reject,
            Kind::Flag => Rule::Flag,
            Kind::Scalar(scalar) => {
                Rule::Integer { width: scalar.width, order: scalar.order, limit: self.limit(spec, scalar.width) }
            }
            Kind::Bitfield32(names) => Rule::Bitfield32 {
                mask: names.map_or(0, |id| u32::try_from(spec[id].mask() & u64::from(u32::MAX)).unwrap_or_default()),
            },
            Kind::String => match (self.checks.exact_len, self.checks.max_len) {
                (Some(length), _) => Rule::Binary { length: Length::Exact(length) },
                // Strings have at least one byte, in the kernel's policies: what takes none is taken as bytes.
                _ if self.checks.min_len == Some(0) => Rule::Binary { length: self.length() },
                (None, max) if self.checks.unterminated_ok => Rule::String { max },
                (None, max) => Rule::NulString { max },
            },
            Kind::Binary { .. } => Rule::Binary { length: self.length() },
            Kind::Nest(set) => match self.header {
                Some(id) => Rule::Binary { length: Length::Min(spec[id].size) },
                None => Rule::Nest { set: *set },
            },
            Kind::IndexedArray { element, base } => match **element {
                Kind::Nest(Some(set)) => Rule::NestArray { set, base: *base },
                _ => Rule::Nest { set: None },
            },
            Kind::NestTypeValue { .. } | Kind::SubMessage { .. } => Rule::Nest { set: None },
        }
    }

    fn length(&self) -> Length {
        match (self.checks.exact_len, self.checks.min_len, self.checks.max_len) {
            (Some(exact), _, _) => Length::Exact(exact),
            (None, None | Some(0), Some(max)) => Length::Max(max),
            (None, Some(min), Some(max)) => Length::Range(min, max),
            (None, Some(min), None) => Length::Min(min),
            (None, None, None) => Length::Any,
        }
    }

    /// ynl_gen_c.py: TypeScalar._init_checks and _attr_policy. Raw families' enums give no checks.
    fn limit(&self, spec: &Spec, width: Width) -> Limit {
        let Kind::Scalar(scalar) = &self.kind else { return Limit::None };
        if let Some(flags) = self.checks.flags_mask {
            return Limit::Mask(spec[flags].mask());
        }
        let names = scalar.names.filter(|_| spec.protocol.is_generic());
        let (mut min, mut max) = (self.checks.min, self.checks.max);
        if let Some(names) = names {
            let names_of = &spec[names.id];
            if names.as_flags {
                return Limit::Mask(names_of.mask());
            }
            match names_of.dense_range() {
                None if min.is_none() && max.is_none() => {
                    return Limit::Sparse(names_of.entries.iter().map(|entry| entry.value).collect());
                }
                None => {}
                Some((low, high)) => {
                    min = min.or((low != 0 || width.is_signed()).then_some(low));
                    max = max.or(Some(high));
                }
            }
        }
        match (min.filter(|min| *min != width.range().0), max.filter(|max| *max != width.range().1)) {
            (None, None) => Limit::None,
            (Some(min), None) => Limit::Min(min),
            (None, Some(max)) => Limit::Max(max),
            (Some(min), Some(max)) => Limit::Range(min, max),
        }
    }
}

impl Spec {
    /// What requests of one mode of an op may carry. Where the kernel has a policy an op, it is that of do; where it has
    /// one a family, that of all requests together (ynl_gen_c.py: print_kernel_policy, Family._load_global_policy).
    pub fn policy<'a>(&'a self, op: &'a Operation, request: &'a Message) -> Policy<'a> {
        match (self.kernel_policy, &op.doit) {
            (KernelPolicy::Split, _) | (KernelPolicy::PerOp, None) => collect(self, self.attributes_of(op, request)),
            (KernelPolicy::PerOp, Some(doit)) => collect(self, self.attributes_of(op, &doit.request)),
            (KernelPolicy::Global, _) => {
                let modes = self.operations.iter().flat_map(|op| op.doit.iter().chain(&op.dump).map(move |m| (op, m)));
                let mut all: Vec<&Attribute> = Vec::new();
                for attribute in modes.flat_map(|(op, mode)| self.attributes_of(op, &mode.request)) {
                    if !all.iter().any(|other| other.id == attribute.id) {
                        all.push(attribute);
                    }
                }
                collect(self, all.into_iter())
            }
        }
    }

    /// What a nest of this set may carry: all of it, since the kernel has one table a set.
    pub fn nest_policy(&self, set: SetId) -> Policy<'_> {
        collect(self, self[set].attributes.iter())
    }

    /// The sets of the nests that requests can reach, each once, outermost first: those that need a policy.
    pub fn request_sets(&self) -> Vec<SetId> {
        let mut found = Vec::new();
        for op in &self.operations {
            for mode in op.doit.iter().chain(&op.dump) {
                for attribute in self.attributes_of(op, &mode.request) {
                    reach(self, attribute, &mut found);
                }
            }
        }
        found
    }
}

fn collect<'a>(spec: &Spec, attributes: impl Iterator<Item = &'a Attribute>) -> Policy<'a> {
    let mut rules: Vec<(&Attribute, Rule)> = attributes.map(|attribute| (attribute, attribute.rule(spec))).collect();
    rules.sort_by_key(|(attribute, _)| attribute.id);
    Policy { max: rules.last().map_or(0, |(attribute, _)| attribute.id), rules }
}

fn reach(spec: &Spec, attribute: &Attribute, found: &mut Vec<SetId>) {
    let set = match attribute.rule(spec) {
        Rule::Nest { set: Some(set) } | Rule::NestArray { set, .. } => set,
        _ => return,
    };
    if !found.contains(&set) {
        found.push(set);
        for attribute in &spec[set].attributes {
            reach(spec, attribute, found);
        }
    }
}
