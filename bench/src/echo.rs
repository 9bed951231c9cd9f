//! One family made twice, generated and by hand, and calls to it.

use netloom::Connection;
use netloom::families::doc_exmpl::{Echo, Msg};
use netloom::kernel::{Family, Kernel, Nack, raw};
use netloom::wire::{AttrPolicy, Policy, Str};

use crate::Failure;

/// ECHO of DOC_EXMPL, so often.
pub(crate) fn call(nl: &Connection, times: u32) -> Result<(), Failure> {
    let request = Msg::new().msg("hello from user space!");
    for _ in 0..times {
        let reply = nl.call(Echo, &request)?;
        if reply.msg.as_deref() != Some(GREETING) {
            return Err("another greeting".into());
        }
    }
    Ok(())
}

const GREETING: &str = "Hello from kernel space!!!";

/// The family as generated from its spec.
pub(crate) fn generated(kernel: &Kernel) -> Result<(), Failure> {
    let family = Family::new(()).on_do(Echo, |(), request, _| match request.msg {
        Some(_) => Ok(Msg::new().msg(GREETING)),
        None => Err(Nack::missing(Msg::MSG)),
    });
    kernel.register(family)?;
    Ok(())
}

/// The same by hand.
pub(crate) fn by_hand(kernel: &Kernel) -> Result<(), Failure> {
    static POLICY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::NUL_STRING]);
    let echo = raw::Op::new(1).policy(&POLICY).doit(|ctx| {
        ctx.attrs().last(1).and_then(|attr| attr.read::<Str>()).ok_or(Nack::missing(1_u16))?;
        ctx.reply_with(1, |w| w.put(Msg::MSG, GREETING))
    });
    kernel.register(raw::Family::new("DOC_EXMPL").op(echo))?;
    Ok(())
}
