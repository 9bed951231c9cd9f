//! Who takes requests: the protocols and families that are registered, and what the shell runs for them.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use netloom_wire::Protocol;

use super::protocols::ProtocolInfo;
use super::serial::SerialMap;
use super::table::{Families, FamilyKey, Listed};
use crate::kernel::{protocol, raw};

/// A protocol that is registered.
#[derive(Clone)]
pub(super) struct Resident {
    pub(super) info: ProtocolInfo,
    pub(super) handlers: Option<Arc<protocol::Handlers>>,
}

/// What is registered now. It is never changed: a change makes another one, which all ports are given.
///
/// What handlers own may call the kernel side when it is dropped. So whoever drops a directory that may be the last to
/// have some does that without any lock.
#[derive(Clone, Default)]
pub(super) struct Directory {
    pub(super) families: Families,
    pub(super) handlers: SerialMap<FamilyKey, Arc<raw::Handlers>>,
    pub(super) protocols: [Option<Resident>; Protocol::COUNT],
}

impl Directory {
    pub(super) fn resident(&self, protocol: Protocol) -> Option<&Resident> {
        self.protocols.get(usize::from(protocol.number()))?.as_ref()
    }

    /// What a protocol allows, if it is there.
    pub(super) fn protocol(&self, protocol: Protocol) -> Option<ProtocolInfo> {
        Some(self.resident(protocol)?.info)
    }

    /// The highest group number that a socket may join.
    pub(super) fn group_limit(&self, protocol: Protocol) -> u32 {
        match protocol {
            Protocol::GENERIC => self.families.group_limit(),
            _ => self.protocol(protocol).map_or(0, |info| info.groups),
        }
    }
}

/// A family in the hands of one port. Each has its own: to count the users of what all ports share would be a write for
/// each request that all of them wait for.
pub struct Lease {
    listed: Arc<Listed>,
    pub(in crate::kernel) handlers: Option<Arc<raw::Handlers>>,
}

impl Deref for Lease {
    type Target = Listed;
    fn deref(&self) -> &Listed {
        &self.listed
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listed.fmt(f)
    }
}

/// A port's own copy of what it is to know.
#[derive(Clone, Default)]
pub(super) struct Desk {
    pub(super) directory: Arc<Directory>,
    leases: Leases,
}

#[derive(Clone, Default)]
pub(super) struct Leases(SerialMap<FamilyKey, Arc<Lease>>);

impl Desk {
    pub(super) fn new(directory: Arc<Directory>) -> Self {
        Self { directory, leases: Leases::default() }
    }

    /// What is registered, and the leases of it.
    pub(super) fn parts(&mut self) -> (&Directory, &mut Leases) {
        (&self.directory, &mut self.leases)
    }

    /// Gives a lease back, if there is one. Nobody else may have it.
    pub(super) fn end_lease(&mut self, family: FamilyKey) -> Option<Arc<Lease>> {
        self.leases.0.remove(&family)
    }
}

impl Leases {
    pub(super) fn of(&mut self, directory: &Directory, listed: &Arc<Listed>) -> Arc<Lease> {
        let make = || {
            let handlers = directory.handlers.get(&listed.key).cloned();
            Arc::new(Lease { listed: listed.clone(), handlers })
        };
        self.0.entry(listed.key).or_insert_with(make).clone()
    }
}
