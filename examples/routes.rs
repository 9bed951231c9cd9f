//! The addresses and routes of a network namespace, by default its own.
//!
//!     cargo run --example routes
//!     cargo run --example routes -- NAME

use std::collections::BTreeMap;
use std::io::{self, Write};

use netloom::Netns;
use netloom::prelude::*;
use netloom::rtnetlink::{AddressFamily, Interface, addr, link, route};

fn main() -> io::Result<()> {
    let nl = match std::env::args_os().nth(1) {
        Some(name) => Connection::builder().netns(Netns::named(name)).open()?,
        None => Connection::open()?,
    };
    tell(&nl, &mut io::stdout())
}

/// Writes a line for each interface, then one for each route of the main tables.
pub fn tell(nl: &Connection, out: &mut impl Write) -> io::Result<()> {
    let mut names = BTreeMap::new();
    for link in link::all(nl)? {
        names.insert(Interface::from(&link).index(nl)?, link.ifname.unwrap_or_default());
    }
    let addresses = addr::all(nl, AddressFamily::UNSPEC)?;
    for (index, name) in &names {
        let own = addresses.iter().filter(|address| address.header.ifa_index == *index);
        let own: Vec<_> = own.filter_map(addr::prefix).map(|prefix| prefix.to_string()).collect();
        writeln!(out, "{name}: {}", own.join(" "))?;
    }
    let name = |index: u32| names.get(&index).map_or("?", String::as_str);
    for family in [AddressFamily::INET, AddressFamily::INET6] {
        for found in route::table(nl, family, route::TABLE_MAIN)? {
            let Some(prefix) = route::prefix(&found) else { continue };
            write!(out, "{:?} {prefix}", found.header.rtm_type)?;
            // A route has one next hop, or several behind each other.
            let one = found.oif.map(|oif| (found.gateway.or(found.via), oif));
            let more = found.multipath.iter().map(|hop| (hop.gateway.or(hop.via), hop.header.rtnh_ifindex as u32));
            for (gateway, oif) in one.into_iter().chain(more) {
                let via = gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
                write!(out, "{via} dev {}", name(oif))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}
