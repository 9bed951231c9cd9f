//! The 32 protocols, and what each allows.

use netloom_wire::{Errno, Protocol};

use super::Engine;
#[cfg(doc)]
use super::Task;
use super::port::NetNs;

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

impl Engine {
    /// Adds a protocol: EEXIST if it is there.
    // net/netlink/af_netlink.c: __netlink_kernel_create
    #[doc(alias = "netlink_kernel_create")]
    pub fn register_protocol(&mut self, protocol: Protocol, info: ProtocolInfo) -> Result<(), Errno> {
        let slot = self.protocols.get_mut(usize::from(protocol.number())).ok_or(Errno::EPROTONOSUPPORT)?;
        if slot.is_some() {
            return Err(Errno::EEXIST);
        }
        *slot = Some(ProtocolInfo { groups: info.groups.max(32), ..info });
        Ok(())
    }

    /// Removes a protocol: its sockets stay, but reach nobody. ENOENT if it is not there, EBUSY while it has families or
    /// any of its handlers runs.
    // net/netlink/af_netlink.c: netlink_kernel_release
    #[doc(alias = "netlink_kernel_release")]
    pub fn unregister_protocol(&mut self, protocol: Protocol) -> Result<(), Errno> {
        if !self.has_protocol(protocol) {
            return Err(Errno::ENOENT);
        }
        let families = protocol == Protocol::GENERIC || self.families.of(protocol).next().is_some();
        if families || self.pending.values().any(|pending| pending.protocol == protocol) {
            return Err(Errno::EBUSY);
        }
        if let Some(slot) = self.protocols.get_mut(usize::from(protocol.number())) {
            *slot = None;
        }
        Ok(())
    }

    /// Whether a protocol is there.
    pub fn has_protocol(&self, protocol: Protocol) -> bool {
        self.protocol(protocol).is_some()
    }

    /// The protocols that are there, by number.
    pub fn protocols(&self) -> impl Iterator<Item = (Protocol, ProtocolInfo)> {
        (0..).map_while(Protocol::new).filter_map(|protocol| Some((protocol, self.protocol(protocol)?)))
    }

    /// What a protocol allows, if it is there.
    pub fn protocol(&self, protocol: Protocol) -> Option<ProtocolInfo> {
        self.protocols.get(usize::from(protocol.number())).copied().flatten()
    }

    /// The namespace that stands for the room that a socket of this one is in.
    // net/netlink/af_netlink.c: netlink_compare
    pub(super) fn room(&self, protocol: Protocol, ns: NetNs) -> NetNs {
        match self.protocol(protocol).map(|info| info.compare) {
            Some(Compare::All) => NetNs::default(),
            _ => ns,
        }
    }
}
