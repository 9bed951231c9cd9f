//! Tearing dumps.

use netloom::wire::{Flags, Header, MessageType, messages};

/// A dump that a socket has under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dump {
    seq: u32,
    /// Whether it is to be torn, and has been.
    tear: Tear,
    /// Whether none of it has been seen yet.
    fresh: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tear {
    Never,
    Due,
    Done,
}

/// Whether this datagram is a piece of a dump: of which, and whether that ends here.
pub(super) fn piece(datagram: &[u8]) -> Option<(u32, bool)> {
    let headers = || messages(datagram).map_while(Result::ok).map(|message| message.header);
    let of_dump = |header: &Header| header.flags.contains(Flags::MULTI) || header.kind == MessageType::DONE;
    let first = headers().find(of_dump)?;
    Some((first.seq, headers().any(|header| header.kind == MessageType::DONE)))
}

impl Dump {
    pub(super) fn new(seq: u32, torn: bool) -> Self {
        Self { seq, tear: if torn { Tear::Due } else { Tear::Never }, fresh: true }
    }

    pub(super) fn seq(self) -> u32 {
        self.seq
    }

    /// Marks a piece of the dump, if it is torn here or has been before: in the kernel the message that is written first
    /// after something changed says so, a change being seen when a piece is begun; the end looks once more. `now` chooses
    /// a piece; the last is taken if none was.
    // include/net/netlink.h: nl_dump_check_consistent
    pub(super) fn mark(&mut self, datagram: &mut [u8], ends: bool, now: bool) {
        let fresh = std::mem::replace(&mut self.fresh, false);
        match self.tear {
            Tear::Never => return,
            Tear::Due if !(ends || now) => return,
            Tear::Due | Tear::Done => {}
        }
        let mut walk = messages(datagram);
        let mut heads = Vec::new();
        loop {
            let at = walk.offset();
            let Some(Ok(message)) = walk.next() else { break };
            heads.push((at, message.header));
        }
        // Before the first message of all there is nothing that could have changed.
        let begun = usize::from(fresh);
        let marked =
            heads.iter().enumerate().filter(|(n, (_, header))| *n == begun || header.kind == MessageType::DONE);
        let marked: Vec<(usize, Header)> = marked.map(|(_, head)| *head).collect();
        for (at, header) in marked {
            let torn = Header { flags: header.flags | Flags::DUMP_INTR, ..header }.to_bytes();
            if let Some(place) = datagram.get_mut(at..at.saturating_add(torn.len())) {
                place.copy_from_slice(&torn);
                self.tear = Tear::Done;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: MessageType = MessageType(20);

    fn datagram(kinds: &[MessageType]) -> Vec<u8> {
        let message = |kind: &MessageType| Header { seq: 7, ..Header::new(*kind, Flags::MULTI) }.message(&[0; 4]);
        kinds.iter().flat_map(message).collect()
    }

    fn torn(datagram: &[u8]) -> Vec<bool> {
        messages(datagram).map(|message| message.unwrap().header.flags.contains(Flags::DUMP_INTR)).collect()
    }

    #[test]
    fn a_torn_dump_says_so_where_linux_would() {
        let done = MessageType::DONE;
        // Pieces with whether each is chosen, and which messages say that the dump is torn.
        type Piece<'p> = (&'p [MessageType], bool);
        let cases: [(&[Piece<'_>], &[&[bool]]); 7] = [
            // Not on the first message of all.
            (&[(&[ITEM, ITEM], true), (&[done], false)], &[&[false, true], &[true]]),
            // There was none before: it is told later.
            (&[(&[ITEM], true), (&[done], false)], &[&[false], &[true]]),
            (
                &[(&[ITEM, ITEM], false), (&[ITEM, ITEM], true), (&[ITEM, done], false)],
                &[&[false, false], &[true, false], &[true, true]],
            ),
            // It must be told somewhere.
            (&[(&[ITEM, ITEM], false), (&[done], false)], &[&[false, false], &[true]]),
            (&[(&[ITEM, done], false)], &[&[false, true]]),
            (&[(&[ITEM, ITEM, done], false)], &[&[false, true, true]]),
            // Nothing in it.
            (&[(&[done], false)], &[&[true]]),
        ];
        for (pieces, expected) in cases {
            let mut dump = Dump::new(7, true);
            let mut whole = Dump::new(7, false);
            for ((kinds, now), expected) in pieces.iter().zip(expected) {
                let mut bytes = datagram(kinds);
                let (seq, ends) = piece(&bytes).unwrap();
                assert_eq!((seq, ends), (7, kinds.contains(&done)));
                dump.mark(&mut bytes, ends, *now);
                assert_eq!(&torn(&bytes), expected, "{pieces:?}");
                let mut bytes = datagram(kinds);
                whole.mark(&mut bytes, ends, *now);
                assert!(!torn(&bytes).contains(&true));
            }
        }
    }

    #[test]
    fn what_is_no_dump_is_no_piece() {
        let plain = Header::new(ITEM, Flags::NONE).message(&[]);
        let error = Header::new(MessageType::ERROR, Flags::NONE).message(&[0; 20]);
        for bytes in [&plain[..], &error, b"ab", b""] {
            assert_eq!(piece(bytes), None);
        }
    }
}
