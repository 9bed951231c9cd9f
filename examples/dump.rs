//! A dump: the network interfaces of this machine, each read where it lies in the receive buffer.
//!
//!     cargo run --example dump

use std::io::{self, Write};

use netloom::families::rt_link::{Getlink, Link, LinkAttr};
use netloom::prelude::*;

fn main() -> io::Result<()> {
    list(&Connection::open()?, &mut io::stdout())
}

/// Writes a line for each interface.
pub fn list(nl: &Connection, out: &mut impl Write) -> io::Result<()> {
    let mut links = nl.dump(Getlink, &Link::new())?;
    while let Some(link) = links.next_ref() {
        // If an interface came or went meanwhile, the last item is an error that says so.
        let link = link?;
        let (mut name, mut mtu) = ("?", 0);
        // One pass over the attributes; nothing is copied.
        for attr in link.attrs() {
            match attr {
                LinkAttr::Ifname(value) => name = value,
                LinkAttr::Mtu(value) => mtu = value,
                _ => {}
            }
        }
        let header = link.header();
        writeln!(out, "{}: {name} mtu {mtu} {:?}", header.ifi_index, header.ifi_flags)?;
    }
    Ok(())
}
