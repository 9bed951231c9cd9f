//! LOOM_FIRST: a family of the first network namespace alone.

use netloom::kernel::raw;

pub(super) fn family() -> raw::Family {
    let here = raw::Op::new(1).doit(|_| Ok(()));
    raw::Family::new(super::FIRST).first_namespace_only().group("firstborn").op(here)
}
