//! Neighbours, and the forwarding tables of bridges and tunnels.

use std::net::IpAddr;

use netloom_families::rt_neigh::{Delneigh, Getneigh, Ndmsg, Neighbour, NeighbourFlags, NeighbourState, Newneigh};
use netloom_wire::{Errno, Flags, IntoValue};

use super::{ADD, APPEND, AddressFamily, Interface, MacAddr, REPLACE, list, was_there};
use crate::Error;
use crate::client::Caller;

/// A neighbour of this address and hardware address that stays until it is removed, for [`add`] and [`replace`].
pub fn new(address: impl Into<IpAddr>, hardware: impl IntoValue<Vec<u8>>) -> Neighbour {
    named(address.into(), NeighbourState::PERMANENT, NeighbourFlags::default()).lladdr(hardware)
}

/// An address that we answer for, for [`add`] and [`replace`].
#[doc(alias = "NTF_PROXY")]
pub fn proxy(address: impl Into<IpAddr>) -> Neighbour {
    named(address.into(), NeighbourState::PERMANENT, NeighbourFlags::PROXY)
}

/// An entry of the forwarding table of a port's bridge that does not age, for [`add`] and [`replace`]; the setters say
/// its VLAN. With the flag `SELF` in the header's place of `MASTER` it is one of the interface's own table, as VXLAN's.
#[doc(alias = "bridge fdb add")]
pub fn entry(hardware: impl IntoValue<Vec<u8>>) -> Neighbour {
    let header = Ndmsg {
        ndm_family: AddressFamily::BRIDGE.0,
        ndm_state: NeighbourState::NOARP,
        ndm_flags: NeighbourFlags::MASTER,
        ..Ndmsg::default()
    };
    Neighbour::new().header(header).lladdr(hardware)
}

/// A neighbour on the interface of this index: for requests of one's own, and batches. (The attribute `ifindex` is
/// another thing: where a tunnel's forwarding entry leads to.)
pub fn on(interface: u32, neighbour: Neighbour) -> Neighbour {
    let header = Ndmsg { ndm_ifindex: i32::try_from(interface).unwrap_or(i32::MAX), ..neighbour.header };
    neighbour.header(header)
}

/// The neighbours on one interface; the kernel leaves the others out.
///
/// # Errors
///
/// ENODEV if there is no interface of this name; [`is_interrupted`](crate::Error::is_interrupted) if its neighbours keep
/// changing.
pub fn of<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, Vec<Neighbour>> {
    let interface = interface.into();
    C::answer(async move { list(nl, Getneigh, &Neighbour::new().ifindex(interface.resolve(nl).await?)).await })
}

/// All neighbours of this family; [`AddressFamily::UNSPEC`] for IPv4 and IPv6. Those that we answer for are not among
/// them.
///
/// # Errors
///
/// What the kernel refuses; [`is_interrupted`](crate::Error::is_interrupted) if the neighbours keep changing.
pub fn all<C: Caller>(nl: &C, family: AddressFamily) -> C::Answer<'_, Vec<Neighbour>> {
    those(nl, Ndmsg { ndm_family: family.0, ..Ndmsg::default() })
}

/// The addresses that we answer for.
///
/// # Errors
///
/// As of [`all`].
pub fn proxies<C: Caller>(nl: &C) -> C::Answer<'_, Vec<Neighbour>> {
    those(nl, Ndmsg { ndm_flags: NeighbourFlags::PROXY, ..Ndmsg::default() })
}

/// The forwarding table of a bridge: the entries of all its ports.
///
/// # Errors
///
/// As of [`of`].
#[doc(alias = "bridge fdb show")]
pub fn forwarding<'a, C: Caller>(nl: &'a C, bridge: impl Into<Interface<'a>>) -> C::Answer<'a, Vec<Neighbour>> {
    let bridge = bridge.into();
    let header = Ndmsg { ndm_family: AddressFamily::BRIDGE.0, ..Ndmsg::default() };
    C::answer(
        async move { list(nl, Getneigh, &Neighbour::new().header(header).master(bridge.resolve(nl).await?)).await },
    )
}

/// The neighbour of this address on an interface; `None` if it is not known.
///
/// # Errors
///
/// ENODEV if there is no such interface.
#[doc(alias = "rtnl_neigh_get")]
pub fn find<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    address: impl Into<IpAddr>,
) -> C::Answer<'a, Option<Neighbour>> {
    let interface = interface.into();
    let asked = named(address.into(), NeighbourState::default(), NeighbourFlags::default());
    C::answer(async move {
        let asked = on(interface.resolve(nl).await?, asked);
        match nl.call(Getneigh, &asked).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_refused() && error.errno() == Some(Errno::ENOENT) => Ok(None),
            Err(error) => Err(about(error, interface, &asked)),
        }
    })
}

