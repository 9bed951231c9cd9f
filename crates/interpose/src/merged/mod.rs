//! Protocols of two kernels as one: Linux answers, and what our kernel side has is among its own.

mod datagram;
mod families;
mod generic;
mod link_request;
mod links;
mod pair;
#[cfg(test)]
mod tests;
mod uevents;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use netloom::socket::Endpoint;
use netloom::{Errno, Protocol};

use self::families::Families;
use self::generic::Generic;
use self::links::Links;
use self::pair::{Pair, Whose};
use self::uevents::Uevents;
use crate::client::Client;
use crate::linux;
use crate::side::Side;

/// Indices of our links start here: Linux gives its own out from 1 on. A kernel side that is merged has to be made so:
/// see [`Builder::first_link`](netloom::kernel::Builder::first_link).
pub const FIRST_LINK: u32 = 1 << 30;

/// Ids of our families of generic netlink start here, 128 up to the last there is. Linux gives its own out in turn from 19
/// on, so that 877 have to be registered, over all modules that come and go while it runs, before one meets ours. A kernel
/// side that is merged has to be made so: see [`Builder::first_family`](netloom::kernel::Builder::first_family).
pub const FIRST_FAMILY: u16 = 896;

/// Groups of our families have numbers from here on: Linux gives the lowest free ones out, and would need a thousand at
/// once. A kernel side that is merged has to be made so: see
/// [`Builder::first_group`](netloom::kernel::Builder::first_group).
pub const FIRST_GROUP: u32 = 1024;

/// A kernel side whose links stand beside Linux's. Programs see both in dumps and events (also as devices, in uevents, if the
/// kernel side has that protocol), those of ours can be made, changed and removed, and everything else of NETLINK_ROUTE is between the program and Linux, with the program's own rights.
///
/// In another network namespace than this process's there is Linux alone.
pub struct Merged<S> {
    side: S,
    isolated: bool,
    /// The families of generic netlink that are ours, if not all are.
    only: Option<BTreeSet<String>>,
    /// What is known of them, once a program has asked.
    families: Mutex<Option<Arc<Families>>>,
}

impl<S: Side> Merged<S> {
    /// The links of this kernel side and those of Linux.
    pub fn new(side: S) -> Self {
        Self { side, isolated: false, only: None, families: Mutex::default() }
    }

    /// Without the links of Linux: programs see ours alone, and whatever else Linux has.
    pub fn isolated(mut self) -> Self {
        self.isolated = true;
        self
    }

    /// Of generic netlink, the families of these names alone are ours, whatever else this kernel side has, and every other
    /// family is Linux's: programs find both on the same socket, and families of Linux's with these names not at all.
    /// Numbers have to be apart: [`FIRST_FAMILY`], [`FIRST_GROUP`].
    pub fn only(mut self, families: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = Some(families.into_iter().map(Into::into).collect());
        self
    }

    fn links(&self, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        let Some(ours) = self.side.open(Protocol::ROUTE, client)? else { return Ok(None) };
        let Some(ours_asked) = self.side.open(Protocol::ROUTE, client)? else { return Ok(None) };
        let [linux, linux_asked] = linux::open(Protocol::ROUTE, client)?;
        let rules = Links::new(self.isolated, ours_asked, linux_asked)?;
        Ok(Some(Arc::new(Pair::new(client.process, rules, ours, linux)?)))
    }

    fn generic(&self, only: &BTreeSet<String>, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        let Some(ours) = self.side.open(Protocol::GENERIC, client)? else { return Ok(None) };
        let families = self.families(only)?;
        let [linux] = linux::open(Protocol::GENERIC, client)?;
        Ok(Some(Arc::new(Pair::new(client.process, Generic(families), ours, linux)?)))
    }

    fn uevents(&self, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        let Some(ours) = self.side.open(Protocol::KOBJECT_UEVENT, client)? else { return Ok(None) };
        let [linux] = linux::open(Protocol::KOBJECT_UEVENT, client)?;
        Ok(Some(Arc::new(Pair::new(client.process, Uevents, ours, linux)?)))
    }

    /// What is known of our families: the same to all programs, since anybody may ask for it.
    fn families(&self, only: &BTreeSet<String>) -> Result<Arc<Families>, Errno> {
        let mut known = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(families) = &*known {
            return Ok(families.clone());
        }
        let own = Client::of(std::process::id())?;
        let ours = self.side.open(Protocol::GENERIC, &own)?.ok_or(Errno::EPROTONOSUPPORT)?;
        let [linux] = linux::open(Protocol::GENERIC, &own)?;
        Ok(known.insert(Arc::new(Families::new(only.clone(), ours, linux)?)).clone())
    }
}

impl<S: Side> Side for Merged<S> {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        let is_here = || Ok(Client::of(std::process::id())?.network == client.network);
        match (protocol, &self.only) {
            (Protocol::ROUTE, _) => {
                if is_here()? {
                    self.links(client)
                } else {
                    Ok(None)
                }
            }
            (Protocol::GENERIC, Some(only)) => {
                if is_here()? {
                    self.generic(only, client)
                } else {
                    Ok(None)
                }
            }
            (Protocol::KOBJECT_UEVENT, _) if !self.isolated => {
                if is_here()? {
                    self.uevents(client)
                } else {
                    Ok(None)
                }
            }
            _ => self.side.open(protocol, client),
        }
    }
}

impl<S: Side> fmt::Debug for Merged<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} the links of Linux", self.side, if self.isolated { "without" } else { "with" })?;
        self.only.as_ref().map_or(Ok(()), |only| write!(f, ", and all of its families but {only:?}"))
    }
}
