//! Operations, notifications, events and multicast groups.

use crate::error::Place;
use crate::model::{GroupId, Kernels, OpId, SetId, StructId};

/// An op, a notification, an event, or a reserved id.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Operation {
    /// The spec's name.
    pub name: String,
    /// What it does.
    pub doc: String,
    /// The C name of the command: `WG_CMD_GET_DEVICE`.
    pub c_name: String,
    /// The set of its attributes; a notification has that of the op it repeats.
    pub set: Option<SetId>,
    /// The id of its requests: command, or message type of a raw family. `None` for notifications and events.
    pub request_id: Option<u16>,
    /// The id of what the kernel sends: replies, notifications, events.
    pub reply_id: Option<u16>,
    /// Called once, answered once (or by several messages).
    pub doit: Option<Mode>,
    /// Answered by a list.
    pub dump: Option<Mode>,
    /// A notification: the op whose reply it repeats.
    pub notify: Option<OpId>,
    /// An event, or what a notification carries.
    pub event: Option<Message>,
    /// The group to which it is sent, when the spec or overlay says so.
    pub group: Option<GroupId>,
    /// The privilege it needs.
    pub flags: OpFlags,
    /// Validation that the kernel leaves out.
    pub dont_validate: DontValidate,
    /// The struct between (generic) netlink header and attributes, in both directions.
    pub fixed_header: Option<StructId>,
    /// The kernel's build option without which it is missing.
    pub config: Option<String>,
    /// How a client puts objects together that the kernel split over messages (overlay: `merge`).
    pub merge: Option<Merge>,
    /// Replies carry any sequence number (overlay: `reply-seq: any`).
    pub any_reply_seq: bool,
    /// The kernels that have it.
    pub kernels: Kernels,
    /// The Rust name, if the overlay corrects it (`name`).
    pub rust_name: Option<String>,
    /// Where the spec defines it.
    pub place: Place,
}

impl Operation {
    /// Whether it is sent without a request: a notification or an event.
    pub fn is_notification(&self) -> bool {
        self.event.is_some()
    }

    /// Whether it is only a reserved id.
    pub fn is_reserved(&self) -> bool {
        self.doit.is_none() && self.dump.is_none() && self.event.is_none()
    }
}

/// The do or dump of an op.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mode {
    /// What it accepts. A mode without a request section accepts no attribute.
    pub request: Message,
    /// What it answers, if anything.
    pub reply: Option<Message>,
    /// The kernel's function before it.
    pub pre: Option<String>,
    /// The kernel's function after it.
    pub post: Option<String>,
}

/// A message's id and attributes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// The command, or the message type of a raw family.
    pub id: u16,
    /// Indices into the attributes of the op's set, in the spec's order.
    pub attributes: Vec<usize>,
}

/// The privilege that an op needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpFlags {
    /// CAP_NET_ADMIN in the initial user namespace (`admin-perm`).
    pub admin_perm: bool,
    /// CAP_NET_ADMIN in the network namespace's user namespace (`uns-admin-perm`).
    pub uns_admin_perm: bool,
}

/// GENL_DONT_VALIDATE_*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DontValidate {
    /// Requests of do are read liberally.
    pub strict: bool,
    /// The length of dump requests is not checked, and their attributes neither unless the op is a split one.
    pub dump: bool,
    /// Requests of dump are read liberally.
    pub dump_strict: bool,
}

/// Objects split over the messages of a dump: neighbouring elements of a list attribute that have the same key are one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merge {
    /// The list attribute's index in the op's set: `peers`.
    pub attribute: usize,
    /// The key's index in the element's set: `public-key`.
    pub key: usize,
    /// The lists within the element that are appended to each other, by index: `allowedips`.
    pub append: Vec<usize>,
}

/// A multicast group.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Group {
    /// Its name on the wire; of a raw family, only the spec's.
    pub name: String,
    /// The number of a raw family's group; generic netlink gives them out at registration.
    pub id: Option<u32>,
    /// The privilege that joining needs.
    pub flags: OpFlags,
    /// The C name; empty when the spec does not tell.
    pub c_name: String,
    /// Where the spec defines it.
    pub place: Place,
}
