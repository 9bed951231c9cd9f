//! The checked model: every reference resolved, every number known.

mod attribute;
mod definition;
mod operation;

use std::fmt;
use std::ops::Index;

pub use attribute::{
    Attribute, AttributeSet, ByteOrder, Checks, DisplayHint, EnumUse, Format, IndexBase, Kind, RustType, Scalar,
    SubMessage, Width,
};
pub use definition::{Const, ConstValue, Entry, Enum, Member, MemberKind, Struct};
pub use operation::{DontValidate, Group, Merge, Message, Mode, OpFlags, Operation};

/// A family, read from its spec with its overlay applied. What refers to a definition, set, op or group is an id that
/// indexes the spec: `spec[id]`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spec {
    /// The family's name on the wire.
    pub name: String,
    /// The spec file's name without folders and extension, which need not be the family's: `drm_ras` for `drm-ras`.
    pub stem: String,
    /// The file as named to [`Spec::load`] or [`Spec::parse`].
    pub file: String,
    /// What the family is for.
    pub doc: String,
    /// Which flavour of YNL, and for raw families the protocol number.
    pub protocol: Protocol,
    /// Version of the generic netlink family; 1 unless said.
    pub version: u8,
    /// The uapi header, such as `linux/wireguard.h`.
    pub uapi_header: String,
    /// Shape of the kernel's policy tables.
    pub kernel_policy: KernelPolicy,
    /// Names of C macros, as far as the spec gives them.
    pub c_names: CNames,
    /// Constants in the spec's order.
    pub constants: Vec<Const>,
    /// Enums and flags in the spec's order.
    pub enums: Vec<Enum>,
    /// Structs in the spec's order; nested ones may come later than their users.
    pub structs: Vec<Struct>,
    /// Attribute sets in the spec's order.
    pub sets: Vec<AttributeSet>,
    /// Sub-messages (raw families).
    pub sub_messages: Vec<SubMessage>,
    /// How ids are given to operations.
    pub enum_model: EnumModel,
    /// Operations, notifications and events in the spec's order.
    pub operations: Vec<Operation>,
    /// Multicast groups; their order is the family's index of them.
    pub groups: Vec<Group>,
    /// First command whose requests get the kernel's strict check of reserved header bits and flags; 0 for all
    /// (the default), `u32::MAX` for none (overlay: `resv-start-op`, `header-check: false`).
    pub resv_start_op: u32,
}

/// The flavour of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `genetlink`, the default.
    Genetlink,
    /// `genetlink-c`.
    GenetlinkC,
    /// `genetlink-legacy`.
    GenetlinkLegacy,
    /// `netlink-raw`, with its protocol number (`protonum`).
    Raw(u8),
}

impl Protocol {
    /// Whether messages carry a generic netlink header.
    pub fn is_generic(self) -> bool {
        !matches!(self, Self::Raw(_))
    }

    /// The netlink protocol: 16 (NETLINK_GENERIC) or the raw family's.
    pub fn number(self) -> u8 {
        match self {
            Self::Raw(number) => number,
            _ => 16,
        }
    }
}

/// `kernel-policy`: whether the kernel has one policy per op and mode, per op, or for the whole family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KernelPolicy {
    /// One per op and mode.
    #[default]
    Split,
    /// One per op.
    PerOp,
    /// One for the family.
    Global,
}

/// `enum-model`: whether requests and replies share one numbering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnumModel {
    /// One counter for all messages.
    #[default]
    Unified,
    /// One for requests, one for replies, notifications and events.
    Directional,
}

/// C names that a spec gives for the family as a whole. The names of single things are with them.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CNames {
    /// The macro of the family's name: `WG_GENL_NAME`.
    pub family: Option<String>,
    /// The macro of its version.
    pub version: Option<String>,
    /// Whether counts are macros instead of enum entries.
    pub max_by_define: bool,
    /// Name of the highest command.
    pub cmd_max: Option<String>,
    /// Name of the number of commands.
    pub cmd_count: Option<String>,
    /// The enum of the commands.
    pub cmd_enum: Option<String>,
    /// The enum of notifications and events, when it is another.
    pub async_enum: Option<String>,
}

/// A version of Linux, `6.16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second.
    pub minor: u16,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The kernels that have an attribute or op, as far as the overlay says (`since`, `until`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernels {
    /// The first version that has it.
    pub since: Option<Version>,
    /// The first that no longer has it.
    pub until: Option<Version>,
}

impl Kernels {
    /// Whether a kernel of this version has it.
    pub fn contains(self, version: Version) -> bool {
        self.since.is_none_or(|since| version >= since) && self.until.is_none_or(|until| version < until)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident => $field:ident: $target:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(pub(crate) usize);

        impl $id {
            /// The position in the spec's list.
            pub fn index(self) -> usize {
                self.0
            }
        }

        impl Index<$id> for Spec {
            type Output = $target;

            /// Ids come from this spec alone, so that each exists; one of another spec may panic.
            fn index(&self, id: $id) -> &$target {
                &self.$field[id.0]
            }
        }
    )*};
}

ids! {
    /// Names an [`Enum`] of its spec.
    EnumId => enums: Enum;
    /// Names a [`Struct`] of its spec.
    StructId => structs: Struct;
    /// Names an [`AttributeSet`] of its spec.
    SetId => sets: AttributeSet;
    /// Names a [`SubMessage`] of its spec.
    SubMessageId => sub_messages: SubMessage;
    /// Names an [`Operation`] of its spec.
    OpId => operations: Operation;
    /// Names a [`Group`] of its spec.
    GroupId => groups: Group;
}

impl Spec {
    /// The set of this name.
    pub fn set(&self, name: &str) -> Option<&AttributeSet> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// The id of the set of this name.
    pub fn set_id(&self, name: &str) -> Option<SetId> {
        self.sets.iter().position(|set| set.name == name).map(SetId)
    }

    /// The operation, notification or event of this name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|op| op.name == name)
    }

    /// The multicast group of this name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The enum or flags of this name.
    pub fn enumeration(&self, name: &str) -> Option<&Enum> {
        self.enums.iter().find(|e| e.name == name)
    }

    /// The struct of this name.
    pub fn structure(&self, name: &str) -> Option<&Struct> {
        self.structs.iter().find(|s| s.name == name)
    }

    /// What a message of an op carries before its attributes, as `request`, `reply` and `attributes` list them.
    pub fn attributes_of<'a>(&'a self, op: &'a Operation, message: &'a Message) -> impl Iterator<Item = &'a Attribute> {
        let set = op.set.map(|id| &self[id]);
        message.attributes.iter().filter_map(move |index| set.and_then(|set| set.attributes.get(*index)))
    }
}
