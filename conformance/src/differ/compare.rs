//! Two answers to one request.

use netloom::wire::{Errno, ErrorMessage, Flags, GenlHeader, Header};

use super::exchange::{Answers, read};
use super::excuse::RULES;
use super::mirror::PASSED;
use super::rows::{judge, row, shown};
use super::told::CTRL;
use super::world::World;

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Refused alike, and which row that shows.
    Refused(Option<usize>),
    /// Both let it pass to the handler, and which row that shows: a warning.
    Passed(Option<usize>),
    /// Nothing to answer, or acknowledged unread.
    Unread,
    /// They differ, which this rule explains.
    Excused(usize),
    Different,
}

/// Texts of the validation. A family's handler says one of them only if it judges attributes itself.
const TEXTS: &[&str] = &[
    "Unknown attribute type",
    "bytes leftover after parsing attributes",
    "Unsupported attribute",
    "invalid attribute length",
    "NLA_F_NESTED is missing",
    "NLA_F_NESTED not expected",
    "Attribute failed policy validation",
    "Array element too short",
    "integer out of range",
    "binary attribute size out of range",
    "reserved bit set",
    "invalid enum value",
    "allowed policy recursion depth exceeded",
    "genlmsghdr.reserved field is not 0",
    "ambiguous or reserved bits set in nlmsg_flags",
];

/// One request and what both answered.
pub(super) struct Pair<'a> {
    pub(super) world: &'a World,
    pub(super) request: &'a [u8],
    pub(super) ours: &'a Answers,
    pub(super) linux: &'a Answers,
    /// Its place in the datagram.
    pub(super) at: usize,
    pub(super) ext_ack: bool,
}

impl<'a> Pair<'a> {
    pub(super) fn judge(&self) -> Verdict {
        let (ours, linux) = (self.ours.error(self.at), self.linux.error(self.at));
        let verdict = match ours.and_then(read) {
            Some(error) if error.errno == PASSED => self.passed(&error, linux),
            _ if ours == linux && self.is_of_ctrl() => self.controlled(ours),
            Some(error) if ours == linux => self.alike(&error),
            None if linux.is_none() && self.linux.slot(self.at).is_some_and(|slot| slot.others == 0) => Verdict::Unread,
            _ => Verdict::Different,
        };
        if verdict != Verdict::Different {
            return verdict;
        }
        RULES.iter().position(|rule| (rule.holds)(self)).map_or(Verdict::Different, Verdict::Excused)
    }

    /// Equal to the byte.
    fn alike(&self, error: &ErrorMessage<'_>) -> Verdict {
        if error.errno == Errno(0) {
            return Verdict::Unread;
        }
        Verdict::Refused(self.row(error))
    }

    fn row(&self, error: &ErrorMessage<'_>) -> Option<usize> {
        let bare = |error: &ErrorMessage<'_>| match error.errno {
            Errno::ENOENT => Some("no such family"),
            Errno::EOPNOTSUPP => Some("no such op, or not so"),
            Errno::EPERM => Some("permission"),
            Errno::EINVAL if self.is_short() => Some("message too short"),
            _ => None,
        };
        let name = match error.ext_ack.message {
            Some(_) => shown(self.world, self.request, error),
            None if error.ext_ack.is_empty() && self.ext_ack => bare(error),
            None => None,
        };
        name.map(row)
    }

    /// Whether not even the headers are there.
    fn is_short(&self) -> bool {
        let header = Header::read(self.request).unwrap_or_default();
        let own = self.world.family(header.kind.0).map_or(0, |family| family.header);
        (header.len as usize) < Header::LEN + GenlHeader::LEN + own
    }

    /// nlctrl is in both: what it answers is compared, whether or not its handlers were reached.
    fn controlled(&self, ours: Option<&[u8]>) -> Verdict {
        let (ours_slot, linux_slot) = (self.ours.slot(self.at), self.linux.slot(self.at));
        let done = |slot: Option<&super::exchange::Slot>| slot.and_then(|slot| slot.done);
        if done(ours_slot) != done(linux_slot) {
            return Verdict::Different;
        }
        match ours.and_then(read) {
            Some(error) if error.errno != Errno(0) && error.ext_ack.message.is_some() => self.alike(&error),
            Some(error) => Verdict::Passed(error.ext_ack.message.and_then(|_| self.row(&error))),
            None if ours_slot.is_some_and(|slot| slot.others > 0) => Verdict::Passed(None),
            None => Verdict::Unread,
        }
    }

    /// Our handler was reached: so must Linux's have been, whatever it has done.
    fn passed(&self, ours: &ErrorMessage<'_>, linux: Option<&[u8]>) -> Verdict {
        let warning = ours.ext_ack.message;
        let passed = Verdict::Passed(warning.map(|_| row("bytes left over, with a warning")));
        let Some(linux) = linux.and_then(read) else {
            let flags = Header::read(self.request).map_or(Flags::NONE, |header| header.flags);
            let answered = self.linux.slot(self.at).is_some_and(|slot| slot.others > 0);
            let owed = flags.contains(Flags::ACK) || flags.contains(Flags::DUMP);
            return if owed && !answered { Verdict::Different } else { passed };
        };
        match linux.ext_ack.message {
            // A handler may have said something else in its place, but has not taken it away.
            None if warning.is_some() => Verdict::Different,
            Some(text) if warning != Some(text) && TEXTS.contains(&text) => Verdict::Different,
            _ => passed,
        }
    }

    fn is_of_ctrl(&self) -> bool {
        Header::read(self.request).is_some_and(|header| header.kind.0 == CTRL)
            && judge(self.world, self.request).is_some()
    }

    /// What Linux said, read.
    pub(super) fn linux_error(&self) -> Option<ErrorMessage<'a>> {
        self.linux.error(self.at).and_then(read)
    }

    /// What we said, read.
    pub(super) fn our_error(&self) -> Option<ErrorMessage<'a>> {
        self.ours.error(self.at).and_then(read)
    }

    /// Whether our handler was reached.
    pub(super) fn has_passed(&self) -> bool {
        self.our_error().is_some_and(|error| error.errno == PASSED)
    }
}
