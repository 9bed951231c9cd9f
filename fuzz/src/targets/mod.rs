//! The targets, a file each.

mod attributes;
mod ext_ack;
mod messages;
mod policy;

use crate::Target;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "attributes", run: attributes::run, max_len: 4096 },
    Target { name: "ext_ack", run: ext_ack::run, max_len: 1024 },
    Target { name: "messages", run: messages::run, max_len: 8192 },
    Target { name: "policy", run: policy::run, max_len: 4096 },
];
