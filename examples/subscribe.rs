//! Events: network interfaces as they come, change and go, without a gap between what is there and what happens.
//!
//!     cargo run --example subscribe        # for ever
//!     cargo run --example subscribe -- 3   # until three events have come

use std::io::{self, Write};

use netloom::families::rt_link::{DellinkNtf, Getlink, Link, LinkFlags, NewlinkNtf, RTNLGRP_LINK};
use netloom::prelude::*;

fn main() -> io::Result<()> {
    let events = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(usize::MAX);
    watch(&Connection::open()?, events, &mut io::stdout())
}

/// Writes the interfaces there are, then so many events.
pub fn watch(nl: &Connection, events: usize, out: &mut impl Write) -> io::Result<()> {
    // First hear, then look: what changes in between is heard.
    let heard = nl.subscribe(&[RTNLGRP_LINK])?;
    show(nl, out)?;
    for event in heard.take(events) {
        match event {
            Ok(event) => {
                if let Some(link) = event.get(NewlinkNtf) {
                    line("+", &link, out)?;
                } else if let Some(link) = event.get(DellinkNtf) {
                    line("-", &link, out)?;
                }
            }
            // Events were lost: what is known is out of date, so look again. The stream goes on.
            Err(error) if error.is_overrun() => {
                writeln!(out, "overrun, looking again")?;
                show(nl, out)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn show(nl: &Connection, out: &mut impl Write) -> io::Result<()> {
    nl.dump(Getlink, &Link::new())?.consistent(10)?.whole()?.iter().try_for_each(|link| line(" ", link, out))
}

fn line(mark: &str, link: &Link, out: &mut impl Write) -> io::Result<()> {
    let name = link.ifname.as_deref().unwrap_or("?");
    let state = if link.header.ifi_flags.contains(LinkFlags::UP) { "up" } else { "down" };
    writeln!(out, "{mark} {name} index {} {state}", link.header.ifi_index)?;
    out.flush()
}
