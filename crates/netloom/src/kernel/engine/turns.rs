//! Whose turn it is among handlers that do not run at the same time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use netloom_wire::Protocol;

/// For each protocol, the lock around the handlers of all its families that are not parallel. It goes with a piece of work
/// from where that is handed out to where it is completed, so it is no lock of a thread's.
// net/netlink/genetlink.c: genl_mutex
#[derive(Default)]
pub(in crate::kernel) struct Turns {
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    /// Bit n is protocol n.
    taken: u32,
    waiting: usize,
}

impl Turns {
    /// Takes a protocol's turn; false if somebody has it.
    pub(super) fn take(&self, protocol: Protocol) -> bool {
        let mut state = self.state();
        let free = state.taken & bit(protocol) == 0;
        state.taken |= bit(protocol);
        free
    }

    pub(super) fn give_back(&self, protocol: Protocol) {
        let mut state = self.state();
        state.taken &= !bit(protocol);
        let waiting = state.waiting;
        drop(state);
        if waiting > 0 {
            self.given_back.notify_all();
        }
    }

    /// Waits until nobody has it; who is woken tries to take it.
    pub(in crate::kernel) fn wait(&self, protocol: Protocol) {
        let mut state = self.state();
        state.waiting = state.waiting.saturating_add(1);
        let taken = |state: &mut State| state.taken & bit(protocol) != 0;
        let mut state = self.given_back.wait_while(state, taken).unwrap_or_else(PoisonError::into_inner);
        state.waiting = state.waiting.saturating_sub(1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// There are 32 protocols.
fn bit(protocol: Protocol) -> u32 {
    1_u32.checked_shl(protocol.number().into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time_and_protocols_do_not_meet() {
        let turns = Turns::default();
        assert!(turns.take(Protocol::GENERIC) && !turns.take(Protocol::GENERIC));
        assert!(turns.take(Protocol::ROUTE), "another protocol's");
        turns.give_back(Protocol::GENERIC);
        turns.wait(Protocol::GENERIC);
        assert!(turns.take(Protocol::GENERIC) && !turns.take(Protocol::ROUTE));
    }
}
