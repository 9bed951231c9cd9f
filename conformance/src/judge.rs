//! Policies that show every kind and check, for Linux to judge by: `module/judge_policies.h` is made from them, and the
//! family LOOM_JUDGE has them there and, by hand, on our kernel side.

use netloom::kernel::{Fill, Nack, Version, raw};
use netloom::wire::policy::{Check, Kind};
use netloom::wire::schema::EnumInfo;
use netloom::wire::{Attr, AttrPolicy, Errno, Link, Policy, Reject, Strictness};

/// The family's name.
pub const NAME: &str = "LOOM_JUDGE";

/// Ops from this number on have their headers checked and judge strictly; the same policies are judged leniently by the
/// ops whose numbers are so much less.
pub const STRICT: u8 = 100;

/// One policy: what it is called in C, and the op that judges by it leniently.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// The number of the lenient op, for doing and dumping.
    pub op: u8,
    /// The table's name in C.
    pub name: &'static str,
    /// What is accepted.
    pub policy: &'static Policy,
    /// Whether kernels have all its kinds only since 6.7.
    pub is_recent: bool,
}

const fn judge(op: u8, name: &'static str, policy: &'static Policy) -> Judge {
    Judge { op, name, policy, is_recent: false }
}

/// All of them.
pub const JUDGES: [Judge; 8] = [
    judge(1, "judge_integers", &INTEGERS),
    judge(2, "judge_limits", &LIMITS),
    Judge { is_recent: true, ..judge(3, "judge_varying", &VARYING) },
    judge(4, "judge_bytes", &BYTES),
    judge(5, "judge_text", &TEXT),
    judge(6, "judge_marks", &MARKS),
    judge(7, "judge_nests", &NESTS),
    judge(8, "judge_later", &LATER),
];

impl Judge {
    /// Those that a kernel of this release has.
    pub fn of(version: Version) -> impl Iterator<Item = &'static Self> {
        JUDGES.iter().filter(move |judge| !judge.is_recent || version > Version::V6_1)
    }
}

/// The family: ops that judge, and do no more.
pub fn family(version: Version) -> raw::Family {
    let family = raw::Family::new(NAME).resv_start_op(STRICT.into()).parallel();
    Judge::of(version).fold(family, |family, judge| {
        [(judge.op, Strictness::LIBERAL), (judge.op + STRICT, Strictness::STRICT)].into_iter().fold(
            family,
            |family, (op, strictness)| {
                let dump = raw::Dump::new(|_| Ok(()), |(), _, _| Ok(Fill::Done));
                let op = raw::Op::new(op.into()).policy(judge.policy).doit(|_| Ok::<(), Nack>(())).dump(dump);
                family.op(op.do_strictness(strictness).dump_strictness(strictness))
            },
        )
    })
}

/// What functions do; `module/loom_judge.c` has the same in C.
fn odd(attr: Attr<'_>) -> Result<(), Reject> {
    match attr.payload() {
        [byte, ..] if byte % 2 == 1 => Ok(()),
        [2, ..] => Err(Reject::bare(Errno::EDOM)),
        _ => Err(Reject::new(Errno::EPROTO, "must be odd")),
    }
}

static GAPS: EnumInfo = EnumInfo { name: "gaps", flags: false, entries: &[(1, "one"), (5, "five"), (200, "more")] };
static MINUS: EnumInfo = EnumInfo { name: "minus", flags: false, entries: &[(u64::MAX, "minus-one"), (7, "seven")] };

/// Of each width and sign, with and without limits.
static INTEGERS: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U8,                             // 1
    AttrPolicy::U16,                            // 2
    AttrPolicy::U32,                            // 3
    AttrPolicy::U64,                            // 4
    AttrPolicy::S8,                             // 5
    AttrPolicy::S16,                            // 6
    AttrPolicy::S32,                            // 7
    AttrPolicy::S64,                            // 8
    AttrPolicy::BE16,                           // 9
    AttrPolicy::BE32,                           // 10
    AttrPolicy::MSECS,                          // 11
    AttrPolicy::U8.range(1, 9),                 // 12
    AttrPolicy::U16.range(300, 65_535),         // 13
    AttrPolicy::U32.range(0, 5),                // 14
    AttrPolicy::U64.range(2, 2),                // 15
    AttrPolicy::S8.signed_range(-1, 1),         // 16
    AttrPolicy::S16.signed_range(-300, -7),     // 17
    AttrPolicy::S32.signed_range(-5, 32_767),   // 18
    AttrPolicy::S64.signed_range(i64::MIN, -1), // 19
    AttrPolicy::U32.one_of(&GAPS),              // 20
    AttrPolicy::S16.one_of(&MINUS),             // 21
    AttrPolicy::U8.function(odd),               // 22
    AttrPolicy::S64.function(odd),              // 23
]);

