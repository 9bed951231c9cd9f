//! UDP ports that interfaces listen on.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The ports in use in one network namespace: no two interfaces that are up share one.
///
/// No socket is opened: the kernel side keeps the books that the UDP layer would keep.
#[derive(Clone, Debug, Default)]
pub struct Ports(Arc<Mutex<BTreeSet<u16>>>);

/// A port held by an interface until this is dropped.
#[derive(Debug)]
pub(crate) struct Binding {
    port: u16,
    ports: Ports,
}

impl Ports {
    /// A namespace where every port is free.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `port`, or with 0 a random one; `None` when it is taken, or all are.
    // drivers/net/wireguard/socket.c: wg_socket_init
    pub(crate) fn bind(&self, port: u16) -> Option<Binding> {
        let mut taken = self.lock();
        let port = if port == 0 { random_free(&taken)? } else { port };
        taken.insert(port).then(|| Binding { port, ports: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<u16>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Binding {
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Binding {
    fn drop(&mut self) {
        self.ports.lock().remove(&self.port);
    }
}

/// The first free port from a random place on, in the range that Linux draws from by default
/// (`net.ipv4.ip_local_port_range`).
fn random_free(taken: &BTreeSet<u16>) -> Option<u16> {
    const FIRST: u16 = 32768;
    const LAST: u16 = 60999;
    // Each `RandomState` has keys of its own; what is hashed does not matter.
    let random = RandomState::new().hash_one(()) % u64::from(LAST - FIRST + 1);
    let start = FIRST + u16::try_from(random).unwrap_or(0);
    (start..=LAST).chain(FIRST..start).find(|port| !taken.contains(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_has_one_holder_at_a_time() {
        let ports = Ports::new();
        let first = ports.bind(51820).unwrap();
        assert!(ports.clone().bind(51820).is_none(), "the copy must share the books");
        drop(first);
        assert!(ports.bind(51820).is_some());
    }

    #[test]
    fn random_ports_are_found_down_to_the_last_free_one() {
        let ports = Ports::new();
        let mut held: Vec<Binding> = (32768..=60999).map(|port| ports.bind(port).unwrap()).collect();
        assert!(ports.bind(0).is_none());
        let free = held.swap_remove(12345).port();
        assert_eq!(ports.bind(0).map(|binding| binding.port()), Some(free));
    }
}
