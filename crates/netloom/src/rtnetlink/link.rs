//! Interfaces.

#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;

use netloom_families::rt_link::{
    Dellink, Dellinkprop, Getlink, Ifinfomsg, Link, LinkFlags, LinkInfo, Newlink, Newlinkprop, PropList,
};
use netloom_wire::{Errno, FixedHeader, Flags, Header, IntoValue, OwnedChoice};

use super::{ADD, Interface, list, was_there};
#[cfg(target_os = "linux")]
use crate::Netns;
use crate::Result;
use crate::client::{Caller, Object};
use crate::error::{Cause, Error};

/// The longest name of an interface; longer ones are alternative names.
// include/uapi/linux/if.h: IFNAMSIZ
const LONGEST_NAME: usize = 15;

/// The interface of this index or name, alternative names included: one request.
///
/// ```
/// use netloom::{Connection, rtnetlink::link};
/// let lo = link::find(&Connection::open()?, "lo")?;
/// assert_eq!((lo.ifname.as_deref(), lo.header.ifi_index), (Some("lo"), 1));
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// ENODEV if there is none: [`is_not_found`](Error::is_not_found).
#[doc(alias = "rtnl_link_get_kernel")]
pub fn find<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, Link> {
    let interface = interface.into();
    C::answer(async move { nl.call(Getlink, &meant(interface)?).await.map_err(|error| error.regarding(interface)) })
}

/// The index of the interface of this name: what other families name it by.
///
/// # Errors
///
/// ENODEV if there is none.
#[doc(alias = "if_nametoindex")]
pub fn index<'a, C: Caller>(nl: &'a C, name: &'a str) -> C::Answer<'a, u32> {
    Interface::Name(name).index(nl)
}

/// All interfaces.
///
/// # Errors
///
/// What the kernel refuses; [`is_interrupted`](Error::is_interrupted) if the interfaces keep changing.
pub fn all<C: Caller>(nl: &C) -> C::Answer<'_, Vec<Link>> {
    C::answer(async move { list(nl, Getlink, &Link::new()).await })
}

/// The interfaces of one kind, such as `bridge`; the kernel leaves the others out.
///
/// # Errors
///
/// As of [`all`].
pub fn of_kind<'a, C: Caller>(nl: &'a C, kind: &'a str) -> C::Answer<'a, Vec<Link>> {
    C::answer(async move {
        let mut links = list(nl, Getlink, &Link::new().linkinfo(LinkInfo::new().kind(kind))).await?;
        // A kernel that has never heard of the kind filters nothing.
        links.retain(|link| self::kind(link) == Some(kind));
        Ok(links)
    })
}

/// The members of a bridge, bond or VRF; the kernel leaves the others out. Of 0, those that are nobody's.
///
/// # Errors
///
/// ENODEV if there is no master of this name; as of [`all`].
pub fn members<'a, C: Caller>(nl: &'a C, master: impl Into<Interface<'a>>) -> C::Answer<'a, Vec<Link>> {
    let master = master.into();
    C::answer(async move {
        let master = master.resolve(nl).await?;
        let mut links = list(nl, Getlink, &Link::new().master(master)).await?;
        // net/core/rtnetlink.c: link_master_filtered leaves nothing out for 0
        links.retain(|link| link.master.unwrap_or_default() == master);
        Ok(links)
    })
}

/// The kind of an interface: `bridge`, `veth` …, also if only its options say so; `None` for hardware and the loopback
/// interface.
#[doc(alias = "rtnl_link_get_type")]
pub fn kind(link: &Link) -> Option<&str> {
    let info = link.linkinfo.as_ref()?;
    info.kind.as_deref().or_else(|| info.data.as_deref()?.selects())
}

/// Whether an interface is administratively up.
pub fn is_up(link: &Link) -> bool {
    link.header.ifi_flags.contains(LinkFlags::UP)
}

/// A new interface of this name and kind, for [`add`].
pub fn new(name: &str, kind: &str) -> Link {
    Link::new().ifname(name).linkinfo(LinkInfo::new().kind(kind))
}

/// Makes an interface, and returns its index.
///
/// A name like `br%d` has the kernel choose the number. What is made in another namespace (`net_ns_fd`, `net_ns_pid`, or
/// `target_netnsid` with such a name) has its index there, which nobody tells here: then it is 0.
///
/// ```no_run
/// use netloom::{Connection, rtnetlink::link};
/// let nl = Connection::open()?;
/// let bridge = link::add(&nl, &link::new("br0", "bridge").mtu(1400))?;
/// link::set_master(&nl, "eth1", bridge)?;
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// EEXIST if there is one of this name; EOPNOTSUPP if the kernel does not have its kind; EPERM without CAP_NET_ADMIN. Before
/// Linux 6.2, which number the kernel chose is not told: it is made, and the error says that.
#[doc(alias = "rtnl_link_add")]
pub fn add<'a, C: Caller>(nl: &'a C, link: &'a Link) -> C::Answer<'a, u32> {
    C::answer(async move {
        let Some(name) = &link.ifname else {
            let instead = "a new interface needs a name: Link::ifname";
            return Err(Error::new("rt-link newlink", Cause::Usage(instead)));
        };
        whole(name)?;
        let (asked, chosen) = (Interface::Name(name), name.contains('%'));
        if chosen && !is_out_of_sight(link) && link.target_netnsid.is_none() {
            let told = |told: Object<'_, _>| Ifinfomsg::read_some(told.bytes().get(Header::LEN..).unwrap_or_default());
            let made = nl.lend(Newlink, link, ADD | Flags::ECHO, told).await;
            return made.map(|header| unsigned(header.ifi_index)).map_err(|error| error.regarding(asked));
        }
        nl.send(Newlink, link, ADD).await.map_err(|error| error.regarding(asked))?;
        if chosen || is_out_of_sight(link) {
            return Ok(0);
        }
        made(nl, link).await.map(|made| unsigned(made.header.ifi_index))
    })
}

