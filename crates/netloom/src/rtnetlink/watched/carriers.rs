//! What links do that others feel.

use std::collections::{HashMap, HashSet};

use netloom_families::rt_link::{DellinkNtf, LinkFlags, NewlinkNtf};

use crate::client::Event;

/// What was last heard of each link: whether it is up, and to whom it belongs.
#[derive(Debug, Default)]
pub(super) struct Carriers {
    /// By index; the flags that matter, and the master.
    known: HashMap<u32, (u32, u32)>,
    gone: HashSet<u32>,
}

impl Carriers {
    /// The link whose state has changed by this event, if it is one that others may feel: up, carrier, master, or away.
    pub(super) fn hear(&mut self, event: &Event) -> Option<u32> {
        const FELT: LinkFlags = LinkFlags(LinkFlags::UP.0 | LinkFlags::RUNNING.0 | LinkFlags::LOWER_UP.0);
        if let Some(link) = event.get(NewlinkNtf) {
            if link.header.ifi_family != 0 || link.wireless.is_some() {
                return None;
            }
            let index = u32::try_from(link.header.ifi_index).ok()?;
            let state = (link.header.ifi_flags.0 & FELT.0, link.master.unwrap_or(0));
            let before = self.known.insert(index, state);
            self.gone.remove(&index);
            return (before != Some(state)).then_some(index);
        }
        let link = event.get(DellinkNtf).filter(|link| link.header.ifi_family == 0)?;
        let index = u32::try_from(link.header.ifi_index).ok()?;
        self.known.remove(&index);
        self.gone.insert(index);
        Some(index)
    }

    /// Which of these links are gone; each is said once.
    pub(super) fn take_gone(&mut self, of: impl Fn(u32) -> bool) -> HashSet<u32> {
        let (gone, rest) = std::mem::take(&mut self.gone).into_iter().partition(|index| of(*index));
        self.gone = rest;
        gone
    }

    /// Events were lost.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
