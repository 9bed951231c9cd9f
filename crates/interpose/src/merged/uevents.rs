//! Uevents of two kernels: those of our devices come between Linux's.

use netloom::Errno;
use netloom::uevent::KERNEL_GROUP;
use netloom::wire::RawMessage;

use super::pair::{Pair, Rules, Whose};

/// The kernel's group is both kernels'; udev's and whatever is sent are Linux's.
#[derive(Debug)]
pub(super) struct Uevents;

impl Rules for Uevents {
    fn whose(&self, group: u32) -> Whose {
        if group == KERNEL_GROUP { Whose::Both } else { Whose::Linux }
    }

    fn has_messages(&self) -> bool {
        false
    }

    fn send(&self, pair: &Pair<Self>, message: &RawMessage<'_>) -> Result<(), Errno> {
        pair.to_linux(message.bytes)
    }
}
