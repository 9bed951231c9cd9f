//! Asking Linux about one attribute at a time, where no handler is reached.
//!
//! Every request ends with an attribute that is certainly refused, the stop: if the refusal points there, what stands before it
//! was accepted.

use netloom::socket::Socket;
use netloom::wire::policy::Kind;
use netloom::wire::{Attr, Errno, Flags, GenlHeader, Header, PolicyNote};

use super::live::{Answer, ask, put, request};
use crate::Malformed;

/// An id that no policy knows.
pub(super) const UNKNOWN: u16 = 0x3ff0;

/// One op in one mode.
#[derive(Clone)]
pub(super) struct Probe<'a> {
    pub(super) socket: &'a Socket,
    pub(super) family: u16,
    pub(super) header: usize,
    pub(super) cmd: u8,
    pub(super) dump: bool,
    /// What stands at the end; empty if nothing is known to be refused.
    pub(super) stop: Vec<u8>,
    /// The nests around what is tried, from the outermost in: their ids, and which are arrays.
    pub(super) path: Vec<(u16, bool)>,
}

/// What came of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tried {
    Accepted,
    /// Refused, for itself.
    Refused(Answer),
}

impl Tried {
    /// Whether it was refused with this text.
    pub(super) fn says(&self, text: &str) -> bool {
        matches!(self, Self::Refused(answer) if answer.says(text))
    }

    pub(super) fn is_accepted(&self) -> bool {
        *self == Self::Accepted
    }
}

impl Probe<'_> {
    fn flags(&self) -> Flags {
        if self.dump { Flags::DUMP } else { Flags::NONE }
    }

    fn start(&self) -> usize {
        Header::LEN + GenlHeader::LEN + self.header.next_multiple_of(4)
    }

    /// Sends these attributes as they are, at the top.
    pub(super) fn ask(&self, attrs: &[u8]) -> Result<Option<Answer>, Malformed> {
        let request = request(self.family, self.flags(), self.cmd, self.header, attrs);
        ask(self.socket, &request).map(|(_, answer)| answer)
    }

    /// Whether the header is checked for its reserved bytes.
    pub(super) fn checks_header(&self) -> Result<bool, Malformed> {
        let mut request = request(self.family, self.flags(), self.cmd, self.header, &[]);
        request[Header::LEN + 2] = 1;
        let (_, answer) = ask(self.socket, &request)?;
        Ok(answer.is_some_and(|answer| answer.says("genlmsghdr.reserved field is not 0")))
    }

    /// Tries one attribute, within the nests of the path.
    pub(super) fn attr(&self, raw_type: u16, payload: &[u8]) -> Result<Tried, Malformed> {
        let mut attrs = Vec::new();
        put(&mut attrs, raw_type, payload);
        let mut at = self.start();
        for (id, array) in self.path.iter().rev() {
            for raw in [array.then_some(1 | Attr::NESTED), Some(id | Attr::NESTED)].into_iter().flatten() {
                let mut outer = Vec::new();
                put(&mut outer, raw, &attrs);
                attrs = outer;
                at += Attr::HEADER_LEN;
            }
        }
        attrs.extend_from_slice(&self.stop);
        Ok(match self.ask(&attrs)? {
            Some(answer) if answer.errno != Errno(0) && answer.offset == Some(at) => Tried::Refused(answer),
            _ => Tried::Accepted,
        })
    }

    /// Whether ids that are not known are refused.
    pub(super) fn is_strict(&self) -> Result<bool, Malformed> {
        Ok(self.attr(UNKNOWN, &[])?.says("Unknown attribute type"))
    }

    /// Finds a stop for an op that accepts unknown ids: the first attribute that has values which are never accepted.
    pub(super) fn find_stop<'n>(
        &mut self,
        attrs: impl Iterator<Item = (&'n u16, &'n PolicyNote)>,
    ) -> Result<(), Malformed> {
        for (id, note) in attrs {
            let value = match note.kind {
                1 | 13..=15 => vec![0; 1],
                2..=9 | 11 | 12 | 16 | 17 => Vec::new(),
                10 if note.max_len.is_some_and(|max| max < 1_000) => vec![0; note.max_len.unwrap_or(0) as usize + 1],
                10 if note.min_len.is_some() => Vec::new(),
                _ => continue,
            };
            let mut stop = Vec::new();
            put(&mut stop, *id, &value);
            let refused = self.ask(&stop)?.filter(|answer| answer.offset == Some(self.start()));
            if refused.is_some_and(|answer| answer.errno == Errno::ERANGE || answer.errno == Errno::EINVAL) {
                self.stop = stop;
                return Ok(());
            }
        }
        Ok(())
    }

    /// The greatest number up to `top` that `accepted` says of, counted down from a refused one; all below are as well.
    pub(super) fn edge(
        low: usize,
        high: usize,
        accepted: impl Fn(usize) -> Result<bool, Malformed>,
    ) -> Result<usize, Malformed> {
        let (mut good, mut wrong) = (low, high);
        while good.abs_diff(wrong) > 1 {
            let middle = usize::midpoint(good, wrong);
            if accepted(middle)? { good = middle } else { wrong = middle }
        }
        Ok(good)
    }
}

/// The kind that a note tells of, where that is all there is to it.
pub(super) fn plain(kind: u32) -> Option<Kind> {
    Some(match kind {
        1 => Kind::Flag,
        2 => Kind::U8,
        3 => Kind::U16,
        4 => Kind::U32,
        5 => Kind::U64,
        6 => Kind::S8,
        7 => Kind::S16,
        8 => Kind::S32,
        9 => Kind::S64,
        10 => Kind::Binary,
        11 => Kind::String,
        12 => Kind::NulString,
        16 => Kind::Sint,
        17 => Kind::Uint,
        _ => return None,
    })
}
