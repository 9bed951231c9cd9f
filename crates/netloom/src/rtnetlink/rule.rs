//! Rules that choose a routing table.

use netloom_families::rt_rule::{Delrule, FibRuleHdr, Getrule, Newrule, Rule, RuleAction, RuleFlags};
use netloom_wire::Errno;

use super::{ADD, AddressFamily, Prefix, list, was_there};
use crate::Error;
use crate::client::Caller;

/// A rule that has what matches looked up in this table; the setters say what matches and its place.
///
/// ```
/// use netloom::rtnetlink::{AddressFamily, Prefix, rule::{self, Selector}};
/// let office: Prefix = "192.0.2.0/24".parse()?;
/// let rule = rule::lookup(AddressFamily::INET, 100).source(office).fwmark(5_u32).priority(1000_u32);
/// assert_eq!((rule.header.src_len, rule.table), (24, Some(100)));
/// # Ok::<(), netloom::Error>(())
/// ```
pub fn lookup(family: AddressFamily, table: u32) -> Rule {
    of_action(family, RuleAction::TO_TBL).table(table)
}

/// A rule that drops what matches without a word.
pub fn blackhole(family: AddressFamily) -> Rule {
    of_action(family, RuleAction::BLACKHOLE)
}

/// A rule that refuses what matches as unreachable.
pub fn unreachable(family: AddressFamily) -> Rule {
    of_action(family, RuleAction::UNREACHABLE)
}

/// A rule that refuses what matches as prohibited.
pub fn prohibit(family: AddressFamily) -> Rule {
    of_action(family, RuleAction::PROHIBIT)
}

/// A rule after which what matches goes on at the rule of this priority.
pub fn goto(family: AddressFamily, priority: u32) -> Rule {
    of_action(family, RuleAction::GOTO).goto(priority)
}

/// What stands in the header of a rule and is awkward to write there.
pub trait Selector {
    /// Only what comes from the prefix.
    #[must_use]
    fn source(self, prefix: Prefix) -> Self;
    /// Only what goes to the prefix.
    #[must_use]
    fn destination(self, prefix: Prefix) -> Self;
    /// Only what does not match the rest.
    #[must_use]
    fn inverted(self) -> Self;
}

impl Selector for Rule {
    fn source(self, prefix: Prefix) -> Self {
        let prefix = prefix.network();
        let header = FibRuleHdr { family: prefix.family().0, src_len: prefix.len, ..self.header };
        self.header(header).src(prefix.address)
    }

    fn destination(self, prefix: Prefix) -> Self {
        let prefix = prefix.network();
        let header = FibRuleHdr { family: prefix.family().0, dst_len: prefix.len, ..self.header };
        self.header(header).dst(prefix.address)
    }

    fn inverted(self) -> Self {
        let header = FibRuleHdr { flags: self.header.flags | RuleFlags::INVERT, ..self.header };
        self.header(header)
    }
}

/// All rules of this family, in their order; [`AddressFamily::UNSPEC`] for all families.
///
/// ```
/// use netloom::rtnetlink::{AddressFamily, rule};
/// let rules = rule::all(&netloom::Connection::open()?, AddressFamily::INET)?;
/// assert!(rules.iter().all(|rule| rule.header.family == AddressFamily::INET.0));
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// What the kernel refuses; [`is_interrupted`](crate::Error::is_interrupted) if the rules keep changing.
pub fn all<C: Caller>(nl: &C, family: AddressFamily) -> C::Answer<'_, Vec<Rule>> {
    let request = Rule::new().header(FibRuleHdr { family: family.0, ..FibRuleHdr::default() });
    C::answer(async move { list(nl, Getrule, &request).await })
}

/// Adds a rule. Without a priority it comes before those there are.
///
/// # Errors
///
/// EEXIST if there is one that is the same in all; EPERM without CAP_NET_ADMIN.
pub fn add<'a, C: Caller>(nl: &'a C, rule: &Rule) -> C::Answer<'a, ()> {
    let rule = plain(rule);
    C::answer(async move { nl.send(Newrule, &rule, ADD).await.map_err(|error| about(error, &rule)) })
}

/// Adds a rule unless it is there; whether it was added.
///
/// # Errors
///
/// EPERM without CAP_NET_ADMIN.
pub fn ensure<'a, C: Caller>(nl: &'a C, rule: &Rule) -> C::Answer<'a, bool> {
    let added = add(nl, rule);
    C::answer(async move {
        match C::wait(added).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_refused() && error.errno() == Some(Errno::EEXIST) => Ok(false),
            Err(error) => Err(error),
        }
    })
}

/// Removes the first rule that is as said; false if there was none.
///
/// # Errors
///
/// EPERM for the rule of the local table, and without CAP_NET_ADMIN.
pub fn delete<'a, C: Caller>(nl: &'a C, rule: &Rule) -> C::Answer<'a, bool> {
    let rule = plain(rule);
    C::answer(
        async move { was_there(nl.call(Delrule, &rule).await, &[Errno::ENOENT]).map_err(|error| about(error, &rule)) },
    )
}

fn of_action(family: AddressFamily, action: RuleAction) -> Rule {
    Rule::new().header(FibRuleHdr { family: family.0, action, ..FibRuleHdr::default() })
}

/// An error that says which rule was meant.
fn about(error: Error, rule: &Rule) -> Error {
    match rule.priority {
        Some(priority) => error.regarding(format_args!("priority {priority}")),
        None => error,
    }
}

/// The rule without what the kernel alone knows, and the table in both places.
fn plain(rule: &Rule) -> Rule {
    let asked = RuleFlags::INVERT | RuleFlags::FIND_SADDR;
    let table = rule.table.unwrap_or(rule.header.table.into());
    let header = FibRuleHdr {
        table: u8::try_from(table).unwrap_or_default(),
        flags: RuleFlags(rule.header.flags.0 & asked.0),
        ..rule.header
    };
    rule.clone().header(header)
}
