//! The family whose policies are ours and in the kernel as C: nothing of it is learned.

use netloom::kernel::Version;
use netloom::wire::{OpFlags, Strictness};

use super::told::Told;
use super::world::{Family, Mode, Op};
use crate::judge::{Judge, STRICT};

/// The family as our kernel side is to have it.
pub(super) fn family(told: &Told, version: Version) -> Family {
    let ops = Judge::of(version).flat_map(|judge| {
        [(judge.op, Strictness::LIBERAL), (judge.op + STRICT, Strictness::STRICT)].map(|(cmd, strictness)| {
            let mode = Some(Mode { policy: Some(judge.policy), strictness, tells: true });
            Op { cmd, flags: OpFlags::NONE, doit: mode, dump: mode }
        })
    });
    Family {
        name: told.name.clone(),
        id: told.id,
        version: told.version,
        header: 0,
        max_attr: 0,
        resv_start: STRICT.into(),
        ops: ops.collect(),
    }
}
