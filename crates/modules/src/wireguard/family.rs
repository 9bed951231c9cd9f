//! Family wireguard, registered.

use std::sync::Arc;

use netloom::Errno;
use netloom::families::wireguard::{Device as Attrs, GetDevice, INFO, SetDevice};
use netloom::kernel::{Ctx, Family, Kernel, Link, Nack, Registered, raw};
use netloom::wire::{Do, Dump, OpFlags, RawAttrs, Str};

use super::earlier::Earlier;
use super::get_device::{self, Cursor};
use super::interface::{Interface, KIND, Kind};
use super::set_device;

pub(crate) fn register(kernel: &Kernel) -> Result<Registered, Nack> {
    kernel.add_link_kind(KIND, Arc::new(Kind::default()))?;
    let registered = match Earlier::of(kernel.version()) {
        None => kernel.register(family()),
        Some(earlier) => kernel.register(earlier_family(earlier)),
    };
    registered.inspect_err(|_| {
        // It was added above, and has no links yet.
        let _ = kernel.remove_link_kind(KIND);
    })
}

fn family() -> Family<()> {
    Family::new(())
        .on_dump_with(GetDevice, |(), _, ctx| get_device::start(ctx), |(), cursor, out, ctx| cursor.fill(out, ctx))
        .on_do_with(SetDevice, |(), ctx| set_device::set(ctx))
}

/// The family as it was before it had a spec: one policy for both ops, and headers that nobody checks.
// drivers/net/wireguard/netlink.c: genl_ops, genl_family
fn earlier_family(earlier: &Earlier) -> raw::Family {
    let op = |number| raw::Op::new(number).flags(OpFlags::UNS_ADMIN_PERM);
    let dump = raw::Dump::new(get_device::start, |cursor: &mut Cursor, out, ctx| cursor.fill(out, ctx));
    raw::Family::new(INFO.name)
        .version(INFO.version)
        .policy(earlier.device)
        .resv_start_op(<SetDevice as Do>::REQUEST.saturating_add(1))
        .op(op(<GetDevice as Dump>::REQUEST).dump(dump))
        .op(op(<SetDevice as Do>::REQUEST).doit(set_device::set))
}

/// The interface that a request names, by index or by name and not by both.
// drivers/net/wireguard/netlink.c: lookup_interface
pub(super) fn lookup(ctx: &Ctx<'_>) -> Result<(Link, Arc<Interface>), Nack> {
    let attrs: RawAttrs<'_> = ctx.attrs();
    let links = ctx.kernel().links(ctx.namespace());
    let link = match (attrs.last(Attrs::IFINDEX.id()), attrs.last(Attrs::IFNAME.id())) {
        (Some(index), None) => index.read::<u32>().and_then(|index| links.by_index(index)),
        (None, Some(name)) => name.read::<Str>().and_then(|name| links.by_name(name)),
        _ => return Err(Nack::new(Errno::EBADR)),
    };
    let link = link.ok_or(Nack::new(Errno::ENODEV))?;
    let interface = link.device().ok_or(Nack::new(Errno::EOPNOTSUPP))?;
    Ok((link, interface))
}