/// Makes an interface unless there is one of its name and kind, and returns its index. One that is there stays as it is.
///
/// # Errors
///
/// EEXIST if there is one of its name but another kind, or of its name in another namespace (`net_ns_fd`, `net_ns_pid`), whose
/// kind nobody tells here; as of [`add`].
pub fn ensure<'a, C: Caller>(nl: &'a C, link: &'a Link) -> C::Answer<'a, u32> {
    C::answer(async move {
        match C::wait(add(nl, link)).await {
            Err(error) if error.errno() == Some(Errno::EEXIST) && !is_out_of_sight(link) => {
                let there = made(nl, link).await?;
                if kind(&there) == kind(link) { Ok(unsigned(there.header.ifi_index)) } else { Err(error) }
            }
            done => done,
        }
    })
}

/// Removes an interface; false if there was none.
///
/// # Errors
///
/// EOPNOTSUPP if it is hardware; EPERM without CAP_NET_ADMIN.
#[doc(alias = "rtnl_link_delete")]
pub fn delete<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, bool> {
    let interface = interface.into();
    C::answer(async move {
        let done = nl.call(Dellink, &meant(interface)?).await;
        was_there(done, &[Errno::ENODEV]).map_err(|error| error.regarding(interface))
    })
}

/// Changes an interface as `change` says; what it leaves out stays. Settings of its kind go into `linkinfo`, with the
/// kind.
///
/// # Errors
///
/// ENODEV if there is none; EPERM without CAP_NET_ADMIN; what is wrong with the change, with the attribute's path.
#[doc(alias = "rtnl_link_change")]
pub fn change<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>, change: Link) -> C::Answer<'a, ()> {
    let interface = interface.into();
    C::answer(async move {
        let change = match interface {
            // A name beside an index renames; alone it says which.
            Interface::Name(name) if change.ifname.is_none() && name.len() <= LONGEST_NAME => {
                change.ifname(whole(name)?)
            }
            Interface::Index(0) => {
                return Err(Error::new(
                    "rt-link newlink interface 0",
                    Cause::Usage("there is none: indices count from 1"),
                ));
            }
            _ => {
                if let Some(name) = &change.ifname {
                    whole(name)?;
                }
                let ifi_index = signed(interface.resolve(nl).await?);
                let header = Ifinfomsg { ifi_index, ..change.header };
                change.header(header)
            }
        };
        nl.call(Newlink, &change).await.map_err(|error| error.regarding(interface))
    })
}

/// Sets an interface up; no error if it is.
///
/// # Errors
///
/// As of [`change`].
pub fn up<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, ()> {
    set_flags(nl, interface, LinkFlags::UP, LinkFlags::UP)
}

/// Sets an interface down; no error if it is.
///
/// # Errors
///
/// As of [`change`].
pub fn down<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>) -> C::Answer<'a, ()> {
    set_flags(nl, interface, LinkFlags::default(), LinkFlags::UP)
}

/// Sets those flags of an interface that are in `mask` to what they are in `flags`.
///
/// # Errors
///
/// As of [`change`].
pub fn set_flags<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    flags: LinkFlags,
    mask: LinkFlags,
) -> C::Answer<'a, ()> {
    let header = Ifinfomsg { ifi_flags: flags, ifi_change: mask.0, ..Ifinfomsg::default() };
    change(nl, interface, Link::new().header(header))
}

/// Gives an interface another name. Linux before 6.2 wants it down for that: EBUSY.
///
/// # Errors
///
/// EEXIST if another has the name; as of [`change`].
pub fn rename<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>, name: &str) -> C::Answer<'a, ()> {
    change(nl, interface, Link::new().ifname(name))
}

/// Gives an interface an alternative name, of up to 127 bytes: another one by which it is found (Linux 5.5).
///
/// # Errors
///
/// EEXIST if an interface has the name; ENODEV if there is no such interface; EPERM without CAP_NET_ADMIN.
#[doc(alias = "ip link property add altname")]
pub fn add_name<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>, name: &str) -> C::Answer<'a, ()> {
    let (interface, named) = (interface.into(), one_name(name));
    C::answer(async move {
        let named = named?;
        let done = nl.send(Newlinkprop, &meant(interface)?.prop_list(named), ADD).await;
        done.map_err(|error| error.regarding(interface))
    })
}

