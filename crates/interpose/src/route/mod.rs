//! NETLINK_ROUTE of two kernels as one: Linux answers, and the links of our kernel side are among its own.

mod merged;
mod request;

use std::fmt;
use std::sync::Arc;

use netloom::socket::{Endpoint, Socket};
use netloom::{Errno, Protocol};

use crate::client::Client;
use crate::side::Side;
use crate::sys;
use merged::MergedRoute;

/// Indices of our links start here: Linux gives its own out from 1 on. A kernel side that is merged has to be made so:
/// see [`Builder::first_link`](netloom::kernel::Builder::first_link).
pub const FIRST_LINK: u32 = 1 << 30;

/// A kernel side whose links stand beside Linux's. Programs see both in dumps and events, those of ours can be made, changed
/// and removed, and everything else of NETLINK_ROUTE is between the program and Linux, with the program's own rights.
///
/// In another network namespace than this process's there is Linux alone.
pub struct Merged<S> {
    side: S,
    isolated: bool,
}

impl<S: Side> Merged<S> {
    /// The links of this kernel side and those of Linux.
    pub fn new(side: S) -> Self {
        Self { side, isolated: false }
    }

    /// Without the links of Linux: programs see ours alone, and whatever else Linux has.
    pub fn isolated(mut self) -> Self {
        self.isolated = true;
        self
    }
}

impl<S: Side> Side for Merged<S> {
    fn open(&self, protocol: Protocol, client: &Client) -> Result<Option<Arc<dyn Endpoint>>, Errno> {
        if protocol != Protocol::ROUTE {
            return self.side.open(protocol, client);
        }
        if Client::of(std::process::id())?.network != client.network {
            return Ok(None);
        }
        let Some(ours) = self.side.open(protocol, client)? else { return Ok(None) };
        let Some(ours_asked) = self.side.open(protocol, client)? else { return Ok(None) };
        let open = || Ok::<_, netloom::Error>([Socket::open(protocol)?, Socket::open(protocol)?]);
        let [linux, linux_asked] =
            sys::as_client(client, open)?.map_err(|error| error.errno().unwrap_or(Errno::EIO))?;
        let (linux, linux_asked) = (linux.endpoint().clone(), linux_asked.endpoint().clone());
        let merged = MergedRoute::new(client.process, self.isolated, [ours, ours_asked], [linux, linux_asked])?;
        Ok(Some(Arc::new(merged)))
    }
}

impl<S: Side> fmt::Debug for Merged<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} the links of Linux", self.side, if self.isolated { "without" } else { "with" })
    }
}
