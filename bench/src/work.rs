//! The pieces of work whose instructions, allocations and memory are counted.

use clap::ValueEnum;
use netloom::kernel::Kernel;

use crate::device::{Side, device, dumped, encode};
use crate::judge::Judged;
use crate::sys::Heap;
use crate::{Failure, calls, echo, own, read};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Work {
    ReadOurs,
    ReadTheirs,
    OwnOurs,
    OwnTheirs,
    /// An owned device into the messages that set it.
    Encode,
    /// Those messages into a kernel side that has no peer.
    Set,
    /// A device out of a kernel side, to a reader that keeps nothing.
    Dump,
    /// GETFAMILY of nlctrl in process, so often.
    Call,
    /// ECHO of a generated family in process, so often.
    Generated,
    /// The same of a family by hand.
    ByHand,
    /// Attributes of a flat policy, so often.
    JudgeFlat,
    /// Attributes of a policy of three levels, so often.
    JudgeNested,
}

/// What a piece of work took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) allocations: usize,
    /// Bytes in use at most, beyond those before it began.
    pub(crate) peak: usize,
    pub(crate) messages: usize,
}

impl Work {
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
    }

    /// Makes ready, does it, and counts the doing alone.
    pub(crate) fn run(self, peers: u32) -> Result<Counts, Failure> {
        let full = || -> Result<Side, Failure> {
            let side = Side::new()?;
            side.set(&side.requests(&encode(&device(peers))?)?)?;
            Ok(side)
        };
        match self {
            Self::ReadOurs => {
                let bodies = dumped(peers)?;
                counted(&mut || read::ours(&bodies).map(|()| bodies.len()))
            }
            Self::ReadTheirs => {
                let bodies = dumped(peers)?;
                counted(&mut || read::theirs(&bodies).map(|()| bodies.len()))
            }
            Self::OwnOurs => {
                let bodies = dumped(peers)?;
                let mut filled = None;
                counted(&mut || own::ours(&bodies).map(|device| filled.insert(device).peers.len()))
            }
            Self::OwnTheirs => {
                let bodies = dumped(peers)?;
                let mut filled = None;
                counted(&mut || own::theirs(&bodies).map(|device| filled.insert(device).peers.len()))
            }
            Self::Encode => {
                let device = device(peers);
                let mut messages = Vec::new();
                counted(&mut || {
                    messages = encode(&device)?;
                    Ok(messages.len())
                })
            }
            Self::Set => {
                let side = Side::new()?;
                let requests = side.requests(&encode(&device(peers))?)?;
                counted(&mut || side.set(&requests).map(|()| requests.len()))
            }
            Self::Call => {
                let nl = Kernel::new().connect();
                calls::ask(&nl, 100)?;
                counted(&mut || calls::ask(&nl, peers).map(|_| peers as usize))
            }
            Self::Generated => called(echo::generated, peers),
            Self::ByHand => called(echo::by_hand, peers),
            Self::JudgeFlat => judged(Judged::flat()?, peers),
            Self::JudgeNested => judged(Judged::nested()?, peers),
            Self::Dump => {
                let side = full()?;
                counted(&mut || side.dump(|_| {}))
            }
        }
    }
}

fn called(register: fn(&Kernel) -> Result<(), Failure>, times: u32) -> Result<Counts, Failure> {
    let kernel = Kernel::new();
    register(&kernel)?;
    let nl = kernel.connect();
    echo::call(&nl, 100)?;
    counted(&mut || echo::call(&nl, times).map(|()| times as usize))
}

fn judged(judged: Judged, times: u32) -> Result<Counts, Failure> {
    counted(&mut || judged.judge(times))
}

fn counted(work: &mut dyn FnMut() -> Result<usize, Failure>) -> Result<Counts, Failure> {
    let heap = Heap::count();
    let messages = measured(work);
    let (allocations, peak) = heap.end();
    Ok(Counts { allocations, peak, messages: messages? })
}

/// Callgrind counts what is done in here: it knows this function by its name.
#[inline(never)]
pub(crate) fn measured(work: &mut dyn FnMut() -> Result<usize, Failure>) -> Result<usize, Failure> {
    std::hint::black_box(work())
}
