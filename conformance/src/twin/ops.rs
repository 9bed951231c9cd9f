//! LOOM_OPS: full, small and split ops. What ran before an op is in its reply, and what runs after it sends another one.

use netloom::kernel::{Ctx, Fill, Nack, Version, raw};
use netloom::wire::{AttrPolicy, Errno, OpFlags, Policy, Strictness};

use super::{flag, reply};

/// Remote I/O error: an errno that nothing else here answers with.
const EREMOTEIO: Errno = Errno(121);

const DO_FAIL: u16 = 3;
const PRE_FAIL: u16 = 4;

const BEFORE: u16 = 1;
const AFTER: u16 = 2;
const INTERNAL: u16 = 3;

/// Whose hook it was.
const FAMILYS: u32 = 1;
const ITS_OWN: u32 = 2;

const FULL_OLD: u16 = 1;
const FULL_OLD_LIBERAL: u16 = 2;
const FULL_OLD_DUMP: u16 = 3;
const SMALL_OLD: u16 = 5;
const FULL: u16 = 10;
const FULL_DUMP: u16 = 11;
const SMALL: u16 = 20;
const SPLIT: u16 = 30;
const SPLIT_BARE: u16 = 31;
const SPLIT_DUMP: u16 = 32;
const SPLIT_REFUSING: u16 = 33;

static FAMILY_POLICY: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U32,
    AttrPolicy::NUL_STRING.max_len(8),
    AttrPolicy::FLAG,
    AttrPolicy::FLAG,
]);
static OWN: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32.range(0, 7)]);

pub(super) fn family(version: Version) -> raw::Family {
    let liberal = Strictness::LIBERAL;
    let mut family = raw::Family::new("LOOM_OPS").version(3).policy(&FAMILY_POLICY).resv_start_op(FULL).parallel();
    family = family.pre(|ctx| before(ctx, FAMILYS)).post(|ctx| after(ctx, FAMILYS));
    family = family
        .op(raw::Op::new(FULL_OLD).doit(doit).policy(&OWN))
        .op(raw::Op::new(FULL_OLD_LIBERAL).doit(doit).policy(&OWN).do_strictness(liberal))
        .op(raw::Op::new(FULL_OLD_DUMP).dump(dump()).policy(&OWN).unjudged_dump())
        .op(raw::Op::new(FULL).doit(doit).internal_flags(5))
        .op(raw::Op::new(FULL_DUMP).doit(doit).dump(dump()).policy(&OWN).flags(OpFlags::UNS_ADMIN_PERM))
        .op(raw::Op::new(SMALL_OLD).doit(doit).do_strictness(liberal))
        .op(raw::Op::new(SMALL).doit(doit).dump(dump()).internal_flags(6));
    if version.known() == Version::V6_1 {
        return family;
    }
    let split = |number| raw::Op::new(number).split();
    let hooked = split(SPLIT).pre(|ctx| before(ctx, ITS_OWN)).post(|ctx| after(ctx, ITS_OWN));
    family
        .op(hooked.doit(doit).policy(&FAMILY_POLICY).internal_flags(7))
        .op(split(SPLIT).dump(dump()).policy(&OWN).internal_flags(7))
        .op(split(SPLIT_BARE).doit(doit).policy(&OWN))
        .op(split(SPLIT_DUMP).dump(dump()).policy(&OWN))
        .op(split(SPLIT_REFUSING).doit(doit))
}

/// Only requests judged by the family's policy have room for the flags.
fn fails(ctx: &Ctx<'_>, attribute: u16) -> bool {
    matches!(ctx.op(), FULL | SMALL | SMALL_OLD | SPLIT) && flag(ctx, attribute)
}

fn before(ctx: &mut Ctx<'_>, whose: u32) -> Result<(), Nack> {
    ctx.keep((whose, ctx.internal_flags()));
    if fails(ctx, PRE_FAIL) { Err(Nack::new(Errno::EACCES)) } else { Ok(()) }
}

fn after(ctx: &mut Ctx<'_>, whose: u32) {
    // What finds no room is lost.
    let _ = reply(ctx, AFTER, whose);
}

fn doit(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    if fails(ctx, DO_FAIL) {
        return Err(Nack::new(EREMOTEIO));
    }
    let (whose, internal) = ctx.kept::<(u32, u8)>().copied().unwrap_or_default();
    let op = ctx.op();
    ctx.reply_with(op, |w| {
        w.put_attr(BEFORE, &whose.to_ne_bytes())?;
        w.put_attr(INTERNAL, &u32::from(internal).to_ne_bytes())
    })
}

fn dump() -> raw::Dump {
    raw::Dump::new(
        |_| Ok(()),
        |_, out, _| {
            out.message(|_| Ok(()))?;
            Ok(Fill::Done)
        },
    )
}