/// Limits that are no s16, masks, and least lengths.
static LIMITS: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U16.range(40_000, 50_000),              // 1
    AttrPolicy::U32.range(70_000, u32::MAX as u64),     // 2
    AttrPolicy::U64.range(0, 1 << 40),                  // 3
    AttrPolicy::S32.signed_range(-70_000, 70_000),      // 4
    AttrPolicy::S64.signed_range(-(1 << 40), i64::MAX), // 5
    AttrPolicy::BE16.range(1, 9),                       // 6
    AttrPolicy::BE16.range(40_000, 50_000),             // 7
    AttrPolicy::BE32.range(256, 1 << 20),               // 8
    AttrPolicy::MSECS.range(10, 1 << 33),               // 9
    AttrPolicy::U8.mask(0x81),                          // 10
    AttrPolicy::U16.mask(0xff00),                       // 11
    AttrPolicy::U32.mask(0x8000_0001),                  // 12
    AttrPolicy::U64.mask(0xffff),                       // 13
    AttrPolicy::BE16.mask(0x0180),                      // 14
    AttrPolicy::BE32.mask(0x0001_0002),                 // 15
    AttrPolicy::U64.max_len(2),                         // 16
    AttrPolicy::U32.max_len(6),                         // 17
    AttrPolicy::U64.max_len(3).range(1, 9),             // 18
    AttrPolicy::BE32.one_of(&GAPS),                     // 19
    AttrPolicy::MSECS.function(odd),                    // 20
]);

/// Integers of 4 or 8 bytes.
static VARYING: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::UINT,                                    // 1
    AttrPolicy::SINT,                                    // 2
    AttrPolicy::UINT.range(3, 300),                      // 3
    AttrPolicy::UINT.range(1 << 33, 1 << 34),            // 4
    AttrPolicy::SINT.signed_range(-5, 5),                // 5
    AttrPolicy::SINT.signed_range(i64::MIN, -(1 << 40)), // 6
    AttrPolicy::UINT.mask(0x8000_0003),                  // 7
    AttrPolicy::UINT.one_of(&GAPS),                      // 8
    AttrPolicy::SINT.one_of(&MINUS),                     // 9
    AttrPolicy::UINT.function(odd),                      // 10
]);

const fn warned(min: u16, max: u16) -> AttrPolicy {
    AttrPolicy { check: Check::WarnTooLong { min, max }, ..AttrPolicy::BINARY }
}

/// Bytes by length.
static BYTES: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::BINARY,                          // 1
    AttrPolicy::BINARY.max_len(6),               // 2
    AttrPolicy::BINARY.exact(4),                 // 3
    AttrPolicy::BINARY.at_least(5),              // 4
    AttrPolicy::BINARY.at_most(7),               // 5
    AttrPolicy::BINARY.length(2, 9),             // 6
    AttrPolicy::BINARY.length(3, 40_000),        // 7
    warned(4, 4),                                // 8
    warned(3, 8),                                // 9
    AttrPolicy::BINARY.max_len(6).at_least(2),   // 10
    AttrPolicy::BINARY.max_len(6).function(odd), // 11
    AttrPolicy::BINARY.function(odd),            // 12
    AttrPolicy::BINARY.length(0, 0),             // 13
]);

/// Text with a NUL and without.
static TEXT: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::STRING,                              // 1
    AttrPolicy::STRING.max_len(5),                   // 2
    AttrPolicy::NUL_STRING,                          // 3
    AttrPolicy::NUL_STRING.max_len(5),               // 4
    AttrPolicy::STRING.function(odd),                // 5
    AttrPolicy::NUL_STRING.max_len(9).function(odd), // 6
]);

