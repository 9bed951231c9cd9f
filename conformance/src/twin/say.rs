//! LOOM_SAY: what an answer says besides its errno.

use netloom::kernel::{Ctx, Nack, Version, raw};
use netloom::wire::{AttrPolicy, Policy, Str};

use super::{come, number};

const TEXT: u16 = 1;
const NUMBER: u16 = 2;
const NEST: u16 = 3;
const OTHER: u16 = 2;

static INNER: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32, AttrPolicy::U32]);
static POLICY: Policy =
    Policy::new(&[AttrPolicy::REJECT, AttrPolicy::NUL_STRING, AttrPolicy::U32, AttrPolicy::nest(&INNER)]);

pub(super) fn family(version: Version) -> raw::Family {
    let mut family = raw::Family::new("LOOM_SAY").policy(&POLICY).parallel();
    family = family.op(raw::Op::new(1).doit(miss)).op(raw::Op::new(2).doit(miss_in_nest));
    // include/linux/netlink.h: NL_SET_ERR_MSG_FMT
    if version.known() > Version::V6_1 {
        family = family.op(raw::Op::new(3).doit(at_length));
    }
    family.op(raw::Op::new(4).doit(cookie)).op(raw::Op::new(5).doit(point)).op(raw::Op::new(6).doit(warn))
}

fn miss(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    number(ctx, NUMBER).map(drop).ok_or(Nack::missing(NUMBER))
}

fn miss_in_nest(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let nest = ctx.attrs().last(NEST).ok_or(Nack::missing(NEST))?;
    match (nest.nested().last(OTHER), ctx.offset_of(nest)) {
        (Some(_), _) => Ok(()),
        (None, Some(offset)) => Err(Nack::missing(OTHER).in_nest(offset)),
        (None, None) => Err(Nack::missing(OTHER)),
    }
}

fn at_length(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let text = ctx.attrs().last(TEXT).and_then(|attr| attr.read::<Str>()).ok_or(Nack::missing(TEXT))?;
    ctx.warn(format!("you said {text}"));
    come(number(ctx, NUMBER).unwrap_or(0))
}

fn cookie(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    ctx.cookie(*b"biscuits");
    come(number(ctx, NUMBER).unwrap_or(0))
}

fn point(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let text = ctx.attrs().last(TEXT).ok_or(Nack::missing(TEXT))?;
    let said = "that is not what I want to hear";
    ctx.warn(said);
    let at = ctx.offset_of(text).unwrap_or(0);
    come(number(ctx, NUMBER).unwrap_or(0)).map_err(|nack| nack.at(at).with_message(said))
}

fn warn(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    ctx.warn("this once");
    come(number(ctx, NUMBER).unwrap_or(0))
}
