//! A queue of short messages that is filled without locks and without memory of its own.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use netloom_wire::Errno;

/// How many messages wait at most.
pub(super) const SLOTS: usize = 1024;
/// The longest message, in bytes.
pub(super) const ROOM: usize = 512;
const WORDS: usize = ROOM / 8;

/// Many may push at the same time, even one that interrupts another; one at a time pops.
///
/// A slot's turn says whose it is: `n` waits for the `n`th push, `n + 1` for the pop behind that.
// Dmitry Vyukov's bounded queue, its messages kept in atomic words.
pub(super) struct Ring {
    slots: Box<[Slot]>,
    pushed: AtomicUsize,
    popped: AtomicUsize,
    refused: AtomicU64,
}

struct Slot {
    turn: AtomicUsize,
    target: AtomicUsize,
    len: AtomicUsize,
    words: [AtomicU64; WORDS],
}

impl Ring {
    pub(super) fn new() -> Self {
        let slot = |turn| Slot {
            turn: AtomicUsize::new(turn),
            target: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            words: [const { AtomicU64::new(0) }; WORDS],
        };
        Self {
            slots: (0..SLOTS).map(slot).collect(),
            pushed: AtomicUsize::new(0),
            popped: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Puts a message in. ENOBUFS if all slots are taken, EMSGSIZE if it is too long; both are counted.
    pub(super) fn push(&self, target: usize, bytes: &[u8]) -> Result<(), Errno> {
        let claimed = if bytes.len() > ROOM { Err(Errno::EMSGSIZE) } else { self.claim() };
        let (slot, turn) = claimed.inspect_err(|_| self.refuse())?;
        slot.target.store(target, Ordering::Relaxed);
        slot.len.store(bytes.len(), Ordering::Relaxed);
        for (word, chunk) in slot.words.iter().zip(bytes.chunks(8)) {
            let mut padded = [0; 8];
            padded.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            word.store(u64::from_ne_bytes(padded), Ordering::Relaxed);
        }
        slot.turn.store(turn.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    fn claim(&self) -> Result<(&Slot, usize), Errno> {
        let mut turn = self.pushed.load(Ordering::Relaxed);
        loop {
            let slot = self.slots.get(turn % SLOTS).ok_or(Errno::ENOBUFS)?;
            match slot.turn.load(Ordering::Acquire).wrapping_sub(turn) as isize {
                0 => {
                    let next = turn.wrapping_add(1);
                    let claim = self.pushed.compare_exchange_weak(turn, next, Ordering::Relaxed, Ordering::Relaxed);
                    match claim {
                        Ok(_) => return Ok((slot, turn)),
                        Err(other) => turn = other,
                    }
                }
                // It holds a message of the round before.
                ahead if ahead < 0 => return Err(Errno::ENOBUFS),
                _ => turn = self.pushed.load(Ordering::Relaxed),
            }
        }
    }

    /// Counts a message that was not put in.
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the next message out, and says for whom it is. `None` if there is none, or the next is still being written.
    /// Not for two threads at the same time.
    pub(super) fn pop(&self, message: &mut Vec<u8>) -> Option<usize> {
        let turn = self.popped.load(Ordering::Relaxed);
        let slot = self.slots.get(turn % SLOTS)?;
        if slot.turn.load(Ordering::Acquire) != turn.wrapping_add(1) {
            return None;
        }
        message.clear();
        message.extend(slot.words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()));
        message.truncate(slot.len.load(Ordering::Relaxed));
        let target = slot.target.load(Ordering::Relaxed);
        slot.turn.store(turn.wrapping_add(SLOTS), Ordering::Release);
        self.popped.store(turn.wrapping_add(1), Ordering::Relaxed);
        Some(target)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn what_goes_in_comes_out_in_order_and_a_full_ring_says_so() {
        let (ring, mut message) = (Ring::new(), Vec::new());
        for round in 0..3 {
            for at in 0..SLOTS {
                let bytes: Vec<u8> = (0..at % ROOM).map(|byte| (byte + at + round) as u8).collect();
                assert_eq!(ring.push(at, &bytes), Ok(()));
            }
            assert_eq!(ring.push(7, b"more"), Err(Errno::ENOBUFS));
            for at in 0..SLOTS {
                assert_eq!(ring.pop(&mut message), Some(at));
                assert!(message.iter().enumerate().all(|(byte, seen)| *seen == (byte + at + round) as u8));
                assert_eq!(message.len(), at % ROOM);
            }
            assert_eq!(ring.pop(&mut message), None);
        }
        assert_eq!(ring.push(7, &[0; ROOM + 1]), Err(Errno::EMSGSIZE));
        assert_eq!(ring.refused(), 4);
    }

    #[test]
    fn a_slot_that_is_being_written_holds_up_those_behind_it_alone() {
        let (ring, mut message) = (Ring::new(), Vec::new());
        ring.push(1, b"first").unwrap();
        let (slot, turn) = ring.claim().unwrap();
        // Whoever interrupts the one that writes does not wait for it.
        ring.push(3, b"third").unwrap();
        assert_eq!((ring.pop(&mut message), ring.pop(&mut message)), (Some(1), None));
        slot.turn.store(turn + 1, Ordering::Release);
        assert_eq!((ring.pop(&mut message), ring.pop(&mut message)), (Some(0), Some(3)));
        assert_eq!(message, b"third");
    }

    #[test]
    fn many_push_at_once_and_each_message_is_whole() {
        const EACH: u64 = 20_000;
        let (ring, over) = (Ring::new(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for pusher in 1..=3_u64 {
                let (ring, over) = (&ring, &over);
                scope.spawn(move || {
                    let mut number = 0;
                    while number < EACH && !over.load(Ordering::Relaxed) {
                        let bytes = [pusher.to_ne_bytes(), number.to_ne_bytes()].concat();
                        match ring.push(pusher as usize, &bytes) {
                            Ok(()) => number += 1,
                            Err(_) => std::thread::yield_now(),
                        }
                    }
                });
            }
            let (mut next, mut message) = ([0; 4], Vec::new());
            while next[1..] != [EACH; 3] {
                let Some(pusher) = ring.pop(&mut message) else {
                    std::thread::yield_now();
                    continue;
                };
                let number = u64::from_ne_bytes(message[8..].try_into().unwrap());
                let whole = message[..8] == (pusher as u64).to_ne_bytes() && number == next[pusher];
                over.store(!whole, Ordering::Relaxed);
                assert!(whole, "pusher {pusher}: {message:?}");
                next[pusher] += 1;
            }
        });
    }
}
