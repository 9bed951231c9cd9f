//! Which interfaces are WireGuard's.

use netloom_families::rt_link::{Getlink, Link, LinkInfo};
use netloom_families::wireguard::Wireguard;
use netloom_wire::Family;

use crate::client::Dump;
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
pub fn interfaces(nl: &Connection) -> Result<Interfaces> {
    Ok(Interfaces { links: nl.dump(Getlink, &Link::new())? })
}

/// The names that [`interfaces`] finds.
///
/// If links came or went meanwhile, the last item is an error that
/// [`is_interrupted`](crate::Error::is_interrupted): names may be missing.
#[derive(Debug)]
pub struct Interfaces {
    links: Dump<Getlink>,
}

impl Iterator for Interfaces {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        loop {
            let attrs = match self.links.next_ref()? {
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
