//! The 32 protocols, and what each allows.

#[cfg(doc)]
use super::Task;

/// What a protocol allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProtocolInfo {
    /// How many groups there are, 32 at least; generic netlink's grow with its families.
    pub groups: u32,
    /// Whether anybody may join groups.
    #[doc(alias = "NL_CFG_F_NONROOT_RECV")]
    pub nonroot_recv: bool,
    /// Whether anybody may send to other ports and groups.
    #[doc(alias = "NL_CFG_F_NONROOT_SEND")]
    pub nonroot_send: bool,
    /// What the kernel side does with datagrams that are sent to it.
    pub intake: Intake,
    /// Whether the protocol is asked before a socket joins a group: [`Task::Bind`].
    pub binds: bool,
    /// Whether it is told when a socket leaves a group: [`Task::Unbind`].
    pub unbinds: bool,
    /// Which sockets can see each other.
    pub compare: Compare,
}

/// What a protocol does with datagrams that are sent to the kernel side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intake {
    /// Nothing listens, ECONNREFUSED: only ports talk to each other.
    #[default]
    None,
    /// Each message goes to the op that it names: generic netlink, and protocols whose families are tables.
    Messages,
    /// They go to the protocol whole, with or without a netlink header: [`Task::Input`].
    Datagrams,
}

/// Which sockets of a protocol are in one room: port ids are taken, and groups heard, in it.
#[doc(alias = "compare")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compare {
    /// Those of one network namespace.
    #[default]
    Namespace,
    /// All.
    All,
}
