//! What goes wrong, and how often.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use netloom::Errno;
use netloom::wire::{Protocol, RawMessage};

/// A fault, and how often it happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub what: Disturbance,
    /// How likely it is each time it could: 0 is never, 1 always.
    pub probability: f64,
    /// How many times it happens at most, in all sockets together; for ever if none is said.
    pub times: Option<u32>,
}

impl Fault {
    /// One that happens each time it can.
    pub fn always(what: Disturbance) -> Self {
        Self { what, probability: 1.0, times: None }
    }
}

/// What goes wrong. Each is what Linux does as well: see [`Disturbed`](super::Disturbed).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disturbance {
    /// A dump is torn: `NLM_F_DUMP_INTR`.
    TornDump,
    /// An event or an answer is lost, which is told as ENOBUFS.
    Overrun,
    /// A datagram is cut in half.
    Truncation,
    /// A request waits this long before it is handled.
    Delay(Duration),
    /// A request of this op is refused.
    Nack(AskedOp, Errno),
}

/// An op, by the numbers that its requests have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedOp {
    /// Whose.
    pub family: OpFamily,
    /// Its commands, in generic netlink; types of messages otherwise.
    pub numbers: Vec<u16>,
}

/// Where an op's requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpFamily {
    /// To the generic family of this name, whatever its id turns out to be.
    Named(String),
    /// To the generic family of this id.
    Id(u16),
    /// To a protocol that is not generic netlink.
    Protocol(Protocol),
}

impl AskedOp {
    /// Whether this is a request of it; `is` tells whether a generic id is the family of a name.
    pub(super) fn matches(&self, protocol: Protocol, message: &RawMessage<'_>, is: impl Fn(u16, &str) -> bool) -> bool {
        let kind = message.header.kind.0;
        let generic = || protocol == Protocol::GENERIC;
        let number = match &self.family {
            OpFamily::Protocol(of) => (*of == protocol).then_some(kind),
            OpFamily::Id(id) => (generic() && *id == kind).then(|| command(message)).flatten(),
            OpFamily::Named(name) => (generic() && is(kind, name)).then(|| command(message)).flatten(),
        };
        number.is_some_and(|number| self.numbers.contains(&number))
    }
}

fn command(message: &RawMessage<'_>) -> Option<u16> {
    message.genl().map(|(header, _)| header.cmd.into())
}

/// A fault with what is left of it.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) fault: Fault,
    left: Option<AtomicU32>,
}

impl Rule {
    pub(super) fn new(fault: Fault) -> Self {
        Self { left: fault.times.map(AtomicU32::new), fault }
    }

    fn take(&self) -> bool {
        let Some(left) = &self.left else { return true };
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// A socket's chances: a row of random numbers for each rule, so that what one does moves no other.
#[derive(Debug)]
pub(super) struct Dice(Vec<u64>);

impl Dice {
    /// Those of the socket that was opened as this one, the first being 1.
    pub(super) fn new(seed: u64, socket: u64, rules: usize) -> Self {
        let row = |rule: u64| {
            let mut state = seed ^ socket.wrapping_mul(0xd134_2543_de82_ef95);
            state = mixed(state).wrapping_add(rule.wrapping_mul(0xa076_1d64_78bd_642f));
            mixed(state)
        };
        Self((0..).take(rules).map(row).collect())
    }

    /// Whether the rule of this index strikes now.
    pub(super) fn strikes(&mut self, index: usize, rule: &Rule) -> bool {
        let probability = rule.fault.probability;
        // Below 2^53: exact.
        let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
        let hit = probability >= 1.0 || (probability > 0.0 && unit(self.next(index)) < probability);
        hit && rule.take()
    }

    /// One of two.
    pub(super) fn coin(&mut self, index: usize) -> bool {
        self.next(index) >> 63 == 1
    }

    // Sebastiano Vigna's splitmix64: a counter whose bits are mixed.
    fn next(&mut self, index: usize) -> u64 {
        let Some(state) = self.0.get_mut(index) else { return 0 };
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(*state)
    }
}

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(seed: u64, socket: u64, probability: f64, times: Option<u32>) -> Vec<bool> {
        let rule = Rule::new(Fault { what: Disturbance::Overrun, probability, times });
        let mut dice = Dice::new(seed, socket, 2);
        (0..1_000).map(|_| dice.strikes(1, &rule)).collect()
    }

    #[test]
    fn a_seed_repeats_and_another_does_not() {
        let count = |row: &[bool]| row.iter().filter(|strike| **strike).count();
        assert_eq!(strikes(7, 1, 0.2, None), strikes(7, 1, 0.2, None));
        assert_ne!(strikes(7, 1, 0.2, None), strikes(8, 1, 0.2, None));
        assert_ne!(strikes(7, 1, 0.2, None), strikes(7, 2, 0.2, None));
        for seed in [0, 1, u64::MAX] {
            // Twenty in a hundred, give or take five standard deviations.
            assert!((137..263).contains(&count(&strikes(seed, 1, 0.2, None))), "{seed}");
            assert_eq!(count(&strikes(seed, 1, 0.0, None)), 0);
            assert_eq!(count(&strikes(seed, 1, 1.0, None)), 1_000);
            assert_eq!(count(&strikes(seed, 1, 1.0, Some(3))), 3);
            assert_eq!(count(&strikes(seed, 1, 0.2, Some(3))), 3);
        }
    }
}
