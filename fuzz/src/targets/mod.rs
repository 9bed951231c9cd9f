//! The targets, a file each.

mod attributes;
mod ext_ack;
mod messages;
mod policy;

use crate::Target;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "attributes", run: attributes::run },
    Target { name: "ext_ack", run: ext_ack::run },
    Target { name: "messages", run: messages::run },
    Target { name: "policy", run: policy::run },
];