/// What is neither number nor text.
static MARKS: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::FLAG,                    // 1
    AttrPolicy::REJECT,                  // 2
    AttrPolicy::REJECT.max_len(3),       // 3
    AttrPolicy::reject("not any more"),  // 4
    AttrPolicy::of(Kind::Reject(None)),  // 5
    AttrPolicy::bitfield32(0x8000_000f), // 6
    AttrPolicy::bitfield32(0),           // 7
    AttrPolicy::bitfield32(u32::MAX),    // 8
    AttrPolicy::FLAG.function(odd),      // 9
]);

/// Nests in nests, without end.
static NESTS: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U8.range(1, 9),                                      // 1
    AttrPolicy::NEST,                                                // 2
    AttrPolicy::of(Kind::NestArray(None)),                           // 3
    AttrPolicy::of(Kind::Nest(Some(Link::through(|| &NESTS)))),      // 4
    AttrPolicy::of(Kind::NestArray(Some(Link::through(|| &NESTS)))), // 5
    AttrPolicy::nest(&LEAF),                                         // 6
    AttrPolicy::nest_array(&LEAF),                                   // 7
    AttrPolicy::nest(&OTHER),                                        // 8
    AttrPolicy::nest(&NOTHING),                                      // 9
]);
/// Leads back.
static OTHER: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::of(Kind::NestArray(Some(Link::through(|| &NESTS)))), // 1
    AttrPolicy::BE16.range(1, 9),                                    // 2
]);
static LEAF: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U32.mask(0x3),         // 1
    AttrPolicy::NUL_STRING.max_len(3), // 2
    AttrPolicy::bitfield32(0x5),       // 3
]);
/// Knows no attribute.
static NOTHING: Policy = Policy::new(&[AttrPolicy::REJECT]);

/// Strict from an id on, and inside of what is.
static LATER: Policy = Policy {
    attrs: &[
        AttrPolicy::REJECT,
        AttrPolicy::U16,           // 1
        AttrPolicy::nest(&LEAF),   // 2
        AttrPolicy::REJECT,        // 3
        AttrPolicy::U16,           // 4
        AttrPolicy::nest(&LEAF),   // 5
        AttrPolicy::REJECT,        // 6
        warned(2, 4),              // 7
        AttrPolicy::nest(&LATEST), // 8
    ],
    strict_start: 4,
};
static LATEST: Policy = Policy { attrs: &[AttrPolicy::REJECT, AttrPolicy::U8, AttrPolicy::U8], strict_start: 2 };

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use netloom::kernel::Kernel;
    use netloom_codegen::{KernelTableError, KernelTables};

    fn tables() -> Result<String, KernelTableError> {
        let tables = JUDGES.iter().fold(KernelTables::new(), |tables, judge| tables.table(judge.name, judge.policy));
        let text = tables.emit()?;
        Ok(format!(
            "/* SPDX-License-Identifier: MIT OR GPL-2.0 */\n\
             /* Generated from conformance/src/judge.rs: a test rewrites it; change that file, not this one. */\n{text}"
        ))
    }

    #[test]
    fn the_tables_in_c_are_those_here() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("module/judge_policies.h");
        let made = tables().unwrap();
        if std::fs::read_to_string(&file).unwrap_or_default() != made {
            std::fs::write(&file, made).unwrap();
            panic!("{} was not made from these tables and has been rewritten; look at the difference", file.display());
        }
    }

    #[test]
    fn every_kind_and_check_is_judged() {
        let (mut kinds, mut checks) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        let first = |text: String| text.split(['(', ' ']).next().unwrap_or_default().to_string();
        for entry in JUDGES.iter().flat_map(|judge| judge.policy.attrs) {
            kinds.insert(first(format!("{:?}", entry.kind)));
            checks.insert(first(format!("{:?}", entry.check)));
        }
        assert_eq!(kinds.len(), 22, "{kinds:?}");
        assert_eq!(checks.len(), 8, "{checks:?}");
    }

    #[test]
    fn our_kernel_side_has_the_family() {
        for version in [Version::V6_1, Version::NEWEST] {
            let kernel = Kernel::builder().behave_like(version).build();
            kernel.register(family(version)).unwrap();
        }
    }
}
