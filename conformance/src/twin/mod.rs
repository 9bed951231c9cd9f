//! The families of `conformance/module` once more, by hand on our kernel side: what the module's C does there, these do here,
//! file by file.

mod bare;
mod candidates;
mod cast;
mod control;
mod dump;
mod first;
mod ops;
mod say;
mod turn;

use netloom::kernel::{Ctx, Kernel, Nack, Registered};
use netloom::wire::Errno;
use netloom_modules::doc_exmpl::DocExmpl;

/// The family that is there when all are.
pub const NAME: &str = "LOOM";

/// The family that is there in the first network namespace alone.
pub const FIRST: &str = "LOOM_FIRST";

/// Registers all of them; they stay as long as the kernel side, unless what this returns is unregistered.
pub fn register(kernel: &Kernel) -> Result<Vec<Registered>, Nack> {
    let mut all = vec![
        kernel.register(say::family(kernel.version()))?,
        kernel.register(ops::family(kernel.version()))?,
        kernel.register(bare::family())?,
        kernel.register(dump::family())?,
        kernel.register(cast::family())?,
    ];
    for family in turn::families() {
        all.push(kernel.register(family)?);
    }
    all.push(kernel.register(first::family())?);
    all.push(kernel.register(DocExmpl::default().family())?);
    all.push(kernel.register(control::family())?);
    Ok(all)
}

/// A number in a request, if it is there.
fn number(ctx: &Ctx<'_>, attribute: u16) -> Option<u32> {
    ctx.attrs().last(attribute)?.read::<u32>()
}

/// A number that is an index here.
fn index(ctx: &Ctx<'_>, attribute: u16) -> usize {
    number(ctx, attribute).map_or(0, |number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// Whether a flag is in a request.
fn flag(ctx: &Ctx<'_>, attribute: u16) -> bool {
    ctx.attrs().last(attribute).is_some()
}

/// What a handler of the module returns for an errno, which is a success if it is 0.
fn come(errno: u32) -> Result<(), Nack> {
    match i32::try_from(errno).unwrap_or(i32::MAX) {
        0 => Ok(()),
        errno => Err(Nack::new(Errno(errno))),
    }
}

/// A reply with one number, sent at once.
fn reply(ctx: &mut Ctx<'_>, attribute: u16, number: u32) -> Result<(), Nack> {
    let op = ctx.op();
    ctx.reply_with(op, |w| w.put_attr(attribute, &number.to_ne_bytes()))
}
