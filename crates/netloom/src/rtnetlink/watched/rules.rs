//! Rules.

use std::collections::HashMap;

use netloom_families::rt_link::{DellinkNtf, NewlinkNtf};
use netloom_families::rt_rule::{
    DelruleNtf, FibRuleHdr, Getrule, NewruleNtf, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, Rule, RuleFlags,
};
use netloom_wire::{self as wire, Group};

use super::{families, groups};
use crate::client::{Event, Fence, News, Objects, Watchable};
use crate::rtnetlink::AddressFamily;

/// The rules that choose routing tables, in the order in which they are asked.
///
/// Several may have the same priority; a range of [`RuleKey`]s, or [`Objects::of_key`], has all of them.
#[derive(Debug)]
pub struct Rules {
    families: Vec<AddressFamily>,
    /// The names of links that were heard of: what rules go by.
    names: HashMap<i32, Option<String>>,
}

/// A rule's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey {
    /// The address family, as in the header.
    pub family: u8,
    /// The priority.
    pub priority: u32,
}

impl Rules {
    /// IPv4's and IPv6's.
    pub fn all() -> Self {
        Self::of(AddressFamily::UNSPEC)
    }

    /// Those of IPv4 or of IPv6; of another family none are kept true.
    pub fn of(family: AddressFamily) -> Self {
        Self { families: families(family), names: HashMap::new() }
    }

    /// All of it, if a rule is such: they are few.
    fn look_if(&self, known: &Objects<Self>, is_such: impl Fn(&Rule) -> bool) -> Vec<News<Self>> {
        let affected =
            |family: &AddressFamily| known.iter().any(|rule| rule.header.family == family.0 && is_such(rule));
        self.families.iter().copied().filter(affected).map(News::Look).collect()
    }

    /// Whether another link bears a name by this event.
    fn renames(&mut self, event: &Event) -> bool {
        if let Some(link) = event.get(NewlinkNtf) {
            if link.header.ifi_family != 0 || link.wireless.is_some() {
                return false;
            }
            let before = self.names.insert(link.header.ifi_index, link.ifname.clone());
            return before != Some(link.ifname);
        }
        let gone = event.get(DellinkNtf).filter(|link| link.header.ifi_family == 0);
        gone.is_some_and(|link| {
            self.names.remove(&link.header.ifi_index);
            true
        })
    }
}

impl Watchable for Rules {
    type Op = Getrule;
    type Object = Rule;
    type Key = RuleKey;
    type Part = AddressFamily;

    const FENCE: Fence = Fence::Rtnl;
    const REPEATS: bool = true;
    // net/core/fib_rules.c: dump_rules
    const MARKED: bool = false;

    fn op(&self) -> Getrule {
        Getrule
    }

    fn groups(&self) -> Vec<Group> {
        let told = [(AddressFamily::INET, RTNLGRP_IPV4_RULE), (AddressFamily::INET6, RTNLGRP_IPV6_RULE)];
        groups(&self.families, told, true)
    }

    fn parts(&self) -> Vec<AddressFamily> {
        self.families.clone()
    }

    fn request(&self, family: &AddressFamily) -> Rule {
        Rule::new().header(FibRuleHdr { family: family.0, ..FibRuleHdr::default() })
    }

    fn covers(&self, family: &AddressFamily, rule: &Rule) -> bool {
        rule.header.family == family.0
    }

    fn keep(&self, rule: Rule) -> Option<Rule> {
        // Multicast routing's rules are told in the same groups, as families of their own.
        self.families.contains(&AddressFamily(rule.header.family)).then_some(rule)
    }

    fn key(&self, rule: &Rule) -> RuleKey {
        RuleKey { family: rule.header.family, priority: rule.priority.unwrap_or(0) }
    }

    fn is(&self, known: &Rule, other: &Rule) -> bool {
        const STATE: RuleFlags =
            RuleFlags(RuleFlags::UNRESOLVED.0 | RuleFlags::IIF_DETACHED.0 | RuleFlags::OIF_DETACHED.0);
        let stateless = |rule: &Rule| {
            let flags = RuleFlags(rule.header.flags.0 & !STATE.0);
            rule.clone().header(FibRuleHdr { flags, ..rule.header })
        };
        known == other || stateless(known) == stateless(other)
    }

    fn hear(&mut self, event: &Event, known: &Objects<Self>, news: &mut Vec<News<Self>>) {
        if let Some(rule) = event.get(NewruleNtf).and_then(|rule| self.keep(rule)) {
            let family = AddressFamily(rule.header.family);
            // Rules may be added twice: how many there are only the kernel can say.
            if known.of_key(&self.key(&rule)).any(|other| self.is(other, &rule)) {
                news.push(News::Look(family));
            } else {
                news.push(News::There(rule));
            }
            news.extend(self.look_if(known, |rule| rule.goto.is_some()));
        } else if let Some(rule) = event.get(DelruleNtf).and_then(|rule| self.keep(rule)) {
            let key = self.key(&rule);
            let several = known.of_key(&key).filter(|other| self.is(other, &rule)).nth(1).is_some();
            if several || known.is_ahead() {
                news.push(News::Look(AddressFamily(rule.header.family)));
            } else {
                news.push(News::Gone(rule));
            }
            news.extend(self.look_if(known, |rule| rule.goto.is_some()));
        } else if self.renames(event) {
            news.extend(self.look_if(known, |rule| rule.iifname.is_some() || rule.oifname.is_some()));
        }
    }

    fn tears(&self, family: &AddressFamily, _: &[RuleKey], event: &Event) -> bool {
        const TOLD: [u16; 2] = [<NewruleNtf as wire::Event>::ID, <DelruleNtf as wire::Event>::ID];
        event.number().is_some_and(|number| TOLD.contains(&number)) && event.payload().first() == Some(&family.0)
    }

    fn forget(&mut self) {
        self.names.clear();
    }
}
