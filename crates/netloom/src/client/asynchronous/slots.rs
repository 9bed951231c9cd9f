//! The calls that are under way on one socket, and what was read for them.

use std::collections::VecDeque;

use netloom_wire::{Header, MessageType};

use crate::error::Cause;
use crate::socket::{Address, Received};

/// By sequence number, oldest first.
#[derive(Default)]
pub(super) struct Slots(VecDeque<(u32, Slot)>);

enum Slot {
    Call {
        /// What another one read for it.
        mail: Option<Box<Mailbag>>,
        /// It takes what looks unsolicited: of which kind, if that is known.
        odd: Odd,
    },
    /// The no-op behind the call of this sequence.
    Barrier(u32),
}

/// What was read for a call, oldest first. Seldom anything is.
#[derive(Default)]
struct Mailbag(VecDeque<Mail>);

/// Whether a call takes what looks unsolicited, and of which kind if that is known.
pub(super) type Odd = Option<Option<MessageType>>;

/// What was read for a call.
pub(super) enum Mail {
    Datagram(Box<[u8]>, Received),
    /// The queue was full: its answer may be among what was lost.
    Lost,
    Failed(Cause),
}

/// The same as it is read: what a call gets at once.
pub(super) enum Post<'d> {
    Datagram(&'d [u8], &'d Received),
    Lost,
    Failed(Cause),
}

impl Mail {
    pub(super) fn as_post(&self) -> Post<'_> {
        match self {
            Self::Datagram(bytes, received) => Post::Datagram(bytes, received),
            Self::Lost => Post::Lost,
            Self::Failed(cause) => Post::Failed(cause.clone()),
        }
    }
}

impl Slots {
    /// Pieces of mail that a call which is not polled may have.
    const MAIL: usize = 1024;

    /// A call begins, the newest.
    #[inline]
    pub(super) fn add(&mut self, seq: u32, odd: Odd) {
        self.0.push_back((seq, Slot::Call { mail: None, odd }));
    }

    /// So does the no-op behind one.
    pub(super) fn add_barrier(&mut self, seq: u32, call: u32) {
        self.0.push_back((seq, Slot::Barrier(call)));
    }

