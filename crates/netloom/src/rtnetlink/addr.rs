//! Addresses of interfaces.

use netloom_families::rt_addr::{Address, Deladdr, Getaddr, Ifaddrmsg, Newaddr};
use netloom_wire::{Errno, Flags};

use super::{ADD, AddressFamily, Interface, Prefix, REPLACE, list, was_there};
use crate::Error;
use crate::client::Caller;

impl From<Prefix> for Address {
    /// An address of our own with its prefix, for [`add`] and the like.
    fn from(prefix: Prefix) -> Self {
        let header = Ifaddrmsg { ifa_family: prefix.family().0, ifa_prefixlen: prefix.len, ..Ifaddrmsg::default() };
        Self::new().header(header).local(prefix.address).address(prefix.address)
    }
}

/// Our own address with its prefix; `None` for what has neither `local` nor `address`.
pub fn prefix(address: &Address) -> Option<Prefix> {
    let own = address.local.or(address.address)?;
    Some(Prefix { address: own, len: address.header.ifa_prefixlen })
}

/// An address on the interface of this index: for requests of one's own, and batches.
///
/// ```no_run
/// use netloom::families::rt_addr::Newaddr;
/// use netloom::rtnetlink::{Prefix, addr, link};
/// let nl = netloom::Connection::open()?;
/// let eth0 = link::index(&nl, "eth0")?;
/// let mut batch = nl.batch();
/// for last in 1..=254 {
///     let prefix = Prefix::new(std::net::Ipv4Addr::new(192, 0, 2, last), 24);
///     batch.push(nl.request(Newaddr, &addr::on(eth0, prefix)).create().excl())?;
/// }
/// batch.send()?.all()?;
/// # Ok::<(), netloom::Error>(())
/// ```
pub fn on(interface: u32, address: impl Into<Address>) -> Address {
    let address = address.into();
    let header = Ifaddrmsg { ifa_index: interface, ..address.header };
    address.header(header)
}

/// The addresses of one interface; the kernel leaves the others out.
///
/// ```
/// use netloom::{Connection, rtnetlink::addr};
/// for address in addr::of(&Connection::open()?, "lo")? {
///     assert!(addr::prefix(&address).unwrap().address.is_loopback());
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// ENODEV if there is no such interface; [`is_interrupted`](crate::Error::is_interrupted) if its addresses keep changing.
pub fn of<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, Vec<Address>> {
    let interface = interface.into();
    C::answer(async move {
        let ifa_index = interface.resolve(nl).await?;
        let request = Address::new().header(Ifaddrmsg { ifa_index, ..Ifaddrmsg::default() });
        let mut all = list(nl, Getaddr, &request).await?;
        // Kernels before 4.20 filter nothing.
        all.retain(|address| address.header.ifa_index == ifa_index);
        Ok(all)
    })
}

/// All addresses of this family; [`AddressFamily::UNSPEC`] for both.
///
/// # Errors
///
/// What the kernel refuses; [`is_interrupted`](crate::Error::is_interrupted) if the addresses keep changing.
pub fn all<C: Caller>(nl: &C, family: AddressFamily) -> C::Answer<'_, Vec<Address>> {
    let request = Address::new().header(Ifaddrmsg { ifa_family: family.0, ..Ifaddrmsg::default() });
    C::answer(async move {
        let mut all = list(nl, Getaddr, &request).await?;
        // net/core/rtnetlink.c: rtnetlink_rcv_msg answers for a family that it does not have with all others
        all.retain(|address| family == AddressFamily::UNSPEC || address.header.ifa_family == family.0);
        Ok(all)
    })
}

/// Adds an address to an interface: a [`Prefix`], or an [`Address`] made of one with what else there is to say.
///
/// ```no_run
/// use netloom::families::rt_addr::{Address, AddressFlags};
/// use netloom::{Connection, rtnetlink::{Prefix, addr}};
/// let nl = Connection::open()?;
/// let prefix: Prefix = "2001:db8::1/64".parse()?;
/// addr::add(&nl, "eth0", Address::from(prefix).flags(AddressFlags::NODAD))?;
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// EEXIST if it is there; ENODEV if there is no such interface; EPERM without CAP_NET_ADMIN.
#[doc(alias = "rtnl_addr_add")]
pub fn add<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    address: impl Into<Address>,
) -> C::Answer<'a, ()> {
    put(nl, interface, address, ADD)
}

/// Adds an address or changes what is there: its lifetimes, flags and metric.
///
/// # Errors
///
/// As of [`add`].
pub fn replace<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    address: impl Into<Address>,
) -> C::Answer<'a, ()> {
    put(nl, interface, address, REPLACE)
}

/// Removes an address from an interface; false if it was not there. It is told by its prefix, too, and that of a
/// point-to-point link by its peer (`address`): one that was listed has both.
///
/// Removing an IPv4 address removes the secondary ones of its prefix too, unless `promote_secondaries` is set.
///
/// # Errors
///
/// ENODEV if there is no such interface; EPERM without CAP_NET_ADMIN.
#[doc(alias = "rtnl_addr_delete")]
pub fn delete<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    address: impl Into<Address>,
) -> C::Answer<'a, bool> {
    let (interface, address) = (interface.into(), address.into());
    C::answer(async move {
        let address = on(interface.resolve(nl).await?, address);
        let done = was_there(nl.call(Deladdr, &address).await, &[Errno::EADDRNOTAVAIL]);
        done.map_err(|error| about(error, interface, &address))
    })
}

/// Removes all addresses of an interface, and returns how many. Those that went with others are not counted.
///
/// # Errors
///
/// As of [`delete`].
#[doc(alias = "ip addr flush")]
pub fn flush<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, usize> {
    let interface = interface.into();
    C::answer(async move {
        let index = interface.resolve(nl).await?;
        let mut removed: usize = 0;
        for address in C::wait(of(nl, index)).await? {
            if C::wait(delete(nl, index, address)).await? {
                removed = removed.saturating_add(1);
            }
        }
        Ok(removed)
    })
}

fn put<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    address: impl Into<Address>,
    flags: Flags,
) -> C::Answer<'a, ()> {
    let (interface, address) = (interface.into(), address.into());
    C::answer(async move {
        let address = on(interface.resolve(nl).await?, address);
        nl.send(Newaddr, &address, flags).await.map_err(|error| about(error, interface, &address))
    })
}

/// An error that says which address of which interface was meant.
fn about(error: Error, interface: Interface<'_>, address: &Address) -> Error {
    match prefix(address) {
        Some(prefix) => error.regarding(format_args!("{prefix} on {interface}")),
        None => error.regarding(format_args!("on {interface}")),
    }
}
