//! Policies as statics, by the rules of the kernel's own generator.

use std::collections::HashMap;

use netloom_spec::policy::{Length, Limit, Policy, Rule};
use netloom_spec::{Attribute, ByteOrder, KernelPolicy, SetId, Spec, Width};

use crate::definition::integer;
use crate::name::{Taken, snake, upper};
use crate::text::Text;

/// The policies of a family: one a nested set that requests reach, and one a mode of an op, an op, or the family.
pub(crate) struct Policies {
    /// Name and entries.
    tables: Vec<(String, Vec<String>)>,
    /// By operation and mode (dump?): what its `POLICY` is.
    modes: HashMap<(usize, bool), String>,
    /// Functions that check enums with gaps: name, integer, values.
    functions: Vec<(String, &'static str, Vec<i128>)>,
}

impl Policies {
    pub(crate) fn of(spec: &Spec) -> Self {
        let mut policies = Self { tables: Vec::new(), modes: HashMap::new(), functions: Vec::new() };
        let mut taken = Taken::new(&[]);
        let nests: HashMap<SetId, String> = spec
            .request_sets()
            .into_iter()
            .map(|set| (set, taken.take(format!("{}_POLICY", upper(&spec[set].name)), "")))
            .collect();
        for set in spec.request_sets() {
            let entries = policies.entries(spec, &spec.nest_policy(set), &nests);
            let name = nests.get(&set).cloned().unwrap_or_default();
            policies.tables.push((name, entries));
        }
        for (index, op) in spec.operations.iter().enumerate() {
            let modes = [(op.doit.as_ref(), false, "DO"), (op.dump.as_ref(), true, "DUMP")];
            for (mode, is_dump, word) in modes.into_iter().filter_map(|(mode, dump, word)| Some((mode?, dump, word))) {
                let policy = spec.policy(op, &mode.request);
                let expression = if policy.rules.is_empty() {
                    "Policy::REJECT_ALL".to_owned()
                } else {
                    let entries = policies.entries(spec, &policy, &nests);
                    let name = match spec.kernel_policy {
                        KernelPolicy::Split => format!("{}_{word}_POLICY", upper(&op.name)),
                        KernelPolicy::PerOp => format!("{}_POLICY", upper(&op.name)),
                        KernelPolicy::Global => format!("{}_POLICY", upper(&spec.stem)),
                    };
                    // GETPOLICY tells which policies are one table; only raw families may share equal ones.
                    let shared = |(other, table): &&(String, Vec<String>)| {
                        *table == entries && (*other == name || !spec.protocol.is_generic())
                    };
                    let found = policies.tables.iter().find(shared).map(|(name, _)| name.clone());
                    let name = found.unwrap_or_else(|| {
                        let name = taken.take(name, "");
                        policies.tables.push((name.clone(), entries));
                        name
                    });
                    format!("&{name}")
                };
                policies.modes.insert((index, is_dump), expression);
            }
        }
        policies
    }

    /// What an op's mode names as its policy.
    pub(crate) fn mode(&self, op: usize, is_dump: bool) -> &str {
        self.modes.get(&(op, is_dump)).map_or("Policy::REJECT_ALL", String::as_str)
    }

    pub(crate) fn write(&self, text: &mut Text) {
        if !self.tables.is_empty() {
            text.line("");
            text.line("policies! {");
            for (name, entries) in &self.tables {
                text.rows(4, name, entries);
            }
            text.line("}");
        }
        for (name, int, values) in &self.functions {
            let values: Vec<String> = values.iter().map(i128::to_string).collect();
            text.line("");
            text.line(&format!("fn {name}(attr: Attr<'_>) -> Result<(), Reject> {{"));
            text.line(&format!("    match <{int} as Payload>::read(attr.payload()) {{"));
            text.line(&format!("        Some({}) => Ok(()),", values.join(" | ")));
            text.line("        _ => Err(Reject {");
            text.line("            errno: Errno::EINVAL,");
            text.line("            message: Some(\"invalid enum value\"),");
            text.line("            offset: None,");
            text.line("            policy: None,");
            text.line("        }),");
            text.line("    }");
            text.line("}");
        }
    }