/// Adds a neighbour.
///
/// ```no_run
/// use netloom::rtnetlink::{MacAddr, neigh};
/// use std::net::Ipv4Addr;
/// let nl = netloom::Connection::open()?;
/// let mac: MacAddr = "02:00:00:00:00:09".parse()?;
/// neigh::add(&nl, "eth0", neigh::new(Ipv4Addr::new(192, 0, 2, 9), mac))?;
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// EEXIST if it is there; ENODEV if there is no such interface; EPERM without CAP_NET_ADMIN.
#[doc(alias = "rtnl_neigh_add")]
pub fn add<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>, neighbour: Neighbour) -> C::Answer<'a, ()> {
    put(nl, interface, neighbour, ADD)
}

/// Adds a neighbour or replaces the one of its address.
///
/// # Errors
///
/// As of [`add`].
pub fn replace<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    neighbour: Neighbour,
) -> C::Answer<'a, ()> {
    put(nl, interface, neighbour, REPLACE)
}

/// Adds one more destination to an entry of a tunnel's forwarding table.
///
/// # Errors
///
/// As of [`add`].
pub fn append<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    neighbour: Neighbour,
) -> C::Answer<'a, ()> {
    put(nl, interface, neighbour, APPEND)
}

/// Removes a neighbour: its address, or of a forwarding entry its hardware address, says which. False if it was not
/// there.
///
/// # Errors
///
/// ENODEV if there is no such interface; EPERM without CAP_NET_ADMIN.
#[doc(alias = "rtnl_neigh_delete")]
pub fn delete<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    neighbour: Neighbour,
) -> C::Answer<'a, bool> {
    let interface = interface.into();
    C::answer(async move {
        let neighbour = on(interface.resolve(nl).await?, neighbour);
        let done = was_there(nl.call(Delneigh, &neighbour).await, &[Errno::ENOENT]);
        done.map_err(|error| about(error, interface, &neighbour))
    })
}

/// Removes the neighbours of an interface that it has learned, and returns how many: those that are permanent or need no
/// asking stay.
///
/// # Errors
///
/// As of [`delete`].
#[doc(alias = "ip neigh flush")]
pub fn flush<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, usize> {
    let interface = interface.into();
    C::answer(async move {
        let index = interface.resolve(nl).await?;
        let stays = NeighbourState::PERMANENT | NeighbourState::NOARP;
        let mut removed: usize = 0;
        for neighbour in C::wait(of(nl, index)).await? {
            if neighbour.header.ndm_state.0 & stays.0 != 0 {
                continue;
            }
            // What the kernel tells besides is none of a removal's business.
            let mut asked = Neighbour::new().header(neighbour.header);
            asked.dst = neighbour.dst;
            if C::wait(delete(nl, index, asked)).await? {
                removed = removed.saturating_add(1);
            }
        }
        Ok(removed)
    })
}

/// Those that the kernel finds by this header.
fn those<C: Caller>(nl: &C, header: Ndmsg) -> C::Answer<'_, Vec<Neighbour>> {
    C::answer(async move { list(nl, Getneigh, &Neighbour::new().header(header)).await })
}

fn put<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    neighbour: Neighbour,
    flags: Flags,
) -> C::Answer<'a, ()> {
    let interface = interface.into();
    C::answer(async move {
        let neighbour = on(interface.resolve(nl).await?, neighbour);
        nl.send(Newneigh, &neighbour, flags).await.map_err(|error| about(error, interface, &neighbour))
    })
}

fn named(address: IpAddr, ndm_state: NeighbourState, ndm_flags: NeighbourFlags) -> Neighbour {
    let header = Ndmsg { ndm_family: AddressFamily::of(address).0, ndm_state, ndm_flags, ..Ndmsg::default() };
    Neighbour::new().header(header).dst(address)
}

/// An error that says which neighbour on which interface was meant.
fn about(error: Error, interface: Interface<'_>, neighbour: &Neighbour) -> Error {
    match (neighbour.dst, neighbour.lladdr.as_deref().and_then(MacAddr::read)) {
        (Some(address), _) => error.regarding(format_args!("{address} on {interface}")),
        (None, Some(hardware)) => error.regarding(format_args!("{hardware} on {interface}")),
        (None, None) => error.regarding(format_args!("on {interface}")),
    }
}
