//! Generic netlink of two kernels: some families are ours, and every other one is Linux's.

use std::sync::Arc;

use netloom::Errno;
use netloom::wire::{Flags, GenlHeader, RawAttrs, RawMessage, Str};

use super::FIRST_GROUP;
use super::families::{FAMILY_ID, FAMILY_NAME, Families, GETFAMILY, GETPOLICY, NLCTRL, NOTIFY};
use super::pair::{Pair, Rules, Whose};

/// Requests go to whoever has the family, and nlctrl tells of both kernels' as of one's.
#[derive(Debug)]
pub(super) struct Generic(pub(super) Arc<Families>);

impl Generic {
    /// Whom a request is for.
    fn judge(&self, message: &RawMessage<'_>) -> Whose {
        let id = message.header.kind.0;
        if id != NLCTRL {
            return if id < NLCTRL { Whose::Linux } else { self.0.numbered(id) };
        }
        let Some(genl) = GenlHeader::read(message.payload) else { return Whose::Linux };
        let attrs = message.attrs(GenlHeader::LEN);
        let flags = message.header.flags;
        match genl.cmd {
            GETFAMILY if flags.contains(Flags::DUMP) && flags.contains(Flags::REQUEST) => Whose::Both,
            // A name goes before an id, or the other way round. net/netlink/genetlink.c: ctrl_getfamily
            GETFAMILY => self.by_name(attrs).or_else(|| self.by_id(attrs)).unwrap_or(Whose::Linux),
            // net/netlink/genetlink.c: ctrl_dumppolicy_start
            GETPOLICY => self.by_id(attrs).or_else(|| self.by_name(attrs)).unwrap_or(Whose::Linux),
            _ => Whose::Linux,
        }
    }

    fn by_name(&self, attrs: RawAttrs<'_>) -> Option<Whose> {
        let name = attrs.last(FAMILY_NAME)?;
        // What is no text is no name of ours.
        Some(name.read::<Str>().map_or(Whose::Linux, |name| self.0.named(name)))
    }

    fn by_id(&self, attrs: RawAttrs<'_>) -> Option<Whose> {
        let id = attrs.last(FAMILY_ID)?;
        Some(match id.read::<u16>() {
            None | Some(NLCTRL) => Whose::Linux,
            Some(id) => self.0.numbered(id),
        })
    }
}

impl Rules for Generic {
    fn whose(&self, group: u32) -> Whose {
        match group {
            NOTIFY => Whose::Both,
            // Those of families that are not shown are nobody's: Linux has no such number.
            FIRST_GROUP.. if self.0.has_group(group) => Whose::Ours,
            _ => Whose::Linux,
        }
    }

    fn left(&self, group: u32) -> Whose {
        // Its family may be gone.
        if group >= FIRST_GROUP { Whose::Ours } else { self.whose(group) }
    }

    fn send(&self, pair: &Pair<Self>, message: &RawMessage<'_>) -> Result<(), Errno> {
        match self.judge(message) {
            Whose::Ours => pair.to_ours(message.bytes),
            Whose::Linux => pair.to_linux(message.bytes),
            Whose::Both => {
                let (seq, port) = (message.header.seq, pair.linux.local()?.port);
                // Before it can end.
                pair.add_to_dump(seq, self.0.dump(seq, port));
                pair.to_linux(message.bytes)
            }
        }
    }

    fn heard(&self, from: Whose, datagram: Vec<u8>) -> Vec<u8> {
        self.0.heard(from, datagram)
    }
}
