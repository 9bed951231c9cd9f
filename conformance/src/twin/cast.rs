//! LOOM_CAST: groups, what is sent to them, and what that comes to.

use netloom::kernel::{Ctx, Hears, Nack, NetNs, raw};
use netloom::wire::{AttrPolicy, Errno, Policy};

use super::{index, number, reply};

const SCOPE: u16 = 1;
const GROUP: u16 = 2;
const SIZE: u16 = 3;
const CODE: u16 = 4;

const RESULT: u16 = 1;
const BYTES: u16 = 2;

const TOLD: u16 = 4;

static POLICY: Policy = Policy::new(&[
    AttrPolicy::REJECT,
    AttrPolicy::U32.range(0, 2),
    AttrPolicy::U32,
    AttrPolicy::U32.range(0, 60_000),
    AttrPolicy::U32.range(1, 133),
]);

pub(super) fn family() -> raw::Family {
    raw::Family::new("LOOM_CAST")
        .policy(&POLICY)
        .parallel()
        .group("near")
        .group("far")
        .op(raw::Op::new(1).doit(cast))
        .op(raw::Op::new(2).doit(notify))
        .op(raw::Op::new(3).doit(fail))
}

fn bytes(ctx: &Ctx<'_>) -> Vec<u8> {
    vec![0xcd; index(ctx, SIZE)]
}

fn cast(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let hears = match number(ctx, SCOPE) {
        None | Some(0) => Hears::One(NetNs::default()),
        Some(1) => Hears::One(ctx.namespace()),
        Some(_) => Hears::All,
    };
    let bytes = bytes(ctx);
    let came = ctx.multicast_with(hears, index(ctx, GROUP), TOLD, |w| w.put_attr(BYTES, &bytes));
    let errno = came.err().map_or(0, |nack| nack.errno().to_wire());
    reply(ctx, RESULT, errno.cast_unsigned())
}

fn notify(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let bytes = bytes(ctx);
    ctx.notify_with(index(ctx, GROUP), TOLD, |w| w.put_attr(BYTES, &bytes))
}

fn fail(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let code = number(ctx, CODE).and_then(|code| i32::try_from(code).ok()).map_or(Errno::EIO, Errno);
    let spared = ctx.fail_group(index(ctx, GROUP), code)?;
    reply(ctx, RESULT, u32::try_from(spared).unwrap_or(u32::MAX))
}
