//! Our kernel side with the families that the Linux underneath has, under the same ids, judged as it judges them.

use netloom::kernel::{Fill, Kernel, Nack, raw};
use netloom::socket::{Address, Credentials, Opt, Socket};
use netloom::wire::{Errno, OpFlags, Protocol};

use super::live::{Options, PORT};
use super::told::CTRL;
use super::world::{Family, World};
use crate::{Malformed, Release};

/// What our handlers answer: no kernel does. The request has passed all that is checked before a handler.
pub(super) const PASSED: Errno = Errno(3_999);

/// Builds it.
pub(super) fn mirror(world: &World) -> Result<Kernel, Malformed> {
    let version = Release::here().and_then(Release::version).unwrap_or_default();
    let kernel = Kernel::builder().behave_like(version).build();
    let wrong = |name: &str, nack: Nack| Malformed::new(format!("our kernel side refuses family {name}: {nack}"));
    // Ids are given out in order: what Linux has none for is held free meanwhile.
    let (mut next, mut free) = (19, Vec::new());
    for family in world.families.iter().filter(|family| family.id != CTRL) {
        while next < family.id {
            let name = format!("free{next}");
            free.push(kernel.register(raw::Family::new(name.clone())).map_err(|nack| wrong(&name, nack))?);
            next += 1;
        }
        let registered = kernel.register(of(family)).map_err(|nack| wrong(&family.name, nack))?;
        if registered.id != family.id {
            let Family { name, id, .. } = family;
            return Err(Malformed::new(format!("our kernel side gives {name} the id {}, not {id}", registered.id)));
        }
        next = next.max(family.id + 1);
    }
    for registered in &free {
        kernel.unregister(registered).map_err(|nack| wrong("without a name", nack))?;
    }
    Ok(kernel)
}

/// A socket of it, for an administrator, or for one who may do what an administrator of a network namespace may, and not
/// more.
pub(super) fn open(kernel: &Kernel, administrator: bool) -> Result<Socket, Malformed> {
    let id = if administrator { 0 } else { 12_345 };
    let user = Credentials { process: 1, uid: id, gid: id };
    let socket = kernel.socket_as(Protocol::GENERIC, user).map_err(|nack| Malformed::new(nack.to_string()))?;
    socket.bind(Address::port(PORT))?;
    Options::FULL.apply(&socket)?;
    socket.set(Opt::ReceiveBuffer, 1 << 20)?;
    Ok(socket)
}

fn of(family: &Family) -> raw::Family {
    let made = raw::Family::new(family.name.clone())
        .version(family.version)
        .header_size(family.header)
        .max_attr(family.max_attr)
        .resv_start_op(family.resv_start)
        .parallel();
    let split = family.has_split_ops();
    family.ops.iter().fold(made, |made, op| {
        // Who is an administrator of the namespace alone may do these; ours knows administrators of everything.
        let flags = OpFlags(op.flags.0 & !OpFlags::UNS_ADMIN_PERM.0);
        let mut ours = raw::Op::new(op.cmd.into()).flags(flags);
        ours = if split { ours.split() } else { ours };
        if let Some(mode) = op.doit {
            ours = ours.doit(|_| Err(Nack::new(PASSED)));
            if let Some(policy) = mode.policy {
                ours = ours.do_strictness(mode.strictness).do_policy(policy);
            }
        }
        if let Some(mode) = op.dump {
            let dump = raw::Dump::new(|_| Err::<(), _>(Nack::new(PASSED)), |(), _, _| Ok(Fill::Done));
            ours = ours.dump(dump);
            ours = match mode.policy {
                Some(policy) => ours.dump_strictness(mode.strictness).dump_policy(policy),
                // One that accepts nothing is judged as leniently as any, if it may be.
                None if mode.tells && u16::from(op.cmd) < family.resv_start => ours.dump_strictness(mode.strictness),
                None if mode.tells => ours,
                None => ours.unjudged_dump(),
            };
        }
        made.op(ours)
    })
}
