//! Which interfaces are WireGuard's.

use std::fmt;

use netloom_families::rt_link::{Getlink, Link, LinkInfo};
use netloom_families::wireguard::Wireguard;
use netloom_wire::Family;

#[cfg(any(feature = "tokio", feature = "async-io"))]
use crate::client::asynchronous::{self, Runtime};
use crate::client::{Caller, Dump};
use crate::{Connection, Result};

/// The names of all WireGuard interfaces in the connection's network namespace, from a dump of its links.
///
/// ```
/// use netloom::{Connection, wireguard};
/// let names: Vec<String> = wireguard::interfaces(&Connection::open()?)?.collect::<Result<_, _>>()?;
/// assert!(!names.contains(&"lo".to_owned()));
/// # Ok::<(), netloom::Error>(())
/// ```
///
/// # Errors
///
/// What the kernel side refuses. What fails later is the last item.
pub fn interfaces<C: Caller>(nl: &C) -> C::Answer<'_, Interfaces<C>> {
    C::answer(async move { Ok(Interfaces { links: Dump::start(nl, &Link::new()).await? }) })
}

/// The names that [`interfaces`] finds: an iterator over a connection that blocks, with an asynchronous `next` in a task.
///
/// If links came or went meanwhile, the last item is an error that
/// [`is_interrupted`](crate::Error::is_interrupted): names may be missing.
pub struct Interfaces<C: Caller = Connection> {
    links: Dump<Getlink, C>,
}

impl Iterator for Interfaces {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        Connection::answer(async { self.found().await.transpose() }).transpose()
    }
}

impl<C: Caller> fmt::Debug for Interfaces<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interfaces({:?})", self.links)
    }
}

#[cfg(any(feature = "tokio", feature = "async-io"))]
impl<R: Runtime> Interfaces<asynchronous::Connection<R>> {
    /// The next name; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<String>> {
        self.found().await
    }
}

impl<C: Caller> Interfaces<C> {
    async fn found(&mut self) -> Option<Result<String>> {
        loop {
            let attrs = match self.links.object().await? {
                Ok(link) => link.attrs(),
                Err(error) => return Some(Err(error)),
            };
            let kind = attrs.get(Link::LINKINFO).and_then(|info| info.get(LinkInfo::KIND));
            if kind == Some(Wireguard::NAME)
                && let Some(name) = attrs.get(Link::IFNAME)
            {
                return Some(Ok(name.to_owned()));
            }
        }
    }
}
