//! The targets, a file each.

mod attributes;
mod capture;
mod config;
mod dynamic;
mod engine;
mod ext_ack;
mod families;
mod json;
mod judging;
mod messages;
mod policy;
mod ports;

use crate::Target;

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "attributes", run: attributes::run },
    Target { name: "capture", run: capture::run },
    Target { name: "config", run: config::run },
    Target { name: "dynamic", run: dynamic::run },
    Target { name: "engine", run: engine::run },
    Target { name: "ext_ack", run: ext_ack::run },
    Target { name: "families", run: families::run },
    Target { name: "json", run: json::run },
    Target { name: "judging", run: judging::run },
    Target { name: "messages", run: messages::run },
    Target { name: "policy", run: policy::run },
    Target { name: "ports", run: ports::run },
];
