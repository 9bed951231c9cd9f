//! Addresses of interfaces.

use netloom_families::rt_addr::{Address, Deladdr, Getaddr, Ifaddrmsg, Newaddr};
use netloom_wire::Errno;

use super::{AddressFamily, Interface, Prefix, list, was_there};
use crate::{Connection, Result};

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
pub fn of<'a>(nl: &Connection, interface: impl Into<Interface<'a>>) -> Result<Vec<Address>> {
    let ifa_index = interface.into().index(nl)?;
    let mut all = list(nl, Getaddr, &Address::new().header(Ifaddrmsg { ifa_index, ..Ifaddrmsg::default() }))?;
    // Kernels before 4.20 filter nothing.
    all.retain(|address| address.header.ifa_index == ifa_index);
    Ok(all)
}

/// All addresses of this family; [`AddressFamily::UNSPEC`] for both.
///
/// # Errors
///
/// What the kernel refuses; [`is_interrupted`](crate::Error::is_interrupted) if the addresses keep changing.
pub fn all(nl: &Connection, family: AddressFamily) -> Result<Vec<Address>> {
    list(nl, Getaddr, &Address::new().header(Ifaddrmsg { ifa_family: family.0, ..Ifaddrmsg::default() }))
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
pub fn add<'a>(nl: &Connection, interface: impl Into<Interface<'a>>, address: impl Into<Address>) -> Result<()> {
    let address = on(nl, interface, address)?;
    nl.request(Newaddr, &address).create().excl().send().map(drop)
}

/// Adds an address or changes what is there: its lifetimes, flags and metric.
///
/// # Errors
///
/// As of [`add`].
pub fn replace<'a>(nl: &Connection, interface: impl Into<Interface<'a>>, address: impl Into<Address>) -> Result<()> {
    let address = on(nl, interface, address)?;
    nl.request(Newaddr, &address).create().replace().send().map(drop)
}

/// Removes an address from an interface; false if it was not there.
///
/// Removing an IPv4 address removes the secondary ones of its prefix too, unless `promote_secondaries` is set.
///
/// # Errors
///
/// ENODEV if there is no such interface; EPERM without CAP_NET_ADMIN.
#[doc(alias = "rtnl_addr_delete")]
pub fn delete<'a>(nl: &Connection, interface: impl Into<Interface<'a>>, address: impl Into<Address>) -> Result<bool> {
    let address = on(nl, interface, address)?;
    was_there(nl.call(Deladdr, &address), &[Errno::EADDRNOTAVAIL])
}

/// Removes all addresses of an interface, and returns how many. Those that went with others are not counted.
///
/// # Errors
///
/// As of [`delete`].
#[doc(alias = "ip addr flush")]
pub fn flush<'a>(nl: &Connection, interface: impl Into<Interface<'a>>) -> Result<usize> {
    let index = interface.into().index(nl)?;
    let mut removed: usize = 0;
    for address in of(nl, index)? {
        if delete(nl, index, address)? {
            removed = removed.saturating_add(1);
        }
    }
    Ok(removed)
}

fn on<'a>(nl: &Connection, interface: impl Into<Interface<'a>>, address: impl Into<Address>) -> Result<Address> {
    let address = address.into();
    let header = Ifaddrmsg { ifa_index: interface.into().index(nl)?, ..address.header };
    Ok(address.header(header))
}
