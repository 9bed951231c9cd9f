//! What is counted: whole clients of Linux, and pieces of work in process.

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    /// How the table calls it.
    pub(crate) name: &'static str,
    /// What one of them is, of which the instructions are told.
    pub(crate) each: &'static str,
    pub(crate) of: Of,
    /// The words to the program that does it, in front of how many.
    pub(crate) words: [&'static str; 2],
    /// No more than this is asked of it.
    pub(crate) most: Option<f64>,
}

/// What there is more of in the larger of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// Routes in the table, which are read.
    Routes,
    /// Routes that are added to an empty table.
    Added,
    /// Routes that are deleted from a table that has no others.
    Deleted,
    /// Calls of Linux.
    Calls,
    /// What a piece of work in process is done to, or how often.
    Work,
}

impl Of {
    /// How many there are in either run.
    pub(crate) const fn sizes(self) -> [u32; 2] {
        match self {
            Self::Routes => [2_000, 10_000],
            // Tables of a kernel side in process grow by doubling: either size is as far into that as the other.
            Self::Work => [500, 4_000],
            Self::Added | Self::Deleted | Self::Calls => [1_000, 5_000],
        }
    }
}

const fn job(name: &'static str, each: &'static str, of: Of, words: [&'static str; 2]) -> Job {
    Job { name, each, of, words, most: None }
}

const fn asked(most: f64, job: Job) -> Job {
    Job { most: Some(most), ..job }
}

/// All rows, in the order of the table.
pub(crate) const JOBS: &[Job] = &[
    asked(260.0, job("dump: one pass", "route", Of::Routes, ["dump", "pass"])),
    asked(380.0, job("dump: owned", "route", Of::Routes, ["dump", "owned"])),
    asked(380.0, job("dump: owned, used again", "route", Of::Routes, ["dump", "again"])),
    job("dump: six by key", "route", Of::Routes, ["dump", "get"]),
    job("dump: one pass, tokio", "route", Of::Routes, ["dump", "pass-tokio"]),
    asked(200.0, job("add: one a send", "route", Of::Added, ["add", "netloom"])),
    asked(200.0, job("add: a batch", "route", Of::Added, ["add", "batch"])),
    job("add: a batch, tokio", "route", Of::Added, ["add", "batch-tokio"]),
    asked(200.0, job("add: a batch, written in place", "route", Of::Added, ["add", "batch-lent"])),
    job("add: a batch, written in place, tokio", "route", Of::Added, ["add", "batch-lent-tokio"]),
    asked(200.0, job("add: one a send, written in place", "route", Of::Added, ["add", "lent"])),
    job("delete: one a send", "route", Of::Deleted, ["delete", "netloom"]),
    job("delete: a batch", "route", Of::Deleted, ["delete", "batch"]),
    job("delete: one a send, written in place", "route", Of::Deleted, ["delete", "lent"]),
    job("delete: a batch, written in place", "route", Of::Deleted, ["delete", "batch-lent"]),
    asked(400.0, job("family: id read in place", "call", Of::Calls, ["family", "netloom"])),
    job("family: owned", "call", Of::Calls, ["family", "owned"]),
    job("family: tokio", "call", Of::Calls, ["family", "tokio"]),
    job("family: async-io", "call", Of::Calls, ["family", "async-io"]),
    job("in process: GETFAMILY, both ends", "call", Of::Work, ["work", "call"]),
    job("in process: generated family, both ends", "call", Of::Work, ["work", "generated"]),
    job("in process: family by hand, both ends", "call", Of::Work, ["work", "by-hand"]),
    job("wireguard: read in place", "peer", Of::Work, ["work", "read-ours"]),
    job("wireguard: owned", "peer", Of::Work, ["work", "own-ours"]),
    job("wireguard: encode", "peer", Of::Work, ["work", "encode"]),
    job("wireguard: set in a kernel side", "peer", Of::Work, ["work", "set"]),
    job("wireguard: dump of a kernel side", "peer", Of::Work, ["work", "dump"]),
    job("policy: flat, 20 attributes", "message", Of::Work, ["work", "judge-flat"]),
    job("policy: three levels, 19 attributes", "message", Of::Work, ["work", "judge-nested"]),
];