/// Takes an alternative name from an interface; false if it has none such.
///
/// # Errors
///
/// EINVAL if it is the interface's first name; ENODEV if there is no such interface; EPERM without CAP_NET_ADMIN.
#[doc(alias = "ip link property del altname")]
pub fn delete_name<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>, name: &str) -> C::Answer<'a, bool> {
    let (interface, named) = (interface.into(), one_name(name));
    C::answer(async move {
        let named = named?;
        let done = nl.call(Dellinkprop, &meant(interface)?.prop_list(named)).await;
        was_there(done, &[Errno::ENOENT]).map_err(|error| error.regarding(interface))
    })
}

/// Sets the largest packet, in bytes.
///
/// # Errors
///
/// EINVAL if it is less or more than the interface can (`min_mtu`, `max_mtu`); as of [`change`].
pub fn set_mtu<'a, C: Caller>(nl: &'a C, interface: impl Into<Interface<'a>>, mtu: u32) -> C::Answer<'a, ()> {
    change(nl, interface, Link::new().mtu(mtu))
}

/// Sets the hardware address.
///
/// # Errors
///
/// EINVAL if it is none for this interface; as of [`change`].
pub fn set_address<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    address: impl IntoValue<Vec<u8>>,
) -> C::Answer<'a, ()> {
    change(nl, interface, Link::new().address(address))
}

/// Makes an interface a member of a bridge, bond or VRF; 0 makes it nobody's.
///
/// # Errors
///
/// ENODEV if there is no such interface; as of [`change`].
#[doc(alias = "rtnl_link_enslave")]
#[doc(alias = "rtnl_link_release")]
pub fn set_master<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    master: impl Into<Interface<'a>>,
) -> C::Answer<'a, ()> {
    let (interface, master) = (interface.into(), master.into());
    C::answer(async move { C::wait(change(nl, interface, Link::new().master(master.resolve(nl).await?))).await })
}

/// Moves an interface to another network namespace, where it is down and without addresses.
///
/// ```no_run
/// use netloom::{Connection, Netns, rtnetlink::link};
/// link::set_namespace(&Connection::open()?, "veth1", Netns::named("blue"))?;
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`Netns::open`]; EINVAL if the interface must stay; EEXIST if its name is taken there; as of [`change`].
#[doc(alias = "IFLA_NET_NS_FD")]
#[cfg(target_os = "linux")]
pub fn set_namespace<'a, C: Caller>(
    nl: &'a C,
    interface: impl Into<Interface<'a>>,
    netns: impl Into<Netns>,
) -> C::Answer<'a, ()> {
    let (interface, netns) = (interface.into(), netns.into());
    C::answer(async move {
        // Open until the answer has come.
        let namespace = netns.open()?;
        let fd = u32::try_from(namespace.as_raw_fd()).unwrap_or(u32::MAX);
        C::wait(change(nl, interface, Link::new().net_ns_fd(fd))).await
    })
}

/// Whether it is made where only its own namespace's sockets see it.
fn is_out_of_sight(link: &Link) -> bool {
    link.net_ns_fd.is_some() || link.net_ns_pid.is_some()
}

/// What is there under the name of an interface that was to be made, in the namespace that it was to be made in.
async fn made<C: Caller>(nl: &C, link: &Link) -> Result<Link> {
    let name = Interface::Name(link.ifname.as_deref().unwrap_or_default());
    let mut asked = meant(name)?;
    asked.target_netnsid = link.target_netnsid;
    nl.call(Getlink, &asked).await.map_err(|error| error.regarding(name))
}

/// A request that names an interface.
fn meant(interface: Interface<'_>) -> Result<Link> {
    Ok(match interface {
        Interface::Index(index) => Link::new().header(Ifinfomsg { ifi_index: signed(index), ..Ifinfomsg::default() }),
        // net/core/rtnetlink.c: rtnl_dev_get looks among all names, whichever attribute has it
        Interface::Name(name) if name.len() <= LONGEST_NAME => Link::new().ifname(whole(name)?),
        Interface::Name(name) => Link::new().alt_ifname(whole(name)?),
    })
}

/// A list of this alternative name alone.
fn one_name(name: &str) -> Result<PropList> {
    Ok(PropList::new().alt_ifname([whole(name)?.to_owned()]))
}

/// A name that the kernel takes as it is: at a NUL it would end, and mean another interface.
fn whole(name: &str) -> Result<&str> {
    if name.contains('\0') {
        let what = format!("{name:?} is no name of an interface: it holds a NUL");
        return Err(Error::new("", Cause::Argument(what, Errno::EINVAL)));
    }
    Ok(name)
}

/// An index as ifinfomsg has it. No index is negative: one that is too big is one that nobody has.
fn signed(index: u32) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// The index that ifinfomsg has.
fn unsigned(index: i32) -> u32 {
    u32::try_from(index).unwrap_or_default()
}