    /// One of either has ended.
    #[inline]
    pub(super) fn remove(&mut self, seq: u32) {
        match self.place(seq) {
            Some(0) => drop(self.0.pop_front()),
            Some(place) => drop(self.0.remove(place)),
            None => {}
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sequence numbers of all.
    pub(super) fn all(&self) -> Vec<u32> {
        self.0.iter().map(|(seq, _)| *seq).collect()
    }

    /// Puts something into a call's mail; false if there is no such call.
    pub(super) fn put(&mut self, seq: u32, piece: Mail) -> bool {
        let Some(Slot::Call { mail, .. }) = self.slot(seq) else { return false };
        let Mailbag(mail) = &mut **mail.get_or_insert_default();
        if mail.len() < Self::MAIL {
            mail.push_back(piece);
        } else {
            mail.push_back(Mail::Lost);
            mail.truncate(Self::MAIL.saturating_add(1));
        }
        true
    }

    /// Whether there is something in a call's mail.
    #[inline]
    pub(super) fn has_mail(&mut self, seq: u32) -> bool {
        matches!(self.slot(seq), Some(Slot::Call { mail: Some(mail), .. }) if !mail.0.is_empty())
    }

    /// Takes the oldest piece of a call's mail.
    pub(super) fn mail(&mut self, seq: u32) -> Option<Mail> {
        match self.slot(seq)? {
            Slot::Call { mail, .. } => mail.as_mut()?.0.pop_front(),
            Slot::Barrier(_) => None,
        }
    }

    /// Which call may be meant by a message; its exchange decides.
    pub(super) fn addressee(&mut self, header: &Header, source: Address) -> Option<u32> {
        if source.port != 0 {
            return None;
        }
        match self.slot(header.seq) {
            Some(Slot::Call { .. }) => return Some(header.seq),
            Some(Slot::Barrier(call)) => return Some(*call),
            None => {}
        }
        if header.seq != 0 || header.kind.is_control() || source.groups != 0 {
            return None;
        }
        let takes = |slot: &Slot| match slot {
            Slot::Call { odd: Some(kind), .. } => kind.is_none_or(|kind| kind == header.kind),
            _ => false,
        };
        self.0.iter().find(|(_, slot)| takes(slot)).map(|(seq, _)| *seq)
    }

    #[inline]
    fn slot(&mut self, seq: u32) -> Option<&mut Slot> {
        let place = self.place(seq)?;
        self.0.get_mut(place).map(|(_, slot)| slot)
    }

    #[inline]
    fn place(&self, seq: u32) -> Option<usize> {
        let oldest = self.0.front()?.0;
        // Mostly there is one.
        if oldest == seq { Some(0) } else { self.search(seq, oldest) }
    }

    /// Sequence numbers come round: what is under way is in order counted from the oldest.
    #[inline(never)]
    fn search(&self, seq: u32, oldest: u32) -> Option<usize> {
        self.0.binary_search_by_key(&seq.wrapping_sub(oldest), |(at, _)| at.wrapping_sub(oldest)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_also_where_sequence_numbers_come_round() {
        let mut slots = Slots::default();
        let seqs = [u32::MAX - 1, u32::MAX, 1, 2, 3];
        seqs.iter().for_each(|seq| slots.add(*seq, None));
        slots.add_barrier(4, 1);
        let header = |seq| Header { seq, ..Header::new(MessageType(20), netloom_wire::Flags::NONE) };
        for seq in seqs {
            assert_eq!(slots.addressee(&header(seq), Address::KERNEL), Some(seq));
            assert_eq!(slots.addressee(&header(seq), Address::port(7)), None, "forged");
        }
        assert_eq!(slots.addressee(&header(4), Address::KERNEL), Some(1), "what answers the no-op is its call's");
        // The first, one in the middle, one that is not there.
        [u32::MAX - 1, 2, 9].iter().for_each(|seq| slots.remove(*seq));
        assert_eq!(slots.all(), [u32::MAX, 1, 3, 4]);
        assert!(slots.put(3, Mail::Lost) && !slots.put(2, Mail::Lost) && !slots.put(4, Mail::Lost));
        assert_eq!([1, 2, 3, 4].map(|seq| slots.has_mail(seq)), [false, false, true, false]);
        assert!(matches!((slots.mail(3), slots.mail(3)), (Some(Mail::Lost), None)));
    }

    #[test]
    fn who_takes_odd_answers_gets_those_of_its_kind() {
        let mut slots = Slots::default();
        let kinds = [None, Some(Some(MessageType(21))), Some(None)];
        (1..).zip(kinds).for_each(|(seq, odd)| slots.add(seq, odd));
        let odd = |kind| Header::new(MessageType(kind), netloom_wire::Flags::NONE);
        assert_eq!(slots.addressee(&odd(21), Address::KERNEL), Some(2));
        assert_eq!(slots.addressee(&odd(22), Address::KERNEL), Some(3));
        assert_eq!(slots.addressee(&odd(2), Address::KERNEL), None, "an error of nobody's");
        assert_eq!(slots.addressee(&odd(21), Address { port: 0, groups: 1 }), None, "a group's");
    }

    #[test]
    fn mail_is_bounded_and_its_loss_told() {
        let mut slots = Slots::default();
        slots.add(1, None);
        (0..5_000).for_each(|_| assert!(slots.put(1, Mail::Failed(Cause::NoReply))));
        let all: Vec<_> = std::iter::from_fn(|| slots.mail(1)).collect();
        assert_eq!(all.len(), Slots::MAIL + 1);
        assert!(matches!(all.last(), Some(Mail::Lost)));
        assert_eq!(all.iter().filter(|piece| matches!(piece, Mail::Lost)).count(), 1);
    }
}
