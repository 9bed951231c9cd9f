//! LOOM_BARE: ops without a policy, older and newer than the rule that those take no attributes; and a header of its own.

use netloom::kernel::{Ctx, Fill, Nack, raw};

const OLD: u16 = 1;
const NEW: u16 = 5;

pub(super) fn family() -> raw::Family {
    let op = |number| raw::Op::new(number).doit(doit).dump(raw::Dump::new(|_| Ok(()), |_, _, _| Ok(Fill::Done)));
    raw::Family::new("LOOM_BARE").version(2).header_size(8).resv_start_op(NEW).op(op(OLD)).op(op(NEW))
}

/// Sends the header back.
fn doit(ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let (op, header) = (ctx.op(), ctx.user_header_bytes());
    ctx.reply_with(op, |w| w.put_bytes(header))
}
