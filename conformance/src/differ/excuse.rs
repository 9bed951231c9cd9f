//! What explains a difference: rules, each with its reason.

use netloom::families::nlctrl::CtrlAttrs;
use netloom::kernel::Version;
use netloom::wire::{Errno, GenlHeader, Header, RawAttrs};

use super::compare::Pair;
use super::rows::{blamed, has_open_nest, judge};
use super::told::CTRL;
use super::world::{Family, Op};
use crate::Release;

/// A difference that is none of ours.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) reason: &'static str,
    pub(super) holds: fn(&Pair<'_>) -> bool,
}

/// The rule about what is told and judges nothing.
pub(super) const TOLD_ONLY: &str = "told, and not judged";

/// All of them; the first that holds is counted.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "a function of the kernel's",
        reason: "nlctrl does not tell that an attribute is judged by a function, nor what that accepts; \
                 trying values has shown that there is one",
        holds: |pair| {
            let Some(offset) =
                pair.linux_error().filter(|error| error.errno != Errno(0)).and_then(|error| error.ext_ack.offset)
            else {
                return false;
            };
            blamed(pair.world, pair.request, offset as usize).is_some_and(|(entry, _)| pair.world.is_opaque(entry))
        },
    },
    Rule {
        name: TOLD_ONLY,
        reason: "Linux 6.1 tells the policy of a dump that it does not judge by it; what our families do not judge, they tell \
                 nothing of",
        holds: |pair| {
            let told_nothing = pair.our_error().is_some_and(|error| error.errno == Errno::ENODATA);
            asks_for_policies(pair) && told_nothing && pair.linux_error().is_none()
        },
    },
    Rule {
        name: "a family that cannot be seen",
        reason: "nlctrl tells the policies of families, too, that other network namespaces than the first do not see: of \
                 those nothing is learned",
        holds: |pair| {
            let attrs = RawAttrs::new(pair.request.get(Header::LEN + GenlHeader::LEN..).unwrap_or_default());
            let id = attrs.last(CtrlAttrs::FAMILY_ID.id()).and_then(|id| id.read::<u16>());
            let is_unseen = id.is_some_and(|id| pair.world.family(id).is_none());
            let unknown = pair.our_error().is_some_and(|error| error.errno == Errno::ENOENT);
            asks_for_policies(pair) && is_unseen && unknown
        },
    },
    Rule {
        name: "the family judges by itself",
        reason: "a nest that the policy does not look into, or an op without a policy, is judged by the family's handler, \
                 in the words of the validation",
        holds: |pair| {
            let Some((family, _, mode)) = judge(pair.world, pair.request).filter(|_| pair.has_passed()) else {
                return false;
            };
            let start = Header::LEN + GenlHeader::LEN + family.header.next_multiple_of(4);
            let attrs = pair.request.get(start..).unwrap_or_default();
            mode.policy.is_none_or(|policy| has_open_nest(policy, attrs, 0))
        },
    },
];

/// Whether it is a GETPOLICY of nlctrl's.
fn asks_for_policies(pair: &Pair<'_>) -> bool {
    judge(pair.world, pair.request).is_some_and(|(family, cmd, _)| family.id == CTRL && cmd == 10)
}

/// Whether nlctrl of Linux 6.1 may tell of this op, or of all, what it would of none of ours: a dump that is not judged is left
/// out of all ops' policies there, and told by itself.
// net/netlink/genetlink.c: ctrl_dumppolicy_put_op, ctrl_dumppolicy_start
pub(super) fn tells_what_it_does_not_judge(family: &Family, asked: Option<u32>) -> bool {
    let old = Release::here().and_then(Release::version).is_some_and(|version| version.known() == Version::V6_1);
    let is_meant = |op: &Op| asked.is_none_or(|asked| asked == u32::from(op.cmd));
    let unjudged = |op: &Op| op.doit.is_none() && op.dump.is_some_and(|mode| mode.policy.is_none() && !mode.tells);
    old && family.ops.iter().any(|op| is_meant(op) && unjudged(op))
}
