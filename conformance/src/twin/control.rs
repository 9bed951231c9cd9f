//! LOOM: registers and removes families on command. The module does so behind the back of its handler, and the requester hears
//! of the result when it is there; so does this.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use netloom::kernel::{Ctx, Kernel, Nack, Registered, raw};
use netloom::wire::{AttrPolicy, Errno, Flags, GenlHeader, Header, MessageType, Policy, Protocol, Writer};

use super::candidates::candidate;
use super::{NAME, number};

const WHICH: u16 = 1;
const RESULT: u16 = 1;

const ADD: u16 = 1;
const REMOVE: u16 = 2;

static POLICY: Policy = Policy::new(&[AttrPolicy::REJECT, AttrPolicy::U32]);

/// Those that are registered now, by their numbers.
type Added = Arc<Mutex<BTreeMap<u32, Registered>>>;

pub(super) fn family() -> raw::Family {
    let added = Added::default();
    let op = |number, added: Added| raw::Op::new(number).doit(move |ctx| command(&added, ctx));
    raw::Family::new(NAME).policy(&POLICY).parallel().op(op(ADD, added.clone())).op(op(REMOVE, added))
}

fn command(added: &Added, ctx: &mut Ctx<'_>) -> Result<(), Nack> {
    let which = number(ctx, WHICH).ok_or(Nack::missing(WHICH))?;
    let family = candidate(which, ctx.version()).ok_or(Nack::new(Errno::ENODEV))?;
    let header = Header { seq: ctx.seq(), port: ctx.port(), ..Header::new(MessageType(ctx.family_id()), Flags::NONE) };
    let (kernel, added, op, port) = (ctx.kernel().clone(), added.clone(), ctx.op(), ctx.port());
    thread::spawn(move || {
        let came = run(&kernel, &added, op, which, family);
        let errno = came.err().map_or(0, |nack| nack.errno().to_wire());
        let cmd = u8::try_from(op).unwrap_or(u8::MAX);
        let mut buf = [0; 64];
        let mut w = Writer::new(&mut buf);
        let written = w.message(header, |w| {
            w.genl(GenlHeader { cmd, version: 1, reserved: 0 })?;
            w.put_attr(RESULT, &errno.to_ne_bytes())
        });
        if written.is_ok() {
            // Who asked may be gone.
            let _ = kernel.unicast_raw(Protocol::GENERIC, port, w.written().to_vec());
        }
    });
    Ok(())
}

fn run(kernel: &Kernel, added: &Added, op: u16, which: u32, family: raw::Family) -> Result<(), Nack> {
    let mut added = added.lock().unwrap_or_else(PoisonError::into_inner);
    if op == ADD {
        if added.contains_key(&which) {
            return Err(Nack::new(Errno::EALREADY));
        }
        added.insert(which, kernel.register(family)?);
        return Ok(());
    }
    let registered = added.remove(&which).ok_or(Nack::new(Errno::ENOENT))?;
    kernel.unregister(&registered)
}
