//! The open sockets, each under a lock of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::port::{Port, PortKey};
use super::serial::SerialMap;

/// A port that whoever has its socket may look into without the engine.
///
/// The engine's owner may take a port's lock; who has a port's lock must not ask for the engine, nor for another port.
#[derive(Clone)]
pub(in crate::kernel) struct SharedPort(Arc<Mutex<Port>>);

impl SharedPort {
    pub(in crate::kernel) fn lock(&self) -> MutexGuard<'_, Port> {
        // No stranger's code runs under it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All ports of an engine.
#[derive(Default)]
pub(super) struct Ports(SerialMap<PortKey, SharedPort>);

impl Ports {
    pub(super) fn insert(&mut self, key: PortKey, port: Port) {
        self.0.insert(key, SharedPort(Arc::new(Mutex::new(port))));
    }

    /// Takes it out; its socket may still have it.
    pub(super) fn remove(&mut self, key: PortKey) -> Option<SharedPort> {
        self.0.remove(&key)
    }

    pub(super) fn shared(&self, key: PortKey) -> Option<&SharedPort> {
        self.0.get(&key)
    }

    /// A port, locked: not to be asked for twice at a time.
    pub(super) fn get(&self, key: PortKey) -> Option<MutexGuard<'_, Port>> {
        self.0.get(&key).map(SharedPort::lock)
    }

    pub(super) fn contains(&self, key: PortKey) -> bool {
        self.0.contains_key(&key)
    }

    /// One after the other, locked.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PortKey, MutexGuard<'_, Port>)> {
        self.0.iter().map(|(key, port)| (*key, port.lock()))
    }
}
