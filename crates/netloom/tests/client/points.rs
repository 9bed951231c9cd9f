//! What can go wrong, at which point, and what may come of it.

use std::time::Duration;

use netloom::Error;
use netloom::families::doc_exmpl::Echo;
use netloom::kernel::Kernel;
use netloom::wire::{Do, Errno, Flags, MessageType};

use crate::sides::SHORT;

/// Something that is done with a kernel side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// A call that ends with its reply.
    Reply,
    /// One that ends with the acknowledgement behind it.
    Ack,
    /// One whose notification comes back, too.
    Echo,
    /// By hand.
    Raw,
    /// Several at a time.
    Batch,
    Dump,
    Consistent,
    Subscription,
    Watch,
}

impl Act {
    pub(crate) const ALL: [Self; 9] = [
        Self::Reply,
        Self::Ack,
        Self::Echo,
        Self::Raw,
        Self::Batch,
        Self::Dump,
        Self::Consistent,
        Self::Subscription,
        Self::Watch,
    ];
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// An answer finds the queue full.
    Overrun,
    /// An event does.
    OverrunEvent,
    /// An answer never comes.
    Lost,
    /// A datagram is cut.
    Cut,
    /// What is no message comes in front of an answer.
    Rubbish,
    /// A refusal without an errno does.
    ShortError,
    /// The kernel side says by a message that it lost something.
    Overran,
    Noop,
    Stray,
    Forged,
    /// The op is refused.
    Refused,
    Busy,
    Torn,
}

impl Fault {
    pub(crate) const ALL: [Self; 13] = [
        Self::Overrun,
        Self::OverrunEvent,
        Self::Lost,
        Self::Cut,
        Self::Rubbish,
        Self::ShortError,
        Self::Overran,
        Self::Noop,
        Self::Stray,
        Self::Forged,
        Self::Refused,
        Self::Busy,
        Self::Torn,
    ];

    /// Has it happen at the next occasion but so many.
    pub(crate) fn put(self, kernel: &Kernel, after: u32) {
        let faults = kernel.faults().after(after);
        match self {
            Self::Overrun => faults.overrun_answers(1),
            Self::OverrunEvent => faults.overrun(),
            Self::Lost => faults.lose_answers(1),
            Self::Cut => faults.truncate(),
            Self::Rubbish => faults.garble(),
            Self::ShortError => faults.insert(MessageType::ERROR, Flags::NONE),
            Self::Overran => faults.insert(MessageType::OVERRUN, Flags::NONE),
            Self::Noop => faults.insert(MessageType::NOOP, Flags::NONE),
            Self::Stray => faults.stray(),
            Self::Forged => faults.forged_sender(),
            Self::Refused => faults.nack("DOC_EXMPL", Echo::REQUEST, Errno::ENOMEM),
            Self::Busy => faults.busy_next_dump(),
            Self::Torn => faults.interrupt_next_dump(),
        };
    }

    /// How long a call may take: who waits for what will never come should not do so for long.
    pub(crate) fn timeout(self) -> Duration {
        if self == Self::Lost { SHORT } else { Duration::from_secs(60) }
    }

    /// Whether this may come of it, where it is no success.
    pub(crate) fn explains(self, act: Act, error: &Error) -> bool {
        let text = error.to_string();
        // What reads again by itself does so.
        let mends = matches!(act, Act::Consistent);
        match self {
            // Of a batch's request the acknowledgement behind tells that it was done, if not what it answered.
            Self::Overrun if act == Act::Batch && text.contains("without the reply") => true,
            Self::Overrun | Self::OverrunEvent => error.is_overrun(),
            Self::Overran => error.is_overrun(),
            Self::Lost => error.is_timeout() || text.contains("without the reply"),
            Self::Cut => error.is_truncated() && !mends || text.contains("nlctrl"),
            Self::Rubbish | Self::ShortError => text.contains("no netlink message"),
            Self::Noop | Self::Stray | Self::Forged => false,
            Self::Refused => error.errno() == Some(Errno::ENOMEM),
            Self::Busy => error.is_busy() && act != Act::Watch,
            Self::Torn => error.is_interrupted() && act == Act::Dump,
        }
    }
}
