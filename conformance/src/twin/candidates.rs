//! Families for LOOM to register on command: some good ones, and some that cannot be.

use netloom::kernel::{Fill, Version, raw};
use netloom::wire::{OpFlags, Strictness};

/// More ops than a page can tell of.
const MANY: u16 = 250;

/// A family by its number; `None` if there is none of this number, or this kernel cannot have it.
pub(super) fn candidate(which: u32, version: Version) -> Option<raw::Family> {
    let op = raw::Op::new;
    let doing = |number| op(number).doit(|_| Ok(()));
    let dumping = |number| op(number).dump(raw::Dump::new(|_| Ok(()), |_, _, _| Ok(Fill::Done)));
    let both = |number| doing(number).dump(raw::Dump::new(|_| Ok(()), |_, _, _| Ok(Fill::Done)));
    let good = |name: &str| raw::Family::new(name).op(both(1)).op(doing(2));
    let bad = || raw::Family::new("LOOM_BAD");
    let lenient = || doing(1).do_strictness(Strictness::LIBERAL);
    Some(match which {
        0 => good("LOOM_COMES").group("comers").group("goers"),
        1 => raw::Family::new("LOOM_EMPTY"),
        2 => (1..=MANY).fold(raw::Family::new("LOOM_WIDE").parallel(), |family, number| family.op(doing(number))),
        3 => good("LOOM_SAY"),
        4 => bad().op(op(1)),
        5 => bad().op(doing(1)).op(doing(1)),
        6 => good("LOOM_BAD").op(dumping(1)),
        7 => bad().op(lenient()),
        8 => raw::Family::new("LOOM_LENIENT").resv_start_op(2).op(lenient()),
        9 => good("LOOM_BAD").group(""),
        10 => good("LOOM_BAD").group("sixteen-bytes-xx"),
        // Split ops are newer.
        _ if version.known() == Version::V6_1 => return None,
        20 => good("LOOM_BAD").op(dumping(1).split()),
        21 => bad().op(dumping(1).split()).op(doing(1).split()),
        22 => bad().op(doing(1).split()).op(dumping(1).split().flags(OpFlags::UNS_ADMIN_PERM)),
        23 => bad().op(doing(1).split().internal_flags(1)).op(dumping(1).split().internal_flags(2)),
        _ => return None,
    })
}