    /// Id and rule of each attribute that is not refused.
    fn entries(&mut self, spec: &Spec, policy: &Policy<'_>, nests: &HashMap<SetId, String>) -> Vec<String> {
        let accepted = policy.rules.iter().filter(|(_, rule)| *rule != Rule::Reject);
        accepted
            .map(|(attribute, rule)| format!("{} {}", attribute.id, self.entry(spec, attribute, rule, nests)))
            .collect()
    }

    fn entry(&mut self, spec: &Spec, attribute: &Attribute, rule: &Rule, nests: &HashMap<SetId, String>) -> String {
        let nest = |set: &SetId| nests.get(set).map_or("", String::as_str);
        match rule {
            Rule::Flag => "FLAG".into(),
            Rule::Integer { width, order, limit } => {
                let check = self.limit(spec, attribute, *width, limit);
                format!("{}{check}", kind(*width, *order))
            }
            Rule::Bitfield32 { mask } => format!("bitfield32({mask:#x})"),
            Rule::NulString { max } => format!("NUL_STRING{}", max_len(*max)),
            Rule::String { max } => format!("STRING{}", max_len(*max)),
            Rule::Binary { length } => match length {
                Length::Exact(len) => format!("BINARY.exact({len})"),
                Length::Min(len) => format!("BINARY.at_least({len})"),
                Length::Max(len) => format!("BINARY.max_len({len})"),
                Length::Range(min, max) => format!("BINARY.length({min}, {max})"),
                Length::Any => "BINARY".into(),
            },
            Rule::Nest { set: Some(set) } => format!("nest(&{})", nest(set)),
            Rule::NestArray { set, base: _ } => format!("nest_array(&{})", nest(set)),
            Rule::Nest { set: None } => "NEST".into(),
            _ => "REJECT".into(),
        }
    }

    fn limit(&mut self, spec: &Spec, attribute: &Attribute, width: Width, limit: &Limit) -> String {
        let (low, high) = width.range();
        let range = |min: i128, max: i128| {
            let word = if width.is_signed() { "signed_range" } else { "range" };
            format!(".{word}({min}, {max})")
        };
        match limit {
            Limit::None => String::new(),
            Limit::Min(min) => range(*min, high),
            Limit::Max(max) => range(low, *max),
            Limit::Range(min, max) => range(*min, *max),
            Limit::Mask(bits) => format!(".mask({bits:#x})"),
            Limit::Sparse(values) => {
                let int = match width {
                    Width::Uint => "Uint",
                    Width::Sint => "Sint",
                    width => integer(width),
                };
                let same = |(_, other, of): &&(String, &'static str, Vec<i128>)| *other == int && of == values;
                let name = self.functions.iter().find(same).map(|(name, ..)| name.clone()).unwrap_or_else(|| {
                    let set = spec.sets.iter().find(|set| set.attributes.iter().any(|a| a.place == attribute.place));
                    let of = set.map(|set| snake(&set.name)).unwrap_or_default();
                    let name = format!("{of}_{}_values", snake(&attribute.name));
                    self.functions.push((name.clone(), int, values.clone()));
                    name
                });
                format!(".function({name})")
            }
        }
    }
}

/// The kernel tells big-endian apart for 16 and 32 bits only.
fn kind(width: Width, order: ByteOrder) -> &'static str {
    match (width, order) {
        (Width::U16, ByteOrder::Big) => "BE16",
        (Width::U32, ByteOrder::Big) => "BE32",
        (Width::U8, _) => "U8",
        (Width::U16, _) => "U16",
        (Width::U32, _) => "U32",
        (Width::U64, _) => "U64",
        (Width::S8, _) => "S8",
        (Width::S16, _) => "S16",
        (Width::S32, _) => "S32",
        (Width::S64, _) => "S64",
        (Width::Uint, _) => "UINT",
        (Width::Sint, _) => "SINT",
    }
}

fn max_len(max: Option<u32>) -> String {
    max.map(|max| format!(".max_len({max})")).unwrap_or_default()
}
