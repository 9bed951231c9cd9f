//! Addresses.

use std::net::IpAddr;

use netloom_families::rt_addr::{
    Address, AddressFlags, DeladdrNtf, Getaddr, Ifaddrmsg, NewaddrNtf, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
};
use netloom_wire::{Errno, Group};

use super::carriers::Carriers;
use super::{families, groups, is_refused_with};
use crate::client::{Event, Fence, News, Objects, Refused, Watchable};
use crate::error::Error;
use crate::rtnetlink::AddressFamily;

/// The addresses of interfaces.
///
/// ```no_run
/// use netloom::rtnetlink::watched::AddressKey;
/// use netloom::{Connection, rtnetlink::Addresses};
/// let mut addresses = Connection::open()?.watch(Addresses::all())?;
/// while !addresses.is_synced() {
///     addresses.next().transpose()?;
/// }
/// for address in addresses.range(AddressKey::interface(1)) {
///     println!("{:?}/{}", address.local.or(address.address), address.header.ifa_prefixlen);
/// }
/// # Ok::<(), netloom::Error>(())
/// ```
#[derive(Debug)]
pub struct Addresses {
    families: Vec<AddressFamily>,
    carriers: Carriers,
}

/// What makes an address another one.
// net/ipv4/devinet.c: __inet_insert_ifa; net/ipv6/addrconf.c: ipv6_add_addr_hash
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressKey {
    /// The index of the interface.
    pub interface: u32,
    /// Our address.
    pub local: IpAddr,
    /// The length of the prefix, in bits.
    pub len: u8,
    /// Where there is one other end: its address; else our own.
    pub address: IpAddr,
}

impl AddressKey {
    /// All keys of this interface, for [`Objects::range`].
    pub fn interface(index: u32) -> std::ops::RangeInclusive<Self> {
        let (low, high): (IpAddr, IpAddr) = ([0; 4].into(), [0xff; 16].into());
        let key = |address, len| Self { interface: index, local: address, len, address };
        key(low, 0)..=key(high, u8::MAX)
    }
}

/// What addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressPart {
    /// Those of a family.
    Family(AddressFamily),
    /// Those of a family on the interface of this index.
    On(AddressFamily, u32),
}

impl Addresses {
    /// IPv4 and IPv6.
    pub fn all() -> Self {
        Self::of(AddressFamily::UNSPEC)
    }

    /// Those of IPv4 or of IPv6; of another family none are kept true.
    pub fn of(family: AddressFamily) -> Self {
        Self { families: families(family), carriers: Carriers::default() }
    }

    fn has_v6(&self) -> bool {
        self.families.contains(&AddressFamily::INET6)
    }
}

impl Watchable for Addresses {
    type Op = Getaddr;
    type Object = Address;
    type Key = AddressKey;
    type Part = AddressPart;

    const FENCE: Fence = Fence::Rtnl;

    fn op(&self) -> Getaddr {
        Getaddr
    }

    fn groups(&self) -> Vec<Group> {
        let told = [(AddressFamily::INET, RTNLGRP_IPV4_IFADDR), (AddressFamily::INET6, RTNLGRP_IPV6_IFADDR)];
        groups(&self.families, told, self.has_v6())
    }

    fn parts(&self) -> Vec<AddressPart> {
        self.families.iter().copied().map(AddressPart::Family).collect()
    }

    fn request(&self, part: &AddressPart) -> Address {
        let (family, ifa_index) = match *part {
            AddressPart::Family(family) => (family, 0),
            AddressPart::On(family, index) => (family, index),
        };
        Address::new().header(Ifaddrmsg { ifa_family: family.0, ifa_index, ..Ifaddrmsg::default() })
    }

    fn covers(&self, part: &AddressPart, address: &Address) -> bool {
        let header = &address.header;
        match *part {
            AddressPart::Family(family) => header.ifa_family == family.0,
            AddressPart::On(family, index) => header.ifa_family == family.0 && header.ifa_index == index,
        }
    }

    fn refused(&self, part: &AddressPart, error: &Error) -> Refused<AddressPart> {
        let away = matches!(part, AddressPart::On(..)) && is_refused_with(error, Errno::ENODEV);
        if away { Refused::Empty } else { Refused::Failed }
    }

    fn keep(&self, address: Address) -> Option<Address> {
        let mut address = address;
        let flags = address.flags.unwrap_or(AddressFlags(address.header.ifa_flags.0));
        let checked = flags.contains(AddressFlags::OPTIMISTIC) || flags.contains(AddressFlags::DADFAILED);
        let v6 = address.header.ifa_family == AddressFamily::INET6.0;
        if !self.families.contains(&AddressFamily(address.header.ifa_family))
            || v6 && flags.contains(AddressFlags::TENTATIVE) && !checked
        {
            return None;
        }
        // Lifetimes that end count down, and routers' messages renew them, in silence.
        if address.cacheinfo.is_some_and(|times| times.ifa_valid != u32::MAX || times.ifa_prefered != u32::MAX) {
            address.cacheinfo = None;
        }
        Some(address)
    }

    fn key(&self, address: &Address) -> AddressKey {
        let (local, other) = (address.local.or(address.address), address.address.or(address.local));
        let none = IpAddr::from([0; 4]);
        AddressKey {
            interface: address.header.ifa_index,
            local: local.unwrap_or(none),
            len: address.header.ifa_prefixlen,
            address: other.unwrap_or(none),
        }
    }

    fn hear(&mut self, event: &Event, _: &Objects<Self>, news: &mut Vec<News<Self>>) {
        if let Some(address) = event.get(NewaddrNtf) {
            let gone = address.clone();
            // One that is checked again is not there for as long.
            news.push(self.keep(address).map_or(News::Gone(gone), News::There));
        } else if let Some(address) = event.get(DeladdrNtf) {
            news.push(News::Gone(address));
        } else if let Some(index) = self.carriers.hear(event)
            && self.has_v6()
        {
            news.push(News::Look(AddressPart::On(AddressFamily::INET6, index)));
        }
    }

    fn plan(&mut self, parts: Vec<AddressPart>, known: &Objects<Self>, news: &mut Vec<News<Self>>) -> Vec<AddressPart> {
        const FEW: usize = 8;
        let on = |part: &AddressPart| if let AddressPart::On(_, index) = *part { Some(index) } else { None };
        let gone = self.carriers.take_gone(|index| parts.iter().any(|part| on(part) == Some(index)));
        for index in &gone {
            news.extend(known.range(AddressKey::interface(*index)).cloned().map(News::Lost));
        }
        let parts: Vec<_> =
            parts.into_iter().filter(|part| on(part).is_none_or(|index| !gone.contains(&index))).collect();
        if parts.len() > FEW { vec![AddressPart::Family(AddressFamily::INET6)] } else { parts }
    }

    fn forget(&mut self) {
        self.carriers.forget();
    }
}
