//! Ids of other network namespaces: by them, events tell which one they come from ([`Event::nsid`]).
//!
//! An id belongs to the namespace of the connection, and is given once for all: to whatever is asked there it means the
//! same, until the namespace that has it is gone.
//!
//! [`Event::nsid`]: crate::client::Event::nsid

use std::os::fd::AsRawFd;

use netloom_families::rt_nsid::{Getnsid, Newnsid, Nsid};
use netloom_wire::{Errno, Flags};

use super::list;
use crate::Netns;
use crate::client::Caller;

/// Stands for no id.
// include/uapi/linux/net_namespace.h: NETNSA_NSID_NOT_ASSIGNED
const NONE: i32 = -1;

/// The id of a namespace; `None` if it has none here.
///
/// # Errors
///
/// Those of [`Netns::open`].
#[doc(alias = "ip netns list-id")]
#[doc(alias = "RTM_GETNSID")]
pub fn of<C: Caller>(nl: &C, netns: impl Into<Netns>) -> C::Answer<'_, Option<i32>> {
    let netns = netns.into();
    C::answer(async move {
        // Open until the answer has come.
        let namespace = netns.open()?;
        let told = nl.call(Getnsid, &meant(&namespace)).await?;
        Ok(told.nsid.filter(|id| *id != NONE))
    })
}

/// Gives a namespace an id; the kernel can choose a free one: [`ensure`].
///
/// # Errors
///
/// EEXIST if it has one, or the id is another's; EPERM without CAP_NET_ADMIN; those of [`Netns::open`].
#[doc(alias = "ip netns set")]
#[doc(alias = "RTM_NEWNSID")]
pub fn assign<C: Caller>(nl: &C, netns: impl Into<Netns>, id: i32) -> C::Answer<'_, ()> {
    let netns = netns.into();
    C::answer(async move {
        let namespace = netns.open()?;
        nl.send(Newnsid, &meant(&namespace).nsid(id), Flags::NONE).await
    })
}

/// The id of a namespace, which the kernel chooses if it has none yet.
///
/// # Errors
///
/// EPERM without CAP_NET_ADMIN; those of [`Netns::open`].
pub fn ensure<C: Caller>(nl: &C, netns: impl Into<Netns>) -> C::Answer<'_, i32> {
    let netns = netns.into();
    C::answer(async move {
        match C::wait(assign(nl, netns.clone(), NONE)).await {
            Err(error) if error.is_refused() && error.errno() == Some(Errno::EEXIST) => {}
            done => done?,
        }
        let id = C::wait(of(nl, netns)).await?;
        id.ok_or_else(|| crate::Error::new("rt-nsid getnsid", crate::error::Cause::NoReply))
    })
}

/// All ids that namespaces have here.
///
/// # Errors
///
/// What the kernel refuses.
pub fn all<C: Caller>(nl: &C) -> C::Answer<'_, Vec<i32>> {
    C::answer(async move {
        let told = list(nl, Getnsid, &Nsid::new()).await?;
        Ok(told.into_iter().filter_map(|told| told.nsid).collect())
    })
}

fn meant(namespace: &impl AsRawFd) -> Nsid {
    Nsid::new().fd(u32::try_from(namespace.as_raw_fd()).unwrap_or(u32::MAX))
}
