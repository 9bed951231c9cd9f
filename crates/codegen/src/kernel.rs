//! Policies as the kernel's own sources write them: tables of `struct nla_policy`.

mod entry;

use std::collections::HashMap;
use std::fmt;

use netloom_wire::policy::{Check, Kind};
use netloom_wire::{Flaw, Policy};

use crate::text::Text;
use entry::Entry;

/// Policies and their names, to be written as C for a kernel module.
///
/// Ranges, functions and tables of nests that the named ones lead to are written too, `static`, with names made of the
/// table's and the attribute's id; a table is written once however many lead to it. What a [`Check::Function`] does cannot be
/// told: it is declared as `NAME_ID_validate`, and whoever includes the text defines it.
///
/// ```
/// use netloom_codegen::KernelTables;
/// use netloom_wire::{AttrPolicy, Policy};
/// static ASK: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32.range(1, 9), AttrPolicy::NUL_STRING.max_len(15)]);
/// let c = KernelTables::new().table("ask_nl_policy", &ASK).emit()?;
/// assert!(c.contains("static const struct nla_policy ask_nl_policy[3] = {"));
/// assert!(c.contains("\t[1] = NLA_POLICY_RANGE(NLA_U32, 1, 9),"));
/// # Ok::<(), netloom_codegen::KernelTableError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KernelTables {
    named: Vec<(String, &'static Policy)>,
}

impl KernelTables {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a policy by the name of its table in C. The first name of a policy counts.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>, policy: &'static Policy) -> Self {
        let name = name.into();
        if self.name(policy).is_none() {
            self.named.push((name, policy));
        }
        self
    }

    /// The table's name, if the policy has one.
    pub fn name(&self, policy: &Policy) -> Option<&str> {
        self.named.iter().find(|(_, known)| std::ptr::eq(*known, policy)).map(|(name, _)| name.as_str())
    }

    /// The C text: an include of `net/netlink.h`, then the tables, those of nests before those that lead to them where
    /// that can be.
    ///
    /// # Errors
    ///
    /// A policy makes no sense, or says what `struct nla_policy` has no place for.
    pub fn emit(mut self) -> Result<String, KernelTableError> {
        self.name_nests();
        let mut text = Text::default();
        text.line("#include <linux/version.h>");
        text.line("#include <net/netlink.h>");
        let mut state = HashMap::new();
        for (_, policy) in &self.named {
            self.write(policy, &mut state, &mut text)?;
        }
        Ok(text.finish())
    }

    /// Names the tables that named ones lead to.
    fn name_nests(&mut self) {
        let mut at = 0;
        while let Some((name, policy)) = self.named.get(at).cloned() {
            for (id, nested) in policy.below() {
                if self.name(nested).is_none() {
                    self.named.push((format!("{name}_{id}"), nested));
                }
            }
            at += 1;
        }
    }

    /// Writes a table behind those that it refers to; those in a circle are declared before.
    fn write(
        &self,
        policy: &'static Policy,
        state: &mut HashMap<*const Policy, State>,
        text: &mut Text,
    ) -> Result<(), KernelTableError> {
        let mut open = vec![(policy, false)];
        while let Some((policy, is_ready)) = open.pop() {
            let key = std::ptr::from_ref(policy);
            if is_ready {
                self.define(policy, text)?;
                state.insert(key, State::Written);
                continue;
            }
            match state.get(&key) {
                Some(State::Written | State::Declared) => continue,
                // Met again on its own way down: whoever comes first needs to know it.
                Some(State::Open) => {
                    text.line("");
                    text.line(&format!("{};", self.head(policy)));
                    state.insert(key, State::Declared);
                    continue;
                }
                None => {}
            }
            state.insert(key, State::Open);
            open.push((policy, true));
            let mut below: Vec<&'static Policy> = policy.below().map(|(_, nested)| nested).collect();
            below.reverse();
            open.extend(below.into_iter().map(|nested| (nested, false)));
        }
        Ok(())
    }

    fn head(&self, policy: &Policy) -> String {
        let name = self.name(policy).unwrap_or_default();
        // An array of none is no C; id 0 is there always.
        format!("static const struct nla_policy {name}[{}]", policy.attrs.len().max(1))
    }

    fn define(&self, policy: &'static Policy, text: &mut Text) -> Result<(), KernelTableError> {
        let table = self.name(policy).unwrap_or_default();
        let wrong = |why| KernelTableError { table: table.to_owned(), why };
        if let Some(flaw) = policy.flaw() {
            return Err(wrong(Why::Flaw(flaw)));
        }
        let entries = (0..=u16::MAX).zip(policy.attrs).map(|(id, attr)| Entry { tables: self, table, id, attr });
        let entries: Vec<Entry<'_>> = entries.collect();
        let mut rows = Vec::new();
        for entry in &entries {
            entry.before(text);
            let row = entry.row(policy.strict_start).map_err(wrong)?;
            rows.extend(row.map(|row| (row, entry.is_recent())));
        }
        if policy.attrs.is_empty() && policy.strict_start != 0 {
            rows.push((format!("[0] = {{ .strict_start_type = {} }},", policy.strict_start), false));
        }
        text.line("");
        text.line(&format!("{} = {{", self.head(policy)));
        for (row, is_recent) in rows {
            if is_recent {
                text.line(RECENT);
            }
            text.line(&format!("\t{row}"));
            if is_recent {
                text.line("#endif");
            }
        }
        text.line("};");
        Ok(())
    }
}

/// The kinds of varying width came with Linux 6.7.
const RECENT: &str = "#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)";

enum State {
    /// What it refers to is being written.
    Open,
    Declared,
    Written,
}

/// Why a policy cannot be written as C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelTableError {
    table: String,
    why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Flaw(Flaw),
    WideMask { attr: u16, bits: u64 },
    LongWarn { attr: u16 },
    StrictStart { kind: &'static str },
}

impl fmt::Display for KernelTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.table)?;
        match &self.why {
            Why::Flaw(flaw) => write!(f, "{flaw}"),
            Why::WideMask { attr, bits } => {
                write!(f, "attribute {attr}: a kernel's mask has 32 bits: {bits:#x} does not fit; use a function")
            }
            Why::LongWarn { attr } => {
                write!(f, "attribute {attr}: a length that is only warned of is at most 32767 bytes in a kernel")
            }
            Why::StrictStart { kind } => {
                write!(f, "attribute 0 is {kind}, which stands where strict_start_type would: leave id 0 out")
            }
        }
    }
}
impl std::error::Error for KernelTableError {}
