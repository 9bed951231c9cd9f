//! Next hop objects, of which others feel the end.

use netloom_families::rt_nexthop::{DelnexthopNtf, NewnexthopNtf};

use crate::client::Event;

/// The id of the object that an event tells of, if it tells of one.
pub(super) fn told(event: &Event) -> Option<u32> {
    event.get(NewnexthopNtf).or_else(|| event.get(DelnexthopNtf))?.id
}
