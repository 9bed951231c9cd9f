//! Family wireguard, registered.

use std::sync::Arc;

use netloom::Errno;
use netloom::families::wireguard::{Device as Attrs, GetDevice, SetDevice};
use netloom::kernel::{Ctx, Family, Kernel, Link, Nack, Registered};
use netloom::wire::{RawAttrs, Str};

use super::interface::{Interface, KIND, Kind};
use super::{get_device, set_device};

pub(crate) fn register(kernel: &Kernel) -> Result<Registered, Nack> {
    kernel.add_link_kind(KIND, Arc::new(Kind::default()))?;
    let family = Family::new(())
        .on_dump_with(GetDevice, |(), _, ctx| get_device::start(ctx), |(), cursor, out, ctx| cursor.fill(out, ctx))
        .on_do_with(SetDevice, |(), ctx| set_device::set(ctx));
    kernel.register(family).inspect_err(|_| {
        // It was added above, and has no links yet.
        let _ = kernel.remove_link_kind(KIND);
    })
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
